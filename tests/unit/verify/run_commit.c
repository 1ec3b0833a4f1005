/* tests/unit/verify/run_commit.c — src/verify/run_commit.c: actors, slots and epoch links, as a report tells of them. */
#include "unit/verify/whole.h"

static void
test_actor_forms(void **state)
{
    (void)state;
    static const struct {
        enum occ_actor_form form;
        const char *name, *text;
        bool covers;
    } cases[] = {
        { OCC_ACTOR_DIRECT, "direct", "the actor signed for this digest", true },
        { OCC_ACTOR_WEBAUTHN_STRONG, "webauthn-strong",
          "the actor signed for this digest (WebAuthn, challenge made from the digest)", true },
        { OCC_ACTOR_WEBAUTHN_BARE, "webauthn-bare",
          "the actor signed a challenge that does not cover the digest (WebAuthn)", false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct whole_plan plan = {
            .tier = "stub", .measurement = "stub:x", .agency = true, .form = cases[i].form
        };
        struct whole whole = whole_make(&plan);
        occ_report *report = NULL;
        assert_int_equal(whole_verify(&whole, whole.text, "{\"requireActor\":true}", &report), OCC_OK);
        assert_check(report, "agency", OCC_CHECK_PASSED, cases[i].text);
        struct occ_actor found = { .size = sizeof found };
        assert_int_equal(occ_report_actor(report, &found), 1);
        assert_int_equal(found.verified, 1);
        assert_string_equal(found.form, cases[i].name);
        assert_string_equal(found.provider, "passkey");
        assert_int_equal(found.covers_artifact, cases[i].covers);
        assert_int_equal(found.first_of_batch, 0);
        const bool direct = cases[i].form == OCC_ACTOR_DIRECT;
        assert_string_equal(found.rp_id, direct ? "" : WHOLE_RP_ID);
        assert_string_equal(found.origin, direct ? "" : WHOLE_ORIGIN);
        assert_true(found.time_ms == (direct ? 1741496392800.0 : 0)); /* signed, or not told */
        occ_report_free(report);
        assert_int_equal(whole_verify(&whole, whole.text, "{\"requireActorBinding\":true}", NULL),
                         cases[i].covers ? OCC_OK : OCC_ERR_POLICY_ACTOR_BINDING);
        /* A verifier that was told no names asks for none. */
        assert_int_equal(verify_text(whole.text, "{\"requireActor\":true}", NULL, NULL), OCC_OK);
        whole_clear(&whole);
    }
}

/* An authorization of a form that nobody here knows. */
static void
test_unknown_form(void **state)
{
    (void)state;
    const struct whole_plan plan = { .tier = "stub", .measurement = "stub:x", .agency = true };
    struct whole whole = whole_make(&plan);
    char *text = replace(whole.text, "\"purpose\":", "\"format\":\"smart-card\",\"purpose\":");
    occ_report *report = NULL;
    assert_int_equal(whole_verify(&whole, text, NULL, &report), OCC_OK);
    assert_int_equal(find_check(report, "agency").status, OCC_CHECK_NOT_PERFORMED);
    struct occ_actor found = { .size = sizeof found };
    assert_int_equal(occ_report_actor(report, &found), 1);
    assert_int_equal(found.verified, 0);
    assert_string_equal(found.form, "");
    occ_report_free(report);
    assert_int_equal(whole_verify(&whole, text, "{\"requireActor\":true}", NULL), OCC_ERR_POLICY_ACTOR_UNVERIFIED);
    free(text);
    whole_clear(&whole);
}

/* The actor is signed, the authorization is not: another actor's authorization, or another digest's, does not pass. */
static void
test_actor_refusals(void **state)
{
    (void)state;
    static const struct whole_change changes[] = {
        { "\"artifactHash\":\"" DIGEST_B64, "\"artifactHash\":\"" NONCE_B64, OCC_ERR_ACTOR_DIGEST },
        { "\"timestamp\":1741496392800", "\"timestamp\":1741496392801", OCC_ERR_ACTOR_SIGNATURE },
        { "\"signatureB64\":\"ME", "\"signatureB64\":\"MF", OCC_ERR_ACTOR_SIGNATURE },
        { "\"actorKeyId\":\"", "\"actorKeyId\":\"0", OCC_ERR_PROOF_STRUCTURE },
        { "\"provider\":\"passkey\"", "\"provider\":\"other\"", OCC_ERR_SIGNATURE },
    };
    const struct whole_plan plan = { .tier = "stub", .measurement = "stub:x", .agency = true };
    struct whole whole = whole_make(&plan);
    whole_check_changes(&whole, changes, sizeof changes / sizeof changes[0]);
    whole_clear(&whole);
}

static void
test_slot_and_link(void **state)
{
    (void)state;
    const struct whole_plan plan = { .tier = "stub", .measurement = "stub:x", .slot = true, .epoch_link = true };
    struct whole whole = whole_make(&plan);
    occ_report *report = NULL;
    assert_int_equal(whole_verify(&whole, whole.text, "{\"requireSlot\":true}", &report), OCC_OK);
    assert_checks(report, "structure+ signature+ slot+ epoch-link+ policy+");
    const char *json = occ_report_json(report, NULL);
    assert_non_null(strstr(json, "\"slot\":{\"counter\":\"11\",\"time\":1741496392000,\"hashWithoutChainId\":false}"));
    assert_non_null(strstr(json, "\"epochLink\":{\"prevEpochId\":\"e0\",\"prevCounter\":\"10\","));
    occ_report_free(report);
    char *changed = replace(whole.text, "\"time\":1741496392000", "\"time\":1741496392001");
    assert_int_equal(whole_verify(&whole, changed, NULL, &report), OCC_ERR_SLOT_HASH);
    assert_null(strstr(occ_report_json(report, NULL), "\"evidence\""));
    occ_report_free(report);
    free(changed);
    assert_int_equal(verify_text(PLAIN_PROOF, "{\"requireSlot\":true}", NULL, NULL), OCC_ERR_SIGNATURE);
    whole_clear(&whole);
}

/* A peer's batch: in the bare form the device signed no digest, not that of the first either. */
static void
test_batch(void **state)
{
    (void)state;
    static const struct {
        enum occ_actor_form form;
        const char *text;
    } cases[] = {
        { OCC_ACTOR_DIRECT, "the actor signed for this digest" },
        { OCC_ACTOR_WEBAUTHN_STRONG, "the actor signed for this digest (WebAuthn, challenge made from the digest)" },
        { OCC_ACTOR_WEBAUTHN_BARE, "the actor signed a challenge that does not cover the digest (WebAuthn)" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct whole_plan plan = {
            .tier = "stub", .measurement = "stub:x", .agency = true, .form = cases[i].form
        };
        struct whole whole = whole_make(&plan);
        whole_set(&whole.text, "\"authorization\":{",
                  "\"batchContext\":{\"batchIndex\":0,\"batchSize\":1,\"batchDigests\":[\"" DIGEST_B64
                  "\"]},\"authorization\":{");
        occ_report *report = NULL;
        assert_int_equal(whole_verify(&whole, whole.text, NULL, &report), OCC_OK);
        assert_check(report, "agency", OCC_CHECK_PASSED, cases[i].text);
        struct occ_actor actor = { .size = sizeof actor };
        assert_int_equal(occ_report_actor(report, &actor), 1);
        assert_int_equal(actor.first_of_batch, 1);
        assert_int_equal(actor.covers_artifact, cases[i].form != OCC_ACTOR_WEBAUTHN_BARE);
        occ_report_free(report);
        whole_clear(&whole);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_actor_forms), cmocka_unit_test(test_unknown_form),
                                        cmocka_unit_test(test_actor_refusals), cmocka_unit_test(test_slot_and_link),
                                        cmocka_unit_test(test_batch) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
