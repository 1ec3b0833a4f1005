/* authorize.c — the agency that is made is one that the verifier takes, and its signature covers what PROTOCOL §4 says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/authorize.h"
#include "codec/canonical.h"
#include "evidence/actor.h"
#include "unit/evidence/device.h"

#include <openssl/pem.h>

static struct occ_p256 *
key_of(const struct device *device)
{
    static const struct occ_p256_secret none = { .hint = "" };
    char *data = NULL;
    struct occ_p256 *key = NULL;
    BIO *bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, device->pkey, NULL, NULL, 0, NULL, NULL), 1);
    const long len = BIO_get_mem_data(bio, &data);
    assert_true(occ_is_ok(occ_p256_read("k", occ_bytes_of(data, (size_t)len), OCC_P256_PRIVATE, &none, NULL, &key)));
    BIO_free(bio);
    return key;
}

static struct occ_json *
parse(struct occ_bytes text)
{
    struct occ_json *root = NULL;
    struct occ_error err = { 0 };
    if (!occ_is_ok(occ_json_parse(text, 8, &err, &root))) {
        fail_msg("%s", err.text);
    }
    return root;
}

static void
an_agency(void **state)
{
    (void)state;
    struct device device = device_new();
    struct occ_p256 *key = key_of(&device);
    uint8_t digest[OCC_SHA256_LEN] = { 1, 2, 3 };
    OCC_BUF_AUTO(text, 4096);
    const struct occ_authorize_input input = { .key = key,
                                               .provider = "a \"name\"",
                                               .challenge = occ_bytes_str("c/+="),
                                               .digest = digest,
                                               .time_ms = 1741496392841 };
    assert_true(occ_is_ok(occ_authorize_put(&input, NULL, &text)));
    struct occ_json *agency = parse(occ_buf_view(&text));

    char id[OCC_ACTOR_KEY_ID_SIZE];
    occ_actor_key_id(key, id);
    assert_string_equal(id, device.key_id);
    const struct occ_json *actor = occ_json_get(agency, "actor");
    assert_true(occ_bytes_is(occ_json_string(occ_json_get(actor, "provider")), "a \"name\""));
    assert_true(occ_bytes_is(occ_json_string(occ_json_get(actor, "keyId")), id));
    assert_int_equal(occ_json_length(actor), 4);

    /* The verifier takes it, for this digest alone. */
    struct occ_actor_facts facts;
    const struct occ_actor_input judged = { .agency = agency, .digest = digest };
    assert_true(occ_is_ok(occ_actor_verify(&judged, NULL, &facts)));
    assert_int_equal(facts.form, OCC_ACTOR_DIRECT);
    assert_true(facts.covers_digest);
    digest[0] ^= 1;
    assert_int_equal(occ_actor_verify(&judged, NULL, &facts).code, OCC_ERR_ACTOR_DIGEST);

    /* What is signed, spelled out, under OpenSSL. */
    OCC_BUF_AUTO(payload, 4096);
    occ_buf_put_format(
        &payload,
        "{\"actorKeyId\":\"%s\",\"artifactHash\":\"AQIDAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\",\"challenge\":"
        "\"c/+=\",\"purpose\":\"occ/commit-authorize/v1\",\"timestamp\":1741496392841}",
        id);
    uint8_t signature[DEVICE_SIGNATURE_MAX];
    size_t len = 0;
    const struct occ_bytes written =
        occ_json_string(occ_json_get(occ_json_get(agency, "authorization"), "signatureB64"));
    assert_true(occ_is_ok(occ_base64_decode(written, sizeof signature, signature, &len)));
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, device.pkey), 1);
    assert_int_equal(EVP_DigestVerify(context, signature, len, payload.ptr, payload.len), 1);
    EVP_MD_CTX_free(context);

    /* It is canonical text as it stands. */
    OCC_BUF_AUTO(canonical, 4096);
    occ_canonical_put(&canonical, agency);
    assert_true(occ_bytes_equal(occ_buf_view(&canonical), occ_buf_view(&text)));
    occ_json_free(agency);
    occ_p256_free(key);
    device_free(&device);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(an_agency) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
