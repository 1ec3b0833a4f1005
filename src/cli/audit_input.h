/*
 * audit_input.h — what occ audit reads: files, folders of files, standard input, one after the other.
 */
#ifndef OCC_CLI_AUDIT_INPUT_H
#define OCC_CLI_AUDIT_INPUT_H

#include "audit/pipeline.h"
#include "cli/cli.h"

struct occ_audit_input {
    char **names; /* of the files, in the order in which they are read; "-" = standard input */
    size_t count, cap;
    size_t next; /* the file that is opened next; the one before is open */
    int fd;      /* -1 = none */
};

#define OCC_AUDIT_INPUT_INIT ((struct occ_audit_input){ .fd = -1 })

/*
 * Adds a path as given: a file of any name, "-", or a folder, of which all files whose names end in .json, .jsonl or .ndjson
 * are taken, in the order of their names byte by byte, folders in it likewise. Names that begin with a dot, and folders
 * that are symbolic links, are passed over. OCC_ERR_NOT_FOUND and the like; OCC_ERR_USAGE: "-" twice, too many files.
 */
OCC_RESULT occ_audit_input_add(struct occ_audit_input *input, const char *path, struct occ_error *err);
/* The files as streams, numbered as they are here. input must outlive it. */
struct occ_pipeline_source occ_audit_input_source(struct occ_audit_input *input);
void occ_audit_input_clear(struct occ_audit_input *input);

#endif
