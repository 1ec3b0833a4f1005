/* room.c — see room.h. */
#include "boundary/room.h"

enum {
    /* A result beside its proofs: position, opaque, code, count; of a refusal, its sentence. */
    RESULT_HEAD_LEN_MAX = 8 + 1 + OCC_LIMIT_OPAQUE_LEN + 2 + 2 + OCC_LIMIT_CHAIN_ID_LEN + 4,
    REFUSAL_LEN_MAX = RESULT_HEAD_LEN_MAX + 2 + OCC_ERROR_TEXT_SIZE,
    PROOF_HEAD_LEN = 8 + OCC_SHA256_LEN + 2 + 4 + 4,
    DOCUMENT_HEAD_LEN = 4
};

/* Room for results of result_len and, whatever becomes of them, the requests_left of this frame. */
static struct occ_result
reserve_out(struct occ_buf *out, size_t result_len, size_t requests_left, struct occ_error *err)
{
    if (out->fail != OCC_OK) { /* something that belongs in front is missing: nothing may stand behind it */
        return occ_error_code(err, out->fail);
    }
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

/* The same for the long results, which only have their place there. */
static struct occ_result
reserve_stored(struct occ_outbox *out, size_t results, struct occ_error *err)
{
    const struct occ_result reserved = occ_outbox_reserve(out, results);
    return occ_is_ok(reserved) ? reserved : occ_error_code(err, reserved.code);
}

/* The most bytes that the proofs of the request can take. */
static size_t
proofs_len_max(const struct occ_batch *batch, const struct occ_answer *answer, const struct occ_request *request)
{
    const struct occ_chain *const chain = &batch->chains[request->chain];
    const size_t ahead = answer->proofs_reserved; /* some of them may be on this chain */
    size_t len = occ_chain_link_len(chain);
    for (uint32_t i = 0; i < request->count; i++) {
        const struct occ_chain_input input = occ_request_input(request, i);
        len += occ_chain_proof_len_max(chain, &batch->epoch, &input, ahead + request->count);
    }
    return len;
}

/* Room to remember the slots as used. */
static struct occ_result
reserve_spent(struct occ_batch *batch, const struct occ_request *request, struct occ_error *err)
{
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

/* No more waits than documents can soon be made about. */
static struct occ_result
check_waiting(const struct occ_batch *batch, const struct occ_answer *answer, uint32_t count, struct occ_error *err)
{
    const bool alone = batch->epoch.attester.mode == OCC_ATTEST_COMMIT;
    const size_t proofs = occ_waiting_proofs(answer->waiting) + answer->proofs_reserved + count;
    if (batch->waiting.proofs + proofs > (alone ? OCC_LIMIT_ATTEST_WAITING_ALONE : OCC_LIMIT_ATTEST_WAITING)) {
        return occ_error_set(err, OCC_ERR_BUSY, "too many proofs wait for their attestation documents");
    }
    if (proofs > OCC_LIMIT_ATTEST_LEAVES) { /* a frame never waits for two of them in turn */
        return occ_error_set(err, OCC_ERR_BUSY, "the proofs of this frame's requests are more than share a document");
    }
    return occ_success();
}

/* What the request takes, in bytes, at most. */
struct lengths {
    size_t proofs;               /* text of its proofs, as they are signed */
    size_t written;              /* its result, as it is written now, */
    size_t growth;               /* and what its frame grows by when it is completed */
    struct occ_retain_room room; /* in the retention store */
};

static struct lengths
lengths_of(const struct occ_batch *batch, const struct occ_answer *answer, const struct occ_request *request)
{
    const uint32_t count = request->count;
    const size_t joined_len = count * occ_attesting_joined_len_max(batch);
    struct lengths lengths = { .proofs = proofs_len_max(batch, answer, request) };
    lengths.written = RESULT_HEAD_LEN_MAX + lengths.proofs + count * (size_t)PROOF_HEAD_LEN;
    lengths.room.result_len = lengths.written + joined_len;
    if (answer->waiting != NULL) {
        const bool alone = batch->epoch.attester.mode == OCC_ATTEST_COMMIT;
        const size_t awaited = alone ? count : answer->awaits ? 0 : 1;
        lengths.room.document_count = (uint16_t)(alone ? count : 1);
        lengths.room.documents_len = awaited * occ_document_size(OCC_DOCUMENT_B64_LEN_MAX);
        lengths.growth = joined_len + awaited * (DOCUMENT_HEAD_LEN + OCC_DOCUMENT_B64_LEN_MAX);
    } else if (answer->document != NULL) {
        lengths.room.document_count = 1;
        const bool has_room = answer->document->retained > 0 || answer->awaits;
        lengths.room.documents_len = has_room ? 0 : occ_document_size(answer->document->len);
        lengths.written += joined_len;
    }
    return lengths;
}

/* PROTOCOL §3: what one caller is given has a limit, documents and all. */
static struct occ_result
check_answer(const struct occ_batch *batch, uint32_t count, const struct lengths *lengths, struct occ_error *err)
{
    const size_t added = occ_attesting_joined_len_max(batch) + batch->attesting.document_len;
    const size_t len = lengths->proofs + count * added;
    if (len > OCC_LIMIT_ANSWER_LEN) {
        return occ_error_set(err, OCC_ERR_LIMIT, "digests: their proofs would take %zu bytes, at most %u are given out",
                             len, OCC_LIMIT_ANSWER_LEN);
    }
    return occ_success();
}

static struct occ_result
reserve_retained(struct occ_batch *batch, const struct occ_retain_room *room, struct occ_error *err,
                 struct occ_retain_entry **ret_entry)
{
    const struct occ_result reserved = occ_retain_reserve(&batch->retain, room, ret_entry);
    switch (reserved.code) {
    case OCC_OK:
        return occ_success();
    case OCC_ERR_BUSY:
        return occ_error_set(err, reserved.code, "too many results are not yet acknowledged as durable");
    case OCC_ERR_LIMIT:
        return occ_error_set(err, reserved.code, "digests: their proofs are larger than what the boundary may keep");
    default:
        return occ_error_code(err, reserved.code);
    }
}

struct occ_result
occ_room_reserve(struct occ_batch *batch, struct occ_answer *answer, const struct occ_request *request,
                 struct occ_error *err, struct occ_room *ret_room)
{
    const struct occ_result_writer *const writer = &answer->writer;
    const struct lengths lengths = lengths_of(batch, answer, request);
    OCC_TRY(reserve_spent(batch, request, err));
    OCC_TRY(check_answer(batch, request->count, &lengths, err));
    if (answer->waiting != NULL) {
        OCC_TRY(check_waiting(batch, answer, request->count, err));
    }
    const size_t written = answer->reserved + lengths.written;
    const size_t growth = answer->growth + lengths.growth;
    const size_t frame_len = writer->buf->len - writer->frame + writer->elsewhere + written + growth;
    if (frame_len + answer->requests_left * REFUSAL_LEN_MAX > OCC_LIMIT_FRAME_LEN) {
        return occ_error_set(err, OCC_ERR_BUSY, "the results of this frame's requests are larger than a frame");
    }
    struct occ_room room = { .written = lengths.written,
                             .is_long = answer->waiting == NULL && occ_retain_is_long(lengths.room.result_len),
                             .has_document = lengths.room.documents_len > 0 && !answer->awaits };
    const size_t long_len = answer->long_len + (room.is_long ? room.written : 0);
    const size_t long_count = answer->long_count + (room.is_long ? 1 : 0);
    OCC_TRY(reserve_out(writer->buf, written - long_len, answer->requests_left, err));
    OCC_TRY(reserve_stored(answer->out, long_count, err));
    OCC_TRY(reserve_retained(batch, &lengths.room, err, &room.entry));
    answer->reserved = written;
    answer->long_len = long_len;
    answer->long_count = long_count;
    answer->proofs_reserved += request->count;
    answer->growth = growth;
    answer->awaits = true;
    *ret_room = room;
    return occ_success();
}

void
occ_room_settle(struct occ_answer *answer, const struct occ_request *request, const struct occ_room *room)
{
    answer->requests_left--;
    if (room->entry != NULL) {
        answer->reserved -= room->written;
        answer->proofs_reserved -= request->count;
        answer->long_len -= room->is_long ? room->written : 0;
        answer->long_count -= room->is_long ? 1 : 0;
    }
}
