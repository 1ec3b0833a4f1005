"""
Actors, slots, chains and signed values by the command line, judged by others: openssl verifies the actor's signature, evidence.mjs
the proofs; docs/actors.md's programs are run as they stand there.
"""
import base64
import json
import re
import subprocess
import sys

import pytest

from harness import ROOT, environment, node, occ, sha256_b64
from proxy import Proxy
from softhsm import SoftHsm

sys.path.insert(0, str(ROOT / "tests" / "interop"))
from judges import judge_by_node  # noqa: E402

PAGE = (ROOT / "docs" / "actors.md").read_text()


def openssl(*words, stdin=None):
    run = subprocess.run(["openssl", *map(str, words)], input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    assert run.returncode == 0, run.stderr.decode()
    return run.stdout


@pytest.fixture
def key(folder):
    path = folder / "actor.pem"
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path)
    path.chmod(0o600)
    return path


def key_id(path, *options):
    der = openssl("pkey", "-in", path, "-pubout", "-outform", "DER", *options)
    return openssl("dgst", "-sha256", "-r", stdin=der).split()[0].decode()


def file_of(folder, name="f"):
    path = folder / name
    path.write_text(f"content of {name}")
    return path


def proof_of(path):
    return json.loads(path.with_name(path.name + ".proof.json").read_text())


