"""Fixtures of scenario/ and interop/. `start` starts an occd and stops it at the test's end; `occd` is one with nothing set."""
import pathlib
import shutil
import sys
import tempfile

import pytest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "scenario"))

import harness  # noqa: E402


@pytest.fixture
def folder():
    """A short path: unix sockets have room for 107 characters."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="occ-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(autouse=True)
def nothing_left_behind():
    """Ends what a test that failed has left; programs that outlive one test belong to a module's fixture."""
    before = list(harness.Program.running)
    yield
    for program in [program for program in harness.Program.running if program not in before]:
        program.kill()
    harness.Program.running[:] = [program for program in before if program.process.poll() is None]


@pytest.fixture
def start(folder):
    """start(*arguments, …) → Occd. At the end each that still runs must stop in good order on SIGTERM."""
    started = []

    def make(*arguments, data=None, **options):
        occd = harness.Occd(data or folder / "data", *arguments, **options)
        started.append(occd)
        return occd

    yield make
    running = [occd for occd in started if occd.process.poll() is None]
    for occd in running:
        occd.process.terminate()
    for occd in running:
        status = occd.wait()
        assert status == 0, f"occd ended with {status}:\n{occd.log()}"


@pytest.fixture
def occd(start):
    return start()
