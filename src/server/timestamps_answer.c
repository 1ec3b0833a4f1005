/* timestamps_answer.c — see timestamps_answer.h. */
#include "server/timestamps_answer.h"

#include "base/base64.h"
#include "base/calendar.h"
#include "base/limits.h"
#include "codec/canonical.h"
#include "server/auth.h"

static OCC_RESULT
check_http(const struct occ_http_answer *answer, struct occ_error *err)
{
    if (answer->status != 200) {
        return occ_error_set(err, OCC_ERR_UNAVAILABLE, "HTTP status %u, expected 200", answer->status);
    }
    const struct occ_bytes type = occ_bytes_str(answer->content_type);
    if (!occ_auth_equal_nocase(type, "application/timestamp-reply")) {
        return occ_error_set(err, OCC_ERR_FIELD_VALUE, "Content-Type \"%.*s\", expected application/timestamp-reply",
                             OCC_BYTES_ARG(type));
    }
    return occ_success();
}

static OCC_RESULT
check_clock(uint64_t gen_time_ms, uint64_t now_ms, struct occ_error *err)
{
    const uint64_t apart_ms = gen_time_ms > now_ms ? gen_time_ms - now_ms : now_ms - gen_time_ms;
    if (apart_ms > OCC_LIMIT_TSA_CLOCK_MS) {
        char said[OCC_CALENDAR_TEXT_SIZE];
        char ours[OCC_CALENDAR_TEXT_SIZE];
        occ_calendar_format(gen_time_ms, said);
        occ_calendar_format(now_ms, ours);
        return occ_error_set(err, OCC_ERR_TIMESTAMP_CLOCK, "genTime %s is more than %u s from our clock, %s", said,
                             OCC_LIMIT_TSA_CLOCK_MS / 1000, ours);
    }
    return occ_success();
}

static void
put_token(struct occ_buf *buf, const struct occ_timestamps_question *question, uint64_t gen_time_ms,
          struct occ_bytes token)
{
    char time[OCC_CALENDAR_TEXT_SIZE];
    occ_calendar_format(gen_time_ms, time); /* genTime to the millisecond: cut, as a verifier expects it */
    occ_buf_put_str(buf, "{\"authority\":");
    occ_canonical_put_string(buf, occ_bytes_str(question->shown));
    occ_buf_put_str(buf, ",\"digestAlg\":\"sha256\",\"digestB64\":\"");
    occ_base64_put(buf, occ_bytes_of(question->digest, sizeof question->digest));
    occ_buf_put_str(buf, "\",\"time\":\"");
    occ_buf_put_str(buf, time);
    occ_buf_put_str(buf, "\",\"tokenB64\":\"");
    occ_base64_put(buf, token);
    occ_buf_put_str(buf, "\"}");
}

struct occ_result
occ_timestamps_answer_read(const struct occ_timestamps_question *question, const struct occ_http_answer *answer,
                           uint64_t now_ms, struct occ_error *err, struct occ_buf *buf)
{
    struct occ_timestamp_facts facts;
    struct occ_bytes token;
    OCC_TRY(check_http(answer, err));
    OCC_TRY(occ_timestamp_response_token(occ_buf_view(answer->body), err, &token));
    OCC_TRY(occ_timestamp_verify(token, question->roots, err, &facts));
    OCC_TRY(occ_timestamp_request_check(&facts, question->digest, question->nonce, err));
    if (question->roots != NULL && !facts.trusted) {
        return occ_error_set(err, OCC_ERR_TIMESTAMP_UNTRUSTED, "a good token of an authority not trusted: %s",
                             facts.untrusted);
    }
    OCC_TRY(check_clock(facts.gen_time_ms, now_ms, err));
    put_token(buf, question, facts.gen_time_ms, token);
    return occ_buf_check(buf);
}
