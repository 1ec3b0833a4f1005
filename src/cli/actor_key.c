#include "cli/actor_key.h"

#include <sys/stat.h>

#include "base/base64.h"
#include "base/hex.h"
#include "cli/input.h"
#include "cli/output.h"
#include "crypto/secret.h"
#include "os/file.h"

enum { LONGEST_PASSPHRASE = 1024 /* bytes */ };

static const char hint[] = "--actor-passphrase-file, or OCC_ACTOR_PASSPHRASE";

/* A buffer that held what nobody else is to see. */
static void
wipe(struct occ_buf *buf)
{
    if (buf->ptr != NULL) {
        occ_secret_wipe(buf->ptr, buf->cap);
    }
    occ_buf_clear(buf);
}

/*
 * All at once, so that growing leaves no copy behind. A line end behind the last line is not part of a passphrase: editors put
 * it there.
 */
static OCC_RESULT
read_passphrase(const char *path, struct occ_error *err, struct occ_buf *buf)
{
    if (occ_buf_reserve(buf, LONGEST_PASSPHRASE + 2) == NULL) {
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    const struct occ_result read = occ_file_read(path, err, buf);
    if (read.code == OCC_ERR_LIMIT) {
        return occ_error_set(err, OCC_ERR_USAGE, "%s: too long for a passphrase, expected at most %d bytes", path,
                             (int)LONGEST_PASSPHRASE);
    }
    OCC_TRY(read);
    if (buf->len > 0 && buf->ptr[buf->len - 1] == '\n') {
        buf->len--;
    }
    if (buf->len > 0 && buf->ptr[buf->len - 1] == '\r') {
        buf->len--;
    }
    if (buf->len == 0) {
        return occ_error_set(err, OCC_ERR_USAGE, "%s: empty, expected a passphrase", path);
    }
    return occ_success();
}

/* The passphrase, if there is one: from the file, else from the environment. buf holds what is read. */
static OCC_RESULT
find_passphrase(const struct occ_cli *cli, const struct occ_settings *settings, struct occ_error *err,
                struct occ_buf *buf, struct occ_p256_secret *secret)
{
    static const char name[] = "OCC_ACTOR_PASSPHRASE=";
    const char *path = occ_settings_text(settings, "actor-passphrase-file");
    if (path != NULL) {
        OCC_TRY(read_passphrase(path, err, buf));
        secret->text = occ_buf_view(buf);
        return occ_success();
    }
    for (size_t i = 0; cli->envp[i] != NULL; i++) {
        const char *value = cli->envp[i] + sizeof name - 1;
        if (strncmp(cli->envp[i], name, sizeof name - 1) == 0 && value[0] != '\0') {
            secret->text = occ_bytes_str(value);
        }
    }
    return occ_success();
}

static void
note_if_open(const struct occ_cli *cli, const char *path)
{
    struct stat status;
    if (strcmp(path, "-") != 0 && stat(path, &status) == 0 && S_ISREG(status.st_mode) &&
        (status.st_mode & S_IROTH) != 0) {
        occ_output_note(cli, "%.200s: every user of this machine can read this private key; chmod 600 would keep it",
                        path);
    }
}

static OCC_RESULT
open_file(const char *path, enum occ_p256_need need, const struct occ_p256_secret *secret, struct occ_error *err,
          struct occ_p256 **ret_key)
{
    __attribute__((cleanup(wipe))) struct occ_buf content = OCC_BUF_INIT(OCC_ACTOR_KEY_FILE_LEN);
    if (occ_buf_reserve(&content, OCC_ACTOR_KEY_FILE_LEN) == NULL) {
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    const struct occ_result read = occ_file_read(path, err, &content);
    if (read.code == OCC_ERR_LIMIT) {
        return occ_error_set(err, OCC_ERR_USAGE, "%.200s: larger than %d bytes, which is no key", occ_input_name(path),
                             (int)OCC_ACTOR_KEY_FILE_LEN);
    }
    OCC_TRY(read);
    return occ_p256_read(occ_input_name(path), occ_buf_view(&content), need, secret, err, ret_key);
}

bool
occ_actor_key_is_token(const char *where)
{
    return strncmp(where, "pkcs11:", 7) == 0;
}

struct occ_result
occ_actor_key_open(const struct occ_cli *cli, const struct occ_settings *settings, const char *where,
                   enum occ_p256_need need, struct occ_error *err, struct occ_p256 **ret_key)
{
    __attribute__((cleanup(wipe))) struct occ_buf passphrase = OCC_BUF_INIT(LONGEST_PASSPHRASE + 2);
    struct occ_p256_secret secret = { .hint = hint };
    OCC_TRY(find_passphrase(cli, settings, err, &passphrase, &secret));
    if (occ_actor_key_is_token(where)) {
        return occ_p256_open(where, need, &secret, err, ret_key);
    }
    if (need == OCC_P256_PRIVATE) {
        note_if_open(cli, where);
    }
    return open_file(where, need, &secret, err, ret_key);
}

void
occ_actor_key_id(const struct occ_p256 *key, char ret_id[OCC_ACTOR_KEY_ID_SIZE])
{
    uint8_t hash[OCC_SHA256_LEN];
    occ_digest_sha256(occ_bytes_of(occ_p256_spki(key), OCC_P256_SPKI_LEN), hash);
    occ_hex_encode(occ_bytes_of(hash, sizeof hash), ret_id);
    ret_id[OCC_ACTOR_KEY_ID_SIZE - 1] = '\0';
}

void
occ_actor_key_public(const struct occ_p256 *key, char ret_text[OCC_ACTOR_KEY_PUBLIC_SIZE])
{
    occ_base64_encode(occ_bytes_of(occ_p256_spki(key), OCC_P256_SPKI_LEN), ret_text);
    ret_text[OCC_ACTOR_KEY_PUBLIC_SIZE - 1] = '\0';
}
