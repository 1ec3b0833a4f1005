/*
 * handle_key.c — GET /key: who the boundary is, with the attestation document that says so where it has one: the one that is at
 * hand, or, for a caller's nonce, a fresh one (PROTOCOL §3).
 */
#include <stdlib.h>

#include "base/base64.h"
#include "codec/canonical.h"
#include "server/answer.h"
#include "server/handle.h"
#include "server/lookup.h"
#include "server/refusal.h"

enum { BODY_LEN_MAX = OCC_LIMIT_DOCUMENT_B64_LEN + 8192 };

struct key {
    struct occ_boundary_attest attest; /* first: done gets its address */
    struct occ_server *server;
    struct occ_http_request *request;
    struct occ_lookup_nonce nonce;
};

static void
put_member(struct occ_buf *body, const char *begin, struct occ_bytes text)
{
    occ_buf_put_str(body, begin);
    occ_canonical_put_string(body, text);
}

/* document: NULL = none. */
static void
answer_key(struct occ_http_request *request, const struct occ_boundary_identity *identity,
           const struct occ_attest_answer *document)
{
    OCC_BUF_AUTO(body, BODY_LEN_MAX);
    occ_buf_put_str(&body, "{\"publicKeyB64\":\"");
    occ_base64_put(&body, occ_bytes_of(identity->public_key, sizeof(identity->public_key)));
    put_member(&body, "\",\"measurement\":", occ_bytes_str(identity->measurement));
    put_member(&body, ",\"enforcement\":", occ_bytes_str(identity->enforcement));
    put_member(&body, ",\"epochId\":", occ_bytes_str(identity->epoch_id));
    if (document != NULL) {
        put_member(&body, ",\"attestation\":{\"format\":", document->format);
        put_member(&body, ",\"reportB64\":", document->report_b64);
        occ_buf_put_byte(&body, '}');
    }
    occ_buf_put_byte(&body, '}');
    occ_answer_json(request, 200, &body);
}

/* Without a nonce the key itself is what was asked for: a document that cannot be had now is left out. */
static void
answer_without(const struct key *key, enum occ_err code, struct occ_bytes text)
{
    const struct occ_boundary_identity *identity = occ_boundary_identity(key->server->boundary);
    if (identity != NULL && key->nonce.len == 0) {
        answer_key(key->request, identity, NULL);
        return;
    }
    if (code == OCC_ERR_TIMEOUT || code == OCC_ERR_LIMIT) {
        occ_answer_error(key->request, 503, "the boundary gave no attestation document in time, try again later", NULL);
        return;
    }
    occ_refusal_answer(key->request, code, text, occ_boundary_trouble(key->server->boundary));
}

static void
attested(struct occ_boundary_attest *attest, const struct occ_attest_answer *answer)
{
    struct key *key = (struct key *)attest;
    const struct occ_boundary_identity *identity = occ_boundary_identity(key->server->boundary);
    if (identity != NULL && answer->code == OCC_OK) {
        answer_key(key->request, identity, answer);
    } else {
        answer_without(key, answer->code, answer->text);
    }
    free(key);
}

static void
ask(struct occ_server *server, struct occ_http_request *request, const struct occ_lookup_nonce *nonce)
{
    struct key *key = calloc(1, sizeof(*key));
    if (key == NULL) {
        occ_answer_error(request, 503, "out of memory, try again later", NULL);
        return;
    }
    key->server = server;
    key->request = request;
    key->nonce = *nonce;
    key->attest.nonce = occ_bytes_of(key->nonce.bytes, key->nonce.len);
    key->attest.done = attested;
    const struct occ_result taken = occ_boundary_attest(server->boundary, &key->attest);
    if (!occ_is_ok(taken)) {
        answer_without(key, taken.code, occ_bytes_str(occ_result_text(taken.code)));
        free(key);
    }
}

void
occ_handle_key(struct occ_server *server, struct occ_http_request *request)
{
    const struct occ_boundary_identity *identity = occ_boundary_identity(server->boundary);
    struct occ_error err = { 0 };
    struct occ_lookup_nonce nonce;
    if (!occ_is_ok(occ_lookup_read_nonce(occ_http_query(request), &err, &nonce))) {
        occ_answer_error(request, 400, err.text, NULL);
        return;
    }
    if (identity == NULL) {
        occ_answer_error(request, 503, "the boundary is out of reach, try again later", NULL);
        return;
    }
    if (identity->attest != OCC_HELLO_ATTEST_NONE) {
        ask(server, request, &nonce);
        return;
    }
    if (nonce.len > 0) {
        occ_answer_error(request, 400, "nonce: this boundary has no attestation, and so no document for a nonce", NULL);
        return;
    }
    answer_key(request, identity, NULL);
}
