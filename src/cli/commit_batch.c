#include "base/base64.h"
#include "base/limits.h"
#include "cli/authorize.h"
#include "cli/commit.h"
#include "cli/output.h"
#include "cli/text.h"
#include "codec/canonical.h"
#include "os/clock.h"
#include "os/file.h"
#include "proof/proof.h"

enum {
    PROOF_LEN = 8 << 10,   /* what a proof is taken to need beside its metadata, a Nitro document included */
    REQUEST_LEN = 2 << 20, /* bytes of one request, half of what a server takes by default */
    ANSWER_LEN = 12 << 20, /* bytes of one answer, below what any server gives */
    LONGEST_PROOF = OCC_LIMIT_CANONICAL_LEN
};

size_t
occ_commit_batch(const struct occ_commit_plan *plan, size_t first)
{
    const struct occ_commit_fields *fields = &plan->fields;
    size_t count = 0;
    size_t request = occ_commit_fields_request_len(fields);
    size_t answer = 0;
    while (first + count < plan->count && count < plan->batch) {
        const size_t metadata = plan->items[first + count].metadata.len;
        request += 128 + occ_commit_fields_digest_len(fields);
        request += plan->shared_metadata && count > 0 ? 0 : metadata;
        answer += PROOF_LEN + metadata + occ_commit_fields_proof_len(fields);
        if (count > 0 && (request > REQUEST_LEN || answer > ANSWER_LEN)) {
            break;
        }
        count++;
    }
    return count;
}

/* ---- the request ---- */

struct occ_result
occ_commit_authorize(const struct occ_commit_plan *plan, size_t first, size_t count, struct occ_client *client,
                     struct occ_error *err)
{
    for (size_t i = first; i < first + count && plan->fields.actor != NULL; i++) {
        struct occ_commit_item *item = &plan->items[i];
        OCC_BUF_AUTO(challenge, OCC_AUTHORIZE_CHALLENGE_LEN);
        OCC_TRY(occ_authorize_ask(client, err, &challenge));
        const struct occ_authorize_input input = { .key = plan->fields.actor,
                                                   .provider = plan->fields.provider,
                                                   .challenge = occ_buf_view(&challenge),
                                                   .digest = item->hash.digest,
                                                   .time_ms = occ_clock_unix_ms() };
        occ_buf_reset(&item->agency);
        OCC_TRY(occ_authorize_put(&input, err, &item->agency));
    }
    return occ_success();
}

/* In the digest's entry; that of an only digest at the top, where older servers know it (PROTOCOL §3). */
static void
put_agency(const struct occ_commit_item *item, struct occ_buf *buf)
{
    if (item->agency.len > 0) {
        occ_buf_put_str(buf, ",\"agency\":");
        occ_buf_put(buf, occ_buf_view(&item->agency));
    }
}

static void
put_digest(const struct occ_commit_plan *plan, const struct occ_commit_item *item, bool is_only, struct occ_buf *buf)
{
    occ_buf_put_str(buf, "{\"digestB64\":\"");
    occ_base64_put(buf, occ_bytes_of(item->hash.digest, sizeof item->hash.digest));
    occ_buf_put_str(buf, "\",\"hashAlg\":\"sha256\"");
    if (!plan->shared_metadata && item->metadata.len > 0) {
        occ_buf_put_str(buf, ",\"metadata\":");
        occ_buf_put(buf, occ_buf_view(&item->metadata));
    }
    if (!is_only) {
        put_agency(item, buf);
    }
    if (plan->fields.slot_id.len > 0) {
        occ_buf_put_format(buf, ",\"slotId\":\"%s\"", (const char *)plan->fields.slot_id.ptr);
    }
    occ_buf_put_str(buf, "}");
}

void
occ_commit_put_request(const struct occ_commit_plan *plan, size_t first, size_t count, struct occ_buf *buf)
{
    occ_buf_put_str(buf, "{\"digests\":[");
    for (size_t i = first; i < first + count; i++) {
        occ_buf_put_str(buf, i == first ? "" : ",");
        put_digest(plan, &plan->items[i], count == 1, buf);
    }
    occ_buf_put_str(buf, "]");
    if (plan->shared_metadata && plan->items[first].metadata.len > 0) {
        occ_buf_put_str(buf, ",\"metadata\":");
        occ_buf_put(buf, occ_buf_view(&plan->items[first].metadata));
    }
    if (count == 1) {
        put_agency(&plan->items[first], buf);
    }
    occ_commit_fields_put(&plan->fields, buf);
    occ_buf_put_str(buf, "}");
}

/* ---- the answer ---- */

static void
free_verifier(occ_verifier **verifier)
{
    occ_verifier_free(*verifier);
}

static void
free_report(occ_report **report)
{
    occ_report_free(*report);
}

#define LEAD "the server's answer does not verify: "

/* What a proof is asked for, in messages. */
static const char *
subject(const struct occ_commit_item *item)
{
    return item->file == NULL ? "the digest" : occ_input_name(item->file);
}

