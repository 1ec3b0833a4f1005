/*
 * tree.h — the Merkle tree of a batch attestation (PROTOCOL §7, RFC 6962 §2.1): leaf = SHA-256(0x00 || proof hash), node =
 * SHA-256(0x01 || left || right).
 */
#ifndef OCC_PROOF_TREE_H
#define OCC_PROOF_TREE_H

#include "base/limits.h"
#include "proof/proof.h"

/* Where one proof stands in a tree. */
struct occ_tree_place {
    uint64_t leaf_index, tree_size;
    size_t path_len; /* hashes, from the leaf's sibling upwards (RFC 6962 §2.1.1) */
    uint8_t path[OCC_LIMIT_BATCH_PATH][OCC_SHA256_LEN];
};

/*
 * Reads environment.attestation.batch. Refused (OCC_ERR_ATTESTATION_BATCH): wrong types, a tree of fewer than two leaves or
 * more than 2^40, an index beyond it, a path whose length is not the one for this index and size, unknown names.
 */
OCC_RESULT occ_tree_read(const struct occ_json *batch, struct occ_error *err, struct occ_tree_place *ret_place);
/* The root that this place gives for a proof hash. */
void occ_tree_root_of(const struct occ_tree_place *place, const uint8_t proof_hash[OCC_SHA256_LEN],
                      uint8_t ret_root[OCC_SHA256_LEN]);
/* The root of a whole tree (count >= 1), and the place of one leaf in it: for whoever needs few of them. */
void occ_tree_root(const uint8_t (*proof_hashes)[OCC_SHA256_LEN], size_t count, uint8_t ret_root[OCC_SHA256_LEN]);
void occ_tree_place(const uint8_t (*proof_hashes)[OCC_SHA256_LEN], size_t count, size_t leaf_index,
                    struct occ_tree_place *ret_place);

/*
 * All places of a tree, each in as many steps as its path has hashes: all nodes are kept, the leaves first and the root last.
 * Zeros = none; its memory is used again.
 */
struct occ_tree {
    uint8_t (*nodes)[OCC_SHA256_LEN];
    size_t cap;   /* nodes that there is memory for */
    size_t size;  /* leaves that it is to have */
    size_t count; /* leaves that were put */
};

/* Begins a tree of size (>= 1) leaves. OCC_ERR_NOMEM. */
OCC_RESULT occ_tree_begin(struct occ_tree *tree, size_t size);
/* The next of its leaves. After the last one it is whole. */
void occ_tree_put(struct occ_tree *tree, const uint8_t proof_hash[OCC_SHA256_LEN]);
/* Of a whole tree: its root, valid until the next begin, and the place of a leaf. */
const uint8_t *occ_tree_top(const struct occ_tree *tree);
void occ_tree_find(const struct occ_tree *tree, size_t leaf_index, struct occ_tree_place *ret_place);
void occ_tree_clear(struct occ_tree *tree);

#endif
