#include "server/replay.h"

void
occ_replay_init(struct occ_replay *replay, const uint8_t repeat[OCC_SHA256_LEN], const uint8_t body[OCC_SHA256_LEN])
{
    *replay = (struct occ_replay){ .result = { OCC_ERR_UNAVAILABLE }, .answer = OCC_BUF_INIT(OCC_LIMIT_ANSWERS_LEN) };
    memcpy(replay->repeat, repeat, OCC_SHA256_LEN);
    memcpy(replay->body, body, OCC_SHA256_LEN);
}

struct walk {
    struct occ_replay *replay;
    bool bare; /* without tokens */
};

static struct occ_result
visit_proof(void *ctx, const struct occ_ledger_found *found)
{
    struct walk *walk = ctx;
    struct occ_buf *answer = &walk->replay->answer;
    occ_buf_put_byte(answer, walk->replay->proofs++ == 0 ? '[' : ',');
    if (walk->bare) {
        occ_buf_put(answer, found->text);
    } else {
        occ_ledger_put_joined(answer, found);
    }
    return occ_buf_check(answer);
}

/* The ledger's views live until the reader's next call. */
struct place {
    uint8_t epoch_id[OCC_LIMIT_LEDGER_EPOCH_ID_LEN], chain_id[OCC_LIMIT_CHAIN_ID_LEN];
    size_t epoch_id_len, chain_id_len;
    uint64_t first_counter;
    size_t proof_count;
};

static struct occ_result
copy_place(const struct occ_ledger_repeat *repeat, struct place *ret_place)
{
    struct place place = { .epoch_id_len = repeat->epoch_id.len,
                           .chain_id_len = repeat->chain_id.len,
                           .first_counter = repeat->first_counter,
                           .proof_count = repeat->proof_count };
    OCC_ENSURE(place.epoch_id_len <= sizeof(place.epoch_id) && place.chain_id_len <= sizeof(place.chain_id),
               OCC_ERR_LEDGER_CORRUPT);
    memcpy(place.epoch_id, repeat->epoch_id.ptr, place.epoch_id_len);
    if (place.chain_id_len > 0) {
        memcpy(place.chain_id, repeat->chain_id.ptr, place.chain_id_len);
    }
    *ret_place = place;
    return occ_success();
}

static struct occ_result
read_proofs(struct occ_replay *replay, struct occ_ledger_reader *reader, const struct place *place, bool bare)
{
    struct walk walk = { .replay = replay, .bare = bare };
    replay->proofs = 0;
    occ_buf_reset(&replay->answer);
    OCC_TRY(occ_ledger_by_counter(reader, occ_bytes_of(place->epoch_id, place->epoch_id_len),
                                  occ_bytes_of(place->chain_id, place->chain_id_len), place->first_counter,
                                  place->proof_count, visit_proof, &walk, &replay->err));
    occ_buf_put_byte(&replay->answer, ']');
    OCC_TRY(occ_buf_check(&replay->answer));
    if (replay->proofs != place->proof_count) {
        return occ_error_set(&replay->err, OCC_ERR_LEDGER_CORRUPT,
                             "ledger: an Idempotency-Key names %zu proofs, and %u are there", place->proof_count,
                             replay->proofs);
    }
    return occ_success();
}

static struct occ_result
read(struct occ_replay *replay, struct occ_ledger_reader *reader)
{
    struct occ_ledger_repeat repeat = { .found = false };
    struct place place;
    OCC_TRY(occ_ledger_find_repeat(reader, replay->repeat, &repeat, &replay->err));
    if (!repeat.found) {
        return occ_success();
    }
    OCC_ENSURE(memcmp(repeat.body, replay->body, sizeof(repeat.body)) == 0, OCC_ERR_REPEAT);
    OCC_TRY(copy_place(&repeat, &place));
    struct occ_result proofs = read_proofs(replay, reader, &place, false);
    if (proofs.code == OCC_ERR_LIMIT) {
        proofs = read_proofs(replay, reader, &place, true);
    }
    replay->found = occ_is_ok(proofs);
    return proofs;
}

void
occ_replay_read(struct occ_replay *replay, struct occ_ledger_reader *reader)
{
    replay->result = read(replay, reader);
}
