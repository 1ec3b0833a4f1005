/* Tests of src/evidence/rfc3161.c: entries of real proofs, and ones that say something else than their token. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base64.h"
#include "base/limits.h"
#include "codec/json.h"
#include "evidence/rfc3161.h"
#include "support/timestamp_maker.h"
#include "unit/codec/vectors.h"

enum { TEXT_MAX = 1 << 20 };
static const uint64_t time_ms = 1774114253000; /* 2026-03-21T17:30:53Z */
static const char time_text[] = "2026-03-21T17:30:53Z";
static const uint8_t digest[32] = { 1, 2, 3, 4, 5, 6, 7, 8 };
static const char digest_text[] = "AQIDBAUGBwgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

struct fixture {
    struct timestamp_plan plan;
    struct timestamp_authority *authority;
    struct occ_timestamp_roots *roots;
};

static void
set_up(struct fixture *fixture)
{
    timestamp_plan_init(&fixture->plan, digest, time_ms);
    fixture->authority = timestamp_authority_new(&fixture->plan);
    OCC_BUF_AUTO(pem, TEXT_MAX);
    timestamp_root_put(&pem, fixture->authority);
    assert_true(occ_is_ok(occ_timestamp_roots_new(occ_buf_view(&pem), NULL, &fixture->roots)));
}

static void
tear_down(struct fixture *fixture)
{
    timestamp_authority_free(fixture->authority);
    occ_timestamp_roots_free(fixture->roots);
}

/* What the fields of an entry say; NULL leaves one out. */
struct fields {
    const char *time, *algorithm, *digest, *token; /* token: NULL makes it from the plan */
};

static void
put_entry(struct occ_buf *text, const struct fixture *fixture, const struct fields *fields)
{
    OCC_BUF_AUTO(token, TEXT_MAX);
    timestamp_token_put(&token, &fixture->plan, fixture->authority);
    occ_buf_put_format(text,
                       "{\"authority\":\"a\",\"time\":\"%s\",\"digestAlg\":\"%s\",\"digestB64\":\"%s\",\"tokenB64\":\"",
                       fields->time, fields->algorithm, fields->digest);
    if (fields->token != NULL) {
        occ_buf_put_str(text, fields->token);
    } else {
        occ_base64_put(text, occ_buf_view(&token));
    }
    occ_buf_put_str(text, "\"}");
    assert_true(occ_is_ok(occ_buf_check(text)));
}

static enum occ_err
verify(const struct fixture *fixture, const struct fields *fields, struct occ_error *err,
       struct occ_timestamp_facts *ret_facts)
{
    OCC_BUF_AUTO(text, TEXT_MAX);
    put_entry(&text, fixture, fields);
    __attribute__((cleanup(occ_json_cleanup))) struct occ_json *entry = NULL;
    assert_true(occ_is_ok(occ_json_parse(occ_buf_view(&text), 8, NULL, &entry)));
    return occ_rfc3161_verify(entry, "timestamps.artifact", digest, fixture->roots, err, ret_facts).code;
}

static void
test_good(void **state)
{
    (void)state;
    struct fixture fixture;
    set_up(&fixture);
    const struct fields fields = { time_text, "sha256", digest_text, NULL };
    struct occ_timestamp_facts facts;
    struct occ_error err = { .code = OCC_OK };
    assert_int_equal(verify(&fixture, &fields, &err, &facts), OCC_OK);
    assert_int_equal(err.code, OCC_OK);
    assert_true(facts.trusted);
    assert_int_equal(facts.gen_time_ms, time_ms);
    occ_timestamp_roots_free(fixture.roots);
    fixture.roots = NULL;
    assert_int_equal(verify(&fixture, &fields, &err, &facts), OCC_OK);
    assert_false(facts.trusted);
    tear_down(&fixture);
}

