#include "cli/audit_report.h"

#include "cli/input.h"
#include "cli/text.h"

enum { CHAINS_SHOWN = 10, NAME_SHOWN = 16 };

/* What each form of a link hash is called. */
static const char *const forms[] = {
    [OCC_FORM_OURS] = "this protocol's form",
    [OCC_FORM_OLDER] = "older servers' form, with the attestation report in",
    [OCC_FORM_OURS_ECMASCRIPT] = "this protocol's form, in JavaScript's name order",
    [OCC_FORM_OLDER_ECMASCRIPT] = "older servers' form, with the attestation report in, in JavaScript's name order",
};

enum occ_exit
occ_audit_report_exit(const struct occ_audit_report *report)
{
    const struct occ_audit *audit = report->audit;
    return audit->malformed > 0 && report->stored == NULL ? OCC_EXIT_USAGE
           : occ_findings_faults(&audit->findings) > 0    ? OCC_EXIT_REFUSED
                                                          : OCC_EXIT_DONE;
}

/* ---- for people ---- */

enum mark { GOOD, BAD, OPEN };

static void
put_line(const struct occ_audit_report *report, struct occ_buf *out, enum mark mark, const char *label)
{
    static const struct {
        const char *color, *sign;
    } marks[] = { [GOOD] = { "\033[32m", "✓" }, [BAD] = { "\033[31m", "✗" }, [OPEN] = { "\033[33m", "–" } };
    const bool color = report->cli->color;
    occ_buf_put_format(out, "  %s%s%s %-11s ", color ? marks[mark].color : "", marks[mark].sign, color ? "\033[0m" : "",
                       label);
}

static void
put_counted(struct occ_buf *out, uint64_t count, const char *one, const char *many)
{
    occ_text_put_count(out, count);
    occ_buf_put_format(out, " %s", count == 1 ? one : many);
}

/* The beginning of a name: "8660e1b4667e8f5c…" */
static void
put_cut(struct occ_buf *out, struct occ_bytes name)
{
    const size_t shown = name.len < NAME_SHOWN ? name.len : NAME_SHOWN;
    occ_text_put_safe(out, occ_bytes_of(name.ptr, occ_bytes_utf8_length(occ_bytes_of(name.ptr, shown))));
    occ_buf_put_str(out, shown < name.len ? "…" : "");
}

/* "epoch 8660e1b4667e8f5c…, counter 17" */
static void
put_stored_place(const struct occ_audit_report *report, struct occ_buf *out, const struct occ_place *place)
{
    struct occ_stored_name name;
    if (!occ_stored_name(report->stored, place->line, &name)) {
        occ_buf_put_format(out, "proof %llu of the ledger", (unsigned long long)place->line);
        return;
    }
    occ_buf_put_str(out, "epoch ");
    put_cut(out, occ_bytes_of(name.epoch, name.epoch_len));
    if (name.chain_len > 0) {
        occ_buf_put_str(out, ", chain ");
        occ_text_put_safe(out, occ_bytes_of(name.chain, name.chain_len));
    }
    occ_buf_put_str(out, ", counter ");
    occ_buf_put_u64(out, name.counter);
}

/* "ledger.jsonl:17"; with "[3]" behind it where the line alone does not say which proof it is. */
static void
put_place(const struct occ_audit_report *report, struct occ_buf *out, const struct occ_place *place)
{
    if (report->stored != NULL) {
        put_stored_place(report, out, place);
        return;
    }
    occ_text_put_safe(out, occ_bytes_str(occ_input_name(report->input->names[place->stream])));
    occ_buf_put_byte(out, ':');
    occ_buf_put_u64(out, place->line);
    if (place->index + 1 != place->line) {
        occ_buf_put_byte(out, '[');
        occ_buf_put_u64(out, place->index);
        occ_buf_put_byte(out, ']');
    }
}

