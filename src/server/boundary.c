#include "server/boundary_private.h"

#include <stdlib.h>

#include "crypto/secret.h"
#include "server/boundary_log.h"

enum {
    TICK_MS = 50,        /* how exact time limits are */
    CHILD_END_MS = 1000, /* at a stop a child has so long to end by itself */
    HALF_ID_LEN = OCC_OPAQUE_ID_LEN / 2
};

void
occ_boundary_start_ticking(struct occ_boundary *boundary)
{
    if (!boundary->ticking && !boundary->stopping) {
        boundary->ticking = true;
        boundary->tick_ms = occ_loop_now_ms(boundary->config.loop);
        occ_timer_start(boundary->tick, TICK_MS);
    }
}

/* ---- who asks ---- */

void
occ_boundary_next_id(struct occ_boundary *boundary, uint8_t ret_id[OCC_OPAQUE_ID_LEN])
{
    const uint64_t number = ++boundary->requests;
    memcpy(ret_id, boundary->run_id, HALF_ID_LEN);
    for (size_t i = 0; i < HALF_ID_LEN; i++) {
        ret_id[HALF_ID_LEN + i] = (uint8_t)(number >> (8 * (HALF_ID_LEN - 1 - i)));
    }
}

const char *
occ_boundary_trouble(const struct occ_boundary *boundary)
{
    static const char out_of_reach[] = "the boundary is out of reach, try again later";
    if (boundary->stopping) {
        return out_of_reach; /* the store may have ended */
    }
    if (boundary->halted[0] != 0) {
        return boundary->halted;
    }
    const char *why = occ_store_trouble(boundary->config.store);
    if (why == NULL && !occ_session_is_up(boundary->session)) {
        why = out_of_reach;
    }
    why = why != NULL ? why : occ_recovery_trouble(boundary->recovery);
    return why != NULL ? why : occ_vitals_trouble(&boundary->vitals);
}

struct occ_result
occ_boundary_commit(struct occ_boundary *boundary, struct occ_pending *pending)
{
    const struct occ_pending_list *queue = &boundary->queue;
    OCC_ENSURE(occ_boundary_trouble(boundary) == NULL, OCC_ERR_UNAVAILABLE);
    OCC_ENSURE(occ_pending_fits_alone(pending, &boundary->rules), OCC_ERR_LIMIT);
    OCC_ENSURE(queue->count < boundary->config.waiting_max, OCC_ERR_BUSY);
    OCC_ENSURE(queue->loose_len + pending->loose.len <= OCC_LIMIT_COMMIT_WAITING_LEN, OCC_ERR_BUSY);
    pending->since_ms = occ_loop_now_ms(boundary->config.loop);
    pending->answer_len = occ_pending_answer_len(pending, &boundary->rules);
    occ_pending_push(&boundary->queue, pending);
    occ_boundary_start_ticking(boundary);
    return occ_success();
}

struct occ_result
occ_boundary_issue(struct occ_boundary *boundary, struct occ_boundary_issue *issue)
{
    OCC_ENSURE(occ_boundary_trouble(boundary) == NULL, OCC_ERR_UNAVAILABLE);
    OCC_ENSURE(boundary->issues.count + boundary->issues_sent.count < boundary->config.waiting_max, OCC_ERR_BUSY);
    issue->since_ms = occ_loop_now_ms(boundary->config.loop);
    occ_issues_push(&boundary->issues, issue);
    occ_boundary_start_ticking(boundary);
    return occ_success();
}

void
occ_boundary_when_ready(struct occ_boundary *boundary, struct occ_asker *asker)
{
    if (occ_boundary_trouble(boundary) != NULL) {
        asker->done(asker, occ_result_of(OCC_ERR_UNAVAILABLE));
        return;
    }
    if (occ_boundary_is_ready(boundary)) {
        asker->done(asker, occ_success());
        return;
    }
    occ_askers_add(&boundary->ready_askers, asker, occ_loop_now_ms(boundary->config.loop));
    occ_boundary_start_ticking(boundary);
}

/* ---- recovery ---- */

