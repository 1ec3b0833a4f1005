/* signer.c — the test that a signer has to pass before anything that it signs counts. */
#include "unit/boundary/parent.h"

static enum occ_err
test_of(struct world *world, const struct occ_signer *signer, unsigned lie_at, unsigned fail_at)
{
    world->signatures = 0;
    world->lie_at = lie_at;
    world->fail_at = fail_at;
    world->fail_code = OCC_ERR_TOKEN;
    return occ_signer_test(signer, occ_bytes_str("salt")).code;
}

static void
test_signer(void **state)
{
    (void)state;
    struct world world;
    struct occ_gate_config config = world_config(&world);
    assert_int_equal(test_of(&world, &config.signer, 0, 0), OCC_OK);
    assert_int_equal(world.signatures, 1);
    assert_int_equal(test_of(&world, &config.signer, 1, 0), OCC_ERR_SIGNATURE);
    assert_int_equal(test_of(&world, &config.signer, 0, 1), OCC_ERR_TOKEN);
    /* It signs well, but with another key than it says. */
    struct occ_signer other = config.signer;
    other.public_key[0] ^= 1;
    assert_int_not_equal(test_of(&world, &other, 0, 0), OCC_OK);
    static const uint8_t longer[300];
    assert_int_equal(occ_signer_test(&config.signer, occ_bytes_of(longer, sizeof longer)).code, OCC_ERR_LIMIT);
    occ_signer_clear(&config.signer);
    assert_null(config.signer.sign);
    occ_signer_clear(&config.signer); /* once more does no harm */
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_signer) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
