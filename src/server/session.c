#include "server/session.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/hex.h"
#include "base/limits.h"
#include "crypto/digest.h"
#include "proof/proof.h"

enum {
    STEADY_MS = 5000,        /* a session that was up so long was no failure: the next wait begins small again */
    FRAME_LEN_MIN = 1 << 16, /* a boundary that takes less is no use */
    INPUT_KEEP_LEN = 1 << 20 /* memory for input beyond this is given back after a large frame */
};

enum state { WAITING, OPENING, GREETING, UP, HALTED, ENDED };

struct occ_session {
    struct occ_session_config config;
    struct occ_transport *transport;
    struct occ_timer *timer;
    enum state state;
    uint64_t delay_ms, up_since_ms;
    struct occ_buf input; /* the beginning of a frame that is not complete yet */
};

static void
go_down(struct occ_session *session, const char *why)
{
    if (session->state == WAITING || session->state == HALTED || session->state == ENDED) {
        return;
    }
    const uint64_t now = occ_loop_now_ms(session->config.loop);
    if (session->state == UP && now - session->up_since_ms >= STEADY_MS) {
        session->delay_ms = OCC_LIMIT_RECONNECT_MIN_MS;
    }
    session->state = WAITING;
    occ_buf_clear(&session->input);
    occ_transport_drop(session->transport);
    occ_timer_start(session->timer, session->delay_ms);
    session->delay_ms =
        session->delay_ms * 2 < OCC_LIMIT_RECONNECT_MAX_MS ? session->delay_ms * 2 : OCC_LIMIT_RECONNECT_MAX_MS;
    session->config.on_down(session->config.ctx, why);
}

static struct occ_result
open_transport(struct occ_session *session, struct occ_error *err)
{
    session->state = OPENING;
    occ_timer_start(session->timer, session->config.hello_ms);
    return occ_transport_open(session->transport, err);
}

static void
on_timer(void *ctx)
{
    struct occ_session *session = ctx;
    if (session->state != WAITING) {
        go_down(session, "the boundary did not say hello in time");
        return;
    }
    if (!occ_transport_is_idle(session->transport)) {
        occ_timer_start(session->timer, OCC_LIMIT_RECONNECT_MIN_MS); /* the killed child has not ended yet */
        return;
    }
    struct occ_error err = { 0 };
    if (!occ_is_ok(open_transport(session, &err))) {
        go_down(session, err.text);
    }
}

static void
transport_opened(void *ctx)
{
    struct occ_session *session = ctx;
    session->state = GREETING;
    const struct occ_hello hello = { .min_version = OCC_WIRE_VERSION, .max_version = OCC_WIRE_VERSION };
    OCC_BUF_AUTO(out, OCC_LIMIT_FRAME_LEN);
    occ_hello_put(&out, &hello);
    occ_transport_send(session->transport, &out);
}

static void
transport_closed(void *ctx, const char *why)
{
    go_down(ctx, why);
}

static bool
is_zero(const uint8_t *bytes, size_t len)
{
    uint8_t any = 0;
    for (size_t i = 0; i < len; i++) {
        any |= bytes[i];
    }
    return any == 0;
}

