/*
 * paths.h — for the tests of certificate paths: verifies what maker.h makes.
 */
#ifndef OCC_TESTS_PATHS_H
#define OCC_TESTS_PATHS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <openssl/err.h>

#include "base/limits.h"
#include "crypto/certificate.h"
#include "sim/maker.h"

#define TIME_MS 1741496392841ull

static inline void
path_cleanup(struct occ_sim_path **path)
{
    occ_sim_path_free(*path);
}
#define PATH_AUTO __attribute__((cleanup(path_cleanup))) struct occ_sim_path *

static inline void
trust_cleanup(struct occ_path_trust **trust)
{
    occ_path_trust_free(*trust);
}
#define TRUST_AUTO __attribute__((cleanup(trust_cleanup))) struct occ_path_trust *

static inline struct occ_sim_plan
good_plan(void)
{
    struct occ_sim_plan plan;
    occ_sim_plan_init(&plan, TIME_MS);
    return plan;
}

static inline struct occ_path
list_of(const struct occ_sim_path *path, uint64_t time_ms)
{
    const size_t count = occ_sim_path_authority_count(path);
    const struct occ_bytes *certificates = occ_sim_path_certificates(path);
    return (struct occ_path){ certificates, count, certificates[count], time_ms };
}

static inline struct occ_path_trust *
trust_in(struct occ_bytes root)
{
    struct occ_path_trust *trust = NULL;
    struct occ_error err = { 0 };
    const struct occ_result made = occ_path_trust_new(root, &err, &trust);
    assert_string_equal(err.text, "");
    assert_true(occ_is_ok(made));
    return trust;
}

static inline void
assert_verifies(struct occ_path_trust *trust, const struct occ_path *path)
{
    struct occ_path_leaf leaf = { 0 };
    struct occ_error err = { 0 };
    const struct occ_result result = occ_path_verify(trust, path, &err, &leaf);
    assert_string_equal(err.text, "");
    assert_true(occ_is_ok(result));
    assert_non_null(leaf.key);
    assert_int_equal(ERR_peek_error(), 0);
    occ_ecdsa_key_free(leaf.key);
}

/* Refused with code, in a sentence that begins with begin; the result is untouched and OpenSSL's error queue is empty. */
static inline void
assert_refused(struct occ_path_trust *trust, const struct occ_path *path, enum occ_err code, const char *begin)
{
    struct occ_path_leaf leaf = { .not_before_ms = 1, .not_after_ms = 2, .key = NULL };
    struct occ_error err = { 0 };
    const struct occ_result result = occ_path_verify(trust, path, &err, &leaf);
    if (result.code != code || err.code != code || !occ_bytes_starts(occ_bytes_str(err.text), begin)) {
        fail_msg("%s: \"%s\", expected %s: \"%s…\"", occ_result_name(result.code), err.text, occ_result_name(code),
                 begin);
    }
    assert_true(leaf.not_before_ms == 1 && leaf.not_after_ms == 2 && leaf.key == NULL);
    assert_int_equal(ERR_peek_error(), 0);
}

#endif
