/* sandbox.c — not dumpable; then a list of the system calls that are left, and death for all others (seccomp). */
#include "os/sandbox.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
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

/* And, beside those, what the library of a hardware token may want. */
static const int token_calls[] = {
    /* files: its own settings, SoftHSM's tokens, locks between processes, devices (USB) */
    SCMP_SYS(openat), SCMP_SYS(open), SCMP_SYS(stat), SCMP_SYS(fstat), SCMP_SYS(lstat), SCMP_SYS(newfstatat),
    SCMP_SYS(statx), SCMP_SYS(statfs), SCMP_SYS(fstatfs), SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2),
    SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getdents), SCMP_SYS(getdents64), SCMP_SYS(lseek),
    SCMP_SYS(pread64), SCMP_SYS(pwrite64), SCMP_SYS(fcntl), SCMP_SYS(flock), SCMP_SYS(fsync), SCMP_SYS(fdatasync),
    SCMP_SYS(ftruncate), SCMP_SYS(rename), SCMP_SYS(renameat), SCMP_SYS(renameat2), SCMP_SYS(unlink),
    SCMP_SYS(unlinkat), SCMP_SYS(mkdir), SCMP_SYS(mkdirat), SCMP_SYS(rmdir), SCMP_SYS(umask), SCMP_SYS(getcwd),
    SCMP_SYS(fadvise64), SCMP_SYS(dup), SCMP_SYS(dup2), SCMP_SYS(dup3), SCMP_SYS(inotify_init1),
    SCMP_SYS(inotify_add_watch), SCMP_SYS(inotify_rm_watch),
    /* sockets: pcscd, a connector, an HSM in the network; waiting */
    SCMP_SYS(socket), SCMP_SYS(socketpair), SCMP_SYS(connect), SCMP_SYS(bind), SCMP_SYS(getsockname),
    SCMP_SYS(getpeername), SCMP_SYS(getsockopt), SCMP_SYS(setsockopt), SCMP_SYS(sendto), SCMP_SYS(sendmsg),
    SCMP_SYS(sendmmsg), SCMP_SYS(recvmsg), SCMP_SYS(recvmmsg), SCMP_SYS(pipe), SCMP_SYS(pipe2), SCMP_SYS(eventfd2),
    SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_settime), SCMP_SYS(select), SCMP_SYS(pselect6), SCMP_SYS(epoll_create1),
    SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait),
    /* threads, time, and who one is */
    SCMP_SYS(set_robust_list), SCMP_SYS(set_tid_address), SCMP_SYS(rseq), SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity), SCMP_SYS(sigaltstack), SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep),
    SCMP_SYS(clock_getres), SCMP_SYS(time), SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid),
    SCMP_SYS(getppid), SCMP_SYS(getrusage), SCMP_SYS(getrlimit), SCMP_SYS(uname), SCMP_SYS(getcpu)
};

