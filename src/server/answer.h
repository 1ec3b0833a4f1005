/*
 * answer.h — answers to HTTP requests, and what the access log says about them (PROTOCOL §3).
 */
#ifndef OCC_SERVER_ANSWER_H
#define OCC_SERVER_ANSWER_H

#include "net/http_server.h"
#include "server/admit.h"
#include "server/keys.h"
#include "server/log.h"
#include "server/pending.h"

/* Header lines of every answer, the HTTP server's own errors included. */
extern const char occ_answer_extra_headers[];

/* What is known of an exchange beyond HTTP; attached to the request when its head has been read. */
struct occ_answer_note {
    char key[OCC_KEYS_NAME_SIZE]; /* name of the API key, or "" */
    bool has_request_id;
    uint8_t request_id[OCC_OPAQUE_ID_LEN]; /* of a commit */
    uint32_t proofs;                       /* given out */
    char *error;                           /* why the answer is an error; owned, or NULL */
    const void *route;                     /* of routes.c */
    struct occ_admit_caller caller;        /* for whom the call counts */
};

/* A fresh note, attached to the request; NULL if there is no memory. */
struct occ_answer_note *occ_answer_attach_note(struct occ_http_request *request);
void occ_answer_free_note(struct occ_answer_note *note); /* NULL is allowed */

/* Answers with a JSON body, which is moved. If the body failed (no memory) the answer is 503. */
void occ_answer_json(struct occ_http_request *request, unsigned status, struct occ_buf *body);
/*
 * Answers {"error":"<sentence>"}. 401 and 503 get WWW-Authenticate and Retry-After; for 405 allow is the value of Allow, else
 * NULL.
 */
void occ_answer_error(struct occ_http_request *request, unsigned status, const char *sentence, const char *allow);
/* 429: too many calls; the caller is to wait so long, which Retry-After says in whole seconds. */
void occ_answer_too_many(struct occ_http_request *request, uint64_t wait_ms);
/* 500 with the fixed sentence; cause goes to the access log only. */
void occ_answer_internal(struct occ_http_request *request, const char *cause);
/* What the access log is to say of this exchange, if the answer is an error made elsewhere. */
void occ_answer_note_error(struct occ_http_request *request, const char *sentence);
/* Puts {"error":"<sentence>"}. */
void occ_answer_put_error(struct occ_buf *body, const char *sentence);

/* Appends the access log's line of an exchange, without its end; note may be NULL. Only the path of the target is shown. */
void occ_answer_put_log(struct occ_buf *line, uint64_t unix_ms, const struct occ_http_exchange *exchange,
                        const struct occ_answer_note *note);

#endif
