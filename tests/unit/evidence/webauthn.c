/*
 * tests/unit/evidence/webauthn.c — src/evidence/webauthn.c: assertions signed here by OpenSSL, so that each refusal is that
 * of its own rule and not of the signature.
 */
#include "evidence/webauthn.h"

#include "base/limits.h"
#include "unit/evidence/device.h"

#define RP_ID "example.org"
#define ORIGIN "https://login.example.org"
#define OTHER_ORIGIN "https://shop.example"

/* A challenge whose base64url has both letters that base64 lacks: +/+/…. */
static const uint8_t challenge[] = { 0xfb, 0xff, 0xbf, 0xfb, 0xff, 0xbf, 0xfb, 0xff,
                                     0xbf, 0xfb, 0xff, 0xbf, 0xfb, 0xff, 0xbf, 0xfb };
#define CHALLENGE "-_-_-_-_-_-_-_-_-_-_-w"
#define CLIENT_DATA_WITH(members) \
    "{\"type\":\"webauthn.get\",\"challenge\":\"" CHALLENGE "\",\"origin\":\"" ORIGIN "\"" members "}"
#define CLIENT_DATA CLIENT_DATA_WITH(",\"crossOrigin\":false")

enum { UP = 0x01, UV = 0x04, BE = 0x08, BS = 0x10, AT = 0x40, ED = 0x80 };

static const char *const rp_names[] = { "other.example", RP_ID };
static const char *const origin_names[] = { OTHER_ORIGIN, ORIGIN };
static const struct occ_webauthn_names no_names = { NULL, 0 };
static const struct occ_webauthn_names rp_ids = { rp_names, 2 };
static const struct occ_webauthn_names origins = { origin_names, 2 };
static const struct occ_webauthn_names other_names = { origin_names, 1 };

static struct device device;
static struct occ_ecdsa_key *key;

static int
make_device(void **state)
{
    (void)state;
    device = device_new();
    assert_true(occ_is_ok(occ_ecdsa_key_from_spki(OCC_ES256, occ_bytes_of(device.spki, sizeof device.spki), &key)));
    return 0;
}

static int
free_device(void **state)
{
    (void)state;
    occ_ecdsa_key_free(key);
    device_free(&device);
    return 0;
}

struct outcome {
    struct occ_result result;
    struct occ_error err;
    struct occ_webauthn_facts facts;
};

static struct outcome
verify_with(const struct occ_webauthn_assertion *assertion, const struct occ_webauthn_names *ids,
            const struct occ_webauthn_names *from)
{
    struct outcome outcome = { .facts = { .sign_count = 4711 } };
    outcome.result = occ_webauthn_verify(assertion, key, ids, from, &outcome.err, &outcome.facts);
    if (!occ_is_ok(outcome.result)) {
        assert_int_equal(outcome.facts.sign_count, 4711); /* untouched on failure */
        assert_int_equal(outcome.err.code, outcome.result.code);
        assert_int_not_equal(outcome.err.text[0], '\0');
    }
    return outcome;
}

/* 37 bytes: the hash of RP_ID, flags, a count of 0x01020304. */
static void
put_head(struct occ_buf *buf, unsigned flags)
{
    uint8_t hash[OCC_SHA256_LEN];
    occ_digest_sha256(occ_bytes_str(RP_ID), hash);
    occ_buf_put(buf, occ_bytes_of(hash, sizeof hash));
    occ_buf_put_byte(buf, (uint8_t)flags);
    occ_buf_put_be32(buf, 0x01020304);
}

/* Signs both parts as they are, and verifies. */
static struct outcome
sign_and_verify(struct occ_bytes data, struct occ_bytes client_data, const struct occ_webauthn_names *ids,
                const struct occ_webauthn_names *from)
{
    const struct device_signature signature = device_assert(&device, data, client_data);
    const struct occ_webauthn_assertion assertion = {
        .client_data = client_data,
        .authenticator_data = data,
        .signature = occ_bytes_of(signature.bytes, signature.len),
        .challenge = occ_bytes_of(challenge, sizeof challenge),
    };
    return verify_with(&assertion, ids, from);
}

