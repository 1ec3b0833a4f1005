/* record.c — see record.h. */
#include "audit/record.h"

#include "base/base64.h"
#include "base/limits.h"
#include "codec/canonical.h"
#include "proof/body.h"

static struct occ_bytes
text_of(const struct occ_json *object, const char *name)
{
    return occ_json_string(occ_json_get(object, name));
}

/* ---- names of chains ---- */

/* Each part with its length in front, so that no two triples give the same bytes. */
static void
put_part(struct occ_buf *buf, struct occ_bytes part)
{
    occ_buf_put_be64(buf, part.len);
    occ_buf_put(buf, part);
}

static void
put_name(struct occ_buf *buf, struct occ_bytes epoch, struct occ_bytes key, struct occ_bytes id)
{
    occ_buf_reset(buf);
    put_part(buf, epoch);
    put_part(buf, key);
    put_part(buf, id);
}

void
occ_record_name_chain(struct occ_buf *buf, struct occ_bytes epoch, struct occ_bytes key, struct occ_bytes id,
                      uint8_t ret_chain[OCC_SHA256_LEN])
{
    put_name(buf, epoch, key, id);
    occ_digest_sha256(occ_buf_view(buf), ret_chain);
}

/* A longer name is hashed each time. */
enum { NAMED_LEN = 1024 };

/* The chain of a proof: nearly always that of the proof before it. */
static OCC_RESULT
find_chain(struct occ_record_maker *maker, const struct occ_proof *proof, struct occ_bytes id,
           uint8_t ret_chain[OCC_SHA256_LEN])
{
    put_name(&maker->text, proof->epoch_id, proof->public_key_b64, id);
    OCC_TRY(occ_buf_check(&maker->text));
    if (!occ_bytes_equal(occ_buf_view(&maker->text), occ_buf_view(&maker->named))) {
        occ_digest_sha256(occ_buf_view(&maker->text), maker->chain);
        occ_buf_reset(&maker->named);
        occ_buf_put(&maker->named, occ_buf_view(&maker->text));
    }
    memcpy(ret_chain, maker->chain, sizeof maker->chain);
    return occ_success();
}

static uint8_t
copy_text(struct occ_bytes text, char *ret, size_t cap)
{
    const struct occ_bytes cut = occ_bytes_of(text.ptr, text.len < cap ? text.len : cap);
    const size_t len = occ_bytes_utf8_length(cut); /* not within a character */
    if (len > 0) {
        memcpy(ret, cut.ptr, len);
    }
    return (uint8_t)len;
}

static void
name_chain(const struct occ_proof *proof, struct occ_bytes id, struct occ_chain_name *ret_name)
{
    ret_name->epoch_len = copy_text(proof->epoch_id, ret_name->epoch, sizeof ret_name->epoch);
    ret_name->epoch_cut = ret_name->epoch_len < proof->epoch_id.len;
    ret_name->key_len = copy_text(proof->public_key_b64, ret_name->key, sizeof ret_name->key);
    ret_name->id_len = copy_text(id, ret_name->id, sizeof ret_name->id);
}

/* ---- hashes ---- */

int
occ_record_form_of(const struct occ_links *links, const uint8_t hash[OCC_SHA256_LEN])
{
    for (int form = 0; form < OCC_FORM_COUNT; form++) {
        if ((links->forms & 1u << form) != 0 && memcmp(links->hashes[form], hash, OCC_SHA256_LEN) == 0) {
            return form;
        }
    }
    return -1;
}

static OCC_RESULT
hash(struct occ_record_maker *maker, struct occ_bytes text, uint8_t ret_hash[OCC_SHA256_LEN])
{
    OCC_TRY(occ_digest_update(maker->digest, text));
    return occ_digest_final(maker->digest, ret_hash);
}

static OCC_RESULT
add_link(struct occ_record_maker *maker, const struct occ_proof *proof, enum occ_form form, struct occ_links *links)
{
    const struct occ_body_link_form how = {
        .with_report = form == OCC_FORM_OLDER || form == OCC_FORM_OLDER_ECMASCRIPT,
        .order = form >= OCC_FORM_OURS_ECMASCRIPT ? OCC_CANONICAL_ECMASCRIPT : OCC_CANONICAL_RFC8785,
    };
    occ_buf_reset(&maker->text);
    occ_body_put_link(&maker->text, proof, how);
    OCC_TRY(occ_buf_check(&maker->text));
    OCC_TRY(hash(maker, occ_buf_view(&maker->text), links->hashes[form]));
    if (occ_record_form_of(links, links->hashes[form]) < 0) {
        links->forms = (uint8_t)(links->forms | 1u << form);
    }
    return occ_success();
}

