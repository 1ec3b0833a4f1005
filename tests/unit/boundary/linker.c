/* linker.c — a new epoch goes on from the proofs of an earlier one. */
#include "unit/boundary/issue.h"

#include "proof/epoch_link.h"
#include "wire/link.h"

static const struct occ_bytes chain_ids[] = { { (const uint8_t *)"a", 1 }, { (const uint8_t *)"b", 1 } };

/* The proof of the epoch before, and what a verifier says of it. */
struct before {
    char text[4096];
    uint8_t hash[32];
    enum occ_err verdict;
    unsigned asked;
};

/* The gate's ctx is the world: the verdict is global. */
static struct before *judged;

static struct occ_result
check_predecessor(void *ctx, const struct occ_json *proof, struct occ_error *err)
{
    (void)ctx;
    struct occ_proof read;
    OCC_TRY(occ_proof_read(proof, err, &read));
    judged->asked++;
    return judged->verdict == OCC_OK ? occ_success() : occ_error_set(err, judged->verdict, "it is not");
}

static void
begin(struct parent *parent, uint8_t seed, uint8_t boot, const char *enforcement)
{
    struct occ_gate_config config = world_config(&parent->world);
    uint8_t bytes[OCC_ED25519_SEED_LEN];
    memset(bytes, seed, sizeof bytes);
    occ_signer_clear(&parent->world.real);
    assert_int_equal(occ_signer_software_from_seed(bytes, NULL, &parent->world.real).code, OCC_OK);
    memcpy(config.signer.public_key, parent->world.real.public_key, sizeof config.signer.public_key);
    snprintf(config.attester.enforcement, sizeof config.attester.enforcement, "%s", enforcement);
    parent->world.random_block = boot;
    config.chain_ids = chain_ids;
    config.chain_id_count = 2;
    config.check_predecessor = check_predecessor;
    parent_begin_with(parent, &config);
}

/* Commits count digests on the chain in one request; the newest proof's text and hash, and its counter. */
static uint64_t
commit_on(struct parent *parent, const char *chain_id, unsigned count, struct before *ret)
{
    static const char *const none[8];
    parent_commit_slots(parent, chain_id, none, count);
    struct occ_commit_results in = parent_results(parent, 5, 1);
    struct occ_commit_outcome outcome;
    struct occ_commit_proof proof = { .counter = 0 };
    assert_int_equal(occ_commit_next_result(&in, &outcome).code, OCC_OK);
    assert_int_equal(outcome.code, OCC_OK);
    while (occ_commit_next_proof(&outcome.proofs, &proof)) {
        snprintf(ret->text, sizeof ret->text, "%.*s", (int)proof.text.len, (const char *)proof.text.ptr);
        occ_digest_sha256(proof.text, ret->hash);
    }
    return proof.counter;
}

/* An epoch of another key that has committed: what is there to go on from. */
static struct before
epoch_before(unsigned count, const char *chain_id)
{
    struct parent parent;
    struct before before = { .verdict = OCC_OK };
    begin(&parent, 1, 0x01, "stub");
    assert_true(commit_on(&parent, chain_id, count, &before) == count);
    parent_end(&parent);
    return before;
}

static enum occ_err
link_two(struct parent *parent, const char *chain, const char *proof, const char *chain2, const char *proof2,
         char ret_text[400])
{
    struct occ_link_writer writer;
    occ_buf_reset(&parent->in);
    occ_link_begin(&writer, &parent->in, 6);
    occ_link_put(&writer, occ_bytes_str(chain), occ_bytes_str(proof));
    if (chain2 != NULL) {
        occ_link_put(&writer, occ_bytes_str(chain2), occ_bytes_str(proof2));
    }
    occ_link_end(&writer);
    assert_int_equal(parent_play(parent), OCC_OK);
    const struct occ_frame frame = parent_frame(parent);
    assert_int_equal(frame.type, OCC_FRAME_LINKED);
    assert_int_equal(frame.id, 6);
    enum occ_err code = OCC_OK;
    struct occ_bytes text;
    assert_int_equal(occ_link_read_answer(frame.payload, &code, &text).code, OCC_OK);
    snprintf(ret_text, 400, "%.*s", (int)text.len, (const char *)text.ptr);
    return code;
}

