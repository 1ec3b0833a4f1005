#include "server/compare.h"

#include <inttypes.h>

#include "proof/body.h"
#include "wire/frame.h"
#include "wire/link.h"

static void
copy_text(char *to, size_t size, struct occ_bytes text)
{
    const size_t len = text.len < size ? text.len : size - 1;
    if (len > 0) {
        memcpy(to, text.ptr, len);
    }
    to[len] = 0;
}

void
occ_compare_copy(const struct occ_hello_ok *hello, struct occ_compare_epoch *ret_epoch)
{
    *ret_epoch = (struct occ_compare_epoch){ .last_position = hello->last_position,
                                             .acknowledged_position = hello->acknowledged_position,
                                             .frame_len_max = hello->frame_len_max,
                                             .head_count = hello->head_count };
    copy_text(ret_epoch->epoch_id, sizeof(ret_epoch->epoch_id), hello->epoch_id);
    memcpy(ret_epoch->public_key, hello->public_key, sizeof(ret_epoch->public_key));
    for (size_t i = 0; i < hello->head_count; i++) {
        struct occ_compare_head *head = &ret_epoch->heads[i];
        copy_text(head->chain_id, sizeof(head->chain_id), hello->heads[i].chain_id);
        head->counter = hello->heads[i].counter;
        memcpy(head->link_hash, hello->heads[i].link_hash, sizeof(head->link_hash));
    }
}

static const char *
name_of(const char *chain_id)
{
    return chain_id[0] == 0 ? "the default chain" : chain_id;
}

static const struct occ_compare_head *
find_head(const struct occ_compare_epoch *epoch, struct occ_bytes chain_id)
{
    for (size_t i = 0; i < epoch->head_count; i++) {
        if (occ_bytes_is(chain_id, epoch->heads[i].chain_id)) {
            return &epoch->heads[i];
        }
    }
    return NULL;
}

/* ---- positions ---- */

struct position_check {
    const struct occ_compare_epoch *epoch;
    uint64_t last_position; /* in the ledger; 0 = it does not know the epoch */
    struct occ_error *err;
};

static struct occ_result
visit_epoch(void *ctx, const struct occ_ledger_epoch_info *info)
{
    struct position_check *check = ctx;
    const struct occ_compare_epoch *epoch = check->epoch;
    if (memcmp(info->epoch.public_key, epoch->public_key, sizeof(epoch->public_key)) != 0) {
        return occ_error_set(check->err, OCC_ERR_INTEGRITY, "epoch %s: the ledger has it with another public key",
                             epoch->epoch_id);
    }
    for (size_t i = 0; i < info->chain_count; i++) {
        const struct occ_bytes chain_id = info->chains[i].chain_id;
        if (find_head(epoch, chain_id) == NULL) {
            return occ_error_set(check->err, OCC_ERR_INTEGRITY,
                                 "epoch %s: the ledger has proofs of chain \"%.*s\", which the boundary does not know",
                                 epoch->epoch_id, OCC_BYTES_ARG(chain_id));
        }
    }
    check->last_position = info->last_position;
    return occ_success();
}

struct occ_result
occ_compare_positions(struct occ_ledger_reader *reader, const struct occ_compare_epoch *epoch, struct occ_error *err)
{
    struct position_check check = { .epoch = epoch, .err = err };
    OCC_TRY(occ_ledger_epoch_of(reader, occ_bytes_str(epoch->epoch_id), visit_epoch, &check, err));
    if (check.last_position < epoch->acknowledged_position) {
        return occ_error_set(err, OCC_ERR_INTEGRITY,
                             "the ledger is older than the boundary was told: it ends at position %" PRIu64
                             " of epoch %s, and %" PRIu64 " was durable (a restored backup?)",
                             check.last_position, epoch->epoch_id, epoch->acknowledged_position);
    }
    if (check.last_position > epoch->last_position) {
        return occ_error_set(err, OCC_ERR_INTEGRITY,
                             "the ledger has more than the boundary made: it ends at position %" PRIu64
                             " of epoch %s, and the boundary at %" PRIu64,
                             check.last_position, epoch->epoch_id, epoch->last_position);
    }
    return occ_success();
}

/* ---- heads ---- */