def openssl_says(folder, key, authorization):
    """Whether openssl takes the signature over what PROTOCOL §4 says is signed."""
    names = ("actorKeyId", "artifactHash", "challenge", "purpose", "timestamp")
    (folder / "payload").write_bytes(json.dumps({name: authorization[name] for name in names}, separators=(",", ":")).encode())
    (folder / "signature").write_bytes(base64.b64decode(authorization["signatureB64"]))
    openssl("pkey", "-in", key, "-pubout", "-out", folder / "public.pem")
    return subprocess.run(["openssl", "dgst", "-sha256", "-verify", folder / "public.pem", "-signature", folder / "signature", folder / "payload"],
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0


@pytest.mark.sanitized
def test_a_commit_with_an_actor(occd, folder, key):
    path = file_of(folder)
    result = occ("commit", "--server", occd.url, "--actor-key", key, path)
    assert result.returncode == 0 and result.stderr == b"", result.stderr
    proof = proof_of(path)
    actor, authorization = proof["agency"]["actor"], proof["agency"]["authorization"]
    assert actor["keyId"] == authorization["actorKeyId"] == key_id(key) == occ("actor-id", key).stdout.decode().strip()
    assert actor["provider"] == "pem-file" and authorization["artifactHash"] == sha256_b64(path.read_bytes())
    assert openssl_says(folder, key, authorization)
    assert not openssl_says(folder, key, {**authorization, "timestamp": authorization["timestamp"] + 1})
    policy = json.dumps({"requireActorBinding": True, "allowedActorKeyIds": [actor["keyId"]]})
    assert occ("verify", "--policy", policy, f"{path}.proof.json", path).returncode == 0
    assert occ("verify", "--policy", policy.replace(actor["keyId"], "0" * 64), f"{path}.proof.json", path).returncode == 1
    (report,) = judge_by_node([json.dumps(proof)])
    assert report["valid"] and report["evidence"]["agency"]["form"] == "direct" and report["evidence"]["agency"]["coversArtifact"]
    shown = occ("inspect", f"{path}.proof.json").stdout.decode()
    assert f"actor         {actor['keyId']}, kept in pem-file" in shown and "authorization direct" in shown


def test_each_digest_has_its_own(occd, folder, key):
    """101 files are two requests, since challenges live for a minute; each has a challenge and a signature of its own."""
    paths = [file_of(folder, f"f{number}") for number in range(101)]
    with Proxy(occd.port) as proxy:
        result = occ("commit", "--server", proxy.url, "--actor-key", key, "--actor-provider", 'my "safe"', *paths)
    assert result.returncode == 0, result.stderr
    proofs = [proof_of(path) for path in paths]
    assert {proof["agency"]["actor"]["provider"] for proof in proofs} == {'my "safe"'}
    assert len({proof["agency"]["authorization"]["challenge"] for proof in proofs}) == 101
    assert [len(json.loads(body)["digests"]) for body in proxy.bodies()] == [100, 1]
    assert "agency" in json.loads(proxy.bodies()[1]) and "agency" in json.loads(proxy.bodies()[0])["digests"][99]
    assert all(report["valid"] for report in judge_by_node(list(map(json.dumps, proofs))))
    assert openssl_says(folder, key, proofs[50]["agency"]["authorization"])


@pytest.mark.sanitized
def test_encrypted_keys(occd, folder, key):
    encrypted = folder / "encrypted.pem"
    openssl("pkcs8", "-topk8", "-in", key, "-out", encrypted, "-passout", "pass:correct horse")
    encrypted.chmod(0o600)
    (folder / "pass").write_text("correct horse\n")
    arguments = ("commit", "--force", "--server", occd.url, "--actor-key", encrypted, file_of(folder))
    assert occ(*arguments, "--actor-passphrase-file", folder / "pass").returncode == 0
    result = occ(*arguments, env={"OCC_ACTOR_PASSPHRASE": "correct horse"})
    assert result.returncode == 0 and proof_of(folder / "f")["agency"]["actor"]["keyId"] == key_id(key)
    assert b"correct horse" not in result.stdout + result.stderr + (folder / "f.proof.json").read_bytes()
    assert occ("actor-id", encrypted, env={"OCC_ACTOR_PASSPHRASE": "correct horse"}).stdout.decode().strip() == key_id(key)
    for extra, env, words in (((), {}, b"no passphrase was given"), ((), {"OCC_ACTOR_PASSPHRASE": "wrong"}, b"a wrong passphrase")):
        result = occ(*arguments, *extra, env=env)
        assert result.returncode == 2 and words in result.stderr and b"wrong\n" not in result.stderr


def test_a_key_that_all_can_read(occd, folder, key):
    key.chmod(0o644)
    result = occ("commit", "--server", occd.url, "--actor-key", key, file_of(folder))
    assert result.returncode == 0 and b"every user of this machine can read this private key" in result.stderr


@pytest.mark.parametrize("make, words", [
    (["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"], b"on the curve secp384r1, expected P-256"),
    (["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"], b"of type RSA, expected P-256"),
    (["genpkey", "-algorithm", "ED25519"], b"of type ED25519, expected P-256"),
])
def test_other_keys_are_refused(folder, make, words):
    openssl(*make, "-out", folder / "k")
    (folder / "k").chmod(0o600)
    for command in (("commit", "--server", "http://127.0.0.1:1", file_of(folder), "--actor-key", folder / "k"), ("actor-id", folder / "k")):
        result = occ(*command)
        assert result.returncode == 2 and words in result.stderr, result.stderr


def test_no_keys(folder, key):
    openssl("pkey", "-in", key, "-pubout", "-out", folder / "public")
    (folder / "broken").write_text(key.read_text().replace("A", "B"))
    (folder / "none").write_text("hello")
    commit = ("commit", "--server", "http://127.0.0.1:1", file_of(folder), "--actor-key")
    for name, words in (("public", b"only a public key or a certificate"), ("broken", b"not a key that can be read"), ("none", b"not a key that can be read")):
        result = occ(*commit, folder / name)
        assert result.returncode == 2 and words in result.stderr, result.stderr
    assert occ(*commit, folder / "missing").returncode == 3
    assert occ("actor-id", folder / "none").returncode == 2
    result = occ(*commit, key, "--idempotency-key", "k")
    assert result.returncode == 2 and b"a new challenge makes each request another one" in result.stderr


def test_actor_id_of_every_form(folder, key):
    openssl("pkey", "-in", key, "-pubout", "-out", folder / "public.pem")
    openssl("pkey", "-in", key, "-pubout", "-outform", "DER", "-out", folder / "public.der")
    openssl("req", "-x509", "-key", key, "-subj", "/CN=actor", "-out", folder / "certificate.pem")
    openssl("x509", "-in", folder / "certificate.pem", "-outform", "DER", "-out", folder / "certificate.der")
    openssl("ec", "-in", key, "-out", folder / "sec1.pem")
    for name in ("actor.pem", "sec1.pem", "public.pem", "public.der", "certificate.pem", "certificate.der"):
        assert occ("actor-id", folder / name).stdout.decode() == f"{key_id(key)}\n", name
    assert occ("actor-id", "-", stdin=(folder / "public.pem").read_bytes()).stdout.decode() == f"{key_id(key)}\n"
    value = json.loads(occ("actor-id", "--json", key).stdout)
    assert value == {"keyId": key_id(key), "publicKeyB64": base64.b64encode((folder / "public.der").read_bytes()).decode()}


def test_a_lost_answer(occd, folder, key):
    """The same request again: its challenge was spent by the first, and the proofs are the first's."""
    path = file_of(folder)
    with Proxy(occd.port, lambda number, name: "lose" if name == "/commit" and number == 0 else "pass") as proxy:
        assert occ("commit", "--server", proxy.url, "--actor-key", key, path).returncode == 0
    assert len(proxy.keys()) == 2 and len(set(proxy.bodies())) == 1 and len(proxy.keys("/challenge")) == 1
    assert proof_of(path)["commit"]["counter"] == "1"


def test_lost_challenges_cost_nothing(occd, folder, key):
    path = file_of(folder)
    actions = ["drop", (502, {}, b""), "lose", (503, {}, b"")]
    with Proxy(occd.port, lambda number, name: actions[number] if name == "/challenge" and number < 4 else "pass") as proxy:
        assert occ("commit", "--server", proxy.url, "--actor-key", key, path).returncode == 0
    assert len(proxy.keys("/challenge")) == 5 and proof_of(path)["commit"]["counter"] == "1"


def test_a_challenge_of_another_epoch(start, folder, key):
    """The server restarts between challenge and commit: refused, in words, and nothing is in doubt."""
    occd = start()
    path = file_of(folder)

    def plan(number, name):
        if name == "/commit":
            occd.stop()
            proxy.target = start().port
        return "pass"

    with Proxy(occd.port, plan) as proxy:
        result = occ("commit", "--server", proxy.url, "--actor-key", key, path)
    assert result.returncode == 3 and b"the challenge was not issued in this epoch" in result.stderr and b"not known" not in result.stderr


def test_a_server_without_actors_and_slots(occd, folder, key):
    """A peer that has neither path: said in words, and nothing is committed."""
    with Proxy(occd.port, lambda number, name: (404, {}, b'{"error":"no such path"}')) as proxy:
        result = occ("commit", "--server", proxy.url, "--actor-key", key, file_of(folder))
        assert result.returncode == 3 and b"gives no challenges" in result.stderr and proxy.keys() == []
        result = occ("slot", "--server", proxy.url)
        assert result.returncode == 3 and b"gives no slots" in result.stderr


def test_api_keys(start, folder, key):
    (folder / "keys").write_text(f"alice {openssl('dgst', '-sha256', '-r', stdin=b's3cret').split()[0].decode()}\n")
    occd = start("--api-keys", folder / "keys")
    for command in (("commit", "--actor-key", key, file_of(folder)), ("slot",)):
        result = occ(*command, "--server", occd.url)
        assert result.returncode == 3 and b"401" in result.stderr and b"--api-key-file" in result.stderr
        assert occ(*command, "--server", occd.url, env={"OCC_API_KEY": "s3cret"}).returncode == 0


# ---- hardware tokens ----


@pytest.mark.sanitized
def test_without_a_provider(folder):
    (folder / "openssl.cnf").write_text("")
    for command in (("commit", "--server", "http://127.0.0.1:1", file_of(folder), "--actor-key"), ("actor-id",)):
        result = occ(*command, "pkcs11:object=actor", env={"OPENSSL_CONF": str(folder / "openssl.cnf")})
        assert result.returncode == 3 and b"the package is pkcs11-provider" in result.stderr
        result = occ(*command, "pkcs11:object=actor?pin-value=1", env={"OPENSSL_CONF": str(folder / "openssl.cnf")})
        assert result.returncode == 2 and b"can be read by other users" in result.stderr


def softhsm(folder):
    """A token "occ" of PIN 4321, and an environment whose OpenSSL is set up as docs/actors.md says."""
    hsm = SoftHsm(folder)
    settings = re.search(r"```ini\n(.*?)```", PAGE, re.DOTALL)[1]
    settings = re.sub(r"pkcs11-module-path = .*", f"pkcs11-module-path = {hsm.softhsm}\nmodule = {hsm.provider}", settings)
    (folder / "openssl.cnf").write_text(settings)
    return hsm, {**hsm.env, "OPENSSL_CONF": str(folder / "openssl.cnf")}


def test_a_token(occd, folder, key):
    hsm, env = softhsm(folder)
    for name, number in (("actor", "01"), ("twin", "02")):
        if name == "twin":
            openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", folder / "twin.pem")
        hsm.import_key(folder / f"{name}.pem", name, number)
    (folder / "pin").write_text("4321\n")
    pin = {**env, "OCC_ACTOR_PASSPHRASE": "4321"}
    uri = "pkcs11:token=occ;object=actor"
    for name in (uri, f"{uri};type=private", f"{uri};type=public"):
        result = occ("actor-id", name, env=pin)
        assert result.stdout.decode() == f"{key_id(key)}\n", result.stderr
    path = file_of(folder)
    result = occ("commit", "--server", occd.url, "--actor-key", uri, "--actor-passphrase-file", folder / "pin", path, env=env)
    assert result.returncode == 0, result.stderr
    agency = proof_of(path)["agency"]
    assert agency["actor"]["keyId"] == key_id(key) and agency["actor"]["provider"] == "pkcs11"
    assert openssl_says(folder, key, agency["authorization"])
    commit = ("commit", "--force", "--server", occd.url, path, "--actor-key")
    for name, settings, status, words in (
        (uri, {**env, "OCC_ACTOR_PASSPHRASE": "1111"}, 3, b"or the PIN is wrong"),
        (uri, env, 2, b"the token wants a PIN"),
        ("pkcs11:token=occ;object=other", pin, 3, b"no such private key"),
        ("pkcs11:token=other;object=actor", pin, 3, b"no such private key"),
        ("pkcs11:token=occ", pin, 2, b"names more than one key"),
    ):
        result = occ(*commit, name, env=settings, prefix=("setsid",))  # without a terminal nobody is asked for the PIN
        assert result.returncode == status and words in result.stderr, (name, result.returncode, result.stderr)


# ---- slots, chains, signed values ----


@pytest.mark.sanitized
def test_a_slot(occd, folder):
    result = occ("slot", "--server", occd.url)
    assert result.returncode == 0, result.stderr
    (folder / "slot.json").write_bytes(result.stdout)
    slot = json.loads(result.stdout)
    between, path, other = (file_of(folder, name) for name in ("between", "f", "other"))
    assert occ("commit", "--server", occd.url, between).returncode == 0
    assert occ("commit", "--server", occd.url, "--slot", folder / "slot.json", path).returncode == 0
    proof = proof_of(path)
    assert proof["slotAllocation"] == slot["slot"] and proof["commit"]["slotCounter"] == slot["slot"]["counter"] == "1"
    assert proof["commit"]["nonceB64"] == slot["slot"]["nonceB64"] and proof["commit"]["counter"] == "3"
    assert occ("verify", f"{path}.proof.json", path).returncode == 0
    (report,) = judge_by_node([json.dumps(proof)])
    assert report["valid"] and report["evidence"]["slot"]["counter"] == "1"
    shown = occ("inspect", f"{path}.proof.json").stdout.decode()
    assert "slot          counter 1, with the hash" in shown and "slot          counter 1, allocated" in shown
    result = occ("commit", "--server", occd.url, "--slot", folder / "slot.json", other)
    assert result.returncode == 3 and b"the slot was used before" in result.stderr
    slot = json.loads(occ("slot", "--server", occd.url).stdout)
    assert occ("commit", "--server", occd.url, "--slot", slot["slotId"], other).returncode == 0
    assert proof_of(other)["slotAllocation"] == slot["slot"]
    assert occ("audit", "-q", *(f"{name}.proof.json" for name in (between, path, other))).returncode == 0
    result = occ("commit", "--server", occd.url, "--slot", slot["slotId"], between, path)
    assert result.returncode == 2 and b"a slot is for one digest" in result.stderr


def test_slots_that_are_lies(occd, folder):
    """What comes as a slot is verified, and the proof must have used the slot that was given."""
    true = json.loads(occ("slot", "--server", occd.url).stdout)
    forged = json.loads(json.dumps(true))
    forged["slot"]["counter"] = "7"
    for body, status, words in (
        (json.dumps(forged), 1, b"slot signature verification failed"),
        ('{"slotId":"x"}', 3, b"answered no slot"),
        ("[]", 3, b"answered no slot"),
        (json.dumps({**true, "slot": {**true["slot"], "publicKeyB64": "AA=="}}), 1, b"does not verify"),
    ):
        with Proxy(occd.port, lambda number, name, body=body: (200, {}, body.encode())) as proxy:
            result = occ("slot", "--server", proxy.url)
            assert result.returncode == status and words in result.stderr and result.stdout == b"", result.stderr
    result = occ("slot", "--server", occd.url, "--chain", "a b")
    assert result.returncode == 2 and b"--chain" in result.stderr
    (folder / "slot").write_text(json.dumps({"slotId": true["slotId"], "slot": forged["slot"]}))
    result = occ("commit", "--server", occd.url, "--slot", folder / "slot", file_of(folder))
    assert result.returncode == 1 and b"its slot is not what was asked for" in result.stderr
    assert not (folder / "f.proof.json").exists()


def test_chains(start, folder):
    occd = start("--chains", "invoices,b:2")
    path, other = file_of(folder), file_of(folder, "other")
    slot = folder / "slot"
    slot.write_bytes(occ("slot", "--server", occd.url, "--chain", "b:2").stdout)
    assert occ("commit", "--server", occd.url, "--chain", "invoices", path).returncode == 0
    assert proof_of(path)["commit"]["chainId"] == "invoices" and proof_of(path)["commit"]["counter"] == "1"
    assert occ("commit", "--server", occd.url, "--slot", slot, other).returncode == 0
    assert proof_of(other)["commit"]["chainId"] == proof_of(other)["slotAllocation"]["chainId"] == "b:2"
    for arguments, status, words in ((("--chain", "unknown"), 3, b"is not a chain of this boundary"), (("--chain", "invoices", "--slot", slot), 2, b"of another chain")):
        result = occ("commit", "--force", "--server", occd.url, *arguments, path)
        assert result.returncode == status and words in result.stderr, result.stderr


def test_signed_values(occd, folder):
    path = file_of(folder)
    (folder / "principal.json").write_text('{ "id": "alice", "n": 1.0 }')
    result = occ("commit", "--server", occd.url, "--attribution", '{"title":"T","name":"\u00c4"}', "--bind-policy", '{"rule":[1,2]}',
                 "--principal", f"@{folder}/principal.json", "--metadata", '{"m":1}', path)
    assert result.returncode == 0, result.stderr
    proof = proof_of(path)
    assert proof["attribution"] == {"title": "T", "name": "\u00c4"} and proof["policy"] == {"rule": [1, 2]}
    assert proof["principal"] == {"id": "alice", "n": 1} and proof["metadata"] == {"m": 1}
    assert judge_by_node([json.dumps(proof)])[0]["valid"]
    for name in ("attribution", "policy", "principal"):
        changed = folder / "changed.json"
        changed.write_text(json.dumps({**proof, name: {"x": 1}}))
        assert occ("verify", changed, path).returncode == 1, f"{name} is signed"
    result = occ("commit", "--force", "--server", occd.url, "--attribution", '{"10":1}', path)
    assert result.returncode == 2 and b"--attribution" in result.stderr, "JavaScript would reorder it"


# ---- docs/actors.md ----


def test_the_page_with_curl_and_openssl(occd, folder, key):
    """The page's commands, run as they stand; their last line is the answer."""
    (script,) = [block for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) if "curl" in block]
    path = file_of(folder, "report.pdf")
    run = subprocess.run(["bash", "-euo", "pipefail", "-c", script.replace("http://127.0.0.1:8080", occd.url)], cwd=folder, env=environment(),
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
    (folder / "answer.json").write_bytes(run.stdout)
    result = occ("verify", "--policy", json.dumps({"requireActorBinding": True, "allowedActorKeyIds": [key_id(key)]}), folder / "answer.json", path)
    assert result.returncode == 0, (run.stdout, run.stderr, result.stderr)


DEVICE = """
// A passkey of Node's own, which does what a browser's navigator.credentials.get does; the rest is the page's.
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { actorOf, agencyOf, digestOf, post, strongChallenge } from './agency.mjs';

const [server, rpId, origin, answer] = process.argv.slice(2);
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const sha256 = (data) => createHash('sha256').update(data).digest();

function get({ challenge, rpId }) {
  const clientDataJSON = Buffer.from(JSON.stringify({
    type: 'webauthn.get', challenge: Buffer.from(challenge).toString('base64url'), origin, crossOrigin: false }));
  const authenticatorData = Buffer.concat([sha256(rpId), Buffer.from([0x05, 0, 0, 0, 1])]);
  const signature = sign('sha256', Buffer.concat([authenticatorData, sha256(clientDataJSON)]), privateKey);
  return { clientDataJSON, authenticatorData, signature };
}

const digestB64 = await digestOf(readFileSync('f'));
const nonceB64 = (await post(`${server}/challenge`, {})).challenge;
const challenge = await strongChallenge(nonceB64, digestB64);
const actor = await actorOf(publicKey.export({ format: 'der', type: 'spki' }));
const agency = agencyOf(actor, nonceB64, challenge, digestB64, get({ challenge, rpId }));
try {
  const [proof] = await post(`${server}/commit`, { digests: [{ digestB64, hashAlg: 'sha256' }], agency });
  writeFileSync(answer, JSON.stringify(proof));
} catch (error) {
  console.log(error.message);
}
"""


@pytest.mark.parametrize("major", [18, 20])
def test_the_page_with_a_passkey(start, folder, major):
    (module,) = re.findall(r"```js\n(.*?)```", PAGE, re.DOTALL)
    (folder / "agency.mjs").write_text(("import { webcrypto as crypto } from 'node:crypto';\n" if major == 18 else "") + module)
    (folder / "device.mjs").write_text(DEVICE)
    occd = start("--rp-id", "example.com", "--origin", "https://example.com")
    path = file_of(folder)

    def ask(rp_id, origin):
        run = subprocess.run([node(major), "device.mjs", occd.url, rp_id, origin, "answer.json"], cwd=folder, env=environment(),
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
        assert run.returncode == 0, run.stderr.decode()
        return run.stdout.decode()

    for rp_id, origin in (("example.org", "https://example.com"), ("example.com", "https://example.org")):
        assert ask(rp_id, origin) != "" and not (folder / "answer.json").exists()
    assert ask("example.com", "https://example.com") == ""
    proof = json.loads((folder / "answer.json").read_text())
    assert proof["commit"]["counter"] == "1", "what was refused moved nothing"
    names = ("--rp-id", "example.com", "--origin", "https://example.com")
    assert occ("verify", *names, "--policy", '{"requireActorBinding":true}', folder / "answer.json", path).returncode == 0
    (report,) = judge_by_node([json.dumps(proof)], *names)
    assert report["valid"] and report["evidence"]["agency"]["form"] == "webauthn-strong", report
