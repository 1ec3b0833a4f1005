"""Folds the stacks of perf into a few lines: where the time of a process goes, by what a reader of the architecture would call it.

A sample in the kernel belongs to what the kernel was asked for: the first name in its stack that KERNEL knows. A sample in a
library belongs to the library. One in our programs belongs to the module whose archive defines the function: perf gives the
name alone, and a static function's name may be in two modules; then the nearest caller decides, and else the first.
"""
import collections
import pathlib
import re
import subprocess

KERNEL = (
    ("kernel: waiting and waking", ("schedule", "try_to_wake_up", "futex_wake", "do_futex", "do_epoll_wait", "eventfd_write", "eventfd_read")),
    ("kernel: answers and requests over loopback", ("tcp_sendmsg", "tcp_recvmsg", "inet_recvmsg", "sock_write_iter", "sock_read_iter", "__sys_accept4")),
    ("kernel: sync of the ledger", ("do_fsync", "ext4_sync_file")),
    ("kernel: writes of the ledger", ("vfs_write", "ksys_pwrite64", "do_fallocate", "do_truncate")),
    ("kernel: reads of files", ("filemap_read", "vfs_read", "ksys_pread64")),
    ("kernel: memory", ("asm_exc_page_fault", "__x64_sys_mmap", "__x64_sys_munmap", "__x64_sys_madvise", "__x64_sys_brk")),
    ("kernel: random", ("urandom_read_iter", "__x64_sys_getrandom", "get_random_bytes_user")),
)
UNIX_SOCKET = ("unix_stream_sendmsg", "unix_stream_recvmsg", "unix_stream_read_generic")

LIBRARIES = (
    (r"libsodium", "libsodium: Ed25519"),
    (r"libcrypto", "OpenSSL"),
    (r"libjansson", "jansson: JSON"),
    (r"libsqlite3", "SQLite"),
    (r"libuv", "libuv"),
    (r"libdouble-conversion|libstdc\+\+", "double-conversion"),
    (r"libc\.so|libc-|ld-linux|vdso", "libc: memory and copies"),
)


def modules_of(lib_folder):
    """{function: [module, …]} of all that the archives libocc_<module>.a define."""
    found = collections.defaultdict(list)
    for archive in sorted(pathlib.Path(lib_folder).glob("libocc_*.a")):
        module = archive.stem.removeprefix("libocc_")
        names = subprocess.run(["nm", "--defined-only", str(archive)], check=True, stdout=subprocess.PIPE, text=True).stdout
        for line in names.splitlines():
            match = re.fullmatch(r"[0-9a-f]+ [tTwW] (\S+)", line)
            if match and module not in found[match[1]]:
                found[match[1]].append(module)
    return found


def plain(symbol):
    """The name in the source: compilers add .constprop.0, .isra.0, .part.0, .cold."""
    return symbol.split(".")[0]


def module_of(frames, modules):
    candidates = modules.get(plain(frames[0][0]), [])
    for symbol, _ in frames[1:]:
        if len(candidates) < 2:
            break
        shared = [module for module in candidates if module in modules.get(plain(symbol), [])]
        candidates = shared or candidates
    return f"our {candidates[0]}" if candidates else "our programs, not told apart"


def kernel_part(frames):
    names = [plain(symbol) for symbol, place in frames if "kernel" in place]
    if any(name in UNIX_SOCKET for name in names) and "schedule" not in names:
        return "kernel: frames between the two processes"
    for part, marks in KERNEL:
        if any(name in marks for name in names):
            return part
    return "kernel: the rest"


def part_of(frames, modules):
    """frames: [(symbol, shared object), …], the innermost first."""
    symbol, place = frames[0]
    if "kernel" in place:
        return kernel_part(frames)
    for pattern, name in LIBRARIES:
        if re.search(pattern, place):
            return name
    return module_of(frames, modules)


def stacks(text):
    """Frames of each sample of `perf script -F ip,sym,dso`."""
    frames = []
    for line in text.splitlines():
        match = re.fullmatch(r"\s+[0-9a-f]+ (.+) \((.*)\)", line)
        if match:
            frames.append((match[1].split("+")[0], match[2]))
        elif not line.strip() and frames:
            yield frames
            frames = []
    if frames:
        yield frames


def fold(text, modules):
    """{part: samples}, the largest first."""
    counts = collections.Counter(part_of(frames, modules) for frames in stacks(text))
    return dict(counts.most_common())
