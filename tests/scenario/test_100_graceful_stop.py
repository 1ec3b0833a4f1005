"""SIGTERM under load: every request that was accepted gets a complete answer, then the program ends with 0."""
import json
import os
import signal
import threading
import time

import pytest

from harness import Wire, check_chains, digest_of, is_alive, verify_offline

pytestmark = [pytest.mark.sanitized, pytest.mark.threads]


def to_the_program(occd):
    occd.signal(signal.SIGTERM)


def to_the_group(occd):
    """What a service manager does, and Ctrl-C: the signal reaches the boundary too, which must not leave first."""
    child = occd.boundary_pid()
    os.kill(child, signal.SIGINT)
    os.kill(child, signal.SIGTERM)
    time.sleep(0.2)
    assert is_alive(child), "an own boundary ends when its parent has finished, not before"
    occd.signal(signal.SIGTERM)


@pytest.mark.parametrize("send_signal", [to_the_program, to_the_group])
def test_in_flight_requests_are_finished(start, folder, send_signal):
    occd = start()
    child = occd.boundary_pid()
    delivered, wrong = [], []
    lock = threading.Lock()
    stop = threading.Event()

    def client(number):
        body = json.dumps({"digests": [digest_of(f"{number}.{n}") for n in range(40)]}).encode()
        request = (b"POST /commit HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)) + body
        try:
            wire = Wire(occd.address)
        except OSError as error:
            wrong.append(error)
            return
        while not stop.is_set():
            try:
                wire.send(request)
                answer = wire.answer()
            except OSError:
                return  # closed between two requests
            except AssertionError as error:
                wrong.append(error)  # an answer that was cut
                return
            if answer is None:
                return
            with lock:
                if answer.status == 200:
                    delivered.extend(answer.json())
                elif answer.status != 503:
                    wrong.append((answer.status, answer.body))

    clients = [threading.Thread(target=client, args=(n,)) for n in range(8)]
    for thread in clients:
        thread.start()
    time.sleep(1)
    begin = time.monotonic()
    send_signal(occd)
    status = occd.wait()
    seconds = time.monotonic() - begin
    stop.set()
    for thread in clients:
        thread.join()
    assert status == 0, occd.log()
    assert not wrong, wrong[:3]
    assert seconds < 9
    assert not is_alive(child)
    counters = sorted(int(proof["commit"]["counter"]) for proof in delivered)
    assert counters == list(range(1, len(counters) + 1)), "what the boundary signed was delivered, all of it"
    check_chains(delivered)
    verify_offline(delivered, folder)


def test_a_request_half_sent_may_finish(start):
    occd = start()
    body = json.dumps({"digests": [digest_of(1)]}).encode()
    with occd.connect() as wire, occd.connect() as idle:
        assert idle.request("GET", "/key").status == 200
        wire.send(b"POST /commit HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body[:10])
        time.sleep(0.3)
        occd.signal(signal.SIGTERM)
        assert idle.is_closed(5), "idle connections are closed at once"
        time.sleep(0.3)
        wire.send(body[10:])
        answer = wire.answer()
        assert answer.status in (200, 503) and answer.header("Connection").lower() == "close"
    assert occd.wait() == 0


def test_no_new_connections_while_stopping(start):
    occd = start()
    with occd.connect() as wire:
        wire.send(b"POST /commit HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{")
        time.sleep(0.2)
        occd.signal(signal.SIGTERM)
        time.sleep(0.5)
        with pytest.raises(OSError):
            Wire(occd.address, 2).request("GET", "/key") or (_ for _ in ()).throw(OSError())
        wire.send(b"}        ")
        wire.answer()
    assert occd.wait() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_idle_stop_is_fast(start, number):
    occd = start()
    begin = time.monotonic()
    occd.signal(number)
    assert occd.wait() == 0
    assert time.monotonic() - begin < 5


def test_hanging_client_is_cut_off(start):
    """A client that never finishes its request cannot hold the stop for ever."""
    occd = start("--stop-timeout", "1s")
    with occd.connect() as wire:
        wire.send(b"POST /commit HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
        time.sleep(0.2)
        begin = time.monotonic()
        occd.signal(signal.SIGTERM)
        assert occd.wait() == 0
        assert time.monotonic() - begin < 8
