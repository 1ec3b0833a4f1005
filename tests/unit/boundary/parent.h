/*
 * parent.h — a parent for tests of the gate: a world with a fixed clock, fixed random and a known key, frames in, results
 * out, and each proof that comes back verified as a stranger would verify it.
 */
#ifndef TESTS_UNIT_BOUNDARY_PARENT_H
#define TESTS_UNIT_BOUNDARY_PARENT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/base64.h"
#include "boundary/gate.h"
#include "codec/json.h"
#include "crypto/secret.h"
#include "proof/body.h"
#include "support/flat.h"
#include "wire/attest.h"
#include "wire/commit.h"
#include "wire/frame.h"
#include "wire/hello.h"

enum { BIG_BUF = 256 << 20 };

/* What surrounds a gate. Faults are asked for by setting a member. */
struct world {
    uint64_t now_ms, uptime_ms;
    uint8_t random_block; /* the byte that the next 32 random bytes consist of */
    bool random_is_stuck; /* the same bytes again and again */
    struct occ_signer real;
    unsigned signatures; /* asked for so far */
    unsigned fail_at;    /* the signature, counted from 1, at which the signer fails; 0 = none */
    enum occ_err fail_code;
    unsigned lie_at; /* the signature that is wrong; 0 = none */
};

static inline uint64_t
world_now(void *ctx)
{
    return ((struct world *)ctx)->now_ms;
}

static inline uint64_t
world_uptime(void *ctx)
{
    return ((struct world *)ctx)->uptime_ms;
}

static inline void
world_random(void *ctx, void *ret, size_t len)
{
    struct world *const world = ctx;
    assert_int_equal(len % 32, 0);
    for (size_t at = 0; at < len; at += 32) {
        memset((uint8_t *)ret + at, world->random_block, 32);
        world->random_block = (uint8_t)(world->random_block + (world->random_is_stuck ? 0 : 0x11));
    }
}

static inline struct occ_result
world_sign(void *ctx, struct occ_bytes message, uint8_t ret_signature[OCC_ED25519_SIGNATURE_LEN])
{
    struct world *const world = ctx;
    world->signatures++;
    OCC_ENSURE(world->signatures != world->fail_at, world->fail_code);
    OCC_TRY(world->real.sign(world->real.ctx, message, ret_signature));
    if (world->signatures == world->lie_at) {
        ret_signature[0] ^= 1;
    }
    return occ_success();
}

static inline void
world_free(void *ctx)
{
    occ_signer_clear(&((struct world *)ctx)->real);
}

/* A gate's parameters in this world; world->real is made anew. */
static inline struct occ_gate_config
world_config(struct world *world)
{
    uint8_t seed[OCC_ED25519_SEED_LEN], binary[32];
    for (size_t i = 0; i < sizeof seed; i++) {
        seed[i] = (uint8_t)i;
    }
    memset(binary, 0xab, sizeof binary);
    *world = (struct world){ .now_ms = 1741496392841, .uptime_ms = 5000, .random_block = 0x11 };
    assert_int_equal(occ_secret_init().code, OCC_OK);
    assert_int_equal(occ_signer_software_from_seed(seed, NULL, &world->real).code, OCC_OK);
    struct occ_gate_config config = {
        .now_ms = world_now, .uptime_ms = world_uptime, .random = world_random, .ctx = world
    };
    config.signer = (struct occ_signer){ .ctx = world, .sign = world_sign, .free = world_free };
    memcpy(config.signer.public_key, world->real.public_key, sizeof config.signer.public_key);
    occ_attester_none(binary, &config.attester);
    return config;
}

struct parent {
    struct world world;
    struct occ_gate *gate;
    struct occ_buf in, out; /* frames for the gate; what it gave back */
    size_t read;            /* of out */
    uint64_t counter;       /* what the next proof must follow: the newest that was seen … */
    uint8_t link_hash[32];  /* … and its hash */
    double time_ms;
};

static inline void
parent_reset(struct parent *parent)
{
    occ_buf_reset(&parent->in);
    occ_buf_reset(&parent->out);
    parent->read = 0;
}

