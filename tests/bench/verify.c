/*
 * verify.c — how long libocc takes for one proof with evidence, through its public interface, on one core.
 * Usage: verify SECONDS PROOF.json [TSA-ROOTS.pem]. Prints lines "name microseconds":
 *   cold   a new verifier for each verification: nothing is remembered, its roots are read anew (that time is counted apart)
 *   warm   one verifier: the document and certificates that were verified before are remembered
 */
#include <occ/occ.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static char proof[4 << 20];
static char roots[4 << 20];

static double
cpu_now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static void
fail(const char *what)
{
    fprintf(stderr, "verify: %s\n", what);
    exit(3);
}

static size_t
read_file(const char *path, char *to, size_t size)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fail(path);
    }
    const size_t len = fread(to, 1, size, file);
    fclose(file);
    return len;
}

static occ_verifier *
make_verifier(size_t roots_len)
{
    const struct occ_verifier_options options = { .size = sizeof options,
                                                  .tsa_roots = roots_len > 0 ? roots : NULL,
                                                  .tsa_roots_len = roots_len };
    occ_verifier *verifier = NULL;
    if (occ_verifier_new(&options, &verifier) != OCC_OK) {
        fail("no verifier");
    }
    return verifier;
}

static void
verify_once(const occ_verifier *verifier, size_t proof_len)
{
    const struct occ_verify_input input = { .size = sizeof input, .proof = proof, .proof_len = proof_len };
    if (occ_verify(verifier, &input, NULL) != OCC_OK) {
        fail("the proof is not valid");
    }
}

/* Microseconds of CPU for one verification, without the making of verifiers. */
static double
measure_cold(double seconds, size_t proof_len, size_t roots_len)
{
    double spent = 0;
    unsigned long operations = 0;
    while (spent < seconds) {
        occ_verifier *verifier = make_verifier(roots_len);
        const double begin = cpu_now();
        verify_once(verifier, proof_len);
        spent += cpu_now() - begin;
        operations++;
        occ_verifier_free(verifier);
    }
    return spent / (double)operations * 1e6;
}

static double
measure_warm(double seconds, size_t proof_len, size_t roots_len)
{
    occ_verifier *verifier = make_verifier(roots_len);
    verify_once(verifier, proof_len);
    unsigned long operations = 0;
    const double begin = cpu_now();
    double spent = 0;
    while (spent < seconds) {
        verify_once(verifier, proof_len);
        operations++;
        spent = cpu_now() - begin;
    }
    occ_verifier_free(verifier);
    return spent / (double)operations * 1e6;
}

int
main(int argc, char **argv)
{
    const double seconds = argc > 2 ? strtod(argv[1], NULL) : 0;
    if (seconds <= 0) {
        fail("usage: verify SECONDS PROOF.json [TSA-ROOTS.pem]");
    }
    const size_t proof_len = read_file(argv[2], proof, sizeof proof);
    const size_t roots_len = argc > 3 ? read_file(argv[3], roots, sizeof roots) : 0;
    printf("cold %.1f\n", measure_cold(seconds, proof_len, roots_len));
    printf("warm %.1f\n", measure_warm(seconds, proof_len, roots_len));
    return 0;
}
