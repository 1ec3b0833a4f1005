/* client_call.c — against a server that answers what it is told, one connection after the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/client.h"

#define KEEPS "Access-Control-Expose-Headers: Retry-After, Idempotent-Replay\r\n"
#define EMPTY "Content-Length: 2\r\n\r\n{}"
#define GOOD "HTTP/1.1 200 OK\r\n" EMPTY
#define GOOD_KEEPS "HTTP/1.1 200 OK\r\n" KEEPS EMPTY
#define FAILED "HTTP/1.1 500 No\r\n" EMPTY
#define FAILED_KEEPS "HTTP/1.1 500 No\r\n" KEEPS EMPTY
#define BUSY "HTTP/1.1 503 No\r\n" EMPTY

/* Reads a request's head and its small body, which comes with it. First letters of method and path: 'P' and 'c'. */
static bool
read_request(int fd, char ret_first[2])
{
    char head[4096];
    size_t len = 0;
    while (len < sizeof head - 1 && (len == 0 || memmem(head, len, "\r\n\r\n", 4) == NULL)) {
        const ssize_t got = recv(fd, head + len, sizeof head - len, 0);
        if (got <= 0) {
            return false;
        }
        len += (size_t)got;
    }
    const char *path = memchr(head, '/', len);
    ret_first[0] = head[0];
    ret_first[1] = path == NULL ? '?' : path[1];
    return true;
}

static _Noreturn void
serve(int listener, const char *const answers[], const char *wanted)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (size_t i = 0; answers[i] != NULL; i++) {
        char first[2];
        const int fd = accept(listener, NULL, NULL);
        if (fd < 0 || !read_request(fd, first) || memcmp(first, wanted + 2 * i, 2) != 0) {
            _exit(1);
        }
        (void)send(fd, answers[i], strlen(answers[i]), MSG_NOSIGNAL);
        (void)shutdown(fd, SHUT_WR);
        char rest[4096];
        while (recv(fd, rest, sizeof rest, 0) > 0) {
        }
        close(fd);
    }
    _exit(0);
}

struct server {
    pid_t pid;
    char url[64];
};

/* wanted: two letters for each answer, see read_request. */
static struct server
server_begin(const char *const answers[], const char *wanted)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof address;
    struct server server;
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 8), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
    snprintf(server.url, sizeof server.url, "http://127.0.0.1:%u", ntohs(address.sin_port));
    server.pid = fork();
    if (server.pid == 0) {
        serve(listener, answers, wanted);
    }
    close(listener);
    return server;
}

