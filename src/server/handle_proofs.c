/* handle_proofs.c — GET /proofs/{digest} and GET /proofs, on the ledger's reading threads. */
#include <stdlib.h>

#include "server/answer.h"
#include "server/handle.h"
#include "server/lookup.h"
#include "server/page.h"
#include "server/reading.h"

/* What is asked for, and the page that answers it. */
struct lookup {
    struct occ_reading reading; /* first: the reading's callbacks get its address */
    uint8_t digest[32];
    struct occ_lookup_page wanted;
    struct occ_lookup_range range;
    struct occ_page page;
};

static struct lookup *
begin(struct occ_server *server, struct occ_http_request *request)
{
    struct lookup *lookup = calloc(1, sizeof *lookup);
    if (lookup == NULL) {
        occ_answer_error(request, 503, "out of memory, try again later", NULL);
        return NULL;
    }
    occ_reading_init(&lookup->reading, server, request, OCC_PAGE_BODY_LEN);
    lookup->page.body = &lookup->reading.body;
    return lookup;
}

/* ---- GET /proofs/{digest} ---- */

static struct occ_result
read_digest(struct occ_reading *reading, struct occ_ledger_reader *reader)
{
    struct lookup *lookup = (struct lookup *)reading;
    struct occ_page *page = &lookup->page;
    page->limit = lookup->wanted.limit;
    page->skip = lookup->wanted.after;
    const struct occ_result walked = occ_ledger_by_digest(reader, lookup->digest, occ_page_visit, page, &reading->err);
    if (walked.code == OCC_ERR_BUSY) {
        return occ_error_set(&reading->err, OCC_ERR_BUSY, "the index of digests is behind the ledger, try again later");
    }
    OCC_TRY(occ_page_finish(page, walked));
    if (page->count == 0 && page->skip == lookup->wanted.after) {
        return occ_error_set(&reading->err, OCC_ERR_NOT_FOUND, "no proof of this digest");
    }
    if (page->more) {
        const struct occ_lookup_page next = { .after = lookup->wanted.after + page->count, .limit = page->limit };
        occ_lookup_put_next_page(&reading->headers, &next);
    }
    return occ_success();
}

void
occ_handle_proofs_of(struct occ_server *server, struct occ_http_request *request)
{
    struct lookup *lookup = begin(server, request);
    if (lookup == NULL) {
        return;
    }
    struct occ_reading *reading = &lookup->reading;
    const struct occ_bytes path = occ_http_path(request);
    const size_t lead = strlen("/proofs/");
    struct occ_result read =
        occ_lookup_read_digest(occ_bytes_of(path.ptr + lead, path.len - lead), &reading->err, lookup->digest);
    if (occ_is_ok(read)) {
        read = occ_lookup_read_page(occ_http_query(request), &reading->err, &lookup->wanted);
    }
    occ_reading_start(reading, read, read_digest);
}

/* ---- GET /proofs ---- */

/* Where a chain ends, for the newest epoch that has it. */
static struct occ_result
take_epoch(void *ctx, const struct occ_ledger_found *found)
{
    struct occ_lookup_range *range = ctx;
    OCC_ENSURE(found->epoch_id.len <= sizeof range->epoch, OCC_ERR_INTERNAL);
    memcpy(range->epoch, found->epoch_id.ptr, found->epoch_id.len);
    range->epoch_len = found->epoch_id.len;
    return occ_success();
}

static struct occ_result
note_epoch(void *ctx, const struct occ_ledger_epoch_info *info)
{
    (void)info;
    bool *is_known = ctx;
    *is_known = true;
    return occ_success();
}

/* An epoch that was named must be there. */
static OCC_RESULT
check_epoch(struct lookup *lookup, struct occ_ledger_reader *reader)
{
    struct occ_error *err = &lookup->reading.err;
    const struct occ_bytes epoch = occ_bytes_of(lookup->range.epoch, lookup->range.epoch_len);
    bool is_known = false;
    OCC_TRY(occ_ledger_epoch_of(reader, epoch, note_epoch, &is_known, err));
    return is_known ? occ_success() : occ_error_set(err, OCC_ERR_NOT_FOUND, "epoch: no such epoch");
}

static struct occ_result
read_range(struct occ_reading *reading, struct occ_ledger_reader *reader)
{
    struct lookup *lookup = (struct lookup *)reading;
    struct occ_lookup_range *range = &lookup->range;
    struct occ_page *page = &lookup->page;
    struct occ_error *err = &reading->err;
    const struct occ_bytes chain = occ_bytes_of(range->chain, range->chain_len);
    page->is_lines = true;
    page->limit = range->limit;
    if (range->epoch_len > 0) {
        OCC_TRY(check_epoch(lookup, reader));
    } else {
        OCC_TRY(occ_ledger_head(reader, occ_bytes_of(NULL, 0), chain, take_epoch, range, err));
    }
    if (range->epoch_len == 0) {
        return occ_success(); /* no epoch has the chain: nothing, and no failure */
    }
    const struct occ_bytes epoch = occ_bytes_of(range->epoch, range->epoch_len);
    const struct occ_result walked = range->latest ? occ_ledger_head(reader, epoch, chain, occ_page_visit, page, err)
                                                   : occ_ledger_by_counter(reader, epoch, chain, range->from,
                                                                           range->limit + 1, occ_page_visit, page, err);
    OCC_TRY(occ_page_finish(page, walked));
    if (page->more) {
        range->from = page->last_counter + 1;
        occ_lookup_put_next_range(&reading->headers, range);
    }
    return occ_success();
}

void
occ_handle_proofs(struct occ_server *server, struct occ_http_request *request)
{
    struct lookup *lookup = begin(server, request);
    if (lookup == NULL) {
        return;
    }
    struct occ_reading *reading = &lookup->reading;
    reading->content_type = "application/jsonl";
    const struct occ_result read = occ_lookup_read_range(occ_http_query(request), &reading->err, &lookup->range);
    occ_reading_start(reading, read, read_range);
}
