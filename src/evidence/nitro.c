/* nitro.c — verifying a Nitro attestation document: see nitro.h. */
#include "evidence/nitro.h"

struct occ_result
occ_nitro_verify(const struct occ_nitro_document *document, struct occ_path_trust *trust, struct occ_error *err,
                 struct occ_nitro_facts *ret_facts)
{
    /* PROTOCOL §5: validity is judged at the document's own time */
    const struct occ_path path = { .authorities = document->cabundle,
                                   .authority_count = document->cabundle_count,
                                   .leaf = document->certificate,
                                   .time_ms = document->time_ms };
    struct occ_path_leaf leaf;
    OCC_TRY(occ_path_verify(trust, &path, err, &leaf));
    __attribute__((cleanup(occ_ecdsa_key_cleanup))) struct occ_ecdsa_key *key = leaf.key;
    const struct occ_result result = occ_cose_verify(&document->sign1, occ_bytes_of(NULL, 0), key);
    if (!occ_is_ok(result)) {
        return occ_error_code(err, result.code == OCC_ERR_SIGNATURE ? OCC_ERR_NITRO_SIGNATURE : result.code);
    }
    *ret_facts = (struct occ_nitro_facts){ leaf.not_before_ms, leaf.not_after_ms };
    return occ_success();
}
