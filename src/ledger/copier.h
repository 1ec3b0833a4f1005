/*
 * copier.h — the thread that copies the WAL's pages into the database, so that the writer need not.
 *
 * SQLite can copy while another connection writes (a passive checkpoint), but only when all is copied can the WAL begin anew,
 * and while somebody writes there is always a little more. So the thread does nearly all of it, and the writer the rest,
 * between two transactions. Without the thread, or if it fails, that rest is all of it.
 */
#ifndef OCC_LEDGER_COPIER_H
#define OCC_LEDGER_COPIER_H

#include <stdint.h>

#include "base/result.h"

struct occ_copier;

/* threaded false: no thread, the writer copies everything (for tests that count what is done in which order). */
OCC_RESULT occ_copier_start(const char *folder, bool threaded, struct occ_error *err, struct occ_copier **ret_copier);
/* Waits for the thread. NULL is allowed. */
void occ_copier_stop(struct occ_copier *copier);
/*
 * The writer's thread, after each transaction: the WAL has so many frames. True: now it is for the writer to copy what is left
 * (and nobody else does).
 */
bool occ_copier_note(struct occ_copier *copier, uint64_t frames);

#endif
