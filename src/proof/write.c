/* write.c — see write.h. The members stand in RFC 8785's order in the text below; nothing is sorted. */
#include "proof/write.h"

#include "base/base64.h"
#include "base/hex.h"
#include "codec/canonical.h"
#include "proof/tree.h"

enum {
    NONCE_LEN = 32,
    KEY_TEXT_LEN = OCC_BASE64_LEN(OCC_ED25519_PUBLIC_LEN),
    NONCE_TEXT_LEN = OCC_BASE64_LEN(NONCE_LEN),
    EPOCH_ID_LEN = 2 * OCC_SHA256_LEN,
    /* More than the fixed text of a proof with its digest, nonce, link, key, signature and two 20-digit numbers. */
    FIXED_LEN = 640
};

/* A member whose value is a string; lead is the text before it, up to and with the colon. */
static void
put_text(struct occ_buf *buf, const char *lead, struct occ_bytes text)
{
    occ_buf_put_str(buf, lead);
    occ_canonical_put_string(buf, text);
}

static void
put_base64(struct occ_buf *buf, const char *lead, const uint8_t *bytes, size_t len)
{
    occ_buf_put_str(buf, lead);
    occ_base64_put(buf, occ_bytes_of(bytes, len));
    occ_buf_put_byte(buf, '"');
}

/* A member whose value is JSON text already; nothing if it is empty. */
static void
put_value(struct occ_buf *buf, const char *lead, struct occ_bytes value)
{
    if (value.len > 0) {
        occ_buf_put_str(buf, lead);
        occ_buf_put(buf, value);
    }
}

static size_t
value_len(const char *lead, struct occ_bytes value)
{
    return value.len == 0 ? 0 : strlen(lead) + value.len;
}

/* Leads that are counted, too. chainId holds no character that needs an escape (PROTOCOL §6). */
#define LEAD_CHAIN_ID "\"chainId\":\""
#define TAIL_CHAIN_ID "\","
#define LEAD_EPOCH_LINK ",\"epochLink\":"
#define LEAD_AGENCY "\"agency\":"
#define TAIL_AGENCY ","
#define LEAD_ATTRIBUTION ",\"attribution\":"
#define LEAD_METADATA ",\"metadata\":"
#define LEAD_POLICY ",\"policy\":"
#define LEAD_PRINCIPAL ",\"principal\":"

size_t
occ_write_values_len(const struct occ_write_fields *fields)
{
    return value_len(LEAD_CHAIN_ID TAIL_CHAIN_ID, fields->chain_id) + value_len(LEAD_EPOCH_LINK, fields->epoch_link) +
           value_len(LEAD_AGENCY TAIL_AGENCY, fields->agency) + value_len(LEAD_ATTRIBUTION, fields->attribution) +
           value_len(LEAD_METADATA, fields->metadata) + value_len(LEAD_POLICY, fields->policy) +
           value_len(LEAD_PRINCIPAL, fields->principal);
}

static void
put_chain_id(struct occ_buf *buf, struct occ_bytes chain_id)
{
    if (chain_id.len > 0) {
        occ_buf_put_str(buf, LEAD_CHAIN_ID);
        occ_buf_put(buf, chain_id);
        occ_buf_put_str(buf, TAIL_CHAIN_ID);
    }
}

/* One growth for the whole proof, unless a string needs escapes; puts take care of the rest. */
static void
reserve(struct occ_buf *buf, const struct occ_write_fields *fields)
{
    const size_t len = FIXED_LEN + fields->epoch_id.len + fields->enforcement.len + fields->measurement.len +
                       2 * fields->attestation_format.len + occ_write_values_len(fields);
    if (buf->fail == OCC_OK && buf->cap - buf->len < len && buf->limit - buf->len >= len) {
        (void)occ_buf_reserve(buf, len);
    }
}

/* ---- what is constant ---- */

