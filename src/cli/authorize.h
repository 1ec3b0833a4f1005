/*
 * authorize.h — agencies, direct form (PROTOCOL §4): an actor's key signs for one digest, over a challenge of the server.
 */
#ifndef OCC_CLI_AUTHORIZE_H
#define OCC_CLI_AUTHORIZE_H

#include "cli/actor_key.h"
#include "cli/client.h"

/* Asks the server for a challenge, and appends it: 1 to OCC_AUTHORIZE_CHALLENGE_LEN characters of visible ASCII. */
OCC_RESULT occ_authorize_ask(struct occ_client *client, struct occ_error *err, struct occ_buf *buf);

struct occ_authorize_input {
    const struct occ_p256 *key; /* a private one */
    const char *provider;       /* UTF-8 */
    struct occ_bytes challenge; /* as it was given out */
    const uint8_t *digest;      /* OCC_SHA256_LEN bytes */
    uint64_t time_ms;           /* Unix milliseconds */
};
/* Appends {"actor":…,"authorization":…} as canonical JSON. Codes of occ_p256_sign, with a sentence. */
OCC_RESULT occ_authorize_put(const struct occ_authorize_input *input, struct occ_error *err, struct occ_buf *buf);

enum { OCC_AUTHORIZE_CHALLENGE_LEN = 512 };

#endif
