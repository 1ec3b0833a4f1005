/* device.c — the device's thread: one request at a time, answers by a descriptor, and an end also where the device hangs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "boundary/gate.h"
#include "crypto/secret.h"
#include "enclave/device.h"
#include "os/event.h"

/* A device that tells what it was asked, and answers when it is let. */
struct fake {
    int let_fd;       /* an event: it may answer; -1 = it need not wait */
    atomic_int asked; /* how often */
    enum occ_err code;
    const char *text; /* NULL: none */
    size_t len;       /* of the document, if not 0 */
    bool has_signals; /* a signal could reach its thread */
};

static struct occ_result
fake_attest(void *ctx, const struct occ_attest_request *request, struct occ_error *err, struct occ_buf *document,
            struct occ_attest_facts *ret_facts)
{
    struct fake *const fake = ctx;
    sigset_t blocked;
    fake->has_signals = pthread_sigmask(SIG_SETMASK, NULL, &blocked) != 0 || sigismember(&blocked, SIGTERM) == 0;
    atomic_fetch_add(&fake->asked, 1);
    if (fake->let_fd >= 0) {
        occ_event_await(fake->let_fd);
    }
    if (fake->code != OCC_OK) {
        return fake->text == NULL ? occ_result_of(fake->code) : occ_error_set(err, fake->code, "%s", fake->text);
    }
    occ_buf_put(document, request->public_key);
    occ_buf_put(document, request->user_data);
    occ_buf_put(document, request->nonce);
    while (document->len < fake->len && occ_is_ok(occ_buf_check(document))) {
        occ_buf_put_byte(document, 'x');
    }
    *ret_facts = (struct occ_attest_facts){ .time_ms = 1741496392841 };
    return occ_success();
}

static struct occ_attester
attester_of(struct fake *fake)
{
    return (struct occ_attester){ .enforcement = "stub",
                                  .measurement = "m",
                                  .format = "f",
                                  .mode = OCC_ATTEST_BATCH,
                                  .ctx = fake,
                                  .attest = fake_attest };
}

static struct occ_device *
start(struct fake *fake)
{
    const struct occ_attester attester = attester_of(fake);
    struct occ_device *device = NULL;
    struct occ_error err;
    assert_int_equal(occ_device_new(&attester, &err, &device).code, OCC_OK);
    return device;
}

static const struct occ_attest_request request = {
    .public_key = { (const uint8_t *)"key", 3 },
    .user_data = { (const uint8_t *)"data", 4 },
    .nonce = { (const uint8_t *)"nonce", 5 },
};

static struct occ_attest_outcome
await(struct occ_device *device)
{
    struct pollfd ready = { .fd = occ_device_fd(device), .events = POLLIN };
    struct occ_attest_outcome outcome;
    assert_int_equal(poll(&ready, 1, -1), 1);
    assert_false(occ_device_is_free(device));
    assert_true(occ_device_take(device, &outcome));
    assert_true(occ_device_is_free(device));
    assert_int_equal(poll(&ready, 1, 0), 0);
    struct occ_attest_outcome none;
    assert_false(occ_device_take(device, &none));
    return outcome;
}

static void
test_answers(void **state)
{
    (void)state;
    struct fake fake = { .let_fd = -1 };
    struct occ_device *const device = start(&fake);
    for (unsigned i = 1; i <= 100; i++) {
        struct occ_attest_request asked = request;
        char user_data[8];
        snprintf(user_data, sizeof user_data, "%u", i);
        asked.user_data = occ_bytes_str(user_data);
        occ_device_ask(device, &asked);
        memset(user_data, 'x', sizeof user_data - 1); /* it was copied */
        const struct occ_attest_outcome outcome = await(device);
        char expected[32];
        snprintf(expected, sizeof expected, "key%unonce", i);
        assert_int_equal(outcome.code, OCC_OK);
        assert_true(occ_bytes_is(outcome.document, expected));
        assert_true(outcome.facts.time_ms == 1741496392841);
    }
    assert_int_equal(fake.asked, 100);
    assert_false(fake.has_signals);
    assert_true(occ_device_free(device));
    assert_true(occ_device_free(NULL));
}

