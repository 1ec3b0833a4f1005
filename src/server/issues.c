#include "server/issues.h"

void
occ_issues_push(struct occ_issues *issues, struct occ_boundary_issue *issue)
{
    issue->next = NULL;
    if (issues->last == NULL) {
        issues->first = issue;
    } else {
        issues->last->next = issue;
    }
    issues->last = issue;
    issues->count++;
}

static struct occ_boundary_issue *
pop(struct occ_issues *issues)
{
    struct occ_boundary_issue *issue = issues->first;
    if (issue == NULL) {
        return NULL;
    }
    issues->first = issue->next;
    if (issues->first == NULL) {
        issues->last = NULL;
    }
    issues->count--;
    issue->next = NULL;
    return issue;
}

static void
fail(struct occ_boundary_issue *issue, enum occ_err code)
{
    const struct occ_issue_answer answer = { .code = code, .text = occ_bytes_str(occ_result_text(code)) };
    issue->done(issue, &answer);
}

void
occ_issues_fail_all(struct occ_issues *issues, enum occ_err code)
{
    /* Only those that are in it now: done may lead to new ones. */
    struct occ_issues failed = *issues;
    *issues = (struct occ_issues){ 0 };
    struct occ_boundary_issue *issue;
    while ((issue = pop(&failed)) != NULL) {
        fail(issue, code);
    }
}

void
occ_issues_time_out(struct occ_issues *issues, uint64_t before_ms)
{
    while (issues->first != NULL && issues->first->since_ms < before_ms) {
        fail(pop(issues), OCC_ERR_TIMEOUT);
    }
}

void
occ_issues_send(struct occ_issues *waiting, struct occ_issues *sent, uint64_t *last_id, struct occ_buf *out)
{
    struct occ_boundary_issue *issue;
    while ((issue = pop(waiting)) != NULL) {
        issue->id = ++*last_id;
        occ_issue_put(out, issue->id, &issue->request);
        occ_issues_push(sent, issue);
    }
}

struct occ_result
occ_issues_take(struct occ_issues *sent, const struct occ_frame *frame, struct occ_issue_answer *ret_answer)
{
    struct occ_issue_answer answer;
    OCC_ENSURE(sent->first != NULL && sent->first->id == frame->id, OCC_ERR_WIRE_MESSAGE);
    OCC_TRY(occ_issue_read_answer(frame->payload, &answer));
    struct occ_boundary_issue *issue = pop(sent);
    issue->done(issue, &answer);
    OCC_ENSURE(answer.code != OCC_ERR_INTEGRITY, OCC_ERR_INTEGRITY);
    *ret_answer = answer;
    return occ_success();
}
