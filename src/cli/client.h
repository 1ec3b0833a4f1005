/*
 * client.h — calls to an occ/1 server.
 *
 * What was certainly not taken (429, 503) is tried again within the time that --timeout gives. Nothing else is: a commit
 * that may have happened would happen a second time.
 */
#ifndef OCC_CLI_CLIENT_H
#define OCC_CLI_CLIENT_H

#include "cli/cli.h"
#include "codec/json.h"

/* The settings that every command with a server has, as entries of its table. */
#define OCC_CLIENT_SETTINGS \
    { .name = "server", \
      .letter = 's', \
      .type = OCC_SETTING_TEXT, \
      .argument = "URL", \
      .env = "OCC_SERVER", \
      .fallback = "http://127.0.0.1:8080", \
      .help = "The server: http://HOST:PORT, https://HOST, or unix:PATH." }, \
        { .name = "api-key-file", \
          .type = OCC_SETTING_TEXT, \
          .argument = "FILE", \
          .env = "OCC_API_KEY_FILE", \
          .help = "A file that holds the API key. The key itself may be in the environment, as OCC_API_KEY." }, \
    { \
        .name = "timeout", .type = OCC_SETTING_TIME, .argument = "TIME", .env = "OCC_TIMEOUT", .fallback = "30s", \
        .min = 100, .max = 3600000, .help = "How long a request may take, tries while the server is busy included." \
    }

struct occ_client {
    const char *shown;     /* the server, for messages; borrowed from the settings */
    char *base_url;        /* without "/" at the end */
    const char *unix_path; /* or NULL; borrowed */
    char *api_key;         /* or NULL; wiped when freed */
    uint64_t timeout_ms;
};

/* Reads the settings above. Begin with { 0 }; clear in any case. OCC_ERR_USAGE, or what reading the key file gives. */
OCC_RESULT occ_client_init(struct occ_client *client, const struct occ_cli *cli, const struct occ_settings *settings,
                           struct occ_error *err);
void occ_client_clear(struct occ_client *client);

/*
 * POSTs body (JSON) to path ("/commit"), or GETs if body is empty, and parses the answer, which the caller frees. Any
 * status but 200 is a failure with the server's own sentence. For a POST, a failure after which the server may have done
 * its work says so. All failures have a code with exit 3; OCC_ERR_NOT_FOUND is a 404.
 */
OCC_RESULT occ_client_call(const struct occ_client *client, const char *path, struct occ_bytes body,
                           struct occ_error *err, struct occ_json **ret_answer);

/*
 * Whether a status is to be tried again, and after how long: what Retry-After says (retry_after_s, 0 = nothing), at least
 * 100 ms; not if that is more than left_ms.
 */
bool occ_client_retries(unsigned status, uint64_t retry_after_s, uint64_t left_ms, uint64_t *ret_wait_ms);

#endif
