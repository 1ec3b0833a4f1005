/* boundary_frames.c — what is sent to the boundary and what comes back: requests share frames, results go to the ledger. */
#include "server/boundary_private.h"

bool
occ_boundary_awaits_answer(const struct occ_boundary *boundary)
{
    return boundary->flight_count > 0 || boundary->ping_id != 0 || boundary->issues_sent.count > 0 ||
           occ_recovery_state(boundary->recovery) == OCC_RECOVERY_LINKING;
}

bool
occ_boundary_is_stuck(const struct occ_boundary *boundary, uint64_t now_ms, uint64_t limit_ms)
{
    if (boundary->flight_count > 0 && now_ms - boundary->results_ms > limit_ms) {
        return true;
    }
    return occ_boundary_awaits_answer(boundary) && now_ms - boundary->progress_ms > limit_ms;
}

void
occ_boundary_note_asked(struct occ_boundary *boundary)
{
    if (!occ_boundary_awaits_answer(boundary)) {
        boundary->progress_ms = occ_loop_now_ms(boundary->config.loop);
    }
}

/* ---- to the boundary ---- */

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
    if (boundary->flight_count++ == 0) {
        boundary->results_ms = occ_loop_now_ms(boundary->config.loop);
    }
    tell_sent(boundary, &flight->requests);
    occ_session_send(boundary->session, &out);
}

/* DESIGN §4, promise 5: clients that ask for long answers and read none must not fill the memory. */
static void
refuse_without_room(struct occ_boundary *boundary)
{
    const size_t unsent = boundary->config.unsent(boundary->config.ctx);
    struct occ_pending_list refused = { 0 };
    while (boundary->queue.first != NULL && unsent + boundary->queue.first->answer_len > OCC_LIMIT_ANSWERS_LEN) {
        occ_pending_push(&refused, occ_pending_pop(&boundary->queue));
    }
    occ_pending_fail_all(&refused, OCC_ERR_BUSY, occ_result_text(OCC_ERR_BUSY));
}

/* Both sides hold results until they are durable. The slower the disk, the more there must be for the boundary to sign meanwhile. */
static size_t
undurable_max(const struct occ_boundary *boundary)
{
    const uint64_t last_ms = occ_store_last_write_us(boundary->config.store) / 1000;
    const uint64_t len = OCC_LIMIT_UNDURABLE_LEN + last_ms * OCC_LIMIT_UNDURABLE_LEN_MS;
    return len < OCC_LIMIT_UNDURABLE_LEN_MAX ? (size_t)len : OCC_LIMIT_UNDURABLE_LEN_MAX;
}

/* True if the next request has room beside what is under way; else it waits for that. */
static bool
has_room(const struct occ_boundary *boundary)
{
    const struct occ_pending *first = boundary->queue.first;
    size_t held = boundary->config.unsent(boundary->config.ctx) + occ_results_len(boundary->results);
    size_t digests = 0;
    for (size_t i = 0; i < boundary->flight_count; i++) {
        held += boundary->flights[i].requests.answer_len;
        digests += boundary->flights[i].requests.digests;
    }
    if (first == NULL || held + first->answer_len > OCC_LIMIT_ANSWERS_LEN) {
        return false;
    }
    if (occ_results_payload_len(boundary->results) > undurable_max(boundary)) {
        return false;
    }
    digests += first->digests > boundary->rules.digests_max ? first->digests : boundary->rules.digests_max;
    return boundary->flight_count == 0 || digests <= boundary->digests_max;
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
    while (boundary->queue.count > 0 && boundary->flight_count < boundary->flights_max) {
        refuse_without_room(boundary);
        if (!has_room(boundary)) {
            return;
        }
        send_frame(boundary);
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
    boundary->results_ms = occ_loop_now_ms(boundary->config.loop);
    if (flight->requests.count == 0) {
        boundary->flight_count--;
        memmove(flight, flight + 1, boundary->flight_count * sizeof(*flight));
    }
    return taken;
}

static struct occ_result
take_issued(struct occ_boundary *boundary, const struct occ_frame *frame)
{
    struct occ_issue_answer answer;
    OCC_TRY(occ_issues_take(&boundary->issues_sent, frame, &answer));
    if (answer.code == OCC_ERR_TOKEN) { /* a slot is signed */
        occ_boundary_note_trouble(boundary, answer.text);
    }
    return occ_success();
}

struct occ_result
occ_boundary_take(void *ctx, const struct occ_frame *frame)
{
    struct occ_boundary *boundary = ctx;
    if (frame->type == OCC_FRAME_RESULT) {
        OCC_TRY(take_results(boundary, frame));
    } else if (frame->type == OCC_FRAME_PONG) {
        OCC_TRY(occ_boundary_take_pong(boundary, frame));
    } else if (frame->type == OCC_FRAME_ISSUED) {
        OCC_TRY(take_issued(boundary, frame));
    } else if (frame->type == OCC_FRAME_ATTESTED) {
        OCC_TRY(occ_attests_take(&boundary->attests, frame));
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
    occ_attests_fail_all(&boundary->attests, OCC_ERR_UNAVAILABLE);
    fail_waiting(boundary);
    occ_askers_answer_all(&boundary->askers, OCC_ERR_UNAVAILABLE);
}
