/* Tests of src/server/timestamps_answer.c: what an authority answered, with one thing wrong at a time. */

#include "base/limits.h"
#include "codec/canonical.h"
#include "evidence/rfc3161.h"
#include "unit/server/tsa.h"

#define NOW_MS UINT64_C(1774114253000) /* 2026-03-21T17:30:53Z */

struct answered {
    struct occ_timestamps_question question;
    struct occ_timestamp_roots *roots;
    struct occ_buf body, text;
    struct occ_http_answer answer;
    struct occ_error err;
    enum occ_err code;
};

static void
end(struct answered *answered)
{
    occ_timestamp_roots_free(answered->roots);
    occ_buf_clear(&answered->body);
    occ_buf_clear(&answered->text);
}

/* An answer to a question, made from a plan that a change was applied to; now_ms: when it is judged. */
static void
begin(struct answered *answered, const char *rule, uint64_t made_ms)
{
    *answered = (struct answered){ .body = OCC_BUF_INIT(TSA_LEN_MAX), .text = OCC_BUF_INIT(TSA_LEN_MAX) };
    tsa_digest(7, answered->question.digest);
    occ_timestamp_request_nonce(answered->question.nonce);
    answered->question.shown = "http://tsa.example/\"";
    struct timestamp_plan plan;
    timestamp_plan_init(&plan, answered->question.digest, made_ms);
    plan.large_nonce = occ_bytes_of(answered->question.nonce, sizeof answered->question.nonce);
    assert_true(rule == NULL || timestamp_plan_break(&plan, rule));
    struct timestamp_authority *authority = timestamp_authority_new(&plan);
    OCC_BUF_AUTO(token, TSA_LEN_MAX);
    OCC_BUF_AUTO(root, TSA_LEN_MAX);
    timestamp_token_put(&token, &plan, authority);
    timestamp_response_put(&answered->body, occ_buf_view(&token));
    timestamp_root_put(&root, authority);
    timestamp_authority_free(authority);
    assert_true(occ_is_ok(occ_timestamp_roots_new(occ_buf_view(&root), &answered->err, &answered->roots)));
    answered->question.roots = answered->roots;
    answered->answer = (struct occ_http_answer){ .status = 200,
                                                 .body = &answered->body,
                                                 .content_type = "application/timestamp-reply" };
}

static void
judge(struct answered *answered)
{
    answered->code =
        occ_timestamps_answer_read(&answered->question, &answered->answer, NOW_MS, &answered->err, &answered->text)
            .code;
}

static void
test_a_good_answer(void **state)
{
    (void)state;
    struct answered answered;
    begin(&answered, NULL, NOW_MS);
    judge(&answered);
    assert_int_equal(answered.code, OCC_OK);
    /* What stands in a proof is verified there by the evidence's own code. */
    struct occ_json *entry = NULL;
    struct occ_timestamp_facts facts;
    assert_true(occ_is_ok(occ_json_parse(occ_buf_view(&answered.text), 8, NULL, &entry)));
    assert_true(occ_is_ok(occ_rfc3161_verify(entry, "timestamps.artifact", answered.question.digest, answered.roots,
                                             &answered.err, &facts)));
    assert_true(facts.trusted);
    assert_true(occ_bytes_is(occ_json_string(occ_json_get(entry, "authority")), "http://tsa.example/\""));
    assert_true(occ_bytes_is(occ_json_string(occ_json_get(entry, "time")), "2026-03-21T17:30:53.000Z"));
    assert_int_equal(occ_json_length(entry), 5);
    OCC_BUF_AUTO(canonical, TSA_LEN_MAX);
    occ_canonical_put(&canonical, entry);
    assert_true(occ_bytes_equal(occ_buf_view(&canonical), occ_buf_view(&answered.text)));
    occ_json_free(entry);
    end(&answered);
}

static void
test_tokens_with_one_rule_broken(void **state)
{
    (void)state;
    for (size_t i = 0; i < timestamp_rules_count; i++) {
        const struct timestamp_rule *rule = &timestamp_rules[i];
        struct answered answered;
        begin(&answered, rule->name, NOW_MS);
        judge(&answered);
        /* A rule that a verifier takes may still be no answer: another imprint, no nonce. */
        enum occ_err expected = rule->code;
        if (strcmp(rule->name, "no-nonce") == 0) {
            expected = OCC_ERR_TIMESTAMP_NONCE;
        }
        const bool is_imprint = answered.code == OCC_ERR_TIMESTAMP_IMPRINT || answered.code == OCC_ERR_TIMESTAMP_CLOCK;
        if (answered.code != expected && !(rule->code == OCC_OK && is_imprint)) {
            fail_msg("%s: %s (%s), expected %s", rule->name, occ_result_name(answered.code), answered.err.text,
                     occ_result_name(expected));
        }
        assert_true(answered.code == OCC_OK || answered.text.len == 0);
        end(&answered);
    }
}

