/* Tests of src/crypto/certificate_form.c: what the bytes of one certificate may be, seen through whole paths and roots. */
#include "unit/crypto/paths.h"

#include <openssl/x509.h>

enum { ROOM = 2 * OCC_LIMIT_NITRO_CERTIFICATE_LEN, SHA384_OID_LEN = 8 };

static const uint8_t ecdsa_with_sha384[SHA384_OID_LEN] = { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03 };

struct changed {
    uint8_t bytes[ROOM];
    size_t len;
};

/* Inserts bytes at offset; the outer sequence's length, in its two bytes, grows with them if the outer is not at fault. */
static void
insert(struct changed *certificate, size_t offset, struct occ_bytes bytes)
{
    assert_true(certificate->len + bytes.len <= ROOM);
    memmove(certificate->bytes + offset + bytes.len, certificate->bytes + offset, certificate->len - offset);
    memcpy(certificate->bytes + offset, bytes.ptr, bytes.len);
    certificate->len += bytes.len;
}

static void
grow_outer(struct changed *certificate, size_t by)
{
    const size_t len = (size_t)certificate->bytes[2] << 8 | certificate->bytes[3];
    certificate->bytes[2] = (uint8_t)((len + by) >> 8);
    certificate->bytes[3] = (uint8_t)(len + by);
}

/* Where the last OID of the signature algorithm begins: the outer one. */
static size_t
outer_algorithm(const struct changed *certificate)
{
    for (size_t i = certificate->len - SHA384_OID_LEN; i > 0; i--) {
        if (memcmp(certificate->bytes + i, ecdsa_with_sha384, SHA384_OID_LEN) == 0) {
            return i;
        }
    }
    fail();
    return 0;
}

/* 30 82 xx xx becomes 30 83 00 xx xx. */
static void
outer_length(struct changed *certificate)
{
    certificate->bytes[1] = 0x83;
    insert(certificate, 2, occ_bytes_of("\0", 1));
}
/* The same of the part that is signed. */
static void
inner_length(struct changed *certificate)
{
    certificate->bytes[5] = 0x83;
    insert(certificate, 6, occ_bytes_of("\0", 1));
    grow_outer(certificate, 1);
}
/* Outside of what is signed: the signature stays good. 30 0a becomes 30 81 0a. */
static void
algorithm_length(struct changed *certificate)
{
    insert(certificate, outer_algorithm(certificate) - 3, occ_bytes_of("\x81", 1));
    grow_outer(certificate, 1);
}
/* Likewise: 03 6x becomes 03 81 6x. */
static void
signature_length(struct changed *certificate)
{
    insert(certificate, outer_algorithm(certificate) + SHA384_OID_LEN + 1, occ_bytes_of("\x81", 1));
    grow_outer(certificate, 1);
}
/* 30 82 … becomes 30 80 … 00 00. */
static void
indefinite(struct changed *certificate)
{
    certificate->bytes[1] = 0x80;
    memmove(certificate->bytes + 2, certificate->bytes + 4, certificate->len - 4);
    memset(certificate->bytes + certificate->len - 2, 0, 2);
}
static void
trailing(struct changed *certificate)
{
    insert(certificate, certificate->len, occ_bytes_of("\0", 1));
}
static void
twice(struct changed *certificate)
{
    const struct changed copy = *certificate;
    insert(certificate, certificate->len, occ_bytes_of(copy.bytes, copy.len));
}
static void
cut(struct changed *certificate)
{
    certificate->len--;
}
static void
empty(struct changed *certificate)
{
    certificate->len = 0;
}
static void
garbage(struct changed *certificate)
{
    memset(certificate->bytes, 0xa5, certificate->len);
}
static void
pem(struct changed *certificate)
{
    OCC_BUF_AUTO(text, ROOM);
    occ_sim_pem_put(&text, occ_bytes_of(certificate->bytes, certificate->len));
    assert_true(occ_is_ok(occ_buf_check(&text)));
    memcpy(certificate->bytes, text.ptr, text.len);
    certificate->len = text.len;
}
static void
too_long(struct changed *certificate)
{
    memset(certificate->bytes + certificate->len, 0, ROOM - certificate->len);
    certificate->len = OCC_LIMIT_NITRO_CERTIFICATE_LEN + 1;
}
/* ecdsa-with-SHA256 outside, SHA384 inside. */
static void
other_algorithm(struct changed *certificate)
{
    certificate->bytes[outer_algorithm(certificate) + SHA384_OID_LEN - 1] = 0x02;
}
/* The other way round. */
static void
other_inner_algorithm(struct changed *certificate)
{
    for (size_t i = 0; i < outer_algorithm(certificate); i++) {
        if (memcmp(certificate->bytes + i, ecdsa_with_sha384, SHA384_OID_LEN) == 0) {
            certificate->bytes[i + SHA384_OID_LEN - 1] = 0x02;
            return;
        }
    }
    fail();
}
/* Parameters, where RFC 5758 has none: NULL. */
static void
algorithm_parameters(struct changed *certificate)
{
    const size_t at = outer_algorithm(certificate);
    insert(certificate, at + SHA384_OID_LEN, occ_bytes_of("\x05\x00", 2));
    certificate->bytes[at - 3] = (uint8_t)(certificate->bytes[at - 3] + 2);
    grow_outer(certificate, 2);
}
/* The last byte of the point: not on the curve any more, but for one in 2^383. */
static void
not_on_curve(struct changed *certificate)
{
    static const uint8_t head[] = { 0x03, 0x62, 0x00, 0x04 };
    for (size_t i = 0; i < certificate->len - 100; i++) {
        if (memcmp(certificate->bytes + i, head, sizeof head) == 0) {
            certificate->bytes[i + 99] ^= 1;
            return;
        }
    }
    fail();
}

