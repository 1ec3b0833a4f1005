/* occ backup --ledger DIR FILE */
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/text.h"
#include "ledger/ledger.h"

enum { LONGEST_OUTPUT = 64 << 10 };

static const struct occ_setting table[] = {
    { .name = "ledger",
      .type = OCC_SETTING_TEXT,
      .argument = "DIR",
      .help = "The folder of the ledger. An occd may go on writing to it." },
};
static const char *const usage[] = { "--ledger DIR FILE", NULL };
static const struct occ_settings_program program = {
    .name = "occ backup",
    .usage = usage,
    .about = "Copies a ledger to FILE, whole and as of one moment, while occd serves and writes. FILE is synced to the "
             "disk before this ends; a file that exists is never replaced.",
    .table = table,
    .count = sizeof table / sizeof table[0],
    .takes_arguments = true,
    .epilog = "Example: occ backup --ledger /var/lib/occ /backup/occ.db\n"
              "\n"
              "To restore: put FILE into an empty folder, as ledger.db. The index of digests\n"
              "is made anew when it is used first. \"occ audit --ledger\" says whether it is\n"
              "whole.\n"
              "\n"
              "Exit codes: 0 done, 2 wrong use, 3 the ledger could not be read, or FILE not\n"
              "written, or it exists.\n"
};

static void
show_progress(void *ctx, uint64_t done, uint64_t all)
{
    struct occ_progress *progress = ctx;
    progress->total = all;
    occ_progress_update(progress, done);
}

static enum occ_exit
run(const struct occ_cli *cli, const struct occ_settings *settings)
{
    const char *folder = occ_settings_text(settings, "ledger");
    const char *file = occ_settings_argument(settings, 0);
    if (folder == NULL) {
        return occ_output_usage(cli, "no --ledger, expected the folder of a ledger");
    }
    if (file == NULL) {
        return occ_output_usage(cli, "no FILE, expected the name of the file to write");
    }
    if (strcmp(file, "-") == 0) {
        return occ_output_usage(cli,
                                "\"-\": a database cannot be written to standard output, expected the name of a file");
    }
    if (occ_settings_argument_count(settings) > 1) {
        return occ_output_usage(cli, "\"%.200s\" is one argument too many, expected only FILE",
                                occ_settings_argument(settings, 1));
    }
    struct occ_error err = { 0 };
    struct occ_progress progress = occ_progress_begin(cli, "backup", 0);
    const struct occ_result copied = occ_ledger_backup(folder, file, show_progress, &progress, &err);
    occ_progress_end(&progress);
    if (!occ_is_ok(copied)) {
        return occ_output_fail(cli, &err);
    }
    OCC_BUF_AUTO(out, LONGEST_OUTPUT);
    occ_text_put_safe(&out, occ_bytes_str(file));
    occ_buf_put_byte(&out, '\n');
    return occ_output_text(cli, &out);
}

const struct occ_command occ_command_backup = {
    .name = "backup", .summary = "Copy a ledger to a file, while it is in use.", .settings = &program, .run = run
};
