/* Tests of src/audit/successors.c; sorted.c tests it among the other rules. */
#include "unit/audit/judgement.h"

#include "audit/successors.h"

static void
assert_successors(const struct plan *plans, size_t count, const char *expected)
{
    struct occ_sort *sort = NULL;
    struct judgement judgement = { .findings = { .list_max = 10 } };
    OCC_BUF_AUTO(text, OCC_LIMIT_AUDIT_ITEM_LEN);
    assert_true(occ_is_ok(occ_sort_new(4096, "/tmp", &sort)));
    for (size_t i = 0; i < count; i++) {
        const struct occ_record record = record_of(&plans[i], i);
        assert_true(occ_is_ok(occ_successors_put(sort, &record, &text)));
    }
    assert_true(occ_is_ok(occ_successors_judge(sort, &judgement.findings, NULL)));
    assert_findings(&judgement, expected);
    occ_findings_clear(&judgement.findings);
    occ_sort_free(sort);
}

static void
test_shared(void **state)
{
    (void)state;
    const struct plan a = { .id = 2, .chain = 1, .counter = 2, .prev = 1 };
    const struct plan other_counter = { .id = 3, .chain = 1, .counter = 3, .prev = 1 };
    const struct plan other_chain = { .id = 4, .chain = 2, .counter = 2, .prev = 1 };
    const struct plan same_counter = { .id = 5, .chain = 1, .counter = 2, .prev = 1 };
    const struct plan none = { .id = 6, .chain = 1, .counter = 1 };
    const struct plan link = { .id = 7, .chain = 3, .counter = 2, .link = 1, .link_chain = 1, .link_counter = 1 };
    const struct plan far_link = { .id = 8, .chain = 3, .counter = 2, .link = 1, .link_chain = 9, .link_counter = 1 };
    assert_successors((struct plan[]){ none, a, none }, 3, "");
    assert_successors((struct plan[]){ a, other_counter, other_chain }, 3, "two-successors@1<0 two-successors@2<0 ");
    assert_successors((struct plan[]){ a, a }, 2, "");
    assert_successors((struct plan[]){ a, same_counter }, 2, ""); /* told as one counter twice */
    assert_successors((struct plan[]){ a, link }, 2, "");         /* told as a chain that goes on */
    assert_successors((struct plan[]){ far_link, a }, 2, "two-successors@1<0 ");
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_shared) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
