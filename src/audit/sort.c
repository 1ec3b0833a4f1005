/* sort.c — see sort.h. Sorted runs in one temporary file; too many of them are merged into fewer in another. */
#include "audit/sort.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/limits.h"
#include "os/scratch.h"

enum { LENGTH_LEN = 2, READ_LEN = 32 << 10, WRITE_LEN = 256 << 10, FIRST_RUNS = 64 };
_Static_assert(OCC_LIMIT_AUDIT_ITEM_LEN <= UINT16_MAX, "two bytes hold the length of an item");
_Static_assert(READ_LEN >= LENGTH_LEN + OCC_LIMIT_AUDIT_ITEM_LEN, "an item fits into a cursor's buffer");

struct run {
    uint64_t offset, len; /* in the file */
};

struct runs {
    struct occ_scratch file;
    struct run *list;
    size_t count, cap;
};

/* Reads one run. item is its smallest that was not taken. */
struct cursor {
    uint64_t offset, left; /* what of the run is not in the buffer yet */
    uint8_t *buffer;       /* READ_LEN bytes */
    size_t at, end;
    struct occ_bytes item;
};

/* Collects what is written to a file. */
struct writer {
    struct occ_scratch *file;
    struct occ_buf *text; /* at most WRITE_LEN bytes */
};

/*
 * Items are in arena (length, bytes), their addresses in items. When it is full they are sorted and written as a run. After
 * finishing: no runs = they come from items, else heap has a cursor for each run, the smallest item's first.
 */
struct occ_sort {
    const char *folder;
    uint8_t *arena;
    size_t memory, used;
    const uint8_t **items;
    size_t count, cap, next;
    struct runs runs;
    struct occ_error failed; /* the first failure to spill */
    uint64_t spilled;
    struct cursor *cursors; /* OCC_LIMIT_AUDIT_MERGE */
    uint8_t *buffers;
    struct cursor **heap;
    size_t heap_len;
    bool merging, take_first;
};

struct occ_result
occ_sort_new(size_t memory, const char *folder, struct occ_sort **ret_sort)
{
    OCC_ENSURE(memory >= OCC_LIMIT_AUDIT_ITEM_LEN + LENGTH_LEN, OCC_ERR_USAGE);
    struct occ_sort *sort = calloc(1, sizeof *sort);
    OCC_ENSURE(sort != NULL, OCC_ERR_NOMEM);
    *sort = (struct occ_sort){ .folder = folder, .memory = memory, .runs.file = OCC_SCRATCH_INIT };
    sort->arena = malloc(memory);
    if (sort->arena == NULL) {
        free(sort);
        return occ_result_of(OCC_ERR_NOMEM);
    }
    *ret_sort = sort;
    return occ_success();
}

static void
clear_runs(struct runs *runs)
{
    occ_scratch_close(&runs->file);
    free(runs->list);
    *runs = (struct runs){ .file = OCC_SCRATCH_INIT };
}

void
occ_sort_free(struct occ_sort *sort)
{
    if (sort == NULL) {
        return;
    }
    clear_runs(&sort->runs);
    free(sort->arena);
    free((void *)sort->items);
    free(sort->cursors);
    free(sort->buffers);
    free((void *)sort->heap);
    free(sort);
}

uint64_t
occ_sort_spilled(const struct occ_sort *sort)
{
    return sort->spilled;
}

static struct occ_bytes
item_at(const uint8_t *address)
{
    return occ_bytes_of(address + LENGTH_LEN, (size_t)(address[0] << 8 | address[1]));
}

/* ---- what is in memory ---- */

static int
compare_items(const void *a, const void *b)
{
    return occ_bytes_compare(item_at(*(const uint8_t *const *)a), item_at(*(const uint8_t *const *)b));
}

static bool
is_sorted(const struct occ_sort *sort)
{
    for (size_t i = 1; i < sort->count; i++) {
        if (compare_items(&sort->items[i - 1], &sort->items[i]) > 0) {
            return false;
        }
    }
    return true;
}

