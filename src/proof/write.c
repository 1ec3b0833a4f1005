/* write.c — see write.h. The members stand in RFC 8785's order in the text below; nothing is sorted. */
#include "proof/write.h"

#include "base/base64.h"
#include "base/hex.h"
#include "codec/canonical.h"

enum {
    NONCE_LEN = 32,
    KEY_TEXT_LEN = OCC_BASE64_LEN(OCC_ED25519_PUBLIC_LEN),
    NONCE_TEXT_LEN = OCC_BASE64_LEN(NONCE_LEN),
    EPOCH_ID_LEN = 2 * OCC_SHA256_LEN,
    /* More than the fixed text of a proof with its digest, nonce, link, key, signature and two 20-digit numbers. */
    FIXED_LEN = 600
};

/* A member whose value is a string; lead is the text before it, up to and with the colon. */
static void
put_text(struct occ_buf *buf, const char *lead, struct occ_bytes text)
{
    occ_buf_put_str(buf, lead);
    occ_canonical_put_string(buf, text);
}

static void
put_base64(struct occ_buf *buf, const char *lead, const uint8_t *bytes, size_t len)
{
    occ_buf_put_str(buf, lead);
    occ_base64_put(buf, occ_bytes_of(bytes, len));
    occ_buf_put_byte(buf, '"');
}

/* One growth for the whole proof, unless a string needs escapes; puts take care of the rest. */
static void
reserve(struct occ_buf *buf, const struct occ_write_fields *fields)
{
    const size_t len =
        FIXED_LEN + fields->epoch_id.len + fields->enforcement.len + fields->measurement.len + fields->metadata.len;
    if (buf->fail == OCC_OK && buf->cap - buf->len < len && buf->limit - buf->len >= len) {
        (void)occ_buf_reserve(buf, len);
    }
}

/* "artifact" and "commit", with which both texts have to begin: {"artifact":…,"commit":{… without the last brace's comma. */
static void
put_head(struct occ_buf *buf, const struct occ_write_fields *fields)
{
    put_base64(buf, "{\"artifact\":{\"digestB64\":\"", fields->digest, OCC_SHA256_LEN);
    occ_buf_put_str(buf, ",\"hashAlg\":\"sha256\"},\"commit\":{\"counter\":\"");
    occ_buf_put_u64(buf, fields->counter);
    put_text(buf, "\",\"epochId\":", fields->epoch_id);
    put_base64(buf, ",\"nonceB64\":\"", fields->nonce, NONCE_LEN);
    if (fields->prev_hash != NULL) {
        put_base64(buf, ",\"prevB64\":\"", fields->prev_hash, OCC_SHA256_LEN);
    }
    occ_buf_put_str(buf, ",\"time\":");
    occ_buf_put_u64(buf, fields->time_ms);
    occ_buf_put_byte(buf, '}');
}

void
occ_write_body(struct occ_buf *buf, const struct occ_write_fields *fields)
{
    reserve(buf, fields);
    put_head(buf, fields);
    put_text(buf, ",\"enforcement\":", fields->enforcement);
    put_text(buf, ",\"measurement\":", fields->measurement);
    put_base64(buf, ",\"publicKeyB64\":\"", fields->public_key, OCC_ED25519_PUBLIC_LEN);
    occ_buf_put_str(buf, ",\"version\":\"occ/1\"}");
}

void
occ_write_proof(struct occ_buf *buf, const struct occ_write_fields *fields,
                const uint8_t signature[OCC_ED25519_SIGNATURE_LEN])
{
    reserve(buf, fields);
    put_head(buf, fields);
    put_text(buf, ",\"environment\":{\"enforcement\":", fields->enforcement);
    put_text(buf, ",\"measurement\":", fields->measurement);
    occ_buf_put_byte(buf, '}');
    if (fields->metadata.len > 0) {
        occ_buf_put_str(buf, ",\"metadata\":");
        occ_buf_put(buf, fields->metadata);
    }
    put_base64(buf, ",\"signer\":{\"publicKeyB64\":\"", fields->public_key, OCC_ED25519_PUBLIC_LEN);
    put_base64(buf, ",\"signatureB64\":\"", signature, OCC_ED25519_SIGNATURE_LEN);
    occ_buf_put_str(buf, "},\"version\":\"occ/1\"}");
}

void
occ_write_epoch_id(const uint8_t public_key[OCC_ED25519_PUBLIC_LEN], const uint8_t boot_nonce[32],
                   char ret_epoch_id[2 * OCC_SHA256_LEN + 1])
{
    char text[KEY_TEXT_LEN + 1 + NONCE_TEXT_LEN];
    occ_base64_encode(occ_bytes_of(public_key, OCC_ED25519_PUBLIC_LEN), text);
    text[KEY_TEXT_LEN] = ':';
    occ_base64_encode(occ_bytes_of(boot_nonce, NONCE_LEN), text + KEY_TEXT_LEN + 1);
    uint8_t digest[OCC_SHA256_LEN];
    occ_digest_sha256(occ_bytes_of(text, sizeof text), digest);
    occ_hex_encode(occ_bytes_of(digest, sizeof digest), ret_epoch_id);
    ret_epoch_id[EPOCH_ID_LEN] = '\0';
}
