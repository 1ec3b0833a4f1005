/* hashes.c — the hashes of a proof, for callers that hold chains together: see <occ/verify.h>. */
#include "base/limits.h"
#include "crypto/errors.h"
#include "proof/body.h"
#include "verify/report.h"

static OCC_RESULT
hash(const struct occ_proof *proof, struct occ_hashes *hashes)
{
    OCC_TRY(occ_body_proof_hash(proof, hashes->proof_hash));
    OCC_TRY(occ_body_link_hash(proof, false, hashes->link_hash));
    OCC_TRY(occ_body_link_hash(proof, true, hashes->link_hash_with_report));
    return occ_body_core_hash(proof, hashes->core_hash);
}

static OCC_RESULT
hash_text(struct occ_bytes text, struct occ_hashes *ret)
{
    enum { FIRST_HASHES = OCC_REPORT_END_OF(struct occ_hashes, core_hash) };
    OCC_ENSURE(text.len <= OCC_LIMIT_PROOF_LEN, OCC_ERR_LIMIT);
    __attribute__((cleanup(occ_json_cleanup))) struct occ_json *root = NULL;
    struct occ_proof proof;
    struct occ_hashes hashes;
    memset(&hashes, 0, sizeof hashes);
    OCC_TRY(occ_json_parse(text, OCC_LIMIT_JSON_DEPTH, NULL, &root));
    OCC_TRY(occ_proof_read(root, NULL, &proof));
    OCC_TRY(hash(&proof, &hashes));
    OCC_ENSURE(occ_report_hand_out(&hashes, sizeof hashes, FIRST_HASHES, ret) == 1, OCC_ERR_USAGE);
    return occ_success();
}

enum occ_err
occ_hashes_of(const void *proof, size_t proof_len, struct occ_hashes *ret)
{
    if (proof == NULL || ret == NULL) {
        return OCC_ERR_USAGE;
    }
    __attribute__((cleanup(occ_errors_cleanup))) struct occ_errors *errors = NULL;
    const struct occ_result taken = occ_errors_take(&errors);
    if (!occ_is_ok(taken)) {
        return taken.code;
    }
    occ_json_init();
    return hash_text(occ_bytes_of(proof, proof_len), ret).code;
}
