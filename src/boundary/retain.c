/* retain.c — the queue of unacknowledged results. */
#include "boundary/retain.h"

#include <stdlib.h>

struct occ_retain_entry {
    struct occ_retain_entry *next;
    uint64_t position;
    size_t cap; /* bytes reserved: what counts against the store's limit */
    size_t len; /* bytes of the result, <= cap */
    uint8_t result[];
};

/* The book-keeping counts too, or many small results would grow past the limit unseen. */
static size_t
size_of(size_t cap)
{
    return sizeof(struct occ_retain_entry) + cap;
}

static void
remove_first(struct occ_retain *retain)
{
    struct occ_retain_entry *const entry = retain->first;
    retain->first = entry->next;
    if (retain->first == NULL) {
        retain->last = NULL;
    }
    retain->len -= size_of(entry->cap);
    free(entry);
}

void
occ_retain_clear(struct occ_retain *retain)
{
    while (retain->first != NULL) {
        remove_first(retain);
    }
}

struct occ_result
occ_retain_reserve(const struct occ_retain *retain, size_t result_len, struct occ_retain_entry **ret_entry)
{
    OCC_ENSURE(size_of(0) <= retain->len_max && result_len <= retain->len_max - size_of(0), OCC_ERR_LIMIT);
    OCC_ENSURE(size_of(result_len) <= retain->len_max - retain->len, OCC_ERR_BUSY);
    struct occ_retain_entry *const entry = malloc(size_of(result_len));
    OCC_ENSURE(entry != NULL, OCC_ERR_NOMEM);
    *entry = (struct occ_retain_entry){ .cap = result_len };
    *ret_entry = entry;
    return occ_success();
}

void
occ_retain_keep(struct occ_retain *retain, struct occ_retain_entry *entry, struct occ_bytes result)
{
    if (result.len > entry->cap) {
        abort(); /* the room was reserved wrongly: better no boundary than a result that is not kept */
    }
    memcpy(entry->result, result.ptr, result.len);
    entry->len = result.len;
    entry->position = ++retain->newest;
    if (retain->last == NULL) {
        retain->first = entry;
    } else {
        retain->last->next = entry;
    }
    retain->last = entry;
    retain->len += size_of(entry->cap);
}

void
occ_retain_drop(struct occ_retain_entry *entry)
{
    free(entry);
}

struct occ_result
occ_retain_acknowledge(struct occ_retain *retain, uint64_t position)
{
    OCC_ENSURE(position >= retain->durable && position <= retain->newest, OCC_ERR_WIRE_MESSAGE);
    while (retain->first != NULL && retain->first->position <= position) {
        remove_first(retain);
    }
    retain->durable = position;
    return occ_success();
}

const struct occ_retain_entry *
occ_retain_next(const struct occ_retain *retain, const struct occ_retain_entry *entry)
{
    return entry == NULL ? retain->first : entry->next;
}

struct occ_bytes
occ_retain_result(const struct occ_retain_entry *entry)
{
    return occ_bytes_of(entry->result, entry->len);
}
