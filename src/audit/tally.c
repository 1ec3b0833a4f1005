/* tally.c — see tally.h. */
#include "audit/tally.h"

#include <stdlib.h>

enum { TABLE_LEN = 2 * OCC_LIMIT_AUDIT_CHAINS };
_Static_assert((TABLE_LEN & (TABLE_LEN - 1)) == 0 && OCC_LIMIT_AUDIT_CHAINS < UINT16_MAX, "a table for masks");

struct occ_result
occ_tally_init(struct occ_tally *tally)
{
    uint16_t *slots = calloc(TABLE_LEN, sizeof slots[0]);
    OCC_ENSURE(slots != NULL, OCC_ERR_NOMEM);
    *tally = (struct occ_tally){ .slots = slots };
    return occ_success();
}

void
occ_tally_clear(struct occ_tally *tally)
{
    free(tally->chains);
    free(tally->slots);
    *tally = (struct occ_tally){ .chains = NULL };
}

/* Where the key is in the table, or would be. Keys are SHA-256 values: any two bytes of them are as good. */
static size_t
probe(const struct occ_tally *tally, const uint8_t *key)
{
    size_t at = (size_t)(key[0] << 8 | key[1]) % TABLE_LEN;
    while (tally->slots[at] != 0 && memcmp(tally->chains[tally->slots[at] - 1].key, key, OCC_SHA256_LEN) != 0) {
        at = (at + 1) % TABLE_LEN;
    }
    return at;
}

long
occ_tally_find(const struct occ_tally *tally, const uint8_t key[OCC_SHA256_LEN])
{
    return (long)tally->slots[probe(tally, key)] - 1;
}

struct occ_result
occ_tally_add(struct occ_tally *tally, const struct occ_record *record, const struct occ_chain_name *name,
              long *ret_index)
{
    if (tally->count == OCC_LIMIT_AUDIT_CHAINS) {
        *ret_index = -1;
        return occ_success();
    }
    if (tally->count == tally->cap) {
        const size_t cap = tally->cap == 0 ? 16 : 2 * tally->cap;
        struct occ_chain *chains = reallocarray(tally->chains, cap, sizeof chains[0]);
        OCC_ENSURE(chains != NULL, OCC_ERR_NOMEM);
        tally->chains = chains;
        tally->cap = cap;
    }
    struct occ_chain *chain = &tally->chains[tally->count];
    *chain = (struct occ_chain){ .name = *name, .place = record->place };
    memcpy(chain->key, record->chain, sizeof chain->key);
    const size_t at = probe(tally, record->chain);
    tally->slots[at] = (uint16_t)(tally->count + 1);
    *ret_index = (long)tally->count;
    tally->count++;
    return occ_success();
}
