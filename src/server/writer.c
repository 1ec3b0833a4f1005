#include "server/writer.h"

#include <stdlib.h>

#include "os/clock.h"
#include "server/jobs.h"

enum { FORGET_MS = 10000 }; /* how often old repeats are looked for */

/* What the writer's thread is given: jobs that share a transaction, or none: then old repeats are forgotten. */
struct batch {
    struct occ_jobs jobs;
    bool again; /* they failed before: kept is owed, not done */
    bool ran;
    bool more; /* there are more repeats to be forgotten */
    uint64_t took_us;
    struct occ_result result;
    struct occ_error err;
};

struct occ_writer {
    struct occ_writer_config config;
    struct occ_workers *thread;
    struct occ_timer *retry, *forget;
    struct occ_timer *tell; /* fires at once: calls back what was taken in trouble */
    struct occ_jobs waiting, kept;
    struct batch batch; /* the thread's while writing */
    bool writing;
    uint64_t since_ms;       /* when that began */
    uint64_t last_us;        /* how long the last one took that was good */
    size_t singly;           /* jobs to be written one by one: one of them is at fault */
    bool forget_due, forgot; /* forgot: that was the last thing that was done */
    bool halted, stopping;
    enum occ_err failure; /* OCC_OK = well */
    char trouble[OCC_ERROR_TEXT_SIZE];
};

static void start_write(struct occ_writer *writer);

/* ---- trouble ---- */

static const char *
reason_of(enum occ_err code)
{
    switch (code) {
    case OCC_ERR_INTEGRITY:
        return " until occd is restarted: the ledger has other proofs than the boundary made";
    case OCC_ERR_LEDGER_FULL:
        return ": no space left for the ledger, try again later";
    case OCC_ERR_LEDGER_CORRUPT:
        return ": the ledger is damaged";
    default:
        return ": the ledger cannot be written, try again later";
    }
}

static void
get_into_trouble(struct occ_writer *writer, enum occ_err code, const char *why)
{
    const bool was_well = writer->failure == OCC_OK;
    writer->halted = code == OCC_ERR_INTEGRITY;
    if (was_well || writer->halted || writer->failure != code) {
        /* The sentence for callers names no file; the log has it all. */
        struct occ_error sentence;
        (void)occ_error_set(&sentence, code, "commits are stopped%s", reason_of(code));
        memcpy(writer->trouble, sentence.text, sizeof(writer->trouble));
        occ_event_error(writer->config.events, OCC_EVENT_ERROR,
                        writer->halted ? "ledger disagrees, halted until occd is restarted" : "ledger not written",
                        why[0] != 0 ? why : occ_result_text(code));
    }
    writer->failure = code;
    if (!writer->halted && !writer->stopping) {
        occ_timer_start(writer->retry, OCC_LIMIT_LEDGER_RETRY_MS);
    }
    if (was_well && writer->config.on_trouble != NULL) {
        writer->config.on_trouble(writer->config.ctx, writer->trouble);
    }
}

static void
get_well(struct occ_writer *writer)
{
    writer->failure = OCC_OK;
    occ_event_note(writer->config.events, OCC_EVENT_INFO, "ledger written again");
    if (writer->config.on_trouble != NULL) {
        writer->config.on_trouble(writer->config.ctx, NULL);
    }
}

/* Tells each that it failed; those to be kept go behind the others that are. */
static void
fail_jobs(struct occ_writer *writer, struct occ_jobs *jobs, struct occ_result failure)
{
    struct occ_jobs failed = *jobs;
    *jobs = (struct occ_jobs){ 0 };
    struct occ_store_job *job;
    while ((job = occ_jobs_pop(&failed)) != NULL) {
        const bool keep = job->keep, lost = writer->halted;
        job->done(job, failure); /* without keep it is the owner's again */
        if (keep && lost) {
            job->kept(job, failure);
        } else if (keep) {
            occ_jobs_push(&writer->kept, job);
        }
    }
}

static void
give_up_kept(struct occ_writer *writer, struct occ_result failure)
{
    struct occ_store_job *job;
    while ((job = occ_jobs_pop(&writer->kept)) != NULL) {
        job->kept(job, failure);
    }
}

/* ---- a batch: on the writer's thread, and back ---- */

/* The writer's thread. */
static void
write_batch(void *ctx)
{
    struct occ_writer *writer = ctx;
    struct batch *batch = &writer->batch;
    const uint64_t begin_us = occ_clock_monotonic_us();
    batch->ran = true;
    batch->result = batch->jobs.count > 0 ? occ_jobs_write(&batch->jobs, writer->config.ledger, &batch->err)
                                          : occ_ledger_forget_repeats(writer->config.ledger, occ_clock_unix_ms(),
                                                                      &batch->more, &batch->err);
    batch->took_us = occ_clock_monotonic_us() - begin_us;
}

