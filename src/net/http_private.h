/*
 * http_private.h — the inside of the HTTP server.
 *
 * http_listen.c takes connections and gives each to a front; http_front.c is a front: some of the connections, on one loop;
 * http_connection.c is one connection, http_exchange.c one request on it, http_request.c the request as the handler sees it,
 * http_response.c the answer; http_handover.c takes requests from a front to the handler's thread and back; http_server.c is
 * all of it together.
 *
 * A connection's phases, and what moves it on:
 *
 *   IDLE     no byte of a request yet, or input waits   a byte -> HEAD; end, deadline, stop -> closed
 *   HEAD     the head is arriving                       complete -> on_head -> BODY, DRAIN, HANDLER, WRITING or LINGER
 *   ASKING   a front apart waits for on_head            on_head has been called -> as from HEAD
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
 *
 * Threads. With one thread there is one front, on the loop of the server's owner, and the handler is called directly. With
 * more, each front is apart: a thread with a loop of its own. A front owns its connections and all that hangs on them; the
 * owner's loop ("main") owns what the handler sees. A request belongs to one of them at a time, and goes over by an errand:
 *
 *   to main    HEAD    call on_head: the body is not here yet       -> comes back as BODY, or as ANSWER
 *              WHOLE   call on_head, and on_request if that let it pass: body and head came together -> ANSWER
 *              BODY    call on_request                              -> ANSWER
 *              REPORT  call on_done                                 -> SPARE
 *   to front   BODY    the body may have body_max bytes
 *              ANSWER  send it
 *              SPARE   reported: the memory can be used again
 *
 * Each side gathers what it sends in a turn of its loop and wakes the other once; REPORT and SPARE wake nobody, they go along.
 * A connection has one request under way, and the report of the one before it goes ahead of it. More reports than connections
 * there are only of connections that were refused and are gone: OCC_LIMIT_HTTP_REPORTS bounds them. So all that waits between
 * the two is bounded. What both sides touch is atomic, or under the front's lock, or never changes.
 */
#ifndef OCC_NET_HTTP_PRIVATE_H
#define OCC_NET_HTTP_PRIVATE_H

#include <stdatomic.h>

#include "net/http_parse.h"
#include "net/http_server.h"
#include "net/loop_private.h"

enum { OCC_HTTP_PEER_SIZE = 64, OCC_HTTP_READ_LEN = 64 << 10, OCC_HTTP_ANSWER_HEAD_LEN = 64 << 10 };

enum occ_http_phase {
    OCC_HTTP_IDLE,
    OCC_HTTP_IN_HEAD,
    OCC_HTTP_ASKING,
    OCC_HTTP_IN_BODY,
    OCC_HTTP_IN_HANDLER,
    OCC_HTTP_DRAIN,
    OCC_HTTP_WRITING,
    OCC_HTTP_LINGER,
    OCC_HTTP_CLOSED
};

enum occ_http_errand {
    OCC_HTTP_ERRAND_HEAD,
    OCC_HTTP_ERRAND_WHOLE,
    OCC_HTTP_ERRAND_BODY,
    OCC_HTTP_ERRAND_REPORT,
    OCC_HTTP_ERRAND_ANSWER,
    OCC_HTTP_ERRAND_SPARE
};

union occ_http_handle {
    uv_handle_t any;
    uv_stream_t stream;
    uv_tcp_t tcp;
    uv_pipe_t pipe;
};

struct occ_http_connection {
    union occ_http_handle handle;
    struct occ_http_front *front;
    struct occ_http_connection *next, *previous; /* of all of the front */
    struct occ_http_request *request;            /* NULL in IDLE and LINGER */
    struct occ_loop_task go_on;                  /* parses what is in input */
    struct occ_buf input;                        /* bytes that came while no request could be taken */
    size_t input_at, input_charged;              /* how much of it is used; what it takes of the budget */
    uint64_t deadline_ms;                        /* on the loop's clock; 0 = none */
    size_t lingered_len;
    enum occ_http_phase phase;
    int fd;           /* on its way to its front, which opens handle with it */
    bool ended;       /* the client will send no more */
    bool last;        /* close after the current answer */
    bool paused;      /* not reading */
    bool turned_away; /* came over the limit of connections */
    bool advancing;   /* in http_connection.c's loop: it goes on by itself */
    char peer[OCC_HTTP_PEER_SIZE];
};

