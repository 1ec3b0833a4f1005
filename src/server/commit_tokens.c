/* commit_tokens.c — see commit_tokens.h. */
#include "server/commit_tokens.h"

#include <stdlib.h>

#include "proof/body.h"

enum { HASHED_AT_ONCE = 16 /* proofs: some 300 µs of the loop's time */ };

/* ---- the artifacts ---- */

static void
on_artifact(struct occ_timestamps_ask *ask)
{
    struct occ_commit_tokens *tokens =
        (struct occ_commit_tokens *)((uint8_t *)ask - offsetof(struct occ_commit_tokens, artifact));
    tokens->artifact_is_done = true;
    if (!tokens->has_proofs) {
        if (tokens->ready != NULL) {
            tokens->ready(tokens);
        }
        return;
    }
    if (tokens->proof_is_done) {
        tokens->done(tokens);
    }
}

/* Cannot fail but for want of memory: the request was encoded here. */
static struct occ_result
read_digests(struct occ_bytes loose, struct occ_timestamps_ask *ask)
{
    struct occ_commit_reader reader = occ_commit_read_loose(loose);
    struct occ_bytes opaque;
    uint32_t count;
    OCC_TRY(occ_commit_next_request(&reader, &opaque));
    OCC_TRY(occ_commit_skip_fields(&reader));
    OCC_TRY(occ_commit_digest_count(&reader, &count));
    ask->tokens = calloc(count, sizeof *ask->tokens);
    OCC_ENSURE(ask->tokens != NULL, OCC_ERR_NOMEM);
    for (ask->count = 0; ask->count < count; ask->count++) {
        struct occ_bytes digest;
        OCC_TRY(occ_commit_next_digest(&reader, &digest));
        memcpy(ask->tokens[ask->count].digest, digest.ptr, digest.len);
        OCC_TRY(occ_commit_skip_fields(&reader));
    }
    return occ_success();
}

struct occ_result
occ_commit_tokens_begin(struct occ_commit_tokens *tokens, struct occ_timestamps *const *timestamps,
                        struct occ_bytes loose, uint64_t deadline_ms, uint64_t received_ms)
{
    struct occ_timestamps_ask ask = { .deadline_ms = deadline_ms, .done = on_artifact };
    const struct occ_result read = read_digests(loose, &ask);
    if (!occ_is_ok(read)) {
        free(ask.tokens);
        return read;
    }
    tokens->timestamps = timestamps;
    tokens->deadline_ms = deadline_ms;
    tokens->received_ms = received_ms;
    tokens->artifact = ask;
    tokens->proofs = OCC_BUF_INIT(OCC_LIMIT_FRAME_LEN);
    occ_timestamps_start(*timestamps, &tokens->artifact);
    return occ_success();
}

bool
occ_commit_tokens_are_whole(const struct occ_commit_tokens *tokens)
{
    for (size_t i = 0; i < tokens->artifact.count; i++) {
        if (!tokens->artifact.tokens[i].has) {
            return false;
        }
    }
    return true;
}

/* ---- the proofs ---- */

static bool
read_proof(struct occ_bytes text, struct occ_json **root, struct occ_proof *proof)
{
    return occ_is_ok(occ_json_parse(text, OCC_LIMIT_JSON_DEPTH, NULL, root)) &&
           occ_is_ok(occ_proof_read(*root, NULL, proof));
}

/* What timestamps.proof covers (PROTOCOL §2.2). Any thread. */
static void
hash_proofs(void *job)
{
    struct occ_commit_tokens *tokens = job;
    struct occ_bytes left = occ_buf_view(&tokens->proofs);
    struct occ_commit_proof encoded;
    size_t hashed = 0;
    while (hashed < tokens->proof.count && occ_commit_next_proof(&left, &encoded)) {
        __attribute__((cleanup(occ_json_cleanup))) struct occ_json *root = NULL;
        struct occ_proof proof;
        if (!read_proof(encoded.text, &root, &proof) ||
            !occ_is_ok(occ_body_core_hash(&proof, tokens->proof.tokens[hashed].digest))) {
            return;
        }
        hashed++;
    }
    tokens->was_hashed = hashed == tokens->proof.count;
}

static void
on_proof(struct occ_timestamps_ask *ask)
{
    struct occ_commit_tokens *tokens =
        (struct occ_commit_tokens *)((uint8_t *)ask - offsetof(struct occ_commit_tokens, proof));
    tokens->proof_is_done = true;
    if (tokens->artifact_is_done) {
        tokens->done(tokens);
    }
}

/* False if there is nothing to wait for. */
static bool
ask_for_proofs(struct occ_commit_tokens *tokens)
{
    if (!tokens->was_hashed || *tokens->timestamps == NULL) {
        tokens->proof_is_done = true; /* the ledger knows that they are wanted */
        return false;
    }
    occ_timestamps_start(*tokens->timestamps, &tokens->proof);
    return true;
}

static void
proofs_were_hashed(void *job)
{
    struct occ_commit_tokens *tokens = job;
    if (!ask_for_proofs(tokens) && tokens->artifact_is_done) {
        tokens->done(tokens);
    }
}

