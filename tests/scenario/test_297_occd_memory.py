"""The memory of occd under load: what waits takes little, nothing is kept longer than it is needed, and all of it stays within 40 MiB."""
import contextlib
import json
import os
import resource
import signal

import metrics_text
import pytest

from harness import PRESET, Wire, digest_of, status_of, wait_for

pytestmark = pytest.mark.skipif(PRESET not in ("release", "clang"), reason="a sanitizer has memory of its own")

AIM_KIB = 40 << 10
PATIENCE = "60s"  # the boundary is stopped for a while, and must not be taken for dead


@pytest.fixture(autouse=True)
def descriptors():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def kib(occd, name):
    return int(status_of(occd.pid)[name].split()[0])


def raw_commit(count):
    body = json.dumps({"digests": [digest_of(n) for n in range(count)]}).encode()
    head = ["POST /commit HTTP/1.1", "Host: x", "Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def taken(folder):
    """Commits that were read so far: they wait, or went to the boundary."""
    with Wire(f"unix:{folder}/data/metrics.sock") as wire:
        values = metrics_text.parse(wire.request("GET", "/metrics").body.decode())
    return metrics_text.get(values, "occ_commit_queue_requests") + metrics_text.get(values, "occ_boundary_frame_requests_sum")


@contextlib.contextmanager
def stopped(pid):
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def growth(occd, folder, request, first, then):
    """
    KiB that each of then requests takes, on a connection of its own and while the boundary stands still, after as many as first:
    memory that was only needed to read those is used again. In the end all are answered.
    """
    taken_before = taken(folder)
    with contextlib.ExitStack() as stack, stopped(occd.boundary_pid()):
        wires = [stack.enter_context(Wire(occd.address)) for _ in range(first + then)]

        def send(some, count):
            for wire in some:
                wire.send(request)
            wait_for(lambda: taken(folder) - taken_before == count, what="all requests to be read")
            return kib(occd, "VmRSS")

        before = send(wires[:first], first)
        grown = send(wires[first:], first + then) - before
        os.kill(occd.boundary_pid(), signal.SIGCONT)
        for wire in wires:
            assert wire.answer().status == 200
    return grown / then


@pytest.fixture
def patient(start):
    occd = start("--access-log", "off", "--boundary-timeout", PATIENCE)
    occd.commit(*[digest_of(n) for n in range(1000)])  # what the first commit needs is there
    return occd


def test_the_start_is_given_back(occd):
    """Of the libraries' code only what is used stays: an idle process holds much less than it began with."""
    peak, now = kib(occd, "VmHWM"), kib(occd, "VmRSS")
    assert now < peak * 0.7, (now, peak)


def test_single_commits_that_wait(patient, folder):
    """What a request takes beside its connection, which is there before: 2.5 KiB. With the body, and room for what few need, 4."""
    each = growth(patient, folder, raw_commit(1), 200, 1800)
    assert each < 3.4, each
    assert kib(patient, "VmHWM") < AIM_KIB


def test_batches_that_wait(patient, folder):
    """1,000 digests are 33 KiB. Their JSON, which has 80 and takes 128, is not kept."""
    each = growth(patient, folder, raw_commit(1000), 48, 48)
    assert each < 60, each
    assert kib(patient, "VmHWM") < AIM_KIB
