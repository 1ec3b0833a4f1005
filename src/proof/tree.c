/* tree.c — see tree.h. */
#include "proof/tree.h"

#include <stdlib.h>

#include "base/base64.h"

enum { SUBTREES_MAX = 64 }; /* of different sizes in a tree of 2^64 - 1 leaves */

#define BATCH "environment.attestation.batch"

/* The most leaves whose paths fit OCC_LIMIT_BATCH_PATH. */
static const uint64_t tree_size_max = (uint64_t)1 << OCC_LIMIT_BATCH_PATH;

/* ---- hashes (RFC 6962 §2.1) ---- */

static void
hash_leaf(const uint8_t proof_hash[OCC_SHA256_LEN], uint8_t ret_hash[OCC_SHA256_LEN])
{
    uint8_t input[1 + OCC_SHA256_LEN] = { 0x00 };
    memcpy(input + 1, proof_hash, OCC_SHA256_LEN);
    occ_digest_sha256(occ_bytes_of(input, sizeof input), ret_hash);
}

/* ret_hash may be left or right. */
static void
hash_node(const uint8_t left[OCC_SHA256_LEN], const uint8_t right[OCC_SHA256_LEN], uint8_t ret_hash[OCC_SHA256_LEN])
{
    uint8_t input[1 + 2 * OCC_SHA256_LEN] = { 0x01 };
    memcpy(input + 1, left, OCC_SHA256_LEN);
    memcpy(input + 1 + OCC_SHA256_LEN, right, OCC_SHA256_LEN);
    occ_digest_sha256(occ_bytes_of(input, sizeof input), ret_hash);
}

/* ---- the way from a leaf to the root ---- */

/*
 * One level of the tree: a node and the last node of that level. A last node without a sibling goes up as it is; that gives
 * RFC 6962's shape, which splits at the largest power of two.
 */
struct level {
    uint64_t node, last;
};

static struct level
leaves_of(uint64_t leaf_index, uint64_t tree_size)
{
    return (struct level){ leaf_index, tree_size - 1 };
}

static bool
is_root(struct level level)
{
    return level.last == 0;
}

static bool
is_right(struct level level)
{
    return (level.node & 1) != 0;
}

static bool
has_sibling(struct level level)
{
    return is_right(level) || level.node < level.last;
}

static struct level
above(struct level level)
{
    return (struct level){ level.node >> 1, level.last >> 1 };
}

static size_t
path_length(uint64_t leaf_index, uint64_t tree_size)
{
    size_t len = 0;
    for (struct level level = leaves_of(leaf_index, tree_size); !is_root(level); level = above(level)) {
        len += has_sibling(level);
    }
    return len;
}

void
occ_tree_root_of(const struct occ_tree_place *place, const uint8_t proof_hash[OCC_SHA256_LEN],
                 uint8_t ret_root[OCC_SHA256_LEN])
{
    uint8_t hash[OCC_SHA256_LEN];
    size_t used = 0;
    hash_leaf(proof_hash, hash);
    for (struct level level = leaves_of(place->leaf_index, place->tree_size); !is_root(level); level = above(level)) {
        if (!has_sibling(level)) {
            continue;
        }
        const uint8_t *sibling = place->path[used++];
        if (is_right(level)) {
            hash_node(sibling, hash, hash);
        } else {
            hash_node(hash, sibling, hash);
        }
    }
    memcpy(ret_root, hash, sizeof hash);
}

/* ---- environment.attestation.batch (PROTOCOL §7) ---- */

static OCC_RESULT
check_names(const struct occ_json *batch, struct occ_error *err)
{
    struct occ_json_iter it = { 0 };
    while (occ_json_next(batch, &it)) {
        if (!occ_bytes_is(it.name, "leafIndex") && !occ_bytes_is(it.name, "treeSize") &&
            !occ_bytes_is(it.name, "pathB64")) {
            return occ_error_set(err, OCC_ERR_ATTESTATION_BATCH, BATCH ".%.*s: an unknown field",
                                 OCC_BYTES_ARG(it.name));
        }
    }
    return occ_success();
}

