/* metrics.c — see metrics.h. */
#include "server/metrics.h"

const char *occ_metrics_class_name(enum occ_metrics_class class)
{
    static const char *const names[OCC_METRICS_CLASSES] = { "2xx", "4xx", "5xx", "gone" };
    return names[class];
}

static enum occ_metrics_class
class_of(unsigned status)
{
    if (status == 0) {
        return OCC_METRICS_GONE;
    }
    if (status < 400) {
        return OCC_METRICS_2XX;
    }
    return status < 500 ? OCC_METRICS_4XX : OCC_METRICS_5XX;
}

void
occ_metrics_count_exchange(struct occ_metrics *metrics, size_t route, unsigned status, uint64_t duration_us)
{
    struct occ_metrics_route *counted = &metrics->routes[route];
    const enum occ_metrics_class class = class_of(status);
    counted->requests[class]++;
    if (class != OCC_METRICS_GONE) {
        occ_histogram_add(&counted->latency, &occ_histogram_latency, duration_us);
    }
}

void
occ_metrics_count_frame(struct occ_metrics *metrics, uint64_t requests, uint64_t digests)
{
    occ_histogram_add(&metrics->frame_requests, &occ_histogram_sizes, requests);
    occ_histogram_add(&metrics->frame_digests, &occ_histogram_sizes, digests);
}
