/* process.c — the built occ-enclave, as its parent sees it: over a socket pair and over a unix socket. */
#include "unit/boundary/parent.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "base/hex.h"
#include "os/clock.h"
#include "os/file.h"
#include "unit/os/folder.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_SANITIZER 1
#endif
#endif

enum { TIMEOUT_MS = 30000 };

/* occ-enclave beside this program's folder, or $OCC_BIN/occ-enclave. */
static const char *
program(void)
{
    static char path[4096];
    const char *const folder = getenv("OCC_BIN");
    if (folder != NULL) {
        snprintf(path, sizeof path, "%s/occ-enclave", folder);
        return path;
    }
    OCC_BUF_AUTO(self, 4096);
    assert_int_equal(occ_file_self_path(NULL, &self).code, OCC_OK);
    char *const slash = strrchr((char *)self.ptr, '/');
    assert_non_null(slash);
    snprintf(path, sizeof path, "%.*s/../bin/occ-enclave", (int)(slash - (char *)self.ptr), (char *)self.ptr);
    return path;
}

struct process {
    pid_t pid;
    int socket;   /* ours, of the pair; -1 = none */
    int messages; /* what it writes to standard error and output */
};

/* In the child: only standard streams and, as descriptor 3, its end of the pair (or nothing) are left. */
static void
run_child(int end, int messages, const char *const *arguments)
{
    const char *argv[8] = { "occ-enclave" };
    for (int i = 0; i < 6 && arguments[i] != NULL; i++) {
        argv[i + 1] = arguments[i];
    }
    dup2(messages, STDERR_FILENO);
    dup2(messages, STDOUT_FILENO);
    if (end >= 0) {
        dup2(end, 3);
    }
    closefrom(end >= 0 ? 4 : 3);
    execv(program(), (char *const *)(uintptr_t)argv);
    _exit(99);
}

/* Starts it. with_pair: descriptor 3 is its end of a socket pair. */
static struct process
start(bool with_pair, const char *const *arguments)
{
    int pair[2] = { -1, -1 }, messages[2];
    assert_int_equal(pipe(messages), 0);
    if (with_pair) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    }
    const pid_t pid = fork();
    if (pid == 0) {
        run_child(pair[1], messages[1], arguments);
    }
    assert_true(pid > 0);
    close(messages[1]);
    if (with_pair) {
        close(pair[1]);
    }
    return (struct process){ pid, pair[0], messages[0] };
}

