/*
 * round.c — requests on different chains are signed in lanes. The same script is played to gates whose lanes take turns, take turns
 * backwards, run in threads, or are not there: all of them give the same bytes.
 */
#include "unit/boundary/issue.h"

#include <pthread.h>

#include "base/base64.h"
#include "boundary/round.h"

enum { CHAINS = 4, FRAMES = 40, REQUESTS = 24, MEMO = 16384, LANES_MAX = 16 };

static const struct occ_bytes chain_ids[] = { { (const uint8_t *)"a", 1 },
                                              { (const uint8_t *)"b", 1 },
                                              { (const uint8_t *)"c", 1 } };

/* ---- a signer for several threads ---- */

/* The same message has the same signature in all gates, whoever signs: not every library sees to that. */
static struct {
    pthread_mutex_t lock;
    size_t count;
    struct {
        uint8_t digest[OCC_SHA256_LEN], signature[OCC_ED25519_SIGNATURE_LEN];
    } list[MEMO];
} memo = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* Faults by what is signed: a message that holds such a digest. */
struct scribe {
    struct world *world;
    const char *fails_with, *lies_with; /* part of a message; NULL = never */
};

static bool
holds(struct occ_bytes message, const char *part)
{
    return part != NULL && memmem(message.ptr, message.len, part, strlen(part)) != NULL;
}

static struct occ_result
scribe_sign(void *ctx, struct occ_bytes message, uint8_t ret_signature[OCC_ED25519_SIGNATURE_LEN])
{
    const struct scribe *const scribe = ctx;
    uint8_t digest[OCC_SHA256_LEN];
    OCC_ENSURE(!holds(message, scribe->fails_with), OCC_ERR_TOKEN);
    occ_digest_sha256(message, digest);
    assert_int_equal(pthread_mutex_lock(&memo.lock), 0);
    size_t at = 0;
    while (at < memo.count && memcmp(memo.list[at].digest, digest, sizeof digest) != 0) {
        at++;
    }
    if (at == memo.count) {
        assert_true(memo.count < MEMO);
        memo.count++;
        memcpy(memo.list[at].digest, digest, sizeof digest);
        const struct occ_signer *const real = &scribe->world->real;
        assert_int_equal(real->sign(real->ctx, message, memo.list[at].signature).code, OCC_OK);
    }
    memcpy(ret_signature, memo.list[at].signature, OCC_ED25519_SIGNATURE_LEN);
    assert_int_equal(pthread_mutex_unlock(&memo.lock), 0);
    ret_signature[0] ^= holds(message, scribe->lies_with) ? 1 : 0;
    return occ_success();
}

static void
scribe_free(void *ctx)
{
    occ_signer_clear(&((struct scribe *)ctx)->world->real);
}

/* ---- who runs the lanes ---- */

/* How often lanes were run at all: a test of them that never comes there says nothing. */
struct runner {
    unsigned runs;
};

static void
run_forward(void *ctx, void (*job)(void *arg, size_t index), void *arg, size_t count)
{
    ((struct runner *)ctx)->runs++;
    for (size_t i = 0; i < count; i++) {
        job(arg, i);
    }
}

static void
run_backward(void *ctx, void (*job)(void *arg, size_t index), void *arg, size_t count)
{
    ((struct runner *)ctx)->runs++;
    for (size_t i = count; i > 0; i--) {
        job(arg, i - 1);
    }
}

struct thread_job {
    void (*job)(void *arg, size_t index);
    void *arg;
    size_t index;
};

static void *
run_one(void *ctx)
{
    const struct thread_job *const job = ctx;
    job->job(job->arg, job->index);
    return NULL;
}

static void
run_threads(void *ctx, void (*job)(void *arg, size_t index), void *arg, size_t count)
{
    ((struct runner *)ctx)->runs++;
    pthread_t threads[LANES_MAX];
    struct thread_job jobs[LANES_MAX];
    assert_true(count <= LANES_MAX);
    for (size_t i = 0; i < count; i++) {
        jobs[i] = (struct thread_job){ job, arg, i };
        assert_int_equal(pthread_create(&threads[i], NULL, run_one, &jobs[i]), 0);
    }
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
}

/* ---- a gate, and all that it has said ---- */

struct play {
    struct parent parent;
    struct scribe scribe;
    struct runner runner;
    struct occ_buf said;
    uint64_t dice; /* xorshift: the same throws for all who are given the same seed */
    uint64_t documents;
    char slot_id[OCC_TICKET_SLOT_ID_LEN + 1]; /* of chain "a"; "" = none is at hand */
};

