/* tail.c — see tail.h. */
#include "ledger/tail.h"

#include <pthread.h>
#include <stdlib.h>

#include "ledger/row.h"

enum { SLOTS = OCC_LIMIT_LEDGER_TAIL, BUCKETS = SLOTS / 2 };
_Static_assert((SLOTS & (SLOTS - 1)) == 0, "the ring's size is a power of two");

struct slot {
    uint8_t digest[32];
    uint64_t place;
    uint64_t older; /* the number of the one before it in its bucket */
};

/*
 * Slots are numbered in the order in which they were put, from 1; number n lies at n % SLOTS. A bucket leads from the
 * newest to older ones; it ends where numbers are below first: those are gone, and so are all behind them.
 */
struct occ_tail {
    pthread_mutex_t lock;
    uint64_t base, last;  /* rows */
    uint64_t first, next; /* numbers: the oldest that is there, and of the one to come */
    uint64_t heads[BUCKETS];
    struct slot slots[SLOTS];
};

struct occ_result
occ_tail_new(uint64_t base, struct occ_tail **ret_tail)
{
    struct occ_tail *const tail = calloc(1, sizeof *tail);
    OCC_ENSURE(tail != NULL, OCC_ERR_NOMEM);
    if (pthread_mutex_init(&tail->lock, NULL) != 0) {
        free(tail);
        return occ_result_of(OCC_ERR_NOMEM);
    }
    tail->base = base;
    tail->last = base;
    tail->first = 1;
    tail->next = 1;
    *ret_tail = tail;
    return occ_success();
}

void
occ_tail_free(struct occ_tail *tail)
{
    if (tail == NULL) {
        return;
    }
    pthread_mutex_destroy(&tail->lock);
    free(tail);
}

/* Digests are uniform, or somebody has chosen them: then a bucket is as long as the ring, which is bounded too. */
static uint64_t *
bucket_of(struct occ_tail *tail, const uint8_t digest[32])
{
    uint32_t word;
    memcpy(&word, digest, sizeof word);
    return &tail->heads[word % BUCKETS];
}

void
occ_tail_put(struct occ_tail *tail, const uint8_t digest[32], uint64_t place)
{
    pthread_mutex_lock(&tail->lock);
    if (tail->next - tail->first == SLOTS) {
        tail->base = occ_row_of_place(tail->slots[tail->first % SLOTS].place);
        tail->first++;
    }
    struct slot *const slot = &tail->slots[tail->next % SLOTS];
    uint64_t *const head = bucket_of(tail, digest);
    memcpy(slot->digest, digest, sizeof slot->digest);
    slot->place = place;
    slot->older = *head;
    *head = tail->next++;
    pthread_mutex_unlock(&tail->lock);
}

void
occ_tail_publish(struct occ_tail *tail, uint64_t row)
{
    pthread_mutex_lock(&tail->lock);
    tail->last = row;
    pthread_mutex_unlock(&tail->lock);
}

void
occ_tail_drop(struct occ_tail *tail, uint64_t row)
{
    pthread_mutex_lock(&tail->lock);
    while (tail->first < tail->next && occ_row_of_place(tail->slots[tail->first % SLOTS].place) <= row) {
        tail->first++;
    }
    tail->base = row > tail->base ? row : tail->base;
    tail->last = row > tail->last ? row : tail->last;
    pthread_mutex_unlock(&tail->lock);
}

void
occ_tail_restart(struct occ_tail *tail, uint64_t row)
{
    pthread_mutex_lock(&tail->lock);
    tail->first = tail->next;
    tail->base = row;
    tail->last = row;
    pthread_mutex_unlock(&tail->lock);
}

void
occ_tail_bounds(struct occ_tail *tail, uint64_t *ret_base, uint64_t *ret_last)
{
    pthread_mutex_lock(&tail->lock);
    *ret_base = tail->base;
    *ret_last = tail->last;
    pthread_mutex_unlock(&tail->lock);
}

static void
find_in(struct occ_tail *tail, const uint8_t digest[32], uint64_t after, uint64_t last, struct occ_buf *places)
{
    uint64_t number = *bucket_of(tail, digest);
    while (number >= tail->first) {
        const struct slot *const slot = &tail->slots[number % SLOTS];
        const uint64_t row = occ_row_of_place(slot->place);
        if (row > after && row <= last && memcmp(slot->digest, digest, sizeof slot->digest) == 0) {
            occ_buf_put(places, occ_bytes_of(&slot->place, sizeof slot->place));
        }
        number = slot->older;
    }
}

struct occ_result
occ_tail_find(struct occ_tail *tail, const uint8_t digest[32], uint64_t after, uint64_t last, struct occ_buf *places)
{
    pthread_mutex_lock(&tail->lock);
    const bool has = after >= last || (tail->base <= after && tail->last >= last);
    if (has && after < last) {
        find_in(tail, digest, after, last, places);
    }
    pthread_mutex_unlock(&tail->lock);
    OCC_ENSURE(has, OCC_ERR_BUSY);
    return occ_buf_check(places);
}
