/* Tests of src/evidence/nitro_document.c: one broken part at a time, and the real documents. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "evidence/nitro.h"
#include "unit/evidence/nitro_draft.h"

/* Views lie in *bytes, which is written anew. */
static struct occ_nitro_document
read_good(const struct draft *draft, struct occ_buf *bytes)
{
    struct occ_nitro_document document = { 0 };
    struct occ_error err = { 0 };
    occ_buf_reset(bytes);
    draft_write(draft, bytes);
    if (!occ_is_ok(occ_nitro_read(occ_buf_view(bytes), &err, &document))) {
        fail_msg("%s", err.text);
    }
    return document;
}

static void
assert_refused_as(const struct draft *draft, enum occ_err code, const char *sentence)
{
    OCC_BUF_AUTO(bytes, 1 << 20);
    struct occ_error err = { 0 };
    struct occ_nitro_document document = { .time_ms = 4711 };
    draft_write(draft, &bytes);
    const enum occ_err got = occ_nitro_read(occ_buf_view(&bytes), &err, &document).code;
    assert_string_equal(err.text, sentence);
    assert_int_equal(got, code);
    assert_int_equal(err.code, code);
    assert_int_equal(document.time_ms, 4711); /* untouched */
    assert_int_equal(occ_nitro_read(occ_buf_view(&bytes), NULL, &document).code, code);
}

static void
assert_refused(const struct draft *draft, const char *sentence)
{
    assert_refused_as(draft, OCC_ERR_NITRO_DOCUMENT, sentence);
}

static void
assert_field_refused(const char *name, const char *value, const char *sentence)
{
    struct draft draft = draft_good();
    draft_set(&draft, name, value);
    assert_refused(&draft, sentence);
    draft.indefinite = true;
    assert_refused(&draft, sentence);
}

/* ---- what is read ---- */

static void
check_good(const struct occ_nitro_document *document)
{
    assert_true(occ_bytes_is(document->module_id, "i-0"));
    assert_int_equal(document->time_ms, 0x1991ccab800);
    for (size_t i = 0; i < OCC_LIMIT_NITRO_PCRS; i++) {
        assert_int_equal(document->pcrs[i].len, i < 3 ? 48 : 0);
        assert_true(i >= 3 || document->pcrs[i].ptr[47] == 0xa0 + i);
    }
    assert_true(occ_bytes_is(document->certificate, "\xc1\xc2\xc3"));
    assert_int_equal(document->cabundle_count, 2);
    assert_true(occ_bytes_is(document->cabundle[0], "\xb0\xb1"));
    assert_true(occ_bytes_is(document->cabundle[1], "\xb2"));
    assert_false(document->has_public_key);
    assert_true(document->has_user_data);
    assert_true(occ_bytes_is(document->user_data, "\xd1\xd2"));
    assert_true(document->has_nonce);
    assert_int_equal(document->nonce.len, 0);
    assert_true(occ_bytes_is(document->sign1.protected_header, "\xa1\x01\x38\x22"));
    assert_int_equal(document->sign1.signature.len, 96);
    assert_false(occ_nitro_is_debug(document));
}

static void
test_read(void **state)
{
    (void)state;
    OCC_BUF_AUTO(bytes, 1 << 20);
    for (int form = 0; form < 4; form++) {
        struct draft draft = draft_good();
        draft.before = form % 2 == 0 ? "84" : "d284";
        draft.indefinite = form >= 2;
        const struct occ_nitro_document document = read_good(&draft, &bytes);
        check_good(&document);
    }
    /* any order; maps and arrays of indefinite length; other protected parameters; nulls or nothing */
    struct draft draft = draft_good();
    for (size_t i = 0; i < 4; i++) {
        const struct draft_field field = draft.fields[i];
        draft.fields[i] = draft.fields[8 - i];
        draft.fields[8 - i] = field;
    }
    draft_set(&draft, DRAFT_PCRS, "bf 02" DRAFT_PCR("a2") "00" DRAFT_PCR("a0") "01" DRAFT_PCR("a1") "ff");
    draft_set(&draft, DRAFT_CABUNDLE, "9f42b0b141b2ff");
    const struct occ_nitro_document document = read_good(&draft, &bytes);
    check_good(&document);
    draft.protected_header = "46a20138220300";
    assert_int_equal(read_good(&draft, &bytes).sign1.protected_header.len, 6);
}

