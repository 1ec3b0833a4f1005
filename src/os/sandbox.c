/* sandbox.c — not dumpable; then a list of the system calls that are left, and death for all others (seccomp). */
#include "os/sandbox.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <seccomp.h>

#if defined(__has_feature)
#define HAS_FEATURE(name) __has_feature(name)
#else
#define HAS_FEATURE(name) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || HAS_FEATURE(address_sanitizer) || \
    HAS_FEATURE(thread_sanitizer) || HAS_FEATURE(memory_sanitizer)
#define HAS_SANITIZER 1 /* their run-time opens files, starts threads and traces */
#else
#define HAS_SANITIZER 0
#endif

static struct occ_result
fail(struct occ_error *err, const char *doing, int reason)
{
    char text[128];
    return occ_error_set(err, OCC_ERR_IO, "cannot %s: %s", doing, strerror_r(reason, text, sizeof text));
}

struct occ_result
occ_sandbox_hide(struct occ_error *err)
{
    const struct rlimit none = { 0, 0 };
    if (setrlimit(RLIMIT_CORE, &none) != 0) {
        return fail(err, "give up core files", errno);
    }
    if (!HAS_SANITIZER && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
        return fail(err, "give up being dumped", errno);
    }
    return occ_success();
}

/* Left without a condition, and what for. */
static const int plain_calls[] = {
    /* descriptors that are open; new ones only by accepting */
    SCMP_SYS(read), SCMP_SYS(write), SCMP_SYS(readv), SCMP_SYS(writev), SCMP_SYS(recvfrom), SCMP_SYS(poll),
    SCMP_SYS(ppoll), SCMP_SYS(accept4), SCMP_SYS(shutdown), SCMP_SYS(close),
    /* memory: malloc, and libsodium's locked pages when they are freed */
    SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(mlock), SCMP_SYS(munlock),
    SCMP_SYS(sysinfo), /* qsort asks how much memory there is */
    /* time, random, locks within the process */
    SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday), SCMP_SYS(getrandom), SCMP_SYS(futex),
    /* signals; leaving, also by abort */
    SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigaction), SCMP_SYS(restart_syscall),
    SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(exit), SCMP_SYS(exit_group)
};

/* Adds the rules; 0 or a negative errno, as libseccomp gives it. */
static int
add_rules(scmp_filter_ctx filter)
{
    for (size_t i = 0; i < sizeof plain_calls / sizeof plain_calls[0]; i++) {
        const int added = seccomp_rule_add(filter, SCMP_ACT_ALLOW, plain_calls[i], 0);
        if (added != 0) {
            return added;
        }
    }
    /* Memory that no file is behind, and that never becomes code. */
    const struct scmp_arg_cmp no_exec = { .arg = 2, .op = SCMP_CMP_MASKED_EQ, .datum_a = PROT_EXEC, .datum_b = 0 };
    const struct scmp_arg_cmp anonymous = {
        .arg = 3, .op = SCMP_CMP_MASKED_EQ, .datum_a = MAP_ANONYMOUS, .datum_b = MAP_ANONYMOUS
    };
    /* Data to the connected peer, not to an address. */
    const struct scmp_arg_cmp no_address = { .arg = 4, .op = SCMP_CMP_EQ, .datum_a = 0 };
    /* abort's signal, to this process only. */
    const struct scmp_arg_cmp self = { .arg = 0, .op = SCMP_CMP_EQ, .datum_a = (scmp_datum_t)getpid() };
    int added = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2, no_exec, anonymous);
    added = added != 0 ? added : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, no_exec);
    added = added != 0 ? added : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(sendto), 1, no_address);
    return added != 0 ? added : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, self);
}

static struct occ_result
load_filter(struct occ_error *err)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (filter == NULL) {
        return occ_error_set(err, OCC_ERR_NOMEM, "cannot make the list of system calls");
    }
    int done = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    done = done != 0 ? done : add_rules(filter);
    done = done != 0 ? done : seccomp_load(filter);
    seccomp_release(filter);
    return done == 0 ? occ_success() : fail(err, "give up system calls", -done);
}

struct occ_result
occ_sandbox_enter(struct occ_error *err, bool *ret_full)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return fail(err, "give up new privileges", errno);
    }
    if (!HAS_SANITIZER) {
        OCC_TRY(load_filter(err));
    }
    if (ret_full != NULL) {
        *ret_full = !HAS_SANITIZER;
    }
    return occ_success();
}