/* Not even tried: no library of a token has a reason to. */
static const int deadly_calls[] = { SCMP_SYS(execve),
                                    SCMP_SYS(execveat),
                                    SCMP_SYS(fork),
                                    SCMP_SYS(vfork),
                                    SCMP_SYS(ptrace),
                                    SCMP_SYS(process_vm_readv),
                                    SCMP_SYS(process_vm_writev),
                                    SCMP_SYS(kcmp),
                                    SCMP_SYS(pidfd_getfd),
                                    SCMP_SYS(init_module),
                                    SCMP_SYS(finit_module),
                                    SCMP_SYS(delete_module),
                                    SCMP_SYS(kexec_load),
                                    SCMP_SYS(kexec_file_load),
                                    SCMP_SYS(bpf),
                                    SCMP_SYS(perf_event_open),
                                    SCMP_SYS(userfaultfd),
                                    SCMP_SYS(io_uring_setup),
                                    SCMP_SYS(mount),
                                    SCMP_SYS(umount2),
                                    SCMP_SYS(pivot_root),
                                    SCMP_SYS(chroot),
                                    SCMP_SYS(setns),
                                    SCMP_SYS(unshare),
                                    SCMP_SYS(setuid),
                                    SCMP_SYS(setgid),
                                    SCMP_SYS(setreuid),
                                    SCMP_SYS(setregid),
                                    SCMP_SYS(setresuid),
                                    SCMP_SYS(setresgid),
                                    SCMP_SYS(setgroups),
                                    SCMP_SYS(settimeofday),
                                    SCMP_SYS(clock_settime),
                                    SCMP_SYS(adjtimex),
                                    SCMP_SYS(clock_adjtime),
                                    SCMP_SYS(reboot),
                                    SCMP_SYS(swapon),
                                    SCMP_SYS(swapoff),
                                    SCMP_SYS(quotactl),
                                    SCMP_SYS(acct),
                                    SCMP_SYS(keyctl),
                                    SCMP_SYS(add_key),
                                    SCMP_SYS(request_key),
                                    SCMP_SYS(open_by_handle_at),
                                    SCMP_SYS(memfd_create),
                                    SCMP_SYS(personality) };

static int
add_all(scmp_filter_ctx filter, uint32_t action, const int *calls, size_t count)
{
    int added = 0;
    for (size_t i = 0; i < count && added == 0; i++) {
        added = seccomp_rule_add(filter, action, calls[i], 0);
    }
    return added;
}

/* abort's signal, to this process only. */
static int
add_abort(scmp_filter_ctx filter)
{
    const struct scmp_arg_cmp self = { .arg = 0, .op = SCMP_CMP_EQ, .datum_a = (scmp_datum_t)getpid() };
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, self);
}

/*
 * Devices; but typing into a terminal is not for us. The kernel looks at 32 bits of the request, so what stands above them must
 * not make another one of it: allowed is what differs in one of those 32.
 */
static int
add_requests(scmp_filter_ctx filter)
{
    int added = 0;
    for (unsigned bit = 0; bit < 32 && added == 0; bit++) {
        const scmp_datum_t mask = UINT64_C(1) << bit;
        const struct scmp_arg_cmp differs = {
            .arg = 1, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = ~(scmp_datum_t)TIOCSTI & mask
        };
        added = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1, differs);
    }
    return added;
}

/* 0 or a negative errno, as libseccomp gives it. */
static int
add_token_rules(scmp_filter_ctx filter)
{
    /* Code comes from files only, and is never written to. */
    const struct scmp_arg_cmp no_exec = { .arg = 2, .op = SCMP_CMP_MASKED_EQ, .datum_a = PROT_EXEC, .datum_b = 0 };
    const struct scmp_arg_cmp no_write = { .arg = 2, .op = SCMP_CMP_MASKED_EQ, .datum_a = PROT_WRITE, .datum_b = 0 };
    const struct scmp_arg_cmp from_file = {
        .arg = 3, .op = SCMP_CMP_MASKED_EQ, .datum_a = MAP_ANONYMOUS, .datum_b = 0
    };
    /* A thread, not a process; of clone3 the filter cannot see which, and glibc goes on without it. */
    const struct scmp_arg_cmp thread = {
        .arg = 0, .op = SCMP_CMP_MASKED_EQ, .datum_a = CLONE_THREAD, .datum_b = CLONE_THREAD
    };
    const struct scmp_arg_cmp process = { .arg = 0, .op = SCMP_CMP_MASKED_EQ, .datum_a = CLONE_THREAD, .datum_b = 0 };
    /* PR_SET_NAME: libraries name their threads. */
    const struct scmp_arg_cmp naming = { .arg = 0, .op = SCMP_CMP_EQ, .datum_a = PR_SET_NAME };
    int added = add_all(filter, SCMP_ACT_ALLOW, plain_calls, sizeof plain_calls / sizeof plain_calls[0]);
    added =
        added != 0 ? added : add_all(filter, SCMP_ACT_ALLOW, token_calls, sizeof token_calls / sizeof token_calls[0]);
    added = added != 0
                ? added
                : add_all(filter, SCMP_ACT_KILL_PROCESS, deadly_calls, sizeof deadly_calls / sizeof deadly_calls[0]);
    added = added != 0 ? added : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, no_exec);
    added = added != 0 ? added : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2, no_write, from_file);
    added = added != 0 ? added : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, no_exec);
    added = added != 0 ? added : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, thread);
    added = added != 0 ? added : seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, SCMP_SYS(clone), 1, process);
    added = added != 0 ? added : seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    added = added != 0 ? added : add_requests(filter);
    added = added != 0 ? added : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1, naming);
    return added != 0 ? added : add_abort(filter);
}

