#include "settings/suggest.h"

/* Longer names are not compared: none of ours is. */
enum { LONGEST = 40 };

static size_t
smallest(size_t a, size_t b, size_t c)
{
    const size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Optimal string alignment distance, three rows of the usual table. Both at most LONGEST bytes. */
static size_t
distance(struct occ_bytes a, struct occ_bytes b)
{
    size_t rows[3][LONGEST + 1];
    for (size_t j = 0; j <= b.len; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= a.len; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i - 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            const size_t change = a.ptr[i - 1] == b.ptr[j - 1] ? 0 : 1;
            row[j] = smallest(above[j] + 1, row[j - 1] + 1, above[j - 1] + change);
            if (i > 1 && j > 1 && a.ptr[i - 1] == b.ptr[j - 2] && a.ptr[i - 2] == b.ptr[j - 1]) {
                row[j] = smallest(row[j], rows[(i - 2) % 3][j - 2] + 1, row[j]);
            }
        }
    }
    return rows[a.len % 3][b.len];
}

void
occ_suggest_offer(struct occ_suggest *suggest, const char *name)
{
    const struct occ_bytes word = suggest->word;
    const struct occ_bytes other = occ_bytes_str(name);
    if (word.len == 0 || word.len > LONGEST || other.len > LONGEST) {
        return;
    }
    size_t found = distance(word, other);
    if (word.len >= 3 && other.len >= word.len && memcmp(word.ptr, other.ptr, word.len) == 0) {
        found = 1;
    }
    const size_t allowed = word.len < 3 ? 1 : word.len / 3;
    if (found <= allowed && found < word.len && (suggest->best == NULL || found < suggest->best_distance)) {
        suggest->best = name;
        suggest->best_distance = found;
    }
}
