/* certificate.c — see certificate.h: the list, what is known of it, and then OpenSSL. */
#include "crypto/certificate.h"

#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/buf.h"
#include "base/limits.h"
#include "crypto/certificate_cache.h"
#include "crypto/certificate_chain.h"
#include "crypto/certificate_form.h"

#define LAST_TIME_MS 253402300799999ull /* the end of the year 9999, where the times of certificates end */

struct occ_path_trust {
    X509 *root;
    struct occ_buf der; /* of root */
    uint8_t fingerprint[OCC_SHA256_LEN];
    /*
     * Two kinds of what was verified. authorities: by all authorities of a path, its last one. leaves: by all authorities and
     * the leaf, the leaf. Never by a part of the authorities: path lengths of those above would not have been counted to the
     * end. Apart, so that many leaves do not drive out what they share.
     */
    struct occ_certificate_cache *authorities, *leaves;
};

/* A path's certificates, as far as they are needed: authorities first, then the leaf. */
struct certificates {
    X509 *at[OCC_LIMIT_NITRO_CABUNDLE + 1];
};

/* What a path, and its authorities, are called in the caches. */
struct names {
    uint8_t authorities[OCC_SHA256_LEN], whole[OCC_SHA256_LEN];
};

static void
certificates_cleanup(struct certificates *certificates)
{
    for (size_t i = 0; i < OCC_LIMIT_NITRO_CABUNDLE + 1; i++) {
        X509_free(certificates->at[i]);
    }
}

static struct occ_bytes
listed(const struct occ_path *path, size_t index)
{
    return index == path->authority_count ? path->leaf : path->authorities[index];
}

/* ---- the root ---- */

static int
no_passphrase(char *text, int size, int writing, void *context)
{
    (void)text, (void)size, (void)writing, (void)context;
    return -1;
}

static OCC_RESULT
read_pem(struct occ_bytes text, struct occ_error *err, struct occ_buf *der)
{
    if (text.len == 0 || text.len > OCC_LIMIT_ROOTS_LEN) {
        return occ_error_set(err, OCC_ERR_NITRO_CERTIFICATE, "root: not one certificate in DER or PEM");
    }
    BIO *bio = BIO_new_mem_buf(text.ptr, (int)text.len);
    OCC_ENSURE(bio != NULL, OCC_ERR_NOMEM);
    unsigned char *bytes = NULL;
    long len = 0;
    unsigned char *more = NULL;
    long more_len = 0;
    const bool one = PEM_bytes_read_bio(&bytes, &len, NULL, PEM_STRING_X509, bio, no_passphrase, NULL) == 1 &&
                     PEM_bytes_read_bio(&more, &more_len, NULL, PEM_STRING_X509, bio, no_passphrase, NULL) != 1;
    if (one) {
        occ_buf_put(der, occ_bytes_of(bytes, (size_t)len));
    }
    OPENSSL_free(bytes);
    OPENSSL_free(more);
    BIO_free(bio);
    if (!one) {
        return occ_certificate_form_refuse(err, OCC_ERR_NITRO_CERTIFICATE, "root", "not one certificate in DER or PEM");
    }
    return occ_buf_check(der);
}

static OCC_RESULT
read_root(struct occ_bytes root, const uint8_t *known_sha256, struct occ_error *err, struct occ_path_trust *trust)
{
    const uint8_t sequence = 0x30; /* what DER begins with, and PEM does not */
    if (root.len > 0 && root.ptr[0] == sequence) {
        occ_buf_put(&trust->der, root);
        OCC_TRY(occ_buf_check(&trust->der));
    }
    if (trust->der.len == 0) {
        OCC_TRY(read_pem(root, err, &trust->der));
        ERR_clear_error(); /* that there was no second certificate */
    }
    OCC_TRY(occ_certificate_form_read(occ_buf_view(&trust->der), "root", err, &trust->root));
    const struct occ_result place = occ_certificate_form_check_authority(trust->root, "root", err);
    if (!occ_is_ok(place)) {
        return place.code == OCC_ERR_NOMEM
                   ? place
                   : occ_error_set(err, OCC_ERR_NITRO_CERTIFICATE, "root: not a CA certificate");
    }
    occ_digest_sha256(occ_buf_view(&trust->der), trust->fingerprint);
    const bool is_known =
        known_sha256 != NULL && memcmp(trust->fingerprint, known_sha256, sizeof trust->fingerprint) == 0;
    /* Of a known root too: without memory OpenSSL can take it for one that another signed. */
    if (X509_self_signed(trust->root, is_known ? 0 : 1) != 1) {
        return occ_certificate_form_refuse(err, OCC_ERR_NITRO_CERTIFICATE, "root", "not signed by itself");
    }
    return occ_success();
}

