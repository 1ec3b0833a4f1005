"""Limits: each is met exactly, passed by one, and what is full says so instead of growing."""
import json
import os
import signal
import socket
import threading
import time

import pytest

from harness import PRESET, Wire, digest_of, status_of, wait_for

pytestmark = pytest.mark.sanitized

HEADERS = b"Content-Type: application/json\r\n"


def kib(text):
    return int(text.split()[0])


def raw_commit(body):
    return b"POST /commit HTTP/1.1\r\nHost: x\r\n" + HEADERS + b"Content-Length: %d\r\n\r\n" % len(body) + body


def sized_metadata(length):
    """An object whose canonical text has that many bytes."""
    return {"a": "x" * (length - len('{"a":""}'))}


def nested(depth):
    value = 1
    for _ in range(depth):
        value = {"a": value}
    return value


def test_batch(occd):
    proofs = occd.commit(*[digest_of(n) for n in range(1000)])
    assert [proof["commit"]["counter"] for proof in proofs] == [str(n) for n in range(1, 1001)]
    assert [proof["artifact"] for proof in proofs] == [digest_of(n) for n in range(1000)]
    answer = occd.post("/commit", {"digests": [digest_of(0)] * 1001})
    assert answer.status == 400 and "1000" in answer.error().replace(",", "")
    assert occd.commit(digest_of(0))[0]["commit"]["counter"] == "1001"


def test_metadata_size(occd):
    proof = occd.commit(digest_of(0), metadata=sized_metadata(16384))[0]
    assert proof["metadata"] == sized_metadata(16384)
    answer = occd.post("/commit", {"digests": [digest_of(0)], "metadata": sized_metadata(16385)})
    assert answer.status == 400 and "metadata" in answer.error()
    # It is the canonical text that counts, not how it was written.
    blanks = b'{"digests":[%s],"metadata":{%s"a":1}}' % (json.dumps(digest_of(0)).encode(), b" " * 20000)
    assert occd.post("/commit", blanks).status == 200
    escapes = b'{"digests":[%s],"metadata":{"a":"%s"}}' % (json.dumps(digest_of(0)).encode(), b"\\u0041" * 10000)
    assert occd.post("/commit", escapes).status == 200
    growing = b'{"digests":[%s],"metadata":{"a":"%s"}}' % (json.dumps(digest_of(0)).encode(), b"\\u0001" * 2800)
    assert occd.post("/commit", growing).status == 400


def test_metadata_depth(occd):
    assert occd.commit(digest_of(0), metadata=nested(32))[0]["metadata"] == nested(32)
    assert occd.post("/commit", {"digests": [digest_of(0)], "metadata": nested(33)}).status == 400


def test_answer_size(occd):
    """1,000 proofs of 17 kB are more than 16 MiB: refused before a counter moves."""
    digests = [digest_of(n) for n in range(1000)]
    big = occd.post("/commit", {"digests": digests, "metadata": sized_metadata(16384)})
    assert big.status == 413
    big.error()
    below = occd.post("/commit", {"digests": digests, "metadata": sized_metadata(15000)})
    assert below.status == 200 and len(below.body) > 15_000_000
    assert below.json()[0]["commit"]["counter"] == "1"


def test_longest_report(occd):
    """A report names every member that is not signed, twice, with its path: as many as fit a body are still answered."""
    proof, = occd.commit(digest_of(1))
    proof["environment"].update((f"{n:08x}", 0) for n in range(321_500))
    answer = occd.post("/verify?report=1", json.dumps({"proof": proof}, separators=(",", ":")).encode())
    assert answer.status == 200 and len(answer.body) > 10_000_000
    assert len(answer.json()["report"]["proof"]["advisory"]) == 321_500


def test_unread_reports_leave_room_for_commits(occd):
    """Clients that ask for the longest reports and read none: some are told 503, and commits go on."""
    proof, = occd.commit(digest_of(1))
    proof["environment"].update((f"{n:08x}", 0) for n in range(321_500))
    body = json.dumps({"proof": proof}, separators=(",", ":")).encode()
    request = b"POST /verify?report=1 HTTP/1.1\r\nHost: x\r\n" + HEADERS + b"Content-Length: %d\r\n\r\n" % len(body) + body
    clients = []
    for _ in range(4):
        client = slow_client(occd).socket
        client.settimeout(60)
        client.sendall(request)
        client.recv(12, socket.MSG_PEEK)  # its answer is made
        clients.append(client)
    assert len(occd.commit(digest_of(2))) == 1
    assert {client.recv(12) for client in clients} == {b"HTTP/1.1 200", b"HTTP/1.1 503"}
    for client in clients:
        client.close()


def test_body_size(start):
    occd = start("--max-body", "64k")
    body = json.dumps({"digests": [digest_of(0)]}).encode()
    assert occd.post("/commit", body + b" " * (65536 - len(body))).status == 200
    assert occd.post("/commit", body + b" " * (65537 - len(body))).status == 413


def test_connections(start):
    occd = start("--max-connections", "10")

    def take_place():
        """A place may still be taken by the connection before, which the server has not seen closed yet."""
        wire = occd.connect()
        answer = wire.request("GET", "/key")
        return wire if answer is not None and answer.status == 200 else wire.close()

    wires = [wait_for(take_place) for _ in range(10)]
    with occd.connect() as one_more:
        answer = one_more.request("GET", "/key")
        assert answer is None or (answer.status == 503 and answer.header("Retry-After")), "refused"
        assert one_more.is_closed()
    assert wires[3].request("GET", "/key").status == 200, "the others are not disturbed"
    for wire in wires:
        wire.close()
    wait_for(lambda: occd.is_healthy())


