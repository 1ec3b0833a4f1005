#include "server/answer.h"

#include <stdlib.h>

#include "base/hex.h"
#include "codec/canonical.h"

/*
 * Proofs are the caller's: nothing is to be kept by caches, and nobody is to guess at types. Browsers of any origin may call
 * (PROTOCOL §3), and may read Retry-After, Link and Idempotent-Replay. The last one's name is also how a client knows, from any answer,
 * that this server keeps Idempotency-Keys and that a commit whose outcome it did not learn can be sent again.
 */
const char occ_answer_extra_headers[] = "Access-Control-Allow-Origin: *\r\n"
                                        "Access-Control-Expose-Headers: Retry-After, Link, Idempotent-Replay\r\n"
                                        "Cache-Control: no-store\r\n"
                                        "X-Content-Type-Options: nosniff\r\n";

static const char content_type[] = "application/json";
enum { CLIENT_LEN_MAX = 64 };

struct occ_answer_note *
occ_answer_attach_note(struct occ_http_request *request)
{
    struct occ_answer_note *note = calloc(1, sizeof(*note));
    occ_http_set_note(request, note);
    return note;
}

void
occ_answer_free_note(struct occ_answer_note *note)
{
    if (note != NULL) {
        free(note->error);
        free(note);
    }
}

void
occ_answer_put_error(struct occ_buf *body, const char *sentence)
{
    occ_buf_put_str(body, "{\"error\":");
    occ_canonical_put_string(body, occ_bytes_str(sentence));
    occ_buf_put_byte(body, '}');
}

/*
 * The JSON reader's sentences end with an excerpt of the body, perhaps of metadata, and those about a query quote from it: for
 * the client, not for the log.
 */
static size_t
loggable_len(const struct occ_http_request *request, const char *sentence)
{
    const char *excerpt = strstr(sentence, " near '");
    if (excerpt == NULL && occ_http_query(request).len > 0) {
        excerpt = strchr(sentence, '"');
    }
    size_t len = excerpt == NULL ? strlen(sentence) : (size_t)(excerpt - sentence);
    while (len > 0 && (sentence[len - 1] == ' ' || sentence[len - 1] == ':')) {
        len--;
    }
    return len;
}

void
occ_answer_note_error(struct occ_http_request *request, const char *sentence)
{
    struct occ_answer_note *note = occ_http_note(request);
    if (note != NULL) {
        free(note->error);
        note->error = strndup(sentence, loggable_len(request, sentence)); /* without memory the log lacks it */
    }
}

/* retry_s: of 429 and 503. */
static void
respond_error(struct occ_http_request *request, unsigned status, const char *sentence, const char *allow,
              uint64_t retry_s)
{
    OCC_BUF_AUTO(headers, 256);
    if (status == 401) {
        occ_buf_put_str(&headers, "WWW-Authenticate: Bearer\r\n");
    }
    if (status == 429 || status == 503) {
        occ_buf_put_str(&headers, "Retry-After: ");
        occ_buf_put_u64(&headers, retry_s);
        occ_buf_put_str(&headers, "\r\n");
    }
    if (allow != NULL) {
        occ_buf_put_str(&headers, "Allow: ");
        occ_buf_put_str(&headers, allow);
        occ_buf_put_str(&headers, "\r\n");
    }
    occ_buf_put_byte(&headers, 0);
    OCC_BUF_AUTO(body, 4096);
    occ_answer_put_error(&body, sentence);
    const bool is_whole = occ_is_ok(occ_buf_check(&headers)) && occ_is_ok(occ_buf_check(&body));
    const char *lines = is_whole && headers.len > 1 ? (const char *)headers.ptr : NULL;
    occ_http_respond(request, status, content_type, lines, &body);
}

void
occ_answer_error(struct occ_http_request *request, unsigned status, const char *sentence, const char *allow)
{
    occ_answer_note_error(request, sentence);
    respond_error(request, status, sentence, allow, 1);
}

void
occ_answer_too_many(struct occ_http_request *request, uint64_t wait_ms)
{
    const char *sentence = occ_result_text(OCC_ERR_RATE);
    occ_answer_note_error(request, sentence);
    respond_error(request, 429, sentence, NULL, (wait_ms + 999) / 1000);
}

void
occ_answer_internal(struct occ_http_request *request, const char *cause)
{
    occ_answer_note_error(request, cause);
    respond_error(request, 500, "internal server error", NULL, 0);
}

void
occ_answer_json(struct occ_http_request *request, unsigned status, struct occ_buf *body)
{
    if (!occ_is_ok(occ_buf_check(body))) {
        occ_answer_error(request, 503, "out of memory, try again later", NULL);
        return;
    }
    occ_http_respond(request, status, content_type, NULL, body);
}

static void
put_number(struct occ_buf *line, const char *name, uint64_t number)
{
    occ_buf_put_str(line, name);
    occ_buf_put_u64(line, number);
}

static void
put_text(struct occ_buf *line, const char *name, struct occ_bytes text)
{
    occ_buf_put_str(line, name);
    occ_log_put_text(line, text);
}

static struct occ_bytes
path_of(struct occ_bytes target)
{
    const uint8_t *query = target.len == 0 ? NULL : memchr(target.ptr, '?', target.len);
    return query == NULL ? target : occ_bytes_of(target.ptr, (size_t)(query - target.ptr));
}

static void
put_note(struct occ_buf *line, const struct occ_answer_note *note)
{
    if (note->caller.has_client) {
        OCC_BUF_AUTO(client, CLIENT_LEN_MAX);
        occ_address_put(&client, &note->caller.client);
        put_text(line, ",\"client\":", occ_buf_view(&client));
    }
    if (note->key[0] != 0) {
        put_text(line, ",\"key\":", occ_bytes_str(note->key));
    }
    if (note->has_request_id) {
        char text[2 * OCC_OPAQUE_ID_LEN];
        occ_hex_encode(occ_bytes_of(note->request_id, OCC_OPAQUE_ID_LEN), text);
        put_text(line, ",\"requestId\":", occ_bytes_of(text, sizeof(text)));
    }
    if (note->proofs != 0) {
        put_number(line, ",\"proofs\":", note->proofs);
    }
    if (note->error != NULL) {
        put_text(line, ",\"error\":", occ_bytes_str(note->error));
    }
}

void
occ_answer_put_log(struct occ_buf *line, uint64_t unix_ms, const struct occ_http_exchange *exchange,
                   const struct occ_answer_note *note)
{
    occ_buf_put_str(line, "{\"time\":");
    occ_log_put_time(line, unix_ms);
    put_text(line, ",\"peer\":", exchange->peer);
    put_text(line, ",\"method\":", exchange->method);
    put_text(line, ",\"path\":", path_of(exchange->target));
    put_number(line, ",\"status\":", exchange->status);
    put_number(line, ",\"bytesIn\":", exchange->request_len);
    put_number(line, ",\"bytesOut\":", exchange->response_len);
    put_number(line, ",\"durationUs\":", exchange->duration_us);
    if (note != NULL) {
        put_note(line, note);
    }
    occ_buf_put_byte(line, '}');
}
