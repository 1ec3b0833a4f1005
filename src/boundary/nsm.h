/*
 * nsm.h — the Nitro Secure Module: what it is asked, in CBOR (AWS's aws-nitro-enclaves-nsm-api, request.rs and response.rs).
 *
 * The device is one function that exchanges bytes: /dev/nsm (os/nsm_device.h) or, in tests and demos, one in software. Whatever it
 * answers is read strictly and bounded; an answer that is not what was asked for is a failure. One thread at a time.
 */
#ifndef OCC_BOUNDARY_NSM_H
#define OCC_BOUNDARY_NSM_H

#include "boundary/attester.h"

struct occ_nsm {
    void *ctx;
    /*
     * Sends one request (at most OCC_LIMIT_NSM_REQUEST_LEN bytes) and waits for the response. OCC_ERR_ATTESTER with a
     * sentence.
     */
    OCC_RESULT(*exchange)
    (void *ctx, struct occ_bytes request, struct occ_error *err, uint8_t ret_response[OCC_LIMIT_NSM_RESPONSE_LEN],
     size_t *ret_len);
};

/* Failures of all: OCC_ERR_ATTESTER with a sentence (the device's own {"Error": …} in words, or what was wrong with its answer). */

/* GetRandom, as often as it takes for len bytes. After a failure ret holds zeros. */
OCC_RESULT occ_nsm_random(const struct occ_nsm *nsm, struct occ_error *err, void *ret, size_t len);
/* DescribePCR. */
OCC_RESULT occ_nsm_pcr(const struct occ_nsm *nsm, uint16_t index, struct occ_error *err, uint8_t ret_pcr[48]);
/* Attestation: appends the document as it came. */
OCC_RESULT occ_nsm_attestation(const struct occ_nsm *nsm, const struct occ_attest_request *request,
                               struct occ_error *err, struct occ_buf *document);

struct occ_attester_nsm_options {
    const struct occ_nsm *nsm; /* outlives the attester */
    const char *format;        /* "aws-nitro" or "sim-nitro" */
    enum occ_attest_mode mode; /* not OCC_ATTEST_NONE */
    bool simulated;   /* tier "stub" and measurement "sim:" and PCR0, whatever the device says (PROTOCOL §2.1) */
    bool allow_debug; /* all PCRs zero: tier "stub", measurement "nitro-debug", no attestation; else OCC_ERR_DENIED */
};
/*
 * attester_nsm.c: reads PCR0 to 2. Tier "measured-tee", measurement = PCR0 in hex. Each document is read back (evidence/nitro.h,
 * occ_nitro_read_own): it must hold what was asked for and the PCRs that were read at the start, or the device is not
 * trusted any more (OCC_ERR_INTEGRITY). Its signature is for others to verify: the boundary has the document from the device
 * itself, and QEMU's device signs nothing. Clear it with occ_attester_clear.
 */
OCC_RESULT occ_attester_nsm(const struct occ_attester_nsm_options *options, struct occ_error *err,
                            struct occ_attester *ret_attester);

#endif
