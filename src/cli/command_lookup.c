/* occ lookup FILE */
#include "base/hex.h"
#include "base/limits.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/input.h"
#include "cli/output.h"
#include "codec/canonical.h"
#include "os/file.h"
#include "trust/trust.h"

enum { LONGEST_PATH = 256 };

#define NO_ENVIRONMENT(name) NULL

static const struct occ_setting table[] = {
    OCC_CLIENT_SETTINGS,
    { .name = "digest",
      .type = OCC_SETTING_TEXT,
      .argument = "DIGEST",
      .help = "The file's SHA-256 digest in place of FILE: 64 characters of hex, or base64." },
    { .name = "output",
      .letter = 'o',
      .type = OCC_SETTING_TEXT,
      .argument = "FILE",
      .help = "Where the proofs go; without it, or with \"-\", to standard output." },
    { .name = "force", .letter = 'f', .type = OCC_SETTING_SWITCH, .help = "Replace the output file if it exists." },
    OCC_TRUST_SETTINGS(NO_ENVIRONMENT),
};
static const char *const usage[] = { "[OPTIONS] FILE", "[OPTIONS] --digest DIGEST", NULL };
static const struct occ_settings_program program = {
    .name = "occ lookup",
    .usage = usage,
    .about =
        "Asks a server for all proofs of a file; only its digest is sent. Each proof is verified, and must be about "
        "the file. What is written is a JSON array of them, oldest first, which \"occ verify\" reads. FILE may be "
        "\"-\" for standard input.",
    .table = table,
    .count = sizeof table / sizeof table[0],
    .takes_arguments = true,
    .epilog = "Example: occ lookup photo.jpg | occ verify - photo.jpg\n"
              "\n"
              "Exit codes: 0 done, 1 the server has no proof of it, or one that does not\n"
              "verify, 2 wrong use, 3 the server did not answer, or a file could not be read or\n"
              "written.\n"
};

struct job {
    struct occ_client *client;
    const occ_verifier *verifier;
    const uint8_t *digest;
    struct occ_buf text; /* the array so far */
    size_t count;
};

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

static OCC_RESULT
take_proof(struct job *job, const struct occ_json *value, struct occ_error *err)
{
    __attribute__((cleanup(free_report))) occ_report *report = NULL;
    const struct occ_verify_request request = { .proof = value, .digest = job->digest, .without_json = true };
    const enum occ_err code = occ_verify_json(job->verifier, &request, &report);
    if (code != OCC_OK) {
        return occ_error_set(err, code, "the server's answer does not verify: proof %zu: %.200s", job->count + 1,
                             report == NULL ? occ_code_text(code) : occ_report_reason(report));
    }
    occ_buf_put_byte(&job->text, job->count == 0 ? '[' : ',');
    occ_canonical_put(&job->text, value);
    const struct occ_result put = occ_buf_check(&job->text);
    if (put.code == OCC_ERR_LIMIT) {
        return occ_error_set(err, OCC_ERR_LIMIT, "more than %u MiB of proofs: fetch them in pages, GET /proofs/DIGEST",
                             OCC_LIMIT_PROOFS_LEN >> 20);
    }
    job->count++;
    return occ_is_ok(put) ? put : occ_error_code(err, put.code);
}

/* The next page; *ret_more false = it was empty. */
static OCC_RESULT
take_page(struct job *job, struct occ_error *err, bool *ret_more)
{
    char hex[2 * OCC_SHA256_LEN + 1] = "";
    occ_hex_encode(occ_bytes_of(job->digest, OCC_SHA256_LEN), hex);
    OCC_BUF_AUTO(path, LONGEST_PATH);
    occ_buf_put_format(&path, "/proofs/%s?limit=%d&after=%zu", hex, OCC_LIMIT_LEDGER_PAGE, job->count);
    occ_buf_put_byte(&path, 0);
    OCC_TRY(occ_buf_check(&path));
    __attribute__((cleanup(occ_json_cleanup))) struct occ_json *answer = NULL;
    const struct occ_client_request request = { .path = (const char *)path.ptr, .repeat = OCC_CLIENT_ONCE };
    OCC_TRY(occ_client_call(job->client, &request, err, &answer));
    if (!occ_json_is(answer, OCC_JSON_ARRAY)) {
        return occ_error_set(err, OCC_ERR_PROOF_STRUCTURE,
                             "the server's answer does not verify: %s, expected an array of proofs",
                             occ_json_type_name(answer));
    }
    for (size_t i = 0; i < occ_json_length(answer); i++) {
        OCC_TRY(take_proof(job, occ_json_at(answer, i), err));
    }
    *ret_more = occ_json_length(answer) > 0;
    return occ_success();
}

