/*
 * alone.c — the first process of a guest in which occd and occ-enclave run side by side and speak with each other over vsock's
 * loopback, each through its own code: --boundary vsock:1:5000, --listen vsock:5000. Says on the console what happens; test_alone.py
 * reads it. For tests only.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TRIES = 600, PAUSE_US = 50000 }; /* half a minute */

static const char socket_path[] = "/run/occd.sock";
static const char *const enclave[] = { "/occ-enclave", "--listen", "vsock:5000", NULL };
static const char *const occd[] = {
    "/occd", "--data",       "/run/data", "--listen", "unix:/run/occd.sock", "--boundary", "vsock:1:5000", "--metrics",
    "off",   "--access-log", "off",       NULL
};

static void
say(const char *name, const char *text)
{
    printf("alone: %s %s\n", name, text);
    fflush(stdout);
}

static void
end(void)
{
    (void)reboot(RB_AUTOBOOT);
    for (;;) {
        (void)pause();
    }
}

static void
must(int done, const char *what)
{
    if (!done) {
        printf("alone: FAILED %s: %s\n", what, strerror(errno));
        fflush(stdout);
        end();
    }
}

static pid_t
start(const char *const *arguments)
{
    const pid_t child = fork();
    must(child >= 0, "fork");
    if (child == 0) {
        char *const environment[] = { NULL };
        (void)execve(arguments[0], (char *const *)arguments, environment);
        _exit(127);
    }
    return child;
}

static void
stop(pid_t child, int number)
{
    int status = 0;
    must(kill(child, number) == 0 && waitpid(child, &status, 0) == child, "stop a program");
}

/* One request and its whole answer: the status, or 0 if there was none. Text behind the head goes to body. */
static int
request(const char *head, const char *content, char *body, size_t len)
{
    static char answer[1 << 20];
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    memcpy(address.sun_path, socket_path, sizeof socket_path);
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    must(fd >= 0, "socket");
    size_t have = 0;
    if (connect(fd, (const struct sockaddr *)&address, sizeof address) == 0) {
        (void)dprintf(fd,
                      "%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n"
                      "Content-Length: %zu\r\n\r\n%s",
                      head, strlen(content), content);
        for (ssize_t got = 1; got > 0 && have < sizeof answer - 1;) {
            got = read(fd, answer + have, sizeof answer - 1 - have);
            have += got > 0 ? (size_t)got : 0;
        }
    }
    (void)close(fd);
    answer[have] = '\0';
    const char *behind = strstr(answer, "\r\n\r\n");
    if (behind == NULL) {
        return 0;
    }
    (void)snprintf(body, len, "%s", behind + 4);
    return atoi(answer + strlen("HTTP/1.1 "));
}

static char body[1 << 20];

/* Until it works; every other answer on the way must be "not now". */
static void
commit(const char *name, const char *digest)
{
    char content[256];
    (void)snprintf(content, sizeof content, "{\"digests\":[{\"digestB64\":\"%s\",\"hashAlg\":\"sha256\"}]}", digest);
    for (int i = 0; i < TRIES; i++) {
        const int status = request("POST /commit", content, body, sizeof body);
        if (status == 200) {
            say(name, body);
            return;
        }
        must(status == 0 || status == 503, body);
        (void)usleep(PAUSE_US);
    }
    must(0, name);
}

/* Until /health says that the boundary is gone. */
static void
wait_until_unhealthy(void)
{
    for (int i = 0; i < TRIES; i++) {
        if (request("GET /health", "", body, sizeof body) == 503) {
            say("unhealthy", body);
            return;
        }
        (void)usleep(PAUSE_US);
    }
    must(0, "be unhealthy");
}

int
main(void)
{
    must(mount("dev", "/dev", "devtmpfs", 0, NULL) == 0, "mount /dev");
    must(mount("proc", "/proc", "proc", 0, NULL) == 0, "mount /proc");
    must(mount("run", "/run", "tmpfs", 0, NULL) == 0, "mount /run");
    pid_t boundary = start(enclave);
    pid_t parent = start(occd);
    commit("first", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    stop(boundary, SIGKILL);
    wait_until_unhealthy();
    boundary = start(enclave);
    commit("other-epoch", "BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    stop(parent, SIGKILL);
    parent = start(occd);
    commit("other-parent", "CAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    stop(parent, SIGTERM);
    stop(boundary, SIGTERM);
    say("done", "");
    end();
}
