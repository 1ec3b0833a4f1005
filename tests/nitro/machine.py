"""An enclave image running in QEMU's nitro-enclave machine, the instance's end of its vsock, and what tests ask of both."""
import os
import pathlib
import select
import signal
import socket
import subprocess
import sys
import threading

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CACHE = pathlib.Path(os.environ.get("OCC_NITRO_CACHE", ROOT / "build" / "nitro")).resolve()
QEMU = CACHE / "qemu-system-x86_64"
FIRMWARE = [CACHE / "firmware" / "usr" / "share" / name for name in ("qemu", "seabios")]
PORT = 5000
HEARTBEAT_PORT, HEARTBEAT = 9000, b"\xb7"
GUEST_CID = 16  # the first enclave of an instance
PATIENCE = 60  # seconds; only what is broken takes so long


class Console:
    """Lines of the guest's serial console, as they come."""

    def __init__(self, stream):
        self.lines = []
        self.ended = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self._thread.start()

    def _read(self, stream):
        for line in stream:
            with self._changed:
                self.lines.append(line.decode(errors="replace").rstrip())
                self._changed.notify_all()
        with self._changed:
            self.ended = True
            self._changed.notify_all()

    def find(self, text):
        return next((line for line in self.lines if text in line), None)

    def wait_for(self, text):
        """The first line with text in it."""
        with self._changed:
            self._changed.wait_for(lambda: self.find(text) or self.ended, PATIENCE)
            line = self.find(text)
        assert line, f"the console never said '{text}':\n" + "\n".join(self.lines[-40:])
        return line

    def wait_for_end(self):
        with self._changed:
            assert self._changed.wait_for(lambda: self.ended, PATIENCE), "the console did not end:\n" + "\n".join(self.lines[-40:])


class Heartbeat:
    """What nitro-cli does: takes a byte on port 9000 of the instance, and sends it back."""

    def __init__(self, host_socket):
        self.seen = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(f"{host_socket}_{HEARTBEAT_PORT}")
        self._listener.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection = self._listener.accept()[0]
            except OSError:
                return
            with connection:
                byte = connection.recv(1)
                self.seen.append(byte)
                connection.sendall(byte)

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


class Machine:
    """One enclave, from its start to its end."""

    def __init__(self, image, folder, memory_mib=128, heartbeat=True):
        folder.mkdir(parents=True, exist_ok=True)
        vhost = folder / "vhost"
        self.socket = folder / "vsock"
        self.heartbeat = Heartbeat(self.socket) if heartbeat else None
        self.backend = subprocess.Popen(
            [sys.executable, "-B", HERE / "vsock_backend.py", vhost, self.socket, str(GUEST_CID)], stdout=subprocess.PIPE
        )
        assert self.backend.stdout.readline() == b"listening\n"
        firmware = [argument for path in FIRMWARE for argument in ("-L", path)]
        self.qemu = subprocess.Popen(
            [QEMU, "-M", "nitro-enclave,vsock=vsock,id=i-0123456789abcdef0-enc0123456789abcdef", "-accel", "tcg", "-cpu", "max"]
            + ["-m", str(memory_mib), "-kernel", image, "-nodefaults", "-display", "none", "-no-reboot", "-serial", "stdio"]
            + ["-monitor", "none", "-chardev", f"socket,id=vsock,path={vhost}"]
            + firmware,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self.console = Console(self.qemu.stdout)

    def ready(self):
        """Waits until the program in it serves; gives the line that says so."""
        return self.console.wait_for('"message":"epoch begins"')

    def connect(self, port=PORT):
        """A stream to that port of the enclave."""
        stream = socket.socket(socket.AF_UNIX)
        stream.settimeout(PATIENCE)
        stream.connect(str(self.socket))
        stream.sendall(f"CONNECT {port}\n".encode())
        answer = b""
        while not answer.endswith(b"\n"):
            byte = stream.recv(1)
            if not byte:
                stream.close()
                raise ConnectionRefusedError(f"port {port} of the enclave does not answer")
            answer += byte
        assert answer.startswith(b"OK "), answer
        return stream

    def kill(self):
        """The whole enclave at once, as a machine that loses its power."""
        if self.qemu.poll() is None:
            self.qemu.send_signal(signal.SIGKILL)
        self.close()

    def close(self):
        if self.qemu.poll() is None:
            self.qemu.terminate()
        self.qemu.wait(PATIENCE)
        if self.heartbeat:
            self.heartbeat.close()
            self.heartbeat = None
        status = self.backend.wait(PATIENCE)
        assert status == 0, f"the vsock back end ended with {status}"


def _pump(one, other):
    """Bytes both ways until one side ends."""
    peers = {one: other, other: one}
    while True:
        for ready in select.select(list(peers), [], [])[0]:
            try:
                data = ready.recv(1 << 16)
                if not data:
                    return
                peers[ready].sendall(data)
            except OSError:
                return


class Bridge:
    """A unix socket that leads to the port of whatever machine runs: occd --boundary unix:PATH. It outlives machines."""

    def __init__(self, path):
        self.path = path
        self.machine = None
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                local = self._listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self._serve, args=(local,), daemon=True).start()

    def _serve(self, local):
        with local:
            try:
                remote = self.machine.connect()
            except (OSError, AttributeError):
                return
            remote.settimeout(None)
            with remote:
                _pump(local, remote)

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
