"""RFC 3161 tokens and `openssl ts`: it judges tokens that we make, and where it does not agree with our verifier, that is known and
why; and we judge tokens that it makes."""
import base64
import datetime
import subprocess
import time

import pytest

from harness import ROOT, environment

TOOLS = ROOT / "build" / "clang" / "tests"
MAKER, VERIFIER = TOOLS / "make_timestamp", TOOLS / "timestamp_tool"
DIGEST = "5664944786b399b43d5a659e6a3735d172ef70631f1eeb67e48924c7d7dec072"
TIME, UNIX_S = "2026-03-21T17:30:53Z", 1774114253

# Refused by us, taken by `openssl ts`: each is a rule of RFC 3161, RFC 5652 or PROTOCOL §5 that it does not look at.
STRICTER = {
    "accuracy": "milliseconds are 1 to 999",
    "ca": "a signer that is an authority too",
    "critical-extension": "TSTInfo's extensions are not looked at",
    "ess-v2-sha1": "ESSCertIDv2 with SHA-1",
    "eku-unknown": "a second purpose that it does not know is passed over",
    "gen-time-date": "genTime is not read",
    "gen-time-leap": "genTime is not read",
    "gen-time-local": "genTime is not read",
    "gen-time-no-seconds": "genTime is not read",
    "gen-time-offset": "genTime is not read",
    "gen-time-point": "genTime is not read",
    "many-certificates": "no limit",
    "signature-sha1": "the digest of the signature itself is not judged",
    "strangers": "certificates that were put in beside the signer's are passed over",
}
# Taken by us, refused by `openssl ts`, which reads PKCS #7 where RFC 3161 says CMS.
LOOSER = {"key-id": "no signer identifier but issuer and serial number", "rsa-pss": "no RSASSA-PSS"}


@pytest.fixture(autouse=True)
def tools():
    if not MAKER.exists() or not VERIFIER.exists():
        pytest.skip("the clang preset is not built")


def make(folder, *words):
    command = [MAKER, "--digest", DIGEST, "--time", TIME, "--root-out", folder / "root.pem", "--token-out", folder / "token.der", *words]
    result = subprocess.run([str(word) for word in command], env=environment(), capture_output=True, timeout=60)
    assert result.returncode == 0, result.stderr.decode()
    assert base64.b64decode(result.stdout) == (folder / "token.der").read_bytes()


def openssl_accepts(folder, time_s=UNIX_S, digest=DIGEST):
    command = ["openssl", "ts", "-verify", "-digest", digest, "-in", folder / "token.der", "-token_in", "-CAfile", folder / "root.pem",
               "-attime", time_s, "-auth_level", 2]
    result = subprocess.run([str(word) for word in command], env=environment(), capture_output=True, timeout=60)
    assert result.returncode in (0, 1), result.stderr.decode()
    return result.returncode == 0


def ours(file, roots):
    """(code, the facts or the sentence) of our verifier."""
    lines = subprocess.run([VERIFIER, file, roots], env=environment(), capture_output=True, check=True, timeout=60).stdout.decode().splitlines()
    code = int(lines[0].split()[0])
    return code, dict(line.partition(" ")[::2] for line in lines[2:]) if code == 0 else lines[1]


def rules():
    lines = subprocess.run([MAKER, "--list"], capture_output=True, check=True, timeout=60).stdout.decode().splitlines()
    return [(name, int(code)) for name, code in (line.split() for line in lines)]


def test_each_rule(folder):
    wrong = []
    for name, code in rules():
        make(folder, "--break", name)
        verdict = ours(folder / "token.der", folder / "root.pem")
        if verdict[0] != code or code == 0 and verdict[1]["trusted"] != "1":
            wrong.append((name, code, *verdict))
        expected = (code == 0 or name in STRICTER) and name not in LOOSER
        if openssl_accepts(folder) != expected:
            wrong.append((name, code, "refused" if expected else "accepted"))
    assert not wrong, wrong
    assert not (STRICTER.keys() | LOOSER.keys()) - {name for name, _ in rules()}


def test_time_and_digest(folder):
    make(folder)
    assert openssl_accepts(folder)
    assert not openssl_accepts(folder, time_s=UNIX_S + 101 * 86400)
    assert not openssl_accepts(folder, digest=DIGEST[:-1] + "3")


def test_one_authority_for_many(folder):
    """--ca-dir keeps the root: a root that was given out verifies later tokens."""
    make(folder, "--ca-dir", folder / "ca")
    first = (folder / "root.pem").read_bytes()
    make(folder, "--ca-dir", folder / "ca", "--policy", "1.3.6.1.4.1.32473.9", "--break", "rsa", "--break", "ess-both")
    assert (folder / "root.pem").read_bytes() == first
    assert openssl_accepts(folder)
    reply = subprocess.run(["openssl", "ts", "-reply", "-token_in", "-in", folder / "token.der", "-token_out", "-text"],
                           capture_output=True, check=True, timeout=60).stdout.decode()
    assert "Policy OID: 1.3.6.1.4.1.32473.9" in reply and "Time stamp: Mar 21 17:30:53 2026 GMT" in reply


