/*
 * handle.h — the calls of the API, one function each (PROTOCOL §3). Each answers its request exactly once, now or later.
 * The head was checked by routes.c: path, method, key, content type.
 */
#ifndef OCC_SERVER_HANDLE_H
#define OCC_SERVER_HANDLE_H

#include "server/server.h"

void occ_handle_commit(struct occ_server *server, struct occ_http_request *request);        /* handle_commit.c */
void occ_handle_verify(struct occ_server *server, struct occ_http_request *request);        /* handle_verify.c */
void occ_handle_key(struct occ_server *server, struct occ_http_request *request);           /* handle_key.c */
void occ_handle_health(struct occ_server *server, struct occ_http_request *request);        /* handle_state.c */
void occ_handle_challenge(struct occ_server *server, struct occ_http_request *request);     /* handle_issue.c */
void occ_handle_allocate_slot(struct occ_server *server, struct occ_http_request *request); /* handle_issue.c */
void occ_handle_metrics(struct occ_server *server, struct occ_http_request *request);       /* handle_metrics.c */
void occ_handle_proofs_of(struct occ_server *server, struct occ_http_request *request);     /* handle_proofs.c */
void occ_handle_proofs(struct occ_server *server, struct occ_http_request *request);        /* handle_proofs.c */
void occ_handle_epochs(struct occ_server *server, struct occ_http_request *request);        /* handle_epochs.c */

/*
 * DESIGN §4, promise 5: whether an answer of len bytes may be given. Clients that ask for long answers and read none must not
 * take the room of commits (boundary.c).
 */
bool occ_handle_has_room(const struct occ_server *server, size_t len);

/* True if the query of POST /verify is one that it knows: report, if there, "0" or "1". *ret_report = it is "1". */
bool occ_handle_verify_query(struct occ_bytes query, bool *ret_report);
/*
 * POST /verify without HTTP: reads body, verifies, and writes the answer's body; returns its status: 200, 400, or 500 (then
 * body is untouched). Called on a worker's thread.
 */
unsigned occ_handle_verify_body(const occ_verifier *verifier, struct occ_bytes body, bool with_report,
                                struct occ_buf *answer, struct occ_error *err);

#endif
