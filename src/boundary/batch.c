/*
 * batch.c — each request of a frame is checked, given room, signed, and kept or put among what waits; or refused, and then
 * nothing of it has moved.
 */
#include "boundary/batch.h"

#include "boundary/room.h"

enum {
    NONCES_AT_ONCE = 64,  /* one call to the kernel for so many */
    CHECK_INTERVAL = 1024 /* proofs between two signatures that are verified; the first of an epoch always is */
};

void
occ_batch_clear(struct occ_batch *batch)
{
    occ_signer_clear(&batch->epoch.signer);
    occ_attesting_discard(batch, OCC_ERR_STATE, "", NULL);
    occ_retain_clear(&batch->retain);
    occ_request_clear(&batch->request);
    occ_buf_clear(&batch->body);
    occ_buf_clear(&batch->text);
    occ_attesting_clear(&batch->attesting);
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
occ_batch_now(const struct occ_batch *batch)
{
    if (!batch->attesting.has_clock) {
        return batch->now_ms(batch->ctx);
    }
    const int64_t now_ms = batch->attesting.clock_ms + (int64_t)batch->tickets.uptime_ms;
    return now_ms < 0 ? 0 : (uint64_t)now_ms;
}

uint64_t
occ_batch_time(const struct occ_batch *batch)
{
    uint64_t time_ms = occ_batch_now(batch);
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

void
occ_batch_mark(struct occ_batch *batch, const struct occ_chain *chain)
{
    batch->marks[chain - batch->chains].counter = chain->counter;
}

/* ---- signing ---- */

/* Commits one digest: its proof is appended to the result that is open in the answer, with its document where there is one. */
static struct occ_result
sign_one(struct occ_batch *batch, struct occ_chain *chain, const struct occ_chain_input *input,
         struct occ_answer *answer)
{
    struct occ_result_writer *const writer = &answer->writer;
    struct occ_chain_signed done;
    const size_t begin = occ_commit_begin_proof(writer, chain->counter + 1, input->digest);
    if (answer->document != NULL) {
        occ_buf_reset(&batch->text);
        OCC_TRY(occ_chain_commit(chain, &batch->epoch, input, &batch->body, &batch->text, &done));
        const size_t place = occ_write_joined(writer->buf, occ_buf_view(&batch->text), &done.opening, NULL);
        occ_commit_end_proof(writer, begin, 1, place);
        return occ_success();
    }
    OCC_TRY(occ_chain_commit(chain, &batch->epoch, input, &batch->body, writer->buf, &done));
    if (answer->waiting != NULL) {
        occ_buf_put(&answer->waiting->hashes, occ_bytes_of(done.proof_hash, sizeof done.proof_hash));
        occ_commit_end_proof(writer, begin, 1, done.opening.report);
        return occ_buf_check(&answer->waiting->hashes);
    }
    occ_commit_end_proof(writer, begin, 0, 0);
    return occ_success();
}

/* Appends the proofs of the whole request to the result that is open in the answer; chain moves with each. */
static struct occ_result
sign_all(struct occ_batch *batch, struct occ_chain *chain, struct occ_answer *answer)
{
    const struct occ_request *const request = &batch->request;
    const uint64_t now_ms = occ_batch_time(batch);
    uint8_t nonces[NONCES_AT_ONCE][OCC_CHAIN_NONCE_LEN];
    for (uint32_t i = 0; i < request->count; i++) {
        if (i % NONCES_AT_ONCE == 0) {
            const uint32_t left = request->count - i;
            batch->random(batch->ctx, nonces, (left < NONCES_AT_ONCE ? left : NONCES_AT_ONCE) * sizeof nonces[0]);
        }
        struct occ_chain_input input = occ_request_input(request, i);
        input.nonce = nonces[i % NONCES_AT_ONCE];
        input.now_ms = now_ms;
        input.check = occ_batch_is_checked(chain);
        OCC_TRY(sign_one(batch, chain, &input, answer));
    }
    return occ_buf_check(answer->writer.buf);
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

/* ---- one request ---- */

/* Whether commits are taken at all. */
static struct occ_result
check_state(const struct occ_batch *batch, const struct occ_answer *answer, struct occ_error *err)
{
    if (batch->halted) {
        return occ_error_set(err, OCC_ERR_INTEGRITY, OCC_BATCH_HALTED_TEXT);
    }
    const char *const trouble = occ_attesting_trouble(batch);
    if (trouble[0] != '\0') {
        return occ_error_set(err, OCC_ERR_ATTESTER, "%s", trouble);
    }
    if (occ_attesting_waits(batch) && answer->waiting == NULL) {
        return occ_error_set(err, OCC_ERR_BUSY, "too many frames wait for their attestation documents");
    }
    return occ_success();
}

/* What the request has written since begin is kept, or it waits for its documents. */
static struct occ_result
keep(struct occ_batch *batch, const struct occ_chain *chain, struct occ_answer *answer, size_t begin,
     struct occ_retain_entry *entry)
{
    struct occ_waiting_frame *const waiting = answer->waiting;
    if (waiting != NULL) {
        for (uint32_t i = 1; i <= batch->request.slot_count; i++) {
            const struct occ_ticket *const ticket = &occ_request_slot(&batch->request, i)->ticket;
            occ_buf_put(&waiting->tickets, occ_bytes_of(ticket, sizeof *ticket));
        }
        OCC_TRY(occ_buf_check(&waiting->tickets));
        struct occ_waiting_result result = { .entry = entry,
                                             .chain = batch->request.chain,
                                             .head_counter = chain->head_counter };
        memcpy(result.link_hash, chain->link_hash, sizeof result.link_hash);
        occ_buf_put(&waiting->results, occ_bytes_of(&result, sizeof result));
        return occ_buf_check(&waiting->results);
    }
    const struct occ_buf *const buf = answer->writer.buf;
    const struct occ_retain_documents documents = { &answer->document, answer->document == NULL ? 0 : 1, 1 };
    occ_retain_keep(&batch->retain, entry, occ_bytes_of(buf->ptr + begin, buf->len - begin), &documents);
    return occ_success();
}

/* Where an answer ends. */
struct end {
    struct occ_answer answer;
    size_t written, hashes, tickets; /* bytes of each */
};

static struct end
end_of(const struct occ_answer *answer)
{
    struct end end = { .answer = *answer, .written = answer->writer.buf->len };
    if (answer->waiting != NULL) {
        end.hashes = answer->waiting->hashes.len;
        end.tickets = answer->waiting->tickets.len;
    }
    return end;
}

static void
cut_buf(struct occ_buf *buf, size_t len)
{
    buf->len = len;
    buf->fail = OCC_OK;
}

/* Takes away what was written since then, when something of it could not be. */
static void
cut(struct occ_answer *answer, const struct end *end)
{
    *answer = end->answer;
    cut_buf(answer->writer.buf, end->written);
    if (answer->waiting != NULL) {
        cut_buf(&answer->waiting->hashes, end->hashes);
        cut_buf(&answer->waiting->tickets, end->tickets);
        answer->waiting->results.fail = OCC_OK; /* what is put last is there, or nothing of it */
    }
}

/* Commits the request that was read: its result is appended to the answer and kept, or waits; or nothing has happened. */
static struct occ_result
commit_request(struct occ_batch *batch, struct occ_answer *answer, struct occ_error *err)
{
    struct occ_result_writer *const writer = &answer->writer;
    const struct end before = end_of(answer);
    struct occ_retain_entry *entry = NULL;
    OCC_TRY(check_state(batch, answer, err));
    OCC_TRY(occ_room_reserve(batch, answer, err, &entry));
    struct occ_chain *const place = &batch->chains[batch->request.chain];
    struct occ_chain chain = *place;

    occ_commit_put_success(writer, batch->request.opaque, batch->retain.newest + 1, chain.id);
    struct occ_result done = sign_all(batch, &chain, answer);
    done = occ_is_ok(done) ? keep(batch, &chain, answer, before.written, entry) : done;
    if (!occ_is_ok(done)) { /* PROTOCOL §2.3: nothing of it was given out; the chain is where it was */
        cut(answer, &before);
        occ_retain_drop(&batch->retain, entry);
        return occ_batch_explain(batch, done.code, err);
    }
    *place = chain;
    for (uint32_t i = 1; i <= batch->request.slot_count; i++) { /* only now: a refused commit leaves its slots unused */
        (void)occ_spent_put(&batch->tickets.spent, &occ_request_slot(&batch->request, i)->ticket);
    }
    return occ_success();
}

/* ---- a frame ---- */

/* Where the results of a frame go. */
static void
begin_answer(struct occ_batch *batch, uint64_t id, uint16_t requests, struct occ_buf *out, struct occ_answer *answer)
{
    *answer = (struct occ_answer){ .requests_left = requests };
    const bool is_taken = !batch->halted && occ_attesting_trouble(batch)[0] == '\0';
    if (is_taken && occ_attesting_waits(batch) && occ_waiting_has_room(&batch->waiting)) {
        answer->waiting = occ_waiting_frame_new(id);
    }
    occ_commit_begin_results(&answer->writer, answer->waiting == NULL ? out : &answer->waiting->text, id);
    if (is_taken && batch->epoch.attester.mode == OCC_ATTEST_EPOCH) {
        answer->document = batch->attesting.key;
        (void)occ_commit_put_document(&answer->writer, occ_document_b64(answer->document));
    }
}

/* Results that wait for nothing, behind none that do, are sent at once. */
static struct occ_result
end_waiting(struct occ_batch *batch, struct occ_waiting_frame *frame, struct occ_error *err, struct occ_buf *out)
{
    const struct occ_result written = occ_buf_check(&frame->text);
    if (occ_is_ok(written) && occ_waiting_proofs(frame) == 0 && batch->waiting.frames == 0) {
        occ_buf_put(out, occ_buf_view(&frame->text));
        occ_waiting_frame_free(frame, &batch->retain);
        return occ_success();
    }
    occ_waiting_push(&batch->waiting, frame); /* also what could not be written: it is discarded with all else */
    return occ_is_ok(written)
               ? written
               : occ_error_set(err, written.code, "no room for the answer: %s", occ_result_text(written.code));
}

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
        .agency = { .rules = &batch->rules, .tickets = &batch->tickets, .now_ms = occ_batch_now(batch) },
    };
    struct occ_answer answer;
    begin_answer(batch, frame->id, requests, out, &answer);
    for (; answer.requests_left > 0; answer.requests_left--) {
        struct occ_error refusal = { .code = OCC_OK };
        struct occ_result result = occ_request_read(&reader, &rules, &batch->request, &refusal);
        if (occ_is_ok(result)) {
            result = commit_request(batch, &answer, &refusal);
        }
        if (!occ_is_ok(result)) {
            occ_commit_put_refusal(&answer.writer, batch->request.opaque, refusal.code, occ_bytes_str(refusal.text));
        }
    }
    occ_commit_end_results(&answer.writer);
    /* Whether out could hold it, the gate looks: nobody else writes to it in between. */
    return answer.waiting == NULL ? occ_success() : end_waiting(batch, answer.waiting, err, out);
}
