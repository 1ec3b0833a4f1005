/* cose.c — see cose.h. */
#include "evidence/cose.h"

#include "base/buf.h"
#include "codec/cbor.h"

/* RFC 9052 §2 and §3.1 */
enum { TAG_SIGN1 = 18, LABEL_ALGORITHM = 1, LABEL_CRITICAL = 2 };

/* ---- headers ---- */

/* What is known of one header map. */
struct header {
    bool empty;
    bool names_algorithm; /* by an integer or a text */
    bool has_algorithm;   /* by an integer */
    int64_t algorithm;
    bool critical; /* label 2 is there */
};

/* RFC 9052 §3.1: alg is int or tstr. A registered text is none that we know. */
static void
read_algorithm(struct occ_cbor *cbor, struct header *header)
{
    header->names_algorithm = true;
    if (occ_cbor_peek(cbor) == OCC_CBOR_TEXT) {
        (void)occ_cbor_text(cbor);
        return;
    }
    header->algorithm = occ_cbor_int(cbor);
    header->has_algorithm = true;
}

/* RFC 9052 §3.1: crit is [+ label], and each of them must be understood. */
static void
read_critical(struct occ_cbor *cbor, struct header *header)
{
    header->critical = true;
    struct occ_cbor_group labels = occ_cbor_array(cbor);
    size_t count = 0;
    while (occ_cbor_array_next(cbor, &labels)) {
        count++;
        if (occ_cbor_peek(cbor) == OCC_CBOR_TEXT || occ_cbor_int(cbor) != LABEL_ALGORITHM) {
            occ_cbor_refuse(cbor, "a critical header parameter that is not known");
        }
    }
    if (count == 0) {
        occ_cbor_refuse(cbor, "a list of critical header parameters that is empty");
    }
}

static void
read_pair(struct occ_cbor *cbor, struct header *header)
{
    if (occ_cbor_peek(cbor) == OCC_CBOR_TEXT) {
        (void)occ_cbor_text(cbor);
        (void)occ_cbor_skip(cbor);
        return;
    }
    switch (occ_cbor_int(cbor)) {
    case LABEL_ALGORITHM:
        read_algorithm(cbor, header);
        return;
    case LABEL_CRITICAL:
        read_critical(cbor, header);
        return;
    default:
        (void)occ_cbor_skip(cbor);
        return;
    }
}

/* Reads an encoded header map. Returns NULL, or what is wrong with it. */
static const char *
read_header(struct occ_bytes encoded, struct header *ret_header)
{
    struct header header = { .empty = true };
    struct occ_cbor cbor = occ_cbor_of(encoded);
    struct occ_cbor_group pairs = occ_cbor_map(&cbor);
    while (occ_cbor_map_next(&cbor, &pairs)) {
        header.empty = false;
        read_pair(&cbor, &header);
    }
    if (header.critical && !header.names_algorithm) { /* RFC 9052 §3.1: what crit names must be there, and it names 1 */
        occ_cbor_refuse(&cbor, "a critical header parameter that is missing");
    }
    const char *why = NULL;
    if (occ_cbor_done(&cbor, &why)) {
        *ret_header = header;
    }
    return why;
}

/* Reads both headers of *sign1 and writes what they say into it. */
static const char *
read_headers(struct occ_cose_sign1 *sign1)
{
    struct header covered = { .empty = true };
    struct header open = { 0 };
    const char *why = NULL;
    if (sign1->protected_header.len > 0) { /* RFC 9052 §3: an empty map may be an empty byte string */
        why = read_header(sign1->protected_header, &covered);
    }
    if (why == NULL) {
        why = read_header(sign1->unprotected_header, &open);
    }
    if (why != NULL) {
        return why;
    }
    if (open.critical) { /* RFC 9052 §3.1 */
        return "critical header parameters that are not signed";
    }
    if (open.names_algorithm && covered.names_algorithm) { /* RFC 9052 §3 */
        return "the algorithm stands in both headers";
    }
    if (covered.empty) {
        sign1->protected_header.len = 0;
    }
    const struct header *naming = covered.names_algorithm ? &covered : &open;
    sign1->has_algorithm = naming->has_algorithm;
    sign1->algorithm = naming->algorithm;
    return NULL;
}

