#include "cli/facts.h"

#include "base/base64.h"
#include "base/limits.h"
#include "cli/text.h"
#include "codec/canonical.h"

enum { LABEL_COLUMNS = 13, LONGEST_VALUE = 1000 };

static void
put_label(struct occ_buf *buf, const char *label)
{
    occ_buf_put_format(buf, "  %-*s ", (int)LABEL_COLUMNS, label);
}

void
occ_facts_put_line(struct occ_buf *buf, const char *label, struct occ_bytes value)
{
    put_label(buf, label);
    occ_text_put_safe_cut(buf, value, LONGEST_VALUE);
    occ_buf_put_byte(buf, '\n');
}

void
occ_facts_put_base64(struct occ_buf *buf, const char *label, struct occ_bytes value)
{
    put_label(buf, label);
    occ_base64_put(buf, value);
    occ_buf_put_byte(buf, '\n');
}

void
occ_facts_put_json(struct occ_buf *buf, const char *label, const struct occ_json *value)
{
    OCC_BUF_AUTO(text, OCC_LIMIT_CANONICAL_LEN);
    occ_canonical_put(&text, value);
    occ_facts_put_line(buf, label, occ_buf_view(&text));
}

void
occ_facts_put_enforcement(struct occ_buf *buf, struct occ_bytes name, bool attested)
{
    put_label(buf, "enforcement");
    occ_text_put_safe_cut(buf, name, LONGEST_VALUE);
    if (attested && occ_bytes_is(name, "measured-tee")) { /* it shows nothing of another tier */
        occ_buf_put_str(buf, " (the attestation shows the measured program; see there)");
    } else if (occ_bytes_is(name, "stub")) {
        occ_buf_put_str(buf, " (a software key, which vouches for nothing but itself)");
    } else {
        occ_buf_put_str(buf, " (as the signer claims: no evidence for it was verified here)");
    }
    occ_buf_put_byte(buf, '\n');
}

void
occ_facts_put_attestation_format(struct occ_buf *buf, struct occ_bytes format)
{
    put_label(buf, "attestation");
    occ_text_put_safe_cut(buf, format, LONGEST_VALUE);
    if (occ_bytes_is(format, "sim-nitro")) {
        occ_buf_put_str(buf, " (SIMULATED: software stood in for the device, which vouches for nothing)");
    }
    occ_buf_put_byte(buf, '\n');
}

void
occ_facts_put_proof(struct occ_buf *buf, const struct occ_proof *proof, bool attested)
{
    put_label(buf, "digest");
    occ_buf_put_str(buf, "sha256 ");
    occ_base64_put(buf, occ_bytes_of(proof->digest, sizeof proof->digest));
    occ_buf_put_byte(buf, '\n');
    if (proof->counter.len > 0) {
        occ_facts_put_line(buf, "counter", proof->counter);
    }
    if (proof->has_time) {
        put_label(buf, "time");
        occ_text_put_time(buf, proof->time_ms);
        occ_buf_put_str(buf, " (the signer's own clock)\n");
    }
    if (proof->epoch_id.len > 0) {
        occ_facts_put_line(buf, "epoch", proof->epoch_id);
    }
    if (proof->chain_id.len > 0) {
        occ_facts_put_line(buf, "chain", proof->chain_id);
    }
    occ_facts_put_line(buf, "key", proof->public_key_b64);
    occ_facts_put_enforcement(buf, occ_bytes_str(occ_proof_enforcement_name(proof->enforcement)), attested);
    occ_facts_put_line(buf, "measurement", proof->measurement);
}
