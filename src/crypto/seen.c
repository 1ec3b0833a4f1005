/* seen.c — see seen.h. */
#include "crypto/seen.h"

#include <stdlib.h>

#include <openssl/crypto.h>

struct entry {
    uint8_t name[OCC_SHA256_LEN];
    uint64_t numbers[2];
};

struct occ_seen {
    CRYPTO_RWLOCK *lock; /* for all below */
    size_t size, count;  /* entries there is room for; entries in use, the first ones */
    size_t next;         /* when full: the oldest, which the next one replaces */
    struct entry entries[];
};

struct occ_result
occ_seen_new(size_t size, struct occ_seen **ret_seen)
{
    struct occ_seen *seen = calloc(1, sizeof *seen + size * sizeof seen->entries[0]);
    OCC_ENSURE(seen != NULL, OCC_ERR_NOMEM);
    seen->size = size;
    seen->lock = CRYPTO_THREAD_lock_new();
    if (seen->lock == NULL) {
        free(seen);
        return occ_result_of(OCC_ERR_NOMEM);
    }
    *ret_seen = seen;
    return occ_success();
}

void
occ_seen_free(struct occ_seen *seen)
{
    if (seen != NULL) {
        CRYPTO_THREAD_lock_free(seen->lock);
        free(seen);
    }
}

static const struct entry *
find(const struct occ_seen *seen, const uint8_t name[OCC_SHA256_LEN])
{
    for (size_t i = 0; i < seen->count; i++) {
        if (memcmp(seen->entries[i].name, name, OCC_SHA256_LEN) == 0) {
            return &seen->entries[i];
        }
    }
    return NULL;
}

bool
occ_seen_get(struct occ_seen *seen, const uint8_t name[OCC_SHA256_LEN], uint64_t ret_numbers[2])
{
    if (CRYPTO_THREAD_read_lock(seen->lock) != 1) {
        return false;
    }
    const struct entry *const entry = find(seen, name);
    if (entry != NULL) {
        memcpy(ret_numbers, entry->numbers, sizeof entry->numbers);
    }
    (void)CRYPTO_THREAD_unlock(seen->lock);
    return entry != NULL;
}

void
occ_seen_put(struct occ_seen *seen, const uint8_t name[OCC_SHA256_LEN], const uint64_t numbers[2])
{
    if (CRYPTO_THREAD_write_lock(seen->lock) != 1) {
        return;
    }
    /* Another thread may have been here since this one looked. */
    if (find(seen, name) == NULL) {
        struct entry *const entry = &seen->entries[seen->next];
        memcpy(entry->name, name, OCC_SHA256_LEN);
        memcpy(entry->numbers, numbers, sizeof entry->numbers);
        seen->next = (seen->next + 1) % seen->size;
        seen->count += seen->count < seen->size ? 1 : 0;
    }
    (void)CRYPTO_THREAD_unlock(seen->lock);
}
