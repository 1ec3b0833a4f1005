/*
 * http_parse.h — one request out of bytes: head, header fields, body. No sockets, no clock.
 *
 * occ_http_head judges the head's bytes, llhttp makes tokens of it, and this part closes what llhttp leaves open: Host,
 * Content-Length, Transfer-Encoding and Expect, and how a chunked body is framed. Whoever drives it decides, once the
 * head is there, whether the body is wanted (accept) or only to be got over with (discard). What it says about a request
 * does not depend on how the bytes were cut into pieces.
 */
#ifndef OCC_NET_HTTP_PARSE_H
#define OCC_NET_HTTP_PARSE_H

#include <llhttp.h>
#include <stdatomic.h>

#include "base/limits.h"
#include "net/http_head.h"

/* Memory of all bodies of a server together, in bytes. Its parsers may run on several threads. */
struct occ_http_budget {
    _Atomic size_t used;
    size_t max;
};
/* Takes more of it; false: that is too much, but it is taken and to be given back all the same. */
bool occ_http_budget_take(struct occ_http_budget *budget, size_t len);
void occ_http_budget_give(struct occ_http_budget *budget, size_t len);

/*
 * A header field: where name and value (without outer white space) stand in the head. Small numbers: each request under way
 * has room for OCC_LIMIT_HTTP_HEADERS of them.
 */
struct occ_http_field {
    uint16_t name_at, name_len, value_at, value_len;
};

enum occ_http_step {
    OCC_HTTP_STEP_MORE,   /* wants more bytes */
    OCC_HTTP_STEP_HEAD,   /* the head is complete: accept or discard the body now */
    OCC_HTTP_STEP_DONE,   /* the request is complete */
    OCC_HTTP_STEP_REFUSED /* see refusal; the connection cannot be used any more */
};

struct occ_http_parse {
    struct occ_http_head head;
    struct occ_http_refusal refusal;
    struct occ_buf body; /* what has arrived of it, if it was accepted */
    size_t body_len;     /* the same when it was discarded */

    /* From when the head is complete; views into head. */
    struct occ_bytes method, target;
    unsigned fields_len;
    bool has_body, chunked, expects_continue, keep_alive;
    uint64_t content_length; /* 0 unless a Content-Length came */

    /* private */
    enum occ_http_step step;
    struct occ_http_budget *budget;
    size_t charged;  /* what this body has taken of the budget */
    size_t body_max; /* what accept or discard allowed */
    bool discard;
    llhttp_t tokens;
    const uint8_t *framing_from; /* where the bytes begin that are not body data, in what is being fed */
    size_t framing_len;
    bool framing_cr;
    struct occ_http_field fields[OCC_LIMIT_HTTP_HEADERS]; /* last: init does not clear them */
};

/*
 * A parser for one request. head_len_max in bytes, at most 65,535; budget outlives it. The memory is all zero before the
 * first init.
 */
void occ_http_parse_init(struct occ_http_parse *parse, size_t head_len_max, struct occ_http_budget *budget);
/* Takes what it can use of bytes; *ret_used says how many. After HEAD, DONE and REFUSED it takes none. */
enum occ_http_step occ_http_parse_feed(struct occ_http_parse *parse, struct occ_bytes bytes, size_t *ret_used);
/* After HEAD: the body may have body_max bytes. MORE, DONE (there is none), or REFUSED (413, 503). */
enum occ_http_step occ_http_parse_accept(struct occ_http_parse *parse, size_t body_max);
/* After HEAD: the body, up to body_max bytes, is counted and forgotten. */
enum occ_http_step occ_http_parse_discard(struct occ_http_parse *parse, size_t body_max);
/* The value of a field, name in lower case; false if absent. *ret_count: how often it came. */
bool occ_http_parse_field(const struct occ_http_parse *parse, const char *name, struct occ_bytes *ret_value,
                          unsigned *ret_count);
/* The value of a field at index 0, 1, … among those of that name, in the order in which they came; false behind the last. */
bool occ_http_parse_field_at(const struct occ_http_parse *parse, const char *name, unsigned index,
                             struct occ_bytes *ret_value);
/* Gives the body's memory back; the head's is kept for the next init. */
void occ_http_parse_release(struct occ_http_parse *parse);
/* Frees all. */
void occ_http_parse_clear(struct occ_http_parse *parse);

#endif
