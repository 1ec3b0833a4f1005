/* timestamps_late.c — see timestamps_late.h. */
#include "server/timestamps_late.h"

#include <stdlib.h>

#include "base/limits.h"
#include "os/clock.h"
#include "proof/body.h"
#include "server/timestamps_pause.h"

enum { READ_AT_ONCE = 1000, GIVEN_UP_LOG_MS = 60000 };

/* A token that is wanted. In one of: waiting, a subject's hands, the store's hands. */
struct entry {
    struct occ_timestamps_waiter waiter; /* first */
    struct occ_timestamps_late_queue *queue;
    struct entry *next;
    struct occ_store_job job;
    struct occ_ledger_token token; /* its views: names below, text */
    struct occ_buf text;           /* once it was had */
    uint8_t digest[OCC_SHA256_LEN];
    uint64_t since_ms;
    bool is_given_up;
    uint8_t names[]; /* epoch_id, chain_id */
};

struct list {
    struct entry *first, *last;
    size_t count;
};

struct occ_timestamps_late_queue {
    struct occ_timestamps_late_config config;
    struct list waiting;
    size_t asked, writing;
    size_t text_len; /* of all entries: tokens that were had */
    struct occ_timer *timer;
    uint64_t pause_ms, paused_until_ms; /* of the loop's clock */
    bool must_read;                     /* the ledger wants more than was taken from it */
    struct reading *reading;
    bool is_stopping, is_freed; /* freed: lives until the store has given back what it has in hand */
    uint64_t given_up, given_up_said_ms;
};

/* What the ledger wants, on its way here. */
struct reading {
    struct occ_timestamps_late_queue *queue;
    struct list found;
    size_t max;
    bool was_run, is_whole;
};

static void step(struct occ_timestamps_late_queue *queue);

static void
append(struct list *list, struct entry *entry)
{
    entry->next = NULL;
    if (list->last == NULL) {
        list->first = entry;
    } else {
        list->last->next = entry;
    }
    list->last = entry;
    list->count++;
}

static struct entry *
pop(struct list *list)
{
    struct entry *entry = list->first;
    if (entry != NULL) {
        list->first = entry->next;
        list->last = list->first == NULL ? NULL : list->last;
        list->count--;
    }
    return entry;
}

static void
free_entry(struct entry *entry)
{
    if (entry->queue != NULL) {
        entry->queue->text_len -= entry->text.len;
    }
    occ_buf_clear(&entry->text);
    free(entry);
}

/* False if there is none, or no memory for it. */
static bool
take_text(struct entry *entry, struct occ_bytes text)
{
    occ_buf_put(&entry->text, text);
    if (!occ_is_ok(occ_buf_check(&entry->text))) {
        occ_buf_clear(&entry->text);
        return false;
    }
    entry->queue->text_len += text.len;
    return text.len > 0;
}

static void
free_list(struct list *list)
{
    for (struct entry *entry = pop(list); entry != NULL; entry = pop(list)) {
        free_entry(entry);
    }
}

static struct entry *
make_entry(struct occ_bytes epoch_id, struct occ_bytes chain_id)
{
    struct entry *entry = calloc(1, sizeof *entry + epoch_id.len + chain_id.len);
    if (entry == NULL) {
        return NULL;
    }
    uint8_t *at = entry->names;
    memcpy(at, epoch_id.ptr == NULL ? (const uint8_t *)"" : epoch_id.ptr, epoch_id.len);
    entry->token.epoch_id = occ_bytes_of(at, epoch_id.len);
    at += epoch_id.len;
    memcpy(at, chain_id.ptr == NULL ? (const uint8_t *)"" : chain_id.ptr, chain_id.len);
    entry->token.chain_id = occ_bytes_of(at, chain_id.len);
    entry->text = OCC_BUF_INIT(2 * OCC_LIMIT_TSA_ANSWER_LEN);
    return entry;
}

/* ---- standing still ---- */

static void
stand_still(struct occ_timestamps_late_queue *queue)
{
    const uint64_t now_ms = occ_loop_now_ms(queue->config.loop);
    if (now_ms < queue->paused_until_ms) {
        return; /* one failure of several at the same time */
    }
    queue->paused_until_ms = now_ms + occ_timestamps_pause_next(&queue->pause_ms);
}

void
occ_timestamps_late_go_on(struct occ_timestamps_late_queue *queue)
{
    queue->pause_ms = 0;
    if (queue->paused_until_ms != 0) {
        queue->paused_until_ms = 0;
        occ_timer_start(queue->timer, 0);
    }
}

static void
end_if_unused(struct occ_timestamps_late_queue *queue)
{
    if (queue->writing == 0 && queue->reading == NULL) {
        free(queue);
    }
}

/* ---- to the ledger ---- */

