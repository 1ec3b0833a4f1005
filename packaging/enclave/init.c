/*
 * init.c — the enclave's first process. Makes /dev, tells nitro-cli that the enclave lives, makes everything read-only, and
 * runs /occ-enclave as a user without rights. When that ends, so does the enclave. There is no shell and no other program.
 *
 * It speaks to the serial console alone, which can be read in debug mode only.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

static const char program[] = "/occ-enclave";
static const char settings[] = "/occ-enclave.ini";
static const char nsm[] = "/dev/nsm";

enum { RUN_AS = 1 };     /* the user and the group of the program; nothing belongs to them but /dev/nsm */
enum { PARENT_CID = 3 }; /* the instance, as an enclave sees it */
enum { HEARTBEAT_PORT = 9000, HEARTBEAT = 0xb7 };
enum { HEARTBEAT_WAIT_MS = 3000 };

__attribute__((format(printf, 1, 2))) static void
say(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)dprintf(STDERR_FILENO, "init: ");
    (void)vdprintf(STDERR_FILENO, format, arguments);
    (void)dprintf(STDERR_FILENO, "\n");
    va_end(arguments);
}

/* The enclave ends. */
__attribute__((noreturn)) static void
end(void)
{
    (void)reboot(RB_AUTOBOOT);
    for (;;) { /* a first process must not end */
        (void)pause();
    }
}

__attribute__((noreturn)) static void
end_because(const char *doing)
{
    say("cannot %s: %s", doing, strerror(errno));
    end();
}

/* Waits for what is expected of the socket; false, with errno, if it does not come in time. */
static int
wait_for(int fd, short events)
{
    struct pollfd poller = { .fd = fd, .events = events };
    const int ready = poll(&poller, 1, HEARTBEAT_WAIT_MS);
    if (ready == 0) {
        errno = ETIMEDOUT;
    }
    return ready > 0;
}

static int
connect_parent(int fd)
{
    const struct sockaddr_vm parent = { .svm_family = AF_VSOCK, .svm_cid = PARENT_CID, .svm_port = HEARTBEAT_PORT };
    if (connect(fd, (const struct sockaddr *)&parent, sizeof parent) == 0) {
        return 1;
    }
    if (errno != EINPROGRESS || !wait_for(fd, POLLOUT)) {
        return 0;
    }
    int reason = 0;
    socklen_t len = sizeof reason;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &reason, &len) == 0) {
        errno = reason;
    }
    return errno == 0;
}

/* nitro-cli run-enclave waits for one byte, which it sends back. */
static int
exchange_heartbeat(int fd)
{
    unsigned char byte = HEARTBEAT;
    if (!connect_parent(fd) || send(fd, &byte, 1, MSG_NOSIGNAL) != 1 || !wait_for(fd, POLLIN)) {
        return 0;
    }
    byte = 0;
    const ssize_t got = recv(fd, &byte, 1, 0);
    if (got == 1 && byte != HEARTBEAT) {
        errno = EPROTO;
    } else if (got == 0) {
        errno = ECONNRESET;
    }
    return got == 1 && byte == HEARTBEAT;
}

/* Not everybody starts enclaves with nitro-cli: without an answer it goes on. */
static void
send_heartbeat(void)
{
    const int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || !exchange_heartbeat(fd)) {
        say("no answer to the heartbeat from the instance's port %d: %s", HEARTBEAT_PORT, strerror(errno));
    }
    if (fd >= 0) {
        (void)close(fd);
    }
}

static void
set_up_files(void)
{
    if (mount("dev", "/dev", "devtmpfs", MS_NOSUID | MS_NOEXEC, NULL) != 0) {
        end_because("mount /dev");
    }
    if (chown(nsm, RUN_AS, RUN_AS) != 0) {
        end_because("hand over /dev/nsm");
    }
    if (mount(NULL, "/dev", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NOEXEC, NULL) != 0) {
        end_because("make /dev read-only");
    }
    if (mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY, NULL) != 0) {
        end_because("make the root file system read-only");
    }
}

__attribute__((noreturn)) static void
become_program(void)
{
    char *const arguments[] = { (char *)program, "--config", (char *)settings, NULL };
    char *const environment[] = { NULL };
    if (setresgid(RUN_AS, RUN_AS, RUN_AS) == 0 && setresuid(RUN_AS, RUN_AS, RUN_AS) == 0) {
        (void)execve(program, arguments, environment);
    }
    say("cannot run %s: %s", program, strerror(errno));
    _exit(127);
}

int
main(void)
{
    if (getpid() != 1) {
        say("this is the first process of an enclave, and no other");
        return 2;
    }
    set_up_files();
    send_heartbeat();
    const pid_t child = fork();
    if (child < 0) {
        end_because("make a process");
    }
    if (child == 0) {
        become_program();
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR) {
            end_because("wait for the program");
        }
    }
    say("%s ended with %s %d", program, WIFEXITED(status) ? "status" : "signal",
        WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
    end();
}
