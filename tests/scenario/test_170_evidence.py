"""Evidence through the programs: what is trusted is said by flags, the three faces of a report agree, and documents and tokens
that we make ourselves, one rule broken at a time, are refused by the programs with the sentence that says why.
"""
import base64
import json
import os
import pathlib
import subprocess

import pytest

from harness import NODE_MODULES, Occd, ROOT, environment, node, occ

VECTORS = pathlib.Path(os.environ.get("OCC_VECTORS", ROOT.parent / "shared" / "vectors"))
TSA_ROOTS = VECTORS / "rfc3161" / "freetsa-certs.pem"
needs_vectors = pytest.mark.skipif(
    not VECTORS.is_dir() and "OCC_REQUIRE_VECTORS" not in os.environ, reason=f"{VECTORS} is missing"
)
TEE = VECTORS / "occ1" / "tee-webauthn.json"


@pytest.fixture(scope="module")
def trusting(tmp_path_factory):
    """occd that trusts FreeTSA and takes assertions for one page."""
    occd = Occd(tmp_path_factory.mktemp("data"), "--tsa-roots", TSA_ROOTS, "--rp-id", "www.proofstudio.xyz", "--origin",
                "https://www.proofstudio.xyz")
    yield occd
    occd.stop()


@needs_vectors
def test_three_faces_of_one_report(trusting):
    proof = json.loads(TEE.read_text())
    policy = {
        "requireEnforcement": "measured-tee",
        "allowedMeasurements": [proof["environment"]["measurement"]],
        "requireAttestation": True,
        "requireActor": True,
        "requireSlot": True,
        "allowedAttestationBindings": ["body", "batch"],
        "requiredPcrs": {"0": [proof["environment"]["measurement"]]},
        "requireTimestamp": "artifact",
        "maxTimestamp": 1773368713000,
    }
    answer = trusting.post("/verify?report=1", {"proof": proof, "policy": policy})
    assert answer.status == 200 and answer.json()["valid"] is True, answer.body
    flags = ("--tsa-roots", TSA_ROOTS, "--rp-id", "www.proofstudio.xyz", "--origin", "https://www.proofstudio.xyz")
    run = occ("verify", "--json", *flags, "--policy", json.dumps(policy), TEE)
    assert run.returncode == 0
    assert json.loads(run.stdout) == answer.json()["report"]
    evidence = answer.json()["report"]["evidence"]
    assert evidence["attestation"]["rootIsAws"] and evidence["attestation"]["binding"] == "body"
    assert evidence["timestamps"]["artifact"]["genTimeText"] == "2026-03-13T02:25:13.000Z"
    assert evidence["actor"]["rpId"] == "www.proofstudio.xyz" and evidence["actor"]["originChecked"]
    people = occ("verify", *flags, TEE)
    assert people.returncode == 0
    for text in ("✓ attestation", "✓ timestamps", "✓ agency", "✓ slot", "2026-03-13T02:25:13.000Z", "AWS's"):
        assert text in people.stdout.decode()
    # the seed's answer has nothing more
    assert trusting.post("/verify", {"proof": proof, "policy": policy}).json() == {"valid": True}


@needs_vectors
@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        ({"requireActorBinding": True}, "the actor's signature does not cover this artifact"),
        ({"allowedAttestationBindings": ["key"]}, 'attestation binding "body" not in allowed set'),
        ({"requiredPcrs": {"8": ["ab" * 48]}}, "PCR8 not in allowed set"),
        ({"requireTimestamp": ["artifact", "proof"]}, "timestamp required but not present: timestamps.proof"),
        ({"minTimestamp": 1773368713001}, "timestamp 1773368713000 before minimum 1773368713001"),
        ({"maxTimestamp": 1773368712999}, "timestamp 1773368713000 after maximum 1773368712999"),
        ({"allowedMeasurements": ["ac813f"]}, "measurement not in allowed set"),
    ],
)
def test_our_policies_over_http(trusting, policy, reason):
    proof = json.loads(TEE.read_text())
    answer = trusting.post("/verify", {"proof": proof, "policy": policy})
    assert (answer.status, answer.json()) == (200, {"valid": False, "reason": reason})


@needs_vectors
@pytest.mark.parametrize(
    ("policy", "error"),
    [
        ({"requireSlot": 1}, "policy.requireSlot: a number, expected a boolean"),
        ({"requireTimestamps": "artifact"}, "policy.requireTimestamps: unknown field"),
        ({"requiredPcrs": {"32": []}}, "policy.requiredPcrs.32: not a PCR, expected 0 to 31"),
        ({"allowedAttestationBindings": ["bodies"]}, 'policy.allowedAttestationBindings[0]: "bodies", expected "body", "batch" or "key"'),
    ],
)
def test_a_wrong_policy_is_an_error(trusting, policy, error):
    answer = trusting.post("/verify", {"proof": json.loads(TEE.read_text()), "policy": policy})
    assert (answer.status, answer.json()) == (400, {"error": error})


