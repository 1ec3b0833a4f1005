/* attest.c — ATTEST, ATTESTED and PONG frames. */
#include "wire/attest.h"

#include "base/base64.h"
#include "base/reader.h"
#include "wire/frame.h"
#include "wire/text.h"

void
occ_attest_put(struct occ_buf *buf, uint64_t id, struct occ_bytes nonce)
{
    const size_t frame = occ_frame_begin(buf, OCC_FRAME_ATTEST, id);
    occ_buf_put_be16(buf, (uint16_t)nonce.len); /* at most OCC_LIMIT_ATTEST_NONCE */
    occ_buf_put(buf, nonce);
    occ_frame_end(buf, frame);
}

struct occ_result
occ_attest_read(struct occ_bytes payload, struct occ_bytes *ret_nonce)
{
    struct occ_reader in = occ_reader_of(payload);
    const size_t len = occ_reader_be16(&in);
    const struct occ_bytes nonce = occ_reader_take(&in, len);
    OCC_ENSURE(occ_reader_done(&in) && len <= OCC_LIMIT_ATTEST_NONCE, OCC_ERR_WIRE_MESSAGE);
    *ret_nonce = nonce;
    return occ_success();
}

void
occ_attest_put_answer(struct occ_buf *buf, uint64_t id, const struct occ_attest_answer *answer)
{
    const size_t frame = occ_frame_begin(buf, OCC_FRAME_ATTESTED, id);
    occ_buf_put_be16(buf, (uint16_t)answer->code);
    if (answer->code == OCC_OK) {
        occ_text_put(buf, answer->format);
        occ_buf_put_be32(buf, (uint32_t)answer->report_b64.len);
        occ_buf_put(buf, answer->report_b64);
    } else {
        occ_text_put(buf, answer->text);
    }
    occ_frame_end(buf, frame);
}

struct occ_result
occ_attest_read_answer(struct occ_bytes payload, struct occ_attest_answer *ret)
{
    struct occ_reader in = occ_reader_of(payload);
    struct occ_attest_answer answer = { .code = (enum occ_err)occ_reader_be16(&in) };
    if (answer.code == OCC_OK) {
        answer.format = occ_text_read(&in, 1, OCC_LIMIT_ATTEST_FORMAT_LEN);
        answer.report_b64 = occ_reader_take(&in, occ_reader_be32(&in));
        const size_t len = answer.report_b64.len;
        OCC_ENSURE(len > 0 && len <= OCC_LIMIT_DOCUMENT_B64_LEN, OCC_ERR_WIRE_MESSAGE);
        OCC_ENSURE(occ_is_ok(occ_base64_check(answer.report_b64, NULL)), OCC_ERR_WIRE_MESSAGE);
    } else {
        answer.text = occ_text_read(&in, 0, UINT16_MAX);
    }
    OCC_ENSURE(occ_reader_done(&in), OCC_ERR_WIRE_MESSAGE);
    *ret = answer;
    return occ_success();
}

void
occ_status_put(struct occ_buf *buf, uint64_t id, const struct occ_status *status)
{
    const size_t frame = occ_frame_begin(buf, OCC_FRAME_PONG, id);
    occ_text_put(buf, status->trouble);
    occ_buf_put_byte(buf, status->has_attester ? 1 : 0);
    occ_buf_put_be64(buf, (uint64_t)status->clock_ms);
    occ_buf_put_be64(buf, status->documents);
    occ_buf_put_be64(buf, status->failures);
    occ_buf_put_be32(buf, status->waiting);
    occ_buf_put_be32(buf, status->document_ms);
    occ_frame_end(buf, frame);
}

struct occ_result
occ_status_read(struct occ_bytes payload, struct occ_status *ret)
{
    struct occ_reader in = occ_reader_of(payload);
    struct occ_status status = { .trouble = occ_text_read(&in, 0, UINT16_MAX) };
    const uint8_t has_attester = occ_reader_u8(&in);
    status.has_attester = has_attester == 1;
    status.clock_ms = (int64_t)occ_reader_be64(&in);
    status.documents = occ_reader_be64(&in);
    status.failures = occ_reader_be64(&in);
    status.waiting = occ_reader_be32(&in);
    status.document_ms = occ_reader_be32(&in);
    OCC_ENSURE(occ_reader_done(&in) && has_attester <= 1, OCC_ERR_WIRE_MESSAGE);
    *ret = status;
    return occ_success();
}
