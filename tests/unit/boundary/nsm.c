/* nsm.c — what the NSM is asked, byte for byte, and what is taken from it and what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hex.h"
#include "unit/boundary/fake_nsm.h"

static void
put_hex(struct occ_buf *buf, const char *hex)
{
    for (; *hex != '\0'; hex += 2) {
        uint8_t byte = 0;
        assert_true(occ_is_ok(occ_hex_decode(occ_bytes_of(hex, 2), 1, &byte)));
        occ_buf_put_byte(buf, byte);
    }
}

static void
assert_question(const struct fake_nsm *fake, const char *hex)
{
    OCC_BUF_AUTO(expected, OCC_LIMIT_NSM_REQUEST_LEN);
    put_hex(&expected, hex);
    assert_int_equal(fake->question.len, expected.len);
    assert_memory_equal(fake->question.ptr, expected.ptr, expected.len);
}

/* ---- questions: RFC 8949's shortest forms, worked out by hand ---- */

static void
test_random_question(void **state)
{
    (void)state;
    struct fake_nsm fake = { 0 };
    const struct occ_nsm nsm = fake_nsm(&fake);
    uint8_t random[4];
    fake_bytes(&fake, "GetRandom", "random", occ_bytes_str("abcd"));
    assert_int_equal(occ_nsm_random(&nsm, NULL, random, sizeof random).code, OCC_OK);
    assert_memory_equal(random, "abcd", 4);
    assert_question(&fake, "6947657452616e646f6d");
    fake_clear(&fake);
}

static void
test_pcr_question(void **state)
{
    (void)state;
    static const struct {
        uint16_t index;
        const char *hex;
    } cases[] = {
        { 0, "a16b4465736372696265504352a165696e64657800" },
        { 23, "a16b4465736372696265504352a165696e64657817" },
        { 24, "a16b4465736372696265504352a165696e6465781818" },
        { 300, "a16b4465736372696265504352a165696e64657819012c" },
    };
    uint8_t pcr[48], read[48];
    memset(pcr, 0x5c, sizeof pcr);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fake_nsm fake = { 0 };
        const struct occ_nsm nsm = fake_nsm(&fake);
        fake_pcr(&fake, pcr);
        assert_int_equal(occ_nsm_pcr(&nsm, cases[i].index, NULL, read).code, OCC_OK);
        assert_memory_equal(read, pcr, sizeof pcr);
        assert_question(&fake, cases[i].hex);
        fake_clear(&fake);
    }
}

static void
test_attestation_question(void **state)
{
    (void)state;
    struct fake_nsm fake = { 0 };
    const struct occ_nsm nsm = fake_nsm(&fake);
    OCC_BUF_AUTO(document, 1000);
    occ_buf_put_str(&document, "before ");
    fake_bytes(&fake, "Attestation", "document", occ_bytes_str("paper"));
    const struct occ_attest_request all = { .public_key = occ_bytes_str("k"),
                                            .user_data = occ_bytes_str("0123456789012345678901234"),
                                            .nonce = occ_bytes_str("n") };
    assert_int_equal(occ_nsm_attestation(&nsm, &all, NULL, &document).code, OCC_OK);
    assert_true(occ_bytes_is(occ_buf_view(&document), "before paper"));
    assert_question(&fake,
                    "a16b4174746573746174696f6ea369757365725f646174615819303132333435363738393031323334353637383930"
                    "3132333"
                    "4656e6f6e6365416e6a7075626c69635f6b6579416b");
    fake_bytes(&fake, "Attestation", "document", occ_bytes_str("paper"));
    const struct occ_attest_request nothing = { 0 };
    assert_int_equal(occ_nsm_attestation(&nsm, &nothing, NULL, &document).code, OCC_OK);
    assert_question(&fake, "a16b4174746573746174696f6ea369757365725f64617461f6656e6f6e6365f66a7075626c69635f6b6579f6");
    fake_clear(&fake);
}

