/*
 * timestamp.h — RFC 3161 timestamp tokens (updated by RFC 5816), by OpenSSL's CMS and TS.
 *
 * A token is verified in two steps that a reader must be able to tell apart. First all that the token itself must be
 * right in: one SignerInfo whose signature is good, made with a certificate that the token holds and its
 * signing-certificate attribute (ESSCertID or ESSCertIDv2) names, which is for timestamps and nothing else. A token
 * that fails there is broken. Then whether that certificate leads to a root that the caller trusts, judged at genTime:
 * if it leads nowhere known, the token is not broken but of an authority that is not trusted.
 */
#ifndef OCC_CRYPTO_TIMESTAMP_H
#define OCC_CRYPTO_TIMESTAMP_H

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/digest.h"

/*
 * Trusted root certificates of timestamp authorities; they never change. Safe to use from many threads at once. With them are
 * kept certificates that tokens brought, in decoded form: at most OCC_LIMIT_TOKEN_KNOWN.
 */
struct occ_timestamp_roots;

/*
 * pem: one or more certificates in PEM, other text between them is passed over; a single one may be DER. Those that are
 * self-signed are trusted. Others may be among them, since authorities publish whole chains: they help to build paths
 * but are not trusted by being there. OCC_ERR_FIELD_VALUE with a sentence ("certificate 3: …") if one is malformed, a
 * block is something else (a key), or there is no root; OCC_ERR_LIMIT (OCC_LIMIT_ROOTS, OCC_LIMIT_ROOTS_LEN);
 * OCC_ERR_NOMEM.
 */
OCC_RESULT occ_timestamp_roots_new(struct occ_bytes pem, struct occ_error *err, struct occ_timestamp_roots **ret_roots);
/* No root at all: no authority is trusted, as with NULL, but certificates are kept. OCC_ERR_NOMEM. */
OCC_RESULT occ_timestamp_roots_none(struct occ_timestamp_roots **ret_roots);
void occ_timestamp_roots_free(struct occ_timestamp_roots *roots);
size_t occ_timestamp_roots_count(const struct occ_timestamp_roots *roots); /* of those trusted */

enum {
    OCC_TIMESTAMP_NAME_SIZE = 256,
    OCC_TIMESTAMP_SHORT_NAME_SIZE = 65,
    OCC_TIMESTAMP_SERIAL_SIZE = 65,
    OCC_TIMESTAMP_IMPRINT_MAX = 64
};

/* What a good token says. */
struct occ_timestamp_facts {
    uint64_t gen_time_ms; /* genTime in Unix milliseconds, rounded down */
    uint32_t gen_time_ns; /* its fraction of a second, exactly, in nanoseconds */
    bool has_accuracy;
    uint64_t accuracy_us;          /* 0 if absent */
    const char *imprint_algorithm; /* "sha256", "sha384", "sha512"; static */
    uint8_t imprint[OCC_TIMESTAMP_IMPRINT_MAX];
    size_t imprint_len;
    bool has_nonce;
    uint8_t nonce[64]; /* the integer's magnitude, big-endian, no leading zeros */
    size_t nonce_len;
    char serial[OCC_TIMESTAMP_SERIAL_SIZE];          /* lower-case hex, as far as it fits */
    char policy[OCC_TIMESTAMP_NAME_SIZE];            /* dotted OID */
    char signer[OCC_TIMESTAMP_NAME_SIZE];            /* subject of the signing certificate, RFC 2253, UTF-8, cut */
    char signer_name[OCC_TIMESTAMP_SHORT_NAME_SIZE]; /* its common name, or, if it has none, the subject; cut */
    uint8_t signer_sha256[OCC_SHA256_LEN];           /* fingerprint of the signing certificate */
    bool trusted;                                    /* its path leads to one of the roots */
    uint8_t root_sha256[OCC_SHA256_LEN];             /* which one, if trusted */
    char untrusted[OCC_TIMESTAMP_NAME_SIZE];         /* why not: "no roots were given", OpenSSL's reason */
};

/*
 * Verifies a TimeStampToken (a CMS ContentInfo with SignedData). roots may be NULL: then no authority is trusted.
 * Refusals, with a sentence:
 *   OCC_ERR_TIMESTAMP_TOKEN      not DER (but for the order of its certificates), bytes after it, not SignedData with
 *                                one SignerInfo over a TSTInfo of version 1, no signed attributes content-type and
 *                                message-digest, an imprint or a signature whose digest is not SHA-256, 384 or 512, an
 *                                imprint whose length does not fit, a genTime that is not GeneralizedTime in UTC with
 *                                seconds and at most 9 digits of a fraction, a critical extension in TSTInfo, more than
 *                                OCC_LIMIT_TOKEN_CERTIFICATES
 *   OCC_ERR_TIMESTAMP_SIGNER     the certificate that signed is not in the token, no signing-certificate attribute, or
 *                                one that names another certificate (an injected one cannot stand in); or the token
 *                                brings another certificate that is not an authority's (CA): an injected one
 *   OCC_ERR_TIMESTAMP_PURPOSE    its extended key usage is not critical and timeStamping alone; or it is a CA; or its
 *                                key usage, if it has one, is not digitalSignature, nonRepudiation or both
 *   OCC_ERR_TIMESTAMP_SIGNATURE  the signature or the message digest does not fit; or it is worth nothing: a key under
 *                                112 bits of security (RSA under 2048 bits), not RSA or ECDSA on a named curve, or an
 *                                algorithm identifier that does not fit the key and the digest
 *   OCC_ERR_TIMESTAMP_PATH       it leads to a trusted root, but not validly at genTime (expired, constraints, keys or
 *                                digests under 112 bits above it)
 *   OCC_ERR_NOMEM
 * A chain that ends at a name that a root bears, but that this root did not sign, leads nowhere known: not trusted.
 *
 * Unsigned parts of a token are other certificates, CRLs and unsigned attributes. They may be changed without being
 * refused; nothing in the facts comes from them, but that a path may need one of the certificates. Of a
 * signing-certificate attribute only the first entry, the signer's, is looked at.
 *
 * Empties the calling thread's queue of OpenSSL errors, as the other functions here do. From many threads at once.
 */
OCC_RESULT occ_timestamp_verify(struct occ_bytes token, const struct occ_timestamp_roots *roots, struct occ_error *err,
                                struct occ_timestamp_facts *ret_facts);
/*
 * The token inside a TimeStampResp (RFC 3161 §2.4.2) with status granted or grantedWithMods, as a view into response.
 * OCC_ERR_TIMESTAMP_TOKEN, with the status text if it was refused.
 */
OCC_RESULT occ_timestamp_response_token(struct occ_bytes response, struct occ_error *err, struct occ_bytes *ret_token);

#endif
