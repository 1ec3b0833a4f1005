/* cbor.c — see cbor.h. */
#include "codec/cbor.h"

#include "codec/cbor_head.h"

/* ---- the cursor ---- */

static struct occ_bytes
rest_of(const struct occ_cbor *cbor)
{
    return occ_bytes_of(cbor->next, (size_t)(cbor->end - cbor->next));
}

struct occ_cbor
occ_cbor_of(struct occ_bytes bytes)
{
    static const uint8_t nothing[1] = { 0 };
    const uint8_t *start = bytes.ptr == NULL ? nothing : bytes.ptr;
    return (struct occ_cbor){ .start = start, .next = start, .end = start + bytes.len };
}

void
occ_cbor_refuse(struct occ_cbor *cbor, const char *why)
{
    if (cbor->why == NULL) {
        cbor->why = why;
    }
}

bool
occ_cbor_ok(const struct occ_cbor *cbor)
{
    return cbor->why == NULL;
}

size_t
occ_cbor_offset(const struct occ_cbor *cbor)
{
    return (size_t)(cbor->next - cbor->start);
}

/* The next head, without going past it; false after a refusal, this one included. */
static bool
look(struct occ_cbor *cbor, struct occ_cbor_head *ret_head)
{
    if (cbor->why != NULL) {
        return false;
    }
    if (cbor->next == cbor->end) {
        occ_cbor_refuse(cbor, "CBOR that ends where an item is expected");
        return false;
    }
    const char *why = occ_cbor_head_read(rest_of(cbor), ret_head);
    if (why != NULL) {
        occ_cbor_refuse(cbor, why);
        return false;
    }
    return true;
}

enum occ_cbor_type
occ_cbor_peek(struct occ_cbor *cbor)
{
    struct occ_cbor_head head;
    if (cbor->next == cbor->end || !look(cbor, &head)) {
        return OCC_CBOR_NONE;
    }
    return head.type;
}

static void
go_past_scalar(struct occ_cbor *cbor, const struct occ_cbor_head *head)
{
    cbor->next += head->len;
    cbor->tags = 0;
    cbor->items++;
}

/* Reads one head of a type that is no group and no tag. */
static bool
take(struct occ_cbor *cbor, enum occ_cbor_type type, const char *otherwise, struct occ_cbor_head *ret_head)
{
    if (!look(cbor, ret_head)) {
        return false;
    }
    if (ret_head->type != type) {
        occ_cbor_refuse(cbor, otherwise);
        return false;
    }
    go_past_scalar(cbor, ret_head);
    return true;
}

uint64_t
occ_cbor_uint(struct occ_cbor *cbor)
{
    struct occ_cbor_head head;
    return take(cbor, OCC_CBOR_UINT, "expected an unsigned integer", &head) ? head.argument : 0;
}

int64_t
occ_cbor_int(struct occ_cbor *cbor)
{
    struct occ_cbor_head head;
    if (!look(cbor, &head)) {
        return 0;
    }
    if (head.type != OCC_CBOR_UINT && head.type != OCC_CBOR_NEGINT) {
        occ_cbor_refuse(cbor, "expected an integer");
        return 0;
    }
    if (head.argument > INT64_MAX) {
        occ_cbor_refuse(cbor, "an integer beyond 64 bits with a sign");
        return 0;
    }
    go_past_scalar(cbor, &head);
    const int64_t argument = (int64_t)head.argument;
    return head.type == OCC_CBOR_UINT ? argument : -1 - argument;
}

struct occ_bytes
occ_cbor_bytes(struct occ_cbor *cbor)
{
    struct occ_cbor_head head;
    return take(cbor, OCC_CBOR_BYTES, "expected a byte string", &head) ? head.content : occ_bytes_of(NULL, 0);
}

struct occ_bytes
occ_cbor_text(struct occ_cbor *cbor)
{
    struct occ_cbor_head head;
    return take(cbor, OCC_CBOR_TEXT, "expected text", &head) ? head.content : occ_bytes_of(NULL, 0);
}