struct occ_http_request {
    struct occ_http_parse parse;
    struct occ_http_front *front;
    struct occ_http_connection *connection; /* the front's; NULL = the client has gone */
    void *note;
    uint64_t began_us;
    unsigned status;
    size_t response_len;
    size_t unsent_len; /* what it adds to the server's */
    bool asked;        /* on_head was called */
    bool answered;     /* occ_http_respond was called */
    bool written;      /* and the kernel has taken the answer, or never will */
    bool reported;     /* exchange holds what on_done is to hear; without a front apart it has heard it */
    struct occ_http_exchange exchange;
    struct occ_http_request *next; /* of those that are spare, or under way between front and main */
    enum occ_http_errand errand;
    bool is_away;             /* in main's hands, and its front is apart */
    bool ends_connection;     /* main says so */
    size_t body_max;          /* what on_head has said */
    const char *content_type; /* of the answer */
    struct occ_buf headers;   /* of the answer, with a zero byte, if it was made on main; or empty */
    uv_write_t write;
    struct occ_buf rest; /* of an answer's head that the kernel did not take at once */
    struct occ_buf body; /* of an answer */
    char peer[OCC_HTTP_PEER_SIZE];
};

struct occ_http_queue {
    struct occ_http_request *first, *last;
};

/* One direction between a front apart and main. */
struct occ_http_way {
    struct occ_http_queue gathered; /* the sender's, of this turn */
    bool is_urgent;                 /* the sender's: what is gathered is to be seen soon */
    struct occ_loop_task send;      /* the sender's, at the end of the turn */
    struct occ_http_queue sent;     /* under the front's lock */
    bool woken;                     /* under the front's lock: the receiver is going to look */
};

struct occ_http_front {
    struct occ_http_server *server;
    struct occ_loop *loop;                  /* the server's, or that of its own thread */
    uv_timer_t sweep;                       /* looks at all deadlines; runs while there are connections */
    unsigned handles;                       /* sweep, and the listener of the first front: not closed yet */
    struct occ_http_connection connections; /* head of the ring */
    atomic_uint connections_len;            /* of the ring, and on their way to it: what the first front adds */
    struct occ_http_request *spare;
    unsigned spare_len, requests; /* requests: in use */
    struct occ_buf scratch;       /* the head of an answer that is being written */
    char date[40];                /* "Date: …\r\n" of date_second */
    uint64_t date_second;
    bool stopping;

    bool is_apart; /* its thread runs; changed by main only, before the start and after the join */
    uv_thread_t thread;
    uv_async_t wake;      /* on its loop */
    uv_timer_t late;      /* on its loop: reports have waited long enough */
    unsigned reports_len; /* sent to main, and not back yet */
    struct occ_http_way to_main, to_front;
    uv_mutex_t lock;
    struct occ_http_connection *arrived; /* under lock, linked by next: accepted for this front */
    bool stop_wanted, has_ended;         /* under lock */
};

