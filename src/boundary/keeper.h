/*
 * keeper.h — a signer whose key lives in a device that may go away and come back.
 *
 * State   leaves it by
 * UP      a signature that fails → AWAY, and one new try at once if the last one is a second ago; a probe whose signature is wrong
 *         → OTHER
 * AWAY    sign or probe, once a second: open. The same key, and its self-test passes → UP; another key, or a wrong
 *         signature → OTHER; the PIN is refused → BARRED; else it stays
 * OTHER   never: OCC_ERR_SIGNATURE from now on
 * BARRED  never: OCC_ERR_TOKEN from now on. Trying the PIN again would lock the token
 *
 * Nothing is tried but when somebody asks, so that a boundary that stands still does not wear out a token.
 */
#ifndef OCC_BOUNDARY_KEEPER_H
#define OCC_BOUNDARY_KEEPER_H

#include "boundary/signer.h"

struct occ_keeper_config {
    /* Opens the device. OCC_ERR_DENIED: it refused the PIN; any other failure may pass. */
    OCC_RESULT (*open)(void *ctx, struct occ_error *err, struct occ_signer *ret_signer);
    uint64_t (*uptime_ms)(void *ctx); /* milliseconds of a clock that never goes back */
    /* For a log: it is away, and why, or there is another reason now; NULL: it is back. May itself be NULL. */
    void (*on_change)(void *ctx, const char *why);
    void (*free)(void *ctx); /* at the end; may be NULL */
    void *ctx;
};

/*
 * Opens the device for the first time and makes a signer of it that keeps to the states above; every signature of its is to be
 * verified. On failure config's free was called, and the code is that of open.
 */
OCC_RESULT occ_keeper_new(const struct occ_keeper_config *config, struct occ_error *err, struct occ_signer *ret_signer);

#endif
