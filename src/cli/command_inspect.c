/* occ inspect PROOF */
#include "base/base64.h"
#include "base/limits.h"
#include "cli/cli.h"
#include "cli/facts.h"
#include "cli/input.h"
#include "cli/inspect_parts.h"
#include "cli/output.h"
#include "cli/text.h"
#include "codec/canonical.h"
#include "proof/body.h"
#include "proof/proof.h"

enum { LONGEST_OUTPUT = 2 * OCC_LIMIT_CANONICAL_LEN };

static const struct occ_setting table[] = {
    { .name = "json",
      .type = OCC_SETTING_SWITCH,
      .help = "Print the same as JSON, the proof included; for an array of proofs, an array." },
};
static const char *const usage[] = { "[OPTIONS] PROOF", NULL };
static const struct occ_settings_program program = {
    .name = "occ inspect",
    .usage = usage,
    .about =
        "Shows what a proof says, which of it is signed and which is not, and the hashes that other proofs know it by. "
        "Nothing is verified: \"occ verify\" does that. PROOF is a JSON file with one proof, or with an array of "
        "them; \"-\" is standard input.",
    .table = table,
    .count = sizeof table / sizeof table[0],
    .takes_arguments = true,
    .epilog = "Exit codes: 0 done, 2 wrong use, or PROOF is not JSON or not an occ/1 proof,\n"
              "3 the file could not be read.\n"
};

struct hashes {
    uint8_t proof[OCC_SHA256_LEN], link[OCC_SHA256_LEN];
};

static OCC_RESULT
compute_hashes(const struct occ_proof *proof, struct hashes *ret_hashes)
{
    OCC_TRY(occ_body_proof_hash(proof, ret_hashes->proof));
    return occ_body_link_hash(proof, false, ret_hashes->link);
}

/* ---- for people ---- */

static void
put_optional_json(struct occ_buf *out, const char *label, const struct occ_json *value)
{
    if (value != NULL) {
        occ_facts_put_json(out, label, value);
    }
}

/* commit's members but those that have a line of their own. */
static void
put_rest_of_commit(struct occ_buf *out, const struct occ_json *commit)
{
    static const char *const shown[] = { "nonceB64", "counter", "time", "epochId", "chainId", "prevB64" };
    struct occ_json_iter it = { 0 };
    while (occ_json_next(commit, &it)) {
        bool known = occ_inspect_parts_shows(it.name);
        for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
            known = known || occ_bytes_is(it.name, shown[i]);
        }
        if (!known) {
            OCC_BUF_AUTO(label, 512);
            occ_text_put_safe_cut(&label, it.name, 60);
            occ_buf_put_byte(&label, 0);
            occ_facts_put_json(out, occ_is_ok(occ_buf_check(&label)) ? (const char *)label.ptr : "?", it.value);
        }
    }
}

static void
put_signed(struct occ_buf *out, const struct occ_proof *proof)
{
    occ_buf_put_str(out, "\nSigned, if the signature is valid:\n");
    occ_facts_put_proof(out, proof, false);
    occ_facts_put_line(out, "nonce", occ_json_string(occ_json_get(proof->commit, "nonceB64")));
    occ_facts_put_line(out, "previous",
                       proof->prev_b64.len > 0 ? proof->prev_b64 : occ_bytes_str("none: the first of its chain"));
    put_rest_of_commit(out, proof->commit);
    if (proof->attestation_format.len > 0) {
        occ_facts_put_attestation_format(out, proof->attestation_format);
    }
    occ_inspect_parts_put_signed(out, proof);
    put_optional_json(out, "attribution", proof->attribution);
    put_optional_json(out, "policy", proof->policy);
    put_optional_json(out, "principal", proof->principal);
}

struct listing {
    struct occ_buf *out;
    const struct occ_proof *proof;
};

/* A document with a signature of its own: who, when, and how long, not its bytes. */
static void
put_document(struct occ_buf *out, const char *label, const char *lead, struct occ_bytes base64)
{
    size_t len = 0;
    OCC_BUF_AUTO(text, 1024);
    occ_buf_put_str(&text, lead);
    if (occ_is_ok(occ_base64_check(base64, &len))) {
        occ_text_put_count(&text, len);
        occ_buf_put_str(&text, " bytes, signed by its own issuer");
    } else {
        occ_buf_put_str(&text, "what is not base64");
    }
    occ_facts_put_line(out, label, occ_buf_view(&text));
}

