/* signer.c — what holds for every kind of signer. */
#include "boundary/signer.h"

#include "base/buf.h"

enum { SALT_LEN_MAX = 256 };

struct occ_result
occ_signer_test(const struct occ_signer *signer, struct occ_bytes salt)
{
    OCC_BUF_AUTO(text, SALT_LEN_MAX);
    occ_buf_put_str(&text, "occ/self-test/v1:");
    occ_buf_put(&text, salt);
    OCC_TRY(occ_buf_check(&text));
    uint8_t signature[OCC_ED25519_SIGNATURE_LEN];
    OCC_TRY(signer->sign(signer->ctx, occ_buf_view(&text), signature));
    return occ_ed25519_verify(signer->public_key, occ_buf_view(&text), signature);
}

void
occ_signer_clear(struct occ_signer *signer)
{
    if (signer->free != NULL) {
        signer->free(signer->ctx);
    }
    *signer = (struct occ_signer){ 0 };
}