void
occ_cbor_null(struct occ_cbor *cbor)
{
    struct occ_cbor_head head;
    (void)take(cbor, OCC_CBOR_NULL, "expected null", &head);
}

/* Room for one more tag or group? Tags in front of a group stay counted as long as it is open. */
static bool
may_nest(struct occ_cbor *cbor)
{
    if (cbor->depth + cbor->tags >= OCC_LIMIT_CBOR_DEPTH) {
        occ_cbor_refuse(cbor, "CBOR nested too deeply");
        return false;
    }
    return true;
}

uint64_t
occ_cbor_tag(struct occ_cbor *cbor)
{
    struct occ_cbor_head head;
    if (!look(cbor, &head)) {
        return 0;
    }
    if (head.type != OCC_CBOR_TAG) {
        occ_cbor_refuse(cbor, "expected a tag");
        return 0;
    }
    if (!may_nest(cbor)) {
        return 0;
    }
    cbor->next += head.len;
    cbor->tags++;
    return head.argument;
}

/* ---- groups ---- */

/* A count that cannot be true is refused here: no later code sees it. */
static bool
check_count(struct occ_cbor *cbor, const struct occ_cbor_head *head)
{
    const size_t limit = head->type == OCC_CBOR_MAP ? OCC_LIMIT_CBOR_PAIRS : OCC_LIMIT_CBOR_ITEMS;
    if (head->argument > limit) {
        occ_cbor_refuse(cbor, "an array or map with too many members");
        return false;
    }
    const size_t least = (size_t)head->argument * (head->type == OCC_CBOR_MAP ? 2 : 1);
    if (least > rest_of(cbor).len - head->len) {
        occ_cbor_refuse(cbor, "an array or map with more members than there are bytes");
        return false;
    }
    return true;
}

static struct occ_cbor_group
open_group(struct occ_cbor *cbor, enum occ_cbor_type type, const char *otherwise)
{
    struct occ_cbor_group group = { .map = type == OCC_CBOR_MAP };
    struct occ_cbor_head head;
    if (!look(cbor, &head)) {
        return group;
    }
    if (head.type != type) {
        occ_cbor_refuse(cbor, otherwise);
        return group;
    }
    if (!may_nest(cbor) || !check_count(cbor, &head)) {
        return group;
    }
    group.indefinite = head.indefinite;
    group.left = (size_t)head.argument;
    group.outer_depth = cbor->depth;
    group.outer_items = cbor->items + 1;
    group.depth = cbor->depth + cbor->tags + 1;
    cbor->next += head.len;
    cbor->depth = group.depth;
    cbor->tags = 0;
    cbor->items = 0;
    return group;
}

struct occ_cbor_group
occ_cbor_array(struct occ_cbor *cbor)
{
    return open_group(cbor, OCC_CBOR_ARRAY, "expected an array");
}

struct occ_cbor_group
occ_cbor_map(struct occ_cbor *cbor)
{
    return open_group(cbor, OCC_CBOR_MAP, "expected a map");
}

/* Does the group end here? If so it is closed, and a break code read. */
static bool
close_if_ended(struct occ_cbor *cbor, const struct occ_cbor_group *group)
{
    if (group->indefinite) {
        if (cbor->next == cbor->end || *cbor->next != OCC_CBOR_BREAK) {
            return false;
        }
        cbor->next++;
    } else if (group->left > 0) {
        return false;
    }
    cbor->depth = group->outer_depth;
    cbor->items = group->outer_items;
    return true;
}

