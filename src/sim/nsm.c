/* nsm.c — see nsm.h. */
#include "sim/nsm.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hex.h"
#include "crypto/secret.h"
#include "os/clock.h"
#include "os/file.h"
#include "sim/call.h"
#include "sim/cbor_writer.h"
#include "sim/maker.h"

enum {
    PCR_LEN = 48,
    PCR_COUNT = 32,   /* that the device has */
    PCR_LOCKED = 16,  /* and that are locked from the start: those in a document */
    PCR_MEASURED = 3, /* PCR0 to 2 */
    RANDOM_LEN = 256, /* of one GetRandom */
    USER_DATA_MAX = 512,
    NONCE_MAX = 512,
    PUBLIC_KEY_MAX = 1024,
    LEAF_S = 3 * 3600,
    SEED_LEN = 32,
    BINARY_LEN_MAX = 64 << 20
};

struct occ_sim_nsm {
    struct occ_sim_authority authority;
    struct occ_sim_faults faults;
    uint8_t pcrs[PCR_COUNT][PCR_LEN];
    char module_id[64];
    struct occ_sim_path *path; /* the certificates that are in use */
    uint64_t made_ms;          /* when they were made, by the device's own clock, */
    uint64_t renew_ms;         /* and when they are made anew */
    uint64_t leaf_s;
    bool is_unsigned;
};

/* ---- certificates ---- */

static void
put_hex(char *to, const uint8_t *bytes, size_t len)
{
    occ_hex_encode(occ_bytes_of(bytes, len), to);
    to[2 * len] = '\0';
}

/* From the region down to the leaf: names, lifetimes and serial numbers as in real documents. */
static void
plan_certificates(const struct occ_sim_nsm *nsm, uint64_t now_ms, struct occ_sim_plan *plan, char *leaf_name)
{
    static const char *const subjects[] = { "SIMULATED.nitro-enclaves",
                                            "0123456789abcdef.test-region.SIMULATED.nitro-enclaves",
                                            "fedcba9876543210.zonal.test-region.SIMULATED.nitro-enclaves",
                                            "i-00000000000000000.test-region.SIMULATED.nitro-enclaves" };
    static const int64_t lifetimes_s[] = { 0, 20 * 86400, 6 * 86400, 86400 };
    const int64_t now = (int64_t)(now_ms / 1000);
    occ_sim_plan_init(plan, now_ms);
    for (size_t i = 1; i < 4; i++) {
        plan->certificates[i].subject = subjects[i];
        plan->certificates[i].not_before = now - 3600;
        plan->certificates[i].not_after = now - 3600 + lifetimes_s[i];
    }
    for (size_t i = 1; i < 3; i++) { /* of region and zone; nobody fetches it */
        plan->certificates[i].extension = "crlDistributionPoints";
        plan->certificates[i].extension_value =
            "URI:http://crl-test-region-nitro-enclaves.invalid/crl/00000000-0000-0000-0000-000000000000.crl";
    }
    for (size_t i = 1; i < plan->count; i++) {
        uint32_t serial = 0;
        occ_secret_random(&serial, sizeof serial);
        plan->certificates[i].serial = (long)(serial >> 1) + 1;
    }
    plan->certificates[0].subject = subjects[0];
    plan->certificates[0].der = occ_buf_view(&nsm->authority.der);
    plan->certificates[0].key_pem = occ_buf_view(&nsm->authority.key_pem);
    struct occ_sim_certificate *leaf = &plan->certificates[4];
    (void)snprintf(leaf_name, 100, "%s.test-region.SIMULATED", nsm->module_id);
    leaf->subject = leaf_name;
    leaf->not_before = now - 3;
    leaf->not_after = now + (int64_t)nsm->leaf_s;
}

static void
renew_certificates(struct occ_sim_nsm *nsm, uint64_t now_ms)
{
    if (nsm->path != NULL && now_ms >= nsm->made_ms && now_ms < nsm->renew_ms) {
        return;
    }
    uint8_t random[SEED_LEN];
    char seed[2 * SEED_LEN + 1];
    char leaf_name[100];
    occ_secret_random(random, sizeof random);
    put_hex(seed, random, sizeof random);
    struct occ_sim_plan plan;
    plan_certificates(nsm, now_ms, &plan, leaf_name);
    plan.seed = seed;
    occ_sim_path_free(nsm->path);
    nsm->path = occ_sim_path_make(&plan);
    nsm->made_ms = now_ms;
    nsm->renew_ms = now_ms + 1000 * nsm->leaf_s / 2;
    occ_secret_wipe(random, sizeof random);
    occ_secret_wipe(seed, sizeof seed);
}