static OCC_RESULT
make_trust(struct occ_bytes root, const uint8_t *known_sha256, struct occ_error *err, struct occ_path_trust *trust)
{
    OCC_TRY(read_root(root, known_sha256, err, trust));
    OCC_TRY(occ_certificate_cache_new(OCC_LIMIT_PATH_CACHE / 2, &trust->authorities));
    return occ_certificate_cache_new(OCC_LIMIT_PATH_CACHE / 2, &trust->leaves);
}

/* known_sha256 may be NULL. */
static OCC_RESULT
new_trust(struct occ_bytes root, const uint8_t *known_sha256, struct occ_error *err, struct occ_path_trust **ret_trust)
{
    struct occ_path_trust *trust = calloc(1, sizeof *trust);
    OCC_ENSURE(trust != NULL, OCC_ERR_NOMEM);
    trust->der = OCC_BUF_INIT(OCC_LIMIT_NITRO_CERTIFICATE_LEN);
    ERR_clear_error();
    const struct occ_result made = make_trust(root, known_sha256, err, trust);
    ERR_clear_error();
    if (!occ_is_ok(made)) {
        occ_path_trust_free(trust);
        return made;
    }
    *ret_trust = trust;
    return occ_success();
}

struct occ_result
occ_path_trust_new(struct occ_bytes root, struct occ_error *err, struct occ_path_trust **ret_trust)
{
    return new_trust(root, NULL, err, ret_trust);
}

struct occ_result
occ_path_trust_new_known(struct occ_bytes root, const uint8_t known_sha256[OCC_SHA256_LEN], struct occ_error *err,
                         struct occ_path_trust **ret_trust)
{
    return new_trust(root, known_sha256, err, ret_trust);
}

void
occ_path_trust_free(struct occ_path_trust *trust)
{
    if (trust == NULL) {
        return;
    }
    occ_certificate_cache_free(trust->authorities);
    occ_certificate_cache_free(trust->leaves);
    X509_free(trust->root);
    occ_buf_clear(&trust->der);
    free(trust);
}

void
occ_path_trust_forget_leaves(struct occ_path_trust *trust)
{
    occ_certificate_cache_forget(trust->leaves);
}

const uint8_t *
occ_path_trust_fingerprint(const struct occ_path_trust *trust)
{
    return trust->fingerprint;
}

/* ---- the list ---- */

static OCC_RESULT
check_twice(const struct occ_path *path, size_t index, struct occ_error *err)
{
    for (size_t other = 0; other < index; other++) {
        if (occ_bytes_equal(listed(path, index), listed(path, other))) {
            return occ_error_set(err, OCC_ERR_NITRO_PATH, "%s: the same certificate as cabundle[%zu]",
                                 occ_certificate_form_name(index, path->authority_count).text, other);
        }
    }
    return occ_success();
}

/* What the bytes alone show. */
static OCC_RESULT
check_list(const struct occ_path_trust *trust, const struct occ_path *path, struct occ_error *err)
{
    if (path->authority_count == 0 || path->authority_count > OCC_LIMIT_NITRO_CABUNDLE) {
        return occ_error_set(err, OCC_ERR_NITRO_PATH, "cabundle: %zu certificates, expected 1 to %d",
                             path->authority_count, OCC_LIMIT_NITRO_CABUNDLE);
    }
    /* PROTOCOL §5: cabundle[0] is not trusted because it is there. */
    if (!occ_bytes_equal(path->authorities[0], occ_buf_view(&trust->der))) {
        return occ_error_set(err, OCC_ERR_NITRO_PATH, "cabundle[0]: not the trusted root certificate");
    }
    for (size_t i = 1; i <= path->authority_count; i++) {
        OCC_TRY(check_twice(path, i, err));
    }
    if (path->time_ms > LAST_TIME_MS) {
        return occ_error_set(err, OCC_ERR_NITRO_TIME, "the document's time lies beyond the year 9999");
    }
    return occ_success();
}

