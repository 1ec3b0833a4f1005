/* boundary_frames.c — what is sent to the boundary and what comes back: requests share frames, results go to the ledger. */
#include "server/boundary_private.h"

#include "wire/attest.h"

bool
occ_boundary_awaits_answer(const struct occ_boundary *boundary)
{
    return boundary->flight_count > 0 || boundary->ping_id != 0 || boundary->issues_sent.count > 0 ||
           occ_recovery_state(boundary->recovery) == OCC_RECOVERY_LINKING;
}

void
occ_boundary_note_asked(struct occ_boundary *boundary)
{
    if (!occ_boundary_awaits_answer(boundary)) {
        boundary->progress_ms = occ_loop_now_ms(boundary->config.loop);
    }
}

/* ---- to the boundary ---- */

void
occ_boundary_ask(struct occ_boundary *boundary, struct occ_asker *asker)
{
    if (boundary->stopping || !occ_session_is_up(boundary->session)) {
        asker->done(asker, occ_result_of(OCC_ERR_UNAVAILABLE));
        return;
    }
    occ_askers_add(&boundary->askers, asker, occ_loop_now_ms(boundary->config.loop));
    occ_boundary_start_ticking(boundary);
    if (boundary->ping_id != 0) {
        return; /* its answer is an answer to this one too */
    }
    occ_boundary_note_asked(boundary);
    boundary->ping_id = ++boundary->frames;
    OCC_BUF_AUTO(out, OCC_LIMIT_FRAME_LEN);
    occ_frame_end(&out, occ_frame_begin(&out, OCC_FRAME_PING, boundary->ping_id));
    occ_session_send(boundary->session, &out);
}

static void
tell_sent(const struct occ_boundary *boundary, const struct occ_pending_list *requests)
{
    uint64_t digests = 0;
    if (boundary->config.on_sent == NULL) {
        return;
    }
    for (const struct occ_pending *pending = requests->first; pending != NULL; pending = pending->next) {
        digests += pending->digests;
    }
    boundary->config.on_sent(boundary->config.ctx, requests->count, digests);
}

static void
send_frame(struct occ_boundary *boundary)
{
    struct occ_boundary_flight *flight = &boundary->flights[boundary->flight_count];
    *flight = (struct occ_boundary_flight){ .id = ++boundary->frames };
    OCC_BUF_AUTO(out, OCC_LIMIT_FRAME_LEN + OCC_FRAME_HEAD_LEN);
    occ_boundary_note_asked(boundary);
    const struct occ_result packed =
        occ_pending_pack(&boundary->queue, &boundary->rules, flight->id, &flight->requests, &out);
    if (!occ_is_ok(packed)) {
        occ_pending_fail_all(&flight->requests, packed.code == OCC_ERR_LIMIT ? OCC_ERR_LIMIT : OCC_ERR_BUSY,
                             occ_result_text(packed.code));
        return;
    }
    boundary->flight_count++;
    tell_sent(boundary, &flight->requests);
    occ_session_send(boundary->session, &out);
}

/* DESIGN §4, promise 5: clients that ask for long answers and read none must not fill the memory. */
static void
refuse_without_room(struct occ_boundary *boundary)
{
    size_t held = boundary->config.unsent(boundary->config.ctx) + occ_results_len(boundary->results);
    for (size_t i = 0; i < boundary->flight_count; i++) {
        held += boundary->flights[i].requests.answer_len;
    }
    struct occ_pending_list refused = { 0 };
    while (boundary->queue.first != NULL && held + boundary->queue.first->answer_len > OCC_LIMIT_ANSWERS_LEN) {
        occ_pending_push(&refused, occ_pending_pop(&boundary->queue));
    }
    occ_pending_fail_all(&refused, OCC_ERR_BUSY, occ_result_text(OCC_ERR_BUSY));
}

void
occ_boundary_acknowledge(struct occ_boundary *boundary)
{
    OCC_BUF_AUTO(out, OCC_LIMIT_FRAME_LEN);
    if (occ_results_put_ack(boundary->results, &out)) {
        occ_session_send(boundary->session, &out);
    }
}

static void
send_issues(struct occ_boundary *boundary)
{
    if (boundary->issues.count == 0) {
        return;
    }
    OCC_BUF_AUTO(out, OCC_LIMIT_FRAME_LEN);
    occ_boundary_note_asked(boundary);
    occ_issues_send(&boundary->issues, &boundary->issues_sent, &boundary->frames, &out);
    if (!occ_is_ok(occ_buf_check(&out))) {
        occ_issues_fail_all(&boundary->issues_sent, OCC_ERR_BUSY);
        return;
    }
    occ_session_send(boundary->session, &out);
}

