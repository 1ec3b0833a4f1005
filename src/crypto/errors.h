/*
 * errors.h — OpenSSL's queue of errors: reads it, and leaves it to whom it belongs. A thread has one queue, and a program that
 * uses libocc may use OpenSSL, too: its own errors are set aside while ours are made and read, and put back.
 */
#ifndef OCC_CRYPTO_ERRORS_H
#define OCC_CRYPTO_ERRORS_H

#include <stdbool.h>

#include "base/result.h"

struct occ_errors;

/*
 * Empties the calling thread's queue; what was in it is kept in *ret_errors, which is NULL if there was nothing. Texts are cut
 * at a few hundred bytes, and marks (ERR_set_mark) are lost. OCC_ERR_NOMEM: then the queue is as it was.
 */
OCC_RESULT occ_errors_take(struct occ_errors **ret_errors);
/* Empties the queue, and puts back what was taken. errors may be NULL. Frees it. */
void occ_errors_put_back(struct occ_errors *errors);
/* The same as a cleanup. */
void occ_errors_cleanup(struct occ_errors **errors);
/*
 * Empties the queue; true if an error in it says that memory was short. OpenSSL notes that where it happens, and then calls it
 * something else on the way up: the last error alone does not tell.
 */
bool occ_errors_say_no_memory(void);

#endif
