/* Tests of src/crypto/certificate.c with certificate_form.c and certificate_chain.c: one path, one thing wrong. */
#include "unit/crypto/paths.h"

#include <openssl/x509.h>

/* ---- good paths ---- */

static void
test_good(void **state)
{
    (void)state;
    const struct occ_sim_plan plan = good_plan();
    PATH_AUTO path = occ_sim_path_make(&plan);
    TRUST_AUTO trust = trust_in(occ_sim_path_certificates(path)[0]);
    const struct occ_path list = list_of(path, TIME_MS);
    struct occ_path_leaf leaf = { 0 };
    assert_true(occ_is_ok(occ_path_verify(trust, &list, NULL, &leaf)));
    assert_int_equal(leaf.not_before_ms, (uint64_t)plan.certificates[4].not_before * 1000);
    assert_int_equal(leaf.not_after_ms, (uint64_t)plan.certificates[4].not_after * 1000);
    /* The key is the leaf's. */
    uint8_t signature[96];
    occ_sim_path_sign(path, occ_bytes_str("a message"), signature);
    const struct occ_bytes raw = occ_bytes_of(signature, sizeof signature);
    assert_true(occ_is_ok(occ_ecdsa_verify_raw(leaf.key, occ_bytes_str("a message"), raw)));
    assert_int_equal(occ_ecdsa_verify_raw(leaf.key, occ_bytes_str("another"), raw).code, OCC_ERR_SIGNATURE);
    occ_ecdsa_key_free(leaf.key);
    uint8_t fingerprint[OCC_SHA256_LEN];
    occ_digest_sha256(occ_sim_path_certificates(path)[0], fingerprint);
    assert_memory_equal(occ_path_trust_fingerprint(trust), fingerprint, OCC_SHA256_LEN);
}

/* From a leaf right below the root to as many authorities as are allowed, and one more. */
static void
test_lengths(void **state)
{
    (void)state;
    for (size_t count = 1; count <= OCC_LIMIT_NITRO_CABUNDLE + 1; count++) {
        struct occ_sim_plan plan = good_plan();
        const struct occ_sim_certificate leaf = plan.certificates[4];
        char names[OCC_LIMIT_NITRO_CABUNDLE + 1][16];
        for (size_t i = 0; i < count; i++) {
            (void)snprintf(names[i], sizeof names[i], "authority %zu", i);
            plan.certificates[i] = plan.certificates[0];
            plan.certificates[i].subject = names[i];
        }
        plan.certificates[count] = leaf;
        plan.count = count + 1;
        PATH_AUTO path = occ_sim_path_make(&plan);
        TRUST_AUTO trust = trust_in(occ_sim_path_certificates(path)[0]);
        const struct occ_path list = list_of(path, TIME_MS);
        if (count <= OCC_LIMIT_NITRO_CABUNDLE) {
            assert_verifies(trust, &list);
        } else {
            assert_refused(trust, &list, OCC_ERR_NITRO_PATH, "cabundle: 9 certificates, expected 1 to 8");
        }
    }
}

/* ---- one property of one certificate ---- */

/* Applies change to the certificate at index of a good plan; the path is to be refused with code, naming that one. */
static void
check_change(size_t index, void (*change)(struct occ_sim_certificate *), enum occ_err code, const char *begin)
{
    struct occ_sim_plan plan = good_plan();
    change(&plan.certificates[index]);
    PATH_AUTO path = occ_sim_path_make(&plan);
    TRUST_AUTO trust = trust_in(occ_sim_path_certificates(path)[0]);
    const struct occ_path list = list_of(path, TIME_MS);
    assert_refused(trust, &list, code, begin);
    assert_refused(trust, &list, code, begin); /* a failure is never remembered as anything else */
}