static struct outcome
verify_client_data(const char *client_data, const struct occ_webauthn_names *from)
{
    OCC_BUF_AUTO(data, 64);
    put_head(&data, UP | UV);
    return sign_and_verify(occ_buf_view(&data), occ_bytes_str(client_data), &rp_ids, from);
}

static struct outcome
verify_data(struct occ_bytes data, const struct occ_webauthn_names *ids)
{
    return sign_and_verify(data, occ_bytes_str(CLIENT_DATA), ids, &origins);
}

/* ---- what is sound ---- */

static void
test_facts(void **state)
{
    (void)state;
    OCC_BUF_AUTO(data, 64);
    put_head(&data, UP | UV | BE | BS);
    const struct outcome outcome = verify_data(occ_buf_view(&data), &rp_ids);
    assert_string_equal(outcome.err.text, "");
    assert_int_equal(outcome.result.code, OCC_OK);
    const struct occ_webauthn_facts *facts = &outcome.facts;
    assert_memory_equal(facts->rp_id_hash, data.ptr, OCC_SHA256_LEN);
    assert_string_equal(facts->rp_id, RP_ID);
    assert_string_equal(facts->origin, ORIGIN);
    assert_true(facts->origin_checked);
    assert_false(facts->cross_origin);
    assert_true(facts->user_present && facts->user_verified && facts->backup_eligible && facts->backed_up);
    assert_int_equal(facts->sign_count, 0x01020304);
}

/* Without names, nothing is claimed to be checked. */
static void
test_no_names(void **state)
{
    (void)state;
    OCC_BUF_AUTO(data, 64);
    put_head(&data, UP | UV);
    const struct outcome outcome =
        sign_and_verify(occ_buf_view(&data), occ_bytes_str(CLIENT_DATA), &no_names, &no_names);
    assert_int_equal(outcome.result.code, OCC_OK);
    assert_null(outcome.facts.rp_id);
    assert_false(outcome.facts.origin_checked);
    assert_false(outcome.facts.backup_eligible || outcome.facts.backed_up);
}

static void
test_other_names(void **state)
{
    (void)state;
    OCC_BUF_AUTO(data, 64);
    put_head(&data, UP | UV);
    assert_int_equal(verify_data(occ_buf_view(&data), &other_names).result.code, OCC_ERR_WEBAUTHN_RP_ID);
    const struct outcome outcome = verify_client_data(CLIENT_DATA, &other_names);
    assert_int_equal(outcome.result.code, OCC_ERR_WEBAUTHN_ORIGIN);
    assert_string_equal(outcome.err.text, "clientDataJSON.origin: \"" ORIGIN "\", expected one of the given origins");
}

/* ---- clientDataJSON ---- */

#define NOT_DATA OCC_ERR_WEBAUTHN_CLIENT_DATA
#define MEMBERS(type, challenge, origin) "{\"type\":" type ",\"challenge\":" challenge ",\"origin\":" origin "}"
#define GET "\"webauthn.get\""
#define Q(text) "\"" text "\""

