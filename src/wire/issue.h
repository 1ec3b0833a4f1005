/*
 * issue.h — what the boundary gives out to be used once: challenges and slots (PROTOCOL §3, §4, §6).
 *
 * ISSUE   u8 what (enum occ_issue) · text chainId (of a slot; empty = the default chain)
 * ISSUED  u16 code; if 0: u32 length · JSON text, exactly the body that the HTTP caller gets: {"challenge":"…"} or
 *         {"slotId":"…","slot":{…}}; else: text sentence
 * Frames have the id of the request, and are answered in order with all others.
 */
#ifndef OCC_WIRE_ISSUE_H
#define OCC_WIRE_ISSUE_H

#include "base/buf.h"

enum occ_issue { OCC_ISSUE_CHALLENGE = 1, OCC_ISSUE_SLOT = 2 };

struct occ_issue_request {
    enum occ_issue what;
    struct occ_bytes chain_id; /* at most OCC_LIMIT_CHAIN_ID_LEN bytes; empty with a challenge */
};
void occ_issue_put(struct occ_buf *buf, uint64_t id, const struct occ_issue_request *request); /* whole frame */
OCC_RESULT occ_issue_read(struct occ_bytes payload, struct occ_issue_request *ret);

struct occ_issue_answer {
    enum occ_err code;
    struct occ_bytes text; /* OCC_OK: JSON; else a sentence */
};
void occ_issue_put_answer(struct occ_buf *buf, uint64_t id, const struct occ_issue_answer *answer); /* whole frame */
OCC_RESULT occ_issue_read_answer(struct occ_bytes payload, struct occ_issue_answer *ret);

#endif
