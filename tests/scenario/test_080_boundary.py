"""The boundary as a process of its own: it dies, it hangs, it outlives its parent, it meets strangers."""
import os
import signal
import socket
import struct
import time

import pytest

from frames import VERSION
from harness import BIN, Enclave, Program, check_chains, digest_of, is_alive, link_hash, verify_offline, wait_for

pytestmark = pytest.mark.sanitized

SLOW = 20


def commit_when_up(occd, number=1):
    """Commits as soon as it works again; until then only 503 may be answered, each with Retry-After."""

    def attempt():
        answer = occd.post("/commit", {"digests": [digest_of(number)]})
        if answer.status == 503:
            assert int(answer.header("Retry-After")) >= 1
            answer.error()
            return None
        assert answer.status == 200, (answer.status, answer.body)
        return answer.json()[0]

    return wait_for(attempt, what=f"commits resume; log:\n{occd.log()}")


def test_killed_child_means_a_new_epoch(occd, folder):
    first = occd.commit(digest_of(1))[0]
    child = occd.boundary_pid()
    os.kill(child, signal.SIGKILL)
    second = commit_when_up(occd)
    assert not is_alive(child) and occd.boundary_pid() != child
    assert second["commit"]["epochId"] != first["commit"]["epochId"]
    assert second["signer"]["publicKeyB64"] != first["signer"]["publicKeyB64"]
    assert second["commit"]["counter"] == "2" and "prevB64" not in second["commit"]
    link = second["commit"]["epochLink"]
    assert link["prevProofHashB64"] == link_hash(first) and link["prevEpochId"] == first["commit"]["epochId"]
    verify_offline([first, second], folder)
    assert occd.get("/key").json()["epochId"] == second["commit"]["epochId"]
    assert occd.is_healthy()


def test_stuck_child_is_503_and_replaced(start):
    occd = start("--boundary-timeout", "1s")
    first = occd.commit(digest_of(1))[0]
    child = occd.boundary_pid()
    os.kill(child, signal.SIGSTOP)
    try:
        begin = time.monotonic()
        answer = occd.get("/health")
        assert answer.status == 503 and answer.json()["ok"] is False and answer.json()["error"]
        answer = occd.post("/commit", {"digests": [digest_of(2)]})
        # What was handed to a boundary that then hung has an unknown outcome: 500. What was not: 503.
        assert answer.status in (500, 503), answer.body
        if answer.status == 500:
            assert answer.json() == {"error": "internal server error"}
        assert time.monotonic() - begin < SLOW
        second = commit_when_up(occd)
        assert second["commit"]["epochId"] != first["commit"]["epochId"]
        assert not is_alive(child)
    finally:
        try:
            os.kill(child, signal.SIGCONT)
        except ProcessLookupError:
            pass


def test_verification_goes_on_without_a_boundary(start, folder):
    occd = start()
    proof = occd.commit(digest_of(1))[0]
    enclave = Enclave(folder / "b.sock")
    other = start("--boundary", f"unix:{folder}/b.sock", data=folder / "other")
    enclave.kill()
    wait_for(lambda: not other.is_healthy())
    assert other.post("/verify", {"proof": proof}).json() == {"valid": True}
    answer = other.post("/commit", {"digests": [digest_of(1)]})
    assert answer.status == 503 and answer.header("Retry-After")
    assert other.get("/key").status == 503


@pytest.fixture
def enclave(folder):
    """A boundary on a unix socket; .socket is its path."""
    program = Enclave(folder / "boundary.sock")
    yield program
    if program.process.poll() is None:
        program.stop()


def test_unix_boundary_survives_its_parent(enclave, start, folder):
    assert enclave.socket.stat().st_mode & 0o777 == 0o600
    proofs = []
    for how in (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL):
        occd = start("--boundary", f"unix:{enclave.socket}")
        proofs += occd.commit(digest_of(1), digest_of(2))
        occd.signal(how)
        occd.wait()
        assert is_alive(enclave.pid)
    occd = start("--boundary", f"unix:{enclave.socket}")
    proofs += occd.commit(digest_of(3))
    epochs = check_chains(proofs)
    assert len(epochs) == 1, "one boundary, one epoch"
    assert [proof["commit"]["counter"] for proof in proofs] == [str(n) for n in range(1, 8)]
    verify_offline(proofs, folder)


