/*
 * document.h — the attestation document in a proof's text, taken out and put back byte for byte; or given beside it.
 *
 * Many proofs of a frame carry the same document, some kilobytes of base64. What stands between the first "reportB64":"
 * and the next quote is taken out if it is long enough to be worth it. The text is not parsed: whatever it is, what was
 * cut is what is put back.
 */
#ifndef OCC_LEDGER_DOCUMENT_H
#define OCC_LEDGER_DOCUMENT_H

#include "ledger/ledger.h"

struct occ_document_cut {
    struct occ_bytes document; /* len 0 = there is none: head is the whole text */
    struct occ_bytes head, tail;
};

/* The parts are views into text. */
struct occ_document_cut occ_document_cut(struct occ_bytes text);
/* The same of a proof, with its own document if it has one beside its text: that may be too short to be worth it. */
struct occ_document_cut occ_document_of(const struct occ_ledger_proof *proof);
/* True if the document is stored once, in a table of its own; else it stays where it belongs in the text. */
bool occ_document_is_apart(const struct occ_document_cut *cut);
/* True if the parts make up text. */
bool occ_document_makes(const struct occ_document_cut *cut, struct occ_bytes text);

#endif
