/*
 * The parent's side of the boundary, against a boundary that this test plays on a unix socket: frames are shared, results
 * believed only if they are consistent, acknowledged, given again; and what becomes of a commit when it goes wrong.
 */
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "epoch.h"
#include "played.h"
#include "server/boundary.h"
#include "wire/attest.h"
#include "wire/frame.h"
#include "wire/hello.h"
#include "wire/link.h"

/* Only who waits for a boundary that says nothing waits for a short time: a busy machine must not look like one. */
enum { REQUESTS = 3, SHORT_TIMEOUT_MS = 300, TIMEOUT_MS = 10000, GUARD_MS = 20000 };

enum behaviour {
    GOOD,
    WRONG_FRAME_ID,
    WRONG_OPAQUE,
    WRONG_POSITION,
    UNASKED_PONG,
    HANGS_UP,
    SILENT,
    REFUSES_HELLO,
    OTHER_VERSION,
    GIVES_AGAIN,
    GIVES_AGAIN_WITH_GAP,
    INTEGRITY_LOST,
    PIN_REFUSED,
    UNWELL,
    REFUSES_LINK,
    OTHER_HEAD,
    OTHER_LINK_HASH,
    ACKNOWLEDGED_MORE,
    MADE_LESS,
};

/* ---- the boundary that is played, on a thread of its own, one connection after the other ---- */

struct fake {
    enum behaviour behaviour;
    struct played_socket socket;
    pthread_t thread;
    atomic_uint connections, commit_frames, first_frame_requests, links, issues;
    char linked[EPOCH_PROOF_SIZE]; /* the proof of the LINK; read when the thread has ended */
    uint64_t position;             /* of the newest result that it gave */
    atomic_ulong acknowledged;
};

/* What all requests ask for, and the proofs of epoch.h are of. */
static const uint8_t asked_digest[32];

static void
send_all(int fd, struct occ_buf *out)
{
    (void)send(fd, out->ptr, out->len, MSG_NOSIGNAL);
    occ_buf_reset(out);
}

static void
put_result(struct occ_result_writer *writer, struct occ_bytes opaque, uint64_t position)
{
    const struct epoch_proof proof = epoch_make_proof(EPOCH_A, position);
    occ_commit_put_success(writer, opaque, position, occ_bytes_of(NULL, 0));
    const size_t begin = occ_commit_begin_proof(writer, position, asked_digest);
    occ_buf_put_str(writer->buf, proof.text);
    occ_commit_end_proof(writer, begin, 0, 0);
}

/* A boundary that gives again made two results before this connection; those that disagree say something else of them. */
static struct occ_hello_ok
make_hello(const struct fake *fake)
{
    const enum behaviour behaviour = fake->behaviour;
    const bool again = behaviour == GIVES_AGAIN || behaviour == GIVES_AGAIN_WITH_GAP || behaviour >= OTHER_HEAD;
    struct occ_hello_ok hello = {
        .version = behaviour == OTHER_VERSION ? OCC_WIRE_VERSION - 1 : OCC_WIRE_VERSION,
        .frame_len_max = OCC_LIMIT_FRAME_LEN,
        .requests_max = 1024,
        .digests_max = 10000,
        .retained_len_max = 1 << 20,
        .public_key = { 7 },
        .epoch_id = occ_bytes_str(EPOCH_A),
        .enforcement = occ_bytes_str("stub"),
        .measurement = occ_bytes_str("stub:test"),
        .last_position = again ? 2 : 0,
        .head_count = 1,
    };
    if (again) {
        const uint64_t counter = behaviour == OTHER_HEAD ? 3 : 2;
        const struct epoch_proof newest = epoch_make_proof(EPOCH_A, counter);
        hello.heads[0].counter = counter;
        memcpy(hello.heads[0].link_hash, newest.link_hash, sizeof(newest.link_hash));
        hello.heads[0].link_hash[31] ^= behaviour == OTHER_LINK_HASH ? 1 : 0;
    }
    hello.acknowledged_position = behaviour == ACKNOWLEDGED_MORE ? 2 : 0;
    hello.last_position = behaviour == MADE_LESS ? 1 : hello.last_position;
    return hello;
}

