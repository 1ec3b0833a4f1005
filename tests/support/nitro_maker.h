/*
 * nitro_maker.h — for tests: makes certificate paths and attestation documents like those of AWS Nitro Enclaves, under a root
 * of its own, good ones and ones with a single thing wrong.
 *
 *     struct nitro_plan plan;
 *     nitro_plan_init(&plan, time_ms);                  a good path: root, three authorities, leaf
 *     plan.certificates[2].ca = 0;                      … with one thing changed
 *     struct nitro_path *path = nitro_path_make(&plan);
 *     struct nitro_document document;
 *     nitro_document_init(&document, path, time_ms);    a good document: PCRs, no user_data, no public_key
 *     document.user_data = NITRO_BYTES(view);
 *     nitro_document_put(&buf, &document, path);
 *     nitro_path_free(path);
 *
 * Keys come from the plan's seed and are always the same; ECDSA signatures are different every time. What cannot be made
 * (no memory, nonsense in a plan) aborts the test.
 */
#ifndef OCC_TESTS_NITRO_MAKER_H
#define OCC_TESTS_NITRO_MAKER_H

#include "base/buf.h"

enum {
    NITRO_CERTIFICATES_MAX = 16,
    NITRO_PCRS_MAX = 34 /* more than a document may have */
};

/* ---- certificate paths ---- */

/* P-384 as it should be, by all its parameters, with a compressed point; a smaller curve; another one of the same size. */
enum nitro_key { NITRO_P384, NITRO_P384_EXPLICIT, NITRO_P384_COMPRESSED, NITRO_P256, NITRO_BRAINPOOL384 };

struct nitro_certificate {
    const char *subject;           /* its common name; "" for an empty name */
    const char *issuer;            /* NULL: the subject of the one above */
    int64_t not_before, not_after; /* Unix seconds */
    long serial;
    int version;           /* 3 */
    int ca;                /* 1 CA:TRUE, 0 CA:FALSE, -1 no basic constraints */
    int path_length;       /* -1: none */
    const char *key_usage; /* as in openssl.cnf: "critical,keyCertSign"; NULL: no such extension */
    bool key_identifiers;  /* of subject and issuer; the root never has its issuer's */
    /* One extension more, as in openssl.cnf: "nameConstraints" and "permitted;dirName:…", or an OID and "critical,DER:0500". */
    const char *extension, *extension_value;
    enum nitro_key key;
    const char *digest;   /* of the signature on it: "SHA384" */
    const char *seed;     /* of its own key, if not the plan's */
    bool self_signed;     /* signed with its own key */
    bool wrong_signature; /* one bit of it is flipped */
    struct occ_bytes der; /* if not empty: taken as it is, nothing above but key and seed counts */
};

struct nitro_plan {
    const char *seed;                                              /* of all keys: another seed, other keys */
    size_t count;                                                  /* certificates, at least 2 */
    struct nitro_certificate certificates[NITRO_CERTIFICATES_MAX]; /* the root first, the leaf last */
};

struct nitro_path;

/* A good plan like AWS's: five certificates with path lengths none, 2, 1, 0; the leaf valid for three hours at time_ms. */
void nitro_plan_init(struct nitro_plan *plan, uint64_t time_ms);
struct nitro_path *nitro_path_make(const struct nitro_plan *plan);
void nitro_path_free(struct nitro_path *path);
/* The certificates in DER, the root first: authority_count of them and then the leaf. Valid as long as path is. */
const struct occ_bytes *nitro_path_certificates(const struct nitro_path *path);
size_t nitro_path_authority_count(const struct nitro_path *path);
/* ECDSA P-384 with SHA-384 by the leaf's key over message: r || s. */
void nitro_path_sign(const struct nitro_path *path, struct occ_bytes message, uint8_t ret_signature[96]);
/* Appends the PEM text of a certificate. */
void nitro_pem_put(struct occ_buf *buf, struct occ_bytes der);

/* ---- documents ---- */

struct nitro_field {
    enum { NITRO_FIELD_ABSENT, NITRO_FIELD_NULL, NITRO_FIELD_BYTES } kind;
    struct occ_bytes bytes;
};
#define NITRO_BYTES(view) ((struct nitro_field){ NITRO_FIELD_BYTES, (view) })

enum nitro_signature {
    NITRO_SIGNATURE_GOOD,
    NITRO_SIGNATURE_FLIPPED, /* one bit of s */
    NITRO_SIGNATURE_R_ZERO,
    NITRO_SIGNATURE_S_ZERO,
    NITRO_SIGNATURE_R_ORDER, /* r = n, the order of the group */
    NITRO_SIGNATURE_S_ORDER,
    NITRO_SIGNATURE_SHORT, /* 95 bytes */
    NITRO_SIGNATURE_LONG,  /* 97 */
    NITRO_SIGNATURE_DER
};

struct nitro_document {
    const char *module_id, *digest;
    uint64_t time_ms;
    struct occ_bytes pcrs[NITRO_PCRS_MAX]; /* ptr NULL: not there */
    struct occ_bytes certificate;
    struct occ_bytes cabundle[NITRO_CERTIFICATES_MAX];
    size_t cabundle_count;
    struct nitro_field public_key, user_data, nonce;
    const char *without;       /* leaves out the field of this name */
    const char *twice;         /* writes the field of this name twice */
    const char *unknown;       /* writes one field more, of this name, with the value 1 */
    bool indefinite;           /* the payload's map */
    struct occ_bytes payload;  /* if not empty: signed in place of all above */
    int64_t algorithm;         /* -35, ES384 */
    struct occ_bytes header;   /* if not empty: the protected header's content in place of algorithm */
    bool tagged;               /* tag 18 in front */
    struct occ_bytes trailing; /* bytes after the document */
    enum nitro_signature signature;
};

/* A good document at time_ms about path: 16 PCRs of 48 bytes; public_key, user_data and nonce null. Views lie in path. */
void nitro_document_init(struct nitro_document *document, const struct nitro_path *path, uint64_t time_ms);
/* Appends the document, signed with the leaf's key of path. */
void nitro_document_put(struct occ_buf *buf, const struct nitro_document *document, const struct nitro_path *path);

/* Aborts with the line of the test code that could not do its work. */
void nitro_needs(bool ok, const char *what);

#endif