/* A member, or several, without a comma before or behind; nothing for what there is not. */
static void
put_anew(struct occ_buf *buf, const struct occ_write_fields *fields, enum occ_write_constant which)
{
    switch (which) {
    case OCC_WRITE_EPOCH_ID:
        put_text(buf, "\"epochId\":", fields->epoch_id);
        break;
    case OCC_WRITE_FORMAT: /* its name is another in a body */
        if (fields->attestation_format.len > 0) {
            occ_canonical_put_string(buf, fields->attestation_format);
        }
        break;
    case OCC_WRITE_ENVIRONMENT:
        put_text(buf, "\"enforcement\":", fields->enforcement);
        put_text(buf, ",\"measurement\":", fields->measurement);
        break;
    case OCC_WRITE_PUBLIC_KEY:
        put_base64(buf, "\"publicKeyB64\":\"", fields->public_key, OCC_ED25519_PUBLIC_LEN);
        break;
    }
}

static void
put_constant(struct occ_buf *buf, const struct occ_write_fields *fields, enum occ_write_constant which)
{
    const struct occ_write_constants *const constants = fields->constants;
    if (constants == NULL) {
        put_anew(buf, fields, which);
        return;
    }
    const size_t begin = which == 0 ? 0 : constants->end[which - 1];
    occ_buf_put(buf, occ_bytes_of(constants->text.ptr + begin, constants->end[which] - begin));
}

struct occ_result
occ_write_constants_make(const struct occ_write_fields *fields, struct occ_write_constants *constants)
{
    occ_buf_reset(&constants->text);
    for (size_t i = 0; i < OCC_WRITE_CONSTANTS; i++) {
        put_anew(&constants->text, fields, (enum occ_write_constant)i);
        constants->end[i] = constants->text.len;
    }
    return occ_buf_check(&constants->text);
}

/* ---- body and proof ---- */

/* "commit":{…}, with its lead. */
static void
put_commit(struct occ_buf *buf, const struct occ_write_fields *fields)
{
    occ_buf_put_str(buf, ",\"commit\":{");
    put_chain_id(buf, fields->chain_id);
    occ_buf_put_str(buf, "\"counter\":\"");
    occ_buf_put_u64(buf, fields->counter);
    occ_buf_put_str(buf, "\",");
    put_constant(buf, fields, OCC_WRITE_EPOCH_ID);
    put_value(buf, LEAD_EPOCH_LINK, fields->epoch_link);
    put_base64(buf, ",\"nonceB64\":\"", fields->nonce, NONCE_LEN);
    if (fields->prev_hash != NULL) {
        put_base64(buf, ",\"prevB64\":\"", fields->prev_hash, OCC_SHA256_LEN);
    }
    if (fields->slot != NULL) {
        occ_buf_put_str(buf, ",\"slotCounter\":\"");
        occ_buf_put_u64(buf, fields->slot->counter);
        put_base64(buf, "\",\"slotHashB64\":\"", fields->slot->hash, OCC_SHA256_LEN);
    }
    occ_buf_put_str(buf, ",\"time\":");
    occ_buf_put_u64(buf, fields->time_ms);
    occ_buf_put_byte(buf, '}');
}

/* What follows "agency" or "actor" at the beginning of both texts: "artifact" … */
static void
put_artifact(struct occ_buf *buf, const struct occ_write_fields *fields)
{
    if (fields->common.artifact.len > 0) {
        occ_buf_put(buf, fields->common.artifact);
        return;
    }
    put_base64(buf, "\"artifact\":{\"digestB64\":\"", fields->digest, OCC_SHA256_LEN);
    occ_buf_put_str(buf, ",\"hashAlg\":\"sha256\"}");
}

/* … and "attribution", "commit". */
static void
put_head(struct occ_buf *buf, const struct occ_write_fields *fields)
{
    if (fields->common.head.len > 0) {
        occ_buf_put(buf, fields->common.head);
        return;
    }
    put_value(buf, LEAD_ATTRIBUTION, fields->attribution);
    put_commit(buf, fields);
}

