/*
 * answer_len_tool: for scenarios. Reads the body of a POST /commit from standard input and prints how many bytes its answer
 * will have at most, as the server reckons. The argument: bytes of the boundary's measurement.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "server/commit_body.h"

int
main(int argc, char **argv)
{
    static const uint8_t opaque[OCC_LIMIT_OPAQUE_LEN];
    struct occ_commit_rules rules = { .digests_max = OCC_LIMIT_BATCH_DIGESTS_MAX };
    struct occ_error err = { 0 };
    struct occ_commit_body body;
    OCC_BUF_AUTO(text, OCC_LIMIT_HTTP_BODY_LEN);
    rules.measurement_len = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
    for (int byte = getchar(); byte != EOF; byte = getchar()) {
        occ_buf_put_byte(&text, (uint8_t)byte);
    }
    if (!occ_is_ok(
            occ_commit_body_read(occ_buf_view(&text), &rules, occ_bytes_of(opaque, sizeof(opaque)), &err, &body))) {
        (void)fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    (void)printf("%zu\n", body.answer_len);
    occ_buf_clear(&body.loose);
    return 0;
}
