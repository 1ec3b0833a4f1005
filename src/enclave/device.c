/* device.c — see device.h. */
#include "enclave/device.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "os/clock.h"
#include "os/event.h"
#include "os/thread.h"

struct occ_device {
    struct occ_attester attester;
    pthread_t thread;
    int ask_fd, answer_fd, end_fd; /* events: a request is there, or stop; an outcome is there; the thread has ended */
    atomic_bool stop;
    atomic_bool answered; /* the outcome is there; the loop's thread takes it back */
    bool asked;           /* the loop's thread has asked, and not taken the outcome */
    /* The thread's, from ask to answer; the loop's at all other times. */
    uint8_t public_key[OCC_ED25519_PUBLIC_LEN];
    uint8_t user_data[OCC_LIMIT_ATTEST_USER_DATA];
    uint8_t nonce[OCC_LIMIT_ATTEST_NONCE];
    struct occ_attest_request request; /* of the three */
    struct occ_error err;
    struct occ_buf document;
    struct occ_attest_outcome outcome;
};

/* ---- asking ---- */

static void
ask(const struct occ_attester *attester, const struct occ_attest_request *request, struct occ_error *err,
    struct occ_buf *document, struct occ_attest_outcome *ret_outcome)
{
    const uint64_t begin_us = occ_clock_monotonic_us();
    struct occ_attest_outcome outcome = { .code = OCC_OK };
    occ_buf_reset(document);
    *err = (struct occ_error){ .code = OCC_OK };
    outcome.code = attester->attest(attester->ctx, request, err, document, &outcome.facts).code;
    if (outcome.code == OCC_OK) {
        outcome.code = occ_buf_check(document).code;
    }
    outcome.text = err->text[0] != '\0' ? err->text : occ_result_text(outcome.code);
    outcome.document = occ_buf_view(document);
    outcome.duration_us = occ_clock_monotonic_us() - begin_us;
    *ret_outcome = outcome;
}

struct occ_result
occ_device_first(const struct occ_attester *attester, struct occ_gate *gate, struct occ_error *err)
{
    struct occ_attest_request request;
    if (!occ_gate_wants_document(gate, &request)) {
        return occ_success();
    }
    OCC_BUF_AUTO(document, OCC_LIMIT_NSM_RESPONSE_LEN);
    struct occ_outbox nothing = OCC_OUTBOX_INIT(4096); /* no session: there is nobody to be told */
    struct occ_error why;
    struct occ_attest_outcome outcome;
    ask(attester, &request, &why, &document, &outcome);
    const struct occ_result taken = occ_gate_take_document(gate, &outcome, &nothing);
    occ_outbox_clear(&nothing);
    OCC_TRY(taken);
    if (outcome.code != OCC_OK) {
        return occ_error_set(err, outcome.code, "%s", outcome.text);
    }
    const char *const trouble = occ_gate_trouble(gate);
    return trouble[0] == '\0' ? occ_success() : occ_error_set(err, OCC_ERR_ATTESTER, "%s", trouble);
}

/* ---- the thread ---- */

static void *
run(void *ctx)
{
    struct occ_device *const device = ctx;
    occ_event_signal(device->answer_fd); /* it runs */
    for (;;) {
        occ_event_await(device->ask_fd);
        if (atomic_load(&device->stop)) {
            occ_event_signal(device->end_fd);
            return NULL;
        }
        ask(&device->attester, &device->request, &device->err, &device->document, &device->outcome);
        atomic_store(&device->answered, true);
        occ_event_signal(device->answer_fd);
    }
}

static void
free_device(struct occ_device *device)
{
    occ_event_close(device->ask_fd);
    occ_event_close(device->answer_fd);
    occ_event_close(device->end_fd);
    occ_buf_clear(&device->document);
    free(device);
}

static struct occ_result
start(struct occ_device *device, struct occ_error *err)
{
    OCC_TRY(occ_event_open(err, &device->ask_fd));
    OCC_TRY(occ_event_open(err, &device->answer_fd));
    OCC_TRY(occ_event_open(err, &device->end_fd));
    return occ_thread_start("device", run, device, err, &device->thread);
}

struct occ_result
occ_device_new(const struct occ_attester *attester, struct occ_error *err, struct occ_device **ret_device)
{
    struct occ_device *const device = calloc(1, sizeof *device);
    if (device == NULL) {
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    device->attester = *attester;
    device->ask_fd = -1;
    device->answer_fd = -1;
    device->end_fd = -1;
    device->document = OCC_BUF_INIT(OCC_LIMIT_NSM_RESPONSE_LEN);
    const struct occ_result started = start(device, err);
    if (!occ_is_ok(started)) {
        free_device(device);
        return started;
    }
    occ_event_await(device->answer_fd); /* a filter of system calls would kill a thread that has not begun */
    *ret_device = device;
    return occ_success();
}

bool
occ_device_free(struct occ_device *device)
{
    if (device == NULL) {
        return true;
    }
    atomic_store(&device->stop, true);
    occ_event_signal(device->ask_fd);
    if (!occ_event_await_for(device->end_fd, OCC_LIMIT_DEVICE_STOP_MS)) {
        occ_thread_leave(device->thread);
        return false;
    }
    occ_thread_join(device->thread);
    free_device(device);
    return true;
}

/* ---- the loop's side ---- */

bool
occ_device_is_free(const struct occ_device *device)
{
    return !device->asked;
}

/* Copies what is asked for; the gate asks for no more than there is room for. */
static struct occ_bytes
copy(struct occ_bytes from, uint8_t *to, size_t cap)
{
    const size_t len = from.len < cap ? from.len : cap;
    if (len > 0) {
        memcpy(to, from.ptr, len);
    }
    return occ_bytes_of(to, len);
}

void
occ_device_ask(struct occ_device *device, const struct occ_attest_request *request)
{
    device->request = (struct occ_attest_request){
        .public_key = copy(request->public_key, device->public_key, sizeof device->public_key),
        .user_data = copy(request->user_data, device->user_data, sizeof device->user_data),
        .nonce = copy(request->nonce, device->nonce, sizeof device->nonce),
    };
    device->asked = true;
    occ_event_signal(device->ask_fd);
}

int
occ_device_fd(const struct occ_device *device)
{
    return device->answer_fd;
}

bool
occ_device_take(struct occ_device *device, struct occ_attest_outcome *ret_outcome)
{
    if (!device->asked || !atomic_load(&device->answered)) {
        return false;
    }
    occ_event_await(device->answer_fd);
    atomic_store(&device->answered, false);
    device->asked = false;
    *ret_outcome = device->outcome;
    return true;
}
