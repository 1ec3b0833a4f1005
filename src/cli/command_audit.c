/* occ audit PATH... */
#include <unistd.h>

#include "audit/audit.h"
#include "base/limits.h"
#include "cli/audit_input.h"
#include "cli/audit_report.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/verify_policy.h"
#include "trust/trust.h"

/* The longest report: every finding and every chain, with room to spare. */
enum { LONGEST_OUTPUT = 256 << 20 };

static const struct occ_setting table[] = {
    { .name = "ledger",
      .type = OCC_SETTING_TEXT,
      .argument = "DIR",
      .help =
          "Audit the ledger in this folder in place of PATH: all its epochs and chains, and that every proof stands "
          "where it belongs. Nothing in it is changed; an occd may be using it." },
    { .name = "jobs",
      .letter = 'j',
      .type = OCC_SETTING_NUMBER,
      .argument = "N",
      .min = 1,
      .max = OCC_LIMIT_AUDIT_JOBS,
      .help = "Threads that verify. Without it, one for each processor." },
    { .name = "allow-gaps",
      .type = OCC_SETTING_SWITCH,
      .help = "Proofs that are missing from a chain are noted, and are no break." },
    OCC_VERIFY_POLICY_SETTINGS,
    OCC_TRUST_SETTINGS(OCC_VERIFY_NO_ENVIRONMENT),
    { .name = "max-findings",
      .type = OCC_SETTING_NUMBER,
      .argument = "N",
      .fallback = "100",
      .min = 1,
      .max = OCC_LIMIT_AUDIT_FINDINGS,
      .help = "How many breaks are listed; all are counted." },
    { .name = "temp-dir",
      .type = OCC_SETTING_TEXT,
      .argument = "DIR",
      .env = "TMPDIR",
      .fallback = "/tmp",
      .help = "Where records are kept that do not fit into memory: about 200 bytes a proof." },
    { .name = "json", .type = OCC_SETTING_SWITCH, .help = "Print the result as JSON." },
    { .name = "quiet", .letter = 'q', .type = OCC_SETTING_SWITCH, .help = "Print no result: the exit code says it." },
};
static const char *const usage[] = { "[OPTIONS] PATH...", "[OPTIONS] --ledger DIR", NULL };
static const struct occ_settings_program program = {
    .name = "occ audit",
    .usage = usage,
    .about =
        "Verifies every proof of a ledger and checks the chains that they form, offline: links, counters, forks, gaps, "
        "slots, epoch links. PATH is a file with a proof, an array of proofs, or proofs one after the other (JSON "
        "lines), a folder with such files (*.json, *.jsonl, *.ndjson), or \"-\" for standard input. Proofs may be in "
        "any "
        "order; in that of their chains, no disk is needed for sorting.",
    .table = table,
    .count = sizeof table / sizeof table[0],
    .takes_arguments = true,
    .epilog = "Exit codes: 0 all intact, 1 a proof is not valid or a chain is broken, 2 wrong\n"
              "use, or something in PATH is not JSON, or there is no proof, 3 a file could not\n"
              "be read, or there is no room for temporary files. A ledger that is damaged so\n"
              "that it cannot be read to its end is 1.\n"
};

static void
show_progress(void *ctx, uint64_t proofs)
{
    occ_progress_update(ctx, proofs);
}

static unsigned
job_count(const struct occ_settings *settings)
{
    if (occ_settings_is_set(settings, "jobs")) {
        return (unsigned)occ_settings_number(settings, "jobs");
    }
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return cores < 1 ? 1 : cores > OCC_LIMIT_AUDIT_JOBS ? OCC_LIMIT_AUDIT_JOBS : (unsigned)cores;
}

static struct occ_audit_options
options_of(const struct occ_settings *settings)
{
    return (struct occ_audit_options){ .jobs = job_count(settings),
                                       .allow_gaps = occ_settings_switch(settings, "allow-gaps"),
                                       .max_findings = (size_t)occ_settings_number(settings, "max-findings"),
                                       .temp_dir = occ_settings_text(settings, "temp-dir") };
}

static enum occ_exit
print_result(const struct occ_settings *settings, const struct occ_audit_report *report)
{
    OCC_BUF_AUTO(out, LONGEST_OUTPUT);
    if (occ_settings_switch(settings, "quiet")) {
        return OCC_EXIT_DONE;
    }
    if (occ_settings_switch(settings, "json")) {
        occ_audit_report_put_json(report, &out);
        return occ_output_json(report->cli, &out);
    }
    occ_audit_report_put_text(report, &out);
    return occ_output_text(report->cli, &out);
}

