"""The command line as a whole: which commands there are."""

from gatescope.cli import app
from typer.main import get_command
from typer.testing import CliRunner


def test_every_command_is_there() -> None:
    commands = {"serve", "trace", "models", "train", "evaluate", "units", "shares", "pushes"}
    assert set(get_command(app).commands) == commands  # type: ignore[attr-defined]


def test_without_a_command_it_explains_itself() -> None:
    done = CliRunner().invoke(app, [], env={"COLUMNS": "200"})
    assert "Usage: " in done.output
    assert "See what an LSTM, a GRU or a plain RNN keeps, forgets and lets out, word by word." in done.output
