#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <unistd.h>

#include "cli/input.h"

static const char path[] = "occt-input.json";

static void
write_file(const void *content, size_t len)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(content, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

/* SHA-256 of "hello occ\n". */
static const char hello_hex[] = "8d897d34724fd15711561e8e304214e55006bdae9cbb991dae73eb94daff4675";
static const char hello_b64[] = "jYl9NHJP0VcRVh6OMEIU5VAGva6cu5kdrnPrlNr/RnU=";

static void
digests(void **state)
{
    (void)state;
    uint8_t hex[OCC_SHA256_LEN] = { 0 };
    uint8_t base64[OCC_SHA256_LEN] = { 0 };
    struct occ_error err = { 0 };
    assert_true(occ_is_ok(occ_input_digest(hello_hex, &err, hex)));
    assert_true(occ_is_ok(occ_input_digest(hello_b64, &err, base64)));
    assert_memory_equal(hex, base64, sizeof hex);
    assert_int_equal(hex[0], 0x8d);
}

static void
digest_refused(const char *text, const char *sentence)
{
    uint8_t digest[OCC_SHA256_LEN] = { 7 };
    struct occ_error err = { 0 };
    assert_int_equal(occ_input_digest(text, &err, digest).code, OCC_ERR_USAGE);
    assert_string_equal(err.text, sentence);
    assert_int_equal(digest[0], 7);
}

static void
digest_refusals(void **state)
{
    (void)state;
    const char *neither = "--digest: neither 64 characters of hex nor canonical base64";
    digest_refused("", "--digest: 0 bytes, expected 32 (a SHA-256 digest)");
    digest_refused("x", neither);
    digest_refused("QUJD", "--digest: 3 bytes, expected 32 (a SHA-256 digest)");
    digest_refused("jYl9NHJP0VcRVh6OMEIU5VAGva6cu5kdrnPrlNr/RnV=", neither);
    digest_refused("jYl9NHJP0VcRVh6OMEIU5VAGva6cu5kdrnPrlNr_RnU=", neither);
    digest_refused("jYl9NHJP0VcRVh6OMEIU5VAGva6cu5kdrnPrlNr/RnU", neither);
    digest_refused("8D897d34724fd15711561e8e304214e55006bdae9cbb991dae73eb94daff4675",
                   "--digest: 64 characters, but not lower-case hex");
    digest_refused("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIj",
                   "--digest: 36 bytes, expected 32 (a SHA-256 digest)");
}

static void
hashes_files(void **state)
{
    (void)state;
    const struct occ_cli cli = { .name = "occ" };
    struct occ_input_hash hash = { 0 };
    struct occ_error err = { 0 };
    uint8_t expected[OCC_SHA256_LEN] = { 0 };
    assert_true(occ_is_ok(occ_input_digest(hello_hex, &err, expected)));
    write_file("hello occ\n", 10);
    assert_true(occ_is_ok(occ_input_hash_file(&cli, path, &err, &hash)));
    assert_memory_equal(hash.digest, expected, sizeof expected);
    assert_int_equal(hash.size, 10);
    (void)unlink(path);
    assert_int_equal(occ_input_hash_file(&cli, path, &err, &hash).code, OCC_ERR_NOT_FOUND);
    assert_string_equal(err.text, "cannot open occt-input.json: No such file or directory");
}

/* More than one chunk of the reader, against one call on the whole. */
static void
hashes_long_files(void **state)
{
    (void)state;
    static uint8_t data[(1 << 20) + 17];
    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)(i * 31 + (i >> 8));
    }
    uint8_t expected[OCC_SHA256_LEN];
    occ_digest_sha256(occ_bytes_of(data, sizeof data), expected);
    write_file(data, sizeof data);
    const struct occ_cli cli = { .name = "occ" };
    struct occ_input_hash hash = { 0 };
    struct occ_error err = { 0 };
    assert_true(occ_is_ok(occ_input_hash_file(&cli, path, &err, &hash)));
    assert_memory_equal(hash.digest, expected, sizeof expected);
    assert_int_equal(hash.size, sizeof data);
    (void)unlink(path);
}

