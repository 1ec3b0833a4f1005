/*
 * certificate_form.h — one certificate by itself: its encoding, key and algorithm, and whether it fits its place in a path.
 * For the files of certificate.h only: it speaks of OpenSSL's types.
 */
#ifndef OCC_CRYPTO_CERTIFICATE_FORM_H
#define OCC_CRYPTO_CERTIFICATE_FORM_H

#include <openssl/x509.h>

#include "base/bytes.h"
#include "base/result.h"

/* What a certificate is called in a sentence: "cabundle[2]" or "certificate", as in the document. */
struct occ_certificate_name {
    char text[32];
};

/* When a certificate, or each of several, is valid: Unix seconds, both ends included (RFC 5280 §4.1.2.5). */
struct occ_certificate_window {
    int64_t from, to;
};

/* The name of the certificate at index of a path whose leaf stands at leaf_index. */
struct occ_certificate_name occ_certificate_form_name(size_t index, size_t leaf_index);

/*
 * Reads a certificate that is DER with nothing after it, v3, with a P-384 key and an ecdsa-with-SHA384 signature (which is
 * not checked here). Everything that OpenSSL works out late is worked out, so that threads may share it.
 * OCC_ERR_NITRO_CERTIFICATE, or OCC_ERR_NITRO_CONSTRAINTS for a critical extension that these certificates do not have;
 * OCC_ERR_NOMEM. Free *ret_certificate with X509_free.
 */
OCC_RESULT occ_certificate_form_read(struct occ_bytes der, const char *name, struct occ_error *err,
                                     X509 **ret_certificate);
/* Whether it may sign certificates: OCC_ERR_NITRO_CONSTRAINTS if not. */
OCC_RESULT occ_certificate_form_check_authority(X509 *certificate, const char *name, struct occ_error *err);
/* Whether it is the certificate of a document's key: OCC_ERR_NITRO_CONSTRAINTS, or OCC_ERR_NITRO_PATH if it names itself. */
OCC_RESULT occ_certificate_form_check_leaf(X509 *certificate, const char *name, struct occ_error *err);
/* True if nothing in it reaches further down than the certificate below it: no name constraints and the like. */
bool occ_certificate_form_is_plain(const X509 *certificate);
/* When it is valid. OCC_ERR_NITRO_CERTIFICATE if its times cannot be read; OCC_ERR_NOMEM. */
OCC_RESULT occ_certificate_form_window(const X509 *certificate, const char *name, struct occ_error *err,
                                       struct occ_certificate_window *ret_window);
/*
 * The refusal "name: what"; but OCC_ERR_NOMEM if OpenSSL's error queue says that this is what it failed for, or if there is
 * no memory now. Empties the queue.
 */
struct occ_result occ_certificate_form_refuse(struct occ_error *err, enum occ_err code, const char *name,
                                              const char *what);

/* For __attribute__((cleanup)). */
static inline void
occ_certificate_form_cleanup(X509 **certificate)
{
    X509_free(*certificate);
}

#endif
