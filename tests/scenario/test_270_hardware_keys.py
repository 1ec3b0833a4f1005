"""
Tier hw-key: the signing key in a token (SoftHSM), by OpenSSL's pkcs11-provider. Keys are made, proofs judged by occ and by Node, the
token is pulled out and put back, and another one is put in its place.
"""
import base64
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time

import pytest

from harness import BIN, ROOT, Enclave, Program, check_chains, digest_of, environment, occ, status_of, verify_offline, wait_for
from softhsm import PIN, SoftHsm

sys.path.insert(0, str(ROOT / "tests" / "interop"))
from judges import judge_by_node  # noqa: E402

PAGE = (ROOT / "docs" / "hardware-keys.md").read_text()
URI = "pkcs11:token=occ;object=k1"
WRONG = "9999"


@pytest.fixture
def hsm(folder):
    token = SoftHsm(folder)
    (folder / "pin").write_text(f"{PIN}\n")
    (folder / "pin").chmod(0o600)
    (folder / "wrong").write_text(WRONG)
    (folder / "wrong").chmod(0o600)
    return token


def flags(hsm, uri=URI, pin="pin", module=None):
    words = ["--signer", uri, "--pkcs11-module", module or hsm.module]
    return words + (["--pin-file", hsm.folder / pin] if pin else [])


def run(hsm, *arguments, env=None):
    """occ-enclave, to its end; without a terminal, so that nobody could be asked for anything."""
    return subprocess.run(["setsid", "--wait", BIN / "occ-enclave", *map(str, arguments)], env=environment({**hsm.env, **(env or {})}),
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False)


def keygen(hsm, uri=URI):
    """The lines that it prints, as a dict."""
    result = run(hsm, "keygen", *flags(hsm, uri))
    assert result.returncode == 0 and result.stderr == b"", result.stderr
    return dict(line.split(None, 1) for line in result.stdout.decode().splitlines())


def policy_of(key):
    return json.dumps({"requireEnforcement": "hw-key", "allowedPublicKeys": [key]})


def judge(proofs, key, folder):
    """Valid to occ under a policy that pins the key, and to Node."""
    path = folder / "judged.json"
    path.write_text(json.dumps(proofs))
    assert occ("verify", "--policy", policy_of(key), path).returncode == 0
    other = base64.b64encode(bytes([9] * 32)).decode()
    assert occ("verify", "--policy", policy_of(other), path).returncode == 1
    assert all(report["valid"] for report in judge_by_node([json.dumps(proof) for proof in proofs]))


def test_keygen(hsm):
    made = keygen(hsm)
    assert len(base64.b64decode(made["publicKeyB64"])) == 32
    assert re.fullmatch(r"pkcs11:token=occ;model=SoftHSM%20v2;serial=[0-9a-f]{16};id=[0-9a-f]+", made["measurement"])
    assert "object=k1" in made["signer"] and "type=" not in made["signer"]
    # Never a second one, and never in place of the first.
    for uri in (URI, made["signer"]):
        result = run(hsm, "keygen", *flags(hsm, uri))
        assert result.returncode == 3 and b"there is a private key of that name in the token already" in result.stderr
    # An id of one's own.
    assert keygen(hsm, "pkcs11:token=occ;object=k2;id=%A1b")["measurement"].endswith(";id=a162")
    # Nor one that takes a name away from another key: that of k1 would no longer say which, nor would the id.
    for uri, name in ((f"{URI};id=%05", URI), ("pkcs11:token=occ;object=k3;id=%A1%62", "pkcs11:token=occ;id=%A1%62")):
        result = run(hsm, "keygen", *flags(hsm, uri))
        assert result.returncode == 3 and f"{name}: there is a private key of that name".encode() in result.stderr, result.stderr
    by_id = Enclave(hsm.folder / "b.sock", *flags(hsm, "pkcs11:token=occ;id=%A1b"), env=hsm.env)
    assert by_id.wait_event("epoch begins")["measurement"].endswith(";id=a162")
    by_id.stop()
    # The name that it prints is one that works, and the key cannot be had: the token has it as sensitive.
    with_name = Enclave(hsm.folder / "b.sock", *flags(hsm, made["signer"]), env=hsm.env)
    assert with_name.wait_event("epoch begins")["publicKeyB64"] == made["publicKeyB64"]
    with_name.stop()
    shown = run(hsm, "keygen", "--help")
    assert shown.returncode == 0 and b"--pkcs11-module" in shown.stdout and b"--pin " not in shown.stdout


def test_keygen_of_a_key_whose_measurement_would_be_too_long(hsm):
    """Only the token says how long the names are; that a key is there now must be said."""
    result = run(hsm, "keygen", *flags(hsm, f"{URI};id={'%01' * 120}"))
    words = b"the key was made, but cannot be used here: the names of token and key take more than 256 characters"
    assert result.returncode == 3 and words in result.stderr, result.stderr


