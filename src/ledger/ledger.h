/*
 * ledger.h — the proofs that were given out, durable, in a folder (DESIGN §4, promises 1 and 4). SQLite does the storing.
 *
 * Two files in the folder: ledger.db holds everything that matters (WAL, synchronous=FULL); index.db holds the digest
 * index, which can be made anew from the other at any time. Model:
 *
 *   row     what was written together, or 64 KiB of it: entries in order, one behind the other, appended, never rewritten
 *   entry   one committed request: epoch, position, the parent's opaque bytes, and its proofs on one chain
 *   proof   the boundary's bytes; what came after the signature (tokens) lies in tables of its own and is joined when read
 *
 * One writer (struct occ_ledger, one thread) and any number of readers (struct occ_ledger_reader, each used by one thread
 * at a time, with a connection of its own), in one process or several. A reader sees what was durable when its call
 * began.
 *
 * Epochs and chains are told apart by (epochId, chainId); epochs are numbered in the order in which they began.
 */
#ifndef OCC_LEDGER_LEDGER_H
#define OCC_LEDGER_LEDGER_H

#include "base/buf.h"
#include "base/limits.h"

struct occ_ledger;

struct occ_ledger_options {
    const char *folder; /* exists */
    bool create;        /* make ledger.db if it is missing */
    const char *vfs;    /* of SQLite, for tests; NULL = the usual one */
};

/*
 * Opens for writing: takes the lock, the file ledger.lock in the folder (OCC_ERR_LOCKED names who holds it), migrates an
 * older version of the schema, checks what is cheap to check. Other codes: OCC_ERR_NOT_FOUND, OCC_ERR_LEDGER_FOREIGN (not
 * a ledger of ours, or of a later version), OCC_ERR_LEDGER_CORRUPT, OCC_ERR_LEDGER_READ_ONLY, OCC_ERR_LEDGER_FULL,
 * OCC_ERR_IO, OCC_ERR_NOMEM; *err names file and reason. Takes well under a second whatever the ledger's size. Starts a
 * thread that keeps the digest index (low priority).
 */
OCC_RESULT occ_ledger_open(const struct occ_ledger_options *options, struct occ_error *err,
                           struct occ_ledger **ret_ledger);
/* Waits for the index thread, checkpoints, closes. Readers beside it must have been freed. NULL is allowed. */
void occ_ledger_close(struct occ_ledger *ledger);

/* ---- writing: the writer's thread ---- */

/*
 * A proof's text is whole, or its attestation document stands beside it: many proofs share one, and it is neither copied
 * nor stored for each. Both forms of a proof are the same proof: they are stored alike, and each is recognized as the other.
 */
struct occ_ledger_proof {
    uint64_t counter; /* >= 1 */
    uint8_t digest[32];
    struct occ_bytes text;     /* canonical JSON as the boundary gave it out */
    struct occ_bytes document; /* that belongs into text; empty = the text is whole */
    size_t place;              /* with document: in front of this byte of text */
};

/* Who an epoch is; put with its first entry, and the same afterwards. */
struct occ_ledger_epoch {
    struct occ_bytes epoch_id; /* 1 to 128 bytes */
    uint8_t public_key[32];
    struct occ_bytes enforcement, measurement;
};

struct occ_ledger_entry {
    uint64_t position;         /* of the result within its epoch, >= 1 */
    struct occ_bytes opaque;   /* up to OCC_LIMIT_OPAQUE_LEN bytes */
    struct occ_bytes chain_id; /* empty = the default chain */
    struct occ_bytes repeat;   /* 32 bytes that an Idempotency-Key and its scope became, or empty */
    struct occ_bytes body;     /* with repeat: 32 bytes, SHA-256 of the request's body */
    uint64_t received_ms;      /* Unix milliseconds: repeat is forgotten OCC_LIMIT_REPEAT_MS later */
    size_t proof_count;        /* >= 1 */
    const struct occ_ledger_proof *proofs;
    bool wants_artifact_token, wants_proof_token; /* of each proof: remembered as to be had until put (below) */
};

/* A token for a proof that is in the ledger, or comes in the same write. */
struct occ_ledger_token {
    struct occ_bytes epoch_id, chain_id;
    uint64_t counter;
    enum occ_ledger_token_kind { OCC_LEDGER_TOKEN_ARTIFACT = 1, OCC_LEDGER_TOKEN_PROOF = 2 } kind;
    struct occ_bytes text; /* canonical JSON of the TsaToken; empty = given up: it is not wanted any more */
};

