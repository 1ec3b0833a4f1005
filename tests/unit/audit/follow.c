/*
 * Tests of src/audit/follow.c: what it settles, sorted.c finds without a fault, with the same facts and notes; and what it
 * should settle, it does.
 */
#include "unit/audit/judgement.h"

enum { MOST = 400 };

struct world {
    struct plan plans[MOST];
    size_t count;
    uint32_t random;
};

static unsigned
below(struct world *world, unsigned n)
{
    world->random = world->random * 1664525 + 1013904223;
    return (world->random >> 8) % n;
}

/* A chain that is being made. */
struct line {
    unsigned chain, counter, last;      /* last = id of the last proof, 0 = none */
    unsigned last_report;               /* the last proof has a report */
    unsigned open[8], open_len, epochs; /* counters of slots that wait */
};

/* One proof more on that line; now and then with a slot, a gap, a time that goes back, a new epoch. */
static void
grow(struct world *world, struct line *line, unsigned *next_id, unsigned *next_chain)
{
    struct plan plan = { .id = (*next_id)++, .chain = line->chain, .report = below(world, 4) == 0 };
    while (below(world, 5) == 0 && line->open_len < 8) { /* a slot takes a counter */
        line->open[line->open_len++] = ++line->counter;
    }
    plan.counter = ++line->counter;
    if (line->open_len > 0 && below(world, 2) == 0) {
        const unsigned which = below(world, line->open_len);
        plan.slot = line->open[which];
        line->open[which] = line->open[--line->open_len];
    }
    plan.prev = line->last;
    plan.prev_form = line->last_report ? below(world, 2) : 0;
    plan.time = 1000 + plan.counter - (below(world, 20) == 0 ? 3 : 0);
    if (line->last != 0 && below(world, 25) == 0) { /* an epoch ends, the next one begins; its slots are gone */
        plan.link = line->last;
        plan.link_chain = line->chain;
        plan.link_counter = line->counter - 1;
        for (size_t i = world->count; i > 0; i--) {
            if (world->plans[i - 1].id == line->last) {
                plan.link_counter = world->plans[i - 1].counter;
                break;
            }
        }
        plan.prev = 0;
        plan.slot = 0;
        line->chain = (*next_chain)++;
        plan.chain = line->chain;
        line->open_len = 0;
    }
    line->last = plan.id;
    line->last_report = plan.report;
    world->plans[world->count++] = plan;
}

static void
make_world(struct world *world, uint32_t seed)
{
    *world = (struct world){ .random = seed };
    unsigned next_id = 1;
    unsigned next_chain = 10;
    struct line lines[3] = { { .chain = 1 }, { .chain = 2 }, { .chain = 3 } };
    const unsigned lines_len = 1 + below(world, 3);
    const unsigned count = 1 + below(world, MOST - 1);
    for (unsigned i = 0; i < count; i++) {
        grow(world, &lines[below(world, lines_len)], &next_id, &next_chain);
    }
}

/* Damage of a kind that sometimes breaks something and sometimes does not. */
static void
damage(struct world *world)
{
    const size_t at = below(world, (unsigned)world->count);
    struct plan *plan = &world->plans[at];
    switch (below(world, 9)) {
    case 0: /* drops one */
        memmove(plan, plan + 1, (world->count - at - 1) * sizeof *plan);
        world->count--;
        break;
    case 1: /* swaps two */
        if (at + 1 < world->count) {
            const struct plan moved = plan[0];
            plan[0] = plan[1];
            plan[1] = moved;
        }
        break;
    case 2: /* from the middle */
        memmove(world->plans, plan, (world->count - at) * sizeof *plan);
        world->count -= at;
        break;
    case 3:
        plan->prev = 1 + below(world, MOST);
        break;
    case 4:
        plan->slot = plan->counter > 1 ? 1 + below(world, plan->counter - 1) : 0;
        break;
    case 5:
        plan->counter += below(world, 3);
        break;
    case 6: /* one a second time, perhaps with changes */
        if (world->count < MOST) {
            world->plans[world->count] = *plan;
            world->plans[world->count].id += below(world, 2) * 1000;
            world->plans[world->count].copy = below(world, 2);
            world->count++;
        }
        break;
    case 7:
        plan->link = plan->link == 0 ? 0 : 1 + below(world, MOST);
        break;
    default:
        plan->chain = 1 + below(world, 3);
        break;
    }
}

static void
shuffle(struct world *world)
{
    for (size_t i = world->count; i > 1; i--) {
        const size_t j = below(world, (unsigned)i);
        const struct plan moved = world->plans[i - 1];
        world->plans[i - 1] = world->plans[j];
        world->plans[j] = moved;
    }
}

static void
test_good_is_settled(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 300; seed++) {
        struct world world;
        make_world(&world, seed);
        struct judgement followed;
        struct judgement sorted;
        follow_plans(world.plans, world.count, &followed);
        sort_plans(world.plans, world.count, false, &sorted);
        assert_true(followed.settled);
        assert_int_equal(occ_findings_faults(&sorted.findings), 0);
        assert_same(&followed, &sorted);
        clear_judgement(&followed);
        clear_judgement(&sorted);
    }
}

