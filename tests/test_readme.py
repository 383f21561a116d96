"""Every command in the README does what the README says."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from gatescope import load_model
from gatescope.cli import app
from gatescope.settings import Settings
from typer.testing import CliRunner

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, re.DOTALL)
COMMANDS = [block.strip() for language, block in BLOCKS if language == "sh"]
INLINE = sorted(set(re.findall(r"`((?:gatescope|pip|make) [^`]+)`", README)))


def answer_after(start: str) -> str:
    """The block that follows the block beginning with ``start``."""
    at = next(at for at, (_, block) in enumerate(BLOCKS) if block.startswith(start))
    return BLOCKS[at + 1][1]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """What `make run` prints as its address, in a process group of its own, on a free port."""
    environment = {**os.environ, "GATESCOPE_PORT": "0", "VENV": sys.prefix}
    with subprocess.Popen(
        ["make", "run"], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout
        try:
            lines = (re.match(r"Gatescope is at (http://[\d.:]+)/", line) for line in process.stdout)
            found = next(filter(None, lines), None)
            assert found, "make run printed no address"
            yield found.group(1)
        finally:
            os.killpg(process.pid, signal.SIGINT)


def curl(command: str, address: str) -> None:
    arguments = [argument.replace("http://127.0.0.1:8000", address) for argument in shlex.split(command)]
    done = subprocess.run(arguments, capture_output=True, check=True)
    shown, real = json.loads(answer_after("curl")), json.loads(done.stdout)
    assert flat(real) == pytest.approx(flat(shown), abs=1e-5)


def flat(value: Any, path: str = "") -> dict[str, Any]:
    """The leaves of a JSON value by their paths."""
    if isinstance(value, dict | list):
        parts = value.items() if isinstance(value, dict) else enumerate(value)
        return {leaf: each for key, part in parts for leaf, each in flat(part, f"{path}.{key}").items()}
    return {path: value}


def make_test(_command: str, _address: str) -> None:
    """The suite cannot run itself; what `make test` would do is to run it."""
    plan = subprocess.run(["make", "--dry-run", "test"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "-m pytest --cov" in plan.stdout


def parsed(command: str, _address: str) -> None:
    """The options exist; training itself has its own tests and takes minutes."""
    program = typer.main.get_command(app)
    name, *arguments = shlex.split(command)
    assert name == "gatescope"
    while arguments and hasattr(program, "commands"):
        program = program.commands[arguments.pop(0)]
    program.make_context(command, arguments)


RUN: dict[str, Callable[[str, str], None]] = {
    "make run": lambda _command, address: None,  # the fixture has run it
    "make test": make_test,
    "curl": curl,
    "gatescope train": parsed,
}


@pytest.mark.parametrize("command", COMMANDS)
def test_command(command: str, address: str) -> None:
    [run] = [run for start, run in RUN.items() if command.startswith(start)]
    run(command, address)


@pytest.mark.parametrize("program", [block for language, block in BLOCKS if language == "python"])
def test_python_prints_what_stands_below_it(program: str) -> None:
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == answer_after(program)


# These have tests of their own: test_packaging.py installs the wheel, cli/test_serve.py serves from any directory,
# test_benchmarks.py measures tiny cases.
ELSEWHERE = {"pip install . -c constraints.txt", "gatescope serve", "make bench"}


@pytest.mark.parametrize("command", [command for command in INLINE if command not in ELSEWHERE])
def test_inline_command(command: str) -> None:
    name, *arguments = shlex.split(command)
    assert name == "gatescope"
    assert CliRunner().invoke(app, arguments).exit_code == 0


def test_files_that_are_linked_exist() -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in link]
    assert len(links) > 5
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.parametrize(("cell", "name"), [("lstm", "LSTM"), ("gru", "GRU"), ("rnn", "plain RNN")])
def test_figures_are_those_of_the_models(cell: str, name: str) -> None:
    model = load_model(ROOT / "models" / f"sentiment-{cell}")
    measured = {metric.name: metric for metric in model.config.metrics}
    figures = [measured[each] for each in ("film reviews", "tweets", "UCI sentences")]

    def verdicts(*texts: str) -> str:
        return " → ".join(f"{model.trace(text).outputs[-1, 0]:.2f}" for text in texts)

    row = [
        name,
        *(f"{100 * figure.value:.1f} ± {100 * figure.standard_error:.1f}" for figure in figures),
        verdicts("the movie was good", "the movie was not good"),
        verdicts("bad", "not bad"),
    ]
    assert f"| {' | '.join(row)} |" in README


def test_caption_of_the_picture_says_what_the_model_does() -> None:
    model = load_model(ROOT / "models" / "sentiment-lstm")
    trace = model.trace("the movie was not good")
    assert model.statistics
    usual = next(each for each in model.statistics.activations if each.activation == "i")
    opening = trace.layer()["i"].mean(axis=1)
    caption = re.search(
        r"to ([\d.]+) on average after ([\d.]+) at.*?\(([\d.]+) over.*?verdict of ([\d.]+)", README, re.DOTALL
    )
    assert caption
    assert [float(figure) for figure in caption.groups()] == pytest.approx(
        [opening[3], opening[2], sum(usual.mean) / len(usual.mean), trace.outputs[-1, 0]], abs=0.0051
    )


def test_every_setting_is_documented() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| (.+?) \|$", (ROOT / "docs" / "settings.md").read_text(), re.MULTILINE)
    documented = {name: (default.strip("`"), said) for name, default, said in rows}
    expected = {
        f"GATESCOPE_{name.upper()}": (
            "the shipped models" if name == "models" else str(field.default),
            field.description,
        )
        for name, field in Settings.model_fields.items()
    }
    assert documented == expected
