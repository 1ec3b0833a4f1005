/* request.c — a request is read whole, its values are rewritten, and each refusal says what is wrong and where. */
#include "unit/boundary/parent.h"

#include "boundary/request.h"

static struct occ_buf frame_buf;
static struct occ_request request;
static struct occ_tickets tickets;
static struct occ_agency_rules agency_rules;

static int
set_up(void **state)
{
    (void)state;
    frame_buf = OCC_BUF_INIT(OCC_LIMIT_FRAME_LEN + 100);
    request = OCC_REQUEST_INIT;
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    occ_buf_clear(&frame_buf);
    occ_request_clear(&request);
    return 0;
}

static struct occ_commit_writer
begin(void)
{
    struct occ_commit_writer writer;
    occ_buf_reset(&frame_buf);
    occ_commit_begin(&writer, &frame_buf, 1);
    return writer;
}

static void
put_metadata(struct occ_commit_writer *writer, const char *text)
{
    occ_commit_put_field(writer, OCC_COMMIT_METADATA, occ_bytes_str(text));
}

/* The payload of the frame that was written; it passes the walk. */
static struct occ_commit_reader
end(struct occ_commit_writer *writer)
{
    struct occ_frame frame;
    size_t used = 0;
    occ_commit_end(writer);
    assert_int_equal(occ_buf_check(&frame_buf).code, OCC_OK);
    assert_int_equal(occ_frame_next(occ_buf_view(&frame_buf), &frame, &used).code, OCC_OK);
    uint32_t digests = 0;
    assert_int_equal(occ_request_check_frame(frame.payload, &digests).code, OCC_OK);
    struct occ_commit_reader reader;
    uint16_t requests = 0;
    assert_int_equal(occ_commit_read(frame.payload, &reader, &requests).code, OCC_OK);
    return reader;
}

static enum occ_err
read_next(struct occ_commit_reader *reader, uint32_t digests_max, struct occ_error *err)
{
    const struct occ_chain chains[] = { { .id = occ_bytes_str("") }, { .id = occ_bytes_str("a") } };
    const struct occ_request_rules rules = {
        .digests_max = digests_max,
        .chains = chains,
        .chain_count = 2,
        .agency = { .rules = &agency_rules, .tickets = &tickets, .now_ms = 1741496392841 },
    };
    return occ_request_read(reader, &rules, &request, err).code;
}

static void
expect_metadata(uint32_t index, const char *text)
{
    const struct occ_request_item *const item = occ_request_item(&request, index);
    assert_memory_equal(item->digest, parent_digest, 32);
    const struct occ_bytes metadata = occ_request_value(&request, item->metadata);
    assert_true(occ_bytes_is(metadata, text));
}

/* PROTOCOL §2.1: what a caller wrote is parsed and written anew. */
static void
test_rewritten(void **state)
{
    (void)state;
    struct occ_commit_writer writer = begin();
    occ_commit_put_request(&writer, occ_bytes_str("me"));
    put_metadata(&writer, " { \"b\" : 1.0e2 , \"a\" : \"\\u0041\" }\n");
    occ_commit_put_digest(&writer, parent_digest);
    struct occ_commit_reader reader = end(&writer);
    struct occ_error err;
    assert_int_equal(read_next(&reader, 10, &err), OCC_OK);
    assert_true(occ_bytes_is(request.opaque, "me"));
    assert_int_equal(request.count, 1);
    expect_metadata(0, "{\"a\":\"A\",\"b\":100}");
}

/* A digest's own metadata stands in the place of the shared one; one that is shared is kept once. */
static void
test_own_and_shared(void **state)
{
    (void)state;
    struct occ_commit_writer writer = begin();
    occ_commit_put_request(&writer, occ_bytes_str(""));
    put_metadata(&writer, "{\"s\":1}");
    occ_commit_put_digest(&writer, parent_digest);
    occ_commit_put_digest(&writer, parent_digest);
    put_metadata(&writer, "{\"own\":2}");
    occ_commit_put_digest(&writer, parent_digest);
    put_metadata(&writer, "{}");
    occ_commit_put_digest(&writer, parent_digest);
    struct occ_commit_reader reader = end(&writer);
    struct occ_error err;
    assert_int_equal(read_next(&reader, 4, &err), OCC_OK);
    assert_int_equal(request.count, 4);
    expect_metadata(0, "{\"s\":1}");
    expect_metadata(1, "{\"own\":2}");
    expect_metadata(2, ""); /* PROTOCOL §2: an optional field that does not apply is absent, never empty */
    expect_metadata(3, "{\"s\":1}");
    assert_int_equal(request.values.len, 7 + 9);
}

