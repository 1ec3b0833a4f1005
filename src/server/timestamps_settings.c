/* timestamps_settings.c — see timestamps_settings.h. */
#include "server/timestamps_settings.h"

#include <stdlib.h>

#include "crypto/secret.h"
#include "net/http_client.h"

/* Twice in the list it would be asked twice for one quorum; what is shown also tells them apart in proofs and metrics. */
static OCC_RESULT
check_is_new(const struct occ_timestamps_settings *to, struct occ_error *err)
{
    const size_t last = to->count - 1;
    for (size_t i = 0; i < last; i++) {
        if (strcmp(to->authorities[i].shown, to->authorities[last].shown) == 0) {
            return occ_error_set(err, OCC_ERR_USAGE, "--tsa: entry %zu is %s, as entry %zu, expected another authority",
                                 last + 1, to->authorities[last].shown, i + 1);
        }
    }
    return occ_success();
}

static OCC_RESULT
add_authority(struct occ_timestamps_settings *to, struct occ_bytes url, struct occ_error *err)
{
    if (to->count == OCC_LIMIT_TSA_AUTHORITIES) {
        return occ_error_set(err, OCC_ERR_USAGE, "--tsa: more than %d authorities", OCC_LIMIT_TSA_AUTHORITIES);
    }
    if (url.len == 0 || url.len > OCC_LIMIT_TSA_URL_LEN) {
        return occ_error_set(err, OCC_ERR_USAGE, "--tsa: entry %zu has %zu bytes, expected a URL of at most %d",
                             to->count + 1, url.len, OCC_LIMIT_TSA_URL_LEN);
    }
    char *text = strndup((const char *)url.ptr, url.len);
    if (text == NULL) {
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    to->authorities[to->count].url = text;
    to->authorities[to->count].shown = NULL;
    to->count++;
    struct occ_buf shown = OCC_BUF_INIT(2 * OCC_LIMIT_TSA_URL_LEN);
    struct occ_error why = { 0 };
    struct occ_result result = occ_http_client_show_url(text, &why, &shown);
    if (occ_is_ok(result)) {
        occ_buf_put_byte(&shown, '\0');
        result = occ_buf_check(&shown);
    }
    to->authorities[to->count - 1].shown = (char *)shown.ptr;
    if (!occ_is_ok(result)) {
        const bool is_wrong = result.code != OCC_ERR_NOMEM;
        return occ_error_set(err, is_wrong ? OCC_ERR_USAGE : OCC_ERR_NOMEM, "--tsa: entry %zu: %s", to->count,
                             why.text[0] == '\0' ? occ_result_text(result.code) : why.text);
    }
    return check_is_new(to, err);
}

static OCC_RESULT
read_authorities(const char *text, struct occ_error *err, struct occ_timestamps_settings *to)
{
    for (;;) {
        const size_t len = strcspn(text, ",");
        OCC_TRY(add_authority(to, occ_bytes_of(text, len), err));
        if (text[len] == '\0') {
            return occ_success();
        }
        text += len + 1;
    }
}

/* Asked for timestamps in detail, and nobody to give them: a mistake that would otherwise show when it is too late. */
static OCC_RESULT
check_none(const struct occ_settings *settings, struct occ_error *err)
{
    static const char *const names[] = { "tsa-quorum", "tsa-wait", "tsa-timeout", "tsa-parallel", "tsa-rate" };
    const char *needs = occ_settings_switch(settings, "tsa-proof")      ? "tsa-proof"
                        : occ_settings_switch(settings, "tsa-required") ? "tsa-required"
                                                                        : NULL;
    for (size_t i = 0; i < sizeof names / sizeof names[0] && needs == NULL; i++) {
        needs = occ_settings_is_set(settings, names[i]) ? names[i] : NULL;
    }
    if (needs != NULL) {
        return occ_error_set(err, OCC_ERR_USAGE, "--%s: there is no timestamp authority, expected --tsa", needs);
    }
    return occ_success();
}

struct occ_result
occ_timestamps_settings_read(const struct occ_settings *settings, struct occ_error *err,
                             struct occ_timestamps_settings *ret)
{
    const char *list = occ_settings_text(settings, "tsa");
    *ret = (struct occ_timestamps_settings){ .quorum = (size_t)occ_settings_number(settings, "tsa-quorum"),
                                             .proof = occ_settings_switch(settings, "tsa-proof"),
                                             .required = occ_settings_switch(settings, "tsa-required"),
                                             .wait_ms = occ_settings_number(settings, "tsa-wait"),
                                             .timeout_ms = occ_settings_number(settings, "tsa-timeout"),
                                             .parallel = occ_settings_number(settings, "tsa-parallel"),
                                             .rate = occ_settings_number(settings, "tsa-rate") };
    if (list == NULL) {
        return check_none(settings, err);
    }
    OCC_TRY(read_authorities(list, err, ret));
    if (ret->quorum > ret->count) {
        return occ_error_set(err, OCC_ERR_USAGE, "--tsa-quorum: %zu, expected at most the number of authorities, %zu",
                             ret->quorum, ret->count);
    }
    if (ret->required && ret->wait_ms == 0) {
        return occ_error_set(err, OCC_ERR_USAGE, "--tsa-required: with --tsa-wait 0s no token could ever be in time");
    }
    return occ_success();
}

void
occ_timestamps_settings_clear(struct occ_timestamps_settings *settings)
{
    for (size_t i = 0; i < settings->count; i++) {
        occ_secret_wipe(settings->authorities[i].url, strlen(settings->authorities[i].url));
        free(settings->authorities[i].url);
        free(settings->authorities[i].shown);
    }
    *settings = (struct occ_timestamps_settings){ 0 };
}
