/*
 * output.h — standard output for answers, standard error for one sentence.
 */
#ifndef OCC_CLI_OUTPUT_H
#define OCC_CLI_OUTPUT_H

#include "cli/cli.h"

/* The exit code that fits a code: 100 to 299 refused; 1, 40 to 69 usage; else failed. */
enum occ_exit occ_output_exit_of(enum occ_err code);

/* Writes "NAME: sentence" to standard error, and returns the exit code that fits err->code. */
enum occ_exit occ_output_fail(const struct occ_cli *cli, const struct occ_error *err);
/* The same for wrong use: printf-style, returns OCC_EXIT_USAGE. */
__attribute__((format(printf, 2, 3))) enum occ_exit occ_output_usage(const struct occ_cli *cli, const char *format,
                                                                     ...);
/* A sentence on standard error that is no failure by itself. */
__attribute__((format(printf, 2, 3))) void occ_output_note(const struct occ_cli *cli, const char *format, ...);

/* Writes buf and a newline to standard error: for what must not be lost when standard output is gone. */
void occ_output_last_resort(struct occ_buf *buf);

/* Writes buf to standard output and empties it. OCC_EXIT_DONE, or OCC_EXIT_FAILED once the reason is on standard error. */
enum occ_exit occ_output_text(const struct occ_cli *cli, struct occ_buf *buf);
/*
 * The same for a line of JSON text without its newline, which is added. To a terminal, characters that act on it are
 * written as \uXXXX, which is the same JSON.
 */
enum occ_exit occ_output_json(const struct occ_cli *cli, struct occ_buf *buf);
/* A part of such a line: no newline yet. */
enum occ_exit occ_output_json_part(const struct occ_cli *cli, struct occ_buf *buf);

#endif
