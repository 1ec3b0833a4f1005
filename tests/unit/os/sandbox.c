/* sandbox.c — what is given up is gone: each forbidden call kills the child that tries it; what stays, works. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "os/sandbox.h"

enum { NOT_ENTERED = 90, SURVIVED = 91, REDUCED = 92 };

static int pair[2];

static void
do_open(void)
{
    (void)!open("/dev/null", O_RDONLY);
}
static void
do_create(void)
{
    (void)!creat("/tmp/occ-sandbox-test", 0600);
}
static void
do_stat(void)
{
    struct stat status;
    (void)!stat("/", &status);
}
static void
do_socket(void)
{
    (void)!socket(AF_INET, SOCK_STREAM, 0);
}
static void
do_socketpair(void)
{
    int ends[2];
    (void)!socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
}
static void
do_connect(void)
{
    (void)!connect(pair[0], NULL, 0);
}
static void
do_bind(void)
{
    (void)!bind(pair[0], NULL, 0);
}
static void
do_send_to_address(void)
{
    static const struct sockaddr address = { .sa_family = AF_UNIX };
    (void)!sendto(pair[0], "x", 1, 0, &address, sizeof address);
}
static void
do_send_descriptor(void)
{
    const struct msghdr message = { 0 };
    (void)!sendmsg(pair[0], &message, 0);
}
static void
do_exec(void)
{
    char name[] = "true";
    char *const argv[] = { name, NULL };
    execv("/bin/true", argv);
}
static void
do_fork(void)
{
    if (fork() == 0) {
        _exit(0);
    }
}
static void
do_ptrace(void)
{
    (void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}
static void
do_kill(void)
{
    (void)!kill(getppid(), 0);
}
static void
do_executable_memory(void)
{
    (void)!mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}
static void
do_make_executable(void)
{
    void *const memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    (void)!mprotect(memory, 4096, PROT_READ | PROT_EXEC);
}
static void
do_prctl(void)
{
    (void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}
static void
do_fcntl(void)
{
    (void)!fcntl(pair[0], F_SETOWN, getpid());
}

/* Enters the sandbox in a child, does it, and gives how the child ended. */
static int
status_with(enum occ_sandbox_profile profile, const struct occ_sandbox_device *device, void (*act)(void))
{
    fflush(NULL);
    const pid_t pid = fork();
    if (pid == 0) {
        bool is_full = false;
        if (!occ_is_ok(occ_sandbox_hide(NULL)) || !occ_is_ok(occ_sandbox_enter(profile, device, NULL, &is_full))) {
            _exit(NOT_ENTERED);
        }
        if (!is_full) {
            _exit(REDUCED);
        }
        act();
        _exit(SURVIVED);
    }
    int status = 0;
    if (pid < 0 || waitpid(pid, &status, 0) != pid) {
        abort();
    }
    return status;
}

static int
status_in(enum occ_sandbox_profile profile, void (*act)(void))
{
    return status_with(profile, NULL, act);
}

static int
status_of(void (*act)(void))
{
    return status_in(OCC_SANDBOX_BOUNDARY, act);
}

/* The sanitizers' run-time cannot live in the sandbox: there only that it says so can be tested. */
static bool
is_reduced(int status)
{
    return WIFEXITED(status) && WEXITSTATUS(status) == REDUCED;
}

static void
test_forbidden(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        void (*act)(void);
    } cases[] = {
        { "open", do_open },
        { "create", do_create },
        { "stat", do_stat },
        { "socket", do_socket },
        { "socketpair", do_socketpair },
        { "connect", do_connect },
        { "bind", do_bind },
        { "send to an address", do_send_to_address },
        { "send a descriptor", do_send_descriptor },
        { "exec", do_exec },
        { "fork", do_fork },
        { "ptrace", do_ptrace },
        { "kill", do_kill },
        { "executable memory", do_executable_memory },
        { "make memory executable", do_make_executable },
        { "prctl", do_prctl },
        { "fcntl", do_fcntl },
    };
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const int status = status_of(cases[i].act);
        if (is_reduced(status)) {
            skip();
        }
        if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS) {
            fail_msg("%s: status %#x, expected death by SIGSYS", cases[i].name, (unsigned)status);
        }
    }
    close(pair[0]);
    close(pair[1]);
}

/* All that the boundary does at work. */
static void
do_work(void)
{
    char bytes[64];
    struct timespec now;
    struct pollfd polled = { .fd = pair[1], .events = POLLIN };
    bool good = send(pair[0], "abc", 3, MSG_NOSIGNAL) == 3 && poll(&polled, 1, 1000) == 1 &&
                recv(pair[1], bytes, sizeof bytes, 0) == 3 && write(pair[0], "d", 1) == 1 &&
                read(pair[1], bytes, sizeof bytes) == 1;
    good = good && clock_gettime(CLOCK_REALTIME, &now) == 0 && getrandom(bytes, sizeof bytes, 0) == sizeof bytes;
    for (size_t len = 1; good && len < (64u << 20); len *= 4) { /* brk, mmap, mremap, munmap */
        char *memory = malloc(len);
        memory = memory == NULL ? NULL : realloc(memory, 2 * len);
        good = memory != NULL;
        if (good) {
            memory[2 * len - 1] = 1;
        }
        free(memory);
    }
    _exit(good ? 0 : 1);
}

