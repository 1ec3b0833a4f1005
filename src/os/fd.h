/*
 * fd.h — what os's own files share: descriptors that close themselves, and the system's errors in words.
 */
#ifndef OCC_OS_FD_H
#define OCC_OS_FD_H

#include "base/result.h"

/* A descriptor that is closed at the end of its scope unless occ_fd_release took it out; -1 = none. */
#define OCC_FD_AUTO(name) __attribute__((cleanup(occ_fd_cleanup))) int name = -1
void occ_fd_cleanup(int *fd);
int occ_fd_release(int *fd);
/*
 * "doing what: the system's reason", with the code that fits errno: OCC_ERR_NOT_FOUND, OCC_ERR_DENIED, OCC_ERR_NOMEM or
 * OCC_ERR_IO. errno is kept, for a caller that knows more and says it again with more.
 */
struct occ_result occ_fd_fail(struct occ_error *err, const char *doing, const char *what);

#endif