def test_keygen_whose_output_cannot_be_written(hsm):
    """The key is there then: what it is called is said all the same."""
    with open("/dev/full", "wb") as full:
        result = subprocess.run([BIN / "occ-enclave", "keygen", *flags(hsm)], env=environment(hsm.env), stdin=subprocess.DEVNULL, stdout=full,
                                stderr=subprocess.PIPE, check=False)
    assert result.returncode == 3 and b"No space left on device" in result.stderr and b"\npublicKeyB64 " in result.stderr, result.stderr


def test_a_pin_that_does_not_come(hsm, folder):
    """From a pipe that nobody writes to: the program waits, and ends when it is told to."""
    os.mkfifo(folder / "fifo")
    enclave = Program([BIN / "occ-enclave", "--listen", f"unix:{folder}/b.sock", *flags(hsm, pin="fifo")], env=hsm.env)
    waits = pathlib.Path(f"/proc/{enclave.pid}/stat")
    wait_for(lambda: waits.read_text().split(") ")[1][0] == "S", what="occ-enclave waits")
    enclave.signal(signal.SIGTERM)
    assert enclave.wait() == -signal.SIGTERM


def test_commits_with_a_child(hsm, start, folder):
    key = keygen(hsm)["publicKeyB64"]
    data = folder / "data"
    env = {**hsm.env, "OCC_ENCLAVE_PIN": PIN}
    first = start(*flags(hsm, pin=None), data=data, env=env)
    shown = first.get("/key").json()
    assert shown["enforcement"] == "hw-key" and shown["publicKeyB64"] == key and shown["measurement"].startswith("pkcs11:token=occ;")
    proofs = first.commit(*map(digest_of, range(20))) + first.commit(digest_of(20), metadata={"a": 1})
    assert {proof["environment"]["measurement"] for proof in proofs} == {shown["measurement"]}
    # The PIN is nowhere: not in a log, not in the child's environment or arguments, which others could read.
    child = pathlib.Path(f"/proc/{first.boundary_pid()}")
    assert PIN.encode() not in (child / "cmdline").read_bytes() and PIN not in first.log()
    if os.geteuid() == 0:  # to others of the same user the child's environment is closed
        variables = dict(line.split(b"=", 1) for line in (child / "environ").read_bytes().split(b"\0") if b"=" in line)
        assert set(variables) <= {b"OCC_ENCLAVE_PIN", b"OPENSSL_MODULES", b"HOME", b"SOFTHSM2_CONF"}
        assert variables.get(b"OCC_ENCLAVE_PIN", b"") == b"" and hsm.settings.name.encode() in variables[b"SOFTHSM2_CONF"]
    assert status_of(first.boundary_pid())["Seccomp"] == "2"
    first.stop()
    # A restart: another epoch, the same key, and the link says so (PROTOCOL §6).
    second = start(*flags(hsm), data=data, env=hsm.env)
    assert second.get("/key").json()["publicKeyB64"] == key
    more = second.commit(*map(digest_of, range(30, 35)))
    link = more[0]["commit"]["epochLink"]
    assert link["prevPublicKeyB64"] == link["toPublicKeyB64"] == key and link["prevEpochId"] != link["toEpochId"]
    assert more[0]["commit"]["counter"] == "22"
    judge(proofs + more, key, folder)
    epochs = check_chains(proofs + more)
    assert len(epochs) == 2
    second.stop()
    audit = occ("audit", "--ledger", data, "--policy", policy_of(key))
    assert audit.returncode == 0, audit.stdout + audit.stderr
    assert b"26, all valid" in audit.stdout and b"22 to 26, after an epoch link" in audit.stdout, audit.stdout


def test_a_boundary_on_a_socket(hsm, start, folder):
    key = keygen(hsm)["publicKeyB64"]
    enclave = Enclave(folder / "b.sock", *flags(hsm), env=hsm.env)
    occd = start("--boundary", enclave.where)
    proofs = [proof for number in range(5) for proof in occd.commit(digest_of(number), digest_of(100 + number))]
    judge(proofs, key, folder)
    assert enclave.events("epoch begins")[0]["enforcement"] == "hw-key"
    assert PIN not in enclave.log()
    occd.stop()
    enclave.stop()
    assert hsm.logins() == 2  # keygen's and the boundary's: one for each that opened the token


