/*
 * commit_answer.h — the answers to POST /commit (PROTOCOL §3).
 */
#ifndef OCC_SERVER_COMMIT_ANSWER_H
#define OCC_SERVER_COMMIT_ANSWER_H

#include "server/answer.h"
#include "server/boundary.h"
#include "server/replay.h"

/*
 * 200 with the proofs byte for byte as the boundary gave them, documents in their places: what it hashed and signed is what
 * the client gets.
 */
void occ_commit_answer_proofs(struct occ_http_request *request, const struct occ_pending_answer *answer);
/* 200 with what the ledger has, which is moved, and the header that says so. */
void occ_commit_answer_replay(struct occ_http_request *request, struct occ_replay *replay);

#endif