static void
test_failures(void **state)
{
    (void)state;
    struct fake fake = { .let_fd = -1, .code = OCC_ERR_ATTESTER, .text = "no document today" };
    struct occ_device *const device = start(&fake);
    occ_device_ask(device, &request);
    struct occ_attest_outcome outcome = await(device);
    assert_int_equal(outcome.code, OCC_ERR_ATTESTER);
    assert_string_equal(outcome.text, "no document today");
    fake.text = NULL;
    occ_device_ask(device, &request);
    outcome = await(device);
    assert_string_equal(outcome.text, occ_result_text(OCC_ERR_ATTESTER));
    fake.code = OCC_OK;
    fake.len = OCC_LIMIT_NSM_RESPONSE_LEN + 1;
    occ_device_ask(device, &request);
    outcome = await(device);
    assert_int_equal(outcome.code, OCC_ERR_LIMIT);
    fake.len = OCC_LIMIT_NSM_RESPONSE_LEN;
    occ_device_ask(device, &request);
    outcome = await(device);
    assert_int_equal(outcome.code, OCC_OK);
    assert_int_equal(outcome.document.len, OCC_LIMIT_NSM_RESPONSE_LEN);
    assert_true(occ_device_free(device));
}

/* It can be ended while an answer is there that nobody takes, and while it works, if it comes back. */
static void
test_end(void **state)
{
    (void)state;
    struct fake fake = { .let_fd = -1 };
    struct occ_device *device = start(&fake);
    occ_device_ask(device, &request);
    assert_true(occ_device_free(device));
    assert_int_equal(occ_event_open(NULL, &fake.let_fd).code, OCC_OK);
    device = start(&fake);
    occ_device_ask(device, &request);
    struct occ_attest_outcome outcome;
    assert_false(occ_device_take(device, &outcome));
    occ_event_signal(fake.let_fd);
    assert_true(occ_device_free(device));
    occ_event_close(fake.let_fd);
}

/* A device that does not come back does not keep anybody from leaving. What is its own is left to it. */
static void
test_hangs(void **state)
{
    (void)state;
    static struct fake fake;
    static struct occ_device *device; /* still reachable: no leak, but what was left behind on purpose */
    assert_int_equal(occ_event_open(NULL, &fake.let_fd).code, OCC_OK);
    device = start(&fake);
    occ_device_ask(device, &request);
    while (atomic_load(&fake.asked) == 0) {
    }
    assert_false(occ_device_free(device));
}

/* ---- the first document ---- */

static uint64_t
some_time(void *ctx)
{
    (void)ctx;
    return 1741496392841;
}

static void
some_random(void *ctx, void *ret, size_t len)
{
    (void)ctx;
    occ_secret_random(ret, len);
}

static struct occ_gate *
new_gate(const struct occ_attester *attester)
{
    struct occ_gate_config config = {
        .attester = *attester, .now_ms = some_time, .uptime_ms = some_time, .random = some_random
    };
    struct occ_gate *gate = NULL;
    assert_int_equal(occ_secret_init().code, OCC_OK);
    assert_int_equal(occ_signer_software_new(some_random, NULL, NULL, &config.signer).code, OCC_OK);
    assert_int_equal(occ_gate_new(&config, NULL, &gate).code, OCC_OK);
    return gate;
}

static void
test_first(void **state)
{
    (void)state;
    struct fake fake = { .let_fd = -1 };
    struct occ_error err = { .code = OCC_OK };
    const struct occ_attester attester = attester_of(&fake);
    struct occ_gate *gate = new_gate(&attester);
    assert_int_equal(occ_device_first(&attester, gate, &err).code, OCC_OK);
    assert_int_equal(fake.asked, 1);
    assert_string_equal(occ_gate_trouble(gate), "");
    assert_int_equal(occ_device_first(&attester, gate, &err).code, OCC_OK); /* there is one */
    assert_int_equal(fake.asked, 1);
    occ_gate_free(gate);

    fake.code = OCC_ERR_ATTESTER;
    fake.text = "no document today";
    gate = new_gate(&attester);
    assert_int_equal(occ_device_first(&attester, gate, &err).code, OCC_ERR_ATTESTER);
    assert_string_equal(err.text, "no document today");
    occ_gate_free(gate);

    struct occ_attester none;
    static const uint8_t binary[32];
    occ_attester_none(binary, &none);
    gate = new_gate(&none);
    assert_int_equal(occ_device_first(&none, gate, &err).code, OCC_OK);
    occ_gate_free(gate);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers), cmocka_unit_test(test_failures), cmocka_unit_test(test_end),
        cmocka_unit_test(test_first),   cmocka_unit_test(test_hangs), /* the last: its thread goes on */
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