static void
finish_good(struct occ_writer *writer, struct batch *batch)
{
    struct occ_store_job *job;
    while ((job = occ_jobs_pop(&batch->jobs)) != NULL) {
        if (batch->again) {
            job->kept(job, occ_success());
        } else {
            job->done(job, occ_success());
        }
    }
    if (batch->again && writer->kept.count == 0 && writer->failure != OCC_OK) {
        get_well(writer);
    }
}

/* The job is wrong, and the ledger is well: a token of a proof that it does not have. */
static bool
is_fault_of_job(enum occ_err code)
{
    return code == OCC_ERR_NOT_FOUND || code == OCC_ERR_LIMIT || code == OCC_ERR_FIELD_VALUE;
}

/* True if it was dealt with: the others of the batch are written one by one, and it alone fails. */
static bool
set_apart(struct occ_writer *writer, struct batch *batch)
{
    if (!is_fault_of_job(batch->result.code) || batch->again) {
        return false;
    }
    if (batch->jobs.count > 1) {
        writer->singly = batch->jobs.count;
        occ_jobs_push_front(&writer->waiting, &batch->jobs);
        return true;
    }
    if (batch->jobs.count == 0 || batch->jobs.first->keep) {
        return false; /* what the boundary has signed is not to be lost: trouble */
    }
    struct occ_store_job *job = occ_jobs_pop(&batch->jobs);
    job->done(job, batch->result);
    return true;
}

static void
finish_bad(struct occ_writer *writer, struct batch *batch)
{
    if (set_apart(writer, batch)) {
        return;
    }
    writer->singly = 0;
    get_into_trouble(writer, batch->result.code, batch->err.text);
    if (batch->again) {
        occ_jobs_push_front(&writer->kept, &batch->jobs);
    }
    fail_jobs(writer, &batch->jobs, batch->result);
    fail_jobs(writer, &writer->waiting, batch->result);
    if (writer->halted) {
        give_up_kept(writer, batch->result);
    }
}

/* The loop's thread again. */
static void
batch_written(void *ctx)
{
    struct occ_writer *writer = ctx;
    struct batch batch = writer->batch; /* a job's owner may give the writer new work from done */
    writer->batch = (struct batch){ 0 };
    writer->writing = false;
    if (!batch.ran) { /* stopping: occ_writer_free writes it */
        occ_jobs_push_front(batch.again ? &writer->kept : &writer->waiting, &batch.jobs);
        return;
    }
    if (!occ_is_ok(batch.result)) {
        finish_bad(writer, &batch);
        if (writer->failure == OCC_OK) {
            start_write(writer);
        }
        return;
    }
    writer->last_us = batch.jobs.count > 0 ? batch.took_us : writer->last_us;
    if (batch.jobs.count > 0 && writer->config.on_written != NULL) {
        writer->config.on_written(writer->config.ctx, batch.took_us);
    }
    writer->forget_due = writer->forget_due || batch.more;
    if (!batch.again) {
        start_write(writer); /* first: the disk works while answers are sent */
    }
    finish_good(writer, &batch);
    start_write(writer);
}

/* Jobs and forgetting take turns where both are due: neither keeps the other waiting for ever. */
static bool
take_batch(struct occ_writer *writer, struct batch *ret_batch)
{
    const bool again = writer->failure != OCC_OK;
    struct occ_jobs *jobs = again ? &writer->kept : &writer->waiting;
    *ret_batch = (struct batch){ .again = again };
    writer->forgot = writer->forget_due && !again && (jobs->count == 0 || !writer->forgot);
    if (writer->forgot) {
        writer->forget_due = false;
        return true;
    }
    occ_jobs_take(jobs, writer->singly > 0 ? 1 : SIZE_MAX, &ret_batch->jobs);
    writer->singly -= writer->singly > 0 && ret_batch->jobs.count > 0 ? 1 : 0;
    return ret_batch->jobs.count > 0;
}

static void
start_write(struct occ_writer *writer)
{
    if (writer->writing || writer->halted || writer->stopping || !take_batch(writer, &writer->batch)) {
        return;
    }
    writer->writing = true;
    writer->since_ms = occ_loop_now_ms(writer->config.loop);
    const struct occ_result taken = occ_workers_submit(writer->thread, write_batch, batch_written, writer);
    if (!occ_is_ok(taken)) { /* no memory */
        writer->writing = false;
        occ_jobs_push_front(writer->batch.again ? &writer->kept : &writer->waiting, &writer->batch.jobs);
        get_into_trouble(writer, taken.code, "");
        occ_timer_start(writer->tell, 0);
    }
}

/* ---- timers ---- */

