/* tests/unit/proof/optional.c — src/proof/optional.c: one case per refusal in the parts that not every proof has. */
#include "unit/proof/support.h"

struct change {
    const char *find;
    unsigned which; /* occurrence of find */
    const char *with;
    const char *text; /* NULL: still sound */
};

#define NAMED(where, name) where ": a member is named \"" name "\", which JavaScript would reorder or drop"

static const struct change changes[] = {
    /* null and empty */
    { "\"agency\":{", 0, "\"agency\":null,\"x\":{", "agency: null, expected an object" },
    { "\"agency\":{", 0, "\"agency\":{},\"x\":{", "agency: empty, expected to be absent then" },
    { "\"attribution\":{", 0, "\"attribution\":null,\"x\":{", "attribution: null, expected an object" },
    { "\"attribution\":{", 0, "\"attribution\":{},\"x\":{", "attribution: empty, expected to be absent then" },
    { "\"policy\":{", 0, "\"policy\":\"P\",\"x\":{", "policy: a string, expected an object" },
    { "\"policy\":{", 0, "\"policy\":{},\"x\":{", "policy: empty, expected to be absent then" },
    { "\"principal\":{", 0, "\"principal\":[],\"x\":{", "principal: an array, expected an object" },
    { "\"principal\":{", 0, "\"principal\":{},\"x\":{", "principal: empty, expected to be absent then" },
    { "\"slotAllocation\":{", 0, "\"slotAllocation\":null,\"x\":{", "slotAllocation: null, expected an object" },
    { "\"timestamps\":{", 0, "\"timestamps\":{},\"x\":{", "timestamps: empty, expected to be absent then" },
    { "\"timestamps\":{", 0, "\"timestamps\":1,\"x\":{", "timestamps: a number, expected an object" },
    { "\"epochLink\":{", 0, "\"epochLink\":null,\"x\":{", "commit.epochLink: null, expected an object" },
    /* environment.attestation */
    { "\"attestation\":{", 0, "\"attestation\":null,\"x\":{", "environment.attestation: null, expected an object" },
    { "\"attestation\":{", 0, "\"attestation\":{},\"x\":{",
      "environment.attestation: empty, expected to be absent then" },
    { "\"format\":\"aws-nitro\"", 0, "\"format\":\"\"", "environment.attestation.format: empty" },
    { "\"format\":\"aws-nitro\",", 0, "", "environment.attestation.format: missing" },
    { "\"format\":\"aws-nitro\"", 0, "\"format\":1", "environment.attestation.format: a number, expected a string" },
    { "\"reportB64\":\"AAAA\"", 0, "\"reportB64\":\"\"", "environment.attestation.reportB64: empty" },
    { "\"reportB64\":\"AAAA\"", 0, "\"reportB64\":\"AAA\"", "environment.attestation.reportB64: not canonical base64" },
    { "\"reportB64\":\"AAAA\",", 0, "", "environment.attestation.reportB64: missing" },
    { "\"batch\":{\"leafIndex\":0}", 0, "\"batch\":null", "environment.attestation.batch: null, expected an object" },
    { "\"batch\":{\"leafIndex\":0}", 0, "\"batch\":{}",
      "environment.attestation.batch: empty, expected to be absent then" },
    { "\"batch\":{\"leafIndex\":0}", 0, "\"x\":0", NULL },
    /* agency */
    { "\"actor\":{", 0, "\"acto\":{", "agency.actor: missing" },
    { "\"authorization\":{", 0, "\"authorizatio\":{", "agency.authorization: missing" },
    { "\"keyId\":\"00", 0, "\"keyId\":\"0", "agency.actor.keyId: expected 64 characters of lower-case hex" },
    { "\"keyId\":\"00", 0, "\"keyId\":\"0A", "agency.actor.keyId: expected 64 characters of lower-case hex" },
    { "\"algorithm\":\"ES256\"", 0, "\"algorithm\":\"ES384\"",
      "agency.actor.algorithm: \"ES384\", expected \"ES256\"" },
    { "\"provider\":\"passkey\"", 0, "\"provider\":\"\"", "agency.actor.provider: empty" },
    { "\"provider\":\"passkey\"", 0, "\"provider\":null", "agency.actor.provider: null, expected a string" },
    { "BBBB", 0, "BB", "agency.actor.publicKeyB64: not canonical base64" },
    { "\"provider\":", 0, "\"4294967294\":1,\"provider\":", NAMED("agency.actor", "4294967294") },
    { "\"provider\":", 0, "\"4294967295\":1,\"provider\":", NULL /* no array index */ },
    { "authorize/v1", 0, "authorize/v2",
      "agency.authorization.purpose: \"occ/commit-authorize/v2\", expected \"occ/commit-authorize/v1\"" },
    { "\"actorKeyId\":\"0", 0, "\"actorKeyId\":\"",
      "agency.authorization.actorKeyId: expected 64 characters of lower-case hex" },
    { "\"artifactHash\":\"" DIGEST_B64, 0, "\"artifactHash\":\"AAAA",
      "agency.authorization.artifactHash: 3 bytes, expected 32" },
    { "\"challenge\":\"c\"", 0, "\"challenge\":1", "agency.authorization.challenge: a number, expected a string" },
    { "1741496392840", 0, "\"1\"", "agency.authorization.timestamp: a string, expected a number" },
    { "CCCC", 0, "", "agency.authorization.signatureB64: empty" },
    { "\"format\":\"webauthn\"", 0, "\"format\":null", "agency.authorization.format: null, expected a string" },
    { "\"format\":\"webauthn\"", 0, "\"17\":0", NULL /* not signed */ },
    /* attribution, policy, principal: signed, so no such names at any level */
    { "\"name\":\"Jane\"", 0, "\"a\":[{\"3\":0}]", NAMED("attribution", "3") },
    { "\"name\":\"P\"", 0, "\"__proto__\":{}", NAMED("policy", "__proto__") },
    { "\"id\":\"u1\"", 0, "\"a\":{\"b\":{\"0\":0}}", NAMED("principal", "0") },
    { "\"id\":\"u1\"", 0, "\"00\":0", NULL /* no array index */ },
    /* slot */
    { "occ/slot/1", 0, "occ/slot/2", "slotAllocation.version: \"occ/slot/2\", expected \"occ/slot/1\"" },
    { "\"counter\":\"10\"", 0, "\"counter\":10",
      "slotAllocation.counter: a number, expected a string of decimal digits" },
    { "\"time\":5", 0, "\"time\":0.5", "slotAllocation.time: 0.5, expected a whole number from 0 to 9007199254740991" },
    { "\"time\":5,", 0, "", NULL },
    { "\"chainId\":\"occ:main\"", 1, "\"chainId\":\"occ/main\"",
      "slotAllocation.chainId: \"occ/main\", expected 1 to 64 characters of A-Z a-z 0-9 . _ : -" },
    { "\"epochId\":\"e1\"", 1, "\"epochId\":\"\"", "slotAllocation.epochId: empty" },
    { NONCE_B64, 1, "AAAA", "slotAllocation.nonceB64: 3 bytes, expected 16 to 64" },
    { "\"publicKeyB64\":\"" KEY_B64, 1, "\"publicKeyB64\":\"AAAA",
      "slotAllocation.publicKeyB64: 3 bytes, expected 32" },
    { ZERO_SIGNATURE, 1, "AAAA", "slotAllocation.signatureB64: 3 bytes, expected 64" },
    /* epoch link */
    { "\"prevCounter\":\"11\"", 0, "\"prevCounter\":\"011\"",
      "commit.epochLink.prevCounter: \"011\", expected a decimal number without leading zeros" },
    { "\"prevEpochId\":\"e0\"", 0, "\"prevEpochId\":\"\"", "commit.epochLink.prevEpochId: empty" },
    { "\"prevProofHashB64\":\"" DIGEST_B64, 0, "\"prevProofHashB64\":\"AAAA",
      "commit.epochLink.prevProofHashB64: 3 bytes, expected 32" },
    { "\"prevPublicKeyB64\":\"" DIGEST_B64, 0, "\"prevPublicKeyB64\":\"AAAA",
      "commit.epochLink.prevPublicKeyB64: 3 bytes, expected 32" },
    { "\"toEpochId\"", 0, "\"toEpoch\"", "commit.epochLink.toEpochId: missing" },
    { "\"toPublicKeyB64\":\"" KEY_B64, 0, "\"toPublicKeyB64\":\"AAAA",
      "commit.epochLink.toPublicKeyB64: 3 bytes, expected 32" },
    { "\"prevMeasurement\":\"m0\"", 0, "\"prevMeasurement\":\"\"", "commit.epochLink.prevMeasurement: empty" },
    { "\"prevEnforcement\":\"stub\"", 0, "\"prevEnforcement\":\"x\"",
      "commit.epochLink.prevEnforcement: \"x\", expected \"stub\", \"hw-key\" or \"measured-tee\"" },
    { ",\"prevMeasurement\":\"m0\",\"prevEnforcement\":\"stub\"", 0, "", NULL },
    /* timestamps: both tokens by the same rules */
    { "\"authority\":\"tsa\"", 0, "\"authority\":\"\"", "timestamps.artifact.authority: empty" },
    { "\"authority\":\"tsa\"", 1, "\"authority\":1", "timestamps.proof.authority: a number, expected a string" },
    { "\"time\":\"2026", 0, "\"x\":\"2026", "timestamps.artifact.time: missing" },
    { "\"digestAlg\"", 1, "\"x\"", "timestamps.proof.digestAlg: missing" },
    { "\"tokenB64\":\"AAAA\"", 0, "\"tokenB64\":\"A\"", "timestamps.artifact.tokenB64: not canonical base64" },
    { "\"tokenB64\":\"AAAA\"", 1, "\"tokenB64\":\"\"", "timestamps.proof.tokenB64: empty" },
    { "\"digestB64\":\"" DIGEST_B64 "\",\"tokenB64\"", 0, "\"tokenB64\"", "timestamps.artifact.digestB64: missing" },
    { "\"artifact\":{\"authority\"", 0, "\"artifact\":null,\"x\":{\"authority\"",
      "timestamps.artifact: null, expected an object" },
    { "\"artifact\":{\"authority\"", 0, "\"later\":{\"authority\"", NULL },
};

