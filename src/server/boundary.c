#include "server/boundary.h"

#include <stdlib.h>

#include "crypto/secret.h"
#include "server/boundary_log.h"
#include "server/session.h"

enum {
    TICK_MS = 50,        /* how exact time limits are */
    CHILD_END_MS = 1000, /* at a stop a child has so long to end by itself */
    HALF_OPAQUE_LEN = OCC_PENDING_OPAQUE_LEN / 2
};

struct flight {
    uint64_t id;
    struct occ_pending_list requests;
};

struct occ_boundary {
    struct occ_boundary_config config;
    struct occ_session *session;
    struct occ_timer *tick;
    bool ticking;
    bool stopping;

    struct occ_boundary_identity identity; /* valid while the session is up */
    struct occ_pending_rules rules;

    uint8_t run_id[HALF_OPAQUE_LEN];
    uint64_t requests, frames; /* numbers given out so far */
    struct occ_pending_list queue;
    struct flight flights[OCC_LIMIT_FRAMES_IN_FLIGHT]; /* oldest first */
    size_t flight_count;
    uint64_t position;     /* of the newest result seen */
    uint64_t acknowledged; /* position of the last ACK sent */

    struct occ_askers askers;
    uint64_t ping_id;     /* under way; 0 = none */
    uint64_t progress_ms; /* when the boundary last answered something, or was first given something to answer */
    uint64_t tick_ms;
};

static bool
awaits_answer(const struct occ_boundary *boundary)
{
    return boundary->flight_count > 0 || boundary->ping_id != 0;
}

/* To be called before something is sent that the boundary will answer. */
static void
note_asked(struct occ_boundary *boundary)
{
    if (!awaits_answer(boundary)) {
        boundary->progress_ms = occ_loop_now_ms(boundary->config.loop);
    }
}

static void
start_ticking(struct occ_boundary *boundary)
{
    if (!boundary->ticking && !boundary->stopping) {
        boundary->ticking = true;
        boundary->tick_ms = occ_loop_now_ms(boundary->config.loop);
        occ_timer_start(boundary->tick, TICK_MS);
    }
}

/* ---- who asks whether it is alive ---- */

void
occ_boundary_ask(struct occ_boundary *boundary, struct occ_asker *asker)
{
    if (boundary->stopping || !occ_session_is_up(boundary->session)) {
        asker->done(asker, occ_result_of(OCC_ERR_UNAVAILABLE));
        return;
    }
    occ_askers_add(&boundary->askers, asker, occ_loop_now_ms(boundary->config.loop));
    start_ticking(boundary);
    if (boundary->ping_id != 0) {
        return; /* its answer is an answer to this one too */
    }
    note_asked(boundary);
    boundary->ping_id = ++boundary->frames;
    OCC_BUF_AUTO(out, OCC_LIMIT_FRAME_LEN);
    occ_frame_end(&out, occ_frame_begin(&out, OCC_FRAME_PING, boundary->ping_id));
    occ_session_send(boundary->session, &out);
}

/* ---- commits ---- */

void
occ_boundary_next_opaque(struct occ_boundary *boundary, uint8_t ret_opaque[OCC_PENDING_OPAQUE_LEN])
{
    const uint64_t number = ++boundary->requests;
    memcpy(ret_opaque, boundary->run_id, HALF_OPAQUE_LEN);
    for (size_t i = 0; i < HALF_OPAQUE_LEN; i++) {
        ret_opaque[HALF_OPAQUE_LEN + i] = (uint8_t)(number >> (8 * (HALF_OPAQUE_LEN - 1 - i)));
    }
}

