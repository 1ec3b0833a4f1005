"""Every layer of a proof, judged twice: by `occ verify`, and by evidence.mjs, which was written from the protocol's description
alone. What Node cannot judge, the CMS signature of a token, `openssl ts -verify` judges. The real proofs of the public vectors, and
what becomes of them when something in them is damaged, swapped, left out or written differently.
"""
import base64
import copy
import datetime
import hashlib
import json
import os
import pathlib
import random
import re
import subprocess

import pytest

from harness import NODE_MODULES, ROOT, environment, node, occ

HERE = pathlib.Path(__file__).resolve().parent
VECTORS = pathlib.Path(os.environ.get("OCC_VECTORS", ROOT.parent / "shared" / "vectors"))
TSA_ROOTS = VECTORS / "rfc3161" / "freetsa-certs.pem"
NAMES = ["tee-webauthn", "tee-direct", "tee-policy", "stub-tool-call", "stub-policy"]
ATTESTED = NAMES[:3]


@pytest.fixture(autouse=True, scope="module")
def vectors():
    if not VECTORS.is_dir():
        assert "OCC_REQUIRE_VECTORS" not in os.environ, f"{VECTORS} is missing, and OCC_REQUIRE_VECTORS is set"
        pytest.skip(f"{VECTORS} is missing")


def text_of(name):
    return (VECTORS / "occ1" / f"{name}.json").read_text(encoding="utf-8")


def proof_of(name):
    return json.loads(text_of(name))


# ---- the judges ----


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
        for name in ("keyId", "form", "coversArtifact", "time"):
            assert mine[name] == other[name], name
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


# ---- the real proofs, as they are ----


@pytest.mark.parametrize("major", [18, 20])
def test_real_proofs(folder, major):
    verdicts = compare(folder, [(name, text_of(name)) for name in NAMES], major=major)
    assert verdicts == {**{name: (True, None) for name in NAMES}, "stub-policy": (False, "signature")}


def test_what_the_real_proofs_show(folder):
    """Facts that are known of them, whoever looks."""
    webauthn, direct = judge_by_occ(folder, [text_of(name) for name in ATTESTED[:2]], "--tsa-roots", TSA_ROOTS)
    evidence = webauthn["evidence"]
    assert evidence["actor"]["form"] == "webauthn-bare" and evidence["actor"]["coversArtifact"] is False
    assert evidence["attestation"]["rootIsAws"] is True and evidence["attestation"]["bodyWithoutAttestationFormat"] is True
    assert evidence["attestation"]["timeAfterCommitMs"] == 1773368713307 - 1773368713218
    assert evidence["timestamps"]["artifact"]["trusted"] is True
    assert evidence["timestamps"]["artifact"]["insideAttestationCertificate"] is True
    assert "actor" not in direct["evidence"]
    for report in (webauthn, direct):
        assert not {"measurement", "enforcement"} & set(report["proof"]["claimed"])


def test_without_roots_a_token_is_not_trusted_and_not_broken(folder):
    (report,) = judge_by_occ(folder, [text_of("tee-direct")])
    status = {check["name"]: check["status"] for check in report["checks"]}
    assert report["valid"] and status["timestamps"] == "not performed"
    token = report["evidence"]["timestamps"]["artifact"]
    assert token["trusted"] is False and token["untrustedBecause"]
    (refused,) = judge_by_occ(folder, [text_of("tee-direct")], "--policy", '{"requireTimestamp":"artifact"}')
    assert refused["code"] == "policy-timestamp-unverified"


@pytest.mark.parametrize("rp_id, origin, expected", [
    ("www.proofstudio.xyz", "https://www.proofstudio.xyz", (True, None)),
    ("proofstudio.xyz", "https://www.proofstudio.xyz", (False, "agency")),
    ("www.proofstudio.xyz", "https://proofstudio.xyz", (False, "agency")),
    ("www.proofstudio.xyz", "http://www.proofstudio.xyz", (False, "agency")),
])
def test_relying_party_and_origin(folder, rp_id, origin, expected):
    options = ("--rp-id", rp_id, "--origin", origin)
    verdicts = compare(folder, [("tee-webauthn", text_of("tee-webauthn"))], *options, node_options=options)
    assert verdicts["tee-webauthn"] == expected


