#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <unistd.h>

#include "cli/commit_fields.h"
#include "os/file.h"

static const struct occ_setting table[] = { OCC_COMMIT_FIELD_SETTINGS };
static const char *const usage[] = { "", NULL };
static const struct occ_settings_program program = {
    .name = "occ test", .usage = usage, .about = "", .table = table, .count = sizeof table / sizeof table[0]
};

/* Fields from at most three flags (NULL = none), which settings borrows. */
static struct occ_result
init(const char *const flags[3], struct occ_commit_fields *fields, struct occ_settings **settings,
     struct occ_error *err)
{
    static char copies[3][512];
    static char name[] = "occ";
    char *argv[5] = { name };
    char *envp[] = { NULL };
    int count = 1;
    for (size_t i = 0; i < 3 && flags[i] != NULL; i++) {
        assert_in_range(strlen(flags[i]), 1, sizeof copies[i] - 1);
        memcpy(copies[i], flags[i], strlen(flags[i]) + 1);
        argv[count++] = copies[i];
    }
    const struct occ_result loaded = occ_settings_load(&program, count, argv, envp, err, settings);
    if (!occ_is_ok(loaded)) {
        return loaded;
    }
    const struct occ_cli cli = { .name = "occ test", .envp = envp };
    return occ_commit_fields_init(fields, &cli, *settings, err);
}

static void
request_has(const char *one, const char *two, const char *three, const char *text)
{
    const char *const flags[3] = { one, two, three };
    struct occ_commit_fields fields = { 0 };
    struct occ_settings *settings = NULL;
    struct occ_error err = { 0 };
    OCC_BUF_AUTO(buf, 4096);
    if (!occ_is_ok(init(flags, &fields, &settings, &err))) {
        fail_msg("%s", err.text);
    }
    occ_commit_fields_put(&fields, &buf);
    occ_buf_put_byte(&buf, 0);
    assert_true(occ_is_ok(occ_buf_check(&buf)));
    assert_string_equal((const char *)buf.ptr, text);
    occ_commit_fields_clear(&fields);
    occ_settings_free(settings);
}

static void
requests(void **state)
{
    (void)state;
    request_has(NULL, NULL, NULL, "");
    request_has("--chain=a.b:c_d-9", NULL, NULL, ",\"chainId\":\"a.b:c_d-9\"");
    request_has("--attribution={\"b\":1, \"a\":[]}", "--bind-policy={\"c\":2}", "--principal={\"d\":3}",
                ",\"attribution\":{\"a\":[],\"b\":1},\"policy\":{\"c\":2},\"principal\":{\"d\":3}");
    request_has("--attribution={}", NULL, NULL, ""); /* PROTOCOL §2: absent rather than empty */
    request_has("--slot=AAbc_-9", NULL, NULL, "");
    request_has("--slot={\"slotId\":\"x\",\"slot\":{\"chainId\":\"c\"}}", NULL, NULL, ",\"chainId\":\"c\"");
    request_has("--slot={\"slotId\":\"x\",\"slot\":{\"chainId\":\"c\"}}", "--chain=c", NULL, ",\"chainId\":\"c\"");
}

static void
refused(const char *one, const char *two, const char *sentence)
{
    const char *const flags[3] = { one, two, NULL };
    struct occ_commit_fields fields = { 0 };
    struct occ_settings *settings = NULL;
    struct occ_error err = { 0 };
    assert_false(occ_is_ok(init(flags, &fields, &settings, &err)));
    assert_string_equal(err.text, sentence);
    occ_commit_fields_clear(&fields);
    occ_settings_free(settings);
}

static void
refusals(void **state)
{
    (void)state;
    refused("--chain=a b", NULL, "--chain: \"a b\", expected 1 to 64 of A-Z a-z 0-9 . _ : -");
    refused("--chain=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL,
            "--chain: \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\", expected 1 to 64 of A-Z "
            "a-z 0-9 . "
            "_ : -");
    refused("--attribution=[1]", NULL, "--attribution: an array, expected a JSON object");
    refused("--actor-provider=x", NULL, "--actor-provider without --actor-key");
    refused("--actor-passphrase-file=x", NULL, "--actor-passphrase-file without --actor-key");
    refused("--actor-provider=\xff", "--actor-key=/dev/null", "--actor-provider: not valid UTF-8");
    refused("--actor-key=/dev/null", NULL, "/dev/null: 0 bytes, which is no key");
    refused("--actor-key=/nonexistent/key", NULL, "cannot open /nonexistent/key: No such file or directory");
    refused("--slot=/nonexistent/slot.json", NULL, "cannot open /nonexistent/slot.json: No such file or directory");
    static const char not_a_slot[] = "--slot: expected what \"occ slot\" prints, an object with slotId and slot";
    refused("--slot={}", NULL, not_a_slot);
    refused("--slot={\"slotId\":\"x\"}", NULL, not_a_slot);
    refused("--slot={\"slotId\":\"x\",\"slot\":[]}", NULL, not_a_slot);
    refused("--slot={\"slotId\":\"a\\\"b\",\"slot\":{}}", NULL, not_a_slot);
    refused("--slot={\"slotId\":\"x\",\"slot\":{\"chainId\":\"c\"}}", "--chain=d",
            "--chain d: the slot is of another chain");
    refused("--slot={\"slotId\":\"x\",\"slot\":{}}", "--chain=d", "--chain d: the slot is of the default chain");
    refused("--slot={\"slotId\":\"x\",\"slot\":{\"chainId\":\"\"}}", NULL, "--slot: slot.chainId: not a chainId");
}