static void
put_hello(struct fake *fake, struct occ_buf *out)
{
    if (fake->behaviour == REFUSES_HELLO) {
        occ_hello_put_refused(out, 0, OCC_ERR_BUSY, occ_bytes_str("another parent is connected"));
        return;
    }
    if (fake->behaviour == PIN_REFUSED) {
        occ_hello_put_refused(out, 0, OCC_ERR_DENIED, occ_bytes_str("the token refused the PIN"));
        return;
    }
    const struct occ_hello_ok hello = make_hello(fake);
    occ_hello_put_ok(out, &hello);
    fake->position = hello.last_position;
    if (hello.last_position > hello.acknowledged_position) {
        struct occ_result_writer writer;
        occ_commit_begin_results(&writer, out, 0);
        put_result(&writer, occ_bytes_str("of an earlier run"), 1);
        if (hello.last_position > 1) {
            put_result(&writer, occ_bytes_str("and another"), fake->behaviour == GIVES_AGAIN_WITH_GAP ? 3 : 2);
        }
        occ_commit_end_results(&writer);
    }
}

static void
answer_link(struct fake *fake, const struct occ_frame *frame, struct occ_buf *out)
{
    struct occ_reader reader;
    struct occ_link_entry entry;
    uint16_t chains;
    assert_true(occ_is_ok(occ_link_read(frame->payload, &reader, &chains)) && chains == 1);
    assert_true(occ_is_ok(occ_link_next(&reader, &entry)) && entry.chain_id.len == 0);
    assert_int_equal(atomic_load(&fake->commit_frames), 0);
    memcpy(fake->linked, entry.proof.ptr, entry.proof.len);
    atomic_fetch_add(&fake->links, 1);
    if (fake->behaviour == REFUSES_LINK) {
        occ_link_put_answer(out, frame->id, OCC_ERR_LINK, occ_bytes_str("the default chain: no"));
        return;
    }
    occ_link_put_answer(out, frame->id, OCC_OK, occ_bytes_of(NULL, 0));
}

static void
answer_issue(struct fake *fake, const struct occ_frame *frame, struct occ_buf *out)
{
    struct occ_issue_request request;
    assert_true(occ_is_ok(occ_issue_read(frame->payload, &request)));
    atomic_fetch_add(&fake->issues, 1);
    const bool is_slot = request.what == OCC_ISSUE_SLOT;
    const struct occ_issue_answer answer = { .code = is_slot ? OCC_ERR_CHAIN_UNKNOWN : OCC_OK,
                                             .text = occ_bytes_str(is_slot ? "no such chain" : "{\"challenge\":1}") };
    occ_issue_put_answer(out, frame->id, &answer);
}

static void
answer_commit(struct fake *fake, const struct occ_frame *frame, struct occ_buf *out)
{
    struct occ_commit_reader reader;
    struct occ_result_writer writer;
    uint16_t requests;
    assert_true(occ_is_ok(occ_commit_read(frame->payload, &reader, &requests)));
    if (atomic_fetch_add(&fake->commit_frames, 1) == 0) {
        atomic_store(&fake->first_frame_requests, requests);
    }
    occ_commit_begin_results(&writer, out, frame->id + (fake->behaviour == WRONG_FRAME_ID ? 1 : 0));
    for (uint16_t i = 0; i < requests; i++) {
        struct occ_bytes opaque, digest;
        struct occ_commit_field field;
        uint32_t digests;
        bool more;
        assert_true(occ_is_ok(occ_commit_next_request(&reader, &opaque)));
        assert_true(occ_is_ok(occ_commit_next_field(&reader, &field, &more)) && !more);
        assert_true(occ_is_ok(occ_commit_digest_count(&reader, &digests)) && digests == 1);
        assert_true(occ_is_ok(occ_commit_next_digest(&reader, &digest)));
        assert_true(occ_is_ok(occ_commit_next_field(&reader, &field, &more)) && !more);
        const bool last = i + 1 == requests;
        if (fake->behaviour == INTEGRITY_LOST && last) {
            occ_commit_put_refusal(&writer, opaque, OCC_ERR_INTEGRITY, occ_bytes_str("it cannot trust itself"));
            break;
        }
        put_result(&writer, fake->behaviour == WRONG_OPAQUE && last ? occ_bytes_str("0123456789abcdef") : opaque,
                   ++fake->position + (fake->behaviour == WRONG_POSITION && last ? 1u : 0u));
    }
    occ_commit_end_results(&writer);
}

