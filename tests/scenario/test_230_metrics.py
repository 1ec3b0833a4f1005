"""GET /metrics: the format by a strict reader, the numbers against what was really done, and where it is served."""
import hashlib
import json
import os
import signal
import socket
import stat

import pytest

import metrics_text
from harness import BIN, Program, Wire, digest_of, status_of, wait_for

pytestmark = pytest.mark.sanitized

# An exchange is counted on the main thread: with this one it is counted before another request is looked at.
AT_ONCE = ("--threads", "1")
KEY = "s3cret-key-of-alice-0123456789abcdef"


def address_of(occd):
    return occd.wait_event("serving metrics")["address"]


def scrape(occd):
    with Wire(address_of(occd)) as wire:
        answer = wire.request("GET", "/metrics")
    assert answer.status == 200
    assert answer.header("Content-Type") == "text/plain; version=0.0.4; charset=utf-8"
    return metrics_text.parse(answer.body.decode())


def value(occd, name, **labels):
    return metrics_text.get(scrape(occd), name, **labels)


def check_requests(values, route, **expected):
    for status in ("2xx", "4xx", "5xx", "gone"):
        found = metrics_text.get(values, "occ_http_requests_total", route=route, status=status)
        assert found == expected.get(f"s{status}", 0), (route, status, found)
    answered = sum(count for name, count in expected.items() if name != "sgone")
    assert metrics_text.get(values, "occ_http_request_duration_seconds_count", route=route) == answered


@pytest.mark.parametrize(
    "text",
    [
        "occ_x 1\n",
        "# HELP occ_x X.\n# TYPE occ_x gauge\nocc_x 1",
        "# HELP occ_x X.\n# TYPE occ_x counter\nocc_x 1\n",
        "# HELP occ_x X.\n# TYPE occ_x gauge\nocc_x 1\nocc_x 2\n",
        "# HELP occ_x X.\n# TYPE occ_x gauge\nocc_y 1\n",
        '# HELP occ_x X.\n# TYPE occ_x gauge\nocc_x{a="1"b="2"} 1\n',
        "# HELP occ_x X.\n# TYPE occ_x gauge\nocc_x 1,5\n",
        '# HELP h X.\n# TYPE h histogram\nh_bucket{le="1"} 2\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n',
        '# HELP h X.\n# TYPE h histogram\nh_bucket{le="1"} 1\nh_sum 1\nh_count 1\n',
        '# HELP h X.\n# TYPE h histogram\nh_bucket{le="1"} 0\nh_bucket{le="+Inf"} 1\nh_sum 0.5\nh_count 1\n',
    ],
)
def test_the_reader_is_strict(text):
    with pytest.raises(AssertionError):
        metrics_text.parse(text)


def test_a_fresh_server(occd, folder):
    assert address_of(occd) == f"unix:{folder}/data/metrics.sock"
    mode = (folder / "data" / "metrics.sock").stat().st_mode
    assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o660
    values = scrape(occd)
    for route in ("/commit", "/verify", "/key", "/challenge", "/allocate-slot", "other"):
        check_requests(values, route)
    assert metrics_text.get(values, "occ_proofs_total") == 0
    assert metrics_text.get(values, "occ_boundary_up") == 1
    assert metrics_text.get(values, "occ_boundary_sessions_total") == 1
    assert metrics_text.get(values, "occ_commits_possible") == 1
    assert metrics_text.get(values, "occ_ledger_proofs") == 0
    occd.stop()
    assert not (folder / "data" / "metrics.sock").exists()


def test_what_was_done(start):
    occd = start(*AT_ONCE)
    proofs = [occd.commit(digest_of(number))[0] for number in range(3)]
    proofs += occd.commit(*[digest_of(number) for number in range(40)])
    occd.post("/commit", {"digests": []})
    occd.post("/commit", b"{")
    occd.request("PUT", "/commit", b"")
    for proof in proofs[:2]:
        assert occd.post("/verify", {"proof": proof}).json() == {"valid": True}
    occd.post("/verify", {"proof": 1})
    occd.get("/key")
    occd.get("/nothing")
    occd.get("/metrics")
    with occd.connect() as wire:
        wire.send(b"malformed\r\n\r\n")
        assert wire.answer().status == 400
    values = scrape(occd)
    check_requests(values, "/commit", s2xx=4, s4xx=3)
    check_requests(values, "/verify", s2xx=3)
    check_requests(values, "/key", s2xx=1)
    check_requests(values, "/metrics")
    check_requests(values, "other", s4xx=3)
    assert metrics_text.get(values, "occ_proofs_total") == len(proofs) == 43
    assert metrics_text.get(values, "occ_boundary_frame_digests_sum") == 43
    assert metrics_text.get(values, "occ_boundary_frame_requests_sum") == 4
    assert metrics_text.get(values, "occ_boundary_frame_requests_count") == 4, "one after the other: a frame each"
    assert metrics_text.get(values, "occ_boundary_frame_digests_bucket", le="1") == 3
    assert metrics_text.get(values, "occ_boundary_frame_digests_bucket", le="32") == 3
    assert metrics_text.get(values, "occ_boundary_frame_digests_bucket", le="64") == 4
    assert metrics_text.get(values, "occ_http_request_duration_seconds_sum", route="/commit") > 0
    for name in ("occ_commit_queue_requests", "occ_commit_queue_bytes", "occ_boundary_frames_in_flight",
                 "occ_http_unsent_bytes", "occ_verify_pending", "occ_commit_bodies_pending", "occ_http_rate_limited_total"):
        assert metrics_text.get(values, name) == 0, name


