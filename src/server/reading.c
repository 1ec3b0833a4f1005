/* reading.c — see reading.h. */
#include "server/reading.h"

#include <stdlib.h>

#include "server/answer.h"
#include "server/handle.h"
#include "server/store.h"

void
occ_reading_init(struct occ_reading *reading, struct occ_server *server, struct occ_http_request *request,
                 size_t body_len_max)
{
    *reading = (struct occ_reading){ .server = server,
                                     .request = request,
                                     .content_type = "application/json",
                                     .body = OCC_BUF_INIT(body_len_max),
                                     .headers = OCC_BUF_INIT(OCC_LOOKUP_LINK_LEN_MAX) };
}

static void
run(void *job, struct occ_ledger_reader *reader)
{
    struct occ_reading *reading = job;
    reading->outcome = reading->read(reading, reader);
    if (occ_is_ok(reading->outcome)) {
        reading->outcome = occ_buf_check(&reading->headers);
    }
    reading->ran = true;
}

static unsigned
status_of(const struct occ_reading *reading)
{
    switch (reading->outcome.code) {
    case OCC_OK:
        return reading->ran && occ_handle_has_room(reading->server, reading->body.len) ? 200 : 503;
    case OCC_ERR_NOT_FOUND:
        return 404;
    case OCC_ERR_BUSY:
    case OCC_ERR_NOMEM:
        return 503;
    default:
        return 500;
    }
}

static void
answer(struct occ_reading *reading, unsigned status)
{
    struct occ_http_request *request = reading->request;
    const char *said = reading->err.text[0] != 0 ? reading->err.text : occ_result_text(reading->outcome.code);
    if (status == 200) {
        occ_http_respond(request, 200, reading->content_type,
                         reading->headers.len > 0 ? (const char *)reading->headers.ptr : NULL, &reading->body);
    } else if (status == 500) {
        occ_answer_internal(request, said);
    } else if (!occ_is_ok(reading->outcome)) {
        occ_answer_error(request, status, said, NULL);
    } else {
        occ_answer_error(request, status, reading->ran ? "overloaded, try again later" : "stopping, try again later",
                         NULL);
    }
}

static void
done(void *job)
{
    struct occ_reading *reading = job;
    answer(reading, status_of(reading));
    occ_buf_clear(&reading->body);
    occ_buf_clear(&reading->headers);
    free(reading);
}

void
occ_reading_start(struct occ_reading *reading, struct occ_result checked,
                  struct occ_result (*read)(struct occ_reading *reading, struct occ_ledger_reader *reader))
{
    if (!occ_is_ok(checked)) {
        occ_answer_error(reading->request, 400, reading->err.text, NULL);
        free(reading);
        return;
    }
    reading->read = read;
    if (!occ_is_ok(occ_store_read(reading->server->store, run, done, reading))) {
        occ_answer_error(reading->request, 503, "overloaded, try again later", NULL);
        free(reading);
    }
}
