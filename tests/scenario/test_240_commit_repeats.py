"""
occ commit sends again what failed, and commits once: answers that are lost after the server has committed, storms of 503, servers
that restart, and servers that do not know Idempotency-Keys, to which nothing is sent twice that may have been done.
"""
import json
import operator
import re
import signal
import subprocess
import threading
import time

import pytest

from harness import BIN, Occd, environment, occ, wait_for
from proxy import Proxy


def files(folder, count):
    paths = [folder / f"f{number}" for number in range(count)]
    for path in paths:
        path.write_text(f"content of {path.name}")
    return paths


def proof_of(path):
    return json.loads(path.with_name(path.name + ".proof.json").read_text())


def next_counter(occd):
    """One more than the proofs that were made so far."""
    return int(occd.commit({"digestB64": "jYl9NHJP0VcRVh6OMEIU5VAGva6cu5kdrnPrlNr/RnU=", "hashAlg": "sha256"})[0]["commit"]["counter"])


def ledger_of(data):
    """The proofs that the ledger has, after an audit of it."""
    audited = occ("audit", "-q", "--ledger", data)
    assert audited.returncode == 0, audited.stderr
    return [json.loads(line) for line in occ("export", "--ledger", data).stdout.splitlines()]


def first(*actions):
    """A plan: these for the first requests to /commit, then all pass."""
    return lambda number, path: actions[number] if path == "/commit" and number < len(actions) else "pass"


# ---- the server keeps keys ----


@pytest.mark.sanitized
@pytest.mark.parametrize("action", ["lose", "reset", (500, {}, b'{"error":"internal server error"}'), (502, {}, b"<html>"), (504, {}, b"")])
def test_an_answer_that_is_lost_comes_again(occd, folder, action):
    paths = files(folder, 3)
    with Proxy(occd.port, first(action, action)) as proxy:
        result = occ("commit", "--server", proxy.url, *paths)
    assert result.returncode == 0, result.stderr
    assert len(proxy.keys()) == 3 and len(set(proxy.keys())) == 1 and re.fullmatch("[0-9a-f]{32}", proxy.keys()[0])
    assert len(set(proxy.bodies())) == 1
    assert [proof_of(path)["commit"]["counter"] for path in paths] == ["1", "2", "3"]
    assert next_counter(occd) == 4, "committed once"
    assert ledger_of(folder / "data")[:3] == list(map(proof_of, paths)), "and what came is what is kept"
    assert all(occ("verify", f"{path}.proof.json", path).returncode == 0 for path in paths)
    assert result.stderr == b"", "standard error is for failures where it is no terminal"


def test_no_answer_in_time(occd, folder):
    (path,) = files(folder, 1)
    with Proxy(occd.port, first("hang")) as proxy:
        result = occ("commit", "--server", proxy.url, "--timeout", "5s", path)
    assert result.returncode == 0, result.stderr
    assert len(proxy.keys()) == 2 and next_counter(occd) == 2


def test_each_request_has_a_key_of_its_own(occd, folder):
    paths = files(folder, 5)
    with Proxy(occd.port, first("pass", "lose")) as proxy:
        result = occ("commit", "--server", proxy.url, "--batch", "2", *paths)
    assert result.returncode == 0, result.stderr
    keys = proxy.keys()
    assert len(keys) == 4 and keys[1] == keys[2] and len(set(keys)) == 3
    assert [proof_of(path)["commit"]["counter"] for path in paths] == ["1", "2", "3", "4", "5"]


def test_a_storm_of_503(occd, folder):
    (path,) = files(folder, 1)
    storm = [(503, {}, b'{"error":"overloaded"}'), (429, {"Retry-After": "1"}, b"{}")] + [(503, {}, b"")] * 3
    begin = time.monotonic()
    with Proxy(occd.port, first(*storm)) as proxy:
        result = occ("commit", "--server", proxy.url, path)
    assert result.returncode == 0, result.stderr
    assert len(proxy.keys()) == 6 and len(set(proxy.keys())) == 1 and next_counter(occd) == 2
    assert time.monotonic() - begin >= 1, "Retry-After is honoured"


