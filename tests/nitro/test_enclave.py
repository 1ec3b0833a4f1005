"""The real image in the nitro-enclave machine, occd on the host, and what a verifier says of the proofs."""
import base64
import json
import subprocess
import urllib.parse

import pytest

import document
import machine
from harness import Occd, check_chains, digest_of, occ
from images import SETTINGS

MAKE_NITRO = machine.ROOT / "build" / "debug" / "tests" / "make_nitro"
MODES = ["commit", "batch", "epoch"]


@pytest.fixture
def serve(boot, bridge, start, image):
    """serve(settings, *arguments of occd) → (Image, Machine, Occd)"""

    def run(settings=SETTINGS, *arguments):
        made = image(settings)
        bridge.machine = boot(made)
        return made, bridge.machine, start("--boundary", f"unix:{bridge.path}", *arguments)

    return run


def ready_line(running):
    return json.loads(running.ready())


def check_document(proof, image, mode):
    """What the document says, read by a reader of the tests' own; gives its fields."""
    environment = proof["environment"]
    assert environment["attestation"]["format"] == "aws-nitro"
    assert (environment["enforcement"], environment["measurement"]) == ("measured-tee", image.pcrs["PCR0"])
    fields, algorithm, signature = document.read(environment["attestation"]["reportB64"])
    assert fields["digest"] == "SHA384" and fields["module_id"]
    for name, value in image.pcrs.items():
        assert fields["pcrs"][int(name.removeprefix("PCR"))].hex() == value
    assert fields["public_key"] == base64.b64decode(proof["signer"]["publicKeyB64"])
    assert fields["user_data"] == (None if mode == "epoch" else document.subject_of(proof))
    assert abs(fields["timestamp"] - proof["commit"]["time"]) < 60_000
    unsigned = algorithm == -1 and set(signature) == {0} and set(fields["certificate"]) == {0}
    assert unsigned, "QEMU's device signs now: these tests can do more"
    return fields


def signed_by_a_test_root(proof, fields, folder):
    """The proof with a document that says the same, from a certificate path of the tests' own."""
    assert MAKE_NITRO.exists(), "scripts/test-nitro builds it"
    report, root = folder / "report", folder / "root.pem"
    command = [MAKE_NITRO, "--time", fields["timestamp"], "--report-out", report, "--root-out", root, "--ca-dir", folder / "ca"]
    command += ["--pcr0", fields["pcrs"][0].hex(), "--key", base64.b64encode(fields["public_key"]).decode()]
    if fields["user_data"] is not None:
        command += ["--user-data", fields["user_data"].hex()]
    subprocess.run([str(word) for word in command], check=True)
    signed = json.loads(json.dumps(proof))
    signed["environment"]["attestation"]["reportB64"] = report.read_text().strip()
    return signed, root


def verify(proof, folder, *flags):
    path = folder / "one.proof.json"
    path.write_text(json.dumps(proof))
    run = occ("verify", "--json", *flags, path)
    return run.returncode, json.loads(run.stdout)


def check_refused_only_as_unsigned(proof, image, mode, folder):
    """As it is, the document is nobody's; with a signature under a trusted root, the same document is valid."""
    fields = check_document(proof, image, mode)
    status, report = verify(proof, folder)
    assert status == 1 and report["code"] == "nitro-algorithm", report
    passed = {check["name"] for check in report["checks"] if check["status"] == "passed"}
    assert {"structure", "signature"} <= passed
    signed, root = signed_by_a_test_root(proof, fields, folder)
    policy = {"requireEnforcement": "measured-tee", "allowedMeasurements": [image.pcrs["PCR0"]], "requireAttestation": True}
    policy |= {"requiredPcrs": {"0": [image.pcrs["PCR0"]]}}
    status, report = verify(signed, folder, "--nitro-root", root, "--policy", json.dumps(policy))
    assert status == 0, report
    status, report = verify(signed, folder)
    assert status == 1 and report["code"] == "nitro-path", "AWS's root vouches for none of this"
    return fields


