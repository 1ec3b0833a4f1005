/* actor.c — see actor.h. */
#include "evidence/actor.h"

#include "base/base64.h"
#include "base/hex.h"
#include "base/limits.h"
#include "codec/canonical.h"

enum {
    SPKI_LEN = 91,         /* of a P-256 key */
    SIGNATURE_LEN_MAX = 72 /* strict DER of a P-256 signature */
};

/* One agency on its way. */
struct subject {
    const struct occ_actor_input *input;
    const struct occ_json *actor, *authorization;
    struct occ_ecdsa_key *key;
    uint8_t authorized[OCC_SHA256_LEN]; /* authorization.artifactHash */
    struct occ_bytes signature;         /* DER, in signature_bytes */
    uint8_t signature_bytes[SIGNATURE_LEN_MAX];
    struct occ_error *err;
};

static void
subject_cleanup(struct subject *subject)
{
    occ_ecdsa_key_free(subject->key);
}

static struct occ_bytes
text_of(const struct occ_json *object, const char *name)
{
    const struct occ_json *value = occ_json_get(object, name);
    return value == NULL ? occ_bytes_of(NULL, 0) : occ_json_string(value);
}

/* True if text is canonical base64 of exactly OCC_SHA256_LEN bytes. */
static bool
decode_digest(struct occ_bytes text, uint8_t ret_digest[OCC_SHA256_LEN])
{
    size_t len = 0;
    return occ_is_ok(occ_base64_decode(text, OCC_SHA256_LEN, ret_digest, &len)) && len == OCC_SHA256_LEN;
}

/* ---- the key and its id (PROTOCOL §4) ---- */

static OCC_RESULT
check_key(struct subject *subject)
{
    uint8_t der[SPKI_LEN];
    size_t len = 0;
    const bool decoded = occ_is_ok(occ_base64_decode(text_of(subject->actor, "publicKeyB64"), sizeof der, der, &len));
    const struct occ_result loaded = decoded ? occ_ecdsa_key_from_spki(OCC_ES256, occ_bytes_of(der, len), &subject->key)
                                             : occ_result_of(OCC_ERR_ACTOR_KEY);
    if (loaded.code == OCC_ERR_ACTOR_KEY) {
        return occ_error_set(
            subject->err, OCC_ERR_ACTOR_KEY,
            "agency.actor.publicKeyB64: expected a P-256 key as SubjectPublicKeyInfo, point uncompressed");
    }
    OCC_TRY(loaded);

    uint8_t hash[OCC_SHA256_LEN];
    char id[2 * OCC_SHA256_LEN];
    occ_digest_sha256(occ_bytes_of(der, len), hash);
    occ_hex_encode(occ_bytes_of(hash, sizeof hash), id);
    const struct occ_bytes key_id = text_of(subject->actor, "keyId");
    if (!occ_bytes_equal(key_id, occ_bytes_of(id, sizeof id))) {
        return occ_error_code(subject->err, OCC_ERR_ACTOR_KEY_ID);
    }
    if (!occ_bytes_equal(text_of(subject->authorization, "actorKeyId"), key_id)) {
        return occ_error_code(subject->err, OCC_ERR_ACTOR_MISMATCH);
    }
    return occ_success();
}

/* ---- the digest, or a peer's list of digests (PROTOCOL §4, batchContext) ---- */

static OCC_RESULT
refuse_batch(const struct subject *subject, const char *what)
{
    return occ_error_set(subject->err, OCC_ERR_ACTOR_BATCH, "agency.batchContext%s", what);
}

/* A member that is a whole number below limit. */
static bool
read_count(const struct occ_json *batch, const char *name, size_t limit, size_t *ret_count)
{
    const struct occ_json *value = occ_json_get(batch, name);
    if (value == NULL || !occ_json_is(value, OCC_JSON_NUMBER)) {
        return false;
    }
    const double number = occ_json_number(value);
    if (!(number >= 0 && number < (double)limit) || number != (double)(size_t)number) {
        return false;
    }
    *ret_count = (size_t)number;
    return true;
}

