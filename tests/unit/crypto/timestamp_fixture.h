/* timestamp_fixture.h — for the tests of src/crypto/timestamp*.c: plans, roots and codes. */
#ifndef OCC_TESTS_TIMESTAMP_FIXTURE_H
#define OCC_TESTS_TIMESTAMP_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "crypto/timestamp.h"
#include "support/timestamp_maker.h"
#include "unit/codec/vectors.h"

enum { TOKEN_MAX = 1 << 20 };
#define TIME_MS UINT64_C(1774114253000) /* 2026-03-21T17:30:53Z */

static inline void
free_roots(struct occ_timestamp_roots **roots)
{
    occ_timestamp_roots_free(*roots);
}
#define ROOTS_AUTO __attribute__((cleanup(free_roots))) struct occ_timestamp_roots *

static inline void
free_authority(struct timestamp_authority **authority)
{
    timestamp_authority_free(*authority);
}
#define AUTHORITY_AUTO __attribute__((cleanup(free_authority))) struct timestamp_authority *

static inline struct occ_timestamp_roots *
roots_of(struct occ_bytes pem)
{
    struct occ_timestamp_roots *roots = NULL;
    struct occ_error err = { 0 };
    if (!occ_is_ok(occ_timestamp_roots_new(pem, &err, &roots))) {
        fail_msg("%s", err.text);
    }
    return roots;
}

static inline struct occ_timestamp_roots *
roots_of_file(const char *file)
{
    OCC_BUF_AUTO(pem, TOKEN_MAX);
    vectors_read("rfc3161", file, &pem);
    return roots_of(occ_buf_view(&pem));
}

static inline struct occ_timestamp_roots *
roots_of_authority(const struct timestamp_authority *authority)
{
    OCC_BUF_AUTO(pem, TOKEN_MAX);
    timestamp_root_put(&pem, authority);
    return roots_of(occ_buf_view(&pem));
}

static inline void
make_plan(struct timestamp_plan *plan)
{
    uint8_t digest[32];
    for (size_t i = 0; i < sizeof digest; i++) {
        digest[i] = (uint8_t)(0x80 + i);
    }
    timestamp_plan_init(plan, digest, TIME_MS);
}

static inline void
assert_code(enum occ_err actual, enum occ_err expected, const char *what, const struct occ_error *err)
{
    if (actual != expected) {
        fail_msg("%s: %s (%s), expected %s", what, occ_result_name(actual), err->text, occ_result_name(expected));
    }
}

#endif
