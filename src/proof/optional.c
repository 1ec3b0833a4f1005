/* optional.c — see optional.h. */
#include "proof/optional.h"

#include "base/buf.h"
#include "proof/fields.h"

enum { AGENCY_PATH_LEN_MAX = 256 };

/* Optional members of the proof itself: objects, and if there, not empty (PROTOCOL §2). */
enum { AGENCY, ATTRIBUTION, POLICY, PRINCIPAL, SLOT_ALLOCATION, TIMESTAMPS, METADATA };
static const struct occ_field root_fields[] = {
    [AGENCY] = { .name = "agency", .kind = OCC_FIELD_OBJECT, .optional = true, .min = 1 },
    [ATTRIBUTION] = { .name = "attribution", .kind = OCC_FIELD_OBJECT, .optional = true, .min = 1 },
    [POLICY] = { .name = "policy", .kind = OCC_FIELD_OBJECT, .optional = true, .min = 1 },
    [PRINCIPAL] = { .name = "principal", .kind = OCC_FIELD_OBJECT, .optional = true, .min = 1 },
    [SLOT_ALLOCATION] = { .name = "slotAllocation", .kind = OCC_FIELD_OBJECT, .optional = true, .min = 1 },
    [TIMESTAMPS] = { .name = "timestamps", .kind = OCC_FIELD_OBJECT, .optional = true, .min = 1 },
    [METADATA] = { .name = "metadata", .kind = OCC_FIELD_OBJECT, .optional = true, .min = 1 },
};

/* PROTOCOL §4 and the seed's types. authorization may hold more: WebAuthn's members, unsigned by us. */
static const struct occ_field agency_fields[] = {
    { .name = "actor", .kind = OCC_FIELD_OBJECT },
    { .name = "authorization", .kind = OCC_FIELD_OBJECT },
};
static const struct occ_field actor_fields[] = {
    { .name = "keyId", .kind = OCC_FIELD_HEX, .min = 32 },
    { .name = "publicKeyB64", .kind = OCC_FIELD_BASE64, .min = 1 },
    { .name = "algorithm", .kind = OCC_FIELD_EXACT, .exact = "ES256" },
    { .name = "provider", .kind = OCC_FIELD_TEXT, .min = 1 },
};
static const struct occ_field authorization_fields[] = {
    { .name = "purpose", .kind = OCC_FIELD_EXACT, .exact = "occ/commit-authorize/v1" },
    { .name = "actorKeyId", .kind = OCC_FIELD_HEX, .min = 32 },
    { .name = "artifactHash", .kind = OCC_FIELD_BASE64, .min = OCC_SHA256_LEN, .max = OCC_SHA256_LEN },
    { .name = "challenge", .kind = OCC_FIELD_TEXT, .min = 1 },
    { .name = "timestamp", .kind = OCC_FIELD_NUMBER },
    { .name = "signatureB64", .kind = OCC_FIELD_BASE64, .min = 1 },
    { .name = "format", .kind = OCC_FIELD_TEXT, .optional = true, .min = 1 },
};

/* PROTOCOL §6: the slot's body and signature. */
static const struct occ_field slot_fields[] = {
    { .name = "version", .kind = OCC_FIELD_EXACT, .exact = "occ/slot/1" },
    { .name = "nonceB64", .kind = OCC_FIELD_BASE64, .min = 16, .max = 64 },
    { .name = "counter", .kind = OCC_FIELD_DECIMAL },
    { .name = "time", .kind = OCC_FIELD_TIME, .optional = true },
    { .name = "epochId", .kind = OCC_FIELD_TEXT, .min = 1 },
    { .name = "publicKeyB64", .kind = OCC_FIELD_BASE64, .min = OCC_ED25519_PUBLIC_LEN, .max = OCC_ED25519_PUBLIC_LEN },
    { .name = "chainId", .kind = OCC_FIELD_CHAIN_ID, .optional = true },
    { .name = "signatureB64",
      .kind = OCC_FIELD_BASE64,
      .min = OCC_ED25519_SIGNATURE_LEN,
      .max = OCC_ED25519_SIGNATURE_LEN },
};

/* PROTOCOL §6: commit.epochLink. */
static const struct occ_field commit_fields[] = {
    { .name = "epochLink", .kind = OCC_FIELD_OBJECT, .optional = true, .min = 1 },
};
static const struct occ_field epoch_link_fields[] = {
    { .name = "prevEpochId", .kind = OCC_FIELD_TEXT, .min = 1 },
    { .name = "prevPublicKeyB64",
      .kind = OCC_FIELD_BASE64,
      .min = OCC_ED25519_PUBLIC_LEN,
      .max = OCC_ED25519_PUBLIC_LEN },
    { .name = "prevCounter", .kind = OCC_FIELD_DECIMAL },
    { .name = "prevProofHashB64", .kind = OCC_FIELD_BASE64, .min = OCC_SHA256_LEN, .max = OCC_SHA256_LEN },
    { .name = "toEpochId", .kind = OCC_FIELD_TEXT, .min = 1 },
    { .name = "toPublicKeyB64",
      .kind = OCC_FIELD_BASE64,
      .min = OCC_ED25519_PUBLIC_LEN,
      .max = OCC_ED25519_PUBLIC_LEN },
    { .name = "prevMeasurement", .kind = OCC_FIELD_TEXT, .optional = true, .min = 1 },
    { .name = "prevEnforcement", .kind = OCC_FIELD_ENFORCEMENT, .optional = true },
};

