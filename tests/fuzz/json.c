/*
 * json.c — fuzzes the JSON reader. Whatever it accepts must canonicalize, read again, and canonicalize to the same bytes;
 * whatever it refuses must come with a sentence.
 */
#include <stdlib.h>

#include "codec/canonical.h"
#include "codec/json.h"

#define JSON_AUTO __attribute__((cleanup(occ_json_cleanup))) struct occ_json *

enum { DEPTH = 64, OUTPUT_LIMIT = 64 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool condition)
{
    if (!condition) {
        abort();
    }
}

/* The same text in a room that was used before: the same verdict, the same tree. */
static void
compare_with_room(struct occ_bytes text, struct occ_result expected, const struct occ_json *root)
{
    static struct occ_json_room *room;
    const struct occ_json *found = NULL;
    if (room == NULL) {
        occ_json_watch_memory();
        require(occ_is_ok(occ_json_room_new(&room)));
    }
    require(occ_json_room_parse(room, text, DEPTH, NULL, &found).code == expected.code);
    if (found == NULL) {
        return;
    }
    OCC_BUF_AUTO(by_heap, OUTPUT_LIMIT);
    OCC_BUF_AUTO(by_room, OUTPUT_LIMIT);
    occ_canonical_put(&by_heap, root);
    occ_canonical_put(&by_room, found);
    require(occ_bytes_equal(occ_buf_view(&by_heap), occ_buf_view(&by_room)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    JSON_AUTO root = NULL;
    struct occ_error err = { 0 };
    const struct occ_result result = occ_json_parse(occ_bytes_of(data, size), DEPTH, &err, &root);
    compare_with_room(occ_bytes_of(data, size), result, root);
    require(occ_is_ok(result) == (root != NULL));
    if (!occ_is_ok(result)) {
        require(err.code == result.code && err.text[0] != '\0');
        require(occ_bytes_is_utf8(occ_bytes_str(err.text)));
        return 0;
    }
    OCC_BUF_AUTO(once, OUTPUT_LIMIT);
    occ_canonical_put(&once, root);
    require(occ_is_ok(occ_buf_check(&once)));
    require(occ_bytes_is_utf8(occ_buf_view(&once)));
    JSON_AUTO again = NULL;
    require(occ_is_ok(occ_json_parse(occ_buf_view(&once), DEPTH, &err, &again)));
    OCC_BUF_AUTO(twice, OUTPUT_LIMIT);
    occ_canonical_put(&twice, again);
    require(occ_is_ok(occ_buf_check(&twice)));
    require(occ_bytes_equal(occ_buf_view(&once), occ_buf_view(&twice)));
    require(occ_canonical_has_unsafe_name(root, NULL) == occ_canonical_has_unsafe_name(again, NULL));
    return 0;
}
