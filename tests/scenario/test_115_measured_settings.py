"""The boundary's settings: from its own file, as in an enclave image, where nothing of the parent's changes them; and vsock."""
import socket
import subprocess

import pytest

from attested import Attested, document_of
from harness import BIN, Program, digest_of, environment

pytestmark = pytest.mark.sanitized

ENCLAVE = BIN / "occ-enclave"


def run(*words, env=None):
    return subprocess.run([ENCLAVE, *words], env=environment(env), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)


def settings(folder, *lines):
    path = folder / "occ-enclave.ini"
    path.write_text("# measured\n" + "".join(f"{line}\n" for line in lines))
    return path


@pytest.mark.parametrize(
    "lines, sentence",
    [
        (["listen = vsock:5000", "nsm = true"], None),
        (["listen = vsock:5000", "nsm = true", "attest = epoch", "allow-debug = true"], None),
        (["listen = unix:/run/occ.sock", "chains = a,b"], None),
        (["listen = vsock:5000", "attest = epoch"], "--attest: needs --nsm"),
        (["allow-debug = true"], "--allow-debug: needs --nsm"),
        (["nsm = true", "attest = each"], "occ-enclave.ini:3: attest"),
        (["listen = tcp:5000"], '--listen: "tcp:5000", expected unix:PATH, or vsock:PORT'),
        (["listn = vsock:5000"], 'occ-enclave.ini:2: unknown setting "listn", did you mean "listen"?'),
        (["listen = vsock:5000", "listen = vsock:5001"], 'occ-enclave.ini:3: "listen" a second time'),
        (["config = other.ini"], "occ-enclave.ini:2: "),
        (["[enclave]", "nsm = true"], "occ-enclave.ini:2: a section"),
    ],
)
def test_check(folder, lines, sentence):
    result = run("--config", settings(folder, *lines), "--check")
    assert result.returncode == (0 if sentence is None else 2), result.stderr
    assert result.stdout == ""
    assert result.stderr.count("\n") == (0 if sentence is None else 1)
    assert sentence is None or sentence.replace('"', '\\"') in result.stderr, result.stderr


def test_no_file():
    result = run("--config", "/nonexistent/occ-enclave.ini", "--check")
    assert result.returncode == 2 and "/nonexistent/occ-enclave.ini" in result.stderr


def test_flags_then_environment_then_file(folder):
    path = settings(folder, "attest = epoch")
    assert run("--config", path, "--check").returncode == 2
    assert run("--config", path, "--check", env={"OCC_ENCLAVE_NSM": "true"}).returncode == 0
    assert run("--config", path, "--check", "--nsm").returncode == 0
    assert run("--config", path, "--check", "--no-nsm", env={"OCC_ENCLAVE_NSM": "true"}).returncode == 2
    assert run("--check", env={"OCC_ENCLAVE_CONFIG": str(path)}).returncode == 2


def test_no_nsm_here():
    result = run("--nsm", "--listen", "unix:/nonexistent/s")
    assert result.returncode == 3 and "/dev/nsm: cannot be opened: " in result.stderr, result.stderr


def test_nothing_of_the_parent_changes_them(start, folder):
    """Started as an image's init does it: one flag, no environment. Then a parent that would have it otherwise."""
    path = settings(folder, f"listen = unix:{folder}/boundary", "chains = theirs", "batch-limit = 2", "rp-id = example.com",
                    "origin = https://example.com")
    enclave = Program(["env", "-i", ENCLAVE, "--config", path])
    begun = enclave.wait_event("epoch begins")
    assert begun["attest"] == "none" and begun["enforcement"] == "stub"
    occd = start("--boundary", f"unix:{folder}/boundary", "--chains", "ours", "--max-digests", "1000", "--rp-id", "evil.example",
                 "--origin", "https://evil.example", "--webauthn-compat",
                 env={"OCC_ENCLAVE_CHAINS": "ours", "OCC_ENCLAVE_BATCH_LIMIT": "1000", "OCC_ENCLAVE_NSM": "true",
                      "OCC_ENCLAVE_ATTEST": "epoch", "OCC_ENCLAVE_ALLOW_DEBUG": "true"})
    proofs = occd.commit(digest_of(1), digest_of(2), chainId="theirs")
    assert [proof["commit"]["chainId"] for proof in proofs] == ["theirs"] * 2
    assert all("attestation" not in proof["environment"] for proof in proofs)
    assert {proof["environment"]["measurement"] for proof in proofs} == {begun["measurement"]}
    assert occd.post("/commit", {"digests": [digest_of(1)], "chainId": "ours"}).status == 400
    assert occd.post("/commit", {"digests": [digest_of(n) for n in range(3)]}).status == 400
    occd.stop()
    enclave.stop()


