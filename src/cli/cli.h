/*
 * cli.h — what every command of occ is given, and how it ends.
 *
 * A command is a row in the table of commands.c: its settings, and a function that does its work and returns the exit code.
 * What a person reads goes to standard output; why something did not work is one sentence on standard error.
 */
#ifndef OCC_CLI_CLI_H
#define OCC_CLI_CLI_H

#include "base/buf.h"
#include "settings/settings.h"

/* DESIGN §6. */
enum occ_exit {
    OCC_EXIT_DONE = 0,    /* valid, done */
    OCC_EXIT_REFUSED = 1, /* a proof is not valid */
    OCC_EXIT_USAGE = 2,   /* wrong use or malformed input */
    OCC_EXIT_FAILED = 3   /* could not: network, disk */
};

struct occ_cli {
    const char *name; /* "occ verify": begins every sentence on standard error */
    char *const *envp;
    bool out_is_terminal, err_is_terminal;
    bool color; /* on standard output */
};

struct occ_command {
    const char *name;                            /* "verify" */
    const char *summary;                         /* one line of "occ --help" */
    const struct occ_settings_program *settings; /* NULL: the command takes its words itself (help, version) */
    enum occ_exit (*run)(const struct occ_cli *cli, const struct occ_settings *settings);
};

/* The command lines of occ: argv[1] is the command. envp as main's environ. Returns the exit code. */
int occ_commands_main(int argc, char *const *argv, char *const *envp);

extern const struct occ_command occ_command_hash;
extern const struct occ_command occ_command_commit;
extern const struct occ_command occ_command_verify;
extern const struct occ_command occ_command_inspect;
extern const struct occ_command occ_command_audit;
extern const struct occ_command occ_command_key;
extern const struct occ_command occ_command_actor_id;
extern const struct occ_command occ_command_slot;
extern const struct occ_command occ_command_upgrade;
extern const struct occ_command occ_command_lookup;
extern const struct occ_command occ_command_export;
extern const struct occ_command occ_command_import;
extern const struct occ_command occ_command_backup;

#endif