static uint64_t throw(struct play * play, uint64_t sides)
{
    play->dice ^= play->dice << 13;
    play->dice ^= play->dice >> 7;
    play->dice ^= play->dice << 17;
    return (play->dice >> 11) % sides;
}

/* How the gates of a comparison differ. */
struct kind {
    size_t workers;
    void (*run)(void *ctx, void (*job)(void *arg, size_t index), void *arg, size_t count);
    size_t retained_len_max; /* 0 = as always */
};

static void
begin(struct play *play, const struct kind *kind, enum occ_attest_mode mode, uint64_t seed)
{
    *play = (struct play){ .parent = { .in = OCC_BUF_INIT(BIG_BUF), .out = OCC_BUF_INIT(BIG_BUF) },
                           .said = OCC_BUF_INIT(BIG_BUF),
                           .dice = seed };
    struct occ_gate_config config = world_config(&play->parent.world);
    play->scribe.world = &play->parent.world;
    config.signer.ctx = &play->scribe;
    config.signer.sign = scribe_sign;
    config.signer.free = scribe_free;
    config.signer.is_parallel = true;
    config.chain_ids = chain_ids;
    config.chain_id_count = CHAINS - 1;
    config.workers = kind->workers;
    config.run = kind->run;
    config.run_ctx = &play->runner;
    config.retained_len_max = kind->retained_len_max;
    if (mode != OCC_ATTEST_NONE) {
        config.attester.mode = mode;
        memcpy(config.attester.format, "aws-nitro", sizeof "aws-nitro");
    }
    struct occ_error err;
    assert_int_equal(occ_gate_new(&config, &err, &play->parent.gate).code, OCC_OK);
    (void)parent_hello(&play->parent);
    occ_buf_put(&play->said, occ_buf_view(&play->parent.out));
}

static void
end(struct play *play)
{
    occ_gate_free(play->parent.gate);
    occ_buf_clear(&play->parent.in);
    occ_buf_clear(&play->parent.out);
    occ_buf_clear(&play->said);
}

/* Gives the gate what is in; keeps what it says. */
static void
say(struct play *play)
{
    assert_int_equal(parent_play(&play->parent), OCC_OK);
    occ_buf_put(&play->said, occ_buf_view(&play->parent.out));
    assert_int_equal(occ_buf_check(&play->said).code, OCC_OK);
}

/* The device gives what is wanted, if anything is. */
static void
give_document(struct play *play)
{
    struct occ_attest_request request;
    if (!occ_gate_wants_document(play->parent.gate, &request)) {
        return;
    }
    OCC_BUF_AUTO(document, 4096);
    play->documents++;
    occ_buf_put_format(&document, "document %llu about ", (unsigned long long)play->documents);
    occ_buf_put(&document, request.user_data);
    const struct occ_attest_outcome outcome = { .code = OCC_OK,
                                                .document = occ_buf_view(&document),
                                                .facts = { .time_ms = play->parent.world.now_ms } };
    assert_int_equal(flat_take_document(play->parent.gate, &outcome, &play->said).code, OCC_OK);
}

/* ---- a script ---- */

static void
put_digest(struct occ_commit_writer *writer, uint64_t value)
{
    uint8_t digest[OCC_SHA256_LEN] = { 0 };
    memcpy(digest, &value, sizeof value);
    occ_commit_put_digest(writer, digest);
}

/* So many digests of a request are worth a thread. */
enum { EACH = 8 };

static void
put_digests(struct occ_commit_writer *writer, size_t number, bool is_bad)
{
    for (size_t i = 0; i < EACH; i++) {
        put_digest(writer, is_bad && i == 0 ? 0xeeee : number * EACH + i);
    }
}

