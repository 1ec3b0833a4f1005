/*
 * certificate_chain.h — a path of certificates that were read, checked by OpenSSL (RFC 5280 §6).
 */
#ifndef OCC_CRYPTO_CERTIFICATE_CHAIN_H
#define OCC_CRYPTO_CERTIFICATE_CHAIN_H

#include "base/result.h"
#include "crypto/certificate_form.h"

/*
 * path[first] is the trust anchor, path[leaf] the leaf; each is to be signed by the one before it. All valid at at (Unix
 * seconds), all needed, and in that order. An anchor that is not path[0] is one that was itself verified before. Codes and
 * sentences as occ_path_verify has them.
 */
OCC_RESULT occ_certificate_chain_check(X509 *const *path, size_t first, size_t leaf, int64_t at, struct occ_error *err);

#endif
