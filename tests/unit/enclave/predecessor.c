/* predecessor.c — the proof that an epoch goes on from is valid, and all of it could be judged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/base64.h"
#include "base/limits.h"
#include "codec/canonical.h"
#include "crypto/ed25519.h"
#include "crypto/secret.h"
#include "enclave/predecessor.h"
#include "proof/body.h"
#include "verify/verify.h"

#define ZEROS "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

/* A proof of tier stub with these members more in environment and at the top, signed by a key of our own. */
static void
make_proof(const char *environment, const char *top, struct occ_buf *ret)
{
    uint8_t seed[OCC_ED25519_SEED_LEN] = { 7 }, key[OCC_ED25519_PUBLIC_LEN], secret[OCC_ED25519_SECRET_LEN];
    uint8_t signature[OCC_ED25519_SIGNATURE_LEN] = { 0 };
    occ_ed25519_key_pair(seed, key, secret);
    for (int signing = 1; signing >= 0; signing--) {
        occ_buf_reset(ret);
        occ_buf_put_format(ret,
                           "{\"version\":\"occ/1\",\"artifact\":{\"hashAlg\":\"sha256\",\"digestB64\":\"" ZEROS
                           "\"},\"commit\":{\"counter\":\"1\",\"nonceB64\":\"" ZEROS
                           "\",\"epochId\":\"e\",\"time\":1},\"environment\":{\"enforcement\":\"stub\",\"measurement\":"
                           "\"m\"%s}%s,\"signer\":{\"publicKeyB64\":\"",
                           environment, top);
        occ_base64_put(ret, occ_bytes_of(key, sizeof key));
        occ_buf_put_str(ret, "\",\"signatureB64\":\"");
        occ_base64_put(ret, occ_bytes_of(signature, sizeof signature));
        occ_buf_put_str(ret, "\"}}");
        assert_int_equal(occ_buf_check(ret).code, OCC_OK);
        __attribute__((cleanup(occ_json_cleanup))) struct occ_json *root = NULL;
        struct occ_proof proof;
        OCC_BUF_AUTO(body, 1 << 16);
        assert_int_equal(occ_json_parse(occ_buf_view(ret), OCC_LIMIT_JSON_DEPTH, NULL, &root).code, OCC_OK);
        assert_int_equal(occ_proof_read(root, NULL, &proof).code, OCC_OK);
        occ_body_put(&body, &proof);
        occ_ed25519_sign(secret, occ_buf_view(&body), signature);
    }
}

static enum occ_err
check(struct occ_bytes text, struct occ_error *err)
{
    __attribute__((cleanup(occ_json_cleanup))) struct occ_json *root = NULL;
    occ_verifier *verifier = NULL;
    assert_int_equal(occ_secret_init().code, OCC_OK);
    assert_int_equal(occ_verifier_make(NULL, err, &verifier).code, OCC_OK);
    assert_int_equal(occ_json_parse(text, OCC_LIMIT_JSON_DEPTH, NULL, &root).code, OCC_OK);
    const enum occ_err code = occ_predecessor_check(verifier, root, err).code;
    occ_verifier_free(verifier);
    return code;
}

static void
expect(const char *environment, const char *top, enum occ_err code, const char *text)
{
    OCC_BUF_AUTO(proof, 1 << 16);
    struct occ_error err = { .code = OCC_OK };
    make_proof(environment, top, &proof);
    assert_int_equal(check(occ_buf_view(&proof), &err), code);
    if (strncmp(err.text, text, strlen(text)) != 0) {
        fail_msg("%s, expected %s", err.text, text);
    }
}

static void
test_checks(void **state)
{
    (void)state;
    expect("", "", OCC_OK, "");
    expect("", ",\"metadata\":{\"a\":1}", OCC_OK, "");
    /* What cannot be judged here is not good enough … */
    expect(",\"attestation\":{\"format\":\"tpm\",\"reportB64\":\"AAAA\"}", "", OCC_ERR_UNSUPPORTED, "attestation: ");
    /* … and what is wrong is refused as by any verifier. */
    expect(",\"attestation\":{\"format\":\"aws-nitro\",\"reportB64\":\"AAAA\"}", "", OCC_ERR_NITRO_DOCUMENT, "");
}

static void
test_wrong_signature(void **state)
{
    (void)state;
    OCC_BUF_AUTO(proof, 1 << 16);
    struct occ_error err = { .code = OCC_OK };
    make_proof("", "", &proof);
    uint8_t *const counter = memmem(proof.ptr, proof.len, "\"counter\":\"1\"", 13);
    assert_non_null(counter);
    counter[11] = '2';
    assert_int_equal(check(occ_buf_view(&proof), &err), OCC_ERR_SIGNATURE);
    assert_string_equal(err.text, "signature verification failed");
    assert_int_equal(check(occ_bytes_str("{}"), &err), OCC_ERR_PROOF_STRUCTURE);
    assert_int_equal(check(occ_bytes_str("[]"), &err), OCC_ERR_PROOF_STRUCTURE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_checks), cmocka_unit_test(test_wrong_signature) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
