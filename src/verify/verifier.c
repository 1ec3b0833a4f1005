/* verifier.c — makes a verifier from the caller's options. See <occ/verify.h>. */
#include "verify/verifier.h"

#include <stdlib.h>

#include "base/limits.h"
#include "crypto/errors.h"
#include "crypto/ready.h"
#include "crypto/secret.h"
#include "evidence/nitro.h"
#include "verify/verify.h"

/* struct occ_verifier_options as its first version was: its size, and nothing else. */
enum { FIRST_OPTIONS = sizeof(size_t) };

struct occ_result
occ_verifier_take_struct(const void *given, size_t first, size_t known, void *ret)
{
    size_t size;
    memcpy(&size, given, sizeof size);
    OCC_ENSURE(size >= first && size <= OCC_LIMIT_STRUCT_LEN, OCC_ERR_USAGE);
    for (size_t i = known; i < size; i++) {
        OCC_ENSURE(((const uint8_t *)given)[i] == 0, OCC_ERR_UNSUPPORTED);
    }
    memset(ret, 0, known);
    memcpy(ret, given, size < known ? size : known);
    return occ_success();
}

static OCC_RESULT
make_root(struct occ_bytes der_or_pem, struct occ_error *why, struct occ_checks_root *ret_root)
{
    /* Freed with the verifier, failed or not. */
    OCC_TRY(occ_path_trust_new_known(der_or_pem, occ_nitro_aws_root_sha256, why, &ret_root->path));
    const struct occ_result made = occ_seen_new(OCC_LIMIT_NITRO_DOCUMENTS, &ret_root->documents);
    return occ_is_ok(made) ? made : occ_error_code(why, made.code);
}

static void
free_root(struct occ_checks_root *root)
{
    occ_path_trust_free(root->path);
    occ_seen_free(root->documents);
}

static bool
is_aws(const struct occ_path_trust *trust)
{
    return memcmp(occ_path_trust_fingerprint(trust), occ_nitro_aws_root_sha256, OCC_SHA256_LEN) == 0;
}

/* A root of its own: what a real machine signs is never taken for simulated, nor the other way round. */
static OCC_RESULT
take_sim_nitro_root(const struct occ_verifier_options *options, struct occ_error *err, struct occ_checks_trust *trust)
{
    if (options->sim_nitro_root == NULL) {
        return occ_success();
    }
    struct occ_error why = { 0 };
    const struct occ_bytes root = occ_bytes_of(options->sim_nitro_root, options->sim_nitro_root_len);
    const struct occ_result made = make_root(root, &why, &trust->sim_nitro);
    if (!occ_is_ok(made)) {
        return occ_error_set(err, made.code, "simulated nitro root: %s", why.text);
    }
    const uint8_t *fingerprint = occ_path_trust_fingerprint(trust->sim_nitro.path);
    const bool same = memcmp(fingerprint, occ_path_trust_fingerprint(trust->nitro.path), OCC_SHA256_LEN) == 0;
    if (same || is_aws(trust->sim_nitro.path)) {
        return occ_error_set(err, OCC_ERR_FIELD_VALUE, "simulated nitro root: %s, expected one of the simulation's own",
                             same ? "the root of Nitro documents" : "AWS's");
    }
    return occ_success();
}

static OCC_RESULT
take_roots(const struct occ_verifier_options *options, struct occ_error *err, struct occ_checks_trust *trust)
{
    struct occ_error why = { 0 };
    trust->nitro_is_aws = options->nitro_root == NULL;
    const struct occ_bytes root =
        trust->nitro_is_aws ? occ_nitro_aws_root() : occ_bytes_of(options->nitro_root, options->nitro_root_len);
    const struct occ_result nitro = make_root(root, &why, &trust->nitro);
    if (!occ_is_ok(nitro)) {
        return occ_error_set(err, nitro.code, "nitro root: %s", why.text);
    }
    /* A root that is AWS's is AWS's, whoever gave it. */
    trust->nitro_is_aws = is_aws(trust->nitro.path);
    OCC_TRY(take_sim_nitro_root(options, err, trust));
    if (options->tsa_roots == NULL) {
        const struct occ_result none = occ_timestamp_roots_none(&trust->timestamps);
        return occ_is_ok(none) ? none : occ_error_code(err, none.code);
    }
    const struct occ_bytes pem = occ_bytes_of(options->tsa_roots, options->tsa_roots_len);
    const struct occ_result timestamps = occ_timestamp_roots_new(pem, &why, &trust->timestamps);
    return occ_is_ok(timestamps) ? timestamps : occ_error_set(err, timestamps.code, "timestamp roots: %s", why.text);
}

/* A list of the caller's. */
struct list {
    const char *const *names;
    size_t count;
};

