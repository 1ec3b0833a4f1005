/* handle_state.c — GET /key and GET /health: who the boundary is, and whether it answers. */
#include <stdlib.h>

#include "base/base64.h"
#include "codec/canonical.h"
#include "server/answer.h"
#include "server/handle.h"

enum { BODY_LEN_MAX = 8192 };

static void
put_member(struct occ_buf *body, const char *begin, const char *text)
{
    occ_buf_put_str(body, begin);
    occ_canonical_put_string(body, occ_bytes_str(text));
}

void
occ_handle_key(struct occ_server *server, struct occ_http_request *request)
{
    const struct occ_boundary_identity *identity = occ_boundary_identity(server->boundary);
    if (identity == NULL) {
        occ_answer_error(request, 503, "the boundary is out of reach, try again later", NULL);
        return;
    }
    OCC_BUF_AUTO(body, BODY_LEN_MAX);
    occ_buf_put_str(&body, "{\"publicKeyB64\":\"");
    occ_base64_put(&body, occ_bytes_of(identity->public_key, sizeof(identity->public_key)));
    put_member(&body, "\",\"measurement\":", identity->measurement);
    put_member(&body, ",\"enforcement\":", identity->enforcement);
    put_member(&body, ",\"epochId\":", identity->epoch_id);
    occ_buf_put_byte(&body, '}');
    occ_answer_json(request, 200, &body);
}

struct health {
    struct occ_asker asker; /* first: done gets its address */
    const struct occ_server *server;
    struct occ_http_request *request;
};

static void
answer_health(struct occ_http_request *request, enum occ_err code, const char *trouble)
{
    OCC_BUF_AUTO(body, BODY_LEN_MAX);
    if (code == OCC_OK && trouble == NULL) {
        occ_buf_put_str(&body, "{\"ok\":true}");
        occ_answer_json(request, 200, &body);
        return;
    }
    const char *why =
        code == OCC_ERR_TIMEOUT ? "the boundary does not answer" : "the boundary is out of reach, try again later";
    why = trouble != NULL ? trouble : why;
    occ_answer_note_error(request, why);
    put_member(&body, "{\"ok\":false,\"error\":", why);
    occ_buf_put_byte(&body, '}');
    occ_http_respond(request, 503, "application/json", "Retry-After: 1\r\n", &body);
}

static void
health_done(struct occ_asker *asker, struct occ_result answer)
{
    struct health *health = (struct health *)asker;
    const struct occ_boundary *boundary = health->server->boundary;
    const char *trouble = occ_boundary_trouble(boundary);
    /* Only what was asked for just now: an answer that did not come says nothing. */
    const bool answered = answer.code == OCC_OK || answer.code == OCC_ERR_UNAVAILABLE;
    answer_health(health->request, answer.code, trouble == NULL && answered ? occ_boundary_unwell(boundary) : trouble);
    free(health);
}

void
occ_handle_health(struct occ_server *server, struct occ_http_request *request)
{
    struct health *health = calloc(1, sizeof(*health));
    if (health == NULL) {
        answer_health(request, OCC_ERR_UNAVAILABLE, NULL);
        return;
    }
    health->asker.done = health_done;
    health->server = server;
    health->request = request;
    occ_boundary_ask(server->boundary, &health->asker);
}