static OCC_RESULT
check_batch(const struct subject *subject, const struct occ_json *batch, struct occ_actor_facts *facts)
{
    const struct occ_json *digests = occ_json_get(batch, "batchDigests");
    if (digests == NULL || !occ_json_is(digests, OCC_JSON_ARRAY)) {
        return refuse_batch(subject, ".batchDigests: expected an array");
    }
    const size_t length = occ_json_length(digests);
    if (length == 0 || length > OCC_LIMIT_AGENCY_BATCH) {
        return occ_error_set(subject->err, OCC_ERR_ACTOR_BATCH,
                             "agency.batchContext.batchDigests: %zu digests, expected 1 to %d", length,
                             OCC_LIMIT_AGENCY_BATCH);
    }
    if (!read_count(batch, "batchSize", OCC_LIMIT_AGENCY_BATCH + 1, &facts->batch_size) ||
        facts->batch_size != length) {
        return refuse_batch(subject, ".batchSize: expected the number of batchDigests");
    }
    if (!read_count(batch, "batchIndex", length, &facts->batch_index)) {
        return refuse_batch(subject, ".batchIndex: expected a whole number below batchSize");
    }
    for (size_t i = 0; i < length; i++) {
        uint8_t digest[OCC_SHA256_LEN];
        if (!decode_digest(occ_json_string(occ_json_at(digests, i)), digest)) {
            return occ_error_set(subject->err, OCC_ERR_ACTOR_BATCH,
                                 "agency.batchContext.batchDigests[%zu]: expected canonical base64 of 32 bytes", i);
        }
        if (i == 0 && memcmp(digest, subject->authorized, sizeof digest) != 0) {
            return refuse_batch(subject, ".batchDigests[0]: expected the digest of authorization.artifactHash");
        }
        if (i == facts->batch_index && memcmp(digest, subject->input->digest, sizeof digest) != 0) {
            return refuse_batch(subject, ".batchDigests: the digest at batchIndex is not the artifact's");
        }
    }
    facts->first_of_batch = true;
    return occ_success();
}

static OCC_RESULT
check_digest(struct subject *subject, struct occ_actor_facts *facts)
{
    if (!decode_digest(text_of(subject->authorization, "artifactHash"), subject->authorized)) {
        return occ_error_code(subject->err, OCC_ERR_ACTOR_DIGEST);
    }
    facts->covers_digest = memcmp(subject->authorized, subject->input->digest, OCC_SHA256_LEN) == 0;
    const struct occ_json *batch = occ_json_get(subject->input->agency, "batchContext");
    if (batch != NULL) {
        return check_batch(subject, batch, facts);
    }
    return facts->covers_digest ? occ_success() : occ_error_code(subject->err, OCC_ERR_ACTOR_DIGEST);
}

static OCC_RESULT
read_signature(struct subject *subject)
{
    size_t len = 0;
    if (!occ_is_ok(occ_base64_decode(text_of(subject->authorization, "signatureB64"), sizeof subject->signature_bytes,
                                     subject->signature_bytes, &len))) {
        return occ_error_code(subject->err, OCC_ERR_ACTOR_SIGNATURE);
    }
    subject->signature = occ_bytes_of(subject->signature_bytes, len);
    return occ_success();
}

/* ---- direct (PROTOCOL §4) ---- */

static bool
is_outside_payload(void *ctx, struct occ_bytes name)
{
    static const char *const payload[] = { "actorKeyId", "artifactHash", "challenge", "protocolVersion",
                                           "purpose",    "timestamp",    NULL };
    (void)ctx;
    for (size_t i = 0; payload[i] != NULL; i++) {
        if (occ_bytes_is(name, payload[i])) {
            return false;
        }
    }
    return true;
}

