/* follow.c — see follow.h. */
#include "audit/follow.h"

#include <stdlib.h>

#include "audit/ranges.h"

/* The last proof of a chain, and what a slot may still explain. */
struct head {
    struct occ_counter counter;
    struct occ_links links;
    bool has_time;
    double time_ms;
    bool succeeded; /* an epoch link names this proof: nothing may come after it */
    struct occ_ranges unused;
};

/*
 * What a chain's first proof names as its predecessor, where that is not in the input so far. chain is all zero where the
 * predecessor's chain is not known (prevB64).
 */
struct start {
    uint8_t hash[OCC_SHA256_LEN];
    uint8_t chain[OCC_SHA256_LEN];
};

struct occ_follow {
    struct occ_tally *tally; /* heads[i] is that of tally->chains[i] */
    struct head *heads;
    size_t heads_cap;
    struct start starts[OCC_LIMIT_AUDIT_STARTS];
    size_t starts_len;
    bool linked; /* a link was followed: proofs that have a successor are no longer all known */
    bool unsettled;
    size_t ranges_left;
    struct occ_findings notes;
};

struct occ_result
occ_follow_new(struct occ_tally *tally, struct occ_follow **ret_follow)
{
    struct occ_follow *follow = calloc(1, sizeof *follow);
    OCC_ENSURE(follow != NULL, OCC_ERR_NOMEM);
    follow->tally = tally;
    follow->ranges_left = OCC_LIMIT_AUDIT_RANGES;
    *ret_follow = follow;
    return occ_success();
}

static void
drop_ranges(struct occ_follow *follow)
{
    for (size_t i = 0; i < follow->heads_cap; i++) {
        occ_ranges_clear(&follow->heads[i].unused);
    }
}

void
occ_follow_free(struct occ_follow *follow)
{
    if (follow == NULL) {
        return;
    }
    drop_ranges(follow);
    free(follow->heads);
    occ_findings_clear(&follow->notes);
    free(follow);
}

bool
occ_follow_is_settled(const struct occ_follow *follow, const struct occ_findings **ret_notes)
{
    if (ret_notes != NULL) {
        *ret_notes = &follow->notes;
    }
    return !follow->unsettled;
}

/* From here on only names are collected. */
static OCC_RESULT
give_up(struct occ_follow *follow)
{
    follow->unsettled = true;
    drop_ranges(follow);
    return occ_success();
}

static OCC_RESULT
note(struct occ_follow *follow, enum occ_finding_kind kind, const struct occ_record *record)
{
    const struct occ_finding finding = occ_finding_note(kind, &record->place);
    return occ_findings_add(&follow->notes, &finding);
}

/* ---- predecessors that are not in the input ---- */

static bool
is_start(const struct occ_follow *follow, const uint8_t *hash)
{
    for (size_t i = 0; i < follow->starts_len; i++) {
        if (memcmp(follow->starts[i].hash, hash, OCC_SHA256_LEN) == 0) {
            return true;
        }
    }
    return false;
}

static bool
is_start_chain(const struct occ_follow *follow, const uint8_t *chain)
{
    for (size_t i = 0; i < follow->starts_len; i++) {
        if (memcmp(follow->starts[i].chain, chain, OCC_SHA256_LEN) == 0) {
            return true;
        }
    }
    return false;
}

/*
 * Remembers that a chain begins after a proof that is not here, so that a second successor of that proof shows. Only as
 * long as no link was followed: later, the proof could be one that was here and has a successor already.
 */
static bool
add_start(struct occ_follow *follow, const uint8_t *hash, const uint8_t *chain)
{
    if (follow->linked || follow->starts_len == OCC_LIMIT_AUDIT_STARTS || is_start(follow, hash)) {
        return false;
    }
    struct start *start = &follow->starts[follow->starts_len];
    *start = (struct start){ .hash = { 0 } };
    memcpy(start->hash, hash, sizeof start->hash);
    if (chain != NULL) {
        memcpy(start->chain, chain, sizeof start->chain);
    }
    follow->starts_len++;
    return true;
}

/* ---- slots ---- */

/* The counters between the head and the record belong to nobody so far. */
static OCC_RESULT
leave_range(struct occ_follow *follow, struct head *head, const struct occ_record *record, bool counted)
{
    uint64_t next = 0;
    uint64_t before = 0;
    if (counted && !occ_counter_small(&head->counter, &before)) {
        return occ_success(); /* too large for a range: a slot in it will have to be sorted out */
    }
    if (!occ_counter_small(&record->counter, &next)) {
        return occ_success();
    }
    const uint64_t first = counted ? before + 1 : 0;
    if (first == next) {
        return occ_success();
    }
    return occ_ranges_add(&head->unused, (struct occ_range){ first, next - 1, counted }, &follow->ranges_left);
}

/* PROTOCOL §6: a slot took a counter of its chain, which no proof and no other slot has. */
static OCC_RESULT
take_slot(struct occ_follow *follow, size_t index, const struct occ_record *record)
{
    if (record->slot.len == 0) {
        return occ_success();
    }
    struct occ_chain_facts *facts = &follow->tally->chains[index].facts;
    uint64_t slot = 0;
    bool taken = false;
    bool counted = false;
    if (occ_counter_small(&record->slot, &slot)) {
        OCC_TRY(occ_ranges_take(&follow->heads[index].unused, slot, &follow->ranges_left, &taken, &counted));
    }
    if (!taken) {
        return give_up(follow);
    }
    facts->slots++;
    facts->unused -= counted && facts->unused != UINT64_MAX ? 1 : 0;
    return occ_success();
}

/* ---- proofs ---- */

