/*
 * notice.h — what occ-enclave tells the operator: one JSON line per event on standard error. Never a secret, never anything
 * that a caller sent.
 */
#ifndef OCC_ENCLAVE_NOTICE_H
#define OCC_ENCLAVE_NOTICE_H

#include <stddef.h>

struct occ_notice_field {
    const char *name; /* as it stands in the JSON text */
    const char *text; /* UTF-8 */
};

/*
 * {"time":…,"level":…,"program":"occ-enclave","message":…, and the count fields}. level: "info", "warn" or "error". Goes in
 * one write; if nobody reads, it is lost.
 */
void occ_notice_write(const char *level, const char *message, const struct occ_notice_field *fields, size_t count);
/* An error with its reason. */
void occ_notice_error(const char *message, const char *reason);

#endif
