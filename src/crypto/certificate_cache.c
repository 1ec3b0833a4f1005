/* certificate_cache.c — see certificate_cache.h. */
#include "crypto/certificate_cache.h"

#include <stdlib.h>

#include <openssl/crypto.h>

struct entry {
    uint8_t name[OCC_SHA256_LEN];
    struct occ_certificate_known known;
};

struct occ_certificate_cache {
    CRYPTO_RWLOCK *lock; /* for all below */
    size_t size, count;  /* entries there is room for; entries in use, the first ones */
    size_t next;         /* when full: the oldest, which the next one replaces */
    struct entry entries[];
};

struct occ_result
occ_certificate_cache_new(size_t size, struct occ_certificate_cache **ret_cache)
{
    struct occ_certificate_cache *cache = calloc(1, sizeof *cache + size * sizeof cache->entries[0]);
    OCC_ENSURE(cache != NULL, OCC_ERR_NOMEM);
    cache->size = size;
    cache->lock = CRYPTO_THREAD_lock_new();
    if (cache->lock == NULL) {
        free(cache);
        return occ_result_of(OCC_ERR_NOMEM);
    }
    *ret_cache = cache;
    return occ_success();
}

void
occ_certificate_cache_free(struct occ_certificate_cache *cache)
{
    if (cache == NULL) {
        return;
    }
    for (size_t i = 0; i < cache->count; i++) {
        X509_free(cache->entries[i].known.certificate);
    }
    CRYPTO_THREAD_lock_free(cache->lock);
    free(cache);
}

void
occ_certificate_cache_forget(struct occ_certificate_cache *cache)
{
    if (CRYPTO_THREAD_write_lock(cache->lock) != 1) {
        return;
    }
    for (size_t i = 0; i < cache->count; i++) {
        X509_free(cache->entries[i].known.certificate);
        cache->entries[i].known.certificate = NULL;
    }
    cache->count = 0;
    cache->next = 0;
    (void)CRYPTO_THREAD_unlock(cache->lock);
}

static const struct entry *
find(const struct occ_certificate_cache *cache, const uint8_t name[OCC_SHA256_LEN])
{
    for (size_t i = 0; i < cache->count; i++) {
        if (memcmp(cache->entries[i].name, name, OCC_SHA256_LEN) == 0) {
            return &cache->entries[i];
        }
    }
    return NULL;
}

bool
occ_certificate_cache_get(struct occ_certificate_cache *cache, const uint8_t name[OCC_SHA256_LEN], int64_t at,
                          struct occ_certificate_known *ret_known)
{
    if (CRYPTO_THREAD_read_lock(cache->lock) != 1) {
        return false;
    }
    const struct entry *entry = find(cache, name);
    const bool valid = entry != NULL && at >= entry->known.window.from && at <= entry->known.window.to &&
                       X509_up_ref(entry->known.certificate) == 1;
    if (valid) {
        *ret_known = entry->known;
    }
    (void)CRYPTO_THREAD_unlock(cache->lock);
    return valid;
}

void
occ_certificate_cache_put(struct occ_certificate_cache *cache, const uint8_t name[OCC_SHA256_LEN],
                          const struct occ_certificate_known *known)
{
    if (CRYPTO_THREAD_write_lock(cache->lock) != 1) {
        return;
    }
    /* Another thread may have been here since this one looked. */
    if (find(cache, name) == NULL && X509_up_ref(known->certificate) == 1) {
        struct entry *entry = &cache->entries[cache->next];
        X509_free(entry->known.certificate); /* NULL where there was none */
        memcpy(entry->name, name, OCC_SHA256_LEN);
        entry->known = *known;
        cache->next = (cache->next + 1) % cache->size;
        cache->count += cache->count < cache->size ? 1 : 0;
    }
    (void)CRYPTO_THREAD_unlock(cache->lock);
}
