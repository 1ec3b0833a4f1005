/*
 * vectors.h — for the tests of codec and crypto: reads files from the folder of public vectors, which lies outside the
 * project. Where it is missing, a test says so and is skipped; with OCC_REQUIRE_VECTORS set, it fails.
 */
#ifndef OCC_TESTS_VECTORS_H
#define OCC_TESTS_VECTORS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/buf.h"

static inline void
vectors_needed(const char *folder)
{
    char path[1024];
    struct stat status;
    assert_in_range(snprintf(path, sizeof path, "%s/%s", OCC_VECTORS, folder), 1, sizeof path - 1);
    if (stat(path, &status) == 0) {
        return;
    }
    if (getenv("OCC_REQUIRE_VECTORS") != NULL) {
        fail_msg("%s is missing, and OCC_REQUIRE_VECTORS is set", path);
    }
    print_message("%s is missing: not tested\n", path);
    skip();
}

/* Appends the file's bytes. */
static inline void
vectors_read_path(const char *path, struct occ_buf *buf)
{
    FILE *stream = fopen(path, "rb");
    if (stream == NULL) {
        fail_msg("cannot open %s", path);
        return;
    }
    uint8_t block[8192];
    size_t got = 0;
    while ((got = fread(block, 1, sizeof block, stream)) > 0) {
        occ_buf_put(buf, occ_bytes_of(block, got));
    }
    (void)fclose(stream);
    assert_true(occ_is_ok(occ_buf_check(buf)));
}

/* Those of a file of the vectors. */
static inline void
vectors_read(const char *folder, const char *file, struct occ_buf *buf)
{
    char path[1024];
    assert_in_range(snprintf(path, sizeof path, "%s/%s/%s", OCC_VECTORS, folder, file), 1, sizeof path - 1);
    vectors_read_path(path, buf);
}

#endif