struct occ_result
occ_session_check_hello(const struct occ_hello_ok *hello, struct occ_error *err)
{
    uint8_t epoch[OCC_SHA256_LEN];
    enum occ_enforcement enforcement;
    if (hello->version != OCC_WIRE_VERSION || hello->features != 0) {
        return occ_error_set(err, OCC_ERR_WIRE_VERSION, "the boundary speaks version %u, expected %d without features",
                             hello->version, OCC_WIRE_VERSION);
    }
    if (is_zero(hello->public_key, sizeof(hello->public_key))) {
        return occ_error_set(err, OCC_ERR_WIRE_MESSAGE, "the boundary's public key is all zeros");
    }
    if (!occ_is_ok(occ_hex_decode(hello->epoch_id, sizeof(epoch), epoch))) {
        return occ_error_set(err, OCC_ERR_WIRE_MESSAGE, "the boundary's epochId is not 64 lower-case hex digits");
    }
    if (!occ_proof_enforcement_of(hello->enforcement, &enforcement)) {
        return occ_error_set(err, OCC_ERR_WIRE_MESSAGE, "the boundary's enforcement is no known tier");
    }
    if (hello->measurement.len == 0 || hello->measurement.len > OCC_LIMIT_MEASUREMENT_LEN ||
        !occ_bytes_is_utf8(hello->measurement)) {
        return occ_error_set(err, OCC_ERR_WIRE_MESSAGE, "the boundary's measurement is not 1 to %d bytes of UTF-8",
                             OCC_LIMIT_MEASUREMENT_LEN);
    }
    if (hello->frame_len_max < FRAME_LEN_MIN || hello->requests_max == 0 || hello->digests_max == 0) {
        return occ_error_set(err, OCC_ERR_WIRE_MESSAGE, "the boundary's limits leave no room for a commit");
    }
    if (hello->acknowledged_position > hello->last_position) {
        return occ_error_set(err, OCC_ERR_WIRE_MESSAGE, "the boundary says that more was acknowledged than it did");
    }
    return occ_success();
}

static struct occ_result
take_refusal(const struct occ_frame *frame, struct occ_error *err)
{
    struct occ_refused refused;
    OCC_TRY(occ_hello_read_refused(frame->payload, &refused));
    return occ_error_set(err, refused.code, "the boundary refused: %.*s", OCC_BYTES_ARG(refused.text));
}

static struct occ_result
take_hello(struct occ_session *session, const struct occ_frame *frame, struct occ_error *err)
{
    if (frame->type != OCC_FRAME_HELLO_OK || frame->id != 0) {
        return occ_error_set(err, OCC_ERR_WIRE_MESSAGE, "the boundary did not answer hello with hello");
    }
    struct occ_hello_ok hello;
    OCC_TRY(occ_hello_read_ok(frame->payload, &hello));
    OCC_TRY(occ_session_check_hello(&hello, err));
    session->state = UP;
    session->up_since_ms = occ_loop_now_ms(session->config.loop);
    occ_timer_stop(session->timer);
    session->config.on_up(session->config.ctx, &hello);
    return occ_success();
}

static struct occ_result
take_frame(struct occ_session *session, const struct occ_frame *frame, struct occ_error *err)
{
    if (frame->type == OCC_FRAME_REFUSED) {
        return take_refusal(frame, err);
    }
    if (session->state == GREETING) {
        return take_hello(session, frame, err);
    }
    return session->config.on_frame(session->config.ctx, frame);
}

/* Handles the complete frames of bytes; *ret_used may be less than what there is. A callback may end the session. */
static struct occ_result
take_frames(struct occ_session *session, struct occ_bytes bytes, struct occ_error *err, size_t *ret_used)
{
    size_t used = 0;
    while (session->state == GREETING || session->state == UP) {
        struct occ_frame frame;
        size_t frame_len;
        OCC_TRY(occ_frame_next(occ_bytes_of(bytes.ptr + used, bytes.len - used), &frame, &frame_len));
        if (frame_len == 0) {
            break;
        }
        used += frame_len;
        OCC_TRY(take_frame(session, &frame, err));
    }
    *ret_used = used;
    return occ_success();
}

static struct occ_result
take_data(struct occ_session *session, struct occ_bytes data, struct occ_error *err)
{
    size_t used;
    if (session->input.len == 0) { /* the usual case: nothing is copied */
        OCC_TRY(take_frames(session, data, err, &used));
        if ((session->state == GREETING || session->state == UP) && used < data.len) {
            occ_buf_put(&session->input, occ_bytes_of(data.ptr + used, data.len - used));
        }
        return occ_buf_check(&session->input);
    }
    occ_buf_put(&session->input, data);
    OCC_TRY(occ_buf_check(&session->input));
    /* The input is moved out meanwhile: a callback that ends the session clears it. */
    OCC_BUF_AUTO(input, 0);
    occ_buf_move(&session->input, &input);
    OCC_TRY(take_frames(session, occ_buf_view(&input), err, &used));
    if (session->state != GREETING && session->state != UP) {
        return occ_success();
    }
    occ_buf_drop_front(&input, used);
    if (input.len > 0 || input.cap <= INPUT_KEEP_LEN) {
        occ_buf_move(&input, &session->input);
    }
    return occ_success();
}

