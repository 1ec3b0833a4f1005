/* proof.c — see proof.h. The fields that every proof has; optional.c reads the rest. */
#include "proof/proof.h"

#include "base/base64.h"
#include "base/limits.h"
#include "proof/fields.h"
#include "proof/optional.h"

static const char *const enforcement_names[] = {
    [OCC_ENFORCEMENT_STUB] = "stub",
    [OCC_ENFORCEMENT_HW_KEY] = "hw-key",
    [OCC_ENFORCEMENT_MEASURED_TEE] = "measured-tee",
};

enum { ARTIFACT, COMMIT, SIGNER, ENVIRONMENT };
static const struct occ_field root_fields[] = {
    [ARTIFACT] = { .name = "artifact", .kind = OCC_FIELD_OBJECT },
    [COMMIT] = { .name = "commit", .kind = OCC_FIELD_OBJECT },
    [SIGNER] = { .name = "signer", .kind = OCC_FIELD_OBJECT },
    [ENVIRONMENT] = { .name = "environment", .kind = OCC_FIELD_OBJECT },
};
enum { HASH_ALG, DIGEST };
static const struct occ_field artifact_fields[] = {
    [HASH_ALG] = { .name = "hashAlg", .kind = OCC_FIELD_EXACT, .exact = "sha256" },
    [DIGEST] = { .name = "digestB64", .kind = OCC_FIELD_BASE64, .min = OCC_SHA256_LEN, .max = OCC_SHA256_LEN },
};
enum { NONCE, COUNTER, TIME, PREV, EPOCH_ID, CHAIN_ID, SLOT_COUNTER, SLOT_HASH };
static const struct occ_field commit_fields[] = {
    [NONCE] = { .name = "nonceB64", .kind = OCC_FIELD_BASE64, .min = 16, .max = 64 },
    [COUNTER] = { .name = "counter", .kind = OCC_FIELD_DECIMAL, .optional = true },
    [TIME] = { .name = "time", .kind = OCC_FIELD_TIME, .optional = true },
    [PREV] = { .name = "prevB64",
               .kind = OCC_FIELD_BASE64,
               .optional = true,
               .min = OCC_SHA256_LEN,
               .max = OCC_SHA256_LEN },
    [EPOCH_ID] = { .name = "epochId", .kind = OCC_FIELD_TEXT, .optional = true, .min = 1 },
    [CHAIN_ID] = { .name = "chainId", .kind = OCC_FIELD_CHAIN_ID, .optional = true },
    [SLOT_COUNTER] = { .name = "slotCounter", .kind = OCC_FIELD_DECIMAL, .optional = true },
    [SLOT_HASH] = { .name = "slotHashB64",
                    .kind = OCC_FIELD_BASE64,
                    .optional = true,
                    .min = OCC_SHA256_LEN,
                    .max = OCC_SHA256_LEN },
};
enum { PUBLIC_KEY, SIGNATURE };
static const struct occ_field signer_fields[] = {
    [PUBLIC_KEY] = { .name = "publicKeyB64",
                     .kind = OCC_FIELD_BASE64,
                     .min = OCC_ED25519_PUBLIC_LEN,
                     .max = OCC_ED25519_PUBLIC_LEN },
    [SIGNATURE] = { .name = "signatureB64",
                    .kind = OCC_FIELD_BASE64,
                    .min = OCC_ED25519_SIGNATURE_LEN,
                    .max = OCC_ED25519_SIGNATURE_LEN },
};
enum { ENFORCEMENT, MEASUREMENT, ATTESTATION };
static const struct occ_field environment_fields[] = {
    [ENFORCEMENT] = { .name = "enforcement", .kind = OCC_FIELD_ENFORCEMENT },
    [MEASUREMENT] = { .name = "measurement", .kind = OCC_FIELD_TEXT, .min = 1, .max = OCC_LIMIT_PEER_MEASUREMENT_LEN },
    [ATTESTATION] = { .name = "attestation", .kind = OCC_FIELD_OBJECT, .optional = true, .min = 1 },
};
enum { FORMAT, REPORT, BATCH };
static const struct occ_field attestation_fields[] = {
    [FORMAT] = { .name = "format", .kind = OCC_FIELD_TEXT, .min = 1 },
    [REPORT] = { .name = "reportB64", .kind = OCC_FIELD_BASE64, .min = 1 },
    [BATCH] = { .name = "batch", .kind = OCC_FIELD_OBJECT, .optional = true, .min = 1 },
};

const char *
occ_proof_enforcement_name(enum occ_enforcement enforcement)
{
    return enforcement_names[enforcement];
}

bool
occ_proof_enforcement_of(struct occ_bytes name, enum occ_enforcement *ret)
{
    for (size_t i = 0; i < OCC_FIELDS_COUNT(enforcement_names); i++) {
        if (occ_bytes_is(name, enforcement_names[i])) {
            *ret = (enum occ_enforcement)i;
            return true;
        }
    }
    return false;
}

/* Decodes a base64 member whose form and length the table of its object has. */
static OCC_RESULT
decode(const struct occ_json *value, size_t len, uint8_t *ret)
{
    size_t got = 0;
    OCC_TRY(occ_base64_decode(occ_json_string(value), len, ret, &got));
    OCC_ENSURE(got == len, OCC_ERR_INTERNAL);
    return occ_success();
}

