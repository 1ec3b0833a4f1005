/* http_client.c — outbound HTTP by libcurl's easy interface. */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>
#include <uv.h>

#include "base/limits.h"
#include "net/http_client_private.h"

struct occ_http_session {
    CURL *curl;
};

enum { WHERE_LEN_MAX = 4096 };

void
occ_http_client_clear(struct occ_http_prepared *prepared)
{
    if (prepared->is_lent) {
        curl_easy_reset(prepared->curl); /* the headers must not outlive their list */
    } else {
        curl_easy_cleanup(prepared->curl);
    }
    curl_slist_free_all(prepared->headers);
    occ_buf_clear(&prepared->where);
}

static size_t
on_body(char *bytes, size_t size, size_t count, void *ctx)
{
    struct occ_buf *body = ctx;
    occ_buf_put(body, occ_bytes_of(bytes, size * count));
    return occ_is_ok(occ_buf_check(body)) ? size * count : 0; /* less than given = curl gives up */
}

/* Each line of heads and trailers. A server can send any number; libcurl keeps them all, and has a limit for one line only. */
static size_t
on_head_line(char *bytes, size_t size, size_t count, void *ctx)
{
    struct occ_http_prepared *prepared = ctx;
    (void)bytes;
    prepared->head_len += size * count;
    return prepared->head_len <= OCC_LIMIT_HTTP_ANSWER_HEAD_LEN ? size * count : 0;
}

/* Says where the call goes, without user information, path or query: these may hold secrets. */
static OCC_RESULT
describe(const struct occ_http_call *call, struct occ_error *err, struct occ_http_prepared *state)
{
    struct occ_buf *where = &state->where;
    CURLU *url = curl_url();
    char *host = NULL;
    char *port = NULL;
    struct occ_result result = occ_success();
    if (url == NULL) {
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    if (curl_url_set(url, CURLUPART_URL, call->url, 0) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK ||
        curl_url_get(url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) != CURLUE_OK) {
        result = occ_error_set(err, OCC_ERR_USAGE, "not a URL that begins with http:// or https:// and names a host");
    } else if (call->unix_path != NULL) {
        state->is_local = true;
        occ_buf_put_format(where, "unix:%s", call->unix_path);
    } else {
        state->is_local =
            strcmp(host, "127.0.0.1") == 0 || strcmp(host, "[::1]") == 0 || strcmp(host, "localhost") == 0;
        occ_buf_put_format(where, "%s:%s", host, port);
    }
    occ_buf_put_byte(where, '\0');
    curl_free(host);
    curl_free(port);
    curl_url_cleanup(url);
    return occ_is_ok(result) ? occ_buf_check(where) : result;
}

static OCC_RESULT
add_header(struct occ_http_prepared *state, const char *name, const char *value)
{
    OCC_BUF_AUTO(line, 16u << 10);
    occ_buf_put_format(&line, "%s: %s", name, value);
    occ_buf_put_byte(&line, '\0');
    OCC_TRY(occ_buf_check(&line));
    /* A line end in a value would be a header of somebody else's making. */
    OCC_ENSURE(strpbrk(value, "\r\n") == NULL, OCC_ERR_USAGE);
    struct curl_slist *longer = curl_slist_append(state->headers, (const char *)line.ptr);
    memset(line.ptr, 0, line.len);
    OCC_ENSURE(longer != NULL, OCC_ERR_NOMEM);
    state->headers = longer;
    return occ_success();
}

static OCC_RESULT
set_up(const struct occ_http_call *call, struct occ_http_prepared *state, struct occ_buf *body)
{
    CURL *curl = state->curl;
    bool ok = curl_easy_setopt(curl, CURLOPT_URL, call->url) == CURLE_OK;
    ok = ok && curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK;
    ok = ok && curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK;
    ok = ok && curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK;
    ok = ok && curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)call->connect_ms) == CURLE_OK;
    ok = ok && curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)call->total_ms) == CURLE_OK;
    ok = ok && curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK;
    ok = ok && curl_easy_setopt(curl, CURLOPT_WRITEDATA, body) == CURLE_OK;
    ok = ok && curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_head_line) == CURLE_OK;
    ok = ok && curl_easy_setopt(curl, CURLOPT_HEADERDATA, state) == CURLE_OK;
    ok = ok && curl_easy_setopt(curl, CURLOPT_USERAGENT, "occ/" OCC_VERSION) == CURLE_OK;
    if (state->is_local) {
        ok = ok && curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK;
    }
    if (call->unix_path != NULL) {
        ok = ok && curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, call->unix_path) == CURLE_OK;
    }
    if (call->content_type != NULL) {
        OCC_TRY(add_header(state, "Content-Type", call->content_type));
        ok = ok && curl_easy_setopt(curl, CURLOPT_POST, 1L) == CURLE_OK;
        ok = ok && curl_easy_setopt(curl, CURLOPT_POSTFIELDS,
                                    call->body.len == 0 ? "" : (const char *)call->body.ptr) == CURLE_OK;
        ok = ok && curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.len) == CURLE_OK;
    }
    if (call->bearer != NULL) {
        OCC_BUF_AUTO(value, 8u << 10);
        occ_buf_put_format(&value, "Bearer %s", call->bearer);
        occ_buf_put_byte(&value, '\0');
        OCC_TRY(occ_buf_check(&value));
        const struct occ_result added = add_header(state, "Authorization", (const char *)value.ptr);
        memset(value.ptr, 0, value.len);
        OCC_TRY(added);
    }
    if (call->idempotency_key != NULL) {
        OCC_TRY(add_header(state, "Idempotency-Key", call->idempotency_key));
    }
    ok = ok && curl_easy_setopt(curl, CURLOPT_HTTPHEADER, state->headers) == CURLE_OK;
    return occ_result_of(ok ? OCC_OK : OCC_ERR_NOMEM);
}

