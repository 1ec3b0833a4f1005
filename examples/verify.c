/*
 * verify.c — verifies a proof file, offline, with libocc. Prints the report as JSON.
 *
 *   cc verify.c $(pkg-config --cflags --libs occ) -o verify && ./verify photo.jpg.proof.json
 *
 * Exit code: 0 valid, 1 not valid, 2 malformed or unreadable.
 */
#include <occ/occ.h>
#include <stdio.h>

int
main(int argc, char **argv)
{
    static char text[4 << 20];
    FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
    if (file == NULL) {
        fprintf(stderr, "usage: verify PROOF.json\n");
        return 2;
    }
    const size_t len = fread(text, 1, sizeof text, file);
    fclose(file);

    occ_verifier *verifier = NULL;
    occ_report *report = NULL;
    enum occ_err code = occ_verifier_new(NULL, &verifier);
    if (code == OCC_OK) {
        const struct occ_verify_input input = { .size = sizeof input, .proof = text, .proof_len = len };
        code = occ_verify(verifier, &input, &report);
    }
    printf("%s\n", report != NULL ? occ_report_json(report, NULL) : occ_code_text(code));
    occ_report_free(report);
    occ_verifier_free(verifier);
    return code == OCC_OK ? 0 : code >= 100 ? 1 : 2;
}
