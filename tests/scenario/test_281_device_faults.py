"""A device that fails, refuses, gives garbage, is slow, hangs or lies, at any moment: no proof without its document, nothing that
was given out is lost, counters have no gaps, and commits go on by themselves when the device is well again.
"""
import concurrent.futures
import json
import threading
import time

import pytest

from attested import Attested, SimEnclave, check_bindings, document_of, metric
from harness import check_chains, digest_of, occ, wait_for

WAITING_MODES = ("commit", "batch")
FAULTS = {"fail": "the simulated device fails", "refuse": "refuses Attestation: InternalError", "garbage": "not what was asked for",
          "truncated": "not what was asked for"}


def commit(occd, *digests):
    return occd.post("/commit", {"digests": list(digests)})


def documents_of(proofs):
    return {proof["environment"]["attestation"]["reportB64"] for proof in proofs}


def commit_when_well(occd, *digests):
    def look():
        answer = commit(occd, *digests)
        assert answer.status in (200, 503), answer.body
        return answer.json() if answer.status == 200 else None

    return wait_for(look, what="commits that go on")


def check_all(service, proofs, mode, folder):
    """Valid with their documents, and a chain without a gap."""
    path = folder / "proofs.json"
    path.write_text(json.dumps(proofs))
    run = occ("audit", "--json", "--sim-nitro-root", service.enclave.root, "--policy", '{"requireAttestation":true}', path)
    assert run.returncode == 0, run.stdout[-3000:]
    assert json.loads(run.stdout)["notes"] == [], "no gap, no copy"
    check_chains(proofs)
    check_bindings(proofs, mode)


@pytest.mark.sanitized
@pytest.mark.parametrize(("fault", "mode"), zip(FAULTS, ("commit", "batch", "commit", "batch")))
def test_a_device_that_gives_no_document(folder, fault, mode):
    with Attested(folder, mode) as service:
        proofs = service.occd.commit(digest_of(1), digest_of(2))
        service.enclave.fault(fault)
        answer = commit(service.occd, digest_of(3), digest_of(4))
        assert answer.status == 503 and answer.header("Retry-After") and FAULTS[fault] in answer.error(), answer.body
        health = wait_for(lambda: (lambda answer: answer if answer.status == 503 else None)(service.occd.get("/health")), what="/health")
        assert FAULTS[fault] in health.json()["error"], health.body
        again = commit(service.occd, digest_of(5))
        assert again.status == 503 and FAULTS[fault] in again.error()
        assert metric(service.occd, "occ_boundary_device_up") == 0
        assert service.occd.get("/key").status == 200
        assert service.occd.post("/verify", {"proof": proofs[0]}).json() == {"valid": True}
        service.enclave.fault("ok")
        proofs += commit_when_well(service.occd, digest_of(6), digest_of(7))
        wait_for(service.occd.is_healthy, what="/health")
        assert [proof["commit"]["counter"] for proof in proofs] == ["1", "2", "3", "4"]
        assert metric(service.occd, "occ_attestation_failures_total") >= 1
        check_all(service, proofs, mode, folder)
        service.stop()


def test_in_the_middle_of_a_request(folder):
    """Each proof has a document of its own, and the device fails after some of them: the request is refused whole."""
    with Attested(folder, "commit") as service:
        proofs = service.occd.commit(digest_of(1))
        service.enclave.fault("fail-after 50")
        answer = commit(service.occd, *[digest_of(f"middle {n}") for n in range(100)])
        assert answer.status == 503 and FAULTS["fail"] in answer.error(), answer.body
        service.enclave.fault("ok")
        proofs += commit_when_well(service.occd, digest_of(2))
        assert [proof["commit"]["counter"] for proof in proofs] == ["1", "2"]
        check_all(service, proofs, "commit", folder)
        service.stop()


@pytest.mark.parametrize("mode", WAITING_MODES)
@pytest.mark.parametrize("fault", ("wrong-user-data", "wrong-key", "wrong-pcr"))
def test_a_device_that_lies_stops_commits_until_a_restart(folder, mode, fault):
    with Attested(folder, mode) as service:
        proofs = service.occd.commit(digest_of(1))
        service.enclave.fault(f"{fault} 1")
        answer = commit(service.occd, digest_of(2))
        assert answer.status in (500, 503), answer.body
        for _ in range(2):
            assert commit(service.occd, digest_of(3)).status == 503
        health = service.occd.get("/health")
        assert health.status == 503 and "integrity" in health.json()["error"], health.body
        service.restart()
        proofs += service.occd.commit(digest_of(4))
        assert proofs[1]["commit"]["epochLink"]["prevEpochId"] == proofs[0]["commit"]["epochId"]
        assert proofs[1]["commit"]["counter"] == "2"
        check_all(service, proofs, mode, folder)
        service.stop()


