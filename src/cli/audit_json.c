/* The result of an audit as JSON; see audit_report.h, and docs/cli.md for the members. */
#include "cli/audit_report.h"
#include "cli/text.h"
#include "codec/canonical.h"

static void
put_number(struct occ_buf *out, const char *name, uint64_t value)
{
    occ_buf_put_format(out, ",\"%s\":", name);
    occ_buf_put_u64(out, value);
}

static void
put_text(struct occ_buf *out, const char *name, struct occ_bytes text)
{
    occ_buf_put_format(out, ",\"%s\":", name);
    occ_canonical_put_string(out, text);
}

/* {"epochId":…,"chainId":…,"counter":… — without the closing brace. */
static void
put_stored_place(const struct occ_audit_report *report, struct occ_buf *out, const struct occ_place *place)
{
    struct occ_stored_name name;
    if (!occ_stored_name(report->stored, place->line, &name)) {
        occ_buf_put_str(out, "{\"row\":");
        occ_buf_put_u64(out, place->line);
        return;
    }
    occ_buf_put_str(out, "{\"epochId\":");
    occ_text_put_json_bytes(out, occ_bytes_of(name.epoch, name.epoch_len)); /* of a damaged ledger: any bytes */
    if (name.chain_len > 0) {
        occ_buf_put_str(out, ",\"chainId\":");
        occ_text_put_json_bytes(out, occ_bytes_of(name.chain, name.chain_len));
    }
    occ_buf_put_str(out, ",\"counter\":\"");
    occ_buf_put_u64(out, name.counter);
    occ_buf_put_byte(out, '"');
}

/* {"file":…,"line":…,"index":… — without the closing brace. */
static void
put_place(const struct occ_audit_report *report, struct occ_buf *out, const struct occ_place *place)
{
    if (report->stored != NULL) {
        put_stored_place(report, out, place);
        return;
    }
    occ_buf_put_str(out, "{\"file\":");
    occ_text_put_json_name(out, report->input->names[place->stream]);
    put_number(out, "line", place->line);
    put_number(out, "index", place->index);
}

static void
put_finding(const struct occ_audit_report *report, struct occ_buf *out, const struct occ_finding *finding)
{
    put_place(report, out, &finding->place);
    put_text(out, "kind", occ_bytes_str(occ_finding_name(finding->kind)));
    if (finding->said.code != OCC_OK) {
        put_text(out, "code", occ_bytes_str(occ_code_name(finding->said.code)));
    }
    put_text(out, "text", occ_bytes_str(finding->said.text));
    if (finding->has_other) {
        occ_buf_put_str(out, ",\"other\":");
        put_place(report, out, &finding->other);
        occ_buf_put_byte(out, '}');
    }
    occ_buf_put_byte(out, '}');
}

static void
put_notes(const struct occ_audit_report *report, struct occ_buf *out)
{
    const struct occ_findings *findings = &report->audit->findings;
    const char *comma = "";
    occ_buf_put_str(out, ",\"notes\":[");
    for (int kind = 0; kind < OCC_FINDING_COUNT; kind++) {
        if (findings->firsts[kind] == NULL) {
            continue;
        }
        occ_buf_put_format(out, "%s{\"kind\":", comma);
        comma = ",";
        occ_canonical_put_string(out, occ_bytes_str(occ_finding_name((enum occ_finding_kind)kind)));
        put_text(out, "text", occ_bytes_str(occ_finding_text((enum occ_finding_kind)kind)));
        put_number(out, "count", findings->counts[kind]);
        occ_buf_put_str(out, ",\"first\":");
        put_place(report, out, &findings->firsts[kind]->place);
        occ_buf_put_str(out, "}}");
    }
    occ_buf_put_byte(out, ']');
}

static void
put_links(struct occ_buf *out, const struct occ_chain_facts *facts)
{
    static const char *const names[] = { [OCC_FORM_OURS] = "protocol",
                                         [OCC_FORM_OLDER] = "withReport",
                                         [OCC_FORM_OURS_ECMASCRIPT] = "javascriptOrder",
                                         [OCC_FORM_OLDER_ECMASCRIPT] = "withReportJavascriptOrder" };
    occ_buf_put_str(out, ",\"links\":{");
    for (int form = 0; form < OCC_FORM_COUNT; form++) {
        occ_buf_put_format(out, "%s\"%s\":", form == 0 ? "" : ",", names[form]);
        occ_buf_put_u64(out, facts->forms[form]);
    }
    occ_buf_put_byte(out, '}');
}

static void
put_chain(struct occ_buf *out, const struct occ_chain *chain)
{
    static const char *const begins[] = { [OCC_BEGIN_UNKNOWN] = "unknown",
                                          [OCC_BEGIN_FIRST] = "first",
                                          [OCC_BEGIN_LINKED] = "linked",
                                          [OCC_BEGIN_INSIDE] = "inside" };
    const struct occ_chain_name *name = &chain->name;
    const struct occ_chain_facts *facts = &chain->facts;
    occ_buf_put_str(out, "{\"publicKeyB64\":");
    occ_canonical_put_string(out, occ_bytes_of(name->key, name->key_len));
    if (name->epoch_len > 0) {
        put_text(out, "epochId", occ_bytes_of(name->epoch, name->epoch_len));
    }
    if (name->id_len > 0) {
        put_text(out, "chainId", occ_bytes_of(name->id, name->id_len));
    }
    put_text(out, "begins", occ_bytes_str(begins[facts->begin]));
    if (facts->begin != OCC_BEGIN_UNKNOWN) {
        put_text(out, "first", occ_counter_text(&facts->first));
        put_text(out, "last", occ_counter_text(&facts->last));
    }
    put_number(out, "proofs", facts->proofs);
    put_number(out, "slots", facts->slots);
    put_number(out, "unused", facts->unused);
    put_links(out, facts);
    occ_buf_put_byte(out, '}');
}

void
occ_audit_report_put_json(const struct occ_audit_report *report, struct occ_buf *out)
{
    const struct occ_audit *audit = report->audit;
    const struct occ_findings *findings = &audit->findings;
    const uint64_t faults = occ_findings_faults(findings);
    occ_buf_put_format(out, "{\"intact\":%s", faults == 0 ? "true" : "false");
    put_number(out, "proofs", audit->values - audit->malformed);
    put_number(out, "valid", audit->valid);
    put_number(out, "malformed", audit->malformed);
    if (audit->simulated > 0) {
        put_number(out, "simulated", audit->simulated);
    }
    put_number(out, "chainCount", audit->chains);
    occ_buf_put_format(out, ",\"sorted\":%s", audit->sorted ? "true" : "false");
    put_number(out, "faultCount", faults);
    if (findings->list_len > 0) {
        occ_buf_put_str(out, ",\"firstBreak\":");
        put_finding(report, out, &findings->list[0]);
    }
    occ_buf_put_str(out, ",\"faults\":[");
    for (size_t i = 0; i < findings->list_len; i++) {
        occ_buf_put_str(out, i == 0 ? "" : ",");
        put_finding(report, out, &findings->list[i]);
    }
    occ_buf_put_byte(out, ']');
    put_notes(report, out);
    occ_buf_put_str(out, ",\"chains\":[");
    for (size_t i = 0; i < audit->tally.count; i++) {
        occ_buf_put_str(out, i == 0 ? "" : ",");
        put_chain(out, &audit->tally.chains[i]);
    }
    occ_buf_put_str(out, "]}");
}
