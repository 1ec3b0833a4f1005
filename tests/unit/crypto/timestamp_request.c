/* Tests of src/crypto/timestamp_request.c: openssl reads what we ask. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/err.h>

#include "crypto/timestamp_request.h"

enum { REQUEST_MAX = 4096 };

static const uint8_t nonce[OCC_TIMESTAMP_NONCE_LEN] = {
    0x40, 0, 0xff, 0x01, 0x80, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0
};

static void
fill(uint8_t digest[32])
{
    for (size_t i = 0; i < 32; i++) {
        digest[i] = (uint8_t)(0xa0 + i);
    }
}

/* What "openssl ts -query -text" says of a request. */
static void
describe(struct occ_bytes request, char *ret_text, size_t size)
{
    char path[] = "/tmp/occ-request-XXXXXX";
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, request.ptr, request.len), request.len);
    close(fd);
    char command[128];
    snprintf(command, sizeof command, "openssl ts -query -in %s -text 2>&1", path);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    const size_t len = fread(ret_text, 1, size - 1, pipe);
    ret_text[len] = '\0';
    assert_int_equal(pclose(pipe), 0);
    unlink(path);
}

static void
test_openssl_reads_it(void **state)
{
    (void)state;
    uint8_t digest[32];
    fill(digest);
    OCC_BUF_AUTO(request, REQUEST_MAX);
    assert_true(occ_is_ok(occ_timestamp_request_put(&request, digest, nonce)));
    char text[4096];
    describe(occ_buf_view(&request), text, sizeof text);
    static const char *const lines[] = { "Version: 1\n",
                                         "Hash Algorithm: sha256\n",
                                         "0000 - a0 a1 a2 a3 a4 a5 a6 a7-a8 a9 aa ab ac ad ae af",
                                         "0010 - b0 b1 b2 b3 b4 b5 b6 b7-b8 b9 ba bb bc bd be bf",
                                         "Policy OID: unspecified\n",
                                         "Nonce: 0x4000FF018005060708090A0B0C0D0E00\n",
                                         "Certificate required: yes\n" };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        if (strstr(text, lines[i]) == NULL) {
            fail_msg("no \"%s\" in:\n%s", lines[i], text);
        }
    }
    assert_int_equal(ERR_peek_error(), 0);
}

static void
test_it_is_appended_within_the_limit(void **state)
{
    (void)state;
    uint8_t digest[32];
    fill(digest);
    OCC_BUF_AUTO(request, REQUEST_MAX);
    occ_buf_put_str(&request, "before");
    assert_true(occ_is_ok(occ_timestamp_request_put(&request, digest, nonce)));
    assert_true(occ_bytes_starts(occ_buf_view(&request), "before0"));
    OCC_BUF_AUTO(small, 20);
    assert_int_equal(occ_timestamp_request_put(&small, digest, nonce).code, OCC_ERR_LIMIT);
}

static void
test_nonces(void **state)
{
    (void)state;
    uint8_t seen[64][OCC_TIMESTAMP_NONCE_LEN];
    for (size_t i = 0; i < 64; i++) {
        occ_timestamp_request_nonce(seen[i]);
        assert_int_equal(seen[i][0] & 0xc0, 0x40);
        for (size_t j = 0; j < i; j++) {
            assert_memory_not_equal(seen[i], seen[j], OCC_TIMESTAMP_NONCE_LEN);
        }
    }
}

static struct occ_timestamp_facts
facts_of(const uint8_t digest[32])
{
    struct occ_timestamp_facts facts = {
        .imprint_algorithm = "sha256", .imprint_len = 32, .has_nonce = true, .nonce_len = OCC_TIMESTAMP_NONCE_LEN
    };
    memcpy(facts.imprint, digest, 32);
    memcpy(facts.nonce, nonce, sizeof nonce);
    return facts;
}

static void
test_answers(void **state)
{
    (void)state;
    uint8_t digest[32];
    fill(digest);
    struct occ_error err = { 0 };
    struct occ_timestamp_facts facts = facts_of(digest);
    assert_true(occ_is_ok(occ_timestamp_request_check(&facts, digest, nonce, &err)));

    facts.imprint[31] ^= 1;
    assert_int_equal(occ_timestamp_request_check(&facts, digest, nonce, &err).code, OCC_ERR_TIMESTAMP_IMPRINT);
    facts = facts_of(digest);
    facts.imprint_algorithm = "sha512";
    assert_int_equal(occ_timestamp_request_check(&facts, digest, nonce, &err).code, OCC_ERR_TIMESTAMP_IMPRINT);
    facts = facts_of(digest);
    facts.imprint_len = 48;
    assert_int_equal(occ_timestamp_request_check(&facts, digest, nonce, &err).code, OCC_ERR_TIMESTAMP_IMPRINT);

    facts = facts_of(digest);
    facts.nonce[15] ^= 1;
    assert_int_equal(occ_timestamp_request_check(&facts, digest, nonce, &err).code, OCC_ERR_TIMESTAMP_NONCE);
    assert_string_equal(err.text, "the token has another nonce, expected that of the request");
    facts = facts_of(digest);
    facts.nonce_len = 15;
    assert_int_equal(occ_timestamp_request_check(&facts, digest, nonce, &err).code, OCC_ERR_TIMESTAMP_NONCE);
    facts = facts_of(digest);
    facts.has_nonce = false;
    assert_int_equal(occ_timestamp_request_check(&facts, digest, nonce, &err).code, OCC_ERR_TIMESTAMP_NONCE);
    assert_string_equal(err.text, "the token has no nonce, expected that of the request");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_openssl_reads_it),
        cmocka_unit_test(test_it_is_appended_within_the_limit),
        cmocka_unit_test(test_nonces),
        cmocka_unit_test(test_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
