"""Load, and things that stand still or stop in it. What was delivered must verify, and nothing may have been given out twice."""
import json
import os
import random
import signal
import time

import pytest

from harness import ClientThreads, Enclave, Wire, check_chains, digest_of, verify_offline

pytestmark = [pytest.mark.sanitized, pytest.mark.threads]

SECONDS = 4
CLIENTS = 12


class Load(ClientThreads):
    """Clients that commit one or a batch, over and over, and keep what they got."""

    def __init__(self, address_of, seed):
        self.address_of = address_of
        self.delivered = []
        self.statuses = {}
        self.broken = 0
        super().__init__(range(seed * 100, seed * 100 + CLIENTS))

    def _run(self, seed):
        chance = random.Random(seed)
        wire = None
        serial = 0
        while not self._stop.is_set():
            count = chance.choice([1, 1, 1, 2, 7, 50])
            digests = [digest_of(f"{seed}.{serial}.{n}") for n in range(count)]
            serial += 1
            try:
                wire = wire or Wire(self.address_of(), timeout=30)
                answer = wire.request("POST", "/commit", json.dumps({"digests": digests}).encode(), {"Content-Type": "application/json"})
            except (OSError, AssertionError) as error:
                if isinstance(error, TimeoutError):
                    self.wrong.append("no answer in 30 s")
                answer = None
            if answer is None:
                with self._lock:
                    self.broken += 1
                if wire:
                    wire.close()
                wire = None
                time.sleep(0.02)
                continue
            self._keep(answer, digests)
            if answer.status != 200:
                time.sleep(0.01)
            if (answer.header("Connection") or "").lower() == "close":
                wire.close()
                wire = None

    def _keep(self, answer, digests):
        with self._lock:
            self.statuses[answer.status] = self.statuses.get(answer.status, 0) + 1
            if answer.status == 200:
                proofs = answer.json()
                if [proof["artifact"] for proof in proofs] != digests:
                    self.wrong.append("an answer about other digests")
                self.delivered += proofs
            elif answer.status not in (500, 503):
                self.wrong.append((answer.status, answer.body[:200]))
            elif answer.status == 503 and not answer.header("Retry-After"):
                self.wrong.append("503 without Retry-After")

    def check(self, folder):
        assert not self.wrong, self.wrong[:5]
        assert self.delivered, (self.statuses, self.broken)
        epochs = check_chains(self.delivered)
        verify_offline(self.delivered, folder)
        return epochs


def test_boundary_stopped_and_continued_under_load(start, folder):
    """Short stalls, within the time that it has, are only waits."""
    occd = start()
    with Load(lambda: occd.address, 2) as load:
        end = time.monotonic() + SECONDS / 2
        while time.monotonic() < end:
            child = occd.boundary_pid()
            os.kill(child, signal.SIGSTOP)
            time.sleep(0.2)
            os.kill(child, signal.SIGCONT)
            time.sleep(0.1)
    epochs = load.check(folder)
    assert len(epochs) == 1 and set(load.statuses) == {200} and load.broken == 0, (load.statuses, load.broken)
    counters = sorted(int(proof["commit"]["counter"]) for proof in load.delivered)
    assert counters == list(range(1, len(counters) + 1)), "nothing was lost, nothing skipped"


def test_parent_stopped_in_good_order_under_load(folder, start):
    """A boundary of its own on a socket; the parent ends and comes back, the chain goes on. (What is killed: test_250_crash.)"""
    enclave = Enclave(folder / "b.sock")
    chance = random.Random(15)
    holder = [start("--boundary", enclave.where)]
    with Load(lambda: holder[0].address, 15) as load:
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            time.sleep(chance.uniform(0.2, 0.7))
            holder[0].stop()
            holder[0] = start("--boundary", enclave.where)
    epochs = load.check(folder)
    assert len(epochs) == 1
    tail = holder[0].commit(digest_of("tail"))[0]
    assert int(tail["commit"]["counter"]) > max(int(proof["commit"]["counter"]) for proof in load.delivered)
    check_chains(load.delivered + [tail])
    holder[0].stop()
    enclave.stop()
