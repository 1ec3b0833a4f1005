#include "cli/text.h"

#include "codec/canonical.h"

/* Inclusive ranges of characters that are not shown as they are. */
static const struct {
    uint32_t first, last;
} hidden[] = {
    { 0x00, 0x1f },       /* C0 controls, escape sequences */
    { 0x7f, 0x9f },       /* DEL, C1 controls */
    { 0xad, 0xad },       /* soft hyphen */
    { 0x61c, 0x61c },     /* Arabic letter mark */
    { 0x180e, 0x180e },   /* Mongolian vowel separator */
    { 0x200b, 0x200f },   /* zero width, direction marks */
    { 0x2028, 0x202e },   /* line and paragraph separators, embeddings, overrides */
    { 0x2060, 0x206f },   /* invisible operators, isolates */
    { 0xfeff, 0xfeff },   /* zero width no-break space */
    { 0xfff9, 0xfffb },   /* interlinear annotations */
    { 0xe0000, 0xe007f }, /* tags */
};

/* The code point of a well-formed UTF-8 character of len bytes. */
static uint32_t
decode(const uint8_t *bytes, size_t len)
{
    if (len == 1) {
        return bytes[0];
    }
    uint32_t point = bytes[0] & (0x7fu >> len);
    for (size_t i = 1; i < len; i++) {
        point = point << 6 | (bytes[i] & 0x3fu);
    }
    return point;
}

static bool
is_hidden(uint32_t point)
{
    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++) {
        if (point >= hidden[i].first && point <= hidden[i].last) {
            return true;
        }
    }
    return false;
}

static void
put_escaped(struct occ_buf *buf, uint32_t point)
{
    if (point > 0xffff) {
        const uint32_t rest = point - 0x10000;
        occ_buf_put_format(buf, "\\u%04x\\u%04x", 0xd800 + (rest >> 10), 0xdc00 + (rest & 0x3ff));
        return;
    }
    occ_buf_put_format(buf, "\\u%04x", point);
}

void
occ_text_put_safe(struct occ_buf *buf, struct occ_bytes text)
{
    size_t at = 0;
    while (at < text.len) {
        const struct occ_bytes rest = occ_bytes_of(text.ptr + at, text.len - at);
        const size_t len = occ_bytes_utf8_char(rest);
        if (len == 0) {
            occ_buf_put_format(buf, "\\x%02x", rest.ptr[0]);
            at++;
            continue;
        }
        const uint32_t point = decode(rest.ptr, len);
        if (is_hidden(point)) {
            put_escaped(buf, point);
        } else {
            occ_buf_put(buf, occ_bytes_of(rest.ptr, len));
        }
        at += len;
    }
}

void
occ_text_put_json_name(struct occ_buf *buf, const char *name)
{
    const struct occ_bytes whole = occ_bytes_str(name);
    if (occ_bytes_is_utf8(whole)) {
        occ_canonical_put_string(buf, whole);
        return;
    }
    OCC_BUF_AUTO(repaired, 3 * whole.len);
    size_t at = 0;
    while (at < whole.len) {
        const struct occ_bytes rest = occ_bytes_of(whole.ptr + at, whole.len - at);
        const size_t len = occ_bytes_utf8_char(rest);
        if (len == 0) {
            occ_buf_put_str(&repaired, "\xef\xbf\xbd");
            at++;
            continue;
        }
        occ_buf_put(&repaired, occ_bytes_of(rest.ptr, len));
        at += len;
    }
    occ_canonical_put_string(buf, occ_buf_view(&repaired));
}

void
occ_text_put_safe_cut(struct occ_buf *buf, struct occ_bytes text, size_t max)
{
    if (text.len <= max) {
        occ_text_put_safe(buf, text);
        return;
    }
    /* Not within a character: back to the start of the one that max would split. */
    size_t len = max;
    while (len > 0 && max - len < 3 && (text.ptr[len] & 0xc0) == 0x80) {
        len--;
    }
    occ_text_put_safe(buf, occ_bytes_of(text.ptr, len));
    occ_buf_put_str(buf, "… (");
    occ_text_put_count(buf, text.len);
    occ_buf_put_str(buf, " bytes)");
}

/* Proleptic Gregorian date of a day counted from 1970-01-01: eras of 400 years that begin in March. */
static void
date_of(uint64_t days, uint64_t *ret_year, unsigned *ret_month, unsigned *ret_day)
{
    const uint64_t shifted = days + 719468; /* from 0000-03-01 */
    const uint64_t era = shifted / 146097;
    const uint64_t day_of_era = shifted % 146097;
    const uint64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const uint64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const uint64_t month_from_march = (5 * day_of_year + 2) / 153;
    *ret_day = (unsigned)(day_of_year - (153 * month_from_march + 2) / 5 + 1);
    *ret_month = (unsigned)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
    *ret_year = era * 400 + year_of_era + (*ret_month <= 2 ? 1 : 0);
}

void
occ_text_put_time(struct occ_buf *buf, double time_ms)
{
    if (!(time_ms >= 0 && time_ms <= 9007199254740992.0)) {
        occ_buf_put_str(buf, "not a time");
        return;
    }
    const uint64_t total = (uint64_t)time_ms;
    const unsigned of_day = (unsigned)(total % 86400000);
    uint64_t year = 0;
    unsigned month = 0;
    unsigned day = 0;
    date_of(total / 86400000, &year, &month, &day);
    occ_buf_put_format(buf, "%s%04llu-%02u-%02uT%02u:%02u:%02u.%03uZ", year > 9999 ? "+" : "", (unsigned long long)year,
                       month, day, of_day / 3600000, of_day / 60000 % 60, of_day / 1000 % 60, of_day % 1000);
}

void
occ_text_put_size(struct occ_buf *buf, uint64_t bytes)
{
    static const char *const units[] = { "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
    if (bytes < 1024) {
        occ_buf_put_format(buf, "%u B", (unsigned)bytes);
        return;
    }
    size_t unit = 0;
    unsigned shift = 10;
    while (bytes >> shift >= 1024) {
        shift += 10;
        unit++;
    }
    const uint64_t whole = bytes >> shift;
    const uint64_t tenth = ((bytes >> (shift - 10)) & 1023) * 10 / 1024;
    occ_buf_put_format(buf, "%llu.%llu %s", (unsigned long long)whole, (unsigned long long)tenth, units[unit]);
}

void
occ_text_put_count(struct occ_buf *buf, uint64_t count)
{
    if (count < 1000) {
        occ_buf_put_u64(buf, count);
        return;
    }
    occ_text_put_count(buf, count / 1000);
    occ_buf_put_format(buf, ",%03u", (unsigned)(count % 1000));
}
