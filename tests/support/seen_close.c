/*
 * seen_close.c — part of each program that is built with ThreadSanitizer: shows it the descriptors that libuv closes.
 *
 * libuv closes by syscall(SYS_close, fd), which ThreadSanitizer does not see. The kernel gives the number to the next file that
 * any thread opens, and what the two threads do with their files is then reported as a race on one descriptor.
 */
#include <dlfcn.h>
#include <sanitizer/linux_syscall_hooks.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

static long (*real_syscall(void))(long number, ...)
{
    static _Atomic uintptr_t found;
    uintptr_t address = atomic_load(&found);
    if (address == 0) {
        address = (uintptr_t)dlsym(RTLD_NEXT, "syscall");
        atomic_store(&found, address);
    }
    return (long (*)(long number, ...))address;
}

__attribute__((visibility("default"))) long
syscall(long number, ...)
{
    long arg[6]; /* as many as any system call has; those that were not given are not looked at */
    va_list args;
    va_start(args, number);
    for (unsigned i = 0; i < 6; i++) {
        arg[i] = va_arg(args, long);
    }
    va_end(args);
    if (number == SYS_close) {
        __sanitizer_syscall_pre_close((int)arg[0]);
    }
    return real_syscall()(number, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
}
