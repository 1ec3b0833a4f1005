/* timestamp_roots.c — trusted roots, and whether a signer's certificate leads to one of them (RFC 5280 §6). */
#include <stdio.h>
#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/limits.h"
#include "crypto/timestamp_private.h"

void
occ_timestamp_roots_free(struct occ_timestamp_roots *roots)
{
    if (roots != NULL) {
        X509_STORE_free(roots->store);
        sk_X509_pop_free(roots->intermediates, X509_free);
        occ_certificate_cache_free(roots->known);
        free(roots);
    }
}

size_t
occ_timestamp_roots_count(const struct occ_timestamp_roots *roots)
{
    /* Not those that were added: OpenSSL takes one that is there already as added. */
    const int count = sk_X509_OBJECT_num(X509_STORE_get0_objects(roots->store));
    return count < 0 ? 0 : (size_t)count;
}

bool
occ_timestamp_roots_any(const struct occ_timestamp_roots *roots)
{
    return roots != NULL && occ_timestamp_roots_count(roots) > 0;
}

/* Takes a certificate in. Its number, from 1, is for the sentence. */
static OCC_RESULT
add(struct occ_timestamp_roots *roots, X509 *certificate, struct occ_error *err)
{
    const size_t number = ++roots->read;
    if (number > OCC_LIMIT_ROOTS) {
        return occ_error_set(err, OCC_ERR_LIMIT, "more than %d certificates", OCC_LIMIT_ROOTS);
    }
    /*
     * Makes OpenSSL look at the extensions now: from then on nothing writes to the certificate, and threads may share
     * it.
     */
    if (X509_check_purpose(certificate, -1, 0) != 1 || (X509_get_extension_flags(certificate) & EXFLAG_INVALID) != 0) {
        return occ_error_set(err, OCC_ERR_FIELD_VALUE, "certificate %zu: malformed extensions", number);
    }
    /* Where memory was short OpenSSL can lack what it is to know about a key, for good and without an error. */
    const EVP_PKEY *key = X509_get0_pubkey(certificate);
    if (key != NULL && EVP_PKEY_get_security_bits(key) <= 0) {
        return occ_error_set(err, OCC_ERR_FIELD_VALUE, "certificate %zu: a key of no strength", number);
    }
    if (X509_self_signed(certificate, 0) == 1) {
        OCC_ENSURE(X509_STORE_add_cert(roots->store, certificate) == 1, OCC_ERR_NOMEM);
        return occ_success();
    }
    OCC_ENSURE(X509_up_ref(certificate) == 1, OCC_ERR_NOMEM);
    if (sk_X509_push(roots->intermediates, certificate) <= 0) {
        X509_free(certificate);
        return occ_result_of(OCC_ERR_NOMEM);
    }
    return occ_success();
}

static OCC_RESULT
add_der(struct occ_timestamp_roots *roots, struct occ_bytes der, struct occ_error *err)
{
    const unsigned char *at = der.ptr;
    __attribute__((cleanup(occ_timestamp_free_x509))) X509 *certificate = d2i_X509(NULL, &at, (long)der.len);
    if (certificate == NULL || at != der.ptr + der.len) {
        return occ_error_set(err, OCC_ERR_FIELD_VALUE, "certificate %zu: not one X.509 certificate in DER",
                             roots->read + 1);
    }
    return add(roots, certificate, err);
}

/* One block of a PEM text. */
struct block {
    char *name;
    char *header;
    unsigned char *data;
    long len;
};

static void
clear_block(struct block *block)
{
    OPENSSL_free(block->name);
    OPENSSL_free(block->header);
    OPENSSL_free(block->data);
}

/* Adds the next certificate; *ret_more is false if there was none. */
static OCC_RESULT
add_next(struct occ_timestamp_roots *roots, BIO *bio, struct occ_error *err, bool *ret_more)
{
    __attribute__((cleanup(clear_block))) struct block block = { .name = NULL };
    if (PEM_read_bio(bio, &block.name, &block.header, &block.data, &block.len) != 1) {
        if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
            return occ_error_set(err, OCC_ERR_FIELD_VALUE, "certificate %zu: malformed PEM", roots->read + 1);
        }
        *ret_more = false;
        return occ_success();
    }
    if (strcmp(block.name, PEM_STRING_X509) != 0 && strcmp(block.name, PEM_STRING_X509_OLD) != 0) {
        return occ_error_set(err, OCC_ERR_FIELD_VALUE, "certificate %zu: a PEM block of type \"%s\", expected \"%s\"",
                             roots->read + 1, block.name, PEM_STRING_X509);
    }
    *ret_more = true;
    return add_der(roots, occ_bytes_of(block.data, (size_t)block.len), err);
}

