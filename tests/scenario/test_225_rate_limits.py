"""Rate limits: who is counted for what, what 429 says, whose X-Forwarded-For is believed, and the public demo.

The rates are so slow that nothing fills again while a test runs; the one about filling again waits until it has.
"""
import hashlib
import json
import subprocess

import pytest

from harness import BIN, digest_of, environment, wait_for

pytestmark = pytest.mark.sanitized

KEYS = {"alice": "s3cret-key-of-alice-0123456789abcdef", "bob": "another-key-of-bob-fedcba9876543210"}
ONE = {"digests": [digest_of(1)]}


def key_file(folder):
    path = folder / "keys"
    path.write_text("".join(f"{name} {hashlib.sha256(key.encode()).hexdigest()}\n" for name, key in KEYS.items()))
    return path


def bearer(name):
    return {"Authorization": f"Bearer {KEYS[name]}"}


def via(*values):
    """X-Forwarded-For; more than one value: more than one field (a header's case makes them different names here)."""
    names = ("X-Forwarded-For", "x-forwarded-for", "X-FORWARDED-FOR")
    return dict(zip(names, values))


def commit(occd, headers=None, count=1):
    return occd.post("/commit", {"digests": [digest_of(number) for number in range(count)]}, headers)


def check_too_many(answer, least=1, most=3600):
    assert answer.status == 429, (answer.status, answer.body)
    assert answer.json() == {"error": "too many requests, try again later"}
    assert least <= int(answer.header("Retry-After")) <= most
    assert "Retry-After" in answer.header("Access-Control-Expose-Headers").split(", ")


def test_per_key(start, folder):
    occd = start("--api-keys", key_file(folder), "--rate-key", "3/h")
    counters = [int(commit(occd, bearer("alice")).json()[0]["commit"]["counter"]) for _ in range(3)]
    check_too_many(commit(occd, bearer("alice")), least=1000, most=1200)
    check_too_many(occd.post("/verify", {"proof": 1}, bearer("alice")))
    for path in ("/key", "/health"):
        assert occd.get(path, bearer("alice")).status == 200, "it costs nothing"
    assert occd.post("/verify", {"proof": 1}).status == 200, "nobody's key"
    answer = commit(occd, bearer("bob"))
    assert answer.status == 200, "another key"
    assert int(answer.json()[0]["commit"]["counter"]) == counters[-1] + 1, "what was refused moved no counter"


def test_verifications_count(start, folder):
    occd = start("--rate-address", "2/h")
    assert occd.post("/verify", {"proof": 1}).status == 200
    assert occd.post("/verify", b"not json").status == 400, "what is refused for its body counts, too"
    check_too_many(occd.post("/verify", {"proof": 1}))
    check_too_many(commit(occd))


@pytest.mark.parametrize("path", [f"/proofs/{'00' * 32}", "/proofs", "/epochs"])
def test_lookups_count(start, path):
    occd = start("--rate-address", "1/h")
    assert occd.get(path).status in (200, 404)
    check_too_many(occd.get(path))
    check_too_many(commit(occd))


def test_what_is_refused_by_its_head_does_not_count(start, folder):
    occd = start("--rate-address", "1/h", "--api-keys", key_file(folder))
    for _ in range(3):
        assert commit(occd).status == 401
        assert occd.request("POST", "/commit", b"{}").status == 401
        assert occd.get("/commit", bearer("alice")).status == 405
        assert occd.request("POST", "/commit", b"{}", bearer("alice")).status == 415
    assert commit(occd, bearer("alice")).status == 200
    check_too_many(commit(occd, bearer("bob")))  # without --rate-key, keys count for their address


def test_a_key_is_not_counted_for_its_address(start, folder):
    occd = start("--api-keys", key_file(folder), "--rate-key", "100/h", "--rate-address", "1/h")
    for _ in range(3):
        assert commit(occd, bearer("alice")).status == 200
    assert occd.post("/verify", {"proof": 1}).status == 200
    check_too_many(occd.post("/verify", {"proof": 1}))
    assert commit(occd, bearer("alice")).status == 200


def test_a_batch_counts_its_digests(start, folder):
    occd = start("--api-keys", key_file(folder), "--rate-key", "10/h")
    proofs = commit(occd, bearer("alice"), count=25).json()
    assert len(proofs) == 25, "what is more than there is left is paid afterwards"
    check_too_many(commit(occd, bearer("alice")), least=16 * 360 - 60, most=16 * 360)
    answer = commit(occd, bearer("bob"), count=10)
    assert int(answer.json()[0]["commit"]["counter"]) == 26
    check_too_many(commit(occd, bearer("bob")), most=360)


def test_a_bad_batch_counts_once(start):
    occd = start("--rate-address", "3/h")
    bad = {"digests": [digest_of(number) for number in range(50)] + [{"digestB64": "x", "hashAlg": "sha256"}]}
    assert occd.post("/commit", bad).status == 400
    assert occd.post("/commit", bad).status == 400
    assert commit(occd).status == 200
    check_too_many(commit(occd))


def test_refused_before_the_body(start):
    occd = start("--rate-address", "1/h")
    assert commit(occd).status == 200
    with occd.connect() as wire:
        wire.send(b"POST /commit HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 4000000\r\n\r\n")
        check_too_many(wire.answer())


def test_it_fills_again(start):
    occd = start("--rate-address", "20/s")
    seen = set()
    while 429 not in seen:
        seen.add(commit(occd, count=20).status)
    wait_for(lambda: commit(occd).status == 200, what="the bucket to fill again")


