/*
 * tests/unit/verify/key_document.c — a document about a key: accepted for that key, measurement and nonce, and refused as soon
 * as one of them is another.
 */
#include "unit/verify/whole.h"

#include "base/hex.h"
#include "verify/key_document.h"

struct fixture {
    struct occ_sim_path *path;
    struct occ_buf root; /* PEM */
    struct occ_buf document_b64;
    char measurement[8 + (size_t)2 * 48];
    struct occ_key_document given;
};

static const uint8_t key[32] = { 7, 8, 9 };
static const uint8_t nonce[20] = { 1, 2, 3 };
static const uint8_t zeros[64];

static void
set_up(struct fixture *fixture, bool simulated, void (*adjust)(struct occ_sim_document *document))
{
    struct occ_sim_plan plan;
    struct occ_sim_document document;
    OCC_BUF_AUTO(bytes, 1 << 16);
    *fixture = (struct fixture){ .root = OCC_BUF_INIT(1 << 16), .document_b64 = OCC_BUF_INIT(1 << 16) };
    occ_sim_plan_init(&plan, WHOLE_TIME_MS);
    fixture->path = occ_sim_path_make(&plan);
    occ_sim_pem_put(&fixture->root, occ_sim_path_certificates(fixture->path)[0]);
    occ_sim_document_init(&document, fixture->path, WHOLE_TIME_MS);
    document.public_key = OCC_SIM_BYTES(occ_bytes_of(key, sizeof key));
    document.nonce = OCC_SIM_BYTES(occ_bytes_of(nonce, sizeof nonce));
    memcpy(fixture->measurement, "sim:", 4);
    char *const hex = fixture->measurement + (simulated ? 4 : 0);
    occ_hex_encode(document.pcrs[0], hex);
    hex[96] = '\0';
    if (adjust != NULL) {
        adjust(&document);
    }
    occ_sim_document_put(&bytes, &document, fixture->path);
    occ_base64_put(&fixture->document_b64, occ_buf_view(&bytes));
    fixture->given = (struct occ_key_document){ .format = occ_bytes_str(simulated ? "sim-nitro" : "aws-nitro"),
                                                .report_b64 = occ_buf_view(&fixture->document_b64),
                                                .public_key = occ_bytes_of(key, sizeof key),
                                                .measurement = occ_bytes_str(fixture->measurement),
                                                .enforcement = occ_bytes_str(simulated ? "stub" : "measured-tee"),
                                                .nonce = occ_bytes_of(nonce, sizeof nonce) };
}

static void
tear_down(struct fixture *fixture)
{
    occ_sim_path_free(fixture->path);
    occ_buf_clear(&fixture->root);
    occ_buf_clear(&fixture->document_b64);
}

/* With the fixture's root as the one of real documents, of simulated ones, or of none. */
enum root { NO_ROOT, NITRO, SIM_NITRO };

static enum occ_err
verify(const struct fixture *fixture, enum root root, struct occ_error *err, struct occ_key_document_facts *facts)
{
    struct occ_verifier_options options = { .size = sizeof options };
    occ_verifier *verifier = NULL;
    if (root == NITRO) {
        options.nitro_root = fixture->root.ptr;
        options.nitro_root_len = fixture->root.len;
    } else if (root == SIM_NITRO) {
        options.sim_nitro_root = fixture->root.ptr;
        options.sim_nitro_root_len = fixture->root.len;
    }
    assert_int_equal(occ_verifier_make(&options, err, &verifier).code, OCC_OK);
    const struct occ_result result = occ_key_document_verify(verifier, &fixture->given, err, facts);
    occ_verifier_free(verifier);
    return result.code;
}

static void
test_good(void **state)
{
    (void)state;
    for (int simulated = 0; simulated < 2; simulated++) {
        struct fixture fixture;
        struct occ_key_document_facts facts;
        struct occ_error err = { 0 };
        set_up(&fixture, simulated == 1, NULL);
        assert_int_equal(verify(&fixture, simulated == 1 ? SIM_NITRO : NITRO, &err, &facts), OCC_OK);
        assert_int_equal(facts.simulated, simulated);
        assert_false(facts.root_is_aws);
        assert_true(facts.time_ms == WHOLE_TIME_MS);
        fixture.given.nonce = occ_bytes_of(NULL, 0); /* none was asked with: any will do */
        assert_int_equal(verify(&fixture, simulated == 1 ? SIM_NITRO : NITRO, &err, &facts), OCC_OK);
        tear_down(&fixture);
    }
}

static void
other_key(struct occ_sim_document *document)
{
    document->public_key = OCC_SIM_BYTES(occ_bytes_of(zeros, 32));
}

