/*
 * timestamps_subject.h — what tokens are being had for: a digest each, however many wait for it.
 *
 * A subject asks authorities in their order, so many at a time that the quorum can be reached; one that fails, or is left
 * alone just now, is replaced by the next in the list. It ends when so many have given a token, with the token of the one
 * that stands first in the list, or when no authority is left that could; those that wait are told, and it is forgotten.
 */
#ifndef OCC_SERVER_TIMESTAMPS_SUBJECT_H
#define OCC_SERVER_TIMESTAMPS_SUBJECT_H

#include "server/timestamps_authority.h"

struct occ_timestamps_subjects;
struct occ_timestamps_subject;

/* authorities: borrowed, count of them, must outlive the subjects. 1 <= quorum <= count. */
OCC_RESULT occ_timestamps_subjects_new(struct occ_timestamps_authority *const *authorities, size_t count, size_t quorum,
                                       struct occ_timestamps_subjects **ret_subjects);
/* Tells all that wait that there is no token. NULL is allowed. */
void occ_timestamps_subjects_free(struct occ_timestamps_subjects *subjects);
size_t occ_timestamps_subjects_count(const struct occ_timestamps_subjects *subjects);

/* One that waits. Embedded in its owner; all zero = waits for nothing. */
struct occ_timestamps_waiter {
    /* text: canonical JSON of a TsaToken, valid during the call; empty: there is none. */
    void (*done)(struct occ_timestamps_waiter *waiter, struct occ_bytes text);
    struct occ_timestamps_subject *subject; /* timestamps_subject.c's, like the rest; NULL = it does not wait */
    struct occ_timestamps_waiter *next, **link;
};
/*
 * Waits for a token of this digest; nobody else waits for it = authorities are asked. done is called later, once, never from
 * here. False: done is never called; no authority can be asked just now, or there is no room for more.
 */
bool occ_timestamps_subject_join(struct occ_timestamps_subjects *subjects, const uint8_t digest[OCC_SHA256_LEN],
                                 bool is_late, struct occ_timestamps_waiter *waiter);
/* done is not called any more. A subject for which nobody waits goes on only as far as it is under way. */
void occ_timestamps_subject_leave(struct occ_timestamps_waiter *waiter);
/* It takes long: ask one authority more, if there is one. */
void occ_timestamps_subject_hurry(struct occ_timestamps_waiter *waiter);

#endif
