/*
 * facts.h — what a proof says, in lines for people.
 */
#ifndef OCC_CLI_FACTS_H
#define OCC_CLI_FACTS_H

#include "base/buf.h"
#include "proof/proof.h"

/* "  label        value\n"; the value is made safe for a terminal, and cut after 1,000 bytes. */
void occ_facts_put_line(struct occ_buf *buf, const char *label, struct occ_bytes value);
/* The same for bytes, in base64. */
void occ_facts_put_base64(struct occ_buf *buf, const char *label, struct occ_bytes value);
/* The same for any JSON value, as canonical text. */
void occ_facts_put_json(struct occ_buf *buf, const char *label, const struct occ_json *value);
/* The tier, and what it is worth by itself: a claim of the signer (PROTOCOL §5). */
void occ_facts_put_enforcement(struct occ_buf *buf, struct occ_bytes name);

/* Digest, counter, time, epoch, key, enforcement, measurement. */
void occ_facts_put_proof(struct occ_buf *buf, const struct occ_proof *proof);
/* One line with the names of what the proof holds that its signature does not cover (PROTOCOL §2.1); none if nothing. */
void occ_facts_put_unsigned(struct occ_buf *buf, const struct occ_proof *proof);

#endif
