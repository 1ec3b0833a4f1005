/* http_listen.c — the server as a whole: where it listens, which connections there are, their deadlines, its end. */
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/decimal.h"
#include "net/http_private.h"
#include "os/socket.h"

enum {
    BACKLOG = 4096,
    SWEEP_MS_MIN = 10,
    SWEEP_MS_MAX = 250,
    STOP_GRACE_MS = 100,
    ADDRESS_LEN_MAX = 300,
    ANSWER_HEAD_LEN_MAX = 64 << 10
};

/* ---- the end ---- */

static void
remove_unix_path(struct occ_http_server *server)
{
    struct stat now;
    if (server->unix_path == NULL || lstat(server->unix_path, &now) != 0) {
        return;
    }
    if (now.st_dev == server->unix_device && now.st_ino == server->unix_inode) { /* not one that came after us */
        (void)unlink(server->unix_path);
    }
}

static void
on_handle_closed(uv_handle_t *handle)
{
    struct occ_http_server *server = handle->data;
    if (--server->handles > 0) {
        return;
    }
    if (server->stopped != NULL) {
        server->stopped(server->stopped_ctx);
    } else if (server->abandoned) { /* occ_http_server_new failed */
        occ_http_server_let_go(server);
    }
}

static void
close_own(uv_handle_t *handle)
{
    if (!uv_is_closing(handle)) {
        uv_close(handle, on_handle_closed);
    }
}

void
occ_http_server_forget(struct occ_http_connection *connection)
{
    struct occ_http_server *server = connection->server;
    connection->next->previous = connection->previous;
    connection->previous->next = connection->next;
    server->connections_len--;
    server->turned_away -= connection->turned_away ? 1 : 0;
    free(connection);
    if (server->connections_len > 0) {
        return;
    }
    if (server->stopping) {
        close_own((uv_handle_t *)&server->sweep);
        close_own(&server->listener.any);
    } else if (!server->accept_again) {
        (void)uv_timer_stop(&server->sweep);
    }
}

static void on_sweep(uv_timer_t *timer);

/*
 * Requests may be on their way on a connection that looks idle, or on one that waits to be accepted: for a short grace they
 * are still taken, and told "Connection: close". Then the sweep ends what is idle, and the listener.
 */
void
occ_http_server_stop(struct occ_http_server *server, uint64_t limit_ms, void (*stopped)(void *ctx), void *ctx)
{
    if (server->stopping) {
        return;
    }
    server->stopping = true;
    server->stopped = stopped;
    server->stopped_ctx = ctx;
    const uint64_t now_ms = occ_loop_now_ms(server->loop);
    server->stop_deadline_ms = now_ms + limit_ms;
    server->grace_deadline_ms = now_ms + (limit_ms < STOP_GRACE_MS ? limit_ms : STOP_GRACE_MS);
    remove_unix_path(server);
    if (server->connections_len == 0) {
        close_own((uv_handle_t *)&server->sweep);
        close_own(&server->listener.any);
        return;
    }
    (void)uv_timer_start(&server->sweep, on_sweep, SWEEP_MS_MIN, SWEEP_MS_MIN);
}

size_t
occ_http_server_unsent(const struct occ_http_server *server)
{
    return server->unsent_len;
}

void
occ_http_server_free(struct occ_http_server *server)
{
    if (server != NULL) {
        server->abandoned = true;
        occ_http_server_let_go(server);
    }
}

/* ---- connections ---- */

static void on_connection(uv_stream_t *listener, int status);

