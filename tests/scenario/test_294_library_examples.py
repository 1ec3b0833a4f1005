"""The examples of examples/, compiled against the installed library as their first lines say, and run; and the library in the odd
places where a program may have it: forked, loaded and unloaded, twice in one process, under another OpenSSL configuration."""
import base64
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import threading

import pytest

from harness import BIN, ROOT, digest_of, environment

EXAMPLES = ROOT / "examples"
CONFORMANCE = ROOT / "tests" / "conformance"
CASES = {case["name"]: case for case in map(json.loads, filter(None, (CONFORMANCE / "verify.jsonl").read_text(encoding="utf-8").split("\n")))}
LIMIT = 4 << 20


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """The folder of an installed libocc."""
    prefix = tmp_path_factory.mktemp("prefix")
    subprocess.run(["cmake", "--install", BIN.parent, "--component", "libocc", "--prefix", prefix], check=True, stdout=subprocess.DEVNULL)
    return next(prefix.rglob("libocc.so")).parent


@pytest.fixture(scope="module")
def built(library, tmp_path_factory):
    """built(source, *flags) → the program, made by the command of its own first lines."""
    folder = tmp_path_factory.mktemp("programs")

    def build(source, *flags):
        line = re.search(r"^(?: \*|//) +(cc|c\+\+) (.*?) -o (\w+)", source.read_text(), re.MULTILINE)
        compiler = {"cc": "gcc", "c++": "g++"}[line[1]]
        words = line[2].replace(source.name, str(source)).replace("$(pkg-config --cflags --libs occ)", " ".join(pkg_config(library)))
        program = folder / line[3]
        subprocess.run([compiler, "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror", *words.split(), *flags, "-o", program], check=True)
        return program

    return build


def pkg_config(library):
    return subprocess.run(["pkg-config", "--cflags", "--libs", "occ"], env=environment({"PKG_CONFIG_PATH": str(library / "pkgconfig")}), check=True,
                          capture_output=True, text=True).stdout.split()


def run(library, *words, env=None, **options):
    return subprocess.run([str(word) for word in words], env=environment({"LD_LIBRARY_PATH": str(library), **(env or {})}), capture_output=True, text=True,
                          timeout=120, **options)


def assert_bounded(library, *program, env=None):
    """A file without end is refused as a proof that is too long, within 256 MiB of address space."""
    done = run(library, "prlimit", f"--as={256 << 20}", *program, "/dev/zero", env=env)
    assert done.returncode == 2 and "expected at most 4194304" in done.stdout + done.stderr, done


@pytest.fixture
def files(folder):
    """Files of cases: good.json, bad.json, cut.json, long.json (valid, but longer than any proof), exact.json (as long as one may be)."""
    good = CASES["signature: good"]["proof"]
    texts = {"good": good, "bad": CASES["signature: bit 7 turned"]["proof"], "cut": good[:100], "long": good + " " * (LIMIT + 1 - len(good)),
             "exact": good + " " * (LIMIT - len(good))}
    for name, text in texts.items():
        (folder / f"{name}.json").write_text(text)
    return folder


def test_verify(library, built, files):
    program = built(EXAMPLES / "verify.c")
    expected = {"good": (0, '"valid":true'), "exact": (0, '"valid":true'), "bad": (1, "signature verification failed"), "cut": (2, "not valid JSON"), "long": (2, "")}
    for name, (status, text) in expected.items():
        done = run(library, program, files / f"{name}.json")
        assert done.returncode == status and text in done.stdout, (name, done)
    assert "4 MiB" in run(library, program, files / "long.json").stderr
    for words in ([], [files / "none.json"], [files], [files / "good.json", "x"]):
        done = run(library, program, *words)
        assert done.returncode == 2 and done.stderr.startswith(("usage", "verify:")), done


