/*
 * The parent's side of the boundary, against a boundary that this test plays on a unix socket: frames are shared, results
 * believed only if they are consistent, acknowledged, given again; and what becomes of a commit when it goes wrong.
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

#include "os/socket.h"
#include "server/boundary.h"
#include "wire/frame.h"
#include "wire/hello.h"

enum { REQUESTS = 3, TIMEOUT_MS = 300, GUARD_MS = 20000 };

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
};

/* ---- the boundary that is played, on a thread of its own, one connection after the other ---- */

struct fake {
    enum behaviour behaviour;
    int listen_fd;
    char folder[64], path[96];
    pthread_t thread;
    atomic_uint connections, commit_frames, first_frame_requests;
    atomic_ulong acknowledged;
};

/* Blocks until a frame has come; false at the end of the connection. */
static bool
read_frame(int fd, struct occ_buf *input, struct occ_frame *ret_frame, size_t *ret_used)
{
    for (;;) {
        assert_true(occ_is_ok(occ_frame_next(occ_buf_view(input), ret_frame, ret_used)));
        if (*ret_used > 0) {
            return true;
        }
        uint8_t chunk[4096];
        const ssize_t len = recv(fd, chunk, sizeof(chunk), 0);
        if (len <= 0) {
            return false;
        }
        occ_buf_put(input, occ_bytes_of(chunk, (size_t)len));
    }
}

static void
send_all(int fd, struct occ_buf *out)
{
    (void)send(fd, out->ptr, out->len, MSG_NOSIGNAL);
    occ_buf_reset(out);
}

static void
put_result(struct occ_result_writer *writer, struct occ_bytes opaque, uint64_t position)
{
    static const uint8_t digest[32];
    occ_commit_put_success(writer, opaque, position, occ_bytes_of(NULL, 0));
    const size_t begin = occ_commit_begin_proof(writer, position, digest);
    occ_buf_put_str(writer->buf, "{\"proof\":1}");
    occ_commit_end_proof(writer, begin);
}

static void
put_hello(const struct fake *fake, struct occ_buf *out)
{
    if (fake->behaviour == REFUSES_HELLO) {
        occ_hello_put_refused(out, 0, OCC_ERR_BUSY, occ_bytes_str("another parent is connected"));
        return;
    }
    const bool again = fake->behaviour == GIVES_AGAIN || fake->behaviour == GIVES_AGAIN_WITH_GAP;
    const struct occ_hello_ok hello = {
        .version = fake->behaviour == OTHER_VERSION ? 2 : 1,
        .frame_len_max = OCC_LIMIT_FRAME_LEN,
        .requests_max = 1024,
        .digests_max = 10000,
        .retained_len_max = 1 << 20,
        .public_key = { 7 },
        .epoch_id = occ_bytes_str("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"),
        .enforcement = occ_bytes_str("stub"),
        .measurement = occ_bytes_str("stub:test"),
        .last_position = again ? 7 : 5,
        .acknowledged_position = 5,
    };
    occ_hello_put_ok(out, &hello);
    if (again) {
        struct occ_result_writer writer;
        occ_commit_begin_results(&writer, out, 0);
        put_result(&writer, occ_bytes_str("of an earlier run"), 6);
        put_result(&writer, occ_bytes_str("and another"), fake->behaviour == GIVES_AGAIN ? 7 : 8);
        occ_commit_end_results(&writer);
    }
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
                   6 + i + (fake->behaviour == WRONG_POSITION && last ? 1u : 0u));
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
    if (frame->type == OCC_FRAME_PING) {
        occ_frame_end(out, occ_frame_begin(out, OCC_FRAME_PONG, frame->id));
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
        struct pollfd wait = { .fd = fake->listen_fd, .events = POLLIN }; /* the listening socket does not block */
        (void)poll(&wait, 1, -1);
        const int fd = accept(fake->listen_fd, NULL, NULL);
        if (fd < 0) {
            return NULL; /* shut down by the test */
        }
        atomic_fetch_add(&fake->connections, 1);
        OCC_BUF_AUTO(input, 1 << 20);
        OCC_BUF_AUTO(out, 1 << 20);
        struct occ_frame frame;
        size_t used;
        bool on = true;
        while (on && read_frame(fd, &input, &frame, &used)) {
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
    struct occ_error err = { 0 };
    *fake = (struct fake){ .behaviour = behaviour };
    (void)snprintf(fake->folder, sizeof(fake->folder), "/tmp/occ-boundary-XXXXXX");
    assert_non_null(mkdtemp(fake->folder));
    (void)snprintf(fake->path, sizeof(fake->path), "%s/s", fake->folder);
    assert_true(occ_is_ok(occ_socket_listen_unix(fake->path, &err, &fake->listen_fd)));
    assert_int_equal(pthread_create(&fake->thread, NULL, play, fake), 0);
}

static void
stop_fake(struct fake *fake)
{
    (void)shutdown(fake->listen_fd, SHUT_RDWR);
    (void)pthread_join(fake->thread, NULL);
    (void)close(fake->listen_fd);
    (void)unlink(fake->path);
    (void)rmdir(fake->folder);
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
    struct occ_boundary *boundary;
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
    static const uint8_t digest[32] = { 1 };
    for (unsigned i = 0; i < REQUESTS; i++) {
        struct request *request = &parent->requests[i];
        request->parent = parent;
        request->pending =
            (struct occ_pending){ .loose = OCC_BUF_INIT(4096), .digests = 1, .answer_len = 700, .done = on_done };
        occ_boundary_next_opaque(parent->boundary, request->pending.opaque);
        struct occ_commit_writer writer;
        occ_commit_begin_loose(&writer, &request->pending.loose);
        occ_commit_put_request(&writer, occ_bytes_of(request->pending.opaque, OCC_PENDING_OPAQUE_LEN));
        occ_commit_put_digest(&writer, digest);
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
    const struct occ_boundary_config config = { .loop = parent->loop,
                                                .events = &no_log,
                                                .unix_path = parent->fake.path,
                                                .timeout_ms = TIMEOUT_MS,
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
    return parent->done == REQUESTS && atomic_load(&parent->fake.acknowledged) == 8;
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
seven_acknowledged(const struct parent *parent)
{
    return atomic_load(&parent->fake.acknowledged) == 7;
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
    struct parent parent = { .finished = seven_acknowledged };
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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),          cmocka_unit_test(test_gone_wrong),
        cmocka_unit_test(test_hello_refused), cmocka_unit_test(test_given_again),
        cmocka_unit_test(test_ask),           cmocka_unit_test(test_integrity_lost),
        cmocka_unit_test(test_stop),          cmocka_unit_test(test_no_room_for_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