static bool
group_next(struct occ_cbor *cbor, struct occ_cbor_group *group)
{
    if (cbor->why != NULL) {
        return false;
    }
    if (cbor->depth != group->depth || cbor->tags > 0 || cbor->items != group->count * (group->map ? 2 : 1)) {
        occ_cbor_refuse(cbor, "an array or map that was not read member by member");
        return false;
    }
    if (close_if_ended(cbor, group)) {
        return false;
    }
    if (group->count == (group->map ? OCC_LIMIT_CBOR_PAIRS : OCC_LIMIT_CBOR_ITEMS)) { /* of indefinite length */
        occ_cbor_refuse(cbor, "an array or map with too many members");
        return false;
    }
    group->left -= group->indefinite ? 0 : 1;
    group->count++;
    return true;
}

/*
 * Refuses the name that begins here if it stood in the map before. Names that are equal have equal bytes, since all are in
 * their shortest form; and no item's bytes begin another item's, so that comparing as many as this one has is enough.
 */
static bool
check_name(struct occ_cbor *cbor, const struct occ_cbor_group *group)
{
    struct occ_cbor_head head;
    if (!look(cbor, &head)) {
        return false;
    }
    if (head.type != OCC_CBOR_UINT && head.type != OCC_CBOR_NEGINT && head.type != OCC_CBOR_TEXT &&
        head.type != OCC_CBOR_BYTES) {
        occ_cbor_refuse(cbor, "a map's name that is neither an integer nor a string");
        return false;
    }
    for (size_t i = 0; i + 1 < group->count; i++) {
        if (memcmp(group->names[i], cbor->next, head.len) == 0) {
            occ_cbor_refuse(cbor, "a name twice in one map");
            return false;
        }
    }
    return true;
}

bool
occ_cbor_array_next(struct occ_cbor *cbor, struct occ_cbor_group *group)
{
    return group_next(cbor, group);
}

bool
occ_cbor_map_next(struct occ_cbor *cbor, struct occ_cbor_group *group)
{
    if (!group_next(cbor, group)) {
        return false;
    }
    group->names[group->count - 1] = cbor->next;
    return check_name(cbor, group);
}

/* ---- over an item, and the end ---- */

/* After an item inside a group: whether another one is to be read before the group is closed. */
static bool
another_item(struct occ_cbor *cbor, struct occ_cbor_group *group)
{
    const bool value_follows = group->map && cbor->items % 2 == 1;
    return value_follows || (group->map ? occ_cbor_map_next(cbor, group) : occ_cbor_array_next(cbor, group));
}

struct occ_bytes
occ_cbor_skip(struct occ_cbor *cbor)
{
    const uint8_t *start = cbor->next;
    struct occ_cbor_group open[OCC_LIMIT_CBOR_DEPTH]; /* each is at least one deeper than the one before */
    size_t count = 0;
    struct occ_cbor_head head;
    do {
        if (!look(cbor, &head)) {
            break;
        }
        if (head.type == OCC_CBOR_TAG) {
            (void)occ_cbor_tag(cbor);
            continue;
        }
        if (head.type == OCC_CBOR_ARRAY || head.type == OCC_CBOR_MAP) {
            if (!may_nest(cbor)) { /* before open[] is written to */
                break;
            }
            open[count] = open_group(cbor, head.type, "");
            count++;
        } else {
            go_past_scalar(cbor, &head);
        }
        while (count > 0 && !another_item(cbor, &open[count - 1])) {
            count--;
        }
    } while (cbor->why == NULL && (count > 0 || cbor->tags > 0));
    return cbor->why == NULL ? occ_bytes_of(start, (size_t)(cbor->next - start)) : occ_bytes_of(NULL, 0);
}

bool
occ_cbor_done(struct occ_cbor *cbor, const char **ret_why)
{
    if (cbor->why == NULL && (cbor->depth > 0 || cbor->tags > 0)) {
        occ_cbor_refuse(cbor, "an array, map or tag that was not read to its end");
    }
    if (cbor->why == NULL && cbor->next != cbor->end) {
        occ_cbor_refuse(cbor, "bytes after the end");
    }
    if (cbor->why != NULL && ret_why != NULL) {
        *ret_why = cbor->why;
    }
    return cbor->why == NULL;
}
