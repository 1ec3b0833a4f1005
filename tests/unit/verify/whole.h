/*
 * whole.h — for the tests of verify: a proof with every kind of evidence, all of it good, made with keys, an enclave and
 * authorities of our own. A test changes one thing in the plan before, or in the text after.
 */
#ifndef TESTS_UNIT_VERIFY_WHOLE_H
#define TESTS_UNIT_VERIFY_WHOLE_H

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "evidence/actor.h"
#include "proof/slot.h"
#include "proof/tree.h"
#include "sim/maker.h"
#include "support/timestamp_maker.h"
#include "unit/verify/support.h"

#define WHOLE_TIME_MS UINT64_C(1741496392841)
#define WHOLE_RP_ID "example.com"
#define WHOLE_ORIGIN "https://example.com"

enum whole_document { WHOLE_NO_DOCUMENT, WHOLE_BODY, WHOLE_OLDER_BODY, WHOLE_BATCH, WHOLE_KEY };

struct whole_plan {
    bool agency, slot, epoch_link, artifact_token, proof_token;
    enum occ_actor_form form;
    enum whole_document document;
    const char *tier;        /* "measured-tee" */
    const char *measurement; /* NULL: PCR0 of the document, after "sim:" if it is simulated */
    bool simulated;          /* format "sim-nitro", and the verifier gets the root as the simulation's */
    /* May change the document, whose PCRs, key and user_data are filled in, before it is signed. */
    void (*adjust)(struct occ_sim_document *document);
};

struct whole {
    char *text;
    struct occ_buf nitro_root, tsa_root; /* PEM */
    bool simulated;
};

static inline struct whole_plan
whole_plan(void)
{
    return (struct whole_plan){ .agency = true,
                                .slot = true,
                                .artifact_token = true,
                                .proof_token = true,
                                .form = OCC_ACTOR_DIRECT,
                                .document = WHOLE_BODY,
                                .tier = "measured-tee" };
}

static inline void
whole_clear(struct whole *whole)
{
    free(whole->text);
    occ_buf_clear(&whole->nitro_root);
    occ_buf_clear(&whole->tsa_root);
}

/* A verifier that trusts the makers of a proof. */
static inline occ_verifier *
whole_verifier(const struct whole *whole)
{
    static const char *const rp_ids[] = { "example.org", WHOLE_RP_ID };
    static const char *const origins[] = { WHOLE_ORIGIN };
    char problem[200] = "";
    const struct occ_verifier_options options = { .size = sizeof options,
                                                  .nitro_root = whole->simulated ? NULL : whole->nitro_root.ptr,
                                                  .nitro_root_len = whole->nitro_root.len,
                                                  .sim_nitro_root = whole->simulated ? whole->nitro_root.ptr : NULL,
                                                  .sim_nitro_root_len = whole->nitro_root.len,
                                                  .tsa_roots = whole->tsa_root.ptr,
                                                  .tsa_roots_len = whole->tsa_root.len,
                                                  .rp_ids = rp_ids,
                                                  .rp_id_count = 2,
                                                  .origins = origins,
                                                  .origin_count = 1,
                                                  .problem = problem,
                                                  .problem_size = sizeof problem };
    occ_verifier *verifier = NULL;
    if (occ_verifier_new(&options, &verifier) != OCC_OK) {
        fail_msg("%s", problem);
    }
    return verifier;
}

/* ---- pieces of text ---- */

/* A buffer's content as a C string, the caller's. */
static inline char *
whole_string(const struct occ_buf *buf)
{
    assert_true(occ_is_ok(occ_buf_check(buf)));
    char *text = calloc(1, buf->len + 1);
    assert_non_null(text);
    if (buf->len > 0) {
        memcpy(text, buf->ptr, buf->len);
    }
    return text;
}

static inline char *
whole_base64(struct occ_bytes bytes)
{
    OCC_BUF_AUTO(text, 1 << 20);
    occ_base64_put(&text, bytes);
    return whole_string(&text);
}

