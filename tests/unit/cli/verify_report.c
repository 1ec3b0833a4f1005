/* tests/unit/cli/verify_report.c — src/cli/verify_report.c: nothing in a proof's text reads as something that we say. */
#include "cli/verify_report.h"
#include "unit/verify/whole.h"

static void
put_report(struct occ_buf *out, const struct whole *whole, const char *text)
{
    occ_report *report = NULL;
    assert_int_equal(whole_verify(whole, text, NULL, &report), OCC_OK);
    struct occ_json *root = parse_json(text);
    const struct occ_verify_view view = { .proof_name = "p.json" };
    occ_verify_report_put(out, &view, root, report);
    occ_buf_put_byte(out, 0);
    assert_true(occ_is_ok(occ_buf_check(out)));
    occ_json_free(root);
    occ_report_free(report);
}

static void
test_forged_names(void **state)
{
    (void)state;
    const struct whole_plan plan = { .tier = "stub", .measurement = "stub:x", .slot = true };
    struct whole whole = whole_make(&plan);
    char *text = replace(whole.text, "\"metadata\":",
                         "\"note (verified by its own signature)\":1,\"a, b\":2,\"c.d\":3,\"\":4,\"\\u001b[2J\":5,"
                         "\"\\u202e\":6,\"metadata\":");
    OCC_BUF_AUTO(out, 1 << 16);
    put_report(&out, &whole, text);
    assert_non_null(strstr((const char *)out.ptr,
                           "  not signed    \"note (verified by its own signature)\", \"a, b\", \"c.d\", \"\", "
                           "\"\\u001b[2J\", \"\\u202e\", metadata, slotAllocation (verified by its own signature)\n"));
    free(text);
    whole_clear(&whole);
}

/* Neither a fitting genTime of nobody known, nor a tier that no document shows, is dressed up. */
static void
test_no_more_than_known(void **state)
{
    (void)state;
    struct whole_plan plan = whole_plan();
    plan.tier = "hw-key";
    struct whole whole = whole_make(&plan);
    OCC_BUF_AUTO(out, 1 << 16);
    put_report(&out, &whole, whole.text);
    assert_non_null(strstr((const char *)out.ptr, "; while the attestation's certificate was valid\n"));
    assert_non_null(
        strstr((const char *)out.ptr, "hw-key (as the signer claims: no evidence for it was verified here)"));
    occ_buf_reset(&out);
    occ_buf_clear(&whole.tsa_root);
    put_report(&out, &whole, whole.text);
    assert_non_null(strstr((const char *)out.ptr, "NOT of a trusted authority"));
    assert_null(strstr((const char *)out.ptr, "while the attestation's certificate"));
    whole_clear(&whole);
}

/* A simulated attestation is called so. */
static void
test_simulated(void **state)
{
    (void)state;
    const struct whole_plan plan = { .tier = "stub", .document = WHOLE_BODY, .simulated = true };
    struct whole whole = whole_make(&plan);
    OCC_BUF_AUTO(out, 1 << 16);
    put_report(&out, &whole, whole.text);
    const char *text = (const char *)out.ptr;
    assert_non_null(strstr(text, "valid (SIMULATED attestation)\n"));
    assert_non_null(strstr(text, "✓ attestation SIMULATED document about this very proof"));
    assert_non_null(strstr(text, "  attestation   SIMULATED document of "));
    assert_non_null(strstr(text, "  root          the simulation's, given with --sim-nitro-root, SHA-256 "));
    assert_non_null(strstr(text, "stub (a software key, which vouches for nothing but itself)"));
    whole_clear(&whole);
}

/* An origin that nobody held against anything is only what the assertion says. */
static void
test_origin(void **state)
{
    (void)state;
    const struct whole_plan plan = {
        .tier = "stub", .measurement = "stub:x", .agency = true, .form = OCC_ACTOR_WEBAUTHN_BARE
    };
    struct whole whole = whole_make(&plan);
    OCC_BUF_AUTO(out, 1 << 16);
    put_report(&out, &whole, whole.text);
    assert_non_null(strstr((const char *)out.ptr, "  origin        " WHOLE_ORIGIN "\n"));
    occ_buf_reset(&out);
    occ_report *report = NULL;
    assert_int_equal(verify_text(whole.text, NULL, NULL, &report), OCC_OK);
    struct occ_json *root = parse_json(whole.text);
    occ_verify_report_put(&out, &(struct occ_verify_view){ .proof_name = "p.json" }, root, report);
    occ_buf_put_byte(&out, 0);
    assert_non_null(
        strstr((const char *)out.ptr, "  origin        " WHOLE_ORIGIN " (no --origin was given to hold it against)\n"));
    occ_json_free(root);
    occ_report_free(report);
    whole_clear(&whole);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_forged_names), cmocka_unit_test(test_no_more_than_known),
                                        cmocka_unit_test(test_simulated), cmocka_unit_test(test_origin) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
