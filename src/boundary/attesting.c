/* attesting.c — see attesting.h. docs/boundary.md has the states, and what a failure discards. */
#include "boundary/attesting.h"

#include <stdio.h>
#include <stdlib.h>

#include "boundary/settle.h"

/* A certificate that does not say until when it is good: those of Nitro machines are for three hours. */
#define LIFE_MS (UINT64_C(3) * 3600 * 1000)
/* More than any certificate's: no sum with it overflows. */
#define LIFE_MAX_MS (UINT64_C(366) * 24 * 3600 * 1000)
/* Document times beyond it cannot be a proof's (chain.c). */
#define TIME_MS_MAX ((UINT64_C(1) << 53) - 1)

enum { LEN_SLACK = 1024 }; /* that a document's base64 may be longer than those before */

struct occ_result
occ_attesting_init(struct occ_batch *batch)
{
    if (batch->epoch.attester.mode == OCC_ATTEST_BATCH) {
        return occ_tree_begin(&batch->attesting.tree, OCC_LIMIT_ATTEST_LEAVES);
    }
    return occ_success();
}

void
occ_attesting_clear(struct occ_attesting *attesting)
{
    occ_tree_clear(&attesting->tree);
    occ_document_unref(attesting->key);
    attesting->key = NULL;
}

bool
occ_attesting_waits(const struct occ_batch *batch)
{
    const enum occ_attest_mode mode = batch->epoch.attester.mode;
    return mode == OCC_ATTEST_COMMIT || mode == OCC_ATTEST_BATCH;
}

size_t
occ_attesting_joined_len_max(const struct occ_batch *batch)
{
    switch (batch->epoch.attester.mode) {
    case OCC_ATTEST_NONE:
        return 0;
    case OCC_ATTEST_BATCH:
        return occ_write_joined_len_max(OCC_LIMIT_ATTEST_LEAVES);
    case OCC_ATTEST_COMMIT:
    case OCC_ATTEST_EPOCH:
        break;
    }
    return occ_write_joined_len_max(1);
}

/* ---- how it is ---- */

const char *
occ_attesting_trouble(const struct occ_batch *batch)
{
    const struct occ_attesting *const attesting = &batch->attesting;
    const enum occ_attest_mode mode = batch->epoch.attester.mode;
    const bool has_key = attesting->key != NULL;
    const bool is_good = has_key && batch->tickets.uptime_ms < attesting->key_expires_ms;
    if (mode == OCC_ATTEST_NONE || (mode == OCC_ATTEST_EPOCH ? is_good : has_key && !attesting->down)) {
        return "";
    }
    if (attesting->down) {
        return attesting->trouble;
    }
    return has_key ? "the attestation document about the signing key has expired"
                   : "there is no attestation document about the signing key yet";
}

struct occ_status
occ_attesting_status(const struct occ_batch *batch)
{
    struct occ_status status = batch->attesting.status;
    status.trouble = occ_bytes_str(occ_attesting_trouble(batch));
    status.has_attester = batch->epoch.attester.mode != OCC_ATTEST_NONE;
    status.waiting = (uint32_t)batch->waiting.proofs;
    return status;
}

uint64_t
occ_attesting_next_ms(const struct occ_batch *batch)
{
    const struct occ_attesting *const attesting = &batch->attesting;
    if (batch->epoch.attester.mode == OCC_ATTEST_NONE || batch->halted) {
        return UINT64_MAX;
    }
    if (attesting->out != OCC_ATTESTING_NOTHING) {
        return attesting->down ? UINT64_MAX : attesting->asked_ms + OCC_LIMIT_ATTEST_MS;
    }
    if (attesting->down || attesting->key == NULL) {
        return attesting->retry_ms;
    }
    const bool asked = attesting->askers.count > 0 && attesting->askers.next_ms < attesting->key_renew_ms;
    return asked ? attesting->askers.next_ms : attesting->key_renew_ms;
}

/* ---- what is wanted ---- */