/* *text with the one occurrence of find replaced, in place. */
static inline void
whole_set(char **text, const char *find, const char *with)
{
    char *changed = replace(*text, find, with);
    free(*text);
    *text = changed;
}

static inline void
whole_digest(uint8_t ret_digest[OCC_SHA256_LEN])
{
    size_t len = 0;
    assert_true(occ_is_ok(occ_base64_decode(occ_bytes_str(DIGEST_B64), OCC_SHA256_LEN, ret_digest, &len)));
}

/* ---- the actor ---- */

/* ECDSA P-256 with SHA-256 over message, base64 of DER. */
static inline char *
whole_actor_sign(EVP_PKEY *key, struct occ_bytes message)
{
    uint8_t signature[128];
    size_t len = sizeof signature;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key), 1);
    assert_int_equal(EVP_DigestSign(context, signature, &len, message.ptr, message.len), 1);
    EVP_MD_CTX_free(context);
    return whole_base64(occ_bytes_of(signature, len));
}

/* The challenge as WebAuthn writes it: base64url without padding. */
static inline char *
whole_base64url(struct occ_bytes bytes)
{
    char *text = whole_base64(bytes);
    for (char *at = text; *at != '\0'; at++) {
        *at = *at == '+' ? '-' : *at == '/' ? '_' : *at == '=' ? '\0' : *at;
    }
    return text;
}

/* What the device signs of a WebAuthn authorization, and the members that go with it (they begin with a comma). */
static inline char *
whole_webauthn(EVP_PKEY *key, struct occ_bytes challenge, struct occ_buf *members)
{
    uint8_t data[37 + OCC_SHA256_LEN] = { 0 };
    occ_digest_sha256(occ_bytes_str(WHOLE_RP_ID), data);
    data[32] = 0x05; /* UP, UV */
    char *url = whole_base64url(challenge);
    char client[512];
    snprintf(client, sizeof client, "{\"type\":\"webauthn.get\",\"challenge\":\"%s\",\"origin\":\"" WHOLE_ORIGIN "\"}",
             url);
    free(url);
    occ_digest_sha256(occ_bytes_str(client), data + 37);
    char *authenticator = whole_base64(occ_bytes_of(data, 37));
    occ_buf_put_format(members, ",\"authenticatorDataB64\":\"%s\",\"clientDataJSON\":", authenticator);
    occ_canonical_put_string(members, occ_bytes_str(client));
    occ_buf_put_str(members, ",\"format\":\"webauthn\"");
    free(authenticator);
    return whole_actor_sign(key, occ_bytes_of(data, sizeof data));
}

static inline char *
whole_direct(EVP_PKEY *key, const char *key_id, const char *challenge)
{
    char payload[1024];
    snprintf(payload, sizeof payload,
             "{\"actorKeyId\":\"%s\",\"artifactHash\":\"" DIGEST_B64 "\",\"challenge\":\"%s\","
             "\"purpose\":\"occ/commit-authorize/v1\",\"timestamp\":1741496392800}",
             key_id, challenge);
    return whole_actor_sign(key, occ_bytes_str(payload));
}

