/* decimal.c — counters as decimal strings. */
#include "base/decimal.h"

bool
occ_decimal_is_valid(struct occ_bytes text)
{
    if (text.len == 0 || (text.len > 1 && text.ptr[0] == '0')) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') {
            return false;
        }
    }
    return true;
}

int
occ_decimal_compare(struct occ_bytes a, struct occ_bytes b)
{
    /* Without leading zeros, the longer one is the greater, and equally long ones order as text. */
    if (a.len != b.len) {
        return a.len < b.len ? -1 : 1;
    }
    return occ_bytes_compare(a, b);
}

struct occ_result
occ_decimal_to_u64(struct occ_bytes text, uint64_t *ret_value)
{
    OCC_ENSURE(occ_decimal_is_valid(text), OCC_ERR_DECIMAL);
    uint64_t value = 0;
    for (size_t i = 0; i < text.len; i++) {
        const uint64_t digit = (uint64_t)(text.ptr[i] - '0');
        OCC_ENSURE(value < UINT64_MAX / 10 || (value == UINT64_MAX / 10 && digit <= UINT64_MAX % 10), OCC_ERR_LIMIT);
        value = value * 10 + digit;
    }
    *ret_value = value;
    return occ_success();
}