/* The seed's TsaToken, in either of two places. */
static const struct occ_field timestamps_fields[] = {
    { .name = "artifact", .kind = OCC_FIELD_OBJECT, .optional = true, .min = 1 },
    { .name = "proof", .kind = OCC_FIELD_OBJECT, .optional = true, .min = 1 },
};
static const struct occ_field token_fields[] = {
    { .name = "authority", .kind = OCC_FIELD_TEXT, .min = 1 },
    { .name = "time", .kind = OCC_FIELD_TEXT, .min = 1 },
    { .name = "digestAlg", .kind = OCC_FIELD_TEXT, .min = 1 },
    { .name = "digestB64", .kind = OCC_FIELD_BASE64, .min = 1 },
    { .name = "tokenB64", .kind = OCC_FIELD_BASE64, .min = 1 },
};

static OCC_RESULT
put_path(struct occ_buf *where, const char *path, const char *name, struct occ_error *err)
{
    occ_buf_reset(where);
    occ_buf_put_str(where, path);
    occ_buf_put_str(where, name);
    occ_buf_put_byte(where, '\0');
    const struct occ_result put = occ_buf_check(where);
    return occ_is_ok(put) ? put : occ_error_code(err, put.code);
}

struct occ_result
occ_optional_check_agency(const struct occ_json *agency, const char *path, struct occ_error *err)
{
    OCC_BUF_AUTO(where, AGENCY_PATH_LEN_MAX);
    OCC_TRY(occ_fields_check(agency, path, agency_fields, OCC_FIELDS_COUNT(agency_fields), err));
    const struct occ_json *actor = occ_json_get(agency, "actor");
    OCC_TRY(put_path(&where, path, ".actor", err));
    OCC_TRY(occ_fields_check(actor, (const char *)where.ptr, actor_fields, OCC_FIELDS_COUNT(actor_fields), err));
    OCC_TRY(occ_fields_check_names(actor, (const char *)where.ptr, err));
    OCC_TRY(put_path(&where, path, ".authorization", err));
    return occ_fields_check(occ_json_get(agency, "authorization"), (const char *)where.ptr, authorization_fields,
                            OCC_FIELDS_COUNT(authorization_fields), err);
}

static OCC_RESULT
read_agency(struct occ_error *err, struct occ_proof *proof)
{
    if (proof->agency == NULL) {
        return occ_success();
    }
    OCC_TRY(occ_optional_check_agency(proof->agency, "agency", err));
    const struct occ_json *actor = occ_json_get(proof->agency, "actor");
    proof->actor_key_id = occ_fields_text(actor, "keyId");
    proof->actor_provider = occ_fields_text(actor, "provider");
    return occ_success();
}

static OCC_RESULT
read_slot(struct occ_error *err, struct occ_proof *proof)
{
    if (proof->slot_allocation == NULL) {
        return occ_success();
    }
    return occ_fields_check(proof->slot_allocation, "slotAllocation", slot_fields, OCC_FIELDS_COUNT(slot_fields), err);
}

static OCC_RESULT
read_epoch_link(struct occ_error *err, struct occ_proof *proof)
{
    OCC_TRY(occ_fields_read(proof->commit, "commit", commit_fields, OCC_FIELDS_COUNT(commit_fields), err,
                            &proof->epoch_link));
    if (proof->epoch_link == NULL) {
        return occ_success();
    }
    return occ_fields_check(proof->epoch_link, "commit.epochLink", epoch_link_fields,
                            OCC_FIELDS_COUNT(epoch_link_fields), err);
}

static OCC_RESULT
read_timestamps(struct occ_error *err, struct occ_proof *proof)
{
    if (proof->timestamps == NULL) {
        return occ_success();
    }
    OCC_TRY(
        occ_fields_check(proof->timestamps, "timestamps", timestamps_fields, OCC_FIELDS_COUNT(timestamps_fields), err));
    const struct occ_json *artifact = occ_json_get(proof->timestamps, "artifact");
    if (artifact != NULL) {
        OCC_TRY(occ_fields_check(artifact, "timestamps.artifact", token_fields, OCC_FIELDS_COUNT(token_fields), err));
    }
    const struct occ_json *whole = occ_json_get(proof->timestamps, "proof");
    if (whole != NULL) {
        OCC_TRY(occ_fields_check(whole, "timestamps.proof", token_fields, OCC_FIELDS_COUNT(token_fields), err));
    }
    return occ_success();
}

struct occ_result
occ_optional_read(struct occ_error *err, struct occ_proof *proof)
{
    const struct occ_json *found[OCC_FIELDS_COUNT(root_fields)];
    OCC_TRY(occ_fields_read(proof->root, "", root_fields, OCC_FIELDS_COUNT(root_fields), err, found));
    proof->agency = found[AGENCY];
    proof->slot_allocation = found[SLOT_ALLOCATION];
    proof->timestamps = found[TIMESTAMPS];
    proof->attribution = found[ATTRIBUTION];
    proof->policy = found[POLICY];
    proof->principal = found[PRINCIPAL];
    proof->metadata = found[METADATA];
    OCC_TRY(read_agency(err, proof));
    OCC_TRY(read_slot(err, proof));
    OCC_TRY(read_epoch_link(err, proof));
    OCC_TRY(read_timestamps(err, proof));
    OCC_TRY(occ_fields_check_names(proof->attribution, "attribution", err));
    OCC_TRY(occ_fields_check_names(proof->policy, "policy", err));
    return occ_fields_check_names(proof->principal, "principal", err);
}
