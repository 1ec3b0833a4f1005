/* tests/unit/verify/verifier.c — src/verify/verifier.c: the entry points, what they refuse, and many threads at once. */
#include <pthread.h>

#include <openssl/err.h>

#include "evidence/nitro.h"
#include "sim/maker.h"
#include "unit/verify/support.h"
#include "verify/verify.h"

static void
test_names(void **state)
{
    (void)state;
    assert_string_equal(occ_version(), OCC_VERSION);
    assert_string_equal(occ_code_name(OCC_ERR_SIGNATURE), "signature");
    assert_string_equal(occ_code_text(OCC_ERR_SIGNATURE), "signature verification failed");
    assert_string_equal(occ_code_name((enum occ_err)9999), "internal");
    assert_string_equal(occ_code_name(OCC_OK), "ok");
}

static void
test_options(void **state)
{
    (void)state;
    occ_verifier *verifier = NULL;
    struct occ_verifier_options options = { .size = sizeof options };
    assert_int_equal(occ_verifier_new(&options, &verifier), OCC_OK);
    occ_verifier_free(verifier);
    options.size = sizeof options.size; /* a caller of the first version, which knew nothing but this */
    options.nitro_root = "never read";
    options.nitro_root_len = 10;
    assert_int_equal(occ_verifier_new(&options, &verifier), OCC_OK);
    occ_verifier_free(verifier);
    options.size = sizeof options.size - 1;
    assert_int_equal(occ_verifier_new(&options, &verifier), OCC_ERR_USAGE);
    assert_null(verifier);
    assert_int_equal(occ_verifier_new(NULL, NULL), OCC_ERR_USAGE);
    occ_verifier_free(NULL);

    /* a newer caller: its members are taken if they ask for nothing */
    struct {
        struct occ_verifier_options known;
        size_t later;
    } newer = { .known = { .size = sizeof newer } };
    assert_int_equal(occ_verifier_new(&newer.known, &verifier), OCC_OK);
    occ_verifier_free(verifier);
    newer.later = 1;
    assert_int_equal(occ_verifier_new(&newer.known, &verifier), OCC_ERR_UNSUPPORTED);
    assert_null(verifier);
}

/* The root of simulated documents is one of its own. */
static void
test_sim_nitro_root(void **state)
{
    (void)state;
    struct occ_sim_plan plan;
    occ_sim_plan_init(&plan, 1741496392841);
    struct occ_sim_path *path = occ_sim_path_make(&plan);
    const struct occ_bytes made = occ_sim_path_certificates(path)[0];
    const struct occ_bytes aws = occ_nitro_aws_root();
    const struct {
        struct occ_bytes nitro, sim;
        enum occ_err code;
        const char *problem;
    } cases[] = {
        { { 0 }, made, OCC_OK, "" },
        { made, aws, OCC_ERR_FIELD_VALUE, "simulated nitro root: AWS's, expected one of the simulation's own" },
        { { 0 },
          aws,
          OCC_ERR_FIELD_VALUE,
          "simulated nitro root: the root of Nitro documents, expected one of the simulation's own" },
        { made, made, OCC_ERR_FIELD_VALUE,
          "simulated nitro root: the root of Nitro documents, expected one of the simulation's own" },
        { { 0 }, occ_bytes_str("no certificate"), OCC_ERR_NITRO_CERTIFICATE, NULL },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char problem[200] = "";
        const struct occ_verifier_options options = { .size = sizeof options,
                                                      .nitro_root = cases[i].nitro.ptr,
                                                      .nitro_root_len = cases[i].nitro.len,
                                                      .sim_nitro_root = cases[i].sim.ptr,
                                                      .sim_nitro_root_len = cases[i].sim.len,
                                                      .problem = problem,
                                                      .problem_size = sizeof problem };
        occ_verifier *verifier = NULL;
        assert_int_equal(occ_verifier_new(&options, &verifier), cases[i].code);
        if (cases[i].problem != NULL) {
            assert_string_equal(problem, cases[i].problem);
        } else {
            assert_int_equal(strncmp(problem, "simulated nitro root: ", 22), 0);
        }
        occ_verifier_free(verifier);
    }
    /* A caller from before there was this option. */
    struct occ_verifier_options older = { .size = offsetof(struct occ_verifier_options, sim_nitro_root),
                                          .sim_nitro_root = "never read" };
    occ_verifier *verifier = NULL;
    assert_int_equal(occ_verifier_new(&older, &verifier), OCC_OK);
    occ_verifier_free(verifier);
    occ_sim_path_free(path);
}

