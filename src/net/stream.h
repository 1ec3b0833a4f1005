/*
 * stream.h — a byte stream to the boundary: a unix socket, a vsock, or the socket pair to a child process.
 */
#ifndef OCC_NET_STREAM_H
#define OCC_NET_STREAM_H

#include "base/buf.h"
#include "net/loop.h"

struct occ_stream;

struct occ_stream_events {
    /* Connected (for occ_stream_connect_…), or failed to connect: then no other event follows. */
    void (*on_open)(void *ctx, struct occ_result result);
    /* Bytes that arrived; a view that is valid during the call. */
    void (*on_data)(void *ctx, struct occ_bytes data);
    /* The other side closed, or reading or writing failed. Called once, never after occ_stream_close. */
    void (*on_close)(void *ctx, struct occ_result why);
    void *ctx;
};

/* Connects to a unix socket; on_open tells the outcome. */
OCC_RESULT occ_stream_connect_unix(struct occ_loop *loop, const char *path, const struct occ_stream_events *events,
                                   struct occ_stream **ret_stream);
/*
 * The same for a non-blocking stream socket whose connect(2) is under way or done. Takes fd over, also on failure. Nobody there
 * is OCC_ERR_UNAVAILABLE.
 */
OCC_RESULT occ_stream_connect_fd(struct occ_loop *loop, int fd, const struct occ_stream_events *events,
                                 struct occ_stream **ret_stream);
/* Sends the content of buf, which is moved (empty afterwards). Order is kept. What fails shows as on_close. */
void occ_stream_send(struct occ_stream *stream, struct occ_buf *buf);
/* Bytes given to send that the kernel has not taken yet. */
size_t occ_stream_unsent(const struct occ_stream *stream);
/* Closes; no event follows; the memory goes when the loop has let go. NULL is allowed. */
void occ_stream_close(struct occ_stream *stream);

/* ---- a child process with a socket pair as its descriptor 3 ---- */
struct occ_child;
/*
 * Starts path with argv (argv[0] … NULL) and this process's environment cut down to what keep_env names ("PATH", NULL at
 * the end). Its standard input is /dev/null, its output and error are ours. *ret_stream is our end of the pair (open at
 * once, no on_open). on_exit is called once when it has ended, with its exit status or the negative signal number, also
 * after occ_child_kill.
 */
OCC_RESULT occ_child_start(struct occ_loop *loop, const char *path, const char *const *argv,
                           const char *const *keep_env, const struct occ_stream_events *events,
                           void (*on_exit)(void *ctx, int status), struct occ_error *err, struct occ_child **ret_child,
                           struct occ_stream **ret_stream);
int occ_child_pid(const struct occ_child *child);
/* SIGKILL; on_exit follows. */
void occ_child_kill(struct occ_child *child);
/* Releases; no event follows (the process is killed if it still runs). NULL is allowed. */
void occ_child_free(struct occ_child *child);

#endif
