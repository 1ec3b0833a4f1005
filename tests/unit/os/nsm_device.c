/* nsm_device.c — one exchange by ioctl; here with a driver of our own in the place of the kernel's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>

#include "os/nsm_device.h"

/* linux/nsm.h, written down once more: what stands in the program is not to be trusted here. */
struct raw {
    uint64_t request_addr, request_len, response_addr, response_len;
};
static const unsigned long nsm_ioctl_raw = 0xc0200a00; /* _IOWR(0x0a, 0x0, struct nsm_raw), 32 bytes */

static struct {
    int calls, interrupted; /* so often EINTR first */
    int reason;             /* errno; 0 = it answers */
    uint64_t len;           /* that it says */
    char seen[32];
} driver;

/* Stands in the place of the C library's. */
int
ioctl(int fd, unsigned long request, ...)
{
    va_list arguments;
    va_start(arguments, request);
    struct raw *raw = va_arg(arguments, struct raw *);
    va_end(arguments);
    assert_int_equal(fd, 77);
    assert_int_equal(request, nsm_ioctl_raw);
    driver.calls++;
    assert_int_equal(raw->response_len, OCC_LIMIT_NSM_RESPONSE_LEN); /* afresh each time */
    if (driver.interrupted > 0) {
        driver.interrupted--;
        raw->response_len = 5;
        errno = EINTR;
        return -1;
    }
    if (driver.reason != 0) {
        errno = driver.reason;
        return -1;
    }
    assert_true(raw->request_len < sizeof driver.seen);
    memcpy(driver.seen, (const void *)(uintptr_t)raw->request_addr, raw->request_len);
    memcpy((void *)(uintptr_t)raw->response_addr, "answer", 6);
    raw->response_len = driver.len;
    return 0;
}

static uint8_t response[OCC_LIMIT_NSM_RESPONSE_LEN];

static void
test_exchange(void **state)
{
    (void)state;
    size_t len = 0;
    memset(&driver, 0, sizeof driver);
    driver.len = 6;
    driver.interrupted = 2;
    assert_int_equal(occ_nsm_device_exchange(77, occ_bytes_str("question"), NULL, response, &len).code, OCC_OK);
    assert_int_equal(driver.calls, 3);
    assert_string_equal(driver.seen, "question");
    assert_int_equal(len, 6);
    assert_memory_equal(response, "answer", 6);
    driver.len = OCC_LIMIT_NSM_RESPONSE_LEN;
    assert_int_equal(occ_nsm_device_exchange(77, occ_bytes_str("q"), NULL, response, &len).code, OCC_OK);
    assert_int_equal(len, OCC_LIMIT_NSM_RESPONSE_LEN);
}

static void
test_refusals(void **state)
{
    (void)state;
    static const uint8_t request[OCC_LIMIT_NSM_REQUEST_LEN + 1] = { 0 };
    struct occ_error err;
    size_t len = 99;
    memset(&driver, 0, sizeof driver);
    assert_int_equal(occ_nsm_device_exchange(77, occ_bytes_of(request, sizeof request), &err, response, &len).code,
                     OCC_ERR_ATTESTER);
    assert_int_equal(occ_nsm_device_exchange(77, occ_bytes_of(request, 0), &err, response, &len).code,
                     OCC_ERR_ATTESTER);
    assert_int_equal(driver.calls, 0);
    driver.reason = EMSGSIZE;
    assert_int_equal(occ_nsm_device_exchange(77, occ_bytes_str("q"), &err, response, &len).code, OCC_ERR_ATTESTER);
    assert_string_equal(err.text, "the NSM does not answer: Message too long");
    driver.reason = 0;
    driver.len = OCC_LIMIT_NSM_RESPONSE_LEN + 1;
    assert_int_equal(occ_nsm_device_exchange(77, occ_bytes_str("q"), &err, response, &len).code, OCC_ERR_ATTESTER);
    assert_string_equal(err.text, "the NSM says that its response has 12289 bytes, expected 1 to 12288");
    driver.len = 0;
    assert_int_equal(occ_nsm_device_exchange(77, occ_bytes_str("q"), &err, response, &len).code, OCC_ERR_ATTESTER);
    driver.len = UINT64_MAX;
    assert_int_equal(occ_nsm_device_exchange(77, occ_bytes_str("q"), &err, response, &len).code, OCC_ERR_ATTESTER);
    assert_int_equal(len, 99);
    assert_int_equal(occ_nsm_device_request(), nsm_ioctl_raw);
}

static void
test_open(void **state)
{
    (void)state;
    struct occ_error err;
    int fd = -1;
    assert_int_equal(occ_nsm_device_open("/nonexistent/nsm", &err, &fd).code, OCC_ERR_ATTESTER);
    assert_string_equal(err.text, "/nonexistent/nsm: cannot be opened: No such file or directory");
    assert_int_equal(fd, -1);
    assert_int_equal(occ_nsm_device_open("/dev/null", &err, &fd).code, OCC_OK);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDWR);
    occ_nsm_device_close(fd);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
    occ_nsm_device_close(-1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exchange),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