/* ---- responses ---- */

static void
put_error(struct occ_buf *buf, const char *word)
{
    occ_sim_cbor_put_head(buf, OCC_SIM_CBOR_MAP, 1);
    occ_sim_cbor_put_text(buf, "Error");
    occ_sim_cbor_put_text(buf, word);
}

/* {kind: a map of count members, which the caller writes} */
static void
put_kind(struct occ_buf *buf, const char *kind, uint64_t count)
{
    occ_sim_cbor_put_head(buf, OCC_SIM_CBOR_MAP, 1);
    occ_sim_cbor_put_text(buf, kind);
    occ_sim_cbor_put_head(buf, OCC_SIM_CBOR_MAP, count);
}

static void
put_random(struct occ_buf *buf)
{
    uint8_t random[RANDOM_LEN];
    occ_secret_random(random, sizeof random);
    put_kind(buf, "GetRandom", 1);
    occ_sim_cbor_put_text(buf, "random");
    occ_sim_cbor_put_bytes(buf, occ_bytes_of(random, sizeof random));
    occ_secret_wipe(random, sizeof random);
}

static void
put_pcr(const struct occ_sim_nsm *nsm, uint64_t index, struct occ_buf *buf)
{
    if (index >= PCR_COUNT) {
        put_error(buf, "InvalidIndex");
        return;
    }
    put_kind(buf, "DescribePCR", 2);
    occ_sim_cbor_put_text(buf, "lock");
    occ_buf_put_byte(buf, index < PCR_LOCKED ? 0xf5 : 0xf4);
    occ_sim_cbor_put_text(buf, "data");
    occ_sim_cbor_put_bytes(buf, occ_bytes_of(nsm->pcrs[index], PCR_LEN));
}

static void
put_numbered(struct occ_buf *buf, const char *name, uint64_t value)
{
    occ_sim_cbor_put_text(buf, name);
    occ_sim_cbor_put_head(buf, OCC_SIM_CBOR_UINT, value);
}

static void
put_description(const struct occ_sim_nsm *nsm, struct occ_buf *buf)
{
    put_kind(buf, "DescribeNSM", 7);
    put_numbered(buf, "version_major", 1);
    put_numbered(buf, "version_minor", 0);
    put_numbered(buf, "version_patch", 0);
    occ_sim_cbor_put_text(buf, "module_id");
    occ_sim_cbor_put_text(buf, nsm->module_id);
    put_numbered(buf, "max_pcrs", PCR_COUNT);
    occ_sim_cbor_put_text(buf, "locked_pcrs");
    occ_sim_cbor_put_head(buf, OCC_SIM_CBOR_ARRAY, PCR_LOCKED);
    for (uint64_t i = 0; i < PCR_LOCKED; i++) {
        occ_sim_cbor_put_head(buf, OCC_SIM_CBOR_UINT, i);
    }
    occ_sim_cbor_put_text(buf, "digest");
    occ_sim_cbor_put_text(buf, "SHA384");
}

/* ---- documents ---- */

/* A field about something else: one bit of it, or a byte where there was none. */
static struct occ_sim_field
field_of(struct occ_bytes asked, bool wrong, uint8_t changed[PUBLIC_KEY_MAX])
{
    static const uint8_t nothing = 0;
    if (!wrong) {
        return (struct occ_sim_field){ asked.ptr == NULL ? OCC_SIM_FIELD_NULL : OCC_SIM_FIELD_BYTES, asked };
    }
    if (asked.len == 0) {
        return OCC_SIM_BYTES(occ_bytes_of(&nothing, 1));
    }
    memcpy(changed, asked.ptr, asked.len);
    changed[asked.len - 1] ^= 1;
    return OCC_SIM_BYTES(occ_bytes_of(changed, asked.len));
}

