/*
 * verify.c — how long a proof with evidence takes to verify, and how long its signature checks take by themselves, on one core.
 * Usage: verify SECONDS PROOF.json [TSA-ROOTS.pem]. Prints lines "name microseconds", of CPU time, and "name ratio":
 *   cold      a new verifier for each verification: nothing is remembered, its roots are read anew (that time is counted apart)
 *   document  one verifier that remembers the authorities, and neither the document nor its certificate: another document of a
 *             machine that was seen before
 *   warm      one verifier that remembers the document, too
 *   check_…   one signature check by the same library, with its hash, its key decoded before: of each that the proof has
 *   cold_checks, document_checks, warm_checks   the sum of those that the case is made of
 *   cold_ratio, document_ratio, warm_ratio      the case in terms of that sum
 * What is checked in which case:
 *   all        Ed25519 of the signed body (verify/checks.c), and of the slot (proof/slot.c)
 *   all        the token's own (crypto/timestamp_signer.c)
 *   with roots each certificate from the token's signer up to below the root (crypto/timestamp_roots.c)
 *   document   the document's own ES384 (evidence/nitro.c), and that of its certificate (crypto/certificate.c)
 *   cold       those, and that of each authority below the root
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <openssl/cms.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/base64.h"
#include "base/limits.h"
#include "evidence/nitro.h"
#include "proof/body.h"
#include "proof/slot.h"
#include "verify/verifier.h"

/* Which cases a check is a part of: that one, and those of a lower number. */
enum stage { WARM, DOCUMENT, COLD, STAGES };
static const char *const stage_names[STAGES] = { "warm", "document", "cold" };

/* All that is measured on; sums: of the checks of each stage alone. */
struct bench {
    double seconds;
    char *proof, *roots;
    size_t proof_len, roots_len;
    double sums[STAGES];
};

__attribute__((noreturn, format(printf, 1, 2))) static void
fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("verify: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(3);
}

static void
require(bool condition, const char *what)
{
    if (!condition) {
        fail("%s", what);
    }
}

static double
cpu_now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static char *
read_file(const char *path, size_t *ret_len)
{
    enum { FILE_LEN_MAX = 4 << 20 };
    char *text = malloc(FILE_LEN_MAX);
    FILE *file = fopen(path, "rb");
    if (text == NULL || file == NULL) {
        fail("%s", path);
    }
    *ret_len = fread(text, 1, FILE_LEN_MAX, file);
    fclose(file);
    return text;
}

/* ---- whole verifications ---- */

static occ_verifier *
make_verifier(const struct bench *bench)
{
    const struct occ_verifier_options options = { .size = sizeof options,
                                                  .tsa_roots = bench->roots,
                                                  .tsa_roots_len = bench->roots_len };
    occ_verifier *verifier = NULL;
    require(occ_verifier_new(&options, &verifier) == OCC_OK, "no verifier");
    return verifier;
}

static void
forget_document(occ_verifier *verifier)
{
    struct occ_checks_root *root = &verifier->trust.nitro;
    occ_seen_free(root->documents);
    require(occ_is_ok(occ_seen_new(OCC_LIMIT_NITRO_DOCUMENTS, &root->documents)), "no memory");
    occ_path_trust_forget_leaves(root->path);
}

/* Gets a verifier, or NULL, into the state that the stage begins in. */
static occ_verifier *
prepare(const struct bench *bench, enum stage stage, occ_verifier *verifier)
{
    if (stage == COLD) {
        occ_verifier_free(verifier);
        return make_verifier(bench);
    }
    if (stage == DOCUMENT) {
        forget_document(verifier);
    }
    return verifier;
}

static void
verify_once(const struct bench *bench, const occ_verifier *verifier)
{
    const struct occ_verify_input input = { .size = sizeof input,
                                            .proof = bench->proof,
                                            .proof_len = bench->proof_len };
    require(occ_verify(verifier, &input, NULL) == OCC_OK, "the proof is not valid");
}

/* Microseconds of CPU for one verification, without what prepares it. */
static double
measure(const struct bench *bench, enum stage stage)
{
    occ_verifier *verifier = make_verifier(bench);
    verify_once(bench, verifier);
    double spent = 0;
    unsigned long operations = 0;
    for (; spent < bench->seconds; operations++) {
        verifier = prepare(bench, stage, verifier);
        const double begin = cpu_now();
        verify_once(bench, verifier);
        spent += cpu_now() - begin;
    }
    occ_verifier_free(verifier);
    return spent / (double)operations * 1e6;
}

/* ---- signature checks alone ---- */

typedef bool check_function(const void *ctx);

