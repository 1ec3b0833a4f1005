/*
 * floor.c — what one core can do at best: Ed25519 over a message as long as a signed body by libsodium, by OpenSSL and, compiled with
 * FLOOR_LIB25519, by lib25519; and the verifications that attestation documents, tokens and actors are made of: ECDSA P-384 and
 * P-256, RSA of 2,048 and 4,096 bits.
 * Usage: floor SECONDS. Prints lines "name operations-per-second".
 */
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef FLOOR_LIB25519
#include <lib25519.h>
#endif

enum { MESSAGE_LEN = 450, ROUND = 64 };

struct bench {
    unsigned char message[MESSAGE_LEN];
    unsigned char public_key[crypto_sign_PUBLICKEYBYTES];
    unsigned char secret_key[crypto_sign_SECRETKEYBYTES];
    unsigned char signature[crypto_sign_BYTES];
    EVP_PKEY *key;
    double seconds;
};

static double
now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static void
fail(const char *what)
{
    fprintf(stderr, "floor: %s failed\n", what);
    exit(3);
}

static void
sodium_sign(struct bench *bench)
{
    bench->message[0]++;
    if (crypto_sign_detached(bench->signature, NULL, bench->message, MESSAGE_LEN, bench->secret_key) != 0) {
        fail("libsodium sign");
    }
}

static void
sodium_verify(struct bench *bench)
{
    if (crypto_sign_verify_detached(bench->signature, bench->message, MESSAGE_LEN, bench->public_key) != 0) {
        fail("libsodium verify");
    }
}

static void
openssl_sign(struct bench *bench)
{
    size_t len = sizeof bench->signature;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bench->message[0]++;
    if (EVP_DigestSignInit(ctx, NULL, NULL, NULL, bench->key) != 1 ||
        EVP_DigestSign(ctx, bench->signature, &len, bench->message, MESSAGE_LEN) != 1) {
        fail("OpenSSL sign");
    }
    EVP_MD_CTX_free(ctx);
}

static void
openssl_verify(struct bench *bench)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, bench->key) != 1 ||
        EVP_DigestVerify(ctx, bench->signature, sizeof bench->signature, bench->message, MESSAGE_LEN) != 1) {
        fail("OpenSSL verify");
    }
    EVP_MD_CTX_free(ctx);
}

#ifdef FLOOR_LIB25519

/* Signature and message side by side, as lib25519 wants them. */
static unsigned char joined[crypto_sign_BYTES + MESSAGE_LEN];

static void
lib25519_sign_message(struct bench *bench)
{
    long long len = 0;
    bench->message[0]++;
    lib25519_sign(joined, &len, bench->message, MESSAGE_LEN, bench->secret_key);
}

static void
lib25519_verify_message(struct bench *bench)
{
    static unsigned char opened[sizeof joined];
    long long len = 0;
    if (lib25519_sign_open(opened, &len, joined, sizeof joined, bench->public_key) != 0) {
        fail("lib25519 verify");
    }
}

#endif

/* A key of OpenSSL's and its signature over the message, to be verified again and again. */
struct peer {
    struct bench *bench;
    EVP_PKEY *key;
    const EVP_MD *digest;
    unsigned char signature[1024];
    size_t len;
};

static void
peer_make(struct peer *peer, EVP_PKEY *key, const EVP_MD *digest)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    peer->key = key;
    peer->digest = digest;
    peer->len = sizeof peer->signature;
    if (key == NULL || EVP_DigestSignInit(ctx, NULL, digest, NULL, key) != 1 ||
        EVP_DigestSign(ctx, peer->signature, &peer->len, peer->bench->message, MESSAGE_LEN) != 1) {
        fail("OpenSSL peer");
    }
    EVP_MD_CTX_free(ctx);
}

static struct peer current;

static void
peer_verify(struct bench *bench)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (EVP_DigestVerifyInit(ctx, NULL, current.digest, NULL, current.key) != 1 ||
        EVP_DigestVerify(ctx, current.signature, current.len, bench->message, MESSAGE_LEN) != 1) {
        fail("OpenSSL peer verify");
    }
    EVP_MD_CTX_free(ctx);
}

static void
measure(const char *name, struct bench *bench, void (*once)(struct bench *))
{
    unsigned long operations = 0;
    const double begin = now();
    double end;
    do {
        for (int i = 0; i < ROUND; i++) {
            once(bench);
        }
        operations += ROUND;
        end = now();
    } while (end - begin < bench->seconds);
    printf("%s %.0f\n", name, (double)operations / (end - begin));
}

int
main(int argc, char **argv)
{
    struct bench bench = { .seconds = argc > 1 ? strtod(argv[1], NULL) : 1 };
    if (bench.seconds <= 0 || sodium_init() < 0) {
        fail("start");
    }
    crypto_sign_keypair(bench.public_key, bench.secret_key);
    bench.key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, bench.secret_key, crypto_sign_SEEDBYTES);
    if (bench.key == NULL) {
        fail("OpenSSL key");
    }
    memset(bench.message, 'x', MESSAGE_LEN);
    measure("sodium_sign", &bench, sodium_sign);
    measure("sodium_verify", &bench, sodium_verify);
#ifdef FLOOR_LIB25519
    measure("lib25519_sign", &bench, lib25519_sign_message);
    measure("lib25519_verify", &bench, lib25519_verify_message);
#endif
    measure("openssl_sign", &bench, openssl_sign);
    measure("openssl_verify", &bench, openssl_verify);
    EVP_PKEY_free(bench.key);
    current.bench = &bench;
    const struct {
        const char *name;
        EVP_PKEY *key;
        const EVP_MD *digest;
    } peers[] = {
        { "openssl_verify_p384", EVP_EC_gen("P-384"), EVP_sha384() },
        { "openssl_verify_p256", EVP_EC_gen("P-256"), EVP_sha256() },
        { "openssl_verify_rsa2048", EVP_RSA_gen(2048), EVP_sha256() },
        { "openssl_verify_rsa4096", EVP_RSA_gen(4096), EVP_sha512() },
    };
    for (size_t i = 0; i < sizeof peers / sizeof peers[0]; i++) {
        peer_make(&current, peers[i].key, peers[i].digest);
        measure(peers[i].name, &bench, peer_verify);
        EVP_PKEY_free(peers[i].key);
    }
    return 0;
}
