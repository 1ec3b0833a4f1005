/*
 * split.c — fuzzes the splitter of audits. The values of a text are the same whatever the size of the blocks in which it
 * comes; a value that is given out is a part of the text, and what the JSON reader takes as a whole is split into itself.
 */
#include <stdlib.h>

#include "audit/split.h"
#include "base/buf.h"
#include "base/limits.h"
#include "codec/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool condition)
{
    if (!condition) {
        abort();
    }
}

/* The first block has `first` bytes, the others `step`. */
struct blocks {
    struct occ_bytes rest;
    size_t first, step;
};

static struct occ_result
read_block(void *ctx, struct occ_error *err, uint8_t *ret, size_t cap, size_t *ret_len)
{
    struct blocks *blocks = ctx;
    (void)err;
    size_t len = blocks->first > 0 ? blocks->first : blocks->step;
    blocks->first = 0;
    len = len < cap ? len : cap;
    len = len < blocks->rest.len ? len : blocks->rest.len;
    if (len > 0) {
        memcpy(ret, blocks->rest.ptr, len);
    }
    blocks->rest = occ_bytes_of(blocks->rest.ptr + len, blocks->rest.len - len);
    *ret_len = len;
    return occ_success();
}

/* Lists all values: line, index, and what they are. */
static void
split_all(struct occ_bytes text, size_t first, size_t step, struct occ_buf *list, size_t *ret_good)
{
    struct blocks blocks = { .rest = text, .first = first, .step = step };
    struct occ_split *split = NULL;
    require(occ_is_ok(occ_split_new(read_block, &blocks, &split)));
    occ_split_begin(split);
    *ret_good = 0;
    for (uint64_t count = 0;; count++) {
        struct occ_split_value value;
        bool more = false;
        require(occ_is_ok(occ_split_next(split, NULL, &value, &more)));
        if (!more) {
            break;
        }
        require(value.index == count && value.line >= 1 && count <= text.len);
        require(value.malformed == (value.text.len == 0) && value.malformed == (value.why.code != OCC_OK));
        require(value.malformed || (value.text.ptr[0] == '{' && value.text.ptr[value.text.len - 1] == '}'));
        *ret_good += !value.malformed;
        occ_buf_put_be64(list, value.line);
        occ_buf_put_str(list, value.why.text);
        occ_buf_put(list, value.text);
    }
    occ_split_free(split);
    require(occ_is_ok(occ_buf_check(list)));
}

/* True if the text is an object, or an array of objects, by the JSON reader's judgement. */
static bool
is_proofs(struct occ_bytes text, size_t *ret_count)
{
    __attribute__((cleanup(occ_json_cleanup))) struct occ_json *root = NULL;
    if (!occ_is_ok(occ_json_parse(text, OCC_LIMIT_JSON_DEPTH, NULL, &root))) {
        return false;
    }
    *ret_count = occ_json_is(root, OCC_JSON_ARRAY) ? occ_json_length(root) : 1;
    for (size_t i = 0; occ_json_is(root, OCC_JSON_ARRAY) && i < *ret_count; i++) {
        if (!occ_json_is(occ_json_at(root, i), OCC_JSON_OBJECT)) {
            return false;
        }
    }
    return occ_json_is(root, OCC_JSON_ARRAY) || occ_json_is(root, OCC_JSON_OBJECT);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct occ_bytes text = occ_bytes_of(data, size);
    OCC_BUF_AUTO(whole, 64 << 20);
    size_t good = 0;
    split_all(text, 0, size + 1, &whole, &good);
    size_t count = 0;
    require(!is_proofs(text, &count) || good == count);
    const size_t firsts[] = { 1, size / 2, size / 3 };
    const size_t steps[] = { 1, 2, 3, 17 };
    for (size_t i = 0; i < 12; i++) {
        OCC_BUF_AUTO(list, 64 << 20);
        split_all(text, firsts[i % 3], steps[i / 3], &list, &count);
        require(count == good && occ_bytes_equal(occ_buf_view(&whole), occ_buf_view(&list)));
    }
    return 0;
}