static void
test_optional_fields(void **state)
{
    (void)state;
    OCC_BUF_AUTO(bytes, 1 << 20);
    static const char *const names[] = { DRAFT_PUBLIC_KEY, DRAFT_USER_DATA, DRAFT_NONCE };
    for (size_t i = 0; i < 3; i++) {
        static const char *const values[] = { "f6", NULL, "40", "4101" };
        for (size_t k = 0; k < 4; k++) {
            struct draft draft = draft_good();
            draft_set(&draft, names[i], values[k]);
            const struct occ_nitro_document document = read_good(&draft, &bytes);
            const bool has[] = { document.has_public_key, document.has_user_data, document.has_nonce };
            const struct occ_bytes read[] = { document.public_key, document.user_data, document.nonce };
            assert_int_equal(has[i], k >= 2);
            assert_int_equal(read[i].len, k == 3 ? 1 : 0);
        }
    }
}

/* ---- lengths ---- */

/* The encoded byte string (first 0x59) or text (first 0x79) of len times 'a', in hex; the caller frees it. */
static char *
long_string(unsigned first, size_t len, const char *before)
{
    const size_t size = strlen(before) + 6 + 2 * len + 1;
    char *hex = malloc(size);
    assert_non_null(hex);
    int at = snprintf(hex, size, "%s%02x%04zx", before, first, len);
    assert_true(at > 0);
    for (size_t i = 0; i < len; i++) {
        memcpy(hex + at + 2 * i, "61", 3);
    }
    return hex;
}

static void
check_length(const char *name, unsigned first, const char *before, size_t max, const char *sentence)
{
    OCC_BUF_AUTO(bytes, 1 << 20);
    struct draft draft = draft_good();
    char *longest = long_string(first, max, before);
    draft_set(&draft, name, longest);
    (void)read_good(&draft, &bytes);
    free(longest);
    char *longer = long_string(first, max + 1, before);
    draft_set(&draft, name, longer);
    assert_refused(&draft, sentence);
    free(longer);
}

static void
test_lengths(void **state)
{
    (void)state;
    check_length(DRAFT_USER_DATA, 0x59, "", 1024, "user_data: 1025 bytes, expected 0 to 1024");
    check_length(DRAFT_NONCE, 0x59, "", 1024, "nonce: 1025 bytes, expected 0 to 1024");
    check_length(DRAFT_PUBLIC_KEY, 0x59, "", 1024, "public_key: 1025 bytes, expected 0 to 1024");
    check_length(DRAFT_CERTIFICATE, 0x59, "", 4096, "certificate: 4097 bytes, expected 1 to 4096");
    check_length(DRAFT_CABUNDLE, 0x59, "824101", 4096, "cabundle[1]: 4097 bytes, expected 1 to 4096");
    check_length(DRAFT_MODULE_ID, 0x79, "", 256, "module_id: 257 bytes, expected 1 to 256");
    assert_field_refused(DRAFT_CERTIFICATE, "40", "certificate: 0 bytes, expected 1 to 4096");
    assert_field_refused(DRAFT_CABUNDLE, "824101 40", "cabundle[1]: 0 bytes, expected 1 to 4096");
    assert_field_refused(DRAFT_MODULE_ID, "60", "module_id: 0 bytes, expected 1 to 256");
}

/* More than 64 KiB is not looked at. */
static void
test_document_length(void **state)
{
    (void)state;
    static uint8_t bytes[OCC_LIMIT_NITRO_DOCUMENT_LEN + 1];
    struct occ_error err = { 0 };
    struct occ_nitro_document document;
    assert_int_equal(occ_nitro_read(occ_bytes_of(bytes, sizeof bytes), &err, &document).code, OCC_ERR_NITRO_DOCUMENT);
    assert_string_equal(err.text, "an attestation document of 65537 bytes, expected at most 65536");
    assert_int_equal(occ_nitro_read(occ_bytes_of(bytes, sizeof bytes - 1), &err, &document).code,
                     OCC_ERR_NITRO_DOCUMENT);
    assert_string_equal(err.text, "not a COSE_Sign1 message: expected an array");
    assert_int_equal(occ_nitro_read(occ_bytes_of(NULL, 0), &err, &document).code, OCC_ERR_NITRO_DOCUMENT);
}

