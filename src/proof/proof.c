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

static const struct occ_field root_fields[] = {
    { .name = "artifact", .kind = OCC_FIELD_OBJECT },
    { .name = "commit", .kind = OCC_FIELD_OBJECT },
    { .name = "signer", .kind = OCC_FIELD_OBJECT },
    { .name = "environment", .kind = OCC_FIELD_OBJECT },
};
static const struct occ_field artifact_fields[] = {
    { .name = "hashAlg", .kind = OCC_FIELD_EXACT, .exact = "sha256" },
    { .name = "digestB64", .kind = OCC_FIELD_BASE64, .min = OCC_SHA256_LEN, .max = OCC_SHA256_LEN },
};
static const struct occ_field commit_fields[] = {
    { .name = "nonceB64", .kind = OCC_FIELD_BASE64, .min = 16, .max = 64 },
    { .name = "counter", .kind = OCC_FIELD_DECIMAL, .optional = true },
    { .name = "time", .kind = OCC_FIELD_TIME, .optional = true },
    { .name = "prevB64", .kind = OCC_FIELD_BASE64, .optional = true, .min = OCC_SHA256_LEN, .max = OCC_SHA256_LEN },
    { .name = "epochId", .kind = OCC_FIELD_TEXT, .optional = true, .min = 1 },
    { .name = "chainId", .kind = OCC_FIELD_CHAIN_ID, .optional = true },
    { .name = "slotCounter", .kind = OCC_FIELD_DECIMAL, .optional = true },
    { .name = "slotHashB64", .kind = OCC_FIELD_BASE64, .optional = true, .min = OCC_SHA256_LEN, .max = OCC_SHA256_LEN },
};
static const struct occ_field signer_fields[] = {
    { .name = "publicKeyB64", .kind = OCC_FIELD_BASE64, .min = OCC_ED25519_PUBLIC_LEN, .max = OCC_ED25519_PUBLIC_LEN },
    { .name = "signatureB64",
      .kind = OCC_FIELD_BASE64,
      .min = OCC_ED25519_SIGNATURE_LEN,
      .max = OCC_ED25519_SIGNATURE_LEN },
};
static const struct occ_field environment_fields[] = {
    { .name = "enforcement", .kind = OCC_FIELD_ENFORCEMENT },
    { .name = "measurement", .kind = OCC_FIELD_TEXT, .min = 1, .max = OCC_LIMIT_PEER_MEASUREMENT_LEN },
    { .name = "attestation", .kind = OCC_FIELD_OBJECT, .optional = true, .min = 1 },
};
static const struct occ_field attestation_fields[] = {
    { .name = "format", .kind = OCC_FIELD_TEXT, .min = 1 },
    { .name = "reportB64", .kind = OCC_FIELD_BASE64, .min = 1 },
    { .name = "batch", .kind = OCC_FIELD_OBJECT, .optional = true, .min = 1 },
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

/* Decodes a base64 member whose form and length fields_check has seen. */
static OCC_RESULT
decode(const struct occ_json *object, const char *name, size_t len, uint8_t *ret)
{
    size_t got = 0;
    OCC_TRY(occ_base64_decode(occ_fields_text(object, name), len, ret, &got));
    OCC_ENSURE(got == len, OCC_ERR_INTERNAL);
    return occ_success();
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
    OCC_TRY(occ_fields_check(root, "", field, 1, err));
    const struct occ_bytes version = occ_fields_text(root, "version");
    if (!occ_bytes_is(version, "occ/1")) {
        return occ_error_set(err, OCC_ERR_PROOF_VERSION, "version: \"%.*s\", expected \"occ/1\"",
                             OCC_BYTES_ARG(version));
    }
    return occ_success();
}

static OCC_RESULT
read_artifact(struct occ_error *err, struct occ_proof *proof)
{
    proof->artifact = occ_json_get(proof->root, "artifact");
    OCC_TRY(occ_fields_check(proof->artifact, "artifact", artifact_fields, OCC_FIELDS_COUNT(artifact_fields), err));
    OCC_TRY(occ_fields_check_names(proof->artifact, "artifact", err));
    return decode(proof->artifact, "digestB64", sizeof proof->digest, proof->digest);
}

static OCC_RESULT
read_commit(struct occ_error *err, struct occ_proof *proof)
{
    const struct occ_json *commit = occ_json_get(proof->root, "commit");
    OCC_TRY(occ_fields_check(commit, "commit", commit_fields, OCC_FIELDS_COUNT(commit_fields), err));
    OCC_TRY(occ_fields_check_names(commit, "commit", err));
    const struct occ_json *time = occ_json_get(commit, "time");
    proof->commit = commit;
    proof->counter = occ_fields_text(commit, "counter");
    proof->has_time = time != NULL;
    proof->time_ms = time == NULL ? 0 : occ_json_number(time);
    proof->epoch_id = occ_fields_text(commit, "epochId");
    proof->prev_b64 = occ_fields_text(commit, "prevB64");
    proof->chain_id = occ_fields_text(commit, "chainId");
    return occ_success();
}

static OCC_RESULT
read_signer(struct occ_error *err, struct occ_proof *proof)
{
    const struct occ_json *signer = occ_json_get(proof->root, "signer");
    OCC_TRY(occ_fields_check(signer, "signer", signer_fields, OCC_FIELDS_COUNT(signer_fields), err));
    proof->public_key_b64 = occ_fields_text(signer, "publicKeyB64");
    OCC_TRY(decode(signer, "publicKeyB64", sizeof proof->public_key, proof->public_key));
    return decode(signer, "signatureB64", sizeof proof->signature, proof->signature);
}

static OCC_RESULT
read_environment(struct occ_error *err, struct occ_proof *proof)
{
    const struct occ_json *environment = occ_json_get(proof->root, "environment");
    OCC_TRY(
        occ_fields_check(environment, "environment", environment_fields, OCC_FIELDS_COUNT(environment_fields), err));
    proof->measurement = occ_fields_text(environment, "measurement");
    OCC_ENSURE(occ_proof_enforcement_of(occ_fields_text(environment, "enforcement"), &proof->enforcement),
               OCC_ERR_INTERNAL);
    const struct occ_json *attestation = occ_json_get(environment, "attestation");
    if (attestation == NULL) {
        return occ_success();
    }
    OCC_TRY(occ_fields_check(attestation, "environment.attestation", attestation_fields,
                             OCC_FIELDS_COUNT(attestation_fields), err));
    proof->attestation_format = occ_fields_text(attestation, "format");
    proof->attestation_report_b64 = occ_fields_text(attestation, "reportB64");
    proof->attestation_batch = occ_json_get(attestation, "batch");
    return occ_success();
}

struct occ_result
occ_proof_read(const struct occ_json *root, struct occ_error *err, struct occ_proof *ret_proof)
{
    struct occ_proof proof = { .root = root };
    OCC_TRY(check_version(root, err));
    OCC_TRY(occ_fields_check(root, "", root_fields, OCC_FIELDS_COUNT(root_fields), err));
    OCC_TRY(read_artifact(err, &proof));
    OCC_TRY(read_commit(err, &proof));
    OCC_TRY(read_signer(err, &proof));
    OCC_TRY(read_environment(err, &proof));
    OCC_TRY(occ_optional_read(err, &proof));
    *ret_proof = proof;
    return occ_success();
}
