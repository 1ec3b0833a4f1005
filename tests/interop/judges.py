"""judges.py: who judges a proof, and what is compared; for test_evidence.py and its neighbours."""
import base64
import json
import os
import pathlib
import subprocess

import pytest

from harness import ROOT, environment, node, occ

HERE = pathlib.Path(__file__).resolve().parent
VECTORS = pathlib.Path(os.environ.get("OCC_VECTORS", ROOT.parent / "shared" / "vectors"))
TSA_ROOTS = VECTORS / "rfc3161" / "freetsa-certs.pem"
NAMES = ["tee-webauthn", "tee-direct", "tee-policy", "stub-tool-call", "stub-policy"]
ATTESTED = NAMES[:3]


def need_vectors():
    """Skips where the public vectors are missing, or fails where they must not be."""
    if not VECTORS.is_dir():
        assert "OCC_REQUIRE_VECTORS" not in os.environ, f"{VECTORS} is missing, and OCC_REQUIRE_VECTORS is set"
        pytest.skip(f"{VECTORS} is missing")


def text_of(name):
    return (VECTORS / "occ1" / f"{name}.json").read_text(encoding="utf-8")


def proof_of(name):
    return json.loads(text_of(name))


def judge_by_node(texts, *options, major=20):
    """The reports of evidence.mjs, one for each text."""
    lines = "".join(json.dumps({"text": text}) + "\n" for text in texts)
    run = subprocess.run([node(major), str(HERE / "evidence.mjs"), *map(str, options)], input=lines.encode(), env=environment(),
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=600)
    assert run.returncode == 0, run.stderr.decode()[-4000:]
    reports = [json.loads(line) for line in run.stdout.decode().splitlines()]
    assert len(reports) == len(texts)
    return reports


def judge_by_occ(folder, texts, *options):
    """The reports of `occ verify --json`; all texts in one array, so that one verifier judges them all."""
    path = folder / "proofs.json"
    path.write_text(f"[{','.join(texts)}]", encoding="utf-8")
    run = occ("verify", "--json", *options, path)
    assert run.returncode in (0, 1), run.stderr.decode()[-4000:]
    reports = json.loads(run.stdout)
    assert len(reports) == len(texts)
    assert (run.returncode == 0) == all(report["valid"] for report in reports)
    return reports


class OpenSsl:
    """`openssl ts -verify` at the token's own time, asked once for each token and digest."""

    def __init__(self, folder):
        self.folder, self.known = folder, {}
        pems = TSA_ROOTS.read_text().split("-----END CERTIFICATE-----")[:-1]
        self.certificates = folder / "tsa.pem"
        self.certificates.write_text("".join(f"{pem.strip()}\n-----END CERTIFICATE-----\n" for pem in pems))

    def is_good(self, token, digest, gen_time_ms):
        key = (token, digest, gen_time_ms)
        if key not in self.known:
            path = self.folder / "token.der"
            path.write_bytes(base64.b64decode(token))
            run = subprocess.run(["openssl", "ts", "-verify", "-digest", digest, "-in", path, "-token_in", "-CAfile", self.certificates,
                                  "-attime", str(gen_time_ms // 1000)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
            self.known[key] = run.returncode == 0 and b"Verification: OK" in run.stdout
        return self.known[key]


def expect(report, openssl):
    """(valid, the first layer that fails or None): Node's verdict, with openssl's about the tokens."""
    if report["failed"] is None:
        for token in report["tokens"]:
            gen_time = report["evidence"]["timestamps"][token["name"]]["genTime"]
            if not openssl.is_good(token["tokenB64"], token["digest"], gen_time):
                return False, "timestamps"
    return report["valid"], report["failed"]


def verdict(report):
    failed = [check["name"] for check in report["checks"] if check["status"] == "failed"]
    assert report["valid"] == (not failed) and len(failed) <= 1
    assert report["valid"] == ("reason" not in report)
    return report["valid"], (failed or [None])[0]


def same_facts(ours, theirs):
    """The report's evidence object against what Node found; every member of it that Node can know."""
    found, node_found = ours.get("evidence", {}), theirs["evidence"]
    assert ours["proof"]["proofHash"] == theirs["proofHash"]
    # An actor of a form that nobody knows is read, and not verified.
    layers = {"actor": "agency", "slot": "slot", "epochLink": "epoch-link", "attestation": "attestation", "timestamps": "timestamps"}
    for member, layer in layers.items():
        assert (member in found) == (layer in node_found and "status" not in node_found[layer]) or found[member]["verified"] is False, member
    if "attestation" in found:
        mine, other = found["attestation"], node_found["attestation"]
        assert mine["verified"] is True and mine["format"] == "aws-nitro"
        for ours_name, theirs_name in [("binding", "binding"), ("measurement", "measurement"), ("moduleId", "moduleId"), ("time", "time"),
                                       ("pcrs", "pcrs"), ("rootSha256", "rootSha256"), ("certificateNotBefore", "notBefore"),
                                       ("certificateNotAfter", "notAfter")]:
            assert mine[ours_name] == other[theirs_name], ours_name
        assert mine.get("bodyWithoutAttestationFormat", False) == other.get("withoutFormat", False)
    if "actor" in found and found["actor"]["verified"]:
        mine, other = found["actor"], node_found["agency"]
        assert mine["verified"] is True
        for name in ("keyId", "form", "coversArtifact"):
            assert mine[name] == other[name], name
        # The actor's own clock: signed in the direct form, and told only there.
        assert mine.get("time") == (other["time"] if mine["form"] == "direct" else None)
        for name in ("origin", "rpId"):
            assert mine.get(name) == other.get(name), name
    if "slot" in found:
        assert found["slot"]["counter"] == node_found["slot"]["counter"]
        assert found["slot"]["hashWithoutChainId"] == node_found["slot"]["hashWithoutChainId"]
    for name in found.get("timestamps", {}):
        mine, other = found["timestamps"][name], node_found["timestamps"][name]
        for member in ("genTime", "policy", "serial"):
            assert mine[member] == other[member], member
    assert set(found.get("timestamps", {})) == set(node_found.get("timestamps", {}))


def compare(folder, cases, *options, node_options=(), major=20):
    """cases: [(name, text)]. Every verdict and every first failure the same, and of valid ones the facts. Returns the verdicts."""
    texts = [text for _, text in cases]
    theirs = judge_by_node(texts, *node_options, major=major)
    ours = judge_by_occ(folder, texts, "--tsa-roots", TSA_ROOTS, *options)
    openssl = OpenSsl(folder)
    wrong = []
    verdicts = {}
    for (name, _), mine, other in zip(cases, ours, theirs):
        expected = expect({"failed": None, **other}, openssl)
        verdicts[name] = expected
        if verdict(mine) != expected:
            wrong.append((name, expected, other.get("reason"), verdict(mine), mine.get("reason")))
        elif mine["valid"]:
            same_facts(mine, other)
    assert not wrong, f"{len(wrong)} of {len(cases)}:\n" + "\n".join(map(str, wrong[:20]))
    return verdicts
