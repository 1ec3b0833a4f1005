#include "server/store.h"

#include <pthread.h>
#include <stdlib.h>

#include "server/writer.h"

struct occ_store {
    struct occ_ledger *ledger;
    struct occ_writer *writer;
    struct occ_workers *threads, *first; /* that read; first: the one of occ_store_read_first */
    /* Readers that no thread uses just now. As many as threads: there is always one for a thread that looks. */
    pthread_mutex_t lock;
    bool has_lock;
    struct occ_ledger_reader **idle;
    size_t idle_count;
};

/* ---- reads ---- */

struct read {
    struct occ_store *store;
    void (*run)(void *job, struct occ_ledger_reader *reader);
    void (*done)(void *job);
    void *job;
};

/* A reading thread. */
static void
run_read(void *ctx)
{
    struct read *read = ctx;
    struct occ_store *store = read->store;
    (void)pthread_mutex_lock(&store->lock);
    struct occ_ledger_reader *reader = store->idle[--store->idle_count];
    (void)pthread_mutex_unlock(&store->lock);
    read->run(read->job, reader);
    (void)pthread_mutex_lock(&store->lock);
    store->idle[store->idle_count++] = reader;
    (void)pthread_mutex_unlock(&store->lock);
}

static void
read_done(void *ctx)
{
    struct read *read = ctx;
    read->done(read->job);
    free(read);
}

static OCC_RESULT
submit(struct occ_workers *workers, const struct read *wanted)
{
    struct read *read = calloc(1, sizeof(*read));
    OCC_ENSURE(read != NULL, OCC_ERR_BUSY);
    *read = *wanted;
    const struct occ_result taken = occ_workers_submit(workers, run_read, read_done, read);
    if (!occ_is_ok(taken)) {
        free(read);
        return occ_result_of(OCC_ERR_BUSY);
    }
    return occ_success();
}

struct occ_result
occ_store_read(struct occ_store *store, void (*run)(void *job, struct occ_ledger_reader *reader),
               void (*done)(void *job), void *job)
{
    const struct read read = { .store = store, .run = run, .done = done, .job = job };
    return submit(store->threads, &read);
}

struct occ_result
occ_store_read_first(struct occ_store *store, void (*run)(void *job, struct occ_ledger_reader *reader),
                     void (*done)(void *job), void *job)
{
    const struct read read = { .store = store, .run = run, .done = done, .job = job };
    return submit(store->first, &read);
}

/* ---- writes ---- */

uint64_t
occ_store_last_write_us(const struct occ_store *store)
{
    return occ_writer_last_us(store->writer);
}

const char *
occ_store_trouble(const struct occ_store *store)
{
    return occ_writer_trouble(store->writer);
}

struct occ_result
occ_store_write(struct occ_store *store, struct occ_store_job *job)
{
    return occ_writer_write(store->writer, job);
}

/* ---- open and close ---- */

static struct occ_result
open_ledger(struct occ_store *store, const struct occ_store_config *config, struct occ_error *err)
{
    const struct occ_ledger_options options = { .folder = config->folder, .create = true };
    OCC_TRY(occ_ledger_open(&options, err, &store->ledger));
    const size_t readers = config->read_threads + 1;
    store->idle = calloc(readers, sizeof(struct occ_ledger_reader *));
    if (store->idle == NULL || pthread_mutex_init(&store->lock, NULL) != 0) {
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    store->has_lock = true;
    for (; store->idle_count < readers; store->idle_count++) {
        OCC_TRY(occ_ledger_reader_new(store->ledger, &options, err, &store->idle[store->idle_count]));
    }
    return occ_success();
}

static struct occ_result
start_threads(struct occ_store *store, const struct occ_store_config *config)
{
    const struct occ_writer_config writer = { .loop = config->loop,
                                              .events = config->events,
                                              .ledger = store->ledger,
                                              .stuck_ms = OCC_LIMIT_LEDGER_STUCK_MS,
                                              .on_trouble = config->on_trouble,
                                              .on_written = config->on_written,
                                              .ctx = config->ctx };
    OCC_TRY(occ_writer_new(&writer, &store->writer));
    OCC_TRY(occ_workers_new(config->loop, 1, config->reads_max, &store->first));
    return occ_workers_new(config->loop, config->read_threads, config->reads_max, &store->threads);
}

struct occ_result
occ_store_new(const struct occ_store_config *config, struct occ_error *err, struct occ_store **ret_store)
{
    struct occ_store *store = calloc(1, sizeof(*store));
    if (store == NULL) {
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    struct occ_result opened = open_ledger(store, config, err);
    if (occ_is_ok(opened)) {
        opened = start_threads(store, config);
        if (!occ_is_ok(opened)) {
            (void)occ_error_code(err, opened.code);
        }
    }
    if (!occ_is_ok(opened)) {
        occ_store_free(store);
        return opened;
    }
    *ret_store = store;
    return occ_success();
}

void
occ_store_free(struct occ_store *store)
{
    if (store == NULL) {
        return;
    }
    occ_writer_free(store->writer);
    occ_workers_free(store->first);
    occ_workers_free(store->threads);
    while (store->idle_count > 0) {
        occ_ledger_reader_free(store->idle[--store->idle_count]);
    }
    occ_ledger_close(store->ledger);
    if (store->has_lock) {
        (void)pthread_mutex_destroy(&store->lock);
    }
    free(store->idle);
    free(store);
}

void
occ_store_get_stats(const struct occ_store *store, struct occ_ledger_stats *ret_stats)
{
    occ_ledger_get_stats(store->ledger, ret_stats);
}

size_t
occ_store_waiting(const struct occ_store *store)
{
    return occ_writer_waiting(store->writer);
}