struct occ_http_server {
    struct occ_loop *loop;
    struct occ_http_config config; /* without zeros */
    char *extra_headers;
    char *unix_path; /* or NULL */
    uint64_t unix_device, unix_inode;
    struct occ_buf address;         /* with a zero byte */
    union occ_http_handle listener; /* on the loop of the first front, whose this and the next two are */
    unsigned turned_away;           /* connections over the limit */
    bool accept_again;              /* no memory for a connection: the sweep tries again */
    struct occ_http_budget budget;  /* of all fronts together */
    _Atomic size_t unsent_len;      /* bodies of answers that the kernel has not taken whole */
    struct occ_http_front *fronts;
    unsigned fronts_len, running; /* running: threads that were not joined */
    uv_async_t wake;              /* on loop, if there are fronts apart */
    uint64_t sweep_ms;
    bool stopping, abandoned;                     /* abandoned: the owner has let go, the last request frees it */
    uint64_t stop_deadline_ms, grace_deadline_ms; /* set before any front is told to stop */
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
/* Bytes that came while no request could be taken. */
size_t occ_http_connection_input(const struct occ_http_connection *connection);
/* Parses them, soon. */
void occ_http_connection_go_on(struct occ_http_connection *connection);
/* ms from now, for deadlines. */
uint64_t occ_http_connection_until(const struct occ_http_connection *connection, uint64_t ms);

/* ---- http_exchange.c ---- */
/* The head is complete, and so many bytes that came with it follow. What becomes of the body? */
enum occ_http_step occ_http_exchange_head(struct occ_http_connection *connection, size_t following);
/* What follows from a step of the parser or from the above: an error is answered, a whole request handed to the handler. */
void occ_http_exchange_take(struct occ_http_connection *connection, enum occ_http_step step);
/* An error of the server's own, and the connection's last answer. */
void occ_http_exchange_refuse(struct occ_http_connection *connection, unsigned status, const char *sentence);
/* The request is answered, perhaps not wholly written; nothing more of it is read. */
void occ_http_exchange_finish(struct occ_http_connection *connection);
/* A request is back from main, with its errand. Its connection may have gone. */
void occ_http_exchange_back(struct occ_http_request *request);

/* ---- http_front.c ---- */
/* Without connections, on loop; cannot fail. */
void occ_http_front_init(struct occ_http_front *front, struct occ_http_server *server, struct occ_loop *loop);
/* A new connection of its own: from now on in its ring. Its handle is initialised, not open yet. */
void occ_http_front_enter(struct occ_http_front *front, struct occ_http_connection *connection);
/* A connection's handle is closed: forgets and frees it. */
void occ_http_front_forget(struct occ_http_connection *connection);
/* Begins the graceful stop. When all is closed: occ_http_server_front_closed. */
void occ_http_front_stop(struct occ_http_front *front);
/* Closes its own handles. */
void occ_http_front_close_all(struct occ_http_front *front);
/* The sweep runs from now on. */
void occ_http_front_watch(struct occ_http_front *front);

/* ---- http_listen.c ---- */
OCC_RESULT occ_http_listen(struct occ_http_server *server, const char *listen, struct occ_error *err);
/* Takes the connection that had to wait for memory. */
void occ_http_listen_again(struct occ_http_server *server);
/* A connection that was accepted for this front. */
void occ_http_listen_arrived(struct occ_http_front *front, struct occ_http_connection *connection);
/* Takes the socket's name away, if it is still ours. */
void occ_http_listen_unlink(struct occ_http_server *server);

/* ---- http_server.c ---- */
/* Sweep and listener are closed: the front has no more to do. */
void occ_http_server_front_closed(struct occ_http_front *front);
/* All fronts have ended. */
void occ_http_server_ended(struct occ_http_server *server);
/* Frees what an abandoned server has left, if no request needs it any more. */
void occ_http_server_let_go(struct occ_http_server *server);

/* ---- http_handover.c ---- */
/* Fronts apart, each on a loop of its own. What was made is there after a failure too, for occ_http_handover_end. */
OCC_RESULT occ_http_handover_init(struct occ_http_server *server, struct occ_error *err);
/* Starts their threads. After a failure none runs. */
OCC_RESULT occ_http_handover_start(struct occ_http_server *server, struct occ_error *err);
/* No thread runs any more: frees what the fronts have apart. occ_http_server_ended follows. */
void occ_http_handover_end(struct occ_http_server *server);
/* From main: the fronts are to stop. The first one is told, and passes it on after the last connection it has passed on. */
void occ_http_handover_stop(struct occ_http_server *server);
/* From the first front: a connection for another. */
void occ_http_handover_connection(struct occ_http_front *front, struct occ_http_connection *connection);
/* From the front: the request goes to main. */
void occ_http_handover_ask(struct occ_http_request *request, enum occ_http_errand errand);
/* From main: it goes back. */
void occ_http_handover_return(struct occ_http_request *request, enum occ_http_errand errand);

/* ---- http_request.c ---- */
/* A request object for a connection; NULL = out of memory, or main is far behind with the reports. */
struct occ_http_request *occ_http_request_take(struct occ_http_connection *connection);
/* What on_done hears, once: now, or on main when it is given back. */
void occ_http_request_report(struct occ_http_request *request, unsigned status);
/* Calls on_done. */
void occ_http_request_tell(struct occ_http_request *request);
/* The connection is through with it. */
void occ_http_request_give_back(struct occ_http_request *request);
/* Nobody needs it any more. The server goes with it if it was abandoned. */
void occ_http_request_recycle(struct occ_http_request *request);
void occ_http_request_free_spare(struct occ_http_front *front);
/* What its answer adds to occ_http_server_unsent. */
void occ_http_request_count_unsent(struct occ_http_request *request, size_t len);

/* ---- http_response.c ---- */
/* Sends the answer that the request holds; headers as of occ_http_respond. On the front's thread. */
void occ_http_send_answer(struct occ_http_request *request, const char *headers);
/* An error of the server's own. */
void occ_http_respond_error(struct occ_http_request *request, unsigned status, const char *sentence);
/* Says "100 Continue". */
void occ_http_send_continue(struct occ_http_connection *connection);
/* True if the connection cannot be used again after this request's answer. */
bool occ_http_is_last(const struct occ_http_request *request);

#endif