static OCC_RESULT
read_number(const struct occ_json *batch, const char *name, struct occ_error *err, uint64_t *ret_number)
{
    const struct occ_json *value = occ_json_get(batch, name);
    if (value == NULL) {
        return occ_error_set(err, OCC_ERR_ATTESTATION_BATCH, BATCH ".%s: missing", name);
    }
    if (!occ_json_is(value, OCC_JSON_NUMBER)) {
        return occ_error_set(err, OCC_ERR_ATTESTATION_BATCH, BATCH ".%s: %s, expected a number", name,
                             occ_json_type_name(value));
    }
    const double number = occ_json_number(value);
    if (!(number >= 0 && number <= (double)tree_size_max) || number != (double)(uint64_t)number) {
        return occ_error_set(err, OCC_ERR_ATTESTATION_BATCH, BATCH ".%s: expected a whole number from 0 to 2^%d", name,
                             OCC_LIMIT_BATCH_PATH);
    }
    *ret_number = (uint64_t)number;
    return occ_success();
}

static OCC_RESULT
read_path(const struct occ_json *batch, struct occ_error *err, struct occ_tree_place *place)
{
    const struct occ_json *path = occ_json_get(batch, "pathB64");
    if (path == NULL) {
        return occ_error_set(err, OCC_ERR_ATTESTATION_BATCH, BATCH ".pathB64: missing");
    }
    if (!occ_json_is(path, OCC_JSON_ARRAY)) {
        return occ_error_set(err, OCC_ERR_ATTESTATION_BATCH, BATCH ".pathB64: %s, expected an array",
                             occ_json_type_name(path));
    }
    place->path_len = path_length(place->leaf_index, place->tree_size);
    if (occ_json_length(path) != place->path_len) {
        return occ_error_set(err, OCC_ERR_ATTESTATION_BATCH, BATCH ".pathB64: %zu hashes, expected %zu",
                             occ_json_length(path), place->path_len);
    }
    for (size_t i = 0; i < place->path_len; i++) {
        const struct occ_bytes text = occ_json_string(occ_json_at(path, i));
        size_t len = 0;
        if (!occ_is_ok(occ_base64_decode(text, OCC_SHA256_LEN, place->path[i], &len)) || len != OCC_SHA256_LEN) {
            return occ_error_set(err, OCC_ERR_ATTESTATION_BATCH,
                                 BATCH ".pathB64[%zu]: expected canonical base64 of 32 bytes", i);
        }
    }
    return occ_success();
}

struct occ_result
occ_tree_read(const struct occ_json *batch, struct occ_error *err, struct occ_tree_place *ret_place)
{
    struct occ_tree_place place = { 0 };
    if (!occ_json_is(batch, OCC_JSON_OBJECT)) {
        return occ_error_set(err, OCC_ERR_ATTESTATION_BATCH, BATCH ": %s, expected an object",
                             occ_json_type_name(batch));
    }
    OCC_TRY(check_names(batch, err));
    OCC_TRY(read_number(batch, "leafIndex", err, &place.leaf_index));
    OCC_TRY(read_number(batch, "treeSize", err, &place.tree_size));
    /* PROTOCOL §7: a batch of one has no batch member */
    if (place.tree_size < 2) {
        return occ_error_set(err, OCC_ERR_ATTESTATION_BATCH, BATCH ".treeSize: %u, expected 2 or more",
                             (unsigned)place.tree_size);
    }
    if (place.leaf_index >= place.tree_size) {
        return occ_error_set(err, OCC_ERR_ATTESTATION_BATCH, BATCH ".leafIndex: expected less than treeSize");
    }
    OCC_TRY(read_path(batch, err, &place));
    *ret_place = place;
    return occ_success();
}

/* ---- building a tree ---- */

/*
 * Complete subtrees of falling size, as the binary digits of the count so far; two of one size become one. What is left at
 * the end is joined from the right, the smallest first.
 */
