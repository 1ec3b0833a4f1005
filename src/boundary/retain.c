/* retain.c — the queue of unacknowledged results. */
#include "boundary/retain.h"

#include <stdlib.h>

enum { LONG_LEN = 64 << 10 /* a further call to send it costs less than its copy */ };

struct occ_retain_entry {
    struct occ_retain_entry *next;
    struct occ_retain *retain; /* whose it is */
    size_t refs;               /* who needs it: the queue, and who else says so */
    uint64_t position;
    size_t cap;     /* bytes of result reserved: what counts against the store's limit */
    size_t len;     /* bytes of the result, <= cap */
    size_t awaited; /* bytes reserved for documents that are still to come */
    uint16_t document_cap, document_count, first;
    struct occ_document *documents[]; /* document_cap; the result lies behind them */
};

static uint8_t *
result_of(const struct occ_retain_entry *entry)
{
    return (uint8_t *)(uintptr_t)(entry->documents + entry->document_cap);
}

/* The book-keeping counts too, or many small results would grow past the limit unseen. */
static size_t
size_of(size_t cap, size_t document_cap)
{
    return sizeof(struct occ_retain_entry) + document_cap * sizeof(struct occ_document *) + cap;
}

/* Takes the entry out of the reckoning and frees it. */
static void
free_entry(struct occ_retain *retain, struct occ_retain_entry *entry)
{
    for (size_t i = 0; i < entry->document_count; i++) {
        struct occ_document *const document = entry->documents[i];
        document->retained--;
        retain->len -= document->retained == 0 ? occ_document_size(document->len) : 0;
        occ_document_unref(document);
    }
    retain->len -= size_of(entry->cap, entry->document_cap) + entry->awaited;
    free(entry);
}

struct occ_retain_entry *
occ_retain_ref(struct occ_retain_entry *entry)
{
    entry->refs++;
    return entry;
}

void
occ_retain_unref(struct occ_retain_entry *entry)
{
    if (--entry->refs == 0) {
        free_entry(entry->retain, entry);
    }
}

static void
remove_first(struct occ_retain *retain)
{
    struct occ_retain_entry *const entry = retain->first;
    retain->first = entry->next;
    if (retain->first == NULL) {
        retain->last = NULL;
    }
    occ_retain_unref(entry);
}

void
occ_retain_clear(struct occ_retain *retain)
{
    while (retain->first != NULL) {
        remove_first(retain);
    }
}

struct occ_result
occ_retain_reserve(struct occ_retain *retain, const struct occ_retain_room *room, struct occ_retain_entry **ret_entry)
{
    OCC_ENSURE(room->result_len <= retain->len_max && room->documents_len <= retain->len_max, OCC_ERR_LIMIT);
    const size_t size = size_of(room->result_len, room->document_count);
    OCC_ENSURE(size + room->documents_len <= retain->len_max, OCC_ERR_LIMIT);
    OCC_ENSURE(size + room->documents_len <= retain->len_max - retain->len, OCC_ERR_BUSY);
    struct occ_retain_entry *const entry = malloc(size);
    OCC_ENSURE(entry != NULL, OCC_ERR_NOMEM);
    *entry = (struct occ_retain_entry){ .retain = retain,
                                        .refs = 1,
                                        .cap = room->result_len,
                                        .document_cap = room->document_count,
                                        .awaited = room->documents_len };
    retain->len += size + room->documents_len;
    *ret_entry = entry;
    return occ_success();
}

void
occ_retain_drop(struct occ_retain *retain, struct occ_retain_entry *entry)
{
    free_entry(retain, entry);
}

struct occ_buf
occ_retain_draft(const struct occ_retain_entry *entry)
{
    return (struct occ_buf){ .ptr = result_of(entry), .cap = entry->cap, .limit = entry->cap };
}

bool
occ_retain_is_long(size_t result_len)
{
    return result_len >= LONG_LEN;
}

void
occ_retain_hand_over(struct occ_retain_entry *from, struct occ_retain_entry *to)
{
    to->awaited += from->awaited;
    from->awaited = 0;
}

static void
keep_documents(struct occ_retain *retain, struct occ_retain_entry *entry, const struct occ_retain_documents *documents)
{
    for (uint16_t i = 0; i < documents->count; i++) {
        struct occ_document *const document = occ_document_ref(documents->list[i]);
        retain->len += document->retained == 0 ? occ_document_size(document->len) : 0;
        document->retained++;
        entry->documents[i] = document;
    }
    entry->document_count = documents->count;
    entry->first = documents->first;
}

void
occ_retain_keep(struct occ_retain *retain, struct occ_retain_entry *entry, struct occ_bytes result,
                const struct occ_retain_documents *documents)
{
    if (result.len > entry->cap || (documents != NULL && documents->count > entry->document_cap)) {
        abort(); /* the room was reserved wrongly: better no boundary than a result that is not kept */
    }
    if (result.ptr != result_of(entry)) {
        memcpy(result_of(entry), result.ptr, result.len);
    }
    entry->len = result.len;
    retain->len -= entry->awaited;
    entry->awaited = 0;
    if (documents != NULL) {
        keep_documents(retain, entry, documents);
    }
    entry->position = ++retain->newest;
    if (retain->last == NULL) {
        retain->first = entry;
    } else {
        retain->last->next = entry;
    }
    retain->last = entry;
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

struct occ_retain_entry *
occ_retain_next(const struct occ_retain *retain, const struct occ_retain_entry *entry)
{
    return entry == NULL ? retain->first : entry->next;
}

struct occ_bytes
occ_retain_result(const struct occ_retain_entry *entry)
{
    return occ_bytes_of(result_of(entry), entry->len);
}

struct occ_retain_documents
occ_retain_documents(const struct occ_retain_entry *entry)
{
    return (struct occ_retain_documents){ entry->documents, entry->document_count, entry->first };
}
