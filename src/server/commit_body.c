#include "server/commit_body.h"

#include <stdio.h>

#include "base/base64.h"
#include "codec/json.h"
#include "crypto/digest.h"
#include "proof/value.h"
#include "wire/commit.h"

/*
 * A proof without metadata and measurement has about 600 bytes; the longest possible counter, time and tier are in this.
 * A measurement counts twice, for characters that JSON escapes.
 */
enum { PROOF_LEN_MAX = 720, WHERE_SIZE = 64 };

struct context {
    const struct occ_commit_rules *rules;
    struct occ_error *err;
    struct occ_commit_writer writer;
    struct occ_buf value;    /* canonical text of one metadata */
    size_t shared_value_len; /* of the request's own metadata */
    struct occ_commit_body body;
};

static struct occ_result
unknown_field(struct occ_error *err, const char *where, struct occ_bytes name)
{
    return occ_error_set(err, OCC_ERR_FIELD_UNKNOWN, "%sunknown field \"%.*s\"", where, OCC_BYTES_ARG(name));
}

/* ---- the names that may be there ---- */

static bool
is_one_of(struct occ_bytes name, const char *const *names)
{
    for (; *names != NULL; names++) {
        if (occ_bytes_is(name, *names)) {
            return true;
        }
    }
    return false;
}

static struct occ_result
check_names(const struct occ_json *root, struct occ_error *err)
{
    static const char *const known[] = { "digests", "metadata", "prevProofId", NULL };
    /* Features that clients of other servers may ask for: to drop one in silence would be a proof of something else. */
    static const char *const unsupported[] = { "agency", "chainId", "attribution", "policy", "principal", NULL };
    struct occ_json_iter member = { 0 };
    while (occ_json_next(root, &member)) {
        if (is_one_of(member.name, unsupported)) {
            return occ_error_set(err, OCC_ERR_UNSUPPORTED, "%.*s: not supported by this server",
                                 OCC_BYTES_ARG(member.name));
        }
        if (!is_one_of(member.name, known)) {
            return unknown_field(err, "", member.name);
        }
    }
    /* PROTOCOL §3: an older client's prevProofId is accepted and has no effect. */
    const struct occ_json *previous = occ_json_get(root, "prevProofId");
    if (previous != NULL && !occ_json_is(previous, OCC_JSON_STRING)) {
        return occ_error_set(err, OCC_ERR_FIELD_TYPE, "prevProofId: %s, expected a string",
                             occ_json_type_name(previous));
    }
    return occ_success();
}

static struct occ_result
check_entry_names(const struct occ_json *entry, const char *where, struct occ_error *err)
{
    static const char *const known[] = { "digestB64", "hashAlg", "metadata", NULL };
    static const char *const unsupported[] = { "agency", "slotId", NULL };
    struct occ_json_iter member = { 0 };
    while (occ_json_next(entry, &member)) {
        if (is_one_of(member.name, unsupported)) {
            return occ_error_set(err, OCC_ERR_UNSUPPORTED, "%s.%.*s: not supported by this server", where,
                                 OCC_BYTES_ARG(member.name));
        }
        if (!is_one_of(member.name, known)) {
            char prefix[WHERE_SIZE + 2];
            (void)snprintf(prefix, sizeof(prefix), "%s: ", where);
            return unknown_field(err, prefix, member.name);
        }
    }
    return occ_success();
}

/* ---- one entry of digests ---- */

static struct occ_result
get_string(const struct occ_json *entry, const char *name, const char *where, struct occ_error *err,
           struct occ_bytes *ret_text)
{
    const struct occ_json *value = occ_json_get(entry, name);
    if (value == NULL) {
        return occ_error_set(err, OCC_ERR_FIELD_MISSING, "%s.%s: missing, expected a string", where, name);
    }
    if (!occ_json_is(value, OCC_JSON_STRING)) {
        return occ_error_set(err, OCC_ERR_FIELD_TYPE, "%s.%s: %s, expected a string", where, name,
                             occ_json_type_name(value));
    }
    *ret_text = occ_json_string(value);
    return occ_success();
}

static struct occ_result
read_digest(const struct occ_json *entry, const char *where, struct occ_error *err, uint8_t ret_digest[OCC_SHA256_LEN])
{
    struct occ_bytes text;
    size_t len;
    OCC_TRY(get_string(entry, "digestB64", where, err, &text));
    /* PROTOCOL §1: canonical base64 only. */
    if (!occ_is_ok(occ_base64_check(text, &len))) {
        return occ_error_set(err, OCC_ERR_FIELD_ENCODING,
                             "%s.digestB64: not canonical base64 (RFC 4648 section 4, padded)", where);
    }
    if (len != OCC_SHA256_LEN) {
        return occ_error_set(err, OCC_ERR_FIELD_LENGTH, "%s.digestB64: %zu bytes, expected %d", where, len,
                             OCC_SHA256_LEN);
    }
    return occ_base64_decode(text, OCC_SHA256_LEN, ret_digest, &len);
}

static struct occ_result
check_hash_alg(const struct occ_json *entry, const char *where, struct occ_error *err)
{
    struct occ_bytes text;
    OCC_TRY(get_string(entry, "hashAlg", where, err, &text));
    if (!occ_bytes_is(text, "sha256")) {
        return occ_error_set(err, OCC_ERR_FIELD_VALUE, "%s.hashAlg: \"%.*s\", expected \"sha256\"", where,
                             OCC_BYTES_ARG(text));
    }
    return occ_success();
}

