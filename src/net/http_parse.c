/* http_parse.c — a request's fields and body, by llhttp, and the policy that llhttp leaves open. */
#include "net/http_parse.h"

#include "base/decimal.h"

/* ---- what llhttp calls ---- */

static int
on_url(llhttp_t *tokens, const char *at, size_t len)
{
    struct occ_http_parse *parse = tokens->data;
    parse->target = occ_bytes_of(at, len);
    return HPE_OK;
}

static int
on_field(llhttp_t *tokens, const char *at, size_t len)
{
    struct occ_http_parse *parse = tokens->data;
    if (parse->method.ptr != NULL) {
        return HPE_OK; /* a trailer field: without effect (RFC 9110 §6.5.1) */
    }
    if (parse->fields_len == OCC_LIMIT_HTTP_HEADERS) {
        return HPE_USER; /* not reached: occ_http_head counts them */
    }
    const size_t name_at = (size_t)((const uint8_t *)at - parse->head.buf.ptr);
    parse->fields[parse->fields_len++] =
        (struct occ_http_field){ .name_at = (uint16_t)name_at, .name_len = (uint16_t)len };
    return HPE_OK;
}

static bool
is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t';
}

static int
on_value(llhttp_t *tokens, const char *at, size_t len)
{
    struct occ_http_parse *parse = tokens->data;
    if (parse->method.ptr != NULL) {
        return HPE_OK;
    }
    struct occ_bytes value = occ_bytes_of(at, len);
    while (value.len > 0 && is_blank(value.ptr[0])) {
        value = occ_bytes_of(value.ptr + 1, value.len - 1);
    }
    while (value.len > 0 && is_blank(value.ptr[value.len - 1])) {
        value.len--;
    }
    struct occ_http_field *field = &parse->fields[parse->fields_len - 1];
    field->value_at = (uint16_t)(value.ptr - parse->head.buf.ptr);
    field->value_len = (uint16_t)value.len;
    return HPE_OK;
}

static int
on_pause(llhttp_t *tokens)
{
    (void)tokens;
    return HPE_PAUSED;
}

static int on_body(llhttp_t *tokens, const char *at, size_t len);

static const llhttp_settings_t settings = {
    .on_url = on_url,
    .on_header_field = on_field,
    .on_header_value = on_value,
    .on_headers_complete = on_pause,
    .on_body = on_body,
    .on_message_complete = on_pause,
};

/* ---- the head ---- */

static enum occ_http_step
refuse(struct occ_http_parse *parse, unsigned status, const char *sentence)
{
    parse->refusal = (struct occ_http_refusal){ status, sentence };
    parse->step = OCC_HTTP_STEP_REFUSED;
    return parse->step;
}

static bool
names_equal(struct occ_bytes name, const char *lower)
{
    for (size_t i = 0; i < name.len; i++) {
        const uint8_t byte = name.ptr[i];
        const uint8_t folded = byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte | 0x20) : byte;
        if (folded != (uint8_t)lower[i]) { /* also where lower ends: its zero byte is no name's */
            return false;
        }
    }
    return lower[name.len] == '\0';
}

bool
occ_http_parse_field_at(const struct occ_http_parse *parse, const char *name, unsigned index,
                        struct occ_bytes *ret_value)
{
    for (unsigned i = 0; i < parse->fields_len; i++) {
        const struct occ_http_field *field = &parse->fields[i];
        if (names_equal(occ_bytes_of(parse->head.buf.ptr + field->name_at, field->name_len), name) && index-- == 0) {
            *ret_value = occ_bytes_of(parse->head.buf.ptr + field->value_at, field->value_len);
            return true;
        }
    }
    return false;
}

bool
occ_http_parse_field(const struct occ_http_parse *parse, const char *name, struct occ_bytes *ret_value,
                     unsigned *ret_count)
{
    unsigned count = 0;
    for (unsigned i = 0; i < parse->fields_len; i++) {
        const struct occ_http_field *field = &parse->fields[i];
        if (!names_equal(occ_bytes_of(parse->head.buf.ptr + field->name_at, field->name_len), name)) {
            continue;
        }
        if (count++ == 0) {
            *ret_value = occ_bytes_of(parse->head.buf.ptr + field->value_at, field->value_len);
        }
    }
    *ret_count = count;
    return count > 0;
}

