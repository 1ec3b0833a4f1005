/*
 * attester.h — the small interface behind which the platform vouches for the boundary (DESIGN §2).
 *
 * Asking takes a device milliseconds and may fail. The gate never asks by itself: it says what it wants to have (gate.h), and
 * its caller asks, on a thread of the device's own.
 */
#ifndef OCC_BOUNDARY_ATTESTER_H
#define OCC_BOUNDARY_ATTESTER_H

#include "base/buf.h"
#include "base/limits.h"
#include "base/result.h"

/* What documents are about (PROTOCOL §5, §7). */
enum occ_attest_mode {
    OCC_ATTEST_NONE,   /* nothing vouches: proofs have no attestation */
    OCC_ATTEST_COMMIT, /* one document for each proof: user_data = SHA-256 of its signed body */
    OCC_ATTEST_BATCH,  /* one for all proofs that wait: user_data = the root of a tree over their proof hashes */
    OCC_ATTEST_EPOCH   /* one for the key, and a newer one before its certificate expires: no user_data */
};

/* What a document is to hold. Empty = null in the document. */
struct occ_attest_request {
    struct occ_bytes public_key; /* the raw signing key */
    struct occ_bytes user_data;  /* at most OCC_LIMIT_ATTEST_USER_DATA bytes */
    struct occ_bytes nonce;      /* at most OCC_LIMIT_ATTEST_NONCE bytes */
};

struct occ_attest_facts {
    uint64_t time_ms;      /* the document's own time, Unix milliseconds: a clock that the parent cannot set */
    uint64_t not_after_ms; /* its certificate is good until then; 0 = it does not say */
};

/* What came of asking for a document. */
struct occ_attest_outcome {
    enum occ_err code;             /* OCC_OK, or a failure's */
    const char *text;              /* of a failure: its sentence */
    struct occ_bytes document;     /* of a success: 1 to OCC_LIMIT_NSM_RESPONSE_LEN bytes */
    struct occ_attest_facts facts; /* of a success */
    uint64_t duration_us;          /* that it took, either way */
};

struct occ_attester {
    char enforcement[16];                            /* "stub", "hw-key", "measured-tee" */
    char measurement[OCC_LIMIT_MEASUREMENT_LEN + 1]; /* UTF-8 */
    char format[16];                                 /* of its documents: "aws-nitro" …; "" with OCC_ATTEST_NONE */
    enum occ_attest_mode mode;
    void *ctx;
    /*
     * Asks for one document and appends its bytes. It was read, and holds what was asked for. A failure, with a sentence:
     * nothing was appended; OCC_ERR_ATTESTER (the device failed, refused, or gave what is no document), OCC_ERR_INTEGRITY (a
     * document about something else: the boundary halts), OCC_ERR_NOMEM. One thread at a time. NULL with OCC_ATTEST_NONE.
     */
    OCC_RESULT(*attest)
    (void *ctx, const struct occ_attest_request *request, struct occ_error *err, struct occ_buf *document,
     struct occ_attest_facts *ret_facts);
    void (*free)(void *ctx); /* NULL: nothing to free. Copies share ctx: its owner calls occ_attester_clear, once */
};

void occ_attester_clear(struct occ_attester *attester);

/*
 * attester_none.c: tier "stub", nothing vouches. The measurement says so: "stub:" and the hex SHA-256 of the running
 * program's binary, which the caller has read (binary_digest, 32 bytes).
 */
void occ_attester_none(const uint8_t binary_digest[32], struct occ_attester *ret_attester);
/*
 * attester_hw_key.c: tier "hw-key", no documents. The measurement names the key in its token, from uri, as the provider writes it
 * (crypto/ed25519_token.h): "pkcs11:token=…;model=…;serial=…;id=…", values as occ_token_uri_put_value writes them, the id in
 * hex; what the token does not have is left out. OCC_ERR_LIMIT: longer than a measurement may be; OCC_ERR_UNSUPPORTED: no name.
 */
OCC_RESULT occ_attester_hw_key(const char *uri, struct occ_error *err, struct occ_attester *ret_attester);

#endif