/* Whoever waits for the boundary waits in vain while this lasts. */
static void
fail_waiting(struct occ_boundary *boundary)
{
    occ_pending_fail_all(&boundary->queue, OCC_ERR_UNAVAILABLE, occ_result_text(OCC_ERR_UNAVAILABLE));
    occ_issues_fail_all(&boundary->issues, OCC_ERR_UNAVAILABLE);
    occ_askers_answer_all(&boundary->ready_askers, OCC_ERR_UNAVAILABLE);
}

void
occ_boundary_turn(void *ctx)
{
    struct occ_boundary *boundary = ctx;
    if (boundary->stopping || !occ_session_is_up(boundary->session)) {
        return;
    }
    occ_boundary_acknowledge(boundary);
    occ_recovery_turn(boundary->recovery, occ_results_settled(boundary->results),
                      occ_results_durable(boundary->results));
    if (occ_boundary_trouble(boundary) != NULL) {
        fail_waiting(boundary);
        return;
    }
    if (!occ_boundary_is_ready(boundary)) {
        return;
    }
    send_issues(boundary);
    while (boundary->queue.count > 0 && boundary->flight_count < OCC_LIMIT_FRAMES_IN_FLIGHT) {
        refuse_without_room(boundary);
        if (boundary->queue.count > 0) {
            send_frame(boundary);
        }
    }
}

/* ---- frames from the boundary ---- */

static struct occ_result
take_results(struct occ_boundary *boundary, const struct occ_frame *frame)
{
    if (frame->id == 0) {
        OCC_ENSURE(!occ_boundary_is_ready(boundary), OCC_ERR_WIRE_MESSAGE);
        return occ_results_take_again(boundary->results, frame->payload);
    }
    struct occ_boundary_flight *flight = &boundary->flights[0];
    OCC_ENSURE(boundary->flight_count > 0 && frame->id == flight->id, OCC_ERR_WIRE_MESSAGE);
    const struct occ_result taken = occ_results_take(boundary->results, &flight->requests, frame->payload);
    if (flight->requests.count == 0) {
        boundary->flight_count--;
        memmove(flight, flight + 1, boundary->flight_count * sizeof(*flight));
    }
    return taken;
}

/* A boundary that answers but takes no commits is not well; it tries by itself to become so. */
static struct occ_result
take_pong(struct occ_boundary *boundary, const struct occ_frame *frame)
{
    struct occ_status status;
    OCC_ENSURE(frame->id == boundary->ping_id && frame->id != 0, OCC_ERR_WIRE_MESSAGE);
    OCC_TRY(occ_status_read(frame->payload, &status));
    boundary->ping_id = 0;
    boundary->unwell[0] = 0;
    if (status.trouble.len > 0) {
        struct occ_error sentence;
        (void)occ_error_set(&sentence, OCC_ERR_UNAVAILABLE, "%.*s", (int)status.trouble.len, status.trouble.ptr);
        memcpy(boundary->unwell, sentence.text, sizeof(boundary->unwell));
    }
    occ_askers_answer_all(&boundary->askers, status.trouble.len == 0 ? OCC_OK : OCC_ERR_UNAVAILABLE);
    return occ_success();
}

const char *
occ_boundary_unwell(const struct occ_boundary *boundary)
{
    return boundary->unwell[0] == 0 || !occ_session_is_up(boundary->session) ? NULL : boundary->unwell;
}

struct occ_result
occ_boundary_take(void *ctx, const struct occ_frame *frame)
{
    struct occ_boundary *boundary = ctx;
    if (frame->type == OCC_FRAME_RESULT) {
        OCC_TRY(take_results(boundary, frame));
    } else if (frame->type == OCC_FRAME_PONG) {
        OCC_TRY(take_pong(boundary, frame));
    } else if (frame->type == OCC_FRAME_ISSUED) {
        OCC_TRY(occ_issues_take(&boundary->issues_sent, frame));
    } else if (frame->type == OCC_FRAME_LINKED) {
        OCC_TRY(occ_recovery_take_linked(boundary->recovery, frame));
    } else {
        return occ_result_of(OCC_ERR_WIRE_MESSAGE);
    }
    boundary->progress_ms = occ_loop_now_ms(boundary->config.loop);
    return occ_success();
}

void
occ_boundary_fail_all(struct occ_boundary *boundary)
{
    const bool owned = occ_session_owns_boundary(boundary->session);
    const enum occ_err sent_code = owned ? OCC_ERR_UNAVAILABLE : OCC_ERR_UNKNOWN_OUTCOME;
    const size_t count = boundary->flight_count;
    boundary->flight_count = 0;
    boundary->ping_id = 0;
    for (size_t i = 0; i < count; i++) {
        occ_pending_fail_all(&boundary->flights[i].requests, sent_code, occ_result_text(sent_code));
    }
    occ_issues_fail_all(&boundary->issues_sent, OCC_ERR_UNAVAILABLE);
    fail_waiting(boundary);
    occ_askers_answer_all(&boundary->askers, OCC_ERR_UNAVAILABLE);
}