static OCC_RESULT
verify_direct(const struct subject *subject, struct occ_actor_facts *facts)
{
    OCC_BUF_AUTO(payload, OCC_LIMIT_CANONICAL_LEN);
    occ_canonical_put_without(&payload, subject->authorization, is_outside_payload, NULL);
    OCC_TRY(occ_buf_check(&payload));
    const struct occ_result result = occ_ecdsa_verify_der(subject->key, occ_buf_view(&payload), subject->signature);
    if (result.code == OCC_ERR_SIGNATURE) {
        return occ_error_code(subject->err, OCC_ERR_ACTOR_SIGNATURE);
    }
    OCC_TRY(result);
    facts->form = OCC_ACTOR_DIRECT;
    return occ_success();
}

/* ---- WebAuthn (PROTOCOL §4) ---- */

struct occ_result
occ_actor_strong_challenge(struct occ_bytes nonce, const uint8_t digest[OCC_SHA256_LEN],
                           uint8_t ret_challenge[OCC_SHA256_LEN])
{
    static const char prefix[] = "occ/webauthn-challenge/v1"; /* its zero byte belongs to it */
    uint8_t input[sizeof prefix + OCC_LIMIT_AGENCY_NONCE_LEN + OCC_SHA256_LEN];
    OCC_ENSURE(nonce.len >= OCC_LIMIT_AGENCY_NONCE_LEN_MIN && nonce.len <= OCC_LIMIT_AGENCY_NONCE_LEN, OCC_ERR_LIMIT);
    memcpy(input, prefix, sizeof prefix);
    memcpy(input + sizeof prefix, nonce.ptr, nonce.len);
    memcpy(input + sizeof prefix + nonce.len, digest, OCC_SHA256_LEN);
    occ_digest_sha256(occ_bytes_of(input, sizeof prefix + nonce.len + OCC_SHA256_LEN), ret_challenge);
    return occ_success();
}

/* The form that authorization.nonceB64 makes it. A strong challenge is made from the digest that is authorized. */
static OCC_RESULT
check_nonce(const struct subject *subject, struct occ_bytes challenge, enum occ_actor_form *ret_form)
{
    const struct occ_json *text = occ_json_get(subject->authorization, "nonceB64");
    if (text == NULL) {
        *ret_form = OCC_ACTOR_WEBAUTHN_BARE;
        return occ_success();
    }
    uint8_t nonce[OCC_LIMIT_AGENCY_NONCE_LEN];
    uint8_t expected[OCC_SHA256_LEN];
    size_t len = 0;
    if (!occ_is_ok(occ_base64_decode(occ_json_string(text), sizeof nonce, nonce, &len)) ||
        !occ_is_ok(occ_actor_strong_challenge(occ_bytes_of(nonce, len), subject->authorized, expected))) {
        return occ_error_set(subject->err, OCC_ERR_WEBAUTHN_NONCE,
                             "agency.authorization.nonceB64: expected canonical base64 of %d to %d bytes",
                             OCC_LIMIT_AGENCY_NONCE_LEN_MIN, OCC_LIMIT_AGENCY_NONCE_LEN);
    }
    if (!occ_bytes_equal(challenge, occ_bytes_of(expected, sizeof expected))) {
        return occ_error_code(subject->err, OCC_ERR_WEBAUTHN_NONCE);
    }
    *ret_form = OCC_ACTOR_WEBAUTHN_STRONG;
    return occ_success();
}

static OCC_RESULT
read_challenge(const struct subject *subject, uint8_t ret_challenge[OCC_LIMIT_AGENCY_CHALLENGE_LEN], size_t *ret_len)
{
    const struct occ_bytes text = text_of(subject->authorization, "challenge");
    if (!occ_is_ok(occ_base64_decode(text, OCC_LIMIT_AGENCY_CHALLENGE_LEN, ret_challenge, ret_len)) || *ret_len == 0) {
        return occ_error_set(subject->err, OCC_ERR_WEBAUTHN_CHALLENGE,
                             "agency.authorization.challenge: expected canonical base64 of 1 to %d bytes",
                             OCC_LIMIT_AGENCY_CHALLENGE_LEN);
    }
    return occ_success();
}

