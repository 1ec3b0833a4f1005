/* rfc3161.c — see rfc3161.h. */
#include "evidence/rfc3161.h"

#include "base/base64.h"
#include "base/calendar.h"
#include "base/limits.h"

static struct occ_bytes
text_of(const struct occ_json *entry, const char *name)
{
    return occ_json_string(occ_json_get(entry, name));
}

/* A verdict on the token, with the entry's path in front of its sentence. */
static OCC_RESULT
verify_token(struct occ_bytes token, const char *prefix, const struct occ_timestamp_roots *roots, struct occ_error *err,
             struct occ_timestamp_facts *facts)
{
    struct occ_error reason = { .code = OCC_OK };
    const struct occ_result result = occ_timestamp_verify(token, roots, &reason, facts);
    if (!occ_is_ok(result)) {
        return occ_error_set(err, result.code, "%s: %s", prefix, reason.text);
    }
    return occ_success();
}

static OCC_RESULT
verify_encoded(struct occ_bytes text, const char *prefix, const struct occ_timestamp_roots *roots,
               struct occ_error *err, struct occ_timestamp_facts *facts)
{
    if (text.len > OCC_BASE64_LEN(OCC_LIMIT_TOKEN_LEN)) {
        return occ_error_set(err, OCC_ERR_TIMESTAMP_TOKEN, "%s.tokenB64: more than %u bytes", prefix,
                             OCC_LIMIT_TOKEN_LEN);
    }
    OCC_BUF_AUTO(token, OCC_LIMIT_TOKEN_LEN + 3);
    uint8_t *room = occ_buf_reserve(&token, text.len / 4 * 3 + 1);
    if (room == NULL) {
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    if (!occ_is_ok(occ_base64_decode(text, text.len / 4 * 3, room, &token.len))) {
        return occ_error_set(err, OCC_ERR_TIMESTAMP_TOKEN, "%s.tokenB64: not canonical base64", prefix);
    }
    return verify_token(occ_buf_view(&token), prefix, roots, err, facts);
}

/* digestAlg and digestB64 say what the token's imprint is (PROTOCOL §5). */
static OCC_RESULT
check_digest_fields(const struct occ_json *entry, const char *prefix, const struct occ_timestamp_facts *facts,
                    struct occ_error *err)
{
    if (!occ_bytes_is(text_of(entry, "digestAlg"), facts->imprint_algorithm)) {
        return occ_error_set(err, OCC_ERR_TIMESTAMP_FIELDS, "%s.digestAlg: \"%.*s\", the token says \"%s\"", prefix,
                             OCC_BYTES_ARG(text_of(entry, "digestAlg")), facts->imprint_algorithm);
    }
    uint8_t digest[OCC_TIMESTAMP_IMPRINT_MAX];
    size_t len = 0;
    if (!occ_is_ok(occ_base64_decode(text_of(entry, "digestB64"), sizeof digest, digest, &len)) ||
        !occ_bytes_equal(occ_bytes_of(digest, len), occ_bytes_of(facts->imprint, facts->imprint_len))) {
        return occ_error_set(err, OCC_ERR_TIMESTAMP_FIELDS, "%s.digestB64: not the token's imprint", prefix);
    }
    return occ_success();
}

static bool
ends_in_utc(struct occ_bytes text)
{
    static const char zero[] = "+00:00";
    const size_t len = sizeof zero - 1;
    return (text.len > 0 && text.ptr[text.len - 1] == 'Z') ||
           (text.len > len && occ_bytes_is(occ_bytes_of(text.ptr + (text.len - len), len), zero));
}

/* genTime's fraction, cut to so many digits. */
static uint32_t
cut(uint32_t nanoseconds, unsigned digits)
{
    uint32_t unit = 1000000000;
    for (unsigned i = 0; i < digits; i++) {
        unit /= 10;
    }
    return nanoseconds - nanoseconds % unit;
}

/* time is genTime, to as many digits as it has (PROTOCOL §5). */
static OCC_RESULT
check_time_field(const struct occ_json *entry, const char *prefix, const struct occ_timestamp_facts *facts,
                 struct occ_error *err)
{
    const struct occ_bytes text = text_of(entry, "time");
    struct occ_calendar_time time;
    if (!occ_is_ok(occ_calendar_parse(text, &time)) || !ends_in_utc(text)) {
        return occ_error_set(err, OCC_ERR_TIMESTAMP_FIELDS, "%s.time: \"%.*s\" is not an ISO 8601 time in UTC", prefix,
                             OCC_BYTES_ARG(text));
    }
    const bool same_second = time.unix_ms / 1000 == facts->gen_time_ms / 1000;
    if (!same_second || time.nanoseconds != cut(facts->gen_time_ns, time.fraction_digits)) {
        char said[OCC_CALENDAR_TEXT_SIZE];
        occ_calendar_format(facts->gen_time_ms, said);
        return occ_error_set(err, OCC_ERR_TIMESTAMP_FIELDS, "%s.time: %.*s, the token's genTime is %s", prefix,
                             OCC_BYTES_ARG(text), said);
    }
    return occ_success();
}

struct occ_result
occ_rfc3161_verify(const struct occ_json *entry, const char *prefix, const uint8_t digest[OCC_SHA256_LEN],
                   const struct occ_timestamp_roots *roots, struct occ_error *err,
                   struct occ_timestamp_facts *ret_facts)
{
    struct occ_timestamp_facts facts;
    OCC_TRY(verify_encoded(text_of(entry, "tokenB64"), prefix, roots, err, &facts));
    /* PROTOCOL §2.2, §5: what the token is about is this digest, and nothing that the entry says instead. */
    if (strcmp(facts.imprint_algorithm, "sha256") != 0 ||
        !occ_bytes_equal(occ_bytes_of(facts.imprint, facts.imprint_len), occ_bytes_of(digest, OCC_SHA256_LEN))) {
        return occ_error_set(err, OCC_ERR_TIMESTAMP_IMPRINT, "%s: the token is about another digest", prefix);
    }
    OCC_TRY(check_digest_fields(entry, prefix, &facts, err));
    OCC_TRY(check_time_field(entry, prefix, &facts, err));
    *ret_facts = facts;
    return occ_success();
}
