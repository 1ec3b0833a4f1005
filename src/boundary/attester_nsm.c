/* attester_nsm.c — the Nitro Secure Module vouches: what it measured, and documents that are what was asked for. */
#include <stdlib.h>

#include "base/hex.h"
#include "boundary/nsm.h"
#include "crypto/certificate.h"
#include "evidence/nitro.h"

/* What is measured of the image (PROTOCOL §5). */
enum { PCR_COUNT = 3 };

struct measured {
    struct occ_nsm nsm;
    uint8_t pcrs[PCR_COUNT][OCC_NITRO_PCR_LEN];
};

/* ---- a document ---- */

static OCC_RESULT
check_field(const char *name, struct occ_bytes asked, bool has, struct occ_bytes given, struct occ_error *err)
{
    if (has != (asked.len > 0) || !occ_bytes_equal(asked, given)) {
        return occ_error_set(err, OCC_ERR_INTEGRITY, "the NSM's document has another %s than was asked for", name);
    }
    return occ_success();
}

static OCC_RESULT
check_document(const struct measured *measured, const struct occ_attest_request *request,
               const struct occ_nitro_document *document, struct occ_error *err)
{
    OCC_TRY(check_field("user_data", request->user_data, document->has_user_data, document->user_data, err));
    OCC_TRY(check_field("nonce", request->nonce, document->has_nonce, document->nonce, err));
    OCC_TRY(check_field("public_key", request->public_key, document->has_public_key, document->public_key, err));
    for (size_t i = 0; i < PCR_COUNT; i++) {
        if (!occ_bytes_equal(document->pcrs[i], occ_bytes_of(measured->pcrs[i], OCC_NITRO_PCR_LEN))) {
            return occ_error_set(err, OCC_ERR_INTEGRITY, "the NSM's document has another PCR%zu than at the start", i);
        }
    }
    return occ_success();
}

static struct occ_result
attest(void *ctx, const struct occ_attest_request *request, struct occ_error *err, struct occ_buf *document,
       struct occ_attest_facts *ret_facts)
{
    const struct measured *measured = ctx;
    OCC_BUF_AUTO(bytes, OCC_LIMIT_NSM_RESPONSE_LEN);
    OCC_TRY(occ_nsm_attestation(&measured->nsm, request, err, &bytes));
    struct occ_error why = { 0 };
    struct occ_nitro_document read;
    if (!occ_is_ok(occ_nitro_read_own(occ_buf_view(&bytes), &why, &read))) {
        return occ_error_set(err, OCC_ERR_ATTESTER, "the NSM's document cannot be read: %s", why.text);
    }
    OCC_TRY(check_document(measured, request, &read, err));
    struct occ_attest_facts facts = { .time_ms = read.time_ms };
    const struct occ_result dated = occ_certificate_not_after(read.certificate, &facts.not_after_ms);
    if (dated.code == OCC_ERR_NOMEM) { /* any other failure: a certificate that does not say */
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    occ_buf_put(document, occ_buf_view(&bytes));
    const struct occ_result kept = occ_buf_check(document);
    if (!occ_is_ok(kept)) {
        return occ_error_code(err, kept.code);
    }
    *ret_facts = facts;
    return occ_success();
}

/* ---- the start ---- */

static OCC_RESULT
measure(struct measured *measured, struct occ_error *err, bool *ret_debug)
{
    uint8_t any = 0;
    for (unsigned i = 0; i < PCR_COUNT; i++) {
        OCC_TRY(occ_nsm_pcr(&measured->nsm, (uint16_t)i, err, measured->pcrs[i]));
        for (size_t k = 0; k < OCC_NITRO_PCR_LEN; k++) {
            any |= measured->pcrs[i][k];
        }
    }
    *ret_debug = any == 0;
    return occ_success();
}

/* A debug-mode enclave: its memory is the parent's to read, so nothing may say that it is measured. */
static OCC_RESULT
judge_debug(bool allowed, struct occ_error *err, struct occ_attester *ret_attester)
{
    if (!allowed) {
        return occ_error_set(
            err, OCC_ERR_DENIED,
            "PCR0 to PCR2 are zero: an enclave in debug mode, which measures nothing and hides nothing; "
            "start it without --debug-mode, or build its image with allow-debug");
    }
    *ret_attester = (struct occ_attester){ .enforcement = "stub", .measurement = "nitro-debug" };
    return occ_success();
}

static void
describe(const struct occ_attester_nsm_options *options, const uint8_t pcr0[OCC_NITRO_PCR_LEN],
         struct occ_attester *attester)
{
    const char *tier = options->simulated ? "stub" : "measured-tee";
    const char *prefix = options->simulated ? "sim:" : "";
    memcpy(attester->enforcement, tier, strlen(tier));
    memcpy(attester->measurement, prefix, strlen(prefix));
    occ_hex_encode(occ_bytes_of(pcr0, OCC_NITRO_PCR_LEN), attester->measurement + strlen(prefix));
    memcpy(attester->format, options->format, strlen(options->format));
}

struct occ_result
occ_attester_nsm(const struct occ_attester_nsm_options *options, struct occ_error *err,
                 struct occ_attester *ret_attester)
{
    struct occ_attester attester = { .mode = options->mode, .attest = attest, .free = free };
    if (options->mode == OCC_ATTEST_NONE || strlen(options->format) >= sizeof attester.format) {
        return occ_error_code(err, OCC_ERR_INTERNAL);
    }
    struct measured *measured = calloc(1, sizeof *measured);
    if (measured == NULL) {
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    measured->nsm = *options->nsm;
    attester.ctx = measured;
    bool debug = false;
    struct occ_result result = measure(measured, err, &debug);
    if (occ_is_ok(result) && !debug) {
        describe(options, measured->pcrs[0], &attester);
        *ret_attester = attester;
        return result;
    }
    if (occ_is_ok(result)) {
        result = judge_debug(options->allow_debug, err, ret_attester);
    }
    free(measured);
    return result;
}
