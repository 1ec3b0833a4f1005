"""harness.py: starts the real programs and talks to them, for the scenarios. No mocks: processes, sockets, files."""
import base64
import hashlib
import json
import os
import pathlib
import socket
import subprocess
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PRESET = os.environ.get("OCC_PRESET", "release")
BIN = pathlib.Path(os.environ.get("OCC_BIN", ROOT / "build" / PRESET / "bin"))
NODE_MODULES = ROOT / "build" / "node" / "node_modules"
# A wait that only a broken program reaches; sanitized builds are slow.
PATIENCE = 60 if PRESET != "release" else 30

_CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("OCC_") and name not in ("PORT", "API_KEYS")}


def environment(extra=None):
    return {**_CLEAN, **(extra or {})}


def wait_for(condition, seconds=PATIENCE, step=0.02, what="condition"):
    """The first true value of condition(), which is asked until then; fails after the patience."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(step)
    raise AssertionError(f"waited {seconds} s in vain for: {what}")


def is_alive(pid):
    """Is there a process of that id that is not a zombie?"""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def status_of(pid):
    """/proc/PID/status as a dict."""
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, value in (line.split(":", 1) for line in lines)}


def sha256_b64(data):
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


def digest_of(number):
    """A digest of its own for each number."""
    return {"digestB64": sha256_b64(f"scenario {number}".encode()), "hashAlg": "sha256"}


def link_hash(proof):
    """PROTOCOL §2.2, for proofs whose names are ASCII and whose numbers are integers."""
    kept = {name: value for name, value in proof.items() if name not in ("timestamps", "proofHash")}
    if "attestation" in proof["environment"]:
        attestation = {"format": proof["environment"]["attestation"]["format"]}
        kept["environment"] = {**proof["environment"], "attestation": attestation}
    text = json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sha256_b64(text.encode())


class Program:
    """A running program whose standard error (JSON lines) is read as it comes."""

    running = []  # what a failed test leaves behind is ended after it

    def __init__(self, argv, env=None, cwd=None):
        self.argv = [str(word) for word in argv]
        self.lines = []
        self.process = subprocess.Popen(
            self.argv, env=environment(env), cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        Program.running.append(self)
        self.out = []
        self._readers = [
            threading.Thread(target=self._read, args=(self.process.stderr, self.lines), daemon=True),
            threading.Thread(target=self._read, args=(self.process.stdout, self.out), daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    @staticmethod
    def _read(stream, lines):
        for line in stream:
            lines.append(line.decode("utf-8", "replace").rstrip("\n"))

    @property
    def pid(self):
        return self.process.pid

    def events(self, name=None):
        found = []
        for line in list(self.lines):
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if isinstance(event, dict) and (name is None or event.get("message") == name):
                found.append(event)
        return found

    def log(self):
        return "\n".join(list(self.lines) + list(self.out))

    def wait_event(self, name, count=1):
        def look():
            found = self.events(name)
            if len(found) < count and self.process.poll() is not None:
                raise AssertionError(f"{self.argv[0]} ended with {self.process.returncode}:\n{self.log()}")
            return found if len(found) >= count else None

        return wait_for(look, what=f"event {name!r} of {self.argv[0]}; its log:\n{self.log()}")[count - 1]

    def wait(self, seconds=PATIENCE):
        """The exit status; everything it wrote has been read then."""
        status = self.process.wait(seconds)
        for reader in self._readers:
            reader.join(5)
        return status

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(PATIENCE)

    def stop(self, expected=0):
        """SIGTERM; and it must end in good order."""
        if self.process.poll() is None:
            self.process.terminate()
        status = self.wait()
        assert status == expected, f"{self.argv[0]} ended with {status}:\n{self.log()}"


class Enclave(Program):
    """occ-enclave listening on a unix socket; it takes connections once this returns (the file is there a moment earlier)."""

    def __init__(self, path, *arguments, env=None):
        super().__init__([BIN / "occ-enclave", "--listen", f"unix:{path}", *arguments], env=env)
        self.socket, self.where = pathlib.Path(path), f"unix:{path}"
        self.wait_event("epoch begins")


class Occd(Program):
    """occd on a free port (or where listen says), with its own boundary unless arguments say otherwise."""

    def __init__(self, data, *arguments, listen="127.0.0.1:0", env=None, program=None):
        words = [program or BIN / "occd", "--data", data]
        if listen:
            words += ["--listen", listen]
        super().__init__([*words, *arguments], env=env)
        try:
            self._find_address()
            self.wait_ready()
        except BaseException:
            self.kill()
            raise

    def _find_address(self):
        self.address = self.wait_event("listening")["address"]
        if not self.address.startswith("unix:"):
            self.host, port = self.address.rsplit(":", 1)
            self.port = int(port)
            self.url = f"http://{self.address}"

    def wait_ready(self):
        return wait_for(lambda: self.is_healthy(), what=f"/health; the log:\n{self.log()}")

    def is_healthy(self):
        try:
            return self.get("/health").status == 200
        except OSError:
            return False

    def connect(self, timeout=PATIENCE):
        return Wire(self.address, timeout)

    def request(self, method, path, body=None, headers=None):
        with self.connect() as wire:
            return wire.request(method, path, body, headers)

    def get(self, path, headers=None):
        return self.request("GET", path, headers=headers)

    def post(self, path, value, headers=None):
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        return self.request("POST", path, body, {"Content-Type": "application/json", **(headers or {})})

    def commit(self, *digests, **members):
        """The proofs of one request that must work."""
        answer = self.post("/commit", {"digests": list(digests), **members})
        assert answer.status == 200, (answer.status, answer.body)
        return answer.json()

    def boundary_pid(self):
        """The process id of its own occ-enclave, or None."""
        try:
            children = pathlib.Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        except FileNotFoundError:
            return None
        for child in map(int, children):
            try:
                if is_alive(child) and pathlib.Path(f"/proc/{child}/comm").read_text().strip().startswith("occ-enclave"):
                    return child
            except FileNotFoundError:
                pass
        return None


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def error(self):
        """The sentence of an error; the body must be exactly an object with one."""
        value = self.json()
        assert isinstance(value.get("error"), str) and value["error"], self.body
        return value["error"]

    def header(self, name):
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        assert len(values) <= 1, f"{name} came {len(values)} times"
        return values[0] if values else None


class Wire:
    """One raw connection. Nothing is hidden: bytes go out as given, answers are parsed by the letter."""

    def __init__(self, address, timeout=PATIENCE):
        if address.startswith("unix:"):
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(timeout)
            self.socket.connect(address[5:])
        else:
            host, port = address.rsplit(":", 1)
            self.socket = socket.create_connection((host.strip("[]"), int(port)), timeout)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.data = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def request(self, method, path, body=None, headers=None):
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        try:
            self.send("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body or b""))
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused early: the answer says why
        return self.answer(to_head=method == "HEAD")

    def _more(self):
        try:
            chunk = self.socket.recv(65536)
        except ConnectionResetError:
            chunk = b""
        self.data += chunk
        return bool(chunk)

    def answer(self, to_head=False):
        """The next final answer (1xx ones are skipped), or None if the connection closed before one began."""
        while True:
            answer = self._one_answer(to_head)
            if answer is None or answer.status >= 200:
                return answer

    def _one_answer(self, to_head=False):
        while b"\r\n\r\n" not in self.data:
            if not self._more():
                assert self.data == b"", f"closed within a head: {self.data[:200]!r}"
                return None
        head, self.data = self.data.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        version, status, _ = lines[0].split(" ", 2)
        assert version == "HTTP/1.1", lines[0]
        headers = [(line.split(":", 1)[0], line.split(":", 1)[1].strip()) for line in lines[1:]]
        answer = Answer(int(status), headers, b"")
        length = 0 if int(status) < 200 or int(status) in (204, 304) or to_head else int(answer.header("Content-Length"))
        while len(self.data) < length:
            assert self._more(), f"closed within a body: {len(self.data)} of {length} bytes"
        answer.body, self.data = self.data[:length], self.data[length:]
        return answer

    def is_closed(self, seconds=PATIENCE):
        """True if the other side closes without a further byte."""
        self.socket.settimeout(seconds)
        try:
            return not self._more() and self.data == b""
        except TimeoutError:
            return False


class ClientThreads:
    """Threads that are at work while the block lasts: each calls _run(number), which goes on until _stop is set."""

    def __init__(self, numbers, patience=60):
        self.wrong = []  # sentences about what must not be
        self._patience = patience
        self._lock, self._stop = threading.Lock(), threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in numbers]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join(self._patience)


def occ(*arguments, stdin=None, env=None, cwd=None, timeout=300, prefix=()):
    """Runs the command line; text in and out."""
    return subprocess.run(
        [*map(str, prefix), str(BIN / "occ"), *map(str, arguments)],
        input=stdin,
        env=environment(env),
        cwd=cwd,
        timeout=timeout,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def node(major):
    """The path of a node of that major, from the tests' npm packages."""
    for machine in ("x64", "arm64"):
        path = NODE_MODULES / f"node{major}-{machine}" / "bin" / "node"
        if path.exists():
            return path
    raise AssertionError(f"no Node {major}: run scripts/deps test")


