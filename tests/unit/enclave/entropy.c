/* entropy.c — random of an NSM that works, and of those that do not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "crypto/secret.h"
#include "enclave/entropy.h"
#include "unit/boundary/fake_nsm.h"
#include "unit/os/folder.h"

static struct folder folder;

static int
set_up(void **state)
{
    (void)state;
    folder_make(&folder);
    return occ_is_ok(occ_secret_init()) ? 0 : 1;
}

static int
tear_down(void **state)
{
    (void)state;
    folder_remove(&folder);
    return 0;
}

/* Four pieces of 32 bytes, each of one byte's value, in two answers. */
static void
give(struct fake_nsm *fake, const uint8_t pieces[4])
{
    for (size_t i = 0; i < 4; i += 2) {
        uint8_t answer[256];
        memset(answer, 0xee, sizeof answer);
        memset(answer, pieces[i], 32);
        memset(answer + 32, pieces[i + 1], 32);
        fake_bytes(fake, "GetRandom", "random", occ_bytes_of(answer, sizeof answer));
    }
}

static void
test_good(void **state)
{
    (void)state;
    struct fake_nsm fake = { 0 };
    const struct occ_nsm nsm = fake_nsm(&fake);
    const char *const pool = folder_join(&folder, "pool");
    FILE *file = fopen(pool, "w");
    assert_non_null(file);
    fclose(file);
    give(&fake, (const uint8_t[]){ 1, 2, 3, 4 });
    struct occ_random *random = NULL;
    struct occ_error err = { 0 };
    assert_int_equal(occ_entropy_open(&nsm, pool, &err, &random).code, OCC_OK);
    uint8_t one[32], two[32];
    occ_random_fill(random, one, sizeof one);
    occ_random_fill(random, two, sizeof two);
    assert_memory_not_equal(one, two, sizeof one);
    occ_random_free(random);
    /* The kernel gets the second half, and never the seed. */
    uint8_t written[128];
    file = fopen(pool, "r");
    assert_non_null(file);
    assert_int_equal(fread(written, 1, sizeof written, file), 64);
    fclose(file);
    for (size_t i = 0; i < 64; i++) {
        assert_int_equal(written[i], i < 32 ? 3 : 4);
    }
    fake_clear(&fake);
}

static void
test_bad(void **state)
{
    (void)state;
    static const struct {
        uint8_t pieces[4];
        const char *sentence;
    } cases[] = {
        { { 0, 0, 0, 0 }, "the NSM's random is zero" },        { { 0, 2, 3, 4 }, "the NSM's random is zero" },
        { { 1, 2, 3, 0 }, "the NSM's random is zero" },        { { 1, 1, 3, 4 }, "the NSM's random repeats itself" },
        { { 1, 2, 1, 2 }, "the NSM's random repeats itself" }, { { 1, 2, 3, 1 }, "the NSM's random repeats itself" },
        { { 1, 2, 3, 3 }, "the NSM's random repeats itself" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fake_nsm fake = { 0 };
        const struct occ_nsm nsm = fake_nsm(&fake);
        struct occ_random *random = NULL;
        struct occ_error err = { 0 };
        give(&fake, cases[i].pieces);
        assert_int_equal(occ_entropy_open(&nsm, "/dev/null", &err, &random).code, OCC_ERR_RANDOM);
        assert_string_equal(err.text, cases[i].sentence);
        assert_null(random);
        fake_clear(&fake);
    }
}

static void
test_none(void **state)
{
    (void)state;
    struct fake_nsm fake = { 0 };
    const struct occ_nsm nsm = fake_nsm(&fake);
    struct occ_random *random = NULL;
    struct occ_error err = { 0 };
    fake_error(&fake, "InternalError");
    assert_int_equal(occ_entropy_open(&nsm, "/dev/null", &err, &random).code, OCC_ERR_ATTESTER);
    assert_string_equal(err.text, "the NSM refuses GetRandom: InternalError");
    give(&fake, (const uint8_t[]){ 1, 2, 3, 4 });
    assert_int_equal(occ_entropy_open(&nsm, folder_join(&folder, "."), &err, &random).code, OCC_ERR_IO);
    assert_null(random);
    fake_clear(&fake);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_none),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
