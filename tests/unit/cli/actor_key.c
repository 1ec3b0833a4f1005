/* actor_key.c — where keys and passphrases come from. The forms of keys: tests/unit/crypto/p256.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/pem.h>

#include <stdlib.h>
#include <unistd.h>

#include "cli/actor_key.h"
#include "os/file.h"
#include "unit/evidence/device.h"

static const struct occ_setting table[] = { OCC_ACTOR_KEY_SETTINGS };
static const char *const usage[] = { "", NULL };
static const struct occ_settings_program program = {
    .name = "occ test", .usage = usage, .about = "", .table = table, .count = sizeof table / sizeof table[0]
};

/* Opens "key" in the working folder. flag and variable may be NULL; returns the sentence of a refusal, or "". */
static const char *
open_key(const char *flag, const char *variable, const struct device *device)
{
    static struct occ_error err;
    char name[] = "occ";
    char flag_copy[256] = "";
    char variable_copy[256] = "";
    char *argv[] = { name, flag_copy };
    char *envp[] = { variable == NULL ? NULL : variable_copy, NULL };
    struct occ_settings *settings = NULL;
    struct occ_p256 *key = NULL;
    memcpy(flag_copy, flag == NULL ? "" : flag, flag == NULL ? 0 : strlen(flag));
    memcpy(variable_copy, variable == NULL ? "" : variable, variable == NULL ? 0 : strlen(variable));
    err = (struct occ_error){ 0 };
    assert_true(occ_is_ok(occ_settings_load(&program, flag == NULL ? 1 : 2, argv, envp, &err, &settings)));
    const struct occ_cli cli = { .name = "occ test", .envp = envp };
    if (occ_is_ok(occ_actor_key_open(&cli, settings, "key", OCC_P256_PRIVATE, &err, &key))) {
        char id[OCC_ACTOR_KEY_ID_SIZE];
        char public[OCC_ACTOR_KEY_PUBLIC_SIZE];
        uint8_t der[OCC_P256_SPKI_LEN];
        size_t len = 0;
        occ_actor_key_id(key, id);
        occ_actor_key_public(key, public);
        assert_string_equal(id, device->key_id);
        assert_true(occ_is_ok(occ_base64_decode(occ_bytes_str(public), sizeof der, der, &len)));
        assert_memory_equal(der, device->spki, sizeof der);
    }
    occ_p256_free(key);
    occ_settings_free(settings);
    return err.text;
}

static void
write_file(const char *path, struct occ_bytes content)
{
    assert_true(occ_is_ok(occ_file_write_atomic(path, content, true, NULL)));
}

static void
passphrases(void **state)
{
    (void)state;
    static const char missing[] =
        "key: the key is encrypted, and no passphrase was given (--actor-passphrase-file, or OCC_ACTOR_PASSPHRASE)";
    static const char wrong[] = "key: cannot be decrypted: a wrong passphrase, or a damaged file";
    struct device device = device_new();
    char folder[] = "/tmp/occ-unit-actor-XXXXXX";
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    BIO *bio = BIO_new(BIO_s_mem());
    char *data = NULL;
    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, device.pkey, EVP_aes_256_cbc(), " a b ", 5, NULL, NULL), 1);
    const long len = BIO_get_mem_data(bio, &data);
    write_file("key", occ_bytes_of(data, (size_t)len));
    BIO_free(bio);

    assert_string_equal(open_key(NULL, NULL, &device), missing);
    assert_string_equal(open_key(NULL, "OCC_ACTOR_PASSPHRASE=", &device), missing);
    assert_string_equal(open_key(NULL, "OCC_ACTOR_PASSPHRASE= a b ", &device), "");
    assert_string_equal(open_key(NULL, "OCC_ACTOR_PASSPHRASE=a b", &device), wrong);
    /* Of the file the line end goes, and nothing else. */
    static const char *const good[] = { " a b ", " a b \n", " a b \r\n" };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        write_file("pass", occ_bytes_str(good[i]));
        assert_string_equal(open_key("--actor-passphrase-file=pass", "OCC_ACTOR_PASSPHRASE=other", &device), "");
    }
    write_file("pass", occ_bytes_str(" a b \n\n"));
    assert_string_equal(open_key("--actor-passphrase-file=pass", NULL, &device), wrong);
    write_file("pass", occ_bytes_str("\n"));
    assert_string_equal(open_key("--actor-passphrase-file=pass", "OCC_ACTOR_PASSPHRASE= a b ", &device),
                        "pass: empty, expected a passphrase");
    static const uint8_t long_text[2000] = { 1 };
    write_file("pass", occ_bytes_of(long_text, sizeof long_text));
    assert_string_equal(open_key("--actor-passphrase-file=pass", NULL, &device),
                        "pass: too long for a passphrase, expected at most 1024 bytes");
    assert_string_equal(open_key("--actor-passphrase-file=none", NULL, &device),
                        "cannot open none: No such file or directory");
    /* Too large for a key. */
    static const uint8_t large[OCC_ACTOR_KEY_FILE_LEN + 1] = { 1 };
    write_file("key", occ_bytes_of(large, sizeof large));
    assert_string_equal(open_key(NULL, NULL, &device), "key: larger than 65536 bytes, which is no key");

    assert_int_equal(unlink("key"), 0);
    assert_int_equal(unlink("pass"), 0);
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(rmdir(folder), 0);
    device_free(&device);
}

static void
tokens(void **state)
{
    (void)state;
    assert_true(occ_actor_key_is_token("pkcs11:object=a"));
    assert_false(occ_actor_key_is_token("./pkcs11:object=a"));
    assert_false(occ_actor_key_is_token("pkcs11"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(passphrases), cmocka_unit_test(tokens) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
