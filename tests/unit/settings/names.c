/* names.c — which names of relying parties and origins a setting may have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "settings/names.h"

static void
test_names(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_rp_id, is_origin;
    } cases[] = {
        { "example.com", true, false },
        { "a-b_c.example", true, false },
        { " example.com", false, false },
        { "example.com # ours", false, false },
        { "https://example.com", false, true },
        { "https://example.com:8443", false, true },
        { "android:apk-key-hash:abc", false, true },
        { "https://", false, false },
        { "https://example.com/", false, false },
        { "https://example.com?a", false, false },
        { "https://example.com ", false, false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        if (occ_names_is_rp_id(cases[i].text) != cases[i].is_rp_id ||
            occ_names_is_origin(cases[i].text) != cases[i].is_origin) {
            fail_msg("\"%s\"", cases[i].text);
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_names) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
