/*
 * support.h — what the ledger's tests share: a folder of their own, entries whose every byte follows from their position, and
 * looking whether a ledger has them. Every function ends the test on failure.
 */
#ifndef TESTS_UNIT_LEDGER_SUPPORT_H
#define TESTS_UNIT_LEDGER_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "ledger/ledger.h"
#include "os/folder.h"

#define assert_ok(call) \
    do { \
        const struct occ_result assert_ok_ = (call); \
        if (!occ_is_ok(assert_ok_)) { \
            fail_msg("%s: %s", #call, occ_result_name(assert_ok_.code)); \
        } \
    } while (0)
#define assert_code(call, expected) assert_string_equal(occ_result_name((call).code), occ_result_name(expected))

static inline char *
make_folder(void)
{
    char *folder = strdup("/tmp/occ-ledger-XXXXXX");
    assert_non_null(mkdtemp(folder));
    return folder;
}

/* Removes what the ledger made, and the folder. */
static inline void
remove_folder(char *folder)
{
    struct occ_folder names;
    struct occ_error err;
    assert_ok(occ_folder_list(folder, 1000, &err, &names));
    char path[512];
    for (size_t i = 0; i < names.count; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, names.names[i]);
        (void)unlink(path);
    }
    occ_folder_clear(&names);
    assert_int_equal(rmdir(folder), 0);
    free(folder);
}

static inline struct occ_ledger *
open_ledger(const char *folder)
{
    const struct occ_ledger_options options = { .folder = folder, .create = true };
    struct occ_error err = { 0 };
    struct occ_ledger *ledger = NULL;
    if (!occ_is_ok(occ_ledger_open(&options, &err, &ledger))) {
        fail_msg("open: %s", err.text);
    }
    return ledger;
}

static inline struct occ_ledger_reader *
open_reader(struct occ_ledger *ledger, const char *folder)
{
    const struct occ_ledger_options options = { .folder = folder };
    struct occ_error err = { 0 };
    struct occ_ledger_reader *reader = NULL;
    if (!occ_is_ok(occ_ledger_reader_new(ledger, &options, &err, &reader))) {
        fail_msg("reader: %s", err.text);
    }
    return reader;
}

static inline struct occ_ledger_epoch
make_epoch(const char *id)
{
    struct occ_ledger_epoch epoch = { .epoch_id = occ_bytes_str(id),
                                      .enforcement = occ_bytes_str("stub"),
                                      .measurement = occ_bytes_str("stub:test") };
    memset(epoch.public_key, 7, sizeof epoch.public_key);
    return epoch;
}

/* A proof: its digest is its counter's, its text names epoch, chain and counter. Its text is the caller's to free. */
static inline void
digest_of(uint64_t number, uint8_t digest[32])
{
    for (size_t i = 0; i < 32; i++) {
        digest[i] = (uint8_t)((number * 0x9e3779b97f4a7c15u + i * 0x632be59bd9b4e019u) >> (i % 8 * 7));
    }
    memcpy(digest + 24, &number, sizeof number);
}

static inline struct occ_ledger_proof
make_proof(const char *epoch, const char *chain, uint64_t counter)
{
    struct occ_ledger_proof proof = { .counter = counter };
    digest_of(counter, proof.digest);
    char *text = NULL;
    const int len =
        asprintf(&text, "{\"commit\":{\"chain\":\"%s\",\"counter\":\"%llu\",\"epochId\":\"%s\"},\"version\":\"occ/1\"}",
                 chain, (unsigned long long)counter, epoch);
    assert_true(len > 0);
    proof.text = occ_bytes_of(text, (size_t)len);
    return proof;
}

