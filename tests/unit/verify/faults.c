/*
 * tests/unit/verify/faults.c — every allocation of a verification failed in turn: the answer is OCC_ERR_NOMEM, without
 * report, without leak (the sanitizers look), and never "valid".
 *
 * The allocator's functions are replaced for the whole process, so that the allocations of the JSON parser, which lies in
 * a library of its own, fail as well. Jansson does not always tell a failed allocation from malformed text: where one of
 * its own fails, a refusal is taken for an answer, too; "valid" never.
 */
#include <dlfcn.h>

#include "support/allocations.h"
#include "unit/verify/whole.h"

#ifndef ALLOCATIONS_ARE_REAL

/* Allocations until one fails; 0 = none fails. counted = how many there were since it was set. */
static unsigned fail_at;
static unsigned counted;
static bool fail_on;             /* and all after it, too */
static bool spare_crypto = true; /* libcrypto's do not count */
static bool armed;
static bool failed_in_parser, failed_in_crypto;

/*
 * True if this allocation is the one to fail. libcrypto can do without some of its own, and then gives the true verdict.
 */
UNCHECKED static bool
allocation_fails(const void *caller)
{
    if (!armed) {
        return false;
    }
    armed = false; /* dladdr may allocate */
    Dl_info info;
    const char *library = dladdr(caller, &info) != 0 && info.dli_fname != NULL ? info.dli_fname : "";
    const bool is_libcrypto = strstr(library, "libcrypto") != NULL;
    const bool is_parser = strstr(library, "libjansson") != NULL;
    armed = true;
    if (is_libcrypto && spare_crypto) {
        return false;
    }
    counted++;
    if (fail_at == 0 || (fail_on ? counted < fail_at : counted != fail_at)) {
        return false;
    }
    failed_in_parser = failed_in_parser || is_parser;
    failed_in_crypto = failed_in_crypto || is_libcrypto;
    return true;
}

/* Verifies with the allocation of that number failing, 0 = none; returns how many allocations there were. */
static unsigned
verify_failing(const occ_verifier *verifier, const struct occ_verify_input *input, unsigned at, enum occ_err expected)
{
    occ_report *report = NULL;
    fail_at = at;
    counted = 0;
    failed_in_parser = failed_in_crypto = false;
    armed = true;
    const enum occ_err code = occ_verify(verifier, input, &report);
    armed = false;
    if (failed_in_parser) {
        assert_int_not_equal(code, OCC_OK);
        assert_int_equal(report == NULL, code == OCC_ERR_NOMEM);
    } else if (at > 0) {
        assert_true(counted >= at);
        /* never a verdict for want of memory, but the true one */
        assert_true(code == OCC_ERR_NOMEM || (failed_in_crypto && code == expected));
        assert_int_equal(report == NULL, code == OCC_ERR_NOMEM);
    } else {
        assert_int_equal(code, expected);
        assert_non_null(report);
    }
    occ_report_free(report);
    return counted;
}

static void
fail_each(const char *proof, const char *policy, enum occ_err expected)
{
    occ_verifier *verifier = new_verifier();
    const struct occ_verify_input input = {
        .size = sizeof input,
        .proof = proof,
        .proof_len = strlen(proof),
        .policy = policy,
        .policy_len = strlen(policy),
    };
    const unsigned total = verify_failing(verifier, &input, 0, expected);
    assert_true(total > 5);
    for (unsigned at = 1; at <= total; at++) {
        fail_on = false;
        verify_failing(verifier, &input, at, expected);
        fail_on = true;
        verify_failing(verifier, &input, at, expected);
    }
    fail_on = false;
    occ_verifier_free(verifier);
}

static void
test_verify(void **state)
{
    (void)state;
    char *plain = sign_proof(PLAIN_PROOF);
    const struct whole_plan plan = {
        .tier = "stub", .measurement = "stub:x", .agency = true, .slot = true, .artifact_token = true
    };
    struct whole whole = whole_make(&plan);
    fail_each(plain, "{\"minCounter\":\"7\"}", OCC_OK);
    fail_each(whole.text, "{\"allowedPublicKeys\":[\"" KEY_B64 "\"]}", OCC_OK);
    fail_each(plain, "{\"minCounter\":\"8\"}", OCC_ERR_POLICY_COUNTER_LOW);
    fail_each(FULL_PROOF, "{}", OCC_ERR_SIGNATURE);
    fail_each(plain, "{\"unknown\":1}", OCC_ERR_FIELD_UNKNOWN);
    fail_each("[]", "{}", OCC_ERR_PROOF_STRUCTURE);
    whole_clear(&whole);
    free(plain);
}

/* As in our programs: then there is no exception, the parser's own allocations are told as what they are. */
static void
test_verify_watched(void **state)
{
    occ_json_watch_memory();
    test_verify(state);
}

/* What is libcrypto's, too: a key or a signature is never refused because memory was short. Tokens: crypto/timestamp_faults.c */
static void
test_verify_crypto(void **state)
{
    (void)state;
    spare_crypto = false;
    const struct whole_plan plan = { .tier = "stub", .measurement = "stub:x", .agency = true, .slot = true };
    struct whole whole = whole_make(&plan);
    fail_each(whole.text, "{}", OCC_OK);
    whole_set(&whole.text, "\"timestamp\":1741496392800", "\"timestamp\":1741496392801");
    fail_each(whole.text, "{}", OCC_ERR_ACTOR_SIGNATURE);
    whole_clear(&whole);
    spare_crypto = true;
}

/*
 * With all evidence, and one failed allocation: what the verifier keeps from then (certificates, documents) changes no verdict,
 * neither this one nor the next.
 */
static void
test_verify_evidence(void **state)
{
    (void)state;
    enum { STEP = 191 }; /* allocations: all of them would take minutes */
    struct whole_plan plan = whole_plan();
    plan.form = OCC_ACTOR_WEBAUTHN_STRONG;
    struct whole whole = whole_make(&plan);
    const char *policy = "{\"requireAttestation\":true,\"requireTimestamp\":\"proof\"}";
    const struct occ_verify_input input = { .size = sizeof input,
                                            .proof = whole.text,
                                            .proof_len = strlen(whole.text),
                                            .policy = policy,
                                            .policy_len = strlen(policy) };
    spare_crypto = false;
    unsigned total = 0;
    for (unsigned at = 0; at <= total; at += STEP) {
        occ_verifier *verifier = whole_verifier(&whole);
        const unsigned count = verify_failing(verifier, &input, at, OCC_OK);
        total = at == 0 ? count : total;
        verify_failing(verifier, &input, 0, OCC_OK);
        occ_verifier_free(verifier);
    }
    assert_true(total > 20 * STEP);
    spare_crypto = true;
    whole_clear(&whole);
}

static void
test_new_verifier(void **state)
{
    (void)state;
    occ_verifier_free(new_verifier()); /* the libraries' own set-up is done once */
    occ_verifier *verifier = NULL;
    fail_at = 1;
    counted = 0;
    armed = true;
    const enum occ_err code = occ_verifier_new(NULL, &verifier);
    armed = false;
    assert_int_equal(code, OCC_ERR_NOMEM);
    assert_null(verifier);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verify),        cmocka_unit_test(test_verify_watched), /* for the rest of the process */
        cmocka_unit_test(test_verify_crypto), cmocka_unit_test(test_verify_evidence),
        cmocka_unit_test(test_new_verifier),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
#endif