@pytest.mark.sanitized
@pytest.mark.threads
@pytest.mark.parametrize("mode", WAITING_MODES)
def test_a_device_that_hangs(folder, mode):
    with Attested(folder, mode) as service:
        proofs = service.occd.commit(digest_of(1))
        service.enclave.fault("hang")
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            waiting = pool.submit(commit, service.occd, digest_of(2), digest_of(3))
            wait_for(lambda: metric(service.occd, "occ_attestation_waiting") == 2, what="proofs that wait")
            assert service.occd.post("/verify", {"proof": proofs[0]}).json() == {"valid": True}
            assert service.occd.get("/key").status == 200
            service.enclave.fault("ok")
            answer = waiting.result()
        assert answer.status in (200, 500, 503), answer.body  # 500, 503: longer than occd waits for its boundary
        proofs += answer.json() if answer.status == 200 else []
        proofs += commit_when_well(service.occd, digest_of(4))
        assert [proof["commit"]["counter"] for proof in proofs] == [str(n + 1) for n in range(len(proofs))]
        check_all(service, proofs, mode, folder)
        service.stop()


@pytest.mark.parametrize("mode", WAITING_MODES)
def test_a_device_that_hangs_is_told_of(folder, mode):
    """After some seconds what waits is refused with a sentence that says why, and so is all that comes, until it answers."""
    sentence = "the attestation device does not answer"
    with Attested(folder, mode) as service:
        proofs = service.occd.commit(digest_of(1))
        service.enclave.fault("hang")
        refused = commit(service.occd, digest_of(2))
        assert refused.status == 503 and refused.error() == sentence and refused.header("Retry-After"), refused.body
        health = service.occd.get("/health")
        assert health.status == 503 and health.json() == {"ok": False, "error": sentence}
        assert commit(service.occd, digest_of(2)).error() == sentence
        assert any(event.get("error") == sentence for event in service.enclave.events()), service.enclave.log()
        service.enclave.fault("ok")
        proofs += commit_when_well(service.occd, digest_of(2))
        assert service.occd.is_healthy()
        assert [proof["commit"]["counter"] for proof in proofs] == ["1", "2"]
        assert len({proof["commit"]["epochId"] for proof in proofs}) == 1
        check_all(service, proofs, mode, folder)


@pytest.mark.sanitized
def test_a_boundary_whose_device_hangs_still_ends(folder):
    with Attested(folder, "batch") as service:
        service.occd.commit(digest_of(1))
        service.enclave.fault("hang")
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(commit, service.occd, digest_of(2))
            wait_for(lambda: metric(service.occd, "occ_attestation_waiting") == 1, what="a proof that waits")
            service.enclave.stop()
            assert waiting.result().status in (500, 503)
        service.enclave = SimEnclave(folder, "batch")
        assert commit_when_well(service.occd, digest_of(3))[0]["commit"]["counter"] == "2"


# ---- time ----


@pytest.mark.sanitized
def test_the_documents_clock_counts(folder):
    """More than two seconds apart: commit.time follows the device, it is logged, and shown in metrics."""
    with Attested(folder, "batch") as service:
        proofs = service.occd.commit(digest_of(1))
        before = document_of(proofs[0]["environment"]["attestation"]["reportB64"])["timestamp"]
        assert abs(before - proofs[0]["commit"]["time"]) < 2000
        service.enclave.fault("clock +5000")
        proofs += service.occd.commit(digest_of(2))  # its document shows it
        proofs += service.occd.commit(digest_of(3))  # and this one is dated by it
        here = time.time() * 1000
        document = document_of(proofs[2]["environment"]["attestation"]["reportB64"])
        assert abs(document["timestamp"] - proofs[2]["commit"]["time"]) < 2000
        assert proofs[2]["commit"]["time"] > here + 2000
        assert any("clock" in event["message"] for event in service.enclave.events()), service.enclave.log()
        wait_for(lambda: abs(metric(service.occd, "occ_boundary_clock_offset_seconds") - 5) < 2, what="the metric")
        check_all(service, proofs, "batch", folder)
        service.stop()


def test_a_clock_that_goes_back_does_not_turn_time_back(folder):
    with Attested(folder, "batch", enclave=("--sim-delay", "1ms")) as service:
        service.enclave.fault("clock +60000")
        proofs = service.occd.commit(digest_of(1)) + service.occd.commit(digest_of(2))
        service.enclave.fault("clock 0")
        proofs += service.occd.commit(digest_of(3)) + service.occd.commit(digest_of(4))
        times = [proof["commit"]["time"] for proof in proofs]
        assert times == sorted(times)
        check_all(service, proofs, "batch", folder)


