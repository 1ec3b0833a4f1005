/*
 * boundary_log.h — the program log's lines about the boundary.
 */
#ifndef OCC_SERVER_BOUNDARY_LOG_H
#define OCC_SERVER_BOUNDARY_LOG_H

#include "server/boundary.h"

/* A session is up. position: of the newest acknowledged result; pid: of an own child, or 0. */
void occ_boundary_log_up(const struct occ_events *events, const struct occ_boundary_identity *identity,
                         uint64_t position, int pid);
/* A result was given again after a reconnect: its client was told that the outcome is unknown. */
void occ_boundary_log_late(const struct occ_events *events, const struct occ_commit_outcome *outcome);
/* "listening": the server's first line. identity may be NULL: the boundary is not there yet. */
void occ_boundary_log_listening(const struct occ_events *events, const struct occ_boundary_identity *identity,
                                const char *address, const char *boundary);

/* Opaque bytes as the requestId of both logs: hex. Writes 2 * opaque.len characters and a zero byte. */
void occ_boundary_request_id(struct occ_bytes opaque, char *ret_text);

#endif
