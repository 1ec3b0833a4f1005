"""The image as it is built: the same bytes everywhere, nothing of the machine that built it, settings that are checked."""
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import zlib

import pytest

import machine
from images import SETTINGS, eif

BUILD = machine.ROOT / "packaging" / "enclave" / "build"
VERIFY = machine.ROOT / "packaging" / "enclave" / "verify-image"
PROGRAM = machine.ROOT / "build" / "image" / "work" / "bin" / "occ-enclave"


def sections(image):
    return eif.read(image.path.read_bytes())


def unpacked_kernel(bzimage):
    """The gzip stream in it."""
    start = bzimage.index(b"\x1f\x8b\x08")
    return zlib.decompressobj(31).decompress(bzimage[start:])


def test_nothing_tells_where_it_was_built(image):
    parts = sections(image())
    kernel = next(part.data for part in parts if part.kind == eif.Kind.KERNEL)
    everything = image().path.read_bytes() + unpacked_kernel(kernel)
    words = [f"{folder}/" for folder in (machine.ROOT, machine.CACHE, image().path.parent, pathlib.Path.home())]
    words += [name for name in [socket.gethostname()] if len(name) > 5]  # a short one may be there by chance
    assert [word for word in words if word.encode() in everything] == []
    assert b"Linux version 6." in everything and b"(occ@occ)" in everything, "the kernel was not looked into"


def test_paths_in_the_program_are_the_systems(image):
    image()
    text = subprocess.run(["strings", "-n", "4", PROGRAM], capture_output=True, text=True, check=True).stdout
    assert "occ-enclave" in text
    paths = re.findall(r"(?<![\w.:/)])/(?:[\w.+-]+/){2,}[\w.+-]+", text)
    assert "/usr/lib/ssl/certs" in paths
    systems = ("/dev/", "/etc/", "/proc/", "/sys/", "/usr/lib/", "/usr/share/", "/var/run/nscd/")
    assert [path for path in paths if not path.startswith(systems)] == []


def test_the_program_needs_nothing_beside_it(image):
    image()

    def readelf(*what):
        return subprocess.run(["readelf", *what, PROGRAM], capture_output=True, text=True, check=True).stdout

    dynamic = readelf("--dynamic", "--program-headers")
    assert "NEEDED" not in dynamic and "INTERP" not in dynamic and "RPATH" not in dynamic
    assert "GNU_RELRO" in dynamic and "BIND_NOW" in dynamic
    assert "DYN (" in readelf("--file-header"), "not position-independent"


def copy_tree(to):
    to.mkdir()
    for entry in machine.ROOT.iterdir():
        if entry.is_dir() and entry.name not in ("build", ".git"):
            shutil.copytree(entry, to / entry.name, ignore=shutil.ignore_patterns("node_modules", "__pycache__"))
        elif entry.is_file():
            shutil.copy(entry, to)
    return to


