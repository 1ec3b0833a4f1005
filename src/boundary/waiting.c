/* waiting.c — see waiting.h. */
#include "boundary/waiting.h"

#include <stdlib.h>

#include "wire/commit.h"
#include "wire/frame.h"

enum { COUNTS_LEN = 2 + 2 /* in front of a RESULT's results, while it has no documents */ };

/* ---- the queue ---- */

struct occ_waiting_frame *
occ_waiting_frame_new(uint64_t id)
{
    struct occ_waiting_frame *const frame = malloc(sizeof *frame);
    if (frame != NULL) {
        *frame = (struct occ_waiting_frame){
            .id = id,
            .text = OCC_BUF_INIT(4 + OCC_LIMIT_FRAME_LEN),
            .results = OCC_BUF_INIT(OCC_LIMIT_FRAME_REQUESTS * sizeof(struct occ_waiting_result)),
            .tickets = OCC_BUF_INIT(OCC_LIMIT_ATTEST_WAITING * sizeof(struct occ_ticket)),
            .hashes = OCC_BUF_INIT((size_t)OCC_LIMIT_ATTEST_WAITING * OCC_SHA256_LEN),
            .documents = OCC_BUF_INIT((size_t)OCC_LIMIT_ATTEST_WAITING * sizeof(struct occ_document *)),
        };
    }
    return frame;
}

static struct occ_waiting_result *
result_at(const struct occ_waiting_frame *frame, size_t index)
{
    return (struct occ_waiting_result *)(void *)frame->results.ptr + index;
}

static struct occ_document **
documents_of(const struct occ_waiting_frame *frame)
{
    return (struct occ_document **)(void *)frame->documents.ptr;
}

static size_t
document_count(const struct occ_waiting_frame *frame)
{
    return frame->documents.len / sizeof(struct occ_document *);
}

void
occ_waiting_frame_free(struct occ_waiting_frame *frame, struct occ_retain *retain)
{
    for (size_t i = 0; i < frame->results.len / sizeof(struct occ_waiting_result); i++) {
        if (result_at(frame, i)->entry != NULL) {
            occ_retain_drop(retain, result_at(frame, i)->entry);
        }
    }
    for (size_t i = 0; i < document_count(frame); i++) {
        occ_document_unref(documents_of(frame)[i]);
    }
    occ_buf_clear(&frame->text);
    occ_buf_clear(&frame->results);
    occ_buf_clear(&frame->tickets);
    occ_buf_clear(&frame->hashes);
    occ_buf_clear(&frame->documents);
    free(frame);
}

static size_t
size_of(const struct occ_waiting_frame *frame)
{
    return sizeof *frame + frame->text.cap + frame->results.cap + frame->tickets.cap + frame->hashes.cap;
}

bool
occ_waiting_has_room(const struct occ_waiting *waiting)
{
    return waiting->frames < OCC_LIMIT_ATTEST_FRAMES && waiting->len < OCC_LIMIT_ATTEST_WAITING_LEN;
}

void
occ_waiting_push(struct occ_waiting *waiting, struct occ_waiting_frame *frame)
{
    frame->next = NULL;
    if (waiting->last == NULL) {
        waiting->first = frame;
    } else {
        waiting->last->next = frame;
    }
    waiting->last = frame;
    waiting->frames++;
    waiting->proofs += occ_waiting_proofs(frame);
    waiting->len += size_of(frame);
}

struct occ_waiting_frame *
occ_waiting_pop(struct occ_waiting *waiting)
{
    struct occ_waiting_frame *const frame = waiting->first;
    waiting->first = frame->next;
    if (waiting->first == NULL) {
        waiting->last = NULL;
    }
    waiting->frames--;
    waiting->proofs -= occ_waiting_proofs(frame);
    waiting->len -= size_of(frame);
    return frame;
}

/* The results in its text. It was written here: it can be read, and each proof names document 1. */
static struct occ_commit_results
read_back(const struct occ_waiting_frame *frame)
{
    struct occ_reader in = occ_reader_of(occ_buf_view(&frame->text));
    (void)occ_reader_take(&in, OCC_FRAME_HEAD_LEN + 2);
    const uint16_t results = occ_reader_be16(&in);
    return (struct occ_commit_results){ .in = in, .document_count = 1, .result_count = results };
}

/* ---- completion ---- */

/* A frame at work: where the next proof and the next success stand. */
struct completion {
    const struct occ_waiting_frame *frame;
    const struct occ_waiting_join *join;
    struct occ_retain *retain;
    struct occ_outbox *out;
    struct occ_result_writer writer; /* of the answer */
    size_t proof, success;
};

