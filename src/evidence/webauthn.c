/* webauthn.c — see webauthn.h. The order of checks is that of W3C Web Authentication Level 2, §7.2. */
#include "evidence/webauthn.h"

#include "base/base64.h"
#include "base/limits.h"
#include "base/reader.h"
#include "codec/cbor.h"
#include "codec/json.h"

/* ---- names that were given ---- */

static const char *
find_text(const struct occ_webauthn_names *names, struct occ_bytes text)
{
    for (size_t i = 0; i < names->count; i++) {
        if (occ_bytes_is(text, names->names[i])) {
            return names->names[i];
        }
    }
    return NULL;
}

static const char *
find_hash(const struct occ_webauthn_names *names, const uint8_t hash[OCC_SHA256_LEN])
{
    for (size_t i = 0; i < names->count; i++) {
        uint8_t found[OCC_SHA256_LEN];
        occ_digest_sha256(occ_bytes_str(names->names[i]), found);
        if (memcmp(found, hash, sizeof found) == 0) {
            return names->names[i];
        }
    }
    return NULL;
}

/* ---- clientDataJSON (§5.8.1) ---- */

static OCC_RESULT
parse_client_data(struct occ_bytes text, struct occ_error *err, struct occ_json **ret_root)
{
    if (text.len > OCC_LIMIT_CLIENT_DATA_LEN) {
        return occ_error_set(err, OCC_ERR_WEBAUTHN_CLIENT_DATA, "clientDataJSON: %zu bytes, expected at most %u",
                             text.len, OCC_LIMIT_CLIENT_DATA_LEN);
    }
    __attribute__((cleanup(occ_json_cleanup))) struct occ_json *root = NULL;
    struct occ_error why = { 0 };
    const struct occ_result parsed = occ_json_parse(text, OCC_LIMIT_JSON_VALUE_DEPTH, &why, &root);
    if (parsed.code == OCC_ERR_NOMEM) {
        return parsed;
    }
    if (!occ_is_ok(parsed)) {
        return occ_error_set(err, OCC_ERR_WEBAUTHN_CLIENT_DATA, "clientDataJSON: %s", why.text);
    }
    if (!occ_json_is(root, OCC_JSON_OBJECT)) {
        return occ_error_set(err, OCC_ERR_WEBAUTHN_CLIENT_DATA, "clientDataJSON: %s, expected an object",
                             occ_json_type_name(root));
    }
    *ret_root = root;
    root = NULL;
    return occ_success();
}

static OCC_RESULT
read_text(const struct occ_json *client_data, const char *name, struct occ_error *err, struct occ_bytes *ret_text)
{
    const struct occ_json *value = occ_json_get(client_data, name);
    if (value == NULL) {
        return occ_error_set(err, OCC_ERR_WEBAUTHN_CLIENT_DATA, "clientDataJSON.%s: missing", name);
    }
    if (!occ_json_is(value, OCC_JSON_STRING)) {
        return occ_error_set(err, OCC_ERR_WEBAUTHN_CLIENT_DATA, "clientDataJSON.%s: %s, expected a string", name,
                             occ_json_type_name(value));
    }
    *ret_text = occ_json_string(value);
    return occ_success();
}

/* RFC 4648 §5 without padding, as the client writes it (§5.8.1, challenge). */
static void
put_base64url(struct occ_buf *buf, struct occ_bytes bytes)
{
    const size_t start = buf->len;
    occ_base64_put(buf, bytes);
    if (buf->fail != OCC_OK) {
        return;
    }
    for (size_t i = start; i < buf->len; i++) {
        if (buf->ptr[i] == '=') {
            buf->len = i;
            return;
        }
        if (buf->ptr[i] == '+' || buf->ptr[i] == '/') {
            buf->ptr[i] = buf->ptr[i] == '+' ? '-' : '_';
        }
    }
}

