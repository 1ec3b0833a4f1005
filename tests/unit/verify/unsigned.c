/* tests/unit/verify/unsigned.c — src/verify/unsigned.c: what no signature covers, inside of what brings its own signature, too. */
#include "verify/unsigned.h"
#include "unit/verify/whole.h"
#include "verify/report.h"

static void
collect(void *ctx, const char *parent, struct occ_bytes name, bool backed)
{
    occ_buf_put_format(ctx, "%s%s%.*s%c ", parent, parent[0] == '\0' ? "" : ".", OCC_BYTES_ARG(name),
                       backed ? '+' : '-');
}

/* The list for text, verified as whole's makers are trusted: "+" after what is backed, "-" after what is not. */
static void
assert_list(const struct whole *whole, const char *text, const char *expected)
{
    occ_report *report = NULL;
    const enum occ_err code = whole_verify(whole, text, NULL, &report);
    if (code != OCC_OK) {
        fail_msg("%s", occ_report_reason(report));
    }
    struct occ_json *root = parse_json(text);
    const struct occ_proof proof = read_proof(root);
    OCC_BUF_AUTO(list, 4096);
    occ_unsigned_each(report, &proof, collect, &list);
    occ_buf_put_byte(&list, 0);
    assert_string_equal((const char *)list.ptr, expected);
    occ_json_free(root);
    occ_report_free(report);
}

#define REST \
    "timestamps+ timestamps.artifact.authority- timestamps.proof.authority- environment.attestation.reportB64+ " \
    "agency.authorization+ "

static void
test_genuine(void **state)
{
    (void)state;
    struct whole_plan plan = whole_plan();
    struct whole direct = whole_make(&plan);
    assert_list(&direct, direct.text, "metadata- slotAllocation+ " REST);
    whole_clear(&direct);

    plan.form = OCC_ACTOR_WEBAUTHN_STRONG; /* its own time is in nothing that the device signs */
    struct whole webauthn = whole_make(&plan);
    assert_list(&webauthn, webauthn.text, "metadata- slotAllocation+ " REST "agency.authorization.timestamp- ");
    occ_buf_clear(&webauthn.tsa_root); /* tokens of nobody known vouch for nothing */
    assert_list(&webauthn, webauthn.text,
                "metadata- slotAllocation+ timestamps- environment.attestation.reportB64+ agency.authorization+ "
                "agency.authorization.timestamp- ");
    whole_clear(&webauthn);
}

/* Somebody put a note into each part that is signed on its own. The proof stays valid; the note is nobody's. */
static void
test_put_in(void **state)
{
    (void)state;
    static const struct {
        const char *find, *with, *expected;
    } cases[] = {
        { "\"version\":\"occ/slot/1\"", "\"version\":\"occ/slot/1\",\"note\":1",
          "metadata- slotAllocation+ slotAllocation.note- " REST },
        { "\"timestamps\":{", "\"timestamps\":{\"note\":1,",
          "metadata- slotAllocation+ timestamps+ timestamps.note- timestamps.artifact.authority- "
          "timestamps.proof.authority- environment.attestation.reportB64+ agency.authorization+ " },
        { "\"proof\":{\"authority\"", "\"proof\":{\"note\":1,\"authority\"",
          "metadata- slotAllocation+ timestamps+ timestamps.artifact.authority- timestamps.proof.note- "
          "timestamps.proof.authority- environment.attestation.reportB64+ agency.authorization+ " },
        { "\"authorization\":{", "\"authorization\":{\"note\":1,",
          "metadata- slotAllocation+ " REST "agency.authorization.note- " },
        { "\"authorization\":{", "\"authorization\":{\"clientDataJSON\":\"{}\",",
          "metadata- slotAllocation+ " REST "agency.authorization.clientDataJSON- " },
    };
    const struct whole_plan plan = whole_plan();
    struct whole whole = whole_make(&plan);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *text = replace(whole.text, cases[i].find, cases[i].with);
        assert_list(&whole, text, cases[i].expected);
        free(text);
    }
    whole_clear(&whole);
}

/* A name that reads like a path is not the member at that path. */
static void
test_names_like_paths(void **state)
{
    (void)state;
    struct whole_plan plan = { .tier = "stub", .measurement = "stub:x" };
    struct whole whole = whole_make(&plan);
    char *text = replace(whole.text, "\"metadata\":", "\"environment.attestation.reportB64\":1,\"metadata\":");
    assert_list(&whole, text, "environment.attestation.reportB64- metadata- ");
    free(text);
    whole_clear(&whole);
}

/* An attestation shows a program in a TEE. That the key is in hardware stays a claim. */
static void
test_claimed_tier(void **state)
{
    (void)state;
    static const char *const tiers[] = { "measured-tee", "hw-key", "stub" };
    for (size_t i = 0; i < 3; i++) {
        struct whole_plan plan = { .tier = tiers[i], .document = WHOLE_BODY };
        struct whole whole = whole_make(&plan);
        occ_report *report = NULL;
        assert_int_equal(whole_verify(&whole, whole.text, NULL, &report), OCC_OK);
        const char *claimed = i == 0 ? "\"claimed\":[\"time\"]" : "\"claimed\":[\"enforcement\",\"time\"]";
        assert_non_null(strstr(occ_report_json(report, NULL), claimed));
        occ_report_free(report);
        whole_clear(&whole);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_genuine), cmocka_unit_test(test_put_in),
                                        cmocka_unit_test(test_names_like_paths), cmocka_unit_test(test_claimed_tier) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