/* PROTOCOL §2.2: the forms differ only by the report, and by names that JavaScript puts elsewhere. */
static OCC_RESULT
make_links(struct occ_record_maker *maker, const struct occ_proof *proof, struct occ_links *ret_links)
{
    const bool has_report = proof->attestation_format.len > 0;
    const bool has_unsafe_name = occ_canonical_has_unsafe_name(proof->root, NULL);
    ret_links->forms = 0;
    OCC_TRY(add_link(maker, proof, OCC_FORM_OURS, ret_links));
    if (has_report) {
        OCC_TRY(add_link(maker, proof, OCC_FORM_OLDER, ret_links));
    }
    if (has_unsafe_name) {
        OCC_TRY(add_link(maker, proof, OCC_FORM_OURS_ECMASCRIPT, ret_links));
    }
    if (has_unsafe_name && has_report) {
        OCC_TRY(add_link(maker, proof, OCC_FORM_OLDER_ECMASCRIPT, ret_links));
    }
    return occ_success();
}

/* ---- from a proof ---- */

static OCC_RESULT
decode_hash(struct occ_bytes text, uint8_t ret_hash[OCC_SHA256_LEN])
{
    size_t len = 0;
    OCC_TRY(occ_base64_decode(text, OCC_SHA256_LEN, ret_hash, &len));
    OCC_ENSURE(len == OCC_SHA256_LEN, OCC_ERR_INTERNAL); /* occ_proof_read has seen it */
    return occ_success();
}

static OCC_RESULT
read_counter(const struct occ_json *object, const char *path, const char *name, struct occ_error *err,
             struct occ_counter *ret_counter)
{
    const struct occ_bytes text = text_of(object, name);
    const struct occ_result result = occ_counter_of(text, ret_counter);
    if (!occ_is_ok(result)) {
        return occ_error_set(err, OCC_ERR_LIMIT, "%s.%s: %zu digits, at most %d can be put in order", path, name,
                             text.len, OCC_LIMIT_AUDIT_COUNTER_LEN);
    }
    return result;
}

/* PROTOCOL §6: the last proof before this chain's first, which is one of the same chainId. */
static OCC_RESULT
read_epoch_link(const struct occ_proof *proof, struct occ_bytes id, struct occ_buf *text, struct occ_error *err,
                struct occ_record *record)
{
    const struct occ_json *link = proof->epoch_link;
    record->has_link = link != NULL;
    if (link == NULL) {
        return occ_success();
    }
    OCC_TRY(read_counter(link, "commit.epochLink", "prevCounter", err, &record->from_counter));
    OCC_TRY(decode_hash(text_of(link, "prevProofHashB64"), record->from_hash));
    occ_record_name_chain(text, text_of(link, "prevEpochId"), text_of(link, "prevPublicKeyB64"), id,
                          record->from_chain);
    return occ_success();
}

struct occ_result
occ_record_make(struct occ_record_maker *maker, const struct occ_proof *proof, struct occ_bytes body,
                struct occ_error *err, struct occ_record *ret_record, struct occ_chain_name *ret_name)
{
    const struct occ_bytes id = text_of(proof->commit, "chainId");
    ret_record->slot.len = 0;
    ret_record->has_time = proof->has_time;
    ret_record->time_ms = proof->time_ms;
    ret_record->has_prev = proof->prev_b64.len > 0;
    OCC_TRY(read_counter(proof->commit, "commit", "counter", err, &ret_record->counter));
    OCC_TRY(read_counter(proof->commit, "commit", "slotCounter", err, &ret_record->slot));
    if (ret_record->has_prev) {
        OCC_TRY(decode_hash(proof->prev_b64, ret_record->prev));
    }
    OCC_TRY(read_epoch_link(proof, id, &maker->text, err, ret_record));
    OCC_TRY(find_chain(maker, proof, id, ret_record->chain));
    name_chain(proof, id, ret_name);
    OCC_TRY(make_links(maker, proof, &ret_record->links));
    return hash(maker, body, ret_record->proof_hash);
}

