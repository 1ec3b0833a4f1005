/* occ import --ledger DIR [FILE...] */
#include <unistd.h>

#include "base/limits.h"
#include "cli/audit_input.h"
#include "cli/cli.h"
#include "cli/import.h"
#include "cli/input.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/text.h"
#include "os/draft.h"
#include "os/file.h"
#include "os/folder.h"
#include "trust/trust.h"

enum { LONGEST_PATH = 16 << 10, LONGEST_OUTPUT = 64 << 10, REFUSALS_SHOWN = 100 };

#define NO_ENVIRONMENT(name) NULL

static const struct occ_setting table[] = {
    { .name = "ledger",
      .type = OCC_SETTING_TEXT,
      .argument = "DIR",
      .help = "The folder for the new ledger; made if missing. One that has a ledger is refused." },
    { .name = "jobs",
      .letter = 'j',
      .type = OCC_SETTING_NUMBER,
      .argument = "N",
      .min = 1,
      .max = OCC_LIMIT_AUDIT_JOBS,
      .help = "Threads that verify. Without it, one for each processor." },
    OCC_TRUST_SETTINGS(NO_ENVIRONMENT),
};
static const char *const usage[] = { "[OPTIONS] --ledger DIR [FILE...]", NULL };
static const struct occ_settings_program program = {
    .name = "occ import",
    .usage = usage,
    .about =
        "Makes a new ledger from proofs, as \"occ export\" writes them. FILE is anything that \"occ audit\" reads; "
        "without FILE, standard input is read. Every proof is verified first. One that is not valid, or cannot be "
        "kept, is reported with its line, and then no ledger is made at all.",
    .table = table,
    .count = sizeof table / sizeof table[0],
    .takes_arguments = true,
    .epilog = "Counters must rise within each chain, as they do in an export. What the proofs\n"
              "of a chain say of each other is for \"occ audit --ledger DIR\" to check.\n"
              "\n"
              "Exit codes: 0 done, 1 a proof is not valid or cannot be kept, 2 wrong use, or\n"
              "something is not JSON, or there is no proof, 3 a file could not be read, or DIR\n"
              "not written, or DIR has a ledger or is in use.\n"
};

struct job {
    const struct occ_cli *cli;
    const struct occ_audit_input *input;
    struct occ_import *import;
    struct occ_progress progress;
    uint64_t seen, refused, malformed;
};

/* ---- reading ---- */

static void
refuse(struct job *job, const struct occ_place *place, const struct occ_error *why)
{
    if (job->refused < REFUSALS_SHOWN) {
        occ_output_note(job->cli, "%.1000s:%llu: %s", occ_input_name(job->input->names[place->stream]),
                        (unsigned long long)place->line, why->text);
    } else if (job->refused == REFUSALS_SHOWN) {
        occ_output_note(job->cli, "more are not shown");
    }
    job->refused++;
}

/* After the first refusal the rest is read all the same, to report what else is wrong. */
static struct occ_result
take(void *ctx, const struct occ_judged *judged, const struct occ_place *place, struct occ_error *err)
{
    struct job *job = ctx;
    job->seen++;
    occ_progress_update(&job->progress, job->seen);
    if (judged->verdict != OCC_VERDICT_VALID) {
        job->malformed += judged->verdict == OCC_VERDICT_MALFORMED;
        refuse(job, place, &judged->why);
        return occ_success();
    }
    struct occ_error why = { 0 };
    const struct occ_result put = occ_import_put(job->import, judged->text, &why);
    if (put.code == OCC_ERR_PROOF_STRUCTURE) {
        refuse(job, place, &why);
        return occ_success();
    }
    if (!occ_is_ok(put)) {
        return why.code == put.code ? occ_error_set(err, put.code, "%s", why.text) : occ_error_code(err, put.code);
    }
    return put;
}