def test_unix_boundary_restarts_and_the_parent_finds_it(start, folder):
    path = folder / "b.sock"
    first = Program([BIN / "occ-enclave", "--listen", f"unix:{path}"])
    wait_for(path.exists)
    occd = start("--boundary", f"unix:{path}")
    before = occd.commit(digest_of(1))[0]
    first.kill()
    second = Program([BIN / "occ-enclave", "--listen", f"unix:{path}"])
    try:
        after = commit_when_up(occd)
        assert after["commit"]["epochId"] != before["commit"]["epochId"]
    finally:
        second.stop()


def test_second_parent_is_refused_while_the_first_lives(enclave, start, folder):
    first = start("--boundary", f"unix:{enclave.socket}", data=folder / "first")
    first.commit(digest_of(1))
    second = Program([BIN / "occd", "--listen", "127.0.0.1:0", "--data", folder / "second", "--boundary", f"unix:{enclave.socket}"])
    address = second.wait_event("listening")["address"]
    from harness import Wire

    def health():
        with Wire(address) as wire:
            return wire.request("GET", "/health")

    assert health().status == 503
    assert first.commit(digest_of(2))[0]["commit"]["counter"] == "2", "the first is not disturbed"
    first.stop()
    # Its own ledger knows nothing of what the boundary was told is durable: it is no successor.
    wait_for(lambda: "older than the boundary was told" in health().json().get("error", ""), what="the second sees it")
    second.stop()
    third = start("--boundary", f"unix:{enclave.socket}", data=folder / "first")
    assert third.commit(digest_of(3))[0]["commit"]["counter"] == "3"


def test_child_goes_with_its_parent(start):
    occd = start()
    child = occd.boundary_pid()
    occd.kill()
    wait_for(lambda: not is_alive(child), what="the boundary ends after its parent")


HELLO = b"occw" + struct.pack(">HHQ", VERSION, VERSION, 0)


def frame(kind, payload, reserved=0, number=0, length=None):
    length = 12 + len(payload) if length is None else length
    return struct.pack(">IHHQ", length, kind, reserved, number) + payload


def test_a_parent_that_comes_back_at_once_is_not_a_second(enclave):
    """It closes and connects again: what it sent last is not yet read, and its place is free all the same."""

    def greet():
        parent = socket.socket(socket.AF_UNIX)
        parent.settimeout(10)
        parent.connect(str(enclave.socket))
        parent.sendall(frame(1, HELLO))
        head = parent.recv(16, socket.MSG_WAITALL)
        assert struct.unpack(">IHHQ", head)[1] == 2, "HELLO_OK, not REFUSED"
        return parent

    for _ in range(100):
        with greet() as parent:
            parent.sendall(frame(6, struct.pack(">Q", 0)))
    greet().close()


def test_a_connection_that_cannot_be_accepted_ends_no_epoch(folder):
    """Descriptors run out: the session that is there goes on, and the next one is taken once there is room."""
    path = folder / "b.sock"
    # Three standard ones, signals, the listening socket, and one session.
    enclave = Program(["prlimit", "--nofile=6:6", BIN / "occ-enclave", "--listen", f"unix:{path}"])
    wait_for(path.exists, what=enclave.log())

    def connect():
        parent = socket.socket(socket.AF_UNIX)
        parent.settimeout(10)
        parent.connect(str(path))
        return parent

    def greet(parent):
        parent.sendall(frame(1, HELLO))
        payload = parent.recv(4096)[16:]
        return payload[30:62]  # the public key

    first = connect()
    key = greet(first)
    with connect() as second:
        enclave.wait_event("connection not accepted")
        first.sendall(frame(7, b"", number=1))
        assert first.recv(16, socket.MSG_WAITALL)[4:6] == struct.pack(">H", 8), "PONG"
        first.close()
        assert greet(second) == key, "the same epoch"
    enclave.stop()


