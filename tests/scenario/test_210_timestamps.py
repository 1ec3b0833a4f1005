"""Timestamps with the real programs and a real authority (openssl behind a local HTTP server): tokens in proofs, authorities that
misbehave in every way, late tokens, quorum, limits, the breaker, restarts.
"""
import base64
import hashlib
import json
import signal
import subprocess
import threading
import time

import pytest

import metrics_text
from harness import ROOT, Wire, digest_of, environment, node, occ, wait_for
from tsa import Tsa

EVIDENCE = ROOT / "tests" / "interop" / "evidence.mjs"


@pytest.fixture
def tsa(folder):
    tsa = Tsa(folder)
    yield tsa
    tsa.stop()


def raw(digest):
    return base64.b64decode(digest["digestB64"])


def token_of(proof, name="artifact"):
    return proof.get("timestamps", {}).get(name)


def core_hash(proof):
    """PROTOCOL §2.2, for proofs whose names are ASCII and whose numbers are integers."""
    core = {name: proof[name] for name in ("artifact", "commit", "environment", "signer", "version")}
    return hashlib.sha256(json.dumps(core, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()).digest()


def assert_good(tsa, folder, proof, *names):
    """openssl accepts each token, and it says what its entry says."""
    assert sorted(proof.get("timestamps", {})) == sorted(names), proof.get("timestamps")
    for name in names:
        entry = token_of(proof, name)
        digest = base64.b64decode(proof["artifact"]["digestB64"]) if name == "artifact" else core_hash(proof)
        verdict = tsa.verify(digest, base64.b64decode(entry["tokenB64"]), folder)
        assert "Verification: OK" in verdict, verdict
        assert sorted(entry) == ["authority", "digestAlg", "digestB64", "time", "tokenB64"]
        assert (entry["digestAlg"], base64.b64decode(entry["digestB64"])) == ("sha256", digest)
        assert entry["authority"].startswith(f"http://{tsa.address}/") and "?" not in entry["authority"]


def proofs_of(occd, digest):
    answer = occd.get(f"/proofs/{raw(digest).hex()}")
    assert answer.status == 200, answer.body
    return answer.json()


def later(occd, digest, *names):
    """The proof of that digest from the ledger, once it has these tokens."""
    def look():
        proof = proofs_of(occd, digest)[0]
        return proof if all(token_of(proof, name) for name in names) else None

    return wait_for(look, what=f"tokens {names}; the log:\n{occd.log()}")


@pytest.mark.sanitized
def test_both_tokens(start, tsa, folder):
    occd = start("--tsa", tsa.url("good", "clerk:s3cret@") + "?key=s3cret", "--tsa-roots", tsa.roots, "--tsa-proof", "--tsa-wait", "20s")
    proofs = occd.commit(digest_of(1), digest_of(2), metadata={"file": "a"})
    for proof in proofs:
        assert_good(tsa, folder, proof, "artifact", "proof")
        assert token_of(proof)["authority"] == tsa.url("good")
    # asked with the credentials of the URL, which show nowhere
    expected = "Basic " + base64.b64encode(b"clerk:s3cret").decode()
    assert {(path, head.get("Authorization")) for path, head in tsa.heads} == {("/good?key=s3cret", expected)}
    assert "s3cret" not in occd.log() and "s3cret" not in json.dumps(proofs)
    assert "Location" not in str(tsa.heads)
    # the requests are what openssl takes them for
    assert len(tsa.digests) == 4 and {raw(digest_of(1)), raw(digest_of(2))} < set(tsa.digests)
    # a policy that needs a timestamp of a trusted authority is met, by our code and by an independent one
    path = folder / "proofs.json"
    path.write_text(json.dumps(proofs))
    policy = json.dumps({"requireTimestamp": ["artifact", "proof"], "minTimestamp": proofs[0]["commit"]["time"] - 60000})
    run = occ("verify", "--tsa-roots", tsa.roots, "--policy", policy, path)
    assert run.returncode == 0, run.stdout.decode() + run.stderr.decode()
    lines = "".join(json.dumps({"text": json.dumps(proof)}) + "\n" for proof in proofs)
    script = subprocess.run([node(20), EVIDENCE], input=lines.encode(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())
    verdicts = [json.loads(line) for line in script.stdout.splitlines()]
    assert [verdict["valid"] for verdict in verdicts] == [True, True], script.stdout + script.stderr
    assert [len(verdict["tokens"]) for verdict in verdicts] == [2, 2]
    # the same in the ledger, byte for byte
    wait_for(lambda: proofs_of(occd, digest_of(1)) == [proofs[0]], what="the tokens in the ledger")
    # connections are kept
    assert tsa.connections <= 4


BAD = [
    ("refuse", "the authority gave no token, status 2"),
    ("imprint", "the token is about another digest than was asked for"),
    ("nonce", "the token has another nonce, expected that of the request"),
    ("stranger", "a good token of an authority not trusted"),
    ("huge", "larger than"),
    ("garbage", "the answer is not an RFC 3161 response"),
    ("html", 'Content-Type "text/html", expected application/timestamp-reply'),
    ("500", "HTTP status 500, expected 200"),
    ("redirect", "HTTP status 302, expected 200"),
    ("closing", "the connection broke before the answer was there"),
    ("never", "no answer in time"),
]


@pytest.mark.parametrize(("mode", "text"), BAD)
def test_a_bad_authority_harms_nobody(start, tsa, folder, mode, text):
    """The proof goes out all the same, with the next authority's token; the log says why, once."""
    occd = start("--tsa", f"{tsa.url(mode)},{tsa.url('good')}", "--tsa-roots", tsa.roots, "--tsa-wait", "20s", "--tsa-timeout", "300ms")
    for number in range(3):
        [proof] = occd.commit(digest_of(number))
        assert_good(tsa, folder, proof, "artifact")
        assert token_of(proof)["authority"] == tsa.url("good")
    assert tsa.count("good") == 3  # nobody followed the redirect either
    assert tsa.count(mode) == 3 or mode == "closing"  # on a kept connection that is dead, libcurl asks once more
    [event] = occd.events("timestamp authority fails")
    assert event["authority"] == tsa.url(mode) and text in event["error"], event


@pytest.mark.parametrize("mode", ["never", "500", "closing"])
def test_none_at_all(start, tsa, mode):
    occd = start("--tsa", tsa.url(mode), "--tsa-wait", "200ms")
    proofs = occd.commit(*map(digest_of, range(20)))
    assert len(proofs) == 20 and all("timestamps" not in proof for proof in proofs)
    assert [proof["commit"]["counter"] for proof in proofs] == [str(n) for n in range(1, 21)]
    assert occd.get("/health").status == 200


@pytest.mark.sanitized
def test_late_tokens(start, tsa, folder):
    """Too slow for the request: the ledger's copy gets them, and a person's by occ upgrade."""
    occd = start("--tsa", tsa.url("slow"), "--tsa-roots", tsa.roots, "--tsa-proof", "--tsa-wait", "100ms", "--tsa-timeout", "1m")
    [proof] = occd.commit(digest_of(1), metadata={"note": "é"})
    assert "timestamps" not in proof
    path = folder / "proof.json"
    path.write_text(json.dumps(proof))
    before = path.read_bytes()
    upgrade = ("upgrade", "--server", occd.url, "--tsa-roots", tsa.roots)
    run = occ(*upgrade, path)
    assert (run.returncode, run.stdout.decode()) == (1, f"{path}: 0 new timestamps, 1 proof without what it needs\n"), run.stderr
    assert path.read_bytes() == before
    # waiting for it
    threading.Timer(0.5, tsa.gate.set).start()
    run = occ(*upgrade, "--wait", "60s", "--need", "both", path)
    assert run.returncode == 0, run.stdout.decode() + run.stderr.decode()
    upgraded = json.loads(path.read_text())
    assert_good(tsa, folder, upgraded, "artifact", "proof")
    assert {name: value for name, value in upgraded.items() if name != "timestamps"} == proof
    assert later(occd, digest_of(1), "artifact", "proof") == upgraded
    assert tsa.count("slow") == 2  # what was under way when the proof went out is what came
    # nothing more to be had: done, and nothing is written
    written = path.stat().st_mtime_ns
    run = occ(*upgrade, "--need", "both", path)
    assert (run.returncode, path.stat().st_mtime_ns) == (0, written)


def test_upgrade_refuses(start, tsa, folder):
    occd = start("--tsa", tsa.url("good"), "--tsa-wait", "20s")
    [proof] = occd.commit(digest_of(1), metadata={"a": 1})
    del proof["timestamps"]
    later(occd, digest_of(1), "artifact")

    def upgrade(value, *flags):
        path = folder / "proof.json"
        path.write_text(value if isinstance(value, str) else json.dumps(value))
        before = path.read_bytes()
        run = occ("upgrade", "--server", occd.url, *flags, path)
        assert run.returncode == 0 or path.read_bytes() == before
        return run.returncode, run.stderr.decode()

    status, text = upgrade(proof, "--tsa-roots", tsa.stranger.root)
    assert status == 1 and "timestamps.artifact" in text, text
    status, text = upgrade({**proof, "metadata": {"a": 2}})
    assert status == 1 and "differs in what is not signed" in text, text
    status, text = upgrade({**proof, "artifact": digest_of(2)})
    assert status == 1 and "signature" in text, text
    assert upgrade("{")[0] == 2
    assert upgrade(proof, "--server", "http://127.0.0.1:1")[0] == 3
    assert upgrade([proof, proof]) == (0, "")
    both = json.loads((folder / "proof.json").read_text())
    assert [sorted(each["timestamps"]) for each in both] == [["artifact"], ["artifact"]]
    # a server that never had it
    other = start(data=folder / "other")
    status, text = upgrade(proof, "--server", other.url)
    assert status == 3 and "does not have this proof" in text, text


def test_required(start, tsa, folder):
    tsa.modes["a"] = "500"
    occd = start("--tsa", tsa.url("a"), "--tsa-roots", tsa.roots, "--tsa-required", "--tsa-wait", "10s")
    answer = occd.post("/commit", {"digests": [digest_of(1), digest_of(2)]})
    assert (answer.status, answer.error()) == (503, "no timestamp authority answered, and one is required, try again later")
    assert answer.header("Retry-After")
    tsa.modes["a"] = "good"
    proofs = occd.commit(digest_of(1), digest_of(2))
    assert [proof["commit"]["counter"] for proof in proofs] == ["1", "2"], "a refused request moved a counter"
    for proof in proofs:
        assert_good(tsa, folder, proof, "artifact")
        # had before anything was signed (the token's time is cut to the second)
        stamped = proof["timestamps"]["artifact"]["time"]
        assert time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(proof["commit"]["time"] / 1000)) >= stamped[:19]
    # a request that is refused for another reason asks nobody for long
    assert occd.post("/commit", {"digests": []}).status == 400


def test_a_quorum(start, tsa, folder):
    tsa.modes.update({"a": "good", "b": "refuse", "c": "good"})
    occd = start("--tsa", ",".join(map(tsa.url, "abc")), "--tsa-roots", tsa.roots, "--tsa-quorum", "2", "--tsa-wait", "20s")
    [proof] = occd.commit(digest_of(1))
    assert_good(tsa, folder, proof, "artifact")
    assert token_of(proof)["authority"] == tsa.url("a")
    assert [tsa.count(name) for name in "abc"] == [1, 1, 1]
    # two of three that lie about the digest are no quorum
    tsa.modes.update({"b": "imprint", "c": "nonce"})
    [proof] = occd.commit(digest_of(2))
    assert "timestamps" not in proof
    tsa.modes["b"] = "good"
    assert_good(tsa, folder, later(occd, digest_of(2), "artifact"), "artifact")


def test_a_slow_first_authority_costs_a_share_of_the_wait(start, tsa, folder):
    occd = start("--tsa", f"{tsa.url('never')},{tsa.url('good')}", "--tsa-wait", "2s", "--tsa-timeout", "1m")
    [proof] = occd.commit(digest_of(1))
    assert_good(tsa, folder, proof, "artifact")
    assert token_of(proof)["authority"] == tsa.url("good")


@pytest.mark.sanitized
@pytest.mark.threads
def test_a_batch_within_the_limits(start, tsa, folder):
    occd = start("--tsa", tsa.url("good"), "--tsa-roots", tsa.roots, "--tsa-parallel", "5", "--tsa-wait", "1m")
    digests = [digest_of(number % 90) for number in range(100)]
    proofs = occd.commit(*digests)
    assert len(proofs) == 100 and all(token_of(proof)["digestB64"] == proof["artifact"]["digestB64"] for proof in proofs)
    assert tsa.count("good") == 90  # the same digest at the same time is one request
    assert 1 < tsa.under_way_max <= 5
    assert tsa.connections <= 5 + 1
    for proof in proofs[:3]:
        assert_good(tsa, folder, proof, "artifact")


def test_a_rate(start, tsa):
    occd = start("--tsa", tsa.url("good"), "--tsa-rate", "20", "--tsa-wait", "1m")
    began = time.monotonic()
    assert all(token_of(proof) for proof in occd.commit(*map(digest_of, range(11))))
    assert time.monotonic() - began >= 10 / 20 - 0.05  # not faster; slower is no matter


def test_the_breaker(start, tsa, folder):
    tsa.modes["a"] = "500"
    occd = start("--tsa", tsa.url("a"), "--tsa-roots", tsa.roots, "--tsa-wait", "20s")
    for number in range(8):
        assert "timestamps" not in occd.commit(digest_of(number))[0]
    # left alone after five failures, but for a trial now and then
    asked = tsa.count("a")
    assert 5 <= asked < 8 + 8
    assert len(occd.events("timestamp authority fails")) == 1
    assert occd.events("timestamp authority is back") == []
    tsa.modes["a"] = "good"
    # late tokens are the trial: all of them arrive without a further commit
    for number in range(8):
        assert_good(tsa, folder, later(occd, digest_of(number), "artifact"), "artifact")
    assert len(occd.wait_event("timestamp authority is back")) > 0
    assert_good(tsa, folder, occd.commit(digest_of(100))[0], "artifact")
    assert len(occd.events("timestamp authority fails")) == 1


@pytest.mark.sanitized
@pytest.mark.parametrize("how", ["kill", "stop"])
def test_late_tokens_survive_a_restart(start, tsa, folder, how):
    tsa.modes["a"] = "never"
    flags = ("--tsa", tsa.url("a"), "--tsa-roots", tsa.roots, "--tsa-proof", "--tsa-wait", "50ms", "--tsa-timeout", "1m")
    occd = start(*flags)
    proofs = occd.commit(*map(digest_of, range(10)))
    if how == "kill":
        occd.kill()
    else:
        occd.stop()  # at once, though an authority holds its requests
    tsa.modes["a"] = "good"
    occd = start(*flags)
    for number in range(10):
        upgraded = later(occd, digest_of(number), "artifact", "proof")
        assert_good(tsa, folder, upgraded, "artifact", "proof")
        assert {name: value for name, value in upgraded.items() if name != "timestamps"} == proofs[number]


def test_a_repeat_asks_for_nothing(start, tsa, folder):
    occd = start("--tsa", tsa.url("good"), "--tsa-required", "--tsa-wait", "20s")
    body, head = {"digests": [digest_of(1), digest_of(2)]}, {"Idempotency-Key": "one"}
    first = occd.post("/commit", body, head)
    assert first.status == 200 and all(token_of(proof) for proof in first.json())
    for digest in body["digests"]:
        later(occd, digest, "artifact")
    tsa.modes["good"] = "500"
    again = occd.post("/commit", body, head)
    assert (again.status, again.header("Idempotent-Replay"), again.json()) == (200, "true", first.json())
    assert tsa.count("good") == 2


def test_metrics(start, tsa, folder):
    tsa.modes.update({"a": "refuse", "b": "good", "c": "never"})
    occd = start("--tsa", ",".join([tsa.url("a", "u:s3cret@"), tsa.url("b")]), "--tsa-roots", tsa.roots, "--tsa-wait", "20s")
    occd.commit(digest_of(1), digest_of(2))
    with Wire(occd.wait_event("serving metrics")["address"]) as wire:
        values = metrics_text.parse(wire.request("GET", "/metrics").body.decode())
    for name, number in (("tokens_total", [0, 2]), ("failures_total", [2, 0]), ("refused_total", [2, 0]), ("timeouts_total", [0, 0]),
                         ("authority_up", [1, 1]), ("requests_waiting", [0, 0]), ("requests_in_flight", [0, 0])):
        for url, expected in zip((tsa.url("a"), tsa.url("b")), number):
            assert metrics_text.get(values, f"occ_timestamp_{name}", authority=url) == expected, (name, url)
    assert metrics_text.get(values, "occ_timestamp_held_bytes") == 0


@pytest.mark.sanitized
@pytest.mark.threads
def test_many_clients_while_an_authority_hangs(start, tsa, folder):
    """Commits that wait for timestamps hold up nobody: neither each other, nor other calls, nor the stop."""
    tsa.modes["a"] = "never"
    occd = start("--tsa", tsa.url("a"), "--tsa-wait", "20s", "--tsa-timeout", "1m", "--stop-timeout", "200ms")
    answers = []

    def commit(number):
        with occd.connect() as wire:
            answers.append(wire.request("POST", "/commit", json.dumps({"digests": [digest_of(number)]}).encode(),
                                        {"Content-Type": "application/json"}))

    clients = [threading.Thread(target=commit, args=(number,)) for number in range(40)]
    for client in clients:
        client.start()
    for number in range(40):  # all are durable, none is answered
        wait_for(lambda: occd.get(f"/proofs/{raw(digest_of(number)).hex()}").status == 200, what=f"proof {number} in the ledger")
    assert answers == [] and occd.get("/health").status == 200
    occd.stop()
    for client in clients:
        client.join()


@pytest.mark.parametrize("required", [False, True])
def test_a_stop_answers_those_that_wait(start, tsa, folder, required):
    """Proofs that are durable reach their client before it is cut off; what was not signed yet is refused, in words."""
    tsa.modes["a"] = "never"
    occd = start("--tsa", tsa.url("a"), "--tsa-wait", "1h", "--tsa-timeout", "1h", "--stop-timeout", "4s",
                 *(["--tsa-required"] if required else []))
    with occd.connect() as wire:
        body = json.dumps({"digests": [digest_of(1)]}).encode()
        wire.send(b"POST /commit HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        wait_for(lambda: tsa.count("a") == 1)
        occd.signal(signal.SIGTERM)
        answer = wire.answer()
    assert answer.status == (503 if required else 200), answer.body
    assert required or "timestamps" not in answer.json()[0]
    assert occd.wait() == 0


def test_settings(start, tsa, folder):
    occd = start("--tsa", tsa.url("good"))
    [event] = occd.events("timestamps of any authority are taken")
    assert event["level"] == "warn" and "--tsa-roots" in event["error"]
    occd.stop()
    for flags, text in (
        (["--tsa", "ftp://s3cret@a"], "--tsa: entry 1: not a URL"),
        (["--tsa-required"], "--tsa-required: there is no timestamp authority"),
        (["--tsa", "http://a", "--tsa-quorum", "2"], "--tsa-quorum: 2"),
    ):
        run = subprocess.run([occd.argv[0], "--data", folder / "data", "--check-config", *flags], stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, env=environment())
        assert run.returncode == 2 and text in run.stderr.decode() and "s3cret" not in run.stderr.decode(), run.stderr
