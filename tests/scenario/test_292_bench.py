"""scripts/bench: it measures any service of the protocol, and says so when what it measures is wrong."""
import http.client
import http.server
import json
import subprocess
import sys
import threading

import pytest

from harness import PRESET, ROOT, environment

sys.path.insert(0, str(ROOT / "tests" / "bench"))

import load  # noqa: E402
import service  # noqa: E402

pytestmark = pytest.mark.skipif(PRESET != "release", reason="scripts/bench has a build of its own: release")


class Between(http.server.BaseHTTPRequestHandler):
    """Gives an occd's answers, but for what `spoil` makes of them: spoil(path, status, body, how many there were) → (status, body)."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one piece

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        behind = http.client.HTTPConnection(*self.server.behind)
        behind.request("POST", self.path, body, {"Content-Type": "application/json"})
        answer = behind.getresponse()
        status, text = answer.status, answer.read()
        behind.close()
        with self.server.lock:
            self.server.count += 1
            count = self.server.count
        status, text = self.server.spoil(self.path, status, text, count)
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass  # the load generator leaves in the middle of answers


@pytest.fixture
def between(occd):
    """between(spoil) → its base URL."""
    servers = []

    def start(spoil):
        server = Server(("127.0.0.1", 0), Between)
        server.behind, server.spoil, server.count, server.lock = (occd.host, occd.port), spoil, 0, threading.Lock()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return service.Service(f"http://127.0.0.1:{server.server_address[1]}")

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def honest(_path, status, text, _count):
    return status, text


def commits(one, batch=3):
    return load.measure(one, load.commit_load(one, batch, 2), 1)


def test_an_honest_service_is_measured(between):
    one = between(honest)
    found = commits(one)
    assert found["per_second"] > 0 and 0 < found["p50_ms"] <= found["p99_ms"] <= found["p999_ms"] <= found["max_ms"]
    assert load.measure(one, load.verify_load(one, 2), 1)["per_second"] > 0


def edit(text, change):
    """The proofs of an answer, changed."""
    proofs = json.loads(text)
    change(proofs)
    return json.dumps(proofs, separators=(",", ":")).encode()


def later(spoil, first):
    """Only from an answer on: after what is read before the load."""
    return lambda path, status, text, count: spoil(path, status, text, count) if count >= first else (status, text)


def fewer(_path, status, text, _count):
    return status, edit(text, lambda proofs: proofs.pop())


def others(_path, status, text, _count):
    return status, edit(text, lambda proofs: proofs.reverse())


def forged(_path, status, text, _count):
    return status, edit(text, lambda proofs: proofs[0]["commit"].update(time=1))


def failing(_path, status, text, count):
    return (500, b'{"error":"internal server error"}') if count % 10 == 0 else (status, text)


def empty(_path, status, _text, _count):
    return status, b"[]"


@pytest.mark.parametrize("status", (404, 405, 501))
def test_what_a_service_does_not_have_is_no_failure(between, status):
    one = between(lambda path, were, text, _: (status, b"") if path == "/verify" else (were, text))
    with pytest.raises(load.Missing, match=f"POST /verify is not there .{status}."):
        load.verify_load(one, 1)


@pytest.mark.parametrize("spoil, said", (
    (fewer, "3 digests, 2 proofs"),
    (others, "another digest"),
    (forged, "occ verify: "),
    (lambda *_: (200, b"<html>"), "not JSON"),
    (lambda *_: (500, b"no"), "status 500"),
    (later(fewer, 20), "proofs or verdicts"),
    (later(failing, 20), "error answers"),
), ids=("fewer", "others", "forged", "no JSON", "status 500", "fewer later", "failing later"))
def test_wrong_answers_are_told(between, spoil, said):
    with pytest.raises(load.Broken, match=said):
        commits(between(spoil))


def test_answers_that_are_not_read_are_told_by_their_length(between):
    """What begins when the warming up is over: the answers are short then."""
    one = between(honest)
    made = load.commit_load(one, 3, 2)
    warm = load.run_wrk(one, made, 1, counted=True)
    load.check_lengths(warm, load.run_wrk(one, made, 1), made)
    with pytest.raises(load.Broken, match="bytes each"):
        load.check_lengths(warm, load.run_wrk(between(empty), made, 1), made)


def test_a_verifier_that_takes_everything_is_told(between):
    one = between(lambda path, status, text, _: (200, b'{"valid":true}') if path == "/verify" else (status, text))
    with pytest.raises(load.Broken, match="altered"):
        load.verify_load(one, 1)


def bench(*words):
    return subprocess.run([ROOT / "scripts" / "bench", *map(str, words)], cwd=ROOT, env=environment(), stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=300, check=False)


def test_any_base_url(start, folder):
    """With a key; look-ups are not there for who has none; the exit status and both files say what was found."""
    key = "a key of this test"
    occd = start(env={"API_KEYS": key})
    words = ("--quick", "--url", occd.url, "--rows", "^commit, 1 c|^verify, 1 c|^look-up", "--output", folder, "--pid", occd.pid)
    result = bench(*words, "--api-key", key, "--json")
    assert result.returncode == 0, (result.stdout, result.stderr)
    report = json.loads(result.stdout)
    assert json.loads((folder / "report.json").read_text()) == report
    assert [row["name"] for row in report["rows"]] == ["commit, 1 connections", "verify, 1 connections", "look-up by digest, 16 connections"]
    for row in report["rows"]:
        assert row["figures"]["per_second"]["median"] > 0 and row["figures"]["service_us"]["median"] > 0 and row["figures"]["service_mib"]["median"] > 1
    assert report["floors"]["sodium_sign"]["min"] > 0 and len(report["floors"]["sodium_sign"]["values"]) == 2
    assert "| commit, 1 connections |" in (folder / "report.md").read_text()
    refused = bench(*words, "--rows", "^commit, 1 c")
    assert refused.returncode == 1 and "**wrong**: POST /commit: status 401" in refused.stdout, refused.stdout
    same = bench("--compare", folder / "report.json", folder / "report.json")
    assert same.returncode == 0 and "| floor | sodium sign |" in same.stdout, same
