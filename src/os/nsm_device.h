/*
 * nsm_device.h — /dev/nsm, the Nitro Secure Module's device inside an AWS Nitro Enclave (Linux since 6.8, drivers/misc/nsm.c;
 * what stands here is from include/uapi/linux/nsm.h, which not every machine that builds has).
 *
 * One exchange at a time: the driver serialises all calls.
 */
#ifndef OCC_OS_NSM_DEVICE_H
#define OCC_OS_NSM_DEVICE_H

#include "base/bytes.h"
#include "base/limits.h"
#include "base/result.h"

#define OCC_NSM_DEVICE_PATH "/dev/nsm"

/* Opens it, not inherited by others. OCC_ERR_ATTESTER with a sentence. */
OCC_RESULT occ_nsm_device_open(const char *path, struct occ_error *err, int *ret_fd);
/*
 * Sends a request of 1 to OCC_LIMIT_NSM_REQUEST_LEN bytes and waits for the response: *ret_len bytes, 1 to
 * OCC_LIMIT_NSM_RESPONSE_LEN. OCC_ERR_ATTESTER with a sentence; what stands in ret_response then means nothing.
 */
OCC_RESULT occ_nsm_device_exchange(int fd, struct occ_bytes request, struct occ_error *err,
                                   uint8_t ret_response[OCC_LIMIT_NSM_RESPONSE_LEN], size_t *ret_len);
/* -1 is allowed. */
void occ_nsm_device_close(int fd);
/* The one request number that the device is asked with, for the sandbox. */
unsigned long occ_nsm_device_request(void);

#endif
