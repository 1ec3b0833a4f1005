/* agency.c — who asks for a commit: good ones get through, a challenge works once, and no refusal moves a counter. */
#include "unit/boundary/issue.h"
#include "unit/evidence/device.h"

#include "codec/canonical.h"
#include "evidence/actor.h"

#define DIGEST_B64 "jYl9NHJP0VcRVh6OMEIU5VAGva6cu5kdrnPrlNr/RnU="
#define PURPOSE "occ/commit-authorize/v1"

static const char *const rp_ids[] = { "example.com", "example.net" };
static const char *const origins[] = { "https://example.com" };

struct fixture {
    struct parent parent;
    struct device device;
};

enum webauthn { NO_WEBAUTHN, STRONG_ONLY, COMPAT };

static void
start(struct fixture *fixture, enum webauthn webauthn)
{
    fixture->device = device_new();
    struct occ_gate_config config = world_config(&fixture->parent.world);
    if (webauthn != NO_WEBAUTHN) {
        config.rules.rp_ids = (struct occ_webauthn_names){ rp_ids, 2 };
        config.rules.origins = (struct occ_webauthn_names){ origins, 1 };
        config.rules.webauthn_compat = webauthn == COMPAT;
    }
    parent_begin_with(&fixture->parent, &config);
}

static void
stop(struct fixture *fixture)
{
    parent_end(&fixture->parent);
    device_free(&fixture->device);
}

/* ---- agencies ---- */

/* What an authorization says; what is left away is as a good one has it. */
struct says {
    const char *challenge; /* base64 */
    const char *artifact_hash, *purpose, *key_id;
    const char *timestamp; /* JSON */
    const char *more;      /* further members that are signed: ",\"a\":1", or NULL */
    const char *unsigned_; /* and that are not */
    const char *origin;    /* of the WebAuthn forms */
    const char *actor;     /* further members of actor */
    const char *top;       /* of the agency itself */
};

struct text {
    char text[8192];
};

static const char * or (const char *value, const char *fallback)
{
    return value == NULL ? fallback : value;
}

static void
put_b64(struct occ_buf *buf, struct occ_bytes bytes)
{
    occ_base64_put(buf, bytes);
}

static struct text
put_together(const struct fixture *fixture, const struct says *says, struct occ_bytes members,
             struct device_signature signature)
{
    OCC_BUF_AUTO(buf, 8192);
    occ_buf_put_format(
        &buf, "{\"actor\":{\"provider\":\"passkey\",\"algorithm\":\"ES256\",\"keyId\":\"%s\"%s,\"publicKeyB64\":\"",
        or (says->key_id, fixture->device.key_id), or (says->actor, ""));
    put_b64(&buf, occ_bytes_of(fixture->device.spki, sizeof fixture->device.spki));
    occ_buf_put_str(&buf, "\"},\"authorization\":{");
    occ_buf_put(&buf, members);
    occ_buf_put_str(&buf, or (says->unsigned_, ""));
    occ_buf_put_str(&buf, ",\"signatureB64\":\"");
    put_b64(&buf, occ_bytes_of(signature.bytes, signature.len));
    occ_buf_put_format(&buf, "\"}%s}", or (says->top, ""));
    assert_int_equal(occ_buf_check(&buf).code, OCC_OK);
    struct text text = { "" };
    memcpy(text.text, buf.ptr, buf.len);
    return text;
}

