/* http_client.c — the client against our own server, and against servers that do not behave. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/limits.h"
#include "net/http_client.h"
#include "unit/net/server_fixture.h"

static const struct occ_http_config config = { .extra_headers = "X-Extra: 1\r\n" };

struct result {
    struct occ_result code;
    struct occ_error err;
    struct occ_http_answer answer;
    struct occ_buf body;
};

static void
call(const struct occ_http_call *what, struct result *ret)
{
    struct occ_http_call full = *what;
    full.connect_ms = full.connect_ms == 0 ? 5000 : full.connect_ms;
    full.total_ms = full.total_ms == 0 ? 10000 : full.total_ms;
    occ_buf_clear(&ret->body);
    ret->err = (struct occ_error){ 0 };
    ret->answer = (struct occ_http_answer){ .body = &ret->body };
    ret->code = occ_http_client_call(&full, &ret->err, &ret->answer);
    if (occ_is_ok(ret->code)) {
        assert_ptr_equal(ret->answer.body, &ret->body);
    }
}

static void
test_own_server(void **state)
{
    (void)state;
    struct server_fixture server;
    struct result result = { .body = OCC_BUF_INIT(8 << 20) };
    char url[300];
    server_begin(&server, "127.0.0.1:0", &config, 1000);
    snprintf(url, sizeof url, "http://%s/now?a=b", server.address);
    call(&(struct occ_http_call){ .url = url }, &result);
    assert_int_equal(result.code.code, OCC_OK);
    assert_int_equal(result.answer.status, 200);
    assert_true(occ_bytes_is(occ_buf_view(&result.body), "now"));
    expect_line(&server, "GET /now?a=b 200 0 3");

    static uint8_t data[3 << 20]; /* curl asks with Expect first */
    memset(data, 'd', sizeof data);
    snprintf(url, sizeof url, "http://%s/echo", server.address);
    const struct occ_http_call post = { .url = url, .content_type = "application/json", .body = { data, sizeof data } };
    call(&post, &result);
    assert_int_equal(result.answer.status, 200);
    assert_int_equal(result.body.len, sizeof data);
    assert_memory_equal(result.body.ptr, data, sizeof data);
    call(&(struct occ_http_call){ .url = url, .content_type = "application/json" }, &result);
    assert_int_equal(result.answer.status, 200);
    assert_int_equal(result.body.len, 0);
    assert_string_equal(result.answer.content_type, "text/plain");

    snprintf(url, sizeof url, "http://%s/nothing", server.address);
    call(&(struct occ_http_call){ .url = url }, &result);
    assert_int_equal(result.code.code, OCC_OK); /* an answer is an answer */
    assert_int_equal(result.answer.status, 404);

    snprintf(url, sizeof url, "http://%s/big/1000", server.address);
    result.body.limit = 1000;
    call(&(struct occ_http_call){ .url = url }, &result);
    assert_int_equal(result.code.code, OCC_OK);
    assert_int_equal(result.body.len, 1000);
    result.body.limit = 999;
    call(&(struct occ_http_call){ .url = url }, &result);
    assert_int_equal(result.code.code, OCC_ERR_LIMIT);
    occ_buf_clear(&result.body);
    server_end(&server);
}

static void
test_unix(void **state)
{
    (void)state;
    char folder[] = "/tmp/occ-unit-client-XXXXXX";
    char listen[80], expected[120];
    struct server_fixture server;
    struct result result = { .body = OCC_BUF_INIT(1000) };
    assert_non_null(mkdtemp(folder));
    snprintf(listen, sizeof listen, "unix:%s/socket", folder);
    server_begin(&server, listen, &config, 1000);
    call(&(struct occ_http_call){ .url = "http://localhost/now", .unix_path = listen + 5 }, &result);
    assert_int_equal(result.answer.status, 200);
    server_end(&server);
    call(&(struct occ_http_call){ .url = "http://localhost/now", .unix_path = listen + 5 }, &result);
    assert_int_equal(result.code.code, OCC_ERR_UNAVAILABLE);
    snprintf(expected, sizeof expected, "%s: no such file or directory", listen);
    assert_string_equal(result.err.text, expected);
    occ_buf_clear(&result.body);
    rmdir(folder);
}

/* A process that accepts one connection, reads a request's head, answers with text, and closes. */
static pid_t
answer_once(const char *text, uint16_t *ret_port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof address;
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
    *ret_port = ntohs(address.sin_port);
    const pid_t pid = fork();
    if (pid == 0) {
        char head[4096];
        size_t head_len = 0;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        const int fd = accept(listener, NULL, NULL);
        while (head_len < sizeof head - 1 && (head_len == 0 || memmem(head, head_len, "\r\n\r\n", 4) == NULL)) {
            const ssize_t got = recv(fd, head + head_len, sizeof head - head_len, 0);
            if (got <= 0) {
                _exit(1);
            }
            head_len += (size_t)got;
        }
        const bool token = memmem(head, head_len, "\r\nAuthorization: Bearer s3cret\r\n", 32) != NULL;
        const bool key = memmem(head, head_len, "\r\nIdempotency-Key: k-1\r\n", 24) != NULL;
        if (text == NULL) {
            (void)recv(fd, head, 1, 0); /* no answer: until the client gives up */
        } else if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0) {
            _exit(2);
        }
        _exit(token && key ? 3 : 0);
    }
    close(listener);
    return pid;
}

