/* Tests of src/crypto/digest.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <openssl/err.h>
#include <openssl/provider.h>

#include "base/hex.h"
#include "crypto/digest.h"

/* FIPS 180-4 examples. */
static const struct {
    const char *message;
    const char *digest;
} examples[] = {
    { "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
    { "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
    { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
};

static void
assert_digest(const uint8_t digest[OCC_SHA256_LEN], const char *wanted)
{
    char text[2 * OCC_SHA256_LEN];
    occ_hex_encode(occ_bytes_of(digest, OCC_SHA256_LEN), text);
    assert_memory_equal(text, wanted, sizeof text);
}

static void
test_one_call(void **state)
{
    (void)state;
    uint8_t digest[OCC_SHA256_LEN];
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        occ_digest_sha256(occ_bytes_str(examples[i].message), digest);
        assert_digest(digest, examples[i].digest);
    }
    occ_digest_sha256(occ_bytes_of(NULL, 0), digest);
    assert_digest(digest, examples[0].digest);
}

/* One stream for all messages, each in pieces of every size. */
static void
test_stream(void **state)
{
    (void)state;
    struct occ_digest *stream = NULL;
    assert_true(occ_is_ok(occ_digest_new(&stream)));
    for (size_t piece = 1; piece < 60; piece++) {
        for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
            struct occ_bytes rest = occ_bytes_str(examples[i].message);
            while (rest.len > 0) {
                const size_t len = rest.len < piece ? rest.len : piece;
                assert_true(occ_is_ok(occ_digest_update(stream, occ_bytes_of(rest.ptr, len))));
                rest = occ_bytes_of(rest.ptr + len, rest.len - len);
            }
            assert_true(occ_is_ok(occ_digest_update(stream, occ_bytes_of(NULL, 0))));
            uint8_t digest[OCC_SHA256_LEN];
            assert_true(occ_is_ok(occ_digest_final(stream, digest)));
            assert_digest(digest, examples[i].digest);
        }
    }
    occ_digest_free(stream);
    occ_digest_free(NULL);
}

/* FIPS 180-4's million times "a". */
static void
test_long(void **state)
{
    (void)state;
    static uint8_t block[1000];
    memset(block, 'a', sizeof block);
    struct occ_digest *stream = NULL;
    assert_true(occ_is_ok(occ_digest_new(&stream)));
    for (int i = 0; i < 1000; i++) {
        assert_true(occ_is_ok(occ_digest_update(stream, occ_bytes_of(block, sizeof block))));
    }
    uint8_t digest[OCC_SHA256_LEN];
    assert_true(occ_is_ok(occ_digest_final(stream, digest)));
    assert_digest(digest, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    occ_digest_free(stream);
}

static OSSL_PROVIDER *standard;

/* A host that has turned OpenSSL's default provider off. Before all others: OpenSSL keeps what it once found. */
static void
test_without_provider(void **state)
{
    OSSL_PROVIDER *nothing = OSSL_PROVIDER_load(NULL, "null");
    assert_non_null(nothing);
    struct occ_digest *stream = NULL;
    assert_int_equal(occ_digest_new(&stream).code, OCC_ERR_NOMEM);
    test_one_call(state);
    assert_int_equal(OSSL_PROVIDER_unload(nothing), 1);
    standard = OSSL_PROVIDER_load(NULL, "default");
    assert_non_null(standard);
    ERR_clear_error();
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_provider),
        cmocka_unit_test(test_one_call),
        cmocka_unit_test(test_stream),
        cmocka_unit_test(test_long),
    };
    const int failed = cmocka_run_group_tests_name("crypto.digest", tests, NULL, NULL);
    (void)OSSL_PROVIDER_unload(standard);
    return failed;
}
