/*
 * A boundary with an attester, which this test plays on a unix socket: documents shared by the results of a frame, devices that
 * fail and are well again, documents for callers, and how long results may take.
 */
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "epoch.h"
#include "played.h"
#include "server/boundary.h"
#include "wire/frame.h"

enum { REQUESTS = 6, TIMEOUT_MS = 10000, SLOW_TIMEOUT_MS = 1000, GUARD_MS = 20000 };

#define HEAD "{\"environment\":{\"attestation\":{\"format\":\"sim\",\"reportB64\":\""
#define TAIL "\"}},\"version\":\"occ/1\"}"
#define DOCUMENT "RG9jdW1lbnQ="

/* ---- the boundary that is played, on a thread of its own ---- */

struct fake {
    enum occ_hello_attest attest;
    const char *enforcement;
    unsigned hold; /* frames that it lets wait before it answers the first */
    struct played_socket socket;
    pthread_t thread;
    atomic_uint connections, commit_frames, pings, attests;
    atomic_uint troubles_left; /* so many pings and commits fail yet */
    atomic_bool makes_documents;
    uint64_t position, documents;
    uint64_t held_nonce;   /* id of an ATTEST that waits for the next one; 0 = none */
    struct occ_buf frames; /* COMMIT frames that wait */
};

static const uint8_t asked_digest[32];
static const char trouble_text[] = "the attestation device gives no documents, try again later";

static void
put_hello(const struct fake *fake, struct occ_buf *out)
{
    const bool attests = fake->attest != OCC_HELLO_ATTEST_NONE;
    const struct occ_hello_ok hello = { .version = OCC_WIRE_VERSION,
                                        .frame_len_max = OCC_LIMIT_FRAME_LEN,
                                        .requests_max = 1024,
                                        .digests_max = 10000,
                                        .retained_len_max = 1 << 20,
                                        .public_key = { 7 },
                                        .epoch_id = occ_bytes_str(EPOCH_A),
                                        .enforcement = occ_bytes_str(fake->enforcement),
                                        .measurement = occ_bytes_str("test"),
                                        .attestation_format = occ_bytes_str(attests ? "sim" : ""),
                                        .attest = fake->attest,
                                        .document_len = attests ? 5000 : 0,
                                        .head_count = 1 };
    occ_hello_put_ok(out, &hello);
}

static bool
fails_now(struct fake *fake)
{
    const unsigned left = atomic_load(&fake->troubles_left);
    if (left > 0) {
        atomic_store(&fake->troubles_left, left - 1);
    }
    return left > 0;
}

static void
put_result(struct fake *fake, struct occ_result_writer *writer, struct occ_bytes opaque)
{
    const uint64_t position = ++fake->position;
    occ_commit_put_success(writer, opaque, position, occ_bytes_of(NULL, 0));
    const size_t begin = occ_commit_begin_proof(writer, position, asked_digest);
    const bool has_document = fake->attest != OCC_HELLO_ATTEST_NONE;
    occ_buf_put_str(writer->buf, has_document ? HEAD TAIL : "{}");
    occ_commit_end_proof(writer, begin, has_document ? 1 : 0, has_document ? strlen(HEAD) : 0);
}

static void
answer_commit(struct fake *fake, const struct occ_frame *frame, struct occ_buf *out)
{
    struct occ_commit_reader reader;
    struct occ_result_writer writer;
    struct occ_bytes opaque, digest;
    uint16_t requests;
    uint32_t digests;
    const bool fails = fails_now(fake);
    assert_true(occ_is_ok(occ_commit_read(frame->payload, &reader, &requests)));
    occ_commit_begin_results(&writer, out, frame->id);
    if (!fails && fake->attest != OCC_HELLO_ATTEST_NONE) {
        (void)occ_commit_put_document(&writer, occ_bytes_str(DOCUMENT));
    }
    for (uint16_t i = 0; i < requests; i++) {
        assert_true(occ_is_ok(occ_commit_next_request(&reader, &opaque)));
        assert_true(occ_is_ok(occ_commit_skip_fields(&reader)));
        assert_true(occ_is_ok(occ_commit_digest_count(&reader, &digests)) && digests == 1);
        assert_true(occ_is_ok(occ_commit_next_digest(&reader, &digest)));
        assert_true(occ_is_ok(occ_commit_skip_fields(&reader)));
        if (fails) {
            occ_commit_put_refusal(&writer, opaque, OCC_ERR_ATTESTER, occ_bytes_str(trouble_text));
        } else {
            put_result(fake, &writer, opaque);
        }
    }
    occ_commit_end_results(&writer);
}