static void
expect_linked(struct parent *parent, const char *chain, const struct before *before)
{
    char text[400];
    if (link_two(parent, chain, before->text, NULL, NULL, text) != OCC_OK) {
        fail_msg("%s", text);
    }
}

static void
expect_refused(struct parent *parent, const char *chain, const char *proof, enum occ_err code, const char *expected)
{
    char text[400];
    assert_int_equal(link_two(parent, chain, proof, NULL, NULL, text), code);
    if (strncmp(text, expected, strlen(expected)) != 0) {
        fail_msg("%s, expected %s", text, expected);
    }
}

/* The first proof after a link names the one before, goes on at its counter, and is as a verifier wants it. */
static void
check_first(const char *text, const struct before *before, const char *counter)
{
    __attribute__((cleanup(occ_json_cleanup))) struct occ_json *root = NULL, *earlier = NULL;
    struct occ_error err;
    struct occ_proof proof, last;
    assert_int_equal(occ_json_parse(occ_bytes_str(text), OCC_LIMIT_JSON_DEPTH, &err, &root).code, OCC_OK);
    assert_int_equal(occ_json_parse(occ_bytes_str(before->text), OCC_LIMIT_JSON_DEPTH, &err, &earlier).code, OCC_OK);
    assert_int_equal(occ_proof_read(root, &err, &proof).code, OCC_OK);
    assert_int_equal(occ_proof_read(earlier, &err, &last).code, OCC_OK);
    OCC_BUF_AUTO(body, 1 << 20);
    occ_body_put(&body, &proof);
    assert_int_equal(occ_ed25519_verify(proof.public_key, occ_buf_view(&body), proof.signature).code, OCC_OK);
    assert_non_null(proof.epoch_link);
    assert_int_equal(occ_epoch_link_check(&proof, &err).code, OCC_OK);
    assert_true(occ_bytes_is(proof.counter, counter));
    char hash[OCC_BASE64_LEN(32) + 1] = "";
    occ_base64_encode(occ_bytes_of(before->hash, 32), hash);
    const struct {
        const char *name;
        struct occ_bytes value;
    } members[] = {
        { "prevEpochId", last.epoch_id },        { "prevPublicKeyB64", last.public_key_b64 },
        { "prevCounter", last.counter },         { "prevProofHashB64", occ_bytes_str(hash) },
        { "prevMeasurement", last.measurement }, { "prevEnforcement", occ_bytes_str("stub") },
        { "toEpochId", proof.epoch_id },         { "toPublicKeyB64", proof.public_key_b64 },
    };
    assert_int_equal(occ_json_length(proof.epoch_link), 8);
    for (size_t i = 0; i < 8; i++) {
        assert_true(
            occ_bytes_equal(occ_json_string(occ_json_get(proof.epoch_link, members[i].name)), members[i].value));
    }
}

static void
test_link(void **state)
{
    (void)state;
    struct before before = epoch_before(3, ""), on_a = epoch_before(5, "a"), first;
    judged = &before;
    struct parent parent;
    begin(&parent, 2, 0x05, "stub");
    char text[400];
    assert_int_equal(link_two(&parent, "", before.text, "a", on_a.text, text), OCC_OK);
    assert_int_equal(before.asked, 2);
    assert_int_equal(parent_hello(&parent).heads[0].counter, 0); /* nothing is given out yet */
    assert_true(commit_on(&parent, "", 1, &first) == 4);
    check_first(first.text, &before, "4");
    assert_true(commit_on(&parent, "a", 1, &first) == 6);
    check_first(first.text, &on_a, "6");
    assert_true(commit_on(&parent, "b", 1, &first) == 1); /* not linked: a chain that begins */
    assert_null(strstr(first.text, "epochLink"));
    assert_true(commit_on(&parent, "a", 2, &first) == 8); /* once */
    assert_null(strstr(first.text, "epochLink"));
    assert_non_null(strstr(first.text, "prevB64"));
    assert_int_equal(parent_hello(&parent).heads[1].counter, 8);
    parent_end(&parent);
}

