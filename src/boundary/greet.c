/* greet.c — see greet.h. */
#include "boundary/greet.h"

#include "wire/hello.h"

static const enum occ_hello_attest attest_modes[] = {
    [OCC_ATTEST_NONE] = OCC_HELLO_ATTEST_NONE,
    [OCC_ATTEST_COMMIT] = OCC_HELLO_ATTEST_COMMIT,
    [OCC_ATTEST_BATCH] = OCC_HELLO_ATTEST_BATCH,
    [OCC_ATTEST_EPOCH] = OCC_HELLO_ATTEST_EPOCH,
};

/* What environment.attestation takes in a proof, as documents have been so far. */
static uint32_t
attestation_len_max(const struct occ_batch *batch)
{
    if (batch->epoch.attester.mode == OCC_ATTEST_NONE) {
        return 0;
    }
    const size_t known = batch->attesting.document_len;
    return (uint32_t)(strlen("\"attestation\":{},") + batch->epoch.opening_len + occ_attesting_joined_len_max(batch) +
                      (known == 0 ? OCC_DOCUMENT_B64_LEN_MAX : known));
}

void
occ_greet_put(const struct occ_batch *batch, struct occ_buf *out)
{
    struct occ_hello_ok ok = {
        .version = OCC_WIRE_VERSION,
        .frame_len_max = OCC_LIMIT_FRAME_LEN,
        .requests_max = OCC_LIMIT_FRAME_REQUESTS,
        .digests_max = batch->digests_max,
        .retained_len_max = batch->retain.len_max,
        .epoch_id = occ_bytes_str(batch->epoch.id),
        .enforcement = occ_bytes_str(batch->epoch.attester.enforcement),
        .measurement = occ_bytes_str(batch->epoch.attester.measurement),
        .attestation_format = occ_bytes_str(batch->epoch.attester.format),
        .attest = attest_modes[batch->epoch.attester.mode],
        .document_len = attestation_len_max(batch),
        .last_position = batch->retain.newest,
        .acknowledged_position = batch->retain.durable,
        .head_count = batch->chain_count,
    };
    memcpy(ok.public_key, batch->epoch.signer.public_key, sizeof ok.public_key);
    for (size_t i = 0; i < batch->chain_count; i++) {
        const struct occ_chain *const chain = &batch->chains[i];
        ok.heads[i] = (struct occ_hello_head){ .chain_id = chain->id, .counter = chain->head_counter };
        memcpy(ok.heads[i].link_hash, chain->link_hash, sizeof ok.heads[i].link_hash);
    }
    occ_hello_put_ok(out, &ok);
}
