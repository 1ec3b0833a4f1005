/* indexer.c — see indexer.h. */
#include "ledger/indexer.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "ledger/fetch.h"
#include "ledger/merge.h"
#include "ledger/queries.h"
#include "ledger/schema.h"

enum {
    RUN_ENTRIES = 16384,    /* of a run of level 0 when there is enough to do */
    RUN_ENTRIES_MIN = 8192, /* proofs that are waited for */
    STEPS_PER_RUN = 24,     /* slices of merging for each run: more than a run causes in the long run, */
    STEPS_IN_HASTE = 4,     /* and when it is behind: less, for a while */
    HASTE_ENTRIES = OCC_LIMIT_LEDGER_TAIL / 4,
    PANIC_ENTRIES =
        OCC_LIMIT_LEDGER_TAIL / 2, /* so far behind it merges nothing: else the tail overflows, and look-ups wait */
    SETTLE_AFTER_MS = 500,         /* without a new run */
    NICE = 5,
};
_Static_assert((int)RUN_ENTRIES <= (int)OCC_INDEX_RUN_ENTRIES / 2, "a run may have those of one row more");

struct occ_indexer {
    struct occ_indexer_config config;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* under lock */
    bool stop, distrust;
    uint64_t last_row, last_proofs;
    /* the thread's */
    struct occ_db ledger, index;
    struct occ_fetch fetch;
    struct occ_merges *merges;
    struct occ_index_covered covered;
    uint8_t *entries; /* RUN_ENTRIES, and those of one row more */
    size_t count, cap;
    _Atomic uint64_t covered_proofs;
};

/* ---- whose index it is ---- */

struct occ_result
occ_indexer_ledger_id(struct occ_db *ledger_db, struct occ_error *err, uint8_t ret_id[16])
{
    sqlite3_stmt *const statement = occ_db_statement(ledger_db, OCC_QUERY_ID);
    bool found;
    OCC_TRY(occ_db_step(ledger_db, statement, err, &found));
    const struct occ_bytes id = found ? occ_db_bytes(statement, 0) : occ_bytes_of(NULL, 0);
    const bool is_sound = id.len == 16;
    if (is_sound) {
        memcpy(ret_id, id.ptr, 16);
    }
    (void)sqlite3_reset(statement);
    return is_sound ? occ_success() : occ_error_set(err, OCC_ERR_LEDGER_CORRUPT, "%s: it has no id", ledger_db->path);
}

/* The checksum at the end of a row's body; 0 = there is no such row, or it cannot be read. */
static OCC_RESULT
read_row_sum(struct occ_db *db, uint64_t row, uint64_t *ret_sum)
{
    sqlite3_stmt *const statement = occ_db_statement(db, OCC_QUERY_ROW);
    occ_db_bind_u64(statement, 1, row);
    bool found = false;
    const struct occ_result result = occ_db_step(db, statement, NULL, &found);
    const struct occ_bytes body = occ_is_ok(result) && found ? occ_db_bytes(statement, 0) : occ_bytes_of(NULL, 0);
    *ret_sum = body.len >= sizeof *ret_sum ? occ_row_sum(body) : 0;
    (void)sqlite3_reset(statement);
    return result.code == OCC_ERR_LEDGER_CORRUPT ? occ_success() : result;
}

bool
occ_indexer_is_of_ledger(struct occ_db *ledger_db, const struct occ_index_covered *covered)
{
    uint8_t id[16];
    uint64_t sum;
    return occ_is_ok(occ_indexer_ledger_id(ledger_db, NULL, id)) && memcmp(id, covered->ledger, sizeof id) == 0 &&
           occ_is_ok(read_row_sum(ledger_db, covered->row, &sum)) && sum == covered->sum;
}

bool
occ_indexer_look(const struct occ_index_options *options, struct occ_db *ledger_db,
                 struct occ_index_covered *ret_covered)
{
    struct occ_db index;
    if (!occ_is_ok(occ_index_open_read(options, NULL, &index))) {
        return false;
    }
    struct occ_index_covered covered;
    const bool good =
        occ_is_ok(occ_index_read_covered(&index, NULL, &covered)) && occ_indexer_is_of_ledger(ledger_db, &covered);
    occ_db_close(&index);
    if (good) {
        *ret_covered = covered;
    }
    return good;
}

