/* serve.c — the loop of occ-enclave. */
#include "enclave/serve.h"

#include <inttypes.h>
#include <stdio.h>

#include "enclave/notice.h"
#include "os/clock.h"
#include "os/socket.h"

enum {
    READ_LEN = 64 << 10,      /* one read */
    KEPT_LEN = 256 << 10,     /* an emptied buffer larger than this is given back */
    UNSENT_PAUSE = 512 << 10, /* so much unsent: no more frames are handled and read */
    WAIT_MS = 3600 * 1000,    /* at a time, also when nothing is due before */
    ACCEPT_PAUSE_MS = 500,    /* between two tries, when a connection cannot be accepted */
    FRAME_LEN = 4 + OCC_LIMIT_FRAME_LEN
};

enum { WAIT_STOP, WAIT_LISTEN, WAIT_SESSION, WAIT_DEVICE, WAIT_COUNT };

struct serve {
    const struct occ_serve_config *config;
    int session;           /* -1 = none */
    struct occ_buf in;     /* what was read and not handled */
    struct occ_outbox out; /* what is for the parent and not sent */
    bool ending;           /* the session is refused: what is unsent is sent, then it is closed */
    enum occ_err cause;    /* of that */
    uint64_t deadline_us;  /* of the HELLO, or of an ending session's last bytes */
    uint64_t accept_us;    /* until then no connection is accepted; 0 = they are */
    bool halted;           /* the gate's integrity failure has been told, */
    bool troubled;         /* and that no documents come */
};

static uint64_t
after_limit(void)
{
    return occ_clock_monotonic_us() + UINT64_C(1000) * OCC_LIMIT_BOUNDARY_MS;
}

/* A connection that says nothing must not keep the only place from a parent that would. */
static bool
is_timed(const struct serve *serve)
{
    return serve->session >= 0 && (serve->ending || !occ_gate_is_greeted(serve->config->gate));
}

static void
begin_session(struct serve *serve, int fd)
{
    serve->session = fd;
    serve->ending = false;
    serve->deadline_us = after_limit();
    occ_gate_begin_session(serve->config->gate);
}

static void
end_session(struct serve *serve)
{
    occ_socket_close(serve->session);
    occ_gate_end_session(serve->config->gate);
    serve->session = -1;
    occ_buf_clear(&serve->in);
    occ_outbox_clear(&serve->out);
}

/* ---- bytes out ---- */

/* Sends what can be sent without waiting. */
static struct occ_result
flush(struct serve *serve)
{
    while (occ_outbox_len(&serve->out) > 0) {
        size_t len = 0;
        OCC_TRY(occ_socket_write(serve->session, occ_outbox_next(&serve->out), &len));
        if (len == 0) {
            return occ_success();
        }
        occ_outbox_sent(&serve->out, len);
    }
    return occ_success();
}

/* ---- bytes in ---- */

static void
refused(struct serve *serve, enum occ_err code)
{
    serve->ending = true;
    serve->cause = code;
    serve->deadline_us = after_limit();
    const struct occ_notice_field why = { "error", occ_result_text(code) };
    occ_notice_write("warn", "session refused", &why, 1);
}

/* Tells the operator how the gate is, when that has changed. */
static void
tell_state(struct serve *serve)
{
    if (!serve->halted && !occ_gate_is_sound(serve->config->gate)) {
        serve->halted = true;
        occ_notice_error("the boundary cannot trust itself any more", "no commit until it is restarted");
    }
    const char *const trouble = occ_gate_trouble(serve->config->gate);
    const bool troubled = trouble[0] != '\0';
    if (troubled && !serve->troubled) {
        occ_notice_error("no attestation documents: commits are refused", trouble);
    } else if (!troubled && serve->troubled) {
        occ_notice_write("info", "attestation documents come again", NULL, 0);
    }
    serve->troubled = troubled;
    int64_t ms = 0;
    if (occ_gate_clock_moved(serve->config->gate, &ms)) {
        char text[24];
        snprintf(text, sizeof text, "%" PRId64, ms);
        const struct occ_notice_field by = { "behindMs", text };
        occ_notice_write("warn", "the machine's clock is wrong: the attestation device's is followed", &by, 1);
    }
}

/* ---- documents ---- */

/* Asks for what the gate wants, if the device is free. */
static void
ask_device(struct serve *serve)
{
    struct occ_device *const device = serve->config->device;
    struct occ_attest_request request;
    if (device != NULL && occ_device_is_free(device) && occ_gate_wants_document(serve->config->gate, &request)) {
        occ_device_ask(device, &request);
    }
}

