#include "cli/commit_fields.h"

#include <unistd.h>

#include "base/limits.h"
#include "cli/input.h"
#include "codec/canonical.h"
#include "proof/value.h"

enum { AGENCY_LEN = 1024 /* a direct agency, about */ };

/* What a signed value is called: as a flag, and in requests and proofs. */
static const struct {
    const char *setting, *flag, *name;
    bool only_if_given; /* a server may bind one of its own */
} values[OCC_COMMIT_SIGNED_VALUES] = {
    { "attribution", "--attribution", "attribution", false },
    { "bind-policy", "--bind-policy", "policy", true },
    { "principal", "--principal", "principal", true },
};

/* ---- settings ---- */

static OCC_RESULT
read_value(const char *flag, const char *text, struct occ_error *err, struct occ_buf *buf)
{
    __attribute__((cleanup(occ_json_cleanup))) struct occ_json *value = NULL;
    OCC_TRY(occ_input_json_flag(flag, text, false, err, &value));
    return occ_value_put_signed(value, flag, err, buf);
}

static OCC_RESULT
read_values(struct occ_commit_fields *fields, const struct occ_settings *settings, struct occ_error *err)
{
    for (size_t i = 0; i < OCC_COMMIT_SIGNED_VALUES; i++) {
        const char *text = occ_settings_text(settings, values[i].setting);
        fields->values[i] = OCC_BUF_INIT(OCC_LIMIT_VALUE_LEN + 1);
        if (text != NULL) {
            OCC_TRY(read_value(values[i].flag, text, err, &fields->values[i]));
        }
    }
    return occ_success();
}

static bool
is_slot_id(struct occ_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        const uint8_t c = text.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_')) {
            return false;
        }
    }
    return text.len > 0 && text.len <= OCC_LIMIT_SLOT_ID_LEN;
}

static OCC_RESULT
take_slot_id(struct occ_commit_fields *fields, struct occ_bytes id, struct occ_error *err)
{
    fields->slot_id = OCC_BUF_INIT(OCC_LIMIT_SLOT_ID_LEN + 1);
    occ_buf_put(&fields->slot_id, id);
    occ_buf_put_byte(&fields->slot_id, 0);
    const struct occ_result put = occ_buf_check(&fields->slot_id);
    return occ_is_ok(put) ? put : occ_error_code(err, put.code);
}

/* The chain of a slot is the proof's (PROTOCOL §6), so that it need not be given twice. */
static OCC_RESULT
take_slot_chain(struct occ_commit_fields *fields, struct occ_error *err)
{
    const struct occ_json *chain = occ_json_get(fields->slot, "chainId");
    const struct occ_bytes id = occ_json_string(chain);
    if (fields->chain_id != NULL) {
        return chain != NULL && occ_bytes_is(id, fields->chain_id)
                   ? occ_success()
                   : occ_error_set(err, OCC_ERR_USAGE, "--chain %s: the slot is of %s", fields->chain_id,
                                   chain == NULL ? "the default chain" : "another chain");
    }
    if (chain == NULL) {
        return occ_success();
    }
    fields->chain_buf = OCC_BUF_INIT(OCC_LIMIT_CHAIN_ID_LEN + 1);
    occ_buf_put(&fields->chain_buf, id);
    occ_buf_put_byte(&fields->chain_buf, 0);
    if (!occ_is_ok(occ_buf_check(&fields->chain_buf)) || !occ_value_is_chain_id(id)) {
        return occ_error_set(err, OCC_ERR_USAGE, "--slot: slot.chainId: not a chainId");
    }
    fields->chain_id = (const char *)fields->chain_buf.ptr;
    return occ_success();
}

static OCC_RESULT
read_slot(struct occ_commit_fields *fields, const char *text, struct occ_error *err)
{
    if (access(text, F_OK) != 0 && is_slot_id(occ_bytes_str(text))) {
        return take_slot_id(fields, occ_bytes_str(text), err);
    }
    OCC_TRY(occ_input_json_flag("--slot", text, true, err, &fields->slot_root));
    const struct occ_bytes id = occ_json_string(occ_json_get(fields->slot_root, "slotId"));
    fields->slot = occ_json_get(fields->slot_root, "slot");
    if (!is_slot_id(id) || fields->slot == NULL || !occ_json_is(fields->slot, OCC_JSON_OBJECT)) {
        return occ_error_set(err, OCC_ERR_USAGE,
                             "--slot: expected what \"occ slot\" prints, an object with slotId and slot");
    }
    OCC_TRY(take_slot_id(fields, id, err));
    return take_slot_chain(fields, err);
}

static OCC_RESULT
read_actor(struct occ_commit_fields *fields, const struct occ_cli *cli, const struct occ_settings *settings,
           struct occ_error *err)
{
    const char *key = occ_settings_text(settings, "actor-key");
    const char *provider = occ_settings_text(settings, "actor-provider");
    if (key == NULL) {
        return provider == NULL && !occ_settings_is_set(settings, "actor-passphrase-file")
                   ? occ_success()
                   : occ_error_set(err, OCC_ERR_USAGE, "%s without --actor-key",
                                   provider != NULL ? "--actor-provider" : "--actor-passphrase-file");
    }
    if (provider != NULL && !occ_bytes_is_utf8(occ_bytes_str(provider))) {
        return occ_error_set(err, OCC_ERR_USAGE, "--actor-provider: not valid UTF-8");
    }
    if (provider != NULL && strlen(provider) > OCC_COMMIT_PROVIDER_LEN) {
        return occ_error_set(err, OCC_ERR_USAGE, "--actor-provider: %zu bytes, expected at most %d", strlen(provider),
                             (int)OCC_COMMIT_PROVIDER_LEN);
    }
    fields->provider = provider != NULL ? provider : occ_actor_key_is_token(key) ? "pkcs11" : "pem-file";
    return occ_actor_key_open(cli, settings, key, OCC_P256_PRIVATE, err, &fields->actor);
}

