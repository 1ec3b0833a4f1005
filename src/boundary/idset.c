/* idset.c — open addressing, linear probing. */
#include "boundary/idset.h"

#include <stdlib.h>

enum { PLACES_MIN = 16 };

void
occ_idset_clear(struct occ_idset *set)
{
    free(set->places);
    *set = (struct occ_idset){ 0 };
}

static bool
is_free(const uint8_t place[OCC_IDSET_ID_LEN])
{
    static const uint8_t zeros[OCC_IDSET_ID_LEN];
    return memcmp(place, zeros, sizeof zeros) == 0;
}

/* Where id would go if all places were free; an index that wraps around at their number. */
static size_t
home_of(const uint8_t id[OCC_IDSET_ID_LEN])
{
    size_t home = 0;
    memcpy(&home, id, sizeof home);
    return home;
}

/* The place that holds id, or the free one where it would go. There are places, and one of them is free. */
static uint8_t *
find(const struct occ_idset *set, const uint8_t id[OCC_IDSET_ID_LEN])
{
    for (size_t at = home_of(id);; at++) {
        uint8_t *const place = set->places[at & (set->place_count - 1)];
        if (is_free(place) || memcmp(place, id, OCC_IDSET_ID_LEN) == 0) {
            return place;
        }
    }
}

bool
occ_idset_has(const struct occ_idset *set, const uint8_t id[OCC_IDSET_ID_LEN])
{
    return set->place_count > 0 && !is_free(find(set, id));
}

static bool
has_room(size_t place_count, size_t ids)
{
    return ids <= place_count / 4 * 3;
}

struct occ_result
occ_idset_reserve(struct occ_idset *set, size_t more)
{
    if (has_room(set->place_count, set->count + more)) {
        return occ_success();
    }
    struct occ_idset larger = { .place_count = set->place_count < PLACES_MIN ? PLACES_MIN : set->place_count };
    while (!has_room(larger.place_count, set->count + more)) {
        larger.place_count *= 2;
    }
    larger.places = calloc(larger.place_count, sizeof larger.places[0]);
    OCC_ENSURE(larger.places != NULL, OCC_ERR_NOMEM);
    for (size_t i = 0; i < set->place_count; i++) {
        if (!is_free(set->places[i])) {
            (void)occ_idset_put(&larger, set->places[i]);
        }
    }
    free(set->places);
    *set = larger;
    return occ_success();
}

bool
occ_idset_put(struct occ_idset *set, const uint8_t id[OCC_IDSET_ID_LEN])
{
    uint8_t *const place = find(set, id);
    if (!is_free(place)) {
        return false;
    }
    memcpy(place, id, OCC_IDSET_ID_LEN);
    set->count++;
    return true;
}

bool
occ_idset_take(struct occ_idset *set, const uint8_t id[OCC_IDSET_ID_LEN])
{
    if (!occ_idset_has(set, id)) {
        return false;
    }
    const size_t mask = set->place_count - 1;
    size_t hole = (size_t)(find(set, id) - set->places[0]) / OCC_IDSET_ID_LEN;
    /* An id behind the hole moves into it, unless it would then lie in front of its home: none may be cut off from there. */
    for (size_t at = hole + 1; !is_free(set->places[at & mask]); at++) {
        const size_t from_home = (at - home_of(set->places[at & mask])) & mask;
        if (from_home >= ((at - hole) & mask)) {
            memcpy(set->places[hole], set->places[at & mask], OCC_IDSET_ID_LEN);
            hole = at & mask;
        }
    }
    memset(set->places[hole], 0, OCC_IDSET_ID_LEN);
    set->count--;
    return true;
}
