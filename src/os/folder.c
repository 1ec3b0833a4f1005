/* folder.c — see folder.h. */
#include "os/folder.h"

#include <dirent.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/fd.h"
#include "os/file.h"

enum { NAMES_MAX = 4096, PATH_LEN_MAX = 8192 };

bool
occ_folder_is(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

void
occ_folder_clear(struct occ_folder *folder)
{
    for (size_t i = 0; i < folder->count; i++) {
        free(folder->names[i]);
    }
    free((void *)folder->names);
    *folder = (struct occ_folder){ 0 };
}

static int
is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* By bytes: alphasort asks the locale. */
static int
by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* Copies the names; frees the entries. */
static OCC_RESULT
take_names(struct dirent **entries, size_t count, struct occ_folder *folder)
{
    folder->names = count == 0 ? NULL : calloc(count, sizeof folder->names[0]);
    bool complete = folder->names != NULL || count == 0;
    for (size_t i = 0; i < count; i++) {
        if (complete) {
            folder->names[i] = strdup(entries[i]->d_name);
            complete = folder->names[i] != NULL;
            folder->count += complete;
        }
        free(entries[i]);
    }
    free((void *)entries);
    OCC_ENSURE(complete, OCC_ERR_NOMEM);
    return occ_success();
}

struct occ_result
occ_folder_list(const char *path, size_t max, struct occ_error *err, struct occ_folder *ret_folder)
{
    struct dirent **entries = NULL;
    const int found = scandir(path, &entries, is_visible, by_name);
    if (found < 0) {
        return occ_fd_fail(err, "cannot read folder", path);
    }
    struct occ_folder folder = { 0 };
    const struct occ_result taken = take_names(entries, (size_t)found, &folder);
    if (occ_is_ok(taken) && folder.count <= max) {
        *ret_folder = folder;
        return taken;
    }
    const size_t count = folder.count;
    occ_folder_clear(&folder);
    return occ_is_ok(taken) ? occ_error_set(err, OCC_ERR_LIMIT, "%s: %zu files, expected at most %zu", path, count, max)
                            : occ_error_code(err, taken.code);
}

static bool
ends_in(const char *name, const char *const *endings)
{
    const size_t len = strlen(name);
    for (; *endings != NULL; endings++) {
        const size_t ending = strlen(*endings);
        if (len > ending && strcmp(name + len - ending, *endings) == 0) {
            return true;
        }
    }
    return false;
}

static OCC_RESULT
append_folder(const char *path, const struct occ_folder *folder, const char *const *endings, struct occ_error *err,
              struct occ_buf *buf)
{
    size_t taken = 0;
    for (size_t i = 0; i < folder->count; i++) {
        if (!ends_in(folder->names[i], endings)) {
            continue;
        }
        OCC_BUF_AUTO(full, PATH_LEN_MAX);
        occ_buf_put_str(&full, path);
        occ_buf_put_byte(&full, '/');
        occ_buf_put_str(&full, folder->names[i]);
        occ_buf_put_byte(&full, '\0');
        const struct occ_result joined = occ_buf_check(&full);
        if (!occ_is_ok(joined)) {
            return occ_error_code(err, joined.code);
        }
        OCC_TRY(occ_file_read((const char *)full.ptr, err, buf));
        occ_buf_put_byte(buf, '\n');
        taken++;
    }
    if (taken > 0) {
        const struct occ_result put = occ_buf_check(buf);
        return occ_is_ok(put) ? put : occ_error_code(err, put.code);
    }
    return occ_error_set(err, OCC_ERR_NOT_FOUND, "%s: no file in it ends in %s", path, endings[0]);
}

struct occ_result
occ_folder_read(const char *path, const char *const *endings, struct occ_error *err, struct occ_buf *buf)
{
    if (!occ_folder_is(path)) {
        return occ_file_read(path, err, buf);
    }
    struct occ_folder folder = { 0 };
    OCC_TRY(occ_folder_list(path, NAMES_MAX, err, &folder));
    const struct occ_result appended = append_folder(path, &folder, endings, err, buf);
    occ_folder_clear(&folder);
    return appended;
}

static OCC_RESULT
remove_file(const char *folder, const char *name, struct occ_error *err)
{
    OCC_BUF_AUTO(path, PATH_LEN_MAX);
    occ_buf_put_format(&path, "%s/%s", folder, name);
    occ_buf_put_byte(&path, 0);
    const struct occ_result put = occ_buf_check(&path);
    if (!occ_is_ok(put)) {
        return occ_error_code(err, put.code);
    }
    return unlink((const char *)path.ptr) == 0 ? occ_success()
                                               : occ_fd_fail(err, "cannot remove", (const char *)path.ptr);
}

struct occ_result
occ_folder_remove_files(const char *path, struct occ_error *err)
{
    if (!occ_folder_is(path)) {
        return occ_success();
    }
    struct occ_folder folder = { 0 };
    OCC_TRY(occ_folder_list(path, NAMES_MAX, err, &folder));
    struct occ_result removed = occ_success();
    for (size_t i = 0; i < folder.count && occ_is_ok(removed); i++) {
        removed = remove_file(path, folder.names[i], err);
    }
    occ_folder_clear(&folder);
    OCC_TRY(removed);
    return rmdir(path) == 0 ? occ_success() : occ_fd_fail(err, "cannot remove", path);
}
