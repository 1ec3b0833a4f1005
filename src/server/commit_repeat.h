/*
 * commit_repeat.h — a commit with an Idempotency-Key, until it is known whether the ledger has its proofs already: it takes the
 * lead of those with the same key (repeats.h), waits until boundary and ledger agree, and looks into the ledger (replay.h).
 *
 * It is apart from what every commit has: thousands may wait, and few have a key. All but occ_commit_repeat_hash on the loop's
 * thread.
 */
#ifndef OCC_SERVER_COMMIT_REPEAT_H
#define OCC_SERVER_COMMIT_REPEAT_H

#include "server/keys.h"
#include "server/opaque.h"
#include "server/repeat.h"
#include "server/replay.h"
#include "server/server.h"

struct occ_commit_repeat;

/*
 * What came of it, once. Success: *replay holds the proofs that the ledger has, or says that it has none; then nobody else with
 * this key signs until the repeat is freed. A failure: why is a sentence for the client, who may try again (503), or NULL if
 * the code says it all.
 */
typedef void occ_commit_repeat_done(void *ctx, struct occ_result result, const char *why, struct occ_replay *replay);

/* scope: name of the API key, or "". NULL: no memory. */
struct occ_commit_repeat *occ_commit_repeat_new(struct occ_server *server, const struct occ_repeat_key *key,
                                                const char *scope, occ_commit_repeat_done *done, void *ctx);
/* Before begin, on any thread: what key and body become, which goes into *opaque, too. */
void occ_commit_repeat_hash(struct occ_commit_repeat *repeat, struct occ_bytes body, struct occ_opaque *opaque);
/* done may be called before this returns. */
void occ_commit_repeat_begin(struct occ_commit_repeat *repeat);
/* Not between begin and done. The next one with the same key has the lead. NULL is allowed. */
void occ_commit_repeat_free(struct occ_commit_repeat *repeat);

#endif
