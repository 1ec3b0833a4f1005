/*
 * tests/unit/proof/policy_judge.c — src/proof/policy_judge.c: a table of policies held against proofs with and without
 * evidence, every code reached with its exact sentence.
 */
#include "proof/policy.h"

#include "unit/proof/support.h"

#define TEE_ONLY \
    "{" ARTIFACT ",\"commit\":{\"nonceB64\":\"" NONCE_B64 "\"},\"environment\":{\"enforcement\":\"measured-tee\"," \
    "\"measurement\":\"m\"}," SIGNER ",\"version\":\"occ/1\"}"
#define HUGE_COUNTER "123456789012345678901234567890"

/* A software proof with counter, time and epoch; one with everything; a tier without evidence, and nothing optional. */
enum which { PLAIN, FULL, BARE, BORROWED };
/* A proof of tier stub that shows the measurement of a TEE. */
#define TEE_MEASUREMENT "AB" HEX_64 "0123456789abcdef0123456789abcd"
#define BORROWER \
    "{" ARTIFACT ",\"commit\":{\"nonceB64\":\"" NONCE_B64 "\"},\"environment\":{\"enforcement\":\"stub\"," \
    "\"measurement\":\"" TEE_MEASUREMENT "\"}," SIGNER ",\"version\":\"occ/1\"}"
static const char *const proofs[] = { PLAIN_PROOF, FULL_PROOF, TEE_ONLY, BORROWER };

/* None; all of it good, bound by the body; the key alone, a bare actor, timestamps of nobody known. */
enum evidence { NONE, ALL, WEAK };
static const struct occ_policy_evidence evidences[] = {
    [NONE] = { .why_no_attestation = "attestation format \"aws-nitro\" cannot be verified by this version" },
    [ALL] = { .attestation_verified = true,
              .binding = OCC_BINDING_BODY,
              .pcrs = { [0] = MEASUREMENT, [3] = HEX_64 },
              .actor_verified = true,
              .actor_covers_digest = true,
              .slot_verified = true,
              .timestamp_trusted = { true, true },
              .timestamp_ms = { 1000, 2000 } },
    [WEAK] = { .attestation_verified = true,
               .binding = OCC_BINDING_KEY,
               .actor_verified = true,
               .timestamp_trusted = { false, true },
               .timestamp_ms = { 0, 2000 } },
};

struct row {
    enum which proof;
    const char *policy;
    enum evidence evidence;
    enum occ_err code;
    const char *text;
};
#define GOOD(proof, policy) \
    { \
        proof, policy, NONE, OCC_OK, "" \
    }
#define BACKED(proof, policy) \
    { \
        proof, policy, ALL, OCC_OK, "" \
    }
#define BAD(proof, policy, code, text) \
    { \
        proof, policy, NONE, code, text \
    }
/* Refused in spite of good evidence; refused for it being weak. */
#define UNMET(proof, policy, code, text) \
    { \
        proof, policy, ALL, code, text \
    }
#define TOO_WEAK(policy, code, text) \
    { \
        FULL, policy, WEAK, code, text \
    }
#define UNVERIFIED "attestation format \"aws-nitro\" cannot be verified by this version"

