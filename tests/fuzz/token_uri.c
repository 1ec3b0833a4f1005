/*
 * token_uri.c — names of keys in tokens: as a person writes them, and as a token's label and id end up in a measurement. What is
 * decoded and written again is decoded to the same; a measurement is short printable ASCII.
 */
#include <stdlib.h>

#include "boundary/attester.h"
#include "crypto/token_uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_value(struct occ_bytes uri, const char *name)
{
    OCC_BUF_AUTO(value, 2 * OCC_TOKEN_URI_LEN_MAX);
    OCC_BUF_AUTO(text, 8 * OCC_TOKEN_URI_LEN_MAX);
    OCC_BUF_AUTO(again, 2 * OCC_TOKEN_URI_LEN_MAX);
    if (!occ_is_ok(occ_token_uri_get(uri, name, &value))) {
        return;
    }
    occ_buf_put_str(&text, "pkcs11:v=");
    occ_token_uri_put_value(&text, occ_buf_view(&value));
    if (!occ_is_ok(occ_buf_check(&text)) || !occ_is_ok(occ_token_uri_get(occ_buf_view(&text), "v", &again)) ||
        !occ_bytes_equal(occ_buf_view(&value), occ_buf_view(&again))) {
        abort();
    }
}

static void
check_measurement(const char *uri)
{
    struct occ_attester attester;
    struct occ_error err = { .code = OCC_OK };
    if (!occ_is_ok(occ_attester_hw_key(uri, &err, &attester))) {
        return;
    }
    const size_t len = strlen(attester.measurement);
    if (len <= sizeof "pkcs11:" - 1 || len > OCC_LIMIT_MEASUREMENT_LEN) {
        abort();
    }
    for (size_t i = 0; i < len; i++) {
        if (attester.measurement[i] <= ' ' || attester.measurement[i] > '~') {
            abort();
        }
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > OCC_TOKEN_URI_LEN_MAX + 1 || memchr(data, '\0', size) != NULL) {
        return 0;
    }
    char uri[OCC_TOKEN_URI_LEN_MAX + 2] = "";
    memcpy(uri, data, size);
    struct occ_error err = { .code = OCC_OK };
    const struct occ_result checked = occ_token_uri_check("x", uri, &err);
    if (occ_is_ok(checked) != (err.code == OCC_OK)) {
        abort();
    }
    static const char *const names[] = { "token", "serial", "object", "id", "model" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        check_value(occ_bytes_str(uri), names[i]);
    }
    check_measurement(uri);
    return 0;
}
