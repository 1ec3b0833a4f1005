/*
 * queries.h — the statements on ledger.db, by number. Those that read stand first: a reader prepares no others.
 */
#ifndef OCC_LEDGER_QUERIES_H
#define OCC_LEDGER_QUERIES_H

#include <stddef.h>

enum occ_query {
    OCC_QUERY_BEGIN_READ,
    OCC_QUERY_END,
    OCC_QUERY_ROW,           /* body of a row */
    OCC_QUERY_ROW_LAST,      /* row, first_proof, proofs of the last one */
    OCC_QUERY_DOCUMENT,      /* sum, text of a number */
    OCC_QUERY_TOKENS,        /* kind, sum, text of a place */
    OCC_QUERY_CHAIN,         /* number of an epochId and a chainId */
    OCC_QUERY_CHAIN_NEWEST,  /* number of a chainId, of the newest epoch that has it */
    OCC_QUERY_CHAIN_NAMES,   /* epochId, chainId of a number */
    OCC_QUERY_CHAINS,        /* number, chainId of an epoch's number */
    OCC_QUERY_SPAN_AT,       /* first, row of the span that a counter is in or behind */
    OCC_QUERY_SPANS,         /* row of the spans of a chain, from one on */
    OCC_QUERY_SPAN_LAST,     /* last, proofs, row of a chain's last span */
    OCC_QUERY_SPAN_FIRST,    /* first of a chain's first span */
    OCC_QUERY_POSITION,      /* row of the span of positions that one is in or behind */
    OCC_QUERY_POSITION_LAST, /* last position of an epoch */
    OCC_QUERY_EPOCHS,        /* all of epochs, from a number on */
    OCC_QUERY_EPOCH_OF,      /* the same of an epochId */
    OCC_QUERY_REPEAT,        /* body, chain, first, proofs */
    OCC_QUERY_WANTED,        /* place, kind behind another */
    OCC_QUERY_ID,            /* the ledger's */
    OCC_QUERY_PROOFS_UP_TO,  /* how many proofs there are up to a row, that row included */
    OCC_QUERY_READS,         /* how many those are */
    OCC_QUERY_BEGIN_WRITE = OCC_QUERY_READS,
    OCC_QUERY_PUT_EPOCH,
    OCC_QUERY_PUT_CHAIN,
    OCC_QUERY_PUT_ROW,
    OCC_QUERY_PUT_POSITION,
    OCC_QUERY_PUT_SPAN,
    OCC_QUERY_PUT_DOCUMENT,
    OCC_QUERY_PUT_TOKEN,
    OCC_QUERY_PUT_WANTED,
    OCC_QUERY_DROP_WANTED,
    OCC_QUERY_PUT_REPEAT,
    OCC_QUERY_FORGET_REPEATS,
    OCC_QUERY_MAXIMA, /* the greatest numbers of epochs, chains, documents */
    OCC_QUERIES
};

extern const char *const occ_query_sql[OCC_QUERIES];

#endif
