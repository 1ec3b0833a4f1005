/* Tests of src/audit/stored.c: audits of ledgers, sound and with proofs in each other's places, and the names of their lines. */
#include "audit/stored.h"

#include "ledger/ledger.h"
#include "os/folder.h"
#include "unit/audit/ledger.h"
#include "unit/os/folder.h"

enum { PROOFS = 1100 }; /* more than lie between two places that are remembered */

static occ_verifier *verifier;
static struct occ_buf lines = OCC_BUF_INIT(16 << 20);
static struct occ_bytes texts[PROOFS];
static struct folder folder;

static int
set_up_all(void **state)
{
    (void)state;
    put_ledger(&lines, PROOFS);
    const uint8_t *at = lines.ptr;
    for (unsigned i = 0; i < PROOFS; i++) {
        const uint8_t *end = memchr(at, '\n', lines.len - (size_t)(at - lines.ptr));
        texts[i] = occ_bytes_of(at, (size_t)(end - at));
        at = end + 1;
    }
    return occ_verifier_new(NULL, &verifier) == OCC_OK ? 0 : -1;
}

static int
tear_down_all(void **state)
{
    (void)state;
    occ_verifier_free(verifier);
    occ_buf_clear(&lines);
    return 0;
}

static int
set_up(void **state)
{
    (void)state;
    folder_make(&folder);
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    folder_remove(&folder);
    return 0;
}

/* The epoch of the lines, or one with another key. */
static struct occ_ledger_epoch
epoch_of(bool is_other)
{
    struct occ_ledger_epoch epoch = { .epoch_id = occ_bytes_str("e"),
                                      .enforcement = occ_bytes_str("stub"),
                                      .measurement = occ_bytes_str("stub:test") };
    uint8_t secret[OCC_ED25519_SECRET_LEN];
    test_key(epoch.public_key, secret);
    epoch.public_key[0] ^= is_other;
    return epoch;
}

/* The artifact's digest of one of the texts (put_ledger). */
static void
digest_of_text(struct occ_bytes text, uint8_t ret_digest[OCC_SHA256_LEN])
{
    for (unsigned i = 0; i < PROOFS; i++) {
        if (text.ptr == texts[i].ptr) {
            hash_of("digest", i, ret_digest);
        }
    }
}

/* A ledger with these texts under the counters 1, 2, …. */
static void
make_ledger_with(const struct occ_bytes *from, size_t count, bool is_other, size_t other_digest)
{
    const struct occ_ledger_options options = { .folder = folder.path, .create = true };
    const struct occ_ledger_epoch epoch = epoch_of(is_other);
    struct occ_ledger *ledger = NULL;
    struct occ_error err = { 0 };
    assert_true(occ_is_ok(occ_ledger_open(&options, &err, &ledger)));
    struct occ_ledger_proof *proofs = calloc(count, sizeof *proofs);
    struct occ_ledger_entry *entries = calloc(count, sizeof *entries);
    assert_true(count == 0 || (proofs != NULL && entries != NULL));
    for (size_t i = 0; i < count; i++) {
        proofs[i] = (struct occ_ledger_proof){ .counter = i + 1, .text = from[i] };
        digest_of_text(from[i], proofs[i].digest);
        proofs[i].digest[0] ^= (uint8_t)(i == other_digest);
        entries[i] = (struct occ_ledger_entry){ .position = i + 1, .proof_count = 1, .proofs = &proofs[i] };
    }
    const struct occ_ledger_write write = { .epoch = &epoch, .entries = entries, .entry_count = count };
    if (count > 0 && !occ_is_ok(occ_ledger_write(ledger, &write, &err))) {
        fail_msg("%s", err.text);
    }
    free(proofs);
    free(entries);
    occ_ledger_close(ledger);
}

static void
make_ledger(const struct occ_bytes *from, size_t count, bool is_other)
{
    make_ledger_with(from, count, is_other, SIZE_MAX);
}

static struct occ_audit *
audit(struct occ_stored **ret_stored)
{
    const struct occ_audit_options options = {
        .verifier = verifier, .jobs = 2, .max_findings = 10, .temp_dir = "/tmp"
    };
    struct occ_error err = { 0 };
    struct occ_audit *made = NULL;
    if (!occ_is_ok(occ_stored_new(folder.path, &err, ret_stored)) ||
        !occ_is_ok(occ_stored_audit(*ret_stored, &options, &err, &made))) {
        fail_msg("%s", err.text);
    }
    return made;
}

static void
check_name(struct occ_stored *stored, uint64_t line)
{
    struct occ_stored_name name = { 0 };
    assert_true(occ_stored_name(stored, line, &name));
    assert_int_equal(name.counter, line);
    assert_int_equal(name.epoch_len, 1);
    assert_int_equal(name.epoch[0], 'e');
    assert_int_equal(name.chain_len, 0);
}

