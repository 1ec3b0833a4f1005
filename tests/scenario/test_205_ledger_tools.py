"""Ledgers from end to end: occ audit --ledger, occd --check, export, import, backup, and what damage looks like."""
import base64
import json
import shutil
import signal
import sqlite3
import struct
import subprocess
import threading

import pytest

from harness import BIN, ROOT, Occd, digest_of, environment, node, occ, wait_for

pytestmark = [pytest.mark.sanitized, pytest.mark.threads]

LEDGERS = ROOT / "tests" / "interop" / "ledgers.mjs"
MASK = (1 << 64) - 1


def check(folder, *words):
    """occd --check: exit code, the lines of standard output, standard error."""
    result = subprocess.run([BIN / "occd", "--data", folder, "--check", *words], env=environment(), capture_output=True, timeout=300)
    return result.returncode, result.stdout.decode().splitlines(), result.stderr.decode()


def audit(folder, *words):
    result = occ("audit", "--json", "--ledger", folder, *words)
    return result.returncode, json.loads(result.stdout) if result.stdout else None, result.stderr.decode()


def export(folder, *words):
    result = occ("export", "--ledger", folder, *words)
    assert (result.returncode, result.stderr) == (0, b""), result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A ledger of a service: two epochs, 60 proofs each; nobody serves it now."""
    folder = tmp_path_factory.mktemp("served") / "data"
    for epoch in range(2):
        occd = Occd(folder)
        for start in range(0, 60, 6):
            occd.commit(*[digest_of(100 * epoch + start + n) for n in range(6)], metadata={"имя": f"写真 {start}"})
        occd.stop()
    return folder


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Made elsewhere: three epochs, two chains, slots; and a stranger's valid proof under the last epoch's name."""
    folder = tmp_path_factory.mktemp("kept")
    subprocess.run([node(20), LEDGERS, "kept", folder], env=environment(), stdout=subprocess.DEVNULL, check=True, timeout=60)
    return folder


@pytest.fixture
def copy(served, folder):
    """A copy of the ledger to damage."""
    shutil.copytree(served, folder / "data")
    return folder / "data"


def maker(name):
    path = ROOT / "build" / "debug" / "tests" / name
    assert path.exists(), f"{path}: build the debug preset"
    return path


def change(data, *statements):
    """Through SQLite, as a stranger would."""
    connection = sqlite3.connect(data / "ledger.db")
    with connection:
        for statement in statements:
            connection.execute(*statement) if isinstance(statement, tuple) else connection.execute(statement)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def checksum(body):
    """src/ledger/sum.h, from its description."""
    value = ((0xCBF29CE484222325 ^ len(body)) * 0x100000001B3) & MASK
    for at in range(0, len(body), 8):
        [word] = struct.unpack("<Q", body[at : at + 8].ljust(8, b"\0"))
        value = ((value ^ word) * 0x100000001B3) & MASK
        value ^= value >> 32
    return value


def rewrite(data, row, edit):
    """Changes the body of a row and makes its checksum fit again: damage that only an audit can see."""
    connection = sqlite3.connect(data / "ledger.db")
    [body] = connection.execute("SELECT body FROM frames WHERE row = ?", (row,)).fetchone()
    assert struct.unpack(">Q", body[-8:]) == (checksum(body[:-8]),), "the checksum is understood"
    changed = edit(body[:-8])
    assert len(changed) == len(body) - 8 and changed != body[:-8]
    change(data, ("UPDATE frames SET body = ? WHERE row = ?", (changed + struct.pack(">Q", checksum(changed)), row)))
    connection.close()


def texts_of(body):
    """The proofs' texts within a row's body."""
    found, at = [], 0
    while (begin := body.find(b'{"artifact"', at)) >= 0:
        end = body.index(b'"version":"occ/1"}', begin) + len(b'"version":"occ/1"}')
        found.append(body[begin:end])
        at = end
    return found


# ---- sound ledgers ----


