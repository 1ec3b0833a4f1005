/*
 * nitro.h — an AWS Nitro Enclaves attestation document: read, and verified up to a pinned root (PROTOCOL §5).
 *
 * It says what a certified Nitro machine measured about an enclave, at a time. What the document is about, and whether that
 * is a given proof, is for the caller to compare.
 */
#ifndef OCC_EVIDENCE_NITRO_H
#define OCC_EVIDENCE_NITRO_H

#include "base/bytes.h"
#include "base/limits.h"
#include "base/result.h"
#include "crypto/certificate.h"
#include "evidence/cose.h"

/*
 * Bytes of a PCR. AWS's specification allows 32, 48 and 64, the lengths of three hash functions, of which digest names the one
 * that made them; digest is "SHA384".
 */
enum { OCC_NITRO_PCR_LEN = 48 };

/* A document that was read. Views into its bytes. A field that may be null or absent has has_… false then. */
struct occ_nitro_document {
    struct occ_bytes module_id;                  /* text, never empty */
    uint64_t time_ms;                            /* the hypervisor's clock, Unix milliseconds: above 0, below 2^53 */
    struct occ_bytes pcrs[OCC_LIMIT_NITRO_PCRS]; /* len 0 = absent, else OCC_NITRO_PCR_LEN; 0 to 2 are there */
    struct occ_bytes certificate;
    struct occ_bytes cabundle[OCC_LIMIT_NITRO_CABUNDLE]; /* the root first */
    size_t cabundle_count;
    bool has_public_key, has_user_data, has_nonce;
    struct occ_bytes public_key, user_data,
        nonce;                   /* at most OCC_LIMIT_NITRO_FIELD_LEN bytes; may be empty where present */
    struct occ_cose_sign1 sign1; /* around it; ES384, nothing in its unprotected header */
};

/* What verification adds. */
struct occ_nitro_facts {
    uint64_t not_before_ms, not_after_ms; /* of the document's own certificate: it lives for three hours */
};

/* AWS's root certificate G1, in DER, as published at docs.aws.amazon.com; static memory. */
struct occ_bytes occ_nitro_aws_root(void);
/* The SHA-256 of that DER, as AWS publishes it. */
extern const uint8_t occ_nitro_aws_root_sha256[OCC_SHA256_LEN];

/*
 * Reads a document: a COSE_Sign1, tagged or not, whose payload is a map of definite or indefinite length.
 * OCC_ERR_NITRO_DOCUMENT with a sentence that names the field ("pcrs[4]: 20 bytes, expected 48"), or OCC_ERR_NITRO_ALGORITHM.
 * Strict: refused are unknown names in the payload, missing ones, wrong types, lengths beyond AWS's specification (those of
 * certificates may go to OCC_LIMIT_NITRO_CERTIFICATE_LEN), digest other than "SHA384", a PCR index twice or beyond 31, no
 * PCR0 to 2, a signature of another length than 96, and anything in the unprotected header. So whatever in a document can be
 * changed unnoticed says nothing: the tag, the outer array's indefinite form, and the other s that ECDSA allows each
 * signature. Absent public_key, user_data and nonce are as null.
 */
OCC_RESULT occ_nitro_read(struct occ_bytes bytes, struct occ_error *err, struct occ_nitro_document *ret_document);
/*
 * As occ_nitro_read, but it does not look at the headers' content and the signature's length: for a boundary that has asked
 * its own device and wants to see whether it got what it asked for. Whoever did not ask needs occ_nitro_read and
 * occ_nitro_verify: a document that only this function takes is worth nothing to him.
 */
OCC_RESULT occ_nitro_read_own(struct occ_bytes bytes, struct occ_error *err, struct occ_nitro_document *ret_document);
/* True if PCR0, PCR1 and PCR2 are all zero: an enclave in debug mode, which measures nothing. */
bool occ_nitro_is_debug(const struct occ_nitro_document *document);
/*
 * Verifies the certificate path at the document's own time and then the signature. Codes: those of occ_path_verify,
 * OCC_ERR_NITRO_SIGNATURE, OCC_ERR_NITRO_ALGORITHM. It does not look at is_debug.
 */
OCC_RESULT occ_nitro_verify(const struct occ_nitro_document *document, struct occ_path_trust *trust,
                            struct occ_error *err, struct occ_nitro_facts *ret_facts);

#endif
