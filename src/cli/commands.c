#include <stdlib.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/output.h"
#include "settings/suggest.h"

enum { LONGEST_HELP = 64 << 10 };

static const struct occ_command *const commands[] = { &occ_command_hash,     &occ_command_commit, &occ_command_lookup,
                                                      &occ_command_upgrade,  &occ_command_verify, &occ_command_inspect,
                                                      &occ_command_audit,    &occ_command_key,    &occ_command_slot,
                                                      &occ_command_actor_id, &occ_command_export, &occ_command_import,
                                                      &occ_command_backup };
enum { COMMANDS = sizeof commands / sizeof commands[0] };

/* For --version, whose first word is the program's name. */
static const struct occ_settings_program whole_program = { .name = "occ" };

static const char epilog[] = "\nRun \"occ COMMAND --help\" for what a command does and takes.\n"
                             "\n"
                             "Exit codes: 0 done, or the proof is valid; 1 refused: a proof is not valid;\n"
                             "2 wrong use or malformed input; 3 could not: network, disk.\n";

static void
put_overview(struct occ_buf *buf)
{
    occ_buf_put_str(buf, "Usage: occ COMMAND [OPTIONS] [ARGUMENTS]\n"
                         "       occ help [COMMAND]\n"
                         "\n"
                         "Commits files to an occ/1 server by their SHA-256 digest, and verifies the\n"
                         "proofs that come back, offline. The files themselves are never sent.\n"
                         "\n"
                         "Commands:\n");
    for (size_t i = 0; i < COMMANDS; i++) {
        occ_buf_put_format(buf, "  %-9s %s\n", commands[i]->name, commands[i]->summary);
    }
    occ_buf_put_str(buf, "  help      Show this text, or that of a command.\n"
                         "  version   Show the version.\n");
    occ_buf_put_str(buf, epilog);
}

static const struct occ_command *
find(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i]->name, name) == 0) {
            return commands[i];
        }
    }
    return NULL;
}

static enum occ_exit
unknown_command(const struct occ_cli *cli, const char *word)
{
    struct occ_suggest suggest = { .word = occ_bytes_str(word) };
    for (size_t i = 0; i < COMMANDS; i++) {
        occ_suggest_offer(&suggest, commands[i]->name);
    }
    occ_suggest_offer(&suggest, "help");
    occ_suggest_offer(&suggest, "version");
    const char *kind = word[0] == '-' ? "flag" : "command";
    if (suggest.best == NULL || word[0] == '-') {
        return occ_output_usage(cli, "unknown %s \"%.100s\", see \"occ --help\"", kind, word);
    }
    return occ_output_usage(cli, "unknown command \"%.100s\", did you mean \"%s\"?", word, suggest.best);
}

static enum occ_exit
show_help(const struct occ_cli *cli, const struct occ_command *command)
{
    OCC_BUF_AUTO(buf, LONGEST_HELP);
    if (command == NULL) {
        put_overview(&buf);
    } else {
        occ_settings_put_help(command->settings, &buf);
    }
    return occ_output_text(cli, &buf);
}

static enum occ_exit
show_version(const struct occ_cli *cli)
{
    OCC_BUF_AUTO(buf, LONGEST_HELP);
    occ_settings_put_version(&whole_program, &buf);
    return occ_output_text(cli, &buf);
}

/* occ help [COMMAND] */
static enum occ_exit
run_help(const struct occ_cli *cli, int argc, char *const *argv)
{
    if (argc > 3) {
        return occ_output_usage(cli, "\"%.100s\" is one argument too many, expected at most a command", argv[3]);
    }
    if (argc < 3 || strcmp(argv[2], "help") == 0 || strcmp(argv[2], "version") == 0 || argv[2][0] == '-') {
        return show_help(cli, NULL);
    }
    const struct occ_command *command = find(argv[2]);
    return command == NULL ? unknown_command(cli, argv[2]) : show_help(cli, command);
}

static void
free_settings(struct occ_settings **settings)
{
    occ_settings_free(*settings);
}

static enum occ_exit
run_command(struct occ_cli *cli, const struct occ_command *command, int argc, char *const *argv)
{
    cli->name = command->settings->name;
    struct occ_error err = { 0 };
    __attribute__((cleanup(free_settings))) struct occ_settings *settings = NULL;
    /* argv[0] is not read: to the command, its own name is the program's. */
    if (!occ_is_ok(occ_settings_load(command->settings, argc - 1, argv + 1, cli->envp, &err, &settings))) {
        return occ_output_fail(cli, &err);
    }
    if (occ_settings_wants_help(settings)) {
        return show_help(cli, command);
    }
    if (occ_settings_wants_version(settings)) {
        return show_version(cli);
    }
    return command->run(cli, settings);
}

static bool
wants_color(void)
{
    const char *no_color = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");
    return isatty(STDOUT_FILENO) && (no_color == NULL || no_color[0] == '\0') && terminal != NULL &&
           strcmp(terminal, "dumb") != 0;
}

int
occ_commands_main(int argc, char *const *argv, char *const *envp)
{
    struct occ_cli cli = { .name = "occ",
                           .envp = envp,
                           .out_is_terminal = isatty(STDOUT_FILENO) != 0,
                           .err_is_terminal = isatty(STDERR_FILENO) != 0,
                           .color = wants_color() };
    if (argc < 2) {
        return (int)occ_output_usage(&cli, "no command, expected commit, verify or another; see \"occ --help\"");
    }
    const char *word = argv[1];
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        return (int)show_help(&cli, NULL);
    }
    if (strcmp(word, "--version") == 0) {
        return (int)show_version(&cli);
    }
    if (strcmp(word, "help") == 0) {
        return (int)run_help(&cli, argc, argv);
    }
    if (strcmp(word, "version") == 0) {
        return argc > 2 && strcmp(argv[2], "--help") == 0 ? (int)show_help(&cli, NULL)
               : argc > 2                                 ? (int)occ_output_usage(&cli, "version takes no arguments")
                                                          : (int)show_version(&cli);
    }
    const struct occ_command *command = find(word);
    return command == NULL ? (int)unknown_command(&cli, word) : (int)run_command(&cli, command, argc, argv);
}