/* A proof's metadata is not signed, so that it is what was asked must be looked at. */
static OCC_RESULT
check_metadata(const struct occ_commit_item *item, const struct occ_json *value, struct occ_error *err)
{
    OCC_BUF_AUTO(found, LONGEST_PROOF);
    const struct occ_json *metadata = occ_json_get(value, "metadata");
    if (metadata != NULL) {
        occ_canonical_put(&found, metadata);
    }
    if (!occ_is_ok(occ_buf_check(&found)) || !occ_bytes_equal(occ_buf_view(&found), occ_buf_view(&item->metadata))) {
        return occ_error_set(err, OCC_ERR_PROOF_STRUCTURE,
                             LEAD "proof of %.100s: its metadata is not what was asked for", subject(item));
    }
    return occ_success();
}

static OCC_RESULT
check_fields(const struct occ_commit_plan *plan, const struct occ_commit_item *item, const struct occ_json *value,
             struct occ_error *err)
{
    const char *what = NULL;
    const struct occ_result checked = occ_commit_fields_check(&plan->fields, occ_buf_view(&item->agency), value, &what);
    if (!occ_is_ok(checked)) {
        return occ_error_set(err, checked.code, LEAD "proof of %.100s: its %s is not what was asked for", subject(item),
                             what);
    }
    return check_metadata(item, value, err);
}

static OCC_RESULT
check_proof(const occ_verifier *verifier, const struct occ_commit_plan *plan, const struct occ_commit_item *item,
            const struct occ_json *value, struct occ_error *err)
{
    __attribute__((cleanup(free_report))) occ_report *report = NULL;
    const struct occ_verify_request request = { .proof = value, .digest = item->hash.digest, .without_json = true };
    const enum occ_err code = occ_verify_json(verifier, &request, &report);
    if (code == OCC_OK) {
        return check_fields(plan, item, value, err);
    }
    return occ_error_set(err, code, LEAD "proof of %.80s: %.160s", subject(item),
                         report == NULL ? occ_code_text(code) : occ_report_reason(report));
}

struct occ_result
occ_commit_check_answer(const struct occ_commit_plan *plan, size_t first, size_t count, const struct occ_json *answer,
                        struct occ_error *err)
{
    __attribute__((cleanup(free_verifier))) occ_verifier *verifier = NULL;
    const enum occ_err made = occ_verifier_new(NULL, &verifier);
    if (made != OCC_OK) {
        return occ_error_code(err, made);
    }
    if (!occ_json_is(answer, OCC_JSON_ARRAY)) {
        return occ_error_set(err, OCC_ERR_PROOF_STRUCTURE, LEAD "%s, expected an array of proofs",
                             occ_json_type_name(answer));
    }
    if (occ_json_length(answer) != count) {
        return occ_error_set(err, OCC_ERR_PROOF_STRUCTURE, LEAD "%zu proofs, expected %zu", occ_json_length(answer),
                             count);
    }
    for (size_t i = 0; i < count; i++) {
        OCC_TRY(check_proof(verifier, plan, &plan->items[first + i], occ_json_at(answer, i), err));
    }
    return occ_success();
}

/* ---- the files ---- */

/* Prints a proof, canonical text; on standard error where standard output does not take it. */
static enum occ_exit
print_proof(const struct occ_cli *cli, const struct occ_json *proof)
{
    OCC_BUF_AUTO(text, LONGEST_PROOF);
    occ_canonical_put(&text, proof);
    const enum occ_exit printed = occ_output_json(cli, &text);
    if (printed != OCC_EXIT_DONE) {
        occ_canonical_put(&text, proof);
        occ_output_last_resort(&text);
    }
    return printed;
}

/* Puts canonical text and a newline into the item's file. */
static OCC_RESULT
store_proof(const struct occ_commit_plan *plan, const struct occ_commit_item *item, const struct occ_json *proof,
            struct occ_error *err)
{
    OCC_BUF_AUTO(text, LONGEST_PROOF);
    occ_canonical_put(&text, proof);
    occ_buf_put_byte(&text, '\n');
    const struct occ_result written = occ_buf_check(&text);
    if (!occ_is_ok(written)) {
        return occ_error_code(err, written.code);
    }
    return occ_file_write_atomic(item->output, occ_buf_view(&text), plan->force, err);
}

enum occ_exit
occ_commit_write(const struct occ_cli *cli, const struct occ_commit_plan *plan, struct occ_commit_item *item,
                 const struct occ_json *proof, bool json)
{
    if (item->output == NULL) {
        return print_proof(cli, proof);
    }
    struct occ_error err = { 0 };
    if (occ_is_ok(store_proof(plan, item, proof, &err))) {
        item->written = true;
        return OCC_EXIT_DONE;
    }
    occ_output_note(cli, "%s; the commit was made, and its proof is on standard output", err.text);
    if (!json) {
        (void)print_proof(cli, proof); /* a failure of this too is told, and the exit code is the same */
    }
    return OCC_EXIT_FAILED;
}
