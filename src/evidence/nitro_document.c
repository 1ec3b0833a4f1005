/* nitro_document.c — reading a Nitro attestation document: see nitro.h. */
#include "evidence/nitro.h"

#include "codec/cbor.h"

enum { SIGNATURE_LEN = 96 };                           /* RFC 9053 §2.1: r || s of P-384 */
static const uint64_t time_max_ms = 9007199254740991u; /* 2^53 - 1: what a proof's JSON can say */

struct reading {
    struct occ_cbor cbor;
    struct occ_error *err;
    struct occ_nitro_document *document;
};

/* The refusal of what the CBOR reader refused, in a field. */
static struct occ_result
refuse_cbor(struct reading *reading, const char *field)
{
    const char *why = "not CBOR";
    (void)occ_cbor_done(&reading->cbor, &why);
    return occ_error_set(reading->err, OCC_ERR_NITRO_DOCUMENT, "%s: %s (byte %zu of the payload)", field, why,
                         occ_cbor_offset(&reading->cbor));
}

/* Reads a byte string of min to max bytes. */
static OCC_RESULT
read_bytes(struct reading *reading, const char *field, size_t min, size_t max, struct occ_bytes *ret_bytes)
{
    const struct occ_bytes bytes = occ_cbor_bytes(&reading->cbor);
    if (!occ_cbor_ok(&reading->cbor)) {
        return refuse_cbor(reading, field);
    }
    if (bytes.len < min || bytes.len > max) {
        return occ_error_set(reading->err, OCC_ERR_NITRO_DOCUMENT, "%s: %zu bytes, expected %zu to %zu", field,
                             bytes.len, min, max);
    }
    *ret_bytes = bytes;
    return occ_success();
}

/* ---- one function per field; each is given its name ---- */

static OCC_RESULT
read_module_id(struct reading *reading, const char *field)
{
    const struct occ_bytes text = occ_cbor_text(&reading->cbor);
    if (!occ_cbor_ok(&reading->cbor)) {
        return refuse_cbor(reading, field);
    }
    if (text.len == 0 || text.len > OCC_LIMIT_NITRO_MODULE_ID_LEN) {
        return occ_error_set(reading->err, OCC_ERR_NITRO_DOCUMENT, "%s: %zu bytes, expected 1 to %d", field, text.len,
                             OCC_LIMIT_NITRO_MODULE_ID_LEN);
    }
    reading->document->module_id = text;
    return occ_success();
}

static OCC_RESULT
read_digest(struct reading *reading, const char *field)
{
    const struct occ_bytes text = occ_cbor_text(&reading->cbor);
    if (!occ_cbor_ok(&reading->cbor)) {
        return refuse_cbor(reading, field);
    }
    if (!occ_bytes_is(text, "SHA384")) {
        return occ_error_set(reading->err, OCC_ERR_NITRO_DOCUMENT, "%s: \"%.*s\", expected \"SHA384\"", field,
                             OCC_BYTES_ARG(text));
    }
    return occ_success();
}

static OCC_RESULT
read_timestamp(struct reading *reading, const char *field)
{
    const uint64_t time_ms = occ_cbor_uint(&reading->cbor);
    if (!occ_cbor_ok(&reading->cbor)) {
        return refuse_cbor(reading, field);
    }
    if (time_ms == 0 || time_ms > time_max_ms) {
        return occ_error_set(reading->err, OCC_ERR_NITRO_DOCUMENT, "%s: %llu, expected 1 to %llu milliseconds", field,
                             (unsigned long long)time_ms, (unsigned long long)time_max_ms);
    }
    reading->document->time_ms = time_ms;
    return occ_success();
}

static OCC_RESULT
read_pcr(struct reading *reading, const char *field)
{
    const uint64_t index = occ_cbor_uint(&reading->cbor);
    if (!occ_cbor_ok(&reading->cbor)) {
        return refuse_cbor(reading, field);
    }
    if (index >= OCC_LIMIT_NITRO_PCRS) {
        return occ_error_set(reading->err, OCC_ERR_NITRO_DOCUMENT, "%s: index %llu, expected 0 to %d", field,
                             (unsigned long long)index, OCC_LIMIT_NITRO_PCRS - 1);
    }
    const struct occ_bytes pcr = occ_cbor_bytes(&reading->cbor);
    if (!occ_cbor_ok(&reading->cbor)) {
        return refuse_cbor(reading, field);
    }
    if (pcr.len != OCC_NITRO_PCR_LEN) {
        return occ_error_set(reading->err, OCC_ERR_NITRO_DOCUMENT, "%s[%u]: %zu bytes, expected %d", field,
                             (unsigned)index, pcr.len, OCC_NITRO_PCR_LEN);
    }
    reading->document->pcrs[index] = pcr;
    return occ_success();
}