/* The members of a direct authorization, signed in canonical form. */
static struct text
direct(const struct fixture *fixture, const struct says *says)
{
    OCC_BUF_AUTO(members, 4096);
    occ_buf_put_format(
        &members,
        "\"purpose\":\"%s\",\"actorKeyId\":\"%s\",\"artifactHash\":\"%s\",\"challenge\":\"%s\",\"timestamp\":%s%s",
        or (says->purpose, PURPOSE), or (says->key_id, fixture->device.key_id), or (says->artifact_hash, DIGEST_B64),
        says->challenge, or (says->timestamp, "1741496392841"), or (says->more, ""));
    OCC_BUF_AUTO(object, 4096);
    occ_buf_put_format(&object, "{%.*s}", (int)members.len, (const char *)members.ptr);
    __attribute__((cleanup(occ_json_cleanup))) struct occ_json *value = NULL;
    OCC_BUF_AUTO(payload, 4096);
    if (occ_is_ok(occ_json_parse(occ_buf_view(&object), 5, NULL, &value))) {
        occ_canonical_put(&payload, value);
    }
    return put_together(fixture, says, occ_buf_view(&members), device_sign(&fixture->device, occ_buf_view(&payload)));
}

/* A WebAuthn authorization: of a nonce and the digest (strong), or of the challenge itself. */
static struct text
webauthn(const struct fixture *fixture, const struct says *says, bool strong)
{
    uint8_t challenge[32];
    size_t len = 0;
    assert_int_equal(occ_base64_decode(occ_bytes_str(says->challenge), 32, challenge, &len).code, OCC_OK);
    if (strong) {
        assert_int_equal(occ_actor_strong_challenge(occ_bytes_of(challenge, len), parent_digest, challenge).code,
                         OCC_OK);
    }
    char b64[45] = "", url[44] = "";
    occ_base64_encode(occ_bytes_of(challenge, 32), b64);
    for (size_t i = 0; i < 43; i++) {
        url[i] = b64[i] == '+' ? '-' : b64[i] == '/' ? '_' : b64[i];
    }
    OCC_BUF_AUTO(client_data, 4096);
    occ_buf_put_format(&client_data, "{\"type\":\"webauthn.get\",\"challenge\":\"%s\",\"origin\":\"%s\"}", url,
                       or (says->origin, origins[0]));
    uint8_t data[37] = { [32] = 0x05, [36] = 9 };
    occ_digest_sha256(occ_bytes_str("example.net"), data);
    const struct device_signature signature =
        device_assert(&fixture->device, occ_bytes_of(data, sizeof data), occ_buf_view(&client_data));
    OCC_BUF_AUTO(members, 8192);
    occ_buf_put_format(
        &members,
        "\"format\":\"webauthn\",\"purpose\":\"" PURPOSE
        "\",\"actorKeyId\":\"%s\",\"artifactHash\":\"%s\",\"challenge\":\"%s\",\"timestamp\":%s%s,\"clientDataJSON\":",
        fixture->device.key_id, or (says->artifact_hash, DIGEST_B64), b64, or (says->timestamp, "1741496392841"),
        or (says->more, ""));
    occ_canonical_put_string(&members, occ_buf_view(&client_data));
    occ_buf_put_str(&members, ",\"authenticatorDataB64\":\"");
    put_b64(&members, occ_bytes_of(data, sizeof data));
    occ_buf_put_byte(&members, '"');
    if (strong) {
        occ_buf_put_format(&members, ",\"nonceB64\":\"%s\"", says->challenge);
    }
    return put_together(fixture, says, occ_buf_view(&members), signature);
}

/* ---- commits ---- */

/* One digest with that agency, as the request's or the digest's own. */
static struct occ_commit_results
commit(struct fixture *fixture, const char *agency, bool own)
{
    struct occ_commit_writer writer;
    struct parent *const parent = &fixture->parent;
    occ_buf_reset(&parent->in);
    occ_commit_begin(&writer, &parent->in, 5);
    occ_commit_put_request(&writer, occ_bytes_str("a"));
    if (!own) {
        occ_commit_put_field(&writer, OCC_COMMIT_AGENCY, occ_bytes_str(agency));
    }
    occ_commit_put_digest(&writer, parent_digest);
    if (own) {
        occ_commit_put_field(&writer, OCC_COMMIT_AGENCY, occ_bytes_str(agency));
    }
    occ_commit_end(&writer);
    assert_int_equal(parent_play(parent), OCC_OK);
    return parent_results(parent, 5, 1);
}