/* Compared as text: then only the one encoding that a client writes is equal. */
static OCC_RESULT
check_challenge(const struct occ_json *client_data, struct occ_bytes challenge, struct occ_error *err)
{
    struct occ_bytes text;
    OCC_TRY(read_text(client_data, "challenge", err, &text));
    if (challenge.len > OCC_LIMIT_CLIENT_DATA_LEN) {
        return occ_error_code(err, OCC_ERR_WEBAUTHN_CHALLENGE);
    }
    OCC_BUF_AUTO(expected, OCC_BASE64_LEN(OCC_LIMIT_CLIENT_DATA_LEN));
    put_base64url(&expected, challenge);
    OCC_TRY(occ_buf_check(&expected));
    return occ_bytes_equal(text, occ_buf_view(&expected)) ? occ_success()
                                                          : occ_error_code(err, OCC_ERR_WEBAUTHN_CHALLENGE);
}

/* An origin as RFC 6454 §6.2 writes it: visible ASCII. What a C string or a terminal shows is then what was compared. */
static OCC_RESULT
read_origin(const struct occ_json *client_data, const char *name, struct occ_error *err, struct occ_bytes *ret_origin)
{
    struct occ_bytes origin;
    OCC_TRY(read_text(client_data, name, err, &origin));
    bool visible = origin.len > 0;
    for (size_t i = 0; i < origin.len; i++) {
        visible = visible && origin.ptr[i] > ' ' && origin.ptr[i] < 0x7f;
    }
    if (!visible) {
        return occ_error_set(err, OCC_ERR_WEBAUTHN_CLIENT_DATA, "clientDataJSON.%s: expected visible ASCII characters",
                             name);
    }
    *ret_origin = origin;
    return occ_success();
}

/* A client of Level 3 says topOrigin in such a frame; one of Level 1 may say neither. */
static OCC_RESULT
check_frame(const struct occ_json *client_data, const struct occ_webauthn_names *origins, struct occ_error *err,
            bool *ret_cross_origin)
{
    const struct occ_json *flag = occ_json_get(client_data, "crossOrigin");
    if (flag != NULL && !occ_json_is(flag, OCC_JSON_TRUE) && !occ_json_is(flag, OCC_JSON_FALSE)) {
        return occ_error_set(err, OCC_ERR_WEBAUTHN_CLIENT_DATA, "clientDataJSON.crossOrigin: %s, expected a boolean",
                             occ_json_type_name(flag));
    }
    struct occ_bytes top = { 0 };
    const bool has_top = occ_json_get(client_data, "topOrigin") != NULL;
    if (has_top) {
        OCC_TRY(read_origin(client_data, "topOrigin", err, &top));
    }
    const bool cross_origin = has_top || (flag != NULL && occ_json_is(flag, OCC_JSON_TRUE));
    if (cross_origin && origins->count > 0 && find_text(origins, top) == NULL) {
        return occ_error_set(
            err, OCC_ERR_WEBAUTHN_ORIGIN,
            "clientDataJSON.crossOrigin: made in a frame of a site that is not one of the given origins");
    }
    *ret_cross_origin = cross_origin;
    return occ_success();
}

static OCC_RESULT
check_origin(const struct occ_json *client_data, const struct occ_webauthn_names *origins, struct occ_error *err,
             struct occ_webauthn_facts *facts)
{
    struct occ_bytes origin;
    OCC_TRY(read_origin(client_data, "origin", err, &origin));
    if (origins->count > 0 && find_text(origins, origin) == NULL) {
        return occ_error_set(err, OCC_ERR_WEBAUTHN_ORIGIN,
                             "clientDataJSON.origin: \"%.*s\", expected one of the given origins",
                             OCC_BYTES_ARG(origin));
    }
    const size_t len = origin.len < sizeof facts->origin ? origin.len : sizeof facts->origin - 1;
    memcpy(facts->origin, origin.ptr, len);
    facts->origin[len] = '\0';
    facts->origin_checked = origins->count > 0;
    return check_frame(client_data, origins, err, &facts->cross_origin);
}

