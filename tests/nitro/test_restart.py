"""Enclaves that die under load. Their documents are simulated: QEMU's are unsigned, and no boundary goes on from those."""
import json
import random
import subprocess
import time

import pytest

import machine
from crash import Book, Load, check_round, check_whole
from harness import Program, occ
from images import SETTINGS, cpio, with_application

AT_ONCE = 2000  # proofs that are verified in one go


@pytest.fixture(scope="module")
def simulated(image, tmp_path_factory):
    """The image with occ-enclave-sim as its program, and the root of its simulation beside it."""
    work = tmp_path_factory.mktemp("simulated")
    made = image()
    programs = machine.ROOT / "build" / "image" / "work"
    subprocess.run(["cmake", "--build", programs, "--target", "occ-enclave-sim"], check=True, capture_output=True)
    program = programs / "bin" / "occ-enclave-sim"
    maker = Program([program, "--listen", f"unix:{work}/s", "--nsm", "--sim-ca", work / "ca"])
    maker.wait_event("epoch begins")
    maker.stop()
    files = [
        cpio.program("occ-enclave", program.read_bytes()),
        cpio.text("occ-enclave.ini", f"{SETTINGS}sim-ca = /ca\nsim-pcr0 = {made.pcrs['PCR0']}\n".encode()),
        cpio.folder("ca"),
        *[cpio.text(f"ca/{name}", (work / "ca" / name).read_bytes()) for name in ("root.pem", "root.key")],
    ]
    return with_application(made, files, work / "simulated.eif"), work / "ca" / "root.pem", f"sim:{made.pcrs['PCR0']}"


class World:
    """What crash.py wants to know: an occd. And how things die, and come back."""

    def __init__(self, image, boot, bridge, start):
        self.image, self.boot, self.bridge, self.start = image, boot, bridge, start
        self.bridge.machine = boot(image)
        self.occd = self.start_occd()

    def start_occd(self):
        return self.start("--boundary", f"unix:{self.bridge.path}", "--access-log", "off")

    def kill(self, what):
        if what in ("enclave", "both"):
            self.bridge.machine.kill()
        if what in ("parent", "both"):
            self.occd.kill()

    def revive(self, what):
        if what in ("enclave", "both"):
            self.bridge.machine = self.boot(self.image)
        if what in ("parent", "both"):
            self.occd = self.start_occd()
        self.occd.wait_ready()


def check_attestations(texts, root, measurement, folder):
    """Every proof has a document about it, under that root, for that measurement."""
    path, policy = folder / "proofs.json", json.dumps({"requireAttestation": True, "allowedMeasurements": [measurement]})
    for first in range(0, len(texts), AT_ONCE):
        path.write_text(f"[{','.join(texts[first : first + AT_ONCE])}]")
        run = occ("verify", "--json", "--sim-nitro-root", root, "--policy", policy, path)
        assert run.returncode == 0, (run.stdout[-2000:], run.stderr)
        reports = json.loads(run.stdout)
        assert {report["evidence"]["attestation"]["binding"] for report in reports} <= {"body", "batch"}


def test_killed_and_started_again_under_load(simulated, boot, bridge, start, folder):
    image, root, measurement = simulated
    world, book, chance = World(image, boot, bridge, start), Book(), random.Random(4)
    for number, what in enumerate(("enclave", "parent", "both", "enclave")):
        with Load(world, number, pause=0.2) as load:
            time.sleep(chance.uniform(0.2, 0.5))  # whenever it may be: the load is what is tested, not the time
            world.kill(what)
            world.revive(what)
        check_round(world, load, book, chance)
        assert any(request.answer for request in load.requests)
    world.occd.stop()
    ledger = check_whole(folder, book)
    assert len({epoch for epoch, _ in ledger}) == 4, "a new epoch for each enclave"
    verified = occ("audit", "--json", "--ledger", folder / "data", "--sim-nitro-root", root)
    assert verified.returncode == 0, verified.stderr
    check_attestations(list(ledger.values()), root, measurement, folder)
