/* handle_issue.c — POST /challenge and POST /allocate-slot: what the boundary gives out to be used once (PROTOCOL §3, §4, §6). */
#include <stdlib.h>

#include "server/answer.h"
#include "server/commit_field.h"
#include "server/handle.h"
#include "server/refusal.h"

struct issue {
    struct occ_boundary_issue issue; /* first: done gets its address */
    struct occ_server *server;
    struct occ_http_request *request;
    uint8_t chain_id[OCC_LIMIT_CHAIN_ID_LEN];
};

/* The boundary's JSON, byte for byte. */
static void
answer_issued(struct occ_http_request *request, struct occ_bytes text)
{
    OCC_BUF_AUTO(body, OCC_LIMIT_FRAME_LEN);
    occ_buf_put(&body, text);
    occ_answer_json(request, 200, &body);
}

static void
refuse(const struct issue *issue, enum occ_err code, struct occ_bytes text)
{
    occ_refusal_answer(issue->request, code, text, occ_boundary_trouble(issue->server->boundary));
}

static void
issue_done(struct occ_boundary_issue *pending, const struct occ_issue_answer *answer)
{
    struct issue *issue = (struct issue *)pending;
    if (answer->code == OCC_OK) {
        answer_issued(issue->request, answer->text);
    } else {
        refuse(issue, answer->code, answer->text);
    }
    free(issue);
}

/* The body: nothing at all, or an object; of a slot's with chainId or without. *ret_chain_id has a view into root. */
static struct occ_result
read_members(const struct occ_json *root, enum occ_issue what, struct occ_error *err, struct occ_bytes *ret_chain_id)
{
    struct occ_json_iter member = { 0 };
    if (!occ_json_is(root, OCC_JSON_OBJECT)) {
        return occ_error_set(err, OCC_ERR_FIELD_TYPE, "body: %s, expected an object", occ_json_type_name(root));
    }
    while (occ_json_next(root, &member)) {
        if (what != OCC_ISSUE_SLOT || !occ_bytes_is(member.name, "chainId")) {
            return occ_error_set(err, OCC_ERR_FIELD_UNKNOWN, "unknown field \"%.*s\"", OCC_BYTES_ARG(member.name));
        }
        OCC_TRY(occ_commit_field_read_chain(member.value, "chainId", err, ret_chain_id));
    }
    return occ_success();
}

static struct occ_result
read_body(struct issue *issue, enum occ_issue what, struct occ_error *err)
{
    __attribute__((cleanup(occ_json_cleanup))) struct occ_json *root = NULL;
    const struct occ_bytes body = occ_http_body(issue->request);
    struct occ_bytes chain_id = { 0 };
    if (body.len > 0) {
        OCC_TRY(occ_json_parse(body, OCC_LIMIT_JSON_DEPTH, err, &root));
        OCC_TRY(read_members(root, what, err, &chain_id));
    }
    if (chain_id.len > 0) {
        memcpy(issue->chain_id, chain_id.ptr, chain_id.len);
    }
    issue->issue.request = (struct occ_issue_request){ what, occ_bytes_of(issue->chain_id, chain_id.len) };
    return occ_success();
}

static void
handle(struct occ_server *server, struct occ_http_request *request, enum occ_issue what)
{
    struct issue *issue = calloc(1, sizeof(*issue));
    if (issue == NULL) {
        occ_answer_error(request, 503, "out of memory, try again later", NULL);
        return;
    }
    issue->server = server;
    issue->request = request;
    issue->issue.done = issue_done;
    struct occ_error err = { 0 };
    const struct occ_result read = read_body(issue, what, &err);
    if (!occ_is_ok(read)) {
        free(issue);
        if (read.code == OCC_ERR_NOMEM) {
            occ_answer_error(request, 503, "out of memory, try again later", NULL);
            return;
        }
        occ_answer_error(request, 400, err.text, NULL);
        return;
    }
    const struct occ_result taken = occ_boundary_issue(server->boundary, &issue->issue);
    if (!occ_is_ok(taken)) {
        refuse(issue, taken.code, occ_bytes_str(occ_result_text(taken.code)));
        free(issue);
    }
}

void
occ_handle_challenge(struct occ_server *server, struct occ_http_request *request)
{
    handle(server, request, OCC_ISSUE_CHALLENGE);
}

void
occ_handle_allocate_slot(struct occ_server *server, struct occ_http_request *request)
{
    handle(server, request, OCC_ISSUE_SLOT);
}
