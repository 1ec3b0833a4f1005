/* timestamps.c — requests that wait for tokens, and how long. See timestamps.h. */
#include "server/timestamps.h"

#include <stdlib.h>

#include "server/timestamps_late.h"
#include "server/timestamps_settings.h"

/* One token of a request. */
struct wait {
    struct occ_timestamps_waiter waiter; /* first */
    struct occ_timestamps_request *request;
    struct occ_timestamps_token *token;
};

/* What a request needs while it waits. It ends (finish) when left is 0 or the deadline has passed. */
struct occ_timestamps_request {
    struct occ_timestamps *timestamps;
    struct occ_timestamps_ask *ask;
    struct occ_timer *timer;
    struct occ_timestamps_request *next, **link; /* of all that wait */
    size_t left;                                 /* tokens that may still come */
    size_t hurries;                              /* authorities that may still be asked for want of patience, */
    uint64_t patience_ms;                        /* each after so long */
    struct wait waits[];
};

struct occ_timestamps {
    struct occ_timestamps_config config;
    struct occ_timestamps_settings settings;
    struct occ_http_fetcher *fetcher;
    struct occ_timestamps_authority *authorities[OCC_LIMIT_TSA_AUTHORITIES];
    struct occ_timestamps_subjects *subjects;
    struct occ_timestamps_late_queue *late;
    struct occ_timestamps_request *requests;
    size_t held_len;                   /* bytes of the tokens that asks hold */
    uint64_t end_by_ms;                /* of all deadlines */
    struct occ_timestamps_ask *failed; /* could not be begun: done is called by the timer */
    struct occ_timer *timer;
};

/* ---- one request ---- */

static void
end_request(struct occ_timestamps_request *request)
{
    for (size_t i = 0; i < request->ask->count; i++) {
        occ_timestamps_subject_leave(&request->waits[i].waiter);
    }
    *request->link = request->next;
    if (request->next != NULL) {
        request->next->link = request->link;
    }
    occ_timer_free(request->timer);
    request->ask->request = NULL;
    free(request);
}

static void
finish(struct occ_timestamps_request *request)
{
    struct occ_timestamps_ask *ask = request->ask;
    end_request(request);
    ask->done(ask);
}

static void
on_token(struct occ_timestamps_waiter *waiter, struct occ_bytes text)
{
    const struct wait *wait = (struct wait *)waiter;
    struct occ_timestamps_request *request = wait->request;
    struct occ_timestamps_token *token = wait->token;
    struct occ_timestamps *timestamps = request->timestamps;
    if (text.len > 0 && timestamps->held_len + text.len <= timestamps->config.held_len_max) {
        occ_buf_put(&token->text, text);
        token->has = occ_is_ok(occ_buf_check(&token->text));
        timestamps->held_len += token->text.len;
    }
    if (text.len > 0) {
        occ_timestamps_late_go_on(timestamps->late);
    }
    if (--request->left == 0) {
        finish(request);
    }
}

/* Until the deadline, or until patience is at an end. */
static void
set_timer(struct occ_timestamps_request *request)
{
    const uint64_t now_ms = occ_loop_now_ms(request->timestamps->config.loop);
    const uint64_t deadline_ms = request->ask->deadline_ms;
    const uint64_t left_ms = request->left == 0 || deadline_ms <= now_ms ? 0 : deadline_ms - now_ms;
    const bool hurries = request->hurries > 0 && request->patience_ms < left_ms;
    occ_timer_start(request->timer, hurries ? request->patience_ms : left_ms);
}

static void
on_request_timer(void *ctx)
{
    struct occ_timestamps_request *request = ctx;
    if (request->left == 0 || occ_loop_now_ms(request->timestamps->config.loop) >= request->ask->deadline_ms) {
        finish(request);
        return;
    }
    if (request->hurries > 0) {
        request->hurries--;
        for (size_t i = 0; i < request->ask->count; i++) {
            occ_timestamps_subject_hurry(&request->waits[i].waiter);
        }
    }
    set_timer(request);
}

/* NULL without memory. */
static struct occ_timestamps_request *
make_request(struct occ_timestamps *timestamps, struct occ_timestamps_ask *ask)
{
    struct occ_timestamps_request *request = calloc(1, sizeof *request + ask->count * sizeof request->waits[0]);
    if (request == NULL ||
        !occ_is_ok(occ_timer_new(timestamps->config.loop, on_request_timer, request, &request->timer))) {
        free(request);
        return NULL;
    }
    const size_t spare = timestamps->settings.count - timestamps->settings.quorum;
    request->timestamps = timestamps;
    request->ask = ask;
    request->hurries = spare;
    request->patience_ms = timestamps->settings.wait_ms / (spare + 1);
    request->next = timestamps->requests;
    request->link = &timestamps->requests;
    if (request->next != NULL) {
        request->next->link = &request->next;
    }
    timestamps->requests = request;
    ask->request = request;
    return request;
}

