/*
 * tests/unit/enclave_sim/device.c — the simulated device as the boundary sees it (src/enclave_sim/device.c, src/sim/nsm.c):
 * each of its answers is one that boundary/nsm.c takes, its documents verify under its root and under no other, and each
 * fault is one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/hex.h"
#include "boundary/nsm.h"
#include "crypto/certificate.h"
#include "crypto/secret.h"
#include "enclave_sim/device.h"
#include "evidence/nitro.h"
#include "os/clock.h"
#include "sim/cbor_writer.h"
#include "sim/nsm.h"

#define EIGHT "01234567"
#define PCR0 EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT EIGHT

static char faults_path[64];

static struct occ_sim_nsm *
make(const struct occ_sim_nsm_options *options)
{
    struct occ_sim_nsm *sim = NULL;
    struct occ_error err = { 0 };
    if (!occ_is_ok(occ_sim_nsm_new(options, &err, &sim))) {
        fail_msg("%s", err.text);
    }
    return sim;
}

static struct occ_nsm
nsm_of(struct occ_sim_nsm *sim)
{
    return (struct occ_nsm){ .ctx = sim, .exchange = occ_sim_nsm_exchange };
}

static void
append(const char *line)
{
    FILE *file = fopen(faults_path, "a");
    assert_non_null(file);
    assert_true(fputs(line, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/* ---- as it should be ---- */

static void
test_answers(void **state)
{
    (void)state;
    struct occ_sim_nsm *sim = make(&(struct occ_sim_nsm_options){ .pcr0 = PCR0 });
    const struct occ_nsm nsm = nsm_of(sim);
    struct occ_error err = { 0 };
    uint8_t random[600] = { 0 };
    uint8_t zero[48] = { 0 };
    assert_true(occ_is_ok(occ_nsm_random(&nsm, &err, random, sizeof random)));
    assert_memory_not_equal(random, zero, sizeof zero);
    assert_memory_not_equal(random, random + 256, 256);
    uint8_t pcr[48];
    char hex[97];
    assert_true(occ_is_ok(occ_nsm_pcr(&nsm, 0, &err, pcr)));
    occ_hex_encode(occ_bytes_of(pcr, sizeof pcr), hex);
    assert_memory_equal(hex, PCR0, 96);
    for (uint16_t i = 1; i < 32; i++) {
        assert_true(occ_is_ok(occ_nsm_pcr(&nsm, i, &err, pcr)));
        assert_int_equal(memcmp(pcr, zero, sizeof zero) != 0, i < 3);
    }
    assert_int_equal(occ_nsm_pcr(&nsm, 32, &err, pcr).code, OCC_ERR_ATTESTER);
    assert_non_null(strstr(err.text, "InvalidIndex"));
    occ_sim_nsm_free(sim);
}

/* What boundary/nsm.c never asks. */
static void
test_other_requests(void **state)
{
    (void)state;
    struct occ_sim_nsm *sim = make(&(struct occ_sim_nsm_options){ .pcr0 = PCR0 });
    static const char *const requests[][2] = { { "\x6b"
                                                 "DescribeNSM",
                                                 "\xa1\x6b"
                                                 "DescribeNSM\xa7\x6dversion_major\x01" },
                                               { "\x67nothing", "\xa1\x65"
                                                                "Error\x70InvalidOperation" } };
    for (size_t i = 0; i < 2; i++) {
        uint8_t response[OCC_LIMIT_NSM_RESPONSE_LEN];
        size_t len = 0;
        struct occ_error err = { 0 };
        assert_true(occ_is_ok(occ_sim_nsm_exchange(sim, occ_bytes_str(requests[i][0]), &err, response, &len)));
        assert_true(len >= strlen(requests[i][1]));
        assert_memory_equal(response, requests[i][1], strlen(requests[i][1]));
    }
    occ_sim_nsm_free(sim);
}

