/*
 * http_parse.c — what is a request and what is refused, over a table; each entry fed whole, byte by byte, and cut at
 * each place, with the same verdict.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "net/http_parse.h"

enum { BODY_MAX = 20, HEAD_MAX = 4096, TEXT_MAX = 64 << 10 };

#define H "Host: a\r\n"
#define GET "GET / HTTP/1.1\r\n"
#define POST "POST / HTTP/1.1\r\nHost: a\r\n"
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"
#define OK "GET / keep; "

struct example {
    const char *name, *bytes;
    size_t len;
    const char
        *expected; /* requests that were understood, then a status if it ends in a refusal, or "…" if it wants more */
};
#define EXAMPLE(name, bytes, expected) \
    { \
        name, bytes, sizeof bytes - 1, expected \
    }

/* Feeds pieces of step bytes, after a first one of first bytes, and writes down what came out. */
static void
run(const struct occ_bytes input, size_t first, size_t step, struct occ_buf *verdict)
{
    struct occ_http_budget budget = { .max = 1 << 20 };
    struct occ_http_parse parse = { 0 };
    occ_http_parse_init(&parse, HEAD_MAX, &budget);
    size_t at = 0;
    size_t piece_end = first < input.len ? first : input.len;
    occ_buf_reset(verdict);
    while (at < input.len) {
        size_t used;
        enum occ_http_step result = occ_http_parse_feed(&parse, occ_bytes_of(input.ptr + at, piece_end - at), &used);
        at += used;
        if (result == OCC_HTTP_STEP_HEAD) {
            result = occ_http_parse_accept(&parse, BODY_MAX);
        }
        if (result == OCC_HTTP_STEP_REFUSED) {
            occ_buf_put_u64(verdict, parse.refusal.status);
            assert_non_null(parse.refusal.sentence);
            break;
        }
        if (result == OCC_HTTP_STEP_DONE) {
            occ_buf_put(verdict, parse.method);
            occ_buf_put_byte(verdict, ' ');
            occ_buf_put(verdict, parse.target);
            occ_buf_put_str(verdict, parse.keep_alive ? " keep" : " close");
            if (parse.body.len > 0) {
                occ_buf_put_byte(verdict, ' ');
                occ_buf_put(verdict, occ_buf_view(&parse.body));
            }
            occ_buf_put_str(verdict, "; ");
            const bool keep_alive = parse.keep_alive;
            occ_http_parse_init(&parse, HEAD_MAX, &budget);
            if (!keep_alive) {
                break;
            }
        }
        if (at == piece_end) {
            piece_end = piece_end + step < input.len ? piece_end + step : input.len;
        }
    }
    if (parse.step == OCC_HTTP_STEP_MORE && (parse.head.buf.len > 0 || parse.method.ptr != NULL)) {
        occ_buf_put_str(verdict, "…");
    }
    occ_buf_put_byte(verdict, '\0');
    assert_true(occ_is_ok(occ_buf_check(verdict)));
    occ_http_parse_clear(&parse);
    assert_int_equal(budget.used, 0);
}

static void
check(const struct example *example)
{
    OCC_BUF_AUTO(verdict, TEXT_MAX);
    const struct occ_bytes input = occ_bytes_of(example->bytes, example->len);
    run(input, input.len, 1, &verdict);
    if (strcmp((const char *)verdict.ptr, example->expected) != 0) {
        print_error("%s:\n", example->name);
        assert_string_equal((const char *)verdict.ptr, example->expected);
    }
    run(input, 1, 1, &verdict);
    if (strcmp((const char *)verdict.ptr, example->expected) != 0) {
        print_error("%s, byte by byte:\n", example->name);
        assert_string_equal((const char *)verdict.ptr, example->expected);
    }
    for (size_t cut = 1; cut < input.len; cut++) {
        run(input, cut, input.len, &verdict);
        if (strcmp((const char *)verdict.ptr, example->expected) != 0) {
            print_error("%s, cut at %zu:\n", example->name, cut);
            assert_string_equal((const char *)verdict.ptr, example->expected);
        }
    }
}

