"""Looking proofs up: GET /proofs/{digest}, GET /proofs, GET /epochs and occ lookup, over ledgers of a service and imported ones."""
import base64
import hashlib
import http.server
import json
import re
import socket
import subprocess
import threading
import urllib.parse

import pytest

from harness import PRESET, ROOT, Occd, check_chains, digest_of, environment, node, occ, status_of, wait_for

pytestmark = [pytest.mark.sanitized, pytest.mark.threads]

LEDGERS = ROOT / "tests" / "interop" / "ledgers.mjs"
KEY = "s3cret-key-of-alice-0123456789abcdef"
BEARER = {"Authorization": f"Bearer {KEY}"}


def hex_of(digest):
    return base64.b64decode(digest["digestB64"]).hex()


def url_of(digest):
    return digest["digestB64"].replace("+", "-").replace("/", "_").rstrip("=")


def canonical(proof):
    """For proofs whose names are ASCII and whose numbers are integers."""
    return json.dumps(proof, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def lines_of(answer):
    assert answer.header("Content-Type") == "application/jsonl"
    assert answer.body == b"" or answer.body.endswith(b"\n")
    return [json.loads(line) for line in answer.body.splitlines()]


def next_of(answer, path):
    """The next page's address, as a client resolves it (RFC 3986), or None."""
    link = answer.header("Link")
    if link is None:
        return None
    [reference] = re.fullmatch(r'<([^>]*)>; rel="next"', link).groups()
    joined = urllib.parse.urlsplit(urllib.parse.urljoin(f"http://host{path}", reference))
    return f"{joined.path}?{joined.query}"


def pages_of(occd, path, headers=None):
    """Every answer from path on."""
    pages = []
    while path is not None:
        answer = occd.get(path, headers)
        assert answer.status == 200, (path, answer.body)
        pages.append(answer)
        path = next_of(answer, path)
    return pages


def key_file(folder):
    path = folder / "keys"
    path.write_text(f"alice {hashlib.sha256(KEY.encode()).hexdigest()}\n")
    return path


# ---- by digest ----


def test_by_digest(occd):
    """Every spelling of a digest finds all of its proofs, oldest first, byte for byte as they were given out."""
    texts = []
    for n in range(3):
        texts.append(occd.post("/commit", {"digests": [digest_of(1)], "metadata": {"n": n}}).body[1:-1])
        occd.commit(digest_of(2), digest_of(3))
    expected = b"[" + b",".join(texts) + b"]"
    for name in (hex_of(digest_of(1)), hex_of(digest_of(1)).upper(), url_of(digest_of(1)), url_of(digest_of(1)) + "=",
                 url_of(digest_of(1)) + "%3D"):
        answer = occd.get(f"/proofs/{name}")
        assert (answer.status, answer.body) == (200, expected), name
        assert answer.header("Content-Type") == "application/json"
        assert answer.header("Link") is None
        assert answer.header("Cache-Control") == "no-store"
    assert len(occd.get(f"/proofs/{url_of(digest_of(2))}").json()) == 3


def test_a_batch_with_one_digest_twice(occd):
    proofs = occd.commit(digest_of(1), digest_of(1), digest_of(1))
    assert occd.get(f"/proofs/{hex_of(digest_of(1))}").json() == proofs


def test_unknown_and_malformed_digests(occd):
    occd.commit(digest_of(1))
    known = hex_of(digest_of(1))
    assert occd.get(f"/proofs/{hex_of(digest_of(2))}").error() == "no proof of this digest"
    assert occd.get(f"/proofs/{hex_of(digest_of(2))}").status == 404
    assert occd.get(f"/proofs/{hex_of(digest_of(2))}?after=5").status == 404
    for name in (known[:-1], known + "0", "g" + known[1:], digest_of(1)["digestB64"].replace("/", "%2F") + "=", "x", "%", "%zz",
                 known[:-1] + "%", url_of(digest_of(1))[:-1] + "_", url_of(digest_of(1)) + "==", "%00" * 64, "é".encode().hex()):
        answer = occd.get(f"/proofs/{name}")
        assert answer.status == 400, name
        assert "expected 64 characters of hex or 43 of base64url" in answer.error()
    for path in ("/proofs/", f"/proofs/{known}/", f"/proofs/{known}/x", f"//proofs/{known}", "/proofsx", "/epochs/"):
        assert occd.get(path).status == 404, path
    assert occd.get(f"/proofs/{known}").status == 200


def test_pages_of_a_digest(occd):
    proofs = [occd.commit(digest_of(1), metadata={"n": n})[0] for n in range(7)]
    path = f"/proofs/{hex_of(digest_of(1))}"
    pages = pages_of(occd, f"{path}?limit=3")
    assert [len(page.json()) for page in pages] == [3, 3, 1]
    assert [proof for page in pages for proof in page.json()] == proofs
    assert occd.get(f"{path}?limit=7").header("Link") is None
    assert occd.get(f"{path}?after=7").json() == []
    assert occd.get(f"{path}?after=6").json() == proofs[6:]
    assert occd.get(f"{path}?after=18446744073709551615").json() == []


def test_what_was_just_committed_is_found(occd):
    """A look-up begun after a commit was answered sees it: there is no moment in which the index lacks it."""
    for n in range(40):
        [proof] = occd.commit(digest_of(n))
        assert occd.get(f"/proofs/{hex_of(digest_of(n))}").json() == [proof]


# ---- by counter ----


def test_by_counter(occd):
    proofs = [proof for n in range(4) for proof in occd.commit(*[digest_of(10 * n + i) for i in range(5)])]
    assert occd.get("/proofs").body == b"".join(canonical(proof) + b"\n" for proof in proofs)
    assert lines_of(occd.get("/proofs?from=0")) == proofs
    assert lines_of(occd.get("/proofs?from=18")) == proofs[17:]
    assert lines_of(occd.get("/proofs?from=21")) == []
    assert lines_of(occd.get("/proofs?from=18446744073709551615")) == []
    assert lines_of(occd.get("/proofs?latest=1")) == proofs[-1:]
    pages = pages_of(occd, "/proofs?from=3&limit=7")
    assert [len(lines_of(page)) for page in pages] == [7, 7, 4]
    assert [proof for page in pages for proof in lines_of(page)] == proofs[2:]
    epoch = proofs[0]["commit"]["epochId"]
    assert lines_of(occd.get(f"/proofs?epoch={epoch}&latest=0&limit=1")) == proofs[:1]
    assert lines_of(occd.get(f"/proofs?epoch={epoch}&chainId=nobody")) == []
    answer = occd.get(f"/proofs?epoch={epoch[:-1]}")
    assert (answer.status, answer.error()) == (404, "epoch: no such epoch")


def test_an_empty_ledger(occd):
    assert lines_of(occd.get("/proofs")) == []
    assert lines_of(occd.get("/proofs?latest=1")) == []
    assert occd.get("/epochs").json() == []
    assert occd.get("/proofs?epoch=x").status == 404
    assert occd.get(f"/proofs/{hex_of(digest_of(1))}").status == 404


BAD = [
    ("/proofs?limit=0", 'limit: "0", expected a whole number from 1 to 1000'),
    ("/proofs?limit=1001", 'limit: "1001", expected a whole number from 1 to 1000'),
    ("/proofs?from=-1", 'from: "-1", expected a whole number from 0 to 18446744073709551615'),
    ("/proofs?from=1&from=1", "from: given twice, expected once"),
    ("/proofs?From=1", 'unknown parameter "From", expected epoch, chainId, from, limit or latest'),
    ("/proofs?epoch=", "epoch: empty, expected a value or no epoch"),
    ("/proofs?epoch=a+b", "epoch: '+' may mean a space, expected %2B"),
    ("/proofs?epoch=%4", "epoch: '%' without two hex digits behind it"),
    ("/proofs?epoch=" + 129 * "a", "epoch: more than 128 bytes"),
    ("/proofs?chainId=a%20b", "chainId: expected 1 to 64 characters of A-Za-z0-9._:-"),
    ("/proofs?latest=1&from=2", "latest is the one last proof, expected no from and no limit"),
    ("/proofs?latest=yes", 'latest: "yes", expected a whole number from 0 to 1'),
    ("/proofs?after=1", 'unknown parameter "after", expected epoch, chainId, from, limit or latest'),
    ("/proofs?&", 'unknown parameter "", expected epoch, chainId, from, limit or latest'),
    ("/epochs?from=1", 'unknown parameter "from", expected limit or after'),
    ("/epochs?limit=9999999999999999999999", 'limit: "9999999999999999999999", expected a whole number from 1 to 1000'),
    (f"/proofs/{hex_of(digest_of(1))}?latest=1", 'unknown parameter "latest", expected limit or after'),
]


def test_bad_queries(occd):
    occd.commit(digest_of(1))
    for path, sentence in BAD:
        answer = occd.get(path)
        assert (answer.status, answer.error()) == (400, sentence), path


# ---- epochs ----


def test_the_log_has_nothing_of_a_query(start):
    occd = start()
    for query in ("s3cret", "s3cret=1", "limit=s3cret", "after=1&s3cret", "limit=%73%33cret", "limit=1%22s3cret"):
        answer = occd.get(f"/epochs?{query}")
        assert answer.status == 400 and "s3cret" in answer.json()["error"], answer.body
    occd.stop()
    errors = [json.loads(line).get("error") for line in occd.out if "/epochs" in line]
    assert sorted(errors) == 3 * ["limit"] + 3 * ["unknown parameter"]
    assert "s3cret" not in occd.log()


def test_epochs_of_restarts(start, folder):
    """Each start is an epoch, linked to the one before; all of them stay to be looked up."""
    proofs = []
    for n in range(3):
        occd = start()
        proofs += occd.commit(digest_of(n), digest_of(7))
        key = occd.get("/key").json()
        epochs = occd.get("/epochs").json()
        assert [epoch["number"] for epoch in epochs] == list(range(1, n + 2))
        last = epochs[-1]
        assert {name: last[name] for name in ("epochId", "publicKeyB64", "enforcement", "measurement")} == key
        assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d\d\dZ", last["began"])
        assert last["chains"] == [{"firstCounter": str(2 * n + 1), "lastCounter": str(2 * n + 2), "proofs": 2}]
        assert occd.get(f"/proofs/{hex_of(digest_of(7))}").json() == proofs[1::2]
        assert lines_of(occd.get("/proofs")) == proofs[-2:]
        assert lines_of(occd.get(f"/proofs?epoch={epochs[0]['epochId']}")) == proofs[:2]
        pages = pages_of(occd, "/epochs?limit=1")
        assert [epoch for page in pages for epoch in page.json()] == epochs
        occd.stop()
    assert "epochLink" in proofs[2]["commit"]


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    """An occd over a ledger that came from elsewhere: three epochs with names in base64, two chains that take turns."""
    folder = tmp_path_factory.mktemp("imported")
    subprocess.run([node(20), LEDGERS, "kept", folder], env=environment(), stdout=subprocess.DEVNULL, check=True, timeout=60)
    assert occ("import", "--ledger", folder / "data", folder / "kept.jsonl").returncode == 0
    occd = Occd(folder / "data")
    occd.texts = (folder / "kept.jsonl").read_bytes().splitlines()
    yield occd
    occd.stop()


def test_chains_and_epochs_with_odd_names(imported):
    proofs = [json.loads(text) for text in imported.texts]
    epochs = imported.get("/epochs").json()
    assert [epoch["epochId"] for epoch in epochs] == list(dict.fromkeys(proof["commit"]["epochId"] for proof in proofs))
    for epoch in epochs:
        of_epoch = [(text, proof) for text, proof in zip(imported.texts, proofs) if proof["commit"]["epochId"] == epoch["epochId"]]
        assert {chain.get("chainId"): chain["proofs"] for chain in epoch["chains"]} == {None: 10, "eu:1": 5}
        for chain in (None, "eu:1"):
            expected = [text for text, proof in of_epoch if proof["commit"].get("chainId") == chain]
            query = {"epoch": epoch["epochId"], "limit": 3, **({} if chain is None else {"chainId": chain})}
            pages = pages_of(imported, f"/proofs?{urllib.parse.urlencode(query)}")
            assert b"".join(page.body for page in pages) == b"".join(text + b"\n" for text in expected)
            assert len(pages) == (len(expected) + 2) // 3
    newest = [text for text, proof in zip(imported.texts, proofs) if proof["commit"].get("chainId") == "eu:1"][-1]
    assert imported.get("/proofs?latest=1&chainId=eu%3A1").body == newest + b"\n"


def test_one_artifact_over_epochs(imported):
    digest = hashlib.sha256(b"digest again").hexdigest()
    texts = [text for text in imported.texts if base64.b64encode(bytes.fromhex(digest)) in text]
    assert len(texts) == 12
    assert imported.get(f"/proofs/{digest}").body == b"[" + b",".join(texts) + b"]"


def test_the_service_goes_on_from_an_import(imported):
    """Its first proof links to the imported ledger's head, which the boundary verified."""
    [proof] = imported.commit(digest_of(1))
    link = proof["commit"]["epochLink"]
    main = [json.loads(text) for text in imported.texts if b'"chainId"' not in text][-1]
    assert (link["prevEpochId"], link["prevCounter"]) == (main["commit"]["epochId"], main["commit"]["counter"])
    assert int(proof["commit"]["counter"]) == int(main["commit"]["counter"]) + 1
    assert imported.get("/epochs").json()[-1]["number"] == 4


# ---- HTTP ----


def test_head(occd):
    occd.commit(digest_of(1), digest_of(1))
    for path in (f"/proofs/{hex_of(digest_of(1))}?limit=1", "/proofs?limit=1", "/epochs", f"/proofs/{hex_of(digest_of(2))}", "/proofs?x"):
        got = occd.get(path)
        with occd.connect() as wire:
            head = wire.request("HEAD", path)
            assert (head.status, head.body) == (got.status, b"")
            for name in ("Content-Length", "Content-Type", "Link", "Cache-Control"):
                assert head.header(name) == got.header(name), (path, name)
            assert wire.request("GET", path).body == got.body, "nothing of the body came before"


def test_methods_and_cors(occd):
    for path in (f"/proofs/{hex_of(digest_of(1))}", "/proofs", "/epochs"):
        answer = occd.post(path, {})
        assert (answer.status, answer.header("Allow")) == (405, "GET, HEAD, OPTIONS"), path
        answer = occd.request("OPTIONS", path)
        assert (answer.status, answer.header("Allow")) == (204, "GET, HEAD, OPTIONS"), path
    exposed = occd.get("/proofs").header("Access-Control-Expose-Headers")
    assert {"link", "retry-after"} <= {name.strip().lower() for name in exposed.split(",")}


def test_unicode(occd, folder):
    metadata = {"имя": "写真 \U0001f4f7 \u2028\u0001\u007f", "\ue000": 1, "\U0001f600": 2, "quote\"\\": "\b\f"}
    answer = occd.post("/commit", {"digests": [digest_of(1)], "metadata": metadata})
    found = occd.get(f"/proofs/{hex_of(digest_of(1))}")
    assert found.body == answer.body
    assert found.json()[0]["metadata"] == metadata
    assert occd.get("/proofs").body == answer.body[1:-1] + b"\n"


# ---- keys ----


def test_keys(start, folder):
    occd = start("--api-keys", key_file(folder))
    [proof] = occd.post("/commit", {"digests": [digest_of(1)]}, BEARER).json()
    for path in (f"/proofs/{hex_of(digest_of(1))}", f"/proofs/{hex_of(digest_of(2))}", "/proofs", "/proofs?bad", "/epochs"):
        for headers in (None, {"Authorization": "Bearer wrong"}):
            answer = occd.get(path, headers)
            assert (answer.status, answer.error()) == (401, "unauthorized"), path
            assert answer.header("WWW-Authenticate") == "Bearer"
    assert occd.get(f"/proofs/{hex_of(digest_of(1))}", BEARER).json() == [proof]
    assert lines_of(occd.get("/proofs", BEARER)) == [proof]
    assert len(occd.get("/epochs", BEARER).json()) == 1


def test_public_lookup(start, folder):
    """The look-up by digest is open then, and nothing else."""
    occd = start("--api-keys", key_file(folder), "--public-lookup")
    [proof] = occd.post("/commit", {"digests": [digest_of(1)]}, BEARER).json()
    path = f"/proofs/{hex_of(digest_of(1))}"
    assert occd.get(path).json() == [proof]
    assert occd.get(path, {"Authorization": "Bearer wrong"}).status == 401
    for closed in ("/proofs", "/epochs"):
        assert occd.get(closed).status == 401
    assert occd.post("/commit", {"digests": [digest_of(1)]}).status == 401
    everywhere = start("--api-keys", key_file(folder), "--public-lookup", "--require-key-everywhere", data=folder / "other")
    assert everywhere.get(path).status == 401
    assert everywhere.get(path, BEARER).status == 404


def test_look_ups_count_for_the_rate(start):
    occd = start("--rate-address", "4/h")
    path = f"/proofs/{hex_of(digest_of(1))}"
    assert [occd.get(target).status for target in (path, "/proofs", "/epochs", path, path, "/epochs")] == [404, 200, 200, 404, 429, 429]
    assert int(occd.get(path).header("Retry-After")) > 60
    assert occd.get("/key").status == 200


# ---- size ----


def test_long_pages(occd):
    """A page ends at 8 MiB; all of them together are everything; clients that read nothing cannot take the memory of others."""
    filler = {"filler": "x" * 16_000}
    texts = []
    for n in range(12):
        answer = occd.post("/commit", {"digests": [digest_of(1)] * 100, "metadata": {**filler, "n": n}})
        texts.append(answer.body[1:-1])
    whole = b"[" + b",".join(texts) + b"]"
    path = f"/proofs/{hex_of(digest_of(1))}?limit=1000"
    pages = pages_of(occd, path)
    assert len(pages) == 3 and all(len(page.body) <= 8 << 20 for page in pages)
    assert b"[" + b",".join(page.body[1:-1] for page in pages) + b"]" == whole
    assert b"".join(page.body for page in pages_of(occd, "/proofs?limit=1000")).count(b"\n") == 1200
    head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    idle = []
    try:
        for _ in range(24):
            client = socket.socket()
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect((occd.host, occd.port))
            client.sendall(head)
            idle.append(client)
        refused = wait_for(lambda: [answer for answer in [occd.get(path)] if answer.status == 503], what="a full server says so")
        assert (refused[0].error(), refused[0].header("Retry-After")) == ("overloaded, try again later", "1")
        assert len(occd.get(f"/proofs/{hex_of(digest_of(1))}?limit=2").json()) == 2, "a short answer always has room"
        assert len(occd.commit(digest_of(2))) == 1
        # What clients have not taken, what is being read, and the rest of the program.
        if PRESET == "release":
            assert int(status_of(occd.pid)["VmHWM"].split()[0]) < 300_000
    finally:
        for client in idle:
            client.close()
    wait_for(lambda: occd.get(path).status == 200, what="room again")


@pytest.mark.skipif(PRESET != "release", reason="more proofs than a sanitized build makes in a moment")
def test_while_the_index_is_made(start, folder):
    """More proofs than are kept in memory, and no index: 503 until it is there again, never a wrong answer."""
    occd = start()
    first = occd.commit(digest_of(0))
    for n in range(70):
        occd.commit(*[digest_of(1000 * n + i) for i in range(1, 1001)])
    occd.stop()
    (folder / "data" / "index.db").unlink()
    occd = start()

    def look():
        answer = occd.get(f"/proofs/{hex_of(digest_of(0))}")
        if answer.status == 503:
            assert answer.error() == "the index of digests is behind the ledger, try again later"
            assert answer.header("Retry-After") == "1"
        return answer if answer.status != 503 else None

    assert wait_for(look, what="the index").json() == first
    assert occd.get(f"/proofs/{hex_of(digest_of(80_000))}").status == 404


def test_look_ups_beside_commits(occd):
    """Readers on many connections while commits go on: every answer is a prefix of the truth, and no commit fails."""
    seen, stop = [], threading.Event()

    def look():
        count = 0
        with occd.connect() as wire:
            while not stop.is_set():
                proofs = json.loads(wire.request("GET", f"/proofs/{hex_of(digest_of(1))}?limit=1000").body)
                if isinstance(proofs, list):
                    assert len(proofs) >= count, "what was seen is seen again"
                    count = len(proofs)
        seen.append(count)

    first = occd.commit(digest_of(1))
    readers = [threading.Thread(target=look) for _ in range(6)]
    for reader in readers:
        reader.start()
    proofs = first + [occd.commit(digest_of(1))[0] for _ in range(200)]
    stop.set()
    for reader in readers:
        reader.join()
    assert len(seen) == 6
    assert occd.get(f"/proofs/{hex_of(digest_of(1))}?limit=1000").json() == proofs
    check_chains(proofs)


# ---- occ lookup ----


def test_occ_lookup(occd, folder):
    file = folder / "photo.jpg"
    file.write_bytes(b"a photo")
    result = occ("lookup", file, "-s", occd.url)
    assert (result.returncode, result.stdout) == (1, b"")
    assert b"404: no proof of this digest" in result.stderr
    digest = {"digestB64": base64.b64encode(hashlib.sha256(b"a photo").digest()).decode(), "hashAlg": "sha256"}
    proofs = [occd.commit(digest, metadata={"n": n})[0] for n in range(3)]
    expected = b"[" + b",".join(map(canonical, proofs)) + b"]\n"
    result = occ("lookup", file, "-s", occd.url)
    assert (result.returncode, result.stdout, result.stderr) == (0, expected, b"")
    assert occ("verify", "-", file, stdin=result.stdout).returncode == 0
    assert occ("lookup", "--digest", digest["digestB64"], "-s", occd.url).stdout == expected
    assert occ("lookup", "-", "-s", occd.url, stdin=b"a photo").stdout == expected
    out = folder / "proofs.json"
    assert occ("lookup", file, "-o", out, "-s", occd.url).returncode == 0
    assert out.read_bytes() == expected
    again = occ("lookup", file, "-o", out, "-s", occd.url)
    assert (again.returncode, b"exists already" in again.stderr) == (3, True)
    assert occ("lookup", file, "-f", "-o", out, "-s", occd.url).returncode == 0
    for words in ([], [file, file], ["--digest", digest["digestB64"], file], ["--digest", "x"], [file, "--nonsense"]):
        assert occ("lookup", *words, "-s", occd.url).returncode == 2, words
    assert occ("lookup", folder / "none", "-s", occd.url).returncode == 3


def test_occ_lookup_believes_nobody(occd, folder):
    """A server that answers another file's proof, a changed one, or something else."""
    [good] = occd.commit(digest_of(1))
    [other] = occd.commit(digest_of(2))
    changed = json.loads(json.dumps(good))
    changed["commit"]["counter"] = "77"
    for answer, sentence in (([other], "proof 1"), ([good, changed], "proof 2"), ([{}], "proof 1"), ({"a": 1}, "expected an array of proofs")):
        body = json.dumps(answer).encode()

        class Liar(http.server.BaseHTTPRequestHandler):
            def do_GET(self, body=body):
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Liar) as server:
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
            url = f"http://127.0.0.1:{server.server_address[1]}"
            result = occ("lookup", "--digest", digest_of(1)["digestB64"], "-s", url)
            server.shutdown()
        assert (result.returncode, result.stdout) == (1, b""), answer
        assert b"does not verify" in result.stderr and sentence.encode() in result.stderr
