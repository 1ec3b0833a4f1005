/* walk.c — see walk.h. The proofs of a chain. */
#include "audit/walk.h"

#include "audit/claims.h"
#include "audit/successors.h"

/* ---- findings ---- */

struct occ_result
occ_walk_note(const struct occ_walk *walk, enum occ_finding_kind kind, const struct occ_place *place)
{
    const struct occ_finding finding = occ_finding_note(kind, place);
    return occ_findings_add(walk->job->findings, &finding);
}

struct occ_result
occ_walk_add(const struct occ_walk *walk, const struct occ_finding *finding)
{
    return occ_findings_add(walk->job->findings, finding);
}

/* "a proof is missing", "1 to 7 proofs are missing": nobody knows which of the counters were slots. */
static void
describe_missing(char *ret_text, size_t size, uint64_t most)
{
    OCC_BUF_AUTO(text, size);
    if (most == 1) {
        occ_buf_put_str(&text, "a proof is missing");
    } else {
        occ_buf_put_str(&text, "1 to ");
        occ_buf_put_u64(&text, most);
        occ_buf_put_str(&text, " proofs are missing");
    }
    occ_buf_put_byte(&text, 0);
    memcpy(ret_text, text.ptr == NULL ? (const uint8_t *)"" : text.ptr, text.ptr == NULL ? 1 : text.len);
}

/* The predecessor of a proof, or what an epoch link names, is not in the input, though its chain is. */
struct occ_result
occ_walk_add_missing(const struct occ_walk *walk, const struct occ_place *place, const struct occ_counter *last,
                     const struct occ_counter *named, bool across_epochs)
{
    const enum occ_finding_kind kind = walk->job->allow_gaps ? OCC_FINDING_MISSING_ALLOWED : OCC_FINDING_MISSING;
    const uint64_t distance = occ_counter_distance(last, named);
    char missing[64] = "";
    describe_missing(missing, sizeof missing, across_epochs ? distance : distance - 1);
    struct occ_finding finding = occ_finding_at(kind, place, NULL);
    (void)occ_error_set(&finding.said, OCC_OK,
                        across_epochs ? "the epoch link names counter %.*s, and its chain ends at counter %.*s: %s"
                                      : "counter %.*s does not link to the proof before it, counter %.*s: %s",
                        OCC_COUNTER_ARG(named), OCC_COUNTER_ARG(last), missing);
    return occ_walk_add(walk, &finding);
}

/* ---- chains and counters ---- */

struct occ_group *
occ_walk_current(struct occ_walk *walk)
{
    return &walk->groups[walk->current];
}

struct occ_group *
occ_walk_before(struct occ_walk *walk)
{
    return &walk->groups[1 - walk->current];
}

struct occ_result
occ_walk_finish_chain(struct occ_walk *walk)
{
    if (!walk->in_chain) {
        return occ_success();
    }
    OCC_TRY(occ_claims_finish(walk));
    const long index = occ_tally_find(walk->job->tally, walk->chain);
    if (index >= 0) {
        struct occ_chain_facts *facts = &walk->job->tally->chains[index].facts;
        for (int form = 0; form < OCC_FORM_COUNT; form++) {
            walk->facts.forms[form] += facts->forms[form]; /* epoch links have been counted there */
        }
        *facts = walk->facts;
    }
    walk->chains += walk->has_proof;
    return occ_success();
}

void
occ_walk_begin_chain(struct occ_walk *walk, const uint8_t chain[OCC_SHA256_LEN])
{
    memcpy(walk->chain, chain, sizeof walk->chain);
    walk->in_chain = true;
    walk->has_proof = false;
    walk->facts = (struct occ_chain_facts){ .begin = OCC_BEGIN_UNKNOWN };
    walk->groups[0].members_len = 0;
    walk->groups[1].members_len = 0;
    walk->slot.is_there = false;
    walk->slots_passed = 0;
    walk->link.is_there = false;
    walk->link_open = false;
}

static void
begin_group(struct occ_walk *walk, const struct occ_record *record)
{
    if (occ_walk_current(walk)->members_len > 0) {
        walk->current = 1 - walk->current;
    }
    struct occ_group *group = occ_walk_current(walk);
    group->counter = record->counter;
    group->has_time = false;
    group->members_len = 0;
}

/* A further one beyond the limit is not remembered: a proof that names it will be told as one with a broken link. */
static void
add_member(struct occ_group *group, const struct occ_record *record)
{
    if (group->members_len == OCC_LIMIT_AUDIT_ALTERNATIVES) {
        return;
    }
    struct occ_member *member = &group->members[group->members_len];
    memcpy(member->proof_hash, record->proof_hash, sizeof member->proof_hash);
    member->links = record->links;
    member->place = record->place;
    group->members_len++;
}

/* The form in which a hash names a proof of the group; -1 if it names none. */
int
occ_walk_form_in(const struct occ_group *group, const uint8_t hash[OCC_SHA256_LEN])
{
    for (size_t i = 0; i < group->members_len; i++) {
        const int form = occ_record_form_of(&group->members[i].links, hash);
        if (form >= 0) {
            return form;
        }
    }
    return -1;
}

/* ---- proofs ---- */

/*
 * Compares a proof with those that have the same counter: *ret_same = one of them is the same commit, so that this one is
 * judged no further.
 */
