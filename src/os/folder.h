/*
 * folder.h — what lies in a folder, in an order that does not depend on the file system.
 */
#ifndef OCC_OS_FOLDER_H
#define OCC_OS_FOLDER_H

#include "base/buf.h"

/* True if the path is a folder. */
bool occ_folder_is(const char *path);

struct occ_folder {
    char **names; /* sorted by their bytes; without "." and ".." and what begins with '.' */
    size_t count;
};

/* Lists a folder; at most max names, else OCC_ERR_LIMIT. Errors name the path. Clear it with occ_folder_clear. */
OCC_RESULT occ_folder_list(const char *path, size_t max, struct occ_error *err, struct occ_folder *ret_folder);
void occ_folder_clear(struct occ_folder *folder);

/*
 * Appends the content of a file, or, of a folder, of every file in it whose name ends in one of endings (NULL at the end), in
 * the names' order, each of these followed by a line's end. OCC_ERR_NOT_FOUND if a folder has none; else as occ_file_read.
 */
OCC_RESULT occ_folder_read(const char *path, const char *const *endings, struct occ_error *err, struct occ_buf *buf);

/* Removes a folder and the files in it; a folder in it is a failure. One that is not there is a success. */
OCC_RESULT occ_folder_remove_files(const char *path, struct occ_error *err);

#endif