/* ---- the message ---- */

static void
next_member(struct occ_cbor *cbor, struct occ_cbor_group *members)
{
    if (!occ_cbor_array_next(cbor, members)) {
        occ_cbor_refuse(cbor, "fewer than four members");
    }
}

bool
occ_cose_read(struct occ_bytes bytes, const char **ret_why, struct occ_cose_sign1 *ret_sign1)
{
    struct occ_cose_sign1 sign1 = { 0 };
    struct occ_cbor cbor = occ_cbor_of(bytes);
    if (occ_cbor_peek(&cbor) == OCC_CBOR_TAG && occ_cbor_tag(&cbor) != TAG_SIGN1) {
        occ_cbor_refuse(&cbor, "a tag that is not COSE_Sign1's (18)");
    }
    struct occ_cbor_group members = occ_cbor_array(&cbor);
    next_member(&cbor, &members);
    sign1.protected_header = occ_cbor_bytes(&cbor);
    next_member(&cbor, &members);
    sign1.unprotected_header = occ_cbor_skip(&cbor);
    next_member(&cbor, &members);
    if (occ_cbor_peek(&cbor) == OCC_CBOR_NULL) {
        occ_cbor_refuse(&cbor, "a payload that is not in the message (null)");
    }
    sign1.payload = occ_cbor_bytes(&cbor);
    next_member(&cbor, &members);
    sign1.signature = occ_cbor_bytes(&cbor);
    if (occ_cbor_array_next(&cbor, &members)) {
        occ_cbor_refuse(&cbor, "more than four members");
    }
    const char *why = NULL;
    if (occ_cbor_done(&cbor, &why)) {
        why = read_headers(&sign1);
    }
    if (why != NULL) {
        *ret_why = why;
        return false;
    }
    *ret_sign1 = sign1;
    return true;
}

/* ---- what is signed ---- */

enum { BYTES_HEAD_MAX = 9 };

/* A byte string with the shortest head (RFC 8949 §4.2.1). */
static void
put_bytes(struct occ_buf *buf, struct occ_bytes bytes)
{
    if (bytes.len < 24) {
        occ_buf_put_byte(buf, (uint8_t)(0x40 + bytes.len));
    } else if (bytes.len <= UINT8_MAX) {
        occ_buf_put_byte(buf, 0x58);
        occ_buf_put_byte(buf, (uint8_t)bytes.len);
    } else if (bytes.len <= UINT16_MAX) {
        occ_buf_put_byte(buf, 0x59);
        occ_buf_put_be16(buf, (uint16_t)bytes.len);
    } else if (bytes.len <= UINT32_MAX) {
        occ_buf_put_byte(buf, 0x5a);
        occ_buf_put_be32(buf, (uint32_t)bytes.len);
    } else {
        occ_buf_put_byte(buf, 0x5b);
        occ_buf_put_be64(buf, bytes.len);
    }
    occ_buf_put(buf, bytes);
}

static int64_t
algorithm_of(const struct occ_ecdsa_key *key)
{
    return occ_ecdsa_key_algorithm(key) == OCC_ES256 ? OCC_COSE_ES256 : OCC_COSE_ES384;
}

struct occ_result
occ_cose_verify(const struct occ_cose_sign1 *sign1, struct occ_bytes external_aad, const struct occ_ecdsa_key *key)
{
    static const char context[] = "\x84\x6aSignature1"; /* an array of four; a text of ten bytes */
    OCC_ENSURE(sign1->has_algorithm && sign1->algorithm == algorithm_of(key), OCC_ERR_NITRO_ALGORITHM);
    OCC_BUF_AUTO(message, sizeof context + 3 * BYTES_HEAD_MAX + sign1->protected_header.len + external_aad.len +
                              sign1->payload.len);
    occ_buf_put_str(&message, context);
    put_bytes(&message, sign1->protected_header);
    put_bytes(&message, external_aad);
    put_bytes(&message, sign1->payload);
    OCC_TRY(occ_buf_check(&message));
    return occ_ecdsa_verify_raw(key, occ_buf_view(&message), sign1->signature);
}
