/* prometheus.c — see prometheus.h. */
#include "server/prometheus.h"

enum { US_PER_MS = 1000, US_PER_S = 1000000 };

const struct occ_histogram_bounds occ_histogram_latency = {
    .count = 15,
    .at = { 100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 2500000, 10000000 },
    .is_time = true
};
const struct occ_histogram_bounds occ_histogram_sync = { .count = 15,
                                                         .at = { 50, 100, 250, 500, 1000, 2500, 5000, 10000, 25000,
                                                                 50000, 100000, 250000, 500000, 1000000, 5000000 },
                                                         .is_time = true };
const struct occ_histogram_bounds occ_histogram_sizes = {
    .count = 15, .at = { 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384 }
};

void
occ_histogram_add(struct occ_histogram *histogram, const struct occ_histogram_bounds *bounds, uint64_t value)
{
    size_t bucket = 0;
    while (bucket < bounds->count && value > bounds->at[bucket]) {
        bucket++;
    }
    histogram->in_bucket[bucket]++;
    histogram->sum += value;
    histogram->count++;
}

void
occ_prometheus_begin(struct occ_buf *out, const char *name, const char *type, const char *help)
{
    occ_buf_put_format(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* The format's three escapes. */
static void
put_label_value(struct occ_buf *out, const char *value)
{
    for (; *value != 0; value++) {
        if (*value == '\n') {
            occ_buf_put_str(out, "\\n");
            continue;
        }
        if (*value == '\\' || *value == '"') {
            occ_buf_put_byte(out, '\\');
        }
        occ_buf_put_byte(out, (uint8_t)*value);
    }
}

/* Seconds with as many digits as they need. */
static void
put_seconds(struct occ_buf *out, uint64_t microseconds)
{
    occ_buf_put_u64(out, microseconds / US_PER_S);
    uint64_t rest = microseconds % US_PER_S;
    if (rest == 0) {
        return;
    }
    unsigned digits = 6;
    for (; rest % 10 == 0; rest /= 10) {
        digits--;
    }
    occ_buf_put_format(out, ".%0*u", (int)digits, (unsigned)rest);
}

static void
put_value(struct occ_buf *out, uint64_t value, bool is_time)
{
    if (is_time) {
        put_seconds(out, value);
    } else {
        occ_buf_put_u64(out, value);
    }
}

/* Name, suffix and labels, with the braces still open if *ret_open says so. */
static void
put_name(struct occ_buf *out, const char *name, const char *suffix, const struct occ_prometheus_label *labels,
         bool *ret_open)
{
    occ_buf_put_str(out, name);
    occ_buf_put_str(out, suffix);
    *ret_open = false;
    for (; labels != NULL && labels->name != NULL; labels++) {
        occ_buf_put_str(out, *ret_open ? "," : "{");
        occ_buf_put_str(out, labels->name);
        occ_buf_put_str(out, "=\"");
        put_label_value(out, labels->value);
        occ_buf_put_byte(out, '"');
        *ret_open = true;
    }
}

static void
put_sample(struct occ_buf *out, const char *name, const char *suffix, const struct occ_prometheus_label *labels,
           uint64_t value, bool is_time)
{
    bool open;
    put_name(out, name, suffix, labels, &open);
    occ_buf_put_str(out, open ? "} " : " ");
    put_value(out, value, is_time);
    occ_buf_put_byte(out, '\n');
}

void
occ_prometheus_put(struct occ_buf *out, const char *name, const struct occ_prometheus_label *labels, uint64_t value)
{
    put_sample(out, name, "", labels, value, false);
}

void
occ_prometheus_put_us(struct occ_buf *out, const char *name, const struct occ_prometheus_label *labels,
                      uint64_t microseconds)
{
    put_sample(out, name, "", labels, microseconds, true);
}

void
occ_prometheus_put_ms(struct occ_buf *out, const char *name, const struct occ_prometheus_label *labels,
                      int64_t milliseconds)
{
    const uint64_t size = milliseconds < 0 ? (uint64_t) - (milliseconds + 1) + 1 : (uint64_t)milliseconds;
    bool open;
    put_name(out, name, "", labels, &open);
    occ_buf_put_str(out, open ? "} " : " ");
    occ_buf_put_str(out, milliseconds < 0 ? "-" : "");
    put_seconds(out, size > UINT64_MAX / US_PER_MS ? UINT64_MAX : size * US_PER_MS);
    occ_buf_put_byte(out, '\n');
}

void
occ_prometheus_put_histogram(struct occ_buf *out, const char *name, const struct occ_prometheus_label *labels,
                             const struct occ_histogram *histogram, const struct occ_histogram_bounds *bounds)
{
    uint64_t below = 0;
    for (size_t i = 0; i <= bounds->count; i++) {
        bool open;
        below += histogram->in_bucket[i];
        put_name(out, name, "_bucket", labels, &open);
        occ_buf_put_str(out, open ? ",le=\"" : "{le=\"");
        if (i < bounds->count) {
            put_value(out, bounds->at[i], bounds->is_time);
        } else {
            occ_buf_put_str(out, "+Inf");
        }
        occ_buf_put_str(out, "\"} ");
        occ_buf_put_u64(out, below);
        occ_buf_put_byte(out, '\n');
    }
    put_sample(out, name, "_sum", labels, histogram->sum, bounds->is_time);
    put_sample(out, name, "_count", labels, histogram->count, false);
}

void
occ_prometheus_put_one(struct occ_buf *out, const char *name, const char *type, const char *help, uint64_t value)
{
    occ_prometheus_begin(out, name, type, help);
    occ_prometheus_put(out, name, NULL, value);
}
