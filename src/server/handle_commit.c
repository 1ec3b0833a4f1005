/*
 * handle_commit.c — POST /commit: body → request for the boundary → durable proofs → answer.
 *
 *   occ_handle_commit   head and Idempotency-Key; read_body (a small body at once, a large one on a thread that does nothing
 *                       else, so that it keeps nobody waiting; verifications have other threads)
 *   body_was_read       gives the body's memory back: the request, encoded, is all that waits
 *   repeat_done         with an Idempotency-Key: what the ledger has of it (commit_repeat.h)
 *   submit              with --tsa: timestamps of the artifacts are asked for (commit_tokens.h); with --tsa-required they are had
 *                       first
 *   sign                the boundary signs, the ledger syncs (results.h)
 *   commit_done         the proofs are durable: answer, or wait for the timestamps until --tsa-wait is over
 */
#include <stdlib.h>

#include "os/clock.h"
#include "server/commit_answer.h"
#include "server/commit_body.h"
#include "server/commit_repeat.h"
#include "server/commit_tokens.h"
#include "server/handle.h"
#include "server/refusal.h"
#include "server/routes.h"

enum { BODY_LEN_AT_ONCE = 32 << 10 }; /* some 300 digests: 200 µs */

/* What is needed until the body has been read. */
struct reading {
    struct commit *commit;
    struct occ_bytes text; /* the body */
    struct occ_commit_rules rules;
    struct occ_opaque opaque;
    struct occ_result result; /* meaningless until was_read */
    bool was_read;
    struct occ_error err;
};

/* Thousands may wait, so what only some need, or only for a moment, is apart. */
struct commit {
    struct occ_pending pending; /* first: done gets its address */
    struct occ_server *server;
    struct occ_http_request *request;
    struct occ_commit_repeat *repeat; /* NULL: no Idempotency-Key */
    uint64_t received_ms;             /* Unix */
    uint64_t deadline_ms;             /* of the loop's clock: timestamps are not waited for any longer */
    struct occ_commit_tokens tokens;
    size_t held_len; /* of server->held_len, while it waits for them */
};

#define COMMIT_OF(member_ptr, member) ((struct commit *)(void *)((char *)(member_ptr)-offsetof(struct commit, member)))

/* ---- the end ---- */

static void
free_commit(struct commit *commit)
{
    occ_commit_repeat_free(commit->repeat);
    commit->server->held_len -= commit->held_len;
    occ_commit_tokens_clear(&commit->tokens);
    occ_buf_clear(&commit->pending.loose);
    free(commit);
}

static void
refuse(struct commit *commit, enum occ_err code)
{
    occ_refusal_answer(commit->request, code, occ_bytes_str(occ_result_text(code)),
                       occ_boundary_trouble(commit->server->boundary));
    free_commit(commit);
}

/* ---- timestamps ---- */

static bool
has_tokens(const struct commit *commit)
{
    return commit->tokens.timestamps != NULL;
}

/* The proofs with what timestamps there are. */
static void
tokens_done(struct occ_commit_tokens *tokens)
{
    struct commit *commit = COMMIT_OF(tokens, tokens);
    OCC_BUF_AUTO(body, OCC_LIMIT_FRAME_LEN);
    occ_commit_tokens_put(tokens, OCC_LIMIT_ANSWER_LEN, &body);
    if (occ_is_ok(occ_buf_check(&body))) {
        struct occ_answer_note *note = occ_http_note(commit->request);
        note->proofs = commit->pending.digests;
        occ_answer_json(commit->request, 200, &body);
    } else {
        occ_answer_internal(commit->request, "out of memory for the answer");
    }
    free_commit(commit);
}

/* The proofs are in the ledger; what is missing of their timestamps is waited for. False: answer without. */
static bool
wait_for_tokens(struct commit *commit, const struct occ_pending_answer *answer)
{
    bool waits = false;
    if (!has_tokens(commit) ||
        !occ_is_ok(occ_commit_tokens_take(&commit->tokens, answer->proofs, answer->documents, &waits))) {
        return false;
    }
    if (waits) {
        commit->held_len = occ_commit_tokens_len(&commit->tokens);
        commit->server->held_len += commit->held_len;
    } else {
        tokens_done(&commit->tokens);
    }
    return true;
}

/* ---- to the boundary ---- */

