"""gatescope train: train a model with this project's own recipe, measure it, and write it with its card."""

import tempfile
from pathlib import Path
from typing import Annotated, Literal

import typer

from .common import give_up

app = typer.Typer(name="train", help="Train a model, measure it on held-out data and write it with its card.")


@app.callback()
def train() -> None:
    """Train a model, measure it on held-out data and write it with its card."""


@app.command()
def sentiment(
    cell: Annotated[Literal["lstm", "gru", "rnn"], typer.Option(help="Cell of the network.")],
    seeds: Annotated[
        str, typer.Option("--seeds", "--seed", help="Seeds to train, such as 0,1,2; the best on validation is kept.")
    ] = "0",
    out: Annotated[Path | None, typer.Option(help="Folder to write; default: sentiment-CELL in this one.")] = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder that keeps the downloaded data; default: the user's cache.")
    ] = None,
) -> None:
    """Learn whether the sentence so far is positive, word by word: about a minute a seed on one core."""
    numbers, folder = _seeds(seeds), _writable((out or Path(f"sentiment-{cell}")).resolve())

    from platformdirs import user_cache_path
    from rich.console import Console

    from ..training.download import DataError
    from .train_sentiment import make

    console = Console()
    try:
        make(cell, numbers, folder, data or user_cache_path("gatescope", appauthor=False), console)
    except (DataError, OSError, ValueError) as error:
        give_up(str(error))


def _seeds(text: str) -> list[int]:
    """The distinct seeds of a list with commas."""
    try:
        seeds = [int(each) for each in text.split(",")]
    except ValueError:
        give_up(f"--seeds {text!r}: whole numbers with commas between them, such as 0,1,2", code=2)
    if min(seeds) < 0 or max(seeds) >= 2**63 or len(set(seeds)) < len(seeds):
        give_up(f"--seeds {text!r}: each seed once, from 0 to 2^63 - 1", code=2)
    return seeds


def _writable(folder: Path) -> Path:
    """``folder``, if a model can be written there and nothing but a model would be replaced."""
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir()) and not (folder / "config.json").is_file()):
        give_up(f"{folder} is no model, and would be replaced: name another --out", code=2)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".gatescope-", dir=folder.parent):
            return folder
    except OSError as error:
        give_up(f"{folder.parent} cannot be written to: {error.strerror}", code=2)