static enum occ_attesting_out
choose(const struct occ_batch *batch)
{
    const struct occ_attesting *const attesting = &batch->attesting;
    const uint64_t uptime_ms = batch->tickets.uptime_ms;
    if (attesting->down || attesting->key == NULL) {
        return uptime_ms >= attesting->retry_ms ? OCC_ATTESTING_KEY : OCC_ATTESTING_NOTHING;
    }
    if (uptime_ms >= attesting->key_renew_ms) {
        return OCC_ATTESTING_KEY;
    }
    if (attesting->askers.count > 0 && uptime_ms >= attesting->askers.next_ms) {
        return OCC_ATTESTING_NONCE;
    }
    return batch->waiting.first == NULL ? OCC_ATTESTING_NOTHING : OCC_ATTESTING_PROOFS;
}

static const uint8_t *
hash_at(const struct occ_waiting_frame *frame, size_t index)
{
    return frame->hashes.ptr + index * OCC_SHA256_LEN;
}

/* All that waits and fits one document, whole frames of it. */
static void
gather(struct occ_batch *batch)
{
    struct occ_attesting *const attesting = &batch->attesting;
    size_t proofs = 0;
    attesting->frames = 0;
    const struct occ_waiting_frame *const first = batch->waiting.first; /* it has proofs, or it would not wait */
    const struct occ_waiting_frame *end = first;
    while (end != NULL && proofs + occ_waiting_proofs(end) <= OCC_LIMIT_ATTEST_LEAVES) {
        proofs += occ_waiting_proofs(end);
        attesting->frames++;
        end = end->next;
    }
    const struct occ_result begun = occ_tree_begin(&attesting->tree, proofs);
    if (!occ_is_ok(begun)) {
        abort(); /* occ_attesting_init has made room for the largest one */
    }
    for (const struct occ_waiting_frame *frame = first; frame != end; frame = frame->next) {
        for (size_t i = 0; i < occ_waiting_proofs(frame); i++) {
            occ_tree_put(&attesting->tree, hash_at(frame, i));
        }
    }
    /* PROTOCOL §7: a batch of one is about the proof itself. */
    const uint8_t *const user_data = proofs == 1 ? hash_at(first, 0) : occ_tree_top(&attesting->tree);
    memcpy(attesting->user_data, user_data, sizeof attesting->user_data);
}

bool
occ_attesting_wants_document(struct occ_batch *batch, struct occ_attest_request *ret_request)
{
    struct occ_attesting *const attesting = &batch->attesting;
    if (batch->epoch.attester.mode == OCC_ATTEST_NONE || attesting->out != OCC_ATTESTING_NOTHING || batch->halted) {
        return false;
    }
    struct occ_attest_request request = {
        .public_key = occ_bytes_of(batch->epoch.signer.public_key, sizeof batch->epoch.signer.public_key),
    };
    const enum occ_attesting_out what = choose(batch);
    switch (what) {
    case OCC_ATTESTING_NOTHING:
        return false;
    case OCC_ATTESTING_KEY:
        break;
    case OCC_ATTESTING_NONCE:
        request.nonce = occ_bytes_of(attesting->askers.list[0].nonce, attesting->askers.list[0].len);
        break;
    case OCC_ATTESTING_PROOFS:
        if (batch->epoch.attester.mode == OCC_ATTEST_BATCH) {
            gather(batch);
        } else {
            const struct occ_waiting_frame *const frame = batch->waiting.first;
            const size_t next = frame->documents.len / sizeof(struct occ_document *);
            memcpy(attesting->user_data, hash_at(frame, next), sizeof attesting->user_data);
        }
        request.user_data = occ_bytes_of(attesting->user_data, sizeof attesting->user_data);
        break;
    }
    attesting->out = what;
    attesting->asked_ms = batch->tickets.uptime_ms;
    *ret_request = request;
    return true;
}

/* ---- the clock ---- */

/*
 * A document is made after it was asked for and before it came: its time lies between, if the other clock is right, which says
 * came_ms now. Less than 0: it is behind that.
 */
