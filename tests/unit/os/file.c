/* file.c — reading, atomic writing, locks; each refusal with its reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "os/file.h"
#include "unit/os/folder.h"

static struct folder folder;

static int
set_up(void **state)
{
    (void)state;
    folder_make(&folder);
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    folder_remove(&folder);
    return 0;
}

static void
write_file(const char *name, const char *content)
{
    FILE *const file = fopen(folder_join(&folder, name), "wb");
    assert_non_null(file);
    assert_true(fputs(content, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void
assert_content(const char *name, const char *content)
{
    OCC_BUF_AUTO(buf, 1 << 20);
    assert_int_equal(occ_file_read(folder_join(&folder, name), NULL, &buf).code, OCC_OK);
    assert_true(occ_bytes_is(occ_buf_view(&buf), content));
}

static size_t
count_files(void)
{
    DIR *const dir = opendir(folder.path);
    assert_non_null(dir);
    size_t count = 0;
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        count += entry->d_name[0] != '.';
    }
    closedir(dir);
    return count;
}

/* ---- reading ---- */

static void
test_read(void **state)
{
    (void)state;
    write_file("a", "hello");
    assert_content("a", "hello");
    write_file("empty", "");
    assert_content("empty", "");
}

static void
test_read_limit(void **state)
{
    (void)state;
    write_file("a", "12345678");
    struct occ_error err;
    OCC_BUF_AUTO(exact, 8);
    assert_int_equal(occ_file_read(folder_join(&folder, "a"), &err, &exact).code, OCC_OK);
    assert_int_equal(exact.len, 8);
    OCC_BUF_AUTO(small, 7);
    assert_int_equal(occ_file_read(folder_join(&folder, "a"), &err, &small).code, OCC_ERR_LIMIT);
    assert_non_null(strstr(err.text, folder.path));
}

/* A pipe has no size to look at first: its end is found by reading. */
static void
test_read_pipe_limit(void **state)
{
    (void)state;
    for (size_t limit = 7; limit <= 9; limit++) {
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        assert_int_equal(write(ends[1], "12345678", 8), 8);
        close(ends[1]);
        const int saved = dup(STDIN_FILENO);
        dup2(ends[0], STDIN_FILENO);
        OCC_BUF_AUTO(buf, limit);
        const enum occ_err code = occ_file_read("-", NULL, &buf).code;
        dup2(saved, STDIN_FILENO);
        close(saved);
        close(ends[0]);
        assert_int_equal(code, limit < 8 ? OCC_ERR_LIMIT : OCC_OK);
    }
}

static void
test_read_refusals(void **state)
{
    (void)state;
    struct occ_error err;
    OCC_BUF_AUTO(buf, 100);
    assert_int_equal(occ_file_read(folder_join(&folder, "none"), &err, &buf).code, OCC_ERR_NOT_FOUND);
    assert_non_null(strstr(err.text, "none"));
    assert_non_null(strstr(err.text, "No such file"));
    assert_int_equal(occ_file_read(folder.path, &err, &buf).code, OCC_ERR_IO);
    assert_non_null(strstr(err.text, "directory"));
}

static void
test_open_and_stdin(void **state)
{
    (void)state;
    write_file("a", "hello");
    int fd = -1;
    uint64_t size = 0;
    assert_int_equal(occ_file_open(folder_join(&folder, "a"), NULL, &fd, &size).code, OCC_OK);
    assert_int_equal(size, 5);
    uint8_t bytes[10];
    size_t len = 0;
    assert_int_equal(occ_file_read_some(fd, NULL, bytes, sizeof bytes, &len).code, OCC_OK);
    assert_int_equal(len, 5);
    assert_int_equal(occ_file_read_some(fd, NULL, bytes, sizeof bytes, &len).code, OCC_OK);
    assert_int_equal(len, 0);

    const int saved = dup(STDIN_FILENO);
    lseek(fd, 0, SEEK_SET);
    dup2(fd, STDIN_FILENO);
    occ_file_close(fd);
    OCC_BUF_AUTO(buf, 100);
    assert_int_equal(occ_file_read("-", NULL, &buf).code, OCC_OK);
    assert_true(occ_bytes_is(occ_buf_view(&buf), "hello"));
    assert_int_not_equal(fcntl(STDIN_FILENO, F_GETFD), -1); /* ours is still open */
    dup2(saved, STDIN_FILENO);
    close(saved);
    assert_int_equal(occ_file_read_some(-1, NULL, bytes, sizeof bytes, &len).code, OCC_ERR_IO);
}

/* ---- writing ---- */

static void
test_write_new(void **state)
{
    (void)state;
    struct occ_error err;
    const char *const path = folder_join(&folder, "new");
    assert_int_equal(occ_file_write_atomic(path, occ_bytes_str("one"), false, &err).code, OCC_OK);
    assert_content("new", "one");
    assert_int_equal(occ_file_write_atomic(folder_join(&folder, "new"), occ_bytes_str("two"), false, &err).code,
                     OCC_ERR_STATE);
    assert_non_null(strstr(err.text, "exists already"));
    assert_content("new", "one");
    assert_int_equal(count_files(), 1); /* no temporary file stays */
}

