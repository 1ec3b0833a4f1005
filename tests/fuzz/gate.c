/*
 * gate.c — fuzzes a live gate. Input: frames, which come after a HELLO. When the gate refuses the session a new one begins
 * with what is left. Requests on different chains are signed in lanes. Whatever comes, the gate answers in whole frames, stays
 * sound, counters of a chain only go up, and its head is the newest proof that it gave out. Random and clocks stand still, so
 * that a seed can hold a challenge or a slot that this very gate gives out.
 *
 * The ids of PING frames say what the device does, before the gate sees them (enum what): whether there is one the first says.
 */
#include <stdlib.h>

#include "../support/flat.h"
#include "boundary/gate.h"
#include "crypto/secret.h"
#include "wire/attest.h"
#include "wire/commit.h"
#include "wire/frame.h"
#include "wire/hello.h"
#include "wire/issue.h"
#include "wire/link.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OUT_LEN = 64 << 20, SESSIONS = 4 };

struct world {
    uint8_t next_random;
    uint64_t now_ms, uptime_ms;
    bool is_asked; /* a document is out */
    bool has_lied; /* the gate has halted, or soon will */
    unsigned documents;
};

/* Bits of a PING's id. */
enum what {
    ANSWERS = 1,   /* the device gives what it was asked for … */
    FAILS = 2,     /* … or nothing … */
    LIES = 4,      /* … or something else */
    LATER = 8,     /* a second passes */
    CLOCK = 16,    /* the machine's clock goes on by an hour, unlike the device's */
    MODE_SHIFT = 8 /* the first frame's: enum occ_attest_mode, in two bits */
};

static uint64_t
world_time(void *ctx)
{
    return ((struct world *)ctx)->now_ms;
}

static uint64_t
world_uptime(void *ctx)
{
    return ((struct world *)ctx)->uptime_ms;
}

/* Never the same block twice in a row. */
static void
counting_random(void *ctx, void *ret, size_t len)
{
    uint8_t *const next = &((struct world *)ctx)->next_random;
    for (size_t at = 0; at < len; at += 32) {
        (*next)++;
        memset((uint8_t *)ret + at, *next, len - at < 32 ? len - at : 32);
    }
}

static void
require(bool condition)
{
    if (!condition) {
        abort();
    }
}

/* The proof before counts as verified: what is fuzzed is what comes before and after. */
static struct occ_result
believe(void *ctx, const struct occ_json *proof, struct occ_error *err)
{
    (void)ctx;
    (void)err;
    return occ_result_of(proof == NULL ? OCC_ERR_INTERNAL : OCC_OK);
}

static const struct occ_bytes chain_ids[] = { { (const uint8_t *)"a", 1 }, { (const uint8_t *)"b", 1 } };
static const char *const rp_ids[] = { "example.com" };
static const char *const origins[] = { "https://example.com" };

enum { CHAINS = 3 };

/* The id of the first frame, if it is a whole PING, else 0. */
static uint64_t
ping_id(struct occ_bytes input)
{
    struct occ_frame frame = { 0 };
    size_t used = 0;
    const bool is_whole = occ_is_ok(occ_frame_next(input, &frame, &used)) && used > 0;
    return is_whole && frame.type == OCC_FRAME_PING ? frame.id : 0;
}

/* Lanes that are done in another order than they were begun. */
static void
run_backward(void *ctx, void (*job)(void *arg, size_t index), void *arg, size_t count)
{
    (void)ctx;
    for (size_t i = count; i > 0; i--) {
        job(arg, i - 1);
    }
}

static struct occ_gate *
new_gate(struct world *world, enum occ_attest_mode mode)
{
    static const uint8_t seed[OCC_ED25519_SEED_LEN] = { 1 }, binary[32];
    struct occ_gate_config config = {
        .now_ms = world_time,
        .uptime_ms = world_uptime,
        .random = counting_random,
        .check_predecessor = believe,
        .ctx = world,
        .chain_ids = chain_ids,
        .chain_id_count = CHAINS - 1,
        .rules = { .rp_ids = { rp_ids, 1 }, .origins = { origins, 1 }, .webauthn_compat = true },
        .retained_len_max = 1 << 20,
        .workers = 2,
        .run = run_backward,
    };
    struct occ_gate *gate = NULL;
    require(occ_is_ok(occ_secret_init()));
    require(occ_is_ok(occ_signer_software_from_seed(seed, NULL, &config.signer)));
    occ_attester_none(binary, &config.attester);
    if (mode != OCC_ATTEST_NONE) {
        config.attester.mode = mode;
        memcpy(config.attester.format, "aws-nitro", sizeof "aws-nitro");
    }
    require(occ_is_ok(occ_gate_new(&config, NULL, &gate)));
    return gate;
}

/* What was given out: the newest counter of each chain, the default one first. */
struct seen {
    uint64_t counter[CHAINS];
};

static size_t
chain_of(struct occ_bytes chain_id)
{
    size_t at = 0;
    while (at < CHAINS - 1 && !occ_bytes_equal(chain_id, chain_ids[at])) {
        at++;
    }
    require(at < CHAINS - 1 || chain_id.len == 0);
    return chain_id.len == 0 ? 0 : at + 1;
}