static void
test_sound(void **state)
{
    (void)state;
    struct occ_stored *stored = NULL;
    make_ledger(texts, PROOFS, false);
    struct occ_audit *made = audit(&stored);
    assert_int_equal(made->values, PROOFS);
    assert_int_equal(made->valid, PROOFS);
    assert_int_equal(occ_findings_faults(&made->findings), 0);
    assert_false(made->sorted);
    static const uint64_t some[] = { 1, 2, 1024, 1025, PROOFS, 1 };
    for (size_t i = 0; i < sizeof some / sizeof some[0]; i++) {
        check_name(stored, some[i]);
    }
    struct occ_stored_name name;
    assert_false(occ_stored_name(stored, PROOFS + 1, &name));
    assert_false(occ_stored_name(stored, 5000, &name));
    occ_audit_free(made);
    occ_stored_free(stored);
}

/* Exactly as many as lie between two remembered places: the last stretch is empty. */
static void
test_sizes(void **state)
{
    (void)state;
    static const size_t sizes[] = { 0, 1, 63, 64, 65, 1023, 1024, 1025 };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct occ_stored *stored = NULL;
        make_ledger(texts, sizes[i], false);
        struct occ_audit *made = audit(&stored);
        assert_int_equal(made->values, sizes[i]);
        assert_int_equal(occ_findings_faults(&made->findings), 0);
        occ_audit_free(made);
        occ_stored_free(stored);
        folder_remove(&folder);
        folder_make(&folder);
    }
}

static void
check_finding(const struct occ_audit *made, size_t index, enum occ_finding_kind kind, uint64_t line, const char *text)
{
    assert_true(index < made->findings.list_len);
    const struct occ_finding *finding = &made->findings.list[index];
    assert_int_equal(finding->kind, kind);
    assert_int_equal(finding->place.line, line);
    if (text != NULL) {
        assert_string_equal(finding->said.text, text);
    }
}

/* Two proofs in each other's place: both are valid, and the chain is whole. */
static void
test_swapped(void **state)
{
    (void)state;
    struct occ_stored *stored = NULL;
    struct occ_bytes swapped[20];
    memcpy(swapped, texts, sizeof swapped);
    swapped[4] = texts[5];
    swapped[5] = texts[4];
    make_ledger(swapped, 20, false);
    struct occ_audit *made = audit(&stored);
    assert_int_equal(made->valid, 20);
    assert_int_equal(occ_findings_faults(&made->findings), 2);
    check_finding(made, 0, OCC_FINDING_MISPLACED, 5, "the proof that is kept here is another, counter 6");
    check_finding(made, 1, OCC_FINDING_MISPLACED, 6, "the proof that is kept here is another, counter 5");
    check_name(stored, 5);
    occ_audit_free(made);
    occ_stored_free(stored);
}

static void
test_other_key(void **state)
{
    (void)state;
    struct occ_stored *stored = NULL;
    make_ledger(texts, 3, true);
    struct occ_audit *made = audit(&stored);
    assert_int_equal(made->valid, 3);
    assert_int_equal(made->findings.counts[OCC_FINDING_MISPLACED], 3);
    check_finding(made, 0, OCC_FINDING_MISPLACED, 1,
                  "the proof that is kept here is of another epoch, key or chain, counter 1");
    occ_audit_free(made);
    occ_stored_free(stored);
}

static void
test_other_digest(void **state)
{
    (void)state;
    struct occ_stored *stored = NULL;
    make_ledger_with(texts, 5, false, 3);
    struct occ_audit *made = audit(&stored);
    assert_int_equal(occ_findings_faults(&made->findings), 1);
    check_finding(made, 0, OCC_FINDING_MISPLACED, 4, "it is found by another digest than its artifact's, counter 4");
    occ_audit_free(made);
    occ_stored_free(stored);
}

/* Texts that are no proofs, or no JSON, or have line ends in them: what stands behind keeps its name. */
static void
test_damaged_texts(void **state)
{
    (void)state;
    struct occ_stored *stored = NULL;
    struct occ_bytes damaged[12];
    memcpy(damaged, texts, sizeof damaged);
    damaged[2] = occ_bytes_str("{\"a\":\n\n\"not a proof\"}");
    damaged[4] = occ_bytes_str("}\n{\"x\":");
    damaged[6] = occ_bytes_str("\n");
    damaged[9] = texts[10];
    make_ledger(damaged, 12, false);
    struct occ_audit *made = audit(&stored);
    check_finding(made, 0, OCC_FINDING_NOT_VALID, 3, NULL);
    assert_int_equal(made->findings.counts[OCC_FINDING_MISPLACED], 1);
    bool found = false;
    for (size_t i = 0; i < made->findings.list_len; i++) {
        const struct occ_finding *finding = &made->findings.list[i];
        if (finding->kind == OCC_FINDING_MISPLACED) {
            assert_int_equal(finding->place.line, 10);
            assert_string_equal(finding->said.text, "the proof that is kept here is another, counter 11");
            found = true;
        }
    }
    assert_true(found);
    assert_true(made->malformed >= 1);
    occ_audit_free(made);
    occ_stored_free(stored);
}

static void
test_no_ledger(void **state)
{
    (void)state;
    struct occ_error err = { 0 };
    struct occ_stored *stored = NULL;
    assert_int_equal(occ_stored_new(folder.path, &err, &stored).code, OCC_ERR_NOT_FOUND);
    assert_null(stored);
    assert_true(err.text[0] != 0);
    occ_stored_free(NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_sound, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_sizes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_swapped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_other_key, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_other_digest, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_damaged_texts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_ledger, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
