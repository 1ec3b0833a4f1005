/*
 * evidence.c — verifies a proof under a policy, with roots of timestamp authorities, and prints what stands behind it.
 *
 *   cc evidence.c $(pkg-config --cflags --libs occ) -o evidence && ./evidence PROOF.json POLICY.json [TSA-ROOTS.pem]
 *
 * Exit code: 0 valid and as the policy wants it, 1 not, 2 malformed or unreadable.
 */
#include <occ/occ.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAX_LEN = 4 << 20 };

struct text {
    char *bytes;
    size_t len;
};

/* A whole file, to be freed, or bytes NULL: it cannot be read, or is longer than the library reads. */
static struct text
read_file(const char *path)
{
    struct text text = { malloc(MAX_LEN + 1), 0 };
    FILE *file = fopen(path, "rb");
    int good = file != NULL && text.bytes != NULL;
    if (good) {
        text.len = fread(text.bytes, 1, MAX_LEN + 1, file);
        good = !ferror(file) && text.len <= MAX_LEN;
    }
    if (file != NULL) {
        fclose(file);
    }
    if (!good) {
        fprintf(stderr, "evidence: %s: cannot be read, or longer than 4 MiB\n", path);
        free(text.bytes);
        text.bytes = NULL;
    }
    return text;
}

static void
print_evidence(const occ_report *report)
{
    struct occ_attestation attestation = { .size = sizeof attestation };
    if (occ_report_attestation(report, &attestation) && attestation.verified) {
        const char *pcr0 = occ_report_pcr(report, 0);
        printf("attestation: %s, binding %s, PCR0 %.16s…, root %s\n", attestation.format, attestation.binding,
               pcr0 != NULL ? pcr0 : "", attestation.root_is_aws ? "AWS's" : "another's");
    }
    struct occ_timestamp timestamp = { .size = sizeof timestamp };
    for (unsigned i = 0; i < 2; i++) {
        if (occ_report_timestamp(report, i, &timestamp)) {
            printf("timestamp of the %s: %llu ms, %s, by %s\n", i == 0 ? "artifact" : "proof",
                   (unsigned long long)timestamp.gen_time_ms, timestamp.trusted ? "trusted" : timestamp.untrusted,
                   timestamp.signer_name);
        }
    }
    struct occ_actor actor = { .size = sizeof actor };
    if (occ_report_actor(report, &actor) && actor.verified) {
        printf("actor: key %.16s…, %s, %s\n", actor.key_id, actor.form,
               actor.covers_artifact ? "signed for this digest" : "signed, but not for this digest");
    }
}

static void
print_report(const occ_report *report)
{
    static const char *const words[] = { "passed", "FAILED", "not performed" };
    struct occ_check check = { .size = sizeof check };
    printf("%s%s\n", occ_report_valid(report) ? "valid" : "not valid: ", occ_report_reason(report));
    for (size_t i = 0; occ_report_check(report, i, &check); i++) {
        printf("%s %s: %s\n", check.name, words[check.status], check.text);
    }
    if (occ_report_valid(report)) { /* what a refused proof brought is nobody's word */
        print_evidence(report);
    }
}

static enum occ_err
verify(const struct text *proof, const struct text *policy, const struct text *roots)
{
    char problem[200] = "";
    const struct occ_verifier_options options = { .size = sizeof options,
                                                  .tsa_roots = roots->bytes,
                                                  .tsa_roots_len = roots->len,
                                                  .problem = problem,
                                                  .problem_size = sizeof problem };
    occ_verifier *verifier = NULL;
    enum occ_err code = occ_verifier_new(&options, &verifier);
    if (code != OCC_OK) {
        fprintf(stderr, "evidence: %s\n", problem);
        return OCC_ERR_USAGE; /* whatever it was, it is not about the proof */
    }
    const struct occ_verify_input input = { .size = sizeof input,
                                            .proof = proof->bytes,
                                            .proof_len = proof->len,
                                            .policy = policy->bytes,
                                            .policy_len = policy->len };
    occ_report *report = NULL;
    code = occ_verify(verifier, &input, &report);
    if (report != NULL) {
        print_report(report);
    } else {
        fprintf(stderr, "evidence: %s\n", occ_code_text(code));
    }
    occ_report_free(report);
    occ_verifier_free(verifier);
    return code;
}

int
main(int argc, char **argv)
{
    if (argc != 3 && argc != 4) {
        fprintf(stderr, "usage: evidence PROOF.json POLICY.json [TSA-ROOTS.pem]\n");
        return 2;
    }
    struct text proof = read_file(argv[1]);
    struct text policy = read_file(argv[2]);
    struct text roots = { NULL, 0 };
    if (argc == 4) {
        roots = read_file(argv[3]);
    }
    enum occ_err code = OCC_ERR_IO;
    if (proof.bytes != NULL && policy.bytes != NULL && (argc == 3 || roots.bytes != NULL)) {
        code = verify(&proof, &policy, &roots);
    }
    free(proof.bytes);
    free(policy.bytes);
    free(roots.bytes);
    return code == OCC_OK ? 0 : code >= OCC_ERR_PROOF_STRUCTURE ? 1 : 2;
}