static const struct row rows[] = {
    GOOD(PLAIN, "{}"),
    GOOD(FULL, "{}"),
    GOOD(BARE, "{}"),
    /* requireEnforcement: equality, not order; measured-tee only with evidence */
    GOOD(PLAIN, "{\"requireEnforcement\":\"stub\"}"),
    BAD(PLAIN, "{\"requireEnforcement\":\"hw-key\"}", OCC_ERR_POLICY_ENFORCEMENT,
        "enforcement \"stub\" does not meet required \"hw-key\""),
    BAD(PLAIN, "{\"requireEnforcement\":\"measured-tee\"}", OCC_ERR_POLICY_ENFORCEMENT,
        "enforcement \"stub\" does not meet required \"measured-tee\""),
    BAD(FULL, "{\"requireEnforcement\":\"hw-key\"}", OCC_ERR_POLICY_ENFORCEMENT,
        "enforcement \"measured-tee\" does not meet required \"hw-key\""),
    BAD(FULL, "{\"requireEnforcement\":\"stub\"}", OCC_ERR_POLICY_ENFORCEMENT,
        "enforcement \"measured-tee\" does not meet required \"stub\""),
    BAD(FULL, "{\"requireEnforcement\":\"measured-tee\"}", OCC_ERR_POLICY_ENFORCEMENT_CLAIMED,
        "enforcement \"measured-tee\" is only claimed: " UNVERIFIED),
    BAD(BARE, "{\"requireEnforcement\":\"measured-tee\"}", OCC_ERR_POLICY_ENFORCEMENT_CLAIMED,
        "enforcement \"measured-tee\" is only claimed: no attestation present"),
    BACKED(FULL, "{\"requireEnforcement\":\"measured-tee\"}"),
    GOOD(BARE, "{\"requireEnforcement\":\"measured-tee\",\"allowedPublicKeys\":[\"x\",\"" KEY_B64 "\"]}"),
    BAD(BARE, "{\"requireEnforcement\":\"measured-tee\",\"allowedPublicKeys\":[\"x\"]}", OCC_ERR_POLICY_PUBLIC_KEY,
        "public key not in allowed set"),
    /* allowedMeasurements */
    GOOD(PLAIN, "{\"allowedMeasurements\":[\"a\",\"stub:test\"]}"),
    BAD(PLAIN, "{\"allowedMeasurements\":[]}", OCC_ERR_POLICY_MEASUREMENT, "measurement not in allowed set"),
    BAD(PLAIN, "{\"allowedMeasurements\":[\"stub:tes\",\"STUB:TEST\",\"stub:test \"]}", OCC_ERR_POLICY_MEASUREMENT,
        "measurement not in allowed set"),
    BAD(FULL, "{\"allowedMeasurements\":[\"" MEASUREMENT "\"]}", OCC_ERR_POLICY_MEASUREMENT_CLAIMED,
        "measurement is only claimed: " UNVERIFIED),
    BAD(FULL, "{\"allowedMeasurements\":[\"m\"]}", OCC_ERR_POLICY_MEASUREMENT, "measurement not in allowed set"),
    BAD(BARE, "{\"allowedMeasurements\":[\"m\"]}", OCC_ERR_POLICY_MEASUREMENT_CLAIMED,
        "measurement is only claimed: no attestation present"),
    BACKED(FULL, "{\"allowedMeasurements\":[\"" MEASUREMENT "\"]}"),
    GOOD(BARE, "{\"allowedMeasurements\":[\"m\"],\"allowedPublicKeys\":[\"" KEY_B64 "\"]}"),
    /* a TEE's measurement on another tier is borrowed */
    BAD(BORROWED, "{\"allowedMeasurements\":[\"" TEE_MEASUREMENT "\"]}", OCC_ERR_POLICY_MEASUREMENT_CLAIMED,
        "measurement is only claimed: no attestation present"),
    GOOD(BORROWED, "{\"allowedMeasurements\":[\"" TEE_MEASUREMENT "\"],\"allowedPublicKeys\":[\"" KEY_B64 "\"]}"),
    GOOD(BORROWED, "{\"requireEnforcement\":\"stub\"}"),
    /* allowedPublicKeys: text, not bytes */
    GOOD(PLAIN, "{\"allowedPublicKeys\":[\"" KEY_B64 "\"]}"),
    BAD(PLAIN, "{\"allowedPublicKeys\":[\"" KEY_B64 " \"]}", OCC_ERR_POLICY_PUBLIC_KEY,
        "public key not in allowed set"),
    BAD(PLAIN, "{\"allowedPublicKeys\":[]}", OCC_ERR_POLICY_PUBLIC_KEY, "public key not in allowed set"),
    /* requireAttestation */
    GOOD(PLAIN, "{\"requireAttestation\":false}"),
    GOOD(FULL, "{\"requireAttestation\":false}"),
    BAD(PLAIN, "{\"requireAttestation\":true}", OCC_ERR_POLICY_ATTESTATION_MISSING,
        "attestation required but not present"),
    BAD(FULL, "{\"requireAttestation\":true}", OCC_ERR_POLICY_ATTESTATION_UNVERIFIED, UNVERIFIED),
    BAD(FULL, "{\"requireAttestation\":true,\"allowedPublicKeys\":[\"" KEY_B64 "\"]}",
        OCC_ERR_POLICY_ATTESTATION_UNVERIFIED, UNVERIFIED),
    BACKED(FULL, "{\"requireAttestation\":true}"),
    /* requireAttestationFormat */
    BAD(PLAIN, "{\"requireAttestationFormat\":[\"aws-nitro\"]}", OCC_ERR_POLICY_ATTESTATION_MISSING,
        "attestation required but not present"),
    BAD(PLAIN, "{\"requireAttestationFormat\":[]}", OCC_ERR_POLICY_ATTESTATION_MISSING,
        "attestation required but not present"),
    BAD(PLAIN, "{\"requireAttestationFormat\":[\"\"]}", OCC_ERR_POLICY_ATTESTATION_MISSING,
        "attestation required but not present"),
    BAD(FULL, "{\"requireAttestationFormat\":[\"sgx\"]}", OCC_ERR_POLICY_ATTESTATION_FORMAT,
        "attestation format not in allowed set"),
    BAD(FULL, "{\"requireAttestationFormat\":[]}", OCC_ERR_POLICY_ATTESTATION_FORMAT,
        "attestation format not in allowed set"),
    BAD(FULL, "{\"requireAttestationFormat\":[\"sgx\",\"aws-nitro\"]}", OCC_ERR_POLICY_ATTESTATION_UNVERIFIED,
        UNVERIFIED),
    BACKED(FULL, "{\"requireAttestationFormat\":[\"aws-nitro\"]}"),
    /* minCounter, maxCounter: integers of any size */
    GOOD(PLAIN, "{\"minCounter\":\"7\",\"maxCounter\":\"7\"}"),
    GOOD(FULL, "{\"minCounter\":\"9\",\"maxCounter\":\"100\"}"),
    BAD(PLAIN, "{\"minCounter\":\"8\"}", OCC_ERR_POLICY_COUNTER_LOW, "counter 7 below minimum 8"),
    BAD(PLAIN, "{\"minCounter\":\"10\"}", OCC_ERR_POLICY_COUNTER_LOW, "counter 7 below minimum 10"),
    BAD(PLAIN, "{\"minCounter\":\"" HUGE_COUNTER "\"}", OCC_ERR_POLICY_COUNTER_LOW,
        "counter 7 below minimum " HUGE_COUNTER),
    BAD(PLAIN, "{\"maxCounter\":\"6\"}", OCC_ERR_POLICY_COUNTER_HIGH, "counter 7 above maximum 6"),
    BAD(FULL, "{\"maxCounter\":\"9\"}", OCC_ERR_POLICY_COUNTER_HIGH, "counter 12 above maximum 9"),
    GOOD(PLAIN, "{\"maxCounter\":\"" HUGE_COUNTER "\"}"),
    BAD(BARE, "{\"minCounter\":\"0\"}", OCC_ERR_POLICY_COUNTER_MISSING, "counter required by policy but not present"),
    BAD(BARE, "{\"maxCounter\":\"" HUGE_COUNTER "\"}", OCC_ERR_POLICY_COUNTER_MISSING,
        "counter required by policy but not present"),
    /* minTime, maxTime */
    GOOD(PLAIN, "{\"minTime\":1741496392841,\"maxTime\":1741496392841}"),
    GOOD(PLAIN, "{\"minTime\":-1,\"maxTime\":1e300}"),
    BAD(PLAIN, "{\"minTime\":1741496392841.5}", OCC_ERR_POLICY_TIME_LOW,
        "time 1741496392841 before minimum 1741496392841.5"),
    BAD(PLAIN, "{\"maxTime\":1741496392840}", OCC_ERR_POLICY_TIME_HIGH,
        "time 1741496392841 after maximum 1741496392840"),
    BAD(BARE, "{\"minTime\":0}", OCC_ERR_POLICY_TIME_MISSING, "time required by policy but not present"),
    BAD(BARE, "{\"maxTime\":0}", OCC_ERR_POLICY_TIME_MISSING, "time required by policy but not present"),
    /* requireEpochId */
    GOOD(PLAIN, "{\"requireEpochId\":true}"),
    GOOD(BARE, "{\"requireEpochId\":false}"),
    BAD(BARE, "{\"requireEpochId\":true}", OCC_ERR_POLICY_EPOCH_MISSING, "epochId required by policy but not present"),
    /* requireActor and the actor lists */
    GOOD(PLAIN, "{\"requireActor\":false}"),
    GOOD(FULL, "{\"requireActor\":false}"),
    BAD(PLAIN, "{\"requireActor\":true}", OCC_ERR_POLICY_ACTOR_MISSING, "actor required but not present"),
    BAD(FULL, "{\"requireActor\":true}", OCC_ERR_POLICY_ACTOR_UNVERIFIED, "actor required but not verified"),
    BACKED(FULL, "{\"requireActor\":true}"),
    BAD(PLAIN, "{\"requireActor\":false,\"allowedActorKeyIds\":[\"" HEX_64 "\"]}", OCC_ERR_POLICY_ACTOR_MISSING,
        "actor required but not present"),
    BAD(PLAIN, "{\"allowedActorKeyIds\":[]}", OCC_ERR_POLICY_ACTOR_MISSING, "actor required but not present"),
    BAD(FULL, "{\"allowedActorKeyIds\":[]}", OCC_ERR_POLICY_ACTOR_KEY, "actor key not in allowed set"),
    BAD(FULL, "{\"allowedActorKeyIds\":[\"00\"]}", OCC_ERR_POLICY_ACTOR_KEY, "actor key not in allowed set"),
    BAD(FULL, "{\"allowedActorKeyIds\":[\"" HEX_64 "\"]}", OCC_ERR_POLICY_ACTOR_UNVERIFIED,
        "actor required but not verified"),
    BACKED(FULL, "{\"allowedActorKeyIds\":[\"" HEX_64 "\"]}"),
    BAD(PLAIN, "{\"allowedActorProviders\":[\"passkey\"]}", OCC_ERR_POLICY_ACTOR_MISSING,
        "actor required but not present"),
    BAD(FULL, "{\"allowedActorProviders\":[\"Passkey\"]}", OCC_ERR_POLICY_ACTOR_PROVIDER,
        "actor provider not in allowed set"),
    BAD(FULL, "{\"allowedActorProviders\":[]}", OCC_ERR_POLICY_ACTOR_PROVIDER, "actor provider not in allowed set"),
    BAD(FULL, "{\"allowedActorProviders\":[\"passkey\"]}", OCC_ERR_POLICY_ACTOR_UNVERIFIED,
        "actor required but not verified"),
    BACKED(FULL, "{\"allowedActorProviders\":[\"passkey\"]}"),
    /* requireSlot */
    GOOD(PLAIN, "{\"requireSlot\":false}"),
    BAD(PLAIN, "{\"requireSlot\":true}", OCC_ERR_POLICY_SLOT_MISSING, "slot required but not present"),
    BACKED(FULL, "{\"requireSlot\":true}"),
    /* requireActorBinding: asks for an actor, too */
    GOOD(FULL, "{\"requireActorBinding\":false}"),
    BAD(PLAIN, "{\"requireActorBinding\":true}", OCC_ERR_POLICY_ACTOR_MISSING, "actor required but not present"),
    BAD(FULL, "{\"requireActorBinding\":true}", OCC_ERR_POLICY_ACTOR_UNVERIFIED, "actor required but not verified"),
    TOO_WEAK("{\"requireActorBinding\":true}", OCC_ERR_POLICY_ACTOR_BINDING,
             "the actor's signature does not cover this artifact"),
    TOO_WEAK("{\"requireActor\":true}", OCC_OK, ""),
    BACKED(FULL, "{\"requireActorBinding\":true}"),
    /* allowedAttestationBindings: asks for an attestation, too */
    BAD(PLAIN, "{\"allowedAttestationBindings\":[\"body\"]}", OCC_ERR_POLICY_ATTESTATION_MISSING,
        "attestation required but not present"),
    BAD(FULL, "{\"allowedAttestationBindings\":[\"body\"]}", OCC_ERR_POLICY_ATTESTATION_UNVERIFIED, UNVERIFIED),
    BACKED(FULL, "{\"allowedAttestationBindings\":[\"batch\",\"body\"]}"),
    UNMET(FULL, "{\"allowedAttestationBindings\":[]}", OCC_ERR_POLICY_ATTESTATION_BINDING,
          "attestation binding \"body\" not in allowed set"),
    TOO_WEAK("{\"allowedAttestationBindings\":[\"batch\",\"body\"]}", OCC_ERR_POLICY_ATTESTATION_BINDING,
             "attestation binding \"key\" not in allowed set"),
    TOO_WEAK("{\"allowedAttestationBindings\":[\"key\"]}", OCC_OK, ""),
    /* requiredPcrs: asks for an attestation, too */
    BAD(PLAIN, "{\"requiredPcrs\":{}}", OCC_ERR_POLICY_ATTESTATION_MISSING, "attestation required but not present"),
    BAD(FULL, "{\"requiredPcrs\":{}}", OCC_ERR_POLICY_ATTESTATION_UNVERIFIED, UNVERIFIED),
    BACKED(FULL, "{\"requiredPcrs\":{}}"),
    BACKED(FULL, "{\"requiredPcrs\":{\"3\":[\"" MEASUREMENT "\",\"" HEX_64 "\"],\"0\":[\"" MEASUREMENT "\"]}}"),
    UNMET(FULL, "{\"requiredPcrs\":{\"3\":[\"" MEASUREMENT "\"]}}", OCC_ERR_POLICY_PCR, "PCR3 not in allowed set"),
    UNMET(FULL, "{\"requiredPcrs\":{\"3\":[]}}", OCC_ERR_POLICY_PCR, "PCR3 not in allowed set"),
    UNMET(FULL, "{\"requiredPcrs\":{\"8\":[\"" HEX_64 "\"]}}", OCC_ERR_POLICY_PCR, "PCR8 not in allowed set"),
    /* requireTimestamp, minTimestamp, maxTimestamp */
    BAD(PLAIN, "{\"requireTimestamp\":\"artifact\"}", OCC_ERR_POLICY_TIMESTAMP_MISSING,
        "timestamp required but not present: timestamps.artifact"),
    BAD(FULL, "{\"requireTimestamp\":[\"artifact\"]}", OCC_ERR_POLICY_TIMESTAMP_UNVERIFIED,
        "timestamp required but not of a trusted authority: timestamps.artifact"),
    TOO_WEAK("{\"requireTimestamp\":\"artifact\"}", OCC_ERR_POLICY_TIMESTAMP_UNVERIFIED,
             "timestamp required but not of a trusted authority: timestamps.artifact"),
    BACKED(FULL, "{\"requireTimestamp\":\"artifact\",\"minTimestamp\":1000,\"maxTimestamp\":1000}"),
    BAD(PLAIN, "{\"minTimestamp\":0}", OCC_ERR_POLICY_TIMESTAMP_MISSING, "timestamp required but not present"),
    BAD(PLAIN, "{\"maxTimestamp\":0}", OCC_ERR_POLICY_TIMESTAMP_MISSING, "timestamp required but not present"),
    BAD(FULL, "{\"maxTimestamp\":0}", OCC_ERR_POLICY_TIMESTAMP_UNVERIFIED,
        "timestamp required but not of a trusted authority"),
    BACKED(FULL, "{\"minTimestamp\":1000,\"maxTimestamp\":2000}"),
    UNMET(FULL, "{\"minTimestamp\":1001}", OCC_ERR_POLICY_TIMESTAMP_LOW, "timestamp 1000 before minimum 1001"),
    UNMET(FULL, "{\"maxTimestamp\":1999.5}", OCC_ERR_POLICY_TIMESTAMP_HIGH, "timestamp 2000 after maximum 1999.5"),
    UNMET(FULL, "{\"requireTimestamp\":\"artifact\",\"maxTimestamp\":999}", OCC_ERR_POLICY_TIMESTAMP_HIGH,
          "timestamp 1000 after maximum 999"),
    BACKED(FULL, "{\"requireTimestamp\":\"artifact\",\"maxTimestamp\":1999}"), /* the other one is not meant */
    /* the order: the seed's list, and what the proof says before what it cannot show */
    BAD(FULL, "{\"minCounter\":\"13\",\"requireEnforcement\":\"stub\"}", OCC_ERR_POLICY_ENFORCEMENT,
        "enforcement \"measured-tee\" does not meet required \"stub\""),
    BAD(FULL,
        "{\"requireEnforcement\":\"measured-tee\",\"allowedMeasurements\":[\"ac\"],\"requireAttestation\":true,"
        "\"minCounter\":\"100\"}",
        OCC_ERR_POLICY_MEASUREMENT, "measurement not in allowed set"),
    BAD(FULL,
        "{\"requireEnforcement\":\"measured-tee\",\"allowedMeasurements\":[\"" MEASUREMENT
        "\"],\"requireAttestation\":true,\"minCounter\":\"100\"}",
        OCC_ERR_POLICY_COUNTER_LOW, "counter 12 below minimum 100"),
    BAD(FULL, "{\"requireAttestation\":true,\"requireActor\":true}", OCC_ERR_POLICY_ATTESTATION_UNVERIFIED, UNVERIFIED),
};

