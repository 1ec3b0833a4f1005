/*
 * tsa.h — for the tests of src/server/timestamps*.c: an authority that answers on the test's own loop, over real HTTP, with
 * tokens of tests/support/timestamp_maker.h. What it does is said by the path:
 *
 *   /good…      a token            /held…    a token, once tsa_release is called      /500       HTTP 500
 *   /reject     status rejection   /nonce    a token with another nonce               /never     nothing
 *   /later      HTTP 503 with Retry-After: 7                                          /garbage   bytes
 */
#ifndef OCC_TESTS_TSA_H
#define OCC_TESTS_TSA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <openssl/bn.h>
#include <openssl/ts.h>

#include "base/base64.h"
#include "net/http_server.h"
#include "os/clock.h"
#include "server/timestamps_answer.h"
#include "support/timestamp_maker.h"

enum { TSA_HELD_MAX = 4096, TSA_LEN_MAX = 1 << 20, TSA_GUARD_MS = 20000 };

struct tsa {
    struct occ_loop *loop;
    struct occ_http_server *server;
    struct occ_timer *guard; /* a test that hangs fails */
    struct occ_timer *poll;  /* of tsa_run_until_held */
    size_t held_wanted;
    struct timestamp_authority *authority;
    struct occ_buf root; /* PEM */
    struct occ_http_request *held[TSA_HELD_MAX];
    size_t held_count;
    size_t asked, under_way_max;
    bool is_good_now; /* all paths but /held give tokens */
    uint8_t last_digest[32];
    bool stopped;
};

static inline struct timestamp_plan
tsa_plan(const uint8_t digest[32], struct occ_bytes nonce)
{
    struct timestamp_plan plan;
    timestamp_plan_init(&plan, digest, occ_clock_unix_ms());
    plan.large_nonce = nonce;
    plan.imprint = occ_bytes_of(NULL, 0); /* points into the plan that it was made in: set again by tsa_put_response */
    return plan;
}

/* A whole response about the plan's digest. */
static inline void
tsa_put_response(struct occ_buf *buf, struct timestamp_plan *plan, const struct timestamp_authority *authority)
{
    OCC_BUF_AUTO(token, TSA_LEN_MAX);
    plan->imprint = occ_bytes_of(plan->imprint_room, 32);
    timestamp_token_put(&token, plan, authority);
    timestamp_response_put(buf, occ_buf_view(&token));
}

static inline void
tsa_answer(struct tsa *tsa, struct occ_http_request *request, bool other_nonce)
{
    const struct occ_bytes body = occ_http_body(request);
    const unsigned char *at = body.ptr;
    TS_REQ *query = d2i_TS_REQ(NULL, &at, (long)body.len);
    assert_non_null(query);
    assert_int_equal(TS_REQ_get_cert_req(query), 1);
    BIGNUM *number = ASN1_INTEGER_to_BN(TS_REQ_get_nonce(query), NULL);
    uint8_t nonce[64];
    const int nonce_len = BN_bn2bin(number, nonce);
    assert_in_range(nonce_len, 8, 64);
    nonce[0] ^= other_nonce ? 1 : 0;
    ASN1_OCTET_STRING *imprint = TS_MSG_IMPRINT_get_msg(TS_REQ_get_msg_imprint(query));
    assert_int_equal(ASN1_STRING_length(imprint), 32);
    memcpy(tsa->last_digest, ASN1_STRING_get0_data(imprint), 32);
    struct timestamp_plan plan = tsa_plan(tsa->last_digest, occ_bytes_of(nonce, (size_t)nonce_len));
    struct occ_buf response = OCC_BUF_INIT(TSA_LEN_MAX);
    tsa_put_response(&response, &plan, tsa->authority);
    BN_free(number);
    TS_REQ_free(query);
    occ_http_respond(request, 200, "application/timestamp-reply", NULL, &response);
}

static inline size_t
tsa_on_head(void *ctx, struct occ_http_request *request)
{
    (void)ctx;
    struct occ_bytes type = { 0 };
    unsigned count = 0;
    assert_true(occ_http_header(request, "content-type", &type, &count) && count == 1);
    assert_true(occ_bytes_is(type, "application/timestamp-query"));
    return 4096;
}

static inline void
tsa_on_request(void *ctx, struct occ_http_request *request)
{
    struct tsa *tsa = ctx;
    const struct occ_bytes path = occ_http_path(request);
    struct occ_buf body = OCC_BUF_INIT(TSA_LEN_MAX);
    tsa->asked++;
    if (occ_bytes_starts(path, "/held") || occ_bytes_is(path, "/never")) {
        assert_in_range(tsa->held_count, 0, TSA_HELD_MAX - 1);
        tsa->held[tsa->held_count++] = request;
        tsa->under_way_max = tsa->held_count > tsa->under_way_max ? tsa->held_count : tsa->under_way_max;
    } else if (tsa->is_good_now || occ_bytes_starts(path, "/good")) {
        tsa_answer(tsa, request, false);
    } else if (occ_bytes_is(path, "/nonce")) {
        tsa_answer(tsa, request, true);
    } else if (occ_bytes_is(path, "/reject")) {
        occ_buf_put(&body, occ_bytes_of("\x30\x05\x30\x03\x02\x01\x02", 7)); /* status 2, nothing else */
        occ_http_respond(request, 200, "application/timestamp-reply", NULL, &body);
    } else if (occ_bytes_is(path, "/garbage")) {
        occ_buf_put_str(&body, "no DER at all");
        occ_http_respond(request, 200, "application/timestamp-reply", NULL, &body);
    } else if (occ_bytes_is(path, "/later")) {
        occ_http_respond(request, 503, NULL, "Retry-After: 7\r\n", NULL);
    } else {
        occ_http_respond(request, 500, NULL, NULL, NULL);
    }
}

