/*
 * ledger.h — a chain of signed proofs as JSON lines, made by occ_write_…, and a source that reads texts.
 */
#ifndef TESTS_UNIT_AUDIT_LEDGER_H
#define TESTS_UNIT_AUDIT_LEDGER_H

#include "audit/pipeline.h"
#include "proof/write.h"
#include "unit/audit/support.h"
#include "unit/proof/support.h"

/* Appends count proofs, one a line, counters from 1. */
static inline void
put_ledger(struct occ_buf *buf, unsigned count)
{
    uint8_t public_key[OCC_ED25519_PUBLIC_LEN];
    uint8_t secret[OCC_ED25519_SECRET_LEN];
    uint8_t prev[OCC_SHA256_LEN];
    test_key(public_key, secret);
    for (unsigned i = 0; i < count; i++) {
        uint8_t digest[OCC_SHA256_LEN];
        uint8_t signature[OCC_ED25519_SIGNATURE_LEN];
        hash_of("digest", i, digest);
        const struct occ_write_fields fields = { .public_key = public_key,
                                                 .epoch_id = occ_bytes_str("e"),
                                                 .enforcement = occ_bytes_str("stub"),
                                                 .measurement = occ_bytes_str("stub:test"),
                                                 .digest = digest,
                                                 .nonce = digest,
                                                 .counter = i + 1,
                                                 .time_ms = 1000 + i,
                                                 .prev_hash = i == 0 ? NULL : prev };
        OCC_BUF_AUTO(body, 4096);
        OCC_BUF_AUTO(text, 4096);
        occ_write_body(&body, &fields);
        occ_ed25519_sign(secret, occ_buf_view(&body), signature);
        occ_write_proof(&text, &fields, signature, NULL);
        occ_digest_sha256(occ_buf_view(&text), prev);
        occ_buf_put(buf, occ_buf_view(&text));
        occ_buf_put_byte(buf, '\n');
    }
    assert_true(occ_is_ok(occ_buf_check(buf)));
}

/* Streams that are texts. fail_at: the stream whose reading fails, counted from 1. */
struct texts {
    const struct occ_bytes *texts;
    size_t count, next, fail_at;
    struct occ_bytes rest;
};

static inline struct occ_result
next_text(void *ctx, struct occ_error *err, bool *ret_more)
{
    struct texts *texts = ctx;
    (void)err;
    *ret_more = texts->next < texts->count;
    if (*ret_more) {
        texts->rest = texts->texts[texts->next];
        texts->next++;
    }
    return occ_success();
}

static inline struct occ_result
read_texts(void *ctx, struct occ_error *err, uint8_t *ret, size_t cap, size_t *ret_len)
{
    struct texts *texts = ctx;
    if (texts->next == texts->fail_at) {
        return occ_error_set(err, OCC_ERR_IO, "stream %zu: broken", texts->next);
    }
    const size_t len = texts->rest.len < cap ? texts->rest.len : cap;
    if (len > 0) {
        memcpy(ret, texts->rest.ptr, len);
    }
    texts->rest = occ_bytes_of(texts->rest.ptr + len, texts->rest.len - len);
    *ret_len = len;
    return occ_success();
}

static inline struct occ_pipeline_source
source_of(struct texts *texts)
{
    return (struct occ_pipeline_source){ .ctx = texts, .next = next_text, .read = read_texts };
}

#endif
