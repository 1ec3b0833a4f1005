/*
 * nitro_draft.h — for the tests of evidence: attestation documents composed from their encoded parts, each given in hex, so
 * that any part can be a wrong one; and the real documents of the public vectors.
 */
#ifndef OCC_TESTS_NITRO_DRAFT_H
#define OCC_TESTS_NITRO_DRAFT_H

#include "base/base64.h"
#include "base/hex.h"
#include "unit/codec/vectors.h"

#define DRAFT_16(hex) hex hex hex hex hex hex hex hex hex hex hex hex hex hex hex hex
#define DRAFT_48(hex) DRAFT_16(hex) DRAFT_16(hex) DRAFT_16(hex)
#define DRAFT_PCR(hex) "5830" DRAFT_48(hex)
#define DRAFT_SIGNATURE "5860" DRAFT_48("51") DRAFT_48("52")

/* name and value are encoded items in hex; value NULL = left out. */
struct draft_field {
    const char *name, *value;
};

enum { DRAFT_FIELDS_MAX = 12 };

struct draft {
    struct draft_field fields[DRAFT_FIELDS_MAX];
    size_t count;
    bool indefinite;                     /* the payload's map */
    const char *before;                  /* tag and array */
    const char *protected_header;        /* encoded as a byte string */
    const char *unprotected, *signature; /* encoded */
    const char *payload_after, *after;   /* bytes behind the payload's map, behind the message */
};

#define DRAFT_MODULE_ID "696d6f64756c655f6964"
#define DRAFT_DIGEST "66646967657374"
#define DRAFT_TIMESTAMP "6974696d657374616d70"
#define DRAFT_PCRS "6470637273"
#define DRAFT_CERTIFICATE "6b6365727469666963617465"
#define DRAFT_CABUNDLE "68636162756e646c65"
#define DRAFT_PUBLIC_KEY "6a7075626c69635f6b6579"
#define DRAFT_USER_DATA "69757365725f64617461"
#define DRAFT_NONCE "656e6f6e6365"

/* A document that is well-formed in every field; its certificates and signature are not. */
static inline struct draft
draft_good(void)
{
    return (
        struct draft){ .fields = { { DRAFT_MODULE_ID, "63692d30" },
                                   { DRAFT_DIGEST, "66534841333834" },
                                   { DRAFT_TIMESTAMP, "1b000001991ccab800" },
                                   { DRAFT_PCRS, "a3 00" DRAFT_PCR("a0") "01" DRAFT_PCR("a1") "02" DRAFT_PCR("a2") },
                                   { DRAFT_CERTIFICATE, "43c1c2c3" },
                                   { DRAFT_CABUNDLE, "8242b0b141b2" },
                                   { DRAFT_PUBLIC_KEY, "f6" },
                                   { DRAFT_USER_DATA, "42d1d2" },
                                   { DRAFT_NONCE, "40" } },
                       .count = 9,
                       .before = "84",
                       .protected_header = "44a1013822",
                       .unprotected = "a0",
                       .signature = DRAFT_SIGNATURE,
                       .payload_after = "",
                       .after = "" };
}

/* Replaces a field, or adds it. */
static inline void
draft_set(struct draft *draft, const char *name, const char *value)
{
    size_t i = 0;
    while (i < draft->count && strcmp(draft->fields[i].name, name) != 0) {
        i++;
    }
    assert_in_range(i, 0, DRAFT_FIELDS_MAX - 1);
    draft->fields[i] = (struct draft_field){ name, value };
    draft->count += i == draft->count ? 1 : 0;
}

/* Spaces are left out. */
static inline void
draft_put_hex(struct occ_buf *buf, const char *hex)
{
    while (*hex != '\0') {
        uint8_t byte = 0;
        if (*hex == ' ') {
            hex++;
            continue;
        }
        assert_true(occ_is_ok(occ_hex_decode(occ_bytes_of(hex, 2), 1, &byte)));
        occ_buf_put_byte(buf, byte);
        hex += 2;
    }
}

/* A byte string's head, for up to 64 KiB. */
static inline void
draft_put_length(struct occ_buf *buf, size_t len)
{
    assert_in_range(len, 24, 65535);
    occ_buf_put_byte(buf, len < 256 ? 0x58 : 0x59);
    if (len < 256) {
        occ_buf_put_byte(buf, (uint8_t)len);
        return;
    }
    occ_buf_put_be16(buf, (uint16_t)len);
}

static inline void
draft_write(const struct draft *draft, struct occ_buf *buf)
{
    OCC_BUF_AUTO(payload, 1 << 20);
    uint8_t pairs = 0;
    for (size_t i = 0; i < draft->count; i++) {
        pairs = (uint8_t)(pairs + (draft->fields[i].value != NULL ? 1 : 0));
    }
    occ_buf_put_byte(&payload, draft->indefinite ? 0xbf : (uint8_t)(0xa0 + pairs));
    for (size_t i = 0; i < draft->count; i++) {
        if (draft->fields[i].value != NULL) {
            draft_put_hex(&payload, draft->fields[i].name);
            draft_put_hex(&payload, draft->fields[i].value);
        }
    }
    if (draft->indefinite) {
        occ_buf_put_byte(&payload, 0xff);
    }
    draft_put_hex(&payload, draft->payload_after);
    draft_put_hex(buf, draft->before);
    draft_put_hex(buf, draft->protected_header);
    draft_put_hex(buf, draft->unprotected);
    draft_put_length(buf, payload.len);
    occ_buf_put(buf, occ_buf_view(&payload));
    draft_put_hex(buf, draft->signature);
    draft_put_hex(buf, draft->after);
    assert_true(occ_is_ok(occ_buf_check(buf)));
}

static inline void
draft_put_base64(struct occ_buf *buf, struct occ_bytes text)
{
    uint8_t *room = occ_buf_reserve(buf, text.len);
    size_t len = 0;
    assert_non_null(room);
    assert_true(occ_is_ok(occ_base64_decode(text, text.len, room, &len)));
    buf->len += len;
}

/* A document of vectors/nitro, as bytes; file ends in .cbor or .b64. */
static inline void
nitro_vector(const char *file, struct occ_buf *buf)
{
    if (strstr(file, ".b64") == NULL) {
        vectors_read("nitro", file, buf);
        return;
    }
    OCC_BUF_AUTO(text, 1 << 20);
    vectors_read("nitro", file, &text);
    while (text.len > 0 && text.ptr[text.len - 1] == '\n') {
        text.len--;
    }
    draft_put_base64(buf, occ_buf_view(&text));
}

#endif