/* RFC 9112 §3.2: one Host, and only what RFC 3986 lets an authority be made of (no user information). */
static bool
host_is_allowed(const struct occ_http_parse *parse)
{
    struct occ_bytes host;
    unsigned count;
    if (!occ_http_parse_field(parse, "host", &host, &count)) {
        return parse->head.version_1_0;
    }
    for (size_t i = 0; i < host.len; i++) {
        if (host.ptr[i] <= ' ' || host.ptr[i] >= 0x7f || memchr("\"#,/<>?@\\^`{|}", host.ptr[i], 14) != NULL) {
            return false;
        }
    }
    return count == 1;
}

/* RFC 9112 §6.1 to §6.3, and stricter: nothing about a body's length may be said twice. */
static enum occ_http_step
judge_body_length(struct occ_http_parse *parse)
{
    struct occ_bytes length, coding;
    unsigned lengths, codings;
    const bool has_length = occ_http_parse_field(parse, "content-length", &length, &lengths);
    parse->chunked = occ_http_parse_field(parse, "transfer-encoding", &coding, &codings);
    if (lengths > 1 || codings > 1 || (has_length && parse->chunked)) {
        return refuse(parse, 400, "head: the length of the body is given more than once");
    }
    if (parse->chunked && (parse->head.version_1_0 || !occ_bytes_is(coding, "chunked"))) {
        return refuse(parse, 400, "Transfer-Encoding: only \"chunked\" is taken, and only of HTTP/1.1");
    }
    if (has_length) {
        for (size_t i = 0; i < length.len; i++) {
            if (length.ptr[i] < '0' || length.ptr[i] > '9') {
                return refuse(parse, 400, "Content-Length: not a number");
            }
        }
        parse->content_length = parse->tokens.content_length;
    }
    parse->has_body = parse->chunked || parse->content_length > 0;
    return OCC_HTTP_STEP_HEAD;
}

static enum occ_http_step
judge_expect(struct occ_http_parse *parse)
{
    struct occ_bytes expect;
    unsigned count;
    if (!occ_http_parse_field(parse, "expect", &expect, &count) || parse->head.version_1_0) {
        return OCC_HTTP_STEP_HEAD; /* RFC 9110 §10.1.1: of HTTP/1.0 it is ignored */
    }
    if (count > 1 || !names_equal(expect, "100-continue")) {
        return refuse(parse, 417, "Expect: only \"100-continue\" can be met");
    }
    parse->expects_continue = parse->has_body;
    return OCC_HTTP_STEP_HEAD;
}

static enum occ_http_step
refuse_tokens(struct occ_http_parse *parse, llhttp_errno_t code)
{
    switch (code) {
    case HPE_INVALID_CONTENT_LENGTH:
    case HPE_UNEXPECTED_CONTENT_LENGTH:
        return refuse(parse, 400, "Content-Length: not one number, or not alone");
    case HPE_INVALID_TRANSFER_ENCODING:
        return refuse(parse, 400, "Transfer-Encoding: only \"chunked\" is taken, and only of HTTP/1.1");
    case HPE_INVALID_CHUNK_SIZE:
        return refuse(parse, 400, "body: a chunk size that is not a hexadecimal number alone on its line");
    default:
        return refuse(parse, 400, parse->method.ptr == NULL ? "head: malformed" : "body: malformed chunks");
    }
}

/*
 * llhttp has a list of methods, and gives some of them a meaning of their own. Those that are nobody's here are read as one of
 * it that has none, so that what they get is the handler's word: 404, or 405 with Allow (PROTOCOL §3).
 */
static llhttp_errno_t
execute_head(struct occ_http_parse *parse, struct occ_bytes head)
{
    static const char *const own[] = { "GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE", "PATCH" };
    static const char stand_in[] = "PROPFIND ";
    const struct occ_bytes method = occ_bytes_of(head.ptr, parse->head.target_at - 1);
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
        if (occ_bytes_is(method, own[i])) {
            return llhttp_execute(&parse->tokens, (const char *)head.ptr, head.len);
        }
    }
    const llhttp_errno_t code = llhttp_execute(&parse->tokens, stand_in, sizeof(stand_in) - 1);
    if (code != HPE_OK) {
        return code;
    }
    const struct occ_bytes rest = occ_bytes_of(head.ptr + parse->head.target_at, head.len - parse->head.target_at);
    return llhttp_execute(&parse->tokens, (const char *)rest.ptr, rest.len);
}

