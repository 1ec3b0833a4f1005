"""Things die at random moments under load, 200 times and more: nothing that a client has is lost, doubled or forked."""
import os
import random
import signal
import time

import pytest

from crash import Book, Load, check_round, check_whole
from harness import PRESET, Enclave, Occd

pytestmark = [pytest.mark.sanitized, pytest.mark.threads]

ROUNDS = int(os.environ.get("OCC_CRASH_ROUNDS", 200 if PRESET == "release" else 20))


class World:
    """A parent, and a boundary: its child, or one with a socket."""

    def __init__(self, folder, own_boundary):
        self.folder, self.own_boundary = folder, own_boundary
        self.socket = folder / "b.sock"
        self.enclave = None if own_boundary else self.start_enclave()
        self.occd = self.start_occd()

    def start_enclave(self):
        return Enclave(self.socket)

    def start_occd(self):
        words = [] if self.own_boundary else ["--boundary", f"unix:{self.socket}"]
        return Occd(self.folder / "data", "--access-log", "off", *words)

    def kill(self, what):
        if what in ("boundary", "both"):
            if self.own_boundary:
                child = self.occd.boundary_pid()
                if child:
                    os.kill(child, signal.SIGKILL)
            else:
                self.enclave.kill()
        if what in ("parent", "both"):
            self.occd.kill()

    def revive(self):
        if not self.own_boundary and self.enclave.process.poll() is not None:
            self.enclave = self.start_enclave()
        if self.occd.process.poll() is not None:
            self.occd = self.start_occd()
        self.occd.wait_ready()

    def stop(self):
        self.occd.stop()
        if self.enclave:
            self.enclave.stop()


@pytest.mark.parametrize("own_boundary,kinds", [(False, ["parent", "boundary", "both"]), (True, ["boundary", "both"])])
def test_killed_at_random(folder, own_boundary, kinds):
    chance = random.Random(7 + own_boundary)
    world, book = World(folder, own_boundary), Book()
    rounds = ROUNDS * (3 if not own_boundary else 1) // 4
    for number in range(rounds):
        with Load(world, number) as load:
            time.sleep(chance.uniform(0.0, 0.15))
            world.kill(chance.choice(kinds))
            time.sleep(chance.uniform(0.0, 0.02))
        world.revive()
        check_round(world, load, book, chance)
    world.stop()
    ledger = check_whole(folder, book)
    epochs = {epoch for epoch, _ in ledger}
    assert len(epochs) > rounds // 3 and len(book.texts) > rounds, (len(epochs), len(book.texts))
