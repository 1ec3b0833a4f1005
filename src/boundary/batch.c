/*
 * batch.c — each request of a frame is checked, given room, signed, and kept or put among what waits; or refused, and then
 * nothing of it has moved.
 */
#include "boundary/batch.h"

#include "boundary/room.h"

void
occ_batch_clear(struct occ_batch *batch)
{
    occ_chain_epoch_clear(&batch->epoch);
    occ_attesting_discard(batch, OCC_ERR_STATE, "", NULL);
    occ_retain_clear(&batch->retain);
    occ_round_free(&batch->round);
    occ_signing_hand_clear(&batch->hand);
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

void
occ_batch_mark(struct occ_batch *batch, const struct occ_chain *chain)
{
    batch->marks[chain - batch->chains].counter = chain->counter;
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

/* The result that the request has written is kept, or it waits for its documents. */
static struct occ_result
keep(struct occ_batch *batch, const struct occ_chain *chain, struct occ_answer *answer, struct occ_bytes encoded,
     const struct occ_task *task)
{
    const struct occ_request *const request = &task->request;
    struct occ_waiting_frame *const waiting = answer->waiting;
    if (waiting != NULL) {
        for (uint32_t i = 1; i <= request->slot_count; i++) {
            const struct occ_ticket *const ticket = &occ_request_slot(request, i)->ticket;
            occ_buf_put(&waiting->tickets, occ_bytes_of(ticket, sizeof *ticket));
        }
        OCC_TRY(occ_buf_check(&waiting->tickets));
        struct occ_waiting_result result = {
            .entry = task->room.entry, .len = encoded.len, .chain = request->chain, .head_counter = chain->head_counter
        };
        memcpy(result.link_hash, chain->link_hash, sizeof result.link_hash);
        occ_buf_put(&waiting->results, occ_bytes_of(&result, sizeof result));
        return occ_buf_check(&waiting->results);
    }
    const struct occ_retain_documents documents = { &answer->document, answer->document == NULL ? 0 : 1, 1 };
    occ_retain_keep(&batch->retain, task->room.entry, encoded, &documents);
    if (task->room.is_long) {
        occ_commit_put_result_elsewhere(&answer->writer, encoded.len);
        occ_outbox_put_stored(answer->out, task->room.entry);
    }
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

/* What a frame is worked on with. */
struct work {
    struct occ_answer answer;
    struct occ_nonces nonces;
    uint64_t now_ms;
};

/*
 * One in front of it on its chain may have been signed and then not kept, for want of memory. What its lane has made names that one's
 * proofs, which nobody will see.
 */
static bool
follows(const struct occ_task *task, const struct occ_chain *chain)
{
    return task->code != OCC_OK || task->chain.counter - task->request.count == chain->counter;
}

/* Signs a task's request here and now, from where its chain stands. The result is appended to the writer's buffer. */
static struct occ_result
sign_here(struct occ_batch *batch, struct work *work, const struct occ_task *task, struct occ_result_writer *writer,
          struct occ_chain *chain)
{
    const struct occ_answer *const answer = &work->answer;
    const struct occ_signing signing = {
        .epoch = &batch->epoch,
        .request = &task->request,
        .now_ms = work->now_ms,
        .position = batch->retain.newest + 1,
        .is_joined = answer->document != NULL,
        .nonces = &work->nonces,
        .writer = writer,
        .hashes = answer->waiting == NULL ? NULL : &answer->waiting->hashes,
    };
    return occ_signing_run(&signing, &batch->hand, chain);
}

/* Appends what a task's lane has made. */
static struct occ_result
copy_result(struct occ_batch *batch, struct occ_answer *answer, const struct occ_task *task)
{
    OCC_TRY(occ_result_of(task->code));
    occ_commit_put_placed_result(&answer->writer, task->result, batch->retain.newest + 1);
    OCC_TRY(occ_buf_check(answer->writer.buf));
    if (answer->waiting == NULL) {
        return occ_success();
    }
    occ_buf_put(&answer->waiting->hashes, occ_round_hashes(&batch->round, task));
    return occ_buf_check(&answer->waiting->hashes);
}

/* The long result of a task, where it will be kept: it was signed in its lane, or is now. */
static struct occ_result
draft_result(struct occ_batch *batch, struct work *work, const struct occ_task *task, bool is_signed,
             struct occ_chain *chain, struct occ_bytes *ret_encoded)
{
    struct occ_buf draft = occ_retain_draft(task->room.entry);
    if (is_signed) {
        OCC_TRY(occ_result_of(task->code));
        draft.len = task->result.len;
        occ_commit_set_position(&draft, batch->retain.newest + 1);
    } else {
        struct occ_result_writer writer = { .buf = &draft };
        OCC_TRY(sign_here(batch, work, task, &writer, chain));
    }
    *ret_encoded = occ_buf_view(&draft);
    return occ_success();
}

/* Makes the result of a task, and moves chain on: appended to the answer, or, if it is long, where it will be kept. */
static struct occ_result
put_result(struct occ_batch *batch, struct work *work, const struct occ_task *task, bool was_signed,
           struct occ_chain *chain, struct occ_bytes *ret_encoded)
{
    struct occ_answer *const answer = &work->answer;
    const bool is_signed = was_signed && follows(task, chain);
    const size_t begin = answer->writer.buf->len;
    if (task->room.is_long) {
        OCC_TRY(draft_result(batch, work, task, is_signed, chain, ret_encoded));
    } else {
        OCC_TRY(is_signed ? copy_result(batch, answer, task) : sign_here(batch, work, task, &answer->writer, chain));
        const struct occ_buf *const buf = answer->writer.buf;
        *ret_encoded = occ_bytes_of(buf->ptr + begin, buf->len - begin);
    }
    if (is_signed) {
        *chain = task->chain;
    }
    return occ_success();
}

/*
 * Its place in the store goes. If the frame's document has its place there, too, that is the next one's, which counts on
 * it.
 */
static void
drop_room(struct occ_batch *batch, struct occ_answer *answer, const struct occ_task *task)
{
    if (task->room.has_document) {
        const struct occ_task *const end = batch->round.tasks + batch->round.count;
        struct occ_task *heir = batch->round.tasks + (task - batch->round.tasks) + 1;
        while (heir < end && heir->room.entry == NULL) {
            heir++;
        }
        answer->awaits = heir < end;
        if (heir < end) {
            occ_retain_hand_over(task->room.entry, heir->room.entry);
            heir->room.has_document = true;
        }
    }
    occ_retain_drop(&batch->retain, task->room.entry);
}

/* Commits the request of a task: its result is appended to the answer and kept, or waits; or nothing has happened. */
static struct occ_result
commit_task(struct occ_batch *batch, struct work *work, const struct occ_task *task, bool is_signed,
            struct occ_error *err)
{
    struct occ_answer *const answer = &work->answer;
    const struct end before = end_of(answer);
    struct occ_chain *const place = &batch->chains[task->request.chain];
    struct occ_chain chain = *place;
    struct occ_bytes encoded;
    struct occ_result done = put_result(batch, work, task, is_signed, &chain, &encoded);
    done = occ_is_ok(done) ? keep(batch, &chain, answer, encoded, task) : done;
    if (!occ_is_ok(done)) { /* PROTOCOL §2.3: nothing of it was given out; the chain is where it was */
        cut(answer, &before);
        drop_room(batch, answer, task);
        occ_nonces_drop(&work->nonces);
        return occ_batch_explain(batch, done.code, err);
    }
    *place = chain;
    for (uint32_t i = 1; i <= task->request.slot_count; i++) { /* only now: a refused commit leaves its slots unused */
        (void)occ_spent_put(&batch->tickets.spent, &occ_request_slot(&task->request, i)->ticket);
    }
    return occ_success();
}

/* The task has its place in the answer, as a result or as a refusal. */
static void
settle(struct occ_batch *batch, struct work *work, struct occ_task *task, bool is_signed)
{
    if (task->is_read && batch->halted) { /* also by one in front of it: what was signed since is not given out */
        if (task->room.entry != NULL) {
            drop_room(batch, &work->answer, task);
        }
        (void)!occ_is_ok(occ_error_set(&task->refusal, OCC_ERR_INTEGRITY, OCC_BATCH_HALTED_TEXT));
    } else if (task->refusal.code == OCC_OK) {
        (void)occ_is_ok(commit_task(batch, work, task, is_signed, &task->refusal)); /* a failure is in refusal */
    }
    if (task->refusal.code != OCC_OK) {
        occ_commit_put_refusal(&work->answer.writer, task->request.opaque, task->refusal.code,
                               occ_bytes_str(task->refusal.text));
    }
    occ_room_settle(&work->answer, &task->request, &task->room);
}

/* ---- a round ---- */

/* Reads requests that may be signed at the same time, and reserves their room. */
static void
gather(struct occ_batch *batch, struct occ_commit_reader *reader, const struct occ_request_rules *rules,
       struct occ_answer *answer)
{
    struct occ_round *const round = &batch->round;
    do {
        struct occ_task *const task = occ_round_add(round);
        struct occ_error *const refusal = &task->refusal;
        struct occ_result ready = occ_request_read(reader, rules, &task->request, refusal);
        task->is_read = occ_is_ok(ready);
        ready = occ_is_ok(ready) ? check_state(batch, answer, refusal) : ready;
        ready = occ_is_ok(ready) ? occ_room_reserve(batch, answer, &task->request, refusal, &task->room) : ready;
        round->digests += occ_is_ok(ready) ? task->request.count : 0;
        round->values_len += task->request.values.len;
    } while (round->count < answer->requests_left && !occ_round_is_full(round));
}

static void
commit_round(struct occ_batch *batch, struct work *work)
{
    struct occ_round *const round = &batch->round;
    const struct occ_round_work signing = {
        .epoch = &batch->epoch,
        .chains = batch->chains,
        .now_ms = work->now_ms,
        .waits = work->answer.waiting != NULL,
        .is_joined = work->answer.document != NULL,
        .nonces = &work->nonces,
    };
    const bool is_signed = occ_round_sign(round, &signing);
    for (size_t i = 0; i < round->count; i++) {
        settle(batch, work, &round->tasks[i], is_signed);
    }
    occ_round_end(round);
}

/* ---- a frame ---- */

/* Where the results of a frame go. */
static void
begin_answer(struct occ_batch *batch, uint64_t id, uint16_t requests, struct occ_outbox *out, struct occ_answer *answer)
{
    *answer = (struct occ_answer){ .out = out, .requests_left = requests };
    const bool is_taken = !batch->halted && occ_attesting_trouble(batch)[0] == '\0';
    if (is_taken && occ_attesting_waits(batch) && occ_waiting_has_room(&batch->waiting)) {
        answer->waiting = occ_waiting_frame_new(id);
    }
    occ_commit_begin_results(&answer->writer, answer->waiting == NULL ? &out->bytes : &answer->waiting->text, id);
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
occ_batch_handle(struct occ_batch *batch, const struct occ_frame *frame, struct occ_error *err, struct occ_outbox *out)
{
    if (frame->id == 0) {
        return occ_error_set(err, OCC_ERR_WIRE_MESSAGE, "a COMMIT with id 0, which no answer can name");
    }
    struct occ_commit_reader reader;
    uint16_t requests = 0;
    uint32_t digests = 0;
    if (!occ_is_ok(occ_request_check_frame(frame->payload, &digests)) ||
        !occ_is_ok(occ_commit_read(frame->payload, &reader, &requests))) {
        return occ_error_set(err, OCC_ERR_WIRE_MESSAGE, "a malformed COMMIT");
    }
    const struct occ_request_rules rules = {
        .digests_max = batch->digests_max,
        .chains = batch->chains,
        .chain_count = batch->chain_count,
        .agency = { .rules = &batch->rules, .tickets = &batch->tickets, .now_ms = occ_batch_now(batch) },
    };
    struct work work = { .now_ms = occ_batch_time(batch) };
    begin_answer(batch, frame->id, requests, out, &work.answer);
    occ_nonces_begin(&work.nonces, batch->random, batch->ctx, digests);
    while (work.answer.requests_left > 0) {
        gather(batch, &reader, &rules, &work.answer);
        commit_round(batch, &work);
    }
    occ_nonces_drop(&work.nonces);
    occ_commit_end_results(&work.answer.writer);
    /* Whether out could hold it, the gate looks: nobody else writes to it in between. */
    return work.answer.waiting == NULL ? occ_success() : end_waiting(batch, work.answer.waiting, err, &out->bytes);
}