@pytest.mark.parametrize("name", ATTESTED)
def test_policies_on_what_node_found(folder, name):
    """A policy made from Node's facts is met; the same with one thing changed is not."""
    (facts,) = judge_by_node([text_of(name)])
    attestation, gen_time = facts["evidence"]["attestation"], facts["evidence"]["timestamps"]["artifact"]["genTime"]
    other = "ab" * 48
    met = {
        "requireEnforcement": "measured-tee", "requireAttestation": True, "requireAttestationFormat": ["aws-nitro"],
        "allowedMeasurements": [other, attestation["measurement"]], "allowedAttestationBindings": ["body"],
        "requiredPcrs": {index: [attestation["pcrs"][index]] for index in ("0", "1", "2", "3")},
        "requireSlot": True, "requireTimestamp": "artifact", "minTimestamp": gen_time, "maxTimestamp": gen_time,
    }
    changes = {
        "policy-enforcement": {"requireEnforcement": "hw-key"},
        "policy-attestation-format": {"requireAttestationFormat": []},
        "policy-measurement": {"allowedMeasurements": [other]},
        "policy-attestation-binding": {"allowedAttestationBindings": ["batch", "key"]},
        "policy-pcr": {"requiredPcrs": {"1": [other]}},
        "policy-timestamp-missing": {"requireTimestamp": ["artifact", "proof"]},
        "policy-timestamp-low": {"minTimestamp": gen_time + 1},
        "policy-timestamp-high": {"maxTimestamp": gen_time - 1},
    }
    (report,) = judge_by_occ(folder, [text_of(name)], "--tsa-roots", TSA_ROOTS, "--policy", json.dumps(met))
    assert report["valid"], report["reason"]
    for code, change in changes.items():
        (report,) = judge_by_occ(folder, [text_of(name)], "--tsa-roots", TSA_ROOTS, "--policy", json.dumps({**met, **change}))
        assert report.get("code") == code, (code, report.get("reason"))


def test_post_verify_says_the_same(start, folder):
    """The service's report is that of the command line, to the letter."""
    occd = start("--access-log", "off", "--tsa-roots", TSA_ROOTS)
    for name in NAMES:
        answer = occd.request("POST", "/verify?report=1", f'{{"proof":{text_of(name)}}}'.encode(), {"Content-Type": "application/json"})
        (report,) = judge_by_occ(folder, [text_of(name)], "--tsa-roots", TSA_ROOTS)
        assert answer.status == 200
        assert answer.json()["valid"] == report["valid"]
        assert answer.json()["report"] == report


# ---- damage ----


def look(value, path):
    for step in path:
        value = value[step]
    return value


def changed(proof, path, value):
    """A copy with one member set, or removed if value is None."""
    made = copy.deepcopy(proof)
    parent = look(made, path[:-1])
    if value is None:
        del parent[path[-1]]
    else:
        parent[path[-1]] = value
    return made


