"""The command line: every command, standard input, JSON, exit codes, and that what is tampered with is refused."""
import base64
import hashlib
import json
import re
import subprocess

import pytest

from harness import BIN, environment, link_hash, occ, sha256_b64

DIGEST_HELLO = "jYl9NHJP0VcRVh6OMEIU5VAGva6cu5kdrnPrlNr/RnU="


@pytest.fixture
def committed(occd, folder):
    """photo.jpg and its proof beside it."""
    photo = folder / "photo.jpg"
    photo.write_bytes(bytes(range(256)) * 9)
    result = occ("commit", "--server", occd.url, photo)
    assert result.returncode == 0, result.stderr
    return photo, folder / "photo.jpg.proof.json"


def verify_status(*arguments, **options):
    """The exit status, after checking that it is one of the three that verify may give without a reason outside."""
    result = occ("verify", *arguments, **options)
    assert result.returncode in (0, 1, 2), (result.returncode, result.stderr)
    return result.returncode


@pytest.mark.sanitized
def test_commit_and_verify(committed):
    photo, proof = committed
    value = json.loads(proof.read_text())
    assert value["version"] == "occ/1" and value["artifact"]["digestB64"] == sha256_b64(photo.read_bytes())
    result = occ("verify", proof, photo)
    assert result.returncode == 0
    assert result.stdout and len(result.stdout.splitlines()) < 40


@pytest.mark.sanitized
def test_one_flipped_byte_of_the_file(committed):
    photo, proof = committed
    content = bytearray(photo.read_bytes())
    content[1000] ^= 1
    photo.write_bytes(content)
    result = occ("verify", proof, photo)
    assert result.returncode == 1
    assert b"digest" in result.stdout + result.stderr


def test_every_flipped_character_of_the_signed_parts(committed, folder):
    """Each position of the proof's text in turn: nothing that is signed may change and still be valid."""
    photo, proof = committed
    text = proof.read_text()
    value = json.loads(text)
    assert "metadata" not in value or value["metadata"] == {} or True
    changed = folder / "changed.json"
    outcomes = {0: 0, 1: 0, 2: 0}
    for position, character in enumerate(text):
        if character.isspace():
            continue
        other = chr(ord(character) ^ 1)
        changed.write_text(text[:position] + other + text[position + 1 :])
        status = verify_status(changed, photo)
        outcomes[status] += 1
        if status == 0:
            # Only what no signature covers may change unnoticed.
            after = json.loads(changed.read_text())
            for part in ("version", "artifact", "commit", "signer", "environment"):
                assert after.get(part) == value[part], f"position {position}: {text[position - 20:position + 20]!r}"
    assert outcomes[1] > 300 and outcomes[2] > 30, outcomes


@pytest.mark.parametrize("pointer", ["digestB64", "nonceB64", "epochId", "publicKeyB64", "signatureB64", "measurement"])
def test_every_character_of_a_field(occd, folder, pointer):
    """All positions of a field's value, each set to another letter that is legal there."""
    first, proof = occd.commit({"digestB64": DIGEST_HELLO, "hashAlg": "sha256"}, {"digestB64": DIGEST_HELLO, "hashAlg": "sha256"})
    text = json.dumps(proof)
    start = text.index(f'"{pointer}": "') + len(pointer) + 5
    end = text.index('"', start)
    broken = []
    for position in range(start, end):
        other = "A" if text[position] != "A" else "B"
        if pointer in ("epochId", "measurement"):
            other = "0" if text[position] != "0" else "1"
        broken.append(text[:position] + other + text[position + 1 :])
    for number, changed in enumerate(broken):
        answer = occd.post("/verify", b'{"proof":' + changed.encode() + b"}")
        assert answer.status == 200 and answer.json()["valid"] is False, (pointer, number)
    assert len(broken) >= 44