def test_folder(library, built, files):
    program = built(EXAMPLES / "folder.c")
    many = files / "many"
    many.mkdir()
    plain = [case for case in CASES.values() if "policy" not in case and "trust" not in case and "digestB64" not in case and "proof" in case]
    for i, case in enumerate(plain):
        (many / f"{i}.json").write_text(case["proof"], encoding="utf-8")
    (many / "notes.txt").write_text("no proof")
    for threads in ("1", "4"):
        done = run(library, program, many, threads)
        lines = dict(line.split(": ", 1) for line in done.stdout.splitlines())
        assert done.returncode == 2 and len(lines) == len(plain)
        for i, case in enumerate(plain):
            assert (lines[f"{i}.json"] == "valid") == (case["expected"] == "valid"), (case["name"], lines[f"{i}.json"])
    for name, status in (("good", 0), ("bad", 1), ("long", 2)):
        one = files / f"only-{name}"
        one.mkdir()
        (one / "a.json").write_text((files / f"{name}.json").read_text())
        assert run(library, program, one, "3").returncode == status
    for words in ([], [files / "none"], [many, "0"], [many, "65"], [many, "x"]):
        assert run(library, program, *words).returncode == 2


def test_evidence(library, built, folder):
    program = built(EXAMPLES / "evidence.c")
    case = CASES["policy: timestamp"]
    (folder / "proof.json").write_text(case["proof"])
    (folder / "policy.json").write_text(case["policy"])
    good = run(library, program, folder / "proof.json", folder / "policy.json", CONFORMANCE / "tsa-root.pem")
    assert good.returncode == 0 and good.stdout.startswith("valid\n") and "trusted, by a signer of these cases" in good.stdout, good
    untrusted = run(library, program, folder / "proof.json", folder / "policy.json")
    assert untrusted.returncode == 1 and "policy FAILED" in untrusted.stdout and "trusted, by" not in untrusted.stdout, untrusted
    (folder / "typo.json").write_text('{"requireTimestamps":"artifact"}')
    typo = run(library, program, folder / "proof.json", folder / "typo.json")
    assert typo.returncode == 2 and "unknown field" in typo.stdout
    wrong = run(library, program, folder / "proof.json", folder / "policy.json", folder / "policy.json")
    assert wrong.returncode == 2 and "timestamp roots: " in wrong.stderr
    actor = CASES["policy: actor"]
    (folder / "proof.json").write_text(actor["proof"])
    (folder / "policy.json").write_text(actor["policy"])
    done = run(library, program, folder / "proof.json", folder / "policy.json")
    assert done.returncode == 0 and "direct, signed for this digest" in done.stdout, done


def test_cplusplus(library, built, files):
    program = built(EXAMPLES / "verifier.cc")
    done = run(library, program, files / "good.json", files / "bad.json")
    assert done.returncode == 1 and done.stdout.count("valid\n") == 1 and "signature verification failed" in done.stdout, done
    assert run(library, program, files / "good.json", files / "exact.json").returncode == 0
    for name in ("cut", "long", "none"):
        done = run(library, program, files / "good.json", files / f"{name}.json")
        assert done.returncode == 2 and "good.json: valid" in done.stdout, done
    done = run(library, program, files, files / "good.json")  # a folder is not the end of all
    assert done.returncode == 2 and "cannot be read" in done.stdout and "good.json: valid" in done.stdout, done
    assert_bounded(library, program)
    assert run(library, program).returncode == 2


@pytest.mark.skipif(shutil.which("rustc") is None, reason="no rustc")
def test_rust(library, files):
    program = files / "verify_rs"
    subprocess.run(["rustc", "--edition", "2021", "-D", "warnings", EXAMPLES / "rust" / "verify.rs", "-L", library, "-o", program], check=True)
    done = run(library, program, files / "good.json", files / "bad.json")
    assert done.returncode == 1 and done.stdout.count("valid\n") == 1 and "signature verification failed" in done.stdout, done
    assert run(library, program, files / "good.json", files / "exact.json").returncode == 0
    for name in ("cut", "long", "none"):
        assert run(library, program, files / "good.json", files / f"{name}.json").returncode == 2
    assert_bounded(library, program)
    assert run(library, program).returncode == 2


# ---- Python ----


