/*
 * folder.c — verifies every *.json of a folder with one verifier and some threads. One line for each: valid or why not.
 *
 *   cc folder.c $(pkg-config --cflags --libs occ) -pthread -o folder && ./folder proofs 4
 *
 * Exit code: 0 all valid, 1 some are not, 2 something could not be read or done.
 */
#include <dirent.h>
#include <occ/occ.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LEN = 4 << 20, MAX_THREADS = 64, PATH_SIZE = 4096 };

/* What the threads share. The verifier needs no lock: any number of threads may use it at once. */
struct work {
    const occ_verifier *verifier;
    const char *folder;
    pthread_mutex_t lock; /* for all below */
    DIR *entries;
    int refused, failed;
};

/* The next file's name; 0 when there is none left. */
static int
next_name(struct work *work, char *ret_name, size_t size)
{
    int found = 0;
    pthread_mutex_lock(&work->lock);
    for (struct dirent *entry; !found && (entry = readdir(work->entries)) != NULL;) {
        const size_t len = strlen(entry->d_name);
        found = len > 5 && len < size && strcmp(entry->d_name + len - 5, ".json") == 0;
        if (found) {
            memcpy(ret_name, entry->d_name, len + 1);
        }
    }
    pthread_mutex_unlock(&work->lock);
    return found;
}

/* Reads a whole file of at most MAX_LEN bytes into text, which has room for one more: 0 if it cannot be read or is longer. */
static int
read_proof(const char *folder, const char *name, char *text, size_t *ret_len)
{
    char path[PATH_SIZE];
    const int len = snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = len > 0 && (size_t)len < sizeof path ? fopen(path, "rb") : NULL;
    if (file == NULL) {
        return 0;
    }
    *ret_len = fread(text, 1, MAX_LEN + 1, file);
    const int whole = !ferror(file) && *ret_len <= MAX_LEN;
    fclose(file);
    return whole;
}

static void
verify_one(struct work *work, const char *name, char *text)
{
    struct occ_verify_input input = { .size = sizeof input, .proof = text };
    occ_report *report = NULL;
    enum occ_err code = OCC_ERR_IO;
    if (read_proof(work->folder, name, text, &input.proof_len)) {
        code = occ_verify(work->verifier, &input, &report);
    }
    pthread_mutex_lock(&work->lock);
    printf("%s: %s\n", name,
           code == OCC_OK   ? "valid"
           : report != NULL ? occ_report_reason(report)
                            : occ_code_text(code));
    work->refused += code >= OCC_ERR_PROOF_STRUCTURE;
    work->failed += code != OCC_OK && code < OCC_ERR_PROOF_STRUCTURE;
    pthread_mutex_unlock(&work->lock);
    occ_report_free(report);
}

static void *
run(void *arg)
{
    struct work *work = arg;
    char name[256];
    char *text = malloc(MAX_LEN + 1); /* one for each thread */
    while (text != NULL && next_name(work, name, sizeof name)) {
        verify_one(work, name, text);
    }
    if (text == NULL) {
        pthread_mutex_lock(&work->lock);
        work->failed++;
        pthread_mutex_unlock(&work->lock);
    }
    free(text);
    return NULL;
}

int
main(int argc, char **argv)
{
    const long threads = argc == 3 ? strtol(argv[2], NULL, 10) : argc == 2 ? 1 : 0;
    struct work work = { .folder = argv[1], .lock = PTHREAD_MUTEX_INITIALIZER };
    work.entries = threads >= 1 && threads <= MAX_THREADS ? opendir(argv[1]) : NULL;
    if (work.entries == NULL) {
        fprintf(stderr, "usage: folder FOLDER [THREADS]\n");
        return 2;
    }
    occ_verifier *verifier = NULL;
    work.failed = occ_verifier_new(NULL, &verifier) != OCC_OK;
    work.verifier = verifier;
    pthread_t ids[MAX_THREADS];
    long started = 0;
    while (!work.failed && started < threads && pthread_create(&ids[started], NULL, run, &work) == 0) {
        started++;
    }
    work.failed += started == 0;
    for (long i = 0; i < started; i++) {
        pthread_join(ids[i], NULL);
    }
    occ_verifier_free(verifier);
    closedir(work.entries);
    return work.failed ? 2 : work.refused ? 1 : 0;
}
