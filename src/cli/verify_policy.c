#include "cli/verify_policy.h"

#include "base/base64.h"
#include "base/limits.h"
#include "cli/input.h"
#include "codec/canonical.h"

enum { PUBLIC_KEY_LEN = 32 };

static void
put_member(struct occ_buf *buf, const char *name)
{
    occ_buf_put_str(buf, buf->len == 0 ? "{\"" : ",\"");
    occ_buf_put_format(buf, "%s\":", name);
}

/* "a,b" as ["a","b"]. key: each is the base64 of a public key, so that a typing mistake is told. */
static OCC_RESULT
put_list(struct occ_buf *buf, const char *flag, const char *words, bool key, struct occ_error *err)
{
    const char *word = words;
    for (;;) {
        const struct occ_bytes entry = occ_bytes_of(word, strcspn(word, ","));
        if (entry.len == 0) {
            return occ_error_set(err, OCC_ERR_USAGE, "%s: an empty entry between commas", flag);
        }
        size_t len = 0;
        if (key && (!occ_is_ok(occ_base64_check(entry, &len)) || len != PUBLIC_KEY_LEN)) {
            return occ_error_set(err, OCC_ERR_USAGE, "%s: \"%.*s\" is not the base64 of 32 bytes", flag,
                                 (int)(entry.len > 60 ? 60 : entry.len), word);
        }
        if (!occ_bytes_is_utf8(entry)) {
            return occ_error_set(err, OCC_ERR_USAGE, "%s: not valid UTF-8", flag);
        }
        occ_buf_put_str(buf, word == words ? "[" : ",");
        occ_canonical_put_string(buf, entry);
        word += entry.len;
        if (*word == '\0') {
            occ_buf_put_byte(buf, ']');
            return occ_success();
        }
        word++;
    }
}

struct occ_result
occ_verify_policy_read(const struct occ_settings *settings, struct occ_error *err, struct occ_json **ret_policy)
{
    const char *policy = occ_settings_text(settings, "policy");
    const char *enforcement = occ_settings_text(settings, "require-enforcement");
    const char *keys = occ_settings_text(settings, "allow-key");
    const char *measurements = occ_settings_text(settings, "allow-measurement");
    if (policy != NULL) {
        if (enforcement != NULL || keys != NULL || measurements != NULL) {
            return occ_error_set(err, OCC_ERR_USAGE,
                                 "--policy and --require-enforcement, --allow-key or --allow-measurement: "
                                 "put all of it into the policy");
        }
        return occ_input_json_flag("--policy", policy, true, err, ret_policy);
    }
    if (enforcement == NULL && keys == NULL && measurements == NULL) {
        *ret_policy = NULL;
        return occ_success();
    }
    OCC_BUF_AUTO(text, OCC_LIMIT_POLICY_LEN);
    if (enforcement != NULL) {
        put_member(&text, "requireEnforcement");
        occ_canonical_put_string(&text, occ_bytes_str(enforcement));
    }
    if (measurements != NULL) {
        put_member(&text, "allowedMeasurements");
        OCC_TRY(put_list(&text, "--allow-measurement", measurements, false, err));
    }
    if (keys != NULL) {
        put_member(&text, "allowedPublicKeys");
        OCC_TRY(put_list(&text, "--allow-key", keys, true, err));
    }
    occ_buf_put_byte(&text, '}');
    const struct occ_result written = occ_buf_check(&text);
    return occ_is_ok(written) ? occ_json_parse(occ_buf_view(&text), OCC_LIMIT_JSON_DEPTH, err, ret_policy)
                              : occ_error_code(err, written.code);
}
