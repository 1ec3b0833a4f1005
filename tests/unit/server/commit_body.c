/* Bodies of POST /commit: what is taken, what it becomes, and what is refused with which sentence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "server/commit_body.h"
#include "wire/commit.h"
#include "wire/frame.h"

#define DIGEST "jYl9NHJP0VcRVh6OMEIU5VAGva6cu5kdrnPrlNr/RnU="
#define ENTRY "{\"digestB64\":\"" DIGEST "\",\"hashAlg\":\"sha256\"}"
#define ONE(entry) "{\"digests\":[" entry "]}"

static const struct occ_commit_rules rules = { .digests_max = 3, .measurement_len = 69 };
static const uint8_t opaque[] = "0123456789abcdef";

static struct occ_result
read_body(struct occ_bytes text, struct occ_error *err, struct occ_commit_body *ret)
{
    return occ_commit_body_read(text, &rules, occ_bytes_of(opaque, 16), err, ret);
}

static void
test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *body, *sentence;
    } cases[] = {
        { "[]", "body: an array, expected an object" },
        { "\"x\"", "body: a string, expected an object" },
        { "{}", "digests: missing, expected an array" },
        { "{\"digests\":null}", "digests: null, expected an array" },
        { "{\"digests\":\"x\"}", "digests: a string, expected an array" },
        { "{\"digests\":{}}", "digests: an object, expected an array" },
        { "{\"digests\":[]}", "digests: 0 entries, at least 1" },
        { ONE(ENTRY "," ENTRY "," ENTRY "," ENTRY), "digests: 4 entries, at most 3" },
        { ONE("\"" DIGEST "\""), "digests[0]: a string, expected an object" },
        { ONE(ENTRY ",null"), "digests[1]: null, expected an object" },
        { ONE("{\"hashAlg\":\"sha256\"}"), "digests[0].digestB64: missing, expected a string" },
        { ONE("{\"digestB64\":1,\"hashAlg\":\"sha256\"}"), "digests[0].digestB64: a number, expected a string" },
        { ONE("{\"digestB64\":\"" DIGEST "\"}"), "digests[0].hashAlg: missing, expected a string" },
        { ONE("{\"digestB64\":\"" DIGEST "\",\"hashAlg\":\"sha512\"}"),
          "digests[0].hashAlg: \"sha512\", expected \"sha256\"" },
        { ONE("{\"digestB64\":\"" DIGEST "\",\"hashAlg\":\"SHA256\"}"),
          "digests[0].hashAlg: \"SHA256\", expected \"sha256\"" },
        { ONE("{\"digestB64\":\"" DIGEST "\",\"hashAlg\":[]}"), "digests[0].hashAlg: an array, expected a string" },
        { ONE(ENTRY ",{\"digestB64\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg==\",\"hashAlg\":\"sha256\"}"),
          "digests[1].digestB64: 31 bytes, expected 32" },
        { ONE("{\"digestB64\":\"\",\"hashAlg\":\"sha256\"}"), "digests[0].digestB64: 0 bytes, expected 32" },
        { ONE("{\"digestB64\":\"jYl9NHJP0VcRVh6OMEIU5VAGva6cu5kdrnPrlNr/RnU\",\"hashAlg\":\"sha256\"}"),
          "digests[0].digestB64: not canonical base64 (RFC 4648 section 4, padded)" },
        { ONE("{\"digestB64\":\"jYl9NHJP0VcRVh6OMEIU5VAGva6cu5kdrnPrlNr_RnU=\",\"hashAlg\":\"sha256\"}"),
          "digests[0].digestB64: not canonical base64 (RFC 4648 section 4, padded)" },
        { ONE("{\"digestB64\":\"jYl9NHJP0VcRVh6OMEIU5VAGva6cu5kdrnPrlNr/RnV=\",\"hashAlg\":\"sha256\"}"),
          "digests[0].digestB64: not canonical base64 (RFC 4648 section 4, padded)" },
        { ONE("{\"digestB64\":\"" DIGEST "\",\"hashAlg\":\"sha256\",\"x\":1}"), "digests[0]: unknown field \"x\"" },
        { ONE("{\"digestB64\":\"" DIGEST "\",\"hashAlg\":\"sha256\",\"metadata\":[]}"),
          "digests[0].metadata: an array, expected an object" },
        { "{\"digests\":[" ENTRY "],\"metadata\":\"m\"}", "metadata: a string, expected an object" },
        { "{\"digests\":[" ENTRY "],\"metadata\":null}", "metadata: null, expected an object" },
        { "{\"digests\":[" ENTRY "],\"digest\":1}", "unknown field \"digest\"" },
        { "{\"digests\":[" ENTRY "],\"prevProofId\":7}", "prevProofId: a number, expected a string" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct occ_error err = { 0 };
        struct occ_commit_body body = { .digests = 77 };
        const struct occ_result result = read_body(occ_bytes_str(cases[i].body), &err, &body);
        assert_string_equal(err.text, cases[i].sentence);
        assert_int_not_equal(result.code, OCC_OK);
        assert_int_not_equal(result.code, OCC_ERR_LIMIT);
        assert_int_equal(body.digests, 77);
    }
}

/* What is no JSON at all, or breaks PROTOCOL §1. The sentence is the reader's; the codes are the client's mistakes. */
static void
test_not_json(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        size_t len;
        enum occ_err code;
    } cases[] = {
        { "", 0, OCC_ERR_JSON_SYNTAX },
        { "{\"digests\":[", 12, OCC_ERR_JSON_SYNTAX },
        { "{\"digests\":[]} x", 16, OCC_ERR_JSON_SYNTAX },
        { "{\"digests\":[],\"digests\":[]}", 27, OCC_ERR_JSON_DUPLICATE },
        { "{\"a\":\"\0\"}", 9, OCC_ERR_JSON_NUL },
        { "{\"a\":9007199254740993}", 22, OCC_ERR_JSON_NUMBER },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct occ_error err = { 0 };
        struct occ_commit_body body;
        assert_int_equal(read_body(occ_bytes_of(cases[i].body, cases[i].len), &err, &body).code, cases[i].code);
        assert_int_not_equal(err.text[0], 0);
    }
}

