/*
 * ticket.h — what the boundary gives out to be used once: challenges (PROTOCOL §3, §4) and slots (§6).
 *
 * A ticket carries all that is needed to take it back, and a MAC under a key that is made with the epoch and never leaves
 * this process. So giving one out costs no memory, however many are asked for; only used ones are remembered (spent.h),
 * until they expire.
 */
#ifndef OCC_BOUNDARY_TICKET_H
#define OCC_BOUNDARY_TICKET_H

#include "boundary/chain.h"
#include "boundary/spent.h"
#include "crypto/mac.h"

enum {
    OCC_TICKET_CHALLENGE_LEN = 32, /* bytes */
    OCC_TICKET_RANDOM_LEN = 8,     /* fresh random bytes that a challenge needs */
    OCC_TICKET_SLOT_ID_LEN = 184   /* characters */
};
_Static_assert((int)OCC_MAC_LEN == (int)OCC_IDSET_ID_LEN, "a ticket's tag is its id");

struct occ_tickets {
    struct occ_mac *mac;
    struct occ_spent spent;
    uint64_t uptime_ms; /* the time by which tickets live; its owner keeps it, and it never goes back */
};

void occ_ticket_put_challenge(const struct occ_tickets *tickets, const uint8_t random[OCC_TICKET_RANDOM_LEN],
                              uint8_t ret_challenge[OCC_TICKET_CHALLENGE_LEN]);
/* OCC_ERR_CHALLENGE_UNKNOWN or OCC_ERR_CHALLENGE_EXPIRED. Whether it was used: occ_spent_has. */
OCC_RESULT occ_ticket_open_challenge(const struct occ_tickets *tickets,
                                     const uint8_t challenge[OCC_TICKET_CHALLENGE_LEN], struct occ_ticket *ret_ticket);

/* chain: its index among the chains of this epoch, below OCC_LIMIT_CHAINS. base64url (RFC 4648 §5) without padding. */
void occ_ticket_put_slot(const struct occ_tickets *tickets, size_t chain, const struct occ_chain_slot *slot,
                         char ret_slot_id[OCC_TICKET_SLOT_ID_LEN]);
/* OCC_ERR_SLOT_UNKNOWN or OCC_ERR_SLOT_EXPIRED. */
OCC_RESULT occ_ticket_open_slot(const struct occ_tickets *tickets, struct occ_bytes slot_id,
                                struct occ_ticket *ret_ticket, size_t *ret_chain, struct occ_chain_slot *ret_slot);

#endif