def test_a_storm_that_does_not_end(occd, folder):
    (path,) = files(folder, 1)
    with Proxy(occd.port, lambda number, _: (503, {}, b'{"error":"overloaded"}')) as proxy:
        result = occ("commit", "--server", proxy.url, "--timeout", "1s", path)
        assert result.returncode == 3 and result.stderr.endswith(b"answered 503: overloaded\n"), "nothing in doubt"
        assert 2 <= len(proxy.keys()) <= 20
        proxy.plan = lambda number, _: (503, {"Retry-After": "60"}, b'{"error":"overloaded"}')
        proxy.seen.clear()
        result = occ("commit", "--server", proxy.url, path)
        assert result.returncode == 3 and len(proxy.keys()) == 1, "no time for that: said at once"
    assert not (folder / "f0.proof.json").exists()


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422, 501])
def test_a_refusal_is_final(occd, folder, status):
    (path,) = files(folder, 1)
    with Proxy(occd.port, lambda number, _: (status, {}, b'{"error":"no, for a reason"}')) as proxy:
        result = occ("commit", "--server", proxy.url, path)
    assert result.returncode == 3 and len(proxy.keys()) == 1
    assert b"no, for a reason" in result.stderr and b"not known" not in result.stderr


def test_in_doubt_the_key_is_told(occd, folder):
    """When the time is over the message has the key, and the same command with it gives the same proof."""
    (path,) = files(folder, 1)
    with Proxy(occd.port, lambda number, _: "lose") as proxy:
        result = occ("commit", "--server", proxy.url, "--timeout", "1s", path)
        assert result.returncode == 3
        key = re.search(rb"whether it committed is not known: the same command with --idempotency-key ([0-9a-f]{32}) gives the same proof", result.stderr)
        assert key, result.stderr
        assert not (folder / "f0.proof.json").exists()
        assert len(proxy.keys()) >= 2
    result = occ("commit", "--server", occd.url, "--idempotency-key", key[1].decode(), path)
    assert result.returncode == 0, result.stderr
    assert proof_of(path)["commit"]["counter"] == "1" and next_counter(occd) == 2


def test_in_doubt_with_a_key_of_the_callers(occd, folder):
    with Proxy(occd.port, lambda number, _: (500, {}, json.dumps({"error": "x" * 1000}).encode())) as proxy:
        result = occ("commit", "--server", proxy.url, "--timeout", "500ms", "--idempotency-key", "k" * 255, *files(folder, 1))
    assert result.returncode == 3 and len(result.stderr) < 320
    assert result.stderr.endswith(b"; whether it committed is not known: the same command gives the same proof if it did\n"), result.stderr


def test_in_doubt_with_several_requests(occd, folder):
    """No key is told that would not be the same request in another run."""
    with Proxy(occd.port, first("pass", *["lose"] * 30)) as proxy:
        result = occ("commit", "--server", proxy.url, "--timeout", "500ms", "--batch", "1", *files(folder, 2))
    assert result.returncode == 3 and b"--idempotency-key" not in result.stderr
    assert b"to commit again may make a second proof" in result.stderr and b"the first 1 of 2 files are committed" in result.stderr


def test_a_key_of_the_callers(occd, folder):
    paths = files(folder, 2)
    for _ in range(2):
        assert occ("commit", "--force", "--server", occd.url, "--idempotency-key", "job 17".replace(" ", "-"), *paths).returncode == 0
        assert [proof_of(path)["commit"]["counter"] for path in paths] == ["1", "2"]
    assert next_counter(occd) == 3


@pytest.mark.parametrize("arguments, words", [
    (("--idempotency-key", "a b"), b"visible ASCII"),
    (("--idempotency-key", "k" * 256), b"1 to 255"),
    (("--idempotency-key", "k\u00e9"), b"visible ASCII"),
    (("--idempotency-key", "k", "--batch", "1"), b"more than one request"),
])
def test_keys_that_are_refused(folder, arguments, words):
    result = occ("commit", "--server", "http://127.0.0.1:1", *arguments, *files(folder, 2))
    assert result.returncode == 2 and words in result.stderr, result.stderr


