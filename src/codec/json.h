/*
 * json.h — strict JSON in (PROTOCOL §1, RFC 8259).
 *
 * One tree of values, read-only once parsed. Refused, never repaired: a zero byte, a byte order mark, invalid UTF-8, lone
 * surrogates, duplicate names at any level, nesting beyond the given depth, a number that overflows, an integer literal
 * whose double prints as another integer, a name that contains U+0000 (a C reader would see a shorter name), more
 * values than OCC_LIMIT_JSON_VALUES allows a text of its length, and anything after the value. jansson does the reading; nobody else includes it.
 */
#ifndef OCC_CODEC_JSON_H
#define OCC_CODEC_JSON_H

#include "base/bytes.h"
#include "base/result.h"

/* A value in a tree. Opaque; borrowed from the tree's root, which occ_json_free releases. */
struct occ_json;

enum occ_json_type {
    OCC_JSON_NULL,
    OCC_JSON_FALSE,
    OCC_JSON_TRUE,
    OCC_JSON_NUMBER,
    OCC_JSON_STRING,
    OCC_JSON_ARRAY,
    OCC_JSON_OBJECT
};

/*
 * Reads text, one value of any type with optional white space around it. max_depth counts nested arrays and objects ("[]"
 * has depth 1). On failure the sentence in *err (may be NULL) says what and where (line, column or byte offset).
 * Codes: OCC_ERR_JSON_…, OCC_ERR_UTF8, OCC_ERR_LIMIT (too many values) and OCC_ERR_NOMEM (but see occ_json_watch_memory).
 * *ret_root is the caller's, to release with occ_json_free.
 */
OCC_RESULT occ_json_parse(struct occ_bytes text, unsigned max_depth, struct occ_error *err, struct occ_json **ret_root);
/* Releases a root and all below it; NULL is allowed. */
void occ_json_free(struct occ_json *root);
/* For __attribute__((cleanup(occ_json_cleanup))). */
void occ_json_cleanup(struct occ_json **root);
/* One-time set-up that the reader needs before a process gives up opening files (hash seed). Idempotent. */
void occ_json_init(void);
/*
 * Memory for one tree after the other, for a thread that reads many texts: an allocation is a step forward in it, and all are
 * given back at once. It does so in programs that called occ_json_watch_memory; elsewhere it is as occ_json_parse. A tree
 * that does not fit is taken, too, from the heap in part.
 */
struct occ_json_room;
OCC_RESULT occ_json_room_new(struct occ_json_room **ret_room); /* OCC_ERR_NOMEM */
void occ_json_room_free(struct occ_json_room *room);           /* NULL is allowed. Its tree goes, too */
/* As occ_json_parse; but *ret_root is the room's, and there until the next call with that room. Never to be freed otherwise. */
OCC_RESULT occ_json_room_parse(struct occ_json_room *room, struct occ_bytes text, unsigned max_depth,
                               struct occ_error *err, const struct occ_json **ret_root);

/*
 * For programs, at their start: replaces jansson's allocator, for the whole process, by one that notices each failure, so
 * that running out of memory is always OCC_ERR_NOMEM. A library must not do that to its host; there the same failure can
 * read as malformed text or a field that is too short, never as a proof that is valid.
 */
void occ_json_watch_memory(void);

enum occ_json_type occ_json_type(const struct occ_json *value);
/* "null", "a boolean", "a number", "a string", "an array", "an object": for messages. */
const char *occ_json_type_name(const struct occ_json *value);
bool occ_json_is(const struct occ_json *value, enum occ_json_type type);

/* The bytes of a string value (UTF-8, may contain 0x00); the empty view for another type. Valid as long as the tree. */
struct occ_bytes occ_json_string(const struct occ_json *value);
/* The number; 0 for another type. */
double occ_json_number(const struct occ_json *value);

/* Array elements; NULL past the end or for another type. */
size_t occ_json_length(const struct occ_json *value); /* elements of an array, members of an object, else 0 */
const struct occ_json *occ_json_at(const struct occ_json *array, size_t index);

/* The member of that name, or NULL. */
const struct occ_json *occ_json_get(const struct occ_json *object, const char *name);

/* Members in the order they were written: struct occ_json_iter it = {0}; while (occ_json_next(object, &it)) … it.name, it.value */
struct occ_json_iter {
    void *position;
    struct occ_bytes name;
    const struct occ_json *value;
};
bool occ_json_next(const struct occ_json *object, struct occ_json_iter *iter);

#endif
