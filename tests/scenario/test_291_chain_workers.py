"""Chains signed by several threads: the real programs under load on several chains, killed at any moment, and what they made, audited."""
import itertools
import json
import os
import pathlib
import random
import threading
import time

import pytest

import harness

CHAINS = ("a", "b", "c")


def start(folder, *arguments, workers=2):
    return harness.Occd(folder, "--access-log", "off", "--chains", ",".join(CHAINS), "--workers", workers, *arguments)


def threads_of(pid):
    """Names of a process's threads beside the first."""
    tasks = pathlib.Path(f"/proc/{pid}/task")
    return [(task / "comm").read_text().strip() for task in tasks.iterdir() if task.name != str(pid)]


class Client(threading.Thread):
    """Commits digests that nobody else commits, on chains in turn, as long as it is let; keeps what it was given."""

    numbers = itertools.count(1_000_000)

    def __init__(self, occd, stop):
        super().__init__(daemon=True)
        self.occd, self.stop, self.proofs, self.failures = occd, stop, [], 0
        self.start()

    def run(self):
        turn = random.Random(self.name)
        while not self.stop.is_set():
            digests = [harness.digest_of(next(self.numbers)) for _ in range(turn.choice((1, 1, 2, 7)))]
            chain = turn.choice((None, *CHAINS))
            body = {"digests": digests, **({"chainId": chain} if chain else {})}
            try:
                answer = self.occd.request("POST", "/commit", body)
            except (OSError, harness.Broken):
                self.failures += 1
                time.sleep(0.02)
                continue
            if answer.status == 200:
                proofs = json.loads(answer.body)
                self.proofs += proofs if isinstance(proofs, list) else [proofs]
            else:
                self.failures += 1