static void
count_given_up(struct occ_timestamps_late_queue *queue)
{
    const uint64_t now_ms = occ_loop_now_ms(queue->config.loop);
    queue->given_up++;
    if (queue->given_up_said_ms != 0 && now_ms - queue->given_up_said_ms < GIVEN_UP_LOG_MS) {
        return;
    }
    queue->given_up_said_ms = now_ms == 0 ? 1 : now_ms;
    const struct occ_event_field field = OCC_EVENT_NUMBER("count", queue->given_up);
    occ_event_write(queue->config.events, OCC_EVENT_WARN, "timestamps given up, none was to be had in time", &field, 1);
}

static void
on_written(struct occ_store_job *job, struct occ_result result)
{
    struct entry *entry = (struct entry *)((uint8_t *)job - offsetof(struct entry, job));
    struct occ_timestamps_late_queue *queue = entry->queue;
    queue->writing--;
    if (queue->is_freed) {
        free_entry(entry);
        end_if_unused(queue);
        return;
    }
    if (occ_is_ok(result)) {
        if (!entry->is_given_up) {
            occ_timestamps_late_go_on(queue);
        }
        free_entry(entry);
    } else {
        append(&queue->waiting, entry); /* what was had is kept: only the writing is tried again */
        stand_still(queue);
    }
    step(queue);
}

static void
write_token(struct occ_timestamps_late_queue *queue, struct entry *entry)
{
    entry->token.text = occ_buf_view(&entry->text);
    entry->job = (struct occ_store_job){ .write = { .tokens = &entry->token, .token_count = 1 }, .done = on_written };
    if (!occ_is_ok(occ_store_write(queue->config.store, &entry->job))) {
        append(&queue->waiting, entry);
        stand_still(queue);
        return;
    }
    queue->writing++;
}

/* ---- from the authorities ---- */

static void
on_token(struct occ_timestamps_waiter *waiter, struct occ_bytes text)
{
    struct entry *entry = (struct entry *)waiter;
    struct occ_timestamps_late_queue *queue = entry->queue;
    queue->asked--;
    if (take_text(entry, text)) {
        occ_timestamps_late_go_on(queue);
        write_token(queue, entry);
    } else {
        append(&queue->waiting, entry);
        stand_still(queue);
    }
    step(queue);
}

/* Begins with the first that waits; false if it stands still now. */
static bool
begin_one(struct occ_timestamps_late_queue *queue)
{
    struct entry *entry = pop(&queue->waiting);
    if (!entry->is_given_up && entry->text.len == 0 && occ_clock_unix_ms() > entry->since_ms + OCC_LIMIT_TSA_LATE_MS) {
        entry->is_given_up = true;
        count_given_up(queue);
    }
    if (entry->is_given_up || entry->text.len > 0) {
        write_token(queue, entry);
        return true;
    }
    entry->waiter = (struct occ_timestamps_waiter){ .done = on_token };
    if (!occ_timestamps_subject_join(queue->config.subjects, entry->digest, true, &entry->waiter)) {
        append(&queue->waiting, entry);
        stand_still(queue);
        return false;
    }
    queue->asked++;
    return true;
}

/* ---- from the ledger ---- */

/* What the token is to cover (PROTOCOL §2.2). False: the text is no proof, and no token ever fits it. */
static bool
find_digest(const struct occ_ledger_wanted *wanted, uint8_t ret_digest[OCC_SHA256_LEN])
{
    if (wanted->kind == OCC_LEDGER_TOKEN_ARTIFACT) {
        memcpy(ret_digest, wanted->digest, OCC_SHA256_LEN);
        return true;
    }
    __attribute__((cleanup(occ_json_cleanup))) struct occ_json *root = NULL;
    struct occ_proof proof;
    return occ_is_ok(occ_json_parse(wanted->proof.text, OCC_LIMIT_JSON_DEPTH, NULL, &root)) &&
           occ_is_ok(occ_proof_read(root, NULL, &proof)) && occ_is_ok(occ_body_core_hash(&proof, ret_digest));
}

static struct occ_result
take_wanted(void *ctx, const struct occ_ledger_wanted *wanted)
{
    struct reading *reading = ctx;
    struct entry *entry = make_entry(wanted->proof.epoch_id, wanted->proof.chain_id);
    OCC_ENSURE(entry != NULL, OCC_ERR_NOMEM);
    entry->token.counter = wanted->proof.counter;
    entry->token.kind = wanted->kind;
    entry->since_ms = wanted->since_ms;
    entry->is_given_up = !find_digest(wanted, entry->digest);
    append(&reading->found, entry);
    return occ_success();
}

