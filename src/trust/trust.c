/* trust.c — see trust.h. */
#include "trust/trust.h"

#include <stdlib.h>

#include "base/limits.h"
#include "os/file.h"
#include "os/folder.h"
#include "settings/names.h"

enum { LIST_LEN_MAX = 64 << 10 };

/* A setting "a,b,c", split: text is cut at its commas, names point into it. */
struct list {
    struct occ_buf text;
    const char *names[OCC_LIMIT_VERIFIER_NAMES];
    size_t count;
};

/* Letters, digits, '.', '-' and '_': a host's name. */
static OCC_RESULT
check_names(const struct list *list, const char *flag, bool (*is_good)(const char *text), const char *expected,
            struct occ_error *err)
{
    for (size_t i = 0; i < list->count; i++) {
        if (!is_good(list->names[i])) {
            return occ_error_set(err, OCC_ERR_USAGE, "%s: \"%s\", expected %s", flag, list->names[i], expected);
        }
    }
    return occ_success();
}

static OCC_RESULT
split(const char *setting, const char *flag, struct occ_error *err, struct list *list)
{
    if (setting == NULL) {
        return occ_success();
    }
    occ_buf_put_str(&list->text, setting);
    occ_buf_put_byte(&list->text, '\0');
    const struct occ_result copied = occ_buf_check(&list->text);
    if (!occ_is_ok(copied)) {
        return occ_error_set(err, copied.code == OCC_ERR_LIMIT ? OCC_ERR_USAGE : copied.code, "%s: too long", flag);
    }
    char *at = (char *)list->text.ptr;
    for (;;) {
        const size_t len = strcspn(at, ",");
        if (len == 0) {
            return occ_error_set(err, OCC_ERR_USAGE, "%s: an empty entry between commas", flag);
        }
        if (list->count == OCC_LIMIT_VERIFIER_NAMES) {
            return occ_error_set(err, OCC_ERR_USAGE, "%s: more than %d entries", flag, OCC_LIMIT_VERIFIER_NAMES);
        }
        list->names[list->count] = at;
        list->count++;
        if (at[len] == '\0') {
            return occ_success();
        }
        at[len] = '\0';
        at += len + 1;
    }
}

/* Reads the file (or, if there are endings, folder) that a setting names into buf; nothing if it is not set. */
static OCC_RESULT
read_roots(const char *path, const char *flag, const char *const *endings, struct occ_error *err, struct occ_buf *buf)
{
    if (path == NULL) {
        return occ_success();
    }
    struct occ_error why = { 0 };
    const struct occ_result read =
        endings == NULL ? occ_file_read(path, &why, buf) : occ_folder_read(path, endings, &why, buf);
    if (occ_is_ok(read)) {
        return read;
    }
    return occ_error_set(err, read.code == OCC_ERR_LIMIT ? OCC_ERR_USAGE : read.code, "%s: %s", flag, why.text);
}

/* What was read: NULL only if the setting is not there. A file that is empty is not the default. */
static const void *
content_of(const struct occ_settings *settings, const char *name, const struct occ_buf *buf)
{
    if (occ_settings_text(settings, name) == NULL) {
        return NULL;
    }
    return buf->ptr == NULL ? (const void *)"" : buf->ptr;
}

/* What the library calls "nitro root: …" is the file that a setting names. */
static OCC_RESULT
refuse(const struct occ_settings *settings, enum occ_err code, const char *why, struct occ_error *err)
{
    static const struct {
        const char *begin, *name;
    } files[] = { { "nitro root: ", "nitro-root" },
                  { "simulated nitro root: ", "sim-nitro-root" },
                  { "timestamp roots: ", "tsa-roots" } };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        const char *path = occ_settings_text(settings, files[i].name);
        if (path != NULL && occ_bytes_starts(occ_bytes_str(why), files[i].begin)) {
            return occ_error_set(err, code, "--%s: %s: %s", files[i].name, path, why + strlen(files[i].begin));
        }
    }
    return occ_error_set(err, code, "%s", why);
}

static OCC_RESULT
make(const struct occ_settings *settings, const struct occ_verifier_options *options, struct occ_error *err,
     occ_verifier **ret_verifier)
{
    struct occ_error why = { 0 };
    const struct occ_result made = occ_verifier_make(options, &why, ret_verifier);
    if (occ_is_ok(made)) {
        return made;
    }
    /* What the operator or user wrote wrongly is wrong use, whatever the library calls it. */
    const enum occ_err code = made.code == OCC_ERR_NOMEM || made.code == OCC_ERR_RANDOM ? made.code : OCC_ERR_USAGE;
    return refuse(settings, code, why.text, err);
}

struct occ_result
occ_trust_verifier(const struct occ_settings *settings, struct occ_error *err, occ_verifier **ret_verifier)
{
    OCC_BUF_AUTO(nitro, OCC_LIMIT_ROOTS_LEN);
    OCC_BUF_AUTO(sim_nitro, OCC_LIMIT_ROOTS_LEN);
    OCC_BUF_AUTO(roots, OCC_LIMIT_ROOTS_LEN);
    static const char *const endings[] = { ".pem", ".crt", ".cer", NULL };
    OCC_TRY(read_roots(occ_settings_text(settings, "nitro-root"), "--nitro-root", NULL, err, &nitro));
    OCC_TRY(read_roots(occ_settings_text(settings, "sim-nitro-root"), "--sim-nitro-root", NULL, err, &sim_nitro));
    OCC_TRY(read_roots(occ_settings_text(settings, "tsa-roots"), "--tsa-roots", endings, err, &roots));
    struct list rp_ids = { .text = OCC_BUF_INIT(LIST_LEN_MAX) };
    struct list origins = { .text = OCC_BUF_INIT(LIST_LEN_MAX) };
    struct occ_result result = split(occ_settings_text(settings, "rp-id"), "--rp-id", err, &rp_ids);
    if (occ_is_ok(result)) {
        result = split(occ_settings_text(settings, "origin"), "--origin", err, &origins);
    }
    if (occ_is_ok(result)) {
        result = check_names(&rp_ids, "--rp-id", occ_names_is_rp_id, OCC_NAMES_RP_ID_EXPECTED, err);
    }
    if (occ_is_ok(result)) {
        result = check_names(&origins, "--origin", occ_names_is_origin, OCC_NAMES_ORIGIN_EXPECTED, err);
    }
    if (occ_is_ok(result)) {
        const struct occ_verifier_options options = {
            .size = sizeof options,
            .nitro_root = content_of(settings, "nitro-root", &nitro),
            .nitro_root_len = nitro.len,
            .sim_nitro_root = content_of(settings, "sim-nitro-root", &sim_nitro),
            .sim_nitro_root_len = sim_nitro.len,
            .tsa_roots = content_of(settings, "tsa-roots", &roots),
            .tsa_roots_len = roots.len,
            .rp_ids = rp_ids.names,
            .rp_id_count = rp_ids.count,
            .origins = origins.names,
            .origin_count = origins.count,
        };
        result = make(settings, &options, err, ret_verifier);
    }
    occ_buf_clear(&rp_ids.text);
    occ_buf_clear(&origins.text);
    return result;
}