static void
test_fields(void **state)
{
    (void)state;
    struct fixture fixture;
    set_up(&fixture);
    static const struct {
        struct fields fields;
        enum occ_err code;
        const char *sentence;
    } cases[] = {
        { { "2026-03-21T17:30:54Z", "sha256", digest_text, NULL },
          OCC_ERR_TIMESTAMP_FIELDS,
          "timestamps.artifact.time: 2026-03-21T17:30:54Z, the token's genTime is 2026-03-21T17:30:53.000Z" },
        { { "2026-03-21T17:30:53.001Z", "sha256", digest_text, NULL },
          OCC_ERR_TIMESTAMP_FIELDS,
          "timestamps.artifact.time: 2026-03-21T17:30:53.001Z, the token's genTime is 2026-03-21T17:30:53.000Z" },
        { { "2026-03-21T19:30:53+02:00", "sha256", digest_text, NULL },
          OCC_ERR_TIMESTAMP_FIELDS,
          "timestamps.artifact.time: \"2026-03-21T19:30:53+02:00\" is not an ISO 8601 time in UTC" },
        { { "Sat Mar 21 2026", "sha256", digest_text, NULL },
          OCC_ERR_TIMESTAMP_FIELDS,
          "timestamps.artifact.time: \"Sat Mar 21 2026\" is not an ISO 8601 time in UTC" },
        { { time_text, "sha512", digest_text, NULL },
          OCC_ERR_TIMESTAMP_FIELDS,
          "timestamps.artifact.digestAlg: \"sha512\", the token says \"sha256\"" },
        { { time_text, "SHA256", digest_text, NULL },
          OCC_ERR_TIMESTAMP_FIELDS,
          "timestamps.artifact.digestAlg: \"SHA256\", the token says \"sha256\"" },
        { { time_text, "sha256", "AQIDBAUGBwgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE=", NULL },
          OCC_ERR_TIMESTAMP_FIELDS,
          "timestamps.artifact.digestB64: not the token's imprint" },
        { { time_text, "sha256", "AQID", NULL },
          OCC_ERR_TIMESTAMP_FIELDS,
          "timestamps.artifact.digestB64: not the token's imprint" },
        { { time_text, "sha256", digest_text, "MIIB" },
          OCC_ERR_TIMESTAMP_TOKEN,
          "timestamps.artifact: the token is not CMS SignedData in DER" },
        { { time_text, "sha256", digest_text, "MIIB\\n" },
          OCC_ERR_TIMESTAMP_TOKEN,
          "timestamps.artifact.tokenB64: not canonical base64" },
        { { time_text, "sha256", digest_text, "" },
          OCC_ERR_TIMESTAMP_TOKEN,
          "timestamps.artifact: the token has 0 bytes, expected 1 to 262144" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct occ_timestamp_facts facts, untouched;
        memset(&facts, 0x5a, sizeof facts);
        memset(&untouched, 0x5a, sizeof untouched);
        struct occ_error err = { .code = OCC_OK };
        assert_int_equal(verify(&fixture, &cases[i].fields, &err, &facts), cases[i].code);
        assert_string_equal(err.text, cases[i].sentence);
        assert_int_equal(err.code, cases[i].code);
        assert_memory_equal(&facts, &untouched, sizeof facts);
    }
    tear_down(&fixture);
}

/* time may be less exact than genTime, and is then what genTime begins with. */
static void
test_fraction(void **state)
{
    (void)state;
    static const struct {
        const char *gen_time, *time;
        enum occ_err code;
    } cases[] = {
        { "20260321173053.123456Z", "2026-03-21T17:30:53Z", OCC_OK },
        { "20260321173053.123456Z", "2026-03-21T17:30:53.1Z", OCC_OK },
        { "20260321173053.123456Z", "2026-03-21T17:30:53.123Z", OCC_OK },
        { "20260321173053.123456Z", "2026-03-21T17:30:53.123456Z", OCC_OK },
        { "20260321173053.123456Z", "2026-03-21T17:30:53.123456000Z", OCC_OK },
        { "20260321173053.123456Z", "2026-03-21T17:30:53.123456+00:00", OCC_OK },
        { "20260321173053Z", "2026-03-21T17:30:53.000Z", OCC_OK },
        { "20260321173053.123456Z", "2026-03-21T17:30:53.124Z", OCC_ERR_TIMESTAMP_FIELDS },
        { "20260321173053.123456Z", "2026-03-21T17:30:53.000Z", OCC_ERR_TIMESTAMP_FIELDS },
        { "20260321173053.123456Z", "2026-03-21T17:30:53.123457Z", OCC_ERR_TIMESTAMP_FIELDS },
        { "20260321173053.123456Z", "2026-03-21T17:30:53.1234567Z", OCC_ERR_TIMESTAMP_FIELDS },
        { "20260321173053.999Z", "2026-03-21T17:30:54Z", OCC_ERR_TIMESTAMP_FIELDS },
    };
    struct fixture fixture;
    set_up(&fixture);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        memcpy(fixture.plan.gen_time, cases[i].gen_time, strlen(cases[i].gen_time) + 1);
        const struct fields fields = { cases[i].time, "sha256", digest_text, NULL };
        struct occ_timestamp_facts facts;
        if (verify(&fixture, &fields, NULL, &facts) != cases[i].code) {
            fail_msg("%s and %s", cases[i].gen_time, cases[i].time);
        }
    }
    tear_down(&fixture);
}

