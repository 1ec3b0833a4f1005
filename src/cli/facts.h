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
/* The tier, and what it is worth: by itself a claim of the signer (PROTOCOL §5). attested: evidence for it was verified. */
void occ_facts_put_enforcement(struct occ_buf *buf, struct occ_bytes name, bool attested);
/* The format of an attestation, and what it is if software stood in for the device. */
void occ_facts_put_attestation_format(struct occ_buf *buf, struct occ_bytes format);

/* Digest, counter, time, epoch, chain, key, enforcement, measurement. */
void occ_facts_put_proof(struct occ_buf *buf, const struct occ_proof *proof, bool attested);

#endif
