/* timestamp_response.c — the token in an authority's answer: RFC 3161 §2.4.2, TimeStampResp. */
#include <openssl/asn1t.h>
#include <openssl/err.h>

#include "base/buf.h"
#include "base/limits.h"
#include "crypto/timestamp_private.h"

typedef struct status_info {
    int32_t status;
    STACK_OF(ASN1_UTF8STRING) *text;
    ASN1_BIT_STRING *failure;
} STATUS_INFO;

/* The token is kept as it is: OpenSSL's TS_RESP would read it, and write it anew. */
typedef struct response {
    STATUS_INFO *status;
    ASN1_STRING *token;
} RESPONSE;

ASN1_SEQUENCE(STATUS_INFO) = {
    ASN1_EMBED(STATUS_INFO, status, INT32),
    ASN1_SEQUENCE_OF_OPT(STATUS_INFO, text, ASN1_UTF8STRING),
    ASN1_OPT(STATUS_INFO, failure, ASN1_BIT_STRING),
} static_ASN1_SEQUENCE_END(STATUS_INFO)

ASN1_SEQUENCE(RESPONSE) = {
    ASN1_SIMPLE(RESPONSE, status, STATUS_INFO),
    ASN1_OPT(RESPONSE, token, ASN1_SEQUENCE),
} static_ASN1_SEQUENCE_END(RESPONSE)

static void
free_response(RESPONSE **owned)
{
    ASN1_item_free((ASN1_VALUE *)*owned, ASN1_ITEM_rptr(RESPONSE));
}

/* PKIFailureInfo. */
static const struct {
    int bit;
    const char *name;
} failures[] = {
    { TS_INFO_BAD_ALG, "badAlg" },
    { TS_INFO_BAD_REQUEST, "badRequest" },
    { TS_INFO_BAD_DATA_FORMAT, "badDataFormat" },
    { TS_INFO_TIME_NOT_AVAILABLE, "timeNotAvailable" },
    { TS_INFO_UNACCEPTED_POLICY, "unacceptedPolicy" },
    { TS_INFO_UNACCEPTED_EXTENSION, "unacceptedExtension" },
    { TS_INFO_ADD_INFO_NOT_AVAILABLE, "addInfoNotAvailable" },
    { TS_INFO_SYSTEM_FAILURE, "systemFailure" },
};

static OCC_RESULT
refuse(const STATUS_INFO *status, struct occ_error *err)
{
    OCC_BUF_AUTO(reason, OCC_ERROR_TEXT_SIZE);
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        if (status->failure != NULL && ASN1_BIT_STRING_get_bit(status->failure, failures[i].bit) == 1) {
            occ_buf_put_str(&reason, reason.len == 0 ? ": " : ", ");
            occ_buf_put_str(&reason, failures[i].name);
        }
    }
    for (int i = 0; i < sk_ASN1_UTF8STRING_num(status->text); i++) {
        const ASN1_UTF8STRING *text = sk_ASN1_UTF8STRING_value(status->text, i);
        occ_buf_put_str(&reason, ": ");
        occ_buf_put(&reason, occ_bytes_of(ASN1_STRING_get0_data(text), (size_t)ASN1_STRING_length(text)));
    }
    return occ_error_set(err, OCC_ERR_TIMESTAMP_TOKEN, "the authority gave no token, status %d%.*s",
                         (int)status->status, OCC_BYTES_ARG(occ_buf_view(&reason)));
}

static OCC_RESULT
find_token(struct occ_bytes response, struct occ_error *err, struct occ_bytes *ret_token)
{
    if (response.len == 0 || response.len > OCC_LIMIT_TOKEN_LEN) {
        return occ_error_set(err, OCC_ERR_TIMESTAMP_TOKEN, "the answer has %zu bytes, expected 1 to %u", response.len,
                             OCC_LIMIT_TOKEN_LEN);
    }
    const unsigned char *at = response.ptr;
    __attribute__((cleanup(free_response))) RESPONSE *parsed =
        (RESPONSE *)ASN1_item_d2i(NULL, &at, (long)response.len, ASN1_ITEM_rptr(RESPONSE));
    if (parsed == NULL || at != response.ptr + response.len) {
        return occ_error_set(err, OCC_ERR_TIMESTAMP_TOKEN, "the answer is not an RFC 3161 response");
    }
    const int32_t status = parsed->status->status;
    if (status != TS_STATUS_GRANTED && status != TS_STATUS_GRANTED_WITH_MODS) {
        return refuse(parsed->status, err);
    }
    if (parsed->token == NULL) {
        return occ_error_set(err, OCC_ERR_TIMESTAMP_TOKEN, "the answer says granted and has no token");
    }
    /* It is the answer's last value. An answer of indefinite length has something after it. */
    const size_t len = (size_t)ASN1_STRING_length(parsed->token);
    const struct occ_bytes last = occ_bytes_of(response.ptr + (response.len - len), len);
    if (!occ_bytes_equal(last, occ_bytes_of(ASN1_STRING_get0_data(parsed->token), len))) {
        return occ_error_set(err, OCC_ERR_TIMESTAMP_TOKEN, "the answer is BER, expected DER");
    }
    *ret_token = last;
    return occ_success();
}

static OCC_RESULT
look(struct occ_bytes response, struct occ_error *err, struct occ_bytes *ret_token)
{
    ERR_clear_error();
    struct occ_bytes token;
    OCC_TRY(occ_timestamp_token_settle(find_token(response, err, &token), err));
    *ret_token = token;
    return occ_success();
}

struct occ_result
occ_timestamp_response_token(struct occ_bytes response, struct occ_error *err, struct occ_bytes *ret_token)
{
    const struct occ_result result = look(response, NULL, ret_token);
    /* A failed allocation can look like a malformed answer: see occ_timestamp_verify. */
    return occ_is_ok(result) ? result : look(response, err, ret_token);
}
