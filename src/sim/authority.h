/*
 * authority.h — the root of simulated documents: a certificate and its key in a folder, made where they are missing.
 */
#ifndef OCC_SIM_AUTHORITY_H
#define OCC_SIM_AUTHORITY_H

#include "base/buf.h"

struct occ_sim_authority {
    struct occ_buf der;     /* the root certificate */
    struct occ_buf key_pem; /* its private key */
};

/*
 * root.pem and root.key of a folder, which is made too; all of it is the owner's alone (modes 0700, 0600). Where neither file
 * is there, both are made: a P-384 key, and a certificate of SIMULATED.nitro-enclaves for about 20 years.
 * OCC_ERR_FIELD_VALUE (one of the files is not what it should be, or they do not belong together), OCC_ERR_STATE (a key without a
 * certificate), what os/file.h gives. Clear it in any case.
 */
OCC_RESULT occ_sim_authority_open(const char *folder, uint64_t now_ms, struct occ_error *err,
                                  struct occ_sim_authority *authority);
/* No files: one that lasts as long as it does. */
void occ_sim_authority_make(uint64_t now_ms, struct occ_sim_authority *authority);
void occ_sim_authority_clear(struct occ_sim_authority *authority);

#endif
