/* timestamp_certificate.c — the certificates that tokens bring: see timestamp_private.h. */
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "base/limits.h"
#include "crypto/timestamp_private.h"

static X509 *
decode(struct occ_bytes der)
{
    const unsigned char *at = der.ptr;
    X509 *certificate = d2i_X509(NULL, &at, (long)der.len);
    if (certificate != NULL && at != der.ptr + der.len) {
        X509_free(certificate);
        return NULL;
    }
    return certificate;
}

/*
 * OpenSSL goes on where it had no memory for a certificate's key or its extensions, as if they could not be read. It looks at
 * the extensions here, and from then on nothing writes to the certificate, so that threads may share it.
 */
static bool
is_complete(X509 *certificate)
{
    return X509_get0_pubkey(certificate) != NULL && X509_check_purpose(certificate, -1, 0) == 1 &&
           (X509_get_extension_flags(certificate) & EXFLAG_INVALID) == 0 && ERR_peek_error() == 0;
}

X509 *
occ_timestamp_certificate_read(struct occ_certificate_cache *known, struct occ_bytes der)
{
    if (known == NULL || der.len > OCC_LIMIT_TOKEN_KNOWN_LEN) {
        return decode(der);
    }
    uint8_t name[OCC_SHA256_LEN];
    struct occ_certificate_known entry = { NULL, { INT64_MIN, INT64_MAX } }; /* its form holds at all times */
    occ_digest_sha256(der, name);
    if (occ_certificate_cache_get(known, name, 0, &entry)) {
        return entry.certificate;
    }
    entry.certificate = decode(der);
    if (entry.certificate != NULL && is_complete(entry.certificate)) {
        occ_certificate_cache_put(known, name, &entry);
    }
    return entry.certificate;
}