/* Writes one entry with count proofs, counters from first on. */
static inline struct occ_result
put_entry(struct occ_ledger *ledger, const char *epoch_id, const char *chain, uint64_t position, uint64_t first,
          size_t count, struct occ_error *err)
{
    struct occ_ledger_proof *proofs = calloc(count, sizeof *proofs);
    assert_non_null(proofs);
    for (size_t i = 0; i < count; i++) {
        proofs[i] = make_proof(epoch_id, chain, first + i);
    }
    const struct occ_ledger_epoch epoch = make_epoch(epoch_id);
    const struct occ_ledger_entry entry = { .position = position,
                                            .opaque = occ_bytes_str("opaque"),
                                            .chain_id = occ_bytes_str(chain),
                                            .received_ms = 1000 + position,
                                            .proof_count = count,
                                            .proofs = proofs };
    const struct occ_ledger_write write = { .epoch = &epoch, .entries = &entry, .entry_count = 1 };
    const struct occ_result result = occ_ledger_write(ledger, &write, err);
    for (size_t i = 0; i < count; i++) {
        free((void *)(uintptr_t)proofs[i].text.ptr);
    }
    free(proofs);
    return result;
}

/* A folder with an open ledger and a reader beside it. */
struct fixture {
    char *folder;
    struct occ_ledger *ledger;
    struct occ_ledger_reader *reader;
    struct occ_error err;
};

static inline int
setup(void **state)
{
    struct fixture *const at = calloc(1, sizeof *at);
    assert_non_null(at);
    at->folder = make_folder();
    at->ledger = open_ledger(at->folder);
    at->reader = open_reader(at->ledger, at->folder);
    *state = at;
    return 0;
}

static inline void
close_fixture(struct fixture *at)
{
    occ_ledger_reader_free(at->reader);
    occ_ledger_close(at->ledger);
    at->reader = NULL;
    at->ledger = NULL;
}

static inline void
reopen_fixture(struct fixture *at)
{
    close_fixture(at);
    at->ledger = open_ledger(at->folder);
    at->reader = open_reader(at->ledger, at->folder);
}

static inline int
teardown(void **state)
{
    struct fixture *const at = *state;
    close_fixture(at);
    remove_folder(at->folder);
    free(at);
    return 0;
}

/* Collects what was visited as lines "epoch/chain/counter@position text". */
struct seen {
    size_t count;
    struct occ_buf text;
};
#define SEEN_INIT ((struct seen){ .text = OCC_BUF_INIT(64u << 20) })

static inline struct occ_result
see(void *ctx, const struct occ_ledger_found *found)
{
    struct seen *const seen = ctx;
    seen->count++;
    occ_buf_put(&seen->text, found->epoch_id);
    occ_buf_put_byte(&seen->text, '/');
    occ_buf_put(&seen->text, found->chain_id);
    occ_buf_put_byte(&seen->text, '/');
    occ_buf_put_u64(&seen->text, found->counter);
    occ_buf_put_byte(&seen->text, '@');
    occ_buf_put_u64(&seen->text, found->position);
    occ_buf_put_byte(&seen->text, ' ');
    occ_ledger_put_joined(&seen->text, found);
    occ_buf_put_byte(&seen->text, '\n');
    return occ_buf_check(&seen->text);
}

/* The lines of one proof as see makes them, into buf. */
static inline void
expect_proof(struct occ_buf *buf, const char *epoch, const char *chain, uint64_t counter, uint64_t position)
{
    const struct occ_ledger_proof proof = make_proof(epoch, chain, counter);
    const struct occ_ledger_found found = { .epoch_id = occ_bytes_str(epoch),
                                            .chain_id = occ_bytes_str(chain),
                                            .counter = counter,
                                            .position = position,
                                            .text = proof.text };
    struct seen one = SEEN_INIT;
    assert_ok(see(&one, &found));
    occ_buf_put(buf, occ_buf_view(&one.text));
    occ_buf_clear(&one.text);
    free((void *)(uintptr_t)proof.text.ptr);
}

static inline void
assert_seen(struct seen *seen, struct occ_buf *expected)
{
    assert_int_equal(seen->text.len, expected->len);
    assert_true(occ_bytes_equal(occ_buf_view(&seen->text), occ_buf_view(expected)));
    occ_buf_clear(&seen->text);
    occ_buf_clear(expected);
    *seen = SEEN_INIT;
}

#endif