def paths_of(value, path=()):
    """Every member of every object in it."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield (*path, name)
            yield from paths_of(member, (*path, name))


REPORT = ("environment", "attestation", "reportB64")
TOKEN = ("timestamps", "artifact", "tokenB64")
AUTHORIZATION = ("agency", "authorization")
BINARY = [(REPORT, 60), (("slotAllocation", "signatureB64"), 12), (("signer", "signatureB64"), 8), (("signer", "publicKeyB64"), 8),
          ((*AUTHORIZATION, "signatureB64"), 25), ((*AUTHORIZATION, "authenticatorDataB64"), 25), (("agency", "actor", "publicKeyB64"), 15),
          (("slotAllocation", "nonceB64"), 4), (("commit", "slotHashB64"), 4), (("artifact", "digestB64"), 4)]


def damaged_bytes(data, chance):
    """One to three bytes changed, some left out, some put in, or the end cut."""
    data = bytearray(data)
    kind = chance.randrange(10)
    at = chance.randrange(len(data))
    if kind == 0:
        del data[at : at + chance.choice([1, 1, 2, 16])]
    elif kind == 1:
        data[at:at] = chance.randbytes(chance.choice([1, 1, 2, 16]))
    elif kind == 2:
        del data[at:]
    else:
        for _ in range(chance.choice([1, 1, 1, 2, 3])):
            data[chance.randrange(len(data))] ^= chance.choice([1, 2, 4, 8, 16, 32, 64, 128, 255])
    return bytes(data)


def has(proof, path):
    try:
        look(proof, path)
        return True
    except KeyError:
        return False


def flips(chance):
    for name in ATTESTED:
        proof = proof_of(name)
        for path, count in BINARY:
            if not has(proof, path):
                continue
            data = base64.b64decode(look(proof, path))
            for i in range(count):
                text = base64.b64encode(damaged_bytes(data, chance)).decode()
                if text and text != look(proof, path):
                    yield f"{name} {'.'.join(path)} {i}", changed(proof, path, text)


def texts(chance):
    """One character of a text, or one number."""
    for name in ATTESTED:
        proof = proof_of(name)
        for path in paths_of(proof):
            value = look(proof, path)
            if isinstance(value, int):
                yield f"{name} {'.'.join(path)} +1", changed(proof, path, value + 1)
            if isinstance(value, str) and path not in (REPORT, TOKEN):
                for i in range(3):
                    at = chance.randrange(len(value))
                    letter = chance.choice([c for c in "abcdefXYZ0123456789-_+/= " if c != value[at]])
                    yield f"{name} {'.'.join(path)} {i} {letter!r} at {at}", changed(proof, path, value[:at] + letter + value[at + 1 :])


def removals():
    for name in ATTESTED:
        proof = proof_of(name)
        for path in paths_of(proof):
            yield f"{name} without {'.'.join(path)}", changed(proof, path, None)


SWAPPED = [("timestamps",), ("timestamps", "artifact"), TOKEN, ("slotAllocation",), ("environment",), ("environment", "attestation"), REPORT,
           ("environment", "measurement"), ("signer",), ("commit",), ("artifact",), ("commit", "slotHashB64"), ("commit", "nonceB64"),
           ("slotAllocation", "signatureB64"), ("agency",), ("attribution",)]


def swaps():
    """A member of one proof in the place of another's."""
    for name in NAMES:
        for other in ATTESTED:
            for path in SWAPPED:
                proof, donor = proof_of(name), proof_of(other)
                if name != other and has(donor, path) and has(proof, path[:-1]) and (not has(proof, path) or look(proof, path) != look(donor, path)):
                    yield f"{name} with {'.'.join(path)} of {other}", changed(proof, path, look(donor, path))


