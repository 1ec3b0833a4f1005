/* entropy.c — see entropy.h. */
#include "enclave/entropy.h"

#include "crypto/secret.h"
#include "os/urandom.h"

/* What is held against each other: 32 bytes that are equal by chance do not occur. */
enum { PIECE_LEN = 32, PIECES = 4 };

/* In locked memory. */
struct given {
    uint8_t pieces[PIECES][PIECE_LEN]; /* the first half is the seed, the second the kernel's */
};

static bool
is_zero(const uint8_t *piece)
{
    static const uint8_t zero[PIECE_LEN] = { 0 };
    return occ_secret_equal(piece, zero, PIECE_LEN);
}

static OCC_RESULT
check(const struct given *given, struct occ_error *err)
{
    for (size_t i = 0; i < PIECES; i++) {
        if (is_zero(given->pieces[i])) {
            return occ_error_set(err, OCC_ERR_RANDOM, "the NSM's random is zero");
        }
        for (size_t j = 0; j < i; j++) {
            if (occ_secret_equal(given->pieces[i], given->pieces[j], PIECE_LEN)) {
                return occ_error_set(err, OCC_ERR_RANDOM, "the NSM's random repeats itself");
            }
        }
    }
    return occ_success();
}

static OCC_RESULT
use(const struct occ_nsm *nsm, const char *pool, struct given *given, struct occ_error *err,
    struct occ_random **ret_random)
{
    const size_t half = sizeof given->pieces / 2;
    uint8_t *const bytes = given->pieces[0];
    OCC_TRY(occ_nsm_random(nsm, err, bytes, half));
    OCC_TRY(
        occ_nsm_random(nsm, err, bytes + half, half)); /* a request of its own: it shows a device that starts over */
    OCC_TRY(check(given, err));
    OCC_TRY(occ_urandom_add(pool, occ_bytes_of(bytes + half, half), err));
    const struct occ_result made = occ_random_new(occ_secret_random, occ_bytes_of(bytes, half), ret_random);
    return occ_is_ok(made) ? made : occ_error_code(err, made.code);
}

struct occ_result
occ_entropy_open(const struct occ_nsm *nsm, const char *pool, struct occ_error *err, struct occ_random **ret_random)
{
    void *memory = NULL;
    const struct occ_result locked = occ_secret_new(sizeof(struct given), &memory);
    if (!occ_is_ok(locked)) {
        return occ_error_code(err, locked.code);
    }
    const struct occ_result result = use(nsm, pool, memory, err, ret_random);
    occ_secret_free(memory);
    return result;
}
