"""options.py: what is wrong is said before anything starts."""
import os

import pytest

import options


def test_defaults_and_quick():
    usual, quick = options.read([]), options.read(["--quick"])
    assert (usual.seconds, usual.repeat, usual.audit_proofs) == (5, 3, 1000000)
    assert (quick.seconds, quick.repeat, quick.audit_proofs) == (1, 1, 20000)
    assert options.read(["--quick", "--repeat", "2"]).repeat == 2
    assert options.needs(usual) == "all" and options.needs(options.read(["--compare", "a", "b"])) == "nothing"


def test_pin():
    core = min(os.sched_getaffinity(0))
    assert options.read(["--pin", f"{core}:{core}"]).pin == ({core}, {core})
    assert options.read(["--pin", "none"]).pin == (None, None)
    assert "share all cores" in options.pinned_sentence(options.read(["--pin", "none"]))
    assert options.pinned_sentence(options.read(["--pin", f"{core}:{core}"])) == f"Servers on cores {core}, wrk on {core}"


@pytest.mark.parametrize("cores, expected", (({0}, (None, None)), ({0, 1}, (None, None)), ({0, 1, 2, 3}, ({0, 1, 2}, {3})), (set(range(8)), (set(range(6)), {6, 7}))))
def test_default_pin(cores, expected):
    assert options.default_pin(cores) == expected


@pytest.mark.parametrize("words", (
    ["--seconds", "0"], ["--seconds", "1.5"], ["--repeat", "-1"], ["--repeat"], ["--rows", "("], ["--pin", "0"], ["--pin", "0:x"], ["--pin", "0:99999"],
    ["--url", "ftp://x"], ["--url", "http://"], ["--url", "http://x/?q"], ["--api-key", "k"], ["--pid", "1"], ["--url", "http://x", "--aged", "1000"],
    ["--url", "http://x", "--pid", "999999999"], ["--sec", "5"], ["--compare", "a"], ["word"]))
def test_refused(words, capsys):
    with pytest.raises(SystemExit) as end:
        options.read(words)
    assert end.value.code == 2 and "scripts/bench: error:" in capsys.readouterr().err


def test_url():
    found = options.read(["--url", "https://example.com/api/", "--api-key", "k", "--pid", str(os.getpid())])
    assert (found.url, found.api_key, found.pid) == ("https://example.com/api", "k", os.getpid())
