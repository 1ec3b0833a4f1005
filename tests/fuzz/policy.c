/*
 * fuzz/policy.c — a policy of any bytes: read, and held against a proof without evidence and one that claims all there is.
 * Nothing crashes; a policy that was read gives the same verdict in its canonical form; and one that asks for evidence
 * never holds.
 */
#include <stdlib.h>

#include "base/limits.h"
#include "codec/canonical.h"
#include "proof/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define B64_32 "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg="
#define B64_64 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="
#define HEX_64 "0000000000000000000000000000000000000000000000000000000000000000"
#define BARE \
    "\"artifact\":{\"hashAlg\":\"sha256\",\"digestB64\":\"" B64_32 "\"},\"signer\":{\"publicKeyB64\":\"" B64_32 \
    "\",\"signatureB64\":\"" B64_64 "\"},\"version\":\"occ/1\""

static const char *const proofs[] = {
    "{" BARE ",\"commit\":{\"nonceB64\":\"" B64_32
    "\"},\"environment\":{\"enforcement\":\"stub\",\"measurement\":\"m\"}}",
    "{" BARE ",\"commit\":{\"nonceB64\":\"" B64_32 "\",\"counter\":\"12\",\"time\":1741496392841,\"epochId\":\"e\"},"
    "\"environment\":{\"enforcement\":\"measured-tee\",\"measurement\":\"m\",\"attestation\":{\"format\":\"aws-nitro\","
    "\"reportB64\":\"AAAA\"}},\"agency\":{\"actor\":{\"keyId\":\"" HEX_64 "\",\"publicKeyB64\":\"AAAA\",\"algorithm\":"
    "\"ES256\",\"provider\":\"p\"},\"authorization\":{\"purpose\":\"occ/commit-authorize/v1\",\"actorKeyId\":\"" HEX_64
    "\",\"artifactHash\":\"" B64_32 "\",\"challenge\":\"c\",\"timestamp\":1,\"signatureB64\":\"AAAA\"}}}",
};

static void
require(bool condition)
{
    if (!condition) {
        abort();
    }
}

/* The verdict of a policy value on a proof's text. */
static enum occ_err
judge(const struct occ_json *value, const char *proof_text)
{
    struct occ_error err = { 0 };
    struct occ_policy policy;
    const struct occ_result read = occ_policy_read(value, "policy", &err, &policy);
    if (!occ_is_ok(read)) {
        require(read.code >= OCC_ERR_FIELD_MISSING && read.code < OCC_ERR_WIRE_FRAME && err.text[0] != '\0');
        return read.code;
    }
    struct occ_json *root = NULL;
    struct occ_proof proof;
    require(occ_is_ok(occ_json_parse(occ_bytes_str(proof_text), OCC_LIMIT_JSON_DEPTH, NULL, &root)));
    require(occ_is_ok(occ_proof_read(root, NULL, &proof)));
    const struct occ_policy_evidence none = { .attestation_verified = false };
    const enum occ_err code = occ_policy_judge(&policy, &proof, &none, &err).code;
    require(code == OCC_OK || (code >= OCC_ERR_POLICY_ENFORCEMENT && err.text[0] != '\0'));
    const bool needs_evidence =
        policy.require_attestation || policy.require_attestation_format != NULL || policy.require_actor ||
        policy.allowed_actor_key_ids != NULL || policy.allowed_actor_providers != NULL || policy.require_slot ||
        policy.require_actor_binding || policy.allowed_attestation_bindings != NULL || policy.required_pcrs != NULL ||
        policy.require_timestamp != 0 || policy.has_min_timestamp || policy.has_max_timestamp;
    require(!needs_evidence || code != OCC_OK);
    occ_json_free(root);
    return code;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct occ_json *value = NULL;
    if (!occ_is_ok(occ_json_parse(occ_bytes_of(data, size), OCC_LIMIT_JSON_DEPTH, NULL, &value))) {
        return 0;
    }
    OCC_BUF_AUTO(canonical, OCC_LIMIT_CANONICAL_LEN);
    occ_canonical_put(&canonical, value);
    struct occ_json *again = NULL;
    require(occ_is_ok(occ_buf_check(&canonical)));
    require(occ_is_ok(occ_json_parse(occ_buf_view(&canonical), OCC_LIMIT_JSON_DEPTH, NULL, &again)));
    for (size_t i = 0; i < sizeof proofs / sizeof proofs[0]; i++) {
        const enum occ_err first = judge(value, proofs[i]);
        const enum occ_err second = judge(again, proofs[i]);
        /* of two things wrong, the one that is written first is told */
        require(first == second || (first >= OCC_ERR_FIELD_MISSING && first < OCC_ERR_WIRE_FRAME &&
                                    second >= OCC_ERR_FIELD_MISSING && second < OCC_ERR_WIRE_FRAME));
    }
    occ_json_free(again);
    occ_json_free(value);
    return 0;
}