/* What is wrong with an option is told in one sentence, as far as there is room for it. */
static void
test_problem(void **state)
{
    (void)state;
    char problem[100] = "untouched";
    static const char *const empty_name[] = { "" };
    const struct occ_verifier_options good = { .size = sizeof good,
                                               .problem = problem,
                                               .problem_size = sizeof problem };
    occ_verifier *verifier = NULL;
    assert_int_equal(occ_verifier_new(&good, &verifier), OCC_OK);
    assert_string_equal(problem, "");
    occ_verifier_free(verifier);
    struct occ_verifier_options options = good;
    options.nitro_root = "no certificate";
    options.nitro_root_len = 14;
    assert_int_equal(occ_verifier_new(&options, &verifier), OCC_ERR_NITRO_CERTIFICATE);
    assert_null(verifier);
    assert_int_equal(strncmp(problem, "nitro root: ", 12), 0);
    options.problem_size = 6;
    memset(problem, 'x', sizeof problem);
    assert_int_equal(occ_verifier_new(&options, &verifier), OCC_ERR_NITRO_CERTIFICATE);
    assert_memory_equal(problem, "nitro\0x", 7);
    options = good;
    options.tsa_roots = "";
    assert_int_equal(occ_verifier_new(&options, &verifier), OCC_ERR_FIELD_VALUE);
    assert_int_equal(strncmp(problem, "timestamp roots: ", 17), 0);
    options = good;
    options.rp_ids = empty_name;
    options.rp_id_count = 1;
    assert_int_equal(occ_verifier_new(&options, &verifier), OCC_ERR_FIELD_VALUE);
    options = good;
    options.origin_count = 1; /* and no list */
    assert_int_equal(occ_verifier_new(&options, &verifier), OCC_ERR_LIMIT);
    options.problem = NULL;
    assert_int_equal(occ_verifier_new(&options, &verifier), OCC_ERR_LIMIT);
}

static void
test_wrong_use(void **state)
{
    (void)state;
    occ_verifier *verifier = new_verifier();
    occ_report *report = NULL;
    const struct occ_verify_input good = { .size = sizeof good, .proof = "{}", .proof_len = 2 };
    assert_int_equal(occ_verify(NULL, &good, &report), OCC_ERR_USAGE);
    assert_int_equal(occ_verify(verifier, NULL, &report), OCC_ERR_USAGE);
    struct occ_verify_input input = good;
    input.size--;
    assert_int_equal(occ_verify(verifier, &input, &report), OCC_ERR_USAGE);
    input = good;
    input.proof = NULL;
    assert_int_equal(occ_verify(verifier, &input, &report), OCC_ERR_USAGE);
    input = good;
    input.policy_len = 1;
    assert_int_equal(occ_verify(verifier, &input, &report), OCC_ERR_USAGE);
    assert_null(report);
    struct {
        struct occ_verify_input known;
        size_t later;
    } newer = { .known = good, .later = 1 };
    newer.known.size = sizeof newer;
    assert_int_equal(occ_verify(verifier, &newer.known, &report), OCC_ERR_UNSUPPORTED);
    assert_null(report);
    newer.later = 0;
    assert_int_equal(occ_verify(verifier, &newer.known, &report), OCC_ERR_PROOF_STRUCTURE);
    occ_report_free(report);
    assert_int_equal(occ_verify(verifier, &good, NULL), OCC_ERR_PROOF_STRUCTURE);
    const struct occ_verify_request nothing = { 0 };
    assert_int_equal(occ_verify_json(NULL, &nothing, &report), OCC_ERR_USAGE);
    assert_int_equal(occ_verify_json(verifier, &nothing, &report), OCC_ERR_USAGE);
    assert_null(report);
    occ_verifier_free(verifier);
}

