/* Tests of src/crypto/ed25519_lib25519.c: it accepts and refuses what libsodium does, and leaves no secret on the stack. */
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <lib25519.h>

#include "crypto/ed25519_lib25519.h"
#include "crypto/secret.h"
#include "unit/crypto/ed25519_cases.h"

static void
check(const struct ed25519_case *one)
{
    const struct occ_bytes message = occ_bytes_of(one->message, one->len);
    const bool sodium = crypto_sign_verify_detached(one->signature, one->message, one->len, one->public_key) == 0;
    const bool lib25519 = occ_ed25519_lib25519_verify(one->public_key, message, one->signature);
    if (sodium != one->valid || lib25519 != one->valid) {
        fail_msg("%s: libsodium says %d, lib25519 %d", one->what, (int)sodium, (int)lib25519);
    }
}

static void
test_agrees(void **state)
{
    (void)state;
    cases_of_mixed_order(check);
    cases_of_small_order(check);
    cases_of_large_s(check);
    cases_of_odd_y(check);
    cases_of_flipped_bits(check);
    cases_of_rfc_8032(check);
}

/* Why there are checks in front: without them, a key of small order signs everything. */
static void
test_checks_are_needed(void **state)
{
    (void)state;
    uint8_t opened[64 + 1] = { 0 };
    uint8_t joined[64 + 1] = { [32] = 5 };
    const uint8_t identity[32] = { 1 };
    long long len = 0;
    assert_int_equal(crypto_scalarmult_ed25519_base_noclamp(joined, joined + 32), 0);
    assert_int_equal(lib25519_sign_open(opened, &len, joined, sizeof joined, identity), 0);
    assert_false(occ_ed25519_lib25519_verify(identity, occ_bytes_of(joined + 64, 1), joined));
}

/* Lengths on both sides of what fits beside a signature, and of SHA-512's blocks. */
static void
test_lengths(void **state)
{
    (void)state;
    static const size_t lengths[] = { 0, 1, 63, 64, 127, 128, 450, 4095, 4096, 4097, 70000 };
    static uint8_t message[70000];
    uint8_t seed[32] = { 1 };
    uint8_t public_key[32];
    uint8_t secret[64];
    (void)crypto_sign_seed_keypair(public_key, secret, seed);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        const struct occ_bytes view = occ_bytes_of(lengths[i] == 0 ? NULL : message, lengths[i]);
        uint8_t signature[64];
        memset(message, (int)i, sizeof message);
        occ_ed25519_lib25519_sign(secret, view, signature);
        assert_int_equal(crypto_sign_verify_detached(signature, message, lengths[i], public_key), 0);
        assert_true(occ_ed25519_lib25519_verify(public_key, view, signature));
        if (lengths[i] > 0) {
            message[lengths[i] - 1] ^= 1;
            assert_false(occ_ed25519_lib25519_verify(public_key, view, signature));
        }
    }
}

/* ---- what is left on the stack ---- */

enum { STACK_LEN = 1 << 20, PIECE_LEN = 8 /* bytes: none of them is there by chance */ };

struct signing {
    void (*sign)(const uint8_t secret[64], struct occ_bytes message, uint8_t ret_signature[64]);
    const uint8_t *secret;
    uint8_t message[450];
    uint8_t signature[64];
};

static void *
run(void *ctx)
{
    struct signing *const signing = ctx;
    signing->sign(signing->secret, occ_bytes_of(signing->message, sizeof signing->message), signing->signature);
    return NULL;
}

/* Signs on a stack that is then there to be looked at. */
static const uint8_t *
sign_on_stack(struct signing *signing)
{
    uint8_t *const stack =
        mmap(NULL, STACK_LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    assert_ptr_not_equal(stack, MAP_FAILED);
    pthread_attr_t attributes;
    pthread_t thread;
    assert_int_equal(pthread_attr_init(&attributes), 0);
    assert_int_equal(pthread_attr_setstack(&attributes, stack, STACK_LEN), 0);
    assert_int_equal(pthread_create(&thread, &attributes, run, signing), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    (void)pthread_attr_destroy(&attributes);
    return stack;
}

/* How many of a secret's pieces lie there. */
static size_t
count_pieces(const uint8_t *stack, const uint8_t *secret, size_t len)
{
    size_t found = 0;
    for (size_t i = 0; i < len; i += PIECE_LEN) {
        found += memmem(stack, STACK_LEN, secret + i, PIECE_LEN) != NULL ? 1 : 0;
    }
    return found;
}

/* Seed, secret scalar, what nonces are made of, and the nonce: r = S - h·a. */
static size_t
count_secrets(const uint8_t *stack, const struct signing *signing)
{
    uint8_t expanded[64];
    (void)crypto_hash_sha512(expanded, signing->secret, 32);
    expanded[0] &= 248;
    expanded[31] = (uint8_t)((expanded[31] & 63) | 64);
    uint8_t h[32];
    uint8_t product[32];
    uint8_t nonce[32];
    uint8_t wide[64] = { 0 };
    uint8_t a[32];
    memcpy(wide, expanded, 32);
    crypto_core_ed25519_scalar_reduce(a, wide);
    point_challenge(signing->signature, signing->secret + 32, signing->message, sizeof signing->message, h);
    crypto_core_ed25519_scalar_mul(product, h, a);
    crypto_core_ed25519_scalar_sub(nonce, signing->signature + 32, product);
    return count_pieces(stack, signing->secret, 32) + count_pieces(stack, expanded, sizeof expanded) +
           count_pieces(stack, a, sizeof a) + count_pieces(stack, nonce, sizeof nonce);
}

static void
sign_bare(const uint8_t secret[64], struct occ_bytes message, uint8_t ret_signature[64])
{
    uint8_t joined[64 + 450];
    long long len = 0;
    lib25519_sign(joined, &len, message.ptr, (long long)message.len, secret);
    memcpy(ret_signature, joined, 64);
}

/* How much of the stack was written to: it grows down from its end. */
static size_t
depth(const uint8_t *stack)
{
    size_t untouched = 0;
    while (untouched < STACK_LEN && stack[untouched] == 0) {
        untouched++;
    }
    return STACK_LEN - untouched;
}

static void
test_stack_is_wiped(void **state)
{
    (void)state;
    uint8_t seed[32] = { 2 };
    uint8_t public_key[32];
    void *memory = NULL;
    assert_true(occ_is_ok(occ_secret_new(64, &memory)));
    (void)crypto_hash_sha256(seed, seed, 1);
    (void)crypto_sign_seed_keypair(public_key, memory, seed);
    struct signing signing = { .sign = sign_bare, .secret = memory };
    const uint8_t *const bare = sign_on_stack(&signing);
    assert_true(count_secrets(bare, &signing) > 0); /* or this test would see nothing */
    print_message("without wiping, %zu pieces of secrets are on the stack; the thread took %zu bytes of it\n",
                  count_secrets(bare, &signing), depth(bare));
    assert_true(depth(bare) < 16384);

    signing.sign = occ_ed25519_lib25519_sign;
    const uint8_t *const wiped = sign_on_stack(&signing);
    assert_true(occ_ed25519_lib25519_verify(public_key, occ_bytes_of(signing.message, sizeof signing.message),
                                            signing.signature));
    assert_int_equal(count_secrets(wiped, &signing), 0);
    occ_secret_free(memory);
}

int
main(void)
{
    if (!occ_is_ok(occ_secret_init())) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_agrees),
        cmocka_unit_test(test_checks_are_needed),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_stack_is_wiped),
    };
    return cmocka_run_group_tests_name("crypto.ed25519_lib25519", tests, NULL, NULL);
}
