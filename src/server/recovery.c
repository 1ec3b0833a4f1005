#include "server/recovery.h"

#include <stdlib.h>

#include "wire/link.h"

struct occ_recovery {
    struct occ_recovery_config config;
    struct occ_timer *retry;
    enum occ_recovery_state state;
    uint64_t session; /* grows with each begin and end, so that what an older one had read is known */
    uint64_t link_id;
    struct occ_compare_epoch epoch;
    char genesis_epoch[sizeof(((struct occ_compare_epoch *)0)->epoch_id)]; /* that is not linked; "" = none yet */
    char trouble[OCC_ERROR_TEXT_SIZE];
};

/* One look into the ledger, on a reading thread. */
struct look {
    struct occ_recovery *recovery;
    uint64_t session;
    enum occ_recovery_state state; /* CHECKING or COMPARING */
    bool links;
    uint64_t link_id;
    struct occ_compare_epoch epoch;
    struct occ_buf link; /* a LINK frame */
    size_t link_chains;
    struct occ_result result;
    struct occ_error err;
};

static void
change(struct occ_recovery *recovery, enum occ_recovery_state state)
{
    recovery->state = state;
    recovery->config.changed(recovery->config.ctx);
}

static void
fail(struct occ_recovery *recovery, struct occ_result result, const char *why)
{
    occ_event_error(recovery->config.events, OCC_EVENT_ERROR, "ledger not read",
                    why[0] != 0 ? why : occ_result_text(result.code));
    struct occ_error sentence;
    (void)occ_error_set(&sentence, result.code, "commits are stopped: the ledger cannot be read, try again later");
    memcpy(recovery->trouble, sentence.text, sizeof(recovery->trouble));
    occ_timer_start(recovery->retry, OCC_LIMIT_LEDGER_RETRY_MS);
    change(recovery, OCC_RECOVERY_FAILED);
}

/* ---- a look into the ledger ---- */

static void
run_look(void *job, struct occ_ledger_reader *reader)
{
    struct look *look = job;
    if (look->state == OCC_RECOVERY_CHECKING) {
        look->result = occ_compare_positions(reader, &look->epoch, &look->err);
        return;
    }
    look->result = occ_compare_heads(reader, &look->epoch, &look->err);
    if (occ_is_ok(look->result) && look->links) {
        look->result =
            occ_compare_put_link(reader, &look->epoch, look->link_id, &look->err, &look->link, &look->link_chains);
    }
}

static void
compared(struct occ_recovery *recovery, struct look *look)
{
    if (look->link_chains == 0) {
        change(recovery, OCC_RECOVERY_READY);
        return;
    }
    recovery->config.send(recovery->config.ctx, &look->link);
    change(recovery, OCC_RECOVERY_LINKING);
}

static void
take_look(struct occ_recovery *recovery, struct look *look)
{
    if (look->result.code == OCC_ERR_INTEGRITY) {
        recovery->config.halt(recovery->config.ctx, look->err.text);
    } else if (!occ_is_ok(look->result)) {
        fail(recovery, look->result, look->err.text);
    } else if (look->state == OCC_RECOVERY_CHECKING) {
        change(recovery, OCC_RECOVERY_REPLAYING);
    } else {
        compared(recovery, look);
    }
}

static void
look_done(void *job)
{
    struct look *look = job;
    if (look->session == look->recovery->session) {
        take_look(look->recovery, look);
    }
    occ_buf_clear(&look->link);
    free(look);
}

static void
start_look(struct occ_recovery *recovery, enum occ_recovery_state state)
{
    struct look *look = calloc(1, sizeof(*look));
    if (look == NULL) {
        fail(recovery, occ_result_of(OCC_ERR_NOMEM), "");
        return;
    }
    const bool is_genesis = strcmp(recovery->genesis_epoch, recovery->epoch.epoch_id) == 0;
    *look = (struct look){ .recovery = recovery,
                           .session = recovery->session,
                           .state = state,
                           .links = !is_genesis,
                           .link_id = recovery->link_id,
                           .epoch = recovery->epoch,
                           .link = OCC_BUF_INIT(OCC_LIMIT_FRAME_LEN + OCC_FRAME_HEAD_LEN),
                           /* what it stays without a run: the store is closing */
                           .result = { OCC_ERR_UNAVAILABLE } };
    const struct occ_result taken = occ_store_read_first(recovery->config.store, run_look, look_done, look);
    if (!occ_is_ok(taken)) {
        free(look);
        fail(recovery, taken, "");
        return;
    }
    change(recovery, state);
}

