/*
 * transport.h — bytes to and from the boundary, wherever it runs: a child process of our own on a socket pair, or a unix
 * socket or vsock port on which somebody else's boundary listens.
 *
 * One connection at a time. A child is started for each connection and does not outlive it: when the connection ends, for
 * whatever reason, the process is killed, so that its key and its epoch are gone.
 */
#ifndef OCC_SERVER_TRANSPORT_H
#define OCC_SERVER_TRANSPORT_H

#include "net/stream.h"

struct occ_transport;

struct occ_transport_config {
    struct occ_loop *loop;
    const char *enclave; /* path of the program to start as a child; used if address is NULL */
    const char *address; /* or where to connect to: "unix:PATH", "vsock:CID:PORT" */
    /* Flags for the child beside --fd, NULL at the end; or NULL. */
    const char *const *enclave_flags;
    /* Names of the variables that the child gets of our environment, NULL at the end; or NULL: none. */
    const char *const *enclave_environment;
    void (*on_open)(void *ctx);
    void (*on_data)(void *ctx, struct occ_bytes data);
    /* The connection ended or could not be made; why is one sentence. Not called after occ_transport_drop. */
    void (*on_close)(void *ctx, const char *why);
    void *ctx;
};

/* The strings of config must outlive the transport. Opens nothing yet. */
OCC_RESULT occ_transport_new(const struct occ_transport_config *config, struct occ_transport **ret_transport);
/* Begins a connection; on_open follows (perhaps before this returns), or on_close. A failure: it could not even be begun. */
OCC_RESULT occ_transport_open(struct occ_transport *transport, struct occ_error *err);
/* False while the child of the last connection has not ended yet: then it cannot be opened. */
bool occ_transport_is_idle(const struct occ_transport *transport);
/* True if the boundary is a child of ours. */
bool occ_transport_owns_boundary(const struct occ_transport *transport);
/* The child's process id, or 0. */
int occ_transport_pid(const struct occ_transport *transport);
void occ_transport_send(struct occ_transport *transport, struct occ_buf *buf);
/* Ends the connection and kills the child. */
void occ_transport_drop(struct occ_transport *transport);
/*
 * Ends the connection and lets the child end by itself, as it does when its connection ends; kills it if it has not after
 * limit_ms. Then calls done, once. Nothing else may be called after that but occ_transport_free.
 */
void occ_transport_finish(struct occ_transport *transport, uint64_t limit_ms, void (*done)(void *ctx), void *ctx);
void occ_transport_free(struct occ_transport *transport); /* NULL is allowed */

#endif
