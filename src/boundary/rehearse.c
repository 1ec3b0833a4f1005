/* rehearse.c — everything once, before it counts and while files may still be opened. */
#include "boundary/gate.h"

#include "crypto/secret.h"
#include "wire/commit.h"
#include "wire/frame.h"
#include "wire/hello.h"
#include "wire/issue.h"
#include "wire/link.h"

enum { MEMBERS = 500 }; /* enough for the libraries' paths for many members (a sort that asks for the memory's size) */

static uint64_t
some_time(void *ctx)
{
    (void)ctx;
    return 1;
}

static void
some_random(void *ctx, void *ret, size_t len)
{
    (void)ctx;
    occ_secret_random(ret, len);
}

/* ---- a play: frames for a gate, and the payload of its last answer ---- */

struct play {
    struct occ_gate *gate;
    struct occ_buf in;
    struct occ_outbox out;
    struct occ_frame answer; /* the newest; a view into out */
};

static void
play_cleanup(struct play *play)
{
    occ_outbox_clear(&play->out);
    occ_gate_free(play->gate);
    occ_buf_clear(&play->in);
}

/* Gives the gate all that is in play->in; the last of its answers is one of that type. */
static struct occ_result
run(struct play *play, enum occ_frame_type type)
{
    OCC_TRY(occ_buf_check(&play->in));
    for (size_t done = 0, used = 0; done < play->in.len; done += used) {
        occ_outbox_clear(&play->out);
        const struct occ_bytes rest = occ_bytes_of(play->in.ptr + done, play->in.len - done);
        OCC_TRY(occ_gate_handle(play->gate, rest, &used, &play->out));
        OCC_ENSURE(used > 0, OCC_ERR_INTERNAL);
    }
    occ_buf_reset(&play->in);
    size_t used = 0;
    OCC_TRY(occ_frame_next(occ_outbox_next(&play->out), &play->answer, &used));
    OCC_ENSURE(used > 0 && play->answer.type == type, OCC_ERR_INTERNAL);
    return occ_success();
}

static struct occ_result
begin(struct play *play, const struct occ_gate_config *common, struct occ_error *err)
{
    static const uint8_t no_binary[32];
    struct occ_gate_config config = *common;
    OCC_TRY(occ_signer_software_new(config.random, config.ctx, err, &config.signer));
    occ_attester_none(no_binary, &config.attester);
    OCC_TRY(occ_gate_new(&config, err, &play->gate));
    const struct occ_hello hello = { .min_version = OCC_WIRE_VERSION, .max_version = OCC_WIRE_VERSION };
    occ_gate_begin_session(play->gate);
    occ_hello_put(&play->in, &hello);
    return run(play, OCC_FRAME_HELLO_OK);
}

/* ---- what is played ---- */

/* An object with many names, every kind of value, and a number with a fraction. */
static void
put_metadata(struct occ_buf *buf)
{
    occ_buf_put_str(buf, "{\"all\":[null,true,false,\"\\u00e9\",1.5e-7,1e21,{}]");
    for (unsigned i = 0; i < MEMBERS; i++) {
        occ_buf_put_format(buf, ",\"n%u\":%u", i, i);
    }
    occ_buf_put_byte(buf, '}');
}

/* Between two quotes at a known place: a challenge or slotId in the JSON text that it was given out in. */
static struct occ_bytes
ticket_in(struct occ_bytes text)
{
    const uint8_t *const begin = memchr(text.ptr, ':', text.len);
    if (begin == NULL || (size_t)(begin - text.ptr) + 2 > text.len) {
        return occ_bytes_of(NULL, 0);
    }
    const size_t left = text.len - (size_t)(begin + 2 - text.ptr);
    const uint8_t *const end = memchr(begin + 2, '"', left);
    return end == NULL ? occ_bytes_of(NULL, 0) : occ_bytes_of(begin + 2, (size_t)(end - begin - 2));
}

/* Asks for a ticket and copies it. */
static struct occ_result
issue(struct play *play, enum occ_issue what, struct occ_buf *ret)
{
    const struct occ_issue_request request = { .what = what };
    struct occ_issue_answer answer;
    occ_issue_put(&play->in, 1, &request);
    OCC_TRY(run(play, OCC_FRAME_ISSUED));
    OCC_TRY(occ_issue_read_answer(play->answer.payload, &answer));
    OCC_ENSURE(answer.code == OCC_OK, answer.code);
    occ_buf_put(ret, ticket_in(answer.text));
    OCC_ENSURE(ret->len > 0, OCC_ERR_INTERNAL);
    return occ_success();
}

/*
 * An agency that is sound in all but its signature, which is of the right form: key, curve, hash and signature are looked
 * up and used as for a good one. The key is P-256's base point (FIPS 186-4), the digest zeros, the time that of some_time.
 */
static void
put_agency(struct occ_buf *buf, struct occ_bytes challenge)
{
    static const char id[] = "5cd252fb0ce8932436faf8ccd1040981b89ee4ad6b9fe9e2a2b7e71aacb27cd3";
    occ_buf_put_format(buf,
                       "{\"actor\":{\"algorithm\":\"ES256\",\"keyId\":\"%s\",\"provider\":\"none\",\"publicKeyB64\":"
                       "\"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/"
                       "hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==\"},\"authorization\":{\"purpose\":"
                       "\"occ/commit-authorize/v1\",\"actorKeyId\":\"%s\",\"timestamp\":1,\"artifactHash\":"
                       "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\",\"signatureB64\":\"MAYCAQECAQE=\","
                       "\"challenge\":\"",
                       id, id);
    occ_buf_put(buf, challenge);
    occ_buf_put_str(buf, "\"}}");
}

