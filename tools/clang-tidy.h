/*
 * clang-tidy.h — included in front of every file that clang-tidy looks at, and in no build. Its analyzer sees one file at a
 * time, so it would follow a path on which occ_error_set(…, OCC_ERR_…) returns success. It does not: it returns its code.
 */
#include "base/result.h"

#define occ_error_set(err, code, ...) ((void)occ_error_set((err), (code), __VA_ARGS__), occ_result_of(code))
#define occ_error_code(err, code) ((void)occ_error_code((err), (code)), occ_result_of(code))