CONFIG = """
[tsa]
serial = {folder}/serial
certs = {folder}/ca.pem
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = {signer_digest}
default_policy = 1.3.6.1.4.1.32473.7
digests = sha1, sha256, sha384, sha512
accuracy = secs:1, millisecs:500
clock_precision_digits = {digits}
ordering = yes
tsa_name = yes
ess_cert_id_chain = {chain}
ess_cert_id_alg = {naming}
"""


def openssl(folder, *words):
    result = subprocess.run(["openssl", *map(str, words)], cwd=folder, env=environment(), capture_output=True, timeout=60)
    assert result.returncode == 0, result.stderr.decode()


@pytest.fixture
def authority(folder):
    """A CA and an authority below it, made by openssl's commands alone."""
    (folder / "tsa.ext").write_text("basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage=critical,timeStamping\n")
    (folder / "serial").write_text("0123\n")
    openssl(folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384", "-nodes", "-subj", "/CN=Their root", "-days", 2,
            "-keyout", "ca.key", "-out", "ca.pem")
    openssl(folder, "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=Their authority", "-keyout", "tsa.key", "-out", "tsa.csr")
    openssl(folder, "x509", "-req", "-in", "tsa.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", 1, "-extfile", "tsa.ext",
            "-out", "tsa.pem")

    def reply(imprint="sha256", with_certificate=True, signer_digest="sha256", naming="sha256", chain="no", digits=0):
        (folder / "ts.cnf").write_text(CONFIG.format(folder=folder, signer_digest=signer_digest, naming=naming, chain=chain, digits=digits))
        (folder / "data").write_bytes(b"hello occ\n")
        openssl(folder, "ts", "-query", "-data", "data", f"-{imprint}", "-out", "query.tsq", *["-cert"] * with_certificate)
        openssl(folder, "ts", "-reply", "-config", "ts.cnf", "-section", "tsa", "-queryfile", "query.tsq", "-out", "reply.tsr")
        return ours(folder / "reply.tsr", folder / "ca.pem")

    return reply


@pytest.mark.parametrize("options", [{}, {"imprint": "sha384"}, {"imprint": "sha512", "signer_digest": "sha512"}, {"naming": "sha1"},
                                     {"naming": "sha512"}, {"chain": "yes"}, {"digits": 6}], ids=str)
def test_theirs(authority, options):
    before = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    code, facts = authority(**options)
    assert code == 0, facts
    assert facts["trusted"] == "1" and facts["policy"] == "1.3.6.1.4.1.32473.7" and facts["serial"] == "0124"
    assert facts["signer"] == "CN=Their authority" and facts["imprint"] == options.get("imprint", "sha256")
    assert before <= datetime.datetime.fromisoformat(facts["time"].replace("Z", "+00:00")) <= datetime.datetime.now(datetime.timezone.utc)


@pytest.mark.parametrize("options, code", [({"imprint": "sha1"}, 180), ({"signer_digest": "sha1"}, 180), ({"with_certificate": False}, 181)], ids=str)
def test_theirs_refused(authority, options, code):
    assert authority(**options)[0] == code


CA_CONFIG = """
[ca]
default_ca = a
[a]
database = index.txt
rand_serial = yes
new_certs_dir = .
default_md = sha256
policy = names
[names]
commonName = supplied
"""


def test_an_authority_that_has_expired_since(folder, authority):
    """A token is judged at its genTime: made by `openssl ts` while its certificate was valid, it stays good after that."""
    (folder / "ca.cnf").write_text(CA_CONFIG)
    (folder / "index.txt").write_text("")
    end = int(time.time()) + 5
    stamp = time.strftime("%Y%m%d%H%M%SZ", time.gmtime(end))
    openssl(folder, "ca", "-batch", "-notext", "-config", "ca.cnf", "-cert", "ca.pem", "-keyfile", "ca.key", "-in", "tsa.csr", "-extfile",
            "tsa.ext", "-enddate", stamp, "-out", "tsa.pem")
    code, facts = authority()
    assert code == 0 and facts["trusted"] == "1", facts
    while time.time() <= end + 1:  # no test could pass before that
        time.sleep(0.2)
    verify = ["openssl", "ts", "-verify", "-queryfile", folder / "query.tsq", "-in", folder / "reply.tsr", "-CAfile", folder / "ca.pem"]
    late = subprocess.run(verify, env=environment(), capture_output=True, timeout=60)
    assert late.returncode == 1 and b"expired" in late.stderr + late.stdout, late
    code, again = ours(folder / "reply.tsr", folder / "ca.pem")
    assert code == 0 and again == facts
