/*
 * verify.c — verifies a proof file, offline, with libocc. Prints the report as JSON.
 *
 *   cc verify.c $(pkg-config --cflags --libs occ) -o verify && ./verify photo.jpg.proof.json
 *
 * Exit code: 0 valid, 1 not valid, 2 malformed or unreadable.
 */
#include <occ/occ.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAX_LEN = 4 << 20 }; /* the library reads no longer proof */

/* The file's content, to be freed, or NULL: it cannot be read, or is longer than any proof. It is never cut. */
static char *
read_file(const char *path, size_t *ret_len)
{
    FILE *file = fopen(path, "rb");
    char *text = malloc(MAX_LEN + 1);
    int good = file != NULL && text != NULL;
    if (good) {
        *ret_len = fread(text, 1, MAX_LEN + 1, file);
        good = !ferror(file) && *ret_len <= MAX_LEN;
    }
    if (file != NULL) {
        fclose(file);
    }
    if (!good) {
        free(text);
        return NULL;
    }
    return text;
}

int
main(int argc, char **argv)
{
    size_t len = 0;
    char *text = argc == 2 ? read_file(argv[1], &len) : NULL;
    if (text == NULL) {
        fprintf(stderr,
                argc == 2 ? "verify: cannot read a proof of at most 4 MiB there\n" : "usage: verify PROOF.json\n");
        return 2;
    }
    occ_verifier *verifier = NULL;
    enum occ_err code = occ_verifier_new(NULL, &verifier);
    if (code != OCC_OK) {
        fprintf(stderr, "verify: %s\n", occ_code_text(code));
        free(text);
        return 2;
    }
    occ_report *report = NULL;
    const struct occ_verify_input input = { .size = sizeof input, .proof = text, .proof_len = len };
    code = occ_verify(verifier, &input, &report);
    printf("%s\n", report != NULL ? occ_report_json(report, NULL) : occ_code_text(code));
    occ_report_free(report);
    occ_verifier_free(verifier);
    free(text);
    return code == OCC_OK ? 0 : code >= OCC_ERR_PROOF_STRUCTURE ? 1 : 2;
}
