/* batch.c — each request of a frame is checked, given room, signed, kept; or refused, and then nothing of it has moved. */
#include "boundary/batch.h"

enum {
    NONCES_AT_ONCE = 64,   /* one call to the kernel for so many */
    CHECK_INTERVAL = 1024, /* proofs between two signatures that are verified; the first of an epoch always is */
    /* A result beside its proofs: position, opaque, code, count; of a refusal, its sentence. */
    RESULT_HEAD_LEN_MAX = 8 + 1 + OCC_LIMIT_OPAQUE_LEN + 2 + 2 + OCC_LIMIT_CHAIN_ID_LEN + 4,
    REFUSAL_LEN_MAX = RESULT_HEAD_LEN_MAX + 2 + OCC_ERROR_TEXT_SIZE,
    PROOF_HEAD_LEN = 8 + OCC_SHA256_LEN + 2 + 4 + 4
};

void
occ_batch_clear(struct occ_batch *batch)
{
    occ_signer_clear(&batch->epoch.signer);
    occ_retain_clear(&batch->retain);
    occ_request_clear(&batch->request);
    occ_buf_clear(&batch->body);
    occ_spent_clear(&batch->tickets.spent);
    occ_mac_free(batch->tickets.mac);
    for (size_t i = 0; i < OCC_LIMIT_CHAINS; i++) {
        occ_buf_clear(&batch->links[i].text);
    }
}

struct occ_result
occ_batch_find_chain(struct occ_batch *batch, struct occ_bytes id, struct occ_chain **ret_chain)
{
    for (size_t i = 0; i < batch->chain_count; i++) {
        if (occ_bytes_equal(batch->chains[i].id, id)) {
            *ret_chain = &batch->chains[i];
            return occ_success();
        }
    }
    return occ_result_of(OCC_ERR_CHAIN_UNKNOWN);
}

uint64_t
occ_batch_time(const struct occ_batch *batch)
{
    uint64_t time_ms = batch->now_ms(batch->ctx);
    for (size_t i = 0; i < batch->chain_count; i++) {
        time_ms = batch->chains[i].time_ms > time_ms ? batch->chains[i].time_ms : time_ms;
    }
    return time_ms;
}

bool
occ_batch_is_checked(const struct occ_chain *chain)
{
    return !chain->given || chain->counter % CHECK_INTERVAL == 0;
}

/* ---- signing ---- */

/* What the digest at index needs beside nonce, time and check. */
static struct occ_chain_input
input_of(const struct occ_request *request, uint32_t index)
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

/* Appends the proofs of the whole request to the result that is open in writer; chain moves with each. */
static struct occ_result
sign_all(struct occ_batch *batch, struct occ_chain *chain, struct occ_result_writer *writer)
{
    const struct occ_request *const request = &batch->request;
    const uint64_t now_ms = occ_batch_time(batch);
    uint8_t nonces[NONCES_AT_ONCE][OCC_CHAIN_NONCE_LEN];
    for (uint32_t i = 0; i < request->count; i++) {
        if (i % NONCES_AT_ONCE == 0) {
            const uint32_t left = request->count - i;
            batch->random(batch->ctx, nonces, (left < NONCES_AT_ONCE ? left : NONCES_AT_ONCE) * sizeof nonces[0]);
        }
        struct occ_chain_input input = input_of(request, i);
        input.nonce = nonces[i % NONCES_AT_ONCE];
        input.now_ms = now_ms;
        input.check = occ_batch_is_checked(chain);
        const size_t begin = occ_commit_begin_proof(writer, chain->counter + 1, input.digest);
        OCC_TRY(occ_chain_commit(chain, &batch->epoch, &input, &batch->body, writer->buf));
        occ_commit_end_proof(writer, begin, 0, 0);
    }
    return occ_buf_check(writer->buf);
}