def check_audit(proofs, image, folder):
    """Every proof, with its document signed under the tests' root, and the chain that they form."""
    reports, signed = {}, []
    for proof in proofs:
        report = proof["environment"]["attestation"]["reportB64"]
        if report not in reports:
            fields, _, _ = document.read(report)
            made, root = signed_by_a_test_root(proof, fields, folder)
            reports[report] = made["environment"]["attestation"]["reportB64"]
        copy = json.loads(json.dumps(proof))
        copy["environment"]["attestation"]["reportB64"] = reports[report]
        signed.append(copy)
    path = folder / "chain.json"
    path.write_text(json.dumps(signed))
    policy = json.dumps({"requireAttestation": True, "allowedMeasurements": [image.pcrs["PCR0"]]})
    audit = occ("audit", "--nitro-root", root, "--policy", policy, path)
    assert audit.returncode == 0, (audit.stdout, audit.stderr)
    path.write_text(json.dumps(proofs))
    assert occ("audit", path).returncode == 1, "unsigned documents"


def test_the_image_boots_and_is_measured(boot, image):
    made = image()
    running = boot(made)
    line = ready_line(running)
    assert (line["enforcement"], line["measurement"]) == ("measured-tee", made.pcrs["PCR0"])
    assert (line["attest"], line["sandbox"]) == ("batch", "full")
    assert running.heartbeat.seen == [machine.HEARTBEAT]
    assert running.console.find("init:") is None


def test_without_a_heartbeat_it_goes_on_and_says_so(boot, image):
    running = boot(image(), heartbeat=False)
    assert running.console.find("init: no answer to the heartbeat from the instance's port 9000")


@pytest.mark.parametrize("mode", MODES)
def test_every_proof_is_bound_to_its_document(serve, folder, mode):
    made, _, occd = serve(SETTINGS + f"attest = {mode}\n")
    alone = [occd.commit(digest_of(f"{mode} {n}"))[0] for n in range(3)]
    batch = occd.commit(*[digest_of(f"{mode} batch {n}") for n in range(100)])
    documents = {proof["environment"]["attestation"]["reportB64"] for proof in batch}
    assert len(documents) == (100 if mode == "commit" else 1)
    for proof in alone + batch:
        check_document(proof, made, mode)
    assert [("batch" in proof["environment"]["attestation"]) for proof in alone] == [False] * 3
    assert {("batch" in proof["environment"]["attestation"]) for proof in batch} == {mode == "batch"}
    for proof in (alone[0], batch[0], batch[-1]):
        check_refused_only_as_unsigned(proof, made, mode, folder)
    assert len(check_chains(alone + batch)) == 1
    check_audit(alone + batch, made, folder)
    wrong = json.loads(json.dumps(batch[1]))
    wrong["environment"]["attestation"] = alone[1]["environment"]["attestation"]
    if mode != "epoch":
        with pytest.raises(AssertionError):
            check_document(wrong, made, mode)


def test_a_fresh_document_of_the_key(serve):
    made, _, occd = serve()
    for nonce in (b"a" * 32, b"b" * 32):
        answer = occd.get(f"/key?nonce={urllib.parse.quote(base64.b64encode(nonce), safe='')}")
        assert answer.status == 200, answer.body
        key = answer.json()
        fields, _, _ = document.read(key["attestation"]["reportB64"])
        assert fields["nonce"] == nonce and fields["user_data"] is None
        assert fields["public_key"] == base64.b64decode(key["publicKeyB64"])
        assert fields["pcrs"][0].hex() == key["measurement"] == made.pcrs["PCR0"]


def test_a_new_enclave_does_not_go_on_from_what_nobody_signed(serve, boot, bridge, folder, image):
    """QEMU's documents are unsigned: a genuine boundary must refuse them as a predecessor's, and --genesis begins anew."""
    made, running, occd = serve()
    first = occd.commit(digest_of("before"))[0]
    running.kill()
    bridge.machine = boot(image())
    refused = occd.wait_event("epoch not linked")
    assert "the protected header names algorithm -1, expected -35 (ES384)" in refused["error"], refused
    answer = occd.post("/commit", {"digests": [digest_of("after")]})
    assert answer.status == 503
    occd.stop()
    again = Occd(folder / "data", "--boundary", f"unix:{bridge.path}", "--genesis")
    try:
        after = again.commit(digest_of("after"))[0]
    finally:
        again.stop()
    assert after["commit"]["counter"] == "1" and "epochLink" not in after["commit"]
    assert after["commit"]["epochId"] != first["commit"]["epochId"]
    assert after["environment"]["measurement"] == first["environment"]["measurement"] == made.pcrs["PCR0"]
