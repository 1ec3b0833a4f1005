/* ticket.c — see ticket.h. Integers are big-endian; the tag stands at the end. */
#include "boundary/ticket.h"

#include "base/base64.h"
#include "base/reader.h"

/* u64 expires · random (8) · tag (16): 32 bytes. */
static const char challenge_purpose[] = "occ/challenge/v1";
/* u8 zero · u8 chain · u64 expires · u64 counter · u64 time · nonce (32) · signature (64) · tag (16): 138 bytes. */
static const char slot_purpose[] = "occ/slot-id/v1";

enum { NONCE_LEN = 32, SLOT_LEN = 1 + 1 + 3 * 8 + NONCE_LEN + OCC_ED25519_SIGNATURE_LEN + OCC_MAC_LEN };
_Static_assert(8 + OCC_TICKET_RANDOM_LEN + OCC_MAC_LEN == OCC_TICKET_CHALLENGE_LEN, "PROTOCOL §3: 32 bytes");
_Static_assert(SLOT_LEN % 3 == 0 && OCC_BASE64_LEN(SLOT_LEN) == OCC_TICKET_SLOT_ID_LEN, "base64 without padding");
_Static_assert(OCC_TICKET_SLOT_ID_LEN <= OCC_LIMIT_SLOT_ID_LEN, "limits.h");

static uint8_t *
put_u64(uint8_t *at, uint64_t value)
{
    for (int i = 0; i < 8; i++) {
        at[i] = (uint8_t)(value >> (56 - 8 * i));
    }
    return at + 8;
}

static uint8_t *
put_bytes(uint8_t *at, const uint8_t *bytes, size_t len)
{
    memcpy(at, bytes, len);
    return at + len;
}

/* What the tag at the end of a ticket covers. */
static struct occ_bytes
covered(const uint8_t *ticket, size_t len)
{
    return occ_bytes_of(ticket, len - OCC_MAC_LEN);
}

/* ---- challenges ---- */

void
occ_ticket_put_challenge(const struct occ_tickets *tickets, const uint8_t random[OCC_TICKET_RANDOM_LEN],
                         uint8_t ret_challenge[OCC_TICKET_CHALLENGE_LEN])
{
    uint8_t *const tag =
        put_bytes(put_u64(ret_challenge, tickets->uptime_ms + OCC_LIMIT_CHALLENGE_MS), random, OCC_TICKET_RANDOM_LEN);
    occ_mac_make(tickets->mac, challenge_purpose, covered(ret_challenge, OCC_TICKET_CHALLENGE_LEN), tag);
}

struct occ_result
occ_ticket_open_challenge(const struct occ_tickets *tickets, const uint8_t challenge[OCC_TICKET_CHALLENGE_LEN],
                          struct occ_ticket *ret_ticket)
{
    struct occ_reader in = occ_reader_of(occ_bytes_of(challenge, OCC_TICKET_CHALLENGE_LEN));
    struct occ_ticket ticket = { .expires_ms = occ_reader_be64(&in) };
    (void)occ_reader_take(&in, OCC_TICKET_RANDOM_LEN);
    occ_reader_copy(&in, ticket.id, sizeof ticket.id);
    OCC_ENSURE(occ_mac_check(tickets->mac, challenge_purpose, covered(challenge, OCC_TICKET_CHALLENGE_LEN), ticket.id),
               OCC_ERR_CHALLENGE_UNKNOWN);
    OCC_ENSURE(tickets->uptime_ms < ticket.expires_ms, OCC_ERR_CHALLENGE_EXPIRED);
    *ret_ticket = ticket;
    return occ_success();
}

/* ---- slots ---- */

void
occ_ticket_put_slot(const struct occ_tickets *tickets, size_t chain, const struct occ_chain_slot *slot,
                    char ret_slot_id[OCC_TICKET_SLOT_ID_LEN])
{
    uint8_t bytes[SLOT_LEN] = { 0, (uint8_t)chain };
    uint8_t *at = put_u64(bytes + 2, tickets->uptime_ms + OCC_LIMIT_SLOT_MS);
    at = put_u64(put_u64(at, slot->counter), slot->time_ms);
    at = put_bytes(at, slot->nonce, sizeof slot->nonce);
    at = put_bytes(at, slot->signature, sizeof slot->signature);
    occ_mac_make(tickets->mac, slot_purpose, covered(bytes, sizeof bytes), at);
    occ_base64_encode(occ_bytes_of(bytes, sizeof bytes), ret_slot_id);
    for (size_t i = 0; i < OCC_TICKET_SLOT_ID_LEN; i++) {
        ret_slot_id[i] = ret_slot_id[i] == '+' ? '-' : ret_slot_id[i] == '/' ? '_' : ret_slot_id[i];
    }
}

/* True if text is the base64url of SLOT_LEN bytes. */
static bool
decode(struct occ_bytes text, uint8_t ret_bytes[SLOT_LEN])
{
    char base64[OCC_TICKET_SLOT_ID_LEN];
    if (text.len != sizeof base64) {
        return false;
    }
    for (size_t i = 0; i < sizeof base64; i++) {
        const uint8_t c = text.ptr[i];
        if (c == '+' || c == '/') {
            return false;
        }
        base64[i] = (char)(c == '-' ? '+' : c == '_' ? '/' : c);
    }
    size_t len = 0;
    return occ_is_ok(occ_base64_decode(occ_bytes_of(base64, sizeof base64), SLOT_LEN, ret_bytes, &len)) &&
           len == SLOT_LEN;
}

struct occ_result
occ_ticket_open_slot(const struct occ_tickets *tickets, struct occ_bytes slot_id, struct occ_ticket *ret_ticket,
                     size_t *ret_chain, struct occ_chain_slot *ret_slot)
{
    uint8_t bytes[SLOT_LEN];
    OCC_ENSURE(decode(slot_id, bytes), OCC_ERR_SLOT_UNKNOWN);
    struct occ_reader in = occ_reader_of(occ_bytes_of(bytes, sizeof bytes));
    struct occ_ticket ticket;
    struct occ_chain_slot slot;
    (void)occ_reader_u8(&in);
    const size_t chain = occ_reader_u8(&in);
    ticket.expires_ms = occ_reader_be64(&in);
    slot.counter = occ_reader_be64(&in);
    slot.time_ms = occ_reader_be64(&in);
    occ_reader_copy(&in, slot.nonce, sizeof slot.nonce);
    occ_reader_copy(&in, slot.signature, sizeof slot.signature);
    occ_reader_copy(&in, ticket.id, sizeof ticket.id);
    OCC_ENSURE(occ_mac_check(tickets->mac, slot_purpose, covered(bytes, sizeof bytes), ticket.id),
               OCC_ERR_SLOT_UNKNOWN);
    OCC_ENSURE(tickets->uptime_ms < ticket.expires_ms, OCC_ERR_SLOT_EXPIRED);
    *ret_ticket = ticket;
    *ret_chain = chain;
    *ret_slot = slot;
    return occ_success();
}