static OCC_RESULT
hash(struct occ_digest *digest, struct occ_bytes data, uint8_t ret_hash[OCC_SHA256_LEN])
{
    OCC_TRY(occ_digest_update(digest, data));
    return occ_digest_final(digest, ret_hash);
}

/* Hashes of fixed length, one per certificate, in order: no two lists give the same text, and so none the same name. */
static OCC_RESULT
name_with(struct occ_digest *digest, const struct occ_path *path, struct names *ret_names)
{
    uint8_t hashes[(OCC_LIMIT_NITRO_CABUNDLE + 1) * OCC_SHA256_LEN];
    for (size_t i = 0; i <= path->authority_count; i++) {
        OCC_TRY(hash(digest, listed(path, i), hashes + i * OCC_SHA256_LEN));
    }
    const size_t len = path->authority_count * OCC_SHA256_LEN;
    OCC_TRY(hash(digest, occ_bytes_of(hashes, len), ret_names->authorities));
    return hash(digest, occ_bytes_of(hashes, len + OCC_SHA256_LEN), ret_names->whole);
}

static OCC_RESULT
name_list(const struct occ_path *path, struct names *ret_names)
{
    struct occ_digest *digest = NULL;
    struct occ_result result = occ_digest_new(&digest);
    if (occ_is_ok(result)) {
        result = name_with(digest, path, ret_names);
    }
    occ_digest_free(digest);
    /* OpenSSL's digests allocate when they begin, and fail for nothing else. */
    return occ_is_ok(result) ? result : occ_result_of(OCC_ERR_NOMEM);
}

/* ---- the path ---- */

static OCC_RESULT
read_leaf(X509 *certificate, struct occ_error *err, struct occ_path_leaf *ret_leaf)
{
    struct occ_certificate_window window;
    OCC_TRY(occ_certificate_form_window(certificate, "certificate", err, &window));
    unsigned char *spki = NULL;
    const int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &spki);
    OCC_ENSURE(len > 0, OCC_ERR_NOMEM);
    struct occ_ecdsa_key *key = NULL;
    const struct occ_result made = occ_ecdsa_key_from_spki(OCC_ES384, occ_bytes_of(spki, (size_t)len), &key);
    OPENSSL_free(spki);
    if (!occ_is_ok(made)) {
        return made.code == OCC_ERR_NOMEM ? made
                                          : occ_certificate_form_refuse(err, OCC_ERR_NITRO_CERTIFICATE, "certificate",
                                                                        "not a valid P-384 key");
    }
    *ret_leaf = (struct occ_path_leaf){ .not_before_ms = window.from < 0 ? 0 : (uint64_t)window.from * 1000,
                                        .not_after_ms = window.to < 0 ? 0 : (uint64_t)window.to * 1000,
                                        .key = key };
    return occ_success();
}

/* Reads the certificates from index to the leaf. */
static OCC_RESULT
read_from(const struct occ_path *path, size_t index, struct occ_error *err, struct certificates *certificates)
{
    const size_t leaf = path->authority_count;
    for (size_t i = index; i <= leaf; i++) {
        const struct occ_certificate_name name = occ_certificate_form_name(i, leaf);
        OCC_TRY(occ_certificate_form_read(listed(path, i), name.text, err, &certificates->at[i]));
        OCC_TRY(i == leaf ? occ_certificate_form_check_leaf(certificates->at[i], name.text, err)
                          : occ_certificate_form_check_authority(certificates->at[i], name.text, err));
    }
    return occ_success();
}

static OCC_RESULT
narrow(const struct certificates *certificates, size_t index, size_t leaf, struct occ_error *err,
       struct occ_certificate_window *window)
{
    struct occ_certificate_window own;
    OCC_TRY(
        occ_certificate_form_window(certificates->at[index], occ_certificate_form_name(index, leaf).text, err, &own));
    window->from = own.from > window->from ? own.from : window->from;
    window->to = own.to < window->to ? own.to : window->to;
    return occ_success();
}

