/*
 * Fuzzes certificate paths. The input is a list of certificates, each behind its length in two bytes: the root that is
 * trusted, the other authorities, the leaf. What verified does so again, and not outside the leaf's times, known or not.
 */
#include <stdlib.h>

#include "base/limits.h"
#include "crypto/certificate.h"

#define TIME_MS 1741496392841ull /* at which the seeds are good */

enum { LIST_MAX = OCC_LIMIT_NITRO_CABUNDLE + 2 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t
read_list(struct occ_bytes input, struct occ_bytes list[LIST_MAX])
{
    size_t count = 0;
    while (input.len >= 2 && count < LIST_MAX) {
        const size_t given = (size_t)input.ptr[0] << 8 | input.ptr[1];
        const size_t len = given < input.len - 2 ? given : input.len - 2;
        list[count++] = occ_bytes_of(input.ptr + 2, len);
        input = occ_bytes_of(input.ptr + 2 + len, input.len - 2 - len);
    }
    return count;
}

static enum occ_err
verdict(struct occ_path_trust *trust, const struct occ_path *path, struct occ_path_leaf *ret_leaf)
{
    struct occ_error err = { OCC_OK, "" };
    const enum occ_err code = occ_path_verify(trust, path, &err, ret_leaf).code;
    if (code == OCC_OK) {
        occ_ecdsa_key_free(ret_leaf->key);
    } else if (code != err.code || err.text[0] == '\0') {
        abort();
    }
    return code;
}

static void
check(struct occ_path_trust *trust, struct occ_path path)
{
    struct occ_path_leaf leaf = { 0, 0, NULL };
    const enum occ_err code = verdict(trust, &path, &leaf);
    if (verdict(trust, &path, &leaf) != code) {
        abort();
    }
    if (code != OCC_OK) {
        return;
    }
    path.time_ms = leaf.not_after_ms + 1000;
    if (verdict(trust, &path, &leaf) != OCC_ERR_NITRO_TIME) {
        abort();
    }
    path.time_ms = leaf.not_before_ms - 1;
    if (verdict(trust, &path, &leaf) != OCC_ERR_NITRO_TIME) {
        abort();
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct occ_bytes list[LIST_MAX];
    const size_t count = read_list(occ_bytes_of(data, size), list);
    struct occ_path_trust *trust = NULL;
    if (count < 2 || !occ_is_ok(occ_path_trust_new(list[0], NULL, &trust))) {
        return 0;
    }
    check(trust, (struct occ_path){ list, count - 1, list[count - 1], TIME_MS });
    occ_path_trust_free(trust);
    return 0;
}