static void
answer_held(struct fake *fake, struct occ_buf *out)
{
    struct occ_bytes rest = occ_buf_view(&fake->frames);
    struct occ_frame frame;
    size_t used;
    while (occ_is_ok(occ_frame_next(rest, &frame, &used)) && used > 0) {
        answer_commit(fake, &frame, out);
        rest = occ_bytes_of(rest.ptr + used, rest.len - used);
    }
    occ_buf_reset(&fake->frames);
}

static void
take_commit(struct fake *fake, const struct occ_frame *frame, struct occ_buf *out)
{
    const size_t begin = occ_frame_begin(&fake->frames, frame->type, frame->id);
    occ_buf_put(&fake->frames, frame->payload);
    occ_frame_end(&fake->frames, begin);
    if (atomic_fetch_add(&fake->commit_frames, 1) + 1 >= fake->hold) {
        answer_held(fake, out);
    }
}

static void
put_pong(struct fake *fake, uint64_t id, struct occ_buf *out)
{
    atomic_fetch_add(&fake->pings, 1);
    fake->documents += atomic_load(&fake->makes_documents) ? 1 : 0;
    const struct occ_status status = { .trouble = occ_bytes_str(fails_now(fake) ? trouble_text : ""),
                                       .has_attester = fake->attest != OCC_HELLO_ATTEST_NONE,
                                       .documents = fake->documents,
                                       .failures = 3,
                                       .waiting = 4 };
    occ_status_put(out, id, &status);
}

static void
put_attested(uint64_t id, struct occ_bytes document, struct occ_buf *out)
{
    const struct occ_attest_answer answer = { .format = occ_bytes_str("sim"), .report_b64 = document };
    occ_attest_put_answer(out, id, &answer);
}

/* Documents are the nonces themselves; "wait" is answered behind the next, "never" not at all. */
static void
answer_attest(struct fake *fake, const struct occ_frame *frame, struct occ_buf *out)
{
    struct occ_bytes nonce;
    assert_true(occ_is_ok(occ_attest_read(frame->payload, &nonce)));
    atomic_fetch_add(&fake->attests, 1);
    if (occ_bytes_is(nonce, "never")) {
        return;
    }
    if (occ_bytes_is(nonce, "wait")) {
        fake->held_nonce = frame->id;
        return;
    }
    put_attested(frame->id, nonce.len == 0 ? occ_bytes_str("hand") : nonce, out);
    if (fake->held_nonce != 0) {
        put_attested(fake->held_nonce, occ_bytes_str("wait"), out);
        fake->held_nonce = 0;
    }
}

static void
answer(struct fake *fake, const struct occ_frame *frame, struct occ_buf *out)
{
    if (frame->type == OCC_FRAME_HELLO) {
        put_hello(fake, out);
    } else if (frame->type == OCC_FRAME_PING) {
        put_pong(fake, frame->id, out);
    } else if (frame->type == OCC_FRAME_ATTEST) {
        answer_attest(fake, frame, out);
    } else if (frame->type == OCC_FRAME_COMMIT) {
        take_commit(fake, frame, out);
    } else {
        assert_int_equal(frame->type, OCC_FRAME_ACK);
    }
}

static void *
play(void *arg)
{
    struct fake *fake = arg;
    for (;;) {
        struct pollfd wait = { .fd = fake->socket.fd, .events = POLLIN };
        (void)poll(&wait, 1, -1);
        const int fd = accept(fake->socket.fd, NULL, NULL);
        if (fd < 0) {
            return NULL; /* shut down by the test */
        }
        atomic_fetch_add(&fake->connections, 1);
        OCC_BUF_AUTO(input, 1 << 20);
        OCC_BUF_AUTO(out, 1 << 20);
        struct occ_frame frame;
        size_t used;
        while (played_read_frame(fd, &input, &frame, &used)) {
            answer(fake, &frame, &out);
            occ_buf_drop_front(&input, used);
            (void)send(fd, out.ptr, out.len, MSG_NOSIGNAL);
            occ_buf_reset(&out);
        }
        (void)close(fd);
    }
}

/* ---- the parent under test ---- */

struct request {
    struct occ_pending pending; /* first */
    struct parent *parent;
    unsigned done;
    enum occ_err code;
    char proof[256];
};

