/* child.c — a child process with a socket pair as its descriptor 3. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/loop_private.h"
#include "net/stream_private.h"

enum { CHILD_FD = 3, ENVIRONMENT_MAX = 64 };

struct occ_child {
    uv_process_t handle;
    void (*on_exit)(void *ctx, int status);
    void *ctx;
    bool ended, freed;
};

static void
on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void
on_exited(uv_process_t *handle, int64_t exit_status, int term_signal)
{
    struct occ_child *child = handle->data;
    child->ended = true;
    if (!child->freed) {
        child->on_exit(child->ctx, term_signal != 0 ? -term_signal : (int)exit_status);
    }
}

/* "NAME=value" of each name that is set; NULL at the end. The strings are environ's. */
static void
keep_environment(const char *const *names, char **ret_environment)
{
    size_t count = 0;
    for (char *const *entry = environ; entry != NULL && *entry != NULL && count < ENVIRONMENT_MAX; entry++) {
        for (const char *const *name = names; name != NULL && *name != NULL; name++) {
            const size_t len = strlen(*name);
            if (strncmp(*entry, *name, len) == 0 && (*entry)[len] == '=') {
                ret_environment[count++] = *entry;
                break;
            }
        }
    }
    ret_environment[count] = NULL;
}

static int
spawn(struct occ_loop *loop, struct occ_child *child, const char *path, const char *const *argv,
      const char *const *keep_env, int fd)
{
    char *environment[ENVIRONMENT_MAX + 1];
    keep_environment(keep_env, environment);
    uv_stdio_container_t stdio[CHILD_FD + 1] = {
        { .flags = UV_IGNORE }, /* /dev/null */
        { .flags = UV_INHERIT_FD, .data.fd = STDOUT_FILENO },
        { .flags = UV_INHERIT_FD, .data.fd = STDERR_FILENO },
        { .flags = UV_INHERIT_FD, .data.fd = fd },
    };
    union { /* uv_spawn changes none of them, but does not say so in its types */
        const char *const *in;
        char **out;
    } args = { .in = argv };
    const uv_process_options_t options = {
        .exit_cb = on_exited,
        .file = path,
        .args = args.out,
        .env = environment,
        .stdio = stdio,
        .stdio_count = CHILD_FD + 1,
    };
    /* Nothing but these four is the child's: whatever was opened without close-on-exec is not for it. */
    (void)close_range(CHILD_FD, ~0u, CLOSE_RANGE_CLOEXEC);
    child->handle.data = child;
    return uv_spawn(occ_loop_uv(loop), &child->handle, &options);
}

/* NOLINTBEGIN(readability-function-size): one caller, which names each of them */
OCC_RESULT
occ_child_start(struct occ_loop *loop, const char *path, const char *const *argv, const char *const *keep_env,
                const struct occ_stream_events *events, void (*on_exit)(void *ctx, int status), struct occ_error *err,
                struct occ_child **ret_child, struct occ_stream **ret_stream)
{
    uv_os_sock_t pair[2];
    struct occ_child *child = calloc(1, sizeof *child);
    if (child == NULL) {
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    child->on_exit = on_exit;
    child->ctx = events->ctx;
    int status = uv_socketpair(SOCK_STREAM, 0, pair, UV_NONBLOCK_PIPE, 0);
    if (status != 0) {
        free(child);
        return occ_error_set(err, OCC_ERR_IO, "%s: socket pair: %s", path, uv_strerror(status));
    }
    status = spawn(loop, child, path, argv, keep_env, pair[1]);
    (void)close(pair[1]);
    if (status != 0) {
        (void)close(pair[0]);
        uv_close((uv_handle_t *)&child->handle, on_closed);
        return occ_error_set(err, OCC_ERR_UNAVAILABLE, "%s: cannot be started: %s", path, uv_strerror(status));
    }
    const struct occ_result adopted = occ_stream_adopt(loop, pair[0], events, ret_stream);
    if (!occ_is_ok(adopted)) {
        occ_child_free(child);
        return occ_error_code(err, adopted.code);
    }
    *ret_child = child;
    return occ_success();
}

/* NOLINTEND(readability-function-size) */

int
occ_child_pid(const struct occ_child *child)
{
    return uv_process_get_pid(&child->handle);
}

void
occ_child_kill(struct occ_child *child)
{
    if (!child->ended) {
        (void)uv_process_kill(&child->handle, SIGKILL);
    }
}

void
occ_child_free(struct occ_child *child)
{
    if (child == NULL || child->freed) {
        return;
    }
    child->freed = true;
    if (!child->ended) {
        /* Killed and waited for here, so that no zombie is left if the loop does not run any more. */
        int ignored;
        (void)uv_process_kill(&child->handle, SIGKILL);
        while (waitpid(occ_child_pid(child), &ignored, 0) < 0 && errno == EINTR) {
        }
    }
    uv_close((uv_handle_t *)&child->handle, on_closed);
}