static void
put_request(struct play *play, struct occ_commit_writer *writer, unsigned number)
{
    const size_t chain = throw(play, CHAINS);
    const unsigned digests = 1 + (unsigned) throw(play, 5);
    char opaque[32];
    snprintf(opaque, sizeof opaque, "request %u", number);
    occ_commit_put_request(writer, occ_bytes_str(opaque));
    if (chain > 0) {
        occ_commit_put_field(writer, OCC_COMMIT_CHAIN, chain_ids[chain - 1]);
    }
    static const char *const metadata[] = { "{\"b\":1,\"a\":[2.50]}", "{\"a\":1,\"a\":2}", "[]", "{ }" };
    const uint64_t which = throw(play, 12);
    if (which < sizeof metadata / sizeof metadata[0]) {
        occ_commit_put_field(writer, OCC_COMMIT_METADATA, occ_bytes_str(metadata[which]));
    } else if (which == 4) {
        occ_commit_put_field(writer, OCC_COMMIT_POLICY, occ_bytes_str("{\"id\":\"p\"}"));
    }
    for (unsigned i = 0; i < digests; i++) {
        put_digest(writer, throw(play, UINT64_MAX));
        if (chain == 1 && i == 0 && play->slot_id[0] != '\0') {
            occ_commit_put_field(writer, OCC_COMMIT_SLOT, occ_bytes_str(play->slot_id));
            if (throw(play, 2) == 0) { /* else the next request on that chain names it again, and is refused for that */
                play->slot_id[0] = '\0';
            }
        }
    }
}

static void
ask_for_slot(struct play *play)
{
    const struct issued slot = parent_slot(&play->parent, "a");
    occ_buf_put(&play->said, occ_buf_view(&play->parent.out));
    assert_int_equal(strlen(slot.ticket), OCC_TICKET_SLOT_ID_LEN);
    memcpy(play->slot_id, slot.ticket, sizeof play->slot_id);
}

/* Frames of all kinds, the clock going on and back, slots, documents now and then. */
static void
play_script(struct play *play)
{
    give_document(play);
    for (unsigned i = 0; i < FRAMES; i++) {
        struct occ_commit_writer writer;
        play->parent.world.now_ms += throw(play, 5) - 1;
        if (throw(play, 4) == 0) {
            ask_for_slot(play);
        }
        occ_buf_reset(&play->parent.in);
        occ_commit_begin(&writer, &play->parent.in, 100 + i);
        for (unsigned left = 1 + (unsigned) throw(play, REQUESTS); left > 0; left--) {
            put_request(play, &writer, left);
        }
        occ_commit_end(&writer);
        say(play);
        for (uint64_t left = throw(play, 40); left > 0; left--) {
            give_document(play);
        }
    }
    (void)parent_hello(&play->parent); /* where chains stand, and all that was given once more */
    occ_buf_put(&play->said, occ_buf_view(&play->parent.out));
}

/* Each chain's proofs name the one before, in what was said about requests; counts them. */
static unsigned
check_links(const struct play *play)
{
    uint8_t head[CHAINS][OCC_SHA256_LEN] = { { 0 } };
    uint64_t counter[CHAINS] = { 0 };
    unsigned proofs = 0;
    struct occ_bytes rest = occ_buf_view(&play->said);
    struct occ_frame frame;
    for (size_t used = 1; rest.len > 0; rest = occ_bytes_of(rest.ptr + used, rest.len - used)) {
        assert_int_equal(occ_frame_next(rest, &frame, &used).code, OCC_OK);
        struct occ_commit_results in;
        if (frame.type != OCC_FRAME_RESULT || frame.id == 0) {
            continue;
        }
        assert_int_equal(occ_commit_read_results(frame.payload, &in).code, OCC_OK);
        for (uint16_t left = in.result_count; left > 0; left--) {
            struct occ_commit_outcome outcome;
            struct occ_commit_proof proof;
            assert_int_equal(occ_commit_next_result(&in, &outcome).code, OCC_OK);
            const size_t chain = outcome.chain_id.len == 0 ? 0 : (size_t)(outcome.chain_id.ptr[0] - 'a' + 1);
            while (occ_commit_next_proof(&outcome.proofs, &proof)) {
                char prev[64] = "\"prevB64\":\"";
                occ_base64_encode(occ_bytes_of(head[chain], OCC_SHA256_LEN), prev + strlen(prev));
                assert_true(holds(proof.text, prev) == (counter[chain] > 0 && proof.document == 0));
                assert_true(proof.counter > counter[chain]);
                counter[chain] = proof.counter;
                occ_digest_sha256(proof.text, head[chain]);
                proofs++;
            }
        }
    }
    return proofs;
}

static void
compare(const struct kind *kinds, size_t count, enum occ_attest_mode mode, uint64_t seed)
{
    struct play first;
    begin(&first, &kinds[0], mode, seed);
    play_script(&first);
    if (mode == OCC_ATTEST_NONE) {
        assert_true(check_links(&first) > FRAMES);
    }
    for (size_t i = 1; i < count; i++) {
        struct play other;
        begin(&other, &kinds[i], mode, seed);
        play_script(&other);
        assert_int_equal(other.runner.runs > FRAMES / 2, kinds[i].run != NULL);
        assert_true(occ_bytes_equal(occ_buf_view(&first.said), occ_buf_view(&other.said)));
        end(&other);
    }
    end(&first);
}

