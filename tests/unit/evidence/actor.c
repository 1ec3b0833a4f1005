/*
 * tests/unit/evidence/actor.c — src/evidence/actor.c: authorizations signed here by OpenSSL over text written out by hand,
 * the genuine one of the public vectors, and one case per refusal.
 */
#include "evidence/actor.h"

#include "unit/evidence/device.h"
#include "unit/proof/support.h"

#define OTHER_DIGEST_B64 KEY_B64
#define RP_ID "example.org"
#define ORIGIN "https://example.org"
#define BARE_CHALLENGE_B64 "+/+/+/+/+/+/+/+/+/+/+w=="
#define BARE_CHALLENGE_URL "-_-_-_-_-_-_-_-_-_-_-w"
#define PURPOSE "\"purpose\":\"occ/commit-authorize/v1\""

/* One agency as text: its members, to be put together, and the signature's. */
struct agency {
    char text[8192];
};

static struct device device;
static struct device other_device;
static uint8_t digest[OCC_SHA256_LEN];
static uint8_t other_digest[OCC_SHA256_LEN];

static void
decode_32(const char *text, uint8_t ret[OCC_SHA256_LEN])
{
    size_t len = 0;
    assert_true(occ_is_ok(occ_base64_decode(occ_bytes_str(text), OCC_SHA256_LEN, ret, &len)));
    assert_int_equal(len, OCC_SHA256_LEN);
}

static int
set_up(void **state)
{
    (void)state;
    device = device_new();
    other_device = device_new();
    decode_32(DIGEST_B64, digest);
    decode_32(OTHER_DIGEST_B64, other_digest);
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    device_free(&other_device);
    device_free(&device);
    return 0;
}

static void
put_b64(struct occ_buf *buf, const char *name, struct occ_bytes bytes)
{
    occ_buf_put_format(buf, "\"%s\":\"", name);
    occ_base64_put(buf, bytes);
    occ_buf_put_byte(buf, '"');
}

/* The agency with these members of authorization (behind actorKeyId) and this signature; batch is "" or ",\"batchContext\":…". */
static struct agency
put_together(const char *members, const struct device_signature *signature, const char *batch)
{
    OCC_BUF_AUTO(buf, sizeof(struct agency));
    occ_buf_put_format(&buf, "{\"actor\":{\"algorithm\":\"ES256\",\"provider\":\"passkey\",\"keyId\":\"%s\",",
                       device.key_id);
    put_b64(&buf, "publicKeyB64", occ_bytes_of(device.spki, sizeof device.spki));
    occ_buf_put_format(&buf, "},\"authorization\":{\"actorKeyId\":\"%s\",%s,", device.key_id, members);
    put_b64(&buf, "signatureB64", occ_bytes_of(signature->bytes, signature->len));
    occ_buf_put_format(&buf, "}%s}", batch);
    occ_buf_put_byte(&buf, 0);
    assert_true(occ_is_ok(occ_buf_check(&buf)));
    struct agency agency;
    memcpy(agency.text, buf.ptr, buf.len);
    return agency;
}

/* A direct authorization of DIGEST_B64. between: members between challenge and purpose, with a comma behind, or "". */
static struct agency
direct(const char *between, const char *batch)
{
    OCC_BUF_AUTO(payload, 4096);
    occ_buf_put_format(&payload,
                       "{\"actorKeyId\":\"%s\",\"artifactHash\":\"" DIGEST_B64 "\",\"challenge\":\"" NONCE_B64
                       "\",%s" PURPOSE ",\"timestamp\":1741496392841.5}",
                       device.key_id, between);
    const struct device_signature signature = device_sign(&device, occ_buf_view(&payload));
    OCC_BUF_AUTO(members, 4096); /* in another order: the signature covers the canonical form */
    occ_buf_put_format(&members,
                       PURPOSE ",%s\"timestamp\":1741496392841.50,\"challenge\":\"" NONCE_B64
                               "\",\"artifactHash\":\"" DIGEST_B64 "\"",
                       between);
    occ_buf_put_byte(&members, 0);
    return put_together((const char *)members.ptr, &signature, batch);
}

