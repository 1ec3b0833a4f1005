/* What a child is told of occd's settings, and what it would not take. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/buf.h"
#include "server/enclave_flags.h"
#include "server/options.h"

static struct occ_settings *
load(const char *const *flags)
{
    static char texts[4][512], name[] = "occd", *argv[6]; /* settings keep views of them */
    char *const envp[] = { NULL };
    int argc = 1;
    argv[0] = name;
    for (; flags[argc - 1] != NULL; argc++) {
        (void)snprintf(texts[argc - 1], sizeof(texts[0]), "%s", flags[argc - 1]);
        argv[argc] = texts[argc - 1];
    }
    struct occ_error err = { 0 };
    struct occ_settings *settings = NULL;
    assert_true(occ_is_ok(occ_settings_load(&occ_options_program, argc, argv, envp, &err, &settings)));
    return settings;
}

static void
check(const char *const *flags, const char *expected, const char *only_childs)
{
    struct occ_settings *settings = load(flags);
    const char *made[OCC_ENCLAVE_FLAGS_MAX];
    struct occ_error err = { 0 };
    OCC_BUF_AUTO(joined, 4096);
    assert_true(occ_is_ok(occ_enclave_flags_check(settings, &err)));
    occ_enclave_flags_make(settings, made);
    for (size_t i = 0; made[i] != NULL; i++) {
        occ_buf_put_str(&joined, i == 0 ? "" : " ");
        occ_buf_put_str(&joined, made[i]);
    }
    occ_buf_put_byte(&joined, 0);
    assert_string_equal((const char *)joined.ptr, expected);
    const char *first = occ_enclave_flags_only_childs(settings);
    assert_string_equal(first == NULL ? "" : first, only_childs);
    occ_settings_free(settings);
}

static void
test_made(void **state)
{
    (void)state;
    check((const char *const[]){ NULL }, "", "");
    check((const char *const[]){ "--chains=a,b:c", NULL }, "--chains a,b:c", "--chains");
    check((const char *const[]){ "--workers=2", NULL }, "--workers 2", "--workers");
    check((const char *const[]){ "--workers=16", "--chains=a", NULL }, "--chains a --workers 16", "--chains");
    check((const char *const[]){ "--rp-id=example.com", NULL }, "", "");
    check((const char *const[]){ "--origin=https://example.com", NULL }, "", "");
    check((const char *const[]){ "--rp-id=example.com", "--origin=https://example.com", NULL },
          "--rp-id example.com --origin https://example.com", "");
    check((const char *const[]){ "--webauthn-compat", "--rp-id=x", "--origin=y", "--chains=a", NULL },
          "--chains a --rp-id x --origin y --webauthn-compat", "--chains");
    check((const char *const[]){ "--webauthn-compat", "--rp-id=x", "--origin=y", NULL },
          "--rp-id x --origin y --webauthn-compat", "--webauthn-compat");
    check((const char *const[]){ "--signer=software", NULL }, "", "");
    check((const char *const[]){ "--signer=pkcs11:token=t;object=k", "--pkcs11-module=/m.so", "--pin-file=p", NULL },
          "--signer pkcs11:token=t;object=k --pkcs11-module /m.so --pin-file p", "--signer");
}

/* The child's environment is empty, unless a token's library goes by it. */
static void
test_environment(void **state)
{
    (void)state;
    struct occ_settings *settings = load((const char *const[]){ NULL });
    assert_null(occ_enclave_flags_environment(settings)[0]);
    occ_settings_free(settings);
    settings = load((const char *const[]){ "--signer=pkcs11:token=t;object=k", "--pkcs11-module=/m.so", NULL });
    const char *const *names = occ_enclave_flags_environment(settings);
    assert_string_equal(names[0], "OCC_ENCLAVE_PIN");
    for (size_t i = 1; names[i] != NULL; i++) {
        assert_null(strstr(names[i], "OCC_"));
    }
    occ_settings_free(settings);
}

static void
test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *flags[4], *sentence;
    } cases[] = {
        { { "--webauthn-compat", NULL }, "--webauthn-compat: needs --rp-id and --origin" },
        { { "--workers=2", "--signer=pkcs11:token=t;object=k", "--pkcs11-module=/m.so", NULL },
          "--workers: a hardware token signs one after the other, expected 1" },
        { { "--webauthn-compat", "--rp-id=x", NULL }, "--webauthn-compat: needs --rp-id and --origin" },
        { { "--chains=a,,b", NULL }, "--chains: \"\", expected 1 to 64 characters of A-Za-z0-9._:-" },
        { { "--chains=a,", NULL }, "--chains: \"\", expected 1 to 64 characters of A-Za-z0-9._:-" },
        { { "--chains=a b", NULL }, "--chains: \"a b\", expected 1 to 64 characters of A-Za-z0-9._:-" },
        { { "--chains=b,a,aa,a", NULL }, "--chains: \"a\" twice" },
        { { "--signer=PKCS11:token=t?pin-value=1", NULL }, "--signer: expected software or pkcs11:token=…;object=…" },
        { { "--signer=pkcs11:object=k", NULL },
          "--signer: names no token, expected token=… or serial=…: the PIN is tried on no other" },
        { { "--signer=pkcs11:token=t;id=%01", NULL },
          "--pkcs11-module: expected the absolute path of the token's PKCS#11 library" },
        { { "--signer=pkcs11:token=t;id=%01", "--pkcs11-module=m.so", NULL },
          "--pkcs11-module: expected the absolute path of the token's PKCS#11 library" },
        { { "--pkcs11-module=/m.so", NULL }, "--pkcs11-module: is for --signer pkcs11:… only" },
        { { "--pin-file=/f", NULL }, "--pin-file: is for --signer pkcs11:… only" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct occ_settings *settings = load(cases[i].flags);
        struct occ_error err = { 0 };
        assert_int_equal(occ_enclave_flags_check(settings, &err).code, OCC_ERR_USAGE);
        assert_string_equal(err.text, cases[i].sentence);
        occ_settings_free(settings);
    }
}

static void
test_too_many_chains(void **state)
{
    (void)state;
    for (unsigned count = 63; count <= 64; count++) {
        OCC_BUF_AUTO(flag, 512);
        for (unsigned i = 0; i < count; i++) {
            occ_buf_put_format(&flag, "%s%u", i == 0 ? "--chains=" : ",", i);
        }
        occ_buf_put_byte(&flag, 0);
        struct occ_settings *settings = load((const char *const[]){ (const char *)flag.ptr, NULL });
        struct occ_error err = { 0 };
        assert_int_equal(occ_enclave_flags_check(settings, &err).code, count == 63 ? OCC_OK : OCC_ERR_USAGE);
        occ_settings_free(settings);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_made), cmocka_unit_test(test_environment),
                                        cmocka_unit_test(test_refused), cmocka_unit_test(test_too_many_chains) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