/* A good token about something else, though the entry says just what the token says. */
static void
test_imprint(void **state)
{
    (void)state;
    struct fixture fixture;
    set_up(&fixture);
    static const uint8_t other[64] = { 0 };
    struct occ_timestamp_facts facts;
    struct occ_error err = { .code = OCC_OK };
    fixture.plan.imprint = occ_bytes_of(other, 32);
    const struct fields fields = { time_text, "sha256", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", NULL };
    assert_int_equal(verify(&fixture, &fields, &err, &facts), OCC_ERR_TIMESTAMP_IMPRINT);
    assert_string_equal(err.text, "timestamps.artifact: the token is about another digest");
    fixture.plan.imprint = occ_bytes_of(other, 64);
    fixture.plan.imprint_algorithm = "SHA512";
    const struct fields longer = {
        time_text, "sha512",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==", NULL
    };
    assert_int_equal(verify(&fixture, &longer, &err, &facts), OCC_ERR_TIMESTAMP_IMPRINT);
    tear_down(&fixture);
}

/* The token's own refusals come through with their codes and the entry's path. */
static void
test_rules(void **state)
{
    (void)state;
    static const char *const rules[] = { "version", "other-v2", "eku-second", "swapped", "expired" };
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        struct fixture fixture;
        timestamp_plan_init(&fixture.plan, digest, time_ms);
        assert_true(timestamp_plan_break(&fixture.plan, rules[i]));
        fixture.authority = timestamp_authority_new(&fixture.plan);
        OCC_BUF_AUTO(pem, TEXT_MAX);
        timestamp_root_put(&pem, fixture.authority);
        assert_true(occ_is_ok(occ_timestamp_roots_new(occ_buf_view(&pem), NULL, &fixture.roots)));
        const struct fields fields = { time_text, "sha256", digest_text, NULL };
        struct occ_timestamp_facts facts;
        struct occ_error err = { .code = OCC_OK };
        assert_int_equal(verify(&fixture, &fields, &err, &facts), OCC_ERR_TIMESTAMP_TOKEN + (int)i);
        assert_true(occ_bytes_starts(occ_bytes_str(err.text), "timestamps.artifact: "));
        tear_down(&fixture);
    }
}

static void
test_large(void **state)
{
    (void)state;
    OCC_BUF_AUTO(text, TEXT_MAX);
    occ_buf_put_str(&text, "{\"tokenB64\":\"");
    for (size_t i = 0; i <= OCC_BASE64_LEN(OCC_LIMIT_TOKEN_LEN); i++) {
        occ_buf_put_byte(&text, 'A');
    }
    occ_buf_put_str(&text, "\"}");
    __attribute__((cleanup(occ_json_cleanup))) struct occ_json *entry = NULL;
    assert_true(occ_is_ok(occ_json_parse(occ_buf_view(&text), 8, NULL, &entry)));
    struct occ_timestamp_facts facts;
    struct occ_error err = { .code = OCC_OK };
    assert_int_equal(occ_rfc3161_verify(entry, "t", digest, NULL, &err, &facts).code, OCC_ERR_TIMESTAMP_TOKEN);
    assert_string_equal(err.text, "t.tokenB64: more than 262144 bytes");
}

/* ---- proofs of a public service ---- */

static void
check_proof(const char *file, const struct occ_timestamp_roots *roots)
{
    OCC_BUF_AUTO(text, TEXT_MAX);
    vectors_read("occ1", file, &text);
    __attribute__((cleanup(occ_json_cleanup))) struct occ_json *proof = NULL;
    assert_true(occ_is_ok(occ_json_parse(occ_buf_view(&text), 64, NULL, &proof)));
    const struct occ_json *timestamps = occ_json_get(proof, "timestamps");
    assert_non_null(timestamps);
    size_t seen = 0;
    for (struct occ_json_iter it = { 0 }; occ_json_next(timestamps, &it); seen++) {
        uint8_t said[OCC_SHA256_LEN];
        size_t len = 0;
        const struct occ_bytes digest_b64 = occ_json_string(occ_json_get(it.value, "digestB64"));
        assert_true(occ_is_ok(occ_base64_decode(digest_b64, sizeof said, said, &len)));
        if (occ_bytes_is(it.name, "artifact")) {
            const struct occ_json *artifact = occ_json_get(proof, "artifact");
            assert_true(occ_bytes_equal(digest_b64, occ_json_string(occ_json_get(artifact, "digestB64"))));
        }
        struct occ_timestamp_facts facts;
        struct occ_error err = { .code = OCC_OK };
        if (!occ_is_ok(occ_rfc3161_verify(it.value, "timestamps", said, roots, &err, &facts))) {
            fail_msg("%s: %s", file, err.text);
        }
        assert_true(facts.trusted);
        said[0] ^= 1;
        assert_int_equal(occ_rfc3161_verify(it.value, "timestamps", said, roots, &err, &facts).code,
                         OCC_ERR_TIMESTAMP_IMPRINT);
    }
    assert_true(seen > 0);
}

static void
test_vectors(void **state)
{
    (void)state;
    vectors_needed("occ1");
    OCC_BUF_AUTO(pem, TEXT_MAX);
    vectors_read("rfc3161", "freetsa-certs.pem", &pem);
    struct occ_timestamp_roots *roots = NULL;
    assert_true(occ_is_ok(occ_timestamp_roots_new(occ_buf_view(&pem), NULL, &roots)));
    check_proof("tee-webauthn.json", roots);
    check_proof("tee-direct.json", roots);
    check_proof("tee-policy.json", roots);
    occ_timestamp_roots_free(roots);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),    cmocka_unit_test(test_fields), cmocka_unit_test(test_fraction),
        cmocka_unit_test(test_imprint), cmocka_unit_test(test_rules),  cmocka_unit_test(test_large),
        cmocka_unit_test(test_vectors),
    };
    return cmocka_run_group_tests_name("evidence.rfc3161", tests, NULL, NULL);
}
