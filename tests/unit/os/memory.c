/* memory.c — pages go back to the system, and nothing is lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os/memory.h"

enum { TABLE_LEN = 2 << 20 };

static const uint8_t table[TABLE_LEN] = { [0] = 1, [TABLE_LEN - 1] = 2 };
static const char *const names[] = { "a constant", "that is relocated" };
static int changed = 1;

/* Kibibytes of files that are mapped and counted. */
static long
file_kib(void)
{
    FILE *const status = fopen("/proc/self/status", "r");
    assert_non_null(status);
    char line[256];
    long kib = -1;
    while (kib < 0 && fgets(line, sizeof line, status) != NULL) {
        if (strncmp(line, "RssFile:", strlen("RssFile:")) == 0) {
            kib = strtol(line + strlen("RssFile:"), NULL, 10);
        }
    }
    assert_int_equal(fclose(status), 0);
    assert_true(kib >= 0);
    return kib;
}

static unsigned
sum_of_table(void)
{
    unsigned sum = 0;
    for (size_t i = 0; i < sizeof table; i++) {
        sum += ((const volatile uint8_t *)table)[i];
    }
    return sum;
}

static void
test_give_back(void **state)
{
    (void)state;
    changed = 2;
    assert_int_equal(sum_of_table(), 3);
    const long before = file_kib();
    occ_memory_give_back();
    const long after = file_kib();
    assert_true(after + TABLE_LEN / 1024 / 2 <= before);
    assert_int_equal(sum_of_table(), 3);
    assert_string_equal(names[0], "a constant");
    assert_string_equal(names[1], "that is relocated");
    assert_int_equal(changed, 2);
}

/* It is only advice to the C library: what counts is that memory works as before. */
static void
test_keep_small(void **state)
{
    (void)state;
    occ_memory_keep_small();
    for (size_t len = 1; len <= (size_t)8 << 20; len *= 2) {
        uint8_t *const memory = malloc(len);
        assert_non_null(memory);
        memset(memory, 0x5a, len);
        assert_int_equal(memory[len - 1], 0x5a);
        free(memory);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_give_back),
        cmocka_unit_test(test_keep_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
