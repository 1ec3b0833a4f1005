/* request.c — reads one request: all of it is sound, or it is refused. */
#include "boundary/request.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/limits.h"
#include "boundary/given.h"
#include "codec/json.h"
#include "proof/value.h"

enum {
    KEPT_LEN_MAX = 256 << 10,               /* memory of a large request is given back, that of ordinary ones is kept */
    TEXT_LEN_MAX = 8 * OCC_LIMIT_VALUE_LEN, /* of a value before it is rewritten: room for escapes, not for a flood */
    WHERE_SIZE = 40
};

void
occ_request_clear(struct occ_request *request)
{
    occ_buf_clear(&request->items);
    occ_buf_clear(&request->values);
    occ_buf_clear(&request->slots);
    occ_idset_clear(&request->slot_ids);
}

/* Memory that a large request took is given back. */
static void
reset_buf(struct occ_buf *buf)
{
    if (buf->cap > KEPT_LEN_MAX) {
        occ_buf_clear(buf);
    }
    occ_buf_reset(buf);
}

static void
reset(struct occ_request *request)
{
    reset_buf(&request->items);
    reset_buf(&request->values);
    reset_buf(&request->slots);
    occ_idset_clear(&request->slot_ids);
    request->chain = 0;
    request->count = 0;
    request->slot_count = 0;
    request->attribution = request->policy = request->principal = (struct occ_request_span){ 0 };
}

/* ---- structure ---- */

static struct occ_result
skip_digests(struct occ_commit_reader *reader, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct occ_bytes digest;
        OCC_TRY(occ_commit_next_digest(reader, &digest));
        OCC_TRY(occ_commit_skip_fields(reader));
    }
    return occ_success();
}

struct occ_result
occ_request_check_frame(struct occ_bytes payload, uint32_t *ret_digests)
{
    uint32_t all = 0; /* a frame's length bounds it */
    struct occ_commit_reader reader;
    uint16_t requests = 0;
    OCC_TRY(occ_commit_read(payload, &reader, &requests));
    for (uint16_t i = 0; i < requests; i++) {
        struct occ_bytes opaque;
        uint32_t digests = 0;
        OCC_TRY(occ_commit_next_request(&reader, &opaque));
        OCC_TRY(occ_commit_skip_fields(&reader));
        OCC_TRY(occ_commit_digest_count(&reader, &digests));
        OCC_TRY(skip_digests(&reader, digests));
        all += digests;
    }
    OCC_TRY(occ_commit_read_end(&reader));
    *ret_digests = all;
    return occ_success();
}

/* ---- values ---- */

/* Fails if the values of this request outgrew their buffer; else says where the newest stands, which began at at. */
static OCC_RESULT
span_from(const struct occ_request *request, size_t at, const char *where, struct occ_error *err,
          struct occ_request_span *ret)
{
    const struct occ_result room = occ_buf_check(&request->values);
    if (!occ_is_ok(room)) {
        return occ_error_set(err, room.code, "%s: with it the values of this request take more than %zu bytes", where,
                             request->values.limit);
    }
    /* OCC_LIMIT_ANSWER_LEN bounds the values */
    *ret = (struct occ_request_span){ (uint32_t)at, (uint32_t)(request->values.len - at) };
    return occ_success();
}

/* PROTOCOL §2.1: parsed here and written anew; never pasted. */
static struct occ_result
take_value(struct occ_request *request, enum occ_commit_tag tag, struct occ_bytes text, const char *prefix,
           struct occ_error *err, struct occ_request_span *ret)
{
    __attribute__((cleanup(occ_json_cleanup))) struct occ_json *value = NULL;
    char where[WHERE_SIZE];
    snprintf(where, sizeof where, "%s%s", prefix, occ_given_name(tag));
    if (text.len > TEXT_LEN_MAX) {
        return occ_error_set(err, OCC_ERR_LIMIT, "%s: %zu bytes of JSON text, expected at most %d", where, text.len,
                             TEXT_LEN_MAX);
    }
    struct occ_error why;
    const struct occ_result parsed = occ_json_parse(text, OCC_LIMIT_JSON_VALUE_DEPTH, &why, &value);
    if (!occ_is_ok(parsed)) {
        return occ_error_set(err, parsed.code, "%s: %s", where, why.text);
    }
    const size_t at = request->values.len;
    OCC_TRY(tag == OCC_COMMIT_METADATA ? occ_value_put_metadata(value, where, err, &request->values)
                                       : occ_value_put_signed(value, where, err, &request->values));
    return span_from(request, at, where, err, ret);
}

static struct occ_result
take_agency(struct occ_request *request, const struct occ_request_rules *rules, const struct occ_agency_input *input,
            struct occ_error *err, struct occ_request_item *item)
{
    const size_t at = request->values.len;
    struct occ_agency_place actor;
    OCC_TRY(occ_agency_take(&rules->agency, input, err, &request->values, &actor));
    OCC_TRY(span_from(request, at, "agency", err, &item->agency));
    item->actor = (struct occ_request_span){ (uint32_t)(at + actor.at), (uint32_t)actor.len };
    return occ_success();
}

