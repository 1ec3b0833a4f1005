/*
 * http.c — bytes of a connection through http_parse. The first byte seeds how the rest is cut into pieces; cut or not, the
 * same requests and the same refusal come out, and what is accepted holds to the policy of http_server.h.
 */
#include <stdio.h>
#include <stdlib.h>

#include "net/http_parse.h"

enum { HEAD_MAX = 1024, BODY_MAX = 200, TEXT_MAX = 1 << 20 };

#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "not so: %s\n", #condition); \
            abort(); \
        } \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_head(const struct occ_http_parse *parse)
{
    struct occ_bytes value;
    unsigned hosts, lengths, codings;
    (void)occ_http_parse_field(parse, "host", &value, &hosts);
    const bool has_length = occ_http_parse_field(parse, "content-length", &value, &lengths);
    const bool has_coding = occ_http_parse_field(parse, "transfer-encoding", &value, &codings);
    CHECK(hosts == 1 || (hosts == 0 && parse->head.version_1_0));
    CHECK(lengths <= 1 && codings <= 1 && !(has_length && has_coding));
    CHECK(!has_coding || occ_bytes_is(value, "chunked"));
    CHECK(parse->fields_len == parse->head.fields && parse->fields_len <= OCC_LIMIT_HTTP_HEADERS);
    CHECK(parse->head.buf.len <= HEAD_MAX && parse->target.len <= OCC_LIMIT_HTTP_TARGET_LEN);
    CHECK(parse->target.ptr[0] == '/' || occ_bytes_is(parse->target, "*"));
    CHECK(memmem(parse->head.buf.ptr, parse->head.buf.len, "\r\n\r\n", 4) ==
          parse->head.buf.ptr + parse->head.buf.len - 4);
    for (size_t i = 0; i < parse->head.buf.len; i++) {
        const uint8_t byte = parse->head.buf.ptr[i];
        CHECK(byte != 0 && (byte == '\n') == (i > 0 && parse->head.buf.ptr[i - 1] == '\r'));
    }
}

/* The next piece's length: 1 to 64, mostly short. */
static size_t
next_piece(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    const uint32_t dice = *seed >> 20;
    return 1 + (dice % 4 == 0 ? dice / 4 % 64 : dice / 4 % 3);
}

static void
put_request(const struct occ_http_parse *parse, struct occ_buf *verdict)
{
    occ_buf_put_format(verdict, "%u %d %d %zu ", parse->fields_len, parse->keep_alive, parse->expects_continue,
                       parse->body_len);
    occ_buf_put(verdict, parse->method);
    occ_buf_put_byte(verdict, ' ');
    occ_buf_put(verdict, parse->target);
    occ_buf_put_byte(verdict, ' ');
    occ_buf_put(verdict, occ_buf_view(&parse->body));
    occ_buf_put_byte(verdict, '\n');
}

/* cut 0: not cut. Every third request's body is discarded. */
static void
run(struct occ_bytes input, uint32_t cut, struct occ_buf *verdict)
{
    struct occ_http_budget budget = { .max = 1 << 20 };
    struct occ_http_parse parse = { 0 };
    size_t at = 0;
    size_t piece_end = cut == 0 ? input.len : 0;
    unsigned requests = 0;
    enum occ_http_step step = OCC_HTTP_STEP_MORE;
    occ_http_parse_init(&parse, HEAD_MAX, &budget);
    while (at < input.len && step != OCC_HTTP_STEP_REFUSED) {
        if (at == piece_end) {
            const size_t piece = next_piece(&cut);
            piece_end = input.len - at < piece ? input.len : at + piece;
        }
        size_t used;
        step = occ_http_parse_feed(&parse, occ_bytes_of(input.ptr + at, piece_end - at), &used);
        CHECK(used <= piece_end - at);
        at += used;
        CHECK(step != OCC_HTTP_STEP_MORE || at == piece_end);
        if (step == OCC_HTTP_STEP_HEAD) {
            check_head(&parse);
            step =
                requests % 3 == 2 ? occ_http_parse_discard(&parse, BODY_MAX) : occ_http_parse_accept(&parse, BODY_MAX);
        }
        if (step == OCC_HTTP_STEP_DONE) {
            CHECK(parse.body_len <= BODY_MAX && (parse.chunked || parse.body_len == parse.content_length));
            put_request(&parse, verdict);
            occ_http_parse_init(&parse, HEAD_MAX, &budget);
            CHECK(budget.used == 0);
            requests++;
        }
    }
    occ_buf_put_format(verdict, "%u", step == OCC_HTTP_STEP_REFUSED ? parse.refusal.status : 0);
    occ_http_parse_clear(&parse);
    CHECK(budget.used == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > 16384) {
        return 0;
    }
    OCC_BUF_AUTO(whole, TEXT_MAX);
    OCC_BUF_AUTO(pieces, TEXT_MAX);
    const struct occ_bytes input = occ_bytes_of(data + 1, size - 1);
    run(input, 0, &whole);
    run(input, 1u + data[0], &pieces);
    CHECK(occ_is_ok(occ_buf_check(&whole)) && occ_is_ok(occ_buf_check(&pieces)));
    CHECK(occ_bytes_equal(occ_buf_view(&whole), occ_buf_view(&pieces)));
    return 0;
}