static void
sort_items(struct occ_sort *sort)
{
    if (!is_sorted(sort)) { /* an audit's records often come in order */
        qsort((void *)sort->items, sort->count, sizeof sort->items[0], compare_items);
    }
}

static OCC_RESULT
grow(void **list, size_t *cap, size_t size, size_t first)
{
    const size_t more = *cap == 0 ? first : 2 * *cap;
    void *grown = reallocarray(*list, more, size);
    OCC_ENSURE(grown != NULL, OCC_ERR_NOMEM);
    *list = grown;
    *cap = more;
    return occ_success();
}

/* ---- writing runs ---- */

static OCC_RESULT
flush(const struct writer *writer, struct occ_error *err)
{
    const struct occ_result put = occ_buf_check(writer->text);
    if (!occ_is_ok(put)) {
        return occ_error_code(err, put.code);
    }
    OCC_TRY(occ_scratch_append(writer->file, occ_buf_view(writer->text), err));
    occ_buf_reset(writer->text);
    return occ_success();
}

static OCC_RESULT
write_item(const struct writer *writer, struct occ_bytes item, struct occ_error *err)
{
    if (writer->text->len + LENGTH_LEN + item.len > WRITE_LEN) {
        OCC_TRY(flush(writer, err));
    }
    occ_buf_put_be16(writer->text, (uint16_t)item.len);
    occ_buf_put(writer->text, item);
    return occ_success();
}

/* Notes that what was written since offset is a run. */
static OCC_RESULT
add_run(struct runs *runs, uint64_t offset)
{
    if (runs->count == runs->cap) {
        void *list = runs->list;
        OCC_TRY(grow(&list, &runs->cap, sizeof runs->list[0], FIRST_RUNS));
        runs->list = list;
    }
    runs->list[runs->count] = (struct run){ offset, runs->file.len - offset };
    runs->count++;
    return occ_success();
}

static OCC_RESULT
write_items(struct occ_sort *sort, struct occ_error *err)
{
    OCC_BUF_AUTO(text, WRITE_LEN);
    if (sort->runs.file.fd < 0) {
        OCC_TRY(occ_scratch_open(&sort->runs.file, sort->folder, err));
    }
    const struct writer writer = { &sort->runs.file, &text };
    const uint64_t offset = sort->runs.file.len;
    for (size_t i = 0; i < sort->count; i++) {
        OCC_TRY(write_item(&writer, item_at(sort->items[i]), err));
    }
    OCC_TRY(flush(&writer, err));
    sort->spilled += sort->runs.file.len - offset;
    return add_run(&sort->runs, offset);
}

/* Empties the memory. A failure is kept for occ_sort_finish, and the space given back. */
static void
spill(struct occ_sort *sort)
{
    sort_items(sort);
    const struct occ_result written = write_items(sort, &sort->failed);
    if (!occ_is_ok(written)) {
        if (sort->failed.code == OCC_OK) {
            (void)occ_error_code(&sort->failed, written.code);
        }
        clear_runs(&sort->runs);
    }
    sort->count = 0;
    sort->used = 0;
}

struct occ_result
occ_sort_put(struct occ_sort *sort, struct occ_bytes item)
{
    OCC_ENSURE(item.len > 0 && item.len <= OCC_LIMIT_AUDIT_ITEM_LEN && !sort->merging, OCC_ERR_USAGE);
    if (sort->failed.code != OCC_OK) {
        return occ_success();
    }
    if (sort->used + LENGTH_LEN + item.len > sort->memory) {
        spill(sort);
    }
    if (sort->count == sort->cap) {
        void *items = (void *)sort->items;
        const struct occ_result grown = grow(&items, &sort->cap, sizeof sort->items[0], 1024);
        if (!occ_is_ok(grown)) {
            return occ_error_code(&sort->failed, grown.code);
        }
        sort->items = items;
    }
    uint8_t *to = sort->arena + sort->used;
    to[0] = (uint8_t)(item.len >> 8);
    to[1] = (uint8_t)item.len;
    memcpy(to + LENGTH_LEN, item.ptr, item.len);
    sort->items[sort->count] = to;
    sort->count++;
    sort->used += LENGTH_LEN + item.len;
    return occ_success();
}

