/*
 * floor.c — what one core can do at best: Ed25519 by libsodium and by OpenSSL over a message as long as a signed body.
 * Usage: floor SECONDS. Prints lines "name operations-per-second".
 */
#include <openssl/evp.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

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
    measure("openssl_sign", &bench, openssl_sign);
    measure("openssl_verify", &bench, openssl_verify);
    EVP_PKEY_free(bench.key);
    return 0;
}
