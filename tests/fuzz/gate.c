/*
 * gate.c — fuzzes a live gate. Input: frames, which come after a HELLO. When the gate refuses the session a new one begins
 * with what is left. Whatever comes, the gate answers in whole frames, stays sound, and its chain has as many proofs as it
 * gave out.
 */
#include <stdlib.h>

#include "boundary/gate.h"
#include "crypto/secret.h"
#include "wire/commit.h"
#include "wire/frame.h"
#include "wire/hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OUT_LEN = 64 << 20, SESSIONS = 4 };

static uint64_t
fixed_time(void *ctx)
{
    (void)ctx;
    return 1741496392841;
}

/* Never the same block twice in a row. */
static void
counting_random(void *ctx, void *ret, size_t len)
{
    uint8_t *const next = ctx;
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

static struct occ_gate *
new_gate(uint8_t *next_random)
{
    static const uint8_t seed[OCC_ED25519_SEED_LEN] = { 1 }, binary[32];
    struct occ_gate_config config = {
        .now_ms = fixed_time, .random = counting_random, .ctx = next_random, .retained_len_max = 1 << 20
    };
    struct occ_gate *gate = NULL;
    require(occ_is_ok(occ_secret_init()));
    require(occ_is_ok(occ_signer_software_from_seed(seed, NULL, &config.signer)));
    occ_attester_none(binary, &config.attester);
    require(occ_is_ok(occ_gate_new(&config, NULL, &gate)));
    return gate;
}

/* Proofs of a RESULT frame; all of it must be readable. */
static uint64_t
count_proofs(const struct occ_frame *frame)
{
    struct occ_reader in;
    uint16_t results = 0;
    uint64_t proofs = 0;
    require(occ_is_ok(occ_commit_read_results(frame->payload, &in, &results)));
    for (; results > 0; results--) {
        struct occ_commit_outcome outcome;
        require(occ_is_ok(occ_commit_next_result(&in, &outcome)));
        proofs += outcome.proof_count;
    }
    require(occ_reader_done(&in));
    return proofs;
}

/* Reads what the gate gave: new proofs (in frames with an id), and the counter of a HELLO_OK, if there was one. */
static uint64_t
read_out(const struct occ_buf *out, uint64_t *counter)
{
    uint64_t proofs = 0;
    struct occ_bytes rest = occ_buf_view(out);
    while (rest.len > 0) {
        struct occ_frame frame;
        struct occ_hello_ok ok;
        size_t used = 0;
        require(occ_is_ok(occ_frame_next(rest, &frame, &used)) && used > 0);
        if (frame.type == OCC_FRAME_RESULT && frame.id != 0) {
            proofs += count_proofs(&frame);
        } else if (frame.type == OCC_FRAME_HELLO_OK) {
            require(occ_is_ok(occ_hello_read_ok(frame.payload, &ok)));
            *counter = ok.heads[0].counter;
        }
        rest = occ_bytes_of(rest.ptr + used, rest.len - used);
    }
    return proofs;
}

/* One session over input; gives the bytes that it took. */
static size_t
play(struct occ_gate *gate, struct occ_bytes input, uint64_t *proofs, uint64_t *counter)
{
    OCC_BUF_AUTO(out, OUT_LEN);
    OCC_BUF_AUTO(hello, 100);
    const struct occ_hello message = { .min_version = 1, .max_version = 1 };
    occ_hello_put(&hello, &message);
    size_t used = 0, done = 0;
    occ_gate_begin_session(gate);
    require(occ_is_ok(occ_gate_handle(gate, occ_buf_view(&hello), &used, &out)));
    for (bool open = true; open && done < input.len; done += used) {
        const struct occ_bytes rest = occ_bytes_of(input.ptr + done, input.len - done);
        const struct occ_result handled = occ_gate_handle(gate, rest, &used, &out);
        require(used <= rest.len);
        open = occ_is_ok(handled) && used > 0;
    }
    require(occ_is_ok(occ_buf_check(&out)));
    *proofs += read_out(&out, counter);
    return done;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t next_random = 0;
    struct occ_gate *const gate = new_gate(&next_random);
    uint64_t proofs = 0, counter = 0;
    size_t done = 0;
    for (int i = 0; i < SESSIONS && done < size; i++) {
        done += play(gate, occ_bytes_of(data + done, size - done), &proofs, &counter);
    }
    const uint64_t given = proofs;
    (void)play(gate, occ_bytes_of(NULL, 0), &proofs, &counter); /* a last HELLO tells where the chain stands */
    require(counter == given && proofs == given && occ_gate_is_sound(gate));
    occ_gate_free(gate);
    return 0;
}
