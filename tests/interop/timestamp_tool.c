/*
 * timestamp_tool.c — our verdict on a token or a response, for tests/interop/test_timestamps.py: timestamp_tool FILE
 * [ROOTS]. Prints the code's number and name, and for a good one its facts in lines of "name value".
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/calendar.h"
#include "crypto/timestamp.h"

enum { FILE_LEN_MAX = 4 << 20 };

static void
read_file(const char *path, struct occ_buf *buf)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        exit(2);
    }
    uint8_t part[4096];
    for (size_t len = fread(part, 1, sizeof part, file); len > 0; len = fread(part, 1, sizeof part, file)) {
        occ_buf_put(buf, occ_bytes_of(part, len));
    }
    fclose(file);
}

static int
finish(struct occ_result result, const struct occ_error *err)
{
    printf("%d %s\n%s\n", (int)result.code, occ_result_name(result.code), err->text);
    return 0;
}

int
main(int argc, char **argv)
{
    if (argc < 2) {
        return 2;
    }
    OCC_BUF_AUTO(content, FILE_LEN_MAX);
    OCC_BUF_AUTO(pem, FILE_LEN_MAX);
    struct occ_error err = { .code = OCC_OK };
    struct occ_timestamp_roots *roots = NULL;
    read_file(argv[1], &content);
    if (argc > 2) {
        read_file(argv[2], &pem);
        const struct occ_result read = occ_timestamp_roots_new(occ_buf_view(&pem), &err, &roots);
        if (!occ_is_ok(read)) {
            return finish(read, &err);
        }
    }
    struct occ_bytes token = occ_buf_view(&content);
    const char *end = strrchr(argv[1], '.');
    if (end != NULL && strcmp(end, ".tsr") == 0) {
        const struct occ_result found = occ_timestamp_response_token(token, &err, &token);
        if (!occ_is_ok(found)) {
            return finish(found, &err);
        }
    }
    struct occ_timestamp_facts facts;
    const struct occ_result result = occ_timestamp_verify(token, roots, &err, &facts);
    finish(result, &err);
    if (occ_is_ok(result)) {
        char time[OCC_CALENDAR_TEXT_SIZE];
        occ_calendar_format(facts.gen_time_ms, time);
        printf("trusted %d\nuntrusted %s\ntime %s\npolicy %s\nserial %s\nsigner %s\nimprint %s\n", facts.trusted,
               facts.untrusted, time, facts.policy, facts.serial, facts.signer, facts.imprint_algorithm);
    }
    occ_timestamp_roots_free(roots);
    return 0;
}
