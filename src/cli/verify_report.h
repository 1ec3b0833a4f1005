/*
 * verify_report.h — a verification's report, for people: the verdict, a line for each check, what the proof says, and the
 * evidence behind it.
 */
#ifndef OCC_CLI_VERIFY_REPORT_H
#define OCC_CLI_VERIFY_REPORT_H

#include <occ/verify.h>

#include "base/buf.h"
#include "codec/json.h"

struct occ_verify_view {
    bool color;
    const char *proof_name;
    const char *file_name; /* what the proof was held against, or NULL: only a digest, or nothing */
    bool has_digest;
    bool is_array; /* the proof is the one at index of an array */
    size_t index;
};

/* Appends the report of the proof that value is. */
void occ_verify_report_put(struct occ_buf *out, const struct occ_verify_view *view, const struct occ_json *value,
                           const occ_report *report);

/* Appends the sign of a check ("✓"), coloured if wished. */
void occ_verify_report_put_mark(struct occ_buf *out, bool color, enum occ_check_status status);

#endif
