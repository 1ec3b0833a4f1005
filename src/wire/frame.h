/*
 * frame.h — frames between parent and boundary. Bytes only: no sockets here. Layout (big-endian):
 *
 *   0  u32  length of what follows, 12 to OCC_LIMIT_FRAME_LEN
 *   4  u16  type (enum occ_frame_type)
 *   6  u16  zero
 *   8  u64  id: the parent's number for a request frame; the answer carries it again; 0 = answers nothing
 *  16  payload
 *
 * A connection is a stream of frames both ways. The parent sends HELLO first and nothing else before HELLO_OK. Frames are
 * pipelined: the boundary works on them in the order they came. Results come in the order of their requests; where they wait
 * for a document (PROTOCOL §7), answers to other frames overtake them.
 */
#ifndef OCC_WIRE_FRAME_H
#define OCC_WIRE_FRAME_H

#include "base/buf.h"

enum { OCC_FRAME_HEAD_LEN = 16 };

enum occ_frame_type {
    OCC_FRAME_HELLO = 1,    /* parent: who I am */
    OCC_FRAME_HELLO_OK = 2, /* boundary: who I am, limits, epoch, heads */
    OCC_FRAME_REFUSED = 3,  /* boundary: why this session or frame is refused (code, text); then it closes */
    OCC_FRAME_COMMIT = 4,   /* parent: requests to commit */
    OCC_FRAME_RESULT = 5,   /* boundary: their results; with id 0, results given again after a reconnect */
    OCC_FRAME_ACK = 6,      /* parent: results up to this position are durable; not answered */
    OCC_FRAME_PING = 7,     /* parent */
    OCC_FRAME_PONG = 8,     /* boundary: how it is (attest.h) */
    OCC_FRAME_ISSUE = 9,    /* parent: a challenge or a slot, please (issue.h) */
    OCC_FRAME_ISSUED = 10,  /* boundary */
    OCC_FRAME_LINK = 11,    /* parent: the proofs that this epoch's chains go on from (link.h) */
    OCC_FRAME_LINKED = 12,  /* boundary */
    OCC_FRAME_ATTEST = 13,  /* parent: a document about your key, please (attest.h) */
    OCC_FRAME_ATTESTED = 14 /* boundary */
};

struct occ_frame {
    enum occ_frame_type type;
    uint64_t id;
    struct occ_bytes payload; /* view into the input */
};

/*
 * Takes the first frame from input. *ret_used = bytes it occupied, 0 if it is not complete yet (then *ret_frame is
 * untouched). OCC_ERR_WIRE_FRAME: wrong length, unknown type or non-zero reserved bytes; the stream is then lost.
 */
OCC_RESULT occ_frame_next(struct occ_bytes input, struct occ_frame *ret_frame, size_t *ret_used);
/* Begins a frame at the end of buf and returns its offset; put the payload, then end it, which fills in the length. */
size_t occ_frame_begin(struct occ_buf *buf, enum occ_frame_type type, uint64_t id);
void occ_frame_end(struct occ_buf *buf, size_t begin);
/* The same of a frame of which so many bytes more are sent from elsewhere. */
void occ_frame_end_with(struct occ_buf *buf, size_t begin, size_t elsewhere);

#endif
