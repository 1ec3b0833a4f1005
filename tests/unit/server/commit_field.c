/* What a commit may be given beside its digests: what becomes of it on the wire, and each refusal with its sentence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "server/commit_body.h"
#include "wire/commit.h"
#include "wire/frame.h"

#define DIGEST "jYl9NHJP0VcRVh6OMEIU5VAGva6cu5kdrnPrlNr/RnU="
#define ENTRY "{\"digestB64\":\"" DIGEST "\",\"hashAlg\":\"sha256\"}"
#define ENTRY_WITH(members) "{\"digestB64\":\"" DIGEST "\",\"hashAlg\":\"sha256\"," members "}"
#define BODY(entries, members) "{\"digests\":[" entries "]," members "}"
#define HEX64 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define ACTOR "{\"keyId\":\"" HEX64 "\",\"publicKeyB64\":\"AAAA\",\"algorithm\":\"ES256\",\"provider\":\"p\"}"
#define AUTHORIZATION_WITH(rest) \
    "{\"purpose\":\"occ/commit-authorize/v1\",\"actorKeyId\":\"" HEX64 "\",\"artifactHash\":\"" DIGEST \
    "\",\"challenge\":\"c\"," rest "}"
#define AUTHORIZATION AUTHORIZATION_WITH("\"timestamp\":1,\"signatureB64\":\"AAAA\"")
#define AGENCY "{\"actor\":" ACTOR ",\"authorization\":" AUTHORIZATION "}"

static const struct occ_commit_rules rules = { .digests_max = 3, .measurement_len = 69 };
static const uint8_t opaque[16] = "0123456789abcdef";

static struct occ_result
read_body(const char *text, struct occ_error *err, struct occ_commit_body *ret)
{
    return occ_commit_body_read(occ_bytes_str(text), &rules, occ_bytes_of(opaque, 16), err, ret);
}

static void
check_refused(const char *text, enum occ_err code, const char *sentence)
{
    struct occ_error err = { 0 };
    struct occ_commit_body body = { .digests = 77 };
    const struct occ_result result = read_body(text, &err, &body);
    assert_string_equal(err.text, sentence);
    assert_int_equal(result.code, code);
    assert_int_equal(body.digests, 77);
}

static void
test_types(void **state)
{
    (void)state;
    static const struct {
        const char *body, *sentence;
        enum occ_err code;
    } cases[] = {
        { BODY(ENTRY, "\"chainId\":7"), "chainId: a number, expected a string", OCC_ERR_FIELD_TYPE },
        { BODY(ENTRY, "\"chainId\":\"\""), "chainId: expected 1 to 64 characters of A-Za-z0-9._:-",
          OCC_ERR_FIELD_VALUE },
        { BODY(ENTRY, "\"chainId\":\"a b\""), "chainId: expected 1 to 64 characters of A-Za-z0-9._:-",
          OCC_ERR_FIELD_VALUE },
        { BODY(ENTRY, "\"chainId\":\"" HEX64 "0\""), "chainId: expected 1 to 64 characters of A-Za-z0-9._:-",
          OCC_ERR_FIELD_VALUE },
        { BODY(ENTRY, "\"attribution\":\"x\""), "attribution: a string, expected an object", OCC_ERR_FIELD_TYPE },
        { BODY(ENTRY, "\"policy\":[]"), "policy: an array, expected an object", OCC_ERR_FIELD_TYPE },
        { BODY(ENTRY, "\"principal\":null"), "principal: null, expected an object", OCC_ERR_FIELD_TYPE },
        { BODY(ENTRY, "\"principal\":{\"a\":[{\"17\":1}]}"),
          "principal: a member is named \"17\", which JavaScript would reorder or drop", OCC_ERR_FIELD_NAME },
        { BODY(ENTRY, "\"attribution\":{\"__proto__\":1}"),
          "attribution: a member is named \"__proto__\", which JavaScript would reorder or drop", OCC_ERR_FIELD_NAME },
        { BODY(ENTRY_WITH("\"slotId\":5"), "\"metadata\":{}"), "digests[0].slotId: a number, expected a string",
          OCC_ERR_FIELD_TYPE },
        { BODY(ENTRY "," ENTRY_WITH("\"slotId\":\"\""), "\"metadata\":{}"),
          "digests[1].slotId: 0 bytes, expected 1 to 512", OCC_ERR_FIELD_LENGTH },
        { BODY(ENTRY, "\"slotId\":\"x\""), "unknown field \"slotId\"", OCC_ERR_FIELD_UNKNOWN },
        { BODY(ENTRY_WITH("\"chainId\":\"x\""), "\"metadata\":{}"), "digests[0]: unknown field \"chainId\"",
          OCC_ERR_FIELD_UNKNOWN },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        check_refused(cases[i].body, cases[i].code, cases[i].sentence);
    }
}

static void
test_agency_refused(void **state)
{
    (void)state;
    static const struct {
        const char *body, *sentence;
        enum occ_err code;
    } cases[] = {
        { BODY(ENTRY, "\"agency\":7"), "agency: a number, expected an object", OCC_ERR_FIELD_TYPE },
        { BODY(ENTRY, "\"agency\":{}"), "agency.actor: missing", OCC_ERR_FIELD_VALUE },
        { BODY(ENTRY, "\"agency\":{\"actor\":" ACTOR "}"), "agency.authorization: missing", OCC_ERR_FIELD_VALUE },
        { BODY(ENTRY, "\"agency\":{\"actor\":" ACTOR ",\"authorization\":" AUTHORIZATION ",\"batchContext\":{}}"),
          "agency: unknown field \"batchContext\"", OCC_ERR_FIELD_UNKNOWN },
        { BODY(ENTRY "," ENTRY, "\"agency\":" AGENCY),
          "agency: for one digest only, here are 2; expected digests[i].agency", OCC_ERR_FIELD_VALUE },
        { BODY(ENTRY_WITH("\"agency\":" AGENCY), "\"agency\":" AGENCY),
          "digests[0].agency: agency is given beside it, expected one of them", OCC_ERR_FIELD_VALUE },
        { BODY(ENTRY "," ENTRY_WITH("\"agency\":{\"actor\":{},\"authorization\":" AUTHORIZATION "}"),
               "\"metadata\":{}"),
          "digests[1].agency.actor.keyId: missing", OCC_ERR_FIELD_VALUE },
        { BODY(ENTRY, "\"agency\":{\"actor\":" ACTOR
                      ",\"authorization\":" AUTHORIZATION_WITH("\"timestamp\":\"1\",\"signatureB64\":\"AAAA\"") "}"),
          "agency.authorization.timestamp: a string, expected a number", OCC_ERR_FIELD_VALUE },
        { BODY(ENTRY_WITH("\"agency\":{\"actor\":" ACTOR
                          ",\"authorization\":" AUTHORIZATION_WITH("\"timestamp\":1,\"signatureB64\":\"A-A=\"") "}"),
               "\"metadata\":{}"),
          "digests[0].agency.authorization.signatureB64: not canonical base64", OCC_ERR_FIELD_VALUE },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        check_refused(cases[i].body, cases[i].code, cases[i].sentence);
    }
}

/* Every value has a limit of its own: 16 KiB of canonical text, 32 levels. */
static void
test_sizes(void **state)
{
    (void)state;
    static const char *const names[] = { "attribution", "policy", "principal", "agency" };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char sentence[OCC_ERROR_TEXT_SIZE];
        OCC_BUF_AUTO(text, 1 << 16);
        occ_buf_put_format(&text, "{\"digests\":[" ENTRY "],\"%s\":{\"m\":\"", names[i]);
        for (unsigned n = 0; n < (16u << 10) - 7; n++) {
            occ_buf_put_byte(&text, 'm');
        }
        occ_buf_put_str(&text, "\"}}");
        occ_buf_put_byte(&text, 0);
        (void)snprintf(sentence, sizeof(sentence), "%s: more than 16384 bytes of canonical JSON", names[i]);
        check_refused((const char *)text.ptr, OCC_ERR_FIELD_LENGTH, sentence);
        occ_buf_reset(&text);
        occ_buf_put_format(&text, "{\"digests\":[" ENTRY "],\"%s\":", names[i]);
        for (unsigned n = 0; n < 33; n++) {
            occ_buf_put_str(&text, "{\"a\":");
        }
        occ_buf_put_byte(&text, '1');
        for (unsigned n = 0; n < 34; n++) {
            occ_buf_put_byte(&text, '}');
        }
        occ_buf_put_byte(&text, 0);
        (void)snprintf(sentence, sizeof(sentence), "%s: nested deeper than 32 levels", names[i]);
        check_refused((const char *)text.ptr, OCC_ERR_FIELD_VALUE, sentence);
    }
}

