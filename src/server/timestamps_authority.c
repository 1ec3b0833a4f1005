/* timestamps_authority.c — see timestamps_authority.h. */
#include "server/timestamps_authority.h"

#include <stdlib.h>

#include "base/limits.h"
#include "os/clock.h"
#include "server/timestamps_pause.h"

enum { REQUEST_LEN_MAX = 1024, TOKEN_TEXT_LEN_MAX = 2 * OCC_LIMIT_TSA_ANSWER_LEN };

struct queue {
    struct occ_timestamps_authority_ask *first, **end;
    size_t count;
};

enum breaker { CLOSED, OPEN, TRIAL };

struct occ_timestamps_authority {
    struct occ_timestamps_authority_config config;
    struct queue urgent, late;
    size_t under_way;
    uint64_t latency_us;     /* of a good answer, smoothed; 0 = not known yet */
    uint64_t next_us;        /* with a rate: the next request not before */
    struct occ_timer *timer; /* with a rate: until then */

    enum breaker breaker;
    unsigned failures_in_a_row;
    uint64_t pause_ms, open_until_ms; /* of the loop's clock */
    bool said_failing;
    uint64_t said_ms;
    struct occ_timestamps_authority_stats stats;
};

/* One request under way. The fetcher's thread reads the answer and writes text and refusal, nobody else does meanwhile. */
struct occ_timestamps_authority_request {
    struct occ_http_fetch fetch; /* first */
    struct occ_timestamps_authority *authority;
    struct occ_timestamps_authority_ask *ask; /* NULL: nobody waits for it any more */
    uint64_t began_us;
    struct occ_timestamps_question question;
    struct occ_buf query, answer, text;
    struct occ_result judged;
    bool is_trial;
};

/* ---- the queue ---- */

static void
push(struct queue *queue, struct occ_timestamps_authority_ask *ask)
{
    if (queue->end == NULL) {
        queue->end = &queue->first;
    }
    ask->next = NULL;
    ask->link = queue->end;
    *queue->end = ask;
    queue->end = &ask->next;
    queue->count++;
}

static void
take_out(struct queue *queue, struct occ_timestamps_authority_ask *ask)
{
    *ask->link = ask->next;
    if (ask->next == NULL) {
        queue->end = ask->link;
    } else {
        ask->next->link = ask->link;
    }
    ask->link = NULL;
    queue->count--;
}

static struct queue *
queue_of(struct occ_timestamps_authority *authority, const struct occ_timestamps_authority_ask *ask)
{
    return ask->is_late ? &authority->late : &authority->urgent;
}

static struct occ_timestamps_authority_ask *
pop(struct occ_timestamps_authority *authority)
{
    struct queue *queue = authority->urgent.count > 0 ? &authority->urgent : &authority->late;
    struct occ_timestamps_authority_ask *ask = queue->first;
    if (ask != NULL) {
        take_out(queue, ask);
    }
    return ask;
}

/* ---- the breaker ---- */

static void
say_failing(struct occ_timestamps_authority *authority, const char *why)
{
    const uint64_t now_ms = occ_loop_now_ms(authority->config.loop);
    const bool is_new = authority->said_ms == 0 || now_ms - authority->said_ms >= OCC_LIMIT_TSA_PAUSE_MAX_MS;
    if (authority->said_failing || (!is_new && authority->breaker == CLOSED)) {
        return;
    }
    authority->said_failing = true;
    authority->said_ms = now_ms == 0 ? 1 : now_ms;
    const struct occ_event_field fields[] = { OCC_EVENT_TEXT("authority", authority->config.shown),
                                              OCC_EVENT_TEXT("error", why) };
    occ_event_write(authority->config.events, OCC_EVENT_WARN, "timestamp authority fails", fields, 2);
}

static void
say_back(struct occ_timestamps_authority *authority)
{
    if (authority->said_failing) {
        authority->said_failing = false;
        const struct occ_event_field field = OCC_EVENT_TEXT("authority", authority->config.shown);
        occ_event_write(authority->config.events, OCC_EVENT_INFO, "timestamp authority is back", &field, 1);
    }
}

/* Those that wait are turned away: others may have what they want. */
static void
turn_away_all(struct occ_timestamps_authority *authority)
{
    for (struct occ_timestamps_authority_ask *ask = pop(authority); ask != NULL; ask = pop(authority)) {
        ask->done(ask, occ_bytes_of(NULL, 0));
    }
}

/* What waits while there is a trial is the trial; it was not sent, so the next ask is. */
static void
give_up_trial(struct occ_timestamps_authority *authority)
{
    if (authority->breaker == TRIAL) {
        authority->breaker = OPEN;
    }
}

