/* tests/unit/sim/authority.c — src/sim/authority.c: one root per folder, nobody else's to read, and nothing written over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "crypto/certificate.h"
#include "os/file.h"
#include "sim/authority.h"

static const uint64_t now_ms = 1764100000000;
static char folder[64], certificate[96], key[96];

static int
set_up(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/occ-sim-ca-XXXXXX");
    if (mkdtemp(folder) == NULL || rmdir(folder) != 0) {
        return -1;
    }
    snprintf(certificate, sizeof certificate, "%s/root.pem", folder);
    snprintf(key, sizeof key, "%s/root.key", folder);
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    (void)unlink(certificate);
    (void)unlink(key);
    return rmdir(folder);
}

static void
open_good(struct occ_sim_authority *authority)
{
    struct occ_error err = { 0 };
    if (!occ_is_ok(occ_sim_authority_open(folder, now_ms, &err, authority))) {
        fail_msg("%s", err.text);
    }
}

static void
expect_failure(enum occ_err code, const char *text)
{
    struct occ_error err = { 0 };
    struct occ_sim_authority authority;
    assert_int_equal(occ_sim_authority_open(folder, now_ms, &err, &authority).code, code);
    if (strstr(err.text, text) == NULL) {
        fail_msg("%s, expected %s", err.text, text);
    }
    occ_sim_authority_clear(&authority);
}

static unsigned
mode_of(const char *path)
{
    struct stat found;
    assert_int_equal(stat(path, &found), 0);
    return found.st_mode & 0777u;
}

static void
test_made_once(void **state)
{
    (void)state;
    struct occ_sim_authority first, second;
    open_good(&first);
    open_good(&second);
    assert_true(occ_bytes_equal(occ_buf_view(&first.der), occ_buf_view(&second.der)));
    assert_true(occ_bytes_equal(occ_buf_view(&first.key_pem), occ_buf_view(&second.key_pem)));
    assert_int_equal(mode_of(folder), 0700);
    assert_int_equal(mode_of(certificate), 0600);
    assert_int_equal(mode_of(key), 0600);
    /* a root that a verifier takes, in either form */
    struct occ_error err = { 0 };
    struct occ_path_trust *trust = NULL;
    assert_true(occ_is_ok(occ_path_trust_new(occ_buf_view(&first.der), &err, &trust)));
    occ_path_trust_free(trust);
    occ_sim_authority_clear(&second);
    occ_sim_authority_clear(&first);
}

static void
test_another_every_time(void **state)
{
    (void)state;
    struct occ_sim_authority first, second;
    occ_sim_authority_make(now_ms, &first);
    occ_sim_authority_make(now_ms, &second);
    assert_false(occ_bytes_equal(occ_buf_view(&first.der), occ_buf_view(&second.der)));
    occ_sim_authority_clear(&second);
    occ_sim_authority_clear(&first);
}

static void
write_text(const char *path, const char *text)
{
    struct occ_error err = { 0 };
    assert_true(occ_is_ok(occ_file_write_atomic(path, occ_bytes_str(text), true, &err)));
}

static void
test_half_a_folder(void **state)
{
    (void)state;
    struct occ_sim_authority authority;
    open_good(&authority);
    assert_int_equal(unlink(certificate), 0);
    expect_failure(OCC_ERR_STATE, "root.key"); /* the key that is there is not written over */
    OCC_BUF_AUTO(kept, 4096);
    struct occ_error err = { 0 };
    assert_true(occ_is_ok(occ_file_read(key, &err, &kept)));
    assert_true(occ_bytes_equal(occ_buf_view(&kept), occ_buf_view(&authority.key_pem)));
    occ_sim_authority_clear(&authority);
    assert_int_equal(unlink(key), 0);
    open_good(&authority);
    occ_sim_authority_clear(&authority);
    assert_int_equal(unlink(key), 0);
    expect_failure(OCC_ERR_NOT_FOUND, "root.key");
}

static void
test_other_content(void **state)
{
    (void)state;
    struct occ_sim_authority authority, other;
    open_good(&authority);
    occ_sim_authority_make(now_ms, &other);
    occ_buf_put_byte(&other.key_pem, 0);
    write_text(key, (const char *)other.key_pem.ptr);
    expect_failure(OCC_ERR_FIELD_VALUE, "root.key: not the P-384 key of ");
    write_text(key, "no key");
    expect_failure(OCC_ERR_FIELD_VALUE, "root.key: not the P-384 key of ");
    write_text(certificate, "no certificate");
    expect_failure(OCC_ERR_FIELD_VALUE, "root.pem: not a certificate in PEM");
    occ_sim_authority_clear(&other);
    occ_sim_authority_clear(&authority);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_made_once, set_up, tear_down),
        cmocka_unit_test(test_another_every_time),
        cmocka_unit_test_setup_teardown(test_half_a_folder, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_other_content, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
