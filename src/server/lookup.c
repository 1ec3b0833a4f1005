/* lookup.c — see lookup.h. */
#include "server/lookup.h"

#include "base/base64.h"
#include "base/decimal.h"
#include "base/hex.h"

enum { DIGEST_LEN = 32, HEX_LEN = 64, BASE64URL_LEN = 43, VALUE_LEN_MAX = OCC_BASE64_LEN(OCC_LIMIT_ATTEST_NONCE) };

/* ---- percent-encoding ---- */

static int
hex_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9'   ? byte - '0'
           : byte >= 'a' && byte <= 'f' ? byte - 'a' + 10
           : byte >= 'A' && byte <= 'F' ? byte - 'A' + 10
                                        : -1;
}

/* RFC 3986 §2.1. OCC_ERR_LIMIT: more than cap bytes; OCC_ERR_FIELD_ENCODING: a '%' without two hex digits. */
static OCC_RESULT
percent_decode(struct occ_bytes text, size_t cap, uint8_t *ret, size_t *ret_len)
{
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++, len++) {
        OCC_ENSURE(len < cap, OCC_ERR_LIMIT);
        ret[len] = text.ptr[i];
        if (text.ptr[i] != '%') {
            continue;
        }
        OCC_ENSURE(text.len - i > 2, OCC_ERR_FIELD_ENCODING);
        const int high = hex_digit(text.ptr[i + 1]), low = hex_digit(text.ptr[i + 2]);
        OCC_ENSURE(high >= 0 && low >= 0, OCC_ERR_FIELD_ENCODING);
        ret[len] = (uint8_t)(high * 16 + low);
        i += 2;
    }
    *ret_len = len;
    return occ_success();
}

static bool
is_unreserved(uint8_t byte) /* RFC 3986 §2.3 */
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           byte == '-' || byte == '.' || byte == '_' || byte == '~';
}

static void
percent_encode(struct occ_buf *buf, struct occ_bytes value)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < value.len; i++) {
        const uint8_t byte = value.ptr[i];
        if (is_unreserved(byte)) {
            occ_buf_put_byte(buf, byte);
            continue;
        }
        occ_buf_put_byte(buf, '%');
        occ_buf_put_byte(buf, (uint8_t)digits[byte >> 4]);
        occ_buf_put_byte(buf, (uint8_t)digits[byte & 15]);
    }
}

/* ---- digests ---- */

static OCC_RESULT
from_hex(const uint8_t *text, uint8_t ret_digest[DIGEST_LEN])
{
    uint8_t lower[HEX_LEN];
    for (size_t i = 0; i < HEX_LEN; i++) {
        lower[i] = text[i] >= 'A' && text[i] <= 'F' ? (uint8_t)(text[i] + ('a' - 'A')) : text[i];
    }
    return occ_hex_decode(occ_bytes_of(lower, HEX_LEN), DIGEST_LEN, ret_digest);
}

/* RFC 4648 §5, in the letters of §4: canonical there is canonical here. */
static OCC_RESULT
from_base64url(const uint8_t *text, uint8_t ret_digest[DIGEST_LEN])
{
    uint8_t padded[BASE64URL_LEN + 1];
    for (size_t i = 0; i < BASE64URL_LEN; i++) {
        OCC_ENSURE(text[i] != '+' && text[i] != '/', OCC_ERR_BASE64);
        padded[i] = text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i];
    }
    padded[BASE64URL_LEN] = '=';
    uint8_t digest[DIGEST_LEN];
    size_t len = 0;
    OCC_TRY(occ_base64_decode(occ_bytes_of(padded, sizeof padded), sizeof digest, digest, &len));
    OCC_ENSURE(len == sizeof digest, OCC_ERR_BASE64);
    memcpy(ret_digest, digest, sizeof digest);
    return occ_success();
}

struct occ_result
occ_lookup_read_digest(struct occ_bytes segment, struct occ_error *err, uint8_t ret_digest[32])
{
    uint8_t text[HEX_LEN], digest[DIGEST_LEN];
    size_t len = 0;
    struct occ_result read = percent_decode(segment, sizeof text, text, &len);
    if (occ_is_ok(read)) {
        const bool is_base64url = len == BASE64URL_LEN || (len == BASE64URL_LEN + 1 && text[BASE64URL_LEN] == '=');
        read = len == HEX_LEN ? from_hex(text, digest)
               : is_base64url ? from_base64url(text, digest)
                              : occ_result_of(OCC_ERR_FIELD_LENGTH);
    }
    if (occ_is_ok(read)) {
        memcpy(ret_digest, digest, sizeof digest);
        return read;
    }
    return occ_error_set(err, OCC_ERR_FIELD_VALUE,
                         "\"%.*s\" is not a SHA-256 digest, expected 64 characters of hex or 43 of base64url",
                         (int)(segment.len > 100 ? 100 : segment.len), (const char *)segment.ptr);
}

/* ---- queries ---- */

