/* occ actor-id KEY */
#include "cli/actor_key.h"
#include "cli/cli.h"
#include "cli/output.h"

enum { LONGEST_OUTPUT = 1024 };

static const struct occ_setting table[] = {
    OCC_ACTOR_KEY_SETTINGS,
    { .name = "json", .type = OCC_SETTING_SWITCH, .help = "Print {\"keyId\", \"publicKeyB64\"}." },
};
static const char *const usage[] = { "[OPTIONS] KEY", NULL };
static const struct occ_settings_program program = {
    .name = "occ actor-id",
    .usage = usage,
    .about =
        "Prints the id of an actor's P-256 key, by which proofs and policies know it: the SHA-256 of its public half "
        "(SubjectPublicKeyInfo, DER) in hex. KEY is a private key, a public key or a certificate in a file (\"-\" is "
        "standard input), or a key in a hardware token: pkcs11:….",
    .table = table,
    .count = sizeof table / sizeof table[0],
    .takes_arguments = true,
    .epilog = "Example: openssl pkey -in key.pem -pubout | occ actor-id -\n"
              "\n"
              "Exit codes: 0 done, 2 wrong use, or KEY is no P-256 key, 3 it could not be read.\n"
};

static enum occ_exit
show(const struct occ_cli *cli, const struct occ_p256 *key, bool json)
{
    char id[OCC_ACTOR_KEY_ID_SIZE];
    char public[OCC_ACTOR_KEY_PUBLIC_SIZE];
    OCC_BUF_AUTO(out, LONGEST_OUTPUT);
    occ_actor_key_id(key, id);
    occ_actor_key_public(key, public);
    if (!json) {
        occ_buf_put_format(&out, "%s\n", id);
        return occ_output_text(cli, &out);
    }
    occ_buf_put_format(&out, "{\"keyId\":\"%s\",\"publicKeyB64\":\"%s\"}", id, public);
    return occ_output_json(cli, &out);
}

static enum occ_exit
run(const struct occ_cli *cli, const struct occ_settings *settings)
{
    if (occ_settings_argument_count(settings) != 1) {
        return occ_output_usage(cli, "%zu arguments, expected one KEY", occ_settings_argument_count(settings));
    }
    struct occ_error err = { 0 };
    __attribute__((cleanup(occ_p256_cleanup))) struct occ_p256 *key = NULL;
    if (!occ_is_ok(
            occ_actor_key_open(cli, settings, occ_settings_argument(settings, 0), OCC_P256_PUBLIC, &err, &key))) {
        return occ_output_fail(cli, &err);
    }
    return show(cli, key, occ_settings_switch(settings, "json"));
}

const struct occ_command occ_command_actor_id = {
    .name = "actor-id", .summary = "Show the id of an actor's key.", .settings = &program, .run = run
};