@needs_vectors
def test_another_page_or_party(trusting, tmp_path):
    for flags, reason in (
        (("--rp-id", "example.com"), "relying party"),
        (("--origin", "https://example.com"), "origin"),
        (("--rp-id", "example.com,www.proofstudio.xyz", "--origin", "https://www.proofstudio.xyz"), None),
    ):
        run = occ("verify", "--json", *flags, TEE)
        report = json.loads(run.stdout)
        assert run.returncode == (0 if reason is None else 1)
        assert reason is None or reason in report["reason"], report["reason"]


@needs_vectors
def test_roots_that_cannot_be_taken(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "garbage.pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    cases = [
        ("--nitro-root", tmp_path / "nowhere.pem", 3, "--nitro-root: "),
        ("--nitro-root", tmp_path / "garbage.pem", 2, "--nitro-root: "),
        ("--nitro-root", "/dev/null", 2, "--nitro-root: "),
        ("--tsa-roots", tmp_path / "empty", 3, "no file in it ends in .pem"),
        ("--tsa-roots", tmp_path / "garbage.pem", 2, "--tsa-roots: "),
        ("--rp-id", "a,,b", 2, "an empty entry between commas"),
    ]
    for flag, value, status, text in cases:
        run = occ("verify", flag, value, TEE)
        assert (run.returncode, run.stdout) == (status, b""), (flag, value, run)
        assert text in run.stderr.decode() and run.stderr.count(b"\n") == 1, run.stderr
        checked = subprocess.run([ROOT / "build" / os.environ.get("OCC_PRESET", "release") / "bin" / "occd", "--data", tmp_path / "data",
                                  "--check-config", flag, value], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())
        assert checked.returncode == 2 and text in checked.stderr.decode(), checked
    # A folder is read whole.
    (tmp_path / "roots").mkdir()
    (tmp_path / "roots" / "freetsa.pem").write_bytes(TSA_ROOTS.read_bytes())
    (tmp_path / "roots" / "notes.txt").write_text("not a certificate")
    assert occ("verify", "--tsa-roots", tmp_path / "roots", "--policy", '{"requireTimestamp":"artifact"}', TEE).returncode == 0


# ---- proofs that we make: Node signs, make_nitro and make_timestamp stand for the machine and the authority ----

MAKE = """
import { createHash, randomBytes, sign } from "node:crypto";
import { makeKeys } from "KEYS";
const canonical = (v) => Array.isArray(v) ? `[${v.map(canonical).join(",")}]` : v !== null && typeof v === "object"
  ? `{${Object.keys(v).sort().map((k) => `${JSON.stringify(k)}:${canonical(v[k])}`).join(",")}}` : JSON.stringify(v);
const { spki, privateKey } = makeKeys("ed25519");
const publicKeyB64 = spki.subarray(-32).toString("base64");
const { time, measurement, format, enforcement } = JSON.parse(process.argv[1]);
const proof = { version: "occ/1", artifact: { hashAlg: "sha256", digestB64: createHash("sha256").update("made").digest("base64") },
  commit: { nonceB64: randomBytes(32).toString("base64"), counter: "1", time, epochId: "e" }, signer: { publicKeyB64, signatureB64: "" },
  environment: { enforcement, measurement, attestation: { format, reportB64: "AAAA" } } };
const body = { version: "occ/1", artifact: proof.artifact, commit: proof.commit, publicKeyB64, enforcement, measurement,
  attestationFormat: format };
proof.signer.signatureB64 = sign(null, Buffer.from(canonical(body)), privateKey).toString("base64");
console.log(JSON.stringify({ proof, hash: createHash("sha256").update(canonical(body)).digest("hex") }));
""".replace("KEYS", str(ROOT / "tests" / "interop" / "keys.mjs"))
TIME = 1764100000000
PCR0 = "5a" * 48


def maker(name):
    path = ROOT / "build" / "debug" / "tests" / name
    assert path.exists(), f"{path}: build the debug preset"
    return path


REAL = {"format": "aws-nitro", "enforcement": "measured-tee", "measurement": PCR0}
SIMULATED = {"format": "sim-nitro", "enforcement": "stub", "measurement": f"sim:{PCR0}"}