/* What the boundary said, or what became of the request on its way; good proofs are in the ledger by now. */
static void
commit_done(struct occ_pending *pending, const struct occ_pending_answer *answer)
{
    struct commit *commit = (struct commit *)pending;
    if (answer->code == OCC_OK && wait_for_tokens(commit, answer)) {
        return;
    }
    if (answer->code == OCC_OK) {
        occ_commit_answer_proofs(commit->request, answer);
    } else {
        occ_refusal_answer(commit->request, answer->code, answer->text, occ_boundary_trouble(commit->server->boundary));
    }
    free_commit(commit);
}

static void
sign(struct commit *commit)
{
    const struct occ_result taken = occ_boundary_commit(commit->server->boundary, &commit->pending);
    if (!occ_is_ok(taken)) {
        refuse(commit, taken.code);
    }
}

/* --tsa-required: nothing was signed yet. */
static void
artifacts_ready(struct occ_commit_tokens *tokens)
{
    struct commit *commit = COMMIT_OF(tokens, tokens);
    if (occ_commit_tokens_are_whole(tokens)) {
        sign(commit);
        return;
    }
    refuse(commit, OCC_ERR_TIMESTAMP_REQUIRED);
}

static void
submit(struct commit *commit)
{
    struct occ_server *server = commit->server;
    if (server->timestamps == NULL) {
        sign(commit);
        return;
    }
    const bool is_required = occ_timestamps_is_required(server->timestamps);
    commit->tokens.ready = is_required ? artifacts_ready : NULL;
    commit->tokens.done = tokens_done;
    commit->tokens.workers = server->readers;
    const struct occ_result begun =
        occ_commit_tokens_begin(&commit->tokens, &server->timestamps, occ_buf_view(&commit->pending.loose),
                                commit->deadline_ms, commit->received_ms);
    if (is_required && !occ_is_ok(begun)) {
        refuse(commit, begun.code);
    } else if (!is_required) {
        sign(commit);
    }
}

/* ---- with an Idempotency-Key ---- */

static void
repeat_done(void *ctx, struct occ_result result, const char *why, struct occ_replay *replay)
{
    struct commit *commit = ctx;
    if (why != NULL) {
        occ_answer_error(commit->request, 503, why, NULL);
        free_commit(commit);
    } else if (!occ_is_ok(result)) {
        refuse(commit, result.code);
    } else if (replay->found) {
        occ_commit_answer_replay(commit->request, replay);
        free_commit(commit);
    } else {
        submit(commit);
    }
}

/* ---- the body ---- */

static unsigned
status_of_body_error(enum occ_err code)
{
    switch (code) {
    case OCC_ERR_LIMIT:
        return 413;
    case OCC_ERR_NOMEM:
        return 503;
    default:
        return 400;
    }
}

/* Any thread. */
static void
read_body(void *job)
{
    struct reading *reading = job;
    struct occ_pending *pending = &reading->commit->pending;
    struct occ_commit_repeat *repeat = reading->commit->repeat;
    struct occ_commit_body body;
    if (repeat != NULL) {
        occ_commit_repeat_hash(repeat, reading->text, &reading->opaque);
    }
    pending->opaque_len = occ_opaque_encode(&reading->opaque, pending->opaque);
    reading->result = occ_commit_body_read(reading->text, &reading->rules,
                                           occ_bytes_of(pending->opaque, pending->opaque_len), &reading->err, &body);
    reading->was_read = true;
    if (occ_is_ok(reading->result)) {
        pending->loose = body.loose;
        pending->digests = body.digests;
        pending->text_len = body.text_len;
    }
}

/* What the client is told if it cannot be taken; then it was not. */
static bool
is_taken(const struct reading *reading)
{
    struct commit *commit = reading->commit;
    if (!reading->was_read) {
        refuse(commit, OCC_ERR_BUSY); /* stopping */
        return false;
    }
    if (!occ_is_ok(reading->result)) {
        occ_answer_error(commit->request, status_of_body_error(reading->result.code), reading->err.text, NULL);
        free_commit(commit);
        return false;
    }
    if (!occ_routes_admit_more(commit->server, commit->request, commit->pending.digests - 1)) {
        free_commit(commit);
        return false;
    }
    return true;
}

/* The loop's thread again. */
static void
body_was_read(void *job)
{
    struct reading *reading = job;
    struct commit *commit = reading->commit;
    const bool goes_on = is_taken(reading);
    free(reading);
    if (!goes_on) {
        return;
    }
    occ_http_drop_body(commit->request);
    if (commit->repeat != NULL) {
        occ_commit_repeat_begin(commit->repeat);
    } else {
        submit(commit);
    }
}

