/*
 * http_listen.c — where the server listens, and which front gets a connection.
 *
 * The first front accepts, and gives each connection to the front that has the fewest. With SO_REUSEPORT each front could
 * have a listening socket of its own, and this one hop less for each connection; but then a second process of the same user
 * could take half of the connections of this port without an error, the kernel would spread them by a hash, unevenly where
 * there are few, and those that wait at the socket of a front that ends would be lost. A unix socket does not have it at all.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/decimal.h"
#include "net/http_private.h"
#include "os/socket.h"

enum { BACKLOG = 4096 };

void
occ_http_listen_unlink(struct occ_http_server *server)
{
    struct stat now;
    if (server->unix_path == NULL || lstat(server->unix_path, &now) != 0) {
        return;
    }
    if (now.st_dev == server->unix_device && now.st_ino == server->unix_inode) { /* not one that came after us */
        (void)unlink(server->unix_path);
    }
}

/* ---- connections ---- */

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

static int
init_handle(const struct occ_http_front *front, union occ_http_handle *handle)
{
    uv_loop_t *loop = occ_loop_uv(front->loop);
    return front->server->listener.any.type == UV_TCP ? uv_tcp_init(loop, &handle->tcp)
                                                      : uv_pipe_init(loop, &handle->pipe, 0);
}

static struct occ_http_front *
least_busy(struct occ_http_server *server)
{
    struct occ_http_front *least = &server->fronts[0];
    for (unsigned i = 1; i < server->fronts_len; i++) {
        struct occ_http_front *front = &server->fronts[i];
        least = front->connections_len < least->connections_len ? front : least;
    }
    return least;
}

static void
on_passed(uv_handle_t *handle)
{
    free(handle);
}

/*
 * Accepts a connection for another front. libuv accepts into a handle of the listener's loop only, so what goes over is a
 * second descriptor. False: it stays for this front to accept, for want of memory.
 */
static bool
pass_on(struct occ_http_server *server, struct occ_http_front *to, struct occ_http_connection *connection)
{
    union occ_http_handle *handle = calloc(1, sizeof *handle);
    if (handle == NULL || init_handle(&server->fronts[0], handle) != 0) {
        free(handle);
        return false;
    }
    int fd;
    connection->fd = -1;
    if (uv_accept(&server->listener.stream, &handle->stream) == 0 && uv_fileno(&handle->any, &fd) == 0) {
        connection->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    }
    uv_close(&handle->any, on_passed);
    if (connection->fd < 0) { /* no more descriptors: it is closed, as it would be if it could not have been accepted */
        free(connection);
        return true;
    }
    to->connections_len++;
    occ_http_handover_connection(to, connection);
    return true;
}

void
occ_http_listen_arrived(struct occ_http_front *front, struct occ_http_connection *connection)
{
    (void)init_handle(front, &connection->handle); /* cannot fail */
    occ_http_front_enter(front, connection);
    const int status = connection->handle.any.type == UV_TCP ? uv_tcp_open(&connection->handle.tcp, connection->fd)
                                                             : uv_pipe_open(&connection->handle.pipe, connection->fd);
    if (status != 0) {
        occ_socket_close(connection->fd);
        occ_http_connection_close(connection);
        return;
    }
    put_peer(connection);
    occ_http_connection_begin(connection, false);
}

static void
on_connection(uv_stream_t *listener, int status)
{
    struct occ_http_front *front = listener->data;
    struct occ_http_server *server = front->server;
    if (status != 0) {
        return; /* it stays in the backlog */
    }
    struct occ_http_connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL) {
        server->accept_again = true; /* libuv waits for this one to be accepted */
        occ_http_front_watch(front);
        return;
    }
    const bool over_limit = occ_http_server_connections(server) - server->turned_away >= server->config.connections_max;
    const bool too_many = over_limit && server->turned_away >= OCC_LIMIT_HTTP_TURNED_AWAY;
    /* Those that end soon stay here; so do those that come while the other fronts may have ended. */
    struct occ_http_front *to = over_limit || front->stopping ? front : least_busy(server);
    if (to != front && pass_on(server, to, connection)) {
        return;
    }
    (void)init_handle(front, &connection->handle);
    connection->turned_away = over_limit;
    server->turned_away += over_limit ? 1 : 0;
    front->connections_len++;
    occ_http_front_enter(front, connection);
    if (uv_accept(listener, &connection->handle.stream) != 0 || too_many) {
        occ_http_connection_close(connection);
        return;
    }
    put_peer(connection);
    occ_http_connection_begin(connection, over_limit);
}

void
occ_http_listen_again(struct occ_http_server *server)
{
    if (server->accept_again) {
        server->accept_again = false;
        on_connection(&server->listener.stream, 0);
    }
}

/* ---- listening ---- */

static OCC_RESULT
listen_unix(struct occ_http_server *server, const char *path, struct occ_error *err)
{
    int fd;
    OCC_TRY(occ_socket_listen_unix(path, err, &fd)); /* mode 0600: nobody else can connect before chmod */
    struct stat made;
    struct occ_http_front *first = &server->fronts[0];
    server->unix_path = strdup(path);
    if (server->unix_path == NULL || lstat(path, &made) != 0 || chmod(path, 0660) != 0) {
        (void)unlink(path);
        occ_socket_close(fd);
        return occ_error_set(err, OCC_ERR_IO, "%s: cannot set the permissions of the socket", path);
    }
    server->unix_device = made.st_dev;
    server->unix_inode = made.st_ino;
    (void)uv_pipe_init(occ_loop_uv(first->loop), &server->listener.pipe, 0);
    first->handles++;
    int status = uv_pipe_open(&server->listener.pipe, fd);
    if (status != 0) {
        occ_socket_close(fd);
    } else {
        status = uv_listen(&server->listener.stream, BACKLOG, on_connection);
    }
    if (status != 0) {
        occ_http_listen_unlink(server);
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
    (void)uv_tcp_init(occ_loop_uv(server->fronts[0].loop), tcp);
    server->fronts[0].handles++;
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

OCC_RESULT
occ_http_listen(struct occ_http_server *server, const char *listen, struct occ_error *err)
{
    server->listener.any.data = &server->fronts[0];
    OCC_TRY(strncmp(listen, "unix:", 5) == 0 ? listen_unix(server, listen + 5, err) : listen_tcp(server, listen, err));
    occ_buf_put_byte(&server->address, '\0');
    return occ_is_ok(occ_buf_check(&server->address)) ? occ_success() : occ_error_code(err, OCC_ERR_NOMEM);
}
