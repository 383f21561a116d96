"""The models of a folder."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from .files import BrokenModelError, model_folders
from .loading import load_model
from .model import Model


class Store:
    """The models of a folder, by the names of their own folders, and the reasons why the broken ones cannot be used."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.models: dict[str, Model] = {}
        self.broken: dict[str, str] = {}
        for each in model_folders(folder):
            try:
                self.models[each.name] = load_model(each)
            except BrokenModelError as error:
                self.broken[each.name] = str(error)

    def __iter__(self) -> Iterator[Model]:
        return iter(self.models.values())

    def task(self, task: str) -> Sequence[Model]:
        """Return the models of one task, whose cells differ and which take the same texts."""
        return [model for model in self if model.config.task == task]