struct parameter {
    const char *name;
    size_t len_max; /* of its value; 0 = OCC_LOOKUP_EPOCH_LEN_MAX */
    bool given;
    size_t len;
    uint8_t value[VALUE_LEN_MAX];
};

static struct occ_bytes
value_of(const struct parameter *parameter)
{
    return occ_bytes_of(parameter->value, parameter->len);
}

static OCC_RESULT
refuse_name(struct occ_bytes name, const struct parameter *parameters, size_t count, struct occ_error *err)
{
    OCC_BUF_AUTO(known, 256);
    for (size_t i = 0; i < count; i++) {
        occ_buf_put_str(&known, i == 0 ? "" : i + 1 == count ? " or " : ", ");
        occ_buf_put_str(&known, parameters[i].name);
    }
    return occ_error_set(err, OCC_ERR_FIELD_VALUE, "unknown parameter \"%.*s\", expected %.*s",
                         (int)(name.len > 60 ? 60 : name.len), (const char *)name.ptr,
                         OCC_BYTES_ARG(occ_buf_view(&known)));
}

static OCC_RESULT
take_value(struct parameter *parameter, struct occ_bytes text, struct occ_error *err)
{
    if (parameter->given) {
        return occ_error_set(err, OCC_ERR_FIELD_VALUE, "%s: given twice, expected once", parameter->name);
    }
    if (text.len == 0) {
        return occ_error_set(err, OCC_ERR_FIELD_VALUE, "%s: empty, expected a value or no %s", parameter->name,
                             parameter->name);
    }
    if (memchr(text.ptr, '+', text.len) != NULL) {
        return occ_error_set(err, OCC_ERR_FIELD_VALUE, "%s: '+' may mean a space, expected %%2B", parameter->name);
    }
    const size_t len_max = parameter->len_max != 0 ? parameter->len_max : OCC_LOOKUP_EPOCH_LEN_MAX;
    const struct occ_result decoded = percent_decode(text, len_max, parameter->value, &parameter->len);
    if (decoded.code == OCC_ERR_LIMIT) {
        return occ_error_set(err, OCC_ERR_FIELD_VALUE, "%s: more than %zu bytes", parameter->name, len_max);
    }
    if (!occ_is_ok(decoded)) {
        return occ_error_set(err, OCC_ERR_FIELD_VALUE, "%s: '%%' without two hex digits behind it", parameter->name);
    }
    parameter->given = true;
    return occ_success();
}

static OCC_RESULT
take_pair(struct occ_bytes pair, struct parameter *parameters, size_t count, struct occ_error *err)
{
    const uint8_t *equals = pair.len == 0 ? NULL : memchr(pair.ptr, '=', pair.len);
    const size_t name_len = equals == NULL ? pair.len : (size_t)(equals - pair.ptr);
    const struct occ_bytes name = occ_bytes_of(pair.ptr, name_len);
    const struct occ_bytes text =
        equals == NULL ? occ_bytes_of(NULL, 0) : occ_bytes_of(equals + 1, pair.len - name_len - 1);
    for (size_t i = 0; i < count; i++) {
        if (occ_bytes_is(name, parameters[i].name)) {
            return take_value(&parameters[i], text, err);
        }
    }
    return refuse_name(name, parameters, count, err);
}

static OCC_RESULT
read_query(struct occ_bytes query, struct parameter *parameters, size_t count, struct occ_error *err)
{
    while (query.len > 0) {
        const uint8_t *end = memchr(query.ptr, '&', query.len);
        const size_t len = end == NULL ? query.len : (size_t)(end - query.ptr);
        OCC_TRY(take_pair(occ_bytes_of(query.ptr, len), parameters, count, err));
        query = end == NULL ? occ_bytes_of(NULL, 0) : occ_bytes_of(end + 1, query.len - len - 1);
    }
    return occ_success();
}

/* ---- values ---- */

static OCC_RESULT
read_number(const struct parameter *parameter, uint64_t min, uint64_t max, struct occ_error *err, uint64_t *value)
{
    uint64_t number = 0;
    if (!parameter->given) {
        return occ_success();
    }
    if (!occ_is_ok(occ_decimal_to_u64(value_of(parameter), &number)) || number < min || number > max) {
        return occ_error_set(err, OCC_ERR_FIELD_VALUE, "%s: \"%.*s\", expected a whole number from %llu to %llu",
                             parameter->name, (int)(parameter->len > 40 ? 40 : parameter->len),
                             (const char *)parameter->value, (unsigned long long)min, (unsigned long long)max);
    }
    *value = number;
    return occ_success();
}

static OCC_RESULT
read_limit(const struct parameter *parameter, struct occ_error *err, size_t *ret_limit)
{
    uint64_t limit = OCC_LOOKUP_LIMIT_DEFAULT;
    OCC_TRY(read_number(parameter, 1, OCC_LIMIT_LEDGER_PAGE, err, &limit));
    *ret_limit = (size_t)limit;
    return occ_success();
}

