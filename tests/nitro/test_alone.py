"""occd and occ-enclave in one guest: their own AF_VSOCK code, end to end. Hosts of CI have neither vhost-vsock nor loopback."""
import json
import pathlib
import re
import subprocess

import pytest

import machine
from harness import BIN, check_chains, verify_offline
from images import compile_program, cpio, eif

HERE = pathlib.Path(__file__).resolve().parent


def with_libraries(program):
    """The program's file and those that the dynamic linker needs for it, by their names in the guest."""
    text = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    paths = re.findall(r"(/\S+) \(0x", text)
    assert any("ld-linux" in path for path in paths)
    return {path.lstrip("/"): pathlib.Path(path).read_bytes() for path in paths} | {program.name: program.read_bytes()}


def folders_of(names):
    return sorted({str(parent) for name in names for parent in pathlib.PurePath(name).parents if str(parent) != "."})


@pytest.fixture(scope="module")
def guest(tmp_path_factory):
    """An image with both programs, a kernel that has vsock's loopback, and alone.c as its first process."""
    work = tmp_path_factory.mktemp("alone")
    init = compile_program(HERE / "alone.c", work / "init")
    build_kernel = machine.ROOT / "packaging" / "enclave" / "build-kernel"
    kernel = subprocess.run([build_kernel, machine.CACHE, HERE / "kernel-alone.config"], capture_output=True, text=True, check=True)
    files = with_libraries(BIN / "occd") | with_libraries(BIN / "occ-enclave")
    entries = [cpio.folder(name) for name in ("dev", "proc", "run", *folders_of(files))]
    entries += [cpio.program(name, content) for name, content in files.items()]
    entries += [cpio.program("init", init), cpio.character_device("dev/console", 5, 1)]
    sections = [
        eif.Section(eif.Kind.KERNEL, pathlib.Path(kernel.stdout.strip()).read_bytes()),
        eif.Section(eif.Kind.CMDLINE, b"reboot=t panic=-1 console=ttyS0 loglevel=4"),
        eif.Section(eif.Kind.RAMDISK, cpio.archive(entries)),
    ]
    (work / "alone.eif").write_bytes(eif.write(sections))
    return work / "alone.eif"


def test_both_programs_over_vsock(guest, folder):
    running = machine.Machine(guest, folder / "machine", memory_mib=256)
    try:
        running.console.wait_for("alone: done")
        running.console.wait_for_end()
    finally:
        running.close()
    said = [line.removeprefix("alone: ").partition(" ")[::2] for line in running.console.lines if line.startswith("alone: ")]
    assert [name for name, _ in said] == ["first", "unhealthy", "other-epoch", "other-parent", "done"]
    proofs = [json.loads(text)[0] for name, text in said if text.startswith("[")]
    verify_offline(proofs, folder)
    assert [proof["commit"]["counter"] for proof in proofs] == ["1", "2", "3"]
    epochs = list(check_chains(proofs).values())
    assert [len(epoch) for epoch in epochs] == [1, 2], "the boundary was killed once, and the parent once"
    assert epochs[1][0]["commit"]["epochLink"]["prevEpochId"] == epochs[0][0]["commit"]["epochId"]
