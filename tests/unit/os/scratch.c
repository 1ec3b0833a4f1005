/* Tests of src/os/scratch.c. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

/* Makes opening without a name fail, as on file systems that cannot do it. */
static bool nameless_fails;

static int
open_or_not(const char *path, int flags, mode_t mode)
{
    if (nameless_fails && (flags & O_TMPFILE) == O_TMPFILE) {
        errno = EOPNOTSUPP;
        return -1;
    }
    return open(path, flags, mode);
}

#define open open_or_not
#include "os/scratch.c"
#undef open

static size_t
files_in(const char *folder)
{
    size_t count = 0;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    while (readdir(dir) != NULL) {
        count++;
    }
    closedir(dir);
    return count - 2;
}

static void
write_and_read(const char *folder)
{
    struct occ_scratch scratch = OCC_SCRATCH_INIT;
    struct occ_error err = { 0 };
    uint8_t bytes[5] = { 0 };
    assert_true(occ_is_ok(occ_scratch_open(&scratch, folder, &err)));
    assert_int_equal(files_in(folder), 0); /* nothing that could be left behind */
    assert_true(occ_is_ok(occ_scratch_append(&scratch, occ_bytes_str("hello"), &err)));
    assert_true(occ_is_ok(occ_scratch_append(&scratch, occ_bytes_str(" world"), &err)));
    assert_int_equal(scratch.len, 11);
    assert_true(occ_is_ok(occ_scratch_read(&scratch, 6, 5, &err, bytes)));
    assert_memory_equal(bytes, "world", 5);
    assert_true(occ_is_ok(occ_scratch_append(&scratch, occ_bytes_str("!"), &err)));
    assert_true(occ_is_ok(occ_scratch_read(&scratch, 7, 5, &err, bytes)));
    assert_memory_equal(bytes, "orld!", 5);
    assert_int_equal(occ_scratch_read(&scratch, 8, 5, &err, bytes).code, OCC_ERR_IO);
    occ_scratch_close(&scratch);
    assert_int_equal(scratch.fd, -1);
    occ_scratch_close(&scratch);
}

static void
test_nameless(void **state)
{
    (void)state;
    char folder[] = "/tmp/occ-scratch-XXXXXX";
    assert_non_null(mkdtemp(folder));
    write_and_read(folder);
    nameless_fails = true;
    write_and_read(folder);
    nameless_fails = false;
    assert_int_equal(rmdir(folder), 0);
}

static void
test_failures(void **state)
{
    (void)state;
    struct occ_scratch scratch = OCC_SCRATCH_INIT;
    struct occ_error err = { 0 };
    assert_int_equal(occ_scratch_open(&scratch, "/nowhere", &err).code, OCC_ERR_NOT_FOUND);
    assert_string_equal(err.text, "cannot make a temporary file in /nowhere: No such file or directory");
    assert_int_equal(scratch.fd, -1);
    nameless_fails = true;
    assert_int_equal(occ_scratch_open(&scratch, "/nowhere", &err).code, OCC_ERR_NOT_FOUND);
    nameless_fails = false;
    /* A full disk. */
    scratch = (struct occ_scratch){ .fd = open("/dev/full", O_RDWR | O_CLOEXEC), .where = "here" };
    assert_true(scratch.fd >= 0);
    assert_int_equal(occ_scratch_append(&scratch, occ_bytes_str("x"), &err).code, OCC_ERR_IO);
    assert_string_equal(err.text, "cannot write to a temporary file in here: No space left on device");
    assert_int_equal(scratch.len, 0);
    occ_scratch_close(&scratch);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nameless),
        cmocka_unit_test(test_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
