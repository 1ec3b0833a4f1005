"""occ audit: chains of many proofs, good and damaged, in every form that a ledger comes in."""
import json
import os
import random
import resource
import subprocess
import threading

import pytest

from harness import BIN, PRESET, ROOT, digest_of, environment, node, occ, status_of

pytestmark = [pytest.mark.sanitized, pytest.mark.threads]

LEDGERS = ROOT / "tests" / "interop" / "ledgers.mjs"
VECTORS = ROOT.parent / "shared" / "vectors"
# Proofs of the long runs.
MANY = 200_000 if PRESET == "release" else 4_000


def lines_of(proofs):
    return "".join(json.dumps(proof) + "\n" for proof in proofs)


def audit(*arguments, stdin=None, env=None):
    """Exit code and the result as data."""
    result = occ("audit", "--json", *arguments, stdin=stdin, env=env)
    assert result.stderr == b"", result.stderr
    return result.returncode, json.loads(result.stdout)


def kinds_of(report):
    return [fault["kind"] for fault in report["faults"]]


@pytest.fixture(scope="module")
def ledger(tmp_path_factory):
    """300 proofs of a server."""
    from harness import Occd

    occd = Occd(tmp_path_factory.mktemp("audit") / "data")
    proofs = []
    for start in range(0, 300, 100):
        proofs += occd.commit(*[digest_of(n) for n in range(start, start + 100)])
    occd.stop()
    return proofs


def ledgers(*words):
    result = subprocess.run([node(20), LEDGERS, *map(str, words)], env=environment(), stdout=subprocess.PIPE, timeout=600)
    assert result.returncode == 0
    return [json.loads(line) for line in result.stdout.decode().splitlines()]


# ---- forms of input ----


def test_forms_of_input(folder, ledger):
    """The same proofs as an array, as lines, pretty-printed, in a folder, through a pipe: the same verdict."""
    (folder / "array.json").write_text(json.dumps(ledger))
    (folder / "pretty.json").write_text(json.dumps(ledger, indent=2))
    (folder / "lines.jsonl").write_text(lines_of(ledger))
    (folder / "crlf.jsonl").write_bytes(lines_of(ledger).replace("\n", "\r\n\r\n").encode())
    (folder / "objects.txt").write_text("\n".join(json.dumps(proof, indent=1) for proof in ledger))
    (folder / "tree" / "b").mkdir(parents=True)
    for n, proof in enumerate(ledger):
        (folder / "tree" / ("b" if n % 2 else ".") / f"{n}.proof.json").write_text(json.dumps(proof))
    (folder / "tree" / "notes.txt").write_text("not looked at")
    (folder / "tree" / ".hidden.json").write_text("not looked at")
    for name in ("array.json", "pretty.json", "lines.jsonl", "crlf.jsonl", "objects.txt", "tree"):
        status, report = audit(folder / name)
        assert (status, report["intact"], report["proofs"], report["valid"]) == (0, True, 300, 300), (name, report)
        assert report["sorted"] == (name == "tree")
        [chain] = report["chains"]
        assert (chain["first"], chain["last"], chain["proofs"], chain["begins"]) == ("1", "300", 300, "first")
        assert chain["links"] == {"protocol": 299, "withReport": 0, "javascriptOrder": 0, "withReportJavascriptOrder": 0}
    status, report = audit("-", stdin=lines_of(ledger).encode())
    assert (status, report["proofs"]) == (0, 300)
    half = lines_of(ledger[150:]).encode()
    (folder / "first.jsonl").write_text(lines_of(ledger[:150]))
    assert audit(folder / "first.jsonl", "-", stdin=half)[0] == 0
    status, report = audit("-", folder / "first.jsonl", stdin=half)  # the second half first
    assert (status, report["sorted"]) == (0, True)


def test_what_a_person_reads(folder, ledger):
    (folder / "l.jsonl").write_text(lines_of(ledger))
    result = occ("audit", folder / "l.jsonl")
    assert result.returncode == 0 and result.stderr == b""
    text = result.stdout.decode()
    assert text.startswith("intact: 300 proofs in 1 chain\n  ✓ proofs      300, all valid\n")
    assert "1 to 300, 300 proofs\n" in text and "299 intact: this protocol's form\n" in text
    (folder / "l.jsonl").write_text(lines_of(ledger[:99] + ledger[100:]))
    result = occ("audit", folder / "l.jsonl")
    assert result.returncode == 1
    assert result.stdout.decode().startswith(
        f"NOT INTACT: first break at {folder}/l.jsonl:100: counter 101 does not link to the proof before it, counter 99: a proof is missing\n"
    )
    assert occ("audit", "-q", folder / "l.jsonl").stdout == b""
    assert occ("audit", "--allow-gaps", folder / "l.jsonl").returncode == 0


# ---- wrong use, what cannot be read ----


