#include "cli/inspect_parts.h"

#include "cli/facts.h"
#include "cli/text.h"

enum { LONGEST_LINE = 8192, LONGEST_PART = 300 };

static struct occ_bytes
text_of(const struct occ_json *object, const char *name)
{
    return occ_json_string(occ_json_get(object, name));
}

/* lead and the text of a member, if it is there. */
static void
put_text(struct occ_buf *line, const char *lead, const struct occ_json *object, const char *name)
{
    const struct occ_bytes text = text_of(object, name);
    if (text.len > 0) {
        occ_buf_put_str(line, lead);
        occ_text_put_safe_cut(line, text, LONGEST_PART);
    }
}

static void
put_time(struct occ_buf *line, const char *lead, const struct occ_json *object, const char *name)
{
    const struct occ_json *time = occ_json_get(object, name);
    if (time != NULL && occ_json_is(time, OCC_JSON_NUMBER)) {
        occ_buf_put_str(line, lead);
        occ_text_put_time(line, occ_json_number(time));
    }
}

/* ---- signed ---- */

static void
put_actor(struct occ_buf *out, const struct occ_json *actor)
{
    OCC_BUF_AUTO(line, LONGEST_LINE);
    put_text(&line, "", actor, "keyId");
    put_text(&line, ", kept in ", actor, "provider");
    occ_buf_put_str(&line, " (as the caller says)");
    occ_facts_put_line(out, "actor", occ_buf_view(&line));
}

static void
put_slot_name(struct occ_buf *out, const struct occ_json *commit)
{
    OCC_BUF_AUTO(line, LONGEST_LINE);
    put_text(&line, "counter ", commit, "slotCounter");
    put_text(&line, ", with the hash ", commit, "slotHashB64");
    if (line.len > 0) {
        occ_facts_put_line(out, "slot", occ_buf_view(&line));
    }
}

static void
put_link(struct occ_buf *out, const struct occ_json *link)
{
    OCC_BUF_AUTO(line, LONGEST_LINE);
    put_text(&line, "counter ", link, "prevCounter");
    put_text(&line, " of epoch ", link, "prevEpochId");
    occ_facts_put_line(out, "goes on from", occ_buf_view(&line));
    occ_buf_reset(&line);
    put_text(&line, "", link, "prevPublicKeyB64");
    put_text(&line, ", ", link, "prevEnforcement");
    put_text(&line, ", ", link, "prevMeasurement");
    occ_facts_put_line(out, "  its key", occ_buf_view(&line));
    occ_facts_put_line(out, "  its hash", text_of(link, "prevProofHashB64"));
}

void
occ_inspect_parts_put_signed(struct occ_buf *out, const struct occ_proof *proof)
{
    if (proof->agency != NULL) {
        put_actor(out, occ_json_get(proof->agency, "actor"));
    }
    put_slot_name(out, proof->commit);
    if (proof->epoch_link != NULL) {
        put_link(out, proof->epoch_link);
    }
}

bool
occ_inspect_parts_shows(struct occ_bytes commit_member)
{
    return occ_bytes_is(commit_member, "slotCounter") || occ_bytes_is(commit_member, "slotHashB64") ||
           occ_bytes_is(commit_member, "epochLink");
}

/* ---- signed by another key, or before ---- */

void
occ_inspect_parts_put_authorization(struct occ_buf *out, const struct occ_json *authorization)
{
    const struct occ_bytes format = text_of(authorization, "format");
    OCC_BUF_AUTO(line, LONGEST_LINE);
    if (format.len == 0) {
        occ_buf_put_str(&line, "direct");
    } else {
        occ_text_put_safe_cut(&line, format, LONGEST_PART);
        occ_buf_put_str(&line, occ_json_get(authorization, "nonceB64") == NULL ? ", of no digest" : ", of this digest");
    }
    put_time(&line, ", by the actor's clock at ", authorization, "timestamp");
    occ_buf_put_str(&line, "; signed by the actor");
    occ_buf_put_str(&line, format.len == 0 ? "" : ", but for the time");
    occ_facts_put_line(out, "authorization", occ_buf_view(&line));
    occ_facts_put_line(out, "  digest", text_of(authorization, "artifactHash"));
    occ_facts_put_line(out, "  challenge", text_of(authorization, "challenge"));
    if (format.len > 0) {
        occ_facts_put_line(out, "  client data", text_of(authorization, "clientDataJSON"));
    }
}

void
occ_inspect_parts_put_slot(struct occ_buf *out, const struct occ_json *slot)
{
    OCC_BUF_AUTO(line, LONGEST_LINE);
    put_text(&line, "counter ", slot, "counter");
    put_text(&line, " of chain ", slot, "chainId");
    put_time(&line, ", allocated ", slot, "time");
    occ_buf_put_str(&line, "; signed on its own");
    occ_facts_put_line(out, "slot", occ_buf_view(&line));
    occ_facts_put_line(out, "  nonce", text_of(slot, "nonceB64"));
}
