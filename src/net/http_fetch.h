/*
 * http_fetch.h — outbound HTTP beside the event loop: many calls at a time on one thread of their own, by libcurl's multi
 * interface. A server that is slow, or does not answer, holds up nobody else, and a stop waits for none of them.
 * Connections are kept for the next call to the same server.
 */
#ifndef OCC_NET_HTTP_FETCH_H
#define OCC_NET_HTTP_FETCH_H

#include "net/http_client.h"
#include "net/loop.h"

struct occ_http_fetcher;

/* One call. The owner fills in the first part; it is the fetcher's from occ_http_fetcher_start until done. */
struct occ_http_fetch {
    struct occ_http_call call; /* what its views point to must stay valid until done */
    struct occ_http_answer answer;
    /* On the fetcher's thread, after a success: for work that is too much for the loop. Short of that. May be NULL. */
    void (*received)(struct occ_http_fetch *fetch);
    /* On the loop's thread, once. */
    void (*done)(struct occ_http_fetch *fetch);
    /* As of occ_http_client_call; OCC_ERR_STATE: the fetcher was freed before the answer was there. */
    struct occ_result result;
    struct occ_error err;

    struct occ_http_fetch *next; /* http_fetch.c's */
};

OCC_RESULT occ_http_fetcher_new(struct occ_loop *loop, struct occ_error *err, struct occ_http_fetcher **ret_fetcher);
/* As many as the caller likes: how many may be under way is for it to limit. done is never called from here. */
void occ_http_fetcher_start(struct occ_http_fetcher *fetcher, struct occ_http_fetch *fetch);
/* Breaks off what is under way: done is called for it, from here. NULL is allowed. */
void occ_http_fetcher_free(struct occ_http_fetcher *fetcher);

#endif