def test_exit_codes(folder, ledger):
    (folder / "empty.json").write_text("[]")
    (folder / "none").mkdir()
    for words in ([], [folder / "empty.json"], [folder / "none"], ["-", "-"], ["--jobs", "0", folder], ["--unheard", folder]):
        result = occ("audit", *words, stdin=b"")
        assert (result.returncode, result.stdout) == (2, b"") and result.stderr.startswith(b"occ audit: "), (words, result)
    (folder / "good.jsonl").write_text(lines_of(ledger[:10]))
    assert occ("audit", folder / "good.jsonl", "--policy", '{"minCouter":"1"}').returncode == 2
    result = occ("audit", folder / "good.jsonl", folder / "missing.jsonl")
    assert result.returncode == 3 and b"missing.jsonl: No such file" in result.stderr
    (folder / "bad.jsonl").write_text("no json\n" + lines_of(ledger[:10]))
    status, report = audit(folder / "bad.jsonl")
    assert (status, kinds_of(report), report["malformed"], report["valid"]) == (2, ["malformed"], 1, 10)
    (folder / "odd.jsonl").write_text('{"version":"occ/1"}\n')
    assert audit(folder / "odd.jsonl")[0] == 1
    (folder / "twice.jsonl").write_text('{"version":"occ/1","version":"occ/1"}\n')
    assert audit(folder / "twice.jsonl")[0] == 2


def test_policy(folder, ledger):
    """Refused by the policy, and still links of the chain."""
    (folder / "l.jsonl").write_text(lines_of(ledger))
    key = ledger[0]["signer"]["publicKeyB64"]
    assert audit(folder / "l.jsonl", "--allow-key", key)[0] == 0
    status, report = audit(folder / "l.jsonl", "--policy", '{"minCounter":"4"}')
    assert (status, report["faultCount"], report["valid"]) == (1, 3, 297)
    assert [(fault["line"], fault["code"]) for fault in report["faults"]] == [(n, "policy-counter-low") for n in (1, 2, 3)]
    status, report = audit(folder / "l.jsonl", "--require-enforcement", "measured-tee", "--max-findings", "5")
    assert (status, report["faultCount"], len(report["faults"])) == (1, 300, 5)


def test_two_epochs_of_one_server(folder, start):
    """A restart is a new epoch with a key of its own."""
    proofs = []
    for n in range(2):
        occd = start(data=folder / "data")
        proofs += occd.commit(*[digest_of(f"{n}.{m}") for m in range(20)])
        occd.stop()
    (folder / "l.jsonl").write_text(lines_of(proofs))
    status, report = audit(folder / "l.jsonl")
    assert (status, report["chainCount"], report["proofs"]) == (0, 2, 40)


# ---- an independent judgement ----


def compare(folder, cases):
    wrong = []
    for case in cases:
        status, report = audit(folder / f"{case['name']}.jsonl", "--max-findings", 1000)
        faults = sorted([fault["line"], fault["kind"]] for fault in report["faults"])
        if (status, faults) != (case["exit"], case["faults"]):
            wrong.append((case["name"], status, case["exit"], faults, case["faults"]))
        if faults:
            assert report["firstBreak"] == report["faults"][0]
            assert report["firstBreak"]["line"] == case["faults"][0][0]
        assert report["intact"] == (not faults)
    assert not wrong, f"{len(wrong)} of {len(cases)}: {wrong[:5]}"


def test_named_ledgers(folder):
    cases = ledgers("named", folder)
    assert len(cases) > 20
    compare(folder, cases)
    faults = {case["name"]: case["faults"] for case in cases}
    # What the two agree on is also what is meant.
    assert faults["good"] == faults["two-epochs"] == faults["second-epoch-first"] == faults["doubled"] == faults["swapped"] == []
    assert faults["slots"] == faults["older"] == faults["javascript"] == faults["older-javascript"] == faults["large-counters"] == []
    assert faults["dropped"] == [[6, "proofs-missing"]]
    assert faults["changed"] == [[7, "not-valid"], [8, "proofs-missing"]]
    assert faults["cut"] == [[7, "malformed"], [8, "proofs-missing"]]
    assert faults["metadata-changed"] == [[8, "link-broken"]]
    assert faults["fork"] == [[13, "counter-twice"]]
    assert faults["restarted"] == [[7, "link-absent"], [8, "link-broken"]]
    assert faults["two-epochs-from-one"] == [[18, "two-successors"]]
    assert faults["old-epoch-goes-on"] == [[18, "goes-on"]]
    assert faults["old-epoch-cut"] == [[12, "proofs-missing"]]
    forms = {"older": "withReport", "javascript": "javascriptOrder", "older-javascript": "withReportJavascriptOrder"}
    for name, form in forms.items():
        [chain] = audit(folder / f"{name}.jsonl")[1]["chains"]
        assert chain["links"][form] == 5 and sum(chain["links"].values()) == 5
    [chain] = audit(folder / "slots.jsonl")[1]["chains"]
    assert (chain["slots"], chain["unused"], chain["first"]) == (3, 1, "2")
    notes = [note["kind"] for note in audit(folder / "from-the-middle.jsonl")[1]["notes"]]
    assert notes == ["begins-inside"]


