/* counter.c — see counter.h. */
#include "audit/counter.h"

#include "base/decimal.h"

struct occ_result
occ_counter_of(struct occ_bytes text, struct occ_counter *ret_counter)
{
    OCC_ENSURE(text.len <= OCC_LIMIT_AUDIT_COUNTER_LEN, OCC_ERR_LIMIT);
    *ret_counter = (struct occ_counter){ .len = (uint8_t)text.len };
    if (text.len > 0) {
        memcpy(ret_counter->digits, text.ptr, text.len);
    }
    return occ_success();
}

struct occ_bytes
occ_counter_text(const struct occ_counter *counter)
{
    return occ_bytes_of(counter->digits, counter->len);
}

int
occ_counter_compare(const struct occ_counter *a, const struct occ_counter *b)
{
    if (a->len != b->len) {
        return a->len < b->len ? -1 : 1;
    }
    return memcmp(a->digits, b->digits, a->len);
}

bool
occ_counter_small(const struct occ_counter *counter, uint64_t *ret_value)
{
    uint64_t value = 0;
    if (counter->len == 0 || !occ_is_ok(occ_decimal_to_u64(occ_counter_text(counter), &value)) || value == UINT64_MAX) {
        return false;
    }
    *ret_value = value;
    return true;
}

/* The digit of 10^place. */
static int
digit_at(const struct occ_counter *counter, size_t place)
{
    return place < counter->len ? counter->digits[counter->len - 1 - place] - '0' : 0;
}

uint64_t
occ_counter_distance(const struct occ_counter *from, const struct occ_counter *to)
{
    uint64_t small_from = 0;
    uint64_t small_to = 0;
    if (occ_counter_small(from, &small_from) && occ_counter_small(to, &small_to)) {
        return small_to - small_from;
    }
    /* By hand, as on paper; from the lowest digit up, so that a borrow is known. */
    int8_t digits[OCC_LIMIT_AUDIT_COUNTER_LEN] = { 0 };
    int borrow = 0;
    for (size_t i = 0; i < to->len; i++) {
        const int left = digit_at(to, i) - digit_at(from, i) - borrow;
        borrow = left < 0;
        digits[i] = (int8_t)(left < 0 ? left + 10 : left);
    }
    uint64_t distance = 0;
    for (size_t i = to->len; i > 0; i--) {
        const uint64_t digit = (uint64_t)digits[i - 1];
        if (distance > (UINT64_MAX - digit) / 10) {
            return UINT64_MAX;
        }
        distance = distance * 10 + digit;
    }
    return distance;
}

void
occ_counter_put(struct occ_buf *buf, const struct occ_counter *counter)
{
    occ_buf_put_byte(buf, counter->len);
    occ_buf_put(buf, occ_counter_text(counter));
}

struct occ_counter
occ_counter_take(struct occ_reader *reader)
{
    struct occ_counter counter = { .len = occ_reader_u8(reader) };
    if (counter.len > OCC_LIMIT_AUDIT_COUNTER_LEN) {
        reader->bad = true;
        counter.len = 0;
    }
    occ_reader_copy(reader, counter.digits, counter.len);
    return counter;
}
