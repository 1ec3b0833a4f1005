"""Number text and number reading against Node's, under locales with another decimal point too (PROTOCOL: ECMAScript)."""
import pathlib
import subprocess

import pytest

from harness import ROOT, environment, node

TOOL = ROOT / "build" / "clang" / "tests" / "number_tool"


@pytest.mark.parametrize("major, locale", [(20, "C"), (20, "de_DE.UTF-8"), (18, "de_DE.UTF-8")])
def test_numbers(major, locale):
    if not TOOL.exists():
        pytest.skip("the clang preset is not built")
    script = pathlib.Path(__file__).with_name("numbers.mjs")
    result = subprocess.run([node(major), script, TOOL, "--count", "1000000", "--locale", locale],
                            env=environment({"LOCPATH": str(ROOT / "build" / "locale")}), capture_output=True, timeout=300)
    print(result.stdout.decode())
    assert result.returncode == 0, (result.stdout + result.stderr).decode()[-4000:]
