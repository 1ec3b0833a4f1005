"""Fields of POST /commit beside the digests, challenges and slots: from end to end, and each wrong thing refused."""
import json
import pathlib
import subprocess

import pytest

from harness import BIN, ROOT, Program, digest_of, environment, node, occ

pytestmark = pytest.mark.sanitized

INTEROP = ROOT / "tests" / "interop"
CHAINS = ("--chains", "occ:main,b")
HEX64 = "00112233445566778899aabbccddeeff" * 2


def run_node(script, *words):
    run = subprocess.run([node(20), INTEROP / script, *map(str, words)], env=environment(), capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-3000:]
    return json.loads(run.stdout)


def verify_parts(folder, proofs):
    """Every signature by Node, and the whole by occ verify; what Node counted."""
    path = folder / "proofs.json"
    path.write_text(json.dumps(proofs))
    run = occ("verify", path)
    assert run.returncode == 0, run.stdout[-3000:]
    return run_node("verify_parts.mjs", path)


def challenge_of(occd):
    answer = occd.request("POST", "/challenge")
    assert answer.status == 200, answer.body
    return answer.json()["challenge"]


def agency_for(occd, digest):
    return run_node("make_agency.mjs", challenge_of(occd), digest["digestB64"])


def slot_of(occd, chain=None):
    answer = occd.post("/allocate-slot", {} if chain is None else {"chainId": chain})
    assert answer.status == 200, answer.body
    assert sorted(answer.json()) == ["slot", "slotId"]
    return answer.json()


def counter(proof):
    return int(proof["commit"]["counter"])


# ---- what is taken ----


def test_values_that_are_signed(occd, folder):
    values = {
        "attribution": {"name": "Jane", "title": "Größe \u2028 1e21", "n": [1.5, -0.0, 1e21]},
        "policy": {"digestB64": digest_of(9)["digestB64"], "name": "P"},
        "principal": {"id": "u1"},
        "metadata": {"source": "test", "17": 1},
    }
    proofs = occd.commit(digest_of(1), digest_of(2), **values)
    for proof in proofs:
        assert {name: proof[name] for name in values} == values
    assert verify_parts(folder, proofs) == {
        "proofs": 2, "slots": 0, "agencies": 0, "links": 1, "epochLinks": 0, "attribution": 2, "policy": 2, "principal": 2,
    }
    changed = json.loads(json.dumps(proofs[0]))
    changed["principal"]["id"] = "u2"
    (folder / "changed.json").write_text(json.dumps(changed))
    assert occ("verify", folder / "changed.json").returncode == 1, "it is signed"


def test_empty_values_are_absent(occd):
    proof = occd.commit(digest_of(1), attribution={}, policy={}, principal={}, metadata={})[0]
    assert sorted(proof) == ["artifact", "commit", "environment", "signer", "version"]


def test_chains(start, folder):
    occd = start(*CHAINS)
    proofs = [occd.commit(digest_of(1))[0]]
    first_of = {name: occd.commit(digest_of(2), chainId=name)[0] for name in ("occ:main", "b")}
    for name, proof in first_of.items():
        assert proof["commit"]["chainId"] == name and counter(proof) == 1 and "prevB64" not in proof["commit"]
    assert "chainId" not in proofs[0]["commit"]
    proofs += first_of.values()
    proofs += occd.commit(digest_of(3), digest_of(4), chainId="b")
    proofs += occd.commit(digest_of(5))
    assert [counter(proof) for proof in proofs] == [1, 1, 1, 2, 3, 2]
    found = verify_parts(folder, proofs)
    assert (found["proofs"], found["links"]) == (6, 3)


def test_a_slot(start, folder):
    occd = start(*CHAINS)
    for chain in (None, "occ:main"):
        members = {} if chain is None else {"chainId": chain}
        slot = slot_of(occd, chain)
        between = occd.commit(digest_of(1), **members)[0]
        proof = occd.commit({**digest_of(2), "slotId": slot["slotId"]}, **members)[0]
        assert proof["slotAllocation"] == slot["slot"]
        assert int(slot["slot"]["counter"]) < counter(between) < counter(proof)
        found = verify_parts(folder, [between, proof])
        assert (found["slots"], found["links"]) == (1, 1)


