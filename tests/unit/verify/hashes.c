/* tests/unit/verify/hashes.c — src/verify/hashes.c: what it refuses. The hashes themselves: conformance.c; sizes: abi.c. */
#include "unit/verify/support.h"

static void
test_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum occ_err code;
    } cases[] = {
        { "", OCC_ERR_JSON_SYNTAX },
        { "{", OCC_ERR_JSON_SYNTAX },
        { "{\"a\":1,\"a\":1}", OCC_ERR_JSON_DUPLICATE },
        { "[]", OCC_ERR_PROOF_STRUCTURE },
        { "{\"version\":\"occ/2\"}", OCC_ERR_PROOF_VERSION },
        { "{\"version\":\"occ/1\"}", OCC_ERR_PROOF_STRUCTURE },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct occ_hashes hashes = { .size = sizeof hashes, .core_hash = { 7 } };
        assert_int_equal(occ_hashes_of(cases[i].text, strlen(cases[i].text), &hashes), cases[i].code);
        assert_int_equal(hashes.core_hash[0], 7);
    }
    struct occ_hashes hashes = { .size = sizeof hashes };
    assert_int_equal(occ_hashes_of(NULL, 0, &hashes), OCC_ERR_USAGE);
    assert_int_equal(occ_hashes_of("{}", 2, NULL), OCC_ERR_USAGE);
}

static void
test_length(void **state)
{
    (void)state;
    const size_t len = OCC_LIMIT_PROOF_LEN + 1;
    char *text = malloc(len);
    assert_non_null(text);
    memset(text, ' ', len);
    memcpy(text, PLAIN_PROOF, strlen(PLAIN_PROOF));
    struct occ_hashes hashes = { .size = sizeof hashes };
    assert_int_equal(occ_hashes_of(text, len, &hashes), OCC_ERR_LIMIT);
    assert_int_equal(occ_hashes_of(text, len - 1, &hashes), OCC_OK);
    free(text);
}

/* Of a proof that is refused as well: nothing is verified. */
static void
test_unsigned(void **state)
{
    (void)state;
    char *good = sign_proof(PLAIN_PROOF);
    struct occ_hashes one = { .size = sizeof one };
    struct occ_hashes two = { .size = sizeof two };
    assert_int_equal(occ_hashes_of(good, strlen(good), &one), OCC_OK);
    assert_int_equal(occ_hashes_of(PLAIN_PROOF, strlen(PLAIN_PROOF), &two), OCC_OK);
    assert_memory_equal(one.proof_hash, two.proof_hash, sizeof one.proof_hash);
    assert_memory_not_equal(one.link_hash, two.link_hash, sizeof one.link_hash); /* the signature is in it */
    assert_memory_not_equal(one.core_hash, two.core_hash, sizeof one.core_hash);
    free(good);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_refusals), cmocka_unit_test(test_length),
                                        cmocka_unit_test(test_unsigned) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