static void
set_head(struct head *head, struct occ_chain_facts *facts, const struct occ_record *record)
{
    head->counter = record->counter;
    head->links = record->links;
    head->has_time = record->has_time;
    head->time_ms = record->time_ms;
    facts->last = record->counter;
    facts->proofs++;
}

/* PROTOCOL §6: the epoch link names the last proof of its chain. False = this cannot be settled here. */
static OCC_RESULT
begin_linked(struct occ_follow *follow, size_t index, const struct occ_record *record, bool *ret_settled)
{
    struct occ_chain_facts *facts = &follow->tally->chains[index].facts;
    const long from = occ_tally_find(follow->tally, record->from_chain);
    *ret_settled = false;
    if (is_start(follow, record->from_hash) || is_start_chain(follow, record->from_chain)) {
        return occ_success();
    }
    if (from < 0) {
        *ret_settled = add_start(follow, record->from_hash, record->from_chain);
        return note(follow, OCC_FINDING_EPOCH_ABSENT, record);
    }
    struct head *head = &follow->heads[from];
    const int form = occ_record_form_of(&head->links, record->from_hash);
    if ((size_t)from == index || head->succeeded || form < 0 ||
        occ_counter_compare(&head->counter, &record->from_counter) != 0) {
        return occ_success();
    }
    head->succeeded = true;
    facts->forms[form]++;
    follow->linked = true;
    *ret_settled = true;
    return occ_success();
}

/* How a chain begins; *ret_settled false = this cannot be settled here. */
static OCC_RESULT
settle_beginning(struct occ_follow *follow, size_t index, const struct occ_record *record, bool *ret_settled)
{
    struct occ_chain_facts *facts = &follow->tally->chains[index].facts;
    *ret_settled = false;
    if (is_start_chain(follow, record->chain) || (record->has_prev && record->has_link)) {
        return occ_success();
    }
    if (record->has_prev) {
        facts->begin = OCC_BEGIN_INSIDE;
        *ret_settled = add_start(follow, record->prev, NULL);
        return note(follow, OCC_FINDING_BEGINS_INSIDE, record);
    }
    if (record->has_link) {
        facts->begin = OCC_BEGIN_LINKED;
        if (occ_counter_compare(&record->counter, &record->from_counter) <= 0) {
            OCC_TRY(note(follow, OCC_FINDING_COUNTER_RESTARTS, record));
        }
        return begin_linked(follow, index, record, ret_settled);
    }
    facts->begin = OCC_BEGIN_FIRST;
    *ret_settled = true;
    return occ_record_begins_late(record) ? note(follow, OCC_FINDING_BEGINS_LATE, record) : occ_success();
}

static OCC_RESULT
begin_chain(struct occ_follow *follow, size_t index, const struct occ_record *record)
{
    struct head *head = &follow->heads[index];
    struct occ_chain_facts *facts = &follow->tally->chains[index].facts;
    bool settled = false;
    OCC_TRY(settle_beginning(follow, index, record, &settled));
    if (!settled) {
        return give_up(follow);
    }
    facts->first = record->counter;
    OCC_TRY(leave_range(follow, head, record, false));
    OCC_TRY(take_slot(follow, index, record));
    set_head(head, facts, record);
    return occ_success();
}

/* The proof after the head, if it is that. */
static OCC_RESULT
go_on(struct occ_follow *follow, size_t index, const struct occ_record *record)
{
    struct head *head = &follow->heads[index];
    struct occ_chain_facts *facts = &follow->tally->chains[index].facts;
    const int form = record->has_prev ? occ_record_form_of(&head->links, record->prev) : -1;
    if (form < 0 || record->has_link || head->succeeded || is_start(follow, record->prev) ||
        occ_counter_compare(&record->counter, &head->counter) <= 0) {
        return give_up(follow);
    }
    facts->forms[form]++;
    follow->linked = true;
    const uint64_t distance = occ_counter_distance(&head->counter, &record->counter);
    if (distance > 1) {
        facts->unused = distance - 1 > UINT64_MAX - facts->unused ? UINT64_MAX : facts->unused + distance - 1;
        OCC_TRY(leave_range(follow, head, record, true));
    }
    if (head->has_time && record->has_time && record->time_ms < head->time_ms) {
        OCC_TRY(note(follow, OCC_FINDING_TIME_BACK, record));
    }
    OCC_TRY(take_slot(follow, index, record));
    set_head(head, facts, record);
    return occ_success();
}

static OCC_RESULT
make_room(struct occ_follow *follow)
{
    if (follow->tally->count <= follow->heads_cap) {
        return occ_success();
    }
    const size_t cap = follow->heads_cap == 0 ? 16 : 2 * follow->heads_cap;
    struct head *heads = reallocarray(follow->heads, cap, sizeof heads[0]);
    OCC_ENSURE(heads != NULL, OCC_ERR_NOMEM);
    memset(heads + follow->heads_cap, 0, (cap - follow->heads_cap) * sizeof heads[0]);
    follow->heads = heads;
    follow->heads_cap = cap;
    return occ_success();
}

struct occ_result
occ_follow_put(struct occ_follow *follow, const struct occ_record *record, const struct occ_chain_name *name)
{
    long index = occ_tally_find(follow->tally, record->chain);
    const bool is_new = index < 0;
    if (is_new) {
        OCC_TRY(occ_tally_add(follow->tally, record, name, &index));
    }
    if (follow->unsettled) {
        return occ_success();
    }
    /* PROTOCOL §6: without a counter a proof has no place in an order. */
    if (index < 0 || record->counter.len == 0) {
        return give_up(follow);
    }
    OCC_TRY(make_room(follow));
    return is_new ? begin_chain(follow, (size_t)index, record) : go_on(follow, (size_t)index, record);
}
