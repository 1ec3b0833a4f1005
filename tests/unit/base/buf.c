/* Tests of src/base/buf.c, which is compiled in here with allocations that can be made to fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static int allocations_left = -1; /* -1: none fails */

static bool
allocation_fails(void)
{
    if (allocations_left < 0) {
        return false;
    }
    if (allocations_left == 0) {
        return true;
    }
    allocations_left--;
    return false;
}

static void *
failing_realloc(void *memory, size_t size)
{
    return allocation_fails() ? NULL : realloc(memory, size);
}

static void *
failing_malloc(size_t size)
{
    return allocation_fails() ? NULL : malloc(size);
}

#define realloc failing_realloc
#define malloc failing_malloc
#include "base/buf.c"
#undef realloc
#undef malloc

static int
reset_allocations(void **state)
{
    (void)state;
    allocations_left = -1;
    return 0;
}

static void
assert_holds(const struct occ_buf *buf, const char *text)
{
    assert_int_equal(buf->fail, OCC_OK);
    assert_int_equal(buf->len, strlen(text));
    assert_memory_equal(buf->ptr, text, buf->len);
}

static void
test_puts(void **state)
{
    (void)state;
    OCC_BUF_AUTO(buf, 1000);
    assert_int_equal(occ_buf_view(&buf).len, 0);
    occ_buf_put_str(&buf, "a");
    occ_buf_put(&buf, occ_bytes_of("bc", 2));
    occ_buf_put(&buf, occ_bytes_of(NULL, 0));
    occ_buf_put_byte(&buf, 'd');
    occ_buf_put_u64(&buf, 0);
    occ_buf_put_byte(&buf, ' ');
    occ_buf_put_u64(&buf, UINT64_MAX);
    occ_buf_put_format(&buf, " %d %s", -7, "x");
    assert_holds(&buf, "abcd0 18446744073709551615 -7 x");
    assert_true(occ_is_ok(occ_buf_check(&buf)));
}

static void
test_big_endian(void **state)
{
    (void)state;
    OCC_BUF_AUTO(buf, 14);
    occ_buf_put_be16(&buf, 0x0102);
    occ_buf_put_be32(&buf, 0x03040506);
    occ_buf_put_be64(&buf, UINT64_C(0x0708090a0b0c0d0e));
    assert_holds(&buf, "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e");
}

/* Whatever the limit, a buffer holds exactly so much and never allocates more. */
static void
test_limit(void **state)
{
    (void)state;
    for (size_t limit = 0; limit < 1200; limit += limit < 5 ? 1 : 37) {
        OCC_BUF_AUTO(buf, limit);
        for (size_t i = 0; i < limit; i++) {
            occ_buf_put_byte(&buf, 'x');
            assert_true(buf.cap <= limit && buf.len <= buf.cap);
        }
        assert_true(occ_is_ok(occ_buf_check(&buf)));
        occ_buf_put_byte(&buf, 'y');
        assert_int_equal(occ_buf_check(&buf).code, OCC_ERR_LIMIT);
        assert_int_equal(buf.len, limit);
    }
}

static void
test_failure_is_sticky(void **state)
{
    (void)state;
    OCC_BUF_AUTO(buf, 4);
    occ_buf_put_str(&buf, "abc");
    occ_buf_put_str(&buf, "de");
    assert_int_equal(occ_buf_check(&buf).code, OCC_ERR_LIMIT);
    occ_buf_put_byte(&buf, 'd'); /* would fit, but the text would have a hole */
    occ_buf_put_format(&buf, "%d", 1);
    assert_null(occ_buf_reserve(&buf, 0));
    assert_int_equal(buf.len, 3);
    occ_buf_reset(&buf);
    occ_buf_put_str(&buf, "abcd");
    assert_holds(&buf, "abcd");
}

static void
test_huge_lengths(void **state)
{
    (void)state;
    OCC_BUF_AUTO(buf, SIZE_MAX);
    occ_buf_put_str(&buf, "abc");
    assert_null(occ_buf_reserve(&buf, SIZE_MAX));
    assert_int_equal(occ_buf_check(&buf).code, OCC_ERR_LIMIT);
}