static void
test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];
        struct occ_json *proof_root = parse_json(proofs[row->proof]);
        struct occ_json *policy_root = parse_json(row->policy);
        const struct occ_proof proof = read_proof(proof_root);
        struct occ_policy policy;
        struct occ_error err = { 0 };
        assert_true(occ_is_ok(occ_policy_read(policy_root, "policy", &err, &policy)));
        const struct occ_policy_evidence *evidence = &evidences[row->evidence];
        const struct occ_result result = occ_policy_judge(&policy, &proof, evidence, &err);
        if (result.code != row->code || strcmp(err.text, row->text) != 0) {
            fail_msg("%s on proof %d: %s: %s", row->policy, (int)row->proof, occ_result_name(result.code), err.text);
        }
        assert_int_equal(occ_policy_judge(&policy, &proof, evidence, NULL).code, row->code);
        occ_json_free(policy_root);
        occ_json_free(proof_root);
    }
}

/* The table above reaches every code of the group. */
static void
test_every_code_is_reached(void **state)
{
    (void)state;
    static const enum occ_err all[] = {
#define CODE(id, number, name, text) id,
        OCC_CODES(CODE)
#undef CODE
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        bool reached = all[i] < OCC_ERR_POLICY_ENFORCEMENT || all[i] > OCC_ERR_POLICY_TIMESTAMP_HIGH;
        for (size_t r = 0; !reached && r < sizeof rows / sizeof rows[0]; r++) {
            reached = rows[r].code == all[i];
        }
        if (!reached) {
            fail_msg("no case for %s", occ_result_name(all[i]));
        }
    }
}

