/*
 * support.h — what the tests of proof and verify share: text with a part replaced, parsed trees, proofs signed with the
 * key of the computed vectors. Every function ends the test on failure; what it returns is the caller's to free.
 */
#ifndef TESTS_UNIT_PROOF_SUPPORT_H
#define TESTS_UNIT_PROOF_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base64.h"
#include "base/hex.h"
#include "base/limits.h"
#include "codec/canonical.h"
#include "codec/json.h"
#include "crypto/ed25519.h"
#include "proof/body.h"
#include "proof/proof.h"

/* The key of the seed 00 01 … 1f, the digest, nonce and epoch of the computed vectors. */
#define KEY_B64 "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg="
#define DIGEST_B64 "jYl9NHJP0VcRVh6OMEIU5VAGva6cu5kdrnPrlNr/RnU="
#define NONCE_B64 "IiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiI="
#define EPOCH_B64 "iSAJhdfAUO4h5frrPSYXjEEt8mK10o7IOnNpZ/+0Ss8="
#define AB_12 "abababababababababababab"
#define MEASUREMENT AB_12 AB_12 AB_12 AB_12
#define ZERO_SIGNATURE "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="
#define HEX_64 \
    "00000000000000000000000000000000" \
    "00000000000000000000000000000000"
#define SIGNER "\"signer\":{\"publicKeyB64\":\"" KEY_B64 "\",\"signatureB64\":\"" ZERO_SIGNATURE "\"}"
#define ARTIFACT "\"artifact\":{\"digestB64\":\"" DIGEST_B64 "\",\"hashAlg\":\"sha256\"}"

/* A software proof with all that the seed's commit has, and metadata. */
#define PLAIN_PROOF \
    "{" ARTIFACT ",\"commit\":{\"counter\":\"7\",\"epochId\":\"" EPOCH_B64 "\",\"nonceB64\":\"" NONCE_B64 \
    "\",\"prevB64\":\"" DIGEST_B64 "\",\"time\":1741496392841},\"environment\":{\"enforcement\":\"stub\"," \
    "\"measurement\":\"stub:test\"},\"metadata\":{\"source\":\"test\"}," SIGNER ",\"version\":\"occ/1\"}"

/* A proof with every optional part. */
#define TOKEN(name) \
    "\"" name \
    "\":{\"authority\":\"tsa\",\"time\":\"2026-03-07T12:00:00Z\",\"digestAlg\":\"sha256\",\"digestB64\":\"" DIGEST_B64 \
    "\",\"tokenB64\":\"AAAA\"}"
#define FULL_PROOF \
    "{" ARTIFACT ",\"agency\":{\"actor\":{\"algorithm\":\"ES256\",\"keyId\":\"" HEX_64 \
    "\",\"provider\":\"passkey\",\"publicKeyB64\":\"BBBB\"},\"authorization\":{\"actorKeyId\":\"" HEX_64 \
    "\",\"artifactHash\":\"" DIGEST_B64 "\",\"challenge\":\"c\",\"purpose\":\"occ/commit-authorize/v1\"," \
    "\"signatureB64\":\"CCCC\",\"timestamp\":1741496392840,\"format\":\"webauthn\"}}," \
    "\"attribution\":{\"name\":\"Jane\"}," \
    "\"commit\":{\"chainId\":\"occ:main\",\"counter\":\"12\",\"epochId\":\"e1\",\"epochLink\":{\"prevCounter\":" \
    "\"11\"," \
    "\"prevEpochId\":\"e0\",\"prevProofHashB64\":\"" DIGEST_B64 "\",\"prevPublicKeyB64\":\"" DIGEST_B64 \
    "\",\"toEpochId\":\"e1\",\"toPublicKeyB64\":\"" KEY_B64 "\",\"prevMeasurement\":\"m0\"," \
    "\"prevEnforcement\":\"stub\"},\"nonceB64\":\"" NONCE_B64 \
    "\",\"slotCounter\":\"10\",\"slotHashB64\":\"" DIGEST_B64 \
    "\",\"time\":1741496392841,\"unknown\":[1,{\"x\":null}]}," \
    "\"environment\":{\"attestation\":{\"format\":\"aws-nitro\",\"reportB64\":\"AAAA\",\"batch\":{\"leafIndex\":0}}," \
    "\"enforcement\":\"measured-tee\",\"measurement\":\"" MEASUREMENT "\"},\"metadata\":{\"0\":1}," \
    "\"policy\":{\"name\":\"P\"},\"principal\":{\"id\":\"u1\"}," SIGNER \
    ",\"slotAllocation\":{\"chainId\":\"occ:main\"," \
    "\"counter\":\"10\",\"epochId\":\"e1\",\"nonceB64\":\"" NONCE_B64 "\",\"publicKeyB64\":\"" KEY_B64 \
    "\",\"signatureB64\":\"" ZERO_SIGNATURE "\",\"time\":5,\"version\":\"occ/slot/1\"}," \
    "\"timestamps\":{" TOKEN("artifact") "," TOKEN("proof") "},\"version\":\"occ/1\",\"whatever\":[]}"

