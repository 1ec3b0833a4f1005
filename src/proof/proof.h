/*
 * proof.h — what an occ/1 proof is, read from JSON (PROTOCOL §2).
 *
 * Reading checks the structure: fields, types, encodings, lengths, names. It verifies nothing. Members that nobody here
 * knows are kept, in the tree. All views point into the tree and live as long as it.
 */
#ifndef OCC_PROOF_PROOF_H
#define OCC_PROOF_PROOF_H

#include "base/buf.h"
#include "codec/json.h"
#include "crypto/digest.h"
#include "crypto/ed25519.h"

enum occ_enforcement { OCC_ENFORCEMENT_STUB, OCC_ENFORCEMENT_HW_KEY, OCC_ENFORCEMENT_MEASURED_TEE };

/* "stub", "hw-key", "measured-tee". */
const char *occ_proof_enforcement_name(enum occ_enforcement enforcement);
/* The tier of that name; false if there is none. */
bool occ_proof_enforcement_of(struct occ_bytes name, enum occ_enforcement *ret);

struct occ_proof {
    const struct occ_json *root;
    const struct occ_json *artifact;
    uint8_t digest[OCC_SHA256_LEN];

    const struct occ_json *commit;
    struct occ_bytes counter; /* decimal text; empty = absent */
    bool has_time;
    double time_ms;            /* Unix milliseconds, a whole number >= 0 */
    struct occ_bytes epoch_id; /* opaque text; empty = absent */
    struct occ_bytes prev_b64; /* empty = absent */
    struct occ_bytes chain_id; /* empty = the default chain */

    struct occ_bytes public_key_b64;
    uint8_t public_key[OCC_ED25519_PUBLIC_LEN];
    uint8_t signature[OCC_ED25519_SIGNATURE_LEN];

    enum occ_enforcement enforcement;
    struct occ_bytes measurement;
    struct occ_bytes attestation_format; /* empty = no attestation */
    struct occ_bytes attestation_report_b64;
    const struct occ_json *attestation_batch; /* absent = NULL; an object, read by proof/tree.h */

    /* Absent = NULL. Their inside is checked for types only; evidence/ verifies. */
    const struct occ_json *agency;
    struct occ_bytes actor_key_id;   /* agency.actor.keyId */
    struct occ_bytes actor_provider; /* agency.actor.provider */
    const struct occ_json *attribution;
    const struct occ_json *policy;
    const struct occ_json *principal;
    const struct occ_json *slot_allocation;
    const struct occ_json *epoch_link; /* commit.epochLink */
    const struct occ_json *timestamps;
    const struct occ_json *metadata;
};

/*
 * Fills *ret_proof from a parsed value. Refusals are OCC_ERR_PROOF_STRUCTURE or OCC_ERR_PROOF_VERSION with a sentence that
 * names the field: "commit.nonceB64: 31 bytes, expected 16 to 64". The nonce is 32 bytes in every proof of ours; 16 to 64
 * are taken from peers. root must outlive *ret_proof.
 */
OCC_RESULT occ_proof_read(const struct occ_json *root, struct occ_error *err, struct occ_proof *ret_proof);

#endif