/* Appends an agency. */
static inline void
whole_put_agency(struct occ_buf *buf, enum occ_actor_form form)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    assert_non_null(key);
    uint8_t *der = NULL;
    const int der_len = i2d_PUBKEY(key, &der);
    assert_true(der_len > 0);
    uint8_t hash[OCC_SHA256_LEN];
    char key_id[2 * OCC_SHA256_LEN + 1] = "";
    occ_digest_sha256(occ_bytes_of(der, (size_t)der_len), hash);
    occ_hex_encode(occ_bytes_of(hash, sizeof hash), key_id);
    char *spki = whole_base64(occ_bytes_of(der, (size_t)der_len));
    OPENSSL_free(der);

    uint8_t digest[OCC_SHA256_LEN];
    uint8_t nonce[32];
    memset(nonce, 0x33, sizeof nonce);
    whole_digest(digest);
    uint8_t challenge[OCC_SHA256_LEN];
    memcpy(challenge, nonce, sizeof challenge);
    if (form == OCC_ACTOR_WEBAUTHN_STRONG) {
        assert_true(occ_is_ok(occ_actor_strong_challenge(occ_bytes_of(nonce, sizeof nonce), digest, challenge)));
    }
    char *challenge_b64 = whole_base64(occ_bytes_of(challenge, sizeof challenge));
    char *nonce_b64 = whole_base64(occ_bytes_of(nonce, sizeof nonce));
    OCC_BUF_AUTO(members, 4096);
    char *signature = form == OCC_ACTOR_DIRECT
                          ? whole_direct(key, key_id, challenge_b64)
                          : whole_webauthn(key, occ_bytes_of(challenge, sizeof challenge), &members);
    if (form == OCC_ACTOR_WEBAUTHN_STRONG) {
        occ_buf_put_format(&members, ",\"nonceB64\":\"%s\"", nonce_b64);
    }
    char *more = whole_string(&members);
    occ_buf_put_format(
        buf,
        "\"agency\":{\"actor\":{\"algorithm\":\"ES256\",\"keyId\":\"%s\",\"provider\":\"passkey\","
        "\"publicKeyB64\":\"%s\"},\"authorization\":{\"actorKeyId\":\"%s\",\"artifactHash\":\"" DIGEST_B64
        "\",\"challenge\":\"%s\",\"purpose\":\"occ/commit-authorize/v1\",\"signatureB64\":\"%s\","
        "\"timestamp\":1741496392800%s}},",
        key_id, spki, key_id, challenge_b64, signature, more);
    free(more);
    free(signature);
    free(nonce_b64);
    free(challenge_b64);
    free(spki);
    EVP_PKEY_free(key);
}

/* ---- the slot ---- */

/* The slot's signature and hash, for a slot text with ZERO_SIGNATURE in it. */
static inline char *
whole_slot_sign(const char *slot_text, char ret_hash_b64[OCC_BASE64_LEN(OCC_SHA256_LEN) + 1])
{
    struct occ_json *slot = parse_json(slot_text);
    OCC_BUF_AUTO(body, 4096);
    occ_slot_put_body(&body, slot, true);
    assert_true(occ_is_ok(occ_buf_check(&body)));
    uint8_t hash[OCC_SHA256_LEN];
    occ_digest_sha256(occ_buf_view(&body), hash);
    occ_base64_encode(occ_bytes_of(hash, sizeof hash), ret_hash_b64);
    ret_hash_b64[OCC_BASE64_LEN(OCC_SHA256_LEN)] = '\0';
    char *signature = sign_base64(occ_buf_view(&body));
    char *signed_text = replace(slot_text, ZERO_SIGNATURE, signature);
    free(signature);
    occ_json_free(slot);
    return signed_text;
}

/* ---- the document and the tokens ---- */