/* ---- the thread's connections ---- */

static void
close_all(struct occ_indexer *indexer)
{
    occ_merges_free(indexer->merges);
    indexer->merges = NULL;
    occ_db_close(&indexer->index);
    occ_fetch_clear(&indexer->fetch);
    occ_db_close(&indexer->ledger);
}

static OCC_RESULT
open_ledger(struct occ_indexer *indexer)
{
    const struct occ_db_options options = {
        .folder = indexer->config.folder, .name = "ledger.db", .vfs = indexer->config.vfs, .mode = OCC_DB_READ
    };
    OCC_TRY(occ_db_open(&options, NULL, &indexer->ledger));
    return occ_db_prepare(&indexer->ledger, occ_query_sql, OCC_QUERY_READS, NULL);
}

/* The proofs up to the covered row, for the statistics. */
static void
note_covered(struct occ_indexer *indexer)
{
    sqlite3_stmt *const statement = occ_db_statement(&indexer->ledger, OCC_QUERY_PROOFS_UP_TO);
    occ_db_bind_u64(statement, 1, indexer->covered.row);
    bool found = false;
    if (occ_is_ok(occ_db_step(&indexer->ledger, statement, NULL, &found))) {
        indexer->covered_proofs = found ? occ_db_u64(statement, 0) : 0;
    }
    (void)sqlite3_reset(statement);
}

static OCC_RESULT
open_all(struct occ_indexer *indexer, bool anew)
{
    const struct occ_index_options options = { .folder = indexer->config.folder, .vfs = indexer->config.vfs };
    OCC_TRY(open_ledger(indexer));
    OCC_TRY(occ_index_open_write(&options, anew, indexer->config.ledger, NULL, &indexer->index));
    OCC_TRY(occ_merges_new(&indexer->merges));
    OCC_TRY(occ_index_read_covered(&indexer->index, NULL, &indexer->covered));
    OCC_ENSURE(occ_indexer_is_of_ledger(&indexer->ledger, &indexer->covered), OCC_ERR_LEDGER_FOREIGN);
    note_covered(indexer);
    return occ_success();
}

/* ---- runs ---- */

static OCC_RESULT
take_row(struct occ_indexer *indexer, uint64_t row)
{
    const struct occ_result fetched = occ_fetch_row(&indexer->fetch, row, NULL);
    if (fetched.code == OCC_ERR_LEDGER_CORRUPT) {
        return occ_success(); /* what cannot be read cannot be found; the others can */
    }
    OCC_TRY(fetched);
    while (occ_row_next(&indexer->fetch.at)) {
        if (indexer->count == indexer->cap) {
            const size_t cap = indexer->cap == 0 ? RUN_ENTRIES : indexer->cap * 2;
            uint8_t *const entries = realloc(indexer->entries, cap * OCC_BLOCK_ENTRY_LEN);
            OCC_ENSURE(entries != NULL, OCC_ERR_NOMEM);
            indexer->entries = entries;
            indexer->cap = cap;
        }
        occ_block_make_entry(indexer->fetch.at.proof.digest, occ_row_place(row, indexer->fetch.at.number),
                             indexer->entries + indexer->count * OCC_BLOCK_ENTRY_LEN);
        indexer->count++;
    }
    return occ_success();
}

static OCC_RESULT
read_rows(struct occ_indexer *indexer, uint64_t last, uint64_t *ret_row)
{
    uint64_t row = indexer->covered.row;
    indexer->count = 0;
    while (row < last && indexer->count < RUN_ENTRIES) {
        row++;
        OCC_TRY(take_row(indexer, row));
    }
    *ret_row = row;
    return occ_success();
}

