/* timestamp_request.c — see timestamp_request.h. */
#include "crypto/timestamp_request.h"

#include <openssl/bn.h>
#include <openssl/err.h>

#include "crypto/secret.h"
#include "crypto/timestamp_private.h"

OCC_TIMESTAMP_FREE(free_request, TS_REQ, TS_REQ_free)
OCC_TIMESTAMP_FREE(free_imprint, TS_MSG_IMPRINT, TS_MSG_IMPRINT_free)
OCC_TIMESTAMP_FREE(free_algorithm, X509_ALGOR, X509_ALGOR_free)
OCC_TIMESTAMP_FREE(free_integer, ASN1_INTEGER, ASN1_INTEGER_free)
OCC_TIMESTAMP_FREE(free_number, BIGNUM, BN_free)

void
occ_timestamp_request_nonce(uint8_t ret_nonce[OCC_TIMESTAMP_NONCE_LEN])
{
    occ_secret_random(ret_nonce, OCC_TIMESTAMP_NONCE_LEN);
    ret_nonce[0] = (uint8_t)((ret_nonce[0] & 0x7f) | 0x40);
}

/* The setters copy. */
static bool
set_imprint(TS_REQ *request, const uint8_t digest[OCC_SHA256_LEN])
{
    __attribute__((cleanup(free_imprint))) TS_MSG_IMPRINT *imprint = TS_MSG_IMPRINT_new();
    __attribute__((cleanup(free_algorithm))) X509_ALGOR *algorithm = X509_ALGOR_new();
    /* RFC 5754 §2: parameters of SHA-2 are left out by the book, but NULL is what authorities are used to. */
    return imprint != NULL && algorithm != NULL &&
           X509_ALGOR_set0(algorithm, OBJ_nid2obj(NID_sha256), V_ASN1_NULL, NULL) == 1 &&
           TS_MSG_IMPRINT_set_algo(imprint, algorithm) == 1 &&
           TS_MSG_IMPRINT_set_msg(imprint, (unsigned char *)(uintptr_t)digest, OCC_SHA256_LEN) == 1 &&
           TS_REQ_set_msg_imprint(request, imprint) == 1;
}

static bool
set_nonce(TS_REQ *request, const uint8_t nonce[OCC_TIMESTAMP_NONCE_LEN])
{
    __attribute__((cleanup(free_number))) BIGNUM *number = BN_bin2bn(nonce, OCC_TIMESTAMP_NONCE_LEN, NULL);
    __attribute__((cleanup(free_integer))) ASN1_INTEGER *integer =
        number == NULL ? NULL : BN_to_ASN1_INTEGER(number, NULL);
    return integer != NULL && TS_REQ_set_nonce(request, integer) == 1;
}

struct occ_result
occ_timestamp_request_put(struct occ_buf *buf, const uint8_t digest[OCC_SHA256_LEN],
                          const uint8_t nonce[OCC_TIMESTAMP_NONCE_LEN])
{
    ERR_clear_error();
    __attribute__((cleanup(free_request))) TS_REQ *request = TS_REQ_new();
    unsigned char *der = NULL;
    int len = -1;
    /* certReq: RFC 3161 §2.4.1: without it the certificate, which the proof must hold, would be left out. */
    if (request != NULL && TS_REQ_set_version(request, 1) == 1 && set_imprint(request, digest) &&
        set_nonce(request, nonce) && TS_REQ_set_cert_req(request, 1) == 1) {
        len = i2d_TS_REQ(request, &der);
    }
    ERR_clear_error();
    OCC_ENSURE(len > 0, OCC_ERR_NOMEM);
    occ_buf_put(buf, occ_bytes_of(der, (size_t)len));
    OPENSSL_free(der);
    return occ_buf_check(buf);
}

struct occ_result
occ_timestamp_request_check(const struct occ_timestamp_facts *facts, const uint8_t digest[OCC_SHA256_LEN],
                            const uint8_t nonce[OCC_TIMESTAMP_NONCE_LEN], struct occ_error *err)
{
    if (strcmp(facts->imprint_algorithm, "sha256") != 0 ||
        !occ_bytes_equal(occ_bytes_of(facts->imprint, facts->imprint_len), occ_bytes_of(digest, OCC_SHA256_LEN))) {
        return occ_error_set(err, OCC_ERR_TIMESTAMP_IMPRINT, "the token is about another digest than was asked for");
    }
    if (!facts->has_nonce ||
        !occ_bytes_equal(occ_bytes_of(facts->nonce, facts->nonce_len), occ_bytes_of(nonce, OCC_TIMESTAMP_NONCE_LEN))) {
        return occ_error_set(err, OCC_ERR_TIMESTAMP_NONCE, "the token has %s, expected that of the request",
                             facts->has_nonce ? "another nonce" : "no nonce");
    }
    return occ_success();
}