def refused(hsm, *arguments, env=None):
    result = run(hsm, "--listen", f"unix:{hsm.folder}/b.sock", *arguments, env=env)
    assert result.stdout == b"" and PIN.encode() not in result.stderr and WRONG.encode() not in result.stderr
    lines = [json.loads(line) for line in result.stderr.decode().splitlines()]
    assert len([line for line in lines if line["level"] == "error"]) == 1, lines
    return result.returncode, lines[-1]["error"]


def test_refusals_at_the_start(hsm, folder):
    keygen(hsm)
    rsa, p256 = folder / "rsa.pem", folder / "p256.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", rsa], check=True, stderr=subprocess.DEVNULL)
    subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", p256], check=True)
    hsm.import_key(rsa, "rsa", "0a")
    hsm.import_key(p256, "p256", "0b")
    (folder / "empty").write_text("\n")
    (folder / "no_module.so").write_text("no library")
    before = hsm.logins()
    assert refused(hsm, *flags(hsm, pin="wrong")) == (3, f"{URI}: the token refused the PIN; it is not tried again")
    assert hsm.logins() == before + 1
    before = hsm.logins()
    for arguments, status, words in (
        (flags(hsm, pin=None), 3, "needs its PIN: by --pin-file, or OCC_ENCLAVE_PIN"),
        (flags(hsm, pin="missing"), 3, "missing"),
        (flags(hsm, pin="empty"), 3, "empty for a PIN"),
        (flags(hsm, "pkcs11:token=other;object=k1"), 3, "no such token is there"),
        (flags(hsm, module=folder / "none.so"), 3, "none.so"),
        (flags(hsm, module=folder / "no_module.so"), 3, "this PKCS#11 library cannot be used"),
        (flags(hsm, module="token_shim.so"), 2, "the absolute path"),
        (["--signer", URI], 2, "--pkcs11-module"),
        (flags(hsm, f"{URI}?pin-value={PIN}"), 2, "a PIN in the uri can be read by other users"),
        (flags(hsm, f"PKCS11:token=occ;object=k1?pin-value={PIN}"), 2, "--signer: expected software or pkcs11:"),
        (flags(hsm, f"{URI}?pin-source=file:/etc/pin"), 2, "a PIN in the uri"),
        (flags(hsm, "pkcs11:object=k1"), 2, "names no token"),
        (flags(hsm, "pkcs11:token=occ"), 2, "names no key"),
        (flags(hsm, f"{URI};colour=red"), 2, '"colour" is no attribute of a key'),
        (flags(hsm, "hardware"), 2, "expected software or pkcs11:"),
        (["--pin-file", folder / "pin"], 2, "is for --signer pkcs11:"),
    ):
        got, sentence = refused(hsm, *arguments)
        assert got == status and words in sentence, (arguments, got, sentence)
    assert hsm.logins() == before  # none of these comes near the token's counter of wrong PINs
    for uri, status, words in (
        ("pkcs11:token=occ;object=other", 3, "no such private key in the token"),
        ("pkcs11:token=occ;object=rsa", 3, "a key of type RSA, expected Ed25519"),
        ("pkcs11:token=occ;object=p256", 3, "a key of type EC, expected Ed25519"),
    ):
        got, sentence = refused(hsm, *flags(hsm, uri))
        assert got == status and words in sentence, (uri, got, sentence)
    # Without the provider.
    got, sentence = refused(hsm, *flags(hsm), env={"OPENSSL_MODULES": str(folder)})
    assert got == 3 and "pkcs11-provider, which is not installed" in sentence


def test_a_wrong_pin_is_not_tried_again(hsm, folder):
    """occd starts its child again whenever it ends; not so when that would lock the token."""
    keygen(hsm)
    before = hsm.logins()
    occd = Program([BIN / "occd", "--data", folder / "data", "--listen", "127.0.0.1:0", *flags(hsm, pin="wrong")], env=hsm.env)
    event = occd.wait_event("halted until occd is restarted")
    assert "the token refused the PIN" in event["error"]
    assert hsm.logins() == before + 1
    occd.stop()
    assert hsm.logins() == before + 1


def commits_until_stopped(occd, stop, proofs, refusals):
    number = 1000
    while not stop.is_set():
        number += 1
        answer = occd.post("/commit", {"digests": [digest_of(number)]})
        if answer.status == 200:
            proofs.extend(answer.json())
        else:
            refusals.append((answer.status, answer.error(), answer.header("Retry-After")))
            time.sleep(0.01)


