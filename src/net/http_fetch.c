/* http_fetch.c — see http_fetch.h. A thread that runs libcurl's multi interface; queues to it and back. */
#include "net/http_fetch.h"

#include <stdlib.h>

#include "net/http_client_private.h"
#include "net/loop_private.h"

enum {
    POLL_MS = 1000,        /* a new call or the stop wakes it up earlier */
    TROUBLE_MS = 10,       /* between two tries while libcurl itself fails, for want of memory */
    CONNECTIONS_KEPT = 64, /* beyond those that are in use */
};

struct queue {
    struct occ_http_fetch *first, *last;
};

/* A call under way; the thread's. */
struct transfer {
    struct occ_http_prepared prepared;
    struct occ_http_fetch *fetch;
    struct transfer *next, **link;
};

/* lock guards submitted, finished and stopping. transfers is the thread's, the rest the loop thread's. */
struct occ_http_fetcher {
    uv_async_t finished_some;
    uv_mutex_t lock;
    uv_thread_t thread;
    CURLM *multi;
    struct queue submitted, finished;
    bool stopping;
    struct transfer *transfers;
    size_t pending;
};

static void
append(struct queue *queue, struct occ_http_fetch *fetch)
{
    fetch->next = NULL;
    if (queue->last == NULL) {
        queue->first = fetch;
    } else {
        queue->last->next = fetch;
    }
    queue->last = fetch;
}

static struct occ_http_fetch *
take_all(struct queue *queue)
{
    struct occ_http_fetch *first = queue->first;
    *queue = (struct queue){ 0 };
    return first;
}

/* ---- the fetcher's thread ---- */

static void
finish(struct occ_http_fetcher *fetcher, struct occ_http_fetch *fetch, struct occ_result result)
{
    fetch->result = result;
    if (occ_is_ok(result) && fetch->received != NULL) {
        fetch->received(fetch);
    }
    uv_mutex_lock(&fetcher->lock);
    const bool first = fetcher->finished.first == NULL;
    append(&fetcher->finished, fetch);
    uv_mutex_unlock(&fetcher->lock);
    if (first) {
        (void)uv_async_send(&fetcher->finished_some);
    }
}

static void
free_transfer(struct transfer *transfer)
{
    if (transfer->link != NULL) {
        *transfer->link = transfer->next;
        if (transfer->next != NULL) {
            transfer->next->link = transfer->link;
        }
    }
    occ_http_client_clear(&transfer->prepared);
    free(transfer);
}

static struct occ_result
start_transfer(struct occ_http_fetcher *fetcher, struct occ_http_fetch *fetch, struct transfer *transfer)
{
    OCC_TRY(occ_http_client_prepare(&fetch->call, fetch->answer.body, &fetch->err, &transfer->prepared));
    CURL *curl = transfer->prepared.curl;
    /* QUICK_EXIT: a name server that does not answer would be waited for, after the time limit too. */
    if (curl_easy_setopt(curl, CURLOPT_PRIVATE, transfer) != CURLE_OK ||
        curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L) != CURLE_OK ||
        curl_multi_add_handle(fetcher->multi, curl) != CURLM_OK) {
        return occ_error_code(&fetch->err, OCC_ERR_NOMEM);
    }
    transfer->next = fetcher->transfers;
    transfer->link = &fetcher->transfers;
    if (transfer->next != NULL) {
        transfer->next->link = &transfer->next;
    }
    fetcher->transfers = transfer;
    return occ_success();
}

static void
begin(struct occ_http_fetcher *fetcher, struct occ_http_fetch *fetch)
{
    struct transfer *transfer = calloc(1, sizeof *transfer);
    if (transfer == NULL) {
        finish(fetcher, fetch, occ_error_code(&fetch->err, OCC_ERR_NOMEM));
        return;
    }
    transfer->fetch = fetch;
    const struct occ_result started = start_transfer(fetcher, fetch, transfer);
    if (!occ_is_ok(started)) {
        free_transfer(transfer);
        finish(fetcher, fetch, started);
    }
}

static void
collect(struct occ_http_fetcher *fetcher)
{
    int left = 0;
    for (CURLMsg *message = curl_multi_info_read(fetcher->multi, &left); message != NULL;
         message = curl_multi_info_read(fetcher->multi, &left)) {
        if (message->msg != CURLMSG_DONE) {
            continue;
        }
        struct transfer *transfer = NULL;
        const CURLcode code = message->data.result; /* removing the handle frees the message */
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
        (void)curl_multi_remove_handle(fetcher->multi, transfer->prepared.curl);
        struct occ_http_fetch *fetch = transfer->fetch;
        const struct occ_result result = occ_http_client_settle(&transfer->prepared, code, &fetch->err, &fetch->answer);
        free_transfer(transfer);
        finish(fetcher, fetch, result);
    }
}

