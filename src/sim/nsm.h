/*
 * nsm.h — a Nitro Secure Module in software, for tests and demos: it answers as /dev/nsm does (AWS's aws-nitro-enclaves-nsm-api,
 * request.rs and response.rs), with documents of the same form under a root of its own. It vouches for nothing.
 *
 * What it calls PCR0 is what it is told, or the SHA-384 of the binary that runs. PCR1 and PCR2 are made from PCR0; if that
 * is zero, as in an enclave in debug mode, they are too. Certificates have the shape of real ones, path lengths and
 * lifetimes included: root, region (20 days), zone (6 days), instance (1 day), leaf (3 hours). All but the root are made anew
 * when half of the leaf's time is over.
 */
#ifndef OCC_SIM_NSM_H
#define OCC_SIM_NSM_H

#include "base/limits.h"
#include "sim/authority.h"
#include "sim/faults.h"

struct occ_sim_nsm;

struct occ_sim_nsm_options {
    const char *ca_folder; /* sim/authority.h; NULL: a root that is never written */
    const char *pcr0;      /* 96 digits of lower-case hex; NULL: SHA-384 of the binary */
    const char *faults;    /* sim/faults.h; NULL: none */
    uint64_t delay_ms;     /* each document takes at least so long */
    bool is_unsigned;      /* documents have zeros for a signature: nobody takes them, and they cost nothing to make */
    uint64_t leaf_s;       /* lifetime of the leaf certificate, at least 2 seconds; 0: three hours */
};

/*
 * Everything that it opens it opens here, and makes one document, so that the libraries have what they need. OCC_ERR_USAGE (pcr0),
 * what occ_sim_authority_open and os/file.h give. Free with occ_sim_nsm_free, which takes NULL.
 */
OCC_RESULT occ_sim_nsm_new(const struct occ_sim_nsm_options *options, struct occ_error *err,
                           struct occ_sim_nsm **ret_nsm);
void occ_sim_nsm_free(struct occ_sim_nsm *nsm);
/* One call, as struct occ_nsm of boundary/nsm.h has it: ctx is the struct occ_sim_nsm. One thread at a time. */
OCC_RESULT occ_sim_nsm_exchange(void *ctx, struct occ_bytes request, struct occ_error *err,
                                uint8_t ret_response[OCC_LIMIT_NSM_RESPONSE_LEN], size_t *ret_len);
/* The root certificate, DER. Valid as long as nsm. */
struct occ_bytes occ_sim_nsm_root(const struct occ_sim_nsm *nsm);

#endif
