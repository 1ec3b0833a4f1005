"""What the public proofs have no example of: proofs made by make_evidence.mjs, timestamps of an authority of our own; and what the
documents say of evidence. Judged like the others, by `occ verify` and evidence.mjs.
"""
import base64
import copy
import datetime
import hashlib
import json
import re
import subprocess

import pytest

from harness import NODE_MODULES, ROOT, environment, node
from judges import HERE, NAMES, TSA_ROOTS, compare, judge_by_node, judge_by_occ, need_vectors, proof_of, same_facts, text_of


@pytest.fixture(autouse=True, scope="module")
def vectors():
    need_vectors()


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