/* It is committed, and the proof holds it: whole in the proof, its actor in the signed body (parent_check_proof). */
static void
expect_taken(struct fixture *fixture, const char *agency, uint64_t position, enum occ_actor_form form)
{
    struct occ_commit_results in = commit(fixture, agency, position % 2 == 0);
    struct occ_commit_outcome outcome = parent_expect_success(&fixture->parent, &in, position, 1);
    struct occ_commit_proof proof;
    assert_true(occ_commit_next_proof(&outcome.proofs, &proof));
    __attribute__((cleanup(occ_json_cleanup))) struct occ_json *root = NULL, *given = NULL;
    assert_int_equal(occ_json_parse(proof.text, OCC_LIMIT_JSON_DEPTH, NULL, &root).code, OCC_OK);
    assert_int_equal(occ_json_parse(occ_bytes_str(agency), OCC_LIMIT_JSON_DEPTH, NULL, &given).code, OCC_OK);
    OCC_BUF_AUTO(canonical, 8192);
    OCC_BUF_AUTO(found, 8192);
    occ_canonical_put(&canonical, given);
    occ_canonical_put(&found, occ_json_get(root, "agency"));
    assert_true(occ_bytes_equal(occ_buf_view(&canonical), occ_buf_view(&found)));
    const struct occ_actor_input input = { .agency = occ_json_get(root, "agency"), .digest = parent_digest };
    struct occ_actor_facts facts;
    struct occ_error err;
    assert_int_equal(occ_actor_verify(&input, &err, &facts).code, OCC_OK);
    assert_int_equal(facts.form, form);
}

/* It is refused with that code and sentence, and no counter has moved. */
static void
expect_refused(struct fixture *fixture, struct text agency, enum occ_err code, const char *text)
{
    for (int own = 0; own < 2; own++) {
        struct occ_commit_results in = commit(fixture, agency.text, own == 1);
        if (own == 1) { /* a challenge that was good once was used by the first try */
            struct occ_commit_outcome outcome;
            assert_int_equal(occ_commit_next_result(&in, &outcome).code, OCC_OK);
            assert_true(outcome.code == code || outcome.code == OCC_ERR_CHALLENGE_USED);
            assert_true(occ_bytes_starts(outcome.text, "digests[0].agency"));
        } else {
            parent_expect_refusal(&in, code, text);
        }
        assert_true(parent_hello(&fixture->parent).heads[0].counter == fixture->parent.counter);
    }
}

static struct text
fresh_direct(struct fixture *fixture, struct says says)
{
    const struct issued challenge = parent_challenge(&fixture->parent);
    says.challenge = challenge.ticket;
    return direct(fixture, &says);
}

static struct text
fresh_webauthn(struct fixture *fixture, struct says says, bool strong)
{
    const struct issued challenge = parent_challenge(&fixture->parent);
    says.challenge = challenge.ticket;
    return webauthn(fixture, &says, strong);
}

/* ---- tests ---- */

static void
test_taken(void **state)
{
    (void)state;
    struct fixture fixture;
    start(&fixture, COMPAT);
    expect_taken(&fixture, fresh_direct(&fixture, (struct says){ 0 }).text, 1, OCC_ACTOR_DIRECT);
    expect_taken(&fixture, fresh_direct(&fixture, (struct says){ .more = ",\"protocolVersion\":\"occ/1\"" }).text, 2,
                 OCC_ACTOR_DIRECT);
    expect_taken(&fixture, fresh_direct(&fixture, (struct says){ .timestamp = "1741496332841" }).text, 3,
                 OCC_ACTOR_DIRECT);
    expect_taken(&fixture, fresh_direct(&fixture, (struct says){ .timestamp = "1741496452841.0" }).text, 4,
                 OCC_ACTOR_DIRECT);
    expect_taken(&fixture, fresh_webauthn(&fixture, (struct says){ 0 }, true).text, 5, OCC_ACTOR_WEBAUTHN_STRONG);
    expect_taken(&fixture, fresh_webauthn(&fixture, (struct says){ 0 }, false).text, 6, OCC_ACTOR_WEBAUTHN_BARE);
    stop(&fixture);
}