/* A reading thread. */
static void
run_reading(void *job, struct occ_ledger_reader *reader)
{
    struct reading *reading = job;
    uint64_t cursor = 0;
    while (reading->found.count < reading->max) {
        const size_t left = reading->max - reading->found.count;
        const size_t limit = left < READ_AT_ONCE ? left : READ_AT_ONCE;
        const size_t before = reading->found.count;
        if (!occ_is_ok(occ_ledger_wanted(reader, &cursor, limit, take_wanted, reading, NULL))) {
            return;
        }
        if (reading->found.count - before < limit) {
            reading->is_whole = true;
            break;
        }
    }
    reading->was_run = true;
}

static void
reading_done(void *job)
{
    struct reading *reading = job;
    struct occ_timestamps_late_queue *queue = reading->queue;
    queue->reading = NULL;
    if (queue->is_freed) {
        free_list(&reading->found);
        free(reading);
        end_if_unused(queue);
        return;
    }
    queue->must_read = !reading->is_whole;
    for (struct entry *entry = pop(&reading->found); entry != NULL; entry = pop(&reading->found)) {
        entry->queue = queue;
        append(&queue->waiting, entry);
    }
    if (!reading->was_run) {
        stand_still(queue);
    }
    free(reading);
    step(queue);
}

static void
begin_reading(struct occ_timestamps_late_queue *queue)
{
    struct reading *reading = calloc(1, sizeof *reading);
    if (reading != NULL) {
        reading->queue = queue;
        reading->max = queue->config.max;
        if (occ_is_ok(occ_store_read(queue->config.store, run_reading, reading_done, reading))) {
            queue->reading = reading;
            return;
        }
    }
    free(reading);
    stand_still(queue);
}

/* ---- the whole ---- */

/* Whatever can be done now. */
static void
step(struct occ_timestamps_late_queue *queue)
{
    if (queue->is_stopping) {
        return;
    }
    const uint64_t now_ms = occ_loop_now_ms(queue->config.loop);
    if (now_ms < queue->paused_until_ms) {
        occ_timer_start(queue->timer, queue->paused_until_ms - now_ms);
        return;
    }
    queue->paused_until_ms = 0;
    while (queue->waiting.count > 0 && queue->asked + queue->writing < OCC_LIMIT_TSA_LATE_AT_ONCE &&
           queue->paused_until_ms == 0) {
        if (!begin_one(queue)) {
            break;
        }
    }
    if (queue->must_read && queue->reading == NULL && occ_timestamps_late_length(queue) == 0) {
        begin_reading(queue);
    }
    if (queue->paused_until_ms > now_ms) {
        occ_timer_start(queue->timer, queue->paused_until_ms - now_ms);
    }
}

static void
on_timer(void *ctx)
{
    step(ctx);
}

void
occ_timestamps_late_add(struct occ_timestamps_late_queue *queue, const struct occ_timestamps_late *late,
                        struct occ_bytes text)
{
    if (queue->is_stopping) {
        return; /* the ledger remembers it */
    }
    const bool is_full = occ_timestamps_late_length(queue) >= queue->config.max ||
                         (text.len > 0 && queue->text_len + text.len > OCC_LIMIT_TSA_KEPT_LEN);
    struct entry *entry = is_full ? NULL : make_entry(late->epoch_id, late->chain_id);
    if (entry == NULL) {
        queue->must_read = true;
        return;
    }
    entry->queue = queue;
    entry->token.counter = late->counter;
    entry->token.kind = late->kind;
    entry->since_ms = late->since_ms;
    memcpy(entry->digest, late->digest, sizeof entry->digest);
    if (take_text(entry, text)) {
        write_token(queue, entry); /* it need not wait for those that authorities are asked for */
    } else {
        append(&queue->waiting, entry);
    }
    step(queue);
}

size_t
occ_timestamps_late_length(const struct occ_timestamps_late_queue *queue)
{
    return queue->waiting.count + queue->asked + queue->writing;
}

struct occ_result
occ_timestamps_late_new(const struct occ_timestamps_late_config *config, struct occ_timestamps_late_queue **ret_queue)
{
    struct occ_timestamps_late_queue *queue = calloc(1, sizeof *queue);
    OCC_ENSURE(queue != NULL, OCC_ERR_NOMEM);
    queue->config = *config;
    queue->must_read = true;
    const struct occ_result made = occ_timer_new(config->loop, on_timer, queue, &queue->timer);
    if (!occ_is_ok(made)) {
        free(queue);
        return made;
    }
    *ret_queue = queue;
    step(queue);
    return occ_success();
}

void
occ_timestamps_late_stop(struct occ_timestamps_late_queue *queue)
{
    queue->is_stopping = true;
    occ_timer_stop(queue->timer);
}

void
occ_timestamps_late_free(struct occ_timestamps_late_queue *queue)
{
    if (queue == NULL) {
        return;
    }
    queue->is_stopping = true;
    queue->is_freed = true;
    free_list(&queue->waiting);
    occ_timer_free(queue->timer);
    end_if_unused(queue);
}
