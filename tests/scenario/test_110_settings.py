"""Settings: flags over environment over file, unknown names are errors, and --help and the man pages name each."""
import json
import re
import subprocess

import pytest

from harness import BIN, ROOT, Program, digest_of, environment

pytestmark = pytest.mark.sanitized

PROGRAMS = {"occd": ["occd"], "occ-enclave": ["occ-enclave"], **{f"occ {c}": ["occ", c] for c in ("hash", "commit", "verify", "inspect", "key", "slot", "actor-id")}}


def run(*words, env=None):
    return subprocess.run([BIN / words[0], *words[1:]], env=environment(env), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)


def check(*words, env=None):
    """occd --check-config: 0 or 2, and what it said."""
    result = run("occd", "--check-config", *words, env=env)
    return result.returncode, result.stdout + result.stderr


def flags_of(help_text):
    return set(re.findall(r"(?m)^\s+(?:-\w, )?(--[a-z][a-z0-9-]*)", help_text))


def batch_limit_of(occd):
    """The limit that is in force, by asking for more and more."""
    for count in (1, 2, 3, 4, 5, 6):
        if occd.post("/commit", {"digests": [digest_of(n) for n in range(count)]}).status != 200:
            return count - 1
    return None


def test_precedence(start, folder):
    config = folder / "occd.ini"
    config.write_text("# a comment\n; another\nmax-digests = 2\n")
    assert batch_limit_of(start("--config", config, data=folder / "1")) == 2
    assert batch_limit_of(start("--config", config, data=folder / "2", env={"OCC_MAX_DIGESTS": "3"})) == 3
    assert batch_limit_of(start("--config", config, "--max-digests", "4", data=folder / "3", env={"OCC_MAX_DIGESTS": "3"})) == 4
    assert batch_limit_of(start("--max-digests=5", data=folder / "4", env={"OCC_CONFIG": str(config)})) == 5
    assert batch_limit_of(start(data=folder / "5", env={"OCC_CONFIG": str(config)})) == 2


def test_listen_and_data_from_environment_and_file(start, folder):
    config = folder / "occd.ini"
    config.write_text(f"data = {folder}/from-file\nlisten = 127.0.0.1:0\n")
    program = Program([BIN / "occd", "--config", config])
    assert program.wait_event("listening")["address"].startswith("127.0.0.1:")
    program.stop()
    assert (folder / "from-file").is_dir()
    program = Program([BIN / "occd"], env={"OCC_LISTEN": f"unix:{folder}/s", "OCC_DATA": f"{folder}/from-env"})
    assert program.wait_event("listening")["address"] == f"unix:{folder}/s"
    program.stop()
    assert (folder / "from-env").is_dir()


def test_no_arguments_at_all(folder):
    """One command, nothing to configure; only the port is moved, for this machine's sake."""
    program = Program([BIN / "occd"], env={"HOME": str(folder), "PORT": "18399", "XDG_DATA_HOME": "", "STATE_DIRECTORY": ""}, cwd=folder)
    assert program.wait_event("listening")["address"] == "127.0.0.1:18399"
    assert (folder / ".local" / "share" / "occ").stat().st_mode & 0o777 == 0o700
    program.stop()


def test_port_of_the_seed_era(folder):
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = Program([BIN / "occd", "--data", folder / "data"], env={"PORT": str(port)})
    assert program.wait_event("listening")["address"] == f"127.0.0.1:{port}"
    program.stop()
    program = Program([BIN / "occd", "--data", folder / "data", "--listen", f"unix:{folder}/s"], env={"PORT": str(port)})
    assert program.wait_event("listening")["address"] == f"unix:{folder}/s", "the flag wins"
    program.stop()
    for bad in ("x", "-1", "65536", "80 80"):
        status, text = check(env={"PORT": bad})
        assert status == 2 and "PORT" in text, (bad, text)


@pytest.mark.parametrize(
    "words, named",
    [
        (["--frobnicate"], "--frobnicate"),
        (["--listn", "127.0.0.1:0"], "--listn"),
        (["--max-digests"], "--max-digests"),
        (["--max-digests", "0"], "--max-digests"),
        (["--max-digests", "10001"], "--max-digests"),
        (["--max-digests", "ten"], "--max-digests"),
        (["--max-digests", "-1"], "--max-digests"),
        (["--max-digests", "1.5"], "--max-digests"),
        (["--max-digests", "99999999999999999999999"], "--max-digests"),
        (["--max-digests", ""], "--max-digests"),
        (["--head-timeout", "10"], "--head-timeout"),
        (["--head-timeout", "10 parsecs"], "--head-timeout"),
        (["--max-body", "4X"], "--max-body"),
        (["--log-level", "loud"], "--log-level"),
        (["--require-key-everywhere=perhaps"], "--require-key-everywhere"),
        (["--require-key-everywhere"], "key"),
        (["stray"], "stray"),
        (["--api-keys", "/nonexistent/keys"], "/nonexistent/keys"),
        (["--config", "/nonexistent/occd.ini"], "/nonexistent/occd.ini"),
        (["--boundary", "carrier-pigeon"], "--boundary"),
    ],
)
def test_wrong_flags(words, named):
    status, text = check(*words)
    assert status in (2, 3) and status != 0 and named in text, (status, text)
    assert "/nonexistent" in named or status == 2