static void
expired(struct occ_sim_certificate *certificate)
{
    certificate->not_after = (int64_t)(TIME_MS / 1000) - 1;
}
static void
not_yet_valid(struct occ_sim_certificate *certificate)
{
    certificate->not_before = (int64_t)(TIME_MS / 1000) + 1;
}
static void
is_ca(struct occ_sim_certificate *certificate)
{
    certificate->ca = 1;
}
static void
is_ca_that_signs(struct occ_sim_certificate *certificate)
{
    certificate->ca = 1;
    certificate->key_usage = "critical,digitalSignature,keyCertSign";
}
static void
is_no_ca(struct occ_sim_certificate *certificate)
{
    certificate->ca = 0;
    certificate->path_length = -1;
}
static void
no_constraints(struct occ_sim_certificate *certificate)
{
    certificate->ca = -1;
}
static void
usage_signature_only(struct occ_sim_certificate *certificate)
{
    certificate->key_usage = "critical,digitalSignature,cRLSign";
}
static void
usage_no_signature(struct occ_sim_certificate *certificate)
{
    certificate->key_usage = "nonRepudiation";
}
static void
usage_both(struct occ_sim_certificate *certificate)
{
    certificate->key_usage = "digitalSignature,keyCertSign";
}
static void
no_usage(struct occ_sim_certificate *certificate)
{
    certificate->key_usage = NULL;
}
static void
path_length_0(struct occ_sim_certificate *certificate)
{
    certificate->path_length = 0;
}
static void
path_length_on_leaf(struct occ_sim_certificate *certificate)
{
    certificate->path_length = 1;
}
static void
unknown_critical(struct occ_sim_certificate *certificate)
{
    certificate->extension = "1.2.3.4.5";
    certificate->extension_value = "critical,DER:0500";
}
static void
critical_purpose(struct occ_sim_certificate *certificate)
{
    certificate->extension = "extendedKeyUsage";
    certificate->extension_value = "critical,clientAuth";
}
static void
critical_policy(struct occ_sim_certificate *certificate)
{
    certificate->extension = "policyConstraints";
    certificate->extension_value = "critical,requireExplicitPolicy:0";
}
static void
p256(struct occ_sim_certificate *certificate)
{
    certificate->key = OCC_SIM_P256;
}
static void
brainpool(struct occ_sim_certificate *certificate)
{
    certificate->key = OCC_SIM_BRAINPOOL384;
}
static void
explicit_curve(struct occ_sim_certificate *certificate)
{
    certificate->key = OCC_SIM_P384_EXPLICIT;
}
static void
compressed_point(struct occ_sim_certificate *certificate)
{
    certificate->key = OCC_SIM_P384_COMPRESSED;
}
static void
sha256(struct occ_sim_certificate *certificate)
{
    certificate->digest = "SHA256";
}
static void
sha1(struct occ_sim_certificate *certificate)
{
    certificate->digest = "SHA1";
}
static void
sha512(struct occ_sim_certificate *certificate)
{
    certificate->digest = "SHA512";
}
static void
wrong_signature(struct occ_sim_certificate *certificate)
{
    certificate->wrong_signature = true;
}
static void
other_issuer(struct occ_sim_certificate *certificate)
{
    certificate->issuer = "somebody else";
}
static void
self_signed(struct occ_sim_certificate *certificate)
{
    certificate->self_signed = true;
}
static void
self_issued(struct occ_sim_certificate *certificate)
{
    certificate->issuer = certificate->subject;
}
/* Well signed, but with the name of what signed it. */
static void
named_as_issuer(struct occ_sim_certificate *certificate)
{
    certificate->subject = good_plan().certificates[3].subject;
}
static void
version_1(struct occ_sim_certificate *certificate)
{
    certificate->version = 1;
}

struct change {
    size_t first, last; /* each of these certificates in turn */
    void (*change)(struct occ_sim_certificate *);
    enum occ_err code;
};
enum { ROOT, ABOVE_LEAF = 3, LEAF };

