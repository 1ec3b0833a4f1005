/*
 * actor_key.h — the key with which a person or a program authorizes commits: a file, or pkcs11:….
 */
#ifndef OCC_CLI_ACTOR_KEY_H
#define OCC_CLI_ACTOR_KEY_H

#include "cli/cli.h"
#include "crypto/digest.h"
#include "crypto/p256.h"

/* The setting that opens a key, as an entry of a command's table. */
#define OCC_ACTOR_KEY_SETTINGS \
    { \
        .name = "actor-passphrase-file", .type = OCC_SETTING_TEXT, .argument = "FILE", \
        .help = \
            "A file that holds the passphrase of the key, or the PIN of its token. It may be in the environment, as " \
            "OCC_ACTOR_PASSPHRASE." \
    }

enum {
    OCC_ACTOR_KEY_ID_SIZE = 2 * OCC_SHA256_LEN + 1, /* characters and a zero byte */
    OCC_ACTOR_KEY_FILE_LEN = 64 << 10,              /* bytes of a key file, at most */
    OCC_ACTOR_KEY_PUBLIC_SIZE = (OCC_P256_SPKI_LEN + 2) / 3 * 4 + 1
};

/*
 * Opens the key that where names: a file ("-" = standard input), or a uri that begins with "pkcs11:". A private key in a file
 * that everybody may read is used, with a note on standard error. Codes of occ_p256_read, occ_p256_open and occ_file_read; free
 * with occ_p256_free.
 */
OCC_RESULT occ_actor_key_open(const struct occ_cli *cli, const struct occ_settings *settings, const char *where,
                              enum occ_p256_need need, struct occ_error *err, struct occ_p256 **ret_key);
bool occ_actor_key_is_token(const char *where);

/* PROTOCOL §4: hex SHA-256 of the SubjectPublicKeyInfo; and that in base64. With a zero byte. */
void occ_actor_key_id(const struct occ_p256 *key, char ret_id[OCC_ACTOR_KEY_ID_SIZE]);
void occ_actor_key_public(const struct occ_p256 *key, char ret_text[OCC_ACTOR_KEY_PUBLIC_SIZE]);

#endif
