/* settle.c — see settle.h. */
#include "boundary/settle.h"

/* ---- completed ---- */

/* The first frame has its documents: it is sent and kept, and what it holds is given out. */
static struct occ_result
complete_first(struct occ_batch *batch, const struct occ_waiting_join *join, struct occ_outbox *out)
{
    OCC_TRY(occ_waiting_complete(batch->waiting.first, join, &batch->retain, out));
    struct occ_waiting_frame *const frame = occ_waiting_pop(&batch->waiting);
    const struct occ_waiting_result *const results = (const void *)frame->results.ptr;
    for (size_t i = 0; i < frame->results.len / sizeof *results; i++) {
        struct occ_batch_mark *const mark = &batch->marks[results[i].chain];
        mark->counter = mark->counter > results[i].head_counter ? mark->counter : results[i].head_counter;
        mark->head_counter = results[i].head_counter;
        memcpy(mark->link_hash, results[i].link_hash, sizeof mark->link_hash);
    }
    occ_waiting_frame_free(frame, &batch->retain);
    return occ_success();
}

static struct occ_result
add_document(struct occ_waiting_frame *frame, struct occ_document *document)
{
    occ_buf_put(&frame->documents, occ_bytes_of(&document, sizeof document));
    OCC_TRY(occ_buf_check(&frame->documents));
    (void)occ_document_ref(document);
    return occ_success();
}

/* The document is about all proofs of so many frames. */
static struct occ_result
complete_batch(struct occ_batch *batch, struct occ_document *document, struct occ_outbox *out)
{
    const struct occ_tree *const tree = &batch->attesting.tree;
    struct occ_waiting_join join = { .tree = tree->size == 1 ? NULL : tree, .opening_len = batch->epoch.opening_len };
    for (size_t left = batch->attesting.frames; left > 0; left--) {
        const size_t proofs = occ_waiting_proofs(batch->waiting.first);
        OCC_TRY(add_document(batch->waiting.first, document));
        OCC_TRY(complete_first(batch, &join, out));
        join.first_leaf += proofs;
    }
    return occ_success();
}

/* The document is about the next proof of the first frame. */
static struct occ_result
complete_one(struct occ_batch *batch, struct occ_document *document, struct occ_outbox *out)
{
    struct occ_waiting_frame *const frame = batch->waiting.first;
    OCC_TRY(add_document(frame, document));
    if (frame->documents.len / sizeof document < occ_waiting_proofs(frame)) {
        return occ_success();
    }
    return complete_first(batch, &(struct occ_waiting_join){ .opening_len = batch->epoch.opening_len }, out);
}

struct occ_result
occ_settle_complete(struct occ_batch *batch, struct occ_document *document, struct occ_outbox *out)
{
    if (batch->epoch.attester.mode == OCC_ATTEST_BATCH) {
        OCC_TRY(complete_batch(batch, document, out));
    } else {
        OCC_TRY(complete_one(batch, document, out));
    }
    /* Refusals wait only for what stood in front of them. */
    while (batch->waiting.first != NULL && occ_waiting_proofs(batch->waiting.first) == 0) {
        OCC_TRY(complete_first(batch, &(struct occ_waiting_join){ .tree = NULL }, out));
    }
    return occ_success();
}

/* ---- discarded ---- */

/* Chains stand where those who were given something left them. Their time, and that they have signed, does not go back. */
static void
go_back(struct occ_batch *batch)
{
    for (size_t i = 0; i < batch->chain_count; i++) {
        const struct occ_batch_mark *const mark = &batch->marks[i];
        struct occ_chain *const chain = &batch->chains[i];
        chain->counter = mark->counter;
        chain->head_counter = mark->head_counter;
        memcpy(chain->link_hash, mark->link_hash, sizeof chain->link_hash);
    }
}

/* Slots that nobody saw consumed can be consumed. */
static void
take_back_slots(struct occ_spent *spent, const struct occ_waiting_frame *frame)
{
    const struct occ_ticket *const tickets = (const void *)frame->tickets.ptr;
    for (size_t i = 0; i < frame->tickets.len / sizeof *tickets; i++) {
        occ_spent_take_back(spent, &tickets[i]);
    }
}

void
occ_settle_discard(struct occ_batch *batch, enum occ_err code, const char *text, struct occ_buf *out)
{
    while (batch->waiting.first != NULL) {
        struct occ_waiting_frame *const frame = occ_waiting_pop(&batch->waiting);
        if (out != NULL) {
            occ_waiting_refuse(frame, code, occ_bytes_str(text), out);
        }
        take_back_slots(&batch->tickets.spent, frame);
        occ_waiting_frame_free(frame, &batch->retain);
    }
    if (occ_attesting_waits(batch)) {
        go_back(batch);
    }
}