/* A WebAuthn authorization of DIGEST_B64. nonce: "" or "\"nonceB64\":…,". */
static struct agency
webauthn(const char *format, const char *challenge_b64, const char *challenge_url, const char *nonce, const char *batch)
{
    OCC_BUF_AUTO(client_data, 4096);
    occ_buf_put_format(&client_data, "{\"type\":\"webauthn.get\",\"challenge\":\"%s\",\"origin\":\"" ORIGIN "\"}",
                       challenge_url);
    uint8_t data[37] = { [32] = 0x05, [36] = 9 };
    occ_digest_sha256(occ_bytes_str(RP_ID), data);
    const struct device_signature signature =
        device_assert(&device, occ_bytes_of(data, sizeof data), occ_buf_view(&client_data));
    OCC_BUF_AUTO(members, 8192);
    occ_buf_put_format(&members,
                       PURPOSE ",\"timestamp\":1741496392841,\"artifactHash\":\"" DIGEST_B64
                               "\",\"format\":\"%s\",%s\"challenge\":\"%s\",\"clientDataJSON\":",
                       format, nonce, challenge_b64);
    occ_canonical_put_string(&members, occ_buf_view(&client_data));
    occ_buf_put_byte(&members, ',');
    put_b64(&members, "authenticatorDataB64", occ_bytes_of(data, sizeof data));
    occ_buf_put_byte(&members, 0);
    return put_together((const char *)members.ptr, &signature, batch);
}

static struct agency
bare(const char *batch)
{
    return webauthn("webauthn", BARE_CHALLENGE_B64, BARE_CHALLENGE_URL, "", batch);
}

/* The strong form with a nonce of len bytes 0x22. */
static struct agency
strong_of(size_t len, const char *batch)
{
    uint8_t bytes[128];
    memset(bytes, 0x22, sizeof bytes);
    /* PROTOCOL §4, put together once more */
    OCC_BUF_AUTO(input, 256);
    occ_buf_put_str(&input, "occ/webauthn-challenge/v1");
    occ_buf_put_byte(&input, 0);
    occ_buf_put(&input, occ_bytes_of(bytes, len));
    occ_buf_put(&input, occ_bytes_of(digest, sizeof digest));
    uint8_t challenge[OCC_SHA256_LEN];
    occ_digest_sha256(occ_buf_view(&input), challenge);

    OCC_BUF_AUTO(nonce, 512);
    put_b64(&nonce, "nonceB64", occ_bytes_of(bytes, len));
    occ_buf_put_byte(&nonce, ',');
    occ_buf_put_byte(&nonce, 0);
    char b64[45] = "";
    char url[44] = "";
    occ_base64_encode(occ_bytes_of(challenge, sizeof challenge), b64);
    for (size_t i = 0; i < 43; i++) {
        const char letter = b64[i];
        url[i] = letter == '+' ? '-' : letter == '/' ? '_' : letter;
    }
    return webauthn("webauthn.get", b64, url, (const char *)nonce.ptr, batch);
}

static struct agency
strong(const char *batch)
{
    return strong_of(32, batch);
}

struct outcome {
    struct occ_result result;
    struct occ_error err;
    struct occ_actor_facts facts;
};

static const char *const rp_names[] = { RP_ID };
static const char *const origin_names[] = { ORIGIN };

static struct outcome
verify_for(const char *agency, const uint8_t artifact[OCC_SHA256_LEN])
{
    struct occ_json *root = parse_json(agency);
    const struct occ_actor_input input = {
        .agency = root,
        .digest = artifact,
        .rp_ids = { rp_names, 1 },
        .origins = { origin_names, 1 },
    };
    struct outcome outcome = { .facts = { .batch_size = 4711 } };
    outcome.result = occ_actor_verify(&input, &outcome.err, &outcome.facts);
    if (!occ_is_ok(outcome.result)) {
        assert_int_equal(outcome.facts.batch_size, 4711); /* untouched on failure */
        assert_int_equal(outcome.err.code, outcome.result.code);
    }
    occ_json_free(root);
    return outcome;
}

static struct outcome
assert_sound(const struct agency *agency, const uint8_t artifact[OCC_SHA256_LEN], enum occ_actor_form form)
{
    const struct outcome outcome = verify_for(agency->text, artifact);
    assert_string_equal(outcome.err.text, "");
    assert_int_equal(outcome.result.code, OCC_OK);
    assert_int_equal(outcome.facts.form, form);
    return outcome;
}

/* ---- what is sound ---- */

