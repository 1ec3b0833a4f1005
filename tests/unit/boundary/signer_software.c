/* signer_software.c — the key in locked memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base64.h"
#include "boundary/signer.h"
#include "crypto/secret.h"

static int
set_up(void **state)
{
    (void)state;
    return occ_is_ok(occ_secret_init()) ? 0 : 1;
}

/* vectors/README: the seed 00 01 … 1f and its public key. */
static void
test_seed(void **state)
{
    (void)state;
    uint8_t seed[OCC_ED25519_SEED_LEN];
    for (size_t i = 0; i < sizeof seed; i++) {
        seed[i] = (uint8_t)i;
    }
    struct occ_signer signer;
    assert_int_equal(occ_signer_software_from_seed(seed, NULL, &signer).code, OCC_OK);
    char key[OCC_BASE64_LEN(32) + 1] = "";
    occ_base64_encode(occ_bytes_of(signer.public_key, 32), key);
    assert_string_equal(key, "A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=");

    uint8_t signature[OCC_ED25519_SIGNATURE_LEN];
    assert_int_equal(signer.sign(signer.ctx, occ_bytes_str("message"), signature).code, OCC_OK);
    assert_int_equal(occ_ed25519_verify(signer.public_key, occ_bytes_str("message"), signature).code, OCC_OK);
    assert_int_equal(occ_ed25519_verify(signer.public_key, occ_bytes_str("massage"), signature).code,
                     OCC_ERR_SIGNATURE);
    occ_signer_clear(&signer);
    assert_null(signer.ctx);
    occ_signer_clear(&signer); /* once more does no harm */
}

static void
some_random(void *ctx, void *ret, size_t len)
{
    (void)ctx;
    occ_secret_random(ret, len);
}

/* The seed is what random gave, and nothing else. */
static void
counted(void *ctx, void *ret, size_t len)
{
    (void)ctx;
    assert_int_equal(len, OCC_ED25519_SEED_LEN);
    memset(ret, 0x5a, len);
}

static void
test_seed_is_from_random(void **state)
{
    (void)state;
    uint8_t seed[OCC_ED25519_SEED_LEN];
    memset(seed, 0x5a, sizeof seed);
    struct occ_signer fresh, given;
    assert_int_equal(occ_signer_software_new(counted, NULL, NULL, &fresh).code, OCC_OK);
    assert_int_equal(occ_signer_software_from_seed(seed, NULL, &given).code, OCC_OK);
    assert_memory_equal(fresh.public_key, given.public_key, 32);
    occ_signer_clear(&fresh);
    occ_signer_clear(&given);
}

static void
test_fresh_keys_differ(void **state)
{
    (void)state;
    struct occ_signer one, two;
    assert_int_equal(occ_signer_software_new(some_random, NULL, NULL, &one).code, OCC_OK);
    assert_int_equal(occ_signer_software_new(some_random, NULL, NULL, &two).code, OCC_OK);
    assert_memory_not_equal(one.public_key, two.public_key, 32);
    occ_signer_clear(&one);
    occ_signer_clear(&two);
}

/* The seed is not left in memory beside the key: the secret key begins with it (RFC 8032's form), once and not twice. */
static void
test_seed_is_wiped(void **state)
{
    (void)state;
    uint8_t seed[OCC_ED25519_SEED_LEN];
    memset(seed, 0x5a, sizeof seed);
    struct occ_signer signer;
    assert_int_equal(occ_signer_software_from_seed(seed, NULL, &signer).code, OCC_OK);
    const uint8_t *const memory = signer.ctx;
    static const uint8_t zeros[OCC_ED25519_SEED_LEN];
    assert_memory_equal(memory + OCC_ED25519_SECRET_LEN, zeros, sizeof zeros);
    occ_signer_clear(&signer);
}

/* Where no memory may be locked there is no key, and the sentence says what to do. */
static void
test_no_locked_memory(void **state)
{
    (void)state;
    const pid_t pid = fork();
    if (pid == 0) {
        const struct rlimit none = { 0, 0 };
        struct occ_signer signer;
        struct occ_error err;
        static char page[4096];
        if (setrlimit(RLIMIT_MEMLOCK, &none) != 0 || (geteuid() == 0 && setuid(65534) != 0) ||
            mlock(page, sizeof page) == 0) {
            _exit(2); /* root may lock whatever the limit says, and AddressSanitizer's mlock does nothing */
        }
        const enum occ_err code = occ_signer_software_new(some_random, NULL, &err, &signer).code;
        _exit(code == OCC_ERR_NOMEM && strstr(err.text, "ulimit -l") != NULL ? 0 : 1);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 2) {
        skip();
    }
    assert_int_equal(WEXITSTATUS(status), 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seed),
        cmocka_unit_test(test_fresh_keys_differ),
        cmocka_unit_test(test_seed_is_from_random),
        cmocka_unit_test(test_seed_is_wiped),
        cmocka_unit_test(test_no_locked_memory),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
