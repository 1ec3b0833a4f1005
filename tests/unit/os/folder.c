/* tests/unit/os/folder.c — src/os/folder.c: listing and reading folders. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>

#include "os/file.h"
#include "os/folder.h"
#include "unit/os/folder.h"

static struct folder folder_of_test;

/* Each test runs in a folder of its own, so that sentences have short names in them. */
static int
enter_folder(void **state)
{
    (void)state;
    folder_make(&folder_of_test);
    return chdir(folder_of_test.path);
}

static int
leave_folder(void **state)
{
    (void)state;
    folder_remove(&folder_of_test);
    return chdir("/");
}

static void
put_file(const char *name, const char *content)
{
    struct occ_error err = { 0 };
    if (!occ_is_ok(occ_file_write_atomic(name, occ_bytes_str(content), true, &err))) {
        fail_msg("%s", err.text);
    }
}

static void
test_list(void **state)
{
    (void)state;
    put_file("b", "");
    put_file("a2", "");
    put_file("a10", "");
    put_file(".hidden", "");
    assert_int_equal(mkdir("c", 0700), 0);
    struct occ_folder folder = { 0 };
    assert_true(occ_is_ok(occ_folder_list(".", 4, NULL, &folder)));
    assert_int_equal(folder.count, 4);
    assert_string_equal(folder.names[0], "a10");
    assert_string_equal(folder.names[1], "a2");
    assert_string_equal(folder.names[2], "b");
    assert_string_equal(folder.names[3], "c");
    occ_folder_clear(&folder);
    assert_int_equal(folder.count, 0);

    struct occ_error err = { 0 };
    assert_int_equal(occ_folder_list(".", 3, &err, &folder).code, OCC_ERR_LIMIT);
    assert_string_equal(err.text, ".: 4 files, expected at most 3");
    assert_int_equal(occ_folder_list("nowhere", 3, &err, &folder).code, OCC_ERR_NOT_FOUND);
    assert_string_equal(err.text, "cannot read folder nowhere: No such file or directory");
    assert_int_equal(occ_folder_list("b", 3, &err, &folder).code, OCC_ERR_NOT_FOUND);
    assert_null(folder.names);
    assert_true(occ_folder_is("c"));
    assert_false(occ_folder_is("b"));
    assert_false(occ_folder_is("nowhere"));
}

static void
test_read(void **state)
{
    (void)state;
    static const char *const endings[] = { ".pem", ".crt", NULL };
    struct occ_error err = { 0 };
    OCC_BUF_AUTO(buf, 20);
    assert_int_equal(mkdir("roots", 0700), 0);
    assert_int_equal(occ_folder_read("roots", endings, &err, &buf).code, OCC_ERR_NOT_FOUND);
    assert_string_equal(err.text, "roots: no file in it ends in .pem");
    put_file("roots/2.pem", "two");
    put_file("roots/1.crt", "one");
    put_file("roots/0.txt", "none");
    put_file("roots/.pem", "none");
    assert_true(occ_is_ok(occ_folder_read("roots", endings, &err, &buf)));
    assert_true(occ_bytes_is(occ_buf_view(&buf), "one\ntwo\n"));
    occ_buf_reset(&buf);
    assert_true(
        occ_is_ok(occ_folder_read("roots/2.pem", endings, &err, &buf))); /* a file as it is, whatever its name */
    assert_true(occ_bytes_is(occ_buf_view(&buf), "two"));
    occ_buf_reset(&buf);
    put_file("roots/3.pem", "more than fits into it");
    assert_int_equal(occ_folder_read("roots", endings, &err, &buf).code, OCC_ERR_LIMIT);
    occ_buf_reset(&buf);
    assert_int_equal(occ_folder_read("nowhere", endings, &err, &buf).code, OCC_ERR_NOT_FOUND);
}

static void
test_remove(void **state)
{
    (void)state;
    struct occ_error err = { 0 };
    assert_true(occ_is_ok(occ_folder_remove_files("none", &err)));
    assert_true(occ_is_ok(occ_file_make_folder("full", &err)));
    put_file("full/a", "a");
    put_file("full/b", "b");
    assert_true(occ_is_ok(occ_folder_remove_files("full", &err)));
    assert_false(occ_folder_is("full"));
    assert_true(occ_is_ok(occ_file_make_folder("deep/er", &err)));
    assert_false(occ_is_ok(occ_folder_remove_files("deep", &err)));
    assert_true(occ_folder_is("deep/er"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_list, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(test_read, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(test_remove, enter_folder, leave_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