/* ---- slots ---- */

static OCC_RESULT
check_slot(const struct occ_request *request, const struct occ_request_rules *rules, struct occ_bytes slot_id,
           struct occ_request_slot *ret_slot)
{
    const struct occ_tickets *const tickets = rules->agency.tickets;
    size_t chain = 0;
    OCC_TRY(occ_ticket_open_slot(tickets, slot_id, &ret_slot->ticket, &chain, &ret_slot->slot));
    OCC_ENSURE(chain == request->chain, OCC_ERR_SLOT_UNKNOWN);
    OCC_ENSURE(!occ_spent_has(&tickets->spent, &ret_slot->ticket), OCC_ERR_SLOT_USED);
    return occ_success();
}

static struct occ_result
take_slot(struct occ_request *request, const struct occ_request_rules *rules, struct occ_bytes slot_id,
          const char *prefix, struct occ_error *err)
{
    struct occ_request_slot slot;
    const struct occ_result checked = check_slot(request, rules, slot_id, &slot);
    if (checked.code == OCC_ERR_SLOT_UNKNOWN) {
        return occ_error_set(err, checked.code, "%sslotId: no slot that was allocated on this chain in this epoch",
                             prefix);
    }
    if (!occ_is_ok(checked)) {
        return occ_error_set(err, checked.code, "%sslotId: %s", prefix, occ_result_text(checked.code));
    }
    const struct occ_result room = occ_idset_reserve(&request->slot_ids, 1);
    if (!occ_is_ok(room)) {
        return occ_error_code(err, room.code);
    }
    if (!occ_idset_put(&request->slot_ids, slot.ticket.id)) {
        return occ_error_set(err, OCC_ERR_SLOT_USED, "%sslotId: another digest of this request uses the slot", prefix);
    }
    occ_buf_put(&request->slots, occ_bytes_of(&slot, sizeof slot));
    request->slot_count++;
    const struct occ_result put = occ_buf_check(&request->slots);
    return occ_is_ok(put) ? put : occ_error_code(err, put.code);
}

/* ---- a digest ---- */

/* What is being read: the request's own fields, and what its digests share. */
struct reading {
    struct occ_request *request;
    const struct occ_request_rules *rules;
    struct occ_given given;
    struct occ_request_span metadata;
    struct occ_error *refusal; /* the first one; code OCC_OK = none */
};

/* The agency first: of all that may be refused it alone has an effect. A digest's own stands in the request's place. */
static void
take_agency_of(struct reading *reading, const struct occ_given *own, const char *prefix, struct occ_request_item *item)
{
    const struct occ_given *const shared = &reading->given;
    const struct occ_agency_scope *const scope = &reading->rules->agency;
    const bool is_own = own->has[OCC_COMMIT_AGENCY];
    if (is_own && shared->has[OCC_COMMIT_AGENCY]) {
        occ_agency_spend(scope, shared->value[OCC_COMMIT_AGENCY]);
    }
    if (!is_own && !shared->has[OCC_COMMIT_AGENCY]) {
        return;
    }
    const struct occ_agency_input input = {
        .text = is_own ? own->value[OCC_COMMIT_AGENCY] : shared->value[OCC_COMMIT_AGENCY],
        .digest = item->digest,
        .prefix = is_own ? prefix : "",
    };
    if (reading->refusal->code != OCC_OK) {
        occ_agency_spend(scope, input.text);
        return;
    }
    (void)take_agency(reading->request, reading->rules, &input, reading->refusal, item);
}

static void
take_own(struct reading *reading, const struct occ_given *own, const char *prefix, struct occ_request_item *item)
{
    take_agency_of(reading, own, prefix, item);
    if (own->has[OCC_COMMIT_METADATA] && reading->refusal->code == OCC_OK) {
        (void)take_value(reading->request, OCC_COMMIT_METADATA, own->value[OCC_COMMIT_METADATA], prefix,
                         reading->refusal, &item->metadata);
    }
    if (own->has[OCC_COMMIT_SLOT] && reading->refusal->code == OCC_OK) {
        (void)take_slot(reading->request, reading->rules, own->value[OCC_COMMIT_SLOT], prefix, reading->refusal);
        item->slot = reading->request->slot_count;
    }
}

static OCC_RESULT
read_item(struct occ_commit_reader *reader, uint32_t index, struct reading *reading)
{
    struct occ_bytes digest;
    OCC_TRY(occ_commit_next_digest(reader, &digest));
    struct occ_request_item item = { .digest = digest.ptr, .metadata = reading->metadata };
    if (reader->fields_left > 0 || reading->given.has[OCC_COMMIT_AGENCY]) {
        struct occ_given own;
        char prefix[WHERE_SIZE];
        snprintf(prefix, sizeof prefix, "digests[%" PRIu32 "].", index);
        OCC_TRY(occ_given_read(reader, prefix, &reading->rules->agency, reading->refusal, &own));
        take_own(reading, &own, prefix, &item);
    }
    if (reading->refusal->code == OCC_OK) {
        occ_buf_put(&reading->request->items, occ_bytes_of(&item, sizeof item));
    }
    return occ_success();
}

