"""The tests' own vsock back end, against the kernel's driver: whole streams, several at once, slow readers, half-closed ones."""
import hashlib
import pathlib
import random
import socket
import threading

import pytest

import machine
from images import compile_program, cpio, with_application

HERE = pathlib.Path(__file__).resolve().parent


@pytest.fixture
def echo(image, boot, tmp_path):
    program = compile_program(HERE / "echo.c", tmp_path / "echo")
    files = [cpio.program("occ-enclave", program), cpio.text("occ-enclave.ini", b"")]
    return with_application(image(), files, tmp_path / "echo.eif")


def read_all(stream):
    digest, length = hashlib.sha256(), 0
    while data := stream.recv(1 << 16):
        digest.update(data)
        length += len(data)
    return length, digest.hexdigest()


def test_streams(echo, boot):
    running = boot(echo, wait=False)
    running.console.wait_for("echo: ready")
    content = random.Random(1).randbytes(4 << 20)
    expected = (len(content), hashlib.sha256(content).hexdigest())
    results = []

    def exchange():
        with running.connect() as stream:
            writer = threading.Thread(target=lambda: (stream.sendall(content), stream.shutdown(socket.SHUT_WR)))
            writer.start()
            results.append(read_all(stream))
            writer.join()

    clients = [threading.Thread(target=exchange) for _ in range(4)]
    for client in clients:
        client.start()
    for client in clients:
        client.join(machine.PATIENCE)
    assert results == [expected] * 4


def test_a_reader_that_takes_nothing_stops_its_writer_and_nobody_else(echo, boot):
    running = boot(echo, wait=False)
    running.console.wait_for("echo: ready")
    with running.connect() as lazy, running.connect() as other:
        lazy.setblocking(False)
        sent = 0
        with pytest.raises(BlockingIOError):
            while sent < 64 << 20:
                sent += lazy.send(b"x" * 65536)
        for _ in range(100):
            other.sendall(b"ping")
            assert other.recv(4, socket.MSG_WAITALL) == b"ping"
        lazy.setblocking(True)
        lazy.shutdown(socket.SHUT_WR)
        assert read_all(lazy) == (sent, hashlib.sha256(b"x" * sent).hexdigest())


def test_who_does_not_listen_is_refused(echo, boot):
    running = boot(echo, wait=False)
    running.console.wait_for("echo: ready")
    with pytest.raises(ConnectionRefusedError):
        running.connect(5001)
    assert running.console.find("echo: connect: Connection reset by peer"), running.console.lines


def test_a_guest_calls_its_instance(echo, folder):
    listener = socket.socket(socket.AF_UNIX)
    where = folder / "machine"

    def answer():
        stream = listener.accept()[0]
        with stream:
            assert stream.makefile("rb").read() == b"hello\n"
            stream.sendall(b"good day")

    where.mkdir()
    listener.bind(str(where / "vsock_6000"))
    listener.listen()
    threading.Thread(target=answer, daemon=True).start()
    running = machine.Machine(echo.path, where)
    try:
        running.console.wait_for("echo: the instance says good day")
    finally:
        running.close()
        listener.close()
