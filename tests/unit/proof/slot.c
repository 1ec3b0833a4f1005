/*
 * tests/unit/proof/slot.c — src/proof/slot.c: the computed vectors, real proofs, and one case per refusal. Signatures and
 * hashes that stand here were made with another tool.
 */
#include "proof/slot.h"
#include "unit/proof/support.h"

#define SLOT_SIGNATURE "esml1c9XpEt8rAFqtdt4VXUQYjZWJhrxCbII0wqgvVrPPn+HHzIl1ewIVwfcdA1zPVsIiBF6cSfdZTx/F7NMBw=="
#define SLOT_HASH "5PUg7xiCPOsNQ5ALG3AhHuAyJlwURdg3fsfMtl7chBI="
/* The same slot without chainId. */
#define BARE_SIGNATURE "oKtWakoWdnVQl1HjwvvtRWzZ5Ud3+Tioo2S6FXzwTMGO1Rzs5TY8M2V01cg9JomZZTB/xiJyyCCxUT/v5nlUCw=="
#define BARE_HASH "g6aHZXcC3G9buX14CJOXYUQvmc51xbr9Cl5Yk2v5lbY="

#define SLOT_PROOF \
    "{\"version\":\"occ/1\"," ARTIFACT ",\"commit\":{\"nonceB64\":\"" NONCE_B64 \
    "\",\"counter\":\"2\",\"slotCounter\":\"1\",\"slotHashB64\":\"" SLOT_HASH "\",\"epochId\":\"" EPOCH_B64 \
    "\",\"chainId\":\"occ:main\"}," SIGNER ",\"environment\":{\"enforcement\":\"stub\",\"measurement\":\"m\"}," \
    "\"slotAllocation\":{\"version\":\"occ/slot/1\",\"nonceB64\":\"" NONCE_B64 \
    "\",\"counter\":\"1\",\"epochId\":\"" EPOCH_B64 "\",\"publicKeyB64\":\"" KEY_B64 \
    "\",\"chainId\":\"occ:main\",\"signatureB64\":\"" SLOT_SIGNATURE "\"}}"

/* Counters beyond 64 bits, a time, the default chain. */
#define BIG_PROOF \
    "{\"version\":\"occ/1\"," ARTIFACT ",\"commit\":{\"nonceB64\":\"" NONCE_B64 \
    "\",\"counter\":\"18446744073709551617\",\"slotCounter\":\"18446744073709551616\",\"slotHashB64\":" \
    "\"dBMLXRoVZSMwfxvcX1US0a76UPyqkImiJPmaorFy63I=\",\"epochId\":\"" EPOCH_B64 "\"}," SIGNER \
    ",\"environment\":{\"enforcement\":\"stub\",\"measurement\":\"m\"}," \
    "\"slotAllocation\":{\"version\":\"occ/slot/1\",\"nonceB64\":\"" NONCE_B64 \
    "\",\"counter\":\"18446744073709551616\",\"time\":1741496392840,\"epochId\":\"" EPOCH_B64 \
    "\",\"publicKeyB64\":\"" KEY_B64 "\",\"signatureB64\":" \
    "\"TAwEb8sfXnl2aSN+ufpP/TzrqeJQE8/Bkn37xI2n13cP4t4AQ/Dxk0S4gxzg1Cd60aiSLHZyjmTqx/9tvZHqBA==\"}}"

struct outcome {
    struct occ_result result;
    struct occ_error err;
    struct occ_slot_facts facts;
};

static struct outcome
verify(const char *text)
{
    struct occ_json *root = parse_json(text);
    const struct occ_proof proof = read_proof(root);
    struct outcome outcome = { .facts = { .hash_without_chain_id = true } };
    assert_true(occ_slot_is_claimed(&proof));
    outcome.result = occ_slot_verify(&proof, &outcome.err, &outcome.facts);
    occ_json_free(root);
    return outcome;
}

static void
assert_sound(const char *text, bool without_chain_id)
{
    const struct outcome outcome = verify(text);
    assert_string_equal(outcome.err.text, "");
    assert_int_equal(outcome.result.code, OCC_OK);
    assert_int_equal(outcome.facts.hash_without_chain_id, without_chain_id);
}

static void
test_vectors(void **state)
{
    (void)state;
    assert_sound(SLOT_PROOF, false);
    assert_sound(BIG_PROOF, false);
}

/* A peer's form: the hash leaves chainId out, the signature does not (PROTOCOL §6). */
static void
test_hash_without_chain_id(void **state)
{
    (void)state;
    char *text = replace(SLOT_PROOF, SLOT_HASH, BARE_HASH);
    assert_sound(text, true);
    char *both = replace(text, SLOT_SIGNATURE, BARE_SIGNATURE);
    assert_int_equal(verify(both).result.code, OCC_ERR_SLOT_SIGNATURE);
    free(both);
    free(text);
}