static const struct change changes[] = {
    { ROOT, LEAF, expired, OCC_ERR_NITRO_TIME },
    { ROOT, LEAF, not_yet_valid, OCC_ERR_NITRO_TIME },
    { LEAF, LEAF, is_ca, OCC_ERR_NITRO_CONSTRAINTS },
    { LEAF, LEAF, is_ca_that_signs, OCC_ERR_NITRO_CONSTRAINTS },
    { ROOT + 1, ABOVE_LEAF, is_no_ca, OCC_ERR_NITRO_CONSTRAINTS },
    { ROOT + 1, LEAF, no_constraints, OCC_ERR_NITRO_CONSTRAINTS },
    { ROOT + 1, ABOVE_LEAF, usage_signature_only, OCC_ERR_NITRO_CONSTRAINTS },
    { LEAF, LEAF, usage_no_signature, OCC_ERR_NITRO_CONSTRAINTS },
    { LEAF, LEAF, usage_both, OCC_ERR_NITRO_CONSTRAINTS },
    { ROOT + 1, LEAF, no_usage, OCC_ERR_NITRO_CONSTRAINTS },
    { ROOT, ABOVE_LEAF - 1, path_length_0, OCC_ERR_NITRO_CONSTRAINTS },
    { LEAF, LEAF, path_length_on_leaf, OCC_ERR_NITRO_CONSTRAINTS },
    { ROOT + 1, LEAF, unknown_critical, OCC_ERR_NITRO_CONSTRAINTS },
    { ROOT + 1, LEAF, critical_purpose, OCC_ERR_NITRO_CONSTRAINTS },
    { ROOT + 1, LEAF, critical_policy, OCC_ERR_NITRO_CONSTRAINTS },
    { ROOT + 1, LEAF, p256, OCC_ERR_NITRO_CERTIFICATE },
    { ROOT + 1, LEAF, brainpool, OCC_ERR_NITRO_CERTIFICATE },
    { ROOT + 1, LEAF, explicit_curve, OCC_ERR_NITRO_CERTIFICATE },
    { ROOT + 1, LEAF, compressed_point, OCC_ERR_NITRO_CERTIFICATE },
    { ROOT + 1, LEAF, sha1, OCC_ERR_NITRO_CERTIFICATE },
    { ROOT + 1, LEAF, sha256, OCC_ERR_NITRO_CERTIFICATE },
    { ROOT + 1, LEAF, sha512, OCC_ERR_NITRO_CERTIFICATE },
    { ROOT + 1, LEAF, version_1, OCC_ERR_NITRO_CERTIFICATE },
    { ROOT + 1, LEAF, wrong_signature, OCC_ERR_NITRO_PATH },
    { LEAF, LEAF, self_signed, OCC_ERR_NITRO_PATH },
    { LEAF, LEAF, self_issued, OCC_ERR_NITRO_PATH },
    { LEAF, LEAF, named_as_issuer, OCC_ERR_NITRO_PATH },
};

static void
test_changes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        for (size_t index = changes[i].first; index <= changes[i].last; index++) {
            char begin[32] = "certificate: ";
            if (index != LEAF) {
                (void)snprintf(begin, sizeof begin, "cabundle[%zu]: ", index);
            }
            check_change(index, changes[i].change, changes[i].code, begin);
        }
    }
}

/* Here the one that is named is not always the one at fault. */
static void
test_changes_found_elsewhere(void **state)
{
    (void)state;
    /* For want of its issuer, OpenSSL names the certificate that lacks it; a self-signed one ends the path. */
    for (size_t index = ROOT + 1; index <= LEAF; index++) {
        check_change(index, other_issuer, OCC_ERR_NITRO_PATH, "c");
    }
    for (size_t index = ROOT + 1; index < LEAF; index++) {
        check_change(index, self_signed, OCC_ERR_NITRO_PATH, "c");
    }
}

/* What may be: no key identifiers as in AWS's older certificates, a harmless extension more. */
static void
test_allowed_changes(void **state)
{
    (void)state;
    struct occ_sim_plan plan = good_plan();
    for (size_t i = 0; i < plan.count; i++) {
        plan.certificates[i].key_identifiers = false;
        plan.certificates[i].extension = "1.2.3.4.5";
        plan.certificates[i].extension_value = "DER:0500";
    }
    plan.certificates[LEAF].serial = 77;
    PATH_AUTO path = occ_sim_path_make(&plan);
    TRUST_AUTO trust = trust_in(occ_sim_path_certificates(path)[0]);
    const struct occ_path list = list_of(path, TIME_MS);
    assert_verifies(trust, &list);
}

/* To the second, at both ends; and a path that was good then is good then, whatever the clock says today. */
static void
test_time(void **state)
{
    (void)state;
    const struct occ_sim_plan plan = good_plan();
    PATH_AUTO path = occ_sim_path_make(&plan);
    const uint64_t from = (uint64_t)plan.certificates[LEAF].not_before * 1000;
    const uint64_t to = (uint64_t)plan.certificates[LEAF].not_after * 1000;
    const struct {
        uint64_t time_ms;
        const char *refusal;
    } times[] = {
        { from, NULL },
        { from - 1, "certificate: not yet valid" },
        { to, NULL },
        { to + 999, NULL },
        { to + 1000, "certificate: expired" },
        { 0, "c" },
        { UINT64_MAX, "the document's time lies beyond" },
        { 253402300800000, "the document's time lies beyond" },
        { 253402300799999, "c" },
    };
    TRUST_AUTO trust = trust_in(occ_sim_path_certificates(path)[0]);
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        const struct occ_path list = list_of(path, times[i].time_ms);
        TRUST_AUTO fresh = trust_in(occ_sim_path_certificates(path)[0]);
        if (times[i].refusal == NULL) {
            assert_verifies(fresh, &list); /* knows nothing: the same verdict as of one that does */
            assert_verifies(trust, &list);
        } else {
            assert_refused(fresh, &list, OCC_ERR_NITRO_TIME, times[i].refusal);
            assert_refused(trust, &list, OCC_ERR_NITRO_TIME, times[i].refusal);
        }
    }
}