struct asker {
    struct occ_boundary_attest attest; /* first */
    struct parent *parent;
    unsigned done;
    enum occ_err code;
    char document[32];
};

struct parent {
    struct fake fake;
    struct occ_loop *loop;
    struct occ_store *store;
    struct occ_boundary *boundary;
    struct occ_timer *guard, *poll;
    struct request requests[REQUESTS];
    struct asker askers[REQUESTS];
    uint32_t digests; /* that a request is said to have; 0 = one */
    unsigned turns, committed, done, asked, answered, ups, downs;
    uint64_t timeout_ms, since_ms;
    /* Called every few milliseconds while the session is up, and at last true: then the loop stops. */
    bool (*step)(struct parent *parent);
    bool guarded, saw_trouble;
};

static void
on_guard(void *ctx)
{
    struct parent *parent = ctx;
    parent->guarded = true;
    occ_loop_stop(parent->loop);
}

static void
on_poll(void *ctx)
{
    struct parent *parent = ctx;
    if (parent->ups > 0 && parent->step(parent)) {
        occ_loop_stop(parent->loop);
        return;
    }
    occ_timer_start(parent->poll, 5);
}

static void
on_change(void *ctx, const struct occ_boundary_identity *identity)
{
    struct parent *parent = ctx;
    parent->ups += identity != NULL;
    parent->downs += identity == NULL;
}

static size_t
no_unsent(void *ctx)
{
    (void)ctx;
    return 0;
}

static void
on_done(struct occ_pending *pending, const struct occ_pending_answer *given)
{
    struct request *request = (struct request *)pending;
    struct occ_bytes left = given->proofs;
    struct occ_commit_proof proof;
    OCC_BUF_AUTO(text, 1024);
    request->done++;
    request->code = given->code;
    request->parent->done++;
    if (given->code == OCC_OK) {
        assert_true(occ_commit_next_proof(&left, &proof));
        occ_commit_put_whole(&text, &proof, given->documents);
        (void)snprintf(request->proof, sizeof(request->proof), "%.*s", OCC_BYTES_ARG(occ_buf_view(&text)));
    }
}

static struct occ_result
commit(struct parent *parent)
{
    struct request *request = &parent->requests[parent->committed];
    occ_buf_clear(&request->pending.loose); /* of one that was not taken */
    *request = (struct request){ .pending = { .loose = OCC_BUF_INIT(4096),
                                              .digests = parent->digests != 0 ? parent->digests : 1,
                                              .text_len = 900,
                                              .done = on_done },
                                 .parent = parent };
    occ_boundary_next_id(parent->boundary, request->pending.opaque);
    request->pending.opaque_len = OCC_OPAQUE_ID_LEN;
    struct occ_commit_writer writer;
    occ_commit_begin_loose(&writer, &request->pending.loose);
    occ_commit_put_request(&writer, occ_bytes_of(request->pending.opaque, request->pending.opaque_len));
    occ_commit_put_digest(&writer, asked_digest);
    occ_commit_end_loose(&writer);
    const struct occ_result taken = occ_boundary_commit(parent->boundary, &request->pending);
    parent->committed += occ_is_ok(taken) ? 1 : 0;
    return taken;
}

static void
on_attested(struct occ_boundary_attest *attest, const struct occ_attest_answer *given)
{
    struct asker *asker = (struct asker *)attest;
    asker->done++;
    asker->code = given->code;
    asker->parent->answered++;
    (void)snprintf(asker->document, sizeof(asker->document), "%.*s", OCC_BYTES_ARG(given->report_b64));
}

static struct occ_result
ask(struct parent *parent, const char *nonce)
{
    struct asker *asker = &parent->askers[parent->asked++];
    *asker = (struct asker){ .attest = { .nonce = occ_bytes_str(nonce), .done = on_attested }, .parent = parent };
    return occ_boundary_attest(parent->boundary, &asker->attest);
}

static void
start_fake(struct fake *fake)
{
    fake->frames = OCC_BUF_INIT(1 << 20);
    played_listen(&fake->socket);
    assert_int_equal(pthread_create(&fake->thread, NULL, play, fake), 0);
}

