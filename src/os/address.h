/*
 * address.h — internet addresses out of text, and the blocks that they lie in.
 */
#ifndef OCC_OS_ADDRESS_H
#define OCC_OS_ADDRESS_H

#include "base/buf.h"

/* An IPv6 address in network order; an IPv4 address is the IPv6 address that maps it (RFC 4291 §2.5.5.2: ::ffff:a.b.c.d). */
struct occ_address {
    uint8_t bytes[16];
};

/*
 * Reads "192.0.2.1" or "2001:db8::1"; with a port behind ("192.0.2.1:80", "[2001:db8::1]:80") or brackets alone, too. False,
 * and nothing else, for anything else: names, zones ("fe80::1%eth0"), white space.
 */
bool occ_address_read(struct occ_bytes text, struct occ_address *ret_address);
/* Appends it as text, IPv4 in its own form. */
void occ_address_put(struct occ_buf *buf, const struct occ_address *address);
bool occ_address_is_v4(const struct occ_address *address);
/* Do the first bits of both (0 to 128, of the mapped form with IPv4) agree? */
bool occ_address_shares(const struct occ_address *a, const struct occ_address *b, unsigned bits);

#endif