/* Waits for its end; gives the exit status, or 1000 + signal, and what it has said. */
static int
finish(struct process *process, struct occ_buf *said)
{
    char bytes[4096];
    for (ssize_t len = 1; len > 0;) {
        len = read(process->messages, bytes, sizeof bytes);
        if (len > 0 && said != NULL) {
            occ_buf_put(said, occ_bytes_of(bytes, (size_t)len));
        }
    }
    close(process->messages);
    if (process->socket >= 0) {
        close(process->socket);
    }
    int status = 0;
    assert_int_equal(waitpid(process->pid, &status, 0), process->pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static bool
has(const struct occ_buf *said, const char *text)
{
    return memmem(said->ptr, said->len, text, strlen(text)) != NULL;
}

/* ---- frames over a real socket ---- */

static void
send_all(int fd, struct occ_buf *buf)
{
    assert_int_equal(occ_buf_check(buf).code, OCC_OK);
    assert_int_equal(occ_file_write_all(fd, occ_buf_view(buf), NULL).code, OCC_OK);
    occ_buf_reset(buf);
}

/* The next frame, into parent->out, where it is the only one; false if the other side closed. */
static bool
receive(struct parent *parent, int fd)
{
    occ_buf_drop_front(&parent->out, parent->read);
    parent->read = 0;
    for (;;) {
        struct occ_frame frame;
        size_t used = 0;
        assert_int_equal(occ_frame_next(occ_buf_view(&parent->out), &frame, &used).code, OCC_OK);
        if (used > 0) {
            return true;
        }
        struct pollfd polled = { .fd = fd, .events = POLLIN };
        assert_int_equal(poll(&polled, 1, TIMEOUT_MS), 1);
        uint8_t *const to = occ_buf_reserve(&parent->out, 1 << 16);
        assert_non_null(to);
        const ssize_t len = read(fd, to, 1 << 16);
        if (len <= 0) {
            return false;
        }
        parent->out.len += (size_t)len;
    }
}

static struct occ_hello_ok
say_hello(struct parent *parent, int fd)
{
    const struct occ_hello hello = { .min_version = OCC_WIRE_VERSION, .max_version = OCC_WIRE_VERSION };
    occ_buf_reset(&parent->out);
    parent->read = 0;
    occ_hello_put(&parent->in, &hello);
    send_all(fd, &parent->in);
    assert_true(receive(parent, fd));
    const struct occ_frame frame = parent_frame(parent);
    assert_int_equal(frame.type, OCC_FRAME_HELLO_OK);
    struct occ_hello_ok ok;
    assert_int_equal(occ_hello_read_ok(frame.payload, &ok).code, OCC_OK);
    return ok;
}

static void
commit_over(struct parent *parent, int fd, uint64_t position, const char *metadata, unsigned count)
{
    struct occ_commit_writer writer;
    occ_commit_begin(&writer, &parent->in, position);
    parent_put_request(&writer, "x", metadata, count);
    occ_commit_end(&writer);
    send_all(fd, &parent->in);
    assert_true(receive(parent, fd));
    struct occ_commit_results in = parent_results(parent, position, 1);
    parent_expect_success(parent, &in, position, count);
}

static int
set_up(void **state)
{
    static struct parent parent;
    signal(SIGPIPE, SIG_IGN);
    parent = (struct parent){ .in = OCC_BUF_INIT(BIG_BUF), .out = OCC_BUF_INIT(BIG_BUF) };
    *state = &parent;
    return occ_is_ok(occ_secret_init()) ? 0 : 1;
}

static int
tear_down(void **state)
{
    struct parent *const parent = *state;
    occ_buf_clear(&parent->in);
    occ_buf_clear(&parent->out);
    return 0;
}

/* ---- tests ---- */

static const char *const no_arguments[] = { NULL };

/* An object with so many names that sorting them takes the way for many. */
static void
put_large_metadata(struct occ_buf *buf)
{
    occ_buf_put_str(buf, "{\"z\":0");
    for (int i = 0; i < 1200; i++) {
        occ_buf_put_format(buf, ",\"n%d\":%d", i, i);
    }
    occ_buf_put(buf, occ_bytes_of("}", 2)); /* and a zero byte */
}

static void
binary_measurement(char ret_text[5 + 64 + 1])
{
    OCC_BUF_AUTO(binary, BIG_BUF);
    assert_int_equal(occ_file_read(program(), NULL, &binary).code, OCC_OK);
    uint8_t digest[32];
    occ_digest_sha256(occ_buf_view(&binary), digest);
    memcpy(ret_text, "stub:", 6);
    occ_hex_encode(occ_bytes_of(digest, 32), ret_text + 5);
    ret_text[5 + 64] = '\0';
}

static void
test_socket_pair(void **state)
{
    struct parent *const parent = *state;
    struct process process = start(true, no_arguments);
    const struct occ_hello_ok ok = say_hello(parent, process.socket);
    char measurement[5 + 64 + 1];
    binary_measurement(measurement);
    assert_true(occ_bytes_is(ok.measurement, measurement));
    char epoch_id[65] = "";
    assert_int_equal(ok.epoch_id.len, 64);
    memcpy(epoch_id, ok.epoch_id.ptr, 64);

    const uint64_t before = occ_clock_unix_ms();
    commit_over(parent, process.socket, 1, NULL, 1);
    assert_in_range((uint64_t)parent->time_ms, before, occ_clock_unix_ms());
    commit_over(parent, process.socket, 2, "{\"number\":1.5,\"text\":\"\xc3\xa9\"}", 500);
    OCC_BUF_AUTO(metadata, 1 << 20);
    put_large_metadata(&metadata);
    commit_over(parent, process.socket, 3, (const char *)metadata.ptr, 2);
    commit_over(parent, process.socket, 4, NULL, 10000);

    shutdown(process.socket, SHUT_RDWR); /* the parent is gone: so is the boundary, well */
    OCC_BUF_AUTO(said, 1 << 20);
    assert_int_equal(finish(&process, &said), 0);
    assert_true(has(&said, "\"message\":\"epoch begins\""));
    assert_true(has(&said, measurement));
    assert_true(has(&said, epoch_id));
    assert_true(has(&said, "\"level\":\"info\",\"program\":\"occ-enclave\""));
    assert_false(has(&said, "error"));
}

/* Every start is a new epoch with a new key. */
static void
test_new_epoch(void **state)
{
    struct parent *const parent = *state;
    uint8_t keys[2][32];
    for (size_t i = 0; i < 2; i++) {
        struct process process = start(true, no_arguments);
        memcpy(keys[i], say_hello(parent, process.socket).public_key, 32);
        shutdown(process.socket, SHUT_RDWR);
        assert_int_equal(finish(&process, NULL), 0);
    }
    assert_memory_not_equal(keys[0], keys[1], 32);
}

/* Terminals and service managers signal parent and child; what that means is the parent's matter. */
static void
test_signals(void **state)
{
    struct parent *const parent = *state;
    struct process process = start(true, no_arguments);
    say_hello(parent, process.socket);
    assert_int_equal(kill(process.pid, SIGINT), 0);
    assert_int_equal(kill(process.pid, SIGTERM), 0);
    assert_int_equal(kill(process.pid, SIGHUP), 0);
    commit_over(parent, process.socket, 1, NULL, 1);
    shutdown(process.socket, SHUT_RDWR);
    assert_int_equal(finish(&process, NULL), 0);
}

static void
test_malformed(void **state)
{
    struct parent *const parent = *state;
    struct process process = start(true, no_arguments);
    say_hello(parent, process.socket);
    occ_buf_put_str(&parent->in, "GET / HTTP/1.1\r\n\r\n");
    send_all(process.socket, &parent->in);
    assert_true(receive(parent, process.socket));
    assert_int_equal(parent_frame(parent).type, OCC_FRAME_REFUSED);
    assert_false(receive(parent, process.socket));
    OCC_BUF_AUTO(said, 1 << 20);
    assert_int_equal(finish(&process, &said), 3);
    assert_true(has(&said, "session refused"));
}

static void
expect_exit(const char *const *arguments, int status, const char *text)
{
    struct process process = start(false, arguments);
    OCC_BUF_AUTO(said, 1 << 20);
    const int actual = finish(&process, &said);
    if (actual != status || !has(&said, text)) {
        fail_msg("%d %.*s, expected %d %s", actual, (int)said.len, (const char *)said.ptr, status, text);
    }
}

static void
test_usage(void **state)
{
    (void)state;
    expect_exit((const char *const[]){ "--help", NULL }, 0, "--listen");
    expect_exit((const char *const[]){ "--version", NULL }, 0, "occ-enclave ");
    expect_exit((const char *const[]){ "--nonsense", NULL }, 2, "nonsense");
    expect_exit((const char *const[]){ "word", NULL }, 2, "word");
    expect_exit((const char *const[]){ "--fd", "x", NULL }, 2, "fd");
    expect_exit((const char *const[]){ "--listen", "/tmp/x", NULL }, 2, "expected unix:PATH");
    expect_exit((const char *const[]){ "--listen", "unix:", NULL }, 2, "expected unix:PATH");
    expect_exit((const char *const[]){ "--listen", "unix:/tmp/x", "--fd", "3", NULL }, 2, "give one of them");
    expect_exit((const char *const[]){ "--chains", "a,,b", NULL }, 2, "--chains: an empty entry between commas");
    expect_exit((const char *const[]){ "--chains", "a,b/c", NULL }, 2,
                "--chains: \\\"b/c\\\", expected 1 to 64 characters");
    expect_exit((const char *const[]){ "--chains", "a,b,a", NULL }, 2, "--chains: \\\"a\\\" twice");
    static char many[2 * OCC_LIMIT_CHAINS];
    for (size_t i = 0; i + 1 < sizeof many; i++) {
        many[i] = i % 2 == 0 ? 'x' : ',';
    }
    expect_exit((const char *const[]){ "--chains", many, NULL }, 2, "--chains: 64 entries, expected at most 63");
    expect_exit((const char *const[]){ "--rp-id", "example.com", NULL }, 2, "--rp-id and --origin: give both");
    expect_exit((const char *const[]){ "--origin", "https://example.com", NULL }, 2, "--rp-id and --origin: give both");
    expect_exit((const char *const[]){ "--webauthn-compat", NULL }, 2, "--webauthn-compat: needs --rp-id and --origin");
    expect_exit((const char *const[]){ NULL }, 3, "descriptor 3 is not a connected stream socket");
    expect_exit((const char *const[]){ "--fd", "0", NULL }, 3, "descriptor 0 is not a connected stream socket");
    expect_exit((const char *const[]){ "--listen", "unix:/nowhere/at/all", NULL }, 3, "/nowhere");
}

/* ---- a unix socket ---- */

/* Connects as soon as it listens. */
static int
connect_to(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    const uint64_t end = occ_clock_monotonic_us() + UINT64_C(1000) * TIMEOUT_MS;
    while (occ_clock_monotonic_us() < end) {
        const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        assert_true(fd >= 0);
        if (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0) {
            return fd;
        }
        close(fd);
        usleep(1000); /* until then there is nothing to wait on */
    }
    fail_msg("%s: nobody listens", path);
    return -1;
}

static void
test_listen(void **state)
{
    struct parent *const parent = *state;
    struct folder folder;
    folder_make(&folder);
    char address[600], path[512];
    snprintf(path, sizeof path, "%s", folder_join(&folder, "s"));
    snprintf(address, sizeof address, "unix:%s", path);
    struct process process = start(false, (const char *const[]){ "--listen", address, NULL });

    const int first = connect_to(path);
    say_hello(parent, first);
    commit_over(parent, first, 1, NULL, 1);
    commit_over(parent, first, 2, NULL, 3);
    occ_commit_put_ack(&parent->in, 1);
    send_all(first, &parent->in);

    /* DESIGN §3: one parent session at a time; a second is refused while the first lives. */
    struct parent second = { .in = OCC_BUF_INIT(BIG_BUF), .out = OCC_BUF_INIT(BIG_BUF) };
    const int other = connect_to(path);
    assert_true(receive(&second, other));
    struct occ_refused refused;
    assert_int_equal(occ_hello_read_refused(parent_frame(&second).payload, &refused).code, OCC_OK);
    assert_int_equal(refused.code, OCC_ERR_LOCKED);
    assert_false(receive(&second, other));
    close(other);
    occ_buf_clear(&second.in);
    occ_buf_clear(&second.out);
    commit_over(parent, first, 3, NULL, 1); /* the first is unharmed */
    close(first);

    /* The session is lost, the epoch is not: what was not acknowledged comes again. */
    const int third = connect_to(path);
    const struct occ_hello_ok ok = say_hello(parent, third);
    assert_int_equal(ok.last_position, 3);
    assert_int_equal(ok.acknowledged_position, 1);
    assert_int_equal(ok.heads[0].counter, 5);
    assert_true(receive(parent, third));
    (void)parent_results(parent, 0, 2);
    commit_over(parent, third, 4, NULL, 1);
    assert_int_equal(kill(process.pid, SIGTERM), 0);
    assert_int_equal(finish(&process, NULL), 0);
    assert_false(receive(parent, third));
    close(third);
    folder_remove(&folder);
}

/* ---- bounds ---- */

#if !defined(HAS_SANITIZER)
static unsigned long
memory_kib(pid_t pid, const char *name)
{
    char path[64], text[4096];
    snprintf(path, sizeof path, "/proc/%ld/status", (long)pid);
    FILE *const file = fopen(path, "r");
    assert_non_null(file);
    const size_t len = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[len] = '\0';
    const char *const line = strstr(text, name);
    assert_non_null(line);
    return strtoul(line + strlen(name), NULL, 10);
}

static void
test_memory(void **state)
{
    struct parent *const parent = *state;
    struct process process = start(true, no_arguments);
    say_hello(parent, process.socket);
    for (uint64_t position = 1; position <= 2000; position++) {
        commit_over(parent, process.socket, position, "{\"fileName\":\"document.pdf\"}", 1);
        occ_commit_put_ack(&parent->in, position);
        send_all(process.socket, &parent->in);
    }
    assert_in_range(memory_kib(process.pid, "VmRSS:"), 1, 10 << 10);
    assert_in_range(memory_kib(process.pid, "VmHWM:"), 1, 10 << 10);
    shutdown(process.socket, SHUT_RDWR);
    assert_int_equal(finish(&process, NULL), 0);
}

/* A large frame's memory is given back. */
static void
test_memory_after_large_frame(void **state)
{
    struct parent *const parent = *state;
    struct process process = start(true, no_arguments);
    say_hello(parent, process.socket);
    enum { REQUESTS = 160, TEXT_LEN = 128 << 10 };
    char *const metadata = malloc(TEXT_LEN + 1);
    assert_non_null(metadata);
    memset(metadata, ' ', TEXT_LEN);
    memcpy(metadata, "{\"a\":1}", 7);
    metadata[TEXT_LEN] = '\0';
    struct occ_commit_writer writer;
    occ_commit_begin(&writer, &parent->in, 1);
    for (unsigned i = 0; i < REQUESTS; i++) {
        parent_put_request(&writer, "x", metadata, 1);
    }
    occ_commit_end(&writer);
    free(metadata);
    assert_true(parent->in.len > 20 << 20);
    send_all(process.socket, &parent->in);
    assert_true(receive(parent, process.socket));
    struct occ_commit_results in = parent_results(parent, 1, REQUESTS);
    for (unsigned i = 0; i < REQUESTS; i++) {
        parent_expect_success(parent, &in, i + 1, 1);
    }
    commit_over(parent, process.socket, REQUESTS + 1, NULL, 1);
    assert_in_range(memory_kib(process.pid, "VmHWM:"), 20 << 10, 40 << 10);
    assert_in_range(memory_kib(process.pid, "VmRSS:"), 1, 10 << 10);
    shutdown(process.socket, SHUT_RDWR);
    assert_int_equal(finish(&process, NULL), 0);
}

/* A parent that asks and asks and takes nothing: the boundary stops reading, and what it holds stays small. */
static void
test_parent_that_does_not_read(void **state)
{
    struct parent *const parent = *state;
    struct process process = start(true, no_arguments);
    say_hello(parent, process.socket);
    enum { FRAMES = 60, PROOFS = 100, TEXT_LEN = 8 << 10 }; /* 0.9 MB of results each */
    char metadata[TEXT_LEN + 1];
    memset(metadata, 'x', TEXT_LEN);
    memcpy(metadata, "{\"a\":\"", 6);
    memcpy(metadata + TEXT_LEN - 2, "\"}", 3);
    for (unsigned i = 0; i < FRAMES; i++) {
        struct occ_commit_writer writer;
        occ_commit_begin(&writer, &parent->in, i + 1);
        parent_put_request(&writer, "x", metadata, PROOFS);
        occ_commit_end(&writer);
    }
    assert_int_equal(fcntl(process.socket, F_SETFL, O_NONBLOCK), 0);
    struct pollfd polled = { .fd = process.socket, .events = POLLOUT };
    size_t sent = 0;
    while (sent < parent->in.len && poll(&polled, 1, 500) == 1) { /* until it takes no more for half a second */
        const ssize_t len = send(process.socket, parent->in.ptr + sent, parent->in.len - sent, MSG_NOSIGNAL);
        assert_true(len > 0 || errno == EAGAIN);
        sent += len > 0 ? (size_t)len : 0;
    }
    /* 4 MiB unsent and as much retained, and the answer that went over it. */
    assert_in_range(memory_kib(process.pid, "VmHWM:"), 1, 30 << 10);
    assert_int_equal(fcntl(process.socket, F_SETFL, 0), 0);
    for (unsigned i = 0; i < FRAMES; i++) { /* and when it reads, nothing is missing */
        while (sent < parent->in.len) {
            const ssize_t len =
                send(process.socket, parent->in.ptr + sent, parent->in.len - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
            if (len <= 0) {
                break;
            }
            sent += (size_t)len;
        }
        assert_true(receive(parent, process.socket));
        struct occ_commit_results in = parent_results(parent, i + 1, 1);
        parent_expect_success(parent, &in, i + 1, PROOFS);
    }
    shutdown(process.socket, SHUT_RDWR);
    assert_int_equal(finish(&process, NULL), 0);
}

/* A parent that always has one more request under way: nothing piles up behind what it has taken. */
static void
test_pipeline_that_never_empties(void **state)
{
    struct parent *const parent = *state;
    struct process process = start(true, no_arguments);
    say_hello(parent, process.socket);
    enum { FRAMES = 150, PROOFS = 100, TEXT_LEN = 8 << 10 }; /* 0.9 MB of results each, 135 MB together */
    char metadata[TEXT_LEN + 1];
    memset(metadata, 'x', TEXT_LEN);
    memcpy(metadata, "{\"a\":\"", 6);
    memcpy(metadata + TEXT_LEN - 2, "\"}", 3);
    for (unsigned asked = 0, taken = 0; taken < FRAMES; taken++) {
        while (asked < FRAMES && asked < taken + 3) {
            struct occ_commit_writer writer;
            occ_commit_begin(&writer, &parent->in, ++asked);
            parent_put_request(&writer, "x", metadata, PROOFS);
            occ_commit_end(&writer);
            send_all(process.socket, &parent->in);
        }
        assert_true(receive(parent, process.socket));
        struct occ_commit_results in = parent_results(parent, taken + 1, 1);
        parent_expect_success(parent, &in, taken + 1, PROOFS);
        occ_commit_put_ack(&parent->in, taken + 1);
        send_all(process.socket, &parent->in);
    }
    assert_in_range(memory_kib(process.pid, "VmHWM:"), 1, 30 << 10);
    shutdown(process.socket, SHUT_RDWR);
    assert_int_equal(finish(&process, NULL), 0);
}

/* Nobody of the same user may look into its memory. */
static void
test_hidden(void **state)
{
    struct parent *const parent = *state;
    struct process process = start(true, no_arguments);
    say_hello(parent, process.socket);
    char path[64], text[4096];
    snprintf(path, sizeof path, "/proc/%ld/status", (long)process.pid);
    FILE *const file = fopen(path, "r");
    assert_non_null(file);
    const size_t len = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[len] = '\0';
    assert_non_null(strstr(text, "NoNewPrivs:\t1"));
    assert_non_null(strstr(text, "Seccomp:\t2"));
    assert_int_not_equal(memory_kib(process.pid, "VmLck:"), 0); /* the key's page */
    shutdown(process.socket, SHUT_RDWR);
    OCC_BUF_AUTO(said, 1 << 20);
    assert_int_equal(finish(&process, &said), 0);
    assert_true(has(&said, "\"sandbox\":\"full\""));
}
#endif

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_socket_pair, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_new_epoch, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_signals, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_malformed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_usage, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_listen, set_up, tear_down),
#if !defined(HAS_SANITIZER) /* whose memory and run-time are not the program's */
        cmocka_unit_test_setup_teardown(test_memory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_memory_after_large_frame, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_parent_that_does_not_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_pipeline_that_never_empties, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hidden, set_up, tear_down),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