/* DESIGN §4, promise 3: an own boundary ends with its session, one elsewhere is left alone until an operator has looked. */
static void
halt(void *ctx, const char *why)
{
    struct occ_boundary *boundary = ctx;
    struct occ_error sentence;
    (void)occ_error_set(&sentence, OCC_ERR_INTEGRITY, "commits are stopped until occd is restarted: %s", why);
    memcpy(boundary->halted, sentence.text, sizeof(boundary->halted));
    occ_session_halt(boundary->session, why);
}

static void
send_link(void *ctx, struct occ_buf *frame)
{
    struct occ_boundary *boundary = ctx;
    occ_boundary_note_asked(boundary);
    occ_session_send(boundary->session, frame);
    occ_boundary_start_ticking(boundary);
}

static void
on_recovery(void *ctx)
{
    struct occ_boundary *boundary = ctx;
    const enum occ_recovery_state state = occ_recovery_state(boundary->recovery);
    if (state == OCC_RECOVERY_REPLAYING) {
        occ_results_replay(boundary->results);
    } else if (state == OCC_RECOVERY_READY) {
        occ_askers_answer_all(&boundary->ready_askers, OCC_OK);
    }
}

/* ---- up, down, and time ---- */

static void
copy_text(char *to, size_t size, struct occ_bytes text)
{
    const size_t len = text.len < size ? text.len : size - 1;
    if (len > 0) {
        memcpy(to, text.ptr, len);
    }
    to[len] = 0;
}

static uint32_t
smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/*
 * Results that wait for a document are some milliseconds under way, during which the boundary signs on. Where each proof waits
 * for its own, what is under way takes that long for each.
 */
static size_t
flights_of(enum occ_hello_attest attest)
{
    switch (attest) {
    case OCC_HELLO_ATTEST_BATCH:
        return OCC_LIMIT_FRAMES_IN_FLIGHT;
    case OCC_HELLO_ATTEST_COMMIT:
        return OCC_LIMIT_FRAMES_IN_FLIGHT_COMMIT;
    case OCC_HELLO_ATTEST_NONE:
    case OCC_HELLO_ATTEST_EPOCH:
        break;
    }
    return OCC_LIMIT_FRAMES_IN_FLIGHT_PLAIN;
}

/* While the boundary signs a frame, a document that has come waits, and the device with it: so frames are short there. */
static uint32_t
digests_of(enum occ_hello_attest attest)
{
    return attest == OCC_HELLO_ATTEST_BATCH ? OCC_LIMIT_FRAME_DIGESTS_WAITING : OCC_LIMIT_FRAME_DIGESTS;
}

static bool
waits_for_documents(const struct occ_hello_ok *hello)
{
    return hello->attest == OCC_HELLO_ATTEST_BATCH || hello->attest == OCC_HELLO_ATTEST_COMMIT;
}

/* Where nothing waits for a document: the boundary may sign so many chains at the same time. */
static uint32_t
chains_of(const struct occ_hello_ok *hello)
{
    return waits_for_documents(hello) ? 1 : smaller((uint32_t)hello->head_count, OCC_PENDING_CHAINS_MAX);
}

static void
set_rules(struct occ_boundary *boundary, const struct occ_hello_ok *hello)
{
    boundary->flights_max = flights_of(hello->attest);
    boundary->digests_max =
        waits_for_documents(hello) ? OCC_LIMIT_DIGESTS_IN_FLIGHT_WAITING : OCC_LIMIT_DIGESTS_IN_FLIGHT;
    boundary->rules =
        (struct occ_pending_rules){ .frame_len_max = smaller(hello->frame_len_max, OCC_LIMIT_FRAME_LEN),
                                    .requests_max = smaller(hello->requests_max, OCC_LIMIT_FRAME_REQUESTS),
                                    .digests_max = digests_of(hello->attest),
                                    .chains_max = chains_of(hello),
                                    .answer_len_max = OCC_LIMIT_ANSWER_LEN,
                                    .document_len = hello->document_len,
                                    .has_own_document = hello->attest == OCC_HELLO_ATTEST_COMMIT };
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
    copy_text(identity->attestation_format, sizeof(identity->attestation_format), hello->attestation_format);
    identity->digests_max = hello->digests_max;
    identity->attest = hello->attest;
    identity->document_len = hello->document_len;
    set_rules(boundary, hello);
    occ_boundary_watch(boundary);
    occ_boundary_log_up(boundary->config.events, identity, hello->acknowledged_position, occ_boundary_pid(boundary));
    occ_results_begin(boundary->results, identity, hello->acknowledged_position, hello->last_position);
    occ_recovery_begin(boundary->recovery, hello, ++boundary->frames);
    if (boundary->config.on_change != NULL) {
        boundary->config.on_change(boundary->config.ctx, identity);
    }
}