static void
test_same_bytes(void **state)
{
    (void)state;
    static const struct kind kinds[] = { { 1, NULL, 0 },         { 4, NULL, 0 },         { 2, run_forward, 0 },
                                         { 4, run_backward, 0 }, { 3, run_backward, 0 }, { 2, run_threads, 0 },
                                         { 4, run_threads, 0 } };
    static const enum occ_attest_mode modes[] = { OCC_ATTEST_NONE, OCC_ATTEST_BATCH, OCC_ATTEST_EPOCH,
                                                  OCC_ATTEST_COMMIT };
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        memo.count = 0;
        for (uint64_t seed = 1; seed <= 2; seed++) {
            compare(kinds, sizeof kinds / sizeof kinds[0], modes[i], seed * 0x9e3779b97f4a7c15u);
        }
    }
}

/* One chain, or a few digests on others: nothing is handed over. Nor is it with a signer for one thread. */
static void
test_no_lanes(void **state)
{
    (void)state;
    const struct kind kind = { 4, run_forward, 0 };
    struct play play;
    begin(&play, &kind, OCC_ATTEST_NONE, 1);
    struct occ_commit_writer writer;
    occ_commit_begin(&writer, &play.parent.in, 5);
    parent_put_request(&writer, "one", NULL, 30);
    parent_put_request(&writer, "two", NULL, 30);
    occ_commit_end(&writer);
    say(&play);
    assert_int_equal(play.runner.runs, 0);
    for (unsigned digests = 7; digests <= 8; digests++) {
        occ_buf_reset(&play.parent.in);
        occ_commit_begin(&writer, &play.parent.in, 5);
        parent_put_request(&writer, "one", NULL, 30);
        occ_commit_put_request(&writer, occ_bytes_str("two"));
        occ_commit_put_field(&writer, OCC_COMMIT_CHAIN, chain_ids[0]);
        for (unsigned i = 0; i < digests; i++) {
            put_digest(&writer, i);
        }
        occ_commit_end(&writer);
        say(&play);
        assert_int_equal(play.runner.runs, digests == 7 ? 0 : 1);
    }
    end(&play);

    struct world world;
    struct runner runner = { 0 };
    struct occ_gate_config config = world_config(&world); /* its signer counts, and is for one thread */
    config.chain_ids = chain_ids;
    config.chain_id_count = CHAINS - 1;
    config.workers = 4;
    config.run = run_forward;
    config.run_ctx = &runner;
    struct parent parent = { .in = OCC_BUF_INIT(BIG_BUF), .out = OCC_BUF_INIT(BIG_BUF), .world = world };
    config.ctx = config.signer.ctx = &parent.world;
    assert_int_equal(occ_gate_new(&config, NULL, &parent.gate).code, OCC_OK);
    (void)parent_hello(&parent);
    occ_commit_begin(&writer, &parent.in, 5);
    parent_put_request(&writer, "one", NULL, EACH);
    occ_commit_put_request(&writer, occ_bytes_str("two"));
    occ_commit_put_field(&writer, OCC_COMMIT_CHAIN, chain_ids[0]);
    put_digests(&writer, 2, false);
    occ_commit_end(&writer);
    assert_int_equal(parent_play(&parent), OCC_OK);
    assert_int_equal(runner.runs, 0);
    parent_end(&parent);
}

/* ---- when a signature does not come about ---- */

static const char bad_text[] = "7u4AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="; /* base64 of the digest 0xeeee */

/* Requests on the chains named ('-' = the default one); one digest of that at bad_at is what the signer fears. */
static struct occ_commit_results
commit_on(struct play *play, const char *chains, size_t bad_at, struct occ_frame *ret_frame)
{
    struct occ_commit_writer writer;
    occ_buf_reset(&play->parent.in);
    occ_commit_begin(&writer, &play->parent.in, 5);
    for (size_t i = 0; chains[i] != '\0'; i++) {
        occ_commit_put_request(&writer, occ_bytes_of(&chains[i], 1));
        if (chains[i] != '-') {
            occ_commit_put_field(&writer, OCC_COMMIT_CHAIN, occ_bytes_of(&chains[i], 1));
        }
        put_digests(&writer, i, i == bad_at);
    }
    occ_commit_end(&writer);
    say(play);
    *ret_frame = parent_frame(&play->parent);
    struct occ_commit_results in;
    assert_int_equal(occ_commit_read_results(ret_frame->payload, &in).code, OCC_OK);
    assert_int_equal(in.result_count, strlen(chains));
    return in;
}

