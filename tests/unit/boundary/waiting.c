/* waiting.c — frames that wait for their documents: when they are sent, in which order, and how they are joined. */
#include "unit/boundary/witness.h"

/* What one document is about goes out with it; what came while it was out waits for the next. */
static void
test_batch(void **state)
{
    (void)state;
    struct witness witness;
    witness_begin(&witness, OCC_ATTEST_BATCH);
    witness_waits(&witness, 1, 1);
    assert_true(witness_is_asked(&witness));
    witness_waits(&witness, 2, 3);
    witness_waits(&witness, 3, 2);
    witness_gives(&witness);
    witness_expect(&witness, 1, 1, 1);
    assert_true(parent_is_done(&witness.parent));
    witness_gives_proofs(&witness);
    witness_expect(&witness, 2, 2, 3);
    witness_expect(&witness, 3, 3, 2);
    assert_true(parent_is_done(&witness.parent));
    assert_false(witness_is_asked(&witness));
    assert_int_equal(witness.documents, 3);
    witness_end(&witness);
}

static void
test_epoch(void **state)
{
    (void)state;
    struct witness witness;
    witness_begin(&witness, OCC_ATTEST_EPOCH);
    witness_commits(&witness, 1, 3);
    witness_expect(&witness, 1, 1, 3);
    assert_false(witness_is_asked(&witness));
    witness_commits(&witness, 2, 1);
    witness_expect(&witness, 2, 2, 1);
    witness_end(&witness);
}

static void
test_commit(void **state)
{
    (void)state;
    struct witness witness;
    witness_begin(&witness, OCC_ATTEST_COMMIT);
    witness_waits(&witness, 1, 2);
    witness_waits(&witness, 2, 1);
    witness_gives_proofs(&witness);
    assert_true(parent_is_done(&witness.parent));
    witness_gives_proofs(&witness);
    witness_expect(&witness, 1, 1, 2);
    assert_true(parent_is_done(&witness.parent));
    witness_gives_proofs(&witness);
    witness_expect(&witness, 2, 2, 1);
    assert_false(witness_is_asked(&witness));
    witness_end(&witness);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_batch),
        cmocka_unit_test(test_epoch),
        cmocka_unit_test(test_commit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