static void
put_finding(const struct occ_audit_report *report, struct occ_buf *out, const struct occ_finding *finding)
{
    put_place(report, out, &finding->place);
    occ_buf_put_str(out, ": ");
    occ_text_put_safe(out, occ_bytes_str(finding->said.text));
    if (finding->has_other) {
        occ_buf_put_str(out, " (see ");
        put_place(report, out, &finding->other);
        occ_buf_put_byte(out, ')');
    }
    occ_buf_put_byte(out, '\n');
}

static void
put_verdict(const struct occ_audit_report *report, struct occ_buf *out)
{
    const struct occ_findings *findings = &report->audit->findings;
    const bool intact = occ_findings_faults(findings) == 0;
    const char *color = intact ? "\033[1;32m" : "\033[1;31m";
    occ_buf_put_format(out, "%s%s%s: ", report->cli->color ? color : "", intact ? "intact" : "NOT INTACT",
                       report->cli->color ? "\033[0m" : "");
    if (intact || findings->list_len == 0) {
        put_counted(out, report->audit->values, "proof", "proofs");
        occ_buf_put_str(out, " in ");
        put_counted(out, report->audit->chains, "chain\n", "chains\n");
        return;
    }
    occ_buf_put_str(out, "first break at ");
    put_finding(report, out, &findings->list[0]);
}

static void
put_proofs(const struct occ_audit_report *report, struct occ_buf *out)
{
    const struct occ_audit *audit = report->audit;
    const uint64_t proofs = audit->values - audit->malformed;
    put_line(report, out, audit->valid == audit->values ? GOOD : BAD, "proofs");
    occ_text_put_count(out, proofs);
    if (audit->valid == proofs) {
        occ_buf_put_str(out, ", all valid");
    } else {
        occ_buf_put_str(out, ", ");
        occ_text_put_count(out, proofs - audit->valid);
        occ_buf_put_str(out, " not valid");
    }
    if (audit->malformed > 0) {
        occ_buf_put_str(out, "; ");
        put_counted(out, audit->malformed, "place that is no JSON", "places that are no JSON");
    }
    occ_buf_put_byte(out, '\n');
}

static void
put_simulated(const struct occ_audit_report *report, struct occ_buf *out)
{
    if (report->audit->simulated > 0) {
        put_line(report, out, OPEN, "SIMULATED");
        put_counted(out, report->audit->simulated, "proof has a simulated attestation",
                    "proofs have simulated attestations");
        occ_buf_put_str(out, ": nothing vouches for them\n");
    }
}

/* The chain's own words: "epoch 7662ac8f21e2cb1d…, chain occ:main". */
static void
put_chain_name(struct occ_buf *out, const struct occ_chain_name *name)
{
    const struct occ_bytes epoch = occ_bytes_of(name->epoch, name->epoch_len);
    const struct occ_bytes what = epoch.len > 0 ? epoch : occ_bytes_of(name->key, name->key_len);
    occ_buf_put_str(out, epoch.len > 0 ? "epoch " : "key ");
    put_cut(out, what);
    occ_buf_put_str(out, what.len <= NAME_SHOWN && name->epoch_cut ? "…" : "");
    if (name->id_len > 0) {
        occ_buf_put_str(out, ", chain ");
        occ_text_put_safe(out, occ_bytes_of(name->id, name->id_len));
    }
}

static void
put_chain(struct occ_buf *out, const struct occ_chain *chain)
{
    static const char *const begins[] = { [OCC_BEGIN_UNKNOWN] = "",
                                          [OCC_BEGIN_FIRST] = "",
                                          [OCC_BEGIN_LINKED] = ", after an epoch link",
                                          [OCC_BEGIN_INSIDE] = ", from the middle" };
    const struct occ_chain_facts *facts = &chain->facts;
    occ_buf_put_str(out, "                ");
    put_chain_name(out, &chain->name);
    if (facts->begin != OCC_BEGIN_UNKNOWN) {
        occ_buf_put_format(out, ": %.*s to %.*s", OCC_COUNTER_ARG(&facts->first), OCC_COUNTER_ARG(&facts->last));
    }
    occ_buf_put_format(out, "%s, ", begins[facts->begin]);
    put_counted(out, facts->proofs, "proof", "proofs");
    if (facts->slots > 0) {
        occ_buf_put_str(out, ", ");
        put_counted(out, facts->slots, "slot", "slots");
    }
    if (facts->unused > 0) {
        occ_buf_put_str(out, ", ");
        put_counted(out, facts->unused, "unused counter", "unused counters");
    }
    occ_buf_put_byte(out, '\n');
}

