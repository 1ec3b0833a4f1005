/* authority.c — see authority.h. */
#include "sim/authority.h"

#include <stdio.h>

#include "base/limits.h"
#include "crypto/secret.h"
#include "os/file.h"
#include "sim/maker.h"

enum { PATH_SIZE = 4096, KEY_LEN_MAX = 4096, PEM_LEN_MAX = 16384 };

void
occ_sim_authority_make(uint64_t now_ms, struct occ_sim_authority *authority)
{
    authority->der = OCC_BUF_INIT(OCC_LIMIT_NITRO_CERTIFICATE_LEN);
    authority->key_pem = OCC_BUF_INIT(KEY_LEN_MAX);
    occ_sim_key_make(&authority->key_pem);
    struct occ_sim_plan plan;
    occ_sim_plan_init(&plan, now_ms);
    plan.certificates[0].subject = "SIMULATED.nitro-enclaves";
    plan.certificates[0].key_pem = occ_buf_view(&authority->key_pem);
    plan.count = 2; /* the least that a path has */
    struct occ_sim_path *path = occ_sim_path_make(&plan);
    occ_buf_put(&authority->der, occ_sim_path_certificates(path)[0]);
    occ_sim_path_free(path);
}

void
occ_sim_authority_clear(struct occ_sim_authority *authority)
{
    if (authority->key_pem.len > 0) {
        occ_secret_wipe(authority->key_pem.ptr, authority->key_pem.len);
    }
    occ_buf_clear(&authority->key_pem);
    occ_buf_clear(&authority->der);
}

/* ---- the folder ---- */

struct names {
    char certificate[PATH_SIZE], key[PATH_SIZE];
};

static OCC_RESULT
name_files(const char *folder, struct occ_error *err, struct names *ret_names)
{
    const int certificate = snprintf(ret_names->certificate, PATH_SIZE, "%s/root.pem", folder);
    const int key = snprintf(ret_names->key, PATH_SIZE, "%s/root.key", folder);
    if (certificate < 0 || certificate >= PATH_SIZE || key < 0 || key >= PATH_SIZE) {
        return occ_error_set(err, OCC_ERR_LIMIT, "%.200s…: the name is too long", folder);
    }
    return occ_success();
}

static struct occ_result
fill_file(void *ctx, const char *temporary, struct occ_error *err)
{
    const struct occ_bytes *content = ctx;
    FILE *stream = fopen(temporary, "wb");
    const bool opened = stream != NULL;
    const bool written = opened && fwrite(content->ptr, 1, content->len, stream) == content->len;
    const bool closed = opened && fclose(stream) == 0;
    return written && closed ? occ_success() : occ_error_set(err, OCC_ERR_IO, "cannot write %s", temporary);
}

static OCC_RESULT
write_new(const struct names *names, uint64_t now_ms, struct occ_error *err)
{
    struct occ_sim_authority made;
    occ_sim_authority_make(now_ms, &made);
    OCC_BUF_AUTO(pem, PEM_LEN_MAX);
    occ_sim_pem_put(&pem, occ_buf_view(&made.der));
    struct occ_bytes key = occ_buf_view(&made.key_pem);
    struct occ_bytes certificate = occ_buf_view(&pem);
    struct occ_result result = occ_file_make(names->key, fill_file, &key, err);
    if (occ_is_ok(result)) {
        result = occ_file_make(names->certificate, fill_file, &certificate, err);
    }
    occ_sim_authority_clear(&made);
    return result;
}

static OCC_RESULT
read_files(const struct names *names, struct occ_error *err, struct occ_sim_authority *authority)
{
    OCC_BUF_AUTO(pem, PEM_LEN_MAX);
    OCC_TRY(occ_file_read(names->certificate, err, &pem));
    OCC_TRY(occ_file_read(names->key, err, &authority->key_pem));
    if (!occ_sim_pem_read(occ_buf_view(&pem), &authority->der)) {
        return occ_error_set(err, OCC_ERR_FIELD_VALUE, "%s: not a certificate in PEM", names->certificate);
    }
    OCC_TRY(occ_buf_check(&authority->der));
    if (!occ_sim_key_fits(occ_buf_view(&authority->key_pem), occ_buf_view(&authority->der))) {
        return occ_error_set(err, OCC_ERR_FIELD_VALUE, "%s: not the P-384 key of %s", names->key, names->certificate);
    }
    return occ_success();
}

struct occ_result
occ_sim_authority_open(const char *folder, uint64_t now_ms, struct occ_error *err, struct occ_sim_authority *authority)
{
    authority->der = OCC_BUF_INIT(OCC_LIMIT_NITRO_CERTIFICATE_LEN);
    authority->key_pem = OCC_BUF_INIT(KEY_LEN_MAX);
    struct names names = { .key = "" };
    OCC_TRY(name_files(folder, err, &names));
    OCC_TRY(occ_file_make_folder(folder, err));
    OCC_BUF_AUTO(pem, PEM_LEN_MAX);
    const struct occ_result there = occ_file_read(names.certificate, err, &pem);
    if (there.code == OCC_ERR_NOT_FOUND) {
        OCC_TRY(write_new(&names, now_ms, err)); /* a key that is there alone is somebody's, and not written over */
    }
    return read_files(&names, err, authority);
}