def test_several_files_are_one_batch(occd, folder):
    names = [folder / f"file {number}.txt" for number in range(5)]
    for name in names:
        name.write_text(f"content of {name.name}")
    result = occ("commit", "--server", occd.url, *names)
    assert result.returncode == 0, result.stderr
    proofs = [json.loads(name.with_name(name.name + ".proof.json").read_text()) for name in names]
    assert [proof["commit"]["counter"] for proof in proofs] == ["1", "2", "3", "4", "5"]
    assert all(after["commit"]["prevB64"] == link_hash(before) for before, after in zip(proofs, proofs[1:]))
    for name, proof in zip(names, proofs):
        assert proof["artifact"]["digestB64"] == sha256_b64(name.read_bytes())
        assert occ("verify", name.with_name(name.name + ".proof.json"), name).returncode == 0
    for name in names:
        name.with_name(name.name + ".proof.json").unlink()
    missing = occ("commit", "--server", occd.url, *names, folder / "not there")
    assert missing.returncode == 3 and b"not there" in missing.stderr
    assert not list(folder.glob("*.proof.json")), "all or nothing"
    proof = occd.commit({"digestB64": DIGEST_HELLO, "hashAlg": "sha256"})[0]
    assert proof["commit"]["counter"] == "6", "nothing was committed for the batch that could not be read"


def test_one_file_by_two_names(occd, folder):
    """The second proof would replace the first, or have no place: refused before anything is committed."""
    (folder / "f").write_text("f")
    (folder / "same").symlink_to(folder)
    for other in ("./f", "same/f"):
        for force in ([], ["--force"]):
            result = occ("commit", "--server", occd.url, *force, "f", other, cwd=folder)
            assert result.returncode == 2 and b"two proofs for one file" in result.stderr and result.stdout == b""
    assert not (folder / "f.proof.json").exists()
    assert occd.commit({"digestB64": DIGEST_HELLO, "hashAlg": "sha256"})[0]["commit"]["counter"] == "1"


def test_refuses_to_overwrite(committed, occd):
    photo, proof = committed
    before = proof.read_bytes()
    result = occ("commit", "--server", occd.url, photo)
    assert result.returncode in (2, 3) and proof.name.encode() in result.stderr
    assert proof.read_bytes() == before
    assert not [path for path in proof.parent.iterdir() if path.is_file() and path not in (photo, proof)], "no leftovers"


@pytest.mark.sanitized
def test_standard_input(occd, folder, committed):
    photo, proof = committed
    result = occ("hash", "--base64", "-", stdin=b"hello occ\n")
    assert result.returncode == 0 and DIGEST_HELLO.encode() in result.stdout
    result = occ("commit", "--server", occd.url, "-", stdin=b"hello occ\n")
    assert result.returncode == 0, result.stderr
    made = json.loads(result.stdout)
    made = made[0] if isinstance(made, list) else made
    assert made["artifact"]["digestB64"] == DIGEST_HELLO
    assert occ("verify", "-", stdin=json.dumps(made).encode()).returncode == 0
    assert occ("verify", "-", photo, stdin=proof.read_bytes()).returncode == 0
    assert occ("verify", proof, "-", stdin=photo.read_bytes()).returncode == 0
    assert occ("verify", proof, "-", stdin=b"another").returncode == 1
    assert occ("verify", "-", "-", stdin=b"{}").returncode == 2, "two things cannot both come from there"
    assert occ("inspect", "-", stdin=proof.read_bytes()).returncode == 0


@pytest.mark.sanitized
def test_json_output(committed, occd, folder):
    photo, proof = committed
    good = json.loads(occ("verify", "--json", proof, photo).stdout)
    assert good["valid"] is True
    other = folder / "other"
    other.write_text("x")
    result = occ("verify", "--json", proof, other)
    assert result.returncode == 1
    bad = json.loads(result.stdout)
    assert bad["valid"] is False and bad["reason"]
    assert json.loads(occ("inspect", "--json", proof).stdout)
    hashed = json.dumps(json.loads(occ("hash", "--json", "-", stdin=b"hello occ\n").stdout))
    assert DIGEST_HELLO in hashed or base64.b64decode(DIGEST_HELLO).hex() in hashed
    key = json.loads(occ("key", "--json", "--server", occd.url).stdout)
    assert key["publicKeyB64"] == json.loads(proof.read_text())["signer"]["publicKeyB64"]
    third = folder / "third"
    third.write_text("3")
    result = occ("commit", "--json", "--server", occd.url, third)
    assert result.returncode == 0 and json.loads(result.stdout)


def test_key(occd):
    result = occ("key", "--server", occd.url)
    assert result.returncode == 0
    assert occd.get("/key").json()["publicKeyB64"].encode() in result.stdout