/* ---- reading runs ---- */

/* Goes to the run's next item; *ret_more false = it has no more. */
static OCC_RESULT
advance(const struct occ_scratch *file, struct cursor *cursor, struct occ_error *err, bool *ret_more)
{
    const size_t rest = cursor->end - cursor->at;
    if (cursor->left > 0 && rest < LENGTH_LEN + OCC_LIMIT_AUDIT_ITEM_LEN) {
        memmove(cursor->buffer, cursor->buffer + cursor->at, rest);
        const size_t room = READ_LEN - rest;
        const size_t len = cursor->left < room ? (size_t)cursor->left : room;
        OCC_TRY(occ_scratch_read(file, cursor->offset, len, err, cursor->buffer + rest));
        cursor->offset += len;
        cursor->left -= len;
        cursor->at = 0;
        cursor->end = rest + len;
    }
    *ret_more = cursor->at < cursor->end;
    if (!*ret_more) {
        return occ_success();
    }
    OCC_ENSURE(cursor->end - cursor->at >= LENGTH_LEN, OCC_ERR_INTERNAL);
    cursor->item = item_at(cursor->buffer + cursor->at);
    OCC_ENSURE(cursor->item.len <= cursor->end - cursor->at - LENGTH_LEN, OCC_ERR_INTERNAL);
    cursor->at += LENGTH_LEN + cursor->item.len;
    return occ_success();
}

/* Lets the cursor at that place of the heap sink to where it belongs. */
static void
sink(struct occ_sort *sort, size_t place)
{
    for (;;) {
        size_t least = place;
        for (size_t child = 2 * place + 1; child <= 2 * place + 2 && child < sort->heap_len; child++) {
            if (occ_bytes_compare(sort->heap[child]->item, sort->heap[least]->item) < 0) {
                least = child;
            }
        }
        if (least == place) {
            return;
        }
        struct cursor *moved = sort->heap[place];
        sort->heap[place] = sort->heap[least];
        sort->heap[least] = moved;
        place = least;
    }
}

/* Makes the heap of count runs from first on. */
static OCC_RESULT
begin_merge(struct occ_sort *sort, size_t first, size_t count, struct occ_error *err)
{
    sort->heap_len = 0;
    sort->take_first = false;
    for (size_t i = 0; i < count; i++) {
        struct cursor *cursor = &sort->cursors[i];
        const struct run *run = &sort->runs.list[first + i];
        *cursor = (struct cursor){ .offset = run->offset, .left = run->len, .buffer = sort->buffers + i * READ_LEN };
        bool more = false;
        OCC_TRY(advance(&sort->runs.file, cursor, err, &more));
        if (more) {
            sort->heap[sort->heap_len] = cursor;
            sort->heap_len++;
        }
    }
    for (size_t i = sort->heap_len / 2; i > 0; i--) {
        sink(sort, i - 1);
    }
    return occ_success();
}

/* The smallest item of the heap. It stays where it is until the next call. */
static OCC_RESULT
take_least(struct occ_sort *sort, struct occ_error *err, struct occ_bytes *ret_item, bool *ret_more)
{
    if (sort->take_first && sort->heap_len > 0) {
        bool more = false;
        OCC_TRY(advance(&sort->runs.file, sort->heap[0], err, &more));
        if (!more) {
            sort->heap_len--;
            sort->heap[0] = sort->heap[sort->heap_len];
        }
        sink(sort, 0);
    }
    sort->take_first = true;
    *ret_more = sort->heap_len > 0;
    if (*ret_more) {
        *ret_item = sort->heap[0]->item;
    }
    return occ_success();
}

