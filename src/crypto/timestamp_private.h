/*
 * timestamp_private.h — what the files of timestamp.h share. A token is read (timestamp_token.c), its signer is found
 * and judged and its signature checked (timestamp_signer.c), what it says is written down (timestamp_info.c), and its
 * signer's path is looked for (timestamp_roots.c).
 */
#ifndef OCC_CRYPTO_TIMESTAMP_PRIVATE_H
#define OCC_CRYPTO_TIMESTAMP_PRIVATE_H

#include <openssl/cms.h>
#include <openssl/ts.h>
#include <openssl/x509.h>

#include "crypto/certificate_cache.h"
#include "crypto/timestamp.h"

/* What a verifier knows and tokens are judged with. */
struct occ_timestamp_roots {
    X509_STORE *store;                   /* the trusted ones, and nothing else: no default paths */
    STACK_OF(X509) *intermediates;       /* the others */
    size_t read;                         /* certificates that were read */
    struct occ_certificate_cache *known; /* certificates of tokens: see occ_timestamp_certificate_read */
};

/* A token that was read. Cleared with occ_timestamp_token_clear; all zero bytes is empty. */
struct occ_timestamp_token {
    CMS_ContentInfo *cms;
    CMS_SignerInfo *signer_info;  /* in cms */
    STACK_OF(X509) *certificates; /* of the token; owned; never NULL once read */
    TS_TST_INFO *info;
};

/*
 * All OCC_ERR_TIMESTAMP_TOKEN; see timestamp.h. On failure too, what was read so far is in *ret_token to be cleared. known:
 * as occ_timestamp_certificate_read takes it.
 */
OCC_RESULT occ_timestamp_token_read(struct occ_bytes der, struct occ_certificate_cache *known, struct occ_error *err,
                                    struct occ_timestamp_token *ret_token);
/*
 * A certificate of a token, from its DER; NULL if it is malformed or memory is short. Reading one takes OpenSSL as long as two
 * Ed25519 verifications, nearly all of it for the public key, and an authority's tokens bring the same ones each time: those
 * of known (may be NULL) are not read again.
 *
 * No verdict depends on that. What is kept is nothing that was found out about a certificate, only OpenSSL's form of its
 * bytes, under their SHA-256: reading the same bytes again gives the same. All checks are made each time. What was
 * read while memory was short may lack a part, and OpenSSL does not always tell. As far as that shows it is not kept, and no
 * refusal rests on it: occ_timestamp_verify then reads everything anew. For that the thread's queue of OpenSSL errors is to
 * be empty when it begins.
 */
X509 *occ_timestamp_certificate_read(struct occ_certificate_cache *known, struct occ_bytes der);
void occ_timestamp_token_clear(struct occ_timestamp_token *token);
/* An AlgorithmIdentifier without parameters, or with NULL: the NID of its OID; else NID_undef. */
int occ_timestamp_token_plain_algorithm(const X509_ALGOR *algorithm);
/* "sha256" (static), or NULL if nid is none of SHA-256, SHA-384 and SHA-512. */
const char *occ_timestamp_token_digest_name(int nid);

/*
 * The certificate that the token's sid and its signing-certificate attribute name, both; borrowed from
 * token->certificates.
 * OCC_ERR_TIMESTAMP_SIGNER.
 */
OCC_RESULT occ_timestamp_signer_find(const struct occ_timestamp_token *token, struct occ_error *err, X509 **ret_signer);
/* What the certificate is for (OCC_ERR_TIMESTAMP_PURPOSE). */
OCC_RESULT occ_timestamp_signer_check_purpose(X509 *signer, struct occ_error *err);
/* Key, algorithms and the signature itself (OCC_ERR_TIMESTAMP_SIGNATURE). */
OCC_RESULT occ_timestamp_signer_check_signature(const struct occ_timestamp_token *token, X509 *signer,
                                                struct occ_error *err);

/* TSTInfo into the facts (OCC_ERR_TIMESTAMP_TOKEN), and the signer's name and fingerprint. */
OCC_RESULT occ_timestamp_info_read(TS_TST_INFO *info, struct occ_error *err, struct occ_timestamp_facts *facts);
OCC_RESULT occ_timestamp_info_read_signer(const X509 *signer, struct occ_timestamp_facts *facts);

/* False if there is no root that an authority could lead to. roots may be NULL. */
bool occ_timestamp_roots_any(const struct occ_timestamp_roots *roots);
/*
 * Sets trusted and root_sha256, or untrusted, judged at facts->gen_time_ms. roots may be NULL. OCC_ERR_TIMESTAMP_PATH.
 */
OCC_RESULT occ_timestamp_roots_judge(const struct occ_timestamp_roots *roots, const struct occ_timestamp_token *token,
                                     X509 *signer, struct occ_error *err, struct occ_timestamp_facts *facts);

/*
 * For the end of a public function that began with ERR_clear_error: its result, or OCC_ERR_NOMEM if OpenSSL noted in
 * its queue that memory was short, since what it said then means nothing. Leaves the thread's queue empty.
 */
OCC_RESULT occ_timestamp_token_settle(struct occ_result result, struct occ_error *err);

#define OCC_TIMESTAMP_FREE(name, type, free_function) \
    static inline void name(type **owned) \
    { \
        free_function(*owned); \
    }
OCC_TIMESTAMP_FREE(occ_timestamp_free_x509, X509, X509_free)
OCC_TIMESTAMP_FREE(occ_timestamp_free_bio, BIO, BIO_free_all)

#endif
