/*
 * commit.h — the parts of occ commit: what is to be committed, the requests, the answers.
 *
 * The order matters: everything that can be refused is refused before the first request, since a commit cannot be undone;
 * and nothing that a server answers is kept before it was verified here.
 */
#ifndef OCC_CLI_COMMIT_H
#define OCC_CLI_COMMIT_H

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/commit_fields.h"
#include "cli/input.h"
#include "verify/verify.h"

/* One digest to commit. */
struct occ_commit_item {
    const char *file; /* as given, "-" = standard input; NULL with --digest */
    char *output;     /* where the proof goes; NULL = standard output; owned */
    struct occ_input_hash hash;
    struct occ_buf metadata; /* canonical text of what its proof is to hold; empty = none */
    struct occ_buf agency;   /* the same, made for the request that the item goes into */
    bool written;            /* its proof is in the file */
};

struct occ_commit_plan {
    struct occ_commit_item *items;
    size_t count;
    bool force;           /* proof files may be replaced */
    bool shared_metadata; /* all items have the same: it stands once in a request */
    size_t batch;         /* digests of one request, at most */
    struct occ_commit_fields fields;
    const char *idempotency_key; /* as given, for the one request; or NULL; borrowed from the settings */
};

/*
 * Reads settings and arguments, checks that every proof file can be written, and hashes the files. Begin with { 0 }; clear
 * in any case. Codes: OCC_ERR_USAGE (an existing proof file without --force included), those of input.h.
 */
OCC_RESULT occ_commit_plan_init(struct occ_commit_plan *plan, const struct occ_cli *cli,
                                const struct occ_settings *settings, struct occ_error *err);
void occ_commit_plan_clear(struct occ_commit_plan *plan);

/* How many items from first on go into one request: bounded by the plan's batch, and by the sizes that servers take. */
size_t occ_commit_batch(const struct occ_commit_plan *plan, size_t first);
/*
 * With an actor: asks for a challenge for each of count items from first on, and makes their agencies. Just before the request,
 * since a challenge lives for a minute.
 */
OCC_RESULT occ_commit_authorize(const struct occ_commit_plan *plan, size_t first, size_t count,
                                struct occ_client *client, struct occ_error *err);
/* Appends the body of POST /commit for count items from first on. */
void occ_commit_put_request(const struct occ_commit_plan *plan, size_t first, size_t count, struct occ_buf *buf);
/*
 * Holds the answer against what was asked: an array of count proofs, each valid, for the item's digest, with the item's
 * metadata and agency and the plan's fields. OCC_ERR_PROOF_STRUCTURE and other codes from 100 on, which are exit 1: "the
 * server's answer does not verify: …".
 */
OCC_RESULT occ_commit_check_answer(const struct occ_commit_plan *plan, size_t first, size_t count,
                                   const struct occ_json *answer, struct occ_error *err);
/*
 * Writes a proof into the item's file, or prints it if the item has none. Where the file cannot be written, the proof is printed
 * (unless json: then the caller prints it anyway): it must not be lost. Sets item->written.
 */
enum occ_exit occ_commit_write(const struct occ_cli *cli, const struct occ_commit_plan *plan,
                               struct occ_commit_item *item, const struct occ_json *proof, bool json);

#endif
