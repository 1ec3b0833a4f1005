/*
 * http_client_private.h — what http_client.c and http_fetch.c share: a call made ready for libcurl, and what became of it.
 */
#ifndef OCC_NET_HTTP_CLIENT_PRIVATE_H
#define OCC_NET_HTTP_CLIENT_PRIVATE_H

#include <curl/curl.h>

#include "net/http_client.h"

struct occ_http_prepared {
    CURL *curl;
    bool is_lent; /* by a session */
    struct curl_slist *headers;
    bool is_local;        /* this machine: no proxy */
    struct occ_buf where; /* "host:port" or the path of the socket, for messages */
    size_t head_len;      /* of the answer so far: status lines, header fields, trailer fields */
};

/* A handle that is set up for call and writes to body. Cleared in any case, by occ_http_client_clear. Begin with { 0 }. */
OCC_RESULT occ_http_client_prepare(const struct occ_http_call *call, struct occ_buf *body, struct occ_error *err,
                                   struct occ_http_prepared *ret_prepared);
/* After the transfer ended with code: as occ_http_client_call. */
OCC_RESULT occ_http_client_settle(const struct occ_http_prepared *prepared, CURLcode code, struct occ_error *err,
                                  struct occ_http_answer *ret_answer);
void occ_http_client_clear(struct occ_http_prepared *prepared);

#endif