def test_full_queue(start):
    """The boundary stands still: the queue fills up to its limit, the rest is refused at once, then all is well again."""
    occd = start("--queue", "8", "--boundary-timeout", "20s")
    occd.commit(digest_of(0))
    child = occd.boundary_pid()
    os.kill(child, signal.SIGSTOP)
    answers, wires = [], []
    try:
        for number in range(60):
            wire = occd.connect()
            wire.send(raw_commit(json.dumps({"digests": [digest_of(number)]}).encode()))
            wires.append(wire)

        def read(wire):
            answers.append(wire.answer())

        threads = [threading.Thread(target=read, args=(wire,)) for wire in wires]
        for thread in threads:
            thread.start()
        wait_for(lambda: len(answers) >= 30, what="refusals while the boundary stands still")
        assert all(answer.status == 503 and int(answer.header("Retry-After")) >= 1 for answer in list(answers))
        refused = len(answers)
    finally:
        os.kill(child, signal.SIGCONT)
    for thread in threads:
        thread.join()
    taken = [answer for answer in answers if answer.status == 200]
    assert len(answers) == 60 and len(taken) + sum(a.status == 503 for a in answers) == 60
    assert len(taken) >= 8 and refused >= 30
    counters = sorted(int(answer.json()[0]["commit"]["counter"]) for answer in taken)
    assert counters == list(range(2, 2 + len(taken))), "what was refused moved nothing"


def test_full_verify_queue(start):
    occd = start("--verify-queue", "2", "--verify-threads", "1")
    proof = occd.commit(digest_of(0), metadata=sized_metadata(16000))[0]
    body = json.dumps({"proof": proof, "policy": {"allowedMeasurements": ["x" * 100] * 9000}}).encode()
    request = b"POST /verify HTTP/1.1\r\nHost: x\r\n" + HEADERS + b"Content-Length: %d\r\n\r\n" % len(body) + body
    statuses = []

    def client():
        with occd.connect() as wire:
            for _ in range(5):
                wire.send(request)
                answer = wire.answer()
                statuses.append(answer.status)
                assert answer.status == 200 or answer.header("Retry-After")

    threads = [threading.Thread(target=client) for _ in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(statuses) == 120 and set(statuses) <= {200, 503} and 200 in statuses
    assert occd.is_healthy()


def slow_client(occd):
    """A connection with next to no room for answers."""
    wire = Wire.__new__(Wire)
    wire.data = b""
    wire.socket = socket.socket()
    wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    wire.socket.settimeout(5)
    wire.socket.connect((occd.host, occd.port))
    return wire


def test_slow_reader_is_dropped(start):
    """A client that asks and asks and takes nothing does not keep its place."""
    occd = start("--write-timeout", "1s", "--access-log", "off")
    with slow_client(occd) as wire:
        begin = time.monotonic()
        with pytest.raises(OSError):
            while time.monotonic() < begin + 20:
                wire.send(b"GET /key HTTP/1.1\r\nHost: x\r\n\r\n" * 1000)
        assert time.monotonic() < begin + 15
        with pytest.raises(ConnectionError):
            wire.send(b"x")
            time.sleep(0.2)
            wire.send(b"x")
    assert occd.is_healthy()


@pytest.mark.skipif(PRESET != "release", reason="sanitizers keep freed memory")
def test_many_slow_readers_of_long_answers(start):
    """Each asks for 10 MB and takes nothing: what is held for them all together is bounded."""
    occd = start("--access-log", "off")
    body = json.dumps({"digests": [digest_of(n) for n in range(1000)], "metadata": sized_metadata(10000)}).encode()
    wires = [slow_client(occd) for _ in range(40)]
    for wire in wires:
        try:
            wire.send(raw_commit(body))
        except OSError:
            pass  # refused early
    for _ in range(5):
        time.sleep(1)
        assert occd.is_healthy()
    high = kib(status_of(occd.pid)["VmHWM"]) // 1024
    for wire in wires:
        wire.close()
    assert high < 200, f"{high} MiB"


@pytest.mark.skipif(PRESET != "release", reason="sanitizers keep freed memory")
def test_memory_does_not_grow(start):
    occd = start("--access-log", "off")
    child = occd.boundary_pid()
    stop = threading.Event()

    def clients():
        batch = raw_commit(json.dumps({"digests": [digest_of(n) for n in range(50)], "metadata": sized_metadata(1000)}).encode())
        bad = raw_commit(b'{"digests":[]}')
        while not stop.is_set():
            with Wire(occd.address) as wire:
                for _ in range(20):
                    wire.send(batch + bad)
                    wire.answer()
                    wire.answer()

    threads = [threading.Thread(target=clients) for _ in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(4)
    first = [kib(status_of(pid)["VmRSS"]) for pid in (occd.pid, child)]
    time.sleep(6)
    second = [kib(status_of(pid)["VmRSS"]) for pid in (occd.pid, child)]
    stop.set()
    for thread in threads:
        thread.join()
    assert all(after < before * 1.15 + 2048 for before, after in zip(first, second)), (first, second)
    assert all(kib(status_of(pid)["VmHWM"]) < 64 * 1024 for pid in (occd.pid, child))