struct occ_ledger_write {
    const struct occ_ledger_epoch *epoch; /* of the entries */
    const struct occ_ledger_entry *entries;
    size_t entry_count; /* in the order of positions */
    const struct occ_ledger_token *tokens;
    size_t token_count;
};

/*
 * Writes all of it in one transaction and syncs; all of it is durable, or nothing. An entry whose position the epoch has
 * already is skipped if its proofs are the same (chain, counters, digests, texts; its opaque bytes, repeat and time are
 * the parent's own and not compared) and OCC_ERR_INTEGRITY if not; so is one that would leave a gap behind the epoch's
 * last position (0 for a new epoch), a counter that does not rise along its chain, or an epochId with another key,
 * enforcement or measurement. A token that is there already stays as it is; one for a proof that is not there is
 * OCC_ERR_NOT_FOUND. A repeat that is there already and still good stays as it is. OCC_ERR_LIMIT, OCC_ERR_FIELD_VALUE:
 * larger than the limits allow, or numbers beyond 63 bits. OCC_ERR_LEDGER_FULL, OCC_ERR_LEDGER_READ_ONLY,
 * OCC_ERR_LEDGER_CORRUPT, OCC_ERR_IO, OCC_ERR_NOMEM, OCC_ERR_BUSY: it is not durable; may be tried again, with the same
 * bytes.
 *
 * A failed sync is never taken for durable. The system may keep what it could not write in memory and show it to
 * everybody, and say nothing the second time. So after a failure at the end of a transaction the file is opened again and
 * all that the WAL holds is written and synced anew (durable.h), before anything is compared or written; a transaction
 * that is seen after that is durable, one that is not is written anew. The same is done at each opening, for the process
 * before this one.
 */
OCC_RESULT occ_ledger_write(struct occ_ledger *ledger, const struct occ_ledger_write *write, struct occ_error *err);
/*
 * Bytes that OCC_LIMIT_LEDGER_WRITE_LEN bounds: texts, tokens, and each document once for proofs that follow one another and
 * point to the same.
 */
size_t occ_ledger_write_len(const struct occ_ledger_write *write);
/* Removes repeats that are older than they need be, as of now_ms; a bounded number at a time. *ret_more: there may be more. */
OCC_RESULT occ_ledger_forget_repeats(struct occ_ledger *ledger, uint64_t now_ms, bool *ret_more, struct occ_error *err);

struct occ_ledger_stats {
    uint64_t proofs, rows, bytes; /* bytes: of ledger.db with its WAL */
    uint64_t indexed_proofs;      /* found through runs of the index, not through its tail */
    uint64_t syncs;               /* transactions since it was opened */
    uint64_t last_sync_us;
};
/* Any thread. */
void occ_ledger_get_stats(const struct occ_ledger *ledger, struct occ_ledger_stats *ret_stats);

/* ---- reading ---- */

struct occ_ledger_reader;
/*
 * A reader beside the writer (it shares the index's tail), or, with ledger NULL, of a folder on its own, whoever writes
 * to it: such a one changes nothing in it and makes up a tail of its own. Codes as occ_ledger_open, but it takes no lock.
 */
OCC_RESULT occ_ledger_reader_new(struct occ_ledger *ledger, const struct occ_ledger_options *options,
                                 struct occ_error *err, struct occ_ledger_reader **ret_reader);
void occ_ledger_reader_free(struct occ_ledger_reader *reader); /* NULL is allowed */

/* A proof as it was found. Views are valid during the visit. */
struct occ_ledger_found {
    struct occ_bytes epoch_id, chain_id;
    uint64_t counter;
    uint64_t position;
    const uint8_t *digest;           /* 32 bytes, by which it is found */
    struct occ_bytes text;           /* byte for byte as it was put */
    struct occ_bytes artifact_token; /* JSON text, or empty */
    struct occ_bytes proof_token;
};
/* A failure ends the walk and is its result. */
typedef struct occ_result occ_ledger_visit(void *ctx, const struct occ_ledger_found *found);

/*
 * Appends found->text with its tokens in their place: canonical JSON again ("timestamps" stands before "version", which
 * is a proof's last member). With no token it is the text itself.
 */
void occ_ledger_put_joined(struct occ_buf *buf, const struct occ_ledger_found *found);

/*
 * All proofs of an artifact, oldest first. OCC_ERR_BUSY: the index is behind or being made anew, and cannot answer yet. Nothing
 * found is a success with no visit.
 */