static OCC_RESULT
measure_list(const struct list *list, size_t *total)
{
    OCC_ENSURE(list->count <= OCC_LIMIT_VERIFIER_NAMES && (list->count == 0 || list->names != NULL), OCC_ERR_LIMIT);
    for (size_t i = 0; i < list->count; i++) {
        OCC_ENSURE(list->names[i] != NULL && list->names[i][0] != '\0', OCC_ERR_FIELD_VALUE);
        *total += sizeof(char *) + strlen(list->names[i]) + 1;
    }
    return occ_success();
}

/* Copies a list: its pointers to *at_pointers, its texts to *at_text, both of which move on. */
static struct occ_webauthn_names
copy_list(const struct list *list, const char ***at_pointers, char **at_text)
{
    const struct occ_webauthn_names copy = { .names = *at_pointers, .count = list->count };
    for (size_t i = 0; i < list->count; i++) {
        const size_t size = strlen(list->names[i]) + 1;
        memcpy(*at_text, list->names[i], size);
        **at_pointers = *at_text;
        (*at_pointers)++;
        *at_text += size;
    }
    return copy;
}

/* Both lists in one piece of memory: first all pointers, then all texts. */
static OCC_RESULT
take_names(const struct occ_verifier_options *options, occ_verifier *verifier)
{
    const struct list rp_ids = { options->rp_ids, options->rp_id_count };
    const struct list origins = { options->origins, options->origin_count };
    size_t total = 0;
    OCC_TRY(measure_list(&rp_ids, &total));
    OCC_TRY(measure_list(&origins, &total));
    if (total == 0) {
        return occ_success();
    }
    verifier->names = malloc(total);
    OCC_ENSURE(verifier->names != NULL, OCC_ERR_NOMEM);
    const char **pointers = (const char **)(void *)verifier->names;
    char *text = (char *)(pointers + rp_ids.count + origins.count);
    verifier->trust.rp_ids = copy_list(&rp_ids, &pointers, &text);
    verifier->trust.origins = copy_list(&origins, &pointers, &text);
    return occ_success();
}

static void
free_verifier(occ_verifier **verifier)
{
    occ_verifier_free(*verifier);
}

struct occ_result
occ_verifier_make(const struct occ_verifier_options *options, struct occ_error *err, occ_verifier **ret_verifier)
{
    struct occ_verifier_options known = { 0 };
    if (options != NULL) {
        const struct occ_result taken = occ_verifier_take_struct(options, FIRST_OPTIONS, sizeof known, &known);
        if (!occ_is_ok(taken)) {
            return occ_error_code(err, taken.code);
        }
    }
    occ_json_init();
    const struct occ_result ready = occ_secret_init();
    if (!occ_is_ok(ready)) {
        return occ_error_code(err, ready.code);
    }
    OCC_TRY(occ_ready_check(err));
    __attribute__((cleanup(free_verifier))) occ_verifier *verifier = calloc(1, sizeof *verifier);
    if (verifier == NULL) {
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    OCC_TRY(take_roots(&known, err, &verifier->trust));
    const struct occ_result named = take_names(&known, verifier);
    if (!occ_is_ok(named)) {
        return occ_error_set(err, named.code, "relying party ids and origins: %s", occ_result_text(named.code));
    }
    *ret_verifier = verifier;
    verifier = NULL;
    return occ_success();
}

/* Tells the caller what is wrong, where it asked for that. */
static void
tell(const struct occ_verifier_options *options, const struct occ_error *err)
{
    const size_t needed = OCC_REPORT_END_OF(struct occ_verifier_options, problem_size);
    if (options == NULL || options->size < needed || options->size > OCC_LIMIT_STRUCT_LEN || options->problem == NULL ||
        options->problem_size == 0) {
        return;
    }
    const size_t len = strlen(err->text);
    const size_t kept = len < options->problem_size ? len : options->problem_size - 1;
    memcpy(options->problem, err->text, kept);
    options->problem[kept] = '\0';
}

enum occ_err
occ_verifier_new(const struct occ_verifier_options *options, occ_verifier **ret_verifier)
{
    if (ret_verifier == NULL) {
        return OCC_ERR_USAGE;
    }
    *ret_verifier = NULL;
    __attribute__((cleanup(occ_errors_cleanup))) struct occ_errors *errors = NULL;
    const struct occ_result taken = occ_errors_take(&errors);
    if (!occ_is_ok(taken)) {
        return taken.code;
    }
    struct occ_error err = { 0 };
    const struct occ_result made = occ_verifier_make(options, &err, ret_verifier);
    tell(options, &err);
    return made.code;
}

void
occ_verifier_free(occ_verifier *verifier)
{
    if (verifier == NULL) {
        return;
    }
    free_root(&verifier->trust.nitro);
    free_root(&verifier->trust.sim_nitro);
    occ_timestamp_roots_free(verifier->trust.timestamps);
    free(verifier->names);
    free(verifier);
}

const struct occ_timestamp_roots *
occ_verifier_timestamp_roots(const occ_verifier *verifier)
{
    const struct occ_timestamp_roots *roots = verifier->trust.timestamps;
    return occ_timestamp_roots_count(roots) == 0 ? NULL : roots;
}
