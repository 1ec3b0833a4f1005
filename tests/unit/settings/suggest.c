#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "settings/suggest.h"

static const char *
nearest(const char *word)
{
    static const char *const names[] = { "hash", "commit", "verify", "inspect", "key", "help", "version" };
    struct occ_suggest suggest = { .word = occ_bytes_str(word) };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        occ_suggest_offer(&suggest, names[i]);
    }
    return suggest.best == NULL ? "" : suggest.best;
}

static void
finds(void **state)
{
    (void)state;
    assert_string_equal(nearest("comit"), "commit");
    assert_string_equal(nearest("commmit"), "commit");
    assert_string_equal(nearest("cmomit"), "commit");
    assert_string_equal(nearest("verfy"), "verify");
    assert_string_equal(nearest("verifi"), "verify");
    assert_string_equal(nearest("hahs"), "hash");
    assert_string_equal(nearest("kye"), "key");
    assert_string_equal(nearest("insp"), "inspect");
}

static void
keeps_silent(void **state)
{
    (void)state;
    assert_string_equal(nearest(""), "");
    assert_string_equal(nearest("x"), "");
    assert_string_equal(nearest("audit"), "");
    assert_string_equal(nearest("sign"), "");
    assert_string_equal(nearest("commitcommitcommitcommitcommitcommitcommitcommit"), "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(finds), cmocka_unit_test(keeps_silent) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