static OCC_RESULT
check_client_data(const struct occ_webauthn_assertion *assertion, const struct occ_webauthn_names *origins,
                  struct occ_error *err, struct occ_webauthn_facts *facts)
{
    __attribute__((cleanup(occ_json_cleanup))) struct occ_json *client_data = NULL;
    OCC_TRY(parse_client_data(assertion->client_data, err, &client_data));
    struct occ_bytes type;
    OCC_TRY(read_text(client_data, "type", err, &type));
    if (!occ_bytes_is(type, "webauthn.get")) {
        return occ_error_code(err, OCC_ERR_WEBAUTHN_TYPE);
    }
    OCC_TRY(check_challenge(client_data, assertion->challenge, err));
    return check_origin(client_data, origins, err, facts);
}

/* ---- authenticatorData (§6.1) ---- */

enum {
    FLAGS_AT = 32,
    COUNT_AT = 33,
    HEAD_LEN = 37,
    AAGUID_LEN = 16,
    FLAG_USER_PRESENT = 0x01,
    FLAG_USER_VERIFIED = 0x04,
    FLAG_BACKUP_ELIGIBLE = 0x08,
    FLAG_BACKED_UP = 0x10,
    FLAG_ATTESTED = 0x40,
    FLAG_EXTENSIONS = 0x80
};

/* Takes one CBOR map off the front of *rest. */
static bool
take_map(struct occ_bytes *rest)
{
    struct occ_cbor cbor = occ_cbor_of(*rest);
    if (occ_cbor_peek(&cbor) != OCC_CBOR_MAP) {
        return false;
    }
    const struct occ_bytes map = occ_cbor_skip(&cbor);
    if (!occ_cbor_ok(&cbor)) {
        return false;
    }
    *rest = occ_bytes_of(rest->ptr + map.len, rest->len - map.len);
    return true;
}

/* §6.5.1: AAGUID, the credential's id with its length, its key. An assertion need not have them; they are not used. */
static bool
take_attested_credential(struct occ_bytes *rest)
{
    if (rest->len < AAGUID_LEN + 2) {
        return false;
    }
    const size_t id_len = (size_t)rest->ptr[AAGUID_LEN] << 8 | rest->ptr[AAGUID_LEN + 1];
    const size_t head_len = AAGUID_LEN + 2 + id_len;
    if (rest->len < head_len) {
        return false;
    }
    *rest = occ_bytes_of(rest->ptr + head_len, rest->len - head_len);
    return take_map(rest);
}

/* What follows the first 37 bytes is there exactly as the flags say. */
static OCC_RESULT
check_parts(struct occ_bytes data, uint8_t flags, struct occ_error *err)
{
    struct occ_bytes rest = occ_bytes_of(data.ptr + HEAD_LEN, data.len - HEAD_LEN);
    if ((flags & FLAG_ATTESTED) != 0 && !take_attested_credential(&rest)) {
        return occ_error_set(err, OCC_ERR_WEBAUTHN_AUTHENTICATOR_DATA,
                             "authenticatorData: malformed attested credential data, which its flag AT promises");
    }
    if ((flags & FLAG_EXTENSIONS) != 0 && !take_map(&rest)) {
        return occ_error_set(err, OCC_ERR_WEBAUTHN_AUTHENTICATOR_DATA,
                             "authenticatorData: malformed extensions, which its flag ED promises");
    }
    if (rest.len > 0) {
        return occ_error_set(err, OCC_ERR_WEBAUTHN_AUTHENTICATOR_DATA,
                             "authenticatorData: %zu bytes more than its flags say", rest.len);
    }
    return occ_success();
}

