/* attester_nsm.c — what the NSM vouches for, and documents that are not what was asked for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crypto/secret.h"
#include "sim/maker.h"
#include "unit/boundary/fake_nsm.h"
#include "unit/evidence/nitro_draft.h"

static const uint64_t time_ms = 1750000000000;

static struct occ_sim_path *path;
static uint8_t pcrs[3][48];

static int
set_up(void **state)
{
    (void)state;
    struct occ_sim_plan plan;
    occ_sim_plan_init(&plan, time_ms);
    path = occ_sim_path_make(&plan);
    for (uint8_t i = 0; i < 3; i++) {
        memset(pcrs[i], 0xa0 + i, sizeof pcrs[i]);
    }
    return occ_is_ok(occ_secret_init()) ? 0 : 1;
}

static int
tear_down(void **state)
{
    (void)state;
    occ_sim_path_free(path);
    return 0;
}

static struct occ_attester_nsm_options
options_of(const struct occ_nsm *nsm)
{
    return (struct occ_attester_nsm_options){ .nsm = nsm, .format = "aws-nitro", .mode = OCC_ATTEST_BATCH };
}

/* An attester of a fresh fake, which measured pcrs. */
static struct occ_attester
start(struct fake_nsm *fake, struct occ_nsm *nsm)
{
    *fake = (struct fake_nsm){ 0 };
    *nsm = fake_nsm(fake);
    for (size_t i = 0; i < 3; i++) {
        fake_pcr(fake, pcrs[i]);
    }
    const struct occ_attester_nsm_options options = options_of(nsm);
    struct occ_attester attester;
    struct occ_error err = { 0 };
    assert_int_equal(occ_attester_nsm(&options, &err, &attester).code, OCC_OK);
    assert_int_equal(fake->given, 3);
    return attester;
}

/* ---- the start ---- */

static void
test_measurement(void **state)
{
    (void)state;
    struct fake_nsm fake;
    struct occ_nsm nsm;
    struct occ_attester attester = start(&fake, &nsm);
    assert_string_equal(attester.enforcement, "measured-tee");
    assert_string_equal(attester.measurement, DRAFT_48("a0"));
    assert_string_equal(attester.format, "aws-nitro");
    assert_int_equal(attester.mode, OCC_ATTEST_BATCH);
    assert_non_null(attester.attest);
    occ_attester_clear(&attester);
    assert_null(attester.ctx);
    occ_attester_clear(&attester); /* once more does no harm */
    fake_clear(&fake);
}

static void
test_simulated(void **state)
{
    (void)state;
    struct fake_nsm fake = { 0 };
    const struct occ_nsm nsm = fake_nsm(&fake);
    for (size_t i = 0; i < 3; i++) {
        fake_pcr(&fake, pcrs[i]);
    }
    const struct occ_attester_nsm_options options = {
        .nsm = &nsm, .format = "sim-nitro", .mode = OCC_ATTEST_EPOCH, .simulated = true
    };
    struct occ_attester attester;
    assert_int_equal(occ_attester_nsm(&options, NULL, &attester).code, OCC_OK);
    assert_string_equal(attester.enforcement, "stub");
    assert_string_equal(attester.measurement, "sim:" DRAFT_48("a0"));
    assert_string_equal(attester.format, "sim-nitro");
    assert_int_equal(attester.mode, OCC_ATTEST_EPOCH);
    occ_attester_clear(&attester);
    fake_clear(&fake);
}

static void
zero_pcrs(struct fake_nsm *fake, uint8_t last_byte_of_pcr2)
{
    uint8_t zero[48] = { 0 };
    fake_pcr(fake, zero);
    fake_pcr(fake, zero);
    zero[47] = last_byte_of_pcr2;
    fake_pcr(fake, zero);
}

