/* Tests of src/audit/audit.c: from bytes to verdict. */
#include <assert.h>

#include "audit/audit.h"
#include "unit/audit/ledger.h"

static occ_verifier *verifier;

static struct occ_result
run(struct occ_bytes text, struct occ_audit_options options, struct occ_error *err, struct occ_audit **ret_audit)
{
    struct texts texts = { .texts = &text, .count = 1 };
    const struct occ_pipeline_source source = source_of(&texts);
    options.verifier = verifier;
    options.jobs = options.jobs == 0 ? 2 : options.jobs;
    options.temp_dir = options.temp_dir == NULL ? "/tmp" : options.temp_dir;
    return occ_audit_run(&options, &source, err, ret_audit);
}

static struct occ_audit *
audit_text(struct occ_bytes text)
{
    struct occ_audit *audit = NULL;
    struct occ_error err = { 0 };
    const struct occ_audit_options options = { .max_findings = 10, .sort_memory = 4096 };
    if (!occ_is_ok(run(text, options, &err, &audit))) {
        fail_msg("%s", err.text);
    }
    return audit;
}

/* The ledger's lines in reverse order. */
static void
put_reversed(struct occ_buf *buf, struct occ_bytes lines)
{
    size_t end = lines.len;
    while (end > 0) {
        size_t start = end - 1;
        while (start > 0 && lines.ptr[start - 1] != '\n') {
            start--;
        }
        occ_buf_put(buf, occ_bytes_of(lines.ptr + start, end - start));
        end = start;
    }
}

static void
test_good(void **state)
{
    (void)state;
    OCC_BUF_AUTO(ledger, 16 << 20);
    OCC_BUF_AUTO(reversed, 16 << 20);
    put_ledger(&ledger, 500);
    put_reversed(&reversed, occ_buf_view(&ledger));
    for (int i = 0; i < 2; i++) {
        struct occ_audit *audit = audit_text(occ_buf_view(i == 0 ? &ledger : &reversed));
        assert_int_equal(audit->values, 500);
        assert_int_equal(audit->valid, 500);
        assert_int_equal(audit->chains, 1);
        assert_int_equal(audit->sorted, i);
        assert_true(audit->spilled > 0); /* 4 KiB of memory were given */
        assert_int_equal(occ_findings_faults(&audit->findings), 0);
        assert_int_equal(audit->tally.chains[0].facts.forms[OCC_FORM_OURS], 499);
        occ_audit_free(audit);
    }
}

static void
test_faults(void **state)
{
    (void)state;
    OCC_BUF_AUTO(ledger, 16 << 20);
    put_ledger(&ledger, 20);
    char *text = calloc(1, ledger.len + 1);
    assert_non_null(text);
    memcpy(text, ledger.ptr, ledger.len);
    char *line = text;
    for (int i = 0; i < 10; i++) {
        line = strchr(line, '\n') + 1;
    }
    char *signature = strstr(line, "signatureB64\":\"") + strlen("signatureB64\":\"");
    *signature = *signature == 'A' ? 'B' : 'A';
    *strrchr(text, '}') = ' ';
    struct occ_audit *audit = audit_text(occ_bytes_str(text));
    assert_int_equal(audit->values, 20);
    assert_int_equal(audit->malformed, 1);
    assert_int_equal(audit->valid, 18);
    assert_int_equal(occ_findings_faults(&audit->findings), 3);
    assert_int_equal(audit->findings.list[0].kind, OCC_FINDING_NOT_VALID);
    assert_int_equal(audit->findings.list[0].place.line, 11);
    assert_int_equal(audit->findings.list[0].said.code, OCC_ERR_SIGNATURE);
    assert_int_equal(audit->findings.list[1].kind, OCC_FINDING_MISSING);
    assert_int_equal(audit->findings.list[1].place.line, 12);
    assert_int_equal(audit->findings.list[2].kind, OCC_FINDING_MALFORMED);
    occ_audit_free(audit);
    free(text);
}

