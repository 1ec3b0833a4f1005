"""The conformance cases of tests/conformance: made anew, judged by libocc, by Node, and by openssl where a token's signature decides."""
import base64
import hashlib
import importlib.util
import json
import os
import re
import subprocess
import sys

import pytest

from harness import BIN, ROOT, environment, node

HERE = ROOT / "tests" / "conformance"
sys.path[:0] = [str(HERE), str(ROOT / "tests" / "interop")]

import judges  # noqa: E402
import run as runner  # noqa: E402

CASES = runner.read_cases()
FILES = ("verify.jsonl", "encodings.jsonl", "nitro-root.pem", "sim-root.pem", "tsa-root.pem")
CODES = {name: int(number) for number, name in re.findall(r'X\(OCC_\w+, (\d+), "([^"]*)"', (ROOT / "include/occ/codes.h").read_text())}
# first code of a layer: the layers that Node judges, and what it finds where another layer refuses
LAYERS = [(100, "structure"), (102, None), (103, "signature"), (110, "agency"), (130, "slot"), (140, "epoch-link"), (150, "attestation"),
          (180, "timestamps"), (200, None)]
# What a token's CMS signature and certificate say, Node does not look at: openssl does.
BY_OPENSSL = {"timestamp-signer", "timestamp-purpose", "timestamp-signature", "timestamp-path"}


@pytest.fixture(scope="module")
def occ():
    """examples/python/occ.py, with the library of the build. Not at the top: a sanitized one cannot be loaded into Python."""
    os.environ["OCC_LIBRARY"] = str(BIN.parent / "lib" / "libocc.so")
    spec = importlib.util.spec_from_file_location("occ_conformance", ROOT / "examples" / "python" / "occ.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("major", [18, 20])
def test_made_anew(folder, major):
    subprocess.run([node(major), HERE / "make.mjs", folder], check=True, env=environment(), timeout=120)
    for name in FILES:
        assert (folder / name).read_bytes() == (HERE / name).read_bytes(), f"{name}: run tests/conformance/make.mjs"
    assert sum((HERE / name).stat().st_size for name in os.listdir(HERE)) < 2 << 20


def test_libocc(occ):
    assert runner.run(occ) == []


def test_every_code_has_a_case():
    listed = set(re.findall(r"^\| `([a-z-]+)` \| ", (HERE / "README.md").read_text().split("## Codes without a case")[1], re.MULTILINE))
    shown = {case["expected"] for case in CASES}
    assert shown <= CODES.keys() | {"valid"}
    missing = {name for name, number in CODES.items() if 100 <= number < 300} - shown
    assert missing == listed
    for name in ("json-syntax", "json-nul", "json-duplicate", "json-depth", "json-number", "utf8", "field-type", "field-unknown", "field-value", "field-length",
                 "field-encoding"):
        assert name in shown
    names = [case["name"] for case in CASES]
    assert len(names) == len(set(names)) and all(case["why"] for case in CASES)


def test_every_accepted_form_has_a_case(occ):
    """What a report can say of a valid proof."""
    seen = set()
    for case in CASES:
        if case["expected"] != "valid":
            continue
        trust = case.get("trust", {})
        evidence = runner.verifier_for(occ, trust).verify(runner.proof_of(case), case.get("policy")).data.get("evidence", {})
        attestation, actor, slot = (evidence.get(name, {}) for name in ("attestation", "actor", "slot"))
        seen |= {f"binding {attestation['binding']}"} if "binding" in attestation else set()
        seen |= {f"form {actor['form']}"} if "form" in actor else set()
        seen |= {f"timestamp {name} {'trusted' if entry['trusted'] else 'untrusted'}" for name, entry in evidence.get("timestamps", {}).items()}
        seen |= {f"slot, hash without chainId {slot['hashWithoutChainId']}"} if slot else set()
        seen |= {name for name in ("batchIndex", "bodyWithoutAttestationFormat", "simulated") if name in actor or name in attestation}
        seen |= {name for name in evidence if name in ("epochLink",)}
    assert seen >= {"binding body", "binding batch", "binding key", "form direct", "form webauthn-strong", "form webauthn-bare", "timestamp artifact trusted",
                    "timestamp proof trusted", "timestamp artifact untrusted", "slot, hash without chainId True", "slot, hash without chainId False", "batchIndex",
                    "bodyWithoutAttestationFormat", "simulated", "epochLink"}


# ---- by others ----


def layer_of(code):
    return [layer for first, layer in LAYERS if first <= CODES[code]][-1]


def node_options(trust):
    words = []
    for member, flag in (("nitroRoot", "--root"), ("simNitroRoot", "--sim-root")):
        words += [flag, str(HERE / trust[member])] if member in trust else []
    for member, flag in (("rpIds", "--rp-id"), ("origins", "--origin")):
        words += [word for name in trust.get(member, ()) for word in (flag, name)]
    return words


def judged_by_node():
    """[(case, Node's report)] of every case whose text is JSON and whose policy is one."""
    groups = {}
    for case in CASES:
        if case["expected"] == "valid" or CODES[case["expected"]] >= 100:
            groups.setdefault(json.dumps(case.get("trust", {})), []).append(case)
    return [pair for key, cases in groups.items()
            for pair in zip(cases, judges.judge_by_node([case["proof"] for case in cases], *node_options(json.loads(key))))]


def is_good_token(folder, token, case):
    path = folder / "token.der"
    path.write_bytes(base64.b64decode(token["tokenB64"]))
    time = json.loads(case["proof"])["timestamps"][token["name"]]["time"]
    seconds = subprocess.run(["date", "-u", "-d", time, "+%s"], check=True, capture_output=True, text=True).stdout.strip()
    run = subprocess.run(["openssl", "ts", "-verify", "-digest", token["digest"], "-in", path, "-token_in", "-CAfile", HERE / "tsa-root.pem", "-attime", seconds],
                         capture_output=True, timeout=60)
    return run.returncode == 0 and b"Verification: OK" in run.stdout


def test_node_and_openssl_agree(folder):
    wrong, by_openssl = [], 0
    for case, report in judged_by_node():
        expected = case["expected"]
        layer = None if expected == "valid" else layer_of(expected)
        if expected in BY_OPENSSL or (expected == "valid" and "tsaRoots" in case.get("trust", {})):
            by_openssl += 1
            good = report["valid"] and all(is_good_token(folder, token, case) for token in report["tokens"])
            if good != (expected == "valid"):
                wrong.append((case["name"], "openssl", good))
        elif (report["valid"], report.get("failed")) != (layer is None, layer):
            wrong.append((case["name"], expected, report["valid"], report.get("failed"), report.get("reason")))
        elif expected == "valid" and report["proofHash"] != case["proofHash"]:
            wrong.append((case["name"], report["proofHash"]))
    assert not wrong, "\n".join(map(str, wrong))
    assert by_openssl > 8


def test_encodings_by_python():
    """base64 by Python's own strictness; what needs no canonical writer."""
    for case in runner.read_cases("encodings.jsonl"):
        if case["kind"] == "base64":
            try:
                data = base64.b64decode(case["text"], validate=True)
                good = base64.b64encode(data).decode() == case["text"]
            except ValueError:
                good = False
            assert good == ("refused" not in case), case
            assert not good or data.hex() == case["hex"]
        elif case["kind"] == "canonical":
            assert base64.b64encode(hashlib.sha256(case["canonical"].encode()).digest()).decode() == case["sha256B64"]
            assert json.loads(case["canonical"]) == json.loads(case["text"]), case
        else:
            assert base64.b64encode(hashlib.sha256(case["signedBody"].encode()).digest()).decode() == case["proofHash"]