static void
put_proof(struct completion *completion, const struct occ_commit_proof *proof, struct occ_result_writer *writer)
{
    const struct occ_waiting_join *const join = completion->join;
    const struct occ_write_opening opening = { .batch = proof->place - join->opening_len, .report = proof->place };
    const bool shares = document_count(completion->frame) == 1;
    struct occ_tree_place place;
    if (join->tree != NULL) {
        occ_tree_find(join->tree, join->first_leaf + completion->proof, &place);
    }
    const size_t begin = occ_commit_begin_proof(writer, proof->counter, proof->digest);
    const size_t at = occ_write_joined(writer->buf, proof->text, &opening, join->tree == NULL ? NULL : &place);
    occ_commit_end_proof(writer, begin, (uint16_t)(shares ? 1 : completion->proof + 1), at);
    completion->proof++;
}

static void
put_success(struct completion *completion, struct occ_commit_outcome *outcome)
{
    struct occ_waiting_result *const result = result_at(completion->frame, completion->success++);
    struct occ_buf draft = occ_retain_draft(result->entry);
    struct occ_result_writer apart = { .buf = &draft };
    const bool is_long = occ_retain_is_long(draft.limit);
    struct occ_result_writer *const writer = is_long ? &apart : &completion->writer;
    const size_t begin = writer->buf->len, first = completion->proof;
    occ_commit_put_success(writer, outcome->opaque, completion->retain->newest + 1, outcome->chain_id);
    struct occ_commit_proof proof;
    while (occ_commit_next_proof(&outcome->proofs, &proof)) {
        put_proof(completion, &proof, writer);
    }
    if (draft.fail != OCC_OK) {
        abort(); /* as occ_retain_keep does: the room was reserved wrongly */
    }
    const bool shares = document_count(completion->frame) == 1;
    const struct occ_retain_documents documents = {
        .list = documents_of(completion->frame) + (shares ? 0 : first),
        .count = (uint16_t)(shares ? 1 : completion->proof - first),
        .first = (uint16_t)(shares ? 1 : first + 1),
    };
    const struct occ_bytes encoded = occ_bytes_of(writer->buf->ptr + begin, writer->buf->len - begin);
    occ_retain_keep(completion->retain, result->entry, encoded, &documents);
    if (is_long) {
        occ_commit_put_result_elsewhere(&completion->writer, encoded.len);
        occ_outbox_put_stored(completion->out, result->entry);
    }
    result->entry = NULL;
}

/* The most bytes that are put into the outbox: all but the long results. */
static size_t
copied_len_max(const struct occ_waiting_frame *frame, size_t *ret_long_results)
{
    size_t len = frame->text.len, long_results = 0;
    for (size_t i = 0; i < frame->results.len / sizeof(struct occ_waiting_result); i++) {
        const struct occ_waiting_result *const result = result_at(frame, i);
        const size_t len_max = occ_retain_draft(result->entry).limit;
        const bool is_long = occ_retain_is_long(len_max);
        len += (is_long ? 0 : len_max) - result->len; /* it is in the text: the sum is never below zero */
        long_results += is_long ? 1 : 0;
    }
    for (size_t i = 0; i < document_count(frame); i++) {
        len += 4 + documents_of(frame)[i]->len;
    }
    *ret_long_results = long_results;
    return len;
}

struct occ_result
occ_waiting_complete(struct occ_waiting_frame *frame, const struct occ_waiting_join *join, struct occ_retain *retain,
                     struct occ_outbox *out)
{
    size_t long_results = 0;
    if (occ_buf_reserve(&out->bytes, copied_len_max(frame, &long_results)) == NULL) {
        return occ_buf_check(&out->bytes);
    }
    OCC_TRY(occ_outbox_reserve(out, long_results));
    struct completion completion = { .frame = frame, .join = join, .retain = retain, .out = out };
    occ_commit_begin_results(&completion.writer, &out->bytes, frame->id);
    for (size_t i = 0; i < document_count(frame); i++) {
        (void)occ_commit_put_document(&completion.writer, occ_document_b64(documents_of(frame)[i]));
    }
    struct occ_commit_results in = read_back(frame);
    for (uint16_t left = in.result_count; left > 0; left--) {
        struct occ_commit_outcome outcome;
        OCC_TRY(occ_commit_next_result(&in, &outcome));
        if (outcome.code == OCC_OK) {
            put_success(&completion, &outcome);
        } else {
            occ_commit_put_refusal(&completion.writer, outcome.opaque, outcome.code, outcome.text);
        }
    }
    occ_commit_end_results(&completion.writer);
    return occ_buf_check(&out->bytes);
}

void
occ_waiting_refuse(const struct occ_waiting_frame *frame, enum occ_err code, struct occ_bytes text, struct occ_buf *out)
{
    struct occ_result_writer writer;
    occ_commit_begin_results(&writer, out, frame->id);
    struct occ_commit_results in = read_back(frame);
    for (uint16_t left = in.result_count; left > 0; left--) {
        struct occ_commit_outcome outcome;
        if (!occ_is_ok(occ_commit_next_result(&in, &outcome))) {
            abort(); /* it was written here */
        }
        const bool was_good = outcome.code == OCC_OK;
        occ_commit_put_refusal(&writer, outcome.opaque, was_good ? code : outcome.code, was_good ? text : outcome.text);
    }
    occ_commit_end_results(&writer);
}