/* PROTOCOL §4: a nonce never works twice, also when the commit that it came with was refused. */
static void
test_once(void **state)
{
    (void)state;
    struct fixture fixture;
    start(&fixture, STRONG_ONLY);
    const struct text good = fresh_direct(&fixture, (struct says){ 0 });
    expect_taken(&fixture, good.text, 1, OCC_ACTOR_DIRECT);
    expect_refused(&fixture, good, OCC_ERR_CHALLENGE_USED,
                   "agency.authorization.challenge: the challenge was used before");
    const struct text strong = fresh_webauthn(&fixture, (struct says){ 0 }, true);
    expect_taken(&fixture, strong.text, 2, OCC_ACTOR_WEBAUTHN_STRONG);
    expect_refused(&fixture, strong, OCC_ERR_CHALLENGE_USED,
                   "agency.authorization.nonceB64: the challenge was used before");

    /* With a commit that is refused for whatever reason, the challenge is spent. */
    struct occ_commit_writer writer;
    for (int i = 0; i < 6; i++) {
        const struct issued challenge = parent_challenge(&fixture.parent);
        const struct text agency = direct(&fixture, &(struct says){ .challenge = challenge.ticket });
        const struct text broken =
            direct(&fixture, &(struct says){ .challenge = challenge.ticket, .unsigned_ = ",\"nonceB64\":\"AA==\"" });
        struct occ_buf *const in = &fixture.parent.in;
        occ_buf_reset(in);
        occ_commit_begin(&writer, in, 5);
        occ_commit_put_request(&writer, occ_bytes_str("refused"));
        if (i == 0 || i == 1) {
            occ_commit_put_field(&writer, OCC_COMMIT_METADATA, occ_bytes_str("[]"));
        }
        if (i == 1 || i == 2 || i == 5) { /* the request's: refused with its metadata, of two digests, or given twice */
            occ_commit_put_field(&writer, OCC_COMMIT_AGENCY, occ_bytes_str(i == 5 ? "{}" : agency.text));
        }
        if (i == 5) {
            occ_commit_put_field(&writer, OCC_COMMIT_AGENCY, occ_bytes_str(agency.text));
        }
        occ_commit_put_digest(&writer, parent_digest);
        if (i == 0 || i == 3 || i == 4) {
            occ_commit_put_field(&writer, OCC_COMMIT_AGENCY, occ_bytes_str(i == 4 ? broken.text : agency.text));
        }
        if (i == 2 || i == 3) {
            occ_commit_put_digest(&writer, parent_digest);
            occ_commit_put_field(&writer, OCC_COMMIT_METADATA, occ_bytes_str("?"));
        }
        occ_commit_end(&writer);
        assert_int_equal(parent_play(&fixture.parent), OCC_OK);
        struct occ_commit_results results = parent_results(&fixture.parent, 5, 1);
        struct occ_commit_outcome outcome;
        assert_int_equal(occ_commit_next_result(&results, &outcome).code, OCC_OK);
        assert_int_not_equal(outcome.code, OCC_OK);
        expect_refused(&fixture, agency, OCC_ERR_CHALLENGE_USED,
                       "agency.authorization.challenge: the challenge was used before");
    }
    stop(&fixture);
}

