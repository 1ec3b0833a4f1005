/*
 * http_server.h — an HTTP/1.1 server with a strict policy (RFC 9110, RFC 9112; DESIGN §5). llhttp tokenizes.
 *
 * The policy, refused with 400 and the connection closed: header names that are not tokens, obs-fold, CR or bare LF inside
 * the head, control characters in header values, Host missing (HTTP/1.1) or twice, more than one Content-Length,
 * Content-Length together with Transfer-Encoding, Transfer-Encoding other than exactly "chunked", a target that is not
 * origin-form (or "*" for OPTIONS) or holds anything but visible ASCII without '#', chunks that are malformed or have long
 * extensions or trailers, a request that ends half-way. 431: head too long or too many fields. 414: target too long. 413:
 * body too large. 408: head or body too slow. 417: Expect other than 100-continue. 501: a method of too many characters.
 * 505: a version other than 1.0 and 1.1. 503: too many connections or bodies. Upgrade and trailers have no effect.
 *
 * One request of a connection is in the handler's hands at a time; pipelined ones wait and are answered in order. Every
 * answer, the server's own errors included, has Content-Length (not 204 and 304), Date, and the extra header lines of the
 * config. A client that has shut its sending side still gets its answers; a connection that ends with an answer is kept
 * for a moment, so that the client sees the answer and not a reset.
 *
 * Threads. With more than one, connections are read, held to the policy, timed and written by threads of the server's own,
 * each with a loop and its share of the connections. Complete requests come to the owner's loop, and answers go back, many
 * at a time; so the owner needs no locks: its events and all calls below are on its loop's thread, with one exception,
 * put_error_body. What waits on the way is bounded by the connections, which have one request under way each. The limits hold
 * for the server as a whole: connections exactly, the memory of bodies but for the piece that each thread is taking in; what
 * occ_http_server_unsent says includes answers on their way to their thread. One socket listens, and a new connection goes to the thread that has the fewest: see http_listen.c.
 */
#ifndef OCC_NET_HTTP_SERVER_H
#define OCC_NET_HTTP_SERVER_H

#include "base/buf.h"
#include "net/loop.h"

struct occ_http_server;
struct occ_http_request;

enum occ_http_method {
    OCC_HTTP_GET,
    OCC_HTTP_HEAD,
    OCC_HTTP_POST,
    OCC_HTTP_OPTIONS,
    OCC_HTTP_PUT,
    OCC_HTTP_DELETE,
    OCC_HTTP_PATCH,
    OCC_HTTP_OTHER
};

/* One finished exchange, for the access log and metrics. Views are valid during the call. */
struct occ_http_exchange {
    struct occ_bytes method, target; /* as received; empty if the head was never understood */
    struct occ_bytes peer;           /* "127.0.0.1:51234", or "unix" */
    unsigned status;                 /* of the answer; 0 = the client went away before one was sent */
    size_t request_len;              /* body bytes received */
    size_t response_len;             /* body bytes of the answer */
    uint64_t duration_us;            /* from the request's first byte to the answer's last handed to the kernel */
    void *note;                      /* what the handler attached with occ_http_set_note, or NULL */
};

struct occ_http_events {
    /*
     * The head is complete, the body not looked at yet: it may be here already, but is not shown. To refuse early, respond
     * here. Else return the largest body, in bytes, that this request may have (0 = none); a larger one is 413.
     */
    size_t (*on_head)(void *ctx, struct occ_http_request *request);
    /* The whole request is there. To be answered with occ_http_respond, now or later, exactly once, on the loop's thread. */
    void (*on_request)(void *ctx, struct occ_http_request *request);
    /*
     * An exchange is over: for each connection in the order of its requests. note is to be released here. May be NULL. With
     * threads an early answer is reported when the rest of its request has been got over with.
     */
    void (*on_done)(void *ctx, const struct occ_http_exchange *exchange);
    /*
     * Puts the body of an error that the server itself answers, for example {"error":"…"}, and its Content-Type is JSON. With
     * threads it is called on any of them, several at a time: it uses nothing that changes.
     */
    void (*put_error_body)(void *ctx, unsigned status, const char *sentence, struct occ_buf *body);
    void *ctx;
};