/* Counters of any size, in the proof too. */
static void
test_huge_counter(void **state)
{
    (void)state;
    static const struct {
        const char *policy;
        const char *text;
    } cases[] = {
        { "{\"minCounter\":\"" HUGE_COUNTER "\",\"maxCounter\":\"" HUGE_COUNTER "\"}", "" },
        { "{\"maxCounter\":\"18446744073709551615\"}", "counter " HUGE_COUNTER " above maximum 18446744073709551615" },
        { "{\"minCounter\":\"" HUGE_COUNTER "0\"}", "counter " HUGE_COUNTER " below minimum " HUGE_COUNTER "0" },
    };
    char *text = replace(PLAIN_PROOF, "\"counter\":\"7\"", "\"counter\":\"" HUGE_COUNTER "\"");
    struct occ_json *root = parse_json(text);
    const struct occ_proof proof = read_proof(root);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct occ_json *value = parse_json(cases[i].policy);
        struct occ_policy policy;
        struct occ_error err = { 0 };
        assert_true(occ_is_ok(occ_policy_read(value, "policy", NULL, &policy)));
        const struct occ_policy_evidence none = { 0 };
        const struct occ_result result = occ_policy_judge(&policy, &proof, &none, &err);
        assert_int_equal(occ_is_ok(result), cases[i].text[0] == '\0');
        assert_string_equal(err.text, cases[i].text);
        occ_json_free(value);
    }
    occ_json_free(root);
    free(text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_every_code_is_reached),
        cmocka_unit_test(test_huge_counter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