static void
put_timestamp(struct occ_buf *out, const char *label, const struct occ_json *token)
{
    if (token == NULL) {
        return;
    }
    const struct occ_bytes time = occ_json_string(occ_json_get(token, "time"));
    const struct occ_bytes authority = occ_json_string(occ_json_get(token, "authority"));
    OCC_BUF_AUTO(lead, 1024);
    occ_buf_put_format(&lead, "%.*s by %.*s, token of ", OCC_BYTES_ARG(time), OCC_BYTES_ARG(authority));
    occ_buf_put_byte(&lead, 0);
    if (occ_is_ok(occ_buf_check(&lead))) {
        put_document(out, label, (const char *)lead.ptr, occ_json_string(occ_json_get(token, "tokenB64")));
    }
}

static void
put_unsigned_line(void *ctx, const char *parent, struct occ_bytes name, const struct occ_json *value)
{
    const struct listing *listing = ctx;
    OCC_BUF_AUTO(label, 1024);
    occ_buf_put_format(&label, "%s%s", parent, parent[0] == '\0' ? "" : ".");
    occ_text_put_safe_cut(&label, name, 60);
    occ_buf_put_byte(&label, 0);
    if (!occ_is_ok(occ_buf_check(&label))) {
        return;
    }
    const char *text = (const char *)label.ptr;
    if (strcmp(text, "environment.attestation.reportB64") == 0) {
        put_document(listing->out, "attestation", "report of ", listing->proof->attestation_report_b64);
    } else if (strcmp(text, "agency.authorization") == 0) {
        occ_inspect_parts_put_authorization(listing->out, value);
    } else if (strcmp(text, "slotAllocation") == 0) {
        occ_inspect_parts_put_slot(listing->out, value);
    } else if (strcmp(text, "timestamps") == 0) {
        put_timestamp(listing->out, "timestamp", occ_json_get(value, "artifact"));
        put_timestamp(listing->out, "timestamp 2", occ_json_get(value, "proof"));
    } else {
        occ_facts_put_json(listing->out, text, value);
    }
}

static void
put_for_people(struct occ_buf *out, const char *name, const struct occ_proof *proof, const struct hashes *hashes)
{
    occ_text_put_safe(out, occ_bytes_str(name));
    occ_buf_put_str(out, ": an occ/1 proof. Nothing was verified: this is what it says of itself.\n");
    put_signed(out, proof);
    occ_buf_put_str(out, "\nNot signed: anyone can change these, and the signature stays valid:\n");
    struct listing listing = { out, proof };
    const size_t before = out->len;
    occ_body_each_unsigned(proof, put_unsigned_line, &listing);
    if (out->len == before) {
        occ_buf_put_str(out, "  nothing\n");
    }
    occ_buf_put_str(out, "\nThe signature, and the hashes that this proof is known by:\n");
    occ_facts_put_base64(out, "signature", occ_bytes_of(proof->signature, sizeof proof->signature));
    occ_facts_put_base64(out, "proof hash", occ_bytes_of(hashes->proof, sizeof hashes->proof));
    occ_facts_put_base64(out, "link hash", occ_bytes_of(hashes->link, sizeof hashes->link));
}

/* ---- as JSON ---- */

static void
put_unsigned_name(void *ctx, const char *parent, struct occ_bytes name, const struct occ_json *value)
{
    (void)value;
    const struct listing *listing = ctx;
    struct occ_buf *out = listing->out;
    if (out->fail == OCC_OK && out->ptr[out->len - 1] != '[') {
        occ_buf_put_byte(out, ',');
    }
    OCC_BUF_AUTO(path, OCC_LIMIT_PROOF_LEN);
    occ_buf_put_format(&path, "%s%s", parent, parent[0] == '\0' ? "" : ".");
    occ_buf_put(&path, name);
    occ_canonical_put_string(out, occ_buf_view(&path));
}

static void
put_base64_member(struct occ_buf *out, const char *lead, const uint8_t hash[OCC_SHA256_LEN])
{
    occ_buf_put_format(out, "%s\"", lead);
    occ_base64_put(out, occ_bytes_of(hash, OCC_SHA256_LEN));
    occ_buf_put_byte(out, '"');
}

