/* page.c — see page.h. */
#include "server/page.h"

enum { AROUND_TOKENS = 64 }; /* what stands around tokens and proofs */

static bool
has_room(const struct occ_page *page, const struct occ_ledger_found *found)
{
    const size_t len = found->text.len + found->artifact_token.len + found->proof_token.len + AROUND_TOKENS;
    return page->count < page->limit && (page->count == 0 || page->body->len + len <= OCC_LIMIT_LEDGER_PAGE_LEN);
}

struct occ_result
occ_page_visit(void *ctx, const struct occ_ledger_found *found)
{
    struct occ_page *page = ctx;
    if (page->skip > 0) {
        page->skip--;
        return occ_success();
    }
    if (!has_room(page, found)) {
        page->more = true;
        return occ_result_of(OCC_ERR_LIMIT);
    }
    if (!page->is_lines) {
        occ_buf_put_byte(page->body, page->count == 0 ? '[' : ',');
    }
    occ_ledger_put_joined(page->body, found);
    if (page->is_lines) {
        occ_buf_put_byte(page->body, '\n');
    }
    page->count++;
    page->last_counter = found->counter;
    return occ_buf_check(page->body);
}

struct occ_result
occ_page_finish(struct occ_page *page, struct occ_result walked)
{
    if (!occ_is_ok(walked) && !(page->more && walked.code == OCC_ERR_LIMIT)) {
        return walked;
    }
    if (!page->is_lines) {
        occ_buf_put_str(page->body, page->count == 0 ? "[]" : "]");
    }
    return occ_buf_check(page->body);
}
