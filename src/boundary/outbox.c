/* outbox.c — see outbox.h. */
#include "boundary/outbox.h"

enum { KEPT_LEN = 256 << 10 /* an emptied buffer larger than this is given back */ };

struct occ_outbox_stored {
    size_t at; /* it stands in front of this one of the bytes */
    struct occ_retain_entry *entry;
};

static struct occ_outbox_stored *
stored_of(const struct occ_outbox *outbox)
{
    return (struct occ_outbox_stored *)(void *)outbox->stored.ptr;
}

static size_t
stored_count(const struct occ_outbox *outbox)
{
    return outbox->stored.len / sizeof(struct occ_outbox_stored);
}

static size_t
len_of(const struct occ_outbox_stored *stored)
{
    return occ_retain_result(stored->entry).len;
}

void
occ_outbox_clear(struct occ_outbox *outbox)
{
    occ_outbox_cut(outbox, (struct occ_outbox_end){ .bytes = 0 });
    occ_buf_clear(&outbox->bytes);
    occ_buf_clear(&outbox->stored);
    outbox->sent = 0;
    outbox->stored_sent = 0;
}

/* ---- in ---- */

struct occ_result
occ_outbox_reserve(struct occ_outbox *outbox, size_t results)
{
    if (occ_buf_reserve(&outbox->stored, results * sizeof(struct occ_outbox_stored)) != NULL) {
        return occ_success();
    }
    const struct occ_result failed = occ_buf_check(&outbox->stored);
    outbox->stored.fail = OCC_OK; /* nothing was to be put yet */
    return failed;
}

void
occ_outbox_put_stored(struct occ_outbox *outbox, struct occ_retain_entry *entry)
{
    const struct occ_outbox_stored stored = { outbox->bytes.len, occ_retain_ref(entry) };
    occ_buf_put(&outbox->stored, occ_bytes_of(&stored, sizeof stored));
    outbox->stored_len += len_of(&stored);
}

struct occ_outbox_end
occ_outbox_end(const struct occ_outbox *outbox)
{
    return (struct occ_outbox_end){ outbox->bytes.len, outbox->stored.len };
}

void
occ_outbox_cut(struct occ_outbox *outbox, struct occ_outbox_end end)
{
    const struct occ_outbox_stored *const list = stored_of(outbox);
    for (size_t i = end.stored / sizeof *list; i < stored_count(outbox); i++) {
        outbox->stored_len -= len_of(&list[i]);
        occ_retain_unref(list[i].entry);
    }
    outbox->stored.len = end.stored;
    outbox->bytes.len = end.bytes;
    outbox->bytes.fail = OCC_OK;
}

/* ---- out ---- */

size_t
occ_outbox_len(const struct occ_outbox *outbox)
{
    return outbox->bytes.len - outbox->sent + outbox->stored_len - outbox->stored_sent;
}

struct occ_bytes
occ_outbox_next(const struct occ_outbox *outbox)
{
    const struct occ_outbox_stored *const first = stored_count(outbox) > 0 ? stored_of(outbox) : NULL;
    if (first != NULL && first->at == outbox->sent) {
        const struct occ_bytes result = occ_retain_result(first->entry);
        return occ_bytes_of(result.ptr + outbox->stored_sent, result.len - outbox->stored_sent);
    }
    const size_t end = first == NULL ? outbox->bytes.len : first->at;
    return occ_bytes_of(outbox->bytes.ptr + outbox->sent, end - outbox->sent);
}

static void
drop_first_stored(struct occ_outbox *outbox)
{
    const struct occ_outbox_stored first = stored_of(outbox)[0];
    outbox->stored_len -= len_of(&first);
    outbox->stored_sent = 0;
    occ_buf_drop_front(&outbox->stored, sizeof first);
    occ_retain_unref(first.entry);
}

/* Takes what is sent away once it is the larger part: a parent that always has more coming never empties out. */
static void
drop_sent_bytes(struct occ_outbox *outbox)
{
    const size_t sent = outbox->sent;
    if (sent <= outbox->bytes.len - sent) {
        return;
    }
    occ_buf_drop_front(&outbox->bytes, sent);
    outbox->sent = 0;
    struct occ_outbox_stored *const list = stored_of(outbox);
    for (size_t i = 0; i < stored_count(outbox); i++) {
        list[i].at -= sent;
    }
    if (outbox->bytes.len == 0 && outbox->bytes.cap > KEPT_LEN) {
        occ_buf_clear(&outbox->bytes);
    }
}

void
occ_outbox_sent(struct occ_outbox *outbox, size_t len)
{
    const struct occ_outbox_stored *const first = stored_count(outbox) > 0 ? stored_of(outbox) : NULL;
    if (first == NULL || first->at != outbox->sent) {
        outbox->sent += len;
        drop_sent_bytes(outbox);
        return;
    }
    outbox->stored_sent += len;
    if (outbox->stored_sent == len_of(first)) {
        drop_first_stored(outbox);
    }
}
