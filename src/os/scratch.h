/*
 * scratch.h — a temporary file that has no name: whatever ends the process, nothing of it is left.
 *
 * Written at its end, read anywhere. One thread at a time.
 */
#ifndef OCC_OS_SCRATCH_H
#define OCC_OS_SCRATCH_H

#include "base/bytes.h"
#include "base/result.h"

struct occ_scratch {
    int fd;            /* -1 = not open */
    uint64_t len;      /* bytes written */
    const char *where; /* the folder, for messages; borrowed */
};

#define OCC_SCRATCH_INIT ((struct occ_scratch){ .fd = -1 })

/* Opens one in an existing folder, which must outlive it. *scratch must not be open. */
OCC_RESULT occ_scratch_open(struct occ_scratch *scratch, const char *folder, struct occ_error *err);
/* Appends. OCC_ERR_IO if the disk is full, among others. */
OCC_RESULT occ_scratch_append(struct occ_scratch *scratch, struct occ_bytes bytes, struct occ_error *err);
/* Reads exactly len bytes from offset on; they must have been written. */
OCC_RESULT occ_scratch_read(const struct occ_scratch *scratch, uint64_t offset, size_t len, struct occ_error *err,
                            uint8_t *ret);
/* Gives the space back. Closed is what it is then; closing twice does nothing. */
void occ_scratch_close(struct occ_scratch *scratch);

#endif