static void
test_client_data(void **state)
{
    (void)state;
    static const struct {
        const char *client_data;
        enum occ_err code;
    } cases[] = {
        { CLIENT_DATA, OCC_OK },
        { MEMBERS(GET, Q(CHALLENGE), Q(ORIGIN)), OCC_OK },
        { CLIENT_DATA_WITH(",\"other_keys_can_be_added_here\":[1],\"tokenBinding\":{\"status\":\"supported\"}"),
          OCC_OK },
        { CLIENT_DATA " ", OCC_OK },
        /* not the JSON that it must be */
        { "", NOT_DATA },
        { "[]", NOT_DATA },
        { "null", NOT_DATA },
        { "\xef\xbb\xbf" CLIENT_DATA, NOT_DATA },
        { CLIENT_DATA "x", NOT_DATA },
        { CLIENT_DATA CLIENT_DATA, NOT_DATA },
        { CLIENT_DATA_WITH(",\"type\":\"webauthn.get\""), NOT_DATA },
        { CLIENT_DATA_WITH(",\"challenge\":\"" CHALLENGE "\""), NOT_DATA },
        { CLIENT_DATA_WITH(",\"origin\":\"" ORIGIN "\""), NOT_DATA },
        { CLIENT_DATA_WITH(",\"x\":{\"y\":1,\"y\":1}"), NOT_DATA },
        { CLIENT_DATA_WITH(",\"x\":\"\xff\""), NOT_DATA },
        { CLIENT_DATA_WITH(",\"x\":\"\\ud800\""), NOT_DATA },
        /* type */
        { MEMBERS(Q("webauthn.create"), Q(CHALLENGE), Q(ORIGIN)), OCC_ERR_WEBAUTHN_TYPE },
        { MEMBERS(Q("webauthn.get "), Q(CHALLENGE), Q(ORIGIN)), OCC_ERR_WEBAUTHN_TYPE },
        { MEMBERS(Q("webauthn.get\\u0000"), Q(CHALLENGE), Q(ORIGIN)), OCC_ERR_WEBAUTHN_TYPE },
        { MEMBERS("1", Q(CHALLENGE), Q(ORIGIN)), NOT_DATA },
        { "{\"challenge\":\"" CHALLENGE "\",\"origin\":\"" ORIGIN "\"}", NOT_DATA },
        /* challenge: base64url, canonical, without padding */
        { MEMBERS(GET, "null", Q(ORIGIN)), NOT_DATA },
        { "{\"type\":\"webauthn.get\",\"origin\":\"" ORIGIN "\"}", NOT_DATA },
        { MEMBERS(GET, Q(""), Q(ORIGIN)), OCC_ERR_WEBAUTHN_CHALLENGE },
        { MEMBERS(GET, Q(CHALLENGE "=="), Q(ORIGIN)), OCC_ERR_WEBAUTHN_CHALLENGE },
        { MEMBERS(GET, Q("+/+/+/+/+/+/+/+/+/+/+w"), Q(ORIGIN)), OCC_ERR_WEBAUTHN_CHALLENGE },
        { MEMBERS(GET, Q("-_-_-_-_-_-_-_-_-_-_-x"), Q(ORIGIN)), OCC_ERR_WEBAUTHN_CHALLENGE }, /* trailing bits */
        { MEMBERS(GET, Q("-_-_-_-_-_-_-_-_-_-_"), Q(ORIGIN)), OCC_ERR_WEBAUTHN_CHALLENGE },
        { MEMBERS(GET, Q(CHALLENGE "\\n"), Q(ORIGIN)), OCC_ERR_WEBAUTHN_CHALLENGE },
        /* origin */
        { "{\"type\":\"webauthn.get\",\"challenge\":\"" CHALLENGE "\"}", NOT_DATA },
        { MEMBERS(GET, Q(CHALLENGE), "[]"), NOT_DATA },
        { MEMBERS(GET, Q(CHALLENGE), Q("")), NOT_DATA },
        { MEMBERS(GET, Q(CHALLENGE), Q(ORIGIN "\\u0000.evil.example")), NOT_DATA },
        { MEMBERS(GET, Q(CHALLENGE), Q("https://ex\xc3\xa4mple.org")), NOT_DATA },
        { MEMBERS(GET, Q(CHALLENGE), Q("https://a b")), NOT_DATA },
        { MEMBERS(GET, Q(CHALLENGE), Q(ORIGIN "/")), OCC_ERR_WEBAUTHN_ORIGIN },
        { MEMBERS(GET, Q(CHALLENGE), Q("HTTPS://login.example.org")), OCC_ERR_WEBAUTHN_ORIGIN },
        /* frames */
        { CLIENT_DATA_WITH(",\"crossOrigin\":null"), NOT_DATA },
        { CLIENT_DATA_WITH(",\"crossOrigin\":\"true\""), NOT_DATA },
        { CLIENT_DATA_WITH(",\"topOrigin\":1"), NOT_DATA },
        { CLIENT_DATA_WITH(",\"topOrigin\":\"\""), NOT_DATA },
        { CLIENT_DATA_WITH(",\"crossOrigin\":true"), OCC_ERR_WEBAUTHN_ORIGIN },
        { CLIENT_DATA_WITH(",\"crossOrigin\":true,\"topOrigin\":\"https://evil.example\""), OCC_ERR_WEBAUTHN_ORIGIN },
        { CLIENT_DATA_WITH(",\"crossOrigin\":false,\"topOrigin\":\"https://evil.example\""), OCC_ERR_WEBAUTHN_ORIGIN },
        { CLIENT_DATA_WITH(",\"crossOrigin\":true,\"topOrigin\":\"" OTHER_ORIGIN "\""), OCC_OK },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct outcome outcome = verify_client_data(cases[i].client_data, &origins);
        if (outcome.result.code != cases[i].code) {
            fail_msg("%s: %s", cases[i].client_data, occ_result_name(outcome.result.code));
        }
    }
}

