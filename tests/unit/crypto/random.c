/* random.c — two sources, either of which may be bad. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hex.h"
#include "crypto/random.h"
#include "crypto/secret.h"

static int
set_up(void **state)
{
    (void)state;
    return occ_is_ok(occ_secret_init()) ? 0 : 1;
}

static void
give_zeros(void *ret, size_t len)
{
    memset(ret, 0, len);
}

static const uint8_t zero_seed[OCC_RANDOM_SEED_LEN_MIN];

static struct occ_random *
make(void (*first)(void *ret, size_t len), const uint8_t *seed)
{
    struct occ_random *random = NULL;
    assert_int_equal(occ_random_new(first, occ_bytes_of(seed, OCC_RANDOM_SEED_LEN_MIN), &random).code, OCC_OK);
    return random;
}

/* Eight bytes wherever they begin, in all that was given out: none stands there twice. */
static void
assert_distinct(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i + 8 <= len; i += 8) {
        for (size_t j = i + 8; j + 8 <= len; j += 8) {
            assert_memory_not_equal(bytes + i, bytes + j, 8);
        }
    }
}

static void
check_distinct(struct occ_random *random)
{
    static const size_t lengths[] = { 8, 16, 32, 64, 72, 128, 256, 8 };
    uint8_t bytes[8 + 16 + 32 + 64 + 72 + 128 + 256 + 8];
    size_t at = 0;
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        occ_random_fill(random, bytes + at, lengths[i]);
        at += lengths[i];
    }
    assert_int_equal(at, sizeof bytes);
    assert_distinct(bytes, sizeof bytes);
}

static void
test_distinct(void **state)
{
    (void)state;
    struct occ_random *random = make(occ_secret_random, zero_seed);
    check_distinct(random);
    occ_random_free(random);
    random = make(give_zeros, zero_seed); /* both are bad: still no repetition, though no secret either */
    check_distinct(random);
    occ_random_free(random);
}

/* The kernel stands still: two seeds, two streams, and a seed's stream is always the same. */
static void
test_first_constant(void **state)
{
    (void)state;
    uint8_t other_seed[OCC_RANDOM_SEED_LEN_MIN] = { 1 };
    uint8_t one[100], same[100], other[100];
    struct occ_random *random = make(give_zeros, zero_seed);
    occ_random_fill(random, one, sizeof one);
    occ_random_free(random);
    random = make(give_zeros, zero_seed);
    occ_random_fill(random, same, sizeof same);
    occ_random_free(random);
    random = make(give_zeros, other_seed);
    occ_random_fill(random, other, sizeof other);
    occ_random_free(random);
    assert_memory_equal(one, same, sizeof one);
    for (size_t i = 0; i + 8 <= sizeof one; i += 8) {
        assert_memory_not_equal(one + i, other + i, 8);
    }
}

/* The seed is known: what comes is different each time all the same. */
static void
test_second_constant(void **state)
{
    (void)state;
    uint8_t one[100], two[100];
    struct occ_random *random = make(occ_secret_random, zero_seed);
    occ_random_fill(random, one, sizeof one);
    occ_random_free(random);
    random = make(occ_secret_random, zero_seed);
    occ_random_fill(random, two, sizeof two);
    occ_random_free(random);
    for (size_t i = 0; i + 8 <= sizeof one; i += 8) {
        assert_memory_not_equal(one + i, two + i, 8);
    }
}

/*
 * The construction, against another implementation: with the first source at zero and the seed 00 … 1f, Python's hashlib
 * and OpenSSL's ChaCha20 give
 *   K = blake2b(seed, digest_size=32), the first 64 bytes = openssl enc -chacha20 -K K -iv 01000000000000000000000000000000
 *   K' = 32 bytes of the same with -iv 0, the other 16 bytes = the same with K' and -iv 01000000000000000000000000000000
 */
static void
test_construction(void **state)
{
    (void)state;
    uint8_t seed[OCC_RANDOM_SEED_LEN_MIN], bytes[80], expected[80];
    for (size_t i = 0; i < sizeof seed; i++) {
        seed[i] = (uint8_t)i;
    }
    static const char hex[] = "d0dfcb210649a2ee91b3d8cbd6d4e6036a7155d1c81b1af5b3fb53eef5e894b159ef9e8b625cd3c0"
                              "505f2f70881b1ac526c4e6126022e6bfa72a07b352527e91d0d92308c173462f7e5814fd8dc1d846";
    assert_int_equal(occ_hex_decode(occ_bytes_str(hex), sizeof expected, expected).code, OCC_OK);
    struct occ_random *random = make(give_zeros, seed);
    occ_random_fill(random, bytes, 64);
    occ_random_fill(random, bytes + 64, 16);
    occ_random_free(random);
    assert_memory_equal(bytes, expected, sizeof bytes);
}

/* More than a chunk: every byte is written, and the chunks differ. */
static void
test_long(void **state)
{
    (void)state;
    static uint8_t bytes[3 * 4096 + 1];
    struct occ_random *random = make(give_zeros, zero_seed);
    occ_random_fill(random, bytes, sizeof bytes);
    assert_memory_not_equal(bytes, bytes + 4096, 4096);
    assert_memory_not_equal(bytes + 4096, bytes + 8192, 4096);
    size_t zeros = 0;
    for (size_t i = 0; i < sizeof bytes; i++) {
        zeros += bytes[i] == 0 ? 1 : 0;
    }
    assert_in_range(zeros, 1, 200); /* 48 are to be expected, and this stream is always the same */
    occ_random_fill(random, bytes, 0);
    occ_random_free(random);
    occ_random_free(NULL);
}

static void
test_short_seed(void **state)
{
    (void)state;
    struct occ_random *random = NULL;
    assert_int_equal(occ_random_new(give_zeros, occ_bytes_of(zero_seed, OCC_RANDOM_SEED_LEN_MIN - 1), &random).code,
                     OCC_ERR_RANDOM);
    assert_null(random);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_distinct),
        cmocka_unit_test(test_first_constant),
        cmocka_unit_test(test_second_constant),
        cmocka_unit_test(test_construction),
        cmocka_unit_test(test_long),
        cmocka_unit_test(test_short_seed),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