/* False: hang up. */
static bool
answer(struct fake *fake, const struct occ_frame *frame, struct occ_buf *out)
{
    if (frame->type == OCC_FRAME_HELLO) {
        put_hello(fake, out);
        return true;
    }
    if (frame->type == OCC_FRAME_ACK) {
        uint64_t position = 0;
        assert_true(occ_is_ok(occ_commit_read_ack(frame->payload, &position)));
        atomic_store(&fake->acknowledged, position);
        return true;
    }
    if (fake->behaviour == SILENT) {
        return true;
    }
    if (frame->type == OCC_FRAME_PING && fake->behaviour == INTEGRITY_LOST) {
        occ_hello_put_refused(out, frame->id, OCC_ERR_INTEGRITY, occ_bytes_str("it cannot trust itself"));
        return true;
    }
    if (frame->type == OCC_FRAME_LINK) {
        answer_link(fake, frame, out);
        return true;
    }
    if (frame->type == OCC_FRAME_ISSUE) {
        answer_issue(fake, frame, out);
        return true;
    }
    if (frame->type == OCC_FRAME_PING) {
        const char *const trouble = fake->behaviour == UNWELL ? "the hardware key is away" : "";
        occ_status_put(out, frame->id, &(struct occ_status){ .trouble = occ_bytes_str(trouble) });
        return true;
    }
    assert_int_equal(frame->type, OCC_FRAME_COMMIT);
    if (fake->behaviour == UNASKED_PONG) {
        occ_frame_end(out, occ_frame_begin(out, OCC_FRAME_PONG, 99));
        return true;
    }
    if (fake->behaviour == HANGS_UP) {
        return false;
    }
    answer_commit(fake, frame, out);
    return true;
}

static void *
play(void *arg)
{
    struct fake *fake = arg;
    for (;;) {
        struct pollfd wait = { .fd = fake->socket.fd, .events = POLLIN }; /* the listening socket does not block */
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
        bool on = true;
        while (on && played_read_frame(fd, &input, &frame, &used)) {
            on = answer(fake, &frame, &out);
            occ_buf_drop_front(&input, used);
            send_all(fd, &out);
        }
        (void)close(fd);
    }
}

static void
start_fake(struct fake *fake, enum behaviour behaviour)
{
    *fake = (struct fake){ .behaviour = behaviour };
    played_listen(&fake->socket);
    assert_int_equal(pthread_create(&fake->thread, NULL, play, fake), 0);
}

static void
stop_fake(struct fake *fake)
{
    (void)shutdown(fake->socket.fd, SHUT_RDWR);
    (void)pthread_join(fake->thread, NULL);
    (void)close(fake->socket.fd);
    (void)unlink(fake->socket.path);
    epoch_remove_folder(fake->socket.folder);
}

/* ---- the parent under test ---- */

struct request {
    struct occ_pending pending; /* first */
    struct parent *parent;
    unsigned done;
    enum occ_err code;
};

struct parent {
    struct fake fake;
    struct occ_loop *loop;
    struct occ_store *store;
    struct occ_boundary *boundary;
    bool genesis;
    void (*seed)(const char *folder); /* what is in the ledger before */
    struct occ_boundary_issue issues[2];
    unsigned issued;
    struct occ_timer *guard, *poll;
    struct request requests[REQUESTS];
    unsigned done, ups, downs;
    struct occ_asker asker;
    unsigned asked;
    enum occ_err asked_code;
    void (*when_up)(struct parent *parent);
    bool (*finished)(const struct parent *parent);
    bool guarded;
    uint64_t down_since_ms;
    size_t unsent; /* bytes of answers that are said to be untaken */
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
    if (parent->finished(parent)) {
        occ_loop_stop(parent->loop);
        return;
    }
    occ_timer_start(parent->poll, 5);
}

static void
on_change(void *ctx, const struct occ_boundary_identity *identity)
{
    struct parent *parent = ctx;
    if (identity == NULL) {
        parent->downs++;
        parent->down_since_ms = occ_loop_now_ms(parent->loop);
        return;
    }
    assert_string_equal(identity->measurement, "stub:test");
    assert_int_equal(identity->public_key[0], 7);
    if (++parent->ups == 1 && parent->when_up != NULL) {
        parent->when_up(parent);
    }
}

