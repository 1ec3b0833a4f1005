/* client_address.c — see client_address.h. */
#include "server/client_address.h"

#include "base/decimal.h"

enum { V4_BITS = 32, V6_BITS = 128, SUBSCRIBER_LEN = 8 };

/* ---- the setting ---- */

/* "/24" behind an address; all bits if it is empty. */
static bool
read_bits(struct occ_bytes text, bool is_v4, unsigned *ret_bits)
{
    const unsigned most = is_v4 ? V4_BITS : V6_BITS;
    uint64_t bits = most;
    if (text.len > 0 &&
        (!occ_is_ok(occ_decimal_to_u64(occ_bytes_of(text.ptr + 1, text.len - 1), &bits)) || bits > most)) {
        return false;
    }
    *ret_bits = (unsigned)bits + (V6_BITS - most);
    return true;
}

static bool
read_entry(struct occ_bytes entry, struct occ_proxies *proxies)
{
    if (occ_bytes_is(entry, "unix")) {
        proxies->trusts_unix = true;
        return true;
    }
    const uint8_t *slash = entry.len == 0 ? NULL : memchr(entry.ptr, '/', entry.len);
    const size_t len = slash == NULL ? entry.len : (size_t)(slash - entry.ptr);
    struct occ_address address;
    unsigned bits;
    if (!occ_address_read(occ_bytes_of(entry.ptr, len), &address) ||
        !read_bits(occ_bytes_of(slash, entry.len - len), occ_address_is_v4(&address), &bits)) {
        return false;
    }
    proxies->blocks[proxies->count].address = address;
    proxies->blocks[proxies->count].bits = bits;
    proxies->count++;
    return true;
}

struct occ_result
occ_client_address_read_proxies(const char *text, struct occ_error *err, struct occ_proxies *ret_proxies)
{
    struct occ_proxies proxies = { 0 };
    for (const char *at = text;; at++) {
        const size_t len = strcspn(at, ",");
        if (proxies.count == OCC_LIMIT_TRUSTED_PROXIES) {
            return occ_error_set(err, OCC_ERR_USAGE, "--trusted-proxy: more than %d entries",
                                 OCC_LIMIT_TRUSTED_PROXIES);
        }
        if (!read_entry(occ_bytes_of(at, len), &proxies)) {
            return occ_error_set(err, OCC_ERR_USAGE,
                                 "--trusted-proxy: \"%.*s\", expected an address, or a network as ADDR/BITS, or unix",
                                 (int)len, at);
        }
        at += len;
        if (*at == 0) {
            *ret_proxies = proxies;
            return occ_success();
        }
    }
}

/* ---- a request ---- */

static bool
is_trusted(const struct occ_proxies *proxies, const struct occ_address *address)
{
    for (size_t i = 0; i < proxies->count; i++) {
        if (occ_address_shares(address, &proxies->blocks[i].address, proxies->blocks[i].bits)) {
            return true;
        }
    }
    return false;
}

static bool
is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t';
}

/* Takes the entry behind the last comma off the end of *list. False: there is none left. */
static bool
take_last(struct occ_bytes *list, struct occ_bytes *ret_entry)
{
    if (list->ptr == NULL) {
        return false;
    }
    size_t at = list->len;
    while (at > 0 && list->ptr[at - 1] != ',') {
        at--;
    }
    size_t begin = at, end = list->len;
    while (begin < end && is_blank(list->ptr[begin])) {
        begin++;
    }
    while (end > begin && is_blank(list->ptr[end - 1])) {
        end--;
    }
    *ret_entry = occ_bytes_of(list->ptr + begin, end - begin);
    *list = at == 0 ? occ_bytes_of(NULL, 0) : occ_bytes_of(list->ptr, at - 1);
    return true;
}

void
occ_client_address_find(const struct occ_proxies *proxies, struct occ_bytes peer, const struct occ_bytes *forwarded,
                        size_t count, struct occ_address *ret_address)
{
    struct occ_address client = { { 0 } };
    bool go_on = occ_address_read(peer, &client) ? is_trusted(proxies, &client) : proxies->trusts_unix;
    while (go_on && count > 0) {
        struct occ_bytes list = forwarded[--count], entry;
        while (go_on && take_last(&list, &entry)) {
            go_on = occ_address_read(entry, &client) && is_trusted(proxies, &client);
        }
    }
    *ret_address = client;
}

struct occ_address
occ_client_address_subscriber(const struct occ_address *address)
{
    struct occ_address subscriber = *address;
    if (!occ_address_is_v4(address)) {
        memset(subscriber.bytes + SUBSCRIBER_LEN, 0, sizeof(subscriber.bytes) - SUBSCRIBER_LEN);
    }
    return subscriber;
}
