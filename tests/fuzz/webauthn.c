/*
 * fuzz/webauthn.c — the bytes as an agency, as authenticatorData and as clientDataJSON. Nothing crashes; every refusal is
 * one that the headers name and leaves the facts alone; names that are asked for only ever refuse more; and what is said to
 * cover the digest is of a form that does.
 */
#include <stdlib.h>

#include "base/limits.h"
#include "codec/json.h"
#include "evidence/actor.h"
#include "proof/optional.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* SHA-256 of "hello occ\n": what the seeds authorize. */
static const uint8_t digest[OCC_SHA256_LEN] = { 0x8d, 0x89, 0x7d, 0x34, 0x72, 0x4f, 0xd1, 0x57, 0x11, 0x56, 0x1e,
                                                0x8e, 0x30, 0x42, 0x14, 0xe5, 0x50, 0x06, 0xbd, 0xae, 0x9c, 0xbb,
                                                0x99, 0x1d, 0xae, 0x73, 0xeb, 0x94, 0xda, 0xff, 0x46, 0x75 };
/* The base point of P-256 (SEC 2 §2.4.2): a key that nobody signs with here. */
static const uint8_t base_x[32] = { 0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6,
                                    0xe5, 0x63, 0xa4, 0x40, 0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb,
                                    0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96 };
static const uint8_t base_y[32] = { 0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb,
                                    0x4a, 0x7c, 0x0f, 0x9e, 0x16, 0x2b, 0xce, 0x33, 0x57, 0x6b, 0x31,
                                    0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5 };
static const char *const rp_names[] = { "example.org" };
static const char *const origin_names[] = { "https://example.org" };
static const struct occ_webauthn_names any = { NULL, 0 };

static void
require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static bool
is_refusal(enum occ_err code)
{
    return code >= OCC_ERR_ACTOR_KEY && code <= OCC_ERR_WEBAUTHN_ORIGIN;
}

/* ---- the bytes as an agency ---- */

static bool
verify_agency(const struct occ_json *agency, bool with_names)
{
    struct occ_actor_input input = { .agency = agency, .digest = digest };
    if (with_names) {
        input.rp_ids = (struct occ_webauthn_names){ rp_names, 1 };
        input.origins = (struct occ_webauthn_names){ origin_names, 1 };
    }
    struct occ_error err = { 0 };
    struct occ_actor_facts facts = { .batch_size = SIZE_MAX };
    const struct occ_result result = occ_actor_verify(&input, &err, &facts);
    if (!occ_is_ok(result)) {
        require(is_refusal(result.code) || result.code == OCC_ERR_UNSUPPORTED);
        require(err.code == result.code && err.text[0] != '\0');
        require(facts.batch_size == SIZE_MAX);
        return false;
    }
    require(!facts.covers_digest || facts.form != OCC_ACTOR_WEBAUTHN_BARE);
    require(facts.first_of_batch == (facts.batch_size > 0));
    require(facts.batch_size == 0 ? facts.batch_index == 0 : facts.batch_index < facts.batch_size);
    require(facts.form == OCC_ACTOR_DIRECT || (facts.webauthn.user_present && facts.webauthn.user_verified));
    require(facts.form == OCC_ACTOR_DIRECT || facts.webauthn.origin_checked == with_names);
    return true;
}

static void
try_agency(struct occ_bytes text)
{
    OCC_BUF_AUTO(proof_text, 1 << 20);
    occ_buf_put_str(&proof_text, "{\"agency\":");
    occ_buf_put(&proof_text, text);
    occ_buf_put_byte(&proof_text, '}');
    struct occ_json *root = NULL;
    if (!occ_is_ok(occ_buf_check(&proof_text)) ||
        !occ_is_ok(occ_json_parse(occ_buf_view(&proof_text), OCC_LIMIT_JSON_DEPTH, NULL, &root))) {
        return;
    }
    struct occ_proof proof = { .root = root, .commit = root };
    if (occ_is_ok(occ_optional_read(NULL, &proof)) && proof.agency != NULL) {
        const bool sound = verify_agency(proof.agency, false);
        require(!verify_agency(proof.agency, true) || sound);
    }
    occ_json_free(root);
}

/* ---- the bytes as one part of an assertion ---- */

static void
try_assertion(const struct occ_ecdsa_key *key, struct occ_bytes client_data, struct occ_bytes authenticator_data)
{
    static const uint8_t challenge[3] = { 0xfb, 0xff, 0xbf };
    static const uint8_t signature[] = { 0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01 };
    const struct occ_webauthn_assertion assertion = {
        .client_data = client_data,
        .authenticator_data = authenticator_data,
        .signature = occ_bytes_of(signature, sizeof signature),
        .challenge = occ_bytes_of(challenge, sizeof challenge),
    };
    struct occ_error err = { 0 };
    struct occ_webauthn_facts facts = { .sign_count = 4711 };
    const struct occ_result result = occ_webauthn_verify(&assertion, key, &any, &any, &err, &facts);
    require(is_refusal(result.code)); /* the signature is nobody's */
    require(err.code == result.code && facts.sign_count == 4711);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char client_data[] =
        "{\"type\":\"webauthn.get\",\"challenge\":\"-_-_\",\"origin\":\"https://example.org\"}";
    static const uint8_t authenticator_data[37] = { [32] = 0x05 };
    const struct occ_bytes bytes = occ_bytes_of(data == NULL ? (const void *)"" : data, size);
    struct occ_ecdsa_key *key = NULL;
    require(occ_is_ok(occ_ecdsa_key_from_point(OCC_ES256, occ_bytes_of(base_x, sizeof base_x),
                                               occ_bytes_of(base_y, sizeof base_y), &key)));
    try_agency(bytes);
    try_assertion(key, occ_bytes_str(client_data), bytes);
    try_assertion(key, bytes, occ_bytes_of(authenticator_data, sizeof authenticator_data));
    occ_ecdsa_key_free(key);
    return 0;
}
