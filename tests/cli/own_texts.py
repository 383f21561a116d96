"""A small table of texts with labels, and the command that learns it in a second."""

import sys
from pathlib import Path

from gatescope.cli import app
from typer.testing import CliRunner, Result

# As ``gatescope``, but with a checkpoint after every batch: no test waits for one.
EAGER = "import gatescope.cli.train_lesson as t; t.EVERY = 0; from gatescope.cli import app; app()"


def table(path: Path, rows: int = 120) -> Path:
    """Write a table of two labels that a network learns from one word."""
    words = [("good", "great", "fine"), ("bad", "awful", "dull")]
    lines = [f"{at},number {at} was {words[at % 2][at % 3]},{'np'[at % 2]}" for at in range(rows)]
    path.write_text("\n".join(["id,review,class", *lines]) + "\n")
    return path


def arguments(table: Path, *options: str | Path) -> list[str]:
    """The command that learns ``table``, keeping its checkpoints beside it."""
    own = ["--file", table, "--text", "review", "--label", "class", "--data", table.parent / "cache", "--hidden", "4"]
    return list(map(str, ["train", "labelled", *own, *options]))


def run(table: Path, *options: str | Path) -> Result:
    """That command, in this process."""
    return CliRunner().invoke(app, arguments(table, *options))


def eagerly(table: Path, *options: str | Path) -> list[str]:
    """That command, for a process of its own."""
    return [sys.executable, "-X", "faulthandler", "-c", EAGER, *arguments(table, *options)]


def checkpoints(table: Path) -> list[Path]:
    """The checkpoints that stand beside ``table``, complete ones alone."""
    return sorted((table.parent / "cache" / "checkpoints").glob("*.checkpoint"))


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a model."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}