static struct occ_attest_request
request_of(const char *user_data, const char *nonce, const char *key)
{
    return (struct occ_attest_request){ .user_data = occ_bytes_str(user_data),
                                        .nonce = occ_bytes_str(nonce),
                                        .public_key = occ_bytes_str(key) };
}

static enum occ_err
verify_under(struct occ_bytes root, const struct occ_nitro_document *document, struct occ_nitro_facts *ret_facts)
{
    struct occ_error err = { 0 };
    struct occ_path_trust *trust = NULL;
    assert_true(occ_is_ok(occ_path_trust_new(root, &err, &trust)));
    const struct occ_result verified = occ_nitro_verify(document, trust, &err, ret_facts);
    occ_path_trust_free(trust);
    return verified.code;
}

static void
test_documents(void **state)
{
    (void)state;
    struct occ_sim_nsm *sim = make(&(struct occ_sim_nsm_options){ .pcr0 = PCR0 });
    struct occ_sim_nsm *other = make(&(struct occ_sim_nsm_options){ .pcr0 = PCR0 });
    const struct occ_nsm nsm = nsm_of(sim);
    const struct occ_attest_request requests[] = {
        request_of("a hash", NULL, "a key"),
        request_of(NULL, "a nonce", "a key"),
        request_of(NULL, NULL, NULL),
    };
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        struct occ_error err = { 0 };
        OCC_BUF_AUTO(bytes, OCC_LIMIT_NSM_RESPONSE_LEN);
        assert_true(occ_is_ok(occ_nsm_attestation(&nsm, &requests[i], &err, &bytes)));
        assert_true(bytes.len > 4000 && bytes.len < 5000); /* as real ones */
        struct occ_nitro_document document;
        if (!occ_is_ok(occ_nitro_read(occ_buf_view(&bytes), &err, &document))) {
            fail_msg("%s", err.text);
        }
        struct occ_nitro_facts facts;
        assert_int_equal(verify_under(occ_sim_nsm_root(sim), &document, &facts), OCC_OK);
        assert_int_equal(facts.not_after_ms - facts.not_before_ms, 3 * 3600 * 1000 + 3000);
        assert_int_equal(verify_under(occ_sim_nsm_root(other), &document, &facts), OCC_ERR_NITRO_PATH);
        assert_int_equal(verify_under(occ_nitro_aws_root(), &document, &facts), OCC_ERR_NITRO_PATH);
        assert_true(occ_bytes_equal(document.user_data, requests[i].user_data));
        assert_true(occ_bytes_equal(document.nonce, requests[i].nonce));
        assert_true(occ_bytes_equal(document.public_key, requests[i].public_key));
        assert_int_equal(document.has_user_data, requests[i].user_data.len > 0);
        assert_int_equal(document.has_nonce, requests[i].nonce.len > 0);
        assert_int_equal(document.has_public_key, requests[i].public_key.len > 0);
        assert_int_equal(document.cabundle_count, 4);
        assert_false(occ_nitro_is_debug(&document));
    }
    occ_sim_nsm_free(other);
    occ_sim_nsm_free(sim);
}