static void
proof_count(const char *content, size_t count)
{
    write_file(content, strlen(content));
    struct occ_json *root = NULL;
    struct occ_error err = { 0 };
    if (!occ_is_ok(occ_input_proofs(path, &err, &root))) {
        fail_msg("%s", err.text);
    }
    assert_int_equal(occ_input_proof_count(root), count);
    assert_non_null(occ_input_proof_at(root, count - 1));
    occ_json_free(root);
    (void)unlink(path);
}

static void
proofs_refused(const char *content, size_t len, enum occ_err code, const char *sentence)
{
    write_file(content, len);
    struct occ_json *root = NULL;
    struct occ_error err = { 0 };
    assert_int_equal(occ_input_proofs(path, &err, &root).code, code);
    assert_non_null(strstr(err.text, sentence));
    assert_null(root);
    (void)unlink(path);
}

static void
proofs(void **state)
{
    (void)state;
    proof_count("{}", 1);
    proof_count(" 3\n", 1);
    proof_count("\n[{},{}]", 2);
    proof_count("[]", 1); /* itself, which is no proof: PROTOCOL §3 */
    proofs_refused("{", 1, OCC_ERR_JSON_SYNTAX, "occt-input.json: ");
    proofs_refused("", 0, OCC_ERR_JSON_SYNTAX, "occt-input.json: ");
    proofs_refused("{\"a\":1,\"a\":1}", 13, OCC_ERR_JSON_DUPLICATE, "occt-input.json: ");
}

/* A proof may be 64 deep, alone and in an array. */
static void
depths(void **state)
{
    (void)state;
    for (size_t depth = 64; depth <= 65; depth++) {
        for (size_t in_array = 0; in_array <= 1; in_array++) {
            OCC_BUF_AUTO(buf, 1024);
            occ_buf_put_str(&buf, in_array == 1 ? "[" : "");
            for (size_t i = 1; i < depth; i++) {
                occ_buf_put_str(&buf, "{\"a\":");
            }
            occ_buf_put_str(&buf, "{}");
            for (size_t i = 1; i < depth; i++) {
                occ_buf_put_str(&buf, "}");
            }
            occ_buf_put_str(&buf, in_array == 1 ? "]" : "");
            assert_true(occ_is_ok(occ_buf_check(&buf)));
            write_file(buf.ptr, buf.len);
            struct occ_json *root = NULL;
            struct occ_error err = { 0 };
            const struct occ_result read = occ_input_proofs(path, &err, &root);
            assert_int_equal(read.code, depth == 64 ? OCC_OK : OCC_ERR_JSON_DEPTH);
            occ_json_free(root);
            (void)unlink(path);
        }
    }
}

static void
json_flags(void **state)
{
    (void)state;
    struct occ_json *root = NULL;
    struct occ_error err = { 0 };
    assert_true(occ_is_ok(occ_input_json_flag("--policy", " {\"a\":1}", true, &err, &root)));
    assert_int_equal(occ_json_length(root), 1);
    occ_json_free(root);
    write_file("{}", 2);
    assert_true(occ_is_ok(occ_input_json_flag("--policy", path, true, &err, &root)));
    occ_json_free(root);
    assert_true(occ_is_ok(occ_input_json_flag("--metadata", "@occt-input.json", false, &err, &root)));
    occ_json_free(root);
    root = NULL;
    /* A bare name is a file only where that is said. */
    assert_int_equal(occ_input_json_flag("--metadata", path, false, &err, &root).code, OCC_ERR_JSON_SYNTAX);
    write_file("[1]", 3);
    assert_int_equal(occ_input_json_flag("--policy", path, true, &err, &root).code, OCC_ERR_FIELD_TYPE);
    assert_string_equal(err.text, "--policy: an array, expected a JSON object");
    assert_int_equal(occ_input_json_flag("--policy", "[]", true, &err, &root).code, OCC_ERR_FIELD_TYPE);
    (void)unlink(path);
    assert_int_equal(occ_input_json_flag("--policy", path, true, &err, &root).code, OCC_ERR_NOT_FOUND);
    assert_null(root);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests),           cmocka_unit_test(digest_refusals), cmocka_unit_test(hashes_files),
        cmocka_unit_test(hashes_long_files), cmocka_unit_test(proofs),          cmocka_unit_test(depths),
        cmocka_unit_test(json_flags),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