static int
exit_of(pid_t pid)
{
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void
test_other_servers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum occ_err code;
        unsigned status;
        uint64_t retry_after_s;
        bool knows_repeats, passing;
    } servers[] = {
        { "HTTP/1.1 503 No\r\nRetry-After: 7\r\nContent-Length: 2\r\n\r\nhi", OCC_OK, 503, 7, false, false },
        { "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", OCC_OK, 302, 0, false,
          false },
        { "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi", OCC_ERR_CLOSED, 0, 0, false, true },
        { "", OCC_ERR_CLOSED, 0, 0, false, true },
        { "hello\r\n", OCC_ERR_CLOSED, 0, 0, false, false },
        { "HTTP/9.9 200 OK\r\n\r\n", OCC_ERR_CLOSED, 0, 0, false, false },
        { NULL, OCC_ERR_TIMEOUT, 0, 0, false, true },
        { "HTTP/1.1 500 No\r\nAccess-Control-Expose-Headers: Retry-After,\tidempotent-REPLAY\r\nContent-Length: "
          "0\r\n\r\n",
          OCC_OK, 500, 0, true, false },
        { "HTTP/1.1 200 OK\r\nAccess-Control-Expose-Headers: A\r\nAccess-Control-Expose-Headers: Idempotent-Replay\r\n"
          "Content-Length: 0\r\n\r\n",
          OCC_OK, 200, 0, true, false },
        { "HTTP/1.1 200 OK\r\nAccess-Control-Expose-Headers: *, Idempotent-Replays, X-Idempotent-Replay\r\n"
          "Access-Control-Allow-Headers: Idempotency-Key\r\nContent-Length: 0\r\n\r\n",
          OCC_OK, 200, 0, false, false },
    };
    for (size_t i = 0; i < sizeof servers / sizeof *servers; i++) {
        struct result result = { .body = OCC_BUF_INIT(1000) };
        char url[64];
        uint16_t port;
        const pid_t pid = answer_once(servers[i].text, &port);
        snprintf(url, sizeof url, "http://127.0.0.1:%u/x", port);
        call(&(struct occ_http_call){ .url = url,
                                      .bearer = "s3cret",
                                      .idempotency_key = "k-1",
                                      .total_ms = servers[i].text == NULL ? 300 : 0 },
             &result);
        assert_int_equal(result.code.code, servers[i].code);
        assert_int_equal(result.answer.status, servers[i].status);
        assert_int_equal(result.answer.retry_after_s, servers[i].retry_after_s);
        assert_int_equal(result.answer.knows_repeats, servers[i].knows_repeats);
        assert_int_equal(result.answer.passing, servers[i].passing);
        assert_null(strstr(result.err.text, "s3cret"));
        assert_int_equal(exit_of(pid), 3); /* token and key came as they should */
        occ_buf_clear(&result.body);
    }
}

/* Fields in front of the body or behind it are kept by libcurl, all of them: they must not be without end. */
static void
test_too_many_fields(void **state)
{
    (void)state;
    static const char *const begins[] = { "HTTP/1.1 200 OK\r\n",
                                          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n",
                                          "HTTP/1.1 100 Continue\r\n" };
    static const char field[] = "X-Long: 0123456789012345678901234567890123456789012345678901234\r\n";
    const size_t field_len = sizeof field - 1;
    const size_t fields = OCC_LIMIT_HTTP_ANSWER_HEAD_LEN / field_len;
    char *text = calloc(1, 200 + (fields + 1) * field_len);
    assert_non_null(text);
    for (size_t i = 0; i < 2 * sizeof begins / sizeof *begins; i++) {
        const bool is_too_many = i % 2 == 1;
        struct result result = { .body = OCC_BUF_INIT(1000) };
        char url[64];
        uint16_t port;
        char *end = stpcpy(text, begins[i / 2]);
        for (size_t k = 0; k < fields - 10 + (is_too_many ? 11 : 0); k++) {
            end = stpcpy(end, field);
        }
        stpcpy(end, i / 2 == 2 ? "\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx" : i / 2 == 0 ? "\r\nx" : "\r\n");
        const pid_t pid = answer_once(text, &port);
        snprintf(url, sizeof url, "http://127.0.0.1:%u/x", port);
        call(&(struct occ_http_call){ .url = url }, &result);
        assert_int_equal(result.code.code, is_too_many ? OCC_ERR_LIMIT : OCC_OK);
        assert_true(is_too_many || occ_bytes_is(occ_buf_view(&result.body), "x"));
        assert_true(!is_too_many || strstr(result.err.text, "header fields are larger than 65536 bytes") != NULL);
        (void)exit_of(pid);
        occ_buf_clear(&result.body);
    }
    free(text);
}

