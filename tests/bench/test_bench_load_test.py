"""load_test.py: what is a problem. A good run has none; each fault makes one."""
import copy
import types

import pytest

import load_test

OPTIONS = types.SimpleNamespace(threads=None, seconds=600, connections=2000, judge_memory=True)
KIND = {"connections": 10, "behaved": True, "closed": 0, "closed_in_request": 0, "answers": {"200": 100}}
EACH = {"least": 50, "median": 100, "most": 101}
CROWD = {
    "open_least": 1990, "connects": 1, "answers": 200, "own_cpu_us_per_answer": 8.0, "wrong": 0, "said": [],
    "kinds": {"fast": KIND, "looking up": {**KIND, "answers": {"200": 100}}},
    "fast": {"p50_us": 1, "p99_us": 2, "p999_us": 3, "max_us": 4, "answers_each": {**EACH}, "p99_us_each": {**EACH}, "max_us_each": {**EACH}},
}
LEDGER = {"ledger_proofs": 103, "answered": 100, "in_ledger_without_answer": 2, "before_the_crowd": 1, "slots": 5, "lost": 0, "twice": 0,
          "not_the_same": 0, "never_sent": 0, "counter_twice": 0, "gaps": 0}
GOOD = {
    "crowd": CROWD, "ledger": LEDGER, "audit": {"intact": True, "valid": 103}, "export_status": 0, "crowd_status": 0, "is_healthy": True,
    "memory": {"occd": {"gathered_mib": 40, "end_mib": 48}}, "cpu_us_per_answer": {"occd": 18},
    "descriptors_before": {"occd": {"descriptors": 31}}, "descriptors_after": {"occd": {"descriptors": 36}}, "descriptors_new": {"occd": {}},
}


def problems(*path_and_value):
    found = copy.deepcopy(GOOD)
    if path_and_value:
        *path, last, value = path_and_value
        at = found
        for name in path:
            at = at[name]
        at[last] = value
    found["problems"] = list(load_test.judge(found, OPTIONS))
    assert "".join(load_test.markdown(found, OPTIONS)).count("**wrong**") == len(found["problems"])
    return found["problems"]


def test_a_good_run():
    assert problems() == []


@pytest.mark.parametrize("change", (
    ("crowd", "wrong", 1), ("crowd", "open_least", 1900), ("crowd", "kinds", "fast", "answers", {"500": 3}),
    ("crowd", "fast", "answers_each", "least", 49),
    ("ledger", "lost", 1), ("ledger", "twice", 1), ("ledger", "not_the_same", 1), ("ledger", "never_sent", 1), ("ledger", "counter_twice", 1),
    ("ledger", "gaps", 1),
    ("audit", "intact", False), ("audit", "valid", 102), ("export_status", 3), ("crowd_status", 1), ("is_healthy", False),
    ("memory", "occd", "end_mib", 48.1), ("descriptors_after", "occd", "descriptors", 37)), ids=lambda change: ".".join(map(str, change)))
def test_each_fault_is_a_problem(change):
    assert len(problems(*change)) == 1


def test_a_short_run_may_grow_more():
    short = types.SimpleNamespace(**{**vars(OPTIONS), "seconds": 179})
    for end_mib, count in ((60, 0), (60.1, 1)):
        found = {**copy.deepcopy(GOOD), "memory": {"occd": {"gathered_mib": 40, "end_mib": end_mib}}}
        assert len(list(load_test.judge(found, short))) == count


def test_an_export_that_does_not_add_up():
    assert any("the export has 104 proofs" in problem for problem in problems("ledger", "ledger_proofs", 104))


def test_a_few_look_ups_may_be_refused():
    found = copy.deepcopy(GOOD)
    found["crowd"].update(wrong=5)
    found["crowd"]["kinds"]["looking up"] = {**KIND, "answers": {"200": 95, "503": 5}}
    assert list(load_test.judge(found, OPTIONS)) == []
    found["crowd"].update(wrong=6)
    found["crowd"]["kinds"]["looking up"]["answers"] = {"200": 94, "503": 6}
    assert list(load_test.judge(found, OPTIONS)) == ["6 of 100 look-ups were refused with 503"]
