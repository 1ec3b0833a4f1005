"""Idempotency-Key: a commit that is sent again is one commit, whatever dies in between."""
import hashlib
import json
import os
import resource
import signal
import socket
import threading

import pytest

from harness import Enclave, Occd, digest_of, wait_for

pytestmark = pytest.mark.sanitized


def send(occd, key, *digests, token=None, raw=None):
    body = raw if raw is not None else json.dumps({"digests": list(digests)}).encode()
    headers = {"Idempotency-Key": key} if key is not None else {}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    return occd.post("/commit", body, headers)


def is_replay(answer):
    return answer.header("Idempotent-Replay") == "true"


def counters(answer):
    assert answer.status == 200, (answer.status, answer.body)
    return [int(proof["commit"]["counter"]) for proof in answer.json()]


def test_the_same_again(occd):
    first = send(occd, "k1", digest_of(1), digest_of(2), digest_of(3))
    assert counters(first) == [1, 2, 3] and not is_replay(first)
    for key in ("k1", '"k1"'):  # RFC 8941: a quoted string stands for what is in it
        again = send(occd, key, digest_of(1), digest_of(2), digest_of(3))
        assert again.status == 200 and again.body == first.body and is_replay(again)
    assert counters(send(occd, "k2", digest_of(1), digest_of(2), digest_of(3))) == [4, 5, 6]
    assert counters(send(occd, None, digest_of(1))) == [7]


def test_a_large_batch_again(occd):
    digests = [digest_of(number) for number in range(1000)]
    first = send(occd, "large", *digests)
    assert counters(first) == list(range(1, 1001))
    again = send(occd, "large", *digests)
    assert again.body == first.body and is_replay(again)


def test_answers_again_that_nobody_reads(occd):
    """Long answers that are asked for again, all at once, by clients that do not take them: together they stay within 64 MiB."""
    keys = [f"long-{number}" for number in range(9)]
    bodies = [json.dumps({"digests": [digest_of(f"{key} {n}") for n in range(900)], "metadata": {"x": 15000 * "y"}}).encode() for key in keys]
    length = sum(len(send(occd, key, raw=body).body) for key, body in zip(keys, bodies))
    assert length > 96 << 20
    wires = [occd.connect() for _ in keys]
    try:
        for wire, key, body in zip(wires, keys, bodies):
            wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            wire.send(f"POST /commit HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nIdempotency-Key: {key}\r\n"
                      f"Content-Length: {len(body)}\r\n\r\n".encode() + body[:-1])
        for wire, body in zip(wires, bodies):  # so that all are looked up before the first answer is there
            wire.send(body[-1:])
        for wire in wires:
            wait_for(lambda wire=wire: wire.socket.recv(1, socket.MSG_PEEK), what="the first byte of an answer")
        heads = [wire.socket.recv(12, socket.MSG_PEEK) for wire in wires]
        given = heads.count(b"HTTP/1.1 200")
        # The system's buffers hold a part of each answer, so that some more of them find room.
        assert heads.count(b"HTTP/1.1 503") == len(wires) - given and 1 <= given <= 7, heads
    finally:
        for wire in wires:
            wire.close()
    assert is_replay(wait_for(lambda: (lambda answer: answer if answer.status == 200 else None)(send(occd, keys[0], raw=bodies[0]))))


def test_without_api_keys_nobody_blocks_another(occd):
    first = send(occd, "k", digest_of(1))
    other = send(occd, "k", digest_of(2))
    assert counters(other) == [2] and not is_replay(other)
    assert send(occd, "k", digest_of(1)).body == first.body
    assert send(occd, "k", digest_of(2)).body == other.body


def test_scope_is_the_api_key(folder):
    path = folder / "keys"
    path.write_text("".join(f"{name} {hashlib.sha256(name.encode()).hexdigest()}\n" for name in ("alice", "bob")))
    occd = Occd(folder / "data", "--api-keys", path)
    try:
        first = send(occd, "k", digest_of(1), token="alice")
        assert counters(first) == [1]
        other_body = send(occd, "k", digest_of(2), token="alice")
        assert other_body.status == 422 and "Idempotency-Key" in other_body.error()
        # Another spelling of the same JSON is another body.
        assert send(occd, "k", token="alice", raw=json.dumps({"digests": [digest_of(1)]}, indent=1).encode()).status == 422
        bob = send(occd, "k", digest_of(2), token="bob")
        assert counters(bob) == [2] and not is_replay(bob)
        assert send(occd, "k", digest_of(1), token="alice").body == first.body
        assert send(occd, "k", digest_of(1)).status == 401
    finally:
        occd.stop()


@pytest.mark.parametrize("value", ["", '""', "a b", '"open', '"a"b', '"a\\b"', "é", "x" * 256])
def test_malformed_keys(occd, value):
    answer = occd.request(
        "POST", "/commit", json.dumps({"digests": [digest_of(1)]}).encode(), {"Content-Type": "application/json", "Idempotency-Key": value}
    )
    assert answer.status == 400 and answer.error().startswith("Idempotency-Key: "), answer.body
    assert counters(send(occd, "x" * 255, digest_of(1))) == [1]


