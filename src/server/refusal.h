/*
 * refusal.h — why a commit, a challenge or a slot was not given, as an answer to the caller (PROTOCOL §3).
 */
#ifndef OCC_SERVER_REFUSAL_H
#define OCC_SERVER_REFUSAL_H

#include "net/http_server.h"

/*
 * The status for a code of the boundary's, or of the way to it: 4xx are the client's mistake; 503 = nothing was given out, a
 * retry is safe; 500 = it failed, or the outcome is unknown.
 */
unsigned occ_refusal_status(enum occ_err code);
/* Answers so. text: the sentence, which 400 and 413 show, and 503 where the boundary's device fails; trouble: what occ_boundary_trouble says now, for 503. */
void occ_refusal_answer(struct occ_http_request *request, enum occ_err code, struct occ_bytes text,
                        const char *trouble);

#endif
