"""
What a client received is in the ledger, byte for byte, whatever dies; boundary and ledger agree or nothing is signed; epochs are
linked; and a disk that is full stops commits, and nothing else.
"""
import collections
import json
import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import threading
import time

import pytest

import frames
from harness import BIN, ClientThreads, Enclave, Occd, Program, Wire, check_chains, digest_of, link_hash, occ, verify_offline, wait_for

pytestmark = pytest.mark.sanitized

CLIENTS = 6


def texts_of(body):
    """The proofs of an answer as they stand in it, byte for byte: canonical JSON has one form."""
    proofs = json.loads(body)
    texts = [json.dumps(proof, sort_keys=True, separators=(",", ":"), ensure_ascii=False) for proof in proofs]
    assert body.decode() == "[" + ",".join(texts) + "]"
    return texts


def ledger_of(occd):
    """All proofs of the ledger, as texts, through the API: {epochId: [text, …]} in the order of counters."""
    found = {}
    epochs = occd.get("/epochs?limit=1000")
    assert epochs.status == 200 and not epochs.header("Link"), epochs.body
    for epoch in epochs.json():
        lines, begin = [], 1
        while True:
            answer = occd.get(f"/proofs?epoch={epoch['epochId']}&from={begin}&limit=1000")
            assert answer.status == 200, answer.body
            page = answer.body.decode().splitlines()
            lines += page
            if not answer.header("Link"):
                break
            begin = int(json.loads(page[-1])["commit"]["counter"]) + 1
        found[epoch["epochId"]] = lines
    return found


def audit(folder):
    """occ audit of a ledger that nobody uses: every proof valid, every link followed, epochs linked."""
    result = occ("audit", "--json", "--ledger", folder)
    assert result.returncode == 0, (result.stdout[-2000:], result.stderr[-2000:])
    return json.loads(result.stdout)


# ---- clients that keep what they got ----


class Clients(ClientThreads):
    """They commit with Idempotency-Keys, keep what they got, and send again what got no good answer."""

    def __init__(self, holder):
        self.holder = holder
        self.received = {}  # key: body
        self.texts = []
        super().__init__(range(CLIENTS), patience=120)

    def _once(self, key, digests):
        """The body of a good answer, or None."""
        try:
            with Wire(self.holder[0].address, timeout=30) as wire:
                answer = wire.request(
                    "POST", "/commit", json.dumps({"digests": digests}).encode(), {"Content-Type": "application/json", "Idempotency-Key": key}
                )
        except (OSError, AssertionError):
            return None
        if answer is None:  # the connection broke
            return None
        if answer.status == 200:
            return answer.body
        if answer.status not in (500, 503):
            self.wrong.append((answer.status, answer.body[:200]))
        return None

    def _run(self, number):
        chance = random.Random(number)
        serial = 0
        while not self._stop.is_set():
            key = f"{number}.{serial}"
            digests = [digest_of(f"{key}.{n}") for n in range(chance.choice([1, 1, 2, 20]))]
            serial += 1
            body = None
            while body is None:
                body = self._once(key, digests)
                if body is None:
                    if self._stop.is_set():
                        return
                    time.sleep(0.02)
            again = self._once(key, digests) if chance.random() < 0.3 else body
            with self._lock:
                if again not in (None, body):
                    self.wrong.append(("a retry gave other proofs", key))
                self.received[key] = body
                self.texts += texts_of(body)


def check_ledger(clients, occd):
    """Everything received is in the ledger, once, byte for byte; and nothing in it was made twice."""
    assert not clients.wrong, clients.wrong[:3]
    ledger = ledger_of(occd)
    stored = [text for texts in ledger.values() for text in texts]
    assert len(set(stored)) == len(stored)
    missing = set(clients.texts) - set(stored)
    assert not missing, (len(missing), sorted(missing)[:2])
    proofs = [json.loads(text) for text in stored]
    committed = collections.Counter(proof["artifact"]["digestB64"] for proof in proofs)
    assert set(committed.values()) == {1}, "one key, one commit: also of what nobody received"
    check_chains(proofs)
    return proofs


