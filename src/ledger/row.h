/*
 * row.h — the body of a row: its proofs as bytes. Integers are big-endian.
 *
 *   u8 version (1) · u32 parts · parts · u64 checksum of all before it (sum.h)
 *   part    u64 position · u64 received_ms · u32 chain · u8 length, opaque · u32 proofs of the entry · u32 of them, before this
 *           part · u32 of them, in it · proofs
 *   proof   u64 counter · 32 bytes digest · u64 document (0 = none) · u32 where it is to be put in · u32 length, text
 *
 * An entry is one part, or, if it is large, several in rows that follow one another: then each but the last ends its row,
 * the first begins one, and so does what comes behind it. So a look-up of one proof reads a bounded row, however large
 * the request was.
 *
 * A proof's place is row << OCC_ROW_NUMBER_BITS | its number in the row, from 0.
 */
#ifndef OCC_LEDGER_ROW_H
#define OCC_LEDGER_ROW_H

#include "base/buf.h"
#include "base/limits.h"
#include "base/reader.h"
#include "ledger/document.h"

enum { OCC_ROW_NUMBER_BITS = 24 };

static inline uint64_t
occ_row_place(uint64_t row, uint64_t number)
{
    return row << OCC_ROW_NUMBER_BITS | number;
}
static inline uint64_t
occ_row_of_place(uint64_t place)
{
    return place >> OCC_ROW_NUMBER_BITS;
}
static inline uint32_t
occ_row_number_of_place(uint64_t place)
{
    return (uint32_t)(place & ((1u << OCC_ROW_NUMBER_BITS) - 1));
}

struct occ_row_part {
    uint64_t position, received_ms;
    uint32_t chain;
    struct occ_bytes opaque;
    uint32_t total, before, count; /* proofs: of the entry, before this part, in it */
};

struct occ_row_proof {
    uint64_t counter;
    const uint8_t *digest; /* 32 bytes */
    uint64_t document;     /* number, 0 = none */
    uint32_t document_at;  /* offset in text */
    struct occ_bytes text; /* without its document */
};

/* ---- writing ---- */

struct occ_row_writer {
    struct occ_buf body;
    uint32_t parts, proofs;
    size_t part_count_at; /* where the open part's count stands */
    uint32_t part_proofs;
};

#define OCC_ROW_WRITER_INIT ((struct occ_row_writer){ .body = OCC_BUF_INIT(OCC_LIMIT_LEDGER_BODY_LEN) })

void occ_row_begin(struct occ_row_writer *writer);
/* count in *part is what is put in; it is written when the part ends. */
void occ_row_begin_part(struct occ_row_writer *writer, const struct occ_row_part *part);
/* text in pieces; the document between them is put only where the proof has no number for it. */
void occ_row_put_proof(struct occ_row_writer *writer, const struct occ_row_proof *proof,
                       const struct occ_document_cut *cut);
void occ_row_end_part(struct occ_row_writer *writer);
/* Afterwards writer->body is the body. OCC_ERR_NOMEM, OCC_ERR_LIMIT. */
OCC_RESULT occ_row_end(struct occ_row_writer *writer);

/* ---- reading ---- */

/* Goes through the proofs of a body in their order. The views are valid as long as the body. */
struct occ_row_reader {
    struct occ_reader in;
    uint32_t parts_left, proofs_left;
    struct occ_row_part part; /* of the proof that stands */
    struct occ_row_proof proof;
    uint32_t number; /* of it in the row */
    bool begun;
};

/* Checks all of it: checksum, version, every length, every count. OCC_ERR_LEDGER_CORRUPT. */
OCC_RESULT occ_row_open(struct occ_bytes body, struct occ_row_reader *ret_reader);
/* In front of the first proof of a body that was checked. */
struct occ_row_reader occ_row_rewound(struct occ_bytes body);
/* To the next proof; false behind the last. */
bool occ_row_next(struct occ_row_reader *reader);
/* To the proof of that number, from wherever it stands. False if there is none. */
bool occ_row_seek(struct occ_row_reader *reader, struct occ_bytes body, uint32_t number);
/* The checksum that a body ends with. */
uint64_t occ_row_sum(struct occ_bytes body);

#endif