static void
test_settled_is_good(void **state)
{
    (void)state;
    unsigned settled = 0;
    unsigned unsettled = 0;
    for (uint32_t seed = 1; seed <= 800; seed++) {
        struct world world;
        make_world(&world, seed);
        for (unsigned i = below(&world, 3); i < 3 && world.count > 0; i++) {
            damage(&world);
        }
        struct judgement followed;
        struct judgement sorted;
        follow_plans(world.plans, world.count, &followed);
        sort_plans(world.plans, world.count, false, &sorted);
        if (followed.settled) {
            settled++;
            assert_same(&followed, &sorted);
        } else {
            unsettled++;
        }
        clear_judgement(&followed);
        clear_judgement(&sorted);
    }
    assert_true(settled > 30 && unsettled > 300);
}

/* In another order: as many faults of each kind. */
static void
test_order_does_not_matter(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 300; seed++) {
        struct world world;
        make_world(&world, seed);
        for (unsigned i = below(&world, 3); i < 3 && world.count > 0; i++) {
            damage(&world);
        }
        struct judgement one;
        struct judgement other;
        sort_plans(world.plans, world.count, false, &one);
        shuffle(&world);
        sort_plans(world.plans, world.count, false, &other);
        for (int kind = 0; kind < OCC_FINDING_COUNT; kind++) {
            if (one.findings.counts[kind] != other.findings.counts[kind]) {
                fail_msg("seed %u: %s %u and %u", (unsigned)seed, occ_finding_name((enum occ_finding_kind)kind),
                         (unsigned)one.findings.counts[kind], (unsigned)other.findings.counts[kind]);
            }
        }
        clear_judgement(&one);
        clear_judgement(&other);
    }
}

static void
assert_unsettled(const struct plan *plans, size_t count)
{
    struct judgement judgement;
    follow_plans(plans, count - 1, &judgement);
    assert_true(judgement.settled); /* the last one is what cannot be settled */
    clear_judgement(&judgement);
    follow_plans(plans, count, &judgement);
    assert_false(judgement.settled);
    clear_judgement(&judgement);
}

static void
test_unsettled(void **state)
{
    (void)state;
    const struct plan first = { .id = 1, .chain = 1, .counter = 1 };
    const struct plan second = { .id = 2, .chain = 1, .counter = 2, .prev = 1 };
    const struct plan next = { .id = 3, .chain = 2, .counter = 3, .link = 2, .link_chain = 1, .link_counter = 2 };
    const struct plan rows[][4] = {
        { first, second, { .id = 9, .chain = 1, .counter = 2, .prev = 1 } },            /* one counter twice */
        { first, second, second },                                                      /* a copy */
        { first, second, { .id = 9, .chain = 1, .counter = 3, .prev = 1 } },            /* another link */
        { first, second, { .id = 9, .chain = 1, .counter = 3 } },                       /* no link */
        { first, second, { .id = 9, .chain = 1 } },                                     /* no counter */
        { first, second, { .id = 9, .chain = 2, .counter = 2, .prev = 1 } },            /* begins after links */
        { first, second, { .id = 9, .chain = 1, .counter = 3, .prev = 2, .slot = 2 } }, /* no such gap */
        { first, second, next, { .id = 9, .chain = 1, .counter = 3, .prev = 2 } },      /* goes on */
        { first, second, next, { .id = 9, .chain = 3, .counter = 3, .link = 2, .link_chain = 1, .link_counter = 2 } },
        { first, second, { .id = 9, .chain = 3, .counter = 3, .link = 2, .link_chain = 1, .link_counter = 1 } },
        { first, second, { .id = 9, .chain = 3, .counter = 3, .link = 1, .link_chain = 1, .link_counter = 2 } },
        { next, first }, /* comes too late */
        { { .id = 5, .chain = 5, .counter = 5, .prev = 4 }, { .id = 6, .chain = 6, .counter = 5, .prev = 4 } },
    };
    static const size_t counts[] = { 3, 3, 3, 3, 3, 3, 3, 4, 4, 3, 3, 2, 2 };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_unsettled(rows[i], counts[i]);
    }
}

static void
test_too_many_chains(void **state)
{
    (void)state;
    static struct plan plans[OCC_LIMIT_AUDIT_CHAINS + 1];
    for (unsigned i = 0; i <= OCC_LIMIT_AUDIT_CHAINS; i++) {
        plans[i] = (struct plan){ .id = i + 1, .chain = i + 1, .counter = 1 };
    }
    assert_unsettled(plans, OCC_LIMIT_AUDIT_CHAINS + 1);
    struct judgement sorted;
    sort_plans(plans, OCC_LIMIT_AUDIT_CHAINS + 1, false, &sorted);
    assert_int_equal(sorted.chains, OCC_LIMIT_AUDIT_CHAINS + 1);
    assert_int_equal(sorted.tally.count, OCC_LIMIT_AUDIT_CHAINS);
    assert_int_equal(occ_findings_faults(&sorted.findings), 0);
    clear_judgement(&sorted);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_is_settled),       cmocka_unit_test(test_settled_is_good),
        cmocka_unit_test(test_order_does_not_matter), cmocka_unit_test(test_unsettled),
        cmocka_unit_test(test_too_many_chains),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