def test_sound(served):
    status, report, err = audit(served)
    assert (status, err) == (0, "")
    assert (report["intact"], report["proofs"], report["valid"], report["sorted"], report["notes"]) == (True, 120, 120, False, [])
    first, second = report["chains"]
    assert (first["begins"], first["first"], first["last"]) == ("first", "1", "60")
    assert (second["begins"], second["first"], second["last"]) == ("linked", "61", "120")
    status, lines, err = check(served)
    assert (status, err) == (0, "")
    assert lines == ["ledger: its structure is sound", "proofs: 120 read, 120 valid; chains: 2, intact"]
    people = occ("audit", "--ledger", served)
    assert people.returncode == 0 and people.stdout.decode().startswith("intact: 120 proofs in 2 chains\n")


def test_beside_a_service(start, folder):
    """A ledger that is being written to is audited, checked and exported, and the service notices nothing."""
    occd = start()
    stop = threading.Event()
    counts = []

    def write():
        n = 0
        while not stop.is_set():
            occd.commit(*[digest_of(n + i) for i in range(10)])
            n += 10
        counts.append(n)

    occd.commit(digest_of(1))
    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(3):
            assert audit(folder / "data")[0] == 0
            status, lines, err = check(folder / "data")
            assert status == 0, (lines, err)
            assert len(export(folder / "data").splitlines()) >= 1
    finally:
        stop.set()
        writer.join()
    assert len(export(folder / "data").splitlines()) == counts[0] + 1
    assert len(occd.commit(digest_of(5))) == 1


def test_wrong_use(served, folder):
    for words in (["audit", "--ledger", served, served], ["audit"], ["audit", "--ledger"], ["export"], ["export", "--ledger", served, "a", "b"],
                  ["export", "--ledger", served, "--epoch", "none"], ["import"], ["backup"], ["backup", "--ledger", served],
                  ["backup", "--ledger", served, "a", "b"], ["backup", "a"], ["backup", "--ledger", served, "-"]):
        result = occ(*words, cwd=folder)
        assert (result.returncode, result.stdout) == (2, b""), words
        assert result.stderr.startswith(f"occ {words[0]}: ".encode())
    for words in (["audit", "--ledger", folder / "none"], ["audit", "--ledger", folder], ["export", "--ledger", folder],
                  ["backup", "--ledger", folder, folder / "copy"]):
        result = occ(*words)
        assert (result.returncode, result.stdout) == (3, b""), (words, result.stderr)
        assert result.stderr.endswith(b"/ledger.db: cannot be opened: No such file or directory\n"), result.stderr
    status, lines, err = check(folder)
    assert (status, lines) == (3, []) and "ledger.db" in err
    assert list(folder.iterdir()) == [], "nothing was made"


def test_an_empty_ledger(start, folder):
    start().stop()
    assert check(folder / "data")[:2] == (0, ["ledger: its structure is sound", "proofs: 0 read, 0 valid; chains: 0, intact"])
    assert occ("audit", "--ledger", folder / "data").returncode == 2
    assert export(folder / "data") == b""


def test_policy(served):
    status, report, _ = audit(served, "--policy", '{"maxCounter":"100"}')
    assert (status, report["faultCount"]) == (1, 20)
    assert report["firstBreak"]["counter"] == "101"
    assert report["firstBreak"]["code"] == "policy-counter-high"


# ---- export and import ----


def test_round_trip(served, folder):
    text = export(served)
    assert text.count(b"\n") == 120 and "写真".encode() in text
    (folder / "a.jsonl").write_bytes(text)
    result = occ("import", "--ledger", folder / "new", folder / "a.jsonl")
    assert (result.returncode, result.stderr) == (0, b"")
    assert result.stdout == f"{folder / 'new'}  (120 proofs)\n".encode()
    assert export(folder / "new") == text
    assert not (folder / "new" / "import.tmp").exists()
    assert check(folder / "new")[0] == 0
    # Through pipes, without a file, and into one.
    assert occ("import", "--ledger", folder / "other", stdin=text).returncode == 0
    out = folder / "out.jsonl"
    result = occ("export", "--ledger", folder / "other", out)
    assert (result.returncode, result.stdout) == (0, f"{out}  (120 proofs)\n".encode())
    assert out.read_bytes() == text
    assert occ("export", "--ledger", folder / "other", out).returncode == 3, "it exists"
    assert occ("export", "--ledger", folder / "other", "--force", out).returncode == 0
    assert occ("export", "--ledger", folder / "other", "/dev/full").returncode == 3