/* The string of a member that may be absent: the empty view then. */
static struct occ_bytes
text_of(const struct occ_json *value)
{
    return value == NULL ? occ_bytes_of(NULL, 0) : occ_json_string(value);
}

/* PROTOCOL §2: version "occ/1". Another version is not a broken proof but one that this library does not know. */
static OCC_RESULT
check_version(const struct occ_json *root, struct occ_error *err)
{
    if (!occ_json_is(root, OCC_JSON_OBJECT)) {
        return occ_error_set(err, OCC_ERR_PROOF_STRUCTURE, "not an occ/1 proof: %s, expected an object",
                             occ_json_type_name(root));
    }
    static const struct occ_field field[] = { { .name = "version", .kind = OCC_FIELD_TEXT } };
    const struct occ_json *found = NULL;
    OCC_TRY(occ_fields_read(root, "", field, 1, err, &found));
    const struct occ_bytes version = text_of(found);
    if (!occ_bytes_is(version, "occ/1")) {
        return occ_error_set(err, OCC_ERR_PROOF_VERSION, "version: \"%.*s\", expected \"occ/1\"",
                             OCC_BYTES_ARG(version));
    }
    return occ_success();
}

static OCC_RESULT
read_artifact(const struct occ_json *artifact, struct occ_error *err, struct occ_proof *proof)
{
    const struct occ_json *found[OCC_FIELDS_COUNT(artifact_fields)];
    OCC_TRY(occ_fields_read(artifact, "artifact", artifact_fields, OCC_FIELDS_COUNT(artifact_fields), err, found));
    OCC_TRY(occ_fields_check_names(artifact, "artifact", err));
    proof->artifact = artifact;
    return decode(found[DIGEST], sizeof proof->digest, proof->digest);
}

static OCC_RESULT
read_commit(const struct occ_json *commit, struct occ_error *err, struct occ_proof *proof)
{
    const struct occ_json *found[OCC_FIELDS_COUNT(commit_fields)];
    OCC_TRY(occ_fields_read(commit, "commit", commit_fields, OCC_FIELDS_COUNT(commit_fields), err, found));
    OCC_TRY(occ_fields_check_names(commit, "commit", err));
    proof->commit = commit;
    proof->counter = text_of(found[COUNTER]);
    proof->has_time = found[TIME] != NULL;
    proof->time_ms = found[TIME] == NULL ? 0 : occ_json_number(found[TIME]);
    proof->epoch_id = text_of(found[EPOCH_ID]);
    proof->prev_b64 = text_of(found[PREV]);
    proof->chain_id = text_of(found[CHAIN_ID]);
    return occ_success();
}

static OCC_RESULT
read_signer(const struct occ_json *signer, struct occ_error *err, struct occ_proof *proof)
{
    const struct occ_json *found[OCC_FIELDS_COUNT(signer_fields)];
    OCC_TRY(occ_fields_read(signer, "signer", signer_fields, OCC_FIELDS_COUNT(signer_fields), err, found));
    proof->public_key_b64 = text_of(found[PUBLIC_KEY]);
    OCC_TRY(decode(found[PUBLIC_KEY], sizeof proof->public_key, proof->public_key));
    return decode(found[SIGNATURE], sizeof proof->signature, proof->signature);
}

static OCC_RESULT
read_attestation(const struct occ_json *attestation, struct occ_error *err, struct occ_proof *proof)
{
    const struct occ_json *found[OCC_FIELDS_COUNT(attestation_fields)];
    OCC_TRY(occ_fields_read(attestation, "environment.attestation", attestation_fields,
                            OCC_FIELDS_COUNT(attestation_fields), err, found));
    proof->attestation_format = text_of(found[FORMAT]);
    proof->attestation_report_b64 = text_of(found[REPORT]);
    proof->attestation_batch = found[BATCH];
    return occ_success();
}

static OCC_RESULT
read_environment(const struct occ_json *environment, struct occ_error *err, struct occ_proof *proof)
{
    const struct occ_json *found[OCC_FIELDS_COUNT(environment_fields)];
    OCC_TRY(occ_fields_read(environment, "environment", environment_fields, OCC_FIELDS_COUNT(environment_fields), err,
                            found));
    proof->measurement = text_of(found[MEASUREMENT]);
    OCC_ENSURE(occ_proof_enforcement_of(text_of(found[ENFORCEMENT]), &proof->enforcement), OCC_ERR_INTERNAL);
    return found[ATTESTATION] == NULL ? occ_success() : read_attestation(found[ATTESTATION], err, proof);
}

struct occ_result
occ_proof_read(const struct occ_json *root, struct occ_error *err, struct occ_proof *ret_proof)
{
    struct occ_proof proof = { .root = root };
    const struct occ_json *found[OCC_FIELDS_COUNT(root_fields)];
    OCC_TRY(check_version(root, err));
    OCC_TRY(occ_fields_read(root, "", root_fields, OCC_FIELDS_COUNT(root_fields), err, found));
    OCC_TRY(read_artifact(found[ARTIFACT], err, &proof));
    OCC_TRY(read_commit(found[COMMIT], err, &proof));
    OCC_TRY(read_signer(found[SIGNER], err, &proof));
    OCC_TRY(read_environment(found[ENVIRONMENT], err, &proof));
    OCC_TRY(occ_optional_read(err, &proof));
    *ret_proof = proof;
    return occ_success();
}
