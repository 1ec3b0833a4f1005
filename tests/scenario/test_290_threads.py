"""occd --threads 3: HTTP on several threads. What holds with one thread holds with several, and nothing is lost between them."""
import hashlib
import json
import pathlib
import random
import signal
import socket
import struct
import subprocess
import threading

import pytest

import harness
import test_060_http_policy as policy
import test_100_graceful_stop as graceful
from harness import BIN, Wire, check_chains, digest_of, environment, verify_offline, wait_for

# The tests of other files, run against the occd of the fixtures below.
from test_060_http_policy import (  # noqa: F401
    test_dripping_head_is_ended,
    test_every_answer_has_length_and_date,
    test_expect_continue,
    test_expect_continue_refused_before_the_body,
    test_fine,
    test_half_a_request_moves_nothing,
    test_head,
    test_keep_alive,
    test_keep_alive_after_a_mistake_in_the_body,
    test_one_byte_at_a_time,
    test_pipelined_mix_keeps_order,
    test_pipelining,
    test_refused,
    test_slow_head_body_and_idle,
    test_stale_unix_socket_is_replaced,
    test_status,
    test_unix_socket,
)
from test_100_graceful_stop import (  # noqa: F401
    test_a_request_half_sent_may_finish,
    test_hanging_client_is_cut_off,
    test_idle_stop_is_fast,
    test_no_new_connections_while_stopping,
)
from test_140_limits import test_body_size, test_full_queue, test_slow_reader_is_dropped  # noqa: F401
from test_230_metrics import test_a_client_that_leaves, value  # noqa: F401

pytestmark = pytest.mark.threads

THREADS = 3


@pytest.fixture
def start(start):
    def make(*arguments, **options):
        return start("--threads", str(THREADS), *arguments, **options)

    return make


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    occd = harness.Occd(tmp_path_factory.mktemp("http"), "--threads", str(THREADS))
    yield occd
    occd.stop()


def commit_request(number):
    body = json.dumps({"digests": [digest_of(number)]}).encode()
    return policy.post_head(b"Content-Length: %d" % len(body)) + body


def watched_by_each_loop(pid, descriptors):
    """How many of the descriptors each epoll instance of the process watches, most first, without those that watch none."""
    counts = []
    for link in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        try:
            if link.readlink().name != "anon_inode:[eventpoll]":
                continue
            lines = pathlib.Path(f"/proc/{pid}/fdinfo/{link.name}").read_text().splitlines()
        except FileNotFoundError:
            continue
        watched = {int(line.split()[1]) for line in lines if line.startswith("tfd:")}
        counts.append(len(watched & descriptors))
    return sorted((count for count in counts if count), reverse=True)


def sockets_of(pid):
    """What each descriptor is → its number. Numbers are used again, what they stand for is not."""
    found = {}
    for link in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        try:
            found[link.readlink().name] = int(link.name)
        except FileNotFoundError:
            pass
    return {name: number for name, number in found.items() if name.startswith("socket:")}


@pytest.mark.parametrize("is_unix", [False, True])
def test_connections_are_spread_evenly(start, folder, is_unix):
    occd = start(listen=f"unix:{folder / 'http.sock'}" if is_unix else "127.0.0.1:0")
    wait_for(lambda: value(occd, "occ_http_connections") == 0, what="no connection")
    before = sockets_of(occd.pid)
    wires = [occd.connect() for _ in range(10 * THREADS)]
    wait_for(lambda: value(occd, "occ_http_connections") == len(wires), what="all connections")
    assert [wire.request("GET", "/key").status for wire in wires] == [200] * len(wires)
    new = {number for name, number in sockets_of(occd.pid).items() if name not in before}
    assert watched_by_each_loop(occd.pid, new) == [10] * THREADS
    assert value(occd, "occ_http_threads") == THREADS
    for wire in wires:
        wire.close()
    wait_for(lambda: value(occd, "occ_http_connections") == 0, what="no connection")