@pytest.mark.parametrize(
    "line, named",
    [
        ("frobnicate = 1", "frobnicate"),
        ("max-digests = ten", "max-digests"),
        ("max-digests", ":2"),
        ("[section]\nmax-digests = 2", "section"),
        ("max_digests = 2", "max_digests"),
        ("config = x", "config"),
        ("max-digests = 2\nmax-digests = 3", "max-digests"),
    ],
)
def test_wrong_file(folder, line, named):
    path = folder / "occd.ini"
    path.write_text(f"# first line\n{line}\n")
    status, text = check("--config", path)
    assert status == 2 and str(path) in text, text
    assert named.lstrip(":") in text or named == ":2"


def test_wrong_environment():
    status, text = check(env={"OCC_MAX_DIGESTS": "ten"})
    assert status == 2 and "OCC_MAX_DIGESTS" in text


@pytest.mark.parametrize(
    "content",
    ["", "# nothing\n", "alice\n", "alice 00\n", "alice " + "0" * 63 + "\n", "alice " + "G" * 64 + "\n", "al/ice " + "0" * 64 + "\n",
     "alice " + "0" * 64 + "\nalice " + "1" * 64 + "\n", "alice " + "0" * 64 + "\nbob " + "0" * 64 + "\n", "a b " + "0" * 64 + "\n"],
)
def test_wrong_key_file(folder, content):
    path = folder / "keys"
    path.write_text(content)
    status, text = check("--api-keys", path)
    assert status in (2, 3) and str(path) in text, (status, text)


def test_missing_key_file(folder):
    path = folder / "keys"
    assert check("--api-keys", path)[0] == 2
    started = run("occd", "--data", folder / "data", "--listen", "127.0.0.1:0", "--api-keys", path)
    assert started.returncode == 2 and str(path) in started.stderr, (started.returncode, started.stderr)


def test_check_config_is_content():
    assert check()[0] == 0


@pytest.mark.parametrize("name", PROGRAMS)
def test_help_names_every_setting_and_the_man_page_too(name):
    words = PROGRAMS[name]
    text = run(*words, "--help").stdout
    flags = flags_of(text)
    assert {"--help", "--version"} <= flags, text
    section = "1" if words[0] == "occ" else "8"
    pages = [path for path in (ROOT / "docs" / "man").glob(f"*.{section}") if path.stem in (words[0], "-".join(words))]
    assert pages, f"no man page of {name}"
    manual = "\n".join(path.read_text() for path in pages).replace("\\-", "-").replace("\\&", "")
    missing = sorted(flag for flag in flags if not re.search(re.escape(flag) + r"(?![a-z0-9-])", manual))
    assert not missing, f"the man page of {name} does not name {missing}"
    for variable in set(re.findall(r"\bOCC_[A-Z_]+\b", text)):
        assert variable in manual, f"the man page of {name} does not name {variable}"
    in_manual = set(re.findall(r"(?<![a-z0-9-])--[a-z][a-z0-9-]+", manual))
    everything = flags if words[0] != "occ" else set().union(*(flags_of(run(*w, "--help").stdout) for n, w in PROGRAMS.items() if n.startswith("occ ")))
    unknown = sorted(flag for flag in in_manual - everything if not flag.startswith("--no-"))
    assert words[0] == "occ" or not unknown, f"the man page of {name} names {unknown}, which --help does not"


def test_man_pages_are_well_formed():
    pages = sorted((ROOT / "docs" / "man").glob("*.[18]"))
    assert len(pages) >= 3
    for path in pages:
        text = path.read_text()
        assert re.search(r"(?m)^\.(TH|Dt) ", text) and re.search(r"(?m)^\.(SH|Sh) ", text), path


def test_access_log(start, folder):
    path = folder / "access.log"
    occd = start("--access-log", path)
    occd.commit(digest_of(1))
    occd.get("/key?secret=value")
    occd.get("/no\"where")
    occd.stop()
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    commits = [line for line in lines if "commit" in json.dumps(line)]
    assert commits and all("time" in line and "status" in line for line in lines)
    assert any(line["status"] == 404 for line in lines)


def test_access_log_has_nothing_of_metadata(start, folder):
    path = folder / "access.log"
    occd = start("--access-log", path)
    for text in ('{"pin1234":1,"pin1234":2}', '{"a":"pin1234', '{"a":pin1234}', '{"a":"pin1234\\ud800"}', '["pin1234"]', '{"a":1e1234}'):
        answer = occd.post("/commit", f'{{"metadata":{text}'.encode())
        assert answer.status == 400 and answer.error(), answer.body
        assert occd.post("/verify", f'{{"proof":{{"metadata":{text}'.encode()).status == 400
    occd.stop()
    text = path.read_text()
    assert "pin1234" not in text and "1e1234" not in text, text  # a port may well have 1234 in it
    assert "a name appears twice in one object" in text, "where it is wrong is said all the same"


def test_quiet(start, folder):
    occd = start("--access-log", "off", "--log-level", "info")
    occd.commit(digest_of(1))
    occd.stop()
    assert occd.out == []


def test_sighup_reads_keys_again(start, folder):
    import hashlib
    import signal

    from harness import wait_for

    path = folder / "keys"
    path.write_text(f"alice {hashlib.sha256(b'first').hexdigest()}\n")
    occd = start("--api-keys", path)

    def status(key):
        return occd.post("/commit", {"digests": [digest_of(1)]}, {"Authorization": f"Bearer {key}"}).status

    assert (status("first"), status("second")) == (200, 401)
    path.write_text(f"bob {hashlib.sha256(b'second').hexdigest()}\n")
    occd.signal(signal.SIGHUP)
    wait_for(lambda: status("second") == 200)
    assert status("first") == 401
    path.write_text("broken\n")
    occd.signal(signal.SIGHUP)
    wait_for(lambda: str(path) in occd.log())
    assert status("second") == 200, "a broken file changes nothing"
