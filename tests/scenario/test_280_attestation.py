"""Attestation from end to end, with a simulated device: every proof of each mode is verified by occ, by an audit, by Node and by
what Python makes of its document; one that was tampered with is refused, with its reason.
"""
import base64
import concurrent.futures
import hashlib
import json
import os
import pathlib
import subprocess
import sys

import pytest

import frames
from attested import Attested, SimEnclave, canonical, check_bindings, document_of
from harness import BIN, ROOT, Program, check_chains, digest_of, environment, node, occ, wait_for
from tsa import Tsa

sys.path.insert(0, str(ROOT / "tests" / "interop"))
from judges import judge_by_node  # noqa: E402

MODES = ("commit", "batch", "epoch")
BINDINGS = {"commit": {"body"}, "batch": {"body", "batch"}, "epoch": {"key"}}


def digests(start, count):
    return [digest_of(f"{start} {n}") for n in range(count)]


def verify_all(root, proofs, mode, folder):
    """occ, an audit, Node, Python: all of them, and they agree on what binds."""
    path = pathlib.Path(folder) / "proofs.json"
    path.write_text(json.dumps(proofs))
    policy = {"requireAttestation": True, "requireAttestationFormat": ["sim-nitro"], "requireEnforcement": "stub",
              "allowedAttestationBindings": sorted(BINDINGS[mode])}
    run = occ("verify", "--json", "--sim-nitro-root", root, "--policy", json.dumps(policy), path)
    assert run.returncode == 0, run.stdout[-3000:]
    found = [report["evidence"]["attestation"] for report in json.loads(run.stdout)]
    assert all(one["verified"] and one["simulated"] and not one["rootIsAws"] for one in found)
    run = occ("audit", "--json", "--sim-nitro-root", root, "--policy", json.dumps(policy), path)
    summary = json.loads(run.stdout)
    assert (run.returncode, summary["valid"], summary["simulated"]) == (0, len(proofs), len(proofs)), run.stdout[-3000:]
    for ours, theirs in zip(found, judge_by_node([json.dumps(proof) for proof in proofs], "--sim-root", root)):
        assert theirs["valid"], theirs
        assert theirs["evidence"]["attestation"]["binding"] == ours["binding"]
        assert theirs["evidence"]["attestation"]["time"] == ours["time"]
    check_chains(proofs)
    return check_bindings(proofs, mode)


# ---- each mode ----


@pytest.mark.parametrize("mode", MODES)
def test_every_proof_of_a_mode(folder, mode):
    """Requests one after the other: a batch is a tree of its own, a single proof is a batch of one."""
    counts = (1, 2, 3, 100) if mode == "commit" else (1, 2, 3, 100, 1000)
    with Attested(folder, mode) as service:
        proofs = [proof for count in counts for proof in service.occd.commit(*digests(count, count))]
        assert [proof["commit"]["counter"] for proof in proofs] == [str(n + 1) for n in range(sum(counts))]
        sizes = verify_all(service.enclave.root, proofs, mode, folder)
        assert sizes == {"commit": [1] * sum(counts), "batch": list(counts), "epoch": []}[mode]
        service.stop()
    run = occ("audit", "--json", "--ledger", folder / "data", "--sim-nitro-root", service.enclave.root, "--policy", '{"requireAttestation":true}')
    assert (run.returncode, json.loads(run.stdout)["valid"]) == (0, sum(counts))


def test_a_request_with_more_documents_than_one_may_wait_for(folder):
    with Attested(folder, "commit") as service:
        answer = service.occd.post("/commit", {"digests": digests("many", 257)})
        assert answer.status in (400, 413) and "256" in answer.error(), answer.body
        assert service.occd.commit(digest_of(1))[0]["commit"]["counter"] == "1"


def test_groups_form_while_the_device_works(folder):
    """Many clients with one proof each: what comes while a document is made shares the next one."""
    with Attested(folder, "batch", enclave=("--sim-delay", "30ms")) as service:
        with concurrent.futures.ThreadPoolExecutor(32) as pool:
            proofs = [proof for one in pool.map(lambda n: service.occd.commit(digest_of(n)), range(256)) for proof in one]
        sizes = verify_all(service.enclave.root, proofs, "batch", folder)
        assert sum(sizes) == 256 and max(sizes) > 1, sizes


def test_documents_without_signature_are_taken_by_nobody(folder):
    """What the benchmark's device makes: all else about them is right."""
    with Attested(folder, "batch", enclave=("--sim-unsigned",)) as service:
        proofs = service.occd.commit(digest_of(1), digest_of(2))
        assert check_bindings(proofs, "batch") == [2]
        answer = service.occd.post("/verify", {"proof": proofs[0]}).json()
        assert answer == {"valid": False, "reason": "attestation signature verification failed"}, answer
        service.stop()


