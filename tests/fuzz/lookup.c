/*
 * lookup.c — bytes as a path's digest and as queries. What is accepted is within its bounds, and the address of the next page,
 * read again, asks for the same.
 */
#include <stdio.h>
#include <stdlib.h>

#include "server/lookup.h"

#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "not so: %s\n", #condition); \
            abort(); \
        } \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The query within "Link: <?…>; rel=…". */
static struct occ_bytes
query_of(const struct occ_buf *headers)
{
    const char *begin = (const char *)headers->ptr + strlen("Link: <?");
    return occ_bytes_of(begin, (size_t)(strchr(begin, '>') - begin));
}

static void
check_range(struct occ_bytes text)
{
    struct occ_error err = { 0 };
    struct occ_lookup_range range, again;
    if (!occ_is_ok(occ_lookup_read_range(text, &err, &range))) {
        CHECK(err.code == OCC_ERR_FIELD_VALUE && err.text[0] != 0);
        return;
    }
    CHECK(range.epoch_len <= sizeof range.epoch && range.chain_len <= sizeof range.chain);
    CHECK(range.limit >= 1 && range.limit <= OCC_LIMIT_LEDGER_PAGE);
    if (range.epoch_len == 0) {
        return; /* a next page always names its epoch */
    }
    OCC_BUF_AUTO(headers, OCC_LOOKUP_LINK_LEN_MAX);
    occ_lookup_put_next_range(&headers, &range);
    CHECK(occ_is_ok(occ_buf_check(&headers)) && headers.ptr[headers.len - 1] == 0);
    CHECK(strcspn((const char *)headers.ptr, "\r") + 3 == headers.len);
    CHECK(occ_is_ok(occ_lookup_read_range(query_of(&headers), &err, &again)));
    CHECK(again.epoch_len == range.epoch_len && memcmp(again.epoch, range.epoch, range.epoch_len) == 0);
    CHECK(again.chain_len == range.chain_len && memcmp(again.chain, range.chain, range.chain_len) == 0);
    CHECK(again.from == range.from && again.limit == range.limit);
}

static void
check_page(struct occ_bytes text)
{
    struct occ_error err = { 0 };
    struct occ_lookup_page page, again;
    if (!occ_is_ok(occ_lookup_read_page(text, &err, &page))) {
        CHECK(err.code == OCC_ERR_FIELD_VALUE && err.text[0] != 0);
        return;
    }
    CHECK(page.limit >= 1 && page.limit <= OCC_LIMIT_LEDGER_PAGE);
    OCC_BUF_AUTO(headers, OCC_LOOKUP_LINK_LEN_MAX);
    occ_lookup_put_next_page(&headers, &page);
    CHECK(occ_is_ok(occ_buf_check(&headers)));
    CHECK(occ_is_ok(occ_lookup_read_page(query_of(&headers), &err, &again)));
    CHECK(again.after == page.after && again.limit == page.limit);
}

static void
check_nonce(struct occ_bytes text)
{
    struct occ_error err = { 0 };
    struct occ_lookup_nonce nonce = { .len = 0 };
    if (!occ_is_ok(occ_lookup_read_nonce(text, &err, &nonce))) {
        CHECK(err.code == OCC_ERR_FIELD_VALUE && err.text[0] != 0);
        return;
    }
    CHECK(nonce.len <= sizeof nonce.bytes && (nonce.len > 0) == (text.len > 0));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct occ_bytes text = occ_bytes_of(data, size);
    struct occ_error err = { 0 };
    uint8_t digest[32];
    if (occ_is_ok(occ_lookup_read_digest(text, &err, digest))) {
        CHECK(size >= 43);
    }
    check_range(text);
    check_page(text);
    check_nonce(text);
    return 0;
}
