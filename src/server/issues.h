/*
 * issues.h — requests for challenges and slots on their way to the boundary, oldest first (wire/issue.h).
 */
#ifndef OCC_SERVER_ISSUES_H
#define OCC_SERVER_ISSUES_H

#include "server/boundary.h"
#include "wire/frame.h"

struct occ_issues {
    struct occ_boundary_issue *first, *last;
    size_t count;
};

void occ_issues_push(struct occ_issues *issues, struct occ_boundary_issue *issue);
/* Takes all out, calling done with the code and its sentence. */
void occ_issues_fail_all(struct occ_issues *issues, enum occ_err code);
/* The same for those that came before before_ms. */
void occ_issues_time_out(struct occ_issues *issues, uint64_t before_ms);
/* Moves all that wait to sent, numbering them from *last_id + 1 on, and appends their frames to out. */
void occ_issues_send(struct occ_issues *waiting, struct occ_issues *sent, uint64_t *last_id, struct occ_buf *out);
/*
 * An ISSUED frame: the answer to the oldest that was sent, to whom it was given. OCC_ERR_WIRE_MESSAGE: it is not;
 * OCC_ERR_INTEGRITY: so the boundary says. Its views are into the frame.
 */
OCC_RESULT occ_issues_take(struct occ_issues *sent, const struct occ_frame *frame, struct occ_issue_answer *ret_answer);

#endif
