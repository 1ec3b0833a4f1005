/*
 * pin.h — the PIN of a hardware token, from a file or the environment into locked memory. It is never a flag, never logged.
 */
#ifndef OCC_ENCLAVE_PIN_H
#define OCC_ENCLAVE_PIN_H

#include "base/bytes.h"
#include "base/result.h"

enum { OCC_PIN_LEN_MAX = 256 }; /* bytes */

struct occ_pin {
    void *memory; /* locked; NULL = there is none */
    struct occ_bytes text;
};

/*
 * From the file at path or, where that is NULL, from OCC_ENCLAVE_PIN in envp. OCC_ERR_USAGE: neither, empty, or too long; what
 * opening and reading the file give. Give back with occ_pin_clear, which wipes it.
 */
OCC_RESULT occ_pin_read(const char *path, char *const *envp, struct occ_error *err, struct occ_pin *ret_pin);
void occ_pin_clear(struct occ_pin *pin);
/* Overwrites the value of OCC_ENCLAVE_PIN where envp points to, which is what others see in /proc. */
void occ_pin_wipe_environment(char **envp);

#endif
