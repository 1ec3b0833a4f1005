/*
 * tests/unit/proof/tree.c — src/proof/tree.c: roots and paths against those of another program (the recursive definitions
 * of RFC 6962 §2.1, written down in JavaScript), every place in every small tree, and one case per refusal.
 */
#include "proof/tree.h"
#include "unit/proof/support.h"

enum { LEAVES = 10000, ROOTS = 600, SMALL = 130 };

/* Leaf number i is the SHA-256 of its decimal text. */
static uint8_t leaves[LEAVES][OCC_SHA256_LEN];

static int
make_leaves(void **state)
{
    (void)state;
    for (unsigned i = 0; i < LEAVES; i++) {
        char text[16];
        snprintf(text, sizeof text, "%u", i);
        occ_digest_sha256(occ_bytes_str(text), leaves[i]);
    }
    return 0;
}

static const uint8_t (*all_leaves(void))[OCC_SHA256_LEN]
{
    return (const uint8_t(*)[OCC_SHA256_LEN])leaves;
}

static void
assert_root(size_t count, const char *expected)
{
    uint8_t root[OCC_SHA256_LEN];
    occ_tree_root(all_leaves(), count, root);
    assert_hex(occ_bytes_of(root, sizeof root), expected);
}

static void
test_roots(void **state)
{
    (void)state;
    assert_root(1, "13a77175e35eb1d9da91ee14df0d7772cea71289800206e2b45c882ecb06efbf");
    assert_root(2, "bbb441530bdded54e6e2bfcdc829819ff39b30768eb9f023071dffc16b410f10");
    assert_root(3, "8be871f13785b4c81a1700459c76ac2b3ae2caebb7876c376e223c6adff98c47");
    assert_root(7, "5653c4ab2514ccd6ea4f0159702d2aba901f2562aa75abcff5a19e344bee038f");
    assert_root(1000, "3b93b70ed68de7847cfafb398f3df0cf232fe05dfb117f8a8cf9dc31990ddb3b");
    assert_root(10000, "cd6b1bd832c94a709600ce8bf4502846f86e84b3349913b83bc04e0dc7da2210");
    OCC_BUF_AUTO(roots, ROOTS * OCC_SHA256_LEN);
    for (size_t count = 1; count <= ROOTS; count++) {
        uint8_t root[OCC_SHA256_LEN];
        occ_tree_root(all_leaves(), count, root);
        occ_buf_put(&roots, occ_bytes_of(root, sizeof root));
    }
    uint8_t hash[OCC_SHA256_LEN];
    occ_digest_sha256(occ_buf_view(&roots), hash);
    assert_hex(occ_bytes_of(hash, sizeof hash), "ba3897f76be9126535a76edaa72f39bf72078ae113e64e4a7c3e92fbf3816e21");
}

static void
test_paths(void **state)
{
    (void)state;
    OCC_BUF_AUTO(paths, 4 << 20);
    for (size_t count = 1; count <= SMALL; count++) {
        for (size_t leaf = 0; leaf < count; leaf++) {
            struct occ_tree_place place = { 0 };
            occ_tree_place(all_leaves(), count, leaf, &place);
            assert_int_equal(place.leaf_index, leaf);
            assert_int_equal(place.tree_size, count);
            occ_buf_put(&paths, occ_bytes_of(place.path, place.path_len * OCC_SHA256_LEN));
        }
    }
    uint8_t hash[OCC_SHA256_LEN];
    assert_true(occ_is_ok(occ_buf_check(&paths)));
    occ_digest_sha256(occ_buf_view(&paths), hash);
    assert_hex(occ_bytes_of(hash, sizeof hash), "cbad24cffbe7680762b553ac18f96cd79774ec709dc827f50d2b6ac690fe1de5");
}

/* The tree whose nodes are kept, over the first count leaves. */
static void
grow(struct occ_tree *tree, size_t count)
{
    assert_true(occ_is_ok(occ_tree_begin(tree, count)));
    for (size_t i = 0; i < count; i++) {
        occ_tree_put(tree, leaves[i]);
    }
}

/* RFC 6962 §2.1 as it is written: split at the largest power of two below the count. */
static void
root_by_definition(const uint8_t (*list)[OCC_SHA256_LEN], size_t count, uint8_t ret_root[OCC_SHA256_LEN])
{
    uint8_t input[1 + 2 * OCC_SHA256_LEN] = { count > 1 };
    size_t half = 1;
    while (half * 2 < count) {
        half *= 2;
    }
    if (count == 1) {
        memcpy(input + 1, list[0], OCC_SHA256_LEN);
    } else {
        root_by_definition(list, half, input + 1);
        root_by_definition(list + half, count - half, input + 1 + OCC_SHA256_LEN);
    }
    occ_digest_sha256(occ_bytes_of(input, count == 1 ? 1 + OCC_SHA256_LEN : sizeof input), ret_root);
}