@pytest.mark.parametrize("seed", [1, 2])
def test_random_ledgers(folder, seed):
    cases = ledgers("random", 200 if PRESET == "release" else 40, seed, folder)
    assert len({kind for case in cases for _, kind in case["faults"]}) > 8
    compare(folder, cases)


def test_order_does_not_matter(folder):
    """Shuffled, each named ledger has as many faults of each kind."""
    for case in ledgers("named", folder):
        text = (folder / f"{case['name']}.jsonl").read_text().splitlines(True)
        random.Random(case["name"]).shuffle(text)
        (folder / "shuffled.jsonl").write_text("".join(text))
        status, report = audit(folder / "shuffled.jsonl")
        if any(kind == "malformed" for _, kind in case["faults"]):
            continue  # a cut line ends elsewhere then
        assert (status, sorted(kinds_of(report))) == (case["exit"], sorted(kind for _, kind in case["faults"])), case["name"]


def test_real_proofs(folder):
    """A public service's own two: the first one as published was changed after signing, and in its true form it links."""
    if not (VECTORS / "occ1").exists():
        pytest.skip("no vectors here")
    policy = json.loads((VECTORS / "occ1" / "stub-policy.json").read_text())
    call = (VECTORS / "occ1" / "stub-tool-call.json").read_text()
    (folder / "l.json").write_text(json.dumps(policy) + call)
    status, report = audit(folder / "l.json")
    assert (status, kinds_of(report), report["firstBreak"]["code"]) == (1, ["not-valid"], "signature")
    del policy["policy"]["authorProofDigestB64"]
    (folder / "l.json").write_text(json.dumps(policy) + call)
    status, report = audit(folder / "l.json")
    assert (status, report["chains"][0]["links"]["protocol"]) == (0, 1)


# ---- many ----


def peak_of(words, stdin=None):
    """Runs occ audit; its exit code, standard output, and the most memory that it held, in KiB."""
    process = subprocess.Popen([BIN / "occ", "audit", *map(str, words)], env=environment(), stdin=stdin, stdout=subprocess.PIPE)
    peak = [0]

    def watch():
        while process.poll() is None:
            try:
                peak[0] = max(peak[0], int(status_of(process.pid)["VmHWM"].split()[0]))
            except (FileNotFoundError, ProcessLookupError, KeyError):
                pass
            threading.Event().wait(0.01)

    thread = threading.Thread(target=watch)
    thread.start()
    out = process.communicate(timeout=600)[0]
    thread.join()
    return process.returncode, out, peak[0]


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """MANY proofs of a server, as lines in a file; and the same shuffled."""
    from harness import Occd

    folder = tmp_path_factory.mktemp("many")
    occd = Occd(folder / "data", "--access-log", "off")
    with occd.connect() as wire, open(folder / "many.jsonl", "wb") as out:
        for start in range(0, MANY, 1000):
            body = json.dumps({"digests": [digest_of(n) for n in range(start, start + 1000)]}).encode()
            answer = wire.request("POST", "/commit", body, {"Content-Type": "application/json"})
            assert answer.status == 200
            out.write(answer.body[1:-1].replace(b'},{"artifact"', b'}\n{"artifact"') + b"\n")
    occd.stop()
    lines = (folder / "many.jsonl").read_bytes().splitlines(True)
    assert len(lines) == MANY
    random.Random(1).shuffle(lines)
    (folder / "shuffled.jsonl").write_bytes(b"".join(lines))
    return folder


@pytest.mark.parametrize("name", ["many", "shuffled"])
def test_memory_is_bounded(many, folder, name):
    status, out, peak = peak_of(["--json", "--temp-dir", folder, many / f"{name}.jsonl"])
    report = json.loads(out)
    assert (status, report["valid"], report["chainCount"]) == (0, MANY, 1)
    assert report["sorted"] == (name == "shuffled")
    assert os.listdir(folder) == []
    if PRESET == "release":
        assert 0 < peak < 64 * 1024, f"{peak} KiB"


def test_no_room_for_temporary_files(many, folder):
    """It matters only where the order has to be made, and what is made fits no memory."""
    (folder / "file").write_text("")
    lines = (many / "many.jsonl").read_bytes().splitlines(True)[:70_000]  # about 12 MB of records
    assert occ("audit", "-q", "--temp-dir", folder / "none", "-", stdin=b"".join(lines)).returncode == 0
    if PRESET != "release":
        return  # too few proofs to need a disk
    result = occ("audit", "-q", many / "shuffled.jsonl", env={"TMPDIR": str(folder / "none")})
    assert result.returncode == 3
    assert result.stderr.decode() == f"occ audit: cannot make a temporary file in {folder}/none: No such file or directory\n"

    def small_disk():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))

    result = subprocess.run(
        [BIN / "occ", "audit", "--temp-dir", folder, many / "shuffled.jsonl"],
        env=environment(),
        preexec_fn=small_disk,
        restore_signals=False,  # SIGXFSZ stays ignored: writing fails
        capture_output=True,
    )
    assert result.returncode == 3, result
    assert b"cannot write to a temporary file" in result.stderr
