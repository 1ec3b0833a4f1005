/*
 * witness.h — for tests of a gate with an attester: the test itself is the device. It is asked, and answers when and what it
 * likes; a document of its holds, one behind the other, what it was asked to hold. Each proof that comes back is joined with
 * its document and judged: it is canonical, its signature is good, it follows the one before, the document is about it.
 */
#ifndef TESTS_UNIT_BOUNDARY_WITNESS_H
#define TESTS_UNIT_BOUNDARY_WITNESS_H

#include "codec/canonical.h"
#include "proof/tree.h"
#include "unit/boundary/parent.h"

enum { DOCUMENT_LEN = 4000 };

struct witness {
    struct parent parent;
    struct occ_attest_request request; /* the newest; a copy of it: */
    uint8_t public_key[32], user_data[32], nonce[OCC_LIMIT_ATTEST_NONCE];
    size_t document_len;           /* of the next document */
    struct occ_attest_facts facts; /* of it; time_ms 0: the world's */
    uint64_t duration_us;
    unsigned documents; /* made so far: no two are the same */
};

/* The gate wants a document, which is remembered. */
static inline bool
witness_is_asked(struct witness *witness)
{
    struct occ_attest_request request;
    if (!occ_gate_wants_document(witness->parent.gate, &request)) {
        return false;
    }
    assert_int_equal(request.public_key.len, 32);
    memcpy(witness->public_key, request.public_key.ptr, 32);
    assert_true(request.user_data.len == 0 || request.user_data.len == 32);
    if (request.user_data.len > 0) {
        memcpy(witness->user_data, request.user_data.ptr, 32);
    }
    assert_true(request.nonce.len <= sizeof witness->nonce);
    if (request.nonce.len > 0) {
        memcpy(witness->nonce, request.nonce.ptr, request.nonce.len);
    }
    witness->request = (struct occ_attest_request){
        .public_key = occ_bytes_of(witness->public_key, 32),
        .user_data = occ_bytes_of(witness->user_data, request.user_data.len),
        .nonce = occ_bytes_of(witness->nonce, request.nonce.len),
    };
    struct occ_attest_request none;
    assert_false(occ_gate_wants_document(witness->parent.gate, &none)); /* at most one is out */
    const uint64_t next_ms =
        occ_gate_next_ms(witness->parent.gate); /* its patience ends; where it has none already: never */
    assert_true(next_ms == witness->parent.world.uptime_ms + OCC_LIMIT_ATTEST_MS || next_ms == UINT64_MAX);
    return true;
}

static inline void
witness_put_field(struct occ_buf *document, struct occ_bytes field)
{
    occ_buf_put_be16(document, (uint16_t)field.len);
    occ_buf_put(document, field);
}

static inline enum occ_err
witness_tell(struct witness *witness, const struct occ_attest_outcome *outcome)
{
    occ_buf_reset(&witness->parent.out);
    witness->parent.read = 0;
    return flat_take_document(witness->parent.gate, outcome, &witness->parent.out).code;
}

/* Gives what was asked for. */
static inline void
witness_gives(struct witness *witness)
{
    OCC_BUF_AUTO(document, OCC_LIMIT_NSM_RESPONSE_LEN);
    witness_put_field(&document, witness->request.public_key);
    witness_put_field(&document, witness->request.user_data);
    witness_put_field(&document, witness->request.nonce);
    occ_buf_put_be32(&document, ++witness->documents);
    while (document.len < witness->document_len) {
        occ_buf_put_byte(&document, 0xd0);
    }
    struct occ_attest_outcome outcome = { .document = occ_buf_view(&document),
                                          .facts = witness->facts,
                                          .duration_us = witness->duration_us };
    outcome.facts.time_ms = witness->facts.time_ms == 0 ? witness->parent.world.now_ms : witness->facts.time_ms;
    assert_int_equal(witness_tell(witness, &outcome), OCC_OK);
}

