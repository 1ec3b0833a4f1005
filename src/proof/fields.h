/*
 * fields.h — what a JSON object must hold, as a table: one row per member, checked by one function.
 *
 * Only proof/ uses it. Every refusal is OCC_ERR_PROOF_STRUCTURE with a sentence that begins with the member's path.
 */
#ifndef OCC_PROOF_FIELDS_H
#define OCC_PROOF_FIELDS_H

#include "base/bytes.h"
#include "base/result.h"
#include "codec/json.h"

enum occ_field_kind {
    OCC_FIELD_TEXT,        /* a string of min to max bytes */
    OCC_FIELD_EXACT,       /* the string exact */
    OCC_FIELD_BASE64,      /* canonical base64 (PROTOCOL §1) of min to max bytes */
    OCC_FIELD_HEX,         /* lower-case hex of min bytes, at most 64 */
    OCC_FIELD_DECIMAL,     /* a string: decimal, no leading zero, any length (PROTOCOL §1) */
    OCC_FIELD_TIME,        /* a whole number from 0 to 2^53 - 1 */
    OCC_FIELD_NUMBER,      /* any number */
    OCC_FIELD_OBJECT,      /* an object of at least min members */
    OCC_FIELD_ENFORCEMENT, /* one of the three tiers */
    OCC_FIELD_CHAIN_ID     /* 1 to 64 of A-Z a-z 0-9 . _ : - (PROTOCOL §6) */
};

struct occ_field {
    const char *name;
    enum occ_field_kind kind;
    bool optional;   /* may be absent; null and empty are refused all the same (PROTOCOL §2) */
    size_t min, max; /* max 0 = no bound of its own */
    const char *exact;
};

/*
 * Checks that object, whose path is path ("" for the proof itself), has the members of the table as described. Members that
 * the table does not name are not looked at.
 */
OCC_RESULT occ_fields_check(const struct occ_json *object, const char *path, const struct occ_field *fields,
                            size_t field_count, struct occ_error *err);

/*
 * The same, and hands out what it found: ret_values[i] is the member that fields[i] is about, NULL if it is absent. On failure
 * its first entries may have been written.
 */
OCC_RESULT occ_fields_read(const struct occ_json *object, const char *path, const struct occ_field *fields,
                           size_t field_count, struct occ_error *err, const struct occ_json **ret_values);

/* The string member of that name; the empty view if absent. */
struct occ_bytes occ_fields_text(const struct occ_json *object, const char *name);

/* Refuses names that JavaScript would reorder or drop, at any level below value (PROTOCOL §1). */
OCC_RESULT occ_fields_check_names(const struct occ_json *value, const char *path, struct occ_error *err);

#define OCC_FIELDS_COUNT(table) (sizeof(table) / sizeof((table)[0]))

#endif
