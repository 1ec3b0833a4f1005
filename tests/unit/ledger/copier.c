/* copier.c — who copies the WAL when, with the thread and without. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "ledger/copier.h"

enum { FRAMES = 2000, PATIENCE = 20000 };

static struct occ_copier *
start(const char *folder, bool threaded)
{
    struct occ_copier *copier = NULL;
    struct occ_error err = { .code = OCC_OK };
    assert_int_equal(occ_copier_start(folder, threaded, &err, &copier).code, OCC_OK);
    return copier;
}

/* The writer copies after each 2,000 frames, and counts anew when the WAL has begun anew. */
static void
test_without_thread(void **state)
{
    (void)state;
    struct occ_copier *const copier = start("/nowhere", false);
    assert_false(occ_copier_note(copier, 1));
    assert_false(occ_copier_note(copier, FRAMES - 1));
    assert_true(occ_copier_note(copier, FRAMES));
    assert_false(occ_copier_note(copier, FRAMES + 1)); /* somebody reads: it could not begin anew */
    assert_false(occ_copier_note(copier, 2 * FRAMES - 1));
    assert_true(occ_copier_note(copier, 2 * FRAMES + 5));
    assert_false(occ_copier_note(copier, 10));
    assert_true(occ_copier_note(copier, FRAMES));
    occ_copier_stop(copier);
}

/* Asks until it is the writer's turn; false: it never is. */
static bool
comes_to_the_writer(struct occ_copier *copier, uint64_t frames)
{
    for (unsigned i = 0; i < PATIENCE; i++) {
        if (occ_copier_note(copier, frames)) {
            return true;
        }
        (void)nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
    }
    return false;
}

/* The thread comes first, and whether it could copy or not (there is no such folder), the writer does the rest, once. */
static void
test_with_thread(void **state)
{
    (void)state;
    struct occ_copier *const copier = start("/nowhere", true);
    assert_false(occ_copier_note(copier, FRAMES - 1));
    assert_false(occ_copier_note(copier, FRAMES)); /* now the thread has been asked */
    assert_true(comes_to_the_writer(copier, FRAMES + 100));
    assert_false(occ_copier_note(copier, FRAMES + 200));
    assert_true(comes_to_the_writer(copier, 2 * FRAMES + 200));
    occ_copier_stop(copier);
}

/* Stopped while it is asked for something, and with nothing to do. */
static void
test_stop(void **state)
{
    (void)state;
    struct occ_copier *copier = start("/nowhere", true);
    occ_copier_stop(copier);
    copier = start("/nowhere", true);
    (void)occ_copier_note(copier, FRAMES);
    occ_copier_stop(copier);
    occ_copier_stop(NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_without_thread), cmocka_unit_test(test_with_thread),
                                        cmocka_unit_test(test_stop) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
