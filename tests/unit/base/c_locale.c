/* Tests of src/base/c_locale.c. */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/c_locale.h"

static void
test_goes_back(void **state)
{
    (void)state;
    const locale_t before = uselocale((locale_t)0);
    struct occ_c_locale c;
    assert_true(occ_is_ok(occ_c_locale_enter(&c)));
    assert_string_equal(localeconv()->decimal_point, ".");
    occ_c_locale_leave(&c);
    assert_ptr_equal(uselocale((locale_t)0), before);
}

static void
test_decimal_point(void **state)
{
    (void)state;
    const locale_t german = newlocale(LC_ALL_MASK, "de_DE.UTF-8", (locale_t)0);
    if (german == (locale_t)0) {
        if (getenv("OCC_REQUIRE_LOCALES") != NULL) {
            fail_msg("%s", "the locale de_DE.UTF-8 is missing, and OCC_REQUIRE_LOCALES is set");
        }
        print_message("the locale de_DE.UTF-8 is missing: not tested\n");
        skip();
    }
    const locale_t before = uselocale(german);
    assert_string_equal(localeconv()->decimal_point, ",");
    struct occ_c_locale c;
    assert_true(occ_is_ok(occ_c_locale_enter(&c)));
    assert_string_equal(localeconv()->decimal_point, ".");
    occ_c_locale_leave(&c);
    assert_string_equal(localeconv()->decimal_point, ",");
    (void)uselocale(before);
    freelocale(german);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_goes_back),
        cmocka_unit_test(test_decimal_point),
    };
    return cmocka_run_group_tests_name("base.c_locale", tests, NULL, NULL);
}