static OCC_RESULT
add_all(struct occ_timestamp_roots *roots, struct occ_bytes pem, struct occ_error *err)
{
    enum { DER_SEQUENCE = 0x30 };
    if (pem.len > 0 && pem.ptr[0] == DER_SEQUENCE) {
        return add_der(roots, pem, err);
    }
    __attribute__((cleanup(occ_timestamp_free_bio))) BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
    OCC_ENSURE(bio != NULL, OCC_ERR_NOMEM);
    for (bool more = true; more;) {
        OCC_TRY(add_next(roots, bio, err, &more));
    }
    return occ_success();
}

static OCC_RESULT
make_empty(struct occ_timestamp_roots *roots)
{
    roots->store = X509_STORE_new();
    roots->intermediates = sk_X509_new_null();
    OCC_ENSURE(roots->store != NULL && roots->intermediates != NULL, OCC_ERR_NOMEM);
    return occ_certificate_cache_new(OCC_LIMIT_TOKEN_KNOWN, &roots->known);
}

static OCC_RESULT
read_roots(struct occ_timestamp_roots *roots, struct occ_bytes pem, struct occ_error *err)
{
    if (pem.len > OCC_LIMIT_ROOTS_LEN) {
        return occ_error_set(err, OCC_ERR_LIMIT, "certificates of %zu bytes, expected at most %u", pem.len,
                             OCC_LIMIT_ROOTS_LEN);
    }
    OCC_TRY(make_empty(roots));
    if (pem.len > 0) {
        OCC_TRY(add_all(roots, pem, err));
    }
    if (roots->read == 0) {
        return occ_error_set(err, OCC_ERR_FIELD_VALUE, "no certificate, expected one or more in PEM");
    }
    if (occ_timestamp_roots_count(roots) == 0) {
        return occ_error_set(err, OCC_ERR_FIELD_VALUE, "no root: none of the %zu certificates is self-signed",
                             roots->read);
    }
    return occ_success();
}

