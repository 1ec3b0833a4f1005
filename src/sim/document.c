/* document.c — the documents of maker.h. */
#include "sim/maker.h"

#include <openssl/bn.h>
#include <openssl/ecdsa.h>

#include "sim/cbor_writer.h"

#define NEEDS(condition) occ_sim_needs((condition), #condition)

enum { COORDINATE_LEN = 48, SIGNATURE_LEN = 2 * COORDINATE_LEN, COSE_SIGN1_TAG = 18, PAYLOAD_LIMIT = 1 << 20 };

/* The order of P-384, FIPS 186-4 D.1.2.4. */
static const uint8_t order[COORDINATE_LEN] = {
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xc7, 0x63, 0x4d, 0x81, 0xf4, 0x37, 0x2d, 0xdf,
    0x58, 0x1a, 0x0d, 0xb2, 0x48, 0xb0, 0xa7, 0x7a, 0xec, 0xec, 0x19, 0x6a, 0xcc, 0xc5, 0x29, 0x73,
};

static const uint8_t zero_pcr[48];
static const uint8_t measured_pcrs[3][48] = {
    { 0xab, 0xab, 0xab, 0xab, [47] = 0xa0 },
    { 0xbc, 0xbc, 0xbc, 0xbc, [47] = 0xb1 },
    { 0xcd, 0xcd, 0xcd, 0xcd, [47] = 0xc2 },
};

void
occ_sim_document_init(struct occ_sim_document *document, const struct occ_sim_path *path, uint64_t time_ms)
{
    *document = (struct occ_sim_document){ .module_id = "i-0123456789abcdef0-enc0123456789abcdef",
                                           .digest = "SHA384",
                                           .time_ms = time_ms,
                                           .cabundle_count = occ_sim_path_authority_count(path),
                                           .public_key = { .kind = OCC_SIM_FIELD_NULL },
                                           .user_data = { .kind = OCC_SIM_FIELD_NULL },
                                           .nonce = { .kind = OCC_SIM_FIELD_NULL },
                                           .algorithm = -35 };
    for (size_t i = 0; i < 16; i++) {
        document->pcrs[i] = occ_bytes_of(i < 3 ? measured_pcrs[i] : zero_pcr, sizeof zero_pcr);
    }
    for (size_t i = 0; i < document->cabundle_count; i++) {
        document->cabundle[i] = occ_sim_path_certificates(path)[i];
    }
    document->certificate = occ_sim_path_certificates(path)[document->cabundle_count];
}

/* ---- the payload ---- */

static void
put_pcrs(struct occ_buf *buf, const struct occ_sim_document *document)
{
    size_t count = 0;
    for (size_t i = 0; i < OCC_SIM_PCRS_MAX; i++) {
        count += document->pcrs[i].ptr != NULL ? 1 : 0;
    }
    occ_sim_cbor_put_head(buf, OCC_SIM_CBOR_MAP, count);
    for (size_t i = 0; i < OCC_SIM_PCRS_MAX; i++) {
        if (document->pcrs[i].ptr != NULL) {
            occ_sim_cbor_put_int(buf, (int64_t)i);
            occ_sim_cbor_put_bytes(buf, document->pcrs[i]);
        }
    }
}

static void
put_cabundle(struct occ_buf *buf, const struct occ_sim_document *document)
{
    occ_sim_cbor_put_head(buf, OCC_SIM_CBOR_ARRAY, document->cabundle_count);
    for (size_t i = 0; i < document->cabundle_count; i++) {
        occ_sim_cbor_put_bytes(buf, document->cabundle[i]);
    }
}

static void
put_field(struct occ_buf *buf, const struct occ_sim_field *field)
{
    if (field->kind == OCC_SIM_FIELD_BYTES) {
        occ_sim_cbor_put_bytes(buf, field->bytes);
        return;
    }
    occ_sim_cbor_put_null(buf);
}

static bool
is_absent(const struct occ_sim_document *document, const char *name)
{
    const bool absent_field = (strcmp(name, "public_key") == 0 && document->public_key.kind == OCC_SIM_FIELD_ABSENT) ||
                              (strcmp(name, "user_data") == 0 && document->user_data.kind == OCC_SIM_FIELD_ABSENT) ||
                              (strcmp(name, "nonce") == 0 && document->nonce.kind == OCC_SIM_FIELD_ABSENT);
    return absent_field || (document->without != NULL && strcmp(document->without, name) == 0);
}

static void
put_value(struct occ_buf *buf, const struct occ_sim_document *document, const char *name)
{
    occ_sim_cbor_put_text(buf, name);
    if (strcmp(name, "module_id") == 0) {
        occ_sim_cbor_put_text(buf, document->module_id);
    } else if (strcmp(name, "digest") == 0) {
        occ_sim_cbor_put_text(buf, document->digest);
    } else if (strcmp(name, "timestamp") == 0) {
        occ_sim_cbor_put_head(buf, OCC_SIM_CBOR_UINT, document->time_ms);
    } else if (strcmp(name, "pcrs") == 0) {
        put_pcrs(buf, document);
    } else if (strcmp(name, "certificate") == 0) {
        occ_sim_cbor_put_bytes(buf, document->certificate);
    } else if (strcmp(name, "cabundle") == 0) {
        put_cabundle(buf, document);
    } else if (strcmp(name, "public_key") == 0) {
        put_field(buf, &document->public_key);
    } else if (strcmp(name, "user_data") == 0) {
        put_field(buf, &document->user_data);
    } else if (strcmp(name, "nonce") == 0) {
        put_field(buf, &document->nonce);
    } else {
        occ_sim_cbor_put_int(buf, 1);
    }
}

