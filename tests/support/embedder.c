/*
 * embedder.c — a program of somebody else's that has libocc in an odd place. For tests/scenario/test_294_library_examples.py.
 *
 *   embedder WHAT LIBRARY PROOF BAD-PROOF
 *
 * Loads LIBRARY with dlopen; PROOF is valid, BAD-PROOF is not. Exit code 0: as it must be; else a line says what was not.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <locale.h>
#include <occ/occ.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TEXT_SIZE = 1 << 20, THREADS = 4, ROUNDS = 30, STACK_SIZE = 64 << 10 };

static char good[TEXT_SIZE], bad[TEXT_SIZE];

struct library {
    void *handle;
    enum occ_err (*new)(const struct occ_verifier_options *options, occ_verifier **ret_verifier);
    void (*free)(occ_verifier *verifier);
    enum occ_err (*verify)(const occ_verifier *verifier, const struct occ_verify_input *input, occ_report **ret_report);
    void (*report_free)(occ_report *report);
};

static void
check(int holds, const char *what)
{
    if (!holds) {
        printf("embedder: %s\n", what);
        exit(1);
    }
}

static void
read_text(const char *path, char *text)
{
    FILE *file = fopen(path, "rb");
    check(file != NULL, path);
    const size_t len = fread(text, 1, TEXT_SIZE - 1, file);
    check(len > 0 && len < TEXT_SIZE - 1, path);
    text[len] = '\0';
    fclose(file);
}

static struct library
load(const char *path)
{
    struct library library = { .handle = dlopen(path, RTLD_NOW | RTLD_LOCAL) };
    check(library.handle != NULL, "dlopen");
    /* dlsym gives functions as data: POSIX says that this works. */
    *(void **)&library.new = dlsym(library.handle, "occ_verifier_new");
    *(void **)&library.free = dlsym(library.handle, "occ_verifier_free");
    *(void **)&library.verify = dlsym(library.handle, "occ_verify");
    *(void **)&library.report_free = dlsym(library.handle, "occ_report_free");
    check(library.new != NULL &&library.free != NULL &&library.verify != NULL &&library.report_free != NULL, "dlsym");
    check(dlsym(library.handle, "occ_buf_put") == NULL, "a name that is not public is exported");
    return library;
}

static occ_verifier *
make(const struct library *library)
{
    occ_verifier *verifier = NULL;
    check(library->new (NULL, &verifier) == OCC_OK, "occ_verifier_new");
    return verifier;
}

static void
verify(const struct library *library, const occ_verifier *verifier)
{
    const char *const texts[] = { good, bad };
    for (int i = 0; i < 2; i++) {
        const struct occ_verify_input input = { .size = sizeof input,
                                                .proof = texts[i],
                                                .proof_len = strlen(texts[i]) };
        occ_report *report = NULL;
        errno = 12345;
        const enum occ_err code = library->verify(verifier, &input, &report);
        check(code == (i == 0 ? OCC_OK : OCC_ERR_SIGNATURE) && report != NULL, "a verdict");
        library->report_free(report);
    }
}

static void
use(const struct library *library)
{
    occ_verifier *verifier = make(library);
    verify(library, verifier);
    library->free(verifier);
}

static int
open_files(void)
{
    DIR *folder = opendir("/proc/self/fd");
    check(folder != NULL, "/proc/self/fd");
    int count = 0;
    while (readdir(folder) != NULL) {
        count++;
    }
    closedir(folder);
    return count;
}

static void
wait_for(pid_t child)
{
    int status = 0;
    check(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0, "a child");
}

/* The child goes on with the parent's verifier, makes one of its own, and so does its child. */
static void
do_fork(const char *path)
{
    const struct library library = load(path);
    occ_verifier *verifier = make(&library);
    verify(&library, verifier);
    const pid_t child = fork();
    check(child >= 0, "fork");
    if (child == 0) {
        verify(&library, verifier);
        use(&library);
        const pid_t grandchild = fork();
        if (grandchild == 0) {
            verify(&library, verifier);
            library.free(verifier);
            exit(0);
        }
        wait_for(grandchild);
        library.free(verifier);
        exit(0);
    }
    verify(&library, verifier);
    wait_for(child);
    library.free(verifier);
}

/* Loaded, used and unloaded again and again: nothing stays open. */
static void
do_reload(const char *path)
{
    struct library library = load(path);
    use(&library);
    check(dlclose(library.handle) == 0, "dlclose");
    const int before = open_files();
    for (int i = 0; i < ROUNDS; i++) {
        library = load(path);
        use(&library);
        check(dlclose(library.handle) == 0, "dlclose");
    }
    check(open_files() == before, "a file was left open");
}