static void
on_done(struct occ_pending *pending, const struct occ_pending_answer *answer_given)
{
    struct request *request = (struct request *)pending;
    request->done++;
    request->code = answer_given->code;
    request->parent->done++;
}

static void
commit_all(struct parent *parent)
{
    for (unsigned i = 0; i < REQUESTS; i++) {
        struct request *request = &parent->requests[i];
        request->parent = parent;
        request->pending =
            (struct occ_pending){ .loose = OCC_BUF_INIT(4096), .digests = 1, .text_len = 700, .done = on_done };
        occ_boundary_next_id(parent->boundary, request->pending.opaque);
        request->pending.opaque_len = OCC_OPAQUE_ID_LEN;
        struct occ_commit_writer writer;
        occ_commit_begin_loose(&writer, &request->pending.loose);
        occ_commit_put_request(&writer, occ_bytes_of(request->pending.opaque, request->pending.opaque_len));
        occ_commit_put_digest(&writer, asked_digest);
        occ_commit_end_loose(&writer);
        assert_true(occ_is_ok(occ_boundary_commit(parent->boundary, &request->pending)));
        assert_int_equal(request->done, 0);
    }
    struct occ_pending extra = { .digests = 1 };
    assert_int_equal(occ_boundary_commit(parent->boundary, &extra).code, OCC_ERR_BUSY); /* waiting_max */
}

static void
on_asked(struct occ_asker *asker, struct occ_result result)
{
    struct parent *parent = (struct parent *)(void *)((char *)asker - offsetof(struct parent, asker));
    parent->asked++;
    parent->asked_code = result.code;
}

static void
ask(struct parent *parent)
{
    parent->asker.done = on_asked;
    occ_boundary_ask(parent->boundary, &parent->asker);
}

static void
on_stopped(void *ctx)
{
    struct parent *parent = ctx;
    occ_loop_stop(parent->loop);
}

static size_t
unsent(void *ctx)
{
    const struct parent *parent = ctx;
    return parent->unsent;
}

/* Runs until finished says so. */
static void
run(struct parent *parent, enum behaviour behaviour)
{
    static const struct occ_events no_log = { 0 };
    struct occ_error err = { 0 };
    start_fake(&parent->fake, behaviour);
    assert_true(occ_is_ok(occ_loop_new(&err, &parent->loop)));
    assert_true(occ_is_ok(occ_timer_new(parent->loop, on_guard, parent, &parent->guard)));
    assert_true(occ_is_ok(occ_timer_new(parent->loop, on_poll, parent, &parent->poll)));
    if (parent->seed != NULL) {
        parent->seed(parent->fake.socket.folder);
    }
    const struct occ_store_config store = {
        .loop = parent->loop, .events = &no_log, .folder = parent->fake.socket.folder, .read_threads = 1, .reads_max = 8
    };
    assert_true(occ_is_ok(occ_store_new(&store, &err, &parent->store)));
    const struct occ_boundary_config config = { .loop = parent->loop,
                                                .store = parent->store,
                                                .genesis = parent->genesis,
                                                .events = &no_log,
                                                .address = parent->fake.socket.address,
                                                .timeout_ms = behaviour == SILENT ? SHORT_TIMEOUT_MS : TIMEOUT_MS,
                                                .health_ms = 100,
                                                .waiting_max = REQUESTS,
                                                .unsent = unsent,
                                                .on_change = on_change,
                                                .ctx = parent };
    assert_true(occ_is_ok(occ_boundary_new(&config, &err, &parent->boundary)));
    occ_timer_start(parent->guard, GUARD_MS);
    occ_timer_start(parent->poll, 5);
    occ_loop_run(parent->loop);
    assert_false(parent->guarded);
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
    stop_fake(&parent->fake);
    for (unsigned i = 0; i < REQUESTS; i++) {
        occ_buf_clear(&parent->requests[i].pending.loose);
    }
}

static bool
all_done_and_acknowledged(const struct parent *parent)
{
    return parent->done == REQUESTS && atomic_load(&parent->fake.acknowledged) == REQUESTS;
}

static bool
all_done(const struct parent *parent)
{
    return parent->done == REQUESTS;
}

