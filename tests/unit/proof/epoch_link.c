/* tests/unit/proof/epoch_link.c — src/proof/epoch_link.c: what is sound, and one case per refusal. */
#include "proof/epoch_link.h"
#include "unit/proof/support.h"

#define NO_TEXT ""
#define HW_KEY "\"enforcement\":\"hw-key\",\"x\":"

static const struct {
    const char *find;
    unsigned which;
    const char *with;
    enum occ_err code;
    const char *text;
} changes[] = {
    { "\"toEpochId\":\"e1\"", 0, "\"toEpochId\":\"e0\"", OCC_ERR_EPOCH_LINK_TARGET,
      "commit.epochLink.toEpochId: another epoch than commit.epochId" },
    { "\"epochId\":\"e1\",", 0, "", OCC_ERR_EPOCH_LINK_TARGET,
      "commit.epochLink.toEpochId: another epoch than commit.epochId" },
    { "\"toPublicKeyB64\":\"" KEY_B64, 0, "\"toPublicKeyB64\":\"" DIGEST_B64, OCC_ERR_EPOCH_LINK_TARGET,
      "commit.epochLink.toPublicKeyB64: another key than signer.publicKeyB64" },
    { "\"prevEpochId\":\"e0\"", 0, "\"prevEpochId\":\"e1\"", OCC_ERR_EPOCH_LINK_SELF,
      "commit.epochLink.prevEpochId: this proof's own epoch" },
    { "\"prevPublicKeyB64\":\"" DIGEST_B64, 0, "\"prevPublicKeyB64\":\"" KEY_B64, OCC_ERR_EPOCH_LINK_SELF,
      "commit.epochLink.prevPublicKeyB64: this proof's own key, which only tier hw-key keeps" },
    { "\"commit\":{", 0, "\"commit\":{\"prevB64\":\"" DIGEST_B64 "\",", OCC_ERR_EPOCH_LINK_PLACE,
      "commit.epochLink: present together with commit.prevB64, expected on a chain's first proof" },
    { "\"prevEpochId\":\"e0\"", 0, "\"prevEpochId\":\"e2\"", OCC_OK, NO_TEXT },
};

static void
assert_outcome(const char *text, enum occ_err code, const char *sentence)
{
    struct occ_json *root = parse_json(text);
    const struct occ_proof proof = read_proof(root);
    struct occ_error err = { 0 };
    assert_non_null(proof.epoch_link);
    const struct occ_result result = occ_epoch_link_check(&proof, &err);
    assert_string_equal(err.text, sentence);
    assert_int_equal(result.code, code);
    occ_json_free(root);
}

static void
test_changes(void **state)
{
    (void)state;
    assert_outcome(FULL_PROOF, OCC_OK, NO_TEXT);
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        char *text = replace_nth(FULL_PROOF, changes[i].find, changes[i].which, changes[i].with);
        assert_outcome(text, changes[i].code, changes[i].text);
        free(text);
    }
}

/* A key in hardware outlives the boundary; an epoch does not. */
static void
test_hardware_key(void **state)
{
    (void)state;
    char *hardware = replace(FULL_PROOF, "\"enforcement\":", HW_KEY);
    char *same_key = replace(hardware, "\"prevPublicKeyB64\":\"" DIGEST_B64, "\"prevPublicKeyB64\":\"" KEY_B64);
    char *same_epoch = replace(same_key, "\"prevEpochId\":\"e0\"", "\"prevEpochId\":\"e1\"");
    assert_outcome(hardware, OCC_OK, NO_TEXT);
    assert_outcome(same_key, OCC_OK, NO_TEXT);
    assert_outcome(same_epoch, OCC_ERR_EPOCH_LINK_SELF, "commit.epochLink.prevEpochId: this proof's own epoch");
    free(same_epoch);
    free(same_key);
    free(hardware);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_changes), cmocka_unit_test(test_hardware_key) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
