"""A boundary whose signatures lib25519 makes: Node and the default build's occ, which has libsodium, take all of its proofs."""
import re

import pytest

from harness import BIN, ROOT, Program, digest_of, occ, verify_offline
from test_independent import HERE, run_node

PROGRAM = ROOT / "build" / "lib25519" / "bin" / "occ-enclave"

pytestmark = pytest.mark.skipif(not PROGRAM.exists(), reason="the preset lib25519 is not built: the library is not here and could not be fetched")


class Boundary(Program):
    """occ-enclave of the preset lib25519. Killed by its sandbox, it would answer nothing."""

    def __init__(self, path):
        super().__init__([PROGRAM, "--listen", f"unix:{path}"])
        self.wait_event("epoch begins")


@pytest.fixture
def occd(start, folder):
    boundary = Boundary(folder / "b.sock")
    yield start("--boundary", f"unix:{folder}/b.sock", "--access-log", "off")
    assert boundary.process.poll() is None
    boundary.stop()


def test_it_is_that_library():
    """Or the tests below would say nothing."""
    assert b"lib25519" in PROGRAM.read_bytes()
    assert b"lib25519" not in (BIN / "occ-enclave").read_bytes()


def test_node_verifies(occd, folder):
    text = run_node(20, HERE / "verify_ours.mjs", occd.url, 3000, 4, folder / "kept.json")
    assert int(re.match(r"(\d+) proofs verified", text).group(1)) >= 3000
    assert occ("verify", folder / "kept.json").returncode == 0


def test_occ_verifies(occd, folder):
    proofs = [proof for number in range(20) for proof in occd.commit(*[digest_of(100 * number + i) for i in range(100)])]
    assert len({proof["signer"]["signatureB64"] for proof in proofs}) == 2000
    verify_offline(proofs, folder)
