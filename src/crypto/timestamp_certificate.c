/* timestamp_certificate.c — the certificates that tokens bring: see timestamp_private.h. */
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
    /* Has OpenSSL look at the extensions now: from then on nothing writes to it, and threads may share it. */
    if (entry.certificate != NULL && X509_check_purpose(entry.certificate, -1, 0) == 1) {
        occ_certificate_cache_put(known, name, &entry);
    }
    return entry.certificate;
}