static void
test_direct(void **state)
{
    (void)state;
    struct agency agency = direct("", "");
    const struct outcome outcome = assert_sound(&agency, digest, OCC_ACTOR_DIRECT);
    assert_true(outcome.facts.covers_digest);
    assert_false(outcome.facts.first_of_batch);
    assert_true(outcome.facts.timestamp_ms == 1741496392841.5);
    assert_int_equal(outcome.facts.batch_size, 0);

    /* protocolVersion is signed if it is there, as the value that it is */
    static const char *const versions[] = { "\"protocolVersion\":\"occ/1\",", "\"protocolVersion\":{\"a\":[1,null]}," };
    for (size_t i = 0; i < 2; i++) {
        agency = direct(versions[i], "");
        assert_sound(&agency, digest, OCC_ACTOR_DIRECT);
        char *without = replace(agency.text, versions[i], "");
        assert_int_equal(verify_for(without, digest).result.code, OCC_ERR_ACTOR_SIGNATURE);
        free(without);
    }
    /* a member that nobody knows is not */
    agency = direct("", "");
    char *more = replace(agency.text, PURPOSE, PURPOSE ",\"later\":[]");
    assert_int_equal(verify_for(more, digest).result.code, OCC_OK);
    free(more);
}

static void
test_high_s(void **state)
{
    (void)state;
    const struct agency agency = direct("", "");
    const char *at = strstr(agency.text, "\"signatureB64\":\"");
    assert_non_null(at);
    at += strlen("\"signatureB64\":\"");
    struct device_signature signature;
    const size_t text_len = strcspn(at, "\"");
    assert_true(occ_is_ok(
        occ_base64_decode(occ_bytes_of(at, text_len), sizeof signature.bytes, signature.bytes, &signature.len)));
    const struct device_signature other = device_other_s(signature);
    char from[128] = "";
    char to[128] = "";
    occ_base64_encode(occ_bytes_of(signature.bytes, signature.len), from);
    occ_base64_encode(occ_bytes_of(other.bytes, other.len), to);
    char *text = replace(agency.text, from, to);
    assert_int_equal(verify_for(text, digest).result.code, OCC_OK);
    free(text);
}

static void
test_webauthn(void **state)
{
    (void)state;
    struct agency agency = strong("");
    struct outcome outcome = assert_sound(&agency, digest, OCC_ACTOR_WEBAUTHN_STRONG);
    assert_true(outcome.facts.covers_digest);
    assert_string_equal(outcome.facts.webauthn.rp_id, RP_ID);
    assert_string_equal(outcome.facts.webauthn.origin, ORIGIN);
    assert_int_equal(outcome.facts.webauthn.sign_count, 9);

    agency = bare("");
    outcome = assert_sound(&agency, digest, OCC_ACTOR_WEBAUTHN_BARE);
    assert_false(outcome.facts.covers_digest);
    assert_false(outcome.facts.first_of_batch);
    assert_true(outcome.facts.timestamp_ms == 1741496392841.0);

    /* the nonce taken away: what remains is the bare form, and says so */
    agency = strong("");
    char *downgraded = replace(agency.text, "\"nonceB64\"", "\"nonce\"");
    outcome = verify_for(downgraded, digest);
    assert_int_equal(outcome.result.code, OCC_OK);
    assert_int_equal(outcome.facts.form, OCC_ACTOR_WEBAUTHN_BARE);
    assert_false(outcome.facts.covers_digest);
    free(downgraded);
}

static void
test_strong_nonces(void **state)
{
    (void)state;
    static const struct {
        size_t len;
        enum occ_err code;
    } cases[] = { { 0, OCC_ERR_WEBAUTHN_NONCE },  { 15, OCC_ERR_WEBAUTHN_NONCE }, { 16, OCC_OK }, { 64, OCC_OK },
                  { 65, OCC_ERR_WEBAUTHN_NONCE }, { 96, OCC_ERR_WEBAUTHN_NONCE } };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct agency agency = strong_of(cases[i].len, "");
        assert_int_equal(verify_for(agency.text, digest).result.code, cases[i].code);
    }
    static const struct {
        const char *find, *with;
    } changes[] = {
        { "\"nonceB64\":\"I", "\"nonceB64\":\"J" },
        { "\"nonceB64\":", "\"nonceB64\":null,\"x\":" },
        { "\"nonceB64\":\"", "\"nonceB64\":\" " },
    };
    const struct agency agency = strong("");
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        char *text = replace(agency.text, changes[i].find, changes[i].with);
        assert_int_equal(verify_for(text, digest).result.code, OCC_ERR_WEBAUTHN_NONCE);
        free(text);
    }
}