def test_a_second_server_on_the_address_is_refused(occd_of_three, folder):
    done = subprocess.run([BIN / "occd", "--data", folder / "other", "--threads", "3", "--listen", occd_of_three.address],
                          env=environment(), capture_output=True, timeout=60)
    assert done.returncode == 3 and b"address already in use" in done.stderr
    assert occd_of_three.is_healthy()


def test_a_start_that_fails_serves_nobody(folder):
    """The threads listen before the rest is there: who has come by then is refused, and the start's own failure is said."""
    address, enough = folder / "http.sock", threading.Event()
    taken = socket.create_server(("127.0.0.1", 0))

    def knock():
        while not enough.is_set():
            try:
                with socket.socket(socket.AF_UNIX) as client:
                    client.connect(str(address))
                    client.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
                    client.recv(1000)
            except OSError:
                pass

    clients = [threading.Thread(target=knock) for _ in range(4)]
    for client in clients:
        client.start()
    try:
        for _ in range(5):
            done = subprocess.run([BIN / "occd", "--data", folder / "data", "--threads", "3", "--listen", f"unix:{address}",
                                   "--metrics", "127.0.0.1:%d" % taken.getsockname()[1]],
                                  env=environment(), capture_output=True, timeout=60)
            assert done.returncode == 3 and b"--metrics: " in done.stderr, done.stderr
    finally:
        enough.set()
        for client in clients:
            client.join()
        taken.close()


@pytest.fixture
def occd_of_three(start):
    return start()


def test_one_limit_of_connections(start):
    occd = start("--max-connections", "7")

    def take_place():
        wire = occd.connect()
        answer = wire.request("GET", "/key")
        if answer is not None and answer.status == 200:
            return wire
        wire.close()
        return None

    wires = [wait_for(take_place, what="a place") for _ in range(7)]
    for _ in range(5):
        with occd.connect() as wire:
            answer = wire.request("GET", "/key")
            assert answer.status == 503 and answer.header("Retry-After") == "1"
    wires.pop().close()
    wires.append(wait_for(take_place, what="the place that was left"))
    for wire in wires:
        assert wire.request("GET", "/key").status == 200
        wire.close()


def test_one_limit_of_bodies(start):
    """Bodies that are half there fill the memory for all, whichever thread has them."""
    occd = start("--max-body", "32M")
    piece = b" " * (15 << 20)
    wires = []
    for _ in range(6):
        wire = occd.connect()
        wire.send(policy.post_head(b"Content-Length: %d" % (len(piece) + 1)))
        sent = threading.Thread(target=send_quietly, args=(wire, piece))
        sent.start()
        wires.append((wire, sent))
    refused = []

    def look():
        for wire, _ in wires:
            if wire not in refused and has_answer(wire):
                assert wire.answer().status == 503
                refused.append(wire)
        return len(refused) >= 2

    wait_for(look, what="two that did not fit")
    for wire, sent in wires:
        wire.socket.shutdown(socket.SHUT_RDWR)
        sent.join()
        wire.close()
    wait_for(lambda: value(occd, "occ_http_connections") == 0, what="no connection")
    for _ in range(3):
        assert occd.post("/commit", piece + json.dumps({"digests": [digest_of(1)]}).encode()).status == 200, "there is room again"


def send_quietly(wire, data):
    try:
        wire.send(data)
    except OSError:
        pass


def has_answer(wire):
    wire.socket.setblocking(False)
    try:
        return wire.socket.recv(1, socket.MSG_PEEK) != b""
    except BlockingIOError:
        return False
    finally:
        wire.socket.settimeout(harness.PATIENCE)


def test_log_keeps_the_order_of_a_connection(start, folder):
    occd = start("--access-log", folder / "access.log")
    paths = {number: [f"/{number}/{n}" for n in range(50)] for number in range(8)}
    wires = {number: occd.connect() for number in paths}
    for number, wire in wires.items():
        wire.send(b"".join(b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % path.encode() for path in paths[number]))
    for wire in wires.values():
        assert [wire.answer().status for _ in range(50)] == [404] * 50
        wire.close()
    occd.stop()
    logged = [json.loads(line)["path"] for line in (folder / "access.log").read_text().splitlines()]
    for number in paths:
        assert [path for path in logged if path.startswith(f"/{number}/")] == paths[number]


