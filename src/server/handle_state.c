/* handle_state.c — GET /health: whether the boundary answers, and commits are taken. */
#include <stdlib.h>

#include "codec/canonical.h"
#include "server/answer.h"
#include "server/handle.h"

enum { BODY_LEN_MAX = 8192 };

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
    occ_buf_put_str(&body, "{\"ok\":false,\"error\":");
    occ_canonical_put_string(&body, occ_bytes_str(why));
    occ_buf_put_byte(&body, '}');
    occ_http_respond(request, 503, "application/json", "Retry-After: 1\r\n", &body);
}

static void
health_done(struct occ_asker *asker, struct occ_result answer)
{
    struct health *health = (struct health *)asker;
    answer_health(health->request, answer.code, occ_boundary_trouble(health->server->boundary));
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
