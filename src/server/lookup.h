/*
 * lookup.h — what GET calls are asked: those that read the ledger (/proofs/{digest}, /proofs and /epochs), and /key.
 *
 * Queries are read strictly: a parameter that is not known, or given twice, or has a bad value is OCC_ERR_FIELD_VALUE with a
 * sentence. Values may be percent-encoded (RFC 3986 §2.1); a '+' is refused, since to some it is a space.
 */
#ifndef OCC_SERVER_LOOKUP_H
#define OCC_SERVER_LOOKUP_H

#include "base/buf.h"
#include "base/limits.h"

enum { OCC_LOOKUP_LIMIT_DEFAULT = 100, OCC_LOOKUP_EPOCH_LEN_MAX = 128, OCC_LOOKUP_LINK_LEN_MAX = 1024 };

/*
 * A digest as a path has it: 64 characters of hex, upper or lower case, or 32 bytes in base64url (RFC 4648 §5; 43 characters,
 * with or without "=" behind them), percent-encoded or not.
 */
OCC_RESULT occ_lookup_read_digest(struct occ_bytes segment, struct occ_error *err, uint8_t ret_digest[32]);

/* limit and after: a page of a list that only grows at its end. */
struct occ_lookup_page {
    uint64_t after; /* how many entries lie before the page */
    size_t limit;   /* entries of it: 1 to OCC_LIMIT_LEDGER_PAGE */
};
OCC_RESULT occ_lookup_read_page(struct occ_bytes query, struct occ_error *err, struct occ_lookup_page *ret_page);

/* epoch, chainId, from, limit and latest: proofs of a chain. */
struct occ_lookup_range {
    uint8_t epoch[OCC_LOOKUP_EPOCH_LEN_MAX];
    size_t epoch_len; /* 0 = the newest */
    uint8_t chain[OCC_LIMIT_CHAIN_ID_LEN];
    size_t chain_len; /* 0 = the default chain */
    uint64_t from;    /* counter */
    size_t limit;     /* 1 to OCC_LIMIT_LEDGER_PAGE */
    bool latest;      /* only the last proof; from and limit were not given */
};
OCC_RESULT occ_lookup_read_range(struct occ_bytes query, struct occ_error *err, struct occ_lookup_range *ret_range);

/* nonce: base64 as everywhere (PROTOCOL §1), 1 to OCC_LIMIT_ATTEST_NONCE bytes. Absent: len 0. */
struct occ_lookup_nonce {
    uint8_t bytes[OCC_LIMIT_ATTEST_NONCE];
    size_t len;
};
OCC_RESULT occ_lookup_read_nonce(struct occ_bytes query, struct occ_error *err, struct occ_lookup_nonce *ret_nonce);

/*
 * Appends the header line that leads to the next page (RFC 8288), and its zero byte. The reference is relative, a query
 * alone, so that it holds behind a proxy that serves us below a path of its own.
 */
void occ_lookup_put_next_page(struct occ_buf *headers, const struct occ_lookup_page *next);
void occ_lookup_put_next_range(struct occ_buf *headers, const struct occ_lookup_range *next);

#endif