static void
test_limits_of_fields(void **state)
{
    (void)state;
    struct occ_sim_nsm *sim = make(&(struct occ_sim_nsm_options){ .pcr0 = PCR0 });
    const struct occ_nsm nsm = nsm_of(sim);
    static const uint8_t bytes[1025];
    const struct {
        struct occ_attest_request request;
        bool fits;
    } cases[] = {
        { { .user_data = { bytes, 512 }, .nonce = { bytes, 512 }, .public_key = { bytes, 1024 } }, true },
        { { .user_data = { bytes, 513 } }, false },
        { { .nonce = { bytes, 513 } }, false },
        { { .public_key = { bytes, 1025 } }, false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct occ_error err = { 0 };
        OCC_BUF_AUTO(document, OCC_LIMIT_NSM_RESPONSE_LEN);
        const struct occ_result result = occ_nsm_attestation(&nsm, &cases[i].request, &err, &document);
        assert_int_equal(occ_is_ok(result), cases[i].fits);
        assert_true(cases[i].fits || strstr(err.text, "InputTooLarge") != NULL);
    }
    occ_sim_nsm_free(sim);
}

static void
test_debug(void **state)
{
    (void)state;
    char zeros[97];
    memset(zeros, '0', 96);
    zeros[96] = '\0';
    struct occ_sim_nsm *sim = make(&(struct occ_sim_nsm_options){ .pcr0 = zeros });
    const struct occ_nsm nsm = nsm_of(sim);
    const struct occ_attest_request request = { 0 };
    struct occ_error err = { 0 };
    OCC_BUF_AUTO(bytes, OCC_LIMIT_NSM_RESPONSE_LEN);
    assert_true(occ_is_ok(occ_nsm_attestation(&nsm, &request, &err, &bytes)));
    struct occ_nitro_document document;
    assert_true(occ_is_ok(occ_nitro_read(occ_buf_view(&bytes), &err, &document)));
    assert_true(occ_nitro_is_debug(&document));
    occ_sim_nsm_free(sim);
}

static void
test_wrong_use(void **state)
{
    (void)state;
    static const char *const wrong[] = { "", "00", "0123456G", PCR0 "0", "ABCD" };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct occ_error err = { 0 };
        struct occ_sim_nsm *sim = NULL;
        const struct occ_sim_nsm_options options = { .pcr0 = wrong[i] };
        assert_int_equal(occ_sim_nsm_new(&options, &err, &sim).code, OCC_ERR_USAGE);
        assert_null(sim);
    }
    occ_sim_nsm_free(NULL);
}

/* ---- certificates that end ---- */

static void
test_renewal(void **state)
{
    (void)state;
    const struct occ_sim_nsm_options options = { .pcr0 = PCR0, .leaf_s = 1000, .faults = faults_path };
    struct occ_sim_nsm *sim = make(&options);
    const struct occ_nsm nsm = nsm_of(sim);
    const struct occ_attest_request request = request_of("a hash", NULL, NULL);
    /* half of it is not over; it is; and back, to before the certificates were made */
    static const char *const clocks[] = { "clock 0\n", "clock 400000\n", "clock 600000\n", "clock -100000\n" };
    static const int64_t ahead_ms[] = { 0, 400000, 600000, -100000 };
    OCC_BUF_AUTO(last, OCC_LIMIT_NITRO_CERTIFICATE_LEN);
    for (size_t i = 0; i < 4; i++) {
        append(clocks[i]);
        struct occ_error err = { 0 };
        OCC_BUF_AUTO(bytes, OCC_LIMIT_NSM_RESPONSE_LEN);
        const uint64_t before = occ_clock_unix_ms();
        assert_true(occ_is_ok(occ_nsm_attestation(&nsm, &request, &err, &bytes)));
        struct occ_nitro_document document;
        struct occ_nitro_facts facts;
        assert_true(occ_is_ok(occ_nitro_read(occ_buf_view(&bytes), &err, &document)));
        assert_int_equal(verify_under(occ_sim_nsm_root(sim), &document, &facts), OCC_OK);
        assert_true(document.time_ms >= before + (uint64_t)ahead_ms[i]);
        assert_true(facts.not_after_ms >= document.time_ms + 500000);
        assert_int_equal(occ_bytes_equal(document.certificate, occ_buf_view(&last)), i == 1);
        occ_buf_reset(&last);
        occ_buf_put(&last, document.certificate);
    }
    occ_sim_nsm_free(sim);
}

/* ---- faults, as the boundary sees them ---- */

