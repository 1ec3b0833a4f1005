/*
 * judge.h — one proof by itself: read, verified, and made into a record. Called by many threads at once.
 */
#ifndef OCC_AUDIT_JUDGE_H
#define OCC_AUDIT_JUDGE_H

#include "audit/record.h"
#include "verify/verify.h"

enum occ_verdict { OCC_VERDICT_VALID, OCC_VERDICT_NOT_VALID, OCC_VERDICT_MALFORMED };

struct occ_judged {
    enum occ_verdict verdict;
    struct occ_error why;  /* unless valid */
    struct occ_bytes text; /* of the value; empty if it is no JSON at all. Valid as long as it is handed on */
    bool in_chain;         /* its signature verified, so that it speaks for its chain; else there is no record */
    bool simulated;        /* then: its attestation says that software stood in for the device */
    uint8_t digest[OCC_SHA256_LEN]; /* of the artifact */
    struct occ_record record;
    struct occ_chain_name name;
};

/* What judging uses again and again. For one thread. */
struct occ_judge {
    struct occ_json_room *room;
    struct occ_buf body;
    struct occ_record_maker maker;
};
OCC_RESULT occ_judge_init(struct occ_judge *judge); /* OCC_ERR_NOMEM; to be cleared then, too */
void occ_judge_clear(struct occ_judge *judge);

/*
 * text is one JSON object; policy may be NULL and is known to be a policy. Fails only if the verification
 * could not be done (OCC_ERR_NOMEM and the like). The record's place and the text are untouched.
 */
OCC_RESULT occ_judge_proof(struct occ_judge *judge, const occ_verifier *verifier, const struct occ_json *policy,
                           struct occ_bytes text, struct occ_judged *ret_judged);

#endif
