"""single.py: rows that are no load over HTTP: a cold start, a proof with evidence, an audit, the ledger alone, a long load."""
import dataclasses
import json
import os
import pathlib
import socket
import subprocess
import tempfile
import time

import figures
import harness
import load
import host
import rows
import service

VECTORS = pathlib.Path(os.environ.get("OCC_VECTORS", host.ROOT.parent / "shared" / "vectors"))
STARTS = 20  # of a cold start, in one turn
SOAK_PARTS = 10


@dataclasses.dataclass
class Filled:
    """A data folder whose ledger has many proofs, and digests from all of it."""

    folder: pathlib.Path
    digests: list
    proofs: int


def fill(folder, proofs):
    """Real proofs, through occd, in batches of 1,000; then it stops."""
    step, digests, done = max(1, proofs // rows.LOOKED_UP), [], 0
    with service.ours(folder) as one, harness.Wire(one.url.split("//")[1]) as wire:
        while done < proofs:
            request = load.commit_request(min(1000, proofs - done))
            answer = wire.request("POST", "/commit", json.dumps(request).encode(), service.JSON_BODY)
            if answer.status != 200 or answer.body.count(b'"version":"occ/1"') != len(request["digests"]):
                raise load.Broken(f"filling the ledger: status {answer.status}, {len(answer.body)} bytes")
            digests += [entry["digestB64"] for n, entry in enumerate(request["digests"], done) if n % step == 0]
            done += len(request["digests"])
        if one.counters()["proofs"] != proofs:
            raise load.Broken(f"{proofs} proofs were given out, the ledger has {one.counters()['proofs']:.0f}")
    return Filled(folder, digests, proofs)


@dataclasses.dataclass
class ColdStart:
    """occd spawned until its first POST /commit is answered. ledger: empty, filled or aged."""

    ledger: str
    group: str = "start"
    quick: bool = True
    remote: bool = False

    @property
    def name(self):
        return f"cold start to the first proof, {self.ledger} ledger"

    def measure(self, bench):
        runs = [self._once(bench) for _ in range(5 if bench.options.quick else STARTS)]
        took, cpu = zip(*runs)
        return {"first_proof_ms": figures.percentile(took, 0.5), "first_proof_max_ms": max(took), "start_cpu_ms": figures.percentile(cpu, 0.5)}

    def _once(self, bench):
        """(milliseconds until the proof, milliseconds of CPU time of both programs until they have ended again)."""
        with tempfile.TemporaryDirectory(prefix="occ-bench-") as name:
            folder = pathlib.Path(name)
            data = self._folder(bench, folder) / "data"
            digest = load.digest()
            body = json.dumps({"digests": [digest]}).encode()
            head = f"POST /commit HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            begin = time.perf_counter()
            occd = subprocess.Popen([harness.BIN / "occd", "--listen", f"unix:{folder}/s", "--data", data, "--access-log", "off"],
                                    env=harness.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                status, text = first_answer(folder / "s", head.encode() + body)
                took = (time.perf_counter() - begin) * 1000
            finally:
                occd.terminate()
                _, end, usage = os.wait4(occd.pid, 0)
                occd.returncode = end
        proofs = load.read_answer(status, text, "the first POST /commit")
        load.check_proofs(proofs, [digest])
        load.verify_offline(proofs)
        if end != 0:
            raise load.Broken(f"occd ended with the status {end}")
        return took, (usage.ru_utime + usage.ru_stime) * 1000

    def _folder(self, bench, own):
        if self.ledger == "empty":
            return own
        return (bench.filled_ledger() if self.ledger == "filled" else bench.aged_ledger()).folder


def first_answer(path, request, patience=30):
    """(status, body) of the first answer that is not 503: occd listens a little earlier than its boundary is there."""
    end = time.perf_counter() + patience
    while time.perf_counter() < end:
        try:
            answer = ask(path, request, patience)
        except (FileNotFoundError, ConnectionRefusedError):
            answer = b""
        head, _, body = answer.partition(b"\r\n\r\n")
        if head and head.split()[1] != b"503":
            return int(head.split()[1]), body
        time.sleep(0.0002)
    raise load.Broken(f"no proof in {patience} s")


def ask(path, request, patience):
    with socket.socket(socket.AF_UNIX) as wire:
        wire.settimeout(patience)
        wire.connect(str(path))
        wire.sendall(request)
        return b"".join(iter(lambda: wire.recv(65536), b""))


@dataclasses.dataclass
class Evidence:
    """A genuine proof that has a Nitro document, a slot and a token: CPU time of one core, and that in terms of its signature checks."""

    name: str = "a proof with Nitro document, slot and token"
    group: str = "evidence"
    quick: bool = True
    remote: bool = False

    def measure(self, bench):
        proof, roots = VECTORS / "occ1" / "tee-direct.json", VECTORS / "rfc3161" / "freetsa-certs.pem"
        if not proof.exists():
            raise load.Missing(f"{proof.name} is not there: OCC_VECTORS says where the public vectors are")
        seconds = str(min(bench.options.seconds, 0.2 if bench.options.quick else 2))
        found = host.read_pairs([bench.tools / "verify", seconds, proof, roots])
        without = host.read_pairs([bench.tools / "verify", seconds, proof])
        cases = {f"{name}{unit}": found[f"{name}{key}"] for name in ("cold", "document", "warm") for key, unit in (("", "_us"), ("_ratio", "_ratio"))}
        return {**cases, "warm_without_roots_us": without["warm"]}


@dataclasses.dataclass
class Audit:
    """occ audit over the filled ledger: proofs a second, CPU, memory."""

    name: str = "occ audit"
    group: str = "audit"
    quick: bool = True
    remote: bool = False

    def measure(self, bench):
        export = bench.exported_ledger()
        begin = time.monotonic()
        audit = subprocess.Popen([harness.BIN / "occ", "audit", "--json", export], stdout=subprocess.PIPE, env=harness.environment())
        summary = json.loads(audit.stdout.read())
        _, status, usage = os.wait4(audit.pid, 0)
        audit.returncode = status
        seconds = time.monotonic() - begin
        with export.open("rb") as file:
            proofs = sum(1 for _ in file)
        if status != 0 or not summary["intact"] or summary["proofs"] != proofs or summary["valid"] != proofs:
            raise load.Broken(f"occ audit: {json.dumps(summary)[:300]}")
        return {"proofs": proofs, "per_second": proofs / seconds, "cpu_us": (usage.ru_utime + usage.ru_stime) * 1e6 / proofs, "mib": usage.ru_maxrss / 1024}


@dataclasses.dataclass
class Ledger:
    """src/ledger without HTTP and boundary: filled with proofs of 700 bytes in frames of 64, and looked into."""

    name: str = "ledger alone"
    group: str = "ledger"
    quick: bool = True
    remote: bool = False

    def measure(self, bench):
        with tempfile.TemporaryDirectory(prefix="occ-bench-") as folder:
            return host.read_pairs([bench.tools / "ledger", folder, str(bench.options.ledger_proofs)])


@dataclasses.dataclass
class Soak:
    """64 connections for a long time, in tenths: resident memory of both processes after each."""

    name: str = "64 connections for long"
    group: str = "soak"
    quick: bool = False
    remote: bool = False

    def measure(self, bench):
        found = {}
        with tempfile.TemporaryDirectory(prefix="occ-bench-") as name:
            with service.ours(pathlib.Path(name), bench.occd_arguments()) as one:
                made = load.commit_load(one, 1, 64)
                for part in range(1, SOAK_PARTS + 1):
                    got = load.run_wrk(one, made, max(1, bench.options.soak // SOAK_PARTS), bench.options.pin[1])
                    if got["status_errors"] or got["other_errors"]:
                        raise load.Broken(f"{got['status_errors']} error answers, {got['other_errors']} broken connections")
                    found[f"per_second_{part}"] = got["requests"] / (got["duration_us"] / 1e6)
                    found.update((f"{process}_mib_{part}", mib) for process, mib in one.memory("VmRSS").items())
            found["data_mb"] = sum(path.stat().st_size for path in (pathlib.Path(name) / "data").iterdir() if path.is_file()) / 1e6
        return found


def single_rows(options):
    for ledger in ("empty", "filled", *(("aged",) if options.aged else ())):
        yield ColdStart(ledger)
    yield Evidence()
    yield Audit()
    yield Ledger()
    if options.soak:
        yield Soak()