static void
test_debug_mode(void **state)
{
    (void)state;
    for (int simulated = 0; simulated < 2; simulated++) {
        struct fake_nsm fake = { 0 };
        const struct occ_nsm nsm = fake_nsm(&fake);
        struct occ_attester_nsm_options options = options_of(&nsm);
        options.simulated = simulated == 1;
        struct occ_attester attester = { .enforcement = "untouched" };
        struct occ_error err = { 0 };
        zero_pcrs(&fake, 0);
        assert_int_equal(occ_attester_nsm(&options, &err, &attester).code, OCC_ERR_DENIED);
        assert_non_null(strstr(err.text, "PCR0 to PCR2 are zero"));
        assert_non_null(strstr(err.text, "allow-debug"));
        assert_string_equal(attester.enforcement, "untouched");

        options.allow_debug = true;
        zero_pcrs(&fake, 0);
        assert_int_equal(occ_attester_nsm(&options, &err, &attester).code, OCC_OK);
        assert_string_equal(attester.enforcement, "stub");
        assert_string_equal(attester.measurement, "nitro-debug");
        assert_string_equal(attester.format, "");
        assert_int_equal(attester.mode, OCC_ATTEST_NONE);
        assert_null(attester.attest);
        occ_attester_clear(&attester);

        /* One bit that is measured is no debug mode, and allow_debug changes nothing then. */
        zero_pcrs(&fake, 1);
        assert_int_equal(occ_attester_nsm(&options, &err, &attester).code, OCC_OK);
        assert_string_equal(attester.enforcement, simulated == 1 ? "stub" : "measured-tee");
        assert_int_equal(attester.mode, OCC_ATTEST_BATCH);
        occ_attester_clear(&attester);
        fake_clear(&fake);
    }
}

static void
test_start_fails(void **state)
{
    (void)state;
    struct fake_nsm fake = { 0 };
    const struct occ_nsm nsm = fake_nsm(&fake);
    struct occ_attester_nsm_options options = options_of(&nsm);
    struct occ_attester attester;
    struct occ_error err;
    fake_pcr(&fake, pcrs[0]);
    fake_error(&fake, "InvalidIndex");
    assert_int_equal(occ_attester_nsm(&options, &err, &attester).code, OCC_ERR_ATTESTER);
    assert_string_equal(err.text, "the NSM refuses DescribePCR: InvalidIndex");
    options.format = "a-format-of-16-b";
    assert_int_equal(occ_attester_nsm(&options, &err, &attester).code, OCC_ERR_INTERNAL);
    options = options_of(&nsm);
    options.mode = OCC_ATTEST_NONE;
    assert_int_equal(occ_attester_nsm(&options, &err, &attester).code, OCC_ERR_INTERNAL);
    fake_clear(&fake);
}

/* ---- documents ---- */

/* A document as hardware makes it, about what is asked for and measured here. */
static struct occ_sim_document
document_of(const struct occ_attest_request *request)
{
    struct occ_sim_document document;
    occ_sim_document_init(&document, path, time_ms + 12345);
    for (size_t i = 0; i < 3; i++) {
        document.pcrs[i] = occ_bytes_of(pcrs[i], sizeof pcrs[i]);
    }
    document.user_data = request->user_data.len > 0 ? OCC_SIM_BYTES(request->user_data) : document.user_data;
    document.nonce = request->nonce.len > 0 ? OCC_SIM_BYTES(request->nonce) : document.nonce;
    document.public_key = request->public_key.len > 0 ? OCC_SIM_BYTES(request->public_key) : document.public_key;
    return document;
}

static void
answer_with(struct fake_nsm *fake, const struct occ_sim_document *document)
{
    OCC_BUF_AUTO(bytes, OCC_LIMIT_NSM_RESPONSE_LEN);
    occ_sim_document_put(&bytes, document, path);
    fake_bytes(fake, "Attestation", "document", occ_buf_view(&bytes));
}

static struct occ_attest_request
request_all(void)
{
    return (struct occ_attest_request){ .public_key = occ_bytes_str("key"),
                                        .user_data = occ_bytes_str("data"),
                                        .nonce = occ_bytes_str("nonce") };
}