/* SHA-256 of the text, made by another tool. */
static void
test_strong_challenge(void **state)
{
    (void)state;
    uint8_t nonce[65];
    uint8_t challenge[OCC_SHA256_LEN];
    memset(nonce, 0x22, sizeof nonce);
    assert_true(occ_is_ok(occ_actor_strong_challenge(occ_bytes_of(nonce, 32), digest, challenge)));
    assert_hex(occ_bytes_of(challenge, sizeof challenge),
               "1635d82db17b65494dda2ec95f2fd8ad34e6378dbcf16c817f93d844f6e8ee03");
    assert_int_equal(occ_actor_strong_challenge(occ_bytes_of(nonce, 15), digest, challenge).code, OCC_ERR_LIMIT);
    assert_int_equal(occ_actor_strong_challenge(occ_bytes_of(nonce, 65), digest, challenge).code, OCC_ERR_LIMIT);
}

/* ---- refusals ---- */

struct change {
    const char *find, *with;
    enum occ_err code;
};

static void
assert_changes(const struct agency *agency, const struct change *changes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char *text = replace(agency->text, changes[i].find, changes[i].with);
        const struct outcome outcome = verify_for(text, digest);
        if (outcome.result.code != changes[i].code) {
            fail_msg("%s: %s", changes[i].with, occ_result_name(outcome.result.code));
        }
        free(text);
    }
}

static void
test_common_refusals(void **state)
{
    (void)state;
    static const struct change changes[] = {
        /* the key: another encoding of 91 bytes, another length, a point off the curve */
        { "MFkw", "MFkx", OCC_ERR_ACTOR_KEY },
        { "MFkw", "MFkwMFkw", OCC_ERR_ACTOR_KEY },
        { "\"publicKeyB64\":", "\"publicKeyB64\":\"AAAA\",\"x\":", OCC_ERR_ACTOR_KEY },
        { "\"publicKeyB64\":",
          "\"publicKeyB64\":\"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE0wXI/CC6P8WBRHbC2EFZsKdswKVSRKuPhcgDZYNx19VmVGSuYS"
          "MPmgpOCN7n31o9R95KU78c3tBgtSrklqeEbA==\",\"x\":",
          OCC_ERR_ACTOR_KEY },
        /* another person's key, under this id */
        { "\"publicKeyB64\":",
          "\"publicKeyB64\":\"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE0wXI/CC6P8WBRHbC2EFZsKdswKVSRKuPhcgDZYNx19VmVGSuYS"
          "MPmgpOCN7n31o9R95KU78c3tBgtSrklqeEaw==\",\"x\":",
          OCC_ERR_ACTOR_KEY_ID },
        { "\"keyId\":", "\"keyId\":\"" HEX_64 "\",\"x\":", OCC_ERR_ACTOR_KEY_ID },
        { "\"actorKeyId\":", "\"actorKeyId\":\"" HEX_64 "\",\"x\":", OCC_ERR_ACTOR_MISMATCH },
        { "\"artifactHash\":\"" DIGEST_B64, "\"artifactHash\":\"" OTHER_DIGEST_B64, OCC_ERR_ACTOR_DIGEST },
        { "\"signatureB64\":", "\"signatureB64\":\"MAAA\",\"x\":", OCC_ERR_ACTOR_SIGNATURE },
        { "\"signatureB64\":", "\"signatureB64\":\"" ZERO_SIGNATURE "\",\"x\":", OCC_ERR_ACTOR_SIGNATURE },
        { "\"signatureB64\":",
          "\"signatureB64\":\"" ZERO_SIGNATURE "AAAA"
          "\",\"x\":",
          OCC_ERR_ACTOR_SIGNATURE },
        { PURPOSE, PURPOSE ",\"format\":\"webauthn.create\"", OCC_ERR_UNSUPPORTED },
        { PURPOSE, PURPOSE ",\"format\":\"Webauthn\"", OCC_ERR_UNSUPPORTED },
        { PURPOSE, PURPOSE ",\"format\":\"direct\"", OCC_ERR_UNSUPPORTED },
    };
    const struct agency agency = direct("", "");
    assert_changes(&agency, changes, sizeof changes / sizeof changes[0]);
    const struct outcome outcome = verify_for(agency.text, other_digest);
    assert_int_equal(outcome.result.code, OCC_ERR_ACTOR_DIGEST);
}

