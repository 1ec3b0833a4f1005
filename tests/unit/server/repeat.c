/* Idempotency-Key: which values are one, and what they become. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/hex.h"
#include "server/repeat.h"

static struct occ_bytes
bytes_of(const struct occ_repeat_key *key)
{
    return occ_bytes_of(key->text, key->len);
}

static void
reads(const char *value, const char *expected)
{
    struct occ_error err = { 0 };
    struct occ_repeat_key key;
    assert_true(occ_is_ok(occ_repeat_read_key(occ_bytes_str(value), &err, &key)));
    assert_true(occ_bytes_is(bytes_of(&key), expected));
}

static void
test_taken(void **state)
{
    (void)state;
    reads("invoice-4711", "invoice-4711");
    reads("!\"#~", "!\"#~"); /* as it is: a quote that does not begin it is a character */
    reads("\"invoice-4711\"", "invoice-4711");
    reads("\"a b\"", "a b");
    reads("\"a\\\"b\\\\\"", "a\"b\\");
    char longest[OCC_LIMIT_REPEAT_KEY_LEN + 1] = { 0 };
    memset(longest, 'x', OCC_LIMIT_REPEAT_KEY_LEN);
    reads(longest, longest);
}

static void
refuses(struct occ_bytes value, enum occ_err code)
{
    struct occ_error err = { 0 };
    struct occ_repeat_key key = { .len = 7 };
    assert_int_equal(occ_repeat_read_key(value, &err, &key).code, code);
    assert_int_equal(err.code, code);
    assert_true(occ_bytes_starts(occ_bytes_str(err.text), "Idempotency-Key: "));
    assert_int_equal(key.len, 7);
}

static void
test_refused(void **state)
{
    (void)state;
    static const char *const values[] = { "a b",    "\x7f",    "\x80",     "a\tb",      "\"a",       "\"",
                                          "\"a\"b", "\"a\\\"", "\"a\\b\"", "\"a\x7f\"", "\"a\";x=1", "\"\x01\"" };
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        refuses(occ_bytes_str(values[i]), OCC_ERR_FIELD_VALUE);
    }
    refuses(occ_bytes_of("a\0b", 3), OCC_ERR_FIELD_VALUE);
    refuses(occ_bytes_str(""), OCC_ERR_FIELD_LENGTH);
    refuses(occ_bytes_str("\"\""), OCC_ERR_FIELD_LENGTH);
    char longer[OCC_LIMIT_REPEAT_KEY_LEN + 4];
    memset(longer, 'x', sizeof(longer));
    refuses(occ_bytes_of(longer, OCC_LIMIT_REPEAT_KEY_LEN + 1), OCC_ERR_FIELD_LENGTH);
    longer[0] = longer[OCC_LIMIT_REPEAT_KEY_LEN + 2] = '"';
    refuses(occ_bytes_of(longer, OCC_LIMIT_REPEAT_KEY_LEN + 3), OCC_ERR_FIELD_LENGTH);
}

static void
hash(const char *key_text, const char *scope, uint8_t body, uint8_t ret_repeat[OCC_SHA256_LEN])
{
    struct occ_error err;
    struct occ_repeat_key key;
    uint8_t body_hash[OCC_SHA256_LEN];
    memset(body_hash, body, sizeof(body_hash));
    assert_true(occ_is_ok(occ_repeat_read_key(occ_bytes_str(key_text), &err, &key)));
    occ_repeat_hash(&key, scope, body_hash, ret_repeat);
}

/* printf 'occ/idempotency-key/v1\0\1\5aliceinvoice-4711' | sha256sum, and the same with \0\40 and 32 bytes of 7. */
static void
test_hash(void **state)
{
    (void)state;
    static const char named[] = "aeee58624f9d1199b7cc5e3468fdaaa9165bf6d1d36a5b783bb2516f095beb58";
    static const char open[] = "e5292bcdc8d9b5106e976a1bf3e43398bb6f036c141fece130da1b84987f4123";
    uint8_t repeat[OCC_SHA256_LEN];
    char text[2 * OCC_SHA256_LEN + 1] = { 0 };
    hash("invoice-4711", "alice", 7, repeat);
    occ_hex_encode(occ_bytes_of(repeat, sizeof(repeat)), text);
    assert_string_equal(text, named);
    hash("invoice-4711", "", 7, repeat);
    occ_hex_encode(occ_bytes_of(repeat, sizeof(repeat)), text);
    assert_string_equal(text, open);
}

static void
differs(const char *key_a, const char *scope_a, uint8_t body_a, const char *key_b, const char *scope_b, uint8_t body_b)
{
    uint8_t a[OCC_SHA256_LEN], b[OCC_SHA256_LEN];
    hash(key_a, scope_a, body_a, a);
    hash(key_b, scope_b, body_b, b);
    assert_memory_not_equal(a, b, sizeof(a));
}

static void
test_scope(void **state)
{
    (void)state;
    uint8_t a[OCC_SHA256_LEN], b[OCC_SHA256_LEN];
    hash("k", "alice", 1, a);
    hash("\"k\"", "alice", 2, b); /* with a name the body is no part of it */
    assert_memory_equal(a, b, sizeof(a));
    differs("k", "alice", 1, "k", "bob", 1);
    differs("ek", "alic", 1, "k", "alice", 1);
    differs("k", "", 1, "k", "", 2);
    differs("k", "", 1, "l", "", 1);
    differs("k", "", 1, "k", "alice", 1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_taken),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_hash),
        cmocka_unit_test(test_scope),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