static enum occ_http_step
read_head(struct occ_http_parse *parse)
{
    llhttp_init(&parse->tokens, HTTP_REQUEST, &settings);
    parse->tokens.data = parse;
    const struct occ_bytes head = occ_buf_view(&parse->head.buf);
    const llhttp_errno_t code = execute_head(parse, head);
    if (code != HPE_PAUSED) {
        return refuse_tokens(parse, code == HPE_OK ? HPE_INTERNAL : code);
    }
    parse->method = occ_bytes_of(head.ptr, parse->head.target_at - 1);
    parse->keep_alive = !parse->head.version_1_0 && llhttp_should_keep_alive(&parse->tokens) != 0;
    if (!host_is_allowed(parse)) {
        return refuse(parse, 400, "Host: must be there exactly once and name a host");
    }
    if (judge_body_length(parse) == OCC_HTTP_STEP_REFUSED) {
        return parse->step;
    }
    if (judge_expect(parse) == OCC_HTTP_STEP_REFUSED) {
        return parse->step;
    }
    llhttp_resume(&parse->tokens);
    parse->step = OCC_HTTP_STEP_HEAD;
    return parse->step;
}

/* ---- the body ---- */

/*
 * Bytes of a chunked body that are not data: sizes, extensions, line ends, trailers. All are without effect but the
 * sizes; so that nobody can hide anything in them they are short, lines end in CRLF, and control characters are refused.
 */
static bool
framing_is_allowed(struct occ_http_parse *parse, struct occ_bytes bytes)
{
    if (!parse->chunked) {
        return true;
    }
    for (size_t i = 0; i < bytes.len; i++) {
        const uint8_t byte = bytes.ptr[i];
        const bool control = byte == 0x7f || (byte < ' ' && byte != '\t' && byte != '\r' && byte != '\n');
        if (control || parse->framing_cr != (byte == '\n') || ++parse->framing_len > OCC_LIMIT_HTTP_CHUNK_FRAMING_LEN) {
            (void)refuse(parse, 400, "body: malformed chunks");
            return false;
        }
        parse->framing_cr = byte == '\r';
    }
    return true;
}

/* Nothing is ordered by these counts, they only have to be right: relaxed. */

bool
occ_http_budget_take(struct occ_http_budget *budget, size_t len)
{
    return atomic_fetch_add_explicit(&budget->used, len, memory_order_relaxed) + len <= budget->max;
}

void
occ_http_budget_give(struct occ_http_budget *budget, size_t len)
{
    atomic_fetch_sub_explicit(&budget->used, len, memory_order_relaxed);
}

/* Takes what the body's buffer has grown by from the budget of all bodies. */
static bool
charge(struct occ_http_parse *parse)
{
    const size_t grown = parse->body.cap - parse->charged;
    parse->charged += grown;
    return occ_http_budget_take(parse->budget, grown);
}

static int
on_body(llhttp_t *tokens, const char *at, size_t len)
{
    struct occ_http_parse *parse = tokens->data;
    const uint8_t *data = (const uint8_t *)at;
    if (!framing_is_allowed(parse, occ_bytes_of(parse->framing_from, (size_t)(data - parse->framing_from)))) {
        return HPE_USER;
    }
    parse->framing_from = data + len;
    parse->framing_len = 0;
    if (len > parse->body_max - parse->body_len) {
        (void)refuse(parse, 413, "body: too large");
        return HPE_USER;
    }
    parse->body_len += len;
    if (parse->discard) {
        return HPE_OK;
    }
    occ_buf_put(&parse->body, occ_bytes_of(at, len));
    if (!occ_is_ok(occ_buf_check(&parse->body)) || !charge(parse)) {
        (void)refuse(parse, 503, "too many bodies are being received, try again later");
        return HPE_USER;
    }
    return HPE_OK;
}

