/*
 * fake_nsm.h — for tests: a Nitro Secure Module that gives the answers that it was told to give, and remembers the questions.
 */
#ifndef OCC_TESTS_FAKE_NSM_H
#define OCC_TESTS_FAKE_NSM_H

#include "boundary/nsm.h"
#include "sim/cbor_writer.h"

enum { FAKE_ANSWERS_MAX = 64 };

struct fake_nsm {
    struct occ_buf answers[FAKE_ANSWERS_MAX]; /* one with limit 0: the device fails */
    size_t count, given;
    struct occ_buf question; /* the last one */
    size_t claimed_len;      /* if not 0: said of every answer, whatever it has */
};

/* The buffer of a further answer, to be filled. */
static inline struct occ_buf *
fake_answer(struct fake_nsm *fake)
{
    assert_true(fake->count < FAKE_ANSWERS_MAX);
    fake->answers[fake->count] = OCC_BUF_INIT(OCC_LIMIT_NSM_RESPONSE_LEN);
    return &fake->answers[fake->count++];
}

static inline void
fake_failure(struct fake_nsm *fake)
{
    assert_true(fake->count < FAKE_ANSWERS_MAX);
    fake->answers[fake->count++] = OCC_BUF_INIT(0);
}

/* {"kind": {"name": bytes}}, for kinds without a lock. */
static inline void
fake_bytes(struct fake_nsm *fake, const char *kind, const char *name, struct occ_bytes bytes)
{
    struct occ_buf *answer = fake_answer(fake);
    occ_sim_cbor_put_head(answer, OCC_SIM_CBOR_MAP, 1);
    occ_sim_cbor_put_text(answer, kind);
    occ_sim_cbor_put_head(answer, OCC_SIM_CBOR_MAP, 1);
    occ_sim_cbor_put_text(answer, name);
    occ_sim_cbor_put_bytes(answer, bytes);
}

static inline void
fake_pcr(struct fake_nsm *fake, const uint8_t pcr[48])
{
    struct occ_buf *answer = fake_answer(fake);
    occ_sim_cbor_put_head(answer, OCC_SIM_CBOR_MAP, 1);
    occ_sim_cbor_put_text(answer, "DescribePCR");
    occ_sim_cbor_put_head(answer, OCC_SIM_CBOR_MAP, 2);
    occ_sim_cbor_put_text(answer, "lock");
    occ_buf_put_byte(answer, 0xf5);
    occ_sim_cbor_put_text(answer, "data");
    occ_sim_cbor_put_bytes(answer, occ_bytes_of(pcr, 48));
}

static inline void
fake_error(struct fake_nsm *fake, const char *word)
{
    struct occ_buf *answer = fake_answer(fake);
    occ_sim_cbor_put_head(answer, OCC_SIM_CBOR_MAP, 1);
    occ_sim_cbor_put_text(answer, "Error");
    occ_sim_cbor_put_text(answer, word);
}

static inline struct occ_result
fake_exchange(void *ctx, struct occ_bytes request, struct occ_error *err,
              uint8_t ret_response[OCC_LIMIT_NSM_RESPONSE_LEN], size_t *ret_len)
{
    struct fake_nsm *fake = ctx;
    assert_in_range(request.len, 1, OCC_LIMIT_NSM_REQUEST_LEN);
    occ_buf_clear(&fake->question);
    fake->question = OCC_BUF_INIT(OCC_LIMIT_NSM_REQUEST_LEN);
    occ_buf_put(&fake->question, request);
    assert_true(fake->given < fake->count);
    const struct occ_buf *answer = &fake->answers[fake->given++];
    if (answer->limit == 0) {
        return occ_error_set(err, OCC_ERR_ATTESTER, "the device is broken");
    }
    assert_true(occ_is_ok(occ_buf_check(answer)));
    memset(ret_response, 0xa5, OCC_LIMIT_NSM_RESPONSE_LEN);
    if (answer->len > 0) {
        memcpy(ret_response, answer->ptr, answer->len);
    }
    *ret_len = fake->claimed_len != 0 ? fake->claimed_len : answer->len;
    return occ_success();
}

static inline struct occ_nsm
fake_nsm(struct fake_nsm *fake)
{
    return (struct occ_nsm){ .ctx = fake, .exchange = fake_exchange };
}

static inline void
fake_clear(struct fake_nsm *fake)
{
    for (size_t i = 0; i < fake->count; i++) {
        occ_buf_clear(&fake->answers[i]);
    }
    occ_buf_clear(&fake->question);
    *fake = (struct fake_nsm){ 0 };
}

#endif
