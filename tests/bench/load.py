"""load.py: a load by wrk, before and after which answers are read: what is measured must be what was asked for."""
import base64
import dataclasses
import json
import os
import pathlib
import subprocess
import tempfile

import harness

HERE = pathlib.Path(__file__).resolve().parent
BODIES = 200  # different requests of a load, in turn
PROOF = '"version"%s*:%s*"occ/1"'  # Lua patterns: one for each proof of an answer,
VALID = '"valid"%s*:%s*true'  # one for each verdict
DRIFT = 0.02  # of the mean length of answers: counters grow by a digit, broken answers are shorter by far more


class Missing(Exception):
    """The service has no such call."""


class Broken(Exception):
    """The service answers, and not what it should."""


@dataclasses.dataclass
class Load:
    """requests: bodies of POST, or for GET what stands behind the path. Each answer holds marks_each marks; an operation is a
    proof, a verification or a look-up."""

    path: str
    requests: list
    mark: str
    marks_each: int
    connections: int
    method: str = "POST"


def digest():
    return {"digestB64": base64.b64encode(os.urandom(32)).decode(), "hashAlg": "sha256"}


def commit_request(batch, chain=None):
    return {"digests": [digest() for _ in range(batch)], **({"chainId": chain} if chain else {})}


def read_answer(status, body, what):
    if status in (404, 405, 501):
        raise Missing(f"{what} is not there ({status})")
    if status != 200:
        raise Broken(f"{what}: status {status}: {body[:120].decode(errors='replace')}")
    try:
        return json.loads(body)
    except ValueError:
        raise Broken(f"{what}: the answer is not JSON") from None


def check_proofs(proofs, digests):
    """As many as there are digests, in their order, about them."""
    if not isinstance(proofs, list) or len(proofs) != len(digests):
        raise Broken(f"POST /commit: {len(digests)} digests, {len(proofs) if isinstance(proofs, list) else 'no'} proofs")
    for wanted, proof in zip(digests, proofs):
        artifact = proof.get("artifact") if isinstance(proof, dict) else None
        if not isinstance(artifact, dict) or artifact.get("digestB64") != wanted["digestB64"]:
            raise Broken("POST /commit: a proof about another digest than was asked for")


def verify_offline(proofs, options=(), unsigned_documents=False):
    """By our own occ verify, whoever made them. unsigned_documents: a simulated device does not sign them; all else must hold."""
    with tempfile.NamedTemporaryFile(prefix="occ-bench-", suffix=".json") as file:
        file.write(json.dumps(proofs).encode())
        file.flush()
        result = harness.occ("verify", "--json", *options, file.name)
    try:
        verdicts = json.loads(result.stdout)
    except ValueError:
        raise Broken(f"occ verify ends with {result.returncode}: {result.stderr[-300:].decode(errors='replace').strip()}") from None
    for verdict in verdicts if isinstance(verdicts, list) else [verdicts]:
        if not verdict["valid"] and not (unsigned_documents and verdict["code"] == "nitro-signature"):
            raise Broken(f"occ verify: {verdict['reason']}")


def commit_and_check(service, batch, chain=None):
    """The proofs of one request, which are what was asked for, and verify."""
    request = commit_request(batch, chain)
    proofs = read_answer(*service.post("/commit", request), "POST /commit")
    check_proofs(proofs, request["digests"])
    verify_offline(proofs, service.verify_options, service.unsigned_documents)
    return proofs


