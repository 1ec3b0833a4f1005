/* handle_epochs.c — GET /epochs: the epochs of the ledger and their chains, on its reading threads. */
#include <stdlib.h>

#include "base/base64.h"
#include "base/calendar.h"
#include "codec/canonical.h"
#include "server/answer.h"
#include "server/handle.h"
#include "server/reading.h"

/* One epoch: its texts, each of whose bytes may be escaped, and its chains. */
#define EPOCH_LEN_MAX (8u << 10)
#define CHAIN_LEN_MAX 256u
#define BODY_LEN_MAX (OCC_LIMIT_LEDGER_PAGE_LEN + EPOCH_LEN_MAX + OCC_LIMIT_CHAINS * CHAIN_LEN_MAX)

struct listing {
    struct occ_reading reading; /* first: the reading's callbacks get its address */
    struct occ_lookup_page wanted;
    size_t count;
    uint64_t last; /* number of the last epoch in the body */
    bool more;
};

static void
put_text(struct occ_buf *body, const char *name, struct occ_bytes text)
{
    occ_buf_put_format(body, ",\"%s\":", name);
    occ_canonical_put_string(body, text);
}

/* PROTOCOL §1: a counter is a decimal string. */
static void
put_counter(struct occ_buf *body, const char *name, uint64_t counter)
{
    occ_buf_put_format(body, "\"%s\":\"", name);
    occ_buf_put_u64(body, counter);
    occ_buf_put_str(body, "\",");
}

static void
put_chain(struct occ_buf *body, const struct occ_ledger_chain_info *chain)
{
    occ_buf_put_byte(body, '{');
    if (chain->chain_id.len > 0) {
        occ_buf_put_str(body, "\"chainId\":");
        occ_canonical_put_string(body, chain->chain_id);
        occ_buf_put_byte(body, ',');
    }
    put_counter(body, "firstCounter", chain->first_counter);
    put_counter(body, "lastCounter", chain->last_counter);
    occ_buf_put_str(body, "\"proofs\":");
    occ_buf_put_u64(body, chain->proofs);
    occ_buf_put_byte(body, '}');
}

static void
put_epoch(struct occ_buf *body, const struct occ_ledger_epoch_info *info)
{
    char began[OCC_CALENDAR_TEXT_SIZE];
    occ_calendar_format(info->began_ms, began);
    occ_buf_put_str(body, "{\"number\":");
    occ_buf_put_u64(body, info->number);
    put_text(body, "epochId", info->epoch.epoch_id);
    put_text(body, "began", occ_bytes_str(began));
    occ_buf_put_str(body, ",\"publicKeyB64\":\"");
    occ_base64_put(body, occ_bytes_of(info->epoch.public_key, sizeof info->epoch.public_key));
    occ_buf_put_byte(body, '"');
    put_text(body, "enforcement", info->epoch.enforcement);
    put_text(body, "measurement", info->epoch.measurement);
    occ_buf_put_str(body, ",\"chains\":[");
    for (size_t i = 0; i < info->chain_count; i++) {
        occ_buf_put_str(body, i == 0 ? "" : ",");
        put_chain(body, &info->chains[i]);
    }
    occ_buf_put_str(body, "]}");
}

static struct occ_result
visit(void *ctx, const struct occ_ledger_epoch_info *info)
{
    struct listing *listing = ctx;
    struct occ_buf *body = &listing->reading.body;
    if (listing->count == listing->wanted.limit || body->len > OCC_LIMIT_LEDGER_PAGE_LEN) {
        listing->more = true;
        return occ_result_of(OCC_ERR_LIMIT);
    }
    occ_buf_put_byte(body, listing->count == 0 ? '[' : ',');
    put_epoch(body, info);
    listing->count++;
    listing->last = info->number;
    return occ_buf_check(body);
}

static struct occ_result
read_epochs(struct occ_reading *reading, struct occ_ledger_reader *reader)
{
    struct listing *listing = (struct listing *)reading;
    const uint64_t first = listing->wanted.after == UINT64_MAX ? UINT64_MAX : listing->wanted.after + 1;
    const struct occ_result walked =
        occ_ledger_epochs(reader, first, listing->wanted.limit + 1, visit, listing, &reading->err);
    if (!occ_is_ok(walked) && !listing->more) {
        return walked;
    }
    occ_buf_put_str(&reading->body, listing->count == 0 ? "[]" : "]");
    if (listing->more) {
        const struct occ_lookup_page next = { .after = listing->last, .limit = listing->wanted.limit };
        occ_lookup_put_next_page(&reading->headers, &next);
    }
    return occ_buf_check(&reading->body);
}

void
occ_handle_epochs(struct occ_server *server, struct occ_http_request *request)
{
    struct listing *listing = calloc(1, sizeof *listing);
    if (listing == NULL) {
        occ_answer_error(request, 503, "out of memory, try again later", NULL);
        return;
    }
    occ_reading_init(&listing->reading, server, request, BODY_LEN_MAX);
    const struct occ_result read =
        occ_lookup_read_page(occ_http_query(request), &listing->reading.err, &listing->wanted);
    occ_reading_start(&listing->reading, read, read_epochs);
}
