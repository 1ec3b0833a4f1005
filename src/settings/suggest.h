/*
 * suggest.h — "did you mean …?": the nearest of some names to a word that is none of them.
 */
#ifndef OCC_SETTINGS_SUGGEST_H
#define OCC_SETTINGS_SUGGEST_H

#include "base/bytes.h"

/* A search: begin with { .word = … }, offer every name, look at best (NULL = none is near enough to be meant). */
struct occ_suggest {
    struct occ_bytes word;
    const char *best;
    size_t best_distance;
};

/*
 * Considers a name, which must outlive the search. Near enough = at most a third of the word's letters to change (insert,
 * delete, replace, or swap two neighbours), at least one; or the word is the name's beginning, of three letters or more.
 */
void occ_suggest_offer(struct occ_suggest *suggest, const char *name);

#endif
