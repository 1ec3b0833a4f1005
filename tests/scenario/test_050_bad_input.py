"""Bad input: each item has its status and a sentence that names the place, and moves nothing."""
import json

import pytest

from harness import digest_of

pytestmark = pytest.mark.sanitized

GOOD = digest_of(0)
D31 = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="
D33 = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
D32 = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="


def entry(**members):
    return {**GOOD, **members}


def body(**members):
    return {"digests": [GOOD], **members}


def nested(depth):
    value = 1
    for _ in range(depth):
        value = {"a": value}
    return value


# name: (body as a value or bytes, what the sentence must name)
BAD_REQUEST = {
    "empty body": (b"", ""),
    "not json": (b"digests", ""),
    "cut json": (b'{"digests":[', ""),
    "trailing text": (json.dumps(body()).encode() + b"x", ""),
    "array": ([GOOD], ""),
    "string": ("x", ""),
    "null": (None, ""),
    "number": (5, ""),
    "no digests": ({}, "digests"),
    "digests null": ({"digests": None}, "digests"),
    "digests object": ({"digests": {"0": GOOD}}, "digests"),
    "digests string": ({"digests": "x"}, "digests"),
    "digests empty": ({"digests": []}, "digests"),
    "digests 1001": ({"digests": [GOOD] * 1001}, "digests"),
    "digest string": ({"digests": ["x"]}, "digests[0]"),
    "digest null": ({"digests": [None]}, "digests[0]"),
    "digest array": ({"digests": [[]]}, "digests[0]"),
    "second bad": ({"digests": [GOOD, GOOD, GOOD, entry(digestB64=D31)]}, "digests[3].digestB64: 31 bytes, expected 32"),
    "31 bytes": ({"digests": [entry(digestB64=D31)]}, "digests[0].digestB64: 31 bytes, expected 32"),
    "33 bytes": ({"digests": [entry(digestB64=D33)]}, "digests[0].digestB64"),
    "empty digest": ({"digests": [entry(digestB64="")]}, "digests[0].digestB64"),
    "digest number": ({"digests": [entry(digestB64=7)]}, "digests[0].digestB64"),
    "digest hex": ({"digests": [entry(digestB64="ab" * 32)]}, "digests[0].digestB64"),
    "url-safe letters": ({"digests": [entry(digestB64="_" + D32[1:])]}, "digests[0].digestB64"),
    "no padding": ({"digests": [entry(digestB64=D32[:-1])]}, "digests[0].digestB64"),
    "white space": ({"digests": [entry(digestB64=D32[:20] + "\n" + D32[20:])]}, "digests[0].digestB64"),
    "trailing bits": ({"digests": [entry(digestB64=D32[:-2] + "B=")]}, "digests[0].digestB64"),
    "extra padding": ({"digests": [entry(digestB64=D32 + "=")]}, "digests[0].digestB64"),
    "no digestB64": ({"digests": [{"hashAlg": "sha256"}]}, "digests[0].digestB64"),
    "no hashAlg": ({"digests": [{"digestB64": D32}]}, "digests[0].hashAlg"),
    "sha512": ({"digests": [entry(hashAlg="sha512")]}, "digests[0].hashAlg"),
    "SHA256": ({"digests": [entry(hashAlg="SHA256")]}, "digests[0].hashAlg"),
    "hashAlg null": ({"digests": [entry(hashAlg=None)]}, "digests[0].hashAlg"),
    "hashAlg number": ({"digests": [entry(hashAlg=256)]}, "digests[0].hashAlg"),
    "unknown in digest": ({"digests": [entry(fileName="x")]}, "fileName"),
    "unknown name": (body(digest="x"), "digest"),
    "metadata null": (body(metadata=None), "metadata"),
    "metadata string": (body(metadata="x"), "metadata"),
    "metadata array": (body(metadata=[]), "metadata"),
    "metadata number": (body(metadata=1), "metadata"),
    "own metadata wrong": ({"digests": [entry(metadata=[])]}, "digests[0].metadata"),
    "metadata too deep": (body(metadata=nested(33)), "metadata"),
    "metadata too large": (body(metadata={"a": "x" * (16 * 1024 - 7)}), "metadata"),
    "body too deep": (b'{"digests":' + b"[" * 65 + b"]" * 65 + b"}", ""),
    "agency unsupported or wrong": (body(agency=5), "agency"),
    "duplicate names": (b'{"digests":[],"digests":[{"digestB64":"%s","hashAlg":"sha256"}]}' % D32.encode(), ""),
    "duplicate in digest": (b'{"digests":[{"digestB64":"%s","hashAlg":"sha256","hashAlg":"sha256"}]}' % D32.encode(), ""),
    "duplicate in metadata": (b'{"digests":[{"digestB64":"%s","hashAlg":"sha256"}],"metadata":{"a":{"b":1,"b":1}}}' % D32.encode(), ""),
    "duplicate by escape": (b'{"digests":[{"digestB64":"%s","hashAlg":"sha256"}],"metadata":{"a":1,"\\u0061":2}}' % D32.encode(), ""),
    "invalid utf-8": (b'{"digests":[{"digestB64":"%s","hashAlg":"sha256"}],"metadata":{"a":"\xc3\x28"}}' % D32.encode(), ""),
    "overlong utf-8": (b'{"digests":[{"digestB64":"%s","hashAlg":"sha256"}],"metadata":{"a":"\xc0\xaf"}}' % D32.encode(), ""),
    "surrogate in utf-8": (b'{"digests":[{"digestB64":"%s","hashAlg":"sha256"}],"metadata":{"a":"\xed\xa0\x80"}}' % D32.encode(), ""),
    "lone surrogate": (b'{"digests":[{"digestB64":"%s","hashAlg":"sha256"}],"metadata":{"a":"\\ud800"}}' % D32.encode(), ""),
    "zero byte": (b'{"digests":[{"digestB64":"%s","hashAlg":"sha256"}]}\0' % D32.encode(), ""),
    "zero byte inside": (b'{"digests":[{"digestB64":"%s","hashAlg":"sha256"}],\0"metadata":{}}' % D32.encode(), ""),
    "bom": (b"\xef\xbb\xbf" + json.dumps(body()).encode(), ""),
    "utf-16": (json.dumps(body()).encode("utf-16-le"), ""),
    "integer a double changes": (b'{"digests":[{"digestB64":"%s","hashAlg":"sha256"}],"metadata":{"a":9007199254740993}}' % D32.encode(), ""),
    "huge number": (b'{"digests":[{"digestB64":"%s","hashAlg":"sha256"}],"metadata":{"a":1e400}}' % D32.encode(), ""),
    "NaN": (b'{"digests":[{"digestB64":"%s","hashAlg":"sha256"}],"metadata":{"a":NaN}}' % D32.encode(), ""),
    "leading zero": (b'{"digests":[{"digestB64":"%s","hashAlg":"sha256"}],"metadata":{"a":01}}' % D32.encode(), ""),
    "comment": (b'{"digests":[{"digestB64":"%s","hashAlg":"sha256"}] /* x */}' % D32.encode(), ""),
    "single quotes": (b"{'digests':[]}", ""),
    "trailing comma": (b'{"digests":[{"digestB64":"%s","hashAlg":"sha256"},]}' % D32.encode(), ""),
    "control character": (b'{"digests":[{"digestB64":"%s","hashAlg":"sha256"}],"metadata":{"a":"\x01"}}' % D32.encode(), ""),
}


