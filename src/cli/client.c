#include "cli/client.h"

#include <stdlib.h>

#include "crypto/secret.h"
#include "os/file.h"

enum {
    LONGEST_KEY = 1024 /* bytes */
};

/* ---- settings ---- */

static bool
is_url_text(const char *text)
{
    for (const char *next = text; *next != '\0'; next++) {
        if (*next <= ' ' || *next == 0x7f || *next == '?' || *next == '#' || *next == '\\') {
            return false;
        }
    }
    return true;
}

/* Whether what stands behind scheme, up to a path, ends in no port or in one that there can be. */
static bool
has_good_port(const char *authority)
{
    const size_t end = strcspn(authority, "/");
    size_t start = end;
    unsigned port = 0;
    while (start > 0 && end - start < 6 && authority[start - 1] >= '0' && authority[start - 1] <= '9') {
        start--;
    }
    for (size_t i = start; i < end; i++) {
        port = port * 10 + (unsigned)(authority[i] - '0');
    }
    const bool has_port = start > 0 && authority[start - 1] == ':';
    return !has_port || (port >= 1 && port <= 65535);
}

static OCC_RESULT
read_server(struct occ_client *client, const char *server, struct occ_error *err)
{
    client->shown = server;
    if (strncmp(server, "unix:", 5) == 0 && server[5] != '\0') {
        client->unix_path = server + 5;
        client->base_url = strdup("http://localhost");
        return client->base_url == NULL ? occ_error_code(err, OCC_ERR_NOMEM) : occ_success();
    }
    const size_t scheme = strncmp(server, "http://", 7) == 0 ? 7 : strncmp(server, "https://", 8) == 0 ? 8 : 0;
    size_t len = strlen(server);
    if (scheme == 0 || len == scheme || server[scheme] == '/' || len > OCC_CLIENT_URL_LEN || !is_url_text(server) ||
        !has_good_port(server + scheme)) {
        return occ_error_set(
            err, OCC_ERR_USAGE,
            "--server: \"%.100s\" is not a server, expected http://HOST:PORT, https://HOST or unix:PATH", server);
    }
    while (len > scheme && server[len - 1] == '/') {
        len--;
    }
    client->base_url = strndup(server, len);
    return client->base_url == NULL ? occ_error_code(err, OCC_ERR_NOMEM) : occ_success();
}

/* text without the white space around it, as the key; where begins the sentence. The key is in no message. */
static OCC_RESULT
take_key(struct occ_client *client, const char *where, struct occ_bytes text, struct occ_error *err)
{
    while (text.len > 0 && text.ptr[text.len - 1] <= ' ') {
        text.len--;
    }
    bool good = text.len > 0 && text.len <= LONGEST_KEY;
    for (size_t i = 0; i < text.len; i++) {
        good = good && text.ptr[i] > ' ' && text.ptr[i] < 0x7f;
    }
    if (!good) {
        return occ_error_set(err, OCC_ERR_USAGE, "%s: not an API key, expected 1 to %d visible ASCII characters", where,
                             (int)LONGEST_KEY);
    }
    client->api_key = strndup((const char *)text.ptr, text.len);
    return client->api_key == NULL ? occ_error_code(err, OCC_ERR_NOMEM) : occ_success();
}

static OCC_RESULT
read_key(struct occ_client *client, const struct occ_cli *cli, const char *path, struct occ_error *err)
{
    if (path != NULL) {
        OCC_BUF_AUTO(text, LONGEST_KEY + 64);
        const struct occ_result read = occ_file_read(path, err, &text);
        if (read.code == OCC_ERR_LIMIT) {
            return occ_error_set(err, OCC_ERR_USAGE, "%s: too long for an API key", path);
        }
        OCC_TRY(read);
        const struct occ_result taken = take_key(client, path, occ_buf_view(&text), err);
        occ_secret_wipe(text.ptr, text.len);
        return taken;
    }
    static const char name[] = "OCC_API_KEY=";
    for (size_t i = 0; cli->envp[i] != NULL; i++) {
        if (strncmp(cli->envp[i], name, sizeof name - 1) == 0 && cli->envp[i][sizeof name - 1] != '\0') {
            return take_key(client, "OCC_API_KEY", occ_bytes_str(cli->envp[i] + sizeof name - 1), err);
        }
    }
    return occ_success();
}

struct occ_result
occ_client_init(struct occ_client *client, const struct occ_cli *cli, const struct occ_settings *settings,
                struct occ_error *err)
{
    if (!occ_is_ok(occ_secret_init())) {
        return occ_error_code(err, OCC_ERR_RANDOM);
    }
    client->cli = cli;
    client->timeout_ms = occ_settings_number(settings, "timeout");
    OCC_TRY(read_server(client, occ_settings_text(settings, "server"), err));
    return read_key(client, cli, occ_settings_text(settings, "api-key-file"), err);
}

void
occ_client_clear(struct occ_client *client)
{
    if (client->api_key != NULL) {
        occ_secret_wipe(client->api_key, strlen(client->api_key));
    }
    occ_http_session_free(client->session);
    free(client->api_key);
    free(client->base_url);
    *client = (struct occ_client){ 0 };
}
