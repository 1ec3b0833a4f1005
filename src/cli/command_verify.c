/* occ verify PROOF [FILE] */
#include "base/limits.h"
#include "cli/cli.h"
#include "cli/input.h"
#include "cli/output.h"
#include "cli/verify_policy.h"
#include "cli/verify_report.h"
#include "trust/trust.h"

enum { LONGEST_OUTPUT = OCC_LIMIT_CANONICAL_LEN + (1 << 20) };

static const struct occ_setting table[] = {
    { .name = "digest",
      .type = OCC_SETTING_TEXT,
      .argument = "DIGEST",
      .help = "The file's SHA-256 digest in place of FILE: 64 characters of hex, or base64." },
    OCC_VERIFY_POLICY_SETTINGS,
    OCC_TRUST_SETTINGS(OCC_VERIFY_NO_ENVIRONMENT),
    { .name = "json",
      .type = OCC_SETTING_SWITCH,
      .help = "Print the report as JSON; for an array of proofs, an array of reports." },
    { .name = "quiet", .letter = 'q', .type = OCC_SETTING_SWITCH, .help = "Print no report: the exit code says it." },
};
static const char *const usage[] = { "[OPTIONS] PROOF [FILE]", NULL };
static const struct occ_settings_program program = {
    .name = "occ verify",
    .usage = usage,
    .about =
        "Verifies a proof, offline: its structure, its signature, that it is about FILE, and the policy. PROOF is a "
        "JSON file with one proof, or with the array of proofs that a server answers; of an array, every proof is "
        "verified, and every one must be about FILE. One of PROOF and FILE may be \"-\" for standard input.",
    .table = table,
    .count = sizeof table / sizeof table[0],
    .takes_arguments = true,
    .epilog = "A check that passed is marked with a tick, one that failed with a cross, one\n"
              "that was not performed with a dash.\n"
              "\n"
              "Exit codes: 0 valid, 1 not valid, 2 wrong use, or PROOF is not JSON, or the\n"
              "policy is wrong, 3 a file could not be read.\n"
};

/* One run of the command. */
struct job {
    const struct occ_cli *cli;
    const occ_verifier *verifier;
    const char *proof_name, *file_name; /* for people; file_name NULL = only a digest, or nothing */
    const uint8_t *digest;              /* or NULL */
    const struct occ_json *policy;      /* or NULL */
    bool is_array;
    struct occ_buf *out;
};

static void
free_report(occ_report **report)
{
    occ_report_free(*report);
}

/* Verifies one proof and puts its report. */
static enum occ_exit
verify_one(const struct job *job, const struct occ_settings *settings, const struct occ_json *value, size_t index)
{
    __attribute__((cleanup(free_report))) occ_report *report = NULL;
    const struct occ_verify_request request = { .proof = value,
                                                .policy = job->policy,
                                                .digest = job->digest,
                                                .without_json = !occ_settings_switch(settings, "json") };
    const enum occ_err code = occ_verify_json(job->verifier, &request, &report);
    const bool judged = code == OCC_OK || occ_output_exit_of(code) == OCC_EXIT_REFUSED;
    if (!judged) {
        struct occ_error err = { 0 };
        (void)occ_error_set(&err, code, "%s", report == NULL ? occ_code_text(code) : occ_report_reason(report));
        return occ_output_fail(job->cli, &err);
    }
    if (occ_settings_switch(settings, "json")) {
        size_t len = 0;
        const char *text = occ_report_json(report, &len);
        occ_buf_put(job->out, occ_bytes_of(text, len));
    } else {
        const struct occ_verify_view view = { .color = job->cli->color,
                                              .proof_name = job->proof_name,
                                              .file_name = job->file_name,
                                              .has_digest = job->digest != NULL,
                                              .is_array = job->is_array,
                                              .index = index };
        occ_verify_report_put(job->out, &view, value, report);
    }
    return occ_output_exit_of(code);
}

