/* Tests of src/cli/upgrade.c, on a genuine proof of another server with a genuine timestamp. */
#include "cli/upgrade.h"
#include "base/limits.h"
#include "codec/canonical.h"
#include "unit/codec/vectors.h"

enum { TEXT_MAX = 1 << 20 };

struct fixture {
    struct occ_json *whole, *bare; /* the proof; and without its timestamps */
    struct occ_buf text, bare_text;
    struct occ_verifier *verifier, *trusting;
};

static bool
is_timestamps(void *ctx, struct occ_bytes name)
{
    (void)ctx;
    return occ_bytes_is(name, "timestamps");
}

static struct occ_json *
parse(struct occ_bytes text)
{
    struct occ_json *root = NULL;
    struct occ_error err = { 0 };
    if (!occ_is_ok(occ_json_parse(text, OCC_LIMIT_JSON_DEPTH, &err, &root))) {
        fail_msg("%s", err.text);
    }
    return root;
}

/* text with its first from replaced; the caller's. */
static struct occ_json *
changed(struct occ_bytes text, const char *from, const char *to)
{
    const uint8_t *at = memmem(text.ptr, text.len, from, strlen(from));
    assert_non_null(at);
    OCC_BUF_AUTO(buf, TEXT_MAX);
    occ_buf_put(&buf, occ_bytes_of(text.ptr, (size_t)(at - text.ptr)));
    occ_buf_put_str(&buf, to);
    at += strlen(from);
    occ_buf_put(&buf, occ_bytes_of(at, (size_t)(text.ptr + text.len - at)));
    return parse(occ_buf_view(&buf));
}

static int
setup(void **state)
{
    static struct fixture fixture;
    *state = &fixture;
    vectors_needed("occ1");
    OCC_BUF_AUTO(file, TEXT_MAX);
    OCC_BUF_AUTO(roots, TEXT_MAX);
    vectors_read("occ1", "tee-webauthn.json", &file);
    vectors_read("rfc3161", "freetsa-certs.pem", &roots);
    fixture = (struct fixture){ .text = OCC_BUF_INIT(TEXT_MAX), .bare_text = OCC_BUF_INIT(TEXT_MAX) };
    fixture.whole = parse(occ_buf_view(&file));
    occ_canonical_put(&fixture.text, fixture.whole);
    occ_canonical_put_without(&fixture.bare_text, fixture.whole, is_timestamps, NULL);
    fixture.bare = parse(occ_buf_view(&fixture.bare_text));
    const struct occ_verifier_options options = { .size = sizeof options,
                                                  .tsa_roots = roots.ptr,
                                                  .tsa_roots_len = roots.len };
    assert_int_equal(occ_verifier_new(NULL, &fixture.verifier), OCC_OK);
    assert_int_equal(occ_verifier_new(&options, &fixture.trusting), OCC_OK);
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *fixture = *state;
    occ_json_free(fixture->whole);
    occ_json_free(fixture->bare);
    occ_buf_clear(&fixture->text);
    occ_buf_clear(&fixture->bare_text);
    occ_verifier_free(fixture->verifier);
    occ_verifier_free(fixture->trusting);
    return 0;
}

/* The code of upgrading ours from theirs, which must leave buf untouched if it fails. */
static enum occ_err
take(const struct occ_upgrade_rules *rules, const struct occ_json *ours, const struct occ_json *theirs,
     struct occ_buf *buf, unsigned *ret_has)
{
    struct occ_upgrade upgrade;
    struct occ_error err = { 0 };
    struct occ_result result = occ_upgrade_begin(rules, ours, &err, &upgrade);
    if (occ_is_ok(result)) {
        result = occ_upgrade_take(rules, &upgrade, theirs, &err, buf, ret_has);
    }
    assert_true(occ_is_ok(result) || (buf->len == 0 && err.text[0] != '\0'));
    return result.code;
}

static void
test_what_is_new_is_taken(void **state)
{
    const struct fixture *fixture = *state;
    const struct occ_upgrade_rules lax = { .verifier = fixture->verifier };
    const struct occ_upgrade_rules strict = { .verifier = fixture->trusting, .only_trusted = true };
    for (size_t i = 0; i < 2; i++) {
        OCC_BUF_AUTO(buf, TEXT_MAX);
        unsigned has = 0;
        assert_int_equal(take(i == 0 ? &lax : &strict, fixture->bare, fixture->whole, &buf, &has), OCC_OK);
        assert_int_equal(has, OCC_UPGRADE_ARTIFACT);
        assert_true(occ_bytes_equal(occ_buf_view(&buf), occ_buf_view(&fixture->text)));
    }
}