def make_proof(folder, nitro=(), timestamp=(), about=None, claims=REAL):
    """A proof with a document and a token of our own making; about: what the document is about, if not this proof."""
    made = subprocess.run([node(20), "--input-type=module", "-e", MAKE, json.dumps({"time": TIME, **claims})],
                          stdout=subprocess.PIPE, check=True, env=environment())
    made = json.loads(made.stdout)
    proof = made["proof"]
    subprocess.run([maker("make_nitro"), "--time", str(TIME + 5), "--pcr0", PCR0, "--user-data", about or made["hash"], "--root-out",
                    folder / "nitro.pem", "--report-out", folder / "report.b64", *nitro], check=True, env=environment())
    proof["environment"]["attestation"]["reportB64"] = (folder / "report.b64").read_text().strip()
    digest = base64.b64decode(proof["artifact"]["digestB64"]).hex()
    token = subprocess.run([maker("make_timestamp"), "--digest", digest, "--time", "2025-11-25T19:46:41Z", "--root-out", folder / "tsa.pem",
                            *timestamp], stdout=subprocess.PIPE, check=True, env=environment()).stdout.decode().strip()
    proof["timestamps"] = {"artifact": {"authority": "test", "time": "2025-11-25T19:46:41Z", "digestAlg": "sha256",
                                        "digestB64": proof["artifact"]["digestB64"], "tokenB64": token}}
    path = folder / "made.json"
    path.write_text(json.dumps(proof))
    return path


def verify_made(folder, path):
    run = occ("verify", "--json", "--nitro-root", folder / "nitro.pem", "--tsa-roots", folder / "tsa.pem", path)
    return run.returncode, json.loads(run.stdout)


def test_a_proof_of_our_own_making(tmp_path):
    path = make_proof(tmp_path)
    status, report = verify_made(tmp_path, path)
    assert status == 0, report
    assert [check["status"] for check in report["checks"]] == ["passed"] * 4
    assert report["evidence"]["attestation"]["rootIsAws"] is False
    assert "NOT AWS's" in next(check["text"] for check in report["checks"] if check["name"] == "attestation")
    # Nobody trusts it who was not told to.
    run = occ("verify", "--json", path)
    assert run.returncode == 1 and json.loads(run.stdout)["code"] == "nitro-path"


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ("expired", "nitro-time"),
        ("authority-expired", "nitro-time"),
        ("root", "nitro-path"),
        ("order", "nitro-path"),
        ("missing", "nitro-path"),
        ("signature", "nitro-signature"),
        ("algorithm", "nitro-algorithm"),
        ("unknown-field", "nitro-document"),
        ("trailing", "nitro-document"),
        ("leaf-ca", "nitro-constraints"),
        ("leaf-usage", "nitro-constraints"),
        ("path-length", "nitro-constraints"),
        ("path-signature", "nitro-path"),
        ("sha256", "nitro-certificate"),
        ("debug", "nitro-debug"),
    ],
)
def test_documents_with_one_rule_broken(tmp_path, rule, code):
    status, report = verify_made(tmp_path, make_proof(tmp_path, nitro=("--break", rule)))
    assert (status, report["code"]) == (1, code), report.get("reason")


@pytest.mark.parametrize(
    ("rule", "code"), [("eku-not-critical", "timestamp-purpose"), ("wrong-key", "timestamp-signature"), ("expired", "timestamp-path")]
)
def test_tokens_with_one_rule_broken(tmp_path, rule, code):
    status, report = verify_made(tmp_path, make_proof(tmp_path, timestamp=("--break", rule)))
    assert (status, report["code"]) == (1, code), report.get("reason")


def test_a_document_about_something_else(tmp_path):
    status, report = verify_made(tmp_path, make_proof(tmp_path, about="00" * 32))
    assert (status, report["reason"]) == (1, "the attestation document is not about this proof")


# ---- simulated attestations: what they are is said everywhere, and nothing else is ever taken for them ----


def verify_simulated(folder, path, *flags):
    run = occ("verify", "--json", "--sim-nitro-root", folder / "nitro.pem", "--tsa-roots", folder / "tsa.pem", *flags, path)
    return run.returncode, json.loads(run.stdout)


