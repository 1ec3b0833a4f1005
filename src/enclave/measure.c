/* measure.c — the hash of the running binary. */
#include "enclave/measure.h"

#include "os/file.h"

enum { CHUNK_LEN = 32 << 10 };

static struct occ_result
hash_all(int fd, struct occ_digest *digest, struct occ_error *err, uint8_t ret_digest[OCC_SHA256_LEN])
{
    for (;;) {
        uint8_t chunk[CHUNK_LEN];
        size_t len = 0;
        OCC_TRY(occ_file_read_some(fd, err, chunk, sizeof chunk, &len));
        const struct occ_result hashed =
            len == 0 ? occ_digest_final(digest, ret_digest) : occ_digest_update(digest, occ_bytes_of(chunk, len));
        if (!occ_is_ok(hashed)) {
            return occ_error_code(err, hashed.code);
        }
        if (len == 0) {
            return occ_success();
        }
    }
}

struct occ_result
occ_measure_self(struct occ_error *err, uint8_t ret_digest[OCC_SHA256_LEN])
{
    int fd = -1;
    uint64_t size = 0;
    OCC_TRY(occ_file_open("/proc/self/exe", err, &fd, &size));
    struct occ_digest *digest = NULL;
    struct occ_result result = occ_digest_new(&digest);
    if (occ_is_ok(result)) {
        result = hash_all(fd, digest, err, ret_digest);
    } else {
        (void)occ_error_code(err, result.code);
    }
    occ_digest_free(digest);
    occ_file_close(fd);
    return result;
}
