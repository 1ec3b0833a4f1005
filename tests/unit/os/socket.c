/* socket.c — listening, taking over, waiting, reading and writing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "os/socket.h"
#include "unit/os/folder.h"

static struct folder folder;

static int
set_up(void **state)
{
    (void)state;
    folder_make(&folder);
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    folder_remove(&folder);
    return 0;
}

static int
connect_to(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void
test_listen_and_accept(void **state)
{
    (void)state;
    int listening = -1, accepted = -1;
    assert_int_equal(occ_socket_listen_unix(folder_join(&folder, "s"), NULL, &listening).code, OCC_OK);
    struct stat status;
    assert_int_equal(stat(folder_join(&folder, "s"), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(occ_socket_accept(listening, NULL, &accepted).code, OCC_ERR_BUSY);
    const int client = connect_to(folder_join(&folder, "s"));
    assert_int_equal(occ_socket_accept(listening, NULL, &accepted).code, OCC_OK);
    assert_true((fcntl(accepted, F_GETFL) & O_NONBLOCK) != 0);
    assert_true((fcntl(accepted, F_GETFD) & FD_CLOEXEC) != 0);
    occ_socket_close(client);
    occ_socket_close(accepted);
    occ_socket_close(listening);
    assert_int_equal(occ_socket_accept(listening, NULL, &accepted).code, OCC_ERR_IO);
}

static void
test_listen_refusals(void **state)
{
    (void)state;
    struct occ_error err;
    int first = -1, second = -1;
    const char *const path = folder_join(&folder, "s");
    assert_int_equal(occ_socket_listen_unix(path, &err, &first).code, OCC_OK);
    assert_int_equal(occ_socket_listen_unix(path, &err, &second).code, OCC_ERR_LOCKED);
    const int client = connect_to(path); /* the living one is unharmed */
    occ_socket_close(client);
    occ_socket_close(first);
    assert_int_equal(occ_socket_listen_unix(path, &err, &second).code, OCC_OK); /* a stale one is replaced */
    occ_socket_close(second);

    FILE *const file = fopen(folder_join(&folder, "file"), "w");
    assert_non_null(file);
    fclose(file);
    assert_int_equal(occ_socket_listen_unix(folder_join(&folder, "file"), &err, &first).code, OCC_ERR_STATE);
    assert_int_equal(access(folder_join(&folder, "file"), F_OK), 0);
    assert_int_equal(occ_socket_listen_unix(folder_join(&folder, "none/s"), &err, &first).code, OCC_ERR_NOT_FOUND);
    assert_non_null(strstr(err.text, "none"));
    assert_int_equal(occ_socket_listen_unix("", &err, &first).code, OCC_ERR_USAGE);
    char longest[200];
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(occ_socket_listen_unix(longest, &err, &first).code, OCC_ERR_USAGE);
}

static void
make_pair(int ends[2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
}

static void
test_adopt(void **state)
{
    (void)state;
    int ends[2], pipes[2];
    make_pair(ends);
    assert_int_equal(occ_socket_adopt(ends[0], NULL).code, OCC_OK);
    assert_true((fcntl(ends[0], F_GETFL) & O_NONBLOCK) != 0);
    assert_true((fcntl(ends[0], F_GETFD) & FD_CLOEXEC) != 0);
    occ_socket_close(ends[0]);
    occ_socket_close(ends[1]);
    struct occ_error err;
    assert_int_equal(occ_socket_adopt(ends[0], &err).code, OCC_ERR_STATE); /* closed */
    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(occ_socket_adopt(pipes[0], &err).code, OCC_ERR_STATE);
    close(pipes[0]);
    close(pipes[1]);
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends), 0);
    assert_int_equal(occ_socket_adopt(ends[0], &err).code, OCC_ERR_STATE);
    occ_socket_close(ends[0]);
    occ_socket_close(ends[1]);
    const int lonely = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(occ_socket_adopt(lonely, &err).code, OCC_ERR_STATE);
    occ_socket_close(lonely);
    assert_int_equal(occ_socket_set_nonblocking(lonely, &err).code, OCC_ERR_IO);
}

static void
test_read_and_write(void **state)
{
    (void)state;
    int ends[2];
    make_pair(ends);
    uint8_t bytes[8];
    size_t len = 99;
    assert_int_equal(occ_socket_read(ends[0], bytes, sizeof bytes, &len).code, OCC_OK);
    assert_int_equal(len, 0); /* nothing now */
    assert_int_equal(occ_socket_write(ends[1], occ_bytes_str("abc"), &len).code, OCC_OK);
    assert_int_equal(len, 3);
    assert_int_equal(occ_socket_read(ends[0], bytes, sizeof bytes, &len).code, OCC_OK);
    assert_int_equal(len, 3);
    assert_memory_equal(bytes, "abc", 3);
    occ_socket_close(ends[1]);
    assert_int_equal(occ_socket_read(ends[0], bytes, sizeof bytes, &len).code, OCC_ERR_CLOSED);
    assert_int_equal(occ_socket_write(ends[0], occ_bytes_str("abc"), &len).code, OCC_ERR_CLOSED);
    assert_int_equal(occ_socket_read(ends[0], bytes, 0, &len).code, OCC_ERR_USAGE);
    occ_socket_close(ends[0]);
    assert_int_equal(occ_socket_read(ends[0], bytes, sizeof bytes, &len).code, OCC_ERR_IO);
}

/* A peer that does not read: writing stops by itself, and goes on when there is room. */
static void
test_wait(void **state)
{
    (void)state;
    int ends[2];
    make_pair(ends);
    const int fds[2] = { ends[0], -1 };
    const uint8_t read_only[2] = { OCC_SOCKET_READ, OCC_SOCKET_READ };
    const uint8_t both[2] = { OCC_SOCKET_READ | OCC_SOCKET_WRITE, 0 };
    uint8_t ready[2] = { 9, 9 };
    assert_int_equal(occ_socket_wait(fds, read_only, 2, 0, ready).code, OCC_OK);
    assert_int_equal(ready[0], 0);
    assert_int_equal(ready[1], 0);
    assert_int_equal(occ_socket_wait(fds, both, 2, 0, ready).code, OCC_OK);
    assert_int_equal(ready[0], OCC_SOCKET_WRITE);
    static uint8_t block[1 << 16];
    size_t len = 1;
    while (len > 0) {
        assert_int_equal(occ_socket_write(ends[0], occ_bytes_of(block, sizeof block), &len).code, OCC_OK);
    }
    assert_int_equal(occ_socket_wait(fds, both, 2, 0, ready).code, OCC_OK);
    assert_int_equal(ready[0], 0);
    occ_socket_close(ends[1]);
    const uint8_t nothing[2] = { 0, 0 };
    assert_int_equal(occ_socket_wait(fds, nothing, 2, -1, ready).code, OCC_OK); /* gone: said whatever is asked */
    assert_int_equal(ready[0], OCC_SOCKET_READ | OCC_SOCKET_WRITE | OCC_SOCKET_GONE);
    occ_socket_close(ends[0]);
    assert_int_equal(occ_socket_wait(fds, both, 2, 0, ready).code, OCC_ERR_IO);
    assert_int_equal(occ_socket_wait(fds, both, OCC_SOCKET_WAIT_MAX + 1, 0, ready).code, OCC_ERR_USAGE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_listen_and_accept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_listen_refusals, set_up, tear_down),
        cmocka_unit_test(test_adopt),
        cmocka_unit_test(test_read_and_write),
        cmocka_unit_test(test_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
