"""A new user's first proof: the curl example of the API reference, word for word but for the base URL."""
import base64
import hashlib
import json
import re
import subprocess

import pytest

from harness import BIN, check_chains, environment, link_hash, occ

pytestmark = pytest.mark.sanitized

CURL_EXAMPLE = r"""
DIGEST=$(openssl dgst -sha256 -binary myfile.pdf | base64)
curl -X POST BASE/commit \
-H "Content-Type: application/json" \
-d '{
"digests": [{
"digestB64": "'$DIGEST'",
"hashAlg": "sha256"
}]
}'
"""


def run_curl_example(url, folder):
    result = subprocess.run(
        ["bash", "-c", CURL_EXAMPLE.replace("BASE", url)],
        cwd=folder,
        env=environment(),
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    return json.loads(result.stdout)


def test_curl_example(occd, folder):
    content = b"%PDF-1.4 not really\n"
    (folder / "myfile.pdf").write_bytes(content)
    proofs = run_curl_example(occd.url, folder)
    assert isinstance(proofs, list) and len(proofs) == 1
    proof = proofs[0]
    assert proof["version"] == "occ/1"
    digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
    assert proof["artifact"] == {"hashAlg": "sha256", "digestB64": digest}
    assert set(proof["commit"]) == {"nonceB64", "counter", "time", "epochId"}, "a chain's first proof has no prevB64"
    assert proof["commit"]["counter"] == "1"
    assert len(base64.b64decode(proof["commit"]["nonceB64"], validate=True)) == 32
    assert re.fullmatch("[0-9a-f]{64}", proof["commit"]["epochId"])
    assert isinstance(proof["commit"]["time"], int)
    assert len(base64.b64decode(proof["signer"]["publicKeyB64"], validate=True)) == 32
    assert len(base64.b64decode(proof["signer"]["signatureB64"], validate=True)) == 64
    assert set(proof) == {"version", "artifact", "commit", "signer", "environment"}, "what does not apply is absent"

    (folder / "proof.json").write_text(json.dumps(proof))
    result = occ("verify", folder / "proof.json", folder / "myfile.pdf")
    assert result.returncode == 0, result.stderr
    (folder / "answer.json").write_text(json.dumps(proofs))
    assert occ("verify", folder / "answer.json").returncode == 0, "the answer as it came is taken too"


def test_measurement_is_the_running_binary(occd):
    binary = hashlib.sha256((BIN / "occ-enclave").read_bytes()).hexdigest()
    proof = occd.commit({"digestB64": "jYl9NHJP0VcRVh6OMEIU5VAGva6cu5kdrnPrlNr/RnU=", "hashAlg": "sha256"})[0]
    assert proof["environment"] == {"enforcement": "stub", "measurement": f"stub:{binary}"}
    key = occd.get("/key").json()
    assert key["publicKeyB64"] == proof["signer"]["publicKeyB64"]
    assert key["measurement"] == proof["environment"]["measurement"]
    assert key["enforcement"] == "stub"
    assert key["epochId"] == proof["commit"]["epochId"]


def test_chain(occd):
    digest = {"digestB64": "jYl9NHJP0VcRVh6OMEIU5VAGva6cu5kdrnPrlNr/RnU=", "hashAlg": "sha256"}
    proofs = occd.commit(digest) + occd.commit(digest, digest, digest) + occd.commit(digest)
    assert [proof["commit"]["counter"] for proof in proofs] == ["1", "2", "3", "4", "5"]
    for before, after in zip(proofs, proofs[1:]):
        assert after["commit"]["prevB64"] == link_hash(before)
    assert len(check_chains(proofs)) == 1


def test_metadata_is_carried_and_not_signed(occd, folder):
    digest = {"digestB64": "jYl9NHJP0VcRVh6OMEIU5VAGva6cu5kdrnPrlNr/RnU=", "hashAlg": "sha256"}
    metadata = {"source": "my-app", "fileName": "document.pdf", "n": [1, 2.5, None, True, {"ü": "\u2028"}]}
    proof = occd.commit(digest, metadata=metadata)[0]
    assert proof["metadata"] == metadata
    own = occd.commit({**digest, "metadata": {"mine": 1}}, digest, metadata={"shared": 1})
    assert [p["metadata"] for p in own] == [{"mine": 1}, {"shared": 1}]
    proof["metadata"]["source"] = "another"
    (folder / "proof.json").write_text(json.dumps(proof))
    assert occ("verify", folder / "proof.json").returncode == 0


def test_older_clients_prev_proof_id_has_no_effect(occd):
    digest = {"digestB64": "jYl9NHJP0VcRVh6OMEIU5VAGva6cu5kdrnPrlNr/RnU=", "hashAlg": "sha256"}
    first = occd.commit(digest, prevProofId="anything")[0]
    second = occd.commit(digest, prevProofId="anything")[0]
    assert second["commit"]["prevB64"] == link_hash(first)
    assert "prevProofId" not in json.dumps(second)


def test_verify_over_http(occd):
    proof = occd.commit({"digestB64": "jYl9NHJP0VcRVh6OMEIU5VAGva6cu5kdrnPrlNr/RnU=", "hashAlg": "sha256"})[0]
    assert occd.post("/verify", {"proof": proof}).json() == {"valid": True}
    answer = occd.post("/verify", {"proof": proof, "policy": {"minCounter": "100"}})
    assert answer.status == 200
    assert answer.json() == {"valid": False, "reason": "counter 1 below minimum 100"}
    answer = occd.post("/verify", {"proof": proof, "policy": {"allowedMeasurements": ["ac813febd1ac4261..."]}})
    assert answer.json() == {"valid": False, "reason": "measurement not in allowed set"}
    report = occd.post("/verify?report=1", {"proof": proof}).json()
    assert report["valid"] is True and "report" in report
    proof["commit"]["counter"] = "2"
    assert occd.post("/verify", {"proof": proof}).json() == {"valid": False, "reason": "signature verification failed"}
    assert occd.post("/verify", {"proof": 5}).json()["valid"] is False
    assert occd.post("/verify", {"proof": {}}).json()["valid"] is False


