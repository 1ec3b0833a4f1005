/*
 * client_address.c — X-Forwarded-For as a stranger writes it. The first line is the peer, each other one a field's value. Whom
 * the request is counted for is the peer, or an address that stands in a field; and nothing but the peer if nobody is trusted.
 */
#include <stdio.h>
#include <stdlib.h>

#include "server/client_address.h"

enum { LINES_MAX = 8 };

#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "not so: %s\n", #condition); \
            abort(); \
        } \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct occ_bytes
take_line(struct occ_bytes *text, uint8_t end_byte)
{
    const uint8_t *end = text->len == 0 ? NULL : memchr(text->ptr, end_byte, text->len);
    const size_t len = end == NULL ? text->len : (size_t)(end - text->ptr);
    const struct occ_bytes line = occ_bytes_of(text->ptr, len);
    *text = occ_bytes_of(end == NULL ? NULL : end + 1, end == NULL ? 0 : text->len - len - 1);
    return line;
}

static struct occ_bytes
trim(struct occ_bytes text)
{
    while (text.len > 0 && (text.ptr[0] == ' ' || text.ptr[0] == '\t')) {
        text = occ_bytes_of(text.ptr + 1, text.len - 1);
    }
    while (text.len > 0 && (text.ptr[text.len - 1] == ' ' || text.ptr[text.len - 1] == '\t')) {
        text.len--;
    }
    return text;
}

static bool
stands_in(struct occ_bytes list, const struct occ_address *address)
{
    while (list.len > 0) {
        struct occ_address entry;
        if (occ_address_read(trim(take_line(&list, ',')), &entry) && occ_address_shares(&entry, address, 128)) {
            return true;
        }
    }
    return false;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct occ_proxies nobody;
    struct occ_proxies proxies;
    struct occ_error err;
    struct occ_bytes text = occ_bytes_of(data, size), lines[LINES_MAX];
    struct occ_address peer_address = { { 0 } }, client;
    CHECK(occ_is_ok(occ_client_address_read_proxies("unix,127.0.0.1,10.0.0.0/8,2001:db8::/33", &err, &proxies)));
    const struct occ_bytes peer = take_line(&text, '\n');
    size_t count = 0;
    while (text.len > 0 && count < LINES_MAX) {
        lines[count++] = take_line(&text, '\n');
    }
    (void)occ_address_read(peer, &peer_address);
    occ_client_address_find(&nobody, peer, lines, count, &client);
    CHECK(occ_address_shares(&client, &peer_address, 128));
    occ_client_address_find(&proxies, peer, lines, count, &client);
    bool is_known = occ_address_shares(&client, &peer_address, 128);
    for (size_t i = 0; i < count && !is_known; i++) {
        is_known = stands_in(lines[i], &client);
    }
    CHECK(is_known);
    return 0;
}
