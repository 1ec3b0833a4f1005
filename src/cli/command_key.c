/* occ key */
#include "base/base64.h"
#include "base/limits.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/facts.h"
#include "cli/output.h"
#include "codec/canonical.h"
#include "crypto/secret.h"
#include "trust/trust.h"
#include "verify/key_document.h"

enum { LONGEST_OUTPUT = OCC_LIMIT_CANONICAL_LEN, PUBLIC_KEY_LEN = 32, NONCE_LEN = 32 };

#define NO_ENVIRONMENT(name) NULL
static const struct occ_setting table[] = {
    OCC_CLIENT_SETTINGS,
    { .name = "nonce",
      .type = OCC_SETTING_SWITCH,
      .help = "Ask for an attestation document that holds a fresh nonce, and verify it: that the key is in an enclave "
              "of this "
              "measurement, which lives now." },
    OCC_TRUST_SETTINGS(NO_ENVIRONMENT),
    { .name = "json", .type = OCC_SETTING_SWITCH, .help = "Print the server's answer as JSON." },
};
static const char *const usage[] = { "[OPTIONS]", NULL };
static const struct occ_settings_program program = {
    .name = "occ key",
    .usage = usage,
    .about = "Asks a server for the public key that its proofs are signed with, and for what it says of itself: "
             "measurement, "
             "enforcement, epoch. This is what \"occ verify --allow-key\" pins. What a server says of itself proves "
             "nothing; an attestation document that was verified with --nonce does.",
    .table = table,
    .count = sizeof table / sizeof table[0],
    .epilog = "Exit codes: 0 done, 1 the attestation document does not hold (--nonce), 2 wrong\n"
              "use, 3 the server gave no answer that can be used.\n"
};

/* A question, and what came of it. */
struct question {
    bool has_nonce;
    uint8_t nonce[NONCE_LEN];
    struct occ_key_document_facts facts;
};

/* Base64 in a query: RFC 3986 §2.1 for all that is no letter and no digit. Ends in a zero byte. */
static void
put_path(struct occ_buf *path, const struct question *question)
{
    static const char digits[] = "0123456789ABCDEF";
    char text[OCC_BASE64_LEN(NONCE_LEN)];
    occ_base64_encode(occ_bytes_of(question->nonce, sizeof question->nonce), text);
    occ_buf_put_str(path, question->has_nonce ? "/key?nonce=" : "/key");
    for (size_t i = 0; i < sizeof text && question->has_nonce; i++) {
        const uint8_t byte = (uint8_t)text[i];
        if (byte == '+' || byte == '/' || byte == '=') {
            occ_buf_put_byte(path, '%');
            occ_buf_put_byte(path, (uint8_t)digits[byte >> 4]);
            occ_buf_put_byte(path, (uint8_t)digits[byte & 15]);
        } else {
            occ_buf_put_byte(path, byte);
        }
    }
    occ_buf_put_byte(path, 0);
}

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

static struct occ_bytes
text_of(const struct occ_json *object, const char *name)
{
    return occ_json_string(occ_json_get(object, name)); /* empty if there is none */
}

/* The document holds what was asked for. A server that gives none has not answered the question. */
static OCC_RESULT
verify_document(const struct occ_settings *settings, const struct occ_json *answer, struct question *question,
                struct occ_error *err)
{
    const struct occ_json *attestation = occ_json_get(answer, "attestation");
    uint8_t public_key[PUBLIC_KEY_LEN];
    size_t len = 0;
    if (attestation == NULL) {
        return occ_error_set(err, OCC_ERR_UNAVAILABLE, "the server answered without an attestation document");
    }
    OCC_TRY(occ_base64_decode(text_of(answer, "publicKeyB64"), sizeof public_key, public_key, &len));
    const struct occ_key_document given = { .format = text_of(attestation, "format"),
                                            .report_b64 = text_of(attestation, "reportB64"),
                                            .public_key = occ_bytes_of(public_key, len),
                                            .measurement = text_of(answer, "measurement"),
                                            .enforcement = text_of(answer, "enforcement"),
                                            .nonce = occ_bytes_of(question->nonce, sizeof question->nonce) };
    occ_verifier *verifier = NULL;
    OCC_TRY(occ_trust_verifier(settings, err, &verifier));
    const struct occ_result verified = occ_key_document_verify(verifier, &given, err, &question->facts);
    occ_verifier_free(verifier);
    return verified;
}

static void
put_verified(struct occ_buf *out, const struct occ_key_document_facts *facts)
{
    const char *whose = facts->simulated     ? "the simulation's root, given with --sim-nitro-root"
                        : facts->root_is_aws ? "AWS's root"
                                             : "the root given with --nitro-root, NOT AWS's";
    OCC_BUF_AUTO(text, 256);
    occ_buf_put_format(&text, "about this key, with our nonce, under %s", whose);
    occ_facts_put_line(out, "verified", occ_buf_view(&text));
}

static void
put_for_people(struct occ_buf *out, const struct occ_client *client, const struct occ_json *answer,
               const struct question *question)
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
    if (question->has_nonce) {
        put_verified(out, &question->facts);
    }
}

static enum occ_exit
ask(const struct occ_cli *cli, const struct occ_settings *settings, struct occ_client *client)
{
    struct question question = { .has_nonce = occ_settings_switch(settings, "nonce") };
    OCC_BUF_AUTO(path, 256);
    occ_secret_random(question.nonce, sizeof question.nonce);
    put_path(&path, &question);
    if (!occ_is_ok(occ_buf_check(&path))) {
        return occ_output_fail(cli, &(struct occ_error){ OCC_ERR_NOMEM, "out of memory" });
    }
    const struct occ_client_request request = { .path = (const char *)path.ptr, .repeat = OCC_CLIENT_ONCE };
    struct occ_error err = { 0 };
    __attribute__((cleanup(occ_json_cleanup))) struct occ_json *answer = NULL;
    if (!occ_is_ok(occ_client_init(client, cli, settings, &err)) ||
        !occ_is_ok(occ_client_call(client, &request, &err, &answer)) ||
        !occ_is_ok(check_answer(client, answer, &err)) ||
        (question.has_nonce && !occ_is_ok(verify_document(settings, answer, &question, &err)))) {
        return occ_output_fail(cli, &err);
    }
    OCC_BUF_AUTO(out, LONGEST_OUTPUT);
    if (occ_settings_switch(settings, "json")) {
        occ_canonical_put(&out, answer);
        return occ_output_json(cli, &out);
    }
    put_for_people(&out, client, answer, &question);
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
