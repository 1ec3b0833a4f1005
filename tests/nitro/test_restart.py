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

ROUNDS = 3
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
    """What crash.py wants to know: an occd, and how to get everything back."""

    def __init__(self, occd):
        self.occd = occd


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
    bridge.machine = boot(image)
    world, book, chance = World(start("--boundary", f"unix:{bridge.path}", "--access-log", "off")), Book(), random.Random(4)
    for number in range(ROUNDS):
        with Load(world, number, pause=0.2) as load:
            time.sleep(chance.uniform(0.2, 0.5))  # whenever it may be: the load is what is tested, not the time
            bridge.machine.kill()
            bridge.machine = boot(image)
            world.occd.wait_ready()
        check_round(world, load, book, chance)
        assert any(request.answer for request in load.requests)
    world.occd.stop()
    ledger = check_whole(folder, book)
    assert len({epoch for epoch, _ in ledger}) == ROUNDS + 1
    verified = occ("audit", "--json", "--ledger", folder / "data", "--sim-nitro-root", root)
    assert verified.returncode == 0, verified.stderr
    check_attestations(list(ledger.values()), root, measurement, folder)