static void
free_verifier(occ_verifier **verifier)
{
    occ_verifier_free(*verifier);
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

static OCC_RESULT
read_proofs(struct job *job, const struct occ_settings *settings, struct occ_audit_input *input, struct occ_error *err)
{
    __attribute__((cleanup(free_verifier))) occ_verifier *verifier = NULL;
    OCC_TRY(occ_trust_verifier(settings, err, &verifier));
    const struct occ_pipeline_source source = occ_audit_input_source(input);
    const struct occ_pipeline_job pipeline = {
        .verifier = verifier, .jobs = job_count(settings), .source = &source, .take = take, .ctx = job
    };
    OCC_TRY(occ_pipeline_run(&pipeline, err));
    return occ_import_finish(job->import, err);
}

/* ---- the new ledger ---- */

/* Paths in DIR. The ledger is made in a folder of its own there, and put in its place when it is whole. */
struct target {
    struct occ_buf lock, draft, draft_ledger, draft_index, ledger, index;
    int lock_fd;
};

static OCC_RESULT
put_path(struct occ_buf *path, const char *folder, const char *name, struct occ_error *err)
{
    *path = OCC_BUF_INIT(LONGEST_PATH);
    occ_buf_put_format(path, "%s/%s", folder, name);
    occ_buf_put_byte(path, 0);
    const struct occ_result put = occ_buf_check(path);
    return occ_is_ok(put) ? put : occ_error_code(err, put.code);
}

static const char *
path_of(const struct occ_buf *path)
{
    return (const char *)path->ptr;
}

static void
clear_target(struct target *target)
{
    if (target->lock_fd >= 0) {
        occ_file_close(target->lock_fd);
    }
    occ_buf_clear(&target->lock);
    occ_buf_clear(&target->draft);
    occ_buf_clear(&target->draft_ledger);
    occ_buf_clear(&target->draft_index);
    occ_buf_clear(&target->ledger);
    occ_buf_clear(&target->index);
}

/* DIR is ours as long as the lock is held: it is the one that occd takes. */
static OCC_RESULT
take_target(struct target *target, const char *folder, struct occ_error *err)
{
    OCC_TRY(put_path(&target->lock, folder, "lock", err));
    OCC_TRY(put_path(&target->draft, folder, "import.tmp", err));
    OCC_TRY(put_path(&target->draft_ledger, folder, "import.tmp/ledger.db", err));
    OCC_TRY(put_path(&target->draft_index, folder, "import.tmp/index.db", err));
    OCC_TRY(put_path(&target->ledger, folder, "ledger.db", err));
    OCC_TRY(put_path(&target->index, folder, "index.db", err));
    OCC_TRY(occ_file_make_folder(folder, err));
    OCC_TRY(occ_file_lock(path_of(&target->lock), err, &target->lock_fd));
    if (access(path_of(&target->ledger), F_OK) == 0) {
        return occ_error_set(err, OCC_ERR_STATE, "%s exists already, expected a folder without a ledger",
                             path_of(&target->ledger));
    }
    OCC_TRY(occ_folder_remove_files(path_of(&target->draft), err)); /* of one that was interrupted */
    return occ_file_make_folder(path_of(&target->draft), err);
}

static OCC_RESULT
fill_draft(struct job *job, const struct occ_settings *settings, const struct target *target,
           struct occ_audit_input *input, struct occ_error *err)
{
    struct occ_ledger *ledger = NULL;
    const struct occ_ledger_options options = { .folder = path_of(&target->draft), .create = true };
    OCC_TRY(occ_ledger_open(&options, err, &ledger));
    struct occ_result filled = occ_import_new(ledger, &job->import);
    filled = occ_is_ok(filled) ? read_proofs(job, settings, input, err) : occ_error_code(err, filled.code);
    occ_import_free(job->import);
    occ_ledger_close(ledger);
    return filled;
}

/* An index that was made on the way is taken along; without it, it is made anew. */
static OCC_RESULT
put_in_place(const struct target *target, struct occ_error *err)
{
    OCC_TRY(occ_draft_move(path_of(&target->draft_ledger), path_of(&target->ledger), err));
    const struct occ_result moved = occ_draft_move(path_of(&target->draft_index), path_of(&target->index), NULL);
    (void)moved;
    return occ_success();
}

static OCC_RESULT
import_all(struct job *job, const struct occ_settings *settings, struct occ_audit_input *input, struct target *target,
           struct occ_error *err)
{
    const size_t count = occ_settings_argument_count(settings);
    for (size_t i = 0; i < count; i++) {
        OCC_TRY(occ_audit_input_add(input, occ_settings_argument(settings, i), err));
    }
    if (count == 0) {
        OCC_TRY(occ_audit_input_add(input, "-", err));
    }
    OCC_TRY(take_target(target, occ_settings_text(settings, "ledger"), err));
    struct occ_result made = fill_draft(job, settings, target, input, err);
    if (occ_is_ok(made) && job->refused == 0 && job->seen > 0) {
        made = put_in_place(target, err);
    }
    const struct occ_result removed = occ_folder_remove_files(path_of(&target->draft), NULL);
    (void)removed; /* what is left of it is in nobody's way */
    return made;
}

/* ---- the command ---- */

static enum occ_exit
say(struct job *job, const char *folder)
{
    if (job->refused > 0) {
        occ_output_note(job->cli, "%llu of %llu proofs cannot be imported, no ledger was made",
                        (unsigned long long)job->refused, (unsigned long long)job->seen);
        return job->malformed > 0 ? OCC_EXIT_USAGE : OCC_EXIT_REFUSED;
    }
    if (job->seen == 0) {
        return occ_output_usage(job->cli, "no proofs: there is nothing to import in what was given");
    }
    OCC_BUF_AUTO(out, LONGEST_OUTPUT);
    occ_text_put_safe(&out, occ_bytes_str(folder));
    occ_buf_put_str(&out, "  (");
    occ_text_put_count(&out, job->seen);
    occ_buf_put_str(&out, job->seen == 1 ? " proof)\n" : " proofs)\n");
    return occ_output_text(job->cli, &out);
}

static enum occ_exit
run(const struct occ_cli *cli, const struct occ_settings *settings)
{
    const char *folder = occ_settings_text(settings, "ledger");
    if (folder == NULL) {
        return occ_output_usage(cli, "no --ledger, expected the folder for the new ledger");
    }
    struct occ_error err = { 0 };
    __attribute__((cleanup(occ_audit_input_clear))) struct occ_audit_input input = OCC_AUDIT_INPUT_INIT;
    __attribute__((cleanup(clear_target))) struct target target = { .lock_fd = -1 };
    struct job job = { .cli = cli, .input = &input, .progress = occ_progress_begin_count(cli, "import", "proofs") };
    const struct occ_result made = import_all(&job, settings, &input, &target, &err);
    occ_progress_end(&job.progress);
    return occ_is_ok(made) ? say(&job, folder) : occ_output_fail(cli, &err);
}

const struct occ_command occ_command_import = {
    .name = "import", .summary = "Make a new ledger from an export.", .settings = &program, .run = run
};
