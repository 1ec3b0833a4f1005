/*
 * maker.h — for tests and demos: makes certificate paths and attestation documents like those of AWS Nitro Enclaves, under a
 * root of its own, good ones and ones with a single thing wrong.
 *
 *     struct occ_sim_plan plan;
 *     occ_sim_plan_init(&plan, time_ms);                  a good path: root, three authorities, leaf
 *     plan.certificates[2].ca = 0;                      … with one thing changed
 *     struct occ_sim_path *path = occ_sim_path_make(&plan);
 *     struct occ_sim_document document;
 *     occ_sim_document_init(&document, path, time_ms);    a good document: PCRs, no user_data, no public_key
 *     document.user_data = OCC_SIM_BYTES(view);
 *     occ_sim_document_put(&buf, &document, path);
 *     occ_sim_path_free(path);
 *
 * Keys come from the plan's seed and are always the same; ECDSA signatures are different every time. What cannot be made
 * (no memory, nonsense in a plan) aborts the program, which is a test or a demo.
 */
#ifndef OCC_SIM_MAKER_H
#define OCC_SIM_MAKER_H

#include "base/buf.h"

enum {
    OCC_SIM_CERTIFICATES_MAX = 16,
    OCC_SIM_PCRS_MAX = 34 /* more than a document may have */
};

/* ---- certificate paths ---- */

/* P-384 as it should be, by all its parameters, with a compressed point; a smaller curve; another one of the same size. */
enum occ_sim_key { OCC_SIM_P384, OCC_SIM_P384_EXPLICIT, OCC_SIM_P384_COMPRESSED, OCC_SIM_P256, OCC_SIM_BRAINPOOL384 };

struct occ_sim_certificate {
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
    enum occ_sim_key key;
    const char *digest;       /* of the signature on it: "SHA384" */
    const char *seed;         /* of its own key, if not the plan's */
    struct occ_bytes key_pem; /* if not empty: its private key, PEM, in place of one from a seed */
    bool self_signed;         /* signed with its own key */
    bool wrong_signature;     /* one bit of it is flipped */
    struct occ_bytes der;     /* if not empty: taken as it is, nothing above but key and seed counts */
};

struct occ_sim_plan {
    const char *seed;                                                  /* of all keys: another seed, other keys */
    size_t count;                                                      /* certificates, at least 2 */
    struct occ_sim_certificate certificates[OCC_SIM_CERTIFICATES_MAX]; /* the root first, the leaf last */
};

struct occ_sim_path;

/* A good plan like AWS's: five certificates with path lengths none, 2, 1, 0; the leaf valid for three hours at time_ms. */
void occ_sim_plan_init(struct occ_sim_plan *plan, uint64_t time_ms);
struct occ_sim_path *occ_sim_path_make(const struct occ_sim_plan *plan);
void occ_sim_path_free(struct occ_sim_path *path);
/* The certificates in DER, the root first: authority_count of them and then the leaf. Valid as long as path is. */
const struct occ_bytes *occ_sim_path_certificates(const struct occ_sim_path *path);
size_t occ_sim_path_authority_count(const struct occ_sim_path *path);
/* ECDSA P-384 with SHA-384 by the leaf's key over message: r || s. */
void occ_sim_path_sign(const struct occ_sim_path *path, struct occ_bytes message, uint8_t ret_signature[96]);
/* Appends the PEM text of a certificate. */
void occ_sim_pem_put(struct occ_buf *buf, struct occ_bytes der);
/* Appends the DER of the certificate in a PEM text; false if there is none. */
bool occ_sim_pem_read(struct occ_bytes pem, struct occ_buf *der);
/* Appends a new P-384 private key, PEM (PKCS #8). */
void occ_sim_key_make(struct occ_buf *pem);
/* True if a PEM text holds a private key on P-384 that belongs to the certificate. */
bool occ_sim_key_fits(struct occ_bytes key_pem, struct occ_bytes certificate_der);
/* SHA-384. */
void occ_sim_sha384(struct occ_bytes data, uint8_t ret_hash[48]);

/* ---- documents ---- */

struct occ_sim_field {
    enum { OCC_SIM_FIELD_ABSENT, OCC_SIM_FIELD_NULL, OCC_SIM_FIELD_BYTES } kind;
    struct occ_bytes bytes;
};
#define OCC_SIM_BYTES(view) ((struct occ_sim_field){ OCC_SIM_FIELD_BYTES, (view) })

enum occ_sim_signature {
    OCC_SIM_SIGNATURE_GOOD,
    OCC_SIM_SIGNATURE_FLIPPED, /* one bit of s */
    OCC_SIM_SIGNATURE_R_ZERO,
    OCC_SIM_SIGNATURE_S_ZERO,
    OCC_SIM_SIGNATURE_R_ORDER, /* r = n, the order of the group */
    OCC_SIM_SIGNATURE_S_ORDER,
    OCC_SIM_SIGNATURE_SHORT, /* 95 bytes */
    OCC_SIM_SIGNATURE_LONG,  /* 97 */
    OCC_SIM_SIGNATURE_DER,
    OCC_SIM_SIGNATURE_NONE /* zeros, and nothing is computed */
};

struct occ_sim_document {
    const char *module_id, *digest;
    uint64_t time_ms;
    struct occ_bytes pcrs[OCC_SIM_PCRS_MAX]; /* ptr NULL: not there */
    struct occ_bytes certificate;
    struct occ_bytes cabundle[OCC_SIM_CERTIFICATES_MAX];
    size_t cabundle_count;
    struct occ_sim_field public_key, user_data, nonce;
    const char *without;       /* leaves out the field of this name */
    const char *twice;         /* writes the field of this name twice */
    const char *unknown;       /* writes one field more, of this name, with the value 1 */
    bool indefinite;           /* the payload's map */
    struct occ_bytes payload;  /* if not empty: signed in place of all above */
    int64_t algorithm;         /* -35, ES384 */
    struct occ_bytes header;   /* if not empty: the protected header's content in place of algorithm */
    bool tagged;               /* tag 18 in front */
    struct occ_bytes trailing; /* bytes after the document */
    enum occ_sim_signature signature;
};

/* A good document at time_ms about path: 16 PCRs of 48 bytes; public_key, user_data and nonce null. Views lie in path. */
void occ_sim_document_init(struct occ_sim_document *document, const struct occ_sim_path *path, uint64_t time_ms);
/* Appends the document, signed with the leaf's key of path. */
void occ_sim_document_put(struct occ_buf *buf, const struct occ_sim_document *document,
                          const struct occ_sim_path *path);

/* Aborts with the line of the test code that could not do its work. */
void occ_sim_needs(bool ok, const char *what);

#endif