def test_mode_is_not_the_parents(folder):
    with Attested(folder, "epoch", "--chains", "ours") as service:
        report = {service.occd.commit(digest_of(n))[0]["environment"]["attestation"]["reportB64"] for n in range(3)}
        assert len(report) == 1 and document_of(report.pop())["user_data"] is None
        service.stop()


# ---- debug mode: an enclave that measures nothing ----

ZERO = "0" * 96


def test_debug_mode_is_refused(folder):
    result = subprocess.run([BIN / "occ-enclave-sim", "--listen", f"unix:{folder}/s", "--nsm", "--sim-ca", folder / "ca", "--sim-pcr0", ZERO],
                            env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
    assert result.returncode == 3 and "PCR0 to PCR2 are zero" in result.stderr and "allow-debug" in result.stderr, result.stderr
    assert "epoch begins" not in result.stderr


def test_debug_mode_that_is_allowed_says_so(folder):
    with Attested(folder, "batch", enclave=("--sim-pcr0", ZERO, "--allow-debug")) as service:
        [warning] = [event for event in service.enclave.events() if event["message"].startswith("DEBUG MODE: ")]
        assert warning["level"] == "warn"
        begun = service.enclave.wait_event("epoch begins")
        assert (begun["enforcement"], begun["measurement"], begun["attest"]) == ("stub", "nitro-debug", "none")
        [proof] = service.occd.commit(digest_of(1))
        assert proof["environment"] == {"enforcement": "stub", "measurement": "nitro-debug"}
        service.stop()


# ---- vsock: here as far as a machine without enclaves goes; inside one: tests/nitro ----


def test_nobody_at_the_other_end(folder):
    """occd goes on, says what is wrong in one sentence, and would connect again."""
    program = Program([BIN / "occd", "--data", folder / "data", "--listen", "127.0.0.1:0", "--boundary", "vsock:4294967000:5000"])
    assert program.wait_event("boundary down")["error"].startswith(("vsock:4294967000:5000: ", "vsock: "))
    assert program.wait_event("listening")["boundary"] == "vsock:4294967000:5000"
    program.stop()


def loops_back():
    """Whether this machine reaches itself over vsock (the kernel's vsock_loopback)."""
    try:
        with socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM) as server, socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM) as client:
            server.bind((socket.VMADDR_CID_ANY, socket.VMADDR_PORT_ANY))
            server.listen(1)
            client.settimeout(2)
            client.connect((1, server.getsockname()[1]))
            return True
    except OSError:
        return False


@pytest.mark.skipif(not loops_back(), reason="this kernel has no vsock_loopback")
def test_over_vsock(start):
    enclave = Program([ENCLAVE, "--listen", "vsock:59123"])
    enclave.wait_event("epoch begins")
    occd = start("--boundary", "vsock:1:59123")
    first = occd.commit(digest_of(1))[0]
    assert first["environment"]["enforcement"] == "stub"
    occd.stop()
    again = start("--boundary", "vsock:1:59123")
    second = again.commit(digest_of(2))[0]
    assert second["commit"]["epochId"] == first["commit"]["epochId"], "the same boundary"
    again.stop()
    enclave.stop()
