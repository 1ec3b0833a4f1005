/*
 * sorted.c — see sorted.h. One walk along every chain, its proofs, slots and the epoch links to it in the order of their
 * counters; then one over all links, by the hash that they name, for predecessors with two successors.
 */
#include "audit/sorted.h"

#include "audit/successors.h"

/* What stands at a counter of a chain, in this order. */
enum item { ITEM_PROOF, ITEM_SLOT, ITEM_LINK };

/* One proof at the counter at hand, as far as those after it need it. */
struct member {
    uint8_t proof_hash[OCC_SHA256_LEN];
    struct occ_links links;
    struct occ_place place;
};

/* All proofs with one counter: one, if nothing is wrong. members_len 0 = there is no such counter. */
struct group {
    struct occ_counter counter;
    bool has_time;
    double time_ms; /* the earliest */
    struct member members[OCC_LIMIT_AUDIT_ALTERNATIVES];
    size_t members_len;
};

/* Who claims something of a chain at a counter: a slot that was consumed, or an epoch link. */
struct claim {
    bool is_there;
    struct occ_counter counter;
    uint8_t proof_hash[OCC_SHA256_LEN]; /* of the proof that claims it */
    uint8_t last_hash[OCC_SHA256_LEN];  /* of the last that claimed the same: a copy of it claims nothing anew */
    struct occ_place place;
};

struct walk {
    const struct occ_sorted_job *job;
    struct occ_sort *successors;
    struct occ_buf text;
    uint64_t chains;
    uint8_t chain[OCC_SHA256_LEN];
    bool in_chain,
        has_proof; /* of the chain at hand; has_proof: it is a chain of the input, not only named by a link */
    struct occ_chain_facts facts;
    struct group groups[2]; /* the counter at hand, and the one before */
    unsigned current;
    struct claim slot;     /* the first one at its counter */
    uint64_t slots_passed; /* slots since the last proof */
    struct claim
        link; /* the first one at its counter; open = nobody knows yet whether the chain went on or ended before */
    bool link_open;
};

/* ---- items ---- */

static void
put_key(struct occ_buf *buf, const uint8_t *chain, const struct occ_counter *counter, enum item item, uint64_t ordinal)
{
    occ_buf_reset(buf);
    occ_buf_put(buf, occ_bytes_of(chain, OCC_SHA256_LEN));
    occ_counter_put(buf, counter);
    occ_buf_put_byte(buf, (uint8_t)item);
    occ_buf_put_be64(buf, ordinal);
}

static OCC_RESULT
put_item(struct occ_sort *sort, const struct occ_buf *text)
{
    OCC_TRY(occ_buf_check(text));
    return occ_sort_put(sort, occ_buf_view(text));
}

struct occ_result
occ_sorted_put(struct occ_sort *sort, const struct occ_record *record, struct occ_buf *text)
{
    const uint64_t ordinal = record->place.ordinal;
    put_key(text, record->chain, &record->counter, ITEM_PROOF, ordinal);
    occ_record_put(text, record);
    OCC_TRY(put_item(sort, text));
    if (record->slot.len > 0) {
        put_key(text, record->chain, &record->slot, ITEM_SLOT, ordinal);
        occ_buf_put(text, occ_bytes_of(record->proof_hash, OCC_SHA256_LEN));
        occ_record_put_place(text, &record->place);
        OCC_TRY(put_item(sort, text));
    }
    if (record->has_link) {
        put_key(text, record->from_chain, &record->from_counter, ITEM_LINK, ordinal);
        occ_buf_put(text, occ_bytes_of(record->proof_hash, OCC_SHA256_LEN));
        occ_record_put_place(text, &record->place);
        occ_buf_put(text, occ_bytes_of(record->from_hash, OCC_SHA256_LEN));
        occ_buf_put(text, occ_bytes_of(record->chain, OCC_SHA256_LEN));
        OCC_TRY(put_item(sort, text));
    }
    return occ_success();
}

/* ---- findings ---- */

