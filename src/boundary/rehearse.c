/* rehearse.c — one commit of everything, before it counts and while files may still be opened. */
#include "boundary/gate.h"

#include "crypto/secret.h"
#include "wire/commit.h"
#include "wire/frame.h"
#include "wire/hello.h"

enum { MEMBERS = 500 }; /* enough for the libraries' paths for many members (a sort that asks for the memory's size) */

static uint64_t
some_time(void *ctx)
{
    (void)ctx;
    return 1;
}

static void
some_random(void *ctx, void *ret, size_t len)
{
    (void)ctx;
    occ_secret_random(ret, len);
}

/* An object with many names, every kind of value, and a number with a fraction. */
static void
put_metadata(struct occ_buf *buf)
{
    occ_buf_put_str(buf, "{\"all\":[null,true,false,\"\\u00e9\",1.5e-7,1e21,{}]");
    for (unsigned i = 0; i < MEMBERS; i++) {
        occ_buf_put_format(buf, ",\"n%u\":%u", i, i);
    }
    occ_buf_put_byte(buf, '}');
}

/* HELLO, and a request that is refused beside one that is not. */
static void
put_frames(struct occ_buf *buf, struct occ_bytes metadata)
{
    const struct occ_hello hello = { .min_version = OCC_WIRE_VERSION, .max_version = OCC_WIRE_VERSION };
    occ_hello_put(buf, &hello);
    static const uint8_t digest[32];
    struct occ_commit_writer writer;
    occ_commit_begin(&writer, buf, 1);
    occ_commit_put_request(&writer, occ_bytes_str("good"));
    occ_commit_put_field(&writer, OCC_COMMIT_METADATA, metadata);
    occ_commit_put_digest(&writer, digest);
    occ_commit_put_request(&writer, occ_bytes_str("bad"));
    occ_commit_put_field(&writer, OCC_COMMIT_METADATA, occ_bytes_str("{\"a\":1,\"a\":"));
    occ_commit_put_digest(&writer, digest);
    occ_commit_end(&writer);
}

/* True if the frame holds a proof and then a refusal. */
static bool
is_as_expected(struct occ_bytes payload)
{
    struct occ_reader in;
    uint16_t results = 0;
    struct occ_commit_outcome good, bad;
    return occ_is_ok(occ_commit_read_results(payload, &in, &results)) && results == 2 &&
           occ_is_ok(occ_commit_next_result(&in, &good)) && good.code == OCC_OK && good.proof_count == 1 &&
           occ_is_ok(occ_commit_next_result(&in, &bad)) && bad.code != OCC_OK;
}

static struct occ_result
play(struct occ_gate *gate)
{
    OCC_BUF_AUTO(metadata, OCC_LIMIT_VALUE_LEN);
    OCC_BUF_AUTO(in, OCC_LIMIT_FRAME_LEN);
    OCC_BUF_AUTO(out, OCC_LIMIT_FRAME_LEN);
    put_metadata(&metadata);
    put_frames(&in, occ_buf_view(&metadata));
    OCC_TRY(occ_buf_check(&metadata));
    OCC_TRY(occ_buf_check(&in));
    occ_gate_begin_session(gate);
    for (size_t done = 0, used = 0; done < in.len; done += used) {
        occ_buf_reset(&out);
        OCC_TRY(occ_gate_handle(gate, occ_bytes_of(in.ptr + done, in.len - done), &used, &out));
        OCC_ENSURE(used > 0, OCC_ERR_INTERNAL);
    }
    struct occ_frame frame;
    size_t used = 0;
    OCC_TRY(occ_frame_next(occ_buf_view(&out), &frame, &used));
    OCC_ENSURE(used > 0 && frame.type == OCC_FRAME_RESULT && is_as_expected(frame.payload), OCC_ERR_INTERNAL);
    return occ_success();
}

struct occ_result
occ_gate_rehearse(struct occ_error *err)
{
    static const uint8_t no_binary[32];
    struct occ_gate_config config = { .now_ms = some_time, .random = some_random };
    OCC_TRY(occ_signer_software_new(err, &config.signer));
    occ_attester_none(no_binary, &config.attester);
    struct occ_gate *gate = NULL;
    OCC_TRY(occ_gate_new(&config, err, &gate));
    const struct occ_result played = play(gate);
    occ_gate_free(gate);
    if (!occ_is_ok(played)) {
        return occ_error_set(err, played.code, "the trial commit failed: %s", occ_result_text(played.code));
    }
    return occ_success();
}
