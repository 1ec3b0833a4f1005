"""What a program in the enclave can do, tried by one that takes the place of occ-enclave under the image's own kernel and init."""
import pathlib

import pytest

import machine
from images import Image, compile_program, cpio, with_application

HERE = pathlib.Path(__file__).resolve().parent
# What it says, with the error that the kernel gives. "ENOSYS" and "EAFNOSUPPORT": the kernel does not have it at all.
EXPECTED = {
    "write to /": "EROFS",
    "write to /dev": "EROFS",
    "change the settings": "EROFS",
    "read the settings": "done",
    "open the security module": "done",
    "open the machine's memory": "ENOENT",
    "open /proc": "ENOENT",
    "become root": "EPERM",
    "remount": "EPERM",
    "reboot": "EPERM",
    "internet socket": "EAFNOSUPPORT",
    "unix socket": "EAFNOSUPPORT",
    "netlink socket": "done",
    "packet socket": "EAFNOSUPPORT",
    "vsock socket": "done",
    "load a module": "ENOSYS",
    "run a shell": "ENOENT",
    "bpf": "ENOSYS",
    "io_uring": "ENOSYS",
    "trace init": "EPERM",
}


@pytest.fixture
def probe(image, tmp_path):
    program = compile_program(HERE / "probe.c", tmp_path / "probe")
    files = [cpio.program("occ-enclave", program), cpio.text("occ-enclave.ini", b"")]
    return with_application(image(), files, tmp_path / "probe.eif")


def test_what_is_left_to_an_intruder(probe, boot):
    running = boot(probe, wait=False)
    running.console.wait_for_end()
    said = [line.removeprefix("probe: ") for line in running.console.lines if line.startswith("probe: ")]
    assert said[0] == "user 1 group 1 groups 0 arguments 3 --config /occ-enclave.ini"
    assert dict(line.split(": ") for line in said[1:]) == EXPECTED
    assert running.console.find("init: /occ-enclave ended with status 42"), running.console.lines
    assert running.qemu.wait(machine.PATIENCE) == 0, "an enclave ends with its program"


def test_a_program_that_cannot_run_ends_the_enclave(image, boot, tmp_path):
    broken = with_application(image(), [cpio.program("occ-enclave", b"nothing")], tmp_path / "broken.eif")
    running = boot(broken, wait=False)
    running.console.wait_for_end()
    assert running.console.find("init: cannot run /occ-enclave: Exec format error")
    assert running.console.find("init: /occ-enclave ended with status 127")
    assert running.qemu.wait(machine.PATIENCE) == 0


def test_other_ramdisks_are_other_measurements(image, tmp_path):
    broken = with_application(image(), [cpio.program("occ-enclave", b"nothing")], tmp_path / "broken.eif")
    assert isinstance(broken, Image)
    assert broken.pcrs["PCR1"] == image().pcrs["PCR1"] and broken.pcrs["PCR2"] != image().pcrs["PCR2"]