static void
make_document(struct occ_sim_nsm *nsm, const struct occ_sim_wanted *wanted, enum occ_sim_fault fault,
              struct occ_buf *document)
{
    const uint64_t now_ms = occ_clock_unix_ms() + (uint64_t)nsm->faults.clock_ms;
    renew_certificates(nsm, now_ms);
    struct occ_sim_document plan;
    occ_sim_document_init(&plan, nsm->path, now_ms);
    plan.module_id = nsm->module_id;
    plan.signature = nsm->is_unsigned ? OCC_SIM_SIGNATURE_NONE : OCC_SIM_SIGNATURE_GOOD;
    for (size_t i = 0; i < PCR_LOCKED; i++) {
        plan.pcrs[i] = occ_bytes_of(nsm->pcrs[i], PCR_LEN);
    }
    uint8_t changed[PUBLIC_KEY_MAX], other_pcr[PCR_LEN];
    plan.user_data = field_of(wanted->user_data, fault == OCC_SIM_FAULT_USER_DATA, changed);
    plan.nonce = field_of(wanted->nonce, fault == OCC_SIM_FAULT_NONCE, changed);
    plan.public_key = field_of(wanted->public_key, fault == OCC_SIM_FAULT_KEY, changed);
    if (fault == OCC_SIM_FAULT_PCR) {
        memcpy(other_pcr, nsm->pcrs[0], PCR_LEN);
        other_pcr[0] ^= 1;
        plan.pcrs[0] = occ_bytes_of(other_pcr, PCR_LEN);
    }
    occ_sim_document_put(document, &plan, nsm->path);
}

static void
put_document(struct occ_sim_nsm *nsm, const struct occ_sim_wanted *wanted, enum occ_sim_fault fault,
             struct occ_buf *buf)
{
    if (wanted->user_data.len > USER_DATA_MAX || wanted->nonce.len > NONCE_MAX ||
        wanted->public_key.len > PUBLIC_KEY_MAX) {
        put_error(buf, "InputTooLarge");
        return;
    }
    const uint64_t start_us = occ_clock_monotonic_us();
    OCC_BUF_AUTO(document, OCC_LIMIT_NSM_RESPONSE_LEN);
    make_document(nsm, wanted, fault, &document);
    put_kind(buf, "Attestation", 1);
    occ_sim_cbor_put_text(buf, "document");
    occ_sim_cbor_put_bytes(buf, occ_buf_view(&document));
    const uint64_t end_us = start_us + 1000 * nsm->faults.delay_ms;
    for (uint64_t now_us = occ_clock_monotonic_us(); now_us < end_us; now_us = occ_clock_monotonic_us()) {
        (void)poll(NULL, 0, (int)((end_us - now_us + 999) / 1000));
    }
}

/* ---- one call ---- */

static void
answer(struct occ_sim_nsm *nsm, const struct occ_sim_call *call, enum occ_sim_fault fault, struct occ_buf *buf)
{
    if (fault == OCC_SIM_FAULT_REFUSE) {
        put_error(buf, "InternalError");
        return;
    }
    if (fault == OCC_SIM_FAULT_GARBAGE) {
        occ_buf_put(buf, occ_bytes_str("\xff\xffthis is no CBOR"));
        return;
    }
    switch (call->kind) {
    case OCC_SIM_CALL_GET_RANDOM:
        put_random(buf);
        break;
    case OCC_SIM_CALL_DESCRIBE_NSM:
        put_description(nsm, buf);
        break;
    case OCC_SIM_CALL_DESCRIBE_PCR:
        put_pcr(nsm, call->index, buf);
        break;
    case OCC_SIM_CALL_ATTESTATION:
        put_document(nsm, &call->wanted, fault, buf);
        break;
    default:
        put_error(buf, "InvalidOperation");
        break;
    }
    if (fault == OCC_SIM_FAULT_TRUNCATED) {
        buf->len /= 2;
    }
}

struct occ_result
occ_sim_nsm_exchange(void *ctx, struct occ_bytes request, struct occ_error *err,
                     uint8_t ret_response[OCC_LIMIT_NSM_RESPONSE_LEN], size_t *ret_len)
{
    struct occ_sim_nsm *nsm = ctx;
    const struct occ_sim_call call = occ_sim_call_read(request);
    struct occ_error why = { 0 };
    enum occ_sim_fault fault = OCC_SIM_FAULT_NONE;
    if (!occ_is_ok(occ_sim_faults_next(&nsm->faults, call.kind == OCC_SIM_CALL_ATTESTATION, &why, &fault))) {
        return occ_error_set(err, OCC_ERR_ATTESTER, "%s", why.text);
    }
    if (fault == OCC_SIM_FAULT_FAIL) {
        return occ_error_set(err, OCC_ERR_ATTESTER, "the simulated device fails, as it was told to");
    }
    OCC_BUF_AUTO(response, OCC_LIMIT_NSM_RESPONSE_LEN);
    answer(nsm, &call, fault, &response);
    const struct occ_result written = occ_buf_check(&response);
    if (!occ_is_ok(written)) {
        return occ_error_set(err, OCC_ERR_ATTESTER, "the simulated device's answer: %s", occ_result_text(written.code));
    }
    memcpy(ret_response, response.ptr, response.len);
    *ret_len = response.len;
    return occ_success();
}