static void
test_faults(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        enum occ_err code;
        const char *text;
    } cases[] = {
        { "fail\n", OCC_ERR_ATTESTER, "the simulated device fails, as it was told to" },
        { "refuse\n", OCC_ERR_ATTESTER, "the NSM refuses Attestation: InternalError" },
        { "garbage\n", OCC_ERR_ATTESTER, "is not what was asked for" },
        { "truncated\n", OCC_ERR_ATTESTER, "is not what was asked for" },
        { "explode\n", OCC_ERR_ATTESTER, "the simulated device cannot do \"explode\"" },
        { "wrong-user-data\n", OCC_ERR_INTEGRITY, "another user_data than was asked for" },
        { "wrong-nonce\n", OCC_ERR_INTEGRITY, "another nonce than was asked for" },
        { "wrong-key\n", OCC_ERR_INTEGRITY, "another public_key than was asked for" },
        { "wrong-pcr\n", OCC_ERR_INTEGRITY, "another PCR0 than at the start" },
        { "ok\n", OCC_OK, "" },
    };
    const struct occ_sim_nsm_options options = { .pcr0 = PCR0, .faults = faults_path };
    struct occ_sim_nsm *sim = make(&options);
    const struct occ_nsm nsm = nsm_of(sim);
    const struct occ_attester_nsm_options attester_options = {
        .nsm = &nsm, .format = "sim-nitro", .mode = OCC_ATTEST_COMMIT, .simulated = true
    };
    struct occ_error err = { 0 };
    struct occ_attester attester;
    assert_true(occ_is_ok(occ_attester_nsm(&attester_options, &err, &attester)));
    assert_string_equal(attester.measurement, "sim:" PCR0);
    assert_string_equal(attester.enforcement, "stub");
    const struct occ_attest_request requests[] = { request_of("hash", NULL, "key"), request_of(NULL, "nonce", NULL) };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        append(cases[i].line);
        for (size_t k = 0; k < 2; k++) {
            if (k == 1 && cases[i].code == OCC_ERR_ATTESTER) {
                continue; /* a line that says nothing fails once */
            }
            OCC_BUF_AUTO(document, OCC_LIMIT_NSM_RESPONSE_LEN);
            struct occ_attest_facts facts;
            err = (struct occ_error){ 0 };
            const struct occ_result result = attester.attest(attester.ctx, &requests[k], &err, &document, &facts);
            if (result.code != cases[i].code || strstr(err.text, cases[i].text) == NULL) {
                fail_msg("%s: %s", cases[i].line, err.text);
            }
            assert_int_equal(document.len > 0, cases[i].code == OCC_OK);
        }
    }
    occ_attester_clear(&attester);
    occ_sim_nsm_free(sim);
}

static void
test_delay(void **state)
{
    (void)state;
    struct occ_sim_nsm *sim = make(&(struct occ_sim_nsm_options){ .pcr0 = PCR0, .delay_ms = 30 });
    const struct occ_nsm nsm = nsm_of(sim);
    struct occ_error err = { 0 };
    const struct occ_attest_request request = { 0 };
    OCC_BUF_AUTO(document, OCC_LIMIT_NSM_RESPONSE_LEN);
    const uint64_t start_us = occ_clock_monotonic_us();
    assert_true(occ_is_ok(occ_nsm_attestation(&nsm, &request, &err, &document)));
    assert_true(occ_clock_monotonic_us() - start_us >= 30000);
    occ_sim_nsm_free(sim);
}

static int
set_up(void **state)
{
    (void)state;
    strcpy(faults_path, "/tmp/occ-faults-XXXXXX");
    const int fd = mkstemp(faults_path);
    return fd < 0 ? -1 : close(fd);
}

static int
tear_down(void **state)
{
    (void)state;
    return unlink(faults_path);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_other_requests),
        cmocka_unit_test(test_documents),
        cmocka_unit_test(test_limits_of_fields),
        cmocka_unit_test(test_debug),
        cmocka_unit_test(test_wrong_use),
        cmocka_unit_test_setup_teardown(test_renewal, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_faults, set_up, tear_down),
        cmocka_unit_test(test_delay),
    };
    if (!occ_is_ok(occ_secret_init()) || !occ_is_ok(occ_path_prepare())) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