static void
free_verifier(occ_verifier **verifier)
{
    occ_verifier_free(*verifier);
}

static void
free_audit(struct occ_audit **audit)
{
    occ_audit_free(*audit);
}

/* What is audited: files, or a ledger. */
struct inputs {
    struct occ_audit_input files;
    struct occ_stored *stored; /* or NULL */
};

static void
clear_inputs(struct inputs *inputs)
{
    occ_audit_input_clear(&inputs->files);
    occ_stored_free(inputs->stored);
}

static OCC_RESULT
prepare(const struct occ_settings *settings, struct occ_error *err, struct inputs *inputs, struct occ_json **ret_policy,
        occ_verifier **ret_verifier)
{
    OCC_TRY(occ_trust_verifier(settings, err, ret_verifier));
    OCC_TRY(occ_verify_policy_read(settings, err, ret_policy));
    const char *ledger = occ_settings_text(settings, "ledger");
    if (ledger != NULL) {
        return occ_stored_new(ledger, err, &inputs->stored);
    }
    for (size_t i = 0; i < occ_settings_argument_count(settings); i++) {
        OCC_TRY(occ_audit_input_add(&inputs->files, occ_settings_argument(settings, i), err));
    }
    return occ_success();
}

static OCC_RESULT
audit_inputs(struct inputs *inputs, const struct occ_audit_options *options, struct occ_error *err,
             struct occ_audit **ret_audit)
{
    if (inputs->stored != NULL) {
        return occ_stored_audit(inputs->stored, options, err, ret_audit);
    }
    const struct occ_pipeline_source source = occ_audit_input_source(&inputs->files);
    return occ_audit_run(options, &source, err, ret_audit);
}

/* Damage is what an audit looks for: it is a fault and not "could not". */
static enum occ_exit
fail(const struct occ_cli *cli, const struct occ_error *err)
{
    const enum occ_exit code = occ_output_fail(cli, err);
    return err->code == OCC_ERR_LEDGER_CORRUPT ? OCC_EXIT_REFUSED : code;
}

static enum occ_exit
check_use(const struct occ_cli *cli, const struct occ_settings *settings)
{
    const bool has_paths = occ_settings_argument_count(settings) > 0;
    const bool has_ledger = occ_settings_is_set(settings, "ledger");
    if (has_paths && has_ledger) {
        return occ_output_usage(cli, "--ledger and PATH, expected one of them");
    }
    if (!has_paths && !has_ledger) {
        return occ_output_usage(
            cli, "no PATH, expected files or folders with proofs (\"-\" is standard input), or --ledger DIR");
    }
    return OCC_EXIT_DONE;
}

static enum occ_exit
run(const struct occ_cli *cli, const struct occ_settings *settings)
{
    const enum occ_exit use = check_use(cli, settings);
    if (use != OCC_EXIT_DONE) {
        return use;
    }
    struct occ_error err = { 0 };
    __attribute__((cleanup(clear_inputs))) struct inputs inputs = { .files = OCC_AUDIT_INPUT_INIT };
    __attribute__((cleanup(occ_json_cleanup))) struct occ_json *policy = NULL;
    __attribute__((cleanup(free_verifier))) occ_verifier *verifier = NULL;
    __attribute__((cleanup(free_audit))) struct occ_audit *audit = NULL;
    if (!occ_is_ok(prepare(settings, &err, &inputs, &policy, &verifier))) {
        return fail(cli, &err);
    }
    struct occ_progress progress = occ_progress_begin_count(cli, "audit", "proofs");
    struct occ_audit_options options = options_of(settings);
    options.verifier = verifier;
    options.policy = policy;
    options.progress = show_progress;
    options.progress_ctx = &progress;
    const struct occ_result audited = audit_inputs(&inputs, &options, &err, &audit);
    occ_progress_end(&progress);
    if (!occ_is_ok(audited)) {
        return fail(cli, &err);
    }
    if (audit->values == 0) {
        return occ_output_usage(cli, "no proofs: there is nothing to audit in what was given");
    }
    const struct occ_audit_report report = {
        .cli = cli, .audit = audit, .input = &inputs.files, .stored = inputs.stored
    };
    const enum occ_exit printed = print_result(settings, &report);
    return printed == OCC_EXIT_DONE ? occ_audit_report_exit(&report) : printed;
}

const struct occ_command occ_command_audit = {
    .name = "audit", .summary = "Check the chains that many proofs form, offline.", .settings = &program, .run = run
};