static void
on_retry(void *ctx)
{
    struct occ_writer *writer = ctx;
    if (writer->kept.count == 0 && !writer->writing) {
        get_well(writer); /* nothing to try it with: the next write will show */
    }
    start_write(writer);
}

static void
on_tell(void *ctx)
{
    struct occ_writer *writer = ctx;
    if (writer->failure != OCC_OK) {
        fail_jobs(writer, &writer->waiting, occ_result_of(writer->failure));
    }
}

static void
on_forget(void *ctx)
{
    struct occ_writer *writer = ctx;
    writer->forget_due = true;
    occ_timer_start(writer->forget, FORGET_MS);
    start_write(writer);
}

/* What came in one turn of the loop shares a transaction. In trouble the next try has its own time: see on_retry. */
static void
on_turn(void *ctx)
{
    struct occ_writer *writer = ctx;
    if (writer->failure == OCC_OK) {
        start_write(writer);
    }
}

/* ---- the rest ---- */

struct occ_result
occ_writer_new(const struct occ_writer_config *config, struct occ_writer **ret_writer)
{
    struct occ_writer *writer = calloc(1, sizeof(*writer));
    OCC_ENSURE(writer != NULL, OCC_ERR_NOMEM);
    writer->config = *config;
    struct occ_result made = occ_workers_new(config->loop, 1, 1, &writer->thread);
    if (occ_is_ok(made)) {
        made = occ_timer_new(config->loop, on_retry, writer, &writer->retry);
    }
    if (occ_is_ok(made)) {
        made = occ_timer_new(config->loop, on_tell, writer, &writer->tell);
    }
    if (occ_is_ok(made)) {
        made = occ_timer_new(config->loop, on_forget, writer, &writer->forget);
    }
    if (occ_is_ok(made)) {
        made = occ_loop_on_turn(config->loop, on_turn, writer);
    }
    if (!occ_is_ok(made)) {
        occ_writer_free(writer);
        return made;
    }
    occ_timer_start(writer->forget, 0); /* what grew old while nobody was there */
    *ret_writer = writer;
    return occ_success();
}

uint64_t
occ_writer_last_us(const struct occ_writer *writer)
{
    return writer->last_us;
}

const char *
occ_writer_trouble(const struct occ_writer *writer)
{
    if (writer->failure != OCC_OK) {
        return writer->trouble;
    }
    const bool is_stuck =
        writer->writing && occ_loop_now_ms(writer->config.loop) - writer->since_ms > writer->config.stuck_ms;
    return is_stuck ? "commits are stopped: the ledger's disk does not answer, try again later" : NULL;
}

struct occ_result
occ_writer_write(struct occ_writer *writer, struct occ_store_job *job)
{
    OCC_ENSURE(!writer->halted && !writer->stopping, OCC_ERR_BUSY);
    const bool in_trouble = writer->failure != OCC_OK;
    OCC_ENSURE(job->keep || !in_trouble, OCC_ERR_BUSY);
    job->len = occ_ledger_write_len(&job->write);
    OCC_ENSURE(job->keep || writer->waiting.len + job->len <= OCC_LIMIT_LEDGER_WRITE_LEN, OCC_ERR_BUSY);
    occ_jobs_push(&writer->waiting, job);
    if (in_trouble) {
        occ_timer_start(writer->tell, 0);
    }
    return occ_success();
}

size_t
occ_writer_waiting(const struct occ_writer *writer)
{
    return writer->waiting.count + writer->kept.count + writer->batch.jobs.count;
}

/* Writes what is left on this thread; one failure ends it. */
static void
write_rest(struct occ_writer *writer)
{
    while (!writer->halted && take_batch(writer, &writer->batch)) {
        struct batch batch = writer->batch;
        writer->batch = (struct batch){ 0 };
        batch.result =
            batch.jobs.count == 0 ? occ_success() : occ_jobs_write(&batch.jobs, writer->config.ledger, &batch.err);
        if (occ_is_ok(batch.result)) {
            finish_good(writer, &batch);
            continue;
        }
        finish_bad(writer, &batch);
        if (writer->failure != OCC_OK) {
            return;
        }
    }
}

void
occ_writer_free(struct occ_writer *writer)
{
    if (writer == NULL) {
        return;
    }
    writer->stopping = true;
    occ_loop_off_turn(writer->config.loop, writer);
    occ_workers_free(writer->thread);
    writer->config.on_trouble = NULL;
    write_rest(writer);
    const struct occ_result failure = occ_result_of(writer->failure != OCC_OK ? writer->failure : OCC_ERR_UNAVAILABLE);
    fail_jobs(writer, &writer->waiting, failure);
    give_up_kept(writer, failure);
    occ_timer_free(writer->retry);
    occ_timer_free(writer->tell);
    occ_timer_free(writer->forget);
    free(writer);
}