/* A second LINK: as long as nothing was given out it stands in place of the first; then it must be the same. */
static void
test_again(void **state)
{
    (void)state;
    struct before before = epoch_before(3, ""), other = epoch_before(7, ""), first;
    judged = &before;
    struct parent parent;
    begin(&parent, 2, 0x05, "stub");
    expect_linked(&parent, "", &other);
    expect_linked(&parent, "", &before);
    expect_linked(&parent, "", &before);
    const struct issued slot = parent_slot(&parent, "");
    assert_non_null(strstr(slot.slot, "\"counter\":\"4\""));
    expect_linked(&parent, "", &before); /* the parent cannot know: its ledger has no slots */
    expect_refused(&parent, "", other.text, OCC_ERR_LINK,
                   "the default chain: the chain has given out slots of this epoch already");
    assert_true(commit_on(&parent, "", 1, &first) == 5); /* the slot's counter was not given back */
    check_first(first.text, &before, "5");
    expect_refused(&parent, "", before.text, OCC_ERR_LINK,
                   "the default chain: the chain has proofs of this epoch already, up to counter 5");
    (void)parent_slot(&parent, "a");
    expect_refused(&parent, "a", epoch_before(1, "a").text, OCC_ERR_LINK,
                   "chain \"a\": the chain has given out slots of this epoch already");
    parent_end(&parent);
}

/* All chains of a LINK or none. */
static void
test_all_or_none(void **state)
{
    (void)state;
    struct before before = epoch_before(3, ""), on_a = epoch_before(5, "a"), first;
    judged = &before;
    struct parent parent;
    char text[400];
    begin(&parent, 2, 0x05, "stub");
    assert_int_equal(link_two(&parent, "", before.text, "a", before.text, text), OCC_ERR_LINK);
    assert_string_equal(text, "chain \"a\": commit.chainId: the proof is of another chain");
    assert_int_equal(link_two(&parent, "a", on_a.text, "a", on_a.text, text), OCC_ERR_LINK);
    assert_string_equal(text, "chain \"a\": given twice");
    assert_int_equal(link_two(&parent, "a", on_a.text, "c", on_a.text, text), OCC_ERR_CHAIN_UNKNOWN);
    assert_true(commit_on(&parent, "", 1, &first) == 1);
    assert_true(commit_on(&parent, "a", 1, &first) == 1);
    parent_end(&parent);
}

/* The text with what stands for from replaced. */
static const char *
changed(const struct before *before, const char *from, const char *to)
{
    static char text[8192];
    const char *const at = strstr(before->text, from);
    assert_non_null(at);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - before->text), before->text, to, at + strlen(from));
    return text;
}

static void
test_refusals(void **state)
{
    (void)state;
    struct before before = epoch_before(3, ""), first;
    judged = &before;
    struct parent parent;
    begin(&parent, 2, 0x05, "stub");
    expect_refused(&parent, "", "{", OCC_ERR_LINK, "the default chain: ");
    expect_refused(&parent, "", "{}", OCC_ERR_LINK, "the default chain: ");
    expect_refused(&parent, "a", before.text, OCC_ERR_LINK, "chain \"a\": commit.chainId: ");
    expect_refused(&parent, "none", before.text, OCC_ERR_CHAIN_UNKNOWN, "chain \"none\": no such chain");
    expect_refused(&parent, "", changed(&before, "\"counter\":\"3\"", "\"counter\":\"18446744073709551615\""),
                   OCC_ERR_LINK, "the default chain: commit.counter: ");
    expect_refused(&parent, "", changed(&before, "\"counter\":\"3\"", "\"counter\":\"99999999999999999999999\""),
                   OCC_ERR_LINK, "the default chain: commit.counter: ");
    expect_refused(&parent, "", changed(&before, "\"counter\":\"3\",", ""), OCC_ERR_LINK,
                   "the default chain: commit.counter: ");
    expect_refused(&parent, "", changed(&before, "\"epochId\":\"", "\"x\":\""), OCC_ERR_LINK,
                   "the default chain: commit.epochId: 0 bytes");
    before.verdict = OCC_ERR_SIGNATURE;
    expect_refused(&parent, "", before.text, OCC_ERR_LINK, "the default chain: it is not");
    before.verdict = OCC_OK;
    assert_true(commit_on(&parent, "", 1, &first) == 1); /* no counter moved in all of this */
    assert_null(strstr(first.text, "epochLink"));
    before.verdict = OCC_ERR_UNSUPPORTED; /* an attestation that nobody here can judge */
    expect_refused(&parent, "a", epoch_before(1, "a").text, OCC_ERR_LINK, "chain \"a\": it is not");
    before.verdict = OCC_OK;
    /* An epoch's own proofs, and those of its own key. */
    parent_end(&parent);
    begin(&parent, 2, 0x05, "stub");
    expect_refused(&parent, "", first.text, OCC_ERR_LINK,
                   "the default chain: commit.epochId: the proof is of this very epoch");
    parent_end(&parent);
    begin(&parent, 2, 0x06, "stub");
    expect_refused(&parent, "", first.text, OCC_ERR_LINK, "the default chain: signer.publicKeyB64: ");
    parent_end(&parent);
    begin(&parent, 2, 0x06, "hw-key"); /* a key that outlives the boundary */
    expect_linked(&parent, "", &first);
    parent_end(&parent);
}

