/* successors.c — see successors.h. */
#include "audit/successors.h"

/* One that names a predecessor. */
struct successor {
    uint8_t hash[OCC_SHA256_LEN]; /* what it names */
    uint8_t proof_hash[OCC_SHA256_LEN];
    uint8_t chain[OCC_SHA256_LEN]; /* its own; of an epoch link, the one it comes from */
    bool is_link;
    struct occ_counter counter; /* its own */
    struct occ_place place;
};

static OCC_RESULT
put(struct occ_sort *sort, const struct occ_record *record, const uint8_t *hash, const uint8_t *chain, bool is_link,
    struct occ_buf *text)
{
    occ_buf_reset(text);
    occ_buf_put(text, occ_bytes_of(hash, OCC_SHA256_LEN));
    occ_buf_put_be64(text, record->place.ordinal);
    occ_buf_put(text, occ_bytes_of(record->proof_hash, OCC_SHA256_LEN));
    occ_buf_put(text, occ_bytes_of(chain, OCC_SHA256_LEN));
    occ_buf_put_byte(text, is_link);
    occ_counter_put(text, &record->counter);
    occ_record_put_place(text, &record->place);
    OCC_TRY(occ_buf_check(text));
    return occ_sort_put(sort, occ_buf_view(text));
}

struct occ_result
occ_successors_put(struct occ_sort *sort, const struct occ_record *record, struct occ_buf *text)
{
    if (record->has_prev) {
        OCC_TRY(put(sort, record, record->prev, record->chain, false, text));
    }
    if (record->has_link) {
        OCC_TRY(put(sort, record, record->from_hash, record->from_chain, true, text));
    }
    return occ_success();
}

static OCC_RESULT
take(struct occ_bytes item, struct successor *ret)
{
    struct occ_reader reader = occ_reader_of(item);
    occ_reader_copy(&reader, ret->hash, OCC_SHA256_LEN);
    (void)occ_reader_be64(&reader);
    occ_reader_copy(&reader, ret->proof_hash, OCC_SHA256_LEN);
    occ_reader_copy(&reader, ret->chain, OCC_SHA256_LEN);
    ret->is_link = occ_reader_u8(&reader) != 0;
    ret->counter = occ_counter_take(&reader);
    ret->place = occ_record_take_place(&reader);
    OCC_ENSURE(occ_reader_done(&reader), OCC_ERR_INTERNAL);
    return occ_success();
}

static bool
is_told(const struct successor *a, const struct successor *b)
{
    if (memcmp(a->chain, b->chain, OCC_SHA256_LEN) != 0) {
        return false;
    }
    return a->is_link || b->is_link || (a->counter.len > 0 && occ_counter_compare(&a->counter, &b->counter) == 0);
}

/* first is the earliest in the input of those that name this predecessor. */
static OCC_RESULT
judge(const struct successor *first, const struct successor *next, struct occ_findings *findings)
{
    if (memcmp(first->proof_hash, next->proof_hash, OCC_SHA256_LEN) == 0 || is_told(first, next)) {
        return occ_success();
    }
    struct occ_finding finding = occ_finding_at(OCC_FINDING_TWO_SUCCESSORS, &next->place, &first->place);
    (void)occ_error_set(&finding.said, OCC_OK, "names the same predecessor as another commit: a fork");
    return occ_findings_add(findings, &finding);
}

struct occ_result
occ_successors_judge(struct occ_sort *sort, struct occ_findings *findings, struct occ_error *err)
{
    OCC_TRY(occ_sort_finish(sort, err));
    struct successor first = { .is_link = false };
    bool has_first = false;
    for (;;) {
        struct occ_bytes item;
        bool more = false;
        OCC_TRY(occ_sort_next(sort, err, &item, &more));
        if (!more) {
            return occ_success();
        }
        struct successor next;
        OCC_TRY(take(item, &next));
        if (has_first && memcmp(first.hash, next.hash, OCC_SHA256_LEN) == 0) {
            OCC_TRY(judge(&first, &next, findings));
            continue;
        }
        first = next;
        has_first = true;
    }
}