/* Malformed input is told apart from a proof that is refused (PROTOCOL §3). */
static void
test_malformed(void **state)
{
    (void)state;
    static const struct {
        const char *proof, *policy;
        enum occ_err code;
        const char *begins;
    } cases[] = {
        { "", NULL, OCC_ERR_JSON_SYNTAX, "proof: " },
        { "{", NULL, OCC_ERR_JSON_SYNTAX, "proof: " },
        { "{}x", NULL, OCC_ERR_JSON_SYNTAX, "proof: " },
        { "{\"a\":1,\"a\":1}", NULL, OCC_ERR_JSON_DUPLICATE, "proof: " },
        { "[\"\xff\"]", NULL, OCC_ERR_UTF8, "proof: " },
        { "[9007199254740993]", NULL, OCC_ERR_JSON_NUMBER, "proof: " },
        { "{}", "", OCC_ERR_JSON_SYNTAX, "policy: " },
        { "{}", "{\"minCounter\":\"1\",\"minCounter\":\"1\"}", OCC_ERR_JSON_DUPLICATE, "policy: " },
        { "{}", "[]", OCC_ERR_FIELD_TYPE, "policy: an array, expected an object" },
        { "{}", "{\"minCounters\":\"1\"}", OCC_ERR_FIELD_UNKNOWN, "policy.minCounters: unknown field" },
        { "{}", "{\"minCounter\":\"01\"}", OCC_ERR_FIELD_VALUE, "policy.minCounter: \"01\", expected" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        occ_report *report = NULL;
        assert_int_equal(verify_text(cases[i].proof, cases[i].policy, NULL, &report), cases[i].code);
        assert_non_null(report);
        assert_int_equal(strncmp(occ_report_reason(report), cases[i].begins, strlen(cases[i].begins)), 0);
        assert_int_equal(occ_report_code(report), cases[i].code);
        assert_false(occ_report_valid(report));
        assert_int_equal(occ_report_check_count(report), 0);
        occ_report_free(report);
    }
    assert_verdict("[]", NULL, OCC_ERR_PROOF_STRUCTURE, "not an occ/1 proof: an array, expected an object");
    assert_verdict("{\"version\":\"occ/9\"}", NULL, OCC_ERR_PROOF_VERSION, "version: \"occ/9\", expected \"occ/1\"");
}

static void
test_zero_byte(void **state)
{
    (void)state;
    occ_verifier *verifier = new_verifier();
    occ_report *report = NULL;
    const struct occ_verify_input input = { .size = sizeof input, .proof = "{}", .proof_len = 3 };
    assert_int_equal(occ_verify(verifier, &input, &report), OCC_ERR_JSON_NUL);
    occ_report_free(report);
    occ_verifier_free(verifier);
}

static void
test_length_limits(void **state)
{
    (void)state;
    occ_verifier *verifier = new_verifier();
    const size_t len = OCC_LIMIT_PROOF_LEN + 1;
    char *text = malloc(len);
    assert_non_null(text);
    memset(text, ' ', len);
    text[0] = '{';
    text[1] = '}';
    occ_report *report = NULL;
    struct occ_verify_input input = { .size = sizeof input, .proof = text, .proof_len = len };
    assert_int_equal(occ_verify(verifier, &input, &report), OCC_ERR_LIMIT);
    assert_string_equal(occ_report_reason(report), "proof: 4194305 bytes, expected at most 4194304");
    occ_report_free(report);
    input.proof_len--;
    assert_int_equal(occ_verify(verifier, &input, &report), OCC_ERR_PROOF_STRUCTURE);
    occ_report_free(report);
    input.policy = text;
    input.policy_len = len;
    assert_int_equal(occ_verify(verifier, &input, &report), OCC_ERR_LIMIT);
    assert_string_equal(occ_report_reason(report), "policy: 4194305 bytes, expected at most 4194304");
    occ_report_free(report);
    free(text);
    occ_verifier_free(verifier);
}

/* The two entry points agree, on refusals and on errors. */
static void
test_json_entry(void **state)
{
    (void)state;
    char *good = sign_proof(PLAIN_PROOF);
    const char *const texts[][2] = {
        { good, NULL },        { good, "{}" },        { good, "{\"minCounter\":\"8\"}" },
        { PLAIN_PROOF, "{}" }, { "[1]", "{}" },       { good, "null" },
        { good, "{\"x\":1}" }, { "{}", "{\"x\":1}" },
    };
    occ_verifier *verifier = new_verifier();
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct occ_json *proof = parse_json(texts[i][0]);
        struct occ_json *policy = texts[i][1] == NULL ? NULL : parse_json(texts[i][1]);
        occ_report *by_text = NULL;
        occ_report *by_tree = NULL;
        const enum occ_err code = verify_text(texts[i][0], texts[i][1], NULL, &by_text);
        struct occ_verify_request request = { .proof = proof, .policy = policy };
        assert_int_equal(occ_verify_json(verifier, &request, &by_tree), code);
        occ_report *without_json = NULL;
        request.without_json = true;
        assert_int_equal(occ_verify_json(verifier, &request, &without_json), code);
        assert_string_equal(occ_report_reason(without_json), occ_report_reason(by_tree));
        if (code == OCC_OK || code >= OCC_ERR_PROOF_STRUCTURE) {
            assert_string_equal(occ_report_json(without_json, NULL), "");
        }
        occ_report_free(without_json);
        occ_json_free(policy);
        occ_json_free(proof); /* the report outlives the trees */
        assert_string_equal(occ_report_json(by_tree, NULL), occ_report_json(by_text, NULL));
        assert_string_equal(occ_report_reason(by_tree), occ_report_reason(by_text));
        occ_report_free(by_tree);
        occ_report_free(by_text);
    }
    occ_verifier_free(verifier);
    free(good);
}