def test_the_ledger(start, folder):
    occd = start()
    for number in range(3):
        occd.commit(digest_of(number), digest_of(number + 100))
    values = scrape(occd)
    assert metrics_text.get(values, "occ_ledger_proofs") == 6
    assert metrics_text.get(values, "occ_ledger_rows") == 3
    assert metrics_text.get(values, "occ_ledger_sync_seconds_count") == 3, "one after the other: a transaction each"
    assert metrics_text.get(values, "occ_ledger_sync_seconds_sum") > 0
    assert metrics_text.get(values, "occ_ledger_waiting") == metrics_text.get(values, "occ_ledger_trouble") == 0
    on_disk = sum(path.stat().st_size for path in (folder / "data").glob("ledger.db*"))
    assert 0 < metrics_text.get(values, "occ_ledger_size_bytes") <= on_disk
    occd.stop()
    again = start()
    assert value(again, "occ_ledger_proofs") == 6, "of the ledger, not of this run"
    assert value(again, "occ_proofs_total") == 0


def test_info_is_the_boundary(occd):
    key = occd.get("/key").json()
    info = {"epoch": key["epochId"], "enforcement": key["enforcement"], "measurement": key["measurement"]}
    assert value(occd, "occ_boundary_info", **info) == 1


def test_connections(occd):
    wires = [occd.connect() for _ in range(5)]
    wait_for(lambda: value(occd, "occ_http_connections") == 5, what="five connections")
    for wire in wires:
        wire.close()
    wait_for(lambda: value(occd, "occ_http_connections") == 0, what="no connection")
    assert value(occd, "occ_http_connections_max") == 4096


