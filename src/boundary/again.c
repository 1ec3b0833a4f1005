/* again.c — see again.h. */
#include "boundary/again.h"

#include "wire/commit.h"
#include "wire/frame.h"

enum { DOCUMENT_HEAD_LEN = 4 };

/* The results of one frame: from first up to, but not including, end. */
struct again {
    struct occ_retain_entry *first, *end;
};

/* True if the entry's documents are those of the one before it: results that share one stand side by side. */
static bool
shares_documents(const struct occ_retain_documents *documents, const struct occ_retain_documents *before)
{
    return documents->count == 1 && before->count == 1 && documents->list[0] == before->list[0];
}

/* As many results, from first on, as a frame has room for with their documents. */
static struct again
next_frame(const struct occ_retain *retain, struct occ_retain_entry *first)
{
    size_t len = OCC_FRAME_HEAD_LEN + 2 + 2, results = 0, count = 0;
    struct occ_retain_documents before = { 0 };
    struct occ_retain_entry *entry = first;
    for (; entry != NULL && results < OCC_LIMIT_FRAME_REQUESTS; results++) {
        const struct occ_retain_documents documents = occ_retain_documents(entry);
        len += occ_retain_result(entry).len;
        for (uint16_t i = 0; i < documents.count && !shares_documents(&documents, &before); i++) {
            len += DOCUMENT_HEAD_LEN + documents.list[i]->len;
            count++;
        }
        if (len > OCC_LIMIT_FRAME_LEN || count > UINT16_MAX) {
            break;
        }
        before = documents;
        entry = occ_retain_next(retain, entry);
    }
    return (struct again){ first, entry };
}

static void
put_documents(const struct occ_retain *retain, const struct again *again, struct occ_result_writer *writer)
{
    struct occ_retain_documents before = { 0 };
    for (const struct occ_retain_entry *entry = again->first; entry != again->end;
         entry = occ_retain_next(retain, entry)) {
        const struct occ_retain_documents documents = occ_retain_documents(entry);
        for (uint16_t i = 0; i < documents.count && !shares_documents(&documents, &before); i++) {
            (void)occ_commit_put_document(writer, occ_document_b64(documents.list[i]));
        }
        before = documents;
    }
}

/* A long one goes from where it is kept, unless its documents have other numbers now: then it needs a copy. */
static void
put_result(struct occ_retain_entry *entry, uint16_t raise, struct occ_result_writer *writer, struct occ_outbox *out)
{
    const struct occ_bytes result = occ_retain_result(entry);
    if (raise > 0 || !occ_retain_is_long(result.len)) {
        occ_commit_put_encoded_result(writer, result, raise);
        return;
    }
    const struct occ_result reserved = occ_outbox_reserve(out, 1);
    if (!occ_is_ok(reserved)) {
        out->bytes.fail = reserved.code;
        return;
    }
    occ_commit_put_result_elsewhere(writer, result.len);
    occ_outbox_put_stored(out, entry);
}

static void
put_frame(const struct occ_retain *retain, const struct again *again, struct occ_outbox *out)
{
    struct occ_result_writer writer;
    occ_commit_begin_results(&writer, &out->bytes, 0);
    put_documents(retain, again, &writer);
    struct occ_retain_documents before = { 0 };
    uint16_t first = 1, next = 1; /* numbers in this frame: of the entry's first document, and behind its last */
    for (struct occ_retain_entry *entry = again->first; entry != again->end; entry = occ_retain_next(retain, entry)) {
        const struct occ_retain_documents documents = occ_retain_documents(entry);
        if (!shares_documents(&documents, &before)) {
            first = next;
            next = (uint16_t)(next + documents.count);
        }
        /* What is now first may have had a greater number: the sum wraps around, as it should. */
        const uint16_t raise = documents.count == 0 ? 0 : (uint16_t)(first - documents.first);
        put_result(entry, raise, &writer, out);
        before = documents;
    }
    occ_commit_end_results(&writer);
}

void
occ_again_put(const struct occ_retain *retain, struct occ_outbox *out)
{
    struct occ_retain_entry *entry = occ_retain_next(retain, NULL);
    while (entry != NULL) {
        const struct again again = next_frame(retain, entry);
        put_frame(retain, &again, out);
        entry = again.end;
    }
}