static const struct example requests[] = {
    EXAMPLE("the least", GET H "\r\n", OK),
    EXAMPLE("two in a row", GET H "\r\n" GET H "\r\n", OK OK),
    EXAMPLE("half a line", "GET / HT", "…"),
    EXAMPLE("no last line end", GET H, "…"),
    EXAMPLE("empty lines in front", "\r\n\r\n" GET H "\r\n", OK),
    EXAMPLE("too many empty lines in front", "\r\n\r\n\r\n" GET H "\r\n", "400"),
    EXAMPLE("a bare LF in front", "\n" GET H "\r\n", "400"),
    EXAMPLE("a bare CR in front", "\r" GET H "\r\n", "400"),
    EXAMPLE("white space in front", " " GET H "\r\n", "400"),
    EXAMPLE("a query", "GET /a?b=c&d=%2f HTTP/1.1\r\n" H "\r\n", "GET /a?b=c&d=%2f keep; "),
    EXAMPLE("GET //", "GET // HTTP/1.1\r\n" H "\r\n", "GET // keep; "),
    EXAMPLE("GET //evil", "GET //evil/x HTTP/1.1\r\n" H "\r\n", "GET //evil/x keep; "),
    EXAMPLE("HEAD", "HEAD / HTTP/1.1\r\n" H "\r\n", "HEAD / keep; "),
    EXAMPLE("OPTIONS *", "OPTIONS * HTTP/1.1\r\n" H "\r\n", "OPTIONS * keep; "),
    EXAMPLE("GET *", "GET * HTTP/1.1\r\n" H "\r\n", "400"),
    EXAMPLE("OPTIONS *x", "OPTIONS *x HTTP/1.1\r\n" H "\r\n", "400"),
    EXAMPLE("another known method", "LINK / HTTP/1.1\r\n" H "\r\n", "LINK / keep; "),
    EXAMPLE("unknown method", "FOO / HTTP/1.1\r\n" H "\r\n" GET H "\r\n", "FOO / keep; " OK),
    EXAMPLE("unknown method with a body", "FOO / HTTP/1.1\r\n" H "Content-Length: 2\r\n\r\nhi" GET H "\r\n",
            "FOO / keep hi; " OK),
    EXAMPLE("lower-case method", "get / HTTP/1.1\r\n" H "\r\n", "get / keep; "),
    EXAMPLE("an RTSP method", "SETUP / HTTP/1.1\r\n" H "\r\n", "SETUP / keep; "),
    EXAMPLE("HTTP/2's method", "PRI / HTTP/1.1\r\n" H "\r\n", "PRI / keep; "),
    EXAMPLE("CONNECT of a path", "CONNECT / HTTP/1.1\r\n" H "\r\n" GET H "\r\n", "CONNECT / keep; " OK),
    EXAMPLE("an empty method", " / HTTP/1.1\r\n" H "\r\n", "400"),
    EXAMPLE("a method without end", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "501"),
    EXAMPLE("a method that is no token", "G@T / HTTP/1.1\r\n" H "\r\n", "400"),
    EXAMPLE("CONNECT", "CONNECT a:443 HTTP/1.1\r\n" H "\r\n", "400"),
    EXAMPLE("absolute-form", "GET http://a/ HTTP/1.1\r\n" H "\r\n", "400"),
    EXAMPLE("no target", "GET HTTP/1.1\r\n" H "\r\n", "400"),
    EXAMPLE("two spaces", "GET  / HTTP/1.1\r\n" H "\r\n", "400"),
    EXAMPLE("two spaces before the version", "GET /  HTTP/1.1\r\n" H "\r\n", "400"),
    EXAMPLE("a tab for a space", "GET\t/ HTTP/1.1\r\n" H "\r\n", "400"),
    EXAMPLE("a fragment", "GET /#a HTTP/1.1\r\n" H "\r\n", "400"),
    EXAMPLE("UTF-8 in the target", "GET /\xc3\xa4 HTTP/1.1\r\n" H "\r\n", "400"),
    EXAMPLE("zero byte in the target", "GET /\0 HTTP/1.1\r\n" H "\r\n", "400"),
    EXAMPLE("DEL in the target", "GET /\x7f HTTP/1.1\r\n" H "\r\n", "400"),
    EXAMPLE("CR in the target", "GET /\r HTTP/1.1\r\n" H "\r\n", "400"),
    EXAMPLE("HTTP/0.9", "GET /\r\n", "400"),
    EXAMPLE("HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", "GET / close; "),
    EXAMPLE("HTTP/1.0 keep-alive", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "GET / close; "),
    EXAMPLE("HTTP/1.2", "GET / HTTP/1.2\r\n" H "\r\n", "505"),
    EXAMPLE("HTTP/2.0", "GET / HTTP/2.0\r\n" H "\r\n", "505"),
    EXAMPLE("HTTP/11.1", "GET / HTTP/11.1\r\n" H "\r\n", "400"),
    EXAMPLE("http/1.1", "GET / http/1.1\r\n" H "\r\n", "400"),
    EXAMPLE("RTSP/1.0", "GET / RTSP/1.0\r\n" H "\r\n", "400"),
    EXAMPLE("space after the version", "GET / HTTP/1.1 \r\n" H "\r\n", "400"),
    EXAMPLE("bare LF after the request line", "GET / HTTP/1.1\n" H "\r\n", "400"),
    EXAMPLE("HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400"),
    EXAMPLE("TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "400"),

    EXAMPLE("no Host", GET "\r\n", "400"),
    EXAMPLE("two Hosts", GET H H "\r\n", "400"),
    EXAMPLE("two Hosts of HTTP/1.0", "GET / HTTP/1.0\r\n" H H "\r\n", "400"),
    EXAMPLE("Host in capitals", GET "HOST:a:8080\r\n\r\n", OK),
    EXAMPLE("IPv6 Host", GET "Host: [::1]:80\r\n\r\n", OK),
    EXAMPLE("empty Host", GET "Host:\r\n\r\n", OK),
    EXAMPLE("Host with a path", GET "Host: a/b\r\n\r\n", "400"),
    EXAMPLE("Host with a user", GET "Host: u@a\r\n\r\n", "400"),
    EXAMPLE("Host with a space", GET "Host: a b\r\n\r\n", "400"),
    EXAMPLE("Host of two", GET "Host: a, b\r\n\r\n", "400"),
    EXAMPLE("white space around a value", GET "Host: \t a \t \r\n\r\n", OK),
    EXAMPLE("obs-fold", GET H "A: b\r\n c\r\n\r\n", "400"),
    EXAMPLE("obs-fold by tab", GET H "A: b\r\n\tc\r\n\r\n", "400"),
    EXAMPLE("obs-fold in front", GET " A: b\r\n" H "\r\n", "400"),
    EXAMPLE("space before the colon", GET H "A : b\r\n\r\n", "400"),
    EXAMPLE("no colon", GET H "A\r\n\r\n", "400"),
    EXAMPLE("empty name", GET H ": b\r\n\r\n", "400"),
    EXAMPLE("a name that is no token", GET H "A(b): c\r\n\r\n", "400"),
    EXAMPLE("an unusual name that is a token", GET H "!#$%&'*+-.^_`|~1A: c\r\n\r\n", OK),
    EXAMPLE("a name of UTF-8", GET H "\xc3\xa4: c\r\n\r\n", "400"),
    EXAMPLE("a value of UTF-8", GET H "A: \xc3\xa4\r\n\r\n", OK),
    EXAMPLE("zero byte in a value", GET H "A: b\0c\r\n\r\n", "400"),
    EXAMPLE("BEL in a value", GET H "A: b\ac\r\n\r\n", "400"),
    EXAMPLE("DEL in a value", GET H "A: b\x7f\r\n\r\n", "400"),
    EXAMPLE("bare CR in a value", GET H "A: b\rc\r\n\r\n", "400"),
    EXAMPLE("bare LF after a field", GET "Host: a\n\r\n", "400"),
    EXAMPLE("bare LF at the end", GET H "\n", "400"),
    EXAMPLE("CR CR LF", GET "Host: a\r\r\n\r\n", "400"),
    EXAMPLE("bare CR for a line end", GET "Host: a\rX: b\r\n\r\n", "400"),
    EXAMPLE("half of the last line", GET H "\rX", "400"),

    EXAMPLE("Connection: close", GET H "Connection: close\r\n\r\n" GET H "\r\n", "GET / close; "),
    EXAMPLE("Connection: Close among others", GET H "Connection: foo, Close\r\n\r\n", "GET / close; "),
    EXAMPLE("Connection twice", GET H "Connection: foo\r\nConnection: close\r\n\r\n", "GET / close; "),
    EXAMPLE("Upgrade is ignored", GET H "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n" GET H "\r\n", OK OK),
    EXAMPLE("Upgrade with a body is ignored",
            POST "Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nhi" GET H "\r\n",
            "POST / keep hi; " OK),

    EXAMPLE("a body", POST "Content-Length: 5\r\n\r\nhello", "POST / keep hello; "),
    EXAMPLE("a body and the next", POST "Content-Length: 5\r\n\r\nhello" GET H "\r\n", "POST / keep hello; " OK),
    EXAMPLE("a body of GET", GET H "Content-Length: 2\r\n\r\nhi" GET H "\r\n", "GET / keep hi; " OK),
    EXAMPLE("a body without length", POST "\r\nhello / HTTP/1.1\r\n\r\n", "POST / keep; 400"),
    EXAMPLE("half a body", POST "Content-Length: 5\r\n\r\nhel", "…"),
    EXAMPLE("a body of zero", POST "Content-Length: 0\r\n\r\n" GET H "\r\n", "POST / keep; " OK),
    EXAMPLE("leading zeros", POST "Content-Length: 0005\r\n\r\nhello", "POST / keep hello; "),
    EXAMPLE("the largest body", POST "Content-Length: 20\r\n\r\n01234567890123456789",
            "POST / keep 01234567890123456789; "),
    EXAMPLE("a larger one", POST "Content-Length: 21\r\n\r\n012345678901234567890", "413"),
    EXAMPLE("a huge length", POST "Content-Length: 18446744073709551615\r\n\r\n", "413"),
    EXAMPLE("a length beyond 64 bits", POST "Content-Length: 18446744073709551616\r\n\r\n", "400"),
    EXAMPLE("a length far beyond", POST "Content-Length: 99999999999999999999999999\r\n\r\n", "400"),
    EXAMPLE("two Content-Lengths", POST "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", "400"),
    EXAMPLE("two different ones", POST "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", "400"),
    EXAMPLE("two zeros", POST "Content-Length: 0\r\nContent-Length: 0\r\n\r\n", "400"),
    EXAMPLE("a list of lengths", POST "Content-Length: 5, 5\r\n\r\nhello", "400"),
    EXAMPLE("a sign", POST "Content-Length: +5\r\n\r\nhello", "400"),
    EXAMPLE("a minus", POST "Content-Length: -5\r\n\r\nhello", "400"),
    EXAMPLE("hexadecimal", POST "Content-Length: 0x5\r\n\r\nhello", "400"),
    EXAMPLE("a fraction", POST "Content-Length: 5.0\r\n\r\nhello", "400"),
    EXAMPLE("an empty length", POST "Content-Length:\r\n\r\n", "400"),
    EXAMPLE("a space in a length", POST "Content-Length: 1 2\r\n\r\nhello", "400"),
    EXAMPLE("length and coding", POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"),
    EXAMPLE("coding and length", POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", "400"),

    EXAMPLE("chunked", CHUNKED "5\r\nhello\r\n0\r\n\r\n" GET H "\r\n", "POST / keep hello; " OK),
    EXAMPLE("chunks", CHUNKED "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", "POST / keep hello; "),
    EXAMPLE("no chunk", CHUNKED "0\r\n\r\n" GET H "\r\n", "POST / keep; " OK),
    EXAMPLE("hexadecimal chunk size", CHUNKED "0A\r\n0123456789\r\n00\r\n\r\n", "POST / keep 0123456789; "),
    EXAMPLE("a chunk too large", CHUNKED "15\r\n012345678901234567890\r\n0\r\n\r\n", "413"),
    EXAMPLE("chunks too large together", CHUNKED "14\r\n01234567890123456789\r\n1\r\nx\r\n0\r\n\r\n", "413"),
    EXAMPLE("half a chunk", CHUNKED "5\r\nhel", "…"),
    EXAMPLE("no last line", CHUNKED "5\r\nhello\r\n0\r\n", "…"),
    EXAMPLE("chunk size 0x5", CHUNKED "0x5\r\nhello\r\n0\r\n\r\n", "400"),
    EXAMPLE("chunk size +5", CHUNKED "+5\r\nhello\r\n0\r\n\r\n", "400"),
    EXAMPLE("chunk size with a space", CHUNKED "5 \r\nhello\r\n0\r\n\r\n", "400"),
    EXAMPLE("chunk size after a space", CHUNKED " 5\r\nhello\r\n0\r\n\r\n", "400"),
    EXAMPLE("empty chunk size", CHUNKED "\r\nhello\r\n0\r\n\r\n", "400"),
    EXAMPLE("chunk size beyond 64 bits", CHUNKED "10000000000000005\r\nhello\r\n0\r\n\r\n", "400"),
    EXAMPLE("bare LF after the size", CHUNKED "5\nhello\r\n0\r\n\r\n", "400"),
    EXAMPLE("bare LF after the data", CHUNKED "5\r\nhello\n0\r\n\r\n", "400"),
    EXAMPLE("no line end after the data", CHUNKED "5\r\nhelloX\n0\r\n\r\n", "400"),
    EXAMPLE("bare CR after the size", CHUNKED "5\rXhello\r\n0\r\n\r\n", "400"),
    EXAMPLE("chunk extension", CHUNKED "5;a=b\r\nhello\r\n0\r\n\r\n", "POST / keep hello; "),
    EXAMPLE("bare LF in a chunk extension", CHUNKED "5;a=b\nhello\r\n0\r\n\r\n", "400"),
    EXAMPLE("control in a chunk extension", CHUNKED "5;a=\x01\r\nhello\r\n0\r\n\r\n", "400"),
    EXAMPLE("trailers", CHUNKED "5\r\nhello\r\n0\r\nA: b\r\nHost: x\r\n\r\n" GET H "\r\n", "POST / keep hello; " OK),
    EXAMPLE("bare LF in trailers", CHUNKED "5\r\nhello\r\n0\r\nA: b\n\r\n", "400"),
    EXAMPLE("zero byte in trailers", CHUNKED "5\r\nhello\r\n0\r\nA: b\0\r\n\r\n", "400"),
    EXAMPLE("bare LF for the last line", CHUNKED "5\r\nhello\r\n0\r\n\n", "400"),
    EXAMPLE("coding of HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"),
    EXAMPLE("two codings", POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"),
    EXAMPLE("gzip, chunked", POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "400"),
    EXAMPLE("chunked, chunked", POST "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", "400"),
    EXAMPLE("identity", POST "Transfer-Encoding: identity\r\n\r\n", "400"),
    EXAMPLE("xchunked", POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", "400"),
    EXAMPLE("chunkedx", POST "Transfer-Encoding: chunkedx\r\n\r\n0\r\n\r\n", "400"),
    EXAMPLE("Chunked", POST "Transfer-Encoding: Chunked\r\n\r\n0\r\n\r\n", "400"),
    EXAMPLE("quoted", POST "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n", "400"),
    EXAMPLE("empty coding", POST "Transfer-Encoding:\r\n\r\n0\r\n\r\n", "400"),
    EXAMPLE("vertical tab before the coding", POST "Transfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n", "400"),

    EXAMPLE("Expect", POST "Expect: 100-Continue\r\nContent-Length: 2\r\n\r\nhi", "POST / keep hi; "),
    EXAMPLE("another expectation", POST "Expect: 200-ok\r\nContent-Length: 2\r\n\r\nhi", "417"),
    EXAMPLE("two expectations", POST "Expect: 100-continue\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi",
            "417"),
    EXAMPLE("Expect of HTTP/1.0", "POST / HTTP/1.0\r\nExpect: x\r\nContent-Length: 2\r\n\r\nhi", "POST / close hi; "),
};

static void
test_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        check(&requests[i]);
    }
}

/* A head of exactly len bytes, made up by a long value. */
static void
put_head_of(struct occ_buf *text, size_t len)
{
    occ_buf_reset(text);
    occ_buf_put_str(text, GET H "A: ");
    while (text->len < len - 4) {
        occ_buf_put_byte(text, 'x');
    }
    occ_buf_put_str(text, "\r\n\r\n");
}

static void
check_text(const char *name, const struct occ_buf *text, const char *expected)
{
    check(&(struct example){ name, (const char *)text->ptr, text->len, expected });
}

static void
test_limits_of_the_head(void **state)
{
    (void)state;
    OCC_BUF_AUTO(text, TEXT_MAX);
    put_head_of(&text, HEAD_MAX);
    check_text("head as long as allowed", &text, OK);
    put_head_of(&text, HEAD_MAX + 1);
    check_text("head a byte longer", &text, "431");

    for (unsigned extra = 0; extra < 2; extra++) {
        occ_buf_reset(&text);
        occ_buf_put_str(&text, GET H);
        for (unsigned i = 0; i < OCC_LIMIT_HTTP_HEADERS - 1 + extra; i++) {
            occ_buf_put_format(&text, "X%u: y\r\n", i);
        }
        occ_buf_put_str(&text, "\r\n");
        check_text("header fields", &text, extra == 0 ? OK : "431");
    }
    for (size_t extra = 0; extra < 2; extra++) {
        OCC_BUF_AUTO(expected, TEXT_MAX);
        occ_buf_reset(&text);
        occ_buf_put_str(&text, "GET /");
        occ_buf_put_str(&expected, "GET /");
        for (size_t i = 1; i < OCC_LIMIT_HTTP_TARGET_LEN + extra; i++) {
            occ_buf_put_byte(&text, 'a');
            occ_buf_put_byte(&expected, 'a');
        }
        occ_buf_put_str(&text, " HTTP/1.1\r\n" H "\r\n");
        occ_buf_put_str(&expected, " keep; ");
        occ_buf_put_byte(&expected, '\0');
        check_text("target", &text, extra == 0 ? (const char *)expected.ptr : "414");
    }
}

static void
test_limits_of_chunk_framing(void **state)
{
    (void)state;
    OCC_BUF_AUTO(text, TEXT_MAX);
    occ_buf_put_str(&text, CHUNKED "1;");
    for (unsigned i = 0; i < OCC_LIMIT_HTTP_CHUNK_FRAMING_LEN; i++) {
        occ_buf_put_byte(&text, 'a');
    }
    occ_buf_put_str(&text, "\r\nx\r\n0\r\n\r\n");
    check_text("long chunk extension", &text, "400");

    occ_buf_reset(&text);
    occ_buf_put_str(&text, CHUNKED "1\r\nx\r\n0\r\n");
    for (unsigned i = 0; i < OCC_LIMIT_HTTP_CHUNK_FRAMING_LEN / 6; i++) {
        occ_buf_put_str(&text, "A: b\r\n");
    }
    occ_buf_put_str(&text, "\r\n");
    check_text("many trailers", &text, "400");
}

static void
test_fields(void **state)
{
    (void)state;
    static const char text[] = GET H "Authorization:  Bearer a b \t\r\nX-Y: 1\r\nx-y: 2\r\nEmpty:\r\n\r\n";
    struct occ_http_budget budget = { .max = 1 };
    struct occ_http_parse parse = { 0 };
    struct occ_bytes value;
    unsigned count;
    size_t used;
    occ_http_parse_init(&parse, HEAD_MAX, &budget);
    assert_int_equal(occ_http_parse_feed(&parse, occ_bytes_str(text), &used), OCC_HTTP_STEP_HEAD);
    assert_int_equal(used, sizeof text - 1);
    assert_true(occ_http_parse_field(&parse, "authorization", &value, &count));
    assert_true(occ_bytes_is(value, "Bearer a b"));
    assert_int_equal(count, 1);
    assert_true(occ_http_parse_field(&parse, "x-y", &value, &count));
    assert_true(occ_bytes_is(value, "1"));
    assert_int_equal(count, 2);
    assert_true(occ_http_parse_field_at(&parse, "x-y", 0, &value) && occ_bytes_is(value, "1"));
    assert_true(occ_http_parse_field_at(&parse, "x-y", 1, &value) && occ_bytes_is(value, "2"));
    assert_false(occ_http_parse_field_at(&parse, "x-y", 2, &value));
    assert_false(occ_http_parse_field_at(&parse, "x-yz", 0, &value));
    assert_true(occ_http_parse_field(&parse, "empty", &value, &count));
    assert_int_equal(value.len, 0);
    assert_false(occ_http_parse_field(&parse, "x-", &value, &count));
    assert_false(occ_http_parse_field(&parse, "x-yz", &value, &count));
    assert_int_equal(count, 0);
    occ_http_parse_clear(&parse);
}

/* A length that is only announced takes no memory; one that arrives is charged, and given back. */
static void
test_budget(void **state)
{
    (void)state;
    static const char head[] = POST "Content-Length: 1000000\r\n\r\n";
    static uint8_t data[100000];
    struct occ_http_budget budget = { .max = 1 << 20 };
    struct occ_http_parse parse = { 0 };
    size_t used;
    occ_http_parse_init(&parse, HEAD_MAX, &budget);
    assert_int_equal(occ_http_parse_feed(&parse, occ_bytes_str(head), &used), OCC_HTTP_STEP_HEAD);
    assert_int_equal(occ_http_parse_accept(&parse, 1 << 20), OCC_HTTP_STEP_MORE);
    assert_in_range(budget.used, 1, OCC_LIMIT_HTTP_FIRST_BODY_LEN);
    assert_int_equal(occ_http_parse_feed(&parse, occ_bytes_of(data, sizeof data), &used), OCC_HTTP_STEP_MORE);
    assert_in_range(budget.used, sizeof data, 4 * sizeof data);
    budget.used += budget.max; /* others take the rest */
    enum occ_http_step step = OCC_HTTP_STEP_MORE;
    for (int i = 0; i < 9 && step == OCC_HTTP_STEP_MORE; i++) {
        step = occ_http_parse_feed(&parse, occ_bytes_of(data, sizeof data), &used);
    }
    assert_int_equal(step, OCC_HTTP_STEP_REFUSED);
    assert_int_equal(parse.refusal.status, 503);
    occ_http_parse_init(&parse, HEAD_MAX, &budget);
    assert_int_equal(budget.used, budget.max);
    assert_int_equal(occ_http_parse_feed(&parse, occ_bytes_str(head), &used), OCC_HTTP_STEP_HEAD);
    assert_int_equal(occ_http_parse_accept(&parse, 1 << 20), OCC_HTTP_STEP_REFUSED);
    assert_int_equal(parse.refusal.status, 503);
    occ_http_parse_clear(&parse);
}

static void
test_discard(void **state)
{
    (void)state;
    static const char text[] = POST "Content-Length: 30\r\n\r\n012345678901234567890123456789GET";
    struct occ_http_budget budget = { .max = 1 };
    struct occ_http_parse parse = { 0 };
    size_t head_len, body_len;
    occ_http_parse_init(&parse, HEAD_MAX, &budget);
    assert_int_equal(occ_http_parse_feed(&parse, occ_bytes_str(text), &head_len), OCC_HTTP_STEP_HEAD);
    assert_int_equal(occ_http_parse_discard(&parse, 100), OCC_HTTP_STEP_MORE);
    assert_int_equal(occ_http_parse_feed(&parse, occ_bytes_str(text + head_len), &body_len), OCC_HTTP_STEP_DONE);
    assert_int_equal(body_len, 30);
    assert_int_equal(parse.body_len, 30);
    assert_int_equal(parse.body.len, 0);
    assert_int_equal(budget.used, 0);
    occ_http_parse_clear(&parse);
}

/* Where a field stands is a number of 16 bits: no head is longer, whatever is asked for. */
static void
test_longest_head(void **state)
{
    (void)state;
    for (size_t extra = 0; extra < 2; extra++) {
        OCC_BUF_AUTO(text, UINT16_MAX + 1);
        struct occ_http_budget budget = { .max = 1 };
        struct occ_http_parse parse = { 0 };
        size_t used;
        put_head_of(&text, UINT16_MAX + extra);
        occ_http_parse_init(&parse, 1 << 20, &budget);
        const enum occ_http_step step = occ_http_parse_feed(&parse, occ_buf_view(&text), &used);
        assert_int_equal(step, extra == 0 ? OCC_HTTP_STEP_HEAD : OCC_HTTP_STEP_REFUSED);
        assert_int_equal(parse.refusal.status, extra == 0 ? 0 : 431);
        occ_http_parse_clear(&parse);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_limits_of_the_head),
        cmocka_unit_test(test_limits_of_chunk_framing),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_budget),
        cmocka_unit_test(test_discard),
        cmocka_unit_test(test_longest_head),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
