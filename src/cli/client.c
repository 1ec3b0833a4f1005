#include "cli/client.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/limits.h"
#include "cli/output.h"
#include "crypto/secret.h"
#include "net/http_client.h"
#include "os/clock.h"
#include "os/file.h"

enum {
    LONGEST_KEY = 1024,                                /* bytes */
    LONGEST_URL = 2048,                                /* bytes */
    LONGEST_ANSWER = OCC_LIMIT_ANSWER_LEN + (1 << 20), /* a peer's may have more around the proofs */
    CONNECT_MS = 10000,
    RETRY_MS = 1000, /* where the server does not say */
    RETRY_LEAST_MS = 100
};

/* ---- settings ---- */

static bool
is_url_text(const char *text)
{
    for (const char *next = text; *next != '\0'; next++) {
        if (*next <= ' ' || *next == 0x7f || *next == '?' || *next == '#' || *next == '\\') {
            return false;
        }
    }
    return true;
}

/* Whether what stands behind scheme, up to a path, ends in no port or in one that there can be. */
static bool
has_good_port(const char *authority)
{
    const size_t end = strcspn(authority, "/");
    size_t start = end;
    unsigned port = 0;
    while (start > 0 && end - start < 6 && authority[start - 1] >= '0' && authority[start - 1] <= '9') {
        start--;
    }
    for (size_t i = start; i < end; i++) {
        port = port * 10 + (unsigned)(authority[i] - '0');
    }
    const bool has_port = start > 0 && authority[start - 1] == ':';
    return !has_port || (port >= 1 && port <= 65535);
}

static OCC_RESULT
read_server(struct occ_client *client, const char *server, struct occ_error *err)
{
    client->shown = server;
    if (strncmp(server, "unix:", 5) == 0 && server[5] != '\0') {
        client->unix_path = server + 5;
        client->base_url = strdup("http://localhost");
        return client->base_url == NULL ? occ_error_code(err, OCC_ERR_NOMEM) : occ_success();
    }
    const size_t scheme = strncmp(server, "http://", 7) == 0 ? 7 : strncmp(server, "https://", 8) == 0 ? 8 : 0;
    size_t len = strlen(server);
    if (scheme == 0 || len == scheme || server[scheme] == '/' || len > LONGEST_URL || !is_url_text(server) ||
        !has_good_port(server + scheme)) {
        return occ_error_set(
            err, OCC_ERR_USAGE,
            "--server: \"%.100s\" is not a server, expected http://HOST:PORT, https://HOST or unix:PATH", server);
    }
    while (len > scheme && server[len - 1] == '/') {
        len--;
    }
    client->base_url = strndup(server, len);
    return client->base_url == NULL ? occ_error_code(err, OCC_ERR_NOMEM) : occ_success();
}

/* text without the white space around it, as the key; where begins the sentence. The key is in no message. */
static OCC_RESULT
take_key(struct occ_client *client, const char *where, struct occ_bytes text, struct occ_error *err)
{
    while (text.len > 0 && text.ptr[text.len - 1] <= ' ') {
        text.len--;
    }
    bool good = text.len > 0 && text.len <= LONGEST_KEY;
    for (size_t i = 0; i < text.len; i++) {
        good = good && text.ptr[i] > ' ' && text.ptr[i] < 0x7f;
    }
    if (!good) {
        return occ_error_set(err, OCC_ERR_USAGE, "%s: not an API key, expected 1 to %d visible ASCII characters", where,
                             (int)LONGEST_KEY);
    }
    client->api_key = strndup((const char *)text.ptr, text.len);
    return client->api_key == NULL ? occ_error_code(err, OCC_ERR_NOMEM) : occ_success();
}

static OCC_RESULT
read_key(struct occ_client *client, const struct occ_cli *cli, const char *path, struct occ_error *err)
{
    if (path != NULL) {
        OCC_BUF_AUTO(text, LONGEST_KEY + 64);
        const struct occ_result read = occ_file_read(path, err, &text);
        if (read.code == OCC_ERR_LIMIT) {
            return occ_error_set(err, OCC_ERR_USAGE, "%s: too long for an API key", path);
        }
        OCC_TRY(read);
        const struct occ_result taken = take_key(client, path, occ_buf_view(&text), err);
        occ_secret_wipe(text.ptr, text.len);
        return taken;
    }
    static const char name[] = "OCC_API_KEY=";
    for (size_t i = 0; cli->envp[i] != NULL; i++) {
        if (strncmp(cli->envp[i], name, sizeof name - 1) == 0 && cli->envp[i][sizeof name - 1] != '\0') {
            return take_key(client, "OCC_API_KEY", occ_bytes_str(cli->envp[i] + sizeof name - 1), err);
        }
    }
    return occ_success();
}

struct occ_result
occ_client_init(struct occ_client *client, const struct occ_cli *cli, const struct occ_settings *settings,
                struct occ_error *err)
{
    client->timeout_ms = occ_settings_number(settings, "timeout");
    OCC_TRY(read_server(client, occ_settings_text(settings, "server"), err));
    return read_key(client, cli, occ_settings_text(settings, "api-key-file"), err);
}

void
occ_client_clear(struct occ_client *client)
{
    if (client->api_key != NULL) {
        occ_secret_wipe(client->api_key, strlen(client->api_key));
    }
    free(client->api_key);
    free(client->base_url);
    *client = (struct occ_client){ 0 };
}

/* ---- calls ---- */