def counter_of(occd):
    return int(occd.commit(digest_of("probe"))[0]["commit"]["counter"])


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    from harness import Occd

    occd = Occd(tmp_path_factory.mktemp("bad"))
    yield occd
    occd.stop()


@pytest.mark.parametrize("name", BAD_REQUEST)
def test_commit(shared, name):
    value, place = BAD_REQUEST[name]
    before = counter_of(shared)
    answer = shared.post("/commit", value if isinstance(value, bytes) else json.dumps(value).encode())
    assert answer.status == 400, (answer.status, answer.body)
    assert answer.header("Content-Type").startswith("application/json")
    sentence = answer.error()
    assert place in sentence, sentence
    assert len(sentence) < 400 and "\n" not in sentence
    assert counter_of(shared) == before + 1


BAD_VERIFY = {
    "empty": b"",
    "not json": b"x",
    "no proof": {"policy": {}},
    "unknown name": {"proof": {}, "polcy": {}},
    "policy null": {"proof": {}, "policy": None},
    "policy array": {"proof": {}, "policy": []},
    "policy unknown": {"proof": {}, "policy": {"requireAtestation": True}},
    "policy type": {"proof": {}, "policy": {"requireAttestation": "yes"}},
    "policy counter": {"proof": {}, "policy": {"minCounter": 5}},
    "policy sign": {"proof": {}, "policy": {"minCounter": "-5"}},
    "policy tier": {"proof": {}, "policy": {"requireEnforcement": "gold"}},
    "policy list": {"proof": {}, "policy": {"allowedMeasurements": "x"}},
    "policy list entry": {"proof": {}, "policy": {"allowedMeasurements": [1]}},
    "policy time": {"proof": {}, "policy": {"minTime": "2026"}},
    "array": [],
    "duplicate": b'{"proof":{},"proof":{}}',
}


