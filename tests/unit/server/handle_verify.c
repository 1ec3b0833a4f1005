/* POST /verify without HTTP: bodies, verdicts, the report, and the query. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "codec/json.h"
#include "server/handle.h"

/* Seed 00 01 … 1f, from the computed vectors of the protocol: a proof with a signature that verifies. */
#define PROOF_WITH_COUNTER(counter) \
    "{\"version\":\"occ/1\",\"artifact\":{\"hashAlg\":\"sha256\"," \
    "\"digestB64\":\"jYl9NHJP0VcRVh6OMEIU5VAGva6cu5kdrnPrlNr/RnU=\"}," \
    "\"commit\":{\"nonceB64\":\"IiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiI=\",\"counter\":\"" counter "\"," \
    "\"time\":1741496392841,\"epochId\":\"iSAJhdfAUO4h5frrPSYXjEEt8mK10o7IOnNpZ/+0Ss8=\"}," \
    "\"signer\":{\"publicKeyB64\":\"A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=\"," \
    "\"signatureB64\":\"adBOfX8EuKK9HAv8RfKZL0Y/ZQPzBDMXebIoOi+Krvd6V08je9zHFJ6ZpGfvQ/eg9OMLWyVQjlltRWCU5Jl/Ag==\"}," \
    "\"environment\":{\"enforcement\":\"measured-tee\",\"measurement\":\"" MEASUREMENT "\"," \
    "\"attestation\":{\"format\":\"aws-nitro\",\"reportB64\":\"AAAA\"}}}"
#define MEASUREMENT \
    "abababababababababababababababababababababababab" \
    "abababababababababababababababababababababababab"

static occ_verifier *verifier;

static int
set_up(void **state)
{
    (void)state;
    return occ_verifier_new(NULL, &verifier) == OCC_OK ? 0 : -1;
}

static int
tear_down(void **state)
{
    (void)state;
    occ_verifier_free(verifier);
    return 0;
}

static void
check(const char *body, unsigned status, const char *expected)
{
    OCC_BUF_AUTO(answer, 1 << 20);
    struct occ_error err = { 0 };
    assert_int_equal(occ_handle_verify_body(verifier, occ_bytes_str(body), false, &answer, &err), status);
    occ_buf_put_byte(&answer, 0);
    assert_string_equal(status == 200 ? (const char *)answer.ptr : err.text, expected);
}

static void
test_malformed(void **state)
{
    (void)state;
    check("[]", 400, "body: an array, expected an object");
    check("{}", 400, "proof: missing, expected an object");
    check("{\"policy\":{}}", 400, "proof: missing, expected an object");
    check("{\"proof\":{},\"x\":1}", 400, "unknown field \"x\"");
    check("{\"proof\":{},\"policy\":{\"minCountr\":\"1\"}}", 400, "policy.minCountr: unknown field");
    check("{\"proof\":{},\"policy\":{\"minCounter\":1}}", 400,
          "policy.minCounter: a number, expected a string of decimal digits");
    struct occ_error err = { 0 };
    OCC_BUF_AUTO(answer, 4096);
    assert_int_equal(occ_handle_verify_body(verifier, occ_bytes_str("{\"proof\":"), false, &answer, &err), 400);
    assert_int_equal(err.code, OCC_ERR_JSON_SYNTAX);
    assert_int_equal(answer.len, 0);
}

/* JSON that is not a proof is a verdict, not an error. */
static void
test_no_proof(void **state)
{
    (void)state;
    static const char *const bodies[] = { "{\"proof\":{}}", "{\"proof\":null}", "{\"proof\":[]}", "{\"proof\":7}" };
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        OCC_BUF_AUTO(answer, 4096);
        struct occ_error err = { 0 };
        assert_int_equal(occ_handle_verify_body(verifier, occ_bytes_str(bodies[i]), false, &answer, &err), 200);
        assert_true(occ_bytes_starts(occ_buf_view(&answer), "{\"valid\":false,\"reason\":\""));
    }
}

static void
test_verdicts(void **state)
{
    (void)state;
    check("{\"proof\":" PROOF_WITH_COUNTER("1") "}", 200, "{\"valid\":true}");
    check("{\"proof\":" PROOF_WITH_COUNTER("2") "}", 200,
          "{\"valid\":false,\"reason\":\"signature verification failed\"}");
    check("{\"proof\":" PROOF_WITH_COUNTER("1") ",\"policy\":{\"minCounter\":\"1\"}}", 200, "{\"valid\":true}");
    check("{\"policy\":{\"minCounter\":\"100\"},\"proof\":" PROOF_WITH_COUNTER("1") "}", 200,
          "{\"valid\":false,\"reason\":\"counter 1 below minimum 100\"}");
    check("{\"proof\":" PROOF_WITH_COUNTER("1") ",\"policy\":{\"allowedMeasurements\":[]}}", 200,
          "{\"valid\":false,\"reason\":\"measurement not in allowed set\"}");
}

static void
test_report(void **state)
{
    (void)state;
    OCC_BUF_AUTO(answer, 1 << 20);
    struct occ_error err = { 0 };
    const char *body = "{\"proof\":" PROOF_WITH_COUNTER("2") "}";
    assert_int_equal(occ_handle_verify_body(verifier, occ_bytes_str(body), true, &answer, &err), 200);
    __attribute__((cleanup(occ_json_cleanup))) struct occ_json *root = NULL;
    assert_true(occ_is_ok(occ_json_parse(occ_buf_view(&answer), 64, &err, &root)));
    const struct occ_json *report = occ_json_get(root, "report");
    assert_true(occ_json_is(occ_json_get(root, "valid"), OCC_JSON_FALSE));
    assert_true(occ_json_is(occ_json_get(report, "valid"), OCC_JSON_FALSE));
    assert_true(occ_json_length(occ_json_get(report, "checks")) > 0);
}

static void
test_query(void **state)
{
    (void)state;
    static const struct {
        const char *query;
        bool good, report;
    } cases[] = {
        { "", true, false },
        { "report=1", true, true },
        { "report=0", true, false },
        { "a=b&report=1", true, true },
        { "a=b&&c", true, false },
        { "reporter=7", true, false },
        { "report", false, false },
        { "report=", false, false },
        { "report=true", false, false },
        { "report=2&a", false, false },
        { "report=11", false, false },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        bool report = false;
        assert_int_equal(occ_handle_verify_query(occ_bytes_str(cases[i].query), &report), cases[i].good);
        assert_int_equal(report, cases[i].report);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_malformed), cmocka_unit_test(test_no_proof), cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_report),    cmocka_unit_test(test_query),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