/* Every proof; what is printed leaves after each, so that memory holds one report. */
static enum occ_exit
verify_all(struct job *job, const struct occ_settings *settings, const struct occ_json *root)
{
    const bool json = occ_settings_switch(settings, "json");
    const bool quiet = occ_settings_switch(settings, "quiet");
    enum occ_exit worst = OCC_EXIT_DONE;
    for (size_t i = 0; i < occ_input_proof_count(root); i++) {
        if (json && job->is_array) {
            occ_buf_put_str(job->out, i == 0 ? "[" : ",");
        }
        const enum occ_exit verdict = verify_one(job, settings, occ_input_proof_at(root, i), i);
        if (verdict != OCC_EXIT_DONE && verdict != OCC_EXIT_REFUSED) {
            return verdict;
        }
        worst = verdict > worst ? verdict : worst;
        if (quiet) {
            occ_buf_reset(job->out);
        } else if (!json && occ_output_text(job->cli, job->out) != OCC_EXIT_DONE) {
            return OCC_EXIT_FAILED;
        } else if (json && job->is_array && occ_output_json_part(job->cli, job->out) != OCC_EXIT_DONE) {
            return OCC_EXIT_FAILED;
        }
    }
    if (json && !quiet) {
        occ_buf_put_str(job->out, job->is_array ? "]" : "");
        if (occ_output_json(job->cli, job->out) != OCC_EXIT_DONE) {
            return OCC_EXIT_FAILED;
        }
    }
    return worst;
}

static void
free_verifier(occ_verifier **verifier)
{
    occ_verifier_free(*verifier);
}

static enum occ_exit
check_use(const struct occ_cli *cli, const struct occ_settings *settings)
{
    const size_t count = occ_settings_argument_count(settings);
    const char *proof = occ_settings_argument(settings, 0);
    const char *file = occ_settings_argument(settings, 1);
    if (count == 0) {
        return occ_output_usage(cli, "no PROOF, expected the name of a file with a proof (\"-\" is standard input)");
    }
    if (count > 2) {
        return occ_output_usage(cli, "\"%.200s\" is one argument too many, expected PROOF and at most one FILE",
                                occ_settings_argument(settings, 2));
    }
    if (file != NULL && occ_settings_text(settings, "digest") != NULL) {
        return occ_output_usage(cli, "--digest and FILE, expected one of them");
    }
    if (file != NULL && strcmp(proof, "-") == 0 && strcmp(file, "-") == 0) {
        return occ_output_usage(cli, "PROOF and FILE both \"-\", expected only one of them from standard input");
    }
    return OCC_EXIT_DONE;
}

/* What to hold the proof against: --digest, FILE, or nothing. */
static OCC_RESULT
read_digest(const struct occ_cli *cli, const struct occ_settings *settings, struct occ_error *err, uint8_t *ret_digest,
            bool *ret_given)
{
    const char *text = occ_settings_text(settings, "digest");
    const char *file = occ_settings_argument(settings, 1);
    *ret_given = text != NULL || file != NULL;
    if (text != NULL) {
        return occ_input_digest(text, err, ret_digest);
    }
    if (file != NULL) {
        struct occ_input_hash hash = { 0 };
        OCC_TRY(occ_input_hash_file(cli, file, err, &hash));
        memcpy(ret_digest, hash.digest, sizeof hash.digest);
    }
    return occ_success();
}

static enum occ_exit
run(const struct occ_cli *cli, const struct occ_settings *settings)
{
    const enum occ_exit use = check_use(cli, settings);
    if (use != OCC_EXIT_DONE) {
        return use;
    }
    struct occ_error err = { 0 };
    __attribute__((cleanup(occ_json_cleanup))) struct occ_json *policy = NULL;
    __attribute__((cleanup(occ_json_cleanup))) struct occ_json *root = NULL;
    __attribute__((cleanup(free_verifier))) occ_verifier *verifier = NULL;
    const char *proof = occ_settings_argument(settings, 0);
    const char *file = occ_settings_argument(settings, 1);
    uint8_t digest[OCC_SHA256_LEN] = { 0 };
    bool has_digest = false;
    if (!occ_is_ok(occ_trust_verifier(settings, &err, &verifier)) ||
        !occ_is_ok(occ_verify_policy_read(settings, &err, &policy)) ||
        !occ_is_ok(occ_input_proofs(proof, &err, &root)) ||
        !occ_is_ok(read_digest(cli, settings, &err, digest, &has_digest))) {
        return occ_output_fail(cli, &err);
    }
    OCC_BUF_AUTO(out, LONGEST_OUTPUT);
    struct job job = { .cli = cli,
                       .verifier = verifier,
                       .proof_name = occ_input_name(proof),
                       .file_name = file == NULL ? NULL : occ_input_name(file),
                       .digest = has_digest ? digest : NULL,
                       .policy = policy,
                       .is_array = occ_input_is_proofs(root),
                       .out = &out };
    return verify_all(&job, settings, root);
}

const struct occ_command occ_command_verify = {
    .name = "verify", .summary = "Verify a proof, offline, alone or against its file.", .settings = &program, .run = run
};