/* ---- the head ---- */

static struct occ_commit_rules
rules_of(const struct occ_server *server, const struct occ_boundary_identity *identity)
{
    const uint32_t ours = (uint32_t)server->options->max_digests;
    const uint32_t theirs = identity->digests_max;
    return (struct occ_commit_rules){ .digests_max = ours < theirs ? ours : theirs,
                                      .measurement_len = strlen(identity->measurement),
                                      .format_len = strlen(identity->attestation_format),
                                      .document_len = identity->document_len,
                                      .is_batch = identity->attest == OCC_HELLO_ATTEST_BATCH };
}

static struct occ_result
read_key(struct occ_http_request *request, struct occ_error *err, struct occ_repeat_key *ret_key)
{
    struct occ_bytes value = { 0 };
    unsigned count = 0;
    if (!occ_http_header(request, "idempotency-key", &value, &count)) {
        return occ_success();
    }
    if (count > 1) {
        return occ_error_set(err, OCC_ERR_FIELD_VALUE, "Idempotency-Key: sent more than once");
    }
    return occ_repeat_read_key(value, err, ret_key);
}

/* NULL: no memory. */
static struct commit *
new_commit(struct occ_server *server, struct occ_http_request *request, const struct occ_repeat_key *key)
{
    const struct occ_answer_note *note = occ_http_note(request);
    struct commit *commit = calloc(1, sizeof(*commit));
    if (commit != NULL && key->len > 0) {
        commit->repeat = occ_commit_repeat_new(server, key, note->key, repeat_done, commit);
    }
    if (commit == NULL || (key->len > 0 && commit->repeat == NULL)) {
        free(commit);
        return NULL;
    }
    commit->server = server;
    commit->request = request;
    commit->pending.done = commit_done;
    commit->received_ms = occ_clock_unix_ms();
    commit->deadline_ms = occ_loop_now_ms(server->loop) + occ_timestamps_wait_ms(server->timestamps);
    return commit;
}

/* NULL: no memory. */
static struct reading *
new_reading(struct commit *commit, const struct occ_boundary_identity *identity)
{
    struct reading *reading = calloc(1, sizeof(*reading));
    if (reading == NULL) {
        return NULL;
    }
    const struct occ_server *server = commit->server;
    struct occ_answer_note *note = occ_http_note(commit->request);
    reading->commit = commit;
    reading->text = occ_http_body(commit->request);
    reading->rules = rules_of(server, identity);
    reading->opaque.received_ms = commit->received_ms;
    reading->opaque.wants_artifact_token = occ_timestamps_wants_artifact(server->timestamps);
    reading->opaque.wants_proof_token = occ_timestamps_wants_proof(server->timestamps);
    occ_boundary_next_id(server->boundary, reading->opaque.id);
    memcpy(note->request_id, reading->opaque.id, sizeof(note->request_id));
    note->has_request_id = true;
    return reading;
}

void
occ_handle_commit(struct occ_server *server, struct occ_http_request *request)
{
    const struct occ_boundary_identity *identity = occ_boundary_identity(server->boundary);
    const char *trouble = occ_boundary_trouble(server->boundary);
    struct occ_repeat_key key = { .len = 0 };
    struct occ_error err = { 0 };
    if (!occ_is_ok(read_key(request, &err, &key))) {
        occ_answer_error(request, 400, err.text, NULL);
        return;
    }
    if (identity == NULL || trouble != NULL) {
        occ_answer_error(request, 503, trouble != NULL ? trouble : occ_result_text(OCC_ERR_UNAVAILABLE), NULL);
        return;
    }
    struct commit *commit = new_commit(server, request, &key);
    struct reading *reading = commit == NULL ? NULL : new_reading(commit, identity);
    if (reading == NULL) {
        occ_answer_error(request, 503, "out of memory, try again later", NULL);
        if (commit != NULL) {
            free_commit(commit);
        }
        return;
    }
    if (reading->text.len <= BODY_LEN_AT_ONCE) {
        read_body(reading);
        body_was_read(reading);
        return;
    }
    const struct occ_result taken = occ_workers_submit(server->readers, read_body, body_was_read, reading);
    if (!occ_is_ok(taken)) {
        free(reading);
        refuse(commit, OCC_ERR_BUSY);
    }
}