/* ---- one broken field at a time ---- */

static void
test_missing_fields(void **state)
{
    (void)state;
    assert_field_refused(DRAFT_MODULE_ID, NULL, "module_id: missing");
    assert_field_refused(DRAFT_DIGEST, NULL, "digest: missing");
    assert_field_refused(DRAFT_TIMESTAMP, NULL, "timestamp: missing");
    assert_field_refused(DRAFT_PCRS, NULL, "pcrs: missing");
    assert_field_refused(DRAFT_CERTIFICATE, NULL, "certificate: missing");
    assert_field_refused(DRAFT_CABUNDLE, NULL, "cabundle: missing");
}

static void
test_unknown_and_double_names(void **state)
{
    (void)state;
    assert_field_refused("6178", "00", "x: not a field of these documents");
    assert_field_refused("60", "00", ": not a field of these documents");
    assert_field_refused("696d6f64756c655f6944", "00", "module_iD: not a field of these documents");
    assert_field_refused("6a6d6f64756c655f696400", "00",
                         "module_id: not a field of these documents"); /* a zero byte ends it in a sentence */
    struct draft draft = draft_good();
    draft.fields[draft.count] = draft.fields[0];
    draft.count++;
    draft.indefinite = true; /* the byte of the offset is the same: both maps have a head of one byte */
    assert_refused(&draft, "the payload: a name twice in one map (byte 270 of the payload)");
    draft.indefinite = false;
    assert_refused(&draft, "the payload: a name twice in one map (byte 270 of the payload)");
    draft = draft_good();
    draft_set(&draft, "00", "00");
    assert_refused(&draft, "a name in the payload: expected text (byte 270 of the payload)");
    /* the same name in a longer form is refused for the form */
    draft = draft_good();
    draft_set(&draft, "78096d6f64756c655f6964", "63692d30");
    assert_refused(&draft,
                   "the payload: a number or length that is not in its shortest form (byte 270 of the payload)");
}

static void
test_wrong_types(void **state)
{
    (void)state;
    assert_field_refused(DRAFT_MODULE_ID, "43692d30", "module_id: expected text (byte 11 of the payload)");
    assert_field_refused(DRAFT_MODULE_ID, "f6", "module_id: expected text (byte 11 of the payload)");
    assert_field_refused(DRAFT_MODULE_ID, "62c328", "module_id: text that is not UTF-8 (byte 11 of the payload)");
    assert_field_refused(DRAFT_DIGEST, "46534841333834", "digest: expected text (byte 22 of the payload)");
    assert_field_refused(DRAFT_DIGEST, "66534841323536", "digest: \"SHA256\", expected \"SHA384\"");
    assert_field_refused(DRAFT_DIGEST, "66736861333834", "digest: \"sha384\", expected \"SHA384\"");
    assert_field_refused(DRAFT_DIGEST, "6753484133383400", "digest: \"SHA384\", expected \"SHA384\"");
    assert_field_refused(DRAFT_TIMESTAMP, "3b000001991ccab800",
                         "timestamp: expected an unsigned integer (byte 39 of the payload)");
    assert_field_refused(DRAFT_TIMESTAMP, "fb4279919ccab80000",
                         "timestamp: expected an unsigned integer (byte 39 of the payload)");
    assert_field_refused(DRAFT_TIMESTAMP, "c11b000001991ccab800",
                         "timestamp: expected an unsigned integer (byte 39 of the payload)");
    assert_field_refused(DRAFT_PCRS, "80", "pcrs: expected a map (byte 53 of the payload)");
    assert_field_refused(DRAFT_CERTIFICATE, "6161", "certificate: expected a byte string (byte 219 of the payload)");
    assert_field_refused(DRAFT_CERTIFICATE, "f6", "certificate: expected a byte string (byte 219 of the payload)");
    assert_field_refused(DRAFT_CABUNDLE, "f6", "cabundle: expected an array (byte 232 of the payload)");
    assert_field_refused(DRAFT_CABUNDLE, "a0", "cabundle: expected an array (byte 232 of the payload)");
    assert_field_refused(DRAFT_CABUNDLE, "824101f6", "cabundle[1]: expected a byte string (byte 235 of the payload)");
    assert_field_refused(DRAFT_CABUNDLE, "80", "cabundle: empty");
    assert_field_refused(DRAFT_CABUNDLE, "9fff", "cabundle: empty");
    assert_field_refused(DRAFT_CABUNDLE, "8941014102410341044105410641074108 4109",
                         "cabundle: more than 8 certificates");
    assert_field_refused(DRAFT_PUBLIC_KEY, "60", "public_key: expected a byte string (byte 249 of the payload)");
    assert_field_refused(DRAFT_USER_DATA, "f7", "user_data: expected a byte string (byte 260 of the payload)");
    assert_field_refused(DRAFT_NONCE, "5f4101ff",
                         "nonce: a string in pieces (indefinite length) (byte 269 of the payload)");
}

