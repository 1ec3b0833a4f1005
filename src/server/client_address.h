/*
 * client_address.h — which address a request is counted for: its peer's, or, behind a proxy that is trusted, the one that the
 * proxy names in X-Forwarded-For.
 */
#ifndef OCC_SERVER_CLIENT_ADDRESS_H
#define OCC_SERVER_CLIENT_ADDRESS_H

#include "base/limits.h"
#include "base/result.h"
#include "os/address.h"

/* Whose X-Forwarded-For is believed. */
struct occ_proxies {
    bool trusts_unix; /* whoever reaches us over a unix socket */
    size_t count;
    struct {
        struct occ_address address;
        unsigned bits; /* of address that must agree */
    } blocks[OCC_LIMIT_TRUSTED_PROXIES];
};
/* Reads "ADDR[/BITS],…"; ADDR may be the word "unix". OCC_ERR_USAGE names the setting and the entry. */
OCC_RESULT occ_client_address_read_proxies(const char *text, struct occ_error *err, struct occ_proxies *ret_proxies);

/*
 * peer as occ_http_peer gives it. forwarded: the values of all X-Forwarded-For fields of the request, count of them, in their
 * order. They are one list, in which each proxy adds at the right end whom it was asked by; so the right-most address that is
 * not a trusted proxy is the client's, and all to its left may be invented. Where an entry is no address, the proxy that wrote
 * it is taken. A unix socket's peer that is no trusted proxy has the address "::".
 */
void occ_client_address_find(const struct occ_proxies *proxies, struct occ_bytes peer,
                             const struct occ_bytes *forwarded, size_t count, struct occ_address *ret_address);
/* What a limit counts as one: an IPv4 address, and of an IPv6 address the network of 64 bits, which is one subscriber's. */
struct occ_address occ_client_address_subscriber(const struct occ_address *address);

#endif