static struct occ_result
begin_proofs(struct occ_commit_tokens *tokens)
{
    struct occ_timestamps_ask ask = { .count = tokens->artifact.count,
                                      .deadline_ms = tokens->deadline_ms,
                                      .done = on_proof };
    ask.tokens = calloc(ask.count, sizeof *ask.tokens);
    OCC_ENSURE(ask.tokens != NULL, OCC_ERR_NOMEM);
    tokens->proof = ask;
    if (ask.count > HASHED_AT_ONCE &&
        occ_is_ok(occ_workers_submit(tokens->workers, hash_proofs, proofs_were_hashed, tokens))) {
        return occ_success();
    }
    hash_proofs(tokens);
    (void)ask_for_proofs(tokens);
    return occ_success();
}

struct occ_result
occ_commit_tokens_take(struct occ_commit_tokens *tokens, struct occ_bytes proofs, const struct occ_bytes *documents,
                       bool *ret_waits)
{
    /* The core hash covers the document (PROTOCOL §2.2), and the text is parsed for it. */
    occ_commit_put_whole_proofs(&tokens->proofs, proofs, documents);
    OCC_TRY(occ_buf_check(&tokens->proofs));
    if (*tokens->timestamps != NULL && occ_timestamps_wants_proof(*tokens->timestamps)) {
        OCC_TRY(begin_proofs(tokens));
    } else {
        tokens->proof_is_done = true;
    }
    tokens->has_proofs = true;
    *ret_waits = !tokens->artifact_is_done || !tokens->proof_is_done;
    return occ_success();
}

size_t
occ_commit_tokens_len(const struct occ_commit_tokens *tokens)
{
    return tokens->proofs.len;
}

/* ---- the answer ---- */

static const struct occ_timestamps_token *
token_at(const struct occ_timestamps_ask *ask, size_t index)
{
    return ask->tokens == NULL || index >= ask->count ? NULL : &ask->tokens[index];
}

static struct occ_bytes
text_of(const struct occ_timestamps_token *token)
{
    return token == NULL || !token->has ? occ_bytes_of(NULL, 0) : occ_buf_view(&token->text);
}

/* One kind of token of one proof: into the ledger, or on the list of what is to be had. */
static void
hand_on(struct occ_timestamps *timestamps, const struct occ_timestamps_token *token, struct occ_timestamps_late *late,
        enum occ_ledger_token_kind kind)
{
    if (token == NULL) {
        return;
    }
    late->kind = kind;
    memcpy(late->digest, token->digest, sizeof late->digest);
    if (token->has) {
        occ_timestamps_keep(timestamps, late, occ_buf_view(&token->text));
        return;
    }
    occ_timestamps_fetch_late(timestamps, late);
}

/* Where the proofs stand in the ledger is what the first of them says: they are of one epoch and one chain. */
static void
hand_all_on(struct occ_commit_tokens *tokens)
{
    struct occ_bytes left = occ_buf_view(&tokens->proofs);
    struct occ_commit_proof encoded;
    __attribute__((cleanup(occ_json_cleanup))) struct occ_json *root = NULL;
    struct occ_proof proof = { .root = NULL };
    for (size_t i = 0; occ_commit_next_proof(&left, &encoded); i++) {
        if (i == 0 && !read_proof(encoded.text, &root, &proof)) {
            return; /* no memory: the ledger knows what is wanted */
        }
        struct occ_timestamps_late late = { .epoch_id = proof.epoch_id,
                                            .chain_id = proof.chain_id,
                                            .counter = encoded.counter,
                                            .since_ms = tokens->received_ms };
        hand_on(*tokens->timestamps, token_at(&tokens->artifact, i), &late, OCC_LEDGER_TOKEN_ARTIFACT);
        if (tokens->was_hashed) {
            hand_on(*tokens->timestamps, token_at(&tokens->proof, i), &late, OCC_LEDGER_TOKEN_PROOF);
        }
    }
}

void
occ_commit_tokens_put(struct occ_commit_tokens *tokens, size_t len_max, struct occ_buf *buf)
{
    struct occ_bytes left = occ_buf_view(&tokens->proofs);
    struct occ_commit_proof encoded;
    occ_buf_put_byte(buf, '[');
    for (size_t i = 0; occ_commit_next_proof(&left, &encoded); i++) {
        if (i > 0) {
            occ_buf_put_byte(buf, ',');
        }
        struct occ_ledger_found found = { .text = encoded.text,
                                          .artifact_token = text_of(token_at(&tokens->artifact, i)),
                                          .proof_token = text_of(token_at(&tokens->proof, i)) };
        /* What is left of the encoded proofs is more than their texts and commas. */
        const size_t names = 64;
        const size_t tokens_len = found.artifact_token.len + found.proof_token.len + names;
        if (buf->len + encoded.text.len + tokens_len + left.len > len_max) {
            found.artifact_token = found.proof_token = occ_bytes_of(NULL, 0);
        }
        occ_ledger_put_joined(buf, &found);
    }
    occ_buf_put_byte(buf, ']');
    if (*tokens->timestamps != NULL) {
        hand_all_on(tokens);
    }
}

static void
clear_ask(const struct occ_commit_tokens *tokens, struct occ_timestamps_ask *ask)
{
    if (ask->tokens == NULL) {
        return;
    }
    if (*tokens->timestamps != NULL) {
        occ_timestamps_cancel(*tokens->timestamps, ask);
    }
    occ_timestamps_clear(*tokens->timestamps, ask);
    free(ask->tokens);
    ask->tokens = NULL;
}

void
occ_commit_tokens_clear(struct occ_commit_tokens *tokens)
{
    clear_ask(tokens, &tokens->artifact);
    clear_ask(tokens, &tokens->proof);
    occ_buf_clear(&tokens->proofs);
}
