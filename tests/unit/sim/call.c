/* tests/unit/sim/call.c — src/sim/call.c: the requests of AWS's library, and what is none of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "sim/call.h"

#define CALL(bytes) occ_sim_call_read(occ_bytes_of(bytes, sizeof(bytes) - 1))

static void
test_requests(void **state)
{
    (void)state;
    assert_int_equal(CALL("\x69GetRandom").kind, OCC_SIM_CALL_GET_RANDOM);
    assert_int_equal(CALL("\x6b"
                          "DescribeNSM")
                         .kind,
                     OCC_SIM_CALL_DESCRIBE_NSM);
    const struct occ_sim_call pcr = CALL("\xa1\x6b"
                                         "DescribePCR\xa1\x65index\x03");
    assert_int_equal(pcr.kind, OCC_SIM_CALL_DESCRIBE_PCR);
    assert_int_equal(pcr.index, 3);
    const struct occ_sim_call document = CALL("\xa1\x6b"
                                              "Attestation\xa3\x69user_data\x43"
                                              "abc\x65nonce\xf6\x6apublic_key\x40");
    assert_int_equal(document.kind, OCC_SIM_CALL_ATTESTATION);
    assert_true(occ_bytes_is(document.wanted.user_data, "abc"));
    assert_null(document.wanted.nonce.ptr);
    assert_non_null(document.wanted.public_key.ptr); /* empty, and not null */
    assert_int_equal(document.wanted.public_key.len, 0);
}

static void
test_no_requests(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
    } cases[] = {
#define NONE(text) { text, sizeof(text) - 1 }
        NONE(""),
        NONE("\x68GetRando"),
        NONE("\x69GetRandom\x00"),
        NONE("\xa0"),
        NONE("\xa1\x69GetRandom\xf6"),
        NONE("\xa1\x6b"
             "DescribePCR\xa0"),
        NONE("\xa1\x6b"
             "DescribePCR\xa1\x65index\x61x"),
        NONE("\xa1\x6b"
             "DescribePCR\xa1\x65inder\x01"),
        NONE("\xa1\x6b"
             "Attestation\xa1\x65other\xf6"),
        NONE("\xa1\x6b"
             "Attestation\xa1\x65nonce\x01"),
        NONE("\xa1\x6b"
             "Attestation"),
        NONE("\xa2\x6b"
             "DescribePCR\xa1\x65index\x01\x6b"
             "Attestation\xa0"),
#undef NONE
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(occ_sim_call_read(occ_bytes_of(cases[i].bytes, cases[i].len)).kind, OCC_SIM_CALL_UNKNOWN);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_requests), cmocka_unit_test(test_no_requests) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
