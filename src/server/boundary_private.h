/*
 * boundary_private.h — struct occ_boundary, and what boundary.c (sessions, time, who may ask), boundary_frames.c (what is sent
 * and what comes back) and boundary_watch.c (how the boundary is, and its documents) need of each other.
 */
#ifndef OCC_SERVER_BOUNDARY_PRIVATE_H
#define OCC_SERVER_BOUNDARY_PRIVATE_H

#include "server/attests.h"
#include "server/boundary.h"
#include "server/issues.h"
#include "server/recovery.h"
#include "server/results.h"
#include "server/session.h"
#include "server/vitals.h"

struct occ_boundary_flight {
    uint64_t id;
    struct occ_pending_list requests;
};

struct occ_boundary {
    struct occ_boundary_config config;
    struct occ_session *session;
    struct occ_recovery *recovery;
    struct occ_results *results;
    struct occ_timer *tick;
    bool ticking;
    bool stopping;

    struct occ_boundary_identity identity; /* valid while the session is up */
    struct occ_pending_rules rules;

    char halted[OCC_ERROR_TEXT_SIZE]; /* "" = not */

    uint8_t run_id[OCC_OPAQUE_ID_LEN / 2];
    uint64_t requests, frames; /* numbers given out so far */
    struct occ_pending_list queue;
    struct occ_boundary_flight flights[OCC_LIMIT_FRAMES_IN_FLIGHT]; /* oldest first */
    size_t flight_count, flights_max, digests_max;                  /* digests_max: OCC_LIMIT_DIGESTS_IN_FLIGHT… */
    struct occ_issues issues, issues_sent;
    struct occ_attests attests;

    struct occ_vitals vitals;
    struct occ_timer *watch;
    bool watches; /* the boundary may have a device that fails: it is asked how it is */

    struct occ_askers askers, ready_askers;
    uint64_t ping_id;     /* under way; 0 = none */
    uint64_t progress_ms; /* when the boundary last answered something, or was first given something to answer; */
    uint64_t results_ms;  /* the same for results, towards which a document is progress */
    uint64_t tick_ms;
};

/* boundary.c */
/* Time limits are looked at from now on, for as long as anything waits. */
void occ_boundary_start_ticking(struct occ_boundary *boundary);
static inline bool
occ_boundary_is_ready(const struct occ_boundary *boundary)
{
    return occ_recovery_state(boundary->recovery) == OCC_RECOVERY_READY;
}

/* boundary_watch.c */
OCC_RESULT occ_boundary_make_watch(struct occ_boundary *boundary);
/* A session is up: asked from now on, if there is reason to. */
void occ_boundary_watch(struct occ_boundary *boundary);
void occ_boundary_stop_watching(struct occ_boundary *boundary);
/* The boundary said why it refuses. ctx: boundary. */
void occ_boundary_note_trouble(void *ctx, struct occ_bytes why);
/* A PONG frame. */
OCC_RESULT occ_boundary_take_pong(struct occ_boundary *boundary, const struct occ_frame *frame);

/* boundary_frames.c */
/* True if the boundary owes an answer. */
bool occ_boundary_awaits_answer(const struct occ_boundary *boundary);
/* True if it has owed one for more than limit_ms. */
bool occ_boundary_is_stuck(const struct occ_boundary *boundary, uint64_t now_ms, uint64_t limit_ms);
/* To be called before something is sent that the boundary will answer. */
void occ_boundary_note_asked(struct occ_boundary *boundary);
/* In front of each wait: one acknowledgement for all that is durable, one frame for all requests of this turn. ctx: boundary. */
void occ_boundary_turn(void *ctx);
/* A frame from the boundary, while the session is up. ctx: boundary. A failure ends the session. */
OCC_RESULT occ_boundary_take(void *ctx, const struct occ_frame *frame);
/* Tells the boundary what is durable, if it does not know. */
void occ_boundary_acknowledge(struct occ_boundary *boundary);
/* All that waits or is under way fails: the session is over. */
void occ_boundary_fail_all(struct occ_boundary *boundary);

#endif
