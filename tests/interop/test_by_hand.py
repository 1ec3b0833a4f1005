"""What docs/verification.md says to do by hand, done: its fenced blocks marked "by-hand", in order, on a real proof.

"LANG by-hand FILE" is a file to write; "sh by-hand" is run, and must print what the "text by-hand" after it says.
"""
import os
import re
import shutil
import subprocess

import pytest

from harness import BIN, ROOT, environment, node
from judges import TSA_ROOTS, VECTORS, need_vectors

PAGE = ROOT / "docs" / "verification.md"
BLOCK = re.compile(r"^```(\w+) by-hand(?: (\S+))?\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.fixture
def place(folder):
    """A folder with what the page says lies there: a proof, and the roots by themselves."""
    need_vectors()
    shutil.copy(VECTORS / "occ1" / "tee-webauthn.json", folder / "p.json")
    shutil.copy(VECTORS / "nitro" / "aws-nitro-root-g1.pem", folder / "root.pem")
    # The vectors' file has the signer's certificate in front of the root; what the authority publishes is the root.
    root = TSA_ROOTS.read_text().split("-----BEGIN CERTIFICATE-----")[2]
    (folder / "freetsa.pem").write_text(f"-----BEGIN CERTIFICATE-----{root}")
    return folder


@pytest.mark.parametrize("major", [18, 20])
def test_by_hand(place, major):
    blocks = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    runs = 0
    printed = None
    for language, name, text in blocks:
        if name:
            (place / name).write_text(text, encoding="utf-8")
        elif language == "sh":
            assert printed is None, f"nothing is said of what this prints:\n{printed}"
            path = f"{BIN}:{node(major).parent}:{os.environ['PATH']}"
            run = subprocess.run(["bash", "-euo", "pipefail", "-c", text], cwd=place, env=environment({"PATH": path, "LC_ALL": "C.UTF-8"}),
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
            assert run.returncode == 0, f"{text}\n{run.stdout.decode()}{run.stderr.decode()}"
            printed = run.stdout.decode()
            runs += 1
        else:
            assert printed == text
            printed = None
    assert runs >= 7 and printed is None