static void
test_changes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        char *text = replace_nth(FULL_PROOF, changes[i].find, changes[i].which, changes[i].with);
        struct occ_json *root = parse_json(text);
        struct occ_error err = { 0 };
        struct occ_proof proof;
        const struct occ_result result = occ_proof_read(root, &err, &proof);
        assert_string_equal(err.text, changes[i].text == NULL ? "" : changes[i].text);
        assert_int_equal(result.code, changes[i].text == NULL ? OCC_OK : OCC_ERR_PROOF_STRUCTURE);
        occ_json_free(root);
        free(text);
    }
}

static void
test_full(void **state)
{
    (void)state;
    struct occ_json *root = parse_json(FULL_PROOF);
    const struct occ_proof proof = read_proof(root);
    assert_true(occ_bytes_is(proof.actor_key_id, HEX_64));
    assert_true(occ_bytes_is(proof.actor_provider, "passkey"));
    assert_true(occ_bytes_is(proof.attestation_format, "aws-nitro"));
    assert_true(occ_bytes_is(proof.attestation_report_b64, "AAAA"));
    assert_ptr_equal(proof.attestation_batch,
                     occ_json_get(occ_json_get(occ_json_get(root, "environment"), "attestation"), "batch"));
    assert_non_null(proof.attestation_batch);
    assert_int_equal(proof.enforcement, OCC_ENFORCEMENT_MEASURED_TEE);
    assert_ptr_equal(proof.agency, occ_json_get(root, "agency"));
    assert_ptr_equal(proof.attribution, occ_json_get(root, "attribution"));
    assert_ptr_equal(proof.policy, occ_json_get(root, "policy"));
    assert_ptr_equal(proof.principal, occ_json_get(root, "principal"));
    assert_ptr_equal(proof.slot_allocation, occ_json_get(root, "slotAllocation"));
    assert_ptr_equal(proof.timestamps, occ_json_get(root, "timestamps"));
    assert_ptr_equal(proof.epoch_link, occ_json_get(occ_json_get(root, "commit"), "epochLink"));
    occ_json_free(root);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
