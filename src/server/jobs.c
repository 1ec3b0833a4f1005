#include "server/jobs.h"

#include <stdlib.h>

void
occ_jobs_push(struct occ_jobs *jobs, struct occ_store_job *job)
{
    job->next = NULL;
    if (jobs->last == NULL) {
        jobs->first = job;
    } else {
        jobs->last->next = job;
    }
    jobs->last = job;
    jobs->count++;
    jobs->len += job->len;
}

void
occ_jobs_push_front(struct occ_jobs *jobs, struct occ_jobs *front)
{
    if (front->last == NULL) {
        return;
    }
    front->last->next = jobs->first;
    jobs->first = front->first;
    jobs->last = jobs->last == NULL ? front->last : jobs->last;
    jobs->count += front->count;
    jobs->len += front->len;
    *front = (struct occ_jobs){ 0 };
}

struct occ_store_job *
occ_jobs_pop(struct occ_jobs *jobs)
{
    struct occ_store_job *job = jobs->first;
    if (job == NULL) {
        return NULL;
    }
    jobs->first = job->next;
    if (jobs->first == NULL) {
        jobs->last = NULL;
    }
    jobs->count--;
    jobs->len -= job->len;
    job->next = NULL;
    return job;
}

static bool
is_same_epoch(const struct occ_ledger_epoch *a, const struct occ_ledger_epoch *b)
{
    return occ_bytes_equal(a->epoch_id, b->epoch_id) &&
           memcmp(a->public_key, b->public_key, sizeof(a->public_key)) == 0;
}

void
occ_jobs_take(struct occ_jobs *jobs, size_t max, struct occ_jobs *batch)
{
    const struct occ_ledger_epoch *epoch = NULL; /* NULL: tokens only so far, which go with any */
    size_t entries = 0;
    while (jobs->first != NULL) {
        const struct occ_store_job *next = jobs->first;
        const struct occ_ledger_epoch *its = next->write.entry_count > 0 ? next->write.epoch : NULL;
        const bool fits = batch->count < max && entries + next->write.entry_count <= OCC_LIMIT_LEDGER_WRITE_ENTRIES &&
                          batch->len + next->len <= OCC_LIMIT_LEDGER_WRITE_LEN;
        if (batch->count > 0 && (!fits || (epoch != NULL && its != NULL && !is_same_epoch(epoch, its)))) {
            return;
        }
        epoch = its != NULL ? its : epoch;
        entries += next->write.entry_count;
        occ_jobs_push(batch, occ_jobs_pop(jobs));
    }
}

/* Several writes as one: the entries and tokens of all, which are small next to their texts. */
struct joined {
    struct occ_ledger_write write;
    struct occ_ledger_entry *entries;
    struct occ_ledger_token *tokens;
};

static void
append(struct joined *joined, const struct occ_ledger_write *write)
{
    struct occ_ledger_write *all = &joined->write;
    if (write->entry_count > 0) {
        all->epoch = write->epoch;
        memcpy(joined->entries + all->entry_count, write->entries, write->entry_count * sizeof(*write->entries));
    }
    if (write->token_count > 0) {
        memcpy(joined->tokens + all->token_count, write->tokens, write->token_count * sizeof(*write->tokens));
    }
    all->entry_count += write->entry_count;
    all->token_count += write->token_count;
}

static struct occ_result
join_all(const struct occ_jobs *batch, struct joined *joined)
{
    size_t entries = 0, tokens = 0;
    for (const struct occ_store_job *job = batch->first; job != NULL; job = job->next) {
        entries += job->write.entry_count;
        tokens += job->write.token_count;
    }
    joined->entries = calloc(entries + 1, sizeof(*joined->entries));
    joined->tokens = calloc(tokens + 1, sizeof(*joined->tokens));
    OCC_ENSURE(joined->entries != NULL && joined->tokens != NULL, OCC_ERR_NOMEM);
    for (const struct occ_store_job *job = batch->first; job != NULL; job = job->next) {
        append(joined, &job->write);
    }
    joined->write.entries = joined->entries;
    joined->write.tokens = joined->tokens;
    return occ_success();
}

struct occ_result
occ_jobs_write(const struct occ_jobs *batch, struct occ_ledger *ledger, struct occ_error *err)
{
    if (batch->count == 1) {
        return occ_ledger_write(ledger, &batch->first->write, err);
    }
    struct joined joined = { .entries = NULL };
    struct occ_result result = join_all(batch, &joined);
    result = occ_is_ok(result) ? occ_ledger_write(ledger, &joined.write, err) : occ_error_code(err, result.code);
    free(joined.entries);
    free(joined.tokens);
    return result;
}