static void
note_failure(struct occ_timestamps_authority *authority, bool is_trial, uint64_t retry_after_s, const char *why)
{
    authority->stats.failures++;
    authority->failures_in_a_row++;
    const uint64_t asked_ms =
        retry_after_s > OCC_LIMIT_TSA_RETRY_AFTER_MS / 1000 ? OCC_LIMIT_TSA_RETRY_AFTER_MS : retry_after_s * 1000;
    const bool is_enough = authority->failures_in_a_row >= OCC_LIMIT_TSA_FAILURES || asked_ms > 0;
    if ((authority->breaker == CLOSED && is_enough) || is_trial) {
        const uint64_t pause_ms = occ_timestamps_pause_next(&authority->pause_ms);
        authority->breaker = OPEN;
        authority->open_until_ms = occ_loop_now_ms(authority->config.loop) + (asked_ms > 0 ? asked_ms : pause_ms);
    }
    say_failing(authority, why);
}

static void
note_token(struct occ_timestamps_authority *authority)
{
    authority->stats.tokens++;
    authority->failures_in_a_row = 0;
    authority->pause_ms = 0;
    authority->breaker = CLOSED;
    say_back(authority);
}

/* ---- requests ---- */

static void
free_request(struct occ_timestamps_authority_request *request)
{
    occ_buf_clear(&request->query);
    occ_buf_clear(&request->answer);
    occ_buf_clear(&request->text);
    free(request);
}

static void
note_latency(struct occ_timestamps_authority *authority, uint64_t took_us)
{
    const uint64_t before_us = authority->latency_us == 0 ? took_us : authority->latency_us;
    authority->latency_us = before_us - before_us / 8 + took_us / 8;
}

/* Whether one that comes now would have its turn before patience is at an end, as far as can be told. */
static bool
has_turn_in_time(const struct occ_timestamps_authority *authority)
{
    const struct occ_timestamps_authority_config *config = &authority->config;
    const size_t waiting = authority->urgent.count + 1;
    const size_t room = (size_t)config->parallel - authority->under_way;
    const uint64_t ahead = waiting > room ? waiting - room : 0;
    const uint64_t by_latency_ms = ahead * authority->latency_us / config->parallel / 1000;
    const uint64_t by_rate_ms = config->rate == 0 ? 0 : waiting * 1000 / config->rate;
    return config->patience_ms == 0 || (by_latency_ms <= config->patience_ms && by_rate_ms <= config->patience_ms);
}

/* The fetcher's thread. */
static void
judge(struct occ_http_fetch *fetch)
{
    struct occ_timestamps_authority_request *request = (struct occ_timestamps_authority_request *)fetch;
    request->judged = occ_timestamps_answer_read(&request->question, &fetch->answer, occ_clock_unix_ms(), &fetch->err,
                                                 &request->text);
}

static void pump(struct occ_timestamps_authority *authority);

static void
settle(struct occ_timestamps_authority_request *request)
{
    struct occ_timestamps_authority *authority = request->authority;
    const struct occ_http_fetch *fetch = &request->fetch;
    const struct occ_result result = occ_is_ok(fetch->result) ? request->judged : fetch->result;
    if (result.code == OCC_ERR_STATE) {
        return; /* stopping: says nothing about the authority */
    }
    if (occ_is_ok(result)) {
        note_latency(authority, occ_clock_monotonic_us() - request->began_us);
        note_token(authority);
        return;
    }
    authority->stats.timeouts += result.code == OCC_ERR_TIMEOUT ? 1 : 0;
    authority->stats.refused += occ_is_ok(fetch->result) && fetch->answer.status == 200 ? 1 : 0;
    const char *why = fetch->err.text[0] == '\0' ? occ_result_text(result.code) : fetch->err.text;
    note_failure(authority, request->is_trial, occ_is_ok(fetch->result) ? fetch->answer.retry_after_s : 0, why);
}

static void
on_fetched(struct occ_http_fetch *fetch)
{
    struct occ_timestamps_authority_request *request = (struct occ_timestamps_authority_request *)fetch;
    struct occ_timestamps_authority *authority = request->authority;
    authority->under_way--;
    settle(request);
    struct occ_timestamps_authority_ask *ask = request->ask;
    if (ask != NULL) {
        const bool has = occ_is_ok(fetch->result) && occ_is_ok(request->judged);
        ask->request = NULL;
        ask->done(ask, has ? occ_buf_view(&request->text) : occ_bytes_of(NULL, 0));
    }
    free_request(request);
    if (authority->breaker == OPEN) {
        turn_away_all(authority);
        return;
    }
    pump(authority);
}

