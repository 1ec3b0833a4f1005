/*
 * handle_commit.c — POST /commit: body → request for the boundary → durable proofs → answer.
 *
 *   occ_handle_commit   head and Idempotency-Key; read_body (a small body at once, a large one on a thread that does nothing
 *                       else, so that it keeps nobody waiting; verifications have other threads)
 *   body_was_read       without Idempotency-Key: submit
 *   begin_repeat        with one: take the lead, wait until boundary and ledger agree, look into the ledger (repeats.h)
 *   submit              with --tsa: timestamps of the artifacts are asked for (commit_tokens.h); with --tsa-required they are had
 *                       first
 *   sign                the boundary signs, the ledger syncs (results.h)
 *   commit_done         the proofs are durable: answer, or wait for the timestamps until --tsa-wait is over
 */
#include <stdlib.h>

#include "os/clock.h"
#include "server/commit_answer.h"
#include "server/commit_body.h"
#include "server/commit_tokens.h"
#include "server/handle.h"
#include "server/refusal.h"
#include "server/repeat.h"
#include "server/routes.h"

enum { BODY_LEN_AT_ONCE = 32 << 10 }; /* some 300 digests: 200 µs */

struct commit {
    struct occ_pending pending; /* first: done gets its address */
    struct occ_server *server;
    struct occ_http_request *request;
    struct occ_bytes text; /* the body, which lives until the request is answered */
    struct occ_commit_rules rules;
    struct occ_opaque opaque;

    struct occ_repeat_key key;      /* len 0: no Idempotency-Key */
    char scope[OCC_KEYS_NAME_SIZE]; /* name of the API key, or "" */
    struct occ_repeats_entry repeat;
    struct occ_asker asker;
    struct occ_replay replay;
    bool leads;

    uint64_t deadline_ms; /* of the loop's clock: timestamps are not waited for any longer */
    struct occ_commit_tokens tokens;
    size_t held_len; /* of server->held_len, while it waits for them */

    struct occ_result read; /* what became of reading the body; meaningless until was_read */
    bool was_read;
    struct occ_error err;
};

#define COMMIT_OF(member_ptr, member) ((struct commit *)(void *)((char *)(member_ptr)-offsetof(struct commit, member)))

/* ---- the end ---- */

static void
free_commit(struct commit *commit)
{
    if (commit->leads) {
        occ_repeats_leave(commit->server->repeats, &commit->repeat);
    }
    commit->server->held_len -= commit->held_len;
    occ_commit_tokens_clear(&commit->tokens);
    occ_buf_clear(&commit->pending.loose);
    occ_buf_clear(&commit->replay.answer);
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
                                commit->deadline_ms, commit->opaque.received_ms);
    if (is_required && !occ_is_ok(begun)) {
        refuse(commit, begun.code);
    } else if (!is_required) {
        sign(commit);
    }
}

/* ---- with an Idempotency-Key ---- */

/*
 * DESIGN §4, promise 5. Asked before an answer is read and, with its length, when it was: others were read meanwhile. An answer
 * that is alone always has room, however long it is.
 */
static bool
has_room(const struct occ_server *server, size_t len)
{
    const size_t taken = occ_http_server_unsent(server->http) + server->held_len;
    return taken == 0 || taken + len <= OCC_LIMIT_ANSWERS_LEN;
}

/* A reading thread. */
static void
look_up(void *job, struct occ_ledger_reader *reader)
{
    struct commit *commit = job;
    occ_replay_read(&commit->replay, reader);
}

static void
looked_up(void *job)
{
    struct commit *commit = job;
    const struct occ_replay *replay = &commit->replay;
    if (replay->result.code == OCC_ERR_REPEAT || replay->result.code == OCC_ERR_UNAVAILABLE) {
        refuse(commit, replay->result.code);
        return;
    }
    if (!occ_is_ok(replay->result)) {
        /* Whether it was committed is not known: nothing may be signed for it. */
        occ_event_error(&commit->server->events, OCC_EVENT_ERROR, "ledger not read", replay->err.text);
        occ_answer_error(commit->request, 503, "the ledger cannot be read, try again later", NULL);
        free_commit(commit);
        return;
    }
    if (replay->found && !has_room(commit->server, replay->answer.len)) {
        refuse(commit, OCC_ERR_BUSY); /* the same key gives it again */
        return;
    }
    if (replay->found) {
        occ_commit_answer_replay(commit->request, &commit->replay);
        free_commit(commit);
        return;
    }
    submit(commit);
}

/* Boundary and ledger agree: what the ledger does not have was never given out, and nobody else has the lead. */
static void
is_ready(struct occ_asker *asker, struct occ_result ready)
{
    struct commit *commit = COMMIT_OF(asker, asker);
    if (!occ_is_ok(ready)) {
        refuse(commit, ready.code);
        return;
    }
    const struct occ_result taken = has_room(commit->server, 0)
                                        ? occ_store_read_first(commit->server->store, look_up, looked_up, commit)
                                        : occ_result_of(OCC_ERR_BUSY);
    if (!occ_is_ok(taken)) {
        refuse(commit, taken.code);
    }
}

