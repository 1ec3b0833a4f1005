/* copier.c — see copier.h. */
#include "ledger/copier.h"

#include <pthread.h>
#include <stdlib.h>

#include "ledger/db.h"

enum { FRAMES = 2000 }; /* so many pages in the WAL, of 4 KiB each, are worth a copy and its sync */

struct occ_copier {
    const char *folder; /* the ledger's */
    bool threaded;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool wanted, done, stop; /* under lock */
    uint64_t copied;         /* the writer's: frames that were in the WAL when it copied the last of them */
};

/* ---- the thread ---- */

/* Whatever goes wrong here goes wrong for the writer too, who copies what this did not. */
static void
copy(struct occ_copier *copier, struct occ_db *db)
{
    const struct occ_db_options options = { .folder = copier->folder, .name = "ledger.db", .mode = OCC_DB_WRITE };
    if (db->handle == NULL && !occ_is_ok(occ_db_open(&options, NULL, db))) {
        return;
    }
    if (sqlite3_wal_checkpoint_v2(db->handle, "main", SQLITE_CHECKPOINT_PASSIVE, NULL, NULL) != SQLITE_OK) {
        occ_db_close(db); /* what it has in memory is of no use after a failed sync */
    }
}

static void *
thread_main(void *arg)
{
    struct occ_copier *const copier = arg;
    struct occ_db db = { 0 };
    pthread_mutex_lock(&copier->lock);
    while (!copier->stop) {
        if (!copier->wanted || copier->done) {
            pthread_cond_wait(&copier->changed, &copier->lock);
            continue;
        }
        pthread_mutex_unlock(&copier->lock);
        copy(copier, &db);
        pthread_mutex_lock(&copier->lock);
        copier->done = true;
    }
    pthread_mutex_unlock(&copier->lock);
    occ_db_close(&db);
    return NULL;
}

/* ---- the writer ---- */

bool
occ_copier_note(struct occ_copier *copier, uint64_t frames)
{
    copier->copied = frames < copier->copied ? 0 : copier->copied; /* it has begun anew */
    const bool is_much = frames - copier->copied >= FRAMES;
    bool is_ours = is_much;
    if (copier->threaded) {
        pthread_mutex_lock(&copier->lock);
        is_ours = copier->done;
        if (is_ours) {
            copier->wanted = copier->done = false;
        } else if (is_much && !copier->wanted) {
            copier->wanted = true;
            pthread_cond_signal(&copier->changed);
        }
        pthread_mutex_unlock(&copier->lock);
    }
    copier->copied = is_ours ? frames : copier->copied;
    return is_ours;
}

/* ---- start and stop ---- */

static struct occ_result
start_thread(struct occ_copier *copier)
{
    OCC_ENSURE(pthread_mutex_init(&copier->lock, NULL) == 0, OCC_ERR_NOMEM);
    if (pthread_cond_init(&copier->changed, NULL) != 0) {
        pthread_mutex_destroy(&copier->lock);
        return occ_result_of(OCC_ERR_NOMEM);
    }
    if (pthread_create(&copier->thread, NULL, thread_main, copier) != 0) {
        pthread_cond_destroy(&copier->changed);
        pthread_mutex_destroy(&copier->lock);
        return occ_result_of(OCC_ERR_NOMEM);
    }
    return occ_success();
}

struct occ_result
occ_copier_start(const char *folder, bool threaded, struct occ_error *err, struct occ_copier **ret_copier)
{
    struct occ_copier *const copier = calloc(1, sizeof *copier);
    if (copier == NULL) {
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    copier->folder = folder;
    copier->threaded = threaded;
    if (threaded && !occ_is_ok(start_thread(copier))) {
        free(copier);
        return occ_error_set(err, OCC_ERR_NOMEM, "no thread for the ledger's copies");
    }
    *ret_copier = copier;
    return occ_success();
}

void
occ_copier_stop(struct occ_copier *copier)
{
    if (copier == NULL) {
        return;
    }
    if (copier->threaded) {
        pthread_mutex_lock(&copier->lock);
        copier->stop = true;
        pthread_cond_signal(&copier->changed);
        pthread_mutex_unlock(&copier->lock);
        pthread_join(copier->thread, NULL);
        pthread_cond_destroy(&copier->changed);
        pthread_mutex_destroy(&copier->lock);
    }
    free(copier);
}
