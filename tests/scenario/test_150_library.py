"""libocc as somebody else's build gets it: installed as a component, found by pkg-config and by CMake, shared and static, or as a
part of another project. What the examples do with it: test_294_library_examples.py."""
import json
import os
import re
import shutil
import subprocess

import pytest

from harness import BIN, ROOT, environment, occ

PC_WORDS = {"shared": [], "static": ["--static"]}
NEEDED = ("jansson", "libsodium", "libcrypto")


def run(*words, env=None, cwd=None):
    done = subprocess.run([str(word) for word in words], env=environment(env), cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=600)
    assert done.returncode == 0, f"{words}:\n{done.stdout[-6000:]}"
    return done.stdout


def names_in(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A prefix with the component libocc alone."""
    prefix = tmp_path_factory.mktemp("prefix")
    run("cmake", "--install", BIN.parent, "--component", "libocc", "--prefix", prefix)
    return prefix


def test_components(installed, tmp_path):
    names = names_in(installed)
    library = next(name for name in names if name.endswith("/libocc.a")).removesuffix("/libocc.a")
    assert {"include/occ/occ.h", "include/occ/verify.h", "include/occ/codes.h", f"{library}/libocc.so", f"{library}/libocc.so.0",
            f"{library}/pkgconfig/occ.pc", f"{library}/cmake/occ/occ-config.cmake", f"{library}/cmake/occ/occ-config-version.cmake",
            "share/man/man3/libocc.3", "share/man/man3/occ_verify.3"} <= names
    assert not any(name.startswith(("bin/", "sbin/", "share/man/man1/", "share/man/man8/")) for name in names)
    run("cmake", "--install", BIN.parent, "--component", "programs", "--prefix", tmp_path / "programs")
    programs = names_in(tmp_path / "programs")
    assert programs == {"bin/occ", "bin/occd", "bin/occ-enclave", "share/man/man1/occ.1", "share/man/man8/occd.8", "share/man/man8/occ-enclave.8"}
    run("cmake", "--install", BIN.parent, "--prefix", tmp_path / "all")
    assert names_in(tmp_path / "all") == names | programs


def test_destdir(installed, tmp_path):
    run("cmake", "--install", BIN.parent, "--component", "libocc", "--prefix", "/opt/occ", env={"DESTDIR": str(tmp_path)})
    assert names_in(tmp_path / "opt" / "occ") == names_in(installed)
    for name in ("occ.pc", "occ-config.cmake", "occ-targets.cmake", "occ-targets-release.cmake"):
        for path in tmp_path.rglob(name):
            text = path.read_text()
            assert str(tmp_path) not in text and str(ROOT) not in text, path


@pytest.mark.parametrize("compiler, standards", [("gcc", ["c99", "c11", "c17"]), ("g++", ["c++11", "c++17", "c++20"]),
                                                ("clang", ["c99", "c17"]), ("clang++", ["c++11", "c++17"])])
def test_headers_alone(installed, tmp_path, compiler, standards):
    """Each header by itself, twice, without a warning."""
    for header in ("occ", "verify", "codes"):
        source = tmp_path / ("a.cc" if "++" in compiler else "a.c")
        source.write_text(f"#include <occ/{header}.h>\n#include <occ/{header}.h>\nint main(void) {{ return (int)OCC_OK; }}\n")
        for standard in standards:
            run(compiler, f"-std={standard}", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Wundef", "-Werror",
                "-fsyntax-only", "-I", installed / "include", source)


def test_symbols(installed):
    """The name that programs look for, and nothing needed that an embedder was not told of."""
    library = next(installed.rglob("libocc.so.0"))
    dynamic = run("readelf", "-d", library)
    assert "[libocc.so.0]" in dynamic and "RPATH" not in dynamic and "RUNPATH" not in dynamic
    needed = set(re.findall(r"\(NEEDED\).*\[(\S+?)\.so", dynamic))
    assert needed <= {"libjansson", "libsodium", "libcrypto", "libdouble-conversion", "libstdc++", "libgcc_s", "libm", "libc", "ld-linux-x86-64",
                      "ld-linux-aarch64"}, needed
    assert run("nm", "-D", "--defined-only", library).count("@@OCC_0") == 18


# ---- who links it ----


@pytest.fixture(scope="module")
def proofs(tmp_path_factory):
    """(a good proof, the same changed)"""
    folder = tmp_path_factory.mktemp("proofs")
    good = next(case["proof"] for case in map(json.loads, filter(None, (ROOT / "tests/conformance/verify.jsonl").read_text().split("\n")))
                if case["name"] == "signature: good")
    (folder / "good.json").write_text(good)
    (folder / "bad.json").write_text(good.replace('"counter":"5"', '"counter":"6"'))
    return folder / "good.json", folder / "bad.json"


def holds(program, proofs, library=None):
    env = environment({"LD_LIBRARY_PATH": str(library)} if library else {})
    good, bad = (subprocess.run([program, path], env=env, capture_output=True, text=True) for path in proofs)
    assert good.returncode == 0 and "valid" in good.stdout, good
    assert bad.returncode == 1 and "signature verification failed" in bad.stdout, bad


@pytest.mark.parametrize("kind", PC_WORDS)
def test_pkg_config(installed, folder, proofs, kind):
    """Also from another place than where it was installed to: the paths are relative to occ.pc."""
    moved = folder / "elsewhere"
    shutil.copytree(installed, moved, symlinks=True)
    library = next(moved.rglob("libocc.a")).parent
    flags = run("pkg-config", "--cflags", "--libs", *PC_WORDS[kind], "occ", env={"PKG_CONFIG_PATH": str(library / "pkgconfig")}).split()
    assert str(moved) in os.path.realpath(next(flag for flag in flags if flag.startswith("-I"))[2:])
    if kind == "static":
        flags = [str(library / "libocc.a") if flag == "-locc" else flag for flag in flags]
    program = folder / "verify"
    run("gcc", "-Wall", "-Wextra", "-Werror", ROOT / "examples" / "verify.c", *flags, "-o", program)
    holds(program, proofs, library if kind == "shared" else None)


USER = """
cmake_minimum_required(VERSION 3.16)
project(user LANGUAGES C)
%s
add_executable(user_shared ${EXAMPLE})
target_link_libraries(user_shared PRIVATE occ::occ)
add_executable(user_static ${EXAMPLE})
target_link_libraries(user_static PRIVATE occ::occ_static)
set_target_properties(user_static PROPERTIES LINKER_LANGUAGE C)
"""


def build_user(folder, text, *options, env=None):
    (folder / "CMakeLists.txt").write_text(USER % text)
    build = folder / "build"
    run("cmake", "-G", "Ninja", "-S", folder, "-B", build, f"-DEXAMPLE={ROOT / 'examples' / 'verify.c'}", *options, env=env)
    run("cmake", "--build", build, env=env)
    return build


def test_cmake_package(installed, folder, proofs):
    moved = folder / "elsewhere"
    shutil.copytree(installed, moved, symlinks=True)
    build = build_user(folder, "find_package(occ 0.1 CONFIG REQUIRED COMPONENTS shared static)", f"-DCMAKE_PREFIX_PATH={moved}")
    for kind in PC_WORDS:
        holds(build / f"user_{kind}", proofs)
    for wrong in ("find_package(occ 1.0 CONFIG REQUIRED)", "find_package(occ CONFIG REQUIRED COMPONENTS wings)"):
        (folder / "CMakeLists.txt").write_text(USER % wrong)
        refused = subprocess.run(["cmake", "-G", "Ninja", "-S", folder, "-B", folder / "wrong", f"-DCMAKE_PREFIX_PATH={moved}", "-DEXAMPLE=x"],
                                 capture_output=True, text=True, env=environment())
        assert refused.returncode != 0 and "occ" in refused.stderr, wrong


def test_part_of_another_project(folder, proofs):
    """add_subdirectory, on a machine that has what the library needs, and nothing of what the programs need."""
    pkgconfig = folder / "pkgconfig"
    pkgconfig.mkdir()
    directories = run("pkg-config", "--variable", "pc_path", "pkg-config").strip().split(":")
    for name in NEEDED:
        found = next(os.path.join(directory, f"{name}.pc") for directory in directories if os.path.exists(os.path.join(directory, f"{name}.pc")))
        (pkgconfig / f"{name}.pc").symlink_to(found)
    only = {"PKG_CONFIG_LIBDIR": str(pkgconfig), "PKG_CONFIG_PATH": ""}
    refused = subprocess.run(["cmake", "-G", "Ninja", "-S", ROOT, "-B", folder / "all", "-DOCC_TESTS=OFF"], capture_output=True, text=True,
                             env=environment(only))
    assert refused.returncode != 0 and "libseccomp" in refused.stdout + refused.stderr, refused
    run("cmake", "-G", "Ninja", "-S", ROOT, "-B", folder / "alone", "-DOCC_PROGRAMS=OFF", env=only)
    build = build_user(folder, f"add_subdirectory({ROOT} occ EXCLUDE_FROM_ALL)", "-DCMAKE_C_FLAGS=-O0", "-DCMAKE_CXX_FLAGS=-O0", env=only)
    for kind in PC_WORDS:
        holds(build / f"user_{kind}", proofs)
    assert not any(path.name in ("occ", "occd") and path.is_file() for path in build.rglob("*"))


def test_live_proof(installed, occd, folder, proofs):
    """What our own server gives out, not only what was made for tests."""
    library = next(installed.rglob("libocc.a")).parent
    program = folder / "verify"
    run("gcc", ROOT / "examples" / "verify.c", "-I", installed / "include", "-L", library, "-locc", "-o", program)
    shutil.copy(ROOT / "README.md", folder / "file")
    assert occ("commit", "--server", occd.url, folder / "file").returncode == 0
    proof = folder / "file.proof.json"
    changed = folder / "changed.json"
    changed.write_text(proof.read_text().replace('"counter":"1"', '"counter":"2"'))
    holds(program, (proof, changed), library)
    os.truncate(proof, 100)
    assert subprocess.run([program, proof], env=environment({"LD_LIBRARY_PATH": str(library)}), capture_output=True).returncode == 2


# ---- manual pages ----


def test_manual_pages(installed):
    """Each function has a page, and no page a fault that man knows of."""
    pages = sorted((installed / "share" / "man" / "man3").glob("*.3"))
    exported = re.findall(r"^ +(occ_\w+);", (ROOT / "src" / "verify" / "libocc.map").read_text(), re.MULTILINE)
    assert {page.stem for page in pages} == {"libocc", *exported}
    for page in pages:
        done = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", f"man3/{page.name}"], cwd=page.parent.parent,
                              env=environment({"MANWIDTH": "80", "LC_ALL": "C.UTF-8"}), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        assert done.returncode == 0 and done.stderr == "", (page, done.stderr)
    for name in exported:
        text = (installed / "share" / "man" / "man3" / f"{name}.3").read_text()
        alias = re.fullmatch(r"\.so man3/(\w+)\.3\n", text)
        if alias:
            text = (installed / "share" / "man" / "man3" / f"{alias[1]}.3").read_text()
        assert name in text.split(".SH SYNOPSIS")[0].replace("\\", ""), f"{name} is not in the NAME line of its page"
        assert name in text.split(".SH SYNOPSIS")[1].split(".SH")[0], f"{name} is not in the synopsis of its page"