static void
add_check(struct bench *bench, enum stage stage, const char *name, check_function *check, const void *ctx)
{
    enum { ROUND = 16 };
    double spent = 0;
    unsigned long operations = 0;
    const double begin = cpu_now();
    for (; spent < bench->seconds / 4; operations += ROUND) {
        for (size_t i = 0; i < ROUND; i++) {
            require(check(ctx), name);
        }
        spent = cpu_now() - begin;
    }
    const double microseconds = spent / (double)operations * 1e6;
    printf("check_%s %.1f\n", name, microseconds);
    bench->sums[stage] += microseconds;
}

struct ed25519 {
    const uint8_t *key;
    const uint8_t *signature;
    struct occ_bytes message;
};

static bool
check_ed25519(const void *ctx)
{
    const struct ed25519 *given = ctx;
    return occ_is_ok(occ_ed25519_verify(given->key, given->message, given->signature));
}

static void
add_proof(struct bench *bench, const struct occ_proof *proof)
{
    OCC_BUF_AUTO(body, OCC_LIMIT_CANONICAL_LEN);
    occ_body_put(&body, proof);
    add_check(bench, WARM, "ed25519_body", check_ed25519,
              &(struct ed25519){ proof->public_key, proof->signature, occ_buf_view(&body) });
    require(proof->agency == NULL && proof->epoch_link == NULL, "a proof with an actor: not counted here");
    if (proof->slot_allocation == NULL) {
        return;
    }
    uint8_t signature[OCC_ED25519_SIGNATURE_LEN];
    size_t len = 0;
    const struct occ_bytes text = occ_json_string(occ_json_get(proof->slot_allocation, "signatureB64"));
    require(occ_is_ok(occ_base64_decode(text, sizeof signature, signature, &len)), "the slot");
    occ_buf_reset(&body);
    occ_slot_put_body(&body, proof->slot_allocation, true);
    add_check(bench, WARM, "ed25519_slot", check_ed25519,
              &(struct ed25519){ proof->public_key, signature, occ_buf_view(&body) });
}

/* ---- of certificates ---- */

struct link {
    X509 *certificate;
    EVP_PKEY *issuer_key;
};

static bool
check_link(const void *ctx)
{
    const struct link *link = ctx;
    return X509_verify(link->certificate, link->issuer_key) == 1;
}

static void
add_link(struct bench *bench, enum stage stage, const char *name, X509 *certificate, X509 *issuer)
{
    EVP_PKEY *key = X509_get0_pubkey(issuer);
    char text[64];
    snprintf(text, sizeof text, "%s_%s%d", name, EVP_PKEY_is_a(key, "RSA") ? "rsa" : "p", EVP_PKEY_get_bits(key));
    add_check(bench, stage, text, check_link, &(struct link){ certificate, key });
}

/* ---- of a document ---- */

struct document {
    const struct occ_nitro_document *document;
    const struct occ_ecdsa_key *key;
};

static bool
check_document(const void *ctx)
{
    const struct document *given = ctx;
    return occ_is_ok(occ_cose_verify(&given->document->sign1, occ_bytes_of(NULL, 0), given->key));
}

static X509 *
read_certificate(struct occ_bytes der)
{
    const unsigned char *at = der.ptr;
    X509 *certificate = d2i_X509(NULL, &at, (long)der.len);
    require(certificate != NULL, "a certificate");
    return certificate;
}

/* What base64 text stands for. */
static void
decode(struct occ_bytes text, struct occ_buf *ret)
{
    uint8_t *to = occ_buf_reserve(ret, text.len);
    require(to != NULL && occ_is_ok(occ_base64_decode(text, text.len, to, &ret->len)), "base64");
}

static void
add_document(struct bench *bench, const struct occ_proof *proof)
{
    struct occ_nitro_document document;
    OCC_BUF_AUTO(bytes, OCC_LIMIT_PROOF_LEN);
    if (!occ_bytes_is(proof->attestation_format, "aws-nitro")) {
        return;
    }
    decode(proof->attestation_report_b64, &bytes);
    require(occ_is_ok(occ_nitro_read(occ_buf_view(&bytes), NULL, &document)), "the document");
    X509 *leaf = read_certificate(document.certificate);
    unsigned char *spki = NULL;
    const int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(leaf), &spki);
    struct occ_ecdsa_key *key = NULL;
    require(len > 0 && occ_is_ok(occ_ecdsa_key_from_spki(OCC_ES384, occ_bytes_of(spki, (size_t)len), &key)), "a key");
    add_check(bench, DOCUMENT, "document_p384", check_document, &(struct document){ &document, key });
    X509 *below = leaf;
    for (size_t i = document.cabundle_count; i-- > 0;) {
        X509 *authority = read_certificate(document.cabundle[i]);
        const bool is_leaf = i == document.cabundle_count - 1;
        add_link(bench, is_leaf ? DOCUMENT : COLD, is_leaf ? "leaf" : "authority", below, authority);
        X509_free(below);
        below = authority;
    }
    X509_free(below); /* the root, whose own signature is not one of the proof's */
    occ_ecdsa_key_free(key);
    OPENSSL_free(spki);
}