/* ---- events ---- */

void
occ_recovery_begin(struct occ_recovery *recovery, const struct occ_hello_ok *hello, uint64_t link_id)
{
    recovery->session++;
    recovery->link_id = link_id;
    occ_compare_copy(hello, &recovery->epoch);
    if (recovery->config.genesis && recovery->genesis_epoch[0] == 0) {
        memcpy(recovery->genesis_epoch, recovery->epoch.epoch_id, sizeof(recovery->genesis_epoch));
    }
    change(recovery, OCC_RECOVERY_SETTLING);
}

void
occ_recovery_end(struct occ_recovery *recovery)
{
    recovery->session++;
    recovery->state = OCC_RECOVERY_DOWN;
    occ_timer_stop(recovery->retry);
}

void
occ_recovery_turn(struct occ_recovery *recovery, bool settled, uint64_t durable)
{
    if (recovery->state == OCC_RECOVERY_SETTLING && settled && occ_store_trouble(recovery->config.store) == NULL) {
        start_look(recovery, OCC_RECOVERY_CHECKING);
    } else if (recovery->state == OCC_RECOVERY_REPLAYING && durable >= recovery->epoch.last_position) {
        start_look(recovery, OCC_RECOVERY_COMPARING);
    }
}

static void
refused(struct occ_recovery *recovery, struct occ_bytes why)
{
    struct occ_error sentence;
    (void)occ_error_set(&sentence, OCC_ERR_LINK,
                        "commits are stopped: the boundary does not go on from the ledger's last proof (%.*s); occd "
                        "--genesis begins without a link to it",
                        OCC_BYTES_ARG(why));
    memcpy(recovery->trouble, sentence.text, sizeof(recovery->trouble));
    occ_event_error(recovery->config.events, OCC_EVENT_ERROR, "epoch not linked", recovery->trouble);
    change(recovery, OCC_RECOVERY_REFUSED);
}

struct occ_result
occ_recovery_take_linked(struct occ_recovery *recovery, const struct occ_frame *frame)
{
    enum occ_err code;
    struct occ_bytes text;
    OCC_ENSURE(recovery->state == OCC_RECOVERY_LINKING && frame->id == recovery->link_id, OCC_ERR_WIRE_MESSAGE);
    OCC_TRY(occ_link_read_answer(frame->payload, &code, &text));
    OCC_ENSURE(code != OCC_ERR_INTEGRITY, OCC_ERR_INTEGRITY);
    if (code != OCC_OK) {
        refused(recovery, text);
        return occ_success();
    }
    occ_event_note(recovery->config.events, OCC_EVENT_INFO, "epoch linked");
    change(recovery, OCC_RECOVERY_READY);
    return occ_success();
}

enum occ_recovery_state
occ_recovery_state(const struct occ_recovery *recovery)
{
    return recovery->state;
}

const char *
occ_recovery_trouble(const struct occ_recovery *recovery)
{
    return recovery->state == OCC_RECOVERY_REFUSED || recovery->state == OCC_RECOVERY_FAILED ? recovery->trouble : NULL;
}

/* ---- the rest ---- */

static void
on_retry(void *ctx)
{
    struct occ_recovery *recovery = ctx;
    if (recovery->state == OCC_RECOVERY_FAILED) {
        change(recovery, OCC_RECOVERY_SETTLING);
    }
}

struct occ_result
occ_recovery_new(const struct occ_recovery_config *config, struct occ_recovery **ret_recovery)
{
    struct occ_recovery *recovery = calloc(1, sizeof(*recovery));
    OCC_ENSURE(recovery != NULL, OCC_ERR_NOMEM);
    recovery->config = *config;
    const struct occ_result made = occ_timer_new(config->loop, on_retry, recovery, &recovery->retry);
    if (!occ_is_ok(made)) {
        free(recovery);
        return made;
    }
    *ret_recovery = recovery;
    return occ_success();
}

void
occ_recovery_free(struct occ_recovery *recovery)
{
    if (recovery != NULL) {
        occ_timer_free(recovery->retry);
        free(recovery);
    }
}
