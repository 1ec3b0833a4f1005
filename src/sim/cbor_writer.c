/* cbor_writer.c — see cbor_writer.h. */
#include "sim/cbor_writer.h"

void
occ_sim_cbor_put_head(struct occ_buf *buf, enum occ_sim_cbor_major major, uint64_t value)
{
    const uint8_t high = (uint8_t)((unsigned)major << 5);
    if (value < 24) {
        occ_buf_put_byte(buf, (uint8_t)(high | value));
    } else if (value <= UINT8_MAX) {
        occ_buf_put_byte(buf, high | 24);
        occ_buf_put_byte(buf, (uint8_t)value);
    } else if (value <= UINT16_MAX) {
        occ_buf_put_byte(buf, high | 25);
        occ_buf_put_be16(buf, (uint16_t)value);
    } else if (value <= UINT32_MAX) {
        occ_buf_put_byte(buf, high | 26);
        occ_buf_put_be32(buf, (uint32_t)value);
    } else {
        occ_buf_put_byte(buf, high | 27);
        occ_buf_put_be64(buf, value);
    }
}

void
occ_sim_cbor_put_int(struct occ_buf *buf, int64_t value)
{
    occ_sim_cbor_put_head(buf, value < 0 ? OCC_SIM_CBOR_NEGINT : OCC_SIM_CBOR_UINT,
                          (uint64_t)(value < 0 ? -1 - value : value));
}

void
occ_sim_cbor_put_bytes(struct occ_buf *buf, struct occ_bytes bytes)
{
    occ_sim_cbor_put_head(buf, OCC_SIM_CBOR_BYTES, bytes.len);
    occ_buf_put(buf, bytes);
}

void
occ_sim_cbor_put_text(struct occ_buf *buf, const char *text)
{
    occ_sim_cbor_put_head(buf, OCC_SIM_CBOR_TEXT, strlen(text));
    occ_buf_put_str(buf, text);
}

void
occ_sim_cbor_put_null(struct occ_buf *buf)
{
    occ_buf_put_byte(buf, 0xf6);
}

void
occ_sim_cbor_put_indefinite(struct occ_buf *buf, enum occ_sim_cbor_major major)
{
    occ_buf_put_byte(buf, (uint8_t)((unsigned)major << 5 | 31));
}

void
occ_sim_cbor_put_break(struct occ_buf *buf)
{
    occ_buf_put_byte(buf, 0xff);
}
