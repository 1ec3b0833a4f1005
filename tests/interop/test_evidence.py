"""Every layer of a proof, judged twice: by `occ verify`, and by evidence.mjs, which was written from the protocol's description
alone. What Node cannot judge, the CMS signature of a token, `openssl ts -verify` judges. The real proofs of the public vectors, and
what becomes of them when something in them is damaged, swapped, left out or written differently.
"""
import base64
import copy
import json
import random

import pytest

from judges import ATTESTED, NAMES, TSA_ROOTS, VECTORS, OpenSsl, compare, expect, judge_by_node, judge_by_occ, need_vectors, proof_of, same_facts, text_of


@pytest.fixture(autouse=True, scope="module")
def vectors():
    need_vectors()


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