/* PROTOCOL §6 */
static OCC_RESULT
read_chain(const struct parameter *parameter, struct occ_error *err, struct occ_lookup_range *range)
{
    bool is_good = parameter->len <= sizeof range->chain;
    for (size_t i = 0; i < parameter->len; i++) {
        const uint8_t byte = parameter->value[i];
        is_good = is_good && (byte == ':' || (is_unreserved(byte) && byte != '~'));
    }
    if (!is_good) {
        return occ_error_set(err, OCC_ERR_FIELD_VALUE, "chainId: expected 1 to %d characters of A-Za-z0-9._:-",
                             OCC_LIMIT_CHAIN_ID_LEN);
    }
    memcpy(range->chain, parameter->value, parameter->len);
    range->chain_len = parameter->len;
    return occ_success();
}

struct occ_result
occ_lookup_read_page(struct occ_bytes query, struct occ_error *err, struct occ_lookup_page *ret_page)
{
    struct parameter parameters[] = { { .name = "limit" }, { .name = "after" } };
    struct occ_lookup_page page = { 0 };
    OCC_TRY(read_query(query, parameters, sizeof parameters / sizeof parameters[0], err));
    OCC_TRY(read_limit(&parameters[0], err, &page.limit));
    OCC_TRY(read_number(&parameters[1], 0, UINT64_MAX, err, &page.after));
    *ret_page = page;
    return occ_success();
}

struct occ_result
occ_lookup_read_range(struct occ_bytes query, struct occ_error *err, struct occ_lookup_range *ret_range)
{
    enum { EPOCH, CHAIN, FROM, LIMIT, LATEST, COUNT };
    struct parameter parameters[COUNT] = { [EPOCH] = { .name = "epoch" },
                                           [CHAIN] = { .name = "chainId" },
                                           [FROM] = { .name = "from" },
                                           [LIMIT] = { .name = "limit" },
                                           [LATEST] = { .name = "latest" } };
    struct occ_lookup_range range = { .from = 1 };
    uint64_t latest = 0;
    OCC_TRY(read_query(query, parameters, COUNT, err));
    OCC_TRY(read_chain(&parameters[CHAIN], err, &range));
    OCC_TRY(read_number(&parameters[FROM], 0, UINT64_MAX, err, &range.from));
    OCC_TRY(read_limit(&parameters[LIMIT], err, &range.limit));
    OCC_TRY(read_number(&parameters[LATEST], 0, 1, err, &latest));
    if (latest == 1 && (parameters[FROM].given || parameters[LIMIT].given)) {
        return occ_error_set(err, OCC_ERR_FIELD_VALUE, "latest is the one last proof, expected no from and no limit");
    }
    memcpy(range.epoch, parameters[EPOCH].value, parameters[EPOCH].len);
    range.epoch_len = parameters[EPOCH].len;
    range.latest = latest == 1;
    *ret_range = range;
    return occ_success();
}

struct occ_result
occ_lookup_read_nonce(struct occ_bytes query, struct occ_error *err, struct occ_lookup_nonce *ret_nonce)
{
    struct parameter parameter = { .name = "nonce", .len_max = VALUE_LEN_MAX };
    struct occ_lookup_nonce nonce = { .len = 0 };
    OCC_TRY(read_query(query, &parameter, 1, err));
    if (parameter.given &&
        !occ_is_ok(occ_base64_decode(value_of(&parameter), sizeof nonce.bytes, nonce.bytes, &nonce.len))) {
        return occ_error_set(err, OCC_ERR_FIELD_VALUE,
                             "nonce: expected 1 to %d bytes in canonical base64 (RFC 4648 section 4, padded)",
                             OCC_LIMIT_ATTEST_NONCE);
    }
    *ret_nonce = nonce;
    return occ_success();
}

/* ---- next pages ---- */

static void
put_end(struct occ_buf *headers)
{
    occ_buf_put_str(headers, ">; rel=\"next\"\r\n");
    occ_buf_put_byte(headers, 0);
}

void
occ_lookup_put_next_page(struct occ_buf *headers, const struct occ_lookup_page *next)
{
    occ_buf_put_str(headers, "Link: <?after=");
    occ_buf_put_u64(headers, next->after);
    occ_buf_put_str(headers, "&limit=");
    occ_buf_put_u64(headers, next->limit);
    put_end(headers);
}

void
occ_lookup_put_next_range(struct occ_buf *headers, const struct occ_lookup_range *next)
{
    occ_buf_put_str(headers, "Link: <?epoch=");
    percent_encode(headers, occ_bytes_of(next->epoch, next->epoch_len));
    if (next->chain_len > 0) {
        occ_buf_put_str(headers, "&chainId=");
        percent_encode(headers, occ_bytes_of(next->chain, next->chain_len));
    }
    occ_buf_put_str(headers, "&from=");
    occ_buf_put_u64(headers, next->from);
    occ_buf_put_str(headers, "&limit=");
    occ_buf_put_u64(headers, next->limit);
    put_end(headers);
}