/* Answers the first count of those that are held. */
static inline void
tsa_release(struct tsa *tsa, size_t count)
{
    struct occ_http_request *released[TSA_HELD_MAX];
    count = count < tsa->held_count ? count : tsa->held_count;
    memcpy(released, tsa->held, count * sizeof released[0]);
    memmove(tsa->held, tsa->held + count, (tsa->held_count - count) * sizeof tsa->held[0]);
    tsa->held_count -= count;
    for (size_t i = 0; i < count; i++) {
        tsa_answer(tsa, released[i], false);
    }
}

static inline void
tsa_put_error(void *ctx, unsigned status, const char *sentence, struct occ_buf *body)
{
    (void)ctx;
    occ_buf_put_format(body, "%u %s", status, sentence);
}

static inline void
tsa_on_guard(void *ctx)
{
    (void)ctx;
    fail_msg("nothing happened for too long");
}

static inline void
tsa_begin(struct tsa *tsa)
{
    struct occ_error err = { 0 };
    *tsa = (struct tsa){ .root = OCC_BUF_INIT(TSA_LEN_MAX) };
    static const uint8_t any[32];
    const struct timestamp_plan plan = tsa_plan(any, occ_bytes_of(NULL, 0));
    tsa->authority = timestamp_authority_new(&plan);
    timestamp_root_put(&tsa->root, tsa->authority);
    assert_true(occ_is_ok(occ_loop_new(&err, &tsa->loop)));
    const struct occ_http_config config = {
        .events = { .on_head = tsa_on_head, .on_request = tsa_on_request, .put_error_body = tsa_put_error, .ctx = tsa }
    };
    assert_true(occ_is_ok(occ_http_server_new(tsa->loop, "127.0.0.1:0", &config, &err, &tsa->server)));
    assert_true(occ_is_ok(occ_timer_new(tsa->loop, tsa_on_guard, tsa, &tsa->guard)));
}

/* Runs the loop until somebody stops it. */
static inline void
tsa_run(struct tsa *tsa)
{
    occ_timer_start(tsa->guard, TSA_GUARD_MS);
    occ_loop_run(tsa->loop);
    occ_timer_stop(tsa->guard);
}

static inline void
tsa_on_poll(void *ctx)
{
    struct tsa *tsa = ctx;
    if (tsa->held_count >= tsa->held_wanted) {
        occ_loop_stop(tsa->loop);
        return;
    }
    occ_timer_start(tsa->poll, 1);
}

/* Until it holds so many requests. */
static inline void
tsa_run_until_held(struct tsa *tsa, size_t count)
{
    tsa->held_wanted = count;
    if (tsa->poll == NULL) {
        assert_true(occ_is_ok(occ_timer_new(tsa->loop, tsa_on_poll, tsa, &tsa->poll)));
    }
    occ_timer_start(tsa->poll, 1);
    tsa_run(tsa);
    assert_int_equal(tsa->held_count, count);
}

static inline void
tsa_on_stopped(void *ctx)
{
    struct tsa *tsa = ctx;
    tsa->stopped = true;
    occ_loop_stop(tsa->loop);
}

/* What used it must have been freed before. */
static inline void
tsa_end(struct tsa *tsa)
{
    occ_http_server_stop(tsa->server, 1, tsa_on_stopped, tsa);
    while (!tsa->stopped) {
        tsa_run(tsa);
    }
    occ_http_server_free(tsa->server);
    for (size_t i = 0; i < tsa->held_count; i++) {
        occ_http_respond(tsa->held[i], 500, NULL, NULL, NULL); /* reaches nobody */
    }
    occ_timer_free(tsa->guard);
    occ_timer_free(tsa->poll);
    occ_loop_free(tsa->loop);
    timestamp_authority_free(tsa->authority);
    occ_buf_clear(&tsa->root);
}

static inline void
tsa_put_url(const struct tsa *tsa, const char *path, struct occ_buf *buf)
{
    occ_buf_put_format(buf, "http://%s%s", occ_http_server_address(tsa->server), path);
}

static inline void
tsa_digest(size_t number, uint8_t ret_digest[32])
{
    for (size_t i = 0; i < 32; i++) {
        ret_digest[i] = (uint8_t)(number >> (8 * (i % 4)));
    }
}

#endif