/* Each signed member changed in turn, and the signature of another device. */
static void
test_direct_refusals(void **state)
{
    (void)state;
    static const struct change changes[] = {
        { "\"challenge\":\"" NONCE_B64, "\"challenge\":\"" DIGEST_B64, OCC_ERR_ACTOR_SIGNATURE },
        { "1741496392841.50", "1741496392841.25", OCC_ERR_ACTOR_SIGNATURE },
        { "1741496392841.50", "\"1741496392841.5\"", OCC_ERR_ACTOR_SIGNATURE },
        { "commit-authorize/v1", "commit-authorize/v2", OCC_ERR_ACTOR_SIGNATURE },
        { "\"protocolVersion\":1", "\"protocolVersion\":\"1\"", OCC_ERR_ACTOR_SIGNATURE },
        { "\"protocolVersion\":1", "\"protocolVersion\":1.0", OCC_OK },
        { "\"protocolVersion\":1,", "", OCC_ERR_ACTOR_SIGNATURE },
    };
    const struct agency agency = direct("\"protocolVersion\":1,", "");
    assert_changes(&agency, changes, sizeof changes / sizeof changes[0]);

    const struct device mine = device;
    device = other_device; /* all but the signature is the other's */
    const struct agency others = direct("", "");
    device = mine;
    char ours[128] = "";
    char theirs[128] = "";
    occ_base64_encode(occ_bytes_of(mine.spki, sizeof mine.spki), ours);
    occ_base64_encode(occ_bytes_of(other_device.spki, sizeof other_device.spki), theirs);
    char *key = replace(others.text, theirs, ours);
    char *id = replace(key, other_device.key_id, mine.key_id);
    char *both = replace(id, other_device.key_id, mine.key_id);
    assert_int_equal(verify_for(both, digest).result.code, OCC_ERR_ACTOR_SIGNATURE);
    free(both);
    free(id);
    free(key);
}

static void
test_webauthn_refusals(void **state)
{
    (void)state;
    static const struct change changes[] = {
        { "\"challenge\":\"" BARE_CHALLENGE_B64, "\"challenge\":\"" BARE_CHALLENGE_URL, OCC_ERR_WEBAUTHN_CHALLENGE },
        { "\"challenge\":\"" BARE_CHALLENGE_B64, "\"challenge\":\"" DIGEST_B64, OCC_ERR_WEBAUTHN_CHALLENGE },
        { "\"challenge\":\"" BARE_CHALLENGE_B64, "\"challenge\":\"", OCC_ERR_WEBAUTHN_CHALLENGE },
        { "\"clientDataJSON\":", "\"x\":", OCC_ERR_WEBAUTHN_CLIENT_DATA },
        { "\"clientDataJSON\":", "\"clientDataJSON\":{},\"x\":", OCC_ERR_WEBAUTHN_CLIENT_DATA },
        { "\"clientDataJSON\":", "\"clientDataJSON\":\"\",\"x\":", OCC_ERR_WEBAUTHN_CLIENT_DATA },
        { "webauthn.get\\\"", "webauthn.git\\\"", OCC_ERR_WEBAUTHN_TYPE },
        { "\"authenticatorDataB64\":", "\"x\":", OCC_ERR_WEBAUTHN_AUTHENTICATOR_DATA },
        { "\"authenticatorDataB64\":", "\"authenticatorDataB64\":1,\"x\":", OCC_ERR_WEBAUTHN_AUTHENTICATOR_DATA },
        { "\"authenticatorDataB64\":", "\"authenticatorDataB64\":\"AA\",\"x\":", OCC_ERR_WEBAUTHN_AUTHENTICATOR_DATA },
        { "\"authenticatorDataB64\":\"", "\"authenticatorDataB64\":\"AAAA", OCC_ERR_WEBAUTHN_RP_ID },
        { "https://example.org", "http://example.org", OCC_ERR_WEBAUTHN_ORIGIN },
        { "\\\"}\"", "\\\"} \"", OCC_ERR_ACTOR_SIGNATURE },          /* a space behind the object in clientDataJSON */
        { "\"format\":\"webauthn\",", "", OCC_ERR_ACTOR_SIGNATURE }, /* then it would be a direct one */
        { "\"format\":\"webauthn\"", "\"format\":\"webauthn.get\"", OCC_OK },
        { "\"timestamp\":1741496392841", "\"timestamp\":0", OCC_OK }, /* not signed in this form */
    };
    const struct agency agency = bare("");
    assert_changes(&agency, changes, sizeof changes / sizeof changes[0]);
    assert_int_equal(verify_for(agency.text, other_digest).result.code, OCC_ERR_ACTOR_DIGEST);

    /* the strong form is for one digest: artifactHash and proof changed alike do not help */
    const struct agency bound = strong("");
    char *moved = replace(bound.text, "\"artifactHash\":\"" DIGEST_B64, "\"artifactHash\":\"" OTHER_DIGEST_B64);
    assert_int_equal(verify_for(moved, other_digest).result.code, OCC_ERR_WEBAUTHN_NONCE);
    free(moved);
    /* in the bare form they do: that is why it covers no digest */
    char *swapped = replace(agency.text, "\"artifactHash\":\"" DIGEST_B64, "\"artifactHash\":\"" OTHER_DIGEST_B64);
    const struct outcome outcome = verify_for(swapped, other_digest);
    assert_int_equal(outcome.result.code, OCC_OK);
    assert_false(outcome.facts.covers_digest);
    free(swapped);
}

