/*
 * fuzz/verify.c — what lies behind the signature: a proof of any bytes is signed anew with a key of ours, and then verified,
 * so that agency, slot, attestation, timestamps and policy are reached whatever was changed. Nothing crashes; a verdict
 * does not depend on a cache that is warm; both ways to the proof hash agree; and no attestation is ever verified: no genuine
 * document is about our key.
 */
#include <stdlib.h>

#include <occ/occ.h>

#include "base/base64.h"
#include "base/limits.h"
#include "codec/canonical.h"
#include "codec/json.h"
#include "crypto/ed25519.h"
#include "proof/body.h"
#include "proof/proof.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static uint8_t public_key[OCC_ED25519_PUBLIC_LEN];
static uint8_t secret[OCC_ED25519_SECRET_LEN];

static bool
is_signer(void *ctx, struct occ_bytes name)
{
    (void)ctx;
    return occ_bytes_is(name, "signer");
}

/* Appends the proof with a signer of ours. */
static void
put_with_signer(struct occ_buf *buf, const struct occ_json *proof, const uint8_t signature[OCC_ED25519_SIGNATURE_LEN])
{
    occ_canonical_put_without(buf, proof, is_signer, NULL);
    require(occ_is_ok(occ_buf_check(buf)));
    buf->len--;
    occ_buf_put_str(buf, ",\"signer\":{\"publicKeyB64\":\"");
    occ_base64_put(buf, occ_bytes_of(public_key, sizeof public_key));
    occ_buf_put_str(buf, "\",\"signatureB64\":\"");
    occ_base64_put(buf, occ_bytes_of(signature, OCC_ED25519_SIGNATURE_LEN));
    occ_buf_put_str(buf, "\"}}");
    require(occ_is_ok(occ_buf_check(buf)));
}

/* False if the input is not a proof of sound structure. */
static bool
sign_anew(struct occ_bytes text, struct occ_buf *ret_proof)
{
    struct occ_json *root = NULL;
    struct occ_json *with_key = NULL;
    struct occ_proof proof;
    if (!occ_is_ok(occ_json_parse(text, OCC_LIMIT_JSON_DEPTH, NULL, &root))) {
        return false;
    }
    uint8_t signature[OCC_ED25519_SIGNATURE_LEN] = { 0 };
    OCC_BUF_AUTO(unsigned_text, OCC_LIMIT_CANONICAL_LEN);
    OCC_BUF_AUTO(body, OCC_LIMIT_CANONICAL_LEN);
    const bool sound = occ_is_ok(occ_proof_read(root, NULL, &proof));
    if (sound) {
        put_with_signer(&unsigned_text, root, signature);
        require(occ_is_ok(occ_json_parse(occ_buf_view(&unsigned_text), OCC_LIMIT_JSON_DEPTH, NULL, &with_key)));
        require(occ_is_ok(occ_proof_read(with_key, NULL, &proof)));
        occ_body_put(&body, &proof);
        require(occ_is_ok(occ_buf_check(&body)));
        occ_ed25519_sign(secret, occ_buf_view(&body), signature);
        put_with_signer(ret_proof, root, signature);
    }
    occ_json_free(with_key);
    occ_json_free(root);
    return sound;
}

static enum occ_err
verify(const occ_verifier *verifier, struct occ_bytes proof, const char *policy)
{
    const struct occ_verify_input input = { .size = sizeof input,
                                            .proof = proof.ptr,
                                            .proof_len = proof.len,
                                            .policy = policy,
                                            .policy_len = policy == NULL ? 0 : strlen(policy) };
    occ_report *report = NULL;
    const enum occ_err code = occ_verify(verifier, &input, &report);
    require(report != NULL && (code == OCC_OK || (code >= 103 && code < 300)));
    size_t len = 0;
    const char *json = occ_report_json(report, &len);
    struct occ_json *root = NULL;
    require(occ_is_ok(occ_json_parse(occ_bytes_of(json, len), OCC_LIMIT_JSON_DEPTH, NULL, &root)));
    occ_json_free(root);
    struct occ_hashes hashes = { .size = sizeof hashes };
    require(occ_hashes_of(proof.ptr, proof.len, &hashes) == OCC_OK);
    OCC_BUF_AUTO(proof_hash, 64);
    occ_base64_put(&proof_hash, occ_bytes_of(hashes.proof_hash, sizeof hashes.proof_hash));
    occ_buf_put_byte(&proof_hash, '\0');
    require(occ_is_ok(occ_buf_check(&proof_hash)) && strstr(json, (const char *)proof_hash.ptr) != NULL);
    struct occ_attestation attestation = { .size = sizeof attestation };
    require(occ_report_attestation(report, &attestation) == 0 || attestation.verified == 0);
    occ_report_free(report);
    return code;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t seed[OCC_ED25519_SEED_LEN] = { 1 };
    static occ_verifier *verifier; /* warm from the inputs before */
    if (verifier == NULL) {
        require(occ_verifier_new(NULL, &verifier) == OCC_OK);
        occ_ed25519_key_pair(seed, public_key, secret);
    }
    OCC_BUF_AUTO(proof, OCC_LIMIT_CANONICAL_LEN);
    if (!sign_anew(occ_bytes_of(data == NULL ? (const void *)"" : data, size), &proof)) {
        return 0;
    }
    const enum occ_err code = verify(verifier, occ_buf_view(&proof), NULL);
    require(code != OCC_ERR_SIGNATURE);
    occ_verifier *cold = NULL;
    require(occ_verifier_new(NULL, &cold) == OCC_OK);
    require(verify(cold, occ_buf_view(&proof), NULL) == code);
    occ_verifier_free(cold);
    require(verify(verifier, occ_buf_view(&proof), "{\"requireAttestation\":true}") != OCC_OK);
    require(verify(verifier, occ_buf_view(&proof), "{\"requireTimestamp\":\"artifact\"}") != OCC_OK);
    return 0;
}
