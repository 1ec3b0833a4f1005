/*
 * probe.c — in the place of occ-enclave in an image of the tests: tries what an intruder would, and says on the console what the
 * kernel and init leave to it. test_inside.py reads it. For tests only.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <linux/vm_sockets.h>

static void
report(const char *what, long done)
{
    printf("probe: %s: %s\n", what, done >= 0 ? "done" : strerrorname_np(errno));
    fflush(stdout);
}

int
main(int argc, char **argv)
{
    printf("probe: user %u group %u groups %d arguments %d %s %s\n", getuid(), getgid(), getgroups(0, NULL), argc,
           argc > 1 ? argv[1] : "", argc > 2 ? argv[2] : "");
    report("write to /", open("/new", O_CREAT | O_WRONLY, 0600));
    report("write to /dev", open("/dev/new", O_CREAT | O_WRONLY, 0600));
    report("change the settings", open("/occ-enclave.ini", O_WRONLY));
    report("read the settings", open("/occ-enclave.ini", O_RDONLY));
    report("open the security module", open("/dev/nsm", O_RDWR));
    report("open the machine's memory", open("/dev/mem", O_RDWR));
    report("open /proc", open("/proc/self/status", O_RDONLY));
    report("become root", setuid(0));
    report("remount", mount(NULL, "/", NULL, MS_REMOUNT, NULL));
    report("reboot", reboot(RB_AUTOBOOT));
    report("internet socket", socket(AF_INET, SOCK_STREAM, 0));
    report("unix socket", socket(AF_UNIX, SOCK_STREAM, 0));
    report("netlink socket", socket(AF_NETLINK, SOCK_RAW, 0));
    report("packet socket", socket(AF_PACKET, SOCK_RAW, 0));
    report("vsock socket", socket(AF_VSOCK, SOCK_STREAM, 0));
    report("load a module", syscall(SYS_init_module, "", 0, ""));
    report("run a shell", execl("/bin/sh", "sh", (char *)NULL));
    report("bpf", syscall(SYS_bpf, 0, NULL, 0));
    report("io_uring", syscall(SYS_io_uring_setup, 1, NULL));
    report("trace init", syscall(SYS_ptrace, 16, 1, 0, 0));
    return 42;
}