struct work {
    const occ_verifier *verifier;
    const char *good;
    const char *bad;
    unsigned wrong;
};

static void *
verify_often(void *arg)
{
    struct work *work = arg;
    for (int i = 0; i < 200; i++) {
        const char *text = i % 2 == 0 ? work->good : work->bad;
        const struct occ_verify_input input = { .size = sizeof input, .proof = text, .proof_len = strlen(text) };
        occ_report *report = NULL;
        const enum occ_err code = occ_verify(work->verifier, &input, &report);
        work->wrong += code != (i % 2 == 0 ? OCC_OK : OCC_ERR_SIGNATURE);
        work->wrong += occ_report_valid(report) != (i % 2 == 0);
        occ_report_free(report);
    }
    return NULL;
}

/* A host program may use OpenSSL, too: what lies in its queue of errors stays, and does not colour a verdict. */
static void
test_host_errors(void **state)
{
    (void)state;
    char *good = sign_proof(PLAIN_PROOF);
    const char *const proofs[] = { good, PLAIN_PROOF, "{" };
    const enum occ_err codes[] = { OCC_OK, OCC_ERR_SIGNATURE, OCC_ERR_JSON_SYNTAX };
    ERR_clear_error();
    ERR_raise_data(ERR_LIB_USER, 42, "the host's");
    ERR_raise(ERR_LIB_USER, ERR_R_MALLOC_FAILURE);
    for (size_t i = 0; i < 3; i++) {
        occ_report *report = NULL;
        assert_int_equal(verify_text(proofs[i], NULL, NULL, &report), codes[i]);
        occ_report_free(report);
    }
    const struct occ_verifier_options options = { .size = sizeof options, .nitro_root = "x", .nitro_root_len = 1 };
    occ_verifier *verifier = NULL;
    assert_int_equal(occ_verifier_new(&options, &verifier), OCC_ERR_NITRO_CERTIFICATE);
    const char *data = NULL;
    int flags = 0;
    assert_int_equal(ERR_GET_REASON(ERR_get_error_all(NULL, NULL, NULL, &data, &flags)), 42);
    assert_string_equal(data, "the host's");
    assert_int_equal(ERR_GET_REASON(ERR_get_error()), ERR_R_MALLOC_FAILURE);
    assert_int_equal(ERR_get_error(), 0);
    free(good);
}

/* One verifier, four threads; whole proofs: threads.c (the tsan preset looks). */
static void
test_threads(void **state)
{
    (void)state;
    char *good = sign_proof(PLAIN_PROOF);
    occ_verifier *verifier = new_verifier();
    struct work works[4];
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++) {
        works[i] = (struct work){ verifier, good, PLAIN_PROOF, 0 };
        assert_int_equal(pthread_create(&threads[i], NULL, verify_often, &works[i]), 0);
    }
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(works[i].wrong, 0);
    }
    occ_verifier_free(verifier);
    free(good);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),     cmocka_unit_test(test_options),       cmocka_unit_test(test_sim_nitro_root),
        cmocka_unit_test(test_problem),   cmocka_unit_test(test_wrong_use),     cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_zero_byte), cmocka_unit_test(test_length_limits), cmocka_unit_test(test_json_entry),
        cmocka_unit_test(test_threads),   cmocka_unit_test(test_host_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