def test_sent_twice(occd):
    body = json.dumps({"digests": [digest_of(1)]}).encode()
    head = (
        f"POST /commit HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        "Idempotency-Key: a\r\nIdempotency-Key: a\r\n\r\n"
    )
    with occd.connect() as wire:
        wire.send(head.encode() + body)
        answer = wire.answer()
    assert answer.status == 400 and answer.error() == "Idempotency-Key: sent more than once"


def test_refusals_are_not_remembered(occd):
    bad = send(occd, "k", {"digestB64": "AAAA", "hashAlg": "sha256"})
    assert bad.status == 400
    assert send(occd, "k", {"digestB64": "AAAA", "hashAlg": "sha256"}).status == 400
    assert counters(send(occd, "k", digest_of(1))) == [1]


def both(occd, *calls):
    """Runs the calls at the same time; their answers in order."""
    answers = [None] * len(calls)

    def run(number, call):
        answers[number] = call()

    threads = [threading.Thread(target=run, args=item) for item in enumerate(calls)]
    for thread in threads:
        thread.start()
    return threads, answers


def test_the_second_waits_for_the_first(occd):
    child = occd.boundary_pid()
    os.kill(child, signal.SIGSTOP)
    try:
        threads, answers = both(occd, *[lambda: send(occd, "k", digest_of(1))] * 5)
        # All five have arrived, and none is answered: none can be while the boundary sleeps.
        wait_for(lambda: connections(occd) >= 5, what="five requests under way")
        assert answers == [None] * 5
    finally:
        os.kill(child, signal.SIGCONT)
    for thread in threads:
        thread.join(60)
    assert len({answer.body for answer in answers}) == 1 and all(answer.status == 200 for answer in answers)
    assert sorted(is_replay(answer) for answer in answers) == [False, True, True, True, True]
    assert counters(send(occd, None, digest_of(2))) == [2]


def connections(occd):
    """Established TCP connections of the server's port."""
    port = f":{occd.port:04X}"
    with open("/proc/net/tcp") as table:
        rows = [line.split() for line in table.readlines()[1:]]
    return sum(1 for row in rows if row[1].endswith(port) and row[3] == "01")


def test_a_client_that_went_away_finds_its_proofs(occd):
    child = occd.boundary_pid()
    os.kill(child, signal.SIGSTOP)
    try:
        body = json.dumps({"digests": [digest_of(1)]}).encode()
        with occd.connect() as wire:
            wire.send(
                f"POST /commit HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
                "Idempotency-Key: gone\r\n\r\n".encode()
                + body
            )
    finally:
        os.kill(child, signal.SIGCONT)
    answer = wait_for(lambda: send(occd, "gone", digest_of(1)))
    assert counters(answer) == [1]
    assert counters(send(occd, None, digest_of(2))) == [2]


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_after_a_restart(folder, how):
    first_run = Occd(folder / "data")
    first = send(first_run, "k", digest_of(1), digest_of(2))
    assert counters(first) == [1, 2]
    first_run.signal(how)
    first_run.wait()
    occd = Occd(folder / "data")
    again = send(occd, "k", digest_of(1), digest_of(2))
    assert again.body == first.body and is_replay(again)
    assert counters(send(occd, "other", digest_of(1))) == [3]
    occd.stop()


@pytest.fixture
def enclave(folder):
    program = Enclave(folder / "b.sock")
    yield program
    program.stop()


def fill_disk(occd):
    """Nothing can be written to a file any more, and whoever tries hears of it."""
    resource.prlimit(occd.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))


def make_room(occd):
    resource.prlimit(occd.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def test_signed_and_not_durable_when_the_parent_dies(folder, enclave):
    """The key travels with the request through the boundary: it is known of a result that the ledger never saw."""
    first_run = Occd(folder / "data", "--boundary", enclave.where, "--access-log", "off")
    assert counters(send(first_run, None, digest_of(0))) == [1]
    fill_disk(first_run)
    lost = send(first_run, "k", digest_of(1), digest_of(2))
    assert lost.status == 500 and lost.json() == {"error": "internal server error"}
    refused = send(first_run, "k", digest_of(1), digest_of(2))
    assert refused.status == 503 and refused.header("Retry-After") and "ledger" in refused.error()
    first_run.kill()
    occd = Occd(folder / "data", "--boundary", enclave.where)
    again = send(occd, "k", digest_of(1), digest_of(2))
    assert counters(again) == [2, 3] and is_replay(again), "signed once, before"
    assert counters(send(occd, "k2", digest_of(1))) == [4]
    occd.stop()


def test_signed_and_durable_late(folder):
    occd = Occd(folder / "data", "--access-log", "off")
    assert counters(send(occd, None, digest_of(0))) == [1]
    fill_disk(occd)
    assert send(occd, "k", digest_of(1)).status == 500
    make_room(occd)
    wait_for(occd.is_healthy, what="the ledger is written again")
    again = send(occd, "k", digest_of(1))
    assert counters(again) == [2] and is_replay(again)
    occd.stop()