OCC_RESULT occ_ledger_by_digest(struct occ_ledger_reader *reader, const uint8_t digest[32], occ_ledger_visit *visit,
                                void *ctx, struct occ_error *err);
/* The proofs of a chain with counters from on, in their order, at most limit. */
OCC_RESULT occ_ledger_by_counter(struct occ_ledger_reader *reader, struct occ_bytes epoch_id, struct occ_bytes chain_id,
                                 uint64_t from, size_t limit, occ_ledger_visit *visit, void *ctx,
                                 struct occ_error *err);
/* The last proof of a chain; of whatever epoch (the one that began last) if epoch_id is empty. One visit or none. */
OCC_RESULT occ_ledger_head(struct occ_ledger_reader *reader, struct occ_bytes epoch_id, struct occ_bytes chain_id,
                           occ_ledger_visit *visit, void *ctx, struct occ_error *err);
/*
 * Every proof in the order in which it was put: *cursor 0 = from the first; it is advanced behind each that was visited.
 */
OCC_RESULT occ_ledger_walk(struct occ_ledger_reader *reader, uint64_t *cursor, size_t limit, occ_ledger_visit *visit,
                           void *ctx, struct occ_error *err);

/* An entry found by what its Idempotency-Key became, or by its position. Views are valid until the reader's next call. */
struct occ_ledger_repeat {
    bool found;
    uint8_t body[32];
    struct occ_bytes epoch_id, chain_id;
    uint64_t first_counter;
    size_t proof_count; /* their counters follow one another: read them with occ_ledger_by_counter */
};
OCC_RESULT occ_ledger_find_repeat(struct occ_ledger_reader *reader, const uint8_t repeat[32],
                                  struct occ_ledger_repeat *ret_repeat, struct occ_error *err);

struct occ_ledger_chain_info {
    struct occ_bytes chain_id;
    uint64_t first_counter, last_counter, proofs;
};
struct occ_ledger_epoch_info {
    uint64_t number; /* 1 = the oldest */
    struct occ_ledger_epoch epoch;
    uint64_t last_position;
    uint64_t began_ms; /* received_ms of its first entry */
    size_t chain_count;
    const struct occ_ledger_chain_info *chains;
};
typedef struct occ_result occ_ledger_epoch_visit(void *ctx, const struct occ_ledger_epoch_info *info);
/* The epochs in their order from number first on; at most limit (0 = all). */
OCC_RESULT occ_ledger_epochs(struct occ_ledger_reader *reader, uint64_t first, size_t limit,
                             occ_ledger_epoch_visit *visit, void *ctx, struct occ_error *err);
/* The one of that id: one visit or none. */
OCC_RESULT occ_ledger_epoch_of(struct occ_ledger_reader *reader, struct occ_bytes epoch_id,
                               occ_ledger_epoch_visit *visit, void *ctx, struct occ_error *err);

/*
 * Tokens that are still to be had, oldest first, at most limit, behind *cursor (0 = from the first), which is advanced.
 */
struct occ_ledger_wanted {
    struct occ_ledger_found proof;
    uint8_t digest[32];
    enum occ_ledger_token_kind kind;
    uint64_t since_ms; /* received_ms of its entry */
};
typedef struct occ_result occ_ledger_wanted_visit(void *ctx, const struct occ_ledger_wanted *wanted);
OCC_RESULT occ_ledger_wanted(struct occ_ledger_reader *reader, uint64_t *cursor, size_t limit,
                             occ_ledger_wanted_visit *visit, void *ctx, struct occ_error *err);

/* ---- the whole: backup and check ---- */

/*
 * Copies ledger.db, consistent as of one moment, to a new file, synced, while others read and write; progress may be
 * NULL. OCC_ERR_STATE if the file exists. The index is not copied: the copy's first use makes it anew.
 */
OCC_RESULT occ_ledger_backup(const char *folder, const char *file,
                             void (*progress)(void *ctx, uint64_t done, uint64_t all), void *ctx,
                             struct occ_error *err);
/*
 * SQLite's own integrity check and ours: every row readable, positions without gaps, counters rising per chain, spans and
 * repeats pointing where they should, every proof found again by its digest. Calls problem with one sentence for each
 * that it finds (at most 100). Proofs themselves are for an audit to verify.
 */
OCC_RESULT occ_ledger_check(struct occ_ledger_reader *reader, void (*problem)(void *ctx, const char *sentence),
                            void (*progress)(void *ctx, uint64_t proofs), void *ctx, struct occ_error *err);

#endif