static void
run(struct parent *parent)
{
    static const struct occ_events no_log = { 0 };
    struct occ_error err = { 0 };
    parent->fake.enforcement = parent->fake.enforcement == NULL ? "stub" : parent->fake.enforcement;
    start_fake(&parent->fake);
    assert_true(occ_is_ok(occ_loop_new(&err, &parent->loop)));
    assert_true(occ_is_ok(occ_timer_new(parent->loop, on_guard, parent, &parent->guard)));
    assert_true(occ_is_ok(occ_timer_new(parent->loop, on_poll, parent, &parent->poll)));
    const struct occ_store_config store = {
        .loop = parent->loop, .events = &no_log, .folder = parent->fake.socket.folder, .read_threads = 1, .reads_max = 8
    };
    assert_true(occ_is_ok(occ_store_new(&store, &err, &parent->store)));
    const struct occ_boundary_config config = { .loop = parent->loop,
                                                .store = parent->store,
                                                .events = &no_log,
                                                .address = parent->fake.socket.address,
                                                .timeout_ms = parent->timeout_ms != 0 ? parent->timeout_ms : TIMEOUT_MS,
                                                .health_ms = 100,
                                                .waiting_max = REQUESTS,
                                                .unsent = no_unsent,
                                                .on_change = on_change,
                                                .ctx = parent };
    assert_true(occ_is_ok(occ_boundary_new(&config, &err, &parent->boundary)));
    occ_timer_start(parent->guard, GUARD_MS);
    occ_timer_start(parent->poll, 5);
    occ_loop_run(parent->loop);
    assert_false(parent->guarded);
}

static void
on_stopped(void *ctx)
{
    struct parent *parent = ctx;
    occ_loop_stop(parent->loop);
}

static void
clear(struct parent *parent)
{
    occ_timer_stop(parent->poll);
    occ_boundary_stop(parent->boundary, on_stopped, parent);
    occ_store_free(parent->store);
    occ_boundary_free(parent->boundary);
    occ_timer_free(parent->guard);
    occ_timer_free(parent->poll);
    occ_loop_free(parent->loop);
    (void)shutdown(parent->fake.socket.fd, SHUT_RDWR);
    (void)pthread_join(parent->fake.thread, NULL);
    (void)close(parent->fake.socket.fd);
    (void)unlink(parent->fake.socket.path);
    epoch_remove_folder(parent->fake.socket.folder);
    occ_buf_clear(&parent->fake.frames);
    for (unsigned i = 0; i < REQUESTS; i++) {
        occ_buf_clear(&parent->requests[i].pending.loose);
    }
}

/* ---- documents in results ---- */

static struct occ_result
check_whole(void *ctx, const struct occ_ledger_found *found)
{
    unsigned *count = ctx;
    assert_true(occ_bytes_is(found->text, HEAD DOCUMENT TAIL));
    ++*count;
    return occ_success();
}

/* All in one turn: they share a frame, and its document. */
static bool
commit_all(struct parent *parent)
{
    while (parent->committed < REQUESTS) {
        assert_true(occ_is_ok(commit(parent)));
    }
    return parent->done == REQUESTS;
}

static void
test_documents(void **state)
{
    (void)state;
    struct parent parent = { .fake = { .attest = OCC_HELLO_ATTEST_BATCH }, .step = commit_all };
    run(&parent);
    assert_int_equal(atomic_load(&parent.fake.commit_frames), 1);
    assert_string_equal(occ_boundary_identity(parent.boundary)->attestation_format, "sim");
    for (unsigned i = 0; i < REQUESTS; i++) {
        assert_int_equal(parent.requests[i].done, 1);
        assert_string_equal(parent.requests[i].proof, HEAD DOCUMENT TAIL);
        assert_int_equal(parent.requests[i].pending.answer_len, 900 + 5000); /* what it was reckoned with */
    }
    const struct occ_ledger_options options = { .folder = parent.fake.socket.folder };
    struct occ_ledger_reader *reader = NULL;
    struct occ_error err = { 0 };
    unsigned found = 0;
    assert_true(occ_is_ok(occ_ledger_reader_new(NULL, &options, &err, &reader)));
    assert_true(occ_is_ok(occ_ledger_by_counter(reader, occ_bytes_str(EPOCH_A), occ_bytes_of(NULL, 0), 1, 100,
                                                check_whole, &found, &err)));
    assert_int_equal(found, REQUESTS);
    occ_ledger_reader_free(reader);
    clear(&parent);
}

static bool
commit_in_turns(struct parent *parent)
{
    if (parent->committed < REQUESTS && atomic_load(&parent->fake.commit_frames) == parent->committed) {
        assert_true(occ_is_ok(commit(parent))); /* the one before is in a frame of its own */
    }
    return parent->done == REQUESTS;
}