static void
expect(struct occ_commit_results *in, enum occ_err code, uint64_t position, uint64_t number)
{
    struct occ_commit_outcome outcome;
    struct occ_commit_proof proof;
    assert_int_equal(occ_commit_next_result(in, &outcome).code, OCC_OK);
    assert_int_equal(outcome.code, code);
    assert_true(outcome.position == position);
    if (code == OCC_OK) {
        assert_true(occ_commit_next_proof(&outcome.proofs, &proof));
        assert_int_equal(outcome.proof_count, EACH);
        assert_true(proof.counter == (number - 1) * EACH + 1); /* the number-th request of its chain */
    }
}

/* One that fails is refused alone; its chain has no gap, others do not notice. */
static void
test_failure(void **state)
{
    (void)state;
    static const struct kind kinds[] = {
        { 4, NULL, 0 }, { 4, run_backward, 0 }, { 2, run_threads, 0 }, { 1, NULL, 0 }
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct play play;
        struct occ_frame frame;
        begin(&play, &kinds[i], OCC_ATTEST_NONE, 1);
        play.scribe.fails_with = bad_text;
        struct occ_commit_results in = commit_on(&play, "aba-ba", 2, &frame);
        expect(&in, OCC_OK, 1, 1);
        expect(&in, OCC_OK, 2, 1);
        expect(&in, OCC_ERR_TOKEN, 0, 0);
        expect(&in, OCC_OK, 3, 1);
        expect(&in, OCC_OK, 4, 2);
        expect(&in, OCC_OK, 5, 2);
        in = commit_on(&play, "ab", 9, &frame);
        expect(&in, OCC_OK, 6, 3);
        expect(&in, OCC_OK, 7, 3);
        (void)check_links(&play);
        assert_int_equal(play.runner.runs, kinds[i].run == NULL ? 0 : 2);
        end(&play);
    }
}

/* What is behind a signature that is wrong is not given out, whatever chain it is on; what is in front of it is. */
static void
test_integrity(void **state)
{
    (void)state;
    static const struct kind kinds[] = {
        { 4, NULL, 0 }, { 4, run_backward, 0 }, { 2, run_threads, 0 }, { 1, NULL, 0 }
    };
    static const enum occ_attest_mode modes[] = { OCC_ATTEST_NONE, OCC_ATTEST_BATCH };
    for (size_t i = 0; i < 2 * sizeof kinds / sizeof kinds[0]; i++) {
        const enum occ_attest_mode mode = modes[i % 2];
        struct play play;
        struct occ_frame frame;
        begin(&play, &kinds[i / 2], mode, 1);
        give_document(&play);
        play.scribe.lies_with = bad_text;
        struct occ_commit_results in = commit_on(&play, "b-ab-b", 2, &frame); /* a's first: it is verified */
        const bool waits = mode == OCC_ATTEST_BATCH;                          /* then nothing of it was given out */
        for (uint64_t j = 1; j <= 2; j++) {
            expect(&in, waits ? OCC_ERR_INTEGRITY : OCC_OK, waits ? 0 : j, 1);
        }
        for (size_t j = 2; j < 6; j++) {
            expect(&in, OCC_ERR_INTEGRITY, 0, 0);
        }
        assert_false(occ_gate_is_sound(play.parent.gate));
        const struct occ_hello_ok ok = parent_hello(&play.parent);
        assert_true(ok.last_position == (waits ? 0 : 2));
        assert_true(ok.heads[0].counter == (waits ? 0 : EACH));
        assert_true(ok.heads[1].counter == 0);
        assert_true(ok.heads[2].counter == (waits ? 0 : EACH));
        end(&play);
    }
}