static OCC_RESULT
verify_webauthn(const struct subject *subject, struct occ_actor_facts *facts)
{
    uint8_t challenge[OCC_LIMIT_AGENCY_CHALLENGE_LEN];
    size_t challenge_len = 0;
    OCC_TRY(read_challenge(subject, challenge, &challenge_len));
    OCC_TRY(check_nonce(subject, occ_bytes_of(challenge, challenge_len), &facts->form));
    const struct occ_json *client_data = occ_json_get(subject->authorization, "clientDataJSON");
    if (client_data == NULL || !occ_json_is(client_data, OCC_JSON_STRING)) {
        return occ_error_set(subject->err, OCC_ERR_WEBAUTHN_CLIENT_DATA,
                             "agency.authorization.clientDataJSON: %s, expected a string",
                             client_data == NULL ? "missing" : occ_json_type_name(client_data));
    }
    uint8_t data[OCC_LIMIT_AUTHENTICATOR_DATA_LEN];
    size_t data_len = 0;
    if (!occ_is_ok(
            occ_base64_decode(text_of(subject->authorization, "authenticatorDataB64"), sizeof data, data, &data_len))) {
        return occ_error_set(subject->err, OCC_ERR_WEBAUTHN_AUTHENTICATOR_DATA,
                             "agency.authorization.authenticatorDataB64: expected canonical base64 of at most %u bytes",
                             OCC_LIMIT_AUTHENTICATOR_DATA_LEN);
    }
    const struct occ_webauthn_assertion assertion = {
        .client_data = occ_json_string(client_data),
        .authenticator_data = occ_bytes_of(data, data_len),
        .signature = subject->signature,
        .challenge = occ_bytes_of(challenge, challenge_len),
    };
    OCC_TRY(occ_webauthn_verify(&assertion, subject->key, &subject->input->rp_ids, &subject->input->origins,
                                subject->err, &facts->webauthn));
    /* PROTOCOL §4: in the bare form the signature covers no digest */
    facts->covers_digest = facts->covers_digest && facts->form == OCC_ACTOR_WEBAUTHN_STRONG;
    return occ_success();
}

/* ---- the agency ---- */

static OCC_RESULT
verify_form(const struct subject *subject, struct occ_actor_facts *facts)
{
    const struct occ_json *format = occ_json_get(subject->authorization, "format");
    if (format == NULL) {
        return verify_direct(subject, facts);
    }
    const struct occ_bytes name = occ_json_string(format);
    if (occ_bytes_is(name, "webauthn") || occ_bytes_is(name, "webauthn.get")) {
        return verify_webauthn(subject, facts);
    }
    return occ_error_set(subject->err, OCC_ERR_UNSUPPORTED,
                         "agency.authorization.format: \"%.*s\" is not known, expected none or \"webauthn\"",
                         OCC_BYTES_ARG(name));
}

struct occ_result
occ_actor_verify(const struct occ_actor_input *input, struct occ_error *err, struct occ_actor_facts *ret_facts)
{
    __attribute__((cleanup(subject_cleanup))) struct subject subject = {
        .input = input,
        .actor = occ_json_get(input->agency, "actor"),
        .authorization = occ_json_get(input->agency, "authorization"),
        .err = err,
    };
    struct occ_actor_facts facts = { 0 };
    facts.timestamp_ms = occ_json_number(occ_json_get(subject.authorization, "timestamp"));
    OCC_TRY(check_key(&subject));
    OCC_TRY(check_digest(&subject, &facts));
    OCC_TRY(read_signature(&subject));
    OCC_TRY(verify_form(&subject, &facts));
    *ret_facts = facts;
    return occ_success();
}

const char *
occ_actor_form_name(enum occ_actor_form form)
{
    static const char *const names[] = {
        [OCC_ACTOR_DIRECT] = "direct",
        [OCC_ACTOR_WEBAUTHN_STRONG] = "webauthn-strong",
        [OCC_ACTOR_WEBAUTHN_BARE] = "webauthn-bare",
    };
    return names[form];
}