/* What came of a document, whether it came or not, is told; a failure ends the session. */
static void
settle(struct serve *serve, struct occ_result done)
{
    if (!occ_is_ok(done) && serve->session >= 0) {
        refused(serve, done.code);
    }
    ask_device(serve);
    tell_state(serve);
}

/*
 * Takes the device's answer, if it is there; asks for what is due; runs out of patience, but never with an answer that is there.
 * True if there was one.
 */
static bool
work_with_device(struct serve *serve)
{
    struct occ_attest_outcome outcome;
    if (serve->config->device == NULL) {
        return false;
    }
    const bool answered = occ_device_take(serve->config->device, &outcome);
    if (answered) {
        settle(serve, occ_gate_take_document(serve->config->gate, &outcome, &serve->out));
    }
    settle(serve, occ_gate_look_at_device(serve->config->gate, &serve->out));
    return answered;
}

/* ---- frames ---- */

/*
 * Handles the frames that are there, until too much is unsent or a document has come: signing all of them may take longer than
 * the device, whose answer is to be sent and which is to be asked again. *ret_paused: some may be left.
 */
static void
handle_frames(struct serve *serve, bool *ret_paused)
{
    size_t done = 0, used = 1;
    while (used > 0 && done < serve->in.len && !serve->ending && occ_outbox_len(&serve->out) < UNSENT_PAUSE) {
        const struct occ_bytes rest = occ_bytes_of(serve->in.ptr + done, serve->in.len - done);
        const struct occ_result handled = occ_gate_handle(serve->config->gate, rest, &used, &serve->out);
        if (!occ_is_ok(handled)) {
            refused(serve, handled.code);
            break;
        }
        done += used;
        if (work_with_device(serve)) {
            break;
        }
    }
    *ret_paused = used > 0 && done < serve->in.len && !serve->ending;
    occ_buf_drop_front(&serve->in, done);
    if (serve->in.len == 0 && serve->in.cap > KEPT_LEN) {
        occ_buf_clear(&serve->in);
    }
}

static struct occ_result
read_some(struct serve *serve)
{
    uint8_t *const to = occ_buf_reserve(&serve->in, READ_LEN);
    OCC_TRY(occ_buf_check(&serve->in));
    size_t len = 0;
    OCC_TRY(occ_socket_read(serve->session, to, READ_LEN, &len));
    serve->in.len += len;
    return occ_success();
}

/* ---- the session ---- */

/* Reads, handles and sends what can be. A failure: the connection is lost. */
static struct occ_result
work(struct serve *serve, uint8_t ready)
{
    if ((ready & OCC_SOCKET_READ) != 0 && !serve->ending && occ_outbox_len(&serve->out) < UNSENT_PAUSE) {
        OCC_TRY(read_some(serve));
    }
    for (bool paused = true; paused;) {
        handle_frames(serve, &paused);
        tell_state(serve);
        OCC_TRY(flush(serve));
        if (occ_outbox_len(&serve->out) >= UNSENT_PAUSE) {
            return occ_success(); /* goes on when there is room to write */
        }
    }
    return occ_success();
}

/* One turn of the session. *ret_over: it has ended. */
static struct occ_result
turn(struct serve *serve, uint8_t ready, struct occ_error *err, bool *ret_over)
{
    const struct occ_result worked = work(serve, ready);
    const bool expired = is_timed(serve) && occ_clock_monotonic_us() >= serve->deadline_us;
    const bool told = serve->ending && occ_outbox_len(&serve->out) == 0;
    *ret_over = !occ_is_ok(worked) || expired || told;
    if (!*ret_over) {
        return occ_success();
    }
    const bool only = serve->config->listen_fd < 0;
    const bool was_refused = serve->ending;
    end_session(serve);
    if (expired && !was_refused) {
        occ_notice_error("session lost", "no HELLO in time");
        return only ? occ_error_set(err, OCC_ERR_TIMEOUT, "session lost: no HELLO in time") : occ_success();
    }
    if (worked.code != OCC_OK && worked.code != OCC_ERR_CLOSED && !was_refused) {
        occ_notice_error("session lost", occ_result_text(worked.code));
        return only ? occ_error_set(err, worked.code, "session lost: %s", occ_result_text(worked.code)) : occ_success();
    }
    if (only && was_refused) {
        return occ_error_set(err, serve->cause, "session refused: %s", occ_result_text(serve->cause));
    }
    return occ_success();
}

/* ---- connections ---- */

static void
refuse_second(int fd)
{
    OCC_BUF_AUTO(out, READ_LEN);
    occ_gate_refuse_second(&out);
    size_t len = 0;
    /* A fresh socket has room for it; if not, closing says it too. */
    (void)!occ_is_ok(occ_socket_write(fd, occ_buf_view(&out), &len));
    occ_socket_close(fd);
}

