/*
 * attester_hw_key.c — tier "hw-key": no document vouches for the boundary. The measurement says which key of which token it
 * signs with; only the public key, pinned by a verifier, makes that more than a claim.
 */
#include "boundary/attester.h"

#include "base/hex.h"
#include "crypto/token_uri.h"

enum { VALUE_LEN_MAX = OCC_TOKEN_URI_LEN_MAX };

/* Appends ";name=" and the attribute as it is written canonically; nothing of it if the token has none. */
static struct occ_result
put(struct occ_bytes uri, const char *name, struct occ_buf *text)
{
    OCC_BUF_AUTO(value, VALUE_LEN_MAX);
    const struct occ_result got = occ_token_uri_get(uri, name, &value);
    if (got.code == OCC_ERR_NOT_FOUND || (occ_is_ok(got) && value.len == 0)) {
        return occ_success();
    }
    OCC_TRY(got);
    occ_buf_put_format(text, ";%s=", name);
    occ_token_uri_put_value(text, occ_buf_view(&value));
    return occ_success();
}

/* The key's id is bytes, and read as hex. */
static struct occ_result
put_id(struct occ_bytes uri, struct occ_buf *text)
{
    OCC_BUF_AUTO(id, VALUE_LEN_MAX);
    char hex[2 * VALUE_LEN_MAX + 1];
    const struct occ_result got = occ_token_uri_get(uri, "id", &id);
    OCC_ENSURE(occ_is_ok(got) || got.code == OCC_ERR_NOT_FOUND, got.code);
    if (id.len > 0) {
        occ_hex_encode(occ_buf_view(&id), hex);
        hex[2 * id.len] = '\0';
        occ_buf_put_str(text, ";id=");
        occ_buf_put_str(text, hex);
    }
    return occ_success();
}

struct occ_result
occ_attester_hw_key(const char *uri, struct occ_error *err, struct occ_attester *ret_attester)
{
    static const char begin[] = "pkcs11:";
    const struct occ_bytes all = occ_bytes_str(uri);
    OCC_BUF_AUTO(text, OCC_LIMIT_MEASUREMENT_LEN + 1);
    struct occ_result put_all = put(all, "token", &text);
    put_all = occ_is_ok(put_all) ? put(all, "model", &text) : put_all;
    put_all = occ_is_ok(put_all) ? put(all, "serial", &text) : put_all;
    put_all = occ_is_ok(put_all) ? put_id(all, &text) : put_all;
    if (put_all.code == OCC_ERR_FIELD_ENCODING || text.len == 0) {
        return occ_error_set(err, OCC_ERR_UNSUPPORTED, "the token gives the key no name that can be read");
    }
    /* The first ';' makes room for the scheme. */
    if (text.fail == OCC_ERR_LIMIT || text.len - 1 + sizeof begin - 1 > OCC_LIMIT_MEASUREMENT_LEN) {
        return occ_error_set(err, OCC_ERR_LIMIT, "the names of token and key take more than %d characters",
                             OCC_LIMIT_MEASUREMENT_LEN);
    }
    OCC_TRY(put_all);
    OCC_TRY(occ_buf_check(&text));
    struct occ_attester attester = { .enforcement = "hw-key", .mode = OCC_ATTEST_NONE };
    memcpy(attester.measurement, begin, sizeof begin - 1);
    memcpy(attester.measurement + sizeof begin - 1, text.ptr + 1, text.len - 1);
    *ret_attester = attester;
    return occ_success();
}
