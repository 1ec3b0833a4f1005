#include "server/commit_body.h"

#include <stdio.h>

#include "base/base64.h"
#include "crypto/digest.h"
#include "server/commit_field.h"

/*
 * A proof with nothing that a caller added has about 600 bytes; the longest possible counter, time and tier are in this.
 */
enum { PROOF_LEN_MAX = 720, WHERE_SIZE = 64 };
/*
 * PROTOCOL §6: one proof of a request may be its chain's first, with an epochLink: 400 bytes, and the epochId and the
 * measurement before.
 */
enum { EPOCH_LINK_LEN_MAX = 512 + 2 * OCC_LIMIT_EPOCH_ID_LEN + 2 * OCC_LIMIT_PEER_MEASUREMENT_LEN };
/* "attestation":{"batch":{…},"format":"…","reportB64":"…"}, — all but format and document; the tree's path has 14 hashes. */
enum { ATTESTATION_LEN_MAX = 64, TREE_DEPTH_MAX = 14, BATCH_LEN_MAX = 96 + TREE_DEPTH_MAX * (OCC_BASE64_LEN(32) + 3) };
_Static_assert(OCC_LIMIT_ATTEST_LEAVES <= 1 << TREE_DEPTH_MAX, "a path is longer than is reckoned with");

struct context {
    const struct occ_commit_rules *rules;
    struct occ_error *err;
    struct occ_commit_writer writer;
    struct occ_buf value; /* canonical text of one value */
    struct occ_commit_fields fields;
    size_t shared_metadata_len;    /* what the request's own metadata adds to a proof, */
    size_t shared_len;             /* and what its other members do */
    const struct occ_json *agency; /* the request's, for its only digest */
    struct occ_commit_body body;
};

/* ---- the names that may be there ---- */

/* The members of an object in the order of names, NULL where there is none. An unknown name is refused. */
static struct occ_result
collect(const struct occ_json *object, const char *const *names, const char *where, struct occ_error *err,
        const struct occ_json **ret_members)
{
    struct occ_json_iter member = { 0 };
    while (occ_json_next(object, &member)) {
        size_t i = 0;
        while (names[i] != NULL && !occ_bytes_is(member.name, names[i])) {
            i++;
        }
        if (names[i] == NULL) {
            return occ_error_set(err, OCC_ERR_FIELD_UNKNOWN, "%sunknown field \"%.*s\"", where,
                                 OCC_BYTES_ARG(member.name));
        }
        ret_members[i] = member.value;
    }
    return occ_success();
}

enum { DIGESTS, METADATA, AGENCY, CHAIN_ID, ATTRIBUTION, POLICY, PRINCIPAL, PREV_PROOF_ID, MEMBERS };
static const char *const member_names[] = { "digests", "metadata",  "agency",      "chainId", "attribution",
                                            "policy",  "principal", "prevProofId", NULL };

enum { DIGEST_B64, HASH_ALG, OWN_METADATA, OWN_AGENCY, SLOT_ID, ENTRY_MEMBERS };
static const char *const entry_names[] = { "digestB64", "hashAlg", "metadata", "agency", "slotId", NULL };

/* ---- one entry of digests ---- */