struct occ_result
occ_boundary_commit(struct occ_boundary *boundary, struct occ_pending *pending)
{
    const struct occ_pending_list *queue = &boundary->queue;
    OCC_ENSURE(!boundary->stopping && occ_session_is_up(boundary->session), OCC_ERR_UNAVAILABLE);
    OCC_ENSURE(occ_pending_fits_alone(pending, &boundary->rules), OCC_ERR_LIMIT);
    OCC_ENSURE(queue->count < boundary->config.waiting_max, OCC_ERR_BUSY);
    OCC_ENSURE(queue->loose_len + pending->loose.len <= OCC_LIMIT_COMMIT_WAITING_LEN, OCC_ERR_BUSY);
    pending->since_ms = occ_loop_now_ms(boundary->config.loop);
    occ_pending_push(&boundary->queue, pending);
    start_ticking(boundary);
    return occ_success();
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
    struct flight *flight = &boundary->flights[boundary->flight_count];
    *flight = (struct flight){ .id = ++boundary->frames };
    OCC_BUF_AUTO(out, OCC_LIMIT_FRAME_LEN + OCC_FRAME_HEAD_LEN);
    note_asked(boundary);
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
    size_t held = boundary->config.unsent(boundary->config.ctx);
    for (size_t i = 0; i < boundary->flight_count; i++) {
        held += boundary->flights[i].requests.answer_len;
    }
    struct occ_pending_list refused = { 0 };
    while (boundary->queue.first != NULL && held + boundary->queue.first->answer_len > OCC_LIMIT_ANSWERS_LEN) {
        occ_pending_push(&refused, occ_pending_pop(&boundary->queue));
    }
    occ_pending_fail_all(&refused, OCC_ERR_BUSY, occ_result_text(OCC_ERR_BUSY));
}

static void
send_acknowledgement(struct occ_boundary *boundary)
{
    if (boundary->acknowledged == boundary->position) {
        return;
    }
    /*
     * DESIGN §4, promise 1: here, between having results and acknowledging them (and answering their clients), the ledger's
     * append and sync will stand. Until there is one, a result is taken when its answer was made.
     */
    OCC_BUF_AUTO(out, OCC_LIMIT_FRAME_LEN);
    occ_commit_put_ack(&out, boundary->position);
    occ_session_send(boundary->session, &out);
    boundary->acknowledged = boundary->position;
}

/* In front of each wait: one acknowledgement for all results of this turn, one frame for all requests. */
static void
on_turn(void *ctx)
{
    struct occ_boundary *boundary = ctx;
    if (boundary->stopping || !occ_session_is_up(boundary->session)) {
        return;
    }
    send_acknowledgement(boundary);
    while (boundary->queue.count > 0 && boundary->flight_count < OCC_LIMIT_FRAMES_IN_FLIGHT) {
        refuse_without_room(boundary);
        if (boundary->queue.count > 0) {
            send_frame(boundary);
        }
    }
}

/* ---- frames from the boundary ---- */

/* Results with id 0: of an earlier connection to this boundary, not acknowledged then. */
static struct occ_result
take_given_again(struct occ_boundary *boundary, struct occ_bytes payload)
{
    struct occ_reader reader;
    uint16_t results;
    OCC_TRY(occ_commit_read_results(payload, &reader, &results));
    for (uint16_t i = 0; i < results; i++) {
        struct occ_commit_outcome outcome;
        OCC_TRY(occ_commit_next_result(&reader, &outcome));
        OCC_ENSURE(outcome.code == OCC_OK && outcome.position == boundary->position + 1, OCC_ERR_WIRE_MESSAGE);
        boundary->position = outcome.position;
        occ_boundary_log_late(boundary->config.events, &outcome);
    }
    OCC_ENSURE(occ_reader_done(&reader), OCC_ERR_WIRE_MESSAGE);
    return occ_success();
}

static struct occ_result
take_results(struct occ_boundary *boundary, const struct occ_frame *frame)
{
    if (frame->id == 0) {
        return take_given_again(boundary, frame->payload);
    }
    struct flight *flight = &boundary->flights[0];
    OCC_ENSURE(boundary->flight_count > 0 && frame->id == flight->id, OCC_ERR_WIRE_MESSAGE);
    OCC_TRY(occ_pending_deliver(&flight->requests, frame->payload, &boundary->position));
    boundary->flight_count--;
    memmove(flight, flight + 1, boundary->flight_count * sizeof(*flight));
    return occ_success();
}