static bool
up_again(const struct parent *parent)
{
    return parent->done == REQUESTS && parent->ups >= 2;
}

static bool
was_down_twice(const struct parent *parent)
{
    return parent->downs >= 2;
}

static bool
was_asked(const struct parent *parent)
{
    return parent->asked > 0;
}

/* Down, and for three times as long as the first wait for a new attempt would be. */
static bool
stays_down(const struct parent *parent)
{
    return parent->downs > 0 &&
           occ_loop_now_ms(parent->loop) - parent->down_since_ms > 3 * (uint64_t)OCC_LIMIT_RECONNECT_MIN_MS;
}

static bool
two_acknowledged(const struct parent *parent)
{
    return atomic_load(&parent->fake.acknowledged) == 2;
}

/* Requests of one turn share one frame, and one acknowledgement says that all are taken. */
static void
test_good(void **state)
{
    (void)state;
    struct parent parent = { .when_up = commit_all, .finished = all_done_and_acknowledged };
    run(&parent, GOOD);
    assert_int_equal(atomic_load(&parent.fake.commit_frames), 1);
    assert_int_equal(atomic_load(&parent.fake.first_frame_requests), REQUESTS);
    assert_int_equal(atomic_load(&parent.fake.connections), 1);
    assert_int_equal(parent.downs, 0);
    for (unsigned i = 0; i < REQUESTS; i++) {
        assert_int_equal(parent.requests[i].code, OCC_OK);
        assert_int_equal(parent.requests[i].done, 1);
    }
    clear(&parent);
}

/* Promise 5: a request whose answer has no room is refused before it is sent; one byte more of room, and it is not. */
static void
test_no_room_for_answers(void **state)
{
    (void)state;
    struct parent parent = { .when_up = commit_all, .finished = all_done, .unsent = OCC_LIMIT_ANSWERS_LEN - 699 };
    run(&parent, GOOD);
    assert_int_equal(atomic_load(&parent.fake.commit_frames), 0);
    for (unsigned i = 0; i < REQUESTS; i++) {
        assert_int_equal(parent.requests[i].code, OCC_ERR_BUSY);
        assert_int_equal(parent.requests[i].done, 1);
    }
    assert_int_equal(parent.downs, 0);
    clear(&parent);
    struct parent roomy = { .when_up = commit_all, .finished = all_done, .unsent = OCC_LIMIT_ANSWERS_LEN - 700 };
    run(&roomy, GOOD);
    assert_int_equal(roomy.requests[0].code, OCC_OK);
    clear(&roomy);
}

/* Whatever goes wrong after a frame was sent: the outcome is unknown, nothing is given out, and a new session begins. */
static void
test_gone_wrong(void **state)
{
    (void)state;
    for (enum behaviour behaviour = WRONG_FRAME_ID; behaviour <= SILENT; behaviour++) {
        struct parent parent = { .when_up = commit_all, .finished = up_again };
        run(&parent, behaviour);
        assert_true(parent.downs >= 1);
        assert_true(atomic_load(&parent.fake.connections) >= 2);
        assert_int_equal(atomic_load(&parent.fake.acknowledged), 0);
        for (unsigned i = 0; i < REQUESTS; i++) {
            assert_int_equal(parent.requests[i].code, OCC_ERR_UNKNOWN_OUTCOME);
            assert_int_equal(parent.requests[i].done, 1);
        }
        clear(&parent);
    }
}

static void
test_hello_refused(void **state)
{
    (void)state;
    for (enum behaviour behaviour = REFUSES_HELLO; behaviour <= OTHER_VERSION; behaviour++) {
        struct parent parent = { .finished = was_down_twice };
        run(&parent, behaviour);
        assert_int_equal(parent.ups, 0);
        assert_null(occ_boundary_identity(parent.boundary));
        struct occ_pending pending = { .digests = 1 };
        assert_int_equal(occ_boundary_commit(parent.boundary, &pending).code, OCC_ERR_UNAVAILABLE);
        ask(&parent);
        assert_int_equal(parent.asked, 1);
        assert_int_equal(parent.asked_code, OCC_ERR_UNAVAILABLE);
        clear(&parent);
    }
}