static void
test_slot_too_long(void **state)
{
    (void)state;
    for (unsigned len = 512; len <= 513; len++) {
        OCC_BUF_AUTO(text, 1 << 16);
        occ_buf_put_str(&text, "{\"digests\":[{\"digestB64\":\"" DIGEST "\",\"hashAlg\":\"sha256\",\"slotId\":\"");
        for (unsigned n = 0; n < len; n++) {
            occ_buf_put_byte(&text, 's');
        }
        occ_buf_put_str(&text, "\"}]}");
        occ_buf_put_byte(&text, 0);
        if (len == 513) {
            check_refused((const char *)text.ptr, OCC_ERR_FIELD_LENGTH,
                          "digests[0].slotId: 513 bytes, expected 1 to 512");
            continue;
        }
        struct occ_error err = { 0 };
        struct occ_commit_body body;
        assert_true(occ_is_ok(read_body((const char *)text.ptr, &err, &body)));
        occ_buf_clear(&body.loose);
    }
}

/* One request read back as the boundary reads it. */
static void
check_field(struct occ_commit_reader *reader, enum occ_commit_tag tag, const char *value)
{
    struct occ_commit_field field;
    bool more;
    assert_true(occ_is_ok(occ_commit_next_field(reader, &field, &more)));
    assert_true(more);
    assert_int_equal(field.tag, tag);
    assert_int_equal(field.value.len, strlen(value));
    assert_memory_equal(field.value.ptr, value, field.value.len);
}

