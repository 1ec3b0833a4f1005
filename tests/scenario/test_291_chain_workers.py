"""Chains signed by several threads: the real programs under load on several chains, killed at any moment; what they made is followed link by link."""
import itertools
import json
import os
import pathlib
import random
import signal
import time

import pytest

from attested import Attested
from harness import PRESET, ClientThreads, Enclave, Occd, Wire, digest_of, link_hash, occ, verify_offline

CHAINS = ("a", "b", "c")
CLIENTS = 8
ROUNDS = int(os.environ.get("OCC_CRASH_ROUNDS", 16 if PRESET == "release" else 5))
WORDS = ("--chains", ",".join(CHAINS), "--workers", "2")
NUMBERS = itertools.count()


def signing_threads(pid):
    """Those that a boundary has beside its first. (ThreadSanitizer has one of its own.)"""
    return [task for task in pathlib.Path(f"/proc/{pid}/task").iterdir() if (task / "comm").read_text().strip() == "sign"]


def chain_of(proof):
    return proof["commit"]["epochId"], proof["commit"].get("chainId")


class Load(ClientThreads):
    """Clients that commit one or a few digests on one chain after the other, and keep what they get."""

    def __init__(self, address_of):
        super().__init__(range(CLIENTS))
        self.address_of, self.delivered = address_of, []

    def _run(self, seed):
        chance, wire = random.Random(seed), None
        while not self._stop.is_set():
            digests = [digest_of(f"worker {next(NUMBERS)}") for _ in range(chance.choice([1, 1, 2, 7, 40]))]
            chain = chance.choice([None, *CHAINS])
            body = {"digests": digests, **({"chainId": chain} if chain else {})}
            try:
                wire = wire or Wire(self.address_of(), timeout=30)
                answer = wire.request("POST", "/commit", json.dumps(body).encode(), {"Content-Type": "application/json"})
            except TimeoutError:
                self.wrong.append("no answer in 30 s")
                return
            except (OSError, AssertionError):
                answer = None
            if answer is None:
                if wire:
                    wire.close()
                wire = None
                time.sleep(0.01)
                continue
            if answer.status == 200:
                proofs = answer.json()
                good = [proof["artifact"] for proof in proofs] == digests and {chain_of(proof)[1] for proof in proofs} == {chain}
                if not good:
                    self.wrong.append("an answer about other digests, or on another chain")
                with self._lock:
                    self.delivered += proofs
            elif answer.status in (500, 503):
                time.sleep(0.01)
            else:
                self.wrong.append((answer.status, answer.body[:200]))


def follow(data):
    """All proofs of a ledger, by chain. Each names the one before: no gap, no fork, no counter twice; epochs go on where one ended."""
    result = occ("export", "--ledger", data)
    assert result.returncode == 0, result.stderr
    chains, heads, nonces = {}, {}, set()
    for line in result.stdout.decode().splitlines():
        proof = json.loads(line)
        commit, before = proof["commit"], heads.get(proof["commit"].get("chainId"))
        if before is None:
            assert commit["counter"] == "1" and "prevB64" not in commit and "epochLink" not in commit
        else:
            assert int(commit["counter"]) == int(before["commit"]["counter"]) + 1
            if before["commit"]["epochId"] == commit["epochId"]:
                assert commit["prevB64"] == link_hash(before)
                assert commit["time"] >= before["commit"]["time"]
            else:
                assert commit["epochLink"]["prevProofHashB64"] == link_hash(before) and "prevB64" not in commit
        assert commit["nonceB64"] not in nonces
        nonces.add(commit["nonceB64"])
        heads[commit.get("chainId")] = proof
        chains.setdefault(commit.get("chainId"), []).append(proof)
    return chains


def check(data, delivered, *words):
    """What clients have is in the ledger as they have it, and the ledger is whole."""
    chains = follow(data)
    ledger = {(*chain_of(proof), proof["commit"]["counter"]): proof for proofs in chains.values() for proof in proofs}
    for proof in delivered:
        assert ledger[(*chain_of(proof), proof["commit"]["counter"])] == proof
    audit = occ("audit", "--ledger", data, *words)
    assert audit.returncode == 0, (audit.stdout[-2000:], audit.stderr[-2000:])
    return chains


