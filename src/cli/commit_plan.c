#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "cli/commit.h"
#include "codec/canonical.h"
#include "proof/value.h"

enum {
    LONGEST_PATH = 16 << 10,
    LONGEST_AGENCY = 4096,
    ACTOR_BATCH = 100 /* challenges that are asked for before the first of them is used: they live for a minute */
};

static const char suffix[] = ".proof.json";

/* ---- which items ---- */

static OCC_RESULT
check_use(const struct occ_settings *settings, struct occ_error *err)
{
    const size_t files = occ_settings_argument_count(settings);
    const bool digest = occ_settings_text(settings, "digest") != NULL;
    if (files == 0 && !digest) {
        return occ_error_set(err, OCC_ERR_USAGE, "no FILE, expected at least one (\"-\" is standard input)");
    }
    if (files > 0 && digest) {
        return occ_error_set(err, OCC_ERR_USAGE, "--digest and FILE, expected one of them");
    }
    if (files > 1 && occ_settings_text(settings, "slot") != NULL) {
        return occ_error_set(err, OCC_ERR_USAGE, "--slot with %zu files, expected one: a slot is for one digest",
                             files);
    }
    if (files > 1 && occ_settings_text(settings, "output") != NULL) {
        return occ_error_set(err, OCC_ERR_USAGE, "--output with %zu files, expected one", files);
    }
    size_t from_stdin = 0;
    for (size_t i = 0; i < files; i++) {
        from_stdin += strcmp(occ_settings_argument(settings, i), "-") == 0 ? 1 : 0;
    }
    if (from_stdin > 1) {
        return occ_error_set(err, OCC_ERR_USAGE, "\"-\" %zu times, expected once", from_stdin);
    }
    if (occ_settings_switch(settings, "file-name") && (digest || from_stdin > 0)) {
        return occ_error_set(err, OCC_ERR_USAGE, "--file-name, but %s has no file name",
                             digest ? "--digest" : "standard input");
    }
    return occ_success();
}

/* The output of one item: --output, else FILE.proof.json, else (standard input, --digest) standard output. */
static OCC_RESULT
name_output(struct occ_commit_item *item, const char *output, struct occ_error *err)
{
    if (output != NULL && strcmp(output, "-") == 0) {
        return occ_success();
    }
    OCC_BUF_AUTO(path, LONGEST_PATH);
    if (output != NULL) {
        occ_buf_put_str(&path, output);
    } else if (item->file != NULL && strcmp(item->file, "-") != 0) {
        occ_buf_put_format(&path, "%s%s", item->file, suffix);
    } else {
        return occ_success();
    }
    const struct occ_result named = occ_buf_check(&path);
    item->output = occ_is_ok(named) ? strndup((const char *)path.ptr, path.len) : NULL;
    return item->output == NULL ? occ_error_code(err, OCC_ERR_NOMEM) : occ_success();
}

/* ---- whether the proof can be written ---- */

/* Where a proof goes, however its path is written. */
struct place {
    dev_t device; /* of the folder */
    ino_t inode;  /* of the folder */
    const char *name;
    const char *path; /* for messages */
};

/* Finds the folder of path, and whether it can be written. */
static OCC_RESULT
check_folder(const char *path, struct occ_error *err, struct place *ret_place)
{
    const char *slash = strrchr(path, '/');
    OCC_BUF_AUTO(folder, LONGEST_PATH);
    occ_buf_put(&folder, slash == NULL ? occ_bytes_str(".") : occ_bytes_of(path, (size_t)(slash - path) + 1));
    occ_buf_put_byte(&folder, 0);
    OCC_TRY(occ_buf_check(&folder));
    struct stat status;
    if (access((const char *)folder.ptr, W_OK | X_OK) != 0 || stat((const char *)folder.ptr, &status) != 0) {
        const int reason = errno;
        char text[128];
        return occ_error_set(err, OCC_ERR_DENIED, "%s: cannot be written, its folder: %s", path,
                             strerror_r(reason, text, sizeof text));
    }
    *ret_place = (struct place){
        .device = status.st_dev, .inode = status.st_ino, .name = slash == NULL ? path : slash + 1, .path = path
    };
    return occ_success();
}

