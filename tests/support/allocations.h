/*
 * allocations.h — malloc, calloc and realloc of the whole process, libraries too, fail where the test says so: it defines
 * allocation_fails. To be included by one file of a program. ThreadSanitizer starts with allocations that nobody may replace:
 * then ALLOCATIONS_ARE_REAL is defined and main is here, which skips; the other presets run the test.
 */
#ifndef OCC_TESTS_ALLOCATIONS_H
#define OCC_TESTS_ALLOCATIONS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define ALLOCATIONS_OF_ASAN
#endif
#if __has_feature(thread_sanitizer)
#define ALLOCATIONS_ARE_REAL
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define ALLOCATIONS_OF_ASAN
#endif
#ifdef __SANITIZE_THREAD__
#define ALLOCATIONS_ARE_REAL
#endif

#ifdef ALLOCATIONS_ARE_REAL

static void
test_nothing(void **state)
{
    (void)state;
    skip();
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_nothing) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

#ifdef ALLOCATIONS_OF_ASAN
#define REAL(name) __interceptor_##name
#else
#define REAL(name) __libc_##name
#endif

void *REAL(malloc)(size_t size);
void *REAL(calloc)(size_t count, size_t size);
void *REAL(realloc)(void *memory, size_t size);

/* Called before a sanitizer has set itself up, so not to be instrumented. */
#define UNCHECKED __attribute__((no_sanitize("address"), no_sanitize("undefined"), no_sanitize("thread")))
#define EXPORTED UNCHECKED __attribute__((visibility("default")))

/* True if the allocation that is asked for at caller is to fail. */
UNCHECKED static bool allocation_fails(const void *caller);

EXPORTED void *
malloc(size_t size)
{
    if (allocation_fails(__builtin_return_address(0))) {
        errno = ENOMEM;
        return NULL;
    }
    return REAL(malloc)(size);
}

EXPORTED void *
calloc(size_t count, size_t size)
{
    if (allocation_fails(__builtin_return_address(0))) {
        errno = ENOMEM;
        return NULL;
    }
    return REAL(calloc)(count, size);
}

EXPORTED void *
realloc(void *memory, size_t size)
{
    if (allocation_fails(__builtin_return_address(0))) {
        errno = ENOMEM;
        return NULL;
    }
    return REAL(realloc)(memory, size);
}

#endif
#endif