static void
on_sweep(uv_timer_t *timer)
{
    struct occ_http_server *server = timer->data;
    const uint64_t now_ms = occ_loop_now_ms(server->loop);
    if (server->accept_again && !server->stopping) {
        server->accept_again = false;
        on_connection(&server->listener.stream, 0);
    }
    const bool cut_off = server->stopping && now_ms >= server->stop_deadline_ms;
    const bool grace_over = server->stopping && now_ms >= server->grace_deadline_ms;
    if (grace_over) {
        close_own(&server->listener.any);
    }
    for (struct occ_http_connection *connection = server->connections.next; connection != &server->connections;
         connection = connection->next) { /* closing does not take it out of the ring before its handle is closed */
        const bool is_idle = connection->phase == OCC_HTTP_IDLE && connection->input.len == 0;
        if (cut_off || (grace_over && is_idle)) {
            occ_http_connection_close(connection);
        } else if (connection->deadline_ms != 0 && now_ms >= connection->deadline_ms) {
            occ_http_connection_expire(connection);
        }
    }
}

static void
put_peer(struct occ_http_connection *connection)
{
    struct sockaddr_storage storage;
    int storage_len = sizeof storage;
    char host[48];
    if (connection->handle.any.type != UV_TCP ||
        uv_tcp_getpeername(&connection->handle.tcp, (struct sockaddr *)&storage, &storage_len) != 0) {
        memcpy(connection->peer, "unix", sizeof "unix");
        return;
    }
    OCC_BUF_AUTO(text, OCC_HTTP_PEER_SIZE - 1);
    if (storage.ss_family == AF_INET6) {
        const struct sockaddr_in6 *address = (const struct sockaddr_in6 *)(const void *)&storage;
        (void)uv_ip6_name(address, host, sizeof host);
        occ_buf_put_format(&text, "[%s]:%u", host, ntohs(address->sin6_port));
    } else {
        const struct sockaddr_in *address = (const struct sockaddr_in *)(const void *)&storage;
        (void)uv_ip4_name(address, host, sizeof host);
        occ_buf_put_format(&text, "%s:%u", host, ntohs(address->sin_port));
    }
    memcpy(connection->peer, text.ptr, text.len);
}

static void
on_connection(uv_stream_t *listener, int status)
{
    struct occ_http_server *server = listener->data;
    if (status != 0) {
        return; /* it stays in the backlog */
    }
    struct occ_http_connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL) {
        server->accept_again = true; /* libuv waits for this one to be accepted */
        (void)uv_timer_start(&server->sweep, on_sweep, server->sweep_ms, server->sweep_ms);
        return;
    }
    uv_loop_t *loop = occ_loop_uv(server->loop);
    const bool is_tcp = listener->type == UV_TCP;
    const int made =
        is_tcp ? uv_tcp_init(loop, &connection->handle.tcp) : uv_pipe_init(loop, &connection->handle.pipe, 0);
    if (made != 0) {
        free(connection);
        return;
    }
    const bool over_limit = server->connections_len - server->turned_away >= server->config.connections_max;
    const bool too_many = over_limit && server->turned_away >= OCC_LIMIT_HTTP_TURNED_AWAY;
    connection->server = server;
    connection->handle.any.data = connection;
    connection->next = &server->connections;
    connection->previous = server->connections.previous;
    connection->previous->next = connection;
    server->connections.previous = connection;
    connection->turned_away = over_limit;
    server->turned_away += over_limit ? 1 : 0;
    if (server->connections_len++ == 0) {
        (void)uv_timer_start(&server->sweep, on_sweep, server->sweep_ms, server->sweep_ms);
    }
    if (uv_accept(listener, &connection->handle.stream) != 0 || too_many) {
        occ_http_connection_close(connection);
        return;
    }
    put_peer(connection);
    occ_http_connection_begin(connection, over_limit);
}

/* ---- listening ---- */

