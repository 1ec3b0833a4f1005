/*
 * fuzz/nsm.c — a Nitro Secure Module that answers anything: the input is its answers, one after the other, each behind two
 * bytes of length. Whatever it is asked for either comes out with the right length or is refused with a sentence; nothing
 * crashes, nothing goes on for ever, and no document is kept that is not the one that was asked for.
 */
#include <stdlib.h>

#include "base/reader.h"
#include "boundary/nsm.h"
#include "evidence/nitro.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static struct occ_result
exchange(void *ctx, struct occ_bytes request, struct occ_error *err, uint8_t ret_response[OCC_LIMIT_NSM_RESPONSE_LEN],
         size_t *ret_len)
{
    struct occ_reader *answers = ctx;
    require(request.len > 0 && request.len <= OCC_LIMIT_NSM_REQUEST_LEN);
    const size_t len = occ_reader_be16(answers);
    const struct occ_bytes answer = occ_reader_take(answers, len);
    if (answers->bad || answer.len > OCC_LIMIT_NSM_RESPONSE_LEN) {
        return occ_error_set(err, OCC_ERR_ATTESTER, "no more answers");
    }
    if (answer.len > 0) {
        memcpy(ret_response, answer.ptr, answer.len);
    }
    *ret_len = answer.len;
    return occ_success();
}

static void
require_sentence(struct occ_result result, const struct occ_error *err, bool may_be_integrity)
{
    require(result.code == OCC_OK || result.code == OCC_ERR_ATTESTER ||
            (may_be_integrity && result.code == OCC_ERR_INTEGRITY));
    require(result.code == OCC_OK || (err->code == result.code && err->text[0] != '\0'));
}

static void
attest(const struct occ_attester *attester)
{
    const struct occ_attest_request request = { .public_key = occ_bytes_str("key"),
                                                .user_data = occ_bytes_str("data") };
    OCC_BUF_AUTO(document, OCC_LIMIT_NSM_RESPONSE_LEN);
    struct occ_attest_facts facts;
    struct occ_error err = { 0 };
    const struct occ_result result = attester->attest(attester->ctx, &request, &err, &document, &facts);
    require_sentence(result, &err, true);
    require(occ_is_ok(result) || document.len == 0);
    if (occ_is_ok(result)) {
        struct occ_nitro_document read;
        require(occ_is_ok(occ_nitro_read_own(occ_buf_view(&document), NULL, &read)));
        require(occ_bytes_is(read.public_key, "key") && occ_bytes_is(read.user_data, "data") && !read.has_nonce);
        require(facts.time_ms == read.time_ms && facts.time_ms > 0);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct occ_reader answers = occ_reader_of(occ_bytes_of(data, size));
    const struct occ_nsm nsm = { .ctx = &answers, .exchange = exchange };
    const struct occ_attester_nsm_options options = { .nsm = &nsm, .format = "aws-nitro", .mode = OCC_ATTEST_BATCH };
    struct occ_error err = { 0 };
    uint8_t random[64];
    require_sentence(occ_nsm_random(&nsm, &err, random, sizeof random), &err, false);
    struct occ_attester attester;
    err = (struct occ_error){ 0 };
    const struct occ_result result = occ_attester_nsm(&options, &err, &attester);
    if (result.code == OCC_ERR_DENIED) {
        return 0; /* debug mode */
    }
    require_sentence(result, &err, false);
    if (!occ_is_ok(result)) {
        return 0;
    }
    while (occ_reader_left(&answers) > 0 && !answers.bad) {
        attest(&attester);
    }
    occ_attester_clear(&attester);
    return 0;
}