def test_commits_that_wait(occd):
    """The boundary stands still: what it has been sent is in flight, what came later waits."""
    os.kill(occd.boundary_pid(), signal.SIGSTOP)
    body = json.dumps({"digests": [digest_of(1)]}).encode()
    wires = []

    def one_more():
        wires.append(occd.connect())
        wires[-1].send(b"POST /commit HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                       % (len(body), body))

    for frames in (1, 2):
        one_more()
        wait_for(lambda: value(occd, "occ_boundary_frames_in_flight") == frames, what="a frame in flight")
    for waiting in (1, 2, 3):
        one_more()
        wait_for(lambda: value(occd, "occ_commit_queue_requests") == waiting, what="a request that waits")
    assert value(occd, "occ_commit_queue_bytes") > 3 * 32
    os.kill(occd.boundary_pid(), signal.SIGCONT)
    assert [wire.answer().status for wire in wires] == [200] * 5
    values = scrape(occd)
    assert metrics_text.get(values, "occ_commit_queue_requests") == 0
    assert metrics_text.get(values, "occ_boundary_frames_in_flight") == 0
    assert metrics_text.get(values, "occ_boundary_frame_requests_count") == 3, "the three that waited shared one"


def test_a_client_that_leaves(occd):
    os.kill(occd.boundary_pid(), signal.SIGSTOP)
    body = json.dumps({"digests": [digest_of(1)]}).encode()
    wire = occd.connect()
    wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    wire.send(b"POST /commit HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
              % (len(body), body))
    wait_for(lambda: value(occd, "occ_boundary_frames_in_flight") == 1, what="its frame")
    wire.close()  # a reset
    wait_for(lambda: value(occd, "occ_http_connections") == 0, what="the reset")
    os.kill(occd.boundary_pid(), signal.SIGCONT)
    wait_for(lambda: value(occd, "occ_http_requests_total", route="/commit", status="gone") == 1, what="gone")


def test_a_boundary_that_dies(occd):
    before = occd.get("/key").json()["epochId"]
    os.kill(occd.boundary_pid(), signal.SIGKILL)
    wait_for(lambda: value(occd, "occ_boundary_sessions_total") == 2, what="a second session")
    values = scrape(occd)
    assert metrics_text.get(values, "occ_boundary_sessions_lost_total") >= 1
    assert metrics_text.get(values, "occ_boundary_up") == 1
    infos = [dict(labels) for (name, labels) in values if name == "occ_boundary_info"]
    assert len(infos) == 1 and infos[0]["epoch"] != before


def test_no_boundary(folder, start):
    program = Program([BIN / "occd", "--data", folder / "data", "--listen", "127.0.0.1:0", "--boundary", f"unix:{folder}/none"])
    program.wait_event("serving metrics")
    wait_for(lambda: value(program, "occ_boundary_sessions_lost_total") >= 2, what="attempts that fail")
    values = scrape(program)
    assert metrics_text.get(values, "occ_boundary_up") == 0
    assert metrics_text.get(values, "occ_commits_possible") == 0
    assert not [name for (name, _) in values if name == "occ_boundary_info"]
    program.stop()


def test_an_authority_that_is_not_there(start):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    occd = start("--tsa", f"http://user:secret@127.0.0.1:{port}/tsr", "--tsa-wait", "100ms")
    occd.commit(digest_of(1))

    def failures():
        found = {labels: count for (name, labels), count in scrape(occd).items() if name == "occ_timestamp_failures_total"}
        assert len(found) == 1 and not any("secret" in text for labels in found for _, text in labels)
        return sum(found.values())

    wait_for(lambda: failures() > 0, what="a failure")
    assert value(occd, "occ_timestamp_late") == 1, "it is still wanted"


def test_rate_limited(start):
    occd = start("--rate-address", "1/h", *AT_ONCE)
    for _ in range(3):
        occd.post("/commit", {"digests": [digest_of(1)]})
    assert value(occd, "occ_http_rate_limited_total") == 2
    check_requests(scrape(occd), "/commit", s2xx=1, s4xx=2)


def test_process(occd):
    values = scrape(occd)
    resident = int(status_of(occd.pid)["VmRSS"].split()[0]) * 1024
    assert resident / 2 < metrics_text.get(values, "process_resident_memory_bytes") < resident * 2
    assert metrics_text.get(values, "process_cpu_seconds_total") > 0
    assert abs(metrics_text.get(values, "process_open_fds") - len(os.listdir(f"/proc/{occd.pid}/fd"))) <= 3
    version = next(dict(labels)["version"] for (name, labels) in values if name == "occ_build_info")
    assert version == "0.1.0"


# ---- where it is served ----


def test_a_listener_of_its_own(start):
    occd = start("--metrics", "127.0.0.1:0", env={"API_KEYS": KEY})
    assert address_of(occd).startswith("127.0.0.1:") and address_of(occd) != occd.address
    assert occd.get("/metrics").status == 404
    with Wire(address_of(occd)) as wire:
        head = wire.request("HEAD", "/metrics")
        assert head.status == 200 and int(head.header("Content-Length")) > 1000
        answer = wire.request("GET", "/metrics?x=1")
        assert answer.status == 200, "no API key is asked for"
        assert answer.header("Access-Control-Allow-Origin") is None
        assert wire.request("GET", "/key").status == 404
        answer = wire.request("DELETE", "/metrics")
        assert answer.status == 405 and answer.header("Allow") == "GET, HEAD" and answer.error()
    with Wire(address_of(occd)) as wire:
        wire.send(b"malformed\r\n\r\n")
        assert wire.answer().status == 400


def test_with_all_other_calls(start, folder):
    path = folder / "keys"
    path.write_text(f"alice {hashlib.sha256(KEY.encode()).hexdigest()}\n")
    occd = start("--metrics", "main", "--api-keys", path, *AT_ONCE)
    assert not occd.events("serving metrics")
    assert not (folder / "data" / "metrics.sock").exists()
    assert occd.get("/metrics").status == 401
    answer = occd.get("/metrics", {"Authorization": f"Bearer {KEY}"})
    values = metrics_text.parse(answer.body.decode())
    check_requests(values, "/metrics", s4xx=1)
    assert occd.request("POST", "/metrics", b"").status == 405


def test_off(start, folder):
    occd = start("--metrics", "off")
    assert not occd.events("serving metrics")
    assert not (folder / "data" / "metrics.sock").exists()
    assert occd.get("/metrics").status == 404


def test_the_default_that_cannot_be_had(start, folder):
    occd = start(data=folder / ("long" * 30))
    warning = occd.wait_event("metrics are not served, --metrics says where else")
    assert warning["level"] == "warn" and warning["error"]
    assert occd.commit(digest_of(1))


def test_what_was_asked_for_cannot_be_had(folder):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        program = Program([BIN / "occd", "--data", folder / "data", "--listen", "127.0.0.1:0", "--metrics", where])
        assert program.wait() == 3
    assert f"occd: --metrics: {where}" in program.log()
    program = Program([BIN / "occd", "--data", folder / "data", "--metrics", "9464"])
    assert program.wait() == 2
    assert 'occd: --metrics: "9464", expected HOST:PORT' in program.log()
