/* client_call.c — try after try: see client.h. */
#include <errno.h>
#include <time.h>

#include "base/limits.h"
#include "cli/client.h"
#include "cli/output.h"
#include "cli/retry.h"
#include "crypto/secret.h"
#include "os/clock.h"

enum {
    LONGEST_URL = OCC_CLIENT_URL_LEN + 64,
    LONGEST_ANSWER = OCC_LIMIT_ANSWER_LEN + (1 << 20), /* a peer's may have more around the proofs */
    LONGEST_SMALL_ANSWER = 64 << 10,
    LONGEST_SENTENCE = 1024,
    LONGEST_REASON = 90, /* bytes of the server's own sentence */
    CONNECT_MS = 10000
};

/* ---- one try ---- */

struct call {
    struct occ_client *client;
    const struct occ_client_request *request;
    struct occ_http_call http;
    struct occ_http_answer answer;
    struct occ_buf text;
    uint64_t end_us;
    unsigned tries;
    bool told;     /* a person, that it is tried again */
    bool in_doubt; /* a try may have done its work, and none has cleared that up */
    struct occ_result called;
    struct occ_error why; /* of called */
};

static void
call_clear(struct call *call)
{
    occ_buf_clear(&call->text);
}

static uint64_t
left_ms(const struct call *call)
{
    const uint64_t now_us = occ_clock_monotonic_us();
    return call->end_us > now_us ? (call->end_us - now_us) / 1000 : 0;
}

static bool
is_post(const struct call *call)
{
    return call->request->body.len > 0;
}

static void
note_keeping(struct occ_client *client, const struct occ_http_answer *answer)
{
    if (answer->knows_repeats) {
        client->keeping = OCC_CLIENT_KEEPS_KEYS;
    }
}

static OCC_RESULT
perform(struct occ_http_call *http, uint64_t total_ms, struct occ_error *err, struct occ_http_answer *answer)
{
    http->total_ms = total_ms == 0 ? 1 : total_ms;
    http->connect_ms = http->total_ms < CONNECT_MS ? http->total_ms : CONNECT_MS;
    occ_buf_reset(answer->body);
    *answer = (struct occ_http_answer){ .body = answer->body };
    return occ_http_client_call(http, err, answer);
}

/* The call's own request, once. A status that says more than an earlier try takes the doubt away. */
static enum occ_retry_outcome
try_once(struct call *call)
{
    const enum occ_client_repeat repeat = call->request->repeat;
    const bool shares = repeat == OCC_CLIENT_HARMLESS || repeat == OCC_CLIENT_KEYED;
    const uint64_t time_ms = left_ms(call);
    call->why = (struct occ_error){ 0 };
    call->tries++;
    call->called = perform(&call->http, shares ? occ_retry_share_ms(time_ms) : time_ms, &call->why, &call->answer);
    note_keeping(call->client, &call->answer);
    const enum occ_retry_outcome outcome = occ_retry_judge(call->called, &call->answer);
    const unsigned status = occ_is_ok(call->called) ? call->answer.status : 0;
    if (outcome == OCC_RETRY_UNKNOWN || outcome == OCC_RETRY_UNKNOWN_ENDS) {
        call->in_doubt = true;
    } else if (status == 400 || status == 422) { /* had it been done, the same key would have given its proofs */
        call->in_doubt = false;
    }
    return outcome;
}

/* Asks GET /health, whatever it says of the server's health, what the server says of keeping keys. */
static void
ask_keeping(struct call *call)
{
    OCC_BUF_AUTO(url, LONGEST_URL);
    OCC_BUF_AUTO(text, LONGEST_SMALL_ANSWER);
    struct occ_http_answer answer = { .body = &text };
    occ_buf_put_format(&url, "%s/health", call->client->base_url);
    occ_buf_put_byte(&url, 0);
    if (!occ_is_ok(occ_buf_check(&url))) {
        return;
    }
    struct occ_http_call http = { .url = (const char *)url.ptr, .unix_path = call->client->unix_path };
    const struct occ_result asked = perform(&http, occ_retry_share_ms(left_ms(call)), NULL, &answer);
    note_keeping(call->client, &answer);
    /* Any other status may be the word of a proxy. */
    if (occ_is_ok(asked) && answer.status == 200 && !answer.knows_repeats) {
        call->client->keeping = OCC_CLIENT_KEEPS_NONE;
    }
}

