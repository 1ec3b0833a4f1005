/*
 * verify.h — verify occ/1 proofs, offline.
 *
 * The model: an occ_verifier owns what outlives one verification (trust roots, a cache of certificates that were verified)
 * and may be used by many threads at once. occ_verify takes bytes and gives an occ_report, which says what was checked, with
 * what evidence and result, and what could not be checked. Nothing here opens a socket or a file, reads a clock or the
 * environment, or writes anywhere: certificates are judged at the time that the evidence itself states.
 *
 * libocc uses OpenSSL's default library context, which reads OpenSSL's configuration when it is first used, and leaves the
 * calling thread's queue of OpenSSL errors as it was (but for marks set in it). It gives jansson its hash seed, unless the
 * program has done so before.
 *
 * Structs begin with their size, which the caller sets with sizeof: a newer library knows an older caller by it. New
 * members are added at the end, and zero means what the older version did.
 */
#ifndef OCC_VERIFY_H
#define OCC_VERIFY_H

#include <stddef.h>
#include <stdint.h>

#include <occ/codes.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define OCC_API __attribute__((visibility("default")))
#else
#define OCC_API
#endif

/* The library's version, "0.1.0". */
OCC_API const char *occ_version(void);
/* The stable name of a code ("field-missing") and its sentence. Static memory. */
OCC_API const char *occ_code_name(enum occ_err code);
OCC_API const char *occ_code_text(enum occ_err code);

/* ---- a verifier ---- */

typedef struct occ_verifier occ_verifier;

struct occ_verifier_options {
    size_t size; /* sizeof(struct occ_verifier_options) */
    /* The root of Nitro attestation documents in place of AWS's: one certificate, PEM or DER; NULL = AWS's. */
    const void *nitro_root;
    size_t nitro_root_len;
    /* Trusted roots of timestamp authorities: certificates in PEM; NULL = no authority is trusted. */
    const void *tsa_roots;
    size_t tsa_roots_len;
    /* What a WebAuthn assertion may be for and come from, as texts that end in a zero byte; count 0 = not looked at. */
    const char *const *rp_ids; /* "example.com" */
    size_t rp_id_count;
    const char *const *origins; /* "https://example.com" */
    size_t origin_count;
    /* Where to write one sentence that says what is wrong with an option, ended by a zero byte and cut if need be; or NULL. */
    char *problem;
    size_t problem_size;
    /*
     * The root of SIMULATED attestation documents (format "sim-nitro", of the software that stands in for the device in tests
     * and demos): one certificate, PEM or DER, another than Nitro's; NULL = such documents are not verified.
     */
    const void *sim_nitro_root;
    size_t sim_nitro_root_len;
};

/*
 * options may be NULL; what they point to is copied. OCC_ERR_NOMEM; OCC_ERR_USAGE (a size that is too small);
 * OCC_ERR_UNSUPPORTED (a newer caller's option that this library does not know is not zero: a rule that was asked for is
 * never ignored); OCC_ERR_UNAVAILABLE (OpenSSL's configuration leaves out what a verification needs); OCC_ERR_FIELD_VALUE,
 * OCC_ERR_NITRO_CERTIFICATE and OCC_ERR_LIMIT (a root that cannot be taken). No verifier is made then: whatever the code, it says
 * nothing about a proof. Free with occ_verifier_free, which takes NULL.
 */
OCC_API enum occ_err occ_verifier_new(const struct occ_verifier_options *options, occ_verifier **ret_verifier);
OCC_API void occ_verifier_free(occ_verifier *verifier);

/* ---- a verification ---- */

struct occ_verify_input {
    size_t size;       /* sizeof(struct occ_verify_input) */
    const void *proof; /* JSON text of one proof, UTF-8, proof_len bytes, need not end in a zero byte */
    size_t proof_len;
    const void *policy; /* JSON text of a policy, or NULL */
    size_t policy_len;
    const uint8_t *digest; /* the file's SHA-256, 32 bytes, or NULL: then the proof is not held against a file */
};

typedef struct occ_report occ_report;

