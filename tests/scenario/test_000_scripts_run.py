"""scripts/run, as a new user starts it."""
import json
import os
import shutil
import signal
import socket
import subprocess
import time

import pytest

from harness import PRESET, ROOT, environment, occ, wait_for

pytestmark = pytest.mark.skipif(PRESET != "release", reason="scripts/run has a build of its own: release")


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def run(*words, cwd=ROOT, **variables):
    return subprocess.run([ROOT / "scripts" / "run", *map(str, words)], cwd=cwd, env=environment() | variables, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=600)


def test_with_a_search_path_for_cd():
    """CDPATH makes cd print where it went, into what a script takes for its folder."""
    result = subprocess.run(["scripts/run", "--help"], cwd=ROOT, env=environment() | {"CDPATH": f".:{ROOT.parent}"}, capture_output=True,
                            text=True, check=False)
    assert result.returncode == 0 and result.stdout.startswith("Usage: scripts/run"), result.stderr


APT = """#!/bin/sh
case "$*" in
indextargets*) echo 'http://mirror.invalid/ bookworm main' ;;
update*) touch "$MIRROR/listed" ;;
download*) echo "$3" >>"$MIRROR/asked"; [ -f "$MIRROR/listed" ] && touch package.deb ;;
esac
"""


def test_fetch_reads_a_list_of_long_ago_again(folder):
    """A mirror keeps no old versions. apt-get is one of the test's, and so is the project's folder."""
    (folder / "bin").mkdir()
    for name, text in (("apt-get", APT), ("dpkg-deb", "#!/bin/sh\n")):
        (folder / "bin" / name).write_text(text)
        (folder / "bin" / name).chmod(0o755)
    (folder / "scripts").mkdir()
    for name in ("fetch", "lib.sh"):
        shutil.copy(ROOT / "scripts" / name, folder / "scripts")
    lists = folder / "build" / "apt" / "bookworm-backports"
    lists.mkdir(parents=True)
    (lists / "stamp").touch()  # read once, long ago
    command = [folder / "scripts" / "fetch", "binary", "bookworm-backports", "a folder", "some-package"]
    variables = environment() | {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "MIRROR": str(folder)}
    result = subprocess.run(command, env=variables, cwd=folder, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert (folder / "listed").exists() and (folder / "a folder" / ".some-package.bookworm-backports.binary").exists()
    # Another version is another package: what is there already is not taken for it.
    for version in ("1.0", "1.1~bpo12+1", "1.1~bpo12+1"):
        subprocess.run([*command[:-1], f"some-package={version}"], env=variables, cwd=folder, capture_output=True, check=True)
    asked = folder / "asked"
    again = "some-package/bookworm-backports"
    assert asked.read_text().split() == [again, again, "some-package=1.0", "some-package=1.1~bpo12+1"]
    asked.unlink()
    # Of what is nowhere the list is read once, not for ever.
    (folder / "bin" / "apt-get").write_text("#!/bin/sh\necho $1 >>$MIRROR/asked\n[ $1 = update ]\n")
    result = subprocess.run([*command[:-1], "nothing"], env=variables, cwd=folder, capture_output=True, text=True, check=False)
    assert result.returncode == 3 and "fetching the binary package nothing failed" in result.stderr
    assert asked.read_text().split() == ["download", "update", "download"]


def test_once(folder):
    port = free_port()
    result = run("--once", "--port", port, "--data", folder / "data")
    assert result.returncode == 0, result.stdout + result.stderr
    proof = folder / "data" / "README.md.proof.json"
    for text in (json.loads(proof.read_text())["signer"]["signatureB64"], "valid", str(port)):
        assert text in result.stdout
    assert occ("verify", proof, ROOT / "README.md").returncode == 0
    assert not (ROOT / "README.md.proof.json").exists(), "the clone stays clean"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    binary = ROOT / "build" / "release" / "bin" / "occd"
    built = binary.stat().st_mtime_ns
    begin = time.monotonic()
    assert run("--once", "--port", port, "--data", folder / "data").returncode == 0, "a second time, on the same data"
    assert time.monotonic() - begin < 30 and binary.stat().st_mtime_ns == built, "nothing is rebuilt"


def test_port_taken(folder):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = run("--once", "--port", port, "--data", folder / "data")
    assert result.returncode == 3 and str(port) in result.stderr and "--port" in result.stderr


def test_data_that_cannot_be(folder):
    (folder / "file").write_text("")
    result = run("--once", "--port", free_port(), "--data", folder / "file")
    assert result.returncode == 3 and str(folder / "file") in result.stderr


def test_data_in_use(folder, start):
    """The log of the one that runs is left as it is, and what is shown is about the other."""
    start(data=folder / "data")
    log = folder / "data" / "occd.log"
    log.write_text("a line of before\n")
    result = run("--once", "--port", free_port(), "--data", folder / "data")
    assert result.returncode == 3 and "in use" in result.stderr and "a line of before" not in result.stderr
    assert log.read_text().startswith("a line of before\n")


def test_behind_a_proxy(folder):
    result = run("--once", "--port", free_port(), "--data", folder / "data", http_proxy="http://127.0.0.1:1")
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("words", [["--port"], ["--port", "0"], ["--port", "65536"], ["--port", "x"], ["--data"], ["--data", ""], ["--onec"], ["x"]])
def test_wrong_use(words):
    result = run(*words)
    assert result.returncode == 2 and result.stderr.strip() and result.stdout == ""


def test_help():
    result = run("--help")
    assert result.returncode == 0
    for flag in ("--port", "--data", "--once"):
        assert flag in result.stdout


@pytest.mark.parametrize("number, status", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_it_stays_until_it_is_stopped(folder, number, status):
    port = free_port()
    out = folder / "out"
    with open(out, "wb") as stream:
        # As from a terminal: what runs the tests may itself have been started with SIGINT ignored, which children inherit.
        process = subprocess.Popen([ROOT / "scripts" / "run", "--port", str(port), "--data", "data"], cwd=folder, env=environment(),
                                   stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT, start_new_session=True,
                                   preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    try:
        wait_for(lambda: "How to go on" in out.read_text() or process.poll() is not None)
        text = out.read_text()
        assert process.poll() is None, text
        for part in (f"http://127.0.0.1:{port}", "curl", "Ctrl-C", str(folder / "data"), "occ commit"):
            assert part in text, text
        curl = text.split("with curl:\n")[1].split("\n\n")[0]
        answer = subprocess.run(["bash", "-c", curl], cwd=ROOT, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert json.loads(answer.stdout)[0]["commit"]["counter"] == "2", "the line that it shows works as it stands"
        os.killpg(process.pid, number)
        assert process.wait(20) == status
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