static void
on_down(void *ctx, const char *why)
{
    struct occ_boundary *boundary = ctx;
    occ_event_error(boundary->config.events, OCC_EVENT_WARN, "boundary down", why);
    if (boundary->session == NULL) {
        return; /* the very first attempt, still inside occ_boundary_new: nothing was taken yet */
    }
    if (boundary->halted[0] == 0 && occ_session_is_halted(boundary->session)) {
        halt(boundary, why);
    }
    occ_boundary_stop_watching(boundary);
    occ_results_end(boundary->results);
    occ_recovery_end(boundary->recovery);
    occ_boundary_fail_all(boundary);
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
    if (now > boundary->config.timeout_ms) {
        occ_issues_time_out(&boundary->issues, now - boundary->config.timeout_ms);
        occ_attests_time_out(&boundary->attests, now - boundary->config.timeout_ms);
    }
    occ_askers_time_out(&boundary->askers, now, boundary->config.health_ms);
    occ_askers_time_out(&boundary->ready_askers, now, boundary->config.timeout_ms);
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
        if (occ_boundary_is_stuck(boundary, now, boundary->config.timeout_ms)) {
            occ_session_drop(boundary->session, "the boundary did not answer in time");
        }
    }
    if (occ_boundary_awaits_answer(boundary) || boundary->queue.first != NULL || boundary->issues.first != NULL ||
        boundary->attests.waiting > 0 || boundary->askers.first != NULL || boundary->ready_askers.first != NULL) {
        occ_boundary_start_ticking(boundary);
    }
}

/* All but the session, which may call back at once. */
static struct occ_result
make_parts(struct occ_boundary *boundary)
{
    const struct occ_boundary_config *config = &boundary->config;
    const struct occ_recovery_config recovery = { .loop = config->loop,
                                                  .events = config->events,
                                                  .store = config->store,
                                                  .genesis = config->genesis,
                                                  .halt = halt,
                                                  .send = send_link,
                                                  .changed = on_recovery,
                                                  .ctx = boundary };
    const struct occ_results_config results = { .events = config->events,
                                                .store = config->store,
                                                .halt = halt,
                                                .trouble = occ_boundary_note_trouble,
                                                .ctx = boundary };
    OCC_TRY(occ_timer_new(config->loop, on_tick, boundary, &boundary->tick));
    OCC_TRY(occ_boundary_make_watch(boundary));
    OCC_TRY(occ_recovery_new(&recovery, &boundary->recovery));
    return occ_results_new(&results, &boundary->results);
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
                                                .address = config->address,
                                                .enclave_flags = config->enclave_flags,
                                                .enclave_environment = config->enclave_environment,
                                                .hello_ms = config->timeout_ms,
                                                .on_up = on_up,
                                                .on_frame = occ_boundary_take,
                                                .on_down = on_down,
                                                .ctx = boundary };
    struct occ_result made = make_parts(boundary);
    if (!occ_is_ok(made)) {
        occ_boundary_free(boundary);
        return occ_error_code(err, made.code);
    }
    made = occ_session_new(&session, err, &boundary->session);
    if (!occ_is_ok(made)) {
        occ_boundary_free(boundary);
        return made;
    }
    made = occ_loop_on_turn(config->loop, occ_boundary_turn, boundary);
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
        occ_boundary_acknowledge(boundary);
    }
    boundary->stopping = true;
    occ_boundary_stop_watching(boundary);
    occ_timer_stop(boundary->tick);
    occ_results_end(boundary->results);
    occ_recovery_end(boundary->recovery);
    occ_boundary_fail_all(boundary);
    occ_session_finish(boundary->session, CHILD_END_MS, done, ctx);
}

void
occ_boundary_free(struct occ_boundary *boundary)
{
    if (boundary == NULL) {
        return;
    }
    occ_session_free(boundary->session);
    occ_recovery_free(boundary->recovery);
    occ_results_free(boundary->results);
    occ_timer_free(boundary->tick);
    occ_timer_free(boundary->watch);
    free(boundary);
}
