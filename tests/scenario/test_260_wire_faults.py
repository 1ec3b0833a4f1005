"""A connection to the boundary that cuts off, garbles and stalls: the parent and the boundary agree again by themselves."""
import random
import socket
import threading
import time

from crash import Book, Load, check_round, check_whole
from harness import Enclave, Occd, wait_for

ROUNDS = 10


class Proxy:
    """Between occd and occ-enclave. One fault at a time: after so many more bytes in one direction, something happens."""

    def __init__(self, path, target):
        self.path, self.target = path, target
        self.fault = None  # (direction, bytes still to pass, what)
        self.happened = threading.Event()
        self._lock = threading.Lock()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(8)
        threading.Thread(target=self._accept, daemon=True).start()

    def arm(self, direction, length, what):
        with self._lock:
            self.happened.clear()
            self.fault = [direction, length, what]

    def disarm(self):
        with self._lock:
            self.fault = None

    def _accept(self):
        while True:
            client, _ = self._listener.accept()
            boundary = socket.socket(socket.AF_UNIX)
            try:
                boundary.connect(str(self.target))
            except OSError:
                client.close()
                continue
            for direction, source, sink in (("down", client, boundary), ("up", boundary, client)):
                threading.Thread(target=self._pass, args=(direction, source, sink), daemon=True).start()

    def _pass(self, direction, source, sink):
        try:
            while data := source.recv(1 << 16):
                sink.sendall(self._harm(direction, data, source, sink))
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _harm(self, direction, data, source, sink):
        """What is passed on of data; an OSError ends the connection."""
        with self._lock:
            if self.fault is None or self.fault[0] != direction:
                return data
            if self.fault[1] >= len(data):
                self.fault[1] -= len(data)
                return data
            at, what, self.fault = self.fault[1], self.fault[2], None
            self.happened.set()
        if what == "cut":
            sink.sendall(data[:at])
            raise OSError("cut off in the middle of a frame")
        if what == "garble":
            return data[:at] + bytes([data[at] ^ 0x5A]) + data[at + 1 :]
        if what == "insert":
            return data[:at] + b"\x00\xffgarbage" + data[at:]
        time.sleep(1.5)  # longer than the parent waits
        return data


def test_faults_on_the_wire(folder):
    """The parent takes what a whole frame brings for the boundary's word, so what is garbled is what goes to the boundary."""
    chance = random.Random(9)
    enclave = Enclave(folder / "b.sock")
    proxy = Proxy(folder / "p.sock", folder / "b.sock")

    class world:
        occd = Occd(folder / "data", "--access-log", "off", "--boundary", f"unix:{folder}/p.sock", "--boundary-timeout", "1s")

    faults = [("down", "cut"), ("up", "cut"), ("down", "insert"), ("up", "stall"), ("down", "stall")]
    book, happened = Book(), 0
    for number in range(ROUNDS):
        direction, what = faults[number % len(faults)]
        proxy.arm(direction, chance.randrange(1, 40000), what)
        with Load(world, 1000 + number) as load:
            happened += proxy.happened.wait(3)
            time.sleep(0.05)
        proxy.disarm()
        wait_for(world.occd.is_healthy, what=f"health after {direction} {what}; the log:\n{world.occd.log()}")
        check_round(world, load, book, chance)
    assert happened > ROUNDS // 2, happened
    world.occd.stop()
    enclave.stop()
    ledger = check_whole(folder, book)
    assert len({epoch for epoch, _ in ledger}) == 1, "the boundary never died, so there is one epoch"