/* Every place of every tree up to SMALL leaves, and of some large ones: as the slow functions say, and as its root says. */
static void
test_kept(void **state)
{
    (void)state;
    static const size_t large[] = { 255, 256, 257, 1000, 1024, 4095, 10000 };
    struct occ_tree tree = { 0 };
    for (size_t i = 0; i < SMALL + 7; i++) {
        const size_t count = i < SMALL ? i + 1 : large[i - SMALL];
        uint8_t root[OCC_SHA256_LEN], from_place[OCC_SHA256_LEN];
        grow(&tree, count);
        root_by_definition(all_leaves(), count, root);
        assert_memory_equal(occ_tree_top(&tree), root, sizeof root);
        for (size_t leaf = 0; leaf < count; leaf++) {
            struct occ_tree_place place;
            occ_tree_find(&tree, leaf, &place);
            assert_int_equal(place.leaf_index, leaf);
            assert_int_equal(place.tree_size, count);
            occ_tree_root_of(&place, leaves[leaf], from_place);
            assert_memory_equal(from_place, root, sizeof root);
            if (count <= SMALL || leaf % 997 == 0) {
                struct occ_tree_place slow = { 0 };
                occ_tree_place(all_leaves(), count, leaf, &slow);
                assert_int_equal(place.path_len, slow.path_len);
                assert_memory_equal(place.path, slow.path, slow.path_len * OCC_SHA256_LEN);
            }
        }
    }
    occ_tree_clear(&tree);
    assert_null(tree.nodes);
}

/* A wrong leaf, a wrong path, another tree: another root. */
static void
test_kept_wrong(void **state)
{
    (void)state;
    static const size_t sizes[] = { 1, 2, 3, 7, 100, 1000, 10000 };
    struct occ_tree tree = { 0 };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const size_t count = sizes[i], leaf = count / 3;
        uint8_t root[OCC_SHA256_LEN], other[OCC_SHA256_LEN];
        struct occ_tree_place place;
        grow(&tree, count);
        memcpy(root, occ_tree_top(&tree), sizeof root);
        occ_tree_find(&tree, leaf, &place);
        occ_tree_root_of(&place, leaves[leaf + 1], other);
        assert_memory_not_equal(other, root, sizeof root);
        for (size_t j = 0; j < place.path_len; j++) {
            struct occ_tree_place wrong = place;
            wrong.path[j][31] ^= 1;
            occ_tree_root_of(&wrong, leaves[leaf], other);
            assert_memory_not_equal(other, root, sizeof root);
        }
        grow(&tree, count + 1 > LEAVES ? count - 1 : count + 1);
        assert_memory_not_equal(occ_tree_top(&tree), root, sizeof root);
    }
    occ_tree_clear(&tree);
}

/* environment.attestation.batch of a place, as its owner would write it. */
static void
put_batch(struct occ_buf *buf, const struct occ_tree_place *place)
{
    occ_buf_put_str(buf, "{\"leafIndex\":");
    occ_buf_put_u64(buf, place->leaf_index);
    occ_buf_put_str(buf, ",\"treeSize\":");
    occ_buf_put_u64(buf, place->tree_size);
    occ_buf_put_str(buf, ",\"pathB64\":[");
    for (size_t i = 0; i < place->path_len; i++) {
        occ_buf_put_str(buf, i == 0 ? "\"" : ",\"");
        occ_base64_put(buf, occ_bytes_of(place->path[i], OCC_SHA256_LEN));
        occ_buf_put_byte(buf, '"');
    }
    occ_buf_put_str(buf, "]}");
    occ_buf_put_byte(buf, 0);
}

static struct occ_result
read_batch(const char *text, struct occ_error *err, struct occ_tree_place *ret_place)
{
    struct occ_json *batch = parse_json(text);
    const struct occ_result result = occ_tree_read(batch, err, ret_place);
    occ_json_free(batch);
    return result;
}

static struct occ_result
read_place(const struct occ_tree_place *place, struct occ_tree_place *ret_place)
{
    OCC_BUF_AUTO(text, 1 << 16);
    put_batch(&text, place);
    return read_batch((const char *)text.ptr, NULL, ret_place);
}

static bool
leads_to(const struct occ_tree_place *place, const uint8_t leaf[OCC_SHA256_LEN], const uint8_t root[OCC_SHA256_LEN])
{
    uint8_t found[OCC_SHA256_LEN];
    occ_tree_root_of(place, leaf, found);
    return memcmp(found, root, OCC_SHA256_LEN) == 0;
}

