/*
 * report.h — struct occ_report, as verify/ fills it; others read it through <occ/verify.h>.
 */
#ifndef OCC_VERIFY_REPORT_H
#define OCC_VERIFY_REPORT_H

#include <occ/verify.h>

#include "base/buf.h"
#include "base/result.h"
#include "proof/proof.h"
#include "verify/evidence.h"

enum { OCC_REPORT_CHECKS_MAX = 9 };

struct occ_report_check {
    const char *name;
    enum occ_check_status status;
    const char *passed;    /* the sentence of a check that passed and said nothing of its own; static */
    struct occ_error said; /* what the check said; code OCC_OK where it passed */
};

/* Invariant: valid exactly if reason.code is OCC_OK. */
struct occ_report {
    struct occ_error reason;
    size_t check_count;
    struct occ_report_check checks[OCC_REPORT_CHECKS_MAX];
    struct occ_evidence evidence;
    struct occ_buf json; /* ends in a zero byte once the report is finished */
};

/* An empty report; OCC_ERR_NOMEM. Free with occ_report_free. */
OCC_RESULT occ_report_new(occ_report **ret_report);
/* For __attribute__((cleanup)). */
void occ_report_cleanup(occ_report **report);
/* The next check's place, to be filled by the caller. At most OCC_REPORT_CHECKS_MAX. */
struct occ_report_check *occ_report_add(occ_report *report, const char *name);
/* Where a member ends: with the last member of a struct's first version, the least size that a caller of it can have. */
#define OCC_REPORT_END_OF(type, member) (offsetof(type, member) + sizeof(((type *)0)->member))
/*
 * Fills a caller's struct, which begins with its size, from ours, of which `known` bytes are members (without the padding
 * at its end): as much as there is room for. A newer caller's
 * members, which this library does not know, are zero; an older caller gets those that it knows. Returns 0, and writes nothing,
 * if there is not even room for the `first` bytes that the struct's first version had, or for more than OCC_LIMIT_STRUCT_LEN,
 * which is a size that nobody has set.
 */
int occ_report_hand_out(const void *full, size_t known, size_t first, void *ret);
/*
 * Writes the JSON text. proof = NULL if its structure is not sound, else body = its signed body. The report owns all it
 * says from then on.
 */
OCC_RESULT occ_report_finish(occ_report *report, const struct occ_proof *proof, struct occ_bytes body);

#endif