def test_round_trip_of_many_chains(kept, folder):
    text = (kept / "kept.jsonl").read_bytes()
    assert occ("import", "--ledger", folder / "new", kept / "kept.jsonl").returncode == 0
    assert export(folder / "new") == text
    status, report, _ = audit(folder / "new")
    assert (status, report["proofs"], report["chainCount"]) == (0, 45, 6)
    assert check(folder / "new")[0] == 0
    epochs = list(dict.fromkeys(json.loads(line)["commit"]["epochId"] for line in text.splitlines()))
    parts = [export(folder / "new", "--epoch", epoch) for epoch in epochs]
    assert b"".join(parts) == text
    side = export(folder / "new", "--chain", "eu:1")
    assert side == b"".join(line + b"\n" for line in text.splitlines() if b'"chainId":"eu:1"' in line)
    assert export(folder / "new", "--chain", "none") == b""
    # In another form: an array, spread over lines, becomes canonical.
    (folder / "pretty.json").write_text(json.dumps([json.loads(line) for line in text.splitlines()], indent=3))
    assert occ("import", "--ledger", folder / "pretty", folder / "pretty.json").returncode == 0
    assert export(folder / "pretty") == text


def test_timestamps_come_along(kept, folder, start):
    """Tokens are kept apart from their proofs, and joined again byte for byte; one that is broken makes its proof invalid."""
    lines = (kept / "kept.jsonl").read_bytes().splitlines(keepends=True)
    proof = json.loads(lines[2])
    digest = base64.b64decode(proof["artifact"]["digestB64"])
    token = subprocess.run([maker("make_timestamp"), "--digest", digest.hex(), "--time", "2025-11-25T19:46:41Z", "--root-out", folder / "tsa.pem"],
                           stdout=subprocess.PIPE, check=True, env=environment()).stdout.decode().strip()
    proof["timestamps"] = {"artifact": {"authority": "test", "time": "2025-11-25T19:46:41Z", "digestAlg": "sha256",
                                        "digestB64": proof["artifact"]["digestB64"], "tokenB64": token}}
    stamped = json.dumps(proof, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    text = b"".join([*lines[:2], stamped + b"\n", *lines[3:]])
    assert occ("import", "--ledger", folder / "data", stdin=text).returncode == 0
    assert export(folder / "data") == text
    assert audit(folder / "data", "--tsa-roots", folder / "tsa.pem")[0] == 0
    assert start().get(f"/proofs/{digest.hex()}").body == b"[" + stamped + b"]"
    status, said = refused_import(folder, text.replace(token[:60].encode(), token[:59].encode() + (b"A" if token[59] != "A" else b"B")))
    assert status == 1 and said[0].startswith("occ import: standard input:3: ")


def refused_import(folder, text, *words):
    """An import that must leave nothing: its exit code and sentences."""
    target = folder / "refused"
    result = occ("import", "--ledger", target, *words, stdin=text)
    assert result.stdout == b""
    assert [path.name for path in target.iterdir() if path.name != "lock"] == [] if target.exists() else True
    return result.returncode, result.stderr.decode().splitlines()


def test_refused_imports(kept, folder):
    """What is wrong is said with its line, all of it, and no ledger is made."""
    lines = (kept / "kept.jsonl").read_bytes().splitlines(keepends=True)
    stranger = (kept / "stranger.jsonl").read_bytes()
    broken = lines[3].replace(b'"nonceB64":"', b'"nonceB64":"A', 1)
    forged = lines[5].replace(b'"counter":"', b'"counter":"9', 1)
    no_epoch = json.loads(lines[0])
    del no_epoch["commit"]["epochId"]

    status, said = refused_import(folder, b"".join([*lines[:5], forged, *lines[6:]]))
    assert status == 1 and said[0] == "occ import: standard input:6: signature verification failed"
    assert said[-1] == "occ import: 1 of 45 proofs cannot be imported, no ledger was made"
    status, said = refused_import(folder, b"".join([*lines[:3], broken, lines[4], forged]))
    assert status == 1 and [line.split(":")[2] for line in said[:2]] == ["4", "6"]
    status, said = refused_import(folder, b"".join([*lines[:3], lines[3][:-20] + b"\n", *lines[4:]]))
    assert status == 2 and "standard input:4" in said[0]
    status, said = refused_import(folder, b"".join([*lines, lines[0]]))
    assert status == 1 and "standard input:46: counter 1 after counter" in said[0]
    status, said = refused_import(folder, b"".join([*lines, stranger]))
    assert status == 1 and "standard input:46: another key, enforcement or measurement than the proofs of its epoch" in said[0]
    status, said = refused_import(folder, b"")
    assert (status, said) == (2, ["occ import: no proofs: there is nothing to import in what was given"])
    status, said = refused_import(folder, None, folder / "none.jsonl")
    assert status == 3
    status, said = refused_import(folder, b"".join([forged] * 150))
    assert status == 1 and len(said) == 102 and said[100] == "occ import: more are not shown"
    status, said = refused_import(folder, b"".join(lines), "--jobs", "0")
    assert status == 2


def test_import_goes_nowhere_else(served, kept, folder, start):
    """A folder that has a ledger, or is in use, stays as it is."""
    shutil.copytree(served, folder / "has")
    before = (folder / "has" / "ledger.db").read_bytes()
    result = occ("import", "--ledger", folder / "has", kept / "kept.jsonl")
    assert result.returncode == 3 and b"exists already, expected a folder without a ledger" in result.stderr
    assert (folder / "has" / "ledger.db").read_bytes() == before
    occd = start()
    result = occ("import", "--ledger", folder / "data", kept / "kept.jsonl")
    assert result.returncode == 3 and f"in use by process {occd.pid}".encode() in result.stderr
    # One that was interrupted is in nobody's way.
    (folder / "half" / "import.tmp").mkdir(parents=True)
    (folder / "half" / "import.tmp" / "ledger.db").write_bytes(b"half a ledger")
    assert occ("import", "--ledger", folder / "half", kept / "kept.jsonl").returncode == 0
    assert export(folder / "half") == (kept / "kept.jsonl").read_bytes()


def test_import_that_is_killed(served, folder):
    """Killed in the middle, it leaves no ledger, and can be run again."""
    text = export(served)
    process = subprocess.Popen([BIN / "occ", "import", "--ledger", folder / "new"], stdin=subprocess.PIPE, env=environment())
    process.stdin.write(text[: len(text) // 2])
    process.stdin.flush()
    wait_for(lambda: (folder / "new" / "import.tmp" / "ledger.db").exists(), what="a ledger that is being made")
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdin.close()
    assert not (folder / "new" / "ledger.db").exists()
    assert occ("import", "--ledger", folder / "new", stdin=text).returncode == 0
    assert export(folder / "new") == text


# ---- backup ----


def test_backup_and_restore(start, folder):
    """Copies made under load are whole, hold what was committed before they began, and serve look-ups when restored."""
    occd = start()
    stop = threading.Event()
    committed = []

    def write():
        n = 0
        while not stop.is_set():
            committed.extend(occd.commit(*[digest_of(n + i) for i in range(10)], metadata={"n": n}))
            n += 10

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for n in range(3):
            wait_for(lambda: len(committed) > 200 * (n + 1), what="commits")
            before = list(committed)
            file = folder / f"{n}.db"
            result = occ("backup", "--ledger", folder / "data", file)
            assert (result.returncode, result.stdout, result.stderr) == (0, f"{file}\n".encode(), b"")
            again = occ("backup", "--ledger", folder / "data", file)
            assert again.returncode == 3 and b"exists" in again.stderr
            (folder / f"restored{n}").mkdir(mode=0o700)
            shutil.copy(file, folder / f"restored{n}" / "ledger.db")
            lines = [json.loads(line) for line in export(folder / f"restored{n}").splitlines()]
            assert lines[: len(before)] == before
    finally:
        stop.set()
        writer.join()
    assert check(folder / "restored2")[0] == 0
    restored = start(data=folder / "restored2")
    name = base64.b64decode(digest_of(0)["digestB64"]).hex()
    found = wait_for(lambda: [answer for answer in [restored.get(f"/proofs/{name}")] if answer.status == 200], what="the index")
    assert found[0].json() == [committed[0]]
    assert restored.commit(digest_of(1))[0]["commit"]["epochLink"]["prevEpochId"] == committed[0]["commit"]["epochId"]
    assert occ("backup", "--ledger", folder / "data", folder / "none" / "x").returncode == 3


# ---- damage ----


def test_truncated(copy):
    """A file that was cut: said, as damage, by both; and nothing but a sentence."""
    whole = (copy / "ledger.db").read_bytes()
    for size in (len(whole) // 2, len(whole) - 4096, 4096, 100):
        (copy / "ledger.db").write_bytes(whole[:size])
        status, lines, err = check(copy)
        assert status in (1, 3) and (lines or err), size
        assert (status, err) != (0, "")
        result = occ("audit", "--ledger", copy)
        assert result.returncode in (1, 3), (size, result.stdout)


def test_flipped_bytes(copy):
    """Bytes of the rows, one here and there: each is noticed."""
    whole = (copy / "ledger.db").read_bytes()
    at = -1
    places = []
    while (at := whole.find(b'"nonceB64":"', at + 1)) >= 0:
        if whole.count(whole[at : at + 50]) == 1:  # pages have stale copies in what they do not use
            places.append(at + 15)
    assert len(places) >= 50
    for place in places[:: len(places) // 6]:
        changed = bytearray(whole)
        changed[place] ^= 1
        (copy / "ledger.db").write_bytes(changed)
        status, lines, err = check(copy)
        assert (status, err) == (1, ""), (lines, err)
        assert audit(copy)[0] == 1
    (copy / "ledger.db").write_bytes(whole)
    assert check(copy)[0] == 0


@pytest.mark.parametrize("table", ["frames", "spans", "positions", "epochs", "chains"])
def test_deleted_rows(copy, table):
    """A row of any table that is gone."""
    connection = sqlite3.connect(copy / "ledger.db")
    [count] = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    connection.close()
    assert count >= 2
    change(copy, f"DELETE FROM {table} WHERE (SELECT count(*) FROM {table}) > 0 AND "
                 + ("row = 5" if table in ("frames", "spans", "positions") else "number = 1"))
    status, lines, err = check(copy)
    assert (status, err) == (1, ""), (table, lines, err)
    assert any(line.startswith("ledger: ") and "sound" not in line for line in lines), lines


def test_a_row_is_gone_without_a_trace(copy):
    """Taken out with everything that speaks of it, and the rows behind it moved up: the chain shows it."""
    change(copy, *[statement for table in ("frames", "spans", "positions")
                   for statement in (f"DELETE FROM {table} WHERE row = 5", f"UPDATE {table} SET row = row - 1 WHERE row > 5")],
           "UPDATE frames SET first_proof = first_proof - 6 WHERE row >= 5")
    status, report, _ = audit(copy)
    assert (status, report["faultCount"], report["proofs"]) == (1, 1, 114)
    assert (report["firstBreak"]["kind"], report["firstBreak"]["counter"]) == ("proofs-missing", "31")
    assert check(copy)[0] == 1


def test_swapped_rows(copy):
    """Two rows' bodies in each other's place."""
    connection = sqlite3.connect(copy / "ledger.db")
    bodies = dict(connection.execute("SELECT row, body FROM frames WHERE row IN (3, 4)").fetchall())
    connection.close()
    change(copy, ("UPDATE frames SET body = ? WHERE row = 3", (bodies[4],)), ("UPDATE frames SET body = ? WHERE row = 4", (bodies[3],)))
    status, lines, err = check(copy)
    assert (status, err) == (1, ""), (lines, err)


def test_swapped_proofs_within_a_row(copy):
    """Whoever can write the file can make checksums fit: then the proofs themselves speak."""

    def swap(body):
        texts = texts_of(body)
        same = [text for text in texts if len(text) == len(texts[0])]
        assert len(same) >= 2
        first, second = body.index(same[0]), body.index(same[1])
        return body[:first] + same[1] + body[first + len(same[0]) : second] + same[0] + body[second + len(same[1]) :]

    rewrite(copy, 3, swap)
    status, report, _ = audit(copy)
    assert status == 1
    assert {fault["kind"] for fault in report["faults"]} == {"misplaced"} and report["faultCount"] == 2
    first = report["firstBreak"]
    assert first["text"].startswith("the proof that is kept here is another, counter ")
    assert 13 <= int(first["counter"]) <= 18 and set(first) == {"epochId", "counter", "kind", "text"}
    status, lines, err = check(copy)
    assert (status, err) == (1, "")
    assert any(f"epoch {first['epochId']}, counter {first['counter']}: the proof that is kept here is another" in line for line in lines)
    people = occ("audit", "--ledger", copy).stdout.decode()
    assert people.startswith(f"NOT INTACT: first break at epoch {first['epochId'][:16]}…, counter {first['counter']}: the proof that is kept")


def test_another_digest(copy):
    """A proof that a look-up by its digest would not find."""
    digest = base64.b64decode(digest_of(13)["digestB64"])
    rewrite(copy, 3, lambda body: body.replace(digest, digest[::-1]))
    status, report, _ = audit(copy)
    assert (status, report["faultCount"], report["firstBreak"]["kind"], report["firstBreak"]["counter"]) == (1, 1, "misplaced", "14")
    assert check(copy)[0] == 1


def test_a_strangers_proof(kept, folder):
    """A valid proof of another key under the epoch's name and the counter of the one that it replaces."""
    assert occ("import", "--ledger", folder / "data", kept / "kept.jsonl").returncode == 0
    stranger = (kept / "stranger.jsonl").read_bytes().strip()
    counter = json.loads(stranger)["commit"]["counter"]
    epoch = json.loads(stranger)["commit"]["epochId"]
    connection = sqlite3.connect(folder / "data" / "ledger.db")
    rows = connection.execute("SELECT row, body FROM frames").fetchall()
    connection.close()
    [(row, victim)] = [(row, text) for row, body in rows for text in texts_of(body)
                       if json.loads(text)["commit"].get("counter") == counter and json.loads(text)["commit"]["epochId"] == epoch
                       and "chainId" not in json.loads(text)["commit"]]
    assert len(victim) == len(stranger)
    rewrite(folder / "data", row, lambda body: body.replace(victim, stranger))
    status, report, _ = audit(folder / "data")
    kinds = {(fault["kind"], fault["counter"]) for fault in report["faults"]}
    assert status == 1 and ("misplaced", counter) in kinds and len(kinds) >= 2, kinds
    assert check(folder / "data")[0] == 1


def test_a_changed_proof(copy):
    """One letter of a proof, with the checksum made to fit: the signature does not."""
    rewrite(copy, 2, lambda body: body.replace(b'"nonceB64":"', b'"nonceB64":"', 1)[:200] + bytes([body[200] ^ 2]) + body[201:])
    status, report, _ = audit(copy)
    assert status == 1 and report["faults"][0]["kind"] in ("malformed", "not-valid")
    assert report["faults"][0]["counter"] == "7"
    status, lines, err = check(copy)
    assert (status, err) == (1, "") and "counter 7: " in "".join(lines)


def test_another_programs_file(folder):
    (folder / "data").mkdir()
    connection = sqlite3.connect(folder / "data" / "ledger.db")
    connection.execute("CREATE TABLE mine(x)")
    connection.commit()
    connection.close()
    before = (folder / "data" / "ledger.db").read_bytes()
    for words in (["audit"], ["export"]):
        result = occ(*words, "--ledger", folder / "data")
        assert result.returncode == 3 and b"ledger.db" in result.stderr, result.stderr
    assert occ("backup", "--ledger", folder / "data", folder / "copy").returncode == 3
    assert check(folder / "data")[0] == 3
    assert (folder / "data" / "ledger.db").read_bytes() == before
