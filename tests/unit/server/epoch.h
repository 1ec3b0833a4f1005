/*
 * Epochs and proofs for tests of what goes into the ledger and comes out of it: in form good, signed by nobody.
 */
#ifndef TESTS_EPOCH_H
#define TESTS_EPOCH_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "crypto/digest.h"
#include "ledger/ledger.h"

#define EPOCH_A "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define EPOCH_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

enum { EPOCH_PROOF_SIZE = 1024 };

/* A proof of the default chain, and its link hash: with neither document nor timestamp that of its text (PROTOCOL §2.2). */
struct epoch_proof {
    char text[EPOCH_PROOF_SIZE];
    uint8_t link_hash[OCC_SHA256_LEN];
};

static inline struct epoch_proof
epoch_make_proof(const char *epoch_id, uint64_t counter)
{
    struct epoch_proof proof;
    (void)snprintf(
        proof.text, sizeof(proof.text),
        "{\"artifact\":{\"digestB64\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\",\"hashAlg\":\"sha256\"},"
        "\"commit\":{\"counter\":\"%" PRIu64 "\",\"epochId\":\"%s\","
        "\"nonceB64\":\"c9BLKJAes0AIMlZF61eBUK+YrgNbkWKYU1cGmb44F84=\",\"time\":1795646612531},"
        "\"environment\":{\"enforcement\":\"stub\",\"measurement\":\"stub:test\"},"
        "\"signer\":{\"publicKeyB64\":\"MtiTpsMc8LDpFnbLl9DNYYRH5xzNoO2NufHCDcn86/g=\",\"signatureB64\":\"L3MEZqVU3f/"
        "VOA0s/WL6186TIZW0bFTtC1phxD9FjRJUem5GjNRvvNxGtNtWzN+xvYa/5A6AdtnFuHPHJyApBA==\"},\"version\":\"occ/1\"}",
        counter, epoch_id);
    occ_digest_sha256(occ_bytes_str(proof.text), proof.link_hash);
    return proof;
}

/* Writes results first to last of an epoch, one proof each with the position as its counter, into the ledger of folder. */
static inline void
epoch_seed(const char *folder, const char *epoch_id, uint8_t key, uint64_t first, uint64_t last)
{
    struct occ_error err = { 0 };
    struct occ_ledger *ledger = NULL;
    const struct occ_ledger_options options = { .folder = folder, .create = true };
    assert_true(occ_is_ok(occ_ledger_open(&options, &err, &ledger)));
    const struct occ_ledger_epoch epoch = { .epoch_id = occ_bytes_str(epoch_id),
                                            .public_key = { key },
                                            .enforcement = occ_bytes_str("stub"),
                                            .measurement = occ_bytes_str("stub:test") };
    for (uint64_t position = first; position <= last; position++) {
        const struct epoch_proof text = epoch_make_proof(epoch_id, position);
        const struct occ_ledger_proof proof = { .counter = position, .text = occ_bytes_str(text.text) };
        const struct occ_ledger_entry entry = {
            .position = position, .received_ms = 1795646612531, .proof_count = 1, .proofs = &proof
        };
        const struct occ_ledger_write write = { .epoch = &epoch, .entries = &entry, .entry_count = 1 };
        assert_true(occ_is_ok(occ_ledger_write(ledger, &write, &err)));
    }
    occ_ledger_close(ledger);
}

/* Removes a folder of a test with the files in it. */
static inline void
epoch_remove_folder(const char *folder)
{
    static const char *const names[] = { "ledger.db", "ledger.db-wal", "ledger.db-shm", "ledger.lock",
                                         "index.db",  "index.db-wal",  "index.db-shm",  "copy.db" };
    char path[512];
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        (void)remove(path);
    }
    assert_int_equal(remove(folder), 0);
}

#endif
