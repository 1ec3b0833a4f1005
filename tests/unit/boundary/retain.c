/* retain.c — the queue of unacknowledged results, and its limit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "boundary/retain.h"

static enum occ_err
reserve(struct occ_retain *retain, size_t len, struct occ_retain_entry **ret_entry)
{
    return occ_retain_reserve(retain, &(struct occ_retain_room){ .result_len = len }, ret_entry).code;
}

static enum occ_err
keep(struct occ_retain *retain, const char *result, size_t reserved)
{
    struct occ_retain_entry *entry = NULL;
    const enum occ_err code = reserve(retain, reserved, &entry);
    if (code == OCC_OK) {
        occ_retain_keep(retain, entry, occ_bytes_str(result), NULL);
    }
    return code;
}

static void
expect(const struct occ_retain *retain, const char *const *results, size_t count)
{
    const struct occ_retain_entry *entry = occ_retain_next(retain, NULL);
    for (size_t i = 0; i < count; i++) {
        assert_non_null(entry);
        assert_true(occ_bytes_is(occ_retain_result(entry), results[i]));
        entry = occ_retain_next(retain, entry);
    }
    assert_null(entry);
}

static void
test_queue(void **state)
{
    (void)state;
    struct occ_retain retain = { .len_max = 10000 };
    static const char *const results[] = { "one", "two", "three" };
    expect(&retain, results, 0);
    assert_int_equal(keep(&retain, "one", 3), OCC_OK);
    assert_int_equal(keep(&retain, "two", 10), OCC_OK);
    assert_int_equal(keep(&retain, "three", 5), OCC_OK);
    assert_int_equal(retain.newest, 3);
    expect(&retain, results, 3);
    assert_int_equal(occ_retain_acknowledge(&retain, 0).code, OCC_OK);
    assert_int_equal(occ_retain_acknowledge(&retain, 1).code, OCC_OK);
    expect(&retain, results + 1, 2);
    assert_int_equal(occ_retain_acknowledge(&retain, 1).code, OCC_OK); /* the same again changes nothing */
    assert_int_equal(occ_retain_acknowledge(&retain, 0).code, OCC_ERR_WIRE_MESSAGE);
    assert_int_equal(occ_retain_acknowledge(&retain, 4).code, OCC_ERR_WIRE_MESSAGE);
    assert_int_equal(occ_retain_acknowledge(&retain, UINT64_MAX).code, OCC_ERR_WIRE_MESSAGE);
    expect(&retain, results + 1, 2);
    assert_int_equal(occ_retain_acknowledge(&retain, 3).code, OCC_OK);
    expect(&retain, results, 0);
    assert_int_equal(retain.len, 0);
    assert_int_equal(keep(&retain, "one", 3), OCC_OK); /* goes on after it was empty */
    assert_int_equal(retain.newest, 4);
    assert_int_equal(retain.durable, 3);
    expect(&retain, results, 1);
    occ_retain_clear(&retain);
    assert_int_equal(retain.len, 0);
}

/* Two results share a document for which one of them has reserved the room; that one goes. */
static void
test_hand_over(void **state)
{
    (void)state;
    struct occ_retain retain = { .len_max = 100000 };
    struct occ_retain_entry *first = NULL, *second = NULL;
    const struct occ_retain_room room = { .result_len = 10, .document_count = 1, .documents_len = 20000 };
    assert_int_equal(occ_retain_reserve(&retain, &room, &first).code, OCC_OK);
    assert_int_equal(reserve(&retain, 10, &second), OCC_OK);
    const size_t both = retain.len;
    occ_retain_hand_over(first, second);
    assert_int_equal(retain.len, both);
    occ_retain_drop(&retain, first);
    assert_true(retain.len > 20000 && retain.len < both);
    occ_retain_keep(&retain, second, occ_bytes_str("two"), NULL);
    assert_true(retain.len < 20000);
    assert_int_equal(occ_retain_acknowledge(&retain, 1).code, OCC_OK);
    assert_int_equal(retain.len, 0);
}

static void
test_limit(void **state)
{
    (void)state;
    struct occ_retain retain = { .len_max = 1000 };
    struct occ_retain_entry *entry = NULL;
    assert_int_equal(reserve(&retain, 1000, &entry), OCC_ERR_LIMIT); /* book-keeping counts */
    assert_int_equal(reserve(&retain, SIZE_MAX, &entry), OCC_ERR_LIMIT);
    unsigned kept = 0;
    while (keep(&retain, "x", 100) == OCC_OK) {
        kept++;
        assert_true(retain.len <= 1000);
        assert_true(kept < 10);
    }
    assert_true(kept >= 5);
    assert_int_equal(keep(&retain, "x", 100), OCC_ERR_BUSY);
    assert_int_equal(occ_retain_acknowledge(&retain, 1).code, OCC_OK);
    assert_int_equal(keep(&retain, "x", 100), OCC_OK);
    assert_int_equal(keep(&retain, "x", 100), OCC_ERR_BUSY);
    occ_retain_clear(&retain);
    struct occ_retain none = { .len_max = 0 };
    assert_int_equal(reserve(&none, 0, &entry), OCC_ERR_LIMIT);
}

