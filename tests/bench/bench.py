"""bench.py BIN-FOLDER TOOLS-FOLDER SECONDS AUDIT-PROOFS LEDGER-PROOFS SOAK-SECONDS [--json]: measures occd under wrk, the verification of a proof with
evidence, an audit, and the ledger, and prints Markdown tables (or JSON).

Each row of load: a fresh occd, a second of warming up, then SECONDS of load. CPU per proof is what the kernel counted for the
process (user and system time); memory is the process's high-water mark. The floor is one core's bare signatures in the same
run. wrk runs on the same cores, so a rate is what is left beside it.
"""
import base64
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent / "scenario"))

TICK = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def digest():
    return {"digestB64": base64.b64encode(os.urandom(32)).decode(), "hashAlg": "sha256"}


def commit_bodies(batch):
    return [json.dumps({"digests": [digest() for _ in range(batch)]}) for _ in range(max(1, 200 // batch))]


def verify_bodies(occd):
    proofs = occd.commit(*[digest() for _ in range(200)])
    return [json.dumps({"proof": proof}, separators=(",", ":")) for proof in proofs]


def run_wrk(occd, path, connections, seconds, folder):
    result = subprocess.run(
        ["wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s", "--timeout", "10s", "-s", str(HERE / "load.lua"), occd.url],
        env={**os.environ, "BODIES": str(folder / "bodies"), "TARGET": path},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )
    lines = [line for line in result.stdout.splitlines() if line.startswith("RESULT ")]
    if result.returncode != 0 or not lines:
        raise SystemExit(f"wrk failed: {result.stdout}")
    return json.loads(lines[-1][7:])


def syncs_of(harness, data):
    """How many transactions the ledger has synced, as GET /metrics tells it."""
    with harness.Wire(f"unix:{data}/metrics.sock") as wire:
        text = wire.request("GET", "/metrics").body.decode()
    return next(float(line.split()[1]) for line in text.splitlines() if line.startswith("occ_ledger_sync_seconds_count "))


def start_attested(harness, folder, mode, *arguments):
    """(occd, boundary): occ-enclave-sim, whose device takes 5 ms for each document, and next to nothing of the processors; mode None:
    without the device."""
    words = () if mode is None else ("--nsm", "--attest", mode, "--sim-ca", folder / "ca", "--sim-delay", "5ms", "--sim-unsigned")
    boundary = harness.Program([harness.BIN / "occ-enclave-sim", "--listen", f"unix:{folder}/boundary.sock", *words])
    boundary.wait_event("epoch begins")
    return harness.Occd(folder / "data", *arguments, "--boundary", f"unix:{folder}/boundary.sock"), boundary


def measure(harness, row, seconds):
    with tempfile.TemporaryDirectory(prefix="occ-bench-") as name:
        folder = pathlib.Path(name)
        log = str(folder / "access.log") if row.get("log") else "off"
        boundary = None
        if "attest" in row:
            occd, boundary = start_attested(harness, folder, row["attest"], "--access-log", log)
        else:
            occd = harness.Occd(folder / "data", "--access-log", log)
        child = boundary.pid if boundary else occd.boundary_pid()
        try:
            bodies = verify_bodies(occd) if row["path"] == "/verify" else commit_bodies(row["batch"])
            (folder / "bodies").write_text("\n".join(bodies) + "\n")
            run_wrk(occd, row["path"], row["connections"], 1, folder)
            before = [cpu_seconds(pid) for pid in (occd.pid, child)] + [syncs_of(harness, folder / "data")]
            got = run_wrk(occd, row["path"], row["connections"], max(seconds, row.get("seconds_min", 0)), folder)
            after = [cpu_seconds(pid) for pid in (occd.pid, child)] + [syncs_of(harness, folder / "data")]
            memory = [int(harness.status_of(pid)["VmHWM"].split()[0]) / 1024 for pid in (occd.pid, child)]
        finally:
            occd.stop()
            if boundary:
                boundary.stop()
    operations = got["requests"] * row["batch"]
    if got["status_errors"] or got["other_errors"]:
        print(f"warning: {row['name']}: {got['status_errors']} error answers, {got['other_errors']} broken", file=sys.stderr)
    return {
        **row,
        "per_second": operations / (got["duration_us"] / 1e6),
        "errors": got["status_errors"] + got["other_errors"],
        "p50_ms": got["p50_us"] / 1000,
        "p99_ms": got["p99_us"] / 1000,
        "occd_us": (after[0] - before[0]) * 1e6 / operations,
        "enclave_us": (after[1] - before[1]) * 1e6 / operations,
        "proofs_per_sync": operations / (after[2] - before[2]) if after[2] > before[2] else None,
        "occd_mib": memory[0],
        "enclave_mib": memory[1],
    }


def rows():
    for connections in (1, 16, 64):
        yield {"name": f"commit, {connections} connections", "path": "/commit", "batch": 1, "connections": connections, "floor": "sodium_sign"}
    yield {"name": "commit, 64 connections, access log on", "path": "/commit", "batch": 1, "connections": 64, "log": True, "floor": "sodium_sign"}
    for batch, connections in ((100, 4), (1000, 4)):
        yield {"name": f"commit, batches of {batch}, {connections} connections", "path": "/commit", "batch": batch, "connections": connections, "floor": "sodium_sign"}
    for connections in (1, 16, 64):
        yield {"name": f"verify, {connections} connections", "path": "/verify", "batch": 1, "connections": connections, "floor": "sodium_verify"}


ATTESTED_LOADS = ((1, 512), (1, 1024), (100, 64))


def attested_rows():
    """The same loads in each mode, one after the other. A proof each is for few: 100 a request take half a second of the device."""
    for batch, connections in ATTESTED_LOADS:
        for mode in (None, "epoch", "batch", "commit"):
            few = 4 if mode == "commit" and batch > 1 else connections
            what = "single commits" if batch == 1 else f"batches of {batch}"
            yield {"name": f"{what}, {few} connections, attested: {mode or 'none'}", "path": "/commit", "batch": batch, "connections": few,
                   "attest": mode, "seconds_min": 10 if mode == "commit" else 0, "floor": "sodium_sign"}


def measure_soak(harness, seconds):
    """64 connections for a long time: resident memory of both processes, as it was after a tenth of the time and at the end."""
    with tempfile.TemporaryDirectory(prefix="occ-bench-", dir=os.environ.get("TMPDIR")) as name:
        folder = pathlib.Path(name)
        occd = harness.Occd(folder / "data", "--access-log", "off")
        pids = (occd.pid, occd.boundary_pid())
        (folder / "bodies").write_text("\n".join(commit_bodies(1)) + "\n")
        resident = lambda: [int(harness.status_of(pid)["VmRSS"].split()[0]) / 1024 for pid in pids]  # noqa: E731
        parts = []
        for _ in range(10):
            got = run_wrk(occd, "/commit", 64, max(1, seconds // 10), folder)
            parts.append({"per_second": got["requests"] / (got["duration_us"] / 1e6), "errors": got["status_errors"] + got["other_errors"], "mib": resident()})
        bytes_used = sum(path.stat().st_size for path in (folder / "data").iterdir() if path.is_file())
        occd.stop()
    return {"seconds": seconds, "parts": parts, "errors": sum(part["errors"] for part in parts), "data_mb": bytes_used / 1e6}


VECTORS = pathlib.Path(os.environ.get("OCC_VECTORS", HERE.parents[1].parent / "shared" / "vectors"))


def measure_evidence(program, seconds):
    """Microseconds for a genuine proof with a Nitro document and a token, cold and warm; None where there is no such data."""
    proof, roots = VECTORS / "occ1" / "tee-direct.json", VECTORS / "rfc3161" / "freetsa-certs.pem"
    if not proof.exists():
        print(f"warning: {proof} is missing: no figures for a proof with evidence", file=sys.stderr)
        return None
    found = read_pairs([program, str(seconds), str(proof), str(roots)])
    without = read_pairs([program, str(seconds), str(proof)])
    return {"cold_us": found["cold"], "warm_us": found["warm"], "warm_without_roots_us": without["warm"]}


def measure_audit(harness, bin_folder, proofs):
    """occ audit over a chain that occd made for it, in chain order: proofs a second, CPU, memory."""
    with tempfile.TemporaryDirectory(prefix="occ-bench-") as name:
        folder = pathlib.Path(name)
        occd = harness.Occd(folder / "data", "--access-log", "off")
        (folder / "proofs").mkdir()
        with occd.connect() as wire:
            for i in range(proofs // 1000):
                body = json.dumps({"digests": [digest() for _ in range(1000)]}).encode()
                answer = wire.request("POST", "/commit", body, {"Content-Type": "application/json"})
                (folder / "proofs" / f"{i:06}.json").write_bytes(answer.body)
        occd.stop()
        begin = time.monotonic()
        audit = subprocess.Popen([f"{bin_folder}/occ", "audit", "--json", str(folder / "proofs")], stdout=subprocess.PIPE)
        summary = json.loads(audit.stdout.read())
        _, status, usage = os.wait4(audit.pid, 0)
        seconds = time.monotonic() - begin
    if status != 0 or summary["proofs"] != proofs // 1000 * 1000:
        raise SystemExit(f"occ audit: {summary}")
    return {
        "proofs": summary["proofs"],
        "per_second": summary["proofs"] / seconds,
        "cpu_us": (usage.ru_utime + usage.ru_stime) * 1e6 / summary["proofs"],
        "mib": usage.ru_maxrss / 1024,
    }


def measure_ledger(program, proofs):
    with tempfile.TemporaryDirectory(prefix="occ-bench-", dir=os.environ.get("TMPDIR")) as folder:
        return read_pairs([program, folder, str(proofs)])


def read_pairs(argv):
    lines = subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True).stdout.split("\n")
    return {name: float(value) for name, value in (line.split() for line in lines if line)}


def machine():
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), os.uname().machine)
    return f"{os.cpu_count()} × {model}, Linux {os.uname().release.split('-')[0]}"


def print_table(report):
    floor = report["floor"]
    print(f"{report['machine']}; {report['seconds']} s per row, wrk on the same cores.\n")
    print("| floor, one core, 450 bytes | per second | µs |\n| --- | ---: | ---: |")
    for name, rate in floor.items():
        print(f"| {name.replace('_', ' ').replace('sodium', 'libsodium').replace('openssl', 'OpenSSL')} | {rate:,.0f} | {1e6 / rate:.1f} |")
    print("\n| load | proofs/s | of the floor | p50 ms | p99 ms | proofs/sync | occd µs/proof | occ-enclave µs/proof | occd MiB | occ-enclave MiB |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for row in report["rows"]:
        print(f"| {row['name']} | {row['per_second']:,.0f} | {row['per_second'] / floor[row['floor']]:.0%} | {row['p50_ms']:.2f} | "
              f"{row['p99_ms']:.2f} | {'–' if row['proofs_per_sync'] is None else format(row['proofs_per_sync'], '.1f')} | {row['occd_us']:.1f} | {row['enclave_us']:.1f} | {row['occd_mib']:.0f} | {row['enclave_mib']:.0f} |")
    attested = report["attested"]
    print("\n| load, a simulated device of 5 ms a document | proofs/s | of no attestation | p50 ms | p99 ms | occd µs/proof | occ-enclave-sim µs/proof |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for row in attested:
        none = next(other for other in attested if other["batch"] == row["batch"] and other["attest"] is None)
        print(f"| {row['name']} | {row['per_second']:,.0f} | {row['per_second'] / none['per_second']:.0%} | {row['p50_ms']:.2f} | {row['p99_ms']:.2f} | "
              f"{row['occd_us']:.1f} | {row['enclave_us']:.1f} |")
    evidence = report["evidence"]
    if evidence:
        p384 = 1e6 / floor["openssl_verify_p384"]
        print("\n| a proof with Nitro document, slot and token, one core | µs | in P-384 verifications |\n| --- | ---: | ---: |")
        for name, key in (("nothing remembered", "cold_us"), ("document and certificates remembered", "warm_us"), ("the same, no TSA root given", "warm_without_roots_us")):
            print(f"| {name} | {evidence[key]:,.0f} | {evidence[key] / p384:.1f} |")
    audit = report["audit"]
    cores = os.cpu_count()
    print(f"\n| occ audit, {audit['proofs']:,} proofs, {cores} cores | proofs/s | of the verifying floor of all cores | CPU µs/proof | MiB |\n| --- | ---: | ---: | ---: | ---: |")
    print(f"| in chain order | {audit['per_second']:,.0f} | {audit['per_second'] / floor['sodium_verify'] / cores:.0%} | {audit['cpu_us']:.1f} | {audit['mib']:.0f} |")
    ledger = report["ledger"]
    print(f"\n| ledger alone, {ledger['proofs']:,.0f} proofs of 700 bytes | |\n| --- | ---: |")
    for name, value in (
        ("written in frames of 64, each synced", f"{ledger['proofs_per_s']:,.0f}/s"),
        ("CPU per proof, and with the digest index", f"{ledger['cpu_us']:.1f}, {ledger['cpu_all_us']:.1f} µs"),
        ("syncs", f"{ledger['syncs']:,.0f}"),
        ("ledger.db, index.db", f"{ledger['ledger_mb']:,.0f}, {ledger['index_mb']:,.0f} MB"),
        ("look-up by digest, p50 and p99", f"{ledger['found_p50_us']:.0f}, {ledger['found_p99_us']:.0f} µs"),
        ("the same of one that is not there", f"{ledger['none_p50_us']:.0f}, {ledger['none_p99_us']:.0f} µs"),
        ("opened in", f"{ledger['open_full_ms']:.1f} ms"),
        ("memory at most", f"{ledger['mib']:.0f} MiB"),
    ):
        print(f"| {name} | {value} |")
    soak = report.get("soak")
    if soak:
        print(f"\n| 64 connections for {soak['seconds']} s, {soak['errors']} errors, {soak['data_mb']:,.0f} MB in the data folder | proofs/s | occd MiB | occ-enclave MiB |\n| --- | ---: | ---: | ---: |")
        for index, part in enumerate(soak["parts"]):
            print(f"| after {(index + 1) * 10} % | {part['per_second']:,.0f} | {part['mib'][0]:.1f} | {part['mib'][1]:.1f} |")


def main():
    bin_folder, tools, seconds, audit_proofs, ledger_proofs, soak = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:7])
    os.environ["OCC_BIN"] = bin_folder
    import harness

    report = {"machine": machine(), "seconds": seconds, "floor": read_pairs([f"{tools}/floor", str(min(seconds, 2))])}
    print("==> a proof with evidence", file=sys.stderr)
    report["evidence"] = measure_evidence(f"{tools}/verify", min(seconds, 2))
    for name, some in (("rows", rows()), ("attested", attested_rows())):
        report[name] = []
        for row in some:
            print(f"==> {row['name']}", file=sys.stderr)
            report[name].append(measure(harness, row, seconds))
    print(f"==> audit of {audit_proofs:,} proofs", file=sys.stderr)
    report["audit"] = measure_audit(harness, bin_folder, audit_proofs)
    print(f"==> ledger of {ledger_proofs:,} proofs", file=sys.stderr)
    report["ledger"] = measure_ledger(f"{tools}/ledger", ledger_proofs)
    if soak:
        print(f"==> {soak} s of load", file=sys.stderr)
        report["soak"] = measure_soak(harness, soak)
    if "--json" in sys.argv[7:]:
        print(json.dumps(report, indent=1))
    else:
        print_table(report)


main()