/* Sizes in bytes, times in milliseconds; zero = the default in base/limits.h. */
struct occ_http_config {
    struct occ_http_events events;
    const char *extra_headers; /* header lines for every answer, each ending in CRLF; or NULL */
    size_t head_len_max /* at most 65,535 */, body_len_total_max;
    unsigned connections_max;
    unsigned threads; /* 0 and 1: all on the loop's thread; up to OCC_LIMIT_HTTP_THREADS */
    /* write_ms: a client that does not take its answer; a long one has more (OCC_LIMIT_HTTP_WRITE_BYTES_PER_MS). */
    uint64_t head_ms, body_ms, idle_ms, write_ms;
};

/*
 * Listens on "HOST:PORT" ("127.0.0.1:8080", "[::1]:8080", port 0 = any free one) or "unix:PATH" (mode 0660, a stale socket is
 * replaced). *err says what is wrong with the address.
 */
OCC_RESULT occ_http_server_new(struct occ_loop *loop, const char *listen, const struct occ_http_config *config,
                               struct occ_error *err, struct occ_http_server **ret_server);
/* Where it listens, with the real port: "127.0.0.1:8080". */
const char *occ_http_server_address(const struct occ_http_server *server);
/*
 * Graceful stop: lets requests that have begun finish ("Connection: close"), those too that arrive within the next tenth of
 * a second, since they may have been on their way; then takes no more connections and closes idle ones; then calls stopped. After limit_ms what is left is cut off. A request that the handler has not answered by then is still
 * to be answered, also after occ_http_server_free: nothing is sent, on_done is called.
 */
void occ_http_server_stop(struct occ_http_server *server, uint64_t limit_ms, void (*stopped)(void *ctx), void *ctx);
/* After stopped was called. */
void occ_http_server_free(struct occ_http_server *server);
unsigned occ_http_server_threads(const struct occ_http_server *server);
unsigned occ_http_server_connections(const struct occ_http_server *server);
/*
 * Bytes of answers that clients have not taken yet. What makes large answers is to look here first: an answer that was
 * given cannot be taken back, and a client that reads nothing keeps it until write_ms is over.
 */
size_t occ_http_server_unsent(const struct occ_http_server *server);

/* ---- a request: views are valid until it is answered ---- */
enum occ_http_method occ_http_method(const struct occ_http_request *request);
struct occ_bytes occ_http_path(const struct occ_http_request *request);  /* the target before '?' */
struct occ_bytes occ_http_query(const struct occ_http_request *request); /* after '?', or empty */
/* The value of a header field, name in lower case, outer white space removed; false if it is absent. If it came more than
 * once *ret_count > 1 and the first is given. */
bool occ_http_header(const struct occ_http_request *request, const char *name, struct occ_bytes *ret_value,
                     unsigned *ret_count);
/* The value of that field at index 0, 1, … in the order in which they came; false behind the last. */
bool occ_http_header_at(const struct occ_http_request *request, const char *name, unsigned index,
                        struct occ_bytes *ret_value);
/* Does a body follow the head? One of no bytes in chunks counts. */
bool occ_http_has_body(const struct occ_http_request *request);
struct occ_bytes occ_http_body(const struct occ_http_request *request);
/* Who has read the body and answers later gives its memory back before; it is empty from then on. */
void occ_http_drop_body(struct occ_http_request *request);
struct occ_bytes occ_http_peer(const struct occ_http_request *request);
/* Something of the handler's, kept with the request and handed to on_done. */
void occ_http_set_note(struct occ_http_request *request, void *note);
void *occ_http_note(const struct occ_http_request *request);
/*
 * Answers. content_type: a constant, which is kept; NULL if there is no body. headers: lines ending in CRLF, or NULL; copied
 * if need be. body is moved (may be NULL). To HEAD the body's length is sent, not the body. The request is gone after this
 * call.
 */
void occ_http_respond(struct occ_http_request *request, unsigned status, const char *content_type, const char *headers,
                      struct occ_buf *body);

#endif
