/*
 * input.h — what commands read: files as a stream, JSON documents, digests and JSON on the command line.
 *
 * Codes: those of os/file for what cannot be read (exit 3); OCC_ERR_USAGE and 40 to 69 for what is malformed (exit 2).
 */
#ifndef OCC_CLI_INPUT_H
#define OCC_CLI_INPUT_H

#include "cli/cli.h"
#include "codec/json.h"
#include "crypto/digest.h"

struct occ_input_hash {
    uint8_t digest[OCC_SHA256_LEN];
    uint64_t size; /* bytes */
};

/* Hashes a file ("-" = standard input) as a stream, in constant memory, with progress. */
OCC_RESULT occ_input_hash_file(const struct occ_cli *cli, const char *path, struct occ_error *err,
                               struct occ_input_hash *ret_hash);
/* A digest as a person gives it: 64 characters of lower-case hex, or 44 of base64. */
OCC_RESULT occ_input_digest(const char *text, struct occ_error *err, uint8_t ret_digest[OCC_SHA256_LEN]);

/*
 * Reads a file ("-" = standard input) of at most OCC_LIMIT_PROOFS_LEN bytes with one proof, or the array of proofs that
 * POST /commit answers. *ret_root is the caller's, also where it is neither, as an empty array: then the count below is 1,
 * and reading it as a proof says what is wrong.
 */
OCC_RESULT occ_input_proofs(const char *path, struct occ_error *err, struct occ_json **ret_root);
/* Whether root is an array of proofs; how many it is; the one at index. */
bool occ_input_is_proofs(const struct occ_json *root);
size_t occ_input_proof_count(const struct occ_json *root);
const struct occ_json *occ_input_proof_at(const struct occ_json *root, size_t index);

/*
 * JSON given with a flag: the text itself if it begins with '{' or '[', else a file, "@FILE" or (if file_by_name) "FILE". flag
 * begins the sentence of a refusal. It is an object.
 */
OCC_RESULT occ_input_json_flag(const char *flag, const char *text, bool file_by_name, struct occ_error *err,
                               struct occ_json **ret_root);

/* "standard input" for "-", else the path: for messages. */
const char *occ_input_name(const char *path);

#endif
