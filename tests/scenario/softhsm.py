"""softhsm.py: hardware tokens in software for the scenarios: SoftHSM, OpenSSL's pkcs11-provider, and a library that pulls the token."""
import glob
import os
import pathlib
import shutil
import subprocess

import pytest

from harness import PRESET, ROOT, environment

PIN = "4321"


def need(found, what):
    """Skips where a package is missing, or fails where it must not be."""
    if not found:
        assert "OCC_REQUIRE_TOKENS" not in os.environ, f"{what} is missing, and OCC_REQUIRE_TOKENS is set"
        pytest.skip(f"{what} is not installed")
    return found


def find_provider():
    """pkcs11.so: what scripts/test says, what it has fetched, or what is installed."""
    places = glob.glob(str(ROOT / "build/pkcs11/usr/lib/*/ossl-modules/pkcs11.so")) + glob.glob("/usr/lib/*/ossl-modules/pkcs11.so")
    return need(os.environ.get("OCC_TEST_PKCS11_PROVIDER") or next(iter(places), None), "pkcs11-provider")


class SoftHsm:
    """A folder of tokens; the first one is "occ", PIN 4321. Its library is the shim of tests/support/token_shim.c."""

    def __init__(self, folder):
        if PRESET not in ("release", "clang"):
            pytest.skip("the provider opens a token's library in a way that the sanitizers refuse (RTLD_DEEPBIND)")
        self.folder = pathlib.Path(folder)
        self.provider = find_provider()
        tool = os.environ.get("OCC_TEST_SOFTHSM_UTIL") or need(shutil.which("softhsm2-util"), "softhsm2")
        self.softhsm = os.environ.get("OCC_TEST_SOFTHSM") or "/usr/lib/softhsm/libsofthsm2.so"
        need(pathlib.Path(self.softhsm).exists(), self.softhsm)
        self.tool = [tool, "--module", self.softhsm]
        self.settings, self.tokens = self.folder / "softhsm2.conf", self.folder / "tokens"
        self.tokens.mkdir()
        self.settings.write_text(f"directories.tokendir = {self.tokens}\nlog.level = ERROR\n")
        self.env = {"SOFTHSM2_CONF": str(self.settings), "OPENSSL_MODULES": str(pathlib.Path(self.provider).parent)}
        self.init()
        self.module = self.folder / "token_shim.so"
        subprocess.run(["gcc", "-shared", "-fPIC", "-O1", f'-DOCC_SOFTHSM="{self.softhsm}"', "-o", self.module,
                        ROOT / "tests/support/token_shim.c", "-ldl"], check=True)

    def init(self, label="occ", pin=PIN):
        subprocess.run([*self.tool, "--init-token", "--free", "--label", label, "--so-pin", "87654321", "--pin", pin],
                       env=environment(self.env), check=True, stdout=subprocess.DEVNULL)

    def import_key(self, pem, label, number, token="occ"):
        """A private key in PKCS #8."""
        subprocess.run([*self.tool, "--import", pem, "--token", token, "--label", label, "--id", number, "--pin", PIN],
                       env=environment(self.env), check=True, stdout=subprocess.DEVNULL)

    def _mark(self, suffix, there):
        path = pathlib.Path(f"{self.settings}{suffix}")
        if there:
            path.touch()
        else:
            path.unlink(missing_ok=True)

    def pull(self):
        self._mark(".away", True)

    def put_back(self):
        self._mark(".away", False)

    def sign_wrongly(self):
        self._mark(".wrong", True)

    def logins(self):
        """How often a PIN was tried."""
        path = pathlib.Path(f"{self.settings}.logins")
        return len(path.read_bytes()) if path.exists() else 0
