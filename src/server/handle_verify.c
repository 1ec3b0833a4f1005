/* handle_verify.c — POST /verify, on worker threads: the loop and the commits never wait for a verification. */
#include <stdlib.h>

#include "base/limits.h"
#include "codec/canonical.h"
#include "server/answer.h"
#include "server/handle.h"

struct verification {
    struct occ_server *server;
    struct occ_http_request *request;
    const occ_verifier *verifier;
    struct occ_bytes body; /* of the request, which lives until it is answered */
    bool with_report;
    unsigned status; /* 0: not done */
    struct occ_buf answer;
    struct occ_error err;
};

bool
occ_handle_verify_query(struct occ_bytes query, bool *ret_report)
{
    bool report = false;
    while (query.len > 0) {
        const uint8_t *end = memchr(query.ptr, '&', query.len);
        const size_t len = end == NULL ? query.len : (size_t)(end - query.ptr);
        const struct occ_bytes parameter = occ_bytes_of(query.ptr, len);
        query = end == NULL ? occ_bytes_of(NULL, 0) : occ_bytes_of(end + 1, query.len - len - 1);
        if (occ_bytes_is(parameter, "report") || occ_bytes_starts(parameter, "report=")) {
            report = occ_bytes_is(parameter, "report=1");
            if (!report && !occ_bytes_is(parameter, "report=0")) {
                return false;
            }
        }
    }
    *ret_report = report;
    return true;
}

static struct occ_result
check_names(const struct occ_json *root, struct occ_error *err)
{
    if (!occ_json_is(root, OCC_JSON_OBJECT)) {
        return occ_error_set(err, OCC_ERR_FIELD_TYPE, "body: %s, expected an object", occ_json_type_name(root));
    }
    struct occ_json_iter member = { 0 };
    while (occ_json_next(root, &member)) {
        if (!occ_bytes_is(member.name, "proof") && !occ_bytes_is(member.name, "policy")) {
            return occ_error_set(err, OCC_ERR_FIELD_UNKNOWN, "unknown field \"%.*s\"", OCC_BYTES_ARG(member.name));
        }
    }
    if (occ_json_get(root, "proof") == NULL) {
        return occ_error_set(err, OCC_ERR_FIELD_MISSING, "proof: missing, expected an object");
    }
    return occ_success();
}

static void
put_verdict(const occ_report *report, bool with_report, struct occ_buf *answer)
{
    if (occ_report_valid(report)) {
        occ_buf_put_str(answer, "{\"valid\":true");
    } else {
        occ_buf_put_str(answer, "{\"valid\":false,\"reason\":");
        occ_canonical_put_string(answer, occ_bytes_str(occ_report_reason(report)));
    }
    if (with_report) {
        size_t len;
        const char *json = occ_report_json(report, &len);
        occ_buf_put_str(answer, ",\"report\":");
        occ_buf_put(answer, occ_bytes_of(json, len));
    }
    occ_buf_put_byte(answer, '}');
}

static unsigned
judge(enum occ_err code, const occ_report *report, bool with_report, struct occ_buf *answer, struct occ_error *err)
{
    if (report == NULL) {
        (void)occ_error_code(err, code);
        return 500;
    }
    /* include/occ/verify.h: 0 and 100 to 299 are verdicts; a report with another code is about how it was written. */
    if (code != OCC_OK && code < OCC_ERR_PROOF_STRUCTURE) {
        (void)occ_error_set(err, code, "%s", occ_report_reason(report));
        return 400;
    }
    put_verdict(report, with_report, answer);
    return 200;
}

unsigned
occ_handle_verify_body(const occ_verifier *verifier, struct occ_bytes body, bool with_report, struct occ_buf *answer,
                       struct occ_error *err)
{
    __attribute__((cleanup(occ_json_cleanup))) struct occ_json *root = NULL;
    struct occ_result read = occ_json_parse(body, OCC_LIMIT_JSON_DEPTH, err, &root);
    if (occ_is_ok(read)) {
        read = check_names(root, err);
    }
    if (!occ_is_ok(read)) {
        return read.code == OCC_ERR_NOMEM ? 500 : 400;
    }
    occ_report *report = NULL;
    const struct occ_verify_request wanted = { .proof = occ_json_get(root, "proof"),
                                               .policy = occ_json_get(root, "policy"),
                                               .without_json = !with_report };
    const enum occ_err code = occ_verify_json(verifier, &wanted, &report);
    const unsigned status = judge(code, report, with_report, answer, err);
    occ_report_free(report);
    return status;
}

static void
run(void *job)
{
    struct verification *verification = job;
    verification->status = occ_handle_verify_body(verification->verifier, verification->body, verification->with_report,
                                                  &verification->answer, &verification->err);
}

bool
occ_handle_has_room(const struct occ_server *server, size_t len)
{
    return len <= OCC_LIMIT_REPORT_SHORT_LEN || occ_http_server_unsent(server->http) + len <= OCC_LIMIT_REPORTS_LEN;
}

static void
done(void *job)
{
    struct verification *verification = job;
    struct occ_http_request *request = verification->request;
    if (verification->status == 200 && !occ_handle_has_room(verification->server, verification->answer.len)) {
        occ_answer_error(request, 503, "overloaded, try again later", NULL);
    } else if (verification->status == 200) {
        occ_answer_json(request, 200, &verification->answer);
    } else if (verification->status == 400) {
        occ_answer_error(request, 400, verification->err.text, NULL);
    } else if (verification->status == 0) {
        occ_answer_error(request, 503, "stopping, try again later", NULL);
    } else {
        occ_answer_internal(request, verification->err.text);
    }
    occ_buf_clear(&verification->answer);
    free(verification);
}

void
occ_handle_verify(struct occ_server *server, struct occ_http_request *request)
{
    struct verification *verification = calloc(1, sizeof(*verification));
    if (verification == NULL) {
        occ_answer_error(request, 503, "out of memory, try again later", NULL);
        return;
    }
    verification->server = server;
    verification->request = request;
    verification->verifier = server->verifier;
    verification->body = occ_http_body(request);
    /* routes.c has refused a query that is wrong. */
    (void)occ_handle_verify_query(occ_http_query(request), &verification->with_report);
    /* The longest report, and a reason. It names every member that is not signed, twice, with its path. */
    verification->answer = OCC_BUF_INIT(OCC_LIMIT_CANONICAL_LEN + (1u << 20));
    if (!occ_is_ok(occ_workers_submit(server->workers, run, done, verification))) {
        free(verification);
        occ_answer_error(request, 503, "overloaded, try again later", NULL);
    }
}