static struct occ_result
on_frame(void *ctx, const struct occ_frame *frame)
{
    struct occ_boundary *boundary = ctx;
    if (frame->type == OCC_FRAME_RESULT) {
        OCC_TRY(take_results(boundary, frame));
    } else if (frame->type == OCC_FRAME_PONG) {
        OCC_ENSURE(frame->id == boundary->ping_id && frame->id != 0, OCC_ERR_WIRE_MESSAGE);
        boundary->ping_id = 0;
        occ_askers_answer_all(&boundary->askers, OCC_OK);
    } else {
        return occ_result_of(OCC_ERR_WIRE_MESSAGE);
    }
    boundary->progress_ms = occ_loop_now_ms(boundary->config.loop);
    return occ_success();
}

/* ---- up, down, and time ---- */

static void
copy_text(char *to, size_t size, struct occ_bytes text)
{
    const size_t len = text.len < size ? text.len : size - 1;
    memcpy(to, text.ptr, len);
    to[len] = 0;
}

static uint32_t
smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static void
on_up(void *ctx, const struct occ_hello_ok *hello)
{
    struct occ_boundary *boundary = ctx;
    struct occ_boundary_identity *identity = &boundary->identity;
    memcpy(identity->public_key, hello->public_key, sizeof(identity->public_key));
    copy_text(identity->epoch_id, sizeof(identity->epoch_id), hello->epoch_id);
    copy_text(identity->enforcement, sizeof(identity->enforcement), hello->enforcement);
    copy_text(identity->measurement, sizeof(identity->measurement), hello->measurement);
    identity->digests_max = hello->digests_max;
    boundary->rules =
        (struct occ_pending_rules){ .frame_len_max = smaller(hello->frame_len_max, OCC_LIMIT_FRAME_LEN),
                                    .requests_max = smaller(hello->requests_max, OCC_LIMIT_FRAME_REQUESTS),
                                    .digests_max = OCC_LIMIT_FRAME_DIGESTS,
                                    .answer_len_max = OCC_LIMIT_ANSWER_LEN };
    boundary->position = hello->acknowledged_position;
    boundary->acknowledged = hello->acknowledged_position;
    occ_boundary_log_up(boundary->config.events, identity, boundary->position, occ_boundary_pid(boundary));
    if (boundary->config.on_change != NULL) {
        boundary->config.on_change(boundary->config.ctx, identity);
    }
}

static void
fail_all(struct occ_boundary *boundary)
{
    const bool owned = occ_session_owns_boundary(boundary->session);
    const enum occ_err sent_code = owned ? OCC_ERR_UNAVAILABLE : OCC_ERR_UNKNOWN_OUTCOME;
    const size_t count = boundary->flight_count;
    boundary->flight_count = 0;
    boundary->ping_id = 0;
    for (size_t i = 0; i < count; i++) {
        occ_pending_fail_all(&boundary->flights[i].requests, sent_code, occ_result_text(sent_code));
    }
    occ_pending_fail_all(&boundary->queue, OCC_ERR_UNAVAILABLE, occ_result_text(OCC_ERR_UNAVAILABLE));
    occ_askers_answer_all(&boundary->askers, OCC_ERR_UNAVAILABLE);
}

static void
on_down(void *ctx, const char *why)
{
    struct occ_boundary *boundary = ctx;
    occ_event_error(boundary->config.events, OCC_EVENT_WARN, "boundary down", why);
    if (boundary->session == NULL) {
        return; /* the very first attempt, still inside occ_boundary_new: nothing was taken yet */
    }
    fail_all(boundary);
    if (boundary->config.on_change != NULL) {
        boundary->config.on_change(boundary->config.ctx, NULL);
    }
}