@pytest.mark.parametrize("name", BAD_VERIFY)
def test_verify(shared, name):
    value = BAD_VERIFY[name]
    answer = shared.post("/verify", value)
    assert answer.status == 400, (answer.status, answer.body)
    answer.error()


@pytest.mark.parametrize("proof", [None, 5, "x", [], {}, {"version": "occ/2"}, {"version": "occ/1", "artifact": []}])
def test_json_that_is_no_proof_is_invalid_not_an_error(shared, proof):
    answer = shared.post("/verify", {"proof": proof})
    assert answer.status == 200
    assert answer.json()["valid"] is False and answer.json()["reason"]


@pytest.mark.parametrize(
    "method, path, status, allow",
    [
        ("GET", "/commit", 405, {"POST", "OPTIONS"}),
        ("PUT", "/commit", 405, {"POST", "OPTIONS"}),
        ("DELETE", "/verify", 405, {"POST", "OPTIONS"}),
        ("POST", "/key", 405, {"GET", "HEAD", "OPTIONS"}),
        ("POST", "/health", 405, {"GET", "HEAD", "OPTIONS"}),
        ("PATCH", "/health", 405, {"GET", "HEAD", "OPTIONS"}),
        ("PROPFIND", "/key", 405, {"GET", "HEAD", "OPTIONS"}),
        ("GET", "/", 404, None),
        ("POST", "/", 404, None),
        ("GET", "/commit/", 404, None),
        ("POST", "/Commit", 404, None),
        ("GET", "//key", 404, None),
        ("GET", "/key%00", 404, None),
        ("GET", "/../key", 404, None),
        ("GET", "/k%65y", 404, None),
    ],
)
def test_wrong_method_and_path(shared, method, path, status, allow):
    answer = shared.request(method, path, b"" if method in ("POST", "PUT", "PATCH") else None)
    assert answer.status == status, answer.body
    answer.error()
    if allow:
        assert {word.strip() for word in answer.header("Allow").split(",")} == allow


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=utf-16",
        "application/json; charset=latin1",
        "application/jsonx",
        "application/json, text/plain",
        "multipart/form-data; boundary=x",
    ],
)
def test_wrong_content_type(shared, value):
    before = counter_of(shared)
    headers = {} if value is None else {"Content-Type": value}
    answer = shared.request("POST", "/commit", json.dumps(body()).encode(), headers)
    assert answer.status == 415, (answer.status, answer.body)
    answer.error()
    assert counter_of(shared) == before + 1


@pytest.mark.parametrize(
    "value",
    ["application/json", "Application/JSON", "application/json; charset=utf-8", "application/json;charset=UTF-8",
     'application/json; charset="utf-8"'],
)
def test_right_content_type(shared, value):
    answer = shared.request("POST", "/commit", json.dumps(body()).encode(), {"Content-Type": value})
    assert answer.status == 200, answer.body


def test_10_mb_body(shared):
    before = counter_of(shared)
    answer = shared.post("/commit", b'{"digests":[' + b" " * 10_000_000 + b"]}")
    assert answer.status == 413
    answer.error()
    assert counter_of(shared) == before + 1


def test_10_mb_chunked(shared):
    with shared.connect() as wire:
        try:
            wire.send(b"POST /commit HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
            for _ in range(160):
                wire.send(b"10000\r\n" + b" " * 65536 + b"\r\n")
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert wire.answer().status == 413