@pytest.mark.parametrize("where", ["child", "socket"])
def test_a_token_that_goes_away_and_comes_back(hsm, start, folder, where):
    key = keygen(hsm)["publicKeyB64"]
    if where == "socket":
        enclave = Enclave(folder / "b.sock", *flags(hsm), env=hsm.env)
        occd = start("--boundary", enclave.where)
    else:
        occd = enclave = start(*flags(hsm), env=hsm.env)
    proofs, refusals, stop = occd.commit(digest_of(1)), [], threading.Event()
    epoch = proofs[0]["commit"]["epochId"]
    load = threading.Thread(target=commits_until_stopped, args=(occd, stop, proofs, refusals))
    load.start()
    try:
        for times in range(2):
            wait_for(lambda: len(proofs) > 10 * (times + 1), what="commits")
            hsm.pull()
            wait_for(lambda: occd.get("/health").status == 503, what="/health 503")
            seen = len(refusals)
            wait_for(lambda: len(refusals) > seen + 3, what="refusals")
            health = occd.get("/health")
            assert health.status == 503 and health.error() == "the hardware key is away, try again later"
            slot = occd.post("/allocate-slot", {})
            assert health.header("Retry-After") and slot.status == 503 and slot.header("Retry-After")
            hsm.put_back()
            wait_for(occd.is_healthy, what="/health 200")
            count = len(proofs)
            wait_for(lambda: len(proofs) > count + 5, what="commits again")
    finally:
        stop.set()
        load.join()
    assert all(status == 503 and "the hardware key is away" in sentence and again == "1" for status, sentence, again in refusals)
    # One epoch, and no counter is missing: what was refused has moved nothing.
    proofs += occd.commit(digest_of(2))
    assert {proof["commit"]["epochId"] for proof in proofs} == {epoch}
    assert sorted(int(proof["commit"]["counter"]) for proof in proofs) == list(range(1, len(proofs) + 1))
    check_chains(proofs)
    verify_offline(proofs, folder)
    judge(proofs[:3], key, folder)
    told = [event["error"] for event in enclave.events("the hardware key is away")]
    assert 2 <= len(told) <= 4 and told[0] == "the token does not sign", told  # and, where it was looked for, why it is not there
    assert len(enclave.events("the hardware key is back")) == 2
    occd.stop()
    audit = occ("audit", "--ledger", folder / "data")
    assert audit.returncode == 0, audit.stdout + audit.stderr
    if where == "socket":
        enclave.stop()


def test_another_key_in_its_place(hsm, start, folder):
    keygen(hsm)
    occd = start(*flags(hsm), env=hsm.env)
    assert len(occd.commit(digest_of(1))) == 1
    hsm.pull()
    wait_for(lambda: occd.get("/health").status == 503, what="/health 503")
    # Another token of the same label, with a key of the same name; made while the first is away, seen when it is "back".
    hsm.tokens.rename(folder / "first")
    hsm.tokens.mkdir()
    hsm.init()
    result = run(hsm, "keygen", "--signer", URI, "--pkcs11-module", hsm.softhsm, "--pin-file", folder / "pin")
    assert result.returncode == 0, result.stderr
    hsm.put_back()
    wait_for(lambda: occd.get("/health").status == 503 and occd.events("halted until occd is restarted"), what="a halt")
    assert occd.events("the hardware key is away")[-1]["error"] == "the token came back with another key"
    answer = occd.post("/commit", {"digests": [digest_of(2)]})
    assert answer.status == 503 and "until occd is restarted" in answer.error(), answer.body
    # Also when the first one is there again: an operator has to look.
    hsm.tokens.rename(folder / "second")
    (folder / "first").rename(hsm.tokens)
    assert occd.post("/commit", {"digests": [digest_of(2)]}).status == 503
    occd.stop()


def test_a_wrong_signature_halts(hsm, start):
    keygen(hsm)
    occd = start(*flags(hsm), env=hsm.env)
    assert len(occd.commit(digest_of(1))) == 1
    hsm.sign_wrongly()
    answer = occd.post("/commit", {"digests": [digest_of(2)]})
    assert answer.status in (500, 503), answer.body
    occd.wait_event("halted until occd is restarted")
    occd.stop()


def test_the_page(hsm, folder):
    """docs/hardware-keys.md as it stands: a token, a key, and a server that has it."""
    lines = re.search(r"```sh\n(# Once: a token.*?)```", PAGE, re.DOTALL)[1]
    lines = lines.replace("/usr/lib/softhsm/libsofthsm2.so", hsm.softhsm).replace("\noccd ", '\nexec occd --data "$PWD/data" --listen 127.0.0.1:0 ')
    place = folder / "page"
    place.mkdir()
    env = {"PATH": f"{BIN}:/usr/bin:/bin", "OPENSSL_MODULES": hsm.env["OPENSSL_MODULES"]}
    server = Program(["bash", "-euo", "pipefail", "-c", lines], env=env, cwd=place)
    assert server.wait_event("listening")["measurement"].startswith("pkcs11:token=occ;model=SoftHSM%20v2;serial=")
    assert any(line.startswith("publicKeyB64 ") for line in server.out)
    server.stop()