bool
occ_client_retries(unsigned status, uint64_t retry_after_s, uint64_t left_ms, uint64_t *ret_wait_ms)
{
    /* PROTOCOL §3: 503 = not taken, nothing was signed; 429 likewise. */
    if (status != 429 && status != 503) {
        return false;
    }
    if (retry_after_s > left_ms / 1000) {
        return false;
    }
    const uint64_t wait_ms = retry_after_s == 0 ? RETRY_MS : retry_after_s * 1000;
    const uint64_t fitting_ms = retry_after_s == 0 && wait_ms > left_ms ? RETRY_LEAST_MS : wait_ms;
    if (fitting_ms >= left_ms) {
        return false;
    }
    *ret_wait_ms = fitting_ms;
    return true;
}

static void
wait_ms(uint64_t ms)
{
    struct timespec left = { .tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000 };
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

/* What a failed POST leaves open. */
static const char *
doubt(bool is_post, bool may_be_done)
{
    return is_post && may_be_done ? "; whether it committed is not known, and to commit again may make a second proof"
                                  : "";
}

/* Statuses after which the server may have done what it was asked: 500 by PROTOCOL §3, others from what stands before it. */
static OCC_RESULT
refuse_status(const struct occ_client *client, bool is_post, const struct occ_http_answer *answer,
              struct occ_error *err)
{
    const bool may_be_done = answer->status >= 500 && answer->status != 503 && answer->status != 501;
    __attribute__((cleanup(occ_json_cleanup))) struct occ_json *body = NULL;
    struct occ_bytes sentence = { 0 };
    if (occ_is_ok(occ_json_parse(occ_buf_view(answer->body), OCC_LIMIT_JSON_DEPTH, NULL, &body))) {
        sentence = occ_json_string(occ_json_get(body, "error"));
    }
    const char *key_hint =
        answer->status == 401 && client->api_key == NULL ? " (no API key was given: --api-key-file)" : "";
    const enum occ_err code = answer->status == 404 ? OCC_ERR_NOT_FOUND : OCC_ERR_UNAVAILABLE;
    return occ_error_set(err, code, "%.100s answered %u%s%.*s%s%s", client->shown, answer->status,
                         sentence.len == 0 ? "" : ": ", (int)(sentence.len > 120 ? 120 : sentence.len),
                         sentence.len == 0 ? "" : (const char *)sentence.ptr, key_hint, doubt(is_post, may_be_done));
}

/* One try after the other until the answer is not "busy" or the time is over. */
static OCC_RESULT
call_until_taken(const struct occ_client *client, struct occ_http_call *call, struct occ_error *err,
                 struct occ_http_answer *answer)
{
    const uint64_t end_us = occ_clock_monotonic_us() + client->timeout_ms * 1000;
    for (;;) {
        const uint64_t now_us = occ_clock_monotonic_us();
        const uint64_t left_ms = end_us > now_us ? (end_us - now_us) / 1000 : 0;
        call->total_ms = left_ms == 0 ? 1 : left_ms;
        call->connect_ms = call->total_ms < CONNECT_MS ? call->total_ms : CONNECT_MS;
        occ_buf_reset(answer->body);
        answer->status = 0;
        answer->retry_after_s = 0;
        OCC_TRY(occ_http_client_call(call, err, answer));
        const uint64_t after_us = occ_clock_monotonic_us();
        uint64_t pause_ms = 0;
        if (!occ_client_retries(answer->status, answer->retry_after_s,
                                end_us > after_us ? (end_us - after_us) / 1000 : 0, &pause_ms)) {
            return occ_success();
        }
        wait_ms(pause_ms);
    }
}

static OCC_RESULT
parse_answer(const struct occ_client *client, bool is_post, struct occ_bytes text, struct occ_error *err,
             struct occ_json **ret_answer)
{
    struct occ_error why = { 0 };
    /* Proofs in an array, each as deep as a proof may be. */
    if (occ_is_ok(occ_json_parse(text, OCC_LIMIT_JSON_DEPTH + 1, &why, ret_answer))) {
        return occ_success();
    }
    return occ_error_set(err, OCC_ERR_UNAVAILABLE, "%.80s answered what is not JSON: %.100s%s", client->shown, why.text,
                         doubt(is_post, true));
}

struct occ_result
occ_client_call(const struct occ_client *client, const char *path, struct occ_bytes body, struct occ_error *err,
                struct occ_json **ret_answer)
{
    const bool is_post = body.len > 0;
    OCC_BUF_AUTO(url, LONGEST_URL + 64);
    OCC_BUF_AUTO(text, LONGEST_ANSWER);
    occ_buf_put_format(&url, "%s%s", client->base_url, path);
    occ_buf_put_byte(&url, 0);
    OCC_TRY(occ_buf_check(&url));
    struct occ_http_call call = { .url = (const char *)url.ptr,
                                  .unix_path = client->unix_path,
                                  .content_type = is_post ? "application/json" : NULL,
                                  .body = body,
                                  .bearer = client->api_key };
    struct occ_http_answer answer = { .body = &text };
    struct occ_error why = { 0 };
    const struct occ_result called = call_until_taken(client, &call, &why, &answer);
    if (!occ_is_ok(called)) {
        /* Only a connection that never was leaves no doubt. */
        const bool may_be_done = called.code != OCC_ERR_UNAVAILABLE && called.code != OCC_ERR_USAGE;
        const char *hint = called.code == OCC_ERR_UNAVAILABLE ? " (--server names another server)" : "";
        return occ_error_set(err, OCC_ERR_UNAVAILABLE, "%.160s%s%s", why.text, hint, doubt(is_post, may_be_done));
    }
    if (answer.status != 200) {
        return refuse_status(client, is_post, &answer, err);
    }
    return parse_answer(client, is_post, occ_buf_view(&text), err, ret_answer);
}
