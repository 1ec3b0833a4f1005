/*
 * client.h — calls to an occ/1 server, and when they are made again within the time that --timeout gives.
 *
 * What was certainly not taken (429, 503, no connection) is always tried again. What may have been done (500, 502, 504, a broken
 * connection, no answer in time) is tried again
 *   - if it costs nothing to do it twice (a challenge), or
 *   - if the request has an Idempotency-Key and the server is known to keep such keys: then the same request cannot happen a
 *     second time, it gives the same proofs again.
 * A server says that it keeps them by naming Idempotent-Replay in Access-Control-Expose-Headers, which every answer of occd has.
 * Others ignore an Idempotency-Key without a word, and to them such a commit would be a second one: so where no answer has said
 * it yet, GET /health is asked before the commit is repeated, and without a clear answer it is not.
 */
#ifndef OCC_CLI_CLIENT_H
#define OCC_CLI_CLIENT_H

#include "cli/cli.h"
#include "codec/json.h"
#include "net/http_client.h"

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
        .min = 100, .max = 3600000, .help = "How long a request may take, all tries included." \
    }

enum { OCC_CLIENT_URL_LEN = 2048 /* bytes of --server, at most */ };

/* What is known of a server's keeping of Idempotency-Keys. */
enum occ_client_keeping { OCC_CLIENT_KEEPING_UNKNOWN, OCC_CLIENT_KEEPS_KEYS, OCC_CLIENT_KEEPS_NONE };

struct occ_client {
    const struct occ_cli *cli; /* borrowed */
    const char *shown;         /* the server, for messages; borrowed from the settings */
    char *base_url;            /* without "/" at the end */
    const char *unix_path;     /* or NULL; borrowed */
    char *api_key;             /* or NULL; wiped when freed */
    uint64_t timeout_ms;
    enum occ_client_keeping keeping;
    struct occ_http_session *session; /* made when first needed */
};

/* Reads the settings above. Begin with { 0 }; clear in any case. OCC_ERR_USAGE, or what reading the key file gives. */
OCC_RESULT occ_client_init(struct occ_client *client, const struct occ_cli *cli, const struct occ_settings *settings,
                           struct occ_error *err);
void occ_client_clear(struct occ_client *client);

enum occ_client_repeat {
    OCC_CLIENT_ONCE,     /* again only if it was busy: for questions, whose failure is told soon */
    OCC_CLIENT_UNTAKEN,  /* again only if it was not taken */
    OCC_CLIENT_HARMLESS, /* again after any failure that may pass: done twice it costs nothing */
    OCC_CLIENT_KEYED     /* the same, once it is known that the server keeps Idempotency-Keys */
};

struct occ_client_request {
    const char *path;      /* "/commit" */
    struct occ_bytes body; /* JSON, POSTed; empty = a GET */
    enum occ_client_repeat repeat;
    const char *idempotency_key; /* or NULL */
    const char
        *again; /* the command that makes this very request again, for a failure in doubt; NULL = there is none */
};

/*
 * Makes a call and parses the answer, which the caller frees. Any status but 200 is a failure with the server's own sentence. For
 * a commit (OCC_CLIENT_KEYED), a failure after which the server may have done its work says so. All failures have a code with
 * exit 3; OCC_ERR_NOT_FOUND is a 404.
 */
OCC_RESULT occ_client_call(struct occ_client *client, const struct occ_client_request *request, struct occ_error *err,
                           struct occ_json **ret_answer);

#endif