static void
time_out_old(struct occ_boundary *boundary, uint64_t now)
{
    const struct occ_pending_answer answer = { .code = OCC_ERR_TIMEOUT,
                                               .text = occ_bytes_str(occ_result_text(OCC_ERR_TIMEOUT)) };
    while (boundary->queue.first != NULL && now - boundary->queue.first->since_ms > boundary->config.timeout_ms) {
        struct occ_pending *pending = occ_pending_pop(&boundary->queue);
        pending->done(pending, &answer);
    }
    occ_askers_time_out(&boundary->askers, now, boundary->config.health_ms);
}

static void
on_tick(void *ctx)
{
    struct occ_boundary *boundary = ctx;
    const uint64_t now = occ_loop_now_ms(boundary->config.loop);
    /* Much too late: it was this process that slept, and answers may lie unread. They are read before the next tick. */
    const bool slept = now - boundary->tick_ms > 10 * TICK_MS;
    boundary->ticking = false;
    if (!slept) {
        time_out_old(boundary, now);
        if (awaits_answer(boundary) && now - boundary->progress_ms > boundary->config.timeout_ms) {
            occ_session_drop(boundary->session, "the boundary did not answer in time");
        }
    }
    if (awaits_answer(boundary) || boundary->queue.first != NULL || boundary->askers.first != NULL) {
        start_ticking(boundary);
    }
}

struct occ_result
occ_boundary_new(const struct occ_boundary_config *config, struct occ_error *err, struct occ_boundary **ret_boundary)
{
    struct occ_boundary *boundary = calloc(1, sizeof(*boundary));
    if (boundary == NULL) {
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    boundary->config = *config;
    occ_secret_random(boundary->run_id, sizeof(boundary->run_id));
    const struct occ_session_config session = { .loop = config->loop,
                                                .events = config->events,
                                                .enclave = config->enclave,
                                                .unix_path = config->unix_path,
                                                .enclave_flags = config->enclave_flags,
                                                .hello_ms = config->timeout_ms,
                                                .on_up = on_up,
                                                .on_frame = on_frame,
                                                .on_down = on_down,
                                                .ctx = boundary };
    struct occ_result made = occ_timer_new(config->loop, on_tick, boundary, &boundary->tick);
    if (!occ_is_ok(made)) {
        occ_boundary_free(boundary);
        return occ_error_code(err, made.code);
    }
    made = occ_session_new(&session, err, &boundary->session);
    if (!occ_is_ok(made)) {
        occ_boundary_free(boundary);
        return made;
    }
    made = occ_loop_on_turn(config->loop, on_turn, boundary);
    if (!occ_is_ok(made)) {
        occ_boundary_free(boundary);
        return occ_error_code(err, made.code);
    }
    *ret_boundary = boundary;
    return occ_success();
}

const struct occ_boundary_identity *
occ_boundary_identity(const struct occ_boundary *boundary)
{
    return !boundary->stopping && occ_session_is_up(boundary->session) ? &boundary->identity : NULL;
}

void
occ_boundary_get_stats(const struct occ_boundary *boundary, struct occ_boundary_stats *ret_stats)
{
    *ret_stats = (struct occ_boundary_stats){ .waiting = boundary->queue.count,
                                              .waiting_len = boundary->queue.loose_len,
                                              .in_flight = boundary->flight_count };
}

int
occ_boundary_pid(const struct occ_boundary *boundary)
{
    return boundary->session == NULL ? 0 : occ_session_pid(boundary->session);
}

void
occ_boundary_stop(struct occ_boundary *boundary, void (*done)(void *ctx), void *ctx)
{
    if (occ_session_is_up(boundary->session)) {
        send_acknowledgement(boundary);
    }
    boundary->stopping = true;
    occ_timer_stop(boundary->tick);
    fail_all(boundary);
    occ_session_finish(boundary->session, CHILD_END_MS, done, ctx);
}

void
occ_boundary_free(struct occ_boundary *boundary)
{
    if (boundary == NULL) {
        return;
    }
    occ_session_free(boundary->session);
    occ_timer_free(boundary->tick);
    free(boundary);
}