/* In a frame of another site: a fact for the report where no origins are given. */
static void
test_frames(void **state)
{
    (void)state;
    static const char *const framed[] = {
        CLIENT_DATA_WITH(",\"crossOrigin\":true"),
        CLIENT_DATA_WITH(",\"topOrigin\":\"https://evil.example\""),
    };
    for (size_t i = 0; i < 2; i++) {
        const struct outcome outcome = verify_client_data(framed[i], &no_names);
        assert_int_equal(outcome.result.code, OCC_OK);
        assert_true(outcome.facts.cross_origin);
    }
}

static void
test_long_client_data(void **state)
{
    (void)state;
    static char client_data[OCC_LIMIT_CLIENT_DATA_LEN + 2];
    memset(client_data, ' ', sizeof client_data - 1);
    memcpy(client_data, CLIENT_DATA, strlen(CLIENT_DATA));
    assert_int_equal(verify_client_data(client_data, &origins).result.code, OCC_ERR_WEBAUTHN_CLIENT_DATA);
    client_data[OCC_LIMIT_CLIENT_DATA_LEN] = '\0';
    assert_int_equal(verify_client_data(client_data, &origins).result.code, OCC_OK);

    /* an origin is cut in the facts, and compared whole */
    char origin[401] = "https://";
    memset(origin + 8, 'a', sizeof origin - 9);
    OCC_BUF_AUTO(text, 4096);
    occ_buf_put_format(&text, "{\"type\":\"webauthn.get\",\"challenge\":\"" CHALLENGE "\",\"origin\":\"%s\"}", origin);
    occ_buf_put_byte(&text, 0);
    const struct outcome outcome = verify_client_data((const char *)text.ptr, &no_names);
    assert_int_equal(outcome.result.code, OCC_OK);
    assert_int_equal(strlen(outcome.facts.origin), 255);
    assert_memory_equal(outcome.facts.origin, origin, 255);
    const char *const names[] = { outcome.facts.origin };
    const struct occ_webauthn_names cut = { names, 1 };
    assert_int_equal(verify_client_data((const char *)text.ptr, &cut).result.code, OCC_ERR_WEBAUTHN_ORIGIN);
}

/* ---- authenticatorData ---- */

static void
test_flags(void **state)
{
    (void)state;
    for (unsigned flags = 0; flags < 64; flags++) { /* without AT and ED */
        OCC_BUF_AUTO(data, 64);
        put_head(&data, flags);
        enum occ_err expected = OCC_OK;
        if ((flags & BS) != 0 && (flags & BE) == 0) {
            expected = OCC_ERR_WEBAUTHN_AUTHENTICATOR_DATA;
        }
        if ((flags & UV) == 0) {
            expected = OCC_ERR_WEBAUTHN_USER_VERIFICATION;
        }
        if ((flags & UP) == 0) {
            expected = OCC_ERR_WEBAUTHN_USER_PRESENCE;
        }
        assert_int_equal(verify_data(occ_buf_view(&data), &rp_ids).result.code, expected);
    }
}

/* {1: 2}, {"a": true}, and what is not a map or not one whole */
#define MAP "\xa1\x01\x02"
#define TEXT_MAP "\xa1\x61\x61\xf5"
#define INDEFINITE_MAP "\xbf\x01\x02\xff"
#define AAGUID "0123456789abcdef"
#define CREDENTIAL AAGUID "\x00\x03xyz"

