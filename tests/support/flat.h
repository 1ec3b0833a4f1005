/*
 * flat.h — a gate whose answers are wanted as one text: what it put into its outbox is sent to a buffer, piece by piece, as to a parent
 * that takes all of it at once. The limit of the buffer is that of the outbox.
 */
#ifndef OCC_TESTS_FLAT_H
#define OCC_TESTS_FLAT_H

#include <stdlib.h>

#include "boundary/gate.h"

/* Appends all of outbox, which is empty then. */
static inline void
flat_send(struct occ_outbox *outbox, struct occ_buf *out)
{
    while (occ_outbox_len(outbox) > 0) {
        const struct occ_bytes next = occ_outbox_next(outbox);
        if (next.len == 0) {
            abort(); /* something is left, and nothing comes */
        }
        occ_buf_put(out, next);
        occ_outbox_sent(outbox, next.len);
    }
    if (outbox->bytes.fail != OCC_OK) {
        out->fail = outbox->bytes.fail;
    }
    occ_outbox_clear(outbox);
}

/* What is in out already takes its part of the limit. */
static inline struct occ_outbox
flat_outbox(const struct occ_buf *out)
{
    return OCC_OUTBOX_INIT(out->limit - out->len);
}

static inline struct occ_result
flat_handle(struct occ_gate *gate, struct occ_bytes input, size_t *ret_used, struct occ_buf *out)
{
    struct occ_outbox outbox = flat_outbox(out);
    const struct occ_result result = occ_gate_handle(gate, input, ret_used, &outbox);
    flat_send(&outbox, out);
    return result;
}

static inline struct occ_result
flat_take_document(struct occ_gate *gate, const struct occ_attest_outcome *outcome, struct occ_buf *out)
{
    struct occ_outbox outbox = flat_outbox(out);
    const struct occ_result result = occ_gate_take_document(gate, outcome, &outbox);
    flat_send(&outbox, out);
    return result;
}

static inline struct occ_result
flat_look_at_device(struct occ_gate *gate, struct occ_buf *out)
{
    struct occ_outbox outbox = flat_outbox(out);
    const struct occ_result result = occ_gate_look_at_device(gate, &outbox);
    flat_send(&outbox, out);
    return result;
}

#endif
