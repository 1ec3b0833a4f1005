/* occ key */
#include "base/base64.h"
#include "base/limits.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/facts.h"
#include "cli/output.h"
#include "codec/canonical.h"

enum { LONGEST_OUTPUT = OCC_LIMIT_CANONICAL_LEN, PUBLIC_KEY_LEN = 32 };

static const struct occ_setting table[] = {
    OCC_CLIENT_SETTINGS,
    { .name = "json", .type = OCC_SETTING_SWITCH, .help = "Print the server's answer as JSON." },
};
static const char *const usage[] = { "[OPTIONS]", NULL };
static const struct occ_settings_program program = {
    .name = "occ key",
    .usage = usage,
    .about = "Asks a server for the public key that its proofs are signed with, and for what it says of itself: "
             "measurement, "
             "enforcement, epoch. This is what \"occ verify --allow-key\" pins. What a server says of itself proves "
             "nothing.",
    .table = table,
    .count = sizeof table / sizeof table[0],
    .epilog = "Exit codes: 0 done, 2 wrong use, 3 the server gave no answer that can be used.\n"
};

/* The three fields of the API, of the right kind. */
static OCC_RESULT
check_answer(const struct occ_client *client, const struct occ_json *answer, struct occ_error *err)
{
    static const char *const names[] = { "publicKeyB64", "measurement", "enforcement" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const struct occ_json *field = occ_json_get(answer, names[i]);
        if (field == NULL || !occ_json_is(field, OCC_JSON_STRING)) {
            return occ_error_set(err, OCC_ERR_UNAVAILABLE, "%.120s answered no %s, expected that of an occ/1 server",
                                 client->shown, names[i]);
        }
    }
    size_t len = 0;
    if (!occ_is_ok(occ_base64_check(occ_json_string(occ_json_get(answer, "publicKeyB64")), &len)) ||
        len != PUBLIC_KEY_LEN) {
        return occ_error_set(err, OCC_ERR_UNAVAILABLE,
                             "%.120s answered a publicKeyB64 that is not the base64 of %d bytes", client->shown,
                             (int)PUBLIC_KEY_LEN);
    }
    return occ_success();
}

static void
put_for_people(struct occ_buf *out, const struct occ_client *client, const struct occ_json *answer)
{
    occ_facts_put_line(out, "server", occ_bytes_str(client->shown));
    occ_facts_put_line(out, "key", occ_json_string(occ_json_get(answer, "publicKeyB64")));
    occ_facts_put_enforcement(out, occ_json_string(occ_json_get(answer, "enforcement")), false);
    occ_facts_put_line(out, "measurement", occ_json_string(occ_json_get(answer, "measurement")));
    const struct occ_bytes epoch = occ_json_string(occ_json_get(answer, "epochId"));
    if (epoch.len > 0) {
        occ_facts_put_line(out, "epoch", epoch);
    }
    const struct occ_bytes format = occ_json_string(occ_json_get(occ_json_get(answer, "attestation"), "format"));
    if (format.len > 0) {
        occ_facts_put_attestation_format(out, format);
    }
}

static enum occ_exit
ask(const struct occ_cli *cli, const struct occ_settings *settings, struct occ_client *client)
{
    const struct occ_client_request request = { .path = "/key", .repeat = OCC_CLIENT_ONCE };
    struct occ_error err = { 0 };
    __attribute__((cleanup(occ_json_cleanup))) struct occ_json *answer = NULL;
    if (!occ_is_ok(occ_client_init(client, cli, settings, &err)) ||
        !occ_is_ok(occ_client_call(client, &request, &err, &answer)) ||
        !occ_is_ok(check_answer(client, answer, &err))) {
        return occ_output_fail(cli, &err);
    }
    OCC_BUF_AUTO(out, LONGEST_OUTPUT);
    if (occ_settings_switch(settings, "json")) {
        occ_canonical_put(&out, answer);
        return occ_output_json(cli, &out);
    }
    put_for_people(&out, client, answer);
    return occ_output_text(cli, &out);
}

static enum occ_exit
run(const struct occ_cli *cli, const struct occ_settings *settings)
{
    struct occ_client client = { 0 };
    const enum occ_exit asked = ask(cli, settings, &client);
    occ_client_clear(&client);
    return asked;
}

const struct occ_command occ_command_key = {
    .name = "key", .summary = "Show a server's public key and what it says of itself.", .settings = &program, .run = run
};
