/*
 * hello.h — the first message each way: version, features, limits, epoch, heads.
 *
 * HELLO     u32 magic "occw" · u16 lowest version · u16 highest version · u64 features
 * HELLO_OK  u16 version · u64 features · u32 frame limit · u32 requests per frame · u32 digests per request ·
 *           u64 retention limit · public key (32) · text epochId · text enforcement · text measurement ·
 *           text attestation format (empty = proofs have none) · u8 attestation mode (enum occ_hello_attest) ·
 *           u32 document length (bytes of base64, at most) ·
 *           u64 last position · u64 acknowledged position · u16 chains, each: text chainId · u64 counter · link hash (32)
 * REFUSED   u16 code · text sentence
 * text = u16 length and that many bytes of UTF-8.
 */
#ifndef OCC_WIRE_HELLO_H
#define OCC_WIRE_HELLO_H

#include "base/buf.h"

#define OCC_WIRE_VERSION 3

/* Features are bits; a side uses only what both have. None is defined: all of version 3 is there on both sides. */

struct occ_hello {
    uint16_t min_version, max_version;
    uint64_t features;
};

enum { OCC_HELLO_CHAINS_MAX = 64 };

/* Where a chain stands. counter 0 = nothing committed yet, and link_hash is zeros. */
struct occ_hello_head {
    struct occ_bytes chain_id; /* empty = the default chain */
    uint64_t counter;
    uint8_t link_hash[32];
};

/* What the boundary's documents are about (PROTOCOL §5, §7). */
enum occ_hello_attest {
    OCC_HELLO_ATTEST_NONE,
    OCC_HELLO_ATTEST_COMMIT,
    OCC_HELLO_ATTEST_BATCH,
    OCC_HELLO_ATTEST_EPOCH
};

struct occ_hello_ok {
    uint16_t version;
    uint64_t features;
    uint32_t frame_len_max;
    uint32_t requests_max;
    uint32_t digests_max;
    uint64_t retained_len_max;
    uint8_t public_key[32];
    struct occ_bytes epoch_id, enforcement, measurement; /* when decoded: views into the payload */
    struct occ_bytes attestation_format;                 /* empty = none */
    enum occ_hello_attest attest;
    uint32_t document_len;  /* that a proof is longer by than without an attester, as documents have been so far */
    uint64_t last_position; /* of the newest result; 0 = none yet */
    uint64_t acknowledged_position; /* results after this one are given again */
    size_t head_count;
    struct occ_hello_head heads[OCC_HELLO_CHAINS_MAX];
};

void occ_hello_put(struct occ_buf *buf, const struct occ_hello *hello); /* whole frame, id 0 */
OCC_RESULT occ_hello_read(struct occ_bytes payload, struct occ_hello *ret);
void occ_hello_put_ok(struct occ_buf *buf, const struct occ_hello_ok *hello); /* whole frame, id 0 */
OCC_RESULT occ_hello_read_ok(struct occ_bytes payload, struct occ_hello_ok *ret);

struct occ_refused {
    enum occ_err code;
    struct occ_bytes text;
};
void occ_hello_put_refused(struct occ_buf *buf, uint64_t id, enum occ_err code,
                           struct occ_bytes text); /* whole frame */
OCC_RESULT occ_hello_read_refused(struct occ_bytes payload, struct occ_refused *ret);

#endif
