"""The TypeScript example of the API reference, in the two majors of Node that users have."""
import json
import pathlib
import subprocess

import pytest

from harness import environment, node, verify_offline

EXAMPLE = pathlib.Path(__file__).with_name("example.mjs")


@pytest.mark.parametrize("major, flags", [(18, ["--experimental-global-webcrypto"]), (20, [])])
def test_example(occd, folder, major, flags):
    version = subprocess.run([node(major), "--version"], check=True, stdout=subprocess.PIPE, text=True).stdout
    assert version.startswith(f"v{major}.")
    result = subprocess.run(
        [node(major), *flags, EXAMPLE, occd.url], env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert result.returncode == 0, result.stderr
    proofs = json.loads(result.stdout)
    assert proofs[0]["artifact"]["digestB64"] == "jYl9NHJP0VcRVh6OMEIU5VAGva6cu5kdrnPrlNr/RnU="
    assert proofs[0]["version"] == "occ/1"
    verify_offline(proofs, folder)