/* Every answer was asked for, by the requests that were expected. */
static void
server_end(const struct server *server)
{
    int status;
    assert_int_equal(waitpid(server->pid, &status, 0), server->pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void
call_gives(const char *const answers[], const char *wanted, const struct occ_client_request *request, enum occ_err code,
           const char *end)
{
    static const struct occ_cli cli = { .name = "occ test" };
    const struct server server = server_begin(answers, wanted);
    struct occ_client client = {
        .cli = &cli, .shown = server.url, .base_url = strdup(server.url), .timeout_ms = 20000
    };
    struct occ_error err = { 0 };
    struct occ_json *answer = NULL;
    const struct occ_result called = occ_client_call(&client, request, &err, &answer);
    if (called.code != code) {
        fail_msg("%d: %s", (int)called.code, err.text);
    }
    assert_true(strlen(err.text) >= strlen(end));
    assert_string_equal(err.text + strlen(err.text) - strlen(end), end);
    occ_json_free(answer);
    occ_client_clear(&client);
    server_end(&server);
}

#define ANSWERS(...) ((const char *const[]){ __VA_ARGS__, NULL })
static const char second[] = "; whether it committed is not known, and to commit again may make a second proof";

static void
keyed(void **state)
{
    (void)state;
    const struct occ_client_request commit = { .path = "/commit",
                                               .body = occ_bytes_str("{}"),
                                               .repeat = OCC_CLIENT_KEYED,
                                               .idempotency_key = "k",
                                               .again = "this" };
    call_gives(ANSWERS(GOOD), "Pc", &commit, OCC_OK, "");
    /* The answer itself says that the key is kept; or GET /health is asked, until it says. */
    call_gives(ANSWERS(FAILED_KEEPS, GOOD), "PcPc", &commit, OCC_OK, "");
    call_gives(ANSWERS("", GOOD_KEEPS, "", GOOD), "PcGhPcPc", &commit, OCC_OK, "");
    call_gives(ANSWERS("", "", FAILED, BUSY, "HTTP/1.1 503 No\r\n" KEEPS EMPTY, GOOD), "PcGhGhGhGhPc", &commit, OCC_OK,
               "");
    /* It does not say so: not again. */
    call_gives(ANSWERS(FAILED, GOOD), "PcGh", &commit, OCC_ERR_UNAVAILABLE, second);
    call_gives(ANSWERS("", GOOD), "PcGh", &commit, OCC_ERR_UNAVAILABLE, second);
    /* Not taken: again, whoever it is. */
    call_gives(ANSWERS(BUSY, "HTTP/1.1 429 No\r\n" EMPTY, GOOD), "PcPcPc", &commit, OCC_OK, "");
    /* Once in doubt, only an answer about this very request takes it away. */
    call_gives(ANSWERS(FAILED_KEEPS, "HTTP/1.1 400 No\r\n" EMPTY), "PcPc", &commit, OCC_ERR_UNAVAILABLE,
               "answered 400");
    call_gives(ANSWERS(FAILED_KEEPS, "HTTP/1.1 401 No\r\n" EMPTY), "PcPc", &commit, OCC_ERR_UNAVAILABLE,
               "whether it committed is not known: this gives the same proof if it did");
    /* What is of no use to repeat. */
    call_gives(ANSWERS("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx"), "Pc", &commit, OCC_ERR_UNAVAILABLE, second);
    call_gives(ANSWERS("HTTP/1.1 505 No\r\n" KEEPS EMPTY), "Pc", &commit, OCC_ERR_UNAVAILABLE,
               "whether it committed is not known: this gives the same proof if it did");
}

static void
others(void **state)
{
    (void)state;
    const struct occ_client_request question = { .path = "/key", .repeat = OCC_CLIENT_ONCE };
    const struct occ_client_request slot = { .path = "/slot",
                                             .body = occ_bytes_str("{}"),
                                             .repeat = OCC_CLIENT_UNTAKEN };
    const struct occ_client_request harmless = { .path = "/harmless",
                                                 .body = occ_bytes_str("{}"),
                                                 .repeat = OCC_CLIENT_HARMLESS };
    call_gives(ANSWERS(BUSY, GOOD), "GkGk", &question, OCC_OK, "");
    call_gives(ANSWERS(FAILED_KEEPS), "Gk", &question, OCC_ERR_UNAVAILABLE, "answered 500");
    call_gives(ANSWERS("HTTP/1.1 404 No\r\n" EMPTY), "Gk", &question, OCC_ERR_NOT_FOUND, "answered 404");
    call_gives(ANSWERS("HTTP/1.1 401 No\r\n" EMPTY), "Gk", &question, OCC_ERR_UNAVAILABLE,
               "answered 401 (no API key was given: --api-key-file)");
    call_gives(ANSWERS("HTTP/1.1 400 No\r\nContent-Length: 15\r\n\r\n{\"error\":\"why\"}"), "Gk", &question,
               OCC_ERR_UNAVAILABLE, "answered 400: why");
    call_gives(ANSWERS(BUSY, GOOD), "PsPs", &slot, OCC_OK, "");
    call_gives(ANSWERS(FAILED_KEEPS), "Ps", &slot, OCC_ERR_UNAVAILABLE, "answered 500");
    call_gives(ANSWERS("", FAILED, BUSY, GOOD), "PhPhPhPh", &harmless, OCC_OK, "");
}

/* Nobody listens: a question fails at once, what was not taken is tried until the time is over. */
static void
nobody(void **state)
{
    (void)state;
    static const struct occ_cli cli = { .name = "occ test" };
    struct occ_client client = {
        .cli = &cli, .shown = "x", .base_url = strdup("http://127.0.0.1:1"), .timeout_ms = 300
    };
    static const char sentence[] = "127.0.0.1:1: connection refused (--server names another server)";
    for (enum occ_client_repeat repeat = OCC_CLIENT_ONCE; repeat <= OCC_CLIENT_KEYED; repeat++) {
        const struct occ_client_request request = { .path = "/x", .body = occ_bytes_str("{}"), .repeat = repeat };
        struct occ_error err = { 0 };
        struct occ_json *answer = NULL;
        assert_int_equal(occ_client_call(&client, &request, &err, &answer).code, OCC_ERR_UNAVAILABLE);
        assert_string_equal(err.text, sentence);
    }
    occ_client_clear(&client);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(keyed), cmocka_unit_test(others), cmocka_unit_test(nobody) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