/* Keeps what was verified from first on. Until then the window is that of what lies above, and of first itself. */
static OCC_RESULT
remember(struct occ_path_trust *trust, const struct names *names, const struct certificates *certificates, size_t first,
         size_t leaf, struct occ_certificate_window window)
{
    bool plain = occ_certificate_form_is_plain(certificates->at[first]);
    for (size_t i = first + 1; i < leaf; i++) {
        OCC_TRY(narrow(certificates, i, leaf, NULL, &window));
        plain = plain && occ_certificate_form_is_plain(certificates->at[i]);
    }
    /* What an authority says about all below it must be held against each leaf anew: such a path is not shortened. */
    if (plain) {
        occ_certificate_cache_put(trust->authorities, names->authorities,
                                  &(struct occ_certificate_known){ certificates->at[leaf - 1], window });
    }
    OCC_TRY(narrow(certificates, leaf, leaf, NULL, &window));
    occ_certificate_cache_put(trust->leaves, names->whole,
                              &(struct occ_certificate_known){ certificates->at[leaf], window });
    return occ_success();
}

/* Verifies what the caches do not know, as little as that is, and keeps it. */
static OCC_RESULT
look(struct occ_path_trust *trust, const struct occ_path *path, const struct names *names, struct occ_error *err,
     struct occ_path_leaf *ret_leaf)
{
    const size_t leaf = path->authority_count;
    const int64_t at = (int64_t)(path->time_ms / 1000);
    __attribute__((cleanup(certificates_cleanup))) struct certificates certificates = { { NULL } };
    struct occ_certificate_known anchor = { NULL, { INT64_MIN, INT64_MAX } };
    size_t first = leaf - 1;
    if (!occ_certificate_cache_get(trust->authorities, names->authorities, at, &anchor)) {
        OCC_ENSURE(X509_up_ref(trust->root) == 1, OCC_ERR_INTERNAL);
        anchor.certificate = trust->root;
        first = 0;
    }
    certificates.at[first] = anchor.certificate;
    OCC_TRY(narrow(&certificates, first, leaf, err, &anchor.window));
    OCC_TRY(read_from(path, first + 1, err, &certificates));
    OCC_TRY(occ_certificate_chain_check(certificates.at, first, leaf, at, err));
    OCC_TRY(remember(trust, names, &certificates, first, leaf, anchor.window));
    return read_leaf(certificates.at[leaf], err, ret_leaf);
}

/*
 * A single failed allocation can look to OpenSSL like a certificate that is no good, and leave no trace. A second look gives
 * the true verdict: of a refused path nothing is kept.
 */
static OCC_RESULT
verify_anew(struct occ_path_trust *trust, const struct occ_path *path, const struct names *names, struct occ_error *err,
            struct occ_path_leaf *ret_leaf)
{
    const struct occ_result result = look(trust, path, names, NULL, ret_leaf);
    if (occ_is_ok(result)) {
        return result;
    }
    ERR_clear_error();
    return look(trust, path, names, err, ret_leaf);
}

static OCC_RESULT
verify(struct occ_path_trust *trust, const struct occ_path *path, struct occ_error *err, struct occ_path_leaf *ret_leaf)
{
    OCC_TRY(check_list(trust, path, err));
    struct names names;
    OCC_TRY(name_list(path, &names));
    struct occ_certificate_known known;
    if (!occ_certificate_cache_get(trust->leaves, names.whole, (int64_t)(path->time_ms / 1000), &known)) {
        return verify_anew(trust, path, &names, err, ret_leaf);
    }
    const struct occ_result result = read_leaf(known.certificate, err, ret_leaf);
    X509_free(known.certificate);
    return result;
}

struct occ_result
occ_path_verify(struct occ_path_trust *trust, const struct occ_path *path, struct occ_error *err,
                struct occ_path_leaf *ret_leaf)
{
    ERR_clear_error();
    const struct occ_result result = verify(trust, path, err, ret_leaf);
    ERR_clear_error();
    return result;
}

struct occ_result
occ_certificate_not_after(struct occ_bytes der, uint64_t *ret_not_after_ms)
{
    __attribute__((cleanup(occ_certificate_form_cleanup))) X509 *certificate = NULL;
    struct occ_certificate_window window;
    OCC_TRY(occ_certificate_form_read(der, "certificate", NULL, &certificate));
    OCC_TRY(occ_certificate_form_window(certificate, "certificate", NULL, &window));
    OCC_ENSURE(window.to >= 0, OCC_ERR_NITRO_CERTIFICATE);
    *ret_not_after_ms = (uint64_t)window.to * 1000;
    ERR_clear_error();
    return occ_success();
}

struct occ_result
occ_path_prepare(void)
{
    const time_t epoch = 0;
    struct tm date;
    OCC_ENSURE(OPENSSL_gmtime(&epoch, &date) != NULL, OCC_ERR_INTERNAL);
    return occ_success();
}