/* ---- a peer's batch ---- */

#define BATCH(size, index, digests) \
    ",\"batchContext\":{\"batchSize\":" size ",\"batchIndex\":" index ",\"batchDigests\":" digests "}"
#define TWO "[\"" DIGEST_B64 "\",\"" OTHER_DIGEST_B64 "\"]"
#define THREE "[\"" DIGEST_B64 "\",\"" NONCE_B64 "\",\"" OTHER_DIGEST_B64 "\"]"

static void
test_batch(void **state)
{
    (void)state;
    static const struct {
        const char *batch;
        const uint8_t *artifact;
        size_t index, size;
        bool covers;
    } cases[] = {
        { BATCH("2", "0", TWO), digest, 0, 2, true },
        { BATCH("2", "1", TWO), other_digest, 1, 2, false },
        { BATCH("3", "2", THREE), other_digest, 2, 3, false },
        { BATCH("1", "0", "[\"" DIGEST_B64 "\"]"), digest, 0, 1, true },
        { BATCH("2", "1", "[\"" DIGEST_B64 "\",\"" DIGEST_B64 "\"]"), digest, 1, 2, true }, /* the same bytes */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct agency agencies[] = { direct("", cases[i].batch), strong(cases[i].batch), bare(cases[i].batch) };
        for (size_t form = 0; form < 3; form++) {
            const struct outcome outcome = assert_sound(&agencies[form], cases[i].artifact, (enum occ_actor_form)form);
            assert_true(outcome.facts.first_of_batch);
            assert_int_equal(outcome.facts.batch_index, cases[i].index);
            assert_int_equal(outcome.facts.batch_size, cases[i].size);
            assert_int_equal(outcome.facts.covers_digest, cases[i].covers && form != OCC_ACTOR_WEBAUTHN_BARE);
        }
    }
}

