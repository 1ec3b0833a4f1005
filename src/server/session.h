/*
 * session.h — a lasting conversation with the boundary: connect, say hello, exchange frames, and begin again when it broke.
 *
 * State        leaves it by
 * WAITING      the timer (100 ms, doubling to 5 s): open_transport → OPENING
 * OPENING      transport_opened → GREETING; transport_closed or the timer → WAITING
 * GREETING     HELLO_OK: take_hello → UP; anything else, transport_closed or the timer → WAITING
 * UP           transport_closed, a bad frame, occ_session_drop → WAITING
 * HALTED       never: an integrity failure (occ_session_halt, or the boundary told of one), or a token that
 *              refused its PIN; the operator restarts occd
 * ENDED        never: occ_session_finish was called
 */
#ifndef OCC_SERVER_SESSION_H
#define OCC_SERVER_SESSION_H

#include "server/event.h"
#include "server/transport.h"
#include "wire/frame.h"
#include "wire/hello.h"

struct occ_session;

struct occ_session_config {
    struct occ_loop *loop;
    const struct occ_events *events;
    const char *enclave, *address; /* as in struct occ_transport_config */
    const char *const *enclave_flags, *const *enclave_environment;
    uint64_t hello_ms; /* how long connecting and greeting may take */
    /* The boundary is there. hello is checked, and valid during the call. */
    void (*on_up)(void *ctx, const struct occ_hello_ok *hello);
    /* A frame, while up. A failure drops the session. */
    struct occ_result (*on_frame)(void *ctx, const struct occ_frame *frame);
    /* An attempt failed, or the session that was up is over; a new attempt follows by itself. why is one sentence. */
    void (*on_down)(void *ctx, const char *why);
    void *ctx;
};

/* The first attempt begins at once. A failure: the boundary's program cannot be started at all. */
OCC_RESULT occ_session_new(const struct occ_session_config *config, struct occ_error *err,
                           struct occ_session **ret_session);
bool occ_session_is_up(const struct occ_session *session);
bool occ_session_owns_boundary(const struct occ_session *session);
/* The process id of an own boundary, or 0. */
int occ_session_pid(const struct occ_session *session);
/* Sends whole frames; buf is moved. Only while up. */
void occ_session_send(struct occ_session *session, struct occ_buf *buf);
/* Ends what there is now (an own child is killed): on_down is called before this returns, if it was not down. */
void occ_session_drop(struct occ_session *session, const char *why);
/* Ends what there is now, and nothing begins again (DESIGN §4, promise 3): on_down is called before this returns. */
void occ_session_halt(struct occ_session *session, const char *why);
bool occ_session_is_halted(const struct occ_session *session);
/* Ends for good; done is called when an own child has ended. on_down is not called. */
void occ_session_finish(struct occ_session *session, uint64_t limit_ms, void (*done)(void *ctx), void *ctx);
void occ_session_free(struct occ_session *session); /* NULL is allowed */

/*
 * True if a parent of this version can work with a boundary that says this of itself: version, key, names, limits. Else
 * *err says what is wrong. (Exported for its test.)
 */
OCC_RESULT occ_session_check_hello(const struct occ_hello_ok *hello, struct occ_error *err);

#endif
