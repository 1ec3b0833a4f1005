"""A crowd of clients of all sorts, for a short time; scripts/load-test is the same for ten minutes. And: the accounts notice what is wrong."""
import json
import os
import subprocess
import sys
import types

import pytest

from harness import PRESET, ROOT, occ

sys.path.insert(0, str(ROOT / "tests" / "bench"))

import load_test  # noqa: E402

pytestmark = [pytest.mark.sanitized, pytest.mark.threads]

SECONDS = 12  # a head that is sent too slowly is given up after ten


@pytest.fixture(scope="module")
def crowd(tmp_path_factory):
    return load_test.build_crowd(tmp_path_factory.mktemp("crowd"))


def test_a_crowd(crowd, folder):
    """A sanitizer keeps memory of its own, and has nothing to find in an audit that the release's does not."""
    is_release = PRESET == "release"
    options = types.SimpleNamespace(seconds=SECONDS, connections=500 if is_release else 200, seed=293, threads=2, judge_memory=is_release, audit=is_release)
    found = load_test.run(options, crowd, folder)
    assert not found["problems"], (found["problems"], {name: kind["answers"] for name, kind in found["crowd"]["kinds"].items()})
    assert found["crowd"]["kinds"]["slow sending"]["answers"].get("408"), "heads that came too slowly"
    assert found["crowd"]["kinds"]["broken"]["answers"].get("400"), "what is no request"
    assert found["ledger"]["in_ledger_without_answer"] > 0, "clients that had gone"


@pytest.mark.skipif(PRESET != "release", reason="it is about the crowd, not about the programs")
def test_the_accounts_notice(crowd, start, folder):
    """The same export, but lines are missing, there twice, altered, or nobody asked for them."""
    occd = start()
    read_end, write_end = os.pipe()
    program = subprocess.Popen([crowd, str(occd.port), "2", "50", "1"], stdin=read_end, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    os.close(read_end)
    told = json.loads(program.stdout.readline())
    occd.stop()
    lines = occ("export", "--ledger", folder / "data").stdout.splitlines(keepends=True)
    refused = told["kinds"]["looking up"]["answers"].get("503", 0)  # the index is built behind
    assert told["wrong"] == refused and len(lines) > 1000, (len(lines), told["said"])
    tenth = len(lines) // 10
    spoiled = lines[tenth : 2 * tenth] + lines[2 * tenth :]  # the first tenth is missing
    spoiled += lines[9 * tenth : 9 * tenth + 7]  # seven are there twice
    for i in range(5 * tenth, 6 * tenth):
        spoiled[i] = spoiled[i].replace(b'"nonceB64":"', b'"nonceB64":"A', 1)  # a tenth is altered
    spoiled[7 * tenth] = spoiled[7 * tenth].replace(b'"digestB64":"', b'"digestB64":"AAAA', 1)  # of another digest
    with os.fdopen(write_end, "wb") as export:
        export.write(b"".join(spoiled))
    found = json.loads(program.stdout.readline())
    assert program.wait() == 0
    assert found["gaps"] == tenth and 0 < found["lost"] <= tenth + 1, found
    assert found["counter_twice"] == 7 and found["never_sent"] == 1, found
    assert 0 < found["not_the_same"] <= tenth, found
    assert found["ledger_proofs"] == len(spoiled)