/* No room on disk matters only where the order has to be made. */
static void
test_no_room(void **state)
{
    (void)state;
    OCC_BUF_AUTO(ledger, 16 << 20);
    OCC_BUF_AUTO(reversed, 16 << 20);
    put_ledger(&ledger, 500);
    put_reversed(&reversed, occ_buf_view(&ledger));
    struct occ_audit *audit = NULL;
    struct occ_error err = { 0 };
    const struct occ_audit_options options = { .max_findings = 10, .sort_memory = 4096, .temp_dir = "/nowhere" };
    assert_true(occ_is_ok(run(occ_buf_view(&ledger), options, &err, &audit)));
    assert_int_equal(occ_findings_faults(&audit->findings), 0);
    occ_audit_free(audit);
    audit = NULL;
    assert_int_equal(run(occ_buf_view(&reversed), options, &err, &audit).code, OCC_ERR_NOT_FOUND);
    assert_string_equal(err.text, "cannot make a temporary file in /nowhere: No such file or directory");
    assert_null(audit);
}

static void
test_options(void **state)
{
    (void)state;
    struct occ_audit *audit = NULL;
    struct occ_error err = { 0 };
    struct occ_json *policy = parse_json("{\"minCouter\":\"5\"}");
    const struct occ_audit_options wrong_policy = { .policy = policy };
    assert_int_equal(run(occ_bytes_str(""), wrong_policy, &err, &audit).code, OCC_ERR_FIELD_UNKNOWN);
    assert_non_null(strstr(err.text, "policy.minCouter"));
    occ_json_free(policy);
    const struct occ_audit_options many = { .jobs = OCC_LIMIT_AUDIT_JOBS + 1 };
    assert_int_equal(run(occ_bytes_str(""), many, &err, &audit).code, OCC_ERR_USAGE);
    const struct occ_audit_options findings = { .max_findings = OCC_LIMIT_AUDIT_FINDINGS + 1 };
    assert_int_equal(run(occ_bytes_str(""), findings, &err, &audit).code, OCC_ERR_USAGE);
    const struct occ_audit_options none = { .jobs = 1 };
    assert_true(occ_is_ok(run(occ_bytes_str(" "), none, &err, &audit)));
    assert_int_equal(audit->values, 0);
    occ_audit_free(audit);
    occ_audit_free(NULL);
}

static void
count_calls(void *ctx, uint64_t proofs)
{
    uint64_t *last = ctx;
    assert_true(proofs > *last);
    *last = proofs;
}

static void
test_policy_and_progress(void **state)
{
    (void)state;
    OCC_BUF_AUTO(ledger, 16 << 20);
    put_ledger(&ledger, 1000);
    struct occ_json *policy = parse_json("{\"maxCounter\":\"990\"}");
    struct occ_audit *audit = NULL;
    struct occ_error err = { 0 };
    uint64_t last = 0;
    const struct occ_audit_options options = {
        .policy = policy, .max_findings = 3, .progress = count_calls, .progress_ctx = &last
    };
    assert_true(occ_is_ok(run(occ_buf_view(&ledger), options, &err, &audit)));
    assert_int_equal(audit->findings.counts[OCC_FINDING_NOT_VALID], 10); /* and the chain is intact all the same */
    assert_int_equal(occ_findings_faults(&audit->findings), 10);
    assert_int_equal(audit->findings.list_len, 3);
    assert_false(audit->sorted);
    assert_true(last >= 512);
    occ_audit_free(audit);
    occ_json_free(policy);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_good), cmocka_unit_test(test_faults),
                                        cmocka_unit_test(test_no_room), cmocka_unit_test(test_options),
                                        cmocka_unit_test(test_policy_and_progress) };
    assert(occ_verifier_new(NULL, &verifier) == OCC_OK);
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    occ_verifier_free(verifier);
    return failed;
}
