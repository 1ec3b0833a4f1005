/*
 * tests/unit/verify/threads.c — one verifier, many threads, whole proofs: genuine ones, broken ones and those of other roots,
 * mixed. Every report is, to the byte, the one that a verifier of its own gives: what the verifier remembers from one proof
 * changes nothing about another. The tsan preset looks at the rest.
 */
#include <pthread.h>

#include "unit/verify/whole.h"

enum { TEXTS = 6, THREADS = 4, ROUNDS = 5 };

struct sample {
    char *text;
    enum occ_err code;
    char *json; /* the report of a verifier that has seen nothing else */
};

struct work {
    const occ_verifier *verifier;
    const struct sample *samples;
    size_t first;
    unsigned wrong;
};

static enum occ_err
verify_one(const occ_verifier *verifier, const char *text, occ_report **ret_report)
{
    const struct occ_verify_input input = { .size = sizeof input, .proof = text, .proof_len = strlen(text) };
    return occ_verify(verifier, &input, ret_report);
}

static void *
verify_all(void *argument)
{
    struct work *work = argument;
    for (size_t i = 0; i < TEXTS * ROUNDS; i++) {
        const struct sample *sample = &work->samples[(work->first + i) % TEXTS];
        occ_report *report = NULL;
        work->wrong += verify_one(work->verifier, sample->text, &report) != sample->code;
        work->wrong += strcmp(occ_report_json(report, NULL), sample->json) != 0;
        occ_report_free(report);
    }
    return NULL;
}

/* The proof with a character in the middle of its document's base64 changed: in a certificate, the text stays base64. */
static char *
break_document(const char *text)
{
    char *broken = strdup(text);
    assert_non_null(broken);
    char *at = strstr(broken, "\"reportB64\":\"");
    assert_non_null(at);
    at += 1200;
    *at = *at == 'A' ? 'B' : 'A';
    return broken;
}

static void
test_threads(void **state)
{
    (void)state;
    struct whole_plan plan = whole_plan();
    struct whole own = whole_make(&plan);
    plan.form = OCC_ACTOR_WEBAUTHN_STRONG;
    struct whole foreign = whole_make(&plan); /* under another root */
    struct sample samples[TEXTS] = {
        { .text = strdup(own.text) },
        { .text = break_document(own.text) },
        { .text = strdup(foreign.text) },
        { .text = replace(own.text, "\"time\":\"2025-03-09T04:59:52Z\"", "\"time\":\"2025-03-09T04:59:53Z\"") },
        { .text = replace(own.text, "\"counter\":\"12\"", "\"counter\":\"13\"") },
        { .text = sign_proof(PLAIN_PROOF) },
    };
    for (size_t i = 0; i < TEXTS; i++) {
        occ_report *report = NULL;
        samples[i].code = whole_verify(&own, samples[i].text, NULL, &report);
        samples[i].json = strdup(occ_report_json(report, NULL));
        occ_report_free(report);
    }
    assert_int_equal(samples[0].code, OCC_OK);
    assert_in_range(samples[1].code, OCC_ERR_NITRO_DOCUMENT, OCC_ERR_NITRO_SIGNATURE);
    assert_int_equal(samples[2].code, OCC_ERR_NITRO_PATH);
    assert_int_equal(samples[3].code, OCC_ERR_TIMESTAMP_FIELDS);
    assert_int_equal(samples[4].code, OCC_ERR_SIGNATURE);
    assert_int_equal(samples[5].code, OCC_OK);

    occ_verifier *verifier = whole_verifier(&own);
    struct work works[THREADS];
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        works[i] = (struct work){ verifier, samples, i, 0 };
        assert_int_equal(pthread_create(&threads[i], NULL, verify_all, &works[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(works[i].wrong, 0);
    }
    occ_verifier_free(verifier);
    for (size_t i = 0; i < TEXTS; i++) {
        free(samples[i].text);
        free(samples[i].json);
    }
    whole_clear(&foreign);
    whole_clear(&own);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_threads) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