static void
put_payload(struct occ_buf *buf, const struct occ_sim_document *document)
{
    static const char *const names[] = { "module_id", "digest",     "timestamp", "pcrs", "certificate",
                                         "cabundle",  "public_key", "user_data", "nonce" };
    const char *written[16];
    size_t count = 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (!is_absent(document, names[i])) {
            written[count++] = names[i];
        }
    }
    if (document->twice != NULL) {
        written[count++] = document->twice;
    }
    if (document->unknown != NULL) {
        written[count++] = document->unknown;
    }
    if (document->indefinite) {
        occ_sim_cbor_put_indefinite(buf, OCC_SIM_CBOR_MAP);
    } else {
        occ_sim_cbor_put_head(buf, OCC_SIM_CBOR_MAP, count);
    }
    for (size_t i = 0; i < count; i++) {
        put_value(buf, document, written[i]);
    }
    if (document->indefinite) {
        occ_sim_cbor_put_break(buf);
    }
}

/* ---- the signature ---- */

static void
put_der(struct occ_buf *buf, const uint8_t raw[SIGNATURE_LEN])
{
    ECDSA_SIG *signature = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(raw, COORDINATE_LEN, NULL);
    BIGNUM *s = BN_bin2bn(raw + COORDINATE_LEN, COORDINATE_LEN, NULL);
    NEEDS(signature != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(signature, r, s) == 1);
    uint8_t der[200];
    uint8_t *next = der;
    const int len = i2d_ECDSA_SIG(signature, &next);
    NEEDS(len > 0);
    occ_sim_cbor_put_bytes(buf, occ_bytes_of(der, (size_t)len));
    ECDSA_SIG_free(signature);
}

static void
put_signature(struct occ_buf *buf, enum occ_sim_signature kind, uint8_t raw[SIGNATURE_LEN + 1])
{
    size_t len = SIGNATURE_LEN;
    switch (kind) {
    case OCC_SIM_SIGNATURE_GOOD:
    case OCC_SIM_SIGNATURE_NONE:
        break;
    case OCC_SIM_SIGNATURE_FLIPPED:
        raw[SIGNATURE_LEN - 1] ^= 1;
        break;
    case OCC_SIM_SIGNATURE_R_ZERO:
        memset(raw, 0, COORDINATE_LEN);
        break;
    case OCC_SIM_SIGNATURE_S_ZERO:
        memset(raw + COORDINATE_LEN, 0, COORDINATE_LEN);
        break;
    case OCC_SIM_SIGNATURE_R_ORDER:
        memcpy(raw, order, COORDINATE_LEN);
        break;
    case OCC_SIM_SIGNATURE_S_ORDER:
        memcpy(raw + COORDINATE_LEN, order, COORDINATE_LEN);
        break;
    case OCC_SIM_SIGNATURE_SHORT:
        len--;
        break;
    case OCC_SIM_SIGNATURE_LONG:
        len++;
        break;
    case OCC_SIM_SIGNATURE_DER:
        put_der(buf, raw);
        return;
    }
    occ_sim_cbor_put_bytes(buf, occ_bytes_of(raw, len));
}

void
occ_sim_document_put(struct occ_buf *buf, const struct occ_sim_document *document, const struct occ_sim_path *path)
{
    OCC_BUF_AUTO(header, 4096);
    OCC_BUF_AUTO(payload, PAYLOAD_LIMIT);
    OCC_BUF_AUTO(to_sign, PAYLOAD_LIMIT);
    occ_buf_put(&header, document->header);
    if (header.len == 0) {
        occ_sim_cbor_put_head(&header, OCC_SIM_CBOR_MAP, 1);
        occ_sim_cbor_put_int(&header, 1);
        occ_sim_cbor_put_int(&header, document->algorithm);
    }
    occ_buf_put(&payload, document->payload);
    if (payload.len == 0) {
        put_payload(&payload, document);
    }
    /* RFC 9052 §4.4: the Sig_structure. */
    occ_sim_cbor_put_head(&to_sign, OCC_SIM_CBOR_ARRAY, 4);
    occ_sim_cbor_put_text(&to_sign, "Signature1");
    occ_sim_cbor_put_bytes(&to_sign, occ_buf_view(&header));
    occ_sim_cbor_put_bytes(&to_sign, occ_bytes_of(NULL, 0));
    occ_sim_cbor_put_bytes(&to_sign, occ_buf_view(&payload));
    NEEDS(occ_is_ok(occ_buf_check(&header)) && occ_is_ok(occ_buf_check(&payload)) &&
          occ_is_ok(occ_buf_check(&to_sign)));
    uint8_t signature[SIGNATURE_LEN + 1] = { 0 };
    if (document->signature != OCC_SIM_SIGNATURE_NONE) {
        occ_sim_path_sign(path, occ_buf_view(&to_sign), signature);
    }
    if (document->tagged) {
        occ_sim_cbor_put_head(buf, OCC_SIM_CBOR_TAG, COSE_SIGN1_TAG);
    }
    occ_sim_cbor_put_head(buf, OCC_SIM_CBOR_ARRAY, 4);
    occ_sim_cbor_put_bytes(buf, occ_buf_view(&header));
    occ_sim_cbor_put_head(buf, OCC_SIM_CBOR_MAP, 0);
    occ_sim_cbor_put_bytes(buf, occ_buf_view(&payload));
    put_signature(buf, document->signature, signature);
    occ_buf_put(buf, document->trailing);
}
