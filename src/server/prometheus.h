/*
 * prometheus.h — metrics as text: the Prometheus text exposition format, version 0.0.4.
 *
 * A family begins with its HELP and TYPE lines; its samples follow. Names and help texts are constants of ours; label values
 * are escaped. Durations are counted in microseconds and written in seconds, without a locale.
 */
#ifndef OCC_SERVER_PROMETHEUS_H
#define OCC_SERVER_PROMETHEUS_H

#include "base/buf.h"

#define OCC_PROMETHEUS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* ---- histograms ---- */

enum { OCC_HISTOGRAM_BOUNDS_MAX = 16 };

/* Upper bounds of buckets, ascending; above the last there is one more bucket. */
struct occ_histogram_bounds {
    size_t count;
    uint64_t at[OCC_HISTOGRAM_BOUNDS_MAX];
    bool is_time; /* microseconds, else plain numbers */
};
extern const struct occ_histogram_bounds occ_histogram_latency; /* 100 µs to 10 s */
extern const struct occ_histogram_bounds occ_histogram_sync;    /* 50 µs to 5 s */
extern const struct occ_histogram_bounds occ_histogram_sizes;   /* 1 to 16384 */

struct occ_histogram {
    uint64_t in_bucket[OCC_HISTOGRAM_BOUNDS_MAX + 1];
    uint64_t sum, count;
};
void occ_histogram_add(struct occ_histogram *histogram, const struct occ_histogram_bounds *bounds, uint64_t value);

/* ---- writing ---- */

/* type: "counter", "gauge" or "histogram". */
void occ_prometheus_begin(struct occ_buf *out, const char *name, const char *type, const char *help);
/* A label of a sample; an array of them ends with name NULL. */
struct occ_prometheus_label {
    const char *name, *value;
};
/* labels may be NULL. */
void occ_prometheus_put(struct occ_buf *out, const char *name, const struct occ_prometheus_label *labels,
                        uint64_t value);
/* The same, of microseconds in seconds. */
void occ_prometheus_put_us(struct occ_buf *out, const char *name, const struct occ_prometheus_label *labels,
                           uint64_t microseconds);
/* The same, of milliseconds, which may be negative. */
void occ_prometheus_put_ms(struct occ_buf *out, const char *name, const struct occ_prometheus_label *labels,
                           int64_t milliseconds);
void occ_prometheus_put_histogram(struct occ_buf *out, const char *name, const struct occ_prometheus_label *labels,
                                  const struct occ_histogram *histogram, const struct occ_histogram_bounds *bounds);
/* A family of one sample without labels. */
void occ_prometheus_put_one(struct occ_buf *out, const char *name, const char *type, const char *help, uint64_t value);

#endif
