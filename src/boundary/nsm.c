/* nsm.c — requests to the Nitro Secure Module, and its responses: see nsm.h. */
#include "boundary/nsm.h"

#include "codec/cbor.h"
#include "crypto/secret.h"

enum {
    RANDOM_LEN_MAX = 256, /* of one response */
    PCR_LEN = 48,
    ERROR_LEN_MAX = 64 /* of the device's own word for what was wrong: "InvalidArgument" … */
};

/* ---- requests: CBOR in its shortest form, as AWS's library writes it ---- */

enum major { UINT = 0, BYTES = 2, TEXT = 3, MAP = 5 };

static void
put_head(struct occ_buf *buf, enum major major, size_t argument)
{
    const uint8_t type = (uint8_t)((unsigned)major << 5u);
    if (argument < 24) {
        occ_buf_put_byte(buf, (uint8_t)(type | argument));
    } else if (argument <= UINT8_MAX) {
        occ_buf_put_byte(buf, type | 24u);
        occ_buf_put_byte(buf, (uint8_t)argument);
    } else {
        occ_buf_put_byte(buf, type | 25u); /* nothing here is longer than OCC_LIMIT_NSM_REQUEST_LEN */
        occ_buf_put_be16(buf, (uint16_t)argument);
    }
}

static void
put_text(struct occ_buf *buf, const char *text)
{
    put_head(buf, TEXT, strlen(text));
    occ_buf_put_str(buf, text);
}

static void
put_bytes_or_null(struct occ_buf *buf, const char *name, struct occ_bytes bytes)
{
    put_text(buf, name);
    if (bytes.len == 0) {
        occ_buf_put_byte(buf, 0xf6);
        return;
    }
    put_head(buf, BYTES, bytes.len);
    occ_buf_put(buf, bytes);
}

/* ---- responses ---- */

/* {kind: {name: bytes}}, and with has_lock a boolean "lock" beside it. */
struct expected {
    const char *kind, *name;
    size_t min, max; /* bytes */
    bool has_lock;
};

static void
read_lock(struct occ_cbor *cbor)
{
    const struct occ_bytes value = occ_cbor_skip(cbor);
    if (occ_cbor_ok(cbor) && (value.len != 1 || (value.ptr[0] != 0xf4 && value.ptr[0] != 0xf5))) {
        occ_cbor_refuse(cbor, "a lock that is neither true nor false");
    }
}

/* What a response of the expected kind holds. */
static struct occ_bytes
read_members(struct occ_cbor *cbor, const struct expected *expected)
{
    struct occ_bytes content = { 0 };
    bool found = false, has_lock = false;
    struct occ_cbor_group members = occ_cbor_map(cbor);
    while (occ_cbor_map_next(cbor, &members)) {
        const struct occ_bytes name = occ_cbor_text(cbor);
        if (occ_bytes_is(name, expected->name)) {
            content = occ_cbor_bytes(cbor);
            found = true;
        } else if (expected->has_lock && occ_bytes_is(name, "lock")) {
            read_lock(cbor);
            has_lock = true;
        } else {
            occ_cbor_refuse(cbor, "an unknown name");
        }
    }
    if (occ_cbor_ok(cbor) && (!found || has_lock != expected->has_lock)) {
        occ_cbor_refuse(cbor, "a missing value");
    }
    if (occ_cbor_ok(cbor) && (content.len < expected->min || content.len > expected->max)) {
        occ_cbor_refuse(cbor, "a value of the wrong length");
    }
    return content;
}

/* The device's word for why it refused. Letters only: it goes into a sentence. */
static struct occ_bytes
read_refusal(struct occ_cbor *cbor)
{
    const struct occ_bytes word = occ_cbor_text(cbor);
    bool ok = word.len > 0 && word.len <= ERROR_LEN_MAX;
    for (size_t i = 0; ok && i < word.len; i++) {
        const uint8_t letter = word.ptr[i] | 0x20u;
        ok = letter >= 'a' && letter <= 'z';
    }
    if (occ_cbor_ok(cbor) && !ok) {
        occ_cbor_refuse(cbor, "an error that is no word");
    }
    return word;
}

static OCC_RESULT
read_response(struct occ_bytes response, const struct expected *expected, struct occ_error *err,
              struct occ_bytes *ret_content)
{
    struct occ_cbor cbor = occ_cbor_of(response);
    struct occ_cbor_group kinds = occ_cbor_map(&cbor);
    struct occ_bytes content = { 0 }, refusal = { 0 };
    while (occ_cbor_map_next(&cbor, &kinds)) {
        const struct occ_bytes kind = occ_cbor_text(&cbor);
        if (kinds.count > 1) {
            occ_cbor_refuse(&cbor, "more than one answer");
        } else if (occ_bytes_is(kind, expected->kind)) {
            content = read_members(&cbor, expected);
        } else if (occ_bytes_is(kind, "Error")) {
            refusal = read_refusal(&cbor);
        } else {
            occ_cbor_refuse(&cbor, "an answer to something else");
        }
    }
    const char *why = NULL;
    if (!occ_cbor_done(&cbor, &why)) {
        return occ_error_set(err, OCC_ERR_ATTESTER, "the NSM's answer to %s is not what was asked for: %s (byte %zu)",
                             expected->kind, why, occ_cbor_offset(&cbor));
    }
    if (refusal.len > 0) {
        return occ_error_set(err, OCC_ERR_ATTESTER, "the NSM refuses %s: %.*s", expected->kind, OCC_BYTES_ARG(refusal));
    }
    if (kinds.count == 0) {
        return occ_error_set(err, OCC_ERR_ATTESTER, "the NSM's answer to %s is empty", expected->kind);
    }
    *ret_content = content;
    return occ_success();
}

