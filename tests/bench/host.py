"""host.py: what a report says about the machine, and its floors: bare signatures on one core, and the disk's sync."""
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

import figures

ROOT = pathlib.Path(__file__).resolve().parents[2]
TICK = os.sysconf("SC_CLK_TCK")


def end_in_order():
    """SIGTERM ends this process as Ctrl-C does: what it started ends with it, and its folders go."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


def cpu_seconds(pid):
    """User and system time of a process, all threads, as the kernel counted it (in hundredths of a second)."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def status_mib(pid, name):
    """A line of /proc/PID/status, VmHWM or VmRSS, in MiB."""
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name + ":")) / 1024


def first_line(*argv):
    """What a command prints first, or None if it cannot be had."""
    try:
        result = subprocess.run(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return result.stdout.splitlines()[0].strip() if result.stdout.strip() else ""


def read_text(path):
    try:
        return pathlib.Path(path).read_text().strip()
    except OSError:
        return None


def compiler():
    """The one that built the release, with its version."""
    cache = read_text(ROOT / "build" / "release" / "CMakeCache.txt") or ""
    for line in cache.splitlines():
        if line.startswith("CMAKE_C_COMPILER:"):
            return first_line(line.split("=", 1)[1], "--version")
    return None


def facts():
    lines = (read_text("/proc/cpuinfo") or "").splitlines()
    model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), os.uname().machine)
    changes = first_line("git", "status", "--porcelain")
    return {
        "cores": os.cpu_count(),
        "cpu": model,
        "kernel": os.uname().release,
        "governor": read_text("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
        "compiler": compiler(),
        "libsodium": first_line("pkg-config", "--modversion", "libsodium"),
        "openssl": first_line("pkg-config", "--modversion", "libcrypto"),
        "sqlite": first_line("pkg-config", "--modversion", "sqlite3"),
        "commit": first_line("git", "rev-parse", "HEAD"),
        "changed_files": None if changes is None else changes != "",
        "data_folder": tempfile.gettempdir(),
        "file_system": first_line("stat", "-f", "-c", "%T", tempfile.gettempdir()),
    }


def read_pairs(argv):
    """The lines "name value" that a program of this folder prints."""
    lines = subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    return {name: float(value) for name, value in (line.split() for line in lines if line)}


def sync_times(size, seconds):
    """Milliseconds of pwrite and fdatasync, again and again, into a file that has its full length already, as a WAL has."""
    block, places = os.urandom(size), 64
    with tempfile.TemporaryFile(prefix="occ-bench-") as file:
        file.write(block * places)
        os.fsync(file.fileno())
        took = []
        end = time.perf_counter() + seconds
        while not took or time.perf_counter() < end:
            begin = time.perf_counter()
            os.pwrite(file.fileno(), block, len(took) % places * size)
            os.fdatasync(file.fileno())
            took.append((time.perf_counter() - begin) * 1000)
    return took


def floors(program, seconds):
    """{name: value}: operations a second of one core, and milliseconds of a sync in the data folder's file system."""
    found = read_pairs([program, str(seconds)])
    for size, name in ((4096, "4k"), (65536, "64k")):
        took = sync_times(size, seconds)
        found[f"sync_{name}_p50_ms"] = figures.percentile(took, 0.5)
        found[f"sync_{name}_p99_ms"] = figures.percentile(took, 0.99)
    return found