/* The next of the results: refused with that code, or (OCC_OK) one proof. *ret_proof is its text. */
static struct occ_result
expect(struct occ_commit_results *in, enum occ_err code, struct occ_commit_proof *ret_proof)
{
    struct occ_commit_outcome outcome;
    OCC_TRY(occ_commit_next_result(in, &outcome));
    OCC_ENSURE(outcome.code == code, outcome.code == OCC_OK ? OCC_ERR_INTERNAL : outcome.code);
    OCC_ENSURE(code != OCC_OK || occ_commit_next_proof(&outcome.proofs, ret_proof), OCC_ERR_INTERNAL);
    return occ_success();
}

/* A commit with everything, one that is malformed, and one whose actor did not sign. *ret_proof: view into play->out. */
static struct occ_result
commit(struct play *play, struct occ_bytes *ret_proof)
{
    static const uint8_t digest[32];
    OCC_BUF_AUTO(challenge, 1024);
    OCC_BUF_AUTO(slot, 1024);
    OCC_BUF_AUTO(metadata, OCC_LIMIT_VALUE_LEN);
    OCC_BUF_AUTO(agency, OCC_LIMIT_VALUE_LEN);
    OCC_TRY(issue(play, OCC_ISSUE_CHALLENGE, &challenge));
    OCC_TRY(issue(play, OCC_ISSUE_SLOT, &slot));
    put_metadata(&metadata);
    put_agency(&agency, occ_buf_view(&challenge));
    OCC_TRY(occ_buf_check(&metadata));
    OCC_TRY(occ_buf_check(&agency));
    struct occ_commit_writer writer;
    occ_commit_begin(&writer, &play->in, 1);
    occ_commit_put_request(&writer, occ_bytes_str("good"));
    occ_commit_put_field(&writer, OCC_COMMIT_METADATA, occ_buf_view(&metadata));
    occ_commit_put_field(&writer, OCC_COMMIT_ATTRIBUTION, occ_buf_view(&metadata));
    occ_commit_put_digest(&writer, digest);
    occ_commit_put_field(&writer, OCC_COMMIT_SLOT, occ_buf_view(&slot));
    occ_commit_put_request(&writer, occ_bytes_str("malformed"));
    occ_commit_put_field(&writer, OCC_COMMIT_METADATA, occ_bytes_str("{\"a\":1,\"a\":"));
    occ_commit_put_digest(&writer, digest);
    occ_commit_put_request(&writer, occ_bytes_str("not signed"));
    occ_commit_put_field(&writer, OCC_COMMIT_AGENCY, occ_buf_view(&agency));
    occ_commit_put_digest(&writer, digest);
    occ_commit_end(&writer);
    OCC_TRY(run(play, OCC_FRAME_RESULT));

    struct occ_commit_results in;
    struct occ_commit_proof proof = { 0 };
    OCC_TRY(occ_commit_read_results(play->answer.payload, &in));
    OCC_TRY(expect(&in, OCC_OK, &proof));
    OCC_TRY(expect(&in, OCC_ERR_JSON_DUPLICATE, &proof));
    OCC_TRY(expect(&in, OCC_ERR_ACTOR_SIGNATURE, &proof));
    *ret_proof = proof.text;
    return occ_success();
}

/* A second epoch goes on from the first one's proof. */
static struct occ_result
link_to(struct play *play, struct occ_bytes proof)
{
    struct occ_link_writer writer;
    occ_link_begin(&writer, &play->in, 1);
    occ_link_put(&writer, occ_bytes_of(NULL, 0), proof);
    occ_link_end(&writer);
    OCC_TRY(run(play, OCC_FRAME_LINKED));
    enum occ_err code = OCC_OK;
    struct occ_bytes text;
    OCC_TRY(occ_link_read_answer(play->answer.payload, &code, &text));
    return occ_result_of(code);
}

#define PLAY_INIT \
    { \
        .in = OCC_BUF_INIT(OCC_LIMIT_FRAME_LEN), .out = OCC_OUTBOX_INIT(OCC_LIMIT_FRAME_LEN) \
    }

static struct occ_result
play_all(const struct occ_gate_config *config, struct occ_error *err)
{
    __attribute__((cleanup(play_cleanup))) struct play first = PLAY_INIT, second = PLAY_INIT;
    struct occ_bytes proof;
    OCC_TRY(begin(&first, config, err));
    OCC_TRY(commit(&first, &proof));
    OCC_TRY(begin(&second, config, err));
    OCC_TRY(link_to(&second, proof));
    return commit(&second, &proof);
}

struct occ_result
occ_gate_rehearse(OCC_RESULT (*check_predecessor)(void *ctx, const struct occ_json *proof, struct occ_error *err),
                  void *ctx, struct occ_error *err)
{
    const struct occ_gate_config config = {
        .now_ms = some_time,
        .uptime_ms = some_time,
        .random = some_random,
        .check_predecessor = check_predecessor,
        .ctx = ctx,
    };
    struct occ_error why = { .code = OCC_OK };
    const struct occ_result played = play_all(&config, &why);
    if (!occ_is_ok(played)) {
        return occ_error_set(err, played.code, "the trial commit failed: %s",
                             why.code == OCC_OK ? occ_result_text(played.code) : why.text);
    }
    return occ_success();
}
