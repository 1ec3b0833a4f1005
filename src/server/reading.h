/*
 * reading.h — a request that is answered from the ledger: run on a reading thread, answered on the loop's.
 */
#ifndef OCC_SERVER_READING_H
#define OCC_SERVER_READING_H

#include "ledger/ledger.h"
#include "server/lookup.h"
#include "server/server.h"

struct occ_reading {
    struct occ_server *server;
    struct occ_http_request *request;
    const char *content_type; /* of a 200; "application/json" unless the owner says otherwise */
    struct occ_buf body;      /* of a 200 */
    struct occ_buf headers;   /* lines and a zero byte, or empty */
    struct occ_error err;     /* the sentence of a failure */
    /* of reading.c */
    struct occ_result (*read)(struct occ_reading *reading, struct occ_ledger_reader *reader);
    bool ran;
    struct occ_result outcome;
};

/* The reading is the first member of something from calloc, which is freed when the request is answered. */
void occ_reading_init(struct occ_reading *reading, struct occ_server *server, struct occ_http_request *request,
                      size_t body_len_max);
/*
 * checked: what reading the request gave; a failure is answered 400 with the sentence in err. Else read runs on a reading
 * thread and fills body and headers; its failures become: OCC_ERR_NOT_FOUND 404, OCC_ERR_BUSY and OCC_ERR_NOMEM 503, anything
 * else 500, with the sentence in err. Answers in any case, and frees.
 */
void occ_reading_start(struct occ_reading *reading, struct occ_result checked,
                       struct occ_result (*read)(struct occ_reading *reading, struct occ_ledger_reader *reader));

#endif
