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
static const char *const usage[] = { "[OPTIONS] PATH...", NULL };
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
              "be read, or there is no room for temporary files.\n"
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
print_result(const struct occ_cli *cli, const struct occ_settings *settings, const struct occ_audit_input *input,
             const struct occ_audit *audit)
{
    OCC_BUF_AUTO(out, LONGEST_OUTPUT);
    const struct occ_audit_report report = { .cli = cli, .audit = audit, .input = input };
    if (occ_settings_switch(settings, "quiet")) {
        return OCC_EXIT_DONE;
    }
    if (occ_settings_switch(settings, "json")) {
        occ_audit_report_put_json(&report, &out);
        return occ_output_json(cli, &out);
    }
    occ_audit_report_put_text(&report, &out);
    return occ_output_text(cli, &out);
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

static OCC_RESULT
prepare(const struct occ_settings *settings, struct occ_error *err, struct occ_audit_input *input,
        struct occ_json **ret_policy, occ_verifier **ret_verifier)
{
    OCC_TRY(occ_trust_verifier(settings, err, ret_verifier));
    OCC_TRY(occ_verify_policy_read(settings, err, ret_policy));
    for (size_t i = 0; i < occ_settings_argument_count(settings); i++) {
        OCC_TRY(occ_audit_input_add(input, occ_settings_argument(settings, i), err));
    }
    return occ_success();
}

static enum occ_exit
run(const struct occ_cli *cli, const struct occ_settings *settings)
{
    if (occ_settings_argument_count(settings) == 0) {
        return occ_output_usage(cli, "no PATH, expected files or folders with proofs (\"-\" is standard input)");
    }
    struct occ_error err = { 0 };
    __attribute__((cleanup(occ_audit_input_clear))) struct occ_audit_input input = OCC_AUDIT_INPUT_INIT;
    __attribute__((cleanup(occ_json_cleanup))) struct occ_json *policy = NULL;
    __attribute__((cleanup(free_verifier))) occ_verifier *verifier = NULL;
    __attribute__((cleanup(free_audit))) struct occ_audit *audit = NULL;
    if (!occ_is_ok(prepare(settings, &err, &input, &policy, &verifier))) {
        return occ_output_fail(cli, &err);
    }
    struct occ_progress progress = occ_progress_begin_count(cli, "audit", "proofs");
    struct occ_audit_options options = options_of(settings);
    options.verifier = verifier;
    options.policy = policy;
    options.progress = show_progress;
    options.progress_ctx = &progress;
    const struct occ_pipeline_source source = occ_audit_input_source(&input);
    const struct occ_result audited = occ_audit_run(&options, &source, &err, &audit);
    occ_progress_end(&progress);
    if (!occ_is_ok(audited)) {
        return occ_output_fail(cli, &err);
    }
    if (audit->values == 0) {
        return occ_output_usage(cli, "no proofs: there is nothing to audit in what was given");
    }
    const enum occ_exit printed = print_result(cli, settings, &input, audit);
    return printed == OCC_EXIT_DONE ? occ_audit_report_exit(audit) : printed;
}

const struct occ_command occ_command_audit = {
    .name = "audit", .summary = "Check the chains that many proofs form, offline.", .settings = &program, .run = run
};
