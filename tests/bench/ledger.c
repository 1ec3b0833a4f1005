/*
 * ledger.c — what the ledger costs: fills one with proofs of 700 bytes in frames, then looks them up by digest.
 * Usage: ledger FOLDER [PROOFS [FRAME]] (1,000,000 in frames of 64). The folder must exist; about 0.9 kB a proof is written and left
 * there. Prints lines "name value"; cpu_us is the writing thread's time per proof, cpu_all_us with the index's; of look-ups, _us is
 * time that passed and _cpu_us time of the processor; found and none: of a digest that is there, and of one that is not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ledger/ledger.h"
#include "mix.h"

enum { TEXT_LEN = 700, FRAME_MAX = 1000, LOOKUPS = 20000 };

static double
now(clockid_t clock)
{
    struct timespec at;
    clock_gettime(clock, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static void
check(struct occ_result result, const char *what, const struct occ_error *err)
{
    if (!occ_is_ok(result)) {
        fprintf(stderr, "ledger: %s: %s: %s\n", what, occ_result_name(result.code), err->text);
        exit(3);
    }
}

static void
make_digest(uint64_t number, uint8_t digest[32])
{
    for (size_t i = 0; i < 4; i++) {
        const uint64_t word = mix(number * 4 + i);
        memcpy(digest + 8 * i, &word, 8);
    }
}

static void
print(const char *name, double value)
{
    printf("%s %.3f\n", name, value);
    (void)fflush(stdout);
}

static long
memory_kib(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

static double
size_mb(const char *folder, const char *name)
{
    char path[512];
    struct stat status;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return stat(path, &status) == 0 ? (double)status.st_size / 1e6 : 0;
}

static struct occ_ledger *
open_ledger(const char *folder, const char *name)
{
    const struct occ_ledger_options options = { .folder = folder, .create = true };
    struct occ_error err = { 0 };
    struct occ_ledger *ledger = NULL;
    const double begin = now(CLOCK_MONOTONIC);
    check(occ_ledger_open(&options, &err, &ledger), "open", &err);
    print(name, (now(CLOCK_MONOTONIC) - begin) * 1e3);
    return ledger;
}

static void
fill(struct occ_ledger *ledger, uint64_t from, uint64_t proofs, size_t frame)
{
    static char texts[FRAME_MAX][TEXT_LEN];
    static struct occ_ledger_proof put[FRAME_MAX];
    static struct occ_ledger_entry entries[FRAME_MAX];
    const struct occ_ledger_epoch epoch = { .epoch_id = occ_bytes_str("bench") };
    struct occ_error err = { 0 };
    uint64_t next = from + 1;
    const double begin = now(CLOCK_MONOTONIC), thread = now(CLOCK_THREAD_CPUTIME_ID),
                 cpu = now(CLOCK_PROCESS_CPUTIME_ID);
    double longest = 0;
    while (next <= from + proofs) {
        for (size_t i = 0; i < frame; i++, next++) {
            memset(texts[i], 'x', TEXT_LEN);
            snprintf(texts[i], TEXT_LEN, "{\"commit\":{\"counter\":\"%llu\"", (unsigned long long)next);
            put[i] = (struct occ_ledger_proof){ .counter = next, .text = occ_bytes_of(texts[i], TEXT_LEN) };
            make_digest(next, put[i].digest);
            entries[i] =
                (struct occ_ledger_entry){ .position = next, .received_ms = next, .proof_count = 1, .proofs = &put[i] };
        }
        const struct occ_ledger_write write = { .epoch = &epoch, .entries = entries, .entry_count = frame };
        const double before = now(CLOCK_MONOTONIC);
        check(occ_ledger_write(ledger, &write, &err), "write", &err);
        const double took = now(CLOCK_MONOTONIC) - before;
        longest = took > longest ? took : longest;
    }
    const double n = (double)(next - 1 - from), seconds = now(CLOCK_MONOTONIC) - begin;
    print("proofs_per_s", n / seconds);
    print("longest_write_ms", longest * 1e3);
    print("cpu_us", (now(CLOCK_THREAD_CPUTIME_ID) - thread) / n * 1e6);
    print("cpu_all_us", (now(CLOCK_PROCESS_CPUTIME_ID) - cpu) / n * 1e6);
    print("fill_mib", (double)memory_kib() / 1024);
}

static struct occ_result
count(void *ctx, const struct occ_ledger_found *found)
{
    (void)found;
    ++*(size_t *)ctx;
    return occ_success();
}

static int
compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void
look_up(struct occ_ledger *ledger, const char *folder, uint64_t proofs)
{
    static double took[LOOKUPS], cpu[LOOKUPS];
    const struct occ_ledger_options options = { .folder = folder };
    struct occ_ledger_reader *reader = NULL;
    struct occ_error err = { 0 };
    check(occ_ledger_reader_new(ledger, &options, &err, &reader), "reader", &err);
    for (int missing = 0; missing < 2; missing++) {
        size_t busy = 0;
        for (size_t i = 0; i < LOOKUPS; i++) {
            uint8_t digest[32];
            make_digest(missing ? proofs + 1 + i : 1 + mix(i) % proofs, digest);
            size_t found = 0;
            const double before = now(CLOCK_MONOTONIC), cpu_before = now(CLOCK_THREAD_CPUTIME_ID);
            struct occ_result result;
            while ((result = occ_ledger_by_digest(reader, digest, count, &found, &err)).code == OCC_ERR_BUSY) {
                busy++;
                usleep(1000);
            }
            took[i] = now(CLOCK_MONOTONIC) - before;
            cpu[i] = now(CLOCK_THREAD_CPUTIME_ID) - cpu_before;
            check(result, "look-up", &err);
            if (found != (missing ? 0 : 1)) {
                fprintf(stderr, "ledger: %zu proofs found, %d expected\n", found, !missing);
                exit(3);
            }
        }
        qsort(took, LOOKUPS, sizeof took[0], compare_doubles);
        qsort(cpu, LOOKUPS, sizeof cpu[0], compare_doubles);
        static const char *const names[2][4] = { { "found_p50_us", "found_p99_us", "found_p99_cpu_us", "found_busy" },
                                                 { "none_p50_us", "none_p99_us", "none_p99_cpu_us", "none_busy" } };
        print(names[missing][0], took[LOOKUPS / 2] * 1e6);
        print(names[missing][1], took[LOOKUPS / 100 * 99] * 1e6);
        print(names[missing][2], cpu[LOOKUPS / 100 * 99] * 1e6);
        print(names[missing][3], (double)busy);
    }
    occ_ledger_reader_free(reader);
}

int
main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: ledger FOLDER [PROOFS [FRAME]]\n");
        return 2;
    }
    const uint64_t proofs = argc > 2 ? strtoull(argv[2], NULL, 10) : 1000000;
    const size_t frame = argc > 3 ? strtoul(argv[3], NULL, 10) : 64;
    if (proofs == 0 || frame == 0 || frame > FRAME_MAX) {
        fprintf(stderr, "ledger: from 1 proof on, in frames of 1 to %d\n", FRAME_MAX);
        return 2;
    }
    struct occ_ledger *ledger = open_ledger(argv[1], "open_new_ms");
    struct occ_ledger_stats stats;
    occ_ledger_get_stats(ledger, &stats);
    fill(ledger, stats.proofs, proofs, frame);
    occ_ledger_get_stats(ledger, &stats);
    print("syncs", (double)stats.syncs);
    print("proofs", (double)stats.proofs);
    print("not_indexed", (double)(stats.proofs - stats.indexed_proofs));
    print("ledger_mb", (double)stats.bytes / 1e6);
    const double begin = now(CLOCK_MONOTONIC);
    occ_ledger_close(ledger);
    print("close_ms", (now(CLOCK_MONOTONIC) - begin) * 1e3);
    print("index_mb", size_mb(argv[1], "index.db"));
    ledger = open_ledger(argv[1], "open_full_ms");
    look_up(ledger, argv[1], stats.proofs);
    occ_ledger_close(ledger);
    print("mib", (double)memory_kib() / 1024);
    return 0;
}