static OCC_RESULT
check_output(const char *path, bool force, struct occ_error *err, struct place *ret_place)
{
    struct stat status;
    if (lstat(path, &status) == 0) {
        if (!S_ISREG(status.st_mode) && !S_ISLNK(status.st_mode)) {
            return occ_error_set(err, OCC_ERR_USAGE, "%s: exists and is not a file, it is never replaced", path);
        }
        if (!force) {
            return occ_error_set(err, OCC_ERR_USAGE, "%s: exists already, --force replaces it", path);
        }
    }
    return check_folder(path, err, ret_place);
}

static int
compare_places(const void *a, const void *b)
{
    const struct place *one = a;
    const struct place *other = b;
    if (one->device != other->device) {
        return one->device < other->device ? -1 : 1;
    }
    if (one->inode != other->inode) {
        return one->inode < other->inode ? -1 : 1;
    }
    return strcmp(one->name, other->name);
}

/* places has room for the plan's items. */
static OCC_RESULT
check_places(const struct occ_commit_plan *plan, struct place *places, struct occ_error *err)
{
    size_t count = 0;
    for (size_t i = 0; i < plan->count; i++) {
        if (plan->items[i].output != NULL) {
            OCC_TRY(check_output(plan->items[i].output, plan->force, err, &places[count]));
            count++;
        }
    }
    qsort(places, count, sizeof *places, compare_places);
    for (size_t i = 1; i < count; i++) {
        if (compare_places(&places[i - 1], &places[i]) == 0) {
            return occ_error_set(err, OCC_ERR_USAGE, "%s: two proofs for one file, expected each FILE once",
                                 places[i].path);
        }
    }
    return occ_success();
}