def test_a_simulated_attestation_is_called_so_everywhere(tmp_path):
    path = make_proof(tmp_path, claims=SIMULATED)
    flags = ("--sim-nitro-root", tmp_path / "nitro.pem")
    status, report = verify_simulated(tmp_path, path, "--policy", '{"requireAttestation":true,"allowedAttestationBindings":["body"]}')
    assert status == 0, report
    found = report["evidence"]["attestation"]
    assert (found["format"], found["simulated"], found["rootIsAws"], found["verified"]) == ("sim-nitro", True, False, True)
    assert set(report["proof"]["claimed"]) >= {"enforcement", "measurement"}
    text = occ("verify", *flags, path).stdout.decode()
    assert "valid (not verified: timestamps) (SIMULATED attestation)\n" in text and text.count("SIMULATED") == 3
    assert "given with --sim-nitro-root" in text
    text = occ("inspect", path).stdout.decode()
    assert "sim-nitro (SIMULATED: software stood in for the device, which vouches for nothing)" in text
    assert json.loads(occ("inspect", "--json", path).stdout)["attestation"]["simulated"] is True
    run = occ("audit", *flags, path)
    assert run.returncode == 0 and "1 proof has a simulated attestation: nothing vouches for them" in run.stdout.decode(), run
    assert json.loads(occ("audit", "--json", path).stdout)["simulated"] == 1
    real = make_proof(tmp_path)
    assert b'"simulated"' not in occ("inspect", "--json", real).stdout
    assert b'"simulated"' not in occ("audit", "--json", "--nitro-root", tmp_path / "nitro.pem", real).stdout


def test_a_simulated_attestation_needs_its_root(tmp_path):
    path = make_proof(tmp_path, claims=SIMULATED)
    for flags in ((), ("--nitro-root", tmp_path / "nitro.pem")):
        report = json.loads(occ("verify", "--json", *flags, path).stdout)
        check = next(check for check in report["checks"] if check["name"] == "attestation")
        assert report["valid"] and check["status"] == "not performed" and "SIMULATED" in check["text"]
        run = occ("verify", *flags, "--policy", '{"requireAttestation":true}', path)
        assert run.returncode == 1 and b"is SIMULATED" in run.stdout, run.stdout
    # The simulation's root is not Nitro's, and Nitro's is not the simulation's.
    real = make_proof(tmp_path)
    status, report = verify_simulated(tmp_path, real)
    assert (status, report["code"]) == (1, "nitro-path")
    run = occ("verify", "--sim-nitro-root", tmp_path / "nitro.pem", "--nitro-root", tmp_path / "nitro.pem", real)
    assert run.returncode == 2 and b"--sim-nitro-root" in run.stderr and b"expected one of the simulation's own" in run.stderr


@pytest.mark.parametrize(
    ("changes", "nitro", "code"),
    [
        ({"enforcement": "measured-tee"}, (), "attestation-simulated"),
        ({"enforcement": "hw-key"}, (), "attestation-simulated"),
        ({"measurement": PCR0}, (), "nitro-measurement"),
        ({"measurement": "sim:" + "5b" * 48}, (), "nitro-measurement"),
        ({}, ("--break", "debug"), "nitro-debug"),
        ({}, ("--break", "signature"), "nitro-signature"),
        ({}, ("--break", "root"), "nitro-path"),
        ({}, ("--break", "expired"), "nitro-time"),
    ],
)
def test_simulated_attestations_that_are_refused(tmp_path, changes, nitro, code):
    status, report = verify_simulated(tmp_path, make_proof(tmp_path, nitro=nitro, claims={**SIMULATED, **changes}))
    assert (status, report["code"]) == (1, code), report.get("reason")


@pytest.mark.parametrize(
    ("policy", "code"),
    [
        ({"requireAttestationFormat": ["aws-nitro"]}, "policy-attestation-format"),
        ({"requireEnforcement": "measured-tee"}, "policy-enforcement"),
        ({"allowedMeasurements": [PCR0]}, "policy-measurement"),
        ({"allowedAttestationBindings": ["batch", "key"]}, "policy-attestation-binding"),
        ({"requiredPcrs": {"0": ["00" * 48]}}, "policy-pcr"),
    ],
)
def test_policies_that_refuse_simulated_attestations(tmp_path, policy, code):
    status, report = verify_simulated(tmp_path, make_proof(tmp_path, claims=SIMULATED), "--policy", json.dumps(policy))
    assert (status, report["code"]) == (1, code), report.get("reason")


def test_a_server_that_trusts_a_simulation(tmp_path):
    path = make_proof(tmp_path, claims=SIMULATED)
    question = {"proof": json.loads(path.read_text()), "policy": {"requireAttestation": True}}
    for flags, valid in ((("--sim-nitro-root", tmp_path / "nitro.pem"), True), ((), False)):
        occd = Occd(tmp_path / f"data{valid}", *flags)
        answer = occd.post("/verify?report=1", question).json()
        occd.stop()
        assert answer["valid"] is valid
        assert not valid or answer["report"]["evidence"]["attestation"]["simulated"] is True
