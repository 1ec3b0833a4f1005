#include "verify/key_document.h"

#include "base/base64.h"
#include "base/hex.h"
#include "base/limits.h"
#include "evidence/nitro.h"
#include "verify/verifier.h"

static OCC_RESULT
find_root(const occ_verifier *verifier, const struct occ_key_document *given, struct occ_error *err,
          struct occ_path_trust **ret_root)
{
    if (occ_bytes_is(given->format, "aws-nitro")) {
        *ret_root = verifier->trust.nitro.path;
        return occ_success();
    }
    if (!occ_bytes_is(given->format, "sim-nitro")) {
        return occ_error_set(err, OCC_ERR_UNSUPPORTED, "attestation format \"%.*s\" is not known here",
                             OCC_BYTES_ARG(given->format));
    }
    if (!occ_bytes_is(given->enforcement, "stub")) {
        return occ_error_set(err, OCC_ERR_ATTESTATION_SIMULATED,
                             "enforcement \"%.*s\" beside a simulated attestation, expected \"stub\"",
                             OCC_BYTES_ARG(given->enforcement));
    }
    if (verifier->trust.sim_nitro.path == NULL) {
        return occ_error_set(err, OCC_ERR_UNSUPPORTED,
                             "the attestation is SIMULATED: verified only under a root of the simulation, and none was "
                             "given");
    }
    *ret_root = verifier->trust.sim_nitro.path;
    return occ_success();
}

static OCC_RESULT
decode(struct occ_bytes report_b64, struct occ_error *err, struct occ_buf *ret_report)
{
    size_t len = 0;
    if (!occ_is_ok(occ_base64_check(report_b64, &len)) || len > OCC_LIMIT_NITRO_DOCUMENT_LEN) {
        return occ_error_set(err, OCC_ERR_BASE64,
                             "attestation.reportB64: not canonical base64 of at most %u bytes (RFC 4648 section 4)",
                             OCC_LIMIT_NITRO_DOCUMENT_LEN);
    }
    uint8_t *const to = occ_buf_reserve(ret_report, len);
    const struct occ_result room = occ_buf_check(ret_report);
    if (!occ_is_ok(room)) {
        return occ_error_code(err, room.code);
    }
    return occ_base64_decode(report_b64, len, to, &ret_report->len);
}

/* PROTOCOL §5: PCR0 is the measurement, after "sim:" in a simulated one, and was measured at all. */
static OCC_RESULT
check_measurement(const struct occ_key_document *given, const struct occ_nitro_document *document, bool simulated,
                  struct occ_error *err)
{
    if (occ_nitro_is_debug(document)) {
        return occ_error_code(err, OCC_ERR_NITRO_DEBUG);
    }
    char expected[sizeof "sim:" + (size_t)2 * OCC_NITRO_PCR_LEN];
    char *const hex = expected + (simulated ? 4 : 0);
    memcpy(expected, "sim:", 4);
    occ_hex_encode(document->pcrs[0], hex);
    hex[2 * document->pcrs[0].len] = '\0';
    if (!occ_bytes_is(given->measurement, expected)) {
        return occ_error_set(err, OCC_ERR_NITRO_MEASUREMENT, "PCR0 is not the measurement that was said: %.20s…",
                             expected);
    }
    return occ_success();
}

/* What has user_data is about a proof, whatever public_key says. */
static OCC_RESULT
check_binding(const struct occ_key_document *given, const struct occ_nitro_document *document, struct occ_error *err)
{
    if (!document->has_public_key || !occ_bytes_equal(document->public_key, given->public_key)) {
        return occ_error_set(err, OCC_ERR_NITRO_KEY, "the attestation document is not about this key");
    }
    if (document->has_user_data) {
        return occ_error_set(err, OCC_ERR_NITRO_BINDING, "the attestation document has user_data: it is about a proof");
    }
    if (given->nonce.len > 0 && (!document->has_nonce || !occ_bytes_equal(document->nonce, given->nonce))) {
        return occ_error_set(err, OCC_ERR_NITRO_BINDING,
                             "the attestation document does not hold the nonce that was asked with");
    }
    return occ_success();
}

struct occ_result
occ_key_document_verify(const occ_verifier *verifier, const struct occ_key_document *given, struct occ_error *err,
                        struct occ_key_document_facts *ret_facts)
{
    struct occ_path_trust *root = NULL;
    OCC_TRY(find_root(verifier, given, err, &root));
    const bool simulated = root == verifier->trust.sim_nitro.path;
    OCC_BUF_AUTO(report, OCC_LIMIT_NITRO_DOCUMENT_LEN);
    OCC_TRY(decode(given->report_b64, err, &report));
    struct occ_nitro_document document;
    struct occ_nitro_facts facts;
    OCC_TRY(occ_nitro_read(occ_buf_view(&report), err, &document));
    OCC_TRY(occ_nitro_verify(&document, root, err, &facts));
    OCC_TRY(check_measurement(given, &document, simulated, err));
    OCC_TRY(check_binding(given, &document, err));
    *ret_facts = (struct occ_key_document_facts){ .simulated = simulated,
                                                  .root_is_aws = !simulated && verifier->trust.nitro_is_aws,
                                                  .time_ms = document.time_ms };
    return occ_success();
}