/* The encoded request, read back as the boundary reads it. */
static void
test_taken(void **state)
{
    (void)state;
    const char *text = "{ \"prevProofId\":\"old\", \"metadata\":{\"b\":1.0,\"a\":\"x\"}, \"digests\":[" ENTRY
                       ",{\"hashAlg\":\"sha256\",\"metadata\":{\"own\":true},\"digestB64\":\"" DIGEST "\"}"
                       ",{\"hashAlg\":\"sha256\",\"metadata\":{},\"digestB64\":\"" DIGEST "\"}]}";
    struct occ_error err = { 0 };
    struct occ_commit_body body;
    assert_true(occ_is_ok(read_body(occ_bytes_str(text), &err, &body)));
    assert_int_equal(body.digests, 3);
    assert_int_equal(body.loose.cap, body.loose.len);
    OCC_BUF_AUTO(frame, 1 << 20);
    struct occ_commit_writer writer;
    occ_commit_begin(&writer, &frame, 9);
    occ_commit_put_loose(&writer, occ_buf_view(&body.loose));
    occ_commit_end(&writer);

    struct occ_commit_reader reader;
    struct occ_commit_field field;
    struct occ_bytes bytes;
    uint16_t requests;
    uint32_t digests;
    bool more;
    const struct occ_bytes payload = occ_bytes_of(frame.ptr + OCC_FRAME_HEAD_LEN, frame.len - OCC_FRAME_HEAD_LEN);
    assert_true(occ_is_ok(occ_commit_read(payload, &reader, &requests)));
    assert_int_equal(requests, 1);
    assert_true(occ_is_ok(occ_commit_next_request(&reader, &bytes)));
    assert_true(occ_bytes_is(bytes, "0123456789abcdef"));
    assert_true(occ_is_ok(occ_commit_next_field(&reader, &field, &more)) && more);
    assert_int_equal(field.tag, OCC_COMMIT_METADATA);
    assert_true(occ_bytes_is(field.value, "{\"a\":\"x\",\"b\":1}"));
    assert_true(occ_is_ok(occ_commit_next_field(&reader, &field, &more)) && !more);
    assert_true(occ_is_ok(occ_commit_digest_count(&reader, &digests)));
    assert_int_equal(digests, 3);
    static const char *const own[] = { NULL, "{\"own\":true}", "{}" };
    for (unsigned i = 0; i < 3; i++) {
        assert_true(occ_is_ok(occ_commit_next_digest(&reader, &bytes)));
        assert_int_equal(bytes.len, 32);
        assert_int_equal(bytes.ptr[0], 0x8d);
        assert_true(occ_is_ok(occ_commit_next_field(&reader, &field, &more)));
        assert_int_equal(more, own[i] != NULL);
        if (more) {
            assert_true(occ_bytes_is(field.value, own[i]));
            assert_true(occ_is_ok(occ_commit_next_field(&reader, &field, &more)) && !more);
        }
    }
    assert_true(occ_is_ok(occ_commit_read_end(&reader)));
    occ_buf_clear(&body.loose);
}

