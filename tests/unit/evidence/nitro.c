/* Tests of src/evidence/nitro.c and nitro_root.c: real documents up to AWS's root, and what was changed in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "crypto/digest.h"
#include "evidence/nitro.h"
#include "sim/maker.h"
#include "unit/evidence/nitro_draft.h"

static const char *const genuine[] = { "blocky-nitro_attestation.b64", "blocky-nitro_attestation_debug.b64",
                                       "qos-attestation.cbor", "occ1-2026-03-13.cbor" };
enum { GENUINE_COUNT = sizeof genuine / sizeof genuine[0] };

static void
free_trust(struct occ_path_trust **trust)
{
    occ_path_trust_free(*trust);
}
#define TRUST_AUTO __attribute__((cleanup(free_trust))) struct occ_path_trust *

static struct occ_path_trust *
trust_of(struct occ_bytes root)
{
    struct occ_path_trust *trust = NULL;
    struct occ_error err = { 0 };
    if (!occ_is_ok(occ_path_trust_new(root, &err, &trust))) {
        fail_msg("%s", err.text);
    }
    return trust;
}

static struct occ_nitro_document
read_real(const char *file, struct occ_buf *bytes)
{
    struct occ_nitro_document document;
    occ_buf_reset(bytes);
    nitro_vector(file, bytes);
    assert_int_equal(occ_nitro_read(occ_buf_view(bytes), NULL, &document).code, OCC_OK);
    return document;
}

static void
assert_refused(const struct occ_nitro_document *document, struct occ_path_trust *trust, enum occ_err code)
{
    struct occ_nitro_facts facts = { 47, 11 };
    struct occ_error err = { 0 };
    const enum occ_err got = occ_nitro_verify(document, trust, &err, &facts).code;
    if (got != code) {
        fail_msg("%s: %s, expected %s", occ_result_name(got), err.text, occ_result_name(code));
    }
    assert_int_equal(err.code, code);
    assert_true(err.text[0] != '\0');
    assert_true(facts.not_before_ms == 47 && facts.not_after_ms == 11); /* untouched */
    assert_int_equal(occ_nitro_verify(document, trust, NULL, &facts).code, code);
}

/* ---- the pinned root ---- */

static void
test_root(void **state)
{
    (void)state;
    vectors_needed("nitro");
    uint8_t hash[OCC_SHA256_LEN];
    occ_digest_sha256(occ_nitro_aws_root(), hash);
    assert_memory_equal(hash, occ_nitro_aws_root_sha256, sizeof hash);
    TRUST_AUTO trust = trust_of(occ_nitro_aws_root());
    assert_memory_equal(occ_path_trust_fingerprint(trust), occ_nitro_aws_root_sha256, sizeof hash);

    OCC_BUF_AUTO(pem, 1 << 16);
    vectors_read("nitro", "aws-nitro-root-g1.pem", &pem);
    BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
    X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    uint8_t *der = NULL;
    const int len = i2d_X509(certificate, &der);
    assert_true(len > 0);
    assert_true(occ_bytes_equal(occ_nitro_aws_root(), occ_bytes_of(der, (size_t)len)));
    OPENSSL_free(der);
    X509_free(certificate);
    BIO_free(bio);
}

/* ---- genuine documents ---- */

static void
test_genuine(void **state)
{
    (void)state;
    vectors_needed("nitro");
    TRUST_AUTO trust = trust_of(occ_nitro_aws_root());
    OCC_BUF_AUTO(bytes, 1 << 20);
    for (size_t i = 0; i < 2 * GENUINE_COUNT; i++) { /* twice: the second time with paths that are known */
        const struct occ_nitro_document document = read_real(genuine[i % GENUINE_COUNT], &bytes);
        struct occ_nitro_facts facts;
        struct occ_error err = { 0 };
        if (!occ_is_ok(occ_nitro_verify(&document, trust, &err, &facts))) {
            fail_msg("%s: %s", genuine[i % GENUINE_COUNT], err.text);
        }
        /* three hours and three seconds */
        assert_int_equal(facts.not_after_ms - facts.not_before_ms, 3 * 3600000 + 3000);
        assert_in_range(document.time_ms, facts.not_before_ms, facts.not_after_ms);
        assert_int_equal(occ_nitro_is_debug(&document), i % GENUINE_COUNT == 1);
    }
}

