/*
 * auth.h — what the heads of requests say about who asks and what they send.
 */
#ifndef OCC_SERVER_AUTH_H
#define OCC_SERVER_AUTH_H

#include "server/keys.h"

enum occ_auth {
    OCC_AUTH_NONE, /* nothing was sent, or no keys are configured */
    OCC_AUTH_KEY,  /* a configured key */
    OCC_AUTH_WRONG /* something else was sent */
};

/*
 * Judges the value of an Authorization header (RFC 6750 §2.1: "Bearer" and the token); sent = there was one. With keys, any
 * credentials that are not a configured key are wrong, another scheme's too. Without keys everything is open, and what is
 * sent is ignored. *ret_name is the key's name, valid as long as keys, or NULL.
 */
enum occ_auth occ_auth_judge(const struct occ_keys *keys, bool sent, struct occ_bytes value, const char **ret_name);

/* True for application/json, alone or with the one parameter charset=utf-8 (RFC 9110 §8.3: case and quotes do not matter). */
bool occ_auth_is_json(struct occ_bytes content_type);
/* Equal without regard to ASCII case. */
bool occ_auth_equal_nocase(struct occ_bytes text, const char *lower);

#endif