static void
put_object(struct occ_buf *out, const char *file, const struct occ_proof *proof, const struct hashes *hashes)
{
    occ_buf_put_str(out, "{\"file\":");
    occ_text_put_json_name(out, file);
    put_base64_member(out, ",\"verified\":false,\"proofHash\":", hashes->proof);
    put_base64_member(out, ",\"linkHash\":", hashes->link);
    if (proof->has_time) {
        occ_buf_put_str(out, ",\"time\":\"");
        occ_text_put_time(out, proof->time_ms);
        occ_buf_put_byte(out, '"');
    }
    if (proof->attestation_format.len > 0) {
        size_t len = 0;
        const struct occ_result checked = occ_base64_check(proof->attestation_report_b64, &len);
        (void)checked;
        occ_buf_put_str(out, ",\"attestation\":{\"format\":");
        occ_canonical_put_string(out, proof->attestation_format);
        occ_buf_put_format(out, ",\"reportLength\":%zu%s}", len,
                           occ_bytes_is(proof->attestation_format, "sim-nitro") ? ",\"simulated\":true" : "");
    }
    occ_buf_put_str(out, ",\"unsigned\":[");
    struct listing listing = { out, proof };
    occ_body_each_unsigned(proof, put_unsigned_name, &listing);
    occ_buf_put_str(out, "],\"proof\":");
    occ_canonical_put(out, proof->root);
    occ_buf_put_byte(out, '}');
}

/* ---- the command ---- */

static enum occ_exit
inspect_one(const struct occ_cli *cli, const char *name, const struct occ_json *value, bool json, struct occ_buf *out)
{
    struct occ_error err = { 0 };
    struct occ_error why = { 0 };
    struct occ_proof proof;
    struct hashes hashes;
    if (!occ_is_ok(occ_proof_read(value, &why, &proof))) {
        return occ_output_usage(cli, "%s: not an occ/1 proof: %s", name, why.text);
    }
    const struct occ_result hashed = compute_hashes(&proof, &hashes);
    if (!occ_is_ok(hashed)) {
        (void)occ_error_code(&err, hashed.code);
        return occ_output_fail(cli, &err);
    }
    if (json) {
        put_object(out, name, &proof, &hashes);
    } else {
        put_for_people(out, name, &proof, &hashes);
    }
    return OCC_EXIT_DONE;
}

static enum occ_exit
inspect_all(const struct occ_cli *cli, const char *path, const struct occ_json *root, bool json)
{
    const bool is_array = occ_input_is_proofs(root);
    OCC_BUF_AUTO(out, LONGEST_OUTPUT);
    for (size_t i = 0; i < occ_input_proof_count(root); i++) {
        OCC_BUF_AUTO(name, 8192);
        occ_buf_put_str(&name, occ_input_name(path));
        if (is_array && !json) {
            occ_buf_put_format(&name, "[%zu]", i);
        }
        occ_buf_put_byte(&name, 0);
        if (json) {
            occ_buf_put_str(&out, !is_array ? "" : i == 0 ? "[" : ",");
        } else {
            occ_buf_put_str(&out, i == 0 ? "" : "\n");
        }
        const char *shown = occ_is_ok(occ_buf_check(&name)) ? (const char *)name.ptr : "?";
        const enum occ_exit shown_all = inspect_one(cli, shown, occ_input_proof_at(root, i), json, &out);
        if (shown_all != OCC_EXIT_DONE) {
            return shown_all;
        }
        const enum occ_exit written = json ? occ_output_json_part(cli, &out) : occ_output_text(cli, &out);
        if (written != OCC_EXIT_DONE) {
            return written;
        }
    }
    occ_buf_put_str(&out, json && is_array ? "]" : "");
    return json ? occ_output_json(cli, &out) : OCC_EXIT_DONE;
}

static enum occ_exit
run(const struct occ_cli *cli, const struct occ_settings *settings)
{
    if (occ_settings_argument_count(settings) != 1) {
        return occ_output_usage(cli, "%zu arguments, expected one PROOF (\"-\" is standard input)",
                                occ_settings_argument_count(settings));
    }
    const char *path = occ_settings_argument(settings, 0);
    struct occ_error err = { 0 };
    __attribute__((cleanup(occ_json_cleanup))) struct occ_json *root = NULL;
    if (!occ_is_ok(occ_input_proofs(path, &err, &root))) {
        return occ_output_fail(cli, &err);
    }
    return inspect_all(cli, path, root, occ_settings_switch(settings, "json"));
}

const struct occ_command occ_command_inspect = {
    .name = "inspect", .summary = "Show what a proof says, without verifying it.", .settings = &program, .run = run
};
