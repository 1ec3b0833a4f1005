/*
 * link.h — a new epoch's chains are linked to the proofs that came before (PROTOCOL §6).
 *
 * LINK    u16 chains (1 to OCC_LIMIT_CHAINS), each: text chainId · u32 length · proof text: the newest proof that the ledger
 *         has on that chain, of an earlier epoch
 * LINKED  u16 code; if 0: nothing; else: text sentence. All of them or none
 *
 * The parent sends LINK after HELLO_OK, before the first COMMIT on those chains. The boundary verifies each proof itself; the
 * chain's first proof then carries commit.epochLink and goes on at the next counter. A chain that has given out a proof or a
 * slot in this epoch cannot be linked any more.
 */
#ifndef OCC_WIRE_LINK_H
#define OCC_WIRE_LINK_H

#include "base/buf.h"
#include "base/reader.h"

struct occ_link_writer {
    struct occ_buf *buf;
    size_t frame, count_at;
    uint16_t chains;
};
void occ_link_begin(struct occ_link_writer *writer, struct occ_buf *buf, uint64_t id);
void occ_link_put(struct occ_link_writer *writer, struct occ_bytes chain_id, struct occ_bytes proof);
void occ_link_end(struct occ_link_writer *writer);

struct occ_link_entry {
    struct occ_bytes chain_id; /* empty = the default chain */
    struct occ_bytes proof;    /* JSON text, 1 to OCC_LIMIT_PROOF_LEN bytes */
};
/* *ret_chains: 1 to OCC_LIMIT_CHAINS, else OCC_ERR_WIRE_MESSAGE. The whole payload is checked: next cannot fail after it. */
OCC_RESULT occ_link_read(struct occ_bytes payload, struct occ_reader *ret_reader, uint16_t *ret_chains);
OCC_RESULT occ_link_next(struct occ_reader *reader, struct occ_link_entry *ret_entry);

/* code OCC_OK: text is empty. */
void occ_link_put_answer(struct occ_buf *buf, uint64_t id, enum occ_err code, struct occ_bytes text); /* whole frame */
OCC_RESULT occ_link_read_answer(struct occ_bytes payload, enum occ_err *ret_code, struct occ_bytes *ret_text);

#endif