def others():
    """Things of which somebody could think that they work, or that they do harm."""
    proof = proof_of("tee-webauthn")
    direct = proof_of("tee-direct")
    nitro = VECTORS / "nitro"
    for path in sorted(nitro.glob("*attestation*")):
        data = base64.b64decode(path.read_text()) if path.suffix == ".b64" else path.read_bytes()
        yield f"the document {path.name}", changed(proof, REPORT, base64.b64encode(data).decode())
    document = base64.b64decode(look(proof, REPORT))
    yield "the document under tag 18", changed(proof, REPORT, base64.b64encode(b"\xd2" + document).decode())
    yield "the document under tag 17", changed(proof, REPORT, base64.b64encode(b"\xd1" + document).decode())
    yield "the document twice tagged", changed(proof, REPORT, base64.b64encode(b"\xd2\xd2" + document).decode())
    yield "bytes behind the document", changed(proof, REPORT, base64.b64encode(document + b"\0").decode())
    yield "a batch of nothing", changed(proof, ("environment", "attestation", "batch"), {"leafIndex": 0, "treeSize": 1, "pathB64": []})
    yield "a batch that is none", changed(proof, ("environment", "attestation", "batch"), {"leafIndex": 0, "treeSize": 2, "pathB64": ["A" * 43 + "="]})
    yield "the strong form's nonce without the strong form", changed(proof, (*AUTHORIZATION, "nonceB64"), "A" * 43 + "=")
    yield "no format", changed(proof, (*AUTHORIZATION, "format"), None)
    yield "webauthn.get", changed(proof, (*AUTHORIZATION, "format"), "webauthn.get")
    yield "another form", changed(proof, (*AUTHORIZATION, "format"), "webauthn.create")
    yield "bytes behind the token", changed(direct, TOKEN, base64.b64encode(base64.b64decode(look(direct, TOKEN)) + b"\0").decode())
    yield "the artifact's token as the proof's", changed(direct, ("timestamps", "proof"), look(direct, ("timestamps", "artifact")))
    yield "time with a fraction", changed(direct, ("timestamps", "artifact", "time"), "2026-03-21T17:30:53.000Z")
    yield "another second", changed(direct, ("timestamps", "artifact", "time"), "2026-03-21T17:30:54Z")
    yield "another authority", changed(direct, ("timestamps", "artifact", "authority"), "example.com")
    yield "metadata that was not there", changed(direct, ("metadata",), {"a": [1, {"b": None}]})
    yield "a member that nobody knows", changed(direct, ("someday",), {"x": 1})
    yield "one in the commit", changed(direct, ("commit", "someday"), "x")
    yield "one in the environment", changed(direct, ("environment", "someday"), "x")
    yield "one in the slot", changed(direct, ("slotAllocation", "someday"), "x")


HARMLESS = {"another form", "the document under tag 18", "webauthn.get", "time with a fraction", "another authority", "metadata that was not there",
            "a member that nobody knows", "one in the environment", "one in the slot"}


def as_text(cases):
    return [(name, json.dumps(proof, separators=(",", ":"))) for name, proof in cases]


@pytest.mark.parametrize("seed", [1, 2])
def test_damaged_bytes(folder, seed):
    cases = as_text(flips(random.Random(seed)))
    assert len(cases) > 250
    verdicts = compare(folder, cases)
    assert not any(valid for valid, _ in verdicts.values()), "nothing of this is free to change"


def test_damaged_texts(folder):
    verdicts = compare(folder, as_text(texts(random.Random(3))))
    free = {name for name, (valid, _) in verdicts.items() if valid}
    # No signature covers an assertion's timestamp: WebAuthn has no place for one. A format that nobody knows is not performed.
    assert {name.split()[1] for name in free} <= {"timestamps.artifact.authority", "agency.authorization.timestamp",
                                                  "agency.authorization.format"}, free


def test_removed_members(folder):
    verdicts = compare(folder, as_text(removals()))
    free = {name.split()[2] for name, (valid, _) in verdicts.items() if valid}
    assert free == {"timestamps"}


def test_swapped_members(folder):
    verdicts = compare(folder, as_text(swaps()))
    assert len(verdicts) > 120
    assert not any(valid for valid, _ in verdicts.values())


def test_other_forms(folder):
    verdicts = compare(folder, as_text(others()))
    assert {name for name, (valid, _) in verdicts.items() if valid} == HARMLESS


def test_an_actor_of_an_unknown_form_meets_no_policy(folder):
    text = json.dumps(changed(proof_of("tee-webauthn"), (*AUTHORIZATION, "format"), "webauthn.create"))
    (report,) = judge_by_occ(folder, [text])
    assert report["valid"] and "actor" in report["proof"]["claimed"] and "agency.authorization" in report["proof"]["advisory"]
    assert report["evidence"]["actor"]["verified"] is False
    for policy in ({"requireActor": True}, {"requireActorBinding": True}, {"allowedActorKeyIds": [report["evidence"]["actor"]["keyId"]]}):
        (report,) = judge_by_occ(folder, [text], "--policy", json.dumps(policy))
        assert report["code"] == "policy-actor-unverified"