static inline void
witness_fails(struct witness *witness, enum occ_err code, const char *text)
{
    const struct occ_attest_outcome outcome = { .code = code, .text = text, .duration_us = witness->duration_us };
    assert_int_equal(witness_tell(witness, &outcome), OCC_OK);
}

/* The next document is about the key alone. */
static inline void
witness_gives_key(struct witness *witness)
{
    assert_true(witness_is_asked(witness));
    assert_int_equal(witness->request.user_data.len + witness->request.nonce.len, 0);
    witness_gives(witness);
    assert_true(parent_is_done(&witness->parent));
}

/* The next one is about proofs. */
static inline void
witness_gives_proofs(struct witness *witness)
{
    assert_true(witness_is_asked(witness));
    assert_int_equal(witness->request.user_data.len, 32);
    assert_int_equal(witness->request.nonce.len, 0);
    witness_gives(witness);
}

static inline struct occ_gate_config
witness_config(struct witness *witness, enum occ_attest_mode mode)
{
    *witness = (struct witness){ .document_len = DOCUMENT_LEN, .duration_us = 5000 };
    struct occ_gate_config config = world_config(&witness->parent.world);
    config.attester = (struct occ_attester){
        .enforcement = "measured-tee", .measurement = "0123456789abcdef", .format = "aws-nitro", .mode = mode
    };
    return config;
}

/* A gate with its first document, and a session. */
static inline void
witness_begin_with(struct witness *witness, const struct occ_gate_config *config)
{
    parent_begin_with(&witness->parent, config);
    witness_gives_key(witness);
    struct occ_attest_request request;
    assert_false(occ_gate_wants_document(witness->parent.gate, &request));
}

static inline void
witness_begin(struct witness *witness, enum occ_attest_mode mode)
{
    const struct occ_gate_config config = witness_config(witness, mode);
    witness_begin_with(witness, &config);
}

static inline void
witness_end(struct witness *witness)
{
    parent_end(&witness->parent);
}

/* ---- requests ---- */

/* A frame with one request, which is answered later, if at all. */
static inline void
witness_commits(struct witness *witness, uint64_t id, unsigned count)
{
    struct occ_commit_writer writer;
    occ_buf_reset(&witness->parent.in);
    occ_commit_begin(&writer, &witness->parent.in, id);
    parent_put_request(&writer, "x", NULL, count);
    occ_commit_end(&writer);
    assert_int_equal(parent_play(&witness->parent), OCC_OK);
}

static inline void
witness_waits(struct witness *witness, uint64_t id, unsigned count)
{
    witness_commits(witness, id, count);
    assert_true(parent_is_done(&witness->parent));
}

/* ---- proofs ---- */

static inline struct occ_bytes
witness_field(struct occ_reader *document)
{
    const size_t len = occ_reader_be16(document);
    return occ_reader_take(document, len);
}

/* What a document holds. */
static inline struct occ_attest_request
witness_read(struct occ_bytes b64, uint8_t scratch[OCC_LIMIT_NSM_RESPONSE_LEN])
{
    size_t len = 0;
    assert_int_equal(occ_base64_decode(b64, OCC_LIMIT_NSM_RESPONSE_LEN, scratch, &len).code, OCC_OK);
    struct occ_reader in = occ_reader_of(occ_bytes_of(scratch, len));
    struct occ_attest_request held;
    held.public_key = witness_field(&in);
    held.user_data = witness_field(&in);
    held.nonce = witness_field(&in);
    assert_false(in.bad);
    return held;
}

/* The document is about this proof (PROTOCOL §5, §7). */
static inline void
witness_check_binding(const struct occ_proof *proof, struct occ_bytes body)
{
    uint8_t scratch[OCC_LIMIT_NSM_RESPONSE_LEN], about[32];
    const struct occ_attest_request held = witness_read(proof->attestation_report_b64, scratch);
    assert_true(occ_bytes_equal(held.public_key, occ_bytes_of(proof->public_key, 32)));
    assert_int_equal(held.nonce.len, 0);
    if (held.user_data.len == 0) {
        assert_null(proof->attestation_batch);
        return;
    }
    occ_digest_sha256(body, about);
    if (proof->attestation_batch != NULL) {
        struct occ_tree_place place;
        uint8_t hash[32];
        memcpy(hash, about, sizeof hash);
        assert_int_equal(occ_tree_read(proof->attestation_batch, NULL, &place).code, OCC_OK);
        occ_tree_root_of(&place, hash, about);
    }
    assert_true(occ_bytes_equal(held.user_data, occ_bytes_of(about, 32)));
}