static OCC_RESULT
note(const struct walk *walk, enum occ_finding_kind kind, const struct occ_place *place)
{
    const struct occ_finding finding = occ_finding_note(kind, place);
    return occ_findings_add(walk->job->findings, &finding);
}

/* A finding about two places, told at the later one. */
static struct occ_finding
between(enum occ_finding_kind kind, const struct occ_place *a, const struct occ_place *b)
{
    return a->ordinal > b->ordinal ? occ_finding_at(kind, a, b) : occ_finding_at(kind, b, a);
}

static OCC_RESULT
add(const struct walk *walk, const struct occ_finding *finding)
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
static OCC_RESULT
add_missing(const struct walk *walk, const struct occ_place *place, const struct occ_counter *last,
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
    return add(walk, &finding);
}

/* ---- one chain ---- */

static struct group *
current(struct walk *walk)
{
    return &walk->groups[walk->current];
}

static struct group *
before(struct walk *walk)
{
    return &walk->groups[1 - walk->current];
}

/* The chain has no more proofs: what the link at its end names is there, or it is missing. */
static OCC_RESULT
close_link(struct walk *walk)
{
    if (!walk->link_open) {
        return occ_success();
    }
    walk->link_open = false;
    const struct group *last = current(walk);
    if (last->members_len == 0) {
        return note(walk, OCC_FINDING_EPOCH_ABSENT, &walk->link.place);
    }
    return add_missing(walk, &walk->link.place, &last->counter, &walk->link.counter, true);
}