def test_a_client_that_sends_no_more_is_answered(start):
    """Wherever its end comes: also while its body, which is here, waits for what the handler's thread says about the head."""
    occd = start()
    body = json.dumps({"digests": []}).encode()
    request = policy.post_head(b"Transfer-Encoding: chunked") + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    wrong = []

    def ask(chance):
        for _ in range(400):
            with occd.connect() as wire:
                wire.send(request)
                for _ in range(chance.randrange(2000)):
                    pass  # any moment
                wire.socket.shutdown(socket.SHUT_WR)
                answer = wire.answer()
                if b"digests: 0 entries" not in answer.body:
                    wrong.append(answer.body)

    clients = [threading.Thread(target=ask, args=(random.Random(n),)) for n in range(4)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    assert not wrong, (len(wrong), wrong[0])


class Load(threading.Thread):
    """A client that commits one after the other, several at a time on its connection, until it is told to stop or closed."""

    def __init__(self, occd, number, ahead):
        super().__init__()
        self.occd, self.number, self.ahead = occd, number, ahead
        self.proofs, self.wrong, self.sent = [], [], 0
        self.enough = threading.Event()
        self.start()

    def run(self):
        try:
            with Wire(self.occd.address) as wire:
                while not self.enough.is_set():
                    self.round(wire)
        except OSError:
            pass  # closed between two requests
        except Exception as error:
            self.wrong.append(error)

    def round(self, wire):
        numbers = [f"{self.number}.{self.sent + n}" for n in range(self.ahead)]
        self.sent += self.ahead
        wire.send(b"".join(map(commit_request, numbers)))
        for number in numbers:
            answer = wire.answer()
            if answer is None:
                raise OSError("closed")
            if answer.status == 200:
                [proof] = answer.json()
                assert proof["artifact"]["digestB64"] == digest_of(number)["digestB64"], "somebody else's proof"
                self.proofs.append(proof)
            elif answer.status != 503:
                self.wrong.append((answer.status, answer.body))


def all_proofs(occd):
    found, path = [], "/proofs?limit=1000"
    while path:
        answer = occd.get(path)
        assert answer.status == 200, answer.body
        page = [json.loads(line) for line in answer.body.splitlines()]
        counters = [int(proof["commit"]["counter"]) for proof in page]
        assert counters == list(range(len(found) + 1, len(found) + len(page) + 1)), "each once"
        found += page
        link = answer.header("Link")
        path = None if link is None else "/" + link.split("<", 1)[1].split(">", 1)[0].lstrip("/.")
    return found


def test_in_flight_requests_are_finished(start, folder):
    graceful.test_in_flight_requests_are_finished(start, folder, graceful.to_the_group)


def test_a_stop_under_load_loses_nothing(start, folder):
    occd = start()
    clients = [Load(occd, n, 1 + n % 4) for n in range(24)]
    wait_for(lambda: sum(len(client.proofs) for client in clients) > 500, what="load")
    occd.signal(signal.SIGTERM)
    assert occd.wait() == 0, occd.log()
    for client in clients:
        client.join()
    assert not [client.wrong[0] for client in clients if client.wrong]
    delivered = [proof for client in clients for proof in client.proofs]
    check_chains(delivered)
    verify_offline(random.Random(1).sample(delivered, 50), folder)
    again = start(data=folder / "data")
    kept = {proof["commit"]["counter"]: proof for proof in all_proofs(again)}
    assert all(kept[proof["commit"]["counter"]] == proof for proof in delivered), "what was answered is in the ledger"


def test_counts_are_exact(start):
    occd = start()
    clients = [Load(occd, n, 5) for n in range(12)]
    wait_for(lambda: sum(len(client.proofs) for client in clients) > 300, what="load")
    for client in clients:
        client.enough.set()
        client.join()
        assert not client.wrong, client.wrong[0]
    total = sum(len(client.proofs) for client in clients)
    wait_for(lambda: value(occd, "occ_http_requests_total", route="/commit", status="2xx") == total, what="all counted")
    assert value(occd, "occ_proofs_total") == total
    assert value(occd, "occ_http_unsent_bytes") == 0
    assert int(occd.commit(digest_of(0))[0]["commit"]["counter"]) == total + 1


def misbehave(occd, seed):
    """One client that does something wrong, at a point that chance decides."""
    chance = random.Random(seed)
    request = commit_request(f"bad {seed}")
    kind = chance.randrange(5)
    try:
        wire = occd.connect()
        if kind == 0:  # half a request
            wire.send(request[: chance.randrange(1, len(request))])
        elif kind == 1:  # sends many, reads nothing
            wire.send(request * 20)
        elif kind == 2:  # head and body apart, the end in between
            head_len = request.index(b"\r\n\r\n") + 4
            wire.send(request[:head_len])
            wire.send(request[head_len : head_len + chance.randrange(1, 10)])
        elif kind == 3:
            wire.send(chance.randbytes(200))
        else:  # a good one, and gone before the answer
            wire.send(request)
        if chance.randrange(2):
            wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset
        wire.close()
    except OSError:
        pass


def test_broken_clients_harm_nobody(start):
    occd = start("--body-timeout", "1s", "--head-timeout", "1s")
    clients = [Load(occd, n, 2) for n in range(6)]
    for seed in range(300):
        misbehave(occd, seed)
    wait_for(lambda: all(client.proofs for client in clients), what="the good ones")
    for client in clients:
        client.enough.set()
        client.join()
        assert not client.wrong, client.wrong[0]
    wait_for(lambda: value(occd, "occ_http_connections") == 0, what="all of them gone")
    wait_for(lambda: value(occd, "occ_http_unsent_bytes") == 0, what="nothing kept for them")
    check_chains(proof for client in clients for proof in client.proofs)


def test_keys_are_read_again_under_load(start, folder):
    """The hand-over changes nothing of who may call: keys are judged on one thread, before and after SIGHUP."""
    keys = folder / "keys"
    hashes = {name: hashlib.sha256(f"key-of-{name}-0123456789".encode()).hexdigest() for name in ("alice", "bob")}
    keys.write_text(f"alice {hashes['alice']}\n")
    occd = start("--api-keys", keys)

    def status(name):
        return occd.post("/commit", {"digests": [digest_of(1)]}, {"Authorization": f"Bearer key-of-{name}-0123456789"}).status

    assert (status("alice"), status("bob"), status("nobody")) == (200, 401, 401)
    enough = threading.Event()
    seen = set()

    def ask():
        while not enough.is_set():
            seen.add(status("alice"))

    askers = [threading.Thread(target=ask) for _ in range(4)]
    for asker in askers:
        asker.start()
    wait_for(lambda: 200 in seen, what="load")
    keys.write_text(f"bob {hashes['bob']}\n")
    occd.signal(signal.SIGHUP)
    occd.wait_event("API keys read again")
    wait_for(lambda: 401 in seen, what="the key that is gone")
    enough.set()
    for asker in askers:
        asker.join()
    assert seen == {200, 401} and (status("alice"), status("bob")) == (401, 200)


def test_number_of_threads(folder):
    for value_given in ("0", "17", "x"):
        done = subprocess.run([BIN / "occd", "--data", folder, "--check-config", "--threads", value_given],
                              env=environment(), capture_output=True, timeout=60)
        assert done.returncode == 2 and b"threads" in done.stderr, done.stderr


def test_threads_from_the_environment(folder, tmp_path):
    occd = harness.Occd(tmp_path, env={"OCC_THREADS": "2"})
    assert value(occd, "occ_http_threads") == 2
    occd.stop()