static void
put_chains(const struct occ_audit_report *report, struct occ_buf *out)
{
    const struct occ_audit *audit = report->audit;
    const uint64_t *counts = audit->findings.counts;
    const uint64_t broken =
        occ_findings_faults(&audit->findings) - counts[OCC_FINDING_MALFORMED] - counts[OCC_FINDING_NOT_VALID];
    put_line(report, out, broken > 0 ? BAD : GOOD, "chains");
    occ_text_put_count(out, audit->chains);
    if (broken > 0) {
        occ_buf_put_str(out, ", ");
        put_counted(out, broken, "break", "breaks");
    }
    occ_buf_put_byte(out, '\n');
    const size_t shown = audit->tally.count < CHAINS_SHOWN ? audit->tally.count : CHAINS_SHOWN;
    for (size_t i = 0; i < shown; i++) {
        put_chain(out, &audit->tally.chains[i]);
    }
    if (audit->chains > shown) {
        occ_buf_put_str(out, "                and ");
        occ_text_put_count(out, audit->chains - shown);
        occ_buf_put_str(out, " more\n");
    }
}

static uint64_t
links_of_form(const struct occ_audit *audit, int form)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < audit->tally.count; i++) {
        sum += audit->tally.chains[i].facts.forms[form];
    }
    return sum;
}

static void
put_links(const struct occ_audit_report *report, struct occ_buf *out)
{
    for (int form = 0; form < OCC_FORM_COUNT; form++) {
        const uint64_t links = links_of_form(report->audit, form);
        if (links > 0) {
            put_line(report, out, GOOD, "links");
            occ_text_put_count(out, links);
            occ_buf_put_format(out, " intact: %s\n", forms[form]);
        }
    }
}

static void
put_notes(const struct occ_audit_report *report, struct occ_buf *out)
{
    const struct occ_findings *findings = &report->audit->findings;
    for (int kind = 0; kind < OCC_FINDING_COUNT; kind++) {
        if (occ_finding_is_fault((enum occ_finding_kind)kind) || findings->firsts[kind] == NULL) {
            continue;
        }
        put_line(report, out, OPEN, "note");
        occ_buf_put_str(out, occ_finding_text((enum occ_finding_kind)kind));
        occ_buf_put_str(out, ": ");
        occ_text_put_count(out, findings->counts[kind]);
        occ_buf_put_str(out, " (at ");
        put_place(report, out, &findings->firsts[kind]->place);
        occ_buf_put_str(out, findings->counts[kind] > 1 ? " first)\n" : ")\n");
    }
}

static void
put_faults(const struct occ_audit_report *report, struct occ_buf *out)
{
    const struct occ_findings *findings = &report->audit->findings;
    const uint64_t faults = occ_findings_faults(findings);
    if (faults == 0) {
        return;
    }
    occ_buf_put_byte(out, '\n');
    for (size_t i = 0; i < findings->list_len; i++) {
        put_finding(report, out, &findings->list[i]);
    }
    if (faults > findings->list_len) {
        occ_buf_put_str(out, "and ");
        occ_text_put_count(out, faults - findings->list_len);
        occ_buf_put_str(out, " more (--max-findings shows more)\n");
    }
}

void
occ_audit_report_put_text(const struct occ_audit_report *report, struct occ_buf *out)
{
    put_verdict(report, out);
    put_proofs(report, out);
    put_simulated(report, out);
    put_chains(report, out);
    put_links(report, out);
    put_notes(report, out);
    put_faults(report, out);
}
