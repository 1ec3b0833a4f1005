/* Tests of src/cli/audit_input.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/audit_input.h"

static char folder[] = "/tmp/occ-audit-input-XXXXXX";

/* "FOLDER/name", in memory that the next call takes again. */
static const char *
in_folder(const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void
write_file(const char *name, const char *text)
{
    FILE *file = fopen(in_folder(name), "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static int
make_tree(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    static const char *const folders[] = { "b", "b/z", "b/.git", "empty" };
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(mkdir(in_folder(folders[i]), 0700), 0);
    }
    static const char *const files[] = { "c.json",        "a.jsonl",      "b/2.ndjson", "b/10.json", "b/z/1.json",
                                         "b/.git/x.json", ".hidden.json", "notes.txt",  ".json" };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        write_file(files[i], files[i]);
    }
    char up[512];
    snprintf(up, sizeof up, "%s", folder);
    assert_int_equal(symlink(up, in_folder("b/loop")), 0); /* a folder behind a link is not followed */
    assert_int_equal(symlink("../c.json", in_folder("b/link.json")), 0);
    assert_int_equal(symlink("nowhere", in_folder("b/dangling.json")), 0);
    return 0;
}

static int
remove_tree(void **state)
{
    (void)state;
    char command[600];
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

static void
test_order(void **state)
{
    (void)state;
    static const char *const expected[] = {
        "a.jsonl", "b/10.json", "b/2.ndjson", "b/link.json", "b/z/1.json", "c.json"
    };
    struct occ_audit_input input = OCC_AUDIT_INPUT_INIT;
    struct occ_error err = { 0 };
    assert_true(occ_is_ok(occ_audit_input_add(&input, folder, &err)));
    assert_int_equal(input.count, 6);
    for (size_t i = 0; i < 6; i++) {
        assert_string_equal(input.names[i], in_folder(expected[i]));
    }
    assert_true(occ_is_ok(occ_audit_input_add(&input, in_folder("notes.txt"), &err))); /* named: of any name */
    assert_true(occ_is_ok(occ_audit_input_add(&input, in_folder("empty"), &err)));
    assert_int_equal(input.count, 7);
    occ_audit_input_clear(&input);
}

static void
test_streams(void **state)
{
    (void)state;
    struct occ_audit_input input = OCC_AUDIT_INPUT_INIT;
    struct occ_error err = { 0 };
    assert_true(occ_is_ok(occ_audit_input_add(&input, in_folder("c.json"), &err)));
    assert_true(occ_is_ok(occ_audit_input_add(&input, in_folder("a.jsonl"), &err)));
    const struct occ_pipeline_source source = occ_audit_input_source(&input);
    static const char *const texts[] = { "c.json", "a.jsonl" };
    for (size_t i = 0; i < 3; i++) {
        uint8_t bytes[100];
        size_t len = 0;
        bool more = false;
        assert_true(occ_is_ok(source.next(source.ctx, &err, &more)));
        assert_int_equal(more, i < 2);
        if (more) {
            assert_true(occ_is_ok(source.read(source.ctx, &err, bytes, sizeof bytes, &len)));
            assert_true(occ_bytes_is(occ_bytes_of(bytes, len), texts[i]));
            assert_true(occ_is_ok(source.read(source.ctx, &err, bytes, sizeof bytes, &len)));
            assert_int_equal(len, 0);
        }
    }
    occ_audit_input_clear(&input);
}

static void
test_refusals(void **state)
{
    (void)state;
    struct occ_audit_input input = OCC_AUDIT_INPUT_INIT;
    struct occ_error err = { 0 };
    assert_int_equal(occ_audit_input_add(&input, in_folder("nothing"), &err).code, OCC_ERR_NOT_FOUND);
    assert_non_null(strstr(err.text, "nothing: No such file or directory"));
    assert_true(occ_is_ok(occ_audit_input_add(&input, "-", &err)));
    assert_int_equal(occ_audit_input_add(&input, "-", &err).code, OCC_ERR_USAGE);
    assert_string_equal(err.text, "\"-\" twice, expected standard input only once");
    assert_int_equal(input.count, 1);
    occ_audit_input_clear(&input);

    /* A file that goes away between looking and reading. */
    bool more = false;
    write_file("gone.json", "");
    assert_true(occ_is_ok(occ_audit_input_add(&input, in_folder("gone.json"), &err)));
    assert_int_equal(unlink(in_folder("gone.json")), 0);
    const struct occ_pipeline_source source = occ_audit_input_source(&input);
    assert_int_equal(source.next(source.ctx, &err, &more).code, OCC_ERR_NOT_FOUND);
    occ_audit_input_clear(&input);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_streams),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, make_tree, remove_tree);
}
