/* request.c — reads one request: all of it is sound, or it is refused. */
#include "boundary/request.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/limits.h"
#include "codec/json.h"
#include "proof/value.h"

enum {
    KEPT_LEN_MAX = 256 << 10,               /* memory of a large request is given back, that of ordinary ones is kept */
    TEXT_LEN_MAX = 8 * OCC_LIMIT_VALUE_LEN, /* of a value before it is rewritten: room for escapes, not for a flood */
    WHERE_SIZE = 40
};

/* The fields that stand at one place: of a request, or of one of its digests. */
struct fields {
    bool has_metadata;
    struct occ_bytes metadata;
};

void
occ_request_clear(struct occ_request *request)
{
    occ_buf_clear(&request->items);
    occ_buf_clear(&request->values);
}

static void
reset(struct occ_request *request)
{
    if (request->items.cap > KEPT_LEN_MAX) {
        occ_buf_clear(&request->items);
    }
    if (request->values.cap > KEPT_LEN_MAX) {
        occ_buf_clear(&request->values);
    }
    occ_buf_reset(&request->items);
    occ_buf_reset(&request->values);
    request->count = 0;
    request->metadata_len = 0;
}

/* ---- structure ---- */

static struct occ_result
skip_fields(struct occ_commit_reader *reader)
{
    for (bool more = true; more;) {
        struct occ_commit_field field;
        OCC_TRY(occ_commit_next_field(reader, &field, &more));
    }
    return occ_success();
}

static struct occ_result
skip_digests(struct occ_commit_reader *reader, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct occ_bytes digest;
        OCC_TRY(occ_commit_next_digest(reader, &digest));
        OCC_TRY(skip_fields(reader));
    }
    return occ_success();
}

struct occ_result
occ_request_check_frame(struct occ_bytes payload)
{
    struct occ_commit_reader reader;
    uint16_t requests = 0;
    OCC_TRY(occ_commit_read(payload, &reader, &requests));
    for (uint16_t i = 0; i < requests; i++) {
        struct occ_bytes opaque;
        uint32_t digests = 0;
        OCC_TRY(occ_commit_next_request(&reader, &opaque));
        OCC_TRY(skip_fields(&reader));
        OCC_TRY(occ_commit_digest_count(&reader, &digests));
        OCC_TRY(skip_digests(&reader, digests));
    }
    return occ_commit_read_end(&reader);
}

/* ---- fields ---- */

/*
 * Reads the fields at one place, all of them also when one is refused. prefix is "" or "digests[3].". Success says that the
 * reader stands behind the fields; a refusal is in *refusal (which keeps the first one).
 */
static struct occ_result
read_fields(struct occ_commit_reader *reader, const char *prefix, struct fields *ret, struct occ_error *refusal)
{
    *ret = (struct fields){ 0 };
    for (;;) {
        struct occ_commit_field field;
        bool more = false;
        OCC_TRY(occ_commit_next_field(reader, &field, &more));
        if (!more) {
            return occ_success();
        }
        if (refusal->code != OCC_OK) {
            continue;
        }
        if (field.tag != OCC_COMMIT_METADATA) {
            (void)occ_error_set(refusal, OCC_ERR_FIELD_UNKNOWN, "%sfield with tag %u: not known to this boundary",
                                prefix, field.tag);
        } else if (ret->has_metadata) {
            (void)occ_error_set(refusal, OCC_ERR_FIELD_VALUE, "%smetadata: given twice", prefix);
        } else {
            *ret = (struct fields){ true, field.value };
        }
    }
}

/* PROTOCOL §2.1: parsed here and written anew; never pasted. */
static struct occ_result
put_metadata(struct occ_request *request, struct occ_bytes text, const char *where, struct occ_error *err)
{
    __attribute__((cleanup(occ_json_cleanup))) struct occ_json *value = NULL;
    if (text.len > TEXT_LEN_MAX) {
        return occ_error_set(err, OCC_ERR_LIMIT, "%s: %zu bytes of JSON text, expected at most %d", where, text.len,
                             TEXT_LEN_MAX);
    }
    struct occ_error why;
    const struct occ_result parsed = occ_json_parse(text, OCC_LIMIT_JSON_VALUE_DEPTH, &why, &value);
    if (!occ_is_ok(parsed)) {
        return occ_error_set(err, parsed.code, "%s: %s", where, why.text);
    }
    const struct occ_result put = occ_value_put_metadata(value, where, err, &request->values);
    if (!occ_is_ok(put)) {
        return put;
    }
    const struct occ_result room = occ_buf_check(&request->values);
    if (!occ_is_ok(room)) {
        return occ_error_set(err, room.code, "%s: with it the values of this request take more than %zu bytes", where,
                             request->values.limit);
    }
    return occ_success();
}