def commit_load(service, batch, connections, chains=(None,)):
    for chain in chains:
        commit_and_check(service, batch, chain)
    count = max(len(chains), BODIES // batch)
    requests = [json.dumps(commit_request(batch, chains[i % len(chains)])) for i in range(count)]
    return Load("/commit", requests, PROOF, batch, connections)


def verify_load(service, connections):
    """Proofs that the service gave itself; and it must find a wrong one."""
    proofs = commit_and_check(service, BODIES)
    wrong = {**proofs[0], "artifact": {**proofs[0]["artifact"], "digestB64": digest()["digestB64"]}}
    for proof, expected in ((proofs[0], True), (wrong, False)):
        verdict = read_answer(*service.post("/verify", {"proof": proof}), "POST /verify")
        if not isinstance(verdict, dict) or verdict.get("valid") is not expected:
            raise Broken(f"POST /verify: {str(verdict)[:120]} about a proof that is {'good' if expected else 'altered'}")
    requests = [json.dumps({"proof": proof}, separators=(",", ":")) for proof in proofs]
    return Load("/verify", requests, VALID, 1, connections)


def lookup_load(service, digests, connections):
    """digests: of proofs that the service has, in base64."""
    paths = ["/" + base64.b64decode(text).hex() for text in digests]
    found = read_answer(*service.request("GET", "/proofs" + paths[0]), "GET /proofs/{digest}")
    check_proofs(found, [{"digestB64": digests[0]}])
    verify_offline(found, service.verify_options, service.unsigned_documents)
    return Load("/proofs", paths, PROOF, 1, connections, "GET")


def run_wrk(service, load, seconds, pinned=None, counted=False):
    """What wrk tells, and its own CPU time. counted: every answer is read."""
    with tempfile.NamedTemporaryFile("w", prefix="occ-bench-") as file:
        file.write("\n".join(load.requests) + "\n")
        file.flush()
        variables = {"BODIES": file.name, "TARGET": service.prefix + load.path, "METHOD": load.method}
        if service.authorization:
            variables["AUTHORIZATION"] = service.authorization
        if counted:
            variables["MARK"] = load.mark
        threads = min(load.connections, max(1, len(pinned or ()) or 1))
        words = ["wrk", "-t", str(threads), "-c", str(load.connections), "-d", f"{seconds}s", "--timeout", "10s", "-s", HERE / "load.lua", service.url]
        wrk = subprocess.Popen(
            [*(["taskset", "-c", ",".join(map(str, sorted(pinned)))] if pinned else []), *words],
            env={**os.environ, **variables}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        out = wrk.stdout.read()
        _, wrk.returncode, usage = os.wait4(wrk.pid, 0)
    lines = [line for line in out.splitlines() if line.startswith("RESULT ")]
    if wrk.returncode != 0 or not lines:
        raise Broken(f"wrk failed: {out.strip()[-300:]}")
    return {**json.loads(lines[-1][7:]), "wrk_cpu": usage.ru_utime + usage.ru_stime}


def check_result(got, load):
    if got["requests"] == 0:
        raise Broken("no answer in the whole time")
    if got["status_errors"] or got["other_errors"]:
        raise Broken(f"{got['status_errors']} error answers, {got['other_errors']} broken connections, of {got['requests']} answers")
    if got["marks"] != got["answers"] * load.marks_each:
        raise Broken(f"{got['answers']} answers hold {got['marks']} of {got['answers'] * load.marks_each} proofs or verdicts")


def lengths(got, load):
    """(least, most) bytes that an answer can have had on average: of the last one of each connection a part may have come."""
    return got["bytes"] / (got["requests"] + load.connections), got["bytes"] / got["requests"]


def check_lengths(warm, got, load):
    """The answers of the measured time were not read: they must be as long as those that were."""
    (low, high), (low_now, high_now) = lengths(warm, load), lengths(got, load)
    if high_now < low * (1 - DRIFT) or low_now > high * (1 + DRIFT):
        raise Broken(f"answers have {high_now:.0f} bytes each, and had {high:.0f} while they were read")


def measure(service, load, seconds, pinned=None, warming_up=1):
    """One turn: seconds of warming up with every answer read, then the measured time. {figure: value}."""
    warm = run_wrk(service, load, warming_up, pinned, counted=True)
    check_result(warm, load)
    cpu, counters = service.cpu(), service.counters()
    got = run_wrk(service, load, seconds, pinned)
    cpu_after, counters_after = service.cpu(), service.counters()
    check_result(got, load)
    check_lengths(warm, got, load)
    operations = got["requests"] * load.marks_each
    if load.path == "/commit" and counters and counters_after["proofs"] - counters["proofs"] < operations:
        raise Broken(f"{operations} proofs were given out, the ledger has {counters_after['proofs'] - counters['proofs']:.0f} of them")
    per_operation = {f"{name}_us": (cpu_after[name] - cpu[name]) * 1e6 / operations for name in cpu}
    syncs = counters_after["syncs"] - counters["syncs"] if counters else 0
    return {
        "per_second": operations / (got["duration_us"] / 1e6),
        **{f"{name}_ms": got[f"{name}_us"] / 1000 for name in ("p50", "p99", "p999", "max")},
        "servers_us": sum(per_operation.values()) if per_operation else None,
        **per_operation,
        "wrk_us": got["wrk_cpu"] * 1e6 / operations,
        "proofs_per_sync": operations / syncs if syncs and load.path == "/commit" else None,
        **{f"{name}_mib": value for name, value in service.memory().items()},
    }