static OCC_RESULT
new_roots(struct occ_bytes pem, struct occ_error *err, struct occ_timestamp_roots **ret_roots)
{
    struct occ_timestamp_roots *roots = calloc(1, sizeof *roots);
    if (roots == NULL) {
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    ERR_clear_error();
    const struct occ_result result = occ_timestamp_token_settle(read_roots(roots, pem, err), err);
    if (!occ_is_ok(result)) {
        occ_timestamp_roots_free(roots);
        return result;
    }
    *ret_roots = roots;
    return result;
}

struct occ_result
occ_timestamp_roots_new(struct occ_bytes pem, struct occ_error *err, struct occ_timestamp_roots **ret_roots)
{
    const struct occ_result result = new_roots(pem, NULL, ret_roots);
    /* A failed allocation can look like malformed PEM: see occ_timestamp_verify. */
    return occ_is_ok(result) ? result : new_roots(pem, err, ret_roots);
}

struct occ_result
occ_timestamp_roots_none(struct occ_timestamp_roots **ret_roots)
{
    struct occ_timestamp_roots *roots = calloc(1, sizeof *roots);
    OCC_ENSURE(roots != NULL, OCC_ERR_NOMEM);
    ERR_clear_error();
    const struct occ_result result = occ_timestamp_token_settle(make_empty(roots), NULL);
    if (!occ_is_ok(result)) {
        occ_timestamp_roots_free(roots);
        return result;
    }
    *ret_roots = roots;
    return result;
}

static void
free_borrowers(STACK_OF(X509) **owned)
{
    sk_X509_free(*owned);
}
static void
free_context(X509_STORE_CTX **owned)
{
    X509_STORE_CTX_free(*owned);
}

/* The token's certificates and our intermediates: what a path may be built from. */
static STACK_OF(X509) *
path_material(const struct occ_timestamp_roots *roots, STACK_OF(X509) *certificates)
{
    __attribute__((cleanup(free_borrowers))) STACK_OF(X509) *all = sk_X509_dup(certificates);
    if (all == NULL) {
        return NULL;
    }
    for (int i = 0; i < sk_X509_num(roots->intermediates); i++) {
        if (sk_X509_push(all, sk_X509_value(roots->intermediates, i)) <= 0) {
            return NULL;
        }
    }
    STACK_OF(X509) *given = all;
    all = NULL;
    return given;
}

static OCC_RESULT
prepare(X509_STORE_CTX *context, uint64_t gen_time_ms)
{
    /*
     * RFC 3161 §2.3 and appendix B: judged at genTime. Weak keys and digests are refused: 112 bits, as for the signer.
     */
    enum { AUTH_LEVEL_112_BITS = 2 };
    OCC_ENSURE(X509_STORE_CTX_set_purpose(context, X509_PURPOSE_TIMESTAMP_SIGN) == 1, OCC_ERR_INTERNAL);
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_time(param, (time_t)(gen_time_ms / 1000));
    X509_VERIFY_PARAM_set_depth(param, OCC_LIMIT_TOKEN_CERTIFICATES);
    X509_VERIFY_PARAM_set_auth_level(param, AUTH_LEVEL_112_BITS);
    return occ_success();
}

/*
 * What a failed path means. Only roots are in the store, so a path that took its last certificate from there got to
 * one. A link whose signature does not fit is no link: that root never signed it, it only has the name of the one that
 * did.
 */
static OCC_RESULT
explain(X509_STORE_CTX *context, struct occ_error *err, struct occ_timestamp_facts *facts)
{
    const int reason = X509_STORE_CTX_get_error(context);
    const int length = sk_X509_num(X509_STORE_CTX_get0_chain(context));
    const bool is_at_root = length > 0 && X509_STORE_CTX_get_num_untrusted(context) < length;
    const char *text = X509_verify_cert_error_string(reason);
    OCC_ENSURE(reason != X509_V_ERR_OUT_OF_MEM, OCC_ERR_NOMEM);
    if (is_at_root && reason != X509_V_ERR_CERT_SIGNATURE_FAILURE) {
        return occ_error_set(err, OCC_ERR_TIMESTAMP_PATH, "at genTime, certificate %d of the signer's path: %s",
                             X509_STORE_CTX_get_error_depth(context) + 1, text);
    }
    (void)snprintf(facts->untrusted, sizeof facts->untrusted, "%s", text);
    return occ_success();
}

struct occ_result
occ_timestamp_roots_judge(const struct occ_timestamp_roots *roots, const struct occ_timestamp_token *token,
                          X509 *signer, struct occ_error *err, struct occ_timestamp_facts *facts)
{
    facts->trusted = false;
    if (!occ_timestamp_roots_any(roots)) {
        (void)snprintf(facts->untrusted, sizeof facts->untrusted, "no roots were given");
        return occ_success();
    }
    __attribute__((cleanup(free_borrowers))) STACK_OF(X509) *material = path_material(roots, token->certificates);
    __attribute__((cleanup(free_context))) X509_STORE_CTX *context = X509_STORE_CTX_new();
    OCC_ENSURE(material != NULL && context != NULL, OCC_ERR_NOMEM);
    OCC_ENSURE(X509_STORE_CTX_init(context, roots->store, signer, material) == 1, OCC_ERR_NOMEM);
    OCC_TRY(prepare(context, facts->gen_time_ms));
    if (X509_verify_cert(context) != 1) {
        return explain(context, err, facts);
    }
    const STACK_OF(X509) *path = X509_STORE_CTX_get0_chain(context);
    const X509 *root = sk_X509_value(path, sk_X509_num(path) - 1);
    unsigned len = 0;
    OCC_ENSURE(X509_digest(root, EVP_sha256(), facts->root_sha256, &len) == 1 && len == OCC_SHA256_LEN, OCC_ERR_NOMEM);
    facts->trusted = true;
    return occ_success();
}
