#include "server/repeats.h"

#include <stdlib.h>

enum { BUCKETS = 256, TICK_MS = 50 };

/* Invariant: those in buckets have the lead, one of each repeat; who waits hangs on the one in the lead, oldest first. */
struct occ_repeats {
    struct occ_loop *loop;
    struct occ_timer *tick, *tell;
    uint64_t wait_ms;
    size_t waiting;
    bool ticking;
    struct occ_repeats_entry *buckets[BUCKETS];
    struct occ_repeats_entry *told, **told_end; /* have the lead and are to be told, in order */
};

static struct occ_repeats_entry **
find(struct occ_repeats *repeats, const uint8_t repeat[OCC_SHA256_LEN])
{
    struct occ_repeats_entry **at = &repeats->buckets[repeat[0]];
    while (*at != NULL && memcmp((*at)->repeat, repeat, OCC_SHA256_LEN) != 0) {
        at = &(*at)->next;
    }
    return at;
}

static struct occ_repeats_entry *
pop_waiting(struct occ_repeats *repeats, struct occ_repeats_entry *lead)
{
    struct occ_repeats_entry *entry = lead->waiting;
    lead->waiting = entry->next;
    if (lead->waiting == NULL) {
        lead->waiting_last = NULL;
    }
    entry->next = NULL;
    repeats->waiting--;
    return entry;
}

static void
start_ticking(struct occ_repeats *repeats)
{
    if (!repeats->ticking) {
        repeats->ticking = true;
        occ_timer_start(repeats->tick, TICK_MS);
    }
}

struct occ_result
occ_repeats_enter(struct occ_repeats *repeats, struct occ_repeats_entry *entry, bool *ret_leads)
{
    struct occ_repeats_entry **at = find(repeats, entry->repeat);
    struct occ_repeats_entry *lead = *at;
    entry->next = entry->waiting = entry->waiting_last = entry->next_told = NULL;
    entry->since_ms = occ_loop_now_ms(repeats->loop);
    if (lead == NULL) {
        *at = entry;
        *ret_leads = true;
        return occ_success();
    }
    OCC_ENSURE(memcmp(lead->body, entry->body, OCC_SHA256_LEN) == 0, OCC_ERR_REPEAT);
    OCC_ENSURE(repeats->waiting < OCC_LIMIT_REPEATS_WAITING, OCC_ERR_BUSY);
    if (lead->waiting_last == NULL) {
        lead->waiting = entry;
    } else {
        lead->waiting_last->next = entry;
    }
    lead->waiting_last = entry;
    repeats->waiting++;
    start_ticking(repeats);
    *ret_leads = false;
    return occ_success();
}

void
occ_repeats_leave(struct occ_repeats *repeats, struct occ_repeats_entry *entry)
{
    struct occ_repeats_entry **at = find(repeats, entry->repeat);
    *at = entry->next;
    if (entry->waiting == NULL) {
        return;
    }
    struct occ_repeats_entry *lead = pop_waiting(repeats, entry);
    lead->waiting = entry->waiting;
    lead->waiting_last = entry->waiting_last;
    lead->next = *at;
    *at = lead;
    *repeats->told_end = lead;
    repeats->told_end = &lead->next_told;
    occ_timer_start(repeats->tell, 0);
}

/* ---- timers ---- */

static void
on_tell(void *ctx)
{
    struct occ_repeats *repeats = ctx;
    struct occ_repeats_entry *next = repeats->told;
    repeats->told = NULL;
    repeats->told_end = &repeats->told;
    while (next != NULL) {
        struct occ_repeats_entry *entry = next;
        next = entry->next_told;
        entry->next_told = NULL;
        entry->go(entry, occ_success());
    }
}

/* Takes out those that wait for longer than limit_ms and says so to each. */
static void
put_out(struct occ_repeats *repeats, uint64_t limit_ms, enum occ_err code)
{
    const uint64_t now = occ_loop_now_ms(repeats->loop);
    struct occ_repeats_entry *out = NULL, **end = &out;
    for (size_t i = 0; i < BUCKETS; i++) {
        for (struct occ_repeats_entry *lead = repeats->buckets[i]; lead != NULL; lead = lead->next) {
            while (lead->waiting != NULL && now - lead->waiting->since_ms >= limit_ms) {
                *end = pop_waiting(repeats, lead);
                end = &(*end)->next;
            }
        }
    }
    while (out != NULL) {
        struct occ_repeats_entry *entry = out;
        out = entry->next;
        entry->go(entry, occ_result_of(code));
    }
}

static void
on_tick(void *ctx)
{
    struct occ_repeats *repeats = ctx;
    repeats->ticking = false;
    put_out(repeats, repeats->wait_ms, OCC_ERR_TIMEOUT);
    if (repeats->waiting > 0) {
        start_ticking(repeats);
    }
}

/* ---- the rest ---- */

struct occ_result
occ_repeats_new(struct occ_loop *loop, uint64_t wait_ms, struct occ_repeats **ret_repeats)
{
    struct occ_repeats *repeats = calloc(1, sizeof(*repeats));
    OCC_ENSURE(repeats != NULL, OCC_ERR_NOMEM);
    repeats->loop = loop;
    repeats->wait_ms = wait_ms;
    repeats->told_end = &repeats->told;
    struct occ_result made = occ_timer_new(loop, on_tick, repeats, &repeats->tick);
    if (occ_is_ok(made)) {
        made = occ_timer_new(loop, on_tell, repeats, &repeats->tell);
    }
    if (!occ_is_ok(made)) {
        occ_repeats_free(repeats);
        return made;
    }
    *ret_repeats = repeats;
    return occ_success();
}

void
occ_repeats_free(struct occ_repeats *repeats)
{
    if (repeats == NULL) {
        return;
    }
    put_out(repeats, 0, OCC_ERR_UNAVAILABLE);
    for (struct occ_repeats_entry *entry = repeats->told, *next; entry != NULL; entry = next) {
        next = entry->next_told;
        entry->go(entry, occ_result_of(OCC_ERR_UNAVAILABLE));
    }
    occ_timer_free(repeats->tick);
    occ_timer_free(repeats->tell);
    free(repeats);
}