/* One agency per digest in a batch; one that is bad refuses all, and names its place. */
static void
test_batch(void **state)
{
    (void)state;
    struct fixture fixture;
    start(&fixture, STRONG_ONLY);
    for (int bad = 0; bad < 2; bad++) {
        struct text agencies[3];
        for (size_t i = 0; i < 3; i++) {
            agencies[i] = fresh_direct(&fixture, (struct says){ .timestamp = bad == 1 && i == 2 ? "1" : NULL });
        }
        struct occ_commit_writer writer;
        occ_buf_reset(&fixture.parent.in);
        occ_commit_begin(&writer, &fixture.parent.in, 5);
        occ_commit_put_request(&writer, occ_bytes_str(""));
        for (size_t i = 0; i < 3; i++) {
            occ_commit_put_digest(&writer, parent_digest);
            occ_commit_put_field(&writer, OCC_COMMIT_AGENCY, occ_bytes_str(agencies[i].text));
        }
        occ_commit_end(&writer);
        assert_int_equal(parent_play(&fixture.parent), OCC_OK);
        struct occ_commit_results in = parent_results(&fixture.parent, 5, 1);
        if (bad == 0) {
            parent_expect_success(&fixture.parent, &in, 1, 3);
        } else {
            parent_expect_refusal(&in, OCC_ERR_AGENCY_TIME,
                                  "digests[2].agency.authorization.timestamp: too far behind the boundary's clock");
        }
        assert_true(parent_hello(&fixture.parent).heads[0].counter == 3);
    }
    stop(&fixture);
}