/* Writing to a peer that has gone raises SIGPIPE; with NOSIGNAL curl leaves it to us. Held back, and taken, per thread. */
static CURLcode
perform(CURL *curl)
{
    sigset_t pipe, before, pending;
    (void)sigemptyset(&pipe);
    (void)sigaddset(&pipe, SIGPIPE);
    (void)sigpending(&pending);
    const bool was_pending = sigismember(&pending, SIGPIPE) == 1;
    (void)pthread_sigmask(SIG_BLOCK, &pipe, &before);
    const CURLcode code = curl_easy_perform(curl);
    const struct timespec at_once = { 0 };
    if (!was_pending) {
        (void)sigtimedwait(&pipe, NULL, &at_once);
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return code;
}

/* What failed, where and why. */
static OCC_RESULT
judge_failure(const struct occ_http_prepared *state, CURLcode code, struct occ_buf *body, struct occ_error *err)
{
    const char *where = (const char *)state->where.ptr;
    long os_error = 0;
    (void)curl_easy_getinfo(state->curl, CURLINFO_OS_ERRNO, &os_error);
    /* What fails before anything was sent can be tried again; after that the server may have done its work. */
    long sent = 0;
    (void)curl_easy_getinfo(state->curl, CURLINFO_REQUEST_SIZE, &sent);
    switch (code) {
    case CURLE_WRITE_ERROR:
        if (state->head_len > OCC_LIMIT_HTTP_ANSWER_HEAD_LEN) {
            return occ_error_set(err, OCC_ERR_LIMIT, "%s: the answer's header fields are larger than %u bytes", where,
                                 OCC_LIMIT_HTTP_ANSWER_HEAD_LEN);
        }
        if (body->fail == OCC_ERR_LIMIT) {
            return occ_error_set(err, OCC_ERR_LIMIT, "%s: the answer is larger than %zu bytes", where, body->limit);
        }
        return occ_error_code(err, OCC_ERR_NOMEM);
    case CURLE_OPERATION_TIMEDOUT:
        return occ_error_set(err, sent > 0 ? OCC_ERR_TIMEOUT : OCC_ERR_UNAVAILABLE, "%s: no %s in time", where,
                             sent > 0 ? "answer" : "connection");
    case CURLE_COULDNT_CONNECT:
        return occ_error_set(err, OCC_ERR_UNAVAILABLE, "%s: %s", where,
                             os_error > 0 ? uv_strerror(-(int)os_error) : "could not connect");
    case CURLE_COULDNT_RESOLVE_HOST:
        return occ_error_set(err, OCC_ERR_UNAVAILABLE, "%s: unknown host", where);
    case CURLE_UNSUPPORTED_PROTOCOL:
        if (sent > 0) { /* also curl's word for HTTP/0.9, which is anything at all */
            return occ_error_set(err, OCC_ERR_CLOSED, "%s: the answer is not HTTP", where);
        }
        __attribute__((fallthrough));
    case CURLE_URL_MALFORMAT:
        return occ_error_set(err, OCC_ERR_USAGE, "not a URL that begins with http:// or https:// and names a host");
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_PARTIAL_FILE:
        return occ_error_set(err, OCC_ERR_CLOSED, "%s: the connection broke before the answer was there", where);
    case CURLE_OUT_OF_MEMORY: /* also curl's word for a header field that is longer than it takes */
        return occ_error_set(err, OCC_ERR_NOMEM, "%s: out of memory, or a header field that is too long", where);
    default:
        break;
    }
    return occ_error_set(err, sent > 0 ? OCC_ERR_CLOSED : OCC_ERR_UNAVAILABLE, "%s: %s", where,
                         curl_easy_strerror(code));
}

/* Whether a next try may go better. */
static bool
may_pass(CURLcode code)
{
    return code == CURLE_OPERATION_TIMEDOUT || code == CURLE_COULDNT_CONNECT || code == CURLE_GOT_NOTHING ||
           code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR || code == CURLE_PARTIAL_FILE;
}

/* Whether a list of header names ("Retry-After, Idempotent-Replay") has that one; names have no case. */
static bool
list_has(const char *list, const char *name)
{
    const size_t len = strlen(name);
    while (*list != '\0') {
        const size_t blanks = strspn(list, " \t,");
        const size_t word = strcspn(list + blanks, " \t,");
        if (word == len && strncasecmp(list + blanks, name, len) == 0) {
            return true;
        }
        list += blanks + word;
    }
    return false;
}

static bool
exposes(CURL *curl, const char *name)
{
    struct curl_header *header = NULL;
    size_t count = 1;
    for (size_t i = 0; i < count; i++) {
        if (curl_easy_header(curl, "Access-Control-Expose-Headers", i, CURLH_HEADER, -1, &header) != CURLHE_OK) {
            return false;
        }
        if (list_has(header->value, name)) {
            return true;
        }
        count = header->amount;
    }
    return false;
}

struct occ_result
occ_http_session_new(struct occ_http_session **ret_session)
{
    struct occ_http_session *session = calloc(1, sizeof *session);
    OCC_ENSURE(session != NULL, OCC_ERR_NOMEM);
    session->curl = curl_easy_init();
    if (session->curl == NULL) {
        free(session);
        return occ_result_of(OCC_ERR_NOMEM);
    }
    *ret_session = session;
    return occ_success();
}

void
occ_http_session_free(struct occ_http_session *session)
{
    if (session != NULL) {
        curl_easy_cleanup(session->curl);
        free(session);
    }
}

struct occ_result
occ_http_client_prepare(const struct occ_http_call *call, struct occ_buf *body, struct occ_error *err,
                        struct occ_http_prepared *ret_prepared)
{
    ret_prepared->where.limit = WHERE_LEN_MAX;
    OCC_TRY(describe(call, err, ret_prepared));
    ret_prepared->is_lent = call->session != NULL;
    ret_prepared->curl = ret_prepared->is_lent ? call->session->curl : curl_easy_init();
    if (ret_prepared->curl == NULL) {
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    const struct occ_result ready = set_up(call, ret_prepared, body);
    return occ_is_ok(ready) ? ready : occ_error_code(err, ready.code);
}

struct occ_result
occ_http_client_settle(const struct occ_http_prepared *prepared, CURLcode code, struct occ_error *err,
                       struct occ_http_answer *ret_answer)
{
    if (code != CURLE_OK) {
        ret_answer->passing = may_pass(code);
        return judge_failure(prepared, code, ret_answer->body, err);
    }
    long status = 0;
    curl_off_t retry_after_s = 0;
    const char *type = NULL;
    (void)curl_easy_getinfo(prepared->curl, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(prepared->curl, CURLINFO_RETRY_AFTER, &retry_after_s);
    (void)curl_easy_getinfo(prepared->curl, CURLINFO_CONTENT_TYPE, &type);
    ret_answer->status = (unsigned)status;
    ret_answer->retry_after_s = retry_after_s > 0 ? (uint64_t)retry_after_s : 0;
    ret_answer->knows_repeats = exposes(prepared->curl, "Idempotent-Replay");
    const size_t len = type == NULL ? 0 : strcspn(type, "; \t");
    const bool fits = len < sizeof ret_answer->content_type;
    memcpy(ret_answer->content_type, type == NULL ? "" : type, fits ? len : 0);
    ret_answer->content_type[fits ? len : 0] = '\0';
    return occ_success();
}

struct occ_result
occ_http_client_call(const struct occ_http_call *call, struct occ_error *err, struct occ_http_answer *ret_answer)
{
    __attribute__((cleanup(occ_http_client_clear))) struct occ_http_prepared prepared = { 0 };
    OCC_TRY(occ_http_client_prepare(call, ret_answer->body, err, &prepared));
    return occ_http_client_settle(&prepared, perform(prepared.curl), err, ret_answer);
}

struct occ_result
occ_http_client_show_url(const char *url, struct occ_error *err, struct occ_buf *buf)
{
    static const CURLUPart secret[] = { CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_OPTIONS, CURLUPART_QUERY,
                                        CURLUPART_FRAGMENT };
    CURLU *parsed = curl_url();
    char *text = NULL;
    if (parsed == NULL) {
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    bool ok = (occ_bytes_starts(occ_bytes_str(url), "http://") || occ_bytes_starts(occ_bytes_str(url), "https://")) &&
              curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK;
    for (size_t i = 0; i < sizeof secret / sizeof secret[0]; i++) {
        ok = ok && curl_url_set(parsed, secret[i], NULL, 0) == CURLUE_OK;
    }
    ok = ok && curl_url_get(parsed, CURLUPART_URL, &text, 0) == CURLUE_OK && occ_bytes_is_utf8(occ_bytes_str(text));
    if (ok) {
        occ_buf_put_str(buf, text);
    }
    curl_free(text);
    curl_url_cleanup(parsed);
    if (!ok) {
        return occ_error_set(err, OCC_ERR_USAGE, "not a URL that begins with http:// or https:// and names a host");
    }
    return occ_buf_check(buf);
}