struct occ_result
occ_batch_explain(struct occ_batch *batch, enum occ_err code, struct occ_error *err)
{
    switch (code) {
    case OCC_ERR_SIGNATURE:
    case OCC_ERR_RANDOM:
        batch->halted = true;
        return occ_error_set(err, OCC_ERR_INTEGRITY, OCC_BATCH_HALTED_TEXT);
    case OCC_ERR_TOKEN:
        return occ_error_set(err, code, OCC_BATCH_TOKEN_TEXT);
    case OCC_ERR_LIMIT:
        return occ_error_set(err, OCC_ERR_INTERNAL, "the boundary's clock or counter is out of its range");
    default:
        return occ_error_set(err, code, "the boundary could not sign: %s", occ_result_text(code));
    }
}

/* ---- room ---- */

/* Room in out for this result and, whatever becomes of them, the requests_left of this frame. */
static struct occ_result
reserve_out(struct occ_buf *out, size_t result_len, size_t requests_left, struct occ_error *err)
{
    const size_t len = result_len + requests_left * REFUSAL_LEN_MAX;
    if (len > out->limit - out->len) {
        return occ_error_set(err, OCC_ERR_BUSY, "too many results are not yet taken by the parent");
    }
    if (occ_buf_reserve(out, len) == NULL) {
        out->fail = OCC_OK; /* nothing was to be written yet: the refusal may still find room */
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    return occ_success();
}

/* The most bytes that the proofs of the request can take. */
static size_t
proofs_len_max(const struct occ_batch *batch, const struct occ_chain *chain)
{
    const struct occ_request *const request = &batch->request;
    size_t len = occ_chain_link_len(chain);
    for (uint32_t i = 0; i < request->count; i++) {
        const struct occ_chain_input input = input_of(request, i);
        len += occ_chain_proof_len_max(chain, &batch->epoch, &input, request->count);
    }
    return len;
}

/* Room to remember the slots as used. */
static struct occ_result
reserve_spent(struct occ_batch *batch, struct occ_error *err)
{
    const struct occ_request *const request = &batch->request;
    for (uint32_t i = 1; i <= request->slot_count; i++) {
        const struct occ_ticket *const ticket = &occ_request_slot(request, i)->ticket;
        struct occ_tickets *const tickets = &batch->tickets;
        const struct occ_result room =
            occ_spent_reserve(&tickets->spent, tickets->uptime_ms, ticket, request->slot_count);
        if (room.code == OCC_ERR_BUSY) {
            return occ_error_set(err, room.code, "too many slots were used just now");
        }
        if (!occ_is_ok(room)) {
            return occ_error_code(err, room.code);
        }
    }
    return occ_success();
}

/*
 * Sees that the answer is allowed, and that its bytes fit the frame, the memory and the retention store, before anything
 * is signed. *ret_entry is the place in the store.
 */
static struct occ_result
reserve(struct occ_batch *batch, const struct occ_result_writer *writer, size_t requests_left, struct occ_error *err,
        struct occ_retain_entry **ret_entry)
{
    const struct occ_request *const request = &batch->request;
    const size_t proofs_len = proofs_len_max(batch, &batch->chains[request->chain]);
    if (proofs_len > OCC_LIMIT_ANSWER_LEN) { /* PROTOCOL §3 */
        return occ_error_set(err, OCC_ERR_LIMIT, "digests: their proofs would take %zu bytes, at most %u are given out",
                             proofs_len, OCC_LIMIT_ANSWER_LEN);
    }
    const size_t result_len = RESULT_HEAD_LEN_MAX + proofs_len + request->count * (size_t)PROOF_HEAD_LEN;
    const size_t frame_len = writer->buf->len - writer->frame;
    if (frame_len + result_len + requests_left * REFUSAL_LEN_MAX > OCC_LIMIT_FRAME_LEN) {
        return occ_error_set(err, OCC_ERR_BUSY, "the results of this frame's requests are larger than a frame");
    }
    OCC_TRY(reserve_out(writer->buf, result_len, requests_left, err));
    const struct occ_result room = occ_retain_reserve(&batch->retain, result_len, ret_entry);
    switch (room.code) {
    case OCC_OK:
        return occ_success();
    case OCC_ERR_BUSY:
        return occ_error_set(err, room.code, "too many results are not yet acknowledged as durable");
    case OCC_ERR_LIMIT:
        return occ_error_set(err, room.code, "digests: their proofs are larger than what the boundary may keep");
    default:
        return occ_error_code(err, room.code);
    }
}

/* ---- one request ---- */

/* Commits the request that was read: its result is appended to writer and kept; or nothing has happened. */
static struct occ_result
commit_request(struct occ_batch *batch, struct occ_result_writer *writer, size_t requests_left, struct occ_error *err)
{
    if (batch->halted) {
        return occ_error_set(err, OCC_ERR_INTEGRITY, OCC_BATCH_HALTED_TEXT);
    }
    struct occ_retain_entry *entry = NULL;
    OCC_TRY(reserve_spent(batch, err));
    OCC_TRY(reserve(batch, writer, requests_left, err, &entry));
    const struct occ_result_writer before = *writer;
    const size_t begin = writer->buf->len;
    struct occ_chain *const place = &batch->chains[batch->request.chain];
    struct occ_chain chain = *place;

    occ_commit_put_success(writer, batch->request.opaque, batch->retain.newest + 1, chain.id);
    const struct occ_result signing = sign_all(batch, &chain, writer);
    if (!occ_is_ok(signing)) { /* PROTOCOL §2.3: nothing of it was given out; the chain is where it was */
        *writer = before;
        writer->buf->len = begin;
        writer->buf->fail = OCC_OK;
        occ_retain_drop(entry);
        return occ_batch_explain(batch, signing.code, err);
    }
    occ_retain_keep(&batch->retain, entry, occ_bytes_of(writer->buf->ptr + begin, writer->buf->len - begin));
    *place = chain;
    for (uint32_t i = 1; i <= batch->request.slot_count; i++) { /* only now: a refused commit leaves its slots unused */
        (void)occ_spent_put(&batch->tickets.spent, &occ_request_slot(&batch->request, i)->ticket);
    }
    return occ_success();
}

/* ---- a frame ---- */

struct occ_result
occ_batch_handle(struct occ_batch *batch, const struct occ_frame *frame, struct occ_error *err, struct occ_buf *out)
{
    if (frame->id == 0) {
        return occ_error_set(err, OCC_ERR_WIRE_MESSAGE, "a COMMIT with id 0, which no answer can name");
    }
    struct occ_commit_reader reader;
    uint16_t requests = 0;
    if (!occ_is_ok(occ_request_check_frame(frame->payload)) ||
        !occ_is_ok(occ_commit_read(frame->payload, &reader, &requests))) {
        return occ_error_set(err, OCC_ERR_WIRE_MESSAGE, "a malformed COMMIT");
    }
    const struct occ_request_rules rules = {
        .digests_max = batch->digests_max,
        .chains = batch->chains,
        .chain_count = batch->chain_count,
        .agency = { .rules = &batch->rules, .tickets = &batch->tickets, .now_ms = batch->now_ms(batch->ctx) },
    };
    struct occ_result_writer writer;
    occ_commit_begin_results(&writer, out, frame->id);
    for (uint16_t left = requests; left > 0; left--) {
        struct occ_error refusal = { .code = OCC_OK };
        struct occ_result result = occ_request_read(&reader, &rules, &batch->request, &refusal);
        if (occ_is_ok(result)) {
            result = commit_request(batch, &writer, left, &refusal);
        }
        if (!occ_is_ok(result)) {
            occ_commit_put_refusal(&writer, batch->request.opaque, refusal.code, occ_bytes_str(refusal.text));
        }
    }
    occ_commit_end_results(&writer);
    return occ_success(); /* whether out could hold it, the gate looks: nobody else writes to it in between */
}

void
occ_batch_give_again(const struct occ_batch *batch, struct occ_buf *out)
{
    const struct occ_retain_entry *entry = occ_retain_next(&batch->retain, NULL);
    while (entry != NULL) {
        struct occ_result_writer writer;
        occ_commit_begin_results(&writer, out, 0);
        while (entry != NULL && writer.results < OCC_LIMIT_FRAME_REQUESTS) {
            const struct occ_bytes result = occ_retain_result(entry);
            if (out->len - writer.frame + result.len > OCC_LIMIT_FRAME_LEN) {
                break;
            }
            occ_commit_put_encoded_result(&writer, result, 0);
            entry = occ_retain_next(&batch->retain, entry);
        }
        occ_commit_end_results(&writer);
    }
}
