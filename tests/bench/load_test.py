"""load_test.py: what scripts/load-test runs: occd with its ledger, a crowd of clients of all sorts (crowd/), and then the accounts: every proof
that was answered is in the ledger once and the same, no counter is missing or there twice, nothing has grown, nobody was forgotten."""
import argparse
import base64
import collections
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE), str(HERE.parent / "scenario")]

import harness  # noqa: E402
import host  # noqa: E402
import options as words  # noqa: E402

# Resident memory may be so much above what it was when the crowd had gathered; in a short run the first large answers are still to come.
GROWTH_SHARE, GROWTH_MIB, GROWTH_MIB_SHORT = 0.10, 4, 16
SHORT = 180  # seconds
DESCRIPTORS = 4  # and so many descriptors may be left: the ledger's files are opened when they are first needed,
RESERVED = 1  # and each loop keeps one in reserve from its first connection on
FAIR = 0.5  # a fast connection has at least so much of the median's answers
CONNECTIONS = 3000  # so many and those that come and go beside them are within occd's own limit, 4,096
LOOK_UPS_REFUSED = 0.05  # of the look-ups may be told 503: the index of digests is built behind


def build_crowd(folder):
    program = folder / "crowd"
    sources = sorted((HERE / "crowd").glob("*.c"))
    subprocess.run(["gcc", "-std=c17", "-D_GNU_SOURCE", "-O2", "-g", "-o", program, *sources, "-lsodium"], check=True)
    return program


