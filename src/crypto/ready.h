/*
 * ready.h — whether OpenSSL, as this process has it, offers what a verification needs. Its configuration may leave out the default
 * provider, or ask for FIPS where there is no such provider.
 */
#ifndef OCC_CRYPTO_READY_H
#define OCC_CRYPTO_READY_H

#include "base/result.h"

/* Success, or OCC_ERR_UNAVAILABLE with a sentence that names the first thing that is missing, or OCC_ERR_NOMEM. */
OCC_RESULT occ_ready_check(struct occ_error *err);

#endif
