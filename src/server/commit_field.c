/* commit_field.c — see commit_field.h. */
#include "server/commit_field.h"

#include "proof/optional.h"
#include "proof/value.h"

/*
 * What a slot adds to a proof at most: slotAllocation with its nine members (chainId of 64 characters, counter of 20, epochId
 * of 64, a time of 16), and commit's slotCounter and slotHashB64: 580 bytes.
 */
enum { SLOT_LEN_MAX = 640 };

/* Puts what fields->value holds, which is canonical text. */
static struct occ_result
put_value(const struct occ_commit_fields *fields, enum occ_commit_tag tag, const char *name, size_t *ret_len)
{
    const struct occ_result written = occ_buf_check(fields->value);
    if (!occ_is_ok(written)) {
        return occ_error_code(fields->err, written.code);
    }
    occ_commit_put_field(fields->writer, tag, occ_buf_view(fields->value));
    *ret_len = strlen(name) + strlen(",\"\":") + fields->value->len;
    return occ_success();
}

struct occ_result
occ_commit_field_put_metadata(const struct occ_commit_fields *fields, const struct occ_json *value, const char *where,
                              size_t *ret_len)
{
    occ_buf_reset(fields->value);
    OCC_TRY(occ_value_put_metadata(value, where, fields->err, fields->value));
    if (fields->value->len == 0) {
        occ_buf_put_str(fields->value, "{}");
    }
    return put_value(fields, OCC_COMMIT_METADATA, "metadata", ret_len);
}

static const char *
name_of(enum occ_commit_tag tag)
{
    switch (tag) {
    case OCC_COMMIT_ATTRIBUTION:
        return "attribution";
    case OCC_COMMIT_PRINCIPAL:
        return "principal";
    default:
        return "policy";
    }
}

struct occ_result
occ_commit_field_put_signed(const struct occ_commit_fields *fields, enum occ_commit_tag tag,
                            const struct occ_json *value, const char *where, size_t *ret_len)
{
    occ_buf_reset(fields->value);
    OCC_TRY(occ_value_put_signed(value, where, fields->err, fields->value));
    if (fields->value->len == 0) {
        *ret_len = 0;
        return occ_success();
    }
    return put_value(fields, tag, name_of(tag), ret_len);
}

/* PROTOCOL §4: we never produce a batchContext, and nothing else has a place beside these two. */
static struct occ_result
check_agency_names(const struct occ_json *agency, const char *where, struct occ_error *err)
{
    struct occ_json_iter member = { 0 };
    while (occ_json_next(agency, &member)) {
        if (!occ_bytes_is(member.name, "actor") && !occ_bytes_is(member.name, "authorization")) {
            return occ_error_set(err, OCC_ERR_FIELD_UNKNOWN, "%s: unknown field \"%.*s\"", where,
                                 OCC_BYTES_ARG(member.name));
        }
    }
    return occ_success();
}

struct occ_result
occ_commit_field_put_agency(const struct occ_commit_fields *fields, const struct occ_json *value, const char *where,
                            size_t *ret_len)
{
    occ_buf_reset(fields->value);
    OCC_TRY(occ_value_put_metadata(value, where, fields->err, fields->value)); /* the same rules of size and depth */
    OCC_TRY(check_agency_names(value, where, fields->err));
    const struct occ_result shaped = occ_optional_check_agency(value, where, fields->err);
    if (shaped.code == OCC_ERR_PROOF_STRUCTURE) {
        fields->err->code = OCC_ERR_FIELD_VALUE; /* of a request, not of a proof; the sentence is the same */
        return occ_result_of(OCC_ERR_FIELD_VALUE);
    }
    OCC_TRY(shaped);
    return put_value(fields, OCC_COMMIT_AGENCY, "agency", ret_len);
}

static struct occ_result
check_string(const struct occ_json *value, const char *where, struct occ_error *err)
{
    if (!occ_json_is(value, OCC_JSON_STRING)) {
        return occ_error_set(err, OCC_ERR_FIELD_TYPE, "%s: %s, expected a string", where, occ_json_type_name(value));
    }
    return occ_success();
}

struct occ_result
occ_commit_field_put_slot(const struct occ_commit_fields *fields, const struct occ_json *value, const char *where,
                          size_t *ret_len)
{
    OCC_TRY(check_string(value, where, fields->err));
    const struct occ_bytes slot_id = occ_json_string(value);
    if (slot_id.len == 0 || slot_id.len > OCC_LIMIT_SLOT_ID_LEN) {
        return occ_error_set(fields->err, OCC_ERR_FIELD_LENGTH, "%s: %zu bytes, expected 1 to %d", where, slot_id.len,
                             OCC_LIMIT_SLOT_ID_LEN);
    }
    occ_commit_put_field(fields->writer, OCC_COMMIT_SLOT, slot_id);
    *ret_len = SLOT_LEN_MAX;
    return occ_success();
}

struct occ_result
occ_commit_field_read_chain(const struct occ_json *value, const char *where, struct occ_error *err,
                            struct occ_bytes *ret_chain_id)
{
    OCC_TRY(check_string(value, where, err));
    const struct occ_bytes text = occ_json_string(value);
    if (!occ_value_is_chain_id(text)) {
        return occ_error_set(err, OCC_ERR_FIELD_VALUE, "%s: expected 1 to %d characters of A-Za-z0-9._:-", where,
                             OCC_LIMIT_CHAIN_ID_LEN);
    }
    *ret_chain_id = text;
    return occ_success();
}

struct occ_result
occ_commit_field_put_chain(const struct occ_commit_fields *fields, const struct occ_json *value, const char *where,
                           size_t *ret_len)
{
    struct occ_bytes chain_id;
    OCC_TRY(occ_commit_field_read_chain(value, where, fields->err, &chain_id));
    occ_commit_put_field(fields->writer, OCC_COMMIT_CHAIN, chain_id);
    *ret_len = strlen(",\"chainId\":\"\"") + chain_id.len;
    return occ_success();
}
