"""What the commands that measure a model on held-out text share: how the model is named, and its task's data."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .common import give_up, read_model, read_settings

if TYPE_CHECKING:
    from ..store.model import Model
    from ..training.task import Task

NAMED = 5  # most outputs that a message lists

ModelName = Annotated[str, typer.Argument(help="Name of an installed model, or path of a folder: ./mine.")]
Data = Annotated[Path | None, typer.Option(help="Folder that keeps the downloaded data; default: the user's cache.")]
File = Annotated[Path | None, typer.Option(help="The file that it was trained on, if it was one.")]
TextColumn = Annotated[str | None, typer.Option(help="Name of the column of texts in that file.")]
LabelColumn = Annotated[str | None, typer.Option(help="Name of the column of labels in that file.")]


def model_and_task(
    name: str, data: Path | None, file: Path | None, text: str | None, label: str | None
) -> tuple["Model", "Task"]:
    """Return the model of that name, and the task that it was trained for.

    Gives up if either cannot be loaded, or if the data are not those that the model was trained on, by its vocabulary
    and the names of its outputs.
    """
    from ..training.run import default_cache
    from ..training.sources.download import DataError
    from ..training.tasks import TASKS, load

    model = read_model(name, read_settings())
    entry = TASKS.get(model.config.task.partition(" ")[0])
    try:
        task = load(
            model.config.task,
            data or default_cache(),
            lambda note: typer.echo(f"note: {note}", err=True),
            file=file,
            text=text,
            label=label,
            tokens=model.config.tokenizer if entry and "tokens" in entry.optional else None,
        )
    except DataError as error:
        give_up(f"{name}: {error}")
    vocabulary = model.tokenizer.vocabulary if model.tokenizer else ()
    if task.tokenizer.vocabulary != vocabulary:
        give_up(
            f"{name}: the vocabulary of its data here is not its own ({len(task.tokenizer.vocabulary)} tokens and "
            f"{len(vocabulary)}): it was trained on other data, whose SHA-256 its "
            "README.md names, or by a version that read or split texts differently: train it again"
        )
    own, here = model.config.outputs, task.about["outputs"]
    if own != here:
        give_up(
            f"{name}: its outputs are not those of its data here ({_listed(own)}; {_listed(here)}): it was trained to "
            "say something else"
        )
    return model, task


def save_measured(model: "Model", fields: Mapping[str, Any], rewrite: Callable[[str], str]) -> None:
    """Write ``fields`` to the config.json of ``model``, and what ``rewrite`` makes of its card, if it has one.

    Gives up if its folder cannot be written to.
    """
    from ..store.files import CARD, BrokenModelError, exists, read
    from ..store.saving import replace_file, write_config

    try:
        if exists(model.folder, CARD):
            # What is not UTF-8 in it stays as it is.
            text = rewrite(read(model.folder, CARD).decode(errors="surrogateescape"))
            replace_file(model.folder / CARD, text.encode(errors="surrogateescape"))
        write_config(model.folder, fields)
    except BrokenModelError as error:
        give_up(f"{model.folder}: {error}")
    except OSError as error:
        give_up(f"{model.folder} cannot be written to: {error.strerror}")


def _listed(names: Sequence[str]) -> str:
    """Return the first few of some names, and how many there are."""
    return ", ".join(names[:NAMED]) + (f" … {len(names)} in all" if len(names) > NAMED else "")