static OCC_RESULT
read_pcrs(struct reading *reading, const char *field)
{
    struct occ_cbor_group pairs = occ_cbor_map(&reading->cbor);
    while (occ_cbor_map_next(&reading->cbor, &pairs)) {
        OCC_TRY(read_pcr(reading, field));
    }
    if (!occ_cbor_ok(&reading->cbor)) {
        return refuse_cbor(reading, field);
    }
    for (unsigned i = 0; i < 3; i++) { /* PROTOCOL §5: what is measured of the image */
        if (reading->document->pcrs[i].len == 0) {
            return occ_error_set(reading->err, OCC_ERR_NITRO_DOCUMENT, "%s[%u]: missing", field, i);
        }
    }
    return occ_success();
}

static OCC_RESULT
read_certificate(struct reading *reading, const char *field)
{
    return read_bytes(reading, field, 1, OCC_LIMIT_NITRO_CERTIFICATE_LEN, &reading->document->certificate);
}

static const char *const cabundle_names[] = { "cabundle[0]", "cabundle[1]", "cabundle[2]", "cabundle[3]",
                                              "cabundle[4]", "cabundle[5]", "cabundle[6]", "cabundle[7]" };
_Static_assert(sizeof cabundle_names / sizeof cabundle_names[0] == OCC_LIMIT_NITRO_CABUNDLE, "a name for each");

static OCC_RESULT
read_cabundle(struct reading *reading, const char *field)
{
    struct occ_nitro_document *document = reading->document;
    struct occ_cbor_group members = occ_cbor_array(&reading->cbor);
    while (occ_cbor_array_next(&reading->cbor, &members)) {
        if (document->cabundle_count == OCC_LIMIT_NITRO_CABUNDLE) {
            return occ_error_set(reading->err, OCC_ERR_NITRO_DOCUMENT, "%s: more than %d certificates", field,
                                 OCC_LIMIT_NITRO_CABUNDLE);
        }
        const size_t at = document->cabundle_count;
        OCC_TRY(read_bytes(reading, cabundle_names[at], 1, OCC_LIMIT_NITRO_CERTIFICATE_LEN, &document->cabundle[at]));
        document->cabundle_count++;
    }
    if (!occ_cbor_ok(&reading->cbor)) {
        return refuse_cbor(reading, field);
    }
    if (document->cabundle_count == 0) {
        return occ_error_set(reading->err, OCC_ERR_NITRO_DOCUMENT, "%s: empty", field);
    }
    return occ_success();
}

/* The three that an enclave may fill, or leave null. */
static OCC_RESULT
read_optional(struct reading *reading, const char *field, bool *ret_has, struct occ_bytes *ret_bytes)
{
    if (occ_cbor_peek(&reading->cbor) == OCC_CBOR_NULL) {
        occ_cbor_null(&reading->cbor);
        return occ_success();
    }
    OCC_TRY(read_bytes(reading, field, 0, OCC_LIMIT_NITRO_FIELD_LEN, ret_bytes));
    *ret_has = true;
    return occ_success();
}

static OCC_RESULT
read_public_key(struct reading *reading, const char *field)
{
    return read_optional(reading, field, &reading->document->has_public_key, &reading->document->public_key);
}

static OCC_RESULT
read_user_data(struct reading *reading, const char *field)
{
    return read_optional(reading, field, &reading->document->has_user_data, &reading->document->user_data);
}

static OCC_RESULT
read_nonce(struct reading *reading, const char *field)
{
    return read_optional(reading, field, &reading->document->has_nonce, &reading->document->nonce);
}

/* ---- the payload ---- */

static const struct field {
    const char *name;
    struct occ_result (*read)(struct reading *reading, const char *field);
    bool optional;
} fields[] = {
    { "module_id", read_module_id, false },
    { "digest", read_digest, false },
    { "timestamp", read_timestamp, false },
    { "pcrs", read_pcrs, false },
    { "certificate", read_certificate, false },
    { "cabundle", read_cabundle, false },
    { "public_key", read_public_key, true },
    { "user_data", read_user_data, true },
    { "nonce", read_nonce, true },
};
enum { FIELD_COUNT = sizeof fields / sizeof fields[0] };