/* Merges count runs from first on into one run of to. */
static OCC_RESULT
merge_group(struct occ_sort *sort, size_t first, size_t count, struct runs *to, struct occ_buf *text,
            struct occ_error *err)
{
    const struct writer writer = { &to->file, text };
    const uint64_t offset = to->file.len;
    OCC_TRY(begin_merge(sort, first, count, err));
    for (;;) {
        struct occ_bytes item;
        bool more = false;
        OCC_TRY(take_least(sort, err, &item, &more));
        if (!more) {
            break;
        }
        OCC_TRY(write_item(&writer, item, err));
    }
    OCC_TRY(flush(&writer, err));
    sort->spilled += to->file.len - offset;
    return add_run(to, offset);
}

/* One pass: fewer and longer runs, in a new file. */
static OCC_RESULT
merge_pass(struct occ_sort *sort, struct occ_error *err)
{
    OCC_BUF_AUTO(text, WRITE_LEN);
    __attribute__((cleanup(clear_runs))) struct runs to = { .file = OCC_SCRATCH_INIT };
    OCC_TRY(occ_scratch_open(&to.file, sort->folder, err));
    for (size_t first = 0; first < sort->runs.count; first += OCC_LIMIT_AUDIT_MERGE) {
        const size_t left = sort->runs.count - first;
        const size_t count = left < OCC_LIMIT_AUDIT_MERGE ? left : OCC_LIMIT_AUDIT_MERGE;
        OCC_TRY(merge_group(sort, first, count, &to, &text, err));
    }
    const struct runs old = sort->runs;
    sort->runs = to;
    to = old;
    return occ_success();
}

static OCC_RESULT
begin_reading(struct occ_sort *sort, struct occ_error *err)
{
    free(sort->arena);
    sort->arena = NULL;
    sort->cursors = calloc(OCC_LIMIT_AUDIT_MERGE, sizeof sort->cursors[0]);
    sort->heap = calloc(OCC_LIMIT_AUDIT_MERGE, sizeof sort->heap[0]);
    sort->buffers = malloc((size_t)OCC_LIMIT_AUDIT_MERGE * READ_LEN);
    if (sort->cursors == NULL || sort->heap == NULL || sort->buffers == NULL) {
        return occ_error_code(err, OCC_ERR_NOMEM);
    }
    while (sort->runs.count > OCC_LIMIT_AUDIT_MERGE) {
        OCC_TRY(merge_pass(sort, err));
    }
    return begin_merge(sort, 0, sort->runs.count, err);
}

struct occ_result
occ_sort_check(const struct occ_sort *sort, struct occ_error *err)
{
    if (sort->failed.code != OCC_OK && err != NULL) {
        *err = sort->failed;
    }
    return occ_result_of(sort->failed.code);
}

struct occ_result
occ_sort_finish(struct occ_sort *sort, struct occ_error *err)
{
    OCC_ENSURE(!sort->merging, OCC_ERR_USAGE);
    if (sort->runs.count > 0) {
        spill(sort);
    } else {
        sort_items(sort);
    }
    OCC_TRY(occ_sort_check(sort, err));
    sort->merging = true;
    return sort->runs.count > 0 ? begin_reading(sort, err) : occ_success();
}

struct occ_result
occ_sort_next(struct occ_sort *sort, struct occ_error *err, struct occ_bytes *ret_item, bool *ret_more)
{
    OCC_ENSURE(sort->merging, OCC_ERR_USAGE);
    if (sort->runs.count > 0) {
        return take_least(sort, err, ret_item, ret_more);
    }
    *ret_more = sort->next < sort->count;
    if (*ret_more) {
        *ret_item = item_at(sort->items[sort->next]);
        sort->next++;
    }
    return occ_success();
}
