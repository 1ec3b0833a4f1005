/*
 * compare.h — a boundary's hello held against the ledger, and the proofs that a new epoch goes on from (DESIGN §4, promises 1
 * and 4; PROTOCOL §6). Reads only; any thread that has a reader.
 */
#ifndef OCC_SERVER_COMPARE_H
#define OCC_SERVER_COMPARE_H

#include "ledger/ledger.h"
#include "wire/hello.h"

/* What hello said about the epoch, copied. Texts end in a zero byte. */
struct occ_compare_head {
    char chain_id[OCC_LIMIT_CHAIN_ID_LEN + 1]; /* "" = the default chain */
    uint64_t counter;                          /* of the newest proof of this epoch; 0 = none */
    uint8_t link_hash[32];
};
struct occ_compare_epoch {
    char epoch_id[2 * 32 + 1];
    uint8_t public_key[32];
    uint64_t last_position, acknowledged_position;
    size_t frame_len_max;
    size_t head_count;
    struct occ_compare_head heads[OCC_HELLO_CHAINS_MAX];
};
/* hello was checked (occ_session_check_hello). */
void occ_compare_copy(const struct occ_hello_ok *hello, struct occ_compare_epoch *ret_epoch);

/*
 * Before what the boundary gives again is written: the ledger has what the boundary was told is durable, nothing that the
 * boundary did not make, and no later epoch that has gone on with a chain of this one: a boundary that has lived on meanwhile
 * would make second successors. OCC_ERR_INTEGRITY with a sentence if not; else the ledger's codes.
 */
OCC_RESULT occ_compare_positions(struct occ_ledger_reader *reader, const struct occ_compare_epoch *epoch,
                                 struct occ_error *err);
/*
 * After that: each chain ends in the ledger with the proof that the boundary goes on from: same counter, same link hash
 * (PROTOCOL §2.2). Codes as above.
 */
OCC_RESULT occ_compare_heads(struct occ_ledger_reader *reader, const struct occ_compare_epoch *epoch,
                             struct occ_error *err);
/*
 * Appends a LINK frame with the ledger's newest proof on each chain that has none of this epoch; nothing if there is no such
 * proof. *ret_chains: how many are in it. Codes: the ledger's, OCC_ERR_LIMIT (more than a frame holds), OCC_ERR_NOMEM.
 */
OCC_RESULT occ_compare_put_link(struct occ_ledger_reader *reader, const struct occ_compare_epoch *epoch, uint64_t id,
                                struct occ_error *err, struct occ_buf *buf, size_t *ret_chains);

#endif