static void
test_batch_refusals(void **state)
{
    (void)state;
    static const char *const batches[] = {
        ",\"batchContext\":null",
        ",\"batchContext\":[]",
        ",\"batchContext\":{}",
        ",\"batchContext\":{\"batchSize\":2,\"batchIndex\":1}",
        ",\"batchContext\":{\"batchSize\":2,\"batchDigests\":" TWO "}",
        ",\"batchContext\":{\"batchIndex\":1,\"batchDigests\":" TWO "}",
        BATCH("2", "1", "{}"),
        BATCH("0", "0", "[]"),
        BATCH("3", "1", TWO),
        BATCH("1", "1", TWO),
        BATCH("\"2\"", "1", TWO),
        BATCH("2.5", "1", TWO),
        BATCH("2", "\"1\"", TWO),
        BATCH("2", "0.5", TWO),
        BATCH("2", "-1", TWO),
        BATCH("2", "2", TWO),
        BATCH("2", "1e300", TWO),
        BATCH("2", "0", TWO), /* the digest there is not the artifact's */
        BATCH("2", "1", "[\"" OTHER_DIGEST_B64 "\",\"" OTHER_DIGEST_B64 "\"]"), /* the first is not authorized */
        BATCH("2", "1", "[\"" OTHER_DIGEST_B64 "\",\"" DIGEST_B64 "\"]"),
        BATCH("3", "2", "[\"" DIGEST_B64 "\",\"AAAA\",\"" OTHER_DIGEST_B64 "\"]"),
        BATCH("3", "2", "[\"" DIGEST_B64 "\",7,\"" OTHER_DIGEST_B64 "\"]"),
    };
    for (size_t i = 0; i < sizeof batches / sizeof batches[0]; i++) {
        const struct agency agency = direct("", batches[i]);
        const struct outcome outcome = verify_for(agency.text, other_digest);
        if (outcome.result.code != OCC_ERR_ACTOR_BATCH) {
            fail_msg("%s: %s", batches[i], occ_result_name(outcome.result.code));
        }
    }
    /* what is malformed is refused for the first one, too */
    const struct agency agency = direct("", BATCH("3", "0", TWO));
    assert_int_equal(verify_for(agency.text, digest).result.code, OCC_ERR_ACTOR_BATCH);
}

static void
test_long_batch(void **state)
{
    (void)state;
    for (unsigned over = 0; over < 2; over++) {
        const unsigned size = OCC_LIMIT_AGENCY_BATCH + over;
        const struct agency agency = direct("", "@");
        OCC_BUF_AUTO(batch, 1 << 20);
        occ_buf_put_format(&batch, ",\"batchContext\":{\"batchSize\":%u,\"batchIndex\":%u,\"batchDigests\":[", size,
                           size - 1);
        for (unsigned i = 0; i < size; i++) {
            occ_buf_put_str(&batch, i == 0 ? "\"" DIGEST_B64 "\"" : ",\"" DIGEST_B64 "\"");
        }
        occ_buf_put_str(&batch, "]}");
        occ_buf_put_byte(&batch, 0);
        char *text = replace(agency.text, "@", (const char *)batch.ptr);
        const struct outcome outcome = verify_for(text, digest);
        assert_int_equal(outcome.result.code, over == 0 ? OCC_OK : OCC_ERR_ACTOR_BATCH);
        free(text);
    }
}

/* ---- the genuine one ---- */

#define GENUINE_RP_ID "www.proofstudio.xyz"
#define GENUINE_ORIGIN "https://www.proofstudio.xyz"

static struct outcome
verify_genuine(const struct occ_json *proof, const char *rp_id, const char *origin)
{
    uint8_t artifact[OCC_SHA256_LEN];
    size_t len = 0;
    const struct occ_bytes text = occ_json_string(occ_json_get(occ_json_get(proof, "artifact"), "digestB64"));
    assert_true(occ_is_ok(occ_base64_decode(text, sizeof artifact, artifact, &len)));
    const struct occ_actor_input input = {
        .agency = occ_json_get(proof, "agency"),
        .digest = artifact,
        .rp_ids = { &rp_id, 1 },
        .origins = { &origin, 1 },
    };
    struct outcome outcome = { .facts = { 0 } };
    outcome.result = occ_actor_verify(&input, &outcome.err, &outcome.facts);
    return outcome;
}

static void
test_genuine(void **state)
{
    (void)state;
    char *text = read_vector("occ1/tee-webauthn.json");
    struct occ_json *proof = parse_json(text);
    const struct outcome outcome = verify_genuine(proof, GENUINE_RP_ID, GENUINE_ORIGIN);
    assert_string_equal(outcome.err.text, "");
    assert_int_equal(outcome.facts.form, OCC_ACTOR_WEBAUTHN_BARE);
    assert_false(outcome.facts.covers_digest || outcome.facts.first_of_batch || outcome.facts.webauthn.cross_origin);
    assert_true(outcome.facts.webauthn.backup_eligible && outcome.facts.webauthn.backed_up);
    assert_string_equal(outcome.facts.webauthn.origin, GENUINE_ORIGIN);
    assert_int_equal(verify_genuine(proof, "proofstudio.xyz", GENUINE_ORIGIN).result.code, OCC_ERR_WEBAUTHN_RP_ID);
    assert_int_equal(verify_genuine(proof, GENUINE_RP_ID, "https://proofstudio.xyz").result.code,
                     OCC_ERR_WEBAUTHN_ORIGIN);
    occ_json_free(proof);
    free(text);
}

