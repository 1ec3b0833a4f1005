"""API keys: which calls need one, what a wrong one gives, and that a key is seen nowhere."""
import hashlib
import json
import pathlib

import pytest

from harness import digest_of

pytestmark = pytest.mark.sanitized

KEY = "s3cret-key-of-alice-0123456789abcdef"
OTHER = "another-key-of-bob-fedcba9876543210"
COMMIT = {"digests": [digest_of(1)]}


def bearer(key):
    return {"Authorization": f"Bearer {key}"}


def key_file(folder, **keys):
    path = folder / "keys"
    lines = ["# who may commit", ""] + [f"{name} {hashlib.sha256(key.encode()).hexdigest()}" for name, key in keys.items()]
    path.write_text("\n".join(lines) + "\n")
    return path


def check_unauthorized(answer):
    assert answer.status == 401
    assert answer.json() == {"error": "unauthorized"}
    assert answer.header("WWW-Authenticate") == "Bearer"


def test_none_configured_all_open(occd):
    assert occd.post("/commit", COMMIT).status == 200


OPEN_TO_MANY = "open to other machines without API keys"


def test_open_to_other_machines_is_told(start, folder):
    occd = start(listen="0.0.0.0:0")
    assert occd.wait_event(OPEN_TO_MANY)["level"] == "warn"
    kept = start("--api-keys", key_file(folder, alice=KEY), listen="0.0.0.0:0", data=folder / "other")
    local = start(data=folder / "third")
    assert not kept.events(OPEN_TO_MANY) and not local.events(OPEN_TO_MANY)


def test_file(start, folder):
    occd = start("--api-keys", key_file(folder, alice=KEY, bob=OTHER))
    before = occd.post("/commit", COMMIT, bearer(KEY)).json()[0]["commit"]["counter"]
    for headers in (None, bearer("wrong"), bearer(""), bearer(KEY + "x"), bearer(KEY[:-1]), bearer(KEY.upper()),
                    {"Authorization": f"Basic {KEY}"}, {"Authorization": KEY}, {"Authorization": "Bearer"},
                    bearer("x" * 8000), bearer(hashlib.sha256(KEY.encode()).hexdigest())):
        check_unauthorized(occd.post("/commit", COMMIT, headers))
    after = occd.post("/commit", COMMIT, bearer(OTHER)).json()[0]["commit"]["counter"]
    assert int(after) == int(before) + 1
    assert occd.post("/commit", COMMIT, {"Authorization": f"bearer {KEY}"}).status == 200, "the scheme's case is free (RFC 9110)"


def test_open_routes_and_wrong_tokens(start, folder):
    occd = start("--api-keys", key_file(folder, alice=KEY))
    for method, path in (("GET", "/key"), ("GET", "/health"), ("HEAD", "/key")):
        assert occd.request(method, path).status == 200
        assert occd.request(method, path, headers=bearer(KEY)).status == 200
        if method == "GET":
            check_unauthorized(occd.request(method, path, headers=bearer("wrong")))
    assert occd.post("/verify", {"proof": 1}).status == 200
    check_unauthorized(occd.post("/verify", {"proof": 1}, bearer("wrong")))
    for method, path, status in (("GET", "/nothing", 404), ("GET", "/commit", 405), ("DELETE", "/key", 405)):
        assert occd.request(method, path).status == status, "without a key"
        assert occd.request(method, path, headers=bearer(KEY)).status == status
        check_unauthorized(occd.request(method, path, headers=bearer("wrong")))


def test_two_authorization_headers(start, folder):
    occd = start("--api-keys", key_file(folder, alice=KEY))
    body = json.dumps(COMMIT).encode()
    with occd.connect() as wire:
        wire.send(b"POST /commit HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer %s\r\n"
                  b"Authorization: Bearer wrong\r\nContent-Length: %d\r\n\r\n%s" % (KEY.encode(), len(body), body))
        assert wire.answer().status in (400, 401)


def test_refused_before_the_body(start, folder):
    occd = start("--api-keys", key_file(folder, alice=KEY))
    with occd.connect() as wire:
        wire.send(b"POST /commit HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 4000000\r\n\r\n")
        check_unauthorized(wire.answer())


def test_everywhere(start, folder):
    occd = None
    path = key_file(folder, alice=KEY)
    occd = start("--api-keys", path, "--require-key-everywhere")
    check_unauthorized(occd.get("/key"))
    check_unauthorized(occd.post("/verify", {"proof": 1}))
    assert occd.get("/key", bearer(KEY)).status == 200
    assert occd.post("/verify", {"proof": 1}, bearer(KEY)).status == 200
    assert occd.get("/health").status == 200, "health is always open"


def test_environment(start):
    occd = start(env={"API_KEYS": f"{KEY}, {OTHER}"})
    check_unauthorized(occd.post("/commit", COMMIT))
    assert occd.post("/commit", COMMIT, bearer(KEY)).status == 200
    assert occd.post("/commit", COMMIT, bearer(OTHER)).status == 200


@pytest.mark.parametrize("listed", ["file", "environment"])
def test_a_key_is_seen_nowhere(start, folder, listed):
    if listed == "file":
        occd = start("--api-keys", key_file(folder, alice=KEY))
    else:
        occd = start(env={"API_KEYS": KEY})
    occd.post("/commit", COMMIT, bearer(KEY))
    occd.post("/commit", COMMIT, bearer(OTHER))
    occd.get(f"/key?token={OTHER}")
    child = occd.boundary_pid()
    assert child
    for part in ("environ", "cmdline"):
        assert KEY.encode() not in pathlib.Path(f"/proc/{child}/{part}").read_bytes()
    assert KEY.encode() not in pathlib.Path(f"/proc/{occd.pid}/cmdline").read_bytes()
    occd.stop()
    assert KEY not in occd.log()
    assert f"Bearer {OTHER}" not in occd.log()
    for path in (folder / "data").rglob("*"):
        if path.is_file():
            assert KEY.encode() not in path.read_bytes()
