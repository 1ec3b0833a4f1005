/*
 * draft.h — a file that is written in pieces and appears whole: a temporary file beside it, synced, then renamed.
 */
#ifndef OCC_OS_DRAFT_H
#define OCC_OS_DRAFT_H

#include <limits.h>

#include "base/bytes.h"
#include "base/result.h"

struct occ_draft {
    int fd; /* -1 = none: it is finished, dropped, or was never begun */
    bool overwrite;
    const char *path; /* borrowed */
    char temporary[PATH_MAX];
};

#define OCC_DRAFT_INIT ((struct occ_draft){ .fd = -1 })

/*
 * Begins one for path, which must outlive it. overwrite false: OCC_ERR_STATE if something has that name, here or when it is
 * finished; true: a regular file is replaced and its mode kept, anything else is OCC_ERR_STATE. Else as occ_file_write_all.
 */
OCC_RESULT occ_draft_begin(struct occ_draft *draft, const char *path, bool overwrite, struct occ_error *err);
OCC_RESULT occ_draft_write(const struct occ_draft *draft, struct occ_bytes bytes, struct occ_error *err);
/* Syncs it and puts it in its place. Failed or not, the draft is over; a failure leaves nothing behind. */
OCC_RESULT occ_draft_finish(struct occ_draft *draft, struct occ_error *err);
/* Takes away what was written. For __attribute__((cleanup)) too: one that is over is left alone. */
void occ_draft_drop(struct occ_draft *draft);

/* Renames a file and syncs the folders; OCC_ERR_STATE if something has the new name. */
OCC_RESULT occ_draft_move(const char *from, const char *to, struct occ_error *err);

#endif