/* A place that is not the leaf's: it is refused, or it gives another root. */
static void
assert_no_place(const struct occ_tree_place *place, size_t leaf, const uint8_t root[OCC_SHA256_LEN])
{
    struct occ_tree_place read = { 0 };
    const struct occ_result result = read_place(place, &read);
    if (occ_is_ok(result)) {
        assert_false(leads_to(&read, leaves[leaf], root));
        return;
    }
    assert_int_equal(result.code, OCC_ERR_ATTESTATION_BATCH);
}

static void
check_wrong_places(const struct occ_tree_place *place, size_t leaf, const uint8_t root[OCC_SHA256_LEN])
{
    struct occ_tree_place wrong = *place;
    for (wrong.leaf_index = 0; wrong.leaf_index < place->tree_size; wrong.leaf_index++) {
        if (wrong.leaf_index != place->leaf_index) {
            assert_no_place(&wrong, leaf, root);
        }
    }
    wrong = *place;
    for (size_t i = 0; i < place->path_len; i++) {
        wrong.path[i][i % OCC_SHA256_LEN] ^= 1;
        assert_no_place(&wrong, leaf, root);
        wrong.path[i][i % OCC_SHA256_LEN] ^= 1;
    }
    wrong.path_len = place->path_len - 1;
    assert_int_equal(read_place(&wrong, &wrong).code, OCC_ERR_ATTESTATION_BATCH);
    wrong.path_len = place->path_len + 1;
    assert_int_equal(read_place(&wrong, &wrong).code, OCC_ERR_ATTESTATION_BATCH);
    assert_false(leads_to(place, leaves[leaf + 1], root));
    assert_false(leads_to(place, root, root));
}

/*
 * Another size can have the very same path and root: the size is not hashed (RFC 6962 §2.1.1), and what it decides is the
 * shape of the path. So a wrong size may pass, if and only if this leaf's way to the root is the same in both trees.
 */
static void
check_wrong_sizes(const struct occ_tree_place *place, size_t leaf, const uint8_t root[OCC_SHA256_LEN])
{
    struct occ_tree_place wrong = *place;
    for (wrong.tree_size = 0; wrong.tree_size < 2 * place->tree_size + 2; wrong.tree_size++) {
        struct occ_tree_place read = { 0 };
        if (wrong.tree_size == place->tree_size || !occ_is_ok(read_place(&wrong, &read))) {
            continue;
        }
        bool same_way = true;
        for (uint64_t node = leaf, a = wrong.tree_size - 1, b = place->tree_size - 1; a > 0 || b > 0;
             node >>= 1, a >>= 1, b >>= 1) {
            same_way = same_way && ((node & 1) != 0 || (node < a) == (node < b)) && (a > 0) == (b > 0);
        }
        assert_int_equal(leads_to(&read, leaves[leaf], root), same_way);
    }
}

static void
test_small_trees(void **state)
{
    (void)state;
    for (size_t count = 2; count <= SMALL; count++) {
        uint8_t root[OCC_SHA256_LEN];
        occ_tree_root(all_leaves(), count, root);
        for (size_t leaf = 0; leaf < count; leaf++) {
            struct occ_tree_place place = { 0 };
            struct occ_tree_place read = { 0 };
            occ_tree_place(all_leaves(), count, leaf, &place);
            assert_true(occ_is_ok(read_place(&place, &read)));
            assert_memory_equal(&read, &place, sizeof place);
            assert_true(leads_to(&read, leaves[leaf], root));
            if (count <= 20 || count == SMALL - 1) {
                check_wrong_places(&place, leaf, root);
            }
            if (count <= 40) {
                check_wrong_sizes(&place, leaf, root);
            }
        }
    }
}

static void
test_large_trees(void **state)
{
    (void)state;
    static const size_t sizes[] = { 255, 256, 257, 1000, 4095, 4097, LEAVES };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        uint8_t root[OCC_SHA256_LEN];
        occ_tree_root(all_leaves(), sizes[i], root);
        const size_t step = sizes[i] <= 257 ? 1 : sizes[i] / 50;
        for (size_t leaf = 0; leaf < sizes[i]; leaf += step) {
            struct occ_tree_place place = { 0 };
            occ_tree_place(all_leaves(), sizes[i], leaf, &place);
            assert_true(occ_is_ok(read_place(&place, &place)));
            assert_true(leads_to(&place, leaves[leaf], root));
        }
        struct occ_tree_place last = { 0 };
        occ_tree_place(all_leaves(), sizes[i], sizes[i] - 1, &last);
        assert_true(leads_to(&last, leaves[sizes[i] - 1], root));
    }
}