static void
test_document(void **state)
{
    (void)state;
    struct fake_nsm fake;
    struct occ_nsm nsm;
    struct occ_attester attester = start(&fake, &nsm);
    const struct occ_attest_request requests[] = {
        { .public_key = occ_bytes_str("k"), .user_data = occ_bytes_str("data"), .nonce = occ_bytes_str("n") },
        { .public_key = occ_bytes_str("key") },
        { .user_data = occ_bytes_str("data") },
        { .nonce = occ_bytes_str("nonce") }
    };
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        const struct occ_sim_document document = document_of(&requests[i]);
        OCC_BUF_AUTO(got, 2 * OCC_LIMIT_NSM_RESPONSE_LEN);
        struct occ_attest_facts facts = { 0 };
        struct occ_error err = { 0 };
        occ_buf_put_str(&got, "before");
        answer_with(&fake, &document);
        assert_int_equal(attester.attest(attester.ctx, &requests[i], &err, &got, &facts).code, OCC_OK);
        assert_true(got.len > 2000);
        assert_true(occ_bytes_starts(occ_buf_view(&got), "before"));
        assert_int_equal(facts.time_ms, time_ms + 12345);
        /* The leaf of a good plan is valid for three hours. */
        assert_in_range(facts.not_after_ms, time_ms, time_ms + 3 * 3600 * 1000);
        assert_int_equal(facts.not_after_ms % 1000, 0);
    }
    occ_attester_clear(&attester);
    fake_clear(&fake);
}

/* Another value, one that was not asked for, none where one was asked for, and the PCRs: the device is not trusted any more. */
static void
test_other_document(void **state)
{
    (void)state;
    static const char *const names[] = { "user_data", "nonce", "public_key", "PCR0", "PCR1", "PCR2" };
    struct fake_nsm fake;
    struct occ_nsm nsm;
    struct occ_attester attester = start(&fake, &nsm);
    const struct occ_attest_request request = request_all(), nothing = { 0 };
    for (size_t i = 0; i < 15; i++) {
        const bool unasked = i >= 6 && i < 9;
        struct occ_sim_document document = document_of(unasked ? &nothing : &request);
        struct occ_sim_field *const fields[] = { &document.user_data, &document.nonce, &document.public_key };
        if (i >= 3 && i < 6) {
            document.pcrs[i - 3] = occ_bytes_of(pcrs[(i - 2) % 3], 48);
        } else if (i < 9) {
            *fields[i % 3] = OCC_SIM_BYTES(occ_bytes_str("atad"));
        } else if (i < 12) {
            fields[i % 3]->kind = OCC_SIM_FIELD_NULL;
        } else {
            fields[i % 3]->kind = OCC_SIM_FIELD_ABSENT;
        }
        OCC_BUF_AUTO(got, OCC_LIMIT_NSM_RESPONSE_LEN);
        struct occ_attest_facts facts = { 1, 2 };
        struct occ_error err = { 0 };
        answer_with(&fake, &document);
        assert_int_equal(attester.attest(attester.ctx, unasked ? &nothing : &request, &err, &got, &facts).code,
                         OCC_ERR_INTEGRITY);
        assert_non_null(strstr(err.text, names[i >= 3 && i < 6 ? i : i % 3]));
        assert_int_equal(got.len, 0);
        assert_int_equal(facts.time_ms, 1);
    }
    occ_attester_clear(&attester);
    fake_clear(&fake);
}

/* An empty value is not the null that was asked for. */
static void
test_empty_is_not_null(void **state)
{
    (void)state;
    struct fake_nsm fake;
    struct occ_nsm nsm;
    struct occ_attester attester = start(&fake, &nsm);
    const struct occ_attest_request nothing = { 0 };
    struct occ_sim_document document = document_of(&nothing);
    document.nonce = OCC_SIM_BYTES(occ_bytes_str(""));
    OCC_BUF_AUTO(got, OCC_LIMIT_NSM_RESPONSE_LEN);
    struct occ_attest_facts facts;
    answer_with(&fake, &document);
    assert_int_equal(attester.attest(attester.ctx, &nothing, NULL, &got, &facts).code, OCC_ERR_INTEGRITY);
    occ_attester_clear(&attester);
    fake_clear(&fake);
}