static const struct {
    void (*change)(struct changed *);
    const char *sentence;
    bool lax_reads_it; /* OpenSSL's decoder does, and what it read is signed well: so it is our check that refuses */
} changes[] = {
    { outer_length, "not in DER", true },
    { inner_length, "not in DER", false },
    { algorithm_length, "not in DER", true },
    { signature_length, "not in DER", true },
    { indefinite, "not in DER", true },
    { trailing, "1 bytes after the certificate", true },
    { twice, "", true },
    { cut, "not a DER certificate", false },
    { empty, "0 bytes, expected 1 to 4096", false },
    { garbage, "not a DER certificate", false },
    { pem, "not a DER certificate", false },
    { too_long, "4097 bytes, expected 1 to 4096", true },
    { other_algorithm, "signed with something else", false },
    { other_inner_algorithm, "signed with something else", false },
    { algorithm_parameters, "signed with something else", false },
    { not_on_curve, "another public key", false },
};

static bool
lax_verifies(const struct changed *certificate, struct occ_bytes issuer)
{
    const uint8_t *next = certificate->bytes;
    X509 *read = d2i_X509(NULL, &next, (long)certificate->len);
    next = issuer.ptr;
    X509 *above = d2i_X509(NULL, &next, (long)issuer.len);
    assert_non_null(above);
    const bool verifies = read != NULL && X509_verify(read, X509_get0_pubkey(above)) == 1;
    X509_free(read);
    X509_free(above);
    ERR_clear_error();
    return verifies;
}

/* Each change to the leaf and to the authority above it. */
static void
test_encodings(void **state)
{
    (void)state;
    const struct occ_sim_plan plan = good_plan();
    PATH_AUTO path = occ_sim_path_make(&plan);
    const struct occ_bytes *good = occ_sim_path_certificates(path);
    TRUST_AUTO trust = trust_in(good[0]);
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        for (size_t index = 3; index <= 4; index++) {
            struct changed certificate = { .len = good[index].len };
            memcpy(certificate.bytes, good[index].ptr, good[index].len);
            changes[i].change(&certificate);
            struct occ_bytes listed[5];
            memcpy(listed, good, sizeof listed);
            listed[index] = occ_bytes_of(certificate.bytes, certificate.len);
            const struct occ_path list = { listed, 4, listed[4], TIME_MS };
            char begin[128];
            (void)snprintf(begin, sizeof begin, "%s: %s", index == 4 ? "certificate" : "cabundle[3]",
                           changes[i].sentence);
            assert_refused(trust, &list, OCC_ERR_NITRO_CERTIFICATE, begin);
            if (changes[i].lax_reads_it) {
                assert_true(lax_verifies(&certificate, good[index - 1]));
            }
        }
    }
    const struct occ_path list = list_of(path, TIME_MS);
    assert_verifies(trust, &list);
}

/* ---- roots ---- */

static void
assert_no_root(struct occ_bytes root, const char *begin)
{
    struct occ_path_trust *trust = NULL;
    struct occ_error err = { 0 };
    assert_int_equal(occ_path_trust_new(root, &err, &trust).code, OCC_ERR_NITRO_CERTIFICATE);
    assert_null(trust);
    assert_int_equal(err.code, OCC_ERR_NITRO_CERTIFICATE);
    assert_int_equal(ERR_peek_error(), 0);
    if (!occ_bytes_starts(occ_bytes_str(err.text), begin)) {
        fail_msg("\"%s\", expected \"%s…\"", err.text, begin);
    }
}