static void
test_tagged(void **state)
{
    (void)state;
    vectors_needed("nitro");
    TRUST_AUTO trust = trust_of(occ_nitro_aws_root());
    OCC_BUF_AUTO(bytes, 1 << 20);
    occ_buf_put_byte(&bytes, 0xd2);
    nitro_vector("occ1-2026-03-13.cbor", &bytes);
    struct occ_nitro_document document;
    struct occ_nitro_facts facts;
    assert_int_equal(occ_nitro_read(occ_buf_view(&bytes), NULL, &document).code, OCC_OK);
    assert_int_equal(occ_nitro_verify(&document, trust, NULL, &facts).code, OCC_OK);
}

/* ---- documents made here, under a root made here ---- */

static const uint64_t made_time_ms = UINT64_C(1700000000000);

static void
free_path(struct occ_sim_path **path)
{
    occ_sim_path_free(*path);
}
#define PATH_AUTO __attribute__((cleanup(free_path))) struct occ_sim_path *

static struct occ_sim_path *
make_path(void)
{
    struct occ_sim_plan plan;
    occ_sim_plan_init(&plan, made_time_ms);
    return occ_sim_path_make(&plan);
}

/* What becomes of a made document: the code of the reader, or of the verification. */
static enum occ_err
outcome_of(const struct occ_sim_document *made, const struct occ_sim_path *path, struct occ_path_trust *trust)
{
    OCC_BUF_AUTO(bytes, 1 << 20);
    struct occ_nitro_document document;
    struct occ_nitro_facts facts;
    occ_sim_document_put(&bytes, made, path);
    assert_true(occ_is_ok(occ_buf_check(&bytes)));
    const struct occ_result result = occ_nitro_read(occ_buf_view(&bytes), NULL, &document);
    return occ_is_ok(result) ? occ_nitro_verify(&document, trust, NULL, &facts).code : result.code;
}

static void
test_made(void **state)
{
    (void)state;
    PATH_AUTO path = make_path();
    TRUST_AUTO trust = trust_of(occ_sim_path_certificates(path)[0]);
    TRUST_AUTO aws = trust_of(occ_nitro_aws_root());
    for (int form = 0; form < 4; form++) {
        struct occ_sim_document made;
        occ_sim_document_init(&made, path, made_time_ms);
        made.tagged = form % 2 == 1;
        made.indefinite = form >= 2;
        assert_int_equal(outcome_of(&made, path, trust), OCC_OK);
        assert_int_equal(outcome_of(&made, path, aws), OCC_ERR_NITRO_PATH);
        made.time_ms = made_time_ms + 4 * 3600000;
        assert_int_equal(outcome_of(&made, path, trust), OCC_ERR_NITRO_TIME);
    }
}

