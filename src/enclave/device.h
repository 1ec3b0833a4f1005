/*
 * device.h — the attester's device, which takes milliseconds, on a thread of its own (DESIGN §2).
 *
 * The loop's thread asks for one document at a time and goes on; the answer makes a descriptor readable. What was asked and
 * what came belongs to one of the two threads at any time, and changes hands with an event: there is no lock.
 *
 * The thread is started before the process gives up making threads; the filter of system calls is to hold for it too.
 */
#ifndef OCC_ENCLAVE_DEVICE_H
#define OCC_ENCLAVE_DEVICE_H

#include "boundary/gate.h"

struct occ_device;

/*
 * The epoch's first document, asked for on the calling thread, before there is a device: a gate takes no commit without it.
 * A failure is the attester's, with its sentence: such a boundary is not started. Does nothing with OCC_ATTEST_NONE.
 */
OCC_RESULT occ_device_first(const struct occ_attester *attester, struct occ_gate *gate, struct occ_error *err);

/* Starts the thread, all signals blocked. The attester outlives the device, and from now on nobody else asks it. */
OCC_RESULT occ_device_new(const struct occ_attester *attester, struct occ_error *err, struct occ_device **ret_device);
/*
 * Ends the thread. False: it is inside the device and did not come back in OCC_LIMIT_DEVICE_STOP_MS. Then it is left behind, and
 * what the attester works with must be left to it: only leaving the process ends both. NULL: true.
 */
OCC_MUST_USE bool occ_device_free(struct occ_device *device);

/* Whether it can be asked: no answer is awaited, or waits to be taken. */
bool occ_device_is_free(const struct occ_device *device);
/* Asks for a document; what request points to is copied. Only while it is free. */
void occ_device_ask(struct occ_device *device, const struct occ_attest_request *request);
/* Readable when there is an answer to take. */
int occ_device_fd(const struct occ_device *device);
/* The answer, if it is there; its views are valid until the next occ_device_ask. */
bool occ_device_take(struct occ_device *device, struct occ_attest_outcome *ret_outcome);

#endif
