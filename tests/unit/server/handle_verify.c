/* POST /verify without HTTP: bodies, verdicts, the report, and the query. */
#include "server/handle.h"
#include "unit/proof/support.h"

/* A request about PLAIN_PROOF, whose counter is 7; "@" stands for the proof, signed or not. */
static char *
body_of(const char *text, bool is_signed)
{
    char *proof = is_signed ? sign_proof(PLAIN_PROOF) : strdup(PLAIN_PROOF);
    assert_non_null(proof);
    char *body = replace(text, "@", proof);
    free(proof);
    return body;
}

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
    static const struct {
        const char *text;
        bool is_signed;
        const char *answer;
    } cases[] = {
        { "{\"proof\":@}", true, "{\"valid\":true}" },
        { "{\"proof\":@}", false, "{\"valid\":false,\"reason\":\"signature verification failed\"}" },
        { "{\"proof\":@,\"policy\":{\"minCounter\":\"7\"}}", true, "{\"valid\":true}" },
        { "{\"policy\":{\"minCounter\":\"100\"},\"proof\":@}", true,
          "{\"valid\":false,\"reason\":\"counter 7 below minimum 100\"}" },
        { "{\"proof\":@,\"policy\":{\"allowedMeasurements\":[]}}", true,
          "{\"valid\":false,\"reason\":\"measurement not in allowed set\"}" },
        { "{\"proof\":@,\"policy\":{\"requireTimestamp\":\"artifact\"}}", true,
          "{\"valid\":false,\"reason\":\"timestamp required but not present: timestamps.artifact\"}" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *body = body_of(cases[i].text, cases[i].is_signed);
        check(body, 200, cases[i].answer);
        free(body);
    }
}

static void
free_text(char **text)
{
    free(*text);
}

static void
test_report(void **state)
{
    (void)state;
    OCC_BUF_AUTO(answer, 1 << 20);
    struct occ_error err = { 0 };
    __attribute__((cleanup(free_text))) char *body = body_of("{\"proof\":@}", false);
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
