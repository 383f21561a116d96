"""gatescope train: train a model with this project's own recipe or on one's own text, measure it, write its card."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from .common import give_up, read_settings
from .options import Options, with_options

INTERRUPTED = 130  # exit status after Ctrl-C, as shells give it

LESSONS = {  # with no option of their own
    "sentiment": "Learn whether the sentence so far is positive, word by word: about a minute a seed on one core.",
    "code": "Learn the Python standard library's own source, character by character: minutes a seed on one core.",
    "anbn": "Learn to count: as many b's as there were a's.",
    "anbncn": "Learn to count twice: as many b's and then c's as there were a's.",
    "brackets": "Learn whether the brackets so far are balanced.",
    "agreement": "Learn the next word of sentences whose verb agrees with a noun far before it.",
    "flag": "Learn to remember one symbol over a long stretch of noise.",
}

app = typer.Typer(name="train", help="Train a model, measure it on held-out data and write it with its card.")


@app.callback()
def train() -> None:
    """Train a model, measure it on held-out data and write it with its card.

    A run that was stopped goes on by the same command. The same seed gives the same bytes on the same machine.
    """


@app.command()
@with_options
def prose(
    options: Options,
    file: Annotated[Path | None, typer.Option(help="The text; default: Debian's package of Jane Austen's.")] = None,
) -> None:
    """Learn Jane Austen's novels, character by character: minutes a seed on one core."""
    _make(options, "prose", Path(f"prose-{options.cell}"), file=file)


@app.command()
@with_options
def text(
    options: Options,
    file: Annotated[Path, typer.Option(help="The text, in UTF-8: fifty thousand characters or more.")],
) -> None:
    """Learn a text of your own, character by character. The model is written to the folder of models: it serves."""
    _make(options, "text", _served(options, file), file=file)


@app.command()
@with_options
def labelled(
    options: Options,
    file: Annotated[Path, typer.Option(help="A table of CSV or TSV in UTF-8; its first line names the columns.")],
    text: Annotated[str, typer.Option(help="Name of the column of texts.")],
    label: Annotated[str, typer.Option(help="Name of the column of labels.")],
) -> None:
    """Learn to tell texts of your own apart, word by word. The model is written to the folder of models: it serves."""
    _make(options, "labelled", _served(options, file), file=file, text=text, label=label)


def _add(name: str, summary: str) -> None:
    """Add the command of a lesson that has no option of its own."""

    def lesson(options: Options) -> None:
        _make(options, name, Path(f"{name}-{options.cell}"))

    app.command(name, help=summary)(with_options(lesson))


for _name, _summary in LESSONS.items():
    _add(_name, _summary)


def _make(options: Options, name: str, default: Path, **own: Path | str | None) -> None:
    """Load the lesson, train, and write the model; gives up in one line for whatever stands in the way."""
    folder, cache = _writable((options.out or default).resolve()), _cache(options.data)

    from rich.console import Console
    from rich.markup import escape

    from ..training.checkpoint import CheckpointError
    from ..training.sources.download import DataError
    from ..training.tasks import load
    from .train_lesson import RefusedError, StoppedError, make

    console = Console()

    def warn(text: str) -> None:
        console.print(f"[yellow]note:[/yellow] {escape(text)}")

    try:
        make(load(name, cache, warn, **own), options, folder, cache, options.command(name, **own), console)
    except StoppedError as stopped:
        give_up(str(stopped), INTERRUPTED)
    except (CheckpointError, DataError, RefusedError, ValueError) as error:
        give_up(str(error))
    except OSError as error:
        place = error.filename or folder
        give_up(f"{place} cannot be written: {error.strerror or error}; once it can, the same command goes on")


def _served(options: Options, file: Path) -> Path:
    """Where a model of one's own goes, unless --out says: where the application finds it."""
    return read_settings().models / f"{file.stem}-{options.cell}"


def _cache(data: Path | None) -> Path:
    """The folder that keeps data and checkpoints."""
    from platformdirs import user_cache_path

    return data or user_cache_path("gatescope", appauthor=False)


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
