"""Two programs never work on the same data."""
import pytest

from harness import BIN, Program, digest_of

pytestmark = pytest.mark.sanitized


def test_second_occd_on_the_same_data(occd, folder):
    second = Program([BIN / "occd", "--listen", "127.0.0.1:0", "--data", folder / "data"])
    assert second.wait() != 0
    assert str(folder / "data") in second.log() and str(occd.pid) in second.log()
    assert occd.commit(digest_of(1))


def test_after_kill_the_lock_is_free(start, folder):
    first = start()
    first.kill()
    assert start().commit(digest_of(1))


def test_port_taken(occd, folder):
    second = Program([BIN / "occd", "--listen", occd.address, "--data", folder / "other"])
    assert second.wait() != 0
    assert occd.address in second.log()


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.1:99999", ":8080x", "nowhere", "unix:", "unix:/nonexistent/x.sock", "1.2.3.4:80:90"])
def test_bad_listen_address(folder, address):
    program = Program([BIN / "occd", "--listen", address, "--data", folder / "data"])
    assert program.wait() != 0
    assert program.log().strip()


def test_data_folder_that_cannot_be(folder):
    (folder / "file").write_text("x")
    program = Program([BIN / "occd", "--listen", "127.0.0.1:0", "--data", folder / "file"])
    assert program.wait() != 0
    assert str(folder / "file") in program.log()


def test_data_folder_is_private(occd, folder):
    assert (folder / "data").stat().st_mode & 0o777 == 0o700
