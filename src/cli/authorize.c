#include "cli/authorize.h"

#include "base/base64.h"
#include "codec/canonical.h"

enum { LONGEST_PAYLOAD = 4096 };

static const char purpose[] = "occ/commit-authorize/v1";

struct occ_result
occ_authorize_ask(struct occ_client *client, struct occ_error *err, struct occ_buf *buf)
{
    const struct occ_client_request request = { .path = "/challenge",
                                                .body = occ_bytes_str("{}"),
                                                .repeat = OCC_CLIENT_HARMLESS };
    __attribute__((cleanup(occ_json_cleanup))) struct occ_json *answer = NULL;
    const struct occ_result called = occ_client_call(client, &request, err, &answer);
    if (called.code == OCC_ERR_NOT_FOUND) {
        return occ_error_set(err, OCC_ERR_UNAVAILABLE, "%.120s gives no challenges: it takes no commits with an actor",
                             client->shown);
    }
    OCC_TRY(called);
    const struct occ_bytes challenge = occ_json_string(occ_json_get(answer, "challenge"));
    bool good = challenge.len > 0 && challenge.len <= OCC_AUTHORIZE_CHALLENGE_LEN;
    for (size_t i = 0; i < challenge.len; i++) {
        good = good && challenge.ptr[i] > ' ' && challenge.ptr[i] < 0x7f;
    }
    if (!good) {
        return occ_error_set(err, OCC_ERR_UNAVAILABLE, "%.120s answered no challenge that can be signed",
                             client->shown);
    }
    occ_buf_put(buf, challenge);
    const struct occ_result put = occ_buf_check(buf);
    return occ_is_ok(put) ? put : occ_error_code(err, put.code);
}

/* The authorization's members in canonical order; signature NULL = what is signed (PROTOCOL §4). */
static void
put_authorization(struct occ_buf *buf, const struct occ_authorize_input *input, const char *key_id,
                  const struct occ_bytes *signature)
{
    occ_buf_put_format(buf, "{\"actorKeyId\":\"%s\",\"artifactHash\":\"", key_id);
    occ_base64_put(buf, occ_bytes_of(input->digest, OCC_SHA256_LEN));
    occ_buf_put_str(buf, "\",\"challenge\":");
    occ_canonical_put_string(buf, input->challenge);
    occ_buf_put_format(buf, ",\"purpose\":\"%s\"", purpose);
    if (signature != NULL) {
        occ_buf_put_str(buf, ",\"signatureB64\":\"");
        occ_base64_put(buf, *signature);
        occ_buf_put_byte(buf, '"');
    }
    occ_buf_put_str(buf, ",\"timestamp\":");
    occ_buf_put_u64(buf, input->time_ms);
    occ_buf_put_byte(buf, '}');
}

static OCC_RESULT
sign(const struct occ_authorize_input *input, const char *key_id, struct occ_error *err,
     uint8_t ret_signature[OCC_P256_SIGNATURE_MAX], size_t *ret_len)
{
    OCC_BUF_AUTO(payload, LONGEST_PAYLOAD);
    put_authorization(&payload, input, key_id, NULL);
    struct occ_result result = occ_buf_check(&payload);
    if (occ_is_ok(result)) {
        result = occ_p256_sign(input->key, occ_buf_view(&payload), ret_signature, ret_len);
    }
    if (result.code == OCC_ERR_UNAVAILABLE) {
        return occ_error_set(err, result.code, "--actor-key: the key does not sign any more");
    }
    return occ_is_ok(result) ? result : occ_error_code(err, result.code);
}

struct occ_result
occ_authorize_put(const struct occ_authorize_input *input, struct occ_error *err, struct occ_buf *buf)
{
    char key_id[OCC_ACTOR_KEY_ID_SIZE];
    char public[OCC_ACTOR_KEY_PUBLIC_SIZE];
    uint8_t bytes[OCC_P256_SIGNATURE_MAX];
    size_t len = 0;
    occ_actor_key_id(input->key, key_id);
    occ_actor_key_public(input->key, public);
    OCC_TRY(sign(input, key_id, err, bytes, &len));
    const struct occ_bytes signature = occ_bytes_of(bytes, len);
    occ_buf_put_format(buf, "{\"actor\":{\"algorithm\":\"ES256\",\"keyId\":\"%s\",\"provider\":", key_id);
    occ_canonical_put_string(buf, occ_bytes_str(input->provider));
    occ_buf_put_format(buf, ",\"publicKeyB64\":\"%s\"},\"authorization\":", public);
    put_authorization(buf, input, key_id, &signature);
    occ_buf_put_byte(buf, '}');
    const struct occ_result put = occ_buf_check(buf);
    return occ_is_ok(put) ? put : occ_error_code(err, put.code);
}
