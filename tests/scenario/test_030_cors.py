"""A page of another origin: preflight, and the headers on every answer, errors included."""
import pytest

from harness import digest_of

pytestmark = pytest.mark.sanitized


def words(text):
    return {word.strip().lower() for word in text.split(",")}


@pytest.mark.parametrize("path", ["/commit", "/verify", "/key", "/health"])
def test_preflight(occd, path):
    answer = occd.request(
        "OPTIONS",
        path,
        headers={
            "Origin": "https://app.example",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type,authorization",
        },
    )
    assert answer.status == 204 and answer.body == b""
    assert answer.header("Access-Control-Allow-Origin") == "*"
    assert words(answer.header("Access-Control-Allow-Methods")) == {"get", "post", "options"}
    assert words(answer.header("Access-Control-Allow-Headers")) >= {"content-type", "authorization", "idempotency-key"}


def test_preflight_of_an_unknown_path(occd):
    """Refused, a page could not read the 404 of the request itself."""
    assert occd.request("OPTIONS", "/nowhere", headers={"Access-Control-Request-Method": "POST"}).status == 204
    answer = occd.request("OPTIONS", "/nowhere")
    assert answer.status == 404 and answer.error()


def test_preflight_needs_no_key(start, folder):
    (folder / "keys").write_text("alice " + "0" * 64 + "\n")
    occd = start("--api-keys", folder / "keys")
    answer = occd.request("OPTIONS", "/commit", headers={"Origin": "null", "Access-Control-Request-Method": "POST"})
    assert answer.status == 204


def test_every_answer_is_readable_from_another_origin(occd):
    origin = {"Origin": "https://app.example"}
    answers = [
        occd.post("/commit", {"digests": [digest_of(1)]}, origin),
        occd.post("/commit", {"digests": []}, origin),
        occd.post("/verify", {"proof": 1}, origin),
        occd.get("/key", origin),
        occd.get("/health", origin),
        occd.get("/nowhere", origin),
        occd.request("DELETE", "/commit", headers=origin),
    ]
    assert [answer.status for answer in answers] == [200, 400, 200, 200, 200, 404, 405]
    for answer in answers:
        assert answer.header("Access-Control-Allow-Origin") == "*"
        assert words(answer.header("Access-Control-Expose-Headers")) >= {"retry-after", "idempotent-replay"}


def test_a_malformed_request_too(occd):
    with occd.connect() as wire:
        wire.send(b"GET /key HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
        answer = wire.answer()
    assert answer.status == 400
    assert answer.header("Access-Control-Allow-Origin") == "*"
