#include "cli/facts.h"

#include "base/base64.h"
#include "base/limits.h"
#include "cli/text.h"
#include "codec/canonical.h"
#include "proof/body.h"

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
occ_facts_put_enforcement(struct occ_buf *buf, struct occ_bytes name)
{
    put_label(buf, "enforcement");
    occ_text_put_safe_cut(buf, name, LONGEST_VALUE);
    if (occ_bytes_is(name, "stub")) {
        occ_buf_put_str(buf, " (a software key, which vouches for nothing but itself)");
    } else {
        occ_buf_put_str(buf, " (as the signer claims: no evidence for it was verified here)");
    }
    occ_buf_put_byte(buf, '\n');
}

void
occ_facts_put_proof(struct occ_buf *buf, const struct occ_proof *proof)
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
    occ_facts_put_line(buf, "key", proof->public_key_b64);
    occ_facts_put_enforcement(buf, occ_bytes_str(occ_proof_enforcement_name(proof->enforcement)));
    occ_facts_put_line(buf, "measurement", proof->measurement);
}

static void
put_name(void *ctx, const char *parent, struct occ_bytes name, const struct occ_json *value)
{
    (void)value;
    struct occ_buf *names = ctx;
    occ_buf_put_format(names, "%s%s%s", names->len == 0 ? "" : ", ", parent, parent[0] == '\0' ? "" : ".");
    occ_buf_put(names, name);
}

void
occ_facts_put_unsigned(struct occ_buf *buf, const struct occ_proof *proof)
{
    OCC_BUF_AUTO(names, OCC_LIMIT_CANONICAL_LEN);
    occ_body_each_unsigned(proof, put_name, &names);
    if (names.len > 0) {
        occ_facts_put_line(buf, "not signed", occ_buf_view(&names));
    }
}
