/* round.c — see round.h. */
#include "boundary/round.h"

#include <stdlib.h>

#include "crypto/secret.h"

enum {
    TASKS_MAX = 128,          /* of a round, */
    DIGESTS_MAX = 4096,       /* and after how many digests */
    VALUES_LEN_MAX = 1 << 20, /* and bytes of their values it is full */
    HANDED_MIN = 8,           /* digests for other threads below which waking them takes longer than signing */
    KEPT_LEN = 16 << 10,      /* a task keeps so much memory, */
    LANE_KEPT_LEN = 256 << 10 /* and a lane so much of each kind */
};

struct occ_result
occ_round_init(struct occ_round *round, size_t workers)
{
    const bool is_parallel = workers > 1;
    round->count_max = is_parallel ? TASKS_MAX : 1;
    round->tasks = calloc(round->count_max, sizeof *round->tasks);
    OCC_ENSURE(round->tasks != NULL, OCC_ERR_NOMEM);
    for (size_t i = 0; i < round->count_max; i++) {
        round->tasks[i].request = OCC_REQUEST_INIT;
    }
    if (!is_parallel) {
        return occ_success();
    }
    const size_t lanes = workers < OCC_LIMIT_WORKERS ? workers : OCC_LIMIT_WORKERS;
    round->lanes = calloc(lanes, sizeof *round->lanes);
    OCC_ENSURE(round->lanes != NULL, OCC_ERR_NOMEM);
    round->lane_count = lanes;
    for (size_t i = 0; i < lanes; i++) {
        round->lanes[i] = (struct occ_lane){
            .hand = OCC_SIGNING_HAND_INIT,
            .hashes = OCC_BUF_INIT(OCC_LIMIT_FRAME_LEN),
            .nonces = OCC_BUF_INIT(OCC_LIMIT_FRAME_LEN),
        };
        occ_chain_scratch_prepare(&round->lanes[i].hand.scratch);
    }
    return occ_success();
}

void
occ_round_free(struct occ_round *round)
{
    for (size_t i = 0; round->tasks != NULL && i < round->count_max; i++) {
        occ_request_clear(&round->tasks[i].request);
    }
    for (size_t i = 0; i < round->lane_count; i++) {
        occ_signing_hand_clear(&round->lanes[i].hand);
        occ_buf_clear(&round->lanes[i].hashes);
        occ_buf_clear(&round->lanes[i].nonces);
    }
    free(round->tasks);
    free(round->lanes);
    *round = (struct occ_round){ 0 };
}

/* ---- tasks ---- */

static void
shrink(struct occ_buf *buf, size_t kept_len)
{
    if (buf->cap > kept_len) {
        occ_buf_clear(buf);
    }
    occ_buf_reset(buf);
}

void
occ_round_end(struct occ_round *round)
{
    for (size_t i = 1; i < round->count; i++) { /* the first keeps what a request keeps */
        shrink(&round->tasks[i].request.items, KEPT_LEN);
        shrink(&round->tasks[i].request.values, KEPT_LEN);
        shrink(&round->tasks[i].request.slots, KEPT_LEN);
    }
    for (size_t i = 0; i < round->lane_count; i++) {
        shrink(&round->lanes[i].hashes, LANE_KEPT_LEN);
        shrink(&round->lanes[i].nonces, LANE_KEPT_LEN);
    }
    round->count = 0;
    round->digests = 0;
    round->values_len = 0;
}

struct occ_task *
occ_round_add(struct occ_round *round)
{
    struct occ_task *const task = &round->tasks[round->count++];
    task->refusal.code = OCC_OK;
    task->is_read = false;
    task->room = (struct occ_room){ .entry = NULL };
    return task;
}

bool
occ_round_is_full(const struct occ_round *round)
{
    if (round->count == round->count_max || round->digests >= DIGESTS_MAX || round->values_len >= VALUES_LEN_MAX) {
        return true;
    }
    /* Whether a slot is used up is known when the commit that it is in was signed, and asked of the next one that names it. */
    return round->tasks[round->count - 1].request.slot_count > 0;
}

static bool
is_to_sign(const struct occ_task *task)
{
    return task->refusal.code == OCC_OK;
}

/* ---- lanes ---- */

/* The chain with the most digests that is in no lane yet; false = there is none. digests: by chain; those in a lane have 0. */
static bool
find_largest(const uint64_t digests[OCC_LIMIT_CHAINS], size_t *ret_chain)
{
    size_t largest = 0;
    for (size_t i = 1; i < OCC_LIMIT_CHAINS; i++) {
        largest = digests[i] > digests[largest] ? i : largest;
    }
    *ret_chain = largest;
    return digests[largest] > 0;
}

/*
 * The longest first, each to the lane that has least: no lane waits long for another. False: there is one chain only, or too little
 * on the others.
 */
static bool
deal_out(struct occ_round *round, const struct occ_round_work *work)
{
    uint64_t digests[OCC_LIMIT_CHAINS] = { 0 }, load[OCC_LIMIT_WORKERS] = { 0 };
    for (size_t i = 0; i < round->count; i++) {
        const struct occ_request *const request = &round->tasks[i].request;
        digests[request->chain] += is_to_sign(&round->tasks[i]) ? request->count : 0;
    }
    uint64_t all = 0, longest = 0;
    for (size_t chain = 0; find_largest(digests, &chain);) {
        size_t lane = 0;
        for (size_t i = 1; i < round->lane_count; i++) {
            lane = load[i] < load[lane] ? i : lane;
        }
        load[lane] += digests[chain];
        all += digests[chain];
        longest = load[lane] > longest ? load[lane] : longest;
        digests[chain] = 0;
        round->lane_of[chain] = (uint8_t)lane;
        round->chains[chain] = work->chains[chain];
    }
    return all - longest >= HANDED_MIN;
}

