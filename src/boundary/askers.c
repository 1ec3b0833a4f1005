/* askers.c — see askers.h. */
#include "boundary/askers.h"

#include "boundary/batch.h"

enum { PAUSE = 9 }; /* nine tenths of the device's time are not for nonces */

void
occ_askers_pause(struct occ_askers *askers, uint64_t uptime_ms, uint64_t duration_us)
{
    askers->next_ms = uptime_ms + (PAUSE * duration_us + 999) / 1000;
}

void
occ_askers_answer(struct occ_askers *askers, const struct occ_attest_answer *answer, struct occ_buf *out)
{
    occ_attest_put_answer(out, askers->list[0].id, answer);
    askers->count--;
    memmove(askers->list, askers->list + 1, askers->count * sizeof askers->list[0]);
}

void
occ_askers_refuse(struct occ_askers *askers, enum occ_err code, const char *text, struct occ_buf *out)
{
    const struct occ_attest_answer answer = { .code = code, .text = occ_bytes_str(text) };
    for (size_t i = 0; i < askers->count && out != NULL; i++) {
        occ_attest_put_answer(out, askers->list[i].id, &answer);
    }
    askers->count = 0;
}

/* Whether somebody who asks with a nonce can be given a place, and why not. */
static struct occ_result
check_place(const struct occ_batch *batch, struct occ_error *err)
{
    if (batch->halted) {
        return occ_error_set(err, OCC_ERR_INTEGRITY, OCC_BATCH_HALTED_TEXT);
    }
    if (batch->attesting.down) {
        return occ_error_set(err, OCC_ERR_ATTESTER, "%s", batch->attesting.trouble);
    }
    if (batch->attesting.askers.count == OCC_LIMIT_ATTEST_ASKERS) {
        return occ_error_set(err, OCC_ERR_BUSY, "too many nonces wait for their attestation documents");
    }
    return occ_success();
}

static void
add(struct occ_askers *askers, uint64_t id, struct occ_bytes nonce)
{
    struct occ_asker *const asker = &askers->list[askers->count++];
    asker->id = id;
    asker->len = nonce.len; /* at most OCC_LIMIT_ATTEST_NONCE: occ_attest_read has looked */
    memcpy(asker->nonce, nonce.ptr, nonce.len);
}

struct occ_result
occ_askers_handle(struct occ_batch *batch, const struct occ_frame *frame, struct occ_error *err, struct occ_buf *out)
{
    struct occ_attesting *const attesting = &batch->attesting;
    struct occ_bytes nonce;
    if (frame->id == 0) {
        return occ_error_set(err, OCC_ERR_WIRE_MESSAGE, "an ATTEST with id 0, which no answer can name");
    }
    if (!occ_is_ok(occ_attest_read(frame->payload, &nonce))) {
        return occ_error_set(err, OCC_ERR_WIRE_MESSAGE, "a malformed ATTEST");
    }
    struct occ_error refusal = { .code = OCC_OK };
    struct occ_attest_answer answer = { .code = OCC_OK };
    if (batch->epoch.attester.mode == OCC_ATTEST_NONE) {
        answer.code = occ_error_set(&refusal, OCC_ERR_UNSUPPORTED, "this boundary has no attestation").code;
    } else if (nonce.len > 0) {
        answer.code = check_place(batch, &refusal).code;
        if (answer.code == OCC_OK) {
            add(&attesting->askers, frame->id, nonce);
            return occ_success();
        }
    } else if (attesting->key == NULL) {
        answer.code = occ_error_set(&refusal, OCC_ERR_ATTESTER, "%s", occ_attesting_trouble(batch)).code;
    } else {
        answer.format = occ_bytes_str(batch->epoch.attester.format);
        answer.report_b64 = occ_document_b64(attesting->key);
    }
    answer.text = occ_bytes_str(refusal.text);
    occ_attest_put_answer(out, frame->id, &answer);
    return occ_success();
}