/*
 * Verifies. The answer:
 *   OCC_OK          the proof is valid (and meets the policy, and is about the digest, where given)
 *   100 to 299      the proof is not valid; the code is that of the first check that failed
 *   40 to 69        proof or policy is malformed: not JSON, or a policy that is wrong; occ_report_reason says what and where
 *   OCC_ERR_LIMIT   likewise: proof or policy is longer than 4 MiB, or holds too many values, and is not read
 *   anything else   the verification could not be done (out of memory, wrong use)
 * *ret_report (ret_report may be NULL) is the caller's in all cases but the last, to free with occ_report_free; in the last
 * it is NULL. JSON that is not an occ/1 proof is a proof that is not valid (100, 101), not malformed input.
 *
 * A valid report says "valid" about what was checked. What could not be checked (a format that this version does not know,
 * a timestamp authority that is not trusted) is listed as not performed; a policy that needs it refuses.
 */
OCC_API enum occ_err occ_verify(const occ_verifier *verifier, const struct occ_verify_input *input,
                                occ_report **ret_report);

/* ---- a report ----
 * Read-only and independent of verifier and input. The getters take NULL, too: an invalid, empty report. */

enum occ_check_status {
    OCC_CHECK_PASSED = 0,
    OCC_CHECK_FAILED = 1,
    OCC_CHECK_NOT_PERFORMED = 2,
    OCC_CHECK_RANGE_ = 0x7fffffff /* no status: see OCC_CODE_RANGE_ */
};

struct occ_check {
    size_t size;      /* sizeof(struct occ_check), set by the caller */
    const char *name; /* stable: "structure", "digest", "signature", "agency", "slot", "epoch-link", "attestation",
                         "timestamps", "policy" */
    enum occ_check_status status;
    enum occ_err code; /* of a failure; else OCC_OK */
    const char *text;  /* one sentence */
};

/* 1 if the proof is valid, else 0. */
OCC_API int occ_report_valid(const occ_report *report);
OCC_API enum occ_err occ_report_code(const occ_report *report);
/* Why not: one sentence; "" when valid. Valid as long as the report, like all texts from it. */
OCC_API const char *occ_report_reason(const occ_report *report);
/*
 * The checks that apply to this proof and input, in order: "digest" and "policy" if one was given, "agency" to "timestamps"
 * if the proof has what they are about. Those after a failure are listed as not performed. None for malformed input.
 */
OCC_API size_t occ_report_check_count(const occ_report *report);
/* Fills *ret_check and returns 1; returns 0 if index is out of range, or ret_check->size smaller than in the first version. */
OCC_API int occ_report_check(const occ_report *report, size_t index, struct occ_check *ret_check);
/* ---- evidence: what the checks found, where they got that far. Texts live as long as the report. ----
 * Each function fills *ret, whose size the caller has set, and returns 1; it returns 0 if there is no such evidence, or the
 * size is smaller than this struct's in its first version. Evidence of a refused proof is what was read before the refusal. */

/* The attestation document. */
struct occ_attestation {
    size_t size;
    int verified;          /* 1: signature, path, measurement and binding were all found good */
    const char *format;    /* "aws-nitro"; "sim-nitro": SIMULATED, no machine stands behind it */
    const char *binding;   /* what ties it to this proof: "body", "batch" or "key"; "" if not verified */
    const char *module_id; /* the enclave's, as the machine names it */
    uint64_t time_ms;      /* the document's own time, Unix milliseconds */
    uint64_t certificate_not_before_ms, certificate_not_after_ms;
    const char *root_sha256; /* hex fingerprint of the root that it was held against */
    int root_is_aws;
};
OCC_API int occ_report_attestation(const occ_report *report, struct occ_attestation *ret);
/* A PCR of the document as lower-case hex; NULL if it has none of that index. */
OCC_API const char *occ_report_pcr(const occ_report *report, unsigned index);