static void
test_write_over(void **state)
{
    (void)state;
    write_file("a", "one");
    assert_int_equal(chmod(folder_join(&folder, "a"), 0640), 0);
    assert_int_equal(occ_file_write_atomic(folder_join(&folder, "a"), occ_bytes_str("two"), true, NULL).code, OCC_OK);
    assert_content("a", "two");
    struct stat status;
    assert_int_equal(stat(folder_join(&folder, "a"), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0640);
    assert_int_equal(count_files(), 1);
    assert_int_equal(occ_file_write_atomic(folder_join(&folder, "b"), occ_bytes_str(""), true, NULL).code, OCC_OK);
    assert_content("b", "");
}

/* A reader that has the old file open goes on reading the old content. */
static void
test_write_is_atomic(void **state)
{
    (void)state;
    write_file("a", "old");
    const int fd = open(folder_join(&folder, "a"), O_RDONLY);
    assert_int_equal(occ_file_write_atomic(folder_join(&folder, "a"), occ_bytes_str("new one"), true, NULL).code,
                     OCC_OK);
    char bytes[10] = "";
    assert_int_equal(read(fd, bytes, sizeof bytes), 3);
    assert_string_equal(bytes, "old");
    close(fd);
}

static void
test_write_refusals(void **state)
{
    (void)state;
    struct occ_error err;
    assert_int_equal(occ_file_write_atomic(folder_join(&folder, "no/a"), occ_bytes_str("x"), true, &err).code,
                     OCC_ERR_NOT_FOUND);
    /* Not in the place of a link or a device. */
    write_file("target", "kept");
    char target[512];
    snprintf(target, sizeof target, "%s", folder_join(&folder, "target"));
    assert_int_equal(symlink(target, folder_join(&folder, "link")), 0);
    assert_int_equal(occ_file_write_atomic(folder_join(&folder, "link"), occ_bytes_str("x"), true, &err).code,
                     OCC_ERR_STATE);
    assert_int_equal(occ_file_write_atomic(folder_join(&folder, "link"), occ_bytes_str("x"), false, &err).code,
                     OCC_ERR_STATE);
    assert_content("target", "kept");
    assert_int_equal(occ_file_write_atomic("/dev/null", occ_bytes_str("x"), true, &err).code, OCC_ERR_STATE);
    assert_int_equal(count_files(), 2);
}

/* Fills a temporary file as somebody else would; ctx is the code with which it ends. */
static struct occ_result
fill(void *ctx, const char *temporary, struct occ_error *err)
{
    FILE *const file = fopen(temporary, "r+b");
    assert_non_null(file);
    assert_int_equal(fgetc(file), EOF);
    assert_true(fputs("filled", file) >= 0);
    assert_int_equal(fclose(file), 0);
    const enum occ_err code = *(enum occ_err *)ctx;
    return code == OCC_OK ? occ_success() : occ_error_set(err, code, "not filled");
}

static void
test_make(void **state)
{
    (void)state;
    enum occ_err code = OCC_ERR_BUSY;
    struct occ_error err = { 0 };
    assert_int_equal(occ_file_make(folder_join(&folder, "a"), fill, &code, &err).code, OCC_ERR_BUSY);
    assert_int_equal(count_files(), 0);
    code = OCC_OK;
    assert_int_equal(occ_file_make(folder_join(&folder, "a"), fill, &code, &err).code, OCC_OK);
    assert_content("a", "filled");
    struct stat status;
    assert_int_equal(stat(folder_join(&folder, "a"), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    write_file("a", "kept");
    assert_int_equal(occ_file_make(folder_join(&folder, "a"), fill, &code, &err).code, OCC_ERR_STATE);
    assert_content("a", "kept");
    assert_int_equal(count_files(), 1);
    assert_int_equal(occ_file_make(folder_join(&folder, "no/a"), fill, &code, &err).code, OCC_ERR_NOT_FOUND);
}

static void
test_make_empty(void **state)
{
    (void)state;
    struct occ_error err = { 0 };
    struct stat status;
    const mode_t before = umask(0);
    assert_int_equal(occ_file_make_empty(folder_join(&folder, "a"), &err).code, OCC_OK);
    umask(before);
    assert_int_equal(stat(folder_join(&folder, "a"), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(status.st_size, 0);
    write_file("a", "kept");
    assert_int_equal(occ_file_make_empty(folder_join(&folder, "a"), &err).code, OCC_OK);
    assert_content("a", "kept");
    assert_int_equal(occ_file_make_empty(folder_join(&folder, "no/a"), &err).code, OCC_ERR_NOT_FOUND);
}

/* A write that cannot be finished leaves the old content and no second file. */
static void
test_write_full_disk(void **state)
{
    (void)state;
    write_file("a", "old");
    const pid_t child = fork();
    if (child == 0) {
        signal(SIGXFSZ, SIG_IGN);
        const struct rlimit small = { 4, 4 }; /* bytes that a file may have: the fifth fails as on a full disk */
        struct occ_error err;
        const bool set = setrlimit(RLIMIT_FSIZE, &small) == 0;
        const struct occ_result result =
            occ_file_write_atomic(folder_join(&folder, "a"), occ_bytes_str("longer"), true, &err);
        _exit(set && result.code == OCC_ERR_IO && strstr(err.text, "cannot write /tmp/") != NULL ? 0 : 1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
    assert_content("a", "old");
    assert_int_equal(count_files(), 1);
    const int full = open("/dev/full", O_WRONLY);
    struct occ_error err;
    assert_int_equal(occ_file_write_all(full, occ_bytes_str("x"), &err).code, OCC_ERR_IO);
    assert_non_null(strstr(err.text, "No space"));
    close(full);
}

static void
test_write_all(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(occ_file_write_all(ends[1], occ_bytes_str("abc"), NULL).code, OCC_OK);
    char bytes[4] = "";
    assert_int_equal(read(ends[0], bytes, 3), 3);
    assert_string_equal(bytes, "abc");
    close(ends[0]);
    close(ends[1]);
    assert_int_equal(occ_file_write_all(ends[1], occ_bytes_str("abc"), NULL).code, OCC_ERR_IO);
}

/* ---- folders, locks, self ---- */

static void
test_make_folder(void **state)
{
    (void)state;
    assert_int_equal(occ_file_make_folder(folder_join(&folder, "a/b//c/"), NULL).code, OCC_OK);
    struct stat status;
    assert_int_equal(stat(folder_join(&folder, "a/b/c"), &status), 0);
    assert_true(S_ISDIR(status.st_mode));
    assert_int_equal(status.st_mode & 0777, 0700);
    assert_int_equal(occ_file_make_folder(folder_join(&folder, "a/b/c"), NULL).code, OCC_OK);
    write_file("file", "");
    struct occ_error err;
    assert_int_equal(occ_file_make_folder(folder_join(&folder, "file"), &err).code, OCC_ERR_STATE);
    assert_int_equal(occ_file_make_folder(folder_join(&folder, "file/x"), &err).code, OCC_ERR_STATE);
    assert_int_equal(occ_file_make_folder("", &err).code, OCC_ERR_NOT_FOUND);
}

/* Two processes: the second is told who has the lock; when the first is gone, it gets it. */
static void
test_lock(void **state)
{
    (void)state;
    int ready[2], go[2];
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(go), 0);
    const pid_t child = fork();
    if (child == 0) {
        int fd = -1;
        const bool locked = occ_is_ok(occ_file_lock(folder_join(&folder, "lock"), NULL, &fd));
        char byte = locked ? 'y' : 'n';
        const bool told = write(ready[1], &byte, 1) == 1 && read(go[0], &byte, 1) == 1;
        _exit(locked && told ? 0 : 1); /* the lock ends with the process */
    }
    char byte = 0;
    assert_int_equal(read(ready[0], &byte, 1), 1);
    assert_int_equal(byte, 'y');
    int fd = -1;
    struct occ_error err;
    assert_int_equal(occ_file_lock(folder_join(&folder, "lock"), &err, &fd).code, OCC_ERR_LOCKED);
    char expected[64];
    snprintf(expected, sizeof expected, "in use by process %ld", (long)child);
    assert_non_null(strstr(err.text, expected));
    assert_int_equal(write(go[1], "x", 1), 1);
    int status = 0;
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
    assert_int_equal(occ_file_lock(folder_join(&folder, "lock"), &err, &fd).code, OCC_OK);
    occ_file_close(fd);
    assert_int_equal(occ_file_lock(folder_join(&folder, "none/lock"), &err, &fd).code, OCC_ERR_NOT_FOUND);
}

static void
test_self_path(void **state)
{
    (void)state;
    OCC_BUF_AUTO(buf, 4096);
    assert_int_equal(occ_file_self_path(NULL, &buf).code, OCC_OK);
    assert_int_equal(strlen((const char *)buf.ptr), buf.len);
    assert_non_null(strstr((const char *)buf.ptr, "/unit_os_file"));
    OCC_BUF_AUTO(small, 4);
    assert_int_equal(occ_file_self_path(NULL, &small).code, OCC_ERR_LIMIT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_read_limit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_read_pipe_limit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_read_refusals, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_open_and_stdin, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_write_new, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_write_over, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_write_is_atomic, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_write_refusals, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_make, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_make_empty, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_write_full_disk, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_write_all, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_make_folder, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_lock, set_up, tear_down),
        cmocka_unit_test(test_self_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
