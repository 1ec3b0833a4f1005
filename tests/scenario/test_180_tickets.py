"""The real occ-enclave, sealed, and a parent that speaks its frames: chains, challenges, agencies, slots, signed values, and
epochs that go on from one another. What comes out is judged by `occ verify`, by `occ audit`, and by a Node script that was
written from the protocol's description alone.
"""
import base64
import hashlib
import json
import subprocess
import sys
import time

import pytest

from frames import AGENCY, ALLOCATION, ATTRIBUTION, CHAIN, CHALLENGE, ISSUE, METADATA, POLICY, PRINCIPAL, SLOT, Parent, Refused, frame
from harness import BIN, PRESET, ROOT, Program, environment, node, occ, status_of, wait_for

sys.path.insert(0, str(ROOT / "tests" / "interop"))
from judges import VECTORS, compare, text_of  # noqa: E402

pytestmark = pytest.mark.sanitized

CHALLENGE_UNKNOWN, CHALLENGE_USED, AGENCY_TIME, AGENCY_BARE, SLOT_UNKNOWN, SLOT_USED, CHAIN_UNKNOWN, LINK_REFUSED = 70, 72, 73, 74, 75, 77, 78, 79
FIELD_TYPE, FIELD_VALUE, ACTOR_KEY, ACTOR_DIGEST, WEBAUTHN_RP_ID, WEBAUTHN_ORIGIN = 61, 63, 110, 113, 123, 124
RULES = ("--chains", "photos,b:2", "--rp-id", "example.com", "--origin", "https://example.com")


def digest(number):
    return hashlib.sha256(f"ticket {number}".encode()).digest()


def b64(data):
    return base64.b64encode(data).decode()


@pytest.fixture
def boundary(folder):
    """boundary(*arguments) starts one, on a socket of its own; all of them end in good order."""
    started = []

    def make(*arguments):
        path = folder / f"{len(started)}.sock"
        program = Program([BIN / "occ-enclave", "--listen", f"unix:{path}", *arguments])
        started.append(program)
        wait_for(lambda: path.exists() or program.process.poll() is not None, what=program.log())
        assert program.process.poll() is None, program.log()
        begun = program.wait_event("epoch begins")
        assert begun["sandbox"] == ("full" if PRESET == "release" else "reduced")
        program.path = path
        return program

    yield make
    for program in started:
        program.stop()