/* What is no document, a refusal, and a device that fails: it can be asked again. */
static void
test_no_document(void **state)
{
    (void)state;
    struct fake_nsm fake;
    struct occ_nsm nsm;
    struct occ_attester attester = start(&fake, &nsm);
    const struct occ_attest_request request = request_all();
    struct occ_sim_document document = document_of(&request);
    OCC_BUF_AUTO(got, OCC_LIMIT_NSM_RESPONSE_LEN);
    struct occ_attest_facts facts;
    struct occ_error err;
    fake_bytes(&fake, "Attestation", "document", occ_bytes_str("paper"));
    assert_int_equal(attester.attest(attester.ctx, &request, &err, &got, &facts).code, OCC_ERR_ATTESTER);
    assert_non_null(strstr(err.text, "the NSM's document cannot be read: not a COSE_Sign1 message"));
    fake_error(&fake, "InternalError");
    assert_int_equal(attester.attest(attester.ctx, &request, &err, &got, &facts).code, OCC_ERR_ATTESTER);
    assert_string_equal(err.text, "the NSM refuses Attestation: InternalError");
    fake_failure(&fake);
    assert_int_equal(attester.attest(attester.ctx, &request, &err, &got, &facts).code, OCC_ERR_ATTESTER);
    document.without = "timestamp";
    answer_with(&fake, &document);
    assert_int_equal(attester.attest(attester.ctx, &request, &err, &got, &facts).code, OCC_ERR_ATTESTER);
    assert_non_null(strstr(err.text, "timestamp: missing"));
    document.without = NULL;
    document.time_ms = 0;
    answer_with(&fake, &document);
    assert_int_equal(attester.attest(attester.ctx, &request, &err, &got, &facts).code, OCC_ERR_ATTESTER);
    assert_int_equal(got.len, 0);
    document.time_ms = 1;
    answer_with(&fake, &document);
    assert_int_equal(attester.attest(attester.ctx, &request, &err, &got, &facts).code, OCC_OK);
    assert_int_equal(facts.time_ms, 1);
    OCC_BUF_AUTO(small, 100);
    answer_with(&fake, &document);
    assert_int_equal(attester.attest(attester.ctx, &request, &err, &small, &facts).code, OCC_ERR_LIMIT);
    occ_attester_clear(&attester);
    fake_clear(&fake);
}

/*
 * QEMU's device (hw/virtio/virtio-nsm.c): algorithm -1, 64 zero bytes each for certificate, authority and signature. It is
 * taken: whether a document is signed is for those to see who did not ask the device themselves.
 */
static void
test_unsigned_document(void **state)
{
    (void)state;
#define DRAFT_64_ZEROS "5840" DRAFT_48("00") DRAFT_16("00")
    struct fake_nsm fake;
    struct occ_nsm nsm;
    struct occ_attester attester = start(&fake, &nsm);
    struct draft draft = draft_good();
    draft.protected_header = "43a10120";
    draft.signature = DRAFT_64_ZEROS;
    draft_set(&draft, DRAFT_CERTIFICATE, DRAFT_64_ZEROS);
    draft_set(&draft, DRAFT_CABUNDLE, "81" DRAFT_64_ZEROS);
    draft_set(&draft, DRAFT_USER_DATA, "4464617461");
    draft_set(&draft, DRAFT_NONCE, "f6");
    OCC_BUF_AUTO(bytes, OCC_LIMIT_NSM_RESPONSE_LEN);
    draft_write(&draft, &bytes);
    fake_bytes(&fake, "Attestation", "document", occ_buf_view(&bytes));
    const struct occ_attest_request request = { .user_data = occ_bytes_str("data") };
    OCC_BUF_AUTO(got, OCC_LIMIT_NSM_RESPONSE_LEN);
    struct occ_attest_facts facts = { 0, 1 };
    struct occ_error err = { 0 };
    assert_int_equal(attester.attest(attester.ctx, &request, &err, &got, &facts).code, OCC_OK);
    assert_true(occ_bytes_equal(occ_buf_view(&got), occ_buf_view(&bytes)));
    assert_int_equal(facts.time_ms, 0x1991ccab800);
    assert_int_equal(facts.not_after_ms, 0); /* its certificate does not say */
    occ_attester_clear(&attester);
    fake_clear(&fake);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_measurement),       cmocka_unit_test(test_simulated),
        cmocka_unit_test(test_debug_mode),        cmocka_unit_test(test_start_fails),
        cmocka_unit_test(test_document),          cmocka_unit_test(test_other_document),
        cmocka_unit_test(test_empty_is_not_null), cmocka_unit_test(test_no_document),
        cmocka_unit_test(test_unsigned_document),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