/* Each output can be written, and no two are one file: that would lose a proof. */
static OCC_RESULT
check_outputs(const struct occ_commit_plan *plan, struct occ_error *err)
{
    struct place *places = calloc(plan->count, sizeof *places);
    if (places == NULL) {
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    const struct occ_result checked = check_places(plan, places, err);
    free(places);
    return checked;
}

/* ---- metadata ---- */

/* Puts the canonical text of text, an object, into buf. */
static OCC_RESULT
put_metadata(struct occ_bytes text, struct occ_error *err, struct occ_buf *buf)
{
    __attribute__((cleanup(occ_json_cleanup))) struct occ_json *value = NULL;
    OCC_TRY(occ_json_parse(text, OCC_LIMIT_JSON_DEPTH, err, &value));
    return occ_value_put_metadata(value, "--metadata", err, buf);
}

/* base: canonical text of an object or nothing; with "fileName" added. */
static OCC_RESULT
put_file_name(const struct occ_commit_item *item, struct occ_bytes base, struct occ_error *err, struct occ_buf *buf)
{
    const char *slash = strrchr(item->file, '/');
    const char *name = slash == NULL ? item->file : slash + 1;
    if (!occ_bytes_is_utf8(occ_bytes_str(name))) {
        return occ_error_set(err, OCC_ERR_USAGE, "--file-name: \"%s\" is not valid UTF-8", item->file);
    }
    OCC_BUF_AUTO(text, OCC_LIMIT_POLICY_LEN);
    occ_buf_put_str(&text, "{");
    if (base.len > 0) {
        occ_buf_put(&text, occ_bytes_of(base.ptr + 1, base.len - 2));
        occ_buf_put_str(&text, ",");
    }
    occ_buf_put_str(&text, "\"fileName\":");
    occ_canonical_put_string(&text, occ_bytes_str(name));
    occ_buf_put_str(&text, "}");
    OCC_TRY(occ_buf_check(&text));
    return put_metadata(occ_buf_view(&text), err, buf);
}

static OCC_RESULT
make_metadata(struct occ_commit_plan *plan, const struct occ_settings *settings, struct occ_error *err)
{
    const char *given = occ_settings_text(settings, "metadata");
    const bool file_name = occ_settings_switch(settings, "file-name");
    OCC_BUF_AUTO(base, OCC_LIMIT_VALUE_LEN + 1);
    if (given != NULL) {
        __attribute__((cleanup(occ_json_cleanup))) struct occ_json *value = NULL;
        OCC_TRY(occ_input_json_flag("--metadata", given, false, err, &value));
        if (file_name && occ_json_get(value, "fileName") != NULL) {
            return occ_error_set(err, OCC_ERR_USAGE, "--file-name, but --metadata has a \"fileName\" already");
        }
        OCC_TRY(occ_value_put_metadata(value, "--metadata", err, &base));
    }
    plan->shared_metadata = !file_name || plan->count == 1;
    for (size_t i = 0; i < plan->count; i++) {
        struct occ_commit_item *item = &plan->items[i];
        if (file_name) {
            OCC_TRY(put_file_name(item, occ_buf_view(&base), err, &item->metadata));
        } else {
            occ_buf_put(&item->metadata, occ_buf_view(&base));
        }
        const struct occ_result put = occ_buf_check(&item->metadata);
        if (!occ_is_ok(put)) {
            return occ_error_code(err, put.code);
        }
    }
    return occ_success();
}

/* ---- the plan ---- */

static OCC_RESULT
make_items(struct occ_commit_plan *plan, const struct occ_settings *settings, struct occ_error *err)
{
    const size_t files = occ_settings_argument_count(settings);
    const size_t count = files == 0 ? 1 : files;
    plan->items = calloc(count, sizeof *plan->items);
    if (plan->items == NULL) {
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    plan->count = count;
    for (size_t i = 0; i < count; i++) {
        struct occ_commit_item *item = &plan->items[i];
        item->file = occ_settings_argument(settings, i);
        item->metadata = OCC_BUF_INIT(OCC_LIMIT_VALUE_LEN + 1);
        item->agency = OCC_BUF_INIT(LONGEST_AGENCY);
        OCC_TRY(name_output(item, occ_settings_text(settings, "output"), err));
    }
    return check_outputs(plan, err);
}

/* A key that the caller chose is for one request, and for that request again: so it must be the same another time. */
static OCC_RESULT
take_idempotency_key(struct occ_commit_plan *plan, const struct occ_settings *settings, struct occ_error *err)
{
    const char *key = occ_settings_text(settings, "idempotency-key");
    if (key == NULL) {
        return occ_success();
    }
    const size_t len = strlen(key);
    for (size_t i = 0; i < len; i++) {
        if (key[i] <= ' ' || key[i] >= 0x7f || len > OCC_LIMIT_REPEAT_KEY_LEN) {
            return occ_error_set(err, OCC_ERR_USAGE, "--idempotency-key: expected 1 to %d visible ASCII characters",
                                 OCC_LIMIT_REPEAT_KEY_LEN);
        }
    }
    if (plan->fields.actor != NULL) {
        return occ_error_set(err, OCC_ERR_USAGE,
                             "--idempotency-key with --actor-key: a new challenge makes each request another one");
    }
    if (occ_commit_batch(plan, 0) < plan->count) {
        return occ_error_set(err, OCC_ERR_USAGE, "--idempotency-key: %zu files are more than one request", plan->count);
    }
    plan->idempotency_key = key;
    return occ_success();
}

struct occ_result
occ_commit_plan_init(struct occ_commit_plan *plan, const struct occ_cli *cli, const struct occ_settings *settings,
                     struct occ_error *err)
{
    plan->force = occ_settings_switch(settings, "force");
    plan->batch = (size_t)occ_settings_number(settings, "batch");
    OCC_TRY(check_use(settings, err));
    OCC_TRY(make_items(plan, settings, err));
    OCC_TRY(make_metadata(plan, settings, err));
    OCC_TRY(occ_commit_fields_init(&plan->fields, cli, settings, err));
    plan->batch = plan->fields.actor != NULL && plan->batch > ACTOR_BATCH ? ACTOR_BATCH : plan->batch;
    OCC_TRY(take_idempotency_key(plan, settings, err));
    const char *digest = occ_settings_text(settings, "digest");
    if (digest != NULL) {
        return occ_input_digest(digest, err, plan->items[0].hash.digest);
    }
    for (size_t i = 0; i < plan->count; i++) {
        OCC_TRY(occ_input_hash_file(cli, plan->items[i].file, err, &plan->items[i].hash));
    }
    return occ_success();
}

void
occ_commit_plan_clear(struct occ_commit_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        free(plan->items[i].output);
        occ_buf_clear(&plan->items[i].metadata);
        occ_buf_clear(&plan->items[i].agency);
    }
    occ_commit_fields_clear(&plan->fields);
    free(plan->items);
    *plan = (struct occ_commit_plan){ 0 };
}
