"""report.py and compare.py: what is written about figures that are known."""
import copy

import pytest

import compare
import figures
import report


def figure(*values):
    return figures.summary(list(values))


FLOORS = {"sodium_sign": (80000, 80400), "sodium_verify": (30000, 30000), "openssl_verify_p384": (2000, 2000), "sync_4k_p50_ms": (0.1, 0.1),
          "sync_4k_p99_ms": (0.2, 0.9), "sync_64k_p50_ms": (0.2, 0.2), "sync_64k_p99_ms": (0.3, 0.3)}


def row(name, group="load", **values):
    return {"name": name, "group": group, "floor": "sodium_sign", "floor_cores": 1, "figures": {key: figure(*value) for key, value in values.items()}}


def a_report(*rows):
    facts = {"cores": 2, "cpu": "A processor", "kernel": "6.1", "governor": None, "compiler": "cc 12", "libsodium": "1.0.18", "openssl": "3.0", "sqlite": "3.40",
             "commit": "0123456789abcdef", "changed_files": True, "data_folder": "/tmp", "file_system": "ext4"}
    settings = {"target": "our programs", "seconds": 5, "repeat": 3, "pinned": "All share all", "aged": 1000000, "starts": 20}
    return {"format": report.FORMAT, "when": "2026-03-07T12:00:00+00:00", "machine": facts, "settings": settings,
            "floors": {name: figure(*values) for name, values in FLOORS.items()}, "rows": list(rows)}


def lines_with(text, word):
    return [line for line in text.splitlines() if word in line]


def test_a_row_has_its_median_and_range():
    text = report.markdown(a_report(row("commit, 1 connections", per_second=[40000, 40100, 40200], p50_ms=[1.0, 1.001, 1.002], p99_ms=[9, 8, 10], servers_us=[30])))
    rate, cost = lines_with(text, "| commit, 1 connections |")
    assert rate == "| commit, 1 connections | 40,100 (40,000–40,200) | 50% | 1.00 | 9.00 (8.00–10.00) |"
    assert cost == "| commit, 1 connections | 30.0 |"
    assert "p99.9" not in text, "no row has it"
    assert "0123456789ab, with changes that are not committed" in text and "governor" not in text
    assert "| libsodium sign | 80,200 (80,000–80,400) | 12.5 (12.4–12.5) |" in text
    assert "| 4 kB | 0.100 | 0.550 (0.200–0.900) |" in text


@pytest.mark.parametrize("name, values, said", (
    ("sodium_sign", (80000, 87000), "The machine was quiet."),
    ("sodium_sign", (80000, 88500), "**The machine was not quiet.**"),
    ("sodium_sign", (88500, 80000), "**The machine was not quiet.**"),
    ("sync_4k_p50_ms", (0.1, 0.2), "the disk was not"),
    ("sync_4k_p99_ms", (0.1, 9), "The machine was quiet."),
))
def test_floors_tell_whether_it_was_quiet(name, values, said):
    assert said in report.quiet_sentence({key: figure(*value) for key, value in {**FLOORS, name: values}.items()})


def test_shares_of_other_rows():
    text = report.markdown(a_report(
        row("commit, 64 connections", per_second=[20000], servers_us=[30], p99_ms=[5], occd_mib=[20]),
        row("commit, 64 connections, aged", "aged", per_second=[19000], servers_us=[33], p99_ms=[10], occd_mib=[22]),
        row("batches of 100, 64 connections, attested: none", "attested", per_second=[50000]),
        row("batches of 100, 64 connections, attested: batch", "attested", per_second=[40000]),
        row("commit, 9 connections, aged", "aged", per_second=[1]),
        row("a proof", "evidence", cold_us=[3500], cold_ratio=[1.2345], warm_us=[1000])))
    assert "| commit, 64 connections, aged | 110.0% | 200.0% | 110.0% |" in text
    assert "| commit, 64 connections, aged | 19,000 | 95.0% | 10.00 | 33.0 | 22 |" in text
    assert "| commit, 9 connections, aged | 1 | – | – | – | – |" in text
    assert lines_with(text, "attested: batch") == ["| batches of 100, 64 connections, attested: batch | 40,000 | 80% |"]
    assert lines_with(text, "attested: none") == ["| batches of 100, 64 connections, attested: none | 50,000 | 100% |"]
    assert "| a proof | 3,500 | 1.23 | 1,000 |" in text


def test_the_audit_is_held_against_all_cores():
    audit = {**row("occ audit", "audit", proofs=[1000], per_second=[45000], cpu_us=[50], mib=[24]), "floor": "sodium_verify", "floor_cores": 2}
    assert "| occ audit | 1,000 | 45,000 | 75% | 50.0 | 24 |" in report.markdown(a_report(audit))


def test_rows_without_figures_say_why():
    text = report.markdown(a_report({"name": "verify", "group": "load", "missing": "POST /verify is not there (404)"},
                                    {"name": "commit", "group": "load", "problem": "100 digests, 99 proofs"}))
    assert "- verify: POST /verify is not there (404)" in text
    assert "- commit: **wrong**: 100 digests, 99 proofs" in text


def compared(old, new, **more):
    one, other = a_report(row("commit", **old)), a_report(row("commit", **new))
    return {(name, what): (ratio, word) for name, what, _, _, ratio, word in compare.lines_of(one, other)}


def test_compare_says_better_or_worse_only_beyond_the_ranges():
    found = compared({"per_second": [100, 110], "p99_ms": [5, 6], "servers_us": [10, 11], "occd_us": [9]},
                     {"per_second": [200, 220], "p99_ms": [7, 8], "servers_us": [10.5, 12], "occd_us": [1]})
    assert found["commit", "a second"] == ({"median": 2, "min": 200 / 110, "max": 2.2}, "better")
    assert found["commit", "p99 ms"][1] == "worse"
    assert found["commit", "CPU µs, all servers"][1] == "within the ranges"
    assert found["commit", "occd µs"][1] == "one value only"
    assert found["floor", "sodium_sign"][1] == "within the ranges"
    assert compared({"p99_ms": [5, 6]}, {"p99_ms": [1, 2]})["commit", "p99 ms"][1] == "better"


def test_compare_writes_both_and_what_only_one_has():
    one, other = a_report(row("commit", per_second=[100, 110]), row("old row", per_second=[1])), a_report(row("commit", per_second=[200, 220]))
    other["machine"] = {**copy.deepcopy(other["machine"]), "cpu": "Another processor"}
    text = compare.markdown(one, other)
    assert "| commit | a second | 105 (100–110) | 210 (200–220) | 2.000 (1.818–2.200) | better |" in text
    assert "Only in A: old row." in text and "Only in B" not in text
    assert "**Two machines.**" in text
    assert compare.markdown(one, one).count("Only in") == 0
