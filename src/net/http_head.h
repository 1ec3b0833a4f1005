/*
 * http_head.h — collects the head of one request and holds each byte of it to the policy of http_server.h.
 *
 * Bytes in, no sockets, no memory but the head's own. This is the part of the policy that can be judged byte by byte:
 * which bytes may stand where, line ends, lengths, the shape of target and version. It is stricter than llhttp, which
 * tokenizes the head afterwards (http_parse.h). The verdict does not depend on how the bytes were cut into pieces.
 */
#ifndef OCC_NET_HTTP_HEAD_H
#define OCC_NET_HTTP_HEAD_H

#include "base/buf.h"

/* Why a request is refused: status 0 = it is not. sentence is a constant. */
struct occ_http_refusal {
    unsigned status;
    const char *sentence;
};

struct occ_http_head {
    struct occ_buf buf; /* from the method's first byte to the empty line; its limit is the limit of the head */
    struct occ_http_refusal refusal;
    unsigned state; /* which byte is expected next; private */
    unsigned empty_lines;
    size_t target_at, target_len;
    size_t version_at;
    unsigned fields;
    bool version_1_0;
};

/* Starts over for a new request; the buffer's memory is kept. len_max in bytes. */
void occ_http_head_reset(struct occ_http_head *head, size_t len_max);
/*
 * Takes bytes up to the end of the head and returns how many. Afterwards the head is complete (occ_http_head_is_done),
 * refused (head->refusal.status is not 0), or wants more.
 */
size_t occ_http_head_feed(struct occ_http_head *head, struct occ_bytes bytes);
bool occ_http_head_is_done(const struct occ_http_head *head);
void occ_http_head_clear(struct occ_http_head *head);

#endif