@pytest.fixture(scope="module")
def occ(library):
    os.environ["OCC_LIBRARY"] = str(library / "libocc.so")
    spec = importlib.util.spec_from_file_location("occ_example", EXAMPLES / "python" / "occ.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_python(occ):
    verifier = occ.Verifier()
    good = CASES["digest: the file's"]
    report = verifier.verify(good["proof"], digest=hashlib.sha256(b"a file\n").digest())
    assert report.valid and report.code == 0 and report.name == "ok" and report.reason == "" and report.check("digest")["status"] == "passed"
    assert verifier.verify(good["proof"].encode()).check("digest") is None
    report = verifier.verify(good["proof"], digest=bytes(32))
    assert not report.valid and (report.code, report.name) == (102, "digest-mismatch") and report.data["code"] == "digest-mismatch"
    report = verifier.verify(good["proof"], {"minCounter": "6"})
    assert report.name == "policy-counter-low" and report.reason == "counter 5 below minimum 6"
    for proof, policy, name in [("{", None, "json-syntax"), ("", None, "json-syntax"), (good["proof"], "{", "json-syntax"), (good["proof"], {"x": 1}, "field-unknown"),
                                (good["proof"] + "\0", None, "json-nul"), (b"\xff", None, "utf8"), (" " * (LIMIT + 1), None, "limit")]:
        with pytest.raises(occ.Error) as caught:
            verifier.verify(proof, policy)
        assert caught.value.name == name and caught.value.code < 100 and str(caught.value)
    with pytest.raises(ValueError):
        verifier.verify(good["proof"], digest=b"short")
    with pytest.raises(occ.Error) as caught:
        occ.Verifier(tsa_roots="no certificate")
    assert str(caught.value).startswith("timestamp roots: ")
    with pytest.raises(occ.Error):
        occ.Verifier(rp_ids=[""])
    assert re.fullmatch(r"\d+\.\d+\.\d+", occ.version())


def test_python_program(library, files):
    program = (sys.executable, "-B", EXAMPLES / "python" / "occ.py")
    env = {"OCC_LIBRARY": str(library / "libocc.so")}
    for name, status in {"good": 0, "exact": 0, "bad": 1, "cut": 2, "long": 2, "none": 2}.items():
        done = run(library, *program, files / f"{name}.json", env=env)
        assert done.returncode == status, (name, done)
    assert run(library, *program, env=env).returncode == 2
    assert_bounded(library, *program, env=env)


def test_python_chain(occ, occd):
    """A chain held together with the library alone; one that lacks a proof, or has one changed, does not hold."""
    proofs = [json.dumps(proof) for _ in range(3) for proof in occd.commit(digest_of(1), digest_of(2))]
    verifier = occ.Verifier()

    def holds(chain):
        links = [base64.b64encode(occ.hashes(proof)["link_hash"]).decode() for proof in chain]
        commits = [json.loads(proof)["commit"] for proof in chain]
        return all(verifier.verify(proof).valid for proof in chain) and all(
            after["prevB64"] == link and int(after["counter"]) > int(before["counter"]) for before, after, link in zip(commits, commits[1:], links))

    assert holds(proofs)
    assert not holds(proofs[:2] + proofs[3:]) and not holds([*proofs[:2], *reversed(proofs[2:4])])
    with pytest.raises(occ.Error) as caught:
        occ.hashes("[]")
    assert caught.value.name == "proof-structure"


def test_python_threads(occ):
    verifier = occ.Verifier()
    cases = [case for case in CASES.values() if case["name"].startswith("signature: ")]
    wrong = []

    def work():
        for case in cases * 5:
            if verifier.verify(case["proof"]).valid != (case["expected"] == "valid"):
                wrong.append(case["name"])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_python_as_a_command(library, files):
    for name, status in (("good", 0), ("bad", 1), ("cut", 2), ("none", 2)):
        done = run(library, sys.executable, "-B", EXAMPLES / "python" / "occ.py", files / f"{name}.json", env={"OCC_LIBRARY": str(library / "libocc.so.0")})
        assert done.returncode == status, done


# ---- the guide ----


def test_the_guide_compiles(library, folder):
    """Every C block of docs/libocc.md."""
    blocks = re.findall(r"^```c\n(.*?)^```", (ROOT / "docs" / "libocc.md").read_text(), re.DOTALL | re.MULTILINE)
    assert len(blocks) >= 2
    (folder / "a.c").write_text("#include <occ/occ.h>\n#include <string.h>\n" + "\n".join(blocks))
    subprocess.run(["gcc", "-std=c99", "-Wall", "-Wextra", "-Werror", *pkg_config(library)[:1], "-fsyntax-only", folder / "a.c"], check=True)


def test_the_guide_names_what_is_there():
    text = (ROOT / "docs" / "libocc.md").read_text()
    exported = re.findall(r"^ +(occ_\w+);", (ROOT / "src" / "verify" / "libocc.map").read_text(), re.MULTILINE)
    assert f"Only the {len(exported)} functions" in text
    limits = (ROOT / "src" / "base" / "limits.h").read_text()
    assert re.search(r"OCC_LIMIT_PROOF_LEN \(4u << 20\)", limits) and re.search(r"OCC_LIMIT_JSON_DEPTH 64\b", limits)


# ---- odd places ----


@pytest.fixture(scope="module")
def embedder(library, tmp_path_factory):
    """embedder(what, env) → its result, with a copy of the library beside it."""
    folder = tmp_path_factory.mktemp("embedder")
    program = folder / "embedder"
    subprocess.run(["gcc", "-std=gnu17", "-Wall", "-Wextra", "-Werror", *pkg_config(library)[:1], ROOT / "tests" / "support" / "embedder.c", "-o", program,
                    "-ldl", "-pthread"], check=True)
    for name in ("libocc.so", "libocc.so.copy"):
        shutil.copy(library / "libocc.so", folder / name)
    (folder / "good.json").write_text(CASES["actor: good"]["proof"])
    (folder / "bad.json").write_text(CASES["signature: bit 7 turned"]["proof"])

    def start(what, env=None):
        return run(library, program, what, folder / "libocc.so", folder / "good.json", folder / "bad.json", env=env)

    return start


@pytest.mark.parametrize("what", ["fork", "reload", "copies", "threads", "closed"])
def test_odd_places(embedder, what):
    done = embedder(what)
    assert done.returncode == 0, done


def test_locale(embedder):
    locales = ROOT / "build" / "locale"
    if not (locales / "de_DE.UTF-8").exists():
        assert "OCC_REQUIRE_LOCALES" not in os.environ, f"{locales} is missing, and OCC_REQUIRE_LOCALES is set"
        pytest.skip("no locale with a decimal comma: scripts/deps test makes it")
    done = embedder("locale", {"LOCPATH": str(locales)})
    assert done.returncode == 0, done


CONFIGURATIONS = {
    "no providers that do anything": ("[i]\nproviders = p\n[p]\nnull = n\n[n]\nactivate = 1\n", False),
    "FIPS asked for, and not there": ("[i]\nalg_section = a\n[a]\ndefault_properties = fips=yes\n", False),
    "the base provider alone": ("[i]\nproviders = p\n[p]\nbase = n\n[n]\nactivate = 1\n", False),
    "legacy beside the default": ("[i]\nproviders = p\n[p]\ndefault = n\nlegacy = n\n[n]\nactivate = 1\n", True),
    "cut short": ("[i]\nproviders = nowhere\n[broken", True),
    "a security level that refuses much": ("[i]\nssl_conf = s\n[s]\nsystem_default = d\n[d]\nCipherString = DEFAULT@SECLEVEL=5\n", True),
}


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_openssl_configuration(library, built, embedder, folder, name):
    """A configuration that leaves out what is needed is told as that, and never taken for a fault of the proof."""
    text, works = CONFIGURATIONS[name]
    (folder / "openssl.cnf").write_text(f"openssl_conf = i\n{text}")
    env = {"OPENSSL_CONF": str(folder / "openssl.cnf")}
    assert embedder("openssl", env).returncode == 0
    program = built(EXAMPLES / "verify.c")
    for proof, status in (("signature: good", 0), ("signature: bit 7 turned", 1)):
        (folder / "proof.json").write_text(CASES[proof]["proof"])
        done = run(library, program, folder / "proof.json", env=env)
        assert done.returncode == (status if works else 2), (name, done)
        assert works or done.stderr == "verify: out of reach\n"