static void
test_put_body(void **state)
{
    (void)state;
    struct occ_json *root = parse_json(SLOT_PROOF);
    const struct occ_json *slot = occ_json_get(root, "slotAllocation");
    OCC_BUF_AUTO(body, 4096);
    occ_buf_put_byte(&body, '#'); /* appended */
    occ_slot_put_body(&body, slot, true);
    occ_slot_put_body(&body, slot, false);
    occ_buf_put_byte(&body, 0);
    assert_string_equal(
        (const char *)body.ptr,
        "#{\"chainId\":\"occ:main\",\"counter\":\"1\",\"epochId\":\"" EPOCH_B64 "\",\"nonceB64\":\"" NONCE_B64
        "\",\"publicKeyB64\":\"" KEY_B64 "\",\"version\":\"occ/slot/1\"}{\"counter\":\"1\",\"epochId\":\"" EPOCH_B64
        "\",\"nonceB64\":\"" NONCE_B64 "\",\"publicKeyB64\":\"" KEY_B64 "\",\"version\":\"occ/slot/1\"}");
    occ_json_free(root);
}

struct change {
    const char *find;
    unsigned which; /* occurrence of find */
    const char *with;
    enum occ_err code;
    const char *text; /* NULL: the code's own sentence */
};

#define OTHER_KEY DIGEST_B64
#define OTHER_HASH NONCE_B64

static const struct change changes[] = {
    /* bound: each names the other */
    { "\"slotAllocation\"", 0, "\"slot\"", OCC_ERR_SLOT_MISSING, NULL },
    { "\"slotCounter\":\"1\",", 0, "", OCC_ERR_SLOT_UNBOUND,
      "slotAllocation: present, but commit.slotCounter is missing" },
    { "\"slotHashB64\":\"" SLOT_HASH "\",", 0, "", OCC_ERR_SLOT_UNBOUND,
      "slotAllocation: present, but commit.slotHashB64 is missing" },
    /* signer, epoch, chain */
    { "\"publicKeyB64\":\"" KEY_B64, 1, "\"publicKeyB64\":\"" OTHER_KEY, OCC_ERR_SLOT_SIGNER,
      "slotAllocation.publicKeyB64: another key than signer.publicKeyB64" },
    { EPOCH_B64, 1, "e", OCC_ERR_SLOT_SIGNER, "slotAllocation.epochId: another epoch than commit.epochId" },
    { "\"epochId\":\"" EPOCH_B64 "\",", 0, "", OCC_ERR_SLOT_SIGNER,
      "slotAllocation.epochId: another epoch than commit.epochId" },
    { "occ:main", 1, "occ:mai", OCC_ERR_SLOT_SIGNER, "slotAllocation.chainId: another chain than commit.chainId" },
    { ",\"chainId\":\"occ:main\"", 0, "", OCC_ERR_SLOT_SIGNER,
      "slotAllocation.chainId: another chain than commit.chainId" },
    { ",\"chainId\":\"occ:main\"", 1, "", OCC_ERR_SLOT_SIGNER,
      "slotAllocation.chainId: another chain than commit.chainId" },
    /* nonce */
    { NONCE_B64, 1, DIGEST_B64, OCC_ERR_SLOT_NONCE, NULL },
    { NONCE_B64, 0, DIGEST_B64, OCC_ERR_SLOT_NONCE, NULL },
    /* counters */
    { "\"counter\":\"1\"", 0, "\"counter\":\"0\"", OCC_ERR_SLOT_COUNTER,
      "slotAllocation.counter: 0, but commit.slotCounter is 1" },
    { "\"slotCounter\":\"1\"", 0, "\"slotCounter\":\"0\"", OCC_ERR_SLOT_COUNTER,
      "slotAllocation.counter: 1, but commit.slotCounter is 0" },
    { "\"counter\":\"2\",", 0, "", OCC_ERR_SLOT_COUNTER, "commit.counter: missing, though the proof consumed a slot" },
    { "\"counter\":\"2\"", 0, "\"counter\":\"1\"", OCC_ERR_SLOT_COUNTER,
      "slotAllocation.counter: 1, expected less than commit.counter 1" },
    { "\"counter\":\"2\"", 0, "\"counter\":\"0\"", OCC_ERR_SLOT_COUNTER,
      "slotAllocation.counter: 1, expected less than commit.counter 0" },
    { "\"counter\":\"2\"", 0, "\"counter\":\"10\"", OCC_OK, "" },
    /* hash */
    { SLOT_HASH, 0, OTHER_HASH, OCC_ERR_SLOT_HASH, NULL },
    { "\"version\":\"occ/slot/1\"", 0, "\"version\":\"occ/slot/1\",\"time\":0", OCC_ERR_SLOT_HASH, NULL },
    /* signature; the proof's own of zeros comes first in the text */
    { SLOT_SIGNATURE, 0, BARE_SIGNATURE, OCC_ERR_SLOT_SIGNATURE, NULL },
    { SLOT_SIGNATURE, 0, ZERO_SIGNATURE, OCC_ERR_SLOT_SIGNATURE, NULL },
    /* a member that nobody knows is not signed */
    { "\"version\":\"occ/slot/1\"", 0, "\"version\":\"occ/slot/1\",\"later\":[]", OCC_OK, "" },
};