static inline void
witness_check_proof(struct parent *parent, struct occ_bytes text)
{
    __attribute__((cleanup(occ_json_cleanup))) struct occ_json *root = NULL;
    struct occ_error err = { .code = OCC_OK };
    struct occ_proof proof;
    OCC_BUF_AUTO(canonical, 1 << 20);
    OCC_BUF_AUTO(body, 1 << 20);
    assert_int_equal(occ_json_parse(text, OCC_LIMIT_JSON_DEPTH, &err, &root).code, OCC_OK);
    occ_canonical_put(&canonical, root);
    assert_true(occ_bytes_equal(occ_buf_view(&canonical), text));
    assert_int_equal(occ_proof_read(root, &err, &proof).code, OCC_OK);
    assert_true(occ_bytes_is(proof.attestation_format, "aws-nitro"));
    occ_body_put(&body, &proof);
    assert_int_equal(occ_ed25519_verify(proof.public_key, occ_buf_view(&body), proof.signature).code, OCC_OK);
    witness_check_binding(&proof, occ_buf_view(&body));

    char counter[24];
    snprintf(counter, sizeof counter, "%llu", (unsigned long long)parent->counter + 1);
    assert_true(occ_bytes_is(proof.counter, counter));
    assert_true(proof.time_ms >= parent->time_ms);
    uint8_t prev[32];
    size_t len = 0;
    if (proof.prev_b64.len > 0) {
        assert_int_equal(occ_base64_decode(proof.prev_b64, sizeof prev, prev, &len).code, OCC_OK);
    }
    static const uint8_t none[32];
    assert_memory_equal(len == 0 ? none : prev, parent->link_hash, 32);
    parent->counter++;
    parent->time_ms = proof.time_ms;
    assert_int_equal(occ_body_link_hash(&proof, false, parent->link_hash).code, OCC_OK);
}

/* The proof's text with its document, put together as the parent does it. */
static inline void
witness_put_joined(struct occ_buf *text, const struct occ_commit_results *results, const struct occ_commit_proof *proof)
{
    struct occ_bytes documents = results->documents, b64 = { 0 };
    assert_true(proof->document > 0);
    for (uint16_t i = 0; i < proof->document; i++) {
        assert_true(occ_commit_next_document(&documents, &b64));
    }
    occ_buf_put(text, occ_bytes_of(proof->text.ptr, proof->place));
    occ_buf_put(text, b64);
    occ_buf_put(text, occ_bytes_of(proof->text.ptr + proof->place, proof->text.len - proof->place));
}

/* The next result is a success at that position with so many proofs, which follow what was seen before. */
static inline struct occ_commit_outcome
witness_expect_success(struct witness *witness, struct occ_commit_results *in, uint64_t position, unsigned proofs)
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
        OCC_BUF_AUTO(text, 1 << 20);
        assert_true(occ_commit_next_proof(&left.proofs, &proof));
        witness_put_joined(&text, in, &proof);
        witness_check_proof(&witness->parent, occ_buf_view(&text));
    }
    return outcome;
}

/* The next frame has one result, which is a success. */
static inline void
witness_expect(struct witness *witness, uint64_t id, uint64_t position, unsigned proofs)
{
    struct occ_commit_results in = parent_results(&witness->parent, id, 1);
    witness_expect_success(witness, &in, position, proofs);
}

static inline void
witness_expect_refused(struct witness *witness, uint64_t id, enum occ_err code, const char *text)
{
    struct occ_commit_results in = parent_results(&witness->parent, id, 1);
    parent_expect_refusal(&in, code, text);
}

#endif
