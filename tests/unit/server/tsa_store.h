/*
 * tsa_store.h — for the tests of late tokens: a ledger and a store that do what the test says, in place of src/ledger and
 * src/server/store.c, so that a write can fail when it is to fail.
 */
#ifndef OCC_TESTS_TSA_STORE_H
#define OCC_TESTS_TSA_STORE_H

#include "server/store.h"
#include "unit/server/tsa.h"

enum { STORE_MAX = 64 };

struct stored {
    char epoch_id[16], chain_id[16];
    uint64_t counter;
    enum occ_ledger_token_kind kind;
    uint8_t digest[32];
    uint64_t since_ms;
    const char *text; /* of the proof */
    bool wanted;
    struct occ_buf token;
    size_t writes;
};

/* There is one at a time; the functions below that stand for the store's are given no other way to it. */
struct occ_store {
    struct tsa *tsa;
    struct stored stored[STORE_MAX];
    size_t count;
    struct occ_timer *timer;
    struct occ_store_job *jobs, **jobs_end;
    void (*run)(void *job, struct occ_ledger_reader *reader);
    void (*read_done)(void *job);
    void *read_job;
    size_t reads;
    enum occ_err next_write; /* what becomes of the next write when it is done; then OCC_OK again */
    bool is_busy;            /* takes no write and no read */
    bool is_slow;            /* keeps what it has taken until store_settle */
    size_t tokens_wanted;    /* stops the loop when so many tokens were written */
    size_t tokens;
};

static struct occ_store *the_store;

static inline struct stored *
store_find(struct occ_store *store, const struct occ_ledger_token *token)
{
    for (size_t i = 0; i < store->count; i++) {
        struct stored *stored = &store->stored[i];
        if (occ_bytes_is(token->epoch_id, stored->epoch_id) && occ_bytes_is(token->chain_id, stored->chain_id) &&
            token->counter == stored->counter && token->kind == stored->kind) {
            return stored;
        }
    }
    fail_msg("a token for a proof that the ledger does not have");
    return NULL;
}

static inline void
store_take(struct occ_store *store, const struct occ_ledger_token *token)
{
    struct stored *stored = store_find(store, token);
    stored->writes++;
    stored->wanted = false;
    if (stored->token.len == 0) {
        stored->token = OCC_BUF_INIT(TSA_LEN_MAX);
        occ_buf_put(&stored->token, token->text);
    }
    store->tokens++;
}

/* Gives back what was taken. */
static inline void
store_settle(void *ctx)
{
    struct occ_store *store = ctx;
    while (store->jobs != NULL) {
        struct occ_store_job *job = store->jobs;
        store->jobs = job->next;
        const enum occ_err code = store->next_write;
        store->next_write = OCC_OK;
        for (size_t i = 0; i < job->write.token_count && code == OCC_OK; i++) {
            store_take(store, &job->write.tokens[i]);
        }
        if (store->jobs == NULL) {
            store->jobs_end = &store->jobs;
        }
        job->done(job, occ_result_of(code));
    }
    if (store->read_job != NULL) {
        void *job = store->read_job;
        store->read_job = NULL;
        store->run(job, NULL);
        store->read_done(job);
    }
    if (store->tokens >= store->tokens_wanted) {
        occ_loop_stop(store->tsa->loop);
    }
}

struct occ_result
occ_store_write(struct occ_store *store, struct occ_store_job *job)
{
    OCC_ENSURE(!store->is_busy, OCC_ERR_BUSY);
    job->next = NULL;
    *store->jobs_end = job;
    store->jobs_end = &job->next;
    if (!store->is_slow) {
        occ_timer_start(store->timer, 0);
    }
    return occ_success();
}

struct occ_result
occ_store_read(struct occ_store *store, void (*run)(void *job, struct occ_ledger_reader *reader),
               void (*done)(void *job), void *job)
{
    OCC_ENSURE(!store->is_busy, OCC_ERR_BUSY);
    assert_null(store->read_job);
    store->run = run;
    store->read_done = done;
    store->read_job = job;
    store->reads++;
    if (!store->is_slow) {
        occ_timer_start(store->timer, 0);
    }
    return occ_success();
}

struct occ_result
occ_ledger_wanted(struct occ_ledger_reader *reader, uint64_t *cursor, size_t limit, occ_ledger_wanted_visit *visit,
                  void *ctx, struct occ_error *err)
{
    (void)reader;
    (void)err;
    size_t visited = 0;
    for (; *cursor < the_store->count && visited < limit; (*cursor)++) {
        const struct stored *stored = &the_store->stored[*cursor];
        if (!stored->wanted) {
            continue;
        }
        struct occ_ledger_wanted wanted = { .proof = { .epoch_id = occ_bytes_str(stored->epoch_id),
                                                       .chain_id = occ_bytes_str(stored->chain_id),
                                                       .counter = stored->counter,
                                                       .text = occ_bytes_str(stored->text) },
                                            .kind = stored->kind,
                                            .since_ms = stored->since_ms };
        memcpy(wanted.digest, stored->digest, sizeof wanted.digest);
        visited++;
        OCC_TRY(visit(ctx, &wanted));
    }
    return occ_success();
}

static inline void
store_begin(struct occ_store *store, struct tsa *tsa)
{
    *store = (struct occ_store){ .tsa = tsa };
    store->jobs_end = &store->jobs;
    the_store = store;
    assert_true(occ_is_ok(occ_timer_new(tsa->loop, store_settle, store, &store->timer)));
}

static inline void
store_end(struct occ_store *store)
{
    occ_timer_free(store->timer);
    for (size_t i = 0; i < store->count; i++) {
        occ_buf_clear(&store->stored[i].token);
    }
}

/* One more proof in it, of which a token is wanted: about the digest of that number. */
static inline struct stored *
store_add(struct occ_store *store, size_t number)
{
    struct stored *stored = &store->stored[store->count++];
    *stored = (struct stored){ .epoch_id = "epoch",
                               .counter = number,
                               .kind = OCC_LEDGER_TOKEN_ARTIFACT,
                               .since_ms = occ_clock_unix_ms(),
                               .text = "{}",
                               .wanted = true };
    tsa_digest(number, stored->digest);
    return stored;
}

#endif