/* A run out of the rows behind the covered one. */
static OCC_RESULT
make_run(struct occ_indexer *indexer, uint64_t last)
{
    struct occ_index_covered covered = indexer->covered;
    OCC_TRY(occ_db_run(&indexer->ledger, occ_db_statement(&indexer->ledger, OCC_QUERY_BEGIN_READ), NULL));
    struct occ_result result = read_rows(indexer, last, &covered.row);
    if (occ_is_ok(result)) {
        result = read_row_sum(&indexer->ledger, covered.row, &covered.sum);
    }
    (void)occ_db_roll_back(&indexer->ledger);
    OCC_TRY(result);
    OCC_TRY(occ_index_add(&indexer->index, indexer->entries, indexer->count, &covered, NULL));
    indexer->covered = covered;
    note_covered(indexer);
    occ_tail_drop(indexer->config.tail, covered.row);
    return occ_success();
}

/* ---- the thread ---- */

/* What the others want, under the lock. */
struct orders {
    bool stop, distrust;
    uint64_t last_row, last_proofs;
};

static struct orders
read_orders(struct occ_indexer *indexer)
{
    pthread_mutex_lock(&indexer->lock);
    const struct orders orders = { .stop = indexer->stop,
                                   .distrust = indexer->distrust,
                                   .last_row = indexer->last_row,
                                   .last_proofs = indexer->last_proofs };
    indexer->distrust = false;
    pthread_mutex_unlock(&indexer->lock);
    return orders;
}

/* Between the index and the tail nothing may be missing: as long as something is, no look-up is answered. */
static bool
has_gap(const struct occ_indexer *indexer)
{
    uint64_t base, last;
    occ_tail_bounds(indexer->config.tail, &base, &last);
    return base > indexer->covered.row;
}

static bool
is_enough(const struct occ_indexer *indexer, const struct orders *orders)
{
    return orders->last_row > indexer->covered.row &&
           (orders->stop || orders->last_proofs - indexer->covered_proofs >= RUN_ENTRIES_MIN || has_gap(indexer));
}

static struct timespec
from_now(int64_t ms)
{
    struct timespec at;
    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += ms / 1000;
    at.tv_nsec += ms % 1000 * 1000000;
    if (at.tv_nsec >= 1000000000) {
        at.tv_nsec -= 1000000000;
        at.tv_sec++;
    }
    return at;
}

/* Until there is enough for a run, or an order. True: there has not been for a while (which is not waited for if for_ever). */
static bool
wait_for_work(struct occ_indexer *indexer, bool for_ever)
{
    const struct timespec until = from_now(SETTLE_AFTER_MS);
    int waited = 0;
    pthread_mutex_lock(&indexer->lock);
    while (waited == 0) {
        const struct orders orders = { .last_row = indexer->last_row, .last_proofs = indexer->last_proofs };
        if (indexer->stop || indexer->distrust || is_enough(indexer, &orders)) {
            break;
        }
        waited = for_ever ? pthread_cond_wait(&indexer->changed, &indexer->lock)
                          : pthread_cond_timedwait(&indexer->changed, &indexer->lock, &until);
    }
    pthread_mutex_unlock(&indexer->lock);
    return waited != 0;
}

/* Slices of merging after a run, when so many proofs are in none. */
static size_t
steps_behind(uint64_t proofs)
{
    return proofs > PANIC_ENTRIES ? 0 : proofs > HASTE_ENTRIES ? STEPS_IN_HASTE : STEPS_PER_RUN;
}

/* OCC_ERR_CLOSED: told to stop. */
static OCC_RESULT
work(struct occ_indexer *indexer)
{
    bool is_quiet = false;
    for (;;) {
        const struct orders orders = read_orders(indexer);
        OCC_ENSURE(!orders.distrust, OCC_ERR_LEDGER_CORRUPT);
        const bool has_run = is_enough(indexer, &orders);
        if (has_run) {
            OCC_TRY(make_run(indexer, orders.last_row));
            is_quiet = false;
        }
        /* At the end one run more is made, so that the next start finds a short tail; the rest can wait until then. */
        OCC_ENSURE(!orders.stop, OCC_ERR_CLOSED);
        const size_t steps = !has_run ? 1 : steps_behind(orders.last_proofs - indexer->covered_proofs);
        bool did = true;
        for (size_t i = 0; did && i < steps; i++) {
            OCC_TRY(occ_merges_step(indexer->merges, is_quiet, &indexer->index, NULL, &did));
        }
        if (!did && !has_run) {
            is_quiet = wait_for_work(indexer, is_quiet);
        }
    }
}

