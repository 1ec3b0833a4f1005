/* tests/unit/crypto/seen.c — src/crypto/seen.c: what was put is found, the oldest goes first, and threads do not disturb it. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "crypto/seen.h"

static struct occ_seen *
make(size_t size)
{
    struct occ_seen *seen = NULL;
    assert_true(occ_is_ok(occ_seen_new(size, &seen)));
    return seen;
}

static void
name_of(uint64_t number, uint8_t ret_name[OCC_SHA256_LEN])
{
    occ_digest_sha256(occ_bytes_of(&number, sizeof number), ret_name);
}

static void
put(struct occ_seen *seen, uint64_t number)
{
    uint8_t name[OCC_SHA256_LEN];
    name_of(number, name);
    occ_seen_put(seen, name, (const uint64_t[2]){ number, 2 * number });
}

static bool
has(struct occ_seen *seen, uint64_t number)
{
    uint8_t name[OCC_SHA256_LEN];
    uint64_t numbers[2] = { 7, 7 };
    name_of(number, name);
    const bool found = occ_seen_get(seen, name, numbers);
    assert_int_equal(numbers[0], found ? number : 7);
    assert_int_equal(numbers[1], found ? 2 * number : 7);
    return found;
}

static void
test_what_was_put_is_found(void **state)
{
    (void)state;
    struct occ_seen *seen = make(3);
    assert_false(has(seen, 1));
    for (uint64_t i = 1; i <= 3; i++) {
        put(seen, i);
    }
    put(seen, 1); /* again: takes no place of another */
    assert_true(has(seen, 1) && has(seen, 2) && has(seen, 3));
    put(seen, 4);
    assert_false(has(seen, 1));
    assert_true(has(seen, 2) && has(seen, 3) && has(seen, 4));
    occ_seen_free(seen);
    occ_seen_free(NULL);
}

/* A bit of a name makes another name; and what is known of a name does not change. */
static void
test_names(void **state)
{
    (void)state;
    struct occ_seen *seen = make(2);
    uint8_t name[OCC_SHA256_LEN];
    uint64_t numbers[2];
    name_of(1, name);
    occ_seen_put(seen, name, (const uint64_t[2]){ 1, 2 });
    occ_seen_put(seen, name, (const uint64_t[2]){ 3, 4 });
    assert_true(occ_seen_get(seen, name, numbers));
    assert_int_equal(numbers[0], 1);
    for (size_t bit = 0; bit < 8 * sizeof name; bit += 37) {
        name[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(occ_seen_get(seen, name, numbers));
        name[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    occ_seen_free(seen);
}

static void *
use(void *ctx)
{
    for (uint64_t i = 0; i < 2000; i++) {
        put(ctx, i % 20);
        (void)has(ctx, (i + 7) % 20);
    }
    return NULL;
}

static void
test_threads(void **state)
{
    (void)state;
    struct occ_seen *seen = make(10);
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, use, seen), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    size_t found = 0;
    for (uint64_t i = 0; i < 20; i++) {
        found += has(seen, i);
    }
    assert_int_equal(found, 10);
    occ_seen_free(seen);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_what_was_put_is_found), cmocka_unit_test(test_names),
                                        cmocka_unit_test(test_threads) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
