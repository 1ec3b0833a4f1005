/*
 * text.h — text for people: safe on a terminal, times, sizes. Depends on no locale.
 */
#ifndef OCC_CLI_TEXT_H
#define OCC_CLI_TEXT_H

#include "base/buf.h"

/*
 * Appends text that came from outside so that it cannot act on a terminal or hide: control characters, and the invisible
 * characters that turn, join or hide others, become \uXXXX (a pair of them beyond U+FFFF, as in JSON), and bytes that are
 * not UTF-8 become \xXX.
 */
void occ_text_put_safe(struct occ_buf *buf, struct occ_bytes text);
/* Appends a file's name as a JSON string; bytes that are not UTF-8, which JSON cannot hold, become U+FFFD. */
void occ_text_put_json_name(struct occ_buf *buf, const char *name);
/* The same for bytes that should be text. */
void occ_text_put_json_bytes(struct occ_buf *buf, struct occ_bytes text);
/* As occ_text_put_safe, at most max bytes of text, then "… (N bytes)". */
void occ_text_put_safe_cut(struct occ_buf *buf, struct occ_bytes text, size_t max);
/*
 * Unix milliseconds as "2025-03-09T04:33:12.841Z"; beyond that form "after the year 9999", below zero or NaN "not a time".
 */
void occ_text_put_time(struct occ_buf *buf, double time_ms);
/* "0 B", "999 B", "1.0 KiB", "4.0 GiB": one decimal, rounded down. */
void occ_text_put_size(struct occ_buf *buf, uint64_t bytes);
/* "4,523" */
void occ_text_put_count(struct occ_buf *buf, uint64_t count);

#endif
