"""HTTP by the letter, on raw sockets: what two readers could read differently is refused, what is slow is ended."""
import json
import threading
import time

import pytest

import harness
from harness import digest_of

pytestmark = pytest.mark.sanitized

COMMIT = json.dumps({"digests": [digest_of(1)]}).encode()


def raw(occd, data):
    with occd.connect() as wire:
        wire.send(data)
        answer = wire.answer()
        closed = wire.is_closed(5)
    return answer, closed


def post_head(*lines):
    return b"\r\n".join([b"POST /commit HTTP/1.1", b"Host: x", b"Content-Type: application/json", *lines]) + b"\r\n\r\n"


LENGTH = b"Content-Length: %d" % len(COMMIT)

REFUSED = {
    "two Content-Lengths, same": post_head(LENGTH, LENGTH) + COMMIT,
    "two Content-Lengths": post_head(LENGTH, b"Content-Length: 5") + COMMIT,
    "Content-Length list": post_head(b"Content-Length: %d, %d" % (len(COMMIT), len(COMMIT))) + COMMIT,
    "Content-Length sign": post_head(b"Content-Length: +%d" % len(COMMIT)) + COMMIT,
    "Content-Length minus": post_head(b"Content-Length: -1"),
    "Content-Length hex": post_head(b"Content-Length: 0x10"),
    "Content-Length empty": post_head(b"Content-Length: "),
    "Content-Length huge": post_head(b"Content-Length: 99999999999999999999999"),
    "TE and CL": post_head(LENGTH, b"Transfer-Encoding: chunked") + b"0\r\n\r\n",
    "CL and TE": post_head(b"Transfer-Encoding: chunked", LENGTH) + b"0\r\n\r\n",
    "TE gzip": post_head(b"Transfer-Encoding: gzip"),
    "TE gzip, chunked": post_head(b"Transfer-Encoding: gzip, chunked") + b"0\r\n\r\n",
    "TE chunked twice": post_head(b"Transfer-Encoding: chunked, chunked") + b"0\r\n\r\n",
    "TE two fields": post_head(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked") + b"0\r\n\r\n",
    "TE identity": post_head(b"Transfer-Encoding: identity"),
    "TE Chunked": post_head(b"Transfer-Encoding: Chunked") + b"0\r\n\r\n",
    "TE xchunked": post_head(b"Transfer-Encoding: xchunked") + b"0\r\n\r\n",
    "header name with space": b"GET /key HTTP/1.1\r\nHost: x\r\nBad Name: y\r\n\r\n",
    "space before colon": b"GET /key HTTP/1.1\r\nHost: x\r\nName : y\r\n\r\n",
    "header name with @": b"GET /key HTTP/1.1\r\nHost: x\r\nN@me: y\r\n\r\n",
    "header name with bytes": b"GET /key HTTP/1.1\r\nHost: x\r\nN\xe4me: y\r\n\r\n",
    "empty header name": b"GET /key HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n",
    "no colon": b"GET /key HTTP/1.1\r\nHost: x\r\nName\r\n\r\n",
    "obs-fold": b"GET /key HTTP/1.1\r\nHost: x\r\nName: a\r\n b\r\n\r\n",
    "obs-fold tab": b"GET /key HTTP/1.1\r\nHost: x\r\nName: a\r\n\tb\r\n\r\n",
    "space before the first header": b"GET /key HTTP/1.1\r\n Host: x\r\n\r\n",
    "bare LF in head": b"GET /key HTTP/1.1\r\nHost: x\nName: y\r\n\r\n",
    "bare LF everywhere": b"GET /key HTTP/1.1\nHost: x\n\n",
    "bare LF after the request line": b"GET /key HTTP/1.1\nHost: x\r\n\r\n",
    "bare LF at the end": b"GET /key HTTP/1.1\r\nHost: x\r\n\n",
    "bare CR": b"GET /key HTTP/1.1\r\nHost: x\r\nName: a\rb\r\n\r\n",
    "zero in value": b"GET /key HTTP/1.1\r\nHost: x\r\nName: a\x00b\r\n\r\n",
    "control in value": b"GET /key HTTP/1.1\r\nHost: x\r\nName: a\x01b\r\n\r\n",
    "DEL in value": b"GET /key HTTP/1.1\r\nHost: x\r\nName: a\x7fb\r\n\r\n",
    "no Host": b"GET /key HTTP/1.1\r\n\r\n",
    "Host twice": b"GET /key HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n",
    "absolute target": b"GET http://evil.example/key HTTP/1.1\r\nHost: x\r\n\r\n",
    "authority target": b"GET evil.example:80 HTTP/1.1\r\nHost: x\r\n\r\n",
    "CONNECT": b"CONNECT evil.example:80 HTTP/1.1\r\nHost: x\r\n\r\n",
    "star for GET": b"GET * HTTP/1.1\r\nHost: x\r\n\r\n",
    "bytes in target": b"GET /k\xe4y HTTP/1.1\r\nHost: x\r\n\r\n",
    "tab in target": b"GET /k\ty HTTP/1.1\r\nHost: x\r\n\r\n",
    "zero in target": b"GET /key\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
    "two spaces": b"GET  /key HTTP/1.1\r\nHost: x\r\n\r\n",
    "no version": b"GET /key\r\nHost: x\r\n\r\n",
    "bad version": b"GET /key HTTP/x.y\r\nHost: x\r\n\r\n",
    "bad method": b"G@T /key HTTP/1.1\r\nHost: x\r\n\r\n",
    "TLS hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
    "chunk size sign": post_head(b"Transfer-Encoding: chunked") + b"-1\r\n\r\n",
    "chunk size text": post_head(b"Transfer-Encoding: chunked") + b"zz\r\n\r\n",
    "chunk size huge": post_head(b"Transfer-Encoding: chunked") + b"fffffffffffffffff\r\n",
    "chunk without CRLF": post_head(b"Transfer-Encoding: chunked") + b"1\r\nxyz\r\n0\r\n\r\n",
    "chunk bare LF": post_head(b"Transfer-Encoding: chunked") + b"1\nx\n0\n\n",
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(shared, name):
    answer, closed = raw(shared, REFUSED[name])
    assert answer is not None, "closed without a word"
    assert 400 <= answer.status < 500 or answer.status in (501, 505), answer.status
    assert answer.status not in (404, 405) and closed, "what was misread cannot go on"
    answer.error()
    assert shared.is_healthy()


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    occd = harness.Occd(tmp_path_factory.mktemp("http"))
    yield occd
    occd.stop()


STATUS = {
    "GET //": (b"GET // HTTP/1.1\r\nHost: x\r\n\r\n", {400, 404}),
    "unknown method": (b"BREW /key HTTP/1.1\r\nHost: x\r\n\r\n", {405}),
    "lower-case method": (b"get /key HTTP/1.1\r\nHost: x\r\n\r\n", {405}),
    "unknown method, unknown path": (b"BREW /tea HTTP/1.1\r\nHost: x\r\n\r\n", {404}),
    "endless method": (b"A" * 100, {501}),
    "version 2.0": (b"GET /key HTTP/2.0\r\nHost: x\r\n\r\n", {505}),
    "version 1.2": (b"GET /key HTTP/1.2\r\nHost: x\r\n\r\n", {400, 505}),
    "h2 preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400, 505}),
    "long target": (b"GET /" + b"a" * 3000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", {414}),
    "endless target": (b"GET /" + b"a" * 100_000, {414, 431}),
    "long head": (b"GET /key HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 20_000 + b"\r\n\r\n", {431}),
    "endless header name": (b"GET /key HTTP/1.1\r\n" + b"a" * 100_000, {431}),
    "many headers": (b"GET /key HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 70 + b"\r\n", {431}),
    "Expect unknown": (post_head(LENGTH, b"Expect: 200-ok") + COMMIT, {417}),
    "POST without length": (post_head(), {400, 411}),
}


@pytest.mark.parametrize("name", STATUS)
def test_status(shared, name):
    data, expected = STATUS[name]
    with shared.connect() as wire:
        try:
            wire.send(data)
        except (BrokenPipeError, ConnectionResetError):
            pass
        answer = wire.answer()
    assert answer.status in expected, (answer.status, answer.body)
    answer.error()


FINE = {
    "HTTP/1.0": b"GET /key HTTP/1.0\r\n\r\n",
    "query": b"GET /health?a=b HTTP/1.1\r\nHost: x\r\n\r\n",
    "empty header": b"GET /key HTTP/1.1\r\nHost: x\r\nA:\r\n\r\n",
    "white space around a value": b"GET /key HTTP/1.1\r\nHost:   x \t\r\nA: \t b\r\n\r\n",
    "latin-1 in a value": b"GET /key HTTP/1.1\r\nHost: x\r\nA: \xe4\r\n\r\n",
    "CRLF before the request": b"\r\nGET /key HTTP/1.1\r\nHost: x\r\n\r\n",
    "chunked": post_head(b"Transfer-Encoding: chunked") + b"%x\r\n%s\r\n0\r\n\r\n" % (len(COMMIT), COMMIT),
    "chunked with extension and trailer": post_head(b"Transfer-Encoding: chunked") + b"%X;ext=1\r\n%s\r\n0\r\nTrailer: x\r\n\r\n" % (len(COMMIT), COMMIT),
    "upgrade has no effect": b"GET /key HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    "OPTIONS *": b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
}


@pytest.mark.parametrize("name", FINE)
def test_fine(shared, name):
    with shared.connect() as wire:
        wire.send(FINE[name])
        answer = wire.answer()
    assert answer.status in (200, 204), (answer.status, answer.body)


def test_keep_alive(shared):
    with shared.connect() as wire:
        for _ in range(20):
            assert wire.request("GET", "/key").status == 200
        answer = wire.request("GET", "/key", headers={"Connection": "close"})
        assert answer.status == 200 and answer.header("Connection").lower() == "close"
        assert wire.is_closed()
    with shared.connect() as wire:
        wire.send(b"GET /key HTTP/1.0\r\n\r\n")
        assert wire.answer().status == 200 and wire.is_closed(), "HTTP/1.0 closes"
    with shared.connect() as wire:
        wire.send(b"GET /key HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        answer = wire.answer()
        if (answer.header("Connection") or "").lower() == "keep-alive":
            assert wire.request("GET", "/key").status == 200
        else:
            assert wire.is_closed()


def test_keep_alive_after_a_mistake_in_the_body(shared):
    with shared.connect() as wire:
        answer = wire.request("POST", "/commit", b"{}", {"Content-Type": "application/json"})
        assert answer.status == 400
        assert wire.request("POST", "/commit", COMMIT, {"Content-Type": "application/json"}).status == 200


def test_pipelining(shared):
    """A hundred requests in one write: a hundred answers in the same order."""
    with shared.connect() as wire:
        wire.send(b"".join(
            b"POST /commit HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(data), data)
            for data in (json.dumps({"digests": [digest_of(n)], "metadata": {"n": n}}).encode() for n in range(100))
        ))
        proofs = [wire.answer().json()[0] for _ in range(100)]
    assert [proof["metadata"]["n"] for proof in proofs] == list(range(100))
    counters = [int(proof["commit"]["counter"]) for proof in proofs]
    assert counters == sorted(counters) and len(set(counters)) == 100


def test_pipelined_mix_keeps_order(shared):
    """Answers that are ready at once must not overtake one that waits for the boundary."""
    with shared.connect() as wire:
        wire.send(post_head(LENGTH) + COMMIT + b"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n" + b"HEAD /key HTTP/1.1\r\nHost: x\r\n\r\n"
                  + post_head(LENGTH) + COMMIT + b"GET /key HTTP/1.1\r\nHost: x\r\n\r\n")
        answers = [wire.answer(), wire.answer(), wire.answer(to_head=True), wire.answer(), wire.answer()]
    assert [answer.status for answer in answers] == [200, 404, 200, 200, 200]
    assert isinstance(answers[0].json(), list) and "publicKeyB64" in answers[4].json()


def test_one_byte_at_a_time(shared):
    with shared.connect() as wire:
        for byte in post_head(LENGTH) + COMMIT:
            wire.send(bytes([byte]))
        assert wire.answer().status == 200


@pytest.mark.parametrize("path", ["/key", "/health", "/nowhere"])
def test_head(shared, path):
    get, head = shared.get(path), shared.request("HEAD", path)
    assert head.status == get.status and head.body == b""
    assert head.header("Content-Type") == get.header("Content-Type")
    assert abs(int(head.header("Content-Length")) - len(get.body)) == 0


def test_expect_continue(shared):
    with shared.connect() as wire:
        wire.send(post_head(LENGTH, b"Expect: 100-continue"))
        interim = wire._one_answer()
        assert interim.status == 100
        wire.send(COMMIT)
        assert wire.answer().status == 200


def test_expect_continue_refused_before_the_body(shared):
    with shared.connect() as wire:
        wire.send(post_head(b"Content-Length: 10000000", b"Expect: 100-continue"))
        assert wire._one_answer().status == 413


def test_every_answer_has_length_and_date(shared):
    for answer in (shared.get("/key"), shared.get("/nowhere"), raw(shared, REFUSED["no Host"])[0]):
        assert answer.header("Date") and answer.header("Content-Length")
        assert answer.header("Server") is None or "/" not in answer.header("Server"), "no version for strangers"


def test_half_a_request_moves_nothing(shared):
    before = int(shared.commit(digest_of(1))[0]["commit"]["counter"])
    for cut in (1, 20, len(post_head(LENGTH)) - 1, len(post_head(LENGTH)), len(post_head(LENGTH)) + 10,
                len(post_head(LENGTH) + COMMIT) - 1):
        with shared.connect() as wire:
            wire.send((post_head(LENGTH) + COMMIT)[:cut])
    assert int(shared.commit(digest_of(1))[0]["commit"]["counter"]) == before + 1


def timed(wire):
    begin = time.monotonic()
    answer = wire.answer()
    return answer, time.monotonic() - begin


def test_slow_head_body_and_idle(start):
    occd = start("--head-timeout", "700ms", "--body-timeout", "700ms", "--idle-timeout", "900ms")
    with occd.connect() as wire:
        wire.send(b"GET /key HTTP/1.1\r\nHost")
        answer, seconds = timed(wire)
        assert answer.status == 408 and 0.3 < seconds < 10 and wire.is_closed()
    with occd.connect() as wire:
        wire.send(post_head(LENGTH) + COMMIT[:10])
        answer, seconds = timed(wire)
        assert answer.status == 408 and 0.3 < seconds < 10 and wire.is_closed()
    with occd.connect() as wire:
        assert wire.request("GET", "/key").status == 200
        begin = time.monotonic()
        assert wire.is_closed() and 0.3 < time.monotonic() - begin < 10
    with occd.connect() as wire:
        begin = time.monotonic()
        assert wire.is_closed() and time.monotonic() - begin < 10, "a connection that never says a word"


def test_dripping_head_is_ended(start):
    """The time is for the whole head: a byte now and then does not renew it."""
    occd = start("--head-timeout", "1s")
    with occd.connect() as wire:
        stop = threading.Event()

        def drip():
            for byte in b"GET /key HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 1000:
                if stop.wait(0.05):
                    return
                try:
                    wire.send(bytes([byte]))
                except OSError:
                    return

        thread = threading.Thread(target=drip)
        thread.start()
        answer, seconds = timed(wire)
        stop.set()
        thread.join()
    assert answer.status == 408 and seconds < 15


def test_unix_socket(start, folder):
    path = folder / "http.sock"
    occd = start(listen=f"unix:{path}")
    assert path.stat().st_mode & 0o777 == 0o660
    assert occd.commit(digest_of(1))[0]["commit"]["counter"] == "1"
    occd.stop()
    assert not path.exists(), "it cleans up after itself"


def test_stale_unix_socket_is_replaced(start, folder):
    path = folder / "http.sock"
    first = start(listen=f"unix:{path}")
    first.kill()
    assert path.exists()
    second = start(listen=f"unix:{path}", data=folder / "data")
    assert second.get("/key").status == 200


def test_ipv6(start):
    import socket

    if not socket.has_ipv6:
        pytest.skip("no IPv6")
    try:
        socket.socket(socket.AF_INET6).bind(("::1", 0))
    except OSError:
        pytest.skip("no IPv6 loopback")
    occd = start(listen="[::1]:0")
    assert occd.get("/key").status == 200
