"""RFC 3161 tokens against `openssl ts -verify`. What our verifier says of each rule is held by unit.crypto.timestamp; here, that
OpenSSL's own program agrees with what the rule claims, and where it does not, that this is known and why."""
import base64
import subprocess

import pytest

from harness import ROOT, environment

MAKER = ROOT / "build" / "clang" / "tests" / "make_timestamp"
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
}
# Taken by us, refused by `openssl ts`, which reads PKCS #7 where RFC 3161 says CMS.
LOOSER = {"key-id": "no signer identifier but issuer and serial number", "rsa-pss": "no RSASSA-PSS"}


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


def rules():
    if not MAKER.exists():
        pytest.skip("the clang preset is not built")
    lines = subprocess.run([MAKER, "--list"], capture_output=True, check=True, timeout=60).stdout.decode().splitlines()
    return [(name, int(code)) for name, code in (line.split() for line in lines)]


def test_each_rule(folder):
    wrong = []
    for name, code in rules():
        make(folder, "--break", name)
        expected = (code == 0 or name in STRICTER) and name not in LOOSER
        if openssl_accepts(folder) != expected:
            wrong.append((name, code, "refused" if expected else "accepted"))
    assert not wrong, wrong
    assert not (STRICTER.keys() | LOOSER.keys()) - {name for name, _ in rules()}


def test_time_and_digest(folder):
    rules()
    make(folder)
    assert openssl_accepts(folder)
    assert not openssl_accepts(folder, time_s=UNIX_S + 101 * 86400)
    assert not openssl_accepts(folder, digest=DIGEST[:-1] + "3")


def test_one_authority_for_many(folder):
    """--ca-dir keeps the root: a root that was given out verifies later tokens."""
    rules()
    make(folder, "--ca-dir", folder / "ca")
    first = (folder / "root.pem").read_bytes()
    make(folder, "--ca-dir", folder / "ca", "--policy", "1.3.6.1.4.1.32473.9", "--break", "rsa", "--break", "ess-both")
    assert (folder / "root.pem").read_bytes() == first
    assert openssl_accepts(folder)
    reply = subprocess.run(["openssl", "ts", "-reply", "-token_in", "-in", folder / "token.der", "-token_out", "-text"],
                           capture_output=True, check=True, timeout=60).stdout.decode()
    assert "Policy OID: 1.3.6.1.4.1.32473.9" in reply and "Time stamp: Mar 21 17:30:53 2026 GMT" in reply
