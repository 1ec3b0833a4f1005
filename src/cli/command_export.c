/* occ export --ledger DIR [FILE] */
#include "base/limits.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/text.h"
#include "ledger/ledger.h"
#include "os/draft.h"

enum { STEP = 64, FLUSH_LEN = 256 << 10 };
#define LONGEST_TEXT (FLUSH_LEN + (STEP + 1) * (size_t)OCC_LIMIT_CANONICAL_LEN)

static const struct occ_setting table[] = {
    { .name = "ledger",
      .type = OCC_SETTING_TEXT,
      .argument = "DIR",
      .help = "The folder of the ledger. Nothing in it is changed; an occd may be using it." },
    { .name = "epoch", .type = OCC_SETTING_TEXT, .argument = "EPOCH", .help = "Only proofs of this epochId." },
    { .name = "chain", .type = OCC_SETTING_TEXT, .argument = "CHAIN", .help = "Only proofs of this chainId." },
    { .name = "force", .letter = 'f', .type = OCC_SETTING_SWITCH, .help = "Replace FILE if it exists." },
};
static const char *const usage[] = { "[OPTIONS] --ledger DIR [FILE]", NULL };
static const struct occ_settings_program program = {
    .name = "occ export",
    .usage = usage,
    .about = "Writes the proofs of a ledger as JSON lines: one proof a line, canonical text, its timestamps in their "
             "place, in the order in which they were put. FILE appears only when it is whole; without FILE, or with "
             "\"-\", they go to standard output.",
    .table = table,
    .count = sizeof table / sizeof table[0],
    .takes_arguments = true,
    .epilog = "Example: occ export --ledger /var/lib/occ | gzip > proofs.jsonl.gz\n"
              "\n"
              "\"occ audit\" and \"occ import\" read what this writes.\n"
              "\n"
              "Exit codes: 0 done, 2 wrong use, 3 the ledger could not be read, or FILE not\n"
              "written.\n"
};

struct job {
    const struct occ_cli *cli;
    struct occ_bytes epoch, chain; /* empty = all */
    const char *file;              /* NULL = standard output */
    struct occ_draft draft;        /* of file */
    struct occ_progress progress;
    struct occ_buf text;
    uint64_t seen, taken;
    enum occ_exit written; /* of standard output: its reason has been said */
};

static struct occ_result
take(void *ctx, const struct occ_ledger_found *found)
{
    struct job *job = ctx;
    job->seen++;
    if ((job->epoch.len > 0 && !occ_bytes_equal(job->epoch, found->epoch_id)) ||
        (job->chain.len > 0 && !occ_bytes_equal(job->chain, found->chain_id))) {
        return occ_success();
    }
    job->taken++;
    occ_ledger_put_joined(&job->text, found);
    occ_buf_put_byte(&job->text, '\n');
    return occ_buf_check(&job->text);
}

static OCC_RESULT
flush(struct job *job, struct occ_error *err)
{
    if (job->file == NULL) {
        job->written = occ_output_text(job->cli, &job->text);
        OCC_ENSURE(job->written == OCC_EXIT_DONE, OCC_ERR_IO);
        return occ_success();
    }
    const struct occ_result written = occ_draft_write(&job->draft, occ_buf_view(&job->text), err);
    occ_buf_reset(&job->text);
    return written;
}

static OCC_RESULT
write_all(struct job *job, struct occ_ledger_reader *reader, struct occ_error *err)
{
    uint64_t cursor = 0;
    uint64_t before;
    do {
        before = job->seen;
        OCC_TRY(occ_ledger_walk(reader, &cursor, STEP, take, job, err));
        if (job->text.len >= FLUSH_LEN) {
            OCC_TRY(flush(job, err));
        }
        occ_progress_update(&job->progress, job->seen);
    } while (job->seen > before);
    OCC_TRY(flush(job, err));
    return job->file == NULL ? occ_success() : occ_draft_finish(&job->draft, err);
}

static struct occ_result
note_epoch(void *ctx, const struct occ_ledger_epoch_info *info)
{
    (void)info;
    bool *is_known = ctx;
    *is_known = true;
    return occ_success();
}

/* A name that was mistyped must not look like an epoch without proofs. */
static OCC_RESULT
check_epoch(const struct job *job, struct occ_ledger_reader *reader, struct occ_error *err)
{
    bool is_known = job->epoch.len == 0;
    if (!is_known) {
        OCC_TRY(occ_ledger_epoch_of(reader, job->epoch, note_epoch, &is_known, err));
    }
    return is_known ? occ_success()
                    : occ_error_set(err, OCC_ERR_USAGE, "--epoch: the ledger has no epoch \"%.*s\"",
                                    OCC_BYTES_ARG(job->epoch));
}

static void
free_reader(struct occ_ledger_reader **reader)
{
    occ_ledger_reader_free(*reader);
}

static OCC_RESULT
export_all(struct job *job, const struct occ_settings *settings, struct occ_error *err)
{
    __attribute__((cleanup(free_reader))) struct occ_ledger_reader *reader = NULL;
    const struct occ_ledger_options options = { .folder = occ_settings_text(settings, "ledger") };
    OCC_TRY(occ_ledger_reader_new(NULL, &options, err, &reader));
    OCC_TRY(check_epoch(job, reader, err));
    if (job->file != NULL) {
        OCC_TRY(occ_draft_begin(&job->draft, job->file, occ_settings_switch(settings, "force"), err));
    }
    return write_all(job, reader, err);
}

static enum occ_exit
say_done(struct job *job)
{
    if (job->file == NULL) {
        return OCC_EXIT_DONE;
    }
    occ_text_put_safe(&job->text, occ_bytes_str(job->file));
    occ_buf_put_str(&job->text, "  (");
    occ_text_put_count(&job->text, job->taken);
    occ_buf_put_str(&job->text, job->taken == 1 ? " proof)\n" : " proofs)\n");
    return occ_output_text(job->cli, &job->text);
}

static enum occ_exit
run(const struct occ_cli *cli, const struct occ_settings *settings)
{
    if (occ_settings_text(settings, "ledger") == NULL) {
        return occ_output_usage(cli, "no --ledger, expected the folder of a ledger");
    }
    if (occ_settings_argument_count(settings) > 1) {
        return occ_output_usage(cli, "\"%.200s\" is one argument too many, expected at most FILE",
                                occ_settings_argument(settings, 1));
    }
    const char *file = occ_settings_argument(settings, 0);
    struct occ_error err = { 0 };
    struct job job = { .cli = cli,
                       .epoch = occ_bytes_str(occ_settings_text(settings, "epoch")),
                       .chain = occ_bytes_str(occ_settings_text(settings, "chain")),
                       .file = file != NULL && strcmp(file, "-") != 0 ? file : NULL,
                       .draft = OCC_DRAFT_INIT,
                       .progress = occ_progress_begin_count(cli, "export", "proofs"),
                       .text = OCC_BUF_INIT(LONGEST_TEXT) };
    const struct occ_result exported = export_all(&job, settings, &err);
    occ_progress_end(&job.progress);
    occ_draft_drop(&job.draft);
    enum occ_exit code = job.written;
    if (occ_is_ok(exported)) {
        code = say_done(&job);
    } else if (job.written == OCC_EXIT_DONE) {
        code = occ_output_fail(cli, &err);
    }
    occ_buf_clear(&job.text);
    return code;
}

const struct occ_command occ_command_export = {
    .name = "export", .summary = "Write the proofs of a ledger as JSON lines.", .settings = &program, .run = run
};
