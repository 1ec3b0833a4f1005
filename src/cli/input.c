#include "cli/input.h"

#include "base/base64.h"
#include "base/hex.h"
#include "base/limits.h"
#include "cli/progress.h"
#include "os/file.h"

enum { CHUNK_LEN = 256 << 10 };

const char *
occ_input_name(const char *path)
{
    return strcmp(path, "-") == 0 ? "standard input" : path;
}

static void
close_file(const int *fd)
{
    if (*fd >= 0) {
        occ_file_close(*fd);
    }
}

static void
free_digest(struct occ_digest **digest)
{
    if (*digest != NULL) {
        occ_digest_free(*digest);
    }
}

static OCC_RESULT
hash_all(int fd, const char *path, struct occ_progress *progress, struct occ_error *err,
         struct occ_input_hash *ret_hash)
{
    __attribute__((cleanup(free_digest))) struct occ_digest *digest = NULL;
    OCC_BUF_AUTO(chunk, CHUNK_LEN);
    uint8_t *to = occ_buf_reserve(&chunk, CHUNK_LEN);
    if (to == NULL || !occ_is_ok(occ_digest_new(&digest))) {
        return occ_error_set(err, OCC_ERR_NOMEM, "%s: out of memory", occ_input_name(path));
    }
    uint64_t size = 0;
    for (;;) {
        size_t len = 0;
        struct occ_error why = { 0 };
        const struct occ_result result = occ_file_read_some(fd, &why, to, CHUNK_LEN, &len);
        if (!occ_is_ok(result)) {
            return occ_error_set(err, result.code, "%s: %s", occ_input_name(path), why.text);
        }
        if (len == 0) {
            break;
        }
        OCC_TRY(occ_digest_update(digest, occ_bytes_of(to, len)));
        size += len;
        occ_progress_update(progress, size);
    }
    OCC_TRY(occ_digest_final(digest, ret_hash->digest));
    ret_hash->size = size;
    return occ_success();
}

struct occ_result
occ_input_hash_file(const struct occ_cli *cli, const char *path, struct occ_error *err, struct occ_input_hash *ret_hash)
{
    __attribute__((cleanup(close_file))) int fd = -1;
    uint64_t total = 0;
    OCC_TRY(occ_file_open(path, err, &fd, &total));
    struct occ_progress progress = occ_progress_begin(cli, occ_input_name(path), total);
    struct occ_input_hash hash = { 0 };
    const struct occ_result result = hash_all(fd, path, &progress, err, &hash);
    occ_progress_end(&progress);
    if (occ_is_ok(result)) {
        *ret_hash = hash;
        return result;
    }
    return err->code == OCC_OK ? occ_error_code(err, result.code) : result;
}

struct occ_result
occ_input_digest(const char *text, struct occ_error *err, uint8_t ret_digest[OCC_SHA256_LEN])
{
    const struct occ_bytes bytes = occ_bytes_str(text);
    if (bytes.len == (size_t)OCC_SHA256_LEN * 2) {
        if (occ_is_ok(occ_hex_decode(bytes, OCC_SHA256_LEN, ret_digest))) {
            return occ_success();
        }
        return occ_error_set(err, OCC_ERR_USAGE, "--digest: 64 characters, but not lower-case hex");
    }
    uint8_t digest[OCC_SHA256_LEN] = { 0 };
    size_t len = 0;
    const struct occ_result result = occ_base64_decode(bytes, sizeof digest, digest, &len);
    if (result.code == OCC_ERR_BASE64) {
        return occ_error_set(err, OCC_ERR_USAGE, "--digest: neither 64 characters of hex nor canonical base64");
    }
    size_t found = len;
    if (!occ_is_ok(result) && !occ_is_ok(occ_base64_check(bytes, &found))) {
        return occ_error_set(err, OCC_ERR_USAGE, "--digest: neither 64 characters of hex nor canonical base64");
    }
    if (found != OCC_SHA256_LEN) {
        return occ_error_set(err, OCC_ERR_USAGE, "--digest: %zu bytes, expected %d (a SHA-256 digest)", found,
                             (int)OCC_SHA256_LEN);
    }
    memcpy(ret_digest, digest, sizeof digest);
    return occ_success();
}

