/*
 * serve.h — moves bytes between the parent's socket and the gate.
 *
 * One session at a time; a second connection is told so and closed. Both buffers are bounded: while the parent does not take
 * what is for it, nothing more is read from it.
 */
#ifndef OCC_ENCLAVE_SERVE_H
#define OCC_ENCLAVE_SERVE_H

#include "boundary/gate.h"
#include "enclave/device.h"

struct occ_serve_config {
    struct occ_gate *gate;
    struct occ_device *device; /* that the gate's documents come from; NULL = it wants none */
    int listen_fd;             /* -1 = none */
    int session_fd;            /* the one session, if there is no listen_fd; -1 = none. Closed when the session ends */
    int stop_fd;               /* readable = stop */
    size_t retained_len_max;   /* bytes that may have to be given again at once */
};

/*
 * Returns success when it is told to stop or, without listen_fd, when the parent is gone; a failure, with a sentence, when
 * it cannot go on, or when the only session had to be refused.
 */
OCC_RESULT occ_serve_run(const struct occ_serve_config *config, struct occ_error *err);

#endif