/* A refused request is read to its end: the next one is found and read. */
static void
test_refusals(void **state)
{
    (void)state;
    static char deep[200], long_text[OCC_LIMIT_VALUE_LEN + 20], flood[8 * OCC_LIMIT_VALUE_LEN + 2];
    memcpy(deep, "{\"a\":", 5);
    memset(deep + 5, '[', 32);
    memset(deep + 37, ']', 32);
    deep[69] = '}';
    memcpy(long_text, "{\"a\":\"", 6);
    memset(long_text + 6, 'x', OCC_LIMIT_VALUE_LEN - 7);
    memcpy(long_text + 6 + OCC_LIMIT_VALUE_LEN - 7, "\"}", 3);
    memset(flood, ' ', sizeof flood - 1);
    static const struct {
        const char *metadata;
        enum occ_err code;
        const char *text;
    } cases[] = {
        { "", OCC_ERR_JSON_SYNTAX, "metadata: " },
        { "{\"a\":1", OCC_ERR_JSON_SYNTAX, "metadata: " },
        { "{} {}", OCC_ERR_JSON_SYNTAX, "metadata: " },
        { "{},\"enforcement\":\"measured-tee\"", OCC_ERR_JSON_SYNTAX, "metadata: " },
        { "{\"a\":1,\"a\":2}", OCC_ERR_JSON_DUPLICATE, "metadata: " },
        { "{\"a\":9007199254740993}", OCC_ERR_JSON_NUMBER, "metadata: " },
        { "{\"a\":1e999}", OCC_ERR_JSON_NUMBER, "metadata: " },
        { "{\"a\":\"\xff\"}", OCC_ERR_UTF8, "metadata: " },
        { "[]", OCC_ERR_FIELD_TYPE, "metadata: an array, expected an object" },
        { "null", OCC_ERR_FIELD_TYPE, "metadata: null, expected an object" },
        { deep, OCC_ERR_JSON_DEPTH, "metadata: " },
        { long_text, OCC_ERR_FIELD_LENGTH, "metadata: " },
        { flood, OCC_ERR_LIMIT, "metadata: 131073 bytes of JSON text" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct occ_commit_writer writer = begin();
        for (int own = 0; own < 2; own++) {
            occ_commit_put_request(&writer, occ_bytes_str("bad"));
            if (own == 0) {
                put_metadata(&writer, cases[i].metadata);
            }
            occ_commit_put_digest(&writer, parent_digest);
            put_metadata(&writer, "{\"fine\":1}");
            occ_commit_put_digest(&writer, parent_digest);
            if (own == 1) {
                put_metadata(&writer, cases[i].metadata);
            }
            occ_commit_put_digest(&writer, parent_digest);
        }
        parent_put_request(&writer, "good", "{\"a\":1}", 1);
        struct occ_commit_reader reader = end(&writer);
        struct occ_error err;
        assert_int_equal(read_next(&reader, 10, &err), cases[i].code);
        assert_int_equal(err.code, cases[i].code);
        assert_true(occ_bytes_starts(occ_bytes_str(err.text), cases[i].text));
        assert_true(occ_bytes_is(request.opaque, "bad"));
        assert_int_equal(read_next(&reader, 10, &err), cases[i].code);
        assert_true(occ_bytes_starts(occ_bytes_str(err.text), "digests[1].metadata: "));
        assert_int_equal(read_next(&reader, 10, &err), OCC_OK);
        assert_true(occ_bytes_is(request.opaque, "good"));
        expect_metadata(0, "{\"a\":1}");
        assert_int_equal(occ_commit_read_end(&reader).code, OCC_OK);
    }
}

static void
test_fields(void **state)
{
    (void)state;
    struct occ_commit_writer writer = begin();
    occ_commit_put_request(&writer, occ_bytes_str(""));
    put_metadata(&writer, "{}");
    put_metadata(&writer, "{}");
    occ_commit_put_digest(&writer, parent_digest);
    occ_commit_put_request(&writer, occ_bytes_str(""));
    occ_commit_put_field(&writer, (enum occ_commit_tag)9, occ_bytes_str("?"));
    occ_commit_put_digest(&writer, parent_digest);
    occ_commit_put_request(&writer, occ_bytes_str(""));
    occ_commit_put_digest(&writer, parent_digest);
    occ_commit_put_field(&writer, (enum occ_commit_tag)0, occ_bytes_str(""));
    struct occ_commit_reader reader = end(&writer);
    struct occ_error err;
    assert_int_equal(read_next(&reader, 10, &err), OCC_ERR_FIELD_VALUE);
    assert_string_equal(err.text, "metadata: given twice");
    assert_int_equal(read_next(&reader, 10, &err), OCC_ERR_FIELD_UNKNOWN);
    assert_string_equal(err.text, "field with tag 9: not known to this boundary");
    assert_int_equal(read_next(&reader, 10, &err), OCC_ERR_FIELD_UNKNOWN);
    assert_string_equal(err.text, "digests[0].field with tag 0: not known to this boundary");
}

/* Which field may stand where. */
static void
test_places(void **state)
{
    (void)state;
    static const struct {
        enum occ_commit_tag tag;
        bool own;
        const char *text;
    } cases[] = {
        { OCC_COMMIT_SLOT, false, "slotId: belongs to one of its digests" },
        { OCC_COMMIT_CHAIN, true, "digests[0].chainId: belongs to the whole request" },
        { OCC_COMMIT_ATTRIBUTION, true, "digests[0].attribution: belongs to the whole request" },
        { OCC_COMMIT_POLICY, true, "digests[0].policy: belongs to the whole request" },
        { OCC_COMMIT_PRINCIPAL, true, "digests[0].principal: belongs to the whole request" },
        { (enum occ_commit_tag)8, true, "digests[0].field with tag 8: not known to this boundary" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct occ_commit_writer writer = begin();
        occ_commit_put_request(&writer, occ_bytes_str(""));
        if (!cases[i].own) {
            occ_commit_put_field(&writer, cases[i].tag, occ_bytes_str("{}"));
        }
        occ_commit_put_digest(&writer, parent_digest);
        if (cases[i].own) {
            occ_commit_put_field(&writer, cases[i].tag, occ_bytes_str("{}"));
        }
        struct occ_commit_reader reader = end(&writer);
        struct occ_error err;
        assert_int_equal(read_next(&reader, 10, &err), OCC_ERR_FIELD_UNKNOWN);
        assert_string_equal(err.text, cases[i].text);
    }
}

static enum occ_err
read_chain(const char *id, struct occ_error *err)
{
    struct occ_commit_writer writer = begin();
    occ_commit_put_request(&writer, occ_bytes_str(""));
    occ_commit_put_field(&writer, OCC_COMMIT_CHAIN, occ_bytes_str(id));
    occ_commit_put_digest(&writer, parent_digest);
    struct occ_commit_reader reader = end(&writer);
    return read_next(&reader, 10, err);
}

static void
test_chain(void **state)
{
    (void)state;
    struct occ_error err;
    assert_int_equal(read_chain("a", &err), OCC_OK);
    assert_int_equal(request.chain, 1);
    static const char *const unknown[] = { "b", "", "A", "a " };
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(read_chain(unknown[i], &err), OCC_ERR_CHAIN_UNKNOWN);
        assert_true(occ_bytes_starts(occ_bytes_str(err.text), "chainId: \""));
    }
}

/* Values that are signed: rewritten, absent rather than empty, their names safe. */
static void
test_signed_values(void **state)
{
    (void)state;
    static const enum occ_commit_tag tags[] = { OCC_COMMIT_ATTRIBUTION, OCC_COMMIT_POLICY, OCC_COMMIT_PRINCIPAL };
    static const char *const names[] = { "attribution", "policy", "principal" };
    for (size_t i = 0; i < 3; i++) {
        static const char *const texts[] = { " {\"b\":1.0,\"a\":\"\\u0041\"} ", "{}", "{\"7\":1}", "[]" };
        static const enum occ_err codes[] = { OCC_OK, OCC_OK, OCC_ERR_FIELD_NAME, OCC_ERR_FIELD_TYPE };
        const struct occ_request_span *const spans[] = { &request.attribution, &request.policy, &request.principal };
        for (size_t j = 0; j < 4; j++) {
            struct occ_commit_writer writer = begin();
            occ_commit_put_request(&writer, occ_bytes_str(""));
            occ_commit_put_field(&writer, tags[i], occ_bytes_str(texts[j]));
            occ_commit_put_digest(&writer, parent_digest);
            struct occ_commit_reader reader = end(&writer);
            struct occ_error err = { .code = OCC_OK };
            assert_int_equal(read_next(&reader, 10, &err), codes[j]);
            assert_true(occ_bytes_starts(occ_bytes_str(err.text), codes[j] == OCC_OK ? "" : names[i]));
            if (codes[j] == OCC_OK) {
                assert_true(
                    occ_bytes_is(occ_request_value(&request, *spans[i]), j == 0 ? "{\"a\":\"A\",\"b\":1}" : ""));
                assert_int_equal(request.values.len, j == 0 ? 15 : 0);
            }
        }
    }
}

static void
test_digest_count(void **state)
{
    (void)state;
    struct occ_commit_writer writer = begin();
    parent_put_request(&writer, "", NULL, 0);
    parent_put_request(&writer, "", NULL, 4);
    parent_put_request(&writer, "", NULL, 3);
    struct occ_commit_reader reader = end(&writer);
    struct occ_error err;
    assert_int_equal(read_next(&reader, 3, &err), OCC_ERR_FIELD_LENGTH);
    assert_string_equal(err.text, "digests: 0 entries, expected 1 to 3");
    assert_int_equal(read_next(&reader, 3, &err), OCC_ERR_FIELD_LENGTH);
    assert_string_equal(err.text, "digests: 4 entries, expected 1 to 3");
    assert_int_equal(read_next(&reader, 3, &err), OCC_OK);
    assert_int_equal(request.count, 3);
}

/* The most that can be asked for: 10,000 digests; and values of their own until no more fit. */
static void
test_large(void **state)
{
    (void)state;
    struct occ_commit_writer writer = begin();
    parent_put_request(&writer, "", "{\"a\":1}", OCC_LIMIT_BATCH_DIGESTS_MAX);
    static char text[OCC_LIMIT_VALUE_LEN];
    memcpy(text, "{\"a\":\"", 6);
    memset(text + 6, 'x', sizeof text - 9);
    memcpy(text + sizeof text - 3, "\"}", 3);
    occ_commit_put_request(&writer, occ_bytes_str(""));
    for (unsigned i = 0; i < OCC_LIMIT_ANSWER_LEN / OCC_LIMIT_VALUE_LEN + 2; i++) {
        occ_commit_put_digest(&writer, parent_digest);
        put_metadata(&writer, text);
    }
    parent_put_request(&writer, "", NULL, 1);
    struct occ_commit_reader reader = end(&writer);
    struct occ_error err;
    assert_int_equal(read_next(&reader, OCC_LIMIT_BATCH_DIGESTS_MAX, &err), OCC_OK);
    expect_metadata(OCC_LIMIT_BATCH_DIGESTS_MAX - 1, "{\"a\":1}");
    assert_int_equal(read_next(&reader, OCC_LIMIT_BATCH_DIGESTS_MAX, &err), OCC_ERR_LIMIT);
    assert_true(request.values.cap <= OCC_LIMIT_ANSWER_LEN);
    assert_int_equal(read_next(&reader, OCC_LIMIT_BATCH_DIGESTS_MAX, &err), OCC_OK);
    assert_true(request.values.cap + request.items.cap <= 1 << 20); /* what the large one took is given back */
}

static void
test_broken_frames(void **state)
{
    (void)state;
    struct occ_commit_writer writer = begin();
    parent_put_request(&writer, "one", "{}", 2);
    parent_put_request(&writer, "two", NULL, 1);
    (void)end(&writer);
    const uint8_t *const payload = frame_buf.ptr + OCC_FRAME_HEAD_LEN;
    const size_t len = frame_buf.len - OCC_FRAME_HEAD_LEN;
    uint32_t digests = 0;
    assert_int_equal(occ_request_check_frame(occ_bytes_of(payload, len), &digests).code, OCC_OK);
    assert_int_equal(digests, 3);
    digests = 77;
    for (size_t part = 0; part < len; part++) {
        assert_int_equal(occ_request_check_frame(occ_bytes_of(payload, part), &digests).code, OCC_ERR_WIRE_MESSAGE);
    }
    occ_buf_put_byte(&frame_buf, 0);
    assert_int_equal(occ_request_check_frame(occ_bytes_of(frame_buf.ptr + OCC_FRAME_HEAD_LEN, len + 1), &digests).code,
                     OCC_ERR_WIRE_MESSAGE);
    assert_int_equal(digests, 77);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_rewritten, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_own_and_shared, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refusals, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_fields, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_places, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_chain, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_signed_values, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_digest_count, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_large, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_broken_frames, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