/* Rewrites the metadata of one place and says in item where it went. */
static struct occ_result
take_metadata(struct occ_request *request, const struct fields *fields, const char *where,
              struct occ_request_item *item, struct occ_error *err)
{
    const size_t at = request->values.len;
    OCC_TRY(put_metadata(request, fields->metadata, where, err));
    item->metadata_at = (uint32_t)at; /* OCC_LIMIT_ANSWER_LEN bounds the values */
    item->metadata_len = (uint32_t)(request->values.len - at);
    return occ_success();
}

/* ---- a request ---- */

/* The digest at index with what stands in its own fields or, where they are silent, in the shared ones. */
static struct occ_result
read_item(struct occ_commit_reader *reader, uint32_t index, const struct occ_request_item *shared,
          struct occ_request *request, struct occ_error *refusal)
{
    struct occ_bytes digest;
    OCC_TRY(occ_commit_next_digest(reader, &digest));
    struct fields own = { 0 };
    char where[WHERE_SIZE] = "";
    if (reader->fields_left > 0) {
        snprintf(where, sizeof where, "digests[%" PRIu32 "].", index);
        OCC_TRY(read_fields(reader, where, &own, refusal));
    }
    if (refusal->code != OCC_OK) {
        return occ_success();
    }
    struct occ_request_item item = *shared;
    item.digest = digest.ptr;
    if (own.has_metadata) {
        snprintf(where, sizeof where, "digests[%" PRIu32 "].metadata", index);
        if (!occ_is_ok(take_metadata(request, &own, where, &item, refusal))) {
            return occ_success();
        }
    }
    request->metadata_len += item.metadata_len;
    occ_buf_put(&request->items, occ_bytes_of(&item, sizeof item));
    return occ_success();
}

static struct occ_result
read_all(struct occ_commit_reader *reader, uint32_t digests_max, struct occ_request *request, struct occ_error *refusal)
{
    OCC_TRY(occ_commit_next_request(reader, &request->opaque));
    struct fields fields;
    OCC_TRY(read_fields(reader, "", &fields, refusal));
    struct occ_request_item shared = { 0 };
    if (refusal->code == OCC_OK && fields.has_metadata) {
        (void)take_metadata(request, &fields, "metadata", &shared, refusal);
    }
    OCC_TRY(occ_commit_digest_count(reader, &request->count));
    if (refusal->code == OCC_OK && (request->count < 1 || request->count > digests_max)) {
        (void)occ_error_set(refusal, OCC_ERR_FIELD_LENGTH, "digests: %" PRIu32 " entries, expected 1 to %" PRIu32,
                            request->count, digests_max);
    }
    for (uint32_t i = 0; i < request->count; i++) {
        OCC_TRY(read_item(reader, i, &shared, request, refusal));
    }
    return occ_success();
}

struct occ_result
occ_request_read(struct occ_commit_reader *reader, uint32_t digests_max, struct occ_request *request,
                 struct occ_error *err)
{
    reset(request);
    struct occ_error refusal = { .code = OCC_OK };
    const struct occ_result read = read_all(reader, digests_max, request, &refusal);
    if (!occ_is_ok(read)) {
        return occ_error_code(err, read.code);
    }
    if (refusal.code != OCC_OK) {
        return occ_error_set(err, refusal.code, "%s", refusal.text);
    }
    const struct occ_result room = occ_buf_check(&request->items);
    return occ_is_ok(room) ? room : occ_error_code(err, room.code);
}

const struct occ_request_item *
occ_request_item(const struct occ_request *request, uint32_t index)
{
    const void *const items = request->items.ptr; /* as malloc gave it: aligned */
    return (const struct occ_request_item *)items + index;
}

struct occ_bytes
occ_request_metadata(const struct occ_request *request, const struct occ_request_item *item)
{
    if (item->metadata_len == 0) { /* values may have no memory at all */
        return occ_bytes_of(NULL, 0);
    }
    return occ_bytes_of(request->values.ptr + item->metadata_at, item->metadata_len);
}
