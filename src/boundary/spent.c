/* spent.c — see spent.h. */
#include "boundary/spent.h"

static uint64_t
number_of(uint64_t time_ms)
{
    return time_ms / OCC_SPENT_SLICE_MS;
}

void
occ_spent_clear(struct occ_spent *spent)
{
    for (size_t i = 0; i < OCC_SPENT_SLICES; i++) {
        occ_idset_clear(&spent->slices[i].ids);
    }
    spent->count = 0;
}

bool
occ_spent_has(const struct occ_spent *spent, const struct occ_ticket *ticket)
{
    const uint64_t number = number_of(ticket->expires_ms);
    const size_t at = number % OCC_SPENT_SLICES;
    return spent->slices[at].number == number && occ_idset_has(&spent->slices[at].ids, ticket->id);
}

/* Whoever expired before the slice of now began is gone. */
static void
forget(struct occ_spent *spent, uint64_t now_ms)
{
    for (size_t i = 0; i < OCC_SPENT_SLICES; i++) {
        if (spent->slices[i].ids.count > 0 && spent->slices[i].number < number_of(now_ms)) {
            spent->count -= spent->slices[i].ids.count;
            occ_idset_clear(&spent->slices[i].ids);
        }
    }
}

struct occ_result
occ_spent_reserve(struct occ_spent *spent, uint64_t now_ms, const struct occ_ticket *ticket, size_t more)
{
    OCC_ENSURE(ticket->expires_ms > now_ms && ticket->expires_ms - now_ms <= OCC_LIMIT_SLOT_MS, OCC_ERR_INTERNAL);
    forget(spent, now_ms);
    OCC_ENSURE(more <= spent->count_max && spent->count <= spent->count_max - more, OCC_ERR_BUSY);
    /* All slices from now's to the ticket's have places of their own: this one is the ticket's, or empty. */
    const uint64_t number = number_of(ticket->expires_ms);
    const size_t at = number % OCC_SPENT_SLICES;
    spent->slices[at].number = number;
    return occ_idset_reserve(&spent->slices[at].ids, more);
}

bool
occ_spent_put(struct occ_spent *spent, const struct occ_ticket *ticket)
{
    const bool is_new = occ_idset_put(&spent->slices[number_of(ticket->expires_ms) % OCC_SPENT_SLICES].ids, ticket->id);
    spent->count += is_new;
    return is_new;
}

void
occ_spent_take_back(struct occ_spent *spent, const struct occ_ticket *ticket)
{
    const uint64_t number = number_of(ticket->expires_ms);
    const size_t at = number % OCC_SPENT_SLICES;
    if (spent->slices[at].number == number && occ_idset_take(&spent->slices[at].ids, ticket->id)) {
        spent->count--;
    }
}