def test_the_keys_document_is_renewed_before_its_certificate_ends(folder):
    with Attested(folder, "epoch", enclave=("--sim-leaf", "4s")) as service:
        proofs = service.occd.commit(digest_of("epoch 0"))
        for n in range(1, 3):
            wait_for(lambda: proofs.extend(service.occd.commit(digest_of(time.monotonic()))) or len(documents_of(proofs)) > n,
                     step=0.2, what="a newer document")
        assert len({proof["commit"]["epochId"] for proof in proofs}) == 1
        check_all(service, proofs, "epoch", folder)
        service.stop()


def test_a_key_whose_document_cannot_be_renewed_commits_until_that_ends(folder):
    with Attested(folder, "epoch", enclave=("--sim-leaf", "4s")) as service:
        proofs = service.occd.commit(digest_of("epoch 0"))
        service.enclave.fault("fail")
        refused = wait_for(lambda: (lambda answer: answer if answer.status == 503 else proofs.extend(answer.json()))
                           (commit(service.occd, digest_of(time.monotonic()))), what="the document's end")
        assert "the simulated device fails" in refused.error()
        service.enclave.fault("ok")
        proofs += commit_when_well(service.occd, digest_of("epoch 1"))
        check_all(service, proofs, "epoch", folder)


# ---- restarts ----


@pytest.mark.parametrize("mode", ("commit", "batch", "epoch"))
def test_epochs_link_over_attested_proofs(folder, mode):
    with Attested(folder, mode) as service:
        proofs = service.occd.commit(digest_of(1), digest_of(2))
        for n in range(2):
            service.restart_enclave()
            proofs += commit_when_well(service.occd, digest_of(f"{mode} {n}"))
        links = [proof["commit"].get("epochLink", {}).get("prevEpochId") for proof in proofs]
        assert links[2] == proofs[0]["commit"]["epochId"] and links[3] == proofs[2]["commit"]["epochId"]
        assert [proof["commit"]["counter"] for proof in proofs] == ["1", "2", "3", "4"]
        check_all(service, proofs, mode, folder)
        service.stop()


def test_a_link_to_another_simulation_is_refused(folder):
    """The boundary verifies its predecessor's document under its own simulation's root."""
    with Attested(folder, "batch") as service:
        service.occd.commit(digest_of(1))
        service.enclave.kill()
        for name in ("root.pem", "root.key"):
            (folder / "ca" / name).unlink()
        service.enclave = SimEnclave(folder, "batch")
        event = service.occd.wait_event("epoch not linked")
        assert "--genesis" in event["error"], event
        assert commit(service.occd, digest_of(2)).status == 503
        assert "--genesis" in service.occd.get("/health").json()["error"]


# ---- all of it at once ----


@pytest.mark.sanitized
@pytest.mark.threads
@pytest.mark.parametrize("mode", WAITING_MODES)
def test_faults_under_load(folder, mode):
    """Clients commit, the device has one fault after the other, and once it is lost with its boundary."""
    delivered, stop, lock = [], threading.Event(), threading.Lock()
    with Attested(folder, mode) as service:

        def client(number):
            for n in range(10**6):
                if stop.is_set():
                    return
                try:
                    answer = commit(service.occd, *[digest_of(f"{number} {n} {k}") for k in range(1 + n % 3)])
                except OSError:
                    continue
                assert answer.status in (200, 500, 503), answer.body
                if answer.status == 200:
                    with lock:
                        delivered.extend(answer.json())

        clients = [threading.Thread(target=client, args=(number,)) for number in range(6)]
        for thread in clients:
            thread.start()
        for fault in ("delay 3", "fail 1", "garbage 1", "delay 0", "refuse 2", "truncated 1"):
            had = len(delivered)
            wait_for(lambda: len(delivered) > had + 5, what="proofs between faults")
            service.enclave.fault(fault)
        service.restart_enclave()
        had = len(delivered)
        wait_for(lambda: len(delivered) > had + 5, what="proofs of the second epoch")
        stop.set()
        for thread in clients:
            thread.join()
        service.stop()
    path = folder / "delivered.json"
    path.write_text(json.dumps(delivered))
    policy = '{"requireAttestation":true}'
    run = occ("audit", "--json", "--ledger", folder / "data", "--sim-nitro-root", service.enclave.root, "--policy", policy)
    summary = json.loads(run.stdout)
    assert run.returncode == 0 and summary["chainCount"] == 2, run.stdout[-3000:]
    kept = occ("export", "--ledger", folder / "data").stdout.splitlines()
    assert {json.dumps(proof, sort_keys=True) for proof in delivered} <= {json.dumps(json.loads(text), sort_keys=True) for text in kept}
    counters = sorted(int(json.loads(text)["commit"]["counter"]) for text in kept)
    assert counters == list(range(1, len(kept) + 1)), "a counter is missing"
