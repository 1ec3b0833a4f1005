/*
 * certificate_cache.h — what was verified before: under a name, a certificate and when all that it stands on is valid.
 *
 * Bounded; when full, the oldest goes. Safe to use from many threads at once.
 */
#ifndef OCC_CRYPTO_CERTIFICATE_CACHE_H
#define OCC_CRYPTO_CERTIFICATE_CACHE_H

#include "base/result.h"
#include "crypto/certificate_form.h"
#include "crypto/digest.h"

struct occ_certificate_cache;

struct occ_certificate_known {
    X509 *certificate;
    struct occ_certificate_window window;
};

/* size: the most entries it holds, at least 1. OCC_ERR_NOMEM. Free takes NULL. */
OCC_RESULT occ_certificate_cache_new(size_t size, struct occ_certificate_cache **ret_cache);
void occ_certificate_cache_free(struct occ_certificate_cache *cache);
/*
 * True if name is known and at (Unix seconds) lies within the entry's window. Then *ret_known has a reference to the
 * certificate that is the caller's, to free with X509_free.
 */
bool occ_certificate_cache_get(struct occ_certificate_cache *cache, const uint8_t name[OCC_SHA256_LEN], int64_t at,
                               struct occ_certificate_known *ret_known);
/* Forgets all. Certificates that were given out stay good. */
void occ_certificate_cache_forget(struct occ_certificate_cache *cache);
/* Keeps it, with a reference of its own. A name that is known already stays as it is. */
void occ_certificate_cache_put(struct occ_certificate_cache *cache, const uint8_t name[OCC_SHA256_LEN],
                               const struct occ_certificate_known *known);

#endif