static OCC_RESULT
finish_chain(struct walk *walk)
{
    if (!walk->in_chain) {
        return occ_success();
    }
    OCC_TRY(close_link(walk));
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

static void
begin_chain(struct walk *walk, const uint8_t *chain)
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
begin_group(struct walk *walk, const struct occ_record *record)
{
    if (current(walk)->members_len > 0) {
        walk->current = 1 - walk->current;
    }
    struct group *group = current(walk);
    group->counter = record->counter;
    group->has_time = false;
    group->members_len = 0;
}

/* A further one beyond the limit is not remembered: a proof that names it will be told as one with a broken link. */
static void
add_member(struct group *group, const struct occ_record *record)
{
    if (group->members_len == OCC_LIMIT_AUDIT_ALTERNATIVES) {
        return;
    }
    struct member *member = &group->members[group->members_len];
    memcpy(member->proof_hash, record->proof_hash, sizeof member->proof_hash);
    member->links = record->links;
    member->place = record->place;
    group->members_len++;
}

/* The form in which a hash names a proof of the group; -1 if it names none. */
static int
form_in(const struct group *group, const uint8_t *hash)
{
    for (size_t i = 0; i < group->members_len; i++) {
        const int form = occ_record_form_of(&group->members[i].links, hash);
        if (form >= 0) {
            return form;
        }
    }
    return -1;
}

/*
 * Compares a proof with those that have the same counter: *ret_same = one of them is the same commit, so that this one is
 * judged no further.
 */
static OCC_RESULT
judge_counter(struct walk *walk, const struct occ_record *record, bool *ret_same)
{
    struct group *group = current(walk);
    *ret_same = false;
    for (size_t i = 0; i < group->members_len; i++) {
        const struct member *member = &group->members[i];
        if (memcmp(member->proof_hash, record->proof_hash, OCC_SHA256_LEN) != 0) {
            continue;
        }
        *ret_same = true;
        if (memcmp(member->links.hashes[OCC_FORM_OURS], record->links.hashes[OCC_FORM_OURS], OCC_SHA256_LEN) == 0) {
            return note(walk, OCC_FINDING_COPY, &record->place);
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
    return add(walk, &finding);
}

/* The first proof of a chain in the input. */
static OCC_RESULT
judge_first(struct walk *walk, const struct occ_record *record)
{
    if (walk->facts.begin == OCC_BEGIN_UNKNOWN) {
        walk->facts.first = record->counter;
        walk->facts.begin = record->has_prev ? OCC_BEGIN_INSIDE : record->has_link ? OCC_BEGIN_LINKED : OCC_BEGIN_FIRST;
    }
    if (record->has_prev) {
        return note(walk, OCC_FINDING_BEGINS_INSIDE, &record->place);
    }
    return !record->has_link && occ_record_begins_late(record) ? note(walk, OCC_FINDING_BEGINS_LATE, &record->place)
                                                               : occ_success();
}

/* PROTOCOL §2.3: prevB64 is the link hash of the proof before. */
static OCC_RESULT
judge_link(struct walk *walk, const struct occ_record *record, bool alone)
{
    const struct group *previous = before(walk);
    if (previous->members_len == 0) {
        return judge_first(walk, record);
    }
    const uint64_t distance = occ_counter_distance(&previous->counter, &record->counter);
    const int form = record->has_prev ? form_in(previous, record->prev) : -1;
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
        return add_missing(walk, &record->place, &previous->counter, &record->counter, false);
    }
    const enum occ_finding_kind kind = record->has_prev ? OCC_FINDING_LINK_BROKEN : OCC_FINDING_LINK_ABSENT;
    struct occ_finding finding = occ_finding_at(kind, &record->place, &previous->members[0].place);
    (void)occ_error_set(&finding.said, OCC_OK,
                        record->has_prev
                            ? "counter %.*s: prevB64 is not the link hash of the proof before it, counter %.*s"
                            : "counter %.*s: no prevB64, though the chain has a proof before it, counter %.*s",
                        OCC_COUNTER_ARG(&record->counter), OCC_COUNTER_ARG(&previous->counter));
    return add(walk, &finding);
}

/* A proof that stands behind the counter at which an epoch link says that the chain ended. */
static OCC_RESULT
judge_going_on(struct walk *walk, const struct occ_record *record)
{
    if (!walk->link.is_there || occ_counter_compare(&record->counter, &walk->link.counter) <= 0) {
        return occ_success();
    }
    walk->link_open = false;
    walk->link.is_there = false;
    struct occ_finding finding = between(OCC_FINDING_GOES_ON, &record->place, &walk->link.place);
    (void)occ_error_set(&finding.said, OCC_OK,
                        "an epoch link says that the chain ended at counter %.*s, and it goes on with %.*s: a fork",
                        OCC_COUNTER_ARG(&walk->link.counter), OCC_COUNTER_ARG(&record->counter));
    return add(walk, &finding);
}

/* Against the earliest time of the counter before, so that it does not matter which of two comes first. */
static OCC_RESULT
judge_time(struct walk *walk, const struct occ_record *record)
{
    struct group *group = current(walk);
    const struct group *previous = before(walk);
    if (!record->has_time) {
        return occ_success();
    }
    if (!group->has_time || record->time_ms < group->time_ms) {
        group->has_time = true;
        group->time_ms = record->time_ms;
    }
    if (previous->members_len > 0 && previous->has_time && record->time_ms < previous->time_ms) {
        return note(walk, OCC_FINDING_TIME_BACK, &record->place);
    }
    return occ_success();
}

static OCC_RESULT
take_unordered(struct walk *walk, const struct occ_record *record)
{
    walk->facts.proofs++;
    walk->facts.slots += record->slot.len > 0;
    OCC_TRY(note(walk, OCC_FINDING_NO_COUNTER, &record->place));
    return occ_successors_put(walk->successors, record, &walk->text);
}

static OCC_RESULT
take_proof(struct walk *walk, const struct occ_record *record)
{
    walk->has_proof = true;
    if (record->counter.len == 0) {
        return take_unordered(walk, record);
    }
    struct group *group = current(walk);
    const bool is_new = group->members_len == 0 || occ_counter_compare(&group->counter, &record->counter) != 0;
    if (is_new) {
        begin_group(walk, record);
    }
    bool same = false;
    OCC_TRY(judge_counter(walk, record, &same));
    if (same) {
        add_member(current(walk), record);
        return occ_success();
    }
    OCC_TRY(judge_link(walk, record, is_new));
    OCC_TRY(judge_going_on(walk, record));
    if (record->has_link && occ_counter_compare(&record->counter, &record->from_counter) <= 0) {
        OCC_TRY(note(walk, OCC_FINDING_COUNTER_RESTARTS, &record->place));
    }
    OCC_TRY(judge_time(walk, record));
    OCC_TRY(occ_successors_put(walk->successors, record, &walk->text));
    add_member(current(walk), record);
    walk->facts.last = record->counter;
    walk->facts.proofs++;
    walk->facts.slots += record->slot.len > 0;
    walk->slots_passed = 0;
    return occ_success();
}

/* ---- slots and epoch links ---- */

static void
take_claim(struct occ_reader *reader, const struct occ_counter *counter, struct claim *ret_claim)
{
    ret_claim->is_there = true;
    ret_claim->counter = *counter;
    occ_reader_copy(reader, ret_claim->proof_hash, OCC_SHA256_LEN);
    memcpy(ret_claim->last_hash, ret_claim->proof_hash, OCC_SHA256_LEN);
    ret_claim->place = occ_record_take_place(reader);
}

static bool
is_at(const struct group *group, const struct occ_counter *counter)
{
    return group->members_len > 0 && occ_counter_compare(&group->counter, counter) == 0;
}

/* True if the claim is that of a commit which has claimed this already: the first one, or the last. */
static bool
is_copy(const struct claim *first, const struct claim *claim)
{
    return memcmp(first->proof_hash, claim->proof_hash, OCC_SHA256_LEN) == 0 ||
           memcmp(first->last_hash, claim->proof_hash, OCC_SHA256_LEN) == 0;
}

/* PROTOCOL §6: a slot has a counter of its own. */
static OCC_RESULT
take_slot(struct walk *walk, const struct claim *slot)
{
    const bool again = walk->slot.is_there && occ_counter_compare(&walk->slot.counter, &slot->counter) == 0;
    if (again && is_copy(&walk->slot, slot)) {
        return occ_success();
    }
    memcpy(walk->slot.last_hash, slot->proof_hash, sizeof walk->slot.last_hash);
    if (again) {
        struct occ_finding finding = between(OCC_FINDING_SLOT_TWICE, &slot->place, &walk->slot.place);
        (void)occ_error_set(&finding.said, OCC_OK, "slot %.*s was consumed by two commits",
                            OCC_COUNTER_ARG(&slot->counter));
        return add(walk, &finding);
    }
    walk->slot = *slot;
    if (is_at(current(walk), &slot->counter)) {
        struct occ_finding finding = between(OCC_FINDING_SLOT_TAKEN, &slot->place, &current(walk)->members[0].place);
        (void)occ_error_set(&finding.said, OCC_OK, "counter %.*s is that of a slot that was consumed, and of a proof",
                            OCC_COUNTER_ARG(&slot->counter));
        return add(walk, &finding);
    }
    walk->slots_passed++;
    return occ_success();
}

/* The proof that the link names is here: is it the one? */
static OCC_RESULT
match_link(struct walk *walk, const struct claim *link, const uint8_t *hash, const uint8_t *own_chain)
{
    const struct group *group = current(walk);
    const int form = form_in(group, hash);
    if (form < 0) {
        struct occ_finding finding =
            occ_finding_at(OCC_FINDING_EPOCH_LINK_BROKEN, &link->place, &group->members[0].place);
        (void)occ_error_set(&finding.said, OCC_OK, "the epoch link does not have the link hash of counter %.*s",
                            OCC_COUNTER_ARG(&link->counter));
        return add(walk, &finding);
    }
    const long index = occ_tally_find(walk->job->tally, own_chain);
    if (index >= 0 && memcmp(own_chain, walk->chain, OCC_SHA256_LEN) != 0) {
        walk->job->tally->chains[index].facts.forms[form]++;
    }
    return occ_success();
}

/* PROTOCOL §6: an epoch link names the last proof of a chain, and nobody else does. */
static OCC_RESULT
take_link(struct walk *walk, const struct claim *link, const uint8_t *hash, const uint8_t *own_chain)
{
    if (walk->link.is_there && is_copy(&walk->link, link)) {
        return occ_success();
    }
    memcpy(walk->link.last_hash, link->proof_hash, sizeof walk->link.last_hash);
    if (walk->link.is_there) {
        struct occ_finding finding = between(OCC_FINDING_TWO_SUCCESSORS, &link->place, &walk->link.place);
        (void)occ_error_set(&finding.said, OCC_OK, "a second epoch link from one chain, at counter %.*s: a fork",
                            OCC_COUNTER_ARG(&link->counter));
        OCC_TRY(add(walk, &finding));
    }
    if (walk->link.is_there && occ_counter_compare(&walk->link.counter, &link->counter) == 0) {
        return occ_success();
    }
    walk->link = *link;
    walk->link_open = !is_at(current(walk), &link->counter);
    return walk->link_open ? occ_success() : match_link(walk, link, hash, own_chain);
}

/* ---- the walk ---- */

static OCC_RESULT
take_item(struct walk *walk, struct occ_bytes item)
{
    struct occ_reader reader = occ_reader_of(item);
    struct occ_record record = { .has_prev = false };
    occ_reader_copy(&reader, record.chain, OCC_SHA256_LEN);
    record.counter = occ_counter_take(&reader);
    const uint8_t kind = occ_reader_u8(&reader);
    (void)occ_reader_be64(&reader); /* the ordinal stands in the place again */
    if (!walk->in_chain || memcmp(walk->chain, record.chain, OCC_SHA256_LEN) != 0) {
        OCC_TRY(finish_chain(walk));
        begin_chain(walk, record.chain);
    }
    if (kind == ITEM_PROOF) {
        occ_record_take(&reader, &record);
        OCC_ENSURE(occ_reader_done(&reader), OCC_ERR_INTERNAL);
        return take_proof(walk, &record);
    }
    struct claim claim;
    take_claim(&reader, &record.counter, &claim);
    if (kind == ITEM_SLOT) {
        OCC_ENSURE(occ_reader_done(&reader), OCC_ERR_INTERNAL);
        return take_slot(walk, &claim);
    }
    uint8_t own_chain[OCC_SHA256_LEN];
    occ_reader_copy(&reader, record.from_hash, OCC_SHA256_LEN);
    occ_reader_copy(&reader, own_chain, OCC_SHA256_LEN);
    OCC_ENSURE(occ_reader_done(&reader), OCC_ERR_INTERNAL);
    return take_link(walk, &claim, record.from_hash, own_chain);
}

static OCC_RESULT
walk_all(struct walk *walk, struct occ_error *err)
{
    OCC_TRY(occ_sort_finish(walk->job->sort, err));
    for (;;) {
        struct occ_bytes item;
        bool more = false;
        OCC_TRY(occ_sort_next(walk->job->sort, err, &item, &more));
        if (!more) {
            return finish_chain(walk);
        }
        OCC_TRY(take_item(walk, item));
    }
}

static void
free_sort(struct occ_sort **sort)
{
    occ_sort_free(*sort);
}

struct occ_result
occ_sorted_judge(const struct occ_sorted_job *job, struct occ_error *err, uint64_t *ret_chains)
{
    for (size_t i = 0; i < job->tally->count; i++) {
        job->tally->chains[i].facts = (struct occ_chain_facts){ .begin = OCC_BEGIN_UNKNOWN };
    }
    __attribute__((cleanup(free_sort))) struct occ_sort *successors = NULL;
    OCC_TRY(occ_sort_new(job->memory, job->folder, &successors));
    struct walk walk = { .job = job, .successors = successors, .text = OCC_BUF_INIT(OCC_LIMIT_AUDIT_ITEM_LEN) };
    struct occ_result result = walk_all(&walk, err);
    occ_buf_clear(&walk.text);
    if (occ_is_ok(result)) {
        result = occ_successors_judge(successors, job->findings, err);
    }
    OCC_TRY(result);
    *ret_chains = walk.chains;
    return occ_success();
}