static void
assert_outcome(const char *text, const struct change *change)
{
    const struct outcome outcome = verify(text);
    assert_string_equal(outcome.err.text, change->text != NULL ? change->text : occ_result_text(change->code));
    assert_int_equal(outcome.result.code, change->code);
    assert_int_equal(outcome.facts.hash_without_chain_id, change->code != OCC_OK); /* untouched on failure */
}

static void
test_changes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        char *text = replace_nth(SLOT_PROOF, changes[i].find, changes[i].which, changes[i].with);
        assert_outcome(text, &changes[i]);
        free(text);
    }
}

/* Only a slot with a chainId has the second form of the hash, and integers are compared, not texts. */
static void
test_changes_of_big(void **state)
{
    (void)state;
    static const struct change big[] = {
        { "\"counter\":\"18446744073709551617\"", 0, "\"counter\":\"18446744073709551616\"", OCC_ERR_SLOT_COUNTER,
          "slotAllocation.counter: 18446744073709551616, expected less than commit.counter 18446744073709551616" },
        { "\"counter\":\"18446744073709551617\"", 0, "\"counter\":\"9\"", OCC_ERR_SLOT_COUNTER,
          "slotAllocation.counter: 18446744073709551616, expected less than commit.counter 9" },
        { "\"counter\":\"18446744073709551617\"", 0, "\"counter\":\"100000000000000000000\"", OCC_OK, "" },
        { "\"slotHashB64\":\"d", 0, "\"slotHashB64\":\"e", OCC_ERR_SLOT_HASH, NULL },
        { "\"time\":1741496392840,", 0, "", OCC_ERR_SLOT_HASH, NULL },
        { "\"time\":1741496392840,", 0, "\"time\":1741496392841,", OCC_ERR_SLOT_HASH, NULL },
    };
    for (size_t i = 0; i < sizeof big / sizeof big[0]; i++) {
        char *text = replace_nth(BIG_PROOF, big[i].find, big[i].which, big[i].with);
        assert_outcome(text, &big[i]);
        free(text);
    }
}

static void
test_claimed(void **state)
{
    (void)state;
    struct occ_json *root = parse_json(PLAIN_PROOF);
    struct occ_proof proof = read_proof(root);
    assert_false(occ_slot_is_claimed(&proof));
    occ_json_free(root);
    static const char *const claims[] = { "{\"slotCounter\":\"1\",\"counter\"",
                                          "{\"slotHashB64\":\"" DIGEST_B64 "\",\"counter\"" };
    for (size_t i = 0; i < 2; i++) {
        char *text = replace(PLAIN_PROOF, "{\"counter\"", claims[i]);
        assert_int_equal(verify(text).result.code, OCC_ERR_SLOT_MISSING);
        free(text);
    }
}

/* Real slots: each verifies, and each field that is changed in turn is refused. */
static void
test_real(void **state)
{
    (void)state;
    static const char *const files[] = { "occ1/tee-webauthn.json", "occ1/tee-direct.json", "occ1/tee-policy.json" };
    static const struct {
        const char *find, *with;
        enum occ_err code;
    } fields[] = {
        { "\"nonceB64\": \"", "\"nonceB64\": \"AAAA", OCC_ERR_SLOT_NONCE },
        { "\"counter\": \"", "\"counter\": \"1", OCC_ERR_SLOT_COUNTER },
        { "\"time\": 1", "\"time\": 2", OCC_ERR_SLOT_HASH },
        { "\"time\"", "\"x\"", OCC_ERR_SLOT_HASH },
        { "\"epochId\": \"", "\"epochId\": \"x", OCC_ERR_SLOT_SIGNER },
        { "\"publicKeyB64\": ", "\"publicKeyB64\": \"" KEY_B64 "\", \"x\": ", OCC_ERR_SLOT_SIGNER },
        { "\"version\"", "\"chainId\": \"c\", \"version\"", OCC_ERR_SLOT_SIGNER },
        { "\"signatureB64\": ", "\"signatureB64\": \"" SLOT_SIGNATURE "\", \"x\": ", OCC_ERR_SLOT_SIGNATURE },
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char *text = read_vector(files[i]);
        assert_sound(text, false);
        const char *slot = strstr(text, "\"slotAllocation\"");
        assert_non_null(slot);
        for (size_t j = 0; j < sizeof fields / sizeof fields[0]; j++) {
            char *changed = replace(slot, fields[j].find, fields[j].with);
            char *whole = replace(text, slot, changed);
            assert_int_equal(verify(whole).result.code, fields[j].code);
            free(whole);
            free(changed);
        }
        free(text);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors), cmocka_unit_test(test_hash_without_chain_id), cmocka_unit_test(test_put_body),
        cmocka_unit_test(test_changes), cmocka_unit_test(test_changes_of_big),        cmocka_unit_test(test_claimed),
        cmocka_unit_test(test_real),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