struct occ_write_common
occ_write_body(struct occ_buf *buf, const struct occ_write_fields *fields)
{
    reserve(buf, fields);
    occ_buf_put_byte(buf, '{');
    if (fields->actor.len > 0) {
        put_value(buf, "\"actor\":", fields->actor);
        occ_buf_put_byte(buf, ',');
    }
    const size_t artifact = buf->len;
    put_artifact(buf, fields);
    const size_t artifact_end = buf->len;
    if (fields->attestation_format.len > 0) {
        occ_buf_put_str(buf, ",\"attestationFormat\":");
        put_constant(buf, fields, OCC_WRITE_FORMAT);
    }
    const size_t head = buf->len;
    put_head(buf, fields);
    const size_t head_end = buf->len;
    occ_buf_put_byte(buf, ',');
    put_constant(buf, fields, OCC_WRITE_ENVIRONMENT);
    put_value(buf, LEAD_POLICY, fields->policy);
    put_value(buf, LEAD_PRINCIPAL, fields->principal);
    occ_buf_put_byte(buf, ',');
    put_constant(buf, fields, OCC_WRITE_PUBLIC_KEY);
    occ_buf_put_str(buf, ",\"version\":\"occ/1\"}");
    if (buf->fail != OCC_OK) {
        return (struct occ_write_common){ 0 };
    }
    return (struct occ_write_common){
        .artifact = occ_bytes_of(buf->ptr + artifact, artifact_end - artifact),
        .head = occ_bytes_of(buf->ptr + head, head_end - head),
    };
}

void
occ_write_slot(struct occ_buf *buf, const struct occ_write_fields *fields, const struct occ_write_slot *slot,
               bool with_signature)
{
    occ_buf_put_byte(buf, '{');
    put_chain_id(buf, fields->chain_id);
    occ_buf_put_str(buf, "\"counter\":\"");
    occ_buf_put_u64(buf, slot->counter);
    occ_buf_put_str(buf, "\",");
    put_constant(buf, fields, OCC_WRITE_EPOCH_ID);
    put_base64(buf, ",\"nonceB64\":\"", slot->nonce, NONCE_LEN);
    occ_buf_put_byte(buf, ',');
    put_constant(buf, fields, OCC_WRITE_PUBLIC_KEY);
    if (with_signature) {
        put_base64(buf, ",\"signatureB64\":\"", slot->signature, OCC_ED25519_SIGNATURE_LEN);
    }
    occ_buf_put_str(buf, ",\"time\":");
    occ_buf_put_u64(buf, slot->time_ms);
    occ_buf_put_str(buf, ",\"version\":\"occ/slot/1\"}");
}

/* ,"environment":{…}. Offsets of opening are from begin. */
static void
put_environment(struct occ_buf *buf, const struct occ_write_fields *fields, size_t begin,
                struct occ_write_opening *opening)
{
    occ_buf_put_str(buf, ",\"environment\":{");
    if (fields->attestation_format.len > 0) {
        occ_buf_put_str(buf, "\"attestation\":{");
        opening->batch = buf->len - begin;
        occ_buf_put_str(buf, "\"format\":");
        put_constant(buf, fields, OCC_WRITE_FORMAT);
        opening->report = buf->len - begin;
        occ_buf_put_str(buf, "},");
    }
    put_constant(buf, fields, OCC_WRITE_ENVIRONMENT);
    occ_buf_put_byte(buf, '}');
}

void
occ_write_proof(struct occ_buf *buf, const struct occ_write_fields *fields,
                const uint8_t signature[OCC_ED25519_SIGNATURE_LEN], struct occ_write_opening *ret_opening)
{
    const size_t begin = buf->len;
    struct occ_write_opening opening = { 0 };
    reserve(buf, fields);
    occ_buf_put_byte(buf, '{');
    if (fields->agency.len > 0) {
        put_value(buf, LEAD_AGENCY, fields->agency);
        occ_buf_put_str(buf, TAIL_AGENCY);
    }
    put_artifact(buf, fields);
    put_head(buf, fields);
    put_environment(buf, fields, begin, &opening);
    put_value(buf, LEAD_METADATA, fields->metadata);
    put_value(buf, LEAD_POLICY, fields->policy);
    put_value(buf, LEAD_PRINCIPAL, fields->principal);
    occ_buf_put_str(buf, ",\"signer\":{");
    put_constant(buf, fields, OCC_WRITE_PUBLIC_KEY);
    put_base64(buf, ",\"signatureB64\":\"", signature, OCC_ED25519_SIGNATURE_LEN);
    occ_buf_put_byte(buf, '}');
    if (fields->slot != NULL) {
        occ_buf_put_str(buf, ",\"slotAllocation\":");
        occ_write_slot(buf, fields, fields->slot, true);
    }
    occ_buf_put_str(buf, ",\"version\":\"occ/1\"}");
    if (ret_opening != NULL) {
        *ret_opening = opening;
    }
}

/* ---- what comes after the signature (PROTOCOL §2.1, §7) ---- */

