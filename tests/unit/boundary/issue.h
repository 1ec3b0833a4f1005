/*
 * issue.h — for tests that ask a gate for challenges and slots, and use them.
 */
#ifndef TESTS_UNIT_BOUNDARY_ISSUE_H
#define TESTS_UNIT_BOUNDARY_ISSUE_H

#include "unit/boundary/parent.h"
#include "wire/issue.h"

/* What the gate gave out, copied: a challenge or slotId, and the slot's JSON text. */
struct issued {
    char ticket[1024];
    char slot[1024];
};

/* The member's text, up to the next quote or, for an object, its closing brace. */
static inline void
issued_copy(struct occ_bytes text, const char *lead, char end, char ret[1024])
{
    const char *const from = memmem(text.ptr, text.len, lead, strlen(lead));
    assert_non_null(from);
    const char *const begin = from + strlen(lead);
    const char *const stop = memchr(begin, end, text.len - (size_t)(begin - (const char *)text.ptr));
    assert_non_null(stop);
    const size_t len = (size_t)(stop - begin) + (end == '}');
    assert_true(len < 1024);
    memcpy(ret, begin, len);
    ret[len] = '\0';
}

/* Asks; the answer's code, and what it said. */
static inline struct occ_issue_answer
parent_ask(struct parent *parent, enum occ_issue what, const char *chain_id)
{
    const struct occ_issue_request request = { what, occ_bytes_str(chain_id) };
    occ_buf_reset(&parent->in);
    occ_issue_put(&parent->in, 8, &request);
    assert_int_equal(parent_play(parent), OCC_OK);
    const struct occ_frame frame = parent_frame(parent);
    assert_int_equal(frame.type, OCC_FRAME_ISSUED);
    assert_int_equal(frame.id, 8);
    struct occ_issue_answer answer;
    assert_int_equal(occ_issue_read_answer(frame.payload, &answer).code, OCC_OK);
    return answer;
}

static inline struct issued
parent_challenge(struct parent *parent)
{
    struct issued issued = { .slot = "" };
    const struct occ_issue_answer answer = parent_ask(parent, OCC_ISSUE_CHALLENGE, "");
    assert_int_equal(answer.code, OCC_OK);
    issued_copy(answer.text, "{\"challenge\":\"", '"', issued.ticket);
    assert_int_equal(answer.text.len, strlen(issued.ticket) + strlen("{\"challenge\":\"\"}"));
    return issued;
}

static inline struct issued
parent_slot(struct parent *parent, const char *chain_id)
{
    struct issued issued;
    const struct occ_issue_answer answer = parent_ask(parent, OCC_ISSUE_SLOT, chain_id);
    if (answer.code != OCC_OK) {
        fail_msg("%.*s", OCC_BYTES_ARG(answer.text));
    }
    issued_copy(answer.text, "{\"slotId\":\"", '"', issued.ticket);
    issued_copy(answer.text, "\",\"slot\":", '}', issued.slot);
    assert_int_equal(answer.text.len,
                     strlen(issued.ticket) + strlen(issued.slot) + strlen("{\"slotId\":\"\",\"slot\":}"));
    return issued;
}

/* A request with count digests, each with the slot at its place in slots (NULL = none), on a chain. */
static inline void
parent_commit_slots(struct parent *parent, const char *chain_id, const char *const *slots, unsigned count)
{
    struct occ_commit_writer writer;
    occ_buf_reset(&parent->in);
    occ_commit_begin(&writer, &parent->in, 5);
    occ_commit_put_request(&writer, occ_bytes_str("s"));
    if (chain_id[0] != '\0') {
        occ_commit_put_field(&writer, OCC_COMMIT_CHAIN, occ_bytes_str(chain_id));
    }
    for (unsigned i = 0; i < count; i++) {
        occ_commit_put_digest(&writer, parent_digest);
        if (slots[i] != NULL) {
            occ_commit_put_field(&writer, OCC_COMMIT_SLOT, occ_bytes_str(slots[i]));
        }
    }
    occ_commit_end(&writer);
    assert_int_equal(parent_play(parent), OCC_OK);
}

#endif