static void
test_parts(void **state)
{
    (void)state;
    static const struct {
        unsigned flags;
        struct occ_bytes rest;
        bool sound;
    } cases[] = {
#define CASE(flags, text, sound) { flags, { (const uint8_t *)(text), sizeof(text) - 1 }, sound }
        CASE(0, "", true),
        CASE(0, "\x00", false),
        CASE(0, MAP, false),
        CASE(ED, MAP, true),
        CASE(ED, TEXT_MAP, true),
        CASE(ED, "\xa0", true),
        CASE(ED, INDEFINITE_MAP, true),
        CASE(ED, "", false),
        CASE(ED, "\xa1\x01", false),
        CASE(ED, "\xbf\x01\x02", false),
        CASE(ED, MAP "\x00", false),
        CASE(ED, MAP MAP, false),
        CASE(ED, "\x01", false),
        CASE(ED, "\x81\x01", false),
        CASE(ED, "\xff", false),
        CASE(ED, "\xa1\x18\x01\x02", false),     /* 1, not in its shortest form */
        CASE(ED, "\xa2\x01\x02\x01\x02", false), /* a name twice */
        CASE(ED, "\xc1" MAP, false),             /* a tag */
        CASE(ED, CREDENTIAL MAP, false),
        CASE(AT, CREDENTIAL MAP, true),
        CASE(AT, CREDENTIAL TEXT_MAP, true),
        CASE(AT, AAGUID "\x00\x00" MAP, true),
        CASE(AT, "", false),
        CASE(AT, AAGUID, false),
        CASE(AT, AAGUID "\x00", false),
        CASE(AT, AAGUID "\x00\x01", false),
        CASE(AT, CREDENTIAL, false),
        CASE(AT, CREDENTIAL "\x01", false),
        CASE(AT, AAGUID "\xff\xffxyz" MAP, false),
        CASE(AT, CREDENTIAL MAP MAP, false),
        CASE(AT, MAP, false),
        CASE(AT | ED, CREDENTIAL MAP TEXT_MAP, true),
        CASE(AT | ED, CREDENTIAL MAP "\xa0", true),
        CASE(AT | ED, CREDENTIAL MAP, false),
        CASE(AT | ED, CREDENTIAL MAP MAP "\x00", false),
        CASE(AT | ED, MAP, false),
#undef CASE
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        OCC_BUF_AUTO(data, 256);
        put_head(&data, UP | UV | cases[i].flags);
        occ_buf_put(&data, cases[i].rest);
        const struct outcome outcome = verify_data(occ_buf_view(&data), &rp_ids);
        if (outcome.result.code != (cases[i].sound ? OCC_OK : OCC_ERR_WEBAUTHN_AUTHENTICATOR_DATA)) {
            fail_msg("case %zu: %s", i, occ_result_name(outcome.result.code));
        }
    }
}

static void
test_data_length(void **state)
{
    (void)state;
    OCC_BUF_AUTO(data, OCC_LIMIT_AUTHENTICATOR_DATA_LEN + 1);
    put_head(&data, UP | UV | ED);
    for (size_t len = 0; len < 37; len++) {
        assert_int_equal(verify_data(occ_bytes_of(data.ptr, len), &no_names).result.code,
                         OCC_ERR_WEBAUTHN_AUTHENTICATOR_DATA);
    }
    /* one map whose byte string fills it to the limit, and one byte more */
    for (size_t over = 0; over < 2; over++) {
        data.len = 37;
        const size_t left = OCC_LIMIT_AUTHENTICATOR_DATA_LEN + over - 37 - 5;
        const uint8_t head[] = { 0xa1, 0x01, 0x59, (uint8_t)(left >> 8), (uint8_t)left };
        occ_buf_put(&data, occ_bytes_of(head, sizeof head));
        memset(occ_buf_reserve(&data, left), 'x', left);
        data.len += left;
        assert_int_equal(verify_data(occ_buf_view(&data), &no_names).result.code,
                         over == 0 ? OCC_OK : OCC_ERR_WEBAUTHN_AUTHENTICATOR_DATA);
    }
}