static void
checks(const char *one, const char *two, const char *agency, const char *proof, const char *wrong)
{
    const char *const flags[3] = { one, two, NULL };
    struct occ_commit_fields fields = { 0 };
    struct occ_settings *settings = NULL;
    struct occ_error err = { 0 };
    struct occ_json *root = NULL;
    const char *what = NULL;
    assert_true(occ_is_ok(init(flags, &fields, &settings, &err)));
    assert_true(occ_is_ok(occ_json_parse(occ_bytes_str(proof), 8, &err, &root)));
    const struct occ_result checked = occ_commit_fields_check(&fields, occ_bytes_str(agency), root, &what);
    if (wrong == NULL) {
        assert_int_equal(checked.code, OCC_OK);
    } else {
        assert_int_equal(checked.code, OCC_ERR_PROOF_STRUCTURE);
        assert_string_equal(what, wrong);
    }
    occ_json_free(root);
    occ_commit_fields_clear(&fields);
    occ_settings_free(settings);
}

static void
proofs(void **state)
{
    (void)state;
    checks(NULL, NULL, "", "{\"commit\":{}}", NULL);
    checks(NULL, NULL, "", "{\"commit\":{\"chainId\":\"c\"}}", "chain");
    checks("--chain=c", NULL, "", "{\"commit\":{\"chainId\":\"c\"}}", NULL);
    checks("--chain=c", NULL, "", "{\"commit\":{\"chainId\":\"d\"}}", "chain");
    checks("--chain=c", NULL, "", "{\"commit\":{}}", "chain");
    checks(NULL, NULL, "", "{\"slotAllocation\":{}}", "slot");
    checks("--slot=id", NULL, "", "{}", "slot");
    checks("--slot=id", NULL, "", "{\"slotAllocation\":{\"counter\":\"1\"}}", NULL);
    checks("--slot={\"slotId\":\"id\",\"slot\":{\"counter\":\"1\"}}", NULL, "",
           "{\"slotAllocation\":{\"counter\":\"1\"}}", NULL);
    checks("--slot={\"slotId\":\"id\",\"slot\":{\"counter\":\"1\"}}", NULL, "",
           "{\"slotAllocation\":{\"counter\":\"2\"}}", "slot");
    checks(NULL, NULL, "", "{\"agency\":{}}", "agency");
    checks(NULL, NULL, "{\"a\":1}", "{}", "agency");
    checks(NULL, NULL, "{\"a\":1}", "{\"agency\":{\"a\":2}}", "agency");
    checks(NULL, NULL, "{\"a\":1}", "{\"agency\":{\"a\":1}}", NULL);
    checks(NULL, NULL, "", "{\"attribution\":{\"a\":1}}", "attribution");
    checks("--attribution={\"a\":1}", NULL, "", "{}", "attribution");
    checks("--attribution={\"a\":1}", NULL, "", "{\"attribution\":{\"a\":1}}", NULL);
    /* A server may bind a policy and a principal of its own, but not in the place of one that was asked for. */
    checks(NULL, NULL, "", "{\"policy\":{\"a\":1},\"principal\":{\"a\":1}}", NULL);
    checks("--bind-policy={\"a\":1}", "--principal={\"b\":1}", "", "{\"policy\":{\"a\":1},\"principal\":{\"b\":1}}",
           NULL);
    checks("--bind-policy={\"a\":1}", NULL, "", "{\"policy\":{\"a\":2}}", "policy");
    checks("--principal={\"a\":1}", NULL, "", "{}", "principal");
}

/* A slot in a file, whose name could be an id. */
static void
a_slot_file(void **state)
{
    (void)state;
    static const char content[] = "{\"slotId\":\"id\",\"slot\":{\"chainId\":\"c\"}}\n";
    char folder[] = "/tmp/occ-unit-slot-XXXXXX";
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    assert_true(occ_is_ok(occ_file_write_atomic("slot", occ_bytes_str(content), false, NULL)));
    request_has("--slot=slot", NULL, NULL, ",\"chainId\":\"c\"");
    request_has("--slot=@slot", NULL, NULL, ",\"chainId\":\"c\"");
    request_has("--slot=slot2", NULL, NULL, "");
    assert_int_equal(unlink("slot"), 0);
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(rmdir(folder), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(requests), cmocka_unit_test(refusals),
                                        cmocka_unit_test(proofs), cmocka_unit_test(a_slot_file) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
