/* folder.c — see folder.h. */
#include "os/folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

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
    free(folder->names);
    *folder = (struct occ_folder){ 0 };
}

static void
close_folder(DIR **folder)
{
    if (*folder != NULL) {
        (void)closedir(*folder);
    }
}

static OCC_RESULT
add_name(struct occ_folder *folder, size_t *cap, const char *name)
{
    if (folder->count == *cap) {
        const size_t grown = *cap == 0 ? 64 : 2 * *cap;
        char **names = realloc(folder->names, grown * sizeof names[0]);
        OCC_ENSURE(names != NULL, OCC_ERR_NOMEM);
        folder->names = names;
        *cap = grown;
    }
    folder->names[folder->count] = strdup(name);
    OCC_ENSURE(folder->names[folder->count] != NULL, OCC_ERR_NOMEM);
    folder->count++;
    return occ_success();
}

static int
compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Reads all names; errno tells the end from a failure. */
static OCC_RESULT
read_names(DIR *stream, const char *path, size_t max, struct occ_error *err, struct occ_folder *folder)
{
    size_t cap = 0;
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(stream);
        if (entry == NULL && errno != 0) {
            return occ_error_set(err, OCC_ERR_IO, "%s: %s", path, strerror(errno));
        }
        if (entry == NULL) {
            return occ_success();
        }
        if (entry->d_name[0] == '.') {
            continue;
        }
        if (folder->count == max) {
            return occ_error_set(err, OCC_ERR_LIMIT, "%s: more than %zu files", path, max);
        }
        const struct occ_result added = add_name(folder, &cap, entry->d_name);
        if (!occ_is_ok(added)) {
            return occ_error_code(err, added.code);
        }
    }
}

struct occ_result
occ_folder_list(const char *path, size_t max, struct occ_error *err, struct occ_folder *ret_folder)
{
    __attribute__((cleanup(close_folder))) DIR *stream = opendir(path);
    if (stream == NULL) {
        const enum occ_err code = errno == ENOENT   ? OCC_ERR_NOT_FOUND
                                  : errno == EACCES ? OCC_ERR_DENIED
                                  : errno == ENOMEM ? OCC_ERR_NOMEM
                                                    : OCC_ERR_IO;
        return occ_error_set(err, code, "%s: %s", path, strerror(errno));
    }
    struct occ_folder folder = { 0 };
    const struct occ_result read = read_names(stream, path, max, err, &folder);
    if (!occ_is_ok(read)) {
        occ_folder_clear(&folder);
        return read;
    }
    if (folder.count > 1) {
        qsort(folder.names, folder.count, sizeof folder.names[0], compare_names);
    }
    *ret_folder = folder;
    return occ_success();
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
    __attribute__((cleanup(occ_folder_clear))) struct occ_folder folder = { 0 };
    OCC_TRY(occ_folder_list(path, NAMES_MAX, err, &folder));
    return append_folder(path, &folder, endings, err, buf);
}