static void
accept_one(struct serve *serve)
{
    int fd = -1;
    struct occ_error err = { .code = OCC_OK };
    const struct occ_result accepted = occ_socket_accept(serve->config->listen_fd, &err, &fd);
    if (accepted.code == OCC_ERR_BUSY) {
        return;
    }
    if (!occ_is_ok(accepted)) { /* no descriptor or memory just now: nothing to end an epoch for */
        serve->accept_us = occ_clock_monotonic_us() + UINT64_C(1000) * ACCEPT_PAUSE_MS;
        occ_notice_error("connection not accepted", err.text);
        return;
    }
    if (serve->session >= 0) {
        refuse_second(fd);
        return;
    }
    begin_session(serve, fd);
}

/* ---- the loop ---- */

/* -1 = for ever. */
static int
wait_ms(const struct serve *serve)
{
    uint64_t until_us = is_timed(serve) ? serve->deadline_us : UINT64_MAX;
    if (serve->accept_us != 0 && serve->accept_us < until_us) {
        until_us = serve->accept_us;
    }
    const uint64_t next_ms = serve->config->device == NULL ? UINT64_MAX : occ_gate_next_ms(serve->config->gate);
    if (next_ms < until_us / 1000) {
        until_us = next_ms * 1000;
    }
    if (until_us == UINT64_MAX) {
        return -1;
    }
    const uint64_t now_us = occ_clock_monotonic_us();
    const uint64_t left_ms = now_us >= until_us ? 0 : (until_us - now_us) / 1000 + 1;
    return left_ms < WAIT_MS ? (int)left_ms : WAIT_MS;
}

static struct occ_result
wait_for_something(const struct serve *serve, uint8_t ready[WAIT_COUNT], struct occ_error *err)
{
    const struct occ_serve_config *const config = serve->config;
    const int listen_fd = serve->accept_us == 0 ? config->listen_fd : -1;
    const int fds[WAIT_COUNT] = { config->stop_fd, listen_fd, serve->session,
                                  config->device == NULL ? -1 : occ_device_fd(config->device) };
    const bool may_read = !serve->ending && occ_outbox_len(&serve->out) < UNSENT_PAUSE;
    const uint8_t want[WAIT_COUNT] = { OCC_SOCKET_READ, OCC_SOCKET_READ,
                                       (uint8_t)((may_read ? OCC_SOCKET_READ : 0) |
                                                 (occ_outbox_len(&serve->out) > 0 ? OCC_SOCKET_WRITE : 0)),
                                       OCC_SOCKET_READ };
    const struct occ_result waited = occ_socket_wait(fds, want, WAIT_COUNT, wait_ms(serve), ready);
    return occ_is_ok(waited) ? waited : occ_error_set(err, waited.code, "cannot wait for the parent");
}

static struct occ_result
loop(struct serve *serve, struct occ_error *err)
{
    for (;;) {
        uint8_t ready[WAIT_COUNT];
        OCC_TRY(wait_for_something(serve, ready, err));
        if (ready[WAIT_STOP] != 0) {
            return occ_success();
        }
        if (serve->accept_us != 0 && occ_clock_monotonic_us() >= serve->accept_us) {
            serve->accept_us = 0;
        }
        bool over = false;
        const bool answered = work_with_device(serve);
        if (serve->session >= 0 && (ready[WAIT_SESSION] != 0 || answered || is_timed(serve))) {
            OCC_TRY(turn(serve, ready[WAIT_SESSION], err, &over));
        }
        if (over && serve->config->listen_fd < 0) {
            return occ_success();
        }
        /* A parent that is gone makes room first, when all that it sent is read: the next one may be itself. */
        const bool leaving = serve->session >= 0 && (ready[WAIT_SESSION] & OCC_SOCKET_GONE) != 0;
        if (ready[WAIT_LISTEN] != 0 && !leaving) {
            accept_one(serve);
        }
    }
}

struct occ_result
occ_serve_run(const struct occ_serve_config *config, struct occ_error *err)
{
    struct serve serve = {
        .config = config,
        .session = -1,
        .in = OCC_BUF_INIT(FRAME_LEN + READ_LEN),
        .out = OCC_OUTBOX_INIT(config->retained_len_max + UNSENT_PAUSE + 2 * (size_t)FRAME_LEN),
    };
    if (config->session_fd >= 0) {
        begin_session(&serve, config->session_fd);
    }
    const struct occ_result result = loop(&serve, err);
    end_session(&serve);
    return result;
}
