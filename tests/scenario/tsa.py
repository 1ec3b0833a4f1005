"""tsa.py: timestamp authorities for the scenarios. A certificate authority and TSA certificates made by openssl, and a local HTTP
server in front of `openssl ts -reply` that behaves as its path says, well or badly.
"""
import http.server
import itertools
import pathlib
import socket
import subprocess
import tempfile
import threading

from harness import environment

CONFIG = """
[req]
distinguished_name = name
prompt = no
[name]
CN = $ENV::TSA_NAME
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
[signer]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[tsa]
default_tsa = answers
[answers]
dir = .
serial = $ENV::TSA_SERIAL
default_policy = 1.3.6.1.4.1.32473.1
digests = sha256, sha384, sha512
accuracy = secs:1
ordering = no
tsa_name = no
ess_cert_id_chain = no
ess_cert_id_alg = sha256
signer_digest = sha256
"""


def openssl(*words, folder, name="TSA", serial="", stdin=None):
    run = subprocess.run(["openssl", *map(str, words)], input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=folder,
                         env=environment({"TSA_NAME": name, "TSA_SERIAL": str(serial)}))
    assert run.returncode == 0, run.stderr.decode()
    return run.stdout


class Signer:
    """A root certificate and a TSA certificate under it, with the extended key usage that RFC 3161 §2.3 demands."""

    def __init__(self, folder, name):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.config = self.folder / "openssl.cnf"
        self.config.write_text(CONFIG)
        self.root = self.folder / "root.pem"
        key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-config", self.config)
        openssl("req", "-x509", *key, "-extensions", "root", "-days", 30, "-keyout", "root.key", "-out", "root.pem",
                folder=self.folder, name=f"{name} root")
        openssl("req", "-new", *key, "-keyout", "tsa.key", "-out", "tsa.csr", folder=self.folder, name=name)
        openssl("x509", "-req", "-in", "tsa.csr", "-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial", "-days", 20,
                "-extfile", self.config, "-extensions", "signer", "-out", "tsa.pem", folder=self.folder)
        self._serials = itertools.count(1)

    def reply(self, query):
        number = next(self._serials)
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            path = pathlib.Path(folder)
            (path / "query").write_bytes(query)
            (path / "serial").write_text(f"{number:016x}\n")
            openssl("ts", "-reply", "-queryfile", path / "query", "-config", self.config, "-section", "answers", "-signer", "tsa.pem",
                    "-inkey", "tsa.key", "-chain", "root.pem", "-out", path / "reply", folder=self.folder, serial=path / "serial")
            return (path / "reply").read_bytes()


def other_digest(query):
    """The query with its SHA-256 imprint changed, all else kept."""
    at = query.index(b"\x04\x20") + 2
    return query[:at] + bytes(byte ^ 0xFF for byte in query[at : at + 32]) + query[at + 32 :]


def other_nonce(query):
    """The query with its nonce (an INTEGER behind the imprint) changed."""
    at = query.index(b"\x04\x20") + 2 + 32
    assert query[at] == 2, query.hex()
    last = at + 1 + query[at + 1]
    return query[:last] + bytes([query[last] ^ 1]) + query[last + 1 :]


class Tsa:
    """
    Serves /NAME?…; what a NAME does is modes[NAME], or NAME itself, and may be changed while it runs:

      good            a token                         slow        a token, once `gate` is set
      refuse          status "rejection"              imprint     a token about another digest
      nonce           one with another nonce          stranger    one of another authority, under another root
      huge            a megabyte                      garbage     bytes
      html            a token as text/html            500, 503    that HTTP status (503 with Retry-After: 1)
      redirect        302 to /good                    closing     closes without an answer
      never           says nothing until the end
    """

    def __init__(self, folder):
        self.signer = Signer(pathlib.Path(folder) / "tsa", "Scenario TSA")
        self.stranger = Signer(pathlib.Path(folder) / "stranger", "Stranger TSA")
        self.roots = self.signer.root
        self.modes = {}
        self.gate = threading.Event()
        self.closing = threading.Event()
        self.lock = threading.Lock()
        self.asked = {}  # NAME → requests
        self.heads = []  # of all requests
        self.digests = []
        self.connections = 0
        self.under_way = self.under_way_max = 0
        tsa = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                with tsa.lock:
                    tsa.connections += 1

            def do_POST(self):
                with tsa.lock:
                    tsa.under_way += 1
                    tsa.under_way_max = max(tsa.under_way_max, tsa.under_way)
                try:
                    tsa.handle(self)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True
                finally:
                    with tsa.lock:
                        tsa.under_way -= 1

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 256

            def handle_error(self, *_):
                pass  # clients that went away

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        self.address = f"127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def url(self, name="good", user=""):
        return f"http://{user}{self.address}/{name}"

    def count(self, name):
        with self.lock:
            return self.asked.get(name, 0)

    def handle(self, request):
        body = request.rfile.read(int(request.headers["Content-Length"]))
        name = request.path.split("?")[0].strip("/")
        with self.lock:
            self.asked[name] = self.asked.get(name, 0) + 1
            self.heads.append((request.path, dict(request.headers)))
            at = body.index(b"\x04\x20") + 2
            self.digests.append(body[at : at + 32])
        assert request.headers["Content-Type"] == "application/timestamp-query", request.headers
        self.answer(request, self.modes.get(name, name), body)

    def answer(self, request, mode, query):
        reply, kind = b"", "application/timestamp-reply"
        if mode == "slow":
            self.gate.wait()
            mode = "good"
        if mode == "never":
            self.closing.wait()
        if mode in ("closing", "never"):
            request.close_connection = True
            request.connection.shutdown(socket.SHUT_RDWR)
            return
        if mode in ("500", "503"):
            request.send_response(int(mode))
            if mode == "503":
                request.send_header("Retry-After", "1")
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        if mode == "redirect":
            request.send_response(302)
            request.send_header("Location", self.url("good"))
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        if mode == "refuse":
            reply = bytes.fromhex("30053003020102")  # PKIStatusInfo: rejection
        elif mode == "huge":
            reply = b"0" * (1 << 20)
        elif mode == "garbage":
            reply = b"\x30\x82 this is not DER"
        elif mode == "imprint":
            reply = self.signer.reply(other_digest(query))
        elif mode == "nonce":
            reply = self.signer.reply(other_nonce(query))
        elif mode == "stranger":
            reply = self.stranger.reply(query)
        else:
            assert mode in ("good", "html"), mode
            reply = self.signer.reply(query)
        request.send_response(200)
        request.send_header("Content-Type", "text/html" if mode == "html" else kind)
        request.send_header("Content-Length", str(len(reply)))
        request.end_headers()
        request.wfile.write(reply)

    def stop(self):
        self.gate.set()
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()

    def verify(self, digest, token, folder, stranger=False):
        """openssl's verdict on a token about a digest: its output, which ends with "Verification: OK"."""
        path = pathlib.Path(folder) / "token.der"
        path.write_bytes(token)
        root = (self.stranger if stranger else self.signer).root
        run = subprocess.run(["openssl", "ts", "-verify", "-digest", digest.hex(), "-in", path, "-token_in", "-CAfile", root],
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment())
        return run.stdout.decode()
