/*
 * record.h — what was sent and what came back, and the ledger's export held against it.
 * A digest is made of its number, so that one table is enough: 16 bytes for each digest that was sent.
 */
#ifndef CROWD_RECORD_H
#define CROWD_RECORD_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { DIGEST_B64 = 44 };

struct record;

struct record *record_new(uint64_t seed);
void record_free(struct record *record);

/* The next number that no digest has been made of; count numbers are taken. Ends the program if there are too many. */
uint64_t record_take(struct record *record, size_t count);
uint64_t record_sent(const struct record *record);

/* The digest of a number: 44 characters of base64 and a zero, or 64 of hex and a zero. */
void record_digest_b64(const struct record *record, uint64_t number, char ret_text[DIGEST_B64 + 1]);
void record_digest_hex(const struct record *record, uint64_t number, char ret_text[65]);

/* An answer to a commit of count digests, the first of that number: so many proofs, in their order, each about its digest. They are
 * written down. Returns NULL, or what is wrong with it. */
const char *record_answer(struct record *record, uint64_t first, size_t count, const char *body, size_t len);

/* A slot that was given out has taken a counter. NULL, or what is wrong. */
const char *record_slot(struct record *record, const char *body, size_t len);

/* An answer to a look-up of a number that was answered before: that proof alone, and the same bytes. NULL, or what is wrong. */
const char *record_found(const struct record *record, uint64_t number, const char *body, size_t len);

/* A number that was answered, near the one that is given; UINT64_MAX if there is none there. */
uint64_t record_answered_near(const struct record *record, uint64_t number);

/* Reads an export, one proof a line, and prints what was found as one JSON object. */
void record_check(struct record *record, FILE *from, FILE *to);

/* The text of the first proof of an answer; len 0 if there is none. */
const char *record_first_proof(const char *body, size_t len, size_t *ret_len);

#endif