static void
test_drop(void **state)
{
    (void)state;
    struct occ_retain retain = { .len_max = 1000 };
    struct occ_retain_entry *entry = NULL;
    assert_int_equal(reserve(&retain, 100, &entry), OCC_OK);
    assert_true(retain.len >= 100); /* room counts as soon as it is reserved */
    occ_retain_drop(&retain, entry);
    assert_int_equal(retain.newest, 0);
    assert_int_equal(retain.len, 0);
}

static struct occ_document *
new_document(size_t len)
{
    static const uint8_t zeros[3000];
    struct occ_document *document = NULL;
    assert_int_equal(occ_document_new(occ_bytes_of(zeros, len), &document).code, OCC_OK);
    return document;
}

/* A result with the documents from the second of list on. */
static void
keep_with(struct occ_retain *retain, struct occ_document *const *list, uint16_t count, size_t documents_len)
{
    struct occ_retain_entry *entry = NULL;
    const struct occ_retain_room room = { .result_len = 3, .document_count = count, .documents_len = documents_len };
    assert_int_equal(occ_retain_reserve(retain, &room, &entry).code, OCC_OK);
    const size_t before = retain->len;
    assert_true(before >= documents_len);
    const struct occ_retain_documents documents = { list, count, 7 };
    occ_retain_keep(retain, entry, occ_bytes_str("one"), &documents);
    assert_true(retain->len <= before); /* what was reserved was enough */
}

/* A document counts once, as long as a result refers to it, whoever else holds it. */
static void
test_documents(void **state)
{
    (void)state;
    struct occ_retain retain = { .len_max = 100000 };
    struct occ_document *list[] = { new_document(30), new_document(3000) };
    keep_with(&retain, list, 2, 10000);
    const size_t first_len = retain.len;
    assert_true(first_len >= 4040 && first_len < 5000);
    keep_with(&retain, list + 1, 1, 0);
    assert_true(retain.len - first_len < 200);
    const size_t both_len = retain.len;
    keep_with(&retain, list, 1, 5000); /* more was reserved than is needed */
    assert_true(retain.len - both_len < 200);
    const struct occ_retain_documents documents = occ_retain_documents(occ_retain_next(&retain, NULL));
    assert_int_equal(documents.count, 2);
    assert_int_equal(documents.first, 7);
    assert_ptr_equal(documents.list[1], list[1]);
    assert_int_equal(list[1]->refs, 3);
    assert_int_equal(occ_retain_acknowledge(&retain, 1).code, OCC_OK);
    assert_int_equal(list[1]->refs, 2);
    assert_true(retain.len > 4000);
    occ_document_unref(list[1]);
    assert_int_equal(occ_retain_acknowledge(&retain, 2).code, OCC_OK); /* the last to hold it */
    assert_true(retain.len < 500);
    occ_retain_clear(&retain);
    assert_int_equal(retain.len, 0);
    assert_int_equal(list[0]->refs, 1);
    occ_document_unref(list[0]);
}

/* Room for documents that are still to come counts as well. */
static void
test_documents_limit(void **state)
{
    (void)state;
    struct occ_retain retain = { .len_max = 10000 };
    struct occ_retain_entry *entry = NULL;
    struct occ_retain_room room = { .result_len = 100, .document_count = 1, .documents_len = 10000 };
    assert_int_equal(occ_retain_reserve(&retain, &room, &entry).code, OCC_ERR_LIMIT);
    room.documents_len = SIZE_MAX;
    assert_int_equal(occ_retain_reserve(&retain, &room, &entry).code, OCC_ERR_LIMIT);
    room.documents_len = 6000;
    assert_int_equal(occ_retain_reserve(&retain, &room, &entry).code, OCC_OK);
    struct occ_retain_entry *second = NULL;
    assert_int_equal(occ_retain_reserve(&retain, &room, &second).code, OCC_ERR_BUSY);
    occ_retain_drop(&retain, entry);
    assert_int_equal(retain.len, 0);
    assert_int_equal(occ_retain_reserve(&retain, &room, &second).code, OCC_OK);
    occ_retain_drop(&retain, second);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_queue), cmocka_unit_test(test_hand_over), cmocka_unit_test(test_limit),
        cmocka_unit_test(test_drop),  cmocka_unit_test(test_documents), cmocka_unit_test(test_documents_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
