/*
 * verify.h — verify occ/1 proofs, offline.
 *
 * The model: an occ_verifier owns what outlives one verification (options; later trust roots and caches) and may be used by
 * many threads at once. occ_verify takes bytes and gives an occ_report, which says what was checked, with what result, and
 * what could not be checked. Nothing here opens a socket or a file, reads a clock or the environment, or writes anywhere.
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
};

/*
 * options may be NULL. OCC_ERR_NOMEM; OCC_ERR_USAGE (a size that is too small); OCC_ERR_UNSUPPORTED (a newer caller's option
 * that this library does not know is not zero: a rule that was asked for is never ignored). Free with occ_verifier_free,
 * which takes NULL.
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
 *   OCC_ERR_LIMIT   likewise: proof or policy is longer than 4 MiB, and is not read
 *   anything else   the verification could not be done (out of memory, wrong use)
 * *ret_report (ret_report may be NULL) is the caller's in all cases but the last, to free with occ_report_free; in the last
 * it is NULL. JSON that is not an occ/1 proof is a proof that is not valid (100, 101), not malformed input.
 *
 * A valid report says "valid" about what was checked. Checks that this version cannot do yet are listed as not performed;
 * a policy that needs one of them refuses.
 */
OCC_API enum occ_err occ_verify(const occ_verifier *verifier, const struct occ_verify_input *input,
                                occ_report **ret_report);

/* ---- a report ----
 * Read-only and independent of verifier and input. The getters take NULL, too: an invalid, empty report. */

enum occ_check_status { OCC_CHECK_PASSED = 0, OCC_CHECK_FAILED = 1, OCC_CHECK_NOT_PERFORMED = 2 };

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
/* Fills *ret_check and returns 1; returns 0 if index is out of range or ret_check->size too small. */
OCC_API int occ_report_check(const occ_report *report, size_t index, struct occ_check *ret_check);
/*
 * The report as JSON text, which ends in a zero byte; *ret_len (may be NULL) = its length without. Members in this order:
 *   valid                boolean
 *   reason, code         sentence and stable name of the first failure; absent when valid
 *   checks               array of {name, status: "passed" | "failed" | "not performed", code (of a failure), text}
 *   proof                what the proof says, once its structure was found sound: digestB64, counter, time, epochId,
 *                        publicKeyB64, enforcement, measurement, attestationFormat (each as far as it is there),
 *                        proofHash (base64 SHA-256 of the signed body), claimed (names of what only the signer says),
 *                        unsigned (paths of the members that the signature does not cover)
 */
OCC_API const char *occ_report_json(const occ_report *report, size_t *ret_len);
OCC_API void occ_report_free(occ_report *report);

#ifdef __cplusplus
}
#endif
#endif