static void
test_timestamp(void **state)
{
    (void)state;
    OCC_BUF_AUTO(bytes, 1 << 20);
    struct draft draft = draft_good();
    draft_set(&draft, DRAFT_TIMESTAMP, "1b001fffffffffffff");
    assert_true(read_good(&draft, &bytes).time_ms == 9007199254740991u);
    draft_set(&draft, DRAFT_TIMESTAMP, "01");
    assert_int_equal(read_good(&draft, &bytes).time_ms, 1);
    assert_field_refused(DRAFT_TIMESTAMP, "00", "timestamp: 0, expected 1 to 9007199254740991 milliseconds");
    assert_field_refused(DRAFT_TIMESTAMP, "1b0020000000000000",
                         "timestamp: 9007199254740992, expected 1 to 9007199254740991 milliseconds");
    assert_field_refused(DRAFT_TIMESTAMP, "1bffffffffffffffff",
                         "timestamp: 18446744073709551615, expected 1 to 9007199254740991 milliseconds");
    assert_field_refused(DRAFT_TIMESTAMP, "1b00000000ffffffff",
                         "timestamp: a number or length that is not in its shortest form (byte 39 of the payload)");
}

static void
test_pcrs(void **state)
{
    (void)state;
    static const char with_a_64_byte_one[] =
        "a4 00" DRAFT_PCR("a0") "01" DRAFT_PCR("a1") "02" DRAFT_PCR("a2") "03 5840" DRAFT_48("33") DRAFT_16("33");
    OCC_BUF_AUTO(bytes, 1 << 20);
    struct draft draft = draft_good();
    draft_set(&draft, DRAFT_PCRS,
              "a4 181f" DRAFT_PCR("1f") "00" DRAFT_PCR("a0") "01" DRAFT_PCR("a1") "02" DRAFT_PCR("a2"));
    assert_int_equal(read_good(&draft, &bytes).pcrs[31].ptr[0], 0x1f);
    assert_field_refused(DRAFT_PCRS, "a0", "pcrs[0]: missing");
    assert_field_refused(DRAFT_PCRS, "a2 01" DRAFT_PCR("a1") "02" DRAFT_PCR("a2"), "pcrs[0]: missing");
    assert_field_refused(DRAFT_PCRS, "a2 00" DRAFT_PCR("a0") "02" DRAFT_PCR("a2"), "pcrs[1]: missing");
    assert_field_refused(DRAFT_PCRS, "a2 00" DRAFT_PCR("a0") "01" DRAFT_PCR("a1"), "pcrs[2]: missing");
    assert_field_refused(DRAFT_PCRS, "a1 1820" DRAFT_PCR("20"), "pcrs: index 32, expected 0 to 31");
    assert_field_refused(DRAFT_PCRS, "a1 1bffffffffffffffff" DRAFT_PCR("20"),
                         "pcrs: index 18446744073709551615, expected 0 to 31");
    assert_field_refused(DRAFT_PCRS, "a1 20" DRAFT_PCR("20"),
                         "pcrs: expected an unsigned integer (byte 54 of the payload)");
    assert_field_refused(DRAFT_PCRS, "a1 6130" DRAFT_PCR("20"),
                         "pcrs: expected an unsigned integer (byte 54 of the payload)");
    assert_field_refused(DRAFT_PCRS, "a2 00" DRAFT_PCR("a0") "00" DRAFT_PCR("a0"),
                         "pcrs: a name twice in one map (byte 105 of the payload)");
    assert_field_refused(DRAFT_PCRS, "a1 1800" DRAFT_PCR("a0"),
                         "pcrs: a number or length that is not in its shortest form (byte 54 of the payload)");
    assert_field_refused(DRAFT_PCRS, "a1 0054" DRAFT_16("aa") "aaaaaaaa", "pcrs[0]: 20 bytes, expected 48");
    assert_field_refused(DRAFT_PCRS, "a1 00 40", "pcrs[0]: 0 bytes, expected 48");
    assert_field_refused(DRAFT_PCRS, "a1 005820" DRAFT_16("aa") DRAFT_16("aa"), "pcrs[0]: 32 bytes, expected 48");
    assert_field_refused(DRAFT_PCRS, with_a_64_byte_one, "pcrs[3]: 64 bytes, expected 48");
    assert_field_refused(DRAFT_PCRS, "a1 00 f6", "pcrs: expected a byte string (byte 55 of the payload)");
    assert_field_refused(DRAFT_PCRS, "b841", "pcrs: an array or map with too many members (byte 53 of the payload)");
}

