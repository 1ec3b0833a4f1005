"""Fixtures: images, built once for each settings file, and machines that are gone when a test ends."""
import collections
import json
import pathlib
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "packaging" / "enclave")]

import cpio  # noqa: E402
import eif  # noqa: E402
import machine  # noqa: E402

SETTINGS = "listen = vsock:5000\nnsm = true\n"
Image = collections.namedtuple("Image", "path pcrs settings")


def build_image(output, settings):
    """packaging/enclave/build of the tree source, with the kernels of the cache."""
    output.mkdir(parents=True)
    path = output / "occ-enclave.ini"
    path.write_text(settings)
    command = [machine.ROOT / "packaging" / "enclave" / "build", "--config", path, "--output", output]
    run = subprocess.run([*command, "--kernels", machine.CACHE], capture_output=True, text=True, check=False)
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


@pytest.fixture(scope="session")
def image(tmp_path_factory):
    """image(settings) → Image"""
    made = {}

    def make(settings=SETTINGS):
        if settings not in made:
            made[settings] = build_image(tmp_path_factory.mktemp("image") / "out", settings)
        return made[settings]

    return make


@pytest.fixture
def boot(folder):
    """boot(image) → Machine that serves; several, one after the other."""
    machines = []

    def start(image, wait=True, **options):
        new = machine.Machine(image.path, folder / f"machine{len(machines)}", **options)
        machines.append(new)
        if wait:
            new.ready()
        return new

    yield start
    for each in machines:
        each.close()


@pytest.fixture
def bridge(folder):
    made = machine.Bridge(folder / "boundary.sock")
    yield made
    made.close()
