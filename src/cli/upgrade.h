/*
 * upgrade.h — timestamps that came late: from the server's copy of a proof into a person's own.
 *
 * Nothing is taken on the server's word: its copy must be the same proof in every member but "timestamps", and what comes out
 * must verify, tokens included.
 */
#ifndef OCC_CLI_UPGRADE_H
#define OCC_CLI_UPGRADE_H

#include "base/buf.h"
#include "verify/verify.h"

enum occ_upgrade_slot { OCC_UPGRADE_ARTIFACT = 1, OCC_UPGRADE_PROOF = 2 };

struct occ_upgrade_rules {
    const occ_verifier *verifier;
    bool only_trusted; /* take no token whose authority leads to none of the verifier's roots */
};

/* One proof of a person's. */
struct occ_upgrade {
    const struct occ_json *value; /* borrowed */
    struct occ_proof proof;       /* as it was read */
    unsigned has;                 /* its timestamps: a sum of enum occ_upgrade_slot */
};

/* Verifies value: what is not valid is not upgraded. The refusal's code and reason; OCC_ERR_NOMEM. */
OCC_RESULT occ_upgrade_begin(const struct occ_upgrade_rules *rules, const struct occ_json *value, struct occ_error *err,
                             struct occ_upgrade *ret_upgrade);
/*
 * theirs: any value of the server's. Appends the proof with the timestamps that it lacks and theirs has, as canonical JSON;
 * *ret_has are all that are in it then. If theirs has nothing new: success, *ret_has = upgrade->has, buf untouched. Refusals:
 *   OCC_ERR_NOT_FOUND       theirs is another proof (another proof hash), or none
 *   OCC_ERR_PROOF_STRUCTURE it is the same proof, but differs in a member that is not signed
 *   OCC_ERR_TIMESTAMP_…     a token does not verify, or (only_trusted) its authority is not trusted
 */
OCC_RESULT occ_upgrade_take(const struct occ_upgrade_rules *rules, const struct occ_upgrade *upgrade,
                            const struct occ_json *theirs, struct occ_error *err, struct occ_buf *buf,
                            unsigned *ret_has);

#endif