@pytest.mark.parametrize("count", (2, 9999, 10000))
def test_a_tree_of_ten_thousand(folder, count):
    """More than an answer of occd's holds: a parent that speaks frames asks for them, 1,000 a request."""
    enclave = SimEnclave(folder, "batch", "--retain-limit", "512M")
    with frames.Parent(enclave.socket) as parent:
        digests = [(hashlib.sha256(f"large {n}".encode()).digest(), []) for n in range(count)]
        requests = [frames.request(digests[n : n + 1000]) for n in range(0, count, 1000)]
        texts = [text for outcome in parent.commit_all(*requests) for text in outcome.proofs]
    proofs = [json.loads(text) for text in texts]
    check_chains(proofs)
    assert check_bindings(proofs, "batch") == [count]
    path = folder / "proofs.jsonl"
    path.write_text("\n".join(texts))
    run = occ("audit", "--json", "--sim-nitro-root", enclave.root, "--policy", '{"allowedAttestationBindings":["batch"]}', path)
    assert (run.returncode, json.loads(run.stdout)["valid"]) == (0, count), run.stdout[-2000:]
    sample = [*texts[:: max(1, count // 100)], texts[-1]]
    assert all(one["valid"] for one in judge_by_node(sample, "--sim-root", enclave.root))
    enclave.stop()


# ---- tampering ----


@pytest.fixture(scope="module")
def two_trees(tmp_path_factory):
    """The root, two batches of five and seven, and two single proofs."""
    folder = tmp_path_factory.mktemp("trees")
    with Attested(folder, "batch") as service:
        made = [service.occd.commit(*digests(count, count)) for count in (5, 7, 1, 1)]
        service.stop()
    return service.enclave.root, *made


def attestation(proof):
    return proof["environment"]["attestation"]


def at(place, **changes):
    """A proof that says that it stands somewhere else."""
    return lambda five, seven, one, other: attestation(five[place])["batch"].update(changes) or five[place]


def flip_path(five, seven, one, other):
    path = attestation(five[1])["batch"]["pathB64"]
    raw = bytearray(base64.b64decode(path[0]))
    raw[0] ^= 1
    path[0] = base64.b64encode(raw).decode()
    return five[1]


def swap_path(five, seven, one, other):
    attestation(five[1])["batch"]["pathB64"].reverse()
    return five[1]


def cut_path(five, seven, one, other):
    attestation(five[1])["batch"]["pathB64"].pop()
    return five[1]


def neighbours_place(five, seven, one, other):
    attestation(five[1])["batch"] = attestation(five[2])["batch"]
    return five[1]


def other_trees_document(five, seven, one, other):
    attestation(five[1])["reportB64"] = attestation(seven[1])["reportB64"]
    return five[1]


def other_tree(five, seven, one, other):
    five[1]["environment"]["attestation"] = attestation(seven[1])
    return five[1]


def other_proofs_document(five, seven, one, other):
    attestation(one[0])["reportB64"] = attestation(other[0])["reportB64"]
    return one[0]


def trees_document_alone(five, seven, one, other):
    attestation(one[0])["reportB64"] = attestation(five[0])["reportB64"]
    return one[0]


def no_place(five, seven, one, other):
    del attestation(five[0])["batch"]
    return five[0]


def place_without_tree(five, seven, one, other):
    attestation(one[0])["batch"] = {"leafIndex": 0, "treeSize": 1, "pathB64": []}
    return one[0]


def flip_document(five, seven, one, other):
    raw = bytearray(base64.b64decode(attestation(one[0])["reportB64"]))
    raw[-1] ^= 1
    attestation(one[0])["reportB64"] = base64.b64encode(raw).decode()
    return one[0]


def as_amazons(five, seven, one, other):
    attestation(one[0])["format"] = "aws-nitro"
    return one[0]


def as_measured(five, seven, one, other):
    one[0]["environment"]["enforcement"] = "measured-tee"
    return one[0]


@pytest.mark.parametrize(
    ("tamper", "code"),
    [
        (at(1, leafIndex=2), "attestation-batch"),
        (at(1, leafIndex=0), "attestation-batch"),
        (at(1, leafIndex=5), "attestation-batch"),
        (at(1, treeSize=3), "attestation-batch"),
        (at(4, treeSize=9), "attestation-batch"),
        (flip_path, "attestation-batch"),
        (swap_path, "attestation-batch"),
        (cut_path, "attestation-batch"),
        (neighbours_place, "attestation-batch"),
        (other_trees_document, "attestation-batch"),
        (other_tree, "attestation-batch"),
        (place_without_tree, "attestation-batch"),
        (no_place, "nitro-binding"),
        (other_proofs_document, "nitro-binding"),
        (trees_document_alone, "nitro-binding"),
        (flip_document, "nitro-signature"),
        (as_amazons, "signature"),
        (as_measured, "signature"),
    ],
)
def test_what_was_tampered_with_is_refused(two_trees, folder, tamper, code):
    root, *made = two_trees
    proof = tamper(*json.loads(json.dumps(made)))
    path = folder / "tampered.json"
    path.write_text(json.dumps(proof))
    run = occ("verify", "--json", "--sim-nitro-root", root, path)
    report = json.loads(run.stdout)
    assert (run.returncode, report["code"]) == (1, code), report["reason"]
    [theirs] = judge_by_node([json.dumps(proof)], "--sim-root", root)
    assert theirs["valid"] is False and theirs["failed"] == ("signature" if code == "signature" else "attestation")


def test_another_simulation_vouches_for_nothing_here(two_trees, folder):
    _, five, *_ = two_trees
    with Attested(folder, "epoch") as service:
        path = folder / "five.json"
        path.write_text(json.dumps(five[0]))
        run = occ("verify", "--json", "--sim-nitro-root", service.enclave.root, path)
        assert (run.returncode, json.loads(run.stdout)["code"]) == (1, "nitro-path")


# ---- the key, by itself ----


@pytest.mark.parametrize("mode", MODES)
def test_a_document_for_a_callers_nonce(folder, mode):
    with Attested(folder, mode) as service:
        proof = service.occd.commit(digest_of(1))[0]
        nonce = os.urandom(64)
        key = service.occd.get("/key?nonce=" + base64.b64encode(nonce).decode().replace("+", "%2B").replace("/", "%2F")).json()
        document = document_of(key["attestation"]["reportB64"])
        assert (document["nonce"], document["user_data"]) == (nonce, None)
        assert document["public_key"] == base64.b64decode(key["publicKeyB64"]) == base64.b64decode(proof["signer"]["publicKeyB64"])
        assert key["attestation"]["format"] == "sim-nitro"
        assert key["measurement"] == "sim:" + document["pcrs"][0].hex() == proof["environment"]["measurement"]
        line = json.dumps({"documentB64": key["attestation"]["reportB64"]}).encode()
        run = subprocess.run([node(20), ROOT / "tests" / "interop" / "evidence.mjs", "--root", service.enclave.root], input=line,
                             stdout=subprocess.PIPE, check=True, env=environment())
        assert json.loads(run.stdout)["valid"] is True, run.stdout
        assert "SIMULATED" in occ("key", "--server", service.occd.url).stdout.decode()


# ---- what is kept ----


def test_export_import_and_look_ups_byte_for_byte(folder):
    with Attested(folder, "batch") as service:
        bodies = [service.occd.post("/commit", {"digests": digests(count, count)}).body for count in (1, 3, 100)]
        texts = [text for body in bodies for text in split_array(body)]
        for text in texts:
            name = base64.b64decode(json.loads(text)["artifact"]["digestB64"]).hex()
            assert service.occd.get(f"/proofs/{name}").body == b"[" + text + b"]"
        root = service.enclave.root
        service.stop()
    exported = occ("export", "--ledger", folder / "data")
    assert exported.returncode == 0 and exported.stdout == b"".join(text + b"\n" for text in texts)
    (folder / "all.jsonl").write_bytes(exported.stdout)
    imported = occ("import", "--ledger", folder / "other", "--sim-nitro-root", root, folder / "all.jsonl")
    assert imported.returncode == 0, imported.stderr
    assert occ("export", "--ledger", folder / "other").stdout == exported.stdout
    run = occ("audit", "--json", "--ledger", folder / "other", "--sim-nitro-root", root, "--policy", '{"requireAttestation":true}')
    assert (run.returncode, json.loads(run.stdout)["valid"]) == (0, len(texts))


@pytest.mark.parametrize("mode", MODES)
def test_tokens_cover_proofs_with_their_documents(folder, mode):
    """The core hash has the document in it, whether a token comes at once or later; all ways to a proof give the same bytes."""
    tsa = Tsa(folder)
    try:
        with Attested(folder, mode, "--tsa", tsa.url("good"), "--tsa-roots", tsa.roots, "--tsa-proof", "--tsa-wait", "60s") as service:
            key, wanted = {"Idempotency-Key": "one"}, {"digests": digests("now", 3), "metadata": {"note": "\"reportB64\":\"x\""}}
            body = service.occd.post("/commit", wanted, key).body
            tsa.modes["good"] = "slow"
            service.arguments = (*service.arguments[:-1], "1ms")
            service.restart()
            assert service.occd.post("/commit", wanted, key).body == body  # what the ledger has
            late = service.occd.post("/commit", {"digests": digests("late", 2)}).json()
            assert all("timestamps" not in proof for proof in late)
            tsa.gate.set()
            texts = split_array(body)
            for proof in late:
                name = base64.b64decode(proof["artifact"]["digestB64"]).hex()
                [found] = wait_for(lambda: (lambda found: found if len(found[0].get("timestamps", {})) == 2 else None)
                                   (service.occd.get(f"/proofs/{name}").json()), what="both tokens")
                assert {name: value for name, value in found.items() if name != "timestamps"} == proof
                texts += split_array(service.occd.get(f"/proofs/{name}").body)
            root = service.enclave.root
            service.stop()
        for proof in map(json.loads, texts):
            core = {name: proof[name] for name in ("artifact", "commit", "environment", "signer", "version")}
            digest = hashlib.sha256(canonical(core)).digest()
            assert "Verification: OK" in tsa.verify(digest, base64.b64decode(proof["timestamps"]["proof"]["tokenB64"]), folder)
        exported = occ("export", "--ledger", folder / "data")
        assert exported.returncode == 0 and exported.stdout == b"".join(text + b"\n" for text in texts)
        (folder / "all.jsonl").write_bytes(exported.stdout)
        policy = '{"requireAttestation":true,"requireTimestamp":["artifact","proof"]}'
        run = occ("audit", "--json", "--sim-nitro-root", root, "--tsa-roots", tsa.roots, "--policy", policy, folder / "all.jsonl")
        assert (run.returncode, json.loads(run.stdout)["valid"]) == (0, len(texts)), run.stdout
    finally:
        tsa.stop()


def split_array(body):
    """The texts of an array's members, as they stand."""
    decoder, texts, index, text = json.JSONDecoder(), [], 1, body.decode()
    while text[index - 1] != "]":
        _, end = decoder.raw_decode(text, index)
        texts.append(text[index:end].encode())
        index = end + 1
    return texts


# ---- what is shipped ----


def test_nothing_simulated_is_shipped():
    """The device and the maker of its certificates are in occ-enclave-sim, and in nothing else that is built."""
    texts = (b"SIMULATED.nitro-enclaves", b"sim-faults", b"i-00000000000000000-enc")
    for path in (BIN / "occ-enclave-sim", BIN / "occ-enclave", BIN / "occd", BIN / "occ", BIN.parent / "lib" / "libocc.so", BIN.parent / "lib" / "libocc.a"):
        data = path.read_bytes()
        symbols = subprocess.run(["nm", path], stdout=subprocess.PIPE, check=True).stdout
        found = [text for text in texts if text in data] + [text for text in (b" occ_sim_", b" occ_enclave_sim_") if text in symbols]
        assert len(found) == (5 if path.name == "occ-enclave-sim" else 0), (path, found)
    for place in ("cmake/install.cmake", "packaging"):
        named = subprocess.run(["grep", "-rl", "occ-enclave-sim", place], cwd=ROOT, stdout=subprocess.PIPE).stdout
        assert named == b"", named


# ---- an enclave in debug mode ----


def test_a_debug_enclave_commits_only_if_its_image_allows_it(folder):
    """PCRs that are zero: no start without --allow-debug; with it nothing is attested, and every proof says so."""
    zero = ("--sim-pcr0", "00" * 48)
    refused = Program([BIN / "occ-enclave-sim", "--listen", f"unix:{folder}/refused.sock", "--nsm", *zero])
    assert refused.wait() == 3 and "debug mode" in refused.events("ended")[0]["error"], refused.log()
    with Attested(folder, "batch", enclave=(*zero, "--allow-debug")) as service:
        [proof] = service.occd.commit(digest_of(1))
        assert proof["environment"] == {"enforcement": "stub", "measurement": "nitro-debug"}
        assert "attestation" not in service.occd.get("/key").json()
        assert any(event["level"] == "warn" and "DEBUG MODE" in event["message"] for event in service.enclave.events())
        answer = service.occd.post("/verify", {"proof": proof, "policy": {"requireAttestation": True}})
        assert answer.json() == {"valid": False, "reason": "attestation required but not present"}
        service.stop()


def test_wrong_settings_of_the_device(folder):
    for words, text in (
        (("--sim-pcr0", "5A" * 48), "96 digits"),
        (("--sim-leaf", "1s"), "--sim-leaf"),
        (("--sim-faults", folder / "nowhere"), "nowhere"),
        (("--sim-ca", "/dev/null/ca"), "/dev/null"),
    ):
        program = Program([BIN / "occ-enclave-sim", "--listen", f"unix:{folder}/x.sock", "--nsm", *words])
        assert program.wait() in (2, 3) and text in program.log(), (words, program.log())
