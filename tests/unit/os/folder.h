/* folder.h — a folder for one test, removed with what is in it. */
#ifndef TESTS_UNIT_OS_FOLDER_H
#define TESTS_UNIT_OS_FOLDER_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct folder {
    char path[64];
    char joined[512];
};

static inline void
folder_make(struct folder *folder)
{
    snprintf(folder->path, sizeof folder->path, "/tmp/occ-test-XXXXXX");
    if (mkdtemp(folder->path) == NULL) {
        abort();
    }
}

/* The path of name in the folder; valid until the next call. */
static inline const char *
folder_join(struct folder *folder, const char *name)
{
    snprintf(folder->joined, sizeof folder->joined, "%s/%s", folder->path, name);
    return folder->joined;
}

static inline int
folder_remove_one(const char *path, const struct stat *status, int type, struct FTW *where)
{
    (void)status;
    (void)type;
    (void)where;
    return remove(path);
}

static inline void
folder_remove(struct folder *folder)
{
    nftw(folder->path, folder_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

#endif
