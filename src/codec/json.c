/* json.c — the JSON reader: the rules of scan.c, then jansson, and views into jansson's tree. */
#include "codec/json.h"

#include <jansson.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/c_locale.h"
#include "codec/scan.h"

/* A struct occ_json * is a json_t *; jansson's readers take no const. */
static json_t *
node_of(const struct occ_json *value)
{
    return (json_t *)(uintptr_t)value;
}

static const struct occ_json *
value_of(const json_t *node)
{
    return (const struct occ_json *)node;
}

void
occ_json_init(void)
{
    /* jansson keeps the first seed it is given, and would open /dev/urandom for one of its own. */
    size_t seed = 0;
    if (getentropy(&seed, sizeof seed) != 0) {
        seed = 0;
    }
    json_object_seed(seed);
}

/*
 * jansson forgets some failed allocations: a string then comes back shortened, or the text is called malformed. This notes
 * them, per thread, so that a tree that may lack something is never handed out.
 */
static _Thread_local bool memory_failed;

enum { ROOM_LEN = 64 << 10 };

/* memory[0 … used) is given away. Invariant: root, and all below it, lies in memory, but for what overflowed to the heap. */
struct occ_json_room {
    json_t *root; /* or NULL */
    size_t used;
    bool overflowed;
    _Alignas(max_align_t) uint8_t memory[ROOM_LEN];
};

/* The room that jansson's allocations of this thread are for: set only while it builds or frees that room's tree. */
static _Thread_local struct occ_json_room *current_room;

/* From the current room; NULL if there is none, or too little in it. */
static void *
room_malloc(size_t len)
{
    struct occ_json_room *room = current_room;
    if (room == NULL || len > ROOM_LEN - room->used) {
        return NULL;
    }
    void *memory = room->memory + room->used;
    const size_t align = _Alignof(max_align_t);
    const size_t end = (room->used + len + align - 1) / align * align;
    room->used = end < ROOM_LEN ? end : ROOM_LEN;
    return memory;
}

static void *
watched_malloc(size_t len)
{
    void *memory = room_malloc(len);
    if (memory != NULL) {
        return memory;
    }
    if (current_room != NULL) {
        current_room->overflowed = true;
    }
    memory = malloc(len);
    memory_failed = memory_failed || (memory == NULL && len > 0);
    return memory;
}

static void
watched_free(void *memory)
{
    const struct occ_json_room *room = current_room;
    const uintptr_t at = (uintptr_t)memory;
    if (room != NULL && at >= (uintptr_t)room->memory && at < (uintptr_t)room->memory + ROOM_LEN) {
        return; /* goes with all the others */
    }
    free(memory);
}

void
occ_json_watch_memory(void)
{
    json_set_alloc_funcs(watched_malloc, watched_free);
}

/* The part of jansson's message that says near which text it stopped: " near '…'", or "". */
static const char *
near_of(const json_error_t *error)
{
    const char *near = strstr(error->text, " near ");
    return near == NULL ? "" : near;
}

/* jansson's error as one of ours. */
static struct occ_result
refuse(const json_error_t *error, struct occ_error *err)
{
    const int line = error->line;
    const int column = error->column;
    switch (json_error_code(error)) {
    case json_error_unknown: /* jansson says nothing when an allocation fails */
    case json_error_out_of_memory:
        return occ_error_code(err, OCC_ERR_NOMEM);
    case json_error_duplicate_key:
        return occ_error_set(err, OCC_ERR_JSON_DUPLICATE, "line %d, column %d: a name appears twice in one object%s",
                             line, column, near_of(error));
    case json_error_null_byte_in_key:
        return occ_error_set(err, OCC_ERR_JSON_NUL, "line %d, column %d: a name contains U+0000%s", line, column,
                             near_of(error));
    case json_error_numeric_overflow:
        return occ_error_set(err, OCC_ERR_JSON_NUMBER,
                             "line %d, column %d: a number beyond the range of IEEE doubles%s", line, column,
                             near_of(error));
    case json_error_stack_overflow:
        return occ_error_set(err, OCC_ERR_JSON_DEPTH, "line %d, column %d: JSON nested too deeply", line, column);
    case json_error_invalid_utf8:
        return occ_error_set(err, OCC_ERR_UTF8, "line %d, column %d: not valid UTF-8", line, column);
    default:
        return occ_error_set(err, OCC_ERR_JSON_SYNTAX, "not valid JSON at line %d, column %d: %s", line, column,
                             error->text);
    }
}

