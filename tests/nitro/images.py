"""Makes enclave images for the tests."""
import collections
import json
import pathlib
import subprocess
import sys

import machine

sys.path.insert(0, str(machine.ROOT / "packaging" / "enclave"))

import cpio  # noqa: E402
import eif  # noqa: E402

SETTINGS = "listen = vsock:5000\nnsm = true\n"
Image = collections.namedtuple("Image", "path pcrs settings")


def build_image(output, settings):
    """packaging/enclave/build, with the kernels of the cache."""
    output.mkdir(parents=True)
    path = output / "occ-enclave.ini"
    path.write_text(settings)
    command = [machine.ROOT / "packaging" / "enclave" / "build", "--config", path, "--output", output, "--kernels", machine.CACHE]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    pcrs = json.loads((output / "pcrs.json").read_text())
    assert run.stdout.splitlines() == [f"{name}  {value}" for name, value in pcrs.items()]
    return Image(output / "occ.eif", pcrs, path)


def with_application(image, files, path):
    """The image with other files in the place of its program and settings."""
    sections = eif.read(image.path.read_bytes())
    ramdisks = [number for number, section in enumerate(sections) if section.kind == eif.Kind.RAMDISK]
    sections[ramdisks[-1]] = eif.Section(eif.Kind.RAMDISK, cpio.archive(files))
    path.write_bytes(eif.write(sections))
    return Image(path, eif.pcrs(sections), None)


def compile_program(source, output):
    """A static program of one C file, for a guest that has nothing else; its bytes."""
    command = ["gcc", "-std=c17", "-O1", "-Wall", "-Wextra", "-Werror", "-static", source, "-o", output]
    subprocess.run(command, check=True)
    return pathlib.Path(output).read_bytes()
