/* nonces.c — each nonce once, drawn many at a time, none left over. */
#include "unit/boundary/parent.h"

#include "boundary/nonces.h"

/* Counts what is drawn; the bytes of the nth nonce are n. */
struct source {
    unsigned calls, drawn;
};

static void
draw(void *ctx, void *ret, size_t len)
{
    struct source *const source = ctx;
    assert_int_equal(len % OCC_CHAIN_NONCE_LEN, 0);
    source->calls++;
    for (size_t at = 0; at < len; at += OCC_CHAIN_NONCE_LEN) {
        source->drawn++;
        memset((uint8_t *)ret + at, (int)source->drawn, OCC_CHAIN_NONCE_LEN);
    }
}

static void
expect_next(struct occ_nonces *nonces, unsigned number)
{
    uint8_t expected[OCC_CHAIN_NONCE_LEN];
    memset(expected, (int)number, sizeof expected);
    assert_memory_equal(occ_nonces_next(nonces), expected, sizeof expected);
}

/* As many as are wanted, at most 64 at a time. */
static void
test_drawn_for_a_frame(void **state)
{
    (void)state;
    static const struct {
        uint32_t wanted;
        unsigned calls;
    } cases[] = { { 1, 1 }, { 63, 1 }, { 64, 1 }, { 65, 2 }, { 200, 4 } };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct source source = { 0 };
        struct occ_nonces nonces;
        occ_nonces_begin(&nonces, draw, &source, cases[i].wanted);
        assert_int_equal(source.calls, 0);
        for (uint32_t j = 1; j <= cases[i].wanted; j++) {
            expect_next(&nonces, j);
        }
        assert_int_equal(source.calls, cases[i].calls);
        assert_int_equal(source.drawn, cases[i].wanted);
        expect_next(&nonces, cases[i].wanted + 1); /* one more than was known */
        assert_int_equal(source.drawn, cases[i].wanted + 1);
    }
}

/* What is dropped is wiped and never given: the next one is drawn anew. */
static void
test_dropped(void **state)
{
    (void)state;
    struct source source = { 0 };
    struct occ_nonces nonces;
    occ_nonces_begin(&nonces, draw, &source, 10);
    expect_next(&nonces, 1);
    occ_nonces_drop(&nonces);
    static const uint8_t zeros[sizeof nonces.list[0]];
    for (size_t i = 0; i < 10; i++) {
        assert_memory_equal(nonces.list[i], zeros, sizeof zeros);
    }
    expect_next(&nonces, 11);
    assert_int_equal(source.drawn, 19);
    occ_nonces_drop(&nonces);
    occ_nonces_drop(&nonces);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_drawn_for_a_frame), cmocka_unit_test(test_dropped) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