static void
test_format_at_the_limit(void **state)
{
    (void)state;
    char long_text[701];
    memset(long_text, 'z', 700);
    long_text[700] = '\0';
    OCC_BUF_AUTO(exact, 702);
    occ_buf_put_format(&exact, "<%s>", long_text);
    assert_true(occ_is_ok(occ_buf_check(&exact)));
    assert_int_equal(exact.len, 702);
    assert_int_equal(exact.ptr[701], '>');
    OCC_BUF_AUTO(less, 701);
    occ_buf_put_format(&less, "<%s>", long_text);
    assert_int_equal(occ_buf_check(&less).code, OCC_ERR_LIMIT);
    assert_int_equal(less.len, 0);
}

static void
test_reserve(void **state)
{
    (void)state;
    OCC_BUF_AUTO(buf, 10);
    assert_non_null(occ_buf_reserve(&buf, 0)); /* NULL would mean a failure */
    uint8_t *to = occ_buf_reserve(&buf, 10);
    assert_non_null(to);
    memcpy(to, "0123456789", 10);
    buf.len += 10;
    assert_holds(&buf, "0123456789");
    assert_null(occ_buf_reserve(&buf, 1));
}

static void
test_move(void **state)
{
    (void)state;
    OCC_BUF_AUTO(from, 100);
    OCC_BUF_AUTO(to, 10);
    occ_buf_put_str(&from, "longer than ten bytes");
    occ_buf_put_str(&to, "old");
    occ_buf_move(&from, &to);
    assert_holds(&to, "longer than ten bytes");
    assert_true(to.cap <= to.limit);
    assert_int_equal(from.len, 0);
    assert_null(from.ptr);
    assert_int_equal(from.limit, 100);
    occ_buf_move(&to, &to);
    assert_holds(&to, "longer than ten bytes");
}

static void
test_trim(void **state)
{
    (void)state;
    OCC_BUF_AUTO(buf, 1 << 20);
    occ_buf_trim(&buf);
    assert_holds(&buf, "");
    occ_buf_put_str(&buf, "abc");
    assert_true(buf.cap > buf.len);
    allocations_left = 0;
    occ_buf_trim(&buf);
    allocations_left = -1;
    assert_holds(&buf, "abc");
    occ_buf_trim(&buf);
    assert_holds(&buf, "abc");
    assert_int_equal(buf.cap, 3);
    occ_buf_trim(&buf);
    occ_buf_put_str(&buf, "def");
    assert_holds(&buf, "abcdef");
    occ_buf_reset(&buf);
    occ_buf_trim(&buf);
    assert_null(buf.ptr);
    assert_int_equal(buf.cap, 0);
    occ_buf_put_str(&buf, "again");
    assert_holds(&buf, "again");
}

static void
test_drop_front(void **state)
{
    (void)state;
    OCC_BUF_AUTO(buf, 100);
    occ_buf_drop_front(&buf, 0);
    occ_buf_put_str(&buf, "abcdef");
    occ_buf_drop_front(&buf, 0);
    assert_holds(&buf, "abcdef");
    occ_buf_drop_front(&buf, 4);
    assert_holds(&buf, "ef");
    occ_buf_drop_front(&buf, 2);
    assert_holds(&buf, "");
}

/* Each allocation that a series of writes makes fails in turn: the buffer says so, and keeps what it had. */
static void
test_allocations_fail(void **state)
{
    (void)state;
    char text[300];
    memset(text, 'q', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    int failures = 0;
    for (int allowed = 0; allowed < 20; allowed++) {
        OCC_BUF_AUTO(buf, 1 << 20);
        allocations_left = allowed;
        for (int i = 0; i < 5; i++) {
            occ_buf_put_format(&buf, "%s", text);
        }
        allocations_left = -1;
        if (buf.fail == OCC_OK) {
            assert_int_equal(buf.len, 5 * strlen(text));
            continue;
        }
        assert_int_equal(occ_buf_check(&buf).code, OCC_ERR_NOMEM);
        assert_int_equal(buf.len % strlen(text), 0);
        failures++;
    }
    assert_in_range(failures, 5, 15);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_puts),
        cmocka_unit_test(test_big_endian),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_failure_is_sticky),
        cmocka_unit_test(test_huge_lengths),
        cmocka_unit_test(test_format_at_the_limit),
        cmocka_unit_test(test_reserve),
        cmocka_unit_test(test_move),
        cmocka_unit_test(test_trim),
        cmocka_unit_test(test_drop_front),
        cmocka_unit_test_teardown(test_allocations_fail, reset_allocations),
    };
    return cmocka_run_group_tests_name("base.buf", tests, NULL, NULL);
}
