/*
 * record.h — what the judgement of chains needs to know of one proof, and nothing else: a few hundred bytes.
 */
#ifndef OCC_AUDIT_RECORD_H
#define OCC_AUDIT_RECORD_H

#include "audit/counter.h"
#include "crypto/digest.h"
#include "proof/proof.h"

/* Where a proof stands in the input. */
struct occ_place {
    uint64_t ordinal; /* of all values of the input, from 0: the order in which things are told */
    uint32_t stream;  /* which stream (file), from 0 */
    uint64_t line;    /* of its first byte, from 1 */
    uint64_t index;   /* which value of its stream, from 0 */
};

/* The forms in which servers make link hashes (PROTOCOL §2.2): which evidence is in, and whose order of names. */
enum occ_form { OCC_FORM_OURS, OCC_FORM_OLDER, OCC_FORM_OURS_ECMASCRIPT, OCC_FORM_OLDER_ECMASCRIPT };
enum { OCC_FORM_COUNT = 4 };

/* A proof's link hashes. Forms that are the same bytes as an earlier one are left out. */
struct occ_links {
    uint8_t forms; /* bit 1 << form for each that is there; OCC_FORM_OURS always is */
    uint8_t hashes[OCC_FORM_COUNT][OCC_SHA256_LEN];
};

struct occ_record {
    struct occ_place place;
    uint8_t chain[OCC_SHA256_LEN];      /* names the chain: of epochId, key and chainId */
    uint8_t proof_hash[OCC_SHA256_LEN]; /* the same for two proofs that are one commit */
    struct occ_counter counter;         /* may be none */
    struct occ_counter slot;            /* commit.slotCounter; may be none */
    bool has_prev, has_link, has_time;
    uint8_t prev[OCC_SHA256_LEN];
    double time_ms;
    struct occ_links links;
    /* commit.epochLink: the chain before, its last counter, the link hash of its last proof */
    uint8_t from_chain[OCC_SHA256_LEN];
    struct occ_counter from_counter;
    uint8_t from_hash[OCC_SHA256_LEN];
};

/* What a chain is called; texts without a zero byte. */
struct occ_chain_name {
    uint8_t epoch_len, key_len, id_len; /* 0 = absent (the key never is) */
    bool epoch_cut;                     /* the epochId is longer than what is kept */
    char epoch[OCC_LIMIT_AUDIT_NAME_LEN];
    char key[48];
    char id[64];
};

/* What the making of records uses again and again: memory, a digest, and the chain that was named last. For one thread. */
struct occ_record_maker {
    struct occ_buf text;
    struct occ_digest *digest;
    struct occ_buf named; /* the text that chain is the hash of; empty = none */
    uint8_t chain[OCC_SHA256_LEN];
};
OCC_RESULT occ_record_maker_init(struct occ_record_maker *maker); /* OCC_ERR_NOMEM */
void occ_record_maker_clear(struct occ_record_maker *maker);

/*
 * Fills all but the place, from a sound proof and its signed body. OCC_ERR_LIMIT, with a sentence: a counter of too many
 * digits.
 */
OCC_RESULT occ_record_make(struct occ_record_maker *maker, const struct occ_proof *proof, struct occ_bytes body,
                           struct occ_error *err, struct occ_record *ret_record, struct occ_chain_name *ret_name);

/*
 * The name of a chain as a record has it; key: base64; id empty = the default chain. buf is for reuse, and its failure is to be
 * checked by the caller.
 */
void occ_record_name_chain(struct occ_buf *buf, struct occ_bytes epoch, struct occ_bytes key, struct occ_bytes id,
                           uint8_t ret_chain[OCC_SHA256_LEN]);

/* The form in which hash is one of links; -1 if it is none. */
int occ_record_form_of(const struct occ_links *links, const uint8_t hash[OCC_SHA256_LEN]);

/* True for a chain's first proof whose counter is not 1, nor 2 with the slot of counter 1 (PROTOCOL §2.3, §6). */
bool occ_record_begins_late(const struct occ_record *record);

/* Appends and reads the encoded form, for what goes to disk: everything but chain and counter. A damaged one sets bad. */
void occ_record_put(struct occ_buf *buf, const struct occ_record *record);
void occ_record_take(struct occ_reader *reader, struct occ_record *record);
void occ_record_put_place(struct occ_buf *buf, const struct occ_place *place);
struct occ_place occ_record_take_place(struct occ_reader *reader);

#endif