/* Two copies at once, from two files, each with verifiers of its own. */
static void
do_copies(const char *path)
{
    char copy[4096];
    check(snprintf(copy, sizeof copy, "%s.copy", path) < (int)sizeof copy, "a path");
    const struct library one = load(path);
    const struct library two = load(copy);
    check(one.verify != two.verify, "the copies are one");
    occ_verifier *first = make(&one);
    occ_verifier *second = make(&two);
    verify(&one, first);
    verify(&two, second);
    one.free(first);
    check(dlclose(one.handle) == 0, "dlclose");
    verify(&two, second);
    two.free(second);
    check(dlclose(two.handle) == 0, "dlclose");
}

struct shared {
    struct library library;
    occ_verifier *verifier;
};

static void *
run(void *arg)
{
    const struct shared *shared = arg;
    if (shared->verifier != NULL) {
        verify(&shared->library, shared->verifier);
    }
    use(&shared->library);
    return NULL;
}

static void
run_threads(struct shared *shared)
{
    pthread_attr_t small;
    check(pthread_attr_init(&small) == 0 && pthread_attr_setstacksize(&small, STACK_SIZE) == 0, "pthread_attr");
    pthread_t ids[THREADS];
    for (int i = 0; i < THREADS; i++) {
        check(pthread_create(&ids[i], &small, run, shared) == 0, "pthread_create");
    }
    for (int i = 0; i < THREADS; i++) {
        check(pthread_join(ids[i], NULL) == 0, "pthread_join");
    }
    pthread_attr_destroy(&small);
}

/*
 * Threads with the least stack that docs/libocc.md promises to be enough. The first ones make the first verifiers of the process, all at
 * once; the others share one. The library is unloaded after the last.
 */
static void
do_threads(const char *path)
{
    struct shared shared = { .library = load(path) };
    run_threads(&shared);
    shared.verifier = make(&shared.library);
    for (int round = 0; round < ROUNDS; round++) {
        run_threads(&shared);
    }
    shared.library.free(shared.verifier);
    check(dlclose(shared.library.handle) == 0, "dlclose");
}

/* A locale with a decimal comma, in the process and in the thread; it is still there afterwards. */
static void
do_locale(const char *path)
{
    check(setlocale(LC_ALL, "de_DE.UTF-8") != NULL, "the locale de_DE.UTF-8");
    locale_t own = newlocale(LC_ALL_MASK, "de_DE.UTF-8", (locale_t)0);
    check(own != (locale_t)0 && uselocale(own) != (locale_t)0, "newlocale");
    const struct library library = load(path);
    use(&library);
    check(uselocale((locale_t)0) == own, "the thread's locale was changed");
    check(strcmp(localeconv()->decimal_point, ",") == 0, "the decimal point was changed");
    uselocale(LC_GLOBAL_LOCALE);
    freelocale(own);
}

/* A process that may open nothing any more, once a verifier was made. */
static void
do_closed(const char *path)
{
    const struct library library = load(path);
    occ_verifier *verifier = make(&library);
    const struct rlimit none = { 0, 0 };
    check(setrlimit(RLIMIT_NOFILE, &none) == 0, "setrlimit");
    verify(&library, verifier);
    occ_verifier *second = make(&library);
    verify(&library, second);
    library.free(second);
    library.free(verifier);
}

/* Whatever OpenSSL's configuration says: a verdict that is right, or none. */
static void
do_openssl(const char *path)
{
    const struct library library = load(path);
    occ_verifier *verifier = NULL;
    if (library.new(NULL, &verifier) != OCC_OK) {
        check(verifier == NULL, "a verifier beside an error");
        return;
    }
    const struct occ_verify_input input = { .size = sizeof input, .proof = bad, .proof_len = strlen(bad) };
    check(library.verify(verifier, &input, NULL) != OCC_OK, "a bad proof is valid");
    const struct occ_verify_input fine = { .size = sizeof fine, .proof = good, .proof_len = strlen(good) };
    const enum occ_err code = library.verify(verifier, &fine, NULL);
    check(code == OCC_OK || code < 40, "a good proof is refused");
    library.free(verifier);
}

int
main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*perform)(const char *path);
    } all[] = { { "fork", do_fork },     { "reload", do_reload }, { "copies", do_copies },  { "threads", do_threads },
                { "locale", do_locale }, { "closed", do_closed }, { "openssl", do_openssl } };
    check(argc == 5, "usage: embedder WHAT LIBRARY PROOF BAD-PROOF");
    alarm(120); /* a lock that nobody gives back */
    read_text(argv[3], good);
    read_text(argv[4], bad);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (strcmp(argv[1], all[i].name) == 0) {
            all[i].perform(argv[2]);
            return 0;
        }
    }
    check(0, "no such test");
    return 1;
}
