/*
 * evidence.h — what the checks of a verification found: one model, from which the JSON report, the getters of <occ/verify.h>
 * and the policy's judgement are made. It owns all it says.
 */
#ifndef OCC_VERIFY_EVIDENCE_H
#define OCC_VERIFY_EVIDENCE_H

#include "evidence/actor.h"
#include "evidence/nitro.h"
#include "evidence/rfc3161.h"
#include "proof/policy.h"

enum {
    OCC_EVIDENCE_NAME_SIZE = 257,
    OCC_EVIDENCE_FORMAT_SIZE = 65,
    OCC_EVIDENCE_PCR_SIZE = 2 * 64 + 1,
    OCC_EVIDENCE_SHA256_SIZE = 2 * OCC_SHA256_LEN + 1
};

struct occ_evidence_attestation {
    bool read; /* the document is one: what follows was read */
    bool verified;
    enum occ_binding binding; /* if verified */
    bool body_without_format; /* bound to the body as it was before attestationFormat was in it */
    bool simulated;           /* format "sim-nitro": software stood in for the device, which vouches for nothing */
    bool root_is_aws;
    char format[OCC_EVIDENCE_FORMAT_SIZE];
    char module_id[OCC_EVIDENCE_NAME_SIZE];
    char root_sha256[OCC_EVIDENCE_SHA256_SIZE];
    uint64_t time_ms;
    uint64_t not_before_ms, not_after_ms;                   /* of the certificate, once its path was verified; else 0 */
    char pcrs[OCC_LIMIT_NITRO_PCRS][OCC_EVIDENCE_PCR_SIZE]; /* hex, "" = absent */
};

struct occ_evidence_timestamp {
    bool read;
    char authority[OCC_EVIDENCE_NAME_SIZE];
    char signer_sha256[OCC_EVIDENCE_SHA256_SIZE];
    char root_sha256[OCC_EVIDENCE_SHA256_SIZE];
    struct occ_timestamp_facts facts;
};

struct occ_evidence_actor {
    bool read, verified;
    char key_id[OCC_EVIDENCE_SHA256_SIZE];
    char provider[OCC_EVIDENCE_NAME_SIZE];
    char rp_id[OCC_EVIDENCE_NAME_SIZE];
    struct occ_actor_facts facts;
};

enum { OCC_EVIDENCE_TIMESTAMPS = 2 }; /* timestamps.artifact, timestamps.proof */

struct occ_evidence {
    struct occ_evidence_attestation attestation;
    struct occ_evidence_timestamp timestamps[OCC_EVIDENCE_TIMESTAMPS];
    struct occ_evidence_actor actor;
    bool slot_verified, slot_hash_without_chain_id;
    bool epoch_link_checked;
};

/* Copies text, cut to what fits (at a character's edge), with a zero byte. */
void occ_evidence_copy(char *to, size_t size, struct occ_bytes text);
/* What a policy is judged on. */
struct occ_policy_evidence occ_evidence_for_policy(const struct occ_evidence *evidence);
/* Appends the report's evidence object, or nothing if there is none: ,"evidence":{…} */
void occ_evidence_put(struct occ_buf *buf, const struct occ_evidence *evidence, const struct occ_proof *proof);

#endif
