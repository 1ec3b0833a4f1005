#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/retry.h"

static void
answers(void **state)
{
    (void)state;
    static const struct {
        unsigned status;
        enum occ_retry_outcome outcome;
    } cases[] = {
        { 200, OCC_RETRY_DONE },    { 201, OCC_RETRY_REFUSED },      { 204, OCC_RETRY_REFUSED },
        { 302, OCC_RETRY_REFUSED }, { 400, OCC_RETRY_REFUSED },      { 401, OCC_RETRY_REFUSED },
        { 404, OCC_RETRY_REFUSED }, { 408, OCC_RETRY_REFUSED },      { 413, OCC_RETRY_REFUSED },
        { 422, OCC_RETRY_REFUSED }, { 429, OCC_RETRY_NOT_TAKEN },    { 500, OCC_RETRY_UNKNOWN },
        { 501, OCC_RETRY_REFUSED }, { 502, OCC_RETRY_UNKNOWN },      { 503, OCC_RETRY_NOT_TAKEN },
        { 504, OCC_RETRY_UNKNOWN }, { 505, OCC_RETRY_UNKNOWN_ENDS }, { 599, OCC_RETRY_UNKNOWN_ENDS },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct occ_http_answer answer = { .status = cases[i].status };
        if (occ_retry_judge(occ_success(), &answer) != cases[i].outcome) {
            fail_msg("status %u", cases[i].status);
        }
    }
}

static void
failures(void **state)
{
    (void)state;
    static const struct {
        enum occ_err code;
        bool passing;
        enum occ_retry_outcome outcome;
    } cases[] = {
        { OCC_ERR_UNAVAILABLE, true, OCC_RETRY_NOT_TAKEN }, /* refused */
        { OCC_ERR_UNAVAILABLE, false, OCC_RETRY_REFUSED },  /* no such host, a wrong certificate */
        { OCC_ERR_CLOSED, true, OCC_RETRY_UNKNOWN },        /* broken */
        { OCC_ERR_CLOSED, false, OCC_RETRY_UNKNOWN_ENDS },  /* not HTTP */
        { OCC_ERR_TIMEOUT, true, OCC_RETRY_UNKNOWN },       { OCC_ERR_LIMIT, false, OCC_RETRY_UNKNOWN_ENDS },
        { OCC_ERR_NOMEM, false, OCC_RETRY_UNKNOWN_ENDS },   { OCC_ERR_USAGE, false, OCC_RETRY_REFUSED },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct occ_http_answer answer = { .status = 200, .passing = cases[i].passing };
        if (occ_retry_judge(occ_result_of(cases[i].code), &answer) != cases[i].outcome) {
            fail_msg("case %zu", i);
        }
    }
}

static void
pauses(void **state)
{
    (void)state;
    static const struct {
        unsigned tries;
        uint64_t after_s, left_ms;
        uint32_t random;
        bool again;
        uint64_t wait_ms;
    } cases[] = {
        { 1, 0, 30000, 0, true, 100 },
        { 1, 0, 30000, 50, true, 50 },
        { 1, 0, 30000, 51, true, 100 },
        { 2, 0, 30000, 0, true, 200 },
        { 6, 0, 30000, 0, true, 3200 },
        { 7, 0, 30000, 0, true, 5000 },
        { UINT32_MAX, 0, 30000, 2500, true, 2500 },
        /* Retry-After, and never less than it */
        { 1, 1, 30000, 0, true, 1100 },
        { 1, 2, 30000, 50, true, 2050 },
        { 1, 29, 30000, 0, true, 29100 },
        { 1, 30, 30000, 0, false, 0 },
        { 1, 100, 30000, 0, false, 0 },
        { 1, UINT64_MAX, UINT64_MAX, 0, false, 0 },
        { 1, 0, 101, 0, true, 100 },
        { 1, 0, 100, 0, false, 0 },
        { 1, 0, 0, 0, false, 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t wait_ms = 0;
        const bool again =
            occ_retry_pause(cases[i].tries, cases[i].after_s, cases[i].left_ms, cases[i].random, &wait_ms);
        if (again != cases[i].again || wait_ms != cases[i].wait_ms) {
            fail_msg("case %zu: %d after %llu ms", i, again, (unsigned long long)wait_ms);
        }
    }
}

static void
shares(void **state)
{
    (void)state;
    assert_int_equal(occ_retry_share_ms(30000), 15000);
    assert_int_equal(occ_retry_share_ms(5000), 2500);
    assert_int_equal(occ_retry_share_ms(4000), 2000);
    assert_int_equal(occ_retry_share_ms(2500), 2000);
    assert_int_equal(occ_retry_share_ms(1500), 1500);
    assert_int_equal(occ_retry_share_ms(0), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(answers), cmocka_unit_test(failures), cmocka_unit_test(pauses),
                                        cmocka_unit_test(shares) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