@pytest.mark.parametrize("seed", [4, 5])
def test_damaged_tokens(folder, seed):
    """openssl is the judge here. What it refuses, occ must; what it takes, occ may refuse only as a broken token."""
    chance = random.Random(seed)
    proof = proof_of("tee-policy")
    data = base64.b64decode(look(proof, TOKEN))
    made = [changed(proof, TOKEN, base64.b64encode(damaged_bytes(data, chance)).decode()) for _ in range(200)]
    texts_ = [json.dumps(one) for one in made]
    openssl = OpenSsl(folder)
    stricter, wrong = 0, []
    for one, mine, other in zip(made, judge_by_occ(folder, texts_, "--tsa-roots", TSA_ROOTS), judge_by_node(texts_)):
        valid, failed = expect({"failed": None, **other}, openssl)
        if mine["valid"] and not valid:
            wrong.append((look(one, TOKEN), failed, other.get("reason")))
        elif valid and not mine["valid"]:
            stricter += 1
            assert mine["code"].startswith("timestamp-"), mine["reason"]
        elif valid:
            same_facts(mine, other)
    assert not wrong, wrong[:3]
    assert stricter < 40, "a token that openssl takes is refused too often"


# ---- the same proof in another dress ----


def dressed(value, chance, indent):
    """JSON text of a value with its members in another order, other blanks and other escapes."""
    blank = lambda: chance.choice(["", "", " ", "\n" + " " * indent, "\t"])
    if isinstance(value, dict):
        members = list(value.items())
        chance.shuffle(members)
        inside = f"{blank()},{blank()}".join(f"{text_as(name, chance)}{blank()}:{blank()}{dressed(member, chance, indent)}" for name, member in members)
        return f"{{{blank()}{inside}{blank()}}}"
    if isinstance(value, list):
        return f"[{','.join(dressed(member, chance, indent) for member in value)}]"
    return text_as(value, chance) if isinstance(value, str) else json.dumps(value)


def text_as(text, chance):
    if len(text) > 400 or chance.random() < 0.5:
        return json.dumps(text)
    return '"' + "".join(f"\\u{ord(c):04x}" if chance.random() < 0.2 else json.dumps(c)[1:-1] for c in text) + '"'


def test_another_dress(folder):
    chance = random.Random(6)
    cases = [(f"{name} {i}", dressed(proof_of(name), chance, i % 9)) for name in NAMES[:4] for i in range(25)]
    verdicts = compare(folder, cases)
    assert set(verdicts.values()) == {(True, None)}


# ---- proofs made for this test: what the public ones have no example of ----


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """(the path of their root, [(name, valid, text)])"""
    run = subprocess.run([node(20), str(HERE / "make_evidence.mjs"), "7"], env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                         timeout=300)
    assert run.returncode == 0, run.stderr.decode()[-4000:]
    first, *lines = map(json.loads, run.stdout.decode().splitlines())
    root = tmp_path_factory.mktemp("made") / "root.pem"
    root.write_text(first["root"])
    return root, [(case["name"], case["valid"], case["text"]) for case in lines]


@pytest.mark.parametrize("major", [18, 20])
def test_made_proofs(folder, made, major):
    root, cases = made
    names = ("--rp-id", "example.com", "--origin", "https://example.com")
    verdicts = compare(folder, [(name, text) for name, _, text in cases], "--nitro-root", root, *names, node_options=("--root", root, *names),
                       major=major)
    assert len(cases) > 180
    assert {name: valid for name, (valid, _) in verdicts.items()} == {name: valid for name, valid, _ in cases}


def test_made_documents_are_not_aws(folder, made):
    """Without the root that made them they prove nothing."""
    root, cases = made
    attested = [(name, text) for name, valid, text in cases if valid and name.startswith("attestation")]
    assert set(compare(folder, attested).values()) == {(False, "attestation")}
    for report in judge_by_occ(folder, [text for _, text in attested], "--nitro-root", root):
        assert report["evidence"]["attestation"]["rootIsAws"] is False