static int64_t
ahead_of(const struct occ_batch *batch, int64_t time_ms, int64_t came_ms)
{
    const int64_t asked_ms = came_ms - (int64_t)(batch->tickets.uptime_ms - batch->attesting.asked_ms);
    return time_ms < asked_ms ? time_ms - asked_ms : time_ms > came_ms ? time_ms - came_ms : 0;
}

static bool
is_off(int64_t ms)
{
    return ms > OCC_LIMIT_ATTEST_CLOCK_MS || ms < -OCC_LIMIT_ATTEST_CLOCK_MS;
}

/*
 * The machine's clock is set by whoever runs the machine, at any moment: it counts until the first document. After that time goes
 * on by the clock that nobody sets, from what documents say.
 */
static void
compare_clocks(struct occ_batch *batch, uint64_t time_ms)
{
    struct occ_attesting *const attesting = &batch->attesting;
    if (time_ms == 0 || time_ms > TIME_MS_MAX) {
        return;
    }
    const int64_t time = (int64_t)time_ms, machine_ms = (int64_t)batch->now_ms(batch->ctx);
    const int64_t lacks_ms = ahead_of(batch, time, machine_ms);
    attesting->status.clock_ms = lacks_ms;
    if (is_off(lacks_ms - attesting->offset_ms)) {
        attesting->offset_ms = lacks_ms;
        attesting->moved = true;
    }
    if (!attesting->has_clock) {
        attesting->has_clock = true;
        attesting->clock_ms = machine_ms - (int64_t)batch->tickets.uptime_ms;
    }
    const int64_t ahead_ms = ahead_of(batch, time, attesting->clock_ms + (int64_t)batch->tickets.uptime_ms);
    attesting->clock_ms += is_off(ahead_ms) ? ahead_ms : 0;
}

void
occ_attesting_discard(struct occ_batch *batch, enum occ_err code, const char *text, struct occ_buf *out)
{
    struct occ_attesting *const attesting = &batch->attesting;
    occ_settle_discard(batch, code, text, out);
    occ_askers_refuse(&attesting->askers, code, text, out);
    attesting->is_for_nobody = attesting->out == OCC_ATTESTING_NONCE || attesting->out == OCC_ATTESTING_PROOFS;
}

/* ---- what came ---- */

static void
take_key(struct occ_batch *batch, struct occ_document *document, const struct occ_attest_facts *facts)
{
    struct occ_attesting *const attesting = &batch->attesting;
    uint64_t life_ms = facts->not_after_ms == 0 ? LIFE_MS : 0;
    if (facts->not_after_ms > facts->time_ms) {
        const uint64_t left_ms = facts->not_after_ms - facts->time_ms;
        life_ms = left_ms < LIFE_MAX_MS ? left_ms : LIFE_MAX_MS;
    }
    const uint64_t renew_ms = life_ms / 2 > OCC_LIMIT_ATTEST_RETRY_MS ? life_ms / 2 : OCC_LIMIT_ATTEST_RETRY_MS;
    occ_document_unref(attesting->key);
    attesting->key = occ_document_ref(document);
    attesting->key_expires_ms = attesting->asked_ms + life_ms;
    attesting->key_renew_ms = attesting->asked_ms + renew_ms;
    attesting->down = false;
}

static struct occ_result
take_good(struct occ_batch *batch, struct occ_document *document, const struct occ_attest_facts *facts,
          struct occ_outbox *out)
{
    struct occ_attesting *const attesting = &batch->attesting;
    attesting->status.documents++;
    if (document->len + LEN_SLACK > attesting->document_len) {
        attesting->document_len = document->len + LEN_SLACK;
    }
    compare_clocks(batch, facts->time_ms);
    if (attesting->out == OCC_ATTESTING_KEY) {
        take_key(batch, document, facts);
    } else if (!attesting->is_for_nobody && attesting->out == OCC_ATTESTING_NONCE) {
        const struct occ_attest_answer answer = { .format = occ_bytes_str(batch->epoch.attester.format),
                                                  .report_b64 = occ_document_b64(document) };
        occ_askers_answer(&attesting->askers, &answer, &out->bytes);
    } else if (!attesting->is_for_nobody && attesting->out == OCC_ATTESTING_PROOFS) {
        return occ_settle_complete(batch, document, out);
    }
    return occ_success();
}

