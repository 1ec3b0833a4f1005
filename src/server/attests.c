#include "server/attests.h"

static struct occ_attests_place *
find(struct occ_attests *attests, uint64_t id)
{
    for (size_t i = 0; i < OCC_ATTESTS_PLACES; i++) {
        if (attests->places[i].id == id) {
            return &attests->places[i];
        }
    }
    return NULL;
}

static struct occ_attests_place *
find_free(struct occ_attests *attests)
{
    for (size_t i = 0; i < OCC_LIMIT_ATTEST_ASKERS; i++) {
        if (attests->places[i].id == 0) {
            return &attests->places[i];
        }
    }
    return NULL;
}

static void
push(struct occ_attests *attests, struct occ_attests_place *place, struct occ_boundary_attest *attest)
{
    attest->next = place->first;
    place->first = attest;
    attests->waiting++;
}

struct occ_result
occ_attests_add(struct occ_attests *attests, struct occ_boundary_attest *attest, uint64_t *last_id, struct occ_buf *out)
{
    const bool has_nonce = attest->nonce.len > 0;
    struct occ_attests_place *place = has_nonce ? find_free(attests) : &attests->places[OCC_LIMIT_ATTEST_ASKERS];
    OCC_ENSURE(place != NULL, OCC_ERR_BUSY);
    if (place->id != 0) {
        push(attests, place, attest);
        return occ_success();
    }
    const uint64_t id = *last_id + 1;
    occ_attest_put(out, id, attest->nonce);
    OCC_TRY(occ_buf_check(out));
    *last_id = id;
    *place = (struct occ_attests_place){ .id = id };
    push(attests, place, attest);
    return occ_success();
}

/* Only those that are there now: done may lead to new ones. */
static void
answer_all(struct occ_attests *attests, struct occ_boundary_attest *first, const struct occ_attest_answer *answer)
{
    while (first != NULL) {
        struct occ_boundary_attest *attest = first;
        first = attest->next;
        attests->waiting--;
        attest->done(attest, answer);
    }
}

static struct occ_boundary_attest *
free_place(struct occ_attests_place *place)
{
    struct occ_boundary_attest *first = place->first;
    *place = (struct occ_attests_place){ 0 };
    return first;
}

struct occ_result
occ_attests_take(struct occ_attests *attests, const struct occ_frame *frame)
{
    struct occ_attest_answer answer;
    struct occ_attests_place *place = frame->id == 0 ? NULL : find(attests, frame->id);
    OCC_ENSURE(place != NULL, OCC_ERR_WIRE_MESSAGE);
    OCC_TRY(occ_attest_read_answer(frame->payload, &answer));
    answer_all(attests, free_place(place), &answer);
    return occ_result_of(answer.code == OCC_ERR_INTEGRITY ? OCC_ERR_INTEGRITY : OCC_OK);
}

static struct occ_attest_answer
failure(enum occ_err code)
{
    return (struct occ_attest_answer){ .code = code, .text = occ_bytes_str(occ_result_text(code)) };
}

/* Takes out of a place those that came before before_ms, and puts them in front of *late. */
static void
take_late(struct occ_attests_place *place, uint64_t before_ms, struct occ_boundary_attest **late)
{
    struct occ_boundary_attest **at = &place->first;
    while (*at != NULL) {
        struct occ_boundary_attest *attest = *at;
        if (attest->since_ms >= before_ms) {
            at = &attest->next;
            continue;
        }
        *at = attest->next;
        attest->next = *late;
        *late = attest;
    }
}

void
occ_attests_time_out(struct occ_attests *attests, uint64_t before_ms)
{
    const struct occ_attest_answer answer = failure(OCC_ERR_TIMEOUT);
    struct occ_boundary_attest *late = NULL;
    for (size_t i = 0; i < OCC_ATTESTS_PLACES; i++) {
        take_late(&attests->places[i], before_ms, &late);
    }
    answer_all(attests, late, &answer);
}

void
occ_attests_fail_all(struct occ_attests *attests, enum occ_err code)
{
    const struct occ_attest_answer answer = failure(code);
    struct occ_boundary_attest *all = NULL;
    for (size_t i = 0; i < OCC_ATTESTS_PLACES; i++) {
        take_late(&attests->places[i], UINT64_MAX, &all);
        (void)free_place(&attests->places[i]);
    }
    answer_all(attests, all, &answer);
}