#define BATCH_BEGIN "\"batch\":{\"leafIndex\":"
#define BATCH_PATH ",\"pathB64\":["
#define BATCH_SIZE "],\"treeSize\":"
#define BATCH_END "},"
#define REPORT_BEGIN ",\"reportB64\":\""
#define REPORT_END "\""

static void
put_batch(struct occ_buf *buf, const struct occ_tree_place *batch)
{
    occ_buf_put_str(buf, BATCH_BEGIN);
    occ_buf_put_u64(buf, batch->leaf_index);
    occ_buf_put_str(buf, BATCH_PATH);
    for (size_t i = 0; i < batch->path_len; i++) {
        put_base64(buf, i == 0 ? "\"" : ",\"", batch->path[i], OCC_SHA256_LEN);
    }
    occ_buf_put_str(buf, BATCH_SIZE);
    occ_buf_put_u64(buf, batch->tree_size);
    occ_buf_put_str(buf, BATCH_END);
}

size_t
occ_write_joined(struct occ_buf *buf, struct occ_bytes text, const struct occ_write_opening *opening,
                 const struct occ_tree_place *batch)
{
    const size_t begin = buf->len;
    occ_buf_put(buf, occ_bytes_of(text.ptr, opening->batch));
    if (batch != NULL) {
        put_batch(buf, batch);
    }
    occ_buf_put(buf, occ_bytes_of(text.ptr + opening->batch, opening->report - opening->batch));
    occ_buf_put_str(buf, REPORT_BEGIN);
    const size_t place = buf->len - begin;
    occ_buf_put_str(buf, REPORT_END);
    occ_buf_put(buf, occ_bytes_of(text.ptr + opening->report, text.len - opening->report));
    return place;
}

size_t
occ_write_joined_len_max(uint64_t tree_size)
{
    size_t digits = 1, path = 0;
    for (uint64_t left = tree_size; left >= 10; left /= 10) {
        digits++;
    }
    for (uint64_t leaves = 1; leaves < tree_size && path < OCC_LIMIT_BATCH_PATH; leaves *= 2) {
        path++;
    }
    const size_t hash_len = OCC_BASE64_LEN(OCC_SHA256_LEN) + strlen("\"\",");
    const size_t batch_len = strlen(BATCH_BEGIN BATCH_PATH BATCH_SIZE BATCH_END) + 2 * digits + path * hash_len;
    return strlen(REPORT_BEGIN REPORT_END) + (tree_size < 2 ? 0 : batch_len);
}

void
occ_write_epoch_link(struct occ_buf *buf, const struct occ_write_link *link)
{
    put_text(buf, "{\"prevCounter\":", link->prev_counter);
    put_text(buf, ",\"prevEnforcement\":", link->prev_enforcement);
    put_text(buf, ",\"prevEpochId\":", link->prev_epoch_id);
    put_text(buf, ",\"prevMeasurement\":", link->prev_measurement);
    put_base64(buf, ",\"prevProofHashB64\":\"", link->prev_hash, OCC_SHA256_LEN);
    put_text(buf, ",\"prevPublicKeyB64\":", link->prev_public_key_b64);
    put_text(buf, ",\"toEpochId\":", link->to_epoch_id);
    put_base64(buf, ",\"toPublicKeyB64\":\"", link->to_public_key, OCC_ED25519_PUBLIC_LEN);
    occ_buf_put_byte(buf, '}');
}

void
occ_write_epoch_id(const uint8_t public_key[OCC_ED25519_PUBLIC_LEN], const uint8_t boot_nonce[32],
                   char ret_epoch_id[2 * OCC_SHA256_LEN + 1])
{
    char text[KEY_TEXT_LEN + 1 + NONCE_TEXT_LEN];
    occ_base64_encode(occ_bytes_of(public_key, OCC_ED25519_PUBLIC_LEN), text);
    text[KEY_TEXT_LEN] = ':';
    occ_base64_encode(occ_bytes_of(boot_nonce, NONCE_LEN), text + KEY_TEXT_LEN + 1);
    uint8_t digest[OCC_SHA256_LEN];
    occ_digest_sha256(occ_bytes_of(text, sizeof text), digest);
    occ_hex_encode(occ_bytes_of(digest, sizeof digest), ret_epoch_id);
    ret_epoch_id[EPOCH_ID_LEN] = '\0';
}