def test_slots_in_a_batch(occd, folder):
    slots = [slot_of(occd) for _ in range(3)]
    digests = [{**digest_of(i), "slotId": slot["slotId"]} for i, slot in enumerate(slots)]
    proofs = occd.commit(digests[2], digest_of(7), digests[0], digests[1])
    assert [("slotAllocation" in proof) for proof in proofs] == [True, False, True, True]
    found = verify_parts(folder, proofs)
    assert (found["slots"], found["links"]) == (3, 3)


def test_challenge_needs_no_body_and_no_type(occd):
    seen = set()
    for body, headers in ((None, {}), (b"", {}), (b"{}", {"Content-Type": "application/json"}), (b"", {"Content-Type": "application/json"})):
        for path in ("/challenge", "/allocate-slot"):
            answer = occd.request("POST", path, body, headers)
            assert answer.status == 200, (path, body, answer.body)
            seen.add(answer.json().get("challenge") or answer.json()["slotId"])
    assert len(seen) == 8


@pytest.mark.parametrize("where", ["request", "digest"])
def test_agency(occd, folder, where):
    digest = digest_of(1)
    agency = agency_for(occd, digest)
    if where == "request":
        proof = occd.commit(digest, agency=agency)[0]
    else:
        proof = occd.commit({**digest, "agency": agency})[0]
    assert proof["agency"] == agency
    assert verify_parts(folder, [proof])["agencies"] == 1


def test_agency_in_a_batch(occd, folder):
    digests = [digest_of(1), digest_of(2), digest_of(3)]
    for digest in digests[1:]:
        digest["agency"] = agency_for(occd, digest)
    proofs = occd.commit(*digests)
    assert ["agency" in proof for proof in proofs] == [False, True, True]
    assert verify_parts(folder, proofs)["agencies"] == 2


# ---- what is refused: 400, and no counter moved ----


def check_refused(occd, body, *sentences, status=400):
    answer = occd.post("/commit", body)
    assert answer.status == status, (answer.status, answer.body)
    assert any(sentence in answer.error() for sentence in sentences), answer.error()
    return answer


def test_wrong_fields(start):
    occd = start(*CHAINS)
    before = occd.commit(digest_of(1))[0]
    actor = {"keyId": HEX64, "publicKeyB64": "AAAA", "algorithm": "ES256", "provider": "p"}
    one = digest_of(2)
    cases = [
        ({"chainId": "none"}, "chain"),
        ({"chainId": ""}, "chainId: expected 1 to 64 characters"),
        ({"chainId": None}, "chainId: null, expected a string"),
        ({"attribution": []}, "attribution: an array, expected an object"),
        ({"policy": "p"}, "policy: a string, expected an object"),
        ({"principal": 1}, "principal: a number, expected an object"),
        ({"principal": {"0": 1}}, 'principal: a member is named "0"'),
        ({"attribution": {"a": {"__proto__": 1}}}, 'attribution: a member is named "__proto__"'),
        ({"attribution": {"m": "x" * 16384}}, "attribution: more than 16384 bytes"),
        ({"agency": {}}, "agency.actor: missing"),
        ({"agency": {"actor": actor}}, "agency.authorization: missing"),
        ({"slotId": "x"}, 'unknown field "slotId"'),
        ({"slots": []}, 'unknown field "slots"'),
    ]
    for members, sentence in cases:
        check_refused(occd, {"digests": [one], **members}, sentence)
    for members, sentence in [
        ({"slotId": 7}, "digests[1].slotId: a number, expected a string"),
        ({"slotId": ""}, "digests[1].slotId: 0 bytes, expected 1 to 512"),
        ({"slotId": "x" * 513}, "digests[1].slotId: 513 bytes, expected 1 to 512"),
        ({"slotId": "x" * 512}, "slot"),
        ({"slotId": "not a slot"}, "slot"),
        ({"agency": 1}, "digests[1].agency: a number, expected an object"),
        ({"agency": {"actor": actor, "authorization": {}}}, "digests[1].agency.authorization.purpose: missing"),
        ({"chainId": "b"}, 'digests[1]: unknown field "chainId"'),
    ]:
        check_refused(occd, {"digests": [one, {**digest_of(3), **members}]}, sentence)
    after = occd.commit(digest_of(4))[0]
    assert counter(after) == counter(before) + 1, "no counter moved"