static void
test_clocks(void **state)
{
    (void)state;
    static const struct {
        uint64_t made_ms;
        enum occ_err code;
    } cases[] = {
        { NOW_MS - OCC_LIMIT_TSA_CLOCK_MS, OCC_OK },
        { NOW_MS + OCC_LIMIT_TSA_CLOCK_MS, OCC_OK },
        { NOW_MS - OCC_LIMIT_TSA_CLOCK_MS - 1000, OCC_ERR_TIMESTAMP_CLOCK },
        { NOW_MS + OCC_LIMIT_TSA_CLOCK_MS + 1000, OCC_ERR_TIMESTAMP_CLOCK },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct answered answered;
        begin(&answered, NULL, cases[i].made_ms);
        judge(&answered);
        assert_int_equal(answered.code, cases[i].code);
        end(&answered);
    }
}

static void
test_answers_to_something_else(void **state)
{
    (void)state;
    struct answered answered;
    begin(&answered, NULL, NOW_MS);
    answered.question.digest[0] ^= 1;
    judge(&answered);
    assert_int_equal(answered.code, OCC_ERR_TIMESTAMP_IMPRINT);
    answered.question.digest[0] ^= 1;
    answered.question.nonce[15] ^= 1;
    judge(&answered);
    assert_int_equal(answered.code, OCC_ERR_TIMESTAMP_NONCE);
    end(&answered);
}

static void
test_whose_it_is(void **state)
{
    (void)state;
    struct answered answered, other;
    begin(&answered, NULL, NOW_MS);
    begin(&other, NULL, NOW_MS);
    answered.question.roots = other.roots; /* of the same name, with another key */
    judge(&answered);
    assert_int_equal(answered.code, OCC_ERR_TIMESTAMP_UNTRUSTED);
    assert_int_equal(answered.text.len, 0);
    answered.question.roots = NULL; /* nobody said whom to trust */
    judge(&answered);
    assert_int_equal(answered.code, OCC_OK);
    end(&answered);
    end(&other);
}

static void
set_type(struct answered *answered, const char *type)
{
    snprintf(answered->answer.content_type, sizeof answered->answer.content_type, "%s", type);
}

static void
test_what_is_no_reply(void **state)
{
    (void)state;
    struct answered answered;
    begin(&answered, NULL, NOW_MS);
    answered.answer.status = 302;
    judge(&answered);
    assert_int_equal(answered.code, OCC_ERR_UNAVAILABLE);
    assert_string_equal(answered.err.text, "HTTP status 302, expected 200");
    answered.answer.status = 200;
    set_type(&answered, "text/html");
    judge(&answered);
    assert_int_equal(answered.code, OCC_ERR_FIELD_VALUE);
    set_type(&answered, "Application/Timestamp-Reply");
    judge(&answered);
    assert_int_equal(answered.code, OCC_OK);
    occ_buf_reset(&answered.text);
    occ_buf_reset(&answered.body);
    occ_buf_put(&answered.body, occ_bytes_of("\x30\x05\x30\x03\x02\x01\x02", 7));
    judge(&answered);
    assert_int_equal(answered.code, OCC_ERR_TIMESTAMP_TOKEN);
    assert_string_equal(answered.err.text, "the authority gave no token, status 2");
    end(&answered);
}

static void
test_no_room(void **state)
{
    (void)state;
    struct answered answered;
    begin(&answered, NULL, NOW_MS);
    answered.text.limit = 100;
    judge(&answered);
    assert_int_equal(answered.code, OCC_ERR_LIMIT);
    end(&answered);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_good_answer), cmocka_unit_test(test_tokens_with_one_rule_broken),
        cmocka_unit_test(test_clocks),        cmocka_unit_test(test_answers_to_something_else),
        cmocka_unit_test(test_whose_it_is),   cmocka_unit_test(test_what_is_no_reply),
        cmocka_unit_test(test_no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