static void
transport_data(void *ctx, struct occ_bytes data)
{
    struct occ_session *session = ctx;
    struct occ_error err = { 0 };
    const struct occ_result taken = take_data(session, data, &err);
    const char *why = err.code != OCC_OK ? err.text : occ_result_text(taken.code);
    /* A token that refused the PIN would be locked by a child that is started again and again. */
    if (taken.code == OCC_ERR_INTEGRITY || taken.code == OCC_ERR_DENIED) {
        occ_session_halt(session, why);
    } else if (!occ_is_ok(taken)) {
        go_down(session, why);
    }
}

struct occ_result
occ_session_new(const struct occ_session_config *config, struct occ_error *err, struct occ_session **ret_session)
{
    struct occ_session *session = calloc(1, sizeof(*session));
    if (session == NULL) {
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    session->config = *config;
    session->delay_ms = OCC_LIMIT_RECONNECT_MIN_MS;
    /* A frame, its length word, and what one read brings of the next. */
    session->input = OCC_BUF_INIT(OCC_LIMIT_FRAME_LEN + (1u << 20));
    const struct occ_transport_config transport = { .loop = config->loop,
                                                    .enclave = config->enclave,
                                                    .address = config->address,
                                                    .enclave_flags = config->enclave_flags,
                                                    .enclave_environment = config->enclave_environment,
                                                    .on_open = transport_opened,
                                                    .on_data = transport_data,
                                                    .on_close = transport_closed,
                                                    .ctx = session };
    struct occ_result made = occ_timer_new(config->loop, on_timer, session, &session->timer);
    if (occ_is_ok(made)) {
        made = occ_transport_new(&transport, &session->transport);
    }
    if (!occ_is_ok(made)) {
        occ_session_free(session);
        return occ_error_code(err, made.code);
    }
    made = open_transport(session, err);
    /* A socket that is not there yet may come; a program that cannot be started will not. */
    if (!occ_is_ok(made) && config->address == NULL) {
        session->state = ENDED;
        occ_session_free(session);
        return made;
    }
    *ret_session = session;
    if (!occ_is_ok(made)) {
        go_down(session, err->text);
    }
    return occ_success();
}

bool
occ_session_is_up(const struct occ_session *session)
{
    return session->state == UP;
}

bool
occ_session_owns_boundary(const struct occ_session *session)
{
    return occ_transport_owns_boundary(session->transport);
}

int
occ_session_pid(const struct occ_session *session)
{
    return occ_transport_pid(session->transport);
}

void
occ_session_send(struct occ_session *session, struct occ_buf *buf)
{
    if (session->state == UP) {
        occ_transport_send(session->transport, buf);
    }
}

void
occ_session_drop(struct occ_session *session, const char *why)
{
    go_down(session, why);
}

void
occ_session_halt(struct occ_session *session, const char *why)
{
    if (session->state == HALTED || session->state == ENDED) {
        return;
    }
    occ_event_error(session->config.events, OCC_EVENT_ERROR, "halted until occd is restarted", why);
    session->state = HALTED;
    occ_buf_clear(&session->input);
    occ_timer_stop(session->timer);
    occ_transport_drop(session->transport);
    session->config.on_down(session->config.ctx, why);
}

bool
occ_session_is_halted(const struct occ_session *session)
{
    return session->state == HALTED;
}

void
occ_session_finish(struct occ_session *session, uint64_t limit_ms, void (*done)(void *ctx), void *ctx)
{
    session->state = ENDED;
    occ_timer_stop(session->timer);
    occ_transport_finish(session->transport, limit_ms, done, ctx);
}

void
occ_session_free(struct occ_session *session)
{
    if (session == NULL) {
        return;
    }
    occ_transport_free(session->transport);
    occ_timer_free(session->timer);
    occ_buf_clear(&session->input);
    free(session);
}