def test_wrong_slots(start):
    occd = start(*CHAINS)
    slot, other = slot_of(occd)["slotId"], slot_of(occd, "b")["slotId"]
    before = occd.commit(digest_of(1))[0]
    refused = [
        {"digests": [{**digest_of(2), "slotId": other}]},
        {"digests": [{**digest_of(2), "slotId": slot}], "chainId": "b"},
        {"digests": [{**digest_of(2), "slotId": slot}, {**digest_of(3), "slotId": slot}]},
        {"digests": [{**digest_of(2), "slotId": slot[:-1] + ("A" if slot[-1] != "A" else "B")}]},
        {"digests": [{**digest_of(2), "slotId": slot}, {**digest_of(3), "slotId": "none"}]},
    ]
    for body in refused:
        check_refused(occd, body, "slot")
    proof = occd.commit({**digest_of(2), "slotId": slot})[0]
    assert counter(proof) == counter(before) + 1, "no counter moved, and what was refused did not use the slot up"
    check_refused(occd, refused[0] | {"digests": [{**digest_of(2), "slotId": slot}]}, "slot")
    assert counter(occd.commit(digest_of(4))[0]) == counter(proof) + 1


def test_wrong_agencies(occd):
    one, two = digest_of(1), digest_of(2)
    before = occd.commit(one)[0]
    good = agency_for(occd, one)
    check_refused(occd, {"digests": [one, two], "agency": good}, "agency: for one digest only, here are 2")
    check_refused(occd, {"digests": [{**one, "agency": good}], "agency": good}, "digests[0].agency: agency is given beside it")
    check_refused(occd, {"digests": [one], "agency": {**good, "batchContext": {}}}, 'agency: unknown field "batchContext"')
    proof = occd.commit(one, agency=good)[0]
    assert counter(proof) == counter(before) + 1, "what was refused here never reached the boundary"
    check_refused(occd, {"digests": [one], "agency": good}, "challenge")
    check_refused(occd, {"digests": [two], "agency": agency_for(occd, one)}, "artifact")
    check_refused(occd, {"digests": [one], "agency": run_node("make_agency.mjs", "AAAA", one["digestB64"])}, "challenge")
    old = run_node("make_agency.mjs", challenge_of(occd), one["digestB64"], 1764100000000)
    check_refused(occd, {"digests": [one], "agency": old}, "timestamp")
    broken = agency_for(occd, one)
    broken["authorization"]["purpose"] = "occ/other/v1"
    check_refused(occd, {"digests": [one], "agency": broken}, "agency.authorization.purpose")
    assert counter(occd.commit(one)[0]) == counter(proof) + 1, "no counter moved"


@pytest.mark.parametrize("path", ["/challenge", "/allocate-slot"])
def test_wrong_bodies_of_the_two(start, path):
    occd = start(*CHAINS)
    before = occd.commit(digest_of(1))[0]
    for body, sentence in [
        (b"[]", "body: an array, expected an object"),
        (b"{", ""),
        (b'{"x":1}', 'unknown field "x"'),
        (b'{"chainId":7}', 'unknown field "chainId"' if path == "/challenge" else "chainId: a number, expected a string"),
        (b'{"chainId":"b c"}', 'unknown field "chainId"' if path == "/challenge" else "chainId: expected 1 to 64 characters"),
    ]:
        answer = occd.post(path, body)
        assert answer.status == 400 and sentence in answer.error(), answer.body
    if path == "/allocate-slot":
        assert occd.post(path, {"chainId": "none"}).status == 400
    assert occd.post(path, b"{" + b" " * 1024 + b"}").status == 413
    assert occd.request("POST", path, b"{}").status == 415
    assert occd.request("POST", path, b"{}", {"Content-Type": "text/plain"}).status == 415
    assert occd.request("POST", path, None, {"Content-Type": "text/plain"}).status == 415
    answer = occd.get(path)
    assert answer.status == 405 and answer.header("Allow") == "POST, OPTIONS"
    assert counter(occd.commit(digest_of(2))[0]) == counter(before) + 1


def test_keys_are_asked_for(start):
    occd = start(env={"API_KEYS": "secret-of-this-test-0123456789"})
    for path in ("/challenge", "/allocate-slot"):
        assert occd.request("POST", path).status == 401
        assert occd.request("POST", path, None, {"Authorization": "Bearer secret-of-this-test-0123456789"}).status == 200