/* user_data for a proof in the plan's way; batch: the text of the batch member. */
static inline void
whole_user_data(const struct whole_plan *plan, const struct occ_proof *proof, uint8_t ret_user_data[OCC_SHA256_LEN],
                struct occ_buf *batch)
{
    OCC_BUF_AUTO(body, OCC_LIMIT_CANONICAL_LEN);
    if (plan->document == WHOLE_OLDER_BODY) {
        occ_body_put_without_format(&body, proof);
    } else {
        occ_body_put(&body, proof);
    }
    occ_digest_sha256(occ_buf_view(&body), ret_user_data);
    if (plan->document != WHOLE_BATCH) {
        return;
    }
    uint8_t leaves[5][OCC_SHA256_LEN] = { { 1 }, { 2 }, { 3 }, { 4 }, { 5 } };
    memcpy(leaves[2], ret_user_data, OCC_SHA256_LEN);
    static struct occ_tree_place place;
    const uint8_t(*hashes)[OCC_SHA256_LEN] = (const uint8_t(*)[OCC_SHA256_LEN])leaves;
    occ_tree_root(hashes, 5, ret_user_data);
    occ_tree_place(hashes, 5, 2, &place);
    occ_buf_put_str(batch, ",\"batch\":{\"leafIndex\":2,\"treeSize\":5,\"pathB64\":[");
    for (size_t i = 0; i < place.path_len; i++) {
        occ_buf_put_str(batch, i == 0 ? "\"" : ",\"");
        occ_base64_put(batch, occ_bytes_of(place.path[i], OCC_SHA256_LEN));
        occ_buf_put_byte(batch, '"');
    }
    occ_buf_put_str(batch, "]}");
}

static inline void
whole_add_document(struct whole *whole, const struct whole_plan *plan, const struct occ_sim_path *path)
{
    struct occ_json *root = parse_json(whole->text);
    const struct occ_proof proof = read_proof(root);
    uint8_t user_data[OCC_SHA256_LEN];
    OCC_BUF_AUTO(batch, 8192);
    whole_user_data(plan, &proof, user_data, &batch);
    struct occ_sim_document document;
    occ_sim_document_init(&document, path, WHOLE_TIME_MS + 5);
    if (plan->document == WHOLE_KEY) {
        document.public_key = OCC_SIM_BYTES(occ_bytes_of(proof.public_key, sizeof proof.public_key));
    } else {
        document.user_data = OCC_SIM_BYTES(occ_bytes_of(user_data, sizeof user_data));
    }
    if (plan->adjust != NULL) {
        plan->adjust(&document);
    }
    OCC_BUF_AUTO(bytes, 1 << 17);
    occ_sim_document_put(&bytes, &document, path);
    char *report = whole_base64(occ_buf_view(&bytes));
    char *more = whole_string(&batch);
    OCC_BUF_AUTO(members, 1 << 18);
    occ_buf_put_format(&members, "\"reportB64\":\"%s\"%s", report, more);
    char *text = whole_string(&members);
    whole_set(&whole->text, "\"reportB64\":\"AAAA\"", text);
    free(text);
    free(more);
    free(report);
    occ_json_free(root);
}

/* Appends an entry of timestamps: a token about digest, whose genTime is WHOLE_TIME_MS without its milliseconds. */
static inline void
whole_put_token(struct occ_buf *buf, const struct timestamp_authority *authority, const char *name,
                const uint8_t digest[OCC_SHA256_LEN])
{
    struct timestamp_plan plan;
    timestamp_plan_init(&plan, digest, WHOLE_TIME_MS);
    OCC_BUF_AUTO(der, 1 << 16);
    timestamp_token_put(&der, &plan, authority);
    char *token = whole_base64(occ_buf_view(&der));
    char *imprint = whole_base64(occ_bytes_of(digest, OCC_SHA256_LEN));
    occ_buf_put_format(buf,
                       "\"%s\":{\"authority\":\"https://tsa.example\",\"digestAlg\":\"sha256\",\"digestB64\":\"%s\","
                       "\"time\":\"2025-03-09T04:59:52Z\",\"tokenB64\":\"%s\"}",
                       name, imprint, token);
    free(imprint);
    free(token);
}