void
occ_timestamps_start(struct occ_timestamps *timestamps, struct occ_timestamps_ask *ask)
{
    for (size_t i = 0; i < ask->count; i++) {
        ask->tokens[i].has = false;
        ask->tokens[i].text = OCC_BUF_INIT(2 * OCC_LIMIT_TSA_ANSWER_LEN);
    }
    ask->request = NULL;
    if (ask->deadline_ms > timestamps->end_by_ms) {
        ask->deadline_ms = timestamps->end_by_ms;
    }
    struct occ_timestamps_request *request = timestamps->subjects == NULL ? NULL : make_request(timestamps, ask);
    if (request == NULL) {
        ask->next = timestamps->failed;
        timestamps->failed = ask;
        occ_timer_start(timestamps->timer, 0);
        return;
    }
    const bool is_in_time = ask->deadline_ms > occ_loop_now_ms(timestamps->config.loop);
    for (size_t i = 0; i < ask->count; i++) {
        struct wait *wait = &request->waits[i];
        *wait = (struct wait){ .waiter = { .done = on_token }, .request = request, .token = &ask->tokens[i] };
        request->left +=
            is_in_time && occ_timestamps_subject_join(timestamps->subjects, ask->tokens[i].digest, false, &wait->waiter)
                ? 1
                : 0;
    }
    set_timer(request);
}

void
occ_timestamps_cancel(struct occ_timestamps *timestamps, struct occ_timestamps_ask *ask)
{
    if (ask->request != NULL) {
        end_request(ask->request);
        return;
    }
    struct occ_timestamps_ask **at = &timestamps->failed;
    while (*at != NULL && *at != ask) {
        at = &(*at)->next;
    }
    if (*at == ask) {
        *at = ask->next;
    }
}

void
occ_timestamps_end_by(struct occ_timestamps *timestamps, uint64_t deadline_ms)
{
    timestamps->end_by_ms = deadline_ms;
    for (struct occ_timestamps_request *request = timestamps->requests; request != NULL; request = request->next) {
        if (request->ask->deadline_ms > deadline_ms) {
            request->ask->deadline_ms = deadline_ms;
            set_timer(request);
        }
    }
}

void
occ_timestamps_clear(struct occ_timestamps *timestamps, struct occ_timestamps_ask *ask)
{
    for (size_t i = 0; i < ask->count; i++) {
        if (timestamps != NULL) {
            timestamps->held_len -= ask->tokens[i].text.len;
        }
        occ_buf_clear(&ask->tokens[i].text);
        ask->tokens[i].has = false;
    }
}

static void
on_timer(void *ctx)
{
    struct occ_timestamps *timestamps = ctx;
    while (timestamps->failed != NULL) {
        struct occ_timestamps_ask *ask = timestamps->failed;
        timestamps->failed = ask->next;
        ask->done(ask);
    }
}

/* ---- the whole ---- */

static OCC_RESULT
make_authorities(struct occ_timestamps *timestamps)
{
    for (size_t i = 0; i < timestamps->settings.count; i++) {
        const struct occ_timestamps_authority_config config = { .loop = timestamps->config.loop,
                                                                .fetcher = timestamps->fetcher,
                                                                .events = timestamps->config.events,
                                                                .roots = timestamps->config.roots,
                                                                .url = timestamps->settings.authorities[i].url,
                                                                .shown = timestamps->settings.authorities[i].shown,
                                                                .timeout_ms = timestamps->settings.timeout_ms,
                                                                .parallel = timestamps->settings.parallel,
                                                                .rate = timestamps->settings.rate,
                                                                .patience_ms = timestamps->settings.required
                                                                                   ? 0
                                                                                   : timestamps->settings.wait_ms };
        OCC_TRY(occ_timestamps_authority_new(&config, &timestamps->authorities[i]));
    }
    return occ_success();
}

static OCC_RESULT
make_parts(struct occ_timestamps *timestamps)
{
    const struct occ_timestamps_config *config = &timestamps->config;
    OCC_TRY(occ_timer_new(config->loop, on_timer, timestamps, &timestamps->timer));
    OCC_TRY(occ_http_fetcher_new(config->loop, NULL, &timestamps->fetcher));
    OCC_TRY(make_authorities(timestamps));
    OCC_TRY(occ_timestamps_subjects_new(timestamps->authorities, timestamps->settings.count,
                                        timestamps->settings.quorum, &timestamps->subjects));
    const struct occ_timestamps_late_config late = { .loop = config->loop,
                                                     .events = config->events,
                                                     .store = config->store,
                                                     .subjects = timestamps->subjects,
                                                     .max = OCC_LIMIT_TSA_LATE };
    return occ_timestamps_late_new(&late, &timestamps->late);
}