def test_rules_of_a_boundary_elsewhere_are_its_own(start, folder):
    enclave = Program([BIN / "occ-enclave", "--listen", f"unix:{folder}/boundary", "--chains", "theirs"])
    enclave.wait_event("epoch begins")
    occd = start("--boundary", f"unix:{folder}/boundary", "--chains", "ours")
    warning = occd.wait_event("a setting without effect: the boundary is not a child of ours")
    assert (warning["level"], warning["setting"]) == ("warn", "--chains")
    assert occd.commit(digest_of(1), chainId="theirs")
    check_refused(occd, {"digests": [digest_of(1)], "chainId": "ours"}, "chain")
    occd.stop()
    enclave.stop()


def test_rules_of_a_child(start):
    """rp-id and origin go to it together; one alone is for POST /verify, and no reason for the child not to start."""
    for arguments in (("--rp-id", "example.com"), ("--origin", "https://example.com"),
                      ("--rp-id", "example.com", "--origin", "https://example.com", "--webauthn-compat")):
        occd = start(*arguments)
        assert occd.commit(digest_of(1))
        words = pathlib.Path(f"/proc/{occd.boundary_pid()}/cmdline").read_bytes().decode().split("\0")[3:-1]
        assert words == ([] if len(arguments) == 2 else list(arguments))
        occd.stop()


# ---- the room that an answer is reckoned to need ----


def reckoned(occd, body):
    tool = ROOT / "build" / "debug" / "tests" / "answer_len_tool"
    assert tool.exists(), f"{tool}: build the debug preset"
    measurement = occd.get("/key").json()["measurement"]
    run = subprocess.run([tool, str(len(measurement.encode()))], input=json.dumps(body).encode(), env=environment(),
                         stdout=subprocess.PIPE, check=True)
    return int(run.stdout)


def test_no_answer_is_longer_than_reckoned(start):
    """DESIGN §4, promise 5: memory is bounded by what is reckoned before anything is signed."""
    chain = "c" * 64
    occd = start("--chains", chain)
    values = {name: {"text": "é" * 500, "list": [1e21, 0.1, True, None]} for name in ("attribution", "policy", "principal", "metadata")}
    one = digest_of(1)
    bodies = [
        {"digests": [one]},
        {"digests": [one] * 50},
        {"digests": [one] * 50, **values},
        {"digests": [one] * 50, "chainId": chain},
        {"digests": [{**one, "metadata": {"own": "x" * 1000}}, one], "metadata": {"shared": 1}},
        {"digests": [{**one, "slotId": slot_of(occd)["slotId"]} for _ in range(20)]},
        {"digests": [{**one, "slotId": slot_of(occd, chain)["slotId"]} for _ in range(20)], "chainId": chain},
        {"digests": [one], "agency": agency_for(occd, one)},
        {"digests": [{**one, "agency": agency_for(occd, one), "slotId": slot_of(occd, chain)["slotId"]} for _ in range(5)],
         "chainId": chain, **values},
    ]
    for body in bodies:
        bound = reckoned(occd, body)
        answer = occd.post("/commit", body)
        assert answer.status == 200, answer.body
        texts = len(answer.body) - 1 - len(body["digests"])  # without brackets and commas
        assert texts <= bound, body
        assert bound <= 1.5 * texts + 4096, "reckoned by far too much"


def test_the_first_proof_of_an_epoch(start, folder):
    """It carries the link to the ledger's last proof of its chain, and that is reckoned with, too."""
    before, proofs = start(*CHAINS), []
    for members in ({}, {"chainId": "occ:main"}):
        proofs += before.commit(digest_of(1), **members)
    before.stop()
    after = start(*CHAINS)
    for members in ({}, {"chainId": "occ:main", "principal": {"id": "u"}}):
        slot = slot_of(after, members.get("chainId"))["slotId"]
        body = {"digests": [{**digest_of(2), "slotId": slot}], **members}
        bound = reckoned(after, body)
        answer = after.post("/commit", body)
        assert answer.status == 200, answer.body
        assert "epochLink" in answer.json()[0]["commit"]
        assert len(answer.body) - 2 <= bound
        proofs += answer.json()
    found = verify_parts(folder, proofs)
    assert (found["epochLinks"], found["slots"]) == (2, 2)
