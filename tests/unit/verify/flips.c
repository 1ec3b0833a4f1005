/*
 * tests/unit/verify/flips.c — every byte of genuine proofs changed in turn, one bit each time: no change is accepted where it
 * should matter, and none crashes.
 *
 * What may change without a trace: text that no signature covers (an authority's name, metadata, the actor's own time in a
 * WebAuthn authorization), and nothing else. A change of an unsigned member's name may take the member away; then the report
 * must say less than before. A token brings certificates along that its signature does not cover, the authority's own among
 * them: one that is damaged is not used, and the report is the same to the letter.
 */
#include "unit/verify/whole.h"

/* The part of text where a change may be accepted: the value of a member. */
struct range {
    const char *first, *last;
};

static struct range
value_of(const char *text, const char *lead)
{
    const char *at = strstr(text, lead);
    assert_non_null(at);
    at += strlen(lead);
    return (struct range){ at, strchr(at, '"') };
}

static bool
is_inside(const char *at, const struct range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (at >= ranges[i].first && at < ranges[i].last) {
            return true;
        }
    }
    return false;
}

/* How much a report vouches for. */
static unsigned
strength_of(const occ_report *report)
{
    unsigned strength = 0;
    struct occ_check check = { .size = sizeof check };
    for (size_t i = 0; occ_report_check(report, i, &check); i++) {
        strength += check.status == OCC_CHECK_PASSED;
    }
    struct occ_timestamp timestamp = { .size = sizeof timestamp };
    for (unsigned i = 0; i < 2; i++) {
        strength += occ_report_timestamp(report, i, &timestamp) == 1 && timestamp.trusted == 1;
    }
    struct occ_actor actor = { .size = sizeof actor };
    return strength + (occ_report_actor(report, &actor) == 1 && actor.covers_artifact == 1);
}

/* A verification on its way through the changes of one proof. */
struct flipping {
    const occ_verifier *verifier;
    struct occ_verify_input input;
    unsigned strength; /* of the unchanged proof */
    char *report;
    const struct range *free, *token; /* ranges where a change may be accepted; where the report must stay the same */
    size_t free_count, token_count;
};

/* Holds an accepted change at one place against the rules above. */
static void
check_accepted(const struct flipping *flipping, const char *at, const occ_report *report)
{
    if (strength_of(report) < flipping->strength || is_inside(at, flipping->free, flipping->free_count)) {
        return;
    }
    if (!is_inside(at, flipping->token, flipping->token_count) ||
        strcmp(occ_report_json(report, NULL), flipping->report) != 0) {
        fail_msg("accepted, changed at %.60s", at);
    }
}

static void
begin(struct flipping *flipping)
{
    occ_report *report = NULL;
    assert_int_equal(occ_verify(flipping->verifier, &flipping->input, &report), OCC_OK);
    flipping->strength = strength_of(report);
    flipping->report = strdup(occ_report_json(report, NULL));
    assert_non_null(flipping->report);
    occ_report_free(report);
}

/* Flips one bit of each byte of text, another one from byte to byte; returns how many changes were accepted. */
static unsigned
flip_each(struct flipping flipping, char *text)
{
    unsigned accepted = 0;
    flipping.input =
        (struct occ_verify_input){ .size = sizeof flipping.input, .proof = text, .proof_len = strlen(text) };
    begin(&flipping);
    for (size_t i = 0; i < flipping.input.proof_len; i++) {
        text[i] = (char)((unsigned char)text[i] ^ (1u << (i % 8)));
        occ_report *report = NULL;
        const enum occ_err code = occ_verify(flipping.verifier, &flipping.input, &report);
        assert_true(code == OCC_OK || (code >= 40 && code < 70) || (code >= 100 && code < 200));
        if (code == OCC_OK) {
            check_accepted(&flipping, text + i, report);
            accepted++;
        }
        occ_report_free(report);
        text[i] = (char)((unsigned char)text[i] ^ (1u << (i % 8)));
    }
    free(flipping.report);
    return accepted;
}

static void
test_genuine(void **state)
{
    (void)state;
    char *pem = read_vector("rfc3161/freetsa-certs.pem");
    const struct occ_verifier_options options = { .size = sizeof options,
                                                  .tsa_roots = pem,
                                                  .tsa_roots_len = strlen(pem) };
    occ_verifier *verifier = NULL;
    assert_int_equal(occ_verifier_new(&options, &verifier), OCC_OK);
    char *text = read_vector("occ1/tee-webauthn.json");
    const char *timestamp = strstr(text, "\"timestamp\": ");
    assert_non_null(timestamp);
    const struct range free_ranges[] = { value_of(text, "\"authority\": \""), { timestamp, strchr(timestamp, ',') } };
    const struct range token = value_of(text, "\"tokenB64\": \"");
    const struct flipping flipping = {
        .verifier = verifier, .free = free_ranges, .free_count = 2, .token = &token, .token_count = 1
    };
    assert_true(flip_each(flipping, text) >= 10); /* the test sees what is accepted */
    free(text);
    occ_verifier_free(verifier);
    free(pem);
}

/* What the genuine one does not have: a strong challenge, a batch, a timestamp of the whole proof. */
static void
test_made(void **state)
{
    (void)state;
    struct whole_plan plan = whole_plan();
    plan.form = OCC_ACTOR_WEBAUTHN_STRONG;
    plan.document = WHOLE_BATCH;
    struct whole whole = whole_make(&plan);
    occ_verifier *verifier = whole_verifier(&whole);
    const char *second = strstr(whole.text, "\"proof\":{\"authority\"");
    assert_non_null(second);
    const char *metadata = strstr(whole.text, "\"metadata\":{\"a\":1}");
    const char *timestamp = strstr(whole.text, "\"timestamp\":");
    const struct range free_ranges[] = { value_of(whole.text, "\"authority\":\""),
                                         value_of(second, "\"authority\":\""),
                                         { metadata, metadata + strlen("\"metadata\":{\"a\":1}") },
                                         { timestamp, timestamp + strlen("\"timestamp\":1741496392800") } };
    const struct range tokens[] = { value_of(whole.text, "\"tokenB64\":\""), value_of(second, "\"tokenB64\":\"") };
    const struct flipping flipping = {
        .verifier = verifier, .free = free_ranges, .free_count = 4, .token = tokens, .token_count = 2
    };
    assert_true(flip_each(flipping, whole.text) >= 10);
    occ_verifier_free(verifier);
    whole_clear(&whole);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_genuine), cmocka_unit_test(test_made) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
