/* vsock.c — addresses, ports that are taken, peers that do not answer. A whole enclave: tests/nitro. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

#include "os/socket.h"
#include "os/vsock.h"

/* ---- who connects: as the kernel would say it, since a test has no other machine ---- */

static struct sockaddr_vm stranger; /* if it has a CID: the one that connects, on the descriptor below */
static int stranger_fd = -1;

/* Stands in the place of the C library's. */
int
accept4(int fd, struct sockaddr *ret_address, socklen_t *restrict len, int flags)
{
    if (stranger.svm_cid == 0) {
        return (int)syscall(SYS_accept4, fd, ret_address, len, flags);
    }
    assert_non_null(ret_address);
    assert_true(*len >= sizeof stranger);
    memcpy(ret_address, &stranger, sizeof stranger);
    *len = sizeof stranger;
    return stranger_fd;
}

static void
test_peers(void **state)
{
    (void)state;
    static const struct {
        uint32_t cid;
        bool welcome;
    } cases[] = { { 3, true }, { 2, false }, { 1, true }, { 4, false }, { 16, false }, { UINT32_MAX, false } };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct occ_error err = { 0 };
        int fd = -1;
        stranger = (struct sockaddr_vm){ .svm_family = AF_VSOCK, .svm_cid = cases[i].cid, .svm_port = 3 };
        stranger_fd = open("/dev/null", O_RDONLY);
        const struct occ_result result = occ_socket_accept(99, &err, &fd);
        if (cases[i].welcome) {
            assert_int_equal(result.code, OCC_OK);
            assert_int_equal(fd, stranger_fd);
            occ_socket_close(fd);
        } else {
            assert_int_equal(result.code, OCC_ERR_BUSY);
            assert_int_equal(fd, -1);
        }
        assert_int_equal(fcntl(stranger_fd, F_GETFD), -1); /* closed: by us, or because it is a stranger's */
    }
    stranger.svm_cid = 0;
}

static void
test_parse(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t cid, port; /* 0: refused */
    } cases[] = {
        { "16:5000", 16, 5000 },
        { "1:1", 1, 1 },
        { "4294967294:4294967294", 4294967294, 4294967294 },
        { "4294967295:5000", 0, 0 }, /* VMADDR_CID_ANY */
        { "16:4294967295", 0, 0 },   /* VMADDR_PORT_ANY */
        { "18446744073709551632:5000", 0, 0 },
        { "0:5000", 0, 0 },
        { "16:0", 0, 0 },
        { "16:05000", 0, 0 },
        { "+16:5000", 0, 0 },
        { " 16:5000", 0, 0 },
        { "16:5000 ", 0, 0 },
        { "16:5000:1", 0, 0 },
        { "16:", 0, 0 },
        { ":5000", 0, 0 },
        { "16", 0, 0 },
        { ":", 0, 0 },
        { "", 0, 0 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct occ_vsock_address address = { 7, 8 };
        const bool good = cases[i].cid != 0;
        if (occ_vsock_parse(occ_bytes_str(cases[i].text), &address) != good ||
            address.cid != (good ? cases[i].cid : 7) || address.port != (good ? cases[i].port : 8)) {
            fail_msg("\"%s\": %u:%u", cases[i].text, address.cid, address.port);
        }
    }
    uint32_t port = 9;
    assert_true(occ_vsock_parse_port(occ_bytes_str("5000"), &port));
    assert_int_equal(port, 5000);
    assert_false(occ_vsock_parse_port(occ_bytes_str("0"), &port));
    assert_false(occ_vsock_parse_port(occ_bytes_str("16:5000"), &port));
    assert_false(occ_vsock_parse_port(occ_bytes_str(""), &port));
    assert_int_equal(port, 5000);
}

/* A kernel without vsock says so in a sentence; there is nothing more to test there. */
static bool
is_missing(struct occ_result result, const struct occ_error *err)
{
    if (result.code != OCC_ERR_UNSUPPORTED) {
        return false;
    }
    assert_string_equal(err->text, "vsock: this kernel has none (CONFIG_VSOCKETS)");
    return true;
}

static void
test_listen(void **state)
{
    (void)state;
    const uint32_t port = 0x10000u + (uint32_t)getpid();
    struct occ_error err = { 0 };
    int listening = -1, second = -1, accepted = -1;
    const struct occ_result result = occ_vsock_listen(port, &err, &listening);
    if (is_missing(result, &err)) {
        skip();
    }
    assert_int_equal(result.code, OCC_OK);
    assert_true((fcntl(listening, F_GETFL) & O_NONBLOCK) != 0);
    assert_true((fcntl(listening, F_GETFD) & FD_CLOEXEC) != 0);
    assert_int_equal(occ_socket_accept(listening, &err, &accepted).code, OCC_ERR_BUSY);
    assert_int_equal(occ_vsock_listen(port, &err, &second).code, OCC_ERR_LOCKED);
    assert_non_null(strstr(err.text, "another process listens there"));
    assert_int_equal(second, -1);
    occ_socket_close(listening);
}

/* A machine that is not there: refused at once, or when the socket becomes writable. */
static void
test_connect(void **state)
{
    (void)state;
    struct occ_error err = { 0 };
    int fd = -1;
    const struct occ_result result = occ_vsock_connect((struct occ_vsock_address){ 0x7ffffff0, 5000 }, &err, &fd);
    if (is_missing(result, &err)) {
        skip();
    }
    if (!occ_is_ok(result)) {
        assert_int_equal(result.code, OCC_ERR_UNAVAILABLE);
        assert_non_null(strstr(err.text, "vsock:2147483632:5000: "));
        assert_int_equal(fd, -1);
        return;
    }
    int reason = 0;
    socklen_t len = sizeof reason;
    struct pollfd polled = { .fd = fd, .events = POLLOUT };
    assert_int_equal(poll(&polled, 1, 60000), 1);
    assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_ERROR, &reason, &len), 0);
    assert_int_not_equal(reason, 0);
    occ_socket_close(fd);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_peers),
        cmocka_unit_test(test_listen),
        cmocka_unit_test(test_connect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