@pytest.fixture(scope="module")
def device():
    """device(form=…, challenge=…, number=…): an agency that Node made for digest(number)."""
    process = subprocess.Popen([node(20), str(ROOT / "tests" / "interop" / "authorize.mjs")], env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def authorize(number, challenge, form="direct", **wishes):
        wish = {"form": form, "challenge": challenge, "digestB64": b64(digest(number)), "timestamp": int(time.time() * 1000), **wishes}
        process.stdin.write(json.dumps(wish).encode() + b"\n")
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    yield authorize
    process.stdin.close()
    assert process.wait(30) == 0


def judged_valid(folder, texts):
    verdicts = compare(folder, [(f"proof {i}", text) for i, text in enumerate(texts)])
    assert set(verdicts.values()) == {(True, None)}, verdicts


def audited(folder, texts):
    """The whole of it, as a ledger."""
    path = folder / "ledger.jsonl"
    path.write_text("".join(text + "\n" for text in texts))
    result = occ("audit", path)
    assert result.returncode == 0, result.stdout.decode() + result.stderr.decode()


def commit_everything(parent, device, start):
    """A proof of every kind on two chains, in the order of their making."""
    values = [(ATTRIBUTION, {"name": "Jane", "message": "m", "ä€😀": [1, 1e21, None]}), (POLICY, {"name": "P"}), (PRINCIPAL, {"id": "u1"})]
    proofs = parent.commit(digest(start), digest(start + 1), shared=[(METADATA, {"source": "my-app"})])
    proofs += parent.commit((digest(start), [(METADATA, {"1": "allowed here"})]), shared=values)
    for chain in ("", "photos"):
        shared = [(CHAIN, chain.encode())] if chain else []
        slots = [parent.issue(ALLOCATION, chain) for _ in range(3)]
        own = [(SLOT, slot["slotId"].encode()) for slot in (slots[2], slots[0])]
        agencies = [(AGENCY, device(start + i, parent.challenge(), form)) for i, form in enumerate(("direct", "strong"))]
        proofs += parent.commit((digest(start), [agencies[0], own[0]]), (digest(start + 1), [own[1], agencies[1]]), shared=shared + values)
        proofs += parent.commit(digest(start), shared=[*shared, (AGENCY, device(start, parent.challenge(), protocolVersion="occ/1"))])
        with pytest.raises(Refused) as refused:
            parent.commit((digest(start), [own[0]]), shared=shared)
        assert refused.value.code == SLOT_USED and refused.value.text.startswith("digests[0].slotId: ")
        assert json.loads(proofs[-3])["slotAllocation"] == slots[2]["slot"]
        assert json.loads(proofs[-2])["slotAllocation"] == slots[0]["slot"]
    return proofs


def newest(proofs, chain=None):
    return [text for text in proofs if json.loads(text)["commit"].get("chainId") == chain][-1]


def test_epochs_with_everything(boundary, device, folder):
    proofs, before = [], {}
    for epoch in range(3):
        with Parent(boundary(*RULES).path) as parent:
            assert set(parent.heads) == {"", "photos", "b:2"} and {counter for counter, _ in parent.heads.values()} == {0}
            if before:
                parent.link(**before)
                parent.link(**before)  # a parent that did not hear the answer
            made = commit_everything(parent, device, 100 * epoch)
            if before:
                for name, chain in (("default", None), ("photos", "photos")):
                    last = json.loads(before[name])
                    first = next(proof for proof in map(json.loads, made) if proof["commit"].get("chainId") == chain)
                    link = first["commit"]["epochLink"]
                    assert link["prevCounter"] == last["commit"]["counter"] and link["prevEpochId"] == last["commit"]["epochId"]
                    assert int(first["commit"]["counter"]) > int(last["commit"]["counter"]) and "prevB64" not in first["commit"]
                with pytest.raises(Refused) as refused:
                    parent.link(**before)
                assert refused.value.code == LINK_REFUSED and "has proofs of this epoch already" in refused.value.text
            proofs += made
            before = {"default": newest(made), "photos": newest(made, "photos")}
    judged_valid(folder, proofs)
    audited(folder, proofs)


def test_given_again_to_the_byte(boundary, device):
    program = boundary(*RULES)
    with Parent(program.path) as parent:
        commit_everything(parent, device, 0)
        parent.acknowledge(2)
        parent.ping()
    with Parent(program.path) as parent:
        parent.ping()
        again = parent.given_again
        assert [outcome.position for outcome in again] == list(range(3, parent.last_position + 1)) and parent.acknowledged == 2
        texts = [text for outcome in again for text in outcome.proofs]
        assert {outcome.chain for outcome in again} == {"", "photos"}
        for outcome in again:
            for (counter, hashed), text in zip(outcome.places, outcome.proofs):
                proof = json.loads(text)
                assert proof["commit"]["counter"] == str(counter) and proof["artifact"]["digestB64"] == b64(hashed)
                assert proof["commit"].get("chainId", "") == outcome.chain
        for chain, (counter, link_hash) in parent.heads.items():
            if chain != "b:2":
                last = newest(texts, chain or None)
                assert json.loads(last)["commit"]["counter"] == str(counter) and hashlib.sha256(last.encode()).digest() == link_hash


REFUSALS = [  # wishes, code, beginning of the sentence
    ({"form": "direct", "timestamp": "1741496392841"}, FIELD_TYPE, "agency.authorization.timestamp: a string, expected a number"),
    ({"form": "direct", "timestamp": 1741496392841}, AGENCY_TIME, "agency.authorization.timestamp: too far behind the boundary's clock"),
    ({"form": "direct", "digestB64": b64(digest(99))}, ACTOR_DIGEST, "agency: the authorization is about another artifact"),
    ({"form": "direct", "key": "P-384"}, ACTOR_KEY, "agency.actor.publicKeyB64: expected a P-256 key"),
    ({"form": "direct", "key": "RSA"}, ACTOR_KEY, "agency.actor.publicKeyB64: expected a P-256 key"),
    ({"form": "strong", "origin": "https://example.org"}, WEBAUTHN_ORIGIN, "agency"),
    ({"form": "strong", "rpId": "example.org"}, WEBAUTHN_RP_ID, "agency"),
    ({"form": "strong", "digestB64": b64(digest(99))}, ACTOR_DIGEST, "agency: the authorization is about another artifact"),
    ({"form": "strong", "timestamp": "now"}, FIELD_TYPE, "agency.authorization.timestamp: a string, expected a number"),
    ({"form": "strong", "key": "P-384"}, ACTOR_KEY, "agency.actor.publicKeyB64: expected a P-256 key"),
    ({"form": "bare"}, AGENCY_BARE, "agency.authorization.nonceB64: missing"),
]


def heads_of(program):
    with Parent(program.path) as parent:
        return parent.heads


def test_refusals(boundary, device):
    """Each is refused with its code, in clear words, spends its challenge, and moves no counter."""
    program = boundary(*RULES)
    for wishes, code, words in REFUSALS:
        with Parent(program.path) as parent:
            challenge = parent.challenge()
            agency = device(1, challenge, **wishes)
            for shared, own, prefix in (([(AGENCY, agency)], [], ""), ([], [(AGENCY, device(1, parent.challenge(), **wishes))], "digests[0].")):
                with pytest.raises(Refused) as refused:
                    parent.commit((digest(1), own), shared=shared)
                assert refused.value.code == code and refused.value.text.startswith(prefix + words), (wishes, refused.value)
            with pytest.raises(Refused) as refused:
                parent.commit(digest(1), shared=[(AGENCY, device(1, challenge))])
            assert refused.value.code == CHALLENGE_USED, wishes
        assert {counter for counter, _ in heads_of(program).values()} == {0}


def test_replays(boundary, device):
    program = boundary(*RULES)
    with Parent(program.path) as parent:
        for form in ("direct", "strong"):
            agency = device(1, parent.challenge(), form)
            parent.commit(digest(1), shared=[(AGENCY, agency)])
            for _ in range(2):
                with pytest.raises(Refused) as refused:
                    parent.commit(digest(1), shared=[(AGENCY, agency)])
                assert refused.value.code == CHALLENGE_USED and "the challenge was used before" in refused.value.text
        unused, slot = parent.challenge(), parent.issue(ALLOCATION, "photos")
    heads = heads_of(program)
    assert heads[""][0] == 2 and heads["photos"][0] == 0
    with Parent(program.path) as parent:  # what was given out to one session is good in the next
        parent.commit((digest(2), [(SLOT, slot["slotId"].encode())]), shared=[(CHAIN, b"photos"), (AGENCY, device(2, unused))])
    with Parent(boundary(*RULES).path) as parent:  # and unknown in the next epoch
        with pytest.raises(Refused) as refused:
            parent.commit(digest(1), shared=[(AGENCY, device(1, unused))])
        assert refused.value.code == CHALLENGE_UNKNOWN
        with pytest.raises(Refused) as refused:
            parent.commit((digest(1), [(SLOT, slot["slotId"].encode())]), shared=[(CHAIN, b"photos")])
        assert refused.value.code == SLOT_UNKNOWN
        with pytest.raises(Refused) as refused:
            parent.commit(digest(1), shared=[(CHAIN, b"nobody")])
        assert refused.value.code == CHAIN_UNKNOWN
        assert {counter for counter, _ in parent.heads.values()} == {0}


def test_compat_and_none(boundary, device, folder):
    """The bare form only where it is asked for; no WebAuthn where nothing says for whom it may be."""
    with Parent(boundary(*RULES, "--webauthn-compat").path) as parent:
        proofs = parent.commit(digest(1), shared=[(AGENCY, device(1, parent.challenge(), "bare"))])
        judged_valid(folder, proofs)
    with Parent(boundary().path) as parent:
        assert list(parent.heads) == [""]
        for form in ("bare", "strong"):
            with pytest.raises(Refused) as refused:
                parent.commit(digest(1), shared=[(AGENCY, device(1, parent.challenge(), form))])
            assert refused.value.code == FIELD_VALUE and "takes no WebAuthn" in refused.value.text
        parent.commit(digest(1), shared=[(AGENCY, device(1, parent.challenge()))])


def test_links_that_are_refused(boundary, device):
    with Parent(boundary(*RULES).path) as parent:
        first, last = parent.commit(digest(1), digest(2))
    with Parent(boundary(*RULES).path) as parent:
        wrong = json.loads(last)
        wrong["commit"]["counter"] = "7"
        for text in (json.dumps(wrong), last.replace('"counter"', '"count"'), "{}", last + last):
            with pytest.raises(Refused) as refused:
                parent.link(default=text)
            assert refused.value.code == LINK_REFUSED and refused.value.text.startswith("the default chain: "), refused.value
        with pytest.raises(Refused) as refused:
            parent.link(default=last, photos=last)
        assert refused.value.code == LINK_REFUSED
        (proof,) = parent.commit(digest(3))
        assert json.loads(proof)["commit"]["counter"] == "1" and "epochLink" not in json.loads(proof)["commit"]


@pytest.mark.skipif(not VECTORS.exists(), reason="the public vectors are not here")
def test_goes_on_from_a_real_attested_proof(boundary, folder):
    """Verified inside the sealed boundary: a Nitro document, its certificates up to AWS's root, a slot, and a WebAuthn agency."""
    for name in ("tee-direct", "tee-webauthn"):
        real = text_of(name)
        with Parent(boundary().path) as parent:
            damaged = json.loads(real)
            report = bytearray(base64.b64decode(damaged["environment"]["attestation"]["reportB64"]))
            report[-1] ^= 1
            damaged["environment"]["attestation"]["reportB64"] = b64(bytes(report))
            with pytest.raises(Refused) as refused:
                parent.link(default=json.dumps(damaged))
            assert refused.value.code == LINK_REFUSED and "attestation signature verification failed" in refused.value.text
            parent.link(default=real)
            proofs = parent.commit(digest(1))
            link = json.loads(proofs[0])["commit"]["epochLink"]
            assert link["prevEnforcement"] == "measured-tee" and link["prevCounter"] == json.loads(real)["commit"]["counter"]
            judged_valid(folder, proofs)


@pytest.mark.skipif(PRESET != "release", reason="a sanitizer keeps memory that was given back")
def test_challenges_cost_no_memory(boundary):
    program = boundary()
    count, step = 1000000, 4000  # answers that fit the sockets: while much is unsent the boundary reads nothing
    frames = b"".join(frame(ISSUE, number, bytes([CHALLENGE, 0, 0])) for number in range(1, step + 1))
    answer = 16 + 2 + 4 + len('{"challenge":""}') + 44

    def memory():
        return int(status_of(program.pid)["VmRSS"].split()[0])

    with Parent(program.path) as parent:
        before = None
        for _ in range(count // step):
            parent.socket.sendall(frames)
            left = step * answer
            while left > 0:
                data = parent.socket.recv(min(left, 1 << 20))
                assert data
                left -= len(data)
            before = before or memory()
        assert memory() - before < 4096  # KiB
        parent.ping()
