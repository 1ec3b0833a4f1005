#include "server/results.h"

#include <stdlib.h>

#include "os/clock.h"
#include "server/boundary_log.h"

/* What a boundary retains, and the heads of the frames in which it gives it again. */
#define GIVEN_AGAIN_LEN_MAX (OCC_LIMIT_RETAINED_LEN + OCC_LIMIT_FRAME_LEN)

struct occ_results {
    struct occ_results_config config;
    uint64_t session; /* number of the newest; 0 = none yet */
    bool up;
    bool replays; /* what is given again goes to the ledger at once */
    struct occ_boundary_identity identity;
    uint64_t last;         /* position up to which results are given again */
    uint64_t position;     /* of the newest result seen in this session */
    uint64_t durable;      /* position up to which this session's are in the ledger */
    uint64_t acknowledged; /* position of the last ACK */
    size_t again_len;      /* bytes given again in this session */

    struct occ_delivery *held, **held_end; /* given again, not to be written yet; in order */
    size_t count, own_count;               /* deliveries that the store has; those of this session among them */
    size_t len;                            /* bytes of those, and of the held ones, or of their answers; */
    size_t payload_len;                    /* and their own alone */
};

/* ---- deliveries ---- */

static void
note_durable(struct occ_results *results, const struct occ_delivery *delivery)
{
    if (results->up && delivery->session == results->session) {
        results->durable = delivery->last_position;
    }
}

static void
release(struct occ_results *results, struct occ_delivery *delivery)
{
    results->len -= delivery->held_len;
    results->payload_len -= delivery->payload.len;
    occ_delivery_free(delivery);
}

/* The store is done with it for good. */
static void
end_delivery(struct occ_results *results, struct occ_delivery *delivery)
{
    results->count--;
    results->own_count -= delivery->session == results->session ? 1 : 0;
    release(results, delivery);
}

/* PROTOCOL §3: the boundary has signed, so 500 and not 503: they will be durable later, or were given to nobody. */
static void
answer_requests(struct occ_delivery *delivery, struct occ_result result)
{
    static const char why[] = "signed, but not durable: the ledger could not be written";
    const struct occ_pending_answer failed = { .code = OCC_ERR_UNKNOWN_OUTCOME, .text = occ_bytes_str(why) };
    occ_pending_deliver(&delivery->requests, occ_buf_view(&delivery->payload), delivery->documents,
                        occ_is_ok(result) ? NULL : &failed);
}

static void
delivery_done(struct occ_store_job *job, struct occ_result result)
{
    struct occ_delivery *delivery = (struct occ_delivery *)job;
    struct occ_results *results = delivery->owner;
    if (occ_is_ok(result)) {
        note_durable(results, delivery);
    }
    answer_requests(delivery, result);
    if (occ_is_ok(result)) {
        end_delivery(results, delivery);
    }
}

static void
delivery_kept(struct occ_store_job *job, struct occ_result result)
{
    struct occ_delivery *delivery = (struct occ_delivery *)job;
    struct occ_results *results = delivery->owner;
    if (occ_is_ok(result)) {
        note_durable(results, delivery);
    }
    end_delivery(results, delivery);
    if (result.code == OCC_ERR_INTEGRITY && results->up) {
        results->config.halt(results->config.ctx, "the ledger has other proofs than the boundary made");
    }
}

/* When they are durable all its answers are made at once, and documents that came once are in each proof then. */
static void
hold(struct occ_results *results, struct occ_delivery *delivery, size_t answer_len)
{
    delivery->held_len = answer_len > delivery->payload.len ? answer_len : delivery->payload.len;
    results->len += delivery->held_len;
    results->payload_len += delivery->payload.len;
}

static void
write_delivery(struct occ_results *results, struct occ_delivery *delivery)
{
    results->count++;
    results->own_count += delivery->session == results->session ? 1 : 0;
    const struct occ_result taken = occ_store_write(results->config.store, &delivery->job);
    if (!occ_is_ok(taken)) { /* halted: it is never written */
        answer_requests(delivery, taken);
        end_delivery(results, delivery);
    }
}

static struct occ_result
make_delivery(struct occ_results *results, struct occ_bytes payload, struct occ_delivery **ret_delivery)
{
    struct occ_delivery *delivery = NULL;
    OCC_TRY(occ_delivery_new(payload, &results->identity, occ_clock_unix_ms(), &delivery));
    delivery->job.keep = true;
    delivery->job.done = delivery_done;
    delivery->job.kept = delivery_kept;
    delivery->owner = results;
    delivery->session = results->session;
    *ret_delivery = delivery;
    return occ_success();
}

/* ---- results ---- */

