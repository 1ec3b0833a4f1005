/* Standard descriptors are never anybody else's. What this process uses grows when more is used. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
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

static void
test_fill_standard(void **state)
{
    (void)state;
    const pid_t pid = fork();
    if (pid == 0) {
        (void)close(STDIN_FILENO);
        (void)close(STDERR_FILENO);
        const bool filled = occ_process_fill_standard();
        char byte;
        const int next = dup(STDIN_FILENO);
        _exit(filled && read(STDIN_FILENO, &byte, 1) == 0 && write(STDERR_FILENO, "x", 1) == 1 &&
                      next > STDERR_FILENO && occ_process_fill_standard() && dup(STDIN_FILENO) == next + 1
                  ? 0
                  : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_grows), cmocka_unit_test(test_fill_standard) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