/* Gives the gate all that is in parent->in; what it says at the first failure, or OCC_OK. */
static inline enum occ_err
parent_play(struct parent *parent)
{
    occ_buf_reset(&parent->out);
    parent->read = 0;
    enum occ_err code = OCC_OK;
    for (size_t done = 0, used = 0; code == OCC_OK && done < parent->in.len; done += used) {
        const struct occ_bytes rest = occ_bytes_of(parent->in.ptr + done, parent->in.len - done);
        code = flat_handle(parent->gate, rest, &used, &parent->out).code;
        assert_true(code != OCC_OK || used > 0);
    }
    occ_buf_reset(&parent->in);
    assert_int_equal(occ_buf_check(&parent->out).code, OCC_OK);
    return code;
}

static inline struct occ_frame
parent_frame(struct parent *parent)
{
    struct occ_frame frame;
    size_t used = 0;
    const struct occ_bytes rest = occ_bytes_of(parent->out.ptr + parent->read, parent->out.len - parent->read);
    assert_int_equal(occ_frame_next(rest, &frame, &used).code, OCC_OK);
    assert_true(used > 0);
    parent->read += used;
    return frame;
}

static inline bool
parent_is_done(const struct parent *parent)
{
    return parent->read == parent->out.len;
}

static inline struct occ_hello_ok
parent_hello(struct parent *parent)
{
    const struct occ_hello hello = { .min_version = OCC_WIRE_VERSION, .max_version = OCC_WIRE_VERSION };
    occ_gate_begin_session(parent->gate);
    occ_buf_reset(&parent->in);
    occ_hello_put(&parent->in, &hello);
    assert_int_equal(parent_play(parent), OCC_OK);
    const struct occ_frame frame = parent_frame(parent);
    assert_int_equal(frame.type, OCC_FRAME_HELLO_OK);
    struct occ_hello_ok ok;
    assert_int_equal(occ_hello_read_ok(frame.payload, &ok).code, OCC_OK);
    return ok;
}

static inline void
parent_begin_with(struct parent *parent, const struct occ_gate_config *config)
{
    struct occ_error err;
    assert_int_equal(occ_gate_new(config, &err, &parent->gate).code, OCC_OK);
    parent->world.random_block = 0x22; /* what the first nonce is, whatever else the gate drew after its boot nonce */
    parent->in = OCC_BUF_INIT(BIG_BUF);
    parent->out = OCC_BUF_INIT(BIG_BUF);
    parent->counter = 0;
    parent->time_ms = 0;
    memset(parent->link_hash, 0, sizeof parent->link_hash);
    parent_hello(parent);
}

static inline void
parent_begin(struct parent *parent)
{
    const struct occ_gate_config config = world_config(&parent->world);
    parent_begin_with(parent, &config);
}

static inline void
parent_end(struct parent *parent)
{
    occ_gate_free(parent->gate);
    occ_buf_clear(&parent->in);
    occ_buf_clear(&parent->out);
}

/* ---- requests ---- */

/* SHA-256 of "hello occ\n". */
static const uint8_t parent_digest[32] = { 0x8d, 0x89, 0x7d, 0x34, 0x72, 0x4f, 0xd1, 0x57, 0x11, 0x56, 0x1e,
                                           0x8e, 0x30, 0x42, 0x14, 0xe5, 0x50, 0x06, 0xbd, 0xae, 0x9c, 0xbb,
                                           0x99, 0x1d, 0xae, 0x73, 0xeb, 0x94, 0xda, 0xff, 0x46, 0x75 };

/* A request with count digests, and shared metadata unless it is NULL. */
static inline void
parent_put_request(struct occ_commit_writer *writer, const char *opaque, const char *metadata, unsigned count)
{
    occ_commit_put_request(writer, occ_bytes_str(opaque));
    if (metadata != NULL) {
        occ_commit_put_field(writer, OCC_COMMIT_METADATA, occ_bytes_str(metadata));
    }
    for (unsigned i = 0; i < count; i++) {
        occ_commit_put_digest(writer, parent_digest);
    }
}

/* One request in one frame, played. */
static inline void
parent_commit(struct parent *parent, const char *opaque, const char *metadata, unsigned count)
{
    struct occ_commit_writer writer;
    occ_buf_reset(&parent->in);
    occ_commit_begin(&writer, &parent->in, 5);
    parent_put_request(&writer, opaque, metadata, count);
    occ_commit_end(&writer);
    assert_int_equal(parent_play(parent), OCC_OK);
}

static inline enum occ_err
parent_ack(struct parent *parent, uint64_t position)
{
    occ_buf_reset(&parent->in);
    occ_commit_put_ack(&parent->in, position);
    return parent_play(parent);
}

