/* issue.c — ISSUE and ISSUED frames. */
#include "wire/issue.h"

#include "base/limits.h"
#include "base/reader.h"
#include "wire/frame.h"
#include "wire/text.h"

void
occ_issue_put(struct occ_buf *buf, uint64_t id, const struct occ_issue_request *request)
{
    const size_t frame = occ_frame_begin(buf, OCC_FRAME_ISSUE, id);
    occ_buf_put_byte(buf, (uint8_t)request->what);
    occ_text_put(buf, request->chain_id);
    occ_frame_end(buf, frame);
}

struct occ_result
occ_issue_read(struct occ_bytes payload, struct occ_issue_request *ret)
{
    struct occ_reader in = occ_reader_of(payload);
    const uint8_t what = occ_reader_u8(&in);
    const struct occ_bytes chain_id = occ_text_read(&in, 0, OCC_LIMIT_CHAIN_ID_LEN);
    OCC_ENSURE(occ_reader_done(&in), OCC_ERR_WIRE_MESSAGE);
    OCC_ENSURE(what == OCC_ISSUE_SLOT || (what == OCC_ISSUE_CHALLENGE && chain_id.len == 0), OCC_ERR_WIRE_MESSAGE);
    *ret = (struct occ_issue_request){ (enum occ_issue)what, chain_id };
    return occ_success();
}

void
occ_issue_put_answer(struct occ_buf *buf, uint64_t id, const struct occ_issue_answer *answer)
{
    const size_t frame = occ_frame_begin(buf, OCC_FRAME_ISSUED, id);
    occ_buf_put_be16(buf, (uint16_t)answer->code);
    if (answer->code == OCC_OK) {
        occ_buf_put_be32(buf, (uint32_t)answer->text.len); /* what buf could not hold fails there */
        occ_buf_put(buf, answer->text);
    } else {
        occ_text_put(buf, answer->text);
    }
    occ_frame_end(buf, frame);
}

struct occ_result
occ_issue_read_answer(struct occ_bytes payload, struct occ_issue_answer *ret)
{
    struct occ_reader in = occ_reader_of(payload);
    struct occ_issue_answer answer = { .code = (enum occ_err)occ_reader_be16(&in) };
    if (answer.code == OCC_OK) {
        answer.text = occ_reader_take(&in, occ_reader_be32(&in));
        OCC_ENSURE(answer.text.len > 0 && occ_bytes_is_utf8(answer.text), OCC_ERR_WIRE_MESSAGE);
    } else {
        answer.text = occ_text_read(&in, 0, UINT16_MAX);
    }
    OCC_ENSURE(occ_reader_done(&in), OCC_ERR_WIRE_MESSAGE);
    *ret = answer;
    return occ_success();
}