/* ---- a request ---- */

static struct occ_result
take_chain(struct occ_request *request, const struct occ_request_rules *rules, struct occ_bytes id,
           struct occ_error *err)
{
    for (size_t i = 0; i < rules->chain_count; i++) {
        if (id.len > 0 && occ_bytes_equal(rules->chains[i].id, id)) {
            request->chain = i;
            return occ_success();
        }
    }
    return occ_error_set(err, OCC_ERR_CHAIN_UNKNOWN, "chainId: \"%.*s\" is not a chain of this boundary",
                         OCC_BYTES_ARG(id));
}

/* What the request's own fields say for all its digests, but for an agency. */
static struct occ_result
take_shared(struct reading *reading)
{
    struct occ_request *const request = reading->request;
    const struct occ_given *const given = &reading->given;
    if (given->has[OCC_COMMIT_CHAIN]) {
        OCC_TRY(take_chain(request, reading->rules, given->value[OCC_COMMIT_CHAIN], reading->refusal));
    }
    const struct {
        enum occ_commit_tag tag;
        struct occ_request_span *span;
    } values[] = {
        { OCC_COMMIT_METADATA, &reading->metadata },
        { OCC_COMMIT_ATTRIBUTION, &request->attribution },
        { OCC_COMMIT_POLICY, &request->policy },
        { OCC_COMMIT_PRINCIPAL, &request->principal },
    };
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        if (given->has[values[i].tag]) {
            OCC_TRY(
                take_value(request, values[i].tag, given->value[values[i].tag], "", reading->refusal, values[i].span));
        }
    }
    return occ_success();
}

/* An agency is about one digest. */
static void
check_count(struct reading *reading)
{
    const uint32_t count = reading->request->count;
    const uint32_t max = reading->rules->digests_max;
    if ((count < 1 || count > max) && reading->refusal->code == OCC_OK) {
        (void)occ_error_set(reading->refusal, OCC_ERR_FIELD_LENGTH,
                            "digests: %" PRIu32 " entries, expected 1 to %" PRIu32, count, max);
    }
    if (count != 1 && reading->given.has[OCC_COMMIT_AGENCY]) {
        occ_agency_spend(&reading->rules->agency, reading->given.value[OCC_COMMIT_AGENCY]);
        reading->given.has[OCC_COMMIT_AGENCY] = false;
        if (reading->refusal->code == OCC_OK) {
            (void)occ_error_set(reading->refusal, OCC_ERR_FIELD_VALUE,
                                "agency: it is about one digest, and digests has %" PRIu32 " entries", count);
        }
    }
}

static struct occ_result
read_all(struct occ_commit_reader *reader, struct reading *reading)
{
    struct occ_request *const request = reading->request;
    OCC_TRY(occ_commit_next_request(reader, &request->opaque));
    OCC_TRY(occ_given_read(reader, "", &reading->rules->agency, reading->refusal, &reading->given));
    if (reading->refusal->code == OCC_OK) {
        (void)take_shared(reading);
    }
    OCC_TRY(occ_commit_digest_count(reader, &request->count));
    check_count(reading);
    for (uint32_t i = 0; i < request->count; i++) {
        OCC_TRY(read_item(reader, i, reading));
    }
    return occ_success();
}

struct occ_result
occ_request_read(struct occ_commit_reader *reader, const struct occ_request_rules *rules, struct occ_request *request,
                 struct occ_error *err)
{
    reset(request);
    struct occ_error refusal = { .code = OCC_OK };
    struct reading reading = { .request = request, .rules = rules, .refusal = &refusal };
    const struct occ_result read = read_all(reader, &reading);
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

const struct occ_request_slot *
occ_request_slot(const struct occ_request *request, uint32_t number)
{
    const void *const slots = request->slots.ptr;
    return number == 0 ? NULL : (const struct occ_request_slot *)slots + number - 1;
}

struct occ_bytes
occ_request_value(const struct occ_request *request, struct occ_request_span span)
{
    if (span.len == 0) { /* values may have no memory at all */
        return occ_bytes_of(NULL, 0);
    }
    return occ_bytes_of(request->values.ptr + span.at, span.len);
}

struct occ_chain_input
occ_request_input(const struct occ_request *request, uint32_t index)
{
    const struct occ_request_item *const item = occ_request_item(request, index);
    const struct occ_request_slot *const slot = occ_request_slot(request, item->slot);
    return (struct occ_chain_input){
        .digest = item->digest,
        .slot = slot == NULL ? NULL : &slot->slot,
        .metadata = occ_request_value(request, item->metadata),
        .agency = occ_request_value(request, item->agency),
        .actor = occ_request_value(request, item->actor),
        .attribution = occ_request_value(request, request->attribution),
        .policy = occ_request_value(request, request->policy),
        .principal = occ_request_value(request, request->principal),
    };
}
