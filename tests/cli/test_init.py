"""The command line as a whole: which commands there are, and what none of them starts with."""

import os
import subprocess
import sys

import pytest
from gatescope.cli import app
from typer.main import get_command
from typer.testing import CliRunner


def test_every_command_is_there() -> None:
    commands = {
        "serve",
        "trace",
        "show",
        "models",
        "import",
        "train",
        "evaluate",
        "units",
        "shares",
        "pushes",
        "doctor",
    }
    assert set(get_command(app).commands) == commands  # type: ignore[attr-defined]


def test_without_a_command_it_explains_itself() -> None:
    done = CliRunner().invoke(app, [], env={"COLUMNS": "200"})
    assert "Usage: " in done.output
    assert "See what an LSTM, a GRU or a plain RNN keeps, forgets and lets out, word by word." in done.output


@pytest.mark.parametrize("command", [["serve", "--port", "0"], ["models"], ["trace", "good"], ["train", "flag"]])
@pytest.mark.slow("starts the command in a process of its own", seconds=4)
def test_no_command_starts_with_a_variable_that_sets_nothing(command: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gatescope.cli", *command],
        env=os.environ | {"GATESCOPE_MODLES": "mine"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    message = "gatescope: there is no setting GATESCOPE_MODLES: did you mean GATESCOPE_MODELS?\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", message)


@pytest.mark.slow("starts the command in a process of its own", seconds=4)
def test_commands_start_next_to_what_kubernetes_injects() -> None:
    injected = {
        "GATESCOPE_PORT": "tcp://10.0.0.11:8000",
        "GATESCOPE_PORT_8000_TCP": "tcp://10.0.0.11:8000",
        "GATESCOPE_SERVICE_HOST": "10.0.0.11",
    }
    command = [sys.executable, "-m", "gatescope.cli", "models"]
    subprocess.run(command, env=os.environ | injected, capture_output=True, timeout=60, check=True)