static void
test_debug(void **state)
{
    (void)state;
    OCC_BUF_AUTO(bytes, 1 << 20);
    struct draft draft = draft_good();
    draft_set(&draft, DRAFT_PCRS,
              "a4 00" DRAFT_PCR("00") "01" DRAFT_PCR("00") "02" DRAFT_PCR("00") "04" DRAFT_PCR("ff"));
    struct occ_nitro_document document = read_good(&draft, &bytes);
    assert_true(occ_nitro_is_debug(&document));
    static const char *const not_debug[] = { "a3 00" DRAFT_PCR("01") "01" DRAFT_PCR("00") "02" DRAFT_PCR("00"),
                                             "a3 00" DRAFT_PCR("00") "01" DRAFT_PCR("80") "02" DRAFT_PCR("00"),
                                             "a3 00" DRAFT_PCR("00") "01" DRAFT_PCR("00") "02 5830" DRAFT_16("00")
                                                 DRAFT_16("00") "00000000000000000000000000000001" };
    for (size_t i = 0; i < 3; i++) {
        draft_set(&draft, DRAFT_PCRS, not_debug[i]);
        document = read_good(&draft, &bytes);
        assert_false(occ_nitro_is_debug(&document));
    }
}

/* ---- what is around the payload ---- */

static void
test_around(void **state)
{
    (void)state;
    struct draft draft = draft_good();
    draft.before = "d184";
    assert_refused(&draft, "not a COSE_Sign1 message: a tag that is not COSE_Sign1's (18)");
    draft = draft_good();
    draft.before = "d2d284";
    assert_refused(&draft, "not a COSE_Sign1 message: expected an array");
    draft = draft_good();
    draft.before = "85";
    draft.after = "00";
    assert_refused(&draft, "not a COSE_Sign1 message: more than four members");
    draft = draft_good();
    draft.after = "00";
    assert_refused(&draft, "not a COSE_Sign1 message: bytes after the end");
    draft = draft_good();
    draft.payload_after = "00";
    assert_refused(&draft, "the payload: bytes after the end (byte 270 of the payload)");
    draft = draft_good();
    draft.indefinite = true;
    draft.payload_after = "ff";
    assert_refused(&draft, "the payload: bytes after the end (byte 271 of the payload)");
    static const char *const unprotected[] = { "a10441aa", "bfff", "a10138 22" };
    for (size_t i = 0; i < 2; i++) {
        draft = draft_good();
        draft.unprotected = unprotected[i];
        assert_refused(&draft, "the unprotected header is not empty");
    }
    draft = draft_good();
    draft.unprotected = "f6";
    assert_refused(&draft, "not a COSE_Sign1 message: expected a map");
    draft = draft_good();
    draft.protected_header = "40";
    draft.unprotected = unprotected[2];
    assert_refused(&draft, "the unprotected header is not empty");
}