void
occ_tree_root(const uint8_t (*proof_hashes)[OCC_SHA256_LEN], size_t count, uint8_t ret_root[OCC_SHA256_LEN])
{
    uint8_t stack[SUBTREES_MAX][OCC_SHA256_LEN];
    size_t height = 0;
    for (size_t i = 0; i < count; i++) {
        hash_leaf(proof_hashes[i], stack[height++]);
        for (size_t digit = i; (digit & 1) != 0; digit >>= 1) {
            height--;
            hash_node(stack[height - 1], stack[height], stack[height - 1]);
        }
    }
    for (; height > 1; height--) {
        hash_node(stack[height - 2], stack[height - 1], stack[height - 2]);
    }
    memcpy(ret_root, stack[0], OCC_SHA256_LEN);
}

void
occ_tree_place(const uint8_t (*proof_hashes)[OCC_SHA256_LEN], size_t count, size_t leaf_index,
               struct occ_tree_place *ret_place)
{
    struct occ_tree_place place = { .leaf_index = leaf_index, .tree_size = count };
    unsigned depth = 0;
    for (struct level level = leaves_of(leaf_index, count); !is_root(level); level = above(level), depth++) {
        if (!has_sibling(level)) {
            continue;
        }
        const size_t first = (size_t)(level.node ^ 1) << depth;
        const size_t whole = (size_t)1 << depth;
        const size_t width = count - first < whole ? count - first : whole;
        occ_tree_root(proof_hashes + first, width, place.path[place.path_len++]);
    }
    *ret_place = place;
}

/* ---- a tree whose nodes are kept ---- */

/* Nodes of the level above one of so many: a last one without a sibling goes up as it is. */
static size_t
count_above(size_t count)
{
    return (count + 1) / 2;
}

struct occ_result
occ_tree_begin(struct occ_tree *tree, size_t size)
{
    size_t total = size;
    for (size_t count = size; count > 1; total += count) {
        count = count_above(count);
    }
    if (total > tree->cap) {
        uint8_t(*nodes)[OCC_SHA256_LEN] = realloc(tree->nodes, total * sizeof nodes[0]);
        OCC_ENSURE(nodes != NULL, OCC_ERR_NOMEM);
        tree->nodes = nodes;
        tree->cap = total;
    }
    tree->size = size;
    tree->count = 0;
    return occ_success();
}

/* Fills the levels above the leaves. */
static void
finish(struct occ_tree *tree)
{
    uint8_t(*level)[OCC_SHA256_LEN] = tree->nodes;
    for (size_t count = tree->size; count > 1; count = count_above(count)) {
        uint8_t(*const next)[OCC_SHA256_LEN] = level + count;
        for (size_t i = 0; i + 1 < count; i += 2) {
            hash_node(level[i], level[i + 1], next[i / 2]);
        }
        if (count % 2 != 0) {
            memcpy(next[count / 2], level[count - 1], OCC_SHA256_LEN);
        }
        level = next;
    }
}

void
occ_tree_put(struct occ_tree *tree, const uint8_t proof_hash[OCC_SHA256_LEN])
{
    hash_leaf(proof_hash, tree->nodes[tree->count++]);
    if (tree->count == tree->size) {
        finish(tree);
    }
}

const uint8_t *
occ_tree_top(const struct occ_tree *tree)
{
    const uint8_t(*level)[OCC_SHA256_LEN] = (const uint8_t(*)[OCC_SHA256_LEN])tree->nodes;
    for (size_t count = tree->size; count > 1; count = count_above(count)) {
        level += count;
    }
    return level[0];
}

void
occ_tree_find(const struct occ_tree *tree, size_t leaf_index, struct occ_tree_place *ret_place)
{
    struct occ_tree_place *const place =
        ret_place; /* its path is written in place: it is large, and few of it is used */
    place->leaf_index = leaf_index;
    place->tree_size = tree->size;
    place->path_len = 0;
    const uint8_t(*nodes)[OCC_SHA256_LEN] = (const uint8_t(*)[OCC_SHA256_LEN])tree->nodes;
    size_t count = tree->size;
    for (struct level level = leaves_of(leaf_index, tree->size); !is_root(level); level = above(level)) {
        if (has_sibling(level)) {
            memcpy(place->path[place->path_len++], nodes[level.node ^ 1], OCC_SHA256_LEN);
        }
        nodes += count;
        count = count_above(count);
    }
}

void
occ_tree_clear(struct occ_tree *tree)
{
    free(tree->nodes);
    *tree = (struct occ_tree){ 0 };
}
