/*
 * echo.c — in the place of occ-enclave in an image of the tests: sends back what comes on vsock port 5000, one process for each
 * connection; and calls port 6000 of the instance once, says "hello" and repeats the answer on the console. For tests only.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

static void
call_instance(void)
{
    const struct sockaddr_vm to = { .svm_family = AF_VSOCK, .svm_cid = 3, .svm_port = 6000 };
    const int fd = socket(AF_VSOCK, SOCK_STREAM, 0);
    if (connect(fd, (const struct sockaddr *)&to, sizeof to) != 0) {
        perror("echo: connect");
    } else {
        char answer[64] = "";
        (void)dprintf(fd, "hello\n");
        (void)shutdown(fd, SHUT_WR);
        size_t have = 0;
        for (ssize_t got = 1; got > 0 && have < sizeof answer - 1; have += (size_t)(got > 0 ? got : 0)) {
            got = read(fd, answer + have, sizeof answer - 1 - have);
        }
        printf("echo: the instance says %s\n", answer);
    }
    (void)close(fd);
}

static void
echo(int fd)
{
    static char data[1 << 16];
    for (ssize_t got = read(fd, data, sizeof data); got > 0; got = read(fd, data, sizeof data)) {
        for (ssize_t sent = 0; sent < got;) {
            const ssize_t taken = write(fd, data + sent, (size_t)(got - sent));
            if (taken < 0) {
                _exit(1);
            }
            sent += taken;
        }
    }
    _exit(0);
}

int
main(void)
{
    (void)signal(SIGCHLD, SIG_IGN);
    call_instance();
    const struct sockaddr_vm address = { .svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_ANY, .svm_port = 5000 };
    const int listener = socket(AF_VSOCK, SOCK_STREAM, 0);
    if (bind(listener, (const struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 64) != 0) {
        perror("echo: listen");
        return 1;
    }
    printf("echo: ready\n");
    fflush(stdout);
    for (;;) {
        const int fd = accept(listener, NULL, NULL);
        if (fd >= 0 && fork() == 0) {
            echo(fd);
        }
        (void)close(fd);
    }
}
