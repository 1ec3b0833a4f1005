/* pipeline.c — see pipeline.h. */
#include "audit/pipeline.h"

#include <pthread.h>
#include <stdlib.h>

#include "audit/split.h"

/* One value on its way. */
struct entry {
    size_t offset, len; /* of its text in the batch's; len 0 = malformed, and judged already */
    struct occ_place place;
    struct occ_judged judged;
};

/* Filled by the reader, judged by one thread, emptied by the reader. */
struct batch {
    struct occ_buf text;
    struct entry *entries; /* OCC_LIMIT_AUDIT_BATCH */
    size_t count;
    bool done;                 /* judged; under the lock */
    struct occ_result outcome; /* of judging */
};

/*
 * Batches are used in turn: batch n is batches[n % batches_len]. emptied <= taken <= filled <= emptied + batches_len:
 * emptied .. taken are judged or being judged, taken .. filled wait for a thread. lock guards taken, filled, stop and each
 * batch's done.
 */
struct pipeline {
    const struct occ_pipeline_job *job;
    struct occ_split *split;
    struct batch *batches;
    size_t batches_len;
    uint64_t emptied, taken, filled;
    bool stop;
    pthread_mutex_t lock;
    pthread_cond_t wanted, finished;
    pthread_t threads[OCC_LIMIT_AUDIT_JOBS];
    unsigned threads_len;
    /* the reader's */
    bool in_stream, ended;
    uint64_t ordinal;
    uint32_t stream;
};

/* ---- threads ---- */

static struct occ_result
judge_batch(const struct occ_pipeline_job *job, struct batch *batch, struct occ_judge *judge)
{
    for (size_t i = 0; i < batch->count; i++) {
        struct entry *entry = &batch->entries[i];
        if (entry->len > 0) {
            const struct occ_bytes text = occ_bytes_of(batch->text.ptr + entry->offset, entry->len);
            OCC_TRY(occ_judge_proof(judge, job->verifier, job->policy, text, &entry->judged));
            entry->judged.record.place = entry->place;
        }
    }
    return occ_success();
}

/* The next batch to judge; NULL = there will be none. Called and returns under the lock. */
static struct batch *
wait_for_batch(struct pipeline *pipeline)
{
    while (pipeline->taken == pipeline->filled && !pipeline->stop) {
        pthread_cond_wait(&pipeline->wanted, &pipeline->lock);
    }
    if (pipeline->stop) {
        return NULL;
    }
    struct batch *batch = &pipeline->batches[pipeline->taken % pipeline->batches_len];
    pipeline->taken++;
    return batch;
}

/* Judges batches until there are no more. Called and returns under the lock. */
static void
judge_all(struct pipeline *pipeline, struct occ_result ready, struct occ_judge *judge)
{
    for (;;) {
        struct batch *batch = wait_for_batch(pipeline);
        if (batch == NULL) {
            return;
        }
        pthread_mutex_unlock(&pipeline->lock);
        const struct occ_result outcome = occ_is_ok(ready) ? judge_batch(pipeline->job, batch, judge) : ready;
        pthread_mutex_lock(&pipeline->lock);
        batch->outcome = outcome;
        batch->done = true;
        pthread_cond_signal(&pipeline->finished);
    }
}

static void *
thread_main(void *arg)
{
    struct pipeline *pipeline = arg;
    struct occ_judge judge;
    const struct occ_result ready = occ_judge_init(&judge);
    pthread_mutex_lock(&pipeline->lock);
    judge_all(pipeline, ready, &judge);
    pthread_mutex_unlock(&pipeline->lock);
    occ_judge_clear(&judge);
    return NULL;
}

/* ---- the reader ---- */

static OCC_RESULT
add_value(struct pipeline *pipeline, struct batch *batch, const struct occ_split_value *value)
{
    struct entry *entry = &batch->entries[batch->count];
    entry->offset = batch->text.len;
    entry->len = value->text.len;
    entry->place = (struct occ_place){
        .ordinal = pipeline->ordinal, .stream = pipeline->stream, .line = value->line, .index = value->index
    };
    if (value->malformed) {
        entry->len = 0;
        entry->judged.verdict = OCC_VERDICT_MALFORMED;
        entry->judged.why = value->why;
        entry->judged.in_chain = false;
    }
    occ_buf_put(&batch->text, value->text);
    OCC_TRY(occ_buf_check(&batch->text));
    pipeline->ordinal++;
    batch->count++;
    return occ_success();
}

/* Goes to the next stream, if one is needed. */
static OCC_RESULT
need_stream(struct pipeline *pipeline, struct occ_error *err)
{
    if (pipeline->in_stream) {
        return occ_success();
    }
    bool more = false;
    const struct occ_pipeline_source *source = pipeline->job->source;
    OCC_TRY(source->next(source->ctx, err, &more));
    pipeline->ended = !more;
    pipeline->in_stream = more;
    if (more) {
        occ_split_begin(pipeline->split);
    }
    return occ_success();
}

/* Fills a batch from as many streams as it takes. */
static OCC_RESULT
fill_batch(struct pipeline *pipeline, struct batch *batch, struct occ_error *err)
{
    batch->count = 0;
    batch->done = false;
    if (batch->text.cap > 2 * OCC_LIMIT_AUDIT_BATCH_LEN) {
        occ_buf_clear(&batch->text); /* one very long proof is no reason to keep so much */
    }
    occ_buf_reset(&batch->text);
    while (batch->count < OCC_LIMIT_AUDIT_BATCH && batch->text.len < OCC_LIMIT_AUDIT_BATCH_LEN) {
        OCC_TRY(need_stream(pipeline, err));
        if (pipeline->ended) {
            return occ_success();
        }
        struct occ_split_value value;
        bool more = false;
        OCC_TRY(occ_split_next(pipeline->split, err, &value, &more));
        if (!more) {
            pipeline->in_stream = false;
            pipeline->stream++;
            continue;
        }
        OCC_TRY(add_value(pipeline, batch, &value));
    }
    return occ_success();
}