struct ledger_head {
    bool found;
    uint64_t counter;
    uint8_t link_hash[OCC_SHA256_LEN];
    struct occ_error *err;
};

static struct occ_result
hash_link(struct occ_bytes text, struct occ_error *err, uint8_t ret_hash[OCC_SHA256_LEN])
{
    __attribute__((cleanup(occ_json_cleanup))) struct occ_json *root = NULL;
    struct occ_proof proof;
    OCC_TRY(occ_json_parse(text, OCC_LIMIT_JSON_DEPTH, err, &root));
    OCC_TRY(occ_proof_read(root, err, &proof));
    return occ_body_link_hash(&proof, false, ret_hash);
}

static struct occ_result
visit_head(void *ctx, const struct occ_ledger_found *found)
{
    struct ledger_head *head = ctx;
    struct occ_error why = { 0 };
    const struct occ_result hashed = hash_link(found->text, &why, head->link_hash);
    if (hashed.code == OCC_ERR_NOMEM) {
        return occ_error_code(head->err, OCC_ERR_NOMEM);
    }
    if (!occ_is_ok(hashed)) {
        return occ_error_set(head->err, OCC_ERR_INTEGRITY, "the ledger's newest proof is none: %s", why.text);
    }
    head->counter = found->counter;
    head->found = true;
    return occ_success();
}

static struct occ_result
compare_head(struct occ_ledger_reader *reader, const struct occ_compare_epoch *epoch,
             const struct occ_compare_head *expected, struct occ_error *err)
{
    struct ledger_head head = { .err = err };
    OCC_TRY(occ_ledger_head(reader, occ_bytes_str(epoch->epoch_id), occ_bytes_str(expected->chain_id), visit_head,
                            &head, err));
    if (head.counter != expected->counter) {
        return occ_error_set(err, OCC_ERR_INTEGRITY,
                             "%s of epoch %s ends in the ledger at counter %" PRIu64
                             ", and in the boundary at %" PRIu64,
                             name_of(expected->chain_id), epoch->epoch_id, head.counter, expected->counter);
    }
    if (head.found && memcmp(head.link_hash, expected->link_hash, sizeof(head.link_hash)) != 0) {
        return occ_error_set(err, OCC_ERR_INTEGRITY,
                             "%s of epoch %s: the ledger's newest proof is not the one that the boundary goes on from",
                             name_of(expected->chain_id), epoch->epoch_id);
    }
    return occ_success();
}

struct occ_result
occ_compare_heads(struct occ_ledger_reader *reader, const struct occ_compare_epoch *epoch, struct occ_error *err)
{
    for (size_t i = 0; i < epoch->head_count; i++) {
        OCC_TRY(compare_head(reader, epoch, &epoch->heads[i], err));
    }
    return occ_success();
}

/* ---- links ---- */

struct link {
    struct occ_link_writer writer;
    struct occ_bytes chain_id;
};

static struct occ_result
visit_newest(void *ctx, const struct occ_ledger_found *found)
{
    struct link *link = ctx;
    occ_link_put(&link->writer, link->chain_id, found->text);
    return occ_success();
}

struct occ_result
occ_compare_put_link(struct occ_ledger_reader *reader, const struct occ_compare_epoch *epoch, uint64_t id,
                     struct occ_error *err, struct occ_buf *buf, size_t *ret_chains)
{
    struct link link = { 0 };
    occ_link_begin(&link.writer, buf, id);
    for (size_t i = 0; i < epoch->head_count; i++) {
        if (epoch->heads[i].counter == 0) {
            link.chain_id = occ_bytes_str(epoch->heads[i].chain_id);
            OCC_TRY(occ_ledger_head(reader, occ_bytes_of(NULL, 0), link.chain_id, visit_newest, &link, err));
        }
    }
    occ_link_end(&link.writer);
    const struct occ_result put = occ_buf_check(buf);
    if (!occ_is_ok(put)) {
        return occ_error_code(err, put.code);
    }
    if (buf->len > epoch->frame_len_max) {
        return occ_error_set(err, OCC_ERR_LIMIT, "the proofs to link to have %zu bytes, a frame at most %zu", buf->len,
                             epoch->frame_len_max);
    }
    *ret_chains = link.writer.chains;
    return occ_success();
}
