"""crash.py: load with Idempotency-Keys, and the books that are kept of it, for tests in which things die.

After each round, when all is there again: every proof that a client received is in the ledger byte for byte; requests whose
outcome nobody knew are repeated with their key and give one set of proofs, and so do those that were answered; no counter and no
link was given out twice. At the end the whole ledger is exported, followed link by link, and audited.
"""
import collections
import json
import random
import time

from harness import ClientThreads, Wire, digest_of, link_hash, occ

CLIENTS = 8
RAW = json.JSONDecoder()
JSON = {"Content-Type": "application/json"}


def texts_of(body):
    """The proofs of an answer as their bytes, and parsed."""
    text = body.decode()
    assert text[0] == "[" and text[-1] == "]", text[:100]
    found, at = [], 1
    while at < len(text) - 1:
        value, end = RAW.raw_decode(text, at)
        found.append((text[at:end], value))
        at = end + 1
    return found


class Request:
    """One POST /commit with a key of its own, and what is known of it."""

    def __init__(self, number, count):
        self.digests = [digest_of(f"crash {number} {n}") for n in range(count)]
        self.body = json.dumps({"digests": self.digests, "metadata": {"request": number}}).encode()
        self.headers = {**JSON, "Idempotency-Key": f"crash-{number}"}
        self.answer = None  # bytes of a 200

    def send(self, wire):
        return wire.request("POST", "/commit", self.body, self.headers)


class Load(ClientThreads):
    def __init__(self, world, first, pause=0.01):
        self.world, self.first, self.pause = world, first, pause  # seconds after an answer that is none
        self.requests = []
        super().__init__(range(CLIENTS))

    def _run(self, client):
        chance = random.Random(self.first * 100 + client)
        wire, serial = None, 0
        while not self._stop.is_set():
            request = Request(f"{self.first}.{client}.{serial}", chance.choice([1, 1, 1, 2, 7, 40]))
            serial += 1
            with self._lock:
                self.requests.append(request)
            try:
                wire = wire or Wire(self.world.occd.address, timeout=30)
                answer = request.send(wire)
            except TimeoutError:
                self.wrong.append("no answer in 30 s")
                return
            except (OSError, AssertionError):
                answer = None
            if answer is None:
                if wire:
                    wire.close()
                wire = None
                time.sleep(self.pause)
            elif answer.status == 200:
                request.answer = answer.body
            elif answer.status in (500, 503):
                time.sleep(self.pause)
            else:
                self.wrong.append((answer.status, answer.body[:200]))


class Book:
    """All proofs that any client received, and that no two of them share a place."""

    def __init__(self):
        self.texts = {}  # (epoch, counter) → text
        self.links = set()
        self.nonces = set()

    def take(self, text, proof):
        commit = proof["commit"]
        place = (commit["epochId"], commit["counter"])
        if place in self.texts:
            assert self.texts[place] == text, f"two proofs at {place}"
            return
        self.texts[place] = text
        link = (commit["epochId"], commit.get("prevB64") or commit.get("epochLink", {}).get("prevProofHashB64"))
        assert link not in self.links, f"two proofs follow {link}"
        assert commit["nonceB64"] not in self.nonces
        self.links.add(link)
        self.nonces.add(commit["nonceB64"])


def check_round(world, load, book, chance):
    """What the round's clients got is in the ledger; what they did not get is asked for again."""
    assert not load.wrong, load.wrong[:5]
    with world.occd.connect() as wire:
        answered = [request for request in load.requests if request.answer]
        for request in answered:
            for digest, (text, proof) in zip(request.digests, texts_of(request.answer)):
                assert proof["artifact"] == digest
                book.take(text, proof)
        for request in chance.sample(answered, min(6, len(answered))):
            again = request.send(wire)
            assert again.status == 200 and again.body == request.answer, (again.status, again.body[:300], request.answer[:300])
        for request in [request for request in load.requests if not request.answer]:
            first, second = request.send(wire), request.send(wire)
            assert first.status == second.status == 200, (first.status, first.body[:200], second.status)
            assert first.body == second.body, "two answers to one Idempotency-Key"
            for text, proof in texts_of(first.body):
                book.take(text, proof)
        for request in chance.sample(answered, min(10, len(answered))):
            digest = request.digests[-1]["digestB64"].replace("+", "-").replace("/", "_").rstrip("=")
            found = wire.request("GET", f"/proofs/{digest}")
            assert found.status == 200, found.body
            assert [text for text, _ in texts_of(found.body)] == [texts_of(request.answer)[-1][0]]


def check_whole(folder, book):
    """The ledger holds all that clients have, and each epoch but the first is linked to the last proof before it."""
    result = occ("export", "--ledger", folder / "data")
    assert result.returncode == 0, result.stderr
    ledger, before = {}, None
    for line in result.stdout.decode().splitlines():
        proof = json.loads(line)
        commit = proof["commit"]
        assert (commit["epochId"], commit["counter"]) not in ledger
        ledger[(commit["epochId"], commit["counter"])] = line
        if before is None:
            assert commit["counter"] == "1" and "epochLink" not in commit and "prevB64" not in commit
        elif before["commit"]["epochId"] == commit["epochId"]:
            assert commit["prevB64"] == link_hash(before) and "epochLink" not in commit
        else:
            link = commit["epochLink"]
            assert link["prevProofHashB64"] == link_hash(before) and link["prevEpochId"] == before["commit"]["epochId"]
            assert "prevB64" not in commit
        assert before is None or int(commit["counter"]) == int(before["commit"]["counter"]) + 1, "counters go on across epochs"
        before = proof
    digests = collections.Counter(json.loads(line)["artifact"]["digestB64"] for line in ledger.values())
    assert set(digests.values()) == {1}, "one key, one commit: also of what nobody received"
    missing = [place for place, text in book.texts.items() if ledger.get(place) != text]
    assert not missing, f"{len(missing)} of {len(book.texts)} proofs are not in the ledger as they were given out: {missing[:3]}"
    audit = occ("audit", "--ledger", folder / "data")
    assert audit.returncode == 0, (audit.stdout[-2000:], audit.stderr[-2000:])
    return ledger