def test_epochs_are_linked(folder):
    proofs = []
    for number in range(3):
        occd = Occd(folder / "data")
        proofs += occd.commit(digest_of(number)) + occd.commit(digest_of(number + 10))
        occd.stop()
    assert [proof["commit"]["counter"] for proof in proofs] == ["1", "2", "3", "4", "5", "6"]
    for before, first in ((proofs[1], proofs[2]), (proofs[3], proofs[4])):
        link = first["commit"]["epochLink"]
        assert link["prevProofHashB64"] == link_hash(before)
        assert (link["prevEpochId"], link["prevCounter"]) == (before["commit"]["epochId"], before["commit"]["counter"])
        assert link["toEpochId"] == first["commit"]["epochId"] != before["commit"]["epochId"]
        assert "prevB64" not in first["commit"]
    verify_offline(proofs, folder)
    audit(folder / "data")


def test_genesis_begins_without_a_link(folder):
    occd = Occd(folder / "data")
    occd.commit(digest_of(1))
    occd.stop()
    occd = Occd(folder / "data", "--genesis")
    proof = occd.commit(digest_of(2))[0]
    assert proof["commit"]["counter"] == "1" and "epochLink" not in proof["commit"]
    # Only the first epoch of the run: the next one goes on from it.
    os.kill(occd.boundary_pid(), signal.SIGKILL)
    wait_for(lambda: occd.is_healthy() and occd.get("/key").json()["epochId"] != proof["commit"]["epochId"])
    after = occd.commit(digest_of(3))[0]
    assert after["commit"]["counter"] == "2" and after["commit"]["epochLink"]["prevProofHashB64"] == link_hash(proof)
    occd.stop()


class ForgingBoundary(threading.Thread):
    """Speaks the frame protocol and signs nothing: its proofs have the form of proofs and no valid signature."""

    def __init__(self, path):
        super().__init__(daemon=True)
        import socket

        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen(1)
        self.start()

    def run(self):
        connection, _ = self.listener.accept()
        data = b""
        while True:
            more = connection.recv(1 << 16)
            if not more:
                return
            data += more
            while len(data) >= 4 and len(data) >= 4 + int.from_bytes(data[:4], "big"):
                end = 4 + int.from_bytes(data[:4], "big")
                self.answer(connection, int.from_bytes(data[4:6], "big"), int.from_bytes(data[8:16], "big"), data[16:end])
                data = data[end:]

    EPOCH = "ab" * 32

    def answer(self, connection, kind, number, payload):
        if kind == frames.HELLO:
            hello = frames.VERSION.to_bytes(2, "big") + bytes(8) + (24 << 20).to_bytes(4, "big") + (1024).to_bytes(4, "big")
            hello += (1000).to_bytes(4, "big") + (1 << 20).to_bytes(8, "big") + b"\x07" * 32
            hello += frames.text(self.EPOCH) + frames.text("stub") + frames.text("stub:forged") + frames.text("") + bytes(1 + 4) + bytes(16)
            hello += (1).to_bytes(2, "big") + frames.text("") + bytes(8) + bytes(32)
            connection.sendall(frames.frame(frames.HELLO_OK, 0, hello))
        elif kind == frames.PING:
            connection.sendall(frames.frame(frames.PONG, number, frames.text("") + bytes(1 + 3 * 8 + 2 * 4)))
        elif kind == frames.COMMIT:
            opaque = payload[3 : 3 + payload[2]]
            digest = payload[3 + len(opaque) + 2 + 4 :][:32]
            connection.sendall(frames.frame(frames.RESULT, number, self.result(opaque, digest)))

    def result(self, opaque, digest):
        import base64

        proof = {
            "artifact": {"digestB64": base64.b64encode(digest).decode(), "hashAlg": "sha256"},
            "commit": {"counter": "1", "epochId": self.EPOCH, "nonceB64": base64.b64encode(bytes(32)).decode(), "time": 1795646612531},
            "environment": {"enforcement": "stub", "measurement": "stub:forged"},
            "signer": {"publicKeyB64": base64.b64encode(b"\x07" * 32).decode(), "signatureB64": base64.b64encode(b"\x01" * 64).decode()},
            "version": "occ/1",
        }
        text = json.dumps(proof, sort_keys=True, separators=(",", ":")).encode()
        one = (1).to_bytes(8, "big") + digest + bytes(2 + 4) + len(text).to_bytes(4, "big") + text
        head = (1).to_bytes(8, "big") + bytes([len(opaque)]) + opaque + bytes(2) + frames.text("")
        return bytes(2) + (1).to_bytes(2, "big") + head + (1).to_bytes(4, "big") + one