/* What the lanes will take beside their drafts, before any of them begins: nothing in them fails for want of memory. */
static bool
reserve(struct occ_round *round, const struct occ_round_work *work)
{
    size_t proofs[OCC_LIMIT_WORKERS] = { 0 };
    for (size_t i = 0; i < round->count; i++) {
        struct occ_task *const task = &round->tasks[i];
        if (is_to_sign(task)) {
            task->lane = round->lane_of[task->request.chain];
            proofs[task->lane] += task->request.count;
        }
    }
    bool has_room = true;
    for (size_t i = 0; i < round->lane_count; i++) {
        struct occ_lane *const lane = &round->lanes[i];
        has_room = has_room && occ_buf_reserve(&lane->hashes, work->waits ? proofs[i] * OCC_SHA256_LEN : 0) != NULL &&
                   occ_buf_reserve(&lane->nonces, proofs[i] * OCC_CHAIN_NONCE_LEN) != NULL;
    }
    return has_room;
}

/* In the order of the requests, as they would be drawn one after the other. */
static void
draw_nonces(struct occ_round *round, struct occ_nonces *nonces)
{
    for (size_t i = 0; i < round->count; i++) {
        const struct occ_task *const task = &round->tasks[i];
        for (uint32_t left = is_to_sign(task) ? task->request.count : 0; left > 0; left--) {
            occ_buf_put(&round->lanes[task->lane].nonces, occ_bytes_of(occ_nonces_next(nonces), OCC_CHAIN_NONCE_LEN));
        }
    }
}

/* What a lane signs with. */
struct lane_work {
    struct occ_round *round;
    const struct occ_round_work *work;
};

/* The next of a lane's nonces: what it draws from is drawn. */
static void
take_drawn(void *ctx, void *ret, size_t len)
{
    struct occ_bytes *const left = ctx;
    memcpy(ret, left->ptr, len);
    *left = occ_bytes_of(left->ptr + len, left->len - len);
}

/* A request in its lane: there is all of its result, or its code says why not, and then its chain has not moved. */
static void
sign_task(struct occ_round *round, const struct occ_round_work *work, struct occ_task *task, struct occ_nonces *nonces)
{
    struct occ_lane *const lane = &round->lanes[task->lane];
    struct occ_buf draft = occ_retain_draft(task->room.entry);
    struct occ_result_writer writer = { .buf = &draft };
    const struct occ_signing signing = {
        .epoch = work->epoch,
        .request = &task->request,
        .now_ms = work->now_ms,
        .is_joined = work->is_joined,
        .nonces = nonces,
        .writer = &writer,
        .hashes = work->waits ? &lane->hashes : NULL,
    };
    task->hashes_at = lane->hashes.len;
    task->chain = round->chains[task->request.chain];
    task->code = occ_signing_run(&signing, &lane->hand, &task->chain).code;
    if (task->code != OCC_OK) {
        lane->hashes.len = task->hashes_at;
        lane->hashes.fail = OCC_OK;
        return;
    }
    task->result = occ_buf_view(&draft);
    round->chains[task->request.chain] = task->chain;
}

static void
sign_lane(void *arg, size_t index)
{
    const struct lane_work *const lane = arg;
    struct occ_round *const round = lane->round;
    struct occ_bytes left = occ_buf_view(&round->lanes[index].nonces);
    bool is_sound = true;
    for (size_t i = 0; i < round->count; i++) {
        struct occ_task *const task = &round->tasks[i];
        if (!is_to_sign(task) || task->lane != index) {
            continue;
        }
        struct occ_bytes own = occ_bytes_of(left.ptr, (size_t)task->request.count * OCC_CHAIN_NONCE_LEN);
        left = occ_bytes_of(left.ptr + own.len, left.len - own.len);
        task->code = OCC_ERR_SIGNATURE; /* behind one that cannot be trusted nothing is signed */
        if (is_sound) {
            struct occ_nonces nonces;
            occ_nonces_begin(&nonces, take_drawn, &own, task->request.count);
            sign_task(round, lane->work, task, &nonces);
            occ_nonces_drop(&nonces);
        }
        is_sound = is_sound && task->code != OCC_ERR_SIGNATURE && task->code != OCC_ERR_RANDOM;
    }
}

bool
occ_round_sign(struct occ_round *round, const struct occ_round_work *work)
{
    if (round->lane_count < 2 || !deal_out(round, work) || !reserve(round, work)) {
        return false;
    }
    draw_nonces(round, work->nonces);
    struct lane_work lanes = { .round = round, .work = work };
    if (round->run != NULL) {
        round->run(round->run_ctx, sign_lane, &lanes, round->lane_count);
    } else {
        for (size_t i = 0; i < round->lane_count; i++) {
            sign_lane(&lanes, i);
        }
    }
    for (size_t i = 0; i < round->lane_count; i++) {
        occ_secret_wipe(round->lanes[i].nonces.ptr, round->lanes[i].nonces.len);
    }
    return true;
}

struct occ_bytes
occ_round_hashes(const struct occ_round *round, const struct occ_task *task)
{
    return occ_bytes_of(round->lanes[task->lane].hashes.ptr + task->hashes_at,
                        (size_t)task->request.count * OCC_SHA256_LEN);
}