def test_two_folders_give_the_same_bytes(image, tmp_path):
    """Another folder, another user's umask and language, another clock; the kernel is the cached one (verify-image builds it)."""
    tree = copy_tree(tmp_path / "a folder with another name")
    settings = tmp_path / "settings.ini"
    settings.write_text(SETTINGS)
    environment = {"PATH": os.environ["PATH"], "LANG": "de_DE.UTF-8", "TZ": "Asia/Tokyo", "CFLAGS": "-O1 -g", "HOME": str(tmp_path)}
    environment |= {"CCACHE_BASEDIR": "/", "CMAKE_C_COMPILER_LAUNCHER": "ccache"}
    command = [tree / "packaging" / "enclave" / "build", "--config", settings, "--output", tmp_path / "out"]
    command += ["--kernels", machine.CACHE]

    def build():
        run = subprocess.run(command, env=environment, umask=0o077, cwd="/", capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stderr
        return json.loads((tmp_path / "out" / "pcrs.json").read_text())

    assert build() == image().pcrs
    assert (tmp_path / "out" / "occ.eif").read_bytes() == image().path.read_bytes()
    # And one letter of the source is another PCR2.
    source = tree / "src" / "enclave" / "config.c"
    source.write_text(source.read_text().replace("Diagnostics are JSON lines", "diagnostics are JSON lines"))
    changed = build()
    assert changed["PCR1"] == image().pcrs["PCR1"] and changed["PCR2"] != image().pcrs["PCR2"]


def test_nothing_of_an_earlier_build_is_kept(image, tmp_path):
    """Neither settings of cmake, nor what was linked with packages that were replaced since."""
    made, work = image(), PROGRAM.parents[1]
    command = [BUILD, "--config", made.settings, "--output", tmp_path / "out", "--kernels", machine.CACHE]

    def build():
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stderr
        return json.loads((tmp_path / "out" / "pcrs.json").read_text())

    subprocess.run(["cmake", "-S", machine.ROOT, "-B", work, "-D", "CMAKE_C_FLAGS=-fno-inline"], check=True, stdout=subprocess.DEVNULL)
    assert build() == made.pcrs
    PROGRAM.write_bytes(PROGRAM.read_bytes() + b"linked with what was there then")
    packages = work / "packages"
    packages.write_text(packages.read_text().replace("libssl-dev=", "libssl-dev=0~"))
    assert build() == made.pcrs


def test_settings_move_pcr2_alone(image):
    one, other = image(), image(SETTINGS + "attest = epoch\n")
    assert one.pcrs["PCR1"] == other.pcrs["PCR1"]
    assert one.pcrs["PCR2"] != other.pcrs["PCR2"] and one.pcrs["PCR0"] != other.pcrs["PCR0"]


WRONG = {
    "unknown name": (SETTINGS + "atest = epoch\n", 'settings.ini:3: unknown setting "atest", did you mean "attest"?'),
    "wrong value": (SETTINGS + "attest = always\n", "attest"),
    "twice": (SETTINGS + "nsm = true\n", "nsm"),
    "only half": ("listen = vsock:5000\nrp-id = example.com\n", "--rp-id and --origin: give both, or neither"),
    "no port": ("listen = vsock:x\nnsm = true\n", "vsock:x"),
    "nothing to listen on": ("nsm = true\n", 'no "listen = vsock:PORT"'),
    "a socket that the enclave cannot have": ("listen = unix:/b.sock\nnsm = true\n", 'no "listen = vsock:PORT"'),
    # Set in the environment of the tests, which is not the enclave's.
    "the other half is elsewhere": (SETTINGS + "rp-id = example.com\n", "--rp-id and --origin: give both, or neither"),
}


@pytest.mark.parametrize("name", WRONG)
def test_settings_that_the_program_does_not_take_make_no_image(name, tmp_path, image):
    image()
    text, sentence = WRONG[name]
    settings = tmp_path / "settings.ini"
    settings.write_text(text)
    command = [BUILD, "--config", settings, "--output", tmp_path / "out", "--kernels", machine.CACHE]
    environment = os.environ | {"OCC_ENCLAVE_ORIGIN": "https://example.com"}
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 2 and run.stdout == ""
    assert len(run.stderr.splitlines()) == 1 and sentence in run.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("arguments", [[], ["--config"], ["--config", "/nowhere.ini"], ["--konfig", "x"]])
def test_wrong_use_of_build(arguments, tmp_path):
    run = subprocess.run([BUILD, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 2 and len(run.stderr.splitlines()) == 1 and run.stderr.startswith("build: ")


def verify(*arguments):
    return subprocess.run([VERIFY, *arguments], capture_output=True, text=True, check=False)


def test_verify_image(image):
    made = image()
    arguments = ["--config", made.settings, "--kernels", machine.CACHE]
    same = verify(made.path, *arguments)
    assert same.returncode == 0, same.stdout + same.stderr
    assert same.stdout.splitlines()[-1] == "the same, byte for byte" and made.pcrs["PCR0"] in same.stdout
    different = verify("0" * 96, *arguments)
    assert different.returncode == 1
    assert different.stdout == (
        f"different: this source tree, these settings and the packages of this machine give PCR0 {made.pcrs['PCR0']}\n"
    )


def test_wrong_use_of_verify_image(image, tmp_path):
    settings = ["--config", image().settings]
    assert verify().returncode == 2
    assert verify(image().path).returncode == 2
    assert verify(__file__, *settings).returncode == 2
    assert verify(tmp_path / "nothing", *settings).returncode == 3
    run = verify(image().path, "--config", tmp_path / "nothing")
    assert (run.returncode, run.stderr) == (2, f"verify-image: {tmp_path}/nothing: there is no such file\n")


def test_a_folder_that_the_kernel_cannot_be_built_in(tmp_path):
    """It is said before anything is fetched."""
    command = [machine.ROOT / "packaging" / "enclave" / "build-kernel", tmp_path / "with space"]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert run.returncode == 2 and "takes no path with white space" in run.stderr and run.stdout == ""
    assert list((tmp_path / "with space").iterdir()) == []


def test_what_is_cached_is_all_that_is_needed(tmp_path):
    command = [machine.ROOT / "packaging" / "enclave" / "build-kernel", "--is-cached", machine.CACHE]
    needed = [machine.QEMU]
    for more in ([], ["tests/nitro/kernel-alone.config"]):
        found = subprocess.run([*command, *more], cwd=machine.ROOT, capture_output=True, text=True, check=True)
        needed.append(pathlib.Path(found.stdout.strip()))

    def is_cached(name, files):
        (tmp_path / name).mkdir()
        for file in files:
            (tmp_path / name / file.name).symlink_to(file)
        environment = os.environ | {"OCC_NITRO_CACHE": str(tmp_path / name)}
        return subprocess.run([machine.ROOT / "scripts" / "test-nitro", "--is-cached"], env=environment, check=False).returncode

    assert is_cached("all", needed) == 0
    for missing in needed:
        assert is_cached(f"without-{missing.name}", [file for file in needed if file != missing]) == 1, missing.name
