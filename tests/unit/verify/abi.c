/*
 * tests/unit/verify/abi.c: callers that were built with another version of <occ/verify.h>. The numbers here are those of the first
 * version on 64-bit systems and stay as they are when members are added: such callers exist.
 */
#include "base/limits.h"
#include "unit/verify/whole.h"

enum {
    FIRST_OPTIONS = sizeof(size_t),
    FIRST_INPUT = 48,
    FIRST_CHECK = 32,
    FIRST_ATTESTATION = 76,
    FIRST_TIMESTAMP = 96,
    FIRST_ACTOR = 84,
    FIRST_HASHES = 136,
    TAIL = 64 /* what a newer caller has behind what we know */
};

/* What a caller adds to an input may ask for something: there is no padding that an older caller left as it was. */
_Static_assert(sizeof(struct occ_verifier_options) ==
                   offsetof(struct occ_verifier_options, sim_nitro_root_len) + sizeof(size_t),
               "no padding behind the options");
_Static_assert(sizeof(struct occ_verify_input) == offsetof(struct occ_verify_input, digest) + sizeof(void *),
               "no padding behind the input");

/* ---- structs that the library fills ---- */

struct filled {
    const char *name;
    size_t size, known,
        first; /* of the struct, to the end of its last member, and of the last that the first version had */
    bool pad;  /* bytes 12 to 15 are padding */
    int (*get)(const occ_report *report, void *ret);
};

static int
get_check(const occ_report *report, void *ret)
{
    return occ_report_check(report, 0, ret);
}

static int
get_attestation(const occ_report *report, void *ret)
{
    return occ_report_attestation(report, ret);
}

static int
get_timestamp(const occ_report *report, void *ret)
{
    return occ_report_timestamp(report, 1, ret);
}

static int
get_actor(const occ_report *report, void *ret)
{
    return occ_report_actor(report, ret);
}

static int
get_hashes(const occ_report *report, void *ret)
{
    (void)report;
    return occ_hashes_of(PLAIN_PROOF, strlen(PLAIN_PROOF), ret) == OCC_OK;
}

static const struct filled filled[] = {
    { "check", sizeof(struct occ_check), 32, FIRST_CHECK, false, get_check },
    { "attestation", sizeof(struct occ_attestation), 76, FIRST_ATTESTATION, true, get_attestation },
    { "timestamp", sizeof(struct occ_timestamp), 96, FIRST_TIMESTAMP, true, get_timestamp },
    { "actor", sizeof(struct occ_actor), 84, FIRST_ACTOR, true, get_actor },
    { "hashes", sizeof(struct occ_hashes), 136, FIRST_HASHES, false, get_hashes },
};

/* A caller whose struct has this size: nothing behind it is written, and what it has is what `full` says. */
static void
hold_size(const struct filled *kind, const occ_report *report, const uint8_t *full, size_t size, bool taken)
{
    _Alignas(16) uint8_t memory[OCC_LIMIT_STRUCT_LEN + 2 * TAIL];
    memset(memory, 0xa5, sizeof memory);
    memcpy(memory, &size, sizeof size);
    assert_int_equal(kind->get(report, memory), taken);
    size_t after;
    memcpy(&after, memory, sizeof after);
    assert_int_equal(after, size);
    const size_t written = taken ? size : sizeof size;
    for (size_t i = sizeof size; i < sizeof memory; i++) {
        const uint8_t expected = i >= written ? 0xa5 : i < kind->known ? full[i] : 0;
        const bool is_pad = kind->pad && i >= 12 && i < 16 && i < written;
        if (memory[i] != expected && !is_pad) {
            fail_msg("%s of %zu bytes: byte %zu is %d, expected %d", kind->name, size, i, memory[i], expected);
        }
    }
}

static void
test_filled(void **state)
{
    (void)state;
    const struct whole_plan plan = whole_plan();
    struct whole whole = whole_make(&plan);
    occ_report *report = NULL;
    assert_int_equal(whole_verify(&whole, whole.text, NULL, &report), OCC_OK);
    for (size_t i = 0; i < sizeof filled / sizeof filled[0]; i++) {
        const struct filled *kind = &filled[i];
        _Alignas(16) uint8_t full[256] = { 0 };
        assert_true(kind->size <= sizeof full && kind->first <= kind->known && kind->known <= kind->size);
        memcpy(full, &kind->size, sizeof kind->size);
        assert_int_equal(kind->get(report, full), 1);
        for (size_t size = 0; size <= kind->size + TAIL; size++) {
            hold_size(kind, report, full, size, size >= kind->first);
        }
        hold_size(kind, report, full, OCC_LIMIT_STRUCT_LEN, true);
        hold_size(kind, report, full, OCC_LIMIT_STRUCT_LEN + 1, false); /* never set */
    }
    occ_report_free(report);
    whole_clear(&whole);
}

/* ---- structs that the library reads ---- */

/* A size that nobody set does not lead the library out of the caller's memory: these lie on the heap, where a sanitizer looks. */
static void *
on_heap(const void *known, size_t known_size, size_t size, uint8_t tail)
{
    uint8_t *copy = malloc(size);
    assert_non_null(copy);
    memset(copy, tail, size);
    memcpy(copy, known, size < known_size ? size : known_size);
    memcpy(copy, &size, sizeof size);
    return copy;
}