struct occ_result
occ_results_take(struct occ_results *results, struct occ_pending_list *flight, struct occ_bytes payload)
{
    struct occ_pending_results all;
    OCC_TRY(occ_pending_check(flight, payload, results->position, &all));
    struct occ_delivery *delivery = NULL;
    if (all.successes > 0) {
        OCC_TRY(make_delivery(results, payload, &delivery));
    }
    if (all.has_trouble) {
        results->config.trouble(results->config.ctx, all.trouble);
    }
    if (delivery == NULL) {
        occ_pending_deliver(flight, payload, NULL, NULL);
        return occ_result_of(all.lost ? OCC_ERR_INTEGRITY : OCC_OK);
    }
    results->position = all.position;
    delivery->requests = *flight;
    hold(results, delivery, flight->answer_len);
    *flight = (struct occ_pending_list){ 0 };
    write_delivery(results, delivery);
    return occ_result_of(all.lost ? OCC_ERR_INTEGRITY : OCC_OK);
}

static struct occ_result
check_again(struct occ_results *results, struct occ_bytes payload)
{
    uint64_t position = results->position;
    struct occ_commit_results given;
    OCC_TRY(occ_commit_read_results(payload, &given));
    for (uint16_t i = 0; i < given.result_count; i++) {
        struct occ_commit_outcome outcome;
        OCC_TRY(occ_commit_next_result(&given, &outcome));
        OCC_ENSURE(outcome.code == OCC_OK && outcome.position == position + 1, OCC_ERR_WIRE_MESSAGE);
        position = outcome.position;
        occ_boundary_log_late(results->config.events, &outcome);
    }
    OCC_ENSURE(occ_reader_done(&given.in) && position <= results->last, OCC_ERR_WIRE_MESSAGE);
    return occ_success();
}

struct occ_result
occ_results_take_again(struct occ_results *results, struct occ_bytes payload)
{
    OCC_TRY(check_again(results, payload));
    results->again_len += payload.len;
    OCC_ENSURE(results->again_len <= GIVEN_AGAIN_LEN_MAX, OCC_ERR_LIMIT);
    struct occ_delivery *delivery;
    OCC_TRY(make_delivery(results, payload, &delivery));
    hold(results, delivery, 0);
    results->position = delivery->last_position;
    if (results->replays) {
        write_delivery(results, delivery);
        return occ_success();
    }
    *results->held_end = delivery;
    results->held_end = &delivery->next;
    return occ_success();
}

static struct occ_delivery *
take_held(struct occ_results *results)
{
    struct occ_delivery *first = results->held;
    results->held = NULL;
    results->held_end = &results->held;
    return first;
}

void
occ_results_replay(struct occ_results *results)
{
    results->replays = true;
    for (struct occ_delivery *delivery = take_held(results), *next; delivery != NULL; delivery = next) {
        next = delivery->next;
        write_delivery(results, delivery);
    }
}

/* ---- sessions ---- */

void
occ_results_begin(struct occ_results *results, const struct occ_boundary_identity *identity, uint64_t acknowledged,
                  uint64_t last)
{
    results->session++;
    results->up = true;
    results->replays = false;
    results->identity = *identity;
    results->last = last;
    results->position = results->durable = results->acknowledged = acknowledged;
    results->again_len = 0;
    results->own_count = 0;
}

void
occ_results_end(struct occ_results *results)
{
    results->up = false;
    for (struct occ_delivery *delivery = take_held(results), *next; delivery != NULL; delivery = next) {
        next = delivery->next;
        release(results, delivery);
    }
}

bool
occ_results_settled(const struct occ_results *results)
{
    return results->count == results->own_count;
}

uint64_t
occ_results_durable(const struct occ_results *results)
{
    return results->durable;
}

bool
occ_results_put_ack(struct occ_results *results, struct occ_buf *buf)
{
    if (!results->up || results->acknowledged == results->durable) {
        return false;
    }
    occ_commit_put_ack(buf, results->durable);
    results->acknowledged = results->durable;
    return true;
}

size_t
occ_results_len(const struct occ_results *results)
{
    return results->len;
}

size_t
occ_results_payload_len(const struct occ_results *results)
{
    return results->payload_len;
}

struct occ_result
occ_results_new(const struct occ_results_config *config, struct occ_results **ret_results)
{
    struct occ_results *results = calloc(1, sizeof(*results));
    OCC_ENSURE(results != NULL, OCC_ERR_NOMEM);
    results->config = *config;
    results->held_end = &results->held;
    *ret_results = results;
    return occ_success();
}

void
occ_results_free(struct occ_results *results)
{
    if (results != NULL) {
        occ_results_end(results);
        free(results);
    }
}