/* ---- of a token ---- */

static bool
check_token(const void *ctx)
{
    return CMS_SignerInfo_verify(*(CMS_SignerInfo *const *)ctx) == 1;
}

/* The one among the certificates that issued another; NULL if none did. */
static X509 *
find_issuer(STACK_OF(X509) *certificates, X509 *certificate)
{
    for (int i = 0; i < sk_X509_num(certificates); i++) {
        X509 *candidate = sk_X509_value(certificates, i);
        if (X509_check_issued(candidate, certificate) == X509_V_OK) {
            return candidate;
        }
    }
    return NULL;
}

static void
read_pem(const struct bench *bench, STACK_OF(X509) *certificates)
{
    BIO *bio = BIO_new_mem_buf(bench->roots, (int)bench->roots_len);
    for (X509 *next = PEM_read_bio_X509(bio, NULL, NULL, NULL); next != NULL;
         next = PEM_read_bio_X509(bio, NULL, NULL, NULL)) {
        sk_X509_push(certificates, next);
    }
    BIO_free(bio);
}

static void
add_token(struct bench *bench, const struct occ_json *entry)
{
    OCC_BUF_AUTO(bytes, OCC_LIMIT_PROOF_LEN);
    decode(occ_json_string(occ_json_get(entry, "tokenB64")), &bytes);
    const unsigned char *at = bytes.ptr;
    CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &at, (long)bytes.len);
    STACK_OF(X509) *certificates = CMS_get1_certs(cms);
    require(cms != NULL && CMS_set1_signers_certs(cms, certificates, 0) == 1, "the token's signer");
    CMS_SignerInfo *signer_info = sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(cms), 0);
    EVP_PKEY *key = NULL;
    X509 *below = NULL;
    CMS_SignerInfo_get0_algs(signer_info, &key, &below, NULL, NULL);
    char name[64];
    snprintf(name, sizeof name, "token_%s%d", EVP_PKEY_is_a(key, "RSA") ? "rsa" : "p", EVP_PKEY_get_bits(key));
    add_check(bench, WARM, name, check_token, &signer_info);
    read_pem(bench, certificates);
    while (bench->roots_len > 0 && X509_self_signed(below, 0) != 1) {
        X509 *issuer = find_issuer(certificates, below);
        require(issuer != NULL, "no issuer for the token's signer");
        add_link(bench, WARM, "tsa", below, issuer);
        below = issuer;
    }
    sk_X509_pop_free(certificates, X509_free);
    CMS_ContentInfo_free(cms);
}

static void
add_checks(struct bench *bench)
{
    struct occ_json *root = NULL;
    struct occ_proof proof;
    struct occ_error err = { 0 };
    require(
        occ_is_ok(occ_json_parse(occ_bytes_of(bench->proof, bench->proof_len), OCC_LIMIT_JSON_DEPTH, &err, &root)) &&
            occ_is_ok(occ_proof_read(root, &err, &proof)),
        err.text);
    add_proof(bench, &proof);
    struct occ_json_iter it = { 0 };
    while (proof.timestamps != NULL && occ_json_next(proof.timestamps, &it)) {
        add_token(bench, it.value);
    }
    add_document(bench, &proof);
    occ_json_free(root);
}

int
main(int argc, char **argv)
{
    struct bench bench = { .seconds = argc > 2 ? strtod(argv[1], NULL) : 0 };
    if (bench.seconds <= 0) {
        fail("usage: verify SECONDS PROOF.json [TSA-ROOTS.pem]");
    }
    bench.proof = read_file(argv[2], &bench.proof_len);
    bench.roots = argc > 3 ? read_file(argv[3], &bench.roots_len) : NULL;
    add_checks(&bench);
    double sum = 0;
    for (int stage = WARM; stage < STAGES; stage++) {
        const double taken = measure(&bench, (enum stage)stage);
        sum += bench.sums[stage];
        printf("%s %.1f\n%s_checks %.1f\n%s_ratio %.2f\n", stage_names[stage], taken, stage_names[stage], sum,
               stage_names[stage], taken / sum);
    }
    free(bench.proof);
    free(bench.roots);
    return 0;
}
