/* urandom.c — bytes for the kernel's pool. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "os/urandom.h"
#include "unit/os/folder.h"

static void
test_add(void **state)
{
    (void)state;
    struct folder folder;
    folder_make(&folder);
    char read_back[16] = "";
    struct occ_error err;
    /* A file in the place of the device shows what is written. */
    const int fd = open(folder_join(&folder, "pool"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(occ_urandom_add(folder_join(&folder, "pool"), occ_bytes_str("random"), NULL).code, OCC_OK);
    assert_int_equal(pread(fd, read_back, sizeof read_back, 0), 6);
    assert_string_equal(read_back, "random");
    close(fd);
    assert_int_equal(occ_urandom_add(folder_join(&folder, "none"), occ_bytes_str("random"), &err).code, OCC_OK);
    assert_int_not_equal(access(folder_join(&folder, "none"), F_OK), 0);
    assert_int_equal(occ_urandom_add(folder_join(&folder, "."), occ_bytes_str("random"), &err).code, OCC_ERR_IO);
    assert_int_equal(occ_urandom_add("/dev/full", occ_bytes_str("random"), &err).code, OCC_ERR_IO);
    assert_int_equal(occ_urandom_add(OCC_URANDOM_PATH, occ_bytes_str("random"), &err).code, OCC_OK);
    folder_remove(&folder);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_add),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