/* No document: all that waits is refused, and nothing new is taken until one about the key comes. */
static void
go_down(struct occ_batch *batch, const char *why, struct occ_buf *out)
{
    struct occ_attesting *const attesting = &batch->attesting;
    attesting->down = true;
    attesting->retry_ms = batch->tickets.uptime_ms + OCC_LIMIT_ATTEST_RETRY_MS;
    (void)snprintf(attesting->trouble, sizeof attesting->trouble, "%s", why);
    occ_attesting_discard(batch, OCC_ERR_ATTESTER, attesting->trouble, out);
}

/* All goes down with it. But a nonce was chosen by whoever asked, so its failure is that one's alone. */
static void
take_failure(struct occ_batch *batch, const struct occ_error *why, struct occ_buf *out)
{
    struct occ_attesting *const attesting = &batch->attesting;
    attesting->status.failures++;
    if (why->code == OCC_ERR_INTEGRITY) {
        batch->halted = true;
        occ_attesting_discard(batch, OCC_ERR_INTEGRITY, OCC_BATCH_HALTED_TEXT, out);
        return;
    }
    if (attesting->out == OCC_ATTESTING_NONCE) {
        if (!attesting->is_for_nobody) {
            const struct occ_attest_answer answer = { .code = OCC_ERR_ATTESTER, .text = occ_bytes_str(why->text) };
            occ_askers_answer(&attesting->askers, &answer, out);
        }
        return;
    }
    go_down(batch, why->text, out);
}

void
occ_attesting_look_at_device(struct occ_batch *batch, struct occ_buf *out)
{
    struct occ_attesting *const attesting = &batch->attesting;
    const bool is_awaited = attesting->out != OCC_ATTESTING_NOTHING && !attesting->down && !batch->halted;
    if (is_awaited && batch->tickets.uptime_ms - attesting->asked_ms >= OCC_LIMIT_ATTEST_MS) {
        attesting->status.failures++;
        go_down(batch, "the attestation device does not answer", out);
    }
}

/* The document in base64; or why there is none, from the attester or because it cannot be taken. */
static struct occ_result
read_outcome(const struct occ_attest_outcome *outcome, struct occ_error *err, struct occ_document **ret_document)
{
    if (outcome->code != OCC_OK) {
        return occ_error_set(err, outcome->code, "%s", outcome->text);
    }
    if (outcome->document.len == 0 || outcome->document.len > OCC_LIMIT_NSM_RESPONSE_LEN) {
        return occ_error_set(err, OCC_ERR_ATTESTER, "the attestation device gave a document of %zu bytes",
                             outcome->document.len);
    }
    const struct occ_result made = occ_document_new(outcome->document, ret_document);
    return occ_is_ok(made) ? made : occ_error_code(err, made.code);
}

struct occ_result
occ_attesting_take_document(struct occ_batch *batch, const struct occ_attest_outcome *outcome, struct occ_error *err,
                            struct occ_outbox *out)
{
    struct occ_attesting *const attesting = &batch->attesting;
    struct occ_error why = { .code = OCC_OK };
    struct occ_document *document = NULL;
    struct occ_result done = occ_success();
    attesting->status.document_ms = (uint32_t)(outcome->duration_us / 1000);
    if (attesting->out == OCC_ATTESTING_NONCE) {
        occ_askers_pause(&attesting->askers, batch->tickets.uptime_ms, outcome->duration_us);
    }
    if (occ_is_ok(read_outcome(outcome, &why, &document))) {
        done = take_good(batch, document, &outcome->facts, out);
        occ_document_unref(document);
    } else {
        take_failure(batch, &why, &out->bytes);
    }
    attesting->out = OCC_ATTESTING_NOTHING;
    attesting->is_for_nobody = false;
    return occ_is_ok(done) ? done
                           : occ_error_set(err, done.code, "no room for the answer: %s", occ_result_text(done.code));
}