/* Results that an earlier connection did not acknowledge come first, and are acknowledged. */
static void
test_given_again(void **state)
{
    (void)state;
    struct parent parent = { .finished = two_acknowledged };
    run(&parent, GIVES_AGAIN);
    assert_int_equal(parent.ups, 1);
    assert_int_equal(parent.downs, 0);
    clear(&parent);
    struct parent gap = { .finished = was_down_twice };
    run(&gap, GIVES_AGAIN_WITH_GAP);
    assert_int_equal(atomic_load(&gap.fake.acknowledged), 0);
    clear(&gap);
}

static void
test_ask(void **state)
{
    (void)state;
    struct parent good = { .when_up = ask, .finished = was_asked };
    run(&good, GOOD);
    assert_int_equal(good.asked_code, OCC_OK);
    clear(&good);
    struct parent silent = { .when_up = ask, .finished = was_asked };
    run(&silent, SILENT);
    assert_int_equal(silent.asked_code, OCC_ERR_TIMEOUT);
    clear(&silent);
}

/* DESIGN §4, promise 3: a boundary that cannot trust itself is left alone, whether a commit or a ping shows it. */
static void
test_integrity_lost(void **state)
{
    (void)state;
    void (*const occasions[])(struct parent * parent) = { commit_all, ask };
    for (unsigned i = 0; i < 2; i++) {
        struct parent parent = { .when_up = occasions[i], .finished = stays_down };
        run(&parent, INTEGRITY_LOST);
        assert_int_equal(parent.ups, 1);
        assert_int_equal(parent.downs, 1);
        assert_int_equal(atomic_load(&parent.fake.connections), 1);
        assert_null(occ_boundary_identity(parent.boundary));
        if (i == 0) { /* what was signed before it is good */
            assert_int_equal(parent.requests[0].code, OCC_OK);
            assert_int_equal(parent.requests[REQUESTS - 1].code, OCC_ERR_INTEGRITY);
        } else {
            assert_int_equal(parent.asked_code, OCC_ERR_UNAVAILABLE);
        }
        clear(&parent);
    }
}

/* A boundary that answers that it takes no commits is asked again, and left as it is. */
static void
test_unwell(void **state)
{
    (void)state;
    struct parent parent = { .when_up = ask, .finished = was_asked };
    run(&parent, UNWELL);
    assert_int_equal(parent.asked_code, OCC_OK);
    assert_string_equal(occ_boundary_trouble(parent.boundary), "the hardware key is away");
    assert_int_equal(parent.downs, 0);
    clear(&parent);
    struct parent good = { .when_up = ask, .finished = was_asked };
    run(&good, GOOD);
    assert_null(occ_boundary_trouble(good.boundary));
    clear(&good);
}

/* It is not started again: the token would be locked. */
static void
test_pin_refused(void **state)
{
    (void)state;
    struct parent parent = { .finished = stays_down };
    run(&parent, PIN_REFUSED);
    assert_int_equal(parent.ups, 0);
    assert_int_equal(atomic_load(&parent.fake.connections), 1);
    assert_string_equal(occ_boundary_trouble(parent.boundary),
                        "commits are stopped until occd is restarted: the boundary refused: the token refused the PIN");
    clear(&parent);
}

/* What waits or is under way when the parent stops is answered, once. */
static void
test_stop(void **state)
{
    (void)state;
    struct parent parent = { .when_up = commit_all, .finished = was_asked };
    parent.asked = 1; /* stop as soon as the loop looks */
    run(&parent, SILENT);
    clear(&parent);
    assert_true(all_done(&parent) || parent.ups == 0);
    for (unsigned i = 0; i < parent.done; i++) {
        assert_int_equal(parent.requests[i].done, 1);
        assert_int_not_equal(parent.requests[i].code, OCC_OK);
    }
}

/* ---- the ledger and the boundary ---- */

static void
seed_earlier_epoch(const char *folder)
{
    epoch_seed(folder, EPOCH_B, 9, 1, 3);
}

/* What the ledger has of the boundary's own epoch. */
static void
seed_one(const char *folder)
{
    epoch_seed(folder, EPOCH_A, 7, 1, 1);
}

static void
seed_two(const char *folder)
{
    epoch_seed(folder, EPOCH_A, 7, 1, 2);
}

