/* hello.c — the first message each way. */
#include "wire/hello.h"

#include "base/limits.h"
#include "base/reader.h"
#include "wire/frame.h"
#include "wire/text.h"

#define MAGIC 0x6f636377u /* "occw" */

enum {
    EPOCH_ID_LEN_MAX = 128,
    ENFORCEMENT_LEN_MAX = 32,
    CHAIN_ID_LEN_MAX = OCC_LIMIT_CHAIN_ID_LEN /* PROTOCOL §6 */
};

void
occ_hello_put(struct occ_buf *buf, const struct occ_hello *hello)
{
    const size_t frame = occ_frame_begin(buf, OCC_FRAME_HELLO, 0);
    occ_buf_put_be32(buf, MAGIC);
    occ_buf_put_be16(buf, hello->min_version);
    occ_buf_put_be16(buf, hello->max_version);
    occ_buf_put_be64(buf, hello->features);
    occ_frame_end(buf, frame);
}

struct occ_result
occ_hello_read(struct occ_bytes payload, struct occ_hello *ret)
{
    struct occ_reader in = occ_reader_of(payload);
    const uint32_t magic = occ_reader_be32(&in);
    struct occ_hello hello = { 0 };
    hello.min_version = occ_reader_be16(&in);
    hello.max_version = occ_reader_be16(&in);
    hello.features = occ_reader_be64(&in);
    OCC_ENSURE(occ_reader_done(&in) && magic == MAGIC, OCC_ERR_WIRE_MESSAGE);
    OCC_ENSURE(hello.min_version <= hello.max_version, OCC_ERR_WIRE_MESSAGE);
    *ret = hello;
    return occ_success();
}

void
occ_hello_put_ok(struct occ_buf *buf, const struct occ_hello_ok *hello)
{
    const size_t frame = occ_frame_begin(buf, OCC_FRAME_HELLO_OK, 0);
    occ_buf_put_be16(buf, hello->version);
    occ_buf_put_be64(buf, hello->features);
    occ_buf_put_be32(buf, hello->frame_len_max);
    occ_buf_put_be32(buf, hello->requests_max);
    occ_buf_put_be32(buf, hello->digests_max);
    occ_buf_put_be64(buf, hello->retained_len_max);
    occ_buf_put(buf, occ_bytes_of(hello->public_key, sizeof hello->public_key));
    occ_text_put(buf, hello->epoch_id);
    occ_text_put(buf, hello->enforcement);
    occ_text_put(buf, hello->measurement);
    occ_text_put(buf, hello->attestation_format);
    occ_buf_put_byte(buf, (uint8_t)hello->attest);
    occ_buf_put_be32(buf, hello->document_len);
    occ_buf_put_be64(buf, hello->last_position);
    occ_buf_put_be64(buf, hello->acknowledged_position);
    occ_buf_put_be16(buf, (uint16_t)hello->head_count);
    for (size_t i = 0; i < hello->head_count; i++) {
        occ_text_put(buf, hello->heads[i].chain_id);
        occ_buf_put_be64(buf, hello->heads[i].counter);
        occ_buf_put(buf, occ_bytes_of(hello->heads[i].link_hash, sizeof hello->heads[i].link_hash));
    }
    occ_frame_end(buf, frame);
}

static void
read_heads(struct occ_reader *in, struct occ_hello_ok *ok)
{
    const size_t count = occ_reader_be16(in);
    if (count > OCC_HELLO_CHAINS_MAX) {
        in->bad = true;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        ok->heads[i].chain_id = occ_text_read(in, 0, CHAIN_ID_LEN_MAX);
        ok->heads[i].counter = occ_reader_be64(in);
        occ_reader_copy(in, ok->heads[i].link_hash, sizeof ok->heads[i].link_hash);
    }
    ok->head_count = count;
}

struct occ_result
occ_hello_read_ok(struct occ_bytes payload, struct occ_hello_ok *ret)
{
    struct occ_reader in = occ_reader_of(payload);
    struct occ_hello_ok ok = { 0 };
    ok.version = occ_reader_be16(&in);
    ok.features = occ_reader_be64(&in);
    ok.frame_len_max = occ_reader_be32(&in);
    ok.requests_max = occ_reader_be32(&in);
    ok.digests_max = occ_reader_be32(&in);
    ok.retained_len_max = occ_reader_be64(&in);
    occ_reader_copy(&in, ok.public_key, sizeof ok.public_key);
    ok.epoch_id = occ_text_read(&in, 1, EPOCH_ID_LEN_MAX);
    ok.enforcement = occ_text_read(&in, 1, ENFORCEMENT_LEN_MAX);
    ok.measurement = occ_text_read(&in, 1, OCC_LIMIT_MEASUREMENT_LEN);
    ok.attestation_format = occ_text_read(&in, 0, OCC_LIMIT_ATTEST_FORMAT_LEN);
    const uint8_t attest = occ_reader_u8(&in);
    ok.attest = (enum occ_hello_attest)attest;
    ok.document_len = occ_reader_be32(&in);
    ok.last_position = occ_reader_be64(&in);
    ok.acknowledged_position = occ_reader_be64(&in);
    read_heads(&in, &ok);
    OCC_ENSURE(occ_reader_done(&in), OCC_ERR_WIRE_MESSAGE);
    OCC_ENSURE(ok.acknowledged_position <= ok.last_position, OCC_ERR_WIRE_MESSAGE);
    OCC_ENSURE(attest <= OCC_HELLO_ATTEST_EPOCH &&
                   (attest == OCC_HELLO_ATTEST_NONE) == (ok.attestation_format.len == 0),
               OCC_ERR_WIRE_MESSAGE);
    OCC_ENSURE(ok.document_len <= (attest == OCC_HELLO_ATTEST_NONE ? 0 : OCC_LIMIT_DOCUMENT_B64_LEN),
               OCC_ERR_WIRE_MESSAGE);
    *ret = ok;
    return occ_success();
}

void
occ_hello_put_refused(struct occ_buf *buf, uint64_t id, enum occ_err code, struct occ_bytes text)
{
    const size_t frame = occ_frame_begin(buf, OCC_FRAME_REFUSED, id);
    occ_buf_put_be16(buf, (uint16_t)code);
    occ_text_put(buf, text);
    occ_frame_end(buf, frame);
}

struct occ_result
occ_hello_read_refused(struct occ_bytes payload, struct occ_refused *ret)
{
    struct occ_reader in = occ_reader_of(payload);
    const uint16_t code = occ_reader_be16(&in);
    const struct occ_bytes text = occ_text_read(&in, 0, UINT16_MAX);
    OCC_ENSURE(occ_reader_done(&in) && code != OCC_OK, OCC_ERR_WIRE_MESSAGE);
    ret->code = (enum occ_err)code;
    ret->text = text;
    return occ_success();
}