/* NULL without memory. */
static struct occ_timestamps_authority_request *
make_request(struct occ_timestamps_authority *authority, const struct occ_timestamps_authority_ask *ask)
{
    struct occ_timestamps_authority_request *request = calloc(1, sizeof *request);
    if (request == NULL) {
        return NULL;
    }
    const struct occ_timestamps_authority_config *config = &authority->config;
    request->authority = authority;
    request->query = OCC_BUF_INIT(REQUEST_LEN_MAX);
    request->answer = OCC_BUF_INIT(OCC_LIMIT_TSA_ANSWER_LEN);
    request->text = OCC_BUF_INIT(TOKEN_TEXT_LEN_MAX);
    request->question = (struct occ_timestamps_question){ .shown = config->shown, .roots = config->roots };
    request->judged = occ_result_of(OCC_ERR_INTERNAL);
    memcpy(request->question.digest, ask->digest, sizeof ask->digest);
    occ_timestamp_request_nonce(request->question.nonce);
    if (!occ_is_ok(occ_timestamp_request_put(&request->query, request->question.digest, request->question.nonce))) {
        free_request(request);
        return NULL;
    }
    request->fetch = (struct occ_http_fetch){ .call = { .url = config->url,
                                                        .content_type = "application/timestamp-query",
                                                        .body = occ_buf_view(&request->query),
                                                        .connect_ms = config->timeout_ms,
                                                        .total_ms = config->timeout_ms },
                                              .answer = { .body = &request->answer },
                                              .received = judge,
                                              .done = on_fetched };
    return request;
}

static void
send(struct occ_timestamps_authority *authority, struct occ_timestamps_authority_ask *ask)
{
    struct occ_timestamps_authority_request *request = make_request(authority, ask);
    if (request == NULL) {
        authority->stats.failures++;
        give_up_trial(authority);
        ask->done(ask, occ_bytes_of(NULL, 0));
        return;
    }
    request->ask = ask;
    request->began_us = occ_clock_monotonic_us();
    request->is_trial = authority->breaker == TRIAL;
    ask->request = request;
    authority->under_way++;
    occ_http_fetcher_start(authority->config.fetcher, &request->fetch);
}

/* True if the rate allows a request now; else the timer is set. */
static bool
has_turn(struct occ_timestamps_authority *authority)
{
    if (authority->config.rate == 0) {
        return true;
    }
    const uint64_t now_us = occ_loop_now_ms(authority->config.loop) * 1000;
    if (authority->next_us > now_us) {
        occ_timer_start(authority->timer, (authority->next_us - now_us + 999) / 1000);
        return false;
    }
    authority->next_us = now_us + 1000000 / authority->config.rate;
    return true;
}

/* Sends what may be sent now. */
static void
pump(struct occ_timestamps_authority *authority)
{
    while (authority->under_way < authority->config.parallel && authority->urgent.count + authority->late.count > 0 &&
           has_turn(authority)) {
        struct occ_timestamps_authority_ask *ask = pop(authority);
        if (ask == NULL) {
            return;
        }
        send(authority, ask);
    }
}

static void
on_timer(void *ctx)
{
    pump(ctx);
}

bool
occ_timestamps_authority_take(struct occ_timestamps_authority *authority, struct occ_timestamps_authority_ask *ask)
{
    const bool is_over = occ_loop_now_ms(authority->config.loop) >= authority->open_until_ms;
    if (authority->breaker == TRIAL || (authority->breaker == OPEN && !is_over)) {
        return false;
    }
    if (!ask->is_late && !has_turn_in_time(authority)) {
        return false;
    }
    if (authority->breaker == OPEN) {
        authority->breaker = TRIAL;
    }
    ask->request = NULL;
    push(queue_of(authority, ask), ask);
    /* Not from here: what cannot be sent is told by done. */
    occ_timer_start(authority->timer, 0);
    return true;
}

void
occ_timestamps_authority_cancel(struct occ_timestamps_authority *authority, struct occ_timestamps_authority_ask *ask)
{
    if (ask->request != NULL) {
        ask->request->ask = NULL;
        ask->request = NULL;
        return;
    }
    if (ask->link == NULL) {
        return;
    }
    take_out(queue_of(authority, ask), ask);
    give_up_trial(authority);
}

void
occ_timestamps_authority_get_stats(const struct occ_timestamps_authority *authority,
                                   struct occ_timestamps_authority_stats *ret_stats)
{
    *ret_stats = authority->stats;
    ret_stats->waiting = authority->urgent.count + authority->late.count;
    ret_stats->under_way = authority->under_way;
    ret_stats->open = authority->breaker != CLOSED;
}

struct occ_result
occ_timestamps_authority_new(const struct occ_timestamps_authority_config *config,
                             struct occ_timestamps_authority **ret_authority)
{
    struct occ_timestamps_authority *authority = calloc(1, sizeof *authority);
    OCC_ENSURE(authority != NULL, OCC_ERR_NOMEM);
    authority->config = *config;
    const struct occ_result made = occ_timer_new(config->loop, on_timer, authority, &authority->timer);
    if (!occ_is_ok(made)) {
        free(authority);
        return made;
    }
    *ret_authority = authority;
    return occ_success();
}

void
occ_timestamps_authority_free(struct occ_timestamps_authority *authority)
{
    if (authority != NULL) {
        occ_timer_free(authority->timer);
        free(authority);
    }
}
