#include "server/askers.h"

void
occ_askers_add(struct occ_askers *askers, struct occ_asker *asker, uint64_t now_ms)
{
    asker->since_ms = now_ms;
    asker->next = NULL;
    if (askers->last == NULL) {
        askers->first = asker;
    } else {
        askers->last->next = asker;
    }
    askers->last = asker;
}

void
occ_askers_answer_all(struct occ_askers *askers, enum occ_err code)
{
    struct occ_asker *next = askers->first;
    *askers = (struct occ_askers){ 0 };
    while (next != NULL) {
        struct occ_asker *asker = next;
        next = asker->next;
        asker->done(asker, occ_result_of(code));
    }
}

void
occ_askers_time_out(struct occ_askers *askers, uint64_t now_ms, uint64_t limit_ms)
{
    while (askers->first != NULL && now_ms - askers->first->since_ms > limit_ms) {
        struct occ_asker *asker = askers->first;
        askers->first = asker->next;
        if (askers->first == NULL) {
            askers->last = NULL;
        }
        asker->done(asker, occ_result_of(OCC_ERR_TIMEOUT));
    }
}
