/*
 * tests/unit/ledger/threads.c — one writes, the index is made and merged, others look up by digest and by counter at the same
 * time: what was written before a call began is found by it. For ThreadSanitizer above all.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "unit/ledger/support.h"

enum { READERS = 3, COUNT = 100, POSITIONS = 600 };

struct shared {
    struct occ_ledger *ledger;
    const char *folder;
    _Atomic uint64_t last; /* position that was written */
    _Atomic bool stop;
};

struct reading {
    struct shared *shared;
    pthread_t thread;
    bool own; /* a reader on its own */
    uint64_t found, busy;
};

static struct occ_result
count(void *ctx, const struct occ_ledger_found *found)
{
    size_t *const n = ctx;
    ++*n;
    assert_int_equal(found->position, found->counter / COUNT);
    return occ_success();
}

static void *
read_on(void *arg)
{
    struct reading *const reading = arg;
    struct shared *const shared = reading->shared;
    struct occ_ledger_reader *const reader = open_reader(reading->own ? NULL : shared->ledger, shared->folder);
    struct occ_error err;
    uint64_t random = (uint64_t)(uintptr_t)arg;
    while (!shared->stop) {
        const uint64_t last = shared->last;
        random = random * 6364136223846793005u + 1442695040888963407u;
        const uint64_t counter = COUNT + (random >> 33) % (last * COUNT);
        uint8_t digest[32];
        digest_of(counter, digest);
        size_t n = 0;
        const struct occ_result result = occ_ledger_by_digest(reader, digest, count, &n, &err);
        if (result.code == OCC_ERR_BUSY) {
            reading->busy++;
        } else {
            assert_ok(result);
            assert_int_equal(n, 1);
            reading->found++;
        }
        n = 0;
        assert_ok(occ_ledger_by_counter(reader, occ_bytes_str("e"), occ_bytes_str(""), counter, 1, count, &n, &err));
        assert_int_equal(n, 1);
        struct occ_ledger_stats stats;
        occ_ledger_get_stats(shared->ledger, &stats);
        assert_true(stats.proofs >= last * COUNT && stats.indexed_proofs <= stats.proofs + COUNT);
    }
    occ_ledger_reader_free(reader);
    return NULL;
}

static void
test_threads(void **state)
{
    struct fixture *const at = *state;
    struct shared shared = { .ledger = at->ledger, .folder = at->folder, .last = 1 };
    assert_ok(put_entry(at->ledger, "e", "", 1, COUNT, COUNT, &at->err));
    struct reading readings[READERS];
    for (size_t i = 0; i < READERS; i++) {
        readings[i] = (struct reading){ .shared = &shared, .own = i == 0 };
        assert_int_equal(pthread_create(&readings[i].thread, NULL, read_on, &readings[i]), 0);
    }
    for (uint64_t position = 2; position <= POSITIONS; position++) {
        assert_ok(put_entry(at->ledger, "e", "", position, position * COUNT, COUNT, &at->err));
        shared.last = position;
    }
    shared.stop = true;
    uint64_t found = 0;
    for (size_t i = 0; i < READERS; i++) {
        pthread_join(readings[i].thread, NULL);
        found += readings[i].found;
    }
    assert_true(found > 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test_setup_teardown(test_threads, setup, teardown) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
