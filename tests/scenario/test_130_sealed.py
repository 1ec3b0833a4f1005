"""The boundary's process: locked in memory, not dumpable, without system calls that it does not need."""
import os
import pathlib
import subprocess

import pytest

from attested import Attested
from harness import BIN, PRESET, digest_of, occ, status_of

pytestmark = pytest.mark.skipif(PRESET != "release", reason="sanitizers need what the sandbox takes away")


def kib(text):
    return int(text.split()[0])


def test_memory_is_locked(occd):
    occd.commit(digest_of(1))
    assert kib(status_of(occd.boundary_pid())["VmLck"]) > 0


def test_seccomp_and_no_new_privileges(occd):
    status = status_of(occd.boundary_pid())
    assert status["Seccomp"] == "2" and status["NoNewPrivs"] == "1"


@pytest.mark.parametrize("mode", ["commit", "batch", "epoch"])
def test_every_thread_is_under_the_filter(folder, mode):
    """The one that asks the device too; and they work there."""
    with Attested(folder, mode) as service:
        tasks = list(pathlib.Path(f"/proc/{service.enclave.pid}/task").iterdir())
        states = [dict(line.split(":\t") for line in (task / "status").read_text().splitlines() if ":\t" in line) for task in tasks]
        assert len(tasks) == 2 and sorted(state["Name"] for state in states) == ["device", "occ-enclave-sim"]
        assert all((state["Seccomp"], state["NoNewPrivs"]) == ("2", "1") for state in states), states
        assert service.enclave.wait_event("epoch begins")["sandbox"] == "full"
        for number in range(20):
            assert "attestation" in service.occd.commit(digest_of(number))[0]["environment"]
        service.stop()


def test_not_dumpable(occd):
    child = occd.boundary_pid()
    # A process that is not dumpable has its /proc files owned by root, whoever runs it.
    assert pathlib.Path(f"/proc/{child}/mem").stat().st_uid == 0
    limits = pathlib.Path(f"/proc/{child}/limits").read_text()
    core = next(line for line in limits.splitlines() if line.startswith("Max core file size"))
    assert core.split()[4:6] == ["0", "0"]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user")
def test_memory_is_closed_to_its_own_user(folder):
    """As an ordinary user: not even the same user may read or trace it."""
    import shutil

    program = (
        "import os,subprocess,sys,time,pathlib\n"
        "p=subprocess.Popen([sys.argv[1]+'/occd','--listen','127.0.0.1:0','--data',sys.argv[2]+'/data'],stderr=subprocess.PIPE)\n"
        "while b'listening' not in p.stderr.readline(): pass\n"
        "for _ in range(200):\n"
        "    kids=pathlib.Path(f'/proc/{p.pid}/task/{p.pid}/children').read_text().split()\n"
        "    if kids and 'enclave' in pathlib.Path(f'/proc/{kids[0]}/comm').read_text(): break\n"
        "    time.sleep(0.02)\n"
        "time.sleep(0.5)\n"
        "try:\n"
        "    open(f'/proc/{kids[0]}/mem','rb').close(); print('READABLE')\n"
        "except PermissionError: print('CLOSED')\n"
        "p.terminate(); p.wait()\n"
    )
    for name in ("occd", "occ-enclave"):
        shutil.copy(BIN / name, folder / name)
    (folder / "data").mkdir()
    for path in (folder, folder / "data"):
        os.chown(path, 65534, 65534)
        path.chmod(0o700)
    result = subprocess.run(
        ["/usr/bin/python3", "-c", program, folder, folder], user=65534, group=65534, extra_groups=[],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, cwd=folder,
    )
    assert result.stdout.strip() == b"CLOSED", (result.stdout, result.stderr)


def test_it_holds_only_the_descriptors_it_needs(occd):
    child = occd.boundary_pid()
    links = {int(fd.name): os.readlink(fd) for fd in pathlib.Path(f"/proc/{child}/fd").iterdir()}
    assert links[0] == "/dev/null"
    assert [fd for fd, link in links.items() if link.startswith("socket:")] == [3]
    assert len(links) <= 6, links


def test_environment_is_cut_down(start):
    occd = start(env={"SOMETHING_SECRET": "x", "AWS_SECRET_ACCESS_KEY": "x"})
    names = [entry.split(b"=")[0] for entry in pathlib.Path(f"/proc/{occd.boundary_pid()}/environ").read_bytes().split(b"\0") if entry]
    assert b"SOMETHING_SECRET" not in names and b"AWS_SECRET_ACCESS_KEY" not in names


@pytest.mark.parametrize("word", ["RELRO", "NOW", "STACK", "PIE"])
@pytest.mark.parametrize("program", ["occd", "occ-enclave", "occ"])
def test_hardened_binaries(program, word):
    headers = subprocess.run(["readelf", "-hlWd", BIN / program], check=True, stdout=subprocess.PIPE, text=True).stdout
    if word == "STACK":
        stack = next(line for line in headers.splitlines() if "GNU_STACK" in line)
        assert " RW " in stack
    else:
        assert {"RELRO": "GNU_RELRO", "NOW": "NOW", "PIE": "DYN (Position-Independent"}[word] in headers


def test_verifier_under_valgrind(occd, folder):
    """The release build of the verifier, which no sanitizer sees: no error. (Leaks: the sanitized builds.)"""
    import json

    (folder / "p.json").write_text(json.dumps(occd.commit(digest_of(1))[0]))
    result = occ("verify", folder / "p.json",
                 prefix=["valgrind", "-q", "--error-exitcode=99", "--leak-check=no"])
    assert result.returncode == 0, result.stderr.decode()[-3000:]