static void
no_key(struct occ_sim_document *document)
{
    document->public_key.kind = OCC_SIM_FIELD_NULL;
}

static void
about_a_proof(struct occ_sim_document *document)
{
    document->user_data = OCC_SIM_BYTES(occ_bytes_of(zeros, 32));
}

static void
other_nonce(struct occ_sim_document *document)
{
    document->nonce = OCC_SIM_BYTES(occ_bytes_of(zeros, sizeof nonce));
}

static void
longer_nonce(struct occ_sim_document *document)
{
    static const uint8_t longer[sizeof nonce + 1] = { 1, 2, 3 };
    document->nonce = OCC_SIM_BYTES(occ_bytes_of(longer, sizeof longer));
}

static void
no_nonce(struct occ_sim_document *document)
{
    document->nonce.kind = OCC_SIM_FIELD_NULL;
}

static void
other_pcr0(struct occ_sim_document *document)
{
    document->pcrs[0] = occ_bytes_of("0123456789abcdef0123456789abcdef0123456789abcdef", 48);
}

static void
debug(struct occ_sim_document *document)
{
    for (size_t i = 0; i < 3; i++) {
        document->pcrs[i] = occ_bytes_of(zeros, 48);
    }
}

static void
flipped(struct occ_sim_document *document)
{
    document->signature = OCC_SIM_SIGNATURE_FLIPPED;
}

static void
unknown_field(struct occ_sim_document *document)
{
    document->unknown = "more";
}

static void
test_refused(void **state)
{
    (void)state;
    static const struct {
        void (*adjust)(struct occ_sim_document *document);
        enum occ_err code;
    } cases[] = { { other_key, OCC_ERR_NITRO_KEY },          { no_key, OCC_ERR_NITRO_KEY },
                  { about_a_proof, OCC_ERR_NITRO_BINDING },  { other_nonce, OCC_ERR_NITRO_BINDING },
                  { longer_nonce, OCC_ERR_NITRO_BINDING },   { no_nonce, OCC_ERR_NITRO_BINDING },
                  { other_pcr0, OCC_ERR_NITRO_MEASUREMENT }, { debug, OCC_ERR_NITRO_DEBUG },
                  { flipped, OCC_ERR_NITRO_SIGNATURE },      { unknown_field, OCC_ERR_NITRO_DOCUMENT } };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fixture fixture;
        struct occ_key_document_facts facts = { .time_ms = 77 };
        struct occ_error err = { 0 };
        set_up(&fixture, false, cases[i].adjust);
        assert_int_equal(verify(&fixture, NITRO, &err, &facts), cases[i].code);
        assert_true(err.text[0] != '\0');
        assert_int_equal(facts.time_ms, 77);
        tear_down(&fixture);
    }
}

/* The document is good; what was said beside it is not, or nobody trusts its root. */
static void
test_said_otherwise(void **state)
{
    (void)state;
    struct fixture fixture;
    struct occ_key_document_facts facts;
    struct occ_error err = { 0 };
    set_up(&fixture, true, NULL);
    assert_int_equal(verify(&fixture, NO_ROOT, &err, &facts), OCC_ERR_UNSUPPORTED);
    assert_int_equal(verify(&fixture, NITRO, &err, &facts), OCC_ERR_UNSUPPORTED);
    fixture.given.enforcement = occ_bytes_str("measured-tee");
    assert_int_equal(verify(&fixture, SIM_NITRO, &err, &facts), OCC_ERR_ATTESTATION_SIMULATED);
    fixture.given.enforcement = occ_bytes_str("stub");
    fixture.given.measurement = occ_bytes_str(fixture.measurement + 4); /* without "sim:" */
    assert_int_equal(verify(&fixture, SIM_NITRO, &err, &facts), OCC_ERR_NITRO_MEASUREMENT);
    tear_down(&fixture);

    set_up(&fixture, false, NULL);
    assert_int_equal(verify(&fixture, NO_ROOT, &err, &facts), OCC_ERR_NITRO_PATH); /* AWS's */
    fixture.given.format = occ_bytes_str("other");
    assert_int_equal(verify(&fixture, NITRO, &err, &facts), OCC_ERR_UNSUPPORTED);
    fixture.given.format = occ_bytes_str("aws-nitro");
    fixture.given.report_b64 = occ_bytes_str("AB==");
    assert_int_equal(verify(&fixture, NITRO, &err, &facts), OCC_ERR_BASE64);
    fixture.given.report_b64 = occ_bytes_of(NULL, 0);
    assert_int_equal(verify(&fixture, NITRO, &err, &facts), OCC_ERR_NITRO_DOCUMENT);
    tear_down(&fixture);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_good), cmocka_unit_test(test_refused),
                                        cmocka_unit_test(test_said_otherwise) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