# ---- timestamps of an authority of our own: the public proofs have none over the whole proof ----

OPENSSL_CONF = """
[req]
distinguished_name = dn
prompt = no
[dn]
CN = of these tests
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
[signer]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[tsa]
serial = serial
default_policy = 1.2.3.4
digests = sha256, sha384
accuracy = secs:1, millisecs:500, microsecs:100
ess_cert_id_alg = sha256
signer_digest = sha256
"""


class Authority:
    """A timestamp authority made of openssl's commands."""

    def __init__(self, folder, name):
        self.folder = folder / name
        self.folder.mkdir()
        (self.folder / "conf").write_text(OPENSSL_CONF)
        (self.folder / "serial").write_text("01")
        key = "-config conf -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
        self.openssl(f"req -x509 {key} -keyout root.key -out root.pem -subj /CN={name}-root -days 30 -extensions root")
        self.openssl(f"req {key} -keyout key -out request -subj /CN={name}")
        self.openssl("x509 -req -in request -CA root.pem -CAkey root.key -out signer.pem -days 10 -extfile conf -extensions signer -set_serial 7")
        self.root = self.folder / "root.pem"

    def openssl(self, words):
        run = subprocess.run(["openssl", *words.split()], cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
        assert run.returncode == 0, run.stderr.decode()
        return run.stdout.decode()

    def stamp(self, digest, algorithm="sha256"):
        """An entry of a proof's timestamps over a digest in hex; its time is openssl's word for genTime."""
        self.openssl(f"ts -query -digest {digest} -{algorithm} -cert -config conf -out query")
        self.openssl("ts -reply -queryfile query -config conf -section tsa -signer signer.pem -inkey key -token_out -out token")
        line = next(line for line in self.openssl("ts -reply -in token -token_in -token_out -text -config conf").splitlines() if "Time stamp" in line)
        gen_time = datetime.datetime.strptime(line.split(":", 1)[1].strip(), "%b %d %H:%M:%S %Y GMT")
        return {"authority": "a test", "time": gen_time.strftime("%Y-%m-%dT%H:%M:%SZ"), "digestAlg": algorithm,
                "digestB64": base64.b64encode(bytes.fromhex(digest)).decode(), "tokenB64": base64.b64encode((self.folder / "token").read_bytes()).decode()}


def core_hash(proof):
    """PROTOCOL §2.2, for proofs whose names are ASCII and whose numbers are integers."""
    kept = {name: proof[name] for name in ("artifact", "commit", "environment", "signer", "version")}
    return hashlib.sha256(json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()


def test_timestamps_of_the_whole_proof(folder):
    ours, other = Authority(folder, "ours"), Authority(folder, "other")
    proof = proof_of("tee-webauthn")
    roots = folder / "roots"
    roots.mkdir()
    (roots / "ours.pem").write_bytes(ours.root.read_bytes())
    (roots / "free.crt").write_bytes(TSA_ROOTS.read_bytes())

    def stamped(entry, **changes):
        return json.dumps({**proof, "timestamps": {**proof["timestamps"], "proof": {**entry, **changes}}})

    entry = ours.stamp(core_hash(proof))
    later = copy.deepcopy(proof)
    later["signer"]["signatureB64"] = proof_of("tee-direct")["signer"]["signatureB64"]
    cases = {
        "good": (stamped(entry), None),
        "over the digest": (stamped(ours.stamp(base64.b64decode(proof["artifact"]["digestB64"]).hex())), "timestamp-imprint"),
        "over another proof": (stamped(ours.stamp(core_hash(proof_of("tee-direct")))), "timestamp-imprint"),
        "over another signature": (stamped(ours.stamp(core_hash(later))), "timestamp-imprint"),
        "with SHA-384": (stamped(ours.stamp(hashlib.sha384(b"").hexdigest(), "sha384")), "timestamp-imprint"),
        "another digest beside it": (stamped(entry, digestB64=proof["artifact"]["digestB64"]), "timestamp-fields"),
        "another algorithm beside it": (stamped(entry, digestAlg="sha384"), "timestamp-fields"),
        "another time beside it": (stamped(entry, time="2026-03-13T02:25:13Z"), "timestamp-fields"),
        "of nobody known": (stamped(other.stamp(core_hash(proof))), None),
    }
    texts_ = [text for text, _ in cases.values()]
    reports = judge_by_occ(folder, texts_, "--tsa-roots", roots)
    node_reports = judge_by_node(texts_)
    for (name, (_, code)), report, by_node in zip(cases.items(), reports, node_reports):
        assert report.get("code") == code, (name, report.get("reason"))
        assert by_node["valid"] == report["valid"], (name, by_node.get("reason"))
        if report["valid"]:
            same_facts(report, by_node)
    good, unknown = reports[0]["evidence"]["timestamps"], reports[-1]["evidence"]["timestamps"]
    assert good["proof"]["trusted"] and good["proof"]["accuracyUs"] == 1500100 and good["proof"]["policy"] == "1.2.3.4"
    assert good["proof"]["insideAttestationCertificate"] is False and good["artifact"]["insideAttestationCertificate"] is True
    assert unknown["artifact"]["trusted"] and not unknown["proof"]["trusted"]
    both = json.dumps({"requireTimestamp": ["artifact", "proof"]})
    assert judge_by_occ(folder, texts_[:1], "--tsa-roots", roots, "--policy", both)[0]["valid"]
    (refused,) = judge_by_occ(folder, texts_[-1:], "--tsa-roots", roots, "--policy", both)
    assert refused["code"] == "policy-timestamp-unverified"


# ---- the documents ----


def test_documented_evidence(folder):
    """The example of docs/verification.md is what is printed, but for the texts that it cuts; member by member, in this order."""
    page = (ROOT / "docs" / "verification.md").read_text(encoding="utf-8")
    example = json.loads(re.search(r"^```json evidence\n(.*?)^```", page, re.DOTALL | re.MULTILINE)[1])
    (report,) = judge_by_occ(folder, [text_of("tee-webauthn")], "--tsa-roots", TSA_ROOTS)

    def hold(shown, printed, where):
        if isinstance(shown, dict):
            assert list(shown) == list(printed)[: len(shown)] and (len(shown) == len(printed) or where == "pcrs"), where
            for name in shown:
                hold(shown[name], printed[name], name)
        elif isinstance(shown, str) and shown.endswith("…"):
            assert printed.startswith(shown[:-1]), where
        else:
            assert shown == printed, where

    hold(example, report["evidence"], "evidence")


def test_openapi_has_every_member(folder, made):
    """Real reports, good and bad, and real policies and proofs, against the schemas of docs/openapi.yaml."""
    root, cases = made
    proofs = [text_of(name) for name in NAMES]
    reports = judge_by_occ(folder, proofs, "--tsa-roots", TSA_ROOTS) + judge_by_occ(folder, proofs)
    reports += judge_by_occ(folder, [text for _, _, text in cases], "--nitro-root", root, "--rp-id", "example.com", "--origin", "https://example.com")
    page = (ROOT / "docs" / "verification.md").read_text(encoding="utf-8")
    policies = [json.loads(re.search(r"^```json by-hand policy.json\n(.*?)^```", page, re.DOTALL | re.MULTILINE)[1]),
                {"requireTimestamp": ["artifact", "proof"], "requiredPcrs": {"8": ["ab" * 48]}, "requireSlot": True, "minTimestamp": 1,
                 "requireActorBinding": True, "allowedAttestationBindings": ["key"]}]
    data = json.dumps({"reports": reports, "policies": policies, "proofs": list(map(json.loads, proofs))}).encode()
    run = subprocess.run([node(20), str(HERE / "validate_reports.mjs"), str(NODE_MODULES), str(ROOT / "docs" / "openapi.yaml")], input=data,
                         env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
    assert run.returncode == 0, run.stderr.decode()[-4000:]
    assert int(run.stdout) == len(reports) + len(policies) + len(proofs)
