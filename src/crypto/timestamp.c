/* timestamp.c — verifies a token, step by step; each step is a file of its own. */
#include "crypto/timestamp.h"

#include <openssl/err.h>

#include "crypto/timestamp_private.h"

/* known may be NULL. */
static OCC_RESULT
check(struct occ_bytes der, const struct occ_timestamp_roots *roots, struct occ_certificate_cache *known,
      struct occ_error *err, struct occ_timestamp_facts *ret_facts)
{
    __attribute__((cleanup(occ_timestamp_token_clear))) struct occ_timestamp_token token = { .cms = NULL };
    struct occ_timestamp_facts facts = { .trusted = false };
    X509 *signer = NULL;
    OCC_TRY(occ_timestamp_token_read(der, known, err, &token));
    OCC_TRY(occ_timestamp_info_read(token.info, err, &facts));
    OCC_TRY(occ_timestamp_signer_find(&token, err, &signer));
    OCC_TRY(occ_timestamp_signer_check_purpose(signer, err));
    OCC_TRY(occ_timestamp_signer_check_signature(&token, signer, err));
    OCC_TRY(occ_timestamp_info_read_signer(signer, &facts));
    OCC_TRY(occ_timestamp_roots_judge(roots, &token, signer, err, &facts));
    *ret_facts = facts;
    return occ_success();
}

static OCC_RESULT
look(struct occ_bytes der, const struct occ_timestamp_roots *roots, struct occ_certificate_cache *known,
     struct occ_error *err, struct occ_timestamp_facts *ret_facts)
{
    ERR_clear_error();
    return occ_timestamp_token_settle(check(der, roots, known, err, ret_facts), err);
}

/* Nothing is wrong, and no authority is missing that roots were given for. */
static bool
is_plain(struct occ_result result, const struct occ_timestamp_roots *roots, const struct occ_timestamp_facts *facts)
{
    return occ_is_ok(result) && (facts->trusted || !occ_timestamp_roots_any(roots));
}

struct occ_result
occ_timestamp_verify(struct occ_bytes token, const struct occ_timestamp_roots *roots, struct occ_error *err,
                     struct occ_timestamp_facts *ret_facts)
{
    struct occ_certificate_cache *known = roots == NULL ? NULL : roots->known;
    struct occ_timestamp_facts facts = { .trusted = false };
    struct occ_result result = look(token, roots, known, NULL, &facts);
    if (!is_plain(result, roots, &facts)) {
        /*
         * OpenSSL can take a failed allocation for a signature that does not fit or a certificate that is not there,
         * without a word about it. A second look tells: still short of memory it says so, and else it gives the true
         * verdict. It reads all certificates anew: one that was read when memory was short may have been kept.
         */
        result = look(token, roots, NULL, err, &facts);
        if (known != NULL && is_plain(result, roots, &facts)) {
            occ_certificate_cache_forget(known);
        }
    }
    OCC_TRY(result);
    *ret_facts = facts;
    return occ_success();
}