/* The index of a field, FIELD_COUNT if there is none of that name. */
static size_t
find_field(struct occ_bytes name)
{
    size_t i = 0;
    while (i < FIELD_COUNT && !occ_bytes_is(name, fields[i].name)) {
        i++;
    }
    return i;
}

static OCC_RESULT
read_payload(struct reading *reading)
{
    bool seen[FIELD_COUNT] = { false };
    struct occ_cbor_group pairs = occ_cbor_map(&reading->cbor);
    while (occ_cbor_map_next(&reading->cbor, &pairs)) {
        const struct occ_bytes name = occ_cbor_text(&reading->cbor);
        if (!occ_cbor_ok(&reading->cbor)) {
            return refuse_cbor(reading, "a name in the payload");
        }
        const size_t index = find_field(name);
        if (index == FIELD_COUNT) {
            return occ_error_set(reading->err, OCC_ERR_NITRO_DOCUMENT, "%.*s: not a field of these documents",
                                 OCC_BYTES_ARG(name));
        }
        OCC_TRY(fields[index].read(reading, fields[index].name));
        seen[index] = true;
    }
    if (!occ_cbor_done(&reading->cbor, NULL)) {
        return refuse_cbor(reading, "the payload");
    }
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        if (!seen[i] && !fields[i].optional) {
            return occ_error_set(reading->err, OCC_ERR_NITRO_DOCUMENT, "%s: missing", fields[i].name);
        }
    }
    return occ_success();
}

/* ---- what is around it ---- */

static OCC_RESULT
check_around(const struct occ_cose_sign1 *sign1, struct occ_error *err)
{
    static const uint8_t empty_map[] = { 0xa0 };
    if (!occ_bytes_equal(sign1->unprotected_header, occ_bytes_of(empty_map, sizeof empty_map))) {
        return occ_error_set(err, OCC_ERR_NITRO_DOCUMENT, "the unprotected header is not empty");
    }
    if (!sign1->has_algorithm) {
        return occ_error_set(err, OCC_ERR_NITRO_ALGORITHM, "the protected header names no algorithm, expected ES384");
    }
    if (sign1->algorithm != OCC_COSE_ES384) {
        return occ_error_set(err, OCC_ERR_NITRO_ALGORITHM,
                             "the protected header names algorithm %lld, expected %d (ES384)",
                             (long long)sign1->algorithm, OCC_COSE_ES384);
    }
    if (sign1->signature.len != SIGNATURE_LEN) {
        return occ_error_set(err, OCC_ERR_NITRO_DOCUMENT, "the signature has %zu bytes, expected %d",
                             sign1->signature.len, SIGNATURE_LEN);
    }
    return occ_success();
}

/* own: whatever is around the payload. */
static OCC_RESULT
read_document(struct occ_bytes bytes, bool own, struct occ_error *err, struct occ_nitro_document *ret_document)
{
    if (bytes.len > OCC_LIMIT_NITRO_DOCUMENT_LEN) {
        return occ_error_set(err, OCC_ERR_NITRO_DOCUMENT, "an attestation document of %zu bytes, expected at most %u",
                             bytes.len, OCC_LIMIT_NITRO_DOCUMENT_LEN);
    }
    struct occ_nitro_document document = { 0 };
    const char *why = NULL;
    if (!occ_cose_read(bytes, &why, &document.sign1)) {
        return occ_error_set(err, OCC_ERR_NITRO_DOCUMENT, "not a COSE_Sign1 message: %s", why);
    }
    if (!own) {
        OCC_TRY(check_around(&document.sign1, err));
    }
    struct reading reading = { occ_cbor_of(document.sign1.payload), err, &document };
    OCC_TRY(read_payload(&reading));
    *ret_document = document;
    return occ_success();
}

struct occ_result
occ_nitro_read(struct occ_bytes bytes, struct occ_error *err, struct occ_nitro_document *ret_document)
{
    return read_document(bytes, false, err, ret_document);
}

struct occ_result
occ_nitro_read_own(struct occ_bytes bytes, struct occ_error *err, struct occ_nitro_document *ret_document)
{
    return read_document(bytes, true, err, ret_document);
}

bool
occ_nitro_is_debug(const struct occ_nitro_document *document)
{
    uint8_t any = 0;
    for (size_t i = 0; i < 3; i++) {
        for (size_t k = 0; k < document->pcrs[i].len; k++) {
            any |= document->pcrs[i].ptr[k];
        }
    }
    return any == 0;
}
