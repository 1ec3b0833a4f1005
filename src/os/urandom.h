/*
 * urandom.h — further random for the kernel's own pool (random(4)).
 */
#ifndef OCC_OS_URANDOM_H
#define OCC_OS_URANDOM_H

#include "base/bytes.h"
#include "base/result.h"

#define OCC_URANDOM_PATH "/dev/urandom"

/*
 * Writes bytes to the device at path, which mixes them in and counts on nothing: bad ones do no harm. Success too if there is
 * no such device. The caller's bytes are not to be used for anything else. As occ_fd_fail.
 */
OCC_RESULT occ_urandom_add(const char *path, struct occ_bytes bytes, struct occ_error *err);

#endif
