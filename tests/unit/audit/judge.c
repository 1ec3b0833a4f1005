/* Tests of src/audit/judge.c. */
#include "unit/audit/ledger.h"

#include <assert.h>

#include "audit/judge.h"

static occ_verifier *verifier;

static struct occ_judged
judge_text(const char *text, const char *policy_text)
{
    struct occ_judged judged = { .verdict = OCC_VERDICT_MALFORMED };
    struct occ_json *policy = policy_text == NULL ? NULL : parse_json(policy_text);
    struct occ_judge judge;
    assert_true(occ_is_ok(occ_judge_init(&judge)));
    assert_true(occ_is_ok(occ_judge_proof(&judge, verifier, policy, occ_bytes_str(text), &judged)));
    occ_judge_clear(&judge);
    occ_json_free(policy);
    return judged;
}

static void
test_verdicts(void **state)
{
    (void)state;
    char *good = sign_proof(PLAIN_PROOF);
    struct occ_judged judged = judge_text(good, NULL);
    assert_int_equal(judged.verdict, OCC_VERDICT_VALID);
    assert_true(judged.in_chain);
    assert_true(occ_bytes_is(occ_counter_text(&judged.record.counter), "7"));

    judged = judge_text(good, "{\"minCounter\":\"8\"}"); /* refused by the policy, and still in its chain */
    assert_int_equal(judged.verdict, OCC_VERDICT_NOT_VALID);
    assert_int_equal(judged.why.code, OCC_ERR_POLICY_COUNTER_LOW);
    assert_true(judged.in_chain);

    judged = judge_text(PLAIN_PROOF, NULL);
    assert_int_equal(judged.verdict, OCC_VERDICT_NOT_VALID);
    assert_string_equal(judged.why.text, "signature verification failed");
    assert_false(judged.in_chain);

    judged = judge_text("{}", NULL);
    assert_int_equal(judged.verdict, OCC_VERDICT_NOT_VALID);
    assert_int_equal(judged.why.code, OCC_ERR_PROOF_STRUCTURE);
    assert_false(judged.in_chain);

    judged = judge_text("{\"a\":1,\"a\":2}", NULL);
    assert_int_equal(judged.verdict, OCC_VERDICT_MALFORMED);
    assert_int_equal(judged.why.code, OCC_ERR_JSON_DUPLICATE);
    free(good);
}

/* Verified or not, a simulated attestation is called one; of a proof that nobody signed nothing is said. */
static void
test_simulated(void **state)
{
    (void)state;
    char *text = replace(PLAIN_PROOF, "\"enforcement\":",
                         "\"attestation\":{\"format\":\"sim-nitro\",\"reportB64\":\"AAAA\"},\"enforcement\":");
    char *signed_text = sign_proof(text);
    struct occ_judged judged = judge_text(signed_text, NULL);
    assert_int_equal(judged.verdict, OCC_VERDICT_VALID);
    assert_true(judged.simulated);
    judged = judge_text(text, NULL);
    assert_false(judged.simulated);
    free(signed_text);
    free(text);
}

static void
test_counter_too_long(void **state)
{
    (void)state;
    char digits[100] = "\"counter\":\"";
    memset(digits + strlen(digits), '9', OCC_LIMIT_AUDIT_COUNTER_LEN + 1);
    strcat(digits, "\"");
    char *text = replace(PLAIN_PROOF, "\"counter\":\"7\"", digits);
    char *signed_text = sign_proof(text);
    const struct occ_judged judged = judge_text(signed_text, NULL);
    assert_int_equal(judged.verdict, OCC_VERDICT_NOT_VALID);
    assert_int_equal(judged.why.code, OCC_ERR_LIMIT);
    assert_string_equal(judged.why.text, "commit.counter: 65 digits, at most 64 can be put in order");
    assert_false(judged.in_chain);
    free(text);
    free(signed_text);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_verdicts), cmocka_unit_test(test_simulated),
                                        cmocka_unit_test(test_counter_too_long) };
    assert(occ_verifier_new(NULL, &verifier) == OCC_OK);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    occ_verifier_free(verifier);
    return failed;
}
