/*
 * cbor.c — fuzzes the CBOR reader: any bytes, as a sequence of items. What the skip goes over, reading member by member with
 * the accessors reads too, to the same byte; what one refuses, the other refuses there for the same reason. Neither ever
 * gives a view that lies elsewhere.
 */
#include <stdlib.h>

#include "codec/cbor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void
require_inside(const struct occ_cbor *cbor, struct occ_bytes view)
{
    require(view.len == 0 || (view.ptr >= cbor->start && view.ptr + view.len <= cbor->next));
}

static void read_item(struct occ_cbor *cbor);

static void
read_array(struct occ_cbor *cbor)
{
    struct occ_cbor_group group = occ_cbor_array(cbor);
    size_t count = 0;
    while (occ_cbor_array_next(cbor, &group)) {
        count++;
        read_item(cbor);
    }
    require(count <= OCC_LIMIT_CBOR_ITEMS);
}

static void
read_map(struct occ_cbor *cbor)
{
    struct occ_cbor_group group = occ_cbor_map(cbor);
    struct occ_bytes names[OCC_LIMIT_CBOR_PAIRS];
    size_t count = 0;
    while (occ_cbor_map_next(cbor, &group)) {
        require(count < OCC_LIMIT_CBOR_PAIRS);
        const uint8_t *start = cbor->next;
        read_item(cbor);
        require(occ_cbor_ok(cbor)); /* names were looked at */
        names[count] = occ_bytes_of(start, (size_t)(cbor->next - start));
        for (size_t i = 0; i < count; i++) {
            require(!occ_bytes_equal(names[i], names[count]));
        }
        count++;
        read_item(cbor);
    }
}

/* A negative integer that does not fit 64 bits with a sign can only be skipped. */
static void
read_negative(struct occ_cbor *cbor)
{
    struct occ_cbor copy = *cbor;
    require(occ_cbor_int(&copy) < 0 || !occ_cbor_ok(&copy));
    (void)occ_cbor_skip(cbor);
    require(occ_cbor_ok(cbor) && (!occ_cbor_ok(&copy) || copy.next == cbor->next));
}

static void
read_item(struct occ_cbor *cbor)
{
    switch (occ_cbor_peek(cbor)) {
    case OCC_CBOR_UINT:
        (void)occ_cbor_uint(cbor);
        return;
    case OCC_CBOR_NEGINT:
        read_negative(cbor);
        return;
    case OCC_CBOR_BYTES:
        require_inside(cbor, occ_cbor_bytes(cbor));
        return;
    case OCC_CBOR_TEXT: {
        const struct occ_bytes text = occ_cbor_text(cbor);
        require_inside(cbor, text);
        require(occ_bytes_is_utf8(text));
        return;
    }
    case OCC_CBOR_ARRAY:
        read_array(cbor);
        return;
    case OCC_CBOR_MAP:
        read_map(cbor);
        return;
    case OCC_CBOR_TAG:
        (void)occ_cbor_tag(cbor);
        read_item(cbor);
        return;
    case OCC_CBOR_NULL:
        occ_cbor_null(cbor);
        return;
    case OCC_CBOR_OTHER:
    case OCC_CBOR_NONE:
        require_inside(cbor, occ_cbor_skip(cbor));
        return;
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct occ_cbor read = occ_cbor_of(occ_bytes_of(data, size));
    struct occ_cbor skipped = read;
    do {
        const uint8_t *start = skipped.next;
        const struct occ_bytes item = occ_cbor_skip(&skipped);
        require_inside(&skipped, item);
        read_item(&read);
        require(read.next == skipped.next && read.why == skipped.why);
        require(!occ_cbor_ok(&read) || (item.ptr == start && item.ptr + item.len == read.next));
    } while (occ_cbor_ok(&read) && read.next != read.end);
    const char *why = NULL;
    require(occ_cbor_done(&read, &why) == occ_cbor_done(&skipped, NULL));
    require(occ_cbor_ok(&read) == (why == NULL));
    require(!occ_cbor_ok(&read) || occ_cbor_offset(&read) == size);
    return 0;
}