static void
test_work_goes_on(void **state)
{
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    const int status = status_of(do_work);
    if (is_reduced(status)) {
        skip();
    }
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    close(pair[0]);
    close(pair[1]);
}

/* abort ends it as abort does, not as a forbidden call. */
static void
test_abort(void **state)
{
    (void)state;
    const int status = status_of(abort);
    if (is_reduced(status)) {
        skip();
    }
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
}

static int
hidden_child(void)
{
    struct rlimit core;
    if (!occ_is_ok(occ_sandbox_hide(NULL)) || getrlimit(RLIMIT_CORE, &core) != 0) {
        return 1;
    }
    bool is_full = false;
    const int dumpable = prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
    if (!occ_is_ok(occ_sandbox_enter(OCC_SANDBOX_BOUNDARY, NULL, NULL, &is_full))) {
        return 2;
    }
    return core.rlim_cur == 0 && core.rlim_max == 0 && dumpable == (is_full ? 0 : 1) ? 0 : 3;
}

static void
test_hide(void **state)
{
    (void)state;
    const pid_t pid = fork();
    if (pid == 0) {
        _exit(hidden_child());
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* No new privileges, also in the reduced form. */
static void
test_no_new_privileges(void **state)
{
    (void)state;
    const pid_t pid = fork();
    if (pid == 0) {
        bool is_full = false;
        const bool before = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
        const bool entered = occ_is_ok(occ_sandbox_enter(OCC_SANDBOX_BOUNDARY, NULL, NULL, &is_full));
        _exit(entered && !before && (is_full || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1) ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* ---- with a device ---- */

enum { DEVICE_REQUEST = 0x5401, OTHER_REQUEST = 0x5402 }; /* TCGETS, TCSETS */

static struct occ_sandbox_device device = { .request = DEVICE_REQUEST };
static int other_fd;

/* What a caller leaves in the upper halves of the registers does not count: the kernel does not look at it either. */
static void
do_device(void)
{
    char settings[256];
    const long high = 0x7bL << 32;
    const bool good = ioctl(device.fd, DEVICE_REQUEST, settings) == -1 && errno == ENOTTY &&
                      syscall(SYS_ioctl, device.fd + high, DEVICE_REQUEST + high, settings) == -1 && errno == ENOTTY;
    _exit(good ? 0 : 1);
}
static void
do_other_request(void)
{
    char settings[256];
    (void)ioctl(device.fd, OTHER_REQUEST, settings);
}
static void
do_other_descriptor(void)
{
    char settings[256];
    (void)ioctl(other_fd, DEVICE_REQUEST, settings);
}

static void
test_device(void **state)
{
    (void)state;
    device.fd = open("/dev/null", O_RDWR);
    other_fd = open("/dev/null", O_RDWR);
    int status = status_with(OCC_SANDBOX_BOUNDARY, &device, do_device);
    if (is_reduced(status)) {
        skip();
    }
    assert_int_equal(status, 0);
    void (*const forbidden[])(void) = { do_other_request, do_other_descriptor, do_open, do_fcntl };
    for (size_t i = 0; i < sizeof forbidden / sizeof forbidden[0]; i++) {
        status = status_with(OCC_SANDBOX_BOUNDARY, &device, forbidden[i]);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGSYS);
    }
    status = status_of(do_device); /* and without, none */
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGSYS);
    close(device.fd);
    close(other_fd);
}

/* ---- other threads ---- */

static struct {
    int ask[2], answer[2];
    void (*act)(void);
} thread_of_its_own;

static void *
work_in_thread(void *argument)
{
    char byte;
    (void)!write(thread_of_its_own.answer[1], "r", 1);
    (void)!read(thread_of_its_own.ask[0], &byte, 1);
    thread_of_its_own.act();
    return argument;
}

/* A thread that began before the sandbox was entered does it afterwards. */
static int
status_of_thread(void (*act)(void))
{
    fflush(NULL);
    const pid_t pid = fork();
    if (pid == 0) {
        pthread_t thread;
        char byte;
        bool is_full = false;
        thread_of_its_own.act = act;
        if (pipe(thread_of_its_own.ask) != 0 || pipe(thread_of_its_own.answer) != 0 ||
            pthread_create(&thread, NULL, work_in_thread, NULL) != 0 ||
            read(thread_of_its_own.answer[0], &byte, 1) != 1 ||
            !occ_is_ok(occ_sandbox_enter(OCC_SANDBOX_BOUNDARY, &device, NULL, &is_full))) {
            _exit(NOT_ENTERED);
        }
        if (!is_full) {
            _exit(REDUCED);
        }
        (void)!write(thread_of_its_own.ask[1], "g", 1);
        (void)pthread_join(thread, NULL);
        _exit(SURVIVED);
    }
    int status = 0;
    if (pid < 0 || waitpid(pid, &status, 0) != pid) {
        abort();
    }
    return status;
}

/* What the thread of a device does: memory, events, its driver; it ends in good order. */
static void
do_thread_work(void)
{
    char settings[256];
    char *const memory = malloc(1 << 20);
    if (memory == NULL || ioctl(device.fd, DEVICE_REQUEST, settings) != -1 || errno != ENOTTY) {
        _exit(1);
    }
    memory[0] = 1;
    free(memory);
}

static void
test_threads(void **state)
{
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    device.fd = open("/dev/null", O_RDWR);
    other_fd = open("/dev/null", O_RDWR);
    int status = status_of_thread(do_thread_work);
    if (is_reduced(status)) {
        skip();
    }
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), SURVIVED);
    void (*const forbidden[])(void) = { do_open, do_socket, do_fork, do_other_descriptor, do_executable_memory };
    for (size_t i = 0; i < sizeof forbidden / sizeof forbidden[0]; i++) {
        status = status_of_thread(forbidden[i]);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), SIGSYS);
    }
    close(device.fd);
    close(other_fd);
    close(pair[0]);
    close(pair[1]);
}

