#include "cli/audit_input.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "cli/input.h"
#include "os/file.h"
#include "os/folder.h"

enum { LONGEST_PATH = 64 << 10, DEEPEST = 64 };

void
occ_audit_input_clear(struct occ_audit_input *input)
{
    for (size_t i = 0; i < input->count; i++) {
        free(input->names[i]);
    }
    free((void *)input->names);
    if (input->fd >= 0) {
        occ_file_close(input->fd);
    }
    *input = OCC_AUDIT_INPUT_INIT;
}

static OCC_RESULT
add_name(struct occ_audit_input *input, const char *path, struct occ_error *err)
{
    if (input->count == OCC_LIMIT_AUDIT_FILES) {
        return occ_error_set(err, OCC_ERR_USAGE, "more than %d files, put the proofs into fewer",
                             OCC_LIMIT_AUDIT_FILES);
    }
    if (input->count == input->cap) {
        const size_t cap = input->cap == 0 ? 16 : 2 * input->cap;
        char **names = reallocarray((void *)input->names, cap, sizeof names[0]);
        if (names == NULL) {
            return occ_error_code(err, OCC_ERR_NOMEM);
        }
        input->names = names;
        input->cap = cap;
    }
    char *name = strdup(path);
    if (name == NULL) {
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    input->names[input->count] = name;
    input->count++;
    return occ_success();
}

/* ---- folders ---- */

static bool
ends_in(const char *name, const char *ending)
{
    const size_t len = strlen(name);
    const size_t ending_len = strlen(ending);
    return len > ending_len && strcmp(name + len - ending_len, ending) == 0;
}

static OCC_RESULT
fail(const char *doing, const char *path, struct occ_error *err)
{
    const int reason = errno;
    char text[128];
    const enum occ_err code = reason == ENOENT   ? OCC_ERR_NOT_FOUND
                              : reason == EACCES ? OCC_ERR_DENIED
                              : reason == ENOMEM ? OCC_ERR_NOMEM
                                                 : OCC_ERR_IO;
    return occ_error_set(err, code, "cannot %s %s: %s", doing, path, strerror_r(reason, text, sizeof text));
}

static OCC_RESULT add_folder(struct occ_audit_input *input, const char *path, unsigned depth, struct occ_error *err);

static OCC_RESULT
add_entry(struct occ_audit_input *input, const char *folder, const char *name, unsigned depth, struct occ_error *err)
{
    OCC_BUF_AUTO(path, LONGEST_PATH);
    occ_buf_put_str(&path, folder);
    occ_buf_put_str(&path, folder[strlen(folder) - 1] == '/' ? "" : "/");
    occ_buf_put_str(&path, name);
    occ_buf_put_byte(&path, 0);
    const struct occ_result put = occ_buf_check(&path);
    if (!occ_is_ok(put)) {
        return occ_error_code(err, put.code);
    }
    const char *whole = (const char *)path.ptr;
    struct stat status;
    if (lstat(whole, &status) != 0) {
        return fail("look at", whole, err);
    }
    if (S_ISDIR(status.st_mode)) {
        return add_folder(input, whole, depth + 1, err);
    }
    const bool wanted = ends_in(name, ".json") || ends_in(name, ".jsonl") || ends_in(name, ".ndjson");
    if (!wanted || stat(whole, &status) != 0 || !S_ISREG(status.st_mode)) {
        return occ_success();
    }
    return add_name(input, whole, err);
}

static OCC_RESULT
add_folder(struct occ_audit_input *input, const char *path, unsigned depth, struct occ_error *err)
{
    if (depth > DEEPEST) {
        return occ_error_set(err, OCC_ERR_USAGE, "%s: folders in folders, deeper than %d", path, DEEPEST);
    }
    __attribute__((cleanup(occ_folder_clear))) struct occ_folder folder = { 0 };
    OCC_TRY(occ_folder_list(path, OCC_LIMIT_AUDIT_FILES, err, &folder));
    for (size_t i = 0; i < folder.count; i++) {
        OCC_TRY(add_entry(input, path, folder.names[i], depth, err));
    }
    return occ_success();
}

struct occ_result
occ_audit_input_add(struct occ_audit_input *input, const char *path, struct occ_error *err)
{
    if (strcmp(path, "-") == 0) {
        for (size_t i = 0; i < input->count; i++) {
            if (strcmp(input->names[i], "-") == 0) {
                return occ_error_set(err, OCC_ERR_USAGE, "\"-\" twice, expected standard input only once");
            }
        }
        return add_name(input, path, err);
    }
    struct stat status;
    if (stat(path, &status) != 0) {
        return fail("open", path, err);
    }
    return S_ISDIR(status.st_mode) ? add_folder(input, path, 0, err) : add_name(input, path, err);
}

/* ---- as streams ---- */

static struct occ_result
next_file(void *ctx, struct occ_error *err, bool *ret_more)
{
    struct occ_audit_input *input = ctx;
    if (input->fd >= 0) {
        occ_file_close(input->fd);
        input->fd = -1;
    }
    *ret_more = input->next < input->count;
    if (!*ret_more) {
        return occ_success();
    }
    uint64_t size = 0;
    OCC_TRY(occ_file_open(input->names[input->next], err, &input->fd, &size));
    input->next++;
    return occ_success();
}

static struct occ_result
read_file(void *ctx, struct occ_error *err, uint8_t *ret, size_t cap, size_t *ret_len)
{
    const struct occ_audit_input *input = ctx;
    struct occ_error why = { 0 };
    const struct occ_result result = occ_file_read_some(input->fd, &why, ret, cap, ret_len);
    if (!occ_is_ok(result)) {
        return occ_error_set(err, result.code, "%s: %s", occ_input_name(input->names[input->next - 1]), why.text);
    }
    return result;
}

struct occ_pipeline_source
occ_audit_input_source(struct occ_audit_input *input)
{
    return (struct occ_pipeline_source){ .ctx = input, .next = next_file, .read = read_file };
}
