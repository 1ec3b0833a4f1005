/* http_head.c — the policy for the raw bytes of a request's head (RFC 9112 §2 to §5). */
#include "net/http_head.h"

#include "base/limits.h"

/* What is expected next. Each state names the function that judges a byte in it. */
enum {
    BEFORE,    /* on_before: CR of an empty line, or the method's first byte */
    BEFORE_LF, /* on_before_lf */
    METHOD,    /* on_method */
    TARGET,    /* on_target */
    VERSION,   /* on_version */
    LINE_LF,   /* on_line_lf: LF of the request line or of a field line */
    LINE,      /* on_line: a field's first byte, or CR of the last line */
    NAME,      /* on_name */
    VALUE,     /* on_value */
    LAST_LF,   /* on_last_lf */
    DONE
};

/* tchar: RFC 9110 §5.6.2. Values: HTAB, SP, VCHAR, obs-text (§5.5). Targets: visible ASCII but '#' (RFC 9112 §3.2). */
static bool
is_tchar(uint8_t byte)
{
    if ((byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') || byte == '-') {
        return true;
    }
    return byte > ' ' && byte < 0x7f && memchr("!#$%&'*+-.^_`|~", byte, 15) != NULL;
}

static bool
is_value(uint8_t byte)
{
    return byte == '\t' || (byte >= ' ' && byte != 0x7f);
}

static bool
is_target(uint8_t byte)
{
    return byte > ' ' && byte < 0x7f && byte != '#';
}

static void
refuse(struct occ_http_head *head, unsigned status, const char *sentence)
{
    head->refusal = (struct occ_http_refusal){ status, sentence };
}

static void
on_before(struct occ_http_head *head, uint8_t byte)
{
    if (byte == '\r') {
        head->state = BEFORE_LF;
        return;
    }
    if (!is_tchar(byte)) {
        refuse(head, 400, "not an HTTP request: the first byte is not that of a method");
        return;
    }
    head->state = METHOD;
}

static void
on_before_lf(struct occ_http_head *head, uint8_t byte)
{
    /* RFC 9112 §2.2: at least one empty line in front of the request line should be ignored. */
    if (byte != '\n' || ++head->empty_lines > OCC_LIMIT_HTTP_EMPTY_LINES) {
        refuse(head, 400, "not an HTTP request: line ends in front of the request line");
        return;
    }
    head->state = BEFORE;
}

static void
on_method(struct occ_http_head *head, uint8_t byte, size_t at)
{
    if (byte == ' ') {
        head->state = TARGET;
        head->target_at = at + 1;
        return;
    }
    if (!is_tchar(byte)) {
        refuse(head, 400, "request line: a byte that a method must not have");
        return;
    }
    if (at >= OCC_LIMIT_HTTP_METHOD_LEN) {
        refuse(head, 501, "request line: the method is too long");
    }
}

static void
on_target(struct occ_http_head *head, uint8_t byte, size_t at)
{
    if (byte == ' ' && at > head->target_at) {
        head->target_len = at - head->target_at;
        head->version_at = at + 1;
        head->state = VERSION;
        return;
    }
    if (!is_target(byte)) {
        refuse(head, 400, "request line: a byte that a target must not have");
        return;
    }
    /* Only origin-form and "*" are taken. A proxy's absolute-form and CONNECT's authority-form begin otherwise. */
    if (at == head->target_at && byte != '/' && byte != '*') {
        refuse(head, 400, "request line: the target must begin with a slash");
        return;
    }
    if (at - head->target_at >= OCC_LIMIT_HTTP_TARGET_LEN) {
        refuse(head, 414, "request line: the target is too long");
    }
}

/* The request line is complete but for its LF. */
static void
judge_request_line(struct occ_http_head *head, size_t at)
{
    const struct occ_bytes method = occ_bytes_of(head->buf.ptr, head->target_at - 1);
    const struct occ_bytes target = occ_bytes_of(head->buf.ptr + head->target_at, head->target_len);
    const struct occ_bytes version = occ_bytes_of(head->buf.ptr + head->version_at, at - head->version_at);
    if (target.ptr[0] == '*' && (target.len != 1 || !occ_bytes_is(method, "OPTIONS"))) {
        refuse(head, 400, "request line: the target must begin with a slash");
        return;
    }
    if (version.len != 8 || !occ_bytes_starts(version, "HTTP/") || version.ptr[6] != '.' || version.ptr[5] < '0' ||
        version.ptr[5] > '9' || version.ptr[7] < '0' || version.ptr[7] > '9') {
        refuse(head, 400, "request line: no HTTP version at its end");
        return;
    }
    head->version_1_0 = occ_bytes_is(version, "HTTP/1.0");
    if (!head->version_1_0 && !occ_bytes_is(version, "HTTP/1.1")) {
        refuse(head, 505, "request line: only HTTP/1.1 and HTTP/1.0 are spoken here");
        return;
    }
    head->state = LINE_LF;
}

static void
on_version(struct occ_http_head *head, uint8_t byte, size_t at)
{
    if (byte == '\r') {
        judge_request_line(head, at);
        return;
    }
    if (!is_target(byte) || at - head->version_at >= 8) {
        refuse(head, 400, "request line: no HTTP version at its end");
    }
}

static void
on_line_lf(struct occ_http_head *head, uint8_t byte)
{
    if (byte != '\n') {
        refuse(head, 400, "head: a CR without LF");
        return;
    }
    head->state = LINE;
}

static void
on_line(struct occ_http_head *head, uint8_t byte)
{
    if (byte == '\r') {
        head->state = LAST_LF;
        return;
    }
    /* RFC 9112 §5.2: a server may refuse obs-fold, and must not pass it on as it came. */
    if (byte == ' ' || byte == '\t') {
        refuse(head, 400, "head: a line that begins with white space (obs-fold)");
        return;
    }
    if (!is_tchar(byte)) {
        refuse(head, 400, "head: a header name that is not a token");
        return;
    }
    if (++head->fields > OCC_LIMIT_HTTP_HEADERS) {
        refuse(head, 431, "head: too many header fields");
        return;
    }
    head->state = NAME;
}

static void
on_name(struct occ_http_head *head, uint8_t byte)
{
    if (byte == ':') {
        head->state = VALUE;
        return;
    }
    /* RFC 9112 §5.1: white space between name and colon must be refused. */
    if (!is_tchar(byte)) {
        refuse(head, 400, "head: a header name that is not a token");
    }
}

static void
on_value(struct occ_http_head *head, uint8_t byte)
{
    if (byte == '\r') {
        head->state = LINE_LF;
        return;
    }
    if (!is_value(byte)) {
        refuse(head, 400, byte == '\n' ? "head: a LF without CR" : "head: a control character in a header value");
    }
}

static void
on_last_lf(struct occ_http_head *head, uint8_t byte)
{
    if (byte != '\n') {
        refuse(head, 400, "head: a CR without LF");
        return;
    }
    head->state = DONE;
}

static void
judge(struct occ_http_head *head, uint8_t byte, size_t at)
{
    switch (head->state) {
    case METHOD:
        on_method(head, byte, at);
        return;
    case TARGET:
        on_target(head, byte, at);
        return;
    case VERSION:
        on_version(head, byte, at);
        return;
    case LINE_LF:
        on_line_lf(head, byte);
        return;
    case LINE:
        on_line(head, byte);
        return;
    case NAME:
        on_name(head, byte);
        return;
    case VALUE:
        on_value(head, byte);
        return;
    default:
        on_last_lf(head, byte);
    }
}

/* Most bytes of a head are inside a name or a value: how many of these, beginning at bytes, change nothing. */
static size_t
plain_run(const struct occ_http_head *head, struct occ_bytes bytes)
{
    size_t len = 0;
    if (head->state == VALUE) {
        while (len < bytes.len && is_value(bytes.ptr[len])) {
            len++;
        }
    }
    return len;
}

/* Appends one line, or the part of it that is there, and judges it. */
static size_t
feed_line(struct occ_http_head *head, struct occ_bytes bytes)
{
    const uint8_t *line_end = memchr(bytes.ptr, '\n', bytes.len);
    const size_t line_len = line_end == NULL ? bytes.len : (size_t)(line_end - bytes.ptr) + 1;
    const size_t room = head->buf.limit - head->buf.len;
    const size_t taken = line_len < room ? line_len : room;
    size_t at = head->buf.len;
    occ_buf_put(&head->buf, occ_bytes_of(bytes.ptr, taken));
    if (!occ_is_ok(occ_buf_check(&head->buf))) {
        refuse(head, 503, "out of memory, try again later");
        return taken;
    }
    const size_t end = head->buf.len;
    while (at < end && head->refusal.status == 0) {
        at += plain_run(head, occ_bytes_of(head->buf.ptr + at, end - at));
        if (at < end) {
            judge(head, head->buf.ptr[at], at);
            at++;
        }
    }
    if (head->refusal.status == 0 && taken < line_len) {
        refuse(head, 431, "head: too long");
    }
    return taken;
}

void
occ_http_head_reset(struct occ_http_head *head, size_t len_max)
{
    struct occ_buf buf = head->buf;
    occ_buf_reset(&buf);
    buf.limit = len_max;
    *head = (struct occ_http_head){ .buf = buf, .state = BEFORE };
}

/* Empty lines in front of the request line; they are not part of the head. */
static size_t
feed_before(struct occ_http_head *head, struct occ_bytes bytes)
{
    size_t used = 0;
    while (used < bytes.len && head->refusal.status == 0) {
        if (head->state == BEFORE_LF) {
            on_before_lf(head, bytes.ptr[used++]);
            continue;
        }
        on_before(head, bytes.ptr[used]);
        if (head->state == METHOD) {
            return used; /* the first byte belongs to the head */
        }
        used++;
    }
    return used;
}

size_t
occ_http_head_feed(struct occ_http_head *head, struct occ_bytes bytes)
{
    size_t used = 0;
    if (head->state == BEFORE || head->state == BEFORE_LF) {
        used = feed_before(head, bytes);
    }
    while (used < bytes.len && head->refusal.status == 0 && head->state != DONE) {
        used += feed_line(head, occ_bytes_of(bytes.ptr + used, bytes.len - used));
    }
    return used;
}

bool
occ_http_head_is_done(const struct occ_http_head *head)
{
    return head->state == DONE;
}

void
occ_http_head_clear(struct occ_http_head *head)
{
    occ_buf_clear(&head->buf);
}