/* The largest tree: 40 hashes, and nothing beyond. */
static void
test_largest(void **state)
{
    (void)state;
    struct occ_tree_place place = { .tree_size = (uint64_t)1 << 40, .path_len = 40 };
    struct occ_tree_place read = { 0 };
    assert_true(occ_is_ok(read_place(&place, &read)));
    assert_int_equal(read.path_len, 40);
    place.leaf_index = place.tree_size - 1;
    assert_true(occ_is_ok(read_place(&place, &read)));
    place.leaf_index = place.tree_size;
    assert_int_equal(read_place(&place, &read).code, OCC_ERR_ATTESTATION_BATCH);
    place.leaf_index = 0;
    place.tree_size++;
    assert_int_equal(read_place(&place, &read).code, OCC_ERR_ATTESTATION_BATCH);
}

#define AT "environment.attestation.batch"
#define PATH_1 "\"pathB64\":[\"" DIGEST_B64 "\"]"
#define WHOLE "expected a whole number from 0 to 2^40"

static void
test_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *batch, *text;
    } cases[] = {
        { "{\"leafIndex\":1,\"treeSize\":2," PATH_1 "}", "" },
        { "[]", AT ": an array, expected an object" },
        { "{\"leafIndex\":0,\"treeSize\":2," PATH_1 ",\"x\":1}", AT ".x: an unknown field" },
        { "{\"treeSize\":2," PATH_1 "}", AT ".leafIndex: missing" },
        { "{\"leafIndex\":0," PATH_1 "}", AT ".treeSize: missing" },
        { "{\"leafIndex\":0,\"treeSize\":2}", AT ".pathB64: missing" },
        { "{\"leafIndex\":\"0\",\"treeSize\":2," PATH_1 "}", AT ".leafIndex: a string, expected a number" },
        { "{\"leafIndex\":0,\"treeSize\":null," PATH_1 "}", AT ".treeSize: null, expected a number" },
        { "{\"leafIndex\":0.5,\"treeSize\":2," PATH_1 "}", AT ".leafIndex: " WHOLE },
        { "{\"leafIndex\":-1,\"treeSize\":2," PATH_1 "}", AT ".leafIndex: " WHOLE },
        { "{\"leafIndex\":0,\"treeSize\":2.000001," PATH_1 "}", AT ".treeSize: " WHOLE },
        { "{\"leafIndex\":0,\"treeSize\":1099511627777," PATH_1 "}", AT ".treeSize: " WHOLE },
        { "{\"leafIndex\":0,\"treeSize\":1e300," PATH_1 "}", AT ".treeSize: " WHOLE },
        { "{\"leafIndex\":0,\"treeSize\":0," PATH_1 "}", AT ".treeSize: 0, expected 2 or more" },
        { "{\"leafIndex\":0,\"treeSize\":1,\"pathB64\":[]}", AT ".treeSize: 1, expected 2 or more" },
        { "{\"leafIndex\":2,\"treeSize\":2," PATH_1 "}", AT ".leafIndex: expected less than treeSize" },
        { "{\"leafIndex\":0,\"treeSize\":2,\"pathB64\":{}}", AT ".pathB64: an object, expected an array" },
        { "{\"leafIndex\":0,\"treeSize\":2,\"pathB64\":[]}", AT ".pathB64: 0 hashes, expected 1" },
        { "{\"leafIndex\":0,\"treeSize\":3," PATH_1 "}", AT ".pathB64: 1 hashes, expected 2" },
        { "{\"leafIndex\":0,\"treeSize\":2,\"pathB64\":[1]}", AT ".pathB64[0]: expected canonical base64 of 32 bytes" },
        { "{\"leafIndex\":0,\"treeSize\":2,\"pathB64\":[\"AAAA\"]}",
          AT ".pathB64[0]: expected canonical base64 of 32 bytes" },
        { "{\"leafIndex\":0,\"treeSize\":2,\"pathB64\":[\"" DIGEST_B64 "AAAA\"]}",
          AT ".pathB64[0]: expected canonical base64 of 32 bytes" },
        { "{\"leafIndex\":0,\"treeSize\":2,\"pathB64\":[\"jYl9NHJP0VcRVh6OMEIU5VAGva6cu5kdrnPrlNr/RnV=\"]}",
          AT ".pathB64[0]: expected canonical base64 of 32 bytes" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct occ_error err = { 0 };
        struct occ_tree_place place = { .leaf_index = 77 };
        const struct occ_result result = read_batch(cases[i].batch, &err, &place);
        assert_string_equal(err.text, cases[i].text);
        assert_int_equal(result.code, i == 0 ? OCC_OK : OCC_ERR_ATTESTATION_BATCH);
        assert_int_equal(place.leaf_index, i == 0 ? 1 : 77); /* untouched on failure */
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_roots),      cmocka_unit_test(test_paths),       cmocka_unit_test(test_kept),
        cmocka_unit_test(test_kept_wrong), cmocka_unit_test(test_small_trees), cmocka_unit_test(test_large_trees),
        cmocka_unit_test(test_largest),    cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, make_leaves, NULL);
}