/* A timestamp: index 0 is timestamps.artifact, 1 is timestamps.proof. */
struct occ_timestamp {
    size_t size;
    int trusted;               /* 1: its authority leads to one of the given roots */
    uint64_t gen_time_ms;      /* genTime, Unix milliseconds */
    uint64_t accuracy_us;      /* 0 = not stated */
    const char *authority;     /* the proof's word for it: not signed */
    const char *signer;        /* subject of the certificate that signed (RFC 2253) */
    const char *signer_name;   /* its common name, for people */
    const char *signer_sha256; /* hex */
    const char *policy;        /* dotted OID */
    const char *serial;        /* hex */
    const char *untrusted;     /* why not trusted, or "" */
    const char *root_sha256;   /* hex; of the root that its authority leads to, or "" */
};
OCC_API int occ_report_timestamp(const occ_report *report, unsigned index, struct occ_timestamp *ret);

/* Who asked for the commit. */
struct occ_actor {
    size_t size;
    int verified;
    const char *key_id;   /* hex SHA-256 of the actor's public key */
    const char *provider; /* signed, but only the signer's word */
    const char *form;     /* "direct", "webauthn-strong", "webauthn-bare"; "" if not verified */
    int covers_artifact;  /* 1: the device signed this very digest; 0: only a challenge, or another digest of a batch */
    int first_of_batch;   /* 1: a peer's batch, of which the device signed the first digest at most: see form */
    const char *rp_id;    /* the given one that the assertion is for, or "" */
    const char *origin;   /* as the assertion says, or "" */
    double time_ms; /* the actor's own clock, Unix milliseconds; 0 in WebAuthn forms, where no signature covers it */
    int origin_checked; /* 1: origin is one of those given; 0: none was given, and any page could have asked */
    int cross_origin;   /* 1: asked for inside another page */
    int backed_up;      /* 1: the passkey is a synced one */
};
OCC_API int occ_report_actor(const occ_report *report, struct occ_actor *ret);

/*
 * The report as JSON text, which ends in a zero byte; *ret_len (may be NULL) = its length without. Members in this order:
 *   valid                boolean
 *   reason, code         sentence and stable name of the first failure; absent when valid
 *   checks               array of {name, status: "passed" | "failed" | "not performed", code (of a failure), text}
 *   proof                what the proof says, once its structure was found sound: digestB64, counter, time, epochId, chainId,
 *                        publicKeyB64, enforcement, measurement, attestationFormat (each as far as it is there),
 *                        proofHash (base64 SHA-256 of the signed body), claimed (names of what only the signer says),
 *                        unsigned (paths of the members that the signature does not cover), advisory (paths of what is in
 *                        them that no other signature covers that was verified here)
 *   evidence             attestation, timestamps, actor, slot, epochLink: as far as they were read; docs/verification.md has
 *                        their members
 */
OCC_API const char *occ_report_json(const occ_report *report, size_t *ret_len);
OCC_API void occ_report_free(occ_report *report);

/* ---- hashes ---- */

/*
 * What ties proofs together. Two proofs with the same proof hash are the same commit. A proof follows another in a chain if
 * its commit.prevB64 is the base64 of the other's link hash, and its counter is greater.
 */
struct occ_hashes {
    size_t size;                       /* sizeof(struct occ_hashes), set by the caller */
    uint8_t proof_hash[32];            /* SHA-256 of the signed body */
    uint8_t link_hash[32];             /* what commit.prevB64 of the next proof holds */
    uint8_t link_hash_with_report[32]; /* as some other makers have it: with the attestation document */
    uint8_t core_hash[32];             /* what timestamps.proof covers */
};

/*
 * The hashes of a proof, of which nothing but the structure is checked: occ_verify says whether it is valid. proof as in struct
 * occ_verify_input. OCC_ERR_USAGE (a size that is too small); OCC_ERR_NOMEM; 40 to 69 and OCC_ERR_LIMIT (malformed);
 * OCC_ERR_PROOF_STRUCTURE and OCC_ERR_PROOF_VERSION (not an occ/1 proof). *ret is untouched on failure.
 */
OCC_API enum occ_err occ_hashes_of(const void *proof, size_t proof_len, struct occ_hashes *ret);

#ifdef __cplusplus
}
#endif
#endif