static void
put_large(struct occ_buf *text, unsigned digests, unsigned metadata_len)
{
    occ_buf_put_str(text, "{\"digests\":[");
    for (unsigned i = 0; i < digests; i++) {
        occ_buf_put_str(text, i == 0 ? ENTRY : "," ENTRY);
    }
    occ_buf_put_str(text, "],\"metadata\":{\"m\":\"");
    for (unsigned i = 0; i < metadata_len; i++) {
        occ_buf_put_byte(text, 'm');
    }
    occ_buf_put_str(text, "\"}}");
}

/* PROTOCOL §3: at most 16 MiB of proof text in an answer, refused before anything is signed. */
static void
test_answer_too_large(void **state)
{
    (void)state;
    const struct occ_commit_rules many = { .digests_max = 10000, .measurement_len = 69 };
    const struct occ_bytes id = occ_bytes_of(opaque, 16);
    OCC_BUF_AUTO(text, 4 << 20);
    struct occ_error err = { 0 };
    struct occ_commit_body body;
    put_large(&text, 1000, 16000);
    assert_true(occ_is_ok(occ_commit_body_read(occ_buf_view(&text), &many, id, &err, &body)) == false);
    assert_int_equal(err.code, OCC_ERR_LIMIT);
    assert_non_null(strstr(err.text, "digests: their proofs would have 16"));
    occ_buf_reset(&text);
    put_large(&text, 900, 16000);
    assert_true(occ_is_ok(occ_commit_body_read(occ_buf_view(&text), &many, id, &err, &body)));
    assert_true(body.answer_len > 900 * 16600 && body.answer_len < 16 << 20);
    occ_buf_clear(&body.loose);
}

