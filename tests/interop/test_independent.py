"""Other people's code against ours: Node verifies our proofs and makes proofs for us, a validator reads our OpenAPI."""
import json
import pathlib
import re
import subprocess

import pytest

from harness import NODE_MODULES, ROOT, environment, node, occ

HERE = pathlib.Path(__file__).resolve().parent


def run_node(major, *words):
    result = subprocess.run([node(major), *map(str, words)], env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=600)
    assert result.returncode == 0, result.stderr.decode()[-4000:]
    return result.stdout.decode()


@pytest.mark.parametrize("major, count, seed", [(20, 20000, 1), (18, 3000, 2)])
def test_node_verifies_ours(start, folder, major, count, seed):
    occd = start("--access-log", "off")
    text = run_node(major, HERE / "verify_ours.mjs", occd.url, count, seed, folder / "kept.json")
    assert int(re.match(r"(\d+) proofs verified", text).group(1)) >= count
    assert occ("verify", folder / "kept.json").returncode == 0


@pytest.fixture(scope="module")
def theirs():
    lines = run_node(20, HERE / "make_theirs.mjs", 20000, 3).strip("\n").split("\n")
    cases = [json.loads(line) for line in lines]
    assert len(cases) > 20200
    return cases


def test_post_verify_judges_theirs(start, theirs):
    occd = start("--access-log", "off")
    wrong = []
    with occd.connect() as wire:
        for case in theirs:
            policy = f',"policy":{json.dumps(case["policy"])}' if "policy" in case else ""
            body = f'{{"proof":{case["text"]}{policy}}}'.encode()
            answer = wire.request("POST", "/verify", body, {"Content-Type": "application/json"})
            verdict = "malformed" if answer.status == 400 else "valid" if answer.json()["valid"] else "invalid"
            reason = None if answer.status != 200 else answer.json().get("reason")
            if verdict != case["verdict"] or case.get("reason", reason) != reason:
                wrong.append((case["name"], case["verdict"], case.get("reason"), answer.status, answer.body[:200]))
    assert not wrong, f"{len(wrong)} of {len(theirs)}: {wrong[:10]}"


def test_occ_verify_judges_theirs(folder, theirs):
    """Each broken one by itself; the valid ones as arrays."""
    wrong = []
    for case in theirs:
        if case["name"].startswith("random"):
            continue
        (folder / "p.json").write_text(case["text"], encoding="utf-8")
        words = ["verify", folder / "p.json"]
        if "policy" in case:
            (folder / "policy.json").write_text(json.dumps(case["policy"]))
            words += ["--policy", folder / "policy.json"]
        status = occ(*words).returncode
        if status != {"valid": 0, "invalid": 1, "malformed": 2}[case["verdict"]]:
            wrong.append((case["name"], case["verdict"], status))
    assert not wrong, wrong
    random = [case["text"] for case in theirs if case["name"].startswith("random")]
    for start in range(0, len(random), 4000):
        (folder / "all.json").write_text(f"[{','.join(random[start:start + 4000])}]", encoding="utf-8")
        assert occ("verify", folder / "all.json").returncode == 0


def test_openapi_is_valid():
    text = run_node(20, HERE / "validate_openapi.mjs", NODE_MODULES, ROOT / "docs" / "openapi.yaml")
    assert "valid" in text
