/* sweep.c — see sweep.h. */
#include "ledger/sweep.h"

#include <inttypes.h>

#include "ledger/sum.h"

uint64_t
occ_sweep_entry(const uint8_t entry[OCC_BLOCK_ENTRY_LEN])
{
    return occ_sum_of(occ_bytes_of(entry, OCC_BLOCK_ENTRY_LEN));
}

static OCC_RESULT
sweep_run(struct occ_db *db, uint64_t run, uint64_t blocks, struct occ_error *err, uint64_t *sum, uint64_t *entries)
{
    struct occ_block block;
    uint8_t last[OCC_BLOCK_ENTRY_LEN] = { 0 };
    for (uint32_t n = 0; n < blocks; n++) {
        OCC_TRY(occ_index_block(db, run, n, err, &block));
        OCC_TRY(occ_index_check_fence(db, run, n, &block, err));
        if (memcmp(last, occ_block_entry(&block, 0), sizeof last) >= 0) {
            return occ_error_set(err, OCC_ERR_LEDGER_CORRUPT, "%s: run %" PRIu64 " is not in order", db->path, run);
        }
        for (size_t i = 0; i < block.count; i++) {
            *sum += occ_sweep_entry(occ_block_entry(&block, i));
        }
        *entries += block.count;
        memcpy(last, occ_block_entry(&block, block.count - 1), sizeof last);
    }
    return occ_success();
}

struct occ_result
occ_sweep_index(struct occ_db *db, struct occ_error *err, uint64_t *ret_sum, uint64_t *ret_entries)
{
    uint64_t sum = 0, entries = 0;
    sqlite3_stmt *const runs = occ_db_statement(db, OCC_INDEX_RUNS);
    for (;;) {
        bool found;
        OCC_TRY(occ_db_step(db, runs, err, &found));
        if (!found) {
            break;
        }
        const struct occ_result result = sweep_run(db, occ_db_u64(runs, 0), occ_db_u64(runs, 1), err, &sum, &entries);
        if (!occ_is_ok(result)) {
            (void)sqlite3_reset(runs);
            return result;
        }
    }
    (void)sqlite3_reset(runs);
    *ret_sum = sum;
    *ret_entries = entries;
    return occ_success();
}
