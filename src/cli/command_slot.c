/* occ slot */
#include "base/base64.h"
#include "base/limits.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/output.h"
#include "codec/canonical.h"
#include "crypto/ed25519.h"
#include "proof/slot.h"
#include "proof/value.h"

enum { LONGEST_OUTPUT = OCC_LIMIT_CANONICAL_LEN, LONGEST_REQUEST = 256 };

static const struct occ_setting table[] = {
    OCC_CLIENT_SETTINGS,
    { .name = "chain",
      .type = OCC_SETTING_TEXT,
      .argument = "ID",
      .help = "Allocate on this chain of the server; without it on the default one." },
};
static const char *const usage[] = { "[OPTIONS]", NULL };
static const struct occ_settings_program program = {
    .name = "occ slot",
    .usage = usage,
    .about =
        "Allocates a slot: a place in the server's order, signed, before the digest is known. Prints it as JSON; \"occ "
        "commit --slot\" uses it, once, within two minutes. A slot that is not used leaves an unused counter behind.",
    .table = table,
    .count = sizeof table / sizeof table[0],
    .epilog = "Example: occ slot > slot.json\n"
              "         make report.pdf && occ commit --slot slot.json report.pdf\n"
              "\n"
              "Exit codes: 0 done, 1 the server's answer does not verify, 2 wrong use,\n"
              "3 the server gave no slot.\n"
};

/* The slot's own signature (PROTOCOL §6), with the key that it names. */
static OCC_RESULT
verify_slot(const struct occ_json *slot)
{
    uint8_t key[OCC_ED25519_PUBLIC_LEN];
    uint8_t signature[OCC_ED25519_SIGNATURE_LEN];
    size_t key_len = 0;
    size_t signature_len = 0;
    OCC_BUF_AUTO(body, OCC_LIMIT_CANONICAL_LEN);
    OCC_TRY(occ_base64_decode(occ_json_string(occ_json_get(slot, "publicKeyB64")), sizeof key, key, &key_len));
    OCC_TRY(occ_base64_decode(occ_json_string(occ_json_get(slot, "signatureB64")), sizeof signature, signature,
                              &signature_len));
    OCC_ENSURE(key_len == sizeof key && signature_len == sizeof signature, OCC_ERR_SLOT_SIGNATURE);
    occ_slot_put_body(&body, slot, true);
    OCC_TRY(occ_buf_check(&body));
    return occ_ed25519_verify(key, occ_buf_view(&body), signature);
}

static OCC_RESULT
check_answer(const struct occ_client *client, const struct occ_json *answer, const char *chain, struct occ_error *err)
{
    const struct occ_json *slot = occ_json_get(answer, "slot");
    const struct occ_bytes id = occ_json_string(occ_json_get(answer, "slotId"));
    if (id.len == 0 || id.len > OCC_LIMIT_SLOT_ID_LEN || slot == NULL || !occ_json_is(slot, OCC_JSON_OBJECT)) {
        return occ_error_set(err, OCC_ERR_UNAVAILABLE, "%.120s answered no slot", client->shown);
    }
    if (!occ_is_ok(verify_slot(slot))) {
        return occ_error_set(err, OCC_ERR_SLOT_SIGNATURE, "the server's answer does not verify: %s",
                             occ_result_text(OCC_ERR_SLOT_SIGNATURE));
    }
    if (!occ_bytes_equal(occ_json_string(occ_json_get(slot, "chainId")), occ_bytes_str(chain))) {
        return occ_error_set(err, OCC_ERR_SLOT_SIGNER,
                             "the server's answer does not verify: the slot is of another chain");
    }
    return occ_success();
}

static OCC_RESULT
ask(struct occ_client *client, struct occ_bytes body, struct occ_error *err, struct occ_json **ret_answer)
{
    /* Done twice, it would leave a counter unused: allowed, but not without need. */
    const struct occ_client_request request = { .path = "/allocate-slot", .body = body, .repeat = OCC_CLIENT_UNTAKEN };
    const struct occ_result called = occ_client_call(client, &request, err, ret_answer);
    if (called.code == OCC_ERR_NOT_FOUND) {
        return occ_error_set(err, OCC_ERR_UNAVAILABLE, "%.120s gives no slots", client->shown);
    }
    return called;
}

static enum occ_exit
allocate(const struct occ_cli *cli, const struct occ_settings *settings, struct occ_client *client)
{
    const char *chain = occ_settings_text(settings, "chain");
    if (chain != NULL && !occ_value_is_chain_id(occ_bytes_str(chain))) {
        return occ_output_usage(cli, "--chain: \"%.80s\", expected 1 to %d of A-Z a-z 0-9 . _ : -", chain,
                                OCC_LIMIT_CHAIN_ID_LEN);
    }
    OCC_BUF_AUTO(body, LONGEST_REQUEST);
    OCC_BUF_AUTO(out, LONGEST_OUTPUT);
    occ_buf_put_str(&body, "{");
    if (chain != NULL) {
        occ_buf_put_format(&body, "\"chainId\":\"%s\"", chain);
    }
    occ_buf_put_str(&body, "}");
    struct occ_error err = { 0 };
    __attribute__((cleanup(occ_json_cleanup))) struct occ_json *answer = NULL;
    if (!occ_is_ok(occ_client_init(client, cli, settings, &err)) ||
        !occ_is_ok(ask(client, occ_buf_view(&body), &err, &answer)) ||
        !occ_is_ok(check_answer(client, answer, chain, &err))) {
        return occ_output_fail(cli, &err);
    }
    occ_canonical_put(&out, answer);
    return occ_output_json(cli, &out);
}

static enum occ_exit
run(const struct occ_cli *cli, const struct occ_settings *settings)
{
    struct occ_client client = { 0 };
    const enum occ_exit allocated = allocate(cli, settings, &client);
    occ_client_clear(&client);
    return allocated;
}

const struct occ_command occ_command_slot = {
    .name = "slot", .summary = "Hold a place before the digest is known.", .settings = &program, .run = run
};
