/*
 * handle_commit.c — POST /commit: body → request for the boundary → array of proofs.
 *
 * A small body is read at once. A large one is read on a thread that does nothing else, so that it does not keep everybody
 * else waiting; verifications have other threads, and never stand in its way.
 */
#include <stdlib.h>

#include "server/answer.h"
#include "server/commit_body.h"
#include "server/handle.h"
#include "server/refusal.h"
#include "server/routes.h"

enum { BODY_LEN_AT_ONCE = 32 << 10 }; /* some 300 digests: 200 µs */

struct commit {
    struct occ_pending pending; /* first: done gets its address */
    struct occ_server *server;
    struct occ_http_request *request;
    struct occ_bytes text; /* the body, which lives until the request is answered */
    struct occ_commit_rules rules;
    struct occ_result read; /* what became of reading it; meaningless until was_read */
    bool was_read;
    struct occ_error err;
};

static void
free_commit(struct commit *commit)
{
    occ_buf_clear(&commit->pending.loose);
    free(commit);
}

/* The proofs byte for byte as the boundary gave them: what it hashed and signed is what the client gets. */
static void
answer_proofs(struct occ_http_request *request, const struct occ_pending_answer *answer)
{
    struct occ_bytes left = answer->proofs;
    struct occ_commit_proof proof;
    OCC_BUF_AUTO(body, OCC_LIMIT_FRAME_LEN);
    if (occ_buf_reserve(&body, answer->proofs.len + 2) == NULL) {
        occ_answer_internal(request, "out of memory for the answer");
        return;
    }
    occ_buf_put_byte(&body, '[');
    while (occ_commit_next_proof(&left, &proof)) {
        if (body.len > 1) {
            occ_buf_put_byte(&body, ',');
        }
        occ_buf_put(&body, proof.text);
    }
    occ_buf_put_byte(&body, ']');
    struct occ_answer_note *note = occ_http_note(request);
    note->proofs = answer->proof_count;
    occ_answer_json(request, 200, &body);
}

static void
commit_done(struct occ_pending *pending, const struct occ_pending_answer *answer)
{
    struct commit *commit = (struct commit *)pending;
    if (answer->code == OCC_OK) {
        answer_proofs(commit->request, answer);
    } else {
        occ_refusal_answer(commit->request, answer->code, answer->text);
    }
    free_commit(commit);
}

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

static struct occ_commit_rules
rules_of(const struct occ_server *server, const struct occ_boundary_identity *identity)
{
    const uint32_t ours = (uint32_t)server->options->max_digests;
    const uint32_t theirs = identity->digests_max;
    return (struct occ_commit_rules){ .digests_max = ours < theirs ? ours : theirs,
                                      .measurement_len = strlen(identity->measurement) };
}

/* Any thread. */
static void
read_body(void *job)
{
    struct commit *commit = job;
    struct occ_commit_body body;
    const struct occ_bytes opaque = occ_bytes_of(commit->pending.opaque, OCC_PENDING_OPAQUE_LEN);
    commit->read = occ_commit_body_read(commit->text, &commit->rules, opaque, &commit->err, &body);
    commit->was_read = true;
    if (occ_is_ok(commit->read)) {
        commit->pending.loose = body.loose;
        commit->pending.digests = body.digests;
        commit->pending.answer_len = body.answer_len;
    }
}

static void
refuse(struct commit *commit, enum occ_err code)
{
    const struct occ_pending_answer refusal = { .code = code, .text = occ_bytes_str(occ_result_text(code)) };
    commit_done(&commit->pending, &refusal);
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
    const struct occ_result taken = occ_boundary_commit(commit->server->boundary, &commit->pending);
    if (!occ_is_ok(taken)) {
        refuse(commit, taken.code);
    }
}

void
occ_handle_commit(struct occ_server *server, struct occ_http_request *request)
{
    const struct occ_boundary_identity *identity = occ_boundary_identity(server->boundary);
    if (identity == NULL) {
        occ_answer_error(request, 503, "the boundary is out of reach, try again later", NULL);
        return;
    }
    struct commit *commit = calloc(1, sizeof(*commit));
    if (commit == NULL) {
        occ_answer_error(request, 503, "out of memory, try again later", NULL);
        return;
    }
    commit->server = server;
    commit->request = request;
    commit->text = occ_http_body(request);
    commit->rules = rules_of(server, identity);
    commit->pending.done = commit_done;
    struct occ_answer_note *note = occ_http_note(request);
    occ_boundary_next_opaque(server->boundary, commit->pending.opaque);
    memcpy(note->request_id, commit->pending.opaque, OCC_PENDING_OPAQUE_LEN);
    note->has_request_id = true;
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
