/*
 * Tests of src/crypto/certificate_chain.c and the files around it when memory runs out: one of OpenSSL's allocations fails, or
 * all from it on, another the next time. What is good is then never called bad, nor bad good; not by the same trust later, either.
 */
#include "unit/crypto/paths.h"

#include <stdlib.h>

#include <openssl/crypto.h>

enum { STEP = 61 }; /* allocations: all of them would take minutes */

static bool failing;
static bool one_fails;          /* and not all after it */
static size_t allocations_left; /* while failing: so many succeed, then none */
static size_t refused;

static bool
has_memory(void)
{
    if (!failing) {
        return true;
    }
    if (allocations_left > 0) {
        allocations_left--;
        return true;
    }
    return refused++ > 0 && one_fails;
}

static void *
counted_malloc(size_t size, const char *file, int line)
{
    (void)file, (void)line;
    return has_memory() ? malloc(size) : NULL;
}

static void *
counted_realloc(void *memory, size_t size, const char *file, int line)
{
    (void)file, (void)line;
    return has_memory() ? realloc(memory, size) : NULL;
}

static void
counted_free(void *memory, const char *file, int line)
{
    (void)file, (void)line;
    free(memory);
}

/* The verdict when all allocations after the first so many fail; *ret_refused: whether any was asked for. */
static enum occ_err
verdict(struct occ_path_trust *trust, const struct occ_path *path, size_t allocations, bool *ret_refused)
{
    struct occ_path_leaf leaf = { 0, 0, NULL };
    ERR_clear_error();
    refused = 0;
    allocations_left = allocations;
    failing = true;
    const struct occ_result result = occ_path_verify(trust, path, NULL, &leaf);
    failing = false;
    occ_ecdsa_key_free(leaf.key);
    assert_int_equal(ERR_peek_error(), 0);
    *ret_refused = refused > 0;
    return result.code;
}

/* What is refused may be refused for another reason if the one allocation fails while it is looked at for the second time. */
static bool
is_refused_otherwise(enum occ_err code, enum occ_err expected)
{
    return one_fails && expected != OCC_OK && code != OCC_OK;
}

/* A trust for each try, so that nothing is known. */
static size_t
check_every_allocation(const struct occ_sim_plan *plan, enum occ_err expected)
{
    PATH_AUTO path = occ_sim_path_make(plan);
    const struct occ_path list = list_of(path, TIME_MS);
    size_t wrong = 0;
    for (size_t count = 0;; count += STEP) {
        TRUST_AUTO trust = trust_in(occ_sim_path_certificates(path)[0]);
        bool any = false;
        const enum occ_err code = verdict(trust, &list, count, &any);
        if (code != expected && code != OCC_ERR_NOMEM && !is_refused_otherwise(code, expected)) {
            print_message("%zu allocations: %s\n", count, occ_result_name(code));
            wrong++;
        }
        bool none = false;
        if (any && verdict(trust, &list, SIZE_MAX, &none) != expected) {
            print_message("%zu allocations: another verdict later\n", count);
            wrong++;
        }
        if (!any) {
            assert_int_equal(code, expected);
            print_message("%zu allocations\n", count);
            assert_true(count > 100);
            return wrong;
        }
    }
}

static void
test_good_path(void **state)
{
    (void)state;
    const struct occ_sim_plan plan = good_plan();
    for (int i = 0; i < 2; i++) {
        one_fails = i == 1;
        assert_int_equal(check_every_allocation(&plan, OCC_OK), 0);
    }
}

static void
test_bad_path(void **state)
{
    (void)state;
    struct occ_sim_plan plan = good_plan();
    plan.certificates[4].wrong_signature = true;
    for (int i = 0; i < 2; i++) {
        one_fails = i == 1;
        assert_int_equal(check_every_allocation(&plan, OCC_ERR_NITRO_PATH), 0);
    }
}

/* A root that was read while memory was short is whole, or is not taken. */
static void
test_root(void **state)
{
    (void)state;
    const struct occ_sim_plan plan = good_plan();
    PATH_AUTO path = occ_sim_path_make(&plan);
    const struct occ_path list = list_of(path, TIME_MS);
    uint8_t fingerprint[OCC_SHA256_LEN];
    occ_digest_sha256(list.authorities[0], fingerprint);
    one_fails = true;
    bool any = true;
    size_t count = 0;
    for (; any; count++) {
        struct occ_path_trust *made = NULL;
        refused = 0;
        allocations_left = count;
        failing = true;
        const struct occ_result result = occ_path_trust_new_known(list.authorities[0], fingerprint, NULL, &made);
        failing = false;
        any = refused > 0;
        TRUST_AUTO trust = made;
        assert_int_equal(trust != NULL, occ_is_ok(result));
        if (trust != NULL) {
            assert_verifies(trust, &list);
        }
    }
    print_message("%zu allocations\n", count);
    assert_true(count > 100);
}

int
main(void)
{
    if (CRYPTO_set_mem_functions(counted_malloc, counted_realloc, counted_free) != 1) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_path),
        cmocka_unit_test(test_bad_path),
        cmocka_unit_test(test_root),
    };
    return cmocka_run_group_tests_name("crypto.certificate_chain", tests, NULL, NULL);
}
