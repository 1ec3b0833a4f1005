/*
 * gate.c REQUESTS DIGESTS CHAINS WORKERS FRAMES — the boundary's gate without its process: frames of REQUESTS requests with DIGESTS digests
 * each, on CHAINS chains in turn, signed by WORKERS threads, acknowledged at once. Prints name and value: processor time and time for a
 * proof, in microseconds, and how many proofs.
 *
 * For callgrind, perf, and comparing two builds:
 *   gcc -O2 -g -D_GNU_SOURCE -Isrc -Iinclude tests/bench/gate.c build/release/lib/libocc_{enclave,boundary,evidence,wire,proof,codec,crypto,os,base}.a …
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "../support/flat.h"
#include "boundary/gate.h"
#include "crypto/secret.h"
#include "enclave/crew.h"
#include "wire/commit.h"
#include "wire/frame.h"
#include "wire/hello.h"

enum { OUT_LEN = 64 << 20, CHAINS_MAX = 8 };

static uint64_t
now_ms(void *ctx)
{
    (void)ctx;
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void
fill(void *ctx, void *ret, size_t len)
{
    (void)ctx;
    occ_secret_random(ret, len);
}

static double
wall_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static double
cpu_us(void)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static void
require(struct occ_result result)
{
    if (!occ_is_ok(result)) {
        fprintf(stderr, "gate: %s\n", occ_result_text(result.code));
        exit(1);
    }
}

struct load {
    unsigned requests, digests, chains, workers, frames;
};

static void
put_frame(const struct load *load, struct occ_buf *in)
{
    struct occ_commit_writer writer;
    occ_commit_begin(&writer, in, 1);
    for (unsigned i = 0; i < load->requests; i++) {
        occ_commit_put_request(&writer, occ_bytes_str("0123456789abcdef"));
        if (i % load->chains > 0) {
            const char chain = (char)('a' + i % load->chains - 1);
            occ_commit_put_field(&writer, OCC_COMMIT_CHAIN, occ_bytes_of(&chain, 1));
        }
        for (unsigned j = 0; j < load->digests; j++) {
            uint8_t digest[32] = { (uint8_t)i, (uint8_t)j };
            occ_commit_put_digest(&writer, digest);
        }
    }
    occ_commit_end(&writer);
}

static void
play(struct occ_gate *gate, const struct occ_buf *in, struct occ_buf *out)
{
    size_t used = 0;
    out->len = 0;
    require(flat_handle(gate, occ_buf_view(in), &used, out));
    require(used == in->len ? occ_success() : occ_result_of(OCC_ERR_INTERNAL));
}

static void
run(struct occ_gate *gate, const struct load *load)
{
    OCC_BUF_AUTO(frame, OUT_LEN);
    OCC_BUF_AUTO(ack, 1024);
    OCC_BUF_AUTO(out, OUT_LEN);
    const struct occ_hello hello = { .min_version = OCC_WIRE_VERSION, .max_version = OCC_WIRE_VERSION };
    occ_gate_begin_session(gate);
    occ_hello_put(&ack, &hello);
    play(gate, &ack, &out);
    put_frame(load, &frame);
    play(gate, &frame, &out); /* warm */
    const double cpu = cpu_us(), wall = wall_us();
    for (unsigned i = 1; i <= load->frames; i++) {
        play(gate, &frame, &out);
        occ_buf_reset(&ack);
        occ_commit_put_ack(&ack, (uint64_t)(i + 1) * load->requests);
        play(gate, &ack, &out);
    }
    const double proofs = (double)load->frames * load->requests * load->digests;
    printf("cpu_us %.2f\nwall_us %.2f\nproofs %.0f\n", (cpu_us() - cpu) / proofs, (wall_us() - wall) / proofs, proofs);
}

int
main(int argc, char **argv)
{
    if (argc != 6) {
        fprintf(stderr, "usage: gate REQUESTS DIGESTS CHAINS WORKERS FRAMES\n");
        return 2;
    }
    unsigned numbers[5];
    for (int i = 0; i < 5; i++) {
        numbers[i] = (unsigned)strtoul(argv[i + 1], NULL, 10);
    }
    const struct load load = { numbers[0], numbers[1], numbers[2], numbers[3], numbers[4] };
    if (load.chains < 1 || load.chains > CHAINS_MAX || load.requests < 1) {
        fprintf(stderr, "gate: at least one request, 1 to %d chains\n", CHAINS_MAX);
        return 2;
    }
    static const char names[] = "abcdefgh";
    struct occ_bytes chain_ids[CHAINS_MAX];
    for (size_t i = 0; i < CHAINS_MAX; i++) {
        chain_ids[i] = occ_bytes_of(names + i, 1);
    }
    static const uint8_t binary[32];
    struct occ_crew *crew = NULL;
    struct occ_gate *gate = NULL;
    struct occ_gate_config config = { .now_ms = now_ms,
                                      .uptime_ms = now_ms,
                                      .random = fill,
                                      .chain_ids = chain_ids,
                                      .chain_id_count = load.chains - 1,
                                      .workers = load.workers };
    require(occ_secret_init());
    if (load.workers > 1) {
        require(occ_crew_new(load.workers, NULL, &crew));
        config.run = occ_crew_run;
        config.run_ctx = crew;
    }
    require(occ_signer_software_new(fill, NULL, NULL, &config.signer));
    occ_attester_none(binary, &config.attester);
    require(occ_gate_new(&config, NULL, &gate));
    run(gate, &load);
    occ_gate_free(gate);
    occ_crew_free(crew);
    return 0;
}