/* ---- results ---- */

/* The next frame is a RESULT with that id and so many results. */
static inline struct occ_commit_results
parent_results(struct parent *parent, uint64_t id, uint16_t count)
{
    const struct occ_frame frame = parent_frame(parent);
    assert_int_equal(frame.type, OCC_FRAME_RESULT);
    assert_true(frame.id == id);
    struct occ_commit_results in;
    assert_int_equal(occ_commit_read_results(frame.payload, &in).code, OCC_OK);
    assert_int_equal(in.result_count, count);
    return in;
}

/* A proof as anybody checks it: structure, signature, and that it follows the one before. */
static inline void
parent_check_proof(struct parent *parent, struct occ_bytes text)
{
    __attribute__((cleanup(occ_json_cleanup))) struct occ_json *root = NULL;
    struct occ_error err;
    struct occ_proof proof;
    assert_int_equal(occ_json_parse(text, OCC_LIMIT_JSON_DEPTH, &err, &root).code, OCC_OK);
    assert_int_equal(occ_proof_read(root, &err, &proof).code, OCC_OK);
    OCC_BUF_AUTO(body, 1 << 20);
    occ_body_put(&body, &proof);
    assert_int_equal(occ_ed25519_verify(proof.public_key, occ_buf_view(&body), proof.signature).code, OCC_OK);

    char counter[24];
    snprintf(counter, sizeof counter, "%llu", (unsigned long long)parent->counter + 1);
    assert_true(occ_bytes_is(proof.counter, counter));
    assert_true(proof.time_ms >= parent->time_ms);
    uint8_t prev[32];
    size_t len = 0;
    if (parent->counter == 0) {
        assert_int_equal(proof.prev_b64.len, 0);
    } else {
        assert_int_equal(occ_base64_decode(proof.prev_b64, sizeof prev, prev, &len).code, OCC_OK);
        assert_memory_equal(prev, parent->link_hash, 32);
    }
    parent->counter++;
    parent->time_ms = proof.time_ms;
    /* The text is canonical: its hash is the link hash, as read from the proof's fields too. */
    occ_digest_sha256(text, parent->link_hash);
    assert_int_equal(occ_body_link_hash(&proof, false, prev).code, OCC_OK);
    assert_memory_equal(prev, parent->link_hash, 32);
}

/* The next result is a success at that position with so many proofs, which follow what was seen before. */
static inline struct occ_commit_outcome
parent_expect_success(struct parent *parent, struct occ_commit_results *in, uint64_t position, unsigned proofs)
{
    struct occ_commit_outcome outcome;
    assert_int_equal(occ_commit_next_result(in, &outcome).code, OCC_OK);
    if (outcome.code != OCC_OK) {
        print_error("%.*s\n", OCC_BYTES_ARG(outcome.text));
    }
    assert_int_equal(outcome.code, OCC_OK);
    assert_true(outcome.position == position);
    assert_int_equal(outcome.proof_count, proofs);
    struct occ_commit_outcome left = outcome;
    for (unsigned i = 0; i < proofs; i++) {
        struct occ_commit_proof proof;
        assert_true(occ_commit_next_proof(&left.proofs, &proof));
        parent_check_proof(parent, proof.text);
    }
    return outcome;
}

/* The next result is a refusal with that code, whose sentence begins with text. */
static inline void
parent_expect_refusal(struct occ_commit_results *in, enum occ_err code, const char *text)
{
    struct occ_commit_outcome outcome;
    assert_int_equal(occ_commit_next_result(in, &outcome).code, OCC_OK);
    if (outcome.code != code || !occ_bytes_starts(outcome.text, text)) {
        fail_msg("%d %.*s, expected %d %s", (int)outcome.code, OCC_BYTES_ARG(outcome.text), (int)code, text);
    }
    assert_int_equal(outcome.position, 0);
}

/* One request with one result. */
static inline void
parent_commit_well(struct parent *parent, uint64_t position, unsigned count)
{
    parent_commit(parent, "x", NULL, count);
    struct occ_commit_results in = parent_results(parent, 5, 1);
    parent_expect_success(parent, &in, position, count);
}

static inline void
parent_commit_refused(struct parent *parent, enum occ_err code, const char *text)
{
    parent_commit(parent, "x", NULL, 1);
    struct occ_commit_results in = parent_results(parent, 5, 1);
    parent_expect_refusal(&in, code, text);
}

#endif