static enum occ_err
new_of_size(const struct occ_verifier_options *options, size_t size, uint8_t tail)
{
    void *copy = on_heap(options, sizeof *options, size, tail);
    occ_verifier *verifier = NULL;
    const enum occ_err code = occ_verifier_new(copy, &verifier);
    assert_int_equal(verifier != NULL, code == OCC_OK);
    occ_verifier_free(verifier);
    free(copy);
    return code;
}

static void
test_options(void **state)
{
    (void)state;
    const struct occ_verifier_options options = { .size = sizeof options };
    for (size_t size = FIRST_OPTIONS; size <= sizeof options + TAIL; size++) {
        assert_int_equal(new_of_size(&options, size, 0), OCC_OK);
    }
    for (size_t size = sizeof options + 1; size <= sizeof options + TAIL; size++) {
        assert_int_equal(new_of_size(&options, size, 1), OCC_ERR_UNSUPPORTED);
    }
    assert_int_equal(new_of_size(&options, OCC_LIMIT_STRUCT_LEN, 0), OCC_OK);
    occ_verifier *verifier = NULL;
    for (size_t size = 0; size < FIRST_OPTIONS; size++) {
        const struct occ_verifier_options small = { .size = size };
        assert_int_equal(occ_verifier_new(&small, &verifier), OCC_ERR_USAGE);
    }
    /* Not even the problem is written: where it would be is not known. */
    char problem[8] = "same";
    const struct occ_verifier_options huge = { .size = OCC_LIMIT_STRUCT_LEN + 1,
                                               .problem = problem,
                                               .problem_size = sizeof problem };
    assert_int_equal(occ_verifier_new(&huge, &verifier), OCC_ERR_USAGE);
    assert_string_equal(problem, "same");
    assert_null(verifier);
}

/* What an older caller's struct does not reach is not looked at, wherever it ends. */
static void
test_older_options(void **state)
{
    (void)state;
    static const char *const names[] = { "" };
    const struct occ_verifier_options wrong = { .size = sizeof wrong,
                                                .nitro_root = "not a root",
                                                .nitro_root_len = 10,
                                                .tsa_roots = "not a root",
                                                .tsa_roots_len = 10,
                                                .rp_ids = names,
                                                .rp_id_count = 1,
                                                .origins = names,
                                                .origin_count = 1,
                                                .sim_nitro_root = "not a root",
                                                .sim_nitro_root_len = 10 };
    const struct {
        size_t member;
        enum occ_err code; /* of a caller that has it, but nothing behind it, and zero in front */
    } ends[] = {
        { offsetof(struct occ_verifier_options, nitro_root), OCC_ERR_NITRO_CERTIFICATE },
        { offsetof(struct occ_verifier_options, tsa_roots), OCC_ERR_FIELD_VALUE },
        { offsetof(struct occ_verifier_options, rp_ids), OCC_ERR_FIELD_VALUE },
        { offsetof(struct occ_verifier_options, origins), OCC_ERR_FIELD_VALUE },
        { offsetof(struct occ_verifier_options, sim_nitro_root), OCC_ERR_NITRO_CERTIFICATE },
    };
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        uint8_t bytes[sizeof wrong] = { 0 };
        memcpy(bytes + ends[i].member, (const uint8_t *)&wrong + ends[i].member, 2 * sizeof(size_t));
        struct occ_verifier_options options;
        memcpy(&options, bytes, sizeof options);
        assert_int_equal(new_of_size(&options, ends[i].member, 0), OCC_OK);
        assert_int_equal(new_of_size(&options, ends[i].member + 2 * sizeof(size_t), 0), ends[i].code);
    }
}

static enum occ_err
verify_of_size(const struct occ_verify_input *input, size_t size, uint8_t tail)
{
    occ_verifier *verifier = new_verifier();
    void *copy = on_heap(input, sizeof *input, size, tail);
    occ_report *report = NULL;
    const enum occ_err code = occ_verify(verifier, copy, &report);
    assert_int_equal(report != NULL, code == OCC_OK);
    occ_report_free(report);
    free(copy);
    occ_verifier_free(verifier);
    return code;
}

static void
test_input(void **state)
{
    (void)state;
    char *proof = sign_proof(PLAIN_PROOF);
    const struct occ_verify_input input = { .size = sizeof input, .proof = proof, .proof_len = strlen(proof) };
    for (size_t size = sizeof(size_t); size < FIRST_INPUT; size++) {
        assert_int_equal(verify_of_size(&input, size, 0), OCC_ERR_USAGE);
    }
    for (size_t size = FIRST_INPUT; size <= sizeof input + TAIL; size++) {
        assert_int_equal(verify_of_size(&input, size, 0), OCC_OK);
    }
    for (size_t size = sizeof input + 1; size <= sizeof input + TAIL; size++) {
        assert_int_equal(verify_of_size(&input, size, 1), OCC_ERR_UNSUPPORTED);
    }
    assert_int_equal(verify_of_size(&input, OCC_LIMIT_STRUCT_LEN, 0), OCC_OK);
    assert_int_equal(verify_of_size(&input, OCC_LIMIT_STRUCT_LEN + 1, 0), OCC_ERR_USAGE);
    free(proof);
}

int
main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_filled), cmocka_unit_test(test_options),
                                        cmocka_unit_test(test_older_options), cmocka_unit_test(test_input) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