def test_forwarded_is_not_believed(start):
    occd = start("--rate-address", "2/h")
    assert commit(occd, via("203.0.113.1")).status == 200
    assert commit(occd, via("203.0.113.2")).status == 200
    check_too_many(commit(occd, via("203.0.113.3")))


def test_forwarded_by_a_trusted_proxy(start):
    occd = start("--rate-address", "2/h", "--trusted-proxy", "127.0.0.1,10.0.0.0/8")
    for headers in (via("203.0.113.1"), via("9.9.9.9, 203.0.113.1, 10.1.1.1")):
        assert commit(occd, headers).status == 200
    for headers in (via("203.0.113.1"), via("8.8.8.8, 203.0.113.1"), via("8.8.8.8", "203.0.113.1"),
                    via("203.0.113.1", "10.2.2.2"), via("203.0.113.1:4711")):
        check_too_many(commit(occd, headers))
    assert commit(occd, via("203.0.113.2")).status == 200
    # What is no address cannot be charged: the proxy that wrote it is.
    for headers in (via("203.0.113.77, unknown"), via("203.0.113.78, unknown")):
        assert commit(occd, headers).status == 200
    check_too_many(commit(occd, via("203.0.113.79, unknown")))
    check_too_many(commit(occd))


def test_the_access_log_names_the_client(start):
    occd = start("--trusted-proxy", "127.0.0.1")
    occd.get("/key", via("9.9.9.9, 203.0.113.1"))
    occd.get("/nothing", via("2001:db8::7"))
    occd.get("/key?x")
    occd.stop()
    lines = [json.loads(line) for line in occd.out]
    seen = [(line["path"], line["client"], line["peer"].rsplit(":", 1)[0]) for line in lines if line["path"] != "/health"]
    assert seen == [("/key", "203.0.113.1", "127.0.0.1"), ("/nothing", "2001:db8::7", "127.0.0.1"), ("/key", "127.0.0.1", "127.0.0.1")]


def test_an_ipv6_network_is_one_caller(start):
    occd = start("--rate-address", "2/h", "--trusted-proxy", "::1", listen="[::1]:0")
    assert commit(occd, via("2001:db8:1:2::1")).status == 200
    assert commit(occd, via("2001:db8:1:2:ffff::2")).status == 200
    check_too_many(commit(occd, via("[2001:db8:1:2::3]:443")))
    assert commit(occd, via("2001:db8:1:3::1")).status == 200
    assert commit(occd, via("::ffff:203.0.113.1")).status == 200
    assert commit(occd, via("203.0.113.1")).status == 200
    check_too_many(commit(occd, via("203.0.113.1")))


def test_behind_a_unix_socket(start, folder):
    occd = start("--rate-address", "1/h", "--trusted-proxy", "unix", listen=f"unix:{folder}/socket")
    assert commit(occd, via("203.0.113.1")).status == 200
    check_too_many(commit(occd, via("203.0.113.1")))
    assert commit(occd, via("203.0.113.2")).status == 200
    assert commit(occd).status == 200
    check_too_many(commit(occd))


def test_demo(start, folder):
    occd = start("--api-keys", key_file(folder), "--demo-rate", "3/h", "--trusted-proxy", "127.0.0.1")
    assert commit(occd, via("203.0.113.1")).status == 200
    assert commit(occd, {**via("203.0.113.1"), "Authorization": "Bearer wrong"}).status == 401, "a wrong key is no visitor"
    assert commit(occd, via("203.0.113.1"), count=2).status == 200
    check_too_many(commit(occd, via("203.0.113.1")))
    check_too_many(occd.post("/challenge", {}, via("203.0.113.1")))
    check_too_many(occd.post("/allocate-slot", {}, via("203.0.113.1")))
    assert commit(occd, via("203.0.113.2")).status == 200, "each address for itself"
    for _ in range(5):
        assert commit(occd, {**via("203.0.113.1"), **bearer("alice")}).status == 200, "keys are not limited by it"
        assert occd.post("/verify", {"proof": 1}, via("203.0.113.1")).status == 200


def test_demo_is_off_by_default(start, folder):
    occd = start("--api-keys", key_file(folder), "--rate-address", "100/h")
    for path in ("/commit", "/challenge", "/allocate-slot"):
        assert occd.post(path, ONE if path == "/commit" else {}).status == 401


def test_demo_opens_nothing_else(start, folder):
    occd = start("--api-keys", key_file(folder), "--demo-rate", "100/h", "--require-key-everywhere")
    assert commit(occd).status == 200
    assert occd.post("/verify", {"proof": 1}).status == 401
    assert occd.get("/key").status == 401


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (("--rate-key", "0"), '--rate-key: "0", expected a number from 1 to 1000000'),
        (("--rate-address", "10/d"), '--rate-address: "10/d", expected a number'),
        (("--demo-rate", "many"), '--demo-rate: "many", expected a number'),
        (("--rate-key", "5"), "--rate-key: there are no API keys, expected some"),
        (("--demo-rate", "5"), "--demo-rate: there are no API keys, expected some"),
        (("--trusted-proxy", "localhost"), '--trusted-proxy: "localhost", expected an address'),
        (("--trusted-proxy", "10.0.0.0/33"), '--trusted-proxy: "10.0.0.0/33", expected an address'),
    ],
)
def test_settings_refused(folder, arguments, sentence):
    run = subprocess.run([BIN / "occd", "--data", folder / "data", "--check-config", *arguments], env=environment(),
                         capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert run.stderr.startswith(f"occd: {sentence}"), run.stderr