static void
take_lead(struct commit *commit)
{
    commit->leads = true;
    occ_replay_init(&commit->replay, commit->opaque.repeat, commit->opaque.body);
    commit->asker.done = is_ready;
    occ_boundary_when_ready(commit->server->boundary, &commit->asker);
}

static void
lead_or_out(struct occ_repeats_entry *entry, struct occ_result result)
{
    struct commit *commit = COMMIT_OF(entry, repeat);
    if (occ_is_ok(result)) {
        take_lead(commit);
        return;
    }
    if (result.code == OCC_ERR_TIMEOUT) {
        occ_answer_error(commit->request, 503,
                         "a request with this Idempotency-Key is still under way, try again later", NULL);
        free_commit(commit);
        return;
    }
    refuse(commit, result.code);
}

static void
begin_repeat(struct commit *commit)
{
    bool leads = false;
    memcpy(commit->repeat.repeat, commit->opaque.repeat, OCC_SHA256_LEN);
    memcpy(commit->repeat.body, commit->opaque.body, OCC_SHA256_LEN);
    commit->repeat.go = lead_or_out;
    const struct occ_result entered = occ_repeats_enter(commit->server->repeats, &commit->repeat, &leads);
    if (!occ_is_ok(entered)) {
        refuse(commit, entered.code);
    } else if (leads) {
        take_lead(commit);
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
    struct commit *commit = job;
    struct occ_pending *pending = &commit->pending;
    struct occ_commit_body body;
    commit->opaque.has_repeat = commit->key.len > 0;
    if (commit->opaque.has_repeat) {
        occ_digest_sha256(commit->text, commit->opaque.body);
        occ_repeat_hash(&commit->key, commit->scope, commit->opaque.body, commit->opaque.repeat);
    }
    pending->opaque_len = occ_opaque_encode(&commit->opaque, pending->opaque);
    commit->read = occ_commit_body_read(commit->text, &commit->rules,
                                        occ_bytes_of(pending->opaque, pending->opaque_len), &commit->err, &body);
    commit->was_read = true;
    if (occ_is_ok(commit->read)) {
        pending->loose = body.loose;
        pending->digests = body.digests;
        pending->text_len = body.text_len;
    }
}

/* The loop's thread again. */
static void
body_was_read(void *job)
{
    struct commit *commit = job;
    if (!commit->was_read) {
        refuse(commit, OCC_ERR_BUSY); /* stopping */
        return;
    }
    if (!occ_is_ok(commit->read)) {
        occ_answer_error(commit->request, status_of_body_error(commit->read.code), commit->err.text, NULL);
        free_commit(commit);
        return;
    }
    if (!occ_routes_admit_more(commit->server, commit->request, commit->pending.digests - 1)) {
        free_commit(commit);
        return;
    }
    if (commit->key.len > 0) {
        begin_repeat(commit);
        return;
    }
    submit(commit);
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

static struct commit *
new_commit(struct occ_server *server, struct occ_http_request *request, const struct occ_boundary_identity *identity)
{
    struct commit *commit = calloc(1, sizeof(*commit));
    if (commit == NULL) {
        return NULL;
    }
    struct occ_answer_note *note = occ_http_note(request);
    commit->server = server;
    commit->request = request;
    commit->text = occ_http_body(request);
    commit->rules = rules_of(server, identity);
    commit->pending.done = commit_done;
    commit->opaque.received_ms = occ_clock_unix_ms();
    commit->opaque.wants_artifact_token = occ_timestamps_wants_artifact(server->timestamps);
    commit->opaque.wants_proof_token = occ_timestamps_wants_proof(server->timestamps);
    commit->deadline_ms = occ_loop_now_ms(server->loop) + occ_timestamps_wait_ms(server->timestamps);
    occ_boundary_next_id(server->boundary, commit->opaque.id);
    memcpy(commit->scope, note->key, sizeof(commit->scope));
    memcpy(note->request_id, commit->opaque.id, sizeof(note->request_id));
    note->has_request_id = true;
    return commit;
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
    struct commit *commit = new_commit(server, request, identity);
    if (commit == NULL) {
        occ_answer_error(request, 503, "out of memory, try again later", NULL);
        return;
    }
    commit->key = key;
    if (commit->text.len <= BODY_LEN_AT_ONCE) {
        read_body(commit);
        body_was_read(commit);
        return;
    }
    const struct occ_result taken = occ_workers_submit(server->readers, read_body, body_was_read, commit);
    if (!occ_is_ok(taken)) {
        refuse(commit, OCC_ERR_BUSY);
    }
}
