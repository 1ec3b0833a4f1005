/*
 * tests/unit/ledger/damage.c — bytes of the files that are not what was written: noticed, or without consequence, and never another
 * proof than the one that was put.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "unit/ledger/support.h"

enum { ENTRIES = 12, COUNT = 25 };

struct file {
    uint8_t *bytes;
    size_t len;
};

static char *
path_of(const char *folder, const char *name)
{
    char *path = NULL;
    assert_true(asprintf(&path, "%s/%s", folder, name) > 0);
    return path;
}

static struct file
read_file(const char *folder, const char *name)
{
    char *const path = path_of(folder, name);
    struct file file = { 0 };
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    file.len = (size_t)status.st_size;
    file.bytes = malloc(file.len);
    FILE *const stream = fopen(path, "rb");
    assert_true(stream != NULL && file.bytes != NULL);
    assert_int_equal(fread(file.bytes, 1, file.len, stream), file.len);
    fclose(stream);
    free(path);
    return file;
}

static void
write_file(const char *folder, const char *name, const struct file *file)
{
    char *const path = path_of(folder, name);
    FILE *const stream = fopen(path, "wb");
    assert_non_null(stream);
    assert_int_equal(fwrite(file->bytes, 1, file->len, stream), file->len);
    fclose(stream);
    free(path);
}

/* A proof that is found is one that was put. */
static struct occ_result
compare(void *ctx, const struct occ_ledger_found *found)
{
    size_t *const count = ctx;
    ++*count;
    const struct occ_ledger_proof proof = make_proof("e", "", found->counter);
    assert_true(occ_bytes_is(found->epoch_id, "e") && found->chain_id.len == 0);
    assert_true(occ_bytes_equal(proof.text, found->text));
    assert_true(found->counter >= COUNT && found->counter < (ENTRIES + 1) * COUNT);
    assert_int_equal(found->position, found->counter / COUNT);
    free((void *)(uintptr_t)proof.text.ptr);
    return occ_success();
}

static bool
is_notice(enum occ_err code)
{
    return code == OCC_ERR_LEDGER_CORRUPT || code == OCC_ERR_LEDGER_FOREIGN || code == OCC_ERR_IO ||
           code == OCC_ERR_BUSY || code == OCC_ERR_LEDGER_READ_ONLY || code == OCC_ERR_INTERNAL ||
           code == OCC_ERR_NOT_FOUND;
}

/* Reads all in every way; whether something was noticed. */
static bool
read_all(const char *folder)
{
    const struct occ_ledger_options options = { .folder = folder };
    struct occ_error err;
    struct occ_ledger_reader *reader;
    const struct occ_result opened = occ_ledger_reader_new(NULL, &options, &err, &reader);
    if (!occ_is_ok(opened)) {
        assert_true(is_notice(opened.code));
        return true;
    }
    size_t count = 0;
    uint64_t cursor = 0;
    bool noticed = false;
    struct occ_result result = occ_ledger_walk(reader, &cursor, SIZE_MAX, compare, &count, &err);
    noticed = !occ_is_ok(result) || count != ENTRIES * COUNT;
    assert_true(occ_is_ok(result) || is_notice(result.code));
    count = 0;
    result = occ_ledger_by_counter(reader, occ_bytes_str("e"), occ_bytes_str(""), 1, SIZE_MAX, compare, &count, &err);
    assert_true(occ_is_ok(result) || is_notice(result.code));
    noticed = noticed || !occ_is_ok(result) || count != ENTRIES * COUNT;
    for (uint64_t counter = COUNT; counter < (ENTRIES + 1) * COUNT; counter += 41) {
        uint8_t digest[32];
        digest_of(counter, digest);
        count = 0;
        result = occ_ledger_by_digest(reader, digest, compare, &count, &err);
        assert_true(occ_is_ok(result) || is_notice(result.code));
        assert_true(!occ_is_ok(result) || count <= 1);
        noticed = noticed || !occ_is_ok(result) || count != 1;
    }
    occ_ledger_reader_free(reader);
    return noticed;
}

static void
count_problem(void *ctx, const char *sentence)
{
    assert_true(strlen(sentence) > 5);
    ++*(size_t *)ctx;
}