struct occ_result
occ_commit_fields_init(struct occ_commit_fields *fields, const struct occ_cli *cli, const struct occ_settings *settings,
                       struct occ_error *err)
{
    const char *slot = occ_settings_text(settings, "slot");
    fields->chain_id = occ_settings_text(settings, "chain");
    if (fields->chain_id != NULL && !occ_value_is_chain_id(occ_bytes_str(fields->chain_id))) {
        return occ_error_set(err, OCC_ERR_USAGE, "--chain: \"%.80s\", expected 1 to %d of A-Z a-z 0-9 . _ : -",
                             fields->chain_id, OCC_LIMIT_CHAIN_ID_LEN);
    }
    OCC_TRY(read_values(fields, settings, err));
    if (slot != NULL) {
        OCC_TRY(read_slot(fields, slot, err));
    }
    return read_actor(fields, cli, settings, err);
}

void
occ_commit_fields_clear(struct occ_commit_fields *fields)
{
    for (size_t i = 0; i < OCC_COMMIT_SIGNED_VALUES; i++) {
        occ_buf_clear(&fields->values[i]);
    }
    occ_buf_clear(&fields->slot_id);
    occ_buf_clear(&fields->chain_buf);
    occ_json_free(fields->slot_root);
    occ_p256_free(fields->actor);
    *fields = (struct occ_commit_fields){ 0 };
}

/* ---- the request ---- */

void
occ_commit_fields_put(const struct occ_commit_fields *fields, struct occ_buf *buf)
{
    if (fields->chain_id != NULL) {
        occ_buf_put_format(buf, ",\"chainId\":\"%s\"", fields->chain_id);
    }
    for (size_t i = 0; i < OCC_COMMIT_SIGNED_VALUES; i++) {
        if (fields->values[i].len > 0) {
            occ_buf_put_format(buf, ",\"%s\":", values[i].name);
            occ_buf_put(buf, occ_buf_view(&fields->values[i]));
        }
    }
}

size_t
occ_commit_fields_request_len(const struct occ_commit_fields *fields)
{
    size_t len = fields->slot_id.len;
    for (size_t i = 0; i < OCC_COMMIT_SIGNED_VALUES; i++) {
        len += fields->values[i].len;
    }
    return len;
}

size_t
occ_commit_fields_digest_len(const struct occ_commit_fields *fields)
{
    return fields->actor == NULL ? 0 : AGENCY_LEN;
}

size_t
occ_commit_fields_proof_len(const struct occ_commit_fields *fields)
{
    return occ_commit_fields_request_len(fields) + occ_commit_fields_digest_len(fields);
}

/* ---- the proofs ---- */

/* Whether a member's canonical text is expected; empty = the member is to be absent. */
static bool
member_is(const struct occ_json *object, const char *name, struct occ_bytes expected)
{
    OCC_BUF_AUTO(found, OCC_LIMIT_CANONICAL_LEN);
    const struct occ_json *value = occ_json_get(object, name);
    if (value != NULL) {
        occ_canonical_put(&found, value);
    }
    return occ_is_ok(occ_buf_check(&found)) && occ_bytes_equal(occ_buf_view(&found), expected);
}

static bool
slot_is_as_asked(const struct occ_commit_fields *fields, const struct occ_json *proof)
{
    if (fields->slot_id.len == 0) {
        return occ_json_get(proof, "slotAllocation") == NULL;
    }
    if (fields->slot == NULL) {
        return occ_json_get(proof, "slotAllocation") != NULL;
    }
    OCC_BUF_AUTO(slot, OCC_LIMIT_CANONICAL_LEN);
    occ_canonical_put(&slot, fields->slot);
    return occ_is_ok(occ_buf_check(&slot)) && member_is(proof, "slotAllocation", occ_buf_view(&slot));
}

struct occ_result
occ_commit_fields_check(const struct occ_commit_fields *fields, struct occ_bytes agency, const struct occ_json *proof,
                        const char **ret_what)
{
    const char *wrong = NULL;
    const struct occ_bytes chain = occ_json_string(occ_json_get(occ_json_get(proof, "commit"), "chainId"));
    if (!occ_bytes_equal(chain, occ_bytes_str(fields->chain_id))) {
        wrong = "chain";
    } else if (!slot_is_as_asked(fields, proof)) {
        wrong = "slot";
    } else if (!member_is(proof, "agency", agency)) {
        wrong = "agency";
    }
    for (size_t i = 0; i < OCC_COMMIT_SIGNED_VALUES && wrong == NULL; i++) {
        const struct occ_bytes expected = occ_buf_view(&fields->values[i]);
        if ((expected.len > 0 || !values[i].only_if_given) && !member_is(proof, values[i].name, expected)) {
            wrong = values[i].name;
        }
    }
    if (wrong == NULL) {
        return occ_success();
    }
    *ret_what = wrong;
    return occ_result_of(OCC_ERR_PROOF_STRUCTURE);
}