/* Results wait for documents, and the boundary signs on meanwhile: this one answers nothing before it has six frames. */
static void
test_frames_under_way(void **state)
{
    (void)state;
    struct parent parent = { .fake = { .attest = OCC_HELLO_ATTEST_BATCH, .hold = REQUESTS }, .step = commit_in_turns };
    run(&parent);
    assert_int_equal(atomic_load(&parent.fake.commit_frames), REQUESTS);
    assert_int_equal(parent.downs, 0);
    clear(&parent);
}

/* Without, two are enough; here the others gather and share one. */
static bool
commit_behind_two(struct parent *parent)
{
    const unsigned frames = atomic_load(&parent->fake.commit_frames);
    if (parent->committed < REQUESTS) {
        if (frames == 2 || frames == parent->committed) {
            assert_true(occ_is_ok(commit(parent)));
        }
        return false;
    }
    struct occ_boundary_stats stats;
    occ_boundary_get_stats(parent->boundary, &stats);
    return frames == 2 && stats.waiting == REQUESTS - 2;
}

static void
test_frames_without_documents(void **state)
{
    (void)state;
    struct parent parent = { .fake = { .attest = OCC_HELLO_ATTEST_EPOCH, .hold = 3 }, .step = commit_behind_two };
    run(&parent);
    struct occ_boundary_stats stats;
    occ_boundary_get_stats(parent.boundary, &stats);
    assert_int_equal(stats.in_flight, 2);
    clear(&parent);
}

/* Two that together are more than a boundary lets wait, and a moment for the second to be sent if it were. */
static bool
commit_two_large(struct parent *parent)
{
    while (parent->committed < 2) {
        parent->digests = OCC_LIMIT_ATTEST_WAITING / 2 + 1;
        assert_true(occ_is_ok(commit(parent)));
    }
    return atomic_load(&parent->fake.commit_frames) > 0 && ++parent->turns == 20;
}

static void
test_digests_under_way(void **state)
{
    (void)state;
    struct parent parent = { .fake = { .attest = OCC_HELLO_ATTEST_NONE, .hold = 3 }, .step = commit_two_large };
    run(&parent);
    struct occ_boundary_stats stats;
    occ_boundary_get_stats(parent.boundary, &stats);
    assert_int_equal(stats.in_flight, 1);
    assert_int_equal(stats.waiting, 1);
    clear(&parent);
}

/* ---- devices that fail ---- */

/* While there is trouble commits are refused at once; two are taken, before it, between or after. */
static bool
commit_through_trouble(struct parent *parent)
{
    const char *trouble = occ_boundary_trouble(parent->boundary);
    if (trouble != NULL) {
        parent->saw_trouble = true;
        assert_string_equal(trouble, trouble_text);
        assert_int_equal(commit(parent).code, OCC_ERR_UNAVAILABLE);
        return false;
    }
    const struct occ_status *status = occ_boundary_status(parent->boundary);
    const bool is_watched = strcmp(parent->fake.enforcement, "stub") != 0;
    if (is_watched && status == NULL) {
        return false; /* its first ping is under way */
    }
    if (parent->committed == parent->done && parent->done < 2) {
        (void)commit(parent);
    }
    return parent->done == 2;
}

/* Neither ends the session, and nobody has to do anything for it to be well again. */
static void
test_trouble(void **state)
{
    (void)state;
    static const struct {
        enum occ_hello_attest attest;
        const char *enforcement;
        enum occ_err first; /* what becomes of the first commit that is taken */
    } cases[] = { { OCC_HELLO_ATTEST_BATCH, "measured-tee", OCC_OK }, /* a ping has shown it before that */
                  { OCC_HELLO_ATTEST_NONE, "hw-key", OCC_OK },
                  { OCC_HELLO_ATTEST_NONE, "stub", OCC_ERR_ATTESTER } }; /* nothing is asked but after a refusal */
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct parent parent = { .fake = { .attest = cases[i].attest, .enforcement = cases[i].enforcement },
                                 .step = commit_through_trouble };
        atomic_store(&parent.fake.troubles_left, cases[i].first == OCC_OK ? 1 : 2);
        run(&parent);
        assert_true(parent.saw_trouble);
        assert_int_equal(parent.requests[0].code, cases[i].first);
        assert_int_equal(parent.requests[1].code, OCC_OK);
        assert_int_equal(parent.downs, 0);
        assert_int_equal(atomic_load(&parent.fake.connections), 1);
        assert_true(atomic_load(&parent.fake.pings) >= 2);
        clear(&parent);
    }
}

