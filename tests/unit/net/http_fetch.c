/* http_fetch.c — many calls at a time, against our own server in a process of its own. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>

#include "net/http_fetch.h"
#include "unit/net/server_fixture.h"

enum { MANY = 60 };

static const struct occ_http_config config = { .extra_headers = NULL };

struct run;

struct fetch {
    struct occ_http_fetch fetch; /* first */
    struct run *run;
    struct occ_buf body;
    char url[300];
    bool received_elsewhere, was_received, done;
    unsigned order;
};

struct run {
    struct occ_loop *loop;
    struct occ_http_fetcher *fetcher;
    struct server_fixture server;
    pthread_t loop_thread;
    struct fetch fetches[MANY];
    size_t count, done_count;
    size_t release_after; /* when so many are done: asks for /release */
};

static void
begin(struct run *run)
{
    struct occ_error err;
    *run = (struct run){ .loop_thread = pthread_self() };
    server_begin(&run->server, "127.0.0.1:0", &config, 1000);
    assert_true(occ_is_ok(occ_loop_new(&err, &run->loop)));
    assert_true(occ_is_ok(occ_http_fetcher_new(run->loop, &err, &run->fetcher)));
}

static void
end(struct run *run)
{
    occ_http_fetcher_free(run->fetcher);
    occ_loop_free(run->loop);
    server_end(&run->server);
    for (size_t i = 0; i < run->count; i++) {
        assert_true(run->fetches[i].done);
        occ_buf_clear(&run->fetches[i].body);
    }
}

static void
received(struct occ_http_fetch *fetch)
{
    struct fetch *own = (struct fetch *)fetch;
    own->was_received = true;
    own->received_elsewhere = pthread_equal(pthread_self(), own->run->loop_thread) == 0;
}

static struct fetch *start(struct run *run, const char *path, const struct occ_http_call *call);

static void
done(struct occ_http_fetch *fetch)
{
    struct fetch *own = (struct fetch *)fetch;
    assert_false(own->done);
    own->done = true;
    assert_true(pthread_equal(pthread_self(), own->run->loop_thread));
    own->order = (unsigned)own->run->done_count++;
    if (own->run->done_count == own->run->release_after) {
        start(own->run, "/release", &(struct occ_http_call){ .total_ms = 10000 });
    }
}

/* path: behind the server's address, or a whole URL. */
static struct fetch *
start(struct run *run, const char *path, const struct occ_http_call *call)
{
    struct fetch *own = &run->fetches[run->count++];
    own->run = run;
    own->body = OCC_BUF_INIT(1000);
    if (path[0] == '/') {
        snprintf(own->url, sizeof own->url, "http://%s%s", run->server.address, path);
    } else {
        snprintf(own->url, sizeof own->url, "%s", path);
    }
    own->fetch =
        (struct occ_http_fetch){ .call = *call, .answer = { .body = &own->body }, .received = received, .done = done };
    own->fetch.call.url = own->url;
    own->fetch.call.connect_ms = 5000;
    occ_http_fetcher_start(run->fetcher, &own->fetch);
    assert_false(own->done);
    return own;
}

static void
test_one_that_waits_holds_nobody_up(void **state)
{
    (void)state;
    static struct run run;
    begin(&run);
    const struct occ_http_call post = { .content_type = "text/plain",
                                        .body = occ_bytes_str("hello"),
                                        .total_ms = 10000 };
    const struct fetch *held = start(&run, "/hold", &post);
    while (run.count < MANY - 1) {
        start(&run, "/echo", &post);
    }
    run.release_after = run.count - 1;
    occ_loop_run(run.loop); /* until nothing is left to wait for */
    assert_int_equal(run.done_count, MANY);
    assert_true(held->order >= run.release_after);
    for (size_t i = 0; i < run.count; i++) {
        const struct fetch *own = &run.fetches[i];
        assert_int_equal(own->fetch.result.code, OCC_OK);
        assert_int_equal(own->fetch.answer.status, 200);
        assert_true(own->was_received && own->received_elsewhere);
        assert_string_equal(own->fetch.answer.content_type, "text/plain");
        if (own != held && i < MANY - 1) {
            assert_true(occ_bytes_is(occ_buf_view(&own->body), "hello"));
        }
    }
    end(&run);
}

static void
test_failures(void **state)
{
    (void)state;
    static struct run run;
    begin(&run);
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof address;
    const int bound = socket(AF_INET, SOCK_STREAM, 0); /* bound, not listening: refuses */
    assert_int_equal(bind(bound, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(bound, (struct sockaddr *)&address, &len), 0);
    char nobody[64], expected[64];
    snprintf(nobody, sizeof nobody, "http://name:s3cret@127.0.0.1:%u/tsa", ntohs(address.sin_port));
    snprintf(expected, sizeof expected, "127.0.0.1:%u: connection refused", ntohs(address.sin_port));
    const struct fetch *refused = start(&run, nobody, &(struct occ_http_call){ .total_ms = 10000 });
    const struct fetch *no_url = start(&run, "ftp://127.0.0.1/", &(struct occ_http_call){ .total_ms = 10000 });
    const struct fetch *never = start(&run, "/hold", &(struct occ_http_call){ .total_ms = 200 });
    const struct fetch *large = start(&run, "/big/1001", &(struct occ_http_call){ .total_ms = 10000 });
    const struct fetch *missing = start(&run, "/nothing", &(struct occ_http_call){ .total_ms = 10000 });
    occ_loop_run(run.loop);
    assert_int_equal(refused->fetch.result.code, OCC_ERR_UNAVAILABLE);
    assert_string_equal(refused->fetch.err.text, expected);
    assert_int_equal(no_url->fetch.result.code, OCC_ERR_USAGE);
    assert_int_equal(never->fetch.result.code, OCC_ERR_TIMEOUT);
    assert_int_equal(large->fetch.result.code, OCC_ERR_LIMIT);
    assert_false(refused->was_received || no_url->was_received || never->was_received || large->was_received);
    assert_int_equal(missing->fetch.result.code, OCC_OK); /* an answer is an answer */
    assert_int_equal(missing->fetch.answer.status, 404);
    close(bound);
    end(&run);
}

static void
test_a_stop_waits_for_nobody(void **state)
{
    (void)state;
    static struct run run;
    begin(&run);
    const struct fetch *held = start(&run, "/hold", &(struct occ_http_call){ .total_ms = 3600000 });
    expect_line(&run.server, "held /hold");
    const struct fetch *new = start(&run, "/hold", &(struct occ_http_call){ .total_ms = 3600000 });
    alarm(WAIT_S);
    occ_http_fetcher_free(run.fetcher);
    alarm(0);
    run.fetcher = NULL;
    assert_true(held->done && new->done);
    assert_int_equal(held->fetch.result.code, OCC_ERR_STATE);
    assert_int_equal(new->fetch.result.code, OCC_ERR_STATE);
    assert_false(held->was_received || new->was_received);
    end(&run);
}

int
main(void)
{
    setenv("http_proxy", "http://127.0.0.1:1/", 1); /* nobody there: to reach this machine it must not be used */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_that_waits_holds_nobody_up),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_a_stop_waits_for_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