static OCC_RESULT
listen_unix(struct occ_http_server *server, const char *path, struct occ_error *err)
{
    int fd;
    OCC_TRY(occ_socket_listen_unix(path, err, &fd)); /* mode 0600: nobody else can connect before chmod */
    struct stat made;
    server->unix_path = strdup(path);
    if (server->unix_path == NULL || lstat(path, &made) != 0 || chmod(path, 0660) != 0) {
        (void)unlink(path);
        occ_socket_close(fd);
        return occ_error_set(err, OCC_ERR_IO, "%s: cannot set the permissions of the socket", path);
    }
    server->unix_device = made.st_dev;
    server->unix_inode = made.st_ino;
    (void)uv_pipe_init(occ_loop_uv(server->loop), &server->listener.pipe, 0);
    server->handles++;
    int status = uv_pipe_open(&server->listener.pipe, fd);
    if (status != 0) {
        occ_socket_close(fd);
    } else {
        status = uv_listen(&server->listener.stream, BACKLOG, on_connection);
    }
    if (status != 0) {
        remove_unix_path(server);
        return occ_error_set(err, OCC_ERR_IO, "unix:%s: %s", path, uv_strerror(status));
    }
    occ_buf_put_format(&server->address, "unix:%s", path);
    return occ_success();
}

/* Takes "HOST:PORT" apart; host without the brackets of IPv6. */
static OCC_RESULT
split_address(const char *listen, struct occ_error *err, struct occ_bytes *ret_host, uint64_t *ret_port)
{
    const char *colon = strrchr(listen, ':');
    struct occ_bytes host = occ_bytes_of(listen, colon == NULL ? 0 : (size_t)(colon - listen));
    if (host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']') {
        host = occ_bytes_of(host.ptr + 1, host.len - 2);
    } else if (host.len > 0 && memchr(host.ptr, ':', host.len) != NULL) {
        host.len = 0; /* an IPv6 address without brackets: nobody could say where the port begins */
    }
    if (host.len == 0 || host.len > 255) {
        return occ_error_set(err, OCC_ERR_USAGE,
                             "%s: expected HOST:PORT such as 127.0.0.1:8080 or [::1]:8080, or unix:PATH", listen);
    }
    uint64_t port;
    if (!occ_is_ok(occ_decimal_to_u64(occ_bytes_str(colon + 1), &port)) || port > 65535) {
        return occ_error_set(err, OCC_ERR_USAGE, "%s: expected a port from 0 to 65535 after the last colon", listen);
    }
    *ret_host = host;
    *ret_port = port;
    return occ_success();
}

static OCC_RESULT
listen_on(struct occ_http_server *server, const char *listen, const struct sockaddr *address, struct occ_error *err)
{
    uv_tcp_t *tcp = &server->listener.tcp;
    (void)uv_tcp_init(occ_loop_uv(server->loop), tcp);
    server->handles++;
    int status = uv_tcp_bind(tcp, address, 0);
    if (status == 0) {
        status = uv_tcp_nodelay(tcp, 1); /* Linux gives it to what is accepted */
    }
    if (status == 0) {
        status = uv_listen(&server->listener.stream, BACKLOG, on_connection);
    }
    struct sockaddr_storage real;
    int real_len = sizeof real;
    if (status == 0) {
        status = uv_tcp_getsockname(tcp, (struct sockaddr *)&real, &real_len);
    }
    if (status != 0) {
        return occ_error_set(err, OCC_ERR_IO, "%s: %s", listen, uv_strerror(status));
    }
    char host[48];
    if (real.ss_family == AF_INET6) {
        const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)(const void *)&real;
        (void)uv_ip6_name(six, host, sizeof host);
        occ_buf_put_format(&server->address, "[%s]:%u", host, ntohs(six->sin6_port));
    } else {
        const struct sockaddr_in *four = (const struct sockaddr_in *)(const void *)&real;
        (void)uv_ip4_name(four, host, sizeof host);
        occ_buf_put_format(&server->address, "%s:%u", host, ntohs(four->sin_port));
    }
    return occ_success();
}