/* ---- try after try ---- */

static void
wait_ms(uint64_t ms)
{
    struct timespec left = { .tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000 };
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

/* Tells a person, once, why nothing seems to happen. */
static void
tell(struct call *call)
{
    const struct occ_cli *cli = call->client->cli;
    if (call->told || !cli->err_is_terminal) {
        return;
    }
    call->told = true;
    if (occ_is_ok(call->called)) {
        occ_output_note(cli, "%.100s answered %u; trying again", call->client->shown, call->answer.status);
    } else {
        occ_output_note(cli, "%.160s; trying again", call->why.text);
    }
}

/* Waits for the next try; false if there is no time for one. */
static bool
pause_before_next(struct call *call, unsigned tries)
{
    uint32_t random = 0;
    uint64_t pause_ms = 0;
    occ_secret_random(&random, sizeof random);
    if (!occ_retry_pause(tries, call->answer.retry_after_s, left_ms(call), random, &pause_ms)) {
        return false;
    }
    tell(call);
    wait_ms(pause_ms);
    return true;
}

/* Whether what may have been done may be sent again; finds out, while there is time, if that hangs on the server. */
static bool
may_repeat_unknown(struct call *call)
{
    if (call->request->repeat != OCC_CLIENT_KEYED) {
        return call->request->repeat == OCC_CLIENT_HARMLESS;
    }
    for (unsigned asked = 1; call->client->keeping == OCC_CLIENT_KEEPING_UNKNOWN; asked++) {
        ask_keeping(call);
        if (call->client->keeping == OCC_CLIENT_KEEPING_UNKNOWN && !pause_before_next(call, asked)) {
            return false;
        }
    }
    return call->client->keeping == OCC_CLIENT_KEEPS_KEYS;
}

static bool
goes_on(struct call *call, enum occ_retry_outcome outcome)
{
    switch (outcome) {
    case OCC_RETRY_NOT_TAKEN:
        /* A question to a server that is not there is answered at once. */
        return (call->request->repeat != OCC_CLIENT_ONCE || occ_is_ok(call->called)) &&
               pause_before_next(call, call->tries);
    case OCC_RETRY_UNKNOWN:
        return may_repeat_unknown(call) && pause_before_next(call, call->tries);
    default:
        return false;
    }
}

/* ---- what is said of a failure ---- */

/* What a failed request leaves open, behind the sentence that says how it failed. */
static void
put_doubt(const struct call *call, struct occ_buf *text)
{
    if (!call->in_doubt || call->request->repeat != OCC_CLIENT_KEYED) {
        return;
    }
    if (call->request->again != NULL && call->client->keeping == OCC_CLIENT_KEEPS_KEYS) {
        occ_buf_put_format(text, "; whether it committed is not known: %.100s gives the same proof if it did",
                           call->request->again);
        return;
    }
    occ_buf_put_str(text, "; whether it committed is not known, and to commit again may make a second proof");
}

static OCC_RESULT
fail(const struct call *call, enum occ_err code, struct occ_buf *text, struct occ_error *err)
{
    put_doubt(call, text);
    occ_buf_put_byte(text, 0);
    const struct occ_result put = occ_buf_check(text);
    if (!occ_is_ok(put)) {
        return occ_error_code(err, put.code);
    }
    return occ_error_set(err, code, "%s", (const char *)text->ptr);
}

/* No answer. */
static OCC_RESULT
refuse_failure(const struct call *call, struct occ_error *err)
{
    OCC_BUF_AUTO(text, LONGEST_SENTENCE);
    occ_buf_put_format(&text, "%.130s%s", call->why.text,
                       call->called.code == OCC_ERR_UNAVAILABLE ? " (--server names another server)" : "");
    return fail(call, OCC_ERR_UNAVAILABLE, &text, err);
}

static OCC_RESULT
refuse_status(const struct call *call, struct occ_error *err)
{
    const struct occ_http_answer *answer = &call->answer;
    __attribute__((cleanup(occ_json_cleanup))) struct occ_json *body = NULL;
    struct occ_bytes sentence = { 0 };
    if (occ_is_ok(occ_json_parse(occ_buf_view(answer->body), OCC_LIMIT_JSON_DEPTH, NULL, &body))) {
        sentence = occ_json_string(occ_json_get(body, "error"));
    }
    OCC_BUF_AUTO(text, LONGEST_SENTENCE);
    occ_buf_put_format(
        &text, "%.60s answered %u%s%.*s%s", call->client->shown, answer->status, sentence.len == 0 ? "" : ": ",
        (int)(sentence.len > LONGEST_REASON ? LONGEST_REASON : sentence.len),
        sentence.len == 0 ? "" : (const char *)sentence.ptr,
        answer->status == 401 && call->client->api_key == NULL ? " (no API key was given: --api-key-file)" : "");
    return fail(call, answer->status == 404 ? OCC_ERR_NOT_FOUND : OCC_ERR_UNAVAILABLE, &text, err);
}

static OCC_RESULT
parse_answer(struct call *call, struct occ_error *err, struct occ_json **ret_answer)
{
    struct occ_error why = { 0 };
    /* Proofs in an array, each as deep as a proof may be. */
    if (occ_is_ok(occ_json_parse(occ_buf_view(&call->text), OCC_LIMIT_JSON_DEPTH + 1, &why, ret_answer))) {
        return occ_success();
    }
    call->in_doubt = true;
    OCC_BUF_AUTO(text, LONGEST_SENTENCE);
    occ_buf_put_format(&text, "%.60s answered what is not JSON: %.80s", call->client->shown, why.text);
    return fail(call, OCC_ERR_UNAVAILABLE, &text, err);
}

/* ---- the call ---- */

static OCC_RESULT
prepare(struct call *call, struct occ_buf *url, struct occ_error *err)
{
    const struct occ_client_request *request = call->request;
    struct occ_client *client = call->client;
    occ_buf_put_format(url, "%s%s", client->base_url, request->path);
    occ_buf_put_byte(url, 0);
    struct occ_result ready = occ_buf_check(url);
    if (occ_is_ok(ready) && request->repeat == OCC_CLIENT_HARMLESS && client->session == NULL) {
        ready = occ_http_session_new(&client->session);
    }
    if (!occ_is_ok(ready)) {
        return occ_error_code(err, ready.code);
    }
    call->http = (struct occ_http_call){ .session = request->repeat == OCC_CLIENT_HARMLESS ? client->session : NULL,
                                         .url = (const char *)url->ptr,
                                         .unix_path = client->unix_path,
                                         .content_type = is_post(call) ? "application/json" : NULL,
                                         .body = request->body,
                                         .bearer = client->api_key,
                                         .idempotency_key = request->idempotency_key };
    call->answer.body = &call->text;
    call->end_us = occ_clock_monotonic_us() + client->timeout_ms * 1000;
    return occ_success();
}

struct occ_result
occ_client_call(struct occ_client *client, const struct occ_client_request *request, struct occ_error *err,
                struct occ_json **ret_answer)
{
    OCC_BUF_AUTO(url, LONGEST_URL);
    __attribute__((cleanup(call_clear))) struct call call = { .client = client,
                                                              .request = request,
                                                              .text = OCC_BUF_INIT(LONGEST_ANSWER) };
    OCC_TRY(prepare(&call, &url, err));
    enum occ_retry_outcome outcome = OCC_RETRY_REFUSED;
    do {
        outcome = try_once(&call);
    } while (goes_on(&call, outcome));
    if (outcome == OCC_RETRY_DONE) {
        return parse_answer(&call, err, ret_answer);
    }
    return occ_is_ok(call.called) ? refuse_status(&call, err) : refuse_failure(&call, err);
}
