/*
 * http_client.h — outbound HTTP, blocking, by libcurl. http and https only, no redirects, sizes and times capped.
 */
#ifndef OCC_NET_HTTP_CLIENT_H
#define OCC_NET_HTTP_CLIENT_H

#include "base/buf.h"

/*
 * Keeps a connection open from one occ_http_client_call to the next, on one thread. Free with occ_http_session_free, which
 * takes NULL.
 */
struct occ_http_session;
OCC_RESULT occ_http_session_new(struct occ_http_session **ret_session);
void occ_http_session_free(struct occ_http_session *session);

struct occ_http_call {
    /*
     * NULL = a connection of its own. On a kept connection libcurl sends a request again, unasked, if the connection turns out
     * to be dead: so only for requests that may be carried out twice.
     */
    struct occ_http_session *session;
    const char *url;          /* http:// or https:// */
    const char *unix_path;    /* connect to this unix socket instead of the URL's host; or NULL */
    const char *content_type; /* of body; NULL = a GET */
    struct occ_bytes body;
    const char *bearer;          /* sent as "Authorization: Bearer …"; or NULL. Never in a message. */
    const char *idempotency_key; /* sent as "Idempotency-Key"; or NULL */
    uint64_t connect_ms, total_ms;
};

enum { OCC_HTTP_CONTENT_TYPE_SIZE = 64 };

struct occ_http_answer {
    unsigned status;
    struct occ_buf *body;                          /* the caller's, bounded; a larger answer is OCC_ERR_LIMIT */
    uint64_t retry_after_s;                        /* of a Retry-After in seconds; 0 = none */
    char content_type[OCC_HTTP_CONTENT_TYPE_SIZE]; /* without parameters; "" = none, or one that is too long */
    bool knows_repeats; /* Access-Control-Expose-Headers names Idempotent-Replay: the server keeps Idempotency-Keys */
    bool passing;       /* of a failure: it may pass (refused, broken, timeout), unlike a wrong name or certificate */
};

/*
 * OCC_ERR_UNAVAILABLE (nothing was sent: could not connect, TLS failed), OCC_ERR_CLOSED (the connection broke before the
 * answer was there, or what came is not HTTP: whether the request was carried out is not known), OCC_ERR_TIMEOUT (the
 * same), OCC_ERR_LIMIT (of the body; or more than OCC_LIMIT_HTTP_ANSWER_HEAD_LEN of header and trailer fields), OCC_ERR_USAGE
 * (url, bearer or key); *err names host and reason, and never user information, path, query or bearer. An HTTP error status is
 * a success here: the caller looks at ret_answer->status. Sets status, retry_after_s, content_type and knows_repeats and appends
 * to body; on failure sets passing; the rest of *ret_answer is the caller's. The environment's proxies are used, as curl does,
 * but not to reach this machine.
 */
OCC_RESULT occ_http_client_call(const struct occ_http_call *call, struct occ_error *err,
                                struct occ_http_answer *ret_answer);

/*
 * Appends a URL as it may be shown: without user information, query and fragment. OCC_ERR_USAGE if it is not a URL that
 * occ_http_client_call takes; what it was is not in *err.
 */
OCC_RESULT occ_http_client_show_url(const char *url, struct occ_error *err, struct occ_buf *buf);

#endif