/* What an attestation adds to each proof: the most that one can have, its document, and its place in a tree. */
static void
test_attestation_len(void **state)
{
    (void)state;
    static const char batch[] = ",\"attestation\":{\"batch\":{\"leafIndex\":16383,\"pathB64\":[],\"treeSize\":16384}";
    static const char rest[] = ",\"format\":\"aws-nitro\",\"reportB64\":\"\"}";
    const size_t path = 14 * (44 + 3) - 1;
    struct occ_commit_rules attested = { .digests_max = 10000, .measurement_len = 69 };
    const struct occ_bytes id = occ_bytes_of(opaque, 16);
    OCC_BUF_AUTO(text, 4 << 20);
    struct occ_error err = { 0 };
    struct occ_commit_body plain, key, tree;
    put_large(&text, 10, 10);
    assert_true(occ_is_ok(occ_commit_body_read(occ_buf_view(&text), &attested, id, &err, &plain)));
    assert_int_equal(plain.text_len, plain.answer_len);
    attested.format_len = 9;
    attested.document_len = 6000;
    assert_true(occ_is_ok(occ_commit_body_read(occ_buf_view(&text), &attested, id, &err, &key)));
    assert_int_equal(key.answer_len, key.text_len + 10 * 6000);
    assert_in_range(key.text_len, plain.text_len + 10 * strlen(rest), plain.text_len + 10 * 100);
    attested.is_batch = true;
    assert_true(occ_is_ok(occ_commit_body_read(occ_buf_view(&text), &attested, id, &err, &tree)));
    assert_in_range(tree.text_len, plain.text_len + 10 * (strlen(batch) + path + strlen(rest)),
                    plain.text_len + 10 * 900);
    occ_buf_clear(&plain.loose);
    occ_buf_clear(&key.loose);
    occ_buf_clear(&tree.loose);
    /* 16 MiB are 16 MiB with documents, too. */
    attested = (struct occ_commit_rules){ .digests_max = 10000, .format_len = 9, .document_len = 16000 };
    occ_buf_reset(&text);
    put_large(&text, 1100, 1);
    assert_int_equal(occ_commit_body_read(occ_buf_view(&text), &attested, id, &err, &plain).code, OCC_ERR_LIMIT);
    assert_non_null(strstr(err.text, "digests: their proofs would have 18"));
}

static void
test_metadata_too_large(void **state)
{
    (void)state;
    struct occ_error err = { 0 };
    struct occ_commit_body body;
    OCC_BUF_AUTO(text, 4 << 20);
    put_large(&text, 1, 16384 - 8); /* {"m":"…"} */
    assert_true(occ_is_ok(read_body(occ_buf_view(&text), &err, &body)));
    occ_buf_clear(&body.loose);
    occ_buf_reset(&text);
    put_large(&text, 1, 16384 - 7);
    assert_int_equal(read_body(occ_buf_view(&text), &err, &body).code, OCC_ERR_FIELD_LENGTH);
    assert_non_null(strstr(err.text, "metadata: "));
}

static void
put_nested(struct occ_buf *text, unsigned levels)
{
    occ_buf_put_str(text, "{\"digests\":[" ENTRY "],\"metadata\":");
    for (unsigned i = 0; i < levels; i++) {
        occ_buf_put_str(text, "{\"a\":");
    }
    occ_buf_put_str(text, "0");
    for (unsigned i = 0; i < levels; i++) {
        occ_buf_put_byte(text, '}');
    }
    occ_buf_put_byte(text, '}');
}

static void
test_metadata_too_deep(void **state)
{
    (void)state;
    struct occ_error err = { 0 };
    struct occ_commit_body body;
    OCC_BUF_AUTO(text, 1 << 16);
    put_nested(&text, 32);
    assert_true(occ_is_ok(read_body(occ_buf_view(&text), &err, &body)));
    occ_buf_clear(&body.loose);
    occ_buf_reset(&text);
    put_nested(&text, 33);
    assert_int_equal(read_body(occ_buf_view(&text), &err, &body).code, OCC_ERR_FIELD_VALUE);
    occ_buf_reset(&text);
    put_nested(&text, 64); /* with the body itself 65 levels */
    assert_int_equal(read_body(occ_buf_view(&text), &err, &body).code, OCC_ERR_JSON_DEPTH);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_not_json),
        cmocka_unit_test(test_taken),
        cmocka_unit_test(test_answer_too_large),
        cmocka_unit_test(test_attestation_len),
        cmocka_unit_test(test_metadata_too_large),
        cmocka_unit_test(test_metadata_too_deep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