static void
test_made_signatures(void **state)
{
    (void)state;
    static const enum occ_err expected[] = {
        [OCC_SIM_SIGNATURE_GOOD] = OCC_OK,
        [OCC_SIM_SIGNATURE_FLIPPED] = OCC_ERR_NITRO_SIGNATURE,
        [OCC_SIM_SIGNATURE_R_ZERO] = OCC_ERR_NITRO_SIGNATURE,
        [OCC_SIM_SIGNATURE_S_ZERO] = OCC_ERR_NITRO_SIGNATURE,
        [OCC_SIM_SIGNATURE_R_ORDER] = OCC_ERR_NITRO_SIGNATURE,
        [OCC_SIM_SIGNATURE_S_ORDER] = OCC_ERR_NITRO_SIGNATURE,
        [OCC_SIM_SIGNATURE_SHORT] = OCC_ERR_NITRO_DOCUMENT,
        [OCC_SIM_SIGNATURE_LONG] = OCC_ERR_NITRO_DOCUMENT,
        [OCC_SIM_SIGNATURE_DER] = OCC_ERR_NITRO_DOCUMENT,
    };
    PATH_AUTO path = make_path();
    TRUST_AUTO trust = trust_of(occ_sim_path_certificates(path)[0]);
    struct occ_sim_document made;
    occ_sim_document_init(&made, path, made_time_ms);
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        made.signature = (enum occ_sim_signature)i;
        assert_int_equal(outcome_of(&made, path, trust), expected[i]);
    }
    made.signature = OCC_SIM_SIGNATURE_GOOD;
    made.algorithm = OCC_COSE_ES256;
    assert_int_equal(outcome_of(&made, path, trust), OCC_ERR_NITRO_ALGORITHM);
}

/* The key of another certificate of the path: its signature is not the document's. */
static void
test_made_other_key(void **state)
{
    (void)state;
    struct occ_sim_plan plan;
    occ_sim_plan_init(&plan, made_time_ms);
    PATH_AUTO path = occ_sim_path_make(&plan);
    plan.certificates[plan.count - 1].seed = "another key";
    PATH_AUTO other = occ_sim_path_make(&plan);
    TRUST_AUTO trust = trust_of(occ_sim_path_certificates(path)[0]);
    struct occ_sim_document made;
    occ_sim_document_init(&made, path, made_time_ms);
    assert_int_equal(outcome_of(&made, path, trust), OCC_OK);
    assert_int_equal(outcome_of(&made, other, trust),
                     OCC_ERR_NITRO_SIGNATURE); /* path's certificates, the other's key */
}

/* ---- what does not lead to the root ---- */

/* The certificate of the self-signed document, which cannot be read (see unit.evidence.occ_sim_document). */
static struct occ_bytes
self_signed_certificate(struct occ_buf *bytes)
{
    static const char name[] = "kcertificate\x59\x01\xd7";
    nitro_vector("blocky-selfsigned_attestation.b64", bytes);
    const uint8_t *at = memmem(bytes->ptr, bytes->len, name, sizeof name - 1);
    assert_non_null(at);
    return occ_bytes_of(at + sizeof name - 1, 0x1d7);
}

static void
test_other_paths(void **state)
{
    (void)state;
    vectors_needed("nitro");
    TRUST_AUTO trust = trust_of(occ_nitro_aws_root());
    OCC_BUF_AUTO(bytes, 1 << 20);
    OCC_BUF_AUTO(other_bytes, 1 << 20);
    const struct occ_nitro_document good = read_real("occ1-2026-03-13.cbor", &bytes);
    const struct occ_bytes self_signed = self_signed_certificate(&other_bytes);

    struct occ_nitro_document document = good;
    document.certificate = self_signed;
    document.cabundle[0] = self_signed;
    document.cabundle_count = 1;
    assert_refused(&document, trust, OCC_ERR_NITRO_PATH); /* cabundle[0] is not trusted because it is there */
    document.cabundle[0] = good.cabundle[0];
    assert_refused(&document, trust, OCC_ERR_NITRO_CONSTRAINTS); /* it is a CA's certificate */

    document = good;
    document.cabundle[1] = good.cabundle[2];
    document.cabundle[2] = good.cabundle[1];
    assert_refused(&document, trust, OCC_ERR_NITRO_PATH);

    document = good;
    document.cabundle_count = 3;
    assert_refused(&document, trust, OCC_ERR_NITRO_PATH);
}