static void
test_out_of_reach(void **state)
{
    (void)state;
    struct result result = { .body = OCC_BUF_INIT(1000) };
    char url[64], expected[96];
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof address;
    const int bound = socket(AF_INET, SOCK_STREAM, 0); /* bound, not listening: refuses */
    assert_int_equal(bind(bound, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(bound, (struct sockaddr *)&address, &len), 0);
    const unsigned port = ntohs(address.sin_port);
    snprintf(url, sizeof url, "http://user:pass@127.0.0.1:%u/secret?x", port);
    snprintf(expected, sizeof expected, "127.0.0.1:%u: connection refused", port);
    call(&(struct occ_http_call){ .url = url, .bearer = "s3cret" }, &result);
    assert_int_equal(result.code.code, OCC_ERR_UNAVAILABLE);
    assert_string_equal(result.err.text, expected);
    assert_true(result.answer.passing);
    close(bound);
    unsetenv("http_proxy");
    call(&(struct occ_http_call){ .url = "http://name.invalid/" }, &result);
    assert_int_equal(result.code.code, OCC_ERR_UNAVAILABLE);
    assert_false(result.answer.passing); /* a wrong name stays wrong */
}

/* With a session, one connection for several requests; without, one each. */
static void
test_session(void **state)
{
    (void)state;
    struct server_fixture server;
    struct result result = { .body = OCC_BUF_INIT(1000) };
    struct occ_http_session *session = NULL;
    const struct occ_http_config one = { .connections_max = 1, .extra_headers = "X-Extra: 1\r\n" };
    char url[300];
    server_begin(&server, "127.0.0.1:0", &one, 1000);
    snprintf(url, sizeof url, "http://%s/echo", server.address);
    assert_true(occ_is_ok(occ_http_session_new(&session)));
    const struct occ_http_call post = {
        .session = session, .url = url, .content_type = "text/plain", .body = occ_bytes_str("hi"), .bearer = "b"
    };
    for (int i = 0; i < 3; i++) {
        call(&post, &result);
        assert_int_equal(result.answer.status, 200);
        assert_true(occ_bytes_is(occ_buf_view(&result.body), "hi"));
    }
    /* The connection is held open, and is the only one that the server takes. */
    call(&(struct occ_http_call){ .url = url }, &result);
    assert_int_equal(result.answer.status, 503);
    call(&(struct occ_http_call){ .session = session, .url = url }, &result);
    assert_int_equal(result.answer.status, 200);
    assert_int_equal(result.body.len, 0); /* nothing of the request before */
    occ_http_session_free(session);
    occ_http_session_free(NULL);
    occ_buf_clear(&result.body);
    server_end(&server);
}

static void
test_wrong_urls(void **state)
{
    (void)state;
    static const char *const urls[] = { "", "ftp://127.0.0.1/", "file:///etc/passwd", "http://", "gopher://a/" };
    struct result result = { .body = OCC_BUF_INIT(1000) };
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        call(&(struct occ_http_call){ .url = urls[i] }, &result);
        assert_int_equal(result.code.code, OCC_ERR_USAGE);
        assert_int_equal(result.body.len, 0);
    }
    call(&(struct occ_http_call){ .url = "http://127.0.0.1:1/", .bearer = "a\r\nX: y" }, &result);
    assert_int_equal(result.code.code, OCC_ERR_USAGE);
    call(&(struct occ_http_call){ .url = "http://127.0.0.1:1/", .idempotency_key = "a\nX: y" }, &result);
    assert_int_equal(result.code.code, OCC_ERR_USAGE);
}

static void
test_urls_as_they_may_be_shown(void **state)
{
    (void)state;
    static const struct {
        const char *url, *shown;
    } urls[] = {
        { "http://tsa.example/", "http://tsa.example/" },
        { "https://name:s3cret@tsa.example:8443/tsr?key=s3cret#s3cret", "https://tsa.example:8443/tsr" },
        { "http://s3cret@[::1]:80", "http://[::1]:80/" },
        { "ftp://tsa.example/", NULL },
        { "tsa.example/s3cret", NULL },
        { "http://", NULL },
        { "http://a b/", NULL },
        { "http://a/\xff", NULL },
    };
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        OCC_BUF_AUTO(shown, 100);
        struct occ_error err = { 0 };
        const struct occ_result result = occ_http_client_show_url(urls[i].url, &err, &shown);
        assert_int_equal(result.code, urls[i].shown == NULL ? OCC_ERR_USAGE : OCC_OK);
        assert_true(urls[i].shown == NULL || occ_bytes_is(occ_buf_view(&shown), urls[i].shown));
        assert_null(strstr(err.text, "s3cret"));
    }
}

int
main(void)
{
    setenv("http_proxy", "http://127.0.0.1:1/", 1); /* nobody there: to reach this machine it must not be used */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own_server),    cmocka_unit_test(test_unix),
        cmocka_unit_test(test_other_servers), cmocka_unit_test(test_too_many_fields),
        cmocka_unit_test(test_out_of_reach),  cmocka_unit_test(test_wrong_urls),
        cmocka_unit_test(test_session),       cmocka_unit_test(test_urls_as_they_may_be_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