static inline void
whole_add_tokens(struct whole *whole, const struct whole_plan *plan)
{
    struct occ_json *root = parse_json(whole->text);
    const struct occ_proof proof = read_proof(root);
    uint8_t core[OCC_SHA256_LEN];
    assert_true(occ_is_ok(occ_body_core_hash(&proof, core)));
    struct timestamp_plan keys;
    timestamp_plan_init(&keys, proof.digest, WHOLE_TIME_MS);
    struct timestamp_authority *authority = timestamp_authority_new(&keys);
    timestamp_root_put(&whole->tsa_root, authority);
    OCC_BUF_AUTO(entries, 1 << 18);
    occ_buf_put_str(&entries, "\"timestamps\":{");
    if (plan->artifact_token) {
        whole_put_token(&entries, authority, "artifact", proof.digest);
    }
    if (plan->proof_token) {
        occ_buf_put_str(&entries, plan->artifact_token ? "," : "");
        whole_put_token(&entries, authority, "proof", core);
    }
    occ_buf_put_str(&entries, "},\"version\":\"occ/1\"}");
    char *text = whole_string(&entries);
    if (plan->artifact_token || plan->proof_token) {
        whole_set(&whole->text, "\"version\":\"occ/1\"}", text);
    }
    free(text);
    timestamp_authority_free(authority);
    occ_json_free(root);
}

/* ---- the whole ---- */

static inline void
whole_put_commit(struct occ_buf *buf, const struct whole_plan *plan, const char *slot_hash_b64)
{
    occ_buf_put_str(buf, "\"commit\":{\"chainId\":\"occ:main\",\"counter\":\"12\",\"epochId\":\"e1\",");
    if (plan->epoch_link) {
        occ_buf_put_str(
            buf,
            "\"epochLink\":{\"prevCounter\":\"10\",\"prevEpochId\":\"e0\",\"prevProofHashB64\":\"" DIGEST_B64
            "\",\"prevPublicKeyB64\":\"" DIGEST_B64 "\",\"toEpochId\":\"e1\",\"toPublicKeyB64\":\"" KEY_B64 "\"},");
    }
    occ_buf_put_str(buf, "\"nonceB64\":\"" NONCE_B64 "\",");
    if (!plan->epoch_link) {
        occ_buf_put_str(buf, "\"prevB64\":\"" DIGEST_B64 "\",");
    }
    if (plan->slot) {
        occ_buf_put_format(buf, "\"slotCounter\":\"11\",\"slotHashB64\":\"%s\",", slot_hash_b64);
    }
    occ_buf_put_str(buf, "\"time\":1741496392841},");
}

/* The first pcr of a document as hex. */
static inline void
whole_measurement(const struct occ_sim_path *path, char ret_hex[2 * 48 + 1])
{
    struct occ_sim_document document;
    occ_sim_document_init(&document, path, WHOLE_TIME_MS);
    occ_hex_encode(document.pcrs[0], ret_hex);
    ret_hex[2 * 48] = '\0';
}

