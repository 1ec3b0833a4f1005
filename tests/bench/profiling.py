"""profiling.py: what scripts/profile runs: where the CPU time of an operation goes, by samples of perf while a row of the bench runs."""
import argparse
import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parent / "scenario")]
os.environ.setdefault("OCC_BIN", str(HERE.parents[1] / "build" / "release" / "bin"))

import bench as whole  # noqa: E402
import fold  # noqa: E402
import harness  # noqa: E402
import load  # noqa: E402
import host  # noqa: E402
import options as words  # noqa: E402
import rows  # noqa: E402

DEFAULT = "^commit, 64 connections$|^commit, batches of 100, 4|^verify, 64 connections$|^occ audit$"
HERTZ = 1999
PROGRAMS = {"enclave": "occ-enclave"}
SHOWN = 0.005  # smaller parts are one line together


def read_options():
    parser = argparse.ArgumentParser(prog="scripts/profile", add_help=False, allow_abbrev=False)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--rows", type=re.compile, default=re.compile(DEFAULT))
    parser.add_argument("--audit-proofs", type=int, default=200000)
    parser.add_argument("--list", action="store_true")
    return parser.parse_args()


@contextlib.contextmanager
def sampled(pids, folder):
    """perf looks at those processes while the block runs; yields the file that is there behind it."""
    data = folder / "perf.data"
    perf = subprocess.Popen(["perf", "record", "-q", "-F", str(HERTZ), "-e", "cpu-clock", "--call-graph", "fp", "-p", ",".join(map(str, pids)), "-o", data],
                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        yield data
    finally:
        perf.send_signal(2)
        _, complaint = perf.communicate()
    if not data.exists():
        raise SystemExit(f"scripts/profile: perf: {complaint.strip()[-300:]}")


def samples_of(data, pid, modules):
    text = subprocess.run(["perf", "script", "-i", data, "--pid", str(pid), "-F", "ip,sym,dso"], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True, check=True).stdout
    return fold.fold(text, modules)


def profile_load(row, bench, folder, modules):
    """{process: ({part: samples}, CPU microseconds of an operation)}"""
    with row.loaded(bench) as (one, made):
        load.check_result(load.run_wrk(one, made, 1, bench.options.pin[1], counted=True), made)
        with sampled(one.processes.values(), folder) as data:
            before = one.cpu()
            got = load.run_wrk(one, made, bench.options.seconds, bench.options.pin[1])
            after = one.cpu()
        operations = got["requests"] * made.marks_each
        return {name: (samples_of(data, pid, modules), (after[name] - before[name]) * 1e6 / operations) for name, pid in one.processes.items()}


def profile_audit(bench, folder, modules):
    export, data = bench.exported_ledger(), folder / "perf.data"
    audit = ["perf", "record", "-q", "-F", str(HERTZ), "-e", "cpu-clock", "--call-graph", "fp", "-o", data, harness.BIN / "occ", "audit", "--json", export]
    before = os.times()
    subprocess.run(audit, check=True, stdout=subprocess.DEVNULL, env=harness.environment())
    after = os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    text = subprocess.run(["perf", "script", "-i", data, "--comm", "occ", "-F", "ip,sym,dso"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          text=True, check=True).stdout
    return {"occ": (fold.fold(text, modules), spent * 1e6 / bench.options.audit_proofs)}


def print_table(name, found):
    for process, (samples, spent) in found.items():
        total = sum(samples.values())
        if total < 100:
            continue
        print(f"\n| {name}: {PROGRAMS.get(process, process)} | share | µs |\n| --- | ---: | ---: |")
        for part, count in samples.items():
            if count >= total * SHOWN:
                print(f"| {part} | {count / total:.0%} | {count / total * spent:.1f} |")
        rest = sum(count for count in samples.values() if count < total * SHOWN)
        print(f"| less than {SHOWN:.1%} each | {rest / total:.0%} | {rest / total * spent:.1f} |\n| all | | {spent:.1f} |")


def main():
    mine = read_options()
    host.end_in_order()
    options = words.read(["--seconds", str(mine.seconds), "--audit-proofs", str(mine.audit_proofs), "--rows", mine.rows.pattern])
    chosen = [row for row in whole.all_rows(options) if isinstance(row, rows.Row) or row.group == "audit"]
    if mine.list:
        print("\n".join(row.name for row in chosen))
        return
    if shutil.which("perf") is None:
        raise SystemExit("scripts/profile: there is no perf: install Debian's linux-perf")
    modules = fold.modules_of(harness.BIN.parent / "lib")
    with tempfile.TemporaryDirectory(prefix="occ-profile-") as name:
        bench = whole.Bench(options, pathlib.Path(name))
        for row in chosen:
            whole.say(row.name)
            found = profile_audit(bench, bench.folder, modules) if row.group == "audit" else profile_load(row, bench, bench.folder, modules)
            print_table(row.name, found)


main()