static void
test_nothing_new(void **state)
{
    const struct fixture *fixture = *state;
    const struct occ_upgrade_rules rules = { .verifier = fixture->verifier };
    OCC_BUF_AUTO(buf, TEXT_MAX);
    unsigned has = 9;
    assert_int_equal(take(&rules, fixture->bare, fixture->bare, &buf, &has), OCC_OK);
    assert_int_equal(has, 0);
    assert_int_equal(take(&rules, fixture->whole, fixture->bare, &buf, &has), OCC_OK);
    assert_int_equal(has, OCC_UPGRADE_ARTIFACT);
    assert_int_equal(take(&rules, fixture->whole, fixture->whole, &buf, &has), OCC_OK);
    assert_int_equal(has, OCC_UPGRADE_ARTIFACT);
    assert_int_equal(buf.len, 0);
}

static void
test_what_is_refused(void **state)
{
    const struct fixture *fixture = *state;
    static const struct {
        const char *from, *to;
        enum occ_err code;
    } theirs[] = {
        /* another proof */
        { "\"commit\":{", "\"commit\":{\"a\":1,", OCC_ERR_NOT_FOUND },
        { "\"version\":\"occ/1\"", "\"version\":\"occ/2\"", OCC_ERR_NOT_FOUND },
        /* the same, and yet not: what is not signed */
        { "\"version\":\"occ/1\"", "\"version\":\"occ/1\",\"w\":1", OCC_ERR_PROOF_STRUCTURE },
        { "\"signatureB64\":\"", "\"signatureB64\":\"AAAA", OCC_ERR_PROOF_STRUCTURE },
        /* a token that is none, or about something else */
        { "\"tokenB64\":\"", "\"tokenB64\":\"AAAA", OCC_ERR_TIMESTAMP_TOKEN },
        { "\"timestamps\":{\"artifact\":", "\"timestamps\":{\"proof\":", OCC_ERR_TIMESTAMP_IMPRINT },
        { "\"time\":\"2026-03-13T02:25:13", "\"time\":\"2026-03-13T02:25:14", OCC_ERR_TIMESTAMP_FIELDS },
    };
    const struct occ_upgrade_rules rules = { .verifier = fixture->verifier };
    for (size_t i = 0; i < sizeof theirs / sizeof theirs[0]; i++) {
        struct occ_json *other = changed(occ_buf_view(&fixture->text), theirs[i].from, theirs[i].to);
        OCC_BUF_AUTO(buf, TEXT_MAX);
        unsigned has = 9;
        const enum occ_err code = take(&rules, fixture->bare, other, &buf, &has);
        if (code != theirs[i].code) {
            fail_msg("%s: %s, expected %s", theirs[i].to, occ_result_name(code), occ_result_name(theirs[i].code));
        }
        assert_int_equal(has, 9);
        occ_json_free(other);
    }
}

static void
test_whose_they_are(void **state)
{
    const struct fixture *fixture = *state;
    const struct occ_upgrade_rules rules = { .verifier = fixture->verifier, .only_trusted = true };
    OCC_BUF_AUTO(buf, TEXT_MAX);
    unsigned has = 0;
    assert_int_equal(take(&rules, fixture->bare, fixture->whole, &buf, &has), OCC_ERR_TIMESTAMP_UNTRUSTED);
}

static void
test_ours_must_be_valid(void **state)
{
    const struct fixture *fixture = *state;
    const struct occ_upgrade_rules rules = { .verifier = fixture->verifier };
    struct occ_json *ours = changed(occ_buf_view(&fixture->bare_text), "\"counter\":\"", "\"counter\":\"9");
    OCC_BUF_AUTO(buf, TEXT_MAX);
    unsigned has = 0;
    assert_int_equal(take(&rules, ours, fixture->whole, &buf, &has), OCC_ERR_SIGNATURE);
    occ_json_free(ours);
}

/* What stands beside the known ones is somebody's own: kept. */
static void
test_other_members_of_timestamps(void **state)
{
    const struct fixture *fixture = *state;
    const struct occ_upgrade_rules rules = { .verifier = fixture->verifier };
    struct occ_json *ours = changed(occ_buf_view(&fixture->bare_text), "\"version\":\"occ/1\"",
                                    "\"timestamps\":{\"note\":\"mine\"},\"version\":\"occ/1\"");
    OCC_BUF_AUTO(buf, TEXT_MAX);
    unsigned has = 0;
    assert_int_equal(take(&rules, ours, fixture->whole, &buf, &has), OCC_OK);
    assert_int_equal(has, OCC_UPGRADE_ARTIFACT);
    assert_non_null(memmem(buf.ptr, buf.len, "\"note\":\"mine\"},\"version\"", 24));
    occ_json_free(ours);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_new_is_taken), cmocka_unit_test(test_nothing_new),
        cmocka_unit_test(test_what_is_refused),      cmocka_unit_test(test_whose_they_are),
        cmocka_unit_test(test_ours_must_be_valid),   cmocka_unit_test(test_other_members_of_timestamps),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