/* A frame of which one request fails, its document, and what came of it, acknowledged up to position, which goes on. */
static void
commit_attested(struct play *play, const char *chains, size_t bad_at, uint64_t *position)
{
    struct occ_commit_writer writer;
    occ_buf_reset(&play->parent.in);
    occ_commit_begin(&writer, &play->parent.in, 5);
    for (size_t i = 0; chains[i] != '\0'; i++) {
        occ_commit_put_request(&writer, occ_bytes_of(&chains[i], 1));
        occ_commit_put_field(&writer, OCC_COMMIT_CHAIN, occ_bytes_of(&chains[i], 1));
        put_digests(&writer, i, i == bad_at);
    }
    occ_commit_end(&writer);
    say(play);
    assert_true(parent_is_done(&play->parent)); /* it waits */
    play->said.len = 0;
    give_document(play);
    struct occ_frame frame;
    struct occ_commit_results in;
    size_t used = 0;
    assert_int_equal(occ_frame_next(occ_buf_view(&play->said), &frame, &used).code, OCC_OK);
    assert_int_equal(occ_commit_read_results(frame.payload, &in).code, OCC_OK);
    assert_int_equal(in.document_count, 1);
    for (size_t i = 0; chains[i] != '\0'; i++) {
        struct occ_commit_outcome outcome;
        assert_int_equal(occ_commit_next_result(&in, &outcome).code, OCC_OK);
        assert_int_equal(outcome.code, i == bad_at ? OCC_ERR_TOKEN : OCC_OK);
        *position += outcome.code == OCC_OK;
    }
    assert_int_equal(parent_ack(&play->parent, *position), OCC_OK);
}

/* Room that a request reserved for the frame's document is the next one's when it fails, and none of it is lost. */
static void
test_document_room(void **state)
{
    (void)state;
    static const struct kind kinds[] = { { 4, NULL, 1 << 20 }, { 4, run_backward, 1 << 20 }, { 1, NULL, 1 << 20 } };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct play play;
        uint64_t position = 0;
        begin(&play, &kinds[i], OCC_ATTEST_BATCH, 1);
        give_document(&play);
        play.scribe.fails_with = bad_text;
        for (unsigned j = 0; j < 100; j++) { /* a store of 1 MiB has room for 60 documents */
            commit_attested(&play, "abc", 0, &position);
            commit_attested(&play, "ab", 1, &position);
            commit_attested(&play, "aab", 2, &position);
        }
        assert_true(position == 500);
        end(&play);
    }
}

/* Results of a frame share the document about the key: a store that has room for it once has room for all of them. */
static void
test_shared_document(void **state)
{
    (void)state;
    static const struct kind kinds[] = { { 1, NULL, 1 << 20 }, { 4, run_backward, 1 << 20 } };
    static uint8_t text[OCC_LIMIT_NSM_RESPONSE_LEN];
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct play play;
        begin(&play, &kinds[i], OCC_ATTEST_EPOCH, 1);
        play.scribe.fails_with = bad_text;
        struct occ_attest_request request;
        assert_true(occ_gate_wants_document(play.parent.gate, &request));
        const struct occ_attest_outcome outcome = { .document = occ_bytes_of(text, sizeof text) };
        assert_int_equal(flat_take_document(play.parent.gate, &outcome, &play.said).code, OCC_OK);
        char chains[] = "-abc-abc-abc-abc-abc-abc-abc-abc-abc-abc-abc-abc-abc-abc-abc-abc-abc-abc-abc-abc";
        struct occ_frame frame;
        struct occ_commit_results in = commit_on(&play, chains, 0, &frame); /* the first hands its room on */
        expect(&in, OCC_ERR_TOKEN, 0, 0);
        for (size_t j = 1; j < strlen(chains); j++) {
            expect(&in, OCC_OK, j, j < 4 ? 1 : j / 4 + (j % 4 == 0 ? 0 : 1));
        }
        assert_int_equal(play.runner.runs, kinds[i].run == NULL ? 0 : 1);
        end(&play);
    }
}

/* A task keeps little: there are many of them. */
static void
test_memory_of_tasks(void **state)
{
    (void)state;
    struct occ_round round = { 0 };
    assert_int_equal(occ_round_init(&round, 2).code, OCC_OK);
    for (unsigned i = 0; i < 2; i++) {
        struct occ_request *const request = &occ_round_add(&round)->request;
        assert_int_equal(occ_idset_reserve(&request->slot_ids, 1000).code, OCC_OK);
        assert_non_null(occ_buf_reserve(&request->slots, 100000));
        assert_non_null(occ_buf_reserve(&request->values, 100000));
    }
    occ_round_end(&round);
    const struct occ_request *const second = &round.tasks[1].request;
    assert_true(second->slots.cap + second->values.cap + second->items.cap == 0);
    assert_true(second->slot_ids.place_count == 0);
    occ_round_free(&round);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_bytes),      cmocka_unit_test(test_no_lanes),
        cmocka_unit_test(test_failure),         cmocka_unit_test(test_integrity),
        cmocka_unit_test(test_document_room),   cmocka_unit_test(test_shared_document),
        cmocka_unit_test(test_memory_of_tasks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
