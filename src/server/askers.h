/*
 * askers.h — those who wait to hear whether the boundary answers, oldest first.
 */
#ifndef OCC_SERVER_ASKERS_H
#define OCC_SERVER_ASKERS_H

#include <stdint.h>

#include "base/result.h"

struct occ_asker {
    /* Called once: success, OCC_ERR_TIMEOUT or OCC_ERR_UNAVAILABLE. The asker is its owner's again. */
    void (*done)(struct occ_asker *asker, struct occ_result answer);
    uint64_t since_ms;
    struct occ_asker *next;
};

struct occ_askers {
    struct occ_asker *first, *last;
};

void occ_askers_add(struct occ_askers *askers, struct occ_asker *asker, uint64_t now_ms);
/* Answers those who are there now; an answer may lead to a new question, which is not answered by it. */
void occ_askers_answer_all(struct occ_askers *askers, enum occ_err code);
/* Answers OCC_ERR_TIMEOUT to those who have waited for more than limit_ms. */
void occ_askers_time_out(struct occ_askers *askers, uint64_t now_ms, uint64_t limit_ms);

#endif