/* Whether the check finds something; a ledger that cannot be opened is something. */
static bool
check(const char *folder)
{
    const struct occ_ledger_options options = { .folder = folder };
    struct occ_error err;
    struct occ_ledger_reader *reader;
    if (!occ_is_ok(occ_ledger_reader_new(NULL, &options, &err, &reader))) {
        return true;
    }
    size_t problems = 0;
    const struct occ_result result = occ_ledger_check(reader, count_problem, NULL, &problems, &err);
    occ_ledger_reader_free(reader);
    return problems > 0 || !occ_is_ok(result);
}

static char *
make_ledger(void)
{
    char *const folder = make_folder();
    struct occ_error err;
    struct occ_ledger *const ledger = open_ledger(folder);
    for (uint64_t position = 1; position <= ENTRIES; position++) {
        assert_ok(put_entry(ledger, "e", "", position, position * COUNT, COUNT, &err));
    }
    occ_ledger_close(ledger);
    return folder;
}

static void
flip_everywhere(const char *name, size_t step)
{
    char *const folder = make_ledger();
    struct file file = read_file(folder, name);
    assert_false(read_all(folder));
    assert_false(check(folder));
    size_t noticed = 0;
    for (size_t at = 0; at < file.len; at += step) {
        const uint8_t before = file.bytes[at];
        file.bytes[at] ^= (uint8_t)(1u << at % 8);
        write_file(folder, name, &file);
        const bool was_noticed = read_all(folder);
        /* What is read otherwise than it was written is found by the check, too. */
        if (was_noticed && strcmp(name, "ledger.db") == 0) {
            noticed++;
            assert_true(check(folder));
        }
        file.bytes[at] = before;
    }
    assert_true(strcmp(name, "ledger.db") != 0 || noticed > 20);
    write_file(folder, name, &file);
    assert_false(read_all(folder));
    free(file.bytes);
    remove_folder(folder);
}

static void
test_flipped_in_ledger(void **state)
{
    (void)state;
    flip_everywhere("ledger.db", 331);
}

static void
test_flipped_in_index(void **state)
{
    (void)state;
    flip_everywhere("index.db", 97);
}

/* Files that end early. */
static void
test_cut(void **state)
{
    (void)state;
    char *const folder = make_ledger();
    struct file file = read_file(folder, "ledger.db");
    const size_t len = file.len;
    for (file.len = 0; file.len < len; file.len += 3001) {
        write_file(folder, "ledger.db", &file);
        assert_true(read_all(folder));
    }
    free(file.bytes);
    remove_folder(folder);
}

/* A row is damaged under a running service: others are found, and more can be written. */
static void
test_damaged_row(void **state)
{
    (void)state;
    char *const folder = make_ledger();
    struct file file = read_file(folder, "ledger.db");
    char needle[64];
    (void)snprintf(needle, sizeof needle, "\"counter\":\"%d\"", 5 * COUNT + 3);
    uint8_t *const at = memmem(file.bytes, file.len, needle, strlen(needle));
    assert_non_null(at);
    at[2] ^= 1;
    write_file(folder, "ledger.db", &file);
    free(file.bytes);
    struct occ_ledger *const ledger = open_ledger(folder);
    struct occ_ledger_reader *const reader = open_reader(ledger, folder);
    struct occ_error err = { 0 };
    size_t count = 0;
    uint8_t digest[32];
    digest_of(6 * COUNT, digest);
    assert_ok(occ_ledger_by_digest(reader, digest, compare, &count, &err));
    assert_int_equal(count, 1);
    digest_of(5 * COUNT, digest);
    assert_code(occ_ledger_by_digest(reader, digest, compare, &count, &err), OCC_ERR_LEDGER_CORRUPT);
    assert_non_null(strstr(err.text, "row 5 "));
    assert_ok(put_entry(ledger, "e", "", ENTRIES + 1, (ENTRIES + 1) * COUNT, 1, &err));
    /* It cannot be seen any more that this is the same. */
    assert_code(put_entry(ledger, "e", "", 5, 5 * COUNT, COUNT, &err), OCC_ERR_LEDGER_CORRUPT);
    occ_ledger_reader_free(reader);
    occ_ledger_close(ledger);
    remove_folder(folder);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flipped_in_ledger),
        cmocka_unit_test(test_flipped_in_index),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_damaged_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