/* ---- the maker ---- */

struct occ_result
occ_record_maker_init(struct occ_record_maker *maker)
{
    *maker =
        (struct occ_record_maker){ .text = OCC_BUF_INIT(OCC_LIMIT_CANONICAL_LEN), .named = OCC_BUF_INIT(NAMED_LEN) };
    return occ_digest_new(&maker->digest);
}

void
occ_record_maker_clear(struct occ_record_maker *maker)
{
    occ_buf_clear(&maker->text);
    occ_buf_clear(&maker->named);
    occ_digest_free(maker->digest);
    maker->digest = NULL;
}

bool
occ_record_begins_late(const struct occ_record *record)
{
    uint64_t counter = 0;
    uint64_t slot = 0;
    if (!occ_counter_small(&record->counter, &counter)) {
        return true;
    }
    return counter > 2 || (counter == 2 && !(occ_counter_small(&record->slot, &slot) && slot == 1));
}

/* ---- encoded ---- */

void
occ_record_put_place(struct occ_buf *buf, const struct occ_place *place)
{
    occ_buf_put_be64(buf, place->ordinal);
    occ_buf_put_be32(buf, place->stream);
    occ_buf_put_be64(buf, place->line);
    occ_buf_put_be64(buf, place->index);
}

struct occ_place
occ_record_take_place(struct occ_reader *reader)
{
    struct occ_place place;
    place.ordinal = occ_reader_be64(reader);
    place.stream = occ_reader_be32(reader);
    place.line = occ_reader_be64(reader);
    place.index = occ_reader_be64(reader);
    return place;
}

enum { HAS_PREV = 1, HAS_LINK = 2, HAS_TIME = 4 };

static struct occ_bytes
hash_view(const uint8_t *hash)
{
    return occ_bytes_of(hash, OCC_SHA256_LEN);
}

void
occ_record_put(struct occ_buf *buf, const struct occ_record *record)
{
    occ_record_put_place(buf, &record->place);
    occ_buf_put_byte(buf, (uint8_t)((record->has_prev ? HAS_PREV : 0) | (record->has_link ? HAS_LINK : 0) |
                                    (record->has_time ? HAS_TIME : 0)));
    occ_buf_put(buf, hash_view(record->proof_hash));
    occ_counter_put(buf, &record->slot);
    occ_buf_put_byte(buf, record->links.forms);
    for (int form = 0; form < OCC_FORM_COUNT; form++) {
        if ((record->links.forms & 1u << form) != 0) {
            occ_buf_put(buf, hash_view(record->links.hashes[form]));
        }
    }
    if (record->has_prev) {
        occ_buf_put(buf, hash_view(record->prev));
    }
    if (record->has_time) {
        occ_buf_put(buf, occ_bytes_of(&record->time_ms, sizeof record->time_ms));
    }
    if (record->has_link) {
        occ_buf_put(buf, hash_view(record->from_chain));
        occ_counter_put(buf, &record->from_counter);
        occ_buf_put(buf, hash_view(record->from_hash));
    }
}

void
occ_record_take(struct occ_reader *reader, struct occ_record *record)
{
    record->place = occ_record_take_place(reader);
    const uint8_t has = occ_reader_u8(reader);
    record->has_prev = (has & HAS_PREV) != 0;
    record->has_link = (has & HAS_LINK) != 0;
    record->has_time = (has & HAS_TIME) != 0;
    occ_reader_copy(reader, record->proof_hash, OCC_SHA256_LEN);
    record->slot = occ_counter_take(reader);
    record->links.forms = occ_reader_u8(reader);
    for (int form = 0; form < OCC_FORM_COUNT; form++) {
        if ((record->links.forms & 1u << form) != 0) {
            occ_reader_copy(reader, record->links.hashes[form], OCC_SHA256_LEN);
        }
    }
    if (record->has_prev) {
        occ_reader_copy(reader, record->prev, OCC_SHA256_LEN);
    }
    if (record->has_time) {
        occ_reader_copy(reader, &record->time_ms, sizeof record->time_ms);
    }
    if (record->has_link) {
        occ_reader_copy(reader, record->from_chain, OCC_SHA256_LEN);
        record->from_counter = occ_counter_take(reader);
        occ_reader_copy(reader, record->from_hash, OCC_SHA256_LEN);
    }
}