static OCC_RESULT
empty_batch(struct pipeline *pipeline, struct batch *batch, struct occ_error *err)
{
    OCC_TRY(batch->outcome);
    for (size_t i = 0; i < batch->count; i++) {
        struct entry *entry = &batch->entries[i];
        entry->judged.text = occ_bytes_of(batch->text.ptr + entry->offset, entry->len);
        OCC_TRY(pipeline->job->take(pipeline->job->ctx, &entry->judged, &entry->place, err));
    }
    pipeline->emptied++;
    return occ_success();
}

/* Takes the oldest batch's results; waits for them. */
static OCC_RESULT
take_oldest(struct pipeline *pipeline, struct occ_error *err)
{
    struct batch *batch = &pipeline->batches[pipeline->emptied % pipeline->batches_len];
    pthread_mutex_lock(&pipeline->lock);
    while (!batch->done) {
        pthread_cond_wait(&pipeline->finished, &pipeline->lock);
    }
    pthread_mutex_unlock(&pipeline->lock);
    return empty_batch(pipeline, batch, err);
}

static OCC_RESULT
read_all(struct pipeline *pipeline, struct occ_error *err)
{
    while (!pipeline->ended || pipeline->emptied < pipeline->filled) {
        if (pipeline->ended || pipeline->filled - pipeline->emptied == pipeline->batches_len) {
            OCC_TRY(take_oldest(pipeline, err));
            continue;
        }
        OCC_TRY(fill_batch(pipeline, &pipeline->batches[pipeline->filled % pipeline->batches_len], err));
        pthread_mutex_lock(&pipeline->lock);
        pipeline->filled++; /* only this thread writes it */
        pthread_cond_signal(&pipeline->wanted);
        pthread_mutex_unlock(&pipeline->lock);
    }
    return occ_success();
}

/* ---- beginning and end ---- */

static OCC_RESULT
make_batches(struct pipeline *pipeline)
{
    /* Two for each thread, one being filled and one being emptied. */
    const size_t count = 2 * (size_t)pipeline->job->jobs + 2;
    pipeline->batches = calloc(count, sizeof pipeline->batches[0]);
    OCC_ENSURE(pipeline->batches != NULL, OCC_ERR_NOMEM);
    pipeline->batches_len = count;
    for (size_t i = 0; i < count; i++) {
        struct batch *batch = &pipeline->batches[i];
        batch->text = OCC_BUF_INIT(OCC_LIMIT_AUDIT_BATCH_LEN + OCC_LIMIT_PROOF_LEN);
        batch->entries = calloc(OCC_LIMIT_AUDIT_BATCH, sizeof batch->entries[0]);
        OCC_ENSURE(batch->entries != NULL, OCC_ERR_NOMEM);
    }
    return occ_split_new(pipeline->job->source->read, pipeline->job->source->ctx, &pipeline->split);
}

/* As many threads as the system gives; none is a failure. */
static OCC_RESULT
start_threads(struct pipeline *pipeline, struct occ_error *err)
{
    for (unsigned i = 0; i < pipeline->job->jobs; i++) {
        if (pthread_create(&pipeline->threads[i], NULL, thread_main, pipeline) != 0) {
            break;
        }
        pipeline->threads_len++;
    }
    return pipeline->threads_len > 0 ? occ_success() : occ_error_set(err, OCC_ERR_UNAVAILABLE, "cannot start a thread");
}

static void
finish(struct pipeline *pipeline)
{
    pthread_mutex_lock(&pipeline->lock);
    pipeline->stop = true;
    pthread_cond_broadcast(&pipeline->wanted);
    pthread_mutex_unlock(&pipeline->lock);
    for (unsigned i = 0; i < pipeline->threads_len; i++) {
        pthread_join(pipeline->threads[i], NULL);
    }
    for (size_t i = 0; i < pipeline->batches_len; i++) {
        occ_buf_clear(&pipeline->batches[i].text);
        free(pipeline->batches[i].entries);
    }
    free(pipeline->batches);
    occ_split_free(pipeline->split);
    pthread_cond_destroy(&pipeline->wanted);
    pthread_cond_destroy(&pipeline->finished);
    pthread_mutex_destroy(&pipeline->lock);
}

struct occ_result
occ_pipeline_run(const struct occ_pipeline_job *job, struct occ_error *err)
{
    OCC_ENSURE(job->jobs >= 1 && job->jobs <= OCC_LIMIT_AUDIT_JOBS, OCC_ERR_USAGE);
    struct occ_error why = { 0 };
    struct pipeline pipeline = { .job = job,
                                 .lock = PTHREAD_MUTEX_INITIALIZER,
                                 .wanted = PTHREAD_COND_INITIALIZER,
                                 .finished = PTHREAD_COND_INITIALIZER };
    struct occ_result result = make_batches(&pipeline);
    if (occ_is_ok(result)) {
        result = start_threads(&pipeline, &why);
    }
    if (occ_is_ok(result)) {
        result = read_all(&pipeline, &why);
    }
    finish(&pipeline);
    if (!occ_is_ok(result) && err != NULL) {
        *err = why;
        if (why.code == OCC_OK) {
            (void)occ_error_code(err, result.code);
        }
    }
    return result;
}