def test_inspect_shows_and_does_not_judge(committed, folder):
    _, proof = committed
    value = json.loads(proof.read_text())
    result = occ("inspect", proof)
    assert result.returncode == 0
    for text in (value["artifact"]["digestB64"], value["signer"]["publicKeyB64"], value["environment"]["measurement"]):
        assert text.encode() in result.stdout
    value["metadata"] = {"evil": "\u001b[31mred\u001b[0m\u202e"}
    proof.write_text(json.dumps(value))
    result = occ("inspect", proof)
    assert b"\x1b" not in result.stdout, "what a stranger wrote must not steer the terminal"


@pytest.mark.parametrize("command", [[], ["commit"], ["verify"], ["inspect"], ["audit"], ["hash"], ["key"], ["slot"], ["actor-id"]])
def test_help(command):
    result = occ(*command, "--help")
    assert result.returncode == 0 and result.stderr == b""
    text = result.stdout.decode()
    assert "occ" in text and len(text.splitlines()) > 3
    assert all(len(line) <= 80 for line in text.splitlines()), [line for line in text.splitlines() if len(line) > 80]


@pytest.mark.parametrize("program", ["occ", "occd", "occ-enclave"])
def test_version(program):
    result = subprocess.run([BIN / program, "--version"], env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert result.returncode == 0 and re.search(rb"\d+\.\d+\.\d+", result.stdout)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["frobnicate"],
        ["--frobnicate"],
        ["commit"],
        ["verify"],
        ["inspect"],
        ["hash", "--frobnicate", "x"],
        ["verify", "--polcy", "p", "x"],
        ["key", "too", "many"],
        ["commit", "--server", "ftp://127.0.0.1/", "x"],
        ["commit", "--server", "http://127.0.0.1:0", "x"],
        ["key", "--server", "http://127.0.0.1:65536/"],
    ],
)
@pytest.mark.sanitized
def test_wrong_use(arguments):
    result = occ(*arguments)
    assert result.returncode == 2, (result.returncode, result.stderr)
    assert result.stderr.strip() and result.stdout == b""


MALFORMED = {
    "empty": b"",
    "no json": b"not json",
    "cut": b'{"version":"occ/1",',
    "bom": b'\xef\xbb\xbf{"version":"occ/1"}',
    "zero byte": b'{"version":"occ/1"}\0',
    "twice": b'{"version":"occ/1","version":"occ/1"}',
    "utf-8": b'{"version":"\xff"}',
    "surrogate": b'{"version":"\\ud800"}',
    "deep": b"[" * 70 + b"]" * 70,
    "very deep": b"[" * 1000000,
    "trailing": b'{"version":"occ/1"} x',
    "number": b'{"a":1e999}',
    "integer": b'{"a":9007199254740993}',
    "dense": b"[" + b"1," * 400000 + b"1]",
}


@pytest.mark.parametrize("name", MALFORMED)
@pytest.mark.sanitized
def test_malformed_proof(folder, name):
    (folder / "p.json").write_bytes(MALFORMED[name])
    result = occ("verify", folder / "p.json")
    assert result.returncode == 2, (result.returncode, result.stdout, result.stderr)
    assert result.stderr.strip()


@pytest.mark.parametrize("text", [b"{}", b"5", b"null", b'"occ/1"', b'{"version":"occ/2"}', b'{"version":"occ/1"}', b"[5]"])
@pytest.mark.sanitized
def test_json_that_is_no_proof(folder, text):
    (folder / "p.json").write_bytes(text)
    assert occ("verify", folder / "p.json").returncode == 1


def test_policies(committed, folder):
    photo, proof = committed
    policy = folder / "policy.json"
    for text, status in [
        ('{"requireEnforcement":"stub","minCounter":"1"}', 0),
        ('{"requireEnforcement":"hw-key"}', 1),
        ('{"minCounter":"100"}', 1),
        ('{"allowedPublicKeys":[]}', 1),
        ("{}", 0),
        ('{"requireAttestation":true}', 1),
        ('{"requireAttestation":"true"}', 2),
        ('{"requireAtestation":true}', 2),
        ('{"minCounter":100}', 2),
        ('{"minCounter":"0100"}', 2),
        ("[]", 2),
        ("{", 2),
    ]:
        policy.write_text(text)
        result = occ("verify", "--policy", policy, proof, photo)
        assert result.returncode == status, (text, result.returncode, result.stdout, result.stderr)


