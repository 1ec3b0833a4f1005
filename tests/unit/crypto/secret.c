/* Tests of src/crypto/secret.c. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "crypto/secret.h"

static void
test_init_again(void **state)
{
    (void)state;
    assert_true(occ_is_ok(occ_secret_init()));
    assert_true(occ_is_ok(occ_secret_init()));
}

static void
test_random(void **state)
{
    (void)state;
    uint8_t a[64] = { 0 };
    uint8_t b[64] = { 0 };
    occ_secret_random(a, sizeof a);
    occ_secret_random(b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
    uint8_t untouched[4] = { 1, 2, 3, 4 };
    occ_secret_random(untouched + 1, 2);
    assert_int_equal(untouched[0], 1);
    assert_int_equal(untouched[3], 4);
}

static void
test_memory(void **state)
{
    (void)state;
    void *memory = NULL;
    assert_true(occ_is_ok(occ_secret_new(96, &memory)));
    uint8_t *bytes = memory;
    for (size_t i = 0; i < 96; i++) {
        assert_int_equal(bytes[i], 0);
        bytes[i] = (uint8_t)i;
    }
    occ_secret_free(memory);
    occ_secret_free(NULL);
}

/* One byte past the end is a fault, at once. */
static void
test_memory_is_guarded(void **state)
{
    (void)state;
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)signal(SIGSEGV, SIG_DFL); /* cmocka catches it otherwise */
        void *memory = NULL;
        if (occ_is_ok(occ_secret_new(32, &memory))) {
            ((volatile uint8_t *)memory)[32] = 1;
        }
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGSEGV);
}

#if defined(__SANITIZE_ADDRESS__)
#define LOCKING_IS_REAL 0 /* AddressSanitizer turns mlock into nothing */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define LOCKING_IS_REAL 0
#endif
#endif
#ifndef LOCKING_IS_REAL
#define LOCKING_IS_REAL 1
#endif

/* Without the right to lock memory there is no secret. In a child, which gives up root where it has it. */
static void
test_memory_is_locked(void **state)
{
    (void)state;
    if (!LOCKING_IS_REAL) {
        print_message("a sanitizer replaces mlock: not tested\n");
        skip();
    }
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const struct rlimit none = { 0, 0 };
        if (setrlimit(RLIMIT_MEMLOCK, &none) != 0 || (geteuid() == 0 && setuid(65534) != 0)) {
            _exit(2);
        }
        void *memory = NULL;
        const struct occ_result result = occ_secret_new(32, &memory);
        _exit(result.code == OCC_ERR_NOMEM && memory == NULL ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void
test_wipe_and_equal(void **state)
{
    (void)state;
    uint8_t a[4] = { 1, 2, 3, 4 };
    uint8_t b[4] = { 1, 2, 3, 5 };
    assert_false(occ_secret_equal(a, b, 4));
    assert_true(occ_secret_equal(a, b, 3));
    assert_true(occ_secret_equal(a, b, 0));
    occ_secret_wipe(a, 3);
    const uint8_t wiped[4] = { 0, 0, 0, 4 };
    assert_memory_equal(a, wiped, 4);
}

int
main(void)
{
    if (!occ_is_ok(occ_secret_init())) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_init_again),       cmocka_unit_test(test_random),
        cmocka_unit_test(test_memory),           cmocka_unit_test(test_memory_is_guarded),
        cmocka_unit_test(test_memory_is_locked), cmocka_unit_test(test_wipe_and_equal),
    };
    return cmocka_run_group_tests_name("crypto.secret", tests, NULL, NULL);
}