GARBAGE = {
    "text": b"GET / HTTP/1.1\r\n\r\n",
    "random": bytes((n * 167 + 13) & 255 for n in range(4096)),
    "zeros": bytes(4096),
    "ones": b"\xff" * 4096,
    "huge frame": frame(1, b"", length=0xFFFFFFFF),
    "short frame": frame(1, b"", length=3),
    "unknown type": frame(99, b""),
    "reserved bytes": frame(1, HELLO, reserved=1),
    "bad magic": frame(1, b"xxxx" + HELLO[4:]),
    "no version in common": frame(1, b"occw" + struct.pack(">HHQ", 77, 99, 0)),
    "hello too long": frame(1, HELLO + b"x"),
    "hello too short": frame(1, HELLO[:-1]),
    "commit before hello": frame(4, bytes(64), number=1),
    "empty commit": frame(1, HELLO) + frame(4, b"", number=1),
    "commit of nothing": frame(1, HELLO) + frame(4, struct.pack(">H", 0), number=1),
    "commit of lies": frame(1, HELLO) + frame(4, struct.pack(">H", 1000) + b"\xff" * 100, number=1),
    "issue of nothing": frame(1, HELLO) + frame(9, b"", number=1),
    "issue of what nobody knows": frame(1, HELLO) + frame(9, b"\x03\x00\x00", number=1),
    "link of nothing": frame(1, HELLO) + frame(11, struct.pack(">H", 0), number=1),
    "link of lies": frame(1, HELLO) + frame(11, struct.pack(">HHI", 1, 0, 2**32 - 1) + b"{}", number=1),
    "hello twice": frame(1, HELLO) + frame(1, HELLO),
    "boundary's own type": frame(1, HELLO) + frame(5, bytes(10), number=1),
    "ack of the future": frame(1, HELLO) + frame(6, struct.pack(">Q", 2**64 - 1)),
    "half a frame": frame(1, HELLO)[:10],
}


@pytest.mark.parametrize("name", GARBAGE)
def test_garbage_does_not_harm_the_boundary(enclave, start, name):
    with socket.socket(socket.AF_UNIX) as stranger:
        stranger.settimeout(10)
        stranger.connect(str(enclave.socket))
        stranger.sendall(GARBAGE[name])
        stranger.shutdown(socket.SHUT_WR)
        answer = b""
        while True:
            try:
                chunk = stranger.recv(65536)
            except ConnectionResetError:
                break
            if not chunk:
                break
            answer += chunk
            assert len(answer) < 1_000_000
    assert is_alive(enclave.pid), enclave.log()
    occd = start("--boundary", f"unix:{enclave.socket}")
    assert occd.commit(digest_of(1))[0]["commit"]["counter"] == "1", "nothing moved"


def test_a_silent_stranger_does_not_lock_the_parent_out_for_ever(enclave, start):
    """Whoever connects and never says hello must not keep the boundary."""
    with socket.socket(socket.AF_UNIX) as stranger:
        stranger.connect(str(enclave.socket))
        occd = start("--boundary", f"unix:{enclave.socket}")
        assert occd.commit(digest_of(1))


def test_second_boundary_on_the_same_socket_is_refused(enclave):
    second = Program([BIN / "occ-enclave", "--listen", f"unix:{enclave.socket}"])
    assert second.wait() != 0
    assert is_alive(enclave.pid) and enclave.socket.exists()


def test_a_file_in_the_way_is_left_alone(folder):
    path = folder / "precious"
    path.write_text("precious")
    program = Program([BIN / "occ-enclave", "--listen", f"unix:{path}"])
    assert program.wait() != 0
    assert path.read_text() == "precious"


def test_missing_enclave_program(folder):
    """occd without an occ-enclave to start: a clear end, not a loop."""
    import shutil

    from harness import Program as Started

    alone = folder / "bin"
    alone.mkdir()
    shutil.copy(BIN / "occd", alone / "occd")
    program = Started([alone / "occd", "--listen", "127.0.0.1:0", "--data", folder / "data"])
    try:
        status = program.wait(10)
    except Exception:
        program.kill()
        raise AssertionError(f"it should say what is missing and end:\n{program.log()}")
    assert status != 0 and "occ-enclave" in program.log()


def test_closed_standard_descriptors(folder):
    """They are filled first: what is said would else go into the socket or the file that gets their number."""
    path = folder / "b.sock"
    enclave = Program(["sh", "-c", f"exec {BIN / 'occ-enclave'} --listen unix:{path} <&- >&- 2>&-"])
    try:
        wait_for(path.exists, what="the socket")
        if os.geteuid() == 0:  # to others of the same user its descriptors are closed
            assert [os.readlink(f"/proc/{enclave.pid}/fd/{number}") for number in (0, 1, 2)] == ["/dev/null"] * 3
    finally:
        enclave.stop()
