/* draft.c — files written in pieces: whole in their place, or nowhere. What a single write does is in file.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "os/draft.h"
#include "os/file.h"
#include "os/folder.h"
#include "unit/os/folder.h"

static struct folder folder_of_test;

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
assert_files(size_t count)
{
    struct occ_folder found = { 0 };
    assert_true(occ_is_ok(occ_folder_list(".", 10, NULL, &found)));
    assert_int_equal(found.count, count);
    occ_folder_clear(&found);
}

static void
assert_content(const char *name, const char *content)
{
    OCC_BUF_AUTO(buf, 1024);
    assert_true(occ_is_ok(occ_file_read(name, NULL, &buf)));
    assert_true(occ_bytes_is(occ_buf_view(&buf), content));
}

static void
test_pieces(void **state)
{
    (void)state;
    struct occ_error err = { 0 };
    struct occ_draft draft = OCC_DRAFT_INIT;
    assert_true(occ_is_ok(occ_draft_begin(&draft, "a", false, &err)));
    assert_true(occ_is_ok(occ_draft_write(&draft, occ_bytes_str("one "), &err)));
    assert_true(occ_is_ok(occ_draft_write(&draft, occ_bytes_str("two"), &err)));
    assert_int_equal(access("a", F_OK), -1); /* not before it is whole */
    assert_true(occ_is_ok(occ_draft_finish(&draft, &err)));
    assert_content("a", "one two");
    occ_draft_drop(&draft); /* over: nothing happens */
    assert_content("a", "one two");
    assert_files(1);
}

static void
test_drop(void **state)
{
    (void)state;
    struct occ_draft draft = OCC_DRAFT_INIT;
    occ_draft_drop(&draft);
    assert_true(occ_is_ok(occ_draft_begin(&draft, "a", false, NULL)));
    assert_files(1);
    occ_draft_drop(&draft);
    assert_files(0);
}

/* Whoever has the name first keeps it. */
static void
test_taken(void **state)
{
    (void)state;
    struct occ_error err = { 0 };
    struct occ_draft draft = OCC_DRAFT_INIT;
    assert_true(occ_is_ok(occ_draft_begin(&draft, "a", false, &err)));
    assert_true(occ_is_ok(occ_file_write_atomic("a", occ_bytes_str("first"), false, &err)));
    assert_int_equal(occ_draft_finish(&draft, &err).code, OCC_ERR_STATE);
    assert_string_equal(err.text, "a: exists already");
    assert_int_equal(occ_draft_begin(&draft, "a", false, &err).code, OCC_ERR_STATE);
    assert_content("a", "first");
    assert_files(1);
}

static void
test_move(void **state)
{
    (void)state;
    struct occ_error err = { 0 };
    assert_true(occ_is_ok(occ_file_write_atomic("a", occ_bytes_str("a"), false, &err)));
    assert_true(occ_is_ok(occ_draft_move("a", "b", &err)));
    assert_content("b", "a");
    assert_files(1);
    assert_true(occ_is_ok(occ_file_write_atomic("a", occ_bytes_str("new"), false, &err)));
    assert_int_equal(occ_draft_move("a", "b", &err).code, OCC_ERR_STATE);
    assert_string_equal(err.text, "b: exists already");
    assert_content("b", "a");
    assert_int_equal(occ_draft_move("none", "c", &err).code, OCC_ERR_NOT_FOUND);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_pieces, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(test_drop, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(test_taken, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(test_move, enter_folder, leave_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
