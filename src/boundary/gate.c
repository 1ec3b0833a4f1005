/* gate.c — the session and the dispatch of frames. What a COMMIT frame does: batch.c. docs/boundary.md has the state table. */
#include "boundary/gate.h"

#include <inttypes.h>
#include <stdlib.h>

#include "boundary/again.h"
#include "boundary/attesting.h"
#include "boundary/batch.h"
#include "boundary/greet.h"
#include "boundary/issuer.h"
#include "boundary/linker.h"
#include "proof/write.h"
#include "wire/attest.h"
#include "wire/frame.h"
#include "wire/hello.h"

enum { BOOT_NONCE_LEN = 32 };

/* No session, or one that was refused; a session whose HELLO has not come; one that works. */
enum session { SESSION_NONE, SESSION_NEW, SESSION_OPEN };

struct occ_gate {
    enum session session;
    uint64_t (*uptime_ms)(void *ctx);
    struct occ_batch batch;
};

/* ---- the epoch ---- */

static struct occ_result
begin_epoch(struct occ_batch *batch, struct occ_error *err)
{
    struct occ_epoch *const epoch = &batch->epoch;
    uint8_t boot_nonce[BOOT_NONCE_LEN];
    batch->random(batch->ctx, boot_nonce, sizeof boot_nonce);
    occ_write_epoch_id(epoch->signer.public_key, boot_nonce, epoch->id);
    const struct occ_result tested = occ_signer_test(&epoch->signer, occ_bytes_of(boot_nonce, sizeof boot_nonce));
    if (!occ_is_ok(tested)) {
        return occ_error_set(err, tested.code, "the signing key failed its self-test: %s",
                             occ_result_text(tested.code));
    }
    struct occ_result ready = occ_chain_measure(epoch, &batch->hand.scratch.body);
    ready = occ_is_ok(ready) ? occ_attesting_init(batch) : ready;
    if (!occ_is_ok(ready)) {
        return occ_error_code(err, ready.code);
    }
    const struct occ_result made = occ_mac_new(batch->random, batch->ctx, &batch->tickets.mac);
    return occ_is_ok(made) ? made
                           : occ_error_set(err, made.code, "no locked memory for the key of challenges and slots");
}

/* No predecessor can be verified, so none is linked to. */
static struct occ_result
check_nothing(void *ctx, const struct occ_json *proof, struct occ_error *err)
{
    (void)ctx;
    (void)proof;
    return occ_error_code(err, OCC_ERR_UNSUPPORTED);
}

static void
set_chains(struct occ_batch *batch, const struct occ_gate_config *config)
{
    batch->chain_count = 1; /* the default one has no id */
    for (size_t i = 0; i < config->chain_id_count && batch->chain_count < OCC_LIMIT_CHAINS; i++) {
        batch->chains[batch->chain_count].id = config->chain_ids[i];
        batch->chain_count++;
    }
    for (size_t i = 0; i < OCC_LIMIT_CHAINS; i++) {
        batch->links[i].text = OCC_BUF_INIT(OCC_CHAIN_LINK_LEN_MAX);
    }
}

/* More than one, where there is more than one chain, and a signer that two threads can use. */
static struct occ_result
set_workers(struct occ_batch *batch, const struct occ_gate_config *config, struct occ_error *err)
{
    const size_t most = batch->epoch.signer.is_parallel ? batch->chain_count : 1;
    const size_t workers = config->workers < most ? config->workers : most;
    const struct occ_result ready = occ_round_init(&batch->round, workers);
    batch->round.run = config->run;
    batch->round.run_ctx = config->run_ctx;
    return occ_is_ok(ready) ? ready : occ_error_code(err, ready.code);
}