def test_a_link_that_is_refused_stops_commits_and_names_the_flag(folder):
    """The boundary verifies the proof before it itself: from what nobody signed it does not go on."""
    ForgingBoundary(folder / "forged.sock")
    occd = Occd(folder / "data", "--boundary", f"unix:{folder}/forged.sock")
    occd.commit(digest_of(1))
    occd.stop()

    program = Program([BIN / "occd", "--data", folder / "data", "--listen", "127.0.0.1:0"])
    address = program.wait_event("listening")["address"]
    event = program.wait_event("epoch not linked")
    assert event["level"] == "error" and "--genesis" in event["error"]

    def ask(method, path, body=None):
        with Wire(address) as wire:
            return wire.request(method, path, body, {"Content-Type": "application/json"} if body else None)

    refused = ask("POST", "/commit", json.dumps({"digests": [digest_of(1)]}).encode())
    assert refused.status == 503 and refused.header("Retry-After") and "--genesis" in refused.error()
    health = ask("GET", "/health")
    assert health.status == 503 and health.json()["ok"] is False and "--genesis" in health.json()["error"]
    assert ask("GET", "/key").status == 200
    program.stop()
    assert len(program.events("boundary up")) == 1, "no new key each second"

    occd = Occd(folder / "data", "--genesis")
    assert "epochLink" not in occd.commit(digest_of(2))[0]["commit"]
    occd.stop()


# ---- boundary and ledger disagree ----


@pytest.fixture
def enclave(folder):
    program = Enclave(folder / "b.sock")
    yield program
    program.stop()


def test_a_restored_backup_is_noticed_while_the_boundary_lives(folder, enclave):
    occd = Occd(folder / "data", "--boundary", enclave.where)
    old = occd.commit(digest_of(1))[0]
    occd.stop()
    shutil.copytree(folder / "data", folder / "backup")
    occd = Occd(folder / "data", "--boundary", enclave.where)
    occd.commit(digest_of(2))
    occd.stop()

    program = Program([BIN / "occd", "--data", folder / "backup", "--listen", "127.0.0.1:0", "--boundary", enclave.where])
    address = program.wait_event("listening")["address"]
    event = program.wait_event("halted until occd is restarted")
    assert event["level"] == "error" and "older than the boundary was told" in event["error"]

    def ask(method, path, value=None):
        with Wire(address) as wire:
            body = None if value is None else json.dumps(value).encode()
            return wire.request(method, path, body, {"Content-Type": "application/json"} if body else None)

    refused = ask("POST", "/commit", {"digests": [digest_of(3)]})
    assert refused.status == 503 and "until occd is restarted" in refused.error()
    assert "until occd is restarted" in ask("GET", "/health").json()["error"]
    assert ask("POST", "/verify", {"proof": old}).json() == {"valid": True}, "verification goes on"
    assert ask("GET", f"/proofs/{bytes_of(old).hex()}").json() == [old], "and so do lookups"
    program.stop()
    # With the ledger that it knows the boundary goes on.
    occd = Occd(folder / "data", "--boundary", enclave.where)
    assert occd.commit(digest_of(4))[0]["commit"]["counter"] == "3"
    occd.stop()


def test_a_boundary_that_was_passed_by_does_not_go_on(folder, enclave):
    """occd was started once without it: its next proof would be a second successor, beside the new epoch's first."""
    occd = Occd(folder / "data", "--boundary", enclave.where)
    occd.commit(digest_of(1))
    occd.stop()
    occd = Occd(folder / "data")
    assert occd.commit(digest_of(2))[0]["commit"]["epochLink"]["prevCounter"] == "1"
    occd.stop()
    program = Program([BIN / "occd", "--data", folder / "data", "--listen", "127.0.0.1:0", "--boundary", enclave.where])
    event = program.wait_event("halted until occd is restarted")
    assert "the ledger has a later epoch of it, so the boundary must be started anew" in event["error"]
    program.stop()


def bytes_of(proof):
    import base64

    return base64.b64decode(proof["artifact"]["digestB64"])


# ---- a ledger that cannot be opened, or written ----