def test_the_servers_restart(folder):
    """200 commits one after the other, with answers that get lost, while occd is stopped and killed and comes again."""
    data, results, done = folder / "data", [], threading.Event()
    occd = Occd(data)
    with Proxy(occd.port, lambda number, _: "lose" if number % 7 == 3 else "pass") as proxy:

        def commit(number):
            path = folder / f"c{number}"
            path.write_text(f"restart {number}")
            results.append((path, occ("commit", "--server", proxy.url, path)))

        def commit_all():
            for number in range(50):
                threads = [threading.Thread(target=commit, args=(4 * number + i,)) for i in range(4)]
                [thread.start() for thread in threads]
                [thread.join() for thread in threads]
            done.set()

        worker = threading.Thread(target=commit_all)
        worker.start()
        for number in range(1, 5):
            wait_for(lambda: len(results) >= 30 * number or done.is_set(), what="commits")
            occd.kill() if number % 2 else occd.stop()
            occd = Occd(data)
            proxy.target = occd.port
        worker.join()
    assert [(path.name, result.stderr) for path, result in results if result.returncode != 0] == []
    proofs = [proof_of(path) for path, _ in results]
    assert len({(proof["commit"]["epochId"], proof["commit"]["counter"]) for proof in proofs}) == 200
    occd.stop()
    key = operator.itemgetter("signer", "commit", "artifact")
    kept = ledger_of(data)
    assert sorted(map(str, map(key, kept))) == sorted(map(str, map(key, proofs))), "each of them is in the ledger once, and nothing else"


# ---- the server does not, or nobody knows ----


@pytest.mark.parametrize("action", ["lose", "reset", (500, {}, b'{"error":"internal server error"}'), (502, {}, b""), (504, {}, b"")])
def test_an_older_server_is_not_asked_twice(occd, folder, action):
    (path,) = files(folder, 1)
    with Proxy(occd.port, first(action), older=True) as proxy:
        result = occ("commit", "--server", proxy.url, path)
        assert result.returncode == 3
        assert result.stderr.endswith(b"; whether it committed is not known, and to commit again may make a second proof\n"), result.stderr
        assert len(proxy.keys()) == 1 and proxy.gets == ["/health"]
        assert not (folder / "f0.proof.json").exists()


def test_an_older_server_that_was_busy_is_asked_again(occd, folder):
    (path,) = files(folder, 1)
    with Proxy(occd.port, first((503, {}, b""), (429, {}, b"")), older=True) as proxy:
        result = occ("commit", "--server", proxy.url, path)
        assert result.returncode == 0 and len(proxy.keys()) == 3 and proxy.gets == []
    assert next_counter(occd) == 2


def test_nobody_there_is_waited_for(folder):
    """A connection that is refused took nothing: whoever listens later gets the request."""
    occd = Occd(folder / "data")
    port = occd.port
    occd.stop()
    (path,) = files(folder, 1)
    running = subprocess.Popen([BIN / "occ", "commit", "--server", f"http://127.0.0.1:{port}", path], env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    time.sleep(0.3)
    assert running.poll() is None
    occd = Occd(folder / "data", listen=f"127.0.0.1:{port}")
    _, errors = running.communicate(timeout=60)
    assert running.returncode == 0, errors
    occd.stop()


def test_nobody_there(folder):
    (path,) = files(folder, 1)
    result = occ("commit", "--server", "http://127.0.0.1:1", "--timeout", "300ms", path)
    assert result.returncode == 3 and result.stderr == b"occ commit: 127.0.0.1:1: connection refused (--server names another server)\n"
    begin = time.monotonic()
    assert occ("key", "--server", "http://127.0.0.1:1").returncode == 3
    assert occ("commit", "--server", "http://name.invalid", path, env={"http_proxy": ""}).returncode == 3
    assert time.monotonic() - begin < 20, "a question, and a wrong name, fail at once"


def start_occ(*arguments):
    """As from a terminal: what runs the tests may itself have been started with SIGINT ignored, which children inherit."""
    return subprocess.Popen([BIN / "occ", *arguments], env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))


def test_a_signal_leaves_nothing_half_written(occd, folder):
    (path,) = files(folder, 1)
    with Proxy(occd.port, lambda number, _: "hang") as proxy:
        running = start_occ("commit", "--server", proxy.url, path)
        wait_for(lambda: proxy.seen, what="the request")
        running.send_signal(signal.SIGINT)
        output, errors = running.communicate(timeout=30)
    assert running.returncode == -signal.SIGINT and output == b"" and errors == b""
    assert sorted(entry.name for entry in folder.iterdir() if entry.is_file()) == ["f0"]


def test_a_signal_waits_for_the_proof_files(occd, folder):
    """Once the proofs are there they are written, all of them, whenever the signal comes."""
    paths = files(folder, 400)
    running = start_occ("commit", "--server", occd.url, *paths)
    wait_for(lambda: (folder / "f0.proof.json").exists(), step=0.001, what="the first proof file")
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=60)
    assert running.returncode in (0, -signal.SIGINT)
    assert [proof_of(path)["commit"]["counter"] for path in paths] == [str(number) for number in range(1, 401)]
    assert len(list(folder.glob("*.tmp"))) == 0