/* ---- the start ---- */

static OCC_RESULT
measure(const char *pcr0, struct occ_error *err, uint8_t ret_pcr0[PCR_LEN])
{
    if (pcr0 != NULL) {
        if (!occ_is_ok(occ_hex_decode(occ_bytes_str(pcr0), PCR_LEN, ret_pcr0))) {
            return occ_error_set(err, OCC_ERR_USAGE, "PCR0: \"%.120s\", expected %d digits of lower-case hex", pcr0,
                                 2 * PCR_LEN);
        }
        return occ_success();
    }
    OCC_BUF_AUTO(binary, BINARY_LEN_MAX);
    OCC_TRY(occ_file_read("/proc/self/exe", err, &binary));
    occ_sim_sha384(occ_buf_view(&binary), ret_pcr0);
    return occ_success();
}

/* PCR1 and PCR2 from PCR0, and zero as that one; all others are as after the start of a real enclave: zero. */
static void
derive_pcrs(struct occ_sim_nsm *nsm)
{
    static const uint8_t zero[PCR_LEN];
    for (size_t i = 1; i < PCR_MEASURED && memcmp(nsm->pcrs[0], zero, PCR_LEN) != 0; i++) {
        occ_sim_sha384(occ_bytes_of(nsm->pcrs[i - 1], PCR_LEN), nsm->pcrs[i]);
    }
}

static OCC_RESULT
open_all(const struct occ_sim_nsm_options *options, struct occ_error *err, struct occ_sim_nsm *nsm)
{
    OCC_TRY(measure(options->pcr0, err, nsm->pcrs[0]));
    derive_pcrs(nsm);
    if (options->ca_folder == NULL) {
        occ_sim_authority_make(occ_clock_unix_ms(), &nsm->authority);
    } else {
        OCC_TRY(occ_sim_authority_open(options->ca_folder, occ_clock_unix_ms(), err, &nsm->authority));
    }
    OCC_TRY(occ_sim_faults_open(options->faults, 0, err, &nsm->faults));
    OCC_BUF_AUTO(first, OCC_LIMIT_NSM_RESPONSE_LEN);
    make_document(nsm, &(struct occ_sim_wanted){ 0 }, OCC_SIM_FAULT_NONE, &first);
    nsm->faults.delay_ms = options->delay_ms;
    nsm->is_unsigned = options->is_unsigned;
    return occ_buf_check(&first);
}

struct occ_result
occ_sim_nsm_new(const struct occ_sim_nsm_options *options, struct occ_error *err, struct occ_sim_nsm **ret_nsm)
{
    struct occ_sim_nsm *nsm = calloc(1, sizeof *nsm);
    if (nsm == NULL) {
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    nsm->faults.fd = -1;
    nsm->leaf_s = options->leaf_s == 0 ? LEAF_S : options->leaf_s;
    uint8_t random[8];
    char hex[2 * sizeof random + 1];
    occ_secret_random(random, sizeof random);
    put_hex(hex, random, sizeof random);
    (void)snprintf(nsm->module_id, sizeof nsm->module_id, "i-00000000000000000-enc%s", hex);
    const struct occ_result opened = open_all(options, err, nsm);
    if (!occ_is_ok(opened)) {
        occ_sim_nsm_free(nsm);
        return opened;
    }
    *ret_nsm = nsm;
    return occ_success();
}

void
occ_sim_nsm_free(struct occ_sim_nsm *nsm)
{
    if (nsm == NULL) {
        return;
    }
    occ_sim_path_free(nsm->path);
    occ_sim_faults_close(&nsm->faults);
    occ_sim_authority_clear(&nsm->authority);
    free(nsm);
}

struct occ_bytes
occ_sim_nsm_root(const struct occ_sim_nsm *nsm)
{
    return occ_buf_view(&nsm->authority.der);
}
