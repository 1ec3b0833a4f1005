/*
 * timestamp_maker.h — for tests: makes authorities and RFC 3161 timestamp tokens, good ones and ones with a single
 * thing wrong.
 *
 *     struct timestamp_plan plan;
 *     timestamp_plan_init(&plan, digest, time_ms);      a good token about digest: root, authority, signer
 *     plan.signer.extended_key_usage = "timeStamping";  … with one thing changed, or
 *     timestamp_plan_break(&plan, "eku-not-critical");  … by its name in timestamp_rules
 *     struct timestamp_authority *authority = timestamp_authority_new(&plan);
 *     timestamp_token_put(&buf, &plan, authority);
 *     timestamp_root_put(&pem, authority);
 *     timestamp_authority_free(authority);
 *
 * Keys are new each time. What cannot be made (no memory, nonsense in a plan) aborts the test.
 */
#ifndef OCC_TESTS_TIMESTAMP_MAKER_H
#define OCC_TESTS_TIMESTAMP_MAKER_H

#include "base/buf.h"

enum timestamp_key { TIMESTAMP_P256, TIMESTAMP_P384, TIMESTAMP_P256_EXPLICIT, TIMESTAMP_RSA_2048, TIMESTAMP_RSA_1024 };

struct timestamp_certificate {
    const char *subject;           /* its common name, UTF-8 */
    int64_t not_before, not_after; /* Unix seconds */
    const char
        *basic_constraints; /* as in openssl.cnf, like the two below: "critical,CA:TRUE"; NULL: no such extension */
    const char *key_usage;  /* "critical,digitalSignature" */
    const char *extended_key_usage; /* "critical,timeStamping" */
    bool has_unknown_extension;     /* one more, critical, that nobody knows */
    enum timestamp_key key;
    const char *digest; /* of the signature on it: "SHA256" */
};

/* What the token's signing-certificate attributes say. */
enum timestamp_naming {
    TIMESTAMP_NAMES_V1 = 1,           /* ESSCertID, SHA-1 */
    TIMESTAMP_NAMES_V2 = 2,           /* ESSCertIDv2 */
    TIMESTAMP_NAMES_ISSUER = 4,       /* with issuer and serial number */
    TIMESTAMP_NAMES_OTHER = 8,        /* the authority's certificate, not the signer's */
    TIMESTAMP_NAMES_OTHER_ISSUER = 16 /* the signer's hash with another certificate's issuer and serial number */
};

struct timestamp_plan {
    struct timestamp_certificate root, authority, signer; /* each signed by the one before it */
    bool signer_by_root;                                  /* no authority between them */
    /* TSTInfo */
    long version;
    const char *policy; /* dotted OID */
    const char *imprint_algorithm;
    struct occ_bytes imprint;
    uint64_t serial;
    char gen_time[64];                         /* as it is in the token: "20260313022513Z" */
    long accuracy_s, accuracy_ms, accuracy_us; /* -1: absent */
    bool has_nonce;
    uint64_t nonce;
    struct occ_bytes large_nonce; /* if not empty: in place of nonce, an integer of any size; borrowed */
    bool has_critical_extension;
    /* SignedData */
    const char *content_type; /* OID; NULL: id-ct-TSTInfo */
    const char *digest;       /* of the signature: "SHA256" */
    const char *naming_digest;
    unsigned naming; /* of enum timestamp_naming; 0: no such attribute */
    bool by_key_id;  /* sid is the subject key identifier */
    bool is_pss;
    bool no_attributes, no_signer_certificate, no_authority_certificate, with_root, two_signers;
    bool wrong_key; /* signed with another key than the certificate's */
    bool swapped;   /* another imprint is put in after signing */
    bool unsigned_attribute;
    size_t more_certificates; /* that have nothing to do with it, of signers */
    bool more_authorities;    /* of authorities instead */
    uint8_t imprint_room[64];
};

/* A good plan; digest is copied. */
void timestamp_plan_init(struct timestamp_plan *plan, const uint8_t digest[32], uint64_t time_ms);

/* Named variations of a plan. */
struct timestamp_rule {
    const char *name;
    enum occ_err code; /* what occ_timestamp_verify says with the root given: OCC_OK for a variation that is good */
    void (*apply)(struct timestamp_plan *plan);
};
extern const struct timestamp_rule timestamp_rules[];
extern const size_t timestamp_rules_count;
/* False if there is no such rule. */
bool timestamp_plan_break(struct timestamp_plan *plan, const char *rule);

/* The certificates and keys of a plan. */
struct timestamp_authority;
struct timestamp_authority *timestamp_authority_new(const struct timestamp_plan *plan);
void timestamp_authority_free(struct timestamp_authority *authority);
/*
 * The root as it was kept before: PEM of its certificate and private key, as timestamp_root_put and
 * timestamp_root_key_put wrote them.
 */
struct timestamp_authority *timestamp_authority_under(const struct timestamp_plan *plan, struct occ_bytes root,
                                                      struct occ_bytes root_key);

/* Appends: a token in DER, a whole response with that token, certificates and the root's key in PEM. */
void timestamp_token_put(struct occ_buf *buf, const struct timestamp_plan *plan,
                         const struct timestamp_authority *authority);
void timestamp_response_put(struct occ_buf *buf, struct occ_bytes token);
void timestamp_root_put(struct occ_buf *buf, const struct timestamp_authority *authority);
void timestamp_authority_put(struct occ_buf *buf, const struct timestamp_authority *authority);
void timestamp_signer_put(struct occ_buf *buf, const struct timestamp_authority *authority);
void timestamp_root_key_put(struct occ_buf *buf, const struct timestamp_authority *authority);

#endif
