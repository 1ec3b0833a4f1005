/* boundary_watch.c — how the boundary is: pings, what their answers say of its device, and documents about its key. */
#include "server/boundary_private.h"

enum { WATCH_MS_MIN = 50 };

static void
send_ping(struct occ_boundary *boundary)
{
    if (boundary->ping_id != 0) {
        return; /* its answer is an answer to this one too */
    }
    occ_boundary_note_asked(boundary);
    boundary->ping_id = ++boundary->frames;
    OCC_BUF_AUTO(out, OCC_LIMIT_FRAME_LEN);
    occ_frame_end(&out, occ_frame_begin(&out, OCC_FRAME_PING, boundary->ping_id));
    occ_session_send(boundary->session, &out);
    occ_boundary_start_ticking(boundary);
}

void
occ_boundary_ask(struct occ_boundary *boundary, struct occ_asker *asker)
{
    if (boundary->stopping || !occ_session_is_up(boundary->session)) {
        asker->done(asker, occ_result_of(OCC_ERR_UNAVAILABLE));
        return;
    }
    occ_askers_add(&boundary->askers, asker, occ_loop_now_ms(boundary->config.loop));
    occ_boundary_start_ticking(boundary);
    send_ping(boundary);
}

/* ---- watching ---- */

/* Often enough that documents show as progress before the boundary is taken for stuck. */
static uint64_t
interval_ms(const struct occ_boundary *boundary)
{
    const uint64_t usual =
        occ_vitals_trouble(&boundary->vitals) != NULL ? OCC_LIMIT_ATTEST_RETRY_MS : OCC_LIMIT_STATUS_MS;
    const uint64_t third =
        boundary->config.timeout_ms / 3 > WATCH_MS_MIN ? boundary->config.timeout_ms / 3 : WATCH_MS_MIN;
    return usual < third ? usual : third;
}

static void
on_watch(void *ctx)
{
    struct occ_boundary *boundary = ctx;
    if (!occ_session_is_up(boundary->session)) {
        return;
    }
    if (boundary->watches || occ_vitals_trouble(&boundary->vitals) != NULL) {
        send_ping(boundary);
        occ_timer_start(boundary->watch, interval_ms(boundary));
    }
}

struct occ_result
occ_boundary_make_watch(struct occ_boundary *boundary)
{
    return occ_timer_new(boundary->config.loop, on_watch, boundary, &boundary->watch);
}

void
occ_boundary_watch(struct occ_boundary *boundary)
{
    const struct occ_boundary_identity *identity = &boundary->identity;
    occ_vitals_forget(&boundary->vitals);
    boundary->watches = identity->attest != OCC_HELLO_ATTEST_NONE || strcmp(identity->enforcement, "hw-key") == 0;
    occ_timer_start(boundary->watch, 0);
}

void
occ_boundary_stop_watching(struct occ_boundary *boundary)
{
    occ_vitals_forget(&boundary->vitals);
    occ_timer_stop(boundary->watch);
}

/* It is asked more often from now on, whenever it would have been asked. */
static void
hurry_if_ill(struct occ_boundary *boundary, bool was_well)
{
    if (was_well && occ_vitals_trouble(&boundary->vitals) != NULL) {
        occ_timer_start(boundary->watch, interval_ms(boundary));
    }
}

void
occ_boundary_note_trouble(void *ctx, struct occ_bytes why)
{
    struct occ_boundary *boundary = ctx;
    const bool was_well = occ_vitals_trouble(&boundary->vitals) == NULL;
    occ_vitals_take_refusal(&boundary->vitals, boundary->config.events, why);
    hurry_if_ill(boundary, was_well);
}

struct occ_result
occ_boundary_take_pong(struct occ_boundary *boundary, const struct occ_frame *frame)
{
    struct occ_status status;
    OCC_ENSURE(frame->id == boundary->ping_id && frame->id != 0, OCC_ERR_WIRE_MESSAGE);
    OCC_TRY(occ_status_read(frame->payload, &status));
    boundary->ping_id = 0;
    if (status.documents != boundary->vitals.newest.documents) {
        boundary->results_ms = occ_loop_now_ms(boundary->config.loop);
    }
    const bool was_well = occ_vitals_trouble(&boundary->vitals) == NULL;
    occ_vitals_take(&boundary->vitals, boundary->config.events, &status);
    hurry_if_ill(boundary, was_well);
    occ_askers_answer_all(&boundary->askers, OCC_OK);
    return occ_success();
}

const struct occ_status *
occ_boundary_status(const struct occ_boundary *boundary)
{
    const struct occ_vitals *vitals = &boundary->vitals;
    const bool may_fail = boundary->watches || occ_vitals_trouble(vitals) != NULL;
    return vitals->is_known && may_fail ? &vitals->newest : NULL;
}

/* ---- documents ---- */

struct occ_result
occ_boundary_attest(struct occ_boundary *boundary, struct occ_boundary_attest *attest)
{
    OCC_ENSURE(!boundary->stopping && occ_session_is_up(boundary->session), OCC_ERR_UNAVAILABLE);
    OCC_ENSURE(boundary->identity.attest != OCC_HELLO_ATTEST_NONE, OCC_ERR_UNSUPPORTED);
    OCC_BUF_AUTO(out, OCC_LIMIT_FRAME_LEN);
    attest->since_ms = occ_loop_now_ms(boundary->config.loop);
    OCC_TRY(occ_attests_add(&boundary->attests, attest, &boundary->frames, &out));
    if (out.len > 0) {
        occ_session_send(boundary->session, &out);
    }
    occ_boundary_start_ticking(boundary);
    return occ_success();
}