static void
break_off(struct occ_http_fetcher *fetcher, struct occ_http_fetch *batch)
{
    while (fetcher->transfers != NULL) {
        struct transfer *transfer = fetcher->transfers;
        struct occ_http_fetch *fetch = transfer->fetch;
        (void)curl_multi_remove_handle(fetcher->multi, transfer->prepared.curl);
        free_transfer(transfer);
        finish(fetcher, fetch, occ_error_set(&fetch->err, OCC_ERR_STATE, "stopped before the answer was there"));
    }
    while (batch != NULL) {
        struct occ_http_fetch *fetch = batch;
        batch = fetch->next;
        finish(fetcher, fetch, occ_error_set(&fetch->err, OCC_ERR_STATE, "stopped before it was asked"));
    }
}

static void
fetcher_main(void *arg)
{
    struct occ_http_fetcher *fetcher = arg;
    for (;;) {
        uv_mutex_lock(&fetcher->lock);
        struct occ_http_fetch *batch = take_all(&fetcher->submitted);
        const bool stopping = fetcher->stopping;
        uv_mutex_unlock(&fetcher->lock);
        if (stopping) {
            break_off(fetcher, batch);
            return;
        }
        while (batch != NULL) {
            struct occ_http_fetch *fetch = batch;
            batch = fetch->next; /* before it may be done */
            begin(fetcher, fetch);
        }
        int running = 0;
        const bool performed = curl_multi_perform(fetcher->multi, &running) == CURLM_OK;
        collect(fetcher);
        if (!performed || curl_multi_poll(fetcher->multi, NULL, 0, POLL_MS, NULL) != CURLM_OK) {
            uv_sleep(TROUBLE_MS);
        }
    }
}

/* ---- the loop's thread ---- */

static void
hand_back(struct occ_http_fetcher *fetcher)
{
    uv_mutex_lock(&fetcher->lock);
    struct occ_http_fetch *batch = take_all(&fetcher->finished);
    uv_mutex_unlock(&fetcher->lock);
    while (batch != NULL) {
        struct occ_http_fetch *fetch = batch;
        batch = fetch->next;
        if (--fetcher->pending == 0) {
            uv_unref((uv_handle_t *)&fetcher->finished_some);
        }
        fetch->done(fetch);
    }
}

static void
on_finished_some(uv_async_t *handle)
{
    hand_back(handle->data);
}

static void
on_closed(uv_handle_t *handle)
{
    struct occ_http_fetcher *fetcher = handle->data;
    uv_mutex_destroy(&fetcher->lock);
    (void)curl_multi_cleanup(fetcher->multi);
    free(fetcher);
}

static OCC_RESULT
init_parts(struct occ_http_fetcher *fetcher, struct occ_loop *loop)
{
    OCC_ENSURE(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK, OCC_ERR_NOMEM);
    fetcher->multi = curl_multi_init();
    OCC_ENSURE(fetcher->multi != NULL, OCC_ERR_NOMEM);
    OCC_ENSURE(curl_multi_setopt(fetcher->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_KEPT) == CURLM_OK,
               OCC_ERR_NOMEM);
    OCC_ENSURE(uv_mutex_init(&fetcher->lock) == 0, OCC_ERR_NOMEM);
    if (uv_async_init(occ_loop_uv(loop), &fetcher->finished_some, on_finished_some) != 0) {
        uv_mutex_destroy(&fetcher->lock);
        return occ_result_of(OCC_ERR_IO);
    }
    fetcher->finished_some.data = fetcher;
    uv_unref((uv_handle_t *)&fetcher->finished_some);
    return occ_success();
}

struct occ_result
occ_http_fetcher_new(struct occ_loop *loop, struct occ_error *err, struct occ_http_fetcher **ret_fetcher)
{
    struct occ_http_fetcher *fetcher = calloc(1, sizeof *fetcher);
    if (fetcher == NULL) {
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    const struct occ_result parts = init_parts(fetcher, loop);
    if (!occ_is_ok(parts)) {
        (void)curl_multi_cleanup(fetcher->multi);
        free(fetcher);
        return occ_error_code(err, parts.code);
    }
    if (uv_thread_create(&fetcher->thread, fetcher_main, fetcher) != 0) {
        uv_close((uv_handle_t *)&fetcher->finished_some, on_closed);
        return occ_error_set(err, OCC_ERR_NOMEM, "a thread for requests to other servers could not be started");
    }
    *ret_fetcher = fetcher;
    return occ_success();
}

void
occ_http_fetcher_start(struct occ_http_fetcher *fetcher, struct occ_http_fetch *fetch)
{
    uv_mutex_lock(&fetcher->lock);
    append(&fetcher->submitted, fetch);
    uv_mutex_unlock(&fetcher->lock);
    if (fetcher->pending++ == 0) {
        uv_ref((uv_handle_t *)&fetcher->finished_some);
    }
    (void)curl_multi_wakeup(fetcher->multi);
}

void
occ_http_fetcher_free(struct occ_http_fetcher *fetcher)
{
    if (fetcher == NULL) {
        return;
    }
    uv_mutex_lock(&fetcher->lock);
    fetcher->stopping = true;
    uv_mutex_unlock(&fetcher->lock);
    (void)curl_multi_wakeup(fetcher->multi);
    (void)uv_thread_join(&fetcher->thread);
    hand_back(fetcher);
    uv_close((uv_handle_t *)&fetcher->finished_some, on_closed);
}
