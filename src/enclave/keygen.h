/*
 * keygen.h — the command "occ-enclave keygen": makes a signing key in a hardware token.
 */
#ifndef OCC_ENCLAVE_KEYGEN_H
#define OCC_ENCLAVE_KEYGEN_H

/* main of the command; argv[0] is "keygen". Returns the exit status: 0 done, 2 wrong use, 3 could not. */
int occ_keygen_run(int argc, char **argv, char **envp);

#endif
