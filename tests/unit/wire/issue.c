/* issue.c — ISSUE and ISSUED frames. */
#include "unit/wire/torture.h"

static struct occ_bytes
payload_of(const struct occ_buf *buf, enum occ_frame_type type)
{
    struct occ_frame frame;
    size_t used = 0;
    assert_int_equal(occ_buf_check(buf).code, OCC_OK);
    assert_int_equal(occ_frame_next(occ_buf_view(buf), &frame, &used).code, OCC_OK);
    assert_int_equal(used, buf->len);
    assert_int_equal(frame.type, type);
    assert_int_equal(frame.id, 42);
    return frame.payload;
}

static void
test_requests(void **state)
{
    (void)state;
    static const struct occ_issue_request cases[] = {
        { OCC_ISSUE_CHALLENGE, { NULL, 0 } },
        { OCC_ISSUE_SLOT, { NULL, 0 } },
        { OCC_ISSUE_SLOT, { (const uint8_t *)"photos:2026", 11 } },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        OCC_BUF_AUTO(buf, 1000);
        occ_issue_put(&buf, 42, &cases[i]);
        struct occ_issue_request read;
        assert_int_equal(occ_issue_read(payload_of(&buf, OCC_FRAME_ISSUE), &read).code, OCC_OK);
        assert_int_equal(read.what, cases[i].what);
        assert_true(occ_bytes_equal(read.chain_id, cases[i].chain_id));
        torture(occ_buf_view(&buf));
    }
}

static void
test_request_refusals(void **state)
{
    (void)state;
    static const uint8_t no_such_thing[] = { 3, 0, 0 }, nothing[] = { 0, 0, 0 };
    static const uint8_t challenge_with_chain[] = { 1, 0, 1, 'a' }, bad_text[] = { 2, 0, 1, 0xff };
    static const struct occ_bytes cases[] = {
        { no_such_thing, sizeof no_such_thing },
        { nothing, sizeof nothing },
        { challenge_with_chain, sizeof challenge_with_chain },
        { bad_text, sizeof bad_text },
    };
    struct occ_issue_request read;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(occ_issue_read(cases[i], &read).code, OCC_ERR_WIRE_MESSAGE);
    }
    uint8_t long_chain[3 + OCC_LIMIT_CHAIN_ID_LEN + 1] = { 2, 0, OCC_LIMIT_CHAIN_ID_LEN };
    memset(long_chain + 3, 'a', OCC_LIMIT_CHAIN_ID_LEN + 1);
    assert_int_equal(occ_issue_read(occ_bytes_of(long_chain, sizeof long_chain - 1), &read).code, OCC_OK);
    long_chain[2]++;
    assert_int_equal(occ_issue_read(occ_bytes_of(long_chain, sizeof long_chain), &read).code, OCC_ERR_WIRE_MESSAGE);
}

static void
test_answers(void **state)
{
    (void)state;
    const struct occ_issue_answer cases[] = {
        { OCC_OK, occ_bytes_str("{\"challenge\":\"AAAA\"}") },
        { OCC_ERR_CHAIN_UNKNOWN, occ_bytes_str("chainId: no") },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        OCC_BUF_AUTO(buf, 1000);
        occ_issue_put_answer(&buf, 42, &cases[i]);
        struct occ_issue_answer read;
        assert_int_equal(occ_issue_read_answer(payload_of(&buf, OCC_FRAME_ISSUED), &read).code, OCC_OK);
        assert_int_equal(read.code, cases[i].code);
        assert_true(occ_bytes_equal(read.text, cases[i].text));
        torture(occ_buf_view(&buf));
    }
    static const uint8_t empty[] = { 0, 0, 0, 0, 0, 0 }; /* success with nothing */
    struct occ_issue_answer read;
    assert_int_equal(occ_issue_read_answer(occ_bytes_of(empty, sizeof empty), &read).code, OCC_ERR_WIRE_MESSAGE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_request_refusals),
        cmocka_unit_test(test_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
