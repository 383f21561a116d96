"""What the commands that measure a model on held-out text share: how one is named, and its lesson's data."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .common import give_up, read_model, read_settings

if TYPE_CHECKING:
    from ..store.models import Model
    from ..training.task import Lesson

NAMED = 5  # outputs that a message lists, at most

ModelName = Annotated[str, typer.Argument(help="Name of an installed model, or path of a folder: ./mine.")]
Data = Annotated[Path | None, typer.Option(help="Folder that keeps the downloaded data; default: the user's cache.")]
File = Annotated[Path | None, typer.Option(help="The file that it was trained on, where it was one.")]
Text = Annotated[str | None, typer.Option(help="Name of the column of texts in that file.")]
Label = Annotated[str | None, typer.Option(help="Name of the column of labels in that file.")]


def model_and_lesson(
    name: str, data: Path | None, file: Path | None, text: str | None, label: str | None
) -> tuple["Model", "Lesson"]:
    """The model of that name, and the lesson that it was trained on.

    Gives up if either cannot be had, or if the data are not those that the model knows: its vocabulary and the names of
    its outputs tell.
    """
    from platformdirs import user_cache_path

    from ..training.sources.download import DataError
    from ..training.tasks import load

    model = read_model(name, read_settings())
    cache = data or user_cache_path("gatescope", appauthor=False)
    try:
        lesson = load(
            model.config.task,
            cache,
            lambda note: typer.echo(f"note: {note}", err=True),
            file=file,
            text=text,
            label=label,
        )
    except DataError as error:
        give_up(f"{name}: {error}")
    if lesson.tokenizer.vocabulary != model.tokenizer.vocabulary:
        give_up(
            f"{name}: the vocabulary of its data here is not its own ({len(lesson.tokenizer.vocabulary)} tokens and "
            f"{len(model.tokenizer.vocabulary)}): it was trained on other data, whose SHA-256 its "
            "README.md names, or by a version that read some characters otherwise: train it again"
        )
    own, here = model.config.outputs, lesson.about["outputs"]
    if own != here:
        give_up(
            f"{name}: its outputs are not those of its data here ({_listed(own)}; {_listed(here)}): it was trained to "
            "say something else"
        )
    return model, lesson


def _listed(names: Sequence[str]) -> str:
    """The first few of some names, and how many there are."""
    return ", ".join(names[:NAMED]) + (f" … {len(names)} in all" if len(names) > NAMED else "")
