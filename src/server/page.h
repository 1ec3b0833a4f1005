/*
 * page.h — proofs as the ledger shows them, gathered into one bounded answer.
 */
#ifndef OCC_SERVER_PAGE_H
#define OCC_SERVER_PAGE_H

#include "ledger/ledger.h"

struct occ_page {
    /* for the owner to fill in */
    struct occ_buf *body; /* with a limit of OCC_PAGE_BODY_LEN */
    size_t limit;         /* proofs of the page */
    uint64_t skip;        /* proofs before it that are passed over */
    bool is_lines;        /* JSON lines; else a JSON array */
    /* what came of it */
    size_t count;
    bool more; /* there is one more proof, at least, which is not in it */
    uint64_t last_counter;
};

/* A page's bytes: at most OCC_LIMIT_LEDGER_PAGE_LEN, or one proof that is longer. */
#define OCC_PAGE_BODY_LEN (OCC_LIMIT_LEDGER_PAGE_LEN + OCC_LIMIT_CANONICAL_LEN)

/* For the ledger's walks, ctx = the page. Fails with OCC_ERR_LIMIT at the first proof that is too many: more is true then. */
struct occ_result occ_page_visit(void *ctx, const struct occ_ledger_found *found);
/* Writes what stands behind the last proof. walked: what the walk gave; its end at a full page is a success. */
OCC_RESULT occ_page_finish(struct occ_page *page, struct occ_result walked);

#endif