static void
test_times(void **state)
{
    (void)state;
    vectors_needed("nitro");
    TRUST_AUTO trust = trust_of(occ_nitro_aws_root());
    OCC_BUF_AUTO(bytes, 1 << 20);
    const struct occ_nitro_document good = read_real("qos-attestation.cbor", &bytes);
    struct occ_nitro_document document = good;
    document.time_ms += 4 * 3600000;
    assert_refused(&document, trust, OCC_ERR_NITRO_TIME);
    document.time_ms = good.time_ms - 4 * 3600000;
    assert_refused(&document, trust, OCC_ERR_NITRO_TIME);
}

/* ---- what was changed ---- */

/* The path of one document, the signature of another; parts that belong to neither. */
static void
test_signatures(void **state)
{
    (void)state;
    vectors_needed("nitro");
    TRUST_AUTO trust = trust_of(occ_nitro_aws_root());
    OCC_BUF_AUTO(bytes, 1 << 20);
    OCC_BUF_AUTO(other_bytes, 1 << 20);
    const struct occ_nitro_document good = read_real("blocky-nitro_attestation.b64", &bytes);
    const struct occ_nitro_document other = read_real("blocky-nitro_attestation_debug.b64", &other_bytes);

    struct occ_nitro_document document = good;
    document.sign1.signature = other.sign1.signature;
    assert_refused(&document, trust, OCC_ERR_NITRO_SIGNATURE);
    document = good;
    document.sign1.payload = other.sign1.payload;
    assert_refused(&document, trust, OCC_ERR_NITRO_SIGNATURE);
    document = good;
    document.sign1.payload.len--;
    assert_refused(&document, trust, OCC_ERR_NITRO_SIGNATURE);
    document = good;
    document.sign1.algorithm = OCC_COSE_ES256;
    assert_refused(&document, trust, OCC_ERR_NITRO_ALGORITHM);
    const uint8_t zeros[96] = { 0 };
    document = good;
    document.sign1.signature = occ_bytes_of(zeros, sizeof zeros);
    assert_refused(&document, trust, OCC_ERR_NITRO_SIGNATURE);
}

static bool
accepts(const struct occ_buf *bytes, struct occ_path_trust *trust)
{
    struct occ_error err = { 0 };
    struct occ_nitro_document document;
    struct occ_nitro_facts facts;
    struct occ_result result = occ_nitro_read(occ_buf_view(bytes), &err, &document);
    if (occ_is_ok(result)) {
        result = occ_nitro_verify(&document, trust, &err, &facts);
    }
    assert_true(occ_is_ok(result) == (err.text[0] == '\0'));
    return occ_is_ok(result);
}

/* One bit of each byte, another one in each; and all eight in what lies around the payload. There is no byte that can change. */
static void
test_flipped_bytes(void **state)
{
    (void)state;
    vectors_needed("nitro");
    TRUST_AUTO trust = trust_of(occ_nitro_aws_root());
    OCC_BUF_AUTO(bytes, 1 << 20);
    nitro_vector("occ1-2026-03-13.cbor", &bytes);
    assert_true(accepts(&bytes, trust));
    for (size_t i = 0; i < bytes.len; i++) {
        const bool around = i < 16 || i >= bytes.len - 98;
        for (unsigned bit = 0; bit < 8; bit++) {
            if (!around && bit != i % 8) {
                continue;
            }
            bytes.ptr[i] = (uint8_t)(bytes.ptr[i] ^ (1u << bit));
            if (accepts(&bytes, trust)) {
                fail_msg("byte %zu, bit %u", i, bit);
            }
            bytes.ptr[i] = (uint8_t)(bytes.ptr[i] ^ (1u << bit));
        }
    }
    assert_true(accepts(&bytes, trust));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_root),
        cmocka_unit_test(test_genuine),
        cmocka_unit_test(test_tagged),
        cmocka_unit_test(test_made),
        cmocka_unit_test(test_made_signatures),
        cmocka_unit_test(test_made_other_key),
        cmocka_unit_test(test_other_paths),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_signatures),
        cmocka_unit_test(test_flipped_bytes),
    };
    return cmocka_run_group_tests_name("evidence.nitro", tests, NULL, NULL);
}