/* Makes the proof of a plan, and the roots that it leads to. */
static inline struct whole
whole_make(const struct whole_plan *plan)
{
    struct whole whole = { .nitro_root = OCC_BUF_INIT(1 << 16),
                           .tsa_root = OCC_BUF_INIT(1 << 16),
                           .simulated = plan->simulated };
    struct occ_sim_plan nitro;
    occ_sim_plan_init(&nitro, WHOLE_TIME_MS);
    struct occ_sim_path *path = occ_sim_path_make(&nitro);
    occ_sim_pem_put(&whole.nitro_root, occ_sim_path_certificates(path)[0]);
    char measurement[2 * 48 + 1];
    whole_measurement(path, measurement);
    char slot_hash[OCC_BASE64_LEN(OCC_SHA256_LEN) + 1] = "";
    char *slot =
        whole_slot_sign("{\"chainId\":\"occ:main\",\"counter\":\"11\",\"epochId\":\"e1\",\"nonceB64\":\"" NONCE_B64
                        "\",\"publicKeyB64\":\"" KEY_B64 "\",\"signatureB64\":\"" ZERO_SIGNATURE
                        "\",\"time\":1741496392000,\"version\":\"occ/slot/1\"}",
                        slot_hash);
    OCC_BUF_AUTO(text, 1 << 18);
    occ_buf_put_byte(&text, '{');
    if (plan->agency) {
        whole_put_agency(&text, plan->form);
    }
    occ_buf_put_str(&text, ARTIFACT ",\"attribution\":{\"name\":\"Jane\"},");
    whole_put_commit(&text, plan, slot_hash);
    occ_buf_put_str(&text, "\"environment\":{");
    if (plan->document != WHOLE_NO_DOCUMENT) {
        occ_buf_put_format(&text, "\"attestation\":{\"format\":\"%s\",\"reportB64\":\"AAAA\"},",
                           plan->simulated ? "sim-nitro" : "aws-nitro");
    }
    occ_buf_put_format(&text, "\"enforcement\":\"%s\",\"measurement\":\"%s%s\"},\"metadata\":{\"a\":1}," SIGNER ",",
                       plan->tier, plan->simulated && plan->measurement == NULL ? "sim:" : "",
                       plan->measurement == NULL ? measurement : plan->measurement);
    if (plan->slot) {
        occ_buf_put_format(&text, "\"slotAllocation\":%s,", slot);
    }
    occ_buf_put_str(&text, "\"version\":\"occ/1\"}");
    char *unsigned_text = whole_string(&text);
    whole.text = sign_proof(unsigned_text);
    free(unsigned_text);
    free(slot);
    if (plan->document != WHOLE_NO_DOCUMENT) {
        whole_add_document(&whole, plan, path);
    }
    whole_add_tokens(&whole, plan);
    occ_sim_path_free(path);
    return whole;
}

/* Verifies text as a verifier that trusts whole's makers. *ret_report is the caller's. */
static inline enum occ_err
whole_verify(const struct whole *whole, const char *text, const char *policy, occ_report **ret_report)
{
    occ_verifier *verifier = whole_verifier(whole);
    const struct occ_verify_input input = { .size = sizeof input,
                                            .proof = text,
                                            .proof_len = strlen(text),
                                            .policy = policy,
                                            .policy_len = policy == NULL ? 0 : strlen(policy) };
    const enum occ_err code = occ_verify(verifier, &input, ret_report);
    occ_verifier_free(verifier);
    return code;
}

/* A change of a proof's text, and what becomes of the verdict. */
struct whole_change {
    const char *find, *with;
    enum occ_err code;
};

static inline void
whole_check_changes(const struct whole *whole, const struct whole_change *changes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char *changed = replace(whole->text, changes[i].find, changes[i].with);
        const enum occ_err code = whole_verify(whole, changed, NULL, NULL);
        if (code != changes[i].code) {
            fail_msg("%s: %s, expected %s", changes[i].with, occ_code_name(code), occ_code_name(changes[i].code));
        }
        free(changed);
    }
}

/* The checks of a report as one text: "structure+ digest- policy?" for passed, failed, not performed. */
static inline void
assert_checks(const occ_report *report, const char *expected)
{
    static const char marks[] = { [OCC_CHECK_PASSED] = '+', [OCC_CHECK_FAILED] = '-', [OCC_CHECK_NOT_PERFORMED] = '?' };
    char found[256] = "";
    struct occ_check check = { .size = sizeof check };
    for (size_t i = 0; occ_report_check(report, i, &check); i++) {
        const size_t len = strlen(found);
        snprintf(found + len, sizeof found - len, "%s%s%c", i == 0 ? "" : " ", check.name, marks[check.status]);
        assert_true(strlen(check.text) > 0);
        assert_int_equal(check.code != OCC_OK, check.status == OCC_CHECK_FAILED);
    }
    if (strcmp(found, expected) != 0) {
        fail_msg("%s, expected %s: %s", found, expected, occ_report_reason(report));
    }
}

static inline void
assert_check(const occ_report *report, const char *name, enum occ_check_status status, const char *text)
{
    const struct occ_check check = find_check(report, name);
    assert_non_null(check.name);
    assert_string_equal(check.text, text);
    assert_int_equal(check.status, status);
}

#endif