/* ---- the signature ---- */

static void
test_signature(void **state)
{
    (void)state;
    OCC_BUF_AUTO(data, 64);
    put_head(&data, UP | UV);
    struct device_signature signature = device_assert(&device, occ_buf_view(&data), occ_bytes_str(CLIENT_DATA));
    struct occ_webauthn_assertion assertion = {
        .client_data = occ_bytes_str(CLIENT_DATA),
        .authenticator_data = occ_buf_view(&data),
        .signature = occ_bytes_of(signature.bytes, signature.len),
        .challenge = occ_bytes_of(challenge, sizeof challenge),
    };
    assert_int_equal(verify_with(&assertion, &rp_ids, &origins).result.code, OCC_OK);
    /* either s is good */
    const struct device_signature other = device_other_s(signature);
    assert_memory_not_equal(other.bytes, signature.bytes, other.len);
    assertion.signature = occ_bytes_of(other.bytes, other.len);
    assert_int_equal(verify_with(&assertion, &rp_ids, &origins).result.code, OCC_OK);
    for (size_t i = 0; i < signature.len; i++) {
        assertion.signature = occ_bytes_of(signature.bytes, signature.len);
        signature.bytes[i] ^= 1;
        assert_int_equal(verify_with(&assertion, &rp_ids, &origins).result.code, OCC_ERR_ACTOR_SIGNATURE);
        signature.bytes[i] ^= 1;
        assertion.signature = occ_bytes_of(signature.bytes, i);
        assert_int_equal(verify_with(&assertion, &rp_ids, &origins).result.code, OCC_ERR_ACTOR_SIGNATURE);
    }
    /* the very bytes: white space that means nothing to JSON counts */
    assertion.signature = occ_bytes_of(signature.bytes, signature.len);
    assertion.client_data = occ_bytes_str(CLIENT_DATA " ");
    assert_int_equal(verify_with(&assertion, &rp_ids, &origins).result.code, OCC_ERR_ACTOR_SIGNATURE);
    /* a signature over clientDataJSON itself, or the parts in the other order */
    const struct device_signature whole = device_sign(&device, occ_bytes_str(CLIENT_DATA));
    assertion.client_data = occ_bytes_str(CLIENT_DATA);
    assertion.signature = occ_bytes_of(whole.bytes, whole.len);
    assert_int_equal(verify_with(&assertion, &rp_ids, &origins).result.code, OCC_ERR_ACTOR_SIGNATURE);
    /* the count is signed */
    assertion.signature = occ_bytes_of(signature.bytes, signature.len);
    data.ptr[36] ^= 1;
    assert_int_equal(verify_with(&assertion, &rp_ids, &origins).result.code, OCC_ERR_ACTOR_SIGNATURE);
}

/* A challenge too long for any clientDataJSON. */
static void
test_long_challenge(void **state)
{
    (void)state;
    static const uint8_t zeros[OCC_LIMIT_CLIENT_DATA_LEN + 1];
    OCC_BUF_AUTO(data, 64);
    put_head(&data, UP | UV);
    const struct occ_webauthn_assertion assertion = {
        .client_data = occ_bytes_str(CLIENT_DATA),
        .authenticator_data = occ_buf_view(&data),
        .challenge = occ_bytes_of(zeros, sizeof zeros),
    };
    assert_int_equal(verify_with(&assertion, &rp_ids, &origins).result.code, OCC_ERR_WEBAUTHN_CHALLENGE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_facts),          cmocka_unit_test(test_no_names),
        cmocka_unit_test(test_other_names),    cmocka_unit_test(test_client_data),
        cmocka_unit_test(test_frames),         cmocka_unit_test(test_long_client_data),
        cmocka_unit_test(test_flags),          cmocka_unit_test(test_parts),
        cmocka_unit_test(test_data_length),    cmocka_unit_test(test_signature),
        cmocka_unit_test(test_long_challenge),
    };
    return cmocka_run_group_tests_name("evidence.webauthn", tests, make_device, free_device);
}
