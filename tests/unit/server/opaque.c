/* The parent's bytes that the boundary keeps: what was written is read again, and nothing else is read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "server/opaque.h"

static struct occ_opaque
example(bool has_repeat)
{
    struct occ_opaque opaque = { .received_ms = 0x0102030405060708,
                                 .wants_proof_token = true,
                                 .has_repeat = has_repeat };
    memset(opaque.id, 0xa1, sizeof(opaque.id));
    if (has_repeat) {
        memset(opaque.repeat, 0xb2, sizeof(opaque.repeat));
        memset(opaque.body, 0xc3, sizeof(opaque.body));
    }
    return opaque;
}

static void
test_layout(void **state)
{
    (void)state;
    uint8_t bytes[OCC_OPAQUE_LEN_MAX];
    const struct occ_opaque opaque = example(true);
    assert_int_equal(occ_opaque_encode(&opaque, bytes), OCC_OPAQUE_LEN_MAX);
    static const uint8_t head[] = { 1,    0xa1, 0xa1, 0xa1, 0xa1, 0xa1, 0xa1, 0xa1, 0xa1, 0xa1, 0xa1, 0xa1, 0xa1, 0xa1,
                                    0xa1, 0xa1, 0xa1, 1,    2,    3,    4,    5,    6,    7,    8,    6,    0xb2 };
    assert_memory_equal(bytes, head, sizeof(head));
    assert_int_equal(bytes[OCC_OPAQUE_LEN_MAX - 1], 0xc3);
}

static void
test_again(void **state)
{
    (void)state;
    for (unsigned flags = 0; flags < 8; flags++) {
        struct occ_opaque opaque = example((flags & 4) != 0), again;
        opaque.wants_artifact_token = (flags & 1) != 0;
        opaque.wants_proof_token = (flags & 2) != 0;
        uint8_t bytes[OCC_OPAQUE_LEN_MAX];
        const size_t len = occ_opaque_encode(&opaque, bytes);
        assert_int_equal(len, (flags & 4) != 0 ? OCC_OPAQUE_LEN_MAX : OCC_OPAQUE_LEN_MIN);
        assert_true(occ_is_ok(occ_opaque_decode(occ_bytes_of(bytes, len), &again)));
        assert_memory_equal(again.id, opaque.id, sizeof(opaque.id));
        assert_memory_equal(again.repeat, opaque.repeat, sizeof(opaque.repeat));
        assert_memory_equal(again.body, opaque.body, sizeof(opaque.body));
        assert_true(again.received_ms == opaque.received_ms);
        assert_int_equal(again.wants_artifact_token, opaque.wants_artifact_token);
        assert_int_equal(again.wants_proof_token, opaque.wants_proof_token);
        assert_int_equal(again.has_repeat, opaque.has_repeat);
    }
}

static void
refused(const uint8_t *bytes, size_t len)
{
    struct occ_opaque opaque;
    assert_int_equal(occ_opaque_decode(occ_bytes_of(bytes, len), &opaque).code, OCC_ERR_WIRE_MESSAGE);
}

static void
test_refused(void **state)
{
    (void)state;
    for (unsigned has_repeat = 0; has_repeat < 2; has_repeat++) {
        const struct occ_opaque opaque = example(has_repeat != 0);
        uint8_t bytes[OCC_OPAQUE_LEN_MAX + 1] = { 0 };
        const size_t len = occ_opaque_encode(&opaque, bytes);
        for (size_t i = 0; i < len; i++) {
            refused(bytes, i);
        }
        refused(bytes, len + 1);
        bytes[0] = 2;
        refused(bytes, len);
        bytes[0] = 1;
        bytes[OCC_OPAQUE_LEN_MIN - 1] |= 8;
        refused(bytes, len);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layout),
        cmocka_unit_test(test_again),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
