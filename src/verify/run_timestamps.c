/* run_timestamps.c — the RFC 3161 tokens of a proof (PROTOCOL §5): timestamps.artifact and timestamps.proof. */
#include "base/calendar.h"
#include "base/hex.h"
#include "proof/body.h"
#include "verify/run.h"

static void
put_sha256(char to[OCC_EVIDENCE_SHA256_SIZE], const uint8_t hash[OCC_SHA256_LEN])
{
    occ_hex_encode(occ_bytes_of(hash, OCC_SHA256_LEN), to);
    to[OCC_EVIDENCE_SHA256_SIZE - 1] = '\0';
}

/* The digest that this entry must be about (PROTOCOL §2.2). */
static OCC_RESULT
digest_for(const struct occ_run *run, size_t index, uint8_t ret_digest[OCC_SHA256_LEN])
{
    if (index == OCC_TIMESTAMP_PROOF) {
        return occ_body_core_hash(&run->proof, ret_digest);
    }
    memcpy(ret_digest, run->proof.digest, OCC_SHA256_LEN);
    return occ_success();
}

static OCC_RESULT
verify_entry(const struct occ_run *run, size_t index, const struct occ_json *entry, struct occ_error *err)
{
    static const char *const prefixes[OCC_EVIDENCE_TIMESTAMPS] = { "timestamps.artifact", "timestamps.proof" };
    struct occ_evidence_timestamp *found = &run->evidence->timestamps[index];
    uint8_t digest[OCC_SHA256_LEN];
    OCC_TRY(digest_for(run, index, digest));
    OCC_TRY(occ_rfc3161_verify(entry, prefixes[index], digest, run->input->trust->timestamps, err, &found->facts));
    found->read = true;
    occ_evidence_copy(found->authority, sizeof found->authority, occ_json_string(occ_json_get(entry, "authority")));
    put_sha256(found->signer_sha256, found->facts.signer_sha256);
    if (found->facts.trusted) {
        put_sha256(found->root_sha256, found->facts.root_sha256);
    }
    return occ_success();
}

/* Every token that is there is good; what is left is whose they are. An authority nobody knows is not a broken token. */
static OCC_RESULT
say_whose(const struct occ_evidence *evidence, struct occ_error *err)
{
    const struct occ_evidence_timestamp *last = NULL;
    for (size_t i = 0; i < OCC_EVIDENCE_TIMESTAMPS; i++) {
        const struct occ_evidence_timestamp *found = &evidence->timestamps[i];
        if (found->read && !found->facts.trusted) {
            return occ_error_set(err, OCC_ERR_UNSUPPORTED,
                                 "timestamps.%s: a good token of an authority not trusted: %s",
                                 occ_policy_timestamp_name(i), found->facts.untrusted);
        }
        last = found->read ? found : last;
    }
    if (last == NULL) {
        return occ_error_set(err, OCC_ERR_UNSUPPORTED, "timestamps: neither artifact nor proof");
    }
    char text[OCC_CALENDAR_TEXT_SIZE];
    occ_calendar_format(last->facts.gen_time_ms, text);
    return occ_error_set(err, OCC_OK, "genTime %s, by %s", text, last->facts.signer_name);
}

struct occ_result
occ_run_timestamps(struct occ_run *run, struct occ_error *err)
{
    for (size_t i = 0; i < OCC_EVIDENCE_TIMESTAMPS; i++) {
        const struct occ_json *entry = occ_json_get(run->proof.timestamps, occ_policy_timestamp_name(i));
        if (entry != NULL) {
            OCC_TRY(verify_entry(run, i, entry, err));
        }
    }
    return say_whose(run->evidence, err);
}
