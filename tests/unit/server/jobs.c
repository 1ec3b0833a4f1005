/* Lists of writes: order is kept, and what may share a transaction does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "server/jobs.h"

enum { JOBS = 6 };

struct fixture {
    struct occ_ledger_epoch epochs[2];
    struct occ_ledger_entry entry;
    struct occ_ledger_proof proofs[2];
    struct occ_ledger_token token;
    struct occ_store_job jobs[JOBS];
    struct occ_jobs list;
};

/* Jobs of one entry with two proofs of 10 and 20 bytes, of epoch a. */
static void
set_up(struct fixture *fixture)
{
    static const char text[20] = "01234567890123456789";
    *fixture = (struct fixture){ .epochs = { { .epoch_id = occ_bytes_str("a") }, { .epoch_id = occ_bytes_str("b") } },
                                 .proofs = { { .text = occ_bytes_of(text, 10) }, { .text = occ_bytes_of(text, 20) } },
                                 .token = { .text = occ_bytes_of(text, 5) } };
    fixture->entry = (struct occ_ledger_entry){ .proof_count = 2, .proofs = fixture->proofs };
    for (unsigned i = 0; i < JOBS; i++) {
        fixture->jobs[i].write =
            (struct occ_ledger_write){ .epoch = &fixture->epochs[0], .entries = &fixture->entry, .entry_count = 1 };
    }
}

static void
push_all(struct fixture *fixture)
{
    for (unsigned i = 0; i < JOBS; i++) {
        fixture->jobs[i].len = occ_ledger_write_len(&fixture->jobs[i].write);
        occ_jobs_push(&fixture->list, &fixture->jobs[i]);
    }
}

/* How many of the list's front share a transaction. */
static size_t
taken(struct fixture *fixture, size_t max)
{
    struct occ_jobs batch = { 0 };
    push_all(fixture);
    occ_jobs_take(&fixture->list, max, &batch);
    assert_int_equal(batch.count + fixture->list.count, JOBS);
    assert_ptr_equal(batch.first, &fixture->jobs[0]);
    return batch.count;
}

static void
test_list(void **state)
{
    (void)state;
    struct fixture fixture;
    set_up(&fixture);
    push_all(&fixture);
    assert_int_equal(fixture.list.count, JOBS);
    assert_int_equal(fixture.list.len, JOBS * 30);
    struct occ_jobs front = { 0 };
    occ_jobs_push(&front, occ_jobs_pop(&fixture.list));
    occ_jobs_push(&front, occ_jobs_pop(&fixture.list));
    assert_ptr_equal(fixture.list.first, &fixture.jobs[2]);
    occ_jobs_push_front(&fixture.list, &front);
    assert_int_equal(front.count, 0);
    occ_jobs_push_front(&fixture.list, &front); /* nothing */
    assert_int_equal(fixture.list.len, JOBS * 30);
    for (unsigned i = 0; i < JOBS; i++) {
        assert_ptr_equal(occ_jobs_pop(&fixture.list), &fixture.jobs[i]);
    }
    assert_null(occ_jobs_pop(&fixture.list));
    assert_int_equal(fixture.list.len, 0);
    occ_jobs_push(&front, &fixture.jobs[0]);
    occ_jobs_push_front(&fixture.list, &front); /* onto an empty one */
    occ_jobs_push(&fixture.list, &fixture.jobs[1]);
    assert_ptr_equal(fixture.list.first, &fixture.jobs[0]);
    assert_ptr_equal(fixture.list.last, &fixture.jobs[1]);
}

static void
test_len(void **state)
{
    (void)state;
    struct fixture fixture;
    set_up(&fixture);
    assert_int_equal(occ_ledger_write_len(&fixture.jobs[0].write), 30);
    fixture.jobs[0].write.tokens = &fixture.token;
    fixture.jobs[0].write.token_count = 1;
    assert_int_equal(occ_ledger_write_len(&fixture.jobs[0].write), 35);
}

/* A document counts once for proofs that follow one another and share it. */
static void
test_len_of_documents(void **state)
{
    (void)state;
    const struct occ_bytes one = occ_bytes_str("document"), other = occ_bytes_str("another one");
    struct occ_ledger_proof proofs[6] = { 0 };
    for (size_t i = 0; i < 6; i++) {
        proofs[i] = (struct occ_ledger_proof){ .text = occ_bytes_str("text"), .document = one };
    }
    const struct occ_ledger_entry entries[] = { { .proof_count = 2, .proofs = proofs },
                                                { .proof_count = 4, .proofs = proofs + 2 } };
    const struct occ_ledger_write write = { .entries = entries, .entry_count = 2 };
    assert_int_equal(occ_ledger_write_len(&write), 6 * 4 + 8);
    proofs[3].document = occ_bytes_of(NULL, 0);
    assert_int_equal(occ_ledger_write_len(&write), 6 * 4 + 8);
    proofs[4].document = other;
    assert_int_equal(occ_ledger_write_len(&write), 6 * 4 + 8 + 11 + 8);
}

static void
test_take(void **state)
{
    (void)state;
    struct fixture fixture;
    set_up(&fixture);
    assert_int_equal(taken(&fixture, SIZE_MAX), JOBS);
    set_up(&fixture);
    assert_int_equal(taken(&fixture, 2), 2);
    set_up(&fixture);
    fixture.jobs[3].write.epoch = &fixture.epochs[1];
    assert_int_equal(taken(&fixture, SIZE_MAX), 3);
    set_up(&fixture);
    fixture.epochs[1].epoch_id = fixture.epochs[0].epoch_id;
    fixture.epochs[1].public_key[0] = 1; /* another key is another epoch */
    fixture.jobs[3].write.epoch = &fixture.epochs[1];
    assert_int_equal(taken(&fixture, SIZE_MAX), 3);
    set_up(&fixture);
    fixture.jobs[0].write = (struct occ_ledger_write){ .tokens = &fixture.token, .token_count = 1 };
    fixture.jobs[1].write.epoch = &fixture.epochs[1];
    assert_int_equal(taken(&fixture, SIZE_MAX), 2); /* tokens go with any epoch, and a does not go with b */
}

static void
test_take_limits(void **state)
{
    (void)state;
    struct fixture fixture;
    set_up(&fixture);
    fixture.proofs[0].text.len = OCC_LIMIT_LEDGER_WRITE_LEN / 2 - 20; /* nothing reads it */
    assert_int_equal(taken(&fixture, SIZE_MAX), 2);
    set_up(&fixture);
    fixture.proofs[0].text.len = 2 * (size_t)OCC_LIMIT_LEDGER_WRITE_LEN;
    assert_int_equal(taken(&fixture, SIZE_MAX), 1); /* one goes, whatever its size */
    static struct occ_ledger_entry many[OCC_LIMIT_LEDGER_WRITE_ENTRIES - 1];
    set_up(&fixture);
    fixture.jobs[0].write.entries = many;
    fixture.jobs[0].write.entry_count = OCC_LIMIT_LEDGER_WRITE_ENTRIES - 1;
    assert_int_equal(taken(&fixture, SIZE_MAX), 2);
    struct occ_jobs empty = { 0 }, batch = { 0 };
    occ_jobs_take(&empty, SIZE_MAX, &batch);
    assert_int_equal(batch.count, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list), cmocka_unit_test(test_len),         cmocka_unit_test(test_len_of_documents),
        cmocka_unit_test(test_take), cmocka_unit_test(test_take_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
