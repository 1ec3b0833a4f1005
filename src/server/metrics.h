/*
 * metrics.h — what the server has counted since its start, on the loop's thread: plain numbers, no locks. handle_metrics.c
 * shows them, and what others count.
 */
#ifndef OCC_SERVER_METRICS_H
#define OCC_SERVER_METRICS_H

#include "server/prometheus.h"

enum { OCC_METRICS_ROUTES_MAX = 24 };

/* How a request ended. GONE: the client went away before an answer was sent. */
enum occ_metrics_class { OCC_METRICS_2XX, OCC_METRICS_4XX, OCC_METRICS_5XX, OCC_METRICS_GONE, OCC_METRICS_CLASSES };
const char *occ_metrics_class_name(enum occ_metrics_class class); /* "2xx", "4xx", "5xx", "gone" */

struct occ_metrics_route {
    uint64_t requests[OCC_METRICS_CLASSES];
    struct occ_histogram latency; /* occ_histogram_latency; without those that are GONE */
};

/* Begins as zeros. */
struct occ_metrics {
    struct occ_metrics_route routes[OCC_METRICS_ROUTES_MAX]; /* by the index of routes.c; the next one: no route */
    uint64_t proofs;                                         /* given to clients */
    uint64_t too_many;                                       /* answers 429 */
    uint64_t sessions, sessions_lost;                        /* with the boundary; lost: attempts that failed, too */
    struct occ_histogram frame_requests, frame_digests;      /* occ_histogram_sizes */
    struct occ_histogram sync;                               /* occ_histogram_sync: transactions of the ledger */
};

/* An exchange is over. status 0: the client was gone. */
void occ_metrics_count_exchange(struct occ_metrics *metrics, size_t route, unsigned status, uint64_t duration_us);
/* A frame went to the boundary. */
void occ_metrics_count_frame(struct occ_metrics *metrics, uint64_t requests, uint64_t digests);

#endif