static enum occ_http_step
read_body(struct occ_http_parse *parse, struct occ_bytes bytes, size_t *ret_used)
{
    parse->framing_from = bytes.ptr;
    const llhttp_errno_t code = llhttp_execute(&parse->tokens, (const char *)bytes.ptr, bytes.len);
    if (parse->step == OCC_HTTP_STEP_REFUSED) {
        return parse->step;
    }
    if (code != HPE_OK && code != HPE_PAUSED) {
        return refuse_tokens(parse, code);
    }
    if (code == HPE_PAUSED) { /* the message is complete */
        *ret_used = (size_t)((const uint8_t *)llhttp_get_error_pos(&parse->tokens) - bytes.ptr);
    } else {
        *ret_used = bytes.len;
    }
    const size_t framing = (size_t)(bytes.ptr + *ret_used - parse->framing_from);
    if (!framing_is_allowed(parse, occ_bytes_of(parse->framing_from, framing))) {
        return parse->step;
    }
    if (code == HPE_PAUSED) {
        parse->step = OCC_HTTP_STEP_DONE;
    }
    return parse->step;
}

enum occ_http_step
occ_http_parse_feed(struct occ_http_parse *parse, struct occ_bytes bytes, size_t *ret_used)
{
    *ret_used = 0;
    if (parse->step != OCC_HTTP_STEP_MORE || bytes.len == 0) {
        return parse->step;
    }
    if (parse->method.ptr != NULL) {
        return read_body(parse, bytes, ret_used);
    }
    *ret_used = occ_http_head_feed(&parse->head, bytes);
    if (parse->head.refusal.status != 0) {
        return refuse(parse, parse->head.refusal.status, parse->head.refusal.sentence);
    }
    return occ_http_head_is_done(&parse->head) ? read_head(parse) : OCC_HTTP_STEP_MORE;
}

static enum occ_http_step
begin_body(struct occ_http_parse *parse, size_t body_max)
{
    if (parse->step != OCC_HTTP_STEP_HEAD) {
        return parse->step;
    }
    parse->body_max = body_max;
    parse->body.limit = body_max;
    if (parse->content_length > body_max || (parse->has_body && body_max == 0)) {
        return refuse(parse, 413, "body: too large");
    }
    parse->step = parse->has_body ? OCC_HTTP_STEP_MORE : OCC_HTTP_STEP_DONE;
    return parse->step;
}

enum occ_http_step
occ_http_parse_accept(struct occ_http_parse *parse, size_t body_max)
{
    if (begin_body(parse, body_max) != OCC_HTTP_STEP_MORE) {
        return parse->step;
    }
    const size_t used = atomic_load_explicit(&parse->budget->used, memory_order_relaxed);
    if (used > parse->budget->max || parse->content_length > parse->budget->max - used) {
        return refuse(parse, 503, "too many bodies are being received, try again later");
    }
    /* The memory comes as the bytes do: a length that is only announced costs nothing. */
    const uint64_t first = parse->content_length;
    if (occ_buf_reserve(&parse->body, first < OCC_LIMIT_HTTP_FIRST_BODY_LEN ? (size_t)first
                                                                            : OCC_LIMIT_HTTP_FIRST_BODY_LEN) == NULL ||
        !charge(parse)) {
        return refuse(parse, 503, "too many bodies are being received, try again later");
    }
    return parse->step;
}

enum occ_http_step
occ_http_parse_discard(struct occ_http_parse *parse, size_t body_max)
{
    parse->discard = true;
    return begin_body(parse, body_max);
}

/* ---- life ---- */

void
occ_http_parse_init(struct occ_http_parse *parse, size_t head_len_max, struct occ_http_budget *budget)
{
    occ_http_parse_release(parse);
    const struct occ_http_head head = parse->head;
    memset(parse, 0, offsetof(struct occ_http_parse, fields));
    parse->head = head;
    occ_http_head_reset(&parse->head, head_len_max < UINT16_MAX ? head_len_max : UINT16_MAX);
    parse->budget = budget;
}

void
occ_http_parse_release(struct occ_http_parse *parse)
{
    if (parse->charged > 0) {
        occ_http_budget_give(parse->budget, parse->charged);
    }
    parse->charged = 0;
    occ_buf_clear(&parse->body);
}

void
occ_http_parse_clear(struct occ_http_parse *parse)
{
    occ_http_parse_release(parse);
    occ_http_head_clear(&parse->head);
}