static void
check_no_field(struct occ_commit_reader *reader)
{
    struct occ_commit_field field;
    bool more;
    assert_true(occ_is_ok(occ_commit_next_field(reader, &field, &more)));
    assert_false(more);
}

static void
begin_reading(const struct occ_commit_body *body, struct occ_buf *frame, struct occ_commit_reader *ret_reader)
{
    struct occ_commit_writer writer;
    struct occ_bytes bytes;
    uint16_t requests;
    occ_commit_begin(&writer, frame, 9);
    occ_commit_put_loose(&writer, occ_buf_view(&body->loose));
    occ_commit_end(&writer);
    const struct occ_bytes payload = occ_bytes_of(frame->ptr + OCC_FRAME_HEAD_LEN, frame->len - OCC_FRAME_HEAD_LEN);
    assert_true(occ_is_ok(occ_commit_read(payload, ret_reader, &requests)));
    assert_true(occ_is_ok(occ_commit_next_request(ret_reader, &bytes)));
}

static void
test_taken(void **state)
{
    (void)state;
    const char *text =
        BODY(ENTRY "," ENTRY_WITH("\"slotId\":\"slot.1\",\"agency\":" AGENCY ",\"metadata\":{\"own\":1}"),
             "\"principal\":{\"id\":\"u\"},\"policy\":{},\"attribution\":{\"name\":\"J\",\"a\":1.50},"
             "\"metadata\":{\"m\":0},\"chainId\":\"occ:main\"");
    struct occ_error err = { 0 };
    struct occ_commit_body body;
    struct occ_commit_reader reader;
    struct occ_bytes digest;
    uint32_t digests;
    OCC_BUF_AUTO(frame, 1 << 20);
    assert_true(occ_is_ok(read_body(text, &err, &body)));
    begin_reading(&body, &frame, &reader);
    check_field(&reader, OCC_COMMIT_METADATA, "{\"m\":0}");
    check_field(&reader, OCC_COMMIT_CHAIN, "occ:main");
    check_field(&reader, OCC_COMMIT_ATTRIBUTION, "{\"a\":1.5,\"name\":\"J\"}");
    check_field(&reader, OCC_COMMIT_PRINCIPAL, "{\"id\":\"u\"}"); /* the empty policy is absent */
    check_no_field(&reader);
    assert_true(occ_is_ok(occ_commit_digest_count(&reader, &digests)));
    assert_int_equal(digests, 2);
    assert_true(occ_is_ok(occ_commit_next_digest(&reader, &digest)));
    check_no_field(&reader);
    assert_true(occ_is_ok(occ_commit_next_digest(&reader, &digest)));
    check_field(&reader, OCC_COMMIT_METADATA, "{\"own\":1}");
    check_field(&reader, OCC_COMMIT_AGENCY,
                "{\"actor\":{\"algorithm\":\"ES256\",\"keyId\":\"" HEX64
                "\",\"provider\":\"p\",\"publicKeyB64\":\"AAAA\"},\"authorization\":{\"actorKeyId\":\"" HEX64
                "\",\"artifactHash\":\"" DIGEST "\",\"challenge\":\"c\",\"purpose\":\"occ/commit-authorize/v1\","
                "\"signatureB64\":\"AAAA\",\"timestamp\":1}}");
    check_field(&reader, OCC_COMMIT_SLOT, "slot.1");
    check_no_field(&reader);
    assert_true(occ_is_ok(occ_commit_read_end(&reader)));
    occ_buf_clear(&body.loose);
}

