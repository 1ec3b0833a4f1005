#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/output.h"

/* DESIGN §6, for every code there is. */
static void
exit_codes(void **state)
{
    (void)state;
    static const enum occ_err usage[] = { OCC_ERR_USAGE,          OCC_ERR_BASE64,         OCC_ERR_HEX,
                                          OCC_ERR_DECIMAL,        OCC_ERR_UTF8,           OCC_ERR_JSON_SYNTAX,
                                          OCC_ERR_JSON_NUL,       OCC_ERR_JSON_DUPLICATE, OCC_ERR_JSON_DEPTH,
                                          OCC_ERR_JSON_NUMBER,    OCC_ERR_FIELD_MISSING,  OCC_ERR_FIELD_TYPE,
                                          OCC_ERR_FIELD_UNKNOWN,  OCC_ERR_FIELD_VALUE,    OCC_ERR_FIELD_LENGTH,
                                          OCC_ERR_FIELD_ENCODING, OCC_ERR_FIELD_NAME };
#define OCC_CODE_CASE_(id, number, name, text) { id, number },
    static const struct {
        enum occ_err code;
        int number;
    } all[] = { OCC_CODES(OCC_CODE_CASE_) };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        enum occ_exit expected = OCC_EXIT_FAILED;
        for (size_t j = 0; j < sizeof usage / sizeof usage[0]; j++) {
            expected = usage[j] == all[i].code ? OCC_EXIT_USAGE : expected;
        }
        expected = all[i].number >= 100 ? OCC_EXIT_REFUSED : expected;
        expected = all[i].code == OCC_OK ? OCC_EXIT_DONE : expected;
        assert_int_equal(occ_output_exit_of(all[i].code), expected);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(exit_codes) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