/* text with the one occurrence of find replaced; which is the occurrence to take, from 0, if there are several. */
static inline char *
replace_nth(const char *text, const char *find, unsigned which, const char *with)
{
    const char *at = strstr(text, find);
    for (; at != NULL && which > 0; which--) {
        at = strstr(at + 1, find);
    }
    if (at == NULL) {
        fail_msg("\"%s\" is not in the text", find);
        abort();
    }
    const size_t before = (size_t)(at - text);
    const size_t after = strlen(at + strlen(find));
    char *result = malloc(before + strlen(with) + after + 1);
    assert_non_null(result);
    memcpy(result, text, before);
    memcpy(result + before, with, strlen(with));
    memcpy(result + before + strlen(with), at + strlen(find), after + 1);
    return result;
}

static inline char *
replace(const char *text, const char *find, const char *with)
{
    return replace_nth(text, find, 0, with);
}

static inline struct occ_json *
parse_json(const char *text)
{
    struct occ_json *root = NULL;
    struct occ_error err = { 0 };
    if (!occ_is_ok(occ_json_parse(occ_bytes_str(text), OCC_LIMIT_JSON_DEPTH, &err, &root))) {
        fail_msg("%s in %s", err.text, text);
    }
    return root;
}

/* A parsed proof of sound structure. */
static inline struct occ_proof
read_proof(const struct occ_json *root)
{
    struct occ_proof proof = { 0 };
    struct occ_error err = { 0 };
    if (!occ_is_ok(occ_proof_read(root, &err, &proof))) {
        fail_msg("%s", err.text);
    }
    return proof;
}

static inline void
test_key(uint8_t ret_public[OCC_ED25519_PUBLIC_LEN], uint8_t ret_secret[OCC_ED25519_SECRET_LEN])
{
    uint8_t seed[OCC_ED25519_SEED_LEN];
    for (size_t i = 0; i < sizeof seed; i++) {
        seed[i] = (uint8_t)i;
    }
    occ_ed25519_key_pair(seed, ret_public, ret_secret);
}

/* The base64 signature over message, as a C string. */
static inline char *
sign_base64(struct occ_bytes message)
{
    uint8_t public_key[OCC_ED25519_PUBLIC_LEN];
    uint8_t secret[OCC_ED25519_SECRET_LEN];
    uint8_t signature[OCC_ED25519_SIGNATURE_LEN];
    test_key(public_key, secret);
    occ_ed25519_sign(secret, message, signature);
    char *text = calloc(1, OCC_BASE64_LEN(sizeof signature) + 1);
    assert_non_null(text);
    occ_base64_encode(occ_bytes_of(signature, sizeof signature), text);
    return text;
}

/* The proof text with the signer's zero signature replaced by a true one. The signer's comes first in the text. */
static inline char *
sign_proof(const char *text)
{
    struct occ_json *root = parse_json(text);
    const struct occ_proof proof = read_proof(root);
    OCC_BUF_AUTO(body, OCC_LIMIT_CANONICAL_LEN);
    occ_body_put(&body, &proof);
    assert_true(occ_is_ok(occ_buf_check(&body)));
    char *signature = sign_base64(occ_buf_view(&body));
    char *result = replace(text, ZERO_SIGNATURE, signature);
    free(signature);
    occ_json_free(root);
    return result;
}

/* A file of the public vectors as a C string; the test is skipped if there are none on this machine. */
static inline char *
read_vector(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", OCC_VECTORS, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL && getenv("OCC_REQUIRE_VECTORS") != NULL) {
        fail_msg("%s is missing, and OCC_REQUIRE_VECTORS is set", path);
    }
    if (file == NULL) {
        print_message("no %s: skipped\n", path);
        skip();
    }
    const size_t size = 1 << 20;
    char *text = calloc(1, size);
    assert_non_null(text);
    assert_true(fread(text, 1, size - 1, file) > 0);
    fclose(file);
    return text;
}

static inline void
assert_base64(struct occ_bytes bytes, const char *expected)
{
    OCC_BUF_AUTO(text, 4096);
    occ_base64_put(&text, bytes);
    occ_buf_put_byte(&text, 0);
    assert_string_equal((const char *)text.ptr, expected);
}

static inline void
assert_hex(struct occ_bytes bytes, const char *expected)
{
    char text[256] = "";
    assert_true(bytes.len < 128);
    occ_hex_encode(bytes, text);
    assert_string_equal(text, expected);
}

#endif