static struct occ_result
get_string(const struct occ_json *value, const char *name, const char *where, struct occ_error *err,
           struct occ_bytes *ret_text)
{
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
read_digest(const struct occ_json *value, const char *where, struct occ_error *err, uint8_t ret_digest[OCC_SHA256_LEN])
{
    struct occ_bytes text;
    size_t len;
    OCC_TRY(get_string(value, "digestB64", where, err, &text));
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
check_hash_alg(const struct occ_json *value, const char *where, struct occ_error *err)
{
    struct occ_bytes text;
    OCC_TRY(get_string(value, "hashAlg", where, err, &text));
    if (!occ_bytes_is(text, "sha256")) {
        return occ_error_set(err, OCC_ERR_FIELD_VALUE, "%s.hashAlg: \"%.*s\", expected \"sha256\"", where,
                             OCC_BYTES_ARG(text));
    }
    return occ_success();
}

/* What only some entries have. *len: what it adds to the proof. */
static struct occ_result
put_entry_fields(struct context *context, const struct occ_json *const *members, size_t index, size_t *len)
{
    char where[WHERE_SIZE];
    size_t field_len;
    if (members[OWN_METADATA] != NULL) {
        (void)snprintf(where, sizeof(where), "digests[%zu].metadata", index);
        OCC_TRY(occ_commit_field_put_metadata(&context->fields, members[OWN_METADATA], where, &field_len));
        *len += field_len;
    } else {
        *len += context->shared_metadata_len; /* its own would stand in the place of the request's */
    }
    if (members[OWN_AGENCY] != NULL) {
        (void)snprintf(where, sizeof(where), "digests[%zu].agency", index);
        if (context->agency != NULL) {
            return occ_error_set(context->err, OCC_ERR_FIELD_VALUE,
                                 "%s: agency is given beside it, expected one of them", where);
        }
        OCC_TRY(occ_commit_field_put_agency(&context->fields, members[OWN_AGENCY], where, &field_len));
        *len += field_len;
    }
    if (members[SLOT_ID] != NULL) {
        (void)snprintf(where, sizeof(where), "digests[%zu].slotId", index);
        OCC_TRY(occ_commit_field_put_slot(&context->fields, members[SLOT_ID], where, &field_len));
        *len += field_len;
    }
    return occ_success();
}

/* What a proof has without anything that a caller added, and without its document. */
static size_t
bare_len(const struct occ_commit_rules *rules)
{
    /* Characters that JSON escapes: a measurement counts twice, and so does the format. */
    const size_t len = PROOF_LEN_MAX + 2 * rules->measurement_len;
    if (rules->format_len == 0) {
        return len;
    }
    return len + ATTESTATION_LEN_MAX + 2 * rules->format_len + (rules->is_batch ? BATCH_LEN_MAX : 0);
}

static struct occ_result
put_entry(struct context *context, const struct occ_json *entry, size_t index)
{
    char where[WHERE_SIZE], prefix[WHERE_SIZE];
    (void)snprintf(where, sizeof(where), "digests[%zu]", index);
    (void)snprintf(prefix, sizeof(prefix), "digests[%zu]: ", index);
    if (!occ_json_is(entry, OCC_JSON_OBJECT)) {
        return occ_error_set(context->err, OCC_ERR_FIELD_TYPE, "%s: %s, expected an object", where,
                             occ_json_type_name(entry));
    }
    uint8_t digest[OCC_SHA256_LEN];
    const struct occ_json *members[ENTRY_MEMBERS] = { NULL };
    OCC_TRY(collect(entry, entry_names, prefix, context->err, members));
    OCC_TRY(read_digest(members[DIGEST_B64], where, context->err, digest));
    OCC_TRY(check_hash_alg(members[HASH_ALG], where, context->err));
    occ_commit_put_digest(&context->writer, digest);
    size_t len = bare_len(context->rules) + context->shared_len;
    OCC_TRY(put_entry_fields(context, members, index, &len));
    context->body.text_len += len;
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

/* PROTOCOL §3: an older client's prevProofId is accepted and has no effect. */
static struct occ_result
check_previous(const struct occ_json *previous, struct occ_error *err)
{
    if (previous != NULL && !occ_json_is(previous, OCC_JSON_STRING)) {
        return occ_error_set(err, OCC_ERR_FIELD_TYPE, "prevProofId: %s, expected a string",
                             occ_json_type_name(previous));
    }
    return occ_success();
}

/* The request's own agency, for its only digest (PROTOCOL §3). */
static struct occ_result
put_agency(struct context *context, const struct occ_json *const *members)
{
    size_t len;
    const size_t count = occ_json_length(members[DIGESTS]);
    if (members[AGENCY] == NULL) {
        return occ_success();
    }
    if (count != 1) {
        return occ_error_set(context->err, OCC_ERR_FIELD_VALUE,
                             "agency: for one digest only, here are %zu; expected digests[i].agency", count);
    }
    OCC_TRY(occ_commit_field_put_agency(&context->fields, members[AGENCY], "agency", &len));
    context->agency = members[AGENCY];
    context->shared_len += len;
    return occ_success();
}

/* What holds for all digests. */
static struct occ_result
put_shared(struct context *context, const struct occ_json *const *members)
{
    static const struct {
        int member;
        enum occ_commit_tag tag;
    } objects[] = { { ATTRIBUTION, OCC_COMMIT_ATTRIBUTION },
                    { POLICY, OCC_COMMIT_POLICY },
                    { PRINCIPAL, OCC_COMMIT_PRINCIPAL } };
    const struct occ_commit_fields *fields = &context->fields;
    size_t len;
    if (members[METADATA] != NULL) {
        OCC_TRY(occ_commit_field_put_metadata(fields, members[METADATA], "metadata", &context->shared_metadata_len));
    }
    if (members[CHAIN_ID] != NULL) {
        OCC_TRY(occ_commit_field_put_chain(fields, members[CHAIN_ID], "chainId", &len));
        context->shared_len += len;
    }
    for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
        const struct occ_json *value = members[objects[i].member];
        if (value != NULL) {
            OCC_TRY(occ_commit_field_put_signed(fields, objects[i].tag, value, member_names[objects[i].member], &len));
            context->shared_len += len;
        }
    }
    return put_agency(context, members);
}

static struct occ_result
put_all(struct context *context, const struct occ_json *root, struct occ_bytes opaque)
{
    if (!occ_json_is(root, OCC_JSON_OBJECT)) {
        return occ_error_set(context->err, OCC_ERR_FIELD_TYPE, "body: %s, expected an object",
                             occ_json_type_name(root));
    }
    const struct occ_json *members[MEMBERS] = { NULL };
    OCC_TRY(collect(root, member_names, "", context->err, members));
    OCC_TRY(check_previous(members[PREV_PROOF_ID], context->err));
    OCC_TRY(check_digests(members[DIGESTS], context->rules, context->err));
    occ_commit_begin_loose(&context->writer, &context->body.loose);
    occ_commit_put_request(&context->writer, opaque);
    OCC_TRY(put_shared(context, members));
    const size_t count = occ_json_length(members[DIGESTS]);
    context->body.text_len = EPOCH_LINK_LEN_MAX;
    for (size_t i = 0; i < count; i++) {
        OCC_TRY(put_entry(context, occ_json_at(members[DIGESTS], i), i));
    }
    occ_commit_end_loose(&context->writer);
    context->body.digests = (uint32_t)count;
    context->body.answer_len = context->body.text_len + count * context->rules->document_len;
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
    context.fields = (struct occ_commit_fields){ &context.writer, &context.value, err };
    struct occ_result result = put_all(&context, root, opaque);
    if (occ_is_ok(result)) {
        result = check_sizes(&context.body, err);
    }
    occ_buf_clear(&context.value);
    if (!occ_is_ok(result)) {
        occ_buf_clear(&context.body.loose);
        return result;
    }
    occ_buf_trim(&context.body.loose); /* it may wait, among thousands */
    *ret_body = context.body;
    return occ_success();
}
