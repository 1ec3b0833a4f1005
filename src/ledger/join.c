/* join.c — a proof's tokens in their place. */
#include "ledger/ledger.h"

/* RFC 8785 order: of a proof's members "timestamps" is the last but one, and "version" has one value (PROTOCOL §2). */
static const char tail[] = ",\"version\":\"occ/1\"}";

static void
put_token(struct occ_buf *buf, const char *lead, struct occ_bytes token)
{
    occ_buf_put_str(buf, lead);
    occ_buf_put(buf, token);
}

void
occ_ledger_put_joined(struct occ_buf *buf, const struct occ_ledger_found *found)
{
    const struct occ_bytes text = found->text;
    const size_t tail_len = sizeof tail - 1;
    const bool has_artifact = found->artifact_token.len > 0, has_proof = found->proof_token.len > 0;
    if ((!has_artifact && !has_proof) || text.len < tail_len ||
        memcmp(text.ptr + text.len - tail_len, tail, tail_len) != 0) {
        occ_buf_put(buf, text);
        return;
    }
    occ_buf_put(buf, occ_bytes_of(text.ptr, text.len - tail_len));
    if (has_artifact) {
        put_token(buf, ",\"timestamps\":{\"artifact\":", found->artifact_token);
    }
    if (has_proof) {
        put_token(buf, has_artifact ? ",\"proof\":" : ",\"timestamps\":{\"proof\":", found->proof_token);
    }
    occ_buf_put_byte(buf, '}');
    occ_buf_put_str(buf, tail);
}
