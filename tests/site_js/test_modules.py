"""The site's JavaScript modules, tested by Node's own test runner."""

import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent


@pytest.mark.parametrize("file", sorted(HERE.glob("*.test.mjs")), ids=lambda file: str(file.name))
def test_module(file: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node.js is needed: apt install nodejs")
    done = subprocess.run([node, "--test", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