/* One question and its answer. *ret_content is a view into response. */
static OCC_RESULT
ask(const struct occ_nsm *nsm, const struct occ_buf *request, const struct expected *expected, struct occ_error *err,
    uint8_t response[OCC_LIMIT_NSM_RESPONSE_LEN], struct occ_bytes *ret_content)
{
    const struct occ_result written = occ_buf_check(request);
    if (!occ_is_ok(written)) {
        return occ_error_set(err, OCC_ERR_ATTESTER, "the request %s to the NSM: %s", expected->kind,
                             occ_result_text(written.code));
    }
    size_t len = 0;
    OCC_TRY(nsm->exchange(nsm->ctx, occ_buf_view(request), err, response, &len));
    if (len > OCC_LIMIT_NSM_RESPONSE_LEN) {
        return occ_error_set(err, OCC_ERR_ATTESTER, "the NSM's answer to %s has %zu bytes, expected at most %d",
                             expected->kind, len, OCC_LIMIT_NSM_RESPONSE_LEN);
    }
    return read_response(occ_bytes_of(response, len), expected, err, ret_content);
}

struct occ_result
occ_nsm_random(const struct occ_nsm *nsm, struct occ_error *err, void *ret, size_t len)
{
    static const struct expected expected = { "GetRandom", "random", 1, RANDOM_LEN_MAX, false };
    OCC_BUF_AUTO(request, OCC_LIMIT_NSM_REQUEST_LEN);
    put_text(&request, "GetRandom");
    uint8_t response[OCC_LIMIT_NSM_RESPONSE_LEN];
    struct occ_result result = occ_success();
    for (size_t got = 0; got < len && occ_is_ok(result);) {
        struct occ_bytes random = { 0 };
        result = ask(nsm, &request, &expected, err, response, &random);
        if (occ_is_ok(result)) {
            const size_t taken = random.len < len - got ? random.len : len - got;
            memcpy((uint8_t *)ret + got, random.ptr, taken);
            got += taken;
        }
    }
    occ_secret_wipe(response, sizeof response);
    if (!occ_is_ok(result)) {
        occ_secret_wipe(ret, len);
    }
    return result;
}

struct occ_result
occ_nsm_pcr(const struct occ_nsm *nsm, uint16_t index, struct occ_error *err, uint8_t ret_pcr[48])
{
    static const struct expected expected = { "DescribePCR", "data", PCR_LEN, PCR_LEN, true };
    OCC_BUF_AUTO(request, OCC_LIMIT_NSM_REQUEST_LEN);
    put_head(&request, MAP, 1);
    put_text(&request, "DescribePCR");
    put_head(&request, MAP, 1);
    put_text(&request, "index");
    put_head(&request, UINT, index);
    uint8_t response[OCC_LIMIT_NSM_RESPONSE_LEN];
    struct occ_bytes pcr = { 0 };
    OCC_TRY(ask(nsm, &request, &expected, err, response, &pcr));
    memcpy(ret_pcr, pcr.ptr, PCR_LEN);
    return occ_success();
}

struct occ_result
occ_nsm_attestation(const struct occ_nsm *nsm, const struct occ_attest_request *request, struct occ_error *err,
                    struct occ_buf *document)
{
    static const struct expected expected = { "Attestation", "document", 1, OCC_LIMIT_NSM_RESPONSE_LEN, false };
    OCC_BUF_AUTO(text, OCC_LIMIT_NSM_REQUEST_LEN);
    put_head(&text, MAP, 1);
    put_text(&text, "Attestation");
    put_head(&text, MAP, 3);
    put_bytes_or_null(&text, "user_data", request->user_data);
    put_bytes_or_null(&text, "nonce", request->nonce);
    put_bytes_or_null(&text, "public_key", request->public_key);
    uint8_t response[OCC_LIMIT_NSM_RESPONSE_LEN];
    struct occ_bytes content = { 0 };
    OCC_TRY(ask(nsm, &text, &expected, err, response, &content));
    occ_buf_put(document, content);
    const struct occ_result kept = occ_buf_check(document);
    return occ_is_ok(kept) ? kept : occ_error_code(err, kept.code);
}