/* Flips each bit of part, which belongs to the assertion, and sees that none is accepted. */
static void
flip_each(const struct occ_webauthn_assertion *assertion, const struct occ_ecdsa_key *key, uint8_t *part, size_t len)
{
    const struct occ_webauthn_names any = { NULL, 0 };
    for (size_t i = 0; i < len; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            struct occ_webauthn_facts facts;
            part[i] = (uint8_t)(part[i] ^ (1u << bit));
            assert_int_not_equal(occ_webauthn_verify(assertion, key, &any, &any, NULL, &facts).code, OCC_OK);
            part[i] = (uint8_t)(part[i] ^ (1u << bit));
        }
    }
}

static struct occ_bytes
decode_into(const struct occ_json *object, const char *name, uint8_t *bytes, size_t cap)
{
    size_t len = 0;
    assert_true(occ_is_ok(occ_base64_decode(occ_json_string(occ_json_get(object, name)), cap, bytes, &len)));
    return occ_bytes_of(bytes, len);
}

static void
test_genuine_flipped(void **state)
{
    (void)state;
    char *text = read_vector("occ1/tee-webauthn.json");
    struct occ_json *proof = parse_json(text);
    const struct occ_json *agency = occ_json_get(proof, "agency");
    const struct occ_json *authorization = occ_json_get(agency, "authorization");
    uint8_t spki[128];
    uint8_t client_data[512];
    uint8_t data[64];
    uint8_t signature[80];
    uint8_t challenge[64];
    struct occ_ecdsa_key *key = NULL;
    const struct occ_bytes der = decode_into(occ_json_get(agency, "actor"), "publicKeyB64", spki, sizeof spki);
    assert_true(occ_is_ok(occ_ecdsa_key_from_spki(OCC_ES256, der, &key)));
    const struct occ_bytes json = occ_json_string(occ_json_get(authorization, "clientDataJSON"));
    assert_in_range(json.len, 1, sizeof client_data);
    memcpy(client_data, json.ptr, json.len);
    const struct occ_webauthn_assertion assertion = {
        .client_data = occ_bytes_of(client_data, json.len),
        .authenticator_data = decode_into(authorization, "authenticatorDataB64", data, sizeof data),
        .signature = decode_into(authorization, "signatureB64", signature, sizeof signature),
        .challenge = decode_into(authorization, "challenge", challenge, sizeof challenge),
    };
    const struct occ_webauthn_names any = { NULL, 0 };
    struct occ_webauthn_facts facts;
    assert_true(occ_is_ok(occ_webauthn_verify(&assertion, key, &any, &any, NULL, &facts)));
    flip_each(&assertion, key, client_data, assertion.client_data.len);
    flip_each(&assertion, key, data, assertion.authenticator_data.len);
    flip_each(&assertion, key, signature, assertion.signature.len);
    flip_each(&assertion, key, challenge, assertion.challenge.len);
    occ_ecdsa_key_free(key);
    occ_json_free(proof);
    free(text);
}

static void
test_names(void **state)
{
    (void)state;
    assert_string_equal(occ_actor_form_name(OCC_ACTOR_DIRECT), "direct");
    assert_string_equal(occ_actor_form_name(OCC_ACTOR_WEBAUTHN_STRONG), "webauthn-strong");
    assert_string_equal(occ_actor_form_name(OCC_ACTOR_WEBAUTHN_BARE), "webauthn-bare");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_direct),
        cmocka_unit_test(test_high_s),
        cmocka_unit_test(test_webauthn),
        cmocka_unit_test(test_strong_nonces),
        cmocka_unit_test(test_strong_challenge),
        cmocka_unit_test(test_common_refusals),
        cmocka_unit_test(test_direct_refusals),
        cmocka_unit_test(test_webauthn_refusals),
        cmocka_unit_test(test_batch),
        cmocka_unit_test(test_batch_refusals),
        cmocka_unit_test(test_long_batch),
        cmocka_unit_test(test_genuine),
        cmocka_unit_test(test_genuine_flipped),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests_name("evidence.actor", tests, set_up, tear_down);
}