/* ---- with a hardware token ---- */

static void
do_unshare(void)
{
    (void)!unshare(CLONE_NEWUSER);
}
static void
do_read_of_others(void)
{
    char byte;
    const struct iovec here = { &byte, 1 };
    (void)!process_vm_readv(getppid(), &here, 1, &here, 1, 0);
}
static void
do_setuid(void)
{
    (void)!setuid(getuid());
}
static void
do_memfd(void)
{
    (void)!memfd_create("code", 0);
}

static void
test_forbidden_with_a_token(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        void (*act)(void);
    } cases[] = {
        { "exec", do_exec },       { "fork", do_fork },     { "ptrace", do_ptrace },
        { "unshare", do_unshare }, { "setuid", do_setuid }, { "memory of another process", do_read_of_others },
        { "memfd", do_memfd },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const int status = status_in(OCC_SANDBOX_BOUNDARY_TOKEN, cases[i].act);
        if (is_reduced(status)) {
            skip();
        }
        if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS) {
            fail_msg("%s: status %#x, expected death by SIGSYS", cases[i].name, (unsigned)status);
        }
    }
}

/* What is on neither list fails, and the library may go on: code that was written, terminals, other processes. */
static void
do_what_fails(void)
{
    const int prot = PROT_READ | PROT_WRITE;
    void *const memory = mmap(NULL, 4096, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const int file = open("/proc/self/exe", O_RDONLY);
    bool good = memory != MAP_FAILED && file >= 0;
    good = good && mprotect(memory, 4096, PROT_READ | PROT_EXEC) != 0 && errno == EPERM;
    good = good && mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED;
    good = good && mmap(NULL, 4096, prot | PROT_EXEC, MAP_PRIVATE, file, 0) == MAP_FAILED;
    good = good && ioctl(file, TIOCSTI, "x") != 0 && errno == EPERM;
    const unsigned long above = 1UL << 32; /* bits that the kernel does not look at */
    good = good && syscall(SYS_ioctl, file, above | TIOCSTI, "x") != 0 && errno == EPERM;
    int available = 0;
    struct winsize window;
    good = good && ioctl(file, FIONREAD, &available) == 0; /* all other requests are left */
    good = good && ioctl(file, TIOCGWINSZ, &window) != 0 && errno == ENOTTY;
    good = good && kill(getppid(), 0) != 0 && errno == EPERM;
    good = good && prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0 && errno == EPERM;
    _exit(good ? 0 : 1);
}

static void *
in_thread(void *argument)
{
    return argument;
}

/* What libraries of tokens do: files, locks, sockets, threads, code from a file. */
static void
do_token_work(void)
{
    char path[] = "/tmp/occ-sandbox-XXXXXX";
    const int file = mkstemp(path);
    struct stat status;
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    bool good = file >= 0 && write(file, "x", 1) == 1 && fstat(file, &status) == 0 && fcntl(file, F_SETLK, &lock) == 0;
    good = unlink(path) == 0 && good;
    good = good && socket(AF_UNIX, SOCK_STREAM, 0) >= 0 && socket(AF_INET, SOCK_DGRAM, 0) >= 0;
    const int self = open("/proc/self/exe", O_RDONLY);
    good = good && mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, self, 0) != MAP_FAILED;
    pthread_t thread;
    void *returned = NULL;
    good = good && pthread_create(&thread, NULL, in_thread, path) == 0;
    good = good && pthread_join(thread, &returned) == 0 && returned == path;
    _exit(good ? 0 : 1);
}

static void
test_work_with_a_token(void **state)
{
    (void)state;
    void (*const acts[])(void) = { do_what_fails, do_token_work };
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
        const int status = status_in(OCC_SANDBOX_BOUNDARY_TOKEN, acts[i]);
        if (is_reduced(status)) {
            skip();
        }
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hide),
        cmocka_unit_test(test_no_new_privileges),
        cmocka_unit_test(test_forbidden),
        cmocka_unit_test(test_work_goes_on),
        cmocka_unit_test(test_abort),
        cmocka_unit_test(test_device),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_forbidden_with_a_token),
        cmocka_unit_test(test_work_with_a_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