/* Reads a RESULT frame; all of it must be readable, and new proofs go on from those before. */
static void
read_results(const struct occ_frame *frame, struct seen *seen)
{
    struct occ_commit_results in;
    require(occ_is_ok(occ_commit_read_results(frame->payload, &in)));
    for (uint16_t i = 0; i < in.result_count; i++) {
        struct occ_commit_outcome outcome;
        struct occ_commit_proof proof;
        require(occ_is_ok(occ_commit_next_result(&in, &outcome)));
        require(outcome.code == OCC_OK || frame->id != 0);
        while (frame->id != 0 && occ_commit_next_proof(&outcome.proofs, &proof)) {
            uint64_t *const counter = &seen->counter[chain_of(outcome.chain_id)];
            require(proof.counter > *counter);
            *counter = proof.counter;
        }
    }
    require(occ_reader_done(&in.in));
}

/* A HELLO_OK tells what was seen. */
static void
check_heads(const struct occ_frame *frame, const struct seen *seen)
{
    struct occ_hello_ok ok;
    require(occ_is_ok(occ_hello_read_ok(frame->payload, &ok)) && ok.head_count == CHAINS);
    for (size_t i = 0; i < CHAINS; i++) {
        require(ok.heads[i].counter == seen->counter[chain_of(ok.heads[i].chain_id)]);
    }
}

static void
read_frame(const struct occ_frame *frame, struct seen *seen)
{
    struct occ_issue_answer answer;
    struct occ_attest_answer attested;
    struct occ_status status;
    enum occ_err code;
    struct occ_bytes text;
    switch (frame->type) {
    case OCC_FRAME_RESULT:
        read_results(frame, seen);
        break;
    case OCC_FRAME_HELLO_OK:
        check_heads(frame, seen);
        break;
    case OCC_FRAME_ISSUED:
        require(occ_is_ok(occ_issue_read_answer(frame->payload, &answer)));
        break;
    case OCC_FRAME_LINKED:
        require(occ_is_ok(occ_link_read_answer(frame->payload, &code, &text)));
        break;
    case OCC_FRAME_ATTESTED:
        require(occ_is_ok(occ_attest_read_answer(frame->payload, &attested)));
        break;
    case OCC_FRAME_PONG:
        require(occ_is_ok(occ_status_read(frame->payload, &status)) && status.waiting <= OCC_LIMIT_ATTEST_WAITING);
        break;
    default:
        require(frame->type == OCC_FRAME_REFUSED);
    }
}

static void
read_out(const struct occ_buf *out, struct seen *seen)
{
    struct occ_bytes rest = occ_buf_view(out);
    while (rest.len > 0) {
        struct occ_frame frame;
        size_t used = 0;
        require(occ_is_ok(occ_frame_next(rest, &frame, &used)) && used > 0);
        read_frame(&frame, seen);
        rest = occ_bytes_of(rest.ptr + used, rest.len - used);
    }
}

/* The device does what it is told. */
static struct occ_result
play_device(struct occ_gate *gate, struct world *world, uint64_t what, struct occ_buf *out)
{
    world->uptime_ms += (what & LATER) != 0 ? 1000 : 0;
    world->now_ms += (what & CLOCK) != 0 ? 3600000 : 0;
    struct occ_attest_request request;
    world->is_asked = world->is_asked || occ_gate_wants_document(gate, &request);
    require(occ_is_ok(flat_look_at_device(gate, out)));
    if (!world->is_asked || (what & (ANSWERS | FAILS | LIES)) == 0) {
        return occ_success();
    }
    const bool lies = (what & LIES) != 0, fails = lies || (what & FAILS) != 0;
    const struct occ_attest_outcome outcome = {
        .code = lies    ? OCC_ERR_INTEGRITY
                : fails ? OCC_ERR_ATTESTER
                        : OCC_OK,
        .text = "no document",
        .document = occ_bytes_of(&world->documents, sizeof world->documents),
        .facts = { .time_ms = 1741496392841 + world->documents },
        .duration_us = 5000,
    };
    world->documents++;
    world->is_asked = false;
    world->has_lied = world->has_lied || lies;
    return flat_take_document(gate, &outcome, out);
}

/* One session over input; gives the bytes that it took. */
static size_t
play(struct occ_gate *gate, struct world *world, struct occ_bytes input, struct seen *seen)
{
    OCC_BUF_AUTO(out, OUT_LEN);
    OCC_BUF_AUTO(hello, 100);
    const struct occ_hello message = { .min_version = OCC_WIRE_VERSION, .max_version = OCC_WIRE_VERSION };
    occ_hello_put(&hello, &message);
    size_t used = 0, done = 0;
    occ_gate_begin_session(gate);
    require(occ_is_ok(flat_handle(gate, occ_buf_view(&hello), &used, &out)));
    for (bool open = true; open && done < input.len; done += used) {
        const struct occ_bytes rest = occ_bytes_of(input.ptr + done, input.len - done);
        require(occ_is_ok(play_device(gate, world, ping_id(rest), &out)));
        const struct occ_result handled = flat_handle(gate, rest, &used, &out);
        require(used <= rest.len);
        open = occ_is_ok(handled) && used > 0;
    }
    require(occ_is_ok(occ_buf_check(&out)));
    read_out(&out, seen);
    return done;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world world = { .now_ms = 1741496392841, .uptime_ms = 5000 };
    const enum occ_attest_mode mode = (ping_id(occ_bytes_of(data, size)) >> MODE_SHIFT) & 3;
    struct occ_gate *const gate = new_gate(&world, mode);
    struct seen seen = { { 0 } };
    size_t done = 0;
    for (int i = 0; i < SESSIONS && done < size; i++) {
        done += play(gate, &world, occ_bytes_of(data + done, size - done), &seen);
    }
    (void)play(gate, &world, occ_bytes_of(NULL, 0), &seen); /* a last HELLO tells where the chains stand */
    require(occ_gate_is_sound(gate) || world.has_lied);
    occ_gate_free(gate);
    return 0;
}