/* A counter near the end of what there is. */
static void
test_last_counter(void **state)
{
    (void)state;
    struct before before = epoch_before(3, ""), first;
    judged = &before;
    struct parent parent;
    begin(&parent, 2, 0x05, "stub");
    struct before late = before;
    snprintf(late.text, sizeof late.text, "%s",
             changed(&before, "\"counter\":\"3\"", "\"counter\":\"18446744073709551614\""));
    expect_linked(&parent, "", &late);
    assert_true(commit_on(&parent, "", 1, &first) == UINT64_MAX);
    parent_commit_refused(&parent, OCC_ERR_INTERNAL, "the boundary's clock or counter is out of its range");
    assert_int_equal(parent_ask(&parent, OCC_ISSUE_SLOT, "").code, OCC_ERR_INTERNAL);
    parent_end(&parent);
}

/* PROTOCOL §2.3: time never goes back within an epoch; a time before it binds nothing, however far ahead it was. */
static void
test_time(void **state)
{
    (void)state;
    struct before before = epoch_before(3, ""), first;
    judged = &before;
    struct parent parent;
    begin(&parent, 2, 0x05, "stub");
    struct before ahead = before;
    snprintf(ahead.text, sizeof ahead.text, "%s",
             changed(&before, "\"time\":1741496392841", "\"time\":9007199254740991"));
    expect_linked(&parent, "", &ahead);
    (void)commit_on(&parent, "", 1, &first);
    assert_non_null(strstr(first.text, "\"time\":1741496392841"));
    parent_end(&parent);
}

/* A chain's first signature is verified before it counts, wherever its counter stands. */
static void
test_first_is_verified(void **state)
{
    (void)state;
    struct before before = epoch_before(3, "");
    judged = &before;
    for (int slot = 0; slot < 2; slot++) {
        struct parent parent;
        begin(&parent, 2, 0x05, "stub");
        expect_linked(&parent, "", &before);
        parent.world.lie_at = parent.world.signatures + 1;
        if (slot == 1) {
            assert_int_equal(parent_ask(&parent, OCC_ISSUE_SLOT, "").code, OCC_ERR_INTEGRITY);
        } else {
            parent_commit_refused(&parent, OCC_ERR_INTEGRITY, "");
        }
        assert_false(occ_gate_is_sound(parent.gate));
        parent_end(&parent);
    }
}

static void
test_malformed_and_halted(void **state)
{
    (void)state;
    struct before before = epoch_before(3, "");
    judged = &before;
    struct parent parent;
    begin(&parent, 2, 0x05, "stub");
    occ_frame_end(&parent.in, occ_frame_begin(&parent.in, OCC_FRAME_LINK, 1));
    assert_int_equal(parent_play(&parent), OCC_ERR_WIRE_MESSAGE);
    parent_hello(&parent);
    struct occ_link_writer writer;
    occ_link_begin(&writer, &parent.in, 0);
    occ_link_put(&writer, occ_bytes_str(""), occ_bytes_str(before.text));
    occ_link_end(&writer);
    assert_int_equal(parent_play(&parent), OCC_ERR_WIRE_MESSAGE);
    parent_hello(&parent);
    parent.world.lie_at = parent.world.signatures + 1;
    parent_commit_refused(&parent, OCC_ERR_INTEGRITY, "");
    expect_refused(&parent, "", before.text, OCC_ERR_INTEGRITY, "the boundary found that it cannot trust itself");
    parent_end(&parent);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_link),
        cmocka_unit_test(test_again),
        cmocka_unit_test(test_all_or_none),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_last_counter),
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_malformed_and_halted),
        cmocka_unit_test(test_first_is_verified),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
