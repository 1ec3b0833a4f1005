/*
 * sorted.c — see sorted.h. One walk along every chain (walk.h), then one over all links, by the hash that they name
 * (successors.h).
 */
#include "audit/sorted.h"

#include "audit/claims.h"
#include "audit/successors.h"
#include "audit/walk.h"

/* What stands at a counter of a chain, in this order. */
enum item { ITEM_PROOF, ITEM_SLOT, ITEM_LINK };

/* ---- items ---- */

static void
put_key(struct occ_buf *buf, const uint8_t *chain, const struct occ_counter *counter, enum item item, uint64_t ordinal)
{
    occ_buf_reset(buf);
    occ_buf_put(buf, occ_bytes_of(chain, OCC_SHA256_LEN));
    occ_counter_put(buf, counter);
    occ_buf_put_byte(buf, (uint8_t)item);
    occ_buf_put_be64(buf, ordinal);
}

static OCC_RESULT
put_item(struct occ_sort *sort, const struct occ_buf *text)
{
    OCC_TRY(occ_buf_check(text));
    return occ_sort_put(sort, occ_buf_view(text));
}

struct occ_result
occ_sorted_put(struct occ_sort *sort, const struct occ_record *record, struct occ_buf *text)
{
    const uint64_t ordinal = record->place.ordinal;
    put_key(text, record->chain, &record->counter, ITEM_PROOF, ordinal);
    occ_record_put(text, record);
    OCC_TRY(put_item(sort, text));
    if (record->slot.len > 0) {
        put_key(text, record->chain, &record->slot, ITEM_SLOT, ordinal);
        occ_buf_put(text, occ_bytes_of(record->proof_hash, OCC_SHA256_LEN));
        occ_record_put_place(text, &record->place);
        OCC_TRY(put_item(sort, text));
    }
    if (record->has_link) {
        put_key(text, record->from_chain, &record->from_counter, ITEM_LINK, ordinal);
        occ_buf_put(text, occ_bytes_of(record->proof_hash, OCC_SHA256_LEN));
        occ_record_put_place(text, &record->place);
        occ_buf_put(text, occ_bytes_of(record->from_hash, OCC_SHA256_LEN));
        occ_buf_put(text, occ_bytes_of(record->chain, OCC_SHA256_LEN));
        OCC_TRY(put_item(sort, text));
    }
    return occ_success();
}

/* ---- the walk ---- */

static void
take_claim(struct occ_reader *reader, const struct occ_counter *counter, struct occ_claim *ret_claim)
{
    ret_claim->is_there = true;
    ret_claim->counter = *counter;
    occ_reader_copy(reader, ret_claim->proof_hash, OCC_SHA256_LEN);
    memcpy(ret_claim->last_hash, ret_claim->proof_hash, OCC_SHA256_LEN);
    ret_claim->place = occ_record_take_place(reader);
}

static OCC_RESULT
take_item(struct occ_walk *walk, struct occ_bytes item)
{
    struct occ_reader reader = occ_reader_of(item);
    struct occ_record record = { .has_prev = false };
    occ_reader_copy(&reader, record.chain, OCC_SHA256_LEN);
    record.counter = occ_counter_take(&reader);
    const uint8_t kind = occ_reader_u8(&reader);
    (void)occ_reader_be64(&reader); /* the ordinal stands in the place again */
    if (!walk->in_chain || memcmp(walk->chain, record.chain, OCC_SHA256_LEN) != 0) {
        OCC_TRY(occ_walk_finish_chain(walk));
        occ_walk_begin_chain(walk, record.chain);
    }
    if (kind == ITEM_PROOF) {
        occ_record_take(&reader, &record);
        OCC_ENSURE(occ_reader_done(&reader), OCC_ERR_INTERNAL);
        return occ_walk_take_proof(walk, &record);
    }
    struct occ_claim claim;
    take_claim(&reader, &record.counter, &claim);
    if (kind == ITEM_SLOT) {
        OCC_ENSURE(occ_reader_done(&reader), OCC_ERR_INTERNAL);
        return occ_claims_take_slot(walk, &claim);
    }
    uint8_t own_chain[OCC_SHA256_LEN];
    occ_reader_copy(&reader, record.from_hash, OCC_SHA256_LEN);
    occ_reader_copy(&reader, own_chain, OCC_SHA256_LEN);
    OCC_ENSURE(occ_reader_done(&reader), OCC_ERR_INTERNAL);
    return occ_claims_take_link(walk, &claim, record.from_hash, own_chain);
}

static OCC_RESULT
walk_all(struct occ_walk *walk, struct occ_error *err)
{
    OCC_TRY(occ_sort_finish(walk->job->sort, err));
    for (;;) {
        struct occ_bytes item;
        bool more = false;
        OCC_TRY(occ_sort_next(walk->job->sort, err, &item, &more));
        if (!more) {
            return occ_walk_finish_chain(walk);
        }
        OCC_TRY(take_item(walk, item));
    }
}

static void
free_sort(struct occ_sort **sort)
{
    occ_sort_free(*sort);
}

struct occ_result
occ_sorted_judge(const struct occ_sorted_job *job, struct occ_error *err, uint64_t *ret_chains)
{
    for (size_t i = 0; i < job->tally->count; i++) {
        job->tally->chains[i].facts = (struct occ_chain_facts){ .begin = OCC_BEGIN_UNKNOWN };
    }
    __attribute__((cleanup(free_sort))) struct occ_sort *successors = NULL;
    OCC_TRY(occ_sort_new(job->memory, job->folder, &successors));
    struct occ_walk walk = { .job = job, .successors = successors, .text = OCC_BUF_INIT(OCC_LIMIT_AUDIT_ITEM_LEN) };
    struct occ_result result = walk_all(&walk, err);
    occ_buf_clear(&walk.text);
    if (occ_is_ok(result)) {
        result = occ_successors_judge(successors, job->findings, err);
    }
    OCC_TRY(result);
    *ret_chains = walk.chains;
    return occ_success();
}
