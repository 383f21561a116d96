"""The command line as ``python -m gatescope.cli``."""

import subprocess
import sys

import pytest


@pytest.mark.slow("starts the command in a process of its own", seconds=7)
def test_the_module_is_the_command() -> None:
    command = [sys.executable, "-m", "gatescope.cli", "trace", "good", "--model", "no-such-model"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "gatescope: there is no model 'no-such-model': 'gatescope models' lists them\n"


def test_it_calls_itself_gatescope() -> None:
    command = [sys.executable, "-m", "gatescope.cli", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert "Usage: gatescope [OPTIONS] COMMAND [ARGS]..." in done.stdout