/* ---- the list ---- */

/* The good list with its authorities taken in this order: digits are indices, 4 the leaf, 5 a stranger. */
static void
check_list(const char *order, const char *begin)
{
    const struct occ_sim_plan plan = good_plan();
    struct occ_sim_plan strange = good_plan();
    strange.seed = "another root of the same name";
    PATH_AUTO path = occ_sim_path_make(&plan);
    PATH_AUTO other = occ_sim_path_make(&strange);
    struct occ_bytes authorities[16] = { { NULL, 0 } };
    for (size_t i = 0; i < strlen(order); i++) {
        const size_t index = (size_t)(order[i] - '0');
        authorities[i] = index == 5 ? occ_sim_path_certificates(other)[1] : occ_sim_path_certificates(path)[index];
    }
    TRUST_AUTO trust = trust_in(occ_sim_path_certificates(path)[0]);
    const struct occ_path list = { authorities, strlen(order), occ_sim_path_certificates(path)[4], TIME_MS };
    if (begin == NULL) {
        assert_verifies(trust, &list);
        return;
    }
    assert_refused(trust, &list, OCC_ERR_NITRO_PATH, begin);
    /* Not either when the good path is known. */
    const struct occ_path good = list_of(path, TIME_MS);
    assert_verifies(trust, &good);
    assert_refused(trust, &list, OCC_ERR_NITRO_PATH, begin);
}

static void
test_lists(void **state)
{
    (void)state;
    check_list("0123", NULL);
    check_list("0213", "cabundle: not in order");
    check_list("0132", "cabundle: not in order");
    check_list("3210", "cabundle[0]: not the trusted root");
    check_list("123", "cabundle[0]: not the trusted root");
    check_list("023", "c");
    check_list("013", "c");
    check_list("012", "c");
    check_list("0", "c");
    check_list("01235", "cabundle: not in order");
    check_list("05123", "cabundle: not in order");
    check_list("01233", "cabundle[4]: the same certificate as cabundle[3]");
    check_list("00123", "cabundle[1]: the same certificate as cabundle[0]");
    check_list("01230", "cabundle[4]: the same certificate as cabundle[0]");
    check_list("", "cabundle: 0 certificates");
    check_list("01234", "certificate: the same certificate as cabundle[4]");
}

static void
test_other_root(void **state)
{
    (void)state;
    const struct occ_sim_plan plan = good_plan();
    struct occ_sim_plan strange = good_plan();
    strange.seed = "another root of the same name";
    PATH_AUTO path = occ_sim_path_make(&plan);
    PATH_AUTO other = occ_sim_path_make(&strange);
    PATH_AUTO again = occ_sim_path_make(&plan); /* the same root key and name, other bytes */
    TRUST_AUTO trust = trust_in(occ_sim_path_certificates(path)[0]);
    const struct occ_path others = list_of(other, TIME_MS);
    assert_refused(trust, &others, OCC_ERR_NITRO_PATH, "cabundle[0]: not the trusted root");
    const struct occ_path agains = list_of(again, TIME_MS);
    assert_refused(trust, &agains, OCC_ERR_NITRO_PATH, "cabundle[0]: not the trusted root");
    /* The right root above the other's path. */
    struct occ_bytes authorities[4];
    memcpy(authorities, occ_sim_path_certificates(other), sizeof authorities);
    authorities[0] = occ_sim_path_certificates(path)[0];
    const struct occ_path mixed = { authorities, 4, occ_sim_path_certificates(other)[4], TIME_MS };
    assert_refused(trust, &mixed, OCC_ERR_NITRO_PATH, "c");
}

static void
test_prepare(void **state)
{
    (void)state;
    assert_int_equal(occ_path_prepare().code, OCC_OK);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prepare),
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_changes_found_elsewhere),
        cmocka_unit_test(test_allowed_changes),
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_other_root),
    };
    return cmocka_run_group_tests_name("crypto.certificate", tests, NULL, NULL);
}