/* False: told to stop meanwhile. */
static bool
pause_after_failure(struct occ_indexer *indexer)
{
    const struct timespec until = from_now(OCC_LIMIT_LEDGER_RETRY_MS);
    pthread_mutex_lock(&indexer->lock);
    int waited = 0;
    while (!indexer->stop && waited == 0) {
        waited = pthread_cond_timedwait(&indexer->changed, &indexer->lock, &until);
    }
    const bool go_on = !indexer->stop;
    pthread_mutex_unlock(&indexer->lock);
    return go_on;
}

static bool
is_useless(enum occ_err code)
{
    return code == OCC_ERR_LEDGER_CORRUPT || code == OCC_ERR_LEDGER_FOREIGN;
}

static void *
thread_main(void *arg)
{
    struct occ_indexer *const indexer = arg;
    /* Linux: of this thread only. */
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
    bool anew = indexer->config.anew;
    for (;;) {
        occ_fetch_init(&indexer->fetch, &indexer->ledger);
        struct occ_result result = open_all(indexer, anew);
        if (occ_is_ok(result)) {
            anew = false;
            result = work(indexer);
        }
        close_all(indexer);
        /* An index that is of no use is made anew at once; if that is of no use either, after a while. */
        const bool is_over = result.code == OCC_ERR_CLOSED;
        const bool at_once = is_useless(result.code) && !anew;
        anew = anew || is_useless(result.code);
        if (is_over || (!at_once && !pause_after_failure(indexer))) {
            return NULL;
        }
    }
}

static OCC_RESULT
init_condition(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    OCC_ENSURE(pthread_condattr_init(&attributes) == 0, OCC_ERR_NOMEM);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    const int failed = pthread_cond_init(condition, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    OCC_ENSURE(failed == 0, OCC_ERR_NOMEM);
    return occ_success();
}

struct occ_result
occ_indexer_start(const struct occ_indexer_config *config, struct occ_error *err, struct occ_indexer **ret_indexer)
{
    struct occ_indexer *const indexer = calloc(1, sizeof *indexer);
    if (indexer == NULL) {
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    indexer->config = *config;
    if (pthread_mutex_init(&indexer->lock, NULL) != 0) {
        free(indexer);
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    const struct occ_result made = init_condition(&indexer->changed);
    if (!occ_is_ok(made)) {
        pthread_mutex_destroy(&indexer->lock);
        free(indexer);
        return occ_error_code(err, made.code);
    }
    if (pthread_create(&indexer->thread, NULL, thread_main, indexer) != 0) {
        pthread_cond_destroy(&indexer->changed);
        pthread_mutex_destroy(&indexer->lock);
        free(indexer);
        return occ_error_set(err, OCC_ERR_NOMEM, "no thread for the digest index");
    }
    *ret_indexer = indexer;
    return occ_success();
}

void
occ_indexer_stop(struct occ_indexer *indexer)
{
    if (indexer == NULL) {
        return;
    }
    pthread_mutex_lock(&indexer->lock);
    indexer->stop = true;
    pthread_cond_broadcast(&indexer->changed);
    pthread_mutex_unlock(&indexer->lock);
    pthread_join(indexer->thread, NULL);
    pthread_cond_destroy(&indexer->changed);
    pthread_mutex_destroy(&indexer->lock);
    free(indexer->entries);
    free(indexer);
}

void
occ_indexer_notify(struct occ_indexer *indexer, uint64_t row, uint64_t proofs)
{
    pthread_mutex_lock(&indexer->lock);
    indexer->last_row = row;
    indexer->last_proofs = proofs;
    if (proofs - indexer->covered_proofs >= RUN_ENTRIES_MIN) {
        pthread_cond_signal(&indexer->changed);
    }
    pthread_mutex_unlock(&indexer->lock);
}

void
occ_indexer_distrust(struct occ_indexer *indexer)
{
    pthread_mutex_lock(&indexer->lock);
    indexer->distrust = true;
    pthread_cond_signal(&indexer->changed);
    pthread_mutex_unlock(&indexer->lock);
}

uint64_t
occ_indexer_covered_proofs(const struct occ_indexer *indexer)
{
    return indexer->covered_proofs;
}