static void
test_algorithm(void **state)
{
    (void)state;
    struct draft draft = draft_good();
    draft.protected_header = "43a10126";
    assert_refused_as(&draft, OCC_ERR_NITRO_ALGORITHM, "the protected header names algorithm -7, expected -35 (ES384)");
    draft.protected_header = "40";
    assert_refused_as(&draft, OCC_ERR_NITRO_ALGORITHM, "the protected header names no algorithm, expected ES384");
    draft.protected_header = "48a1016545533338 34";
    assert_refused_as(&draft, OCC_ERR_NITRO_ALGORITHM, "the protected header names no algorithm, expected ES384");
    draft.protected_header = "47a20138220281 03";
    assert_refused(&draft, "not a COSE_Sign1 message: a critical header parameter that is not known");
    draft = draft_good();
    draft.signature = "585f" DRAFT_48("51") DRAFT_16("52") DRAFT_16("52") "525252525252525252525252525252";
    assert_refused(&draft, "the signature has 95 bytes, expected 96");
    draft.signature = "5861" DRAFT_48("51") DRAFT_48("52") "00";
    assert_refused(&draft, "the signature has 97 bytes, expected 96");
    draft.signature = "40";
    assert_refused(&draft, "the signature has 0 bytes, expected 96");
}

/* Cut anywhere, it is refused. */
static void
test_cut(void **state)
{
    (void)state;
    OCC_BUF_AUTO(bytes, 1 << 20);
    const struct draft draft = draft_good();
    struct occ_nitro_document document = read_good(&draft, &bytes);
    for (size_t len = 0; len < bytes.len; len++) {
        uint8_t *copy = malloc(len + 1);
        assert_non_null(copy);
        memcpy(copy, bytes.ptr, len);
        assert_int_equal(occ_nitro_read(occ_bytes_of(copy, len), NULL, &document).code, OCC_ERR_NITRO_DOCUMENT);
        free(copy);
    }
}

/* ---- real documents: what Node and Python decoders of their own say is in them ---- */

static const struct real {
    const char *file, *module_id;
    uint64_t time_ms;
    const char *pcr0;
    size_t certificate_len, cabundle_len[4];
    int public_key_len, user_data_len, nonce_len; /* -1: null */
    const char *user_data;                        /* its beginning */
} reals[] = {
    { "blocky-nitro_attestation.b64",
      "i-0a22e5c5f24d22174-enc0191cceb4289903f",
      1725719859545,
      "e72a46ca80a260fb044a125442f0c7e331813bcbaf9724d9f3857758992766f2d65710a27aa94ae3949dd54e7c9fe86a",
      639,
      { 533, 707, 792, 708 },
      1024,
      1024,
      1024,
      "0101010101010101010101010101010101010101010101010101010101010101" },
    { "blocky-nitro_attestation_debug.b64",
      "i-0a22e5c5f24d22174-enc0191ccebaf8feaba",
      1725719886508,
      "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
      638,
      { 533, 707, 792, 708 },
      1024,
      1024,
      1024,
      "0101010101010101010101010101010101010101010101010101010101010101" },
    { "qos-attestation.cbor",
      "i-07e25f3bada361dec-enc0181d3dff86da785",
      1657117102484,
      "f8bb0133c427bc49aa39f6811a01077ce9ab7e635fa1f5439c9c8bf99754f8230e41b09426b0e595eebdc4d6ed4bc3b6",
      639,
      { 533, 706, 793, 644 },
      800,
      32,
      -1,
      "a2ec4272c44690b2dc32ed89d4bdd266ec2b0e753dff2f25f08b5d2a15cfe2e6" },
    { "occ1-2026-03-13.cbor",
      "i-0650273423ff67567-enc019ce4e28d9371fc",
      1773368713307,
      "8db9ab687fd5f66d813cdcd813e09c7c88f10a9d729f012056bf9914df8975baa40f2a65009517c712241c2fc66cd19d",
      640,
      { 533, 707, 793, 707 },
      -1,
      32,
      -1,
      "6196ce27ec8c0ced73eaf44af8a926267306f2c799346b2bb7502f925526f3d0" },
};