def test_threads_that_sign(folder):
    """One less than workers, since the first thread takes its share; none for one chain."""
    for number, (words, workers) in enumerate([(WORDS, 2), (("--chains", "a", "--workers", "16"), 2), (("--workers", "4"), 1), (("--chains", "a,b", "--workers", "1"), 1)]):
        enclave = Enclave(folder / f"{number}.sock", *words)
        assert enclave.events("epoch begins")[0]["workers"] == str(workers)
        assert len(signing_threads(enclave.pid)) == workers - 1
        enclave.stop()


@pytest.mark.sanitized
@pytest.mark.threads
def test_frames_on_several_chains(folder):
    """Under load all chains go on, in whole and in order; both threads have worked."""
    occd = Occd(folder / "data", "--access-log", "off", *WORDS)
    (task,) = signing_threads(occd.boundary_pid())
    with Load(lambda: occd.address) as load:
        time.sleep(1)
    switches = [line for line in (task / "status").read_text().splitlines() if line.startswith("voluntary_ctxt_switches:")]
    assert int(switches[0].split()[1]) > 20, "the second thread was hardly ever woken"
    occd.stop()
    assert not load.wrong, load.wrong[:5]
    chains = check(folder / "data", load.delivered)
    assert set(chains) == {None, *CHAINS} and sum(map(len, chains.values())) == len(load.delivered)
    verify_offline(load.delivered, folder)


@pytest.mark.threads
def test_killed_under_load(folder):
    """Either process, or both, at any moment."""
    chance = random.Random(291)
    enclave = Enclave(folder / "b.sock", *WORDS)
    occd, delivered = Occd(folder / "data", "--access-log", "off", "--boundary", enclave.where), []
    for _ in range(ROUNDS):
        with Load(lambda: occd.address) as load:
            time.sleep(chance.uniform(0.02, 0.2))
            what = chance.choice(["parent", "boundary", "both"])
            if what != "parent":
                enclave.kill()
            if what != "boundary":
                occd.kill()
        if what != "parent":
            enclave = Enclave(folder / "b.sock", *WORDS)
        if what != "boundary":
            occd = Occd(folder / "data", "--access-log", "off", "--boundary", enclave.where)
        occd.wait_ready()
        assert not load.wrong, load.wrong[:5]
        delivered += load.delivered
    occd.stop()
    enclave.stop()
    chains = check(folder / "data", delivered)
    assert len({proof["commit"]["epochId"] for proofs in chains.values() for proof in proofs}) > ROUNDS // 4
    assert set(chains) == {None, *CHAINS}


def test_child_killed_under_load(folder):
    """The boundary that occd has started: it starts another, whose chains go on."""
    occd, delivered = Occd(folder / "data", "--access-log", "off", *WORDS), []
    for _ in range(max(2, ROUNDS // 6)):
        with Load(lambda: occd.address) as load:
            time.sleep(0.1)
            os.kill(occd.boundary_pid(), signal.SIGKILL)
        occd.wait_ready()
        assert not load.wrong, load.wrong[:5]
        delivered += load.delivered
    occd.stop()
    check(folder / "data", delivered)


@pytest.mark.sanitized
@pytest.mark.parametrize("mode", ["batch", "epoch"])
def test_attested(folder, mode):
    """Proofs wait for documents, on all chains; a parent that dies leaves what waits discarded, and no gap."""
    delivered = []
    with Attested(folder, mode, "--access-log", "off", enclave=WORDS) as world:
        for round_number in range(2):
            with Load(lambda: world.occd.address) as load:
                time.sleep(0.6)
                if round_number == 0:
                    world.occd.kill()
            if round_number == 0:
                world.occd = Occd(folder / "data", "--access-log", "off", "--boundary", world.enclave.where, "--sim-nitro-root", world.enclave.root)
            assert not load.wrong, load.wrong[:5]
            delivered += load.delivered
        world.stop()
        chains = check(folder / "data", delivered, "--sim-nitro-root", world.enclave.root)
        assert set(chains) == {None, *CHAINS}