/* A new epoch names the ledger's newest proof before anything is committed; later sessions of the test find nothing wrong. */
static void
test_link(void **state)
{
    (void)state;
    struct parent parent = { .when_up = commit_all, .finished = all_done_and_acknowledged, .seed = seed_earlier_epoch };
    run(&parent, GOOD);
    assert_int_equal(parent.requests[0].code, OCC_OK);
    assert_null(occ_boundary_trouble(parent.boundary));
    clear(&parent);
    assert_int_equal(atomic_load(&parent.fake.links), 1);
    const struct epoch_proof newest = epoch_make_proof(EPOCH_B, 3);
    assert_string_equal(parent.fake.linked, newest.text);
}

static bool
has_trouble(const struct parent *parent)
{
    return parent->done == REQUESTS && parent->ups > 0 && occ_boundary_trouble(parent->boundary) != NULL;
}

/* A boundary that does not go on from there is left alone: no new session, and so no new key, follows. */
static void
test_link_refused(void **state)
{
    (void)state;
    struct parent parent = { .when_up = commit_all, .finished = has_trouble, .seed = seed_earlier_epoch };
    run(&parent, REFUSES_LINK);
    assert_string_equal(
        occ_boundary_trouble(parent.boundary),
        "commits are stopped: the boundary does not go on from the ledger's last proof (the default chain: "
        "no); occd --genesis begins without a link to it");
    assert_int_equal(parent.requests[0].code, OCC_ERR_UNAVAILABLE);
    assert_int_equal(atomic_load(&parent.fake.commit_frames), 0);
    assert_int_equal(parent.downs, 0);
    assert_non_null(occ_boundary_identity(parent.boundary));
    struct occ_pending pending = { .digests = 1 };
    assert_int_equal(occ_boundary_commit(parent.boundary, &pending).code, OCC_ERR_UNAVAILABLE);
    struct occ_boundary_issue issue = { .request.what = OCC_ISSUE_CHALLENGE };
    assert_int_equal(occ_boundary_issue(parent.boundary, &issue).code, OCC_ERR_UNAVAILABLE);
    clear(&parent);
}

static void
test_genesis(void **state)
{
    (void)state;
    struct parent parent = {
        .when_up = commit_all, .finished = all_done_and_acknowledged, .seed = seed_earlier_epoch, .genesis = true
    };
    run(&parent, GOOD);
    assert_int_equal(atomic_load(&parent.fake.links), 0);
    assert_int_equal(parent.requests[0].code, OCC_OK);
    clear(&parent);
}

/* What the ledger has already is taken as once; what it lacks is added. */
static void
test_given_again_twice(void **state)
{
    (void)state;
    struct parent parent = { .finished = two_acknowledged, .seed = seed_one };
    run(&parent, GIVES_AGAIN);
    assert_int_equal(parent.downs, 0);
    clear(&parent);
}

/* Promise 1: whoever of the two has forgotten something, nothing is signed any more, and the sentence says what is wrong. */
static void
test_disagreement(void **state)
{
    (void)state;
    static const struct {
        enum behaviour behaviour;
        void (*seed)(const char *folder);
        const char *sentence;
    } rows[] = {
        { ACKNOWLEDGED_MORE, seed_one,
          "commits are stopped until occd is restarted: the ledger is older than the boundary was told: it ends at "
          "position "
          "1 of epoch " EPOCH_A ", and 2 was durable (a restored backup?)" },
        { ACKNOWLEDGED_MORE, NULL,
          "commits are stopped until occd is restarted: the ledger is older than the boundary was told: it ends at "
          "position "
          "0 of epoch " EPOCH_A ", and 2 was durable (a restored backup?)" },
        { MADE_LESS, seed_two,
          "commits are stopped until occd is restarted: the ledger has more than the boundary made: it ends at "
          "position 2 of "
          "epoch " EPOCH_A ", and the boundary at 1" },
        { OTHER_HEAD, NULL,
          "commits are stopped until occd is restarted: the default chain of epoch " EPOCH_A
          " ends in the ledger at counter 2, and in the boundary at 3" },
        { OTHER_LINK_HASH, NULL,
          "commits are stopped until occd is restarted: the default chain of epoch " EPOCH_A
          ": the ledger's newest proof is not the one that the boundary goes on from" },
    };
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct parent parent = { .when_up = commit_all, .finished = stays_down, .seed = rows[i].seed };
        run(&parent, rows[i].behaviour);
        assert_string_equal(occ_boundary_trouble(parent.boundary), rows[i].sentence);
        assert_int_equal(atomic_load(&parent.fake.connections), 1);
        assert_int_equal(atomic_load(&parent.fake.commit_frames), 0);
        assert_int_equal(parent.requests[0].code, OCC_ERR_UNAVAILABLE);
        clear(&parent);
    }
}