static void
assert_optional(bool has, struct occ_bytes bytes, int expected_len)
{
    assert_int_equal(has, expected_len >= 0);
    assert_int_equal(bytes.len, expected_len >= 0 ? expected_len : 0);
}

static void
check_real(const struct real *real)
{
    OCC_BUF_AUTO(bytes, 1 << 20);
    nitro_vector(real->file, &bytes);
    struct occ_error err = { 0 };
    struct occ_nitro_document document;
    if (!occ_is_ok(occ_nitro_read(occ_buf_view(&bytes), &err, &document))) {
        fail_msg("%s: %s", real->file, err.text);
    }
    char hex[96];
    assert_true(occ_bytes_is(document.module_id, real->module_id));
    assert_true(document.time_ms == real->time_ms);
    occ_hex_encode(document.pcrs[0], hex);
    assert_memory_equal(hex, real->pcr0, sizeof hex);
    for (size_t i = 0; i < OCC_LIMIT_NITRO_PCRS; i++) {
        assert_int_equal(document.pcrs[i].len, i < 16 ? 48 : 0);
    }
    assert_int_equal(document.certificate.len, real->certificate_len);
    assert_int_equal(document.cabundle_count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(document.cabundle[i].len, real->cabundle_len[i]);
    }
    assert_optional(document.has_public_key, document.public_key, real->public_key_len);
    assert_optional(document.has_user_data, document.user_data, real->user_data_len);
    assert_optional(document.has_nonce, document.nonce, real->nonce_len);
    occ_hex_encode(occ_bytes_of(document.user_data.ptr, 32), hex);
    assert_memory_equal(hex, real->user_data, 64);
    assert_true(occ_bytes_equal(document.cabundle[0], occ_nitro_aws_root()));
    assert_int_equal(occ_nitro_is_debug(&document), strstr(real->file, "debug") != NULL);
}

static void
test_real_documents(void **state)
{
    (void)state;
    vectors_needed("nitro");
    for (size_t i = 0; i < sizeof reals / sizeof reals[0]; i++) {
        check_real(&reals[i]);
    }
}

/* It has null for its unprotected header, which COSE does not know (RFC 9052 §3), and null for its cabundle. */
static void
test_self_signed_document(void **state)
{
    (void)state;
    vectors_needed("nitro");
    OCC_BUF_AUTO(bytes, 1 << 20);
    nitro_vector("blocky-selfsigned_attestation.b64", &bytes);
    struct occ_error err = { 0 };
    struct occ_nitro_document document;
    assert_int_equal(occ_nitro_read(occ_buf_view(&bytes), &err, &document).code, OCC_ERR_NITRO_DOCUMENT);
    assert_string_equal(err.text, "not a COSE_Sign1 message: expected a map");
    assert_int_equal(bytes.ptr[6], 0xf6);
    bytes.ptr[6] = 0xa0;
    assert_int_equal(occ_nitro_read(occ_buf_view(&bytes), &err, &document).code, OCC_ERR_NITRO_DOCUMENT);
    assert_string_equal(err.text, "cabundle: expected an array (byte 2223 of the payload)");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_optional_fields),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_document_length),
        cmocka_unit_test(test_missing_fields),
        cmocka_unit_test(test_unknown_and_double_names),
        cmocka_unit_test(test_wrong_types),
        cmocka_unit_test(test_timestamp),
        cmocka_unit_test(test_pcrs),
        cmocka_unit_test(test_debug),
        cmocka_unit_test(test_around),
        cmocka_unit_test(test_algorithm),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_real_documents),
        cmocka_unit_test(test_self_signed_document),
    };
    return cmocka_run_group_tests_name("evidence.nitro_document", tests, NULL, NULL);
}