/* Parses and puts the name in front of what the reader says; a text with too much in it is malformed input. */
static OCC_RESULT
parse_named(const char *name, struct occ_bytes text, unsigned depth, struct occ_error *err, struct occ_json **ret_root)
{
    struct occ_error why = { 0 };
    const struct occ_result result = occ_json_parse(text, depth, &why, ret_root);
    if (!occ_is_ok(result)) {
        const enum occ_err code = result.code == OCC_ERR_LIMIT ? OCC_ERR_USAGE : result.code;
        return occ_error_set(err, code, "%s: %s", name, why.text);
    }
    return result;
}

/* Reads a file that is to be JSON. What is too large for that is malformed input, not a failure of the machine. */
static OCC_RESULT
read_document(const char *path, struct occ_error *err, struct occ_buf *buf)
{
    const struct occ_result result = occ_file_read(path, err, buf);
    if (result.code == OCC_ERR_LIMIT) {
        return occ_error_set(err, OCC_ERR_USAGE, "%s: larger than %zu bytes, the most that is read",
                             occ_input_name(path), buf->limit);
    }
    return result;
}

/* Proofs in an array stand one level deeper than a proof alone. */
static unsigned
depth_for(struct occ_bytes text)
{
    size_t at = 0;
    while (at < text.len && (text.ptr[at] == ' ' || (text.ptr[at] >= '\t' && text.ptr[at] <= '\r'))) {
        at++;
    }
    return at < text.len && text.ptr[at] == '[' ? OCC_LIMIT_JSON_DEPTH + 1 : OCC_LIMIT_JSON_DEPTH;
}

struct occ_result
occ_input_proofs(const char *path, struct occ_error *err, struct occ_json **ret_root)
{
    OCC_BUF_AUTO(text, OCC_LIMIT_PROOFS_LEN);
    OCC_TRY(read_document(path, err, &text));
    struct occ_json *root = NULL;
    const struct occ_bytes view = occ_buf_view(&text);
    OCC_TRY(parse_named(occ_input_name(path), view, depth_for(view), err, &root));
    if (!occ_json_is(root, OCC_JSON_ARRAY) && view.len > OCC_LIMIT_PROOF_LEN) {
        occ_json_free(root);
        return occ_error_set(err, OCC_ERR_USAGE, "%s: %zu bytes, one proof is at most %u", occ_input_name(path),
                             view.len, (unsigned)OCC_LIMIT_PROOF_LEN);
    }
    *ret_root = root;
    return occ_success();
}

bool
occ_input_is_proofs(const struct occ_json *root)
{
    return occ_json_is(root, OCC_JSON_ARRAY) && occ_json_length(root) > 0;
}

size_t
occ_input_proof_count(const struct occ_json *root)
{
    return occ_input_is_proofs(root) ? occ_json_length(root) : 1;
}

const struct occ_json *
occ_input_proof_at(const struct occ_json *root, size_t index)
{
    return occ_input_is_proofs(root) ? occ_json_at(root, index) : root;
}

struct occ_result
occ_input_json_flag(const char *flag, const char *text, bool file_by_name, struct occ_error *err,
                    struct occ_json **ret_root)
{
    struct occ_json *root = NULL;
    const bool at = text[0] == '@';
    const size_t blanks = strspn(text, " \t\r\n");
    if (text[blanks] != '{' && text[blanks] != '[' && (at || file_by_name)) {
        const char *path = at ? text + 1 : text;
        OCC_BUF_AUTO(content, OCC_LIMIT_POLICY_LEN);
        OCC_TRY(read_document(path, err, &content));
        OCC_TRY(parse_named(occ_input_name(path), occ_buf_view(&content), OCC_LIMIT_JSON_DEPTH, err, &root));
    } else {
        OCC_TRY(parse_named(flag, occ_bytes_str(text), OCC_LIMIT_JSON_DEPTH, err, &root));
    }
    if (!occ_json_is(root, OCC_JSON_OBJECT)) {
        const struct occ_result result =
            occ_error_set(err, OCC_ERR_FIELD_TYPE, "%s: %s, expected a JSON object", flag, occ_json_type_name(root));
        occ_json_free(root);
        return result;
    }
    *ret_root = root;
    return occ_success();
}