static enum occ_exit
write_proofs(const struct occ_cli *cli, const struct occ_settings *settings, struct job *job)
{
    const char *output = occ_settings_text(settings, "output");
    if (output == NULL || strcmp(output, "-") == 0) {
        return occ_output_json(cli, &job->text);
    }
    struct occ_error err = { 0 };
    occ_buf_put_byte(&job->text, '\n');
    const bool force = occ_settings_switch(settings, "force");
    if (!occ_is_ok(occ_file_write_atomic(output, occ_buf_view(&job->text), force, &err))) {
        return occ_output_fail(cli, &err);
    }
    return OCC_EXIT_DONE;
}

static enum occ_exit
look_up(const struct occ_cli *cli, const struct occ_settings *settings, struct job *job)
{
    struct occ_error err = { 0 };
    struct occ_result taken = occ_success();
    for (bool more = true; more && occ_is_ok(taken);) {
        taken = take_page(job, &err, &more);
    }
    if (!occ_is_ok(taken)) {
        const enum occ_exit code = occ_output_fail(cli, &err);
        return err.code == OCC_ERR_NOT_FOUND ? OCC_EXIT_REFUSED : code;
    }
    occ_buf_put_str(&job->text, job->count == 0 ? "[]" : "]");
    return write_proofs(cli, settings, job);
}

static OCC_RESULT
read_digest(const struct occ_cli *cli, const struct occ_settings *settings, struct occ_error *err, uint8_t *ret_digest)
{
    const char *text = occ_settings_text(settings, "digest");
    if (text != NULL) {
        return occ_input_digest(text, err, ret_digest);
    }
    struct occ_input_hash hash = { 0 };
    OCC_TRY(occ_input_hash_file(cli, occ_settings_argument(settings, 0), err, &hash));
    memcpy(ret_digest, hash.digest, sizeof hash.digest);
    return occ_success();
}

static enum occ_exit
run(const struct occ_cli *cli, const struct occ_settings *settings)
{
    const size_t count = occ_settings_argument_count(settings);
    const bool has_digest = occ_settings_is_set(settings, "digest");
    if (count > 1) {
        return occ_output_usage(cli, "\"%.200s\" is one argument too many, expected one FILE",
                                occ_settings_argument(settings, 1));
    }
    if (has_digest == (count == 1)) {
        return has_digest ? occ_output_usage(cli, "--digest and FILE, expected one of them")
                          : occ_output_usage(cli, "no FILE, expected one, or --digest");
    }
    struct occ_error err = { 0 };
    uint8_t digest[OCC_SHA256_LEN] = { 0 };
    __attribute__((cleanup(occ_client_clear))) struct occ_client client = { 0 };
    __attribute__((cleanup(free_verifier))) occ_verifier *verifier = NULL;
    if (!occ_is_ok(occ_client_init(&client, cli, settings, &err)) ||
        !occ_is_ok(occ_trust_verifier(settings, &err, &verifier)) ||
        !occ_is_ok(read_digest(cli, settings, &err, digest))) {
        return occ_output_fail(cli, &err);
    }
    struct job job = {
        .client = &client, .verifier = verifier, .digest = digest, .text = OCC_BUF_INIT(OCC_LIMIT_PROOFS_LEN)
    };
    const enum occ_exit code = look_up(cli, settings, &job);
    occ_buf_clear(&job.text);
    return code;
}

const struct occ_command occ_command_lookup = {
    .name = "lookup", .summary = "Ask a server for the proofs of a file.", .settings = &program, .run = run
};