struct occ_result
occ_timestamps_new(const struct occ_timestamps_config *config, struct occ_error *err,
                   struct occ_timestamps **ret_timestamps)
{
    struct occ_timestamps *timestamps = calloc(1, sizeof *timestamps);
    if (timestamps == NULL) {
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    timestamps->config = *config;
    timestamps->end_by_ms = UINT64_MAX;
    if (config->held_len_max == 0) {
        timestamps->config.held_len_max = OCC_LIMIT_TSA_KEPT_LEN;
    }
    const struct occ_result read = occ_timestamps_settings_read(config->settings, err, &timestamps->settings);
    if (!occ_is_ok(read) || timestamps->settings.count == 0) {
        occ_timestamps_free(timestamps);
        if (occ_is_ok(read)) {
            *ret_timestamps = NULL;
        }
        return read;
    }
    const struct occ_result made = make_parts(timestamps);
    if (!occ_is_ok(made)) {
        occ_timestamps_free(timestamps);
        return occ_error_code(err, made.code);
    }
    if (config->roots == NULL) {
        occ_event_error(config->events, OCC_EVENT_WARN, "timestamps of any authority are taken",
                        "--tsa-roots is not set: tokens are verified, but whose they are is not");
    }
    *ret_timestamps = timestamps;
    return occ_success();
}

void
occ_timestamps_free(struct occ_timestamps *timestamps)
{
    if (timestamps == NULL) {
        return;
    }
    /* In this order: what is told that there is no token may ask for more, and is refused. */
    if (timestamps->late != NULL) {
        occ_timestamps_late_stop(timestamps->late);
    }
    struct occ_timestamps_subjects *subjects = timestamps->subjects;
    timestamps->subjects = NULL;
    while (timestamps->requests != NULL) {
        struct occ_timestamps_request *request = timestamps->requests;
        timestamps->requests = request->next;
        finish(request);
    }
    on_timer(timestamps);
    occ_timestamps_subjects_free(subjects);
    occ_http_fetcher_free(timestamps->fetcher);
    for (size_t i = 0; i < timestamps->settings.count; i++) {
        occ_timestamps_authority_free(timestamps->authorities[i]);
    }
    occ_timestamps_late_free(timestamps->late);
    occ_timer_free(timestamps->timer);
    occ_timestamps_settings_clear(&timestamps->settings);
    free(timestamps);
}

bool
occ_timestamps_wants_artifact(const struct occ_timestamps *timestamps)
{
    return timestamps != NULL;
}

bool
occ_timestamps_wants_proof(const struct occ_timestamps *timestamps)
{
    return timestamps != NULL && timestamps->settings.proof;
}

bool
occ_timestamps_is_required(const struct occ_timestamps *timestamps)
{
    return timestamps != NULL && timestamps->settings.required;
}

uint64_t
occ_timestamps_wait_ms(const struct occ_timestamps *timestamps)
{
    return timestamps == NULL ? 0 : timestamps->settings.wait_ms;
}

void
occ_timestamps_fetch_late(struct occ_timestamps *timestamps, const struct occ_timestamps_late *late)
{
    occ_timestamps_late_add(timestamps->late, late, occ_bytes_of(NULL, 0));
}

void
occ_timestamps_keep(struct occ_timestamps *timestamps, const struct occ_timestamps_late *late, struct occ_bytes text)
{
    occ_timestamps_late_add(timestamps->late, late, text);
}

bool
occ_timestamps_get_stats(const struct occ_timestamps *timestamps, size_t index, struct occ_timestamps_stats *ret)
{
    if (timestamps == NULL || index >= timestamps->settings.count) {
        return false;
    }
    struct occ_timestamps_authority_stats stats;
    occ_timestamps_authority_get_stats(timestamps->authorities[index], &stats);
    *ret = (struct occ_timestamps_stats){ .authority = timestamps->settings.authorities[index].shown,
                                          .tokens = stats.tokens,
                                          .failures = stats.failures,
                                          .timeouts = stats.timeouts,
                                          .refused = stats.refused,
                                          .waiting = stats.waiting,
                                          .under_way = stats.under_way,
                                          .open = stats.open };
    return true;
}

size_t
occ_timestamps_late_count(const struct occ_timestamps *timestamps)
{
    return timestamps == NULL ? 0 : occ_timestamps_late_length(timestamps->late);
}
