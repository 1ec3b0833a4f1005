/*
 * given.h — the fields that stand at one place of a COMMIT: of a request, or of one of its digests (wire/commit.h).
 */
#ifndef OCC_BOUNDARY_GIVEN_H
#define OCC_BOUNDARY_GIVEN_H

#include "boundary/agency.h"
#include "wire/commit.h"

enum { OCC_GIVEN_TAGS = OCC_COMMIT_PRINCIPAL + 1 };

struct occ_given {
    bool has[OCC_GIVEN_TAGS]; /* by tag */
    struct occ_bytes value[OCC_GIVEN_TAGS];
};

/* The field's name in a request's JSON: "metadata", "slotId" … */
const char *occ_given_name(enum occ_commit_tag tag);
/*
 * Reads the fields at one place, all of them also when one is refused. prefix is "" for those of a request, else that of
 * its digest ("digests[3]."). Success says that the reader stands behind the fields; a refusal is in *refusal, which keeps
 * the first one: unknown tags, one twice, one that does not belong at this place. An agency that is not in *ret is spent.
 */
OCC_RESULT occ_given_read(struct occ_commit_reader *reader, const char *prefix, const struct occ_agency_scope *agency,
                          struct occ_error *refusal, struct occ_given *ret);

#endif