static OCC_RESULT
judge_counter(struct occ_walk *walk, const struct occ_record *record, bool *ret_same)
{
    struct occ_group *group = occ_walk_current(walk);
    *ret_same = false;
    for (size_t i = 0; i < group->members_len; i++) {
        const struct occ_member *member = &group->members[i];
        if (memcmp(member->proof_hash, record->proof_hash, OCC_SHA256_LEN) != 0) {
            continue;
        }
        *ret_same = true;
        if (memcmp(member->links.hashes[OCC_FORM_OURS], record->links.hashes[OCC_FORM_OURS], OCC_SHA256_LEN) == 0) {
            return occ_walk_note(walk, OCC_FINDING_COPY, &record->place);
        }
    }
    if (group->members_len == 0) {
        return occ_success();
    }
    const enum occ_finding_kind kind = *ret_same ? OCC_FINDING_ALTERED_COPY : OCC_FINDING_COUNTER_TWICE;
    struct occ_finding finding = occ_finding_at(kind, &record->place, &group->members[0].place);
    (void)occ_error_set(&finding.said, OCC_OK,
                        *ret_same ? "counter %.*s: the same commit a second time, but what is not signed of it differs"
                                  : "counter %.*s a second time, for another commit: a fork",
                        OCC_COUNTER_ARG(&record->counter));
    return occ_walk_add(walk, &finding);
}

/* The first proof of a chain in the input. */
static OCC_RESULT
judge_first(struct occ_walk *walk, const struct occ_record *record)
{
    if (walk->facts.begin == OCC_BEGIN_UNKNOWN) {
        walk->facts.first = record->counter;
        walk->facts.begin = record->has_prev ? OCC_BEGIN_INSIDE : record->has_link ? OCC_BEGIN_LINKED : OCC_BEGIN_FIRST;
    }
    if (record->has_prev) {
        return occ_walk_note(walk, OCC_FINDING_BEGINS_INSIDE, &record->place);
    }
    return !record->has_link && occ_record_begins_late(record)
               ? occ_walk_note(walk, OCC_FINDING_BEGINS_LATE, &record->place)
               : occ_success();
}

/* PROTOCOL §2.3: prevB64 is the link hash of the proof before. */
static OCC_RESULT
judge_link(struct occ_walk *walk, const struct occ_record *record, bool alone)
{
    const struct occ_group *previous = occ_walk_before(walk);
    if (previous->members_len == 0) {
        return judge_first(walk, record);
    }
    const uint64_t distance = occ_counter_distance(&previous->counter, &record->counter);
    const int form = record->has_prev ? occ_walk_form_in(previous, record->prev) : -1;
    if (form >= 0) {
        walk->facts.forms[form]++;
        if (alone && distance > 1) {
            const uint64_t unused =
                distance - 1 - (walk->slots_passed < distance - 1 ? walk->slots_passed : distance - 1);
            walk->facts.unused = unused > UINT64_MAX - walk->facts.unused ? UINT64_MAX : walk->facts.unused + unused;
        }
        return occ_success();
    }
    if (record->has_prev && distance > 1) {
        return occ_walk_add_missing(walk, &record->place, &previous->counter, &record->counter, false);
    }
    const enum occ_finding_kind kind = record->has_prev ? OCC_FINDING_LINK_BROKEN : OCC_FINDING_LINK_ABSENT;
    struct occ_finding finding = occ_finding_at(kind, &record->place, &previous->members[0].place);
    (void)occ_error_set(&finding.said, OCC_OK,
                        record->has_prev
                            ? "counter %.*s: prevB64 is not the link hash of the proof before it, counter %.*s"
                            : "counter %.*s: no prevB64, though the chain has a proof before it, counter %.*s",
                        OCC_COUNTER_ARG(&record->counter), OCC_COUNTER_ARG(&previous->counter));
    return occ_walk_add(walk, &finding);
}

/* Against the earliest time of the counter before, so that it does not matter which of two comes first. */
static OCC_RESULT
judge_time(struct occ_walk *walk, const struct occ_record *record)
{
    struct occ_group *group = occ_walk_current(walk);
    const struct occ_group *previous = occ_walk_before(walk);
    if (!record->has_time) {
        return occ_success();
    }
    if (!group->has_time || record->time_ms < group->time_ms) {
        group->has_time = true;
        group->time_ms = record->time_ms;
    }
    if (previous->members_len > 0 && previous->has_time && record->time_ms < previous->time_ms) {
        return occ_walk_note(walk, OCC_FINDING_TIME_BACK, &record->place);
    }
    return occ_success();
}

static OCC_RESULT
take_unordered(struct occ_walk *walk, const struct occ_record *record)
{
    walk->facts.proofs++;
    walk->facts.slots += record->slot.len > 0;
    OCC_TRY(occ_walk_note(walk, OCC_FINDING_NO_COUNTER, &record->place));
    return occ_successors_put(walk->successors, record, &walk->text);
}

struct occ_result
occ_walk_take_proof(struct occ_walk *walk, const struct occ_record *record)
{
    walk->has_proof = true;
    if (record->counter.len == 0) {
        return take_unordered(walk, record);
    }
    struct occ_group *group = occ_walk_current(walk);
    const bool is_new = group->members_len == 0 || occ_counter_compare(&group->counter, &record->counter) != 0;
    if (is_new) {
        begin_group(walk, record);
    }
    bool same = false;
    OCC_TRY(judge_counter(walk, record, &same));
    if (same) {
        add_member(occ_walk_current(walk), record);
        return occ_success();
    }
    OCC_TRY(judge_link(walk, record, is_new));
    OCC_TRY(occ_claims_judge_proof(walk, record));
    if (record->has_link && occ_counter_compare(&record->counter, &record->from_counter) <= 0) {
        OCC_TRY(occ_walk_note(walk, OCC_FINDING_COUNTER_RESTARTS, &record->place));
    }
    OCC_TRY(judge_time(walk, record));
    OCC_TRY(occ_successors_put(walk->successors, record, &walk->text));
    add_member(occ_walk_current(walk), record);
    walk->facts.last = record->counter;
    walk->facts.proofs++;
    walk->facts.slots += record->slot.len > 0;
    walk->slots_passed = 0;
    return occ_success();
}
