"""Fixtures: images, built once for each settings file, and machines that are gone when a test ends."""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import images  # noqa: E402
import machine  # noqa: E402


@pytest.fixture(scope="session")
def image(tmp_path_factory):
    """image(settings) → images.Image"""
    made = {}

    def make(settings=images.SETTINGS):
        if settings not in made:
            made[settings] = images.build_image(tmp_path_factory.mktemp("image") / "out", settings)
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