/* As long as they may be; and longer than any request. */
static void
test_attestation_lengths(void **state)
{
    (void)state;
    static const uint8_t zeros[OCC_LIMIT_NSM_REQUEST_LEN] = { 0 };
    struct fake_nsm fake = { 0 };
    const struct occ_nsm nsm = fake_nsm(&fake);
    OCC_BUF_AUTO(document, 1000);
    struct occ_attest_request request = { .public_key = occ_bytes_of(zeros, 1024),
                                          .user_data = occ_bytes_of(zeros, OCC_LIMIT_ATTEST_USER_DATA),
                                          .nonce = occ_bytes_of(zeros, OCC_LIMIT_ATTEST_NONCE) };
    fake_bytes(&fake, "Attestation", "document", occ_bytes_str("paper"));
    assert_int_equal(occ_nsm_attestation(&nsm, &request, NULL, &document).code, OCC_OK);
    assert_int_equal(fake.question.len, 1 + 12 + 1 + 10 + 3 + 512 + 6 + 3 + 512 + 11 + 3 + 1024);
    request.public_key = occ_bytes_of(zeros, sizeof zeros);
    assert_int_equal(occ_nsm_attestation(&nsm, &request, NULL, &document).code, OCC_ERR_ATTESTER);
    assert_int_equal(fake.given, 1); /* the device was not asked */
    fake_clear(&fake);
}

/* ---- random in pieces ---- */

static void
test_random_in_pieces(void **state)
{
    (void)state;
    struct fake_nsm fake = { 0 };
    const struct occ_nsm nsm = fake_nsm(&fake);
    uint8_t piece[256], random[600];
    for (uint8_t i = 0; i < 3; i++) {
        memset(piece, 0x10 + i, sizeof piece);
        fake_bytes(&fake, "GetRandom", "random", occ_bytes_of(piece, i == 0 ? 255 : sizeof piece));
    }
    assert_int_equal(occ_nsm_random(&nsm, NULL, random, sizeof random).code, OCC_OK);
    assert_int_equal(fake.given, 3);
    assert_int_equal(random[0], 0x10);
    assert_int_equal(random[254], 0x10);
    assert_int_equal(random[255], 0x11);
    assert_int_equal(random[510], 0x11);
    assert_int_equal(random[511], 0x12);
    assert_int_equal(random[599], 0x12);
    assert_int_equal(occ_nsm_random(&nsm, NULL, random, 0).code, OCC_OK); /* nothing to ask */
    assert_int_equal(fake.given, 3);
    fake_clear(&fake);
}

static void
test_random_fails_midway(void **state)
{
    (void)state;
    struct fake_nsm fake = { 0 };
    const struct occ_nsm nsm = fake_nsm(&fake);
    struct occ_error err;
    uint8_t random[40];
    memset(random, 1, sizeof random);
    fake_bytes(&fake, "GetRandom", "random", occ_bytes_str("0123456789abcdef"));
    fake_failure(&fake);
    assert_int_equal(occ_nsm_random(&nsm, &err, random, sizeof random).code, OCC_ERR_ATTESTER);
    assert_string_equal(err.text, "the device is broken");
    for (size_t i = 0; i < sizeof random; i++) {
        assert_int_equal(random[i], 0);
    }
    fake_clear(&fake);
}

/* ---- answers ---- */

#define RANDOM "6947657452616e646f6d"          /* "GetRandom" */
#define RANDOM_NAME "6672616e646f6d"           /* "random" */
#define PCR "6b4465736372696265504352"         /* "DescribePCR" */
#define LOCK "646c6f636b"                      /* "lock" */
#define DATA "6464617461"                      /* "data" */
#define ERROR "654572726f72"                   /* "Error" */
#define DOCUMENT "68646f63756d656e74"          /* "document" */
#define ATTESTATION "6b4174746573746174696f6e" /* "Attestation" */
#define BYTES_48 \
    "5830" \
    "000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f"

static struct occ_result
ask(const struct occ_nsm *nsm, char what, struct occ_error *err)
{
    uint8_t bytes[48];
    OCC_BUF_AUTO(document, OCC_LIMIT_NSM_RESPONSE_LEN);
    const struct occ_attest_request request = { 0 };
    switch (what) {
    case 'r':
        return occ_nsm_random(nsm, err, bytes, 4);
    case 'p':
        return occ_nsm_pcr(nsm, 0, err, bytes);
    default:
        break;
    }
    const struct occ_result result = occ_nsm_attestation(nsm, &request, err, &document);
    assert_true(occ_is_ok(result) || document.len == 0);
    return result;
}

