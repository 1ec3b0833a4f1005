"""GET /key: the document at hand, one for a caller's nonce, what is refused, and what counts."""
import base64
import concurrent.futures
import os

import pytest

from attested import Attested, document_of
from harness import Wire, occ, wait_for

pytestmark = pytest.mark.sanitized


def ask(service, nonce):
    return service.occd.get("/key?nonce=" + base64.b64encode(nonce).decode().replace("+", "%2B"))


def nonce_in(answer):
    assert answer.status == 200, answer.body
    return document_of(answer.json()["attestation"]["reportB64"])["nonce"]


def test_the_document_at_hand(folder):
    with Attested(folder, "epoch") as service:
        key = wait_for(lambda: (lambda found: found if "attestation" in found else None)(service.occd.get("/key").json()), what="a document")
        document = document_of(key["attestation"]["reportB64"])
        assert document["nonce"] is None and document["public_key"] == base64.b64decode(key["publicKeyB64"])
        assert list(key) == ["publicKeyB64", "measurement", "enforcement", "epochId", "attestation"]
        with Wire(service.occd.address) as wire:
            head = wire.request("HEAD", "/key")
            assert head.status == 200 and not head.body


@pytest.mark.parametrize(
    "query, sentence",
    [
        ("nonce=AB==", "nonce: expected 1 to 512 bytes in canonical base64"),
        ("nonce=-_-_", "nonce: expected 1 to 512 bytes in canonical base64"),
        ("nonce=++++", "nonce: '+' may mean a space, expected %2B"),
        ("nonce=", "nonce: empty"),
        ("nonce=" + "AAAA" * 171, "nonce: expected 1 to 512 bytes"),
        ("nonce=" + "AAAA" * 172, "nonce: more than 684 bytes"),
        ("nonce=AA==&nonce=AA==", "nonce: given twice"),
        ("report=1", 'unknown parameter "report", expected nonce'),
    ],
)
def test_queries_that_are_refused(occd, query, sentence):
    answer = occd.get("/key?" + query)
    assert answer.status == 400 and answer.error().startswith(sentence), answer.body


def test_a_boundary_without_attestation(occd):
    answer = occd.get("/key?nonce=AAAA")
    assert answer.status == 400 and "no attestation" in answer.error()
    assert "attestation" not in occd.get("/key").json()


def test_each_caller_gets_its_own(folder):
    """Many at once, short and as long as can be; none is given another's, and those for whom there is no room are told so."""
    with Attested(folder, "batch") as service:
        assert nonce_in(ask(service, os.urandom(512)))
        nonces = [os.urandom(1 + n * 5) for n in range(100)]
        with concurrent.futures.ThreadPoolExecutor(32) as pool:
            answers = list(pool.map(lambda nonce: ask(service, nonce), nonces))
        for nonce, answer in zip(nonces, answers):
            assert answer.status in (200, 503)
            if answer.status == 200:
                assert nonce_in(answer) == nonce
            else:
                assert answer.header("Retry-After") and answer.error()
        assert any(answer.status == 200 for answer in answers)


def test_a_device_that_fails(folder):
    """The key is still told; a document for a nonce is not to be had."""
    with Attested(folder, "batch") as service:
        assert ask(service, b"one").status == 200
        service.enclave.fault("fail")
        answer = wait_for(lambda: (lambda found: found if found.status == 503 else None)(ask(service, os.urandom(16))), what="503")
        assert answer.header("Retry-After") and "fails" in answer.error(), answer.body
        assert service.occd.get("/key").status == 200
        service.enclave.fault("ok")
        wait_for(lambda: ask(service, b"two").status == 200, what="documents again")


def test_nonces_count_for_the_rate_limits(folder):
    with Attested(folder, "epoch", "--rate-address", "2/h") as service:
        for _ in range(5):
            assert service.occd.get("/key").status == 200
        assert nonce_in(ask(service, b"1")) == b"1" and nonce_in(ask(service, b"2")) == b"2"
        refused = ask(service, b"3")
        assert refused.status == 429 and refused.header("Retry-After")
        assert service.occd.get("/key").status == 200


def test_occ_key_with_a_nonce(folder, start):
    with Attested(folder, "batch") as service:
        root = service.enclave.root
        run = occ("key", "--server", service.occd.url, "--nonce", "--sim-nitro-root", root)
        assert run.returncode == 0 and b"about this key, with our nonce" in run.stdout and b"SIMULATED" in run.stdout, run
        run = occ("key", "--server", service.occd.url, "--nonce")
        assert run.returncode == 3 and b"SIMULATED" in run.stderr and not run.stdout, run
        for fault in ("wrong-nonce", "wrong-key", "wrong-pcr"):
            service.enclave.fault(f"{fault} 1")
            run = occ("key", "--server", service.occd.url, "--nonce", "--sim-nitro-root", root)
            assert run.returncode in (1, 3) and not run.stdout, (fault, run)  # the boundary sees it as well
            service.restart()
    run = occ("key", "--server", start().url, "--nonce")
    assert run.returncode == 3 and b"no attestation" in run.stderr, run
