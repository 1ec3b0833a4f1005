/* What this process uses: it grows when more is used, and agrees with what the kernel says elsewhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "os/process.h"

enum { BLOCK_LEN = 64 << 20 };

static void
test_grows(void **state)
{
    (void)state;
    struct occ_process_usage before, after;
    occ_process_get_usage(&before);
    assert_true(before.resident_len > 0 && before.descriptors >= 3 && before.descriptors_max >= before.descriptors);
    char *block = malloc(BLOCK_LEN);
    assert_non_null(block);
    memset(block, 7, BLOCK_LEN); /* memory and time */
    const int fd = dup(0);
    assert_true(fd >= 0);
    occ_process_get_usage(&after);
    (void)close(fd);
    assert_int_equal(block[BLOCK_LEN / 2], 7);
    free(block);
    assert_true(after.resident_len >= before.resident_len + BLOCK_LEN / 2);
    assert_int_equal(after.descriptors, before.descriptors + 1);
    assert_true(after.cpu_us > before.cpu_us);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_grows) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
