/* src/crypto/timestamp*.c with memory that runs short, at each allocation in turn. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/crypto/timestamp_fixture.h"

/* Allocations that OpenSSL still gets before one fails; negative: all. */
static long allocations_left = -1;
static bool was_refused, one_fails;

static bool
is_refused(void)
{
    if (allocations_left < 0 || (one_fails && was_refused)) {
        return false;
    }
    if (allocations_left > 0) {
        allocations_left--;
        return false;
    }
    was_refused = true;
    return true;
}

static void *
counted_malloc(size_t len, const char *file, int line)
{
    (void)file;
    (void)line;
    return is_refused() ? NULL : malloc(len);
}

static void *
counted_realloc(void *memory, size_t len, const char *file, int line)
{
    (void)file;
    (void)line;
    return is_refused() ? NULL : realloc(memory, len);
}

static void
counted_free(void *memory, const char *file, int line)
{
    (void)file;
    (void)line;
    free(memory);
}

/* One verification with count allocations; false once that was enough. */
static bool
verify_with(long count, bool only_one_fails, struct occ_bytes token, const struct occ_timestamp_roots *roots)
{
    struct occ_timestamp_facts facts = { .trusted = false };
    struct occ_error err = { 0 };
    was_refused = false;
    one_fails = only_one_fails;
    allocations_left = count;
    const enum occ_err code = occ_timestamp_verify(token, roots, &err, &facts).code;
    allocations_left = -1;
    if (was_refused && code == OCC_ERR_NOMEM) {
        return true;
    }
    assert_code(code, OCC_OK, "memory", &err);
    assert_true(facts.trusted);
    assert_string_equal(facts.serial, "1234567890abcdef");
    assert_true(!was_refused || only_one_fails);
    return was_refused;
}

/* The same where no certificate is known yet. What it leaves behind then does no harm to the next verification. */
static bool
verify_anew_with(long count, bool only_one_fails, struct occ_bytes token, struct occ_bytes pem)
{
    ROOTS_AUTO roots = roots_of(pem);
    const bool more = verify_with(count, only_one_fails, token, roots);
    assert_false(verify_with(LONG_MAX, false, token, roots));
    return more;
}

static bool
read_roots_with(long count, bool only_one_fails, struct occ_bytes pem, struct occ_bytes token)
{
    struct occ_timestamp_roots *roots = NULL;
    struct occ_error err = { .code = OCC_OK };
    was_refused = false;
    one_fails = only_one_fails;
    allocations_left = count;
    const enum occ_err code = occ_timestamp_roots_new(pem, &err, &roots).code;
    allocations_left = -1;
    if (was_refused && code == OCC_ERR_NOMEM) {
        return true;
    }
    assert_code(code, OCC_OK, "memory for roots", &err);
    assert_int_equal(occ_timestamp_roots_count(roots), 1);
    const bool was_short = was_refused;
    assert_false(verify_with(LONG_MAX, false, token, roots)); /* with roots that are whole */
    occ_timestamp_roots_free(roots);
    return was_short; /* OpenSSL can do without some: those for the text of its errors */
}

/*
 * From some allocation on there is no more memory, or one fails: the verdict is that, or the true one, never another.
 */
static void
test_memory(void **state)
{
    (void)state;
    struct timestamp_plan plan;
    make_plan(&plan);
    AUTHORITY_AUTO authority = timestamp_authority_new(&plan);
    ROOTS_AUTO roots = roots_of_authority(authority);
    OCC_BUF_AUTO(token, TOKEN_MAX);
    timestamp_token_put(&token, &plan, authority);
    assert_false(verify_with(LONG_MAX, false, occ_buf_view(&token), roots)); /* what OpenSSL sets up once is there */
    OCC_BUF_AUTO(pem, TOKEN_MAX);
    timestamp_root_put(&pem, authority);
    for (int only_one = 0; only_one <= 1; only_one++) {
        long count = 0;
        while (verify_anew_with(count, only_one == 1, occ_buf_view(&token), occ_buf_view(&pem))) {
            count++;
        }
        print_message("%ld allocations, nothing known\n", count);
        assert_true(count > 200);
        count = 0;
        while (verify_with(count, only_one == 1, occ_buf_view(&token), roots)) {
            count++;
        }
        print_message("%ld allocations\n", count);
        assert_true(count > 100);
        count = 0;
        while (read_roots_with(count, only_one == 1, occ_buf_view(&pem), occ_buf_view(&token))) {
            count++;
        }
        print_message("%ld allocations for roots\n", count);
        assert_true(count > 20);
    }
}

int
main(void)
{
    if (CRYPTO_set_mem_functions(counted_malloc, counted_realloc, counted_free) != 1) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests_name("crypto.timestamp_faults", tests, NULL, NULL);
}
