/* Tests of src/audit/findings.c. */
#include "unit/audit/support.h"

static void
add(struct occ_findings *findings, enum occ_finding_kind kind, uint64_t ordinal)
{
    const struct occ_place place = { .ordinal = ordinal, .line = ordinal + 1 };
    const struct occ_finding finding = occ_finding_note(kind, &place);
    assert_true(occ_is_ok(occ_findings_add(findings, &finding)));
}

static void
test_earliest_are_kept(void **state)
{
    (void)state;
    struct occ_findings findings = { .list_max = 20 };
    for (uint64_t i = 0; i < 1000; i++) {
        add(&findings, OCC_FINDING_MISSING, i * 611 % 1000); /* each number once, in some order */
    }
    assert_int_equal(occ_findings_faults(&findings), 1000);
    assert_int_equal(findings.list_len, 20);
    for (size_t i = 0; i < 20; i++) {
        assert_int_equal(findings.list[i].place.ordinal, i);
    }
    occ_findings_clear(&findings);
    assert_int_equal(findings.list_max, 20);
    assert_int_equal(occ_findings_faults(&findings), 0);
}

static void
test_order_at_one_place(void **state)
{
    (void)state;
    struct occ_findings findings = { .list_max = 2 };
    add(&findings, OCC_FINDING_LINK_BROKEN, 5);
    add(&findings, OCC_FINDING_MISSING, 5);
    add(&findings, OCC_FINDING_TWO_SUCCESSORS, 5);
    assert_int_equal(findings.list[0].kind, OCC_FINDING_TWO_SUCCESSORS);
    assert_int_equal(findings.list[1].kind, OCC_FINDING_LINK_BROKEN);
    occ_findings_clear(&findings);
    struct occ_findings none = { .list_max = 0 };
    add(&none, OCC_FINDING_MISSING, 5);
    assert_int_equal(none.list_len, 0);
    assert_int_equal(occ_findings_faults(&none), 1);
    occ_findings_clear(&none);
}

static void
test_notes(void **state)
{
    (void)state;
    struct occ_findings findings = { .list_max = 5 };
    struct occ_findings more = { .list_max = 5 };
    add(&findings, OCC_FINDING_COPY, 7);
    add(&findings, OCC_FINDING_COPY, 9);
    add(&more, OCC_FINDING_COPY, 3);
    add(&more, OCC_FINDING_TIME_BACK, 4);
    add(&more, OCC_FINDING_MISSING, 1);
    assert_true(occ_is_ok(occ_findings_add_notes(&findings, &more)));
    assert_int_equal(occ_findings_faults(&findings), 0);
    assert_int_equal(findings.counts[OCC_FINDING_COPY], 3);
    assert_int_equal(findings.firsts[OCC_FINDING_COPY]->place.ordinal, 3);
    assert_int_equal(findings.firsts[OCC_FINDING_TIME_BACK]->place.ordinal, 4);
    assert_null(findings.firsts[OCC_FINDING_MISSING]);
    occ_findings_clear(&findings);
    occ_findings_clear(&more);
}

static void
test_names(void **state)
{
    (void)state;
    for (int a = 0; a < OCC_FINDING_COUNT; a++) {
        for (int b = 0; b < a; b++) {
            assert_string_not_equal(occ_finding_name((enum occ_finding_kind)a),
                                    occ_finding_name((enum occ_finding_kind)b));
        }
    }
    assert_true(occ_finding_is_fault(OCC_FINDING_MISSING));
    assert_false(occ_finding_is_fault(OCC_FINDING_MISSING_ALLOWED));
    const struct occ_place place = { .ordinal = 1 };
    const struct occ_place other = { .ordinal = 2 };
    assert_int_equal(occ_finding_at(OCC_FINDING_MISSING, &place, &other).other.ordinal, 2);
    assert_false(occ_finding_at(OCC_FINDING_MISSING, &place, NULL).has_other);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_earliest_are_kept),
        cmocka_unit_test(test_order_at_one_place),
        cmocka_unit_test(test_notes),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
