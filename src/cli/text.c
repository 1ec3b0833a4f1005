#include "cli/text.h"

#include "base/calendar.h"
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
    occ_text_put_json_bytes(buf, occ_bytes_str(name));
}

void
occ_text_put_json_bytes(struct occ_buf *buf, struct occ_bytes text)
{
    if (occ_bytes_is_utf8(text)) {
        occ_canonical_put_string(buf, text);
        return;
    }
    OCC_BUF_AUTO(repaired, 3 * text.len);
    size_t at = 0;
    while (at < text.len) {
        const struct occ_bytes rest = occ_bytes_of(text.ptr + at, text.len - at);
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

void
occ_text_put_time(struct occ_buf *buf, double time_ms)
{
    if (!(time_ms >= 0)) {
        occ_buf_put_str(buf, "not a time");
        return;
    }
    if (time_ms > (double)OCC_CALENDAR_MAX_MS) {
        occ_buf_put_str(buf, "after the year 9999");
        return;
    }
    char text[OCC_CALENDAR_TEXT_SIZE];
    occ_calendar_format((uint64_t)time_ms, text);
    occ_buf_put_str(buf, text);
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