static void
test_answers(void **state)
{
    (void)state;
    static const struct {
        char what;                  /* 'r'andom, 'p'cr, 'a'ttestation */
        const char *hex, *sentence; /* NULL: it is taken */
    } cases[] = {
        { 'r', "a1" RANDOM "a1" RANDOM_NAME "4401020304", NULL },
        { 'r', "bf" RANDOM "bf" RANDOM_NAME "4401020304ffff", NULL },
        { 'p', "a1" PCR "a2" LOCK "f4" DATA BYTES_48, NULL },
        { 'p', "bf" PCR "a2" DATA BYTES_48 LOCK "f5ff", NULL },
        { 'a', "a1" ATTESTATION "a1" DOCUMENT "4100", NULL },
        /* what the device says */
        { 'a', "a1" ERROR "6f496e76616c6964417267756d656e74", "the NSM refuses Attestation: InvalidArgument" },
        { 'p', "bf" ERROR "6c496e76616c6964496e646578ff", "the NSM refuses DescribePCR: InvalidIndex" },
        { 'r', "a1" ERROR "60", "an error that is no word" },
        { 'r', "a1" ERROR "6361203b", "an error that is no word" },
        { 'r', "a1" ERROR "4161", "byte 7" },
        { 'r', "a2" ERROR "6161" RANDOM "a1" RANDOM_NAME "4401020304", "more than one answer" },
        /* something else */
        { 'r', "a0", "the NSM's answer to GetRandom is empty" },
        { 'r', "bfff", "the NSM's answer to GetRandom is empty" },
        { 'r', RANDOM, "byte 0" },
        { 'r', "80", "byte 0" },
        { 'p', "a1" RANDOM "a1" RANDOM_NAME "4401020304", "an answer to something else" },
        { 'a', "a1" PCR "a2" LOCK "f4" DATA BYTES_48, "an answer to something else" },
        { 'r', "a1" RANDOM "4401020304", "is not what was asked for" },
        { 'r', "a1" RANDOM "a1" DATA "4401020304", "an unknown name" },
        { 'r', "a1" RANDOM "a2" RANDOM_NAME "4401020304" LOCK "f5", "an unknown name" },
        { 'r', "a1" RANDOM "a0", "a missing value" },
        { 'r', "a1" RANDOM "a1" RANDOM_NAME "6401020304", "is not what was asked for" },
        { 'r', "a1" RANDOM "a1" RANDOM_NAME "8401020304", "is not what was asked for" },
        { 'r', "a1" RANDOM "a1" RANDOM_NAME "f6", "is not what was asked for" },
        { 'r', "a1" RANDOM "a1" RANDOM_NAME "40", "a value of the wrong length" },
        { 'p', "a1" PCR "a2" LOCK "f4" DATA "4401020304", "a value of the wrong length" },
        { 'p', "a1" PCR "a1" DATA BYTES_48, "a missing value" },
        { 'p', "a1" PCR "a1" LOCK "f4", "a missing value" },
        { 'p', "a1" PCR "a2" LOCK "f6" DATA BYTES_48, "a lock that is neither true nor false" },
        { 'p', "a1" PCR "a2" LOCK "01" DATA BYTES_48, "a lock that is neither true nor false" },
        { 'a', "a1" ATTESTATION "a1" DOCUMENT "40", "a value of the wrong length" },
        /* twice, cut, and more than it */
        { 'r', "a2" RANDOM "a1" RANDOM_NAME "4401020304" RANDOM "a1" RANDOM_NAME "4401020304",
          "is not what was asked for" },
        { 'r', "a1" RANDOM "a2" RANDOM_NAME "4401020304" RANDOM_NAME "4401020304", "is not what was asked for" },
        { 'p', "a1" PCR "a3" LOCK "f4" LOCK "f4" DATA BYTES_48, "is not what was asked for" },
        { 'r', "a1" RANDOM "a1" RANDOM_NAME "440102030400", "is not what was asked for" },
        { 'r', "a1" RANDOM "a1" RANDOM_NAME "44010203", "is not what was asked for" },
        { 'r', "bf" RANDOM "a1" RANDOM_NAME "4401020304", "is not what was asked for" },
        { 'r', "a1" RANDOM "a1" RANDOM_NAME "580401020304", "is not what was asked for" },
        { 'r', "ff", "is not what was asked for" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fake_nsm fake = { 0 };
        const struct occ_nsm nsm = fake_nsm(&fake);
        struct occ_error err = { 0 };
        put_hex(fake_answer(&fake), cases[i].hex);
        const struct occ_result result = ask(&nsm, cases[i].what, &err);
        const bool good = cases[i].sentence == NULL;
        if (result.code != (good ? OCC_OK : OCC_ERR_ATTESTER) ||
            (!good && strstr(err.text, cases[i].sentence) == NULL)) {
            fail_msg("case %zu (%s): %d, \"%s\"", i, cases[i].hex, (int)result.code, err.text);
        }
        fake_clear(&fake);
    }
}

/* Random of more than a response's length, nothing at all, a length beyond the buffer, a broken device. */
static void
test_wrong_lengths(void **state)
{
    (void)state;
    uint8_t bytes[257] = { 1 };
    struct occ_error err;
    struct fake_nsm fake = { 0 };
    const struct occ_nsm nsm = fake_nsm(&fake);
    fake_bytes(&fake, "GetRandom", "random", occ_bytes_of(bytes, sizeof bytes));
    assert_int_equal(ask(&nsm, 'r', &err).code, OCC_ERR_ATTESTER);
    assert_non_null(strstr(err.text, "wrong length"));
    (void)fake_answer(&fake);
    assert_int_equal(ask(&nsm, 'r', &err).code, OCC_ERR_ATTESTER);
    fake_failure(&fake);
    assert_int_equal(ask(&nsm, 'a', &err).code, OCC_ERR_ATTESTER);
    assert_string_equal(err.text, "the device is broken");
    fake_failure(&fake);
    assert_int_equal(ask(&nsm, 'p', &err).code, OCC_ERR_ATTESTER);
    fake.claimed_len = OCC_LIMIT_NSM_RESPONSE_LEN + 1;
    fake_bytes(&fake, "GetRandom", "random", occ_bytes_of(bytes, 4));
    assert_int_equal(ask(&nsm, 'r', &err).code, OCC_ERR_ATTESTER);
    assert_non_null(strstr(err.text, "12289 bytes, expected at most 12288"));
    fake_clear(&fake);
}

/* The longest document that a response has room for; and a caller whose buffer has not. */
static void
test_document_lengths(void **state)
{
    (void)state;
    static const uint8_t zeros[OCC_LIMIT_NSM_RESPONSE_LEN] = { 0 };
    const size_t len = OCC_LIMIT_NSM_RESPONSE_LEN - (1 + 12 + 1 + 9 + 3);
    struct fake_nsm fake = { 0 };
    const struct occ_nsm nsm = fake_nsm(&fake);
    const struct occ_attest_request request = { 0 };
    OCC_BUF_AUTO(document, OCC_LIMIT_NSM_RESPONSE_LEN);
    fake_bytes(&fake, "Attestation", "document", occ_bytes_of(zeros, len));
    assert_int_equal(occ_nsm_attestation(&nsm, &request, NULL, &document).code, OCC_OK);
    assert_int_equal(document.len, len);
    OCC_BUF_AUTO(small, 100);
    fake_bytes(&fake, "Attestation", "document", occ_bytes_of(zeros, len));
    assert_int_equal(occ_nsm_attestation(&nsm, &request, NULL, &small).code, OCC_ERR_LIMIT);
    assert_int_equal(small.len, 0);
    fake_clear(&fake);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_question),
        cmocka_unit_test(test_pcr_question),
        cmocka_unit_test(test_attestation_question),
        cmocka_unit_test(test_attestation_lengths),
        cmocka_unit_test(test_random_in_pieces),
        cmocka_unit_test(test_random_fails_midway),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_wrong_lengths),
        cmocka_unit_test(test_document_lengths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