static OCC_RESULT
listen_tcp(struct occ_http_server *server, const char *listen, struct occ_error *err)
{
    struct occ_bytes host_view = { 0 };
    uint64_t port = 0;
    OCC_TRY(split_address(listen, err, &host_view, &port));
    char host[256] = { 0 };
    char service[8] = { 0 };
    memcpy(host, host_view.ptr, host_view.len);
    OCC_BUF_AUTO(digits, sizeof service - 1);
    occ_buf_put_u64(&digits, port);
    memcpy(service, digits.ptr, digits.len);
    const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE };
    uv_getaddrinfo_t request;
    const int status = uv_getaddrinfo(occ_loop_uv(server->loop), &request, NULL, host, service, &hints);
    if (status != 0) {
        return occ_error_set(err, OCC_ERR_USAGE, "%s: %s: %s", listen, host, uv_strerror(status));
    }
    const struct occ_result result = listen_on(server, listen, request.addrinfo->ai_addr, err);
    uv_freeaddrinfo(request.addrinfo);
    return result;
}

static uint64_t
least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void
fill_config(struct occ_http_server *server, const struct occ_http_config *config)
{
    struct occ_http_config *to = &server->config;
    *to = *config;
    to->extra_headers = NULL;
    to->head_len_max = config->head_len_max == 0 ? OCC_LIMIT_HTTP_HEAD_LEN : config->head_len_max;
    to->body_len_total_max = config->body_len_total_max == 0 ? OCC_LIMIT_HTTP_BODIES_LEN : config->body_len_total_max;
    to->connections_max = config->connections_max == 0 ? OCC_LIMIT_HTTP_CONNECTIONS : config->connections_max;
    to->head_ms = config->head_ms == 0 ? OCC_LIMIT_HTTP_HEAD_MS : config->head_ms;
    to->body_ms = config->body_ms == 0 ? OCC_LIMIT_HTTP_BODY_MS : config->body_ms;
    to->idle_ms = config->idle_ms == 0 ? OCC_LIMIT_HTTP_IDLE_MS : config->idle_ms;
    to->write_ms = config->write_ms == 0 ? OCC_LIMIT_HTTP_WRITE_MS : config->write_ms;
    server->budget.max = to->body_len_total_max;
    const uint64_t shortest = least(least(to->head_ms, to->body_ms), least(to->idle_ms, to->write_ms));
    server->sweep_ms = least(shortest / 8 < SWEEP_MS_MIN ? SWEEP_MS_MIN : shortest / 8, SWEEP_MS_MAX);
}

OCC_RESULT
occ_http_server_new(struct occ_loop *loop, const char *listen, const struct occ_http_config *config,
                    struct occ_error *err, struct occ_http_server **ret_server)
{
    struct occ_http_server *server = calloc(1, sizeof *server);
    if (server == NULL) {
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    server->loop = loop;
    server->address = OCC_BUF_INIT(ADDRESS_LEN_MAX);
    server->scratch = OCC_BUF_INIT(ANSWER_HEAD_LEN_MAX);
    server->connections.next = server->connections.previous = &server->connections;
    fill_config(server, config);
    server->extra_headers = strdup(config->extra_headers == NULL ? "" : config->extra_headers);
    (void)uv_timer_init(occ_loop_uv(loop), &server->sweep);
    server->handles = 1;
    server->sweep.data = server;
    server->listener.any.data = server;
    struct occ_result result =
        strncmp(listen, "unix:", 5) == 0 ? listen_unix(server, listen + 5, err) : listen_tcp(server, listen, err);
    occ_buf_put_byte(&server->address, '\0');
    if (occ_is_ok(result) && (!occ_is_ok(occ_buf_check(&server->address)) || server->extra_headers == NULL)) {
        result = occ_error_code(err, OCC_ERR_NOMEM);
    }
    if (!occ_is_ok(result)) {
        server->abandoned = true;
        if (server->handles > 1) {
            close_own(&server->listener.any);
        }
        close_own((uv_handle_t *)&server->sweep);
        return result;
    }
    *ret_server = server;
    return occ_success();
}

const char *
occ_http_server_address(const struct occ_http_server *server)
{
    return (const char *)server->address.ptr;
}

unsigned
occ_http_server_connections(const struct occ_http_server *server)
{
    return server->connections_len;
}