static OCC_RESULT
check_flags(uint8_t flags, struct occ_error *err, struct occ_webauthn_facts *facts)
{
    facts->user_present = (flags & FLAG_USER_PRESENT) != 0;
    facts->user_verified = (flags & FLAG_USER_VERIFIED) != 0;
    facts->backup_eligible = (flags & FLAG_BACKUP_ELIGIBLE) != 0;
    facts->backed_up = (flags & FLAG_BACKED_UP) != 0;
    /* PROTOCOL §4: UP and UV set */
    if (!facts->user_present) {
        return occ_error_code(err, OCC_ERR_WEBAUTHN_USER_PRESENCE);
    }
    if (!facts->user_verified) {
        return occ_error_code(err, OCC_ERR_WEBAUTHN_USER_VERIFICATION);
    }
    /* Level 3 §7.2; in Level 2 both flags are reserved and zero */
    if (facts->backed_up && !facts->backup_eligible) {
        return occ_error_set(err, OCC_ERR_WEBAUTHN_AUTHENTICATOR_DATA,
                             "authenticatorData: the flag BS is set without BE");
    }
    return occ_success();
}

static OCC_RESULT
check_authenticator_data(struct occ_bytes data, const struct occ_webauthn_names *rp_ids, struct occ_error *err,
                         struct occ_webauthn_facts *facts)
{
    if (data.len < HEAD_LEN || data.len > OCC_LIMIT_AUTHENTICATOR_DATA_LEN) {
        return occ_error_set(err, OCC_ERR_WEBAUTHN_AUTHENTICATOR_DATA,
                             "authenticatorData: %zu bytes, expected %d to %u", data.len, HEAD_LEN,
                             OCC_LIMIT_AUTHENTICATOR_DATA_LEN);
    }
    memcpy(facts->rp_id_hash, data.ptr, sizeof facts->rp_id_hash);
    facts->rp_id = find_hash(rp_ids, facts->rp_id_hash);
    if (rp_ids->count > 0 && facts->rp_id == NULL) {
        return occ_error_code(err, OCC_ERR_WEBAUTHN_RP_ID);
    }
    struct occ_reader count = occ_reader_of(occ_bytes_of(data.ptr + COUNT_AT, HEAD_LEN - COUNT_AT));
    facts->sign_count = occ_reader_be32(&count);
    const uint8_t flags = data.ptr[FLAGS_AT];
    OCC_TRY(check_flags(flags, err, facts));
    return check_parts(data, flags, err);
}

/* ---- the assertion ---- */

/* §7.2: over authenticatorData || SHA-256(clientDataJSON), the latter's very bytes. */
static OCC_RESULT
check_signature(const struct occ_webauthn_assertion *assertion, const struct occ_ecdsa_key *key, struct occ_error *err)
{
    uint8_t message[OCC_LIMIT_AUTHENTICATOR_DATA_LEN + OCC_SHA256_LEN];
    const size_t len = assertion->authenticator_data.len;
    memcpy(message, assertion->authenticator_data.ptr, len);
    occ_digest_sha256(assertion->client_data, message + len);
    const struct occ_result result =
        occ_ecdsa_verify_der(key, occ_bytes_of(message, len + OCC_SHA256_LEN), assertion->signature);
    return result.code == OCC_ERR_SIGNATURE ? occ_error_code(err, OCC_ERR_ACTOR_SIGNATURE) : result;
}

struct occ_result
occ_webauthn_verify(const struct occ_webauthn_assertion *assertion, const struct occ_ecdsa_key *key,
                    const struct occ_webauthn_names *rp_ids, const struct occ_webauthn_names *origins,
                    struct occ_error *err, struct occ_webauthn_facts *ret_facts)
{
    struct occ_webauthn_facts facts = { 0 };
    OCC_TRY(check_client_data(assertion, origins, err, &facts));
    OCC_TRY(check_authenticator_data(assertion->authenticator_data, rp_ids, err, &facts));
    OCC_TRY(check_signature(assertion, key, err));
    *ret_facts = facts;
    return occ_success();
}
