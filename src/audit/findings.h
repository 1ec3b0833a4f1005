/*
 * findings.h — what an audit found: faults, each with its place, and notes, which break nothing.
 *
 * Of faults the earliest in the input are kept, as many as asked for; all are counted. Of notes each kind is counted, and
 * its earliest kept.
 */
#ifndef OCC_AUDIT_FINDINGS_H
#define OCC_AUDIT_FINDINGS_H

#include "audit/record.h"

/*
 * X(identifier, stable name, is a fault, what it is). The order is that of importance: of two at one place the first comes
 * first.
 */
#define OCC_FINDINGS(X) \
    X(OCC_FINDING_MALFORMED, "malformed", true, "not JSON") \
    X(OCC_FINDING_NOT_VALID, "not-valid", true, "a proof is not valid") \
    X(OCC_FINDING_MISPLACED, "misplaced", true, "the ledger keeps a proof in the place of another") \
    X(OCC_FINDING_COUNTER_TWICE, "counter-twice", true, "a fork: one counter, two commits") \
    X(OCC_FINDING_TWO_SUCCESSORS, "two-successors", true, "a fork: two commits name one predecessor") \
    X(OCC_FINDING_GOES_ON, "goes-on", true, "a fork: a chain goes on where an epoch link says it ended") \
    X(OCC_FINDING_LINK_BROKEN, "link-broken", true, "prevB64 is not the link hash of the proof before") \
    X(OCC_FINDING_LINK_ABSENT, "link-absent", true, "a chain begins a second time") \
    X(OCC_FINDING_MISSING, "proofs-missing", true, "proofs are missing") \
    X(OCC_FINDING_EPOCH_LINK_BROKEN, "epoch-link-broken", true, "an epoch link names another proof than the last") \
    X(OCC_FINDING_SLOT_TWICE, "slot-twice", true, "two commits consumed one slot") \
    X(OCC_FINDING_SLOT_TAKEN, "slot-taken", true, "a slot's counter is also that of a proof") \
    X(OCC_FINDING_ALTERED_COPY, "altered-copy", true, "two copies of one proof differ in what is not signed") \
    X(OCC_FINDING_MISSING_ALLOWED, "proofs-missing-allowed", false, "proofs are missing, which was allowed") \
    X(OCC_FINDING_COPY, "copy", false, "a proof is there more than once") \
    X(OCC_FINDING_BEGINS_INSIDE, "begins-inside", false, \
      "a chain begins in the middle: the proof before is not in the input") \
    X(OCC_FINDING_BEGINS_LATE, "begins-late", false, "a chain's first counter is greater than 1") \
    X(OCC_FINDING_EPOCH_ABSENT, "epoch-absent", false, "an epoch links to one that is not in the input") \
    X(OCC_FINDING_COUNTER_RESTARTS, "counter-restarts", false, "counters do not go up across an epoch link") \
    X(OCC_FINDING_NO_COUNTER, "no-counter", false, "a proof has no counter, and so no place in an order") \
    X(OCC_FINDING_TIME_BACK, "time-back", false, "the signer's clock went back")

enum occ_finding_kind {
#define OCC_FINDING_ENUM_(id, name, fault, text) id,
    OCC_FINDINGS(OCC_FINDING_ENUM_)
#undef OCC_FINDING_ENUM_
        OCC_FINDING_COUNT
};

const char *occ_finding_name(enum occ_finding_kind kind);
const char *occ_finding_text(enum occ_finding_kind kind);
bool occ_finding_is_fault(enum occ_finding_kind kind);

struct occ_finding {
    enum occ_finding_kind kind;
    struct occ_place place;
    bool has_other;
    struct occ_place other; /* of the proof that it conflicts with */
    struct occ_error said;  /* the sentence; the code says why a proof is malformed or not valid, else it is OCC_OK */
};

struct occ_findings {
    struct occ_finding *list; /* faults, by place, then by kind */
    size_t list_len, list_max;
    size_t list_cap;
    uint64_t counts[OCC_FINDING_COUNT];
    struct occ_finding *firsts[OCC_FINDING_COUNT]; /* of notes; NULL = none */
};

/* Keeps up to max faults. Begin with { .list_max = max }; clear in any case. OCC_ERR_NOMEM. */
OCC_RESULT occ_findings_add(struct occ_findings *findings, const struct occ_finding *finding);
/* Adds all of from's notes; its faults are not looked at. */
OCC_RESULT occ_findings_add_notes(struct occ_findings *findings, const struct occ_findings *from);
/* How many faults were added. */
uint64_t occ_findings_faults(const struct occ_findings *findings);
void occ_findings_clear(struct occ_findings *findings);

/* A finding at a place, its sentence still empty: occ_error_set(&finding.said, OCC_OK, …) writes it. other may be NULL. */
struct occ_finding occ_finding_at(enum occ_finding_kind kind, const struct occ_place *place,
                                  const struct occ_place *other);
/* One with its kind's own sentence. */
struct occ_finding occ_finding_note(enum occ_finding_kind kind, const struct occ_place *place);

#endif