/* One request of one device. The kernel looks at 32 bits of each argument; what a caller has left above them does not count. */
static int
add_device(scmp_filter_ctx filter, const struct occ_sandbox_device *device)
{
    const scmp_datum_t low = UINT32_MAX;
    const struct scmp_arg_cmp fd = {
        .arg = 0, .op = SCMP_CMP_MASKED_EQ, .datum_a = low, .datum_b = (scmp_datum_t)device->fd
    };
    const struct scmp_arg_cmp request = {
        .arg = 1, .op = SCMP_CMP_MASKED_EQ, .datum_a = low, .datum_b = (scmp_datum_t)device->request & low
    };
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 2, fd, request);
}

/* Adds the rules; 0 or a negative errno, as libseccomp gives it. */
static int
add_rules(scmp_filter_ctx filter, const struct occ_sandbox_device *device)
{
    /* Memory that no file is behind, and that never becomes code. */
    const struct scmp_arg_cmp no_exec = { .arg = 2, .op = SCMP_CMP_MASKED_EQ, .datum_a = PROT_EXEC, .datum_b = 0 };
    const struct scmp_arg_cmp anonymous = {
        .arg = 3, .op = SCMP_CMP_MASKED_EQ, .datum_a = MAP_ANONYMOUS, .datum_b = MAP_ANONYMOUS
    };
    /* Data to the connected peer, not to an address. */
    const struct scmp_arg_cmp no_address = { .arg = 4, .op = SCMP_CMP_EQ, .datum_a = 0 };
    int added = add_all(filter, SCMP_ACT_ALLOW, plain_calls, sizeof plain_calls / sizeof plain_calls[0]);
    added = added != 0 ? added : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2, no_exec, anonymous);
    added = added != 0 ? added : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, no_exec);
    added = added != 0 ? added : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(sendto), 1, no_address);
    added = added != 0 || device == NULL ? added : add_device(filter, device);
    return added != 0 ? added : add_abort(filter);
}

static struct occ_result
load_filter(enum occ_sandbox_profile profile, const struct occ_sandbox_device *device, struct occ_error *err)
{
    const bool is_token = profile == OCC_SANDBOX_BOUNDARY_TOKEN;
    scmp_filter_ctx filter = seccomp_init(is_token ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_KILL_PROCESS);
    if (filter == NULL) {
        return occ_error_set(err, OCC_ERR_NOMEM, "cannot make the list of system calls");
    }
    int done = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    done = done != 0 ? done : seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1); /* every thread, not only this one */
    done = done != 0 ? done : (is_token ? add_token_rules(filter) : add_rules(filter, device));
    done = done != 0 ? done : seccomp_load(filter);
    seccomp_release(filter);
    return done == 0 ? occ_success() : fail(err, "give up system calls", -done);
}

struct occ_result
occ_sandbox_enter(enum occ_sandbox_profile profile, const struct occ_sandbox_device *device, struct occ_error *err,
                  bool *ret_full)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        return fail(err, "give up new privileges", errno);
    }
    if (!HAS_SANITIZER) {
        OCC_TRY(load_filter(profile, device, err));
    }
    if (ret_full != NULL) {
        *ret_full = !HAS_SANITIZER;
    }
    return occ_success();
}
