/*
 * http_private.h — the inside of the HTTP server, shared by http_listen.c, http_connection.c, http_request.c and
 * http_response.c.
 *
 * A connection's phases, and what moves it on:
 *
 *   IDLE     no byte of a request yet                   a byte -> HEAD; end, deadline, stop -> closed
 *   HEAD     the head is arriving                       complete -> on_head -> BODY, DRAIN, HANDLER, WRITING or LINGER
 *   BODY     the body is arriving                       complete -> HANDLER
 *   HANDLER  the request is in the handler's hands      occ_http_respond -> WRITING, or on at once if the kernel took all
 *   DRAIN    answered early, a small body is arriving   complete -> WRITING or IDLE
 *   WRITING  an answer that the kernel has not all taken  taken -> IDLE or LINGER
 *   LINGER   the last answer is out, our side is shut   end, deadline, too many bytes -> closed
 *   CLOSED   the handle is closing; the memory goes with it
 *
 * A request that breaks a rule in HEAD or BODY, or is too slow there, is answered by the server and goes to LINGER.
 *
 * A request outlives its connection if the client goes while the handler has it; then request->connection is NULL.
 */
#ifndef OCC_NET_HTTP_PRIVATE_H
#define OCC_NET_HTTP_PRIVATE_H

#include "net/http_parse.h"
#include "net/http_server.h"
#include "net/loop_private.h"

enum { OCC_HTTP_PEER_SIZE = 64, OCC_HTTP_READ_LEN = 64 << 10 };

enum occ_http_phase {
    OCC_HTTP_IDLE,
    OCC_HTTP_IN_HEAD,
    OCC_HTTP_IN_BODY,
    OCC_HTTP_IN_HANDLER,
    OCC_HTTP_DRAIN,
    OCC_HTTP_WRITING,
    OCC_HTTP_LINGER,
    OCC_HTTP_CLOSED
};

union occ_http_handle {
    uv_handle_t any;
    uv_stream_t stream;
    uv_tcp_t tcp;
    uv_pipe_t pipe;
};

struct occ_http_connection {
    union occ_http_handle handle;
    struct occ_http_server *server;
    struct occ_http_connection *next, *previous; /* of all of the server */
    struct occ_http_request *request;            /* NULL in IDLE and LINGER */
    struct occ_loop_task go_on;                  /* parses what is in input */
    struct occ_buf input;                        /* bytes that came while no request could be taken */
    size_t input_at, input_charged;              /* how much of it is used; what it takes of the budget */
    uint64_t deadline_ms;                        /* on the loop's clock; 0 = none */
    size_t lingered_len;
    enum occ_http_phase phase;
    bool ended;       /* the client will send no more */
    bool last;        /* close after the current answer */
    bool paused;      /* not reading */
    bool turned_away; /* came over the limit of connections */
    bool advancing;   /* in http_connection.c's loop: it goes on by itself */
    char peer[OCC_HTTP_PEER_SIZE];
};

struct occ_http_request {
    struct occ_http_parse parse;
    struct occ_http_server *server;
    struct occ_http_connection *connection; /* NULL = the client has gone */
    void *note;
    uint64_t began_us;
    unsigned status;
    size_t response_len;
    bool answered; /* occ_http_respond was called */
    bool written;  /* and the kernel has taken the answer, or never will */
    bool reported; /* on_done was called */
    struct occ_http_request *next_spare;
    uv_write_t write;
    struct occ_buf rest; /* of an answer's head that the kernel did not take at once */
    struct occ_buf body; /* of an answer */
    char peer[OCC_HTTP_PEER_SIZE];
};

struct occ_http_server {
    struct occ_loop *loop;
    struct occ_http_config config; /* without zeros */
    char *extra_headers;
    char *unix_path; /* or NULL */
    uint64_t unix_device, unix_inode;
    struct occ_buf address; /* with a zero byte */
    union occ_http_handle listener;
    uv_timer_t sweep; /* looks at all deadlines; runs while there are connections */
    unsigned handles; /* of listener and sweep, not closed yet */
    uint64_t sweep_ms;
    struct occ_http_connection connections; /* head of the ring */
    unsigned connections_len, turned_away;
    bool accept_again; /* no memory for a connection: the sweep tries again */
    struct occ_http_budget budget;
    struct occ_http_request *spare;
    unsigned spare_len, requests; /* requests: in use */
    size_t unsent_len;            /* bodies of answers that the kernel has not taken whole */
    struct occ_buf scratch;       /* the head of an answer that is being written */
    char date[40];                /* "Date: …\r\n" of date_second */
    uint64_t date_second;
    bool stopping, abandoned; /* abandoned: the owner has let go, the last request frees it */
    uint64_t stop_deadline_ms, grace_deadline_ms;
    void (*stopped)(void *ctx);
    void *stopped_ctx;
};

/* ---- http_connection.c ---- */
/* Begins with an accepted handle; over_limit: only to say 503. */
void occ_http_connection_begin(struct occ_http_connection *connection, bool over_limit);
/* The deadline has passed. */
void occ_http_connection_expire(struct occ_http_connection *connection);
void occ_http_connection_close(struct occ_http_connection *connection);
/* The kernel has taken the answer of connection->request, which is reported and given back; what comes next? */
void occ_http_connection_answered(struct occ_http_connection *connection);

/* ---- http_listen.c ---- */
/* A connection's handle is closed: forgets and frees it. */
void occ_http_server_forget(struct occ_http_connection *connection);

/* ---- http_request.c ---- */
/* A request object for a connection; NULL = out of memory. */
struct occ_http_request *occ_http_request_take(struct occ_http_connection *connection);
/* Calls on_done, once. */
void occ_http_request_report(struct occ_http_request *request, unsigned status);
/* Gives it back. The server goes with it if it was abandoned. */
void occ_http_request_give_back(struct occ_http_request *request);
/* Frees what an abandoned server has left, if no request needs it any more. */
void occ_http_server_let_go(struct occ_http_server *server);

/* ---- http_response.c ---- */
/* An error of the server's own. */
void occ_http_respond_error(struct occ_http_request *request, unsigned status, const char *sentence);
/* Says "100 Continue". */
void occ_http_send_continue(struct occ_http_connection *connection);
/* True if the connection cannot be used again after this request's answer. */
bool occ_http_is_last(const struct occ_http_request *request);

#endif