static bool
status_is_known(struct parent *parent)
{
    return occ_boundary_status(parent->boundary) != NULL;
}

/* Who may have a device is asked by itself. */
static void
test_status(void **state)
{
    (void)state;
    struct parent parent = { .fake = { .attest = OCC_HELLO_ATTEST_EPOCH }, .step = status_is_known };
    run(&parent);
    const struct occ_status *status = occ_boundary_status(parent.boundary);
    assert_true(status->has_attester);
    assert_int_equal(status->failures, 3);
    assert_int_equal(status->waiting, 4);
    assert_int_equal(status->trouble.len, 0);
    clear(&parent);
}

/* ---- how long results may take ---- */

/* Twice as long as the limit without results, but with documents; then without. */
static bool
wait_for_documents(struct parent *parent)
{
    const uint64_t now = occ_loop_now_ms(parent->loop);
    if (parent->committed == 0) {
        assert_true(occ_is_ok(commit(parent)));
        parent->since_ms = now;
    }
    if (atomic_load(&parent->fake.makes_documents) && now - parent->since_ms > 2 * SLOW_TIMEOUT_MS) {
        assert_int_equal(parent->downs, 0);
        atomic_store(&parent->fake.makes_documents, false);
    }
    return parent->downs > 0;
}

static void
test_progress(void **state)
{
    (void)state;
    struct parent parent = { .fake = { .attest = OCC_HELLO_ATTEST_COMMIT, .hold = 100 },
                             .timeout_ms = SLOW_TIMEOUT_MS,
                             .step = wait_for_documents };
    atomic_store(&parent.fake.makes_documents, true);
    run(&parent);
    assert_false(atomic_load(&parent.fake.makes_documents));
    assert_int_equal(parent.requests[0].code, OCC_ERR_UNKNOWN_OUTCOME);
    clear(&parent);
}

/* ---- documents for callers ---- */

static bool
ask_all(struct parent *parent)
{
    static const char *const nonces[] = { "wait", "n1n1", "", "", "never" };
    while (parent->asked < 5) {
        assert_true(occ_is_ok(ask(parent, nonces[parent->asked])));
    }
    return parent->answered == 4;
}

static void
test_attest(void **state)
{
    (void)state;
    struct parent parent = { .fake = { .attest = OCC_HELLO_ATTEST_EPOCH }, .step = ask_all };
    run(&parent);
    static const char *const documents[] = { "wait", "n1n1", "hand", "hand" };
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(parent.askers[i].done, 1);
        assert_int_equal(parent.askers[i].code, OCC_OK);
        assert_string_equal(parent.askers[i].document, documents[i]);
    }
    assert_int_equal(atomic_load(&parent.fake.attests), 4); /* those without a nonce shared one */
    clear(&parent);
    assert_int_equal(parent.askers[4].done, 1); /* the end answers it */
    assert_int_equal(parent.askers[4].code, OCC_ERR_UNAVAILABLE);
}

static bool
ask_in_vain(struct parent *parent)
{
    if (parent->asked == 0) {
        assert_true(occ_is_ok(ask(parent, "never")));
    }
    return parent->answered == 1;
}

/* A document that does not come is no reason to end the session. */
static void
test_attest_late(void **state)
{
    (void)state;
    struct parent parent = { .fake = { .attest = OCC_HELLO_ATTEST_EPOCH },
                             .timeout_ms = SLOW_TIMEOUT_MS,
                             .step = ask_in_vain };
    run(&parent);
    assert_int_equal(parent.askers[0].code, OCC_ERR_TIMEOUT);
    assert_int_equal(parent.downs, 0);
    clear(&parent);
    assert_int_equal(parent.askers[0].done, 1);
}

static bool
at_once(struct parent *parent)
{
    return parent->ups > 0;
}

static void
test_attest_not_taken(void **state)
{
    (void)state;
    struct parent parent = { .step = at_once };
    run(&parent);
    assert_int_equal(ask(&parent, "n").code, OCC_ERR_UNSUPPORTED);
    clear(&parent);
    assert_int_equal(parent.askers[0].done, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_documents),
        cmocka_unit_test(test_frames_under_way),
        cmocka_unit_test(test_frames_without_documents),
        cmocka_unit_test(test_digests_under_way),
        cmocka_unit_test(test_trouble),
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_progress),
        cmocka_unit_test(test_attest),
        cmocka_unit_test(test_attest_late),
        cmocka_unit_test(test_attest_not_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
