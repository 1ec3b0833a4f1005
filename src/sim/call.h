/*
 * call.h — what the simulated device is asked: requests of aws-nitro-enclaves-nsm-api, in CBOR.
 */
#ifndef OCC_SIM_CALL_H
#define OCC_SIM_CALL_H

#include "base/bytes.h"

enum occ_sim_call_kind {
    OCC_SIM_CALL_UNKNOWN,
    OCC_SIM_CALL_GET_RANDOM,
    OCC_SIM_CALL_DESCRIBE_NSM,
    OCC_SIM_CALL_DESCRIBE_PCR,
    OCC_SIM_CALL_ATTESTATION
};

/* What a document is asked to hold. ptr NULL = null. */
struct occ_sim_wanted {
    struct occ_bytes user_data, nonce, public_key;
};

struct occ_sim_call {
    enum occ_sim_call_kind kind;
    uint64_t index;               /* of DescribePCR */
    struct occ_sim_wanted wanted; /* of Attestation; views into the request */
};

/* Reads a request; OCC_SIM_CALL_UNKNOWN: it is none that the device knows. */
struct occ_sim_call occ_sim_call_read(struct occ_bytes request);

#endif
