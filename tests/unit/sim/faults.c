/* tests/unit/sim/faults.c — src/sim/faults.c: what is appended counts from the next call on. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "sim/faults.h"

static char path[64];
static struct occ_sim_faults faults;

static int
set_up(void **state)
{
    (void)state;
    strcpy(path, "/tmp/occ-faults-XXXXXX");
    const int fd = mkstemp(path);
    if (fd < 0 || close(fd) != 0) {
        return -1;
    }
    struct occ_error err = { 0 };
    return occ_is_ok(occ_sim_faults_open(path, 7, &err, &faults)) ? 0 : -1;
}

static int
tear_down(void **state)
{
    (void)state;
    occ_sim_faults_close(&faults);
    return unlink(path);
}

static void
append(const char *text)
{
    FILE *file = fopen(path, "a");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static enum occ_sim_fault
next(bool about_document)
{
    struct occ_error err = { 0 };
    enum occ_sim_fault fault = OCC_SIM_FAULT_NONE;
    if (!occ_is_ok(occ_sim_faults_next(&faults, about_document, &err, &fault))) {
        fail_msg("%s", err.text);
    }
    return fault;
}

static void
test_words(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        enum occ_sim_fault fault;
    } cases[] = {
        { "fail\n", OCC_SIM_FAULT_FAIL },
        { "refuse\n", OCC_SIM_FAULT_REFUSE },
        { "garbage\n", OCC_SIM_FAULT_GARBAGE },
        { "truncated\n", OCC_SIM_FAULT_TRUNCATED },
        { "wrong-user-data\n", OCC_SIM_FAULT_USER_DATA },
        { "wrong-nonce\n", OCC_SIM_FAULT_NONCE },
        { "wrong-key\n", OCC_SIM_FAULT_KEY },
        { "wrong-pcr\n", OCC_SIM_FAULT_PCR },
        { "fail\nok\n", OCC_SIM_FAULT_NONE },
        { "ok\nfail\nrefuse\n", OCC_SIM_FAULT_REFUSE },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        append(cases[i].line);
        assert_int_equal(next(true), cases[i].fault);
        assert_int_equal(next(true), cases[i].fault); /* without a number: until the next line */
    }
}

static void
test_counted(void **state)
{
    (void)state;
    append("fail 2\n");
    assert_int_equal(next(false), OCC_SIM_FAULT_FAIL);
    assert_int_equal(next(true), OCC_SIM_FAULT_FAIL);
    assert_int_equal(next(true), OCC_SIM_FAULT_NONE);
    append("wrong-pcr 1\n");
    assert_int_equal(next(false), OCC_SIM_FAULT_NONE); /* no document, and not used up by that */
    assert_int_equal(next(true), OCC_SIM_FAULT_PCR);
    assert_int_equal(next(true), OCC_SIM_FAULT_NONE);
    append("fail 0\n");
    assert_int_equal(next(true), OCC_SIM_FAULT_NONE);
}

static void
test_fail_after(void **state)
{
    (void)state;
    append("fail-after 2\n");
    assert_int_equal(next(false), OCC_SIM_FAULT_NONE);
    assert_int_equal(next(true), OCC_SIM_FAULT_NONE);
    assert_int_equal(next(true), OCC_SIM_FAULT_NONE);
    assert_int_equal(next(false), OCC_SIM_FAULT_FAIL);
    assert_int_equal(next(true), OCC_SIM_FAULT_FAIL);
    append("fail-after 5\nrefuse\n"); /* the last line counts */
    assert_int_equal(next(true), OCC_SIM_FAULT_REFUSE);
}

static void
test_lasting(void **state)
{
    (void)state;
    assert_int_equal(faults.delay_ms, 7);
    append("clock +5000\ndelay 20\nfail 1\n");
    assert_int_equal(next(true), OCC_SIM_FAULT_FAIL);
    append("ok\n");
    assert_int_equal(next(true), OCC_SIM_FAULT_NONE);
    assert_int_equal(faults.clock_ms, 5000);
    assert_int_equal(faults.delay_ms, 20);
    append("clock -5000\n");
    assert_int_equal(next(true), OCC_SIM_FAULT_NONE);
    assert_int_equal(faults.clock_ms, -5000);
}

/* A line counts when it has ended. */
static void
test_half_a_line(void **state)
{
    (void)state;
    append("fai");
    assert_int_equal(next(true), OCC_SIM_FAULT_NONE);
    append("l\nok");
    assert_int_equal(next(true), OCC_SIM_FAULT_FAIL);
    append("\n");
    assert_int_equal(next(true), OCC_SIM_FAULT_NONE);
}

static void *
append_ok(void *ctx)
{
    (void)ctx;
    append("refuse\n");
    return NULL;
}

static void
test_hang(void **state)
{
    (void)state;
    append("hang\n");
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, append_ok, NULL), 0);
    assert_int_equal(next(true), OCC_SIM_FAULT_REFUSE); /* comes back only because of that line */
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static void
test_lines_that_say_nothing(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "explode\n",
        "\n",
        "fail x\n",
        "fail -1\n",
        "fail-after\n",
        "fail-after x\n",
        "fail  1\n",
        "delay\n",
        "delay -1\n",
        "clock\n",
        "clock x\n",
        "clock +\n",
        "clock 99999999999\n",
        "a line that is longer than any of them could ever be, by its words and numbers\n",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        append(lines[i]);
        struct occ_error err = { 0 };
        enum occ_sim_fault fault = OCC_SIM_FAULT_NONE;
        assert_int_equal(occ_sim_faults_next(&faults, true, &err, &fault).code, OCC_ERR_ATTESTER);
        assert_non_null(strstr(err.text, "the simulated device cannot do \""));
        faults.line_len = 0;
        (void)lseek(faults.fd, 0, SEEK_END);
    }
}

static void
test_no_file(void **state)
{
    (void)state;
    struct occ_sim_faults none;
    struct occ_error err = { 0 };
    assert_int_equal(occ_sim_faults_open("/nowhere/at/all", 0, &err, &none).code, OCC_ERR_NOT_FOUND);
    assert_true(occ_is_ok(occ_sim_faults_open(NULL, 5, &err, &none)));
    enum occ_sim_fault fault = OCC_SIM_FAULT_FAIL;
    assert_true(occ_is_ok(occ_sim_faults_next(&none, true, &err, &fault)));
    assert_int_equal(fault, OCC_SIM_FAULT_NONE);
    assert_int_equal(none.delay_ms, 5);
    occ_sim_faults_close(&none);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_words, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_counted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_fail_after, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_lasting, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_half_a_line, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hang, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_lines_that_say_nothing, set_up, tear_down),
        cmocka_unit_test(test_no_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