class Watch:
    """Resident memory and descriptors of both programs, again and again."""

    def __init__(self, processes):
        self.processes, self.samples = processes, []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def look(self):
        return {name: {"mib": host.status_mib(pid, "VmRSS"), "descriptors": len(descriptors(pid))} for name, pid in self.processes.items()}

    def _run(self):
        begin = time.monotonic()
        while not self._stop.wait(1):
            self.samples.append({"after": time.monotonic() - begin, **self.look()})

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()

    def growth(self, name, gathered):
        """(MiB when the crowd had gathered, the most in the last tenth)."""
        begin = next(sample for sample in self.samples if sample["after"] >= gathered or sample is self.samples[-1])
        return begin[name]["mib"], max(sample[name]["mib"] for sample in self.samples[-max(1, len(self.samples) // 10):])


def descriptors(pid):
    """What each is, sorted."""
    folder = pathlib.Path(f"/proc/{pid}/fd")
    found = []
    for name in os.listdir(folder):
        try:
            found.append(os.readlink(folder / name))
        except FileNotFoundError:
            pass
    return sorted(found)


def kind_of(link):
    """socket:[123] → socket; of files the name."""
    return link.split(":")[0].rsplit("/", 1)[-1]


def more(before, after):
    """{kind: how many more there are}."""
    counts = collections.Counter(map(kind_of, after))
    counts.subtract(map(kind_of, before))
    return {kind: count for kind, count in counts.items() if count}


def exercise(occd):
    """Each call once: what is opened at the first one is open then."""
    proof, = occd.commit(harness.digest_of("load test"))
    assert occd.post("/verify", {"proof": proof}).json() == {"valid": True}
    hex_digest = base64.b64decode(proof["artifact"]["digestB64"]).hex()
    assert occd.get(f"/proofs/{hex_digest}").json() == [proof]


def run_crowd(program, occd, options, watch):
    """(the running crowd, its first report, where an export goes to)."""
    read_end, write_end = os.pipe()
    crowd = subprocess.Popen([program, str(occd.port), str(options.seconds), str(options.connections), str(options.seed)],
                             stdin=read_end, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    os.close(read_end)
    try:
        with watch:
            line = crowd.stdout.readline()
    except BaseException:
        crowd.kill()
        raise
    if not line:
        raise SystemExit(f"the crowd ended with {crowd.wait()}")
    return crowd, json.loads(line), write_end


def allowed(options):
    return DESCRIPTORS + RESERVED * (options.threads or 1)


def settled(watch, before, options):
    """Descriptors a moment after the crowd is gone: cut connections may linger for seconds."""
    end = time.monotonic() + 15
    while True:
        now = watch.look()
        if time.monotonic() > end or all(now[name]["descriptors"] <= before[name]["descriptors"] + allowed(options) for name in now):
            return now
        time.sleep(0.1)


def run(options, program, folder):
    """Everything that was found, as one dict; "problems" are sentences about what must not be."""
    limit = ("--max-connections", str(options.connections * 2)) if options.connections > CONNECTIONS else ()
    threads = ("--threads", str(options.threads)) if options.threads else ()
    occd = harness.Occd(folder / "data", "--access-log", "off", *limit, *threads)
    watch = Watch({"occd": occd.pid, "occ-enclave": occd.boundary_pid()})
    exercise(occd)
    before, kinds = watch.look(), {name: descriptors(pid) for name, pid in watch.processes.items()}
    cpu = {name: host.cpu_seconds(pid) for name, pid in watch.processes.items()}
    crowd, told, export_to = run_crowd(program, occd, options, watch)
    cpu = {name: host.cpu_seconds(pid) - cpu[name] for name, pid in watch.processes.items()}
    found = {"crowd": told, "descriptors_before": before, "descriptors_after": settled(watch, before, options), "samples": watch.samples,
             "cpu_us_per_answer": {name: seconds * 1e6 / max(1, told["answers"]) for name, seconds in cpu.items()}}
    found["descriptors_new"] = {name: more(kinds[name], descriptors(pid)) for name, pid in watch.processes.items()}
    found["is_healthy"] = occd.is_healthy() and occd.post("/commit", {"digests": [harness.digest_of("after")]}).status == 200
    gathered = min(60, options.seconds / 3)
    found["memory"] = {name: dict(zip(("gathered_mib", "end_mib"), watch.growth(name, gathered))) for name in watch.processes}
    occd.stop()
    export = subprocess.Popen([harness.BIN / "occ", "export", "--ledger", folder / "data"], stdout=export_to, env=harness.environment())
    os.close(export_to)
    found["ledger"] = json.loads(crowd.stdout.readline())
    found["export_status"], found["crowd_status"] = export.wait(), crowd.wait()
    if options.audit:
        audit = harness.occ("audit", "--json", "--ledger", folder / "data", timeout=3600)
        found["audit"] = json.loads(audit.stdout) if audit.stdout else {"status": audit.returncode}
    found["problems"] = judge(found, options)
    return found


def judge(found, options):
    return [*judge_crowd(found["crowd"], options), *judge_ledger(found), *judge_programs(found, options)]


def judge_crowd(told, options):
    refused = told["kinds"]["looking up"]["answers"].get("503", 0)
    looked_up = sum(told["kinds"]["looking up"]["answers"].values())
    if told["wrong"] > refused:
        yield f"{told['wrong'] - refused} times something that must not be: {'; '.join(told['said'])}"
    if refused > looked_up * LOOK_UPS_REFUSED:
        yield f"{refused} of {looked_up} look-ups were refused with 503"
    for name, kind in told["kinds"].items():
        if kind["answers"].get("200", 0) == 0:
            yield f"{name}: not one answer with 200"
    if told["open_least"] < options.connections * 0.98:
        yield f"only {told['open_least']} of {options.connections} connections were open at a time"
    each = told["fast"].get("answers_each", {"least": 0, "median": 0})
    if each["least"] < each["median"] * FAIR or each["median"] == 0:
        yield f"a fast connection had {each['least']} answers, the median {each['median']}"


def judge_ledger(found):
    ledger, audit = found["ledger"], found.get("audit")
    for name in ("lost", "twice", "not_the_same", "never_sent", "counter_twice", "gaps"):
        if ledger[name]:
            yield f"ledger: {name.replace('_', ' ')}: {ledger[name]}"
    if ledger["ledger_proofs"] != ledger["answered"] + ledger["in_ledger_without_answer"] + ledger["before_the_crowd"]:
        yield f"the export has {ledger['ledger_proofs']} proofs: {ledger}"
    if found["export_status"] or found["crowd_status"]:
        yield f"occ export ended with {found['export_status']}, the crowd with {found['crowd_status']}"
    if audit is not None and (not audit.get("intact") or audit["valid"] != ledger["ledger_proofs"]):
        yield f"occ audit: {json.dumps(audit)[:300]}"


def judge_programs(found, options):
    for name, before in found["descriptors_before"].items():
        after = found["descriptors_after"][name]["descriptors"]
        if after > before["descriptors"] + allowed(options):
            yield f"{name} has {after} descriptors open, before it had {before['descriptors']}: {found['descriptors_new'][name]}"
    slack = GROWTH_MIB_SHORT if options.seconds < SHORT else GROWTH_MIB
    for name, memory in found["memory"].items():
        if options.judge_memory and memory["end_mib"] > memory["gathered_mib"] * (1 + GROWTH_SHARE) + slack:
            yield f"{name} has grown from {memory['gathered_mib']:.1f} to {memory['end_mib']:.1f} MiB"
    if not found["is_healthy"]:
        yield "the service is not well after the crowd"


def milliseconds(us):
    return f"{us / 1000:.1f} ms"


def markdown(found, options):
    told = found["crowd"]
    yield (f"{options.connections} connections for {options.seconds} s (at least {told['open_least']} open at a time), "
           f"{told['connects']:,} connects, {told['answers']:,} answers.\n")
    yield from clients_lines(told["kinds"])
    yield from fairness_lines(told["fast"])
    yield from programs_lines(found)
    yield from ledger_lines(found)
    yield "\n" + ("\n".join(f"- **wrong**: {problem}" for problem in found["problems"]) or "Nothing is wrong.")


def clients_lines(kinds):
    yield "| clients | connections | 200 | other answers | closed by the server |\n| --- | ---: | ---: | --- | ---: |"
    for name, kind in kinds.items():
        others = ", ".join(f"{status}: {count:,}" for status, count in kind["answers"].items() if status != "200")
        closed = kind["closed"] + kind["closed_in_request"]
        yield f"| {name} | {kind['connections']} | {kind['answers'].get('200', 0):,} | {others or '–'} | {closed:,} |"


def fairness_lines(fast):
    yield "\n| fast clients, all together | p50 | p99 | p99.9 | most |\n| --- | ---: | ---: | ---: | ---: |"
    yield "| latency | " + " | ".join(milliseconds(fast[name]) for name in ("p50_us", "p99_us", "p999_us", "max_us")) + " |"
    yield "\n| fast clients, each connection | least | median | most |\n| --- | ---: | ---: | ---: |"
    for title, name, write in (("answers", "answers_each", "{:,}".format), ("p99", "p99_us_each", milliseconds), ("longest", "max_us_each", milliseconds)):
        yield f"| {title} | " + " | ".join(write(fast[name][which]) for which in ("least", "median", "most")) + " |"


def programs_lines(found):
    yield "\n| program | CPU µs an answer | MiB, crowd gathered | MiB at the end | descriptors before, after |\n| --- | ---: | ---: | ---: | ---: |"
    for name, memory in found["memory"].items():
        before, after = (found[f"descriptors_{when}"][name]["descriptors"] for when in ("before", "after"))
        yield f"| {name} | {found['cpu_us_per_answer'][name]:.1f} | {memory['gathered_mib']:.1f} | {memory['end_mib']:.1f} | {before}, {after} |"
    yield f"| the crowd itself | {found['crowd']['own_cpu_us_per_answer']:.1f} | | | |"


def ledger_lines(found):
    ledger = found["ledger"]
    yield (f"\nLedger: {ledger['ledger_proofs']:,} proofs; {ledger['answered']:,} of them were answered, {ledger['in_ledger_without_answer']:,} not "
           f"(their clients had gone). Lost {ledger['lost']}, twice {ledger['twice']}, not the same {ledger['not_the_same']}; counters twice "
           f"{ledger['counter_twice']}, missing {ledger['gaps']} ({ledger['slots']:,} slots have theirs).")
    if "audit" in found:
        yield f"Audit: {'intact' if found['audit'].get('intact') else 'NOT INTACT'}."


def main():
    parser = argparse.ArgumentParser(prog="scripts/load-test", add_help=False, allow_abbrev=False)
    parser.add_argument("--seconds", type=words.whole(5, 99999), default=600)
    parser.add_argument("--connections", type=words.whole(50, 20000), default=2000)
    parser.add_argument("--seed", type=words.whole(1, 4294967295), default=int(time.time()))
    parser.add_argument("--threads", type=words.whole(1, 16))
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    host.end_in_order()
    options.judge_memory = options.audit = True
    output = host.ROOT / "build" / "bench"
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="occ-load-") as folder:
        try:
            found = run(options, build_crowd(pathlib.Path(folder)), pathlib.Path(folder))
        finally:
            for program in harness.Program.running:  # none, if all went well
                program.kill()
    found["machine"], found["options"] = host.facts(), vars(options)
    text, as_json = "\n".join(markdown(found, options)) + "\n", json.dumps(found, indent=1) + "\n"
    (output / "load-test.md").write_text(text)
    (output / "load-test.json").write_text(as_json)
    print(as_json if options.json else text, end="")
    return 1 if found["problems"] else 0


if __name__ == "__main__":
    sys.exit(main())