static void
test_challenge_refused(void **state)
{
    (void)state;
    struct fixture fixture;
    start(&fixture, STRONG_ONLY);
    const struct says stranger = { .challenge = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" };
    static const char unknown[] = "agency.authorization.challenge: the challenge was not issued in this epoch";
    expect_refused(&fixture, direct(&fixture, &stranger), OCC_ERR_CHALLENGE_UNKNOWN, unknown);
    expect_refused(&fixture, direct(&fixture, &(struct says){ .challenge = "x" }), OCC_ERR_CHALLENGE_UNKNOWN, unknown);
    expect_refused(&fixture, direct(&fixture, &(struct says){ .challenge = "AAAA" }), OCC_ERR_CHALLENGE_UNKNOWN,
                   unknown);
    expect_refused(&fixture, webauthn(&fixture, &stranger, true), OCC_ERR_CHALLENGE_UNKNOWN,
                   "agency.authorization.nonceB64: the challenge was not issued in this epoch");
    for (size_t at = 0; at < 43; at += 6) { /* a challenge of ours with any part changed */
        struct issued challenge = parent_challenge(&fixture.parent);
        challenge.ticket[at] = challenge.ticket[at] == 'A' ? 'B' : 'A';
        expect_refused(&fixture, direct(&fixture, &(struct says){ .challenge = challenge.ticket }),
                       OCC_ERR_CHALLENGE_UNKNOWN, unknown);
    }
    const struct text late = fresh_direct(&fixture, (struct says){ 0 });
    fixture.parent.world.uptime_ms += OCC_LIMIT_CHALLENGE_MS - 1;
    const struct text in_time = fresh_direct(&fixture, (struct says){ 0 });
    fixture.parent.world.uptime_ms++;
    expect_refused(&fixture, late, OCC_ERR_CHALLENGE_EXPIRED,
                   "agency.authorization.challenge: the challenge has expired");
    expect_taken(&fixture, in_time.text, 1, OCC_ACTOR_DIRECT);
    /* Replayed after it was forgotten: it has expired by then. */
    fixture.parent.world.uptime_ms += 10 * OCC_LIMIT_SLOT_MS;
    expect_refused(&fixture, in_time, OCC_ERR_CHALLENGE_EXPIRED, "agency.authorization.challenge: ");
    stop(&fixture);
}

static void
test_refused(void **state)
{
    (void)state;
    static const char other_digest[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    static const char zeros[] = "0000000000000000000000000000000000000000000000000000000000000000";
    static const struct {
        struct says says;
        enum occ_err code;
        const char *text;
    } cases[] = {
        { { .timestamp = "1741496332840" }, OCC_ERR_AGENCY_TIME, "agency.authorization.timestamp: too far behind" },
        { { .timestamp = "1741496452842" }, OCC_ERR_AGENCY_TIME, "agency.authorization.timestamp: too far ahead of" },
        { { .timestamp = "-1e300" }, OCC_ERR_AGENCY_TIME, "agency.authorization.timestamp: too far behind" },
        { { .timestamp = "\"1741496392841\"" },
          OCC_ERR_FIELD_TYPE,
          "agency.authorization.timestamp: a string, expected a number" },
        { { .timestamp = "null" }, OCC_ERR_FIELD_TYPE, "agency.authorization.timestamp: null, expected a number" },
        { { .timestamp = "1e999" }, OCC_ERR_JSON_NUMBER, "agency: " },
        { { .artifact_hash = other_digest },
          OCC_ERR_ACTOR_DIGEST,
          "agency: the authorization is about another artifact" },
        { { .artifact_hash = "AAAA" }, OCC_ERR_FIELD_VALUE, "agency.authorization.artifactHash: 3 bytes, expected 32" },
        { { .purpose = "occ/commit-authorize/v2" }, OCC_ERR_FIELD_VALUE, "agency.authorization.purpose: " },
        { { .key_id = zeros }, OCC_ERR_ACTOR_KEY_ID, "agency: the actor's keyId is not the SHA-256 of its public key" },
        { { .unsigned_ = ",\"protocolVersion\":\"occ/1\"" },
          OCC_ERR_ACTOR_SIGNATURE,
          "agency: actor signature verification failed" },
        { { .more = ",\"protocolVersion\":1" }, OCC_ERR_FIELD_TYPE, "agency.authorization.protocolVersion: a number" },
        { { .more = ",\"x\":1" }, OCC_ERR_FIELD_UNKNOWN, "agency.authorization.x: an unknown field" },
        { { .unsigned_ = ",\"clientDataJSON\":\"{}\"" },
          OCC_ERR_FIELD_UNKNOWN,
          "agency.authorization.clientDataJSON: an unknown field" },
        { { .unsigned_ = ",\"format\":\"webauthn\"" },
          OCC_ERR_FIELD_MISSING,
          "agency.authorization.clientDataJSON: missing" },
        { { .actor = ",\"name\":\"x\"" }, OCC_ERR_FIELD_UNKNOWN, "agency.actor.name: an unknown field" },
        { { .actor = ",\"0\":\"x\"" }, OCC_ERR_FIELD_UNKNOWN, "agency.actor.0: an unknown field" },
        { { .actor = ",\"keyId\":\"x\"" }, OCC_ERR_JSON_DUPLICATE, "agency: " },
        { { .top = ",\"batchContext\":{\"batchSize\":1,\"batchIndex\":0,\"batchDigests\":[\"" DIGEST_B64 "\"]}" },
          OCC_ERR_FIELD_UNKNOWN,
          "agency.batchContext: an unknown field" },
    };
    struct fixture fixture;
    start(&fixture, STRONG_ONLY);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        expect_refused(&fixture, fresh_direct(&fixture, cases[i].says), cases[i].code, cases[i].text);
    }
    static const char *const not_agencies[] = { "[]", "null", "{}", "{\"actor\":{}}",
                                                "{\"actor\":1,\"authorization\":[]}" };
    for (size_t i = 0; i < 5; i++) {
        struct text text = { "" };
        snprintf(text.text, sizeof text.text, "%s", not_agencies[i]);
        expect_refused(&fixture, text, i < 2 || i == 4 ? OCC_ERR_FIELD_TYPE : OCC_ERR_FIELD_MISSING, "agency");
    }
    expect_taken(&fixture, fresh_direct(&fixture, (struct says){ 0 }).text, 1, OCC_ACTOR_DIRECT);
    stop(&fixture);
}

static void
test_webauthn_refused(void **state)
{
    (void)state;
    struct fixture fixture;
    start(&fixture, NO_WEBAUTHN);
    expect_refused(&fixture, fresh_webauthn(&fixture, (struct says){ 0 }, true), OCC_ERR_FIELD_VALUE,
                   "agency.authorization.format: the boundary was given no --rp-id and --origin");
    stop(&fixture);
    start(&fixture, STRONG_ONLY);
    expect_refused(&fixture, fresh_webauthn(&fixture, (struct says){ 0 }, false), OCC_ERR_AGENCY_BARE,
                   "agency.authorization.nonceB64: missing, so the authorization does not cover the digest");
    expect_refused(&fixture, fresh_webauthn(&fixture, (struct says){ .origin = "https://example.org" }, true),
                   OCC_ERR_WEBAUTHN_ORIGIN, "agency");
    expect_refused(&fixture, fresh_webauthn(&fixture, (struct says){ .timestamp = "\"1\"" }, true), OCC_ERR_FIELD_TYPE,
                   "agency.authorization.timestamp: ");
    expect_refused(&fixture, fresh_webauthn(&fixture, (struct says){ .timestamp = "1" }, true), OCC_ERR_AGENCY_TIME,
                   "agency.authorization.timestamp: ");
    expect_refused(&fixture, fresh_webauthn(&fixture, (struct says){ .more = ",\"protocolVersion\":\"1\"" }, true),
                   OCC_ERR_FIELD_UNKNOWN, "agency.authorization.protocolVersion: an unknown field");
    expect_refused(&fixture,
                   fresh_webauthn(&fixture,
                                  (struct says){ .artifact_hash = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" },
                                  true),
                   OCC_ERR_ACTOR_DIGEST, "agency: ");
    stop(&fixture);
}

/* P-256 only, whatever the key claims. */
static void
test_other_curves(void **state)
{
    (void)state;
    struct fixture fixture;
    start(&fixture, STRONG_ONLY);
    static const char *const spkis[] = {
        /* a P-384 key, its beginning */
        "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEqofKIr6LBTeOscce8yCtdG4dO2KLp5uYWfdB4IJUKjhVAvJdv1UpbDpUXjhydgq3NhfeSpYmLG9dnp"
        "i/"
        "kpLcKfj0Hb0omhR86doxE7XwuMAKYLHOHX6BnXpDHXyQ6g5f",
        "AAAA",
    };
    for (size_t i = 0; i < 2; i++) {
        struct text agency = fresh_direct(&fixture, (struct says){ 0 });
        char own[200] = "";
        occ_base64_encode(occ_bytes_of(fixture.device.spki, sizeof fixture.device.spki), own);
        char *const at = strstr(agency.text, own);
        assert_non_null(at);
        struct text other = { "" };
        snprintf(other.text, sizeof other.text, "%.*s%s%s", (int)(at - agency.text), agency.text, spkis[i],
                 at + strlen(own));
        expect_refused(&fixture, other, OCC_ERR_ACTOR_KEY, "agency.actor.publicKeyB64: expected a P-256 key");
    }
    stop(&fixture);
}

/* A value of the longest that there is, and one byte more. */
static void
test_long(void **state)
{
    (void)state;
    struct fixture fixture;
    start(&fixture, STRONG_ONLY);
    static char flood[8 * OCC_LIMIT_VALUE_LEN + 2];
    memset(flood, ' ', sizeof flood - 1);
    struct occ_commit_results in = commit(&fixture, flood, true);
    parent_expect_refusal(&in, OCC_ERR_LIMIT, "digests[0].agency: 131073 bytes of JSON text");
    struct text agency = fresh_direct(&fixture, (struct says){ 0 });
    static char text[2 * OCC_LIMIT_VALUE_LEN];
    static char provider[OCC_LIMIT_VALUE_LEN + 1];
    memset(provider, 'p', OCC_LIMIT_VALUE_LEN);
    char *const at = strstr(agency.text, "passkey");
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - agency.text), agency.text, provider, at + 7);
    in = commit(&fixture, text, true);
    parent_expect_refusal(&in, OCC_ERR_FIELD_LENGTH, "digests[0].agency: more than 16384 bytes of canonical JSON");
    agency = fresh_direct(&fixture, (struct says){ 0 });
    const size_t fits = OCC_LIMIT_VALUE_LEN - (strlen(agency.text) - 7);
    char *const place = strstr(agency.text, "passkey");
    snprintf(text, sizeof text, "%.*s%.*s%s", (int)(place - agency.text), agency.text, (int)fits, provider, place + 7);
    in = commit(&fixture, text, true);
    parent_expect_success(&fixture.parent, &in, 1, 1);
    stop(&fixture);
}

