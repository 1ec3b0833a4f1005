/* findings.c — see findings.h. */
#include "audit/findings.h"

#include <stdlib.h>

static const struct {
    const char *name;
    bool fault;
    const char *text;
} kinds[] = {
#define ROW_(id, name, fault, text) [id] = { name, fault, text },
    OCC_FINDINGS(ROW_)
#undef ROW_
};

const char *
occ_finding_name(enum occ_finding_kind kind)
{
    return kinds[kind].name;
}

const char *
occ_finding_text(enum occ_finding_kind kind)
{
    return kinds[kind].text;
}

bool
occ_finding_is_fault(enum occ_finding_kind kind)
{
    return kinds[kind].fault;
}

struct occ_finding
occ_finding_at(enum occ_finding_kind kind, const struct occ_place *place, const struct occ_place *other)
{
    struct occ_finding finding = { .kind = kind, .place = *place, .has_other = other != NULL };
    if (other != NULL) {
        finding.other = *other;
    }
    return finding;
}

struct occ_finding
occ_finding_note(enum occ_finding_kind kind, const struct occ_place *place)
{
    struct occ_finding finding = occ_finding_at(kind, place, NULL);
    (void)occ_error_set(&finding.said, OCC_OK, "%s", occ_finding_text(kind));
    return finding;
}

static int
compare(const struct occ_finding *a, const struct occ_finding *b)
{
    if (a->place.ordinal != b->place.ordinal) {
        return a->place.ordinal < b->place.ordinal ? -1 : 1;
    }
    return (a->kind > b->kind) - (a->kind < b->kind);
}

static OCC_RESULT
add_note(struct occ_findings *findings, const struct occ_finding *finding)
{
    struct occ_finding **first = &findings->firsts[finding->kind];
    if (*first == NULL) {
        *first = malloc(sizeof **first);
        OCC_ENSURE(*first != NULL, OCC_ERR_NOMEM);
        **first = *finding;
        return occ_success();
    }
    if (compare(finding, *first) < 0) {
        **first = *finding;
    }
    return occ_success();
}

static OCC_RESULT
make_room(struct occ_findings *findings)
{
    if (findings->list_len < findings->list_cap) {
        return occ_success();
    }
    size_t cap = findings->list_cap == 0 ? 16 : 2 * findings->list_cap;
    cap = cap < findings->list_max ? cap : findings->list_max;
    struct occ_finding *list = reallocarray(findings->list, cap, sizeof list[0]);
    OCC_ENSURE(list != NULL, OCC_ERR_NOMEM);
    findings->list = list;
    findings->list_cap = cap;
    return occ_success();
}

/* Where it belongs in the list. */
static size_t
place_in(const struct occ_findings *findings, const struct occ_finding *finding)
{
    size_t low = 0;
    size_t high = findings->list_len;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (compare(&findings->list[middle], finding) <= 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static OCC_RESULT
add_fault(struct occ_findings *findings, const struct occ_finding *finding)
{
    const size_t at = place_in(findings, finding);
    if (at == findings->list_max) {
        return occ_success();
    }
    if (findings->list_len == findings->list_max) {
        findings->list_len--; /* the latest gives way */
    }
    OCC_TRY(make_room(findings));
    memmove(&findings->list[at + 1], &findings->list[at], (findings->list_len - at) * sizeof findings->list[0]);
    findings->list[at] = *finding;
    findings->list_len++;
    return occ_success();
}

struct occ_result
occ_findings_add(struct occ_findings *findings, const struct occ_finding *finding)
{
    findings->counts[finding->kind]++;
    return kinds[finding->kind].fault ? add_fault(findings, finding) : add_note(findings, finding);
}

struct occ_result
occ_findings_add_notes(struct occ_findings *findings, const struct occ_findings *from)
{
    for (int kind = 0; kind < OCC_FINDING_COUNT; kind++) {
        if (!kinds[kind].fault && from->firsts[kind] != NULL) {
            findings->counts[kind] += from->counts[kind];
            OCC_TRY(add_note(findings, from->firsts[kind]));
        }
    }
    return occ_success();
}

uint64_t
occ_findings_faults(const struct occ_findings *findings)
{
    uint64_t sum = 0;
    for (int kind = 0; kind < OCC_FINDING_COUNT; kind++) {
        sum += kinds[kind].fault ? findings->counts[kind] : 0;
    }
    return sum;
}

void
occ_findings_clear(struct occ_findings *findings)
{
    free(findings->list);
    for (int kind = 0; kind < OCC_FINDING_COUNT; kind++) {
        free(findings->firsts[kind]);
    }
    *findings = (struct occ_findings){ .list_max = findings->list_max };
}