/* The request's own agency stands in front of its only digest. */
static void
test_agency_of_the_request(void **state)
{
    (void)state;
    struct occ_error err = { 0 };
    struct occ_commit_body body;
    struct occ_commit_reader reader;
    struct occ_commit_field field;
    bool more;
    OCC_BUF_AUTO(frame, 1 << 20);
    assert_true(occ_is_ok(read_body(BODY(ENTRY, "\"agency\":" AGENCY), &err, &body)));
    begin_reading(&body, &frame, &reader);
    assert_true(occ_is_ok(occ_commit_next_field(&reader, &field, &more)) && more);
    assert_int_equal(field.tag, OCC_COMMIT_AGENCY);
    check_no_field(&reader);
    occ_buf_clear(&body.loose);
}

/* What is shared counts for each digest; what is one digest's own counts once. */
static void
test_answer_len(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        BODY(ENTRY, "\"prevProofId\":\"\""),
        BODY(ENTRY "," ENTRY, "\"prevProofId\":\"\""),
        BODY(ENTRY "," ENTRY, "\"principal\":{\"id\":\"u\"}"), /* ,"principal":{"id":"u"} 23 */
        BODY(ENTRY "," ENTRY, "\"chainId\":\"occ:main\""),     /* ,"chainId":"occ:main" 21 */
        BODY(ENTRY "," ENTRY_WITH("\"slotId\":\"s\""), "\"prevProofId\":\"\""),
        BODY(ENTRY_WITH("\"agency\":" AGENCY) "," ENTRY, "\"prevProofId\":\"\""),
    };
    size_t len[sizeof(bodies) / sizeof(bodies[0])];
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        struct occ_error err = { 0 };
        struct occ_commit_body body;
        assert_true(occ_is_ok(read_body(bodies[i], &err, &body)));
        len[i] = body.answer_len;
        occ_buf_clear(&body.loose);
    }
    assert_true(len[1] - len[0] > 700 && len[1] - len[0] < 1000);
    assert_int_equal(len[2], len[1] + 2 * 23);
    assert_int_equal(len[3], len[1] + 2 * 21);
    assert_int_equal(len[4], len[1] + 640);
    assert_int_equal(len[5], len[1] + strlen(",\"agency\":") + strlen(AGENCY));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types),      cmocka_unit_test(test_agency_refused),
        cmocka_unit_test(test_sizes),      cmocka_unit_test(test_slot_too_long),
        cmocka_unit_test(test_taken),      cmocka_unit_test(test_agency_of_the_request),
        cmocka_unit_test(test_answer_len),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