struct occ_result
occ_gate_new(const struct occ_gate_config *config, struct occ_error *err, struct occ_gate **ret_gate)
{
    struct occ_signer signer = config->signer;
    struct occ_gate *gate = calloc(1, sizeof *gate);
    if (gate == NULL) {
        occ_signer_clear(&signer);
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    const uint32_t digests_max = config->digests_max == 0 ? OCC_LIMIT_BATCH_DIGESTS_MAX : config->digests_max;
    gate->batch = (struct occ_batch){
        .epoch = { .signer = signer, .attester = config->attester },
        .retain = { .len_max = config->retained_len_max == 0 ? OCC_LIMIT_RETAINED_LEN : config->retained_len_max },
        .hand = OCC_SIGNING_HAND_INIT,
        .now_ms = config->now_ms,
        .random = config->random,
        .check_predecessor = config->check_predecessor == NULL ? check_nothing : config->check_predecessor,
        .rules = config->rules,
        .tickets.spent.count_max = OCC_LIMIT_SPENT,
        .ctx = config->ctx,
        .digests_max = digests_max > OCC_LIMIT_BATCH_DIGESTS_MAX ? OCC_LIMIT_BATCH_DIGESTS_MAX : digests_max,
    };
    gate->uptime_ms = config->uptime_ms;
    if (config->attester.mode == OCC_ATTEST_COMMIT && gate->batch.digests_max > OCC_LIMIT_ATTEST_PROOFS) {
        gate->batch.digests_max = OCC_LIMIT_ATTEST_PROOFS;
    }
    set_chains(&gate->batch, config);
    struct occ_result begun = set_workers(&gate->batch, config, err);
    begun = occ_is_ok(begun) ? begin_epoch(&gate->batch, err) : begun;
    if (!occ_is_ok(begun)) {
        occ_gate_free(gate);
        return begun;
    }
    *ret_gate = gate;
    return occ_success();
}

void
occ_gate_free(struct occ_gate *gate)
{
    if (gate == NULL) {
        return;
    }
    occ_batch_clear(&gate->batch);
    free(gate);
}

bool
occ_gate_is_sound(const struct occ_gate *gate)
{
    return !gate->batch.halted;
}

const char *
occ_gate_epoch_id(const struct occ_gate *gate)
{
    return gate->batch.epoch.id;
}

const uint8_t *
occ_gate_public_key(const struct occ_gate *gate)
{
    return gate->batch.epoch.signer.public_key;
}

/* ---- the session ---- */

/* What waits for a document was for the session before: nobody else is given it. */
static void
set_session(struct occ_gate *gate, enum session session)
{
    occ_attesting_discard(&gate->batch, OCC_ERR_STATE, "", NULL);
    gate->session = session;
}

void
occ_gate_begin_session(struct occ_gate *gate)
{
    set_session(gate, SESSION_NEW);
}

void
occ_gate_end_session(struct occ_gate *gate)
{
    set_session(gate, SESSION_NONE);
}

bool
occ_gate_is_greeted(const struct occ_gate *gate)
{
    return gate->session == SESSION_OPEN;
}

void
occ_gate_refuse_second(struct occ_buf *out)
{
    occ_hello_put_refused(out, 0, OCC_ERR_LOCKED, occ_bytes_str("another parent is connected"));
}

void
occ_gate_put_refusal(const struct occ_error *why, struct occ_buf *out)
{
    occ_hello_put_refused(out, 0, why->code, occ_bytes_str(why->text));
}

/* Ends the session with a REFUSED frame, if there is room for it: out holds whole frames in any case. */
static struct occ_result
refuse(struct occ_gate *gate, uint64_t id, const struct occ_error *why, struct occ_buf *out)
{
    const size_t begin = out->len;
    set_session(gate, SESSION_NONE);
    occ_hello_put_refused(out, id, why->code, occ_bytes_str(why->text));
    if (!occ_is_ok(occ_buf_check(out))) {
        out->len = begin;
        out->fail = OCC_OK;
    }
    return occ_result_of(why->code);
}

static struct occ_result
handle_hello(struct occ_gate *gate, const struct occ_frame *frame, struct occ_error *why, struct occ_outbox *out)
{
    if (gate->session == SESSION_OPEN) {
        return occ_error_set(why, OCC_ERR_WIRE_MESSAGE, "a second HELLO in one session");
    }
    struct occ_hello hello;
    if (!occ_is_ok(occ_hello_read(frame->payload, &hello))) {
        return occ_error_set(why, OCC_ERR_WIRE_MESSAGE, "a malformed HELLO");
    }
    if (hello.min_version > OCC_WIRE_VERSION || hello.max_version < OCC_WIRE_VERSION) {
        return occ_error_set(why, OCC_ERR_WIRE_VERSION,
                             "the parent speaks versions %u to %u of the frame protocol, this boundary %d",
                             hello.min_version, hello.max_version, OCC_WIRE_VERSION);
    }
    occ_greet_put(&gate->batch, &out->bytes);
    occ_again_put(&gate->batch.retain, out);
    gate->session = SESSION_OPEN;
    return occ_success();
}

static struct occ_result
handle_ack(struct occ_gate *gate, const struct occ_frame *frame, struct occ_error *why)
{
    uint64_t position = 0;
    if (!occ_is_ok(occ_commit_read_ack(frame->payload, &position))) {
        return occ_error_set(why, OCC_ERR_WIRE_MESSAGE, "a malformed ACK");
    }
    struct occ_retain *const retain = &gate->batch.retain;
    const uint64_t durable = retain->durable;
    if (!occ_is_ok(occ_retain_acknowledge(retain, position))) {
        return occ_error_set(why, OCC_ERR_WIRE_MESSAGE,
                             "an ACK of position %" PRIu64 ", expected %" PRIu64 " to %" PRIu64, position, durable,
                             retain->newest);
    }
    return occ_success();
}

/* A key that is away is looked for, at a bounded rate; one that is another key now halts the boundary. */
static void
find_trouble(struct occ_batch *batch, struct occ_error *ret_trouble)
{
    const struct occ_signer *const signer = &batch->epoch.signer;
    const struct occ_result probed = signer->probe == NULL ? occ_success() : signer->probe(signer->ctx, ret_trouble);
    if (probed.code == OCC_ERR_SIGNATURE) {
        (void)!occ_is_ok(occ_batch_explain(batch, probed.code, ret_trouble));
    }
}

static struct occ_result
handle_ping(struct occ_gate *gate, const struct occ_frame *frame, struct occ_error *why, struct occ_buf *out)
{
    if (frame->payload.len != 0) {
        return occ_error_set(why, OCC_ERR_WIRE_MESSAGE, "a PING with a payload");
    }
    struct occ_error trouble = { .code = OCC_OK };
    if (!gate->batch.halted) {
        find_trouble(&gate->batch, &trouble);
    }
    if (gate->batch.halted) { /* it answers, but it is not well: nobody is to read this as health */
        return occ_error_set(why, OCC_ERR_INTEGRITY, OCC_BATCH_HALTED_TEXT);
    }
    struct occ_status status = occ_attesting_status(&gate->batch);
    if (trouble.text[0] != '\0') { /* without a key there is nothing to attest */
        status.trouble = occ_bytes_str(trouble.text);
    }
    occ_status_put(out, frame->id, &status);
    return occ_success();
}

static struct occ_result
dispatch(struct occ_gate *gate, const struct occ_frame *frame, struct occ_error *why, struct occ_outbox *out)
{
    if (gate->session == SESSION_NONE) {
        return occ_error_set(why, OCC_ERR_STATE, "this session has ended");
    }
    if (gate->session == SESSION_NEW && frame->type != OCC_FRAME_HELLO) {
        return occ_error_set(why, OCC_ERR_STATE, "a frame of type %d before HELLO", (int)frame->type);
    }
    switch (frame->type) {
    case OCC_FRAME_HELLO:
        return handle_hello(gate, frame, why, out);
    case OCC_FRAME_COMMIT:
        return occ_batch_handle(&gate->batch, frame, why, out);
    case OCC_FRAME_ISSUE:
        return occ_issuer_handle(&gate->batch, frame, why, &out->bytes);
    case OCC_FRAME_LINK:
        return occ_linker_handle(&gate->batch, frame, why, &out->bytes);
    case OCC_FRAME_ACK:
        return handle_ack(gate, frame, why);
    case OCC_FRAME_PING:
        return handle_ping(gate, frame, why, &out->bytes);
    case OCC_FRAME_ATTEST:
        return occ_askers_handle(&gate->batch, frame, why, &out->bytes);
    case OCC_FRAME_HELLO_OK:
    case OCC_FRAME_REFUSED:
    case OCC_FRAME_RESULT:
    case OCC_FRAME_PONG:
    case OCC_FRAME_ISSUED:
    case OCC_FRAME_LINKED:
    case OCC_FRAME_ATTESTED:
        break;
    }
    return occ_error_set(why, OCC_ERR_WIRE_MESSAGE, "a frame of type %d, which only a boundary sends",
                         (int)frame->type);
}

static void
look_at_clock(struct occ_gate *gate)
{
    gate->batch.tickets.uptime_ms = gate->uptime_ms(gate->batch.ctx);
}

/* What was put since begin is the answer, unless it was refused or out could not hold it. */
static struct occ_result
finish(struct occ_gate *gate, uint64_t id, struct occ_outbox_end begin, struct occ_error *why, struct occ_outbox *out)
{
    const struct occ_result written = occ_buf_check(&out->bytes);
    if (why->code == OCC_OK && occ_is_ok(written)) {
        return occ_success();
    }
    if (!occ_is_ok(written)) {
        /* The parent does not take its answers. What is kept is given again to the next session; what waits is not. */
        (void)occ_error_set(why, written.code, "no room for the answer: %s", occ_result_text(written.code));
        occ_outbox_cut(out, begin);
    }
    return refuse(gate, id, why, &out->bytes);
}

struct occ_result
occ_gate_handle(struct occ_gate *gate, struct occ_bytes input, size_t *ret_used, struct occ_outbox *out)
{
    struct occ_error why = { .code = OCC_OK };
    struct occ_frame frame = { 0 };
    const struct occ_result cut = occ_frame_next(input, &frame, ret_used);
    if (!occ_is_ok(cut)) {
        (void)occ_error_code(&why, cut.code);
        return refuse(gate, 0, &why, &out->bytes);
    }
    if (*ret_used == 0) {
        return occ_success();
    }
    look_at_clock(gate);
    const struct occ_outbox_end begin = occ_outbox_end(out);
    const bool was_sound = !gate->batch.halted;
    (void)occ_is_ok(dispatch(gate, &frame, &why, out)); /* a failure is in why */
    if (was_sound && gate->batch.halted) {              /* what a key has signed that lies is not given out */
        occ_attesting_discard(&gate->batch, OCC_ERR_INTEGRITY, OCC_BATCH_HALTED_TEXT, &out->bytes);
    }
    return finish(gate, frame.id, begin, &why, out);
}

/* ---- documents ---- */

bool
occ_gate_wants_document(struct occ_gate *gate, struct occ_attest_request *ret_request)
{
    look_at_clock(gate);
    return occ_attesting_wants_document(&gate->batch, ret_request);
}

struct occ_result
occ_gate_take_document(struct occ_gate *gate, const struct occ_attest_outcome *outcome, struct occ_outbox *out)
{
    look_at_clock(gate);
    struct occ_error why = { .code = OCC_OK };
    const struct occ_outbox_end begin = occ_outbox_end(out);
    (void)occ_is_ok(occ_attesting_take_document(&gate->batch, outcome, &why, out)); /* a failure is in why */
    return finish(gate, 0, begin, &why, out);
}

struct occ_result
occ_gate_look_at_device(struct occ_gate *gate, struct occ_outbox *out)
{
    look_at_clock(gate);
    struct occ_error why = { .code = OCC_OK };
    const struct occ_outbox_end begin = occ_outbox_end(out);
    occ_attesting_look_at_device(&gate->batch, &out->bytes);
    return finish(gate, 0, begin, &why, out);
}

uint64_t
occ_gate_next_ms(const struct occ_gate *gate)
{
    return occ_attesting_next_ms(&gate->batch);
}

bool
occ_gate_clock_moved(struct occ_gate *gate, int64_t *ret_ms)
{
    struct occ_attesting *const attesting = &gate->batch.attesting;
    const bool moved = attesting->moved;
    attesting->moved = false;
    *ret_ms = moved ? attesting->offset_ms : *ret_ms;
    return moved;
}

const char *
occ_gate_trouble(const struct occ_gate *gate)
{
    return occ_attesting_trouble(&gate->batch);
}
