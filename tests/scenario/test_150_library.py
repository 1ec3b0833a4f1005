"""libocc as a program of somebody else's gets it: installed, found by pkg-config, linked shared and static."""
import os
import shutil
import subprocess

import pytest

from harness import BIN, ROOT, environment, occ

CASES = [("shared", []), ("static", ["--static"])]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    prefix = tmp_path_factory.mktemp("prefix")
    subprocess.run(["cmake", "--install", BIN.parent, "--prefix", prefix], check=True, stdout=subprocess.DEVNULL)
    return prefix


def test_what_is_installed(installed):
    names = {str(path.relative_to(installed)) for path in installed.rglob("*") if not path.is_dir()}
    assert {"bin/occ", "bin/occd", "bin/occ-enclave", "include/occ/occ.h", "include/occ/verify.h", "include/occ/codes.h",
            "share/man/man1/occ.1", "share/man/man8/occd.8", "share/man/man8/occ-enclave.8"} <= names
    assert any(name.endswith("/libocc.so.0") for name in names) and any(name.endswith("/libocc.a") for name in names)
    assert any(name.endswith("/pkgconfig/occ.pc") for name in names)


@pytest.mark.parametrize("kind, words", CASES)
def test_example(installed, occd, folder, kind, words):
    library = next(installed.rglob("occ.pc")).parent.parent
    prefix = environment({"PKG_CONFIG_PATH": str(library / "pkgconfig")})
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", *words, "occ"],
                           env=prefix, check=True, capture_output=True, text=True).stdout.split()
    if kind == "static":
        flags = [str(library / "libocc.a") if flag == "-locc" else flag for flag in flags]
    program = folder / "verify"
    subprocess.run(["gcc", "-Wall", "-Wextra", "-Werror", ROOT / "examples" / "verify.c", *flags, "-o", program], check=True)
    shutil.copy(ROOT / "README.md", folder / "file")
    assert occ("commit", "--server", occd.url, folder / "file").returncode == 0
    proof = folder / "file.proof.json"
    run = environment({"LD_LIBRARY_PATH": str(library)})
    good = subprocess.run([program, proof], env=run, capture_output=True, text=True)
    assert good.returncode == 0 and '"valid":true' in good.stdout, good
    proof.write_text(proof.read_text().replace('"counter":"1"', '"counter":"2"'))
    bad = subprocess.run([program, proof], env=run, capture_output=True, text=True)
    assert bad.returncode == 1 and "signature verification failed" in bad.stdout, bad
    os.truncate(proof, 100)
    assert subprocess.run([program, proof], env=run, capture_output=True).returncode == 2