/* Puts metadata of parent, if there is one, as a field; *ret_len = length of its canonical text, untouched if there is none. */
static struct occ_result
put_metadata(struct context *context, const struct occ_json *parent, const char *where, size_t *ret_len)
{
    const struct occ_json *metadata = occ_json_get(parent, "metadata");
    if (metadata == NULL) {
        return occ_success();
    }
    occ_buf_reset(&context->value);
    OCC_TRY(occ_value_put_metadata(metadata, where, context->err, &context->value));
    if (context->value.len == 0) {
        occ_buf_put_str(&context->value, "{}"); /* absent in the proof, and still in the place of the request's own */
    }
    OCC_TRY(occ_buf_check(&context->value));
    occ_commit_put_field(&context->writer, OCC_COMMIT_METADATA, occ_buf_view(&context->value));
    *ret_len = context->value.len;
    return occ_success();
}

static struct occ_result
put_entry(struct context *context, const struct occ_json *entry, size_t index)
{
    char where[WHERE_SIZE], metadata[WHERE_SIZE];
    (void)snprintf(where, sizeof(where), "digests[%zu]", index);
    (void)snprintf(metadata, sizeof(metadata), "digests[%zu].metadata", index);
    if (!occ_json_is(entry, OCC_JSON_OBJECT)) {
        return occ_error_set(context->err, OCC_ERR_FIELD_TYPE, "%s: %s, expected an object", where,
                             occ_json_type_name(entry));
    }
    uint8_t digest[OCC_SHA256_LEN];
    OCC_TRY(check_entry_names(entry, where, context->err));
    OCC_TRY(read_digest(entry, where, context->err, digest));
    OCC_TRY(check_hash_alg(entry, where, context->err));
    occ_commit_put_digest(&context->writer, digest);
    size_t value_len = context->shared_value_len; /* its own metadata stands in the place of the request's */
    OCC_TRY(put_metadata(context, entry, metadata, &value_len));
    context->body.answer_len +=
        PROOF_LEN_MAX + 2 * context->rules->measurement_len + strlen(",\"metadata\":") + value_len;
    return occ_success();
}

/* ---- the whole ---- */

static struct occ_result
check_digests(const struct occ_json *digests, const struct occ_commit_rules *rules, struct occ_error *err)
{
    if (digests == NULL) {
        return occ_error_set(err, OCC_ERR_FIELD_MISSING, "digests: missing, expected an array");
    }
    if (!occ_json_is(digests, OCC_JSON_ARRAY)) {
        return occ_error_set(err, OCC_ERR_FIELD_TYPE, "digests: %s, expected an array", occ_json_type_name(digests));
    }
    const size_t count = occ_json_length(digests);
    if (count == 0) {
        return occ_error_set(err, OCC_ERR_FIELD_LENGTH, "digests: 0 entries, at least 1");
    }
    if (count > rules->digests_max) {
        return occ_error_set(err, OCC_ERR_FIELD_LENGTH, "digests: %zu entries, at most %u", count, rules->digests_max);
    }
    return occ_success();
}

static struct occ_result
put_all(struct context *context, const struct occ_json *root, struct occ_bytes opaque)
{
    if (!occ_json_is(root, OCC_JSON_OBJECT)) {
        return occ_error_set(context->err, OCC_ERR_FIELD_TYPE, "body: %s, expected an object",
                             occ_json_type_name(root));
    }
    OCC_TRY(check_names(root, context->err));
    const struct occ_json *digests = occ_json_get(root, "digests");
    OCC_TRY(check_digests(digests, context->rules, context->err));
    occ_commit_begin_loose(&context->writer, &context->body.loose);
    occ_commit_put_request(&context->writer, opaque);
    OCC_TRY(put_metadata(context, root, "metadata", &context->shared_value_len));
    const size_t count = occ_json_length(digests);
    for (size_t i = 0; i < count; i++) {
        OCC_TRY(put_entry(context, occ_json_at(digests, i), i));
    }
    occ_commit_end_loose(&context->writer);
    context->body.digests = (uint32_t)count;
    return occ_success();
}

static struct occ_result
check_sizes(const struct occ_commit_body *body, struct occ_error *err)
{
    /* PROTOCOL §3: proof text of one answer at most 16 MiB, else 413; before anything is signed. */
    if (body->answer_len > OCC_LIMIT_ANSWER_LEN) {
        return occ_error_set(err, OCC_ERR_LIMIT, "digests: their proofs would have %zu bytes, at most %u",
                             body->answer_len, OCC_LIMIT_ANSWER_LEN);
    }
    const struct occ_result written = occ_buf_check(&body->loose);
    return occ_is_ok(written) ? written : occ_error_code(err, written.code);
}

struct occ_result
occ_commit_body_read(struct occ_bytes body, const struct occ_commit_rules *rules, struct occ_bytes opaque,
                     struct occ_error *err, struct occ_commit_body *ret_body)
{
    __attribute__((cleanup(occ_json_cleanup))) struct occ_json *root = NULL;
    OCC_TRY(occ_json_parse(body, OCC_LIMIT_JSON_DEPTH, err, &root));
    struct context context = { .rules = rules, .err = err };
    context.value = OCC_BUF_INIT(OCC_LIMIT_VALUE_LEN);
    context.body.loose = OCC_BUF_INIT(OCC_LIMIT_FRAME_LEN);
    struct occ_result result = put_all(&context, root, opaque);
    if (occ_is_ok(result)) {
        result = check_sizes(&context.body, err);
    }
    occ_buf_clear(&context.value);
    if (!occ_is_ok(result)) {
        occ_buf_clear(&context.body.loose);
        return result;
    }
    *ret_body = context.body;
    return occ_success();
}
