/* address.c — see address.h. */
#include "os/address.h"

#include <arpa/inet.h>

enum { V4_AT = 12 };
static const uint8_t v4_prefix[V4_AT] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

static bool
is_port(struct occ_bytes text)
{
    uint32_t port = 0;
    for (size_t i = 0; i < text.len && i < 6; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') {
            return false;
        }
        port = port * 10 + (uint32_t)(text.ptr[i] - '0');
    }
    return text.len >= 1 && text.len <= 5 && port <= UINT16_MAX;
}

/* Takes "[…]" with or without a port apart; false if the brackets are wrong. */
static bool
take_off_brackets(struct occ_bytes *text)
{
    const uint8_t *end = memchr(text->ptr, ']', text->len);
    if (end == NULL) {
        return false;
    }
    const size_t inside = (size_t)(end - text->ptr) - 1, behind = text->len - inside - 2;
    if (behind > 0 && (end[1] != ':' || !is_port(occ_bytes_of(end + 2, behind - 1)))) {
        return false;
    }
    *text = occ_bytes_of(text->ptr + 1, inside);
    return true;
}

/* Takes ":80" off an IPv4 address; false if what stands behind the colon is no port. */
static bool
take_off_port(struct occ_bytes *text)
{
    const uint8_t *colon = memchr(text->ptr, ':', text->len);
    if (colon == NULL) {
        return true;
    }
    const size_t len = (size_t)(colon - text->ptr);
    const bool is_good = is_port(occ_bytes_of(colon + 1, text->len - len - 1));
    *text = occ_bytes_of(text->ptr, len);
    return is_good;
}

bool
occ_address_read(struct occ_bytes text, struct occ_address *ret_address)
{
    char copy[INET6_ADDRSTRLEN];
    struct occ_address address = { { 0 } };
    if (text.len == 0) {
        return false;
    }
    const bool has_dot = memchr(text.ptr, '.', text.len) != NULL;
    const uint8_t *colon = memchr(text.ptr, ':', text.len);
    const bool has_colons = colon != NULL && memchr(colon + 1, ':', text.len - (size_t)(colon - text.ptr) - 1) != NULL;
    const bool is_bracketed = text.ptr[0] == '[';
    const bool is_v4 = has_dot && !has_colons && !is_bracketed;
    if ((is_bracketed && !take_off_brackets(&text)) || (is_v4 && !take_off_port(&text)) || text.len >= sizeof copy ||
        (text.len > 0 && memchr(text.ptr, 0, text.len) != NULL)) {
        return false;
    }
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    memcpy(address.bytes, v4_prefix, V4_AT);
    if (inet_pton(is_v4 ? AF_INET : AF_INET6, copy, is_v4 ? address.bytes + V4_AT : address.bytes) != 1) {
        return false;
    }
    *ret_address = address;
    return true;
}

void
occ_address_put(struct occ_buf *buf, const struct occ_address *address)
{
    char text[INET6_ADDRSTRLEN] = "";
    const bool is_v4 = occ_address_is_v4(address);
    (void)inet_ntop(is_v4 ? AF_INET : AF_INET6, address->bytes + (is_v4 ? V4_AT : 0), text, sizeof text);
    occ_buf_put_str(buf, text);
}

bool
occ_address_is_v4(const struct occ_address *address)
{
    return memcmp(address->bytes, v4_prefix, V4_AT) == 0;
}

bool
occ_address_shares(const struct occ_address *a, const struct occ_address *b, unsigned bits)
{
    const size_t whole = bits / 8;
    const unsigned rest = bits % 8;
    if (memcmp(a->bytes, b->bytes, whole) != 0) {
        return false;
    }
    return rest == 0 || ((a->bytes[whole] ^ b->bytes[whole]) >> (8 - rest)) == 0;
}
