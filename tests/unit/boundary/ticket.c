/* ticket.c — challenges and slots come back as they were given out, or not at all. */
#include "unit/boundary/parent.h"

#include "boundary/ticket.h"

static struct occ_tickets tickets, others;

static void
count_from(void *ctx, void *ret, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        ((uint8_t *)ret)[i] = (uint8_t)(*(uint8_t *)ctx + i);
    }
}

static int
set_up(void **state)
{
    (void)state;
    uint8_t first = 0, second = 1;
    assert_int_equal(occ_secret_init().code, OCC_OK);
    tickets = others = (struct occ_tickets){ .uptime_ms = 1000 };
    assert_int_equal(occ_mac_new(count_from, &first, &tickets.mac).code, OCC_OK);
    assert_int_equal(occ_mac_new(count_from, &second, &others.mac).code, OCC_OK);
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    occ_mac_free(tickets.mac);
    occ_mac_free(others.mac);
    return 0;
}

static enum occ_err
open_challenge(struct occ_tickets *by, const uint8_t challenge[OCC_TICKET_CHALLENGE_LEN], struct occ_ticket *ret)
{
    return occ_ticket_open_challenge(by, challenge, ret).code;
}

static void
test_challenge(void **state)
{
    (void)state;
    static const uint8_t random[OCC_TICKET_RANDOM_LEN] = { 1, 2, 3 };
    uint8_t challenge[OCC_TICKET_CHALLENGE_LEN];
    struct occ_ticket ticket;
    occ_ticket_put_challenge(&tickets, random, challenge);
    assert_int_equal(open_challenge(&tickets, challenge, &ticket), OCC_OK);
    assert_true(ticket.expires_ms == 1000 + OCC_LIMIT_CHALLENGE_MS);
    assert_int_equal(open_challenge(&others, challenge, &ticket), OCC_ERR_CHALLENGE_UNKNOWN);
    for (size_t i = 0; i < 8 * sizeof challenge; i++) {
        challenge[i / 8] ^= (uint8_t)(1u << (i % 8));
        assert_int_equal(open_challenge(&tickets, challenge, &ticket), OCC_ERR_CHALLENGE_UNKNOWN);
        challenge[i / 8] ^= (uint8_t)(1u << (i % 8));
    }
    tickets.uptime_ms += OCC_LIMIT_CHALLENGE_MS - 1;
    assert_int_equal(open_challenge(&tickets, challenge, &ticket), OCC_OK);
    tickets.uptime_ms++;
    assert_int_equal(open_challenge(&tickets, challenge, &ticket), OCC_ERR_CHALLENGE_EXPIRED);
}

/* A million are given out, all different by their random part, and nothing is kept of them. */
static void
test_no_memory(void **state)
{
    (void)state;
    const struct occ_tickets before = tickets;
    uint8_t challenge[OCC_TICKET_CHALLENGE_LEN];
    for (uint64_t i = 0; i < 1000000; i++) {
        uint8_t random[OCC_TICKET_RANDOM_LEN];
        memcpy(random, &i, sizeof random);
        occ_ticket_put_challenge(&tickets, random, challenge);
    }
    assert_memory_equal(&tickets, &before, sizeof before); /* its store of used ones has no memory */
    assert_null(tickets.spent.slices[0].ids.places);
}

static struct occ_chain_slot
example(void)
{
    struct occ_chain_slot slot = { .counter = UINT64_MAX - 5, .time_ms = 1741496392841 };
    memset(slot.nonce, 0x22, sizeof slot.nonce);
    memset(slot.signature, 0xfb, sizeof slot.signature); /* letters that base64url has of its own */
    return slot;
}

static enum occ_err
open_slot(const struct occ_tickets *by, const char *text, struct occ_chain_slot *ret)
{
    struct occ_ticket ticket;
    size_t chain = 0;
    const enum occ_err code = occ_ticket_open_slot(by, occ_bytes_str(text), &ticket, &chain, ret).code;
    if (code == OCC_OK) {
        assert_int_equal(chain, 63);
        assert_true(ticket.expires_ms == 1000 + OCC_LIMIT_SLOT_MS);
    }
    return code;
}

static void
test_slot(void **state)
{
    (void)state;
    const struct occ_chain_slot slot = example();
    char text[OCC_TICKET_SLOT_ID_LEN + 2] = "";
    occ_ticket_put_slot(&tickets, 63, &slot, text);
    assert_int_equal(strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), 184);
    assert_int_equal(strlen(text), 184);
    struct occ_chain_slot read;
    assert_int_equal(open_slot(&tickets, text, &read), OCC_OK);
    assert_memory_equal(&read, &slot, sizeof slot);
    assert_int_equal(open_slot(&others, text, &read), OCC_ERR_SLOT_UNKNOWN);
    for (size_t i = 0; i < OCC_TICKET_SLOT_ID_LEN; i++) {
        const char c = text[i];
        text[i] = c == 'A' ? 'B' : 'A';
        assert_int_equal(open_slot(&tickets, text, &read), OCC_ERR_SLOT_UNKNOWN);
        text[i] = c == '-' ? '+' : c == '_' ? '/' : '='; /* one text for one slot */
        assert_int_equal(open_slot(&tickets, text, &read), OCC_ERR_SLOT_UNKNOWN);
        text[i] = c;
    }
    text[184] = 'A';
    assert_int_equal(open_slot(&tickets, text, &read), OCC_ERR_SLOT_UNKNOWN);
    text[183] = '\0';
    assert_int_equal(open_slot(&tickets, text, &read), OCC_ERR_SLOT_UNKNOWN);
    occ_ticket_put_slot(&tickets, 63, &slot, text);
    text[184] = '\0';
    tickets.uptime_ms += OCC_LIMIT_SLOT_MS - 1;
    assert_int_equal(open_slot(&tickets, text, &read), OCC_OK);
    tickets.uptime_ms++;
    assert_int_equal(open_slot(&tickets, text, &read), OCC_ERR_SLOT_EXPIRED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_challenge, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_memory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_slot, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