/* No room to remember a challenge as used: the commit is refused, for now, and the challenge is not spent. */
static void
test_spent_is_full(void **state)
{
    (void)state;
    struct fixture fixture;
    start(&fixture, STRONG_ONLY);
    struct occ_tickets tickets = { .spent.count_max = 1, .uptime_ms = 1 };
    assert_int_equal(occ_mac_new(world_random, &fixture.parent.world, &tickets.mac).code, OCC_OK);
    static const struct occ_agency_rules rules;
    const struct occ_agency_scope scope = { .rules = &rules, .tickets = &tickets, .now_ms = 1741496392841 };
    struct text agencies[2];
    for (uint8_t i = 0; i < 2; i++) {
        const uint8_t random[OCC_TICKET_RANDOM_LEN] = { i };
        uint8_t challenge[OCC_TICKET_CHALLENGE_LEN];
        char b64[45] = "";
        occ_ticket_put_challenge(&tickets, random, challenge);
        occ_base64_encode(occ_bytes_of(challenge, sizeof challenge), b64);
        agencies[i] = direct(&fixture, &(struct says){ .challenge = b64 });
    }
    OCC_BUF_AUTO(values, 1 << 16);
    struct occ_error err;
    struct occ_agency_place actor;
    struct occ_agency_input input = { .digest = parent_digest, .prefix = "p." };
    const enum occ_err codes[] = { OCC_OK, OCC_ERR_BUSY, OCC_ERR_BUSY };
    for (size_t i = 0; i < 3; i++) {
        input.text = occ_bytes_str(agencies[i == 0 ? 0 : 1].text);
        assert_int_equal(occ_agency_take(&scope, &input, &err, &values, &actor).code, codes[i]);
    }
    assert_string_equal(err.text, "p.agency.authorization.challenge: too many challenges were used just now");
    tickets.uptime_ms += OCC_LIMIT_CHALLENGE_MS - 1; /* the other one's slice is not over: it may yet be replayed */
    assert_int_equal(occ_agency_take(&scope, &input, &err, &values, &actor).code, OCC_ERR_BUSY);
    tickets.spent.count_max = 2;
    const size_t begin = values.len;
    assert_int_equal(occ_agency_take(&scope, &input, &err, &values, &actor).code, OCC_OK);
    assert_true(occ_bytes_starts(occ_bytes_of(values.ptr + begin + actor.at, actor.len), "{\"algorithm\":\"ES256\""));
    assert_int_equal(values.ptr[begin + actor.at + actor.len - 1], '}');
    occ_spent_clear(&tickets.spent);
    occ_mac_free(tickets.mac);
    stop(&fixture);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_taken),         cmocka_unit_test(test_once),
        cmocka_unit_test(test_batch),         cmocka_unit_test(test_challenge_refused),
        cmocka_unit_test(test_refused),       cmocka_unit_test(test_webauthn_refused),
        cmocka_unit_test(test_other_curves),  cmocka_unit_test(test_long),
        cmocka_unit_test(test_spent_is_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
