/*
 * number_tool.c — src/codec's numbers on standard input and output, for numbers.mjs, in the locale of the environment.
 *
 *   number_tool format   each line 16 hex digits, the bits of a double; answers its text
 *   number_tool parse    each line a JSON number; answers the 16 hex digits of what the reader makes of it, or "refused"
 */
#include <inttypes.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "base/hex.h"
#include "codec/json.h"
#include "codec/number.h"

enum { LINE_SIZE = 4096 };

static bool
format_line(struct occ_bytes line)
{
    uint8_t bytes[8];
    if (!occ_is_ok(occ_hex_decode(line, sizeof bytes, bytes))) {
        return false;
    }
    uint64_t bits = 0;
    for (size_t i = 0; i < sizeof bytes; i++) {
        bits = bits << 8 | bytes[i];
    }
    double number = 0;
    memcpy(&number, &bits, sizeof number);
    char text[OCC_NUMBER_TEXT_SIZE];
    (void)occ_number_format(number, text);
    return puts(text) >= 0;
}

static bool
parse_line(struct occ_bytes line)
{
    struct occ_json *root = NULL;
    if (!occ_is_ok(occ_json_parse(line, 1, NULL, &root))) {
        return puts("refused") >= 0;
    }
    const double number = occ_json_number(root);
    occ_json_free(root);
    uint64_t bits = 0;
    memcpy(&bits, &number, sizeof bits);
    return printf("%016" PRIx64 "\n", bits) > 0;
}

int
main(int argc, char **argv)
{
    if (argc != 2 || (strcmp(argv[1], "format") != 0 && strcmp(argv[1], "parse") != 0)) {
        (void)fprintf(stderr, "usage: number_tool format|parse\n");
        return 2;
    }
    if (setlocale(LC_ALL, "") == NULL) {
        (void)fprintf(stderr, "number_tool: the locale of the environment is not installed\n");
        return 3;
    }
    bool (*answer)(struct occ_bytes) = argv[1][0] == 'f' ? format_line : parse_line;
    char line[LINE_SIZE];
    while (fgets(line, sizeof line, stdin) != NULL) {
        const size_t len = strcspn(line, "\n");
        if (line[len] != '\n' || !answer(occ_bytes_of(line, len))) {
            (void)fprintf(stderr, "number_tool: bad line: %s\n", line);
            return 1;
        }
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