def start_fails(folder, *arguments):
    result = subprocess.run(
        [BIN / "occd", "--listen", "127.0.0.1:0", "--data", folder, *arguments], stdin=subprocess.DEVNULL, capture_output=True, timeout=60
    )
    assert result.returncode == 3, (result.returncode, result.stderr)
    last = result.stderr.decode().strip().splitlines()[-1]
    assert last.startswith("occd: ") and str(folder) in last, result.stderr
    return last


def test_what_is_no_ledger_is_not_touched(folder):
    (folder / "data").mkdir()
    garbage = b"this is somebody's diary, not a ledger\n" * 500
    (folder / "data" / "ledger.db").write_bytes(garbage)
    start_fails(folder / "data")
    assert (folder / "data" / "ledger.db").read_bytes() == garbage


def test_a_ledger_of_a_later_version(folder):
    occd = Occd(folder / "data")
    occd.commit(digest_of(1))
    occd.stop()
    with sqlite3.connect(folder / "data" / "ledger.db") as database:
        database.execute("PRAGMA user_version = 9999")
    database.close()
    start_fails(folder / "data")


def limit_files(occd, length):
    resource.prlimit(occd.pid, resource.RLIMIT_FSIZE, (length, resource.RLIM_INFINITY))


def test_full_disk(folder):
    """Files cannot grow: commits stop with a clear sentence, the rest goes on, and all is well when there is room again."""
    occd = Occd(folder / "data", "--access-log", "off")
    before = occd.commit(digest_of(1))[0]
    limit_files(occd, 1)
    lost = occd.post("/commit", {"digests": [digest_of(2), digest_of(3)]})
    assert lost.status == 500 and lost.json() == {"error": "internal server error"}, "signed, and not durable yet"
    for _ in range(3):
        refused = occd.post("/commit", {"digests": [digest_of(4)]})
        assert refused.status == 503 and refused.header("Retry-After") and "ledger" in refused.error()
    health = occd.get("/health")
    assert health.status == 503 and health.json()["ok"] is False and "ledger" in health.json()["error"]
    assert occd.post("/verify", {"proof": before}).json() == {"valid": True}
    assert occd.get("/key").status == 200
    assert occd.get(f"/proofs/{bytes_of(before).hex()}").json() == [before]
    limit_files(occd, resource.RLIM_INFINITY)
    wait_for(occd.is_healthy, what="it resumes by itself")
    after = occd.commit(digest_of(4))[0]
    assert after["commit"]["counter"] == "4", "what was signed came first"
    ((_, stored),) = ledger_of(occd).items()
    assert [json.loads(text)["artifact"] for text in stored] == [digest_of(1), digest_of(2), digest_of(3), digest_of(4)]
    assert occd.events("ledger not written") and occd.events("ledger written again")
    occd.stop()
    audit(folder / "data")


def test_full_disk_under_load(folder):
    """Again and again; what clients received is there, and what they retried was committed once."""
    holder = [Occd(folder / "data", "--access-log", "off")]
    chance = random.Random(7)
    with Clients(holder) as clients:
        for _ in range(3):
            time.sleep(chance.uniform(0.1, 0.4))
            limit_files(holder[0], 1)
            wait_for(lambda: not holder[0].is_healthy())
            limit_files(holder[0], resource.RLIM_INFINITY)
            wait_for(holder[0].is_healthy)
        before = len(clients.received)
        wait_for(lambda: len(clients.received) > before)
    check_ledger(clients, holder[0])
    holder[0].stop()
    audit(folder / "data")


def test_stopped_while_the_disk_is_full(folder):
    """It ends in good order; over a socket the boundary still has what was signed."""
    enclave = Enclave(folder / "b.sock")
    occd = Occd(folder / "data", "--boundary", f"unix:{folder}/b.sock", "--access-log", "off")
    occd.commit(digest_of(1))
    limit_files(occd, 1)
    assert occd.post("/commit", {"digests": [digest_of(2)]}).status == 500
    occd.stop()
    occd = Occd(folder / "data", "--boundary", f"unix:{folder}/b.sock")
    assert occd.events("result of an earlier connection")
    assert occd.commit(digest_of(3))[0]["commit"]["counter"] == "3"
    ((_, stored),) = ledger_of(occd).items()
    assert [json.loads(text)["artifact"] for text in stored] == [digest_of(1), digest_of(2), digest_of(3)]
    occd.stop()
    enclave.stop()