/* ---- what is given out to be used once ---- */

static void
on_issued(struct occ_boundary_issue *issue, const struct occ_issue_answer *given)
{
    struct parent *parent =
        (struct parent *)(void *)((char *)(issue - (issue->request.what == OCC_ISSUE_SLOT ? 1 : 0)) -
                                  offsetof(struct parent, issues));
    parent->issued++;
    if (issue->request.what == OCC_ISSUE_SLOT) {
        assert_int_equal(given->code, OCC_ERR_CHAIN_UNKNOWN);
        assert_true(occ_bytes_is(given->text, "no such chain"));
        return;
    }
    assert_int_equal(given->code, OCC_OK);
    assert_true(occ_bytes_is(given->text, "{\"challenge\":1}"));
}

static void
issue_both(struct parent *parent)
{
    parent->issues[0] = (struct occ_boundary_issue){ .request.what = OCC_ISSUE_CHALLENGE, .done = on_issued };
    parent->issues[1] =
        (struct occ_boundary_issue){ .request = { .what = OCC_ISSUE_SLOT, .chain_id = occ_bytes_str("other") },
                                     .done = on_issued };
    for (unsigned i = 0; i < 2; i++) {
        assert_true(occ_is_ok(occ_boundary_issue(parent->boundary, &parent->issues[i])));
    }
    assert_int_equal(parent->issued, 0);
}

static bool
both_issued(const struct parent *parent)
{
    return parent->issued == 2;
}

static void
test_issue(void **state)
{
    (void)state;
    struct parent parent = { .when_up = issue_both, .finished = both_issued, .seed = seed_earlier_epoch };
    run(&parent, GOOD);
    assert_int_equal(atomic_load(&parent.fake.links), 1); /* before: a slot counts on from there */
    assert_int_equal(atomic_load(&parent.fake.issues), 2);
    assert_int_equal(parent.downs, 0);
    clear(&parent);
}

/* ---- a ledger that cannot be written ---- */

static void
limit_files(rlim_t len)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = len;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void
commit_on_full_disk(struct parent *parent)
{
    limit_files(1);
    commit_all(parent);
}

static bool
done_then_acknowledged(const struct parent *parent)
{
    if (parent->done < REQUESTS) {
        return false;
    }
    if (occ_boundary_trouble(parent->boundary) != NULL) {
        limit_files(RLIM_INFINITY); /* the operator makes room */
    }
    return atomic_load(&parent->fake.acknowledged) == REQUESTS && occ_boundary_trouble(parent->boundary) == NULL;
}

/* Clients hear that the outcome is unknown; when there is room again the proofs are durable, and acknowledged, by themselves. */
static void
test_full_disk(void **state)
{
    (void)state;
    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    struct parent parent = { .when_up = commit_on_full_disk, .finished = done_then_acknowledged };
    run(&parent, GOOD);
    for (unsigned i = 0; i < REQUESTS; i++) {
        assert_int_equal(parent.requests[i].code, OCC_ERR_UNKNOWN_OUTCOME);
        assert_int_equal(parent.requests[i].done, 1);
    }
    assert_int_equal(parent.downs, 0);
    clear(&parent);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),          cmocka_unit_test(test_gone_wrong),
        cmocka_unit_test(test_hello_refused), cmocka_unit_test(test_given_again),
        cmocka_unit_test(test_ask),           cmocka_unit_test(test_integrity_lost),
        cmocka_unit_test(test_stop),          cmocka_unit_test(test_no_room_for_answers),
        cmocka_unit_test(test_link),          cmocka_unit_test(test_link_refused),
        cmocka_unit_test(test_genesis),       cmocka_unit_test(test_given_again_twice),
        cmocka_unit_test(test_disagreement),  cmocka_unit_test(test_issue),
        cmocka_unit_test(test_full_disk),     cmocka_unit_test(test_unwell),
        cmocka_unit_test(test_pin_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