/* Of the very certificate that is known, and of no other, the signature goes unchecked: here one that is wrong. */
static void
test_root_known(void **state)
{
    (void)state;
    const struct occ_sim_plan plan = good_plan();
    PATH_AUTO path = occ_sim_path_make(&plan);
    const struct occ_bytes root = occ_sim_path_certificates(path)[0];
    struct changed changed = { .len = root.len };
    memcpy(changed.bytes, root.ptr, root.len);
    changed.bytes[root.len - 1] ^= 1; /* of the signature */
    const struct occ_bytes wrong = occ_bytes_of(changed.bytes, changed.len);
    uint8_t sha256[OCC_SHA256_LEN];
    occ_digest_sha256(wrong, sha256);
    assert_no_root(wrong, "root: not signed by itself");
    struct occ_error err = { 0 };
    TRUST_AUTO trust = NULL;
    assert_true(occ_is_ok(occ_path_trust_new_known(wrong, sha256, &err, &trust)));
    assert_memory_equal(occ_path_trust_fingerprint(trust), sha256, sizeof sha256);
    sha256[0] ^= 1;
    struct occ_path_trust *none = NULL;
    assert_int_equal(occ_path_trust_new_known(wrong, sha256, &err, &none).code, OCC_ERR_NITRO_CERTIFICATE);
    assert_null(none);
    /* One that names another as its issuer has not signed itself, whoever says so. */
    const struct occ_bytes other = occ_sim_path_certificates(path)[1];
    occ_digest_sha256(other, sha256);
    assert_int_equal(occ_path_trust_new_known(other, sha256, &err, &none).code, OCC_ERR_NITRO_CERTIFICATE);
    assert_null(none);
}

static void
test_root_pem(void **state)
{
    (void)state;
    const struct occ_sim_plan plan = good_plan();
    PATH_AUTO path = occ_sim_path_make(&plan);
    const struct occ_bytes *certificates = occ_sim_path_certificates(path);
    OCC_BUF_AUTO(text, 1 << 16);
    occ_buf_put_str(&text, "The root, and words in front of it.\n");
    occ_sim_pem_put(&text, certificates[0]);
    TRUST_AUTO trust = trust_in(occ_buf_view(&text));
    const struct occ_path list = list_of(path, TIME_MS);
    assert_verifies(trust, &list);
    occ_sim_pem_put(&text, certificates[1]);
    assert_no_root(occ_buf_view(&text), "root: not one certificate");
    assert_no_root(occ_bytes_str("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
                   "root: not a DER certificate");
    assert_no_root(occ_bytes_str("-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\n"
                                 "DEK-Info: AES-128-CBC,00000000000000000000000000000000\n\n"
                                 "AAAAAAAAAAAAAAAAAAAAAA==\n-----END CERTIFICATE-----\n"),
                   "root: not one certificate");
    assert_no_root(occ_bytes_of(NULL, 0), "root: not one certificate");
    assert_no_root(occ_bytes_str("words"), "root: not one certificate");
    assert_no_root(certificates[1], "root: not signed by itself");
    assert_no_root(certificates[4], "root: not a CA certificate");
    assert_no_root(occ_bytes_of(certificates[0].ptr, certificates[0].len - 1), "root: not a DER certificate");
}

static void
assert_no_root_of(const struct occ_sim_plan *plan, const char *begin)
{
    PATH_AUTO path = occ_sim_path_make(plan);
    assert_no_root(occ_sim_path_certificates(path)[0], begin);
}

static void
test_roots(void **state)
{
    (void)state;
    struct occ_sim_plan plan = good_plan();
    plan.certificates[0].ca = 0;
    assert_no_root_of(&plan, "root: not a CA certificate");
    plan = good_plan();
    plan.certificates[0].ca = -1;
    assert_no_root_of(&plan, "root: not a CA certificate");
    plan = good_plan();
    plan.certificates[0].key_usage = "critical,digitalSignature";
    assert_no_root_of(&plan, "root: not a CA certificate");
    plan = good_plan();
    plan.certificates[0].key = OCC_SIM_P256;
    assert_no_root_of(&plan, "root: another public key");
    plan = good_plan();
    plan.certificates[0].digest = "SHA256";
    assert_no_root_of(&plan, "root: signed with something else");
    plan = good_plan();
    plan.certificates[0].wrong_signature = true;
    assert_no_root_of(&plan, "root: not signed by itself");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_encodings),
        cmocka_unit_test(test_root_known),
        cmocka_unit_test(test_root_pem),
        cmocka_unit_test(test_roots),
    };
    return cmocka_run_group_tests_name("crypto.certificate_form", tests, NULL, NULL);
}