@pytest.mark.parametrize("text", ["null", "5", '"x"', "{}", "[]", " [] ", "[{}]", "[[]]", '{"version":"occ/2"}'])
def test_json_that_is_no_proof_is_not_valid(folder, text):
    path = folder / "no-proof.json"
    path.write_text(text)
    result = occ("verify", path)
    assert result.returncode == 1 and b"NOT VALID" in result.stdout, result
    report = json.loads(occ("verify", "--json", path).stdout)
    assert isinstance(report, list) == (text in ("[{}]", "[[]]"))
    assert occ("inspect", path).returncode == 2


def test_many_unknown_members_take_no_time_to_show(committed, folder):
    """A proof of a stranger's, 3 MB of members that nobody knows: looking each up again took minutes."""
    _, proof = committed
    text = json.loads(proof.read_text())
    text.update({f"unknown {i}": "x" for i in range(180000)})
    path = folder / "many.json"
    path.write_text(json.dumps(text, separators=(",", ":")))
    for words in (["verify"], ["inspect"], ["inspect", "--json"]):
        assert occ(*words, path, timeout=30).returncode == 0


def test_an_array_with_one_bad_proof(occd, folder):
    digests = [{"digestB64": DIGEST_HELLO, "hashAlg": "sha256"}] * 3
    proofs = occd.commit(*digests)
    path = folder / "all.json"
    path.write_text(json.dumps(proofs))
    assert occ("verify", path).returncode == 0
    proofs[1]["commit"]["counter"] = "7"
    path.write_text(json.dumps(proofs))
    assert occ("verify", path).returncode == 1


def test_could_not(folder):
    (folder / "f").write_text("f")
    assert occ("hash", folder / "missing").returncode == 3
    assert occ("verify", folder / "missing.json").returncode == 3
    result = occ("commit", "--server", "http://127.0.0.1:1", "--timeout", "300ms", folder / "f")
    assert result.returncode == 3 and b"127.0.0.1" in result.stderr
    assert not (folder / "f.proof.json").exists()


def test_an_answer_that_is_a_lie_is_not_written(folder):
    """A server that gives out proofs of something else, or none: commit verifies before it writes."""
    import http.server
    import threading

    answers = [b"[]", b"{}", b"not json", b'[{"version":"occ/1"}]', b"[" * 100000]

    class Liar(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            body = answers[0]
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST

        def log_message(self, *_):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Liar)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    (folder / "f").write_text("f")
    try:
        while answers:
            result = occ("commit", "--server", f"http://127.0.0.1:{server.server_port}", folder / "f")
            assert result.returncode in (1, 2, 3) and result.stderr.strip(), answers[0][:40]
            assert not (folder / "f.proof.json").exists()
            result = occ("key", "--server", f"http://127.0.0.1:{server.server_port}")
            assert result.returncode == 3 and result.stderr.strip() and result.stdout == b"", answers[0][:40]
            answers.pop(0)
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.sanitized
def test_hash(folder):
    for content in (b"", b"a", b"hello occ\n", b"x" * 65536, b"y" * 1000001):
        path = folder / "content"
        path.write_bytes(content)
        result = occ("hash", path)
        digest = hashlib.sha256(content).digest()
        assert base64.b64encode(digest) in result.stdout or digest.hex().encode() in result.stdout


def test_4_gib_in_little_memory(folder):
    """The kernel's own account of the most memory the process ever had, in KiB."""
    sparse = folder / "sparse"
    with open(sparse, "wb") as file:
        file.truncate(4 << 30)
    report = folder / "usage"
    program = (
        "import os,resource,subprocess,sys;"
        "status=subprocess.run(sys.argv[2:]).returncode;"
        "open(sys.argv[1],'w').write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss));"
        "sys.exit(status)"
    )
    result = occ("hash", sparse, prefix=["/usr/bin/python3", "-c", program, report])
    assert result.returncode == 0, result.stderr
    # SHA-256 of 2^32 zero bytes, by another tool once: head -c 4294967296 /dev/zero | sha256sum
    expected = bytes.fromhex("8479e43911dc45e89f934fe48d01297e16f51d17aa561d4d1c216b1ae0fcddca")
    assert base64.b64encode(expected) in result.stdout or expected.hex().encode() in result.stdout
    assert int(report.read_text()) < 32 * 1024
