/*
 * mac.h — a keyed MAC under a key that nobody else has: keyed BLAKE2b (RFC 7693), by libsodium.
 */
#ifndef OCC_CRYPTO_MAC_H
#define OCC_CRYPTO_MAC_H

#include "base/bytes.h"
#include "base/result.h"

enum { OCC_MAC_LEN = 16, OCC_MAC_KEY_LEN = 32, OCC_MAC_PURPOSE_LEN = 16 };

struct occ_mac;

/* Makes a key in locked memory: fill(ctx, …) writes OCC_MAC_KEY_LEN bytes straight into it. OCC_ERR_NOMEM. */
OCC_RESULT occ_mac_new(void (*fill)(void *ctx, void *ret, size_t len), void *ctx, struct occ_mac **ret_mac);
/* Wipes the key; NULL is allowed. */
void occ_mac_free(struct occ_mac *mac);
/*
 * The tag of data. purpose says what kind of data it is, in at most OCC_MAC_PURPOSE_LEN bytes: tags of one purpose mean
 * nothing for another.
 */
void occ_mac_make(const struct occ_mac *mac, const char *purpose, struct occ_bytes data, uint8_t ret_tag[OCC_MAC_LEN]);
/* True if tag is data's; takes the same time whatever it is. */
bool occ_mac_check(const struct occ_mac *mac, const char *purpose, struct occ_bytes data,
                   const uint8_t tag[OCC_MAC_LEN]);

#endif
