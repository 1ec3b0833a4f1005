/*
 * vitals.h — how the boundary is, as it said last (wire/attest.h): whether its attester or token fails, what it has counted,
 * and how far its clock is off. Changes are logged, once each.
 */
#ifndef OCC_SERVER_VITALS_H
#define OCC_SERVER_VITALS_H

#include "server/event.h"
#include "wire/attest.h"

/* Begins as zeros. */
struct occ_vitals {
    char trouble[OCC_ERROR_TEXT_SIZE]; /* "" = well */
    bool clock_is_off;
    bool is_known;            /* the boundary has said something in this session: then */
    struct occ_status newest; /* what; its text is a view of trouble */
};

/* A session is up, or over: what was said before is of no account. */
void occ_vitals_forget(struct occ_vitals *vitals);
/* A PONG. */
void occ_vitals_take(struct occ_vitals *vitals, const struct occ_events *events, const struct occ_status *status);
/* A request was refused since the device fails: that is so until a PONG says otherwise. */
void occ_vitals_take_refusal(struct occ_vitals *vitals, const struct occ_events *events, struct occ_bytes why);
/* NULL, or one sentence: why the boundary takes no commits. */
const char *occ_vitals_trouble(const struct occ_vitals *vitals);

#endif