struct occ_result
occ_json_parse(struct occ_bytes text, unsigned max_depth, struct occ_error *err, struct occ_json **ret_root)
{
    OCC_TRY(occ_scan_check(text, max_depth, err));
    /* jansson 2.14 turns '.' into the locale's decimal point for strtod, and fails where that is not one byte. */
    struct occ_c_locale locale;
    struct occ_result entered = occ_c_locale_enter(&locale);
    if (!occ_is_ok(entered)) {
        return occ_error_code(err, entered.code);
    }
    json_error_t error = { .line = 0 };
    memory_failed = false;
    json_t *root =
        json_loadb((const char *)text.ptr, text.len,
                   JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL, &error);
    occ_c_locale_leave(&locale);
    if (memory_failed) {
        json_decref(root);
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    if (root == NULL) {
        return refuse(&error, err);
    }
    *ret_root = (struct occ_json *)root;
    return occ_success();
}

/* Gives all of it back. */
static void
room_empty(struct occ_json_room *room)
{
    json_malloc_t allocate = NULL;
    json_get_alloc_funcs(&allocate, NULL);
    if (room->overflowed || allocate != watched_malloc) { /* else there is nothing on the heap */
        current_room = room;
        json_decref(room->root);
        current_room = NULL;
    }
    room->root = NULL;
    room->used = 0;
    room->overflowed = false;
}

struct occ_result
occ_json_room_new(struct occ_json_room **ret_room)
{
    struct occ_json_room *room = malloc(sizeof *room);
    OCC_ENSURE(room != NULL, OCC_ERR_NOMEM);
    room->root = NULL;
    room->used = 0;
    room->overflowed = false;
    *ret_room = room;
    return occ_success();
}

void
occ_json_room_free(struct occ_json_room *room)
{
    if (room != NULL) {
        room_empty(room);
        free(room);
    }
}

struct occ_result
occ_json_room_parse(struct occ_json_room *room, struct occ_bytes text, unsigned max_depth, struct occ_error *err,
                    const struct occ_json **ret_root)
{
    room_empty(room);
    struct occ_json *root = NULL;
    current_room = room;
    const struct occ_result result = occ_json_parse(text, max_depth, err, &root);
    current_room = NULL;
    OCC_TRY(result);
    room->root = node_of(root);
    *ret_root = root;
    return result;
}

void
occ_json_free(struct occ_json *root)
{
    json_decref(node_of(root));
}

void
occ_json_cleanup(struct occ_json **root)
{
    occ_json_free(*root);
    *root = NULL;
}

enum occ_json_type
occ_json_type(const struct occ_json *value)
{
    switch (json_typeof(node_of(value))) {
    case JSON_OBJECT:
        return OCC_JSON_OBJECT;
    case JSON_ARRAY:
        return OCC_JSON_ARRAY;
    case JSON_STRING:
        return OCC_JSON_STRING;
    case JSON_INTEGER: /* never read, by JSON_DECODE_INT_AS_REAL */
    case JSON_REAL:
        return OCC_JSON_NUMBER;
    case JSON_TRUE:
        return OCC_JSON_TRUE;
    case JSON_FALSE:
        return OCC_JSON_FALSE;
    case JSON_NULL:
        break;
    }
    return OCC_JSON_NULL;
}

const char *
occ_json_type_name(const struct occ_json *value)
{
    switch (occ_json_type(value)) {
    case OCC_JSON_NULL:
        return "null";
    case OCC_JSON_FALSE:
    case OCC_JSON_TRUE:
        return "a boolean";
    case OCC_JSON_NUMBER:
        return "a number";
    case OCC_JSON_STRING:
        return "a string";
    case OCC_JSON_ARRAY:
        return "an array";
    case OCC_JSON_OBJECT:
        break;
    }
    return "an object";
}

bool
occ_json_is(const struct occ_json *value, enum occ_json_type type)
{
    return occ_json_type(value) == type;
}

struct occ_bytes
occ_json_string(const struct occ_json *value)
{
    /* jansson gives NULL and 0 for another type. */
    const json_t *node = node_of(value);
    return occ_bytes_of(json_string_value(node), json_string_length(node));
}

double
occ_json_number(const struct occ_json *value)
{
    return json_number_value(node_of(value));
}

size_t
occ_json_length(const struct occ_json *value)
{
    const json_t *node = node_of(value);
    return json_is_object(node) ? json_object_size(node) : json_array_size(node);
}

const struct occ_json *
occ_json_at(const struct occ_json *array, size_t index)
{
    return value_of(json_array_get(node_of(array), index));
}

const struct occ_json *
occ_json_get(const struct occ_json *object, const char *name)
{
    return value_of(json_object_get(node_of(object), name));
}

bool
occ_json_next(const struct occ_json *object, struct occ_json_iter *iter)
{
    json_t *node = node_of(object);
    iter->position = iter->position == NULL ? json_object_iter(node) : json_object_iter_next(node, iter->position);
    if (iter->position == NULL) {
        return false;
    }
    iter->name = occ_bytes_of(json_object_iter_key(iter->position), json_object_iter_key_len(iter->position));
    iter->value = value_of(json_object_iter_value(iter->position));
    return true;
}
