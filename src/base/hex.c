/* hex.c — lower-case hex. */
#include "base/hex.h"

void
occ_hex_encode(struct occ_bytes bytes, char *ret_text)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < bytes.len; i++) {
        ret_text[2 * i] = digits[bytes.ptr[i] >> 4];
        ret_text[2 * i + 1] = digits[bytes.ptr[i] & 15];
    }
}

/* The value of a digit, or 16. */
static unsigned
digit_value(uint8_t digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - (unsigned)'0';
    }
    return digit >= 'a' && digit <= 'f' ? digit - (unsigned)'a' + 10 : 16;
}

struct occ_result
occ_hex_decode(struct occ_bytes text, size_t len, uint8_t *ret)
{
    OCC_ENSURE(text.len % 2 == 0 && text.len / 2 == len, OCC_ERR_HEX);
    for (size_t i = 0; i < text.len; i++) {
        OCC_ENSURE(digit_value(text.ptr[i]) < 16, OCC_ERR_HEX);
    }
    for (size_t i = 0; i < len; i++) {
        ret[i] = (uint8_t)(digit_value(text.ptr[2 * i]) << 4 | digit_value(text.ptr[2 * i + 1]));
    }
    return occ_success();
}