def verify_offline(proofs, folder):
    """occ verify on the array: asserts that all of it is valid."""
    path = pathlib.Path(folder) / "delivered.json"
    for start in range(0, len(proofs), 5000):
        path.write_text(json.dumps(proofs[start : start + 5000]))
        result = occ("verify", path)
        assert result.returncode == 0, (result.stdout[-2000:], result.stderr[-2000:])


def check_chains(proofs):
    """No counter twice, no prevB64 twice within an epoch; each link that can be followed is right. Returns the epochs."""
    epochs = {}
    for proof in proofs:
        epochs.setdefault(proof["commit"]["epochId"], []).append(proof)
    for chain in epochs.values():
        chain.sort(key=lambda proof: int(proof["commit"]["counter"]))
        counters = [int(proof["commit"]["counter"]) for proof in chain]
        assert len(set(counters)) == len(counters), "a counter was given out twice"
        links = [proof["commit"]["prevB64"] for proof in chain if "prevB64" in proof["commit"]]
        assert len(set(links)) == len(links), "two proofs name the same predecessor"
        nonces = [proof["commit"]["nonceB64"] for proof in chain]
        assert len(set(nonces)) == len(nonces), "a nonce was given out twice"
        times = [proof["commit"]["time"] for proof in chain]
        assert times == sorted(times), "time went back within an epoch"
        for before, after in zip(chain, chain[1:]):
            if int(after["commit"]["counter"]) == int(before["commit"]["counter"]) + 1:
                assert after["commit"]["prevB64"] == link_hash(before), "a link does not name its predecessor"
        for proof in chain:
            # A chain's first proof has none; it names the epoch before, if there was one (PROTOCOL §6).
            begins = proof["commit"]["counter"] == "1" or "epochLink" in proof["commit"]
            assert ("prevB64" in proof["commit"]) != begins
        assert not any("epochLink" in proof["commit"] for proof in chain[1:])
    return epochs
